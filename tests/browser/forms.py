#!/usr/bin/env python3
"""What can be done from the dashboard: make a session by the form that the catalogue makes, read
what was wrong beside the field, explain a step, try an operation, copy a request that then works.
"""

import json
import os
import subprocess

from chromium import Browser
from stepd import Server, Tally, check
from look import fits, named, quiet, readable
from pages import valley


def visit(browser, server, path):
    browser.open("about:blank")
    browser.open(server.url + path)
    browser.ready()


def choose(browser, selector, value):
    browser.run("const s = document.querySelector(arguments[0]); s.value = arguments[1]; s.dispatchEvent(new Event('input', { bubbles: true })); s.dispatchEvent(new Event('change', { bubbles: true }))", selector, value)


def fields(browser, server):
    """The form has a field for every hyperparameter of every optimizer, and says the defaults."""
    visit(browser, server, "/#/new?optimizer=gd")
    for item in server.request("GET", "/v1/optimizers").json["items"]:
        entry = server.request("GET", item["links"]["self"]).json
        choose(browser, "#h-optimizer", item["name"])
        browser.wait(f"document.querySelector('form.create').dataset.name === '{item['name']}'")
        wanted = [k for k, s in entry["schema"]["properties"].items() if k not in ("name", "profile") and ("type" in s or "enum" in s)]
        shown = browser.run("return [...document.querySelectorAll('[id^=h-]:is(input, select)')].map((e) => e.name).filter(Boolean)")
        check(shown == wanted, f"{item['name']}: {shown}, not {wanted}")
    check("lr" in wanted, wanted)


def creates(browser, server):
    visit(browser, server, "/#/new")
    choose(browser, "#h-optimizer", "rmsprop")
    browser.wait("document.querySelector('#h-rho')")
    choose(browser, "#h-profile", "keras")
    browser.wait("location.hash.includes('profile=keras')")
    browser.wait("document.querySelector('#h-rho').placeholder === '0.9'")
    browser.type("#h-name", "by-form")
    browser.type("#h-parameters", '{"w":[[1,2],[3,4]],"b":0}')
    browser.type("#h-lr", "0.25")
    browser.click("form.create > .row button[type=submit]")
    browser.wait("document.title.startsWith('by-form')")
    made = server.request("GET", "/v1/sessions/by-form").json
    check(made["optimizer"]["name"] == "rmsprop" and made["optimizer"]["profile"] == "keras" and made["optimizer"]["lr"] == 0.25, made)
    check(made["parameters"] == {"w": [[1, 2], [3, 4]], "b": 0}, made)


def seen(browser):
    """What stands there now, wide and narrow, light and dark."""
    for scheme, width in (("dark", 390), ("light", 1280)):
        browser.scheme(scheme)
        browser.size(width, 900)
        browser.wait(f"innerWidth === {width} && document.documentElement.dataset.theme === '{scheme}'")
        for look in (readable, named, fits):
            look(browser)


def surrounds(browser, server):
    """A schedule and two transforms from their catalogues; what is wrong with one stands beside its field."""
    visit(browser, server, "/#/new?optimizer=gd")
    choose(browser, "#add-schedule", "step")
    browser.wait("document.querySelector('[id=\"h-schedule/lr/step_size\"]')")
    check(not browser.run("return document.querySelector('#add-schedule').checkVisibility()"), "a second schedule is offered")
    for i, name in enumerate(("maximize", "clip_global_norm")):
        choose(browser, "#add-transforms", name)
        browser.wait(f"document.querySelectorAll('.parts fieldset').length === {i + 2}")
    browser.click("[aria-label='Put clip_global_norm before the one above']")
    browser.wait("document.querySelector('[id=\"h-transforms/0/max_norm\"]')")
    seen(browser)
    browser.type("#h-name", "surrounded")
    browser.type("#h-lr", "0.5")
    browser.type("[id='h-schedule/lr/step_size']", "2")
    browser.type("[id='h-transforms/0/max_norm']", "-1")
    browser.click("form.create > .row button[type=submit]")
    browser.wait("document.querySelector('[id=\"h-transforms/0/max_norm\"][aria-invalid]')")
    browser.type("[id='h-transforms/0/max_norm']", "1")
    browser.click("form.create > .row button[type=submit]")
    browser.wait("document.title.startsWith('surrounded')")
    made = server.request("GET", "/v1/sessions/surrounded").json
    check([t["name"] for t in made["transforms"]] == ["clip_global_norm", "maximize"] and made["transforms"][0]["max_norm"] == 1, made)
    check(made["schedule"]["lr"]["name"] == "step" and made["schedule"]["lr"]["step_size"] == 2, made)
    titles = browser.run("return [...document.querySelectorAll('.panels h2')].map((h) => h.textContent)")
    check("Schedule of lr" in titles and "Transform 2" in titles, titles)


