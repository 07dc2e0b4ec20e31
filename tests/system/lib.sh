# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What every system test is written with.  A test is a bash script:
#
#	. "$(dirname "$0")/lib.sh"
#	project shop <<'YML'            # a directory with this stack.yml; the test is in it afterwards
#	…
#	YML
#	ok stack up -d --wait           # must succeed; `fails 1 CMD` must fail with status 1
#	assert_eq "state of web" running "$(ps_field web .state)"
#	wait_for 5 "web is up" fetch …  # polls a condition, never sleeps and hopes
#
# and needs no ending: whatever way it ends, every project is taken down and the leak check runs,
# which names every link, namespace, mount, cgroup, iptables rule, process, socket and file left behind.
#
# A test runs in a machine of its own: new mount, pid and network namespaces, with one uplink to a
# network namespace "outside" (198.51.100.1, the rest of the world), and with <run> on a tmpfs, where it
# always is.  So tests meet neither each other nor what the host runs, and what one leaves behind dies
# with it.  STACK_TEST_HOST=1 leaves that out.
set -euEo pipefail

LIB_DIR=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
TREE=$(cd "$LIB_DIR/../.." && pwd)
BUILD=${STACK_BUILD:-$TREE/build}
IMAGE_CACHE=${STACK_IMAGE_CACHE:-/var/cache/stack-images}
TEST_NAME=$(basename "$0" .sh)
HOST_ADDRESS=198.51.100.2 OUTSIDE_ADDRESS=198.51.100.1

skip() {
	echo "SKIP: $*"
	SKIPPED=yes
	exit 77
}

if [ -z "${STACK_TEST_INSIDE-}" ]; then
	[ "$(id -u)" = 0 ] || {
		echo "SKIP: system tests need root"
		exit 77
	}
	[ -x "$BUILD/stack" ] || {
		echo "$TEST_NAME: no $BUILD/stack; build it first" >&2
		exit 1
	}
	export STACK_TEST_INSIDE=1
	if [ -z "${STACK_TEST_HOST-}" ]; then
		exec unshare --mount --pid --net --ipc --fork --kill-child --mount-proc "$BASH" "$0" "$@"
	fi
fi

STACK=$BUILD/stack
unset STACK_FILE STACK_PROJECT_NAME STACK_PROFILES STACK_ENV_FILES COMPOSE_FILE COMPOSE_PROJECT_NAME \
	COMPOSE_PROFILES COMPOSE_ENV_FILES
T=$(mktemp -d "${TMPDIR:-/tmp}/stack-test.XXXXXX")
export STACK_ROOT=$T/root STACK_RUN=$T/run NO_COLOR=1
SKIPPED= TEST_FAILED= CASE= BACKGROUND=()

# --- the machine -------------------------------------------------------------------------------

OUTSIDE_PID=
make_machine() {
	mkdir -p /run/netns
	mount -t tmpfs tmpfs /run/netns
	mount -t tmpfs -o mode=755 tmpfs "$STACK_RUN"
	ip link set lo up
	unshare --net sleep 100000 </dev/null >/dev/null 2>&1 &
	OUTSIDE_PID=$!
	disown $OUTSIDE_PID
	wait_for 5 "the outside has a namespace of its own" outside_is_apart
	ip link add uplink type veth peer name uplink netns $OUTSIDE_PID
	echo 1 >/proc/sys/net/ipv6/conf/uplink/addr_gen_mode # no address that comes by itself, later
	ip addr add $HOST_ADDRESS/24 dev uplink
	ip link set uplink up
	outside ip addr add $OUTSIDE_ADDRESS/24 dev uplink
	outside ip link set uplink up
	outside ip link set lo up
	ip route add default via $OUTSIDE_ADDRESS
}

outside_is_apart() {
	[ "$(readlink /proc/$OUTSIDE_PID/ns/net)" != "$(readlink /proc/self/ns/net)" ]
}

# outside CMD...: run it on the other side of the uplink, as another host of the network would
outside() {
	nsenter --net="/proc/$OUTSIDE_PID/ns/net" "$@"
}

# --- cases and assertions ----------------------------------------------------------------------

it() {
	CASE=$1
	echo "- $CASE"
}

fail() {
	if [ -n "${STACK_TEST_GO_ON-}" ]; then # for who writes a test: see all that is wrong
		echo "FAIL: $TEST_NAME: ${CASE:+$CASE: }$*" >&2
		TEST_FAILED=yes
		return 0
	fi
	trap - ERR
	echo "FAIL: $TEST_NAME: ${CASE:+$CASE: }$*" >&2
	TEST_FAILED=yes
	exit 1
}

