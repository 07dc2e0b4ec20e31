#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# System tests on another kernel than this one: stock Debian 12 with pure cgroup v2, once with a bare init and once
# under systemd, and once on systemd's hybrid hierarchy.  Status 77: skipped, with the reason.
set -u
cd "$(dirname "$0")/../.." || exit 1
build=${STACK_BUILD:-$PWD/build}
images=${STACK_IMAGE_CACHE:-/var/cache/stack-images}
export STACK_VM_CACHE=${STACK_VM_CACHE:-/var/cache/stack-vm}

tests/packages.sh vm || {
	echo "SKIP: QEMU cannot be installed here"
	exit 77
}
mkdir -p "$STACK_VM_CACHE"
tests/vm/make.sh >"$STACK_VM_CACHE/make.log" 2>&1 || {
	tail -n 5 "$STACK_VM_CACHE/make.log"
	echo "SKIP: the virtual machine cannot be made (no packages to be had?)"
	exit 77
}
[ -e "$images/busybox.tar" ] || STACK=true examples/images/build.sh --force busybox

bad=0
boot_and_run() { # NAME TESTS PREFIX RUN-OPTION...
	local tests=$2 prefix=$3 began=$SECONDS status=0
	echo "--- $1"
	shift 3
	tests/vm/run.sh "$@" -t 600 -s "$PWD:/tree:ro" -s "$build:/build:ro" -s "$images:/images" -- \
		"export STACK_BUILD=/build STACK_IMAGE_CACHE=/images STACK_TEST_SLOW=10
		for test in $tests; do $prefix /tree/tests/system/\$test.sh || { echo \"FAIL: vm: \$test\"; bad=1; }; done
		exit \${bad:-0}" || status=$?
	echo "--- status $status after $((SECONDS - began)) s"
	return $status
}

# As in run.sh: one that fails twice has a reason.
in_vm() {
	boot_and_run "$@" && return
	echo "FAIL: vm: $1 (at first)"
	boot_and_run "$@" && return
	echo "FAIL: vm: $1"
	bad=1
}

in_vm "cgroup v2, bare init" "first container sandbox userns apparmor network cgroups" "" -i simple
in_vm "cgroup v2, systemd" "first supervise" "" -i systemd
in_vm "cgroup v2, a systemd unit with Delegate=yes" "first cgroups" \
	"systemd-run --quiet --pipe --wait -p Delegate=yes -E STACK_BUILD -E STACK_IMAGE_CACHE -E STACK_TEST_SLOW -E STACK_TEST_HOST=1" -i systemd
in_vm "systemd brings projects up" "systemd" "env STACK_TEST_HOST=1" -i systemd
in_vm "a kernel without legacy iptables" "firewall_nft" "/tree/tests/vm/without_legacy.sh" -i simple
in_vm "hybrid cgroups, systemd" "first cgroups sandbox" "" -i systemd -g hybrid
exit $bad
