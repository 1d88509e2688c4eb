"""Golden trajectories of schedules at work: an optimizer whose hyperparameters move, from torch,
Keras and optax themselves.

    venv/bin/python tests/golden/make_scheduled.py            writes every file again
    venv/bin/python tests/golden/make_scheduled.py --check    writes nothing; status 1 on a difference

make_golden.py says how streams, checkpoints and tolerance are meant, and what the venv is. A case
is tests/golden/scheduled/sessions/<library>-<schedule>-<optimizer>.json:

    source      what was run, with its version
    note        optional: where the file departs from the library, and why
    stream      the gradients; row t is the gradient of step t
    loss        optional: the losses of the steps, for schedules that follow them
    session     as posted to stepd, with the libraries' own argument names
    tolerance   relative to the largest size of each coordinate
    steps       {"1": [...], ...}: the parameters after that step
    moved       {"1": {"lr": ...}, ...}: the hyperparameters that step used, within 1e-12 of their
                largest size

tests/contract/scheduled.py sends them over HTTP, and kills the server half way.
"""

import json
import sys
import tempfile

import make_golden as golden
from make_golden import CHECKPOINTS, START, STEPS

OUT = golden.HERE / "scheduled"
STREAM = "mixed"
LOSSES = [2.0 / (1 + (t if t % 200 < 90 else t - t % 200 + 90) / 40) + (t * 7919 % 101) / 5000
          for t in range(STEPS)]


def rows():
    lines = (golden.HERE / "streams" / f"{STREAM}.csv").read_text().split()
    return [[float(x) for x in line.split(",")] for line in lines][:STEPS]


# ---- torch: the scheduler moves after the optimizer's step ----------------------------------------
def torch_run(optimizer, scheduler, moved, losses=None):
    import torch

    torch.set_default_dtype(torch.float64)
    w = torch.tensor(START, requires_grad=True)
    opt = optimizer([w])
    schedule = scheduler(opt)
    for t, g in enumerate(rows()):
        w.grad = torch.tensor(g)
        group = opt.param_groups[0]
        values = {"lr": group["lr"], "beta1": group.get("betas", [0])[0],
                  "momentum": group.get("momentum", 0)}
        opt.step()
        yield w.tolist(), {k: float(values[k]) for k in moved}
        if t + 1 < STEPS:
            schedule.step(losses[t]) if losses else schedule.step()


