#!/usr/bin/env python3
"""An OTLP endpoint that counts the spans it is sent.

    otlp_receiver.py FILE

listens on a free port of 127.0.0.1, which it writes to FILE. GET tells the number of spans so far.
"""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock

spans = 0
lock = Lock()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        global spans
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        came = sum(
            len(scope["spans"]) for resource in body["resourceSpans"] for scope in resource["scopeSpans"]
        )
        with lock:
            spans += came
        self.answer("{}")

    def do_GET(self):
        self.answer(str(spans))

    def answer(self, text):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(sys.argv[1], "w", encoding="ascii") as file:
    file.write(f"{server.server_port}\n")
server.serve_forever()
