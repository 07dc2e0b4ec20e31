#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Containers that take all they can get: they are held, their neighbour does not notice, and down ends them.
. "$(dirname "$0")/lib.sh"

# The files of the containers are on a small disk of their own.
mkdir "$T/disk"
mount -t tmpfs -o size=48m tmpfs "$T/disk"
snapshot >"$T/before"
export STACK_ROOT=$T/disk/root
image busybox
project bombs <<'YML'
x-bomb: &bomb
  image: example/busybox:1.35
  volumes: ["./bomb:/bomb:ro"]
  stop_grace_period: 0s
services:
  neighbour:
    image: example/busybox:1.35
    command: ["busybox", "httpd", "-f", "-p", "8080", "-h", "/etc"]
    stop_grace_period: 0s
  forks: {<<: *bomb, profiles: [forks], command: ["/bomb", "forks"], pids_limit: 100}
  memory: {<<: *bomb, profiles: [memory], command: ["/bomb", "memory"], mem_limit: 32m, memswap_limit: 32m, restart: "on-failure:3"}
  files: {<<: *bomb, profiles: [files], command: ["/bomb", "files"], ulimits: {nofile: 500}}
  disk: {<<: *bomb, profiles: [disk], command: ["sh", "-c", "dd if=/dev/zero of=/full bs=1M; echo full; exec sleep 1000"]}
  tmpfs: {<<: *bomb, profiles: [tmpfs], command: ["sh", "-c", "dd if=/dev/zero of=/data/full bs=1M; echo full; exec sleep 1000"], tmpfs: ["/data:size=4m"]}
  flood: {<<: *bomb, profiles: [flood], command: ["yes", "a line of the flood, of eighty bytes or so, again and again and again and again"], logging: {options: {max-size: 256k, max-file: "2"}}}
  orphans: {<<: *bomb, profiles: [orphans], command: ["/bomb", "orphans", "10000"], init: true, pids_limit: 200}
  zombies: {<<: *bomb, profiles: [zombies], command: ["/bomb", "orphans", "10000"], pids_limit: 200}
  stubborn: {<<: *bomb, profiles: [stubborn], command: ["/bomb", "stubborn"], stop_grace_period: 1s}
YML
cp "$BUILD/tests/bomb" bomb
ok stack up -d
supervisor=$(supervisor_pid bombs)

neighbour_is_well() {
	assert_eq "what the neighbour serves" "$(inside neighbour cat /etc/hostname)" \
		"$(fetch "http://$(address_of neighbour):8080/hostname")"
	assert_eq "state of the neighbour" running "$(ps_field neighbour .state)"
	assert_eq "the supervisor" "$supervisor" "$(supervisor_pid bombs)"
}

# The value of a file of SERVICE's cgroup, by its pids controller.
pids_of() {
	local dir
	for dir in /sys/fs/cgroup/pids /sys/fs/cgroup; do
		cat "$dir/$CGROUP_ROOT/bombs/bombs-$1-1/pids.current" 2>/dev/null && return
	done
}

processes_of() { # SERVICE: all in its pid namespace, by what the host sees
	local ns pid
	ns=$(readlink "/proc/$(pid_of "$1")/ns/pid")
	for pid in /proc/[0-9]*; do
		[ "$(readlink "$pid/ns/pid" 2>/dev/null)" != "$ns" ] || echo "${pid#/proc/}"
	done
}

pids_at_limit() { # SERVICE LIMIT
	[ "$(pids_of "$1")" = "$2" ]
}

start() { # SERVICE
	ok stack --profile "$1" up -d
}

stop() { # SERVICE
	local begin
	begin=$(now_ms)
	ok stack up -d --remove-orphans
	echo "  ($1 was ended in $(($(now_ms) - begin)) ms)"
	assert_eq "containers of $1" 0 "$(ps_json | jq --arg s "$1" 'map(select(.service == $s)) | length')"
}

it "a fork bomb"
start forks
wait_for 20 "it has all processes it may have" pids_at_limit forks 100
neighbour_is_well
capture timeout 20 "$STACK" exec -T forks true
[ "$status" != 124 ] || fail "exec into the bomb hangs"
assert_between "processes" 1 100 "$(pids_of forks)"
stop forks

it "a memory bomb, four times"
start memory
wait_for 30 "it has failed for good" state_is memory exited
assert_eq "killed by its limit" "137 true" "$(ps_field memory '"\(.exit_code) \(.oom_killed)"')"
neighbour_is_well
stop memory

it "a bomb of open files"
start files
wait_for 10 "it has all it may have" log_like '^49[0-9] files, then' files
neighbour_is_well
stop files

it "a full disk"
start disk
disk_is_full() {
	[ "$(df --output=avail "$T/disk" | tail -1)" -lt 64 ]
}
wait_for 20 "the disk is full" disk_is_full
neighbour_is_well
ok stack ps -a
ok stack --profile disk --profile stubborn up -d
assert_eq "another container can start" running "$(ps_field stubborn .state)"
stop disk
assert_between "percent of the disk that are used again" 0 60 "$(df --output=pcent "$T/disk" | tail -1 | tr -d ' %')"
start tmpfs
wait_for 20 "the tmpfs is full" log_like 'No space left' tmpfs
neighbour_is_well
stop tmpfs

it "a flood of lines"
start flood
log_is_rotated() {
	ls "$STACK_ROOT"/projects/bombs/logs/bombs-flood-1.log.1
}
wait_for 20 "the log has been rotated" log_is_rotated
neighbour_is_well
assert_between "bytes of log" 1 $((3 * 256 * 1024)) "$(cat "$STACK_ROOT"/projects/bombs/logs/bombs-flood-1.log* | wc -c)"
# A reader may be overtaken by the next rotations, and then has to look again.
end_is_read() {
	[[ $(stack logs --tail 1 flood) == *'a line of the flood'* ]]
}
wait_for 10 "its end can be read" end_is_read
stop flood

it "10,000 orphans, reaped by init"
start orphans
wait_for 60 "all have been there" log_like '^done' orphans
wait_for 10 "none is left" pids_at_limit orphans 2
neighbour_is_well
stop orphans

it "orphans nobody reaps stop at the limit"
start zombies
wait_for 20 "it has all processes it may have" pids_at_limit zombies 200
neighbour_is_well
stop zombies

it "a process 1 that ignores every signal, and its daemon"
start stubborn
wait_for 10 "both are there" log_has 2 stubborn
assert_eq "processes" 2 "$(processes_of stubborn | wc -l)"
left=$(processes_of stubborn)
stop stubborn
for pid in $left; do
	[ ! -e "/proc/$pid" ] || fail "process $pid is left"
done
neighbour_is_well
ok stack down
no_leaks
umount -l "$T/disk"
snapshot >"$T/before"
