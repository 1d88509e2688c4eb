"""The points at which scipy's BFGS and conjugate gradients look on their way down a valley.

    venv/bin/python tests/golden/make_searches.py           writes every file again
    venv/bin/python tests/golden/make_searches.py --check   status 1 on a difference

scipy.optimize.minimize runs as it is, but for its line search: in place of that stands the one of
torch.optim.lbfgs, which stepd has. So the directions, and what BFGS learns of the curvature, are
scipy's own. (Its searches cannot be had: they call back, and MINPACK's dcsrch is another method.)
make_golden.py cannot do this: its gradients do not depend on the parameters, and where nothing
descends scipy gives up. A case is tests/golden/searches/<optimizer>/<variant>.json:

    source      what was run, with its version
    optimizer   as posted to stepd
    start       the first point; loss is (1 - x)² + 100·(y - x²)²
    tolerance   |got - want|, since the minimum is at 1, 1
    points      every point that was asked for after the start, until the gradient is below 1e-5
"""

import importlib
import json
import sys
import tempfile
from unittest import mock

import make_golden as golden

OUT = golden.HERE / "searches"
SEARCH = "scipy.optimize._optimize._line_search_wolfe12"
START = [-1.2, 1.0]
SMALL = 1e-5

CASES = [
    ("bfgs", "default", "BFGS", {"scale_initial": False}),
    ("bfgs", "options", "BFGS",
     {"lr": 0.5, "curvature": 0.3, "max_line_search": 10, "scale_initial": False}),
    ("conjugate_gradient", "default", "CG", {}),
    ("conjugate_gradient", "options", "CG",
     {"lr": 0.5, "curvature": 0.4, "max_line_search": 15}),
]


def valley(w):
    x, y = (float(c) for c in w)
    rise = y - x * x
    return (1 - x) * (1 - x) + 100 * rise * rise, [-2 * (1 - x) - 400 * x * rise, 200 * rise]


def searched(method, look, lr=1.0, curvature=None, max_line_search=25):
    """torch's line search, called as scipy calls its own, from the first lengths that stepd has."""
    import torch

    wolfe, last = importlib.import_module("torch.optim.lbfgs")._strong_wolfe, {}
    curvature = curvature or {"BFGS": 0.9, "CG": 0.1}[method]

    def search(f, gradient, w, d, g, loss, *others, **more):
        slope = float(g @ d)
        length = lr * min(1.0, 1.0 / float(abs(g).sum()))
        if last:
            length = lr if method == "BFGS" else last["length"] * min(10.0, last["slope"] / slope)
        loss, g, length, _ = wolfe(lambda x, t, d: look(x + t * d), torch.tensor(w), length,
                                   torch.tensor(d), loss, torch.tensor(g), slope, c2=curvature,
                                   max_ls=max_line_search)
        last.update(length=float(length), slope=slope)
        return last["length"], 1, 1, float(loss), None, g.numpy()

    return search


def points(method, options):
    import numpy
    import scipy.optimize
    import torch

    asked = []

    def ask(w):
        asked.append([float(x) for x in w])
        loss, g = valley(w)
        return loss, numpy.array(g)

    def look(w):
        loss, g = ask(w)
        return loss, torch.tensor(g)

    options = {k: v for k, v in options.items() if k != "scale_initial"}
    with mock.patch(SEARCH, searched(method, look, **options)):
        found = scipy.optimize.minimize(ask, numpy.array(START), jac=True, method=method,
                                        options={"gtol": SMALL})
    assert found.success, found.message
    return asked[1:]


def files_wanted(folders):
    import scipy

    for name, variant, method, options in CASES:
        if folders and name not in folders:
            continue
        out = {"source": f"scipy {scipy.__version__} minimize(method='{method}'), the search of "
                         "torch.optim.lbfgs in place of its own",
               "optimizer": {"name": name, "profile": "paper", **options},
               "start": START, "tolerance": 1e-9}
        lines = [f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in out.items()]
        rows = ",\n".join(f"    {json.dumps(w)}" for w in points(method, options))
        yield (f"{name}/{variant}.json",
               "{\n" + ",\n".join(lines) + ',\n  "points": [\n' + rows + "\n  ]\n}\n")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        golden.environment(home)
        sys.exit(golden.write_files(OUT, files_wanted, sys.argv[1:]))
