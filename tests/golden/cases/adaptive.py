"""Adaptive step sizes: Adagrad and its heirs, the relatives of Adam, and sign-based steps."""

import math

from cases import ALL, HARD, MIXED, Case

SHAPES = {"W": [2, 2], "b": [2]}
DECAY_FIRST = "w *= 1 - learning_rate * weight_decay comes before the step."
EPS_INSIDE = "eps is inside the square root."

EPS_HAT = "eps is added to sqrt(v), before the correction."
MAX_RAW = "The maximum is taken over v, which is corrected afterwards."
MAX_CORRECTED = "The maximum is taken over the corrected v."
DOUBLE_SCALARS = ("torch keeps numbers that belong to a whole tensor in its default dtype, which is "
                  "set to float64 here; float32 would leave them 24 bits.")


def run_torch_double(feed):
    """torch with float64 as its default dtype."""
    import torch
    from make_golden import run_torch

    torch.set_default_dtype(torch.float64)
    try:
        yield from run_torch(feed)
    finally:
        torch.set_default_dtype(torch.float32)


def run_optax_lr(lr):
    """optax's transform, chained with a learning rate."""

    def run(feed):
        import optax
        from make_golden import run_optax

        transform = feed.function
        feed.function = lambda **arguments: optax.chain(transform(**arguments),
                                                        optax.scale_by_learning_rate(lr))
        return run_optax(feed)

    return run


def run_ademamix_warmup(feed):
    """optax's AdEMAMix with the schedules of the paper for alpha and b3."""
    import jax.numpy as jnp
    from make_golden import run_optax

    arguments = dict(feed.arguments)
    alpha_steps, b3_steps = (arguments.pop(f"{x}_warmup_steps") for x in ("alpha", "beta3"))
    alpha, b1, b3 = arguments["alpha"], arguments["b1"], arguments["b3"]
    low, high = math.log(b1), math.log(b3)

    def alpha_at(count):
        return jnp.minimum((count + 1) * alpha / alpha_steps, alpha)

    def b3_at(count):
        x = (count + 1.0) / b3_steps
        return jnp.minimum(jnp.exp(low * high / ((1 - x) * high + x * low)), b3)

    feed.arguments = {**arguments, "alpha": alpha_at, "b3": b3_at}
    return run_optax(feed)


def further(name, variant, streams, call, **more):
    """A case of pytorch_optimizer, which is driven like torch."""

    def run(feed):
        from make_golden import run_torch

        return run_torch(feed)

    return Case(name, "pytorch_optimizer", variant, streams, call, run=run, **more)


def torch_average(optimizer, tensors):
    return [v for w in tensors for v in optimizer.state[w]["ax"].reshape(-1).tolist()]


AVERAGE = {"average": torch_average}
LAG = "w makes the move that was found one step before, so the first step does not move."

