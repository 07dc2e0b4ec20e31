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

# Programs of the test's own: a server that answers datagrams with its name and the sender's
# address, a client of it, and a client that sends all it can before it reads.
cat >"$T/udp_server.py" <<'PY'
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
s.bind(("::", 53))
while True:
    data, peer = s.recvfrom(65536)
    s.sendto(data if len(data) > 100 else f"{sys.argv[1]} {peer[0]}".encode(), peer)
PY
cat >"$T/udp.py" <<'PY'
import socket, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
s.settimeout(5)
s.connect((sys.argv[1], int(sys.argv[2])))
s.send(b"who")
print(s.recv(100).decode())
s.send(b"x" * 1400)
assert len(s.recv(2000)) == 1400
PY
cat >"$T/echo.py" <<'PY'
import hashlib, select, socket, sys
block, blocks = bytes(range(256)) * 256, 512
s = socket.create_connection((sys.argv[1], int(sys.argv[2])))
s.setblocking(False)
sent = received = 0
full, ended, sums = False, False, [hashlib.sha256(), hashlib.sha256()]
pending = b""
while True:
    # Nothing is read before nothing more can be sent.
    readable, writable, _ = select.select([s] if full else [], [] if ended else [s], [], 10 if full else 1)
    if not readable and not writable:
        if full:
            sys.exit(f"stuck after {sent} sent, {received} received")
        full = True
    if writable:
        if not pending and sent < blocks * len(block):
            pending = block
        if pending:
            n = s.send(pending)
            sums[0].update(pending[:n])
            sent, pending = sent + n, pending[n:]
        else:
            s.shutdown(socket.SHUT_WR)
            ended = full = True
    if readable:
        data = s.recv(1 << 20)
        if not data:
            break
        sums[1].update(data)
        received += len(data)
assert sent == received == blocks * len(block), (sent, received)
assert sums[0].digest() == sums[1].digest()
print("same")
PY

project six <<'YML'
services:
  web:
    image: example/busybox:1.35
    command: ["sh", "-c", "mkdir -p /www; hostname >/www/index.html; exec httpd -f -p 80 -h /www"]
    ports: ["8080:80", "[::1]:8081:80", "[3fff:1::2]:8082:80", "127.0.0.1:8083:80"]
    networks: {front: {ipv6_address: "fd00:77::50"}}
    stop_grace_period: 0s
  many:
    image: example/busybox:1.35
    command: ["sh", "-c", "mkdir -p /www; hostname >/www/index.html; nc -ll -p 7 -e cat & exec httpd -f -p 80 -h /www"]
    ports: ["8091:80", "8092:7", "8053:53/udp"]
    networks: [front]
    scale: 2
    stop_grace_period: 0s
  client:
    image: example/busybox:1.35
    command: ["sleep", "1000"]
    environment: {GENERATION: "1"}
    networks: {front: {}, back: {}}
    stop_grace_period: 0s
  hidden:
    image: example/busybox:1.35
    command: ["sleep", "1000"]
    networks: [back]
    stop_grace_period: 0s
  safe:
    image: example/busybox:1.35
    command: ["sleep", "1000"]
    networks: [vault]
    scale: 2
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
  vault: {enable_ipv6: true, internal: true}
  plain:
    ipam:
      config: [{subnet: 10.78.0.0/24, ip_range: 10.78.0.128/30, aux_addresses: {a: 10.78.0.128, b: 10.78.0.129, c: 10.78.0.130}}]
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
assert_eq "the only one of its range that is not kept free" 10.78.0.131 "$(address_of old)"
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

it "net ls and inspect show both families"
assert_match "subnets" '^six_front .* [0-9.]+/24, fd00:77::/64 ' "$(stack net ls)"
assert_eq "inspect" "fd00:77::/64 fd00:77::50" "$(stack net inspect front --format json |
	jq -r '.[0] | .subnet6 + " " + (.containers[] | select(.service == "web") | .address6)')"

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

