"""Export, import, backup, restore and tee, with real programs and OpenTelemetry's own classes."""

import base64
import gzip
import json
import threading

import pytest
import zstandard
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from accounts import ledger, stored_spans
from http_raw import get, post, read_trace
from otlp_sink import OTLPSink
from payloads import field, logs, metrics, new_trace_id, traces, varint
from programs import NOBODY, Collector, Sidecar, hms_ops, wait_until


def send(collector, request, path="/v1/traces"):
    body = request if isinstance(request, bytes) else request.SerializeToString()
    assert post(collector.otlp, path, body).status == 200


def rich_trace(trace_id):
    """A trace with everything a span can hold, in two resources and three scopes, and fields that OTLP does not know."""
    request = traces(trace_id, 5, service="orders")
    group = request.resource_spans.add()
    group.schema_url = "https://opentelemetry.io/schemas/1.30.0"
    group.resource.dropped_attributes_count = 2
    scope = group.scope_spans.add()
    scope.scope.name, scope.scope.version, scope.schema_url = "db", "7", "https://example.org/db"
    span = scope.spans.add()
    span.trace_id, span.span_id, span.parent_span_id = trace_id, b"\0" * 7 + b"\x77", (1).to_bytes(8, "big")
    span.name, span.kind, span.flags, span.trace_state = "SELECT ünïcode \x1b[31m", 3, 0x101, "a=b,c=d"
    span.start_time_unix_nano, span.end_time_unix_nano = 2**63 + 11, 2**64 - 1
    span.dropped_attributes_count, span.dropped_events_count, span.dropped_links_count = 1, 2, 3
    span.status.code, span.status.message = 2, "broken"
    event = span.events.add()
    event.name, event.time_unix_nano, event.dropped_attributes_count = "retry", 17, 4
    link = span.links.add()
    link.trace_id, link.span_id, link.trace_state, link.flags = new_trace_id(), b"\1" * 8, "x=y", 0x301
    link.dropped_attributes_count = 9
    for key, fill in [
        ("empty", lambda v: None), ("text", lambda v: setattr(v, "string_value", "")),
        ("no", lambda v: setattr(v, "bool_value", False)), ("int", lambda v: setattr(v, "int_value", -(2**63))),
        ("double", lambda v: setattr(v, "double_value", float("inf"))),
        ("nan", lambda v: setattr(v, "double_value", float("nan"))),
        ("bytes", lambda v: setattr(v, "bytes_value", bytes(range(256)))),
    ]:
        for target in (span.attributes, event.attributes, link.attributes):
            entry = target.add()
            entry.key = key
            fill(entry.value)
    inner = span.attributes.add()
    inner.key = "nested"
    inner.value.array_value.values.add().kvlist_value.values.add().key = "deep"
    encoded = span.SerializeToString() + field(700, b"span of the future") + varint(701 << 3) + varint(5)
    strange = field(1, field(2, field(2, encoded) + field(800, b"scope")) + field(900, b"resource"))
    return request.SerializeToString() + strange + request.SerializeToString()


@pytest.mark.parametrize("form, ending", [("jsonl", ""), ("jsonl", ".zst"), ("protobuf", ""), ("protobuf", ".gz")])
def test_export_import_export_is_the_same_byte_for_byte(start, tmp_path, form, ending):
    first, second = start(Collector), start(Collector)
    ids = [new_trace_id() for _ in range(12)]
    for trace_id in ids:
        send(first, rich_trace(trace_id))
        send(first, traces(trace_id, 3, service="late", attributes={"n": 1.5}))
    arguments = [word for trace_id in ids for word in ("--trace", trace_id.hex())] + ["--format", form]
    one, two = tmp_path / f"one{ending}", tmp_path / f"two{ending}"
    hms_ops("export", "--collector", first.console, "--output", one, *arguments, check=0)
    done = hms_ops("import", one, "--target", second.otlp, "--json", check=0)
    assert json.loads(done.stdout)["traces"]["rejected"] == 0
    hms_ops("export", "--collector", second.console, "--output", two, *arguments, check=0)
    assert one.read_bytes() == two.read_bytes()
    assert len(one.read_bytes()) > 1000
    # Nothing was lost on the way: what the second collector holds says all that the first one does.
    for trace_id in ids:
        there = {s.SerializeToString(deterministic=True) for s in spans_of(read_trace(first.console, trace_id.hex()))}
        here = {s.SerializeToString(deterministic=True) for s in spans_of(read_trace(second.console, trace_id.hex()))}
        # Names of fields that were unset or default are all the same after parsing.
        assert here == there and len(here) == 10


