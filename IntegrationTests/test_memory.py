"""One byte budget for the process: resident memory stays below `memory.max` whatever is sent, senders are told to come
again, and what a burst took goes back to the system."""

import contextlib
import gzip
import random
import socket
import subprocess
import threading
import time

import pytest

from attacks import MIB, GoodClient, PeakMemory
from http_raw import PROTOBUF, RawConnection, encode, get, split
from payloads import traces
from programs import RELEASE, Collector, Sidecar, wait_until

pytestmark = pytest.mark.alone

GOOD = traces(b"\7" * 16).SerializeToString()
MAX = 48 * MIB


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    place = tmp_path_factory.mktemp("memory")
    (place / "c").mkdir()
    (place / "s").mkdir()
    collector = Collector(place / "c")
    sidecar = Sidecar(place / "s", collector.otlp, memory__max="48MiB")
    sidecar.address("admin")
    yield sidecar
    assert sidecar.alive, "\n".join(sidecar.lines[-20:])
    sidecar.stop()
    collector.stop()


def metric(program, name):
    for line in get(program.admin, "/metrics").text.splitlines():
        if line.startswith(name + " "):
            return float(line.split()[-1])
    raise AssertionError(f"no {name}")


def test_half_sent_bodies(pair):
    """200 connections, each with half of a body of 4 MiB: some wait, some are told to come again, small requests pass."""
    half = encode("POST", "/v1/traces", headers=[PROTOBUF], length=False)[:-2] + b"Content-Length: 4194304\r\n\r\n"
    body = bytes(2 * MIB)
    with PeakMemory(pair) as memory, contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_connection(split(pair.otlp))) for _ in range(200)]
        pending = {connection: half + body for connection in sockets}
        for connection in sockets:
            connection.setblocking(False)
        with GoodClient(pair.otlp) as client:
            deadline = time.monotonic() + 4
            while pending and time.monotonic() < deadline:
                for connection in list(pending):
                    try:
                        sent = connection.send(pending[connection][: 256 << 10])
                        pending[connection] = pending[connection][sent:]
                        if not pending[connection]:
                            del pending[connection]
                    except BlockingIOError:
                        pass
                    except OSError:
                        del pending[connection]  # refused and closed
        assert not client.failures, client.failures[0]
        assert client.p99() < 0.1, client.p99()
        for connection in sockets:
            connection.close()
    print(f"peak {memory.peak / MIB:.1f} MiB, p99 beside {client.p99() * 1000:.1f} ms of {len(client.latencies)}")
    assert memory.peak < MAX, f"{memory.peak / MIB:.1f} MiB"
    wait_until(lambda: metric(pair, "hms_sidecar_budget_bytes") < 2 * MIB, what="everything is given back")


def test_a_large_body_finishes_among_stalled_ones(pair):
    """Half-received bodies fill the budget; one that goes on is complete in the end, at the first try or a later one."""
    half = encode("POST", "/v1/traces", headers=[PROTOBUF], length=False)[:-2] + b"Content-Length: 4194304\r\n\r\n"
    whole = b"".join(traces(bytes([number % 255 + 1]) * 16, spans=2000).SerializeToString() for number in range(12))
    assert len(whole) > 2 * MIB
    with contextlib.ExitStack() as stack:
        for _ in range(30):
            connection = stack.enter_context(socket.create_connection(split(pair.otlp)))
            connection.setblocking(False)
            with contextlib.suppress(OSError):
                connection.send(half + bytes(2 * MIB))
        began, statuses = time.monotonic(), []
        while 200 not in statuses:
            assert time.monotonic() - began < 30, statuses
            with contextlib.suppress(OSError), RawConnection(pair.otlp, timeout=30) as connection:
                statuses.append(connection.request("POST", "/v1/traces", whole, [PROTOBUF]).status)
    assert set(statuses) <= {200, 503}, statuses


