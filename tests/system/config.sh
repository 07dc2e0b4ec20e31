#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `stack config` as people and editors use it: several files, lists, variables, what it explains.
. "$(dirname "$0")/lib.sh"

project shop <<'YML'
include: [parts/db.yml]
services:
  web:
    extends: {file: parts/base.yml, service: base}
    image: example/nginx:${TAG:-1.22}
    ports: ["${PORT:?which port?}:80"]
    depends_on: [db]
  debug:
    image: example/busybox:1.35
    profiles: [debug]
YML
mkdir parts
cat >parts/db.yml <<'YML'
services:
  db:
    image: example/postgres:15
    volumes: ["data:/var/lib/postgresql", "./init:/init:ro"]
    environment: {PASSWORD: $DB_PASSWORD}
volumes:
  data:
YML
echo DB_PASSWORD=from-parts >parts/.env
cat >parts/base.yml <<'YML'
services:
  base:
    restart: unless-stopped
    volumes: ["./html:/html"]
YML
echo PORT=8080 >.env

it "files are put together, each with its own paths and variables"
ok stack config --format json
assert_eq "web's restart" unless-stopped "$(jq -r .services.web.restart <<<"$out")"
assert_eq "web's volume" "$T/shop/parts/html" "$(jq -r '.services.web.volumes[0].source' <<<"$out")"
assert_eq "db's volume" "$T/shop/parts/init" "$(jq -r '.services.db.volumes[1].source' <<<"$out")"
assert_eq "db's variable" from-parts "$(jq -r .services.db.environment.PASSWORD <<<"$out")"
assert_eq "the port" 8080 "$(jq -r '.services.web.ports[0].published' <<<"$out")"
echo "services: {db: {image: other}}" >stack.override.yml
assert_eq "an override file changes what was included" other "$(stack config --format json | jq -r .services.db.image)"
rm stack.override.yml

it "what is printed is read again, and is the same"
stack config >"$T/one.yml" 2>/dev/null
ok stack -f "$T/one.yml" config
assert_eq "yaml" "$(cat "$T/one.yml")" "$out"
stack config --format json >"$T/two.json" 2>/dev/null
ok stack -f "$T/two.json" config --format json
assert_eq "json" "$(cat "$T/two.json")" "$out"

it "lists, hashes, one service, an output file"
assert_eq "services" "db web" "$(stack config --services | xargs)"
assert_eq "with a profile" "db debug web" "$(stack --profile debug config --services | xargs)"
assert_eq "profiles" debug "$(stack config --profiles)"
assert_eq "volumes" data "$(stack config --volumes)"
assert_eq "images" "example/nginx:1.22 example/postgres:15" "$(stack config --images | xargs)"
assert_eq "a service and what it needs" "db web" "$(stack config web --format json | jq -r '.services | keys[]' | xargs)"
assert_eq "one alone" db "$(stack config db --format json | jq -r '.services | keys[]')"
fails 1 stack config nope
ok stack config --hash web
first=$out
assert_match "a hash" '^web [0-9a-f]{64}$' "$first"
ok env TAG=1.23 "$STACK" config --hash web
[ "$out" != "$first" ] || fail "another image has the same hash"
ok stack config --services -o "$T/names"
assert_eq "in the file" "db web" "$(xargs <"$T/names")"

it "variables: which there are, which are wanted, and the file without them"
ok stack config --variables
assert_match "with a default" '^TAG +no +1\.22 +no$' "$out"
assert_match "required" '^PORT +yes +yes$' "$out"
: >.env
ok stack config --variables
assert_match "required and not set" '^PORT +yes +no$' "$out"
fails 2 stack config -q
assert_match "what the file says about it" 'stack\.yml:6:13: .*which port' "$err"
assert_no_match "and nothing that follows from it" 'is no port' "$err"
ok stack config --no-interpolate
assert_match "as it is written" 'which port' "$out"
ok env PORT=7 "$STACK" config --environment
assert_match "the environment" '^PORT=7$' "$out"

it "editors get what is wrong as JSON, and warnings can be errors"
echo PORT=8080 >.env
sed -i 's/image: example.nginx.*/image: x$NONE/; s/restart:/restrat:/' stack.yml parts/base.yml
fails 2 stack config -q --format json
assert_eq "severities" "warning error" "$(jq -r '.[].severity' <<<"$out" | sort -r | xargs)"
assert_eq "the file of the error" parts/base.yml "$(jq -r '.[] | select(.severity == "error").file' <<<"$out")"
assert_match "what was meant" "did you mean 'restart'" "$(jq -r '.[].message' <<<"$out")"
sed -i 's/restrat:/restart:/' parts/base.yml
ok stack config -q
fails 2 stack config -q --strict
assert_match "the warning" "NONE' is not set" "$err"

it "attributes are explained, and wrong ones with what was meant"
ok stack config --explain services.web.healthcheck.interval
assert_match "what it takes" 'duration' "$out"
fails 1 stack config --explain services.web.prots
assert_match "what was meant" "did you mean 'ports'" "$err"
assert_match "all of them" '^services\.<name>\.deploy\.resources\.limits\.memory$' "$(stack config --explain all)"

it "config writes nothing, and needs no root"
chmod 755 "$T"
before=$(find . -type f -printf '%p %T@\n' | sort)
ok setpriv --reuid 65534 --regid 65534 --clear-groups "$STACK" -f "$T/shop/stack.yml" config -q
assert_eq "the files" "$before" "$(find . -type f -printf '%p %T@\n' | sort)"
no_leaks
