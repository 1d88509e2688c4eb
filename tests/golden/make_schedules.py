"""Golden schedules: the values that the real libraries give, step by step, for the tests of stepd.

    venv/bin/python tests/golden/make_schedules.py            writes every file again
    venv/bin/python tests/golden/make_schedules.py --check    writes nothing; status 1 on a difference

The venv is that of make_golden.py (requirements.txt). Each file is one call of one library, run for
1,000 steps, beyond the end of the schedule where it has one and the library allows it:

    source      what was run, with its version
    note        optional: where the file departs from the library, and why
    schedule    as posted to stepd, with the library's own argument names
    base        the optimizer's own learning rate
    loss        optional: the losses of the steps, for schedules that follow them
    tolerance   optional: where the library computes in less than float64
    values      the learning rate of step 1, 2, ...: that which the optimizer's step uses

torch's schedulers move after the optimizer's step, so the first value is read before any of them.
Keras and optax are asked for count 0, 1, ... Those of library "rule", which none of the three has,
come from the formula in 50 decimal digits; pytorch_optimizer has them too, and more. A value is right when it is within 1e-12 of
itself, or of 1e-6 of the largest in the file: near 0 a cosine has no digits to compare.
"""

import json
import os
import sys
from decimal import Decimal, getcontext
from importlib import metadata
from pathlib import Path

from make_golden import write_files

os.environ.update(KERAS_BACKEND="jax", JAX_ENABLE_X64="1", JAX_PLATFORMS="cpu",
                  XLA_FLAGS="--xla_cpu_max_isa=SSE4_2", OMP_NUM_THREADS="1")
sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent / "schedules"
STEPS = 1000
BASE = 0.1


# ---- torch ---------------------------------------------------------------------------------------
def torch_run(build, losses=None, steps=STEPS, key="lr", optimizer=None):
    import torch

    torch.set_default_dtype(torch.float64)
    w = torch.zeros(1, requires_grad=True)
    opt = optimizer(w) if optimizer else torch.optim.SGD([w], lr=BASE)
    scheduler, values = build(opt), []
    for t in range(steps):
        group = opt.param_groups[0]
        values.append(float(group["betas"][0] if key == "beta1" else group[key]))
        opt.step()
        if t + 1 < steps:
            scheduler.step(losses[t]) if losses else scheduler.step()
    return values


