#!/usr/bin/env python3
"""Every page of the dashboard opens, wide and narrow, light and dark; its texts can be read, its
controls have names, it says nothing on the console and asks nobody but its own server.
"""

import itertools

from chromium import Browser
from stepd import Server, Tally, check
from look import fits, named, quiet, readable

PAGES = {
    "sessions": ("/#/", "Sessions", "document.querySelectorAll('.sessions tbody tr').length === 4 && document.querySelectorAll('svg.spark').length >= 3"),
    "search": ("/#/?q=valley", "Sessions", "document.querySelectorAll('.sessions tbody tr').length === 2"),
    "one session": ("/#/s/valley-adam?smooth=0.9", "valley-adam", "document.querySelectorAll('.plot canvas').length >= 8"),
    "diverged": ("/#/s/too-far", "too-far", "document.querySelector('.chart .note .bad')"),
    "no steps": ("/#/s/fresh", "fresh", "document.querySelectorAll('.nothing').length === 4 && document.querySelector('#begin pre').textContent.includes('/v1/sessions/fresh/steps')"),
    "no such session": ("/#/s/nobody", "Not shown", "document.querySelector('.trouble') && document.querySelector('.page a')"),
    "no such page": ("/#/nowhere", "No such page", "document.querySelector('h1')"),
    "new session": ("/#/new?optimizer=rmsprop&profile=keras", "New session", "document.querySelector('#h-rho')"),
    "compare": ("/#/compare?s=valley-adam,valley-gd,too-far", "Compare", "document.querySelectorAll('.differences tbody tr').length > 3 && document.querySelector('.plot canvas')"),
    "compare nothing": ("/#/compare", "Compare", "document.querySelector('.welcome').checkVisibility()"),
    "playground": ("/#/playground", "Playground", "document.querySelectorAll('.ranking tbody tr').length === 4 && document.querySelector('.plot canvas')"),
    "playground, one dimension": ("/#/playground?o=square&n=20&r=gd;lr:0.1,gd;lr:1.5", "Playground", "document.querySelector('.ranking .bad') && document.querySelector('.chart .note .bad')"),
    "playground, data": ("/#/playground?o=softmax_regression&n=50&r=adam;lr:0.1", "Playground", "document.querySelector('.ranking tbody tr') && !document.querySelector('canvas.map').checkVisibility()"),
    "sweep": ("/#/sweep", "Sweep", "document.querySelectorAll('.heat td a').length > 10"),
    "optimizers": ("/#/optimizers", "Optimizers", "document.querySelector('a.optimizer math')"),
    "one optimizer": ("/#/optimizers/adam", "Adam", "document.querySelector('.profiles td.differs') && document.querySelector('.formulas math')"),
    "docs": ("/docs", "API", "document.querySelectorAll('details.operation').length > 15"),
    "one operation": ("/docs#createSession", "API", "document.querySelector('#createSession[open] .tryit')"),
}


def valley(server, name, optimizer, steps, **more):
    """Trains on a² + 10b² with the gradients from here."""
    made = server.request("PUT", f"/v1/sessions/{name}", {"optimizer": optimizer, "parameters": [4.0, -3.0], **more})
    check(made.status in (200, 201), made)
    a, b = made.json["parameters"]
    for _ in range(steps):
        answer = server.request("POST", f"/v1/sessions/{name}/steps", {"gradient": [2 * a, 20 * b], "loss": a * a + 10 * b * b})
        check(answer.status == 200, answer)
        a, b = answer.json["parameters"]


def fill(server):
    valley(server, "valley-adam", {"name": "adam", "lr": 0.1}, 80)
    valley(server, "valley-gd", {"name": "gd", "lr": 0.04}, 60)
    valley(server, "too-far", {"name": "gd", "lr": 0.3}, 40)
    valley(server, "fresh", "adam", 0)


def opens(browser, server, path, title, seen):
    browser.open("about:blank")
    browser.open(server.url + path)
    browser.ready()
    browser.wait(seen)
    if title:
        browser.wait(f"document.title === {title + ' – stepd'!r}")


def looks(browser, scheme, width):
    """What is open now, in these colours and this width."""
    browser.scheme(scheme)
    browser.size(width, 900)
    browser.wait(f"innerWidth === {width} && document.documentElement.dataset.theme === {scheme!r}")
    readable(browser)
    named(browser)
    fits(browser)


def switch(browser, server):
    """The button turns the colours, and they stay turned."""
    browser.scheme("light")
    opens(browser, server, *PAGES["sessions"])
    browser.click("#theme")
    browser.wait("document.documentElement.dataset.theme === 'dark'")
    opens(browser, server, *PAGES["optimizers"])
    check(browser.run("return document.documentElement.dataset.theme") == "dark", "the choice is forgotten")
    browser.click("#theme")
    browser.wait("document.documentElement.dataset.theme === 'light'")
    browser.run("localStorage.clear()")


GO = """
const [href, done] = arguments;
if (new URL(href, location).href === location.href) return done();
addEventListener("hashchange", () => done(), { once: true });
location.assign(href);
"""
inside = set()


def gathers(browser):
    """The links of a page, for the test that follows them."""
    inside.update(browser.run("return [...document.querySelectorAll('a[href]')].map((a) => a.getAttribute('href')).filter((h) => h.startsWith('/'))"))


