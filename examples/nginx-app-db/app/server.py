# SPDX-License-Identifier: GPL-2.0-or-later
"""Counts visits in the database and says which container answered."""
import html
import os
import signal
import socket
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import psycopg2

PAGE = """<!doctype html>
<title>stack</title>
<h1>It works</h1>
<p>Visit number <b id="visits">{visits}</b>, counted in the database <code>{database}</code>.</p>
<p>Answered by the container <code id="container">{container}</code> for <code>{client}</code>.</p>
"""


def connect():
    return psycopg2.connect(
        host=os.environ["DB_HOST"],
        dbname=os.environ["DB_NAME"],
        user=os.environ["DB_USER"],
        password=os.environ["DB_PASSWORD"],
        connect_timeout=3,
    )


def with_cursor(work):
    connection = connect()
    try:
        with connection, connection.cursor() as cursor:
            return work(cursor)
    finally:
        connection.close()


def make_table(cursor):
    cursor.execute("CREATE TABLE IF NOT EXISTS visit (n bigint NOT NULL)")
    cursor.execute("INSERT INTO visit SELECT 0 WHERE NOT EXISTS (SELECT FROM visit)")


def count(cursor):
    cursor.execute("UPDATE visit SET n = n + 1 RETURNING n")
    return cursor.fetchone()[0]


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/healthz":
            return self.answer(200, "ok\n", "text/plain")
        if self.path != "/":
            return self.answer(404, "nothing here\n", "text/plain")
        try:
            visits = with_cursor(count)
        except psycopg2.Error as error:
            return self.answer(503, f"the database does not answer: {error}\n", "text/plain")
        page = PAGE.format(
            visits=visits,
            database=html.escape(os.environ["DB_NAME"]),
            container=html.escape(socket.gethostname()),
            client=html.escape(self.headers.get("X-Forwarded-For", self.client_address[0])),
        )
        return self.answer(200, page, "text/html; charset=utf-8")

    def answer(self, status, text, kind):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
with_cursor(make_table)
print("serving on port 8000", flush=True)
ThreadingHTTPServer(("", 8000), Handler).serve_forever()
