#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Published ports in all their forms, and what networks are told by their options.
. "$(dirname "$0")/lib.sh"

nat_rules() { our_rules | grep -cE -- '-j DNAT| dnat to '; }
inet() { nsenter --net="/proc/$(pid_of "$1")/ns/net" "${@:2}"; }
reply() { # URL
	curl -sf --max-time 2 "$1"
}
port_is() { # SERVICE PORT NUMBER [EXPECTED REGEX of the address]
	assert_match "port $2 of $1" "$4" "$(stack port "$1" "$2")"
}

project ports <<'YML'
services:
  web:
    image: example/busybox:1.35
    command: [sh, -c, "mkdir -p /w; hostname >/w/index.html; exec httpd -f -p 80 -h /w"]
    ports: ["80", "8000-8003:80", "127.0.0.3:8010:80", {target: 80, published: "8020", host_ip: 127.0.0.1, protocol: tcp}]
    stop_grace_period: 0s
  many:
    image: example/busybox:1.35
    command: [sleep, "1000"]
    ports: ["20000-20999:30000-30999", "20000-20999:30000-30999/udp"]
    stop_grace_period: 0s
YML

it "a thousand ports are one rule, and come up at once"
ok stack up -d
assert_between "rules that translate" 6 8 "$(nat_rules)"
assert_between "rules in all" 10 80 "$(our_rules | grep -c 'stack:ports')"
background inet many busybox httpd -f -p 30000 -h "$TREE/examples"
background inet many busybox httpd -f -p 30999 -h "$TREE/examples"
wait_for 5 "the first of the range" reply http://127.0.0.1:20000/quickstart.sh
wait_for 5 "the last of it, from outside" outside curl -sf --max-time 2 -o "$T/page" http://$HOST_ADDRESS:20999/quickstart.sh
fails 7 reply http://127.0.0.1:21000/quickstart.sh
it "every one of them is kept for the service"
fails 1 busybox httpd -f -p 20500 -h /
background inet many python3 -c '
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 30500))
while True:
    _, peer = s.recvfrom(64)
    s.sendto(peer[0].encode(), peer)'
udp() { # FROM-COMMAND…: what the service says who is asking
	"$@" python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1)
s.sendto(b"?", ("'$HOST_ADDRESS'", 20500))
print(s.recv(64).decode())'
}
udp_answers() { [ "$(udp outside)" = $OUTSIDE_ADDRESS ]; }
wait_for 5 "udp, and the service sees who is asking" udp_answers

