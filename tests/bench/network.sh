# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What the network costs: bytes and requests a second by each way to a container, beside a veth pair made by hand.

# One container that serves both, one that asks.  The programs are the machine's own: the root is mounted read-only.
throughput_project() {
	project benchway <<-'YML'
		x-common: &common
		  image: example/busybox:1.35
		  command: ["sh", "-c", "chroot /host iperf3 -s & mkdir /w; echo hello >/w/index.html; exec httpd -f -p 80 -h /w"]
		  volumes: ["/:/host:ro"]
		  tmpfs: ["/host/tmp"] # where iperf3 keeps what it sends
		  cap_add: [SYS_CHROOT]
		  stop_grace_period: 0s
		  init: true
		services:
		  web:
		    <<: *common
		    ports: ["18080:80", "18081:5201"]
		  asker:
		    <<: *common
		    command: ["sleep", "100000"]
	YML
}

# The floor: the same servers in a namespace that one veth pair joins with this one.
veth_pair() {
	ip netns add benchpair
	ip link add benchpair type veth peer name eth0 netns benchpair
	ip addr add 198.51.101.1/24 dev benchpair
	ip link set benchpair up
	ip -n benchpair addr add 198.51.101.2/24 dev eth0
	ip -n benchpair link set eth0 up
	mkdir -p "$T/w"
	echo hello >"$T/w/index.html"
	background ip netns exec benchpair iperf3 -s >/dev/null
	background ip netns exec benchpair busybox httpd -f -p 80 -h "$T/w"
}

# iperf3 takes a connection that only looks for the start of a test: the sockets are read instead.
both_listen() { # COMMAND-BEFORE…
	local sockets
	sockets=$("$@" cat /proc/net/tcp /proc/net/tcp6)
	grep -q ':1451 .* 0A ' <<<"$sockets" && grep -q ':0050 .* 0A ' <<<"$sockets"
}

bytes() { # HOST PORT COMMAND-BEFORE…: received in a second
	wait_for 20 "iperf3 has its turn" one_iperf3 "$@"
	jq -r '.end.sum_received.bits_per_second / 8 | floor' "$T/iperf3"
}

# A server that still ends the test before this one refuses it.
one_iperf3() {
	"${@:3}" iperf3 -J -t "$seconds" -c "$1" -p "$2" </dev/null >"$T/iperf3" &&
		jq -e .end.sum_received.bits_per_second "$T/iperf3"
}

requests() { # HOST PORT COMMAND-BEFORE…: answered in a second
	local host=$1
	[[ $host != *:* ]] || host="[$host]"
	"${@:3}" wrk -t 1 -c 8 -d "${seconds}s" "http://$host:$2/" </dev/null | awk '/^Requests\/sec/ { printf "%.0f\n", $2 }'
}

# The ways take turns, so that what else the machine does is the same to all of them.
throughput() { # WHAT-IS-COUNTED PORT PUBLISHED-PORT: bytes 5201 18081
	local what=$1 address asker way
	address=$(address_of web)
	asker=$(basename /run/netns/*-benchway-asker-1)
	for _ in $(seq "$rounds"); do
		"$what" 198.51.101.2 "$2" >>"$T/way.$what.pair"
		"$what" "$address" "$2" ip netns exec "$asker" >>"$T/way.$what.bridge"
		"$what" "$address" "$2" >>"$T/way.$what.own"
		"$what" "$HOST_ADDRESS" "$3" >>"$T/way.$what.published"
		"$what" 127.0.0.1 "$3" >>"$T/way.$what.loopback"
		[ ! -d /proc/sys/net/ipv6 ] || "$what" ::1 "$3" >>"$T/way.$what.relay"
	done
	row "$what a second: a veth pair by hand" "$(median <"$T/way.$what.pair")"
	ratio "$what" bridge pair "from container to container"
	ratio "$what" own pair "the container's own address"
	ratio "$what" published own "published, to the container's own" 0.97
	ratio "$what" loopback own "127.0.0.1, to the container's own" 0.97
	[ ! -e "$T/way.$what.relay" ] || ratio "$what" relay pair "[::1], the relay"
}

# The median of the rounds' own ratios: what a round was slowed by, it was slowed by on both sides.
ratio() { # WHAT-IS-COUNTED WAY BESIDE WHAT [BAR]
	row "$1: $4" "$(paste "$T/way.$1.$2" "$T/way.$1.$3" | awk '{ printf "%.2f\n", $1 / $2 }' | median)" "${5-}"
}

network() {
	local seconds=${BENCH_SECONDS:-2}
	command -v iperf3 >/dev/null && command -v wrk >/dev/null || {
		row "network: iperf3 or wrk is not installed" "-"
		return
	}
	[ -n "$OUTSIDE_PID" ] || {
		row "network: it takes an uplink of the bench's own" "-"
		return
	}
	throughput_project
	timed stack up -d
	veth_pair
	wait_for 5 "the container serves" both_listen inside web
	wait_for 5 "the veth pair serves" both_listen ip netns exec benchpair
	throughput bytes 5201 18081
	throughput requests 80 18080
	timed stack down
	ip netns del benchpair
}
