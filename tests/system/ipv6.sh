#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# IPv6: addresses, names, the way out and the way in, who is kept out, and the relay of [::1].
. "$(dirname "$0")/lib.sh"

HOST6=3fff:1::2 OUTSIDE6=3fff:1::1
[ -d /proc/sys/net/ipv6 ] || skip "this kernel has no IPv6"
[ -n "$OUTSIDE_PID" ] || skip "it takes an uplink of the test's own"
echo 0 >/proc/sys/net/ipv6/conf/uplink/disable_ipv6
ip -6 addr add $HOST6/64 dev uplink nodad
ip -6 route add default via $OUTSIDE6
outside ip -6 addr add $OUTSIDE6/64 dev uplink nodad
outside ip -6 route add fd00::/8 via $HOST6
snapshot >"$T/before"

address6_of() {
	ps_field "$1" '.addresses[0].address6'
}

# udp_ask TO PORT: what a datagram is answered, from this host or, with `outside`, from there.
cat >"$T/udp.py" <<'PY'
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.settimeout(5)
s.connect((sys.argv[1], int(sys.argv[2])))
for i in range(3):
    s.send(b"ping")
    print(s.recv(100).decode())
PY

project six <<'YML'
services:
  web:
    image: example/busybox:1.35
    command: ["sh", "-c", "mkdir -p /www; hostname >/www/index.html; echo 'env | grep REMOTE_ADDR' | sed '1i#!/bin/sh\necho; ' >/www/who; exec httpd -f -p 80 -h /www"]
    ports: ["8080:80", "[::1]:8081:80", "[3fff:1::2]:8082:80", "127.0.0.1:8083:80"]
    networks: {front: {ipv6_address: "fd00:77::50"}}
    stop_grace_period: 0s
  client:
    image: example/busybox:1.35
    command: ["sleep", "1000"]
    networks: {front: {}, back: {}}
    stop_grace_period: 0s
  hidden:
    image: example/busybox:1.35
    command: ["sleep", "1000"]
    networks: [back]
    stop_grace_period: 0s
  old:
    image: example/busybox:1.35
    command: ["sh", "-c", "mkdir -p /www; echo old >/www/index.html; exec httpd -f -p 80 -h /www"]
    ports: ["8090:80"]
    networks: [plain]
    stop_grace_period: 0s
networks:
  front:
    enable_ipv6: true
    ipam:
      config:
        - {subnet: 10.77.0.0/24, ip_range: 10.77.0.128/25, aux_addresses: {printer: 10.77.0.130}}
        - {subnet: "fd00:77::/64", gateway: "fd00:77::fe", ip_range: "fd00:77::80/122", aux_addresses: {printer: "fd00:77::81"}}
  back: {enable_ipv6: true}
  plain:
YML
ok stack up -d
wait_for 5 "httpd listens" inside client wget -q -O- http://web/

it "addresses are what the file says, or a unique local one"
assert_eq "the fixed one" fd00:77::50 "$(address6_of web)"
assert_match "of the range" '^fd00:77::[89ab][0-9a-f]$' "$(address6_of client)"
assert_match "of the range of IPv4" '^10\.77\.0\.(129|1[3-9].|2..)$' "$(address_of client)"
assert_match "a unique local one" '^fd[0-9a-f]{2}:.*::[0-9a-f]+$' "$(address6_of hidden)"
ok inside client ip -6 addr show dev eth0
assert_match "in the container" "$(address6_of client)/64" "$out"
assert_no_match "without waiting" 'tentative|dadfailed' "$out"
assert_match "its route" 'default via fd00:77::fe dev eth0' "$(inside client ip -6 route)"
assert_eq "no IPv6 without asking" null "$(address6_of old)"
assert_no_match "nor any in there" 'inet6' "$(inside old ip -6 addr show dev eth0)"

it "containers reach each other, and the names have AAAA and PTR"
ok inside client ping -6 -c 1 -W 2 fd00:77::50
ok inside client wget -q -O- "http://[fd00:77::50]/"
assert_match "AAAA" fd00:77::50 "$(inside client nslookup -type=aaaa web)"
dns() { # SERVICE ARG...: ask the server of the service's network
	nsenter --net=/run/netns/"$(basename /run/netns/*"six-$1-1")" dig +short +time=2 \
		"@$(ps_field "$1" '.addresses[0].gateway')" "${@:2}"
}
assert_eq "dig: AAAA" fd00:77::50 "$(dns client web AAAA)"
assert_eq "dig: the client's own" "$(address6_of client)" "$(dns client six-client-1 AAAA | grep fd00:77)"
assert_match "dig: PTR" '^(web|six-web-1)\.$' "$(dns client -x fd00:77::50)"
assert_eq "dig: IPv4 has none" "" "$(dns old old AAAA)"

it "the published port answers on every way of IPv6"
assert_eq "[::1]" "$(inside web hostname)" "$(fetch "http://[::1]:8080/")"
assert_eq "[::1] alone" "$(inside web hostname)" "$(fetch "http://[::1]:8081/")"
assert_eq "the host to its own address" "$(inside web hostname)" "$(fetch "http://[$HOST6]:8080/")"
assert_eq "one address" "$(inside web hostname)" "$(fetch "http://[$HOST6]:8082/")"
assert_eq "another host" "$(inside web hostname)" "$(outside curl -sf --max-time 5 "http://[$HOST6]:8080/")"
assert_eq "another host, one address" "$(inside web hostname)" "$(outside curl -sf --max-time 5 "http://[$HOST6]:8082/")"
assert_eq "another container" "$(inside web hostname)" "$(inside client wget -q -O- "http://[$HOST6]:8080/")"
assert_eq "the container itself" "$(inside web hostname)" "$(inside web wget -q -O- "http://[$HOST6]:8080/")"
fails 7 outside curl -sf --max-time 2 "http://[$HOST6]:8081/"
fails 7 outside curl -sf --max-time 2 "http://[$HOST6]:8083/"
fails 7 curl -sf --max-time 2 "http://[::1]:8082/"
assert_eq "a network without IPv6: [::1]" old "$(fetch "http://[::1]:8090/")"
assert_eq "a network without IPv6: another host" old "$(outside curl -sf --max-time 5 "http://[$HOST6]:8090/")"
assert_eq "IPv4 as ever" "$(inside web hostname)" "$(fetch http://127.0.0.1:8080/)"

it "nobody else gets in, and the way out hides behind the host's address"
fails 28 outside curl -sf --max-time 1 "http://[fd00:77::50]/"
fails 1 inside hidden ping -6 -c 1 -W 1 fd00:77::50
fails 1 inside web ping -6 -c 1 -W 1 "$(address6_of hidden)"
ok inside client ping -6 -c 1 -W 2 "$(address6_of hidden)"
ok inside hidden ping -6 -c 1 -W 2 $OUTSIDE6
