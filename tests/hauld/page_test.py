#!/usr/bin/env python3
"""Drives the page of hauld in a headless Chromium, by WebDriver.

usage: page_test.py HAULD [FOLDER]     FOLDER: where screenshots go, if they are wanted
"""
import base64
import http.server
import json
import os
import pathlib
import re
import signal
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

PATIENCE = 60  # seconds: against hanging, on a busy machine


class Origin(http.server.BaseHTTPRequestHandler):
    """/RATE/SIZE/NAME, in KiB a second and KiB."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def do_GET(self):
        asked = re.fullmatch(r"/(\d+)/(\d+)/.+", self.path)
        if not asked:
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        rate, size = int(asked[1]) * 1024, int(asked[2]) * 1024
        first, last = 0, size - 1
        part = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if part:
            first = int(part[1])
            last = int(part[2]) if part[2] else last
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        else:
            self.send_response(200)
        self.send_header("ETag", '"v"')
        self.send_header("Content-Length", str(last - first + 1))
        self.end_headers()
        left = last - first + 1
        try:
            while left > 0:
                block = min(left, max(1024, rate // 20))
                self.wfile.write(b"x" * block)
                left -= block
                time.sleep(block / rate)
        except OSError:
            pass


class OriginServer(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


def wait_for(what, check):
    until = time.monotonic() + PATIENCE
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > until:
            sys.exit(f"page_test: waited in vain for: {what}")
        time.sleep(0.05)


class Hauld:
    started = []

    def __init__(self, command, folder, *more):
        folder = pathlib.Path(folder)
        self.process = subprocess.Popen(
            [command, "--listen", "http://127.0.0.1:0", "--root", folder / "root", "--db",
             folder / "db", *more], stdout=subprocess.PIPE, text=True)
        Hauld.started.append(self.process)
        self.url = self.process.stdout.readline().strip()

    def end(self):
        self.process.terminate()
        code = self.process.wait(PATIENCE)
        if code != 0:
            sys.exit(f"page_test: hauld ended with {code}")


class Browser:
    def __init__(self, profile, language="en-US"):
        self.driver = subprocess.Popen(["chromedriver", "--port=0", "--log-level=SEVERE"],
                                       stdout=subprocess.PIPE, text=True, start_new_session=True)
        for line in self.driver.stdout:
            if found := re.search(r"started successfully on port (\d+)", line):
                self.base = f"http://127.0.0.1:{found[1]}"
                break
        options = {"args": ["--headless=new", "--no-sandbox", "--disable-gpu",
                            "--disable-dev-shm-usage", f"--user-data-dir={profile}",
                            f"--lang={language}", f"--accept-lang={language}"]}
        self.base += "/session/" + self.call("", {"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}},
            "/session")["sessionId"]

    def call(self, path, body=None, start=""):
        request = urllib.request.Request(
            self.base + start + path, method="GET" if body is None else "POST",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json"})
        no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with no_proxy.open(request, timeout=2 * PATIENCE) as reply:
            return json.load(reply)["value"]

    def open(self, url):
        self.call("/url", {"url": url})

    def run(self, script, *args):
        return self.call("/execute/sync", {"script": script, "args": list(args)})

    def element(self, css):
        found = self.call("/element", {"using": "css selector", "value": css})
        return next(iter(found.values()))

    def click(self, css):
        self.call(f"/element/{self.element(css)}/click", {})

    def type(self, css, text):
        self.call(f"/element/{self.element(css)}/value", {"text": text})

    def device(self, width, height, scheme):
        self.call("/goog/cdp/execute", {
            "cmd": "Emulation.setDeviceMetricsOverride",
            "params": {"width": width, "height": height, "deviceScaleFactor": 1,
                       "mobile": width < 500}})
        self.call("/goog/cdp/execute", {
            "cmd": "Emulation.setEmulatedMedia",
            "params": {"features": [{"name": "prefers-color-scheme", "value": scheme}]}})

    def screenshot(self, path):
        pathlib.Path(path).write_bytes(base64.b64decode(self.call("/screenshot")))

    def problems(self):
        return [entry["message"] for entry in self.call("/se/log", {"type": "browser"})
                if entry["level"] == "SEVERE"]

    def end(self):
        try:
            request = urllib.request.Request(self.base, method="DELETE")
            urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=PATIENCE)
        finally:
            os.killpg(self.driver.pid, signal.SIGTERM)
            self.driver.wait(PATIENCE)


# The row of a name: its state and its share; null when there is none.
ROW = """
const row = [...document.querySelectorAll(".row")]
  .find(r => r.querySelector(".name").textContent === arguments[0]);
if (!row) return null;
const at = row.querySelector(".track").getAttribute("aria-valuenow");
return {state: row.classList[1], at: Number(at), facts: row.querySelector(".facts").textContent,
        error: row.querySelector(".error").textContent};
"""
PRESS = """
const row = [...document.querySelectorAll(".row")]
  .find(r => r.querySelector(".name").textContent === arguments[0]);
