"""The proofs that the product rests on, in any size: nothing acknowledged is lost, not even by kill -9, and the
collector's ledger is exact.

Used by the tests in a short form, and by scripts/prove-delivery and scripts/prove-crash in the long one.
"""

import http.client
import json
import pathlib
import random
import subprocess
import sys
import threading
import time
import uuid

from accounts import check_spans, stored_spans
from http_raw import get, post
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
        self.stored = 0
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
        wait_until_ready(self.collector, console)
        start_seconds = time.monotonic() - began
        # What the logs hold must be what the ledger counts, at the first moment at which it can be read.
        check_sums(ledger(console), f"seed {self.seed}, round {len(self.ids)}")
        out, _ = sending.communicate(timeout=120)
        report = json.loads(out)
        assert report["acked_spans"] > 0, f"nothing was acknowledged, so nothing is proved: {report}"
        well, words = check_ids([ids], console)
        assert well, f"seed {self.seed}, round {len(self.ids)}, killed after {delay:.2f} s: {words}"
        stored = self.check_ledger(report["acked_spans"])
        assert start_seconds < 2, f"the start took {start_seconds:.2f} s"
        return {"killed_after": delay, "start_seconds": start_seconds, "acked_spans": report["acked_spans"], "stored_spans": stored, "checked": words}

    def check_ledger(self, acked):
        """The ledger against the spans that are there. Of a request that was cut off by the crash it is open whether it
        was stored, so in a round `stored` may grow by more than was acknowledged, never by less."""
        figures = ledger(self.addresses["console__listen"])
        name = f"seed {self.seed}, round {len(self.ids)}"
        traces = check_sums(figures, name)
        grown = traces["stored"] - self.stored
        assert grown >= acked, f"{name}: the ledger grew by {grown} spans, {acked} were acknowledged"
        assert traces["duplicate"] == 0 and traces["deleted"] == 0 and traces["damaged"] == 0, f"{name}: {traces}"
        self.stored = traces["stored"]
        return grown

    def check_all(self):
        """Reads the traces of all rounds again; returns the verdict in words, raises on loss."""
        well, words = check_ids(self.ids, self.addresses["console__listen"])
        assert well, f"seed {self.seed}, after all rounds: {words}"
        return words

    def stop(self):
        if self.collector.alive:
            self.collector.stop()


def ledger(console):
    return get(console, "/api/v1/ledger", timeout=10).json


def check_sums(figures, name):
    """Raises where the ledger contradicts itself; returns its figures of traces."""
    for signal, counts in figures["signals"].items():
        rejected = sum(counts["rejected"].values())
        assert counts["arrived"] == counts["stored"] + counts["duplicate"] + rejected, f"{name}, {signal}: {counts}"
        assert counts["stored"] == counts["held"] + counts["deleted"] + counts["damaged"], f"{name}, {signal}: {counts}"
    return figures["signals"]["traces"]


def request_of_one_trace(trace_id, span_ids):
    """An ExportTraceServiceRequest, written by hand so that the scripts need nothing but Python."""

    def field(number, payload):
        length, count = b"", len(payload)
        while count > 0x7F:
            length, count = length + bytes([count & 0x7F | 0x80]), count >> 7
        return bytes([number << 3 | 2]) + length + bytes([count]) + payload

    # The names are long and random, so that segments fill in spite of compression.
    scope = b"".join(
        field(2, field(1, trace_id) + field(2, span_id) + field(5, random.randbytes(300).hex().encode()))
        for span_id in span_ids
    )
    return field(1, field(2, scope))


