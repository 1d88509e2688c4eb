"""Golden trajectories of parameter groups, from torch, Keras and optax themselves.

    venv/bin/python tests/golden/make_groups.py             writes every file again
    venv/bin/python tests/golden/make_groups.py adam sgd    only these folders
    venv/bin/python tests/golden/make_groups.py --check     status 1 on a difference

make_golden.py says how streams, checkpoints and tolerance are meant. A case is
tests/golden/groups/<optimizer>/<library>-<variant>-<stream>.json:

    source      what was run, with its version
    stream      the gradients
    session     as posted to stepd, without the parameters: optimizer, groups, schedule, transforms
    patches     optional: {"101": {...}}: a PATCH just before that step
    shapes      the six numbers cut into tensors
    start       the parameters before the first step
    tolerance   relative to the largest size of each coordinate
    steps       {"1": [...], ...}: the parameters after that step
"""

import sys
import tempfile
from dataclasses import dataclass, field

import make_golden as golden
from make_golden import CHECKPOINTS, HERE, START
from make_transforms import cut, join

SHAPES = {"W": [2, 2], "b": [2]}
OUT = HERE / "groups"


@dataclass
class Case:
    name: str  # the folder: the optimizer
    library: str
    variant: str
    session: dict  # as posted
    source: str
    run: object  # run(case, rows) yields the parameters after every step
    streams: tuple = ("mixed",)
    patches: dict = field(default_factory=dict)
    tolerance: float = 1e-12


def run_torch(cls, base, own, scheduler=None, frozen=lambda t: (), before=None):
    """One group for W with `base`, one for b with `own`; frozen(t) names those without gradient;
    before(torch, w) is called before each step."""

    def run(case, rows):
        import torch

        torch.set_default_dtype(torch.float64)  # of numbers that belong to a whole tensor
        w = [torch.nn.Parameter(torch.tensor(x)) for x in cut(START)]
        opt = getattr(torch.optim, cls)([{"params": [w[0]]}, {"params": [w[1]], **own}], **base)
        schedule = scheduler(torch.optim.lr_scheduler, opt) if scheduler else None
        for t, row in enumerate(rows, 1):
            for name, p, x in zip(SHAPES, w, cut(row)):
                p.grad = None if name in frozen(t) else torch.tensor(x)
            if before:
                before(torch, w)
            opt.step()
            if schedule:
                schedule.step()
            yield join([p.detach() for p in w])

    return run


def run_optax(first, second):
    """Expressions for W and for b, each with a state of its own."""

    def run(case, rows):
        import jax
        import jax.numpy as jnp
        import optax
        import optax.contrib

        make = lambda text: eval(text, {"optax": optax})
        chain = optax.partition({"W": make(first), "b": make(second)}, {"W": "W", "b": "b"})
        w = dict(zip(SHAPES, [jnp.array(x) for x in cut(START)]))
        state = chain.init(w)

        @jax.jit
        def update(g, state, w):
            updates, state = chain.update(g, state, w)
            return optax.apply_updates(w, updates), state

        for row in rows:
            w, state = update(dict(zip(SHAPES, [jnp.array(x) for x in cut(row)])), state, w)
            yield join([w[n] for n in SHAPES])

    return run


def run_optax_masked(text):
    """An expression in which MASK is true for W and false for b."""

    def run(case, rows):
        import jax
        import jax.numpy as jnp
        import optax

        chain = eval(text, {"optax": optax, "MASK": [True, False]})
        w = [jnp.array(x) for x in cut(START)]
        state = chain.init(w)
        update = jax.jit(chain.update)
        for row in rows:
            updates, state = update([jnp.array(x) for x in cut(row)], state, w)
            w = optax.apply_updates(w, updates)
            yield join(w)

    return run


