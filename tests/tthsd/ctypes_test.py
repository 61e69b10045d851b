#!/usr/bin/env python3
"""Drives the TTHSD library as its bindings do, through ctypes.

usage: ctypes_test.py LIBRARY [unittest's arguments]
"""
import ctypes
import functools
import http.server
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import textwrap
import threading
import unittest

import binding
from binding import CALLBACK, Listener, Server, pattern, tasks_json, wait_until

HERE = pathlib.Path(__file__).resolve().parent
LIBRARY = sys.argv[1]
tthsd = binding.load(LIBRARY)
MIB = 1 << 20


class Case(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.close)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = folder.name
        self.ids = []
        self.listeners = []  # a callback must live until its downloader has been stopped
        self.addCleanup(lambda: [tthsd.stop_download(i) for i in self.ids])

    def listener(self, also=None):
        self.listeners.append(Listener(also))
        return self.listeners[-1]

    def path(self, name):
        return os.path.join(self.dir, name)

    def file(self, name, size, seed=1):
        """A file of the server: its URL and where it is saved."""
        self.server.files["/" + name] = pattern(size, seed)
        return f"{self.server.base}/{name}", self.path(name)

    def check(self, name, saved=None):
        with open(self.path(saved or name), "rb") as f:
            self.assertEqual(f.read() == self.server.files["/" + name], True, name)

    def start(self, entries, listener=None, parallel=False, threads=4, chunk=1, dialect="snake",
              agent=None, headers=None, make=False):
        tasks = tasks_json(entries, dialect)
        thunk = listener.thunk if listener else None
        common = (tasks, len(entries), threads, chunk, thunk, False, agent, None, None)
        if make:
            number = tthsd.get_downloader(*common, headers)
        else:
            number = tthsd.start_download(
                *common, ctypes.byref(ctypes.c_bool(parallel)), headers)
        self.assertGreater(number, 0)
        self.ids.append(number)
        return number

    def check_golden(self, name, told):
        text = binding.golden(told, {self.server.base: "{BASE}", self.dir: "{DIR}"})
        wanted = (HERE / "golden" / f"{name}.txt").read_text(encoding="utf-8")
        self.assertEqual(text, wanted)

    def check_order(self, listener):
        """What holds for the events of every run that has ended."""
        told = listener.told
        self.assertEqual(told[0][0]["Type"], "start")
        self.assertEqual(told[-1][0]["Type"], "end")
        self.assertEqual(len(listener.of("start")), 1)
        self.assertEqual(len(listener.of("end")), 1)
        self.assertEqual(listener.most_inside, 1)
        self.assertEqual(listener.odd, [])
        state = {}
        for event, msg in told:
            self.assertEqual(list(event), ["Type", "Name", "ShowName", "ID"])
            one, kind = event["ID"], event["Type"]
            if kind == "startOne":
                self.assertNotIn(one, state)
                state[one] = -1
            elif kind == "update":
                self.assertGreaterEqual(msg["Downloaded"], max(state[one], 0))
                if state[one] == -1:
                    self.assertEqual(msg["Downloaded"], 0)
                if msg["Total"]:
                    self.assertLessEqual(msg["Downloaded"], msg["Total"])
                state[one] = msg["Downloaded"]
            elif kind == "endOne":
                self.assertGreaterEqual(state[one], 0, "an update for each task")
                state[one] = None
        self.assertEqual(set(state.values()) - {None}, set(), "endOne for each startOne")


