#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Names: whose they are, who may know them, whom the rest is asked, and that neither liars nor
# floods nor clients that only hold a connection stop the answers.
. "$(dirname "$0")/lib.sh"
PYTHON=/usr/bin/python3 # the one that the distribution's modules are for
[ -n "$OUTSIDE_PID" ] || skip "needs an outside of its own"
$PYTHON -c 'import dns.message' 2>/dev/null || skip "needs python3-dnspython"
OWN_SERVER=198.51.100.3

# Two resolvers outside.  The first lies before it tells the truth.  Questions are written down.
cat >"$T/upstream.py" <<'PY'
import dns.flags, dns.message, dns.rrset, select, socket, struct, sys
address, text, journal = sys.argv[1:]
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.bind((address, 53))
liar = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); liar.bind((address, 5353))
tcp = socket.socket(); tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); tcp.bind((address, 53)); tcp.listen(64)

def answer(query, value=text, cut=False):
    reply = dns.message.make_response(query, recursion_available=True)
    name = query.question[0].name
    if cut:
        reply.flags |= dns.flags.TC
    elif name.to_text().startswith("big"):
        reply.answer.append(dns.rrset.from_text(name, 60, "IN", "A", *["192.0.2.%d" % i for i in range(200)]))
    elif name.to_text().startswith("none"):
        reply.set_rcode(3)
    else:
        reply.answer.append(dns.rrset.from_text(name, 60, "IN", "A", value))
    return reply.to_wire(max_size=65535)

def lies(query, peer):
    other = dns.message.from_wire(query.to_wire()); other.id ^= 1
    udp.sendto(answer(other, "203.0.113.1"), peer)
    other = dns.message.make_query("other.example", "A"); other.id = query.id
    udp.sendto(answer(other, "203.0.113.2"), peer)
    liar.sendto(answer(query, "203.0.113.3"), peer)
    udp.sendto(b"\0" * 5, peer)

while True:
    for ready in select.select([udp, tcp], [], [])[0]:
        if ready is udp:
            wire, peer = udp.recvfrom(4096)
            query = dns.message.from_wire(wire)
            name = query.question[0].name.to_text()
            print("udp", query.id, peer[1], name, file=open(journal, "a"), flush=True)
            if name.startswith("lie"):
                lies(query, peer)
            udp.sendto(answer(query, cut=name.startswith("big")), peer)
        else:
            peer = tcp.accept()[0]
            size = struct.unpack("!H", peer.recv(2, socket.MSG_WAITALL))[0]
            reply = answer(dns.message.from_wire(peer.recv(size, socket.MSG_WAITALL)))
            peer.sendall(struct.pack("!H", len(reply)) + reply)
            peer.close()
PY
outside ip addr add $OWN_SERVER/24 dev uplink
background outside $PYTHON "$T/upstream.py" $OUTSIDE_ADDRESS 192.0.2.1 "$T/asked"
background outside $PYTHON "$T/upstream.py" $OWN_SERVER 192.0.2.3 "$T/asked-own"
echo "nameserver $OUTSIDE_ADDRESS" >"$T/resolv.conf"
mount --bind "$T/resolv.conf" /etc/resolv.conf

project names <<YML
x-common: &common {image: "example/busybox:1.35", command: [sleep, "1000"], stop_grace_period: 0s}
services:
  web: {<<: *common, scale: 3, networks: {default: {aliases: [www]}}}
  sick:
    <<: *common
    scale: 2
    command: ["sh", "-c", "[ \$\$(hostname) = names-sick-1 ] && touch /ok; exec sleep 1000"]
    healthcheck: {test: "test -e /ok", interval: 200ms, retries: 1}
  named: {<<: *common, hostname: ship, domainname: sea.example, container_name: titanic}
  both: {<<: *common, networks: {vault: {}, default: {}}}
  inner: {<<: *common, networks: [vault]}
  own: {<<: *common, dns: $OWN_SERVER, dns_search: [one.example, two.example], dns_opt: ["ndots:3", "timeout:1"]}
  itself: {<<: *common, dns: 127.0.0.1}
networks: {vault: {internal: true}}
YML
ok stack up -d
other_health() { stack ps --format json -a | jq -es "flatten | map(select(.service == \"sick\") | .health) | sort == [\"healthy\", \"unhealthy\"]"; }
wait_for 10 "one of the two is found to be sick" other_health

