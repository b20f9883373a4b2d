"""The proof that neither program loses or doubles anything when it is killed, in any number of cycles."""

import collections
import pathlib
import random
import time

from accounts import check_spans, difference, ledger, wait_until_forwarded
from programs import Collector, Sidecar
from retrying import RetryingSender, new_requests, until


class CrashCycles:
    """A sidecar and a collector at the same addresses and on the same data all along. Each cycle sends a load, kills one of
    them (or both) at a moment that is drawn by lot, starts it again, waits until everything is acknowledged and forwarded,
    and checks every span and every figure."""

    requests, spans = 400, 5

    def __init__(self, directory, seed=None, **settings):
        directory = pathlib.Path(directory)
        self.seed = random.randrange(2**32) if seed is None else seed
        self.random = random.Random(self.seed)
        self.places = {Collector: directory / "collector", Sidecar: directory / "sidecar"}
        for place in self.places.values():
            place.mkdir()
        self.settings = settings
        self.collector = Collector(self.places[Collector])
        self.addresses = {
            Collector: {"receive__otlp": self.collector.otlp, "console__listen": self.collector.console},
            Sidecar: {},
        }
        self.sidecar = self._start(Sidecar)
        self.addresses[Sidecar] = {
            "receive__otlp": self.sidecar.otlp, "admin__listen": self.sidecar.admin, "receive__udp": self.sidecar.udp,
        }
        self.sender = RetryingSender(self.sidecar.otlp, self.seed, http=64, grpc_calls=96)
        self.wanted = collections.defaultdict(set)
        self.kills = collections.Counter()
        self.cycles = self.sent = self.seen_twice = 0

    def _start(self, kind):
        if kind is Collector:
            return Collector(self.places[kind], **self.addresses[kind])
        return Sidecar(
            self.places[kind], self.addresses[Collector]["receive__otlp"], **self.addresses[kind],
            forward__max_delay="20ms", **self.settings,
        )

    def _kill(self, kind):
        name = kind.__name__.lower()
        getattr(self, name).kill()
        self.kills[name] += 1
        setattr(self, name, self._start(kind))

    def cycle(self, *kinds):
        """Kills programs of these kinds, one after the other. Returns the seconds it took; raises when anything is wrong."""
        began = time.monotonic()
        self.cycles += 1
        traces = [self.random.randbytes(16) for _ in range(4)]
        made = new_requests(self.random, traces, self.requests, self.spans)
        for row in made:
            for trace_id, span_id in row:
                self.wanted[trace_id].add(span_id)
        self.sent += self.requests * self.spans
        self.sender.send(made)
        until(began + self.random.uniform(0, 0.25))
        for kind in kinds:
            self._kill(kind)
            if self.random.random() < 0.25:
                # In the middle of the start as well.
                until(time.monotonic() + self.random.uniform(0, 0.06))
                self._kill(kind)
        try:
            self._check(traces)
        except AssertionError as error:
            raise AssertionError(f"seed {self.seed}, cycle {self.cycles}: {error}") from None
        return time.monotonic() - began

    def _check(self, traces):
        self.collector.otlp, self.collector.console, self.sidecar.admin  # have been logged, so they listen
        self.sender.wait()
        account = wait_until_forwarded(self.sidecar)
        there = ledger(self.collector)
        wrong = difference(account, there)
        spans = account["signals"]["traces"]
        if spans["accepted"] != self.sent or spans["dropped"] or there["signals"]["traces"]["held"] != self.sent:
            wrong.append(f"sent {self.sent}; sidecar {spans}; collector {there['signals']['traces']}")
        self.seen_twice = spans["rejected"].get("duplicate", 0)
        check_spans(self.collector.console, {trace: self.wanted[trace] for trace in traces})
        assert not wrong, "; ".join(wrong)

    def check_all(self):
        """Reads all spans of all cycles once more."""
        check_spans(self.collector.console, self.wanted)

    @property
    def words(self):
        return (
            f"{self.cycles} cycles, {self.kills['sidecar']} kills of the sidecar, {self.kills['collector']} of the collector, "
            f"{self.sent} spans acknowledged, 0 missing, 0 twice, difference 0; {self.sender.attempts} requests for "
            f"{self.sent // self.spans} ({self.sender.broken} broken off, {self.sender.busy} refused for now), "
            f"up to {self.sender.most_in_flight} in flight"
        )

    def stop(self):
        self.sender.stop()
        for program in (self.sidecar, self.collector):
            if program.alive:
                program.stop()
