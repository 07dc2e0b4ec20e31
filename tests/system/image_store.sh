#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The image store: what is saved comes back byte for byte, others read it, prune and df count and
# take away only what nothing uses, and many layers and many writers at once are no trouble.
. "$(dirname "$0")/lib.sh"
for tool in skopeo umoci podman python3; do
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

# podman with all that it writes in the test's directory, but for a cache that has no option.
podman_alone() {
	mkdir -p /var/lib/containers/cache
	unshare --mount sh -euc 'mount -t tmpfs tmpfs /var/lib/containers/cache; exec podman "$@"' sh \
		--root "$T/podman/root" --runroot "$T/podman/run" --tmpdir "$T/podman/tmp" \
		--storage-driver vfs --events-backend none "$@"
}

it "so does podman"
cd "$STACK_ROOT" # podman makes a name of the path, where $T has capital letters
ok podman_alone pull -q "oci:images:$BUSYBOX"
ok podman_alone image inspect --format '{{.Id}}  -{{"\n"}}{{json .RootFS.Layers}}' "$out"
cd "$T"
assert_eq "the configuration and layers that podman has" "$original" "$out"

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

totals() { stack image df --format json | jq -r --arg kind "$1" --arg key "$2" '.total[$kind][$key]'; }

# A file system of its own, and one that has the first layer of it in common.
make_image() { # NAME CONTENT
	mkdir -p "$T/fs-$1"
	head -c 300000 /dev/urandom >"$T/fs-$1/$2"
	stack image import -q "$T/fs-$1" "test/$1:1" >/dev/null
}

it "df counts what is there, and prune takes only what nothing uses"
make_image one a
make_image two b
ok stack image tag test/two:1 test/two:again
project app <<'YML'
services:
  a: {image: example/busybox:1.35, command: [sleep, "1000"], stop_grace_period: 0s}
  b: {image: example/busybox:1.35, command: [sh, -c, "head -c 200000 /dev/zero | tr '\\0' x >/big"]}
YML
ok stack up -d
ok stack stop
assert_eq "images, with a second name" 4 "$(totals images count)"
assert_between "what nothing uses" 1000000 1600000 "$(totals images reclaimable)"
assert_between "upper layers of containers" 200000 400000 "$(totals containers size)"
ok stack image df -v
assert_match "who uses what" 'example/busybox:1.35 .*app/' "$out"
ok stack image prune
assert_eq "names after a prune without -a" 4 "$(stack image ls -q | wc -l)"
fails 1 stack image prune -a
assert_match "nobody there to say yes" '-f prunes' "$err"
ok stack image prune -a -f
assert_match "what was removed" '^test/two:again$' "$out"
assert_eq "what the stopped containers use is left" example/busybox:1.35 \
	"$(stack image ls --format json | jq -r '.[].reference | sub("docker.io/"; "")')"
assert_eq "layers that are left" 1 "$(find "$STACK_ROOT/layers" -mindepth 1 -maxdepth 1 | wc -l)"
fails 1 stack image rm example/busybox:1.35
assert_match "rm spares it as well" "uses the image" "$err"
ok stack start
ok stack down

it "an image that an enabled project will use after a boot stays"
mkdir -p "$STACK_ROOT/projects/later"
jq -n '{project: {services: {web: {image: "example/busybox:1.35"}}}}' >"$STACK_ROOT/projects/later/boot.json"
ok stack image prune -a -f
assert_eq "images" 1 "$(stack image ls -q | wc -l)"
rm -r "$STACK_ROOT/projects/later"
ok stack image prune -a -f
assert_eq "images, with nobody left" 0 "$(stack image ls -q | wc -l)"
assert_eq "layers and blobs" "" "$(ls "$STACK_ROOT/layers" "$STACK_ROOT/images/blobs/sha256" | grep -v :)"
image busybox

it "many imports, saves and prunes at once leave a store that is whole"
for i in 1 2 3 4 5 6; do
	mkdir -p "$T/many-$i"
	head -c 100000 /dev/urandom >"$T/many-$i/f"
	stack image import -q "$T/many-$i" "many/$i:1" >"$T/many-$i.out" 2>&1 &
	stack image prune >"$T/prune-$i.out" 2>&1 &
	stack image save -o "$T/save-$i.tar" example/busybox:1.35 2>&1 &
done
for job in $(jobs -p); do wait "$job" || fail "one of them failed: $(cat "$T"/many-*.out "$T"/prune-*.out)"; done
assert_eq "images" 7 "$(stack image ls -q | wc -l)"
for i in 1 2 3 4 5 6; do
	ok skopeo inspect "oci:$STACK_ROOT/images:docker.io/many/$i:1"
	cmp -s "$T/save-$i.tar" "$T/save-1.tar" || fail "two archives of one image differ"
done
assert_eq "what is left in tmp/" "" "$(ls -A "$STACK_ROOT/images/tmp")"

it "an image of 500 layers runs"
python3 - "$T/deep.tar" "$IMAGE_CACHE/busybox.tar" <<'PY'
import hashlib, io, json, sys, tarfile
out = tarfile.open(sys.argv[1], "w")
def put(name, data):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    out.addfile(info, io.BytesIO(data))
layers, diff_ids = [], []
def layer(data):
    digest = hashlib.sha256(data).hexdigest()
    put(digest + "/layer.tar", data)
    layers.append(digest + "/layer.tar")
    diff_ids.append("sha256:" + digest)
