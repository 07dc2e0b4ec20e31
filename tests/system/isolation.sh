#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who reaches whom: a table of expectations, each tried with real packets from where it says, under
# every combination of what a host may have set otherwise.
. "$(dirname "$0")/lib.sh"
command -v python3 >/dev/null || skip "no python3"

idle() { echo "image: example/busybox:1.35, command: [sleep, '1000'], stop_grace_period: 0s"; }

project red <<YML
services:
  web: {$(idle), ports: ["8080:7", "8080:7/udp", "127.0.0.1:8081:7", "127.0.0.1:8081:7/udp"]}
  peer: {$(idle)}
  back: {$(idle), networks: [back]}
  vault: {$(idle), networks: [vault]}
  vault2: {$(idle), networks: [vault]}
  apart: {$(idle), networks: [apart], ports: ["8090:7", "8090:7/udp"]}
  apart2: {$(idle), networks: [apart]}
networks:
  back:
  vault: {internal: true}
  apart: {driver_opts: {com.docker.network.bridge.enable_icc: "false"}}
YML
project blue <<YML
services:
  web: {$(idle), ports: ["8082:7", "8082:7/udp"]}
  vault: {$(idle), networks: [vault]}
networks:
  vault: {internal: true}
YML
project green <<YML
services:
  here: {$(idle), network_mode: host}
YML

# WHO: from where, FROM lists; TO: an address, ADDRESS:PORT or a place of `where` below; EXPECTED:
# who answers, or - for nobody.  Commas separate; every one of each is tried with every other.
#
# FROM                     PROTOCOLS     TO                         EXPECTED
read -rd '' table <<'TABLE' || :
# the same network
red.web                    tcp,udp,icmp  red.peer                   red.peer
red.peer                   tcp,udp,icmp  red.web                    red.web
red.vault                  tcp,udp,icmp  red.vault2                 red.vault2
red.apart                  tcp,udp,icmp  red.apart2                 -
red.apart2                 tcp,udp,icmp  red.apart                  -
# another network of the project, and other projects
red.web                    tcp,udp,icmp  red.back,red.vault         -
red.back,red.vault         tcp,udp,icmp  red.web                    -
red.web,red.vault          tcp,udp,icmp  blue.web,blue.vault        -
blue.web,blue.vault        tcp,udp,icmp  red.web,red.vault,red.back -
# from the host, and a container that has the host's network
host,green.here            tcp,udp,icmp  red.web,red.back,blue.web  SELF
host,green.here            tcp,udp,icmp  red.vault,blue.vault       SELF
# to the host: the gateway of the network is the host
red.web,blue.web           tcp,udp,icmp  host                       host
red.vault,blue.vault       tcp,udp,icmp  host                       -
# the world
red.web,red.back,blue.web  tcp,udp,icmp  outside                    outside
red.apart                  tcp,udp,icmp  outside                    outside
red.vault,blue.vault       tcp,udp,icmp  outside                    -
# who has a route to containers gets nowhere with it
outside                    tcp,udp,icmp  red.web,red.peer,red.back  -
outside                    tcp,udp,icmp  red.vault,blue.web         -
# published ports
outside,host,green.here    tcp,udp       host:8080                  red.web
red.web,red.peer,red.back  tcp,udp       host:8080                  red.web
blue.web                   tcp,udp       host:8080                  red.web
red.web                    tcp,udp       host:8082                  blue.web
red.vault,blue.vault       tcp,udp       host:8080,host:8082        -
outside,host,red.web       tcp,udp       host:8090                  red.apart
# published on the loopback
host,green.here            tcp,udp       loop:8081                  red.web
outside,red.peer,blue.web  tcp,udp       loop:8081                  -
outside,red.peer,blue.web  tcp,udp       host:8081                  -
# the host's own loopback
red.web,outside            tcp,udp       loop:9                     -
TABLE

cat >"$T/serve.py" <<'PY'
# serve.py NAME ADDRESS PORT...: say NAME to whoever asks, by TCP and UDP
import selectors, socket, sys
name, address, ready = sys.argv[1].encode(), sys.argv[2], selectors.DefaultSelector()
for port in map(int, sys.argv[3:]):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        s = socket.socket(socket.AF_INET, kind)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        s.bind((address, port))
        if kind == socket.SOCK_STREAM:
            s.listen(64)
        ready.register(s, selectors.EVENT_READ)
while True:
    for key, _ in ready.select():
        s = key.fileobj
        if s.type == socket.SOCK_STREAM:
            c, _ = s.accept()
            c.sendall(name)
            c.close()
        else:
            _, peer = s.recvfrom(64)
            s.sendto(name, peer)
PY

