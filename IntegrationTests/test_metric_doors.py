"""Metrics in other dialects than OTLP, from unmodified clients: statsd, datadog, prometheus_client, curl and requests."""

import gzip
import http.server
import json
import socket
import subprocess
import threading
import time

import prometheus_client
import pytest
import requests
import statsd
from datadog.dogstatsd import DogStatsd
from prometheus_client.parser import text_string_to_metric_families

from attacks import PeakMemory
from http_raw import post, split
from otlp_sink import OTLPSink
from programs import Collector, Sidecar, wait_until

CATALOGUE = """api.response_time hitl.override_rate etl.jobs_started etl.records_processed etl.errors etl.duration_seconds
eligibility.latency_ms req_ms req_ms_sum req_ms_count http_errors http_errors_total payment_latency_ms ach_batch_size
ach_latency_ms ach_flagged_total job_queue_depth job_fail_total a2a_transfer_ms a2a_failed_total activities_pending
activities_error_total esq_conflicts_total esq_latency_ms page_load_ms citizen_satisfaction_score refund_pdf_total
vet_denied_total""".split()


# Named before `start` by whoever uses both, so that it outlives the programs: a sidecar whose backend is gone takes its
# whole grace to stop.
@pytest.fixture
def sink():
    with OTLPSink() as made:
        yield made


@pytest.fixture
def sidecar(sink, start):
    return start(Sidecar, sink.address, statsd__interval="1s")


def curl(url, *arguments, data=None):
    command = ["curl", "-sS", "-w", "\n%{http_code}", *arguments, url]
    if data is not None:
        command += ["--data-binary", data]
    done = subprocess.run(command, capture_output=True, timeout=30, check=True)
    body, _, status = done.stdout.rpartition(b"\n")
    return int(status), body.decode()


