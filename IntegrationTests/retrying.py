"""A sender as an SDK is one: it sends the same bytes again until they are acknowledged, over many connections at once."""

import asyncio
import collections
import random
import threading
import time

import grpc

from http_raw import split
from payloads import field, varint

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
SERVICE = field(1, field(1, field(1, b"service.name") + field(2, field(1, b"orders"))))
FILLER = field(9, field(1, b"filler") + field(2, field(1, b"x" * 120)))


def fixed64(number, value):
    return varint(number << 3 | 1) + value.to_bytes(8, "little")


def span(trace_id, span_id):
    return (
        field(1, trace_id) + field(2, span_id) + field(5, b"step") + b"\x30\x03"
        + fixed64(7, 1_700_000_000_000_000_000) + fixed64(8, 1_700_000_000_010_000_000) + FILLER
    )


def request(spans):
    """One export request for [(trace id, span id)]."""
    return field(1, SERVICE + field(2, b"".join(field(2, span(*ids)) for ids in spans)))


class Pending:
    __slots__ = ("body", "spans", "forgets")

    def __init__(self, body, spans, forgets):
        self.body, self.spans, self.forgets = body, spans, forgets


class RetryingSender:
    """Sends what `send` gives it from a thread of its own. An answer is taken for lost now and then, although it came, and
    the request sent again a moment later: what a sender does that was too slow to see it."""

    def __init__(self, target, seed, http=24, grpc_channels=2, grpc_calls=48, forgetful=0.05):
        self.target, self.forgetful = target, forgetful
        self.random = random.Random(seed)
        self.queue = collections.deque()
        self.unacknowledged = 0
        self.attempts = self.busy = self.broken = 0
        self.errors = []
        self.in_flight = self.most_in_flight = 0
        self._done = threading.Event()
        self._done.set()
        self._shape = (http, grpc_channels, grpc_calls)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True)
        self._thread.start()
        self._ready.wait()

    def send(self, requests):
        """Begins to send [[(trace id, span id)]], one list for each request."""
        pending = [
            Pending(request(spans), len(spans), self.random.random() < self.forgetful) for spans in requests
        ]
        self._done.clear()
        self._loop.call_soon_threadsafe(self._enqueue, pending)

    def wait(self, timeout=60):
        """Until everything is acknowledged."""
        assert self._done.wait(timeout), f"{self.unacknowledged} requests are not acknowledged after {timeout} s: {self.errors[:3]}"
        assert not self.errors, self.errors[:5]

    def stop(self):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    # On the thread.

    def _enqueue(self, pending):
        self.unacknowledged += len(pending)
        self._again(pending)

    def _again(self, pending):
        self.queue.extend(pending)
        for _ in pending:
            if not self._idle:
                break
            self._idle.popleft().set()

    async def _take(self):
        while not self.queue:
            event = asyncio.Event()
            self._idle.append(event)
            await event.wait()
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        self.attempts += 1
        return self.queue.popleft()

    def _settle(self, item, outcome):
        self.in_flight -= 1
        if outcome == "acknowledged":
            if item.forgets:
                item.forgets = False
                self._loop.call_later(self.random.uniform(0, 0.5), self._again, [item])
                return
            self.unacknowledged -= 1
            if self.unacknowledged == 0:
                self._done.set()
            return
        if outcome == "busy":
            self.busy += 1
        elif outcome == "broken":
            self.broken += 1
        else:
            self.errors.append(outcome)
            self._done.set()
        self._loop.call_later(0.02, self._again, [item])

    async def _main(self):
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self._idle = collections.deque()
        http, channels, calls = self._shape
        options = [("grpc.initial_reconnect_backoff_ms", 20), ("grpc.min_reconnect_backoff_ms", 20),
                   ("grpc.max_reconnect_backoff_ms", 50), ("grpc.use_local_subchannel_pool", 1)]
        opened = [grpc.aio.insecure_channel(self.target, options) for _ in range(channels)]
        tasks = [asyncio.create_task(self._http()) for _ in range(http)]
        tasks += [asyncio.create_task(self._grpc(channel)) for channel in opened for _ in range(calls)]
        self._ready.set()
        await self._stop.wait()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for channel in opened:
            await channel.close()

    async def _http(self):
        host, port = split(self.target)
        connection = None
        while True:
            item = await self._take()
            try:
                if connection is None:
                    connection = await asyncio.open_connection(host, port)
                outcome = await self._exchange(*connection, item.body)
            except (OSError, asyncio.IncompleteReadError):
                if connection:
                    connection[1].close()
                connection, outcome = None, "broken"
            self._settle(item, outcome)

    @staticmethod
    async def _exchange(reader, writer, body):
        writer.write(
            b"POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\nContent-Length: %d\r\n\r\n"
            % len(body) + body
        )
        head = await reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        lower = head.lower()
        length = int(lower.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        answer = await reader.readexactly(length) if length else b""
        if b"connection: close" in lower:
            writer.close()
            raise ConnectionResetError if status != 200 else OSError
        if status == 200:
            return "acknowledged" if not answer else f"partial success: {answer!r}"
        if status == 503:
            return "busy" if b"retry-after:" in lower else "503 without Retry-After"
        return f"HTTP {status}: {answer[:200]!r}"

    async def _grpc(self, channel):
        call = channel.unary_unary(EXPORT)
        while True:
            item = await self._take()
            try:
                answer = await call(item.body, timeout=30)
                outcome = "acknowledged" if not answer else f"partial success: {answer!r}"
            except grpc.aio.AioRpcError as error:
                if error.code() != grpc.StatusCode.UNAVAILABLE:
                    outcome = f"{error.code()}: {error.details()}"
                else:
                    details = {key for key, _ in error.trailing_metadata() or ()}
                    outcome = "busy" if "grpc-status-details-bin" in details else "broken"
            self._settle(item, outcome)


def new_requests(rng, traces, requests, spans):
    """`requests` lists of `spans` (trace id, span id); the spans of a trace come in different requests."""
    made = [[] for _ in range(requests)]
    for row in made:
        for _ in range(spans):
            row.append((rng.choice(traces), rng.randbytes(8)))
    return made


def until(moment):
    """Waits for a moment that was drawn by lot."""
    left = moment - time.monotonic()
    if left > 0:
        time.sleep(left)
