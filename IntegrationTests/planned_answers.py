"""Answers of the collector's API as tests plan them: call graphs and comparisons of a known shape, put in place of the network."""

import functools
import json
import random

MS = 1_000_000


def stand_in(browser, answers):
    """From the next page on, `answers` (path prefix -> answer, or [status, answer]) come instead of the collector's. Gives the
    number that `let_go` wants. The longest prefix counts. Asked paths are kept in `window.asked`."""
    source = """(() => {
      const answers = %s;
      const real = window.fetch;
      window.asked = [];
      window.plan = (prefix, answer) => { answers[prefix] = answer; };
      window.fetch = async (path, options) => {
        const key = Object.keys(answers).filter((prefix) => String(path).startsWith(prefix)).sort((a, b) => b.length - a.length)[0];
        if (key === undefined) return real(path, options);
        window.asked.push(String(path));
        const [status, body] = Array.isArray(answers[key]) ? answers[key] : [200, answers[key]];
        if (status === 0) throw new TypeError("network");
        return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
      };
    })()""" % json.dumps(answers)
    return browser.call("Page.addScriptToEvaluateOnNewDocument", source=source)["identifier"]


def let_go(browser, identifier):
    browser.call("Page.removeScriptToEvaluateOnNewDocument", identifier=identifier)


def node(name, kind="service", count=1000, errors=0, p95=40, step=0, rank=None):
    return {"id": f"{kind}:{name}", "service": name, "kind": kind, "count": count, "errors": errors, "p50": p95 * MS // 3, "p95": p95 * MS,
            "p99": p95 * MS * 2, "latency_step": step, "latency_rank": rank}


def edge(source, target, kind="call", count=1000, errors=0, p95=30, step=0):
    ends = [one if ":" in one else f"service:{one}" for one in (source, target)]
    return {"from": ends[0], "to": ends[1], "kind": kind, "count": count, "errors": errors, "p50": p95 * MS // 3, "p95": p95 * MS, "p99": p95 * MS * 2,
            "latency_step": step, "latency_rank": None}


def graph(nodes, edges, **more):
    return {"asOf": "2026-03-01T10:00:00Z", "truncated": False, "beyondBounds": 0, "relativeError": 0.0078125, "colour": {"basis": "history"},
            "nodes": nodes, "edges": edges, **more}


