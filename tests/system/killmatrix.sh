#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kill -9 of the supervisor at its k-th system call of a kind, of those that change something, during up, down,
# restart and scale; and at random moments.  The same command again ends what was begun, and nothing is left
# after down.  STACK_TEST_LONG=1 takes every k and 200 random moments.
. "$(dirname "$0")/lib.sh"

command -v strace >/dev/null || skip "no strace"
strace -o /dev/null true 2>/dev/null || skip "strace may not trace here"
image busybox

calls='sendmsg sendto write writev mkdir mkdirat rmdir renameat unlinkat mount umount2 setns unshare setsockopt
bind vfork pidfd_send_signal fchmod ftruncate symlinkat'
steps='1 2 4 9 20 50'
random=25
least=40
if sanitized; then # every step takes several times as long
	steps=1
	random=4
	least=15
fi
if [ -n "${STACK_TEST_LONG-}" ]; then
	steps=$(seq 400)
	random=200
fi

mkdir "$T/kill"
cd "$T/kill"
small() {
	cat >stack.yml <<'YML'
services:
  a: {image: "example/busybox:1.35", command: [sleep, "1000"], ports: ["8080:80"], stop_grace_period: 0s}
YML
}
large() {
	cat >stack.yml <<'YML'
services:
  a: {image: "example/busybox:1.35", command: [sleep, "1000"], ports: ["8081:80"], mem_limit: 64m, stop_grace_period: 0s,
      networks: [default, two]}
  b: {image: "example/busybox:1.35", command: [sleep, "1000"], volumes: ["data:/data"], depends_on: [a], stop_grace_period: 0s}
networks: {two: {}}
volumes: {data: {}}
YML
}
running() { [ "$(ps_json | jq -r '[.[] | select(.state == "running") | .service] | sort | join(" ")')" = "$1" ]; }

do_up() { stack up -d; }
do_down() { stack down; }
do_restart() { stack restart; }
do_scale() { stack scale a=3; }
prepare_up() {
	small
	ok stack up -d
	large
}
prepare_down() {
	large
	ok stack up -d
}
prepare_restart() { prepare_down; }
prepare_scale() {
	small
	ok stack up -d
}
reached_up() { running "a b" && stack plan; }
reached_down() { [ -z "$(supervisor_pid kill)" ]; }
reached_restart() { running "a b" && stack plan; }
reached_scale() { running "a a a"; }

# strace 6.1 may wait for ever for threads that were killed at the same moment: SIGTERM only interrupts that.
end_tracer() { # PID
	kill -TERM "$1" 2>/dev/null || :
	for _ in $(seq 40); do
		grep -qs '^State:.[^Z]' "/proc/$1/status" || break
		pause 0.05
	done
	kill -KILL "$1" 2>/dev/null || :
	wait "$1" 2>/dev/null || :
}

# The supervisor is to die at its Kth CALL while OPERATION is carried out.  1: it did not come to that.
disturb() { # OPERATION CALL K
	local victim tracer killed=1
	"prepare_$1"
	victim=$(supervisor_pid kill)
	strace -f -qq -o "$T/trace" -p "$victim" -e trace="$2" -e inject="$2:signal=KILL:when=$3" 2>/dev/null &
	tracer=$!
	attached() { ! grep -q '^TracerPid:.0$' "/proc/$victim/status"; }
	wait_for 5 "strace is there" attached
	capture "do_$1"
	if grep -qs 'killed by SIGKILL' "$T/trace"; then killed=0; fi
	end_tracer $tracer
	: >"$T/trace"
	return $killed
}

settle() { # OPERATION
	ok "do_$1"
	wait_for 10 "what was asked for" "reached_$1"
	ok stack down -v
	check_leaks || fail "something is left"
}

points=0
for operation in up down restart scale; do
	for call in $calls; do
		for k in $steps; do
			CASE="killed at $call number $k of $operation"
			if disturb $operation "$call" "$k"; then
				points=$((points + 1))
				settle $operation
			else
				ok stack down -v
				break
			fi
		done
	done
done
echo "- killed at $points points of up, down, restart and scale"
assert_between "points" $least 100000 $points

for n in $(seq $random); do
	operation=$(printf '%s\n' up down restart scale | sed -n "$((n % 4 + 1))p")
	CASE="killed at random moment $n, in $operation"
	"prepare_$operation"
	victim=$(supervisor_pid kill)
	"do_$operation" >/dev/null 2>&1 &
	doer=$!
	pause "0.0$(printf %02d $((RANDOM % 60)))"
	kill -KILL $victim 2>/dev/null || :
	wait $doer || :
	settle $operation
done
echo "- killed at $random random moments"
