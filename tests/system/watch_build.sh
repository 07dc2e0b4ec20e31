#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# develop.watch with `rebuild`: what is saved is in a new image, and its container runs.
TEST_IMAGES=
. "$(dirname "$0")/lib.sh"
command -v buildah >/dev/null || skip "buildah is not installed"

project rebuilt <<'YML'
services:
  app:
    build:
      context: .
      dockerfile_inline: |
        FROM scratch
        COPY busybox /busybox
        COPY src /src
    command: ["/busybox", "sleep", "1000"]
    stop_grace_period: 0s
    develop: {watch: [{path: ./src, action: rebuild}]}
YML
cp "$(command -v busybox)" .
mkdir src
echo one >src/file

it "builds and replaces when a file is saved"
background "$STACK" watch >"$T/watch.log" 2>&1
watcher=$!
wait_for 60 "it watches" grep -q 'watching 1 path;' "$T/watch.log"
assert_eq "the first image" one "$(inside app /busybox cat /src/file)"
echo two >src/file
has_two() { [ "$(inside app /busybox cat /src/file)" = two ]; }
wait_for 60 "the second image" has_two

it "keeps what runs when it cannot be built, and goes on"
before=$(pid_of app)
mv busybox kept
echo three >src/file
wait_for 60 "told" grep -q 'app: stays as it was' "$T/watch.log"
assert_eq "the same process" "$before" "$(pid_of app)"
mv kept busybox
echo four >src/file
has() { [ "$(inside app /busybox cat /src/file)" = "$1" ]; }
wait_for 60 "the next one" has four
for i in 1 2 3; do
	for k in 1 2 3; do echo "$i.$k" >src/file; done
	wait_for 60 "the last of some" has "$i.3"
done

it "ends at once with Ctrl-C while it builds, and leaves nothing half-made"
sed -i 's|COPY src /src|&\n        RUN ["/busybox", "sleep", "4321"]|' stack.yml
echo five >src/file
wait_for 60 "it builds" pgrep -f '[s]leep 4321'
kill -INT $watcher
status=0
wait $watcher || status=$?
assert_eq "status" 0 "$status"
! pgrep -f '[s]leep 4321' || fail "the build goes on"
assert_eq "what runs" 3.3 "$(inside app /busybox cat /src/file)"

it "a quiet one says nothing of builds, --prune keeps one image, and new containers have what is copied"
sed -i '/sleep.*4321/d; s|develop: .*|develop: {watch: [{path: ./src, action: rebuild}, {path: ./more, action: sync, target: /more, initial_sync: true}]}|' stack.yml
mkdir more
echo more >more/file
images() { skopeo inspect --raw "oci:$STACK_ROOT/images:docker.io/library/rebuilt-app:latest" >/dev/null && ls "$STACK_ROOT/images/blobs/sha256" | wc -l; }
background "$STACK" watch --quiet --prune >"$T/watch.log" 2>&1
wait_for 60 "it watches" grep -q 'watching 2 paths;' "$T/watch.log"
has_more() { [ "$(inside app /busybox cat /more/file)" = more ]; }
wait_for 10 "at the beginning" has_more
echo six >src/file
wait_for 60 "built" has six
wait_for 10 "in the new container" has_more
wait_for 10 "pruned" grep -q freed "$T/watch.log"
before=$(images)
echo seven >src/file
wait_for 60 "built again" has seven
pruned_again() { [ "$(grep -c freed "$T/watch.log")" -ge 2 ]; }
wait_for 10 "pruned again" pruned_again
assert_eq "blobs in the store" "$before" "$(images)"
assert_no_match "what the builds say" ' \| ' "$(cat "$T/watch.log")"
