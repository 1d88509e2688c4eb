"""Optimizers that find their step size themselves, and those that draw random numbers."""

from cases import ALL, HARD, MIXED, Case

SHAPES = {"W": [2, 2], "b": [2]}
PHILOX = ("Noise is drawn by numpy.random.Philox and made normal by statistics.NormalDist, in place of "
          "jax's own numbers.")


def drawn(seed, t, n):
    """The numbers that stepd draws: key (seed, 3), counter (0, t), one normal number for each."""
    import statistics

    import numpy

    normal = statistics.NormalDist()
    bits = numpy.random.Philox(key=[seed, 3], counter=[0, t, 0, 0]).random_raw(n)
    return [normal.inv_cdf(((int(b) >> 12) + 0.5) * 2.0**-52) for b in bits]


def optax_dog(**arguments):
    """init_step as optax takes it: a pair."""
    import optax

    kind = arguments.pop("init", "heuristic")
    return optax.contrib.dog(init_step=(kind, arguments.pop("init_step")), **arguments)


def run_dog(feed):
    from make_golden import run_optax

    feed.function = optax_dog
    return run_optax(feed)


def run_noisy_sgd(feed):
    """optax.sgd on gradients with the noise of optax.noisy_sgd added."""
    import numpy
    import optax
    from make_golden import run_optax

    a = dict(feed.arguments)
    given, n = feed.gradient, len(feed.start)

    def noisy(t, w):
        spread = numpy.sqrt(a["eta"] / numpy.float64(t) ** a["gamma"])
        return [g + spread * z for g, z in zip(given(t, w), drawn(a["key"], t, n))]

    feed.gradient, feed.function = noisy, optax.sgd
    feed.arguments = {"learning_rate": a["learning_rate"]}
    return run_optax(feed)


DOUBLE_SCALARS = ("torch keeps sums over all tensors in its default dtype, which is set to float64 "
                  "here; float32 would leave them 24 bits.")


def run_torch_double(feed):
    """torch with float64 as its default dtype."""
    import torch
    from make_golden import run_torch

    torch.set_default_dtype(torch.float64)
    try:
        yield from run_torch(feed)
    finally:
        torch.set_default_dtype(torch.float32)


def further(name, variant, streams, call, **more):
    """A case of pytorch_optimizer, which is driven like torch."""
    return Case(name, "pytorch_optimizer", variant, streams, call, run=run_torch_double,
                note=DOUBLE_SCALARS, **more)


CASES = [
    Case("dog", "optax", "default", ("mixed", "sparse", "scales"),
         "optax.contrib.dog(init_step=1e-06)", run=run_dog),
    Case("dog", "optax", "distance", ("mixed", "signflip"),
         "optax.contrib.dog(learning_rate=0.5, init='distance', init_step=0.1, eps=1e-06)",
         run=run_dog),
    Case("dog", "optax", "learning_rate", ("mixed", "sparse"),
         "optax.contrib.dog(init='learning_rate', init_step=0.01, weight_decay=0.01)", run=run_dog,
         shapes=SHAPES),
    Case("dowg", "optax", "default", ("mixed", "sparse", "scales"), "optax.contrib.dowg()"),
    Case("dowg", "optax", "options", ("mixed", "signflip"),
         "optax.contrib.dowg(learning_rate=0.5, init_estim_sq_dist=0.01, eps=1e-06, "
         "weight_decay=0.01)", shapes=SHAPES),
    Case("prodigy", "optax", "default", ("mixed", "signflip", "sparse", "scales"),
         "optax.contrib.prodigy()"),
    Case("prodigy", "optax", "options", MIXED,
         "optax.contrib.prodigy(learning_rate=0.5, betas=(0.8, 0.95), beta3=0.9, eps=1e-06, "
         "estim_lr0=0.001, estim_lr_coef=0.1, weight_decay=0.01)", shapes=SHAPES),
    Case("prodigy", "optax", "safeguard", HARD,
         "optax.contrib.prodigy(estim_lr0=0.0001, safeguard_warmup=True)"),
    Case("dadapt_adamw", "optax", "default", ("mixed", "signflip", "sparse", "scales"),
         "optax.contrib.dadapt_adamw()"),
    Case("dadapt_adamw", "optax", "options", MIXED,
         "optax.contrib.dadapt_adamw(learning_rate=0.5, betas=(0.8, 0.95), eps=1e-06, "
         "estim_lr0=0.001, weight_decay=0.01)", shapes=SHAPES),
    Case("optimistic_adam_v2", "optax", "default", ALL,
         "optax.optimistic_adam_v2(learning_rate=0.1)"),
    Case("optimistic_adam_v2", "optax", "options", MIXED,
         "optax.optimistic_adam_v2(learning_rate=0.1, b1=0.8, b2=0.95, eps=0.001, eps_root=0.0001, "
         "alpha=0.8, beta=0.5, nesterov=False)", shapes=SHAPES),
    Case("noisy_sgd", "optax", "quiet", HARD, "optax.noisy_sgd(learning_rate=0.1, eta=0.0, key=1)"),
    Case("noisy_sgd", "optax", "philox", ("mixed", "zeros"),
         "optax.noisy_sgd(learning_rate=0.1, eta=0.3, gamma=0.55, key=7)", run=run_noisy_sgd,
         note=PHILOX),
    further("dadapt_adamw", "default", ALL, "pytorch_optimizer.DAdaptAdam()",
            optimizer={"profile": "torch"}),
    further("dadapt_adamw", "options", ("mixed", "zeros"),
            "pytorch_optimizer.DAdaptAdam(lr=0.5, betas=(0.8, 0.95), d0=0.001, eps=0.0001, "
            "weight_decay=0.01, weight_decouple=True, bias_correction=True, maximize=True)",
            shapes=SHAPES,
            optimizer={"profile": "torch", "lr": 0.5, "betas": [0.8, 0.95], "d0": 0.001,
                       "eps": 0.0001, "weight_decay": 0.01, "bias_correction": True,
                       "maximize": True}),
    further("prodigy", "default", ALL, "pytorch_optimizer.Prodigy()",
            optimizer={"profile": "torch"}),
    further("prodigy", "options", ("mixed", "zeros"),
            "pytorch_optimizer.Prodigy(lr=0.5, betas=(0.8, 0.95), beta3=0.9, d0=0.001, d_coef=0.1, "
            "eps=0.0001, weight_decay=0.01, bias_correction=True, maximize=True)",
            shapes=SHAPES, also={"profile": "torch"}),
]
