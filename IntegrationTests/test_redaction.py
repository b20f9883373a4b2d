"""Planted secrets through the real sidecar: none at the other end, none on its disk, none in its log."""

import http.client
import json
import pathlib
import re
import signal
import socket
import subprocess

import pytest
import zstandard
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

import payloads
from http_raw import PROTOBUF, RawConnection, split
from payloads import field
from programs import RELEASE, Collector, Sidecar, wait_until

W = "Zk3vQ9xT7bLm2NcR8sWy"
L = W + W + "Zk3v"
H = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a6978"

# What is written, and the part of it that must not be found again.
TEXTS = [
    ("https://bob:hunter2x@db.example.com/a", "hunter2x"),
    ("postgres://u:pa/ss#w0rd@host:5432/db", "pa/ss#w0rd"),
    (f"https://{L}@github.com/a/b", L),
    ("root:s3cretpw@tcp(127.0.0.1:3306)/shop", "s3cretpw"),
    ("jdbc:oracle:thin:scott/t1gerpw@//db:1521/x", "t1gerpw"),
    ("https://a.example/cb?token=qtok-abc123&x=1", "qtok-abc123"),
    (f"/cb?x=1&access_token=at{W}#top", "at" + W),
    ("/v1/m?api_key=q1w2e3r4&units=si", "q1w2e3r4"),
    ("https://x.blob/c?sv=2020&sig=abcdEFGH%3D&se=1", "abcdEFGH%3D"),
    (f"https://s3/o?X-Amz-Signature=aa{H}&a=1", "aa" + H),
    ("/callback?code=4_0AfJohXl9QwErTyUiOp&state=x", "4_0AfJohXl9QwErTyUiOp"),
    ("/shop;jsessionid=A1B2C3D4E5F6?x=1", "A1B2C3D4E5F6"),
    ("INSERT INTO users (name, password) VALUES ('bob', 'sqlpw-1')", "sqlpw-1"),
    ('INSERT INTO users (name, password) VALUES ("bob", "sqlpw-2")', "sqlpw-2"),
    ("UPDATE users SET password = 'sqlpw-3' WHERE id = 7", "sqlpw-3"),
    ("ALTER USER bob WITH PASSWORD 'sqlpw-4'", "sqlpw-4"),
    ("CREATE USER 'a'@'%' IDENTIFIED BY 'sqlpw-5'", "sqlpw-5"),
    ("UPDATE u SET password = 'a\\'sqlpw-6' WHERE id = 7", "sqlpw-6"),
    ("AUTH redis-pass-1", "redis-pass-1"),
    ("CONFIG SET requirepass r3d1sp4ss", "r3d1sp4ss"),
    ("sent Bearer abc.def-123456789", "abc.def-123456789"),
    ("got Basic Ym9iOmh1bnRlcjI=", "Ym9iOmh1bnRlcjI="),
    (f"Authorization: Token th{W}", "th" + W),
    ("Cookie: sid=cookie-abc; theme=dark", "cookie-abc"),
    ("login failed, password=hunter3x, user=bob", "hunter3x"),
    ("retry with password: hunter4x", "hunter4x"),
    ('{"user":"bob","password":"hunter5x","n":1}', "hunter5x"),
    ('{"body":"{\\"client_secret\\":\\"jsonjson\\"}"}', "jsonjson"),
    ("<login><password>hunter6x</password></login>", "hunter6x"),
    ("mysql --password hunter7x --host db", "hunter7x"),
    ("Server=db;Password=conn,pw!;Database=x", "conn,pw!"),
    (f"AccountName=a;AccountKey=ak{L}==;Suffix=core", "ak" + L),
    (f"jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.{W} end", "eyJzdWIiOiIxIn0"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIEpemlines\n-----END RSA PRIVATE KEY-----", "MIIEpemlines"),
    ("id AKIAABCDEFGHIJKLMNOP used", "AKIAABCDEFGHIJKLMNOP"),
    (f"aws_secret_access_key = aws{L}", "aws" + L),
    (f"AIza{L}", "AIza" + L),
    (f"ya29.{L}", "ya29." + L),
    (f"ghp_{L}", "ghp_" + L),
    (f"github_pat_{L}", "github_pat_" + L),
    (f"glpat-{W}", "glpat-" + W),
    (f"xoxb-{W}", "xoxb-" + W),
    (f"https://hooks.slack.com/services/T0/B0/hook{W}", "hook" + W),
    (f"sk_live_{W}", "sk_live_" + W),
    (f"whsec_{W}", "whsec_" + W),
    (f"sk-proj-{L}", "sk-proj-" + L),
    (f"sk-ant-{L}", "sk-ant-" + L),
    (f"npm_{L[:36]}", "npm_" + L[:36]),
    (f"pypi-{L}", "pypi-" + L),
    (f"SG.{W}.{W}", f"SG.{W}.{W}"),
    (f"hvs.{L}", "hvs." + L),
    (f"dop_v1_{H}", "dop_v1_" + H),
]
KEYS = [
    "password", "db.password", "http.request.header.authorization", "http.request.header.cookie", "x-api-key",
    "clientSecret", "access_token", "private_key", "aws.secret_access_key", "session.credentials",
]


def planted():
    """Each text in every place where a span has text, and each key with a value of its own."""
    secrets = [secret for _, secret in TEXTS]
    request = payloads.traces(payloads.new_trace_id(), spans=2, attributes={"clean": "yes"})
    group = request.resource_spans[0]
    first = group.scope_spans[0].spans[0]
    event, link = first.events.add(), first.links.add()
    event.name = "event"
    link.trace_id, link.span_id = payloads.new_trace_id(), b"\1" * 8
    places = [group.resource.attributes, group.scope_spans[0].scope.attributes, first.attributes, event.attributes,
              link.attributes]
    for number, (text, _) in enumerate(TEXTS):
        for place in places:
            payloads.attribute(place, f"text.{number}", text)
        first.events.add().name = text
        nested = first.attributes.add()
        nested.key = f"nested.{number}"
        nested.value.array_value.values.add().string_value = text
        entry = nested.value.array_value.values.add().kvlist_value.values.add()
        entry.key, entry.value.string_value = "inner", text
    first.status.message = TEXTS[0][0]
    first.name = TEXTS[5][0]
    for place_number, place in enumerate(places):
        for number, key in enumerate(KEYS):
            secret = f"bykey-{place_number}-{number}-end"
            secrets.append(secret)
            payloads.attribute(place, key, secret)
    return request, secrets


def store_bytes(directory):
    """Everything below a directory, as it is and with each zstd frame unpacked."""
    found = b""
    for path in pathlib.Path(directory).rglob("*"):
        if not path.is_file():
            continue
        raw = path.read_bytes()
        found += raw
        position = raw.find(b"\x28\xb5\x2f\xfd")
        while position >= 0:
            try:
                found += zstandard.ZstdDecompressor().decompressobj().decompress(raw[position:])
            except zstandard.ZstdError:
                pass
            position = raw.find(b"\x28\xb5\x2f\xfd", position + 1)
    return found


def post(address, path, body, headers=None):
    connection = http.client.HTTPConnection(*split(address), timeout=10)
    connection.request("POST", path, body, {"content-type": "application/x-protobuf", **(headers or {})})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer, content


def metric(sidecar, line):
    connection = http.client.HTTPConnection(*split(sidecar.admin), timeout=10)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return sum(float(entry.rsplit(" ", 1)[1]) for entry in text.splitlines() if entry.startswith(line))


def stored(collector, trace):
    connection = http.client.HTTPConnection(*split(collector.console), timeout=10)
    connection.request("GET", f"/api/v1/traces/{trace.hex()}")
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return text if answer.status == 200 else None


def test_no_secret_gets_past_the_sidecar(start, tmp_path):
    collector = start(Collector, directory="c")
    sidecar = start(Sidecar, collector.otlp, directory="s")
    request, secrets = planted()
    assert len(TEXTS) + len(KEYS) >= 50
    body = request.SerializeToString()
    assert all(secret.encode() in body for secret in secrets)
    answer, _ = post(sidecar.otlp, "/v1/traces", body)
    assert answer.status == 200
    log_body = payloads.logs(body=TEXTS[24][0])
    assert post(sidecar.otlp, "/v1/logs", log_body.SerializeToString())[0].status == 200
    datagram, more = planted()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.sendto(datagram.SerializeToString(), split(sidecar.udp))
    wait_until(lambda: metric(sidecar, "hms_sidecar_accepted_items_total") == 5, what="acceptance of 5 items")
    assert metric(sidecar, "hms_sidecar_redacted_values_total") >= 2 * len(TEXTS)
    assert sidecar.stop() == 0
    assert collector.stop() == 0
    kept = store_bytes(tmp_path / "c")
    assert b"REDACTED" in kept
    assert b"text.0" in kept and b"clean" in kept
    elsewhere = store_bytes(tmp_path / "s")
    log = "\n".join(sidecar.lines + collector.lines).encode()
    for secret in set(secrets + more):
        for name, where in (("store", kept), ("sidecar's directory", elsewhere), ("log", log)):
            assert secret.encode() not in where, f"{secret} is in the {name}"


def test_a_resource_without_spans_keeps_no_secret_either(start, tmp_path):
    """Such messages have no items, and go the same way."""
    collector = start(Collector)
    sidecar = start(Sidecar, collector.otlp)
    resource = field(1, field(1, field(1, b"password") + field(2, field(1, b"pl4nted-secret"))))
    for path, number in (("/v1/traces", 1), ("/v1/logs", 1), ("/v1/metrics", 1)):
        with RawConnection(sidecar.otlp) as connection:
            assert connection.request("POST", path, field(number, resource), [PROTOBUF]).status == 200
    sidecar.stop()
    for place in (pathlib.Path(sidecar.log_path).parent, pathlib.Path(collector.log_path).parent):
        for path in place.rglob("*"):
            assert not path.is_file() or b"pl4nted-secret" not in path.read_bytes(), path


def test_spans_without_secrets_are_stored_as_they_came(start, tmp_path):
    collector = start(Collector, directory="c")
    sidecar = start(Sidecar, collector.otlp, directory="s", enrich__environment="false")
    request = payloads.traces(payloads.new_trace_id(), spans=3, attributes={
        "url.full": "https://orders.example:8443/a?page=2", "llm.token_count": 7, "user.email": "bob@example.com"})
    body = request.SerializeToString()
    assert post(sidecar.otlp, "/v1/traces", body)[0].status == 200
    assert sidecar.stop() == 0 and collector.stop() == 0
    assert body in store_bytes(tmp_path / "c")


def test_a_request_gives_its_trace_to_spans_without_one(system):
    trace, parent = payloads.new_trace_id(), b"\7" * 8
    request = ExportTraceServiceRequest()
    request.CopyFrom(payloads.traces(payloads.new_trace_id(), spans=2))
    for span in request.resource_spans[0].scope_spans[0].spans:
        span.trace_id = b""
    header = f"{trace.hex()}-{parent.hex()}-01"
    answer, body = post(system.sidecar.otlp, "/v1/traces", request.SerializeToString(), {"x-hms-trace-id": header})
    assert (answer.status, body) == (200, b"")
    assert answer.getheader("x-hms-trace-id") == header

    assert parent.hex() in wait_until(lambda: stored(system.collector, trace), what="the trace")


def test_context_for_scripts(system):
    connection = http.client.HTTPConnection(*split(system.sidecar.otlp), timeout=10)
    connection.request("POST", "/v1/context")
    fresh = json.loads(connection.getresponse().read())
    assert len(fresh["trace_id"]) == 32 and fresh["parent_span_id"] == ""
    connection.request("POST", "/v1/context", json.dumps(fresh["headers"]))
    child = json.loads(connection.getresponse().read())
    assert child["trace_id"] == fresh["trace_id"]
    assert child["parent_span_id"] == fresh["span_id"] != child["span_id"]
    connection.request("POST", "/v1/context", headers={"accept": "text/plain", **child["headers"]})
    lines = dict(line.split(": ") for line in connection.getresponse().read().decode().splitlines())
    assert lines["x-hms-trace-id"].startswith(child["trace_id"])
    assert lines["traceparent"].startswith("00-" + child["trace_id"])
    connection.request("POST", "/v1/context", "[1]")
    refused = connection.getresponse()
    assert refused.status == 400 and "JSON object" in json.loads(refused.read())["error"]["message"]
    connection.close()


@pytest.mark.parametrize("key,value,reason", [
    ("sample.rules", "ratio=7", "expected a number from 0 to 1"),
    ("redact.patterns", "a: b(", "has a parenthesis without its other one"),
    ("redact.values", "jwt, nothing", "is no rule for values"),
])
def test_rules_that_cannot_be_used_are_configuration_errors(start, key, value, reason):
    done = subprocess.run([str(RELEASE / "hms-sidecar"), "--check", "--set", f"{key}={value}"], capture_output=True, text=True)
    assert done.returncode == 1
    assert reason in done.stderr and key in done.stderr


def test_rules_are_read_again_without_a_restart(start, tmp_path):
    config, salt = tmp_path / "sidecar.conf", "a-salt-of-some-length"
    config.write_text("[forward]\nin_flight = 4\n")
    collector = start(Collector, directory="c")
    sidecar = start(Sidecar, collector.otlp, config=config, directory="s")

    def sent(**attributes):
        trace = payloads.new_trace_id()
        body = payloads.traces(trace, attributes=attributes).SerializeToString()
        assert post(sidecar.otlp, "/v1/traces", body)[0].status == 200
        return wait_until(lambda: stored(collector, trace), what="the trace")

    def reload(text, line):
        config.write_text(text)
        sidecar.process.send_signal(signal.SIGHUP)
        return sidecar.wait_for_line(line)

    badge = {"badge": "B-123456"}
    assert "B-123456" in sent(**badge)
    reload(f"[redact]\npatterns = badge: B-(\\d{{6}})\nhash_salt = {salt}\n[forward]\nin_flight = 5\n", "reloaded")
    assert "REDACTED" in (text := sent(**badge)) and "123456" not in text
    assert "redact.patterns" in sidecar.wait_for_line("reload_applied")
    assert "forward.in_flight" in sidecar.wait_for_line("reload_needs_restart")
    reload("[redact]\nvalues = nothing\n", "reload_failed")
    assert "123456" not in sent(**badge)
    assert salt not in "\n".join(sidecar.lines)


def test_hashes_stay_equal_when_rules_are_read_again(start, tmp_path):
    config = tmp_path / "sidecar.conf"
    config.write_text("[redact]\nmode = hash\n")
    collector = start(Collector, directory="c")
    sidecar = start(Sidecar, collector.otlp, config=config, directory="s")
    hashes = []

    def send():
        trace = payloads.new_trace_id()
        body = payloads.traces(trace, attributes={"password": "hunter2"}).SerializeToString()
        assert post(sidecar.otlp, "/v1/traces", body)[0].status == 200
        text = wait_until(lambda: stored(collector, trace), what="the trace")
        hashes.append(re.search(r"REDACTED-[0-9a-f]{16}", text)[0])

    send()
    sidecar.process.send_signal(signal.SIGHUP)
    sidecar.wait_for_line("reloaded")
    send()
    assert hashes[0] == hashes[1]


def test_sampled_spans_are_accounted_for(start):
    collector = start(Collector, directory="c")
    sidecar = start(Sidecar, collector.otlp, directory="s", sample__rules="service=orders ratio=0")
    assert post(sidecar.otlp, "/v1/traces", payloads.traces(payloads.new_trace_id(), spans=4).SerializeToString())[0].status == 200
    assert metric(sidecar, "hms_sidecar_accepted_items_total") == 4
    assert metric(sidecar, "hms_sidecar_sampled_out_items_total") == 4


def test_a_pod_is_named_on_each_resource(start, tmp_path, monkeypatch):
    monkeypatch.setenv("HMS_POD_NAME", "checkout-7d9f")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "team=shop,service.name=other")
    collector = start(Collector, directory="c")
    sidecar = start(Sidecar, collector.otlp, directory="s", enrich__attributes="k8s.cluster.name=blue")
    trace = payloads.new_trace_id()
    assert post(sidecar.otlp, "/v1/traces", payloads.traces(trace).SerializeToString())[0].status == 200

    text = wait_until(lambda: stored(collector, trace), what="the trace")
    for value in ("checkout-7d9f", "blue", "shop", "orders"):
        assert value in text
    assert "other" not in text
