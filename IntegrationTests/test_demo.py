"""The demo's three services: one trace, whichever headers travel between them."""

import json
import re
import time

import pytest

from http_raw import get
from programs import Program


class DemoService(Program):
    def __init__(self, directory, name, sidecar, propagate, following=None):
        self.service = name
        onward = ["--next", following] if following else []
        super().__init__(
            "hms-demo", {}, directory,
            [name, "--listen", "127.0.0.1:0", "--sidecar", sidecar, "--propagate", propagate, *onward],
        )

    @property
    def listens(self):
        return re.search(r"listens on (\S+)", self.wait_for_line("listens on"))[1]


@pytest.mark.parametrize("propagate", ["hms", "both"])
def test_a_claim_is_one_trace_through_three_services(system, start, propagate):
    udp = system.sidecar.address("udp")
    payments = start(DemoService, "payments", udp, propagate)
    eligibility = start(DemoService, "eligibility", udp, propagate, payments.listens)
    gateway = start(DemoService, "gateway", udp, propagate, eligibility.listens)
    trace_id = f"{time.time_ns():032x}"
    # The bare form: the gateway's span is to be the root of the trace that it names.
    answer = get(gateway.listens, "/claims/42", headers=[("x-hms-trace-id", trace_id)])
    assert answer.status == 200, answer

    spans = spans_of(system.collector.console, trace_id, services=3)
    servers = {span["service"]: span for span in spans if span.get("kind") == "server"}
    assert set(servers) == {"gateway", "eligibility", "payments"}
    by_id = {span["spanId"]: span for span in spans}
    assert not servers["gateway"].get("parentSpanId")
    for caller, callee in [("gateway", "eligibility"), ("eligibility", "payments")]:
        parent = by_id[servers[callee]["parentSpanId"]]
        assert (parent["service"], parent["kind"]) == (caller, "client")
    roots = [span for span in spans if not span.get("parentSpanId")]
    assert [span["spanId"] for span in roots] == [servers["gateway"]["spanId"]]


def spans_of(console, trace_id, services, patience=20):
    """The trace's spans once all services have told theirs: datagrams are sent behind the answer."""
    deadline = time.monotonic() + patience
    spans = []
    while time.monotonic() < deadline:
        answer = get(console, f"/api/v1/traces/{trace_id}")
        if answer.status == 200:
            spans = json.loads(answer.body)["spans"]
            if len({s["service"] for s in spans if s.get("kind") == "server"}) == services and not any(s.get("missing") for s in spans):
                return spans
        time.sleep(0.05)
    raise AssertionError(f"the trace never was whole: {spans}")
