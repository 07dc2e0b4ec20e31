#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# develop.watch: what is saved is in the container, restarted, run or built.
TEST_IMAGES=
. "$(dirname "$0")/lib.sh"

mkdir -p "$T/watch/tree/bin"
cp "$(command -v busybox)" "$T/watch/tree/bin/"
for name in sh sleep cat ls date; do ln -s busybox "$T/watch/tree/bin/$name"; done
project watch <<'YML'
x-idle: &idle {command: ["sleep", "1000"], stop_grace_period: 0s, x-stack: {rootfs: ./tree}}
services:
  app:
    <<: *idle
    scale: 2
    develop:
      watch:
        - {path: ./src, action: sync, target: /app, ignore: [node_modules/, "*.tmp", "!keep.tmp"], initial_sync: true}
        - {path: ./one.conf, action: sync+restart, target: /etc/app/one.conf}
  runs:
    <<: *idle
    develop:
      watch:
        - path: ./src
          action: sync+exec
          target: /copy/of/src
          include: ["**/*.js"]
          exec: {command: [sh, -c, 'echo "$$WHY $$(pwd)" >>/ran'], working_dir: /bin, environment: {WHY: because}}
  again:
    <<: *idle
    develop: {watch: [{path: ./config, action: restart}]}
  broken:
    command: [sh, -c, 'cat /run.sh 2>/dev/null || echo exit 1 >/run.sh; sh /run.sh']
    restart: always
    stop_grace_period: 0s
    x-stack: {rootfs: ./tree}
    develop: {watch: [{path: ./run, action: sync, target: /}]}
  mounted:
    <<: *idle
    volumes: ["./src:/src"]
    develop: {watch: [{path: ./src, action: sync, target: /src/there}]}
YML
mkdir -p src/sub src/node_modules config run
echo one >src/one.js
echo ignored >src/node_modules/x.js
echo 1 >one.conf
ln -s one.js src/link

in_both() { # PATH TEXT
	local i
	for i in 1 2; do
		[ "$(cat "$STACK_ROOT/projects/watch/containers/watch-app-$i/upper$1" 2>/dev/null)" = "$2" ] || return 1
	done
}
gone() { # PATH
	[ ! -e "$STACK_ROOT/projects/watch/containers/watch-app-1/upper$1" ] &&
		[ ! -e "$STACK_ROOT/projects/watch/containers/watch-app-2/upper$1" ]
}
told() { # REGEX
	grep -qE -- "$1" "$T/watch.log"
}

it "brings the services up, and what is there at the beginning into them"
background "$STACK" watch >"$T/watch.log" 2>&1
watcher=$!
wait_for 10 "it watches" told 'watching 5 paths'
wait_for 5 "initial sync" in_both /app/one.js one
assert_eq "a link stays one" one.js "$(readlink "$STACK_ROOT/projects/watch/containers/watch-app-1/upper/app/link")"
gone /app/node_modules || fail "what is ignored was copied"
told "service 'mounted': .*/src' is not watched: its target '/src/there'" || fail "the clash is not told"

it "copies what is saved, in whatever way"
echo two >src/one.js
wait_for 5 "written in place" in_both /app/one.js two
echo three >src/.one.js.swp && mv src/.one.js.swp src/one.js
wait_for 5 "renamed over" in_both /app/one.js three
gone /app/.one.js.swp || fail "the editor's own file was copied"
mkdir -p src/new/deep && echo deep >src/new/deep/file
wait_for 5 "in a new directory" in_both /app/new/deep/file deep
echo later >src/new/deep/later
wait_for 5 "later in it" in_both /app/new/deep/later later
mv src/new src/moved
wait_for 5 "moved" in_both /app/moved/deep/file deep
wait_for 5 "not there any more" gone /app/new
echo after >src/moved/deep/after
wait_for 5 "in what was moved" in_both /app/moved/deep/after after
chmod 0755 src/one.js
mode() { [ "$(stat -c %a "$STACK_ROOT/projects/watch/containers/watch-app-2/upper/app/one.js")" = 755 ]; }
wait_for 5 "mode" mode
echo no >src/x.tmp && echo yes >src/keep.tmp
wait_for 5 "an exception" in_both /app/keep.tmp yes
gone /app/x.tmp || fail "what is ignored was copied"

it "removes what is deleted, and nothing else"
ok stack exec -T --index 1 app sh -c 'echo mine >/app/mine'
rm -r src/moved src/keep.tmp
wait_for 5 "a directory" gone /app/moved
wait_for 5 "a file" gone /app/keep.tmp
assert_eq "the container's own" mine "$(inside app cat /app/mine)"

it "a directory that was deleted and made again has what is in it now"
mkdir src/again && echo old >src/again/old
wait_for 5 "there" in_both /app/again/old old
rm -r src/again && mkdir src/again && echo new >src/again/new
wait_for 5 "the new one" in_both /app/again/new new
gone /app/again/old || fail "what was in the deleted one is still there"
echo kept >src/goes && mv src away && mkdir src && cp -a away/. src/ && rm src/goes && echo back >src/comes
wait_for 5 "the whole of it" in_both /app/comes back
assert_eq "the container's own" mine "$(inside app cat /app/mine)"