unexpected() { # LINE COMMAND STATUS
	fail "line $1: '$2' returned $3"
}

assert_eq() { # WHAT EXPECTED ACTUAL
	[ "$2" = "$3" ] || fail "$1: expected '$2', got '$3'"
}

assert_match() { # WHAT REGEX TEXT
	grep -qE -- "$2" <<<"$3" || fail "$1: expected something like '$2', got: $3"
}

assert_no_match() { # WHAT REGEX TEXT
	! grep -qE -- "$2" <<<"$3" || fail "$1: expected nothing like '$2', got: $3"
}

assert_between() { # WHAT LOW HIGH ACTUAL
	awk -v l="$2" -v h="$3" -v a="$4" 'BEGIN { exit !(a + 0 >= l && a + 0 <= h && a != "") }' ||
		fail "$1: expected $2 to $3, got '$4'"
}

# ok CMD...: must succeed.  Its standard output is in $out, standard error in $err.
ok() {
	capture "$@"
	[ "$status" = 0 ] || fail "'$*' returned $status: $out $err"
}

# fails STATUS CMD...: must end with exactly STATUS.
fails() {
	local want=$1
	shift
	capture "$@"
	[ "$status" = "$want" ] || fail "'$*' returned $status, expected $want: $out $err"
}

capture() {
	status=0
	"$@" >"$T/out" 2>"$T/err" </dev/null || status=$?
	out=$(tr -d '\0' <"$T/out") err=$(tr -d '\0' <"$T/err")
}

# wait_for SECONDS WHAT CMD...: poll CMD until it succeeds.
wait_for() {
	local deadline=$(($(now_ms) + $1 * 1000 * ${STACK_TEST_SLOW:-1})) what=$2
	shift 2
	until "$@" >/dev/null 2>&1; do
		[ "$(now_ms)" -lt $deadline ] || {
			fail "waited in vain: $what"
			return 0
		}
		pause 0.05
	done
}

# A build with the sanitizers, whose memory and pace are not the program's own.
sanitized() {
	grep -q __asan_init "$BUILD/stack-supervisor"
}

# in_cgroups FIND-EXPRESSION...: what there is of this test's in all hierarchies; other tests' go while one looks.
in_cgroups() {
	find /sys/fs/cgroup -depth -path "*/$CGROUP_ROOT/*" \( "$@" \) 2>/dev/null || :
}

# The one place where a test lets time pass: between two looks at a condition.
pause() {
	read -rt "$1" <> <(:) || :
}

# background CMD...: start it; it is ended with the test.  Its pid is in $!.
background() {
	"$@" &
	BACKGROUND+=($!)
}

now_ms() {
	echo $(($(date +%s%N) / 1000000))
}

# --- stack -------------------------------------------------------------------------------------

stack() {
	timeout --foreground "${STACK_TIMEOUT:-90}" "$STACK" "$@"
}

# project NAME: make $T/NAME with stack.yml from standard input and go there.
project() {
	mkdir -p "$T/$1"
	cd "$T/$1"
	cat >stack.yml
}

# image NAME...: have these examples/images in the store.
image() {
	STACK=$STACK STACK_IMAGE_CACHE=$IMAGE_CACHE "$TREE/examples/images/build.sh" "$@" >"$T/images.log" 2>&1 || {
		tail -n 20 "$T/images.log" >&2
		fail "the images $* cannot be made"
	}
}

# ps_json [PS OPTION...]: one JSON array of containers, whatever way they are printed.
ps_json() {
	stack ps -a --format json "$@" | jq -cs flatten
}

# ps_field SERVICE FILTER: what jq's FILTER gives for the first container of SERVICE.
ps_field() {
	ps_json | jq -r --arg s "$1" "map(select(.service == \$s)) | .[0] | $2"
}

inspect_field() { # SERVICE FILTER
	stack inspect "$1" --format json | jq -rs "flatten | .[0] | $2"
}

# inside SERVICE CMD...: run in the container, without a terminal.
inside() {
	stack exec -T "$@" </dev/null
}

pid_of() {
	ps_field "$1" .pid
}

address_of() { # SERVICE: without prefix length
	ps_field "$1" '.addresses[0].address' | cut -d/ -f1
}

state_is() { # SERVICE STATE
	[ "$(ps_field "$1" .state)" = "$2" ]
}

health_is() { # SERVICE HEALTH
	[ "$(ps_field "$1" .health)" = "$2" ]
}

