#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A registry that does everything wrong, one thing per repository, and the verdict on who pulls from it.

Usage: registry_mock.py STACK_IMAGE WORK [NAME...]

CASES is a table: a name, what has to come of it ("ok", or words of the error), and what the registry does.
All are pulled with one command.  Then every case is compared with its verdict, every blob in the store with
its name, and the requests that the foreign host got are searched for a password."""
import base64, glob, gzip, hashlib, io, json, os, re, socket, subprocess, sys, tarfile, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

HOST, FOREIGN = "127.0.0.1:5100", "127.0.0.2:5101"
SECRET = "Basic " + base64.b64encode(b"user:secret").decode()
OCI = "application/vnd.oci.image."
MANIFEST, INDEX = OCI + "manifest.v1+json", OCI + "index.v1+json"
CONFIG, LAYER = OCI + "config.v1+json", OCI + "layer.v1.tar+gzip"
CASES = {}
foreign_requests, foreign_secrets = [], []


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def descriptor(media_type, data, **more):
    return {"mediaType": media_type, "digest": digest(data), "size": len(data), **more}


def tar_of(*members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, kind, content in members:
            info = tarfile.TarInfo(name)
            info.type, info.size = kind, len(content) if kind == tarfile.REGTYPE else 0
            if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE):
                info.linkname = content
            tar.addfile(info, io.BytesIO(content) if kind == tarfile.REGTYPE else None)
    return out.getvalue()


class Image:
    """One layer, one configuration; no two cases share a blob, so each is asked for."""

    def __init__(self, name):
        noise = b"".join(hashlib.sha256(b"%s %d" % (name.encode(), i)).digest() for i in range(2048))
        self.tar = tar_of(("file", tarfile.REGTYPE, noise))
        self.name, self.index = name, None
        self.layer = gzip.compress(self.tar, 1, mtime=0)
        self.config_object = {"os": "linux", "architecture": "amd64", "config": {"Env": ["NAME=" + name]},
                              "rootfs": {"type": "layers", "diff_ids": [digest(self.tar)]}}
        self.build()

    def build(self, **changes):
        self.config = changes.get("config", json.dumps(self.config_object).encode())
        self.manifest_object = {"schemaVersion": 2, "mediaType": MANIFEST,
                                "config": descriptor(CONFIG, self.config), "layers": [descriptor(LAYER, self.layer)]}
        self.finish()

    def finish(self):
        self.manifest = json.dumps(self.manifest_object).encode()
        return self


class Case:
    def __init__(self, name, expect):
        self.name, self.expect, self.image = name, expect, Image(name)
        self.on, self.counts, self.tag = {}, {}, "latest"
        self.type, self.headers = MANIFEST, {}
        CASES[name] = self

    @property
    def reference(self):
        return f"{HOST}/{self.name}" + (f"@{self.tag}" if ":" in self.tag else f":{self.tag}")


def case(name, expect, kind=None, act=None, **attributes):
    c = Case(name, expect)
    if kind:
        c.on[kind] = act
    for key, value in attributes.items():
        setattr(c, key, value)
    return c


# --- acts: what a request is answered with; False leaves it to the ordinary answer ----------------------

def body_of(change):
    """The content, changed."""
    return lambda h, c, n, data: h.send(200, change(data))


def cut_at(where, times):
    """The connection breaks after that many bytes of the content, the first TIMES times."""
    def act(h, c, n, data):
        if n >= times:
            return False
        start = h.range_start()
        keep = max(where(len(data)) - start, 0) if start < len(data) else 0
        h.send(206 if start else 200, data[start:], cut=keep, total=len(data), start=start)
    return act


def status(code, times=1000, **headers):
    def act(h, c, n, data):
        if n >= times:
            return False
        h.send(code, b"<html>sorry</html>", {k.replace("_", "-"): v for k, v in headers.items()})
    return act


def redirect(to, code=307):
    def act(h, c, n, data):
        where = to(h, c, n) if callable(to) else to
        if where is False:
            return False
        h.send(code, b"", {"Location": where} if where is not None else {})
    return act


def raw(data):
    """Bytes that need not be HTTP."""
    def act(h, c, n, body):
        h.wfile.write(data(body) if callable(data) else data)
        h.close_connection = True
    return act


def in_parts(sizes_lie=False):
    def act(h, c, n, data):
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(data[i:i + 7000]), data[i:i + 7000]) for i in range(0, len(data), 7000))
        chunks += b"0\r\n\r\n" if not sizes_lie else b"zz\r\n"
        h.wfile.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: "
                      + c.type.encode() + b"\r\n\r\n" + chunks)
        h.close_connection = True
    return act


# --- the table -------------------------------------------------------------------------------------------

WRONG = {
    "flip-first": lambda d: bytes([d[0] ^ 1]) + d[1:], "flip-middle": lambda d: d[:len(d) // 2] + bytes([d[len(d) // 2] ^ 16]) + d[len(d) // 2 + 1:],
    "flip-last": lambda d: d[:-1] + bytes([d[-1] ^ 128]), "minus-one": lambda d: d[:-1], "half": lambda d: d[:len(d) // 2],
    "empty": lambda d: b"", "plus-one": lambda d: d + b"\0", "plus-much": lambda d: d + b"x" * (1 << 20),
    "other": lambda d: b"y" * len(d), "swapped": lambda d: d[len(d) // 2:] + d[:len(d) // 2],
}
AT = {"start": lambda n: 0, "first": lambda n: 1, "middle": lambda n: n // 2, "last": lambda n: n - 1}


def make_contents():
    for name, change in WRONG.items():
        for kind in ("layer", "config"):
            case(f"{kind}-{name}", "digest|more than|sends [0-9]+ bytes of", kind, body_of(change))
        c = case(f"pinned-{name}", "digest|more than", "manifest", body_of(change))
        c.tag = digest(c.image.manifest)
        c = case(f"child-{name}", "digest|more than|has .* bytes", "child", body_of(change))
        with_index(c)


def with_index(c, entries=None, **more):
    ours = descriptor(MANIFEST, c.image.manifest, platform={"os": "linux", "architecture": c_arch()}, **more)
    c.image.index = json.dumps({"schemaVersion": 2, "mediaType": INDEX,
                                "manifests": [ours] if entries is None else entries(ours)}).encode()
    return c


def c_arch():
    return {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine)


def make_breaks():
    for kind in ("layer", "config", "manifest"):
        for name, where in AT.items():
            case(f"{kind}-cut-{name}-once", "ok", kind, cut_at(where, 1))
            case(f"{kind}-cut-{name}-always", "registry", kind, cut_at(where, 1000))
        case(f"{kind}-chunked", "ok", kind, in_parts())
        # All bytes are there and right; what stands behind them does not matter to a blob.
        case(f"{kind}-chunked-broken", "registry" if kind == "manifest" else "ok", kind, in_parts(sizes_lie=True))
        case(f"{kind}-garbage", "registry", kind, raw(b"\x16\x03\x01garbage\r\n\r\n"))
        case(f"{kind}-no-answer", "registry", kind, raw(b""))
        case(f"{kind}-many-headers", "registry", kind, raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100000 + b"\r\n"))
        case(f"{kind}-long-header", "registry", kind, raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 400000 + b"\r\n\r\n"))
    case("layer-http10", "ok", "layer", raw(lambda d: b"HTTP/1.0 200 OK\r\n\r\n" + d))
    case("layer-http10-short", "sends [0-9]+ bytes of", "layer", raw(lambda d: b"HTTP/1.0 200 OK\r\n\r\n" + d[:-9]))
    case("layer-encoded", "more than|digest|sends [0-9]+ bytes", "layer", lambda h, c, n, d: h.send(200, gzip.compress(d), {"Content-Encoding": "gzip"}))

    def then(act):
        """Break in the middle, then answer the Range in some way."""
        def both(h, c, n, data):
            return cut_at(AT["middle"], 1)(h, c, n, data) if n == 0 else act(h, c, n, data)
        return both
    half = lambda d: len(d) // 2
    case("range-ignored", "ok", "layer", then(lambda h, c, n, d: h.send(200, d)))
    case("range-refused", "ok", "layer", then(lambda h, c, n, d: h.send(416, b"") if h.range_start() else False))
    case("range-refused-always", "registry", "layer", then(status(416)))
    case("range-wrong-start", "another part", "layer", then(lambda h, c, n, d: h.send(206, d[5:], total=len(d), start=5)))
    case("range-unnamed", "another part", "layer", then(lambda h, c, n, d: h.send(206, d[half(d):])))
    case("range-wrong-bytes", "digest", "layer", then(lambda h, c, n, d: h.send(206, b"z" * (len(d) - half(d)), total=len(d), start=half(d))))
    case("range-too-long", "more than", "layer", then(lambda h, c, n, d: h.send(206, d[half(d):] + b"!", total=len(d), start=half(d))))
    case("range-not-asked", "another part", "layer", lambda h, c, n, d: h.send(206, d, total=len(d), start=1))


def make_statuses():
    for kind in ("manifest", "config", "layer"):
        for code in (400, 402, 403, 404, 405, 410, 418, 451, 304, 300, 203, 204, 205):
            case(f"{kind}-status-{code}", "HTTP status|redirects to what", kind, status(code))
        for code in (408, 429, 500, 502, 503, 504):
            case(f"{kind}-status-{code}-twice", "ok", kind, status(code, 2))
            case(f"{kind}-status-{code}-always", "HTTP status " + str(code), kind, status(code))
    for name, value in {"zero": "0", "words": "soon", "past": "Wed, 21 Oct 2015 07:28:00 GMT", "negative": "-5", "second": "1"}.items():
        case(f"retry-after-{name}", "ok", "layer", status(429, 1, Retry_After=value))


def make_redirects():
    for kind in ("manifest", "layer"):
        def again(h, c, n):
            return False if "again" in h.path else h.path + "?again"

        def chain(length):
            return lambda h, c, n: False if n >= length else f"http://{HOST}{h.path.split('?')[0]}?{n}"
        for code in (301, 302, 303, 307, 308):
            case(f"{kind}-redirect-{code}", "ok", kind, redirect(again, code))
            case(f"{kind}-foreign-{code}", "ok", kind, redirect(lambda h, c, n: f"http://{FOREIGN}{h.path}", code))
        case(f"{kind}-redirect-5", "ok", kind, redirect(chain(5)))
        case(f"{kind}-redirect-6", "without end", kind, redirect(chain(6)))
        case(f"{kind}-redirect-loop", "without end", kind, redirect(lambda h, c, n: h.path))
        case(f"{kind}-foreign-back", "ok", kind, redirect(lambda h, c, n: f"http://{FOREIGN}/back{h.path}" if "back" not in h.path else False))
        for name, to in {"ftp": "ftp://127.0.0.1/x", "file": "file:///etc/passwd", "nowhere": None, "empty": "", "user": f"http://user:secret@{FOREIGN}/x",
                         "at": f"http://{HOST}@{FOREIGN}/x", "plain": "http://198.51.100.77/x", "gopher": "gopher://127.0.0.1:1/x",
                         "backslash": f"http://{HOST}\\@{FOREIGN}/x", "refused": "http://127.0.0.3:1/x", "no-host": "http:///x"}.items():
            words = {"plain": "redirects to plain http", "no-host": "redirects to", "refused": "registry .*connect"}.get(name, "redirects to what is no http")
            case(f"{kind}-redirect-{name}", words, kind, redirect(to))
        case(f"{kind}-foreign-asks", "does not take", kind, redirect(lambda h, c, n: f"http://{FOREIGN}/401"))


def make_documents():
    def document(name, expect, change, **attributes):
        c = case(name, expect, **attributes)
        changed = change(c.image.manifest_object, c)
        c.image.finish()
        if changed is not None:
            c.image.manifest = changed
    for kind, size in (("plus", 1), ("minus", -1), ("huge", 1 << 40)):
        document(f"layer-size-{kind}", "bytes", lambda m, c, s=size: m["layers"][0].update(size=m["layers"][0]["size"] + s))
        document(f"config-size-{kind}", "bytes|larger", lambda m, c, s=size: m["config"].update(size=m["config"]["size"] + s))
    for name, value in {"negative": -1, "text": "5", "float": 5.5, "null": None, "true": True}.items():
        document(f"size-{name}", "how large", lambda m, c, v=value: m["layers"][0].update(size=v))
    for name, value in {"sha512": "sha512:" + "a" * 128, "upper": "sha256:" + "A" * 64, "path": "sha256:../../../../etc/passwd", "short": "sha256:abc",
                        "none": None, "long": "sha256:" + "a" * 65, "slash": "sha256:" + "a" * 63 + "/"}.items():
        document(f"digest-{name}", "digest", lambda m, c, v=value: m["layers"][0].update(digest=v))
        document(f"config-digest-{name}", "digest", lambda m, c, v=value: m["config"].update(digest=v))
    for name, value in {"html": "text/html", "unknown": "application/x", "schema1": "application/vnd.docker.distribution.manifest.v1+json",
                        "schema1-signed": "application/vnd.docker.distribution.manifest.v1+prettyjws", "config": CONFIG, "layer": LAYER}.items():
        case(f"type-{name}", "schema 1" if "schema1" in name else "no image", type=value)
    case("type-bytes", "no image", type="application/\xff\xe4\x1b[31m")
    case("type-parameter", "ok", type=MANIFEST + "; charset=utf-8")
    case("type-absent", "ok", type="")
    case("type-docker", "another type|ok", type="application/vnd.docker.distribution.manifest.v2+json")
    case("type-index", "another type", type=INDEX)
    document("both", "both manifests and layers", lambda m, c: m.update(manifests=[]))
    document("says-index", "another type", lambda m, c: m.update(mediaType=INDEX))
    document("no-layers", "no list of layers", lambda m, c: m.pop("layers") and None)
    document("layers-object", "no list of layers", lambda m, c: m.update(layers={}))
    document("many-layers", "more than 500", lambda m, c: m.update(layers=m["layers"] * 501))
    document("no-config", "digest", lambda m, c: m.pop("config") and None)
    document("artifact", "other artifact", lambda m, c: m["config"].update(mediaType="application/x"))
    document("layer-type", "unknown type", lambda m, c: m["layers"][0].update(mediaType="application/x"))
    document("layer-foreign", "unknown type", lambda m, c: m["layers"][0].update(mediaType="application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"))
    document("layer-urls", "ok", lambda m, c: m["layers"][0].update(urls=[f"http://{FOREIGN}/urls/{c.name}"]))
    document("not-json", "no image|no JSON|type", lambda m, c: b"{", type=MANIFEST)
    document("json-array", "no list|no JSON|another", lambda m, c: b"[]")
    document("duplicate-key", "no JSON", lambda m, c: json.dumps(m).encode()[:-1] + b', "schemaVersion": 1}')
    document("not-utf8", "no JSON", lambda m, c: json.dumps(m).encode()[:-1] + b', "x": "\xff"}')
    document("deep", "no JSON", lambda m, c: b'{"layers":' + b"[" * 100000)
    document("large", "more than 4096 KiB", lambda m, c: json.dumps(m).encode() + b" " * (5 << 20))
    document("endless", "more than 4096 KiB", lambda m, c: json.dumps(m).encode() + b" " * (4 << 20))
    document("nothing", "no|type", lambda m, c: b"")
    case("header-digest-wrong", "digest", headers={"Docker-Content-Digest": "sha256:" + "0" * 64})
    case("header-digest-odd", "ok", headers={"Docker-Content-Digest": "rot13:x"})


def make_indexes():
    other = lambda ours: {**ours, "platform": {"os": "linux", "architecture": "pdp11"}}
    with_index(case("index-plain", "ok"))
    with_index(case("index-second", "ok"), lambda ours: [{**other(ours), "digest": "sha256:" + "1" * 64}, ours])
    with_index(case("index-not-ours", "not for linux/.*pdp11"), lambda ours: [other(ours)])
    with_index(case("index-empty", "not for linux"), lambda ours: [])
    with_index(case("index-no-platform", "ok"), lambda ours: [{k: v for k, v in ours.items() if k != "platform"}])
    with_index(case("index-size-wrong", "bytes"), lambda ours: [{**ours, "size": ours["size"] + 1}])
    with_index(case("index-digest-wrong", "HTTP status 404"), lambda ours: [{**ours, "digest": "sha256:" + "2" * 64}])
    with_index(case("index-digest-path", "digest"), lambda ours: [{**ours, "digest": "sha256:../x"}])
    with_index(case("index-nested", "no manifest|another type|no image"), lambda ours: [{**ours, "mediaType": INDEX}])
    with_index(case("index-odd-entries", "ok"), lambda ours: [None, 5, "x", [], {}, ours])
    with_index(case("index-both", "both manifests and layers")).image.index = json.dumps({"manifests": [], "layers": []}).encode()


def make_configs():
    def config(name, expect, change):
        c = case(name, expect)
        data = change(c.image.config_object, c)
        c.image.build(**({"config": data} if isinstance(data, bytes) else {}))
    config("diff-id-wrong", "unpacks to", lambda o, c: o["rootfs"].update(diff_ids=["sha256:" + "3" * 64]))
    config("diff-id-none", "lists 1 layer", lambda o, c: o["rootfs"].update(diff_ids=[]))
    config("diff-id-more", "lists 1 layer", lambda o, c: o["rootfs"]["diff_ids"].append("sha256:" + "4" * 64))
    config("diff-id-path", "rootfs|diff_id|digest", lambda o, c: o["rootfs"].update(diff_ids=["sha256:../../x"]))
    config("config-no-json", "JSON|configuration", lambda o, c: b"{")
    config("config-windows", "Linux|linux|os", lambda o, c: o.update(os="windows"))
    config("config-large", "larger", lambda o, c: json.dumps(o).encode() + b" " * (5 << 20))

    def layer(name, expect, change):
        c = case(name, expect)
        c.image.tar, c.image.layer = change(c.image.tar)
        c.image.config_object["rootfs"]["diff_ids"] = [digest(c.image.tar)]
        c.image.build()
    both = lambda tar: (tar, gzip.compress(tar, 1, mtime=0))
    layer("tar-outside", "path|tree|outside|'\\.\\.'|leads", lambda t: both(tar_of(("../../escaped", tarfile.REGTYPE, b"x"))))
    layer("tar-through-link", "path|tree|link|director", lambda t: both(tar_of(("a", tarfile.SYMTYPE, "/tmp"), ("a/escaped", tarfile.REGTYPE, b"x"))))
    layer("tar-none", "archive|tar", lambda t: both(b"this is no archive " * 999))
    layer("tar-cut", "cut off|damaged", lambda t: both(t[:40000]))
    layer("tar-plain", "ok", lambda t: (t, t))
    layer("tar-members", "ok", lambda t: (t, gzip.compress(t[:1000], mtime=0) + gzip.compress(t[1000:], mtime=0)))
    layer("tar-garbage-behind", "unpacks to|damaged|ok", lambda t: (t, gzip.compress(t, mtime=0) + b"garbage"))


def make_authorizations():
    def challenge(name, expect, value, **more):
        case("auth-" + name, expect, "challenge", lambda h, c, n, d: h.send(401, b"", {"WWW-Authenticate": value}), **more)
    realm = f"http://{HOST}/token"
    challenge("none", "no password that we", "")
    challenge("unknown", "no password that we", 'Negotiate abc==')
    challenge("garbage", "no password that we", '"""')
    challenge("digest", "no password that we", 'Digest realm="x", nonce="y"')
    challenge("both", "ok", f'Basic realm="x", Bearer realm="{realm}/good",service="s"')
    challenge("bearer", "ok", f'Bearer realm="{realm}/good",service="s",scope="repository:x:pull"')
    challenge("bearer-query", "ok", f'Bearer realm="{realm}/good?a=b"')
    challenge("bearer-odd", "ok", f'bEaReR  Realm = "{realm}/good" , service="a\\"b",x=y')
    challenge("bearer-access", "ok", f'Bearer realm="{realm}/access"')
    for name in ("none", "html", "huge", "line", "list", "number", "500", "401", "403", "404", "cut"):
        challenge("token-" + name, "token|refuses|HTTP status|registry", f'Bearer realm="{realm}/{name}"')
    challenge("token-wrong", "does not take", f'Bearer realm="{realm}/wrong"')
    challenge("realm-http", "has to be https", 'Bearer realm="http://198.51.100.77/token"')
    challenge("realm-ftp", "no https URL", 'Bearer realm="ftp://127.0.0.1/token"')
    challenge("realm-file", "no https URL", 'Bearer realm="file:///etc/passwd"')
    challenge("realm-user", "no https URL", 'Bearer realm="http://a:b@127.0.0.1/token"')
    challenge("realm-none", "no password that we", 'Bearer service="x"')
    challenge("realm-long", "no password that we", f'Bearer realm="{"x" * 5000}"')
    case("auth-never", "does not take", "challenge", lambda h, c, n, d: h.send(401, b"", {"WWW-Authenticate": 'Basic realm="x"'}), basic=False)
    case("auth-403", "HTTP status 403", "manifest", status(403))


