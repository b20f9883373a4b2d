"""The call graph's page in a real browser, with planned answers in place of the collector's where a certain graph is wanted."""

import json
import os
import time
import urllib.parse

import pytest

from browser import Browser
from http_raw import post
from payloads import attribute, new_trace_id, traces
from planned_answers import agency, difference, edge, graph, large, let_go, node, stand_in

READY = "document.querySelector('.graph')?.dataset.boxes > 0"
OPERATIONS = {"operations": [
    {"service": "payments", "operation": "POST /payments", "kind": "server", "count": 12_000, "errors": 37, "p50": 3 * 10**8, "p95": 185 * 10**7, "p99": 2 * 10**9,
     "slowest": {"trace": "7a785825f3e06b17d5654583fc83c855", "duration": 2 * 10**9}},
]}


@pytest.fixture(scope="module")
def console(request):
    return os.environ.get("HMS_CONSOLE") or request.getfixturevalue("system").collector.console


@pytest.fixture(scope="module")
def chromium():
    with Browser() as browser:
        yield browser


@pytest.fixture
def browser(chromium):
    chromium.worries.clear()
    chromium.call("Emulation.setDeviceMetricsOverride", width=1280, height=900, deviceScaleFactor=1, mobile=False)
    yield chromium
    chromium.evaluate("1")  # takes in what has happened meanwhile
    assert chromium.worries == []


@pytest.fixture
def show(browser, console):
    """show(path, answers): opens a page with planned answers, and waits until it shows a graph (or what `ready` says)."""
    planned = []

    def begin(path, answers, ready=READY):
        planned.append(stand_in(browser, {"/api/v1/red": OPERATIONS, **answers}))
        browser.open(f"http://{console}{path}")
        browser.until(ready)
        drawn(browser)

    yield begin
    for identifier in planned:
        let_go(browser, identifier)


def press(browser, key, **more):
    text = key if len(key) == 1 else {"Enter": "\r"}.get(key, "")
    for kind in ("keyDown", "keyUp"):
        browser.call("Input.dispatchKeyEvent", type=kind, key=key, text=text if kind == "keyDown" else "", **more)
    drawn(browser)


def drawn(browser):
    browser.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def type_into(browser, selector, text):
    browser.evaluate(f"document.querySelector({json.dumps(selector)}).focus()")
    browser.call("Input.insertText", text=text)


def focused(browser):
    return browser.evaluate("document.getElementById('graphspot').getAttribute('aria-label')")


def panel(browser):
    return browser.evaluate("document.querySelector('.graphpanel').hidden ? '' : document.querySelector('.graphpanel').innerText")


def links(browser, scope):
    return {link["text"]: urllib.parse.unquote(link["to"]) for link in browser.evaluate(
        f"[...document.querySelectorAll({json.dumps(scope + ' a')})].map((a) => ({{ text: a.textContent, to: a.getAttribute('href') }}))")}


def test_the_keyboard_follows_the_calls_and_opens_what_is_known(show, browser):
    show("/graph", {"/api/v1/graph": agency()})
    browser.evaluate("document.querySelector('.graphcanvases').focus()")
    drawn(browser)
    assert focused(browser).startswith(("agent-desk, service", "citizen-portal, service"))
    for key, name in (("ArrowRight", "gateway"), ("ArrowRight", "identity"), ("ArrowLeft", "gateway"), ("s", "payments"), ("ArrowRight", "payments-db")):
        press(browser, key)
        assert focused(browser).startswith(f"{name}, "), key
    press(browser, "ArrowLeft")
    press(browser, "Enter")
    browser.until("document.querySelector('.graphpanel').innerText.includes('POST /payments')")
    text = panel(browser)
    for part in ("payments\n", "3.33/s", "✕ 0.3 %", "1.85 s", "dominant (61 %)", "fraud-check", "bank-gateway.example"):
        assert part in text, part
    assert "claims" in text[text.lower().index("called by"):]
    found = links(browser, ".graphpanel")
    assert found["Its traces"] == '/?q=service = "payments"'
    assert found["Failing traces"] == '/?q=service = "payments" and status = error'
    assert found["Service page"] == "/services?service=payments"
    assert found["POST /payments"] == "/trace/7a785825f3e06b17d5654583fc83c855"
    assert "node=service" in browser.evaluate("location.search")
    press(browser, "Escape")
    assert panel(browser) == ""
    assert browser.evaluate("location.search") == ""


