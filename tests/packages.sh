#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The one list of Debian packages: what the build, the program, the examples, the tests, the
# virtual machine and the benchmarks need.
# Usage: tests/packages.sh GROUP...   (groups: build examples test vm bench)
# Installs only what is missing, so on a prepared machine it needs no network.
set -eu

packages_of() {
	case $1 in
	build) echo cmake make gcc libc6-dev pkg-config musl-tools libyaml-dev libuv1-dev libnl-3-dev \
		libnl-route-3-dev libip4tc-dev libip6tc-dev libnftables-dev libseccomp-dev libjansson-dev libarchive-dev nettle-dev \
		libcurl4-gnutls-dev libcmocka-dev ;;
	examples) echo mmdebstrap busybox-static curl iproute2 procps ;;
	test) echo clang clang-format libclang-rt-14-dev iptables nftables iproute2 mmdebstrap busybox-static \
		skopeo umoci podman buildah curl strace dnsutils jq netcat-openbsd python3 procps util-linux \
		xz-utils zstd stress-ng trinity docker-compose python3-jsonschema python3-yaml \
		python3-dnspython dnsperf tcpdump docker-registry apache2-utils openssl openssh-client ;;
	vm) echo qemu-system-x86 cpio kmod ;;
	bench) echo iperf3 wrk ;;
	*) echo "packages.sh: no group '$1' (build examples test vm bench)" >&2; exit 2 ;;
	esac
}

is_installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

missing=
for group in "$@"; do
	for package in $(packages_of "$group"); do
		is_installed "$package" || missing="$missing $package"
	done
done
[ -n "$missing" ] || exit 0

# Some of these packages would start a daemon on installation; a policy-rc.d that says no
# stands in the way, unless the machine has one already.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	trap 'rm -f $policy' EXIT
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod 755 $policy
fi
echo "installing:$missing" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get -qq update >&2 </dev/null ||
	echo "packages.sh: apt-get update failed, trying with the lists at hand" >&2
# shellcheck disable=SC2086
apt-get -qq install --no-install-recommends $missing >&2 </dev/null