CASES = [
    # Adagrad
    Case("adagrad", "torch", "default", ALL, "torch.optim.Adagrad()"),
    Case("adagrad", "torch", "options", MIXED,
         "torch.optim.Adagrad(lr=0.1, lr_decay=0.01, initial_accumulator_value=0.5, eps=0.001, "
         "weight_decay=0.01)", shapes=SHAPES),
    Case("adagrad", "torch", "maximize", MIXED, "torch.optim.Adagrad(lr=0.1, maximize=True)"),
    Case("adagrad", "keras", "default", HARD, "keras.optimizers.Adagrad()", note=EPS_INSIDE),
    Case("adagrad", "keras", "options", MIXED,
         "keras.optimizers.Adagrad(learning_rate=0.1, initial_accumulator_value=0.5, "
         "epsilon=0.001, weight_decay=0.01)", note=EPS_INSIDE),
    Case("adagrad", "optax", "default", ALL, "optax.adagrad(learning_rate=0.1)", note=EPS_INSIDE),
    Case("adagrad", "optax", "options", ("mixed", "zeros"),
         "optax.adagrad(learning_rate=0.1, initial_accumulator_value=0.0, eps=0.0)",
         note="Where the sum of squares is 0 the step is 0, though eps is 0 too."),

    # Adadelta
    Case("adadelta", "torch", "default", ALL, "torch.optim.Adadelta()"),
    Case("adadelta", "torch", "options", MIXED,
         "torch.optim.Adadelta(lr=0.5, rho=0.95, eps=0.001, weight_decay=0.01)", shapes=SHAPES),
    Case("adadelta", "torch", "maximize", MIXED, "torch.optim.Adadelta(maximize=True)"),
    Case("adadelta", "keras", "default", HARD, "keras.optimizers.Adadelta()"),
    Case("adadelta", "keras", "options", MIXED,
         "keras.optimizers.Adadelta(learning_rate=1.0, rho=0.9, epsilon=0.001, weight_decay=0.01)",
         note=DECAY_FIRST),
    Case("adadelta", "optax", "lr", HARD, "optax.adadelta(learning_rate=1.0)"),
    Case("adadelta", "optax", "options", MIXED,
         "optax.adadelta(learning_rate=0.5, rho=0.95, eps=0.001, weight_decay=0.01)"),
    Case("adadelta", "optax", "no-lr", MIXED, "optax.adadelta()",
         optimizer={"profile": "optax", "learning_rate": 1.0, "maximize": True},
         note="Without learning_rate optax does not turn the sign of the update: it climbs."),

    # Adamax and AdamaxW
    Case("adamax", "torch", "default", ALL, "torch.optim.Adamax()"),
    Case("adamax", "torch", "options", MIXED,
         "torch.optim.Adamax(lr=0.1, betas=(0.8, 0.95), eps=0.001, weight_decay=0.01)",
         shapes=SHAPES),
    Case("adamax", "torch", "maximize", MIXED, "torch.optim.Adamax(maximize=True)"),
    Case("adamax", "keras", "default", ALL, "keras.optimizers.Adamax()"),
    Case("adamax", "keras", "options", MIXED,
         "keras.optimizers.Adamax(learning_rate=0.1, beta_1=0.8, beta_2=0.95, epsilon=0.001, "
         "weight_decay=0.01)", note=DECAY_FIRST),
    Case("adamax", "optax", "lr", HARD, "optax.adamax(learning_rate=0.1)"),
    Case("adamax", "optax", "options", MIXED,
         "optax.adamax(learning_rate=0.1, b1=0.8, b2=0.95, eps=0.001)"),
    Case("adamax", "exact", "paper", ("mixed", "zeros"),
         "exact.adamax(lr=0.1, beta1=0.9, beta2=0.999)"),
    Case("adamaxw", "optax", "lr", HARD, "optax.adamaxw(learning_rate=0.1)"),
    Case("adamaxw", "optax", "options", MIXED,
         "optax.adamaxw(learning_rate=0.1, b1=0.8, b2=0.95, eps=0.001, weight_decay=0.1)"),
    Case("adamaxw", "keras", "weight_decay", MIXED,
         "keras.optimizers.Adamax(learning_rate=0.1, weight_decay=0.1)", note=DECAY_FIRST),

    # NAdam and NAdamW
    Case("nadam", "torch", "default", ALL, "torch.optim.NAdam()", run=run_torch_double,
         note=DOUBLE_SCALARS),
    Case("nadam", "torch", "options", MIXED,
         "torch.optim.NAdam(lr=0.1, betas=(0.8, 0.95), eps=0.001, momentum_decay=0.02, "
         "weight_decay=0.01)", run=run_torch_double, note=DOUBLE_SCALARS, shapes=SHAPES),
    Case("nadam", "torch", "decoupled", MIXED,
         "torch.optim.NAdam(lr=0.1, weight_decay=0.01, decoupled_weight_decay=True, "
         "maximize=True)", run=run_torch_double, note=DOUBLE_SCALARS),
    Case("nadam", "keras", "default", HARD, "keras.optimizers.Nadam()"),
    Case("nadam", "keras", "options", MIXED,
         "keras.optimizers.Nadam(learning_rate=0.1, beta_1=0.8, beta_2=0.95, epsilon=0.001, "
         "weight_decay=0.01)", note=DECAY_FIRST),
    Case("nadam", "optax", "lr", HARD, "optax.nadam(learning_rate=0.1)"),
    Case("nadam", "optax", "options", MIXED,
         "optax.nadam(learning_rate=0.1, b1=0.8, b2=0.95, eps=0.001, eps_root=0.0001)"),
    Case("nadam", "exact", "paper", ("mixed", "zeros"),
         "exact.nadam(lr=0.002, beta1=0.99, beta2=0.999, eps=1e-08, momentum_decay=0.004)"),
    Case("nadamw", "optax", "default", HARD, "optax.nadamw(learning_rate=0.1)"),
    Case("nadamw", "optax", "options", MIXED,
         "optax.nadamw(learning_rate=0.1, b1=0.8, b2=0.95, eps=0.001, eps_root=0.0001, "
         "weight_decay=0.1)"),
    Case("nadamw", "torch", "decoupled", MIXED,
         "torch.optim.NAdam(lr=0.1, weight_decay=0.1, decoupled_weight_decay=True)",
         run=run_torch_double, note=DOUBLE_SCALARS),
    Case("nadamw", "keras", "weight_decay", MIXED,
         "keras.optimizers.Nadam(learning_rate=0.1, weight_decay=0.1)", note=DECAY_FIRST),

    # AMSGrad
    Case("amsgrad", "torch", "lr", HARD, "torch.optim.Adam(lr=0.1, amsgrad=True)",
         optimizer={"profile": "torch", "lr": 0.1}, note=MAX_RAW),
    Case("amsgrad", "torch", "options", MIXED,
         "torch.optim.Adam(lr=0.1, betas=(0.8, 0.95), eps=0.001, weight_decay=0.01, "
         "maximize=True, amsgrad=True)",
         optimizer={"profile": "torch", "lr": 0.1, "betas": [0.8, 0.95], "eps": 0.001,
                    "weight_decay": 0.01, "maximize": True}, note=MAX_RAW),
    Case("amsgrad", "keras", "lr", HARD,
         "keras.optimizers.Adam(learning_rate=0.1, weight_decay=0.01, amsgrad=True)",
         optimizer={"profile": "keras", "learning_rate": 0.1, "weight_decay": 0.01},
         note=MAX_RAW),
    Case("amsgrad", "optax", "default", ALL, "optax.amsgrad(learning_rate=0.1)",
         note=MAX_CORRECTED),
    Case("amsgrad", "optax", "options", MIXED,
         "optax.amsgrad(learning_rate=0.1, b1=0.8, b2=0.95, eps=0.001, eps_root=0.0001)",
         note=MAX_CORRECTED),
    Case("amsgrad", "optax", "uncorrected-mu", MIXED,
         "optax.amsgrad(learning_rate=0.1, bias_correction_mu=False)", note=MAX_CORRECTED),
    Case("amsgrad", "optax", "uncorrected-nu", MIXED,
         "optax.amsgrad(learning_rate=0.1, bias_correction_nu=False)", note=MAX_RAW),
    Case("amsgrad", "optax", "paper", HARD,
         "optax.amsgrad(learning_rate=0.001, bias_correction_mu=False, bias_correction_nu=False)",
         optimizer={"profile": "paper"}),

    # RAdam
    Case("radam", "torch", "default", ALL, "torch.optim.RAdam()", note=EPS_HAT),
    Case("radam", "torch", "options", MIXED,
         "torch.optim.RAdam(lr=0.1, betas=(0.8, 0.95), eps=0.001, weight_decay=0.01)",
         note=EPS_HAT, shapes=SHAPES),
    Case("radam", "torch", "decoupled", MIXED,
         "torch.optim.RAdam(lr=0.1, weight_decay=0.01, decoupled_weight_decay=True, "
         "maximize=True)", note=EPS_HAT),
    Case("radam", "optax", "lr", HARD, "optax.radam(learning_rate=0.1)"),
    Case("radam", "optax", "options", MIXED,
         "optax.radam(learning_rate=0.1, b1=0.8, b2=0.95, eps=0.001, eps_root=0.0001, "
         "threshold=7.0)"),
    Case("radam", "optax", "nesterov", MIXED, "optax.radam(learning_rate=0.1, nesterov=True)"),
    Case("radam", "optax", "threshold-reached", MIXED,
         "optax.radam(learning_rate=0.1, b2=0.875, threshold=6.6242880421778505)",
         note="The threshold is what v stands for at step 8, to the bit: optax uses v there."),
    Case("radam", "exact", "paper", ("mixed", "sparse"),
         "exact.radam(lr=0.001, beta1=0.9, beta2=0.999, eps=1e-08)"),

    # Rprop
    Case("rprop", "torch", "default", ALL, "torch.optim.Rprop()"),
    Case("rprop", "torch", "options", ("mixed", "signflip"),
         "torch.optim.Rprop(lr=0.1, etas=(0.7, 1.5), step_sizes=(0.01, 0.5))", shapes=SHAPES),
    Case("rprop", "torch", "maximize", MIXED, "torch.optim.Rprop(maximize=True)"),
    Case("rprop", "torch", "clamp", MIXED, "torch.optim.Rprop(lr=100.0, step_sizes=(0.1, 0.5))",
         note="The range holds for the first step too."),
    Case("rprop", "optax", "lr", ALL, "optax.rprop(learning_rate=0.1)", note=LAG),
    Case("rprop", "optax", "options", MIXED,
         "optax.rprop(learning_rate=100.0, eta_minus=0.7, eta_plus=1.5, min_step_size=0.01, "
         "max_step_size=0.5)", note=LAG + " The range does not hold for the first step size."),
    Case("rprop", "exact", "paper", ("mixed", "zeros"),
         "exact.rprop(lr=0.1, eta_minus=0.5, eta_plus=1.2, min_step_size=1e-06, "
         "max_step_size=50.0)"),

    # ASGD
    Case("asgd", "torch", "default", HARD, "torch.optim.ASGD()", run=run_torch_double,
         note=DOUBLE_SCALARS, readouts=AVERAGE),
    Case("asgd", "torch", "average", ALL, "torch.optim.ASGD(lr=0.1, t0=100)",
         run=run_torch_double, note=DOUBLE_SCALARS, readouts=AVERAGE),
    Case("asgd", "torch", "options", MIXED,
         "torch.optim.ASGD(lr=0.1, lambd=0.01, alpha=0.6, t0=0, weight_decay=0.01, maximize=True)",
         run=run_torch_double, note=DOUBLE_SCALARS, readouts=AVERAGE, shapes=SHAPES),
    Case("asgd", "torch", "lr-change", MIXED, "torch.optim.ASGD(lr=0.1, lambd=0.01, t0=50)",
         run=run_torch_double, changes={101: {"lr": 0.01}, 501: {"lr": 0.3}}, readouts=AVERAGE,
         note="A new lr acts one step later. " + DOUBLE_SCALARS),

    # Lion
    Case("lion", "keras", "default", ALL, "keras.optimizers.Lion()"),
    Case("lion", "keras", "options", MIXED,
         "keras.optimizers.Lion(learning_rate=0.1, beta_1=0.8, beta_2=0.95, weight_decay=0.01)",
         note=DECAY_FIRST),
    Case("lion", "optax", "lr", HARD, "optax.lion(learning_rate=0.1)"),
    Case("lion", "optax", "options", MIXED,
         "optax.lion(learning_rate=0.1, b1=0.8, b2=0.95, weight_decay=0.1)", shapes=SHAPES),
    Case("lion", "optax", "smooth", ("mixed", "zeros"),
         "optax.scale_by_lion(mode='smooth', smooth_beta=2.0)", run=run_optax_lr(0.1),
         also={"learning_rate": 0.1, "weight_decay": 0.0}),
    Case("lion", "optax", "refined", HARD, "optax.scale_by_lion(mode='refined')",
         run=run_optax_lr(0.1), also={"learning_rate": 0.1, "weight_decay": 0.0}),
    Case("lion", "exact", "paper", MIXED, "exact.lion(lr=0.0001, beta1=0.9, beta2=0.99)"),

    # AdaBelief
    Case("adabelief", "optax", "lr", ALL, "optax.adabelief(learning_rate=0.1)"),
    Case("adabelief", "optax", "options", MIXED,
         "optax.adabelief(learning_rate=0.1, b1=0.8, b2=0.95, eps=0.001, eps_root=0.0001)",
         shapes=SHAPES),
    Case("adabelief", "optax", "nesterov", MIXED,
         "optax.adabelief(learning_rate=0.1, nesterov=True)"),
    further("adabelief", "eps", HARD, "pytorch_optimizer.AdaBelief(eps=1e-08)",
            optimizer={"profile": "torch"}),
    further("adabelief", "decoupled", MIXED,
            "pytorch_optimizer.AdaBelief(lr=0.1, betas=(0.8, 0.95), weight_decay=0.01, eps=0.001)",
            optimizer={"profile": "torch", "lr": 0.1, "betas": [0.8, 0.95], "weight_decay": 0.01,
                       "eps": 0.001, "eps_root": 0.001}),
    further("adabelief", "l2", MIXED,
            "pytorch_optimizer.AdaBelief(lr=0.1, weight_decay=0.01, weight_decouple=False, "
            "maximize=True)",
            optimizer={"profile": "torch", "lr": 0.1, "weight_decay": 0.01, "eps": 1e-16,
                       "eps_root": 1e-16, "weight_decay_mode": "l2", "maximize": True}),

    # Yogi
    Case("yogi", "optax", "lr", ALL, "optax.yogi(learning_rate=0.1)"),
    Case("yogi", "optax", "options", MIXED,
         "optax.yogi(learning_rate=0.1, b1=0.8, b2=0.95, eps=0.01)", shapes=SHAPES),
    Case("yogi", "optax", "transform", MIXED,
         "optax.scale_by_yogi(eps_root=0.01, initial_accumulator_value=0.1)",
         run=run_optax_lr(0.1), also={"learning_rate": 0.1}),
    further("yogi", "decay", MIXED, "pytorch_optimizer.Yogi(lr=0.1, weight_decay=0.01)",
            optimizer={"profile": "torch", "lr": 0.1, "weight_decay": 0.01,
                       "initial_accumulator_value": 1e-06, "bias_correction": True}),
    Case("yogi", "exact", "paper", ("mixed", "zeros"),
         "exact.yogi(lr=0.01, beta1=0.9, beta2=0.999, eps=0.001)"),

    # Adan
    Case("adan", "optax", "lr", ALL, "optax.adan(learning_rate=0.1)",
         note="Differences of gradients are weighted by 1 - b2, which is 0.08."),
    Case("adan", "optax", "options", MIXED,
         "optax.adan(learning_rate=0.1, b1=0.9, b2=0.8, b3=0.95, eps=0.001, eps_root=0.0001, "
         "weight_decay=0.1)", shapes=SHAPES),
    further("adan", "default", HARD, "pytorch_optimizer.Adan()", also={"profile": "torch"},
            note="Differences of gradients are weighted by the second beta, 0.92."),
    further("adan", "proximal", MIXED,
            "pytorch_optimizer.Adan(lr=0.1, betas=(0.9, 0.8, 0.95), weight_decay=0.1, eps=0.001)",
            also={"profile": "torch"},
            note="w is divided by 1 + lr * weight_decay after the step."),
    further("adan", "decoupled", MIXED,
            "pytorch_optimizer.Adan(lr=0.1, weight_decay=0.1, weight_decouple=True)",
            optimizer={"profile": "paper", "lr": 0.1, "weight_decay": 0.1,
                       "weight_decay_mode": "decoupled"}),

    # AdEMAMix and its simplified form
    Case("ademamix", "optax", "lr", ALL, "optax.contrib.ademamix(learning_rate=0.01)"),
    Case("ademamix", "optax", "options", MIXED,
         "optax.contrib.ademamix(learning_rate=0.01, b1=0.8, b2=0.95, b3=0.999, alpha=2.0, "
         "eps=0.001, eps_root=0.0001, weight_decay=0.1)", shapes=SHAPES),
    Case("ademamix", "optax", "warmup", MIXED,
         "optax.contrib.ademamix(learning_rate=0.01, b1=0.9, b3=0.999, alpha=5.0, "
         "alpha_warmup_steps=300, beta3_warmup_steps=700)", run=run_ademamix_warmup,
         source="optax 0.2.8 optax.contrib.ademamix, with the paper's schedules for alpha and b3"),
    further("ademamix", "warmup", HARD, "pytorch_optimizer.AdEMAMix(lr=0.01, t_alpha_beta3=500)",
            optimizer={"profile": "torch", "lr": 0.01, "alpha_warmup_steps": 500,
                       "beta3_warmup_steps": 500}),
    Case("simplified_ademamix", "optax", "lr", ALL,
         "optax.contrib.simplified_ademamix(learning_rate=0.001)"),
    Case("simplified_ademamix", "optax", "options", MIXED,
         "optax.contrib.simplified_ademamix(learning_rate=0.001, b1=0.9, b2=0.8, alpha=3.0, "
         "eps=0.001, eps_root=0.0001, weight_decay=0.1)", shapes=SHAPES),

    # ADOPT
    Case("adopt", "optax", "lr", ALL, "optax.contrib.adopt(learning_rate=0.1)"),
    Case("adopt", "optax", "options", MIXED,
         "optax.contrib.adopt(learning_rate=0.1, b1=0.8, b2=0.95, eps=0.01, nesterov=True)",
         shapes=SHAPES),
    Case("adopt", "optax", "unclipped", ("mixed", "signflip"),
         "optax.contrib.adopt(learning_rate=0.1, use_clipping=False)"),
    further("adopt", "l2", MIXED,
            "pytorch_optimizer.ADOPT(lr=0.1, betas=(0.8, 0.95), weight_decay=0.01, eps=0.01, "
            "clip_lambda=None, maximize=True)",
            optimizer={"profile": "torch", "lr": 0.1, "betas": [0.8, 0.95], "weight_decay": 0.01,
                       "eps": 0.01, "clipping": False, "maximize": True}),
    further("adopt", "decoupled", MIXED,
            "pytorch_optimizer.ADOPT(lr=0.1, weight_decay=0.01, weight_decouple=True, "
            "clip_lambda=None)",
            optimizer={"profile": "torch", "lr": 0.1, "weight_decay": 0.01,
                       "weight_decay_mode": "decoupled", "clipping": False}),

    # ACProp
    Case("acprop", "optax", "lr", ALL, "optax.contrib.acprop(learning_rate=0.1)"),
    Case("acprop", "optax", "options", MIXED,
         "optax.contrib.acprop(learning_rate=0.1, b1=0.8, b2=0.95, eps=0.001, eps_root=0.0001, "
         "weight_decay=0.1)", shapes=SHAPES),

    # SparseAdam
    Case("sparse_adam", "torch", "default", ALL, "torch.optim.SparseAdam()", indices="nonzero"),
    Case("sparse_adam", "torch", "options", ("mixed", "sparse"),
         "torch.optim.SparseAdam(lr=0.1, betas=(0.8, 0.95), eps=0.001, maximize=True)",
         indices="nonzero", shapes=SHAPES),
    Case("sparse_adam", "torch", "lr-change", ("sparse",), "torch.optim.SparseAdam(lr=0.1)",
         indices="nonzero", changes={101: {"lr": 0.01}, 501: {"lr": 0.3}},
         note="The step is counted for all coordinates, whether the gradient has them or not."),
]
