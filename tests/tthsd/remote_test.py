#!/usr/bin/env python3
"""Remote events of the TTHSD library: lines over TCP, and WebSocket frames.

usage: remote_test.py LIBRARY [unittest's arguments]
"""
import base64
import ctypes
import hashlib
import json
import os
import socket
import struct
import sys
import tempfile
import threading
import unittest

import binding
from binding import Listener, Server, pattern, tasks_json, wait_until

tthsd = binding.load(sys.argv[1])


class Stream:
    """A connection; reads through a buffer: one call for each byte is slow on a busy machine."""

    def __init__(self, peer, file):
        self.file = file
        self.write = peer.sendall
        self.some = lambda: file.read1(65536)

    def exactly(self, n):
        data = self.file.read(n)
        if len(data) < n:
            raise EOFError
        return data

    def head(self):
        lines = []
        while True:
            line = self.file.readline()
            if not line.endswith(b"\r\n"):
                raise EOFError
            if line == b"\r\n":
                return lines
            lines.append(line[:-2].decode())


class Receiver:
    """Takes connections one after another; `talk(self, stream, number)` reads one to its end."""

    def __init__(self, talk, buffer=None):
        self.socket = socket.create_server(("127.0.0.1", 0))
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.address = f"127.0.0.1:{self.socket.getsockname()[1]}"
        self.texts = []
        self.problems = []
        self.connections = 0
        self.talk = talk
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            peer.settimeout(binding.PATIENCE)
            with peer, peer.makefile("rb") as file:
                try:
                    self.talk(self, Stream(peer, file), self.connections)
                except (OSError, AssertionError, EOFError, ValueError) as e:
                    self.problems.append(repr(e))

    def close(self):
        self.socket.close()

    def types(self):
        return [json.loads(t)["Type"] for t in list(self.texts)]