it "an ephemeral port is told, and one of several is chosen"
ok stack port web 80
any=$(stack port web 80 | head -1)
wait_for 5 "the ephemeral one" reply "http://127.0.0.1:${any##*:}/"
chosen=$(ps_field web '[.ports[] | select(.published >= 8000 and .published <= 8003) | .published] | join(" ")')
assert_match "the chosen one" '^800[0-3]$' "$chosen"
ok reply "http://127.0.0.1:$chosen/"
ok reply http://127.0.0.3:8010/
ok reply http://127.0.0.1:8020/
fails 7 outside curl -s --max-time 2 http://$HOST_ADDRESS:8020/
it "it stays what it was, and what is taken is passed by"
ok stack restart web
assert_eq "after a restart" "$chosen" "$(ps_field web '[.ports[] | select(.published >= 8000 and .published <= 8003) | .published] | join(" ")')"
ok stack down
background busybox httpd -f -p 8000 -h /
taken() { ss -ltn | grep -q ':8000 '; }
wait_for 5 "8000 is somebody else's" taken
sed -i 's/^    ports: \["80", .*/    ports: ["8000-8003:80"]/; s/^  many:/  gone:\n    profiles: [never]/' stack.yml
ok stack up -d
assert_eq "the next" 8001 "$(ps_field web '.ports[0].published')"
it "each container of a service has its own"
ok stack scale web=3
assert_eq "three" "8001 8002 8003" "$(ps_json | jq -r '[.[].ports[].published] | sort | join(" ")')"
for port in 8001 8002 8003; do
	served() { reply http://127.0.0.1:$port/; }
	wait_for 5 "port $port" served
done
fails 1 stack scale web=4
assert_match "said" "the ports 8000 to 8003/tcp are all taken" "$err"
ok stack down
kill "${BACKGROUND[-1]}"
no_leaks

it "options of a network: its bridge's name, MTU, where ports are published, whose address is seen outside"
project options <<'YML'
services:
  web:
    image: example/busybox:1.35
    command: [sh, -c, "mkdir -p /w; hostname >/w/index.html; exec httpd -f -p 80 -h /w"]
    ports: ["8030:80", "0.0.0.0:8031:80"]
    stop_grace_period: 0s
    networks:
      default:
        link_local_ips: [169.254.7.7]
        driver_opts:
          com.docker.network.endpoint.ifname: lan0
          com.docker.network.endpoint.sysctls: net.ipv4.conf.IFNAME.log_martians=1
      back: {gw_priority: -1}
networks:
  back:
  default:
    driver_opts:
      com.docker.network.bridge.name: br-options
      com.docker.network.driver.mtu: 1400
      com.docker.network.bridge.host_binding_ipv4: 127.0.0.1
      com.docker.network.bridge.enable_ip_masquerade: "false"
YML
ok stack up -d
assert_match "the bridge" "mtu 1400" "$(ip link show br-options)"
assert_match "the interface" "mtu 1400" "$(inside web ip link show lan0)"
addresses=$(inside web ip -4 addr show lan0)
assert_match "a further address" "inet 169.254.7.7/16" "$addresses"
assert_eq "a parameter of it" 1 "$(inside web cat /proc/sys/net/ipv4/conf/lan0/log_martians)"
assert_match "the default route" "dev lan0" "$(inside web ip route | grep default)"
served() { reply http://127.0.0.1:8030/; }
wait_for 5 "on localhost" served
fails 7 outside curl -s --max-time 2 http://$HOST_ADDRESS:8030/
ok outside curl -sf --max-time 2 http://$HOST_ADDRESS:8031/
outside ip route add 10.192.0.0/12 via $HOST_ADDRESS
background outside python3 -c '
import socket
s = socket.create_server(("", 9))
while True:
    c, peer = s.accept()
    c.sendall(peer[0].encode())
    c.close()'
seen() { inside web nc $OUTSIDE_ADDRESS 9; }
own=$(inside web ip -4 addr show lan0 | sed -n 's/.*inet \(10\.[0-9.]*\).*/\1/p')
seen_is() { [ "$(seen)" = "$1" ]; }
wait_for 5 "its own address is seen outside" seen_is "$own"

it "the default route moves, and addresses come and go, while it runs"
pid=$(pid_of web)
sed -i 's/gw_priority: -1/gw_priority: 5/; s/169.254.7.7/169.254.8.8/' stack.yml
fails 3 stack plan
assert_match "live" 'live' "$out"
ok stack up -d
assert_eq "the same process" "$pid" "$(pid_of web)"
assert_match "the default route" "dev eth0|dev eth1" "$(inside web ip route | grep default)"
assert_match "the other address" "inet 169.254.8.8/16" "$(inside web ip -4 addr show lan0)"
assert_no_match "not the old one" "169.254.7.7" "$(inside web ip -4 addr show lan0)"
wait_for 5 "behind the host's address now" seen_is $HOST_ADDRESS
it "again: nothing to do, and nothing to heal"
ok stack heal --check
ok stack up -d
assert_eq "the same process" "$pid" "$(pid_of web)"
ok stack down
no_leaks

it "a datagram after a switch reaches the new container, from the same socket"
project udp <<'YML'
services:
  old: {image: "example/busybox:1.35", command: [sleep, "1000"], ports: ["9000:9/udp"], stop_grace_period: 0s}
  new: {image: "example/busybox:1.35", command: [sleep, "1000"], stop_grace_period: 0s}
YML
ok stack up -d
for name in old new; do
	background inet $name python3 -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 9))
while True:
    _, peer = s.recvfrom(64)
    s.sendto(b"'$name'", peer)'
done
mkfifo "$T/ask"
background outside python3 -u -c '
import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(1)
s.connect(("'$HOST_ADDRESS'", 9000))
for line in open("'"$T/ask"'"):
    try:
        s.send(b"?")
        print(s.recv(64).decode())
    except OSError as e:
        print("nobody")' >"$T/answers"
exec 8>"$T/ask"
said() { [ "$(tail -n 1 "$T/answers")" = "$1" ]; }
asked() { echo >&8; said "$1"; }
wait_for 5 "the old one answers" asked old
sed -i 's/ports: \["9000:9\/udp"\], //; s/  new: {/  new: {ports: ["9000:9\/udp"], /' stack.yml
n=$(wc -l <"$T/answers")
ok stack up -d
echo >&8
more() { [ "$(wc -l <"$T/answers")" -gt "$n" ]; }
wait_for 5 "an answer" more
assert_eq "the first datagram after it" new "$(tail -n 1 "$T/answers")"
exec 8>&-
ok stack down
