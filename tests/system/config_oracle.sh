#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Real Compose files, and what others say they mean: the Specification's schema and docker-compose 1.29.
. "$(dirname "$0")/lib.sh"

export PLEX_MEDIA_PATH=/media FROM_ENV=yes
[ -f "$TREE/tests/corpus/README.md" ] || skip "the corpus is not there"

# The directories and files that a file of the corpus names, so that docker-compose is content.
furnish() { # FILE
	python3 - "$1" <<'PY'
import os, sys, yaml
file = yaml.safe_load(open(sys.argv[1], encoding="utf-8"))
for service in file["services"].values():
    build = service.get("build")
    if build:
        os.makedirs(build if isinstance(build, str) else build["context"], exist_ok=True)
    env_file = service.get("env_file") or []
    for name in [env_file] if isinstance(env_file, str) else env_file:
        open(name, "a", encoding="utf-8").close()
PY
}

it "every file of the corpus loads, and what is printed is valid by the Specification's schema"
files=("$TREE"/tests/corpus/*.y*ml)
assert_between "files" 19 100 "${#files[@]}"
ok python3 "$TREE/tests/oracle/schema.py" "$STACK" "${files[@]}"

it "so is what is printed of every attribute"
mkdir -p "$T/both/dir" && cd "$T/both"
cp "$TREE"/tests/oracle/*.yml .
touch token.txt conf.txt
ok python3 "$TREE/tests/oracle/schema.py" "$STACK" both.yml

it "reading it again gives the same, as YAML and as JSON"
for file in "${files[@]}" "$T/both/both.yml"; do
	for format in yaml json; do
		stack -f "$file" config --format $format >"$T/one" 2>/dev/null
		stack -f "$T/one" config --format $format >"$T/two" 2>/dev/null
		cmp -s "$T/one" "$T/two" || fail "$file: $(diff "$T/one" "$T/two" | head -n 5)"
	done
done

command -v docker-compose >/dev/null || skip "docker-compose is not installed"

it "docker-compose 1.29 means the same by the attributes both know"
ok docker-compose -f both.yml config
printf '%s\n' "$out" >theirs.yml
stack -f both.yml config --format json >ours.json 2>/dev/null
ok python3 "$TREE/tests/oracle/compose1.py" theirs.yml ours.json

it "and the same by the files of the corpus"
for file in "${files[@]}"; do
	mkdir -p "$T/corpus" && cd "$T/corpus"
	# `name` is newer than 1.29, and `runtime` and `platform` of one file are not for this host.
	sed '/^name:/d' "$file" >docker-compose.yml
	furnish docker-compose.yml
	docker-compose config >../theirs.yml 2>../theirs.err || fail "$file: $(cat ../theirs.err)"
	stack config --format json >../ours.json 2>/dev/null || fail "$file does not load"
	python3 "$TREE/tests/oracle/compose1.py" ../theirs.yml ../ours.json >../differences ||
		fail "$file: $(cat ../differences)"
	cd "$T" && rm -rf corpus
done
no_leaks
