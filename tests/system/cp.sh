#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# cp: files out of and into containers, running and stopped, with nothing of theirs executed.
TEST_IMAGES=
. "$(dirname "$0")/lib.sh"

mkdir -p "$T/cp/tree/bin" "$T/cp/tree/etc"
cp "$(command -v busybox)" "$T/cp/tree/bin/"
for name in sh sleep cat ln mv rm mkdir; do ln -s busybox "$T/cp/tree/bin/$name"; done
echo 'web:x:1000:1000::/:/bin/sh' >"$T/cp/tree/etc/passwd"
project cp <<'YML'
x-idle: &idle {command: ["sleep", "1000"], stop_grace_period: 0s, x-stack: {rootfs: ./tree}}
services:
  one: {<<: *idle, volumes: ["named:/vol", "./bind:/bind"], tmpfs: [/scratch]}
  two: {<<: *idle, scale: 2}
  closed: {<<: *idle, read_only: true, volumes: ["named:/vol"], tmpfs: ["/small:size=1m"]}
  mapped: {<<: *idle, userns_mode: auto, volumes: ["named:/vol"]}
volumes:
  named:
YML
mkdir bind
ok stack up -d

upper() { # SERVICE-N
	echo "$STACK_ROOT/projects/cp/containers/cp-$1/upper"
}

make_tree() { # DIR
	mkdir -p "$1/sub/empty"
	echo one >"$1/file"
	echo 'two words' >"$1/sub/a name"
	ln -s ../file "$1/sub/link"
	ln -s /etc/passwd "$1/absolute"
	chmod 0640 "$1/file"
	chmod 4755 "$1/sub/a name"
	chmod 0711 "$1/sub"
	chown 1000:1001 "$1/file"
	truncate -s 5M "$1/sparse"
	echo in the middle | dd of="$1/sparse" bs=1 seek=3000000 conv=notrunc status=none
	touch -d '2001-02-03 04:05:06.789' "$1/file" "$1/sub/a name" "$1/sub/empty" "$1/sub"
}

listing() { # DIR: all that cp promises to keep
	(cd "$1" && find . -mindepth 1 ! -type l -printf '%P %m %s %T@ %y\n' -o -type l -printf '%P -> %l\n' | sed 's/^\([^ ]*\|.* name\) 4755/\1 755/' | LC_ALL=C sort)
}

it "copies a tree there and back as it was, root's"
make_tree src
ok stack cp src one:/dst
# What is behind a directory's time and size is the file system's.
assert_eq "in the container" "$(listing src | grep -v ' d$')" "$(listing "$(upper one-1)/dst" | grep -v ' d$')"
assert_eq "owner" 0:0 "$(stat -c %u:%g "$(upper one-1)/dst/file")"
assert_eq "no set-user-ID bit for another owner" 755 "$(stat -c %a "$(upper one-1)/dst/sub/a name")"
assert_eq "a directory's mode" 711 "$(stat -c %a "$(upper one-1)/dst/sub")"
assert_eq "a directory's time" "$(stat -c %Y src/sub)" "$(stat -c %Y "$(upper one-1)/dst/sub")"
ok stack cp one:/dst back
assert_eq "and back" "$(listing src)" "$(listing back)"
cmp src/sparse back/sparse || fail "the sparse file differs"
assert_between "blocks of a sparse file" 0 200 "$(stat -c %b back/sparse)"
ok stack cp -a src one:/kept
assert_eq "with -a its owner" 1000:1001 "$(stat -c %u:%g "$(upper one-1)/kept/file")"
assert_eq "and its bits" 4755 "$(stat -c %a "$(upper one-1)/kept/sub/a name")"
ok stack cp -a one:/kept kept
assert_eq "back with -a" 1000:1001 "$(stat -c %u:%g kept/file)"

it "takes targets as docker cp does"
ok stack cp src/file one:/new
ok stack cp src/file one:/dst
assert_eq "into a directory" one "$(inside one cat /dst/file)"
ok stack cp src one:/dst
assert_eq "a directory into one" one "$(inside one cat /dst/src/file)"
ok stack cp src/. one:/merge
ok stack cp src/. one:/merge
assert_eq "its content, twice" one "$(inside one cat /merge/file)"
[ ! -e "$(upper one-1)/merge/src" ] || fail "it went into the directory"
fails 1 stack cp src/file one:/none/
assert_match "a file to a directory that is none" "no directory '/none/'" "$err"
fails 1 stack cp src one:/new
assert_match "a directory onto a file" "'/new' exists and is no directory" "$err"
fails 1 stack cp src/file one:/no/such/place
assert_match "no parents are made" "'/no/such/'.*No such file" "$err"
fails 1 stack cp one:/none x
assert_match "what is not there" "'/none'.*No such file" "$err"
fails 1 stack cp none one:/
assert_match "nor here" "'none'.*No such file" "$err"
fails 2 stack cp a b
fails 2 stack cp - -
fails 1 stack cp oen:/x .
assert_match "a service that is none" "did you mean 'one'" "$err"
ok stack cp --index 2 src/file two:/second
assert_eq "the second container" one "$(cat "$(upper two-2)/second")"
[ ! -e "$(upper two-1)/second" ] || fail "the first one got it too"

