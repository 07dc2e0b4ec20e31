#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every form of an image that can be imported, by the tools that make them.
. "$(dirname "$0")/lib.sh"
make_image=$TREE/examples/containers-from-scratch/make-image.sh

runs() { # IMAGE: its output in $out
	project try <<-YML
		services:
		  one: {image: "$1", stop_grace_period: 0s}
	YML
	ok stack up -d
	wait_for 5 "it is done" state_is one exited
	assert_eq "exit code of $1" 0 "$(ps_field one .exit_code)"
	ok stack logs --no-log-prefix one
	cp "$T/out" "$T/ran"
	ok stack down
	out=$(cat "$T/ran")
}

mkdir -p "$T/1/dir" "$T/2/dir" "$T/1/opaque" "$T/2/opaque"
echo one | tee "$T/1/lower" "$T/1/both" "$T/1/gone" "$T/1/dir/a" "$T/1/opaque/old" >/dev/null
echo two | tee "$T/2/both" "$T/2/dir/b" "$T/2/opaque/new" >/dev/null
: >"$T/2/.wh.gone"
: >"$T/2/opaque/.wh..wh..opq"
show='["sh", "-c", "cat /lower /both; ls -d /gone /dir/* /opaque/* 2>/dev/null; true"]'
"$make_image" "$T/saved.tar" example/saved:1 "$show" "$IMAGE_CACHE/busybox.tar" "$T/1" "$T/2"
want=$'one\ntwo\n/dir/a\n/dir/b\n/opaque/new'

it "docker save, whiteouts and opaque directories; layers are shared"
ok stack image import "$T/saved.tar"
runs example/saved:1
assert_eq "merged" "$want" "$out"
assert_eq "three layers, one of them busybox's" 3 "$(ls "$STACK_ROOT/layers" | wc -l)"

it "the layout of new docker save and OCI archives and directories (skopeo)"
if command -v skopeo >/dev/null; then
	skopeo --insecure-policy copy -q "docker-archive:$T/saved.tar" "oci:$T/oci:latest"
	skopeo --insecure-policy copy -q "docker-archive:$T/saved.tar" "oci-archive:$T/oci.tar:latest"
	skopeo --insecure-policy copy -q "docker-archive:$T/saved.tar" "docker-archive:$T/again.tar:example/again:1"
	ok stack image import "$T/oci" example/oci-dir:1
	runs example/oci-dir:1
	assert_eq "OCI directory" "$want" "$out"
	ok stack image import "$T/oci.tar" example/oci-tar:1
	runs example/oci-tar:1
	assert_eq "OCI archive" "$want" "$out"
	ok stack image import "$T/again.tar"
	runs example/again:1
	assert_eq "skopeo's docker-archive" "$want" "$out"
	ok skopeo inspect --raw "oci:$STACK_ROOT/images:docker.io/example/saved:1"
fi

it "a root file system as a directory and as a compressed tar, with --change"
mkdir "$T/rootfs"
tar -C "$T/rootfs" -xf "$IMAGE_CACHE/busybox.tar"
ok stack image import "$T/rootfs" example/dir:1 -c 'ENTRYPOINT ["echo"]' -c 'CMD ["from", "a directory"]'
runs example/dir:1
assert_eq "directory" "from a directory" "$out"
for compressor in gzip zstd xz; do
	command -v $compressor >/dev/null || continue
	$compressor -c "$IMAGE_CACHE/busybox.tar" >"$T/rootfs.$compressor"
	ok stack image import "$T/rootfs.$compressor" example/$compressor:1 -c 'CMD ["echo", "unpacked"]'
	runs example/$compressor:1
	assert_eq "$compressor" unpacked "$out"
done

it "the configuration counts"
ok stack image import "$IMAGE_CACHE/busybox.tar" example/conf:1 -c 'USER web' -c 'WORKDIR /tmp' \
	-c 'ENV GREETING=hello' -c 'VOLUME /home' -c 'CMD ["sh", "-c", "id -un; pwd; echo $GREETING; mount | grep -c /home"]'
runs example/conf:1
assert_eq "user, directory, environment, volume" $'web\n/tmp\nhello\n1' "$out"

it "what is under an image's volume is copied into a new volume, owners too"
mkdir -p "$T/vol/data"
echo seed >"$T/vol/data/file"
"$make_image" "$T/vol.tar" example/vol:1 '["sh", "-c", "cat /data/file"]' "$IMAGE_CACHE/busybox.tar" "$T/vol"
ok stack image import "$T/vol.tar"
project copyup <<'YML'
services:
  one: {image: "example/vol:1", volumes: ["data:/data"], stop_grace_period: 0s}
volumes: {data: }
YML
ok stack up -d
wait_for 5 "it is done" state_is one exited
assert_eq "the content" seed "$(stack logs --no-log-prefix one)"
assert_eq "in the volume" seed "$(cat "$STACK_ROOT"/volumes/*data*/_data/file)"
ok stack down -v

it "a digest that is wrong is refused"
if command -v skopeo >/dev/null; then
	blob=$(find "$T/oci/blobs/sha256" -size +100k | head -n 1)
	printf x | dd of="$blob" bs=1 seek=5000 conv=notrunc status=none
	fails 1 stack image import "$T/oci" example/forged:1
	assert_match "says which" '(digest|sha256|damaged|corrupt|does not match)' "$err"
	fails 1 stack image rm example/forged:1
fi

it "ls and rm; the last name takes the layers along"
ok stack image ls
assert_match "a row" '^example/saved:1 ' "$out"
ok stack image ls --format json
for name in $(stack image ls --format json | jq -rs 'flatten | .[].reference // .[].image // .[].name' 2>/dev/null | sort -u); do
	ok stack image rm "$name"
done
assert_eq "no layer is left" 0 "$(ls "$STACK_ROOT/layers" | wc -l)"
assert_eq "no image is left" "" "$(stack image ls -q)"
