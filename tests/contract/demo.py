#!/usr/bin/env python3
"""GET /v1/demo/{optimizer}/{objective} for every optimizer on every objective: both catalogues are
walked, so that one that is added is shown too. Each demo runs, as JSON, CSV and plot, and the three
say the same; where an optimizer needs what an objective cannot give, 422 names it. With STEPD_QUICK
CSV and plot are asked for on the first objective only.
"""

import csv
import io
import math

from openapi import Contract
from stepd import QUICK, Server, Tally, check

STEPS = 20


def ask(server, path, accept):
    return server.request("GET", path, headers={"Accept": accept})


def lacking(server, optimizer, objective):
    """The fields that a step needs and the objective has not, by the catalogues."""
    needs = set(server.request("GET", f"/v1/optimizers/{optimizer}").json["needs"])
    gives = {"gradient", "loss"}
    asked = {"points": [server.request("GET", f"/v1/objectives/{objective}").json["starts"][0]], "hessian": True}
    if server.request("POST", f"/v1/objectives/{objective}/evaluate", asked).status == 200:
        gives |= {"hessian", "hessian_diagonal"}
    return needs - gives


def refused(server, optimizer, objective, answer):
    missing = lacking(server, optimizer, objective)
    check(missing, f"nothing is missing, and yet: {answer}")
    detail = answer.json["detail"]
    check(any(field in detail for field in missing), f"{detail!r} names none of {missing}")


def ran(run):
    """The run arrived somewhere: all steps made, no loss that is no number, none worse than the start."""
    steps, losses = run["columns"]["step"], run["columns"]["loss"]
    check(run["diverged"] is None, f"diverged: {run['diverged']}")
    check(run["steps_done"] == STEPS and steps == list(range(STEPS + 1)), f"{run['steps_done']} steps, {steps}")
    check(all(isinstance(loss, (int, float)) and math.isfinite(loss) for loss in losses), f"losses {losses}")
    check(run["best"]["loss"] == min(losses) and run["final"]["loss"] == losses[-1], "best and final are not of the curve")
    check(run["best"]["loss"] <= losses[0], "the best is worse than the start")


def same_table(run, answer):
    rows = list(csv.reader(io.StringIO(answer.body.decode())))
    check(rows[0] == ["run", "optimizer", "step", "loss"], f"head {rows[0]}")
    check([int(row[2]) for row in rows[1:]] == run["columns"]["step"], "other steps")
    check([float(row[3]) for row in rows[1:]] == run["columns"]["loss"], "other losses")


def same_plot(run, answer):
    lines = answer.body.decode().splitlines()
    plot = [line for line in lines if line[10:12] == " |"]
    check(len(plot) == 16 and sum(line.count("*") for line in plot) > 0, f"no plot in {lines}")
    said = f"{STEPS} steps, loss from {run['columns']['loss'][0]:.6g} to {run['final']['loss']:.6g}"
    check(any(line.startswith(said) for line in lines), f"{said!r} is not in {lines}")


def demo(contract, server, optimizer, objective, held):
    """`held`: whether to hold the answer to its schema, which takes longer than the demo."""
    path = f"/v1/demo/{optimizer}/{objective}?steps={STEPS}"
    answer = ask(server, path, "application/json")
    operation = contract.operations["GET", "/v1/demo/{optimizer}/{objective}"]
    if held or answer.status != 200:
        contract.check_answer(operation["responses"][str(answer.status)], answer)
    if answer.status != 200:
        check(answer.status == 422, f"{answer}")
        refused(server, optimizer, objective, answer)
        return
    run = answer.json["runs"][0]
    check(run["optimizer"]["name"] == optimizer and answer.json["objective"] == objective, f"{answer}")
    ran(run)
    if QUICK and not held:
        return
    table, plot = ask(server, path, "text/csv"), ask(server, path, "text/plain")
    check(table.status == plot.status == 200, f"{table}\n{plot}")
    same_table(run, table)
    same_plot(run, plot)


def main():
    tally = Tally()
    contract = Contract()
    with Server() as server:
        names = [[item["name"] for item in server.request("GET", f"/v1/{kind}").json["items"]]
                 for kind in ("optimizers", "objectives")]
        for optimizer in names[0]:
            for objective in names[1]:
                tally.test(f"{optimizer} on {objective}", demo, contract, server, optimizer, objective,
                           objective == names[1][0])
    tally.end()


if __name__ == "__main__":
    main()
