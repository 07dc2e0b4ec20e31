#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# stack-image against skopeo and umoci: every form of image in, the same tree out; damage, kills
# and two imports at once leave the store as it was.
set -u

STACK_IMAGE=${STACK_BUILD:-build}/stack-image
for tool in skopeo umoci python3 busybox; do
	command -v "$tool" >/dev/null || { echo "skipped: $tool is not installed"; exit 77; }
done
[ "$(id -u)" = 0 ] || { echo "skipped: needs root"; exit 77; }
# What is mounted here no other test shall see come or go.
[ -n "${STACK_TEST_INSIDE-}" ] || exec env STACK_TEST_INSIDE=1 unshare --mount sh "$0"

work=$(mktemp -d /tmp/image-import-XXXXXX)
trap 'rm -rf "$work"' EXIT
export STACK_ROOT="$work/root" STACK_RUN="$work/run"
failures=0

fail() { echo "FAIL: $*"; failures=$((failures + 1)); }
image() { "$STACK_IMAGE" "$@"; }
id_of() { image ls --format json | python3 -c '
import json, sys
print(next((i["id"] for i in json.load(sys.stdin) if i["reference"] == sys.argv[1]), "none"))' "$1"; }

# Every path with type, mode, owner, size, link count, time (not of implied directories) and content.
tree() { python3 - "$1" <<'PY' | sort
import hashlib, os, stat, sys
root = sys.argv[1]
for path, dirs, files in os.walk(root):
    for name in sorted(dirs + files) + [""]:
        full = os.path.join(path, name) if name else path
        st = os.lstat(full)
        what = ""
        if stat.S_ISLNK(st.st_mode):
            what = os.readlink(full)
        elif stat.S_ISREG(st.st_mode):
            what = hashlib.sha256(open(full, "rb").read()).hexdigest()
        attributes = [(n, os.getxattr(full, n, follow_symlinks=False))
                      for n in sorted(os.listxattr(full, follow_symlinks=False))
                      if not n.startswith("trusted.overlay")]
        links = st.st_nlink if stat.S_ISREG(st.st_mode) else 0
        print(os.path.relpath(full, root), oct(st.st_mode), st.st_uid, st.st_gid, st.st_rdev,
              links, int(st.st_mtime), what, attributes)
PY
}

expect_error() { # words that the sentence has, then the command
	words=$1
	shift
	if image "$@" >"$work/out" 2>&1; then
		fail "'$*' succeeded"
	elif ! grep -q "$words" "$work/out"; then
		fail "'$*' said: $(cat "$work/out")"
	fi
}

expect_clean() {
	leftovers=$(ls -A "$STACK_ROOT/images/tmp"; ls -A "$STACK_ROOT/layers" | grep '^\.')
	[ -z "$leftovers" ] || fail "$1 left $leftovers"
}

# A root file system with one of everything.
fs=$work/fs
mkdir -p "$fs/bin" "$fs/etc" "$fs/tmp" "$fs/dev" "$fs/öäü"
cp "$(command -v busybox)" "$fs/bin/busybox"
ln "$fs/bin/busybox" "$fs/bin/ls"
ln -s busybox "$fs/bin/sh"
ln -s /nowhere "$fs/dangling"
chmod 1777 "$fs/tmp"
chmod 4755 "$fs/bin/busybox"
mkfifo -m 0640 "$fs/fifo"
mknod -m 0666 "$fs/dev/null" c 1 3
echo data >"$fs/etc/owned"
chown 1234:4321 "$fs/etc/owned"
truncate -s 1M "$fs/etc/sparse"
python3 -c 'import os, sys
os.setxattr(sys.argv[1], "security.capability", bytes.fromhex("0100000200040000000000000000000000000000"))' \
	"$fs/bin/busybox"
touch -d 2020-01-02T03:04:05Z "$fs/etc/owned"
find "$fs" -exec touch -h -d 2021-01-01T00:00:00Z {} +

# 1. The same tree in every form has the same layer.
image import -c 'CMD ["/bin/sh"]' -c 'ENV A=b' "$fs" one:1 >/dev/null || fail "import a directory"
layer=$STACK_ROOT/layers/$(ls "$STACK_ROOT/layers")
tree "$fs" >"$work/want"
tree "$layer" >"$work/got"
diff -u "$work/want" "$work/got" || fail "the directory and its layer differ"
store=oci:$STACK_ROOT/images:docker.io/library/one:1
skopeo inspect "$store" >/dev/null || fail "skopeo does not read the store"
skopeo --insecure-policy copy -q "$store" "docker-archive:$work/docker.tar:two:1"
skopeo --insecure-policy copy -q "$store" "oci-archive:$work/oci.tar:3"
skopeo --insecure-policy copy -q "$store" "oci:$work/layout:4"
image import "$work/docker.tar" >/dev/null || fail "import an archive of docker save"
image import "$work/oci.tar" three:1 >/dev/null || fail "import an OCI archive"
image import "$work/layout" >/dev/null || fail "import an OCI layout"
tar -C "$work/layout" -cf - . | xz | image import - five >/dev/null || fail "import from a pipe"
[ "$(ls "$STACK_ROOT/layers" | wc -l)" = 1 ] || fail "one layer became several"
[ "$(id_of docker.io/library/two:1)" = "$(id_of docker.io/library/one:1)" ] ||
	fail "docker save changed the image"
for name in docker.io/library/three:1 docker.io/library/layout:4 docker.io/library/five:latest; do
	[ "$(id_of "$name")" != none ] || fail "$name is not there"
done
for compress in cat gzip xz zstd bzip2; do
	tar -C "$fs" --xattrs --xattrs-include='*' -cf - . | $compress >"$work/rootfs.tar"
	image import "$work/rootfs.tar" "fs/$compress" >/dev/null || fail "import a $compress rootfs"
done
expect_clean "importing"

# 2. docker save before version 25: directories with layer.tar, the second a link to the first.
old=$work/old
mkdir -p "$old/$(printf 'a%.0s' $(seq 64))" "$old/$(printf 'b%.0s' $(seq 64))"
tar -C "$fs" -cf "$old/$(printf 'a%.0s' $(seq 64))/layer.tar" etc
ln -s "../$(printf 'a%.0s' $(seq 64))/layer.tar" "$old/$(printf 'b%.0s' $(seq 64))/layer.tar"
python3 - "$old" <<'PY'
import hashlib, json, sys
root, a, b = sys.argv[1], "a" * 64 + "/layer.tar", "b" * 64 + "/layer.tar"
diff = "sha256:" + hashlib.sha256(open(f"{root}/{a}", "rb").read()).hexdigest()
json.dump({"os": "linux", "config": {"Cmd": ["x"]},
           "rootfs": {"type": "layers", "diff_ids": [diff, diff]}}, open(f"{root}/config.json", "w"))
json.dump([{"Config": "config.json", "RepoTags": ["old:1", "old:2"], "Layers": [a, b]}],
          open(f"{root}/manifest.json", "w"))
PY
tar -C "$old" -cf "$work/old.tar" $(ls "$old")
[ "$(image import "$work/old.tar" | wc -l)" = 2 ] || fail "import an old archive with two names"
[ "$(image ls --format json | python3 -c '
import json, sys
print(next(len(i["layers"]) for i in json.load(sys.stdin) if i["reference"].endswith("old:2")))')" \
	= 1 ] || fail "a layer that is there twice is stacked twice"

# 3. An image of two layers unpacks as umoci does it: whiteouts, changes, new files.
umoci unpack --image "$work/layout:4" "$work/bundle" >/dev/null 2>&1
rm "$work/bundle/rootfs/bin/sh"
echo new >"$work/bundle/rootfs/etc/new"
mkdir "$work/bundle/rootfs/made"
umoci repack --image "$work/layout:5" "$work/bundle" >/dev/null 2>&1
skopeo --insecure-policy copy -q "oci:$work/layout:5" "oci:$work/layout2:5"
image import "$work/layout2" six >/dev/null || fail "import an image of umoci"
umoci unpack --image "$work/layout2:5" "$work/again" >/dev/null 2>&1
mkdir "$work/merged"
lower=$(image ls --format json | python3 -c '
import json, os, sys
image = next(i for i in json.load(sys.stdin) if i["reference"].endswith("/six:latest"))
print(":".join(os.environ["STACK_ROOT"] + "/layers/" + l for l in reversed(image["layers"])))')
if mount -t overlay overlay -o "lowerdir=$lower" "$work/merged" 2>/dev/null; then
	tree "$work/merged" >"$work/got"
	umount "$work/merged"
	tree "$work/again/rootfs" >"$work/want"
	diff -u "$work/want" "$work/got" || fail "umoci unpacks to another tree"
fi

# 4. Damage is named and leaves nothing.
before=$(find "$STACK_ROOT" | sort)
expect_error "No such file" import "$work/missing"
expect_error "neither an image nor" import /etc/passwd x
expect_error "is empty" import /dev/null x
expect_error "lower case" import "$fs" BAD
expect_error "did you mean 'CMD'" import -c 'CDM x' "$fs" x
expect_error "did you mean 'one:1'" rm one:l
head -c 700000 "$work/docker.tar" >"$work/cut.tar"
expect_error "cut off" import "$work/cut.tar"
head -c 700000 "$work/rootfs.tar" >"$work/cut.tar"
expect_error "cut off" import "$work/cut.tar"
for at in 20000 300000 900000; do
	cp "$work/docker.tar" "$work/flipped.tar"
	printf 'flip' | dd of="$work/flipped.tar" bs=1 seek=$at conv=notrunc 2>/dev/null
	expect_error "layer .* unpacks to\|damaged" import "$work/flipped.tar"
done
cp -r "$work/layout" "$work/flipped"
for blob in $(ls -S "$work/flipped/blobs/sha256" | head -1); do
	printf 'flip' | dd of="$work/flipped/blobs/sha256/$blob" bs=1 seek=500 conv=notrunc 2>/dev/null
done
expect_error "has the digest" import "$work/flipped"
head -c 1200000000 /dev/zero >"$work/zeros"
tar -C "$work" -cf - zeros | gzip -1 >"$work/bomb.tar.gz"
rm "$work/zeros"
expect_error "times its size" import "$work/bomb.tar.gz" bomb
expect_error "room for" import --max-size 100k "$fs" big
[ "$before" = "$(find "$STACK_ROOT" | sort)" ] || fail "a failed import left something"

# 5. A full disk, in a store of its own.
mkdir "$work/small"
if mount -t tmpfs -o size=2m tmpfs "$work/small" 2>/dev/null; then
	if STACK_ROOT=$work/small image import --max-size 1g "$work/docker.tar" >"$work/out" 2>&1; then
		fail "2 MiB were enough"
	fi
	grep -q "not enough space" "$work/out" || fail "a full disk said: $(cat "$work/out")"
	[ -z "$(find "$work/small" -name '[0-9a-f]*' -size +100k)" ] || fail "a full disk stays full"
	umount "$work/small"
fi

# 6. Killed at any moment, and two at once.
image rm three:1 five >/dev/null || fail "rm"
for delay in 0.002 0.005 0.01 0.02 0.04; do
	timeout -s KILL $delay "$STACK_IMAGE" import -c "ENV D=$delay" "$fs" killed >/dev/null 2>&1
	image import -c "ENV D=$delay" "$fs" killed >/dev/null || fail "import after a kill"
	expect_clean "a killed import"
done
for i in 1 2 3 4; do
	image import -c "ENV I=$i" "$fs" "parallel:$i" >/dev/null 2>&1 &
done
wait
[ "$(image ls | grep -c parallel)" = 4 ] || fail "parallel imports lost an image"

# 7. Interrupted while it reads from a pipe: it ends by the signal and tidies up by itself.
before=$(find "$STACK_ROOT" | sort)
mkfifo "$work/gate"
{ head -c 100000 "$work/docker.tar"; read -r _ <"$work/gate"; tail -c +100001 "$work/docker.tar"; } |
	env --default-signal=INT "$STACK_IMAGE" import - interrupted >"$work/out" 2>&1 &
importing=$!
begun() { [ -n "$(find "$STACK_ROOT/images/tmp" -type f)" ] && pid=$(pgrep -nf "$STACK_IMAGE import - interrupted"); }
for _ in $(seq 100); do begun && break; sleep 0.05; done
kill -INT "$pid"
echo >"$work/gate"
status=0
wait $importing || status=$?
[ $status = 130 ] || fail "an interrupted import ended with $status: $(cat "$work/out")"
[ ! -s "$work/out" ] || fail "an interrupted import said: $(cat "$work/out")"
[ "$before" = "$(find "$STACK_ROOT" | sort)" ] || fail "an interrupted import left something"

# 8. What a container uses stays.
mkdir -p "$STACK_RUN/p/containers/p-web-1"
printf '{"image_id":"%s"}' "$(id_of docker.io/library/old:1)" \
	>"$STACK_RUN/p/containers/p-web-1/record.json"
image rm old:2 >/dev/null || fail "rm one of two names"
expect_error "p/p-web-1" rm old:1
used=$(image ls --format json | python3 -c '
import json, sys
print(next(i["layers"][0] for i in json.load(sys.stdin) if i["reference"].endswith("old:1")))')
image rm -f old:1 >/dev/null || fail "rm -f"
[ -d "$STACK_ROOT/layers/$used/etc" ] || fail "rm -f took a layer in use"
rm -r "$STACK_RUN/p"
image ls --format json | python3 -c '
import json, sys
print("\n".join(i["reference"] for i in json.load(sys.stdin)))' | xargs "$STACK_IMAGE" rm >/dev/null
[ -z "$(ls -A "$STACK_ROOT/layers" "$STACK_ROOT/images/blobs/sha256" | grep '^[0-9a-f]')" ] ||
	fail "layers or blobs are left after the last image"

[ $failures = 0 ] && echo "image_import: all right"
exit $((failures > 0))
