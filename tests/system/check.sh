#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What `stack check` says of a stack file and of what was brought up.
. "$(dirname "$0")/lib.sh"

project checked <<'YML'
services:
  careless:
    image: example/busybox:1.35
    command: ["sleep", "1000"]
    stop_grace_period: 0s
    cap_add: [SYS_PTRACE]
    ports: ["8080:80"]
  careful:
    image: example/busybox:1.35
    command: ["sleep", "1000"]
    stop_grace_period: 0s
    cap_drop: [ALL]
    security_opt: [no-new-privileges]
    read_only: true
    mem_limit: 64m
    cpus: "0.5"
    healthcheck: {test: ["CMD", "true"]}
YML
rules() { jq -r '.[].rule' <<<"$out" | sort | xargs; }

it "a finding has its place, what is wrong, and a fix; status 1"
fails 1 stack check
assert_match "the port" '^stack\.yml:7:13: careless: medium: .*8080/tcp.*5\.14' "$out"
assert_match "the service" '^stack\.yml:2:3: careless: high: .*SYS_PTRACE.*5\.4' "$out"
assert_match "a fix" "^    fix: .*cap_add" "$out"
assert_no_match "the careful one" 'careful:' "$out"
assert_match "the sum" '1 high, 3 medium, [0-9]+ low' "$err"

it "a service that leaves nothing to be said: status 0, nothing on standard output"
ok stack check careful
assert_eq "output" "" "$out"

it "--severity, --format json, -q"
fails 1 stack check --severity high --format json
assert_eq "rules" "cap-of-host" "$(rules)"
assert_eq "keys" "column file fix id line message rule service severity" \
	"$(jq -r '.[0] | keys | join(" ")' <<<"$out")"
fails 1 stack check --severity info careful --format json
assert_eq "rules" "host-users image-digest mandatory-access" "$(rules)"
ok stack check careful --format json
assert_eq "none" "[]" "$out"
fails 1 stack check -q
assert_eq "quiet" "" "$out$err"

it "what cannot be checked ends with status 2"
fails 2 stack check carefull
assert_match "suggestion" "did you mean 'careful'" "$err"
fails 2 stack check --severity worst
assert_match "levels" 'info, low, medium or high' "$err"
fails 2 stack check --format xml
fails 2 stack -f nowhere.yml check
fails 2 stack check --running
assert_match "why" "not up" "$err"
printf 'services: {web: {image: x, cap_add: [NET_ADMINN]}}\n' >odd.yml
fails 2 stack -f odd.yml check
assert_match "the capability" 'NET_ADMINN' "$err"
printf 'services: {web: {image: x, port: 80}}\n' >odd.yml
fails 2 stack -f odd.yml check
assert_match "the key" "did you mean 'ports'" "$err"

it "a symbolic link and control characters hide nothing"
ln -s /etc notes
printf 'services: {web: {image: x, volumes: ["./notes:/n", "/etc/\\e[2Jx:/y"]}}\n' >odd.yml
fails 1 stack -f odd.yml check --severity high
assert_match "the link" "notes, which is /etc" "$out"
assert_match "escaped" '/etc/\\x1b\[2Jx' "$out"
assert_no_match "raw" $'\e' "$out"

it "--running judges what was brought up, not the file as it is now"
ok stack up -d
sed -i '/cap_add/d' stack.yml
ok stack check --severity high
fails 1 stack check --running --severity high
assert_match "still there, without a place" '^careless: high: .*SYS_PTRACE' "$out"
ok stack -p checked check --running careful
ok stack up -d
ok stack check --running --severity high
