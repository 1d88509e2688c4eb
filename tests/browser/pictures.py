"""Makes the two pictures of README.md anew, from runs that a server makes for them:

    python3 tests/browser/pictures.py        (of the build in $BUILD; writes src/web/*.webp)

One session: Adam down a noisy valley, with a cosine schedule and a clipped gradient; and
the playground, four optimizers on Rosenbrock's valley.
"""

import base64
import os
import random

from chromium import Browser
from stepd import ROOT, Server, check

WIDTH = 1200


def train(server, name, steps):
    """Adam with a cosine schedule down the valley a² + 10b², on gradients with noise."""
    noise = random.Random(7)
    made = server.request("PUT", f"/v1/sessions/{name}", {
        "optimizer": {"name": "adam", "lr": 0.05}, "parameters": {"w": [4.0, -3.0]},
        "schedule": {"name": "cosine", "decay_steps": steps * 5 // 4}, "transforms": [{"name": "clip_global_norm", "max_norm": 25}]})
    check(made.status == 201, made)
    a, b = 4.0, -3.0
    for _ in range(steps):
        gradient = [2 * a + noise.gauss(0, 2), 20 * b + noise.gauss(0, 2)]
        answer = server.request("POST", f"/v1/sessions/{name}/steps", {"gradient": {"w": gradient}, "loss": a * a + 10 * b * b + noise.expovariate(4)})
        check(answer.status == 200, answer)
        a, b = answer.json["parameters"]["w"]


def save(browser, name, height):
    """What is seen now, as WebP, which is small."""
    data = browser.cdp("Page.captureScreenshot", format="webp", quality=80, captureBeyondViewport=True,
                       clip={"x": 0, "y": 0, "width": WIDTH, "height": height, "scale": 1})["data"]
    path = os.path.join(ROOT, "src/web", name)
    with open(path, "wb") as out:
        out.write(base64.b64decode(data))
    print(f"{name}: {os.path.getsize(path)} bytes")


def main():
    with Server() as server, Browser(WIDTH, 900) as browser:
        train(server, "noisy-valley", 400)
        browser.open(f"{server.url}/#/s/noisy-valley?smooth=0.85")
        browser.ready()
        browser.wait("document.querySelectorAll('.chart canvas').length >= 8")
        save(browser, "dashboard.webp", 862)
        browser.scheme("dark")
        browser.open("about:blank")
        browser.open(f"{server.url}/#/playground?o=rosenbrock&n=500")
        browser.ready()
        browser.wait("document.querySelectorAll('.ranking tbody tr').length === 4 && document.querySelector('.plot canvas')")
        save(browser, "playground.webp", 806)


if __name__ == "__main__":
    main()