def links(browser, server):
    """Every link of the pages above leads to something that is there, from the page before it."""
    served = {h.split("#")[0] or "/" for h in inside}
    for href in sorted(served):
        answer = server.request("GET", href, headers={"Accept": "text/html, */*;q=0.5"})
        check(answer.status == 200, f"{href}: {answer}")
    opens(browser, server, *PAGES["optimizers"])
    for href in some_of_each(h for h in inside if h.startswith("/#/")):
        browser.run_async(GO, href)
        browser.ready()
        check(not browser.run("return document.title").startswith("No such page"), f"{href} leads nowhere")
    for name in {h.split("?")[0].removeprefix("/#/optimizers/") for h in inside if h.startswith("/#/optimizers/")}:
        check(server.request("GET", f"/v1/optimizers/{name}").status == 200, f"no optimizer {name}")
    check(len(inside) > 15, inside)


def some_of_each(hrefs):
    """Three at most of those that lead to the same page."""
    for _, same in itertools.groupby(sorted(hrefs), lambda h: h.split("?")[0].split("/")[2]):
        same = list(same)
        yield from same[::-(-len(same) // 3)]


FOCUS = r"""
const e = document.activeElement, s = getComputedStyle(e), seen = (c) => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 1;
return e === document.body ? null : [e.outerHTML.slice(0, 90), seen() || e.id === "main", e.checkVisibility()];
"""


def tabs(browser, server):
    """The tab key leads through every page, to things that are seen, each with a ring around it."""
    for name in ("sessions", "one session", "new session", "compare", "sweep", "playground", "optimizers"):
        opens(browser, server, *PAGES[name])
        browser.run("document.activeElement.blur()")
        places = []
        for _ in range(45):
            browser.keys("\ue004")
            at = browser.run(FOCUS)
            if at is None:
                break
            check(at[1], f"{name}: no ring around {at[0]}")
            check(at[2], f"{name}: the focus is on what is not seen, {at[0]}")
            places.append(at[0])
        check(len(places) > 12, f"{name}: only {len(places)} places: {places}")


def follows(browser, server):
    """A link leads to the top of the next page, which has the focus and is announced."""
    opens(browser, server, *PAGES["compare"])
    browser.run("scrollTo(0, 300)")
    browser.click("#nav a[href$='optimizers']")
    browser.wait("document.title.startsWith('Optimizers') && scrollY === 0 && document.activeElement.id === 'main'")
    browser.wait("document.querySelector('#announce').textContent === 'Optimizers'")


def inks(browser, server):
    """Curves, rings and the borders of fields stand out by 3 : 1 (WCAG 2.2, 1.4.11), light and dark."""
    opens(browser, server, *PAGES["sessions"])
    for scheme in ("light", "dark"):
        browser.scheme(scheme)
        browser.wait(f"document.documentElement.dataset.theme === '{scheme}'")
        names = [f"curve{i}" for i in range(8)] + ["accent", "bad", "edge", "text"]
        colours = browser.run("const s = getComputedStyle(document.documentElement); return arguments[0].map((n) => s.getPropertyValue('--' + n).trim())", ["card", *names])
        ground, *rest = [sum(w * (c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4) for w, c in zip((0.2126, 0.7152, 0.0722), (int(h[i:i + 2], 16) / 255 for i in (1, 3, 5)))) for h in colours]
        for name, light in zip(names, rest):
            ratio = (max(light, ground) + 0.05) / (min(light, ground) + 0.05)
            check(ratio >= 3, f"{scheme}: {name} stands out by {ratio:.2f}")
    browser.scheme("light")


def keyboard(browser, server):
    """Without a mouse: the search, the pages, the list of keys."""
    opens(browser, server, *PAGES["sessions"])
    browser.keys("/")
    check(browser.run("return document.activeElement.id") == "filter", "/ does not lead to the search")
    browser.keys("valley-gd")
    browser.wait("document.querySelectorAll('.sessions tbody tr').length === 1")
    browser.keys("\ue00c")  # escape
    browser.keys("go")
    browser.wait("document.title.startsWith('Optimizers')")
    browser.keys("?")
    browser.wait("document.querySelector('#keys').open")
    browser.keys("\ue00c")
    browser.wait("!document.querySelector('#keys').open")


def silence(browser, server):
    """All that was seen above made no noise."""
    browser.logs()
    # Chromium itself notes the one answer that is meant to be 404.
    browser.messages = [m for m in browser.messages if "/v1/sessions/nobody" not in m]
    quiet(browser, server)


def main():
    tally = Tally()
    with Server() as server, Browser() as browser:
        tally.test("filling", fill, server)
        for name, (path, title, seen) in PAGES.items():
            if tally.test(name, opens, browser, server, path, title, seen):
                gathers(browser)
                for scheme, width in (("light", 1280), ("dark", 1280), ("dark", 390), ("light", 390)):
                    tally.test(f"{name}, {scheme}, {width} wide", looks, browser, scheme, width)
        browser.size(1280, 900)
        tally.test("light and dark", switch, browser, server)
        tally.test("links", links, browser, server)
        for test in (keyboard, tabs, follows, inks):
            tally.test(test.__name__, test, browser, server)
        tally.test("quiet", silence, browser, server)
    tally.end()


if __name__ == "__main__":
    main()
