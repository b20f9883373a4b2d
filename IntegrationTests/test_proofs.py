"""Nothing acknowledged is lost: the short form. The long one: scripts/prove-delivery and scripts/prove-crash."""

import re

import pytest

from payloads import new_trace_id, traces
from http_raw import post
from programs import ROOT
from proofs import MODES, CrashProof, LedgerProof, SealProof, check_ids, deliver


@pytest.mark.parametrize("mode", MODES)
def test_every_acknowledged_trace_is_there_whole_once(system, tmp_path, mode):
    _, words = deliver(mode, 20_000, system.sidecar, system.collector.console, tmp_path)
    assert re.search(r"\b2\d{4} spans checked .* all there, whole, once", words), words


def test_kill_9_under_load_loses_nothing_acknowledged(tmp_path):
    proof = CrashProof(tmp_path)
    try:
        for _ in range(2):
            proof.round(seconds=2, rate=50_000)
        proof.check_all()
    finally:
        proof.stop()


def test_the_ledger_is_exact_over_kill_9(tmp_path):
    proof = LedgerProof(tmp_path)
    try:
        for _ in range(6):
            figures = proof.round(batches=20)
        assert figures["stored"] == 6 * 20 * proof.LANES * proof.SPANS
        assert proof.kills == 6
    finally:
        proof.stop()


def test_kill_9_amid_seals_and_retention_loses_only_what_retention_deleted(tmp_path):
    proof = SealProof(tmp_path)
    try:
        for _ in range(6):
            proof.round(kills=4)
        there, gone = proof.check_all()
        assert there + gone == 6 * 30 * proof.LANES * proof.SPANS
        assert gone > 0, "nothing was deleted, so nothing is proved"
        assert proof.kills >= 24
        # A check that cannot fail proves nothing.
        proof.batches[0].insert(0, (b"\1" * 16, [b"\2" * 8]))
        with pytest.raises(AssertionError, match="spans are gone"):
            proof.check_all()
    finally:
        proof.stop()


def test_the_check_itself_finds_what_is_missing_partial_and_unexpected(system, tmp_path):
    """A check that cannot fail proves nothing."""
    whole, partial, unexpected, missing = (new_trace_id() for _ in range(4))
    for trace_id, spans in ((whole, 3), (partial, 2), (unexpected, 4)):
        assert post(system.collector.otlp, "/v1/traces", traces(trace_id, spans).SerializeToString()).status == 200
    ids = tmp_path / "ids"
    ids.write_text("".join(f"{trace_id.hex()} 3\n" for trace_id in (whole, partial, unexpected, missing)))
    well, words = check_ids([ids], system.collector.console)
    assert not well
    assert words.endswith("1 missing, 1 partial, 1 unexpected"), words
    ids.write_text(f"{whole.hex()} 3\n")
    assert check_ids([ids], system.collector.console)[0]
    ids.write_text("")
    assert not check_ids([ids], system.collector.console)[0]


def test_the_check_finds_spans_that_stand_twice():
    from importlib.machinery import SourceFileLoader
    from importlib.util import module_from_spec, spec_from_loader

    loader = SourceFileLoader("check_acked_ids", str(ROOT / "scripts/check-acked-ids"))
    check = module_from_spec(spec_from_loader("check_acked_ids", loader))
    loader.exec_module(check)
    trace_id = new_trace_id()
    body = traces(trace_id, 2).SerializeToString()
    assert check.judge(trace_id.hex(), 2, 200, body) is None
    assert check.judge(trace_id.hex(), 4, 200, body + body)[0] == "duplicated"
    assert check.judge(new_trace_id().hex(), 2, 200, body)[0] == "foreign"
    assert check.judge(trace_id.hex(), 2, 200, body[:-5])[0] == "error"
    assert check.judge(trace_id.hex(), 2, 500, b"")[0] == "error"
