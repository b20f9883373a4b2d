"""Bad input: the right status, a reason that names what and where, and the same connection works afterwards."""

import gzip
import os
import random
import re
import socket
import struct
import time

import grpc
import pytest
import zstandard

from http_raw import PROTOBUF, RawConnection, encode, get, read_trace, split
from payloads import field, grpc_frame, logs, metrics, nested_arrays, new_trace_id, traces, varint
from programs import Collector, Sidecar, wait_until

PROGRAMS = ["sidecar", "collector"]
GOOD = traces(b"\7" * 16).SerializeToString()
JSON = ("Content-Type", "application/json")
MIB = 1 << 20


def span(trace_id=b"\1" * 16, span_id=b"\2" * 8, rest=b""):
    return field(1, field(2, field(2, field(1, trace_id) + field(2, span_id) + field(5, b"n") + rest)))


def gzip_bomb(size=512 * MIB):
    """Half a gigabyte of zeros, packed piece by piece: gzip members may follow each other."""
    return gzip.compress(bytes(16 * MIB), 9) * (size // (16 * MIB))


def zstd_bomb(size=512 * MIB):
    compressor = zstandard.ZstdCompressor(level=3, write_content_size=False).compressobj()
    return b"".join(compressor.compress(bytes(16 * MIB)) for _ in range(size // (16 * MIB))) + compressor.flush()


# name, body, headers, status, words that the reason must hold
TABLE = [
    ("random bytes", random.Random(1).randbytes(4096), [PROTOBUF], 400, []),
    ("random bytes, short", b"\xff\xff\xff", [PROTOBUF], 400, ["byte 0"]),
    ("cut off", GOOD[:-3], [PROTOBUF], 400, ["at byte"]),
    ("length beyond the end", field(1, b"")[:1] + varint(1000) + b"abc", [PROTOBUF], 400, ["at byte"]),
    ("length of 2^63", b"\x0a" + varint(2**63), [PROTOBUF], 400, ["at byte"]),
    ("length of 2^32", b"\x0a" + varint(2**32), [PROTOBUF], 400, ["at byte"]),
    ("varint of eleven bytes", b"\x0a" + b"\xff" * 11, [PROTOBUF], 400, ["at byte"]),
    ("field number zero", b"\x02\x00", [PROTOBUF], 400, ["byte 0"]),
    ("group", b"\x0b\x0c", [PROTOBUF], 400, ["at byte"]),
    ("wire type seven", b"\x0f\x00", [PROTOBUF], 400, ["at byte"]),
    ("wrong wire type for spans", b"\x08\x01", [PROTOBUF], 400, ["at byte"]),
    ("name that is not UTF-8", span(rest=field(5, b"\xff\xfe")), [PROTOBUF], 400, ["at byte"]),
    ("nested 100 deep", nested_arrays(100), [PROTOBUF], 400, ["deep"]),
    ("nested 50,000 deep", nested_arrays(50_000), [PROTOBUF], 400, ["deep"]),
    ("gzip that is none", b"not gzip at all", [PROTOBUF, ("Content-Encoding", "gzip")], 400, ["gzip"]),
    ("gzip cut off", gzip.compress(GOOD)[:-4], [PROTOBUF, ("Content-Encoding", "gzip")], 400, ["gzip"]),
    ("zstd that is none", b"not zstd at all", [PROTOBUF, ("Content-Encoding", "zstd")], 400, ["zstd"]),
    ("unknown encoding", GOOD, [PROTOBUF, ("Content-Encoding", "br")], 415, ["br"]),
    ("unknown content type", GOOD, [("Content-Type", "text/plain")], 415, ["text/plain"]),
    ("no content type", GOOD, [], 415, []),
    ("JSON cut off", b'{"resourceSpans":[', [JSON], 400, []),
    ("JSON that is an array", b"[]", [JSON], 400, []),
    ("JSON nested deep", b"[" * 200_000, [JSON], 400, []),
    ("JSON with a short trace id", b'{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"abc"}]}]}]}', [JSON], 400,
     ["traceId"]),
    ("JSON with a wrong type", b'{"resourceSpans":7}', [JSON], 400, ["resourceSpans"]),
]


def reason(answer):
    """What the answer says: the message of a google.rpc.Status, in protobuf or JSON, or of our error object."""
    return answer.text


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("name, body, headers, status, words", TABLE, ids=[row[0] for row in TABLE])
def test_http(system, program, name, body, headers, status, words):
    with RawConnection(system.otlp(program)) as connection:
        answer = connection.request("POST", "/v1/traces", body, headers)
        assert answer.status == status, answer
        assert reason(answer), "the refusal gives no reason"
        for word in words:
            assert word in reason(answer), answer
        assert connection.request("POST", "/v1/traces", GOOD, [PROTOBUF]).status == 200


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("kind, bomb", [("gzip", gzip_bomb), ("zstd", zstd_bomb)])
def test_bombs(system, program, kind, bomb):
    body = bomb()
    target = {"sidecar": system.sidecar, "collector": system.collector}[program]
    before = target.resident_bytes()
    with RawConnection(system.otlp(program)) as connection:
        began = time.monotonic()
        answer = connection.request("POST", "/v1/traces", body, [PROTOBUF, ("Content-Encoding", kind)])
        assert answer.status == 413, answer
        assert time.monotonic() - began < 2
        assert connection.request("POST", "/v1/traces", GOOD, [PROTOBUF]).status == 200
    assert target.resident_bytes() - before < 64 * MIB


@pytest.mark.parametrize("program", PROGRAMS)
def test_empty_submessages_cost_no_memory(system, program):
    """Four million bytes of empty spans: refused, or answered as a partial success, but never 124 times their size."""
    target = {"sidecar": system.sidecar, "collector": system.collector}[program]
    before = target.resident_bytes()
    with RawConnection(system.otlp(program)) as connection:
        answer = connection.request("POST", "/v1/traces", field(1, field(2, b"\x12\0" * 2_000_000)), [PROTOBUF])
        assert answer.status in (200, 400, 413), answer
        if answer.status == 200:
            assert answer.body, "spans without ids were accepted in full"
        assert connection.request("POST", "/v1/traces", GOOD, [PROTOBUF]).status == 200
    assert target.resident_bytes() - before < 64 * MIB


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(
    "trace_id, span_id",
    [(b"", b"\2" * 8), (bytes(16), b"\2" * 8), (b"\1" * 15, b"\2" * 8), (b"\1" * 17, b"\2" * 8), (b"\1" * 16, b""),
     (b"\1" * 16, bytes(8)), (b"\1" * 16, b"\2" * 7), (b"\1" * 16, b"\2" * 9)],
    ids=["no trace id", "zero trace id", "short trace id", "long trace id", "no span id", "zero span id",
         "short span id", "long span id"],
)
def test_wrong_ids_are_a_partial_success(system, program, trace_id, span_id):
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

    good = new_trace_id()
    body = span(trace_id, span_id) + span(good)
    with RawConnection(system.otlp(program)) as connection:
        answer = connection.request("POST", "/v1/traces", body, [PROTOBUF])
    assert answer.status == 200, answer
    partial = ExportTraceServiceResponse.FromString(answer.body).partial_success
    assert partial.rejected_spans == 1
    assert re.search(r"(trace|span)_id at byte \d+: ", partial.error_message), partial.error_message
    wait_until(lambda: read_trace(system.collector.console, good.hex()), what="the good span is stored")


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(
    "method, path, status",
    [("POST", "/nowhere", 404), ("POST", "/v1/traces/", 404), ("POST", "/../etc/passwd", 404), ("GET", "/v1/traces", 405),
     ("DELETE", "/v1/logs", 405), ("PUT", "/v1/metrics", 405), ("POST", "/" + "x" * 4000, 404)],
)
def test_paths_and_methods(system, program, method, path, status):
    with RawConnection(system.otlp(program)) as connection:
        answer = connection.request(method, path, b"" if method in ("GET", "DELETE") else GOOD, [PROTOBUF])
        assert answer.status == status, answer
        if status == 405:
            assert "POST" in answer.headers.get("allow", ""), answer
        assert connection.request("POST", "/v1/traces", GOOD, [PROTOBUF]).status == 200


@pytest.mark.parametrize("program", PROGRAMS)
def test_body_too_large(system, program):
    """Refused by its stated length, before it is sent."""
    with RawConnection(system.otlp(program)) as connection:
        head = encode("POST", "/v1/traces", headers=[PROTOBUF], length=False)
        connection.send(head[:-2] + f"Content-Length: {1 << 40}\r\n\r\n".encode())
        assert connection.read_answer().status == 413


@pytest.mark.parametrize("program", PROGRAMS)
def test_chunked_body_too_large(system, program):
    with RawConnection(system.otlp(program), timeout=20) as connection:
        connection.send(encode("POST", "/v1/traces", headers=[PROTOBUF, ("Transfer-Encoding", "chunked")], length=False))
        chunk = b"100000\r\n" + bytes(MIB) + b"\r\n"
        try:
            for _ in range(200):
                connection.send(chunk)
        except OSError:
            pass  # closed while we were still sending, which is what it may do
        try:
            assert connection.read_answer().status == 413
        except ConnectionError:
            pass  # the answer was lost with the connection


HEADS = [
    ("two lengths that differ", b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400),
    ("length and chunked", b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    ("negative length", b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
    ("length with a plus sign", b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: +3\r\n\r\nabc", 400),
    ("length beyond 64 bits", b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999999\r\n\r\n", 400),
    ("two hosts", b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nHost: y\r\nContent-Length: 0\r\n\r\n", 400),
    ("no host", b"POST /v1/traces HTTP/1.1\r\nContent-Length: 0\r\n\r\n", 400),
    ("space before the colon", b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length : 3\r\n\r\nabc", 400),
    ("folded header", b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n", 400),
    ("chunk size that is no number", b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
    ("chunk size beyond 64 bits", b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-protobuf\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 30 + b"\r\n", 400),
    ("garbage", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(100) + b"\r\n\r\n", 400),
    ("header of 100 KiB", b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 102_400 + b"\r\n\r\n", 431),
    ("ten thousand headers", b"GET / HTTP/1.1\r\nHost: x\r\n" + b"a: b\r\n" * 10_000 + b"\r\n", 431),
    ("path of 100 KiB", b"GET /" + b"x" * 102_400 + b" HTTP/1.1\r\nHost: x\r\n\r\n", (414, 431)),
]


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("name, head, status", HEADS, ids=[row[0] for row in HEADS])
def test_heads(system, program, name, head, status):
    """What is wrong with the framing itself ends the connection; the next one works."""
    with RawConnection(system.otlp(program)) as connection:
        try:
            connection.send(head)
        except OSError:
            pass
        try:
            assert connection.read_answer().status in (status if isinstance(status, tuple) else (status,))
        except ConnectionError:
            pass  # closed without a word: allowed, as long as nothing was accepted
    with RawConnection(system.otlp(program)) as connection:
        assert connection.request("POST", "/v1/traces", GOOD, [PROTOBUF]).status == 200


@pytest.mark.parametrize("kind", [Collector, Sidecar])
def test_slow_senders_are_told_and_let_go(start, kind):
    """408 for a body that stops, a close for a head that never ends; others are served meanwhile."""
    limits = {"limits__header_timeout": "1s", "limits__body_rate": "1000"}
    program = start(kind, **limits) if kind is Collector else start(kind, "127.0.0.1:9", **limits)
    slow_body, slow_head = RawConnection(program.otlp, timeout=15), RawConnection(program.otlp, timeout=15)
    with slow_body, slow_head:
        slow_body.send(encode("POST", "/v1/traces", headers=[PROTOBUF], length=False)[:-2] + b"Content-Length: 10\r\n\r\nab")
        slow_head.send(b"POST /v1/traces HTT")
        with RawConnection(program.otlp) as connection:
            assert connection.request("POST", "/v1/traces", GOOD, [PROTOBUF]).status == 200
        assert slow_body.read_answer().status == 408
        try:
            assert slow_head.read_answer().status == 408
        except ConnectionError:
            pass
        assert slow_head.closed()


@pytest.mark.parametrize("program", PROGRAMS)
def test_half_open_connections_harm_nobody(system, program):
    host, port = split(system.otlp(program))
    sockets = [socket.create_connection((host, port)) for _ in range(200)]
    for connection in sockets[::2]:
        connection.send(b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc")
    with RawConnection(system.otlp(program)) as connection:
        assert connection.request("POST", "/v1/traces", GOOD, [PROTOBUF]).status == 200
    for connection in sockets:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()  # a reset, in the middle of a body for half of them
    with RawConnection(system.otlp(program)) as connection:
        assert connection.request("POST", "/v1/traces", GOOD, [PROTOBUF]).status == 200


GRPC = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
GRPC_TABLE = [
    ("random bytes", GRPC, random.Random(2).randbytes(1000), grpc.StatusCode.INVALID_ARGUMENT),
    ("cut off", GRPC, GOOD[:-1], grpc.StatusCode.INVALID_ARGUMENT),
    ("nested deep", GRPC, nested_arrays(10_000), grpc.StatusCode.INVALID_ARGUMENT),
    ("unknown method", "/opentelemetry.proto.collector.trace.v1.TraceService/Import", GOOD, grpc.StatusCode.UNIMPLEMENTED),
    ("unknown service", "/a.B/C", GOOD, grpc.StatusCode.UNIMPLEMENTED),
    ("message of 100 MiB", GRPC, bytes(100 * MIB), grpc.StatusCode.RESOURCE_EXHAUSTED),
]


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("name, path, body, code", GRPC_TABLE, ids=[row[0] for row in GRPC_TABLE])
def test_grpc(system, program, name, path, body, code):
    with grpc.insecure_channel(system.otlp(program)) as channel:
        with pytest.raises(grpc.RpcError) as error:
            channel.unary_unary(path)(body, timeout=20)
        assert error.value.code() == code, error.value
        assert error.value.details()
        assert channel.unary_unary(GRPC)(GOOD, timeout=10) == b""


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(
    "body", [b"\0\xff\xff\xff\xff", b"\0\0\0\0\5ab", b"\7" + grpc_frame(GOOD)[1:], b"", grpc_frame(GOOD) * 2],
    ids=["length of 4 GiB", "shorter than its length", "unknown flag", "nothing", "two messages"],
)
def test_grpc_framing(system, program, body, tmp_path):
    """Frames that grpcio would never send, by curl. A refusal is a status in the trailers or headers, not a crash."""
    import subprocess

    path = tmp_path / "body"
    path.write_bytes(body)
    done = subprocess.run(
        ["curl", "-sS", "--http2-prior-knowledge", "-D", "-", "-o", os.devnull, "-H", "Content-Type: application/grpc", "-H",
         "TE: trailers", "--data-binary", f"@{path}", f"http://{system.otlp(program)}{GRPC}"],
        capture_output=True, text=True, timeout=20,
    )
    status = [line for line in done.stdout.lower().splitlines() if line.startswith("grpc-status:")]
    assert status and status[0] != "grpc-status: 0", done


def test_datagrams(system):
    """Refused datagrams are counted by reason and never answered; good ones after them are stored."""
    good = new_trace_id()
    bad = [b"", b"\xff" * 100, random.Random(3).randbytes(1400), GOOD[:-5], nested_arrays(1000), bytes(65_507),
           span(bytes(16)), field(3, b"\xff")]
    before = counters(system.sidecar)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(split(system.sidecar.udp))
        for datagram in bad:
            sender.send(datagram)
        with pytest.raises(OSError):
            sender.send(bytes(65_508))  # the kernel refuses what is larger than a datagram can be
        sender.send(traces(good).SerializeToString())
        wait_until(lambda: read_trace(system.collector.console, good.hex()), what="the good datagram's span is stored")
        sender.settimeout(0.2)
        with pytest.raises((TimeoutError, BlockingIOError)):
            sender.recv(1)
    after = counters(system.sidecar)

    def counted(prefix):
        return sum(value - before.get(name, 0) for name, value in after.items() if name.startswith(prefix))

    # One of them is well-formed and holds a span without an identity; an empty one says nothing and harms nobody.
    assert counted("hms_sidecar_refused_requests_total{") >= len(bad) - 2
    assert counted('hms_sidecar_rejected_items_total{signal="traces",reason="bad_identity"}') == 1
    assert counted("hms_sidecar_udp_datagrams_total") == len(bad) + 1


def test_datagram_gaps_are_counted(system):
    def datagram(producer, sequence):
        return b"\x09" + struct.pack("<Q", producer) + b"\x10" + varint(sequence) + field(3, traces(new_trace_id()).SerializeToString())

    def gaps():
        return sum(value for name, value in counters(system.sidecar).items() if "gap" in name or "missing" in name)

    before = gaps()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(split(system.sidecar.udp))
        for sequence in (0, 1, 2, 5, 6, 10):
            sender.send(datagram(77, sequence))
    wait_until(lambda: gaps() - before == 5, what="five missing datagrams are counted")


def counters(program):
    answer = get(program.admin, "/metrics")
    assert answer.status == 200
    found = {}
    for line in answer.text.splitlines():
        if line and not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            found[name] = float(value)
    return found


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("path, request_message", [("/v1/metrics", metrics()), ("/v1/logs", logs())])
def test_the_other_signals_are_checked_too(system, program, path, request_message):
    body = request_message.SerializeToString()
    with RawConnection(system.otlp(program)) as connection:
        assert connection.request("POST", path, body, [PROTOBUF]).status == 200
        assert connection.request("POST", path, body[:-2], [PROTOBUF]).status == 400
        assert connection.request("POST", path, body, [PROTOBUF]).status == 200


API = [
    ("/api/v1/traces/" + "0" * 31 + "1", 404), ("/api/v1/traces/xyz", 400), ("/api/v1/traces/", 404),
    ("/api/v1/traces/" + "0" * 32, 400), ("/api/v1/nowhere", 404), ("/../../etc/passwd", 404), ("/%2e%2e/%2e%2e/etc/passwd", 404),
    ("/%00", 404),
]


@pytest.mark.parametrize("path, status", API)
def test_api(system, path, status):
    with RawConnection(system.collector.console) as connection:
        answer = connection.request("GET", path)
        assert answer.status in (status, 400, 404), answer
        if path.startswith("/api/"):
            assert answer.status == status, answer
            error = answer.json["error"]
            assert error["code"] and error["message"], answer
        assert b"root:" not in answer.body
        assert connection.request("GET", "/healthz").status == 200
