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
]
