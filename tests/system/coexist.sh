#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Other firewalls on the same host: what they drop is worked with or told with its cure, and stays theirs.
. "$(dirname "$0")/lib.sh"

project coexist <<'YML'
services:
  web:
    image: example/busybox:1.35
    command: ["sh", "-c", "mkdir -p /www; echo web >/www/index.html; exec httpd -f -p 80 -h /www"]
    ports: ["8080:80"]
    stop_grace_period: 0s
  client:
    image: example/busybox:1.35
    command: ["sleep", "1000"]
    stop_grace_period: 0s
YML
served_outside() { [ "$(outside curl -sf --max-time 1 http://$HOST_ADDRESS:8080/)" = web ]; }
reaches_outside() { inside client nc -w 1 $OUTSIDE_ADDRESS 8000; }
neighbours() { [ "$(inside client wget -q -O- http://web/)" = web ]; }
works() {
	wait_for 5 "another host is served" served_outside
	ok reaches_outside
	ok neighbours
	assert_eq "the container to its own port" web "$(inside web wget -q -O- http://$HOST_ADDRESS:8080/)"
}
background outside busybox httpd -f -p 8000 -h "$TREE/examples"
told() { grep -o "nft 'insert.*accept'" <<<"$err" | tail -n 1 || :; }
others() { # all tables but ours
	nft -s list tables | grep -v stack | while read -r _ table; do nft -s list table $table; done
}

it "legacy iptables that drops what is forwarded, as dockerd leaves it"
iptables-legacy -w -P FORWARD DROP
iptables-legacy -w -N DOCKER-USER
iptables-legacy -w -I FORWARD -j DOCKER-USER
ok stack up -d
assert_eq "no warning" "" "$(told)"
works
ok stack down
iptables-legacy -w -D FORWARD -j DOCKER-USER
iptables-legacy -w -X DOCKER-USER
iptables-legacy -w -P FORWARD ACCEPT
no_leaks

it "bridged packets that the bridge shows to the firewall, and that it does not"
if [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]; then
	before=$(cat /proc/sys/net/bridge/bridge-nf-call-iptables)
	ok stack up -d
	for value in 0 1; do
		echo $value >/proc/sys/net/bridge/bridge-nf-call-iptables
		works
	done
	ok stack down
	echo "$before" >/proc/sys/net/bridge/bridge-nf-call-iptables
fi

# closed NAME CHAIN COMMAND: a firewall that drops what it does not know; CHAIN is its chain
closed() {
	local firewall
	for firewall in legacy nft; do
		it "$1 with STACK_FIREWALL=$firewall: told with what opens it, and that opens it"
		ok sh -c "$3"
		export STACK_FIREWALL=$firewall
		ok stack up -d
		assert_match "the warning" "chain '$2' of another firewall drops" "$err"
		cure=$(told)
		fails 1 reaches_outside
		ok stack up -d
		assert_eq "told again" "$cure" "$(told)"
		fails 1 stack heal --check
		assert_match "the finding" "chain '$2'" "$out"
		ok sh -c "$cure"
		works
		ok stack heal --check
		rules=$(others)
		ok stack up -d
		assert_eq "not told any more" "" "$(told)"
		ok stack down
		assert_eq "the other firewall's rules" "$rules" "$(others)"
		nft flush ruleset
		no_leaks
	done
	unset STACK_FIREWALL
}
closed "iptables-nft with policy drop" 'ip filter FORWARD' "iptables-nft -P FORWARD DROP
	iptables-nft -A FORWARD -i docker0 -j ACCEPT"
closed "a table that ends in reject" 'inet firewalld filter_FORWARD' "nft '
	table inet firewalld {
		chain filter_FORWARD {
			type filter hook forward priority filter + 10; policy accept;
			ct state { established, related } accept
			ct status dnat accept
			iifname lo accept
			ct state invalid drop
			log prefix \"gone \" reject with icmpx admin-prohibited
		}
	}'"

it "a firewall that comes later is told, too; of IPv6, when there are networks of it"
warned() { stack events --json --since 1m --until 0s | jq -r 'select(.action == "warning") | .detail' | grep -q 'ip mine forward'; }
ok stack up -d
works
nft 'table ip mine { chain forward { type filter hook forward priority 0; policy drop; }; }'
wait_for 5 "the warning" warned
nft delete table ip mine
works
nft 'table ip6 mine { chain forward { type filter hook forward priority 0; policy drop; }; }'
ok stack heal --check
ok stack down
printf 'networks: {default: {enable_ipv6: true}}\n' >>stack.yml
ok stack up -d
assert_match "the warning" "'ip6 mine forward'" "$err"
ok sh -c "$(told)"
ok stack heal --check
nft delete table ip6 mine