def moves(browser, server):
    """Schedules of two hyperparameters; each is drawn beside its fields as the server previews it."""
    drawn = "document.querySelector('.preview .plot').getAttribute('aria-label')"
    visit(browser, server, "/#/new?optimizer=adam")
    choose(browser, "#add-schedule", "plateau")
    browser.wait("document.querySelector('.preview .hint').textContent.includes('follows the loss')")
    browser.click("[aria-label='Take out plateau']")
    choose(browser, "#add-schedule", "cosine")
    browser.wait("document.querySelector('.preview .hint').textContent.includes('decay_steps has to be given')")
    browser.type("[id='h-schedule/lr/decay_steps']", "40")
    browser.type("#h-lr", "0.5")
    values = server.request("POST", "/v1/schedules/cosine/preview", {"schedule": {"decay_steps": 40}, "base": 0.5, "steps": 50}).json["values"]
    browser.wait(f"{drawn} && {drawn}.includes('lr, 50 points, lowest {min(values):.6g}, last {values[-1]:.6g}')")
    choose(browser, "[aria-label='Steps that are drawn']", "20")
    browser.wait(f"{drawn}.includes('lr, 20 points, lowest {values[19]:.6g}, last {values[19]:.6g}')")
    choose(browser, "#add-schedule", "exponential")
    browser.wait("document.querySelector('[id=\"h-schedule/beta1/gamma\"]')")
    check("lr" not in browser.run("return [...document.querySelectorAll('[aria-label=\"What exponential moves\"] option')].map((o) => o.value)"), "lr can be moved twice")
    choose(browser, "[aria-label='What exponential moves']", "weight_decay")
    browser.wait("document.querySelector('[id=\"h-schedule/weight_decay/gamma\"]')")
    browser.type("[id='h-schedule/weight_decay/gamma']", "0.5")
    browser.type("#h-weight_decay", "0.25")
    browser.wait("[...document.querySelectorAll('.preview')].every((p) => p.querySelector('.plot canvas'))")
    seen(browser)
    browser.type("#h-name", "moved")
    browser.click("form.create > .row button[type=submit]")
    browser.wait("document.title.startsWith('moved')")
    made = server.request("GET", "/v1/sessions/moved").json["schedule"]
    check(set(made) == {"lr", "weight_decay"} and made["lr"]["decay_steps"] == 40 and made["weight_decay"]["gamma"] == 0.5, made)


def grouped(browser, server):
    """Groups of tensors: values of their own, or frozen; what is wrong stands beside its field."""
    visit(browser, server, "/#/new?optimizer=adam")
    browser.type("#h-parameters", '{"W":[1,2],"b":0}')
    browser.click("#add-group")
    browser.type("[id='h-groups/0/match']", "b")
    choose(browser, "[aria-label='Set a hyperparameter of group 1']", "lr")
    browser.wait("document.querySelector('[id=\"h-groups/0/lr\"]').placeholder === '0.001'")
    browser.type("#h-lr", "0.25")
    browser.wait("document.querySelector('[id=\"h-groups/0/lr\"]').placeholder === '0.25'")
    browser.type("[id='h-groups/0/lr']", "-1")
    browser.click("#add-group")
    browser.type("[id='h-groups/1/match']", "W")
    browser.click("[id='h-groups/1/frozen']")
    seen(browser)
    browser.type("#h-name", "grouped")
    browser.click("form.create > .row button[type=submit]")
    browser.wait("document.querySelector('[id=\"h-groups/0/lr\"][aria-invalid]')")
    browser.type("[id='h-groups/0/lr']", "0.5")
    browser.click("form.create > .row button[type=submit]")
    browser.wait("document.title.startsWith('grouped')")
    made = server.request("GET", "/v1/sessions/grouped").json["groups"]
    check(made == [{"match": "b", "tensors": ["b"], "frozen": False, "lr": 0.5}, {"match": "W", "tensors": ["W"], "frozen": True}], made)


