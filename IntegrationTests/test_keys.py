"""Keys and unix sockets: who may come in, by which door."""

import base64
import hashlib
import os
import signal
import socket
import ssl
import stat
import subprocess

import grpc
import pytest

from http_raw import PROTOBUF, RawConnection, get, post
from payloads import new_trace_id, traces
from programs import Collector, Sidecar, hms_ops, wait_until

KEY, OTHER = "a-key-of-some-length", "another-key-of-some-length"
GOOD = traces(b"\7" * 16).SerializeToString()
EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@pytest.fixture
def keys(tmp_path):
    path = tmp_path / "keys"
    path.write_text(
        f"# who may come in\npay {KEY}\nbatch sha256:{hashlib.sha256(OTHER.encode()).hexdigest()} rate=5/s\n")
    path.chmod(0o600)
    return path


def begin(start, kind, keys, **settings):
    arguments = ["127.0.0.1:9"] if kind is Sidecar else []
    return start(kind, *arguments, keys__file=keys, **settings)


def status(address, path="/v1/traces", body=GOOD, **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return post(address, path, body, {**dict([PROTOBUF]), **named}).status


@pytest.mark.parametrize("kind", [Sidecar, Collector])
def test_only_with_a_key(start, kind, keys):
    program = begin(start, kind, keys)
    health = program.admin if kind is Sidecar else program.console
    assert status(program.otlp) == 401
    assert status(program.otlp, authorization="Bearer wrong-key") == 401
    assert status(program.otlp, authorization=f"Bearer {KEY}") == 200
    assert status(program.otlp, x_api_key=KEY) == 200
    basic = base64.b64encode(f"me:{KEY}".encode()).decode()
    assert status(program.otlp, authorization=f"Basic {basic}") == 200
    assert status(program.otlp, x_api_key=OTHER) == 200

    refused = post(program.otlp, "/v1/traces", b"{}", {"Content-Type": "application/json"})
    assert "key" in refused.json["message"] and "Bearer" in refused.headers["www-authenticate"]
    assert get(health, "/healthz").status == 200
    for path in ("/metrics", "/readyz"):
        answer = get(health, path)
        assert answer.status == 401 and answer.json["error"]["code"] == "unauthenticated", answer
    page = get(health, "/metrics", {"x-api-key": KEY}).text
    name = "hms_sidecar" if kind is Sidecar else "hms_collector"
    assert f'{name}_key_refusals_total{{reason="unknown"}} 1' in page
    log = "\n".join(program.lines)
    assert "unauthorized" in log
    assert KEY not in log and OTHER not in log and "wrong-key" not in log and KEY not in page

    with grpc.insecure_channel(program.otlp) as channel:
        call = channel.unary_unary(EXPORT)
        with pytest.raises(grpc.RpcError) as error:
            call(GOOD, timeout=5)
        assert error.value.code() == grpc.StatusCode.UNAUTHENTICATED
        assert "key" in error.value.details()
        assert call(GOOD, timeout=5, metadata=[("authorization", f"Bearer {KEY}")]) == b""


def test_a_rate_holds_for_its_key_alone(start, keys):
    program = begin(start, Collector, keys)
    with RawConnection(program.otlp) as connection:
        answers = [connection.request("POST", "/v1/traces", GOOD, [PROTOBUF, ("x-api-key", OTHER)]) for _ in range(20)]
        assert {answer.status for answer in answers} == {200, 429}
        limited = next(answer for answer in answers if answer.status == 429)
        assert limited.headers["retry-after"] == "1"
        assert connection.request("POST", "/v1/traces", GOOD, [PROTOBUF, ("x-api-key", KEY)]).status == 200
    program.wait_for_line("key_limited")
    assert OTHER not in "\n".join(program.lines)


def test_keys_are_read_again(start, keys):
    program = begin(start, Collector, keys)
    assert status(program.otlp, x_api_key=KEY) == 200
    keys.write_text("fresh yet-another-key-of-some-length\n")
    program.process.send_signal(signal.SIGHUP)
    program.wait_for_line("keys_reloaded")
    assert status(program.otlp, x_api_key=KEY) == 401
    assert status(program.otlp, x_api_key="yet-another-key-of-some-length") == 200
    keys.write_text("nonsense\n")
    program.process.send_signal(signal.SIGHUP)
    program.wait_for_line("keys_reload_failed")
    assert status(program.otlp, x_api_key="yet-another-key-of-some-length") == 200


def forwarded(sidecar):
    return get(sidecar.admin, "/ledger").json["signals"]["traces"]["forwarded"]


@pytest.mark.parametrize("protocol", ["hms", "otlp-grpc", "otlp-http"])
def test_the_sidecar_shows_its_key_to_the_collector(start, keys, tmp_path, protocol):
    collector = begin(start, Collector, keys)
    mine = tmp_path / "mine"
    mine.write_text("a-key-that-nobody-knows\n")
    sidecar = start(Sidecar, collector.otlp, forward__key_file=mine, forward__protocol=protocol)
    id = new_trace_id()
    assert status(sidecar.otlp, body=traces(id).SerializeToString()) == 200
    assert "401" in (line := sidecar.wait_for_line("forward_trouble")) or "unauthenticated" in line.lower()

    mine.write_text("sha256:nonsense\n")
    sidecar.process.send_signal(signal.SIGHUP)
    sidecar.wait_for_line("forward_key_reload_failed")
    assert forwarded(sidecar) == 0

    mine.write_text(f"pay {KEY}\n")
    sidecar.process.send_signal(signal.SIGHUP)
    sidecar.wait_for_line("forward_key_reloaded")
    wait_until(lambda: forwarded(sidecar) == 1, what="forwarding with the new key")
    assert get(collector.console, f"/api/v1/traces/{id.hex()}", {"x-api-key": KEY}).status == 200
    assert KEY not in "\n".join(sidecar.lines)


def test_a_key_for_the_collector_that_cannot_be_used_stops_the_start(start, tmp_path):
    sidecar = start(Sidecar, "127.0.0.1:9", forward__key_file=tmp_path / "nothing-here")
    assert sidecar.process.wait(10) == 1
    assert "nothing-here" in "\n".join(wait_until(lambda: sidecar.lines))


def test_a_file_that_all_can_read_is_warned_of(start, keys):
    keys.chmod(0o644)
    begin(start, Collector, keys).wait_for_line("keys_readable")


@pytest.mark.parametrize("content", ["", "pay", "pay short"])
def test_a_file_that_cannot_be_used_stops_the_start(start, keys, content):
    keys.write_text(content)
    program = begin(start, Collector, keys)
    assert program.process.wait(10) == 1
    assert "start_failed" in "\n".join(wait_until(lambda: program.lines)), program.lines


def test_under_tls(start, keys, certificates):
    program = begin(
        start, Collector, keys, tls__certificate=certificates.server_pem, tls__key=certificates.server_key,
        receive__otlp="0.0.0.0:0")
    trust = ssl.create_default_context(cafile=certificates.ca_pem)
    address = "127.0.0.1:" + program.otlp.rsplit(":", 1)[1]
    with RawConnection(address, wrap=lambda raw: trust.wrap_socket(raw, server_hostname="localhost")) as connection:
        assert connection.request("POST", "/v1/traces", GOOD, [PROTOBUF]).status == 401
        assert connection.request("POST", "/v1/traces", GOOD, [PROTOBUF, ("x-api-key", KEY)]).status == 200


def test_the_command_line_shows_a_key(start, keys, tmp_path):
    program = begin(start, Collector, keys)
    mine = tmp_path / "mine"
    mine.write_text(KEY + "\n")
    for mode in ("grpc", "http2", "http1"):
        load = ["load", "--target", program.otlp, "--mode", mode, "--spans", 100]
        hms_ops(*load, "--key-file", mine, check=0)
        assert hms_ops(*load).returncode != 0
    id = new_trace_id()
    assert status(program.otlp, body=traces(id).SerializeToString(), x_api_key=KEY) == 200
    show = ["trace", id.hex(), "--collector", program.console]
    assert "GET /orders" in hms_ops(*show, "--key-file", mine, check=0).stdout
    assert "--key-file" in hms_ops(*show).stderr


# MARK: unix sockets


def curl(path, *arguments):
    done = subprocess.run(
        ["curl", "-sS", "--unix-socket", path, "-o", os.devnull, "-w", "%{http_code} %{http_version}", *arguments],
        capture_output=True, text=True, timeout=20)
    return done.stdout


@pytest.mark.parametrize("kind", [Sidecar, Collector])
def test_unix_sockets(start, kind, keys, certificates, tmp_path):
    """HTTP/1.1 and HTTP/2 without TLS or keys, whatever the TCP doors ask for; permissions as told; a dead socket is
    replaced, and a clean end leaves none behind."""
    path, body = tmp_path / "door.sock", tmp_path / "body"
    body.write_bytes(GOOD)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    program = begin(
        start, kind, keys, receive__otlp=f"127.0.0.1:0, unix:{path}", listen__unix_mode="0600",
        tls__certificate=certificates.server_pem, tls__key=certificates.server_key)
    assert program.address("otlp", 1) == f"unix:{path}"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    arguments = ["-H", "Content-Type: application/x-protobuf", "--data-binary", f"@{body}", "http://localhost/v1/traces"]
    assert curl(path, *arguments) == "200 1.1"
    assert curl(path, "--http2-prior-knowledge", *arguments) == "200 2"
    with grpc.insecure_channel(f"unix:{path}") as channel:
        assert channel.unary_unary(EXPORT)(GOOD, timeout=5) == b""
    hms_ops("load", "--target", f"unix:{path}", "--spans", 1000, check=0)
    program.stop()
    assert not path.exists()


def test_a_socket_in_use_is_left_alone(start, tmp_path):
    path = tmp_path / "door.sock"
    first = start(Collector, receive__otlp=f"unix:{path}")
    first.address("otlp")
    second = start(Collector, receive__otlp=f"unix:{path}")
    assert second.process.wait(10) == 1
    assert curl(path, "http://localhost/") == "404 1.1"
