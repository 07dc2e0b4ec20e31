#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A registry that images are pushed to, and which does something wrong, or unusual, in each repository.

Usage: push_mock.py GATE LOG      on 127.0.0.1:5020 for user:secret, on 127.0.0.1:5021 for nobody in particular

What it does in REPOSITORY is the function of that name below.  LOG gets a line for each request that the other
address, the foreign one, was sent a password with.  What was pushed whole is told by GET /pushed/REPOSITORY."""
import base64, hashlib, json, os, socket, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

GATE, LOG = sys.argv[1:]
OWN, FOREIGN = "127.0.0.1:5020", "127.0.0.1:5021"
SECRET = "Basic " + base64.b64encode(b"user:secret").decode()
blobs, manifests, counts = {}, {}, {}


def error(code, message):
    return json.dumps({"errors": [{"code": code, "message": message}]}).encode()


# --- the cases: (handler, step, how often this step was there before); True when they have answered -------------

def relative(h, step, n):
    return step == "open" and h.send(202, {"Location": f"/v2/relative/elsewhere/{n}?state=a%20b"})


def beside(h, step, n):
    return step == "open" and h.send(202, {"Location": f"{n}?"})


def nowhere(h, step, n):
    return step == "open" and h.send(202)


def long(h, step, n):
    return step == "open" and h.send(202, {"Location": "/v2/long/" + "x" * 9000})


def ftp(h, step, n):
    return step == "open" and h.send(202, {"Location": "ftp://127.0.0.1/x"})


def plain(h, step, n):
    return step == "open" and h.send(202, {"Location": "http://198.51.100.1/v2/plain/x"})


def password(h, step, n):
    return step == "open" and h.send(202, {"Location": f"http://user:secret@{FOREIGN}/v2/password/x"})


def foreign(h, step, n):
    return step == "open" and not h.foreign and h.send(202, {"Location": f"http://{FOREIGN}/v2/foreign/x?signed=yes"})


def foreignredirect(h, step, n):
    return step in ("look", "open", "send", "name") and not h.foreign and h.send(307, {"Location": f"http://{FOREIGN}{h.path}"})


def foreignasks(h, step, n):
    if h.foreign:
        return h.send(401, {"WWW-Authenticate": 'Basic realm="give me"'})
    return step == "open" and h.send(202, {"Location": f"http://{FOREIGN}/v2/foreignasks/x"})


def loop(h, step, n):
    return step == "send" and h.send(307, {"Location": h.path})


def otherblob(h, step, n):
    return step == "send" and h.read() and h.send(201, {"Docker-Content-Digest": "sha256:" + "0" * 64})


def othermanifest(h, step, n):
    return step == "name" and h.read() and h.send(201, {"Docker-Content-Digest": "sha256:" + "0" * 64})


def busy(h, step, n):
    return step in ("open", "name") and n == 0 and (h.read() or True) and h.send(429 if step == "open" else 503, {"Retry-After": "0"})


def alwaysbusy(h, step, n):
    return step == "open" and h.send(503, body=error("UNAVAILABLE", "back at noon"))


def lost(h, step, n):
    return step == "send" and n == 0 and h.read() and h.send(404, body=error("BLOB_UPLOAD_UNKNOWN", "unknown"))


def broken(h, step, n):
    return step == "send" and n < 2 and h.hang_up()


def alwaysbroken(h, step, n):
    return step == "send" and h.hang_up()


def hasit(h, step, n):
    """It breaks off although it has all: the next look finds the blob."""
    return step == "send" and n == 0 and h.keep(h.digest(), h.read()) and h.hang_up(0)


def early(h, step, n):
    return step == "send" and h.send(413, body=error("SIZE_INVALID", "too much"))


def denied(h, step, n):
    return step == "open" and h.send(403, body=error("DENIED", "not \x1b[31mhere\n"))


def invalid(h, step, n):
    return step == "open" and h.send(400, body=error("NAME_INVALID", "x" * 5000))


def onlycode(h, step, n):
    return step == "open" and h.send(405, body=error("UNSUPPORTED", ""))


def page(h, step, n):
    return step == "open" and h.send(400, body=b"<html>" * 1000000)


def notjson(h, step, n):
    return step == "open" and h.send(400, body=b'{"errors": [[]], "x": "\xff"}')


def created(h, step, n):
    return step == "open" and h.send(201)


def liar(h, step, n):
    return step == "look" and h.send(200)


def stuck(h, step, n):
    while step == "send" and not os.path.exists(GATE):
        time.sleep(0.02)


# --- the registry -----------------------------------------------------------------------------------------------

class Registry(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def handle(self):
        if self.connection.recv(1, socket.MSG_PEEK) != b"\x16":  # no TLS here
            super().handle()

    @property
    def foreign(self):
        return self.server.server_port == 5021

    def digest(self):
        return parse_qs(urlsplit(self.path).query).get("digest", [""])[0]

    def read(self):
        return self.rfile.read(int(self.headers.get("Content-Length", "0")))

    def keep(self, digest, data):
        if digest != "sha256:" + hashlib.sha256(data).hexdigest():
            return False
        blobs[self.repository, digest] = data
        return True

    def hang_up(self, after=1):
        self.rfile.read(after)
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)
        return True

    def send(self, code, headers=None, body=b""):
        self.send_response(code)
        for key, value in (headers or {}).items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        if int(self.headers.get("Content-Length", "0")) and code in (307, 401, 413):
            self.close_connection = True  # its body was not read
        return True

    def step(self):
        what = self.path.split("/")[3:]
        if what[0] == "manifests":
            return "ask" if self.command == "HEAD" else "name"
        return {"HEAD": "look", "POST": "open", "PUT": "send"}[self.command]

    def answer(self):
        if self.path.startswith("/pushed/"):
            repository = self.path[len("/pushed/"):]
            whole = [all((repository, part["digest"]) in blobs for part in json.loads(text)["layers"] + [json.loads(text)["config"]])
                     for (where, _), text in manifests.items() if where == repository]
            return self.send(200, body=b"whole" if whole and all(whole) else b"")
        self.repository = self.path.split("/")[2]
        if self.foreign and "Authorization" in self.headers:
            with open(LOG, "a") as f:
                f.write(f"{self.command} {self.path}\n")
        if not self.foreign and self.headers.get("Authorization") != SECRET:
            return self.send(401, {"WWW-Authenticate": 'Basic realm="mock"'})
        step, act = self.step(), globals().get(self.repository)
        n = counts[self.repository, step] = counts.get((self.repository, step), -1) + 1
        return (act and act(self, step, n)) or self.do(step)

    def do(self, step):
        if step == "ask":
            return self.send(404)
        if step == "look":
            return self.send(200 if (self.repository, self.path.split("/")[4]) in blobs else 404)
        if step == "open":
            return self.send(202, {"Location": f"http://{self.headers['Host']}/v2/{self.repository}/blobs/uploads/{time.monotonic_ns()}?_state=x"})
        if step == "send":
            good = self.keep(self.digest(), self.read())
            return self.send(201 if good else 400, {"Docker-Content-Digest": self.digest()} if good else {}, b"" if good else error("DIGEST_INVALID", "digest"))
        text = self.read()
        parts = json.loads(text)["layers"] + [json.loads(text)["config"]]
        if not all((self.repository, part["digest"]) in blobs for part in parts) or self.headers["Content-Type"] != json.loads(text)["mediaType"]:
            return self.send(400, body=error("MANIFEST_BLOB_UNKNOWN", "blob unknown to registry"))
        manifests[self.repository, self.path.split("/")[4]] = text
        return self.send(201, {"Docker-Content-Digest": "sha256:" + hashlib.sha256(text).hexdigest()})

    def do_GET(self):
        try:
            self.answer()
        except (ConnectionError, ValueError):  # ValueError: we have closed it
            self.close_connection = True

    do_HEAD = do_POST = do_PUT = do_GET


for address in (OWN, FOREIGN):
    server = ThreadingHTTPServer(("127.0.0.1", int(address.split(":")[1])), Registry)
    server.daemon_threads, server.handle_error = True, lambda *args: None
    threading.Thread(target=server.serve_forever, daemon=address != OWN).start()