def spans_of(message):
    return [s for group in message.resource_spans for scope in group.scope_spans for s in scope.spans]


def test_other_readers_take_what_is_exported(start, tmp_path):
    collector = start(Collector)
    trace_id = new_trace_id()
    send(collector, rich_trace(trace_id))
    for form, ending in [("jsonl", ""), ("protobuf", ".zst")]:
        path = tmp_path / f"file.{form}{ending}"
        hms_ops(
            "export", "--collector", collector.console, "--trace", trace_id.hex(), "--format", form, "--output", path,
            check=0,
        )
        data = path.read_bytes()
        if ending:
            data = zstandard.ZstdDecompressor().stream_reader(data, read_across_frames=True).read()
        if form == "jsonl":
            lines = data.splitlines()
            assert len(lines) == 1 and b"@unknown" in lines[0]
            parsed = json.loads(lines[0])
            assert b"span of the future" in base64.b64decode(find(parsed, "@unknown", b"span of the future"))
            message = official(parsed)
        else:
            length, start_of_message = 0, 0
            for shift in range(10):
                length |= (data[shift] & 0x7F) << 7 * shift
                start_of_message = shift + 1
                if data[shift] < 0x80:
                    break
            assert len(data) == start_of_message + length
            message = ExportTraceServiceRequest.FromString(data[start_of_message:])
        spans = spans_of(message)
        assert len(spans) == 7 and len({s.span_id for s in spans}) == 6
        strange = next(s for s in spans if s.span_id[-1] == 0x77)
        assert strange.status.message == "broken" and strange.end_time_unix_nano == 2**64 - 1
        assert strange.name == "SELECT ünïcode \x1b[31m" and strange.links[0].flags == 0x301


def find(value, name, content):
    """The first member of that name, anywhere, whose decoded value holds `content`."""
    if isinstance(value, dict):
        if name in value and content in base64.b64decode(value[name]):
            return value[name]
        value = list(value.values())
    for inner in value if isinstance(value, list) else ():
        found = find(inner, name, content)
        if found:
            return found
    return None


def official(value):
    """OTLP/JSON by the official classes, which have ids in base64; members they do not know are passed over."""

    def rewrite(value):
        if isinstance(value, list):
            return [rewrite(inner) for inner in value]
        if not isinstance(value, dict):
            return value
        ids = ("traceId", "spanId", "parentSpanId")
        return {
            k: base64.b64encode(bytes.fromhex(v)).decode() if k in ids else rewrite(v) for k, v in value.items()
        }

    return json_format.ParseDict(rewrite(value), ExportTraceServiceRequest(), ignore_unknown_fields=True)


def file_of(requests, form):
    if form == "protobuf":
        return b"".join(varint(len(m)) + m for m in (r.SerializeToString() for r in requests))
    return b"".join(json.dumps(otlp_json(r)).encode() + b"\n" for r in requests)


def otlp_json(request):
    """As the official JSON exporters write it: ids in hexadecimal."""

    def rewrite(value):
        if isinstance(value, list):
            return [rewrite(inner) for inner in value]
        if not isinstance(value, dict):
            return value
        ids = ("traceId", "spanId", "parentSpanId")
        return {k: base64.b64decode(v).hex() if k in ids else rewrite(v) for k, v in value.items()}

    return rewrite(json_format.MessageToDict(request, use_integers_for_enums=True))