log_has() { # LINES [SERVICE]
	[ "$(stack logs --no-log-prefix "${@:2}" | wc -l)" -ge "$1" ]
}

log_like() { # REGEX [SERVICE]
	stack logs --no-log-prefix "${@:2}" | grep -E -- "$1"
}

supervisor_pid() { # PROJECT
	local pid
	for pid in $(pgrep -x stack-superviso || :); do
		! tr '\0' '\n' 2>/dev/null <"/proc/$pid/cmdline" | grep -qxF -- "$1" || echo "$pid"
	done
}

fetch() { # URL
	curl --fail --silent --show-error --max-time 5 "$1"
}

# registry PORT DIRECTORY YAML...: Debian's docker-registry, its images below $T/DIRECTORY, YAML in its configuration;
# what it says and is asked for is in $T/registry-PORT.log.
registry() {
	local config=$T/registry-$1.yml
	printf '%s\n' 'version: 0.1' 'log: {level: info, accesslog: {disabled: false}}' \
		"storage: {filesystem: {rootdirectory: $T/$2}, delete: {enabled: true}}" "${@:3}" >"$config"
	OTEL_TRACES_EXPORTER=none background docker-registry serve "$config" >"$T/registry-$1.log" 2>&1
	wait_for 10 "the registry on $1 listens" nc -z 127.0.0.1 "$1"
}

# --- the leak check ----------------------------------------------------------------------------

# What there is on this machine now, one thing a line, in a form that does not change by itself.
# Rules are in the kernel's order: it must not change either.
snapshot() {
	set +o pipefail
	everything
	set -o pipefail
}

everything() {
	ip -o link | awk -F': ' '{ sub(/@.*/, "", $2); print "link " $2 }'
	ip -o addr | awk '{ print "address " $2 " " $4 }'
	ip route show table all | grep -v 'proto kernel' | sed 's/^/route /' | sort
	find /run/netns -mindepth 1 -printf 'netns %f\n' 2>/dev/null | sort
	awk '{ print "mount " $5 }' /proc/self/mountinfo
	find /sys/fs/cgroup -mindepth 1 -type d -path "*/$CGROUP_ROOT*" -printf 'cgroup %p\n' 2>/dev/null | sort
	local table family
	for family in iptables ip6tables; do
		for table in nat filter mangle raw; do
			$family-legacy-save -t $table 2>/dev/null | grep -v '^#' |
				sed -e 's/\[[0-9]*:[0-9]*\]//' -e "s/^/$family $table /"
		done
	done
	nft -s list ruleset 2>/dev/null | sed 's/^/nft /'
	processes
	ss -Hlntup | awk '{ print "socket " $1 " " $5 }' | sort
	ss -Hlxp | awk '{ print "socket " $5 }' | grep -F "$T" | sort
	find "$STACK_RUN" -mindepth 1 -maxdepth 2 -printf 'file %p\n' 2>/dev/null | sort
	find "$STACK_ROOT/projects" -mindepth 1 -maxdepth 3 -path '*/containers/*' -printf 'file %p\n' 2>/dev/null | sort
}

# Processes of ours, alive or not: in an own pid namespace all but the test itself.
processes() {
	local dir name
	for dir in /proc/[0-9]*; do
		name=$(cat "$dir/comm" 2>/dev/null) || continue
		case $(readlink "$dir/exe" 2>/dev/null || :) in
		"$BUILD"/stack*) echo "process ${dir#/proc/} $name" ;;
		*) grep -qsF "/$CGROUP_ROOT/" "$dir/cgroup" && echo "process ${dir#/proc/} $name" ;;
		esac
	done
	:
}

# The end of namespaces, links and cgroups is the kernel's own work after a `down`: ask for up to 2 s.
# Compared with BEFORE, another snapshot than the first one.
check_leaks() { # [BEFORE]
	local before=${1-$T/before} deadline=$(($(now_ms) + 2000 * ${STACK_TEST_SLOW:-1}))
	while :; do
		snapshot >"$T/after"
		if cmp -s "$before" "$T/after"; then
			return 0
		fi
		[ "$(now_ms)" -lt $deadline ] || break
		pause 0.1
	done
	echo "LEAK: $TEST_NAME: before (<) and after (>) differ:" >&2
	diff "$before" "$T/after" | grep '^[<>]' >&2 || :
	return 1
}

# no_leaks: call it in the middle of a test, when every project is down.
no_leaks() { # [BEFORE]
	check_leaks "$@" || fail "something is left after down"
}

has_legacy_iptables() {
	iptables-legacy -w -t nat -L -n >/dev/null 2>&1
}