def torch_cases():
    import torch
    from torch.optim import lr_scheduler as S

    version = f"torch {torch.__version__.split('+')[0]}"

    def case(file, source, optimizer, posted, scheduler, schedule, moved=("lr",), losses=None):
        return content(f"torch-{file}", f"{version} {source}", {"profile": "torch", **posted},
                       schedule, torch_run(optimizer, scheduler, moved, losses), losses)

    sgd = lambda w: torch.optim.SGD(w, lr=0.1, momentum=0.9)
    posted_sgd = {"name": "sgd", "lr": 0.1, "momentum": 0.9}
    adam = lambda w: torch.optim.Adam(w, lr=0.01)
    posted_adam = {"name": "adam", "lr": 0.01}
    yield case("step-sgd", "StepLR(30, 0.8), SGD(lr=0.1, momentum=0.9)", sgd, posted_sgd,
               lambda o: S.StepLR(o, 30, 0.8), {"name": "step", "step_size": 30, "gamma": 0.8})
    yield case("linear-rprop", "LinearLR(0.2, 1, 9), Rprop(lr=0.01): step sizes begin at 0.002",
               lambda w: torch.optim.Rprop(w, lr=0.01), {"name": "rprop", "lr": 0.01},
               lambda o: S.LinearLR(o, 0.2, 1.0, 9),
               {"name": "linear", "start_factor": 0.2, "end_factor": 1.0, "total_iters": 9})
    yield case("plateau-adam", "ReduceLROnPlateau(factor=0.5, patience=4, cooldown=2), Adam(lr=0.01)",
               adam, posted_adam, lambda o: S.ReduceLROnPlateau(o, factor=0.5, patience=4, cooldown=2),
               {"name": "plateau", "factor": 0.5, "patience": 4, "cooldown": 2}, losses=LOSSES)
    yield case("sequence-adamw", "SequentialLR([LinearLR(0.1, 1, 50), CosineAnnealingLR(700)], [50]), "
               "AdamW(lr=0.01)", lambda w: torch.optim.AdamW(w, lr=0.01), {"name": "adamw", "lr": 0.01},
               lambda o: S.SequentialLR(o, [S.LinearLR(o, 0.1, 1.0, 50), S.CosineAnnealingLR(o, 700)], [50]),
               {"name": "sequence", "milestones": [50], "schedulers": [
                   {"name": "linear", "start_factor": 0.1, "end_factor": 1.0, "total_iters": 50},
                   {"name": "cosine", "T_max": 700}]})
    yield case("one_cycle-adam", "OneCycleLR(max_lr=0.05, total_steps=1000), Adam(lr=0.01): lr and "
               "betas[0] move", adam, posted_adam, lambda o: S.OneCycleLR(o, 0.05, total_steps=STEPS),
               {"lr": {"name": "one_cycle", "max_lr": 0.05, "total_steps": STEPS},
                "beta1": {"name": "one_cycle", "total_steps": STEPS, "initial": 0.95, "peak": 0.85,
                          "end": 0.95}}, moved=("lr", "beta1"))
    yield case("one_cycle-momentum-nadam", "OneCycleLR(max_lr=0.05, total_steps=1000, base_momentum="
               "0.7, max_momentum=0.9, three_phase=True), NAdam(lr=0.01)",
               lambda w: torch.optim.NAdam(w, lr=0.01), {"name": "nadam", "lr": 0.01},
               lambda o: S.OneCycleLR(o, 0.05, total_steps=STEPS, base_momentum=0.7,
                                      max_momentum=0.9, three_phase=True),
               {"name": "one_cycle", "max_lr": 0.05, "total_steps": STEPS, "cycle_momentum": True,
                "base_momentum": 0.7, "max_momentum": 0.9, "three_phase": True},
               moved=("lr", "beta1"))
    yield case("cyclic-momentum-sgd", "CyclicLR(0.01, 0.2, step_size_up=60, mode='exp_range', gamma="
               "0.999), SGD(lr=0.1, momentum=0.9)", sgd, posted_sgd,
               lambda o: S.CyclicLR(o, 0.01, 0.2, step_size_up=60, mode="exp_range", gamma=0.999),
               {"name": "cyclic", "base_lr": 0.01, "max_lr": 0.2, "step_size_up": 60,
                "mode": "exp_range", "gamma": 0.999, "cycle_momentum": True},
               moved=("lr", "momentum"))
    yield case("cyclic-sgd", "CyclicLR(0.01, 0.2, step_size_up=60), SGD(lr=0.1, momentum=0.9): lr and "
               "momentum move", sgd, posted_sgd, lambda o: S.CyclicLR(o, 0.01, 0.2, step_size_up=60),
               {"lr": {"name": "cyclic", "base_lr": 0.01, "max_lr": 0.2, "step_size_up": 60},
                "momentum": {"name": "cyclic", "initial": 0.9, "peak": 0.8, "steps_up": 60}},
               moved=("lr", "momentum"))
    yield case("chain-floor-sgd", "ChainedScheduler([LinearLR(0.25, 1, 50), CosineAnnealingLR(1200, 0.01)]), "
               "SGD(lr=0.1, momentum=0.9)", sgd, posted_sgd,
               lambda o: S.ChainedScheduler([S.LinearLR(o, 0.25, 1.0, 50), S.CosineAnnealingLR(o, 1200, 0.01)]),
               {"name": "chain", "schedulers": [
                   {"name": "linear", "start_factor": 0.25, "end_factor": 1.0, "total_iters": 50},
                   {"name": "cosine", "T_max": 1200, "eta_min": 0.01}]})
    yield case("sequence-swalr-adam", "SequentialLR([CosineAnnealingLR(800, 0.001), SWALR(0.02, 'cos', 100)], "
               "[400]), Adam(lr=0.01)", adam, posted_adam,
               lambda o: S.SequentialLR(o, [S.CosineAnnealingLR(o, 800, 0.001),
                                            torch.optim.swa_utils.SWALR(o, 0.02, 100, "cos")], [400]),
               {"name": "sequence", "milestones": [400], "schedulers": [
                   {"name": "cosine", "T_max": 800, "eta_min": 0.001},
                   {"name": "swalr", "swa_lr": 0.02, "anneal_epochs": 100, "anneal_strategy": "cosine"}]})
    yield from torch_defaults(case)


