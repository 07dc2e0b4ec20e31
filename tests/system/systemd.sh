#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The unit of an enabled project under a real systemd: start, a supervisor that dies, stop, restart.
# It writes to /etc/systemd/system of the machine it runs on: tests/vm runs it.
. "$(dirname "$0")/lib.sh"
[ -n "${STACK_TEST_HOST-}" ] && [ "$(cat /proc/1/comm)" = systemd ] || skip "needs a machine of its own with systemd"
UNIT=stack-sysd.service

project sysd <<'YML'
x-any: &any {image: "example/busybox:1.35", command: ["sleep", "1000"], stop_grace_period: 0s, mem_limit: 64m}
services:
  app: {<<: *any, depends_on: [db]}
  db: {<<: *any, restart: always}
YML

active_is() { [ "$(systemctl show -p ActiveState --value $UNIT)" = "$1" ]; }
running() { ps_json | jq -r '[.[] | select(.state == "running") | .service] | sort | join(" ")'; }
all_run() { active_is active && [ "$(running)" = "app db" ]; }
another_than() { # SUPERVISOR'S PID: one of the unit's, and it listens
	local pid
	pid=$(head -n 1 "$STACK_RUN/sysd/lock") && [ "$pid" != "$1" ] && active_is active &&
		grep -q "/$UNIT" "/proc/$pid/cgroup"
}
pids() { echo "$(pid_of app) $(pid_of db)"; }

it "enabled, and started by systemd: the containers are in the unit's cgroup"
ok stack up -d
ok stack enable
assert_eq "enabled" enabled "$(systemctl is-enabled $UNIT)"
cp "$STACK_ROOT/projects/sysd/boot.json" boot.json
ok stack down
cp boot.json "$STACK_ROOT/projects/sysd/boot.json" # what a reboot leaves; boot.sh has the rest of it
ok systemctl start $UNIT
wait_for 10 "it is up" all_run
assert_match "its cgroup" "/$UNIT/.*/sysd/sysd-db-1" "$(cat "/proc/$(pid_of db)/cgroup")"
before=$(pids)

it "a supervisor that dies is followed by another one in the unit; nothing that runs notices"
for _ in 1 2; do
	supervisor=$(supervisor_pid sysd)
	kill -KILL "$supervisor"
	wait_for 10 "there is another one" another_than "$supervisor"
	assert_eq "the same processes" "$before" "$(pids)"
done

it "supervisor restart: the same"
supervisor=$(supervisor_pid sysd)
ok stack supervisor restart
wait_for 10 "it is in the unit" another_than "$supervisor"
assert_eq "the same processes" "$before" "$(pids)"

it "the one that came later has the containers' cgroups in hand"
ok stack kill app
wait_for 5 "app ended" state_is app exited
ok stack start app
ok all_run

it "systemctl stop ends the containers, start brings them back, restart does both"
ok systemctl stop $UNIT
assert_eq "nothing runs" "" "$(pgrep -x stack-shim || :)"
assert_eq "not failed" inactive "$(systemctl show -p ActiveState --value $UNIT)"
ok systemctl start $UNIT
wait_for 10 "it is up" all_run
ok systemctl restart $UNIT
wait_for 10 "it is up" all_run

it "down ends the unit in good order"
ok stack down -v
wait_for 5 "it ended" active_is inactive
ok systemctl start $UNIT
wait_for 5 "there is nothing to do" active_is inactive

it "enable --now: the unit's supervisor takes over from a command's, with the same cgroups in hand"
ok stack up -d
before=$(pids)
ok stack enable --now
ok all_run
assert_eq "the same processes" "$before" "$(pids)"
ok stack kill app
wait_for 5 "app ended" state_is app exited
ok stack start app
wait_for 5 "app runs" state_is app running

it "disable --now"
ok stack disable --now
assert_eq "nothing runs" "" "$(pgrep -x stack-shim || :)"
[ ! -e /etc/systemd/system/$UNIT ] && [ ! -L /etc/systemd/system/multi-user.target.wants/$UNIT ] ||
	fail "files are left"
ok stack down -v
no_leaks