@pytest.mark.parametrize("form, pack", [("jsonl", None), ("jsonl", gzip.compress), ("protobuf", zstandard.compress)])
def test_files_of_other_exporters_are_imported_once_however_often(start, tmp_path, form, pack):
    collector = start(Collector)
    ids = [new_trace_id() for _ in range(300)]
    requests = [traces(trace_id, 4) for trace_id in ids] + [metrics(f"m{n}") for n in range(20)] + [logs() for _ in range(20)]
    data = file_of(requests, form)
    path = tmp_path / "file"
    path.write_bytes(pack(data) if pack else data)
    for _ in range(3):
        done = hms_ops("import", path, "--target", collector.otlp, "--json", check=0)
        report = json.loads(done.stdout)
        assert report["traces"]["taken"] == 1200 and report["metrics"]["taken"] == 20 and report["logs"]["taken"] == 20
    read = ledger(collector)
    assert read["signals"]["traces"]["stored"] == 1200 and read["signals"]["traces"]["duplicate"] == 2400
    assert read["signals"]["metrics"]["stored"] == 20 and read["signals"]["logs"]["stored"] == 20
    assert stored_spans(collector.console, ids[7]) == {n.to_bytes(8, "big"): 1 for n in range(1, 5)}


def test_import_waits_for_a_busy_target_and_says_what_was_refused(tmp_path):
    path = tmp_path / "file.jsonl"
    path.write_bytes(file_of([traces(new_trace_id(), 10)], "jsonl") + b"{\"resourceSpans\":7}\n")
    answers = [(503, {"retry-after": "0"}, b""), (503, {"retry-after": "0"}, b""), (200, {}, b"")]
    with OTLPSink(answer=lambda _: answers.pop(0)) as sink:
        done = hms_ops("import", path, "--target", sink.address, check=1)
        assert "10 spans taken" in done.stdout and "1 requests in the files cannot be read" in done.stdout
        assert f"{path}:2: resourceSpans at byte 17" in done.stderr
        numbers = {(r.headers["x-hms-sender"], r.headers["x-hms-sequence"]) for r in sink.requests}
        assert len(sink.requests) == 3 and len(numbers) == 1 and len(sink.spans()) == 30
    with OTLPSink(answer=lambda _: (400, {}, b"")) as sink:
        done = hms_ops("import", path, "--target", sink.address, check=1)
        assert "refused:" in done.stderr and "10 spans in refused batches" in done.stdout
    with OTLPSink(answer=lambda _: (401, {}, b"")) as sink:
        done = hms_ops("import", path, "--target", sink.address, check=2)
        assert "401" in done.stdout
    done = hms_ops("import", path, "--target", "127.0.0.1:1", "--patience", 0, check=2)
    assert "cannot connect" in done.stdout


def test_import_into_a_sidecar_and_from_standard_input(start, tmp_path):
    collector = start(Collector)
    sidecar = start(Sidecar, collector.otlp)
    trace_id = new_trace_id()
    path = tmp_path / "file"
    path.write_bytes(traces(trace_id, 3).SerializeToString())  # one bare request
    hms_ops("import", path, "--target", sidecar.otlp, check=0)
    wait_until(lambda: read_trace(collector.console, trace_id.hex()), what="the trace has come through the sidecar")
    assert len(stored_spans(collector.console, trace_id)) == 3


@pytest.mark.parametrize("content, words", [
    (b"hello\n", "neither OTLP"), (b"", None), (b"\x1f\x8bnonsense", "not valid gzip"),
])
def test_import_of_what_is_no_telemetry(start, tmp_path, content, words):
    path = tmp_path / "file"
    path.write_bytes(content)
    done = hms_ops("import", path, "--target", "127.0.0.1:1", check=2 if words else 0)
    assert words is None or words in done.stderr
    done = hms_ops("import", tmp_path / "nowhere", "--target", "127.0.0.1:1", check=2)
    assert "cannot open it: No such file" in done.stderr


