#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Names, addresses, the way out and the way in.
. "$(dirname "$0")/lib.sh"

resolves_outside() {
	inside client nslookup example.org | grep -F 192.0.2.99
}

project net <<'YML'
services:
  web:
    image: example/busybox:1.35
    hostname: web
    command: ["sh", "-c", "mkdir -p /www; hostname >/www/index.html; exec httpd -f -p 80 -h /www"]
    ports: ["8080:80", "127.0.0.1:8081:80", "9000:9/udp"]
    stop_grace_period: 0s
  client:
    image: example/busybox:1.35
    command: ["sleep", "1000"]
    networks:
      default: {aliases: [friend]}
      back:
    stop_grace_period: 0s
  hidden:
    image: example/busybox:1.35
    command: ["sleep", "1000"]
    networks: [back]
    stop_grace_period: 0s
networks:
  back:
YML
ok stack up -d
web=$(address_of web)
wait_for 5 "httpd listens" inside client wget -q -O- http://web/

it "services find each other by name, alias and container name"
for name in web net-web-1; do
	assert_match "$name" "$web" "$(inside client nslookup $name)"
done
ok inside web ping -c 1 -W 2 friend
ok inside client ping -c 1 -W 2 web
ok inside client ping -c 1 -W 2 hidden
assert_match "upper case" "$web" "$(inside client nslookup WEB)"
fails 1 inside web nslookup hidden
fails 1 inside client nslookup nobody-has-this-name

it "an address of another network is out of reach"
hidden=$(address_of hidden)
fails 1 inside web ping -c 1 -W 1 "$hidden"

it "other names go to the host's resolver"
if [ -n "$OUTSIDE_PID" ] && command -v python3 >/dev/null; then
	cat >"$T/dns.py" <<-'PY'
		import socket
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.bind(("", 53))
		while True:
		    query, peer = s.recvfrom(512)
		    end = query.index(0, 12) + 5
		    s.sendto(query[:2] + b"\x81\x80\0\1\0\1\0\0\0\0" + query[12:end]
		             + b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\x63", peer)
	PY
	background outside python3 "$T/dns.py"
	echo "nameserver $OUTSIDE_ADDRESS" >"$T/resolv.conf"
	mount --bind "$T/resolv.conf" /etc/resolv.conf
	wait_for 10 "the answer from outside" resolves_outside
	umount /etc/resolv.conf
fi

it "the published port answers on every way"
assert_eq "127.0.0.1" web "$(fetch http://127.0.0.1:8080/)"
assert_eq "localhost only, from localhost" web "$(fetch http://127.0.0.1:8081/)"
assert_eq "the container's own address" web "$(fetch "http://$web/")"
if [ -n "$OUTSIDE_PID" ]; then
	assert_eq "the host to its own address" web "$(fetch http://$HOST_ADDRESS:8080/)"
	assert_eq "another host" web "$(outside curl -sf --max-time 5 http://$HOST_ADDRESS:8080/)"
	fails 7 outside curl -sf --max-time 2 http://$HOST_ADDRESS:8081/
	assert_eq "the container to its own published port" web \
		"$(inside web wget -q -O- http://$HOST_ADDRESS:8080/)"
	assert_eq "another container to it" web "$(inside client wget -q -O- http://$HOST_ADDRESS:8080/)"

	it "the way out hides behind the host's address"
	background outside busybox httpd -f -p 8000 -h "$TREE/examples"
	wait_for 10 "the server outside" fetch http://$OUTSIDE_ADDRESS:8000/quickstart.sh
	ok inside client ping -c 1 -W 2 $OUTSIDE_ADDRESS
	ok inside client wget -q -O /dev/null http://$OUTSIDE_ADDRESS:8000/quickstart.sh
fi

it "links say whose they are"
ok ip -details link show
assert_match "ifalias or altname" 'net-web-1|net/web|net.*web' "$out"
mac=$(ip -o link show type bridge | grep -o 'link/ether [0-9a-f:]*' | sort)
ok stack restart client
assert_eq "the bridges keep their MAC" "$mac" "$(ip -o link show type bridge | grep -o 'link/ether [0-9a-f:]*' | sort)"

it "a port that is taken is said with its owner, and the rest runs"
mkdir -p "$T/other" && cd "$T/other"
cat >stack.yml <<'YML'
services:
  thief: {image: "example/busybox:1.35", command: ["sleep", "1000"], ports: ["8080:80"], stop_grace_period: 0s}
  honest: {image: "example/busybox:1.35", command: ["sleep", "1000"], stop_grace_period: 0s}
YML
fails 1 stack up -d
assert_match "the port" 8080 "$err"
assert_match "its owner" 'net' "$err"
ok stack down
background busybox httpd -f -p 127.0.0.1:8099 -h "$TREE/examples"
wait_for 10 "the other program listens" fetch http://127.0.0.1:8099/quickstart.sh
sed -i 's/8080:80/127.0.0.1:8099:80/' stack.yml
fails 1 stack up -d
assert_match "the port" 8099 "$err"
assert_match "the program" 'busybox' "$err"
ok stack down

kill "${BACKGROUND[-1]}"

it "subnets keep away from what the host has"
cd "$T/net"
ok stack down
no_leaks
for n in $(seq 17 31); do
	ip route add 172.$n.0.0/16 via $OUTSIDE_ADDRESS 2>/dev/null || :
done
snapshot >"$T/before"
ok stack up -d
bridges=$(ip -o link show type bridge | awk -F': ' '{ print $2 }' | paste -sd '|')
for address in $(ps_json | jq -r '.[].addresses[].address'); do
	assert_match "route to $address" "dev ($bridges)" "$(ip route get "${address%/*}" | head -1)"
done
assert_eq "and it works" web "$(inside client wget -q -O- http://web/)"
ok stack down
