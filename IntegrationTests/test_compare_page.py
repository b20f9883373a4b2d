"""The page that compares, in a real browser with planned answers."""

import json
import os
import urllib.parse

import pytest

from browser import Browser
from planned_answers import let_go, population_comparison, stand_in, trace_comparison
from test_graph_page import HOSTILE, drawn, links, press

A, B = "a" * 32, "b" * 32
TRACES = f"/compare?a={A}&b={B}"
QUERIES = "/compare?" + urllib.parse.urlencode({"a": "trace.duration > 1s", "b": "trace.duration < 1s"})
RESULT = "document.querySelector('.comparison') !== null"


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
    planned = []

    def begin(path, answer, ready=RESULT):
        planned.append(stand_in(browser, {"/api/v1/compare": answer}))
        browser.open(f"http://{console}{path}")
        browser.until(ready)
        drawn(browser)

    yield begin
    for identifier in planned:
        let_go(browser, identifier)


def rows(browser):
    return browser.evaluate("[...document.querySelectorAll('.comparepair')].map((row) => row.getAttribute('aria-label'))")


def asked(browser):
    return urllib.parse.parse_qs(urllib.parse.urlsplit(browser.evaluate("asked.at(-1)")).query)


def test_two_traces_are_laid_over_each_other_and_the_verdict_comes_first(show, browser):
    show(TRACES, trace_comparison())
    assert asked(browser) == {"a": [A], "b": [B]}
    text = browser.evaluate("document.querySelector('.comparison').innerText")
    assert text.startswith("A took 1.59 s longer than B: payments · SELECT accounts FOR UPDATE explains 1.42 s of it.")
    assert rows(browser)[6:9] == [
        "payments · charge, A 1.7 s, B 120 ms, slower in A", "payments · SELECT accounts FOR UPDATE, A 1.48 s, B 60 ms, slower in A", "payments · retry, A 130 ms, not in B, only in A"]
    deltas = browser.evaluate("[...document.querySelectorAll('.comparepair .comparedelta')].map((cell) => cell.innerText)")
    assert deltas == ["▲+1.59 s", "same", "▲+1.59 s", "▼−50 ms", "−only in B", "same", "▲+1.58 s", "▲+1.42 s", "+only in A", "✕status differs"]
    wide = "[...document.querySelectorAll('.comparepair')].map((row) => [...row.querySelectorAll('.abwhole')].map((bar) => bar.getBoundingClientRect().width))"
    longest, second = browser.evaluate(wide)[0], browser.evaluate(wide)[6]
    assert abs(second[0] / longest[0] - 1_700 / 1_900) < 0.01, "bars of all rows have one scale"
    assert abs(longest[1] / longest[0] - 310 / 1_900) < 0.01, "and so have both traces"


def test_the_keyboard_moves_through_differences_and_opens_both_spans(show, browser):
    show(TRACES, trace_comparison())
    browser.click_text("Show where")
    browser.until("document.querySelector('.comparestage .panel').innerText.includes('SELECT accounts')")
    found = links(browser, ".comparestage .panel")
    assert found == {"Open the span in trace A": f"/trace/{A}#{7:016x}", "Open the span in trace B": f"/trace/{B}#{8:016x}"}
    active = "document.getElementById(document.querySelector('.comparegrid').getAttribute('aria-activedescendant')).getAttribute('aria-label')"
    press(browser, "n")
    assert browser.evaluate(active).startswith("payments · retry")
    press(browser, "Escape")
    press(browser, "Home")
    press(browser, "n")
    assert browser.evaluate(active).startswith("claims · POST /claims")
    press(browser, "d")
    assert len(rows(browser)) == 8
    assert not any(row.endswith("same") for row in rows(browser))
    press(browser, "End")
    assert browser.evaluate(active).startswith("notifications · send")
    press(browser, "d")
    assert len(rows(browser)) == 10


def test_exchanging_asks_the_other_way_round(show, browser):
    show(TRACES, trace_comparison())
    browser.evaluate("document.querySelector('.compareswap').click()")
    browser.until("asked.length === 2")
    assert asked(browser) == {"a": [B], "b": [A]}
    assert browser.evaluate("location.search") == f"?a={B}&b={A}"


def test_100000_rows_scroll_like_ten(show, browser):
    show(TRACES, trace_comparison())
    browser.evaluate("""(async () => {
      const answer = %s;
      const [first, one] = answer.rows;
      answer.rows = [first, ...Array.from({ length: 100000 }, (_, number) => ({ ...one, change: number %% 1000 ? "same" : "slower" }))];
      answer.verdict = { text: "Many rows.", row: null };
      plan("/api/v1/compare", answer);
      document.querySelector(".compareform").requestSubmit();
    })()""" % json.dumps(trace_comparison()))
    browser.until("document.querySelector('.comparegrid')?.getAttribute('aria-rowcount') === '100002'")
    assert len(rows(browser)) < 60
    browser.evaluate("document.querySelector('.comparegrid').focus()")
    press(browser, "End")
    browser.until("document.querySelector('.comparepair:last-child').getAttribute('aria-rowindex') === '100002'")
    press(browser, "d")
    browser.until("document.querySelector('.comparegrid').getAttribute('aria-rowcount') === '102'")


