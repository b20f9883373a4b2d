"""The page of a trace in a real browser: finding the slow span, folding, finding, details, permalinks, keys, hostile names, size.

HMS_CONSOLE=host:port with HMS_CONSOLE_OTLP=host:port runs them against a console and a collector that are up already."""

import collections
import contextlib
import json
import os
import time

import pytest

from browser import Browser
from http_raw import post
from payloads import ExportTraceServiceRequest, attribute, new_trace_id
from planned_answers import let_go, stand_in

MS = 10**6
Place = collections.namedtuple("Place", "console otlp")
KEYS = {"Enter": 13, "Escape": 27, "ArrowLeft": 37, "ArrowUp": 38, "ArrowRight": 39, "ArrowDown": 40, "End": 35, "Home": 36, "Tab": 9}


@pytest.fixture(scope="module")
def place(request):
    if "HMS_CONSOLE" in os.environ:
        return Place(os.environ["HMS_CONSOLE"], os.environ["HMS_CONSOLE_OTLP"])
    system = request.getfixturevalue("system")
    return Place(system.collector.console, system.collector.otlp)


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


@pytest.fixture(autouse=True)
def nothing_to_worry_about(browser):
    browser.worries.clear()
    browser.call("Emulation.setDeviceMetricsOverride", width=1300, height=900, deviceScaleFactor=1, mobile=False)
    yield
    browser.evaluate("1")
    assert browser.worries == []


class Trace:
    """Builds a trace span by span; times in milliseconds from its start."""

    def __init__(self):
        self.id = new_trace_id()
        self.request = ExportTraceServiceRequest()
        self.scopes = {}
        self.count = 0
        self.start = time.time_ns() - 20_000 * MS

    def span(self, service, name, start, end, parent=None, kind=1, error=None, attributes=None, skew=None):
        if service not in self.scopes:
            group = self.request.resource_spans.add()
            attribute(group.resource.attributes, "service.name", service)
            attribute(group.resource.attributes, "host.name", f"host-{service}")
            if skew is not None:
                attribute(group.resource.attributes, "test.skew_ns", skew)
            self.scopes[service] = group.scope_spans.add()
        span = self.scopes[service].spans.add()
        self.count += 1
        span.trace_id, span.span_id, span.name, span.kind = self.id, (0x5000 + self.count).to_bytes(8, "big"), name, kind
        if parent is not None:
            span.parent_span_id = parent.span_id
        span.start_time_unix_nano, span.end_time_unix_nano = self.start + round(start * MS), self.start + round(end * MS)
        if error is not None:
            span.status.code, span.status.message = 2, error
        for key, value in (attributes or {}).items():
            attribute(span.attributes, key, value)
        return span

    def send(self, place):
        assert post(place.otlp, "/v1/traces", self.request.SerializeToString()).status == 200
        return self.id.hex()


@pytest.fixture(scope="module")
def checkout(place):
    """A request that waits for the bank. Twelve alike queries, an error that goes up, links out of and within the trace."""
    trace = Trace()
    root = trace.span("gateway", "POST /checkout", 0, 1000, kind=2, error="502")
    rules = trace.span("rules", "check", 10, 150, root, kind=2)
    for number in range(12):
        trace.span("rules", "SELECT rule", 12 + number * 10, 20 + number * 10, rules, kind=3)
    pay = trace.span("payments", "POST /payments", 160, 990, root, kind=2, error="declined", attributes={
        "hms.a2a.envelope_id": "env-4711", "hms.mcp.tool": "charge", "aaa": "first by key"})
    slow = trace.span("payments", "charge the card", 200, 980, pay, kind=3, error="do not honour", attributes={
        "bank": 'Bank "of" \\ Things', "attempt": 3})
    event = slow.events.add()
    event.name, event.time_unix_nano = "exception", trace.start + 979 * MS
    attribute(event.attributes, "exception.message", "do not honour")
    within, outside = slow.links.add(), slow.links.add()
    within.trace_id, within.span_id = trace.id, rules.span_id
    outside.trace_id, outside.span_id = bytes.fromhex("ab" * 16), b"\7" * 8
    return trace.send(place), slow.span_id.hex(), rules.span_id.hex()


def show(browser, place, address, ready="document.querySelectorAll('.waterfall .row:not(.waiting)').length > 0"):
    browser.open("about:blank")  # an address that differs in its fragment alone would not be loaded
    browser.open(f"http://{place.console}{address}")
    browser.until(ready)


def press(browser, *keys):
    for key in keys:
        text = key if len(key) == 1 else "\r" if key == "Enter" else ""
        code = KEYS.get(key, 0)
        browser.call("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", key=key, text=text, windowsVirtualKeyCode=code)
        browser.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)


def rows(browser):
    """The rows in sight, in order: (service, name)."""
    return [tuple(row) for row in browser.evaluate(
        """[...document.querySelectorAll('.waterfall .row')].map(row => [Number(row.getAttribute('aria-rowindex')),
           row.querySelector('.names > b:not(.run)').textContent, row.querySelector('.name').textContent])
           .sort((a, b) => a[0] - b[0]).map(row => row.slice(1))""")]


def focused(browser):
    return browser.evaluate("document.querySelector('.waterfall .row.focus .name')?.textContent")


