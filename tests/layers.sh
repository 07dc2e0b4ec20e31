#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Who may include whom (README.md, "Folders, and who may include whom"), as a test.  Usage: tests/layers.sh [ROOT]
set -eu
cd "${1:-$(dirname "$0")/..}"
bad=0

complain() {
	echo "$1" >&2
	bad=1
}

sources() {
	find "$@" -name '*.[ch]' 2>/dev/null | sort
}

includes() { # PATTERN FILE...: "file:line" of every #include that matches
	pattern=$1
	shift
	[ $# = 0 ] || grep -HnE "^ *# *include +[<\"]$pattern" "$@" || true
}

# deny WHERE... -- PATTERN WHY: no file below WHERE includes a header that matches PATTERN
deny() {
	where=
	while [ "$1" != -- ]; do
		where="$where $1"
		shift
	done
	# shellcheck disable=SC2046,SC2086
	found=$(includes "$2" $(sources $where))
	[ -z "$found" ] || complain "$found
  ^ $3"
}

# fence PATTERN ALLOWED WHY: only files whose path matches ALLOWED include PATTERN
fence() {
	# shellcheck disable=SC2046
	found=$(includes "$1" $(sources core net store cmd) | grep -vE "^$2:" || true)
	[ -z "$found" ] || complain "$found
  ^ $3"
}

deny core -- '(cmd|net|store)/' 'core/ knows nothing above it'
deny core/base -- 'core/(model|converge|supervise|container)/' 'core/base/ is what all others stand on'
deny core/container -- 'core/(model|converge|supervise)/' 'core/container/ is linked into the shim'
deny core/model -- 'core/(converge|supervise)/' 'the model knows nothing of what is done with it'
deny net -- '(cmd|store)/' 'net/ may use core/ only'
deny store -- '(cmd|net)/' 'store/ may use core/ only'
deny cmd/shim -- '(net|store)/' 'the shim is libc and core/container/ only'

fence 'yaml\.h' 'core/model/yaml\.c' 'libyaml is for core/model/yaml.c'
fence 'netlink/' 'net/[^/]*' 'libnl is for net/'
fence 'archive(_entry)?\.h' 'store/(import|export)/[^/]*' 'libarchive is for store/import/ and store/export/'
fence 'curl/' 'store/registry/[^/]*' 'libcurl is for store/registry/'
fence 'uv\.h' '(core/supervise|cmd/supervisor|net)/[^/]*' 'only the supervisor has a loop'

fence 'nftables/' 'net/firewall_nft\.c' 'libnftables is for net/firewall_nft.c'

# shellcheck disable=SC2046
iptc=$(includes 'libiptc/' $(sources core net store cmd) | cut -d: -f1 | sort -u)
case $(echo "$iptc" | wc -w) in
0 | 1) ;;
*) complain "libiptc is for one file, but these include it:
$iptc" ;;
esac
case $iptc in
'' | net/*) ;;
*) complain "$iptc includes libiptc; that is for net/" ;;
esac

# The shim is static: nothing but libc may be reached from what it is made of.
for file in $(sources cmd/shim core/container) core/base/err.c core/base/fd.c; do
	found=$(includes '(uv|yaml|jansson|seccomp|archive|curl|nettle|netlink|libiptc|sys/capability)[./]' \
		"$file")
	[ -z "$found" ] || complain "$found
  ^ the shim links libc only"
done

# limit LINES FILE...
limit() {
	most=$1
	shift
	for file in "$@"; do
		lines=$(wc -l <"$file")
		[ "$lines" -le "$most" ] ||
			complain "$file has $lines lines (at most $most): does it still do one thing?"
	done
}

# A test is a list of cases, and may be longer.
# shellcheck disable=SC2046
limit 450 $(sources core net store cmd)
# shellcheck disable=SC2046
limit 600 $(sources tests)
exit $bad
