#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# userns_mode: user ids that are nobody's on the host, and files that keep their owners all the same.
. "$(dirname "$0")/lib.sh"

project userns <<'YML'
x-idle: &idle {image: example/busybox:1.35, command: ["sleep", "1000"], stop_grace_period: 0s}
services:
  one:
    <<: *idle
    userns_mode: auto
    working_dir: /made/for/it
    volumes: ["named:/vol", "./bind:/bind", "./bind:/readonly:ro"]
    tmpfs: [/scratch]
  two: {<<: *idle, userns_mode: auto, init: true}
  filled: {<<: *idle, image: owners:1, userns_mode: auto, volumes: ["homes:/home"]}
  plain: {<<: *idle, volumes: ["named:/vol"]}
  mapped: {<<: *idle, userns_mode: "map=0:300000:2000", user: web, tty: true}
volumes:
  named:
  homes:
YML
mkdir -p bind rootfs/bin rootfs/home/web rootfs/etc
cp "$(command -v busybox)" rootfs/bin/
ln -s busybox rootfs/bin/sh
ln -s busybox rootfs/bin/sleep
echo 'web:x:1000:1000::/home/web:/bin/sh' >rootfs/etc/passwd
echo in the image >rootfs/home/web/file
ln -s file rootfs/home/web/link
chown -hR 1000:1001 rootfs/home/web
ok stack image import rootfs owners:1
echo hers >bind/file
chown 1000:1000 bind/file

first_id() { # SERVICE
	awk '{ print $2 }' "/proc/$(pid_of "$1")/uid_map"
}

owner() { # SERVICE PATH
	inside "$1" stat -c %u:%g "$2"
}

ok stack up -d
it "root inside is nobody's id outside, in a range of its own"
one=$(first_id one) two=$(first_id two)
assert_between "range of one" $((0x40000000)) $((0x6fffffff)) "$one"
[ "$one" != "$two" ] || fail "both have the range at $one"
assert_eq "root inside" 0 "$(inside one id -u)"
assert_eq "on the host" "$one" "$(stat -c %u "/proc/$(pid_of one)")"
assert_eq "PID 1 of two is the reaper, and he is nobody either" "$two" "$(awk '/^Uid:/ { print $2 }' "/proc/$(pid_of two)/status")"
assert_eq "map" "0 300000 2000" "$(awk '{ print $1, $2, $3 }' "/proc/$(pid_of mapped)/uid_map")"
assert_eq "a user by name" 1000 "$(inside mapped id -u)"
assert_eq "on the host" 301000 "$(stat -c %u "/proc/$(pid_of mapped)")"

it "the image's files have their owners"
assert_eq "/" 0:0 "$(owner one /)"
assert_eq "of web" 1000:1001 "$(inside filled busybox stat -c %u:%g /home/web/file)"
ok inside one sh -c 'echo changed >>/etc/motd && chown 1000:1001 /etc/motd && mkdir /new && chown 5:5 /new'
assert_eq "changed" 1000:1001 "$(owner one /etc/motd)"
assert_eq "of the range on disk" $((one + 1000)) "$(stat -c %u "$STACK_ROOT"/projects/userns/containers/userns-one-1/upper/etc/motd)"

it "volumes and binds keep theirs, for containers of any range"
assert_eq "in the bind" 1000:1000 "$(owner one /bind/file)"
ok inside one sh -c 'echo >/bind/roots && echo >/vol/roots && chown 1000:1000 /vol/roots'
assert_eq "made by root in the bind" 0:0 "$(stat -c %u:%g bind/roots)"
assert_eq "in the volume, for a container without a range" 1000:1000 "$(owner plain /vol/roots)"
fails 1 inside one sh -c 'echo >/readonly/x'
assert_eq "a volume filled from the image" 1000:1001 "$(stat -c %u:%g "$STACK_ROOT"/volumes/userns_homes/_data/web/file)"
assert_eq "and its link" 1000:1001 "$(stat -c %u:%g "$STACK_ROOT"/volumes/userns_homes/_data/web/link)"

it "tmpfs, /dev and the working directory are root's"
for path in /scratch /dev /dev/null /dev/shm /made/for/it; do
	assert_eq "$path" 0:0 "$(owner one $path)"
done
ok inside one sh -c 'echo x >/scratch/x && echo >/made/for/it/x && echo >/dev/null && echo >/dev/shm/x'

it "nothing of the host is his"
fails 1 inside one sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
fails 1 inside one mknod /tmp/null c 1 3
fails 1 inside one hostname other
ok inside one ping -c 1 -W 2 "$(address_of two)"

it "exec, as another user, on a terminal"
assert_eq "exec -u" "1000 $((one + 1000))" "$(inside one true && stack exec -T -u web one sh -c 'echo $(id -u)' </dev/null) $((one + 1000))"
ok script -qec "$STACK exec -u web one sh -c 'tty && id -u && echo >/dev/tty'" /dev/null
# script's end of input may come before the terminal is raw: then a NUL is passed on, and echoed.
assert_match "a terminal of web" '^(\^@)?1000' "$out"
ok stack logs mapped

it "the same range after a restart and another kill"
ok stack restart one
assert_eq "range" "$one" "$(first_id one)"
assert_eq "the changes are there" 1000:1001 "$(owner one /etc/motd)"

it "what cannot be is said"
ok stack exec -T -u 1999 mapped id -u
fails 125 stack exec -T -u 2000 mapped id -u
assert_match "out of range" 'user or group 2000 is not among the 2000 ids' "$err"
ok stack down -v
no_leaks
check_file() { # LINE PATTERN
	printf 'services:\n  a:\n    image: example/busybox:1.35\n    privileged: %s\n    userns_mode: %s\n' "$2" "$1" >bad.yml
	fails 2 stack -f bad.yml config
	assert_match "$1" "bad.yml:5:18: services.a.userns_mode: $3" "$err"
}
check_file auto true "not together with 'privileged'"
for mode in keep-id map=0:0:65536 map=1:1000:10 map=0:2147483647:2 map=0:-1:5 map=0:5 map=0:x:5; do
	check_file "$mode" false ".* is none of auto, host and map=0:FIRST:COUNT"
done