it "copies links as links, and with -L what they lead to"
ok stack cp src/sub/link one:/link
assert_eq "link" ../file "$(readlink "$(upper one-1)/link")"
ok stack cp -L src/sub/link one:/followed
assert_eq "followed" one "$(inside one cat /followed)"
ok inside one ln -s /etc/passwd /out
ok stack cp -L one:/out out
assert_eq "in the container's root" "$(cat tree/etc/passwd)" "$(cat out)"
ok inside one ln -s /dst /linked
ok stack cp src/file one:/linked
ok stack cp src/file one:/linked/through
assert_eq "through a link to a directory" one "$(inside one cat /dst/through)"
ok inside one ln -s dst/by-link /file-link
ok stack cp src/file one:/file-link
assert_eq "what the link names" one "$(inside one cat /dst/by-link)"
assert_eq "the link is one still" dst/by-link "$(readlink "$(upper one-1)/file-link")"

it "reads and writes tar archives, and copies from one container to another"
ok sh -c "'$STACK' cp one:/dst - | tar -xf - -C '$T' && '$STACK' cp one:/merge/. - | tar -tf - >'$T/names'"
assert_eq "unpacked" "$(listing back)" "$(listing "$T/dst" | grep -v -e '^src' -e '^through' -e '^by-link')"
assert_match "names" '^\./sub/a name$' "$(cat "$T/names")"
mkdir "$T/hard" && ln src/file "$T/hard/a" && ln src/file "$T/hard/b"
ok inside one mkdir /t
ok sh -c "tar -czf - -C '$T/hard' . | '$STACK' cp - one:/t"
assert_eq "hard links" "$(stat -c %i "$(upper one-1)/t/a")" "$(stat -c %i "$(upper one-1)/t/b")"
ok sh -c "tar -cf - src/./sub/link src/file | '$STACK' cp - one:/t"
assert_eq "without its directories" one "$(inside one cat /t/src/file)"
fails 1 sh -c "head -c 70000 /dev/urandom | '$STACK' cp - one:/t"
assert_match "no archive" "tar" "$err"
fails 1 sh -c "tar --transform 's,^,../,' -P -cf - src/file | '$STACK' cp - one:/t"
fails 1 sh -c "tar -cf - src/file | '$STACK' cp - one:/none"
assert_match "archive" "no directory '/none'" "$err"
ok stack cp one:/dst/sub two:/
assert_eq "from one to the other" 'two words' "$(inside two cat '/sub/a name')"

it "sees volumes, bind mounts and single files as the container does"
ok stack cp src/file one:/vol/
ok stack cp src/file one:/bind/
ok stack cp src/file one:/scratch/
assert_eq "volume" one "$(cat "$STACK_ROOT"/volumes/cp_named/_data/file)"
assert_eq "bind" one "$(cat bind/file)"
assert_eq "tmpfs" one "$(inside one cat /scratch/file)"
echo '127.0.0.1 mine' >hosts
ok stack cp hosts one:/etc/hosts
assert_eq "mounted file" "127.0.0.1 mine" "$(inside one cat /etc/hosts)"
ok stack cp one:/etc/hosts hosts.back
cmp hosts hosts.back || fail "what came back differs"
[ -z "$(find "$(upper one-1)" "$STACK_ROOT/volumes" . -name '.stack-cp*')" ] || fail "temporary files are left"

it "says what cannot be written, and leaves no half file"
fails 1 stack cp src/file closed:/x
assert_match "read-only" "read-only there; copy into a volume" "$err"
ok stack cp src/file closed:/vol/closed
fails 1 stack cp "$STACK" closed:/small/big
assert_match "full" "/small/big.*No space left" "$err"
assert_eq "nothing of it" "" "$(inside closed busybox ls -A /small)"
mkfifo src/fifo
mknod src/null c 1 3
ok stack cp src one:/special
assert_match "fifo" "'src/fifo' is a FIFO, and left out" "$err"
assert_match "device" "'src/null' is a device, and left out" "$err"
[ ! -e "$(upper one-1)/special/fifo" ] && [ -e "$(upper one-1)/special/sub/link" ] || fail "the rest is not there"
ok inside one busybox mkfifo /dst/fifo
ok stack cp one:/dst special
assert_match "out" "'/dst/fifo' is a FIFO" "$err"

