# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What a name costs: questions a second to a network's DNS server, beside a loop of recvfrom and sendto.

questions() { # SERVER PORT: answered in a second
	ip netns exec "$(basename /run/netns/*-benchnames-asker-1)" \
		dnsperf -s "$1" -p "$2" -d "$T/questions" -l 3 -q 100 -c 4 >"$T/dnsperf" 2>&1 || :
	awk '/Queries per second/ { printf "%.0f", $4 }' "$T/dnsperf"
}

names() {
	local server floor ours
	command -v dnsperf >/dev/null || {
		row "names: dnsperf is not installed" "-"
		return
	}
	project benchnames <<-'YML'
		services:
		  asker: {image: "example/busybox:1.35", command: ["sleep", "100000"], stop_grace_period: 0s}
		  web: {image: "example/busybox:1.35", command: ["sleep", "100000"], stop_grace_period: 0s, scale: 3}
	YML
	timed stack up -d
	server=$(ps_field asker '.addresses[0].gateway')
	echo "web A" >"$T/questions"
	gcc -std=c11 -D_GNU_SOURCE -O2 -o "$T/echo" "$TREE/tests/bench/answers.c"
	background "$T/echo" 5353
	floor=$(questions "$server" 5353)
	kill "${BACKGROUND[-1]}"
	ours=$(questions "$server" 53)
	row "names: questions a second (floor $floor)" "$ours"
	row "names: ratio to the floor" "$(per "$ours" "$floor")" "0.5"
	assert_match "none is lost" 'Queries lost: +0 ' "$(cat "$T/dnsperf")"
	timed stack down
}
