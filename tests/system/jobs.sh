#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One-off commands, and services that are started by the clock.
. "$(dirname "$0")/lib.sh"
image busybox

project jobs <<'YML'
services:
  db: {image: "example/busybox:1.35", command: [sleep, "1000"], stop_grace_period: 0s}
  app:
    image: example/busybox:1.35
    command: ["sh", "-c", "echo by default $$GREETING; cat"]
    environment: {GREETING: hello}
    depends_on: [db]
    ports: ["8080:80"]
    volumes: ["data:/data"]
    working_dir: /tmp
    stop_grace_period: 0s
  ticks:
    image: example/busybox:1.35
    command: ["sh", "-c", "date >>/data/ticks"]
    volumes: ["data:/data"]
    x-stack: {schedule: "* * * * *"}
volumes: {data: {}}
YML
names() { ps_json | jq -r '[.[].name] | sort | join(" ")'; }

it "run: with what it depends on, its volumes, its network; the exit status is the command's"
ok stack run --rm app sh -c 'echo $GREETING $PWD; nslookup db >/dev/null && echo mine >/data/x; exit 0'
assert_match "output" 'hello /tmp' "$out"
assert_eq "db is up, nothing else is left" jobs-db-1 "$(names)"
fails 7 stack run --rm app sh -c 'exit 7'
fails 127 stack run --rm app /no/such/program
assert_eq "the volume" mine "$(stack run --rm app cat /data/x)"

it "standard input, environment, user, directory, entrypoint"
assert_eq "input" abc "$(echo abc | stack run --rm -T app cat)"
assert_eq "the service's own command" "by default hi" "$(stack run --rm -e GREETING=hi app </dev/null)"
assert_eq "user and directory" "1000 /" "$(stack run --rm -u 1000 -w / app sh -c 'echo $(id -u) $PWD')"
assert_eq "entrypoint" "-- x" "$(stack run --rm --entrypoint echo app -- x)"
assert_eq "no port is published" "" "$(iptables-legacy -t nat -S | grep 8080 || :)"

it "a terminal, as large as ours"
ok script -qec "$STACK run --rm app tty" /dev/null
assert_match "tty" '/dev/pts/0|/dev/console' "$out"

it "without --rm it stays, ended, and up leaves it alone; rm takes it"
ok stack run --name once app true
assert_match "it is there" 'once' "$(names)"
sed -i 's/echo by default $$GREETING; cat/echo by default $$GREETING; [ -t 0 ] || cat; exec sleep 1000/' stack.yml
ok stack up -d
assert_no_match "no word of it" once "$err"
ok stack plan
assert_eq "ended" exited "$(ps_field once .state)"
ok stack rm once
assert_no_match "gone" 'once' "$(names)"

it "-d: its program, its log"
ok stack run -d --name busy app sh -c 'echo started; sleep 1000'
assert_eq "its name" busy "$out"
wait_for 5 "its log" log_like started busy
ok stack up -d
assert_eq "up does not stop it" running "$(ps_field busy .state)"
ok stack restart app
assert_eq "nor a restart of its service" running "$(ps_field busy .state)"
ok stack rm -t 0 busy

it "many at once"
for n in $(seq 8); do
	stack run --rm -T app echo "number $n" >"$T/run.$n" 2>&1 </dev/null &
done
wait
assert_eq "all of them" 8 "$(grep -h '^number' "$T"/run.* | sort -u | wc -l)"

it "Ctrl-C ends the command, and its container"
stack run --rm -T app sh -c 'trap "exit 9" INT; while :; do sleep 0.1; done' >"$T/int" 2>&1 </dev/null &
runner=$!
runs() { ps_json | jq -e 'map(select(.service | test("app-run"))) | length == 1'; }
wait_for 5 "it runs" runs
pause 0.3
kill -TERM "$(pgrep -f "$STACK run --rm -T app sh -c trap" | head -n 1)"
wait $runner || :
gone() { ! runs; }
wait_for 5 "it is gone" gone

it "a name that is taken, a service that is not there"
fails 125 stack run --name db app true
assert_match "said" "db" "$err"
fails 125 stack run ap true
assert_match "suggested" "did you mean 'app'" "$err"

it "a schedule: up makes the container and does not start it; the clock does"
assert_eq "not started" created "$(ps_field ticks .state)"
ticked() { inside app test -s /data/ticks; }
wait_for 70 "a minute begins" ticked
assert_match "told" 'jobs-ticks-1 started|started.*jobs-ticks-1' "$(stack events --since 2m --until 0s)"

it "a schedule that is none, or that somebody waits for, is refused where it stands"
sed -i 's/"\* \* \* \* \*"/"* 25 * * *"/' stack.yml
fails 2 stack config -q
assert_match "place" 'stack.yml:16:25: .*no hour' "$err"
sed -i 's/"\* 25 \* \* \*"/"@daily"/; s/depends_on: \[db\]/depends_on: [db, ticks]/' stack.yml
fails 2 stack config -q
assert_match "said" "started by its schedule" "$err"
sed -i 's/depends_on: \[db, ticks\]/depends_on: [db]/' stack.yml
ok stack down -v
no_leaks
