#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# x-stack.rootfs: containers from a directory, or from the host itself, without any image.
TEST_IMAGES=
. "$(dirname "$0")/lib.sh"

mkdir -p "$T/rootfs/tree/bin" "$T/rootfs/tree/etc" "$T/rootfs/tree/data"
cp "$(command -v busybox)" "$T/rootfs/tree/bin/"
for name in sh sleep cat ls id touch mount; do ln -s busybox "$T/rootfs/tree/bin/$name"; done
echo 'web:x:1000:1000::/home/web:/bin/sh' >"$T/rootfs/tree/etc/passwd"
echo in the directory >"$T/rootfs/tree/data/file"
echo secret >"$STACK_ROOT/secret"

project rootfs <<'YML'
x-idle: &idle {command: ["sleep", "1000"], stop_grace_period: 0s}
services:
  dir:
    <<: *idle
    user: web
    volumes: ["filled:/data", "./here:/here"]
    tmpfs: [/scratch]
    x-stack: {rootfs: ./tree}
  mapped: {<<: *idle, userns_mode: auto, x-stack: {rootfs: ./tree}}
  host: {<<: *idle, x-stack: {rootfs: host}}
  closed: {<<: *idle, read_only: true, x-stack: {rootfs: host}}
volumes:
  filled:
YML
ok stack up -d

it "runs what is in the directory, and writes nothing there"
assert_eq "the user of its own /etc/passwd" 1000 "$(inside dir id -u)"
assert_eq "a file" "in the directory" "$(inside dir cat /data/file)"
assert_eq "the volume was filled from it" "in the directory" "$(cat "$STACK_ROOT"/volumes/rootfs_filled/_data/file)"
ok stack exec -T -u 0 dir sh -c 'echo changed >/etc/passwd && touch /new /here/mine && rm -r /bin/ls'
assert_eq "as it was" 'web:x:1000:1000::/home/web:/bin/sh' "$(cat tree/etc/passwd)"
[ ! -e tree/new ] && [ -e tree/bin/ls ] || fail "the directory was written to"
[ -e here/mine ] || fail "the bind mount is not there"
assert_eq "what it is made of" "rootfs:$PWD/tree" "$(ps_field dir .image)"
assert_eq "its layers" "$PWD/tree" "$(inspect_field dir '.detail.layers[0]')"

it "user ids of its own, and root's files are still root's"
assert_eq "owner" 0 "$(inside mapped busybox stat -c %u /data/file)"
assert_between "on the host" 1073741824 1879048191 "$(stat -c %u "/proc/$(pid_of mapped)")"

it "a second up changes nothing; another directory makes a new container"
before=$(pid_of dir)
ok stack up -d
assert_match "second up" "nothing to do" "$err"
assert_eq "the same process" "$before" "$(pid_of dir)"
cp -a tree tree2
sed -i '0,/rootfs: .\/tree/s//rootfs: .\/tree2/' stack.yml
fails 3 stack plan
assert_match "why" "dir.*x-stack" "$out"
ok stack up -d
assert_eq "now" "$PWD/tree2" "$(inspect_field dir '.detail.layers[0]')"

it "the host's own root, below a layer of its own"
assert_eq "a program of the host" "$(bash --version)" "$(inside host bash --version)"
ok inside host sh -c 'echo mine >/etc/stack-test-marker'
assert_eq "there" mine "$(inside host cat /etc/stack-test-marker)"
[ ! -e /etc/stack-test-marker ] || fail "the container wrote to the host"
fails 1 inside closed touch /etc/stack-test-marker
assert_eq "the container's own name" "$(ps_field host .name)" "$(inside host hostname)"
assert_eq "its first process" sleep "$(inside host cat /proc/1/comm)"

it "neither store nor sockets are to be seen in it, whatever way they are asked for"
ok inside host ls -A "$STACK_ROOT"
assert_eq "the store" "" "$out"
ok inside host ls -A "$STACK_RUN"
assert_eq "run" "" "$out"
assert_eq "behind a link" "" "$(inside host sh -c "ln -s $STACK_ROOT /l && ls -A /l/")"
fails 1 inside host cat "$STACK_ROOT/secret"
fails 1 inside host touch "$STACK_ROOT/x"
fails 32 inside host umount "$STACK_ROOT"

it "says once what it exposes, and check finds it"
ok stack up -d
assert_match "note" "note: .*'rootfs: host' host, closed can read .*/etc/shadow" "$err"
ok stack up -d dir
assert_no_match "nothing of theirs" "note" "$err"
ok stack ps
assert_eq "not again" "" "$err"
fails 1 stack check host --format json
assert_eq "found" host-root "$(jq -rs 'flatten | map(.rule? // .name? // .id?) | map(select(. == "host-root")) | .[0]' <<<"$out")"

it "stops and starts with what was written, and runs one-off commands"
ok stack restart -t 0 host
assert_eq "still there" mine "$(inside host cat /etc/stack-test-marker)"
ok stack run --rm -T mapped cat /data/file
assert_eq "run" "in the directory" "$out"
ok stack down -v -t 0

check_file() { # KEYS REGEX
	printf 'services:\n  a: {%s}\n' "$1" >stack.yml
	fails 2 stack config -q
	assert_match "$1" "stack.yml:2:[0-9]*: services.a: $2" "$err"
}

it "is refused together with an image, and where it is not there"
check_file 'image: x, command: y, x-stack: {rootfs: host}' "x-stack.rootfs: not together with 'image'"
check_file 'build: ., command: y, x-stack: {rootfs: ./tree}' "x-stack.rootfs: not together with 'build'"
printf 'services:\n  a: {command: x, x-stack: {rootfs: ./none}}\n' >stack.yml
fails 1 stack up -d
assert_match "nothing there" "service 'a': x-stack.rootfs: there is no '$PWD/none'" "$err"
printf 'services:\n  a: {command: x, x-stack: {rootfs: ./stack.yml}}\n' >stack.yml
fails 1 stack up -d
assert_match "a file" "stack.yml' is not a directory" "$err"
printf 'services:\n  a: {x-stack: {rootfs: ./tree}}\n' >stack.yml
fails 1 stack up -d
assert_match "nothing to run" "add 'command:'" "$err"
