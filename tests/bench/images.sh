# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What bench.sh measures of images: import and pull beside podman, and beside skopeo with umoci.
#
# The tree of the example's postgres (210 MiB) is an image of one layer and one of ten.  All tools read
# what is in the page cache, and write to an ext4 made for each measurement: where files were just removed,
# making new ones takes longer, and whoever comes next would pay for it.  `stack` has an image on the disk
# before it has a name; the others leave that to the kernel.  So each is measured twice: to its end, and to
# the end of a sync of the file system after it, when all have done the same.
I=$T/bench-images
D=$I/disk

# image_archive N: $I/N.tar, a docker archive of that tree cut into N layers
image_archive() {
	local dir=$I/archive part layer layers=() ids=()
	mkdir "$dir"
	split -n "l/$1" -d "$I/files" "$dir/part."
	for part in "$dir"/part.*; do
		layer=${part##*.}.tar
		tar -cf "$dir/$layer" -C "$I/tree" --no-recursion -T "$part"
		layers+=("$layer")
		ids+=("sha256:$(sha256sum <"$dir/$layer" | cut -d' ' -f1)")
	done
	jq -n --arg arch "$(dpkg --print-architecture)" '{architecture: $arch, os: "linux", config: {Cmd: ["sh"]},
		rootfs: {type: "layers", diff_ids: $ARGS.positional}}' --args "${ids[@]}" >"$dir/config.json"
	jq -n --arg name "bench/postgres:$1" '[{Config: "config.json", RepoTags: [$name],
		Layers: $ARGS.positional}]' --args "${layers[@]}" >"$dir/manifest.json"
	tar -cf "$I/$1.tar" -C "$dir" manifest.json config.json "${layers[@]}"
	rm -r "$dir"
}

image_podman() {
	podman --root "$D/podman" --runroot "$STACK_RUN/podman" --storage-driver overlay \
		--storage-opt overlay.skip_mount_home=true --events-backend none "$@"
}

image_umoci() { # SOURCE, as skopeo calls it
	skopeo --insecure-policy copy -q --src-tls-verify=false "$1" "oci:$D/umoci:bench" &&
		umoci unpack --image "$D/umoci:bench" "$D/bundle"
}

image_stack() {
	STACK_ROOT=$D/stack stack image "$@"
}

# image_round WHAT TOOL COMMAND…: one measurement of each kind, in milliseconds
image_round() {
	local file=$T/image.$1.$2
	shift 2
	rm -f "$I/ext4"
	truncate -s 8G "$I/ext4"
	mkfs.ext4 -q "$I/ext4"
	mount -o loop "$I/ext4" "$D"
	timed "$@"
	echo "$ms" >>"$file"
	local alone=$ms
	timed sync -f "$D"
	umount -R "$D"
	awk -v a="$alone" -v b="$ms" 'BEGIN { printf "%.1f\n", a + b }' >>"$file.synced"
}

# image_rows WHAT TOOL…: what each took, and stack's ratio to the fastest of the others
image_rows() {
	local what=$1 kind tool took fastest ours
	shift
	for kind in "" .synced; do
		fastest=
		for tool; do
			took=$(median <"$T/image.$what.$tool$kind")
			row "image, $what, $tool${kind:+, synced}: ms" "$took"
			if [ "$tool" = stack ]; then
				ours=$took
			else
				fastest=$(printf '%s\n' $fastest "$took" | sort -n | head -n 1)
			fi
		done
		row "image, $what${kind:+, synced}: ratio to the fastest" "$(per "$ours" "$fastest")" "${kind:+1}"
	done
}

image_load_stack() { image_stack import "${1#*:}"; }
image_load_podman() { image_podman load -q -i "${1#*:}"; }
image_load_umoci() { image_umoci "$1"; }
image_pull_stack() { image_stack pull -q "$1"; }
image_pull_podman() { image_podman pull -q --tls-verify=false "$1"; }
image_pull_umoci() { image_umoci "docker://$1"; }

# image_compare load|pull WHAT SOURCE TOOL…: by turns, so that what else the machine does meets all
image_compare() {
	local verb=$1 what=$2 source=$3 tool
	shift 3
	for _ in $(seq "$rounds"); do
		for tool; do
			image_round "$what" "$tool" "image_${verb}_$tool" "$source"
		done
	done
	image_rows "$what" "$@"
}

image_speed() {
	local n format address=127.0.0.1:5000
	image postgres
	mkdir -p "$I/tree" "$D"
	tar -xf "$IMAGE_CACHE/postgres.tar" -C "$I/tree"
	(cd "$I/tree" && find . -mindepth 1 | sort) >"$I/files"
	printf 'version: 0.1\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: %s}\n' \
		"$I/registry" $address >"$I/registry.yml"
	OTEL_TRACES_EXPORTER=none background docker-registry serve "$I/registry.yml" >"$I/registry.log" 2>&1
	wait_for 10 "the registry listens" nc -z ${address/:/ }
	for n in 1 10; do
		image_archive $n
		image_compare load "load of $n layers" "docker-archive:$I/$n.tar" stack podman umoci
		for format in gzip zstd; do
			skopeo --insecure-policy copy -q --dest-compress-format $format "docker-archive:$I/$n.tar" \
				"oci-archive:$I/$n-$format.tar:bench/$format:$n"
			image_compare load "load of $n layers, $format" "oci-archive:$I/$n-$format.tar" stack podman \
				$([ $format = zstd ] || echo umoci) # umoci knows no zstd
		done
		skopeo --insecure-policy copy -q --dest-tls-verify=false "docker-archive:$I/$n.tar" \
			"docker://$address/bench:$n"
		image_compare pull "pull of $n layers" "$address/bench:$n" stack podman umoci
		rm "$I/$n"*.tar
	done
	rm -rf "$I"
}