class Golden(Case):
    def test_sequential(self):
        listener = self.listener()
        self.start([(*self.file("a.bin", 3000), "甲", "1"), (*self.file("b.bin", 5000, 2), None, "2")],
                   listener)
        listener.wait("end")
        self.check_order(listener)
        self.check_golden("sequential", listener.told)
        self.check("a.bin")
        self.check("b.bin")

    def test_parallel(self):
        listener = self.listener()
        entries = [(*self.file(f"{i}.bin", 1000 * i, i), f"n{i}", f"id{i}") for i in range(1, 9)]
        self.start(entries, listener, parallel=True)
        listener.wait("end")
        self.check_order(listener)
        # Which one of the files comes first is open: each one's events together, in its order.
        told = sorted(listener.told[1:-1], key=lambda e: e[0]["ID"])
        self.check_golden("parallel", [listener.told[0], *told, listener.told[-1]])
        for i in range(1, 9):
            self.check(f"{i}.bin")

    def test_failing_file(self):
        listener = self.listener()
        good = self.file("good.bin", 2000)
        self.start([(f"{self.server.base}/none", self.path("none"), "none", "1"),
                    (*good, "good", "2"),
                    ("ftp://127.0.0.1/x", self.path("x"), "x", "3"),
                    (*good, "twice", "4")], listener)
        listener.wait("end")
        self.check_order(listener)
        self.check_golden("failing", listener.told)
        self.check("good.bin")
        self.assertEqual([r[0] for r in self.server.requests], ["/none", "/good.bin"])
        self.assertEqual(sorted(os.listdir(self.dir)), ["good.bin"])

    def test_pause_resume(self):
        listener = self.listener()
        number = self.start([(*self.file("p.bin", 16 * MIB), "p", "1")], listener, make=True, threads=1)
        self.server.slow = True
        self.assertEqual(tthsd.start_download_id(number), 0)
        wait_until(lambda: any(m["Downloaded"] > 0 for _, m in listener.of("update")))
        self.assertEqual(tthsd.pause_download(number), 0)
        self.assertEqual(tthsd.pause_download(number), 0)
        listener.wait("msg")
        # Only a pause that is there can be ended by a second request.
        wait_until(lambda: self.server.serving == 0, "the end of the transfer")
        seen = len(self.server.requests)
        before = listener.of("update")[-1][1]["Downloaded"]
        self.server.gate.clear()
        self.server.slow = False
        self.assertEqual(tthsd.resume_download(number), 0)
        self.assertEqual(listener.of("end"), [], "resume does not wait for the download")
        wait_until(lambda: len(self.server.requests) > seen)
        self.server.gate.set()
        listener.wait("end")
        self.check_order(listener)
        self.check_golden("pause_resume", listener.told)
        self.check("p.bin")
        asked = self.server.requests[seen][1]["Range"]
        self.assertGreaterEqual(int(asked[6:].split("-")[0]), before, "on from the last byte")
        self.assertEqual(tthsd.pause_download(number), 0, "the id is valid until stop")
        self.assertEqual(tthsd.resume_download(number), 0)
        self.assertEqual(listener.told[-1][0]["Type"], "end")

    def test_stop(self):
        listener = self.listener()
        self.server.slow = True
        number = self.start([(*self.file("s.bin", 8 * MIB), "s", "1"),
                             (*self.file("t.bin", 100), "t", "2")], listener)
        wait_until(lambda: any(m["Downloaded"] > 0 for _, m in listener.of("update")))
        self.assertEqual(tthsd.stop_download(number), 0)
        told = list(listener.told)
        self.check_order(listener)
        # How far it has come is open.
        reached = [e for e in told if e[0]["Type"] == "update" and e[1]["Downloaded"] > 0]
        self.check_golden("stop", [e for e in told if e not in reached])
        self.assertEqual(tthsd.stop_download(number), -1)
        self.assertEqual(tthsd.resume_download(number), -1)
        self.assertEqual(tthsd.start_download_id(number), -1)
        # What was fetched is of use to the next one.
        self.server.slow = False
        seen = len(self.server.requests)
        again = self.listener()
        self.start([(f"{self.server.base}/s.bin", self.path("s.bin"))], again, threads=1)
        again.wait("end")
        self.check("s.bin")
        self.assertNotIn("bytes=0-", [r[1].get("Range") for r in self.server.requests[seen:]])
        self.assertEqual(listener.told, told, "nothing after stop")