def clicks(browser, selector):
    place = browser.evaluate(
        f"(() => {{ const r = document.querySelector({json.dumps(selector)}).getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})()")
    for kind in ("mousePressed", "mouseReleased"):
        browser.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)


def test_the_slow_span_is_seen_by_its_colour_and_named_in_a_sentence(place, browser, checkout):
    show(browser, place, f"/trace/{checkout[0]}")
    hot = browser.evaluate("[...document.querySelectorAll('.waterfall .row')].filter(r => r.querySelector('.bar.step4')).map(r => r.querySelector('.name').textContent)")
    assert hot == ["charge the card"]
    verdict = browser.evaluate("document.querySelector('.verdict').innerText")
    assert "charge the card" in verdict and "780 ms" in verdict and "78 %" in verdict
    bar, label = browser.evaluate(
        """(() => { const row = document.querySelector('.bar.step4').closest('.row');
          return [row.querySelector('.bar').className, row.querySelector('.took').textContent]; })()""")
    assert "failed" in bar.split()
    assert label == "780 ms 78 %"


# The first answer is of a collector that has not summed up the hour before yet.
PENDING = """
  const real = fetch;
  window.overviews = 0;
  window.fetch = async (address, options) => {
    const response = await real(address, options);
    if (!String(address).endsWith("/overview") || window.overviews++) return response;
    const body = await response.json();
    body.trace.colour = { basis: "share", pending: true };
    for (const row of [...body.rows, ...body.slow]) row.latency_step = 0;
    return new Response(JSON.stringify(body), { headers: { "content-type": "application/json" } });
  };
"""


@contextlib.contextmanager
def beforehand(browser, source):
    """From the next page on, `source` runs before any script of the page."""
    identifier = browser.call("Page.addScriptToEvaluateOnNewDocument", source=source)["identifier"]
    try:
        yield
    finally:
        let_go(browser, identifier)


def test_colours_that_come_later_are_taken_over_where_the_reader_is(place, browser, checkout):
    with beforehand(browser, PENDING):
        show(browser, place, f"/trace/{checkout[0]}")
        press(browser, "ArrowDown")
        assert focused(browser) == "check"
        browser.until("document.querySelector('.waterfall .bar.step4')?.closest('.row').querySelector('.name').textContent === 'charge the card'")
        assert browser.evaluate("document.querySelector('.verdict .swatch').classList.contains('step4')")
        assert focused(browser) == "check"
        assert browser.evaluate("window.overviews") == 2


def test_a_trace_that_grows_while_colours_are_pending_can_be_loaded_again(place, browser):
    trace = Trace()
    root = trace.span("grows", "root", 0, 100, kind=2)
    trace_id = trace.send(place)
    with beforehand(browser, PENDING):
        show(browser, place, f"/trace/{trace_id}")
        trace.span("grows", "came later", 10, 20, root)
        trace.send(place)
        browser.until("document.querySelector('.grown:not([hidden])') !== null")
        assert rows(browser) == [("grows", "root")]
        browser.click_text("Load again")
        browser.until("document.querySelectorAll('.waterfall .row').length === 2")
        assert browser.evaluate("document.querySelector('.grown').hidden")


# What is put away watches nothing any more. An overview waits where `hold` says so.
WATCHED = """
  window.watching = new Set();
  window.ResizeObserver = class extends ResizeObserver {
    observe(element) { super.observe(element); watching.add(this); }
    disconnect() { super.disconnect(); watching.delete(this); }
  };
  const real = fetch;
  window.overviews = 0;
  window.fetch = async (address, options) => {
    const isOverview = String(address).endsWith("/overview");
    if (isOverview) { window.overviews++; await window.hold; }
    return real(address, options);
  };
"""
IN_VIEW = "document.querySelectorAll('.waterfall .row:not(.waiting)').length > 0"


def test_loading_again_puts_the_call_graph_of_before_away_and_draws_another(place, browser, checkout):
    with beforehand(browser, WATCHED):
        show(browser, place, f"/trace/{checkout[0]}")
        press(browser, "3")
        browser.until("document.querySelector('.tracegraph .graphcanvases') !== null")
        assert browser.evaluate("window.watching.size") == 3  # waterfall, strip, graph
        browser.evaluate("window.before = document.querySelector('.tracegraph')")
        press(browser, "r")
        browser.until("(now => now !== null && now !== window.before)(document.querySelector('#view-graph:not([hidden]) .tracegraph'))")
        assert browser.evaluate("window.watching.size") == 3


def test_a_trace_that_is_being_loaded_again_is_opened_once(place, browser, checkout):
    with beforehand(browser, WATCHED):
        show(browser, place, f"/trace/{checkout[0]}")
        browser.evaluate("void (window.hold = new Promise(done => { window.release = done; }))")
        press(browser, "r", "r")
        assert browser.evaluate("[window.overviews, window.watching.size]") == [2, 0]
        browser.evaluate("window.release()")
        browser.until(IN_VIEW)
        assert browser.evaluate("[window.overviews, window.watching.size]") == [2, 2]


