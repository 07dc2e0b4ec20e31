#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What an image or a stack file says is data: hostile user names, files, labels, names and control characters.
. "$(dirname "$0")/lib.sh"

# evil NAME [IMPORT-OPTION...]: an image of busybox and what is in the directory NAME
evil() {
	local name=$1
	shift
	mkdir -p "$name/bin"
	[ -e "$name/bin/busybox" ] || cp "$(command -v busybox)" "$name/bin/busybox"
	ln -sf busybox "$name/bin/sh"
	ln -sf busybox "$name/bin/sleep"
	ok stack image import "$@" "$T/input/$name" "evil/$name:1"
}

service() { # IMAGE [YAML]
	printf 'services:\n  a: {image: "%s", command: ["sleep", "1000"], stop_grace_period: 0s%s}\n' "$1" "${2:+, $2}" >stack.yml
}

project input <<'YML'
services: {}
YML

it "class 11 (CVE-2024-40635, CVE-2016-3697): a user is a number or a name, never one for the other"
mkdir -p users/etc
printf 'root:x:0:0::/:/bin/sh\n4294967296:x:0:0::/:/bin/sh\n1:x:0:0::/:/bin/sh\nweb:x:1000:1000::/:/bin/sh\nbig:x:4294967296:0::/:/bin/sh\nneg:x:-1:0::/:/bin/sh\nhex:x:0x0:0::/:/bin/sh\n' >users/etc/passwd
printf 'root:x:0:\nstaff:x:50:web\n' >users/etc/group
evil users
service evil/users:1
ok stack up -d
while read -r user wanted; do
	capture stack exec -T -u "$user" a busybox id -u
	if [ "$wanted" = no ]; then
		assert_eq "exec -u '$user'" 125 "$status"
	else
		assert_eq "exec -u '$user'" "$wanted" "$out"
	fi
done <<'TABLE'
0 0
root 0
1 1
01 1
1000 1000
web 1000
web:staff 1000
web:50 1000
1:1 1
2147483647 2147483647
2147483648 no
4294967295 no
4294967296 no
18446744073709551616 no
-1 no
+1 no
0x0 no
1.0 no
1e3 no
1: no
:1 no
: no
web: no
:staff no
web:nobody no
nobody no
big no
neg no
hex no
WEB no
web/../root no
root:root:root no
TABLE
for user in $'root\n' $'1\n' ' 1' '1 ' "$(printf '%0300d' 1)x"; do
	capture stack exec -T -u "$user" a busybox id -u
	assert_eq "exec -u $(printf %q "${user:0:20}")" 125 "$status"
done
ok stack down
for user in 4294967296 2147483648 -1 big : 1: '0x0'; do
	service evil/users:1 "user: \"$user\""
	capture stack up -d
	[ "$status" != 0 ] || fail "user $user: came up"
	ok stack down
done

it "class 12 (CVE-2026-47262, CVE-2024-9676): passwd and group of an image are files of a sane size, or an error"
mkdir -p fifo/etc zero/etc sparse/etc many/etc outside/etc directory/etc/passwd
mkfifo fifo/etc/passwd
ln -s /dev/zero zero/etc/passwd
ln -s ../../../../../../etc/passwd outside/etc/passwd
truncate -s 1G sparse/etc/passwd
seq 1 1000000 | sed 's/.*/g&:x:&:web/' >many/etc/group
printf 'web:x:1000:1000::/:/bin/sh\n' >many/etc/passwd
for name in fifo zero sparse directory outside; do
	evil $name
	service "evil/$name:1" 'user: web'
	capture timeout 20 "$STACK" up -d
	[ "$status" != 124 ] || fail "$name: up hangs"
	[ "$status" != 0 ] || fail "$name: web was found"
	assert_match "$name: says why" "passwd|no user|web" "$err"
	capture timeout 20 "$STACK" down
	assert_eq "$name: down" 0 "$status"
done
evil many
service evil/many:1 'user: web'
capture timeout 20 "$STACK" up -d
[ "$status" != 124 ] || fail "a million groups: up hangs"
[ "$status" = 0 ] || assert_match "a million groups: says why" "group" "$err"
ok stack down

it "class 13 (CVE-2026-53488): labels and other words of an image control nothing"
mkdir -p labels
evil labels -c 'LABEL com.docker.compose.project=other com.docker.compose.service=other stack.project=other stack.privileged=true io.stack.run=/bin/false' \
	-c 'ENV STACK_ROOT=/evil STACK_RUN=/evil LD_PRELOAD=/evil.so PATH=/evil' -c 'STOPSIGNAL 9' -c 'USER 1000'
service evil/labels:1 'entrypoint: ["/bin/busybox"]'
ok stack up -d
assert_eq "project and service" "input a" "$(ps_json | jq -r '.[0] | "\(.name) \(.service)"' | sed 's/-a-1//')"
assert_eq "its user" 1000 "$(awk '/^Uid:/ { print $2 }' "/proc/$(pid_of a)/status")"
assert_match "capabilities" '^CapBnd:[[:space:]]00000000a80425fb' "$(cat "/proc/$(pid_of a)/status")"
[ ! -e /evil ] || fail "/evil was made on the host"
ok stack down