class Calls(Case):
    def test_each_number_of_arguments(self):
        yes, no = ctypes.c_bool(True), ctypes.c_bool(False)
        headers = b'{"X-From":"eleven"}'
        extra = {9: [()], 10: [(None,), (ctypes.byref(yes),), (ctypes.byref(no),)],
                 11: [(None, None), (ctypes.byref(yes), headers), (None, b"no JSON"),
                      (None, b"[1]"), (None, b'{"a":1}')]}
        done = 0
        for count, tails in extra.items():
            for tail in tails:
                for function in ("start_download", "startDownload"):
                    done += 1
                    listener = self.listener()
                    url, to = self.file(f"n{done}", 500 + done, done)
                    number = getattr(tthsd, function)(
                        tasks_json([(url, to)]), 1, 64, 10, listener.thunk, False, None, None, None,
                        *tail)
                    self.assertGreater(number, 0)
                    listener.wait("end")
                    self.check_order(listener)
                    self.check(f"n{done}")
                    name = listener.of("start")[0][0]["Name"]
                    if count > 9:
                        parallel = tail[0] is not None and tail[0]._obj.value
                        self.assertEqual(name, "开始批量下载" if parallel else "开始下载")
                    sent = self.server.requests[-1][1].get("X-From")
                    with_headers = function == "start_download" and tail[1:] == (headers,)
                    self.assertEqual(sent, "eleven" if with_headers else None)
                    self.assertEqual(tthsd.stop_download(number), 0)
        for function in ("get_downloader", "getDownloader"):
            for tail in [(), (None,), (b'{"X-From":"ten"}',)]:
                done += 1
                listener = self.listener()
                url, to = self.file(f"n{done}", 500 + done, done)
                number = getattr(tthsd, function)(
                    tasks_json([(url, to)], "camel"), 1, 0, 0, listener.thunk, False, None, None,
                    None, *tail)
                self.assertGreater(number, 0)
                go = tthsd.start_download_id if done % 2 else tthsd.startMultipleDownloads_ID
                self.assertEqual(go(number), 0)
                listener.wait("end")
                self.check(f"n{done}")
                sent = self.server.requests[-1][1].get("X-From")
                with_headers = function == "get_downloader" and any(tail)
                self.assertEqual(sent, "ten" if with_headers else None)
                self.assertEqual(tthsd.stopDownload(number), 0)

    def test_garbage_behind_the_arguments(self):
        text = ctypes.create_string_buffer(b"\x07 not a bool, and no JSON")
        for garbage in (1, 8, 0xdeadbeef, 1 << 63, (1 << 64) - 1, (1 << 47) - 1,
                        ctypes.addressof(text), ctypes.cast(self.listener().thunk, ctypes.c_void_p).value):
            listener = self.listener()
            url, to = self.file("g", 700)
            pointer = ctypes.c_void_p(garbage)
            number = tthsd.start_download(tasks_json([(url, to)]), 1, -5, -5, listener.thunk, False,
                                          None, None, pointer, pointer, pointer)
            self.assertGreater(number, 0)
            listener.wait("end")
            self.check("g")
            self.assertEqual(listener.of("start")[0][0]["Name"], "开始下载")
            tthsd.stop_download(number)
            self.assertEqual(tthsd.start_download(pointer, 1, 1, 1, None, True, pointer, pointer,
                                                  pointer, pointer, pointer), -1)

    def test_what_is_refused(self):
        good = tasks_json([("http://127.0.0.1:1/", self.path("x"))])
        for tasks in (None, b"", b"{", b"{}", b"[]", b"[1]", b'[{"url":"http://h/"}]',
                      b'[{"save_path":"x"}]', b'[{"url":1,"save_path":"x"}]', b"\xff\xfe", b"null",
                      b'[{"url":"http://h/","save_path":"x","headers":[]}]',
                      b"[" * 10000, good[:-1]):
            for count in (1, 5):
                self.assertEqual(tthsd.start_download(tasks, count, 1, 1, None, False, None, None,
                                                      None, None, None), -1, tasks)
                self.assertEqual(tthsd.get_downloader(tasks, count, 1, 1, None, False, None, None,
                                                      None, None), -1, tasks)
        for count in (0, -1, -(1 << 31)):
            self.assertEqual(tthsd.getDownloader(good, count, 1, 1, None, False, None, None, None),
                             -1)
        for number in (0, -1, 1 << 30, -(1 << 31)):
            for name in ("start_download_id", "start_multiple_downloads_id", "pause_download",
                         "resume_download", "stop_download", "startDownload_ID",
                         "startMultipleDownloads_ID", "pauseDownload", "resumeDownload",
                         "stopDownload"):
                self.assertEqual(getattr(tthsd, name)(number), -1, name)
            self.assertEqual(tthsd.set_speed_limit(number, 5), -1)
            self.assertEqual(tthsd.set_proxy(number, b"http://127.0.0.1:1"), -1)
            self.assertEqual(tthsd.set_retry_config(number, 1, 1, 1), -1)
            self.assertEqual(self.stats(number), {})

    def stats(self, number):
        text = tthsd.get_performance_stats(number)
        value = json.loads(ctypes.string_at(text))
        tthsd.free_string(text)
        tthsd.free_string(text)  # a second time: not ours any more
        return value

    def test_free_string(self):
        tthsd.free_string(None)
        mine = ctypes.create_string_buffer(b"Python's own")
        tthsd.free_string(ctypes.addressof(mine))
        tthsd.free_string(0xdeadbeef)
        self.assertEqual(mine.value, b"Python's own")

    def test_ids_and_controls(self):
        number = self.start([(*self.file("i", 100),)], make=True)
        other = self.start([(*self.file("j", 100),)], make=True)
        self.assertEqual(other, number + 1)
        for call in (tthsd.pause_download, tthsd.resume_download):
            self.assertEqual(call(number), 0)
        self.assertEqual(tthsd.set_proxy(number, None), 0)
        self.assertEqual(tthsd.set_proxy(number, b""), 0)
        self.assertEqual(tthsd.set_proxy(number, b"gopher://x"), -1)
        self.assertEqual(tthsd.set_proxy(number, ctypes.c_void_p(8)), -1)
        self.assertEqual(tthsd.set_speed_limit(number, (1 << 64) - 1), 0)
        self.assertEqual(
            tthsd.set_retry_config(number, (1 << 32) - 1, (1 << 64) - 1, (1 << 64) - 1), 0)
        self.assertEqual(self.stats(number)["total_bytes"], 0)
        self.assertEqual(tthsd.start_download_id(number), 0)
        wait_until(lambda: self.stats(number).get("completed") == 1)
        self.check("i")
        found = self.stats(number)
        self.assertEqual((found["total_bytes"], found["Total"], found["tasks"]), (100, 100, 1))
        for key in ("current_speed_bps", "current_speed_mbps", "average_speed_bps",
                    "average_speed_mbps", "peak_speed_bps", "elapsed_time"):
            self.assertIn(key, found)
        # It may be run again; what is there is replaced.
        wait_until(lambda: tthsd.start_multiple_downloads_id(number) == 0)
        wait_until(lambda: len(self.server.requests) == 2)
        self.assertEqual(tthsd.stop_download(number), 0)
        self.assertEqual(tthsd.stop_download(other), 0)
        later = self.start([(*self.file("k", 100),)], make=True)
        self.assertGreater(later, other)

    def test_running_already(self):
        self.server.gate.clear()
        number = self.start([(*self.file("r", 100),)])
        self.assertEqual(tthsd.start_download_id(number), -1)
        self.assertEqual(tthsd.start_multiple_downloads_id(number), -1)

    def test_headers(self):
        listener = self.listener()
        url, to = self.file("h", 300)
        task = {"url": url, "save_path": to, "unknown": {"a": [1]},
                "headers": {"X-Mine": "task", "Range": "bytes=5-6", "Accept-Encoding": "gzip",
                            "Host": url.split("/")[2]}}
        number = tthsd.start_download(
            json.dumps([task, {"URL": url, "SavePath": to + "2"}]).encode(), 2, 1, 1,
            listener.thunk, False, "代理/1".encode(), None, None, None,
            b'{"x-mine":"all","Cookie":"a=b"}')
        self.ids.append(number)
        listener.wait("end")
        self.assertEqual(listener.of("err"), [])
        self.check("h")
        first, second = (r[1] for r in self.server.requests)
        self.assertEqual((first["X-Mine"], first["Cookie"]), ("task", "a=b"))
        self.assertEqual((second["x-mine"], second["Cookie"]), ("all", "a=b"))
        self.assertEqual(first["Accept-Encoding"], "identity")
        self.assertEqual(first["User-Agent"].encode("latin-1").decode(), "代理/1")

    def test_unicode_paths(self):
        listener = self.listener()
        self.server.files["/%E6%B8%B8%E6%88%8F.pak"] = pattern(4000)
        to = os.path.join(self.dir, "游戏 ünï", "深い", "файл 🎮.pak")
        self.start([(f"{self.server.base}/游戏.pak", to, "名前 🎮", "编号")], listener)
        listener.wait("end")
        self.check_order(listener)
        self.assertEqual(pathlib.Path(to).read_bytes(), pattern(4000))
        event, msg = listener.of("endOne")[0]
        self.assertEqual((event["ShowName"], event["ID"]), ("名前 🎮", "编号"))
        self.assertEqual((msg["SavePath"], msg["URL"]), (to, f"{self.server.base}/游戏.pak"))

    def test_ids_of_tasks_need_not_differ(self):
        told = self.listener()
        entries = [(*self.file(f"d{i}", 100 + i, i), None, "same") for i in range(3)]
        self.start(entries, told, parallel=True)
        told.wait("end")
        for i in range(3):
            self.check(f"d{i}")
        self.assertEqual([e[0]["ID"] for e in told.of("endOne")], ["same"] * 3)
        fresh = self.listener()
        self.start([(*self.file(f"e{i}", 10),) for i in range(2)], fresh)
        fresh.wait("end")
        ids = {e[0]["ID"] for e in fresh.of("startOne")}
        self.assertEqual(len(ids - {""}), 2)
        self.assertEqual([e[0]["ShowName"] for e in fresh.of("startOne")], ["e0", "e1"])

    def test_existing_file_is_replaced(self):
        listener = self.listener()
        url, to = self.file("o", 900)
        pathlib.Path(to).write_bytes(b"old")
        self.start([(url, to)], listener)
        listener.wait("end")
        self.check("o")

    def test_retries(self):
        listener = self.listener()
        url, to = self.file("again", 400)
        self.server.refuse["/again"] = 2
        number = self.start([(url, to, "n", "7")], listener, make=True)
        self.assertEqual(tthsd.set_retry_config(number, 2, 1, 2), 0)
        tthsd.start_download_id(number)
        listener.wait("end")
        self.assertEqual(len(self.server.requests), 3)
        self.assertEqual([e[0]["ID"] for e in listener.of("msg")], ["7", "7"])
        self.check("again")
        self.server.refuse["/again"] = 10
        failing = self.listener()
        number = self.start([(url, to)], failing, make=True)
        tthsd.set_retry_config(number, 1, 1, 2)
        tthsd.start_download_id(number)
        failing.wait("end")
        self.assertEqual(len(self.server.requests), 5)
        self.assertEqual(len(failing.of("err")), 1)
        self.check_order(failing)

    def test_retries_while_it_runs(self):
        listener = self.listener()
        url, to = self.file("late", 400)
        self.server.refuse["/late"] = 1 << 30
        number = self.start([(url, to)], listener, make=True)
        tthsd.set_retry_config(number, 1 << 30, 1, 1)
        tthsd.start_download_id(number)
        listener.wait("msg", 3)
        self.assertEqual(listener.of("end"), [])
        self.assertEqual(tthsd.set_retry_config(number, 0, 1, 1), 0)
        listener.wait("end")
        self.assertEqual(len(listener.of("err")), 1)

    def test_speed_limit(self):
        listener = self.listener()
        number = self.start([(*self.file("limited", 4 * MIB),)], listener, make=True)
        self.assertEqual(tthsd.set_speed_limit(number, 50_000), 0)
        tthsd.start_download_id(number)
        wait_until(lambda: any(m["Downloaded"] > 0 for _, m in listener.of("update")))
        self.assertEqual(listener.of("endOne"), [])
        self.assertLess(listener.of("update")[-1][1]["Downloaded"], 4 * MIB)
        self.assertEqual(tthsd.set_speed_limit(number, 0), 0)
        listener.wait("end")
        self.check("limited")

    def test_proxy(self):
        seen = []

        class Proxy(binding.Files):
            def do_GET(self):
                seen.append(self.path)
                self.send_response(200)
                self.send_header("Content-Length", "5")
                self.end_headers()
                self.wfile.write(b"proxy")

        proxy = Server(Proxy)
        self.addCleanup(proxy.close)
        listener = self.listener()
        number = self.start([("http://example.invalid/f", self.path("f")),
                             ("http://example.invalid/g", self.path("g"))], listener, make=True)
        self.assertEqual(tthsd.set_proxy(number, proxy.base.encode()), 0)
        tthsd.start_download_id(number)
        listener.wait("end")
        self.assertEqual(seen, ["http://example.invalid/f", "http://example.invalid/g"])
        self.assertEqual(pathlib.Path(self.path("g")).read_bytes(), b"proxy")

    def test_no_such_host_ends(self):
        listener = self.listener()
        number = self.start([("http://no-such-host.invalid/f", self.path("f"))], listener, make=True)
        tthsd.set_proxy(number, None)
        tthsd.start_download_id(number)
        listener.wait("end")
        self.assertEqual(len(listener.of("err")), 1)


