#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ways out of a container that were open in other engines once, by their numbers: an image or a process in
# a container tries each, and the host's files, mounts and programs are as they were.
. "$(dirname "$0")/lib.sh"

CANARY=$T/canary
mkdir -p "$CANARY/dir"
echo canary >"$CANARY/file"
echo canary >"$CANARY/dir/file"
ln -s file "$CANARY/ptmx"

# All that must not change, in one text.
host_state() {
	find "$CANARY" -printf '%p %y %m %u %s %T@ %l\n' | sort
	cat "$CANARY/file" /proc/sys/kernel/core_pattern /proc/sys/vm/overcommit_memory
	sha256sum "$BUILD"/stack "$BUILD"/stack-supervisor "$BUILD"/stack-shim "$BUILD"/tests/attack
	awk '{ print $5, $9 }' /proc/self/mountinfo
	hostname
}

unharmed() {
	assert_eq "the host" "$before" "$(host_state)"
}

# evil NAME [IMPORT-OPTION...]: an image of busybox and what is in the directory NAME
evil() {
	local name=$1
	shift
	mkdir -p "$name/bin"
	[ -e "$name/bin/busybox" ] || cp "$(command -v busybox)" "$name/bin/busybox"
	for applet in sh ls cat sleep id echo; do
		ln -sf busybox "$name/bin/$applet"
	done
	ok stack image import "$@" "$T/attack/$name" "evil/$name:1"
}

# service IMAGE [YAML]: stack.yml with one service of it
service() {
	printf 'services:\n  a: {image: "%s", command: ["sleep", "1000"], stop_grace_period: 0s%s}\n' "$1" "${2:+, $2}" >stack.yml
}

# either_way: up comes up, or says why not; then it goes down
either_way() {
	capture stack up -d
	[ "$status" = 0 ] || assert_match "says why" '[a-z]' "$err"
	case $status in
	0 | 1) ;;
	*) fail "up returned $status: $err" ;;
	esac
}

project attack <<'YML'
services: {}
YML
cp "$BUILD/tests/attack" attack
before=$(host_state)

it "class 1 (CVE-2019-5736): no program or descriptor of ours can be written from inside"
for init in true false; do
	service example/busybox:1.35 "init: $init, volumes: [\"./attack:/attack:ro\"]"
	ok stack up -d
	# The targets come and go while it tries.
	for i in 1 2 3 4 5 6 7 8 9 10; do stack exec -T a sleep 0.05 </dev/null; done >/dev/null 2>&1 &
	execs=$!
	ok inside a /attack exe
	assert_eq "init: $init" "done" "$out"
	wait $execs
	ok stack down
done
mkdir self
ln -s /proc/self/exe self/entry
evil self
service evil/self:1 'entrypoint: ["/entry"]'
either_way
capture stack exec -T a /proc/self/exe version </dev/null
ok stack down
unharmed

it "class 2 (CVE-2024-21626): no working directory outside, no leaked descriptor"
leaky() ( # a process of its own
	for fd in 20 21 22 23 24 25 26 27 28 29; do
		eval "exec $fd</"
	done
	exec "$STACK" "$@"
)
for fd in 3 4 5 6 7 8 9 10 20 25 29; do
	service example/busybox:1.35 "working_dir: /proc/self/fd/$fd"
	capture leaky up -d
	[ "$status" != 0 ] || {
		ok inside a sh -c 'cd / && pwd'
		[ ! -e "/proc/$(pid_of a)/cwd/canary" ] || fail "working_dir is on the host"
	}
	ok stack down
done
service example/busybox:1.35
capture leaky up -d
assert_eq "up" 0 "$status"
assert_eq "descriptors of PID 1" "0 1 2" "$(ls "/proc/$(pid_of a)/fd" | xargs)"
for fd in 3 7 20 25 29; do
	capture leaky exec -T -w /proc/self/fd/$fd a ls
	[ "$status" != 0 ] || fail "exec -w /proc/self/fd/$fd worked: $out"
done
capture leaky exec -T a ls /proc/self/fd
assert_eq "descriptors of exec" "0 1 2 3" "$(xargs <<<"$out")" # 3 is ls's own
ok stack down
unharmed

