# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# What bench.sh measures of changes to what runs: limits and ports, rolling replace, healing, restarts.

# A change of one limit, and of one port, beside an `up` that changes nothing.
live_changes() {
	local i
	project benchlive <<-'YML'
		services:
		  one: {image: "example/busybox:1.35", command: ["sleep", "100000"], mem_limit: 16m, ports: ["18080:80"], stop_grace_period: 0s}
	YML
	timed stack up -d
	for i in $(seq "$rounds"); do
		timed stack up -d
		echo "$ms" >>"$T/live.noop"
		sed -i "s/mem_limit: [0-9]*m/mem_limit: $((16 + i))m/" stack.yml
		timed stack up -d
		echo "$ms" >>"$T/live.limit"
		sed -i "s/[0-9]*:80/$((18080 + i)):80/" stack.yml
		timed stack up -d
		echo "$ms" >>"$T/live.port"
	done
	row "up that changes nothing of one service: ms" "$(median <"$T/live.noop")"
	row "up that changes one limit: ms" "$(median <"$T/live.limit")"
	row "up that changes one port: ms" "$(median <"$T/live.port")"
	timed stack down
}

# Requests while a container is replaced by another one: how many, and how many of them failed.
rolling_replace() {
	project benchroll <<-'YML'
		services:
		  web:
		    image: example/busybox:1.35
		    command: ["sh", "-c", "mkdir /w; echo 1 >/w/index.html; httpd -f -p 80 -h /w & trap 'exit 0' TERM; wait"]
		    ports: ["18080:80"]
		    healthcheck: {test: ["CMD", "wget", "-q", "-O", "-", "http://127.0.0.1/"], interval: 1s}
		    x-stack: {update: rolling}
	YML
	timed stack up -d --wait
	rm -f stop asked failed
	: >asked
	: >failed
	(until [ -e stop ]; do
		echo >>asked
		curl -sf --max-time 5 -o /dev/null http://127.0.0.1:18080/ || echo >>failed
	done) &
	for i in $(seq "$rounds"); do
		sed -i "s/echo [0-9]*/echo $((i + 1))/" stack.yml
		timed stack up -d
		echo "$ms" >>"$T/roll"
	done
	touch stop
	wait $!
	row "rolling replace under load: ms" "$(median <"$T/roll")"
	row "requests meanwhile, and failed ones" "$(wc -l <asked), $(wc -l <failed)" "0 failed"
	timed stack down
}

healed() { stack events --json --since "$1" --until 0s | grep '"action":"healed"'; }

# From the command that does the damage to the event that tells of its end.
damage() { # WHAT BAR COMMAND…
	local what=$1 bar=$2 since start end
	shift 2
	for _ in $(seq "$rounds"); do
		since=$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)
		start=$(date +%s%N)
		"$@"
		wait_for 5 "it is healed" healed "$since"
		end=$(date -d "$(healed "$since" | tail -n 1 | jq -r .time)" +%s%N)
		awk -v a="$start" -v b="$end" 'BEGIN { printf "%.1f\n", (b - a) / 1e6 }' >>"$T/heal.$what"
	done
	row "healed, $what: ms" "$(median <"$T/heal.$what")" "$bar"
}

healing() {
	local bridge link chain
	project benchheal <<-'YML'
		services:
		  one: {image: "example/busybox:1.35", command: ["sleep", "100000"], ports: ["18080:80"], stop_grace_period: 0s}
	YML
	timed stack up -d
	bridge=$(ip -o link show type bridge | awk -F'[ :]+' '$2 ~ /^sb/ { print $2 }')
	link=$(ip -o link show type veth | awk -F'[ @:]+' '$2 ~ /^sv/ { print $2 }')
	chain=$(iptables-legacy -t nat -S | awk '/^-N STACK-[0-9a-f]/ { print $2 }')
	damage "veth deleted" 100 ip link del "$link"
	damage "address deleted" 100 ip addr flush dev "$bridge"
	damage "bridge deleted" 100 ip link del "$bridge"
	damage "rules flushed" 1000 iptables-legacy -t nat -F "$chain"
	timed stack down
}

restarts_are() { [ "$(ps_field one .restarts)" -ge "$1" ]; }

# The memory of a supervisor over 2,000 restarts of a container.
many_restarts() {
	local pid before after
	project benchmany <<-'YML'
		services:
		  one:
		    image: example/busybox:1.35
		    command: ["true"]
		    deploy: {restart_policy: {condition: any, delay: 0s}}
	YML
	timed stack up -d
	wait_for 60 "200 restarts" restarts_are 200
	pid=$(supervisor_pid benchmany)
	before=$(pss_kib "$pid")
	wait_for 120 "2,000 restarts" restarts_are 2200
	after=$(pss_kib "$pid")
	row "supervisor: PSS in KiB before and after 2,000 restarts" "$before, $after" "flat"
	timed stack down
}
