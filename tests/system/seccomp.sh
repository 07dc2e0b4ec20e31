#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# security_opt: profiles from files, no profile, no_new_privs, and what is wrong with them.
. "$(dirname "$0")/lib.sh"

project guarded <<'YML'
services:
  usual: &one
    image: example/busybox:1.35
    command: ["sleep", "1000"]
    stop_grace_period: 0s
  filed:
    <<: *one
    security_opt: [seccomp=no-mkdir.json, "no-new-privileges:true"]
  bare:
    <<: *one
    security_opt: ["seccomp:unconfined", apparmor=unconfined]
YML
profile() { # ERRNO
	cat >no-mkdir.json <<JSON
{
  "defaultAction": "SCMP_ACT_ALLOW",
  "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}],
  "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": $1}]
}
JSON
}
profile 28

it "a profile from a file holds for the program and for exec"
ok stack up -d
seccomp_of() {
	awk '/^Seccomp:/ { print $2 }' "/proc/$(pid_of "$1")/status"
}
assert_eq "the program has a filter" 2 "$(seccomp_of filed)"
assert_eq "exec has one" 2 "$(inside filed awk '/^Seccomp:/ { print $2 }' /proc/self/status)"
fails 1 inside filed mkdir /tmp/x
assert_match "the errno of the file" 'No space left' "$err"
ok inside filed touch /tmp/x
assert_eq "no_new_privs" 1 "$(inside filed awk '/^NoNewPrivs:/ { print $2 }' /proc/self/status)"
assert_eq "which others do not have" 0 "$(inside usual awk '/^NoNewPrivs:/ { print $2 }' /proc/self/status)"
ok inside usual mkdir /tmp/x

it "unconfined is without a filter"
assert_eq "the program" 0 "$(seccomp_of bare)"
assert_eq "exec" 0 "$(inside bare awk '/^Seccomp:/ { print $2 }' /proc/self/status)"
assert_eq "the usual one" 2 "$(seccomp_of usual)"

it "another content of the file replaces that container, and nothing else does"
before=$(pid_of filed) usual=$(pid_of usual)
ok stack up -d
assert_eq "nothing changed" "$before" "$(pid_of filed)"
profile 30
ok stack up -d
fails 1 inside filed mkdir /tmp/x
assert_match "the new errno" 'Read-only file system' "$err"
assert_eq "the other one" "$usual" "$(pid_of usual)"

it "config writes the path in full, and no key of our own"
ok stack config
assert_match "path" "seccomp=$PWD/no-mkdir.json" "$out"
assert_no_match "own key" 'x-seccomp' "$out"
ok stack down
no_leaks

it "what is wrong is said with its place"
cat >stack.yml <<'YML'
services:
  one:
    image: example/busybox:1.35
    security_opt:
      - seccomp=missing.json
      - secomp=unconfined
      - systempaths=unconfined
      - no-new-privileges:perhaps
      - label=disable
YML
fails 2 stack config -q
assert_match "missing file" "stack\.yml:5:9: .*$PWD/missing\.json.*No such file" "$err"
assert_match "suggestion" "stack\.yml:6:9: .*did you mean 'seccomp'" "$err"
assert_match "systempaths" 'stack\.yml:7:9: .*privileged' "$err"
assert_match "no-new-privileges" 'stack\.yml:8:9: ' "$err"
assert_match "a note about labels" 'stack\.yml:9:9: .*no effect' "$err"

it "a profile that is none names rule or line, and nothing is left of the attempt"
cat >stack.yml <<'YML'
services:
  one:
    image: example/busybox:1.35
    command: ["sleep", "1000"]
    security_opt: [seccomp=bad.json]
YML
printf '{\n  "defaultAction": nonsense\n}\n' >bad.json
fails 1 stack up -d
assert_match "line" "bad\.json': line 2, column" "$err"
printf '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["mkdir"], "action": "DENY"}]}' >bad.json
fails 1 stack up -d
assert_match "rule" "rule 1 of 'syscalls': unknown action 'DENY'" "$err"
ok stack down
