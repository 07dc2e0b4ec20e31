#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# x-stack.bandwidth: what the kernel was told, what really gets through, changes while a connection
# is open, and that limits stay: after a restart, another supervisor, and somebody else's tc.
. "$(dirname "$0")/lib.sh"

project speed <<'YML'
x-common: &common
  image: example/busybox:1.35
  stop_grace_period: 0s
  init: true
  command: ["sh", "-c", "nc -ll -p 7 -e cat & nc -ll -p 8 -e cat /dev/zero & exec nc -ll -p 9 -e dd of=/dev/null bs=64k"]
services:
  slow:
    <<: *common
    networks: {default: {}, back: {x-stack: {bandwidth: {ingress: unlimited, egress: 1gbit}}}}
    x-stack: {bandwidth: {ingress: 8mbit, egress: 4mbit, burst: 20k}}
  quick:
    <<: *common
networks: {back: {}}
YML

# The host's end of SERVICE's link in its network number N, and what it sends through.
link() { ps_field "$1" ".addresses[${2:-0}].host_link"; }
sender() { echo "si${1#sv}"; }
queue() { # DEVICE FIELD: of its token bucket
	tc -j qdisc show dev "$1" | jq -r ".[] | select(.kind == \"tbf\") | $2"
}
rate() { # DEVICE: bytes a second, 0 without a limit
	local r
	r=$(queue "$1" .options.rate)
	echo "${r:-0}"
}
listens() { inside "$1" grep -q ':0009 .* 0A ' /proc/net/tcp /proc/net/tcp6; }
# How many bytes come from SERVICE, and go to it, within a second.
received() { timeout 1 nc "$(address_of "$1")" 8 </dev/null | wc -c || :; }
sent() { timeout 1 sh -c "head -c 2000M /dev/zero | tee /dev/stderr | nc $(address_of "$1") 9" 2>&1 >/dev/null | wc -c || :; }

ok stack up -d
wait_for 5 "they listen" listens slow
wait_for 5 "they listen" listens quick
slow=$(link slow) back=$(link slow 1) quick=$(link quick)

it "the kernel has what the file says"
assert_eq "to the container" 1000000 "$(rate "$slow")"
assert_eq "from the container" 500000 "$(rate "$(sender "$slow")")"
assert_between "burst" 20400 20500 "$(queue "$slow" .options.burst)"
assert_eq "the attachment's word goes first" 0 "$(rate "$back")"
assert_eq "the attachment's word goes first" 125000000 "$(rate "$(sender "$back")")"
assert_eq "no limit where none is said" 0 "$(rate "$quick")"
fails 1 ip link show "$(sender "$quick")"
assert_eq "shown" "8mbit 4mbit 20480" \
	"$(inspect_field slow '.bandwidth.default | "\(.ingress) \(.egress) \(.burst)"')"
assert_eq "shown" null "$(inspect_field slow '.bandwidth.back.ingress')"

it "what gets through is less, both ways, by far"
s=$(received slow) q=$(received quick)
assert_between "bytes from it (unlimited: $q)" 100000 $((q / 10)) "$s"
s=$(sent slow) q=$(sent quick)
assert_between "bytes to it (unlimited: $q)" 1 $((q / 3)) "$s"

it "a change reaches an open connection"
before=$(ps_field slow .pid)
exec 7<>"/dev/tcp/$(address_of slow)/7"
echo one >&7
read -rt 5 line <&7
assert_eq "echoed" one "$line"
sed -i 's/ingress: 8mbit, egress: 4mbit, burst: 20k/ingress: 16mbit, egress: 200kbps/' stack.yml
fails 3 stack plan
assert_match "in place" 'update container +speed-slow-1 +live' "$out"
ok stack up -d
assert_eq "to it" 2000000 "$(rate "$slow")"
assert_eq "from it" 200000 "$(rate "$(sender "$slow")")"
echo two >&7
read -rt 5 line <&7
assert_eq "echoed" two "$line"
ok stack plan

