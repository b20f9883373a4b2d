"""Drives Debian's Chromium without a window, over its DevTools protocol."""

import base64
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import time
import urllib.request

from websockets.sync.client import connect


HERE = re.compile(r"(data|blob|about|file):|(http|ws)://(127\.0\.0\.1|localhost|\[::1\])[:/]")


class Browser:
    """One page. Keeps everything that would worry a reader: console errors, exceptions, dialogs, policy violations, requests to
    other hosts, and calls of `hit` by scripts that nobody wrote for the page (`injection.py`)."""

    def __init__(self):
        program = shutil.which("chromium") or shutil.which("chromium-browser")
        assert program, "chromium is missing: scripts/install-dependencies test"
        self.profile = tempfile.TemporaryDirectory(prefix="hms-browser-", ignore_cleanup_errors=True)
        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--remote-debugging-port=0", "--window-size=1280,900",
             f"--user-data-dir={self.profile.name}", "about:blank"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        port = self._wait_for_port()
        targets = json.load(urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=10))
        page = next(target for target in targets if target["type"] == "page")
        self.connection = connect(page["webSocketDebuggerUrl"], max_size=None, open_timeout=20, compression=None)
        self.socket = self.connection.__enter__()
        self.number = 0
        self.events = []
        self.worries = []
        for domain in ("Page", "Runtime", "Log", "Network", "Audits"):
            self.call(f"{domain}.enable")
        # Without a window nothing would have the focus, and what follows it would not happen.
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)
        self.call("Runtime.addBinding", name="hmsHit")
        self.call("Page.addScriptToEvaluateOnNewDocument", source="window.hit = (which) => window.hmsHit(String(which));")

    def _wait_for_port(self):
        path = pathlib.Path(self.profile.name) / "DevToolsActivePort"
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            assert self.process.poll() is None, "chromium ended at once"
            if path.exists() and path.read_text().count("\n") >= 1:
                return int(path.read_text().split("\n")[0])
            time.sleep(0.05)
        raise AssertionError("chromium did not open its DevTools port")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close")
        except Exception:  # it closes the connection while it answers
            pass
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.connection.__exit__(None, None, None)
        self.profile.cleanup()

    def call(self, method, timeout=20, **parameters):
        self.number += 1
        number = self.number
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        deadline = time.monotonic() + timeout
        while True:
            message = json.loads(self.socket.recv(timeout=max(0.01, deadline - time.monotonic())))
            if message.get("id") == number:
                assert "error" not in message, f"{method}: {message['error']}"
                return message["result"]
            self._note(message)

    def _note(self, event):
        method, parameters = event.get("method", ""), event.get("params", {})
        if method == "Page.javascriptDialogOpening":
            self.worries.append(f"dialog: {parameters.get('message')}")
            self.number += 1
            self.socket.send(json.dumps({"id": self.number, "method": "Page.handleJavaScriptDialog", "params": {"accept": True}}))
        elif method == "Runtime.exceptionThrown":
            details = parameters["exceptionDetails"]
            self.worries.append(f"exception: {details.get('exception', {}).get('description', details.get('text'))}")
        elif method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "assert", "warning"):
            words = [str(a.get("value", a.get("description"))) for a in parameters["args"]]
            self.worries.append(f"console.{parameters['type']}: {' '.join(words)}")
        elif method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
            entry = parameters["entry"]
            self.worries.append(f"log: {entry['text']} {entry.get('url', '')}")
        elif method == "Runtime.bindingCalled":
            self.worries.append(f"ran: {parameters['payload']}")
        elif method in ("Network.requestWillBeSent", "Network.webSocketCreated"):
            url = parameters["request"]["url"] if "request" in parameters else parameters["url"]
            if not HERE.match(url):
                self.worries.append(f"request: {url[:200]}")
        elif method == "Audits.issueAdded" and parameters["issue"]["code"] == "ContentSecurityPolicyIssue":
            self.worries.append(f"policy: {parameters['issue']['details']}")

    def open(self, url):
        self.call("Page.navigate", url=url)
        self.until("document.readyState === 'complete'")

    def evaluate(self, expression, timeout=20):
        result = self.call("Runtime.evaluate", timeout=timeout, expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def until(self, expression, timeout=15):
        """Waits until `expression` is true in the page."""
        deadline = time.monotonic() + timeout
        while not self.evaluate(expression):
            assert time.monotonic() < deadline, (
                f"never true: {expression}; worries: {self.worries}; page: {self.text()[:1500]}"
            )
            time.sleep(0.02)

    def text(self):
        return self.evaluate("document.body ? document.body.innerText : ''")

    def click_text(self, text):
        """Clicks the innermost element whose text holds `text`, with real mouse events."""
        place = self.evaluate(
            """(() => { const wanted = %s;
              const all = [...document.querySelectorAll('body *')].filter(
                e => e.textContent.includes(wanted) && e.getClientRects().length);
              const e = all.filter(e => !all.some(o => o !== e && e.contains(o)))[0];
              if (!e) return null; e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect();
              return [r.x + Math.min(r.width / 2, 40), r.y + r.height / 2]; })()"""
            % json.dumps(text)
        )
        assert place, f"nothing to click with the text {text!r} in: {self.text()[:1500]}"
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def screenshot(self, path):
        pathlib.Path(path).write_bytes(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))