it "with user ids of its own, root's are the container's root's"
ok stack cp src/file mapped:/here
assert_eq "inside" 0:0 "$(inside mapped busybox stat -c %u:%g /here)"
ok stack cp -a src/file mapped:/vol/ids
assert_eq "on disk in a volume" 1000:1001 "$(stat -c %u:%g "$STACK_ROOT"/volumes/cp_named/_data/ids)"
ok stack cp -a mapped:/vol/ids ids
assert_eq "back" 1000:1001 "$(stat -c %u:%g ids)"

it "works on a stopped container, whose next start sees it"
ok stack stop -t 0
ok stack cp src one:/while-stopped
ok stack cp src/file one:/vol/stopped
ok stack cp src/file mapped:/stopped
ok stack cp one:/merge/file stopped.back
fails 1 stack cp src/file one:/scratch/x
assert_match "a tmpfs would forget it" "read-only there" "$err"
fails 1 stack cp src/file closed:/x
ok stack start
assert_eq "there" one "$(inside one cat /while-stopped/file)"
assert_eq "in the volume" one "$(inside one cat /vol/stopped)"
assert_eq "with ids" 0 "$(inside mapped busybox stat -c %u /stopped)"

it "runs and loads nothing of the container's"
mkdir -p trap
cat >trap/trap.c <<'C'
#include <fcntl.h>
#include <unistd.h>
__attribute__((constructor)) static void fire(void)
{
	close(open("/bind/fired", O_CREAT | O_WRONLY, 0600));
}
int main(void) { return 0; }
C
cc -static -o trap/tar trap/trap.c
cc -shared -fPIC -o trap/libnss_files.so.2 trap/trap.c
ok inside one mkdir -p /usr/bin /lib/x86_64-linux-gnu /lib64 /usr/lib
for name in tar cp cat sh busybox gzip; do ok stack cp trap/tar one:/usr/bin/$name; done
for dir in /lib /lib64 /lib/x86_64-linux-gnu /usr/lib; do
	for name in libnss_files.so.2 libnss_compat.so.2 libc.so.6 ld-linux-x86-64.so.2; do
		ok stack cp trap/libnss_files.so.2 one:$dir/$name
	done
done
ok inside one /bin/sh -c 'echo "passwd: compat" >/etc/nsswitch.conf; echo /bind/evil.so >/etc/ld.so.preload'
ok stack cp trap/libnss_files.so.2 one:/bind/evil.so
ok stack cp src one:/traps
ok stack cp one:/traps traps
ok sh -c "'$STACK' cp one:/traps - >/dev/null"
[ ! -e bind/fired ] || fail "something of the container's was run"
inside one /usr/bin/tar
[ -e bind/fired ] || fail "the trap does not work at all"

it "is not led out of the container by links that change all the time"
echo canary >"$T/canary"
chmod 0600 "$T/canary"
before=$(stat -c '%i %s %Z' "$T/canary")
ok inside one /bin/sh -c "mkdir -p /race/real$T && echo inside >/race/real$T/canary && mkdir -p /race$T && ln -s / /race/evil"
background "$STACK" exec -T one /bin/sh -c 'while :; do rm -f /race/dir; ln -s /race/real /race/dir; rm -f /race/dir; ln -s ../../../../.. /race/dir; done' >"$T/race.log" 2>&1
racer=$!
for i in $(seq 25); do
	stack cp src/file "one:/race/dir$T/canary" >"$T/o" 2>&1 || :
	stack cp "one:/race/dir$T/canary" got >"$T/o" 2>&1 || continue
	assert_no_match "round $i" canary "$(cat got)"
done
kill "$racer" 2>/dev/null || :
assert_eq "the canary outside" "$before" "$(stat -c '%i %s %Z' "$T/canary")"

it "leaves nothing half-made when it is ended in the middle"
mkfifo never
exec 9<>never
"$STACK" cp - one:/t <never >"$T/o" 2>&1 &
copier=$!
tar -cf - "$STACK" 2>/dev/null | head -c 300000 >never || :
half_made() {
	find "$(upper one-1)/t" -name '.stack-cp*' -size +100k | grep .
}
wait_for 5 "half a file is there" half_made
kill "$(pgrep -P $copier -x stack-image)"
status=0
wait $copier || status=$?
assert_eq "status" 1 "$status"
exec 9>&-
[ -z "$(find "$(upper one-1)" -name '.stack-cp*')" ] || fail "a temporary file is left"
[ ! -e "$(upper one-1)/t$STACK" ] || fail "half a file has its name"