layer(open(sys.argv[2], "rb").read())
for i in range(499):
    data = io.BytesIO()
    one = tarfile.open(fileobj=data, mode="w")
    for name, text in (("layer", str(i)), ("layers/%d" % i, "")):
        info = tarfile.TarInfo(name)
        info.size = len(text)
        one.addfile(info, io.BytesIO(text.encode()))
    one.close()
    layer(data.getvalue())
put("config.json", json.dumps({"architecture": "amd64", "os": "linux", "config": {"Cmd": ["sh"]},
                               "rootfs": {"type": "layers", "diff_ids": diff_ids}}).encode())
put("manifest.json", json.dumps([{"Config": "config.json", "RepoTags": ["deep:1"], "Layers": layers}]).encode())
out.close()
PY
ok stack image import -q "$T/deep.tar"
project deep <<'YML'
services:
  d: {image: "deep:1", command: [sh, -c, "cat /layer; echo; ls /layers | wc -l"]}
YML
ok stack run --rm d
assert_eq "the uppermost layer, and how many there are" "498 499" "$(tr -d '\r' <<<"$out" | xargs)"
ok stack down

it "commit: the changes of a container on top of its image, as umoci unpacks them"
mkdir -p "$T/fs-rich/etc/sub" "$T/fs-rich/gone/deep" "$T/fs-rich/replaced"
cp "$(command -v busybox)" "$T/fs-rich/busybox"
echo old >"$T/fs-rich/etc/kept" && echo old >"$T/fs-rich/etc/removed" && echo old >"$T/fs-rich/replaced/old"
ok stack image import -q -c 'CMD ["/busybox", "sleep", "1000"]' -c 'ENV A=1' "$T/fs-rich" test/rich:1
project rich <<'YML'
services:
  host: {image: "test/rich:1", stop_grace_period: 0s}
  mapped: {image: "test/rich:1", userns_mode: "map=0:200000:65536", stop_grace_period: 0s}
YML
ok stack up -d
for service in host mapped; do
	ok stack exec -T $service /busybox sh -c '/busybox rm -r /etc/removed /gone /replaced && /busybox mkdir /replaced &&
		echo new >/replaced/new && echo new >/etc/new && /busybox ln /etc/new /etc/link &&
		/busybox chown 12:34 /etc/new && /busybox chmod 4750 /etc/new && /busybox ln -s /nowhere /symlink'
	ok stack commit -c 'CMD ["/busybox", "cat", "/etc/new"]' -c 'ENV B=2' -m "some changes" $service made/$service:1
	assert_match "what it says" "^made/$service:1 .* in 2 layers" "$out"
	rm -rf "$T/unpacked"
	ok skopeo copy -q "oci:$STACK_ROOT/images:docker.io/made/$service:1" "oci:$T/out-$service:1"
	ok umoci raw unpack --image "$T/out-$service:1" "$T/unpacked"
	cd "$T/unpacked"
	assert_eq "what is there in $service's" "busybox etc etc/kept etc/link etc/new replaced replaced/new symlink" \
		"$({ find etc replaced gone busybox symlink 2>/dev/null || :; } | grep -v etc/sub | grep -vE '^etc/(hosts|hostname|resolv.conf|mtab)$' | sort | xargs)"
	assert_eq "owner, mode and links of a file" "12 34 4750 2" "$(stat -c '%u %g %a %h' etc/new)"
	assert_eq "owner of the root" "0 0" "$(stat -c '%u %g' .)"
	cd "$T/rich"
	assert_eq "the configuration" '{"Cmd":["/busybox","cat","/etc/new"],"Env":["A=1","B=2"]}' \
		"$(skopeo inspect --config "oci:$T/out-$service:1" | jq -c '.config | {Cmd, Env}')"
	assert_eq "the history" "some changes" "$(skopeo inspect --config "oci:$T/out-$service:1" | jq -r '.history[-1].comment')"
done

it "commit: a container that changes under it leads it nowhere"
mkdir "$STACK_ROOT/projects/stolen"
for i in $(seq 1000); do echo canary >"$STACK_ROOT/projects/stolen/$i"; done
ok stack exec -T host /busybox sh -c "/busybox mkdir -p /race/dir /race/real &&
	for i in \$(/busybox seq 1000); do echo inside >/race/dir/\$i; done && /busybox ln -s $STACK_ROOT/projects/stolen /race/link"
background "$STACK" exec -T host /busybox sh -c 'cd /race
	while :; do /busybox mv dir real/dir; /busybox mv link dir; /busybox mv dir link; /busybox mv real/dir dir; done' >"$T/race.log" 2>&1
racer=$!
for i in $(seq 10); do
	"$STACK" commit --pause=false host made/race:1 >/dev/null 2>"$T/err" || : # a file may be gone, and be told
	layer=$(stack image ls --format json | jq -r '.[] | select(.reference | test("made/race")).layers[-1]')
	[ -z "$layer" ] || assert_eq "round $i" "" "$(grep -rl canary "$STACK_ROOT/layers/$layer/race" 2>/dev/null || :)"
done
[ -n "$layer" ] || fail "no commit went well: $(cat "$T/err")"
kill $racer
wait $racer || :
rm -r "$STACK_ROOT/projects/stolen"
ok stack image rm made/race:1
ok stack down
fails 1 stack commit host made/x:1
assert_match "a project that is not up" "not up" "$err"
sed -i 's|image: "test/rich:1"|image: "made/host:1"|' stack.yml
ok stack run --rm host
assert_match "what the new image runs" new "$out"
ok stack down