def test_what_is_still_asked_when_the_page_is_left_changes_nothing(place, browser, checkout):
    source = """
      const real = fetch;
      window.refused = [];
      addEventListener("unhandledrejection", (event) => refused.push(String(event.reason)));
      window.fetch = async (address, options) => {
        const response = await real(address, { ...options, signal: undefined });
        if (!/[/](find[?]|spans[/])/.test(address)) return response;
        const body = await response.json();
        await new Promise(done => { window.answer = done; });
        return { ok: true, json: async () => body };
      };
    """
    with beforehand(browser, source):
        for asking in ("document.querySelector('.shares .jump').click()", "document.querySelector('.verdict .jump').click()"):
            show(browser, place, f"/trace/{checkout[0]}")
            browser.evaluate(asking)
            browser.until("window.answer !== undefined")
            browser.evaluate("history.pushState(null, '', '/nowhere'); dispatchEvent(new PopStateEvent('popstate'))")
            browser.until("document.body.innerText.includes('There is no such page')")
            browser.evaluate("window.answer(); new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))")
            assert browser.evaluate("window.refused") == []


# The collector has another tree from when `grown` is set.
GROWING = """
  const real = fetch;
  Object.assign(window, { asked: 0, answered: 0 });
  window.fetch = async (address, options) => {
    const path = String(address);
    const isRows = path.includes("/rows?");
    if (isRows) asked++;
    const response = await real(address, options);
    if (!response.ok || !path.startsWith("/api/v1/traces/")) return response;
    const body = await response.json();
    (body.trace ?? body).tree = window.grown ? "b" : "a";
    return { ok: true, json: async () => { if (isRows) answered++; return body; } };
  };
"""


def test_no_answer_from_another_tree_is_used(place, browser):
    trace = Trace()
    root = trace.span("long", "root", 0, 10_000, kind=2)
    for number in range(1_200):
        trace.span("long", f"step {number}", number, number + 1, root)
    trace_id = trace.send(place)
    with beforehand(browser, GROWING):
        show(browser, place, f"/trace/{trace_id}")
        press(browser, "f")
        browser.call("Input.insertText", text="step 1199")
        browser.until("document.querySelector('.found').textContent === '1 found'")
        browser.evaluate("document.activeElement.blur()")
        before = rows(browser)
        assert browser.evaluate("document.querySelector('.grown').hidden")

        browser.evaluate("window.grown = true")
        press(browser, "f")
        browser.call("Input.insertText", text="step 3")
        browser.until("!document.querySelector('.grown').hidden")
        browser.until("document.querySelector('.found').textContent === 'The trace has grown since it was opened.'")
        assert browser.evaluate("document.querySelectorAll('.row.hit').length") == 0
        after = rows(browser)  # the notice leaves room for fewer
        assert len(after) > 10 and after == before[:len(after)]
        press(browser, "Escape", "2")
        browser.until("document.querySelector('#view-flame .broken') !== null")
        assert browser.evaluate("document.querySelectorAll('.frame').length") == 0
        press(browser, "1")
        browser.evaluate("document.querySelector('.waterfall').focus(); window.many = asked")
        press(browser, "End")
        browser.until("asked > many && answered === asked")
        browser.evaluate("document.querySelector('.rows').scrollTop = 700 * 28; window.many = asked")
        browser.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 200))))")
        assert browser.evaluate("[asked - many, document.querySelectorAll('.row:not(.waiting)').length, document.querySelector('.trace > .notice.bad').hidden]") == [0, 0, True]
        assert browser.evaluate("document.querySelectorAll('.grown').length") == 1

        browser.evaluate("document.querySelector('.grown button').click()")
        browser.until(IN_VIEW)
        assert browser.evaluate("document.querySelector('.grown').hidden")
        press(browser, "End")
        browser.until("document.querySelector('.row.focus:not(.waiting) .name')?.textContent === 'step 1199'")


@pytest.mark.parametrize(("answer", "words", "told"), [
    ({"count": 2, "indexes": [1, 2], "truncated": True, "complete": False}, "2 found and more", "1 of 2 and more"),
    ({"count": 0, "indexes": [], "truncated": True, "complete": False}, "none so far, not all was looked at", "none so far, not all was looked at"),
    ({"count": 5_000, "indexes": [1, 2], "truncated": True, "complete": True}, "5,000 found", "1 of 5,000"),
    ({"count": 0, "indexes": [], "truncated": False, "complete": True}, "none", "none"),
], ids=["some", "none yet", "more than are sent", "none"])
def test_a_find_that_did_not_look_at_all_says_so(place, browser, checkout, answer, words, told):
    script = stand_in(browser, {f"/api/v1/traces/{checkout[0]}/find": {**answer, "took": 1}})
    try:
        show(browser, place, f"/trace/{checkout[0]}")
        press(browser, "f")
        browser.call("Input.insertText", text="rule")
        browser.until(f"document.querySelector('.found').textContent === {json.dumps(words)}")
        press(browser, "Enter")
        browser.until(f"document.querySelector('.found').textContent === {json.dumps(told)}")
    finally:
        let_go(browser, script)


def test_of_events_without_any_at_first_the_rest_is_asked_for(place, browser, checkout):
    events = f"/api/v1/traces/{checkout[0]}/events?after="
    event = {"index": 4, "service": "a", "spanName": "b", "spanId": "00" * 8, "name": "found at last", "offsetNs": 5, "attributes": []}
    script = stand_in(browser, {events + "-1": {"events": [], "next": 2}, events + "2": {"events": [event], "next": None}})
    try:
        show(browser, place, f"/trace/{checkout[0]}?view=events", "document.querySelectorAll('.logs li').length === 1")
        assert "found at last" in browser.text() and "No span of this trace" not in browser.text()
    finally:
        let_go(browser, script)


