"""The way from an ID to a cause through all pages, in a real browser against a real collector: with the mouse, with the keyboard
alone, and what the pages do with traces that were made to break them.

HMS_CONSOLE=host:port with HMS_CONSOLE_OTLP=host:port runs them against a console and a collector that are up already."""

import collections
import json
import os
import random
import re
import time
import urllib.parse

import pytest

from browser import Browser
from http_raw import get, post
from injection import payloads
from payloads import ExportTraceServiceRequest, attribute, field, new_trace_id, varint
from programs import wait_until
from test_trace_page import MS, Trace, clicks, press, show

Place = collections.namedtuple("Place", "console otlp")
PAYLOADS = payloads()


@pytest.fixture(scope="module")
def place(request):
    if "HMS_CONSOLE" in os.environ:
        return Place(os.environ["HMS_CONSOLE"], os.environ["HMS_CONSOLE_OTLP"])
    system = request.getfixturevalue("system")
    return Place(system.collector.console, system.collector.otlp)


@pytest.fixture(scope="module")
def browser(place):
    with Browser() as browser:
        browser.call("Browser.grantPermissions", origin=f"http://{place.console}", permissions=["clipboardReadWrite", "clipboardSanitizedWrite"])
        browser.call("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        yield browser


@pytest.fixture(autouse=True)
def nothing_to_worry_about(browser):
    browser.worries.clear()
    size(browser, 1300)
    yield
    browser.evaluate("1")  # takes in what has happened meanwhile
    assert browser.worries == []


def size(browser, width, height=900):
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)


# The way from an ID to a cause.


def checkout(place, envelope, slow, link=None):
    """A request that is slow at the bank, or not. Gives (trace id, span id of the charge)."""
    end = 1000 if slow else 90
    trace = Trace()
    root = trace.span("gateway", "POST /checkout", 0, end, kind=2)
    trace.span("rules", "check", 5, 30, root, kind=2)
    pay = trace.span("payments", "POST /payments", 35, end - 5, root, kind=2)
    charge = trace.span("payments", "charge the card", 40, end - 10, pay, kind=3, attributes={"hms.a2a.envelope_id": envelope, "card.kind": "debit"})
    if link:
        other = charge.links.add()
        other.trace_id, other.span_id = (bytes.fromhex(part) for part in link)
    return trace.send(place), charge.span_id.hex()


Shop = collections.namedtuple("Shop", "envelope slow span fast settlement settlement_span")


@pytest.fixture(scope="module")
def shop(place):
    """A slow request and a fast one, and the batch of another trace that the slow one links to."""
    batch = Trace()
    settle = batch.span("ledger", "settle the day", 0, 400, kind=5)
    settlement = batch.send(place)
    envelope = f"env-{random.randrange(10**12)}"
    slow, span = checkout(place, envelope, slow=True, link=(settlement, settle.span_id.hex()))
    fast, _ = checkout(place, f"env-{random.randrange(10**12)}", slow=False)
    return Shop(envelope, slow, span, fast, settlement, settle.span_id.hex())


def paste(browser):
    """What the clipboard holds, by the browser's own command."""
    browser.call("Input.dispatchKeyEvent", type="rawKeyDown", key="v", code="KeyV", windowsVirtualKeyCode=86, modifiers=2, commands=["paste"])
    browser.call("Input.dispatchKeyEvent", type="keyUp", key="v", code="KeyV", windowsVirtualKeyCode=86, modifiers=2)


def copied(browser):
    return browser.evaluate("navigator.clipboard.readText()")


def copy(browser, text):
    browser.evaluate(f"navigator.clipboard.writeText({json.dumps(text)})")


def settled(browser):
    browser.until("document.querySelector('.traces') !== null && !document.querySelector('.traces').hasAttribute('aria-busy')")


# The rows whose bar has a colour of the palette: [name, place of the bar].
BARS = """(() => { const probe = document.createElement('i'); document.body.append(probe); probe.style.color = 'var(--%s)';
  const wanted = getComputedStyle(probe).color; probe.remove();
  return [...document.querySelectorAll('.waterfall .row')].filter((row) => getComputedStyle(row.querySelector('.bar')).backgroundColor === wanted)
    .map((row) => { const r = row.querySelector('.bar').getBoundingClientRect(); return [row.querySelector('.name').textContent, r.x + r.width / 2, r.y + r.height / 2]; }); })()"""
SPANS_SHOWN = "document.querySelectorAll('.waterfall .row:not(.waiting)').length"
PANEL = "(document.querySelector('.panel:not([hidden]) h2')?.textContent ?? '')"
# What the eye has of a view: what is hidden need not be there yet.
VIEW = """JSON.stringify({ address: location.pathname + location.search + location.hash, panel: document.querySelector('.panel h2')?.textContent,
  rows: [...document.querySelectorAll('.waterfall:not([hidden]) .row')].map((row) => [row.id, row.getAttribute('aria-label'), row.getAttribute('aria-expanded'), row.querySelector('.bar:not([hidden])')?.style.left].join(' ')).sort(),
  tab: document.querySelector('[role=tab][aria-selected=true]').textContent, ticks: [...document.querySelectorAll('.waterfall:not([hidden]) .axis .ticks span')].map((tick) => tick.textContent),
  chosen: document.querySelector('.waterfall:not([hidden]) .row.chosen .name')?.textContent, table: document.querySelector('#view-table:not([hidden])')?.innerText })"""