def agency():
    """Nineteen services and what they call: payments is slow because of its database, and notifications fail."""
    nodes = [
        node("gateway", count=42_000, p95=480, step=1), node("citizen-portal", count=21_000, p95=510, step=1), node("agent-desk", count=9_000, p95=300),
        node("claims", count=30_000, p95=420, step=2), node("eligibility", count=26_000, p95=90), node("identity", count=51_000, p95=18),
        node("payments", count=12_000, errors=37, p95=1_850, step=4, rank=0.61), node("ledger", count=12_000, p95=60), node("documents", count=8_000, p95=140, step=1),
        node("notifications", count=6_000, errors=540, p95=75), node("mailer", count=5_900, p95=35), node("audit", count=64_000, p95=9),
        node("a2a-router", count=15_000, p95=120, step=1), node("mcp-tools", count=7_000, p95=240, step=2), node("fraud-check", count=11_000, p95=700, step=3, rank=0.4),
        node("reports", count=300, p95=2_100), node("search-index", count=4_000, p95=28),
        node("postgresql", "database", 70_000, p95=40, step=1), node("payments-db", "database", 24_000, p95=1_600, step=4), node("redis", "database", 88_000, p95=1),
        node("claim-events", "queue", 18_000, p95=4), node("smtp.example.net", "host", 5_900, 530, p95=900, step=2), node("bank-gateway.example", "host", 11_900, 30, p95=210),
    ]
    edges = [
        edge("citizen-portal", "gateway", count=21_000, p95=460, step=1), edge("agent-desk", "gateway", count=9_000, p95=280), edge("gateway", "identity", count=42_000, p95=15),
        edge("gateway", "claims", count=30_000, p95=410, step=2), edge("gateway", "a2a-router", count=15_000, p95=110, step=1), edge("claims", "eligibility", count=26_000, p95=85),
        edge("claims", "payments", count=12_000, errors=37, p95=1_840, step=4), edge("claims", "documents", count=8_000, p95=130), edge("claims", "queue:claim-events", "queue", 18_000, p95=4),
        edge("queue:claim-events", "notifications", "message", 6_000, 540, p95=70), edge("queue:claim-events", "audit", "message", 18_000, p95=6), edge("claims", "database:postgresql", "database", 30_000, p95=30),
        edge("eligibility", "identity", count=9_000, p95=14), edge("eligibility", "database:redis", "database", 26_000, p95=1), edge("eligibility", "database:postgresql", "database", 20_000, p95=25, step=1),
        edge("payments", "database:payments-db", "database", 24_000, p95=1_600, step=4), edge("payments", "ledger", count=12_000, p95=55), edge("payments", "fraud-check", count=11_000, p95=690, step=3),
        edge("payments", "host:bank-gateway.example", "host", 11_900, 30, p95=200), edge("ledger", "database:postgresql", "database", 12_000, p95=35), edge("notifications", "mailer", count=5_900, p95=33),
        edge("mailer", "host:smtp.example.net", "host", 5_900, 530, p95=890, step=2), edge("a2a-router", "mcp-tools", count=7_000, p95=230, step=2), edge("mcp-tools", "claims", count=3_000, p95=300),
        edge("a2a-router", "audit", count=15_000, p95=8), edge("identity", "database:redis", "database", 51_000, p95=1), edge("fraud-check", "search-index", count=4_000, p95=26),
        edge("fraud-check", "identity", count=2_000, p95=12), edge("reports", "database:postgresql", "database", 300, p95=2_000, step=2), edge("documents", "audit", count=8_000, p95=7),
        edge("reports", "ledger", "link", 40, p95=0), edge("audit", "gateway", count=12, p95=200),
    ]
    return graph(nodes, edges)


@functools.cache
def large(services=5_000, calls=50_000, seed=7):
    """A system of many teams; calls lead downwards through tiers but for a few. Made once: not to be changed."""
    draw = random.Random(seed)
    names = [f"team{n % 61:02}-{('api', 'worker', 'store', 'sync')[n % 4]}-{n}" for n in range(services)]
    tier = [int(9 * draw.random() ** 0.8) for _ in names]
    seen, edges = set(), []
    while len(edges) < calls:
        a, b = draw.randrange(services), int(services * draw.random() ** 1.7)
        if tier[a] > tier[b] and draw.random() > 0.02:
            a, b = b, a
        if a == b or (a, b) in seen or (tier[a] == tier[b] and draw.random() > 0.1):
            continue
        seen.add((a, b))
        edges.append(edge(names[a], names[b], count=draw.randrange(1, 5_000), errors=draw.randrange(50) if draw.random() < 0.02 else 0, p95=draw.randrange(1, 900),
                          step=min(4, int(draw.random() ** 6 * 5))))
    return graph([node(name, count=draw.randrange(1, 90_000), p95=draw.randrange(1, 900), step=min(4, int(draw.random() ** 6 * 5))) for name in names], edges)


