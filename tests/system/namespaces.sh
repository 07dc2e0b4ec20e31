#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Containers in namespaces of others: the host's, or another service's.
. "$(dirname "$0")/lib.sh"

namespace() { # SERVICE KIND
	readlink "/proc/$(pid_of "$1")/ns/$2"
}

project sharing <<'YML'
services:
  web:
    image: example/busybox:1.35
    command: ["sh", "-c", "mkdir /www; echo hello >/www/index.html; exec httpd -f -p 8000 -h /www"]
    hostname: front
    extra_hosts: ["db:192.0.2.7"]
    stop_grace_period: 1s
  side:
    image: example/busybox:1.35
    command: ["sleep", "1000"]
    network_mode: "service:web"
    pid: "service:web"
    restart: always
    stop_grace_period: 1s
  host:
    image: example/busybox:1.35
    command: ["sh", "-c", "sleep 1000 & exec sleep 2000"]
    network_mode: none
    pid: host
    ipc: host
    uts: host
    cgroup: host
    stop_grace_period: 1s
YML

it "network_mode: service: is the other's network: one 127.0.0.1, one hosts file, one name"
ok stack up -d
assert_eq "network" "$(namespace web net)" "$(namespace side net)"
assert_eq "over the loopback" hello "$(inside side wget -q -O - http://127.0.0.1:8000/)"
assert_eq "hosts" "$(inside web cat /etc/hosts)" "$(inside side cat /etc/hosts)"
assert_eq "host name" front "$(inside side hostname)"
fails 1 inside side ls /www
[ "$(namespace web ipc)" != "$(namespace side ipc)" ] || fail "the IPC namespace is shared as well"

it "pid: service: sees and signals the other's processes, also in exec"
assert_eq "pid" "$(namespace web pid)" "$(namespace side pid)"
assert_match "process 1 is the other's" httpd "$(inside side cat /proc/1/cmdline | tr '\0' ' ')"
[ "$(inside side sh -c 'readlink /proc/self/ns/pid')" = "$(namespace web pid)" ] || fail "exec is elsewhere"

it "host: the host's processes, IPC, name and cgroups, under the same restrictions"
for kind in pid ipc uts cgroup; do
	assert_eq "$kind" "$(readlink /proc/self/ns/$kind)" "$(namespace host $kind)"
done
assert_eq "host name" "$(hostname)" "$(inside host hostname)"
assert_match "processes" "stack-shim" "$(inside host sh -c 'cat /proc/[0-9]*/comm')"
fails 1 inside host sh -c 'echo x >/proc/sys/kernel/hostname'
fails 1 inside host hostname other
mark=stack-test-$$
touch "/dev/shm/$mark"
assert_eq "/dev/shm" "/dev/shm/$mark" "$(inside host ls "/dev/shm/$mark")"
rm "/dev/shm/$mark"

it "what a container without process 1 leaves behind is ended with it"
child=$(pgrep -P "$(pid_of host)")
ok stack stop host
[ ! -d "/proc/$child" ] || fail "process $child is left"
ok stack start host

it "the one whose namespaces are shared comes first, and takes the other one with it"
old=$(pid_of side)
sed -i 's/echo hello/echo other/' stack.yml
fails 3 stack plan
assert_match "said in the plan" 'sharing-side-1 .*shares namespaces' "$out"
ok stack up -d
assert_eq "network" "$(namespace web net)" "$(namespace side net)"
[ "$(pid_of side)" != "$old" ] || fail "it is still in the old namespace"
assert_eq "answer" other "$(inside side wget -q -O - http://127.0.0.1:8000/)"
web=$(pid_of web) side=$(pid_of side)
ok stack up -d
assert_eq "nothing more to do" "$web $side" "$(pid_of web) $(pid_of side)"
ok stack restart web
wait_for 5 "the other was started again" inside side true
assert_eq "pid again" "$(namespace web pid)" "$(namespace side pid)"
ok stack down
no_leaks

it "a port of a service in the host's network is its own business, and is told"
cat >stack.yml <<'YML'
services:
  host:
    image: example/busybox:1.35
    command: ["sh", "-c", "echo mine >/tmp/index.html; exec httpd -f -p 127.0.0.1:18080 -h /tmp"]
    network_mode: host
    ports: ["18080:18080"]
    stop_grace_period: 0s
  alone:
    image: example/busybox:1.35
    command: ["sh", "-c", "echo alone >/tmp/index.html; exec httpd -f -p 8000 -h /tmp"]
    network_mode: none
    stop_grace_period: 0s
  beside: {image: "example/busybox:1.35", command: [sleep, "99"], network_mode: "service:alone", stop_grace_period: 0s}
  plain: {image: "example/busybox:1.35", command: [sleep, "99"], network_mode: bridge, stop_grace_period: 0s}
YML
ok stack up -d
assert_match "told" "ports are not published with 'network_mode: host'" "$err"
answers() { [ "$(fetch http://127.0.0.1:18080/)" = mine ]; }
wait_for 5 "its own server" answers
it "without a network there is 127.0.0.1, which can be shared; bridge is a network of its own"
alone() { [ "$(inside beside wget -q -O - http://127.0.0.1:8000/)" = alone ]; }
wait_for 5 "the other's server" alone
assert_match "an address" '^[0-9.]+$' "$(address_of plain)"
ok stack down
no_leaks

it "what does not fit together is told"
wrong() { # SERVICE WORDS
	printf 'services:\n  web: {image: "example/busybox:1.35", container_name: one}\n  many: {image: x, scale: 2}\n  a: {image: x, %s}\n' "$1" >stack.yml
	fails 2 stack config -q
	assert_match "$1" "$2" "$err"
}
wrong 'network_mode: "service:wep"' "did you mean 'web'"
wrong 'network_mode: "service:a"' 'cannot share its own'
wrong 'network_mode: "service:many"' 'has 2 containers'
wrong 'network_mode: "container:two"' "no container 'two' in this project"
wrong 'network_mode: "service:web", ports: ["80:80"]' "that of 'web'; say it there"
wrong 'network_mode: "service:web", hostname: x' "that of 'web'; say it there"
wrong 'network_mode: "service:web", depends_on: [], networks: [default]' 'not together'
wrong 'network_mode: hots' 'none host bridge service'
wrong 'pid: host, init: true' 'process 1 of nothing'
wrong 'pid: host, userns_mode: auto' 'not together with namespaces'
wrong 'ipc: "service:web"' 'tmpfs volume'
wrong 'uts: host, hostname: x' 'cannot be changed'
printf 'services:\n  web: {image: x, container_name: one}\n  a: {image: x, network_mode: "container:one"}\n' >stack.yml
ok stack config
assert_match "a container of the project is a service" 'network_mode: "service:web"|network_mode: service:web' "$out"

it "parameters of namespaces that others are in cannot be set"
cat >stack.yml <<'YML'
services:
  web: {image: "example/busybox:1.35", command: [sleep, "9"], stop_grace_period: 0s}
  a: {image: "example/busybox:1.35", network_mode: "service:web", sysctls: {net.core.somaxconn: 9}}
YML
fails 1 stack up -d
assert_match "said" 'others would change' "$err"
ok stack down
sed -i 's/network_mode.*/ipc: host, sysctls: {kernel.msgmax: 9}}/' stack.yml
fails 1 stack up -d
assert_match "said" 'others would change' "$err"
ok stack down
no_leaks
