#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Native probes: http, tcp, log and notify; what an unhealthy container's policy does.
. "$(dirname "$0")/lib.sh"

restarts_are() { # SERVICE N
	[ "$(ps_field "$1" .restarts)" -ge "$2" ]
}

it "http: the status decides; garbage, silence, floods and refusals are bad"
project http <<'YML'
x-any: &any {image: "example/busybox:1.35", stop_grace_period: 0s}
x-times: &times {interval: 200ms, timeout: 300ms, retries: 2}
services:
  good: {<<: *any, command: [sh, -c, "mkdir /w; echo hi >/w/health; httpd -f -p 80 -h /w"], healthcheck: *times, x-stack: {probe: {http: 80/health}}}
  missing: {<<: *any, command: [httpd, -f, -p, "80", -h, /tmp], healthcheck: *times, x-stack: {probe: {http: 80/none}}}
  wanted: {<<: *any, command: [httpd, -f, -p, "80", -h, /tmp], healthcheck: *times, x-stack: {probe: {http: {port: 80, path: /none, status: 404}}}}
  silent: {<<: *any, command: [nc, -ll, -p, "80", -e, sleep, "100"], healthcheck: *times, x-stack: {probe: {http: 80}}}
  garbage: {<<: *any, command: [nc, -ll, -p, "80", -e, echo, "<html>"], healthcheck: *times, x-stack: {probe: {http: 80}}}
  flood: {<<: *any, command: [nc, -ll, -p, "80", -e, cat, /dev/zero], healthcheck: *times, x-stack: {probe: {http: 80}}}
  refused: {<<: *any, command: [sleep, "1000"], healthcheck: *times, x-stack: {probe: {http: 80}}}
YML
ok stack up -d
for service in good wanted; do
	wait_for 5 "$service" health_is $service healthy
done
for service in missing silent garbage flood refused; do
	wait_for 5 "$service" health_is $service unhealthy
done
ok stack down
no_leaks

it "tcp: healthy within the first looks, long before the interval; it is told when it ends"
project tcp <<'YML'
services:
  own: {image: "example/busybox:1.35", command: [nc, -ll, -p, "5432", -e, "true"], stop_grace_period: 0s, healthcheck: {interval: 60s}, x-stack: {probe: {tcp: 5432}}}
  host: {image: "example/busybox:1.35", command: [nc, -ll, -p, "5433", -e, "true"], network_mode: host, stop_grace_period: 0s, healthcheck: {interval: 60s}, x-stack: {probe: {tcp: 5433}}}
YML
start=$(now_ms)
ok stack up -d --wait
assert_between "ms" 0 5000 $(($(now_ms) - start))
assert_eq "both" "healthy healthy" "$(ps_field own .health) $(ps_field host .health)"

it "another probe is a live change, and a new supervisor looks as well"
pid=$(pid_of own)
sed -i 's/interval: 60s}, x-stack: {probe: {tcp: 5432}}/interval: 100ms, retries: 1}, x-stack: {probe: {tcp: 5431}}/' stack.yml
ok stack up -d
wait_for 5 "nothing is there" health_is own unhealthy
sed -i 's/tcp: 5431/tcp: 5432/' stack.yml
ok stack up -d
wait_for 5 "healthy again" health_is own healthy
supervisor=$(supervisor_pid tcp)
kill -KILL "$supervisor"
while [ -d "/proc/$supervisor" ]; do pause 0.02; done
wait_for 5 "healthy under another supervisor" health_is own healthy
assert_eq "the same process" "$pid" "$(pid_of own)"
ok stack down
no_leaks

