#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Order, restarts, health, stopping, exit codes.
. "$(dirname "$0")/lib.sh"

started_ns() {
	date -d "$(ps_field "$1" .started)" +%s%N
}

restarts_are() { # SERVICE N
	[ "$(ps_field "$1" .restarts)" -ge "$2" ]
}

it "depends_on: healthy and completed come before"
project order <<'YML'
x-any: &any {image: "example/busybox:1.35", stop_grace_period: 1s}
services:
  app:
    <<: *any
    command: ["sleep", "1000"]
    depends_on:
      db: {condition: service_healthy}
      job: {condition: service_completed_successfully}
  db:
    <<: *any
    command: ["sh", "-c", "trap 'exit 0' TERM; touch /ready.soon; sleep 0.6; touch /ready; while :; do sleep 0.1; done"]
    healthcheck: {test: ["CMD", "test", "-e", "/ready"], interval: 100ms, retries: 50}
  job:
    <<: *any
    command: ["sh", "-c", "sleep 0.3"]
YML
ok stack up -d --wait
assert_eq "db" healthy "$(ps_field db .health)"
assert_eq "job" "exited 0" "$(ps_field job '.state + " " + (.exit_code | tostring)')"
assert_between "app came after db was ready (ms)" 500 60000 $((($(started_ns app) - $(started_ns db)) / 1000000))
ok stack down
no_leaks

it "a dependency that fails keeps the dependent from starting, and up says which"
sed -i 's/sleep 0.3"/exit 3"/' stack.yml
fails 1 stack up -d
assert_match "names the job" 'job' "$err"
assert_no_match "app does not run" running "$(ps_field app .state)"
ok stack down -t 0

it "restart policies: docker's back-off, exactly"
project restarts <<'YML'
x-any: &any {image: "example/busybox:1.35", stop_grace_period: 0s}
services:
  thrice: {<<: *any, command: ["sh", "-c", "exit 4"], restart: "on-failure:3"}
  never: {<<: *any, command: ["false"]}
  always: {<<: *any, command: ["sh", "-c", "sleep 0.2"], restart: always}
  good: {<<: *any, command: ["true"], restart: on-failure}
YML
ok stack up -d
wait_for 10 "three restarts" restarts_are thrice 3
wait_for 10 "it gave up" state_is thrice exited
assert_eq "count and code" "3 4" "$(ps_field thrice '"\(.restarts) \(.exit_code)"')"
assert_eq "never" "exited 1 0" "$(ps_field never '"\(.state) \(.exit_code) \(.restarts)"')"
assert_eq "good" "exited 0 0" "$(ps_field good '"\(.state) \(.exit_code) \(.restarts)"')"
wait_for 10 "always goes on" restarts_are always 2

it "stop ends the back-off; start runs it again"
ok stack stop always
assert_eq "stopped" exited "$(ps_field always .state)"
count=$(ps_field always .restarts)
pause 1
assert_eq "stays stopped" "exited $count" "$(ps_field always '"\(.state) \(.restarts)"')"
ok stack start always
wait_for 5 "runs again" restarts_are always 1
ok stack down
no_leaks

it "exit codes and signals"
project codes <<'YML'
x-any: &any {image: "example/busybox:1.35", stop_grace_period: 1s}
services:
  code: {<<: *any, command: ["sh", "-c", "exit 42"]}
  signal: {<<: *any, command: ["sh", "-c", "ulimit -c 0; kill -SEGV $$$$; sleep 5"], init: true}
  missing: {<<: *any, command: ["/no/such/program"]}
  greedy: {<<: *any, command: ["tail", "/dev/zero"], mem_limit: 10m}
YML
capture stack up -d
assert_match "the missing program is said" '/no/such/program' "$err"
wait_for 10 "greedy is dead" state_is greedy exited
assert_eq "code" 42 "$(ps_field code .exit_code)"
assert_eq "128 + SIGSEGV" 139 "$(ps_field signal .exit_code)"
assert_eq "not found" 127 "$(ps_field missing .exit_code)"
assert_eq "out of memory" "137 true" "$(ps_field greedy '"\(.exit_code) \(.oom_killed)"')"
ok stack down
no_leaks

it "stop: the signal, the grace, then the kill of everything"
project stopping <<'YML'
x-any: &any {image: "example/busybox:1.35"}
services:
  polite: {<<: *any, command: ["sh", "-c", "trap 'echo bye; exit 5' USR1; while :; do sleep 0.05; done"], stop_signal: SIGUSR1}
  deaf: {<<: *any, command: ["sh", "-c", "trap '' TERM; (trap '' TERM; setsid sleep 1000) & while :; do sleep 0.1; done"], stop_grace_period: 700ms}
  unaware: {<<: *any, command: ["sleep", "1000"], stop_grace_period: 300ms}
  helped: {<<: *any, command: ["sleep", "1000"], init: true}
YML
ok stack up -d
start=$(now_ms)
ok stack stop
assert_between "ms for all" 600 3000 $(($(now_ms) - start))
assert_eq "polite" 5 "$(ps_field polite .exit_code)"
assert_eq "deaf" 137 "$(ps_field deaf .exit_code)"
assert_match "sleep as the first process hears nothing, which is said" \
	"stopping-unaware-1 +waiting +its program does not handle SIGTERM and is killed in 0.3 s; 'init: true'" "$err"
assert_no_match "what ignores it on purpose, or hears it, is no such case" 'stopping-(polite|helped|deaf)-1 +waiting' "$err"
ok log_like bye polite
ok stack start
start=$(now_ms)
ok stack stop -t 0 deaf
assert_between "ms with -t 0" 0 600 $(($(now_ms) - start))
ok stack down
no_leaks

it "health: unhealthy is told, up --wait fails and names it"
project health <<'YML'
x-any: &any {image: "example/busybox:1.35", command: ["sleep", "1000"], stop_grace_period: 0s}
services:
  ill: {<<: *any, healthcheck: {test: "exit 1", interval: 100ms, retries: 2}}
  slow: {<<: *any, healthcheck: {test: ["CMD", "sleep", "100"], interval: 100ms, timeout: 200ms, retries: 1}}
  off: {<<: *any, healthcheck: {disable: true}}
YML
fails 1 stack up -d --wait
assert_match "names it" '(ill|slow).*unhealthy|unhealthy.*(ill|slow)' "$err"
wait_for 5 "ill" health_is ill unhealthy
wait_for 5 "slow" health_is slow unhealthy
assert_eq "off" "" "$(ps_field off .health)"
assert_between "probes that take too long are ended" 0 1 "$(inside slow sh -c 'ps | grep -c "[s]leep 100$" || :')"
ok stack down
no_leaks

it "stopping goes against the order of starting"
project reverse <<'YML'
x-any: &any
  image: example/busybox:1.35
  command: ["sh", "-c", "trap 'hostname >>/shared/order; exit 0' TERM; while :; do sleep 0.02; done"]
  volumes: ["./shared:/shared"]
services:
  front: {<<: *any, hostname: front, depends_on: [back]}
  back: {<<: *any, hostname: back}
YML
mkdir shared
ok stack up -d
ok stack down
assert_eq "who stops first" "front back" "$(xargs <shared/order)"
no_leaks
