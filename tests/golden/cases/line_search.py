"""Optimizers that look at several points: stepd's parameters are where they look next."""

from cases import MIXED, Case


class Enough(Exception):
    pass


def run_closure(feed):
    """torch.optim.LBFGS, one iteration a call; yields the points at which its closure is asked.

    A call begins by asking again for the point that the line search of the call before accepted;
    it is told what the search said of it, and that does not count as a step."""
    import importlib
    from unittest import mock

    import torch

    module = importlib.import_module("torch.optim.lbfgs")
    w = torch.tensor(feed.start, dtype=torch.float64)
    optimizer = feed.function([w], **feed.arguments, max_iter=1)
    search, accepted, asked = module._strong_wolfe, [], []

    def searched(*arguments, **more):
        found = search(*arguments, **more)
        accepted.append((found[0], found[1].clone()))
        return found

    def closure():
        if accepted:
            loss, w.grad = accepted.pop()
            return loss
        asked.append(w.tolist())
        t = len(asked)
        if t > feed.steps:
            raise Enough
        w.grad = torch.tensor(feed.gradient(t, w.tolist()), dtype=torch.float64)
        return feed.loss(t) if feed.loss else 0.0

    try:
        with mock.patch.object(module, "_strong_wolfe", searched):
            while True:
                optimizer.step(closure)
    except Enough:
        yield from asked[1:]


def conjugate_gradient(lr=1.0, beta="polak_ribiere", line_search="strong_wolfe", curvature=0.1,
                       max_line_search=25, restart=0, tolerance_grad=1e-7):
    """The rule, with torch's own line search; ask(t, w) → (loss, gradient) for evaluation t."""
    import importlib

    import torch

    search = importlib.import_module("torch.optim.lbfgs")._strong_wolfe
    betas = {
        "fletcher_reeves": lambda g, g0, d: g.dot(g) / g0.dot(g0),
        "polak_ribiere": lambda g, g0, d: max(0.0, g.dot(g - g0) / g0.dot(g0)),
        "hestenes_stiefel": lambda g, g0, d: max(0.0, g.dot(g - g0) / d.dot(g - g0)),
        "dai_yuan": lambda g, g0, d: g.dot(g) / d.dot(g - g0),
    }

    def run(w, ask):
        loss, g = ask(w)
        d, g0, length, slope0, kept = None, None, 0.0, 0.0, 0
        while True:
            if g.abs().max() <= tolerance_grad:
                loss, g = ask(w)
                continue
            fresh = d is None or (restart and kept >= restart)
            fresh = fresh or (line_search != "none" and length == 0)
            part = 0.0 if fresh else float(betas[beta](g, g0, d))
            new = -g + part * d if part else -g
            if not g.dot(new) < 0:
                part, new = 0.0, -g
            kept = kept + 1 if part else 1
            slope = g.dot(new)
            if line_search == "none":
                length = lr
            elif d is None or length == 0:
                length = lr * min(1.0, 1.0 / float(g.abs().sum()))
            else:
                length = length * min(10.0, float(slope0 / slope))
            d, g0, slope0 = new, g, slope
            if line_search == "none":
                w = w + length * d
                loss, g = ask(w)
            else:
                loss, g, length, _ = search(lambda x, t, d: ask(x + t * d), w, length, d, loss, g,
                                            slope, c2=curvature, max_ls=max_line_search)
                w = w + length * d

    return run


def bfgs(lr=1.0, line_search="strong_wolfe", curvature=0.9, max_line_search=25, scale_initial=True,
         tolerance_grad=1e-7):
    """The rule as scipy writes it, with torch's own line search."""
    import importlib

    import torch

    search = importlib.import_module("torch.optim.lbfgs")._strong_wolfe

    def run(w, ask):
        loss, g = ask(w)
        one, first = torch.eye(len(w), dtype=torch.float64), True
        h, s, g0, updates = one, None, None, 0
        while True:
            if g.abs().max() <= tolerance_grad:
                loss, g = ask(w)
                continue
            if not first:
                y = g - g0
                ys = y.dot(s)
                if ys > 1e-10:
                    if scale_initial and not updates:
                        h = ys / y.dot(y) * one
                    h = ((one - torch.outer(s, y) / ys) @ h @ (one - torch.outer(y, s) / ys)
                         + torch.outer(s, s) / ys)
                    updates += 1
            d, g0 = -(h @ g), g
            length = lr * min(1.0, 1.0 / float(g.abs().sum())) if first else lr
            slope, first = g.dot(d), False
            if not slope < 0:
                s = length * d
                loss, g = ask(w)
                continue
            if line_search == "none":
                w = w + length * d
                loss, g = ask(w)
            else:
                loss, g, length, _ = search(lambda x, t, d: ask(x + t * d), w, length, d, loss, g,
                                            slope, c2=curvature, max_ls=max_line_search)
                w = w + length * d
            s = length * d

    return run


def run_asking(feed):
    import torch

    asked = []

    def ask(w):
        asked.append(w.tolist())
        t = len(asked)
        if t > feed.steps:
            raise Enough
        return feed.loss(t) if feed.loss else 0.0, torch.tensor(feed.gradient(t, w.tolist()),
                                                                dtype=torch.float64)

    try:
        feed.function(**feed.arguments)(torch.tensor(feed.start, dtype=torch.float64), ask)
    except Enough:
        yield from asked[1:]