def shows(browser, wanted):
    """Waits for the page to show the view that another showed (VIEW)."""
    deadline = time.monotonic() + 10
    while (now := json.loads(browser.evaluate(VIEW))) != wanted:
        if time.monotonic() > deadline:
            pytest.fail("\n".join(f'{part}: {now.get(part)} is not {wanted.get(part)}' for part in {*now, *wanted} if now.get(part) != wanted.get(part)))
        time.sleep(0.02)


def test_from_a_pasted_id_to_the_cause_with_the_mouse(place, browser, shop):
    # An ID from somebody's message goes into the box.
    browser.open(f"http://{place.console}/")
    settled(browser)
    copy(browser, shop.slow)
    clicks(browser, "#query")
    paste(browser)
    assert browser.evaluate("document.querySelector('#query').value") == shop.slow
    press(browser, "Enter")
    browser.until(f"location.pathname === '/trace/{shop.slow}' && {SPANS_SHOWN} === 4")

    # One bar has the hottest colour. It is clicked, and its envelope copied.
    hot = browser.evaluate(BARS % "step4")
    assert [name for name, *_ in hot] == ["charge the card"]
    for kind in ("mousePressed", "mouseReleased"):
        browser.call("Input.dispatchMouseEvent", type=kind, x=hot[0][1], y=hot[0][2], button="left", clickCount=1)
    browser.until(f"{PANEL} === 'charge the card' && document.querySelector('.panel .context') !== null")
    clicks(browser, ".panel .context .copy")
    browser.until("document.querySelector('.panel .context .copy').textContent === 'Copied'")
    assert copied(browser) == shop.envelope

    # The envelope finds the trace it came from.
    browser.click_text("Traces")
    browser.until("document.querySelector('#query') !== null")
    clicks(browser, "#query")
    browser.call("Input.insertText", text="hms.a2a.envelope_id = ")
    paste(browser)
    press(browser, "Enter")
    found = "[...document.querySelectorAll('.result')].map((row) => row.dataset.trace)"
    browser.until(f"document.querySelectorAll('.result').length === 1 && {found}[0] === '{shop.slow}'")
    assert browser.evaluate("new URLSearchParams(location.search).get('q')") == f"hms.a2a.envelope_id = {shop.envelope}"

    # Beside a fast one, the verdict names what took so long, and leads there.
    browser.evaluate("document.querySelector('#query').select()")
    browser.call("Input.insertText", text="trace.root.name = \"POST /checkout\"")
    press(browser, "Enter")
    browser.until("document.querySelectorAll('.result').length === 2")
    for trace in (shop.slow, shop.fast):
        clicks(browser, f".result[data-trace='{trace}'] input")
    browser.until("document.querySelector('.compare-bar a') !== null")
    clicks(browser, ".compare-bar a")
    browser.until("document.querySelector('.compareverdict') !== null")
    assert browser.evaluate("location.search") == f"?a={shop.slow}&b={shop.fast}"
    assert "payments" in browser.evaluate("document.querySelector('.compareverdict').innerText") and "charge the card" in browser.evaluate("document.querySelector('.compareverdict').innerText")
    browser.click_text("Show where")
    browser.until("document.querySelector('.comparepair.chosen')?.getAttribute('aria-label').startsWith('payments · charge the card')")
    browser.click_text("Open the span in trace A")
    browser.until(f"location.pathname === '/trace/{shop.slow}' && {PANEL} === 'charge the card'")
    browser.until("document.querySelector('.panel .links a') !== null")

    # A link leads to the trace of the batch, and back to the same view.
    press(browser, "+")
    browser.until("location.search.includes('from=')")
    before = json.loads(browser.evaluate(VIEW))
    clicks(browser, ".panel .links a")
    browser.until(f"location.pathname === '/trace/{shop.settlement}' && {PANEL} === 'settle the day'")
    browser.until("document.querySelector('.panel').innerText.includes('charge the card')")  # linked from
    browser.evaluate("history.back()")
    browser.until(f"location.pathname === '/trace/{shop.slow}' && {PANEL} === 'charge the card' && {SPANS_SHOWN} > 0")
    shows(browser, before)


def test_whoever_opens_a_copied_link_sees_the_same(place, browser, shop):
    links = []
    for view, rows in (("waterfall", SPANS_SHOWN), ("table", "document.querySelectorAll('#view-table tbody tr').length")):
        show(browser, place, f"/trace/{shop.slow}#{shop.span}", f"{PANEL} === 'charge the card' && document.querySelector('.panel .links a') !== null")
        press(browser, "+", "c")
        browser.evaluate(f"document.querySelector('#tab-{view}').click()")
        browser.until(f"location.search.includes('path=off') && {rows} === 4")
        clicks(browser, ".heading .acts button")
        browser.until("document.querySelector('.heading .acts button').textContent === 'Copied'")
        links.append((copied(browser), json.loads(browser.evaluate(VIEW))))
        assert links[-1][1]["tab"] == view.capitalize()
    with Browser() as stranger:
        size(stranger, 1300)
        for address, wanted in links:
            stranger.open(address)
            stranger.until(f"{PANEL} === 'charge the card'")
            shows(stranger, wanted)
        assert stranger.worries == []


