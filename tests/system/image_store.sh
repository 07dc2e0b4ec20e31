#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The image store: what is saved comes back byte for byte, others read it, prune and df count and
# take away only what nothing uses, and many layers and many writers at once are no trouble.
. "$(dirname "$0")/lib.sh"
for tool in skopeo umoci python3; do
	command -v "$tool" >/dev/null || skip "$tool is not installed"
done
image busybox
BUSYBOX=docker.io/example/busybox:1.35

id_of() { stack image ls --format json | jq -r --arg r "$1" '.[] | select(.reference == $r) | .id'; }
# The digests that make an image what it is: of its configuration and its unpacked layers.
nature() { # SKOPEO-SOURCE
	skopeo inspect --raw --config "$1" | sha256sum
	skopeo inspect --config "$1" | jq -c .rootfs.diff_ids
}
store=oci:$STACK_ROOT/images:$BUSYBOX

it "skopeo reads the store as it lies there"
ok skopeo inspect "$store"
assert_match "what skopeo sees" '"Os": "linux"' "$out"
original=$(nature "$store") id=$(id_of $BUSYBOX)

it "an image that is saved and imported again is the same, whatever its compression"
for compression in keep none gzip zstd; do
	ok stack image save --compression $compression -o "$T/$compression.tar" example/busybox:1.35
	assert_eq "the configuration and layers in $compression.tar" "$original" \
		"$(nature "oci-archive:$T/$compression.tar:$BUSYBOX")"
	STACK_ROOT=$T/root-$compression ok stack image import "$T/$compression.tar"
	again=oci:$T/root-$compression/images:$BUSYBOX
	assert_eq "what was imported from $compression.tar" "$original" "$(nature "$again")"
done
assert_eq "the id, where nothing was recompressed" "$id" "$(STACK_ROOT=$T/root-keep id_of $BUSYBOX)"
[ "$(stat -c %s "$T/gzip.tar")" -lt "$(stat -c %s "$T/none.tar")" ] || fail "gzip made it no smaller"
stack image save --compression zstd example/busybox:1.35 | cmp - "$T/zstd.tar" || fail "the same image, another archive"

it "docker's format too"
ok stack image save --format docker-archive -o "$T/docker.tar" example/busybox:1.35
assert_eq "what skopeo reads of it" "$(tail -n 1 <<<"$original")" \
	"$(skopeo inspect --config "docker-archive:$T/docker.tar" | jq -c .rootfs.diff_ids)"
STACK_ROOT=$T/root-docker ok stack image import "$T/docker.tar"
assert_eq "what was imported of it" "$original" "$(nature "oci:$T/root-docker/images:$BUSYBOX")"
rm -rf "$T"/root-*

it "what cannot be saved is told"
fails 1 stack image save -o "$T/none.tar" nothing:1
assert_match "who asks for an image that is not there" "no image 'nothing:1'" "$err"
assert_eq "what is left of the archive" 0 "$(stat -c %s "$T/none.tar")"
fails 2 stack image save --format zip -o "$T/x.tar" example/busybox:1.35
fails 2 stack image save --format docker-archive --compression gzip -o "$T/x.tar" example/busybox:1.35