def alike(browser, server):
    """From a session to the form filled as it was made; the address alone brings that back."""
    spec = {"optimizer": {"name": "rmsprop", "profile": "keras", "rho": 0.8}, "parameters": {"W": [1.5, 2], "b": 0}, "dtype": "float32", "on_nonfinite": "skip",
            "schedule": {"lr": {"name": "multi_step", "milestones": [5, 10], "gamma": 0.5}},
            "transforms": [{"name": "clip_global_norm", "max_norm": 2}, {"name": "weight_decay", "weight_decay": 0.1, "exclude": "b, *norm*"}],
            "groups": [{"match": "b", "learning_rate": 0.5}, {"match": "W*", "exclude": "Wq", "frozen": True}]}
    made = server.request("POST", "/v1/sessions", {"name": "first", **spec})
    check(made.status == 201, made)
    visit(browser, server, "/#/s/first")
    browser.click("#like")
    browser.wait("document.title.startsWith('New session') && document.querySelector('form.create').dataset.name === 'rmsprop' && document.querySelectorAll('.parts fieldset').length === 5")
    browser.wait("location.hash.includes('groups=')")
    address = browser.run("return location.hash")
    check(len(address) < 400, f"{len(address)} characters are too many to send: {address}")
    visit(browser, server, "/" + address)
    browser.wait("document.querySelectorAll('.parts fieldset').length === 5")
    browser.type("#h-name", "second")
    browser.click("form.create > .row button[type=submit]")
    browser.wait("document.title.startsWith('second')")
    second = server.request("GET", "/v1/sessions/second").json
    for key in ("optimizer", "schedule", "transforms", "groups", "dtype", "on_nonfinite", "parameters"):
        check(second[key] == made.json[key], f"{key}: {second[key]}, not {made.json[key]}")


def aims(browser, server):
    """An objective with its options and a data set: a session that needs no gradient, from its own start."""
    visit(browser, server, "/#/new?optimizer=minibatch_gd")
    choose(browser, "#h-objective", "rosenbrock")
    browser.wait("document.querySelector('[id=\"h-objective/dimension\"]') && document.querySelector('#h-parameters').value === ''")
    check(not browser.run("return document.querySelector('#dataset').checkVisibility()"), "a function is asked for data")
    browser.type("[id='h-objective/dimension']", "1")
    browser.click("form.create > .row button[type=submit]")
    browser.wait("document.querySelector('[id=\"h-objective/dimension\"][aria-invalid]')")
    choose(browser, "#h-objective", "softmax_regression")
    browser.wait("document.querySelector('#dataset').checkVisibility() && document.querySelector('#dataset').value === 'iris'")
    browser.type("[id='h-objective/l2']", "0.5")
    browser.type("[id='h-objective/batch_size']", "8")
    seen(browser)
    browser.type("#h-name", "aims")
    browser.click("form.create > .row button[type=submit]")
    browser.wait("document.title.startsWith('aims')")
    made = server.request("GET", "/v1/sessions/aims").json
    check(made["objective"]["name"] == "softmax_regression" and made["objective"]["l2"] == 0.5 and made["objective"]["batch_size"] == 8, made)
    check(server.request("POST", "/v1/sessions/aims/steps", {}).json["step"] == 1, "no step")
    browser.click("#like")
    browser.wait("document.title.startsWith('New session') && document.querySelector('[id=\"h-objective/l2\"]').value === '0.5'")
    browser.type("#h-name", "aims-too")
    browser.click("form.create > .row button[type=submit]")
    browser.wait("document.title.startsWith('aims-too')")
    check(server.request("GET", "/v1/sessions/aims-too").json["objective"] == made["objective"], "another objective")


def blames(browser, server):
    """What the server finds wrong stands beside its field; what has no field stands above the button."""
    visit(browser, server, "/#/new?optimizer=adam")
    browser.type("#h-lr", "-1")
    browser.type("#h-beta1", "fast")
    browser.type("#h-parameters", "[1, ")
    browser.click("form.create > .row button[type=submit]")
    browser.wait("document.querySelectorAll('form.create [aria-invalid]').length === 3")
    for name in ("lr", "beta1", "parameters"):
        check(browser.run("return document.querySelector('#h-' + arguments[0] + '-wrong').textContent.length > 5", name), f"nothing is said of {name}")
    check(browser.run("return document.activeElement.getAttribute('aria-invalid')") == "true", "the focus is elsewhere")
    browser.type("#h-lr", "0.1")
    browser.type("#h-beta1", "0.9")
    browser.type("#h-parameters", "[1]")
    browser.type("#h-name", "by-form")
    browser.click("form.create > .row button[type=submit]")
    browser.wait("document.querySelector('form.create .trouble, #h-name[aria-invalid]')")


