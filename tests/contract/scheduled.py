#!/usr/bin/env python3
"""Schedules at work, the whole way: the trajectories of torch, Keras and optax that
tests/golden/make_scheduled.py recorded, sent over HTTP. Half way the server is killed and started
again on the same store: what a schedule knows is part of the session."""

import json
import os

from stepd import ROOT, Server, Tally, check

FOLDER = os.path.join(ROOT, "tests", "golden", "scheduled", "sessions")
HALF = 500
MOVED_TOLERANCE = 1e-12


def load(file):
    with open(os.path.join(FOLDER, file), encoding="utf-8") as text:
        return json.load(text)


def rows(stream):
    with open(os.path.join(ROOT, "tests", "golden", "streams", f"{stream}.csv"), encoding="utf-8") as text:
        return [[float(x) for x in line.split(",")] for line in text.read().split()]


def send(server, name, golden, gradients, first, last):
    """Steps first … last in one batch; returns the answer's entry of each."""
    steps = [{"gradient": gradients[t - 1], "expected_step": t - 1} for t in range(first, last + 1)]
    for step, t in zip(steps, range(first, last + 1)):
        if "loss" in golden:
            step["loss"] = golden["loss"][t - 1]
    answer = server.request("POST", f"/v1/sessions/{name}/steps", {"steps": steps, "return": "parameters"})
    check(answer.status == 200, answer)
    return answer.json["steps"]


def compare(got, want, sizes, tolerance, what):
    for i, (a, b) in enumerate(zip(got, want)):
        check(abs(a - b) <= tolerance * sizes[i], f"{what}, number {i}: {a!r}, expected {b!r}")


def trajectory(server, name, golden):
    start = golden["session"]["parameters"]
    answer = server.request("PUT", f"/v1/sessions/{name}", golden["session"])
    check(answer.status == 201, answer)
    gradients = rows(golden["stream"])
    last = max(int(t) for t in golden["steps"])
    entries = send(server, name, golden, gradients, 1, HALF)
    server.kill()
    server.start()
    entries += send(server, name, golden, gradients, HALF + 1, last)
    check(len(entries) == last, len(entries))
    sizes = [max(abs(w[i]) for w in [start, *golden["steps"].values()]) for i in range(len(start))]
    for t, want in golden["steps"].items():
        compare(entries[int(t) - 1]["parameters"], want, sizes, golden["tolerance"], f"step {t}")
    moved = golden["moved"]
    loose = max(golden["tolerance"], MOVED_TOLERANCE)
    for t, want in moved.items():
        for hyper, value in want.items():
            size = max(abs(m[hyper]) for m in moved.values())
            got = entries[int(t) - 1]["metrics"]["hyperparameters"][hyper]
            compare([got], [value], [size], loose, f"{hyper} of step {t}")


def main():
    tally = Tally()
    with Server() as server:
        for file in sorted(os.listdir(FOLDER)):
            name = file.removesuffix(".json")
            tally.test(name, trajectory, server, name, load(file))
    tally.end()


main()
