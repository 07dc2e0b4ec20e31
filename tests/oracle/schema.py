#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""schema.py STACK FILE...: what `stack config` prints of each is valid by the Specification's schema."""

import json
import os
import subprocess
import sys

import jsonschema

# What the schema of the Specification does not have although its text, or docker compose, does.
ALLOWED = [
    (["secrets"], "'content' does not match", "compose-go reads it; the text lists it for configs"),
]


def is_allowed(error):
    path = [str(part) for part in error.absolute_path]
    return any(path[:len(start)] == start and words in error.message for start, words, _ in ALLOWED)


def main():
    stack, *files = sys.argv[1:]
    here = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(here, "compose-spec.json"), encoding="utf-8") as schema:
        validator = jsonschema.Draft7Validator(json.load(schema))
    wrong = 0
    for name in files:
        run = subprocess.run([stack, "-f", name, "config", "--format", "json"], text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        if run.returncode != 0:
            print(f"{name}: {run.stderr}")
            wrong += 1
            continue
        for error in validator.iter_errors(json.loads(run.stdout)):
            if not is_allowed(error):
                print(f"{name}: {'.'.join(map(str, error.absolute_path))}: {error.message}")
                wrong += 1
    sys.exit(1 if wrong else 0)


main()
