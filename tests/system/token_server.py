#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A token server for docker-registry, and a relay that can stand still.

Usage: token_server.py ADDRESS PORT KEY CERTIFICATE LOG      tokens for user:secret, or refresh token "refresh";
                                                             the repository "readonly" nobody may push to
       token_server.py relay PORT TO_PORT BYTES GATE         passes BYTES back to each client, the rest once the
                                                             file GATE is there"""
import base64, json, os, select, socket, subprocess, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

PASSWORD = "Basic " + base64.b64encode(b"user:secret").decode()


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(key, certificate, service, scope):
    """distribution: docs/spec/auth/jwt.md"""
    body = "".join(open(certificate).read().split("-----")[2].split())
    name, actions = scope.split(":")[1:3] if scope.count(":") >= 2 else ("", "")
    granted = [action for action in actions.split(",") if action == "pull" or name != "readonly"]
    now = int(time.time())
    parts = [{"typ": "JWT", "alg": "RS256", "x5c": [body]},
             {"iss": "tests", "sub": "user", "aud": service, "exp": now + 300, "nbf": now - 10, "iat": now, "jti": str(now),
              "access": [{"type": "repository", "name": name, "actions": granted}] if name else []}]
    text = ".".join(b64(json.dumps(part).encode()) for part in parts)
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key], input=text.encode(), stdout=subprocess.PIPE, check=True).stdout
    return f"{text}.{b64(signature)}"


class Tokens(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, query, good):
        _, _, key, certificate, log = sys.argv[1:]
        with open(log, "a") as f:
            f.write(f"{self.command} {query.get('scope', [''])[0]} {'good' if good else 'bad'}\n")
        body = json.dumps({"token": token(key, certificate, query.get("service", [""])[0], query.get("scope", [""])[0])} if good else {}).encode()
        self.send_response(200 if good else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(parse_qs(urlsplit(self.path).query), self.headers.get("Authorization") == PASSWORD)

    def do_POST(self):
        query = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.answer(query, query.get("refresh_token") == ["refresh"])


def relay_one(client, to_port, limit, gate):
    server = socket.create_connection(("127.0.0.1", to_port))
    while True:
        held = limit <= 0 and not os.path.exists(gate)
        ready, _, _ = select.select([client] + ([] if held else [server]), [], [], 0.05 if held else None)
        for end in ready:
            data = end.recv(65536 if end is client or limit <= 0 else min(limit, 65536))
            if not data:
                client.close()
                server.close()
                return
            if end is server:
                limit -= len(data)
            (server if end is client else client).sendall(data)


def relay(port, to_port, limit, gate):
    listener = socket.create_server(("127.0.0.1", port))
    while True:
        client, _ = listener.accept()
        threading.Thread(target=relay_one, args=(client, to_port, limit, gate), daemon=True).start()


if sys.argv[1] == "relay":
    relay(int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), sys.argv[5])
else:
    ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Tokens).serve_forever()
