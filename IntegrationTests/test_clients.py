"""Common clients against both programs: curl, nghttp, h2load, grpcio, raw sockets; in the clear, TLS and mutual TLS."""

import re
import ssl
import subprocess

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

from http_raw import PROTOBUF, RawConnection, encode, read_trace, split
from payloads import new_trace_id, traces
from programs import Collector, Sidecar, wait_until

PROGRAMS = ["sidecar", "collector"]


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, timeout=60, **options)
    return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")


@pytest.fixture
def payload(tmp_path):
    """(trace id, file) of an encoded request."""
    trace_id = new_trace_id()
    path = tmp_path / "request.pb"
    path.write_bytes(traces(trace_id, spans=3).SerializeToString())
    return trace_id, path


def assert_stored(system, trace_id, spans=3):
    message = wait_until(lambda: read_trace(system.collector.console, trace_id.hex()), what="the trace is stored")
    assert sum(len(s.spans) for g in message.resource_spans for s in g.scope_spans) == spans


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("version", ["--http2-prior-knowledge", "--http1.1"])
def test_curl(system, payload, program, version):
    trace_id, path = payload
    code, out, error = run(
        "curl", "-sS", version, "-w", "%{http_code} %{http_version}", "-o", "/dev/null", "-H",
        "Content-Type: application/x-protobuf", "--data-binary", f"@{path}", f"http://{system.otlp(program)}/v1/traces",
    )
    assert (code, out) == (0, b"200 2" if "http2" in version else b"200 1.1"), error
    assert_stored(system, trace_id)


@pytest.mark.parametrize("program", PROGRAMS)
def test_curl_keeps_the_connection(system, payload, program):
    url = f"http://{system.otlp(program)}/v1/traces"
    code, _, error = run(
        "curl", "-sSv", "--http1.1", "-H", "Content-Type: application/x-protobuf", "--data-binary", f"@{payload[1]}",
        url, url, url, "-o", "/dev/null", "-o", "/dev/null", "-o", "/dev/null",
    )
    assert code == 0, error
    assert error.count("Re-using existing connection") == 2, error
    assert error.count("HTTP/1.1 200") == 3, error


@pytest.mark.parametrize("program", PROGRAMS)
def test_curl_chunked(system, payload, program):
    code, out, error = run(
        "curl", "-sS", "--http1.1", "-w", "%{http_code}", "-o", "/dev/null", "-H", "Content-Type: application/x-protobuf",
        "-H", "Transfer-Encoding: chunked", "--data-binary", f"@{payload[1]}", f"http://{system.otlp(program)}/v1/traces",
    )
    assert (code, out) == (0, b"200"), error
    assert_stored(system, payload[0])


@pytest.mark.parametrize("program", PROGRAMS)
def test_expect_100_continue_is_answered_before_the_body(system, payload, program):
    body = payload[1].read_bytes()
    with RawConnection(system.otlp(program)) as connection:
        head = encode("POST", "/v1/traces", headers=[PROTOBUF, ("Expect", "100-continue")], length=False)
        connection.send(head[:-2] + f"Content-Length: {len(body)}\r\n\r\n".encode())
        assert connection.read_answer().status == 100
        connection.send(body)
        assert connection.read_answer().status == 200
    assert_stored(system, payload[0])


@pytest.mark.parametrize("program", PROGRAMS)
def test_expect_100_continue_is_refused_before_the_body(system, program):
    with RawConnection(system.otlp(program)) as connection:
        head = encode("POST", "/nowhere", headers=[PROTOBUF, ("Expect", "100-continue")], length=False)
        connection.send(head[:-2] + b"Content-Length: 1000\r\n\r\n")
        assert connection.read_answer().status == 404


@pytest.mark.parametrize("program", PROGRAMS)
def test_pipelined_requests_are_answered_in_order(system, program):
    ids = [new_trace_id() for _ in range(20)]
    with RawConnection(system.otlp(program)) as connection:
        stream = b""
        for number, trace_id in enumerate(ids):
            path = "/nowhere" if number % 5 == 4 else "/v1/traces"
            stream += encode("POST", path, traces(trace_id).SerializeToString(), [PROTOBUF])
        connection.send(stream)
        statuses = [connection.read_answer().status for _ in ids]
    assert statuses == [200, 200, 200, 200, 404] * 4
    assert_stored(system, ids[0], 1)


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_request_arriving_byte_by_byte_is_understood(system, program):
    trace_id = new_trace_id()
    with RawConnection(system.otlp(program)) as connection:
        for byte in encode("POST", "/v1/traces", traces(trace_id).SerializeToString(), [PROTOBUF]):
            connection.send(bytes([byte]))
        assert connection.read_answer().status == 200
    assert_stored(system, trace_id, 1)


@pytest.mark.parametrize("program", PROGRAMS)
def test_nghttp(system, payload, program):
    code, out, error = run(
        "nghttp", "-v", "-n", "-H", "content-type: application/x-protobuf", "-d", payload[1],
        f"http://{system.otlp(program)}/v1/traces",
    )
    assert code == 0, error
    assert b":status: 200" in out, out.decode()
    assert_stored(system, payload[0])


@pytest.mark.parametrize("program", PROGRAMS)
def test_nghttp_upgrades_from_http1_or_is_served_as_http1(system, payload, program):
    """RFC 9113 has retired the upgrade: a server may ignore it, and must not fail on it."""
    code, out, error = run(
        "curl", "-sS", "--http2", "-w", "%{http_code}", "-o", "/dev/null", "-H", "Content-Type: application/x-protobuf",
        "--data-binary", f"@{payload[1]}", f"http://{system.otlp(program)}/v1/traces",
    )
    assert (code, out) == (0, b"200"), error


