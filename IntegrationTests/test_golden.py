"""Every golden trace through a real collector: tree, times, colour steps and critical path are the same in the API, on the command
line, in the report and in the console, and are those that were worked out by hand. Also with a history, where steps follow from ranks."""

import dataclasses
import functools
import random

import pytest

import golden
import golden_text
import shown_traces
from browser import Browser
from http_raw import get, post
from payloads import ExportTraceServiceRequest, new_trace_id
from programs import Collector, hms_ops, wait_until

TRACES = {trace.name: trace for trace in golden.all_traces()}
MINUTE = 60 * 10**9
DAY = 24 * 60 * MINUTE
# Per cent of the width; browsers write six digits.
NEAR = 2e-3


@pytest.fixture(scope="module")
def collector(tmp_path_factory):
    running = Collector(tmp_path_factory.mktemp("golden"))
    try:
        running.otlp, running.console
        for trace in TRACES.values():
            send(running, trace.request())
        yield running
        assert running.alive, "the collector died:\n" + "\n".join(running.lines[-20:])
    finally:
        running.stop()


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


@pytest.fixture(scope="module")
def pages(collector, browser):
    found = shown_traces.in_console(browser, collector.console, [trace.trace_id.hex() for trace in TRACES.values()])
    assert browser.worries == []
    return found


def send(collector, request):
    assert post(collector.otlp, "/v1/traces", request.SerializeToString()).status == 200


def ask(collector, path):
    answer = get(collector.console, path)
    assert answer.status == 200, answer
    return answer.json


class Answers:
    """What the API says of one trace, asked for once."""

    @staticmethod
    @functools.cache
    def of(collector, trace_id):
        return Answers(collector, trace_id)

    def __init__(self, collector, trace_id):
        base = f"/api/v1/traces/{trace_id}"
        self.overview = ask(collector, f"{base}/overview")
        self.rows = ask(collector, f"{base}/rows?limit=2000")["rows"]
        self.whole = ask(collector, base)
        report = get(collector.console, f"{base}?format=html")
        assert report.status == 200
        self.report, self.verdict = shown_traces.in_report(report.text)


def expected_row(row):
    """The row as the API gives it, but for its rank, its host and its events."""
    wanted = {
        "index": row.index, "spanId": row.span_id, "parent": row.parent, "depth": row.depth, "childCount": row.child_count,
        "subtreeCount": row.subtree_count, "offsetNs": row.offset, "durationNs": row.duration, "selfNs": row.self_time,
        "criticalNs": row.critical, "latency_step": row.step, "service": row.service, "name": row.name, "kind": row.kind,
    }
    optional = {
        "path": row.joined_path, "error": row.is_error, "origin": row.is_origin, "oddities": row.oddities, "shiftNs": row.shift,
        "links": row.links, "fold": row.fold,
    }
    return wanted | {key: value for key, value in optional.items() if value}


def without(row, *keys):
    return {key: value for key, value in row.items() if key not in keys}


@pytest.mark.parametrize("name", TRACES)
def test_the_api_gives_the_golden_tree(collector, name):
    expected, answers = golden_text.parse(TRACES[name].expected), Answers.of(collector, TRACES[name].trace_id.hex())
    rows = [dict(row) for row in answers.rows]
    for row, wanted in zip(rows, expected.rows):
        # Placeholders may still be awaited; which of the two is said depends on when it is asked.
        assert row.pop("missing", None) in (("awaited", "not received") if wanted.is_missing else (None,))
        assert row.pop("latency_rank") is None
        if "fold" in row:
            run = expected.rows[wanted.index:wanted.index + wanted.fold["nodes"]]
            fold = row["fold"] = dict(row["fold"])
            assert fold.pop("extentNs") == max(other.offset + other.duration for other in run) - wanted.offset
            assert fold.pop("criticalNs") == sum(other.critical for other in run)
            assert fold.pop("latency_step") == step_of_run(expected, run)
    assert [without(row, "host", "events") for row in rows] == [expected_row(row) for row in expected.rows]
    assert answers.overview["rows"] == answers.rows
    whole(expected, answers)
    overview(expected, answers.overview)


