#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# images: what the services of a file are made from, and which of it is there.
. "$(dirname "$0")/lib.sh"
image busybox
id=$(stack image ls --format json | jq -r '.[0].id')
project pictures <<'YML'
services:
  one: {image: "example/busybox:1.35"}
  two: {image: "docker.io/example/busybox:1.35"}
  missing: {image: nginx}
  made: {build: .}
  bare: {x-stack: {rootfs: host}}
  later: {image: redis, profiles: [extra]}
YML

it "the table: a row for each service that has an image, there or not"
ok stack images
assert_eq "head" "SERVICE IMAGE ID SIZE" "$(head -n 1 <<<"$out" | xargs)"
size=$(stack image ls | sed -n 's/.* \([0-9.]* [KMG]iB\) .*/\1/p')
assert_eq "one that is there" "one example/busybox:1.35 $(cut -c8-19 <<<"$id") $size" "$(grep '^one' <<<"$out" | xargs)"
assert_eq "the same, written in full" "$(grep '^one' <<<"$out" | cut -d' ' -f2- | xargs)" \
	"$(grep '^two' <<<"$out" | cut -d' ' -f2- | xargs)"
assert_eq "one to be pulled, by its whole name" "missing nginx:latest not there" "$(grep '^missing' <<<"$out" | xargs)"
assert_eq "one to be built" "made pictures-made:latest not built" "$(grep '^made' <<<"$out" | xargs)"
assert_no_match "without an image, or not active" '^(bare|later)' "$out"
ok stack --profile extra images later
assert_match "with its profile" '^later +redis:latest +not there' "$out"

it "for services that are named, and for scripts"
ok stack images two made
assert_eq "services" "two made" "$(tail -n +2 <<<"$out" | cut -d' ' -f1 | xargs)"
fails 1 stack images tow
assert_match "one that is none" "did you mean 'two'" "$err"
ok stack images -q
assert_eq "ids, each once" "$id" "$out"
ok stack images -q --format json one
assert_eq "with both" "$id" "$out"
ok stack images --quiet missing
assert_eq "of what is not there" "" "$out"
ok stack images --format json
assert_eq "JSON of what is there" "[\"one\",\"example/busybox:1.35\",\"$id\",false,1,true]" \
	"$(jq -c '.[] | select(.service == "one") | [.service, .image, .id, .built, .layers, .size > 1000000]' <<<"$out")"
assert_eq "and of what is not" '["nginx:latest",null,false,false] ["pictures-made:latest",null,true,false]' \
	"$(jq -c '.[] | select(.id == null) | [.image, .id, .built, has("size")]' <<<"$out" | sort | xargs -d '\n')"
ok stack images --format json missing
assert_eq "always a list" 1 "$(jq length <<<"$out")"
fails 2 stack images --format yaml
assert_match "formats" "table" "$err"

it "works without the project being up, and with it"
ok stack up -d one
ok stack images one
assert_match "up" 'example/busybox:1.35' "$out"

it "a store that cannot be read is no image that is not there"
stored=$(find "$STACK_ROOT/images/stack" -name "${id#sha256:}.json")
cp "$stored" "$T/stored" && echo nonsense >"$stored"
fails 1 stack images
assert_match "whose" "service 'one'" "$err"
cp "$T/stored" "$stored"