class ScriptedSearch:
    """A collector that has a search: pages of three traces, and may fail."""

    def __init__(self, ids):
        self.ids, self.fails_at, self.asked = ids, None, []

    def __call__(self, request):
        self.asked.append(request.path)
        if request.path.startswith("/api/v1/search?"):
            query = dict(word.split("=", 1) for word in request.path.split("?", 1)[1].split("&"))
            start = int(query.get("cursor", 0))
            page = {"traces": [{"traceId": i.hex()} for i in self.ids[start:start + 3]], "complete": True}
            if start + 3 < len(self.ids):
                page["cursor"] = str(start + 3)
            return 200, {}, json.dumps(page).encode()
        trace_id = bytes.fromhex(request.path.split("/")[-1].split("?")[0])
        if self.fails_at == trace_id:
            return 403, {}, b"no"
        return 200, {}, traces_at(trace_id, 2).SerializeToString()


def traces_at(trace_id, spans):
    request = traces(trace_id, spans)
    for span in spans_of(request):
        span.start_time_unix_nano, span.end_time_unix_nano = 1, 2
    return request


def test_export_of_a_query_goes_on_where_it_was_interrupted(tmp_path):
    ids = [new_trace_id() for _ in range(11)]
    script = ScriptedSearch(ids)
    whole, parts = tmp_path / "whole.jsonl", tmp_path / "parts.jsonl"
    with OTLPSink(answer=script) as sink:
        query = ["--collector", sink.address, "--query", 'service = "a b"', "--from", "1h"]
        hms_ops("export", *query, "--output", whole, check=0)
        assert "/api/v1/search?limit=200&q=service%20%3D%20%22a%20b%22&from=1h" in script.asked
        lines = [json.loads(line) for line in whole.read_bytes().splitlines()]
        found = [span["traceId"] for line in lines for span in line["resourceSpans"][0]["scopeSpans"][0]["spans"]]
        assert found == [i.hex() for i in ids for _ in range(2)]
        script.fails_at, script.asked = ids[7], []
        hms_ops("export", *query, "--output", parts, check=2)
        assert not parts.exists()
        script.fails_at, script.asked = None, []
        done = hms_ops("export", *query, "--output", parts, check=0)
        assert "Going on behind 6 traces" in done.stderr
        assert not [path for path in script.asked if ids[0].hex() in path]
        assert parts.read_bytes() == whole.read_bytes()
        assert sorted(p.name for p in tmp_path.iterdir()) == ["parts.jsonl", "whole.jsonl"]
        limited = hms_ops("export", *query, "--limit", 4, check=0)
        assert limited.stdout.count("\n") == 4


