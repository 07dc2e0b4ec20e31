#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Make the archive that `docker save` would write, by hand: one layer.tar per directory (or tar) given,
# lowest first, a configuration and a manifest.  It shows that an image is no more than that.
# Usage: make-image.sh ARCHIVE NAME:TAG 'CMD AS JSON' LAYER...
set -euo pipefail
[ $# -ge 4 ] || {
	echo "usage: make-image.sh ARCHIVE NAME:TAG 'CMD AS JSON' LAYER..." >&2
	exit 2
}
archive=$(realpath "$1") name=$2 cmd=$3
shift 3

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
layers= diff_ids=
for layer in "$@"; do
	if [ -d "$layer" ]; then
		tar --numeric-owner --owner=0 --group=0 --sort=name -C "$layer" -cf "$work/layer.tar" .
	else
		cp "$layer" "$work/layer.tar"
	fi
	# The name of a layer is the hash of what is in it: nobody can give you another one for it.
	diff_id=$(sha256sum "$work/layer.tar" | cut -d' ' -f1)
	mkdir -p "$work/$diff_id"
	mv "$work/layer.tar" "$work/$diff_id/layer.tar"
	layers+="${layers:+,}\"$diff_id/layer.tar\""
	diff_ids+="${diff_ids:+,}\"sha256:$diff_id\""
done

cat >"$work/config.json" <<CONFIG
{"architecture":"amd64","os":"linux","config":{"Cmd":$cmd,
"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]},
"rootfs":{"type":"layers","diff_ids":[$diff_ids]}}
CONFIG
cat >"$work/manifest.json" <<MANIFEST
[{"Config":"config.json","RepoTags":["$name"],"Layers":[$layers]}]
MANIFEST
cd "$work"
tar -cf "$archive" -- *
