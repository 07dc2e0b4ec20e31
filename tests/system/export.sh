#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# export: all of a container's root file system and nothing else, running or stopped, as an archive
# that makes the same tree again.
TEST_IMAGES=
. "$(dirname "$0")/lib.sh"

# What is in an archive, a line each: name, type, mode, owner, link, content, attributes; of files
# their time, too.
listing() { # TAR
	python3 - "$1" <<'PY'
import hashlib, sys, tarfile
for info in sorted(tarfile.open(sys.argv[1]), key=lambda i: i.name):
    content = info.isreg() and hashlib.sha256(tarfile.open(sys.argv[1]).extractfile(info.name).read()).hexdigest()[:12]
    attributes = {k: v.encode("utf-8", "surrogateescape").hex() for k, v in sorted(info.pax_headers.items()) if k.startswith("SCHILY.xattr.")}
    print(info.name, info.type.decode(), "%o" % info.mode, info.uid, info.gid, info.linkname or "-", content or "-",
          info.devmajor if info.ischr() else "-", info.devminor if info.ischr() else "-",
          info.mtime if info.isreg() or info.issym() else "-", attributes or "-")
PY
}
line() { # NAME: of $listed
	grep "^$1 " <<<"$listed" || fail "'$1' is not in the archive"
}
# Of two names of a file, the one that comes first, after a look at the second; of $listed.
first() { # NAME NAME
	local link
	link=$(grep -E "^($1|$2) 1 " <<<"$listed") || fail "neither '$1' nor '$2' is a link"
	case $link in
	"$1 "*" $2 "*) line "$2" ;;
	"$2 "*" $1 "*) line "$1" ;;
	*) fail "'$1' and '$2' are two files: $link" ;;
	esac
}

fs=$T/fs
mkdir -p "$fs/bin" "$fs/etc" "$fs/data" "$fs/vol" "$fs/gone"
cp "$(command -v busybox)" "$fs/bin/"
for name in sh sleep cat ln rm mkdir chown mv; do ln -s busybox "$fs/bin/$name"; done
echo lower >"$fs/etc/lower" && ln "$fs/etc/lower" "$fs/etc/lower.again"
echo old >"$fs/etc/old" && echo hidden >"$fs/vol/of-the-image" && echo x >"$fs/gone/x"
cp "$fs/etc/lower" "$fs/bin/capable" && setcap cap_net_raw=ep "$fs/bin/capable"
chmod 4755 "$fs/bin/capable" && setcap cap_net_raw=ep "$fs/bin/capable"
chown 12:34 "$fs/data" && chmod 1777 "$fs/data"
deep=deep$(printf '/d%.0s' $(seq 240)) && mkdir -p "$fs/$deep" && echo deep >"$fs/$deep/file"
mknod "$fs/data/null" c 1 3 && mkfifo "$fs/data/fifo"
ln -s /nowhere "$fs/data/link"
touch -d '2001-02-03 04:05:06' "$fs/etc/lower" && touch -h -d '2001-02-03 04:05:06' "$fs/data/link"
ok stack image import -q -c 'CMD ["/bin/sleep", "1000"]' "$fs" test/rich:1
project ex <<'YML'
x-same: &same {image: "test/rich:1", stop_grace_period: 0s, volumes: ["named:/vol", "./bind:/bind"], tmpfs: [/scratch]}
services:
  host: {<<: *same}
  mapped: {<<: *same, userns_mode: "map=0:200000:65536"}
  two: {<<: *same, scale: 2}
volumes:
  named:
YML
mkdir bind && echo secret >bind/file
ok stack up -d
for service in host mapped; do
	ok inside $service /bin/sh -c 'cd /data && echo new >new && ln new again && chown 56:78 new && rm -r /gone &&
		echo changed >/etc/old && echo in a volume >/vol/mine && echo gone with it >/scratch/mine &&
		busybox truncate -s 3M sparse && { busybox nc -ll -p 1 -s local:/data/socket || :; } 2>/dev/null; echo done'
done
python3 -c "import socket; socket.socket(socket.AF_UNIX).bind('$STACK_ROOT/projects/ex/containers/ex-host-1/upper/data/socket')"

for service in host mapped; do
	it "$service: has all of the layers as the container sees them"
	ok stack export -o "$T/$service.tar" $service
	assert_eq "what it says" "" "$(grep -v socket <<<"$err" || :)"
	assert_eq "who may read it" 600 "$(stat -c %a "$T/$service.tar")"
	listed=$(listing "$T/$service.tar")
	assert_match "of the lower layer, with its time" " 0 644 0 0 - .* 981173106" "$(first ./etc/lower ./etc/lower.again)"
	assert_match "of the upper one, with its owner" " 0 644 56 78 - " "$(first ./data/new ./data/again)"
	assert_match "sticky, of somebody" "./data 5 1777 12 34" "$(line ./data)"
	assert_match "set-user-ID, with a capability, as version 2" "4755 0 0 .*SCHILY.xattr.security.capability': '0100000200200*'" \
		"$(line ./bin/capable)"
	assert_match "a device" " 3 .* 1 3 " "$(line ./data/null)"
	assert_match "a FIFO" " 6 " "$(line ./data/fifo)"
	assert_match "a link" " 2 .* /nowhere .* 981173106" "$(line ./data/link)"
	assert_match "the root" "^\. 5 [0-9]* 0 0" "$(line .)"
	assert_eq "far below" deep "$(tar -xOf "$T/$service.tar" "./$deep/file")"
	assert_eq "what was changed" changed "$(tar -xOf "$T/$service.tar" ./etc/old)"
	assert_no_match "what was removed" '^\./gone' "$listed"
	assert_eq "the image's below a volume" ./vol/of-the-image "$(grep -o '^\./vol/[^ ]*' <<<"$listed")"
	assert_no_match "what is mounted" '^\./(proc|sys|dev|bind|scratch)/' "$listed"
	assert_no_match "owners that are none inside" ' (65534|200000) ' "$listed"
