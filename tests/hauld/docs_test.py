#!/usr/bin/env python3
"""Runs the examples of a page of the documentation against a hauld that has just been started.

usage: docs_test.py HAULD PAGE.md...

Each block of ```sh is run by `sh -eu`, in an empty folder, with $HAULD, the address of a hauld in
extended mode, and $ORIGIN, that of a server that has a file at every path.
"""
import http.server
import os
import pathlib
import re
import socketserver
import subprocess
import sys
import tempfile
import threading

PATIENCE = 120  # seconds, for a page


class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        body = (self.path * 1000).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()


class OriginServer(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


def blocks_of(page):
    text = pathlib.Path(page).read_text()
    return [b[1] for b in re.finditer(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)]


def main():
    command, pages = sys.argv[1], sys.argv[2:]
    environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    server = OriginServer(("127.0.0.1", 0), Origin)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment["ORIGIN"] = f"http://127.0.0.1:{server.server_port}"
    run = 0
    for page in pages:
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "work").mkdir()
            hauld = subprocess.Popen(
                [command, "--listen", "http://127.0.0.1:0", "--root", folder / "root", "--db",
                 folder / "db", "--extended"], stdout=subprocess.PIPE, text=True, env=environment)
            try:
                environment["HAULD"] = hauld.stdout.readline().strip()
                blocks = blocks_of(page)
                if not blocks:
                    sys.exit(f"docs_test: {page} has no ```sh")
                # One shell for a page: later examples use what earlier ones have set.
                done = subprocess.run(["sh", "-eu", "-c", "set -x\n" + "\n".join(blocks)],
                                      env=environment, text=True, cwd=folder / "work",
                                      timeout=PATIENCE, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT)
                if done.returncode != 0:
                    sys.exit(f"docs_test: {page}: {done.returncode}\n{done.stdout}")
                run += len(blocks)
            finally:
                hauld.terminate()
                hauld.wait(PATIENCE)
    print(f"docs_test: {run} examples have run")


main()
