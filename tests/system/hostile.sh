#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Everything the kernel can be asked for, by stress-ng and by trinity's random system calls, from inside of a
# container with the usual restrictions: supervisor and neighbour live, nothing is left, the kernel is unharmed.
# STACK_TEST_LONG=1 takes two minutes for it instead of half of one.
. "$(dirname "$0")/lib.sh"

SECONDS_EACH=$([ -n "${STACK_TEST_LONG-}" ] && echo 30 || echo 8)
command -v stress-ng >/dev/null || skip "no stress-ng"

# An image of these programs, their libraries and a shell.
mkdir -p "$T/rootfs/bin" "$T/rootfs/etc"
cp "$(command -v busybox)" "$T/rootfs/bin/busybox"
for applet in sh sleep cat; do
	ln -s busybox "$T/rootfs/bin/$applet"
done
for program in stress-ng trinity; do
	path=$(command -v $program) || continue
	cp "$path" "$T/rootfs/bin/"
	ldd "$path" | grep -o '/[^ ]*' | sort -u | while read -r library; do
		mkdir -p "$T/rootfs$(dirname "$library")"
		cp -L "$library" "$T/rootfs$library"
	done
done
echo 'nobody:x:65534:65534::/tmp:/bin/sh' >"$T/rootfs/etc/passwd"
ok stack image import "$T/rootfs" hostile:1

project hostile <<'YML'
x-limits: &limits
  image: hostile:1
  command: ["sleep", "100000"]
  stop_grace_period: 0s
  working_dir: /tmp
  tmpfs: ["/tmp:size=128m,exec"]
  mem_limit: 512m
  pids_limit: 512
services:
  root: *limits
  nobody: {<<: *limits, user: nobody}
  neighbour: {image: "hostile:1", command: ["sleep", "100000"], stop_grace_period: 0s}
YML

# What the kernel says is wrong with itself.  A virtual CPU that the machine below does not run for
# a while is a "soft lockup" too, and nobody's fault in here; "traps:" is a program that failed.
complaints() {
	dmesg 2>/dev/null | grep -E 'BUG:|WARNING:|Oops|general protection|Kernel panic|refcount_t' |
		grep -v -e 'soft lockup' -e 'traps: ' || :
}

before=$(complaints)
ok stack up -d
supervisor=$(supervisor_pid hostile)
neighbour=$(pid_of neighbour)

host_is_well() {
	assert_eq "supervisor" "$supervisor" "$(supervisor_pid hostile)"
	assert_eq "neighbour" "$neighbour running" "$(pid_of neighbour) $(ps_field neighbour .state)"
	ok inside neighbour cat /etc/passwd
	assert_eq "complaints of the kernel" "$before" "$(complaints)"
}

for class in os filesystem scheduler; do
	it "stress-ng: the $class class"
	capture timeout --foreground -k 5 $((SECONDS_EACH + 60)) "$STACK" exec -T root stress-ng --class $class --all 1 \
		--timeout "${SECONDS_EACH}s" --temp-path /tmp --oom-avoid --no-rand-seed
	assert_match "it ran" 'dispatching hogs' "$out $err"
	echo "  ($(grep -ohE '(un)?successful run completed.*' "$T/out" "$T/err" | tail -n 1))"
	# Whatever it left running goes with the container.
	ok stack restart -t 0 root
	host_is_well
done

it "trinity: random system calls, as root with docker's capabilities and as nobody"
if command -v trinity >/dev/null; then
	for service in root nobody; do
		capture timeout --foreground -k 5 $((SECONDS_EACH + 60)) "$STACK" exec -T $service busybox timeout -s KILL "$SECONDS_EACH" \
			trinity -q -l off -C 2 -N 1000000 $([ $service = nobody ] || echo --dangerous)
		ok stack restart -t 0 $service
		host_is_well
	done
else
	echo "  (left out: no trinity)"
fi
ok stack down