# Whether somebody who only has a keyboard sees where they are: "" or what is wrong.
FOCUS = """(() => {
  const at = document.activeElement, named = document.getElementById(at.getAttribute('aria-activedescendant') ?? ''), what = at.outerHTML.slice(0, 120);
  const ringed = (e) => { const s = getComputedStyle(e); return (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) >= 1) || s.boxShadow !== 'none'; };
  if (at === document.body) return 'nothing has the focus';
  if (!at.matches(':focus-visible')) return `the focus is not to be seen: ${what}`;
  if (![at, named, at.closest('.askbox')].some((e) => e && ringed(e))) return `no ring: ${what}`;
  const box = (named ?? at).getBoundingClientRect();
  if (box.width < 2 || box.height < 2) return `no size: ${what}`;
  const [left, right, top, bottom] = [Math.max(0, box.left), Math.min(innerWidth, box.right), Math.max(0, box.top), Math.min(innerHeight, box.bottom)];
  if (right - left < 2 || bottom - top < 2) return `out of sight: ${what}`;
  const over = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  return over && (at.contains(over) || over.contains(at)) ? '' : `covered by ${over?.outerHTML.slice(0, 80)}: ${what}`; })()"""


def tab_to(browser, selector, most=90):
    """Tab until an element that `selector` names has the focus; on the way the focus is always seen."""
    passed = []
    for _ in range(most):
        press(browser, "Tab")
        wrong, there, name = browser.evaluate(f"[{FOCUS}, document.activeElement.matches({json.dumps(selector)}), document.activeElement.outerHTML.slice(0, 60)]")
        assert wrong == "", f"on the way to {selector} after {passed[-3:]}"
        if there:
            return
        passed.append(name)
    raise AssertionError(f"{selector} was not reached; passed {passed}")


def test_from_an_id_to_the_cause_with_tab_arrows_and_enter_alone(place, browser, shop):
    browser.open("about:blank")
    browser.open(f"http://{place.console}/")
    settled(browser)
    tab_to(browser, "#query")
    browser.call("Input.insertText", text=shop.slow)
    press(browser, "Enter")
    browser.until(f"location.pathname === '/trace/{shop.slow}' && {SPANS_SHOWN} === 4")

    # Down the rows to the one with the hottest bar.
    browser.until("document.activeElement.matches('.waterfall')")
    for _ in range(4):
        if browser.evaluate("document.querySelector('.waterfall .row.focus .bar').matches('.step4')"):
            break
        press(browser, "ArrowDown")
        assert browser.evaluate(FOCUS) == ""
    press(browser, "Enter")
    browser.until(f"{PANEL} === 'charge the card' && document.querySelector('.panel .links a') !== null")

    # The envelope is copied, and what has the same is found.
    tab_to(browser, ".panel .context .copy")
    press(browser, "Enter")
    browser.until("document.activeElement.textContent === 'Copied'")
    assert copied(browser) == shop.envelope
    tab_to(browser, ".panel .context a", most=1)
    press(browser, "Enter")
    browser.until(f"document.querySelectorAll('.result').length === 1 && document.querySelector('.result').dataset.trace === '{shop.slow}'")
    tab_to(browser, ".result a.open")
    press(browser, "Enter")
    browser.until(f"location.pathname === '/trace/{shop.slow}' && {SPANS_SHOWN} === 4")

    # Other views by arrows along the tabs; what the graph shows can be reached as well.
    browser.evaluate("document.querySelector('main').focus()")
    tab_to(browser, "[role=tab]")
    for name in ("Flame graph", "Call graph", "Table", "Events", "Waterfall"):
        press(browser, "ArrowRight")
        browser.until(f"document.activeElement.textContent === {json.dumps(name)} && document.activeElement.getAttribute('aria-selected') === 'true'")
        assert browser.evaluate(FOCUS) == ""

    # Compared with a fast one.
    browser.evaluate("document.querySelector('main').focus()")
    tab_to(browser, ".menu summary")
    press(browser, "Enter")
    tab_to(browser, ".menu input", most=1)
    browser.call("Input.insertText", text=shop.fast)
    tab_to(browser, ".menu a", most=1)
    press(browser, "Enter")
    browser.until("document.querySelector('.compareverdict')?.innerText.includes('charge the card')")
    tab_to(browser, ".compareverdict .jump")
    press(browser, "Enter")
    browser.until("document.querySelector('.comparepair.chosen')?.getAttribute('aria-label').startsWith('payments · charge the card')")
    assert browser.evaluate(FOCUS) == ""
    tab_to(browser, f".panel a[href='/trace/{shop.slow}#{shop.span}']")
    press(browser, "Enter")
    browser.until(f"location.pathname === '/trace/{shop.slow}' && {PANEL} === 'charge the card' && document.querySelector('.panel .links a') !== null")

    # A link to another trace.
    tab_to(browser, ".panel .links a")
    press(browser, "Enter")
    browser.until(f"location.pathname === '/trace/{shop.settlement}' && {PANEL} === 'settle the day'")


# What was made to be run, in every field, on every page.


