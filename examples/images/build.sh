#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Make images from Debian packages, with no registry, and import them into stack's store.
#
#	sudo examples/images/build.sh [--force] [NAME...]     (nginx postgres python redis busybox)
#
# A root file system is made once and kept as a tar in STACK_IMAGE_CACHE (/var/cache/stack-images);
# an image that the store has already is left alone, so a second run takes no time.
# STACK is the program (build/stack in the tree), STACK_ROOT its store.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
stack=${STACK:-$here/../../build/stack}
cache=${STACK_IMAGE_CACHE:-/var/cache/stack-images}
suite=bookworm

# name|image|packages
recipes='
nginx|example/nginx:1.22|nginx-light
postgres|example/postgres:15|postgresql-15
python|example/python:3.11|python3-minimal,python3-psycopg2
redis|example/redis:7.0|redis-server
busybox|example/busybox:1.35|
'

recipe() { # NAME FIELD
	awk -F'|' -v name="$1" -v field="$2" '$1 == name { print $field; found = 1 }
		END { exit !found }' <<<"$recipes"
}

# What an image needs to be run: the words of a Dockerfile, one --change each.
changes_nginx() {
	echo 'CMD ["nginx", "-g", "daemon off;"]'
	echo 'EXPOSE 80'
	echo 'STOPSIGNAL SIGQUIT'
}
changes_postgres() {
	echo 'ENTRYPOINT ["/usr/local/bin/entrypoint.sh"]'
	echo 'CMD ["postgres"]'
	echo 'ENV PATH=/usr/lib/postgresql/15/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
	echo 'ENV PGDATA=/var/lib/postgresql/data'
	echo 'VOLUME /var/lib/postgresql/data'
	echo 'EXPOSE 5432'
	echo 'STOPSIGNAL SIGINT'
	echo 'HEALTHCHECK --interval=1s --timeout=5s --start-period=60s --retries=10 CMD ["pg_isready", "-q", "-h", "127.0.0.1"]'
}
changes_python() {
	echo 'CMD ["python3"]'
	echo 'ENV PYTHONUNBUFFERED=1'
}
changes_redis() {
	echo 'ENTRYPOINT ["redis-server"]'
	echo 'CMD ["--bind", "0.0.0.0", "--protected-mode", "no", "--dir", "/data"]'
	echo 'USER redis'
	echo 'WORKDIR /data'
	echo 'VOLUME /data'
	echo 'EXPOSE 6379'
}
changes_busybox() {
	echo 'CMD ["sh"]'
}

