"""Datagrams that never arrive are a number and not a guess, over restarts as well."""

import random
import socket

import pytest

from accounts import ledger, wait_until_forwarded
from corruption import datagram
from http_raw import split
from programs import Sidecar, wait_until
from retrying import request
from scripted_collector import ScriptedCollector

pytestmark = pytest.mark.alone


class Producers:
    """Senders of numbered datagrams that keep true account of what they dropped."""

    def __init__(self, count, seed):
        self.random = random.Random(seed)
        self.ids = [self.random.getrandbits(64) | 1 for _ in range(count)]
        self.next = {producer: 1 for producer in self.ids}
        self.missing = {producer: set() for producer in self.ids}
        self.late = self.duplicate = self.sent = 0
        self.spans = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)

    def send(self, sidecar, count, loss=0.05):
        """In bursts that the kernel's buffer surely holds."""
        for number in range(count):
            producer = self.random.choice(self.ids)
            sequence = self.next[producer]
            self.next[producer] += 1
            # The first of a producer and the last have to arrive, as nobody can know of what was before and behind.
            if sequence > 1 and self.random.random() < loss:
                self.missing[producer].add(sequence)
            else:
                self._send(sidecar, producer, sequence)
            if number % 500 == 499:
                self.wait(sidecar)
        for producer in self.ids:
            self._send(sidecar, producer, self.next[producer])
            self.next[producer] += 1
        self.wait(sidecar)

    def _send(self, sidecar, producer, sequence):
        span = self.random.randbytes(8)
        self.spans.append(span)
        self.socket.sendto(datagram(producer, sequence, request([(b"\7" * 16, span)])), split(sidecar.udp))
        self.sent += 1

    def lose(self, count):
        """Sends into the void: nobody listens."""
        for _ in range(count):
            producer = self.random.choice(self.ids)
            self.missing[producer].add(self.next[producer])
            self.next[producer] += 1

    def send_late(self, sidecar, count):
        """Some of what was counted as missing arrives after all, as long as it is remembered what did."""
        for producer in self.ids:
            recent = [number for number in self.missing[producer] if number > self.next[producer] - 60][:count]
            for sequence in recent:
                self.missing[producer].discard(sequence)
                self._send(sidecar, producer, sequence)
                self.late += 1
        self.wait(sidecar)

    def send_twice(self, sidecar, count):
        for producer in self.ids[:count]:
            self._send(sidecar, producer, self.next[producer] - 1)
            self.duplicate += 1
        self.wait(sidecar)

    def wait(self, sidecar):
        """Until each datagram is accounted for; those that came twice hold spans as well."""
        wait_until(lambda: ledger(sidecar)["signals"]["traces"]["accepted"] == self.sent, what=f"{self.sent} datagrams")

    def check(self, sidecar):
        wanted = (sum(map(len, self.missing.values())), self.late, self.duplicate)

        def figures():
            udp = ledger(sidecar)["udp"]
            return udp["missing"], udp["late"], udp["duplicate"]

        try:
            wait_until(lambda: figures() == wanted, 5)
        except AssertionError:
            raise AssertionError(f"missing, late, duplicate are {figures()}, in truth {wanted}") from None
        each = {int(entry["id"], 16): entry["missing"] for entry in ledger(sidecar)["udp"]["producers"]}
        assert each == {producer: len(lost) for producer, lost in self.missing.items()}
        assert ledger(sidecar)["udp"]["kernel_drops"] == 0


@pytest.mark.parametrize("end", ["SIGTERM", "SIGKILL"])
def test_the_reported_loss_is_the_true_loss_over_restarts(start, end):
    seed = random.randrange(2**32)
    print(f"seed {seed}")
    collector = ScriptedCollector()
    producers = Producers(7, seed)
    sidecar = start(Sidecar, collector.address, directory="s")
    try:
        producers.send(sidecar, 10_000)
        producers.check(sidecar)
        lost = sum(map(len, producers.missing.values()))
        assert 400 < lost < 600, lost
        producers.send_late(sidecar, 3)
        producers.send_twice(sidecar, 4)
        producers.check(sidecar)
        for number in range(4):
            # In the middle of what the sidecar keeps once a second, so that the records themselves have to tell.
            producers.send(sidecar, 300)
            sidecar.stop() if end == "SIGTERM" else sidecar.kill()
            # Nobody listens now; the last restarts lose nothing, and no gap may be invented.
            if number < 2:
                producers.lose(50)
            sidecar = start(Sidecar, collector.address, directory="s")
            producers.send(sidecar, 300, loss=0)
            producers.check(sidecar)
            producers.send_late(sidecar, 2)
            producers.check(sidecar)
        wait_until_forwarded(sidecar)
        assert sorted(collector.span_ids()) == sorted(producers.spans)
    finally:
        collector.stop()
