"""Live tails over real programs: from an acknowledged span to the event, with readers that are slow, gone or too many."""

import http.client
import json
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

import pytest

import payloads
from http_raw import PROTOBUF, post as raw_post
from programs import RELEASE, Collector, hms_ops, wait_until
from test_access import Keys


def post(address, request):
    body = urllib.request.Request(
        f"http://{address}/v1/traces", request.SerializeToString(), {"content-type": "application/x-protobuf"})
    assert urllib.request.urlopen(body, timeout=10).status == 200


def get(console, path, **parameters):
    with urllib.request.urlopen(f"http://{console}{path}?{urllib.parse.urlencode(parameters)}", timeout=20) as answer:
        return json.load(answer)


def figure(console, name):
    """The sum of a metric over its labels."""
    with urllib.request.urlopen(f"http://{console}/metrics", timeout=20) as answer:
        text = answer.read().decode()
    values = re.findall(rf"^{name}(?:{{[^}}]*}})? ([0-9.e+]+)$", text, re.M)
    assert values, f"{name} is not in /metrics"
    return sum(map(float, values))


def is_mini(bars):
    return 1 <= len(bars) <= 24 and all(
        offset >= 0 and width >= 1 and offset + width <= 1000 and step in range(5) and error in (0, 1)
        for offset, width, step, error in bars)


class Tail:
    """Reads events on a thread, each with the time at which it came."""

    def __init__(self, console, query="", headers={}):
        self.events = []
        self.ended = None
        self.connection = http.client.HTTPConnection(*console.split(":"), timeout=30)
        self.connection.request("GET", "/api/v1/tail?" + urllib.parse.urlencode({"q": query}), headers=headers)
        # The connection lets go of it when the answer is to be its last.
        self.socket = self.connection.sock
        self.response = self.connection.getresponse()
        self.status = self.response.status
        if self.status == 200:
            self._reader = threading.Thread(target=self._read, daemon=True)
            self._reader.start()
            wait_until(lambda: self.named("state"), what="the first state")

    def _read(self):
        name = data = None
        try:
            while line := self.response.readline():
                line = line.decode().rstrip("\n")
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    data = json.loads(line[6:])
                elif not line and data is not None:
                    self.events.append((name, data, time.monotonic()))
                    name = data = None
        except (OSError, AttributeError, ValueError, http.client.HTTPException):
            pass
        self.ended = time.monotonic()

    def named(self, name):
        return [data for kind, data, _ in self.events if kind == name]

    def ids(self):
        return [trace["traceId"] for trace in self.named("trace")]

    def close(self):
        self.socket.shutdown(socket.SHUT_RDWR)
        self._reader.join(10)
        self.response.close()


class SlowTail:
    """Asks for a tail and reads nothing."""

    def __init__(self, console, query=""):
        host, port = console.split(":")
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.connect((host, int(port)))
        query = urllib.parse.urlencode({"q": query})
        self.socket.sendall(f"GET /api/v1/tail?{query} HTTP/1.1\r\nhost: {console}\r\n\r\n".encode())

    def close(self):
        self.socket.close()


def opened(console, count):
    wait_until(lambda: figure(console, "hms_collector_tails") == count, what=f"{count} open tails")


@pytest.fixture
def collector(start):
    running = start(Collector)
    running.otlp, running.console
    return running


def test_an_acknowledged_trace_is_told_within_two_seconds(collector):
    tail = Tail(collector.console)
    took = []
    for number in range(12):
        trace_id = payloads.new_trace_id()
        post(collector.otlp, payloads.traces(trace_id, spans=3))
        acknowledged = time.monotonic()
        wait_until(lambda: trace_id.hex() in tail.ids(), what="the event")
        took += [at - acknowledged for kind, data, at in tail.events if data.get("traceId") == trace_id.hex()]
        time.sleep(0.07)  # not in step with the looks
    assert len(took) == 12
    print(f"\nfrom acknowledgement to event: {min(took):.2f} to {max(took):.2f} s")
    assert max(took) < 2
    told = tail.named("trace")[0]
    assert told["spanCount"] == 3 and told["matched"] == "yes" and is_mini(told["mini"])
    # The same as the search says of it.
    found = get(collector.console, "/api/v1/search", q="", limit=100)["traces"]
    assert told == next(trace for trace in found if trace["traceId"] == told["traceId"])
    assert all(is_mini(trace["mini"]) for trace in found)
    assert all(is_mini(trace["mini"]) for trace in get(collector.console, "/api/v1/recent")["traces"])
    tail.close()