def test_a_click_chooses_a_box_and_an_edge_is_chosen_by_the_list_beside_it(show, browser):
    show("/graph", {"/api/v1/graph": agency()})
    browser.evaluate("document.querySelector('.graphcanvases').focus()")
    press(browser, "s")
    place = browser.evaluate("(() => { const r = document.getElementById('graphspot').getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()")
    for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
        browser.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="none" if kind == "mouseMoved" else "left", clickCount=0 if kind == "mouseMoved" else 1)
    browser.until("!document.querySelector('.graphpanel').hidden")
    assert panel(browser).startswith("payments")
    browser.click_text("payments-db")
    browser.until("document.querySelector('.graphpanel').innerText.includes('queries')")
    assert links(browser, ".graphpanel")["Its traces"] == \
        '/?q=service = "payments" and kind in (client, producer) and (db.system.name = "payments-db" or db.system = "payments-db")'


def test_the_table_has_every_figure_and_sorts(show, browser):
    show("/graph?view=table", {"/api/v1/graph": agency()})
    first = "document.querySelector('.graphtables tbody th').innerText"
    assert browser.evaluate("[...document.querySelectorAll('.graphtables table')].map((table) => table.tBodies[0].rows.length)") == [23, 32]
    assert browser.evaluate(first) == "redis"
    for column, name in (("p95", "reports"), ("errors", "notifications"), ("label", "a2a-router"), ("step", "payments")):
        browser.evaluate(f"document.querySelector('[data-sort=\"nodes {column}\"]').click()")
        assert browser.evaluate(first) == name, column
    assert browser.evaluate("document.querySelector('[data-sort=\"nodes step\"]').closest('th').getAttribute('aria-sort')") == "descending"
    type_into(browser, ".graphfind input", "PAY")
    browser.until("document.querySelectorAll('.graphtables tbody')[0].rows.length === 2")


def test_finding_goes_to_a_service_and_the_neighbourhood_shows_only_what_is_around(show, browser):
    show("/graph", {"/api/v1/graph": agency()})
    press(browser, "f")
    browser.call("Input.insertText", text="fraud")
    browser.until("document.getElementById('graphhits').textContent === '1 found'")
    press(browser, "Enter")
    browser.until("document.querySelector('.graphpanel').innerText.includes('fraud-check')")
    browser.evaluate("document.querySelector('.graphcanvases').focus()")
    press(browser, "1")
    browser.until("document.querySelector('.graph').dataset.boxes === '4'")
    assert "1 call around fraud-check" in browser.text()
    press(browser, "2")
    browser.until("document.querySelector('.graph').dataset.boxes > 4")
    assert "near=service" in browser.evaluate("location.search")
    press(browser, "Backspace")
    browser.until("document.querySelector('.graph').dataset.boxes === '23'")


def test_a_large_system_is_grouped_and_a_service_is_found_inside(show, browser):
    answer = large(1_500, 9_000)
    show("/graph", {"/api/v1/graph": answer})
    assert browser.evaluate("Number(document.querySelector('.graph').dataset.boxes)") == 61, "one box for each team"
    wanted = answer["nodes"][700]["service"]
    type_into(browser, ".graphfind input", wanted)
    press(browser, "Enter")
    browser.until(f"document.querySelector('.graphpanel').innerText.startsWith({json.dumps(wanted)})")
    assert browser.evaluate("Number(document.querySelector('.graph').dataset.boxes)") > 61
    browser.click_text("Close its group")
    browser.until("document.querySelector('.graph').dataset.boxes <= 80")


