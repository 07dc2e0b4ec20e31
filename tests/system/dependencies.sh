#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# depends_on while things run: after a crash, at a restart, when what is needed is ill.
. "$(dirname "$0")/lib.sh"
image busybox

project deps <<'YML'
x-any: &any {image: "example/busybox:1.35", stop_grace_period: 0s, init: true}
services:
  db:
    <<: *any
    command: ["sh", "-c", "touch /well; sleep 1000"]
    restart: "no"
    healthcheck: {test: "test -e /well", interval: 100ms, retries: 1}
  app:
    <<: *any
    command: ["sleep", "1000"]
    restart: always
    depends_on: {db: {condition: service_healthy}}
  careless:
    <<: *any
    command: ["sleep", "1000"]
    restart: always
    depends_on: {db: {condition: service_healthy}}
    x-stack: {on_dependency_failure: ignore}
  follower:
    <<: *any
    command: ["sleep", "1000"]
    restart: always
    depends_on: {db: {condition: service_healthy}}
    x-stack: {on_dependency_failure: restart}
  tied:
    <<: *any
    command: ["sleep", "1000"]
    depends_on: {db: {condition: service_started, restart: true}}
YML
ok stack up -d --wait
crash() { kill -KILL "$(ps_field "$1" .pid)"; }
pid_is_other() { [ "$(ps_field "$1" .pid)" != "$2" ] && [ "$(ps_field "$1" .state)" = running ]; }

it "what is needed gets ill: a crash of the dependent waits for it"
ok inside db rm /well
health_is() { [ "$(ps_field "$1" .health)" = "$2" ]; }
wait_for 5 "db is ill" health_is db unhealthy
follower=$(ps_field follower .pid)
crash app
crash careless
wait_for 5 "app waits" state_is app waiting
assert_match "it says for what" "for 'db' to be healthy" "$(stack why app)"
wait_for 5 "careless does not" pid_is_other careless 0
assert_eq "follower runs on meanwhile" "$follower" "$(ps_field follower .pid)"
ok inside db touch /well
wait_for 5 "app starts" state_is app running

it "on_dependency_failure: restart"
wait_for 5 "follower is restarted when db is well again" pid_is_other follower "$follower"

it "a stop ends the waiting"
ok inside db rm /well
wait_for 5 "db is ill" health_is db unhealthy
crash app
wait_for 5 "app waits" state_is app waiting
ok stack stop app
assert_eq "stopped" exited "$(ps_field app .state)"
ok inside db touch /well
wait_for 5 "db is well" health_is db healthy
ok stack start app

it "restart: true: those are restarted with it, in order; the others are not"
tied=$(ps_field tied .pid) app=$(ps_field app .pid)
ok stack restart db
assert_match "in order" 'deps-tied-1 *stopped.*deps-db-1 *stopped.*deps-db-1 *started.*deps-tied-1 *started' "$(tr '\n' ' ' <<<"$err")"
assert_no_match "tied is another one" "^$tied\$" "$(ps_field tied .pid)"
assert_eq "app is not" "$app" "$(ps_field app .pid)"
tied=$(ps_field tied .pid)
ok stack restart --no-deps db
assert_eq "--no-deps" "$tied" "$(ps_field tied .pid)"

it "restart: true: also when it is replaced, by itself"
sed -i 's/touch .well; sleep 1000/touch \/well; sleep 1001/' stack.yml
ok stack up -d db
assert_no_match "tied is another one" "^$tied\$" "$(ps_field tied .pid)"
assert_eq "tied runs" running "$(ps_field tied .state)"
ok stack plan

it "restart: each starts when what it needs is well"
ok stack restart
assert_match "in order" 'deps-db-1 *healthy.*deps-app-1 *started' "$(tr '\n' ' ' <<<"$err")"

it "start: what it depends on is started too, and waited for"
ok stack stop
ok stack start app
assert_match "in order" 'deps-db-1 *healthy.*deps-app-1 *started' "$(tr '\n' ' ' <<<"$err")"
assert_eq "tied was not asked for" exited "$(ps_field tied .state)"
ok stack start

it "kill -9 of the supervisor while one waits: it waits on"
ok inside db rm /well
wait_for 5 "db is ill" health_is db unhealthy
crash app
wait_for 5 "app waits" state_is app waiting
dead=$(supervisor_pid deps)
kill -KILL "$dead"
wait_for 5 "app waits" state_is app waiting
ok inside db touch /well
wait_for 5 "app starts" state_is app running
ok stack down
no_leaks
