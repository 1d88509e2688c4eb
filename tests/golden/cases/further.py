"""Optimizers that none of the three libraries has. pytorch_optimizer is the judge where it computes the
rule of the paper; else the rule in 50 digits is."""

from cases import ALL, HARD, MIXED, Case

SHAPES = {"W": [2, 2], "b": [2]}
ROW = {"W": [3, 2]}
PILE = {"W": [2, 1, 3]}


def torch_like(feed):
    import make_golden

    return make_golden.run_torch(feed)


def case(name, variant, streams, call, **more):
    """A case of pytorch_optimizer, whose arguments are those of torch."""
    arguments = {"profile": "torch"}
    return Case(name, "pytorch_optimizer", variant, streams, call, run=torch_like, also=arguments,
                **more)


CASES = [
    case("tiger", "default", ALL, "pytorch_optimizer.Tiger()"),
    case("tiger", "options", MIXED, "pytorch_optimizer.Tiger(lr=0.01, beta=0.9, weight_decay=0.1)"),
    case("qhm", "default", HARD, "pytorch_optimizer.QHM(lr=0.1, momentum=0.999, nu=0.7)"),
    case("qhm", "options", MIXED,
         "pytorch_optimizer.QHM(lr=0.1, momentum=0.9, nu=0.3, weight_decay=0.01)"),
    case("aggmo", "default", HARD, "pytorch_optimizer.AggMo()"),
    case("aggmo", "options", MIXED,
         "pytorch_optimizer.AggMo(lr=0.1, betas=(0.1, 0.8, 0.95), weight_decay=0.01)"),

    case("adamod", "default", ALL, "pytorch_optimizer.AdaMod()"),
    case("adamod", "options", MIXED,
         "pytorch_optimizer.AdaMod(lr=0.1, betas=(0.8, 0.95, 0.99), weight_decay=0.01, eps=0.001, "
         "maximize=True)"),
    Case("adamod", "exact", "paper", ("mixed", "signflip", "sparse"),
         "exact.adamod(lr=0.001, beta1=0.9, beta2=0.999, beta3=0.999, eps=1e-08)"),
    case("mars", "default", ALL, "pytorch_optimizer.MARS()", shapes=SHAPES),
    case("mars", "options", MIXED,
         "pytorch_optimizer.MARS(lr=0.1, betas=(0.9, 0.95), gamma=0.1, lr_1d=0.05, "
         "betas_1d=(0.8, 0.9), weight_decay=0.01, weight_decay_1d=0.02, eps=0.001, maximize=True)",
         shapes=SHAPES),
    case("mars", "lion", ("mixed", "scales"),
         "pytorch_optimizer.MARS(lr=0.01, mars_type='lion', optimize_1d=True, weight_decay=0.1)",
         shapes=SHAPES),
    case("mars", "optimize_1d", ("mixed", "signflip"),
         "pytorch_optimizer.MARS(lr=0.1, optimize_1d=True, ams_bound=True)", shapes=SHAPES),
    case("mars", "cautious", ("mixed", "zeros"),
         "pytorch_optimizer.MARS(lr=0.1, optimize_1d=True, cautious=True)", shapes=SHAPES),
    Case("mars", "exact", "paper", ("mixed", "sparse"),
         "exact.mars(lr=0.003, beta1=0.95, beta2=0.99, gamma=0.025, eps=1e-08)",
         also={"optimize_1d": True}),
    case("came", "default", ALL, "pytorch_optimizer.CAME()", shapes=SHAPES),
    case("came", "options", ("mixed", "signflip"),
         "pytorch_optimizer.CAME(lr=0.01, betas=(0.8, 0.95, 0.99), weight_decay=0.1, "
         "clip_threshold=0.5, eps1=1e-10, eps2=1e-06, maximize=True)", shapes=ROW),
    case("came", "pile", HARD, "pytorch_optimizer.CAME(lr=0.01)", shapes=PILE),

    Case("qhadam", "exact", "default", ALL,
         "exact.qhadam(lr=0.01, beta1=0.995, beta2=0.999, nu1=0.7, nu2=1.0, eps=1e-08)"),
    Case("qhadam", "exact", "options", MIXED,
         "exact.qhadam(lr=0.01, beta1=0.9, beta2=0.99, nu1=0.3, nu2=0.5, eps=1e-04)"),
    Case("adabound", "exact", "default", HARD,
         "exact.adabound(lr=0.001, beta1=0.9, beta2=0.999, eps=1e-08, final_lr=0.1, gamma=0.001)"),
    Case("adabound", "exact", "options", ("mixed", "signflip"),
         "exact.adabound(lr=0.1, beta1=0.8, beta2=0.99, eps=1e-04, final_lr=0.01, gamma=0.05)"),
    Case("diffgrad", "exact", "default", ALL,
         "exact.diffgrad(lr=0.01, beta1=0.9, beta2=0.999, eps=1e-08)"),
    Case("diffgrad", "exact", "options", MIXED,
         "exact.diffgrad(lr=0.1, beta1=0.8, beta2=0.99, eps=1e-04)"),
]