cat >"$T/ask.py" <<'PY'
# ask.py: lines "NUMBER PROTOCOL ADDRESS PORT" on stdin; "NUMBER ANSWER" for each, all at once.
# An ICMP echo is answered by the kernel, as "echo".
import os, selectors, socket, struct, sys, time
ready, answers = selectors.DefaultSelector(), {}
def echo(number):
    head = struct.pack("!BBHHH", 8, 0, 0, os.getpid() & 0xffff, number)
    total = sum(struct.unpack("!4H", head))
    total = (total >> 16) + (total & 0xffff)
    return head[:2] + struct.pack("!H", ~(total + (total >> 16)) & 0xffff) + head[4:]
for line in sys.stdin:
    number, protocol, address, port = line.split()
    answers[number] = "-"
    try:
        if protocol == "tcp":
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex((address, int(port)))
        elif protocol == "udp":
            s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            s.connect((address, int(port)))
            s.send(b"?")
        else:
            s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
            s.connect((address, 0))
            s.send(echo(int(number)))
        ready.register(s, selectors.EVENT_READ, (number, protocol))
    except OSError:
        pass
end = time.monotonic() + float(sys.argv[1])
while ready.get_map() and time.monotonic() < end:
    for key, _ in ready.select(0.1):
        s, (number, protocol) = key.fileobj, key.data
        try:
            data = s.recv(512)
        except OSError:
            data = b""
        if protocol == "icmp":
            if data[20:21] != b"\0" or struct.unpack("!HH", data[24:28]) != (os.getpid() & 0xffff, int(number)):
                continue
            data = b"echo"
        answers[number] = data.decode() or "-"
        ready.unregister(s)
        s.close()
for number, answer in answers.items():
    print(number, answer)
PY

for name in red blue green; do
	stack -p $name -f "$T/$name/stack.yml" up -d >"$T/up" 2>&1 || fail "up of $name: $(cat "$T/up")"
done

declare -A pid address
while read -r name p a; do
	pid[$name]=$p address[$name]=$a
done < <(for name in red blue green; do
	stack -p $name ps -a --format json | jq -r --arg p $name \
		'if type == "array" then .[] else . end | "\($p).\(.service) \(.pid) \(.addresses[0].address // "-")"'
done)
address[host]=$HOST_ADDRESS address[outside]=$OUTSIDE_ADDRESS address[loop]=127.0.0.1

at() { # PLACE CMD...: run it with that place's network
	local place=$1
	shift
	case $place in
	host) "$@" ;;
	outside) outside "$@" ;;
	*) nsenter --net="/proc/${pid[$place]}/ns/net" "$@" ;;
	esac
}

for place in "${!pid[@]}" outside; do
	[ $place = green.here ] || background at $place python3 "$T/serve.py" $place 0.0.0.0 7
done
background python3 "$T/serve.py" host $HOST_ADDRESS 7
background python3 "$T/serve.py" host 127.0.0.1 9

# Another host that knows the way to containers, and to our 127.0.0.1 (CVE-2020-8558).
outside ip route add 10.192.0.0/12 via $HOST_ADDRESS
outside sh -c 'echo 1 >/proc/sys/net/ipv4/conf/all/route_localnet'
outside ip route add 127.0.0.1 via $HOST_ADDRESS dev uplink table 100
outside ip rule add pref 10 lookup local
outside ip rule add pref 1 to 127.0.0.1 lookup 100
outside ip rule del pref 0

# A container that may set routes finds no way out of an internal network either.
know_a_way() {
	local place
	for place in red.vault red.vault2 blue.vault; do
		at $place ip route replace default via "${address[$place]%.*}.1"
	done
}
know_a_way

# The rows of the table, one for each that is tried: FROM PROTOCOL ADDRESS PORT EXPECTED TO
rows() {
	local from protocols to expected f p t port
	while read -r from protocols to expected; do
		case $from in '#' | '') continue ;; esac
		for f in ${from//,/ }; do for p in ${protocols//,/ }; do for t in ${to//,/ }; do
			port=7
			case $t in *:*) port=${t#*:} ;; esac
			echo "$f $p ${address[${t%:*}]} $port ${expected/SELF/$t} $t"
		done; done; done
	done <<<"$table"
}
rows >"$T/rows"
assert_between "rows" 150 400 "$(wc -l <"$T/rows")"
assert_no_match "every place is known" '  ' "$(cat "$T/rows")"

