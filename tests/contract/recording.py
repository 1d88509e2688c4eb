#!/usr/bin/env python3
"""Every optimizer of the catalogue: the steps of a small session are explained later as they were
when they were made, and the last line is what the trajectory has, to the bit; after a restart too.
"""

from stepd import Server, Tally, check

STEPS = 4
SMALLER = {"lbfgs": {"history_size": 5}}  # what keeps the state small enough to be recorded
START = {"W": [[1.5, -2.25], [0.5, 3.0]], "b": [0.125]}


def flat(values):
    return [x for row in values["W"] for x in row] + values["b"]


def like(values, f):
    return {"W": [[f(x) for x in row] for row in values["W"]], "b": [f(x) for x in values["b"]]}


def body(needs, at, k):
    """What a step at `at` carries for f(w) = sum (w - 1)^2 + sin(3 w k), or so."""
    step = {"gradient": like(at, lambda x: 2 * (x - 1) + 0.3 * ((k * 7 + int(x * 5)) % 3 - 1)),
            "loss": sum((x - 1) ** 2 for x in flat(at))}
    if "hessian" in needs:
        step["hessian"] = [[2.0 if i == j else 0.0 for j in range(5)] for i in range(5)]
    elif "hessian_diagonal" in needs:
        step["hessian_diagonal"] = like(at, lambda x: 2.0)
    return step


def recorded(needs):
    return set(needs) <= {"gradient", "loss", "hessian", "hessian_diagonal"}


def make(server, name, needs, said):
    made = server.request("PUT", f"/v1/sessions/{name}", {"optimizer": {"name": name, **SMALLER.get(name, {})},
                                                             "parameters": START})
    check(made.status == 201, f"{made}")
    at = made.json["parameters"]
    left = [flat(at)]
    for k in range(1, STEPS + 1):
        coordinate = k % 5
        answer = server.request("POST", f"/v1/sessions/{name}/steps?explain=true&coordinate={coordinate}", body(needs, at, k))
        check(answer.status == 200, f"{answer}")
        at = answer.json["parameters"]
        left.append(flat(at))
        said[name, k] = answer.json["explanation"]
    compare(server, name, left)


def compare(server, name, left):
    answer = server.request("GET", f"/v1/sessions/{name}/trajectory")
    check(answer.status == 200, f"{answer}")
    columns = answer.json["columns"]
    check(columns[0] == list(range(STEPS + 1)), f"steps {columns[0]}")
    check([list(row) for row in zip(*columns[1:])] == left, f"{columns}\nin place of {left}")


def explained(server, name, said):
    columns = server.request("GET", f"/v1/sessions/{name}/trajectory").json["columns"]
    for k in range(1, STEPS + 1):
        coordinate = k % 5
        answer = server.request("GET", f"/v1/sessions/{name}/steps/{k}/explain?coordinate={coordinate}")
        check(answer.status == 200, f"step {k}: {answer}")
        again = answer.json["explanation"]
        check(again == said[name, k], f"step {k}: {again}\nin place of {said[name, k]}")
        value = again["lines"][-1]["value"]
        check(value == columns[1 + coordinate][k], f"step {k}: {value}, recorded {columns[1 + coordinate][k]}")


def main():
    tally = Tally()
    said = {}
    with Server() as server:
        rows = [row for row in server.request("GET", "/v1/optimizers").json["items"] if recorded(row["needs"])]
        made = [row["name"] for row in rows if tally.test(f"{row['name']}", make, server, row["name"], row["needs"], said)]
        for name in made:
            tally.test(f"{name}, explained", explained, server, name, said)
        server.stop()
        server.start()
        for name in made:
            tally.test(f"{name}, after a restart", explained, server, name, said)
    tally.end()


if __name__ == "__main__":
    main()