def put(attributes, key, text):
    """One attribute as text, as bytes, within lists and within maps, as key and as value."""
    attribute(attributes, key, text)
    entry = attributes.add()
    entry.key = f"nested {key}"
    entry.value.array_value.values.add().string_value = text
    inner = entry.value.array_value.values.add().kvlist_value.values.add()
    inner.key, inner.value.string_value = text, text
    deep = inner.value if len(text) > 500 else entry.value.array_value.values.add().kvlist_value.values.add().value
    if deep is not inner.value:
        deep.array_value.values.add().bytes_value = text.encode()
        deep.array_value.values.add().array_value.values.add().string_value = text


class Hostile:
    """A trace in which each payload stands in all text fields of three spans: the call to a service of that name, its answer, and
    what that service asks of a database of that name."""

    def __init__(self, texts, failed, shared=()):
        self.id, self.texts = new_trace_id(), texts
        self.request = ExportTraceServiceRequest()
        self.count = 0
        self.start = time.time_ns() - 60 * 10**9 + random.randrange(10**9)
        whole = 4_000 if failed else 900
        root = self._span(texts[0], None, 0, whole, 2, failed)
        for text in shared:
            attribute(root.attributes, text, text)
        for number, text in enumerate(texts):
            at = 1 + number * whole // len(texts)
            length = whole // len(texts) - 3 if number else whole - 10
            call = self._span(text, root, at, at + length, 3, failed, service=texts[0])
            answer = self._span(text, call, at + 1, at + length - 1, 2, failed)
            self._span(text, answer, at + 2, at + length - 2, 3, failed)

    def _span(self, text, parent, start, end, kind, failed, service=None):
        service = text if service is None else service
        group = self.request.resource_spans.add()
        attribute(group.resource.attributes, "service.name", service)
        attribute(group.resource.attributes, "host.name", service)
        attribute(group.resource.attributes, "service.version", service)
        put(group.resource.attributes, text, text)
        scope = group.scope_spans.add()
        group.schema_url = scope.schema_url = text
        scope.scope.name = scope.scope.version = text
        attribute(scope.scope.attributes, text, text)
        span = scope.spans.add()
        self.count += 1
        span.trace_id, span.span_id, span.name, span.kind, span.trace_state = self.id, (0x7000 + self.count).to_bytes(8, "big"), text, kind, text
        if parent is not None:
            span.parent_span_id = parent.span_id
        span.start_time_unix_nano, span.end_time_unix_nano = self.start + start * MS, self.start + end * MS
        span.status.code, span.status.message = (2 if failed else 0), text
        put(span.attributes, text, text)
        for key in ("hms.a2a.envelope_id", "hms.mcp.tool", "hms.mcp.context", "http.request.method", "server.address"):
            attribute(span.attributes, key, text)
        if kind == 3 and service == text:
            attribute(span.attributes, "db.system.name", text)
            attribute(span.attributes, "db.query.text", text)
        event = span.events.add()
        event.name, event.time_unix_nano = text, span.start_time_unix_nano
        for key in ("exception.type", "exception.message", "exception.stacktrace", text):
            attribute(event.attributes, key, text)
        link = span.links.add()
        link.trace_id, link.span_id, link.trace_state = self.id if self.count % 2 else new_trace_id(), (0x7001).to_bytes(8, "big"), text
        put(link.attributes, text, text)
        return span

    def send(self, place):
        answer = post(place.otlp, "/v1/traces", self.request.SerializeToString())
        assert answer.status == 200 and b"rejected" not in answer.body, answer
        return self.id.hex()


