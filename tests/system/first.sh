#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One service, all the way: up, ps, logs, exec, second up, down, nothing left.
. "$(dirname "$0")/lib.sh"

project hello <<'YML'
services:
  one:
    image: example/busybox:1.35
    command: ["sh", "-c", "echo to stdout; echo to stderr >&2; exec sleep 1000"]
    stop_grace_period: 1s
YML

it "up -d starts it"
ok stack up -d
assert_eq "state" running "$(ps_field one .state)"
assert_eq "container name" hello-one-1 "$(ps_field one .name)"
pid=$(pid_of one)
assert_match "the host sees the process" sleep "$(tr '\0' ' ' <"/proc/$pid/cmdline")"

it "ps shows it for people"
ok stack ps
assert_match "heading" '^NAME +IMAGE' "$out"
assert_match "row" '^hello-one-1 +example/busybox:1.35 .*Up ' "$out"

it "logs has both streams"
wait_for 5 "two lines" log_has 2
ok stack logs --no-log-prefix one
assert_eq "log" $'to stdout\nto stderr' "$(sort -r <<<"$out")"

it "exec runs inside and hands on output and status"
ok inside one hostname
assert_eq "hostname is the container's" "$(inside one cat /etc/hostname)" "$out"
fails 7 inside one sh -c 'echo out; echo err >&2; exit 7'
assert_eq "stdout" out "$out"
assert_eq "stderr" err "$err"
ok bash -c "echo from outside | '$STACK' exec -T -i one cat"
assert_eq "stdin" "from outside" "$out"

it "a second up changes nothing and says so"
ok stack up -d
assert_eq "the same process" "$pid" "$(pid_of one)"
assert_match "says so" '(up to date|[Rr]unning|nothing to do|unchanged)' "$out$err"
ok stack plan
assert_match "plan is empty" '([Nn]othing|[Nn]o changes|up to date)' "$out$err"

it "down leaves nothing"
ok stack down
assert_eq "the process is gone" gone "$([ -d "/proc/$pid" ] || echo gone)"
no_leaks

it "down again and ps of nothing are no errors"
ok stack down
ok stack ps