def test_a_query_filters_and_a_trace_is_told_once_when_it_is_complete(collector):
    post(collector.otlp, payloads.traces(payloads.new_trace_id(), service="pay"))
    pay = Tail(collector.console, 'service = pay and http.request.method = "GET"')
    everything = Tail(collector.console)
    first, second, other = (payloads.new_trace_id() for _ in range(3))
    post(collector.otlp, payloads.traces(first, service="pay"))
    post(collector.otlp, payloads.traces(other, service="cart"))
    # More of the first comes while it is waited for.
    post(collector.otlp, payloads.traces(first, spans=4, service="pay"))
    post(collector.otlp, payloads.traces(second, service="pay"))
    wait_until(lambda: len(everything.ids()) == 3, what="all three")
    wait_until(lambda: len(pay.ids()) == 2, what="both of the service")
    assert sorted(pay.ids()) == sorted([first.hex(), second.hex()])
    assert sorted(everything.ids()) == sorted([first.hex(), second.hex(), other.hex()])
    assert next(trace for trace in pay.named("trace") if trace["traceId"] == first.hex())["spanCount"] == 4
    post(collector.otlp, payloads.traces(first, spans=5, service="pay"))
    marker = payloads.new_trace_id()
    post(collector.otlp, payloads.traces(marker, service="pay"))
    wait_until(lambda: marker.hex() in pay.ids(), what="the marker")
    assert pay.ids().count(first.hex()) == 1, "what came before, and what was told, is not told again"
    wait_until(lambda: everything.named("state")[-1] == {"seen": 4, "dropped": 0}, what="the state")
    pay.close(), everything.close()
    opened(collector.console, 0)


def test_what_is_wrong_with_a_request_is_told(collector):
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(collector.console, "/api/v1/tail", q="servce = a")
    assert caught.value.code == 400 and json.load(caught.value)["error"]["code"] == "invalid_query"
    assert raw_post(collector.console, "/api/v1/tail", b"", {}).status == 405
    head = http.client.HTTPConnection(*collector.console.split(":"), timeout=10)
    head.request("HEAD", "/api/v1/tail")
    answer = head.getresponse()
    assert answer.status == 200 and answer.getheader("content-type") == "text/event-stream" and answer.read() == b""
    assert figure(collector.console, "hms_collector_tails") == 0


def test_the_thirty_third_tail_is_refused_and_a_place_that_is_free_is_taken(collector):
    tails = [Tail(collector.console) for _ in range(32)]
    refused = Tail(collector.console)
    assert refused.status == 503
    error = json.loads(refused.response.read())["error"]
    assert error["code"] == "too_many_tails" and "32" in error["message"] and error["hint"]
    assert figure(collector.console, "hms_collector_tail_refusals_total") == 1
    tails.pop().close()
    opened(collector.console, 31)
    tails.append(Tail(collector.console))
    post(collector.otlp, payloads.traces(payloads.new_trace_id()))
    wait_until(lambda: all(len(tail.ids()) == 1 for tail in tails), what="an event for each")
    for tail in tails:
        tail.close()
    opened(collector.console, 0)


def test_a_reader_that_is_killed_is_noticed(collector):
    readers = [
        subprocess.Popen(
            ["curl", "-sN", version, f"http://{collector.console}/api/v1/tail"], stdout=subprocess.PIPE)
        for version in ("--http1.1", "--http2-prior-knowledge")
    ]
    for reader in readers:
        assert reader.stdout.readline() == b"retry: 2000\n"
    opened(collector.console, 2)
    began = time.monotonic()
    for reader in readers:
        reader.kill()
        reader.wait()
        reader.stdout.close()
    opened(collector.console, 0)
    print(f"\nnoticed after {time.monotonic() - began:.2f} s")
    assert time.monotonic() - began < 2


@pytest.mark.alone
def test_slow_readers_do_not_grow_the_memory_and_the_count_says_what_they_missed(collector):
    console = collector.console

    def flood(seconds):
        until, sent = time.monotonic() + seconds, 0
        while time.monotonic() < until:
            request = payloads.traces(payloads.new_trace_id(), name="n" * 8000)
            for _ in range(11):
                request.MergeFrom(payloads.traces(payloads.new_trace_id(), name="n" * 8000))
            post(collector.otlp, request)
            sent += 12
            time.sleep(0.25)
        return sent

    fast = Tail(console)
    sent = flood(3)
    wait_until(lambda: len(fast.ids()) >= sent * 0.9, what="the events of the fast reader")
    before = collector.resident_bytes()
    slow = [SlowTail(console) for _ in range(30)]
    opened(console, 31)
    dropped = figure(console, "hms_collector_tail_dropped_total")
    flood(14)
    grown = collector.resident_bytes() - before
    missed = figure(console, "hms_collector_tail_dropped_total") - dropped
    print(f"\n30 slow readers: {missed:.0f} events left out, resident memory grew by {grown / 2**20:.1f} MiB")
    assert missed > 100
    assert grown < 30 * (256 << 10) + (24 << 20)
    for tail in slow:
        tail.close()
    opened(console, 1)
    marker = payloads.new_trace_id()
    post(collector.otlp, payloads.traces(marker))
    wait_until(lambda: marker.hex() in fast.ids(), what="the fast reader's next event")
    fast.close()


