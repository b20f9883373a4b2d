"""An unmodified OpenTelemetry SDK sends through the sidecar; what the collector gives back is what was sent."""

import itertools
import json

import pytest
from google.protobuf.json_format import MessageToDict
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.grpc import _log_exporter as grpc_logs
from opentelemetry.exporter.otlp.proto.grpc import metric_exporter as grpc_metrics
from opentelemetry.exporter.otlp.proto.grpc import trace_exporter as grpc_traces
from opentelemetry.exporter.otlp.proto.http import Compression as HTTPCompression
from opentelemetry.exporter.otlp.proto.http import _log_exporter as http_logs
from opentelemetry.exporter.otlp.proto.http import metric_exporter as http_metrics
from opentelemetry.exporter.otlp.proto.http import trace_exporter as http_traces
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags, TraceState

import grpc

from http_raw import get, post, read_trace
from payloads import attribute, field, new_trace_id, traces, varint
from programs import wait_until

WAYS = ["grpc", "grpc-gzip", "http", "http-gzip"]


def exporter(way, signal, address):
    """The SDK's own exporter for a signal."""
    if way.startswith("grpc"):
        kind = {
            "traces": grpc_traces.OTLPSpanExporter,
            "metrics": grpc_metrics.OTLPMetricExporter,
            "logs": grpc_logs.OTLPLogExporter,
        }[signal]
        compression = grpc.Compression.Gzip if way.endswith("gzip") else grpc.Compression.NoCompression
        return kind(endpoint=f"http://{address}", insecure=True, compression=compression, timeout=10)
    kind = {
        "traces": http_traces.OTLPSpanExporter,
        "metrics": http_metrics.OTLPMetricExporter,
        "logs": http_logs.OTLPLogExporter,
    }[signal]
    compression = HTTPCompression.Gzip if way.endswith("gzip") else HTTPCompression.NoCompression
    return kind(endpoint=f"http://{address}/v1/{signal}", compression=compression, timeout=10)


class Recorder(SpanExporter):
    """Keeps what another exporter sends, and how that ended."""

    def __init__(self, inner):
        self.inner, self.spans, self.results = inner, [], []

    def export(self, spans):
        self.spans += spans
        self.results.append(self.inner.export(spans))
        return self.results[-1]

    def shutdown(self):
        self.inner.shutdown()


def flattened(message):
    """Every span with its resource and scope, by id: how requests were grouped on the way does not matter."""
    found = {}
    for group in message.resource_spans:
        for scope in group.scope_spans:
            for span in scope.spans:
                assert span.span_id not in found, "a span came back twice"
                found[span.span_id] = (
                    group.resource.SerializeToString(deterministic=True),
                    group.schema_url,
                    scope.scope.SerializeToString(deterministic=True),
                    scope.schema_url,
                    span.SerializeToString(deterministic=True),
                )
    return found


@pytest.mark.parametrize("program", ["sidecar", "collector"])
@pytest.mark.parametrize("way", WAYS)
def test_a_trace_comes_back_as_it_was_sent(system, way, program):
    recorder = Recorder(exporter(way, "traces", system.otlp(program)))
    provider = TracerProvider(
        resource=Resource.create({"service.name": "checkout", "service.version": "1.2", "host.cores": 4})
    )
    provider.add_span_processor(SimpleSpanProcessor(recorder))
    tracer = provider.get_tracer("integration", "2.1", schema_url="https://example.org/schema")
    elsewhere = SpanContext(
        int.from_bytes(new_trace_id(), "big"), 7, True, TraceFlags(1), TraceState([("vendor", "value")])
    )
    with tracer.start_as_current_span("order", kind=SpanKind.SERVER) as root:
        root.set_attribute("text", "ünïcödé ✓")
        root.set_attribute("flag", True)
        root.set_attribute("count", -(2**62))
        root.set_attribute("share", 0.1)
        root.set_attribute("list", ["a", "b"])
        root.set_attribute("numbers", [1, 2, 3])
        root.set_attribute("empty", "")
        root.set_attribute("hms.a2a.envelope_id", "env-1")
        with tracer.start_as_current_span(
            "pay", kind=SpanKind.CLIENT, links=[Link(elsewhere, {"why": "retry"})]
        ) as child:
            child.add_event("asked", {"attempt": 1})
            child.record_exception(ValueError("no <funds>"))
            child.set_status(Status(StatusCode.ERROR, "declined"))
        for number in range(20):
            with tracer.start_as_current_span(f"step {number}"):
                pass
    provider.shutdown()

    assert recorder.results == [SpanExportResult.SUCCESS] * 22
    sent = flattened(encode_spans(recorder.spans))
    trace_id = format(root.get_span_context().trace_id, "032x")

    def whole():
        message = read_trace(system.collector.console, trace_id)
        return message if message and len(flattened(message)) >= len(sent) else None

    assert flattened(wait_until(whole, what=f"trace {trace_id} is whole")) == sent


@pytest.mark.parametrize("way", WAYS)
def test_metrics_are_accepted(system, way):
    reader = InMemoryMetricReader()
    provider = MeterProvider(metric_readers=[reader], resource=Resource.create({"service.name": "checkout"}))
    meter = provider.get_meter("integration")
    meter.create_counter("orders").add(3, {"kind": "new"})
    meter.create_histogram("seconds").record(0.25)
    meter.create_up_down_counter("open").add(-1)
    meter.create_gauge("temperature").set(20.5)
    sending = exporter(way, "metrics", system.sidecar.otlp)
    assert sending.export(reader.get_metrics_data()).name == "SUCCESS"
    sending.shutdown()
    provider.shutdown()