def torch_cases():
    import torch
    from torch.optim import lr_scheduler as S
    from torch.optim.swa_utils import SWALR

    version = f"torch {torch.__version__.split('+')[0]}"

    def case(file, name, cls, args, losses=None, steps=STEPS, schedule=None):
        values = torch_run(lambda o: cls(o, **args), losses, steps)
        return row("torch", file, f"{version}, {cls.__name__}({text(args)})",
                   schedule or {"name": name, "profile": "torch", **args}, values, loss=losses)

    yield case("constant-default", "constant", S.ConstantLR, {})
    yield case("constant-options", "constant", S.ConstantLR, {"factor": 0.25, "total_iters": 100})
    yield case("step-default", "step", S.StepLR, {"step_size": 150})
    yield case("step-gamma", "step", S.StepLR, {"step_size": 30, "gamma": 0.9})
    for file, factors in [("lambda", [1.0, 0.3, 2.5, 0.0, 0.7]), ("lambda-long", WOBBLE)]:
        values = torch_run(lambda o: S.LambdaLR(o, lambda t: factors[min(t, len(factors) - 1)]))
        yield row("torch", file, f"{version}, LambdaLR(lambda t: factors[min(t, {len(factors) - 1})])",
                  {"name": "lambda", "profile": "torch", "factors": factors}, values)
    for file, factors in [("multiplicative", [0.5, 3.0, 0.9, 0.997]), ("multiplicative-one", [0.98]),
                          ("multiplicative-long", WOBBLE)]:
        values = torch_run(lambda o: S.MultiplicativeLR(
            o, lambda t: factors[min(t - 1, len(factors) - 1)]))
        yield row("torch", file, f"{version}, MultiplicativeLR(lambda t: factors[min(t - 1, "
                  f"{len(factors) - 1})])",
                  {"name": "multiplicative", "profile": "torch", "factors": factors}, values)
    yield case("multi_step", "multi_step", S.MultiStepLR, {"milestones": [100, 101, 500, 900]})
    yield case("multi_step-twice", "multi_step", S.MultiStepLR,
               {"milestones": [700, 200, 200], "gamma": 0.5})
    yield case("exponential", "exponential", S.ExponentialLR, {"gamma": 0.99})
    yield case("linear-default", "linear", S.LinearLR, {})
    yield case("linear-options", "linear", S.LinearLR,
               {"start_factor": 0.01, "end_factor": 0.7, "total_iters": 400})
    yield case("polynomial-default", "polynomial", S.PolynomialLR, {})
    yield case("polynomial-power", "polynomial", S.PolynomialLR, {"total_iters": 800, "power": 2.5})
    yield case("cosine", "cosine", S.CosineAnnealingLR, {"T_max": 300})
    yield case("cosine-eta_min", "cosine", S.CosineAnnealingLR, {"T_max": 70, "eta_min": 0.003})
    yield case("cosine_restarts", "cosine_restarts", S.CosineAnnealingWarmRestarts, {"T_0": 90})
    yield case("cosine_restarts-longer", "cosine_restarts", S.CosineAnnealingWarmRestarts,
               {"T_0": 25, "T_mult": 3, "eta_min": 0.001})
    one = {"max_lr": 0.4, "total_steps": STEPS, "cycle_momentum": False}
    for file, more in [("one_cycle", {}), ("one_cycle-linear", {"anneal_strategy": "linear"}),
                       ("one_cycle-three", {"three_phase": True, "pct_start": 0.4}),
                       ("one_cycle-divs", {"div_factor": 5.0, "final_div_factor": 100.0})]:
        args = {**one, **more}
        posted = {k: ("cosine" if v == "cos" else v) for k, v in args.items() if k != "cycle_momentum"}
        yield case(file, "one_cycle", S.OneCycleLR, args,
                   schedule={"name": "one_cycle", "profile": "torch", **posted})
    cycle = {"base_lr": 0.01, "max_lr": 0.2, "step_size_up": 60, "cycle_momentum": False}
    for file, more in [("cyclic", {}), ("cyclic-down", {"step_size_down": 25}),
                       ("cyclic-triangular2", {"mode": "triangular2"}),
                       ("cyclic-exp_range", {"mode": "exp_range", "gamma": 0.998})]:
        args = {**cycle, **more}
        posted = {k: v for k, v in args.items() if k != "cycle_momentum"}
        yield case(file, "cyclic", S.CyclicLR, args,
                   schedule={"name": "cyclic", "profile": "torch", **posted})
    adam = lambda w: torch.optim.Adam([w], lr=BASE)
    values = torch_run(lambda o: S.OneCycleLR(o, 0.4, total_steps=STEPS), key="beta1", optimizer=adam)
    yield row("torch", "one_cycle-beta1", f"{version}, betas[0] of Adam under OneCycleLR",
              {"name": "one_cycle", "profile": "torch", "total_steps": STEPS, "initial": 0.95,
               "peak": 0.85, "end": 0.95}, values, base=0.9)
    values = torch_run(lambda o: S.CyclicLR(o, 0.01, 0.2, step_size_up=60), key="beta1", optimizer=adam)
    yield row("torch", "cyclic-beta1", f"{version}, betas[0] of Adam under CyclicLR",
              {"name": "cyclic", "profile": "torch", "initial": 0.9, "peak": 0.8, "steps_up": 60},
              values, base=0.9)
    for file, args in [("plateau-default", {}), ("plateau-abs", {"threshold_mode": "abs",
                       "threshold": 0.05, "patience": 3, "cooldown": 4, "factor": 0.8}),
                       ("plateau-max", {"mode": "max", "factor": 0.9, "patience": 6, "min_lr": 0.002})]:
        yield case(file, "plateau", S.ReduceLROnPlateau, args, losses=LOSSES)
    yield case("swalr-default", "swalr", SWALR, {"swa_lr": 0.02})
    yield case("swalr-linear", "swalr", SWALR,
               {"swa_lr": 0.5, "anneal_epochs": 200, "anneal_strategy": "linear"})
    yield case("swalr-none", "swalr", SWALR, {"swa_lr": 0.02, "anneal_epochs": 0})
    values = torch_run(lambda o: S.SequentialLR(
        o, [S.LinearLR(o, 0.1, 1.0, 50), S.CosineAnnealingLR(o, 400, 0.001), S.ExponentialLR(o, 0.98)],
        [50, 600]))
    yield row("torch", "sequence", f"{version}, SequentialLR of LinearLR, CosineAnnealingLR, "
              "ExponentialLR", {"name": "sequence", "profile": "torch", "milestones": [50, 600],
              "schedulers": [{"name": "linear", "start_factor": 0.1, "end_factor": 1.0,
                              "total_iters": 50}, {"name": "cosine", "T_max": 400, "eta_min": 0.001},
                             {"name": "exponential", "gamma": 0.98}]}, values)
    values = torch_run(lambda o: S.ChainedScheduler(
        [S.ConstantLR(o, 0.1, 20), S.ExponentialLR(o, 0.995), S.StepLR(o, 100, 0.8)]))
    yield row("torch", "chain", f"{version}, ChainedScheduler of ConstantLR, ExponentialLR, StepLR",
              {"name": "chain", "profile": "torch", "schedulers": [
                  {"name": "constant", "factor": 0.1, "total_iters": 20},
                  {"name": "exponential", "gamma": 0.995},
                  {"name": "step", "step_size": 100, "gamma": 0.8}]}, values)
    yield from torch_composed(version)


