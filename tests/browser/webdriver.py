"""Headless Chromium, driven through chromedriver's WebDriver protocol with Python's own library.

    with Browser() as browser:
        browser.open("http://127.0.0.1:7837/")
        browser.wait("document.querySelector('h1').textContent === 'Sessions'")
        browser.click("a.button")
        browser.picture("/tmp/x.png")

Each Browser has its own empty profile, and every request that its pages make is noted (`fetched`),
so that a test can tell that nothing came from elsewhere. Left: the browser is closed, the profile
removed.
"""

import base64
import json
import os
import re
import shutil
import subprocess
import tempfile
import sys
import time
import urllib.error
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "contract"))
from stepd import Failure  # noqa: E402

FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--disable-dev-shm-usage", "--hide-scrollbars"]
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"
WAIT_SECONDS = 30


class BrowserError(Failure):
    """What chromedriver said, or a wait that ended without what it waited for."""


class Browser:
    def __init__(self, width=1280, height=900, scheme="light"):
        self.profile = tempfile.mkdtemp(prefix="stepd-browser-")
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdin=subprocess.DEVNULL,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.session = None
        self.requests = []
        self.messages = []
        try:
            self.base = f"http://127.0.0.1:{self._port()}"
            options = {"args": [*FLAGS, f"--user-data-dir={self.profile}"], "binary": "/usr/bin/chromium"}
            made = self._call("POST", "/session", {"capabilities": {"alwaysMatch": {
                "browserName": "chrome", "goog:chromeOptions": options,
                "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}}})
            self.session = f"/session/{made['sessionId']}"
            self.size(width, height)
            self.scheme(scheme)
        except BaseException:
            self.close()
            raise

    def _port(self):
        for line in self.driver.stdout:
            found = re.search(r"started successfully on port (\d+)", line)
            if found:
                return int(found.group(1))
        raise BrowserError("chromedriver did not start")

    def _call(self, method, path, body=None):
        data = None if method != "POST" else json.dumps(body or {}).encode()
        request = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=120) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise BrowserError(json.loads(error.read())["value"]["message"].split("\n")[0]) from None

    def call(self, method, path, body=None):
        return self._call(method, self.session + path, body)

    def cdp(self, command, **parameters):
        return self.call("POST", "/goog/cdp/execute", {"cmd": command, "params": parameters})

    # ---- what it looks like ----
    def size(self, width, height):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def scheme(self, name):
        """light or dark, as the system would ask for it."""
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def picture(self, path, whole=False):
        clip = {}
        if whole:
            width, height = self.run("return [innerWidth, document.documentElement.scrollHeight]")
            clip = {"captureBeyondViewport": True, "clip": {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}}
        with open(path, "wb") as out:
            out.write(base64.b64decode(self.cdp("Page.captureScreenshot", format="png", **clip)["data"]))

    # ---- pages ----
    def open(self, url):
        self.call("POST", "/url", {"url": url})

    def run(self, script, *arguments):
        """A function body in the page; what it returns."""
        return self.call("POST", "/execute/sync", {"script": script, "args": list(arguments)})

    def run_async(self, script, *arguments):
        """The same where the last argument is a function to call with the result."""
        return self.call("POST", "/execute/async", {"script": script, "args": list(arguments)})

    def wait(self, expression, seconds=WAIT_SECONDS):
        """Until the expression is true in the page; returns it."""
        until = time.monotonic() + seconds
        while True:
            try:
                value = self.run(f"return ({expression})")
            except BrowserError as error:
                value, expression = None, f"{expression} /* {error} */" if time.monotonic() > until else expression
            if value:
                return value
            if time.monotonic() > until:
                raise BrowserError(f"{seconds} s passed without {expression}; the page says:\n" + self.run("return document.body.innerText")[:500])
            time.sleep(0.05)

    def ready(self):
        """Until the router has built the page."""
        self.wait("document.querySelector('.root') && document.querySelector('.root').dataset.ready")

    def find(self, selector):
        return self.call("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def click(self, selector):
        self.call("POST", f"/element/{self.find(selector)}/click")

    def type(self, selector, text):
        element = self.find(selector)
        self.call("POST", f"/element/{element}/clear")
        self.call("POST", f"/element/{element}/value", {"text": text})

    def keys(self, text):
        """Key presses, to whatever has the focus."""
        steps = [{"type": t, "value": c} for c in text for t in ("keyDown", "keyUp")]
        self.call("POST", "/actions", {"actions": [{"type": "key", "id": "k", "actions": steps}]})

    def drag(self, selector, start, end):
        """The mouse from one place in an element to another, both as shares of its width and height."""
        box = self.run("const r = document.querySelector(arguments[0]).getBoundingClientRect(); return [r.x, r.y, r.width, r.height]", selector)
        at = [{"x": round(box[0] + box[2] * x), "y": round(box[1] + box[3] * y)} for x, y in (start, end)]
        half = {"x": (at[0]["x"] + at[1]["x"]) // 2, "y": at[0]["y"]}
        moves = [{"type": "pointerMove", "duration": 0, **at[0]}, {"type": "pointerDown", "button": 0},
                 {"type": "pointerMove", "duration": 50, **half}, {"type": "pointerMove", "duration": 50, **at[1]}, {"type": "pointerUp", "button": 0}]
        self.call("POST", "/actions", {"actions": [{"type": "pointer", "id": "m", "parameters": {"pointerType": "mouse"}, "actions": moves}]})

    # ---- what happened behind it ----
    def logs(self):
        """Reads the browser's own notes; `requests` and `messages` grow."""
        for entry in self.call("POST", "/se/log", {"type": "performance"}):
            message = json.loads(entry["message"])["message"]
            if message["method"] in ("Network.requestWillBeSent", "Network.webSocketCreated"):
                self.requests.append(message["params"].get("request", message["params"])["url"])
        self.messages += [f"{e['level']}: {e['message']}" for e in self.call("POST", "/se/log", {"type": "browser"})]

    def fetched(self):
        self.logs()
        return self.requests

    def complaints(self):
        """Errors and warnings of the console: scripts that failed, what the policy refused."""
        self.logs()
        return [m for m in self.messages if m.startswith(("SEVERE", "WARNING"))]

    # ---- life ----
    def close(self):
        if self.session:
            try:
                self.call("DELETE", "")
            except (BrowserError, OSError):
                pass
        self.driver.terminate()
        try:
            self.driver.wait(10)
        except subprocess.TimeoutExpired:
            self.driver.kill()
        self.driver.stdout.close()
        shutil.rmtree(self.profile, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
