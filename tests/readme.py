#!/usr/bin/env python3
"""The README holds what it says: its snippets run against a live server, its links lead somewhere.

Blocks marked sh, python and javascript are run (with the port of this test's server), the latter two twice, as
a reader may; a block marked json is what the block before it must have printed last, "…" standing for anything.
Targets of make and options of stepd that it names have to exist.
"""
import json, os, re, subprocess, sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "contract"))
from stepd import PROGRAM, ROOT, Server, Tally, check  # noqa: E402

TEXT = open(os.path.join(ROOT, "README.md"), encoding="utf-8").read()
RUNNERS = {
    "sh": ["sh", "-eu", "-c"],
    "python": [sys.executable, "-c"],
    "javascript": ["node", "--input-type=module", "-e"],
}


def run(language, code, server):
    code = code.replace("http://127.0.0.1:7837", server.url)
    if language == "sh":
        code = "curl() { command curl -sS --fail-with-body -w '\\n' \"$@\"; }\n" + code
    done = subprocess.run([*RUNNERS[language], code], capture_output=True, text=True, timeout=120)
    check(done.returncode == 0, f"status {done.returncode}\n{done.stdout}{done.stderr}")
    check(done.stdout.strip(), "it printed nothing")
    return done.stdout


def matches(expected, got):
    if expected == "…":
        return True
    if isinstance(expected, dict):
        return isinstance(got, dict) and expected.keys() == got.keys() and all(
            matches(v, got[k]) for k, v in expected.items())
    return expected == got


def same(expected, printed):
    got = json.loads(printed.strip().splitlines()[-1])
    check(matches(json.loads(expected), got), f"the README says {expected}\nbut it was {json.dumps(got)}")


def snippets(tally):
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", TEXT, re.M | re.S)
    with Server() as server:
        printed = ""
        for number, (language, code) in enumerate(blocks, 1):
            name = f"block {number} ({language})"
            if language in RUNNERS:
                def keep(language=language, code=code):
                    nonlocal printed
                    printed = run(language, code, server)
                tally.test(name, keep)
                if language != "sh":
                    tally.test(f"{name}, again", run, language, code, server)
            elif language == "json":
                tally.test(name, same, code, printed)
    return blocks


def exists(path):
    check(os.path.exists(os.path.join(ROOT, path)), f"{path} is not there")


def references(tally):
    for path in re.findall(r"\]\(((?!https?:)[^)#]+)\)", TEXT):
        tally.test(f"link {path}", exists, path)
    makefile = open(os.path.join(ROOT, "Makefile"), encoding="utf-8").read()
    for target in set(re.findall(r"(?:^|`)make ([a-z]+)", TEXT, re.M)):
        tally.test(f"make {target}", check, re.search(rf"^{target}:", makefile, re.M), "no such target")
    described = subprocess.run([PROGRAM, "--help"], capture_output=True, text=True).stdout
    for option in set(re.findall(r"`(--[a-z-]+)`", TEXT)):
        tally.test(option, check, option in described, "stepd --help does not know it")


def main():
    tally = Tally()
    blocks = snippets(tally)
    tally.test("all three languages are shown", check, set(RUNNERS) <= {language for language, _ in blocks})
    references(tally)
    tally.end()


main()
