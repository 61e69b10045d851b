"""What the ctypes tests of the TTHSD library share: the library, servers, and a listener."""
import ctypes
import hashlib
import http.server
import json
import os
import re
import socketserver
import threading
import time

PATIENCE = 300  # s; only what hangs comes near it

CALLBACK = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_char_p)
SYMBOLS = """start_download get_downloader start_download_id start_multiple_downloads_id
    pause_download resume_download stop_download set_speed_limit set_proxy set_retry_config
    get_performance_stats free_string startDownload getDownloader startDownload_ID
    startMultipleDownloads_ID pauseDownload resumeDownload stopDownload""".split()


def load(path):
    library = ctypes.CDLL(path)
    for name in SYMBOLS:
        getattr(library, name)
    library.get_performance_stats.restype = ctypes.c_void_p
    library.free_string.argtypes = [ctypes.c_void_p]
    library.set_speed_limit.argtypes = [ctypes.c_int, ctypes.c_uint64]
    library.set_retry_config.argtypes = [
        ctypes.c_int, ctypes.c_uint32, ctypes.c_uint64, ctypes.c_uint64]
    return library


def received(library, number):
    text = library.get_performance_stats(number)
    total = json.loads(ctypes.string_at(text))["total_bytes"]
    library.free_string(text)
    return total


def wait_until(done, what="something"):
    deadline = time.monotonic() + PATIENCE
    while not done():
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} has not come about")
        time.sleep(0.002)


def pattern(size, seed=1):
    block = b"".join(hashlib.sha256(f"{seed} {i}".encode()).digest() for i in range(2048))
    return (block * (size // len(block) + 1))[:size]


class Listener:
    """A callback that keeps what it is told."""

    def __init__(self, also=None):
        self.told = []
        self.odd = []
        self.threads = set()
        self.inside = 0
        self.most_inside = 0
        self.also = also
        self.thunk = CALLBACK(self._call)

    def _call(self, event, msg):
        self.inside += 1
        self.most_inside = max(self.most_inside, self.inside)
        self.threads.add(threading.get_native_id())
        entry = (json.loads(event.decode()), json.loads(msg.decode()))
        if event.decode() != compact(entry[0]):
            self.odd.append(event)
        self.told.append(entry)
        try:
            if self.also:
                self.also(*entry)
        finally:
            self.inside -= 1

    def of(self, kind):
        return [e for e in list(self.told) if e[0]["Type"] == kind]

    def wait(self, kind, count=1):
        wait_until(lambda: len(self.of(kind)) >= count, f"{count} x {kind} in {self.told[-5:]}")


class Files(http.server.BaseHTTPRequestHandler):
    """Serves the server's `files`, with ranges; looks at its `gate`, `slow` and `refuse`."""
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def do_GET(self):
        with self.server.lock:
            self.server.serving += 1
        try:
            self.serve()
        finally:
            with self.server.lock:
                self.server.serving -= 1

    def serve(self):
        server = self.server
        with server.lock:
            server.requests.append((self.path, dict(self.headers.items())))
            refused = server.refuse.get(self.path, 0)
            if refused:
                server.refuse[self.path] = refused - 1
        body = server.files.get(self.path)
        if refused or body is None:
            self.send_response(503 if refused else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        first, last = 0, len(body) - 1
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked and body:
            first = int(asked[1])
            last = min(last, int(asked[2])) if asked[2] else last
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(body)}")
        else:
            self.send_response(200)
        self.send_header("ETag", '"one"')
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(last + 1 - first))
        self.end_headers()
        at = first
        while at <= last:
            server.gate.wait(PATIENCE)
            block = body[at:min(last + 1, at + (4096 if server.slow else 65536))]
            try:
                self.wfile.write(block)
            except OSError:
                self.close_connection = True
                return
            at += len(block)
            server.blocks += 1
            if server.slow:
                time.sleep(0.002)


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, handler=Files):
        super().__init__(("127.0.0.1", 0), handler)
        self.files = {}
        self.requests = []
        self.refuse = {}
        self.blocks = 0  # sent, or nearly
        self.serving = 0  # replies on their way
        self.slow = False
        self.gate = threading.Event()
        self.gate.set()
        self.lock = threading.Lock()
        self.base = f"http://127.0.0.1:{self.server_port}"
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def handle_error(self, request, client_address):
        pass

    def close(self):
        self.gate.set()
        self.shutdown()
        self.server_close()


def tasks_json(entries, dialect="snake"):
    keys = {"snake": ("url", "save_path", "show_name", "id"),
            "camel": ("URL", "SavePath", "ShowName", "ID")}[dialect]
    return json.dumps([{k: v for k, v in zip(keys, e) if v is not None} for e in entries],
                      ensure_ascii=False).encode()


def foreign_threads():
    """Threads of this process that are not Python's."""
    mine = {str(t.native_id) for t in threading.enumerate()}
    return set(os.listdir("/proc/self/task")) - mine


def resident():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def compact(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def golden(told, replace):
    """What was told, as text: of updates the first and the last of each task, without speeds."""
    last = {}
    for i, (event, _) in enumerate(told):
        if event["Type"] == "update":
            last[event["ID"]] = i
    first, lines = set(), []
    for i, (event, msg) in enumerate(told):
        if event["Type"] == "update":
            if event["ID"] in first and last[event["ID"]] != i:
                continue
            first.add(event["ID"])
            msg = {k: msg[k] for k in ("Total", "Downloaded")}
        line = compact(event) + " " + compact(msg)
        for what, name in replace.items():
            line = line.replace(what, name)
        lines.append(line)
    return "\n".join(lines) + "\n"