class Callbacks(Case):
    def test_blocking(self):
        free = threading.Event()
        self.addCleanup(free.set)
        blocked = self.listener(lambda *_: free.wait(binding.PATIENCE))
        number = self.start([(*self.file("b1", 3 * MIB),), (*self.file("b2", 500),)], blocked)
        # The transfer goes on behind a callback that does not return, and so do others.
        wait_until(lambda: os.path.exists(self.path("b2")))
        self.check("b1")
        other = self.listener()
        self.start([(*self.file("b3", 500),)], other)
        other.wait("end")
        self.assertEqual(len(blocked.told), 1)
        self.assertEqual(tthsd.pause_download(number), 0)
        self.assertEqual(tthsd.resume_download(number), 0)
        free.set()
        blocked.wait("end")
        self.check_order(blocked)

    def test_reentrant(self):
        box = {}

        def again(event, _):
            number = box["id"].get(binding.PATIENCE)
            self.assertEqual(tthsd.set_speed_limit(number, 0), 0)
            tthsd.free_string(tthsd.get_performance_stats(number))
            if event["Type"] == "startOne":
                box["results"] = [tthsd.pause_download(number), tthsd.resume_download(number),
                                  tthsd.start_download_id(number)]
                box["other"] = self.start([(*self.file("r2", 900),)], box["second"])
                self.server.gate.set()

        import queue

        class Once(queue.Queue):
            def get(self, timeout):
                value = super().get(timeout=timeout)
                self.put(value)
                return value

        box["id"], box["second"] = Once(), self.listener()
        listener = self.listener(again)
        self.server.gate.clear()  # it does not end before it has been called for its start
        box["id"].put(self.start([(*self.file("r1", 2 * MIB),)], listener))
        listener.wait("end")
        box["second"].wait("end")
        self.assertEqual(box["results"], [0, 0, -1])
        self.check_order(listener)
        self.check("r1")
        self.check("r2")
        self.assertEqual(listener.most_inside, 1)
        self.assertEqual(len(listener.threads), 1)

    def fence(self):
        """A whole run, after which something late would have come."""
        other = self.listener()
        self.start([(*self.file("fence", 10),)], other)
        other.wait("end")

    def test_stop_inside(self):
        for kind in ("start", "startOne", "update"):
            results = []
            ready = threading.Event()

            def stop(event, _):
                ready.wait(binding.PATIENCE)
                if event["Type"] == kind:
                    results.append(tthsd.stop_download(number))

            self.server.slow = True
            listener = self.listener(stop)
            number = self.start([(*self.file("in", 2 * MIB),)], listener)
            ready.set()
            wait_until(lambda: results)
            self.fence()
            self.assertEqual(results, [0])
            self.assertEqual(listener.told[-1][0]["Type"], kind)
            self.assertEqual(tthsd.pause_download(number), -1)

    def test_stop_during(self):
        for turn in range(20):
            entered = threading.Event()

            def slowly(*_):
                entered.set()
                threading.Event().wait(0.005)

            listener = self.listener(slowly)
            entries = [(*self.file(f"d{i}", 50_000, i),) for i in range(10)]
            number = self.start(entries, listener, parallel=turn % 2 == 1)
            entered.wait(binding.PATIENCE)
            self.assertEqual(tthsd.stop_download(number), 0)
            told = len(listener.told)
            self.assertEqual(listener.inside, 0)
            self.fence()
            self.assertEqual(len(listener.told), told)

    def test_stop_of_another_inside(self):
        self.server.gate.clear()  # neither comes to its end by itself
        a_inside, b_inside = threading.Event(), threading.Event()
        results = []

        def stop_other(mine, others, which):
            def call(event, _):
                if event["Type"] == "start":
                    mine.set()
                    others.wait(binding.PATIENCE)
                    results.append(tthsd.stop_download(ids[which]))
            return call

        ids = {}
        a = self.listener(stop_other(a_inside, b_inside, "b"))
        b = self.listener(stop_other(b_inside, a_inside, "a"))
        ids["a"] = self.start([(*self.file("x", MIB),)], a, make=True)
        ids["b"] = self.start([(*self.file("y", MIB),)], b, make=True)
        tthsd.start_download_id(ids["a"])
        tthsd.start_download_id(ids["b"])
        wait_until(lambda: len(results) == 2)
        self.assertEqual(results, [0, 0])
        self.server.gate.set()
        self.fence()
        told = len(a.told), len(b.told)
        self.fence()
        self.assertEqual((len(a.told), len(b.told)), told)
        self.assertEqual((a.of("end"), b.of("end")), ([], []))

    def test_many_threads_control_one(self):
        listener = self.listener()
        number = self.start([(*self.file(f"m{i}", 300_000, i),) for i in range(8)], listener,
                            parallel=True)

        def control(seed):
            for i in range(60):
                [tthsd.pause_download, tthsd.resume_download,
                 lambda n: tthsd.free_string(tthsd.get_performance_stats(n)),
                 lambda n: tthsd.set_speed_limit(n, 50_000_000)][(i + seed) % 4](number)
            tthsd.resume_download(number)

        workers = [threading.Thread(target=control, args=(s,)) for s in range(4)]
        for w in workers:
            w.start()
        for w in workers:
            w.join()
        tthsd.resume_download(number)
        listener.wait("end")
        self.check_order(listener)
        for i in range(8):
            self.check(f"m{i}")

    def test_at_most_ten_updates_a_second(self):
        import time
        times = []
        listener = self.listener(lambda e, _: e["Type"] == "update" and times.append(time.monotonic()))
        self.server.slow = True
        self.start([(*self.file("u", 2 * MIB),)], listener)
        listener.wait("end")
        self.assertGreaterEqual(len(times), 2)
        # Over the whole run: single distances are the scheduler's.
        self.assertLessEqual(len(times), 10 * (times[-1] - times[0]) + 3)