def torch_composed(version):
    """Schedulers that do more to one another than multiply. Each part: what makes it, as posted."""
    from torch.optim import lr_scheduler as S
    from torch.optim.swa_utils import SWALR

    def part(name, cls, **args):
        posted = {k: v for k, v in args.items() if k != "cycle_momentum"}
        posted.update({"anneal_strategy": "cosine"} if args.get("anneal_strategy") == "cos" else {})
        return (lambda o: cls(o, **args)), {"name": name, **posted}

    def chain(*parts):
        return (lambda o: S.ChainedScheduler([make(o) for make, _ in parts], optimizer=o)), {
            "name": "chain", "schedulers": [posted for _, posted in parts]}

    def sequence(milestones, *parts):
        return (lambda o: S.SequentialLR(o, [make(o) for make, _ in parts], milestones)), {
            "name": "sequence", "milestones": milestones, "schedulers": [posted for _, posted in parts]}

    linear = part("linear", S.LinearLR, start_factor=0.25, end_factor=1.0, total_iters=50)
    exponential = part("exponential", S.ExponentialLR, gamma=0.998)
    step = part("step", S.StepLR, step_size=80, gamma=0.7)
    cosine = part("cosine", S.CosineAnnealingLR, T_max=1200, eta_min=0.01)
    short = part("cosine", S.CosineAnnealingLR, T_max=60, eta_min=0.004)
    restarts = part("cosine_restarts", S.CosineAnnealingWarmRestarts, T_0=90, T_mult=2, eta_min=0.002)
    swalr = part("swalr", SWALR, swa_lr=0.03, anneal_epochs=100)
    cyclic = part("cyclic", S.CyclicLR, base_lr=0.02, max_lr=0.2, step_size_up=60, cycle_momentum=False)
    one_cycle = part("one_cycle", S.OneCycleLR, max_lr=0.4, total_steps=STEPS, cycle_momentum=False)
    steep = part("exponential", S.ExponentialLR, gamma=0.4), part("step", S.StepLR, step_size=3, gamma=0.05)
    never_back = part("constant", S.ConstantLR, factor=0.3, total_iters=0)
    wobble = (lambda o: S.LambdaLR(o, lambda t: WOBBLE[min(t, len(WOBBLE) - 1)])), {"name": "lambda", "factors": WOBBLE}
    factor = (lambda o: S.MultiplicativeLR(o, lambda t: 0.99)), {"name": "multiplicative", "factors": [0.99]}
    cases = {
        "chain-floor": ("LinearLR, CosineAnnealingLR", chain(linear, cosine)),
        "chain-floors": ("StepLR, CosineAnnealingLR", chain(step, short)),
        "chain-lambda": ("StepLR, LambdaLR, ExponentialLR", chain(step, wobble, exponential)),
        "chain-restarts": ("LinearLR, CosineAnnealingWarmRestarts, ExponentialLR", chain(linear, restarts, exponential)),
        "chain-steep": ("CosineAnnealingWarmRestarts, ExponentialLR, StepLR", chain(restarts, *steep)),
        "chain-cyclic": ("LinearLR, CyclicLR", chain(linear, cyclic)),
        "chain-one_cycle": ("OneCycleLR, ExponentialLR", chain(one_cycle, exponential)),
        "chain-swalr": ("ExponentialLR, SWALR", chain(exponential, swalr)),
        "chain-never_back": ("ConstantLR, ExponentialLR", chain(never_back, exponential)),
        "sequence-multiplicative": ("LinearLR, MultiplicativeLR", sequence([30], linear, factor)),
        "sequence-swalr": ("CosineAnnealingLR, SWALR", sequence([500], cosine, swalr)),
        "sequence-one_cycle": ("StepLR, OneCycleLR, ExponentialLR", sequence([100, 700], step, one_cycle, exponential)),
        "sequence-cyclic": ("CyclicLR, LinearLR", sequence([400], cyclic, linear)),
        "sequence-never_back": ("ConstantLR, StepLR", sequence([20], never_back, step)),
        "chain-sequence": ("ExponentialLR and a SequentialLR of LinearLR, StepLR", chain(exponential, sequence([200], linear, step))),
        "chain-sequence-cyclic": ("ExponentialLR and a SequentialLR of CyclicLR, LinearLR",
                                  chain(exponential, sequence([300], cyclic, linear))),
        "sequence-sequence": ("a SequentialLR of LinearLR, CosineAnnealingLR; ExponentialLR",
                              sequence([600], sequence([40], linear, cosine), exponential)),
    }
    for file, (text_of, (make, posted)) in cases.items():
        whole = "ChainedScheduler" if file.startswith("chain") else "SequentialLR"
        yield row("torch", file, f"{version}, {whole} of {text_of}", {**posted, "profile": "torch"}, torch_run(make))


