#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What goes wrong outside of the stack file: a sentence, a status, and running it again converges.
. "$(dirname "$0")/lib.sh"

simple() { # NAME EXTRA
	project "$1" <<-YML
		services:
		  one: {image: "example/busybox:1.35", command: ["sleep", "1000"], stop_grace_period: 0s${2-}}
		  two: {image: "example/busybox:1.35", command: ["sleep", "1000"], stop_grace_period: 0s}
	YML
}

it "an image that is not there"
simple noimage ', pull_policy: never'
sed -i '0,/example\/busybox:1.35/s//example\/nothing:9/' stack.yml
fails 1 stack up -d
assert_match "the image and what to do" "'example/nothing:9'.*stack image import" "$err"
simple noregistry
sed -i '0,/example\/busybox:1.35/s//localhost:9\/nothing:9/' stack.yml
fails 1 stack up -d
assert_match "where it was looked for" "pull 'localhost:9/nothing:9': .*'localhost:9'" "$err"
ok stack down
no_leaks

it "a bind source that is not there, an env_file that is not there"
simple nosource ', volumes: [{type: bind, source: ./missing, target: /data, bind: {create_host_path: false}}]'
fails 1 stack up -d
assert_match "the source" "missing" "$err"
mkdir missing
ok stack up -d
ok stack down
simple noenv ', env_file: [missing.env]'
capture stack up -d
assert_between "status" 1 2 "$status"
assert_match "the file" 'missing\.env' "$err"
no_leaks

it "an archive that is broken leaves no image and no file"
head -c 100000 /dev/urandom >"$T/garbage.tar"
fails 1 stack image import "$T/garbage.tar" example/garbage:1
assert_match "says so" 'garbage' "$err"
head -c 50000 "$IMAGE_CACHE/busybox.tar" >"$T/cut.tar"
fails 1 stack image import "$T/cut.tar" example/cut:1
fails 1 stack image import "$T/not-there.tar"
assert_eq "images" 1 "$(stack image ls -q | wc -l)"
assert_eq "layers" 1 "$(ls "$STACK_ROOT/layers" | wc -l)"

it "a full disk while unpacking: said, nothing left, works when there is room"
mkdir "$T/small"
mount -t tmpfs -o size=1m tmpfs "$T/small"
fails 1 env STACK_ROOT="$T/small" "$STACK" image import "$IMAGE_CACHE/busybox.tar" example/busybox:1.35
assert_match "says why" '([Nn]o space|full|room)' "$err"
assert_eq "no layer" 0 "$(find "$T/small/layers" -mindepth 1 -maxdepth 1 ! -name '.*' 2>/dev/null | wc -l)"
mount -o remount,size=20m "$T/small"
ok env STACK_ROOT="$T/small" "$STACK" image import "$IMAGE_CACHE/busybox.tar" example/busybox:1.35
umount "$T/small"

it "two up at once, up and down at once: both end, the state is one of theirs"
simple twice
for round in 1 2 3; do
	stack up -d >"$T/a" 2>&1 </dev/null &
	first=$!
	stack up -d >"$T/b" 2>&1 </dev/null &
	second=$!
	wait $first || fail "round $round: the first up: $(cat "$T/a")"
	wait $second || fail "round $round: the second up: $(cat "$T/b")"
	assert_eq "round $round: two run" 2 "$(stack ps -q | wc -l)"
	assert_eq "one supervisor" 1 "$(supervisor_pid twice | wc -l)"
	stack up -d --force-recreate >"$T/a" 2>&1 </dev/null &
	first=$!
	stack down >"$T/b" 2>&1 </dev/null &
	second=$!
	wait $first || :
	wait $second || fail "round $round: down: $(cat "$T/b")"
	ok stack down
done
no_leaks

it "kill -9 of up and of the supervisor at any moment: up again converges, down leaves nothing"
simple killed ', ports: ["8080:80"]'
for delay in 0.001 0.003 0.006 0.01 0.015 0.02 0.03 0.05; do
	for victim in up supervisor; do
		"$STACK" up -d >"$T/a" 2>&1 </dev/null &
		up=$!
		pause "$delay"
		if [ $victim = up ]; then
			kill -KILL $up 2>/dev/null || :
		else
			for pid in $(supervisor_pid killed); do
				kill -KILL "$pid" 2>/dev/null || :
			done
		fi
		wait $up 2>/dev/null || :
		CASE="killed $victim after $delay s"
		ok stack up -d
		assert_eq "two run" 2 "$(stack ps -q | wc -l)"
		ok stack down
		no_leaks
	done
done

it "kill -9 of the supervisor at any moment of down: down again ends it"
for delay in 0.001 0.003 0.006 0.01 0.02 0.04; do
	ok stack up -d
	stack down >"$T/a" 2>&1 </dev/null &
	down=$!
	pause "$delay"
	for pid in $(supervisor_pid killed); do
		kill -KILL "$pid" 2>/dev/null || :
	done
	wait $down 2>/dev/null || :
	CASE="killed $delay s into down"
	ok stack down
	no_leaks
done