def test_of_a_long_list_all_can_be_seen(place, browser, checkout):
    show(browser, place, f"/trace/{checkout[0]}")
    assert browser.evaluate(
        """import('/assets/values.js').then(({ many }) => {
          const element = (text) => { const made = document.createElement('li'); made.textContent = text; return made; };
          const shows = (count) => {
            const holder = document.createElement('ol'), box = document.createElement('div');
            box.append(...[many(Array.from({ length: count }, (_, at) => at), holder, element, 50)].flat());
            const seen = [];
            for (;;) {
              const more = box.querySelector('button');
              seen.push(more ? [holder.childElementCount, more.textContent] : holder.childElementCount);
              if (!more) return holder.lastChild.textContent === String(count - 1) ? seen : 'the last is missing';
              more.click();
            }
          };
          return [shows(50), shows(51), shows(5000)];
        })""") == [[50], [[50, "Show all 51"], 51], [[50, "Show 2,000 more of 5,000"], [2050, "Show 2,000 more of 5,000"], [4050, "Show all 5,000"], 5000]]


def test_the_document_names_what_its_page_begins_with_so_that_nothing_is_found_late(place, browser, checkout):
    show(browser, place, f"/trace/{checkout[0]}")
    named = set(browser.evaluate("[...document.querySelectorAll('link[rel=modulepreload]')].map(link => link.getAttribute('href'))"))
    loaded = browser.evaluate("performance.getEntriesByType('resource').map(entry => [new URL(entry.name).pathname, entry.startTime])")
    modules = {path for path, _ in loaded if path.endswith(".js")}
    assert modules == named | {"/assets/console.js"}
    # Asked for once, and before any script.
    overviews = [start for path, start in loaded if path.endswith("/overview")]
    assert len(overviews) == 1 and overviews[0] <= min(start for path, start in loaded if path.endswith(".js"))


def test_a_run_of_alike_spans_is_one_row_until_it_is_unfolded(place, browser, checkout):
    show(browser, place, f"/trace/{checkout[0]}")
    assert rows(browser) == [
        ("gateway", "POST /checkout"), ("rules", "check"), ("rules", "SELECT rule"), ("payments", "POST /payments"), ("payments", "charge the card")]
    assert browser.evaluate("document.querySelector('.row.folded, .row .run:not([hidden])').textContent").startswith("×12")
    assert browser.evaluate("document.querySelector('.waterfall').getAttribute('aria-rowcount')") == "6"
    press(browser, "ArrowDown", "ArrowDown", "x")
    browser.until("document.querySelectorAll('.waterfall .row').length === 16")
    assert browser.evaluate("document.querySelector('.waterfall').getAttribute('aria-rowcount')") == "17"
    assert focused(browser) == "SELECT rule"
    press(browser, "ArrowDown", "ArrowDown", "x")
    browser.until("document.querySelectorAll('.waterfall .row').length === 5")


def test_subtrees_close_and_open_from_the_keyboard(place, browser, checkout):
    show(browser, place, f"/trace/{checkout[0]}")
    press(browser, "End", "ArrowLeft")
    assert focused(browser) == "POST /payments"
    press(browser, "ArrowLeft")
    browser.until("document.querySelectorAll('.waterfall .row').length === 4")
    assert browser.evaluate("document.querySelector('.row.focus').getAttribute('aria-expanded')") == "false"
    assert browser.evaluate("document.querySelector('.row.focus .fold').textContent") == "+1"
    press(browser, "ArrowRight")
    browser.until("document.querySelectorAll('.waterfall .row').length === 5")
    assert browser.evaluate("document.querySelector('.row.focus').getAttribute('aria-expanded')") == "true"
    browser.evaluate("(() => { const s = document.querySelector('.tools select'); s.value = '1'; s.dispatchEvent(new Event('change')); })()")
    browser.until("document.querySelectorAll('.waterfall .row').length === 3")


def test_keys_lead_to_what_is_slow_and_to_where_the_error_begins(place, browser, checkout):
    show(browser, place, f"/trace/{checkout[0]}")
    press(browser, "s")
    assert focused(browser) == "charge the card"
    press(browser, "Home", "e")
    assert focused(browser) == "POST /payments"
    press(browser, "o")
    assert focused(browser) == "charge the card"
    assert browser.evaluate("!document.querySelector('.row.focus .origin').hidden")
    press(browser, "Enter")
    browser.until("document.querySelector('.panel:not([hidden])')?.innerText.includes('do not honour')")
    press(browser, "Escape")
    browser.until("document.querySelector('.panel').hidden")
    press(browser, "?")
    browser.until("document.querySelector('dialog').open")
    press(browser, "Escape")
    browser.until("!document.querySelector('dialog').open")
    press(browser, "2")
    browser.until("document.querySelectorAll('.frame').length > 0")
    press(browser, "1")
    browser.until("!document.querySelector('.waterfall').hidden")


