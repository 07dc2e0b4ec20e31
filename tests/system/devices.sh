#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Devices of the host in a container, and the rules that say which may be used.
. "$(dirname "$0")/lib.sh"

# Nodes like the host's: 1:3 null, 1:5 zero, 10:237 loop-control, which no container may use by itself.
nodes=$T/nodes
mkdir "$nodes"
cd "$T"
mknod -m 640 nodes/log c 10 237
mkdir -p nodes/bus/usb
mknod nodes/bus/usb/one c 1 5
mknod nodes/bus/two c 1 3
ln -s log nodes/by-name
: <nodes/log || skip "this kernel has no loop devices"
echo text >nodes/file

project devices <<YML
x-idle: &idle {image: example/busybox:1.35, command: ["sleep", "1000"], stop_grace_period: 0s}
services:
  all: {<<: *idle, devices: ["$nodes/by-name:/dev/some/log"]}
  some:
    <<: *idle
    devices:
      - $nodes/log:r
      - {source: $nodes/log, target: /opt/log, permissions: r}
  directory: {<<: *idle, devices: ["$nodes/bus:/dev/bus"]}
  rules: {<<: *idle, device_cgroup_rules: ["c 10:237 r"]}
  both: {<<: *idle, device_cgroup_rules: ["a *:* rwm"]}
  none: {<<: *idle}
  ids: {<<: *idle, userns_mode: auto, devices: ["$nodes/log:/dev/log0"]}
YML

can() { # SERVICE r|w PATH
	if [ "$2" = r ]; then
		inside "$1" sh -c ": <$3"
	else
		inside "$1" sh -c ": >$3"
	fi
}

refused() { # SERVICE r|w PATH
	capture can "$@"
	assert_match "$1 opens $3 ($2)" 'Operation not permitted|not permitted' "$err"
}

ok stack up -d
it "a device under another name, through a link of the host"
assert_eq "node" "c a:ed 640" "$(inside all stat -c '%A %t:%T %a' /dev/some/log | sed 's/^c[^ ]*/c/')"
ok can all r /dev/some/log
ok can all w /dev/some/log

it "permissions hold, in exec too"
ok can some r "$nodes/log"
refused some w "$nodes/log"
ok can some r /opt/log
refused some w /opt/log
ok inside none mknod /tmp/log c 10 237
refused none r /tmp/log

it "a directory is all devices in it"
assert_eq "what is there" "bus/two bus/usb/one" "$(inside directory sh -c 'cd /dev && find bus -type c | sort | xargs')"
ok can directory w /dev/bus/usb/one

it "device_cgroup_rules let a node of one's own be used"
for service in rules both; do
	ok inside $service mknod /tmp/log c 10 237
	ok can $service r /tmp/log
done
refused rules w /tmp/log
ok can both w /tmp/log

it "with ids of its own the device is its root's"
assert_eq "owner" "0:0" "$(inside ids stat -c %u:%g /dev/log0)"
ok can ids r /dev/log0

it "the same after a restart of container and supervisor"
supervisor=$(supervisor_pid devices)
kill -KILL "$supervisor"
wait_for 5 "the supervisor has ended" test ! -e "/proc/$supervisor"
ok stack restart some
ok can some r /opt/log
refused some w /opt/log
ok stack down
no_leaks

it "what is not there, or no device, is said; up again goes on when it is there"
one() { # DEVICE
	printf 'services:\n  a:\n    image: example/busybox:1.35\n    command: [sleep, "1000"]\n    stop_grace_period: 0s\n    devices: ["%s"]\n' "$1" >stack.yml
}
one "$nodes/later"
fails 1 stack up -d
assert_match "missing" "devices: '$nodes/later': No such file or directory" "$err"
mknod "$nodes/later" c 1 3
ok stack up -d
ok inside a sh -c ": >$nodes/later"
ok stack down
one "$nodes/file"
fails 1 stack up -d
assert_match "a file" "'$nodes/file' is neither a device nor a directory of devices" "$err"
ok stack down

it "the stack file says where it is wrong"
wrong() { # DEVICE PATTERN
	one "$1"
	fails 2 stack config
	assert_match "$1" "stack.yml:6:15: services.a.devices\[0\]: .*$2" "$err"
}
wrong "dev/null" "a device needs a 'source', an absolute path"
wrong "/dev/null:/dev/x:rwx" "the permissions 'rwx'"
wrong "/dev/null:/dev/pts/0" "is made for every container"
wrong "/dev/ptmx" "every container has a '/dev/ptmx' of its own"
wrong "/dev/null:/dev/x/../shm" "is made for every container"
wrong "nvidia.com/gpu=all" "Container Device Interface"
for rule in "c 1:3" "x 1:3 r" "c 1 r" "c a:3 r" "c 1:3 rx" "c -1:3 r" "c 1:3  r" "" "c 99999999999:1 r"; do
	printf 'services:\n  a:\n    image: example/busybox:1.35\n    device_cgroup_rules: ["%s"]\n' "$rule" >stack.yml
	fails 2 stack config
	assert_match "$rule" "stack.yml:4:27: services.a.device_cgroup_rules: '.*' is no rule such as" "$err"
done
