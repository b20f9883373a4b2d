"""A collector over HTTP/2 that does what a test tells it to: answer late, refuse, reset, fall silent, hang up."""

import asyncio
import threading

import h2.config
import h2.connection
import h2.errors
import h2.events
import zstandard
from opentelemetry.proto.trace.v1.trace_pb2 import TracesData


class ScriptedCollector:
    """Takes batches by the rules of the real one: each sender's number is stored once. `behave` changes what it does with
    the next request: take, late, refuse-503, refuse-429, reset, silent, close, goaway."""

    def __init__(self, behaviour="take", delay=0.3, port=0):
        self.behaviour, self.delay = behaviour, delay
        self.attempts = self.connections = 0
        self.batches = {}
        self.repeated = 0
        self._writers = set()
        started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._main(started, port)), daemon=True)
        self._thread.start()
        assert started.wait(10)

    def behave(self, behaviour):
        self.behaviour = behaviour

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def spans(self):
        """Of all batches that were taken."""
        for body in list(self.batches.values()):
            message = zstandard.ZstdDecompressor().decompressobj().decompress(body)
            for group in TracesData.FromString(message).resource_spans:
                for scope in group.scope_spans:
                    yield from scope.spans

    def span_ids(self):
        return [span.span_id for span in self.spans()]

    def trace_ids(self):
        return [span.trace_id for span in self.spans()]

    def stop(self):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(10)

    async def _main(self, started, port):
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        await self._stop.wait()
        server.close()
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader, writer):
        self.connections += 1
        self._writers.add(writer)
        connection = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        connection.initiate_connection()
        heads, bodies = {}, {}
        try:
            writer.write(connection.data_to_send())
            while data := await reader.read(1 << 18):
                for event in connection.receive_data(data):
                    if isinstance(event, h2.events.RequestReceived):
                        heads[event.stream_id], bodies[event.stream_id] = dict(event.headers), bytearray()
                    elif isinstance(event, h2.events.DataReceived):
                        bodies[event.stream_id] += event.data
                        connection.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    elif isinstance(event, h2.events.StreamReset):
                        bodies.pop(event.stream_id, None)
                    elif isinstance(event, h2.events.StreamEnded) and event.stream_id in bodies:
                        self._request(
                            connection, writer, event.stream_id, heads.pop(event.stream_id), bytes(bodies.pop(event.stream_id)))
                writer.write(connection.data_to_send())
        except (OSError, h2.exceptions.ProtocolError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    def _request(self, connection, writer, stream, head, body):
        self.attempts += 1
        behaviour = self.behaviour
        if behaviour == "take":
            self._take(connection, stream, head, body)
        elif behaviour == "late":
            self._loop.call_later(self.delay, self._take_late, connection, writer, stream, head, body)
        elif behaviour.startswith("refuse-"):
            connection.send_headers(stream, [(":status", behaviour[7:]), ("retry-after", "1")], end_stream=True)
        elif behaviour == "reset":
            connection.reset_stream(stream, h2.errors.ErrorCodes.INTERNAL_ERROR)
        elif behaviour == "close":
            writer.transport.abort()
        elif behaviour == "goaway":
            connection.close_connection(last_stream_id=0)
        else:
            assert behaviour == "silent", behaviour

    def _take_late(self, connection, writer, stream, head, body):
        try:
            self._take(connection, stream, head, body)
            writer.write(connection.data_to_send())
        except (OSError, h2.exceptions.ProtocolError):
            pass  # it has hung up, or taken the request back

    def _take(self, connection, stream, head, body):
        key = head["x-hms-sender"], int(head["x-hms-sequence"])
        if key in self.batches:
            self.repeated += 1
        self.batches.setdefault(key, body)
        connection.send_headers(stream, [(":status", "200"), ("content-length", "0")], end_stream=True)