def test_find_counts_marks_and_goes_from_one_to_the_next(place, browser, checkout):
    show(browser, place, f"/trace/{checkout[0]}")
    press(browser, "f")
    assert browser.evaluate("document.activeElement.id") == "find-in-trace"
    browser.call("Input.insertText", text="select RULE")
    browser.until("document.querySelector('.found').textContent === '12 found'")
    press(browser, "Enter")
    browser.until("document.querySelectorAll('.row.hit').length === 12")  # the run was unfolded
    assert browser.evaluate("document.querySelector('.found').textContent") == "1 of 12"
    press(browser, "Enter")
    assert browser.evaluate("document.querySelector('.found').textContent") == "2 of 12"
    assert browser.evaluate("document.querySelector('.row.focus').classList.contains('hit')")
    browser.evaluate("document.querySelector('#find-in-trace').select()")
    browser.call("Input.insertText", text="duration > 500ms")
    browser.until("document.querySelector('.found').textContent === '3 found'")
    browser.evaluate("document.querySelector('#find-in-trace').select()")
    browser.call("Input.insertText", text="duration >")
    browser.until("document.querySelector('#find-in-trace').hasAttribute('aria-invalid')")
    assert len(browser.evaluate("document.querySelector('.found').textContent")) > 10  # says what is wrong
    browser.worries[:] = [worry for worry in browser.worries if "400" not in worry]
    press(browser, "Escape")
    browser.until("document.querySelectorAll('.row.hit').length === 0")


def test_details_begin_with_what_crosses_agencies_and_lead_to_traces_alike(place, browser, checkout):
    show(browser, place, f"/trace/{checkout[0]}")
    browser.click_text("POST /payments")
    browser.until("document.querySelector('.panel').innerText.includes('first by key')")
    text = browser.evaluate("document.querySelector('.panel').innerText")
    assert text.index("env-4711") < text.index("Duration") < text.index("first by key")
    find = "[...document.querySelectorAll('.panel .context a')].map(a => decodeURIComponent(a.getAttribute('href')))"
    assert browser.evaluate(find) == ['/?q=hms.a2a.envelope_id = "env-4711"', '/?q=hms.mcp.tool = "charge"']
    filters = "[...document.querySelectorAll('.panel dd.pair a')].map(a => decodeURIComponent(a.getAttribute('href')))"
    assert '/?q="aaa" = "first by key"' in browser.evaluate(filters)

    show(browser, place, f"/trace/{checkout[0]}#{checkout[1]}", "document.querySelector('.panel')?.innerText.includes('do not honour')")
    filters = browser.evaluate(filters)
    assert '/?q="bank" = "Bank \\"of\\" \\\\ Things"' in filters and '/?q="attempt" = 3' in filters
    assert browser.evaluate("document.querySelector(`.panel a[href^='/trace/']`).getAttribute('href')") == f"/trace/{'ab' * 16}#{'07' * 8}"
    browser.evaluate("document.querySelector('.panel .links .jump').click()")
    browser.until("document.querySelector('.panel h2').textContent === 'check'")
    browser.until("document.querySelector('.panel').innerText.includes('charge the card')")  # linked from
    browser.until(f"location.hash === '#{checkout[2]}'")
    browser.evaluate("document.querySelector('.panel details').open = true")
    browser.until("document.querySelector('.panel pre')?.textContent.includes('resourceSpans')")


def test_the_address_holds_the_view(place, browser, checkout):
    show(browser, place, f"/trace/{checkout[0]}")
    press(browser, "End")
    press(browser, "+", "Enter")
    browser.until("document.querySelector('.panel').innerText.includes('do not honour')")
    press(browser, "c", "Home", "ArrowDown", "ArrowLeft")
    browser.until("location.search.includes('closed=') && location.search.includes('from=') && location.search.includes('path=off')")
    state = """(() => JSON.stringify({ address: location.pathname + location.search + location.hash,
      rows: [...document.querySelectorAll('.waterfall .row')].map(r => r.querySelector('.name').textContent + '|' + r.getAttribute('aria-expanded')).sort(),
      ticks: [...document.querySelectorAll('.axis .ticks span')].map(t => t.textContent), panel: document.querySelector('.panel h2').textContent,
      path: document.querySelector('.tools button').getAttribute('aria-pressed') }))()"""
    told = browser.evaluate(state)
    before = json.loads(told)
    assert before["path"] == "false" and before["ticks"][0] != "0"
    show(browser, place, before["address"], "document.querySelector('.panel')?.innerText.includes('Duration') && document.querySelectorAll('.row').length > 0")
    browser.until(f"{state} === {json.dumps(told)}")
    press(browser, "0")
    browser.until("!location.search.includes('from=')")
    browser.evaluate("document.querySelector('#tab-table').click()")
    browser.until("location.search.includes('view=table')")
    address = browser.evaluate("location.pathname + location.search + location.hash")
    show(browser, place, address, "document.querySelectorAll('#view-table tbody tr').length > 0")


