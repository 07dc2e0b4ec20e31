#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The firewall on nftables: who reaches whom, what others do to its rules, and changing over.
. "$(dirname "$0")/lib.sh"
export STACK_FIREWALL=nft

project nftshop <<'YML'
services:
  web:
    image: example/busybox:1.35
    command: ["sh", "-c", "mkdir -p /www; echo web >/www/index.html; exec httpd -f -p 80 -h /www"]
    ports: ["8080:80", "127.0.0.1:8081:80", "9000-9002:80-82", "9100:9/udp"]
    networks: [default, back]
    stop_grace_period: 0s
  client:
    image: example/busybox:1.35
    command: ["sleep", "1000"]
    stop_grace_period: 0s
  hidden:
    image: example/busybox:1.35
    command: ["sleep", "1000"]
    networks: [back]
    stop_grace_period: 0s
  echo:
    image: example/busybox:1.35
    command: ["nc", "-ll", "-p", "7", "-e", "cat"]
    ports: ["7007:7"]
    stop_grace_period: 0s
networks:
  back: {internal: true}
YML
served() { [ "$(fetch http://127.0.0.1:8080/)" = web ]; }
served_outside() { [ "$(outside curl -sf --max-time 2 http://$HOST_ADDRESS:8080/)" = web ]; }
nft_rules() { nft list ruleset | grep -c 'stack:nftshop' || :; }
legacy_rules() { for t in raw filter nat; do iptables-legacy-save -t $t; done | grep -c 'stack:nftshop' || :; }
table() { nft list tables | awk '/ip stack-/ { print $3; exit }'; }
reachability() {
	assert_eq "127.0.0.1" web "$(fetch http://127.0.0.1:8080/)"
	assert_eq "localhost only, from localhost" web "$(fetch http://127.0.0.1:8081/)"
	assert_eq "a range" web "$(fetch http://127.0.0.1:9000/)"
	assert_eq "the host to its own address" web "$(fetch http://$HOST_ADDRESS:8080/)"
	assert_eq "another host" web "$(outside curl -sf --max-time 5 http://$HOST_ADDRESS:8080/)"
	assert_eq "the container to its own port" web "$(inside web wget -q -O- http://$HOST_ADDRESS:8080/)"
	assert_eq "another container to it" web "$(inside client wget -q -O- http://$HOST_ADDRESS:8080/)"
	fails 7 outside curl -sf --max-time 1 http://$HOST_ADDRESS:8081/
	ok inside client ping -c 1 -W 2 $OUTSIDE_ADDRESS
	fails 1 inside hidden ping -c 1 -W 1 $OUTSIDE_ADDRESS
}

ok stack up -d
wait_for 5 "httpd listens" served

it "ports are reached and networks closed, with rules of nftables only"
reachability
outside ip route replace "$(address_of web)" via $HOST_ADDRESS
fails 28 outside curl -sf --max-time 1 "http://$(address_of web)/"
assert_eq "rules of legacy iptables" 0 "$(legacy_rules)"
assert_between "rules of nftables" 20 100 "$(nft_rules)"

it "bridged packets go the same way, whether the bridge shows them to the firewall or not"
if [ -e /proc/sys/net/bridge/bridge-nf-call-iptables ]; then
	before=$(cat /proc/sys/net/bridge/bridge-nf-call-iptables)
	echo $((1 - before)) >/proc/sys/net/bridge/bridge-nf-call-iptables
	reachability
	echo "$before" >/proc/sys/net/bridge/bridge-nf-call-iptables
fi

# echoes TEXT: over the connection that is open, if one is
echoes() {
	local line
	[ -n "$connection" ] || return 0
	echo "$1" >&"$connection"
	read -rt 5 line <&"$connection"
	assert_eq "over the open connection" "$1" "$line"
}