def torch_defaults(case):
    """torch's cycles with nothing said about the momentum, which moves then."""
    import torch
    from torch.optim import lr_scheduler as S

    T = torch.optim
    for file, cls, posted, key in [
            ("adam", T.Adam, {"name": "adam", "lr": 0.01, "betas": [0.8, 0.99]}, "beta1"),
            ("adamw", T.AdamW, {"name": "adamw", "lr": 0.01}, "beta1"),
            ("nadam", T.NAdam, {"name": "nadam", "lr": 0.01}, "beta1"),
            ("radam", T.RAdam, {"name": "radam", "lr": 0.01}, "beta1"),
            ("adamax", T.Adamax, {"name": "adamax", "lr": 0.01}, "beta1"),
            ("sgd", T.SGD, {"name": "sgd", "lr": 0.01, "momentum": 0.9}, "momentum"),
            ("sgd-nesterov", T.SGD, {"name": "sgd", "lr": 0.01, "momentum": 0.9, "nesterov": True},
             "momentum"),
            ("sgd-none", T.SGD, {"name": "sgd", "lr": 0.01}, "momentum"),
            ("rmsprop", T.RMSprop, {"name": "rmsprop", "lr": 0.01, "momentum": 0.5}, "momentum"),
            ("rmsprop-none", T.RMSprop, {"name": "rmsprop", "lr": 0.01}, "momentum")]:
        args = {k: v for k, v in posted.items() if k != "name"}
        build = lambda w, cls=cls, args=args: cls(w, **args)
        said = f"{cls.__name__}({', '.join(f'{k}={v}' for k, v in args.items())})"
        yield case(f"one_cycle-default-{file}", f"OneCycleLR(max_lr=0.05, total_steps=1000), {said}",
                   build, posted, lambda o: S.OneCycleLR(o, 0.05, total_steps=STEPS),
                   {"name": "one_cycle", "max_lr": 0.05, "total_steps": STEPS}, moved=("lr", key))
        yield case(f"cyclic-default-{file}", f"CyclicLR(0.001, 0.02, step_size_up=70, step_size_down="
                   f"30, mode='triangular2'), {said}", build, posted,
                   lambda o: S.CyclicLR(o, 0.001, 0.02, 70, 30, "triangular2"),
                   {"name": "cyclic", "base_lr": 0.001, "max_lr": 0.02, "step_size_up": 70,
                    "step_size_down": 30, "mode": "triangular2"}, moved=("lr", key))
    # Parts share the optimizer: OneCycleLR, and a CyclicLR that is made first, set the base of the
    # others too. With these learning rates that is the base they have anyway.
    cyclic = {"name": "cyclic", "base_lr": 0.001, "max_lr": 0.02, "step_size_up": 40}
    one_cycle = {"name": "one_cycle", "max_lr": 0.05, "total_steps": 400}
    warmup = {"name": "linear", "start_factor": 0.1, "end_factor": 1.0, "total_iters": 60}
    decay = {"name": "exponential", "gamma": 0.999}
    made = {"cyclic": lambda o: S.CyclicLR(o, 0.001, 0.02, 40),
            "one_cycle": lambda o: S.OneCycleLR(o, 0.05, total_steps=400),
            "linear": lambda o: S.LinearLR(o, 0.1, 1.0, 60),
            "exponential": lambda o: S.ExponentialLR(o, 0.999)}
    for lr, milestones, parts in [(0.01, [60], [warmup, cyclic]), (0.002, [390], [one_cycle, decay]),
                                  (0.001, [95, 300], [cyclic, decay, cyclic])]:
        file = "-".join(part["name"] for part in parts)
        yield case(f"sequence-{file}", f"SequentialLR of {file} at {milestones}, Adam(lr={lr}): "
                   "betas[0] moves with the parts that move it",
                   lambda w, lr=lr: T.Adam(w, lr=lr), {"name": "adam", "lr": lr},
                   lambda o, parts=parts, milestones=milestones:
                   S.SequentialLR(o, [made[part["name"]](o) for part in parts], milestones),
                   {"name": "sequence", "milestones": milestones, "schedulers": parts},
                   moved=("lr", "beta1"))


