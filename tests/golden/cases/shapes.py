"""Optimizers that keep less than a number per parameter, or look at a tensor as a whole."""

from cases import ALL, HARD, MIXED, Case

MATRIX = {"W": [2, 3]}
SHAPES = {"W": [2, 2], "b": [2]}
CUBE = {"C": [1, 3, 2]}


def torch_like(feed):
    from make_golden import run_torch

    return run_torch(feed)


CASES = [
    Case("sm3", "optax", "vector", ("mixed", "zeros"), "optax.sm3(learning_rate=0.1)"),
    Case("sm3", "optax", "matrix", ALL, "optax.sm3(learning_rate=0.1)", shapes=MATRIX),
    Case("sm3", "optax", "cube", MIXED, "optax.sm3(learning_rate=0.1, momentum=0.5)", shapes=CUBE),
    Case("stable_adamw", "pytorch_optimizer", "default", ALL, "pytorch_optimizer.StableAdamW()",
         run=torch_like, also={"profile": "torch"}),
    Case("stable_adamw", "pytorch_optimizer", "tensors", HARD,
         "pytorch_optimizer.StableAdamW(lr=0.1, betas=(0.8, 0.95), eps=0.001, weight_decay=0.1)",
         run=torch_like, also={"profile": "torch"}, shapes=SHAPES),
    Case("stable_adamw", "pytorch_optimizer", "l2", MIXED,
         "pytorch_optimizer.StableAdamW(lr=0.1, weight_decay=0.01, weight_decouple=False, "
         "maximize=True)", run=torch_like,
         optimizer={"profile": "torch", "lr": 0.1, "weight_decay": 0.01,
                    "weight_decay_mode": "l2", "maximize": True}),
]
