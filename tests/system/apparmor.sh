#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# security_opt: apparmor=PROFILE, on a host that has AppArmor.
. "$(dirname "$0")/lib.sh"

grep -qs Y /sys/module/apparmor/parameters/enabled || skip "this kernel runs without AppArmor"
command -v apparmor_parser >/dev/null || skip "no apparmor_parser"
mountpoint -q /sys/kernel/security || mount -t securityfs none /sys/kernel/security
snapshot >"$T/before"

cat >"$T/profile" <<'PROFILE'
profile stack-test flags=(attach_disconnected,mediate_deleted) {
	file,
	capability,
	network,
	signal,
	deny /tmp/denied* w,
}
PROFILE
apparmor_parser -r -W -T "$T/profile" || skip "the profile cannot be loaded here"

project confined <<'YML'
x-idle: &idle {image: example/busybox:1.35, command: ["sleep", "1000"], stop_grace_period: 0s}
services:
  a: {<<: *idle, security_opt: ["apparmor=stack-test"]}
  user: {<<: *idle, security_opt: ["apparmor:stack-test", "no-new-privileges"], user: "1000"}
  free: {<<: *idle, security_opt: ["apparmor=unconfined"]}
YML
ok stack up -d

it "the program is under the profile, exec too"
for service in a user; do
	assert_match "PID 1 of $service" '^stack-test \(enforce\)' "$(cat "/proc/$(pid_of $service)/attr/current")"
	assert_match "exec in $service" '^stack-test \(enforce\)' "$(inside $service cat /proc/self/attr/current)"
	ok inside $service sh -c 'echo >/tmp/permitted'
	fails 1 inside $service sh -c 'echo >/tmp/denied'
	assert_match "why" 'Permission denied' "$err"
done
assert_match "unconfined" '^unconfined' "$(inside free cat /proc/self/attr/current)"
ok inside free sh -c 'echo >/tmp/denied'
ok stack down

it "a profile that is not loaded is an error that says what to do"
printf 'services:\n  a: {image: "example/busybox:1.35", command: [sleep, "1"], security_opt: ["apparmor=not-there"]}\n' >stack.yml
fails 1 stack up -d
assert_match "why" "no AppArmor profile 'not-there' is loaded; load it with apparmor_parser" "$err"
ok stack down
apparmor_parser -R "$T/profile"