# breaks WHAT COMMAND…
breaks() {
	local what=$1
	shift
	it "$what: noticed and put right"
	echoes before
	since=$(date -u +%Y-%m-%dT%H:%M:%S.%3NZ)
	ok "$@"
	wait_for 5 "healed" healed_since "$since"
	wait_for 2 "served here" served
	wait_for 2 "served to others" served_outside
	ok inside client ping -c 1 -W 1 $OUTSIDE_ADDRESS
	ok stack heal --check
	echoes after
}
healed_since() {
	stack events --json --since "$1" --until 0s | jq -r 'select(.event == "firewall") | .action' | grep -qx healed
}
nft add table ip foreign
nft add chain ip foreign mine '{ type filter hook forward priority 7; }'
nft add rule ip foreign mine ip saddr 203.0.113.0/24 drop
foreign=$(nft -a list table ip foreign)
wait_for 5 "the echo" sh -c "echo x | nc -q 1 127.0.0.1 7007 | grep -q x"
exec {connection}<>/dev/tcp/127.0.0.1/7007
table=$(table)
breaks "a rule is deleted" sh -c "
	nft delete rule ip $table published handle \$(nft -a list chain ip $table published | awk '/dport 8080/ { print \$NF; exit }')"
breaks "a rule is replaced" sh -c "
	nft replace rule ip $table filter handle \$(nft -a list chain ip $table filter | awk '/drop/ { print \$NF; exit }') accept"
breaks "a rule is added" nft insert rule ip "$table" filter drop
exec {connection}>&-
connection= # the kernel follows connections only while there is a rule that asks for them
breaks "the table is flushed" nft flush table ip "$table"
breaks "the table is deleted" nft delete table ip "$table"
breaks "the administrator's table is deleted" nft delete table inet stack
assert_eq "the table of others" "$foreign" "$(nft -a list table ip foreign)"
breaks "everything is flushed" nft flush ruleset
wait_for 5 "the echo" sh -c "echo x | nc -q 1 127.0.0.1 7007 | grep -q x"

it "the administrator's chain decides first, and stays"
ok nft add rule inet stack user ip saddr $OUTSIDE_ADDRESS tcp dport 80 drop
fails 28 outside curl -sf --max-time 1 http://$HOST_ADDRESS:8080/
ok stack restart web
fails 28 outside curl -sf --max-time 1 http://$HOST_ADDRESS:8080/
ok stack down
assert_match "his rule" 'tcp dport 80 drop' "$(nft list table inet stack)"
ok nft flush chain inet stack user

it "a project that began on one packet filter leaves it when the next supervisor uses the other"
ok stack up -d
wait_for 5 "httpd listens" served
ok stack down
no_leaks
if has_legacy_iptables; then
	STACK_FIREWALL=legacy ok stack up -d
	wait_for 5 "httpd listens" served
	assert_between "rules of legacy iptables" 20 100 "$(legacy_rules)"
	assert_eq "rules of nftables" 0 "$(nft_rules)"
	ok stack supervisor restart # this command's environment is the next one's
	assert_match "told" 'firewall nft\) took over .*firewall legacy\)' "$err"
	changed_over() { [ "$(legacy_rules)" = 0 ] && [ "$(nft_rules)" -gt 20 ]; }
	wait_for 5 "it is on nftables" changed_over
	ok served
	ok stack down
	no_leaks
else
	it "without legacy iptables, nftables is what is chosen"
	unset STACK_FIREWALL
	ok stack up -d
	wait_for 5 "httpd listens" served
	assert_between "rules of nftables" 20 100 "$(nft_rules)"
	ok stack down
	no_leaks
	STACK_FIREWALL=legacy fails 1 stack up -d
	assert_match "the sentence" "no legacy iptables table" "$err"
	ok stack down
fi

it "an unknown packet filter is refused"
STACK_FIREWALL=pf fails 1 stack up -d
assert_match "the sentence" "STACK_FIREWALL is 'pf'" "$err"
no_leaks