@pytest.mark.alone
def test_5000_services_show_within_seconds_even_without_groups(show, browser):
    answer = large()
    before = time.monotonic()
    show("/graph", {"/api/v1/graph": answer})
    grouped = time.monotonic() - before
    browser.evaluate("(() => { const select = document.querySelector('[aria-label=Group]'); select.value = 'none'; window.from = performance.now(); select.dispatchEvent(new Event('change')); })()")
    browser.until("document.querySelector('.graph').dataset.boxes === '5000'")
    ungrouped = browser.evaluate("performance.now() - window.from")
    print(f"5,000 services, 50,000 edges: page with groups {grouped:.1f} s, of it layout and picture without groups {ungrouped / 1000:.1f} s")
    assert ungrouped < 5_000


def test_a_refresh_shows_what_is_new_and_moves_nothing(show, browser):
    answer = agency()
    show("/graph", {"/api/v1/graph": answer})
    browser.evaluate("document.querySelector('.graphcanvases').focus()")
    press(browser, "s")
    place = "(() => { const r = document.getElementById('graphspot').getBoundingClientRect(); return [Math.round(r.x), Math.round(r.y)]; })()"
    before = browser.evaluate(place)
    grown = graph([*answer["nodes"], node("brand-new")], [*answer["edges"], edge("claims", "brand-new")])
    browser.evaluate(f"plan('/api/v1/graph', {json.dumps(grown)})")
    press(browser, "r")
    browser.until("document.querySelector('.graph').dataset.boxes === '24'")
    assert browser.evaluate("asked.filter((path) => path.includes('fresh=true')).length") == 2
    drawn(browser)
    after = browser.evaluate(place)
    assert after[0] == before[0] and abs(after[1] - before[1]) <= 90
    assert focused(browser).startswith("payments, ")


def test_without_a_layout_there_is_the_table_and_another_try(show, browser):
    script = browser.call("Page.addScriptToEvaluateOnNewDocument", source="""
      const Real = Worker;
      window.workers = [];
      window.Worker = class extends EventTarget {
        constructor(...given) {
          super();
          workers.push(this);
          if (workers.length > 1) return new Real(...given);
        }
        postMessage() { setTimeout(() => this.dispatchEvent(new ErrorEvent("error", { message: "out of memory" }))); }
        terminate() { this.isEnded = true; }
      };
    """)["identifier"]
    try:
        show("/graph?group=none", {"/api/v1/graph": large(300, 1_500)}, ready="document.querySelector('.graph .state')?.textContent.includes('out of memory')")
        assert "The table shows the same" in browser.text()
        assert browser.evaluate("[workers[0].isEnded, document.querySelectorAll('.graphtables tbody').length, document.querySelector('.graphview')]") == [True, 2, None]
        type_into(browser, ".graphfind input", "-299")
        browser.until("document.querySelectorAll('.graphtables tbody')[0].rows.length === 1")
        browser.evaluate("document.querySelector('.graphtables tbody .jump').click()")
        browser.until("document.querySelector('.graphpanel').innerText.includes('-299')")
        browser.click_text("Try again")
        browser.until("document.querySelector('.graphview') !== null")
        assert browser.evaluate("[workers.length, document.querySelector('.graph .state'), document.querySelector('.graphtables')]") == [2, None, None]
    finally:
        let_go(browser, script)


def test_a_layout_that_is_called_off_ends_quietly(show, browser):
    show("/graph?view=table", {"/api/v1/graph": agency()})
    assert browser.evaluate("""import("/assets/arrange.js").then(({ Arranger }) => {
      const arranger = new Arranger();
      const units = Array.from({ length: 500 }, (_, at) => ({ id: String(at) }));
      const placed = arranger.place(units, [], "all");
      arranger.stop();
      return placed;
    })""") is None