const button = row && row.querySelector("." + arguments[1]);
if (!button || button.hidden || button.disabled) return false;
button.click();
return true;
"""


def check(good, what):
    if not good:
        sys.exit(f"page_test: not so: {what}")


def watch(page, hauld, origin, shots):
    def row(name):
        return page.run(ROW, name)

    def state(name, wanted):
        return wait_for(f"{name} {wanted}", lambda: (row(name) or {}).get("state") == wanted)

    def press(name, what):
        wait_for(f"button {what} of {name}", lambda: page.run(PRESS, name, what))

    page.open(hauld.url + "/ui/")
    wait_for("a connection", lambda: page.run("return document.querySelector('#link.live') !== null"))
    check(page.run("return document.querySelector('#empty').textContent").startswith("Nothing"),
          "an empty list says so")

    page.type("#urls", f"{origin}/100/4000/slow.bin")
    page.click("#add button[type=submit]")
    state("slow.bin", "downloading")
    begin = wait_for("the bar", lambda: (row("slow.bin") or {}).get("at"))
    wait_for("the bar to move", lambda: row("slow.bin")["at"] > begin)
    wait_for("a speed and a time", lambda: re.search(r"KiB/s.*left", row("slow.bin")["facts"]))
    check(page.run("return document.querySelector('#urls').value") == "", "what is added is cleared")

    press("slow.bin", "pause")
    state("slow.bin", "paused")
    page.open(hauld.url + "/ui/")
    state("slow.bin", "paused")
    press("slow.bin", "resume")
    state("slow.bin", "downloading")

    # A list, of which one cannot be, and one has a name that must not become markup.
    page.type("#urls", "\n".join([f"{origin}/9000/20/quick.bin", "nonsense",
                                  f"{origin}/9000/20/<img>&amp;.bin", f"{origin}/none",
                                  f"{origin}/50/9000/other.bin 另一个文件.bin"]))
    page.type("#folder", "some/folder")
    page.click("#add button[type=submit]")
    state("quick.bin", "completed")
    state("none", "failed")
    check("404" in row("none")["error"], "an error is told")
    state("另一个文件.bin", "downloading")
    check(page.run("return document.querySelectorAll('.row img').length") == 0, "text is text")
    check(page.run("return document.querySelector('#urls').value") == "nonsense",
          "what was refused stays")
    check("nonsense" in page.run("return document.querySelector('#told').textContent"),
          "what was refused is told")

    # By keyboard: from the list of filters into the rows.
    page.run("document.querySelector('#filter-done').focus()")
    page.call("/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": [
        {"type": "keyDown", "value": "\ue007"}, {"type": "keyUp", "value": "\ue007"}]}]})
    shown = "return [...document.querySelectorAll('.row')].filter(r => !r.hidden).length"
    wait_for("the filter", lambda: 1 <= page.run(shown) <= 2)
    page.click("#filter-all")

    for width, height, device in ((1100, 800, "desktop"), (390, 844, "phone")):
        for scheme in ("light", "dark"):
            page.device(width, height, scheme)
            check(page.run("return document.documentElement.scrollWidth <= innerWidth"),
                  f"nothing is cut off at {width} pixels")
            if shots:
                time.sleep(0.5)
                page.screenshot(shots / f"{device}-{scheme}.png")

    press("slow.bin", "cancel")
    state("slow.bin", "cancelled")
    page.click("#pauseAll")
    state("另一个文件.bin", "paused")
    press("另一个文件.bin", "cancel")
    state("另一个文件.bin", "cancelled")
    page.open(hauld.url + "/ui/")
    state("slow.bin", "cancelled")
    state("quick.bin", "completed")
    problems = page.problems()
    check(problems == [], f"the console is empty: {problems}")


def enter(page, hauld):
    page.open(hauld.url + "/ui/")
    asked = "return document.querySelector('#login').open"
    live = "return document.querySelector('#link.live') !== null"
    wait_for("the question for the token", lambda: page.run(asked))
    page.type("#token", "wrong")
    page.click("#login button")
    wait_for("the question again", lambda: page.run(
        "return document.querySelector('#login').open && "
        "document.querySelector('#wrong').textContent !== ''"))
    check(not page.run(live), "no way in with a wrong token")
    page.type("#token", "s3cret")
    page.click("#login button")
    wait_for("a connection", lambda: page.run(live))
    page.open(hauld.url + "/ui/")
    wait_for("a connection again", lambda: page.run(live))


def main():
    command = sys.argv[1]
    shots = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            del os.environ[name]
    server = OriginServer(("127.0.0.1", 0), Origin)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    origin = f"http://127.0.0.1:{server.server_port}"
    try:
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            page = Browser(folder + "/profile")
            try:
                hauld = Hauld(command, folder + "/open")
                watch(page, hauld, origin, shots)
                hauld.end()
                guarded = Hauld(command, folder + "/guarded", "--token", "s3cret")
                enter(page, guarded)
                guarded.end()
            finally:
                page.end()
            page = Browser(folder + "/chinese", "zh-CN")
            try:
                hauld = Hauld(command, folder + "/zh")
                page.open(hauld.url + "/ui/")
                check(page.run("return document.documentElement.lang") == "zh-CN", "Chinese is spoken")
                check(page.run("return document.querySelector('#add button').textContent") == "添加",
                      "buttons are Chinese")
                if shots:
                    page.screenshot(shots / "chinese.png")
                hauld.end()
            finally:
                page.end()
    finally:
        for process in Hauld.started:
            process.kill()
    print("page_test: all is well")


main()