def unpacking():
    """Small on the wire, 6.5 MiB when unpacked."""
    one = traces(b"\5" * 16, spans=1000, attributes={"text": "x" * 500}).SerializeToString()
    return [(gzip.compress(one * (13 * MIB // 2 // len(one)), 6), [("Content-Encoding", "gzip")])]


def incompressible():
    """As large on the way to the collector as on the way in."""
    return [(traces(random.randbytes(16), attributes={"data": random.randbytes(6 * MIB).hex()[: 6 * MIB]}).SerializeToString(), [])
            for _ in range(4)]


def full_of_secrets():
    """Has to be written anew, and becomes no shorter by it."""
    one = traces(b"\5" * 16, spans=1000, attributes={"password": "x", "text": "y" * 500}).SerializeToString()
    return [(one * (6 * MIB // len(one)), [])]


def many_traces():
    """Has to be divided among the collectors, span by span."""
    return [(b"".join(traces(random.randbytes(16), spans=2).SerializeToString() for _ in range(5000)) * 3, [])]


@pytest.fixture(scope="module")
def three(tmp_path_factory):
    """A sidecar that leads to three collectors."""
    place = tmp_path_factory.mktemp("three")
    collectors = []
    for name in "abc":
        (place / name).mkdir()
        collectors.append(Collector(place / name))
    (place / "s").mkdir()
    sidecar = Sidecar(place / "s", ", ".join(collector.otlp for collector in collectors), memory__max="48MiB")
    sidecar.address("admin")
    yield sidecar
    assert sidecar.alive, "\n".join(sidecar.lines[-20:])
    for program in [sidecar, *collectors]:
        program.stop()


@pytest.mark.parametrize("leads_to", ["pair", "three"])
@pytest.mark.parametrize("bodies", [unpacking, incompressible, full_of_secrets, many_traces])
def test_large_bodies_from_everywhere(request, leads_to, bodies):
    """Sixteen senders of bodies of 6 MiB and more, for two seconds."""
    program = request.getfixturevalue(leads_to)
    bodies = bodies()
    statuses, until = [], time.monotonic() + 2

    def send(number):
        with contextlib.suppress(OSError), RawConnection(program.otlp, timeout=20) as connection:
            while time.monotonic() < until:
                number += 1
                body, encoding = bodies[number % len(bodies)]
                # Another message each time, as a repetition would be known; the field is none that OTLP has.
                extra = b"" if encoding else b"\xba\x3e\x08" + random.randbytes(8)
                statuses.append(
                    connection.request("POST", "/v1/traces", body + extra, [PROTOBUF, *encoding]).status)

    with PeakMemory(program) as memory:
        threads = [threading.Thread(target=send, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    print(f"peak {memory.peak / MIB:.1f} MiB, {statuses.count(200)} taken, {statuses.count(503)} to come again")
    assert memory.peak < MAX, f"{memory.peak / MIB:.1f} MiB"
    assert set(statuses) <= {200, 503} and 200 in statuses, statuses


def test_a_connection_that_lives_long_keeps_nothing_of_its_requests(pair):
    """One kept alive for 500 requests, each of which comes in one piece and is answered later."""
    body = traces(b"\6" * 16, spans=200, attributes={"text": "x" * 100}).SerializeToString()
    with RawConnection(pair.otlp) as connection:
        for number in range(520):
            if number == 20:
                before = pair.resident_bytes()
            # Another body each time, as a repetition would be known.
            assert connection.request("POST", "/v1/traces", body + b"\x1a\x08" + number.to_bytes(8, "big"), [PROTOBUF]).status == 200
        grown = pair.resident_bytes() - before
    print(f"{500 * len(body) / MIB:.1f} MiB sent, {grown / MIB:.1f} MiB more resident")
    assert grown < 6 * MIB, f"{grown / MIB:.1f} MiB"


def test_overload(pair):
    """As much as 64 connections can send for four seconds; resident memory falls back soon after."""
    with PeakMemory(pair) as memory:
        subprocess.run(
            [str(RELEASE / "hms-ops"), "load", "--target", pair.otlp, "--seconds", "4", "--connections", "64",
             "--streams", "8", "--batch", "1000", "--json"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
    print(f"peak {memory.peak / MIB:.1f} MiB")
    assert memory.peak < MAX, f"{memory.peak / MIB:.1f} MiB"
    with RawConnection(pair.otlp) as connection:
        assert connection.request("POST", "/v1/traces", GOOD, [PROTOBUF]).status == 200
    wait_until(lambda: pair.resident_bytes() < 24 * MIB, timeout=10, what="memory goes back to the system")
    print(f"idle again: {pair.resident_bytes() / MIB:.1f} MiB")


def test_a_message_that_grows_too_long_is_refused_for_good(tmp_path):
    """Resources with one tiny span each: with what is added to each the message would be several times as long."""
    span = b"\x0a\x10" + b"\5" * 16 + b"\x12\x08" + b"\6" * 8
    scope = b"\x12" + bytes([len(span)]) + span
    group = b"\x12" + bytes([len(scope)]) + scope
    body = (b"\x0a" + bytes([len(group)]) + group) * (5 * MIB // (len(group) + 2))
    sidecar = Sidecar(tmp_path, "127.0.0.1:1", enrich__attributes="deployment.environment.name=" + "x" * 100)
    with RawConnection(sidecar.otlp, timeout=20) as connection, PeakMemory(sidecar) as memory:
        answer = connection.request("POST", "/v1/traces", body, [PROTOBUF])
    assert answer.status == 413 and "with what is added" in answer.text, answer.text
    assert memory.peak < MAX, f"{memory.peak / MIB:.1f} MiB"
    sidecar.stop()


def test_a_message_that_no_spool_holds_is_refused_for_good(tmp_path):
    sidecar = Sidecar(tmp_path, "127.0.0.1:1", spool__max_bytes="1MiB")
    body = traces(b"\5" * 16, attributes={"data": "x" * MIB}).SerializeToString()
    with RawConnection(sidecar.otlp) as connection:
        answer = connection.request("POST", "/v1/traces", body, [PROTOBUF])
        assert answer.status == 413 and "spool.max_bytes" in answer.text, answer.text
        assert connection.request("POST", "/v1/traces", GOOD, [PROTOBUF]).status == 200
    assert 'reason="too_large"} 1' in get(sidecar.admin, "/metrics").text
    sidecar.stop()
