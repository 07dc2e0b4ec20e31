#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Files over TLS, and who has asked for them.

Usage: tls_files.py PORT KEY CERTIFICATE CLIENT_CA DIRECTORY LOG

A client may show a certificate or not.  LOG gets a line for each request: the common name in its
certificate, or "-", and the path."""
import functools, http.server, ssl, sys

port, key, certificate, client_ca, directory, log = sys.argv[1:]


class Files(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        subject = dict(part[0] for part in (self.connection.getpeercert() or {}).get("subject", ()))
        with open(log, "a") as f:
            f.write(f"{subject.get('commonName', '-')} {self.path}\n")
        super().do_GET()


context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
context.load_verify_locations(client_ca)
context.verify_mode = ssl.CERT_OPTIONAL
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), functools.partial(Files, directory=directory))
server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
