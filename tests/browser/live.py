#!/usr/bin/env python3
"""What the dashboard shows is what happens: steps that a client posts move the curves, a pause holds
them, a zoom asks the server again, divergence is a mark with its reason.
"""

import json
import re

from chromium import Browser
from stepd import Server, Tally, check
from look import quiet
from pages import valley

LOSS = '.chart[data-field="loss"]'
PICTURE = f"return [...document.querySelectorAll('{LOSS} canvas')].map((c) => c.toDataURL()).join()"


def text(browser, selector):
    return browser.run("const e = document.querySelector(arguments[0]); return e ? e.textContent : null", selector)


def said(browser, field="loss"):
    """What a chart says of itself: how many points, the lowest, the last."""
    return browser.run(f"return document.querySelector('.chart[data-field=\"{field}\"] .plot').getAttribute('aria-label')")


def points(browser):
    return int(re.search(r"(\d+) points", said(browser)).group(1))


def open_session(browser, server, name, query=""):
    browser.open("about:blank")
    browser.open(f"{server.url}/#/s/{name}{query}")
    browser.ready()
    browser.wait(f"document.querySelector('{LOSS} canvas')")


def moves(browser, server):
    """A step posted over HTTP moves the curve of an open page, and its numbers."""
    valley(server, "moves", {"name": "adam", "lr": 0.1}, 20)
    open_session(browser, server, "moves")
    check(points(browser) == 20, said(browser))
    before = browser.run(PICTURE)
    answer = server.request("POST", "/v1/sessions/moves/steps", {"gradient": [1.0, 1.0], "loss": 0.125})
    check(answer.json["step"] == 21, answer)
    browser.wait("document.querySelector('.figures dd').textContent === '21'", 10)
    check("21 points" in said(browser) and "last 0.125" in said(browser), said(browser))
    check(browser.run(PICTURE) != before, "the picture stayed as it was")
    check("training" in text(browser, ".bar [role=status]"), text(browser, ".bar"))
    browser.wait("document.querySelector('#announce').textContent.includes('step 21')", 10)


def streams(browser, server):
    """The steps come by the stream of events: no history is asked for them."""
    valley(server, "streams", {"name": "adam", "lr": 0.1}, 20)
    open_session(browser, server, "streams")
    check([u for u in browser.fetched() if u.endswith("/events")], f"no stream was opened: {browser.requests}")
    browser.run_async("setTimeout(arguments[arguments.length - 1], 500)")
    before = len(browser.fetched())
    for step in range(21, 31):
        server.request("POST", "/v1/sessions/streams/steps", {"gradient": [1.0, 1.0], "loss": 0.5 / step})
    browser.wait("document.querySelector('.figures dd').textContent === '30'", 10)
    check(points(browser) == 30, said(browser))
    asked = [u for u in browser.fetched()[before:] if "/history" in u]
    check(not asked, f"the history was asked for what the stream had told: {asked}")


def listed(browser, server):
    """The list shows a session that was made and moved elsewhere, with its curve."""
    browser.open("about:blank")
    browser.open(server.url + "/#/")
    browser.ready()
    valley(server, "listed", {"name": "gd", "lr": 0.01}, 5)
    row = "[...document.querySelectorAll('.sessions tbody tr')].find((r) => r.querySelector('.name').textContent === 'listed')"
    browser.wait(f"{row} && {row}.querySelector('.step').textContent === '5' && {row}.querySelector('svg.spark')", 10)
    before = browser.run(f"return {row}.querySelector('polyline').getAttribute('points')")
    valley(server, "listed", {"name": "gd", "lr": 0.01}, 5)
    browser.wait(f"{row}.querySelector('.step').textContent === '10' && {row}.querySelector('polyline').getAttribute('points') !== {json.dumps(before)}", 10)
    check(browser.run(f"return {row}.querySelector('.dot').classList.contains('on')"), "nothing says that it trains")
    browser.click(".sessions .name a[href$='/listed']")
    browser.wait("document.title.startsWith('listed')")


def pauses(browser, server):
    valley(server, "pauses", {"name": "gd", "lr": 0.01}, 10)
    open_session(browser, server, "pauses")
    browser.click("[data-key=pause]")
    valley(server, "pauses", {"name": "gd", "lr": 0.01}, 7)
    browser.run_async("setTimeout(arguments[arguments.length - 1], 2000)")
    check(points(browser) == 10, f"paused, and still: {said(browser)}")
    browser.click("[data-key=pause]")
    browser.wait("document.querySelector('.figures dd').textContent === '17'", 10)
    check(points(browser) == 17, said(browser))