class LedgerProof:
    """A collector that is killed again and again while numbered batches are posted to it, each until it is answered, as a
    sidecar does. Afterwards `stored` is exactly what was numbered, for each sender and in all; retention deletes meanwhile."""

    LANES = 4
    SPANS = 40

    def __init__(self, directory, seed=None):
        self.seed = random.randrange(2**32) if seed is None else seed
        self.random = random.Random(self.seed)
        self.directory = pathlib.Path(directory)
        self.settings = {"store__segment_bytes": "1MiB", "store__max_bytes": "64MiB"}
        self.collector = Collector(self.directory, **self.settings)
        self.settings |= {"receive__otlp": self.collector.otlp, "console__listen": self.collector.console}
        self.senders = [str(uuid.UUID(int=self.random.getrandbits(128))) for _ in range(self.LANES)]
        self.next = [1] * self.LANES
        self.acked = [0] * self.LANES
        self.kills = 0

    def round(self, batches=30, kills=1):
        """Posts so many batches on each lane, kills the collector in their midst, and checks the ledger. Returns the
        figures; raises when one is off."""
        kill_at = set(self.random.sample(range(1, batches * self.LANES), kills))
        lock, posted = threading.Lock(), [0]

        def lane(index):
            for _ in range(batches):
                self.deliver(index, self.batch(index))
                with lock:
                    posted[0] += 1
                    if posted[0] in kill_at:
                        self.kill()

        threads = [threading.Thread(target=lane, args=(index,)) for index in range(self.LANES)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.check()

    def batch(self, index):
        return request_of_one_trace(random.randbytes(16), [random.randbytes(8) for _ in range(self.SPANS)])

    def kill(self):
        self.collector.kill()
        self.collector = Collector(self.directory, **self.settings)
        self.kills += 1

    def deliver(self, index, body):
        """One batch, until it is answered; sometimes once more, as after a lost answer."""
        number, self.next[index] = self.next[index], self.next[index] + 1
        headers = {
            "content-type": "application/x-protobuf", "x-hms-sender": self.senders[index], "x-hms-sequence": str(number),
        }
        deadline = time.monotonic() + 30
        answers = 0
        wanted = 2 if self.random.random() < 0.1 else 1
        while answers < wanted:
            assert time.monotonic() < deadline, f"seed {self.seed}: batch {number} was not taken within 30 s"
            try:
                answers += post(self.settings["receive__otlp"], "/v1/traces", body, headers, timeout=5).status == 200
            except (OSError, http.client.HTTPException):
                time.sleep(0.01)
        self.acked[index] += self.SPANS

    def check(self):
        name = f"seed {self.seed}"
        # The kill may have been a moment ago.
        wait_until_ready(self.collector, self.settings["console__listen"])
        figures = ledger(self.settings["console__listen"])
        traces = check_sums(figures, name)
        assert traces["stored"] == sum(self.acked), f"{name}: {traces['stored']} stored, {sum(self.acked)} sent"
        by_sender = {sender["id"]: sender for sender in figures["senders"]}
        for index, sender in enumerate(self.senders):
            counted = by_sender[sender]
            assert counted["stored"]["traces"] == self.acked[index], f"{name}, sender {sender}: {counted}"
            assert counted["last_sequence"] == self.next[index] - 1, f"{name}, sender {sender}: {counted}"
        return traces

    def stop(self):
        if self.collector.alive:
            self.collector.stop()


class SealProof(LedgerProof):
    """The same with large batches, so that a segment is sealed every few of them and retention deletes all along, and with
    kills in the midst of seals and deletions. What retention deleted is told apart from a loss by the ledger: exactly so
    many spans are gone, and they are the oldest of each lane."""

    SPANS = 400

    def __init__(self, directory, seed=None):
        super().__init__(directory, seed)
        self.batches = [[] for _ in range(self.LANES)]
        self.round_began = [0] * self.LANES

    def batch(self, index):
        trace_id, span_ids = random.randbytes(16), [random.randbytes(8) for _ in range(self.SPANS)]
        self.batches[index].append((trace_id, span_ids))
        return request_of_one_trace(trace_id, span_ids)

    def kill(self):
        super().kill()
        if self.random.random() < 0.3:
            # While it starts, seals what the last one left, and deletes.
            time.sleep(self.random.uniform(0, 0.1))  # the moment of the crash is what is drawn by lot here
            super().kill()

    def check(self):
        figures = super().check()
        fresh = [batch for batches, first in zip(self.batches, self.round_began) for batch in batches[first:]]
        check_spans(self.settings["console__listen"], {trace_id: set(span_ids) for trace_id, span_ids in fresh})
        self.round_began = [len(batches) for batches in self.batches]
        return figures

    def check_all(self):
        """Reads all batches of all rounds again. Returns how many spans are there and how many were deleted."""
        console = self.settings["console__listen"]
        deleted, before, gone, there = -1, None, 0, 0
        # Retention may look while the traces are read.
        while deleted != before:
            before = check_sums(ledger(console), f"seed {self.seed}")["deleted"]
            gone = there = 0
            for batches in self.batches:
                is_there = [self.is_there(console, *batch) for batch in batches]
                assert is_there == sorted(is_there), f"seed {self.seed}: a batch is missing that is not among the oldest"
                gone, there = gone + is_there.count(False) * self.SPANS, there + is_there.count(True) * self.SPANS
            deleted = check_sums(ledger(console), f"seed {self.seed}")["deleted"]
        assert gone == deleted, f"seed {self.seed}: {gone} spans are gone, {deleted} were deleted"
        return there, gone

    def is_there(self, console, trace_id, span_ids):
        found = stored_spans(console, trace_id)
        if not found:
            return False
        assert found == {span_id: 1 for span_id in span_ids}, f"seed {self.seed}: trace {trace_id.hex()} is not whole, or double"
        return True


def wait_until_ready(collector, console):
    began = time.monotonic()
    while not is_ready(console):
        assert collector.alive, "the collector did not start again:\n" + "\n".join(collector.lines[-20:])
        assert time.monotonic() - began < 30, "the collector is not ready after 30 s"
        time.sleep(0.005)


def is_ready(console):
    try:
        return get(console, "/readyz", timeout=1).status == 200
    except OSError:
        return False
