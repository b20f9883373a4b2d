"""OTLP messages for the tests, made with the official protobuf classes."""

import random
import time

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span


def new_trace_id():
    return random.randbytes(16)


def traces(trace_id, spans=1, name="GET /orders", service="orders", attributes=None):
    """A request with one trace: span 0 is the root, the others are its children."""
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    attribute(group.resource.attributes, "service.name", service)
    scope = group.scope_spans.add()
    scope.scope.name = "integration"
    scope.scope.version = "1"
    start = time.time_ns()
    for number in range(spans):
        span = scope.spans.add()
        span.trace_id = trace_id
        span.span_id = (number + 1).to_bytes(8, "big")
        if number:
            span.parent_span_id = (1).to_bytes(8, "big")
        span.name = name if number == 0 else f"{name} step {number}"
        span.kind = Span.SPAN_KIND_SERVER if number == 0 else Span.SPAN_KIND_INTERNAL
        span.start_time_unix_nano = start + number * 1_000_000
        span.end_time_unix_nano = start + 50_000_000 + number * 1_000_000
        for key, value in (attributes or {"http.request.method": "GET"}).items():
            attribute(span.attributes, key, value)
    return request


def metrics(name="requests", service="orders"):
    request = ExportMetricsServiceRequest()
    group = request.resource_metrics.add()
    attribute(group.resource.attributes, "service.name", service)
    metric = group.scope_metrics.add().metrics.add()
    metric.name = name
    metric.sum.is_monotonic = True
    metric.sum.aggregation_temporality = 2
    point = metric.sum.data_points.add()
    point.time_unix_nano = time.time_ns()
    point.as_int = 7
    return request


def logs(body="paid", service="orders"):
    request = ExportLogsServiceRequest()
    group = request.resource_logs.add()
    attribute(group.resource.attributes, "service.name", service)
    record = group.scope_logs.add().log_records.add()
    record.time_unix_nano = time.time_ns()
    record.severity_number = 9
    record.body.string_value = body
    return request


def attribute(attributes, key, value):
    entry = attributes.add()
    entry.key = key
    if isinstance(value, bool):
        entry.value.bool_value = value
    elif isinstance(value, int):
        entry.value.int_value = value
    elif isinstance(value, float):
        entry.value.double_value = value
    elif isinstance(value, bytes):
        entry.value.bytes_value = value
    else:
        entry.value.string_value = value


def varint(value):
    out = b""
    while value >= 0x80:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def field(number, payload):
    """A length-delimited protobuf field."""
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def grpc_frame(message, compressed=False):
    return bytes([1 if compressed else 0]) + len(message).to_bytes(4, "big") + message


def nested_arrays(depth):
    """A traces request whose one attribute is an array in an array in an array."""
    value = b""
    for _ in range(depth):
        value = field(1, field(5, value))
    span = field(1, new_trace_id()) + field(2, b"\1" * 8) + field(9, field(1, b"deep") + field(2, field(5, value)))
    return field(1, field(2, field(2, span)))