def zooms(browser, server):
    """A range that is drawn with the mouse is asked of the server, stands in the address, and the
    address alone brings it back."""
    valley(server, "zooms", {"name": "gd", "lr": 0.01}, 200)
    open_session(browser, server, "zooms")
    before = len(browser.fetched())
    browser.drag(f"{LOSS} .plot", (0.5, 0.5), (0.8, 0.5))
    browser.wait("/x=\\d+-\\d+/.test(location.hash)")
    start, end = map(int, re.search(r"x=(\d+)-(\d+)", browser.run("return location.hash")).groups())
    check(60 < start < 110 and 140 < end < 180, f"the range is {start} to {end}")
    asked = [u for u in browser.fetched()[before:] if "/history" in u and f"from={start}" in u]
    check(asked, f"the server was not asked: {browser.requests[before:]}")
    address = browser.run("return location.href")
    check(len(address) < 100, f"too long to send: {address}")
    open_session(browser, server, "zooms", "?" + address.split("?")[1])
    browser.wait("[...document.querySelectorAll('button')].some((b) => b.textContent === 'Show all' && b.checkVisibility())")
    labels = browser.run(f"return [...document.querySelectorAll('{LOSS} .dygraph-axis-label-x')].map((l) => Number(l.textContent))")
    check(labels and all(start - 1 <= v <= end + 1 for v in labels), f"axis {labels}, asked {start} to {end}")
    browser.run("[...document.querySelectorAll('button')].find((b) => b.textContent === 'Show all').click()")
    browser.wait("!location.hash.includes('x=')")


def hovers(browser, server):
    """The mouse over a point tells its numbers, exactly those of the history; the keys walk on."""
    open_session(browser, server, "zooms")
    browser.run(f"document.querySelector('{LOSS} .plot').focus()")
    browser.keys("\ue014\ue014\ue014")  # right
    shown = text(browser, f"{LOSS} .readout")
    history = server.request("GET", "/v1/sessions/zooms/history?fields=loss&limit=3").json["columns"]
    check(f"step {history[0][2]}" in shown and f"{history[1][2]:.6g}" in shown, f"{shown!r}, the history has {history}")
    others = text(browser, '.chart[data-field="gradient_norm"] .readout')
    check(f"step {history[0][2]}" in others, f"the other charts do not follow: {others!r}")
    browser.run(f"document.querySelector('{LOSS} .plot').dispatchEvent(new KeyboardEvent('keydown', {{ key: '+' }}))")
    browser.wait("location.hash.includes('x=')")


def scales(browser, server):
    """Linear, log and symlog axes; what has no place on a log axis is said."""
    made = server.request("PUT", "/v1/sessions/signs", {"optimizer": "gd", "parameters": [1.0]})
    check(made.status == 201, made)
    for i in range(40):
        server.request("POST", "/v1/sessions/signs/steps", {"gradient": [0.1], "loss": 1000.0 * 0.7 ** i * (-1) ** i})
    open_session(browser, server, "signs", "?y=loss:linear")
    pictures = {}
    for kind in ("linear", "log", "symlog"):
        browser.run(f"const s = document.querySelector('{LOSS} select'); s.value = arguments[0]; s.dispatchEvent(new Event('change'))", kind)
        browser.wait(f"location.hash.includes('loss:{kind}')")
        pictures[kind] = browser.run(PICTURE)
        note = text(browser, f"{LOSS} .note")
        check(("20 values are not positive" in note) == (kind == "log"), f"{kind}: {note!r}")
    check(len(set(pictures.values())) == 3, "two axes give the same picture")
    labels = browser.run(f"return [...document.querySelectorAll('{LOSS} .dygraph-axis-label-y')].map((l) => l.textContent)")
    check("0" in labels and any(v.startswith("−") for v in labels), f"symlog shows {labels}")


def smooths(browser, server):
    """Smoothed or not, the raw curve stays: two curves in the place of one."""
    open_session(browser, server, "zooms")
    before = browser.run(PICTURE)
    browser.run("const s = document.querySelector('#smooth'); s.value = 0.9; s.dispatchEvent(new Event('input'))")
    browser.wait("location.hash.includes('smooth=0.9')")
    check(browser.run(PICTURE) != before, "smoothing changes nothing")
    check("200 points" in said(browser), said(browser))


def spike(browser, server):
    """One high loss among ten thousand is seen in the picture of all of them."""
    server.request("PUT", "/v1/sessions/spike", {"optimizer": {"name": "gd", "lr": 0.001}, "parameters": [1.0]})
    for k in range(5):
        steps = [{"gradient": [0.001], "loss": 500.0 if (k, i) == (3, 777) else 1.0 + i % 2 * 0.01} for i in range(2000)]
        answer = server.request("POST", "/v1/sessions/spike/steps", {"steps": steps})
        check(answer.status == 200, answer)
    open_session(browser, server, "spike", "?y=loss:linear")
    check(points(browser) < 4000, f"all points are drawn: {said(browser)}")
    labels = browser.run(f"return [...document.querySelectorAll('{LOSS} .dygraph-axis-label-y')].map((l) => Number(l.textContent))")
    check(max(labels) >= 400, f"the axis ends at {max(labels)}: the spike is lost")


