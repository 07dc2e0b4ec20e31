#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The sandbox, item by item, as tests/probe sees it from inside: in every way a process gets there.
. "$(dirname "$0")/lib.sh"

project sandbox <<'YML'
x-probe: &probe
  image: example/busybox:1.35
  volumes: &mounts ["./probe:/probe:ro", "./out:/out"]
  working_dir: /tmp
services:
  idle:
    <<: *probe
    command: ["sleep", "1000"]
    stop_grace_period: 0s
  up: {<<: *probe, command: ["/probe"]}
  user: {<<: *probe, command: ["/probe", "uid=1000"], user: "1000:1000"}
  init: {<<: *probe, command: ["/probe"], init: true}
  tty: {<<: *probe, command: ["/probe", "tty", "console"], tty: true}
  readonly: {<<: *probe, command: ["/probe", "readonly"], read_only: true}
  nnp: {<<: *probe, command: ["/probe", "nnp"], security_opt: ["no-new-privileges:true"]}
  nnpuser: {<<: *probe, command: ["/probe", "nnp", "uid=1000"], security_opt: ["no-new-privileges"], user: "1000"}
  hardened: {<<: *probe, command: ["/probe", "caps=800405fb"], cap_drop: [MKNOD, NET_RAW, AUDIT_WRITE]}
  nothing: {<<: *probe, command: ["/probe", "caps=0"], cap_drop: [ALL]}
  netadmin: {<<: *probe, command: ["/probe", "caps=a80435fb"], cap_add: [NET_ADMIN]}
  unconfined: {<<: *probe, command: ["/probe", "unconfined"], security_opt: ["seccomp=unconfined"]}
  hostnet: {<<: *probe, command: ["/probe", "hostnet"], network_mode: host}
  limits: {<<: *probe, command: ["/probe", "pids=77", "shm=8388608"], pids_limit: 77, shm_size: 8m}
  userns: {<<: *probe, command: ["/probe", "userns"], userns_mode: auto}
  usernsuser: {<<: *probe, command: ["/probe", "userns", "uid=1000", "console", "tty"], userns_mode: "map=0:300000:70000", user: web, tty: true, init: true}
  health:
    <<: *probe
    command: ["sleep", "1000"]
    stop_grace_period: 0s
    healthcheck: {test: ["CMD", "/probe", "out=/out/health"], interval: 1s, retries: 1000}
  privileged:
    <<: *probe
    command: ["/bin/sh", "-c", "exec /probe privileged unconfined caps=$$(sed -n 's/^CapBnd:.//p' /proc/1/status)"]
    privileged: true
YML
cp "$BUILD/tests/probe" probe
mkdir -m 777 out

exited() { # SERVICE
	state_is "$1" exited
}

# Every line of the probe's that is not as expected, with the service it comes from.
assert_good() { # WHAT STATUS OUTPUT
	! grep '^not ok' <<<"$3" || fail "$1: the sandbox is not as promised (above)"
	assert_match "$1: the probe came to its end" '^GOOD: ' "$3"
	assert_eq "$1: status of the probe" 0 "$2"
}

ok stack up -d
for service in up user init tty readonly nnp nnpuser hardened nothing netadmin unconfined hostnet limits privileged userns usernsuser; do
	it "up: $service"
	wait_for 20 "$service ends" exited $service
	assert_good $service "$(ps_field $service .exit_code)" "$(stack logs --no-log-prefix $service | tr -d '\r')"
done

it "at least sixty system calls are denied"
assert_between "denied" 60 1000 "$(stack logs --no-log-prefix up | grep -cE '^ok .*: (Operation not permitted|Function not implemented), ')"

it "exec"
capture inside idle /probe
assert_good exec "$status" "$out"
capture stack exec -T -u 1000 idle /probe uid=1000
assert_good "exec -u" "$status" "$out"
ok script -qec "$STACK exec idle /probe only=bad tty" /dev/null
assert_match "exec on a terminal" 'GOOD: ' "$out"

it "exec --privileged"
all=$(sed -n 's/^CapBnd:[[:space:]]*//p' /proc/self/status)
capture stack exec -T --privileged idle /bin/grep -E '^(Cap(Bnd|Eff)|Seccomp):' /proc/self/status
assert_match "all capabilities" "^CapEff:[[:space:]]$all" "$out"

it "health probe"
wait_for 20 "a probe has ended" test -e out/health.done
assert_good health 0 "$(cat out/health)"
wait_for 20 "healthy" health_is health healthy

it "a session keyring of its own"
pid=$(pid_of idle)
assert_match "keyring" "keyring +_ses\.sandbox-idle-1" "$(cat /proc/keys)"

it "no descriptor of ours, no program of ours inside"
assert_eq "descriptors of PID 1" "0 1 2" "$(ls "/proc/$pid/fd" | xargs)"
ok stack down -t 0