done
assert_eq "the same, whatever the ids" "$(listing "$T/host.tar" | grep -v 'data/\(new\|again\)' | cut -d' ' -f1-8)" \
	"$(listing "$T/mapped.tar" | grep -v 'data/\(new\|again\)' | cut -d' ' -f1-8)"
ok stack export -o "$T/host.tar" host
assert_match "a socket is told" "'/data/socket' is a socket, and left out" "$err"

it "makes the same tree again, imported from a pipe"
ok sh -c "'$STACK' export host | '$STACK' image import -q -c 'CMD [\"/bin/sleep\", \"1000\"]' - test/again:1"
ok stack stop host
sed -i '/^  host:/s|.*|  host: {image: "test/again:1", stop_grace_period: 0s}|' stack.yml
ok stack up -d host
ok stack export -o "$T/again.tar" host
diff <(listing "$T/host.tar") <(listing "$T/again.tar") || fail "they differ"

it "of a stopped container, of the second one, of none"
ok stack export -o "$T/running.tar" mapped
ok stack stop
ok stack export -o "$T/stopped.tar" mapped
cmp "$T/running.tar" "$T/stopped.tar" || fail "stopped it is another"
ok stack start
ok inside two busybox true
ok stack exec --index 2 -T two /bin/sh -c 'echo 2 >/which'
ok sh -c "'$STACK' export --index 2 two | tar -xO ./which"
assert_eq "the second one" 2 "$out"
fails 1 stack export --index 3 two
fails 1 stack export tow
assert_match "a service that is none" "did you mean 'two'" "$err"
fails 2 stack export

it "an archive in a file is there when it is complete"
fails 1 script -qec "'$STACK' export host" /dev/null
assert_match "a terminal" "nothing for a terminal; give a file with -o" "$out"
fails 1 stack export -o "$T/none/x.tar" host
assert_match "no such directory" "write to '$T/none/x.tar': No such file" "$err"
ok stack export -o /dev/null host
[ -c /dev/null ] || fail "/dev/null is no device any more"
mkdir "$T/small" && mount -t tmpfs -o size=256k tmpfs "$T/small"
echo before >"$T/small/x.tar"
fails 1 stack export -o "$T/small/x.tar" host
assert_match "a full disk" "No space left" "$err"
assert_eq "what is there" "x.tar before" "$(ls -A "$T/small") $(cat "$T/small/x.tar")"
umount "$T/small"

it "ends at once when it is interrupted, and leaves nothing"
mkdir "$T/into" "$T/empty" && cp "$fs/bin/busybox" busybox
mkfifo "$T/never-read"
exec 8<>"$T/never-read"
ok stack image import -q "$T/empty" test/empty:1
# All but zeros is with who writes the archive soon: it is not enough to end who reads the files.
cat >>stack.yml <<'YML'
  zeros:
    image: "test/empty:1"
    volumes: ["./busybox:/busybox:ro"]
    command: ["/busybox", "sh", "-c", "/busybox truncate -s 1G /zeros; /busybox sleep 1000"]
    stop_grace_period: 0s
YML
sed -i '/^volumes:/,/^  named:/d; $a volumes: {named: }' stack.yml
ok stack up -d zeros
there_are_zeros() { inside zeros /busybox test -s /zeros; }
wait_for 5 "there are zeros" there_are_zeros
is_stuck() { [ "$(pgrep -c -x stack-image)" = 1 ] && ! pgrep -f 'stack-shim cp' >/dev/null; }
is_being_written() { [ -n "$(find "$T/into" -type f -size +100k)" ]; }
is_over() { ! pgrep -x stack-image >/dev/null; }
for signal in INT TERM; do
	background env --default-signal=INT "$STACK" export -o "$T/never-read" zeros 8>&-
	exporter=$!
	wait_for 10 "it waits for somebody to read" is_stuck
	kill -$signal $exporter
	wait_for 10 "it is over after $signal" is_over
	status=0
	wait $exporter || status=$?
	assert_eq "status after $signal" $((128 + $(kill -l $signal))) "$status"
	background env --default-signal=INT "$STACK" export -o "$T/into/x.tar" zeros
	exporter=$!
	wait_for 10 "it writes" is_being_written
	kill -$signal $exporter
	status=0
	wait $exporter || status=$?
	assert_eq "status after $signal, to a file" $((128 + $(kill -l $signal))) "$status"
	assert_eq "what is left" "" "$(ls -A "$T/into")"
done
exec 8>&-

it "is not led out of the container by what changes all the time"
echo canary >"$T/canary"
ok inside host /bin/sh -c "mkdir -p /race/dir /race/real && echo inside >/race/dir/canary && ln -s ../../../../../..$T /race/link"
background "$STACK" exec -T host /bin/sh -c 'cd /race; while :; do mv dir real/dir; mv link dir; mv dir link; mv real/dir dir; done' >"$T/race.log" 2>&1
racer=$!
for i in $(seq 25); do
	ok sh -c "'$STACK' export host | tar -xO --wildcards './race/*' 2>/dev/null || :"
	assert_no_match "round $i" canary "$out"
done
kill "$racer" 2>/dev/null || :

it "runs and loads nothing of the container's"
mkdir trap
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
for name in tar cat sh stack-image; do ok stack cp trap/tar two:/bin/$name; done
ok stack export -o /dev/null two
[ ! -e bind/fired ] || fail "something of the container's was run"
ok stack exec -T two /bin/tar
[ -e bind/fired ] || fail "the trap does not work at all"
