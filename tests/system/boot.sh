#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# enable and disable, and what comes back after a reboot: here all that a reboot takes is taken by
# hand, and the supervisor is started as its unit says; in the virtual machine systemd does it.
. "$(dirname "$0")/lib.sh"
image busybox
export STACK_SYSTEMD_DIR=$T/systemd
UNIT=$STACK_SYSTEMD_DIR/stack-boot.service
LINK=$STACK_SYSTEMD_DIR/multi-user.target.wants/stack-boot.service

project boot <<'YML'
x-any: &any {image: "example/busybox:1.35", command: ["sleep", "1000"], stop_grace_period: 0s}
services:
  app:
    <<: *any
    depends_on: {db: {condition: service_healthy}}
    ports: ["8080:80"]
  db:
    <<: *any
    command: ["sh", "-c", "echo up >>/data/starts; touch /ready; sleep 1000"]
    healthcheck: {test: "test -e /ready", interval: 100ms}
    volumes: ["data:/data"]
  stopped: {<<: *any, restart: unless-stopped}
  always: {<<: *any, restart: always}
volumes: {data: {}}
YML

it "enable: what is not up cannot come back"
fails 1 stack enable
assert_match "says what to do" "stack up -d" "$err"
ok stack up -d --wait
ok stack enable
assert_match "the unit" "^ExecStart=.*/stack-supervisor --project boot .* --boot$" "$(cat "$UNIT")"
assert_match "delegated" "^Delegate=yes$" "$(cat "$UNIT")"
assert_eq "wanted" ../stack-boot.service "$(readlink "$LINK")"
ok stack enable
ok inside app sh -c 'echo mine >/written'
address=$(address_of app)
ok stack stop stopped always

supervisor() { sed -n 's/^ExecStart=//p' "$UNIT"; }
all_up() { [ "$(stack ps --format json | jq -rs 'flatten | [.[] | select(.state == "running") | .service] | sort | join(" ")')" = "$1" ]; }

# A datagram socket, as systemd has one for a unit; what comes in is in $T/notified.
listen() {
	python3 - "$T/notify" "$T/notified" <<'PY' &
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    with open(sys.argv[2], "ab", 0) as f:
        f.write(s.recv(4096) + b"\n")
PY
	listener=$!
	BACKGROUND+=($listener)
	wait_for 5 "there is a socket" test -S "$T/notify"
}