# --- the servers -----------------------------------------------------------------------------------------

class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle(self):
        if self.connection.recv(1, socket.MSG_PEEK) != b"\x16":  # no TLS here
            super().handle()

    def log_message(self, *args):
        pass

    def log_error(self, *args):
        pass

    def range_start(self):
        m = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        return int(m.group(1)) if m else 0

    def send(self, code, body, headers=None, cut=None, total=None, start=None):
        self.send_response(code)
        headers = dict(headers or {})
        if start is not None and total is not None and code == 206:
            headers["Content-Range"] = f"bytes {start}-{total - 1}/{total}"
        if self.kind in ("manifest", "child") and "Content-Type" not in headers and code == 200:
            headers.update({"Content-Type": self.type} if self.type else {})
        headers.update(self.case.headers if self.kind == "manifest" else {})
        for key, value in headers.items():
            self.send_header(key, value)
        if code not in (204, 304):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if code not in (204, 304):
            self.wfile.write(body if cut is None else body[:cut])
        if cut is not None:
            self.close_connection = True

    def act(self, kind, data):
        """True: the case has answered."""
        count = self.case.counts.get(kind, 0)
        self.case.counts[kind] = count + 1
        act = self.case.on.get(kind)
        return act is not None and act(self, self.case, count, data) is not False

    def content(self, data, kind):
        self.kind = kind
        if self.act(kind, data):
            return
        start = self.range_start()
        if start and start < len(data):
            self.send(206, data[start:], total=len(data), start=start)
        else:
            self.send(200, data)

    def authorized(self):
        bearer = "challenge" in self.case.on
        given = self.headers.get("Authorization", "")
        if bearer and given == "Bearer good":
            return True
        if not bearer and given == SECRET:
            return True
        self.kind = "challenge"
        if not bearer:
            self.send(401, b"", {"WWW-Authenticate": 'Basic realm="mock"'})
        else:
            self.act("challenge", b"")
        return False

    def do_GET(self):
        try:
            self.answer()
        except (ConnectionError, BrokenPipeError):
            self.close_connection = True

    def answer(self):
        self.kind, self.type = "other", ""
        m = re.match(r"(?:/back)?/v2/([^/]+)/(manifests|blobs)/([^?]+)", self.path)
        self.case = CASES.get(m.group(1)) if m else None
        if self.path.startswith("/token/"):
            return self.token(re.split(r"[/?]", self.path)[2])
        if not self.case:
            self.case = next(iter(CASES.values()))
            return self.send(404, b"")
        if not self.server.foreign and not self.authorized():
            return None
        c, what, which = self.case, m.group(2), m.group(3)
        self.type = c.type
        if what == "manifests" and which == c.tag:
            self.type = INDEX if c.image.index is not None and c.type == MANIFEST else c.type
            return self.content(c.image.manifest if c.image.index is None else c.image.index, "manifest")
        if what == "manifests" and which == digest(c.image.manifest):
            return self.content(c.image.manifest, "child")
        for kind, data in (("layer", c.image.layer), ("config", c.image.config)):
            if what == "blobs" and which == digest(data):
                return self.content(data, kind)
        return self.send(404, b"")

    def token(self, name):
        self.case = next(iter(CASES.values()))
        answers = {"good": b'{"token":"good"}', "access": b'{"access_token":"good"}', "none": b"{}", "html": b"<html>", "huge": b'{"token":"' + b"x" * (2 << 20) + b'"}',
                   "line": b'{"token":"good\\r\\nX: y"}', "list": b'["good"]', "number": b'{"token":5}', "wrong": b'{"token":"bad"}'}
        if name == "cut":
            return self.send(200, answers["good"], cut=3)
        return self.send(200 if name in answers else int(name), answers.get(name, b""))