def difference():
    """The agency's graph against the time before: one of each change."""
    answer = agency()
    keep = ("count", "errors", "p50", "p95", "p99")
    changes = {"service:payments": ["slower"], "service:fraud-check": ["new"], "service:reports": ["gone"], "service:notifications": ["more-errors"], "service:documents": ["faster"],
               "service:mailer": ["fewer-errors"], ("service:payments", "service:fraud-check"): ["new"], ("service:reports", "database:postgresql"): ["gone"],
               ("service:claims", "service:payments"): ["more-errors", "slower"], ("service:payments", "database:payments-db"): ["slower"]}

    def differ(item, key):
        figures = {name: item[name] for name in keep}
        words = changes.get(key, [])
        change = words[0] if words else "same"
        rest = {name: value for name, value in item.items() if name not in (*keep, "latency_step", "latency_rank")}
        return {**rest, "change": change, "changes": words, "before": None if change == "new" else {**figures, "p95": figures["p95"] * 2 // 3},
                "after": None if change == "gone" else figures}

    return {"nodes": [differ(item, item["id"]) for item in answer["nodes"]], "edges": [differ(item, (item["from"], item["to"])) for item in answer["edges"]]}


def trace_comparison():
    """A slow trace beside a fast one: the card's charge explains it, a retry stands in A alone, a cache in B alone."""

    def span(index, length, own, count=1, error=False):
        return {"index": index, "spanId": f"{index + 1:016x}", "durationNs": length * MS, "selfNs": own * MS, "criticalNs": own * MS, "count": count, **({"error": True} if error else {})}

    def row(depth, service, name, change, a, b):
        return {"depth": depth, "service": service, "name": name, "change": change, "a": a, "b": b,
                "deltaNs": (a["durationNs"] if a else 0) - (b["durationNs"] if b else 0)}

    def summary(trace_id, length, spans, errors):
        return {"traceId": trace_id, "rootService": "gateway", "rootName": "POST /claims", "start": "1772359200000000000", "end": str(1772359200000000000 + length * MS),
                "durationNs": length * MS, "criticalNs": length * MS, "spanCount": spans, "errorCount": errors}

    rows = [
        row(0, "gateway", "POST /claims", "slower", span(0, 1_900, 12), span(0, 310, 11)), row(1, "gateway", "authenticate", "same", span(1, 14, 14), span(1, 15, 15)),
        row(1, "claims", "POST /claims", "slower", span(2, 1_860, 20), span(2, 270, 22)), row(2, "eligibility", "check", "faster", span(3, 40, 40), span(3, 90, 60)),
        row(3, "eligibility", "GET redis", "only-b", None, span(4, 1, 1)), row(2, "claims", "SELECT claims", "same", span(4, 25, 25, 12), span(5, 24, 24, 12)),
        row(2, "payments", "charge", "slower", span(5, 1_700, 60), span(6, 120, 50)), row(3, "payments", "SELECT accounts FOR UPDATE", "slower", span(6, 1_480, 1_480), span(7, 60, 60)),
        row(3, "payments", "retry", "only-a", span(7, 130, 130, 3), None), row(2, "notifications", "send", "status", span(8, 30, 30, error=True), span(8, 29, 29)),
    ]
    return {"kind": "traces", "a": summary("a" * 32, 1_900, 24, 1), "b": summary("b" * 32, 310, 21, 0), "rows": rows, "truncated": False,
            "verdict": {"text": "A took 1.59 s longer than B: payments · SELECT accounts FOR UPDATE explains 1.42 s of it.", "row": 7}}


def population_comparison():
    causes = [
        {"kind": "attribute", "what": 'db.host = "db-7"', "where": "payments · SELECT accounts FOR UPDATE", "shareA": 0.93, "shareB": 0.04, "extraNs": 1_412 * MS, "score": 0.87,
         "text": 'In 93 % of the slow traces payments asks the database at db.host = "db-7", in 4 % of the others; there it takes 1.41 s longer.', "query": 'service = payments and db.host = "db-7"',
         "examples": ["a" * 32, "c" * 32]},
        {"kind": "version", "what": 'service.version = "2.4.1"', "where": "payments", "shareA": 0.55, "shareB": 0.48, "extraNs": 90 * MS, "score": 0.11, "text": "Version 2.4.1 of payments is a little more common.",
         "query": 'service = payments and service.version = "2.4.1"', "examples": ["d" * 32]},
        {"kind": "edge", "what": "payments → fraud-check", "where": "payments", "shareA": 0.31, "shareB": 0.12, "extraNs": 0, "score": 0.08, "text": "payments calls fraud-check in more of the slow traces.", "query": "service = fraud-check",
         "examples": []},
    ]
    return {"kind": "populations", "a": {"query": "trace.duration > 1s", "traces": 182, "complete": True, "p50Ns": 1_700 * MS, "p95Ns": 3_100 * MS},
            "b": {"query": "trace.duration < 1s", "traces": 200, "complete": False, "p50Ns": 210 * MS, "p95Ns": 640 * MS}, "causes": causes}