def test_changes_are_marked_counted_and_listed(show, browser):
    show("/graph?diff=before", {"/api/v1/graph/diff": difference()})
    assert "+ 2 new · − 2 gone · ✕ 2 more errors · ▲ 2 slower · ✓ 1 fewer errors · ▼ 1 faster" in browser.text()
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(browser.evaluate("asked.find((path) => path.includes('diff'))")).query)
    assert query == {"from": ["now-3600s"], "to": ["now"], "beforeFrom": ["now-7200s"], "beforeTo": ["now-3600s"]}
    browser.click_text("List of changes")
    browser.until("document.querySelectorAll('.graphtables tbody').length === 2")
    rows = browser.evaluate("[...document.querySelectorAll('.graphtables')].flatMap((tables) => [...tables.querySelectorAll('table')].map((table) => [...table.tBodies[0].rows].map((row) => row.innerText)))")
    assert [len(table) for table in rows] == [6, 4]
    assert rows[0][0].startswith("fraud-check") and "new" in rows[0][0]
    assert any("claims" in row and "more errors" in row and "slower" in row for row in rows[1])
    browser.click_text("payments")
    browser.until("document.querySelector('.graphpanel').innerText.includes('Before')")


def test_own_times_are_asked_as_given(show, browser):
    show("/graph?window=own&from=2026-01-02T03:00:00.000Z&to=2026-01-02T04:00:00.000Z", {"/api/v1/graph": agency()})
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(browser.evaluate("asked.find((path) => path.startsWith('/api/v1/graph'))")).query)
    assert (query["from"], query["to"]) == (["2026-01-02T03:00:00.000Z"], ["2026-01-02T04:00:00.000Z"])


@pytest.mark.parametrize(("path", "answer", "words", "way_on"), [
    ("/graph", graph([], []), "Nothing was called in this time", "Look at the last 24 hours"),
    ("/graph?q=service%20%3D%20x", graph([], [], traces=0, complete=True), "No trace of this time matches", "All traces"),
    ("/graph?trace=" + "a" * 32, graph([], []), "This trace shows no calls", "Graph of the whole system"),
    ("/graph?q=servce%20%3D%20x", [400, {"error": {"code": "bad_query", "message": "column 1: 'servce' is no field", "hint": "Did you mean service?"}}], "Did you mean service?", "All traces"),
    ("/graph", [500, {"error": {"code": "store", "message": "The store could not be read.", "hint": "See the log."}}], "The store could not be read.", "Try again"),
    ("/graph", [0, {}], "The collector does not answer.", "Try again"),
], ids=["empty", "no match", "no calls", "bad query", "failed", "unreachable"])
def test_without_a_graph_the_page_says_what_to_do(show, browser, path, answer, words, way_on):
    show(path, {"/api/v1/graph": answer}, ready="document.querySelector('.graph .state') !== null")
    assert words in browser.text()
    assert browser.evaluate(f"[...document.querySelectorAll('.graph .state button')].some((button) => button.textContent === {json.dumps(way_on)})")


def test_what_an_answer_leaves_out_is_said(show, browser):
    show("/graph", {"/api/v1/graph": {**agency(), "truncated": True, "beyondBounds": 12}})
    assert "these are the busiest 10,000 edges" in browser.text()
    assert "12 spans are in none of these figures" in browser.text()
    show("/graph?q=duration%20%3E%201s", {"/api/v1/graph": {**agency(), "traces": 500, "complete": False}})
    assert "the calls of 500 traces" in browser.text()


def test_a_failure_later_keeps_what_was_shown(show, browser):
    show("/graph", {"/api/v1/graph": agency()})
    browser.evaluate("plan('/api/v1/graph', [500, { error: { code: 'x', message: 'The store could not be read.', hint: '' } }])")
    press(browser, "r")
    browser.until("document.querySelector('.notice.bad') !== null")
    assert "What is shown is from before" in browser.text()
    assert browser.evaluate(READY)


HOSTILE = ["<img src=x onerror=alert(1)>", "\"><svg onload=alert(2)>", "\u202eevil", "a\u200bb", "x" * 10_000, "مرحبا بالعالم", "\x1b[31mred", "a\nb\tc", "", "__proto__"]