# --- the packet filter in use ------------------------------------------------------------------

# Tests of packets run on each: with STACK_FIREWALL=nft, and as it comes.
on_nft() {
	[ "${STACK_FIREWALL-}" = nft ]
}

# The rules of all projects, one a line.
our_rules() {
	if on_nft; then
		nft -s list ruleset | grep ' comment "stack:'
	else
		{
			iptables-legacy-save
			ip6tables-legacy-save
		} | grep -e stack: -e '-j STACK'
	fi
}

# nft_table FAMILY: the name of the table of the one project that is up
nft_table() {
	nft list tables "$1" | awk '$3 ~ /^stack-/ { print $3; exit }'
}

# forward_policy DROP|ACCEPT: what a host may have set.  Only rules of the same filter open that again.
forward_policy() {
	on_nft || iptables-legacy -w -P FORWARD "$1"
}

# Rules of somebody else, so that the check shows that they were not touched.
foreign_rules() {
	has_legacy_iptables || return 0
	iptables-legacy -w -t nat -N FOREIGN
	iptables-legacy -w -t nat -A POSTROUTING -s 203.0.113.0/24 -m comment --comment "not stack's" -j FOREIGN
	iptables-legacy -w -t nat -A FOREIGN -p tcp --dport 9 -j RETURN
	iptables-legacy -w -t filter -A FORWARD -s 203.0.113.0/24 -j DROP
	ip6tables-legacy -w -t nat -L -n >/dev/null 2>&1 || :
	ip6tables-legacy -w -t filter -A FORWARD -s 2001:db8::/32 -j DROP 2>/dev/null || :
}

take_down() {
	local dir
	for dir in "$STACK_RUN"/*/; do
		[ -d "$dir" ] || continue
		timeout 30 "$STACK" -p "$(basename "$dir")" down -v -t 0 >"$T/down.log" 2>&1 </dev/null || {
			echo "$TEST_NAME: 'stack -p $(basename "$dir") down -v -t 0' failed:" >&2
			tail -n 5 "$T/down.log" >&2
		}
	done
}

tell_more() {
	local log
	for log in "$STACK_RUN"/*/supervisor.log "$T"/*.log; do
		[ -e "$log" ] || continue
		echo "--- $log" >&2
		tail -n 30 "$log" >&2
	done
}

finish() {
	local rc=$?
	trap - EXIT ERR
	set +eE
	cd /
	[ -z "$TEST_FAILED" ] || rc=1
	[ $rc = 0 ] || [ $rc = 77 ] || tell_more
	for pid in "${BACKGROUND[@]}"; do
		kill "$pid" 2>/dev/null
	done
	take_down
	if [ -e "$T/before" ]; then
		check_leaks || { [ $rc != 0 ] && [ $rc != 77 ] || rc=1; }
	fi
	end_what_is_left
	if [ $rc = 0 ] || [ $rc = 77 ] || [ -z "${STACK_TEST_KEEP-}" ]; then
		umount "$STACK_RUN" 2>/dev/null
		rm -rf --one-file-system "$T"
	else
		cp -a "$STACK_RUN" "$T/run.kept"
		echo "$TEST_NAME: files are in $T, those of <run> in $T/run.kept" >&2
	fi
	exit $rc
}

# After a failure: processes by pid, then cgroups, so that the next test starts from nothing.
end_what_is_left() {
	local pid dir
	for pid in $(processes | awk '{ print $2 }'); do
		kill -KILL "$pid" 2>/dev/null
	done
	[ -z "$OUTSIDE_PID" ] || kill -KILL "$OUTSIDE_PID" 2>/dev/null
	for dir in $(find /sys/fs/cgroup -depth -type d -path "*/$CGROUP_ROOT*" 2>/dev/null); do
		for _ in 1 2 3 4 5; do
			rmdir "$dir" 2>/dev/null && break
			pause 0.1
		done
	done
}

CGROUP_ROOT=stack-$(printf '%s\0' "$STACK_RUN" | sha256sum | cut -c1-8)
trap finish EXIT
trap 'unexpected $LINENO "$BASH_COMMAND" $?' ERR
mkdir -p "$STACK_ROOT" "$STACK_RUN"
if [ -z "${STACK_TEST_HOST-}" ]; then
	make_machine
	foreign_rules
else
	ip netns add "stack-test-$$" # the first one ever makes /run/netns a mount, which stays
	ip netns delete "stack-test-$$"
fi
[ "${TEST_IMAGES-busybox}" = "" ] || image ${TEST_IMAGES-busybox}
snapshot >"$T/before"
