"""The call graph over real programs, asked with HTTP and hms-ops."""

import json
import time
import urllib.parse
import urllib.request

import payloads
from programs import hms_ops


def request_of(spans):
    """One trace. Each span: (its number, its parent's, service, kind, milliseconds, attributes)."""
    trace_id, now = payloads.new_trace_id(), time.time_ns()
    merged = None
    for number, parent, service, kind, milliseconds, attributes in spans:
        request = payloads.traces(trace_id, service=service, attributes=attributes)
        span = request.resource_spans[0].scope_spans[0].spans[0]
        span.span_id = number.to_bytes(8, "big")
        span.parent_span_id = parent.to_bytes(8, "big") if parent else b""
        span.kind, span.start_time_unix_nano = kind, now - 10**9 - milliseconds * 10**6
        span.end_time_unix_nano = now - 10**9
        if merged:
            merged.resource_spans.append(request.resource_spans[0])
        else:
            merged = request
    return trace_id.hex(), merged


def call(caller, called):
    return request_of([
        (1, 0, caller, 3, 100, {"server.address": "somewhere"}), (2, 1, called, 2, 80, {}),
        (3, 2, called, 3, 70, {"db.system.name": "postgresql"})])


def post(address, request):
    body = urllib.request.Request(
        f"http://{address}/v1/traces", request.SerializeToString(), {"content-type": "application/x-protobuf"})
    assert urllib.request.urlopen(body, timeout=10).status == 200


def get(console, path, **parameters):
    with urllib.request.urlopen(f"http://{console}{path}?{urllib.parse.urlencode(parameters)}", timeout=20) as answer:
        return json.load(answer)


def edges(graph):
    return {(edge["from"], edge["kind"], edge["to"]): edge["count"] for edge in graph["edges"]}


def test_a_new_edge_is_there_within_two_seconds_of_its_acknowledgement(system):
    console = system.collector.console
    for number in range(5):
        post(system.collector.otlp, call("shop", f"new-{number}")[1])
        acknowledged = time.monotonic()
        found = edges(get(console, "/api/v1/graph", fresh="true", **{"from": "now-10m"}))
        assert time.monotonic() - acknowledged < 2
        assert found["service:shop", "call", f"service:new-{number}"] == 1
        assert found[f"service:new-{number}", "database", "database:postgresql"] == 1


def test_graphs_of_a_trace_of_a_query_and_of_everything_agree(system):
    console = system.collector.console
    traces = [call("front", "back") for _ in range(3)]
    for _, request in traces:
        post(system.collector.otlp, request)
    wanted = {("service:front", "call", "service:back"): 1, ("service:back", "database", "database:postgresql"): 1}
    one = get(console, "/api/v1/graph", trace=traces[0][0])
    assert edges(one) == wanted and one["traces"] == 1 and one["complete"]
    many = get(console, "/api/v1/graph", q="service = front")
    assert edges(many) == {edge: 3 for edge in wanted} and many["traces"] == 3 and many["complete"]
    whole = get(console, "/api/v1/graph", fresh="true", service="back", **{"from": "now-10m"})
    assert edges(whole) == edges(many)
    for edge in whole["edges"]:
        other = next(o for o in many["edges"] if (o["from"], o["to"]) == (edge["from"], edge["to"]))
        assert [edge[p] for p in ("p50", "p95", "p99")] == [other[p] for p in ("p50", "p95", "p99")]


def test_hms_ops_draws_the_graph_and_compares(system):
    for _ in range(20):
        post(system.collector.otlp, call("north", "south")[1])
    at = ("--collector", system.collector.console)
    table = hms_ops("graph", "--service", "south", *at, check=0).stdout
    assert [line.split()[:4] for line in table.splitlines() if "north" in line and "south" in line] == [
        ["north", "south", "call", "20"]]
    assert 'label="north' in hms_ops("graph", "--dot", *at, check=0).stdout
    assert hms_ops("graph", "--mermaid", *at, check=0).stdout.startswith("flowchart LR\n")
    diff = json.loads(hms_ops("graph", "--diff", "--json", "--from", "now-5m", *at, check=0).stdout)
    changes = {(edge["from"], edge["to"]): edge["change"] for edge in diff["edges"]}
    assert changes["service:north", "service:south"] == "new" and diff["beforeIsEmpty"]