def step_of_run(expected, run):
    """As hot as its hottest span, or as its spans' share of the path taken together."""
    share = sum(row.critical for row in run) * 100
    together = sum(share >= bound * expected.critical for bound in (5, 15, 30, 50)) if expected.critical else 0
    return max(max(row.step for row in run), together)


def whole(expected, answers):
    """The full JSON has the same nodes and the path in one piece."""
    spans = answers.whole["spans"]
    same = ("spanId", "parent", "depth", "childCount", "subtreeCount", "offsetNs", "durationNs", "selfNs", "criticalNs", "latency_step",
            "latency_rank", "origin", "shiftNs")
    assert [{key: span[key] for key in same if key in span} for span in spans] == [
        {key: row[key] for key in same if key in row} for row in answers.rows]
    for span, row in zip(spans, expected.rows):
        assert span["missing"] == row.is_missing and span["oddities"] == row.oddities
        assert span["onCriticalPath"] == bool(row.path)
        assert span.get("copies", 1) == row.copies
        assert [variant["name"] for variant in span.get("variants", [])] == row.variants
    assert answers.whole["criticalPath"] == in_time(expected)


def in_time(expected):
    """The critical path: [node, offset, duration]."""
    stretches = [[row.index, *stretch] for row in expected.rows for stretch in row.path]
    return sorted(stretches, key=lambda stretch: (stretch[1], stretch[1] + stretch[2]))


