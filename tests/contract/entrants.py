#!/usr/bin/env python3
"""What moves a session moves an entrant of a comparison and every run of a sweep: schedules,
transforms and groups. The parameters after each step, and the losses, are those of a session with
that objective and the same settings, to the bit."""

from stepd import Server, Tally, check

STEPS = 40

PLATEAU = {"name": "reduce_on_plateau", "factor": 0.5, "patience": 2}
CYCLE = {"name": "one_cycle", "max_lr": 0.02, "total_steps": 60}
CLIP = {"name": "clip_global_norm", "max_norm": 0.5}
ROSENBROCK = [
    {"name": "adam", "lr": 0.1},
    {"name": "adam", "lr": 0.1, "schedule": {"name": "cosine", "decay_steps": 30}},
    {"name": "adam", "lr": 0.1, "schedule": CYCLE, "transforms": [CLIP]},
    {"name": "sgd", "lr": 0.001, "momentum": 0.9, "schedule": {"lr": PLATEAU, "momentum": {"name": "linear", "start_factor": 0.5, "total_iters": 9}}},
    {"name": "gd", "lr": 0.0003, "transforms": ["centralize", {"name": "accumulate", "steps": 3}, {"name": "ema", "decay": 0.9}]},
    {"name": "gd", "lr": 0.0003, "transforms": [{"name": "noise", "eta": 0.1, "seed": 7}, {"name": "project_box", "lower": -1, "upper": 1}]},
    {"name": "adamw", "profile": "keras", "learning_rate": 0.05, "schedule": {"name": "sequence", "boundaries": [5], "schedules": [
        {"name": "linear", "profile": "torch", "start_factor": 0.1, "total_iters": 5}, {"name": "exponential", "profile": "torch", "gamma": 0.9}]}},
    {"name": "adam", "lr": 0.3, "transforms": [{"name": "noise", "eta": 1e4, "gamma": 0}, {"name": "skip_large", "max_squared_norm": 3e4}]},
]
IRIS = [
    {"name": "minibatch_gd", "lr": 0.1},
    {"name": "adam", "lr": 0.1, "groups": [{"match": "b", "lr": 0.01}]},
    {"name": "sgd", "lr": 0.1, "momentum": 0.9, "schedule": {"name": "step", "step_size": 7, "gamma": 0.5}, "groups": [{"match": "b", "frozen": True}]},
    {"name": "rmsprop", "lr": 0.01, "transforms": [{"name": "weight_decay", "weight_decay": 0.01, "exclude": "b"}]},
]
CASES = [("rosenbrock", ROSENBROCK), ({"name": "softmax_regression", "dataset": "iris", "seed": 3}, IRIS)]


def session_of(entrant, objective):
    """The same as a session: what stands inside of the optimizer stands beside it there."""
    beside = {k: v for k, v in entrant.items() if k in ("schedule", "transforms", "groups")}
    return {"optimizer": {k: v for k, v in entrant.items() if k not in beside}, "objective": objective, **beside}


def numbers(parameters):
    """All of them, in order."""
    if isinstance(parameters, dict):
        return [x for name in parameters for x in numbers(parameters[name])]
    return [x for item in parameters for x in numbers(item)] if isinstance(parameters, list) else [parameters]


def run(server, entrant, objective, steps=STEPS):
    """The session after so many steps, the parameters after each, and the loss that each began at."""
    made = server.request("POST", "/v1/sessions", session_of(entrant, objective))
    check(made.status == 201, made)
    way, losses = {0: made.json["parameters"]}, {}
    for _ in range(steps):
        answer = server.request("POST", f"/v1/sessions/{made.json['id']}/steps", {})
        check(answer.status == 200, answer)
        losses[len(way) - 1] = answer.json["metrics"]["loss"]
        way[answer.json["step"]] = answer.json["parameters"]
    return server.request("GET", f"/v1/sessions/{made.json['id']}").json, way, losses


def compare(server, **body):
    answer = server.request("POST", "/v1/compare", body)
    check(answer.status == 200, answer)
    return answer.json


