"""The two proofs that the product rests on, in any size: nothing acknowledged is lost, not even by kill -9.

Used by the tests in a short form, and by scripts/prove-delivery and scripts/prove-crash in the long one.
"""

import json
import pathlib
import random
import subprocess
import sys
import time

from http_raw import get
from programs import RELEASE, ROOT, Collector

MODES = ["grpc", "http2", "http1", "udp"]


def check_ids(files, console, wait=0):
    """Runs scripts/check-acked-ids; returns (whether all is well, its words)."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts/check-acked-ids"), *map(str, files), "--collector", console, "--wait", str(wait)],
        capture_output=True, text=True, timeout=1800,
    )
    return done.returncode == 0, (done.stdout + done.stderr).strip()


def load(mode, target, ids, *arguments):
    """Starts hms-ops load; its report is read from its output."""
    command = [str(RELEASE / "hms-ops"), "load", "--mode", mode, "--target", target, "--ids", str(ids), "--json"]
    return subprocess.Popen([*command, *map(str, arguments)], stdout=subprocess.PIPE, text=True)


def deliver(mode, spans, sidecar, console, directory):
    """Sends spans through the sidecar and checks every acknowledged trace. Returns (report, verdict); raises on loss."""
    ids = pathlib.Path(directory) / f"acked-{mode}.txt"
    way = ["--rate", 20_000, "--batch", 20] if mode == "udp" else ["--connections", 2]
    sending = load(mode, sidecar.udp if mode == "udp" else sidecar.otlp, ids, "--spans", spans, *way)
    out, _ = sending.communicate(timeout=600)
    report = json.loads(out)
    assert report["acked_spans"] >= spans and not report["failures"], report
    well, words = check_ids([ids], console, wait=30)
    assert well, f"{mode}: {words}"
    return report, words


class CrashProof:
    """A collector that is killed again and again, under load, at the same addresses and on the same data."""

    def __init__(self, directory, seed=None):
        self.directory = pathlib.Path(directory)
        self.seed = random.randrange(2**32) if seed is None else seed
        self.random = random.Random(self.seed)
        self.ids = []
        self.collector = Collector(self.directory)
        self.addresses = {"receive__otlp": self.collector.otlp, "console__listen": self.collector.console}

    def round(self, seconds=3.0, rate=0):
        """Kills and restarts the collector in the middle of a load, at full speed where no rate is given. Returns the
        figures; raises on loss."""
        ids = self.directory / f"acked-{len(self.ids)}.txt"
        self.ids.append(ids)
        # Large traces, as each is read by its ID afterwards and all their spans are looked at.
        sending = load(
            "grpc", self.addresses["receive__otlp"], ids, "--seconds", int(seconds), "--connections", 4, "--rate", rate,
            "--trace-spans", 50,
        )
        delay = self.random.uniform(0.2, seconds - 0.5)
        time.sleep(delay)  # the moment of the crash is what is drawn by lot here
        self.collector.kill()
        began = time.monotonic()
        self.collector = Collector(self.directory, **self.addresses)
        console = self.addresses["console__listen"]
        while not is_ready(console):
            assert self.collector.alive, "the collector did not start again:\n" + "\n".join(self.collector.lines[-20:])
            assert time.monotonic() - began < 30, "the collector is not ready after 30 s"
            time.sleep(0.005)
        start_seconds = time.monotonic() - began
        out, _ = sending.communicate(timeout=120)
        report = json.loads(out)
        assert report["acked_spans"] > 0, f"nothing was acknowledged, so nothing is proved: {report}"
        well, words = check_ids([ids], console)
        assert well, f"seed {self.seed}, round {len(self.ids)}, killed after {delay:.2f} s: {words}"
        assert start_seconds < 2, f"the start took {start_seconds:.2f} s"
        return {"killed_after": delay, "start_seconds": start_seconds, "acked_spans": report["acked_spans"], "checked": words}

    def check_all(self):
        """Reads the traces of all rounds again; returns the verdict in words, raises on loss."""
        well, words = check_ids(self.ids, self.addresses["console__listen"])
        assert well, f"seed {self.seed}, after all rounds: {words}"
        return words

    def stop(self):
        if self.collector.alive:
            self.collector.stop()


def is_ready(console):
    try:
        return get(console, "/readyz", timeout=1).status == 200
    except OSError:
        return False