# ---- Keras: iterations of the optimizer, from 0 --------------------------------------------------
def accumulated(keras, jax):
    """By stateless_apply: apply compiles each step anew."""
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([101, 402], [0.1, 0.05, 0.01])
    opt = keras.optimizers.SGD(schedule, gradient_accumulation_steps=4)
    w = keras.Variable(START, dtype="float64")
    opt.build([w])
    step = jax.jit(opt.stateless_apply)
    values, state = [w.value], [v.value for v in opt.variables]
    for t, g in enumerate(rows()):
        values, state = step(state, [keras.ops.convert_to_tensor(g, dtype="float64")], values)
        yield [float(x) for x in values[0]], {"lr": float(schedule(t))}


def keras_cases():
    import jax
    import jax.numpy as jnp
    import keras
    from keras.src import ops

    jax.config.update("jax_enable_x64", True)
    keras.backend.set_floatx("float64")
    version = f"keras {keras.__version__} on jax {jax.__version__}, floatx float64"

    def run():
        schedule = keras.optimizers.schedules.CosineDecay(0.01, 600, alpha=0.1)
        opt = keras.optimizers.Adam(schedule)
        w = keras.Variable(START, dtype="float64")
        opt.build([w])
        for g in rows():
            lr = float(opt.learning_rate)
            opt.apply([keras.ops.convert_to_tensor(g, dtype="float64")])
            yield [float(x) for x in w.numpy()], {"lr": lr}

    posted = {"profile": "keras", "name": "adam", "learning_rate": 0.01}
    schedule = {"name": "cosine", "initial_learning_rate": 0.01, "decay_steps": 600, "alpha": 0.1}
    source = f"{version}, CosineDecay(0.01, 600, alpha=0.1), Adam"
    yield content("keras-cosine-adam", source, posted, schedule, run(), tolerance=1e-6,
                  note="Keras' cosine is float32 whatever floatx is; cos64 beside this file is the "
                  "same code without that")
    yield content("keras-accumulated-sgd", f"{version}, PiecewiseConstantDecay([101, 402], [0.1, "
                  "0.05, 0.01]), SGD(gradient_accumulation_steps=4): the schedule counts gradients",
                  {"profile": "keras", "name": "sgd"},
                  {"name": "piecewise_constant", "boundaries": [101, 402],
                   "values": [0.1, 0.05, 0.01]}, accumulated(keras, jax),
                  transforms=[{"name": "accumulate", "gradient_accumulation_steps": 4}])
    narrow, ops.cos = ops.cos, jnp.cos
    yield content("keras-cosine-adam-cos64", source, posted, schedule, run(),
                  note="Keras' code with the cosine of jax, in float64")
    ops.cos = narrow


# ---- optax: the count of the optimizer's state, from 0 -------------------------------------------
def optax_run(optimizer, moved, losses=None):
    import jax
    import jax.numpy as jnp
    import optax

    w = jnp.array(START)
    state = optimizer.init(w)
    more = {"value": 0.0} if losses else {}

    @jax.jit
    def step(state, w, g, more):
        updates, state = optimizer.update(g, state, w, **more)
        return state, optax.apply_updates(w, updates)

    for t, g in enumerate(rows()):
        if losses:
            more = {"value": jnp.array(losses[t])}
        state, w = step(state, w, jnp.array(g), more)
        yield w.tolist(), {k: float(v) for k, v in moved(t, state).items()}