class Foreign(Handler):
    """Serves the same content, wants no password and must not get one."""

    def answer(self):
        foreign_requests.append(self.path)
        if "Authorization" in self.headers or "secret" in self.requestline or "Cookie" in self.headers:
            foreign_secrets.append((self.path, str(self.headers)))
        self.kind, self.type = "other", ""
        if self.path.startswith("/back"):
            self.case = next(iter(CASES.values()))
            return self.send(307, b"", {"Location": f"http://{HOST}{self.path[5:]}?back"})
        if self.path == "/401":
            self.case = next(iter(CASES.values()))
            return self.send(401, b"", {"WWW-Authenticate": 'Basic realm="give me"'})
        m = re.match(r"/v2/([^/]+)/", self.path)
        self.case = CASES.get(m.group(1)) if m else None
        if self.case:
            self.case.on.clear()
        return super().answer()


def serve(address, handler, foreign):
    host, port = address.split(":")
    server = ThreadingHTTPServer((host, int(port)), handler)
    server.daemon_threads, server.foreign = True, foreign
    server.handle_error = lambda *args: None
    threading.Thread(target=server.serve_forever, daemon=True).start()


# --- the verdict -----------------------------------------------------------------------------------------

# A process's peak counts what it was before execve(2), so a small one has to start what is measured.
MEASURE = """import resource, subprocess, sys
code = subprocess.call(sys.argv[2:], stdout=subprocess.DEVNULL)
open(sys.argv[1], "w").write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024))
sys.exit(code)"""


