"""A made-up agency that settles claims: an hour of its traces, with a cause to be found in them.

Payments has several databases. For twelve minutes one of them, db-7, has made what locks an account wait for about a
second; fraud-check has asked a search index since then, and the mail server refuses some mails all along. Ids depend on the seed alone.

    agency = Agency(end=time.time_ns())
    for request in agency.requests():
        post(collector.otlp, "/v1/traces", request.SerializeToString())
    agency.slow, agency.fast, agency.failed   # traces worth a look, in hexadecimal digits
"""

import random

from payloads import ExportTraceServiceRequest, attribute

MS = 10**6
MINUTE = 60_000
INTERNAL, SERVER, CLIENT, PRODUCER, CONSUMER = 1, 2, 3, 4, 5
VERSIONS = {"payments": "2.4.1", "claims": "5.12.0", "gateway": "3.3.0", "fraud-check": "1.9.2"}


class Trace:
    """Spans of one trace; times in milliseconds from its start."""

    def __init__(self, agency, start):
        self.agency, self.start = agency, start
        self.id = agency.draw.randbytes(16)
        self.spans = []

    def span(self, service, name, start, length, parent=None, kind=INTERNAL, error=None, **attributes):
        span_id = self.agency.draw.randbytes(8)
        self.spans.append((service, span_id, parent, name, kind, start, start + length, error, attributes, [], []))
        return span_id

    def event(self, name, at, **attributes):
        self.spans[-1][9].append((name, at, attributes))

    def link(self, trace_id, span_id):
        self.spans[-1][10].append((trace_id, span_id))

    def call(self, caller, service, name, start, length, parent, error=None, client=None, **attributes):
        """A call and what answers it, a millisecond of wire on either side; gives the id of the span that answers."""
        out = self.span(caller, client or name, start, length, parent, CLIENT, error)
        return self.span(service, name, start + 1, length - 2, out, SERVER, error, **attributes)

    def put_into(self, request):
        groups = {}
        for service, span_id, parent, name, kind, start, end, error, attributes, events, links in self.spans:
            if service not in groups:
                group = request.resource_spans.add()
                for key, value in {
                    "service.name": service, "service.version": VERSIONS.get(service, "1.0.0"), "service.namespace": "agency",
                    "host.name": f"node-{1 + len(service) % 5}", "deployment.environment": "production",
                }.items():
                    attribute(group.resource.attributes, key, value)
                groups[service] = group.scope_spans.add()
                groups[service].scope.name = "agency." + service
            span = groups[service].spans.add(trace_id=self.id, span_id=span_id, name=name, kind=kind)
            span.parent_span_id = parent or b""
            span.start_time_unix_nano, span.end_time_unix_nano = (self.start + round(at * MS) for at in (start, end))
            if error:
                span.status.code, span.status.message = 2, error
            for key, value in attributes.items():
                attribute(span.attributes, key.replace("__", "."), value)
            for event_name, at, carried in events:
                event = span.events.add(name=event_name, time_unix_nano=self.start + round(at * MS))
                for key, value in carried.items():
                    attribute(event.attributes, key.replace("__", "."), value)
            for trace_id, linked in links:
                span.links.add(trace_id=trace_id, span_id=linked)