# ---- Keras ---------------------------------------------------------------------------------------
def keras_plateau(args, losses):
    """The callback on an optimizer that keeps a plain number: Keras would round it to float32."""
    import keras

    class Optimizer:
        learning_rate = BASE

    class Model:
        optimizer = Optimizer()

    callback = keras.callbacks.ReduceLROnPlateau(monitor="loss", mode="min", **args)
    callback.set_model(Model())
    callback.on_train_begin()
    values = []
    for t in range(STEPS):
        values.append(float(callback.model.optimizer.learning_rate))
        callback.on_epoch_end(t, {"loss": losses[t]})
    return values


def keras_cases():
    import jax
    import jax.numpy as jnp
    import keras
    from keras.optimizers import schedules as K
    from keras.src import ops

    jax.config.update("jax_enable_x64", True)
    keras.backend.set_floatx("float64")
    version = f"keras {keras.__version__} on jax {jax.__version__}, floatx float64"

    def case(file, name, cls, args, note=None, tolerance=None):
        schedule = jax.jit(cls(**args))
        values = [float(schedule(t)) for t in range(STEPS)]
        return row("keras", file, f"{version}, {cls.__name__}({text(args)})",
                   {"name": name, "profile": "keras", **args}, values, note=note, base=0.7,
                   tolerance=tolerance)

    def cosine_case(file, name, cls, args):
        """As it is, and with its cosine and logarithm in float64."""
        yield case(file, name, cls, args, "Keras' cosine and logarithm are float32 whatever floatx "
                   "is; cos64 beside this file is the same code without that", 1e-6)
        narrow = ops.cos, ops.log
        ops.cos, ops.log = jnp.cos, jnp.log
        yield case(f"{file}-cos64", name, cls, args, "Keras' code with the cosine and logarithm of "
                   "jax, in float64")
        ops.cos, ops.log = narrow

    lr = {"initial_learning_rate": BASE}
    yield case("exponential", "exponential", K.ExponentialDecay,
               {**lr, "decay_steps": 100, "decay_rate": 0.5})
    yield case("exponential-staircase", "exponential", K.ExponentialDecay,
               {**lr, "decay_steps": 70, "decay_rate": 0.8, "staircase": True})
    item = case("step", "step", K.ExponentialDecay,
                {**lr, "decay_steps": 70, "decay_rate": 0.8, "staircase": True})
    del item[2]["schedule"]["staircase"]
    yield item
    yield case("inverse_time", "inverse_time", K.InverseTimeDecay,
               {**lr, "decay_steps": 10, "decay_rate": 0.5})
    yield case("inverse_time-staircase", "inverse_time", K.InverseTimeDecay,
               {**lr, "decay_steps": 30, "decay_rate": 1.5, "staircase": True})
    yield case("piecewise_constant", "piecewise_constant", K.PiecewiseConstantDecay,
               {"boundaries": [100, 101, 700], "values": [1.0, 0.5, 0.25, 0.01]})
    yield case("polynomial", "polynomial", K.PolynomialDecay, {**lr, "decay_steps": 600})
    yield case("polynomial-cycle", "polynomial", K.PolynomialDecay,
               {**lr, "decay_steps": 130, "end_learning_rate": 0.02, "power": 0.5, "cycle": True})
    yield from cosine_case("cosine", "cosine", K.CosineDecay, {**lr, "decay_steps": 600})
    yield from cosine_case("cosine-alpha", "cosine", K.CosineDecay, {**lr, "decay_steps": 900, "alpha": 0.1})
    yield from cosine_case("cosine-warmup", "cosine", K.CosineDecay,
               {"initial_learning_rate": 0.001, "decay_steps": 600, "alpha": 0.05,
                "warmup_target": 0.2, "warmup_steps": 150})
    yield from cosine_case("cosine_restarts-default", "cosine_restarts", K.CosineDecayRestarts,
               {**lr, "first_decay_steps": 50})
    yield from cosine_case("cosine_restarts-options", "cosine_restarts", K.CosineDecayRestarts,
               {**lr, "first_decay_steps": 80, "t_mul": 1.5, "m_mul": 0.8, "alpha": 0.05})
    yield from cosine_case("cosine_restarts-even", "cosine_restarts", K.CosineDecayRestarts,
               {**lr, "first_decay_steps": 120, "t_mul": 1.0, "m_mul": 0.5})
    for file, args in [("plateau-default", {}), ("plateau-cooldown", {"factor": 0.7, "patience": 4,
                       "cooldown": 3, "min_delta": 0.02, "min_lr": 0.004})]:
        yield row("keras", file, f"{version}, callbacks.ReduceLROnPlateau({text(args)})",
                  {"name": "plateau", "profile": "keras", **args}, keras_plateau(args, LOSSES),
                  loss=LOSSES)