def test_time_is_zoomed_by_dragging_on_the_strip(place, browser, checkout):
    show(browser, place, f"/trace/{checkout[0]}")
    x, y, width = browser.evaluate("(() => { const r = document.querySelector('.strip').getBoundingClientRect(); return [r.x, r.y + 20, r.width]; })()")
    for kind, at in (("mousePressed", 0.25), ("mouseMoved", 0.4), ("mouseMoved", 0.5), ("mouseReleased", 0.5)):
        browser.call("Input.dispatchMouseEvent", type=kind, x=x + at * width, y=y, button="left", buttons=1, clickCount=1)
    browser.until("location.search.includes('from=')")
    start, end = browser.evaluate("(() => { const q = new URLSearchParams(location.search); return [Number(q.get('from')), Number(q.get('to'))]; })()")
    assert abs(start - 250 * MS) < 5 * MS and abs(end - 500 * MS) < 5 * MS
    assert browser.evaluate("document.querySelector('.handle').getAttribute('aria-valuetext')").endswith("ms")
    away = browser.evaluate("[...document.querySelectorAll('.row')].filter(r => r.querySelector('.took.away')).map(r => r.querySelector('.name').textContent)")
    assert sorted(away) == ["SELECT rule", "check"]


def test_flame_graph_table_and_events_show_the_same_trace(place, browser, checkout):
    show(browser, place, f"/trace/{checkout[0]}?view=flame", "document.querySelectorAll('.frame').length === 5")
    assert browser.evaluate("document.querySelector('.frame.step4').getAttribute('aria-label')").startswith("payments · charge the card: 1 span, 780 ms in all")
    clicks(browser, ".frame.step4")
    browser.until("document.querySelectorAll('.frame').length === 3")  # what is above it stays
    press(browser, "Backspace")
    browser.until("document.querySelectorAll('.frame').length === 5")
    browser.evaluate("document.querySelector('.bar-tools [aria-pressed]').click()")
    browser.until("document.querySelectorAll('.flametable tbody tr').length === 5")

    browser.evaluate("document.querySelector('#tab-table').click()")
    browser.until("document.querySelectorAll('#view-table tbody tr').length === 5")
    first = "document.querySelector('#view-table tbody th .jump').textContent"
    assert browser.evaluate(first) == "payments · charge the card"
    browser.evaluate("[...document.querySelectorAll('.sort')].find(b => b.textContent.startsWith('Spans')).click()")
    assert browser.evaluate(first) == "rules · SELECT rule"
    assert browser.evaluate("[...document.querySelectorAll('#view-table th')].find(t => t.textContent.startsWith('Spans')).getAttribute('aria-sort')") == "descending"

    browser.evaluate("document.querySelector('#tab-events').click()")
    browser.until("document.querySelectorAll('.logs li').length === 1")
    assert "+979 ms" in browser.evaluate("document.querySelector('.logs').innerText")
    browser.evaluate("document.querySelector('.logs .jump').click()")
    browser.until("!document.querySelector('.waterfall').hidden && document.querySelector('.panel h2')?.textContent === 'charge the card'")


def test_clocks_are_corrected_in_the_view_and_one_click_removes_it(place, browser):
    trace = Trace()
    caller = trace.span("near", "call", 0, 100, kind=3, skew=0)
    trace.span("far", "serve", 5010, 5090, caller, kind=2, skew=5000 * MS)
    show(browser, place, f"/trace/{trace.send(place)}")
    left = "parseFloat([...document.querySelectorAll('.row')].find(r => r.querySelector('.name').textContent === 'serve').querySelector('.bar').style.left)"
    button = "[...document.querySelectorAll('.tools button')].find(b => /[Cc]locks/.test(b.textContent))"
    assert browser.evaluate(left) > 90
    assert browser.evaluate(f"{button}.textContent") == "Correct clocks (1 host)"
    press(browser, "k")
    browser.until(f"{left} < 3")
    assert browser.evaluate(f"{button}.getAttribute('aria-pressed')") == "true"
    browser.evaluate("document.querySelector('.tools details.menu').open = true")
    browser.until("document.querySelector('.clocks')?.innerText.includes('host-far')")
    browser.evaluate(f"{button}.click()")
    browser.until(f"{left} > 90")


def test_a_trace_that_is_not_here_says_where_to_look_and_can_be_tried_again(place, browser):
    trace = Trace()
    trace.span("late", "arrives later", 0, 5)
    show(browser, place, f"/trace/{trace.id.hex()}", "document.body.innerText.includes('No span of this trace is here')")
    assert "hms-ops explain" in browser.text()
    browser.worries[:] = [worry for worry in browser.worries if "404" not in worry]
    trace.send(place)
    browser.click_text("Try again")
    browser.until("document.querySelectorAll('.row').length === 1")


PAYLOADS = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(2)>", "\"><svg onload=alert(3)>", "javascript:alert(4)", "';alert(5)//",
    "</pre></title><script>alert(6)</script>", "{{constructor.constructor('alert(7)')()}}", "\u202egnirts", "zero\u200bwidth", "שלום עולם",
    "مرحبا", "<a href=\"javascript:alert(8)\">x</a>", "\x1b[31mred\x00", "Z\u0351\u0351\u0351" * 30, "x" * 10_000, "long words " * 1_000, "\n\n\n\n",
]


