#!/usr/bin/env python3
"""Runs the shell examples of the documentation.

usage: shell_test.py BUILD [PAGE...]

Each block of ```sh that is not marked as not run is run by `sh -eu`, in a folder that looks like the
checkout: with links to its files, and to BUILD as build/release. The programs of BUILD/examples are in
the PATH. A server that has a file at every path is $ORIGIN, and, as a proxy for http, every other host.
For pages that need it a hauld in extended mode has just been started: $HAULD is its address.
"""
import http.server
import os
import pathlib
import socketserver
import subprocess
import sys
import tempfile
import threading

import markdown

ROOT = markdown.ROOT
PATIENCE = 120  # seconds, for a page

# The pages whose blocks are run; tests/docs/pages.py looks here too.
HAULD, PLAIN = "with a hauld", "without"
PAGES = {
    "docs/batch-api.md": HAULD,
    "docs/bbdown.md": HAULD,
    "docs/packages.md": PLAIN,
    "docs/tutorial.md": PLAIN,
}


class Origin(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        path = self.path
        if path.startswith("http://"):  # asked as a proxy
            path = "/" + path.split("/", 3)[3]
        body = (path * 1000).encode()
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


def make_checkout(folder, build):
    folder.mkdir()
    for entry in ROOT.iterdir():
        if not entry.name.startswith((".", "build")):
            (folder / entry.name).symlink_to(entry)
    (folder / "build").mkdir()
    (folder / "build/release").symlink_to(build)


def run_page(page, blocks, build, environment):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        make_checkout(folder / "haul", build)
        hauld = None
        try:
            if PAGES[page] == HAULD:
                hauld = subprocess.Popen(
                    [build / "examples/hauld", "--listen", "http://127.0.0.1:0", "--root",
                     folder / "root", "--db", folder / "db", "--extended"],
                    stdout=subprocess.PIPE, text=True,
                    env={k: v for k, v in environment.items() if not k.endswith("_proxy")})
                environment = {**environment, "HAULD": hauld.stdout.readline().strip()}
            # One shell for a page: later examples use what earlier ones have set.
            done = subprocess.run(["sh", "-eu", "-c", "set -x\n" + "\n".join(b.text for b in blocks)],
                                  env=environment, text=True, cwd=folder / "haul",
                                  stdin=subprocess.DEVNULL, timeout=PATIENCE,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            if done.returncode != 0:
                sys.exit(f"shell_test: {page}: {done.returncode}\n{done.stdout}")
        finally:
            if hauld:
                hauld.terminate()
                hauld.wait(PATIENCE)


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    server = OriginServer(("127.0.0.1", 0), Origin)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    environment["ORIGIN"] = environment["http_proxy"] = f"http://127.0.0.1:{server.server_port}"
    environment["no_proxy"] = "127.0.0.1"
    environment["PATH"] = f"{build}/examples:{build}/examples/tutorial:{environment['PATH']}"
    run = 0
    for page in sys.argv[2:] or PAGES:
        blocks = [b for b in markdown.blocks(page, (ROOT / page).read_text(encoding="utf-8"))
                  if b.language == "sh" and not b.mark.startswith("not run: ")]
        if not blocks:
            sys.exit(f"shell_test: {page} has no ```sh to be run")
        run_page(page, blocks, build, environment)
        run += len(blocks)
    print(f"shell_test: {run} examples have run")


if __name__ == "__main__":
    main()