# ---- optax ---------------------------------------------------------------------------------------
def optax_plateau(args, losses):
    import jax
    import jax.numpy as jnp
    import optax

    transform = optax.contrib.reduce_on_plateau(**args)
    params = jnp.zeros(1)
    state, values = transform.init(params), []
    update = jax.jit(lambda s, loss: transform.update(jnp.ones(1), s, params, value=loss))
    for loss in losses:
        updates, state = update(state, loss)
        values.append(BASE * float(updates[0]))
    return values


def optax_cases():
    import jax
    import optax

    jax.config.update("jax_enable_x64", True)
    version = f"optax {optax.__version__} on jax {jax.__version__} x64"

    def case(file, name, function, args, note=None):
        schedule = jax.jit(function(**args))
        values = [float(schedule(t)) for t in range(STEPS)]
        return row("optax", file, f"{version}, {function.__name__}({text(args)})",
                   {"name": name, "profile": "optax", **args}, values, note=note, base=0.7)

    yield case("constant", "constant", optax.constant_schedule, {"value": 0.3})
    yield case("exponential", "exponential", optax.exponential_decay,
               {"init_value": 0.1, "transition_steps": 50, "decay_rate": 0.7})
    yield case("exponential-options", "exponential", optax.exponential_decay,
               {"init_value": 0.1, "transition_steps": 40, "decay_rate": 0.6, "staircase": True,
                "transition_begin": 90, "end_value": 0.002})
    yield case("exponential-rising", "exponential", optax.exponential_decay,
               {"init_value": 0.1, "transition_steps": 40, "decay_rate": 1.2, "end_value": 3.0})
    item = case("step", "step", optax.exponential_decay,
                {"init_value": 0.1, "transition_steps": 40, "decay_rate": 0.6, "staircase": True})
    del item[2]["schedule"]["staircase"]
    yield item
    yield case("linear", "linear", optax.linear_schedule,
               {"init_value": 0.1, "end_value": 1.5, "transition_steps": 333, "transition_begin": 60})
    yield case("polynomial", "polynomial", optax.polynomial_schedule,
               {"init_value": 0.1, "end_value": 0.01, "power": 3, "transition_steps": 700,
                "transition_begin": 100})
    yield case("cosine", "cosine", optax.cosine_decay_schedule, {"init_value": 0.1, "decay_steps": 600})
    yield case("cosine-options", "cosine", optax.cosine_decay_schedule,
               {"init_value": 0.1, "decay_steps": 900, "alpha": 0.1, "exponent": 1.7})
    pairs = {100: 0.5, 101: 0.8, 700: 2.0}
    posted = {str(k): v for k, v in pairs.items()}
    item = case("piecewise_constant", "piecewise_constant", optax.piecewise_constant_schedule,
                {"init_value": 0.1, "boundaries_and_scales": pairs})
    item[2]["schedule"]["boundaries_and_scales"] = posted
    yield item
    for way in ["linear", "cosine"]:
        item = case(f"piecewise_interpolate-{way}", "piecewise_interpolate",
                    optax.piecewise_interpolate_schedule,
                    {"interpolate_type": way, "init_value": 0.1, "boundaries_and_scales": pairs})
        item[2]["schedule"]["boundaries_and_scales"] = posted
        yield item
    yield case("warmup_constant", "warmup_constant", optax.warmup_constant_schedule,
               {"init_value": 0.001, "peak_value": 0.2, "warmup_steps": 130})
    yield case("warmup_cosine", "warmup_cosine", optax.warmup_cosine_decay_schedule,
               {"init_value": 0.0, "peak_value": 0.2, "warmup_steps": 100, "decay_steps": 900})
    yield case("warmup_cosine-options", "warmup_cosine", optax.warmup_cosine_decay_schedule,
               {"init_value": 0.01, "peak_value": 0.2, "warmup_steps": 77, "decay_steps": 600,
                "end_value": 0.03, "exponent": 2.0})
    yield case("warmup_exponential", "warmup_exponential", optax.warmup_exponential_decay_schedule,
               {"init_value": 0.01, "peak_value": 0.2, "warmup_steps": 77, "transition_steps": 60,
                "decay_rate": 0.8, "transition_begin": 30, "staircase": True, "end_value": 0.02})
    yield case("one_cycle", "one_cycle", optax.cosine_onecycle_schedule,
               {"transition_steps": 800, "peak_value": 0.4})
    yield case("one_cycle-options", "one_cycle", optax.cosine_onecycle_schedule,
               {"transition_steps": 801, "peak_value": 0.4, "pct_start": 0.21, "div_factor": 10.0,
                "final_div_factor": 50.0})
    yield case("linear_one_cycle", "linear_one_cycle", optax.linear_onecycle_schedule,
               {"transition_steps": 800, "peak_value": 0.4})
    yield case("linear_one_cycle-options", "linear_one_cycle", optax.linear_onecycle_schedule,
               {"transition_steps": 801, "peak_value": 0.4, "pct_start": 0.21, "pct_final": 0.7,
                "div_factor": 10.0, "final_div_factor": 50.0})
    falls = [{"init_value": 0.0, "peak_value": 0.2, "decay_steps": 200, "warmup_steps": 20},
             {"init_value": 0.01, "peak_value": 0.1, "decay_steps": 300, "warmup_steps": 0,
              "end_value": 0.001},
             {"init_value": 0.0, "peak_value": 0.05, "decay_steps": 350, "warmup_steps": 50}]
    schedule = jax.jit(optax.sgdr_schedule(falls))
    yield row("optax", "sequence-sgdr", f"{version}, sgdr_schedule of three",
              {"name": "sequence", "profile": "optax", "boundaries": [200, 500],
               "schedules": [{"name": "warmup_cosine", **fall} for fall in falls]},
              [float(schedule(t)) for t in range(STEPS)], base=0.7)
    for file, args in [("reduce_on_plateau-default", {}), ("reduce_on_plateau-options",
                       {"factor": 0.6, "patience": 3, "rtol": 0.01, "atol": 0.01, "cooldown": 2,
                        "accumulation_size": 4, "min_scale": 0.05})]:
        yield row("optax", file, f"{version}, contrib.reduce_on_plateau({text(args)})",
                  {"name": "reduce_on_plateau", "profile": "optax", **args},
                  optax_plateau(args, LOSSES), loss=LOSSES)