# What a power failure leaves: nothing that runs, nothing in the kernel, nothing in <run>.
reboot_by_hand() {
	local dead pid
	dead=$(supervisor_pid boot)
	for pid in $(pgrep -x stack-shim || :); do # the guard, then the shims, then what they ran
		kill -KILL "$pid" || :
	done
	kill -KILL $dead || :
	for pid in $(cat $(in_cgroups -path '*/boot/boot-*/cgroup.procs') | sort -u); do
		kill -KILL "$pid" || :
	done
	quiet() { [ -z "$(cat $(in_cgroups -path '*/boot/boot-*/cgroup.procs') | head -n 1)" ] && [ -z "$(pgrep -x 'stack-superviso|stack-shim')" ]; }
	wait_for 5 "nothing runs" quiet
	in_cgroups -type d -path '*/boot*' -exec rmdir {} +
	for ns in /run/netns/*; do
		umount "$ns"
		rm "$ns"
	done
	for link in $(ip -o link | awk -F'[ @:]+' '$2 ~ /^s[bv]/ { print $2 }'); do
		ip link del "$link" || :
	done
	for table in raw nat filter; do
		iptables-legacy-save -t $table | grep -v -e STACK -e stack: | iptables-legacy-restore
	done
	rm -rf "${STACK_RUN:?}/boot"
}

it "a reboot: all but what was stopped by hand comes back, in order, with what was written"
reboot_by_hand
listen
NOTIFY_SOCKET=$T/notify background $(supervisor) 2>"$T/supervisor.err"
booted=$!
wait_for 5 "systemd is told" grep -q READY=1 "$T/notified"
wait_for 10 "it is up" all_up "always app db"
assert_eq "stopped stays so" null "$(ps_field stopped .state)"
assert_eq "the upper layer" mine "$(inside app cat /written)"
assert_eq "the volume" 2 "$(inside db wc -l /data/starts | awk '{ print $1 }')"
assert_eq "the address" "$address" "$(address_of app)"
started_ns() { date -d "$(ps_field "$1" .started)" +%s%N; }
assert_between "app after db" 1 100000000000 $(($(started_ns app) - $(started_ns db)))

it "asked to end by the service manager: stopped in order, and it comes back without a reboot, again and again"
for _ in 1 2; do
	kill -TERM $booted
	wait $booted
	assert_match "it says so" STOPPING=1 "$(cat "$T/notified")"
	assert_eq "nothing runs" "" "$(pgrep -x stack-shim || :)"
	NOTIFY_SOCKET=$T/notify background $(supervisor) 2>>"$T/supervisor.err"
	booted=$!
	wait_for 10 "it is up" all_up "always app db"
done

it "what up starts is not stopped by hand any more"
kept() { jq -r '.stopped | sort | join(" ")' "$STACK_ROOT/projects/boot/boot.json"; }
assert_eq "as before" stopped "$(kept)"
ok stack up -d stopped
assert_eq "none" "" "$(kept)"
ok stack stop stopped
assert_eq "it is again" stopped "$(kept)"

# The supervisor that listens is the unit's: a child of the guard that systemd would have started.
followed() { # FORMER PID
	local pid
	pid=$(head -n 1 "$STACK_RUN/boot/lock") && [ "$pid" != "$1" ] &&
		[ "$(ps -o ppid= "$pid" | tr -d ' ')" = $booted ] && stack ps
}

it "a supervisor that dies leaves the containers alone, and its guard starts another one"
app=$(ps_field app .pid)
ok stack kill db
first=$(head -n 1 "$STACK_RUN/boot/lock")
kill -KILL "$first"
wait_for 10 "there is another one" followed "$first"
assert_eq "the same process" "$app" "$(ps_field app .pid)"
assert_eq "what was ended is not started" exited "$(ps_field db .state)"
ok stack start db

it "supervisor restart: another one takes over, no container is touched"
first=$(head -n 1 "$STACK_RUN/boot/lock")
ok stack supervisor restart
wait_for 10 "there is another one" followed "$first"
assert_eq "the same process" "$app" "$(ps_field app .pid)"
fails 2 stack supervisor start

it "a command's supervisor makes room for the unit's when it has done what it is at"
first=$(head -n 1 "$STACK_RUN/boot/lock")
kill -KILL "$booted" "$first"
wait "$booted" || :
ok stack ps # starts one
background stack restart db
restarting=$!
NOTIFY_SOCKET=$T/notify background $(supervisor) 2>>"$T/supervisor.err"
booted=$!
wait_for 10 "the unit's is there" followed "$first"
wait $restarting || fail "stack restart was cut short"
assert_eq "the same process" "$app" "$(ps_field app .pid)"

it "what is asked of a supervisor that is leaving, the next one does"
first=$(head -n 1 "$STACK_RUN/boot/lock")
cat >ask_both.py <<'PY'
import json, os, signal, socket, struct, sys, time

path, pid = sys.argv[1], int(sys.argv[2])

def ask(request):
    asked = socket.socket(socket.AF_UNIX)
    asked.connect(path)
    message = json.dumps(request).encode()
    asked.sendall(struct.pack("<I", len(message)) + message)
    return asked

os.kill(pid, signal.SIGSTOP)
while open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] != "T":
    time.sleep(0.001)
leave = ask({"op": "leave"})
restart = ask({"op": "restart", "services": ["db"]})
os.kill(pid, signal.SIGCONT)
if b'"ok"' not in leave.recv(4096):
    sys.exit("it does not leave")
try:
    begun = restart.recv(4096)
except ConnectionResetError:
    begun = b""
if begun:
    sys.exit(f"it began with what it will not finish: {begun}")
PY
db=$(ps_field db .pid)
ok python3 ask_both.py "$STACK_RUN/boot/control.sock" "$first"
wait_for 10 "there is another one" followed "$first"
assert_eq "not begun" "$db" "$(ps_field db .pid)"

it "after down nothing comes back, until it is up again"
ok stack down -v
NOTIFY_SOCKET=$T/notify ok $(supervisor)
ok stack ps
assert_match "nothing" "not up" "$err"

it "damaged: said, with what to do"
echo '{' >"$STACK_ROOT/projects/boot/boot.json"
fails 78 $(supervisor)
assert_match "says so" 'damaged' "$err"

it "disable"
ok stack disable
[ ! -e "$UNIT" ] && [ ! -L "$LINK" ] && [ ! -e "$STACK_ROOT/projects/boot/boot.json" ] || fail "files are left"
ok stack disable
assert_match "told" 'was not enabled' "$err"
kill $listener
no_leaks