def run_keras(cls, arguments, exclude):
    def run(case, rows):
        import keras

        keras.config.set_floatx("float64")
        opt = getattr(keras.optimizers, cls)(**arguments)
        if exclude:
            opt.exclude_from_weight_decay(var_names=exclude)
        w = [keras.Variable(x, dtype="float64", name=n) for x, n in zip(cut(START), SHAPES)]
        for row in rows:
            opt.apply([keras.ops.convert_to_tensor(x, dtype="float64") for x in cut(row)], w)
            yield join([x.numpy() for x in w])

    return run


def torch_case(name, cls, variant, base, own, posted=None, more=None, schedule=None, **rest):
    """`own` is b's group; `posted` adds to what is posted of it."""
    session = {"optimizer": {"name": name, "profile": "torch", **base},
               "groups": [{"match": "b", **own, **(posted or {})}]}
    if schedule:
        session["schedule"] = schedule
    source = f"torch.optim.{cls}([W, {{b, {own}}}], {base}){more or ''}"
    scheduler, frozen = rest.pop("scheduler", None), rest.pop("frozen", lambda t: ())
    return Case(name, "torch", variant, session, source,
                run_torch(cls, base, own, scheduler, frozen), **rest)


def decay_and_clip(torch, w):
    for p in w:
        if p.grad is not None:
            p.grad.add_(p.detach(), alpha=0.5)
    torch.nn.utils.clip_grad_norm_(w, 0.5)


def optax_case(name, variant, base, own, first, second, **rest):
    session = {"optimizer": {"name": name, "profile": "optax", **base},
               "groups": [{"match": "b", **own}]}
    return Case(name, "optax", variant, session, f"optax.partition: W {first}, b {second}",
                run_optax(first, second), **rest)


