#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a program finds inside of a container.
. "$(dirname "$0")/lib.sh"

project inside <<'YML'
services:
  one:
    image: example/busybox:1.35
    command: ["sleep", "1000"]
    hostname: myhost
    stop_grace_period: 0s
    environment: {WITH: "a value"}
    env_file: [more.env]
    tmpfs: [/scratch]
    volumes:
      - ./source:/source
      - ./source:/readonly:ro
      - named:/named
      - /anonymous
    ulimits: {nofile: {soft: 100, hard: 200}}
    working_dir: /tmp
  user:
    image: example/busybox:1.35
    command: ["sh", "-c", "echo to stdout >/dev/stdout && echo to stderr >/dev/stderr; exec sleep 1000"]
    user: web
    stop_grace_period: 0s
  readonly:
    image: example/busybox:1.35
    command: ["sleep", "1000"]
    read_only: true
    init: true
    stop_grace_period: 0s
volumes:
  named:
YML
mkdir source
echo content >source/file
printf 'FROM_ENV_FILE=yes\n# comment\n' >more.env
ok stack up -d

it "six namespaces of its own"
pid=$(pid_of one)
for kind in mnt pid uts ipc net cgroup; do
	[ "$(readlink "/proc/$pid/ns/$kind")" != "$(readlink "/proc/self/ns/$kind")" ] ||
		fail "the $kind namespace is the host's"
done
assert_eq "PID 1" "sleep" "$(inside one sh -c 'cat /proc/1/comm')"
assert_eq "sees itself only" 1 "$(inside one sh -c 'ls -d /proc/[0-9]* | grep -vc "/$$\$"' | awk '{ print ($1 <= 3) }')"
ok ip netns list
assert_match "the network namespace has a name" 'stack-' "$out"

it "host name, hosts, resolv.conf"
assert_eq "hostname" myhost "$(inside one hostname)"
assert_eq "/etc/hostname" myhost "$(inside one cat /etc/hostname)"
assert_match "/etc/hosts" "^$(address_of one)[[:space:]].*myhost" "$(inside one cat /etc/hosts)"
assert_match "localhost" '^127\.0\.0\.1[[:space:]]+localhost' "$(inside one cat /etc/hosts)"
assert_match "resolv.conf" '^nameserver ' "$(inside one cat /etc/resolv.conf)"

it "environment and working directory"
assert_eq "environment" "a value" "$(inside one sh -c 'echo $WITH')"
assert_eq "env_file" yes "$(inside one sh -c 'echo $FROM_ENV_FILE')"
assert_eq "working_dir" /tmp "$(inside one pwd)"
assert_eq "exec -w -e" "/bin x" "$(stack exec -T -w /bin -e X=x one sh -c 'echo $PWD $X' </dev/null)"

it "kernel file systems with docker's flags"
mounts=$(inside one cat /proc/mounts)
assert_match "/proc" '^proc /proc proc rw,nosuid,nodev,noexec' "$mounts"
assert_match "/sys" ' /sys sysfs ro,nosuid,nodev,noexec' "$mounts"
assert_match "/dev" ' /dev tmpfs rw,nosuid' "$mounts"
assert_match "/dev/pts" ' /dev/pts devpts rw,nosuid,noexec.*gid=5,mode=620,ptmxmode=666' "$mounts"
assert_match "/dev/shm" ' /dev/shm tmpfs rw,nosuid,nodev,noexec.*size=65536k' "$mounts"
assert_match "tmpfs:" ' /scratch tmpfs rw,nosuid,nodev,noexec' "$mounts"
assert_match "the root is an overlay" '^[^ ]+ / overlay rw' "$mounts"
assert_no_match "the host's root" "$T" "$(inside one cut -d' ' -f2 /proc/mounts)"
for file in null zero full random urandom tty; do
	assert_match "/dev/$file" '^crw-rw-rw-' "$(inside one ls -l /dev/$file)"
done
fails 1 inside one sh -c 'echo 1 >/proc/sys/kernel/panic'
fails 1 inside one sh -c 'cat /proc/kcore | head -c 1 | grep -q .'

it "docker's capabilities, and seccomp"
status_file=$(inside one cat /proc/self/status)
for set in Eff Prm Bnd; do
	assert_match "Cap$set" "^Cap$set:[[:space:]]00000000a80425fb" "$status_file"
done
assert_match "nothing to inherit" '^CapInh:[[:space:]]0000000000000000' "$status_file"
assert_match "exec has a filter" '^Seccomp:[[:space:]]2' "$status_file"
assert_match "PID 1 has one" '^Seccomp:[[:space:]]2' "$(cat "/proc/$pid/status")"
fails 1 inside one mount -t tmpfs none /mnt
fails 1 inside one unshare -m true
assert_eq "open descriptors of PID 1" "0 1 2" "$(ls "/proc/$pid/fd" | tr '\n' ' ' | sed 's/ $//')"

it "ulimits"
assert_eq "soft and hard" "100 200" "$(awk '/Max open files/ { print $4, $5 }' "/proc/$pid/limits")"

it "bind, named and anonymous volumes"
assert_eq "bind" content "$(inside one cat /source/file)"
ok inside one sh -c 'echo new >/source/made && echo kept >/named/file && echo >/anonymous/x && echo >/scratch/x'
assert_eq "written through" new "$(cat source/made)"
fails 1 inside one sh -c 'echo >/readonly/x'
assert_eq "named" kept "$(cat "$STACK_ROOT"/volumes/*named*/_data/file)"

it "a user by name, with his groups, writes to /dev/stdout"
ok stack exec -T user id
assert_match "exec is he too" 'uid=1000\(web\) gid=1000\(web\) groups=.*1001\(extra\)' "$out"
wait_for 5 "his lines" log_has 2 user
assert_match "his status" '^CapEff:[[:space:]]0000000000000000' "$(inside user cat /proc/self/status)"
assert_eq "exec -u" 0 "$(stack exec -T -u root user id -u </dev/null)"

it "read_only and init"
fails 1 inside readonly touch /x
ok inside readonly touch /dev/shm/x
assert_eq "two processes" sleep "$(inside readonly cat /proc/2/comm)"
ok inside readonly sh -c 'for i in 1 2 3 4 5; do (sleep 0.1 &) ; done; sleep 0.5'
assert_eq "orphans are reaped" 0 "$(inside readonly sh -c 'grep -ls "^State:.*Z" /proc/[0-9]*/status | wc -l')"

it "the upper directory takes the changes; the volume outlives down, the container does not"
ok inside one sh -c 'echo changed >/etc/motd'
ok stack down
assert_eq "named volume" kept "$(cat "$STACK_ROOT"/volumes/*named*/_data/file)"
no_leaks
ok stack up -d one
fails 1 inside one cat /etc/motd
assert_eq "and it is found again" kept "$(inside one cat /named/file)"
ok stack down -v
assert_eq "down -v removes it" "" "$(ls "$STACK_ROOT/volumes")"