def races(server, objective, entrants):
    race = compare(server, objective=objective, steps=STEPS, optimizers=entrants)
    for entrant, got in zip(entrants, race["runs"]):
        session, way, losses = run(server, entrant, objective)
        last = session["step"]
        check(got["steps_done"] == STEPS and got["final"]["step"] == last, f"{entrant}: {got['final']}, the session is at {last}")
        check(got["parameters"] == way[last], f"{entrant}: {got['parameters']}, the session has {way[last]}")
        for part in ("optimizer", "schedule", "transforms", "groups"):
            check(got[part] == session[part], f"{entrant}: {part} {got[part]}, the session has {session[part]}")
        check(got["columns"]["step"] == sorted(way), f"{entrant}: points {got['columns']['step']}")
        for step, w, loss in zip(sorted(way), got["trajectory"], got["columns"]["loss"]):
            check(w == numbers(way[step]), f"{entrant}, step {step}: {w}, the session has {way[step]}")
            check(step == last or got.get("batch_size", "full") != "full" or loss == losses[step], f"{entrant}, step {step}: another loss")
    check(any(s["final"]["step"] < STEPS for s in race["runs"]) == (objective == "rosenbrock"), "none skips a step")


def sweeps(server):
    """Every point of a grid is the entrant that is meant by it."""
    base = {"name": "adam", "lr": 0.2, "schedule": {"beta1": {"name": "linear", "start_factor": 0.5}, "lr": {"name": "exponential"}},
            "transforms": [{"name": "clip_value", "max_value": 5}, {"name": "ema"}]}
    grid = {"schedule.lr.gamma": [0.9, 0.99], "eps": [1e-8, 0.1], "transforms.1.decay": [0.5, 0.9], "schedule.beta1.total_iters": [3]}
    answer = server.request("POST", "/v1/sweeps", {"objective": "rosenbrock", "steps": STEPS, "optimizer": base, "grid": grid})
    check(answer.status == 200, answer)
    sweep, entrants = answer.json, []
    for made in (r["hyperparameters"] for r in sweep["runs"]):
        lr, beta1 = base["schedule"]["lr"], base["schedule"]["beta1"]
        entrants.append({**base, "eps": made["eps"], "transforms": [base["transforms"][0], {"name": "ema", "decay": made["transforms.1.decay"]}],
                         "schedule": {"lr": {**lr, "gamma": made["schedule.lr.gamma"]}, "beta1": {**beta1, "total_iters": made["schedule.beta1.total_iters"]}}})
    race = compare(server, objective="rosenbrock", steps=STEPS, optimizers=entrants)
    check(len(sweep["runs"]) == 8 and sweep["ranking"] == race["ranking"], sweep["ranking"], race["ranking"])
    for mine, other in zip(sweep["runs"], race["runs"]):
        check(mine["final"] == other["final"] and mine["best"] == other["best"], mine, other["final"])
    check(len({r["final"]["loss"] for r in sweep["runs"]}) >= 4, "the axes change nothing")
    winner = race["runs"][race["ranking"][0]]
    for part in ("optimizer", "schedule", "transforms", "groups"):
        check(sweep[part] == winner[part], f"{part}: {sweep[part]} of the winner {winner[part]}")


def skips(server):
    """Steps that a transform skips count as steps, and make no points in the curve."""
    entrant = {"name": "gd", "lr": 0.001, "transforms": [{"name": "skip_large", "max_squared_norm": 1e-6}]}
    got = compare(server, objective="rosenbrock", steps=9000, optimizers=[entrant])["runs"][0]
    check(got["steps_done"] == 9000 and got["columns"]["step"] == [0], got)


def main():
    tally = Tally()
    with Server() as server:
        for objective, entrants in CASES:
            tally.test(str(objective), races, server, objective, entrants)
        for test in (sweeps, skips):
            tally.test(test.__name__, test, server)
    tally.end()


if __name__ == "__main__":
    main()
