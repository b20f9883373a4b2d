"""Collectors that are away, slow or hostile, and loads that are too large for them: in any length."""

import json
import pathlib
import random
import time

from accounts import difference, ledger, wait_until_forwarded
from http_raw import get
from programs import Collector, Sidecar, wait_until
from proofs import check_ids, load
from retrying import RetryingSender, new_requests
from scripted_collector import ScriptedCollector
from watching import Watched

MiB = 1 << 20
OVERLOAD_SPANS = 300
BEHAVIOURS = ["late", "refuse-503", "refuse-429", "reset", "silent", "close", "goaway"]


def outage(directory, seconds, rate=10_000):
    """The collector is away for so long under load, then back. Returns the figures; raises on loss."""
    directory = pathlib.Path(directory)
    places = [directory / name for name in ("collector", "sidecar")]
    for place in places:
        place.mkdir()
    collector = Collector(places[0])
    addresses = {"receive__otlp": collector.otlp, "console__listen": collector.console}
    sidecar = Sidecar(places[1], collector.otlp)
    try:
        files = [directory / "before", directory / "during"]
        warm = load("grpc", sidecar.otlp, files[0], "--seconds", 3, "--rate", rate)
        with Watched(sidecar) as before:
            warm.communicate(timeout=60)
        wait_until_forwarded(sidecar)
        collector.kill()
        with Watched(sidecar) as during:
            sending = load("grpc", sidecar.otlp, files[1], "--seconds", seconds, "--rate", rate)
            report = json.loads(sending.communicate(timeout=seconds + 60)[0])
        assert report["acked_spans"] >= seconds * rate * 0.9 and not report["failures"], report
        spooled = ledger(sidecar)["signals"]["traces"]["spooled"]
        assert spooled >= report["acked_spans"], f"{spooled} spooled"
        began = time.monotonic()
        with Watched(sidecar) as after:
            collector = Collector(places[0], **addresses)
            account = wait_until_forwarded(sidecar)
        caught_up = time.monotonic() - began
        well, words = check_ids(files, collector.console)
        assert well, words
        wrong = difference(account, ledger(collector))
        assert not wrong, wrong
        assert caught_up < 10, f"all was delivered {caught_up:.1f} s after the collector's return"
        most = max(during.most_bytes, after.most_bytes)
        assert most - before.most_bytes <= 6 * MiB, f"resident {before.most_bytes / MiB:.1f}, then {most / MiB:.1f} MiB"
        return (
            f"{seconds} s without a collector at {rate} spans/s: {spooled} spans spooled, all delivered {caught_up:.1f} s "
            f"after its return; {words}; resident {before.most_bytes / MiB:.1f} MiB before, at most "
            f"{during.most_bytes / MiB:.1f} during, {after.most_bytes / MiB:.1f} after"
        )
    finally:
        sidecar.stop()
        if collector.alive:
            collector.stop()


def misbehaving(sidecar, collector, behaviour, seed, attempts=5):
    """Sends a little while the collector misbehaves, watches the sidecar try, and has the collector behave again."""
    rng = random.Random(seed)
    made = new_requests(rng, [rng.randbytes(16) for _ in range(4)], 60, 5)
    wanted = {span for row in made for _, span in row}
    collector.behave(behaviour)
    sender = RetryingSender(sidecar.otlp, seed, http=4, grpc_channels=1, grpc_calls=4, forgetful=0)
    try:
        sender.send(made)
        sender.wait()
    finally:
        sender.stop()
    resident = sidecar.resident_bytes()
    first = collector.attempts
    with Watched(sidecar) as seen:
        wait_until(lambda: collector.attempts >= first + attempts, 30, f"{attempts} further attempts at a collector: {behaviour}")
    pace = (collector.attempts - first) / seen.seconds
    collector.behave("take")
    began = time.monotonic()
    wait_until_forwarded(sidecar, 15)
    found = [span for span in collector.span_ids() if span in wanted]
    assert len(found) == len(wanted) == len(set(found)), f"{behaviour}: {len(found)} of {len(wanted)} spans, {len(set(found))} different"
    assert seen.cpu_share < 0.05, f"{behaviour}: {100 * seen.cpu_share:.1f} % of a CPU while it cannot send"
    assert pace < 20, f"{behaviour}: {pace:.1f} requests a second at a collector in trouble"
    grown = (max(seen.most_bytes, sidecar.resident_bytes()) - resident) / MiB
    assert grown < 4, f"{behaviour}: {grown:.1f} MiB more"
    return (
        f"{behaviour}: {pace:.1f} requests/s, {100 * seen.cpu_share:.1f} % CPU, {grown:+.1f} MiB; all delivered "
        f"{time.monotonic() - began:.1f} s after"
    )


def misbehaviour(directory, seed):
    """One sidecar before a collector that tries everything; returns a line for each thing that it does."""
    collector = ScriptedCollector()
    sidecar = Sidecar(
        directory, collector.address, forward__deadline="700ms", forward__max_delay="20ms", forward__batch_bytes="4KiB")
    try:
        return [misbehaving(sidecar, collector, behaviour, seed + number) for number, behaviour in enumerate(BEHAVIOURS)]
    finally:
        sidecar.stop()
        collector.stop()


def overload(directory, seconds, seed):
    """Ten times as much as the collector takes, for so long; then it takes everything."""
    collector = ScriptedCollector("late", delay=2)
    sidecar = Sidecar(directory, collector.address, spool__max_bytes="16MiB", forward__batch_bytes="256KiB", forward__in_flight=2)
    sender = RetryingSender(sidecar.otlp, seed, http=48, grpc_channels=2, grpc_calls=48, forgetful=0)
    rng = random.Random(seed)
    wanted = set()
    try:
        with Watched(sidecar) as seen:
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                # As much as keeps all connections busy, and no more.
                if len(sender.queue) < 200:
                    made = new_requests(rng, [rng.randbytes(16)], 100, OVERLOAD_SPANS)
                    wanted.update(span for row in made for _, span in row)
                    sender.send(made)
                wait_until(lambda: len(sender.queue) < 200 or time.monotonic() >= end, seconds + 10)
        taken, offered = len(collector.span_ids()), sender.attempts * OVERLOAD_SPANS
        ready = get(sidecar.admin, "/readyz").status
        collector.behave("take")
        began = time.monotonic()
        with Watched(sidecar) as after:
            sender.wait(60)
            wait_until_forwarded(sidecar)
        recovery = time.monotonic() - began
        found = collector.span_ids()
        assert len(found) == len(set(found)) and set(found) == wanted, f"{len(found)} of {len(wanted)} spans"
        assert sender.busy > 0 and offered >= 10 * taken, f"{offered} spans for {taken} that were taken are no overload"
        most = max(seen.most_bytes, after.most_bytes)
        assert most < 48 * MiB, f"resident {most / MiB:.1f} MiB"
        return (
            f"{seconds} s of overload: {sender.busy} refusals with Retry-After or RetryInfo for {sender.attempts} requests, "
            f"{offered} spans offered and {taken} taken meanwhile, resident at most {most / MiB:.1f} MiB, /readyz {ready}; {len(wanted)} spans "
            f"acknowledged and delivered once, {recovery:.1f} s after the collector was quick again"
        )
    finally:
        sender.stop()
        sidecar.stop()
        collector.stop()