def test_names_from_outside_are_text_and_never_break_the_page(show, browser):
    names = [*HOSTILE, "plain"]
    answer = graph([node(name, kind) for name in names for kind in ("service", "database")], [edge(f"service:{name}", f"database:{other}", "database") for name, other in zip(names, names[1:])])
    for path in ("/graph", "/graph?view=table", "/graph?diff=before"):
        changed = {part: [{**{key: value for key, value in item.items() if key not in ("count", "errors", "p50", "p95", "p99")}, "change": "new", "changes": ["new"], "before": None,
                           "after": {key: item[key] for key in ("count", "errors", "p50", "p95", "p99")}} for item in answer[part]] for part in ("nodes", "edges")}
        show(path, {"/api/v1/graph": answer, "/api/v1/graph/diff": changed})
        browser.evaluate("document.querySelector('.graphcanvases')?.focus()")
        for _ in names:
            press(browser, "ArrowDown")
            press(browser, "Enter")
        assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth && document.querySelector('main').scrollWidth <= document.querySelector('main').clientWidth"), path
        assert browser.evaluate("document.querySelectorAll('main img, main svg, main script').length") == 0
    show("/graph?view=table", {"/api/v1/graph": answer})
    browser.evaluate("[...document.querySelectorAll('.graphtables button.jump')].find((button) => button.textContent.includes('evil')).click()")
    browser.until("document.querySelector('.graphpanel').innerText.includes('⟨U+202E⟩evil')")


@pytest.mark.parametrize(("width", "height"), [(360, 780), (320, 256)], ids=["phone", "400 %"])
def test_narrow_pages_scroll_one_way_only(show, browser, width, height):
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
    for path in ("/graph", "/graph?view=table", "/graph?node=service:payments", "/graph?diff=day"):
        show(path, {"/api/v1/graph": agency(), "/api/v1/graph/diff": difference()})
        assert browser.evaluate("document.documentElement.scrollWidth") <= width, path
        assert browser.evaluate("(() => { const main = document.querySelector('main'); return main.scrollWidth <= main.clientWidth; })()"), path


def test_the_graph_of_one_trace_can_stand_on_another_page(show, browser):
    show("/compare", {"/api/v1/graph?trace=": agency()}, ready="document.querySelector('.compare') !== null")
    browser.evaluate("""import("/assets/traceGraph.js").then(({ graphOfTrace }) => {
      window.chosen = [];
      window.leave = graphOfTrace(document.getElementById("main"), "a".repeat(32), { onChoose: (what) => window.chosen.push(what) });
    })""")
    browser.until("document.querySelector('.tracegraph .graphcanvases') !== null")
    browser.evaluate("document.querySelector('.graphcanvases').focus()")
    press(browser, "s")
    press(browser, "Enter")
    press(browser, "Escape")
    assert browser.evaluate("window.chosen") == [{"service": "payments", "kind": "service"}, None]
    browser.evaluate("window.leave()")


@pytest.mark.skipif("HMS_CONSOLE" in os.environ, reason="needs a collector of its own")
def test_calls_show_as_soon_as_their_spans_were_acknowledged(system, browser):
    console = system.collector.console

    def send(name):
        trace_id = new_trace_id()
        request = traces(trace_id, 2, name="GET /", service=name)
        caller = request.resource_spans[0].scope_spans[0].spans[1]
        caller.kind = 3
        attribute(caller.attributes, "db.system", f"store-of-{name}")
        now = time.time_ns()
        for span in request.resource_spans[0].scope_spans[0].spans:
            span.start_time_unix_nano, span.end_time_unix_nano = now - 10**9, now - 10**8
        assert post(system.collector.otlp, "/v1/traces", request.SerializeToString()).status == 200

    send("first-service")
    browser.open(f"http://{console}/graph?view=table")
    browser.until("document.body.innerText.includes('store-of-first-service')")
    send("second-service")
    acknowledged = time.monotonic()
    browser.evaluate("[...document.querySelectorAll('button')].find((button) => button.textContent === 'Refresh').click()")
    browser.until("document.body.innerText.includes('store-of-second-service')")
    took = time.monotonic() - acknowledged
    print(f"a new edge showed {took * 1000:.0f} ms after its acknowledgement")
    assert took <= 2