def figures(text):
    """Sample lines of an exposition by name and labels."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines)}


def own_metrics(sidecar):
    return figures(curl(f"http://{sidecar.admin}/metrics")[1])


# StatsD


def test_the_statsd_package(sidecar, sink):
    host, port = split(sidecar.statsd)
    client = statsd.StatsClient(host, port)
    client.incr("orders.placed")
    client.incr("orders.placed", 4)
    client.decr("orders.open")
    client.gauge("queue.depth", 10)
    client.gauge("queue.depth", 3, delta=True)
    client.gauge("queue.depth", -2, delta=True)
    client.gauge("balance", -5)
    client.timing("checkout_ms", 320)
    with client.timer("checkout_ms"):
        pass
    for user in ("ann", "bob", "ann"):
        client.set("users", user)
    with client.pipeline() as pipe:
        pipe.incr("orders.placed", 5)
        pipe.gauge("queue.size", 7)

    def whole():
        return sum(p.value for p in sink.points("orders.placed")) == 10 and sink.points("queue.size")

    sink.wait_for(whole, what="every increment")
    placed = sink.points("orders.placed")[0]
    assert (placed.kind, placed.temporality, placed.is_monotonic) == ("sum", 1, True)
    assert placed.raw.start_time_unix_nano < placed.raw.time_unix_nano
    assert sink.points("orders.open")[0].value == -1 and not sink.points("orders.open")[0].is_monotonic
    assert sink.points("queue.depth")[-1].value == 11
    assert sink.points("balance")[-1].value == -5
    timers = sink.points("checkout_ms")
    assert {p.kind for p in timers} == {"exponential_histogram"} and timers[0].unit == "ms"
    assert sum(p.raw.count for p in timers) == 2
    assert max(p.raw.max for p in timers) == 320
    assert sum(p.value for p in sink.points("users")) in (2, 3)  # 3 if a window ended between the lines


def test_the_datadog_package(sidecar, sink):
    host, port = split(sidecar.statsd)
    client = DogStatsd(host=host, port=port, constant_tags=["env:prod"], disable_buffering=False)
    client.increment("page.views", tags=["page:home", "browser:x"])
    client.increment("page.views", tags=["browser:x", "page:home"])
    client.histogram("file.size_bytes", 1000, tags=["kind:pdf"])
    client.distribution("api.latency_seconds", 0.25)
    client.gauge("temperature", -5, tags=["room:1"])
    client.gauge_with_timestamp("past", 7, 1_600_000_000)
    client.set("visitors", "ann")
    client.event("Deployed", "version 2\nall well", alert_type="warning", tags=["team:pay"])
    client.service_check("db", DogStatsd.CRITICAL, message="no answer", hostname="web1")
    client.flush()
    sink.wait_for(lambda: sum(p.value for p in sink.points("page.views")) == 2, what="both views")
    assert all(
        p.attributes == {"browser": "x", "env": "prod", "page": "home"} for p in sink.points("page.views")
    )
    size = sink.wait_for(lambda: sink.points("file.size_bytes"))[0]
    assert size.unit == "By" and size.raw.sum == 1000 and size.attributes == {"env": "prod", "kind": "pdf"}
    assert sink.points("api.latency_seconds")[0].unit == "s"
    assert sink.points("temperature")[0].value == -5
    assert sink.points("past")[0].raw.time_unix_nano == 1_600_000_000 * 10**9
    assert sink.points("visitors")[0].value == 1
    records = sink.wait_for(lambda: len(sink.log_records()) == 2 and sink.log_records(), what="event and check")
    event, check = sorted((record for _, record in records), key=lambda record: record.event_name)
    assert (event.event_name, event.body.string_value) == ("dogstatsd.event", "version 2\nall well")
    assert event.severity_number == 13 and check.severity_number == 17
    assert check.body.string_value == "no answer"


def test_bad_lines_are_counted_and_the_others_taken(sidecar, sink):
    lines = [b"good:1|c", b"bad", b"bad:x|c", b"bad:1|q", b"\xff\xfe:1|c", b"good:2|c", b""]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.connect(split(sidecar.statsd))
        sender.send(b"\n".join(lines))
        sender.send(b"only\x1b[31mrubbish")
        sink.wait_for(lambda: sum(p.value for p in sink.points("good")) == 3)
        sender.setblocking(False)
        with pytest.raises(BlockingIOError):
            sender.recv(100)  # Datagrams are never answered.
    metrics = own_metrics(sidecar)
    refused = {key: value for key, value in metrics.items() if "statsd_refused_lines" in key and value}
    assert sum(refused.values()) == 5
    assert metrics['hms_sidecar_statsd_lines_total{outcome="taken"}'] == 2
    assert metrics['hms_sidecar_requests_total{door="statsd"}'] == 2
    assert b"\x1b[31m" not in sidecar.log_path.read_bytes()


def test_what_is_in_the_open_window_is_sent_at_a_stop(sink, start):
    sidecar = start(Sidecar, sink.address, statsd__interval="5m")
    statsd.StatsClient(*split(sidecar.statsd)).incr("late", 3)
    wait_until(lambda: own_metrics(sidecar)['hms_sidecar_statsd_lines_total{outcome="taken"}'] == 1)
    assert sidecar.stop() == 0
    assert sum(p.value for p in sink.points("late")) == 3


# Push


@pytest.mark.parametrize(
    "shape, path, kind",
    [
        ('{{"name":"{0}","value":1,"tags":{{"endpoint":"/x"}}}}', "/ingest", None),
        ('{{"metric":"{0}","value":1,"type":"count"}}', "/metrics", "sum"),
        ('{{"name":"{0}","value":1}}', "/metrics", None),
        ('{{"{0}":1}}', "/metrics", None),
    ],
)
def test_the_catalogue_in_each_shape_by_curl(sidecar, sink, shape, path, kind):
    for name in CATALOGUE:
        status, body = curl(
            f"http://{sidecar.push}{path}", "-H", "Authorization: Bearer t", data=shape.format(name)
        )
        assert (status, json.loads(body)) == (200, {"accepted": 1}), body
    sink.wait_for(lambda: len(sink.points()) == len(CATALOGUE), what="the whole catalogue")
    for point in sink.points():
        assert point.value == 1 and point.attributes == ({"endpoint": "/x"} if "tags" in shape else {})
        assert point.kind == (kind or ("sum" if point.name.endswith("_total") else "gauge"))
        assert point.unit == ("ms" if point.name.endswith("_ms") else "s" if point.name.endswith("_seconds") else "")
    assert sorted(point.name for point in sink.points()) == sorted(CATALOGUE)
    # A Prometheus scrapes the sidecar: names with underscores, values as pushed.
    status, text = curl(f"http://{sidecar.push}/metrics")
    labels = '{endpoint="/x"}' if "tags" in shape else ""
    assert figures(text) == {name.replace(".", "_") + labels: 1.0 for name in CATALOGUE}
    # Its own parser reads it too; that one adds _total to the names of counters.
    assert sum(len(family.samples) for family in text_string_to_metric_families(text)) == len(CATALOGUE)


def test_the_documents_snippets(sidecar, sink):
    url = f"http://{sidecar.push}"
    # 000: MetricsClient.record
    requests.post(url + "/ingest", json={"name": "api.response_time", "value": 0.42, "tags": {"endpoint": "/pay"}})
    # 001: _post with a token; increment twice, gauge
    for payload in [
        {"metric": "etl.jobs_started", "value": 1, "type": "count"},
        {"metric": "etl.jobs_started", "value": 1, "type": "count"},
        {"metric": "etl.records_processed", "value": 5000, "type": "gauge"},
    ]:
        assert requests.post(url + "/metrics", json=payload, headers={"Authorization": "Bearer x"}).ok
    # 004: push
    requests.post(url + "/metrics", json={"payment_latency_ms": 312.5}, timeout=0.2)
    text = curl(url + "/metrics")[1]
    assert figures(text) == {
        'api_response_time{endpoint="/pay"}': 0.42, "etl_jobs_started": 2, "etl_records_processed": 5000,
        "payment_latency_ms": 312.5,
    }
    sink.wait_for(lambda: len(sink.points()) == 5)


@pytest.mark.parametrize(
    "arguments, path, body, status, reason",
    [
        ([], "/metrics", "nonsense", 400, "not JSON"),
        ([], "/metrics", '{"name":"a"}', 400, "no 'value'"),
        ([], "/ingest", '[{"a":1},{"b":[]}]', 400, "element 1"),
        ([], "/other", "{}", 404, "there are"),
        (["-X", "PUT"], "/metrics", "{}", 405, "use POST"),
        (["-H", "Origin: http://evil.example"], "/metrics", '{"a":1}', 403, "pages of the web"),
        (["-H", "Content-Encoding: br"], "/metrics", '{"a":1}', 415, "content encoding"),
    ],
)
def test_what_is_refused_says_why(sidecar, arguments, path, body, status, reason):
    found, answer = curl(f"http://{sidecar.push}{path}", *arguments, data=body)
    assert found == status
    error = json.loads(answer)["error"]
    assert error["code"] == status and reason in error["message"]


def test_a_body_too_large_is_refused(sidecar, tmp_path):
    (tmp_path / "big.json").write_text("[" + ",".join(['{"a":1}'] * 200_000) + "]")
    status, _ = curl(f"http://{sidecar.push}/metrics", data=f"@{tmp_path}/big.json")
    assert status == 413


# Scraping


def test_a_body_that_becomes_large_and_small_again(sidecar):
    """Tags full of secrets are over a megabyte on the way, and little once they are taken away; padded with plain values."""
    tagged = [
        {"name": f"padded{number}", "value": 1,
         "tags": {f"a{tag:02}_password": "A" * 1000 for tag in range(64)}} for number in range(14)
    ]
    flat = {f"plain{number}": number for number in range(3700)}
    packed = gzip.compress(json.dumps([*tagged, flat]).encode())
    answer = post(sidecar.push, "/metrics", packed, [("Content-Type", "application/json"), ("Content-Encoding", "gzip")])
    assert answer.status == 200, answer
    assert sidecar.alive


def test_a_body_of_many_tiny_values_is_refused_cheaply(sidecar):
    """Half a million numbers in a megabyte would be many times as long as a tree."""
    def push(count):
        return post(sidecar.push, "/metrics", b"[" + b"1," * count + b"1]", [("Content-Type", "application/json")])

    push(10)  # what the first push takes for good is taken
    with PeakMemory(sidecar) as memory:
        answer = push(500_000)
    assert answer.status == 400 and "values" in answer.text, answer
    assert memory.growth < 8 << 20, f"{memory.growth >> 20} MiB"


def test_a_prometheus_client_target(sink, start):
    registry = prometheus_client.CollectorRegistry()
    errors = prometheus_client.Counter("http_errors", "Errors.", ["code"], registry=registry)
    errors.labels("500").inc(3)
    prometheus_client.Gauge("job_queue_depth", "Depth.", registry=registry).set(7)
    prometheus_client.Histogram("page_load_seconds", "Loads.", buckets=(0.1, 1), registry=registry).observe(0.5)
    prometheus_client.Summary("req_ms", "Requests.", registry=registry).observe(12)
    prometheus_client.Info("build", "Build.", registry=registry).info({"version": 'v"1\\'})
    server, thread = prometheus_client.start_http_server(0, addr="127.0.0.1", registry=registry)
    try:
        address = f"127.0.0.1:{server.server_port}"
        start(Sidecar, sink.address, scrape__targets=f"http://{address}/metrics;job=pay", scrape__interval="1s")
        sink.wait_for(lambda: len(sink.points("up")) >= 2, what="two scrapes")
        assert all(p.value == 1 for p in sink.points("up"))
        counter = sink.points("http_errors_total")[0]
        assert (counter.value, counter.attributes, counter.temporality) == (3, {"code": "500"}, 2)
        assert counter.resource == {"service.name": "pay", "service.instance.id": address}
        assert counter.metric.description == "Errors." and counter.is_monotonic
        assert 0 < counter.raw.start_time_unix_nano < counter.raw.time_unix_nano  # from _created
        assert sink.points("job_queue_depth")[0].value == 7
        histogram = sink.points("page_load_seconds")[0]
        assert histogram.kind == "histogram" and histogram.unit == "s"
        assert list(histogram.raw.bucket_counts) == [0, 1, 0] and list(histogram.raw.explicit_bounds) == [0.1, 1]
        assert sink.points("req_ms")[0].kind == "summary" and sink.points("req_ms")[0].raw.sum == 12
        assert sink.points("build_info")[0].attributes == {"version": 'v"1\\'}
        # No leftovers of another format.
        assert not [p.name for p in sink.points() if p.name.endswith("_created")]
        # The process restarts: the counter begins anew.
        errors.clear()
        errors.labels("500").inc(1)
        again = sink.wait_for(lambda: [p for p in sink.points("http_errors_total") if p.value == 1])[0]
        assert again.raw.start_time_unix_nano > counter.raw.start_time_unix_nano
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_slow_dead_and_odd_targets_stall_nobody(sink, start):
    class Odd(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/redirect":
                self.send_response(302)
                self.send_header("Location", "/metrics")
            else:
                body = b"<html>not metrics</html>\n" if self.path == "/html" else b"fine 1\n" * 200_000
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                return
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    odd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Odd)
    threading.Thread(target=odd.serve_forever, daemon=True).start()
    silent = socket.create_server(("127.0.0.1", 0))  # Takes connections and never says a word.
    dead = socket.create_server(("127.0.0.1", 0))
    dead_address = "127.0.0.1:%d" % dead.getsockname()[1]
    dead.close()
    registry = prometheus_client.CollectorRegistry()
    prometheus_client.Gauge("well", "", registry=registry).set(1)
    good, thread = prometheus_client.start_http_server(0, addr="127.0.0.1", registry=registry)
    base = "http://127.0.0.1:%d" % odd.server_port
    targets = {
        "silent": "127.0.0.1:%d" % silent.getsockname()[1], "dead": dead_address, "redirect": base + "/redirect",
        "html": base + "/html", "huge": base + "/huge", "good": "127.0.0.1:%d" % good.server_port,
    }
    try:
        sidecar = start(
            Sidecar, sink.address, scrape__interval="1s", scrape__timeout="300ms", scrape__max_bytes="1MiB",
            scrape__targets=", ".join(f"{target};job={job}" for job, target in targets.items()),
        )

        def ups(job):
            return [p.value for p in sink.points("up") if p.resource["service.name"] == job]

        sink.wait_for(lambda: all(len(ups(job)) >= 3 for job in targets), what="three scrapes of each")
        for job in targets:
            assert set(ups(job)) == {1 if job == "good" else 0}, job
        times = [p.raw.time_unix_nano for p in sink.points("up") if p.resource["service.name"] == "good"]
        assert max(later - sooner for sooner, later in zip(times, times[1:])) < 1.5e9
        assert not sink.points("fine")
        slow = [p for p in sink.points("scrape_duration_seconds") if p.resource["service.name"] == "silent"]
        assert all(0.29 <= p.value < 0.8 for p in slow)
        # One line for each target that fails, not one for each scrape.
        assert sum("scrape_failed" in line for line in sidecar.lines) == 5
    finally:
        for server in (odd, good):
            server.shutdown()
            server.server_close()
        silent.close()


# The collector takes all of it, and a busy one loses nothing


def test_everything_reaches_the_collector(start):
    collector = start(Collector)
    sidecar = start(Sidecar, collector.otlp, statsd__interval="1s")
    statsd.StatsClient(*split(sidecar.statsd)).incr("a")
    DogStatsd(*split(sidecar.statsd)).event("title", "text")
    assert curl(f"http://{sidecar.push}/metrics", data='{"b":1}')[0] == 200

    def stored():
        metrics = figures(curl(f"http://{collector.console}/metrics")[1])
        return (
            metrics.get('hms_collector_accepted_items_total{signal="metrics"}', 0) >= 2
            and metrics.get('hms_collector_accepted_items_total{signal="logs"}', 0) >= 1
        )

    wait_until(stored, what="two data points and a log record in the store")
    metrics = own_metrics(sidecar)
    for signal in ("metrics", "logs"):
        received, accepted = (
            metrics[f'hms_sidecar_{what}_items_total{{signal="{signal}"}}'] for what in ("received", "accepted")
        )
        assert received == accepted > 0


def test_metrics_wait_for_a_backend_that_is_away(sink, start):
    answers = [503]
    sink.answer = lambda request: (answers[0], {}, b"")
    sidecar = start(Sidecar, sink.address, statsd__interval="1s")
    client = statsd.StatsClient(*split(sidecar.statsd))
    for _ in range(30):
        client.incr("patient")
        time.sleep(0.05)
    answers[0] = 200
    before = len(sink.requests)

    def delivered():
        # A batch that was answered 503 comes again; only what was taken counts.
        return sink.points("patient") and len(sink.requests) > before

    sink.wait_for(delivered)
    assert own_metrics(sidecar)['hms_sidecar_rejected_items_total{signal="metrics",reason="busy"}'] == 0