class Agency:
    def __init__(self, end, minutes=60, per_minute=20, seed=4711):
        self.draw = random.Random(seed)
        self.traces = []
        for minute in range(minutes):
            for _ in range(max(4, round(per_minute * (0.75 + 0.5 * self.draw.random())))):
                ago = (minutes - minute) * MINUTE - self.draw.random() * MINUTE
                self._one(round(end - ago * MS) - 4_000 * MS, late=ago < 12 * MINUTE)
        self.failed = self._file(end - 50_000 * MS, fails=True).id.hex()
        self.fast = self._file(end - 40_000 * MS, pages=14).id.hex()
        self.slow = self._file(end - 2_500 * MS, waits=1_630, pages=24).id.hex()

    def requests(self, each=100):
        for first in range(0, len(self.traces), each):
            request = ExportTraceServiceRequest()
            for trace in self.traces[first:first + each]:
                trace.put_into(request)
            yield request

    def _one(self, start, late):
        kind = self.draw.random()
        if kind < 0.3:
            waits = self._between(900, 1_900) if late and self.draw.random() < 0.4 else 0
            self._file(start, waits=waits, late=late, fails=self.draw.random() < 0.02)
        elif kind < 0.75:
            self._look(start)
        elif kind < 0.97:
            self._ask(start)
        else:
            self._report(start)

    def _between(self, low, high):
        """Mostly near the low end, seldom near the high one."""
        return low + (high - low) * self.draw.betavariate(1.4, 4)

    def _begin(self, start):
        trace = Trace(self, start)
        self.traces.append(trace)
        return trace

    def _file(self, start, waits=0, late=True, fails=False, pages=0):
        """A citizen files a claim: checks, a payment, documents, then what others do about it later."""
        trace, draw, span = self._begin(start), self.draw, self._between
        envelope = f"env-2026-{draw.randrange(10_000, 99_999)}"
        check, plan, fraud, ledger = span(18, 60), span(6, 24), span(25, 90), span(14, 40)
        lock = waits or span(22, 70)
        pages = pages or draw.randrange(3, 9)
        reading = pages * 4.5
        paying = fraud + lock + ledger + 22
        total = 14 + check + paying + 22 + reading + 24
        failure = "503: the ledger does not answer" if fails else None
        root = trace.span("citizen-portal", "POST /claims", 0, total, None, SERVER, failure, http__request__method="POST", http__route="/claims", hms__a2a__envelope_id=envelope)
        gate = trace.call("citizen-portal", "gateway", "POST /claims", 3, total - 6, root, failure, http__route="/claims", http__response__status_code=503 if fails else 201)
        trace.call("gateway", "identity", "POST /verify", 5, 9, gate, http__route="/verify")
        claims = trace.call("gateway", "claims", "POST /claims", 15, total - 22, gate, failure, http__route="/claims", hms__a2a__envelope_id=envelope)
        at = 18
        eligible = trace.call("claims", "eligibility", "POST /check", at, check, claims)
        trace.span("eligibility", "GET member", at + 2, 1.4, eligible, CLIENT, db__system="redis", cache__hit=draw.random() < 0.7)
        trace.span("eligibility", "SELECT plan", at + 5, min(plan, check - 8), eligible, CLIENT, db__system="postgresql", db__query__text="SELECT plan FROM members WHERE id = $1")
        trace.span("eligibility", "rule: age limit", at + 6, check * 0.5, eligible)
        trace.span("eligibility", "rule: waiting period", at + 6, check * 0.7, eligible)
        at += check + 2
        pay = trace.call("claims", "payments", "POST /payments", at, paying, claims, failure, hms__a2a__envelope_id=envelope, hms__mcp__session_id=f"mcp-{draw.randrange(100, 999)}",
                         hms__mcp__method="tools/call", hms__mcp__tool="settle_claim", http__route="/payments")
        judge = trace.call("payments", "fraud-check", "POST /score", at + 4, fraud, pay, model="gbt-12")
        if late:
            trace.call("fraud-check", "search-index", "POST /search", at + 7, fraud - 8, judge)
        at += 6 + fraud
        statement = "SELECT balance FROM accounts WHERE id = $1 FOR UPDATE"
        trace.span("payments", "SELECT accounts FOR UPDATE", at, lock, pay, CLIENT, db__system="postgresql", db__name="payments-db", db__host="db-7" if waits else draw.choice(["db-3", "db-4"]),
                   db__query__text=statement, db__rows__returned=1)
        if waits:
            trace.event("lock wait", at + 12, db__lock__holder="pid 7113, nightly settlement", db__lock__mode="RowExclusiveLock")
            trace.event("lock granted", at + lock - 9, waited__ms=round(lock - 21))
            reports = [other for other in self.traces[:-1] if other.spans[0][0] == "reports"]
            if reports:
                trace.link(reports[-1].id, reports[-1].spans[0][1])
        at += lock + 2
        book = trace.call("payments", "ledger", "POST /entries", at, ledger, pay, failure)
        if fails:
            trace.event("exception", at + ledger - 3, exception__type="ConnectionRefused", exception__message="ledger-db refused 10.0.4.7:5432")
        trace.span("ledger", "INSERT entries", at + 3, ledger - 6, book, CLIENT, "connection refused" if fails else None, db__system="postgresql", db__name="ledger-db")
        at += ledger + 14
        kept = trace.call("claims", "documents", "POST /documents", at, reading + 12, claims, pages=pages)
        for page in range(pages):
            trace.span("documents", "PUT page", at + 5 + page * 4.5, 4, kept, CLIENT, peer__service="object-store", page=page)
        at += reading + 14
        told = trace.span("claims", "publish claim.filed", at, 3, claims, PRODUCER, messaging__system="nats", messaging__destination__name="claim-events")
        seen = trace.span("audit", "process claim.filed", at + 12, 5, told, CONSUMER, messaging__system="nats", messaging__destination__name="claim-events")
        trace.span("audit", "append", at + 13, 3, seen)
        refused = draw.random() < 0.09
        mail = trace.span("notifications", "process claim.filed", at + 15, 58, told, CONSUMER, "mail was refused" if refused else None, messaging__system="nats", messaging__destination__name="claim-events")
        trace.span("notifications", "SMTP send", at + 20, 48, mail, CLIENT, "550 mailbox unavailable" if refused else None, server__address="smtp.example.net", peer__service="smtp.example.net")
        return trace

    def _look(self, start):
        """A citizen looks at a claim."""
        trace, span = self._begin(start), self._between
        read = span(5, 40)
        root = trace.span("citizen-portal", "GET /claims/{id}", 0, read + 30, None, SERVER, http__route="/claims/{id}")
        gate = trace.call("citizen-portal", "gateway", "GET /claims/{id}", 2, read + 26, root, http__route="/claims/{id}")
        trace.call("gateway", "identity", "POST /verify", 4, 8, gate)
        claims = trace.call("gateway", "claims", "GET /claims/{id}", 13, read + 12, gate, http__route="/claims/{id}")
        trace.span("claims", "SELECT claim", 17, read, claims, CLIENT, db__system="postgresql", db__name="claims-db", db__query__text="SELECT * FROM claims WHERE id = $1")

    def _ask(self, start):
        """An agent asks by A2A; the answer comes from a tool."""
        trace, draw, span = self._begin(start), self.draw, self._between
        think, read = span(60, 400), span(5, 40)
        envelope = f"env-2026-{draw.randrange(10_000, 99_999)}"
        root = trace.span("agent-desk", "POST /tasks", 0, think + read + 60, None, SERVER, hms__a2a__envelope_id=envelope)
        route = trace.call("agent-desk", "a2a-router", "message/send", 4, think + read + 50, root, hms__a2a__envelope_id=envelope)
        tool = trace.call("a2a-router", "mcp-tools", "tools/call", 8, think + read + 40, route, hms__mcp__tool=draw.choice(["check_claim", "find_member"]), hms__mcp__method="tools/call")
        trace.span("mcp-tools", "plan", 14, think, tool)
        claims = trace.call("mcp-tools", "claims", "GET /claims/{id}", 16 + think, read + 14, tool)
        trace.span("claims", "SELECT claim", 20 + think, read, claims, CLIENT, db__system="postgresql", db__name="claims-db")

    def _report(self, start):
        """The same statement over and over."""
        trace, draw = self._begin(start), self.draw
        count = draw.randrange(30, 60)
        root = trace.span("reports", "settle yesterday", 0, count * 9 + 20)
        for number in range(count):
            trace.span("reports", "SELECT claim", 10 + number * 9, 7.5, root, CLIENT, db__system="postgresql", db__name="claims-db")
