"""Headless Chromium, driven through its DevTools protocol with Python's own library.

    with Browser() as browser:
        browser.open("http://127.0.0.1:7837/")
        browser.wait("document.querySelector('h1').textContent === 'Sessions'")
        browser.click("a.button")
        browser.picture("/tmp/x.png")

The program is Debian's chromium-headless-shell: the same engine without a window to keep, which
needs half the processor time. Commands and events go as JSON through two pipes (its file descriptors
3 and 4); it ends when they are closed, however this process came to its end.

Each Browser has its own empty profile, and every request that its pages make is noted (`fetched`),
so that a test can tell that nothing came from elsewhere. Left: the browser is closed, the profile
removed.
"""

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "contract"))
from stepd import Failure  # noqa: E402

PROGRAM = "/usr/lib/chromium/chromium-headless-shell"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
         "--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe"]
ANSWER_SECONDS = 120
WAIT_SECONDS = 30
CLOSE_SECONDS = 10

# Keys that write nothing: name, number. Their characters are those that WebDriver gave them.
TAB, ENTER, ESCAPE, LEFT, RIGHT = "\ue004", "\ue007", "\ue00c", "\ue012", "\ue014"
NAMED = {TAB: ("Tab", 9), ENTER: ("Enter", 13), "\n": ("Enter", 13), ESCAPE: ("Escape", 27),
         LEFT: ("ArrowLeft", 37), RIGHT: ("ArrowRight", 39)}

# Where to click on an element, once it has stood still for two frames; or why one cannot. Should it
# move away after all before the button goes down, then that click goes nowhere, and is told as missed.
PLACE = """
const [selector, done] = arguments;
function look(before, frames) {
  const e = document.querySelector(selector);
  if (!e) return done("is not there");
  e.scrollIntoView({ block: "nearest", inline: "nearest", behavior: "instant" });
  const r = [...e.getClientRects()].find((r) => r.width && r.height);
  if (!r) return done("is not seen");
  const at = [Math.max(r.left, 0) + Math.min(r.right, innerWidth), Math.max(r.top, 0) + Math.min(r.bottom, innerHeight)].map((v) => v / 2);
  if (String(at) !== before) return frames ? requestAnimationFrame(() => look(String(at), frames - 1)) : done("does not stand still");
  const hit = document.elementFromPoint(...at);
  if (!hit || !e.contains(hit)) return done("is covered by " + (hit ? hit.outerHTML.slice(0, 90) : "nothing"));
  const kinds = ["pointerdown", "mousedown", "pointerup", "mouseup", "click"];
  let missed = false;
  function guard(event) {
    if (event.type === "pointerdown") missed = !e.contains(event.target);
    if (missed) { event.preventDefault(); event.stopImmediatePropagation(); }
  }
  for (const kind of kinds) addEventListener(kind, guard, true);
  window.missed = () => { for (const kind of kinds) removeEventListener(kind, guard, true); return missed; };
  done(at);
}
look("", 200);
"""


class BrowserError(Failure):
    """What Chromium said, or a wait that ended without what it waited for."""


class Pipes:
    """The process and its two pipes. A message is JSON that ends with a zero byte; a command has a
    number, and the answer the same one. Events, which come in between, go to `event`."""

    def __init__(self, command, event):
        self.event = event
        self.session = None
        self.number = 0
        self.rest = b""
        theirs_in, self.out = os.pipe()
        self.incoming, theirs_out = os.pipe()
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10) for fd in (theirs_in, theirs_out)]
        null = [(os.POSIX_SPAWN_OPEN, fd, "/dev/null", os.O_RDWR, 0) for fd in (0, 1, 2)]
        self.process = os.posix_spawn(command[0], command, os.environ, file_actions=[
            *null, (os.POSIX_SPAWN_DUP2, high[0], 3), (os.POSIX_SPAWN_DUP2, high[1], 4)])
        for fd in (theirs_in, theirs_out, *high):
            os.close(fd)

    def send(self, method, parameters):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        data = json.dumps(message).encode() + b"\0"
        while data:
            data = data[os.write(self.out, data):]
        return self.number

    def receive(self, seconds):
        """What came within the time, at least one message; nothing if none did."""
        until = time.monotonic() + seconds
        while b"\0" not in self.rest:
            if not select.select([self.incoming], [], [], max(0, until - time.monotonic()))[0]:
                return []
            data = os.read(self.incoming, 1 << 20)
            if not data:
                raise BrowserError("Chromium has ended")
            self.rest += data
        *whole, self.rest = self.rest.split(b"\0")
        return [json.loads(message) for message in whole]

    def call(self, method, **parameters):
        number = self.send(method, parameters)
        while True:
            messages = self.receive(ANSWER_SECONDS)
            answer = None
            for message in messages:
                if message.get("id") == number:
                    answer = message
                elif "method" in message:
                    self.event(message["method"], message["params"])
            if answer and "error" in answer:
                raise BrowserError(f"{method}: {answer['error']['message']}")
            if answer:
                return answer["result"]
            if not messages:
                raise BrowserError(f"{method}: no answer within {ANSWER_SECONDS} s")

    def close(self):
        os.close(self.out)
        until = time.monotonic() + CLOSE_SECONDS
        while os.waitpid(self.process, os.WNOHANG)[0] == 0:
            if time.monotonic() > until:
                os.kill(self.process, signal.SIGKILL)
            time.sleep(0.005)
        os.close(self.incoming)


