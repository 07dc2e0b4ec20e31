# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Many containers of one project: BENCH_SCALE (200) of them, all in one network, then over two.

scale_project() { # CONTAINERS NETWORKS
	local i
	project "benchscale$2" < <(
		echo "services:"
		for i in $(seq "$2"); do
			printf '  s%d: {image: "example/busybox:1.35", command: ["sleep", "100000"], stop_grace_period: 0s, scale: %d, networks: [n%d]}\n' \
				"$i" $(($1 / $2)) "$i"
		done
		echo "networks:"
		for i in $(seq "$2"); do
			printf '  n%d: {ipam: {config: [{subnet: 172.%d.0.0/16}]}}\n' "$i" $((19 + i))
		done
	)
}

scale() {
	local n=${BENCH_SCALE:-200} networks
	for networks in 1 2; do
		scale_project "$n" "$networks"
		timed stack up -d
		row "scale: up of $n, networks: $networks: ms each" "$(per "$ms" "$n")"
		timed stack up -d
		row "scale: up that changes nothing: ms each" "$(per "$ms" "$n")"
		row "scale: supervisor: PSS in KiB" "$(pss_kib "$(supervisor_pid "benchscale$networks")")"
		timed stack down
		row "scale: down: ms each" "$(per "$ms" "$n")"
	done
}
