"""The console in a real browser: its policy, a slow span found by its ID, the demo. What is made to be run, `test_journey.py` has."""

import os
import re
import subprocess
import time

import pytest

from browser import Browser
from http_raw import get, post
from payloads import attribute, new_trace_id, traces
from programs import RELEASE, wait_until

POLICY = {"default-src": "'none'", "script-src": "'self'", "style-src": "'self'", "connect-src": "'self'", "frame-ancestors": "'none'"}


@pytest.fixture(scope="module")
def browser():
    with Browser() as browser:
        yield browser


@pytest.fixture(autouse=True)
def nothing_to_worry_about(browser):
    browser.worries.clear()
    yield
    browser.evaluate("1")  # takes in what has happened meanwhile
    assert browser.worries == []


def slow_trace():
    """Three services; payments is where the time goes."""
    trace_id = new_trace_id()
    request = traces(trace_id, 3, name="GET /checkout", service="gateway")
    root, fast, slow = request.resource_spans[0].scope_spans[0].spans
    start = time.time_ns() - 2_000_000_000
    for span, name, begin, end in (
        (root, "GET /checkout", 0, 1_200), (fast, "check eligibility", 10, 40), (slow, "charge the card", 50, 1_150),
    ):
        span.name, span.start_time_unix_nano, span.end_time_unix_nano = name, start + begin * 10**6, start + end * 10**6
    attribute(slow.attributes, "hms.a2a.envelope_id", "env-4711")
    attribute(slow.attributes, "card.kind", "debit")
    slow.status.code, slow.status.message = 2, "slow answer"
    return trace_id.hex(), request


def open_trace(browser, system, trace_id):
    """By the way a person takes: paste the ID into the box."""
    browser.open(f"http://{system.collector.console}/")
    browser.until("document.querySelector('input') !== null")
    browser.evaluate("document.querySelector('input').focus()")
    browser.call("Input.insertText", text=trace_id)
    for kind in ("keyDown", "keyUp"):
        browser.call(
            "Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", windowsVirtualKeyCode=13, text="\r" if kind == "keyDown" else "",
        )


def test_the_page_is_served_with_a_strict_policy(system):
    answer = get(system.collector.console, "/")
    assert answer.status == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";") if part.strip())
    for directive, value in POLICY.items():
        assert policy[directive] == value
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_trace_is_found_by_its_id_and_the_slow_span_is_seen(system, browser, tmp_path):
    trace_id, request = slow_trace()
    assert post(system.collector.otlp, "/v1/traces", request.SerializeToString()).status == 200
    open_trace(browser, system, trace_id)
    browser.until("document.body.innerText.includes('charge the card')")
    text = browser.text()
    for name in ("GET /checkout", "check eligibility", "charge the card", "gateway"):
        assert name in text
    assert re.search(r"1[.,]10?\s?s|1[,.]?100(\.0)?\s?ms", text), text
    directory = os.environ.get("HMS_SCREENSHOTS")
    if directory:
        browser.screenshot(f"{directory}/trace.png")

    browser.click_text("charge the card")
    browser.until("document.body.innerText.includes('env-4711')")
    text = browser.text()
    assert "debit" in text and "slow answer" in text
    assert text.index("env-4711") < text.index("debit"), "the envelope comes first"
    if directory:
        browser.screenshot(f"{directory}/span.png")


def test_recent_traces_lead_to_a_trace(system, browser):
    trace_id, request = slow_trace()
    assert post(system.collector.otlp, "/v1/traces", request.SerializeToString()).status == 200
    browser.open(f"http://{system.collector.console}/")
    browser.until(f"document.body.innerText.includes('{trace_id[:8]}') || document.body.innerHTML.includes('{trace_id}')")


def test_an_unknown_trace_is_explained(system, browser):
    open_trace(browser, system, "0" * 31 + "1")
    browser.until("/no span of this trace|not found/i.test(document.body.innerText)")
    browser.evaluate("1")
    # The browser itself notes the 404 of the question; that is no fault of the page.
    browser.worries[:] = [worry for worry in browser.worries if "404" not in worry]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """hms-ops up --demo at addresses of its own. Gives (process, console)."""
    if not (RELEASE / "hms-demo").exists():
        pytest.skip("hms-demo is not built")
    place = tmp_path_factory.mktemp("demo")
    anywhere = "127.0.0.1:0"
    output = open(place / "out", "wb")
    process = subprocess.Popen(
        [RELEASE / "hms-ops", "up", "--demo", "--data", place / "data", "--collector-console", anywhere, "--collector-otlp", anywhere,
         "--sidecar-otlp", anywhere, "--sidecar-udp", anywhere, "--sidecar-statsd", anywhere,
         "--sidecar-push", anywhere, "--sidecar-admin", anywhere, "--demo-port", str(free_ports(3))],
        stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
    )

    def console():
        assert process.poll() is None, (place / "out").read_text()
        match = re.search(r"Console\s+http://([0-9.:]+)/", (place / "out").read_text())
        return match and match[1]

    yield process, wait_until(console, timeout=60, what="up prints the console's address")
    process.terminate()
    assert process.wait(30) == 0, (place / "out").read_text()


def free_ports(count):
    """The first of `count` free ports in a row. They may be taken before they are used; then the test says so."""
    import socket

    for port in range(20_000 + os.getpid() % 10_000, 60_000, count):
        sockets = []
        try:
            for number in range(count):
                sockets.append(socket.create_server(("127.0.0.1", port + number)))
            return port
        except OSError:
            continue
        finally:
            for opened in sockets:
                opened.close()
    raise AssertionError("no free ports")


def test_the_demo_fills_the_console_within_a_minute(demo, browser):
    _, console = demo

    def whole_trace():
        """A trace that all three services took part in, each called by the one before."""
        services = {}
        answer = get(console, "/api/v1/services")
        assert answer.status == 200, answer
        for name in ("gateway", "eligibility", "payments"):
            services[name] = name in answer.text
        return all(services.values())

    wait_until(whole_trace, timeout=60, what="all three services are known")
    browser.open(f"http://{console}/")
    browser.until("document.body.innerText.includes('gateway')", timeout=30)
    if os.environ.get("HMS_SCREENSHOTS"):
        browser.screenshot(os.environ["HMS_SCREENSHOTS"] + "/demo.png")