class Growth(Case):
    def test_a_thousand_times(self):
        url, to = self.file("tiny", 1000)
        tasks = tasks_json([(url, to)])

        def cycle(i):
            listener = Listener()
            make = tthsd.get_downloader if i % 4 else tthsd.start_download
            number = make(tasks, 1, 4, 1, listener.thunk, False, None, None, None, None, None)
            assert number > 0
            if i % 4 == 1:
                tthsd.start_download_id(number)
            if i % 8 == 0:
                listener.wait("end")
            assert tthsd.stop_download(number) == 0
            return listener

        def cycles(n):
            for i in range(n):
                cycle(i)
            self.server.requests.clear()

        cycles(200)
        memory = binding.resident()
        cycles(1000)
        # The event loop's, and one that asks for addresses. What has been told to go is a moment on
        # its way.
        most = max(2, min(16, max(os.cpu_count(), len(os.sched_getaffinity(0))))) + 1
        wait_until(lambda: len(binding.foreign_threads()) <= most, "the end of threads")
        grown = binding.resident() - memory
        self.assertLess(grown, 8 * MIB)


class Stock(Case):
    """Python's own http.server: one thread, HTTP/1.0, no ranges, a backlog of five."""

    def setUp(self):
        super().setUp()
        self.root = tempfile.TemporaryDirectory()
        self.addCleanup(self.root.cleanup)
        accepted = self.accepted = []

        class Quiet(http.server.SimpleHTTPRequestHandler):
            def log_message(self, *args):
                pass

        class Stock(http.server.HTTPServer):
            def get_request(self):
                accepted.append(1)
                return super().get_request()

            def handle_error(self, request, client_address):
                pass

        self.stock = Stock(("127.0.0.1", 0), functools.partial(Quiet, directory=self.root.name))
        self.assertEqual(self.stock.request_queue_size, 5)
        threading.Thread(target=self.stock.serve_forever, args=(0.05,), daemon=True).start()
        self.addCleanup(self.stock.server_close)
        self.addCleanup(self.stock.shutdown)

    def entry(self, name, size, seed=1):
        (pathlib.Path(self.root.name) / name).write_bytes(pattern(size, seed))
        return f"http://127.0.0.1:{self.stock.server_port}/{name}", self.path(name)

    def connections(self):
        port = f":{self.stock.server_port:04X}"
        with open("/proc/self/net/tcp") as f:
            rows = [line.split() for line in f.readlines()[1:]]
        return sum(r[3] == "01" and r[2].endswith(port) for r in rows)

    def run_batch(self, entries, parallel):
        listener = self.listener()
        self.start(entries, listener, parallel=parallel, threads=64, chunk=10)
        listener.wait("end")
        self.check_order(listener)
        self.assertEqual(listener.of("err"), [])
        for url, to in entries:
            name = os.path.basename(to)
            self.assertEqual(pathlib.Path(to).read_bytes() ==
                             (pathlib.Path(self.root.name) / name).read_bytes(), True)
        wait_until(lambda: self.connections() == 0, "no connection left")

    def test_one_large(self):
        self.run_batch([self.entry("large", 35 * MIB + 1)], False)
        self.assertEqual(len(self.accepted), 1)

    def test_sequential(self):
        self.run_batch([self.entry(f"f{i}", 300_000 * i, i) for i in range(6)], False)
        self.assertEqual(len(self.accepted), 6)

    def test_parallel(self):
        self.run_batch([self.entry(f"f{i}", 1_000_000 + i, i) for i in range(20)], True)
        self.assertEqual(len(self.accepted), 20)

    def test_404(self):
        listener = self.listener()
        self.start([(self.entry("x", 1)[0] + "none", self.path("x"))], listener, threads=64, chunk=10)
        listener.wait("end")
        self.assertEqual(len(listener.of("err")), 1)
        self.assertEqual(len(self.accepted), 1)