UNSEEN = re.compile("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def visible(text):
    return UNSEEN.sub(lambda unseen: f"⟨U+{ord(unseen[0]):04X}⟩", text)


@pytest.fixture(scope="module")
def hostile(place):
    """[(trace id, payloads)]: all payloads over eight traces, of which half failed and have attributes in common."""
    each = -(-len(PAYLOADS) // 8)
    short = [text for text in PAYLOADS if len(text) < 200]
    traces = []
    for number in range(8):
        trace = Hostile(PAYLOADS[number * each:(number + 1) * each], failed=number % 2 == 1, shared=short[:12] if number % 2 else ())
        traces.append((trace.send(place), trace.texts))
    for number in range(12):
        Hostile([short[0], short[number]], failed=number % 2 == 1, shared=short[:12] if number % 2 else ()).send(place)
    return traces


# What no page of the console holds, whatever it was given: [] when all is well. `hmsStrange(part)` looks at a part alone.
WATCH = r"""window.hmsStrange = (part = document.body) => {
  const tags = new Set('A ARTICLE ASIDE B BR BUTTON CANVAS CAPTION CODE COL COLGROUP DD DETAILS DIALOG DIV DL DT EM FIELDSET FIGCAPTION FIGURE FOOTER FORM G H1 H2 H3 HEADER I INPUT KBD LABEL LI MAIN MARK NAV NOSCRIPT OL OPTION P PATH PRE RECT CIRCLE LINE POLYLINE TEXT SECTION SELECT SPAN SMALL STRONG SUMMARY SVG TABLE TBODY TD TFOOT TH THEAD TIME TR UL'.split(' '));
  const unseen = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/;
  const found = [];
  for (const e of part.querySelectorAll('*')) {
    if (!tags.has(e.tagName.toUpperCase())) found.push(`element ${e.tagName}`);
    for (const { name, value } of e.attributes) {
      if (/^on|^src|^srcdoc$|^action$|^formaction$|^xlink|^is$/i.test(name)) found.push(`attribute ${name}=${value.slice(0, 60)}`);
      if (name === 'href' && !/^\/(?!\/)|^#/.test(value)) found.push(`address ${value.slice(0, 60)}`);
      if (unseen.test(value)) found.push(`unseen in ${name}: ${JSON.stringify(value.slice(0, 60))}`);
    }
  }
  const walk = document.createTreeWalker(part, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) if (unseen.test(walk.currentNode.data)) found.push(`unseen in text: ${JSON.stringify(walk.currentNode.data.slice(0, 80))}`);
  if (unseen.test(document.title)) found.push('unseen in title');
  const main = document.querySelector('main');
  if (document.documentElement.scrollWidth > innerWidth || document.body.scrollWidth > innerWidth) found.push(`the page is ${document.documentElement.scrollWidth} wide`);
  if (main.scrollWidth > main.clientWidth) found.push(`main is ${main.scrollWidth} wide in ${main.clientWidth}`);
  if ([...document.querySelectorAll('head > *')].some((e) => !e.matches('meta[charset], meta[name], title, link[href^="/assets/"], link[href^="/lib/"], script[src^="/assets/"], script[src^="/lib/"]'))) found.push('the head was changed');
  return [...new Set(found)].slice(0, 8); };
// Waits for something and then looks at all of the page, or at a part: [what is strange] or what never came.
window.hmsUntil = async (check, part) => {
  for (const start = performance.now(); !check();) {
    if (performance.now() - start > 15000) return [`never came: ${check}`];
    await new Promise((done) => setTimeout(done, 3));
  }
  return window.hmsStrange(part ? document.querySelector(part) : document.body);
};
window.hmsKey = (selector, ...keys) => keys.forEach((key) => document.querySelector(selector).dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true })));"""
STRANGE = "window.hmsStrange()"


def drawn(browser):
    browser.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def safe(browser, where):
    drawn(browser)
    assert browser.evaluate(STRANGE) == [], where
    assert browser.worries == [], where


def answer_400(browser):
    """The browser itself notes what the collector refuses."""
    browser.evaluate("1")
    browser.worries[:] = [worry for worry in browser.worries if not re.search(r"status of 40[04]", worry)]


def test_there_are_200_payloads_and_what_they_do_where_nothing_stops_them_is_noticed(browser):
    assert len(PAYLOADS) >= 200 and len(set(PAYLOADS)) == len(PAYLOADS)
    browser.open("about:blank")
    browser.evaluate("document.body.innerHTML = `<main style='width:100px;overflow:auto'><img src=x onerror=hit(1)><img src=x onerror=alert(2)><img src=http://outside.invalid/a.png><p onclick=x>\u202e</p><b style='display:block;width:9000px'>`")
    deadline = time.monotonic() + 10
    while len({worry.split(":")[0] for worry in browser.worries} & {"ran", "dialog", "request"}) < 3:
        assert time.monotonic() < deadline, browser.worries
        browser.evaluate("new Promise((done) => setTimeout(done, 10))")
    assert "ran: 1" in browser.worries and "dialog: 2" in browser.worries and "request: http://outside.invalid/a.png" in browser.worries
    strange = browser.evaluate("[...document.body.querySelectorAll('img')].slice(1).forEach((e) => e.remove()), hmsStrange()")
    for part in ("element IMG", "attribute onerror", "unseen in text", "main is"):
        assert any(part in found for found in strange), (part, strange)
    browser.worries.clear()


def test_hostile_traces_are_lines_of_text_in_the_list_its_facets_and_live(place, browser, hostile):
    for width in (1300, 360):
        size(browser, width)
        browser.open(f"http://{place.console}/")
        settled(browser)
        browser.until(f"[...document.querySelectorAll('.result')].filter((row) => {json.dumps([trace for trace, _ in hostile])}.includes(row.dataset.trace)).length === 8")
        browser.until("document.querySelectorAll('.group').length > 4")  # attributes that tell them apart
        safe(browser, width)
    size(browser, 1300)
    drawn(browser)
    shown = browser.evaluate("document.querySelector('main').textContent")
    for _, (first, *_) in hostile:
        assert visible(first)[:100].strip() in shown
    browser.evaluate("document.querySelector('.cloud').focus()")
    for _ in range(8):
        press(browser, "ArrowLeft")
    safe(browser, "points")
    # Facets write queries of what they are named after.
    for at in range(0, browser.evaluate("document.querySelectorAll('.facet').length"), 11):
        browser.evaluate(f"document.querySelectorAll('.facet')[{at}]?.click()")
        settled(browser)
        assert browser.evaluate("document.querySelector('.query-error').innerText") == "", browser.evaluate("document.querySelector('#query').value")
        safe(browser, browser.evaluate("document.querySelector('#query').value"))
        browser.evaluate("document.querySelector('[aria-label=\"Empty the box\"]').click()")
        settled(browser)
    browser.evaluate("document.querySelector('.switch').click()")
    browser.until("document.querySelector('.live-note').textContent.includes('as they come')")
    late = Hostile(PAYLOADS[:3], failed=True).send(place)
    browser.until(f"[...document.querySelectorAll('.result')].some((row) => row.dataset.trace === '{late}')")
    safe(browser, "live")


def test_every_hostile_span_is_shown_as_it_is_in_every_view(place, browser, hostile):
    for trace, texts in hostile:
        show(browser, place, f"/trace/{trace}")
        safe(browser, trace)
        spans = browser.evaluate("Number(document.querySelector('.waterfall').getAttribute('aria-rowcount')) - 1")
        assert spans == 1 + 3 * len(texts)
        names = [visible(text[:600]) + ("…" if len(text) > 600 else "") for text in texts]
        # Below the root stand, for each payload, the call, its answer, and what was asked of the database. The answer is chosen.
        wrong = browser.evaluate("""(async (names) => {
          const rows = document.querySelector('.waterfall .rows');
          for (const [at, name] of names.entries()) {
            const row = `#row-${2 + 3 * at}:not([aria-busy])`;
            rows.scrollTop = 3 * at * 28;
            const wrong = [...await hmsUntil(() => document.querySelector(row) !== null, row), document.querySelector(row)?.click(),
              ...await hmsUntil(() => document.querySelector('.panel h2')?.textContent === name && document.querySelector('.panel details') !== null, '.panel')].filter(Boolean);
            if (wrong.length) return [name.slice(0, 300), ...wrong];
          }
          return [];
        })(%s)""" % json.dumps(names), timeout=90)
        assert wrong == []
        safe(browser, trace)
        for view in ("flame", "graph", "table", "events"):
            browser.evaluate(f"document.querySelector('#tab-{view}').click()")
            browser.until({"flame": "document.querySelectorAll('.frame').length > 0", "graph": "document.querySelector('#view-graph .graphcanvases') !== null",
                           "table": "document.querySelectorAll('#view-table tbody tr').length > 0", "events": "document.querySelectorAll('.logs li').length > 0"}[view])
            safe(browser, (trace, view))


def test_hostile_values_are_whole_and_copied_as_they_came(place, browser, hostile):
    every = [text for _, texts in hostile for text in texts]
    for text in [text for text in every if len(text) > 800][:1] + [text for text in every if UNSEEN.search(text) and "\0" not in text][:3]:
        trace = next(trace for trace, texts in hostile if text in texts)
        span = 0x7000 + 2 + 3 * next(texts for _, texts in hostile if text in texts).index(text)
        show(browser, place, f"/trace/{trace}#{span:016x}", "document.querySelector('.panel details') !== null")
        browser.evaluate("(() => { for (const more of [...document.querySelectorAll('.panel .quiet')].filter((b) => b.textContent.startsWith('Show all'))) more.click(); document.querySelector('.panel details').open = true; })()")
        browser.until("document.querySelector('.panel .raw pre') !== null")
        safe(browser, text[:300])
        browser.evaluate("document.querySelector('.panel .context .copy').click()")
        browser.until("document.querySelector('.panel .context .copy').textContent === 'Copied'")
        assert copied(browser).replace("\r\n", "\n") == text.replace("\r\n", "\n")


def test_hostile_traces_are_compared_as_text(place, browser, hostile):
    show(browser, place, f"/compare?a={hostile[1][0]}&b={hostile[0][0]}", "document.querySelector('.comparison') !== null")
    safe(browser, "traces")
    browser.evaluate("document.querySelector('.comparegrid').focus()")
    press(browser, "Enter")
    assert browser.evaluate("""(async () => {
      for (let at = 1; at < Number(document.querySelector('.comparegrid').getAttribute('aria-rowcount')); at += 3) {
        hmsKey('.comparegrid', 'ArrowDown', 'ArrowDown', 'ArrowDown');
        const wrong = await hmsUntil(() => !document.querySelector('.comparestage .panel').hidden);
        if (wrong.length) return [at, ...wrong];
      }
      return [];
    })()""", timeout=90) == []
    asked = urllib.parse.urlencode({"a": "trace.error = true", "b": "trace.error = false"})
    show(browser, place, f"/compare?{asked}", "document.querySelectorAll('.cause').length > 0")
    safe(browser, "populations")
    for address in browser.evaluate("[...document.querySelectorAll('.cause a')].filter((link) => link.textContent === 'Find these').map((link) => link.getAttribute('href'))")[:6]:
        browser.evaluate(f"import('/assets/console.js').then(({{ go }}) => go({json.dumps(address)}))")
        settled(browser)
        assert browser.evaluate("document.querySelectorAll('.result').length") > 0, address
        safe(browser, address)


def test_hostile_services_and_their_calls_are_shown_as_text(place, browser, hostile):
    def counted():
        answer = get(place.console, "/api/v1/services")
        assert answer.status == 200, answer
        return len(PAYLOADS) <= len(answer.json["services"])

    wait_until(counted, what="all services are counted")
    for width in (1300, 360):
        size(browser, width)
        show(browser, place, "/services", "document.querySelectorAll('.red tbody tr').length >= 100")
        safe(browser, ("services", width))
        show(browser, place, "/graph?group=none", "document.querySelector('.graph')?.dataset.boxes > 200")
        safe(browser, ("graph", width))
    size(browser, 1300)
    browser.evaluate("document.querySelector('.graphcanvases').focus()")
    assert browser.evaluate("""(async () => {
      for (let at = 0; at < 25; at++) {
        hmsKey('.graphcanvases', 'ArrowDown', 'Enter');
        const wrong = await hmsUntil(() => !document.querySelector('.graphpanel').hidden);
        if (wrong.length) return [document.getElementById('graphspot').getAttribute('aria-label').slice(0, 300), ...wrong];
      }
      return [];
    })()""", timeout=90) == []
    safe(browser, "details of services")
    for path, ready in (("/graph?view=table", "document.querySelectorAll('.graphtables tbody tr').length > 200"), ("/graph", "document.querySelector('.graph')?.dataset.boxes > 0"),
                        ("/graph?diff=before", "document.querySelector('.graph')?.dataset.boxes > 0")):
        show(browser, place, path, ready)
        safe(browser, path)


def test_addresses_made_of_payloads_open_safely(place, browser, hostile):
    show(browser, place, "/", "document.querySelector('.traces') !== null")
    browser.evaluate("import('/assets/console.js').then(({ go }) => { window.go = go; })")
    trace = hostile[0][0]
    forms = ["/?q={}", "/?from={}&to={}", "/services?service={}", "/services?service={}&operation={}&from={}", "/trace/{}", f"/trace/{trace}?view={{}}&find={{}}&closed={{}}#{{}}",
             "/graph?node={}&near={}", "/graph?q={}", "/graph?diff={}&window={}", "/compare?a={}&b={}", "/compare?a={}", "/{}"]
    for number, text in enumerate(PAYLOADS):
        if len(text) > 4_000:
            continue
        written = urllib.parse.quote(text, safe="")
        address = forms[number % len(forms)].replace("{}", written)
        assert browser.evaluate(f"go({json.dumps(address)}).then(() => hmsUntil(() => document.querySelector('main [aria-busy=true]') === null))") == [], address[:300]
        answer_400(browser)
        assert browser.worries == [], address[:300]


def test_the_report_for_an_incident_is_text_wherever_it_is_opened(place, browser, hostile, tmp_path):
    for trace, texts in hostile:
        answer = get(place.console, f"/api/v1/traces/{trace}?format=html")
        assert answer.status == 200
        page = tmp_path / f"{trace}.html"
        page.write_bytes(answer.body)
        for width in (1300, 360):
            size(browser, width)
            browser.open(page.as_uri())
            browser.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
            drawn(browser)
            assert browser.evaluate("[document.querySelectorAll('script, img, svg, iframe, object, embed, link, base, form, input, video, audio').length, document.querySelectorAll('style').length]") == [0, 1]
            assert browser.evaluate("[...document.querySelectorAll('*')].flatMap((e) => [...e.attributes].filter(({ name, value }) => /^(on|src)/.test(name) || (name === 'href' && !value.startsWith('#'))).map(({ name }) => name))") == []
            assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth"), (trace, width)
            assert browser.worries == [], (trace, width)
        shown = browser.evaluate("document.body.textContent")
        assert sum(visible(text)[:60].strip() in shown for text in texts) >= len(texts) - 2


def test_answers_of_the_collector_are_never_taken_for_pages(place, browser, hostile):
    for path in (f"/api/v1/traces/{hostile[0][0]}", f"/api/v1/traces/{hostile[0][0]}/overview", "/api/v1/search", "/api/v1/services", "/api/v1/search?q=%3Cscript%3Ehit(1)%3C/script%3E",
                 "/api/v1/attributes/%3Cscript%3E", "/%3Cscript%3Ehit(1)%3C/script%3E", "/api/v1/%3Cscript%3E"):
        answer = get(place.console, path)
        if "script" in answer.text or answer.status == 200:
            assert answer.headers["content-type"] == "application/json" and answer.headers["x-content-type-options"] == "nosniff", path
        browser.open(f"http://{place.console}{path}")
        assert browser.evaluate("document.querySelectorAll('body script, img, svg').length") == 0
        answer_400(browser)
        assert browser.worries == [], path


# Sizes and shapes that nobody expects.


def span_bytes(trace, number, parent, name, start, end, rest=b""):
    """A span in protobuf, for traces too large for the classes; `parent` is its number or None."""
    identity = (number + 1).to_bytes(8, "big")
    times = b"".join(varint(tag << 3 | 1) + max(0, at).to_bytes(8, "little") for tag, at in ((7, start), (8, end)))
    above = field(4, (parent + 1).to_bytes(8, "big")) if parent is not None else b""
    return field(2, field(1, trace) + field(2, identity) + above + field(5, name) + varint(6 << 3) + varint(1) + times + rest)


def send_bytes(place, spans, service=b"odd"):
    resource = field(1, field(1, field(1, b"service.name") + field(2, field(1, service))))
    for at in range(0, len(spans), 10_000):
        assert post(place.otlp, "/v1/traces", field(1, resource + field(2, b"".join(spans[at:at + 10_000])))).status == 200


def opens(browser, place, trace, chosen, within=15):
    """Opens a trace, goes to its last row and shows details; gives the names in sight. Nothing of it takes long."""
    before = time.monotonic()
    show(browser, place, f"/trace/{trace.hex()}")
    press(browser, "End")
    browser.until("document.querySelectorAll('.row.focus:not(.waiting)').length === 1")
    press(browser, "Enter")
    browser.until(f"{PANEL} === {json.dumps(chosen)} && document.querySelector('.panel details') !== null")
    took = time.monotonic() - before
    print(f"opened, at its end, with details after {took:.1f} s")
    assert took < within
    safe(browser, chosen)
    for view, there in (("flame", "document.querySelectorAll('.frame').length"), ("table", "document.querySelectorAll('#view-table tbody tr').length"), ("waterfall", "document.querySelectorAll('.row').length")):
        browser.evaluate(f"document.querySelector('#tab-{view}').click()")
        browser.until(f"{there} > 0")
        safe(browser, view)
    return browser.evaluate("[...document.querySelectorAll('.waterfall .row .name')].map((name) => name.textContent)")


def test_100000_children_below_one_span(place, browser):
    trace, now = new_trace_id(), time.time_ns() - 10**11
    spans = [span_bytes(trace, 0, None, b"root", now, now + 10**10)]
    spans += [span_bytes(trace, number, 0, b"child %d" % number, now + number * 10**5, now + number * 10**5 + 90_000) for number in range(1, 100_001)]
    send_bytes(place, spans)
    assert "child 100000" in opens(browser, place, trace, "child 100000")
    press(browser, "f")
    browser.call("Input.insertText", text="child 77777")
    browser.until("document.querySelector('.found').textContent === '1 found'")
    press(browser, "Enter")
    browser.until("document.querySelector('.waterfall .row.focus .name')?.textContent === 'child 77777'")


def test_a_chain_of_100000(place, browser):
    trace, now = new_trace_id(), time.time_ns() - 10**11
    send_bytes(place, [span_bytes(trace, number, number - 1 if number else None, b"deep %d" % number, now + number * 1000, now + 10**10 - number * 1000) for number in range(100_000)])
    assert "deep 99999" in opens(browser, place, trace, "deep 99999")
    assert browser.evaluate("document.querySelector('.waterfall .row.focus .deep').textContent") == "99999"
    browser.evaluate("document.querySelector('.waterfall').focus()")
    press(browser, "ArrowLeft")  # to its parent
    browser.until("document.querySelector('.waterfall .row.focus .name').textContent === 'deep 99998'")
    press(browser, "Home", "ArrowLeft")
    browser.until("document.querySelector('.waterfall').getAttribute('aria-rowcount') === '2'")


def test_rings_impossible_times_and_values_of_a_megabyte(place, browser, shop):
    trace, now = new_trace_id(), time.time_ns() - 10**11
    century = 100 * 365 * 86_400 * 10**9
    big = field(9, field(1, b"big") + field(2, field(1, b"v" * 1_000_000)))
    send_bytes(place, [
        span_bytes(trace, 0, None, b"root", now, now + 10**9), span_bytes(trace, 1, 2, b"ring a", now + 1, now + 1000), span_bytes(trace, 2, 3, b"ring b", now + 2, now + 1000),
        span_bytes(trace, 3, 1, b"ring c", now + 3, now + 1000), span_bytes(trace, 4, 4, b"its own parent", now + 4, now + 1000),
        span_bytes(trace, 5, 0, b"backwards", now + 10**8, now), span_bytes(trace, 6, 0, b"a century", now, now + century), span_bytes(trace, 7, 0, b"never", 0, 0),
        span_bytes(trace, 8, 0, b"the end of time", 2**64 - 2, 2**64 - 1), span_bytes(trace, 9, 0, b"before all", 1, 2), span_bytes(trace, 10, 0, b"heavy", now + 10**7, now + 2 * 10**7, big * 2),
        span_bytes(trace, 11, 99, b"", now, now + 5), span_bytes(trace, 12, 0, b"\xe2\x80\xae" * 5_000, now + 10**7, now + 2 * 10**7),
    ])
    show(browser, place, f"/trace/{trace.hex()}")
    names = browser.evaluate("[...document.querySelectorAll('.waterfall .row')].sort((a, b) => a.ariaRowIndex - b.ariaRowIndex).map((row) => row.querySelector('.name').textContent)")
    assert {"root", "ring a", "ring b", "ring c", "its own parent", "backwards", "a century", "never", "the end of time", "before all", "heavy", "unnamed"} <= set(names) and len(names) == 14
    press(browser, "Home", "Enter")
    for name in names:
        browser.until("document.querySelector('.panel details') !== null || document.querySelector('.panel').textContent.includes('What to do next')")
        safe(browser, name)
        press(browser, "ArrowDown")
    told = browser.evaluate("[...document.querySelectorAll('.waterfall .odd:not([hidden])')].map((mark) => mark.title).sort().join(' ')")
    for word in ("ends-before-start", "self-parent", "in-cycle", "cycle-cut", "time-unset", "time-absurd"):
        assert word in told
    browser.evaluate("[...document.querySelectorAll('.waterfall .row')].find((row) => row.querySelector('.name').textContent === 'heavy').click()")
    browser.until("document.querySelector('.panel').innerText.includes('Show all 1,000,000 characters')")
    browser.click_text("Show all 1,000,000 characters")
    browser.until("document.querySelector('.panel pre')?.textContent.length === 1000000")
    for view in ("flame", "graph", "table", "events", "waterfall"):
        browser.evaluate(f"document.querySelector('#tab-{view}').click()")
        safe(browser, view)
    show(browser, place, f"/compare?a={trace.hex()}&b={shop.slow}", "document.querySelector('.comparison') !== null")
    safe(browser, "compared")
    show(browser, place, "/", f"document.querySelector(`.result[data-trace='{trace.hex()}']`) !== null")
    safe(browser, "in the list")
