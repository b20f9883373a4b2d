"""The same spans in other orders, other numbers and by other ways: figures, edges and traces must come out the same."""

import http.client
import json
import random
import time
import urllib.parse
import urllib.request

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from payloads import field
from programs import wait_until

SERVICES = ["gateway", "cart", "pay", "stock", "mail"]


def text(key, value):
    return KeyValue(key=key, value=AnyValue(string_value=value))


RESOURCES = [field(1, Resource(attributes=[text("service.name", name)]).SerializeToString()) for name in SERVICES]


def make_spans(traces, rng, began):
    """(service, span as bytes) of traces of eight spans: calls through services, databases and queues, errors, ids in names."""
    spans = []
    for number in range(traces):
        trace_id = rng.randbytes(16)
        ids = [rng.randbytes(8) for _ in range(8)]
        start = began + number * 2_000_000
        for index in range(8):
            service = rng.randrange(len(SERVICES)) if index else 0
            span = Span(
                trace_id=trace_id, span_id=ids[index], start_time_unix_nano=start + index * 10_000,
                end_time_unix_nano=start + index * 10_000 + rng.randrange(1_000, 50_000_000),
                kind=rng.choice([Span.SPAN_KIND_SERVER, Span.SPAN_KIND_CLIENT, Span.SPAN_KIND_PRODUCER, Span.SPAN_KIND_CONSUMER]),
                name=rng.choice(["GET /claims/%d" % rng.randrange(10_000), "SELECT claims", "publish", "work"]),
            )
            if index:
                span.parent_span_id = ids[rng.randrange(index)]
            if rng.random() < 0.05:
                span.status.CopyFrom(Status(code=Status.STATUS_CODE_ERROR))
            if rng.random() < 0.2:
                span.attributes.append(text("db.system", "postgresql"))
            elif rng.random() < 0.2:
                span.attributes.append(text("messaging.destination.name", "claims"))
            spans.append((service, span.SerializeToString()))
    return spans


def request_of(spans):
    """An ExportTraceServiceRequest; neighbours of one service share a ResourceSpans."""
    body = bytearray()
    index = 0
    while index < len(spans):
        end = index
        while end < len(spans) and spans[end][0] == spans[index][0]:
            end += 1
        scope = field(2, b"".join(field(2, span) for _, span in spans[index:end]))
        body += field(1, RESOURCES[spans[index][0]] + scope)
        index = end
    return bytes(body)


def send(address, spans, batch):
    host, port = address.rsplit(":", 1)
    connection = http.client.HTTPConnection(host, int(port), timeout=60)
    for start in range(0, len(spans), batch):
        body = request_of(spans[start : start + batch])
        while True:
            connection.request("POST", "/v1/traces", body, {"content-type": "application/x-protobuf"})
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                break
            assert answer.status == 503, answer.status
            time.sleep(0.05)
    connection.close()


def get(console, path, **parameters):
    query = urllib.parse.urlencode(parameters)
    with urllib.request.urlopen(f"http://{console}{path}?{query}", timeout=120) as answer:
        return json.load(answer)


def received(console):
    signals = get(console, "/api/v1/ledger")["signals"]["traces"]
    return signals["stored"]


def figures(console):
    """RED figures and edges, without the moment of the answer."""
    parts = {}
    for path in ("red", "graph"):
        answer = get(console, f"/api/v1/{path}", fresh="true", limit=10_000)
        answer.pop("asOf")
        assert not answer["truncated"], path
        parts[path] = answer
    return parts


def trace(console, trace_id):
    """A trace as the API gives it, without how many copies of each span came."""
    answer = get(console, f"/api/v1/traces/{trace_id.hex()}")
    answer["trace"].pop("duplicateCount")
    for span in answer["spans"]:
        span.pop("copies", None)
        span["oddities"] = [oddity for oddity in span["oddities"] if oddity != "duplicate"]
    return answer


def compare(once, others, spans, rng, samples):
    """Asserts that all collectors say the same as the first."""
    wanted = figures(once.console)
    count = sum(operation["count"] for operation in wanted["red"]["operations"])
    assert count == len(spans), f"{count} of {len(spans)} spans are in the figures"
    assert wanted["graph"]["edges"], "no edges"
    ids = sorted({Span.FromString(span).trace_id for _, span in rng.sample(spans, min(samples, len(spans)))})
    for name, other in others:
        found = figures(other.console)
        assert found["red"] == wanted["red"], f"{name}: RED figures differ"
        assert found["graph"] == wanted["graph"], f"{name}: edges differ"
        for trace_id in ids:
            left, right = (json.dumps(trace(console, trace_id), indent=1).splitlines() for console in (other.console, once.console))
            differing = [pair for pair in zip(left, right) if pair[0] != pair[1]][:5]
            assert left == right, f"{name}: trace {trace_id.hex()} differs: {differing}, {len(left)} and {len(right)} lines"
    return len(wanted["red"]["operations"]), len(wanted["graph"]["edges"]), len(ids)


def prove(start_collector, start_sidecar, traces, seed, samples=200):
    """Sends the same spans once; three times; shuffled through one sidecar; three times and shuffled through three sidecars.
    They begin an hour before they arrive. `start_sidecar` takes a collector."""
    rng = random.Random(seed)
    spans = make_spans(traces, rng, time.time_ns() - 3_600_000_000_000)
    once = start_collector()
    send(once.otlp, spans, 1000)
    thrice = start_collector()
    for _ in range(3):
        send(thrice.otlp, spans, 700)
    shuffled = start_collector()
    sidecar = start_sidecar(shuffled)
    mixed = spans[:]
    rng.shuffle(mixed)
    send(sidecar.otlp, mixed, 500)
    spread = start_collector()
    sidecars = [start_sidecar(spread) for _ in range(3)]
    mixed = spans * 3
    rng.shuffle(mixed)
    third = (len(mixed) + 2) // 3
    for index, sidecar in enumerate(sidecars):
        send(sidecar.otlp, mixed[index * third : (index + 1) * third], 400)
    for collector, wanted in ((shuffled, len(spans)), (spread, 3 * len(spans))):
        wait_until(lambda: received(collector.console) >= wanted, timeout=120, what="delivery")
    others = [("three times", thrice), ("shuffled", shuffled), ("three times, shuffled, by three sidecars", spread)]
    return compare(once, others, spans, rng, samples)