class Processes(Case):
    PROGRAM = """
        import ctypes, os, sys, threading
        sys.path.insert(0, {here!r})
        import binding
        tthsd = binding.load({library!r})
        def make(to, slow=True):
            listener = binding.Listener()
            tasks = binding.tasks_json([({url!r}, to)])
            number = tthsd.start_download(tasks, 1, 4, 1, listener.thunk, False, None, None, None,
                                          None, None)
            assert number > 0
            return number, listener
        """

    def popen(self, body):
        url, _ = self.file("big", 8 * MIB)
        text = textwrap.dedent(self.PROGRAM).format(here=str(HERE), library=LIBRARY, url=url)
        text += f"dir, url = {self.dir!r}, {url!r}\n" + textwrap.dedent(body)
        return subprocess.Popen([sys.executable, "-B", "-c", text], text=True,
                                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run_program(self, body):
        """Its exit status, and what it complained of."""
        child = self.popen(body)
        self.addCleanup(child.kill)
        _, err = child.communicate(timeout=binding.PATIENCE)
        return child.returncode, err

    def test_exit_while_running(self):
        self.server.slow = True
        for i, end in enumerate(["", "sys.exit(0)", "os._exit(0)", "", ""]):
            done = self.run_program(f"""
                made = [make(os.path.join(dir, f"e{i}-{{n}}")) for n in range(4)]
                for number, listener in made:
                    listener.wait("update", 2)
                {end}
                """)
            self.assertEqual(done, (0, ""))

    def test_exit_frees_the_callback(self):
        """The interpreter is gone, and with it the callback, while events go on coming."""
        self.server.slow = True
        child = self.popen("""
            thunk = binding.CALLBACK(max)
            tasks = [binding.tasks_json([(url, os.path.join(dir, f"f{n}"))]) for n in range(8)]
            numbers = [tthsd.start_download(t, 1, 1, 1, thunk, False, None, None, None, None, None)
                       for t in tasks]
            for number in numbers:
                binding.wait_until(lambda: binding.received(tthsd, number) > 0)
            # The very last that the interpreter does: it waits for a line.
            ctypes.pythonapi.Py_AtExit(ctypes.CDLL(None).getchar)
            print("ends", flush=True)
            """)
        self.assertEqual(child.stdout.readline(), "ends\n")
        seen = self.server.blocks
        # Long enough for some updates of each download.
        wait_until(lambda: self.server.blocks > seen + 8 * 300 or self.server.serving == 0)
        out, err = child.communicate("\n", timeout=binding.PATIENCE)
        self.assertEqual((child.returncode, out, err), (0, "", ""))

    def test_fork(self):
        done = self.run_program("""
            number, listener = make(os.path.join(dir, "parent"))
            listener.wait("update")
            for how in (os._exit, sys.exit):
                pid = os.fork()
                if pid == 0:
                    # Nothing of the parent's runs here, and a new start works.
                    assert tthsd.pause_download(number) == -1
                    assert tthsd.stop_download(number) == -1
                    mine, own = make(os.path.join(dir, f"child-{os.getpid()}"))
                    assert mine > number
                    own.wait("end")
                    assert own.of("err") == []
                    if how is sys.exit:
                        make(os.path.join(dir, "left"))
                    how(7)
                assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
            listener.wait("end")
            assert listener.of("err") == []
            assert tthsd.stop_download(number) == 0
            """)
        self.assertEqual(done, (0, ""))
        self.check("big", "parent")

    def test_other_name(self):
        """The file that the Python binding looks for is the same library."""
        other = [p for p in pathlib.Path(LIBRARY).parent.glob("TaiLerDownloader*.so")]
        self.assertEqual(len(other), 1)
        self.assertEqual(other[0].read_bytes(), pathlib.Path(LIBRARY).read_bytes())


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
