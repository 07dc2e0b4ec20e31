#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Replicas behind one port, and replacing containers without a gap.
. "$(dirname "$0")/lib.sh"
image busybox

get() { wget -q -T 5 -O - http://127.0.0.1:8080/; }

# Ask until the file "enough" is there; how often it failed is in "failed", the answers in "answers".
load() {
	: >failed
	: >answers
	until [ -e enough ]; do
		get >>answers 2>/dev/null || echo failed >>failed
	done
}

answers_have() { grep -q "$1" answers; }

containers() { ps_json | jq -r '[.[] | select(.state == "running") | .name] | sort | join(" ")'; }

project roll <<'YML'
services:
  web:
    image: example/busybox:1.35
    command: ["sh", "-c", "mkdir /w; echo v1 $$(hostname) > /w/index.html; httpd -f -p 80 -h /w & trap 'exit 0' TERM; wait"]
    ports: ["8080:80"]
    stop_grace_period: 5s
    healthcheck: {test: ["CMD", "wget", "-q", "-O", "-", "http://127.0.0.1/"], interval: 1s, retries: 2}
    x-stack: {update: rolling}
YML
ok stack up -d --wait

it "scale: three behind one port, balanced in the kernel"
ok stack scale web=3 --wait
assert_eq "running" "roll-web-1 roll-web-2 roll-web-3" "$(containers)"
for _ in $(seq 60); do get; done | sort | uniq -c >shares
assert_eq "all of them answer" 3 "$(wc -l <shares)"
assert_match "at random" 'mode random --probability 0.333|numgen random mod 3 0 ' "$(our_rules)"
assert_match "from inside, all addresses of the name" '3' "$(inside web nslookup web | grep -c '^Address: .*10\.')"
fails 2 stack scale web=x
assert_match "says the form" 'SERVICE=NUMBER' "$err"
fails 1 stack scale wbe=2
assert_match "no such service" 'wbe' "$err"

it "one that is ill gets no traffic, and gets it again when it is well"
ok stack exec --index 2 web mv /w/index.html /w/away
is_out() { ! our_rules | grep -qE -- "(--to-destination|dnat to) $1:"; }
second=$(ps_json | jq -r '.[] | select(.name == "roll-web-2") | .addresses[0].address')
wait_for 10 "it is taken out" is_out "$second"
for _ in $(seq 30); do get; done | sort -u >shares
assert_no_match "it does not answer" 'web-2' "$(cat shares)"
ok stack exec --index 2 web mv /w/away /w/index.html
is_in() { ! is_out "$1"; }
wait_for 10 "it is back" is_in "$second"

it "scale down: no request fails, the rest go on"
rm -f enough
load &
loader=$!
wait_for 5 "there is load" answers_have v1
ok stack scale web=1
touch enough
wait $loader
assert_eq "failed requests" 0 "$(wc -l <failed)"
assert_eq "running" "roll-web-1" "$(containers)"

it "rolling: a change of command under load fails no request"
rm -f enough
sed -i 's/echo v1/echo v2/' stack.yml
fails 3 stack plan
assert_match "plan" 'replace container +roll-web-2 +rolling +connections kept +command changed' "$out"
load &
loader=$!
wait_for 5 "there is load" answers_have v1
ok stack up -d
wait_for 5 "the new one answers" answers_have v2
touch enough
wait $loader
assert_eq "failed requests" 0 "$(wc -l <failed)"
assert_eq "one container" "roll-web-2" "$(containers)"
assert_eq "old answers after new ones" 2 "$(awk '{ print $1 }' answers | uniq | wc -l)"
ok stack plan

it "a connection that is open ends on the old container, which waits for it"
sed -i 's/httpd -f -p 80 -h \/w \&/httpd -f -p 80 -h \/w \& nc -ll -p 7 -e cat \&/; s/"8080:80"/"8080:80", "7007:7"/' stack.yml
ok stack up -d
listens() { inside web grep -q ":0007 .* 0A " /proc/net/tcp /proc/net/tcp6; }
wait_for 5 "it listens" listens
exec 7<>/dev/tcp/127.0.0.1/7007
echo one >&7
read -rt 5 line <&7
sed -i 's/echo v2/echo v3/' stack.yml
stack up -d >up.out 2>up.err &
upper=$!
switched() { get | grep -q v3; }
wait_for 10 "new connections reach the new one" switched
echo two >&7
read -rt 5 line <&7
assert_eq "the old connection works" two "$line"
assert_match "draining" draining "$(ps_json | jq -r '.[].state')"
exec 7<&- 7>&-
wait $upper
assert_no_match "not killed" 'exit status 137' "$(cat up.err)"
assert_eq "one container" 1 "$(containers | wc -w)"

it "a new one that does not work: nothing is switched, the old one never noticed"
before=$(ps_field web '"\(.name) \(.pid)"')
sed -i 's/echo v3/exit 3; echo v4/' stack.yml
fails 1 stack up -d
assert_match "says why" 'exit status 3' "$err"
assert_eq "the same container" "$before" "$(ps_field web '"\(.name) \(.pid)"')"
assert_match "it answers" v3 "$(get)"
sed -i 's/exit 3; echo v4/echo v4/; s/http:..127.0.0.1.", *"*/http:\/\/127.0.0.1:99"/; s#http://127.0.0.1/"#http://127.0.0.1:99/"#; s/interval: 1s/interval: 200ms/' stack.yml
fails 1 stack up -d
assert_match "says why" 'unhealthy' "$err"
assert_match "the old one answers" v3 "$(get)"
assert_eq "one container" 1 "$(containers | wc -w)"
sed -i 's#http://127.0.0.1:99/"#http://127.0.0.1/"#' stack.yml

it "rollback: what was replaced already goes back"
sed -i 's/x-stack: {update: rolling}/x-stack: {update: rolling}\n    deploy: {replicas: 2, update_config: {failure_action: rollback, monitor: 100ms}}/' stack.yml
ok stack up -d --wait
assert_eq "two containers" 2 "$(containers | wc -w)"
sed -i 's/echo v4/[ -e \/shared\/first ] \&\& exit 4; touch \/shared\/first; echo v5/; s/x-stack: {update: rolling}/x-stack: {update: rolling}\n    volumes: ["shared:\/shared"]/' stack.yml
echo 'volumes: {shared: {}}' >>stack.yml
fails 1 stack up -d
assert_match "says so" 'rolled back' "$err"
assert_eq "two containers" 2 "$(containers | wc -w)"
for _ in $(seq 20); do get; done | awk '{ print $1 }' | sort -u >answers
assert_eq "all are as before" v4 "$(cat answers)"

it "kill -9 of the supervisor while it rolls: the next one finishes it"
sed -i 's/\[ -e .shared.first \] && exit 4; touch .shared.first; echo v5/echo v6/' stack.yml
stack up -d >up.out 2>up.err &
upper=$!
three() { [ "$(ps_json | jq length)" -ge 3 ]; }
wait_for 5 "it began" three
pid=$(supervisor_pid roll)
kill -KILL "$pid"
wait $upper || :
done_rolling() { [ "$(ps_json | jq -r '[.[].state] | join(" ")')" = "running running" ] && [ "$(for _ in $(seq 12); do get; done | awk '{ print $1 }' | sort -u)" = v6 ]; }
wait_for 20 "both are new" done_rolling
ok stack plan

it "stop-first, as update_config says without an order: one after the other"
sed -i 's/x-stack: {update: rolling}/x-stack: {}/; s/echo v6/echo v7/' stack.yml
fails 3 stack plan
assert_match "plan" 'replace container +roll-web-[0-9] +rolling +restart' "$out"
ok stack up -d
assert_eq "two containers" 2 "$(containers | wc -w)"
assert_match "new" v7 "$(get)"

it "without any of it: stop, replace, start, with the same address"
sed -i 's/    deploy: .*//; s/echo v7/echo v8/' stack.yml
ok stack up -d
sed -i 's/echo v8/echo v9/' stack.yml
address=$(address_of web)
fails 3 stack plan
assert_match "plan" 'create container +roll-web-[0-9] +recreate +restart +command changed' "$out"
ok stack up -d
assert_eq "address" "$address" "$(address_of web)"

it "what cannot be side by side is said where it stands"
sed -i 's/x-stack: {}/x-stack: {update: rolling}\n    container_name: fixed/' stack.yml
fails 2 stack up -d
assert_match "place and sentence" "stack.yml:[0-9]+:[0-9]+: services.web.x-stack.update: with 'container_name'" "$err"
ok stack -p roll down
no_leaks