it "log: a line of this start, not of an earlier one, across rotation and supervisors"
project log <<'YML'
x-any: &any {image: "example/busybox:1.35", stop_grace_period: 0s, healthcheck: {interval: 100ms, retries: 1000}}
services:
  line: {<<: *any, command: [sh, -c, "[ -e /again ] || { touch /again; echo server is ready; }; sleep 1000"], x-stack: {probe: {log: 'is (ready|up)$$'}}}
  split: {<<: *any, command: [sh, -c, "printf 'server is '; sleep 0.3; echo ready >/dev/null; echo ready; sleep 1000"], x-stack: {probe: {log: 'is ready$$'}}}
  much: {<<: *any, command: [sh, -c, "seq 1 100000; echo server is ready; seq 1 1000; sleep 1000"], logging: {options: {max-size: 100k, max-file: 20}}, x-stack: {probe: {log: '^server is ready'}}}
  never: {<<: *any, command: [sh, -c, "echo nothing; sleep 1000"], x-stack: {probe: {log: ready}}}
YML
ok stack up -d
for service in line split much; do
	wait_for 5 "$service" health_is $service healthy
done
assert_eq "never" starting "$(ps_field never .health)"
supervisor=$(supervisor_pid log)
kill -KILL "$supervisor"
while [ -d "/proc/$supervisor" ]; do pause 0.02; done
wait_for 5 "healthy under another supervisor" health_is line healthy
ok stack restart line
pause 0.5
assert_eq "the line is of the start before" starting "$(ps_field line .health)"
ok stack down
no_leaks

it "on_unhealthy: restart starts it again with a count, whatever 'restart' says; stop leaves it"
project policy <<'YML'
x-any: &any {image: "example/busybox:1.35", command: [sleep, "1000"], stop_grace_period: 0s, healthcheck: {interval: 100ms, retries: 1}}
services:
  again: {<<: *any, restart: "no", x-stack: {probe: {tcp: 9}, on_unhealthy: restart}}
  ends: {<<: *any, restart: always, x-stack: {probe: {tcp: 9}, on_unhealthy: stop}}
  stays: {<<: *any, x-stack: {probe: {tcp: 9}}}
YML
ok stack up -d
wait_for 10 "restarts" restarts_are again 2
wait_for 5 "stopped" state_is ends exited
assert_eq "never started again" 0 "$(ps_field ends .restarts)"
wait_for 5 "unhealthy" health_is stays unhealthy
assert_eq "stays" "running 0" "$(ps_field stays '"\(.state) \(.restarts)"')"
supervisor=$(supervisor_pid policy)
kill -KILL "$supervisor"
while [ -d "/proc/$supervisor" ]; do pause 0.02; done
wait_for 5 "still stopped" state_is ends exited
ok stack stop again
count=$(ps_field again .restarts)
pause 0.5
assert_eq "stopped by hand it stays so" "exited $count" "$(ps_field again '"\(.state) \(.restarts)"')"
ok stack down
no_leaks

it "notify: READY=1 makes it healthy, whoever it runs as; STATUS is kept"
project notify <<YML
x-any: &any {image: "example/busybox:1.35", stop_grace_period: 0s, volumes: ["$BUILD/tests/notify:/notify:ro"], healthcheck: {interval: 100ms, retries: 1000}, x-stack: {probe: {notify: true}}}
services:
  root: {<<: *any, command: [/notify, "STATUS=at work", READY=1]}
  user: {<<: *any, user: "1000", read_only: true, command: [/notify, READY=1]}
  mapped: {<<: *any, userns_mode: auto, command: [/notify, READY=1]}
  quiet: {<<: *any, command: [/notify, "STATUS=not yet"]}
  flood: {<<: *any, command: [/notify, flood]}
YML
ok stack up -d
for service in root user mapped flood; do
	wait_for 5 "$service" health_is $service healthy
done
assert_eq "quiet" starting "$(ps_field quiet .health)"
assert_eq "status" "at work" "$(inspect_field root .notify.status)"
supervisor=$(supervisor_pid notify)
kill -KILL "$supervisor"
while [ -d "/proc/$supervisor" ]; do pause 0.02; done
wait_for 5 "healthy under another supervisor" health_is root healthy
assert_eq "the socket cannot be taken away" 1 "$(inside root rm /run/notify/notify.sock 2>/dev/null && echo 0 || echo 1)"
ok stack down
no_leaks
