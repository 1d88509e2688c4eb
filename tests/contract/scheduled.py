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


def columns(server, name, query):
    answer = server.request("GET", f"/v1/sessions/{name}/history?{query}")
    check(answer.status == 200, answer)
    return dict(zip(answer.json["fields"], answer.json["columns"]))


def history(server, name, golden):
    """The columns of the history say what the answers of the steps said, one by one and in buckets."""
    hypers = sorted(next(iter(golden["moved"].values())))
    fields = ",".join(hypers)
    answer = server.request("POST", f"/v1/sessions/{name}/steps?dry_run=true",
                            {"gradient": golden["session"]["parameters"], "loss": 1})
    check(sorted(answer.json["metrics"]["hyperparameters"]) == hypers, answer)
    whole = columns(server, name, f"fields={fields}&limit=100000")
    for t, want in golden["moved"].items():
        for hyper, value in want.items():
            size = max(abs(m[hyper]) for m in golden["moved"].values())
            compare([whole[hyper][int(t) - 1]], [value], [size],
                    max(golden["tolerance"], MOVED_TOLERANCE), f"{hyper} of step {t} in the history")
    points = columns(server, name, f"fields={fields}&max_points=20")
    first = 0
    for i, last in enumerate(points["step"]):
        for hyper in hypers:
            values = whole[hyper][first:last]
            got = [points[f"{hyper}{part}"][i] for part in ["", "_min", "_max"]]
            check(got == [values[-1], min(values), max(values)], f"{hyper}, bucket {i}: {got}")
        first = last
    check(first == len(whole["step"]), first)


def run_on_its_own(server):
    """A run tells what schedules gave as steps of clients do."""
    line = {"name": "linear", "start_factor": 1, "end_factor": 0.5, "total_iters": 600}
    body = {"optimizer": {"name": "sgd", "lr": 1e-4, "momentum": 0.9}, "objective": "rosenbrock",
            "schedule": {"momentum": line}}
    answer = server.request("PUT", "/v1/sessions/own", body)
    check(answer.status == 201, answer)
    answer = server.request("POST", "/v1/sessions/own/runs?wait=30", {"steps": 700})
    check(answer.json["steps_done"] == 700, answer)
    answer = server.request("POST", "/v1/schedules/linear/preview",
                            {"schedule": line, "base": 0.9, "steps": 700})
    got = columns(server, "own", "fields=momentum")["momentum"]
    check(got == answer.json["values"], got[:5])


def main():
    tally = Tally()
    with Server() as server:
        for file in sorted(os.listdir(FOLDER)):
            name = file.removesuffix(".json")
            golden = load(file)
            tally.test(name, trajectory, server, name, golden)
            tally.test(f"{name}: history", history, server, name, golden)
        tally.test("a run on its own objective", run_on_its_own, server)
    tally.end()


main()