def test_two_populations_name_the_likeliest_cause_first(show, browser):
    show(QUERIES, population_comparison())
    query = asked(browser)
    assert query == {"a": ["trace.duration > 1s"], "b": ["trace.duration < 1s"], "from": ["now-3600s"], "to": ["now"], "limit": ["200"]}
    text = browser.evaluate("document.querySelector('.comparison').innerText")
    assert text.startswith("In 93 % of the slow traces payments asks the database at db.host = \"db-7\"")
    for part in ("182 traces read", "200 traces read, there are more", "1.7 s", "640 ms", "93 %", "4 %", "+1.41 s where it is"):
        assert part in text, part
    assert browser.evaluate("[...document.querySelectorAll('.cause code')].map((code) => code.innerText).filter((text) => text.includes('='))") == ['db.host = "db-7"', 'service.version = "2.4.1"']
    found = links(browser, ".cause.first")
    assert found["Find these"] == '/?q=service = payments and db.host = "db-7"'
    assert found["aaaaaaaa"] == f"/trace/{A}"


def test_an_example_fills_both_boxes_and_compares(show, browser):
    show("/compare", population_comparison(), ready="document.querySelector('.compare .state') !== null")
    browser.click_text("What do failing traces share")
    browser.until(RESULT)
    assert (asked(browser)["a"], asked(browser)["b"]) == (["trace.errors > 0"], ["trace.errors = 0"])


@pytest.mark.parametrize(("a", "b", "words"), [
    (A, "", "Give two trace IDs, or two queries."), ("", "status = error", "Give two trace IDs, or two queries."),
    (A, "status = error", "One is a trace ID and the other a query"), (A, A.upper(), "Both are the same trace."),
])
def test_what_cannot_be_compared_is_said_before_anything_is_asked(show, browser, a, b, words):
    show("/compare", {}, ready="document.querySelector('.compareform') !== null")
    browser.evaluate(f"document.getElementById('compare-a').value = {json.dumps(a)}; document.getElementById('compare-b').value = {json.dumps(b)}; document.querySelector('.comparebutton').click()")
    assert words in browser.evaluate("document.getElementById('compare-problem').innerText")
    assert browser.evaluate("asked") == []


@pytest.mark.parametrize(("path", "answer", "words"), [
    (TRACES, [404, {"error": {"code": "not_found", "message": f"No span of trace {A} is here.", "hint": ""}}], "Open each of them"),
    (QUERIES, [400, {"error": {"code": "bad_query", "message": "a, column 7: a value is missing", "hint": "Write trace.duration > 1s."}}], "Write trace.duration > 1s."),
    (QUERIES, [503, {"error": {"code": "busy", "message": "The collector is busy.", "hint": ""}}], "Try again"),
    (QUERIES, {**population_comparison(), "a": {"query": "trace.duration > 1s", "traces": 0, "complete": True}}, "Query A finds no trace"),
], ids=["gone", "bad query", "busy", "no trace"])
def test_without_a_comparison_the_page_says_what_to_do(show, browser, path, answer, words):
    show(path, answer, ready="document.querySelector('.compareresult .state') !== null")
    assert words in browser.text()


def test_no_cause_and_a_part_only_are_said(show, browser):
    answer = {**population_comparison(), "causes": []}
    show(QUERIES, answer)
    assert "Nothing sets the two apart" in browser.text()
    assert "Not all traces of the queries were read" in browser.text()
    show(TRACES, {**trace_comparison(), "truncated": True})
    assert "too large to show all of their rows" in browser.text()


def test_names_from_outside_are_text_and_never_break_the_page(show, browser):
    answer = trace_comparison()
    for row, name in zip(answer["rows"], HOSTILE):
        row["service"] = row["name"] = name
    answer["verdict"] = {"text": f"{HOSTILE[0]} {'y' * 5_000}", "row": 0}
    answer["a"]["rootService"] = answer["b"]["rootName"] = "z" * 10_000 + HOSTILE[1]
    causes = population_comparison()
    for cause, name in zip(causes["causes"], (HOSTILE[0], HOSTILE[2], "w" * 10_000)):
        cause["what"] = cause["where"] = cause["text"] = cause["query"] = name
    causes["a"]["query"] = "v" * 10_000
    for path, planned in ((TRACES, answer), (QUERIES, causes)):
        show(path, planned)
        assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth && document.querySelector('main').scrollWidth <= document.querySelector('main').clientWidth"), path
        assert browser.evaluate("document.querySelectorAll('main img, main svg, main script').length") == 0
        assert "<img src=x onerror=alert(1)>" in browser.text()
        assert "\u202e" not in browser.text()


@pytest.mark.parametrize("width", [360, 320])
def test_narrow_pages_scroll_one_way_only(show, browser, width):
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=700, deviceScaleFactor=1, mobile=False)
    for path, answer in ((TRACES, trace_comparison()), (QUERIES, population_comparison())):
        show(path, answer)
        assert browser.evaluate("document.documentElement.scrollWidth") <= width, path
        assert browser.evaluate("(() => { const main = document.querySelector('main'); return main.scrollWidth <= main.clientWidth; })()"), path
