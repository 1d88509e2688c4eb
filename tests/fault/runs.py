#!/usr/bin/env python3
"""A run survives kill -9 to the bit, and holds up nobody.

  - A run that is killed again and again ends where one that was left alone ends: at the same step, with
    the same parameters to the bit, each step once in the history.
  - SIGTERM in the middle of a run is clean, and the run goes on after the next start.
  - Who waits for the end of a run is told of it at its end; at SIGTERM, how far it is.
  - While a run goes on, steps of another session are answered in turn: between two of them the run makes
    no more than a few slices of steps. Two runs take turns.

    runs.py [STEPS]      200,000 if not given, 100,000 with STEPD_QUICK
"""

import os
import random
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "contract"))
from stepd import QUICK, Server, Tally, check  # noqa: E402

STEPS = int(sys.argv[1]) if len(sys.argv) > 1 else 100000 if QUICK else 200000
KILLS = 2 if QUICK else 5
SECONDS = 240
SLICE_STEPS = 4096
# A start of its own and momentum: the block matters, not only the parameters. The samples of a step depend
# on its number, so that a step made twice or left out shows.
SESSION = {"optimizer": {"name": "adam", "lr": 0.001}, "objective": {"name": "softmax_regression", "dataset": "iris", "batch_size": 8, "seed": 5}}


def begin(server, name, steps=STEPS):
    answer = server.request("PUT", f"/v1/sessions/{name}", SESSION)
    check(answer.status in (200, 201), answer)
    answer = server.request("POST", f"/v1/sessions/{name}/runs", {"steps": steps})
    check(answer.status == 202, f"{answer}")
    return answer.json["id"]


def wait(server, run):
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        state = server.request("GET", f"/v1/runs/{run}").json
        if state["status"] != "running":
            return state
        time.sleep(0.05)
    check(False, f"the run did not end in {SECONDS} s: {state}")


def check_end(server, name, run, wanted):
    state = wait(server, run)
    check(state["stopped_by"] == "steps" and state["steps_done"] == STEPS and state["step"] == STEPS, f"{state}")
    if wanted:
        check(state["parameters"] == wanted["parameters"] and state["metrics"] == wanted["metrics"], f"{state}\nin place of {wanted}")
    history = server.request("GET", f"/v1/sessions/{name}/history?fields=step&limit=1000000").json
    check(history["total_points"] == STEPS and history["columns"][0] == list(range(1, STEPS + 1)),
          f"{history['total_points']} rows of history")
    return state


def killed(server, wanted, chance):
    run = begin(server, "killed")
    seen = []
    for _ in range(KILLS):
        time.sleep(chance.uniform(0.05, 0.4))
        server.kill()
        server.start()
        server.wait_ready()
        state = server.request("GET", f"/v1/runs/{run}").json
        check(state["step"] == state["steps_done"], f"the run says {state['steps_done']}, the session {state['step']}")
        seen.append(state["steps_done"])
    check(seen[0] > 0 and seen == sorted(seen), f"steps after each kill: {seen}")
    check_end(server, "killed", run, wanted)


def ask(server, run, answers):
    client = server.connect()
    answers.append(client.request("GET", f"/v1/runs/{run}?wait=60"))
    client.close()


def asking(server, run, count):
    answers = []
    threads = [threading.Thread(target=ask, args=(server, run, answers)) for _ in range(count)]
    for thread in threads:
        thread.start()
    return threads, answers


def waited(server, wanted):
    threads, answers = asking(server, begin(server, "waited"), 3)
    for thread in threads:
        thread.join(SECONDS)
    for answer in answers:
        check(answer.status == 200 and answer.json["status"] == "finished", f"{answer}")
        check(answer.json["parameters"] == wanted["parameters"], f"{answer}")
    check(len(answers) == 3, f"{len(answers)} answers")


def terminated(server, wanted):
    run = begin(server, "terminated")
    threads, answers = asking(server, run, 2)
    time.sleep(0.2)
    seconds = server.stop()
    for thread in threads:
        thread.join(10)
    check(len(answers) == 2 and seconds < 5, f"{len(answers)} answers, {seconds} s")
    for answer in answers:
        check(answer.status == 200 and answer.json["status"] == "running", f"{answer}")
    server.start()
    server.wait_ready()
    check_end(server, "terminated", run, wanted)


def fair(server):
    run = begin(server, "busy", 10000000)
    server.request("PUT", "/v1/sessions/other", {"optimizer": {"name": "gd", "lr": 0.5}, "parameters": [1024]})
    before, widest = server.request("GET", f"/v1/runs/{run}").json["steps_done"], 0
    for k in range(1, 41):
        answer = server.request("POST", "/v1/sessions/other/steps", {"gradient": [1]})
        check(answer.status == 200 and answer.json["step"] == k, f"{answer}")
        now = server.request("GET", f"/v1/runs/{run}").json["steps_done"]
        widest = max(widest, now - before)
        before = now
    check(0 < widest <= 4 * SLICE_STEPS, f"the run made {widest} steps between two steps of another session")
    second = begin(server, "second", 10000000)
    time.sleep(0.3)
    made = server.request("GET", f"/v1/runs/{second}").json["steps_done"]
    check(made > 0, "a second run waits for the first")
    for one in (run, second):
        state = server.request("DELETE", f"/v1/runs/{one}")
        check(state.json["status"] == "cancelled", f"{state}")


def main():
    seed = os.environ.get("STEPD_SEED") or str(time.time_ns())
    tally = Tally()
    with Server() as server:
        run = begin(server, "alone")
        wanted = check_end(server, "alone", run, None)
        tally.test("killed again and again", killed, server, wanted, random.Random(seed))
        tally.test("waited for", waited, server, wanted)
        tally.test("terminated", terminated, server, wanted)
        tally.test("others are served meanwhile", fair, server)
        if tally.failed:
            print(f"seed {seed}; the log ends:\n{server.tail()}")
    tally.end()


if __name__ == "__main__":
    main()