def test_names_of_any_kind_are_text_in_every_view_and_break_no_layout(place, browser):
    trace = Trace()
    root = trace.span(PAYLOADS[0], PAYLOADS[1], 0, 100, kind=2, attributes={"big": "v" * 1_000_000})
    for number, payload in enumerate(PAYLOADS):
        span = trace.span(payload, payload, number, number + 5, root, error=payload, attributes={payload: payload, "hms.a2a.envelope_id": payload})
        event = span.events.add()
        event.name, event.time_unix_nano = payload, trace.start
        attribute(event.attributes, "exception.message", payload)
        attribute(event.attributes, payload, payload)
    trace_id = trace.send(place)
    width = 360  # test_journey.py looks at wide pages
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
    for view in ("waterfall", "flame", "table", "events", "graph"):
        show(browser, place, f"/trace/{trace_id}?view={view}#{root.span_id.hex() if view == 'waterfall' else ''}")
        browser.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        assert browser.evaluate("document.documentElement.scrollWidth") <= width, (view, width)
        assert browser.evaluate("document.querySelector('main').scrollWidth <= document.querySelector('main').clientWidth"), (view, width)
        assert browser.evaluate("Math.max(...[...document.querySelectorAll('.waterfall .row')].map(r => r.offsetHeight))") in (0, 28)
        assert browser.evaluate("document.querySelectorAll('main script, main img, main svg, a[href^=\"javascript:\" i]').length") == 0
        assert browser.worries == [], (view, width)
    browser.call("Emulation.setDeviceMetricsOverride", width=1300, height=900, deviceScaleFactor=1, mobile=False)
    show(browser, place, f"/trace/{trace_id}#{root.span_id.hex()}", "document.querySelector('.panel')?.innerText.includes('Show all 1,000,000 characters')")
    text = browser.evaluate("[...document.querySelectorAll('.waterfall .name')].map(n => n.textContent).join()")
    assert "\u202e" not in text and "⟨U+202E⟩" in text
    browser.click_text("Show all 1,000,000 characters")
    browser.until("document.querySelector('.panel pre')?.textContent.length === 1000000")


def test_of_a_long_trace_only_rows_in_sight_are_in_the_document(place, browser):
    trace = Trace()
    root = trace.span("long", "root", 0, 10_000, kind=2)
    for number in range(6_000):
        trace.span("long", f"step {number}", number, number + 1, root)
    show(browser, place, f"/trace/{trace.send(place)}")
    browser.evaluate("document.querySelector('.waterfall').focus()")
    press(browser, "End")
    browser.until("document.querySelector('.row.focus .name')?.textContent === 'step 5999'")
    assert browser.evaluate("document.querySelectorAll('.waterfall .row').length") < 60
    assert browser.evaluate("document.querySelector('.row.focus').getAttribute('aria-rowindex')") == "6002"
    browser.evaluate("document.querySelector('.rows').scrollTop = 3000 * 28")
    browser.until("[...document.querySelectorAll('.name')].some(n => n.textContent === 'step 3000')")
    order = "[...document.querySelectorAll('.waterfall .row')].map(r => Number(r.getAttribute('aria-rowindex')))"
    browser.until(f"(o => o.every((n, i) => i === 0 || n === o[i - 1] + 1))({order})")


def test_a_thumb_that_flies_past_rows_asks_for_those_it_rests_on(place, browser, checkout):
    show(browser, place, f"/trace/{checkout[0]}")
    browser.evaluate("""Promise.all([import("/assets/rowStore.js"), import("/assets/traceTree.js")]).then(async ([{ RowStore }, { TraceTree }]) => {
      const real = window.fetch;
      window.offsets = [];
      window.fetch = (path, { signal }) => {
        window.offsets.push(Number(new URL(path, location).searchParams.get("offset")));
        return new Promise((_, fail) => signal.addEventListener("abort", () => fail(signal.reason)));
      };
      window.flown = new RowStore(new TraceTree("0".repeat(32)), { trace: { nodeCount: 1_000_000 }, rows: [] }, { changed() {}, failed() {} });
      for (let at = 0; at < 1_000_000; at += 10_000) {
        window.flown.want([at, at + 1], [at + 400]);
        for (let turn = 0; turn < 50; turn++) await null; // what was called off is over
      }
      window.land = () => { window.fetch = real; window.flown.stop(); };
    })""")
    try:
        browser.until("window.offsets.length >= 2")
        assert browser.evaluate("window.offsets") == [0, 990_000]
    finally:
        browser.evaluate("window.land()")


def test_it_prints_without_what_only_a_screen_needs(place, browser, checkout):
    show(browser, place, f"/trace/{checkout[0]}")
    browser.call("Emulation.setEmulatedMedia", media="print")
    try:
        shown = "(s => [...document.querySelectorAll(s)].filter(e => e.getClientRects().length).length)"
        assert browser.evaluate(f"{shown}('.toolbar, .heading .acts, .top')") == 0
        assert browser.evaluate(f"{shown}('.waterfall .row')") == 5
        assert browser.evaluate(f"{shown}('h1, .strip')") == 2
        tops = browser.evaluate("[...document.querySelectorAll('.waterfall .row')].map(r => r.getBoundingClientRect().top)")
        assert [round(b - a) for a, b in zip(tops, tops[1:])] == [28] * 4
    finally:
        browser.call("Emulation.setEmulatedMedia", media="")


def test_whatever_can_be_operated_has_a_name_and_a_role(place, browser, checkout):
    show(browser, place, f"/trace/{checkout[0]}#{checkout[1]}", "document.querySelector('.panel')?.innerText.includes('do not honour')")
    nameless = browser.evaluate(
        """[...document.querySelectorAll('main button, main a, main input, main select, main summary, main [tabindex="0"], main [role=tab]')]
           .filter(e => !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length || e.title || e.closest('label')))
           .map(e => e.outerHTML.slice(0, 120))""")
    assert nameless == []
    assert browser.evaluate("[...document.querySelectorAll('[role=tab]')].filter(t => t.getAttribute('aria-selected') === 'true').length") == 1
    assert browser.evaluate("document.getElementById(document.querySelector('.waterfall').getAttribute('aria-activedescendant')) !== null")
    assert browser.evaluate("document.querySelectorAll('.waterfall [role=row] [role=gridcell]').length") == 10


