#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Races at the start of a container: another one that shares a volume with it exchanges directories and
# links all the time while 500 starts resolve paths there.
. "$(dirname "$0")/lib.sh"

# STARTS: of each case.  In the virtual machine, or under the sanitizers' slowness, a few tell as much.
STARTS=$((500 / ${STACK_TEST_SLOW:-1}))
CANARY=$T/canary
mkdir -p "$CANARY/target" "$CANARY/null"
echo canary >"$CANARY/file"

host_state() {
	find "$CANARY" -printf '%p %y %m %s %T@\n' | sort
	cat "$CANARY/file" /proc/sys/kernel/core_pattern
	awk '{ print $5, $9 }' /proc/self/mountinfo
}

# starts SERVICE: start it STARTS times; a start that fails must say that it saw the race, or a file of the
# wrong kind because of it
starts() {
	local good=0 i
	for ((i = 0; i < STARTS; i++)); do
		capture stack restart -t 0 "$1"
		if [ "$status" = 0 ]; then
			good=$((good + 1))
		else
			assert_match "why it did not start" "moved away|symbolic link|directory|not created|create|exist|open|/dev|busy|temporarily" "$err"
		fi
	done
	echo "  ($good of $STARTS starts came through)"
	[ $good -gt 0 ] || fail "not one start came through"
}

swapping() {
	log_like swapping racer
}

project races <<YML
x-racer: &racer {image: example/busybox:1.35, stop_grace_period: 0s}
services:
  racer:
    <<: *racer
    command: ["sh", "-c", "mkdir -p /shared/dir/target; ln -sfn $CANARY /shared/link; exec /attack swap /shared/dir /shared/link"]
    volumes: ["./attack:/attack:ro", "shared:/shared"]
  victim:
    image: example/busybox:1.35
    command: ["sleep", "1000"]
    stop_grace_period: 0s
    working_dir: /shared/dir/work
    volumes: ["shared:/shared", "other:/shared/dir/target", "./attack:/shared/dir/file:ro"]
    tmpfs: ["/shared/dir/tmp"]
volumes: {shared: , other: }
YML
cp "$BUILD/tests/attack" attack
before=$(host_state)

it "class 3 (CVE-2021-30465): the target of a mount becomes a link to the host while it is resolved"
ok stack up -d racer
wait_for 10 "the racer runs" swapping
capture stack up -d
starts victim
ok stack down -v
assert_eq "the host" "$before" "$(host_state)"

it "class 5 (CVE-2025-31133): /dev/null becomes a link while paths are masked"
cat >stack.yml <<YML
services:
  racer:
    image: example/busybox:1.35
    command: ["sh", "-c", "ln -sfn /proc/sys/kernel/core_pattern /shared/link; touch /shared/null; exec /attack swap /shared/null /shared/link"]
    stop_grace_period: 0s
    volumes: ["./attack:/attack:ro", "shared:/shared"]
  victim:
    image: example/busybox:1.35
    command: ["sh", "-c", "echo \$\$(cat /proc/interrupts /proc/keys /proc/timer_list 2>/proc/self/fd/2 | wc -c) >>/out/sizes; exec sleep 1000"]
    stop_grace_period: 0s
    volumes: ["shared:/dev", "./out:/out"]
volumes: {shared: }
YML
mkdir out
ok stack up -d racer
wait_for 10 "the racer runs" swapping
capture stack up -d
starts victim
assert_eq "bytes of masked files" "0" "$(sort -u out/sizes | xargs)"
ok stack down -v
assert_eq "the host" "$before" "$(host_state)"