def verdicts(program, work, cases):
    auth = os.path.join(work, "auth.json")
    with open(auth, "w") as f:
        json.dump({"auths": {HOST: {"auth": SECRET.split()[1]}}}, f)
    environment = dict(os.environ, REGISTRY_AUTH_FILE=auth, no_proxy="*")
    measured = os.path.join(work, "rss")
    done = subprocess.run([sys.executable, "-S", "-c", MEASURE, measured, program, "pull", "--progress", "json", "--retry", "3", "--retry-delay", "1ms", "--parallel", "8"]
                          + [c.reference for c in cases], env=environment, stderr=subprocess.PIPE, timeout=240)
    verdict = {}
    for line in done.stderr.decode().splitlines():
        event = json.loads(line) if line.startswith("{") else {}
        if event.get("event") == "image" and event["action"] in ("pulled", "error", "current"):
            verdict[event["name"]] = ("ok", "") if event["action"] == "pulled" else (event["action"], event["detail"])
        elif not event and not line.startswith("stack: pull '"):
            print("FAIL: unexpected:", line[:300])
    with open(measured) as f:
        return done.returncode, verdict, int(f.read())


def check_store(root, bad):
    for directory in ("images/blobs/sha256", "images/pull"):
        for name in os.listdir(os.path.join(root, directory)):
            with open(os.path.join(root, directory, name), "rb") as f:
                if not name.endswith(".part") and hashlib.sha256(f.read()).hexdigest() != name:
                    bad.append(f"{directory}/{name} has other content than its name says")
    left = glob.glob(root + "/images/tmp/*") + glob.glob(root + "/layers/.[!.]*")
    if left:
        bad.append(f"left behind: {left}")