def test_places_of_rows_agree_with_a_plain_model_for_random_trees(place, browser):
    seed = time.time_ns() % 2**31
    print(f"seed {seed}")
    show(browser, place, "/", "document.readyState === 'complete'")
    problem = browser.evaluate(
        """import('/assets/rowMap.js').then(({ RowMap }) => {
          let seed = %d;
          const random = (below) => { seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff; return Math.floor((seed / 0x80000000) * below); };
          for (let round = 0; round < 300; round++) {
            const count = 1 + random(60);
            const parent = [-1];
            for (let i = 1; i < count; i++) { // depth-first: the parent is the last node or one above it
              let up = i - 1;
              while (parent[up] >= 0 && random(3) === 0) up = parent[up];
              parent.push(up);
            }
            const size = parent.map(() => 1);
            for (let i = count - 1; i > 0; i--) size[parent[i]] += size[i];
            const folds = [];
            for (let i = 1; i < count; i++) {
              let [end, siblings] = [i, 0];
              const first = parent.findIndex((p, at) => p === parent[i] && at > 0) === i;
              if (!first || random(3)) continue;
              while (end < count && parent[end] === parent[i] && siblings < 5) { end += size[end]; siblings++; }
              if (siblings > 1) folds.push([i, end - i, siblings]);
            }
            folds.sort((a, b) => a[0] - b[0]);
            const map = new RowMap(count, folds);
            const closed = new Set(), unfolded = new Set();
            for (let step = 0; step < 12; step++) {
              const i = random(count), fold = folds.find((f) => f[0] === i);
              if (random(2) && fold) { const to = random(2) === 1; map.setFold(i, to); if (to) unfolded.delete(i); else unfolded.add(i); }
              else if (random(4) === 0) { map.reveal(i); for (const c of [...closed]) if (c < i && i < c + size[c]) closed.delete(c); for (const f of folds) if (f[0] <= i && i < f[0] + f[1]) unfolded.add(f[0]); }
              else if (closed.has(i)) { map.open(i); closed.delete(i); }
              else if (size[i] > 1) { map.close(i, size[i]); closed.add(i); }
              const shown = [];
              for (let at = 0; at < count;) { shown.push(at); const f = folds.find((g) => g[0] === at && !unfolded.has(at)); at += f ? f[1] : closed.has(at) ? size[at] : 1; }
              if (map.length !== shown.length) return `round ${round}: ${map.length} rows, not ${shown.length}`;
              for (let p = 0; p < shown.length; p++) if (map.indexAt(p) !== shown[p]) return `round ${round}: at ${p} is ${map.indexAt(p)}, not ${shown[p]}`;
              for (let n = 0; n < count; n++) { const want = shown.findLastIndex((s) => s <= n); if (map.positionOf(n) !== want) return `round ${round}: ${n} at ${map.positionOf(n)}, not ${want}`; }
            }
          }
          return '';
        })""" % seed)
    assert problem == ""


def test_addresses_and_queries_survive_being_written_and_read(place, browser):
    show(browser, place, "/", "document.readyState === 'complete'")
    assert browser.evaluate(
        """import('/assets/viewAddress.js').then(({ readView, writeView }) => {
          const state = { view: 'flame', from: 1234567890123, to: 1234567899999, closed: [[3, 9], [20, 500]], opened: [4, 99], nodes: 1000, find: 'a & b = "ü"', path: false, clocks: true };
          const { nodes, ...wanted } = state;
          const same = JSON.stringify(Object.entries({ ...readView(writeView(state), nodes) }).sort()) === JSON.stringify(Object.entries({ ...wanted, outdated: false }).sort());
          const grown = readView(writeView(state), 1001);
          const none = ['?closed=zz_&of=rs', '?closed=.._&open=!&of=rs', '?from=-1&to=x', '?view=&closed=1_zzzzzzz&of=rs'].map((text) => readView(text, 1000));
          return [same, grown.closed.length, grown.outdated, none.every((view) => view.closed.length === 0 && view.from === undefined), writeView({ view: 'waterfall', closed: [], opened: [], nodes: 5, path: true })];
        })""") == [True, 0, True, True, ""]
    assert browser.evaluate(
        """import('/assets/queryText.js').then(({ condition }) => [
          condition('http.route', { type: 'string', value: '/a b' }), condition('name', { type: 'string', value: 'x' }), condition('span.kind', { type: 'bool', value: true }),
          condition('a b"c', { type: 'int', value: '7' }), condition('k.v', { type: 'string', value: 'q"\\\\\\n\\u0007' }), condition('d.d', { type: 'double', value: 1.5 }), condition('m', { type: 'map', value: [] })])""") == [
        'http.route = "/a b"', '"name" = "x"', '"span.kind" = true', '"a b\\"c" = 7', 'k.v = "q\\"\\\\\\n\\u{7}"', "d.d = 1.5", None]
