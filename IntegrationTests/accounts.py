"""Reads what sidecars and collectors account for, and what is really there."""

import collections

from http_raw import get, read_trace
from programs import wait_until


def ledger(program):
    """Of a sidecar or a collector, as it is served."""
    answer = get(program.admin, "/ledger") if program.name == "hms-sidecar" else get(program.console, "/api/v1/ledger")
    assert answer.status == 200, answer
    return answer.json


def wait_until_forwarded(sidecar, timeout=30):
    """Until nothing of any signal is spooled; returns the ledger."""

    def empty():
        assert sidecar.alive, "the sidecar died:\n" + "\n".join(sidecar.lines[-20:])
        read = ledger(sidecar)
        return read if all(signal["spooled"] == 0 for signal in read["signals"].values()) else None

    return wait_until(empty, timeout, "an empty spool")


def total(reasons):
    return sum(reasons.values())


def difference(sidecar, *collectors):
    """What does not add up between a sidecar that has forwarded everything and its collectors, in words; none is []."""
    wrong = []
    for name, s in sidecar["signals"].items():
        if s["received"] != s["accepted"] + total(s["rejected"]):
            wrong.append(f"{name}: received {s['received']} is not accepted + rejected: {s}")
        if s["accepted"] != s["forwarded"] + s["spooled"] + total(s["dropped"]):
            wrong.append(f"{name}: accepted {s['accepted']} is not forwarded + spooled + dropped: {s}")
        forwarded = sum(sender["forwarded"] for sender in sidecar["senders"] if sender["signal"] == name)
        if forwarded != s["forwarded"]:
            wrong.append(f"{name}: the senders forwarded {forwarded}, the signal {s['forwarded']}")
    stored = collections.Counter()
    for collector in collectors:
        for name, c in collector["signals"].items():
            if c["arrived"] != c["stored"] + c["duplicate"] + total(c["rejected"]):
                wrong.append(f"{name}: arrived {c['arrived']} is not stored + duplicate + rejected: {c}")
        for sender in collector["senders"]:
            for name, items in sender["stored"].items():
                stored[sender["id"], name] += items
    for sender in sidecar["senders"] if collectors else []:
        there = stored[sender["id"], sender["signal"]]
        if there != sender["forwarded"]:
            wrong.append(f"sender {sender['id']} forwarded {sender['forwarded']} {sender['signal']}, stored are {there}")
    return wrong


def stored_spans(console, trace_id):
    """How often each span id of a trace stands in a collector, in its raw form."""
    found = collections.Counter()
    message = read_trace(console, trace_id.hex())
    for group in message.resource_spans if message else ():
        for scope in group.scope_spans:
            for span in scope.spans:
                assert span.trace_id == trace_id, f"{trace_id.hex()} came with a span of {span.trace_id.hex()}"
                found[span.span_id] += 1
    return found


def check_spans(console, wanted):
    """`wanted`: {trace id: set of span ids}. Raises unless each is there once and nothing else is."""
    missing, twice, foreign, sample = 0, 0, 0, None
    for trace_id, spans in wanted.items():
        found = stored_spans(console, trace_id)
        lost = spans - found.keys()
        double = [span for span, count in found.items() if count > 1]
        missing, twice, foreign = missing + len(lost), twice + len(double), foreign + len(found.keys() - spans)
        if sample is None and (lost or double):
            sample = f"trace {trace_id.hex()}, span {next(iter(lost or double)).hex()}"
    assert not (missing or twice or foreign), (
        f"{missing} spans missing, {twice} stored twice, {foreign} that nobody sent; {sample}"
    )
