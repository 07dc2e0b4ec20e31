#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A saved stack file is applied at once; one that is not valid changes nothing.
. "$(dirname "$0")/lib.sh"
image busybox

project follow <<'YML'
include: [more.yml]
services:
  web: {image: "example/busybox:1.35", command: [sleep, "${SECONDS_TO_SLEEP:-1000}"], mem_limit: 64m, stop_grace_period: 0s}
YML
cat >more.yml <<'YML'
services:
  other: {image: "example/busybox:1.35", command: [sleep, "1000"], stop_grace_period: 0s}
YML
export STACK_PROJECT_NAME=follow # so that a broken file is no matter
command_is() { [ "$(ps_json | jq -r --arg s "$1" '.[] | select(.service == $s) | .command | join(" ")')" = "$2" ]; }
told() { stack events --json --since 1h --until 0s | jq -r "select(.event == \"file\") | .action" | grep -c "$1" || :; }
told_times() { [ "$(told "$1")" -ge "$2" ]; }
limit_is() { cat $(in_cgroups -path '*/follow/follow-web-1/memory.max' -o -path '*/follow/follow-web-1/memory.limit_in_bytes') | grep -qx "$1"; }

it "a saved change is applied, without a restart where it needs none"
ok stack up -d --follow-file
pid=$(ps_field web .pid)
sed -i 's/64m/32m/' stack.yml
wait_for 10 "the limit is another one" limit_is 33554432
assert_eq "the same process" "$pid" "$(ps_field web .pid)"

it "an editor that renames over it"
sed 's/32m/48m/' stack.yml >.stack.yml.swp
mv .stack.yml.swp stack.yml
wait_for 10 "the limit is another one" limit_is 50331648

it "what it includes, and .env, are followed as well"
sed -i 's/"1000"/"2000"/' more.yml
wait_for 10 "other is a new one" command_is other "sleep 2000"
echo SECONDS_TO_SLEEP=3000 >.env
wait_for 10 "web is a new one" command_is web "sleep 3000"
wait_for 5 "it runs" state_is web running

it "a file that is not valid: told with line and column, everything stays"
before=$(ps_field web '"\(.name) \(.pid)"')
echo '  broken: {imge: x}' >>stack.yml
wait_for 10 "it is told" told_times invalid 1
assert_match "line and column" "stack.yml:4:[0-9]+: services.broken.*imge" \
	"$(stack events --json --since 1h --until 0s | jq -r 'select(.action == "invalid").detail')"
assert_eq "the same process" "$before" "$(ps_field web '"\(.name) \(.pid)"')"
sed -i '$d' stack.yml
applied=$(told applied)
wait_for 10 "valid again" told_times applied "$applied"

it "rapid saves are few runs, and the last one counts"
applied=$(told applied)
for n in $(seq 30); do
	sed -i "s/mem_limit: [0-9]*m/mem_limit: $((n + 20))m/" stack.yml
done
wait_for 10 "the last limit" limit_is $((50 * 1048576))
assert_between "runs" 1 10 $(($(told applied) - applied))

it "one that waits for what never comes is given up for the next save"
sed -i 's/more.yml\]/more.yml]/; s/^  web: {/  web: {depends_on: {ill: {condition: service_healthy}}, /' stack.yml
echo '  ill: {image: "example/busybox:1.35", command: [sleep, "1000"], stop_grace_period: 0s, healthcheck: {test: "false", interval: 1h}}' >>stack.yml
wait_for 10 "it waits" state_is ill running
sed -i '$d; s/depends_on: {ill: {condition: service_healthy}}, //; s/mem_limit: [0-9]*m/mem_limit: 44m/' stack.yml
wait_for 10 "the limit" limit_is $((44 * 1048576))

it "a service more, a service less"
echo '  third: {image: "example/busybox:1.35", command: [sleep, "1000"], stop_grace_period: 0s}' >>stack.yml
wait_for 10 "it is there" state_is third running

it "kill -9 of the supervisor: the next one follows, and sees what was saved meanwhile"
dead=$(supervisor_pid follow)
kill -KILL "$dead"
sed -i "s/mem_limit: [0-9]*m/mem_limit: 99m/" stack.yml
wait_for 10 "the limit" limit_is $((99 * 1048576))

it "an up without it ends it; x-stack: {follow: true} says it in the file"
ok stack up -d
sed -i "s/mem_limit: [0-9]*m/mem_limit: 77m/" stack.yml
pause 1
fails 1 limit_is $((77 * 1048576))
printf 'x-stack: {follow: true}\n' >>stack.yml
ok stack up -d
sed -i "s/mem_limit: [0-9]*m/mem_limit: 66m/" stack.yml
wait_for 10 "the limit" limit_is $((66 * 1048576))

it "standard input cannot be followed"
fails 1 sh -c "$STACK -f - -p follow up -d --follow-file <stack.yml"
ok stack down
no_leaks