it "reaches a container that ends all the time"
echo 'echo fixed; exec busybox sleep 1000' >run/run.sh
wait_for 20 "it goes on" log_like fixed broken

it "makes one change of a burst"
said() { grep -c "app: .*to '/app'" "$T/watch.log"; }
said_more() { [ "$(said)" -gt "$lines" ]; }
lines=$(said)
for i in $(seq 200); do echo "$i" >"src/burst-$i"; done
wait_for 5 "the last one" in_both /app/burst-200 200
wait_for 5 "the first one" in_both /app/burst-1 1
wait_for 5 "told" said_more
assert_between "lines about it" 1 8 $(($(said) - lines))

it "copies one file and restarts"
before=$(pid_of app)
echo 2 >one.conf.new && mv one.conf.new one.conf
wait_for 5 "the file" in_both /etc/app/one.conf 2
restarted() { [ "$(pid_of app)" != "$before" ] && state_is app running; }
wait_for 10 "restarted" restarted

it "copies only what is included, and runs a program then"
ran() { [ "$(wc -l <"$STACK_ROOT/projects/watch/containers/watch-runs-1/upper/ran" 2>/dev/null)" -ge "$1" ]; }
wait_for 5 "ran before" ran 1
assert_match "where and with what" '^because /bin$' "$(inside runs cat /ran)"
n=$(inside runs cat /ran | wc -l)
echo text >src/readme.txt
wait_for 5 "not of this service" in_both /app/readme.txt text
echo js >src/sub/x.js
wait_for 5 "ran again" ran $((n + 1))
assert_eq "copied" js "$(inside runs cat /copy/of/src/sub/x.js)"
fails 1 inside runs ls /copy/of/src/readme.txt

it "restarts without copying"
before=$(pid_of again)
echo x >config/anything
again_restarted() { [ "$(pid_of again)" != "$before" ] && state_is again running; }
wait_for 10 "restarted" again_restarted

it "says what goes wrong and goes on"
ok stack exec -T --index 1 app busybox sh -c 'busybox rm /app/burst-1; busybox mkdir /app/burst-1'
echo again >src/burst-1
wait_for 5 "told" told "'/app/burst-1' is a directory"
echo again >src/burst-2
wait_for 5 "goes on" in_both /app/burst-2 again

it "ends with Ctrl-C"
kill -INT $watcher
status=0
wait $watcher || status=$?
assert_eq "status" 0 "$status"

it "up --watch does the same beside the logs, and ends with it"
background "$STACK" up --watch app >"$T/watch.log" 2>&1
watcher=$!
wait_for 10 "it watches" told 'watching 2 paths'
echo beside >src/one.js
wait_for 5 "copied" in_both /app/one.js beside
child=$(pgrep -P $watcher -x stack)
kill -KILL $watcher
ended() { [ ! -e "/proc/$child" ] || grep -q '^State:.Z' "/proc/$child/status"; }
wait_for 5 "it goes with its parent" ended
fails 2 stack up -d --watch
assert_match "detached" "use 'stack watch'" "$err"

it "what is saved while it is brought up counts"
cat >slow.yml <<'YML'
services:
  app: {depends_on: {gate: {condition: service_completed_successfully}}}
  gate: {command: [sh, -c, 'until [ -e /gate/open ]; do sleep 0.05; done'], volumes: ["./gate:/gate"], x-stack: {rootfs: ./tree}}
YML
mkdir gate
ok stack down -t 0
background "$STACK" -f stack.yml -f slow.yml watch app >"$T/watch.log" 2>&1
watcher=$!
wait_for 20 "the gate is waited for" state_is gate running
echo meanwhile >one.conf
touch gate/open
wait_for 20 "it watches" told 'watching 2 paths'
wait_for 5 "what came meanwhile" in_both /etc/app/one.conf meanwhile
kill -INT $watcher
wait $watcher
rm -r gate && mkdir gate
ok stack down -t 0
background "$STACK" -f stack.yml -f slow.yml up --watch app >"$T/watch.log" 2>&1
watcher=$!
wait_for 20 "the gate is waited for" state_is gate running
echo later >one.conf
touch gate/open
wait_for 20 "what came meanwhile, beside the logs" in_both /etc/app/one.conf later
kill -INT $watcher
wait $watcher || :

it "refuses what it cannot watch"
fails 1 stack watch --no-up mounted
assert_match "nothing left" "nothing to watch" "$err"
fails 1 stack watch --no-up nothing
assert_match "no service" "no such service: 'nothing'" "$err"
ok stack config
assert_match "config has it" "action: sync\+exec" "$out"
# In a user namespace the limit is its own.
fails 1 timeout 10 unshare -U -r sh -c "echo 1 >/proc/sys/user/max_inotify_watches && exec '$STACK' watch --no-up app"
assert_match "the kernel's limit" "sysctl fs.inotify.max_user_watches" "$err"
