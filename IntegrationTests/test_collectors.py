"""Several collectors: an even share each, whole traces, and nothing lost or doubled when one is away or taken out."""

import collections
import random
import time

import pytest

from accounts import difference, ledger, stored_spans, wait_until_forwarded
from http_raw import get, post
from programs import Collector, Sidecar, wait_until
from retrying import RetryingSender, new_requests, request, until
from scripted_collector import ScriptedCollector


class Fleet:
    """Three collectors and a sidecar before them."""

    def __init__(self, start, **settings):
        self.start, self.settings = start, settings
        self.collectors = [start(Collector, directory=f"c{number}") for number in range(3)]
        self.addresses = [
            {"receive__otlp": collector.otlp, "console__listen": collector.console} for collector in self.collectors
        ]
        self.begin(range(3))

    def begin(self, numbers):
        """Starts the sidecar on its directory, with these collectors configured."""
        names = ", ".join(self.addresses[number]["receive__otlp"] for number in numbers)
        self.sidecar = self.start(Sidecar, names, directory="s", forward__max_delay="20ms", **self.settings)

    def kill(self, number):
        self.collectors[number].kill()

    def bring_back(self, number):
        self.collectors[number] = self.start(Collector, directory=f"c{number}", **self.addresses[number])
        self.collectors[number].console

    def check(self, wanted, wholes=True):
        """Each span of {trace: spans} once among all collectors, a trace on one alone, and the ledgers agree."""
        account = wait_until_forwarded(self.sidecar)
        missing = twice = torn = 0
        owners = collections.Counter()
        for trace, spans in wanted.items():
            found = [stored_spans(collector.console, trace) for collector in self.collectors]
            together = sum(found, collections.Counter())
            missing += len(spans - together.keys())
            twice += sum(1 for count in together.values() if count > 1)
            holders = [number for number, part in enumerate(found) if part]
            torn += len(holders) > 1
            owners.update(holders)
        assert (missing, twice) == (0, 0), f"{missing} spans missing, {twice} twice"
        assert not wholes or torn == 0, f"{torn} traces are torn"
        wrong = difference(account, *map(ledger, self.collectors))
        assert not wrong, wrong
        spans = account["signals"]["traces"]
        assert spans["accepted"] == spans["forwarded"] == sum(map(len, wanted.values())), spans
        return owners


def many_traces(rng, traces, requests, spans):
    """Requests whose spans are of traces drawn by lot, and {trace: span ids}."""
    made = new_requests(rng, [rng.randbytes(16) for _ in range(traces)], requests, spans)
    wanted = collections.defaultdict(set)
    for row in made:
        for trace, span in row:
            wanted[trace].add(span)
    return made, wanted


def moved(fleet):
    return sum(lane["moved"] for lane in ledger(fleet.sidecar)["senders"])


def send(fleet, made):
    sender = RetryingSender(fleet.sidecar.otlp, 1, http=8, grpc_channels=1, grpc_calls=8)
    sender.send(made)
    return sender


@pytest.mark.long
def test_traces_are_whole_and_spread_evenly(start):
    """100,000 traces, a span each and a second one in another request, over collectors that only count."""
    rng = random.Random(random.randrange(2**32))
    collectors = [ScriptedCollector() for _ in range(3)]
    sidecar = start(Sidecar, ", ".join(collector.address for collector in collectors), forward__max_delay="20ms")
    try:
        traces = [rng.randbytes(16) for _ in range(100_000)]
        for number in (b"\1" * 8, b"\2" * 8):
            rng.shuffle(traces)
            for at in range(0, len(traces), 2000):
                body = request([(trace, number) for trace in traces[at : at + 2000]])
                assert post(sidecar.otlp, "/v1/traces", body).status == 200
        wait_until_forwarded(sidecar)
        held = [collections.Counter(collector.trace_ids()) for collector in collectors]
        assert sum(map(len, held)) == len(traces), "traces are torn or lost"
        assert all(count == 2 for part in held for count in part.values())
        shares = [len(part) / len(traces) * 3 for part in held]
        print("shares of an even third:", shares)
        assert all(abs(share - 1) < 0.05 for share in shares), shares
    finally:
        for collector in collectors:
            collector.stop()


