"""An OTLP backend for tests: takes HTTP/2 with prior knowledge and HTTP/1.1, OTLP over HTTP and gRPC, and records requests.

    with OTLPSink() as sink:
        ... start a sidecar with forward.collectors = sink.address ...
        sink.wait_for(lambda: sink.metric("requests"))
"""

import gzip
import socket
import threading
import time

import h2.config
import h2.connection
import h2.events
import zstandard
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
KINDS = {
    "traces": ("/v1/traces", "opentelemetry.proto.collector.trace.v1.TraceService", ExportTraceServiceRequest),
    "metrics": ("/v1/metrics", "opentelemetry.proto.collector.metrics.v1.MetricsService", ExportMetricsServiceRequest),
    "logs": ("/v1/logs", "opentelemetry.proto.collector.logs.v1.LogsService", ExportLogsServiceRequest),
}


class Request:
    """One request: what was sent, and the message in it. `kind` is None for a path that is no OTLP."""

    def __init__(self, protocol, method, path, headers, raw):
        self.protocol, self.method, self.path, self.headers, self.raw = protocol, method, path, headers, raw
        self.is_grpc = headers.get("content-type", "").startswith("application/grpc")
        self.kind, self.message = None, None
        for kind, (plain, service, form) in KINDS.items():
            if path in (plain, f"/{service}/Export"):
                self.kind, self.message = kind, form.FromString(self.body)

    @property
    def body(self):
        """Out of its gRPC frame and unpacked."""
        data, encoding = self.raw, self.headers.get("content-encoding", "identity")
        if self.is_grpc:
            encoding = self.headers.get("grpc-encoding", "identity") if data[0] else "identity"
            data = data[5:5 + int.from_bytes(data[1:5], "big")]
        if encoding == "zstd":
            with zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True) as reader:
                return reader.read()
        return gzip.decompress(data) if encoding == "gzip" else data

    def __repr__(self):
        return f"{self.protocol} {self.method} {self.path} {len(self.raw)} B"


