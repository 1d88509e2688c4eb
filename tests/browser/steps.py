#!/usr/bin/env python3
"""The steps of a small session on its page: each explains itself, by the mouse and by the keys, with
the numbers of the API; where one cannot, the server's reason is what is read.
"""

from webdriver import Browser
from stepd import Server, Tally, check
from look import fits, named, quiet, readable
from pages import valley
from forms import choose, visit

LINES = "[...document.querySelectorAll('#explain .explain tbody tr')].map((r) => [r.cells[1].textContent, Number(r.cells[2].textContent)])"
HEAD = "(document.querySelector('#explain .explain thead th:nth-child(2)') || {}).textContent"
LOSS = '.chart[data-field="loss"]'


def explained(server, name, step, coordinate=0):
    answer = server.request("GET", f"/v1/sessions/{name}/steps/{step}/explain?coordinate={coordinate}")
    check(answer.status == 200, answer)
    return [[line["text"], line["value"]] for line in answer.json["explanation"]["lines"]]


def shows(browser, server, name, step, coordinate=0):
    browser.wait(f"{HEAD} === 'step {step}'")
    shown = browser.run(f"return {LINES}")
    check(shown == explained(server, name, step, coordinate), shown)
    check(browser.run("return document.querySelectorAll('#explain .explain math').length") == len(shown), "a rule is not drawn as a formula")


def clicks(browser, server):
    """The newest step is explained at once; a click on the curve explains the one that was clicked."""
    visit(browser, server, "/#/s/steps")
    shows(browser, server, "steps", 40)
    box = browser.run(f"document.querySelector('{LOSS} .plot').scrollIntoView({{ block: 'center' }}); const r = document.querySelector('{LOSS} .plot').getBoundingClientRect(); return [r.x, r.y, r.width, r.height]")
    at = {"x": round(box[0] + box[2] * 0.5), "y": round(box[1] + box[3] * 0.5)}
    browser.call("POST", "/actions", {"actions": [{"type": "pointer", "id": "m", "parameters": {"pointerType": "mouse"}, "actions": [
        {"type": "pointerMove", "duration": 0, **at}, {"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}]}]})
    browser.wait("/k=\\d+/.test(location.hash)")
    step = browser.run("return Number(location.hash.match(/k=(\\d+)/)[1])")
    check(12 < step < 28, f"a click in the middle of 40 steps chose {step}")
    shows(browser, server, "steps", step)
    browser.wait("document.querySelectorAll('.chart .hair').length === 4")
    browser.wait("document.querySelector('#explain .explain').getBoundingClientRect().top < innerHeight")


def keys(browser, server):
    """Along the curve and Enter; then on and back from there, and another coordinate."""
    visit(browser, server, "/#/s/steps")
    browser.run(f"document.querySelector('{LOSS} .plot').focus()")
    browser.keys("\ue014\ue014\ue014\ue007")  # right, right, right, enter
    shows(browser, server, "steps", 3)
    check(browser.run("return document.activeElement.id") == "explain-k", "the focus stays with the curve")
    browser.keys("\ue004\ue007")  # tab to "one step on", enter
    shows(browser, server, "steps", 4)
    browser.click("[aria-label='One step back']")
    shows(browser, server, "steps", 3)
    choose(browser, "#explain-coordinate", "1")
    browser.wait("location.hash.includes('c=1')")
    browser.wait(f"{LINES}.length && {LINES}[0][0] === {explained(server, 'steps', 3, 1)[0][0]!r}")
    shows(browser, server, "steps", 3, 1)
    browser.wait("document.querySelector('#announce').textContent.startsWith('step 3, w[1]: ')", 10)
    address = browser.run("return location.hash")
    visit(browser, server, "/" + address)
    shows(browser, server, "steps", 3, 1)


def reasons(browser, server):
    """A step that is not made, one from before a change of lr, one of a session that is too large."""
    why = "(document.querySelector('#explain .why') || {}).textContent"
    for name, step in (("steps", 41), ("changed", 2), ("large", 1)):
        visit(browser, server, f"/#/s/{name}?k={step}")
        said = server.request("GET", f"/v1/sessions/{name}/steps/{step}/explain")
        check(said.status == 404, said)
        browser.wait(f"{why} === {f'Step {step}: ' + said.json['detail'] + '.'!r}")
        check(not browser.run("return document.querySelector('.trouble')"), "a reason looks like an error")
    visit(browser, server, "/#/s/large")
    check(browser.run("return document.querySelector('#explain-step').checkVisibility()"), "the steps of a large session are not recorded, and are asked for")


def looks(browser, server):
    visit(browser, server, "/#/s/steps?k=7")
    shows(browser, server, "steps", 7)
    for scheme, width in (("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)):
        browser.scheme(scheme)
        browser.size(width, 900)
        browser.wait(f"innerWidth === {width} && document.documentElement.dataset.theme === '{scheme}'")
        for look in (readable, named, fits):
            look(browser)
    browser.scheme("light")
    browser.size(1280, 900)


def fill(server):
    valley(server, "steps", {"name": "adam", "lr": 0.1}, 40)
    valley(server, "changed", {"name": "adam", "lr": 0.1}, 3)
    changed = server.request("PATCH", "/v1/sessions/changed", {"optimizer": {"lr": 0.05}}, headers={"Content-Type": "application/merge-patch+json"})
    check(changed.status == 200, changed)
    made = server.request("PUT", "/v1/sessions/large", {"optimizer": "gd", "parameters": [1.0] * 9})
    check(made.status == 201, made)
    answer = server.request("POST", "/v1/sessions/large/steps", {"gradient": [1.0] * 9, "loss": 9})
    check(answer.status == 200, answer)


def main():
    tally = Tally()
    with Server() as server, Browser() as browser:
        tally.test("filling", fill, server)
        for test in (clicks, keys, reasons, looks):
            tally.test(test.__name__, test, browser, server)
        browser.logs()
        # Chromium notes every answer of 404; the reasons come with one.
        browser.messages = [m for m in browser.messages if "status of 404" not in m]
        tally.test("quiet", quiet, browser, server)
    tally.end()


if __name__ == "__main__":
    main()
