#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Stack files as people write them, right and wrong.
. "$(dirname "$0")/lib.sh"

it "everything wrong is told at once, with line, caret and suggestion; status 2; nothing is touched"
project broken <<'YML'
services:
  web:
    image: example/busybox:1.35
    port: ["8080:80"]
    restart: sometimes
  app:
    image: example/busybox:1.35
    depends_on: [databse]
  database:
    image: example/busybox:1.35
    mem_limit: 10 parsecs
YML
fails 2 stack up -d
assert_match "place of the unknown key" 'stack\.yml:4:5: .*port' "$err"
assert_match "suggestion" "did you mean 'ports'" "$err"
assert_match "a caret" '^ *\|? *\^|\^' "$err"
assert_match "restart" 'stack\.yml:5:[0-9]+: .*sometimes' "$err"
assert_match "depends_on" 'stack\.yml:8:[0-9]+: .*databse' "$err"
assert_match "mem_limit" 'stack\.yml:11:[0-9]+: .*parsecs' "$err"
fails 2 stack config -q
no_leaks

it "what is no YAML is said with its place"
printf 'services:\n  web: [unclosed\n' >stack.yml
fails 2 stack config -q
assert_match "place" 'stack\.yml:[23]:[0-9]+' "$err"
printf 'services:\n\tweb: {}\n' >stack.yml
fails 2 stack config -q
assert_match "a tab" 'stack\.yml:2:' "$err"
: >stack.yml
fails 2 stack config -q
head -c 4096 /dev/urandom >stack.yml
fails 2 stack config -q
rm stack.yml

it "no stack file is said, with what was looked for"
mkdir -p "$T/empty" && cd "$T/empty"
fails 2 stack up -d
assert_match "names" 'stack\.yml' "$err"
fails 2 stack -f missing.yml up -d
assert_match "the name given" 'missing\.yml' "$err"
cd "$T/broken"

it "variables, .env, defaults, dollar signs"
cat >.env <<'ENV'
FROM_FILE=file
BOTH=file
QUOTED='a $b c'
ENV
cat >stack.yml <<'YML'
name: vars
services:
  one:
    image: example/busybox:1.35
    environment:
      A: ${FROM_FILE}
      B: ${BOTH}
      C: ${UNSET:-default ${FROM_FILE}}
      D: ${UNSET-x}${EMPTY-y}${EMPTY:-z}
      E: $$HOME
      F: ${FROM_FILE:+yes}
      G: ${QUOTED}
YML
ok env BOTH=shell EMPTY= "$STACK" config --format json
environment() { jq -r ".services.one.environment.$1" <<<"$out"; }
assert_eq ".env" file "$(environment A)"
assert_eq "the shell wins" shell "$(environment B)"
assert_eq "nested default" "default file" "$(environment C)"
assert_eq "unset and empty" "xz" "$(environment D)"
assert_eq "alternative" yes "$(environment F)"
assert_eq "quotes; a dollar sign is doubled, so that it can be read again" 'a $$b c' "$(environment G)"
sed -i 's/\${UNSET-x}/${UNSET:?it is needed}/' stack.yml
fails 2 stack config
assert_match "the error's own words" 'stack\.yml:.*UNSET.*it is needed|it is needed' "$err"

it "anchors, merge keys, x- and what config prints can be read again"
cat >stack.yml <<'YML'
name: anchors
x-base: &base
  image: example/busybox:1.35
  restart: always
services:
  one:
    <<: *base
    restart: "no"
    ports: ["127.0.0.1:9000-9002:80-82/udp"]
    deploy: {resources: {limits: {memory: 64M, cpus: "0.5", pids: 20}}}
  two: {<<: *base, depends_on: {one: {condition: service_started}}}
YML
ok stack config
cp "$T/out" "$T/config1.yml"
assert_match "merged" 'image: .*busybox' "$out"
assert_eq "overridden in one of two" 1 "$(grep -c 'restart: always' <<<"$out")"
cp "$T/config1.yml" again.yml
ok stack -f again.yml config
assert_eq "a fixed point" "$(cat "$T/config1.yml")" "$out"
ok stack config --services
assert_eq "services" $'one\ntwo' "$(sort <<<"$out")"
ok stack config -q
assert_eq "quiet" "" "$out"
ok stack config --format json
jq -e . <<<"$out" >/dev/null

it "a cycle and an undefined network are errors"
cat >stack.yml <<'YML'
services:
  a: {image: x, depends_on: [b]}
  b: {image: x, depends_on: [a], networks: [nowhere]}
YML
fails 2 stack up -d
assert_match "the cycle" '(cycle|circ|depends on itself|each other)' "$err"
assert_match "the network" 'nowhere' "$err"


it "wrong command lines end with status 2 and a hint"
fails 2 stack uup
assert_match "suggestion" "did you mean 'up'" "$err"
fails 2 stack up --detatch
assert_match "suggestion" "detach" "$err"
fails 2 stack
ok stack help
assert_match "commands" '^ +up ' "$out"
ok stack help up
ok stack up --help
assert_match "options" '\-\-wait' "$out"
ok stack version
assert_match "version" '[0-9]+\.[0-9]+' "$out"
