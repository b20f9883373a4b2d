"""Search and Jaeger's API over real programs, asked with HTTP and hms-ops."""

import json
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

import payloads
from programs import hms_ops, wait_until


def post(address, request):
    body = urllib.request.Request(
        f"http://{address}/v1/traces", request.SerializeToString(), {"content-type": "application/x-protobuf"})
    assert urllib.request.urlopen(body, timeout=10).status == 200


def get(console, path, **parameters):
    with urllib.request.urlopen(f"http://{console}{path}?{urllib.parse.urlencode(parameters)}", timeout=20) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def stored(system):
    """Thirty traces of three spans, sent to the collector; each has an attribute of its own."""
    ids = []
    for number in range(30):
        trace_id = payloads.new_trace_id()
        request = payloads.traces(
            trace_id, spans=3, service="orders" if number % 2 else "claims",
            attributes={"order.id": f"o-{number}", "http.response.status_code": "500" if number == 7 else "200"})
        post(system.collector.otlp, request)
        ids.append(trace_id.hex())
    return ids


def test_finds_a_trace_by_any_attribute_at_once(system, stored):
    answer = get(system.collector.console, "/api/v1/search", q='order.id = "o-7"')
    assert [trace["traceId"] for trace in answer["traces"]] == [stored[7]]
    assert answer["complete"] and not answer["truncated"] and answer["traces"][0]["matchCount"] == 3
    # A number finds the text that is written like it.
    numbers = get(system.collector.console, "/api/v1/search", q="http.response.status_code = 500")
    assert [trace["traceId"] for trace in numbers["traces"]] == [stored[7]]


def test_pages_hold_everything_once_in_order_though_data_arrive(system, stored):
    console, found, cursor, late = system.collector.console, [], "", 0
    query = "service in (orders, claims) and exists order.id and not order.id =~ \"late.*\""
    while True:
        answer = get(console, "/api/v1/search", q=query, limit=7, cursor=cursor)
        found += [trace["traceId"] for trace in answer["traces"]]
        post(system.collector.otlp, payloads.traces(payloads.new_trace_id(), attributes={"order.id": f"late{late}"}))
        post(system.collector.otlp, payloads.traces(payloads.new_trace_id(), attributes={"order.id": "new"}))
        late += 1
        if "cursor" not in answer:
            break
        cursor = answer["cursor"]
    assert sorted(found) == sorted(stored) and found == stored[::-1]
    assert late == 5


def test_pages_of_a_relative_time_range_follow_each_other(system, stored):
    ids = hms_ops(
        "search", "exists order.id and service in (orders, claims) and not order.id =~ \"(late|new).*\"", "--from", "now-1h", "--ids",
        "--limit", "30", "--collector", system.collector.console, check=0).stdout.split()
    assert sorted(ids) == sorted(stored)
    console, found, cursor = system.collector.console, [], ""
    while True:
        page = get(console, "/api/v1/search", q="start > now-1h and exists order.id", **{"from": "now-1h"}, limit=9, cursor=cursor)
        found += [trace["traceId"] for trace in page["traces"]]
        if "cursor" not in page:
            break
        cursor = page["cursor"]
    assert set(stored) <= set(found) and len(found) == len(set(found)) > 9


def test_structure_is_searched(system, stored):
    console = system.collector.console
    answer = get(console, "/api/v1/search", q='order.id = "o-3" and child { name = "GET /orders step 2" }')
    assert [trace["traceId"] for trace in answer["traces"]] == [stored[3]]
    assert answer["traces"][0]["matchCount"] == 1
    assert get(console, "/api/v1/search", q='order.id = "o-3" and parent { status = error }')["traces"] == []


def test_a_wrong_query_is_told_with_its_column_and_a_hint(system):
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(system.collector.console, "/api/v1/search", q="service = a and statsu = error")
    assert caught.value.code == 400
    error = json.load(caught.value)["error"]
    assert error["code"] == "invalid_query" and error["column"] == 17 and "status" in error["hint"]
    done = hms_ops("search", "servce = a", "--collector", system.collector.console)
    assert done.returncode == 64 and "column 1" in done.stderr and "service" in done.stderr


def test_a_cursor_of_another_query_is_refused(system, stored):
    console = system.collector.console
    cursor = get(console, "/api/v1/search", q="exists order.id", limit=1)["cursor"]
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(console, "/api/v1/search", q="exists name", limit=1, cursor=cursor)
    assert caught.value.code == 400 and json.load(caught.value)["error"]["code"] == "invalid_cursor"


def test_the_command_prints_what_is_found(system, stored):
    console = system.collector.console
    done = hms_ops("search", 'order.id = "o-5"', "--collector", console, check=0)
    assert stored[5] in done.stdout and "orders GET /orders" in done.stdout and "\x1b" not in done.stdout
    ids = hms_ops("search", "exists order.id", "--ids", "--limit", "30", "--collector", console, check=0).stdout.split()
    assert len(ids) == len(set(ids)) == 30
    assert hms_ops("search", 'order.id = "none"', "--collector", console).returncode == 1


def test_figures_count_each_span_once_and_are_fresh_when_asked(system, stored):
    post(system.collector.otlp, payloads.traces(bytes.fromhex(stored[0]), spans=3, service="figures", name="GET /f/1"))
    for _ in range(2):
        request = payloads.traces(payloads.new_trace_id(), service="figures", name="GET /f/2")
        post(system.collector.otlp, request), post(system.collector.otlp, request)
    answer = get(system.collector.console, "/api/v1/red", service="figures", fresh="true")
    counts = {operation["operation"]: operation["count"] for operation in answer["operations"]}
    assert counts["GET /f/{id}"] >= 3 and all(operation["service"] == "figures" for operation in answer["operations"])


def test_the_catalogue_tells_keys_and_their_frequent_values(system, stored):
    console = system.collector.console
    answer = get(console, "/api/v1/attributes", prefix="order.")
    assert [entry["key"] for entry in answer["attributes"]] == ["order.id"] and answer["sampledSpans"] >= 90
    values = get(console, "/api/v1/attributes/http.response.status_code")["attributes"][0]["topValues"]
    assert values[0]["value"] == "200" and {"value": "500", "count": 3} in values


def test_jaegers_api_answers_like_jaeger(system, stored):
    console = system.collector.console
    assert "orders" in get(console, "/api/services")["data"]
    operations = wait_until(
        lambda: get(console, "/api/services/orders/operations")["data"], what="operations of the service")
    assert "GET /orders" in operations
    found = get(
        console, "/api/traces", service="orders", operation="GET /orders", tags=json.dumps({"order.id": "o-9"}),
        start=int((time.time() - 600) * 1e6), end=int((time.time() + 60) * 1e6), limit=20)
    assert [trace["traceID"] for trace in found["data"]] == [stored[9]]
    one = get(console, f"/api/traces/{stored[9]}")["data"][0]
    assert len(one["spans"]) == 3 and {process["serviceName"] for process in one["processes"].values()} == {"orders"}
    assert get(console, "/api/dependencies", endTs=int(time.time() * 1000), lookback=3_600_000)["errors"] is None
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(console, "/api/traces/" + "ab" * 16)
    assert caught.value.code == 404 and json.load(caught.value)["errors"][0]["code"] == 404
