"""Runs each scenario in interleaved rounds and prints a table; see run.sh.

Each run is a program in a process of its own: wall time, CPU time (user and system) and peak memory
are those that the kernel counts for it and its children. Every file is compared with its source.
"""

import argparse
import hashlib
import json
import os
import pathlib
import platform
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from fresh_disk import FreshDisk
import weather

GIB = 1 << 30


class Bench:
    def __init__(self, options):
        self.options = options
        self.build = pathlib.Path(options.build).resolve()
        self.haul = str(self.build / "examples" / "haul")
        self.large = str(self.build / "benchmarks" / "large_loop")
        self.list = str(self.build / "benchmarks" / "list_loop")
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="haul-bench-", dir=options.dir))
        self.www = self.dir / "www"
        self.out = self.dir / "out"
        self.www.mkdir()
        self.ca = self.dir / "ca.pem"
        self.disk = FreshDisk(self.dir / "disk")
        self.nginx = self.launcher = None
        self.runs = 0
        self.failed = False

    # What the server gives.

    def make_file(self, name, size):
        path = self.www / name
        if path.exists():
            return
        block = random.Random(7).randbytes(1 << 20)
        with open(path, "wb") as f:
            for i in range(size >> 20):
                # No two blocks are alike: a block in a wrong place is a wrong file.
                f.write(i.to_bytes(8, "little") + block[8:])

    def make_list(self, count, size):
        folder = self.www / "list"
        if folder.exists():
            return
        folder.mkdir()
        for i in range(count):
            (folder / str(i)).write_bytes(random.Random(i).randbytes(size))

    def make_certificates(self):
        def run(*args):
            subprocess.run(["openssl", *args], cwd=self.dir, check=True, capture_output=True)

        run("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-days", "2", "-subj", "/CN=bench", "-keyout", "ca.key", "-out", "ca.pem")
        run("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "request.pem")
        (self.dir / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        run("x509", "-req", "-in", "request.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "2",
            "-CAcreateserial", "-extfile", "names", "-out", "cert.pem")

    def start(self):
        self.make_certificates()
        self.port, self.tls_port, self.slow_port, self.crawl_port, self.crawl_tls = free_ports(5)
        tls = (f"ssl_certificate {self.dir}/cert.pem; ssl_certificate_key {self.dir}/key.pem; "
               "ssl_protocols TLSv1.3;")
        (self.dir / "nginx.conf").write_text(f"""
daemon off; worker_processes 1; pid {self.dir}/pid; error_log {self.dir}/error.log;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 10000000;
  client_body_temp_path {self.dir}; proxy_temp_path {self.dir}; fastcgi_temp_path {self.dir};
  uwsgi_temp_path {self.dir}; scgi_temp_path {self.dir};
  root {self.www};
  server {{ listen 127.0.0.1:{self.port}; }}
  server {{ listen 127.0.0.1:{self.tls_port} ssl; {tls} }}
  server {{ listen 127.0.0.1:{self.slow_port}; limit_rate 8m; }}
  server {{ listen 127.0.0.1:{self.crawl_port}; limit_rate 1k; }}
  server {{ listen 127.0.0.1:{self.crawl_tls} ssl; {tls} limit_rate 1k; }}
}}
""")
        os.chmod(self.dir, 0o755)
        self.nginx = subprocess.Popen(["nginx", "-p", f"{self.dir}/", "-e", f"{self.dir}/error.log",
                                       "-c", f"{self.dir}/nginx.conf"])
        launch = pathlib.Path(__file__).with_name("launch.py")
        self.launcher = subprocess.Popen([sys.executable, "-S", "-E", launch], text=True,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for _ in range(200):
            if can_connect(self.port) and can_connect(self.tls_port):
                return
            time.sleep(0.05)
        sys.exit("benchmarks: nginx does not answer")

    def stop(self):
        if self.launcher:
            self.launcher.stdin.close()
            self.launcher.wait()
        if self.nginx:
            self.nginx.terminate()
            self.nginx.wait()
        self.disk.end()
        shutil.rmtree(self.dir, ignore_errors=True)

    def url(self, tls, port=None):
        return f"https://localhost:{port or self.tls_port}" if tls else \
            f"http://127.0.0.1:{port or self.port}"

    # One run.

    def fresh_folder(self, many=False):
        """For `many` files it is on a disk of its own; where there is none, the files of earlier runs
        are left until the end, since to remove them would slow the next one down."""
        own_disk = many and self.disk.renew()
        if not many:
            shutil.rmtree(self.out, ignore_errors=True)
        self.runs += 1
        self.out = (self.disk.folder if own_disk else self.dir) / f"out{self.runs}"
        self.out.mkdir()

    def measure(self, command, check, limit, many=False):
        self.fresh_folder(many)
        os.sync()
        self.launcher.stdin.write(json.dumps([command, str(self.out), limit]) + "\n")
        self.launcher.stdin.flush()
        status, wall, cpu, peak = json.loads(self.launcher.stdout.readline())
        right = status == 0 and check()
        return wall, cpu, peak, right

    def same_file(self, name):
        want = self.digest(self.www / name)
        return lambda: self.digest(self.out / name) == want

    def digest(self, path):
        if not path.exists():
            return None
        with open(path, "rb") as f:
            return hashlib.file_digest(f, "blake2b").hexdigest() if hasattr(hashlib, "file_digest") \
                else digest_of(f)

    def same_list(self, count):
        def check():
            for i in range(count):
                path = self.out / str(i)
                if not path.exists() or path.read_bytes() != \
                        (self.www / "list" / str(i)).read_bytes():
                    return False
            return True
        return check

    def compare(self, title, commands, check, size, rounds, limit=600, before=None, many=False):
        """Runs all commands in each round, in another order each time."""
        print(f"\n### {title}\n")
        found = {name: [] for name in commands}
        for _ in range(rounds):
            names = list(commands)
            random.shuffle(names)
            for name in names:
                if before:
                    before()
                found[name].append(self.measure(commands[name], check, limit, many))
        rows = {}
        for name, runs in found.items():
            good = [r for r in runs if r[3]]
            if len(good) < len(runs):
                self.failed = self.failed or name.startswith("haul")
            rows[name] = [statistics.median(r[i] for r in good) for i in range(3)] if good else None
        base = next((rows[n] for n in rows if n.startswith("loop")), None)
        others = [rows[n] for n in rows if not n.startswith(("loop", "haul")) and rows[n]]
        best = [min(o[i] for o in others) for i in range(3)] if others else None
        unit = "CPU s/GiB" if size else "CPU s"
        print(f"| | wall s | {unit} | peak MiB | wall, CPU to loop | wall, CPU to best other |")
        print("|---|---|---|---|---|---|")
        for name, row in rows.items():
            if not row:
                print(f"| {name} | failed | | | | |")
                continue
            cpu = row[1] * GIB / size if size else row[1]
            print(f"| {name} | {row[0]:.2f} | {cpu:.2f} | {row[2]:.0f} | {ratios(row, base)} | "
                  f"{ratios(row, best)} |")
        sys.stdout.flush()
        return rows

    # The scenarios.

    def tools(self, url, connections):
        """haul and the others, each with its best settings for one large file."""
        n, ca = str(connections), str(self.ca)
        insecure = ["--insecure"] if url.startswith("https") else []
        commands = {
            "haul": [self.haul, "-q", "--cacert", ca, "-x", n, url],
            "aria2": ["aria2c", "-q", f"--ca-certificate={ca}", "-x", n, "-s", n, "-k", "1M",
                      "--file-allocation=falloc", "--disk-cache=64M", url],
            "axel": ["axel", "-q", "-n", n, *insecure, url],
            "lftp": ["lftp", "-c", f"set ssl:ca-file {ca}; set net:socket-buffer 1048576; "
                     f"set xfer:buffer-size 1048576; " +
                     (f"pget -n {n} {url}" if connections > 1 else f"get {url}")],
        }
        if connections == 1:
            commands["curl"] = ["curl", "-s", "--cacert", ca, "-O", url]
            commands["wget2"] = ["wget2", "-q", f"--ca-certificate={ca}", url]
        else:
            commands["wget2"] = ["wget2", "-q", f"--ca-certificate={ca}", "--chunk-size=16M",
                                 f"--max-threads={n}", url]
        return commands

    def one_file(self, tls, connections):
        size = self.options.mib << 20
        self.make_file("large", size)
        url, n = self.url(tls) + "/large", str(connections)
        ca = str(self.ca)
        commands = {"loop": [self.large, url, "large", n, ca], **self.tools(url, connections)}
        kind = "TLS 1.3" if tls else "plain"
        self.compare(f"{self.options.mib} MiB, {kind}, {n} connection{'s' if connections > 1 else ''}",
                     commands, self.same_file("large"), size, self.options.rounds)

    def io_uring(self):
        """What writes through io_uring would gain: the loop, and the same with such writes."""
        size = self.options.mib << 20
        self.make_file("large", size)
        program, ca = str(self.build / "benchmarks" / "uring_loop"), str(self.ca)
        for tls in (False, True):
            url = self.url(tls) + "/large"
            self.compare(f"{self.options.mib} MiB, {'TLS 1.3' if tls else 'plain'}, writes by pwrite "
                         "and through io_uring",
                         {"loop": [self.large, url, "large", "1", ca],
                          "io_uring": [program, url, "large", ca]},
                         self.same_file("large"), size, self.options.rounds)

    def small_files(self, tls):
        count, size, n = self.options.files, 16384, "16"
        self.make_list(count, size)
        base = self.url(tls) + "/list/"
        ca = str(self.ca)
        urls = self.dir / "urls"
        urls.write_text("".join(f"{base}{i}\n" for i in range(count)))
        config = self.dir / "curl.conf"
        config.write_text("".join(f'url = "{base}{i}"\noutput = "{i}"\n' for i in range(count)))
        commands = {
            "loop": [self.list, base, str(count), ".", n, ca],
            "loop, a name when complete": [self.list, base, str(count), ".", n, ca, "late"],
            "haul": [self.haul, "-q", "--cacert", ca, "-j", n, "-i", str(urls)],
            "curl": ["curl", "-s", "--cacert", ca, "--parallel", "--parallel-max", n, "-K",
                     str(config)],
            "wget2": ["wget2", "-q", f"--ca-certificate={ca}", f"--max-threads={n}",
                      "--no-robots", "-i", str(urls)],
            "aria2": ["aria2c", "-q", f"--ca-certificate={ca}", "-j", n, "--file-allocation=none",
                      "-i", str(urls)],
        }
        self.compare(f"{count} files of 16 KiB, {'TLS 1.3' if tls else 'plain'}, 16 at once",
                     commands, self.same_list(count), 0, self.options.rounds, many=True)

    def held(self):
        size = min(self.options.mib, 512) << 20
        self.make_file("held", size)
        url = self.url(False, self.slow_port) + "/held"
        print(f"\nArithmetic floor: {size / (16 * (8 << 20)):.2f} s")
        commands = self.tools(url, 16)
        self.compare(f"{size >> 20} MiB, each connection held to 8 MiB/s, 16 allowed", commands,
                     self.same_file("held"), size, self.options.rounds)

    def through(self, link, title, connections, size, rounds, before=None):
        """One file through a proxy that makes weather."""
        self.make_file(f"file{size >> 20}", size)
        proxy = weather.Proxy(link, self.port)
        try:
            commands = self.tools(f"http://127.0.0.1:{proxy.port}/file{size >> 20}", connections)
            return self.compare(title, commands, self.same_file(f"file{size >> 20}"), size, rounds,
                                300, proxy.reset), proxy
        finally:
            proxy.stop()

    def lagging(self):
        size, speed = 256 << 20, 8 << 20
        rounds = max(1, self.options.rounds // 2)
        title = f"{size >> 20} MiB, 8 connections of 8 MiB/s each"
        fair, _ = self.through(weather.Weather(speed=speed), title, 8, size, rounds)
        slow, _ = self.through(weather.Weather(speed=speed, slow=2),
                               title + ", one 50 times slower after 1 MiB", 8, size, rounds)
        print("\nWall time with the slow one to that without: " +
              ratios_of(slow, fair))

    def end(self):
        """How long the last 5 % take when one connection has a tenth of the others' speed."""
        size, speed = 256 << 20, 8 << 20
        self.make_file(f"file{size >> 20}", size)
        print(f"\n### The last 5 % of {size >> 20} MiB, one of 8 connections at a tenth of 8 MiB/s\n")
        print("| | wall s | last 5 %, to its share |\n|---|---|---|")
        proxy = weather.Proxy(weather.Weather(speed=speed, slow=2, slow_by=10, slow_after=0),
                              self.port)
        try:
            tools = self.tools(f"http://127.0.0.1:{proxy.port}/file{size >> 20}", 8)
            for name, command in tools.items():
                proxy.reset()
                wall, _, _, right = self.measure(command, self.same_file(f"file{size >> 20}"), 300)
                log = proxy.log
                if not right or not log:
                    print(f"| {name} | failed | |")
                    continue
                begun, ended = log[0][0], log[-1][0]
                at = next(t for t, total in log if total >= 0.95 * size)
                share = (ended - at) / (0.05 * (ended - begun))
                print(f"| {name} | {wall:.2f} | {share:.2f} |")
        finally:
            proxy.stop()

    def far(self, connections):
        link = weather.Weather(round_trip=0.04, loss=1e-4)
        self.through(link, f"200 MiB over 40 ms with losses, {connections} "
                     f"connection{'s' if connections > 1 else ''} allowed", connections, 200 << 20,
                     max(1, self.options.rounds // 2))

    def punishing(self):
        link = weather.Weather(speed=32 << 20, most=2)
        self.through(link, "128 MiB from a server that is slow to all when there are more than 2 "
                     "connections, 16 allowed", 16, 128 << 20, max(1, self.options.rounds // 2))

    def limited(self):
        """Bytes that the kernel has received in each 250 ms, under a limit of 20 MB/s."""
        self.make_file("large", self.options.mib << 20)
        url = self.url(False) + "/large"
        print("\n### A limit of 20 MB/s: bytes received by the kernel in 250 ms, to 5 MB\n")
        print("| | first | lowest, highest of the others | within 10 % |\n|---|---|---|---|")
        for name, command in {
                "haul, 1 connection": [self.haul, "-q", "-x", "1", "--limit-rate", "20000000", url],
                "haul, 8 connections": [self.haul, "-q", "-x", "8", "--limit-rate", "20000000", url],
                "curl": ["curl", "-s", "--limit-rate", "20000000", "-O", url],
                "aria2, 8 connections": ["aria2c", "-q", "-x", "8", "-s", "8", "-k", "1M",
                                         "--max-overall-download-limit=20000000", url],
                "wget2": ["wget2", "-q", "--limit-rate=20000000", url],
        }.items():
            windows = self.windows(command)
            if not windows:
                print(f"| {name} | ended before its time: no limit was kept | | |")
                self.failed = self.failed or name.startswith("haul")
                continue
            others = windows[1:]
            good = sum(0.9 <= w <= 1.1 for w in others)
            print(f"| {name} | {windows[0]:.2f} | {min(others):.2f}, {max(others):.2f} | "
                  f"{good} of {len(others)} |")
        sys.stdout.flush()

    def windows(self, command):
        self.fresh_folder()
        process = subprocess.Popen(command, cwd=self.out, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
        seen = []
        try:
            while not seen or seen[-1][0] < seen[0][0] + 5.3:
                out = subprocess.run(["ss", "-tinH", "dport", "=", f":{self.port}"],
                                     capture_output=True, text=True).stdout
                total = sum(int(n) for n in re.findall(r"bytes_received:(\d+)", out))
                if total or seen:
                    seen.append((time.monotonic(), total))
                if process.poll() is not None:
                    return None
                time.sleep(0.02)
        finally:
            process.kill()
            process.wait()

        def at(t):
            after = next(i for i, (when, _) in enumerate(seen) if when >= t)
            if after == 0:
                return 0
            (t0, n0), (t1, n1) = seen[after - 1], seen[after]
            return n0 + (n1 - n0) * (t - t0) / (t1 - t0)

        begin = seen[0][0]
        return [(at(begin + (i + 1) / 4) - (at(begin + i / 4) if i else 0)) / 5e6
                for i in range(20)]

    def control(self):
        print("\n### Pause, resume and stop of a download over 8 connections\n")
        self.make_file("large", self.options.mib << 20)
        self.fresh_folder()
        program = str(self.build / "benchmarks" / "control")
        proxy = weather.Proxy(weather.Weather(speed=8 << 20), self.port)
        try:
            command = [program, f"http://127.0.0.1:{proxy.port}/large", "large", "100"]
            print(subprocess.run(command, cwd=self.out, check=True, capture_output=True,
                                 text=True).stdout, flush=True)
        finally:
            proxy.stop()

    def crawling(self, tls):
        """A thousand downloads at 1 KiB/s each, of 5 KiB; how much memory they take."""
        folder = self.www / "list"
        if not folder.exists():
            self.make_list(self.options.files, 16384)
        crawl = self.www / "crawl"
        if not crawl.exists():
            crawl.mkdir()
            for i in range(1000):
                (crawl / str(i)).write_bytes(random.Random(i).randbytes(5 * 1024))
        port = self.crawl_tls if tls else self.crawl_port
        base = self.url(tls, port) + "/crawl/"
        ca = str(self.ca)
        urls = self.dir / "crawl-urls"
        urls.write_text("".join(f"{base}{i}\n" for i in range(1000)))
        config = self.dir / "crawl.conf"
        config.write_text("".join(f'url = "{base}{i}"\noutput = "{i}"\n' for i in range(1000)))

        def check():
            return all((self.out / str(i)).exists() and (self.out / str(i)).read_bytes() ==
                       (crawl / str(i)).read_bytes() for i in range(1000))

        commands = {
            "haul": [self.haul, "-q", "--cacert", ca, "-j", "1000", "-i", str(urls)],
            "curl": ["curl", "-s", "--cacert", ca, "--parallel", "--parallel-immediate",
                     "--parallel-max", "300", "-K", str(config)],
            "aria2": ["aria2c", "-q", f"--ca-certificate={ca}", "-j", "1000",
                      "--file-allocation=none", "-i", str(urls)],
            "wget2": ["wget2", "-q", f"--ca-certificate={ca}", "--max-threads=1000", "--no-robots",
                      "-i", str(urls)],
        }
        self.compare(f"1,000 downloads at 1 KiB/s each, {'TLS 1.3' if tls else 'plain'}", commands,
                     check, 0, max(1, self.options.rounds // 2))


def ratios_of(rows, base):
    return ", ".join(f"{name} {rows[name][0] / base[name][0]:.2f}"
                     for name in rows if rows[name] and base[name])


def ratios(row, base):
    if not base:
        return ""
    return f"{row[0] / base[0]:.2f}, {row[1] / base[1]:.2f}"


def digest_of(f):
    h = hashlib.blake2b()
    while block := f.read(1 << 20):
        h.update(block)
    return h.hexdigest()


def can_connect(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def free_ports(n):
    sockets = [socket.socket() for _ in range(n)]
    for s in sockets:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


def version(program, *args):
    try:
        out = subprocess.run([program, *args], capture_output=True, text=True, timeout=20)
        text = (out.stdout or out.stderr).strip()
        return text.splitlines()[0] if text else program
    except OSError:
        return f"{program}: not there"


SCENARIOS = {
    "plain": lambda b: b.one_file(False, 1),
    "tls": lambda b: b.one_file(True, 1),
    "tls2": lambda b: b.one_file(True, 2),
    "plain16": lambda b: b.one_file(False, 16),
    "tls16": lambda b: b.one_file(True, 16),
    "small": lambda b: b.small_files(False),
    "small-tls": lambda b: b.small_files(True),
    "uring": lambda b: b.io_uring(),
    "held": lambda b: b.held(),
    "lagging": lambda b: b.lagging(),
    "end": lambda b: b.end(),
    "far": lambda b: b.far(1),
    "far16": lambda b: b.far(16),
    "punishing": lambda b: b.punishing(),
    "limited": lambda b: b.limited(),
    "control": lambda b: b.control(),
    "crawl": lambda b: b.crawling(False),
    "crawl-tls": lambda b: b.crawling(True),
}


# Those that take their time, whatever the sizes.
LONG = {"uring", "lagging", "end", "far", "far16", "punishing", "limited", "crawl", "crawl-tls"}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", required=True)
    parser.add_argument("--short", action="store_true", help="two minutes: 256 MiB, two rounds")
    parser.add_argument("--scenario", action="append", choices=SCENARIOS, help="only this one")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--mib", type=int, help="size of the large file")
    parser.add_argument("--files", type=int, help="number of small files")
    parser.add_argument("--dir", help="where the files are made; the system's temporary folder")
    options = parser.parse_args()
    short = options.short
    options.rounds = options.rounds or (2 if short else 5)
    options.mib = options.mib or (256 if short else 2048)
    options.files = options.files or (1000 if short else 5000)
    wanted = options.scenario or [s for s in SCENARIOS if not (short and s in LONG)]
    bench = Bench(options)
    try:
        bench.start()
        cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo")
                    if line.startswith("model name")), platform.machine())
        print(f"{os.cpu_count()} x {cpu}, Linux {platform.release()}; medians of {options.rounds} "
              "rounds")
        for line in (version(bench.haul, "--version"), version("curl", "--version"),
                     version("aria2c", "--version"), version("axel", "--version"),
                     version("wget2", "--version"), version("lftp", "--version"),
                     version("nginx", "-v"), version("openssl", "version")):
            print(f"- {line}")
        for name in wanted:
            SCENARIOS[name](bench)
    finally:
        bench.stop()
    return 1 if bench.failed else 0


sys.exit(main())