def explains(browser, server):
    """The next step: the panel shows the lines of the API; nothing is kept."""
    valley(server, "explains", {"name": "adam", "lr": 0.1}, 3)
    visit(browser, server, "/#/s/explains")
    browser.run("[...document.querySelectorAll('#explain .choice button')].find((b) => b.textContent === 'the next step').click()")
    browser.type("#explain-step", '{"gradient":[8, 1]}')
    browser.click(".explain-form button[type=submit]")
    browser.wait("document.querySelector('.explain tbody tr')")
    answer = server.request("POST", "/v1/sessions/explains/steps?dry_run=true&explain=true", {"gradient": [8, 1]}).json
    shown = browser.run("return [...document.querySelectorAll('.explain tbody tr')].map((r) => [r.cells[1].textContent, Number(r.cells[2].textContent)])")
    check(shown == [[line["text"], line["value"]] for line in answer["explanation"]["lines"]], shown)
    check(shown[-1][1] == answer["parameters"][0], "the last line is not the parameter")
    check(browser.run("return document.querySelectorAll('.explain math').length") == len(shown), "a rule is not drawn as a formula")
    choose(browser, "#explain-coordinate", "1")
    browser.wait(f"Number(document.querySelector('.explain .last').cells[2].textContent) === {answer['parameters'][1]!r}")
    check(server.request("GET", "/v1/sessions/explains").json["step"] == 3, "the step was kept")
    browser.type("#explain-step", '{"gradient":[8]}')
    browser.click(".explain-form button[type=submit]")
    browser.wait("document.querySelector('.explain-form ~ div .trouble')")


def copies(browser, server):
    """The curl and the Python that the page shows do what they say."""
    visit(browser, server, "/#/s/explains")
    browser.run("for (const d of document.querySelectorAll('.copybox')) d.open = true")
    browser.wait("[...document.querySelectorAll('.copybox pre')].every((p) => p.textContent)")
    for language, program in (("curl", ["sh", "-c"]), ("Python", ["python3", "-c"])):
        browser.run("for (const b of document.querySelectorAll('.copybox .choice button')) if (b.textContent === arguments[0]) b.click()", language)
        texts = browser.run("return [...document.querySelectorAll('.copybox pre')].map((p) => p.textContent)")
        check(len(texts) == 4, texts)
        for source in texts:
            if language == "curl":
                source = source.replace("curl ", "curl -sS --fail ", 1)
            done = subprocess.run([*program, source], capture_output=True, text=True, timeout=60, env={**os.environ, "no_proxy": "*"})
            check(done.returncode == 0 and done.stdout.strip(), f"{source}\n{done.stdout}{done.stderr}")
    check(server.request("GET", "/v1/sessions/explains").json["step"] == 5, "the two steps were not made")


def tries(browser, server):
    """An operation of the contract, sent from its page."""
    visit(browser, server, "/docs#createSession")
    browser.wait("document.querySelector('#createSession .tryit textarea')")
    choose(browser, "#createSession .tryit textarea", json.dumps({"name": "tried", "optimizer": "gd", "parameters": [1]}))
    browser.click("#createSession .tryit button[type=submit]")
    browser.wait("document.querySelector('#createSession .answer').textContent.includes('201')")
    check(server.request("GET", "/v1/sessions/tried").status == 200, "no session was made")
    browser.run("document.querySelector('#getSession').open = true")
    browser.wait("document.querySelector('#getSession .tryit input')")
    choose(browser, "#getSession .tryit input", "tried")
    browser.click("#getSession .tryit button[type=submit]")
    browser.wait("document.querySelector('#getSession .answer').textContent.includes('\"parameters\"')")


def whole_contract(browser, server):
    """Every operation of the contract can be opened and has a form."""
    visit(browser, server, "/docs")
    browser.run("for (const d of document.querySelectorAll('details.operation')) d.open = true")
    contract = server.request("GET", "/openapi.json").json
    wanted = sum(m in item for item in contract["paths"].values() for m in ("get", "post", "put", "patch", "delete"))
    browser.wait(f"document.querySelectorAll('details.operation .tryit').length === {wanted}")


def begins(browser):
    """An empty server offers a first session, and trains it before one's eyes."""
    with Server() as server:
        visit(browser, server, "/")
        browser.wait("document.querySelector('#empty').checkVisibility()")
        browser.click("#demo")
        browser.wait("document.title.startsWith('demo')")
        browser.wait("Number(document.querySelector('.figures dd').textContent) > 20")
        browser.wait("document.querySelector('.chart.large canvas')")


def main():
    tally = Tally()
    with Server() as server, Browser() as browser:
        for test in (fields, creates, surrounds, moves, grouped, alike, aims, blames, explains, copies, tries, whole_contract):
            tally.test(test.__name__, test, browser, server)
        browser.logs()
        # Chromium notes every answer of 4xx; those that were meant are not a complaint.
        browser.messages = [m for m in browser.messages if "status of 4" not in m]
        tally.test("quiet", quiet, browser, server)
        tally.test("begins", begins, browser)
    tally.end()


if __name__ == "__main__":
    main()
