#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Secrets and configs: where they are, whose they are, and what a change of them does.
. "$(dirname "$0")/lib.sh"

project granted <<'YML'
services:
  one:
    image: example/busybox:1.35
    command: ["sleep", "1000"]
    stop_grace_period: 1s
    environment: {TOKEN_FILE: /run/secrets/token}
    secrets:
      - password
      - {source: token, uid: "1000", gid: "1001", mode: 0440}
    configs:
      - {source: conf, target: /etc/app/app.conf}
      - source: motd
  two:
    image: example/busybox:1.35
    command: ["sleep", "1000"]
    stop_grace_period: 1s
    read_only: true
    user: "1000:1001"
    secrets: [{source: token, uid: "1000", mode: 0400}]
secrets:
  password: {file: ./password.txt}
  token: {environment: APP_TOKEN}
configs:
  conf: {content: "host=$${HOST}\nport=80\n"}
  motd: {file: ./motd}
YML
printf 'hunter2' >password.txt
echo welcome >motd
chmod 600 password.txt
export APP_TOKEN='t0k3n with spaces'

it "they are where the file says, with owner and mode"
ok stack up -d
assert_eq "file" hunter2 "$(inside one cat /run/secrets/password)"
assert_eq "environment" "$APP_TOKEN" "$(inside one cat /run/secrets/token)"
assert_eq "content" 'host=${HOST}' "$(inside one head -n1 /etc/app/app.conf)"
assert_eq "default target" welcome "$(inside one cat /motd)"
assert_eq "owner and mode" "1000:1001 440" "$(inside one stat -c '%u:%g %a' /run/secrets/token)"
assert_eq "default mode" "0:0 444" "$(inside one stat -c '%u:%g %a' /run/secrets/password)"
assert_eq "in a read-only container, as its user" "$APP_TOKEN" "$(inside two cat /run/secrets/token)"

it "they cannot be written, and are no plain file of the host's disk"
fails 1 inside one sh -c 'echo x >/run/secrets/password'
assert_eq "the file outside" hunter2 "$(cat password.txt)"
assert_no_match "the environment has no secret" "t0k3n" "$(inside one env)"
run=$(dirname "$(find "$STACK_RUN" -name granted -type d | head -n1)")
assert_eq "only root looks there" 700 "$(stat -c %a "$run/granted")"
assert_no_match "state on disk" "t0k3n" "$(grep -rl t0k3n "$STACK_ROOT" 2>/dev/null || true)"

it "what is the same is left alone, what changed is noticed"
first=$(pid_of one) second=$(pid_of two)
ok stack up -d
assert_eq "one" "$first" "$(pid_of one)"
printf 'correct horse' >password.txt
fails 3 stack plan
assert_match "plan says one" 'granted-one-1' "$out"
ok stack up -d
assert_eq "the new one" "correct horse" "$(inside one cat /run/secrets/password)"
assert_eq "two was left alone" "$second" "$(pid_of two)"

it "a missing file is a warning for config, and an error with its name for up"
rm password.txt
ok stack config -q
assert_match "warning" 'stack\.yml:21:3: warning: .*password\.txt' "$err"
fails 1 stack up -d --force-recreate
assert_match "names it" 'password\.txt' "$err"
ok stack down
printf 'again' >password.txt
ok stack up -d
assert_eq "after it came back" again "$(inside one cat /run/secrets/password)"

it "config does not print what is in them, except where the file does"
ok stack config
assert_no_match "the token" "t0k3n" "$out"
assert_no_match "the password" "again" "$out"
assert_match "the content" 'port=80' "$out"
stack config >"$T/again.yml" 2>/dev/null
ok stack -f "$T/again.yml" --project-directory . config
assert_eq "again the same" "$(cat "$T/again.yml")" "$out"

it "down leaves nothing"
ok stack down
no_leaks
