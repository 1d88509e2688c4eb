#!/usr/bin/env python3
"""The page of sweeps: the grid and the ranking are the server's, an axis can be added and taken out,
a cell leads to its race, what diverged says so, and data sets can be brought along.
"""

import os
import tempfile
import time

from chromium import Browser
from stepd import Server, Tally, check
from look import fits, named, quiet, readable
from forms import choose

CELLS = "return [...document.querySelectorAll('table.heat tbody tr')].map((r) => [...r.querySelectorAll('td')].map((c) => c.textContent))"
RANKING = "return [...document.querySelectorAll('.ranking tbody tr')].map((r) => [...r.cells].map((c) => c.textContent))"


def visit(browser, server, query):
    browser.open("about:blank")
    browser.open(f"{server.url}/#/sweep?{query}")
    browser.ready()
    browser.wait("document.querySelector('table.heat tbody td')")


def swept(server, **body):
    answer = server.request("POST", "/v1/sweeps", body)
    check(answer.status == 200, answer)
    return answer.json


def near(text, number):
    """To the three digits that are shown at least."""
    return abs(float(text) - number) <= 6e-3 * abs(number)


def ranks(browser, server):
    """Cells and rows are those of the API, in its order; the best cell is marked as such."""
    visit(browser, server, "o=rosenbrock&n=60&r=adam&g=lr:0.3,0.1,0.03;beta1:0.8,0.9")
    wanted = swept(server, objective="rosenbrock", steps=60, optimizer={"name": "adam"}, grid={"lr": [0.3, 0.1, 0.03], "beta1": [0.8, 0.9]})
    cells, rows = browser.run(CELLS), browser.run(RANKING)
    check([len(r) for r in cells] == [3, 3] and len(rows) == 6, f"{cells} {rows}")
    for i, run in enumerate(wanted["runs"]):
        check(near(cells[i % 2][i // 2], run["final"]["loss"]), f"{cells}, the server says {run}")
    for row, i in zip(rows, wanted["ranking"]):
        run = wanted["runs"][i]
        check(row[1:3] == [f"{run['hyperparameters'][k]:g}" for k in ("lr", "beta1")] and near(row[3], run["final"]["loss"]), f"{row}, the server says {run}")
    best = browser.run("return document.querySelector('.heat .best a').getAttribute('aria-label')")
    winner = wanted["runs"][wanted["ranking"][0]]["hyperparameters"]
    check(best.startswith(f"lr {winner['lr']:g}, beta1 {winner['beta1']:g}: loss ") and "rank 1" in best, best)
    heats = browser.run("return [...document.querySelectorAll('.heat tbody td')].map((c) => getComputedStyle(c.querySelector('a')).backgroundColor)")
    check(len(set(heats)) == 6, f"cells of six ranks have {len(set(heats))} colours")


def axes(browser, server):
    """Chosen values stand in the address; an axis more, folded into the map, and one less."""
    visit(browser, server, "o=booth&n=30&r=momentum&g=lr:0.1,0.01")
    browser.type("#axis-lr", "0.1, 0.02, 0.004\n")
    browser.wait("document.querySelectorAll('.heat tbody td').length === 3 && location.hash.includes('g=lr:0.1,0.02,0.004')")
    for name in ("beta", "form"):
        choose(browser, "#add-axis", name)
        browser.wait(f"document.querySelector('#axis-{name}')")
    browser.type("#axis-beta", "0.5 0.9\n")
    browser.type("#axis-form", "classical, ema\n")
    browser.wait("document.querySelectorAll('.heat tbody tr').length === 2 && document.querySelectorAll('.ranking tbody tr').length === 12")
    wanted = swept(server, objective="booth", steps=30, optimizer={"name": "momentum"}, grid={"lr": [0.1, 0.02, 0.004], "beta": [0.5, 0.9], "form": ["classical", "ema"]})
    best = next(h for h in (wanted["runs"][i]["hyperparameters"] for i in wanted["ranking"]) if h["lr"] == 0.1 and h["beta"] == 0.5)
    cell = browser.run("return document.querySelector('.heat tbody td a').getAttribute('aria-label')")
    check(cell.startswith(f"lr 0.1, beta 0.5, form {best['form']}: "), f"{cell}, the best is {best}")
    browser.click("[aria-label='Take out beta']")
    browser.wait("!location.hash.includes('beta:') && document.querySelectorAll('.heat tbody td').length === 6")


def leads(browser, server):
    """From a cell to the race of its run, and from the best to a race between them."""
    visit(browser, server, "o=himmelblau&n=40&r=adam;beta2:0.99&g=lr:0.3,0.1")
    check("beta2 0.99" in browser.run("return document.body.innerText"), "what every run has is not said")
    browser.run("[...document.querySelectorAll('.bar a, .card a')].find((a) => a.textContent === 'Race the best 2').click()")
    browser.wait("document.title.startsWith('Playground') && document.querySelectorAll('.ranking tbody tr').length === 2")
    check("n=40" in browser.run("return location.hash"), "the steps are lost")
    visit(browser, server, "o=himmelblau&n=40&r=adam;beta2:0.99&g=lr:0.3,0.1")
    browser.click(".heat tbody td:last-child a")
    browser.wait("document.title.startsWith('Playground') && document.querySelectorAll('.ranking tbody tr').length === 1")
    check("adam;beta2:0.99;lr:0.1" in browser.run("return decodeURIComponent(location.hash)"), browser.run("return location.hash"))
    browser.click(".racer a.sweep")
    browser.wait("document.title.startsWith('Sweep') && document.querySelector('.heat td')")
    check(browser.run("return document.querySelector('#optimizer').value") == "adam", "another optimizer")


def diverges(browser, server):
    visit(browser, server, "o=square&n=100&r=gd&g=lr:1.5,0.1")
    reason = next(r for r in swept(server, objective="square", steps=100, optimizer={"name": "gd"}, grid={"lr": [1.5, 0.1]})["runs"] if r["diverged"])["diverged"]
    check(browser.run(CELLS)[0][0] == f"✕ {reason['step']}", browser.run(CELLS))
    check(reason["reason"] in browser.run(RANKING)[1][-1], browser.run(RANKING))


def refuses(browser, server):
    """Too many runs, or a value that cannot be: the server's words."""
    visit(browser, server, "o=square&n=5&r=gd&g=lr:0.1")
    browser.type("#axis-lr", "0.1, -2\n")
    browser.wait("document.querySelector('.trouble') && document.querySelector('.trouble').textContent.includes('lr')")
    choose(browser, "#axis-lr", ",".join(f"0.{i:03}" for i in range(1, 258)))
    browser.wait("document.querySelector('.trouble').textContent.includes('256')")
    browser.type("#axis-lr", "0.1\n")
    browser.wait("!document.querySelector('.trouble')")


def data(browser, server):
    """A data set of the reader's own: a bad one is refused with its lines, a good one is swept over."""
    visit(browser, server, "o=booth&n=5&r=gd&g=lr:0.1")
    check(not browser.run("return document.querySelector('#dataset').checkVisibility()"), "a function is asked for data")
    choose(browser, "#objective", "linear_regression")
    browser.wait("document.querySelector('#dataset').checkVisibility()")
    browser.wait("document.querySelector('#dataset').value === 'diabetes'")
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("bad one.csv", "a,b,c\n1,2,x\n"), ("my-data.csv", "a,b,c\n1,2,3\n2,1,4\n0,1,1\n")):
            with open(os.path.join(folder, name), "w", encoding="utf-8") as out:
                out.write(text)
        browser.run("[...document.querySelectorAll('button')].find((b) => b.textContent.startsWith('Upload')).click()")
        browser.wait("document.querySelector('dialog.upload').open")
        for look in (readable, named, fits):
            look(browser)
        browser.upload("#data-file", os.path.join(folder, "bad one.csv"))
        check(browser.run("return document.querySelector('#data-name').value") == "bad-one", "the name is not the file's")
        browser.click("dialog.upload button[type=submit]")
        browser.wait("document.querySelector('dialog.upload .trouble') && document.querySelector('dialog.upload .trouble').textContent.includes('line 2, column 3')")
        browser.upload("#data-file", os.path.join(folder, "my-data.csv"))
        browser.wait("[...document.querySelectorAll('#data-columns option')].map((o) => o.value).join() === 'a,b,c'")
        browser.type("#data-target", "b")
        browser.click("dialog.upload button[type=submit]")
        browser.wait("!document.querySelector('dialog.upload').open && location.hash.includes('d=my-data')")
    kept = server.request("GET", "/v1/datasets/my-data").json
    check(kept["target"] == "b" and kept["rows"] == 3, kept)
    body = {"objective": {"name": "linear_regression", "dataset": "my-data"}, "steps": 5, "optimizer": {"name": "gd"}, "grid": {"lr": [0.1]}}
    loss = swept(server, **body)["runs"][0]["final"]["loss"]
    browser.wait(f"document.querySelector('.ranking tbody tr') && Math.abs(Number(document.querySelector('.ranking tbody tr').cells[2].textContent) - {loss}) < 1e-4 * {loss}")
    browser.run("document.querySelector('.heat a').click()")
    browser.wait("document.title.startsWith('Playground') && document.querySelector('#dataset').value === 'my-data'")
    browser.wait(f"document.querySelector('.ranking tbody tr') && Math.abs(Number(document.querySelector('.ranking tbody tr').cells[2].textContent) - {loss}) < 1e-4 * {loss}")


LONG = "o=mlp&d=iris&n=5000&r=adam&g=lr:0.1,0.01;beta1:0.8,0.9"
WORKING = "document.querySelector('.working').checkVisibility()"


def late(browser, server):
    """A sweep that has too little time says so, and is given more."""
    visit(browser, server, LONG + "&t=0.4")
    browser.wait("document.querySelector('.late')")
    check("there are 0.4 s for all together" in browser.run("return document.querySelector('.late').textContent"), "nothing is said of the time")
    check("out of time" in str(browser.run(RANKING)), "no run ended early")
    visit(browser, server, LONG.replace("5000", "500") + "&t=0.05")
    browser.click(".late button")
    browser.wait("location.hash.includes('t=30') && !document.querySelector('.late')")
    check("out of time" not in str(browser.run(RANKING)), "it was not given the time")


def at_once(server):
    begin = time.monotonic()
    swept(server, objective="square", steps=3, optimizer="gd", grid={"lr": [0.1]})
    return time.monotonic() - begin < 5


def schedules(browser, server):
    """A schedule that all runs have: in each of them, as an axis, and in the race that a cell leads to."""
    visit(browser, server, "o=himmelblau&n=40&r=adam&g=lr:0.3,0.1")
    browser.run("document.querySelector('details.around').open = true")
    choose(browser, "[id='add-optimizer/schedule']", "step")
    browser.wait("document.querySelector('[id=\"h-optimizer/schedule/lr/step_size\"]')")
    browser.wait("document.querySelector('[id=\"h-optimizer/schedule/lr/step_size-wrong\"]').textContent.includes('has to be given')")
    browser.run("for (const [k, v] of [['step_size', '5'], ['gamma', '0.5']]) { const f = document.querySelector(`[id=\"h-optimizer/schedule/lr/${k}\"]`); f.value = v; f.dispatchEvent(new Event('input', { bubbles: true })); }")
    wanted = swept(server, objective="himmelblau", steps=40, optimizer={"name": "adam", "schedule": {"name": "step", "step_size": 5, "gamma": 0.5}}, grid={"lr": [0.3, 0.1]})
    first = wanted["runs"][wanted["ranking"][0]]["final"]["loss"]
    browser.wait(f"document.querySelector('.ranking tbody tr') && Math.abs(Number(document.querySelector('.ranking tbody tr').cells[2].textContent) - {first}) < 1e-4 * {first}")
    check("In every run: lr by step." in browser.run("return document.body.innerText"), "the schedule is not said")
    browser.run("const f = document.querySelector('[id=\"h-optimizer/schedule/lr/gamma\"]'); f.value = ''; f.dispatchEvent(new Event('input', { bubbles: true }))")
    browser.wait("[...document.querySelectorAll('#add-axis option')].some((o) => o.value === 'schedule.lr.gamma')")
    choose(browser, "#add-axis", "schedule.lr.gamma")
    browser.wait("document.querySelector('[id=\"axis-schedule.lr.gamma\"]')")
    browser.type("[id='axis-schedule.lr.gamma']", "0.5, 0.9\n")
    wanted = swept(server, objective="himmelblau", steps=40, optimizer={"name": "adam", "schedule": {"lr": {"name": "step", "step_size": 5}}}, grid={"lr": [0.3, 0.1], "schedule.lr.gamma": [0.5, 0.9]})
    first = wanted["runs"][wanted["ranking"][0]]["final"]["loss"]
    browser.wait(f"document.querySelectorAll('.ranking tbody tr').length === 4 && Math.abs(Number(document.querySelector('.ranking tbody tr').cells[3].textContent) - {first}) < 1e-4 * {first}")
    check("h=" not in browser.run("return location.hash") and "schedule.lr.gamma:0.5,0.9" in browser.run("return location.hash"), browser.run("return location.hash"))
    browser.click(".heat .best a")
    browser.wait("document.title.startsWith('Playground') && document.querySelector('.ranking tbody tr')")
    browser.wait(f"document.querySelector('.ranking').textContent.includes('lr by step') && Math.abs(Number(document.querySelector('.ranking tbody tr').cells[2].textContent) - {first}) < 1e-4 * {first}")


def waits(browser, server):
    """While a long one goes on, that is seen, and can be left; a new question takes back the old one,
    and neither that nor one that was cancelled holds up anybody."""
    browser.open("about:blank")
    browser.open(f"{server.url}/#/sweep?{LONG}&t=20")
    browser.wait(f"document.querySelector('.working') && {WORKING} && document.querySelector('.working').textContent.includes('s so far')")
    for scheme, width in (("dark", 390), ("light", 1280)):
        browser.scheme(scheme)
        browser.size(width, 900)
        for look in (readable, named, fits):
            look(browser)
    for steps in ("20", "50", "100"):
        choose(browser, "[aria-label=Steps]", steps)
        browser.run_async("setTimeout(arguments[arguments.length - 1], 150)")
    browser.wait(f"document.querySelector('.ranking') && document.querySelector('.ranking').textContent.includes('100 steps') && !{WORKING}")
    check(at_once(server), "what was taken back is still worked for")
    choose(browser, "[aria-label=Steps]", "5000")
    browser.wait(WORKING)
    browser.click(".working button")
    browser.wait(f"!{WORKING}")
    check(at_once(server), "what was cancelled is still worked for")
    browser.run_async("setTimeout(arguments[arguments.length - 1], 1000)")
    check("100 steps" in browser.run("return document.querySelector('.ranking').textContent"), "what was cancelled is shown")
    check(not browser.run("return document.querySelector('.trouble')"), "to cancel looks like an error")


def looks(browser, server):
    visit(browser, server, "o=square&n=100&r=adam&g=lr:5,1,0.3,0.1,0.03,0.01;beta1:0.5,0.9,0.99")
    for scheme, width in (("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)):
        browser.scheme(scheme)
        browser.size(width, 900)
        browser.wait(f"innerWidth === {width} && document.documentElement.dataset.theme === '{scheme}'")
        for look in (readable, named, fits):
            look(browser)
    browser.scheme("light")
    browser.size(1280, 900)


def main():
    tally = Tally()
    with Server() as server, Browser() as browser:
        for test in (ranks, axes, leads, diverges, refuses, data, schedules, late, waits, looks):
            tally.test(test.__name__, test, browser, server)
        browser.logs()
        # The refusals that were meant.
        browser.messages = [m for m in browser.messages if "status of 422" not in m]
        tally.test("quiet", quiet, browser, server)
    tally.end()


if __name__ == "__main__":
    main()