def overview(expected, overview):
    trace, counts = overview["trace"], expected.counts
    assert [trace[key] for key in ("durationNs", "criticalNs", "uncoveredNs", "nodeCount", "maxDepth")] == [
        expected.duration, expected.critical, expected.uncovered, len(expected.rows), counts["depth"]]
    assert [trace[key] for key in ("spanCount", "errorCount", "missingCount", "duplicateCount", "conflictCount")] == [
        counts["spans"], counts["errors"], counts.get("missing", 0), counts.get("copies", 0), counts.get("conflicts", 0)]
    if expected.root is None:
        assert "rootSpanId" not in trace
    else:
        assert (trace["rootSpanId"], trace["rootService"], trace["rootName"]) == expected.root
    assert [(each["name"], each["spans"], each["errors"]) for each in trace["services"]] == expected.services
    for each in trace["services"]:
        own = [row for row in expected.rows if row.service == each["name"] and not row.is_missing]
        assert each["selfNs"] == sum(row.self_time for row in own) and each["criticalNs"] == sum(row.critical for row in own)
    assert trace["colour"]["basis"] == "share"

    assert overview["folds"] == [[row.index, row.fold["nodes"], row.fold["siblings"]] for row in expected.rows if row.fold]
    assert [row["index"] for row in overview["slow"]] == [
        row.index for row in sorted(expected.rows, key=lambda row: (-row.critical, row.index)) if row.critical]
    assert [row["index"] for row in overview["origins"]] == [
        row.index for row in sorted(expected.rows, key=lambda row: (row.offset, row.index)) if row.is_origin]
    assert overview["errors"] == [row.index for row in expected.rows if row.is_error]
    track = [[offset, duration, node, expected.rows[node].step] for node, offset, duration in in_time(expected)]
    assert all(stretch in track for stretch in overview["track"])
    seen = [stretch for stretch in track if stretch[1] >= max(1, expected.duration // 1000)]
    assert [stretch for stretch in overview["track"] if stretch in seen] == seen

    clocks = {}
    for host in overview["hosts"]:
        if "lowNs" not in host or host["reference"] == host["name"]:
            continue
        if host["name"] == "":
            # A service whose host is not known has a clock of its own; golden traces have no such one that is wrong.
            assert host["lowNs"] <= 0 <= host["highNs"] and host["shiftNs"] == 0, host
            continue
        middle = expected.clocks[host["name"]][3] if host["name"] in expected.clocks else None
        clocks[host["name"]] = (host["reference"], host["lowNs"], host["highNs"], middle, host["pairs"])
        assert host["shiftNs"] == (0 if host["lowNs"] <= 0 <= host["highNs"] else -middle), host
    assert clocks == expected.clocks


# MARK: What people see

on_terminal = functools.cache(shown_traces.on_terminal)


def last_children(rows):
    """For each row: whether it, and each above it from depth 1 on, is the last below its parent."""
    above, result = [], []
    for row in rows:
        del above[row.depth:]
        end = rows[row.parent].index + rows[row.parent].subtree_count if row.parent is not None else len(rows)
        above.append(row.index + row.subtree_count >= end)
        result.append(above[1:])
    return result


@dataclasses.dataclass
class Look:
    """What is shown of a row everywhere."""

    step: int
    error: bool
    origin: bool
    odd: bool
    duration: str | None
    share: str
    rank: str


def wanted_looks(expected, answers):
    """From the golden text; ranks, and steps that follow from them, from the API."""
    looks = []
    for row, given in zip(expected.rows, answers.rows):
        rank = given["latency_rank"]
        looks.append(Look(
            given["latency_step"], row.is_error, row.is_origin, bool(set(row.oddities) - shown_traces.HARMLESS),
            None if row.is_missing else shown_traces.duration_text(row.duration),
            shown_traces.share_text(row.critical, expected.critical), "" if rank is None else shown_traces.rank_text(rank)))
    return looks


def terminal_is_right(expected, answers, terminal):
    for wanted, row, last, shown in zip(
            wanted_looks(expected, answers), expected.rows, last_children(expected.rows), terminal.rows, strict=True):
        look = Look(
            shown.step, shown.is_failed, "⊗" in shown.label, "! " in shown.label.split(" · ")[0],
            None if row.is_missing else shown.duration, shown.share, shown.rank)
        assert look == wanted, (row.span_id, shown)
        assert shown.own == ("-" if row.is_missing else shown_traces.duration_text(row.self_time))
        assert shown.bar == shown_traces.terminal_bar(row, expected.duration, len(shown.bar)), row.span_id
        # Between two questions an awaited span may have become one that was not received.
        assert shown.label in [shown_traces.terminal_label(row, last, absence) for absence in ("awaited", "not received")]


def console_is_right(expected, answers, page):
    assert len(page["open"]) == len(expected.rows)
    shares = "under 5 %|5 to 15 %|15 to 30 %|30 to 50 %|50 % and more"
    ranks = "under p50|p50 to p75|p75 to p90|p90 to p99|p99 and more"
    assert page["legend"] == (shares if answers.overview["trace"]["colour"]["basis"] == "share" else ranks).split("|")
    trace = answers.overview["trace"]
    for wanted, row, shown, given in zip(wanted_looks(expected, answers), expected.rows, page["open"], answers.rows, strict=True):
        steps = [int(word[4:]) for word in shown["bar"] if word.startswith("step")]
        assert len(steps) == 1 and ("failed" in shown["bar"]) == shown["error"]
        look = Look(steps[0], shown["error"], shown["origin"], shown["odd"], None if row.is_missing else shown["took"],
                    "" if shown["share"].startswith("p") else shown["share"], shown["share"] if shown["share"].startswith("p") else "")
        if given["latency_rank"] is not None:
            # A row has room for one of the two, and a span that is as usual for none.
            wanted.share = ""
            wanted.rank = wanted.rank if wanted.step > 0 else ""
        assert look == wanted, (row.span_id, shown)
        assert shown["index"] == row.index and shown["level"] == row.depth + 1
        assert shown["barShown"] and near(shown["place"], (row.offset, row.duration), trace["durationNs"])
        assert len(shown["path"]) == len(row.joined_path), row.span_id
        for place, stretch in zip(shown["path"], row.joined_path):
            assert near(place, stretch, trace["durationNs"]), (row.span_id, place, stretch)
        if row.is_missing:
            assert "absent" in shown["bar"] and shown["name"] == row.span_id
            assert shown["took"] in ("not here yet", "not received")
        else:
            assert shown["service"] == (shown_traces.page_text(row.service) or "unknown service")
            assert shown["name"] == (shown_traces.page_text(row.name) or "unnamed")


def near(place, stretch, whole):
    wanted = [100 * part / max(1, whole) for part in stretch]
    return all(abs(is_ - should) <= NEAR + 2e-6 * should for is_, should in zip(place, wanted))


def report_is_right(expected, answers):
    for wanted, row, shown in zip(wanted_looks(expected, answers), expected.rows, answers.report, strict=True):
        steps = [int(word[1:]) for word in shown.classes if word[0] == "s"]
        assert steps == ([] if row.is_missing else [wanted.step]), row.span_id
        look = Look(
            wanted.step, "failed" in shown.classes, "⊗" in shown.marks, "!" in shown.marks,
            None if row.is_missing else shown.duration, shown.share, shown.rank or "")
        assert look == wanted, (row.span_id, shown)
        assert ("absent" in shown.classes) == row.is_missing
        assert shown.own == ("-" if row.is_missing else shown_traces.duration_text(row.self_time))
        assert shown.depth == min(row.depth, 24)
        assert near(shown.place, (row.offset, row.duration), expected.duration)
        assert len(shown.path) == len(row.path)
        for place, stretch in zip(shown.path, row.path):
            assert near(place, stretch, expected.duration)


@pytest.mark.parametrize("name", TRACES)
def test_the_command_line_shows_the_same(collector, name):
    trace_id = TRACES[name].trace_id.hex()
    terminal = on_terminal(trace_id, collector.console, "--all")
    terminal_is_right(golden_text.parse(TRACES[name].expected), Answers.of(collector, trace_id), terminal)
    assert terminal.legend == [(0, "<5 %"), (1, "5 %"), (2, "15 %"), (3, "30 %"), (4, "50 %")]


@pytest.mark.parametrize("name", TRACES)
def test_the_report_shows_the_same(collector, name):
    report_is_right(golden_text.parse(TRACES[name].expected), Answers.of(collector, TRACES[name].trace_id.hex()))


@pytest.mark.parametrize("name", TRACES)
def test_the_console_shows_the_same(collector, pages, name):
    trace_id = TRACES[name].trace_id.hex()
    console_is_right(golden_text.parse(TRACES[name].expected), Answers.of(collector, trace_id), pages[trace_id])


@pytest.mark.parametrize("name", [name for name, trace in TRACES.items() if " | fold " in trace.expected])
def test_runs_are_one_row_with_the_same_step_everywhere(collector, pages, name):
    """Folded, the command line and the console show the same rows."""
    trace_id = TRACES[name].trace_id.hex()
    expected = golden_text.parse(TRACES[name].expected)
    terminal = shown_traces.on_terminal(trace_id, collector.console).rows
    page = pages[trace_id]["folded"]
    shown, end = [], 0
    for row in expected.rows:
        if row.index >= end:
            shown.append(row)
            end = row.index + (row.fold["nodes"] if row.fold else 1)
    assert [row["index"] for row in page] == [row.index for row in shown] and len(terminal) == len(shown)
    for row, line, bar in zip(shown, terminal, page):
        run = expected.rows[row.index:row.index + (row.fold["nodes"] if row.fold else 1)]
        step = step_of_run(expected, run) if row.fold else row.step
        assert line.step == step and f"step{step}" in bar["bar"], (row.span_id, line, bar)
        if row.fold:
            assert f"×{row.fold['siblings']} " in line.label and bar["many"] == f"×{row.fold['siblings']}"
            duration = shown_traces.duration_text(row.fold["durationNs"])
            assert line.duration == duration and bar["took"].startswith(f"{duration} in all")
            assert bar["error"] == ("failed" in bar["bar"]) == line.is_failed == (row.fold["errors"] > 0)


@pytest.mark.parametrize("name", [name for name, trace in TRACES.items() if "critical 0," not in trace.expected.split("\n")[0]])
def test_the_same_span_is_called_the_slowest_and_the_same_one_failing(collector, pages, name):
    trace_id, expected = TRACES[name].trace_id.hex(), golden_text.parse(TRACES[name].expected)
    slow = min(expected.rows, key=lambda row: (-row.critical, row.index))
    time, share = shown_traces.duration_text(slow.critical), percent(slow.critical, expected.critical)
    answers, page = Answers.of(collector, trace_id), pages[trace_id]
    head = on_terminal(trace_id, collector.console, "--all").head
    assert [line for line in head if line.startswith("slowest: ")] == [
        f"slowest: {title(slow, shown_traces.terminal_text)}, {time} of its own, {share} of the waiting"]
    assert page["verdicts"][0].startswith(f"Slowest: {title(slow, shown_traces.page_text)} {time} of its own, {share} of the waiting")
    assert f"{title(slow, shown_traces.report_text)}: {time} of its own, {share} of the critical path" in answers.verdict
    origins = sorted((row for row in expected.rows if row.is_origin), key=lambda row: (row.offset, row.index))
    if not origins:
        assert not any(line.startswith("failing: ") for line in head) and len(page["verdicts"]) == 1 and "✕" not in answers.verdict
        return
    assert any(line.startswith(f"failing: {title(origins[0], shown_traces.terminal_text)}") for line in head)
    assert f"✕ {title(origins[0], shown_traces.report_text)} failed" in answers.verdict
    told = max(origins, key=lambda row: (row.critical, -row.index))
    assert page["verdicts"][1].startswith(f"✕Error begins in: {title(told, shown_traces.page_text)}")


def title(row, written):
    return f"{written(row.service) or 'unknown service'} · {written(row.name) or 'unnamed'}"


def percent(part, whole):
    return "<1 %" if part * 100 < whole else f"{(200 * part + whole) // (2 * whole)} %"


# MARK: With a history

# How many of forty earlier spans are faster, and the step that follows.
FASTER = [4, 20, 32, 38, 40]
EARLIER = 40


@pytest.fixture(scope="module")
def remembered(collector):
    """Some golden traces once more, at other times, with an hour before them in which each operation ran forty times: half as long
    or twice as long as in the trace. Gives (name, id, whether all operations have a history)."""
    result = []
    for day, (name, isPartial) in enumerate([("shop-checkout", False), ("error-chain", False), ("repeated-nested", True), ("missing-middle", False)], 1):
        trace = dataclasses.replace(TRACES[name], trace_id=new_trace_id())
        shift = -day * DAY
        operations = sorted({(span.service, span.name, span.kind) for span in trace.spans})
        if isPartial:
            operations = operations[1:]
        send(collector, history(trace, operations, shift))
        at = max(span.start for span in trace.spans) + shift
        window = f"from={at - 90 * MINUTE}&to={at}"

        def is_summed_up():
            found = ask(collector, f"/api/v1/red?{window}")["operations"]
            return len(found) == len(operations) and all(each["count"] >= EARLIER for each in found)

        wait_until(is_summed_up, what="the figures of the hour before")
        send(collector, trace.request(shift))
        trace_id = trace.trace_id.hex()
        wait_until(lambda: "pending" not in ask(collector, f"/api/v1/traces/{trace_id}/overview")["trace"]["colour"], what="the history")
        result.append((name, trace_id, operations))
    return result


def history(trace, operations, shift):
    """Each of the forty spans of an operation is as long as its first one in the trace, halved or doubled."""
    request = ExportTraceServiceRequest()
    for number in range(EARLIER):
        spans = []
        for place, operation in enumerate(operations):
            span = next(span for span in trace.spans if (span.service, span.name, span.kind) == operation)
            start = golden._moment(span.start - (5 + number) * MINUTE)
            length = (span.end - span.start) // 2 if number < FASTER[place % 5] else (span.end - span.start) * 2
            spans.append(dataclasses.replace(
                span, span_id=place + 1, parent_id=None, start=start, end=golden._moment(start + length), links=[], events=[], copies=1))
        request.MergeFrom(dataclasses.replace(trace, trace_id=new_trace_id(), spans=spans).request(shift))
    return request


@pytest.fixture(scope="module")
def remembered_pages(collector, browser, remembered):
    found = shown_traces.in_console(browser, collector.console, [trace_id for _, trace_id, _ in remembered])
    assert browser.worries == []
    return found


@pytest.mark.parametrize("number", range(4))
def test_with_a_history_rank_and_step_are_the_same_everywhere(collector, remembered, remembered_pages, number):
    name, trace_id, operations = remembered[number]
    expected, answers = golden_text.parse(TRACES[name].expected), Answers.of(collector, trace_id)
    firsts = {}
    steps = set()
    for row, given in zip(expected.rows, answers.rows, strict=True):
        operation = (row.service, row.name, row.kind)
        if operation not in operations:
            assert given["latency_rank"] is None and given["latency_step"] == row.step
            continue
        first = next(span for span in TRACES[name].spans if (span.service, span.name, span.kind) == operation)
        faster = FASTER[operations.index(operation) % 5]
        length = first.end - first.start
        if firsts.setdefault(operation, row.duration) == length == row.duration:
            assert given["latency_rank"] == faster / EARLIER, row.span_id
        steps.add(given["latency_step"])
        assert given["latency_step"] == shown_traces.step_of(given["latency_rank"]), row.span_id
        same = without(given, "latency_rank", "latency_step", "host", "events", "fold")
        assert same == without(expected_row(row), "latency_step", "fold")
    whole(expected, answers)
    basis = "history" if all((row.service, row.name, row.kind) in operations for row in expected.rows if not row.is_missing) else "mixed"
    assert answers.overview["trace"]["colour"]["basis"] == basis
    terminal = shown_traces.on_terminal(trace_id, collector.console, "--all")
    terminal_is_right(expected, answers, terminal)
    console_is_right(expected, answers, remembered_pages[trace_id])
    report_is_right(expected, answers)
    assert terminal.legend == [(0, "<50 %"), (1, "50 %"), (2, "75 %"), (3, "90 %"), (4, "99 %")]
    if name == "shop-checkout":
        assert steps == {0, 1, 2, 3, 4}
    folded = [row for row in remembered_pages[trace_id]["folded"] if row["many"]]
    lines = [line for line in shown_traces.on_terminal(trace_id, collector.console).rows if "×" in line.label]
    for row, line in zip(folded, lines, strict=True):
        step = answers.rows[row["index"]]["fold"]["latency_step"]
        assert line.step == step and f"step{step}" in row["bar"]


# MARK: How figures are written

def test_times_shares_and_ranks_are_written_alike(browser, collector):
    """The page writes numbers as the command line does; halves, and where a unit ends, are where they would differ."""
    seed = random.randrange(10**9)
    print(f"seed {seed}")
    source = random.Random(seed)
    edges = [unit * factor + more for unit in (10**3, 10**6, 10**9, 6 * 10**10, 36 * 10**11, 864 * 10**11) for factor in (1, 10, 100)
             for more in (-unit // 200 - 1, -unit // 200, -unit // 2000, -1, 0, 1, unit // 200, unit // 20)]
    halves = [5 * 10**source.randrange(0, 9) * source.randrange(1, 2000) for _ in range(2000)]
    durations = [number for number in [0, 1, 999, *edges, *halves, *(source.randrange(2**source.randrange(1, 53)) for _ in range(2000))]
                 if 0 <= number < 2**53]
    ranks = [number / 10_000 for number in range(10_001)]
    browser.open(f"http://{collector.console}/services")
    page = browser.evaluate(
        f"""(async () => {{ const {{ duration, rank }} = await import('/assets/format.js');
        return [{durations}.map(duration), {ranks}.map(rank)]; }})()""")
    assert list(zip(durations, page[0])) == [(number, shown_traces.duration_text(number)) for number in durations]
    assert list(zip(ranks, page[1])) == [(rank, shown_traces.rank_text(rank)) for rank in ranks]