# ---- pytorch_optimizer ---------------------------------------------------------------------------
def kozistr_cases():
    import pytorch_optimizer as P
    from pytorch_optimizer.lr_scheduler import chebyshev
    from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR

    version = f"pytorch_optimizer {metadata.version('pytorch_optimizer')}"

    def case(file, name, what, values, schedule, note=None):
        return row("pytorch_optimizer", file, f"{version}, {what}", {"name": name, **schedule},
                   values, note=note)

    for epochs in [8, 300, 512]:
        values = torch_run(lambda o: P.get_chebyshev_schedule(o, epochs))
        yield case(f"chebyshev-{epochs}", "chebyshev", f"get_chebyshev_schedule({epochs})", values,
                   {"total_steps": epochs, "begin": 2})
    nodes = chebyshev.get_chebyshev_steps(256, 0.01, 4.0)[chebyshev.get_chebyshev_permutation(256)]
    yield case("chebyshev-interval", "chebyshev", "get_chebyshev_steps(256, 0.01, 4.0) in the order "
               "of get_chebyshev_permutation(256)",
               [BASE * float(nodes[min(t, 255)]) for t in range(STEPS)],
               {"total_steps": 200, "min_eigenvalue": 0.01, "max_eigenvalue": 4.0})

    def restarts(args, note=None, repair=False):
        def build(opt):
            scheduler = P.CosineAnnealingWarmupRestarts(opt, **args)
            if repair:
                opt.param_groups[0]["lr"] = scheduler.get_lr()[0]
            return scheduler
        posted = {{"first_cycle_steps": "first_steps", "cycle_mult": "t_mul", "max_lr": "peak",
                   "min_lr": "eta_min", "gamma": "m_mul"}.get(k, k): v for k, v in args.items()}
        return f"CosineAnnealingWarmupRestarts({text(args)})", torch_run(build), posted, note

    for file, args in [
            ("even", {"first_cycle_steps": 150, "max_lr": 0.3, "min_lr": 0.0, "warmup_steps": 30,
                      "gamma": 1.0}),
            ("longer", {"first_cycle_steps": 50, "cycle_mult": 1.7, "max_lr": 0.3, "min_lr": 0.004,
                        "warmup_steps": 13, "gamma": 0.8}),
            ("shorter", {"first_cycle_steps": 300, "cycle_mult": 0.3, "max_lr": 0.3,
                         "min_lr": 0.001, "warmup_steps": 5, "gamma": 0.99})]:
        what, values, posted, note = restarts(args)
        yield case(f"warmup_cosine_restarts-{file}", "warmup_cosine_restarts", what, values, posted)
    what, values, posted, note = restarts(
        {"first_cycle_steps": 90, "cycle_mult": 2.0, "max_lr": 0.3, "min_lr": 0.001,
         "warmup_steps": 0, "gamma": 0.9}, "without a warm-up the library sets the first step to "
        "min_lr; the value here is that of its get_lr", repair=True)
    yield case("warmup_cosine_restarts-none", "warmup_cosine_restarts", what, values, posted, note)

    def proportion(source, args):
        import torch

        opt = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=args["max_lr"])
        scheduler = source(opt)
        follower = P.ProportionScheduler(scheduler, **args)
        values = []
        for _ in range(STEPS):
            values.append(float(follower.get_lr()))
            opt.step()
            if len(values) < STEPS:
                scheduler.step()
            follower.step()
        return values

    args = {"max_lr": 0.4, "min_lr": 0.01, "max_value": 2.0, "min_value": 0.5}
    yield case("proportion-cosine", "proportion", f"ProportionScheduler({text(args)}) of "
               "CosineAnnealingLR(T_max=300, eta_min=0.01)",
               proportion(lambda o: CosineAnnealingLR(o, 300, 0.01), args),
               {**args, "schedules": [{"name": "cosine", "T_max": 300, "eta_min": 0.01}]})
    args = {"max_lr": 0.4, "max_value": BASE, "min_value": 0.9}
    yield case("proportion-down", "proportion", f"ProportionScheduler({text(args)}) of OneCycleLR("
               f"0.4, {STEPS})",
               proportion(lambda o: OneCycleLR(o, 0.4, total_steps=STEPS), args),
               {"max_lr": 0.4, "min_value": 0.9,
                "schedules": [{"name": "one_cycle", "total_steps": STEPS}]})

    for way, posted, ratio in [("1-sqrt", "sqrt", 0.0), ("1-square", "square", 0.0),
                               ("linear", "linear", 0.0), ("cosine", "cosine", 0.05)]:
        values = torch_run(lambda o: P.get_wsd_schedule(o, 60, 500, 300, ratio, cooldown_type=way))
        yield case(f"wsd-{posted}", "wsd", "get_wsd_schedule(60, 500, 300, min_lr_ratio="
                   f"{ratio}, cooldown_type={way!r})", values,
                   {"warmup_steps": 60, "stable_steps": 500, "decay_steps": 300, "decay": posted,
                    "end": ratio * BASE})


