#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The one test command: installs what is missing, builds with gcc and clang, runs every test.
#
#	sudo tests/run.sh                 everything (within 40 minutes on two cores)
#	sudo tests/run.sh PART...         some of: gcc clang asan fuzz vm bench
#	sudo tests/run.sh -R PATTERN      gcc, and of its tests those that match
#
# gcc: build/, unit, source and system tests; clang: warnings of the other compiler; asan: unit and system
# tests with ASan and UBSan; fuzz: each fuzzer for a bounded time; vm: stock Debian 6.1 with pure cgroup v2.
# Exit status 0: all passed.  A summary comes last.
set -u
cd "$(dirname "$0")/.." || exit 1
pattern=. parts=()
while [ $# -gt 0 ]; do
	case $1 in
	-R)
		[ $# -ge 2 ] || { echo "run.sh: -R needs a pattern" >&2; exit 2; }
		pattern=$2
		shift ;;
	gcc | clang | asan | fuzz | vm | bench) parts+=("$1") ;;
	*)
		sed -n '3,12s/^# \{0,1\}//p' "$0" >&2
		exit 2 ;;
	esac
	shift
done
if [ ${#parts[@]} = 0 ]; then
	parts=(gcc)
	[ "$pattern" != . ] || parts=(gcc clang asan fuzz vm)
fi
[ "$(id -u)" = 0 ] || { echo "run.sh: root is needed; run: sudo tests/run.sh" >&2; exit 1; }
exec </dev/null
jobs=$(nproc) summary=() bad=0

say() {
	printf '\n=== %s (%s)\n' "$*" "$(date +%T)"
}

result() { # PART STATUS WHAT
	if [ "$2" = 0 ]; then
		summary+=("ok      $1: $3")
	else
		summary+=("FAILED  $1: $3")
		bad=1
	fi
	return "$2"
}

build() { # PART DIR CMAKE-OPTION...
	local part=$1 dir=$2
	shift 2
	say "$part: build in $dir/"
	mkdir -p "$dir"
	cmake -S . -B "$dir" "$@" >"$dir/build.log" 2>&1 &&
		cmake --build "$dir" --parallel "$jobs" >>"$dir/build.log" 2>&1
	result "$part" $? "build in $dir/" || {
		grep -E 'error|warning|Error' "$dir/build.log" | head -n 40
		echo "(all of it: $dir/build.log)"
		return 1
	}
}

# The lines of standard input, in the summary, below what they belong to.
details() {
	local line
	while read -r line; do
		summary+=("        $line")
	done
}

# What the system tests of LOG gave as a reason.
reasons() { # LOG
	details < <(grep '^FAIL: ' "$1")
}

ctests() { # PART DIR CTEST-OPTION...
	local part=$1 dir=$2 rc
	shift 2
	say "$part: ctest $*"
	# On a busy machine a test may wait in vain.  One that fails twice has a reason; one that fails
	# once is named in the summary.
	ctest --test-dir "$dir" --output-on-failure --no-tests=error --repeat until-pass:2 "$@" \
		>"$dir/ctest.log" 2>&1
	rc=$?
	cat "$dir/ctest.log"
	result "$part" $rc "$(grep -E 'tests passed|No tests' "$dir/ctest.log" | tail -n 1)"
	details < <(sed -n 's/.*Test *#[0-9]*: \([^ ]*\) \.*\*\*\*\(Failed\|Timeout\|Exception\).*/\1 (failed at first)/p' "$dir/ctest.log")
	reasons "$dir/ctest.log"
	details < <(sed -n '/^The following tests/,$p' "$dir/ctest.log" | grep -E '\((Failed|Timeout|Skipped|SEGFAULT|Not Run|.*xception.*)\)')
}

# The root file systems of the examples, which the system tests import: made beforehand and kept,
# since the tests run in a network namespace of their own and reach no mirror.
images() { # DIR
	local root rc
	say "images"
	root=$(mktemp -d)
	STACK=$PWD/$1/stack STACK_ROOT=$root examples/images/build.sh nginx postgres python busybox
	rc=$?
	rm -rf "$root"
	result images $rc "examples/images/build.sh"
}

part_gcc() {
	build gcc build -DCMAKE_BUILD_TYPE=RelWithDebInfo -DSTACK_TESTS=ON && images build &&
		ctests gcc build -R "$pattern" -j "$((jobs + 1))"
}

part_clang() {
	build clang build-clang -DCMAKE_C_COMPILER=clang -DSTACK_WERROR=ON
}

part_asan() {
	build asan build-asan -DSTACK_SANITIZE=ON -DCMAKE_BUILD_TYPE=Debug || return
	export UBSAN_OPTIONS=print_stacktrace=1
	images build-asan || return
	ASAN_OPTIONS=detect_stack_use_after_return=1 ctests asan build-asan -L 'unit|system' -j "$((jobs + 1))"
}

part_fuzz() {
	build fuzz build-fuzz -DCMAKE_C_COMPILER=clang -DSTACK_SANITIZE=ON -DSTACK_FUZZ=ON \
		-DCMAKE_BUILD_TYPE=RelWithDebInfo && ctests fuzz build-fuzz -L fuzz -j "$jobs"
}

part_vm() {
	[ -x build/stack ] || build gcc build || return
	say "vm: stock Debian under QEMU"
	tests/vm/vm.sh 2>&1 | tee build/vm.log
	local rc=${PIPESTATUS[0]}
	if [ "$rc" = 77 ]; then
		summary+=("skipped vm: see above")
	else
		result vm "$rc" "tests/vm/vm.sh"
		reasons build/vm.log
	fi
}

part_bench() {
	[ -x build/stack ] || build gcc build || return
	tests/packages.sh bench
	result bench $? "tests/packages.sh bench" || return
	say "bench"
	tests/bench/bench.sh
	result bench $? "tests/bench/bench.sh"
}

say "packages"
tests/packages.sh build examples test || {
	echo "run.sh: packages are missing and cannot be installed" >&2
	exit 1
}
for part in "${parts[@]}"; do
	"part_$part"
done
say "summary"
printf '%s\n' "${summary[@]}"
exit $bad
