#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# examples/containers-from-scratch: each experiment with the numbers it promises.
. "$(dirname "$0")/lib.sh"

cp -a "$TREE/examples/containers-from-scratch" "$T/scratch"
cd "$T/scratch"

has_children() {
	[ "$(pgrep -c -P "$(pid_of tree)")" = "$1" ]
}

it "1: a process tree from inside and outside"
export STACK_FILE=1-processes.yml
ok stack up -d
pid=$(pid_of tree)
assert_eq "inside, PID 1 is the shell" sh "$(inside tree cat /proc/1/comm)"
wait_for 5 "two children" has_children 2
assert_eq "the host sees the same two" $'sleep 10001\nsleep 10002' "$(ps --ppid "$pid" -o args= | sort)"
child=$(pgrep -P "$pid" | head -n 1)
assert_match "one process, two numbers" "^NSpid:.*[[:space:]]$child[[:space:]]+[0-9]+$" "$(grep NSpid "/proc/$child/status")"
ok stack down
no_leaks

it "2: two lower layers, an upper that takes the changes"
mkdir -p layers/1 layers/2
echo one | tee layers/1/lower layers/1/both layers/1/gone >/dev/null
echo two >layers/2/both
: >layers/2/.wh.gone
./make-image.sh two.tar example/two-layers:1 '["sh"]' "$IMAGE_CACHE/busybox.tar" layers/1 layers/2
ok stack image import two.tar
export STACK_FILE=2-layers.yml
sums() { find "$STACK_ROOT/layers" -type f -exec sha256sum {} + | sort; }
sums >"$T/sums"
ok stack up -d
ok inside layered sh -c 'cat /lower /both; ls /gone 2>/dev/null; echo mine >/lower; rm /both'
assert_eq "what is seen" $'one\ntwo' "$out"
upper=$(inspect_field layered '.. | .upper? // empty' | head -n 1)
assert_eq "the upper has the change" mine "$(cat "$upper/lower")"
assert_eq "and a whiteout" "character special file 0 0" "$(stat -c '%F %t %T' "$upper/both")"
assert_eq "the layers are as they were" "$(cat "$T/sums")" "$(sums)"
ok stack down

it "3: two on a bridge, and out"
export STACK_FILE=3-network.yml
ok stack up -d
ok inside left ping -c 1 -W 2 right
ok inside right ping -c 1 -W 2 left
if [ -n "$OUTSIDE_PID" ]; then
	ok inside left ping -c 1 -W 2 $OUTSIDE_ADDRESS
	assert_match "by this rule" MASQUERADE "$(iptables-legacy -t nat -S)"
fi
ok stack down
no_leaks

it "4: cpu shares 2048, 512, 80 of one CPU are 77, 19, 3 %"
export STACK_FILE=4-cpu.yml
ok stack up -d
cpu_ticks() { awk '{ print $14 + $15 }' "/proc/$(pid_of "$1")/stat"; }
ticks() { echo "$(cpu_ticks much) $(cpu_ticks some) $(cpu_ticks little)"; }
pause 0.5
start=$(ticks)
pause 4
shares=$(echo "$start $(ticks)" | awk '{ a = $4 - $1; b = $5 - $2; c = $6 - $3; s = a + b + c
	printf "%.1f %.1f %.1f", 100 * a / s, 100 * b / s, 100 * c / s }')
read -r much some little <<<"$shares"
assert_between "much" 70 84 "$much"
assert_between "some" 14 25 "$some"
assert_between "little" 1 7 "$little"
ok stack down
no_leaks

it "5: 10 MB kill the one who wants more"
export STACK_FILE=5-memory.yml
capture stack up -d
wait_for 10 "greedy is dead" state_is greedy exited
assert_eq "greedy" "137 true" "$(ps_field greedy '"\(.exit_code) \(.oom_killed)"')"
assert_eq "modest" running "$(ps_field modest .state)"
ok stack down
no_leaks

it "6: nginx out of docker save, on three addresses"
image nginx
./make-image.sh nginx.tar example/nginx-saved:1 '["nginx", "-g", "daemon off;"]' "$IMAGE_CACHE/nginx.tar"
ok stack image import nginx.tar
export STACK_FILE=6-nginx.yml
ok stack up -d
wait_for 10 "nginx listens" fetch "http://$(address_of nginx)/"
assert_match "inside" '200 OK' "$(inside nginx bash -c \
	'exec 3<>/dev/tcp/127.0.0.1/80; printf "HEAD / HTTP/1.0\r\n\r\n" >&3; head -n 1 <&3')"
assert_match "the container's address" nginx "$(fetch "http://$(address_of nginx)/")"
assert_match "the published port" nginx "$(fetch http://127.0.0.1:8081/)"
if [ -n "$OUTSIDE_PID" ]; then
	assert_match "from another host" nginx "$(outside curl -sf --max-time 5 http://$HOST_ADDRESS:8081/)"
fi
ok stack down
no_leaks