@pytest.mark.parametrize("way", WAYS)
def test_logs_are_accepted(system, way):
    results = []
    sending = exporter(way, "logs", system.sidecar.otlp)
    export = sending.export
    sending.export = lambda batch: results.append(export(batch)) or results[-1]
    provider = LoggerProvider(resource=Resource.create({"service.name": "checkout"}))
    provider.add_log_record_processor(SimpleLogRecordProcessor(sending))
    provider.get_logger("integration").emit(
        body="paid", severity_number=SeverityNumber.INFO, severity_text="INFO", attributes={"order": 1}
    )
    provider.shutdown()
    assert [result.name for result in results] == ["SUCCESS"]


def unknown_fields(number):
    """One unknown field of each wire type."""
    return (
        varint(number << 3) + varint(2**63 + 5)
        + varint(number + 1 << 3 | 1) + b"\1\2\3\4\5\6\7\x08"
        + field(number + 2, b"later versions may say this")
        + varint(number + 3 << 3 | 5) + b"\xfe\xdc\xba\x98"
    )


@pytest.mark.parametrize("program", ["sidecar", "collector"])
def test_unknown_fields_survive_at_every_level(system, program):
    trace_id, unknown = new_trace_id(), unknown_fields(1000)
    key_value = field(1, b"k") + field(2, field(1, b"v") + unknown) + unknown
    event = b"\x09" + b"\1" * 8 + field(2, b"event") + field(3, key_value) + unknown
    link = field(1, new_trace_id()) + field(2, b"\2" * 8) + field(4, key_value) + unknown
    status = field(2, b"declined") + b"\x18\x02" + unknown
    span = (
        field(1, trace_id) + field(2, b"\3" * 8) + field(5, b"name") + field(9, key_value) + field(11, event)
        + field(13, link) + field(15, status) + unknown
    )
    scope_spans = field(1, field(1, b"scope") + field(3, key_value) + unknown) + field(2, span) + unknown
    request = field(1, field(1, field(1, key_value) + unknown) + field(2, scope_spans) + unknown)
    answer = post(system.otlp(program), "/v1/traces", request)
    assert answer.status == 200, answer

    def body():
        answer = get(
            system.collector.console, f"/api/v1/traces/{trace_id.hex()}?format=otlp",
            {"Accept": "application/x-protobuf"},
        )
        return answer.body if answer.status == 200 else None

    found = wait_until(body, what="the trace is stored")
    # The sidecar may append resource attributes of its own; everything that came in is still there, byte for byte.
    for part in (span, field(1, field(1, b"scope") + field(3, key_value) + unknown), key_value + unknown):
        assert part in found
    assert found.count(unknown) == request.count(unknown)


def test_every_field_of_a_span_comes_back(system):
    """Values at the edges of their types, through the official classes on both sides."""
    trace_id = new_trace_id()
    request = traces(trace_id)
    group = request.resource_spans[0]
    group.schema_url = "https://example.org/1"
    group.resource.dropped_attributes_count = 2**32 - 1
    span = group.scope_spans[0].spans[0]
    span.trace_state = "a=b,c=d"
    span.flags = 0x301
    span.start_time_unix_nano, span.end_time_unix_nano = 0, 2**64 - 1
    span.dropped_attributes_count = span.dropped_events_count = span.dropped_links_count = 3
    span.status.code, span.status.message = 2, "no"
    for key, value in {
        "bytes": b"\0\xff", "least": -(2**63), "most": 2**63 - 1, "nan": float("nan"), "infinite": float("-inf"),
        "zero": 0, "false": False, "long": "x" * 70_000,
    }.items():
        attribute(span.attributes, key, value)
    nested = span.attributes.add()
    nested.key = "nested"
    entry = nested.value.kvlist_value.values.add()
    entry.key = "inner"
    entry.value.array_value.values.add().int_value = 1
    span.attributes.add().key = "no value"
    assert post(system.sidecar.otlp, "/v1/traces", request.SerializeToString()).status == 200
    found = wait_until(lambda: read_trace(system.collector.console, trace_id.hex()), what="the trace is stored")
    assert flattened(found) == flattened(request)


def test_json_in_is_protobuf_out(system):
    """OTLP's JSON: ids in hexadecimal digits, 64-bit numbers as strings, enums as numbers."""
    trace_id = new_trace_id()
    request = traces(trace_id, spans=3, attributes={"number": 2**60, "text": "t", "flag": True, "share": 0.5})
    as_json = MessageToDict(request, use_integers_for_enums=True)
    for group, scope in itertools.product(as_json["resourceSpans"], as_json["resourceSpans"][0]["scopeSpans"]):
        for number, span in enumerate(scope["spans"]):
            span["traceId"] = trace_id.hex()
            span["spanId"] = format(number + 1, "016x")
            if "parentSpanId" in span:
                span["parentSpanId"] = format(1, "016x")
    answer = post(
        system.sidecar.otlp, "/v1/traces", json.dumps(as_json).encode(), {"Content-Type": "application/json"}.items()
    )
    assert answer.status == 200, answer
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json in ({}, {"partialSuccess": {}})
    found = wait_until(lambda: read_trace(system.collector.console, trace_id.hex()), what="the trace is stored")
    assert flattened(found) == flattened(request)
