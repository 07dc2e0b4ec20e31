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
has_four() { [ "$(inside app /busybox cat /src/file)" = four ]; }
wait_for 60 "the next one" has_four
