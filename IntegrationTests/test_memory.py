"""One byte budget for the process: resident memory stays below `memory.max` whatever is sent, senders are told to come
again, and what a burst took goes back to the system."""

import contextlib
import gzip
import socket
import subprocess
import threading
import time

import pytest

from attacks import MIB, GoodClient, PeakMemory
from http_raw import PROTOBUF, RawConnection, encode, get, split
from payloads import traces
from programs import RELEASE, Collector, Sidecar, wait_until

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


@pytest.mark.xfail(reason="copies on the way through the spool are not in the byte budget yet: peaks reach 45 to 70 MiB", strict=False)
def test_parallel_bombs(pair):
    """Sixteen senders of bodies that unpack to 11 MiB of valid data, for two seconds."""
    one = traces(b"\5" * 16, spans=1000, attributes={"text": "x" * 500}).SerializeToString()
    body = gzip.compress(one * (11 * MIB // len(one)), 6)
    statuses, until = [], time.monotonic() + 2

    def send():
        with contextlib.suppress(OSError), RawConnection(pair.otlp, timeout=20) as connection:
            while time.monotonic() < until:
                statuses.append(
                    connection.request("POST", "/v1/traces", body, [PROTOBUF, ("Content-Encoding", "gzip")]).status)

    with PeakMemory(pair) as memory:
        threads = [threading.Thread(target=send) for _ in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    print(f"peak {memory.peak / MIB:.1f} MiB, {statuses.count(200)} taken, {statuses.count(503)} to come again")
    assert memory.peak < MAX, f"{memory.peak / MIB:.1f} MiB"
    assert set(statuses) <= {200, 503} and statuses


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


@pytest.mark.xfail(reason="copies on the way through the spool are not in the byte budget yet: peaks reach 45 to 70 MiB", strict=False)
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