class OTLPSink:
    """Listens on a free port of loopback. `answer(request)` may be replaced; it gives (status, headers, body), or None for
    a request that is never answered."""

    def __init__(self, answer=None, address=("127.0.0.1", 0)):
        self.requests = []
        self.answer = answer or (lambda request: (200, {}, b""))
        self._changed = threading.Condition()
        self._connections = set()
        self._listener = socket.create_server(address)
        self.host, self.port = self._listener.getsockname()[:2]
        self._closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self):
        return f"{self.host}:{self.port}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Stops listening and cuts every connection."""
        self._closed = True
        # Closing alone would leave the thread in accept().
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        self.disconnect()

    def disconnect(self):
        """Cuts every connection; new ones are taken."""
        for connection in list(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    # What came

    def messages(self, kind):
        with self._changed:
            return [request.message for request in self.requests if request.kind == kind]

    def spans(self):
        return [s for m in self.messages("traces") for r in m.resource_spans for g in r.scope_spans for s in g.spans]

    def log_records(self):
        """Pairs of resource attributes and log record."""
        return [
            (plain(group.resource.attributes), record)
            for message in self.messages("logs") for group in message.resource_logs
            for scope in group.scope_logs for record in scope.log_records
        ]

    def points(self, name=None):
        """Every data point as a Point, of one metric or of all, in the order of arrival."""
        found = []
        for message in self.messages("metrics"):
            for group in message.resource_metrics:
                resource = plain(group.resource.attributes)
                for scope in group.scope_metrics:
                    for metric in scope.metrics:
                        if name is None or metric.name == name:
                            data = getattr(metric, metric.WhichOneof("data"))
                            found += [Point(resource, scope.scope, metric, point) for point in data.data_points]
        return found

    def metric(self, name):
        return self.points(name)

    def wait_for(self, check, timeout=20, what="what was expected"):
        """Calls `check` at each arrival until it returns something true, which is returned."""
        deadline = time.monotonic() + timeout
        while True:
            with self._changed:
                count = len(self.requests)
            found = check()
            if found:
                return found
            with self._changed:
                left = deadline - time.monotonic()
                assert left > 0, f"{what} did not come within {timeout} s; there are {self.requests[-20:]}"
                if len(self.requests) == count:
                    self._changed.wait(left)

    # Serving

    def _accept(self):
        while not self._closed:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            start = b""
            while len(start) < len(PREFACE) and PREFACE.startswith(start):
                data = connection.recv(65536)
                if not data:
                    return
                start += data
            (self._serve_http2 if start.startswith(PREFACE) else self._serve_http1)(connection, start)
        except (OSError, ConnectionError):
            pass
        finally:
            self._connections.discard(connection)
            connection.close()

    def _record(self, request):
        with self._changed:
            self.requests.append(request)
            self._changed.notify_all()
        return self.answer(request)

    def _serve_http2(self, connection, data):
        state = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        state.initiate_connection()
        state.increment_flow_control_window(16 << 20)
        streams = {}
        while data:
            for event in state.receive_data(data):
                if isinstance(event, h2.events.RequestReceived):
                    streams[event.stream_id] = (dict(event.headers), bytearray())
                elif isinstance(event, h2.events.DataReceived):
                    streams[event.stream_id][1].extend(event.data)
                    state.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                elif isinstance(event, h2.events.StreamEnded):
                    headers, body = streams.pop(event.stream_id)
                    self._answer_http2(state, event.stream_id, headers, bytes(body))
                elif isinstance(event, h2.events.StreamReset):
                    streams.pop(event.stream_id, None)
                elif isinstance(event, h2.events.ConnectionTerminated):
                    return
            connection.sendall(state.data_to_send())
            data = connection.recv(1 << 20)

    def _answer_http2(self, state, stream, headers, body):
        request = Request("HTTP/2", headers[":method"], headers[":path"], headers, body)
        answer = self._record(request)
        if answer is None:
            return
        status, extra, content = answer
        head = [(":status", str(status))]
        if request.is_grpc:
            head += [("content-type", "application/grpc"), *extra.items()]
            state.send_headers(stream, head)
            if status == 200:
                state.send_data(stream, b"\0" + len(content).to_bytes(4, "big") + content)
            state.send_headers(stream, [("grpc-status", extra.get("grpc-status", "0"))], end_stream=True)
            return
        head += [("content-type", "application/x-protobuf"), *extra.items()]
        state.send_headers(stream, head, end_stream=not content)
        if content:
            state.send_data(stream, content, end_stream=True)

    def _serve_http1(self, connection, data):
        def more():
            new = connection.recv(1 << 20)
            if not new:
                raise ConnectionError
            return new

        while True:
            while b"\r\n\r\n" not in data:
                data += more()
            head, data = data.split(b"\r\n\r\n", 1)
            line, *fields = head.decode("latin-1").split("\r\n")
            method, path, _ = line.split(" ")
            headers = {name.strip().lower(): value.strip() for name, value in (f.split(":", 1) for f in fields)}
            body = b""
            if headers.get("transfer-encoding", "").lower() == "chunked":
                while True:
                    while b"\r\n" not in data:
                        data += more()
                    size, data = data.split(b"\r\n", 1)
                    length = int(size.split(b";")[0], 16)
                    while len(data) < length + 2:
                        data += more()
                    body, data = body + data[:length], data[length + 2:]
                    if length == 0:
                        break
            else:
                length = int(headers.get("content-length", 0))
                while len(data) < length:
                    data += more()
                body, data = data[:length], data[length:]
            answer = self._record(Request("HTTP/1.1", method, path, headers, body))
            if answer is None:
                connection.recv(1)  # until the client goes
                return
            status, extra, content = answer
            lines = [f"HTTP/1.1 {status} Scripted", f"Content-Length: {len(content)}"]
            lines += [f"{name}: {value}" for name, value in extra.items()]
            connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + content)


class Point:
    """A data point with what stands around it, in Python's own types."""

    def __init__(self, resource, scope, metric, point):
        self.resource, self.scope, self.metric, self.raw = resource, scope, metric, point
        self.name, self.unit, self.kind = metric.name, metric.unit, metric.WhichOneof("data")
        self.attributes = plain(point.attributes)
        data = getattr(metric, self.kind)
        self.is_monotonic = getattr(data, "is_monotonic", None)
        self.temporality = getattr(data, "aggregation_temporality", None)

    @property
    def value(self):
        return getattr(self.raw, self.raw.WhichOneof("value"))

    def __repr__(self):
        return f"{self.kind} {self.name}{self.attributes} {str(self.raw).split()}"


def plain(attributes):
    """Attributes as a dictionary of Python values."""
    return {entry.key: getattr(entry.value, entry.value.WhichOneof("value") or "string_value") for entry in attributes}
