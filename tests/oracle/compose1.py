#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""compose1.py THEIRS.yml OURS.json: docker-compose 1.29 and stack mean the same by a file.

Both outputs are brought to one form: short forms are written out, amounts are
numbers, lists without an order are sorted.  What is left is a difference; those
that are meant are in MEANT, each with its reason.
"""

import json
import re
import shlex
import sys

import yaml

# Path (a regular expression), and why the two are not the same there.
MEANT = [
    (r"services\.[^.]+\.image", "a built service has a name for its image already"),
    (r"networks\.default", "the implicit network is written out"),
    (r"volumes\.[^.]+\.name", "names are written out"),
    (r"networks\.[^.]+\.name", "names are written out"),
    (r"secrets\..*", "only those that a service uses are written out"),
    (r"configs\..*", "only those that a service uses are written out"),
]

SHELL = ["/bin/sh", "-c"]
UNITS = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def words(value):
    return shlex.split(value) if isinstance(value, str) else value


def amount(value):
    found = re.fullmatch(r"(-?[\d.]+)\s*([kmg]?)b?", str(value).lower())
    return int(float(found[1]) * UNITS[found[2]])


def milliseconds(value):
    scale = {"h": 3600000, "m": 60000, "s": 1000, "ms": 1}
    return sum(float(n) * scale[unit] for n, unit in re.findall(r"([\d.]+)(ms|h|m|s)", str(value)))


def texts(value):
    if isinstance(value, list):
        value = dict((item.split("=", 1) + [None])[:2] for item in value)
    return {key: None if item is None else str(item).lower() if isinstance(item, bool) else str(item)
            for key, item in value.items()}


def listed(value):
    return sorted(str(item) for item in ([value] if isinstance(value, str) else value))


def hosts(value):
    if isinstance(value, list):
        value = dict(re.split("[:=]", item, maxsplit=1) for item in value)
    return value


def expand(text):
    first, _, last = str(text).partition("-")
    return range(int(first), int(last or first) + 1)


def port(value):
    if isinstance(value, str):
        found = re.fullmatch(r"(?:(?:([\d.]+):)?([\d-]+):)?([\d-]+)(?:/(\w+))?", value)
        value = {"host_ip": found[1], "published": found[2], "target": found[3], "protocol": found[4]}
    targets = expand(value["target"])
    published = expand(value["published"]) if value.get("published") else [0] * len(targets)
    return [f"{value.get('host_ip') or ''}:{p}:{t}/{value.get('protocol') or 'tcp'}"
            for p, t in zip(published, targets)]


def ports(value):
    return sorted(text for item in value for text in port(item))


def mount(value):
    if isinstance(value, str):
        parts = value.split(":")
        source, target = parts[:2] if len(parts) > 1 else (None, parts[0])
        kind = "bind" if source and source[0] in "/.~" else "volume"
        return (kind, source or "", target, len(parts) > 2 and "ro" in parts[2].split(","))
    return (value["type"], value.get("source") or "", value["target"], bool(value.get("read_only")))


def healthcheck(value):
    value = dict(value)
    test = value.get("test")
    if test == ["NONE"] or value.get("disable"):
        return {"disable": True}
    if isinstance(test, str):
        value["test"] = ["CMD"] + SHELL + [test]
    elif test and test[0] == "CMD-SHELL":
        value["test"] = ["CMD"] + SHELL + test[1:]
    for key in ("interval", "timeout", "start_period"):
        if key in value:
            value[key] = milliseconds(value[key])
    return value


def depends_on(value):
    if isinstance(value, list):
        value = {name: {"condition": "service_started"} for name in value}
    return {name: item["condition"] for name, item in value.items()}


def networks(value):
    if isinstance(value, list):
        value = dict.fromkeys(value)
    return {name: {"aliases": listed((item or {}).get("aliases") or []),
                   "ipv4_address": (item or {}).get("ipv4_address")} for name, item in value.items()}


def granted(directory):
    def read(value):
        found = []
        for item in value:
            item = {"source": item} if isinstance(item, str) else item
            target = item.get("target") or item["source"]
            mode = item.get("mode", 0o444)
            found.append((item["source"], target if target[0] == "/" else directory + target,
                          str(item.get("uid", 0)), str(item.get("gid", 0)),
                          mode if isinstance(mode, int) else int(mode, 8)))
        return sorted(found)
    return read


def ulimits(value):
    return {name: item if isinstance(item, dict) else {"soft": item, "hard": item}
            for name, item in value.items()}


def devices(value):
    found = []
    for item in value:
        if isinstance(item, str):
            source, target, permissions = (item.split(":") + ["", ""])[:3]
            item = {"source": source, "target": target or source, "permissions": permissions or "rwm"}
        found.append((item["source"], item.get("target") or item["source"],
                      item.get("permissions") or "rwm"))
    return sorted(found)


def build(value):
    value = {"context": value} if isinstance(value, str) else dict(value)
    if "args" in value:
        value["args"] = texts(value["args"])
    return value


def options(value):
    value = dict(value)
    value["options"] = {key: amount(item) for key, item in (value.get("options") or {}).items()}
    return value


FORMS = {
    "command": words, "entrypoint": words, "environment": texts, "labels": texts, "sysctls": texts,
    "extra_hosts": hosts, "ports": ports, "healthcheck": healthcheck, "depends_on": depends_on,
    "networks": networks, "secrets": granted("/run/secrets/"), "configs": granted("/"),
    "ulimits": ulimits, "devices": devices, "build": build, "logging": options,
    "mem_limit": amount, "mem_reservation": amount, "memswap_limit": amount, "shm_size": amount,
    "stop_grace_period": milliseconds, "cpus": float, "expose": listed, "group_add": listed,
    "dns": listed, "dns_search": listed, "dns_opt": listed, "cap_add": listed, "cap_drop": listed,
}


def service(value):
    value = {**({} if "network_mode" in value else {"networks": {"default": None}}),
             "restart": "no", **value}
    resources = value.pop("deploy", {}).get("resources", {})
    limits, reserved = resources.get("limits", {}), resources.get("reservations", {})
    for key, name, where in (("mem_limit", "memory", limits), ("cpus", "cpus", limits),
                             ("mem_reservation", "memory", reserved)):
        if name in where:
            value[key] = where[name]
    mounts = [mount(item) for item in value.pop("volumes", [])]
    for item in value.pop("tmpfs", []):
        mounts.append(("tmpfs", "", item.split(":")[0], False))
    value = {key: FORMS[key](item) if key in FORMS else item for key, item in value.items()}
    if mounts:
        value["volumes"] = sorted(mounts)
    return value


def project(value):
    value = {key: item for key, item in value.items() if key not in ("version", "name")}
    value["services"] = {name: service(item) for name, item in value["services"].items()}
    for key in ("networks", "volumes"):
        value[key] = {name: item or {} for name, item in (value.get(key) or {}).items()}
    return value


def differences(path, theirs, ours):
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in sorted(set(theirs) | set(ours)):
            yield from differences(f"{path}.{key}" if path else key, theirs.get(key), ours.get(key))
    elif theirs != ours and (theirs or ours):
        if not any(re.fullmatch(pattern, path) for pattern, _ in MEANT):
            yield f"{path}: docker-compose {theirs!r}, stack {ours!r}"


def main():
    with open(sys.argv[1], encoding="utf-8") as theirs, open(sys.argv[2], encoding="utf-8") as ours:
        found = list(differences("", project(yaml.safe_load(theirs)), project(json.load(ours))))
    print("\n".join(found))
    sys.exit(1 if found else 0)


main()
