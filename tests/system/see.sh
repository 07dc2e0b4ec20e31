#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# graph, net and capture: what is drawn with and without a running project, what is told of
# networks, and packets of a container.
. "$(dirname "$0")/lib.sh"
export LC_ALL=C

project shop <<'YML'
x-common: &common {image: "example/busybox:1.35", stop_grace_period: 0s, command: [sleep, "1000"]}
services:
  web:
    <<: *common
    command: [sh, -c, "mkdir /w; echo hello > /w/index.html; exec httpd -f -p 80 -h /w"]
    ports: ["127.0.0.1:8080-8081:80-81", "5300:53/udp"]
    depends_on: {app: {condition: service_healthy}, db: {condition: service_started}}
    networks: [front]
  app: {<<: *common, scale: 2, depends_on: [db], networks: [front, back], healthcheck: {test: "true", interval: 1s}}
  db: {<<: *common, networks: [back]}
  lone: {<<: *common, network_mode: none}
networks: {front: {}, back: {internal: true}}
YML

it "the terminal's picture, of a project that is not up"
LC_ALL=C.UTF-8 ok stack graph
assert_match "a joint where two lines part" '^ ┌─●─?─?┤   example/busybox' "$out"
assert_match "who is in both networks" '▶│ ○ app x2 .*├───●──●$' "$out"
assert_match "a port range" '127.0.0.1:8080-8081 -> 80-81' "$out"
assert_match "udp" '5300 -> 53/udp' "$out"
assert_match "no network" 'network: none' "$out"
assert_between "columns" 30 80 "$(wc -L <<<"$out")"
ok stack graph
assert_eq "plain ASCII" "" "$(grep -P '[^\x00-\x7f]' <<<"$out" || :)"
assert_match "an arrow" '>\| o db' "$out"
assert_no_match "no state" running "$out"

it "for programs, Graphviz and browsers"
ok stack graph --format json
assert_eq "services" "lone web app db" "$(jq -r '[.services[].name] | join(" ")' <<<"$out")"
assert_eq "needs" "app db" "$(jq -r '.services[1].depends_on | sort | join(" ")' <<<"$out")"
assert_eq "networks" "front back" "$(jq -r '.services[2].networks | join(" ")' <<<"$out")"
ok stack graph --format svg -o shop.svg
well_formed() { python3 -c 'import sys, xml.dom.minidom as m; print(len(m.parse(sys.argv[1]).getElementsByTagName("rect")))' "$1"; }
assert_eq "boxes, and what is behind them" 5 "$(well_formed shop.svg)"
ok stack graph --format dot
assert_eq "one end" 1 "$(grep -c '^}' <<<"$out")"
drawn() { ! command -v dot >/dev/null || stack graph --format dot "$@" | dot -Tsvg >"$T/dot.svg"; }
ok drawn
fails 2 stack graph --format png

it "nothing of a file gets out of its text"
mkdir -p "$T/hostile" && cd "$T/hostile"
cat >stack.yml <<'YML'
services:
  a: {image: "</text><script>alert(1)</script>\"];evil[label=\"\\", depends_on: [b]}
  b: {image: "\e[31mred\u202e<!--&amp;\u4e2d"}
YML
ok stack graph
assert_no_match "escape" $'\033' "$out"
ok stack graph --format svg -o h.svg
assert_eq "boxes" 3 "$(well_formed h.svg)"
assert_no_match "script" '<script|<!--' "$(cat h.svg)"
ok stack graph --format dot
assert_match "quoted" 'script>\\"\];evil\[label=\\"\\\\"' "$out"
ok drawn

it "a thousand services, each needing others"
{
	echo 'services:'
	for i in $(seq 1000); do
		echo "  s$i: {image: x, depends_on: [$([ "$i" = 1 ] || echo "s$((i / 2))")$([ "$i" -lt 3 ] || echo ", s$((i - 1))")]}"
	done | sed 's/depends_on: \[\]/restart: "no"/'
} >stack.yml
ok timeout 10 "$STACK" graph --format svg -o big.svg
ok timeout 10 "$STACK" graph

it "with the project up: states"
cd "$T/shop"
ok stack up -d --wait
ok stack graph
assert_match "running" '\* web  running' "$out"
stack stop db >/dev/null 2>&1
ok stack graph
assert_match "not running" '\* db  exited' "$out"
stack start db >/dev/null 2>&1
ok stack graph --format json
assert_match "status" running "$(jq -r '.services[1].status' <<<"$out")"

