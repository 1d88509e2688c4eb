#!/usr/bin/env python3
"""The steps of a small session on its page: each explains itself, by the mouse and by the keys, with
the numbers of the API; where one cannot, the server's reason is what is read. The way of the
parameters is drawn, and is another way to a step.
"""

from chromium import Browser
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
    browser.press(box[0] + box[2] * 0.5, box[1] + box[3] * 0.5)
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


MAP = "document.querySelector('#way canvas.map')"


def pressed_at(browser, server, name, step):
    """A click where the map has the step, by its axes: the way with 8 % of room around it."""
    columns = server.request("GET", f"/v1/sessions/{name}/trajectory").json["columns"]
    left, top, width, height = browser.run(f"{MAP}.scrollIntoView({{ block: 'center' }}); const r = {MAP}.getBoundingClientRect(); return [r.x + 44, r.y + 10, r.width - 54, r.height - 36]")
    share = [(c[step] - min(c) + 0.08 * (max(c) - min(c))) / (1.16 * (max(c) - min(c))) for c in columns[1:]]
    browser.press(left + share[0] * width, top + (1 - share[1]) * height)


def walks(browser, server):
    """Two parameters: a path in the plane. A click on it, or the keys, explain a step; it grows."""
    valley(server, "walks", {"name": "gd", "lr": 0.04}, 40)
    visit(browser, server, "/#/s/walks")
    shows(browser, server, "walks", 40)
    before = browser.run(f"return {MAP}.toDataURL()")
    pressed_at(browser, server, "walks", 5)
    shows(browser, server, "walks", 5)
    check(browser.run(f"return {MAP}.toDataURL()") != before, "the step is not pointed out on the way")
    browser.away()
    browser.run(f"{MAP}.focus()")
    browser.keys("\ue014\ue014\ue007")  # right, right, enter
    shows(browser, server, "walks", 7)
    browser.run(f"document.querySelector('{LOSS} .plot').focus()")
    browser.keys("\ue014")
    under = browser.run("return document.querySelector('#way .under').textContent")
    check(under.startswith("step 1: "), f"a point of the curve is not pointed out on the way: {under}")
    check("step 40" in browser.run(f"return {MAP}.getAttribute('aria-label')"), "the map does not say how far")
    valley(server, "walks", {"name": "gd", "lr": 0.04}, 1)
    browser.wait(f"{MAP}.getAttribute('aria-label').includes('step 41')", 10)
    browser.run("[...document.querySelectorAll('#way .choice button')].find((b) => b.textContent === 'by step').click()")
    browser.wait("(document.querySelector('#way .plot').getAttribute('aria-label') || '').includes('w[1], 42 points')")


def coordinates(browser, server):
    """Other sessions: each parameter against the step; of a large one, nothing."""
    made = server.request("PUT", "/v1/sessions/three", {"optimizer": {"name": "gd", "lr": 0.1}, "parameters": {"W": [1.0, 2.0], "b": 3.0}})
    check(made.status == 201, made)
    for _ in range(5):
        server.request("POST", "/v1/sessions/three/steps", {"gradient": {"W": [1.0, -1.0], "b": 2.0}})
    visit(browser, server, "/#/s/three")
    label = browser.wait("document.querySelector('#way').checkVisibility() && document.querySelector('#way .plot').getAttribute('aria-label')")
    columns = server.request("GET", "/v1/sessions/three/trajectory").json["columns"]
    for name, column in zip(("W[0]", "W[1]", "b"), columns[1:]):
        check(f"{name}, 6 points, lowest {min(column):.6g}, last {column[-1]:.6g}" in label, label)
    check(browser.run("return [...document.querySelectorAll('#way .legend li')].map((e) => e.textContent)") == ["W[0]", "W[1]", "b"], "no legend")
    visit(browser, server, "/#/s/large")
    check(not browser.run("return document.querySelector('#way').checkVisibility()"), "a large session has a way")


COLOURS = f"const c = {MAP}, d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data, s = new Set(); for (let i = 0; i < d.length; i += 4) s.add(d[i] << 16 | d[i + 1] << 8 | d[i + 2]); return s.size"


def landscape(browser, server):
    """A session with an objective walks on its landscape, as the session has it; one whose data came
    with it has its plane."""
    spec = {"optimizer": {"name": "gd", "lr": 0.02}, "objective": {"name": "quadratic", "condition": 30}}
    data = {"name": "linear_regression", "x": [[1], [2], [4]], "y": [1, 2, 3]}
    for name, body in (("hill", spec), ("curve", {**spec, "objective": "square"}), ("sent", {**spec, "objective": data})):
        check(server.request("PUT", f"/v1/sessions/{name}", body).status == 201, name)
        check(server.request("POST", f"/v1/sessions/{name}/steps", {"steps": [{}] * 30}).status == 200, name)
    seen = {}
    for name in ("hill", "curve", "sent"):
        before = len(browser.fetched())
        visit(browser, server, f"/#/s/{name}?k=3")
        browser.wait(f"document.querySelector('#way').checkVisibility() && {MAP}.getAttribute('aria-label').includes('step 30')")
        shows(browser, server, name, 3)
        asked = [u for u in browser.fetched()[before:] if "/surface?" in u]
        check(bool(asked) == (name != "sent"), f"{name}: {asked}")
        seen[name] = browser.run(COLOURS)
        if name == "hill":
            check("condition%22%3A30" in asked[0], f"the landscape of another objective: {asked}")
    check(seen["hill"] > 4 * seen["sent"] > 0, f"colours: {seen}")
    visit(browser, server, "/#/s/hill")
    browser.run("[...document.querySelectorAll('#explain .choice button')].find((b) => b.textContent === 'the next step').click()")
    browser.click(".explain-form button[type=submit]")
    browser.wait(f"{HEAD} === 'step 31'")
    check("quadratic" in browser.run("return document.querySelector('.panels').innerText"), "the objective is not told")


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
        for test in (clicks, keys, reasons, walks, coordinates, landscape, looks):
            tally.test(test.__name__, test, browser, server)
        browser.logs()
        # Chromium notes every answer of 404; the reasons come with one.
        browser.messages = [m for m in browser.messages if "status of 404" not in m]
        tally.test("quiet", quiet, browser, server)
    tally.end()


if __name__ == "__main__":
    main()
