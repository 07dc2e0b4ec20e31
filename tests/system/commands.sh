#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The commands and their options.
. "$(dirname "$0")/lib.sh"

project cmds <<'YML'
x-any: &any {image: "example/busybox:1.35", stop_grace_period: 0s}
services:
  talker:
    <<: *any
    command: ["sh", "-c", "for i in $$(seq 20); do echo line $$i; done; printf 'no end'; exec sleep 1000"]
  quiet: {<<: *any, command: ["sleep", "1000"]}
YML
ok stack up -d
wait_for 5 "the lines" log_has 20 talker

it "ps -q, --format json, a service"
ok stack ps -q
assert_eq "names" $'cmds-quiet-1\ncmds-talker-1' "$(sort <<<"$out")"
ok stack ps --format json
jq -es 'flatten | length == 2' <<<"$out" >/dev/null
ok stack ls
assert_match "the project" cmds "$out"

it "logs -n, -t, --since, prefix, -f"
ok stack logs --no-log-prefix -n 3 talker
assert_eq "the last three" $'line 19\nline 20\nno end' "$out"
ok stack logs -t -n 1 talker
assert_match "time stamp" '[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+' "$out"
ok stack logs -n 1
assert_match "prefix" '^(cmds-)?talker(-1)? +\| ' "$out"
ok stack logs --since 1h --no-log-prefix talker
assert_eq "since an hour" 21 "$(wc -l <<<"$out")"
ok stack logs --since "$(date -u -d '+1 hour' +%FT%TZ)" talker
assert_eq "since the future" "" "$out"
fails 1 stack logs nobody
background timeout 20 "$STACK" logs -f --no-log-prefix quiet >"$T/followed"
ok inside quiet sh -c 'echo "comes later" >/proc/1/fd/1'
wait_for 5 "the follower sees it" grep -q "comes later" "$T/followed"

it "stop, start, restart, kill of one service"
pid=$(pid_of quiet) other=$(pid_of talker)
ok stack stop quiet
assert_eq "stopped" exited "$(ps_field quiet .state)"
assert_eq "ps hides it, ps -a shows it" "1 2" "$(stack ps -q | wc -l) $(stack ps -a -q | wc -l)"
ok stack start quiet
assert_eq "started" running "$(ps_field quiet .state)"
ok stack restart quiet
[ "$(pid_of quiet)" != "$pid" ] || fail "restart left the process"
ok stack kill -s KILL quiet
wait_for 5 "killed" state_is quiet exited
assert_eq "137" 137 "$(ps_field quiet .exit_code)"
assert_eq "the other is untouched" "$other" "$(pid_of talker)"
ok stack up -d
assert_eq "up brings it back" running "$(ps_field quiet .state)"
assert_eq "and nothing else" "$other" "$(pid_of talker)"
fails 1 stack stop nobody
assert_match "says so" 'nobody' "$err"

it "exec: a terminal with its size, status of a missing program, a service that does not run"
cat >"$T/terminal.py" <<'PY'
import fcntl, os, pty, struct, sys, termios
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 77, 0, 0))
text = b""
try:
    while chunk := os.read(fd, 4096):
        text += chunk
except OSError:
    pass
sys.stdout.write(text.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
if command -v python3 >/dev/null; then
	fails 9 python3 "$T/terminal.py" "$STACK" exec quiet sh -c 'sleep 0.3; stty size; tty; exit 9'
	assert_match "size" '33 77' "$out"
	assert_match "a tty" '/dev/(pts/0|console)' "$out"
fi
fails 127 inside quiet no-such-program
fails 126 inside quiet /etc
fails 125 inside nobody true
ok stack stop quiet
fails 125 inside quiet true
assert_match "says that it does not run" '(not running|does not run|exited|is not)' "$err"

it "inspect tells what is where"
ok stack inspect talker --format json
cp "$T/out" "$T/inspect.json"
detail=$(jq -cs 'flatten | .[0]' "$T/inspect.json")
assert_eq "pid" "$(pid_of talker)" "$(jq .pid <<<"$detail")"
for what in namespaces addresses layers upper cgroup; do
	assert_match "$what" "\"$what" "$detail"
done
ok stack inspect talker
assert_match "for people" "$(pid_of talker)" "$out"

it "plan and up --force-recreate, changed image settings, orphans"
ok stack up -d
pid=$(pid_of quiet)
ok stack up -d --force-recreate quiet
[ "$(pid_of quiet)" != "$pid" ] || fail "it was not recreated"
pid=$(pid_of quiet)
sed -i '/^  quiet:/d' stack.yml
echo '  new: {<<: *any, command: ["sleep", "1000"]}' >>stack.yml
fails 3 stack plan
assert_match "new" 'new' "$out"
ok stack up -d
assert_eq "the orphan stays" "$pid" "$(pid_of quiet)"
assert_match "and is named" 'quiet' "$err"
ok stack up -d --remove-orphans
assert_eq "now it is gone" null "$(ps_field quiet .state)"

it "up of one service starts what it needs and no more"
ok stack down
sed -i 's/^  new: .*/  new: {<<: *any, command: ["sleep", "1000"], depends_on: [talker]}\n  third: {<<: *any, command: ["sleep", "1000"]}/' stack.yml
ok stack up -d new
assert_eq "two run" $'new\ntalker' "$(ps_json | jq -r '.[].service' | sort)"
fails 1 stack up -d thrid
assert_match "suggestion" "third" "$err"

it "up in the foreground: logs with prefix, Ctrl-C stops in order"
ok stack down
"$STACK" up >"$T/foreground" 2>"$T/foreground.err" </dev/null &
up=$!
wait_for 10 "the log" grep -q 'talker.*line 20' "$T/foreground"
kill -INT $up
status=0
wait $up || status=$?
assert_between "status after Ctrl-C" 0 130 "$status"
assert_eq "stopped" "" "$(stack ps -q)"
ok stack down
no_leaks

it "not root is said"
if command -v setpriv >/dev/null; then
	chmod 755 "$T"
	fails 1 setpriv --reuid=65534 --clear-groups "$STACK" up -d
	assert_match "says what to do" '(root|sudo)' "$err"
fi