it "class 4 (CVE-2019-16884, -19921, 2025-52881): /proc cannot be replaced"
mkdir -p proclink/elsewhere procvol prof/etc
ln -s elsewhere proclink/proc
evil proclink
service evil/proclink:1
fails 1 stack up -d
ok stack down
evil procvol -c 'VOLUME /proc' -c 'VOLUME /proc/self/attr'
service evil/procvol:1
fails 1 stack up -d
assert_match "says why" 'nothing can be mounted in /proc|/proc' "$err"
ok stack down
for target in /proc /proc/self/attr /proc/sys /proc/sysrq-trigger /proc/1 /proc/kcore; do
	for mount in "volumes: [\"./attack:$target\"]" "tmpfs: [\"$target\"]" "volumes: [\"named:$target\"]"; do
		service example/busybox:1.35 "$mount"
		echo 'volumes: {named: }' >>stack.yml
		capture stack up -d
		[ "$status" != 0 ] || fail "$mount was mounted"
		ok stack down -v
	done
done
mkdir -p procmount
ln -s /proc/self/attr procmount/data
evil procmount -c 'VOLUME /data'
service evil/procmount:1
capture stack up -d
[ "$status" != 0 ] || fail "a volume was mounted in /proc through a link"
ok stack down
unharmed

it "class 6 (CVE-2025-52565): the console is a terminal, whatever the image has in /dev"
mkdir -p pts/dev/pts
ln -s /proc/sys/kernel/core_pattern pts/dev/pts/0
ln -s /proc/sys/kernel/core_pattern pts/dev/console
evil pts
service evil/pts:1 "tty: true"
ok stack up -d
assert_match "/dev/console" '^c' "$(inside a ls -l /dev/console)"
ok stack down
unharmed

it "class 7 (CVE-2026-41579, -47766): an image whose /dev leads elsewhere"
n=0
for target in "$CANARY" "../../../../../..$CANARY" "../..$CANARY/dir" "$CANARY/missing" "proc/self" "/proc/1/root$CANARY"; do
	n=$((n + 1))
	mkdir -p "dev$n"
	ln -s "$target" "dev$n/dev"
	evil "dev$n"
	for options in "" "tty: true" "privileged: true"; do
		service "evil/dev$n:1" "$options"
		either_way
		ok stack down
	done
done
for dir in sys etc; do
	mkdir -p "link$dir"
	ln -s "$CANARY" "link$dir/$dir"
	evil "link$dir"
	service "evil/link$dir:1"
	either_way
	ok stack down
done
unharmed

it "class 8 (CVE-2022-0492) and the rest of what root inside could try"
for options in "" "user: \"1000\"" "cap_drop: [ALL]" "userns_mode: auto" "security_opt: [seccomp=unconfined]"; do
	service example/busybox:1.35 "volumes: [\"./attack:/attack:ro\"]${options:+, $options}"
	ok stack up -d
	ok inside a /attack escapes
	if [ "$options" = "security_opt: [seccomp=unconfined]" ]; then
		# Without the filter a user namespace can be had, and mounts in it; the rest must hold.
		assert_no_match "unconfined" 'POSSIBLE (write|open|mount proc|mount cgroup|remount|umount|setns|chroot)' "$(sed '/unshare/,$d' <<<"$out")"
	else
		assert_eq "with '$options'" "done" "$out"
	fi
	ok stack down
done
unharmed

it "class 9 (CVE-2022-24769): nothing inheritable, nothing ambient"
for user in root 1000; do
	service example/busybox:1.35 "user: \"$user\""
	ok stack up -d
	for status_file in "$(cat "/proc/$(pid_of a)/status")" "$(inside a cat /proc/self/status)"; do
		assert_match "$user" '^CapInh:[[:space:]]0000000000000000' "$status_file"
		assert_match "$user" '^CapAmb:[[:space:]]0000000000000000' "$status_file"
	done
	ok stack down
done

it "class 10 (CVE-2022-36109): the caller's groups stay outside"
service example/busybox:1.35
ok setpriv --groups 0,999,4242 "$STACK" up -d
assert_eq "groups of PID 1" "0" "$(sed -n 's/^Groups:[[:space:]]*//p' "/proc/$(pid_of a)/status" | xargs)"
ok setpriv --groups 0,999,4242 "$STACK" exec -T a id -G
assert_eq "groups of exec" 0 "$out"
ok setpriv --groups 0,999,4242 "$STACK" exec -T -u 1234:5678 a id -G
assert_eq "groups of exec -u" 5678 "$out"
ok stack down

