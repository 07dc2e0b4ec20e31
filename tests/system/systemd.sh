#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# enable with a real systemd, in the virtual machine: it starts the unit, stops it, starts it again.
. "$(dirname "$0")/lib.sh"
{ [ -d /run/systemd/system ] && [ -n "${STACK_TEST_HOST-}" ]; } ||
	skip "systemd does not run here, or is not this test's to use; the virtual machine has one"
image busybox
UNIT=stack-boot.service

project boot <<'YML'
x-any: &any {image: "example/busybox:1.35", command: ["sleep", "1000"], stop_grace_period: 0s}
services:
  app: {<<: *any, depends_on: [db], mem_limit: 64m}
  db: {<<: *any}
  rests: {<<: *any}
YML
up() { [ "$(ps_json | jq -r '[.[] | select(.state == "running") | .service] | sort | join(" ")')" = "app db" ]; }
property() { systemctl show -P "$1" $UNIT; }

it "enable: the unit is there, and wanted at boot"
ok stack up -d
ok stack stop rests
ok stack enable
ok systemctl is-enabled $UNIT
app=$(ps_field app .pid)

it "systemd's supervisor takes over what runs when the other one makes room"
ok systemctl start --no-block $UNIT
ok stack supervisor restart
active() { [ "$(property ActiveState)" = active ]; }
wait_for 10 "systemd says it is active" active
assert_eq "the same process" "$app" "$(ps_field app .pid)"
assert_eq "it is systemd's" "$(property MainPID)" "$(supervisor_pid boot)"

it "stopped by systemd: all stops; started: it comes back, but what was stopped by hand"
ok systemctl stop $UNIT
assert_eq "nothing runs" "" "$(pgrep -x stack-shim || :)"
ok systemctl start $UNIT
wait_for 10 "it is up" up

it "a supervisor that dies: systemd starts another one, containers run on"
app=$(ps_field app .pid) dead=$(property MainPID)
kill -KILL "$dead"
other() { [ "$(property MainPID)" != "$dead" ] && [ "$(property MainPID)" != 0 ] && active; }
wait_for 10 "another one" other
assert_eq "the same process" "$app" "$(ps_field app .pid)"

it "supervisor restart: by systemd"
before=$(property MainPID)
ok stack supervisor restart
assert_eq "the same process" "$app" "$(ps_field app .pid)"
ok stack down
inactive() { [ "$(property ActiveState)" != active ]; }
wait_for 10 "it is over" inactive

it "disable"
ok stack disable
fails 1 systemctl is-enabled $UNIT
fails 4 systemctl status $UNIT
no_leaks