# What is done to the root file system ($1) after the packages are in.
finish_nginx() {
	ln -sf /dev/stdout "$1/var/log/nginx/access.log"
	ln -sf /dev/stderr "$1/var/log/nginx/error.log"
}
finish_postgres() {
	install -m 755 "$here/postgres-entrypoint.sh" "$1/usr/local/bin/entrypoint.sh"
	install -d -o 0 -g 0 "$1/var/lib/postgresql"
	chroot "$1" install -d -m 700 -o postgres -g postgres /var/lib/postgresql/data
	chroot "$1" install -d -m 2775 -o postgres -g postgres /var/run/postgresql
	# The just-in-time compiler is more than half of the image and of no use to small queries.
	rm -rf "$1"/usr/lib/postgresql/15/lib/{llvmjit.so,bitcode} "$1"/usr/lib/*/libLLVM*
	rm -rf "$1"/usr/lib/locale/locale-archive "$1"/usr/share/postgresql/15/man
}
finish_python() { :; }
finish_redis() {
	chroot "$1" install -d -o redis -g redis /data
}

make_rootfs() { # NAME TAR
	local work
	work=$(mktemp -d "$cache/$1.XXXXXX")
	# shellcheck disable=SC2064
	trap "rm -rf '$work'" EXIT
	if [ "$1" = busybox ]; then
		busybox_rootfs "$work/root"
	else
		debian_rootfs "$1" "$work/root"
	fi
	tar --numeric-owner --xattrs --one-file-system -C "$work/root" -cf "$work/tar" .
	mv "$work/tar" "$2"
	rm -rf "$work"
	trap - EXIT
}

# Mirrors hiccup: what failed for want of a package list is tried again.
bootstrap() { # NAME DIR LOG
	local try
	for try in 1 2 3; do
		mmdebstrap --quiet --variant=essential --dpkgopt="$work/dpkg.cfg" \
			--aptopt='Acquire::Retries "3"' \
			--include="$(recipe "$1" 3)" --essential-hook='mkdir -p "$1/etc/postgresql-common" &&
				echo "create_main_cluster = false" >"$1/etc/postgresql-common/createcluster.conf"' \
			"$suite" "$2" >"$3" 2>&1 </dev/null && return
		rm -rf "$2"
		[ "$try" = 3 ] || echo "build.sh: try $try for $1 failed, once more" >&2
	done
	return 1
}

debian_rootfs() { # NAME DIR
	local log=$cache/$1.log
	cat >"$work/dpkg.cfg" <<-'CFG'
		path-exclude=/usr/share/doc/*
		path-exclude=/usr/share/man/*
		path-exclude=/usr/share/info/*
		path-exclude=/usr/share/locale/*
		path-exclude=/usr/share/lintian/*
	CFG
	bootstrap "$1" "$2" "$log" || {
		tail -n 20 "$log" >&2
		echo "build.sh: mmdebstrap could not make the root file system of $1 (all of it: $log)" >&2
		return 1
	}
	"finish_$1" "$2"
	rm -rf "$2"/var/lib/apt/lists/* "$2"/var/cache/{apt,debconf,ldconfig}/* "$2"/var/log/*.log \
		"$2"/var/lib/dpkg/*-old "$2"/dev "$2"/run/* "$2"/tmp/*
	mkdir -p "$2/dev"
	if [ "$1" = postgres ]; then # /run was emptied
		chroot "$2" install -d -m 2775 -o postgres -g postgres /run/postgresql
	fi
}

busybox_rootfs() { # DIR
	local applet
	mkdir -p "$1"/{bin,dev,etc,proc,sys,root,tmp,var,usr/bin}
	chmod 1777 "$1/tmp"
	cp "$(command -v busybox)" "$1/bin/busybox"
	for applet in $("$1/bin/busybox" --list); do
		[ "$applet" = busybox ] || ln -s busybox "$1/bin/$applet"
	done
	cat >"$1/etc/passwd" <<-'PASSWD'
		root:x:0:0:root:/root:/bin/sh
		nobody:x:65534:65534:nobody:/nonexistent:/bin/false
		web:x:1000:1000:web:/tmp:/bin/sh
	PASSWD
	cat >"$1/etc/group" <<-'GROUP'
		root:x:0:
		nogroup:x:65534:
		web:x:1000:
		extra:x:1001:web
	GROUP
}

is_stale() { # NAME TAR
	[ ! -e "$2" ] || { [ "$1" = postgres ] && [ "$here/postgres-entrypoint.sh" -nt "$2" ]; }
}

make_image() { # NAME
	local image tar=$cache/$1.tar change
	local -a options=()
	image=$(recipe "$1" 2) || {
		echo "build.sh: no recipe for '$1'" >&2
		exit 2
	}
	if [ -z "$force" ] && "$stack" image ls -q "$image" 2>/dev/null | grep -q .; then
		return
	fi
	(
		flock 9 # two that need the same tar make it once
		if [ -n "$force" ] || is_stale "$1" "$tar"; then
			echo "making $image …"
			make_rootfs "$1" "$tar"
		fi
	) 9>"$cache/$1.lock"
	while read -r change; do
		options+=(--change "$change")
	done < <("changes_$1")
	"$stack" image import "${options[@]}" "$tar" "$image"
}

force=
if [ "${1-}" = --force ]; then
	force=yes
	shift
fi
[ "$(id -u)" = 0 ] || {
	echo "build.sh: root is needed; run it with sudo" >&2
	exit 1
}
mkdir -p "$cache"
[ $# -gt 0 ] || set -- nginx postgres python
for name in "$@"; do
	make_image "$name"
done
