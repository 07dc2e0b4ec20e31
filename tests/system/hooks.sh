#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# post_start and pre_stop: order, who they are, what a failure does, and what a stop waits for.
. "$(dirname "$0")/lib.sh"

lines() { # what was written down so far, on one line
	xargs <"$T/notes/all"
}

mkdir -m 777 "$T/notes"
project hooks <<YML
services:
  one:
    image: example/busybox:1.35
    command: ["sh", "-c", "trap 'echo term >>/notes/all; exit 0' TERM; while :; do sleep 0.1; done"]
    user: "1000"
    environment: {FROM: service}
    stop_grace_period: 5s
    volumes: ["$T/notes:/notes"]
    post_start:
      - command: ["sh", "-c", "sleep 0.3; echo first as \$\$(id -u) \$\$FROM in \$\$(pwd) >>/notes/all"]
        working_dir: /tmp
      - {command: sh -c 'echo second as \$\$(id -u) \$\$FROM >>/notes/all', user: root, environment: {FROM: hook}}
    pre_stop:
      - {command: sh -c 'echo stopping >>/notes/all; exit 3'}
      - {command: sh -c 'echo nearly >>/notes/all'}
  two:
    image: example/busybox:1.35
    command: ["sh", "-c", "echo two >>/notes/all; sleep 1000"]
    depends_on: [one]
    stop_grace_period: 0s
    volumes: ["$T/notes:/notes"]
YML

it "post_start hooks run in order, as they say, and who depends on the service waits for them"
ok stack up -d
wait_for 5 "the second service" grep -q two "$T/notes/all"
assert_eq "order" "first as 1000 service in /tmp second as 0 hook two" "$(lines)"

it "a second up runs nothing again, nor does a change of the hooks"
pid=$(pid_of one)
sed -i 's/echo second/echo changed/' stack.yml
ok stack up -d
assert_eq "the same process" "$pid" "$(pid_of one)"
assert_eq "notes" "first as 1000 service in /tmp second as 0 hook two" "$(lines)"

it "pre_stop hooks run before the stop signal, one that fails as well; a restart runs post_start again"
: >"$T/notes/all"
ok stack restart one
assert_eq "order" "stopping nearly term first as 1000 service in /tmp changed as 0 hook" "$(lines)"
assert_match "the failure is on record" "pre_stop: .sh. ended with exit status 3" \
	"$(cat "$STACK_RUN"/hooks/supervisor.log)"

it "a container that ends by itself has no pre_stop; its restart has post_start"
sed -i 's/user: "1000"/user: "1000"\n    restart: always/' stack.yml
ok stack up -d
: >"$T/notes/all"
kill -KILL "$(pid_of one)"
wait_for 5 "hooks after the restart" grep -q changed "$T/notes/all"
assert_eq "notes" "first as 1000 service in /tmp changed as 0 hook" "$(lines)"

it "a hook that hangs is cut off by the grace period"
sed -i 's/echo nearly/sleep 1000; echo never/; s/stop_grace_period: 5s/stop_grace_period: 1s/' stack.yml
ok stack up -d
: >"$T/notes/all"
ok stack stop one
assert_eq "the hook before it ran" "stopping" "$(lines)"
ok stack down
no_leaks

it "a hook that fails is what up fails by, with its words; the container goes on"
cat >stack.yml <<'YML'
services:
  one:
    image: example/busybox:1.35
    command: ["sleep", "1000"]
    stop_grace_period: 0s
    post_start:
      - {command: ["sh", "-c", "echo no database here >&2; exit 7"]}
      - {command: ["touch", "/second"]}
  two: {image: "example/busybox:1.35", command: [sleep, "9"], depends_on: [one], stop_grace_period: 0s}
YML
fails 1 stack up -d
assert_match "what failed" "hooks-one-1.*post_start: 'sh' ended with exit status 7: no database here" "$err"
assert_eq "it runs" running "$(ps_field one .state)"
fails 1 inside one test -e /second
[ "$(ps_field two .state)" != running ] || fail "the dependent was started"
sed -i 's/; exit 7//' stack.yml
ok stack up -d
assert_eq "now the dependent runs as well" running "$(ps_field two .state)"

it "a hook that does not exist is told"
sed -i 's/"sh", "-c", "echo no database here >&2"/"nothing-here"/' stack.yml
ok stack up -d
fails 1 stack restart one
assert_match "what failed" "post_start: 'nothing-here' ended with exit status 127" "$err"

it "the supervisor may be killed while one runs: nothing hangs, and it is not run twice"
sed -i 's/\["nothing-here"\]/["sh", "-c", "echo x >>\/count; sleep 1000"]/' stack.yml
ok stack up -d
background "$STACK" restart one
wait_for 5 "the hook" inside one test -e /count
supervisor=$(supervisor_pid hooks)
kill -KILL "$supervisor"
while [ -d "/proc/$supervisor" ]; do pause 0.02; done
assert_eq "it runs" running "$(ps_field one .state)"
assert_eq "once" 1 "$(inside one sh -c 'wc -l </count')"
ok stack down
no_leaks
