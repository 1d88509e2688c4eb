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


def run_conjugate_gradient(feed):
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
        conjugate_gradient(**feed.arguments)(torch.tensor(feed.start, dtype=torch.float64), ask)
    except Enough:
        yield from asked[1:]


def conjugate(variant, streams, call, **more):
    return Case("conjugate_gradient", "torch", variant, streams,
                f"cases.line_search.conjugate_gradient({call})",
                source=f"the rule around torch.optim.lbfgs._strong_wolfe: {call or 'defaults'}",
                run=run_conjugate_gradient, **more)


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

    conjugate("default", ("mixed", "signflip", "zeros"), "", loss="mixed"),
    conjugate("fletcher_reeves", ("mixed", "sparse"),
              "lr=0.5, beta='fletcher_reeves', curvature=0.4, restart=3", loss="signflip"),
    conjugate("hestenes_stiefel", MIXED, "beta='hestenes_stiefel', max_line_search=3",
              loss="mixed"),
    conjugate("dai_yuan", MIXED, "beta='dai_yuan'", loss="signflip", shapes=SIX),
    conjugate("no-search", ("mixed", "signflip"), "lr=0.01, line_search='none'"),
    conjugate("no-search-dai_yuan", MIXED,
              "lr=0.01, beta='dai_yuan', line_search='none', restart=2, tolerance_grad=1.5"),
]
