"""A proxy that makes a bad network of loopback: what comes from the server is passed on as a TCP
sender would send it over a link with a round trip, losses and a speed.

Each connection is a sender of its own: its window grows by a segment for each round trip, is halved by
a loss, and is what it may send in a round trip. Losses are drawn from the number of the connection, so
that every run has the same.
"""

import asyncio
import random
import threading
import time

SEGMENT = 1460


class Weather:
    """What the links of one scenario are like.

    round_trip: seconds. loss: the part of segments that is lost; 0 for a link without a window.
    speed: bytes a second for each connection; 0 is no limit. slow: the number of the connection (from 0)
    that is slower by `slow_by` once it has passed on `slow_after` bytes; None for no such connection.
    most: connections at once that are served well; more of them share the speed of half a connection.
    """

    def __init__(self, round_trip=0.0, loss=0.0, speed=0, slow=None, slow_by=50, slow_after=1 << 20,
                 most=0):
        self.round_trip = round_trip
        self.loss = loss
        self.speed = speed
        self.slow = slow
        self.slow_by = slow_by
        self.slow_after = slow_after
        self.most = most


class Proxy:
    """Runs in a thread of its own until `stop`. `reset` numbers the connections anew."""

    def __init__(self, weather, port):
        self.weather = weather
        self.to = port
        self.loop = asyncio.new_event_loop()
        self.count = 0
        self.open = 0
        self.serving = set()
        self.total = 0
        self.log = []  # when how many bytes had been passed on, since `reset`
        ready = threading.Event()

        def run():
            asyncio.set_event_loop(self.loop)
            self.server = self.loop.run_until_complete(
                asyncio.start_server(self.serve, "127.0.0.1", 0, limit=1 << 20))
            self.port = self.server.sockets[0].getsockname()[1]
            ready.set()
            self.loop.run_forever()
            self.loop.close()

        self.thread = threading.Thread(target=run, daemon=True)
        self.thread.start()
        ready.wait()

    def reset(self):
        self.count = self.total = 0
        self.log = []

    def stop(self):
        async def end():
            self.server.close()
            while tasks := asyncio.all_tasks() - {asyncio.current_task()}:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)
            self.loop.stop()

        asyncio.run_coroutine_threadsafe(end(), self.loop)
        self.thread.join()

    async def serve(self, client_in, client_out):
        number = self.count
        self.count += 1
        self.open += 1
        self.serving.add(asyncio.current_task())  # the loop keeps no task that nothing wakes
        w = self.weather
        try:
            if w.round_trip:
                await asyncio.sleep(w.round_trip)  # of the handshake
            server_in, server_out = await asyncio.open_connection("127.0.0.1", self.to, limit=1 << 20)
            up = asyncio.ensure_future(self.requests(client_in, server_out))
            try:
                await self.replies(server_in, client_out, number)
            finally:
                up.cancel()
                await asyncio.gather(up, return_exceptions=True)
                server_out.close()
        except (OSError, asyncio.CancelledError):
            pass  # the other side, or `stop`, has ended it
        finally:
            self.open -= 1
            self.serving.discard(asyncio.current_task())
            client_out.close()

    async def requests(self, source, to):
        while data := await source.read(1 << 16):
            if self.weather.round_trip:
                await asyncio.sleep(self.weather.round_trip / 2)
            to.write(data)
            await to.drain()
        to.write_eof()

    async def replies(self, source, to, number):
        w = self.weather
        dice = random.Random(number)
        window = 10 * SEGMENT
        threshold = 1 << 40  # slow start until the first loss
        passed = 0
        now = self.loop.time
        due = now()
        while data := await source.read(min(max(int(window), SEGMENT), 1 << 18) if w.loss else 1 << 16):
            due = max(due, now())
            speed = w.speed
            if number == w.slow and passed >= w.slow_after:
                speed = w.speed / w.slow_by
            if w.most and self.open > w.most:
                speed = w.speed / (2 * self.open)
            if speed:
                due += len(data) / speed
            if w.loss:
                due += w.round_trip * len(data) / window
                segments = max(1, len(data) // SEGMENT)
                if dice.random() < 1 - (1 - w.loss) ** segments:
                    threshold = window = max(window / 2, 2 * SEGMENT)
                elif window < threshold:
                    window += len(data)
                else:
                    window += SEGMENT * len(data) / window
            passed += len(data)
            self.total += len(data)
            self.log.append((time.monotonic(), self.total))
            # Short waits are saved up: a sleep is no shorter than a millisecond or so.
            wait = due - now()
            if wait > 0.002:
                await asyncio.sleep(wait)
            to.write(data)
            await to.drain()
