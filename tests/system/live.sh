#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What changes while a container runs: its process stays the same, and so do its connections.
. "$(dirname "$0")/lib.sh"
image busybox

process() { # SERVICE: pid and start time of its first container
	local pid
	pid=$(ps_field "$1" .pid)
	echo "$pid $(awk '{ print $22 }' "/proc/$pid/stat")"
}

memory_limit() {
	local dir
	dir=$(in_cgroups -type d -path "*/live/live-$1-1" | while read -r d; do
		[ ! -e "$d/memory.max" ] && [ ! -e "$d/memory.limit_in_bytes" ] || echo "$d"
	done | head -n 1)
	cat "$dir/memory.max" 2>/dev/null || cat "$dir/memory.limit_in_bytes"
}

served() { # PORT
	[ "$(wget -q -T 2 -O - "http://127.0.0.1:$1/")" = hello ]
}

project live <<'YML'
services:
  web:
    image: example/busybox:1.35
    command: ["sh", "-c", "mkdir /w; echo hello > /w/index.html; httpd -p 80 -h /w; nc -ll -p 7 -e cat & while :; do [ ! -e /flood ] || { seq 100000; rm /flood; }; sleep 0.1; done"]
    init: true
    stop_grace_period: 0s
    ulimits: {nofile: {soft: 500, hard: 1000}}
    ports: ["127.0.0.1:8081:80", "7007:7"]
  other: {image: "example/busybox:1.35", command: [sleep, "1000"], stop_grace_period: 0s}
YML
ok stack up -d
wait_for 5 "it is served" served 8081
before=$(process web)

it "an open connection through a port that stays lives through all that follows"
listens() { inside web grep -q ":0007 .* 0A " /proc/net/tcp /proc/net/tcp6; }
wait_for 5 "it listens" listens
exec 7<>/dev/tcp/127.0.0.1/7007
echo one >&7
read -rt 5 line <&7
assert_eq "echoed" one "$line"

it "limits"
sed -i 's/    init: true/    init: true\n    mem_limit: 64m\n    cpus: 0.5\n    pids_limit: 50/' stack.yml
fails 3 stack plan
assert_match "plan" 'update container +live-web-1 +live +no effect +mem_limit, cpus, pids_limit changed' "$out"
ok stack up -d
assert_eq "memory" 67108864 "$(memory_limit web)"
sed -i 's/mem_limit: 64m/mem_limit: 32m/' stack.yml
ok stack up -d
assert_eq "memory, smaller" 33554432 "$(memory_limit web)"

it "ulimits, of every process of it"
sed -i 's/soft: 500, hard: 1000/soft: 300, hard: 600/' stack.yml
ok stack up -d
for pid in $(cat "$(in_cgroups -path '*/live/live-web-1/cgroup.procs' | head -n 1)"); do
	limits=$(grep 'Max open files' "/proc/$pid/limits" 2>/dev/null || :)
	[ -z "$limits" ] || assert_match "open files of $pid" '300 +600' "$limits" # else it has ended
done

it "published ports: one moves, one comes, one goes"
sed -i 's/"127.0.0.1:8081:80", "7007:7"/"7007:7", "8082:80"/' stack.yml
fails 3 stack plan
assert_match "plan" 'connections kept +ports changed' "$out"
ok stack up -d
ok served 8082
fails 1 served 8081

it "networks: joins one and leaves it; the address in the other one stays"
address=$(address_of web)
sed -i 's/^    init: true/    init: true\n    networks: {default: {aliases: [nickname]}, back: {}}/; s/^  other: .*stop_grace_period: 0s/&, networks: [back]/' stack.yml
echo 'networks: {back: {}}' >>stack.yml
ok stack up -d
assert_eq "its address" "$address" "$(address_of web)"
assert_eq "two networks" 2 "$(ps_field web '.addresses | length')"
ok inside web ip -4 addr show eth1
ok inside other nslookup web
assert_match "found in the new network" "$(ps_field web '.addresses[1].address')" "$out"
ok inside other wget -q -O - "http://$(ps_field web '.addresses[1].address')/"
assert_eq "and reached" hello "$out"
assert_match "known in its hosts" "$(ps_field web '.addresses[1].address')" "$(inside web cat /etc/hosts)"
sed -i 's/^    networks: {default: {aliases: \[nickname\]}, back: {}}/    networks: {default: {aliases: [nickname]}}/' stack.yml
ok stack up -d
fails 1 inside web ip -4 addr show eth1
assert_eq "its address" "$address" "$(address_of web)"

it "extra_hosts, labels, policies, the log's size"
sed -i 's/^    init: true/    init: true\n    extra_hosts: {elsewhere: 192.0.2.7}\n    labels: {a: b}\n    restart: always\n    logging: {options: {max-size: 10k, max-file: "2"}}/' stack.yml
ok stack up -d
assert_match "hosts" '192.0.2.7.elsewhere' "$(inside web cat /etc/hosts)"
ok inside web touch /flood
flooded() { ! inside web test -e /flood; }
wait_for 10 "all is written" flooded
small() { [ "$(cat "$STACK_ROOT"/projects/live/logs/live-web-1.log* | wc -c)" -lt 25000 ]; }
wait_for 5 "the log is small by now" small

it "the process is the same, the connection too, and nothing is left to do"
assert_eq "pid and start time" "$before" "$(process web)"
echo two >&7
read -rt 5 line <&7
assert_eq "echoed" two "$line"
exec 7<&- 7>&-
ok stack plan

it "the next start has it all as well"
ok stack restart web
assert_eq "memory" 33554432 "$(memory_limit web)"
assert_match "hosts" '192.0.2.7.elsewhere' "$(inside web cat /etc/hosts)"
assert_match "open files" '300 +600' "$(grep 'Max open files' "/proc/$(ps_field web .pid)/limits")"
wait_for 5 "it is served" served 8082

it "a port that is taken: said, and everything else as it was"
python3 -c 'import socket,time; s=socket.socket(); s.bind(("0.0.0.0",9009)); s.listen(); time.sleep(60)' &
thief=$!
BACKGROUND+=($thief)
taken() { ss -ltn | grep -q :9009; }
wait_for 5 "the port is taken" taken
sed -i 's/"8082:80"/"8082:80", "9009:80"/' stack.yml
fails 1 stack up -d
assert_match "names the port" 9009 "$err"
ok served 8082
kill $thief
wait $thief || :
ok stack down
no_leaks