def is_sanitized(program):
    """ASan keeps what was freed, so memory says nothing then."""
    with open(program, "rb") as f:
        return b"__asan_init" in f.read()


def main():
    program, work, names = sys.argv[1], sys.argv[2], sys.argv[3:]
    for make in (make_contents, make_breaks, make_statuses, make_redirects, make_documents, make_indexes, make_configs, make_authorizations):
        make()
    serve(HOST, Handler, False)
    serve(FOREIGN, Foreign, True)
    cases = [c for c in CASES.values() if not names or c.name in names]
    code, verdict, rss = verdicts(program, work, cases)
    bad = [] if code in (0, 1) else [f"exit status {code}"]
    for c in cases:
        what, detail = verdict.get(c.reference, ("nothing", ""))
        wanted = ("ok" in c.expect.split("|")) if what == "ok" else what == "error" and c.expect != "ok" and re.search(c.expect, detail)
        if not wanted:
            bad.append(f"{c.name}: expected {c.expect!r}, got {what}: {detail}")
    check_store(os.environ["STACK_ROOT"], bad)
    bad += [f"the foreign host got {path}: {headers}" for path, headers in foreign_secrets]
    bad += [f"a foreign url was asked for: {path}" for path in foreign_requests if "/urls/" in path]
    if os.path.exists("/tmp/escaped"):
        bad.append("/tmp/escaped was written")
    if rss > 64 and not is_sanitized(program):
        bad.append(f"it took {rss} MiB of memory")
    for line in bad:
        print("FAIL:", line[:400])
    print(f"{len(cases)} cases, {sum(1 for v in verdict.values() if v[0] == 'ok')} pulled, {rss} MiB")
    return bool(bad)


sys.exit(main())