it "net ls and inspect say what the kernel has"
ok stack net ls
assert_match "heading" '^NAME +DRIVER +SUBNET +BRIDGE +STATE +CONTAINERS$' "$out"
bridge=$(stack net inspect back --format json | jq -r '.[0].bridge')
assert_match "a line" "^shop_back +bridge +[0-9.]+/[0-9]+ +$bridge +up +3$" "$out"
assert_eq "its address" "$(stack net inspect back --format json | jq -r '.[0] | .gateway + "/" + (.subnet | split("/")[1])')" \
	"$(ip -j addr show "$bridge" | jq -r '.[0].addr_info[] | select(.family == "inet") | "\(.local)/\(.prefixlen)"')"
assert_eq "who is in it" "shop-app-1 shop-app-2 shop-db-1" \
	"$(stack net inspect shop_back --format json | jq -r '[.[0].containers[].name] | sort | join(" ")')"
assert_eq "internal" true "$(stack net inspect back --format json | jq '.[0].internal')"
ok stack net inspect front
assert_match "for people" '^bridge: sb' "$out"
assert_eq "names only" "shop_back shop_front" "$(stack net ls -q | sort | tr '\n' ' ' | sed 's/ $//')"
fails 1 stack net inspect bakc
assert_match "meant" "did you mean 'back'" "$err"
fails 2 stack net rm back
fails 1 stack -p nobody net ls
assert_match "not up" "'nobody' is not up" "$err"
cd / && ok stack net ls -a --format json
assert_eq "of all projects" shop "$(jq -r '[.[].project] | unique | join(" ")' <<<"$out")"
cd "$T/shop"

it "net asks nobody: it works while the supervisor is dead"
heal=$(supervisor_pid shop)
kill -STOP "$heal"
ok stack net ls
kill -CONT "$heal"

it "capture: packets of the container, by tcpdump"
command -v tcpdump >/dev/null || skip "the rest needs tcpdump"
asked() { wget -q -T 1 -O /dev/null "http://$(address_of web)/"; }
wait_for 5 "it is served" asked
capturing() { # FILE: tcpdump says that it listens
	grep -q listening "$1"
}
"$STACK" capture web -c 4 -w "$T/web.pcap" tcp port 80 2>"$T/tcpdump.err" &
pid=$!
BACKGROUND+=($pid)
wait_for 5 "it listens" capturing "$T/tcpdump.err"
ok asked
wait $pid
assert_match "packets" "> $(address_of web).80: Flags \[S\]" "$(tcpdump -nr "$T/web.pcap" 2>/dev/null)"
assert_eq "as many as asked for" 4 "$(tcpdump -nr "$T/web.pcap" 2>/dev/null | wc -l)"

it "to standard output, until Ctrl-C, on one interface, without root"
"$STACK" capture -i eth0 -w - web >"$T/out.pcap" 2>"$T/tcpdump.err" &
pid=$!
BACKGROUND+=($pid)
wait_for 5 "it listens" capturing "$T/tcpdump.err"
assert_eq "its name" tcpdump "$(cat /proc/$pid/comm)"
assert_eq "its user" "$(id -u tcpdump)" "$(awk '/^Uid/ { print $2 }' /proc/$pid/status)"
assert_eq "in the container's network" "$(readlink "/proc/$(pid_of web)/ns/net")" "$(readlink /proc/$pid/ns/net)"
ok asked
came() { tcpdump -nr "$T/out.pcap" tcp port 80 2>/dev/null | grep -q 'Flags \[F'; }
wait_for 5 "the packets came" came
kill -INT $pid
wait $pid
assert_match "whole" 'Flags' "$(tcpdump -nr "$T/out.pcap" tcp port 80 2>/dev/null)"

it "what cannot be captured is said"
fails 1 stack capture nobody
fails 1 stack capture web this is no filter
assert_match "tcpdump's own words" 'syntax error' "$err"
fails 1 stack capture web -w /no/such/directory/x.pcap
assert_match "the file" "create '/no/such/directory/x.pcap'" "$err"
fails 1 env PATH=/nonexistent "$STACK" capture web
assert_match "the package" "the package 'tcpdump'" "$err"
stack stop web >/dev/null 2>&1
fails 1 stack capture web
assert_match "not running" 'shop-web-1.* is not running' "$err"
ok stack down
no_leaks