@pytest.mark.parametrize("program", PROGRAMS)
def test_h2load(system, payload, program):
    code, out, error = run(
        "h2load", "-n", "2000", "-c", "4", "-m", "16", "-d", payload[1], "-H", "content-type: application/x-protobuf",
        f"http://{system.otlp(program)}/v1/traces",
    )
    assert code == 0, error
    assert re.search(rb"2000 succeeded, 0 failed, 0 errored", out), out.decode()


@pytest.mark.parametrize("program", PROGRAMS)
def test_h2load_over_http1(system, payload, program):
    code, out, error = run(
        "h2load", "--h1", "-n", "500", "-c", "4", "-d", payload[1], "-H", "content-type: application/x-protobuf",
        f"http://{system.otlp(program)}/v1/traces",
    )
    assert code == 0, error
    assert re.search(rb"500 succeeded, 0 failed, 0 errored", out), out.decode()


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_grpcio(system, program, compression):
    trace_id = new_trace_id()
    with grpc.insecure_channel(system.otlp(program), compression=compression) as channel:
        stub = TraceServiceStub(channel)
        assert stub.Export(traces(trace_id, spans=3), timeout=10) == ExportTraceServiceResponse()
        calls = [stub.Export.future(traces(new_trace_id(), spans=100), timeout=20) for _ in range(50)]
        assert [call.result() for call in calls] == [ExportTraceServiceResponse()] * 50
    assert_stored(system, trace_id)


# TLS: a collector and a sidecar of their own for each way of meeting.


class Secured:
    def __init__(self, collector, sidecar):
        self.collector, self.sidecar = collector, sidecar

    def otlp(self, program):
        return {"sidecar": self.sidecar, "collector": self.collector}[program].otlp


@pytest.fixture(params=["tls", "mutual"])
def secured(request, start, certificates):
    c = certificates
    server = {"tls__certificate": c.server_pem, "tls__key": c.server_key}
    sending = {"forward__tls": "true", "forward__tls_authority": c.ca_pem}
    if request.param == "mutual":
        server["tls__client_authority"] = c.ca_pem
        sending |= {"forward__tls_certificate": c.client_pem, "forward__tls_key": c.client_key}
    collector = start(Collector, **server)
    sidecar = start(Sidecar, collector.otlp, **server, **sending)
    secured = Secured(collector, sidecar)
    secured.is_mutual = request.param == "mutual"
    secured.context = ssl.create_default_context(cafile=c.ca_pem)
    secured.curl = ["--cacert", c.ca_pem]
    if secured.is_mutual:
        secured.context.load_cert_chain(c.client_pem, c.client_key)
        secured.curl += ["--cert", c.client_pem, "--key", c.client_key]
    return secured


def secure_read(secured, trace_id):
    """The console has the same certificates; asks until the trace is there."""
    import http.client

    from opentelemetry.proto.trace.v1.trace_pb2 import TracesData

    def ask():
        host, port = split(secured.collector.console)
        connection = http.client.HTTPSConnection(host, port, context=secured.context, timeout=10)
        connection.request(
            "GET", f"/api/v1/traces/{trace_id.hex()}?format=otlp", headers={"Accept": "application/x-protobuf"}
        )
        answer = connection.getresponse()
        body = answer.read()
        return TracesData.FromString(body) if answer.status == 200 else None

    return wait_until(ask, what="the trace is stored")


@pytest.mark.parametrize("program", PROGRAMS)
def test_tls_clients(secured, certificates, payload, program):
    address = secured.otlp(program)
    for version in ("--http2", "--http1.1"):
        code, out, error = run(
            "curl", "-sS", version, *secured.curl, "-w", "%{http_code} %{http_version}", "-o", "/dev/null", "-H",
            "Content-Type: application/x-protobuf", "--data-binary", f"@{payload[1]}", f"https://{address}/v1/traces",
        )
        assert (code, out) == (0, b"200 2" if version == "--http2" else b"200 1.1"), error

    credentials = grpc.ssl_channel_credentials(
        open(certificates.ca_pem, "rb").read(),
        *((open(certificates.client_key, "rb").read(), open(certificates.client_pem, "rb").read())
          if secured.is_mutual else (None, None)),
    )
    trace_id = new_trace_id()
    with grpc.secure_channel(address, credentials) as channel:
        TraceServiceStub(channel).Export(traces(trace_id, spans=500), timeout=10)
    secure_read(secured, trace_id)


@pytest.mark.parametrize("program", PROGRAMS)
def test_tls_refuses_what_is_not_allowed(secured, certificates, payload, program):
    address = secured.otlp(program)
    with RawConnection(address, timeout=5) as connection:
        connection.send(b"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
        assert b"HTTP/1.1 200" not in _read_all(connection)
    if secured.is_mutual:
        context = ssl.create_default_context(cafile=certificates.ca_pem)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            with RawConnection(address, wrap=lambda s: context.wrap_socket(s, server_hostname="localhost")) as connection:
                connection.request("POST", "/v1/traces", payload[1].read_bytes(), [PROTOBUF])
    old = ssl.create_default_context(cafile=certificates.ca_pem)
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.raises((ssl.SSLError, ConnectionError)):
        RawConnection(address, wrap=lambda s: old.wrap_socket(s, server_hostname="localhost"))
    # Whoever keeps to the rules is still served.
    with RawConnection(
        address, wrap=lambda s: secured.context.wrap_socket(s, server_hostname="localhost")
    ) as connection:
        assert connection.request("POST", "/v1/traces", payload[1].read_bytes(), [PROTOBUF]).status == 200


def _read_all(connection):
    data = b""
    try:
        while more := connection.socket.recv(4096):
            data += more
    except OSError:
        pass
    return data