def test_the_collector_stops_at_once_though_tails_are_open(collector):
    tails = [Tail(collector.console) for _ in range(5)]
    slow = SlowTail(collector.console)
    http2 = subprocess.Popen(
        ["curl", "-sN", "--http2-prior-knowledge", f"http://{collector.console}/api/v1/tail"], stdout=subprocess.PIPE)
    assert http2.stdout.readline() == b"retry: 2000\n"
    opened(collector.console, 7)
    began = time.monotonic()
    assert collector.stop() == 0
    took = time.monotonic() - began
    print(f"\nstopped after {took:.2f} s with seven tails open")
    assert took < 3
    wait_until(lambda: all(tail.ended for tail in tails), what="the end of the tails")
    assert http2.wait(10) == 0, "curl saw the stream end in order"
    http2.stdout.close()
    slow.close()


def test_the_command_follows_reconnects_and_ends_well(start, tmp_path):
    first = start(Collector, directory="c")
    console = first.console
    told = open(tmp_path / "told", "w+")
    process = subprocess.Popen(
        [RELEASE / "hms-ops", "tail", "service = pay", "--collector", console], stdout=told, stderr=subprocess.PIPE,
        text=True)
    lines = []
    threading.Thread(target=lambda: lines.extend(process.stderr), daemon=True).start()

    def output():
        return (tmp_path / "told").read_text()

    opened(console, 1)
    ids = [payloads.new_trace_id() for _ in range(2)]
    post(first.otlp, payloads.traces(ids[0], service="pay", name="GET /x"))
    post(first.otlp, payloads.traces(payloads.new_trace_id(), service="cart"))
    wait_until(lambda: ids[0].hex() in output(), what="the first line")
    assert "pay GET /x" in output() and "cart" not in output() and output().startswith("trace ")
    first.stop()
    second = start(Collector, directory="c", console__listen=console)
    second.otlp, second.console
    opened(console, 1)
    post(second.otlp, payloads.traces(ids[1], service="pay"))
    wait_until(lambda: ids[1].hex() in output(), what="the line after the restart")
    assert output().count("began (UTC)") == 1
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    wait_until(lambda: any("trying again" in line for line in lines), what="the word about it")
    opened(console, 0)


def test_the_search_goes_on_with_what_arrives(collector, tmp_path):
    old, new = payloads.new_trace_id(), payloads.new_trace_id()
    post(collector.otlp, payloads.traces(old, service="pay"))
    with open(tmp_path / "told", "w") as told:
        process = subprocess.Popen(
            [RELEASE / "hms-ops", "search", "service = pay", "--follow", "--ids", "--collector", collector.console],
            stdout=told)
    wait_until(lambda: (tmp_path / "told").read_text().split() == [old.hex()], what="what is stored")
    post(collector.otlp, payloads.traces(new, service="pay"))
    wait_until(lambda: (tmp_path / "told").read_text().split() == [old.hex(), new.hex()], what="what arrived")
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    lines = hms_ops("tail", "--json", "--limit", "1", "--collector", "127.0.0.1:1")
    assert lines.returncode == 2 and "127.0.0.1:1" in lines.stderr


def test_a_tail_needs_a_key_and_sees_its_tenant_alone(start, tmp_path):
    keys = Keys(tmp_path)
    for name, scopes, options in [
        ("ingest", ["ingest"], {}), ("read", ["read"], {}), ("acme", ["ingest", "read"], {"tenant": "acme"}),
        ("beta", ["ingest", "read"], {"tenant": "beta"}),
    ]:
        keys.create(name, *scopes, **options)
    collector = start(Collector, keys__file=keys.path)
    for name, status in [(None, 401), ("nonsense", 401), ("ingest", 403)]:
        assert Tail(collector.console, headers=keys.header(name)).status == status

    def send(name, trace_id):
        body = payloads.traces(trace_id).SerializeToString()
        wait_until(
            lambda: raw_post(collector.otlp, "/v1/traces", body, {**dict([PROTOBUF]), **keys.header(name)}).status == 200,
            what="the tenant's store")

    ids = {name: payloads.new_trace_id() for name in ("ingest", "acme", "beta")}
    send("acme", payloads.new_trace_id()), send("beta", payloads.new_trace_id())
    tails = {name: Tail(collector.console, headers=keys.header(name)) for name in ("read", "acme", "beta")}
    for name, trace_id in ids.items():
        send(name, trace_id)
    for name, sender in [("read", "ingest"), ("acme", "acme"), ("beta", "beta")]:
        wait_until(lambda: tails[name].ids() == [ids[sender].hex()], what=f"the trace of {name}")
    time.sleep(1.5)
    assert [len(tail.ids()) for tail in tails.values()] == [1, 1, 1]
    for tail in tails.values():
        tail.close()
