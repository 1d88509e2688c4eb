"""Optimizers that look at curvature, given or measured."""

from cases import HARD, MIXED, Case, hand

SHAPES = {"W": [2, 2], "b": [2]}


def run_adahessian(feed):
    """pytorch_optimizer.AdaHessian with the diagonal that the feed gives in place of an estimate."""
    import torch

    tensors = [torch.tensor(x) for x in feed.cut(feed.start)]
    optimizer = feed.function(tensors, **feed.arguments)
    period = feed.arguments.get("update_period", 1)
    for t in range(1, feed.steps + 1):
        for w, g in zip(tensors, feed.cut(feed.gradient(t, feed.join(tensors)))):
            w.grad = torch.tensor(g)
        if (t - 1) % period == 0:
            optimizer.step(hessian=[torch.tensor(x) for x in feed.cut(feed.curvature(t))])
        else:
            optimizer.step()
        yield feed.join(tensors)


CASES = [
    Case("adahessian", "pytorch_optimizer", "default", HARD, "pytorch_optimizer.AdaHessian()",
         run=run_adahessian, curvature="signflip", also={"profile": "torch"}),
    Case("adahessian", "pytorch_optimizer", "options", MIXED,
         "pytorch_optimizer.AdaHessian(lr=0.1, betas=(0.8, 0.95), eps=0.001, weight_decay=0.01, "
         "update_period=3)", run=run_adahessian, curvature="mixed", also={"profile": "torch"},
         shapes=SHAPES),
    Case("adahessian", "pytorch_optimizer", "power", ("mixed", "zeros"),
         "pytorch_optimizer.AdaHessian(lr=0.1, hessian_power=0.5)", run=run_adahessian,
         curvature="mixed", also={"profile": "torch"}),
    Case("barzilai_borwein", "exact", "long", MIXED, "exact.barzilai_borwein(lr=0.1, variant='long')"),
    Case("barzilai_borwein", "exact", "alternate", MIXED,
         "exact.barzilai_borwein(lr=0.01, variant='alternate', max_lr=0.5)"),
]

HAND = [
    hand("barzilai_borwein-short", "barzilai_borwein",
         "exact.barzilai_borwein(lr=0.1, variant='short')"),
]