it "an internal network has no way out, and its containers find each other"
other=$(ps_json | jq -r '.[] | select(.name == "six-safe-2").addresses[0].address6')
ok inside safe ping -6 -c 1 -W 2 "$other"
assert_no_match "no default route" default "$(inside safe ip -6 route)"
ns_of() { # CONTAINER
	basename /run/netns/*"six-$1"
}
ip -n "$(ns_of safe-1)" -6 route add default via "$(ps_field safe '.addresses[0].gateway6')"
fails 1 inside safe ping -6 -c 1 -W 1 $OUTSIDE6
fails 1 inside safe ping -6 -c 1 -W 1 fd00:77::50

it "another project is another world"
mkdir -p "$T/apart" && cd "$T/apart"
cat >stack.yml <<'YML'
services:
  spy: {image: "example/busybox:1.35", command: ["sleep", "1000"], stop_grace_period: 0s}
networks:
  default:
    enable_ipv6: true
    ipam:
      config: [{subnet: "fd00:78::/64", ip_range: "fd00:78::80/126", aux_addresses: {a: "fd00:78::80", b: "fd00:78::81", c: "fd00:78::82"}}]
YML
ok stack up -d
assert_eq "the only address that is not kept free" fd00:78::83 "$(address6_of spy)"
fails 1 inside spy ping -6 -c 1 -W 1 fd00:77::50
ok inside spy ping -6 -c 1 -W 2 $OUTSIDE6
assert_match "but a published port is open" six-web-1 "$(inside spy wget -q -O- "http://[$HOST6]:8080/")"
ok stack down

it "what the file asks for and cannot have is said"
sed -i 's/subnet: "fd00:78::[^}]*}}]/subnet: "3fff:1::\/64"}]/' stack.yml
fails 1 stack up -d
assert_match "the clash" '3fff:1::/64 overlaps' "$err"
ok stack down
background nc -6 -lk ::1 8099
wait_for 5 "it listens" nc -6z ::1 8099
cat >stack.yml <<'YML'
services:
  spy: {image: "example/busybox:1.35", command: ["sleep", "1000"], ports: ["8099:80"], stop_grace_period: 0s}
YML
fails 1 stack up -d
assert_match "the port's owner" '8099/tcp is taken by nc' "$err"
ok stack down
kill "${BACKGROUND[-1]}"
cd "$T/six"

it "replicas share the port, also through the relay"
for to in "[::1]" "[$HOST6]"; do
	answers=$(for _ in $(seq 30); do fetch "http://$to:8091/"; done | sort -u | wc -l)
	assert_eq "both answer at $to" 2 "$answers"
done

it "the relay passes on all bytes in both directions, and one end after the other"
rss() {
	awk '/VmHWM/ { print $2 }' "/proc/$(supervisor_pid six)/status"
}
before=$(rss)
assert_eq "32 MiB there and back" same "$(python3 "$T/echo.py" ::1 8092)"
sanitized || assert_between "kB of memory for that" 0 4096 $(($(rss) - before))

it "datagrams find their way, and back"
for n in 1 2; do
	background nsenter --net="/run/netns/$(ns_of many-$n)" python3 "$T/udp_server.py" "many-$n"
done
udp_answers() { # CMD...
	"$@" python3 "$T/udp.py" "$to" 8053 | grep -E "$like"
}
to=::1 like="many-. (fd00:77::fe|::ffff:10.77.0.1)$"
wait_for 10 "the answer at [::1]" udp_answers env
to=$HOST6 like="many-. fd00:77::fe$"
wait_for 10 "the answer at the host's address" udp_answers env
like="many-. $OUTSIDE6$"
wait_for 10 "the answer to another host, which is seen as it is" udp_answers outside

it "no router is believed that is none"
cat >"$T/ra.py" <<'PY'
import socket, struct, sys
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, socket.if_nametoindex("eth0"))
prefix = struct.pack("!BBBBIII16s", 3, 4, 64, 0xc0, 3600, 3600, 0, socket.inet_pton(socket.AF_INET6, "3fff:bad::"))
s.sendto(struct.pack("!BBHBBHII", 134, 0, 0, 64, 0, 1800, 0, 0) + prefix, ("ff02::1", 0))
PY
heard() {
	awk '/^Icmp6InRouterAdvertisements/ { n = $2 } END { exit !n }' <(ip netns exec "$(ns_of web-1)" cat /proc/net/snmp6)
}
advertise() {
	ip netns exec "$(ns_of client-1)" python3 "$T/ra.py" && heard
}
wait_for 10 "the advertisement is heard" advertise
assert_no_match "in a container" '3fff:bad' "$(inside web ip -6 addr; inside web ip -6 route)"
assert_no_match "on the host" '3fff:bad' "$(ip -6 addr; ip -6 route)"
assert_eq "what the uplink believed it goes on to believe" 2 "$(cat /proc/sys/net/ipv6/conf/uplink/accept_ra)"

it "what others change is put right"
bridge=$(ip -o -6 addr | awk '$4 == "fd00:77::fe/64" { print $2 }')
has_address() { # NS ADDRESS
	ip ${1:+-n "$1"} -o -6 addr | grep -F " $2/64"
}
has_route() { # NS ROUTE...
	ip ${1:+-n "$1"} -6 route show "${@:2}" | grep .
}
ip -6 addr del fd00:77::fe/64 dev "$bridge"
wait_for 10 "the bridge's address" has_address "" fd00:77::fe
ip -n "$(ns_of web-1)" -6 addr del fd00:77::50/64 dev eth0
wait_for 10 "the container's address" has_address "$(ns_of web-1)" fd00:77::50
wait_for 10 "and its route out" has_route "$(ns_of web-1)" default via fd00:77::fe
ip -n "$(ns_of web-1)" -6 route del default
wait_for 10 "the default route" has_route "$(ns_of web-1)" default via fd00:77::fe
ip -6 route del fd00:77::/64 dev "$bridge"
wait_for 10 "the route to the subnet" has_route "" fd00:77::/64 dev "$bridge"
ok inside client ping -6 -c 1 -W 2 fd00:77::50
before=$(our_rules)
assert_no_match "every rule can be printed" 'unsupported|unknown' "$before"
if on_nft; then
	nft flush table ip6 "$(nft_table ip6)"
else
	ip6tables-legacy -w -t nat -F
	ip6tables-legacy -w -t filter -F FORWARD
	ip6tables-legacy -w -t filter -A FORWARD -s 2001:db8::/32 -j DROP
fi
rules_are_back() {
	[ "$(our_rules | sort)" = "$(sort <<<"$before")" ]
}
wait_for 10 "the rules" rules_are_back

it "an address stays with its service, and the relay with its project"
before=$(address6_of client)
sed -i 's/GENERATION: "1"/GENERATION: "2"/' stack.yml
ok stack up -d
assert_eq "the same address" "$before" "$(address6_of client)"
kill -KILL "$(supervisor_pid six)"
ok stack ps
wait_for 10 "[::1] answers again" fetch "http://[::1]:8080/"
ok stack restart web many
wait_for 10 "and after a restart" fetch "http://[::1]:8080/"
wait_for 10 "on every port" fetch "http://[::1]:8081/"

it "a port that is no longer published is no longer served"
sed -i 's/"8090:80"/"8094:80"/' stack.yml
ok stack up -d
assert_eq "the new one" old "$(fetch "http://[::1]:8094/")"
fails 7 curl -sf --max-time 2 "http://[::1]:8090/"
ok stack stop old
fails 7 curl -sf --max-time 2 "http://[::1]:8094/"
assert_eq "port" "[::1]:8081" "$(stack port web 80 | grep 8081)"