it "class 24 (CVE-2025-62725): files that a stack file names are read, and only when they are files"
mkfifo pipe
ln -s /dev/zero zeros
mkdir -p folder
head -c 20000000 /dev/zero | tr '\0' 'A' >huge
before=$(find . | sort)
for file in pipe zeros folder huge /dev/zero /dev/tty missing /proc/kmsg /dev/fd/0; do
	service example/busybox:1.35 "env_file: [\"$file\"]"
	capture timeout 20 "$STACK" config
	[ "$status" != 124 ] || fail "env_file $file: config hangs"
	assert_eq "env_file $file" 2 "$status"
	assert_match "env_file $file has a place" '^stack.yml:2:[0-9]+: services.a.env_file' "$err"
	capture timeout 20 "$STACK" --env-file "$file" config
	[ "$status" = 1 ] || [ "$status" = 2 ] || fail "--env-file $file returned $status"
	capture timeout 20 "$STACK" -f "$file" config
	[ "$status" = 1 ] || [ "$status" = 2 ] || fail "-f $file returned $status"
done
service example/busybox:1.35
ok stack config
ok stack ps
assert_eq "config and ps write nothing" "$before" "$(find . | sort)"

it "class 26 (CVE-2021-20206): names are names"
long=$(printf 'a%.0s' {1..300})
for name in . .. a/b /a ../a -a _a "a b" "a:b" 'a$$b' "é" "$long" "" 'a\u0000b' 'a\nb' 'a\u001b[2Jb'; do
	printf 'services:\n  "%s": {image: "example/busybox:1.35"}\n' "$name" >stack.yml
	fails 2 stack config
	assert_match "service '$name'" '^stack.yml:2:[0-9]+: ' "$err"
	printf 'services:\n  a: {image: "example/busybox:1.35", networks: ["%s"]}\nnetworks: {"%s": }\n' "$name" "$name" >stack.yml
	fails 2 stack config
	printf 'services:\n  a: {image: "example/busybox:1.35", container_name: "%s"}\n' "$name" >stack.yml
	fails 2 stack config
	printf 'name: "%s"\nservices:\n  a: {image: "example/busybox:1.35"}\n' "$name" >stack.yml
	[ -z "$name" ] || fails 2 stack config
	[ -z "$name" ] || [ "$name" = 'a\u0000b' ] || fails 2 stack -p "$name" ps
	printf 'services:\n  a: {image: "example/busybox:1.35", volumes: ["x:/x"]}\nvolumes: {"x": {name: "%s"}}\n' "$name" >stack.yml
	[ -z "$name" ] || fails 2 stack config
done

it "class 25 (CVE-2021-25743): nothing moves the cursor"
mkdir -p terminal
evil terminal -c $'LABEL hostile="\e]0;owned\a\e[2J"'
python3 - >stack.yml <<'PY'
import json
parts = ["\x1b[2J", "\x1b]0;owned\x07", "\x1b]52;c;AAAA\x07", "\x1bP+q\x1b\\", "\x9b2J", "\x9d0;x\x9c", "\x1bc", "\x1b[?1049h",
         "\r", "\b\b\b", "\x07", "\x0e", "\x1b[6n", "\x1b[1A", "\x7f", "\u202e"]
values = {"V%d" % i: "before" + p + "after" for i, p in enumerate(parts * 4)}
print(json.dumps({"services": {"a": {"image": "evil/terminal:1", "entrypoint": ["/bin/busybox"],
      "command": ["sh", "-c", "printf '%s\\n' \"$$V0\" \"$$V1\" \"$$V2\" \"$$V8\"; printf '\\033[31mred\\033[0m\\n'; exec sleep 1000"],
      "environment": values, "labels": values, "stop_grace_period": "0s",
      "healthcheck": {"test": ["CMD", "/bin/busybox", "printf", "%b", "\\033[2Jsick\\033]0;x\\007"], "interval": "1s"}}}}))
PY
clean() { # WHAT: neither C0 but newline and tab, nor DEL, nor C1 (two bytes in UTF-8) in what it wrote
	assert_eq "$1: control characters" 0 "$(cat "$T/out" "$T/err" | LC_ALL=C grep -acP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' || :)"
}
ok stack up -d
clean up
for command in ps "ps --format json" config "config --format json" inspect "inspect --format json" plan check "image ls" "image ls --format json" ls "exec -T a \$(printf '\\033[2Jx')" \
	"exec -T -w \$(printf '/\\033[2J') a sh" "logs \$(printf '\\033[2Jx')" "\$(printf '\\033[2Jx')" "-f \$(printf '\\033[2Jx') ps" "up -d --force-recreate"; do
	eval "capture stack $command"
	clean "$command"
done
wait_for 10 "the log is there" log_has 5 a
assert_match "a pipe gets the log as it was written" $'\e\\]0;owned\a' "$(stack logs --no-log-prefix a)"
ok script -qec "$STACK logs --no-color a" /dev/null
assert_eq "a terminal gets no OSC, CSI or DCS" 0 "$(LC_ALL=C grep -acP '\x1b[^\[]|\x1b\[[0-9;?]*[^0-9;?m]|\xc2[\x80-\x9f]|\x07|\x08' <<<"$out" || :)"
assert_match "colours are left" $'\e\\[31mred' "$out"
ok stack down