def optax_cases():
    import jax
    import optax

    jax.config.update("jax_enable_x64", True)
    version = f"optax {optax.__version__} on jax {jax.__version__} x64"
    cosine = optax.cosine_decay_schedule(0.01, 600)
    posted_cosine = {"name": "cosine", "init_value": 0.01, "decay_steps": 600}
    adam = {"profile": "optax", "name": "adam", "learning_rate": 0.01}
    yield content("optax-cosine-adam", f"{version}, adam(cosine_decay_schedule(0.01, 600))", adam,
                  posted_cosine, optax_run(optax.adam(cosine), lambda t, s: {"lr": cosine(t)}))
    lr = optax.warmup_cosine_decay_schedule(0.0, 0.02, 100, 900)
    b1 = optax.linear_schedule(0.95, 0.85, 400)
    wd = optax.exponential_decay(0.1, 50, 0.9)
    wide = lambda f: lambda count: f(count.astype("int64"))
    injected = optax.inject_hyperparams(optax.adamw)(
        learning_rate=wide(lr), b1=wide(b1), weight_decay=wide(wd))
    yield content("optax-injected-adamw", f"{version}, inject_hyperparams(adamw)(learning_rate="
                  "warmup_cosine_decay_schedule(0.0, 0.02, 100, 900), b1=linear_schedule(0.95, 0.85, "
                  "400), weight_decay=exponential_decay(0.1, 50, 0.9))",
                  {"profile": "optax", "name": "adamw", "learning_rate": 0.01},
                  {"lr": {"name": "warmup_cosine", "init_value": 0.0, "peak_value": 0.02,
                          "warmup_steps": 100, "decay_steps": 900},
                   "beta1": {"name": "linear", "init_value": 0.95, "end_value": 0.85,
                             "transition_steps": 400},
                   "weight_decay": {"name": "exponential", "init_value": 0.1, "transition_steps": 50,
                                    "decay_rate": 0.9}},
                  optax_run(injected, lambda t, s: {"lr": lr(t), "beta1": b1(t), "weight_decay": wd(t)}),
                  note="The schedules get the count in 64 bits: optax's own of 32 bits makes the "
                  "division in linear_schedule float32")
    args = {"factor": 0.5, "patience": 5, "cooldown": 3}
    plateau = optax.chain(optax.adam(0.01), optax.contrib.reduce_on_plateau(**args))
    yield content("optax-reduce_on_plateau-adam", f"{version}, chain(adam(0.01), contrib."
                  "reduce_on_plateau(0.5, 5, cooldown=3))", adam, {"name": "reduce_on_plateau", **args},
                  optax_run(plateau, lambda t, s: {"lr": 0.01 * s[-1].scale}, LOSSES), LOSSES)


# ---- files ---------------------------------------------------------------------------------------
def content(file, source, optimizer, schedule, run, losses=None, tolerance=1e-12, note=None,
            transforms=None):
    steps, moved = {}, {}
    for t, (w, values) in enumerate(run, 1):
        if t in CHECKPOINTS:
            steps[str(t)] = w
            moved[str(t)] = values
    out = {"source": source, **({"note": note} if note else {}), "stream": STREAM}
    if losses:
        out["loss"] = losses
    out["session"] = {"optimizer": optimizer, "schedule": schedule, "parameters": START}
    if transforms:
        out["session"]["transforms"] = transforms
    out.update(tolerance=tolerance, steps=steps, moved=moved)
    return file, out


def files_wanted(folders):
    for cases in [torch_cases, keras_cases, optax_cases]:
        for file, out in cases():
            lines = [f" {json.dumps(k)}: {json.dumps(v)}" for k, v in out.items()]
            yield f"sessions/{file}.json", "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        golden.environment(home)
        sys.exit(golden.write_files(OUT, files_wanted, sys.argv[1:]))