def diverges(browser, server):
    """A mark with the reason, and never an empty plot."""
    made = server.request("PUT", "/v1/sessions/diverges", {"optimizer": {"name": "gd", "lr": 1.5}, "parameters": [1.0], "on_nonfinite": "allow"})
    check(made.status == 201, made)
    w = 1.0
    for _ in range(30):
        w = server.request("POST", "/v1/sessions/diverges/steps", {"gradient": [2 * w], "loss": w * w}).json["parameters"][0]
    open_session(browser, server, "diverges")
    note = text(browser, f"{LOSS} .note")
    check("step" in note and "lr 1.5" in note, f"the note says {note!r}")
    answer = server.request("POST", "/v1/sessions/diverges/steps", {"gradient": ["Infinity"], "loss": "Infinity"})
    check(answer.status == 200, answer)
    browser.wait(f"document.querySelector('{LOSS} .note').textContent.includes('became')", 10)
    server.request("PUT", "/v1/sessions/never", {"optimizer": "gd", "parameters": [1.0], "on_nonfinite": "allow"})
    server.request("POST", "/v1/sessions/never/steps", {"gradient": ["NaN"], "loss": "NaN"})
    browser.open("about:blank")
    browser.open(f"{server.url}/#/s/never")
    browser.ready()
    browser.wait(f"document.querySelector('{LOSS} .nothing').textContent.includes('became NaN')")


def compares(browser, server):
    """Two sessions over one another, what differs and what does not; the address is the whole state."""
    valley(server, "left", {"name": "adam", "lr": 0.1}, 30)
    valley(server, "right", {"name": "adam", "lr": 0.3}, 30)
    browser.open("about:blank")
    browser.open(server.url + "/#/")
    browser.ready()
    for name in ("left", "right"):
        browser.wait(f"document.querySelector('.sessions input[aria-label=\"Compare {name}\"]')")
        browser.click(f".sessions input[aria-label='Compare {name}']")
    browser.click("#compare")
    browser.wait("document.querySelectorAll('.differences tbody tr').length > 1")
    rows = dict(browser.run("return [...document.querySelectorAll('.differences tbody tr')].map((r) => [r.cells[0].textContent, [...r.cells].slice(1).map((c) => c.textContent)])"))
    check(sorted(rows["lr"]) == ["0.1", "0.3"] and "beta1" not in rows, rows)
    label = browser.run("return document.querySelector('.plot').getAttribute('aria-label')")
    check("left, 30 points" in label and "right, 30 points" in label, label)
    valley(server, "left", {"name": "adam", "lr": 0.1}, 5)
    browser.wait("document.querySelector('.plot').getAttribute('aria-label').includes('left, 35 points')", 10)
    check("s=" in browser.run("return location.hash"), "the address does not hold the sessions")


def saves(browser, server):
    """CSV comes from the server; PNG is a picture of the chart."""
    open_session(browser, server, "zooms")
    href = browser.run("return [...document.querySelectorAll('a')].find((a) => a.textContent === 'CSV').getAttribute('href')")
    answer = server.request("GET", href)
    check(answer.status == 200 and answer.media_type == "text/csv" and answer.body.count(b"\n") == 201, answer)
    size = browser.run_async("""
        const done = arguments[arguments.length - 1], real = URL.createObjectURL;
        URL.createObjectURL = (blob) => { URL.createObjectURL = real; createImageBitmap(blob).then((b) => done([blob.type, b.width, b.height])); return "#/s/zooms"; };
        [...document.querySelectorAll("button")].find((b) => b.textContent === "PNG").click();""")
    check(size[0] == "image/png" and size[1] > 800 and size[2] > 300, size)


def removed(browser, server):
    """A session that goes while it is watched is said to be gone, and is not asked for again."""
    valley(server, "removed", "gd", 3)
    open_session(browser, server, "removed")
    check(server.request("DELETE", "/v1/sessions/removed").status == 204, "not deleted")
    browser.wait("document.querySelector('.trouble') && document.querySelector('.trouble').textContent.includes('removed')", 10)
    before = len(browser.fetched())
    browser.run_async("setTimeout(arguments[arguments.length - 1], 2500)")  # it looked every 0.7 s, the stream every 2
    asked = [u for u in browser.fetched()[before:] if "/v1/" in u]
    check(not asked, f"asked for what is gone: {asked}")


def main():
    tally = Tally()
    with Server() as server, Browser() as browser:
        for test in (moves, streams, listed, pauses, zooms, hovers, scales, smooths, spike, diverges, compares, saves, removed):
            tally.test(test.__name__, test, browser, server)
        browser.logs()
        # Chromium notes the answer of 404 to a stream that came too late for the session that was removed.
        browser.messages = [m for m in browser.messages if not ("/events" in m and "status of 404" in m)]
        tally.test("quiet", quiet, browser, server)
    tally.end()


if __name__ == "__main__":
    main()
