#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What `stack` costs, as ratios to floor.c (the system calls the kernel demands, in C) in the same run.
# Usage: sudo tests/bench/bench.sh [N...]      (containers; default: 1 10 50 100)
# The bars beside the numbers are those of the README; BENCH_ROUNDS (3) rounds, the median counts.
# BENCH_PARTS="image_speed …" leaves out the other parts, which stand at the end of this file.
# BENCH_SCALE (200) containers of one project in scale.sh; BENCH_SECONDS (2) for each throughput in network.sh.
. "$(dirname "$0")/../system/lib.sh"
. "$TREE/tests/bench/changes.sh"
. "$TREE/tests/bench/images.sh"
. "$TREE/tests/bench/names.sh"
. "$TREE/tests/bench/network.sh"
. "$TREE/tests/bench/scale.sh"
rounds=${BENCH_ROUNDS:-3}
lines=${BENCH_LINES:-1000000}
[ $# -gt 0 ] || set -- 1 10 50 100
counts=("$@")
STACK_TIMEOUT=300

median() {
	sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

row() { # WHAT VALUE BAR
	printf '%-46s %12s   %s\n' "$1" "$2" "${3:+bar: $3}"
}

# timed CMD...: milliseconds in $ms
timed() {
	local start
	start=$(date +%s%N)
	"$@" >"$T/out" 2>"$T/err" </dev/null || fail "'$*': $(tail -n 5 "$T/err")"
	ms=$(awk -v a="$start" -v b="$(date +%s%N)" 'BEGIN { printf "%.1f", (b - a) / 1e6 }')
}

per() { # A B: A / B
	awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'
}

services() { # N
	local i
	echo "services:"
	for i in $(seq "$1"); do
		printf '  s%d: {image: "example/busybox:1.35", command: ["sleep", "100000"], stop_grace_period: 0s}\n' "$i"
	done
}

pss_kib() { # PID
	awk '/^Pss:/ { print $2 }' "/proc/$1/smaps_rollup"
}

compare() { # N: up and down against the floor
	local n=$1 i floor
	project "bench$n" < <(services "$n")
	for i in $(seq "$rounds"); do
		floor=$("$T/floor" "$n" "$T/floor-files" "$lower")
		rm -rf "$T/floor-files"
		echo "$floor" | awk '{ print $2 }' >>"$T/floor-up.$n"
		echo "$floor" | awk '{ print $4 }' >>"$T/floor-down.$n"
		timed stack up -d
		echo "$ms" >>"$T/up.$n"
		timed stack up -d
		echo "$ms" >>"$T/noop.$n"
		timed stack ps
		echo "$ms" >>"$T/ps.$n"
		[ "$i" != 1 ] || memory "$n"
		timed stack down
		echo "$ms" >>"$T/down.$n"
	done
	local up down floor_up floor_down
	up=$(median <"$T/up.$n") down=$(median <"$T/down.$n")
	floor_up=$(median <"$T/floor-up.$n") floor_down=$(median <"$T/floor-down.$n")
	row "up of $n: ms (floor $floor_up)" "$up"
	row "up of $n: ratio to the floor" "$(per "$up" "$floor_up")" "1.5, aim 1.1"
	row "down of $n: ms (floor $floor_down)" "$down"
	row "down of $n: ratio to the floor" "$(per "$down" "$floor_down")" "2 (of 50)"
	row "up of $n that changes nothing: ms" "$(median <"$T/noop.$n")" "15 (of 50)"
	row "ps of $n: ms" "$(median <"$T/ps.$n")" "15 (of 50)"
}

memory() { # N
	local pid shims
	pid=$(pgrep -x stack-superviso | head -n 1)
	row "supervisor with $1 services: PSS in KiB" "$(pss_kib "$pid")" "4096 (with 50)"
	shims=$(for pid in $(pgrep -x stack-shim); do pss_kib "$pid"; done | median)
	row "one shim of $1: PSS in KiB" "$shims" "100"
}

restart() {
	local pid start backoff=100
	project benchrestart <<-'YML'
		services:
		  one: {image: "example/busybox:1.35", command: ["sleep", "100000"], restart: always}
	YML
	timed stack up -d
	for _ in $(seq "$rounds"); do
		pid=$(pid_of one)
		start=$(date +%s%N)
		kill -KILL "$pid"
		wait_for 5 "it was started again" restarted "$pid"
		echo "$start $(date -d "$(ps_field one .started)" +%s%N)" |
			awk -v b=$backoff '{ printf "%.1f\n", ($2 - $1) / 1e6 - b }' >>"$T/restart"
		backoff=$((backoff * 2))
	done
	row "restart after kill: ms over the back-off" "$(median <"$T/restart")" "5"
	timed stack down -t 0
}

restarted() { # OLD-PID
	local pid
	pid=$(pid_of one)
	[ "$pid" != "$1" ] && [ "$pid" != 0 ] && [ "$pid" != null ]
}

log_lines() {
	local line upper null_ms
	line=$(printf '%099d' 7)
	cat >"$T/writer.sh" <<-SH
		now() { cut -d' ' -f1 /proc/uptime; }
		a=\$(now)
		yes $line | head -n $lines >/dev/null
		b=\$(now)
		yes $line | head -n $lines
		echo \$a \$b \$(now) >/times
	SH
	project benchlog <<-YML
		services:
		  writer:
		    image: example/busybox:1.35
		    command: ["sh", "/writer.sh"]
		    volumes: ["$T/writer.sh:/writer.sh:ro"]
		    logging: {driver: json-file, options: {max-size: 1g}} # nothing is rotated away
	YML
	timed stack up -d
	wait_for 120 "the writer is done" state_is writer exited
	upper=$(inspect_field writer '.. | .upper? // empty' | head -n 1)
	null_ms=$(awk '{ printf "%.0f", ($2 - $1) * 1000 }' "$upper/times")
	ms=$(awk '{ printf "%.0f", ($3 - $2) * 1000 }' "$upper/times")
	row "log of $lines lines: ms (to /dev/null $null_ms)" "$ms"
	row "log of $lines lines: ratio to /dev/null" "$(per "$ms" "$null_ms")" "1.2"
	timed stack logs --no-log-prefix writer
	row "reading it back: ms" "$ms" "500"
	assert_eq "lines that came back" "$lines" "$(wc -l <"$T/out")"
	timed stack down
}

# The loader alone: 1,000 services, and the example's three.
config_speed() {
	local file
	project config < <(
		echo "services:"
		for i in $(seq 1000); do
			printf '  s%d:\n    image: "app:${TAG:-%d}"\n    command: [run, --id, "%d"]\n' "$i" "$i" "$i"
			printf '    environment: {A: "1", B: "$HOME"}\n    ports: ["%d:80"]\n' $((10000 + i))
			printf '    volumes: ["data:/data", "./src:/app:ro"]\n    restart: always\n'
			printf '    healthcheck: {test: [CMD, "true"], interval: 5s}\n'
			printf '    deploy: {resources: {limits: {memory: 64m, cpus: "0.5"}}}\n'
		done
		echo "volumes: {data: }"
	)
	for file in stack.yml "$TREE/examples/nginx-app-db/stack.yml"; do
		rm -f "$T/config.ms"
		for _ in $(seq "$rounds"); do
			timed stack -f "$file" config -q
			echo "$ms" >>"$T/config.ms"
		done
		row "config of $(grep -c ' image:' "$file") services: ms" "$(median <"$T/config.ms")" \
			"$([ "$file" = stack.yml ] && echo 100 || echo 5)"
	done
}

containers() {
	local n
	for n in "${counts[@]}"; do
		compare "$n"
	done
}

gcc -std=c11 -D_GNU_SOURCE -O2 -I"$TREE" -o "$T/floor" "$TREE"/tests/bench/floor*.c
lower=$(find "$STACK_ROOT/layers" -mindepth 1 -maxdepth 1 -type d | head -n 1)
row "$(uname -r), $(nproc) CPUs, $(date +%F)" "value"
for part in ${BENCH_PARTS:-containers restart live_changes rolling_replace healing many_restarts names \
	network scale config_speed log_lines image_speed}; do
	$part
done
