#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Networks that others made, and links beside those of the host.
. "$(dirname "$0")/lib.sh"

page() { # INDEX: a web server that says it
	echo "command: [sh, -c, \"mkdir -p /w; echo $1 >/w/index.html; exec httpd -f -p 80 -h /w\"]"
}

project proxy <<YML
services:
  front:
    image: example/busybox:1.35
    $(page front)
    ports: ["8080:80"]
    stop_grace_period: 0s
networks:
  default: {attachable: true}
YML

project app <<YML
services:
  web:
    image: example/busybox:1.35
    $(page web)
    networks: {edge: {aliases: [shop]}, default: {}}
    ports: ["8081:80", "127.0.0.1:8082:80"]
    stop_grace_period: 0s
  db:
    image: example/busybox:1.35
    $(page db)
    stop_grace_period: 0s
  lone:
    image: example/busybox:1.35
    $(page lone)
    networks: [edge]
    stop_grace_period: 0s
networks:
  edge: {external: true, name: proxy_default}
YML

it "a network that is not there is told, with what would make it"
fails 1 stack up -d
assert_match "said" "no network 'proxy_default' on this host: bring the project up" "$err"
ok stack down

it "another project's network is joined: both find each other by name, in both directions"
stack -p proxy -f "$T/proxy/stack.yml" up -d >/dev/null 2>&1
bridges=$(ip -o link show type bridge)
ok stack up -d
front() { stack -p proxy -f "$T/proxy/stack.yml" exec -T front "$@" </dev/null; }
gets() { # SERVICE NAME
	[ "$(inside "$1" wget -q -O- "http://$2/")" = "${3-$2}" ]
}
for name in web shop lone; do
	front_gets() { [ "$(front wget -q -O- "http://$name/")" = "${name/shop/web}" ]; }
	wait_for 5 "front finds $name" front_gets
done
wait_for 5 "lone finds front" gets lone front
wait_for 5 "lone finds web by its alias" gets lone shop web
it "one that is in a network of its own as well finds the names of both"
wait_for 5 "web finds front" gets web front
wait_for 5 "web finds db" gets web db
it "names of other networks stay where they are"
fails 1 front nslookup db
fails 1 inside lone nslookup db
addresses() { # PROJECT
	stack -p "$1" ps -a --format json | jq -r '.. | .address? // empty | strings'
}
assert_eq "each address is one container's" "" "$( (addresses proxy; addresses app) | sort | uniq -d)"
assert_between "and there are as many as expected" 5 5 "$( (addresses proxy; addresses app) | wc -l)"

it "ports of a guest are published, and the owner's rules do not stand in the way"
assert_eq "on localhost" web "$(fetch http://127.0.0.1:8081/)"
assert_eq "on localhost only" web "$(fetch http://127.0.0.1:8082/)"
assert_eq "from outside" web "$(outside curl -sf --max-time 5 http://$HOST_ADDRESS:8081/)"
fails 7 outside curl -sf --max-time 2 http://$HOST_ADDRESS:8082/
ok inside lone ping -c 1 -W 2 $OUTSIDE_ADDRESS

it "the owner cannot go while there are guests"
fails 1 stack -p proxy down
assert_match "said" "network 'default' is in use by the project 'app'" "$err"
assert_eq "and nothing happened" front "$(fetch http://127.0.0.1:8080/)"

it "a supervisor that comes later goes on with it"
kill -KILL "$(supervisor_pid app)"
ok stack up -d
wait_for 5 "lone finds front" gets lone front
assert_eq "the published port" web "$(fetch http://127.0.0.1:8081/)"

it "the guest leaves, and the network is as it was"
ok stack down
assert_no_match "the owner's bridge" 'web' "$(ip -o link show type veth)"
[ "$(ip -o link show type bridge)" = "$bridges" ] || fail "the bridge was changed: $bridges; $(ip -o link show type bridge)"
fails 1 front nslookup lone
ok stack -p proxy down
no_leaks

it "a bridge of the host that nobody of ours made: joined, and left as it was"
ip link add lan type bridge
ip link property add dev lan altname the-office-lan
ip addr add 10.77.0.1/24 dev lan
ip link set lan up
unshare --net sleep 100000 &
BACKGROUND+=($!)
neighbour=$!
apart() { [ "$(readlink /proc/$neighbour/ns/net)" != "$(readlink /proc/self/ns/net)" ]; }
wait_for 5 "another machine in it" apart
ip link add far type veth peer name eth0 netns $neighbour
ip link set far master lan up
other() { nsenter --net="/proc/$neighbour/ns/net" "$@"; }
other ip addr add 10.77.0.9/24 dev eth0
other ip link set eth0 up
busybox ping -c 1 -W 2 10.77.0.9 >/dev/null
forward_policy DROP
snapshot >"$T/lan"
mac=$(ip -o link show lan)
project office <<YML
services:
  web:
    image: example/busybox:1.35
    $(page office)
    networks: [lan]
    ports: ["8083:80"]
    stop_grace_period: 0s
  pinned:
    image: example/busybox:1.35
    $(page pinned)
    networks: {lan: {ipv4_address: 10.77.0.50}}
    stop_grace_period: 0s
networks:
  lan: {external: true, name: the-office-lan}
YML
ok stack up -d
web=$(address_of web)
assert_match "an address of it" '^10\.77\.0\.' "$web"
assert_eq "the bridge keeps its link address" "$mac" "$(ip -o link show lan)"
assert_no_match "nobody else's" '^10\.77\.0\.(1|9|50)$' "$web"
assert_eq "the one that was asked for" 10.77.0.50 "$(address_of pinned)"
served() { [ "$(other curl -sf --max-time 2 "http://$web/")" = office ]; }
wait_for 5 "the neighbour reaches it directly" served
assert_eq "the published port" office "$(outside curl -sf --max-time 5 http://$HOST_ADDRESS:8083/)"
ok inside web ping -c 1 -W 2 10.77.0.9
ok inside web ping -c 1 -W 2 $OUTSIDE_ADDRESS
ok inside pinned wget -q -O- "http://$web/"
it "an address that a neighbour has is not taken from it"
sed -i 's/10.77.0.50/10.77.0.9/' stack.yml
fails 1 stack up -d
assert_match "said" "10.77.0.9 is taken" "$err"
ok stack down
no_leaks "$T/lan"
ip link del far; ip link del lan
forward_policy ACCEPT
sed -i 's/the-office-lan/uplink/' stack.yml
fails 1 stack up -d
assert_match "said" "'uplink' of this host is no bridge" "$err"
ok stack down

it "macvlan: in the network that a link of the host is in, with an address of its own there"
ip link add port type veth peer name lan0 netns $OUTSIDE_PID
ip link set port up
outside ip addr add 10.78.0.1/24 dev lan0
outside ip link set lan0 up
project beside <<YML
services:
  a:
    image: example/busybox:1.35
    $(page a)
    networks: {lan: {ipv4_address: 10.78.0.10, mac_address: "02:00:00:00:00:0a"}}
    ports: ["8084:80"]
    stop_grace_period: 0s
  b:
    image: example/busybox:1.35
    $(page b)
    networks: {lan: , default: {gw_priority: 1}}
    ports: ["8085:80"]
    stop_grace_period: 0s
networks:
  lan:
    driver: macvlan
    driver_opts: {parent: port, mtu: "1400"}
    ipam: {config: [{subnet: 10.78.0.0/24, ip_range: 10.78.0.128/25, gateway: 10.78.0.1}]}
YML
ok stack up -d
assert_match "ports are not published there" "an address of its own" "$err"
assert_between "from the range" 128 254 "$(ps_field b '.addresses[] | select(.network == "lan") | .address' | cut -d. -f4)"
a_served() { [ "$(outside curl -sf --max-time 2 http://10.78.0.10/)" = a ]; }
wait_for 5 "it is reached as a machine of that network" a_served
ok outside ip neigh show 10.78.0.10
assert_match "with its own link address" "02:00:00:00:00:0a" "$out"
assert_match "and its MTU" "mtu 1400" "$(inside a ip link show eth0)"
ok inside a ping -c 1 -W 2 10.78.0.1
assert_match "default route by that network's gateway" "default via 10.78.0.1 dev eth0" "$(inside a ip route)"
assert_eq "a bridge network beside it publishes" b "$(outside curl -sf --max-time 5 http://$HOST_ADDRESS:8085/)"
ok inside b wget -q -O- "http://10.78.0.10/"
it "again: nothing; a restart: the same; a link that is taken away comes back"
pid=$(pid_of a)
ok stack up -d
assert_eq "the same process" "$pid" "$(pid_of a)"
nsenter --net="/proc/$pid/ns/net" ip link del eth0
ok stack heal
wait_for 5 "it is back" a_served
ok stack restart a
wait_for 5 "after a restart" a_served
it "what fits no network of the kind, or no kernel, is told"
sed -i 's/parent: port/parent: prt/' stack.yml
fails 1 stack up -d
assert_match "said" "this host has no link 'prt'" "$err"
ok stack down
sed -i 's/parent: prt, mtu: "1400"/parent: port/; s/driver: macvlan/driver: ipvlan/; s/, mac_address: "02:00:00:00:00:0a"//' stack.yml
fails 0 stack config -q
if unshare --net sh -c 'ip link add a type veth peer name b && ip link add v link a type ipvlan' 2>/dev/null; then
	ok stack up -d
	wait_for 5 "ipvlan" a_served
else
	fails 1 stack up -d
	assert_match "said" "this kernel has no ipvlan" "$err"
fi
ok stack down
ip link del port
no_leaks
