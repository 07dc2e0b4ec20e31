#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The supervisor may die at any moment: containers run on, nothing is lost, the next one adopts them.
. "$(dirname "$0")/lib.sh"

project adopt <<'YML'
x-any: &any {image: "example/busybox:1.35", stop_grace_period: 0s}
services:
  counter:
    <<: *any
    command: ["sh", "-c", "i=0; while [ $$i -lt 3000 ]; do i=$$((i+1)); echo $$i; [ $$((i % 10)) != 0 ] || sleep 0.01; done; exec sleep 1000"]
    restart: always
    ports: ["8080:80"]
  leaves: {<<: *any, command: ["sh", "-c", "while [ ! -e /go/now ]; do sleep 0.05; done; exit 33"], volumes: ["./go:/go"]}
YML
mkdir go
ok stack up -d
pid=$(pid_of counter)

it "kill -9, five times, while it logs: the same process, a supervisor again, no line lost"
for _ in 1 2 3 4 5; do
	supervisor=$(supervisor_pid adopt)
	assert_match "there is one supervisor" '^[0-9]+$' "$supervisor"
	kill -KILL "$supervisor"
	pause 0.2
	[ -d "/proc/$pid" ] || fail "the container died with the supervisor"
	ok stack ps
	assert_eq "the same process" "$pid" "$(pid_of counter)"
done
wait_for 30 "all lines" log_like '^3000$' counter
stack logs --no-log-prefix counter >"$T/log"
seq 3000 >"$T/want"
cmp "$T/log" "$T/want" || fail "the log differs: $(diff "$T/want" "$T/log" | head -5)"

it "an exit while nobody supervises is known exactly"
exit_unsupervised() {
	touch go/now
	kill -KILL "$(supervisor_pid adopt)"
}
exit_unsupervised
wait_for 5 "it ended" state_is leaves exited
assert_eq "its status" 33 "$(ps_field leaves .exit_code)"

it "the adopted restart policy goes on"
runs_again() { # OLD-PID
	local now
	now=$(pid_of counter)
	[ "$now" != 0 ] && [ "$now" != "$1" ]
}
kill -KILL "$pid"
wait_for 5 "it was started again" runs_again "$pid"
assert_eq "its state" running "$(ps_field counter .state)"
assert_eq "one restart" 1 "$(ps_field counter .restarts)"

it "a second up changes nothing after the adoption"
pid=$(pid_of counter)
kill -KILL "$(supervisor_pid adopt)"
ok stack up -d counter
assert_eq "the same process" "$pid" "$(pid_of counter)"

it "a killed shim does not take its container along"
shim=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status")
assert_eq "its parent is the shim" stack-shim "$(cat "/proc/$shim/comm")"
kill -KILL "$shim"
pause 0.3
ok stack ps
if [ -d "/proc/$pid" ]; then
	ok inside counter true
fi

it "down after all this leaves nothing"
ok stack down
no_leaks