def read_frame(stream):
    first, second = stream.exactly(2)
    assert first & 0x80, "whole messages"
    assert second & 0x80, "a client masks"
    size = second & 0x7f
    if size == 126:
        size, = struct.unpack(">H", stream.exactly(2))
        assert size > 125
    elif size == 127:
        size, = struct.unpack(">Q", stream.exactly(8))
        assert size > 65535
    mask = stream.exactly(4)
    masked = int.from_bytes(stream.exactly(size), "big")
    payload = (masked ^ int.from_bytes((mask * (size // 4 + 1))[:size], "big")).to_bytes(size, "big")
    return first & 0xf, payload, mask


def shake_hands(stream, good=True):
    lines = stream.head()
    fields = {k.lower(): v for k, v in (l.split(": ", 1) for l in lines[1:])}
    assert lines[0] == "GET /websocket HTTP/1.1", lines[0]
    assert fields["upgrade"] == "websocket" and fields["connection"] == "Upgrade"
    assert fields["sec-websocket-version"] == "13"
    key = fields["sec-websocket-key"]
    assert len(base64.b64decode(key)) == 16
    text = key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = base64.b64encode(hashlib.sha1(text.encode()).digest()).decode()
    if not good:
        accept = "AAAA" + accept[4:]
    stream.write((f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                  f"Connection: keep-alive, Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n")
                 .encode())
    return fields


def lines(receiver, stream, number):
    buffered = b""
    while True:
        more = stream.some()
        if not more:
            assert buffered == b""
            return
        buffered += more
        *whole, buffered = buffered.split(b"\n")
        receiver.texts += whole


class Remote(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.close)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = folder.name
        self.listeners = []  # a callback must live until its downloader has been stopped

    def receiver(self, *how):
        made = Receiver(*how)
        self.addCleanup(made.close)
        return made

    def run_one(self, url, use_socket, listener, size=200_000, name="文件"):
        self.server.files["/f"] = pattern(size)
        self.listeners.append(listener)
        tasks = tasks_json([(self.server.base + "/f", os.path.join(self.dir, "f"), name, "1")])
        number = tthsd.start_download(
            tasks, 1, 2, 1, listener.thunk, True, None, url.encode(),
            ctypes.byref(ctypes.c_bool(use_socket)), None, None)
        self.assertGreater(number, 0)
        self.addCleanup(tthsd.stop_download, number)
        return number

    def check_same(self, receiver, listener):
        """What went to both places is the same, but for updates, of which each may skip some."""
        wait_until(lambda: receiver.texts and receiver.types()[-1] == "end")
        told = [e for e in listener.told if e[0]["Type"] != "update"]
        sent = [json.loads(t) for t in receiver.texts]
        self.assertEqual(list(sent[0]), ["Type", "Msg", "Name", "ShowName", "ID"])
        kept = [({k: s[k] for k in ("Type", "Name", "ShowName", "ID")}, json.loads(s["Msg"]))
                for s in sent if s["Type"] != "update"]
        self.assertEqual(kept, told)
        updates = [json.loads(s["Msg"]) for s in sent if s["Type"] == "update"]
        self.assertEqual(updates[0]["Downloaded"], 0)
        self.assertEqual(updates[-1]["Downloaded"], updates[-1]["Total"])

    def test_lines(self):
        for form in ("{}", "tcp://{}", "http://{}/ignored?x=1"):
            receiver, listener = self.receiver(lines), Listener()
            self.run_one(form.format(receiver.address), True, listener)
            listener.wait("end")
            self.check_same(receiver, listener)
            self.assertEqual((receiver.problems, receiver.connections), ([], 1))

    def test_frames(self):
        masks, closed, ponged = set(), [], []

        def frames(receiver, stream, number):
            shake_hands(stream)
            stream.write(b"\x89\x05hello" + b"\x81\x03abc" + b"\x02\x01x\x80\x01y")
            while True:
                what, payload, mask = read_frame(stream)
                masks.add(mask)
                if what == 1:
                    receiver.texts.append(payload)
                elif what == 10:
                    ponged.append(payload)
                    self.server.gate.set()
                else:
                    closed.append((what, payload))
                    return

        receiver, listener = self.receiver(frames), Listener()
        self.server.gate.clear()  # after its close frame, a client answers no ping
        # One name makes frames of all three forms of length.
        self.run_one(f"ws://{receiver.address}/other", False, listener, name="长" * 30_000)
        listener.wait("end")
        self.check_same(receiver, listener)
        wait_until(lambda: closed)
        self.assertEqual(closed, [(8, b"\x03\xe8")])
        self.assertEqual(ponged, [b"hello"])
        self.assertGreater(len(masks), 3)
        self.assertEqual((receiver.problems, receiver.connections), ([], 1))

    def test_peer_that_talks_late(self):
        """What was sent arrives, also when its reader has something to say after the end."""
        def talk(receiver, stream, number):
            listener.wait("end")
            stream.write(b"hello\n")
            lines(receiver, stream, number)

        listener, receiver = Listener(), self.receiver(talk, 4096)
        self.run_one(receiver.address, True, listener, name="长" * 30_000)
        self.check_same(receiver, listener)
        self.assertEqual((receiver.problems, receiver.connections), ([], 1))

    def test_broken_connections(self):
        """Refused, closed early, or a wrong handshake: it comes again."""
        def stubborn(receiver, stream, number):
            if number == 1:
                return
            shake_hands(stream, good=number != 2)
            if number == 3:
                stream.write(b"\x81\x83abcdxyz")  # a server must not mask
            while True:
                what, payload, _ = read_frame(stream)
                if number == 3 or what != 1:
                    return
                receiver.texts.append(payload)

        receiver, listener = self.receiver(stubborn), Listener()
        self.server.gate.clear()
        self.run_one(receiver.address, False, listener)
        wait_until(lambda: receiver.connections >= 4)
        self.server.gate.set()
        listener.wait("end")
        wait_until(lambda: receiver.texts and receiver.types()[-1] == "end")
        self.assertIn("endOne", receiver.types())

    def test_nobody_listens(self):
        """A remote client that is not there, or is silent, holds nothing up."""
        unused = self.receiver(lines)
        unused.close()
        silent = self.receiver(lambda receiver, stream, number: threading.Event().wait(30))
        for address in (unused.address, silent.address, "no url", "ftp://h", "", "http://"):
            for use_socket in (True, False):
                listener = Listener()
                number = self.run_one(address, use_socket, listener)
                listener.wait("end")
                self.assertEqual(tthsd.stop_download(number), 0)

    def test_only_when_asked_for(self):
        receiver = self.receiver(lines)
        self.server.files["/f"] = b"x"
        tasks = tasks_json([(self.server.base + "/f", os.path.join(self.dir, "f"))])
        url, yes = receiver.address.encode(), ctypes.c_bool(True)
        for use, where, flag in ((False, url, ctypes.byref(yes)), (True, None, ctypes.byref(yes)),
                                 (True, url, None), (True, url, ctypes.c_void_p(16))):
            listener = Listener()
            number = tthsd.start_download(tasks, 1, 2, 1, listener.thunk, use, None, where, flag,
                                          None, None)
            listener.wait("end")
            tthsd.stop_download(number)
        self.assertEqual(receiver.connections, 0)


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], *sys.argv[2:]], verbosity=2)