netns() { basename /run/netns/*-"$1"; }
server_of() { inside "$1" sed -n 's/^nameserver //p' /etc/resolv.conf; }
declare -A NETNS SERVER
for service in web named both inner own; do
	NETNS[$service]=$(netns "$(ps_field $service .name)")
	SERVER[$service]=$(server_of $service)
done
# ask SERVICE DIG-ARGUMENT…: as its first container, of the server that it has.
ask() {
	ip netns exec "${NETNS[$1]}" dig +tries=5 +time=1 "@${SERVER[$1]}" "${@:2}"
}
short() { ask "$@" +short | sort | tr '\n' ' '; }
addresses() { # SERVICE [NETWORK]
	ps_json | jq -r --arg s "$1" --arg n "${2:-default}" \
		'.[] | select(.service == $s) | .addresses[] | select(.network == $n) | .address | split("/")[0]' | sort | tr '\n' ' '
}

it "a service is all its containers, a container one of them"
assert_eq "web" "$(addresses web)" "$(short named web)"
assert_eq "over TCP" "$(addresses web)" "$(short named web +tcp)"
assert_eq "upper case" "$(addresses web)" "$(short named WWW.Names_Default)"
for name in www web.default web.names_default; do
	assert_eq "$name" "$(addresses web)" "$(short named $name)"
done
assert_eq "one container" 1 "$(short named names-web-2 | wc -w)"
assert_eq "with its network" "$(short named names-web-2)" "$(short named names-web-2.default)"
for name in named titanic ship ship.sea.example titanic.default; do
	assert_eq "$name" "$(addresses named)" "$(short web $name)"
done
assert_match "TTL of 2 seconds at most" '^web\.[[:space:]]+[012][[:space:]]+IN' "$(ask named web +noall +answer)"
assert_match "its own" 'flags: qr aa' "$(ask named web)"

it "they come in another order each time"
orders=$(for _ in $(seq 30); do ask named web +short | tr '\n' ' '; echo; done | sort -u | wc -l)
assert_between "orders seen in 30 questions, of 6" 3 6 "$orders"

it "who is sick is left out"
assert_eq "one address" 1 "$(short named sick | wc -w)"
assert_eq "of the healthy one" "$(ps_json | jq -r '.[] | select(.name == "names-sick-1").addresses[0].address | split("/")[0]') " "$(short named sick)"

it "an address has a name, and other types of a name are no error"
assert_match "PTR" '^named\.$' "$(ask web -x "$(addresses named | tr -d ' ')" +short)"
assert_match "MX" 'status: NOERROR' "$(ask web named MX)"
assert_match "MX" 'ANSWER: 0' "$(ask web named MX)"

it "names of a network are known to who is in it"
assert_eq "both" "$(addresses inner vault)" "$(short both inner)"
assert_match "not the others" 'NXDOMAIN' "$(ask web none.inner)"
assert_eq "the host's answer, not ours" "192.0.2.1 " "$(short web inner)"
assert_eq "in both networks" "$(printf '%s\n' $(addresses both) $(addresses both vault) | sort | tr '\n' ' ')" \
	"$(short both both)"

it "other names are asked of the host's resolver; not for who is only inside"
assert_eq "web" "192.0.2.1 " "$(short web www.example)"
assert_eq "TCP" "192.0.2.1 " "$(short web www.example +tcp)"
assert_match "its error" NXDOMAIN "$(ask web none.example)"
assert_eq "in an internal network and another one" "192.0.2.1 " "$(short both www.example)"
: >"$T/asked"
assert_match "refused" 'status: REFUSED' "$(ask inner secret.example)"
assert_match "refused" 'status: REFUSED' "$(ask inner secret.example +tcp)"
assert_eq "nothing was said outside" 0 "$(wc -l <"$T/asked")"

it "a long answer: cut over UDP, whole over TCP"
assert_match "TC" 'flags: qr tc' "$(ask web big.example +ignore)"
assert_eq "by itself" 200 "$(short web big.example | wc -w)"

it "liars are not believed: a wrong id, another question, another port"
for _ in 1 2 3; do
	assert_eq "the truth" "192.0.2.1 " "$(short web lie.example)"
done

it "ids and ports of questions are drawn"
: >"$T/asked"
for _ in $(seq 12); do ask web random.example >/dev/null; done
assert_between "ids" 12 12 "$(awk '{ print $2 }' "$T/asked" | sort -u | wc -l)"
assert_between "ports" 11 12 "$(awk '{ print $3 }' "$T/asked" | sort -u | wc -l)"

it "dns, dns_search, dns_opt"
assert_eq "its own server" "192.0.2.3 " "$(short own www.example)"
assert_eq "and the project's names" "$(addresses web)" "$(short own web)"
assert_match "resolv.conf" '^search one.example two.example$' "$(inside own cat /etc/resolv.conf)"
assert_match "resolv.conf" '^options ndots:3 timeout:1$' "$(inside own cat /etc/resolv.conf)"
assert_eq "a server in the container" 127.0.0.1 "$(server_of itself)"
kill -KILL "$(supervisor_pid names)"
wait_for 10 "the next one answers" ask own web
assert_eq "the next supervisor knows it, too" "192.0.2.3 " "$(short own www.example)"

it "the host itself may ask, when it is told so"
ok stack hosts
assert_eq "not yet" "" "$out"
ok stack hosts --enable
where=$(stack hosts --format json | jq -r .address)
assert_match "what to tell systemd-resolved" "resolvectl dns $(stack hosts --format json | jq -r .link) $where" "$out"
host() { dig +tries=5 +time=1 "@$where" "$@" +short | sort | tr '\n' ' '; }
known() { [ "$(host web.names.stack.internal)" = "$(addresses web)" ]; }
wait_for 5 "a service" known
assert_eq "TCP" "$(addresses named)" "$(host titanic.Names.stack.internal +tcp)"
assert_eq "one that is in an internal network only" "$(addresses inner vault)" "$(host inner.names.stack.internal)"
assert_match "PTR" '^named.names.stack.internal' "$(host -x "$(addresses named | tr -d ' ')")"
: >"$T/asked"
assert_match "one that is not there" NXDOMAIN "$(dig "@$where" nobody.names.stack.internal)"
assert_match "not for containers" NXDOMAIN "$(ask web web.names.stack.internal)"
assert_eq "nobody else was asked" 0 "$(wc -l <"$T/asked")"
assert_match "their PTR is as ever" '^named\. ' "$(short web -x "$(addresses named | tr -d ' ')")"
kill -KILL "$(supervisor_pid names)"
wait_for 10 "by the next supervisor as well" known
ok stack hosts --disable
unknown() { dig "@$where" web.names.stack.internal | grep -q NXDOMAIN; }
wait_for 5 "no more" unknown
fails 2 stack hosts --enable --disable

it "512 connections that say nothing, and a flood of broken questions: others are answered"
cat >"$T/hostile.py" <<'PY'
import random, socket, struct, sys
server, rounds = sys.argv[1], int(sys.argv[2])
good = b"\x12\x34\1\0\0\1\0\0\0\0\0\0\3web\0\0\1\0\1"
idle = [socket.create_connection((server, 53)) for _ in range(512)]
for i, s in enumerate(idle):
    try:
        s.send([b"", b"\0", b"\xff\xff", b"\0\x15" + good[:9]][i % 4])
    except OSError:
        pass # its place was given to another one
random.seed(1)
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(rounds):
    bad = bytearray(good)
    for _ in range(random.randrange(1, 4)):
        bad[random.randrange(len(bad))] = random.randrange(256)
    udp.sendto(bytes(bad[:random.randrange(len(bad) + 1)]), (server, 53))
print("ready", flush=True)
sys.stdin.read()
PY
pid=$(supervisor_pid names)
mkfifo "$T/hold"
exec 8<>"$T/hold"
rounds=20000
[ -z "${STACK_TEST_LONG-}" ] || rounds=1000000
ip netns exec "${NETNS[named]}" $PYTHON "$T/hostile.py" "${SERVER[named]}" $rounds <"$T/hold" >"$T/hostile" 2>&1 &
BACKGROUND+=($!)
said_ready() { grep -q ready "$T/hostile"; }
wait_for $((10 + rounds / 10000)) "the flood is over" said_ready
assert_eq "UDP" "$(addresses web)" "$(short web web)"
assert_eq "TCP" "$(addresses web)" "$(short web web +tcp)"
assert_eq "the supervisor is the same" "$pid" "$(supervisor_pid names)"
kill "${BACKGROUND[-1]}"
exec 8>&-

it "resolv.conf of the host is followed"
echo "nameserver $OWN_SERVER" >"$T/resolv.conf"
assert_eq "the new one" "192.0.2.3 " "$(short web www.example)"

it "a name that DNS cannot carry keeps no other from being answered"
sed -i "s/hostname: ship/hostname: $(printf 'x%.0s' $(seq 64))/" stack.yml
ok stack up -d
wait_for 5 "answered" ask web named
assert_eq "still there" "$(addresses named)" "$(short web titanic)"

it "dns takes addresses only"
printf 'services: {a: {image: x, dns: [dns.example]}}\n' >wrong.yml
fails 2 stack -f wrong.yml config
assert_match "sentence" "services.a.dns: 'dns.example' is not an address" "$err"
umount /etc/resolv.conf
ok stack down
no_leaks