check() { # WHAT
	local from asked=()
	rm -f "$T"/answers.*
	for from in $(cut -d' ' -f1 "$T/rows" | sort -u); do
		awk -v f="$from" '$1 == f { print NR, $2, $3, $4 }' "$T/rows" |
			at "$from" python3 "$T/ask.py" "${ASK_SECONDS:-1}" >"$T/answers.$from" &
		asked+=($!)
	done
	wait "${asked[@]}"
	sort -n "$T"/answers.* >"$T/answers"
	awk 'NR == FNR { answer[$1] = $2; next }
	     { expected = $5; if ($2 == "icmp" && expected != "-") expected = "echo"
	       if (answer[FNR] != expected) print $1 " -> " $6 " by " $2 ": expected " $5 ", got " answer[FNR] }' \
		"$T/answers" "$T/rows" >"$T/wrong"
	[ ! -s "$T/wrong" ] || fail "$1: $(cat "$T/wrong")"
}

servers_answer() {
	local place
	for place in "${!pid[@]}"; do
		[ "$place" = green.here ] || at "$place" sh -c "ss -Hltn | grep -q :7" || return 1
	done
	outside sh -c "ss -Hltn | grep -q :7"
}
wait_for 10 "all servers listen" servers_answer

bridge_rules() { # 0 or 1: do packets within a bridge meet the host's rules?
	[ ! -e /proc/sys/net/bridge/bridge-nf-call-iptables ] || echo "$1" >/proc/sys/net/bridge/bridge-nf-call-iptables
}

it "who reaches whom"
bridge_rules 1
check "as it comes"
it "where the host's policy is to forward nothing"
forward_policy DROP
check "FORWARD DROP"
it "where packets within a bridge are the bridge's business"
bridge_rules 0
check "FORWARD DROP, no br_netfilter"
forward_policy ACCEPT

it "whatever the order in which the projects came"
stack -p red -f "$T/red/stack.yml" down >/dev/null 2>&1
stack -p red -f "$T/red/stack.yml" up -d >/dev/null 2>&1
while read -r name p a; do
	pid[$name]=$p address[$name]=$a
	background at $name python3 "$T/serve.py" $name 0.0.0.0 7
done < <(stack -p red ps -a --format json | jq -r \
	'if type == "array" then .[] else . end | "red.\(.service) \(.pid) \(.addresses[0].address // "-")"')
know_a_way
rows >"$T/rows"
wait_for 10 "all servers listen" servers_answer
check "red after blue"

it "nobody sends as somebody of another network"
cat >"$T/spoof.py" <<'PY'
# spoof.py SOURCE DESTINATION TEXT: a UDP datagram to port 7 from an address that is not ours
import socket, struct, sys
source, destination, text = sys.argv[1], sys.argv[2], sys.argv[3].encode()
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
udp = struct.pack("!HHHH", 4000, 7, 8 + len(text), 0) + text
ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0,
                 socket.inet_aton(source), socket.inet_aton(destination))
s.sendto(ip + udp, (destination, 0))
PY
cat >"$T/hear.py" <<'PY'
# hear.py: the words that arrive in UDP datagrams to port 7, until "end"
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800))
print("listening", flush=True)
while True:
    packet = s.recv(2048)
    if packet[9] == 17 and packet[22:24] == b"\0\7":
        word = packet[28:].decode(errors="replace").strip("\0")
        print(word, flush=True)
        if word == "end":
            break
PY
background outside python3 "$T/hear.py" >"$T/heard"
wait_for 5 "the outside listens" grep -q listening "$T/heard"
for source in 192.0.2.1 "${address[blue.web]}" "${address[red.back]}" $HOST_ADDRESS 127.0.0.1; do
	at red.peer python3 "$T/spoof.py" "$source" $OUTSIDE_ADDRESS "as-$source" || :
done
# An address of its own network is its own or a neighbour's: both leave as the host.
at red.peer python3 "$T/spoof.py" "${address[red.web]}" $OUTSIDE_ADDRESS as-neighbour
at red.peer python3 "$T/spoof.py" "${address[red.peer]}" $OUTSIDE_ADDRESS end
wait_for 5 "the last one arrived" grep -q '^end' "$T/heard"
assert_eq "what arrived" "listening as-neighbour end" "$(tr '\n' ' ' <"$T/heard" | sed 's/ $//')"

it "route_localnet is never the host's, and every bridge checks where packets come from"
assert_eq "all" 0 "$(cat /proc/sys/net/ipv4/conf/all/route_localnet)"
assert_eq "uplink" 0 "$(cat /proc/sys/net/ipv4/conf/uplink/route_localnet)"
for bridge in $(ip -o link show type bridge | awk -F': ' '{ print $2 }'); do
	assert_eq "rp_filter of $bridge" 1 "$(cat "/proc/sys/net/ipv4/conf/$bridge/rp_filter")"
done
for name in red blue green; do
	ok stack -p $name -f "$T/$name/stack.yml" down
done