@pytest.mark.long
def test_a_collector_that_is_killed_and_brought_back_under_load_costs_nothing(start):
    fleet = Fleet(start)
    rng = random.Random(3)
    all_wanted = collections.defaultdict(set)
    for number in (0, 1, 2, 1):
        made, wanted = many_traces(rng, 200, 600, 5)
        all_wanted.update(wanted)
        sender = send(fleet, made)
        wait_until(lambda: sender.unacknowledged < 500, what="a load that has begun")
        fleet.kill(number)
        sender.wait()
        sender.stop()
        assert ledger(fleet.sidecar)["signals"]["traces"]["spooled"] > 0
        fleet.bring_back(number)
        owners = fleet.check(all_wanted)
        assert len(owners) == 3, owners


@pytest.mark.long
def test_the_share_of_a_collector_that_stays_away_goes_to_the_others(start):
    fleet = Fleet(start, forward__failover_after="1s", forward__batch_bytes="4KiB")
    made, wanted = many_traces(random.Random(4), 200, 600, 5)
    fleet.kill(0)
    sender = send(fleet, made)
    sender.wait()
    fleet.sidecar.wait_for_line("event=failover ", 15)

    def held_back():
        """What the collector may have seen, and nothing else, waits for it."""
        read = ledger(fleet.sidecar)
        waiting = [lane["waiting_batches"] for lane in read["senders"] if lane["spooled"]]
        return sum(waiting) <= 4

    wait_until(held_back, 15, "the others' taking over")
    fresh, more = many_traces(random.Random(5), 200, 200, 5)
    sender.send(fresh)
    sender.wait()
    wait_until(held_back, 15, "the others' taking what is new")
    fleet.bring_back(0)
    fleet.sidecar.wait_for_line("event=failover_over", 15)
    fleet.check({**wanted, **more}, wholes=False)
    last, latest = many_traces(random.Random(6), 200, 200, 5)
    sender.send(last)
    sender.wait()
    sender.stop()
    owners = fleet.check({**wanted, **more, **latest}, wholes=False)
    assert owners[0] > 40, f"the collector that is back owns its share again: {owners}"


@pytest.mark.long
def test_a_full_spool_hands_the_share_of_a_collector_that_stays_away_to_the_others(start):
    rng = random.Random(9)
    away, other = ScriptedCollector("refuse-503"), ScriptedCollector("refuse-503")
    sidecar = start(
        Sidecar, f"{away.address}, {other.address}", forward__failover_after="1s", forward__batch_bytes="4KiB",
        forward__max_delay="20ms", spool__max_bytes="2MiB")
    sent = set()

    def fill():
        made, wanted = many_traces(rng, 20, 1, 100)
        status = post(sidecar.otlp, "/v1/traces", request(made[0])).status
        if status == 200:
            sent.update(*wanted.values())
        return status

    try:
        wait_until(lambda: fill() == 503, 30, "a full spool")
        other.behave("take")
        # All that can be known not to be with the other one: what is on its way there stays.
        wait_until(lambda: ledger(sidecar)["signals"]["traces"]["spooled"] < 500, 60, "a spool that is emptied")
        assert get(sidecar.admin, "/readyz").status == 200
        wait_until(lambda: fill() == 200, 15, "a sidecar that takes spans again")
        away.behave("take")
        wait_until_forwarded(sidecar)
        found = away.span_ids() + other.span_ids()
        assert sorted(found) == sorted(sent), f"{len(found)} of {len(sent)}"
        assert len(other.span_ids()) > 0.9 * len(sent)
    finally:
        away.stop()
        other.stop()


@pytest.mark.long
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_what_waits_for_a_collector_that_is_taken_out_goes_to_the_others(start, end):
    rng = random.Random(random.randrange(2**32))
    fleet = Fleet(start, forward__batch_bytes="4KiB")
    made, wanted = many_traces(rng, 200, 600, 5)
    fleet.kill(2)
    sender = send(fleet, made)
    sender.wait()
    wait_until(lambda: all(
        lane["spooled"] == 0 for lane in ledger(fleet.sidecar)["senders"]
        if lane["collector"] != fleet.addresses[2]["receive__otlp"]
    ), what="the others' having theirs")
    assert ledger(fleet.sidecar)["signals"]["traces"]["spooled"] > 0
    sender.stop()
    getattr(fleet.sidecar, end)()
    fleet.begin([0, 1])
    for _ in range(3 if end == "kill" else 0):
        # In the middle of moving.
        before = moved(fleet)
        wait_until(lambda: moved(fleet) > before, what="a move")
        until(time.monotonic() + rng.uniform(0, 0.02))
        fleet.sidecar.kill()
        fleet.begin([0, 1])
    account = wait_until_forwarded(fleet.sidecar)
    assert account["signals"]["traces"]["forwarded"] == sum(map(len, wanted.values())), account["signals"]["traces"]
    fleet.bring_back(2)
    fleet.check(wanted)