# ---- by the rule ---------------------------------------------------------------------------------
def rule_cases():
    getcontext().prec = 50
    D = Decimal

    def rex(t):
        left = 1 - D(min(t, 700)) / 700
        return D("0.01") + D("0.09") * left / ((1 + left) / 2)

    def wsd(t):
        if t < 50:
            return D("0.2") * t / 50
        x = min(D(max(t - 450, 0)) / 300, D(1))
        return D("0.002") + D("0.198") * (1 - x.sqrt())

    yield row("rule", "rex", "the formula in 50 digits",
              {"name": "rex", "profile": "paper", "initial": 0.1, "end": 0.01, "total_steps": 700},
              [float(rex(t)) for t in range(STEPS)])
    yield row("rule", "wsd", "the formula in 50 digits",
              {"name": "wsd", "profile": "paper", "peak": 0.2, "end": 0.002, "warmup_steps": 50,
               "stable_steps": 400, "decay_steps": 300, "decay": "sqrt"},
              [float(wsd(t)) for t in range(STEPS)])


# ---- files ---------------------------------------------------------------------------------------
def losses():
    """Falls, stalls, falls less; a fixed little pseudo-random wobble."""
    x, out = 12345, []
    for t in range(STEPS):
        x = (1103515245 * x + 12345) % 2**31
        out.append(2.0 / (1 + (t if t % 200 < 90 else t - t % 200 + 90) / 40) + x / 2**31 / 50)
    return out


LOSSES = losses()
WOBBLE = [round(0.95 + x % 0.1, 6) for x in LOSSES[:300]]


def text(args):
    return ", ".join(f"{k}={v!r}" for k, v in args.items())


def row(library, file, source, schedule, values, note=None, base=BASE, loss=None,
        tolerance=None):
    content = {"source": source}
    if note:
        content["note"] = note
    content.update(schedule=schedule, base=base)
    if tolerance:
        content["tolerance"] = tolerance
    if loss:
        content["loss"] = loss
    content["values"] = values
    return library, file, content


def files_wanted(folders):
    for cases in [torch_cases, keras_cases, optax_cases, kozistr_cases, rule_cases]:
        for library, file, content in cases():
            lines = [f" {json.dumps(k)}: {json.dumps(v)}" for k, v in content.items()]
            yield f"{library}/{file}.json", "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    sys.exit(write_files(HERE, files_wanted, sys.argv[1:]))
