#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Limits, as the kernel has them: v1, v2 or hybrid.
. "$(dirname "$0")/lib.sh"

project limits <<'YML'
services:
  limited:
    image: example/busybox:1.35
    command: ["sleep", "1000"]
    mem_limit: 32m
    cpus: 0.5
    cpu_shares: 512
    pids_limit: 20
    stop_grace_period: 0s
  deployed:
    image: example/busybox:1.35
    command: ["sleep", "1000"]
    deploy: {resources: {limits: {memory: 16M, cpus: "0.25", pids: 30}}}
    stop_grace_period: 0s
YML

# knob SERVICE V1-CONTROLLER V1-FILE V2-FILE: its content, of whichever hierarchy has the controller
knob() {
	local pid path mount
	pid=$(pid_of "$1")
	path=$(awk -F: -v c="$2" '{ n = split($2, a, ","); for (i = 1; i <= n; i++) if (a[i] == c) print $3 }' "/proc/$pid/cgroup")
	mount=$(awk -v c="$2" '$(NF-2) == "cgroup" && ("," $NF ",") ~ ("," c ",") { print $5; exit }' /proc/self/mountinfo)
	if [ -n "$path" ] && [ -n "$mount" ]; then
		echo "v1 $(cat "$mount$path/$3")"
	else
		path=$(awk -F: '$1 == 0 { print $3 }' "/proc/$pid/cgroup")
		mount=$(awk '$(NF-2) == "cgroup2" { print $5; exit }' /proc/self/mountinfo)
		echo "v2 $(cat "$mount$path/$4")"
	fi
}

ok stack up -d
it "memory"
assert_match "32 MiB" '^v[12] 33554432$' "$(knob limited memory memory.limit_in_bytes memory.max)"
assert_match "16 MiB" '^v[12] 16777216$' "$(knob deployed memory memory.limit_in_bytes memory.max)"

it "cpu"
assert_match "quota" '^(v1 50000|v2 50000 100000)$' "$(knob limited cpu cpu.cfs_quota_us cpu.max)"
assert_match "quota by deploy" '^(v1 25000|v2 25000 100000)$' "$(knob deployed cpu cpu.cfs_quota_us cpu.max)"
assert_match "shares" '^(v1 512|v2 50)$' "$(knob limited cpu cpu.shares cpu.weight)"

it "pids: a fork bomb stops at the limit"
assert_match "limit" '^v[12] 20$' "$(knob limited pids pids.max pids.max)"
capture inside limited sh -c 'for i in $(seq 40); do sleep 20 & done; wait' || :
[ "$status" != 0 ] || fail "40 processes fit into a limit of 20"

it "out of memory: 137, told as such, and only the offender"
fails 137 inside limited sh -c 'exec tail /dev/zero'
assert_eq "the service runs on" running "$(ps_field limited .state)"

it "a changed limit is applied by up"
sed -i 's/mem_limit: 32m/mem_limit: 48m/' stack.yml
fails 3 stack plan
assert_match "plan names the service" 'limited' "$out"
assert_no_match "and not the other" 'deployed' "$out"
ok stack up -d
assert_match "48 MiB" '^v[12] 50331648$' "$(knob limited memory memory.limit_in_bytes memory.max)"
ok stack down
no_leaks

it "disk I/O: rates by device, changed and taken away while it runs"
disk=$(find /dev -maxdepth 1 -type b \( -name vda -o -name sda -o -name nvme0n1 -o -name loop0 \) | sort -r | head -n 1)
has_io() {
	grep -qw blkio /proc/self/cgroup || grep -qw io /sys/fs/cgroup/cgroup.controllers /sys/fs/cgroup/unified/cgroup.controllers 2>/dev/null
}
if [ -z "$disk" ] || ! has_io; then
	echo "SKIP: no block device, or no controller of disk I/O"
else
	number=$(printf '%d:%d' "0x$(stat -c %t "$disk")" "0x$(stat -c %T "$disk")")
	cat >stack.yml <<-YML
		services:
		  io:
		    image: example/busybox:1.35
		    command: ["sleep", "1000"]
		    stop_grace_period: 0s
		    blkio_config:
		      weight: 200
		      device_read_bps: [{path: $disk, rate: 12mb}]
		      device_write_iops: [{path: $disk, rate: 30}]
	YML
	ok stack up -d
	pid=$(pid_of io)
	assert_match "bytes" "^(v1 $number 12582912|v2 $number rbps=12582912 wbps=max riops=max wiops=30)$" \
		"$(knob io blkio blkio.throttle.read_bps_device io.max)"
	assert_match "operations" "(^v1 $number 30|wiops=30)$" "$(knob io blkio blkio.throttle.write_iops_device io.max)"
	sed -i 's/12mb/1mb/; /write_iops/d' stack.yml
	ok stack up -d
	assert_match "changed" "^(v1 $number 1048576|v2 $number rbps=1048576 wbps=max riops=max wiops=max)$" \
		"$(knob io blkio blkio.throttle.read_bps_device io.max)"
	assert_match "taken away" '^(v1 |v2 .* wiops=max)$' "$(knob io blkio blkio.throttle.write_iops_device io.max)"
	assert_eq "the same process" "$pid" "$(pid_of io)"
	sed -i "s|$disk|/dev/nothing-here|" stack.yml
	fails 1 stack up -d
	assert_match "a device that is not there" "blkio_config: '/dev/nothing-here'" "$err"
	sed -i "s|/dev/nothing-here|/dev/null|" stack.yml
	fails 1 stack up -d
	assert_match "no block device" 'is no block device' "$err"
	ok stack down
fi
no_leaks
