# SPDX-License-Identifier: GPL-2.0-or-later
"""Exit status 0 when the app answers."""
import http.client

connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=2)
connection.request("GET", "/healthz")
raise SystemExit(connection.getresponse().status != 200)
