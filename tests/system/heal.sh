#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What others take away comes back, and is told with both times; what is not ours stays as it is.
. "$(dirname "$0")/lib.sh"
image busybox

project heal <<'YML'
services:
  web:
    image: example/busybox:1.35
    command: ["sh", "-c", "mkdir /w; echo hello > /w/index.html; exec httpd -f -p 80 -h /w"]
    ports: ["8080:80"]
    mem_limit: 64m
    stop_grace_period: 0s
  vpn:
    image: example/busybox:1.35
    command: [sleep, "1000"]
    cap_add: [NET_ADMIN]
    stop_grace_period: 0s
YML
served() { [ "$(wget -q -T 1 -O - http://127.0.0.1:8080/)" = hello ]; }
served_outside() { [ "$(outside wget -q -T 1 -O - "http://$HOST_ADDRESS:8080/")" = hello ]; }
reaches_outside() { inside web ping -c 1 -W 1 "$OUTSIDE_ADDRESS"; }
ok stack up -d
wait_for 5 "it is served" served

link=$(ip -o link show type veth | awk -F'[ @:]+' '$2 ~ /^sv/ { print $2 }' | while read -r l; do
	if ip link show "$l" | grep -q 'altname heal-web-1'; then echo "$l"; fi
done)
bridge=$(ip -o link show type bridge | awk -F'[ :]+' '$2 ~ /^sb/ { print $2 }')
ns=$(basename /run/netns/*heal-web-1)
subnet=$(ip -4 -o route show dev "$bridge" | awk '{ print $1 }')
pid=$(ps_field web .pid)
ok iptables-legacy -A FORWARD -s 203.0.113.7 -j DROP
ok iptables-legacy -t nat -A POSTROUTING -s 203.0.113.7 -j RETURN

healed_since() { # TIME KIND: and how long it took
	stack events --json --since "$1" --until 0s |
		jq --arg k "$2" 'select(.action == "healed" and .event == $k)' | grep -q healed
}

# breaks WHAT KIND SENTENCE COMMAND…
breaks() {
	local since what=$1 kind=$2 sentence=$3
	shift 3
	it "$what"
	since=$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)
	ok "$@"
	wait_for 5 "healed" healed_since "$since" "$kind"
	assert_match "the finding is told" "$sentence" \
		"$(stack events --json --since "$since" --until 0s | jq -r 'select(.action == "drift").detail')"
	wait_for 2 "served here" served
	wait_for 2 "served to others" served_outside
	ok reaches_outside
	ok stack heal --check
}

breaks "the veth pair is deleted" container 'its link is gone' ip link del "$link"
breaks "its host's end is down" container 'its link is down' ip link set "$link" down
breaks "it is out of the bridge" container 'not in the bridge' ip link set "$link" nomaster
breaks "the address inside is gone" container 'its address is gone' ip -n "$ns" addr flush dev eth0
breaks "the default route inside is gone" container 'default route' ip -n "$ns" route del default
breaks "the subnet's route inside is gone" container 'route to its subnet' ip -n "$ns" route del "$subnet"
breaks "the link inside is down" container 'is down' ip -n "$ns" link set eth0 down
breaks "the bridge's address is gone" network 'its address is gone' ip addr flush dev "$bridge"
breaks "the bridge's route is gone" network 'route to its subnet' ip route del "$subnet"
breaks "the bridge is down" network 'is down' ip link set "$bridge" down
breaks "the bridge is deleted" network 'its bridge is gone' ip link del "$bridge"
breaks "the namespace's name is unmounted" container 'name of its network namespace' umount "/run/netns/$ns"
limit=$(in_cgroups -path '*/heal/heal-web-1/memory.limit_in_bytes' -o -path '*/heal/heal-web-1/memory.max')
breaks "a limit is written by hand" container 'limits were changed' sh -c "echo 100000000 >$limit"
if on_nft; then
	table=$(nft_table ip)
	flush="nft flush chain ip $table published"
	unhook="nft flush chain ip $table prerouting"
	edit="nft replace rule ip $table filter \
		handle \$(nft -a list chain ip $table filter | awk '/ drop / { print \$NF; exit }') return"
else
	flush='for c in $(iptables-legacy -t nat -S | awk "/^-N STACK/ { print \$2 }"); do iptables-legacy -t nat -F $c; done'
	unhook='iptables-legacy -t nat -S PREROUTING | grep STACK | sed "s/^-A/-t nat -D/" | xargs iptables-legacy'
	edit='c=$(iptables-legacy -S | awk "/^-N STACK-[0-9a-f]/ { print \$2; exit }"); iptables-legacy -R $c 1 -j RETURN'
fi
breaks "our nat rules are flushed" firewall 'rules' sh -c "$flush"
breaks "a jump to our chain is deleted" firewall 'rules' sh -c "$unhook"
breaks "one of our rules is edited" firewall 'rules' sh -c "$edit"
assert_eq "the process is the same" "$pid" "$(ps_field web .pid)"

it "rules that are not ours are as they were"
ok iptables-legacy -C FORWARD -s 203.0.113.7 -j DROP
ok iptables-legacy -t nat -C POSTROUTING -s 203.0.113.7 -j RETURN
iptables-legacy -D FORWARD -s 203.0.113.7 -j DROP
iptables-legacy -t nat -D POSTROUTING -s 203.0.113.7 -j RETURN

it "a container with NET_ADMIN may change its own network, but not lose its link"
ok inside vpn ip route add 192.0.2.0/25 via "$(ps_field vpn '.addresses[0].gateway')"
ok inside vpn ip addr add 192.0.2.9/32 dev eth0
ok stack heal
assert_match "left alone" '192.0.2.0/25' "$(inside vpn ip route)"
assert_match "left alone" '192.0.2.9' "$(inside vpn ip addr)"

it "a flood of changes does no harm"
for i in $(seq 5000); do
	echo "addr add 192.0.2.$((i % 200 + 1))/32 dev lo"
	echo "addr del 192.0.2.$((i % 200 + 1))/32 dev lo"
done | ip -batch -
ok ip link del "$link"
wait_for 5 "served" served

it "with heal: false nothing is done by itself; --check says what, heal does it"
printf 'x-stack: {heal: false}\n' >>stack.yml
ok stack up -d
ok ip link set "$link" down
fails 1 stack heal --check
assert_match "the finding" 'heal-web-1 +its link is down' "$out"
ok jq -e '.[0].name == "heal-web-1"' <<<"$(stack heal --check --format json || :)"
fails 3 stack plan
assert_match "in the plan, too" 'repair container +heal-web-1 +live' "$out"
ok stack heal
ok served
ok stack heal --check
ok stack plan

it "kill -9 of the supervisor, then damage: the next one puts it right"
sed -i '/^x-stack/d' stack.yml
ok stack up -d
dead=$(supervisor_pid heal)
kill -KILL "$dead"
ok ip link set "$link" down
wait_for 5 "served" served
ok stack down
no_leaks
