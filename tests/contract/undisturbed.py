#!/usr/bin/env python3
"""What schedules know survives whatever happens to their session between two steps: the steps of a
session that has left the cache, was patched, skipped a step that was not finite, was asked what a
step would do, or met a server that was killed are, to the bit, those of one to which nothing
happened."""

import itertools

from stepd import Server, Tally, check

STEPS, EVERY = 60, 4
START = [1.5, -0.75, 3.0]

PLATEAU = {"name": "plateau", "factor": 0.7, "patience": 2, "cooldown": 1}
ONCE = {"name": "reduce_on_plateau", "factor": 0.8, "patience": 2, "accumulation_size": 3}
LINE = {"name": "linear", "start_factor": 0.5, "end_factor": 1, "total_iters": 7}
SCHEDULE = {
    "lr": PLATEAU,
    "beta1": {"name": "sequence", "boundaries": [9, 30],
              "schedules": [LINE, {"name": "chain", "schedules": [ONCE, PLATEAU]}, ONCE]},
    "weight_decay": {"name": "proportion", "max_lr": 0.1, "min_value": 0.001,
                     "schedules": [{"name": "chain", "schedules": [LINE, PLATEAU]}]},
}
KINDS = {"plain": [], "accumulated": [{"name": "accumulate", "steps": 2}],
         "judged": [{"name": "skip_nonfinite"}]}
OTHER = {"name": "other", "optimizer": "gd", "parameters": [1.0]}


def specification(transforms):
    return {"optimizer": {"name": "adamw", "lr": 0.1, "weight_decay": 0.05}, "schedule": SCHEDULE,
            "on_nonfinite": "skip", "transforms": transforms, "parameters": START}


def step(t, w):
    """A loss that falls, stalls and rises, and a gradient that depends on all that went before."""
    return {"gradient": [x + 0.3 * ((t * (i + 3)) % 7 - 3) for i, x in enumerate(w)],
            "loss": 2 / (1 + t % 23) + 0.01 * (t * 37 % 11), "expected_step": t}


# ---- what may happen between two steps -----------------------------------------------------------
def nothing(server, name, t, w):
    pass


def leave_the_cache(server, name, t, w):
    check(server.request("POST", "/v1/sessions/other/steps", {"gradient": [1.0]}).status == 200)


def patch(server, name, t, w):
    answer = server.request("PATCH", f"/v1/sessions/{name}", {"tags": {"seen": str(t)}},
                            {"Content-Type": "application/merge-patch+json"})
    check(answer.status == 200, answer)


def patch_a_part(server, name, t, w):
    """A hyperparameter that has no schedule, and back again."""
    for eps in [1e-3, 1e-8]:
        answer = server.request("PATCH", f"/v1/sessions/{name}", {"optimizer": {"eps": eps}},
                                {"Content-Type": "application/merge-patch+json"})
        check(answer.status == 200, answer)


def patch_the_layout(server, name, t, w):
    """A new slot and none again: the block is laid out anew each time."""
    for amsgrad in [True, False]:
        answer = server.request("PATCH", f"/v1/sessions/{name}", {"optimizer": {"amsgrad": amsgrad}},
                                {"Content-Type": "application/merge-patch+json"})
        check(answer.status == 200, answer)


def patch_another_schedule(server, name, t, w):
    """A schedule of another hyperparameter comes and goes."""
    for schedule in [PLATEAU, None]:
        answer = server.request("PATCH", f"/v1/sessions/{name}", {"schedule": {"eps": schedule}},
                                {"Content-Type": "application/merge-patch+json"})
        check(answer.status == 200, answer)


def skip(server, name, t, w):
    """Two steps that are not finite: one says so itself, the other overflows on its way."""
    for wrong in [{"gradient": [1.0, "NaN", 1.0], "loss": 0.5}, {"gradient": [1e200] * 3, "loss": 9.5}]:
        answer = server.request("POST", f"/v1/sessions/{name}/steps", {**step(t, w), **wrong})
        check(answer.status == 200 and answer.json["skipped"] is True, answer)
        check(answer.json["step"] == t, answer)


def dry_run(server, name, t, w):
    for loss in [0.001, 1e6]:
        steps = [{**step(t, w), "loss": loss}, {"gradient": w, "loss": loss}]
        answer = server.request("POST", f"/v1/sessions/{name}/steps?dry_run=true", {"steps": steps})
        check(answer.status == 200 and answer.json["step"] == t + 2, answer)


def fail(server, name, t, w):
    """A batch whose last step is refused: none of it happens."""
    steps = [step(t, w), {"gradient": w, "loss": 1e6}, {"gradient": w}]
    answer = server.request("POST", f"/v1/sessions/{name}/steps", {"steps": steps})
    check(answer.status == 422, answer)


def kill(server, name, t, w):
    server.kill()
    server.start()


EVENTS = [leave_the_cache, patch, patch_a_part, patch_the_layout, patch_another_schedule, skip, dry_run,
          fail]


# ---- runs ----------------------------------------------------------------------------------------
def run(server, name, transforms, events):
    """All steps, with the next of the events before every fourth; what each was answered."""
    answer = server.request("PUT", f"/v1/sessions/{name}", specification(transforms))
    check(answer.status == 201, answer)
    w, answers, events = START, [], itertools.cycle(events)
    for t in range(STEPS):
        if t % EVERY == EVERY - 1:
            next(events)(server, name, t, w)
        answer = server.request("POST", f"/v1/sessions/{name}/steps", step(t, w))
        check(answer.status == 200, answer)
        w = answer.json["parameters"]
        answers.append({"parameters": w, **answer.json["metrics"]})
    state = server.request("GET", f"/v1/sessions/{name}/state").json
    return answers, {k: state[k] for k in ["step", "parameters", "slots", "scalars"]}


def compare(got, want):
    for t, (a, b) in enumerate(zip(got[0], want[0])):
        a, b = ({k: v for k, v in x.items() if k != "time"} for x in (a, b))
        check(a == b, f"step {t + 1}: {a}, undisturbed {b}")
    check(got[1] == want[1], f"{got[1]}, undisturbed {want[1]}")


def follows(answers):
    """The test would say nothing if nothing moved."""
    for hyper in SCHEDULE:
        values = {a["hyperparameters"][hyper] for a in answers}
        check(len(values) > 4, f"{hyper} has {len(values)} values")


def main():
    tally = Tally()
    with Server(["--cache", "0"]) as server:
        check(server.request("POST", "/v1/sessions", OTHER).status == 201)
        for kind, transforms in KINDS.items():
            want = run(server, kind, transforms, [nothing])
            tally.test(f"{kind}: all of them move", follows, want[0])
            for event in [*EVENTS, kill]:
                name = f"{kind}-{event.__name__}"
                tally.test(name, lambda: compare(run(server, name, transforms, [event]), want))
            tally.test(f"{kind}: all in turn",
                       lambda: compare(run(server, f"{kind}-all", transforms, EVENTS), want))
    tally.end()


main()