def levenberg_marquardt(lr=1.0, damping=0.01, increase=10.0, decrease=10.0, scaling="diagonal"):
    """The rule; ask(w) → (loss, gradient, matrix)."""
    import numpy

    def run(w, ask):
        loss, g, h = ask(w)
        base, best, factor = w, loss, damping
        while True:
            d = numpy.diag(numpy.diag(h)) if scaling == "diagonal" else numpy.eye(len(w))
            w = base - lr * numpy.linalg.solve(h + factor * d, g)
            now, g_now, h_now = ask(w)
            if now < best:
                base, best, g, h, factor = w, now, g_now, h_now, max(factor / decrease, 1e-9)
            else:
                factor = min(factor * increase, 1e15)

    return run


def run_damped(feed):
    import numpy

    asked, h = [], numpy.array(feed.matrices["hessian"])

    def ask(w):
        asked.append(w.tolist())
        t = len(asked)
        if t > feed.steps:
            raise Enough
        return feed.loss(t), numpy.array(feed.gradient(t, w.tolist())), h

    try:
        feed.function(**feed.arguments)(numpy.array(feed.start), ask)
    except Enough:
        yield from asked[1:]


def searching(name, variant, streams, call, **more):
    """No library has the whole: library "rule" is a restatement here around a library's parts."""
    return Case(name, "rule", variant, streams, f"cases.line_search.{name}({call})",
                source=f"the rule around torch.optim.lbfgs._strong_wolfe: {call or 'defaults'}",
                run=run_asking, also={"profile": "torch"}, **more)


def damped(variant, streams, call, **more):
    return Case("levenberg_marquardt", "rule", variant, streams,
                f"cases.line_search.levenberg_marquardt({call})",
                source=f"the rule, solved by numpy.linalg.solve: {call or 'defaults'}",
                run=run_damped, hessian=MATRIX, also={"profile": "paper"}, **more)


MATRIX = [[4.0, 1.0, 0.0, 0.5, 0.0, 0.0], [1.0, 3.0, 0.2, 0.0, 0.0, 0.1],
          [0.0, 0.2, 0.5, 0.0, 0.05, 0.0], [0.5, 0.0, 0.0, 20.0, 1.0, 0.0],
          [0.0, 0.0, 0.05, 1.0, 2.0, 0.3], [0.0, 0.1, 0.0, 0.0, 0.3, 1.0]]
PRODUCT = ("H by scipy's product of matrices; stepd multiplies it out, which rounds otherwise, and the "
           "difference adds up over the changes of H.")
SIX = {"W": [2, 2], "b": [2]}

CASES = [
    Case("lbfgs", "torch", "default", ("mixed", "signflip", "zeros"), "torch.optim.LBFGS()",
         run=run_closure),
    Case("lbfgs", "torch", "options", ("mixed", "sparse"),
         "torch.optim.LBFGS(lr=0.05, history_size=3, tolerance_grad=0.5, tolerance_change=0.01)",
         run=run_closure, shapes=SIX),
    Case("lbfgs", "torch", "strong_wolfe", ("mixed", "signflip", "zeros"),
         "torch.optim.LBFGS(lr=0.5, history_size=5, line_search_fn='strong_wolfe', max_eval=26)",
         optimizer={"profile": "torch", "lr": 0.5, "history_size": 5,
                    "line_search_fn": "strong_wolfe", "max_line_search": 25},
         loss="mixed", run=run_closure),
    Case("lbfgs", "torch", "strong_wolfe-limit", MIXED,
         "torch.optim.LBFGS(history_size=2, line_search_fn='strong_wolfe', max_eval=3)",
         optimizer={"profile": "torch", "history_size": 2, "line_search_fn": "strong_wolfe",
                    "max_line_search": 2},
         loss="signflip", run=run_closure, shapes=SIX),

    searching("conjugate_gradient", "default", ("mixed", "signflip", "zeros"), "", loss="mixed"),
    searching("conjugate_gradient", "fletcher_reeves", ("mixed", "sparse"),
              "lr=0.5, beta='fletcher_reeves', curvature=0.4, restart=3", loss="signflip"),
    searching("conjugate_gradient", "hestenes_stiefel", MIXED, "beta='hestenes_stiefel', max_line_search=3",
              loss="mixed"),
    searching("conjugate_gradient", "dai_yuan", MIXED, "beta='dai_yuan'", loss="signflip", shapes=SIX),
    searching("conjugate_gradient", "no-search", ("mixed", "signflip"), "lr=0.01, line_search='none'"),
    searching("conjugate_gradient", "no-search-dai_yuan", MIXED,
              "lr=0.01, beta='dai_yuan', line_search='none', restart=2, tolerance_grad=1.5"),

    searching("bfgs", "default", ("mixed", "signflip", "zeros"), "", loss="mixed",
              tolerance=1e-11, note=PRODUCT),
    searching("bfgs", "options", ("mixed", "sparse"),
              "lr=0.3, curvature=0.5, max_line_search=4, scale_initial=False", loss="signflip",
              shapes=SIX, tolerance=1e-11, note=PRODUCT),
    searching("bfgs", "no-search", ("mixed", "signflip"),
              "lr=0.01, line_search='none', tolerance_grad=1.5", tolerance=1e-11, note=PRODUCT),

    damped("default", ("mixed", "signflip", "scales"), "", loss="mixed"),
    damped("options", ("mixed", "sparse"),
           "lr=0.5, damping=3.0, increase=2.0, decrease=5.0, scaling='identity'", loss="signflip",
           shapes=SIX),
]