it "class 14 (CVE-2022-23648, 2024-9341): volumes of an image stay in it, whatever their path"
mkdir -p vol/data
ln -s /etc vol/link
ln -s "../../../../..$CANARY" vol/up
ln -s "$CANARY" vol/canary
evil vol -c 'VOLUME /../../../etc/x' -c 'VOLUME /link/y' -c 'VOLUME /up' -c 'VOLUME /canary/dir'
service evil/vol:1 'volumes: ["./attack:/up/file", "named:/canary/new/deep", "./attack:/../../../../attack"]'
echo 'volumes: {named: }' >>stack.yml
either_way
ok stack down -v
unharmed
[ ! -e /etc/x ] || fail "/etc/x was made on the host"

it "class 20 (CVE-2020-15257): no control socket can be reached from inside"
service example/busybox:1.35 'network_mode: host, volumes: ["./attack:/attack:ro"]'
ok stack up -d
ok inside a /attack sockets
assert_eq "abstract sockets that take us" "done" "$out"
assert_no_match "abstract sockets of ours" '@.*stack' "$(inside a cat /proc/net/unix)"
assert_eq "TCP sockets of ours" "" "$(ss -Hltnp | grep -E 'stack-|"stack"' || :)"
socket=$(find "$STACK_RUN/attack" -type s -name '*control*' -o -type s -name '*.sock' | head -1)
[ -n "$socket" ] || socket=$(find "$STACK_RUN/attack" -maxdepth 1 -type s | head -1)
assert_eq "socket" "600 root" "$(stat -c '%a %U' "$socket")"
assert_eq "its directory" "700 root" "$(stat -c '%a %U' "$(dirname "$socket")")"
cat >ask.py <<'PY'
import json, socket, struct, sys
s = socket.socket(socket.AF_UNIX)
s.settimeout(5)
try:
    s.connect(sys.argv[1])
    m = json.dumps({"op": "ps"}).encode()
    s.sendall(struct.pack("<I", len(m)) + m)
    answer = s.recv(65536)
except OSError as e:
    print("refused", e)
    sys.exit(0)
print("ANSWERED %r" % answer if b'"containers"' in answer else "refused %r" % answer)
PY
ok timeout 10 python3 ask.py "$socket"
assert_match "root beside it" '^ANSWERED' "$out"
chmod 755 "$T"
for apart in "unshare --mount" "unshare --pid --fork --mount-proc" "setpriv --reuid 65534 --regid 65534 --clear-groups" \
	"setpriv --reuid 65534 --regid 65534 --clear-groups unshare --user --map-root-user"; do
	# shellcheck disable=SC2086
	PATH=/usr/bin:$PATH capture timeout 10 $apart python3 ask.py "$socket"
	assert_match "$apart" '^refused' "$out"
done

it "class 21: what is no message closes the connection and nothing else"
cat >talk.py <<'PY'
import os, socket, struct, sys
def talk(data, wait=True):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(10)
    s.connect(sys.argv[1])
    try:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        while wait and s.recv(65536):
            pass
    except OSError:
        pass
    s.close()
cases = [b"", b"\0", b"\xff\xff\xff\xff", struct.pack("<I", 0), struct.pack("<I", 0xffffffff) + b"x" * 100000,
         struct.pack("<I", 2) + b"{}", struct.pack("<I", 2) + b"[]", struct.pack("<I", 4) + b"null",
         struct.pack("<I", 5) + b"{\"a\"", struct.pack("<I", 100) + b"{", os.urandom(65536),
         struct.pack("<I", 200000) + b"[" * 200000, struct.pack("<I", 40) + b'{"op":"up","project":"\xff\xfe\x00"}       ',
         struct.pack("<I", 21) + b'{"op":"nothing"}     ', struct.pack("<I", 14) + b'{"op":42}     ']
for case in cases:
    talk(case)
    talk(case, wait=False)
idle = []
for i in range(200):
    s = socket.socket(socket.AF_UNIX)
    s.setblocking(False)
    try:
        s.connect(sys.argv[1])
    except OSError:
        pass
    idle.append(s)
print("through")
PY
ok timeout 60 python3 talk.py "$socket"
assert_eq "all cases" through "$out"
ok stack ps
assert_eq "still there" running "$(ps_field a .state)"
ok stack down

it "class 27: a hundred times up and down leave no mount, and no container holds another's root"
service example/busybox:1.35
printf '  b: {image: "example/busybox:1.35", command: ["sleep", "1000"], stop_grace_period: 0s}\n' >>stack.yml
for i in {1..100}; do
	ok stack up -d
	[ "$i" -lt 100 ] || assert_eq "overlays that b sees" 1 "$(grep -c ' - overlay ' "/proc/$(pid_of b)/mountinfo")"
	ok stack down
done
unharmed