# A tc of somebody else: what it breaks comes back.
breaks() { # WHAT COMMAND…
	it "$1"
	shift
	ok "$@"
	wait_for 5 "mended" restored
	ok stack heal --check
}
restored() {
	[ "$(rate "$slow") $(rate "$(sender "$slow")")" = "2000000 200000" ] &&
		tc filter show dev "$slow" parent ffff: | grep -q "device $(sender "$slow")"
}
breaks "the queue is deleted" tc qdisc del dev "$slow" root
breaks "another one took its place" tc qdisc replace dev "$slow" root handle 7: pfifo limit 100
breaks "a number was changed" tc qdisc change dev "$slow" root handle 5355: tbf rate 1gbit burst 1m latency 50ms
breaks "the one for egress is deleted" tc qdisc del dev "$(sender "$slow")" root
breaks "the filter is deleted" tc filter del dev "$slow" parent ffff:
breaks "nothing is led there any more" tc qdisc del dev "$slow" ingress
breaks "the link for egress is deleted" ip link del "$(sender "$slow")"
breaks "the link for egress is down" ip link set "$(sender "$slow")" down
echo three >&7
read -rt 5 line <&7
assert_eq "echoed" three "$line"

it "a container cannot take its limits away, even with CAP_NET_ADMIN: they are not in its namespace"
assert_no_match "inside" 'tbf|ingress' "$(ip netns exec "$(basename /run/netns/*speed-slow-1)" tc qdisc show)"

it "they are there after a restart, and with another supervisor"
ok stack restart slow
assert_eq "to it" 2000000 "$(rate "$slow")"
kill -KILL "$(supervisor_pid speed)"
wait_for 5 "taken over" stack ps
ok stack plan
assert_eq "from it" 200000 "$(rate "$(sender "$slow")")"
ok tc qdisc del dev "$slow" root
wait_for 5 "mended by the next one as well" restored

it "a limit is taken away"
sed -i '/x-stack: {bandwidth: {ingress: 16mbit/d; s/, egress: 1gbit//' stack.yml
ok stack up -d
assert_eq "to it" 0 "$(rate "$slow")"
assert_no_match "no queue of ours" 'tbf|ingress' "$(tc qdisc show dev "$slow")"
fails 1 ip link show "$(sender "$slow")"
ok tc qdisc add dev "$slow" root handle 7: pfifo limit 100
ok stack up -d
assert_match "another's queue is left alone" 'pfifo 7:' "$(tc qdisc show dev "$slow")"
exec 7<&- 7>&-

it "delay and loss: where the kernel has netem; else a sentence, and nothing half-done"
sed -i 's/^  quick:/  quick:\n    x-stack: {bandwidth: {delay: 20ms, loss: 0.5%, ingress: 10mbit}}/' stack.yml
if ip link add probe type veth peer name probe-end && tc qdisc add dev probe root netem delay 1ms 2>/dev/null; then
	ok stack up -d
	assert_match "delay" 'netem 5354:.*delay 20ms loss 0.5%' "$(tc qdisc show dev "$quick")"
	assert_eq "rate" 1250000 "$(rate "$quick")"
	ok stack plan
	ok stack heal --check
	sed -i 's/delay: 20ms, loss: 0.5%, //' stack.yml
	ok stack up -d
	assert_no_match "gone" netem "$(tc qdisc show dev "$quick")"
	assert_eq "rate" 1250000 "$(rate "$quick")"
else
	fails 1 stack up -d
	assert_match "says what is missing" "quick.*'delay' or 'loss' needs netem" "$err"
	sed -i '/delay: 20ms/d' stack.yml
	ok stack up -d
	ok stack plan
fi
ip link del probe

it "network_mode: there is no link to limit"
printf 'services: {a: {image: x, network_mode: host, x-stack: {bandwidth: {egress: 1mbit}}}}\n' >wrong.yml
fails 2 stack -f wrong.yml config
assert_match "sentence" 'no link of its own to limit' "$err"
ok stack down
no_leaks