class Browser:
    def __init__(self, width=1280, height=900, scheme="light"):
        self.profile = tempfile.mkdtemp(prefix="stepd-browser-")
        self.requests = []
        self.messages = []
        self.loaded = None
        self.pipes = Pipes([PROGRAM, *FLAGS, f"--user-data-dir={self.profile}", "about:blank"], self._event)
        self.cdp = self.pipes.call
        try:
            page = next(t for t in self.cdp("Target.getTargets")["targetInfos"] if t["type"] == "page")
            self.pipes.session = self.cdp("Target.attachToTarget", targetId=page["targetId"], flatten=True)["sessionId"]
            for domain in ("Page", "Runtime", "Log", "Network"):
                self.cdp(f"{domain}.enable")
            self.cdp("Page.setLifecycleEventsEnabled", enabled=True)
            self.cdp("Emulation.setFocusEmulationEnabled", enabled=True)
            self.size(width, height)
            self.scheme(scheme)
        except BaseException:
            self.close()
            raise

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
        """Goes there; returns when it is loaded. Where only what follows # is another, nothing is loaded."""
        went = self.cdp("Page.navigate", url=url)
        if "errorText" in went:
            raise BrowserError(f"{url}: {went['errorText']}")
        until = time.monotonic() + WAIT_SECONDS
        while "loaderId" in went and self.loaded != went["loaderId"]:
            if time.monotonic() > until:
                raise BrowserError(f"{url} was not loaded within {WAIT_SECONDS} s")
            self._pump(1)

    def run(self, script, *arguments):
        """A function body in the page; what it returns, as JSON has it; an element is true."""
        return self._evaluate(f"((...a) => {{ const v = (function () {{ {script}\n}})(...a); return v instanceof Node || v; }})", arguments)

    def run_async(self, script, *arguments):
        """The same where the last argument is a function to call with the result."""
        return self._evaluate(f"((...a) => new Promise((done) => (function () {{ {script}\n}})(...a, done)))", arguments)

    def _evaluate(self, function, arguments):
        answer = self.cdp("Runtime.evaluate", expression=f"{function}(...{json.dumps(arguments)})",
                          returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            error = answer["exceptionDetails"]
            raise BrowserError(error.get("exception", {}).get("description", error["text"]).split("\n")[0])
        return answer["result"].get("value")

    def wait(self, expression, seconds=WAIT_SECONDS):
        """Until the expression is true in the page; returns it."""
        until = time.monotonic() + seconds
        pause, trouble = 0.002, ""
        while True:
            try:
                value = self.run(f"return ({expression})")
            except BrowserError as error:
                value, trouble = None, f" /* {error} */"
            if value:
                return value
            if time.monotonic() > until:
                raise BrowserError(f"{seconds} s passed without {expression}{trouble}; the page says:\n" + self.run("return document.body.innerText")[:500])
            time.sleep(pause)
            pause = min(2 * pause, 0.05)

    def frame(self):
        """Until a frame was drawn with what holds now: who observes sizes is told of them in it."""
        self.run_async("const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()));")

    def ready(self):
        """Until the router has built the page."""
        self.wait("document.querySelector('.root') && document.querySelector('.root').dataset.ready")

    # ---- mouse and keys ----
    def _mouse(self, kind, x, y, pressed=True):
        self.cdp("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left" if pressed else "none",
                 buttons=int(pressed and kind != "mouseReleased"), clickCount=int(pressed), pointerType="mouse")

    def press(self, x, y):
        """A click there."""
        self._mouse("mouseMoved", x, y, pressed=False)
        self._mouse("mousePressed", x, y)
        self._mouse("mouseReleased", x, y)

    def away(self):
        """The mouse to a corner, where nothing that scrolls comes to lie under it."""
        self._mouse("mouseMoved", 0, 0, pressed=False)

    def click(self, selector):
        """A click in the middle of what is seen of it, where nothing may lie over it."""
        missed = True
        while missed:
            place = self.run_async(PLACE, selector)
            if isinstance(place, str):
                raise BrowserError(f"{selector} {place}")
            self.press(*place)
            missed = self.run("return window.missed ? missed() : false")  # another page has no such function

    def drag(self, selector, start, end):
        """The mouse from one place in an element to another, both as shares of its width and height."""
        box = self.run("const r = document.querySelector(arguments[0]).getBoundingClientRect(); return [r.x, r.y, r.width, r.height]", selector)
        (x, y), (to_x, to_y) = [(round(box[0] + box[2] * a), round(box[1] + box[3] * b)) for a, b in (start, end)]
        self._mouse("mouseMoved", x, y, pressed=False)
        self._mouse("mousePressed", x, y)
        self._mouse("mouseMoved", (x + to_x) // 2, y)
        self._mouse("mouseMoved", to_x, to_y)
        self._mouse("mouseReleased", to_x, to_y)

    def keys(self, text):
        """Key presses, to whatever has the focus."""
        for character in text:
            name, number = NAMED.get(character, (character, ord(character.upper()) if character.isalnum() else 0))
            writes = "\r" if name == "Enter" else character if len(name) == 1 else ""
            key = {"key": name, "windowsVirtualKeyCode": number, **({"code": name} if len(name) > 1 else {})}
            self.cdp("Input.dispatchKeyEvent", type="keyDown" if writes else "rawKeyDown", text=writes, **key)
            self.cdp("Input.dispatchKeyEvent", type="keyUp", **key)

    def type(self, selector, text):
        """Key presses in the place of what stands in a field."""
        self.run("const e = document.querySelector(arguments[0]); e.scrollIntoView({ block: 'nearest' }); e.focus(); e.select()", selector)
        self.keys(text)

    def upload(self, selector, path):
        """A file, as if it had been chosen."""
        field = self.cdp("Runtime.evaluate", expression=f"document.querySelector({json.dumps(selector)})")["result"]["objectId"]
        self.cdp("DOM.setFileInputFiles", files=[path], objectId=field)

    # ---- what happened behind it ----
    def _event(self, method, event):
        if method == "Page.lifecycleEvent" and event["name"] == "load":
            self.loaded = event["loaderId"]
        elif method == "Network.requestWillBeSent":
            self.requests.append(event["request"]["url"])
        elif method == "Network.webSocketCreated":
            self.requests.append(event["url"])
        elif method == "Log.entryAdded":
            entry = event["entry"]
            self.messages.append(f"{entry['level']}: {entry.get('url', '')} {entry['text']}")
        elif method == "Runtime.consoleAPICalled":
            self.messages.append(f"{event['type']}: {' '.join(str(a.get('value', a.get('description'))) for a in event['args'])}")
        elif method == "Runtime.exceptionThrown":
            thrown = event["exceptionDetails"]
            self.messages.append(f"error: {thrown.get('url', '')} {thrown.get('exception', {}).get('description', thrown['text'])}")

    def _pump(self, seconds):
        for message in self.pipes.receive(seconds):
            if "method" in message:
                self._event(message["method"], message["params"])

    def logs(self):
        """Reads the browser's own notes; `requests` and `messages` grow."""
        self.run("return 0")  # what the page said before comes before the answer

    def fetched(self):
        self.logs()
        return self.requests

    def complaints(self):
        """Errors and warnings of the console: scripts that failed, what the policy refused."""
        self.logs()
        return [m for m in self.messages if m.startswith(("error", "assert", "warning"))]

    # ---- life ----
    def close(self):
        self.pipes.close()
        shutil.rmtree(self.profile, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
