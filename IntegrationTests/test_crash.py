"""kill -9 of either program loses nothing and doubles nothing: the short form of `make crash`."""

import pytest

from accounts import check_spans, difference
from crash import CrashCycles
from http_raw import post
from programs import Collector, Sidecar
from retrying import request


@pytest.mark.long
def test_kill_9_of_either_program_loses_nothing_and_doubles_nothing(tmp_path):
    proof = CrashCycles(tmp_path)
    try:
        for _ in range(12):
            proof.cycle(Sidecar)
            proof.cycle(Collector)
        proof.cycle(Collector, Sidecar)
        proof.check_all()
        assert proof.sender.broken > 0 and proof.seen_twice > 0, "the load was never interrupted, so nothing is proved"
    finally:
        proof.stop()


def test_the_proof_finds_what_is_missing_and_what_stands_twice(start):
    """A check that cannot fail proves nothing."""
    collector = start(Collector)
    trace, spans = b"\5" * 16, {b"\1" * 8, b"\2" * 8}
    body = request([(trace, span) for span in sorted(spans)])
    assert post(collector.otlp, "/v1/traces", body).status == 200
    check_spans(collector.console, {trace: spans})
    with pytest.raises(AssertionError, match="1 spans missing, 0 stored twice"):
        check_spans(collector.console, {trace: spans | {b"\3" * 8}})
    assert post(collector.otlp, "/v1/traces", body).status == 200
    with pytest.raises(AssertionError, match="0 spans missing, 2 stored twice"):
        check_spans(collector.console, {trace: spans})
    ledgers = (
        {"signals": {"traces": {"received": 3, "accepted": 2, "rejected": {}, "forwarded": 1, "spooled": 0, "dropped": {}}},
         "senders": [{"id": "a", "signal": "traces", "forwarded": 2}]},
        {"signals": {"traces": {"arrived": 2, "stored": 1, "duplicate": 0, "rejected": {}}},
         "senders": [{"id": "a", "stored": {"traces": 1}}]},
    )
    assert len(difference(*ledgers)) == 5