CASES = [
    torch_case("sgd", "SGD", "decay", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01},
               {"weight_decay": 0.0, "lr": 0.02}, streams=("mixed", "scales", "zeros")),
    torch_case("sgd", "SGD", "no-momentum", {"lr": 0.1, "momentum": 0.9}, {"momentum": 0.0}),
    torch_case("sgd", "SGD", "nesterov", {"lr": 0.1, "momentum": 0.9},
               {"nesterov": True, "momentum": 0.5}),
    torch_case("sgd", "SGD", "scheduled", {"lr": 0.1}, {"lr": 0.5},
               schedule={"name": "exponential", "gamma": 0.995},
               scheduler=lambda s, o: s.ExponentialLR(o, 0.995), more="; ExponentialLR(0.995)"),
    torch_case("sgd", "SGD", "scheduled-cosine", {"lr": 0.1}, {"lr": 0.5},
               schedule={"name": "cosine", "T_max": 2000},
               scheduler=lambda s, o: s.LambdaLR(
                   o, lambda t: (1 + __import__("math").cos(__import__("math").pi * t / 2000)) / 2),
               more="; LambdaLR((1 + cos(pi t / 2000)) / 2)"),
    torch_case("sgd", "SGD", "scheduled-chain", {"lr": 0.1}, {"lr": 0.5},
               schedule={"name": "chain", "schedulers": [
                   {"name": "linear", "start_factor": 0.2, "total_iters": 80},
                   {"name": "cosine", "T_max": 1300, "eta_min": 0.02}]},
               scheduler=lambda s, o: s.ChainedScheduler([
                   s.LinearLR(o, 0.2, total_iters=80), s.CosineAnnealingLR(o, 1300, 0.02)]),
               more="; ChainedScheduler of LinearLR(0.2, total_iters=80), CosineAnnealingLR(1300, 0.02)"),
    torch_case("adam", "Adam", "betas", {"lr": 0.01, "weight_decay": 0.02},
               {"betas": [0.8, 0.99], "eps": 1e-3, "weight_decay": 0.0},
               streams=("mixed", "scales", "zeros")),
    torch_case("adam", "Adam", "frozen", {"lr": 0.01}, {}, posted={"frozen": True},
               frozen=lambda t: ("b",), more="; b.grad None"),
    torch_case("adam", "Adam", "thawed", {"lr": 0.01}, {}, posted={"frozen": True},
               frozen=lambda t: ("b",) if t <= 100 or 500 < t <= 600 else (),
               patches={"101": {"groups": [{"frozen": False}]},
                        "501": {"groups": [{"frozen": True}]},
                        "601": {"groups": [{"frozen": False}]}},
               more="; b.grad None in steps 1-100, 501-600"),
    torch_case("adam", "Adam", "amsgrad", {"lr": 0.01, "amsgrad": True}, {"amsgrad": False}),
    torch_case("adamw", "AdamW", "decay", {"lr": 0.01, "weight_decay": 0.1}, {"weight_decay": 0.0},
               streams=("mixed", "scales")),
    Case("adam", "torch", "decoupled-transform",
         {"optimizer": {"name": "adam", "profile": "torch", "lr": 0.01},
          "groups": [{"match": "b", "lr": 0.1}],
          "schedule": {"name": "exponential", "gamma": 0.995},
          "transforms": [{"name": "weight_decay", "weight_decay": 0.1, "mode": "decoupled"}]},
         "torch.optim.AdamW([W, {b, lr=0.1}], lr=0.01, weight_decay=0.1); ExponentialLR(0.995)",
         run_torch("AdamW", {"lr": 0.01, "weight_decay": 0.1}, {"lr": 0.1},
                   lambda s, o: s.ExponentialLR(o, 0.995))),
    Case("sgd", "torch", "frozen-clipped",
         {"optimizer": {"name": "sgd", "profile": "torch", "lr": 0.1},
          "groups": [{"match": "W", "frozen": True}],
          "transforms": [{"name": "weight_decay", "weight_decay": 0.5},
                         {"name": "clip_global_norm", "max_norm": 0.5}]},
         "torch.optim.SGD([W, b], lr=0.1), W.grad None in steps 1-500; gradients plus 0.5 w where "
         "there are any, then clip_grad_norm_([W, b], 0.5)",
         run_torch("SGD", {"lr": 0.1}, {}, frozen=lambda t: ("W",) if t <= 500 else (),
                   before=decay_and_clip),
         patches={"501": {"groups": [{"frozen": False}]}}),
    torch_case("nadam", "NAdam", "products", {"lr": 0.01},
               {"momentum_decay": 0.04, "betas": [0.8, 0.999]}),
    torch_case("radam", "RAdam", "betas", {"lr": 0.01}, {"betas": [0.9, 0.99]}),
    torch_case("asgd", "ASGD", "lambd", {"lr": 0.1}, {"lambd": 0.01, "alpha": 0.5}),
    torch_case("adagrad", "Adagrad", "rates", {"lr": 0.1},
               {"lr": 0.5, "lr_decay": 0.01, "weight_decay": 0.1}),
    torch_case("rprop", "Rprop", "start", {"lr": 0.01}, {"lr": 0.1, "etas": [0.4, 1.3]}),
    torch_case("rmsprop", "RMSprop", "centered", {"lr": 0.01, "centered": True, "momentum": 0.9},
               {"centered": False, "alpha": 0.9}),

    optax_case("adam", "partition", {"learning_rate": 0.01}, {"learning_rate": 0.1, "b1": 0.5},
               "optax.adam(0.01)", "optax.adam(0.1, b1=0.5)", streams=("mixed", "scales", "zeros")),
    optax_case("lamb", "partition", {"learning_rate": 0.01, "weight_decay": 0.1},
               {"weight_decay": 0.0, "b2": 0.99}, "optax.lamb(0.01, weight_decay=0.1)",
               "optax.lamb(0.01, b2=0.99)"),
    optax_case("novograd", "partition", {"learning_rate": 0.01}, {"learning_rate": 0.1, "b1": 0.5},
               "optax.novograd(0.01)", "optax.novograd(0.1, b1=0.5)"),
    optax_case("adagrad", "partition", {"learning_rate": 0.1},
               {"learning_rate": 0.2, "initial_accumulator_value": 0.5}, "optax.adagrad(0.1)",
               "optax.adagrad(0.2, initial_accumulator_value=0.5)"),
    optax_case("dowg", "partition", {"learning_rate": 1.0}, {"learning_rate": 0.5},
               "optax.contrib.dowg(1.0)", "optax.contrib.dowg(0.5)"),
    optax_case("cocob", "partition", {"learning_rate": 1.0}, {"alpha": 50},
               "optax.contrib.cocob(1.0)", "optax.contrib.cocob(1.0, alpha=50)"),
    Case("adamw", "optax", "mask",
         {"optimizer": {"name": "adamw", "profile": "optax", "learning_rate": 0.01,
                        "weight_decay": 0.1},
          "groups": [{"match": "b", "weight_decay": 0.0}]},
         "optax.adamw(0.01, weight_decay=0.1, mask={W: True, b: False})",
         run_optax_masked("optax.adamw(0.01, weight_decay=0.1, mask=MASK)"), ("mixed", "scales")),
    Case("lars", "optax", "mask",
         {"optimizer": {"name": "lars", "profile": "optax", "learning_rate": 1.0,
                        "weight_decay": 0.001},
          "groups": [{"match": "b", "weight_decay": 0.0, "trust_ratio": False,
                      "learning_rate": 0.01}]},
         "optax.partition: W lars(1.0, weight_decay=0.001), b lars(0.01, trust_ratio_mask=False)",
         run_optax("optax.lars(1.0, weight_decay=0.001)",
                   "optax.lars(0.01, trust_ratio_mask=False)"), ("mixed", "scales")),
    Case("lars", "optax", "masks",
         {"optimizer": {"name": "lars", "profile": "optax", "learning_rate": 0.1,
                        "weight_decay": 0.001, "nesterov": True},
          "groups": [{"match": "b", "weight_decay": 0.0, "trust_ratio_mask": False}]},
         "optax.lars(0.1, weight_decay=0.001, weight_decay_mask=MASK, trust_ratio_mask=MASK, "
         "nesterov=True), MASK {W: True, b: False}",
         run_optax_masked("optax.lars(0.1, weight_decay=0.001, weight_decay_mask=MASK, "
                          "trust_ratio_mask=MASK, nesterov=True)")),
    Case("adamw", "keras", "exclude",
         {"optimizer": {"name": "adamw", "profile": "keras", "learning_rate": 0.01,
                        "weight_decay": 0.1},
          "groups": [{"match": "b", "weight_decay": 0.0}]},
         "keras.optimizers.AdamW(0.01, weight_decay=0.1), exclude_from_weight_decay(['b'])",
         run_keras("AdamW", {"learning_rate": 0.01, "weight_decay": 0.1}, ["b"])),
    Case("muon", "keras", "exclude_layers",
         {"optimizer": {"name": "muon", "profile": "keras", "learning_rate": 0.01,
                        "others": "all"},
          "groups": [{"match": "b", "others": "adamw"}]},
         "keras.optimizers.Muon(0.01, exclude_layers=['W'])",
         run_keras("Muon", {"learning_rate": 0.01, "exclude_layers": ["W"]}, None)),
]


def record(case, stream):
    each = list(case.run(case, golden.make_stream(stream)))
    version = __import__(case.library).__version__.split("+")[0]
    out = {
        "source": f"{case.library} {version}: {case.source}",
        "stream": stream,
        "session": case.session,
        "patches": case.patches or None,
        "shapes": SHAPES,
        "start": START,
        "tolerance": case.tolerance,
        "steps": {str(t): each[t - 1] for t in CHECKPOINTS},
    }
    return {k: v for k, v in out.items() if v is not None}


def files_wanted(folders):
    for case in CASES:
        for stream in case.streams if not folders or case.name in folders else ():
            path = f"{case.name}/{case.library}-{case.variant}-{stream}.json"
            yield path, golden.case_text(record(case, stream))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        golden.environment(home)
        sys.exit(golden.write_files(OUT, files_wanted, sys.argv[1:]))