def test_backup_under_load_and_a_collector_on_what_was_restored(start, tmp_path):
    collector = start(Collector, store__segment_bytes="1MiB")
    acked, stop, failures = [], threading.Event(), []

    def load():
        try:
            while not stop.is_set():
                trace_id = new_trace_id()
                send(collector, traces(trace_id, 20, attributes={"noise": new_trace_id().hex() * 20}))
                acked.append(trace_id)
        except Exception as error:  # told by the test's own thread
            failures.append(error)

    threads = [threading.Thread(target=load) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        backup = tmp_path / "backup"
        store = collector.command[-1].split("=", 1)[1] if "store.directory" in collector.command[-1] else None
        store = store or next(w.split("=", 1)[1] for w in collector.command if w.startswith("store.directory="))
        wait_until(lambda: len(acked) > 200, what="some load")
        hms_ops("backup", backup, "--store", store, check=0)
        wait_until(lambda: len(acked) > 800, timeout=60, what="more load")
        before = list(acked)
        done = hms_ops("backup", backup, "--store", store, check=0)
        assert "were there already" in done.stdout
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures
    place = tmp_path / "restored"
    place.mkdir()
    done = hms_ops("restore", backup, "--store", store, check=2)
    assert "is in use by process" in done.stderr
    done = hms_ops("store", "check", backup, check=2)
    assert "is a backup, not a store" in done.stderr and "hms-ops restore" in done.stderr
    hms_ops("restore", backup, "--store", place / "store", check=0)
    done = hms_ops("restore", backup, "--store", place / "store", check=2)
    assert "is not empty" in done.stderr
    restored = start(Collector, directory="restored")
    for trace_id in before:
        assert len(stored_spans(restored.console, trace_id)) == 20
    read = ledger(restored)["signals"]["traces"]
    assert read["stored"] == read["held"] + read["deleted"] + read["damaged"] and read["damaged"] == 0
    assert read["deleted"] == 0 and read["stored"] >= 20 * len(before)
    assert read["arrived"] == read["stored"] + read["duplicate"] + sum(read["rejected"].values())
    done = hms_ops("ledger", "--sidecar", NOBODY, "--collector", restored.console, "--json")
    assert json.loads(done.stdout)["difference"] == 0


@pytest.mark.parametrize("protocol", ["otlp-http", "otlp-grpc", "hms"])
def test_tee_passes_everything_on_also_what_was_stored_while_the_backend_was_away(start, tmp_path, protocol):
    headers = tmp_path / "headers"
    headers.write_text("authorization: Bearer s3cret\n")
    with OTLPSink() as sink:
        collector = start(
            Collector, tee__otlp=sink.address, tee__protocol=protocol, tee__headers_file=headers, directory="c")
        ids = [new_trace_id() for _ in range(30)]
        for trace_id in ids[:10]:
            send(collector, traces(trace_id, 3))
        send(collector, metrics(), "/v1/metrics")
        send(collector, logs(), "/v1/logs")
        sink.wait_for(lambda: len(sink.spans()) == 30 and sink.metric("requests") and sink.log_records())
        assert {r.headers["authorization"] for r in sink.requests} == {"Bearer s3cret"}
        assert {r.protocol for r in sink.requests} == {"HTTP/1.1" if protocol == "otlp-http" else "HTTP/2"}
        # Seen is not yet answered.
        wait_until(lambda: metric(collector, "hms_collector_tee_lag_items") == 0, what="everything is answered")
        host, port = sink.host, sink.port
    # The backend is away; ingest goes on.
    for trace_id in ids[10:20]:
        send(collector, traces(trace_id, 3))
    wait_until(lambda: metric(collector, "hms_collector_tee_lag_items") == 30, what="the lag is told")
    assert collector.stop() == 0
    collector = start(Collector, tee__otlp=f"{host}:{port}", tee__protocol=protocol, tee__headers_file=headers, directory="c")
    for trace_id in ids[20:]:
        send(collector, traces(trace_id, 3))
    with OTLPSink(address=(host, port)) as sink:
        sink.wait_for(lambda: {s.trace_id for s in sink.spans()} == set(ids[10:]), timeout=40)
        wait_until(lambda: metric(collector, "hms_collector_tee_lag_items") == 0, what="nothing is left")
        assert metric(collector, "hms_collector_tee_skipped_items_total") == 0


def metric(collector, name):
    for line in get(collector.console, "/metrics").text.splitlines():
        if line.startswith((name + " ", name + "{")):
            return int(float(line.split()[-1]))
    raise AssertionError(f"no {name}")


def test_tee_into_a_second_collector_is_exact_over_kills(start):
    second = start(Collector)
    first = start(Collector, tee__otlp=second.otlp, tee__protocol="hms", directory="first")
    ids = []
    for _ in range(5):
        for _ in range(40):
            ids.append(new_trace_id())
            send(first, traces(ids[-1], 2))
        first.kill()
        first = start(Collector, tee__otlp=second.otlp, tee__protocol="hms", directory="first")
    wait_until(lambda: ledger(second)["signals"]["traces"]["stored"] == 2 * len(ids), what="all has come")
    for trace_id in ids:
        assert set(stored_spans(second.console, trace_id).values()) == {1}


def test_tee_settings_that_contradict_each_other_are_refused():
    import subprocess

    from programs import RELEASE

    for settings, words in [
        (["tee.headers_file=/x"], "does nothing without 'tee.otlp'"),
        (["tee.otlp=192.0.2.1:4318", "tee.headers_file=/x"], "in clear text; set 'tee.tls = true'"),
        (["tee.otlp=127.0.0.1:4318", "tee.tls_authority=/x"], "does nothing without 'tee.tls = true'"),
    ]:
        command = [RELEASE / "hms-collector", "--check"] + [w for s in settings for w in ("--set", s)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=10)
        assert done.returncode == 1 and words in done.stdout + done.stderr, done
