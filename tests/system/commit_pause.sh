#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A container stands still while it is committed, and goes on afterwards, whoever dies meanwhile.
. "$(dirname "$0")/lib.sh"
image busybox

project pause <<'YML'
services:
  app:
    image: example/busybox:1.35
    init: true
    command: ["sh", "-c", "httpd -p 80 -h /data; i=0; while :; do i=$$((i + 1)); echo $$i >/data/a; echo $$i >/data/b; cp /data/a /copy; done"]
    volumes: ["./data:/data"]
    healthcheck: {interval: 100ms, timeout: 200ms, retries: 1}
    x-stack: {probe: {http: 80/a}}
    stop_grace_period: 5s
YML
mkdir data
ok stack up -d --wait

# The commit waits for the store, which somebody else has: as long as a test needs.
hold_store() {
	background flock --no-fork "$STACK_ROOT/images/lock" sleep 1000
	holder=$!
	wait_for 5 "the store is locked" is_locked
}
is_locked() {
	! flock --nonblock "$STACK_ROOT/images/lock" true
}
release_store() {
	kill $holder
}
stands_still() {
	in_cgroups -path '*/pause/pause-app-1/cgroup.events' -exec grep -q 'frozen 1' {} \; -print \
		-o -path '*/pause/pause-app-1/freezer.state' -exec grep -q FROZEN {} \; -print | grep -q .
}
goes_on() {
	local before
	before=$(cat data/a)
	pause 0.05
	! stands_still && [ "$(cat data/a)" != "$before" ]
}
commit() { # OPTION...
	background "$STACK" commit "$@" app made/app:1 >"$T/commit.out" 2>"$T/commit.err"
	committing=$!
}
committed() {
	local status=0
	wait $committing || status=$?
	[ $status = 0 ] || fail "commit returned $status: $(cat "$T/commit.err")"
}

it "it stands still until the image is made"
hold_store
commit
wait_for 10 "it stands still" stands_still
before=$(cat data/a data/b)
wait_for 10 "the commit waits" grep -q . "$T/commit.err"
pause 0.6 # longer than a probe may take
assert_eq "nothing is written" "$before" "$(cat data/a data/b)"
assert_eq "it is called healthy as ever" healthy "$(ps_field app .health)"
release_store
committed
wait_for 10 "it goes on" goes_on
pause 0.6
assert_eq "what was heard of its health" healthy \
	"$(stack events --json --since 1h --until "$(date -u +%FT%TZ)" | jq -rs 'map(select(.action | test("healthy")).action) | join(" ")')"

it "--pause=false: it does not"
hold_store
commit --pause=false
wait_for 10 "the commit waits" grep -q . "$T/commit.err"
ok goes_on
release_store
committed

it "a commit that is killed, a supervisor that is killed: it goes on"
hold_store
commit
wait_for 10 "it stands still" stands_still
kill -KILL $committing
wait $committing 2>/dev/null || :
wait_for 10 "it goes on" goes_on
commit
wait_for 10 "it stands still" stands_still
kill -KILL "$(supervisor_pid pause)"
wait_for 10 "it goes on" goes_on
release_store
committed
assert_eq "its state" running "$(ps_field app .state)"

it "what is asked of it ends the pause: stop, restart"
for command in restart stop; do
	hold_store
	commit
	wait_for 10 "it stands still" stands_still
	ok stack $command app
	release_store
	committed
done
assert_eq "it has ended of the signal, not of its grace" 143 "$(ps_field app .exit_code)"

it "what does not run is committed as it is"
ok stack commit app made/app:2
ok stack down
