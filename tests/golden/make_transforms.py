"""Golden trajectories of transforms around an optimizer, from torch, Keras and optax themselves.

    venv/bin/python tests/golden/make_transforms.py                 writes every file again
    venv/bin/python tests/golden/make_transforms.py clip_value ema  only these folders
    venv/bin/python tests/golden/make_transforms.py --check         status 1 on a difference

make_golden.py says how streams, checkpoints and tolerance are meant. A case is
tests/golden/transforms/<transform>/<library>-<variant>-<optimizer>-<stream>.json:

    source      what was run, with its version
    note        optional
    stream      the gradients; row t is the gradient of call t
    nonfinite   optional: calls whose first number is NaN instead
    samples     optional: streams; each gives the gradient of one sample, and `stream` is not used
    optimizer   as posted to stepd: name, profile, and the library's own argument names
    transforms  as posted to stepd, in order; those without a profile have that of the optimizer
    shapes      the six numbers cut into tensors
    start       the parameters before the first call
    tolerance   relative to the largest size of each coordinate
    readouts    optional: {"slow": {"1": [...], ...}}
    scalars     optional: {"notfinite_count": 0}: state of the first transform after the last call
    steps       {"1": [...], ...}: the parameters after that call
"""

import math
import statistics
import sys
import tempfile
from dataclasses import dataclass, field

import make_golden as golden
from make_golden import CHECKPOINTS, HERE, START, STEPS

SHAPES = {"W": [2, 2], "b": [2]}
HARD = ("mixed", "scales", "zeros")
MIXED = ("mixed",)
OUT = HERE / "transforms"

OPTIMIZERS = {
    "torch": {"sgd": ("torch.optim.SGD", {"lr": 0.1}), "adam": ("torch.optim.Adam", {"lr": 0.01})},
    "keras": {"sgd": ("keras.optimizers.SGD", {"learning_rate": 0.1}),
              "adam": ("keras.optimizers.Adam", {"learning_rate": 0.01})},
    "optax": {"sgd": ("optax.sgd", {"learning_rate": 0.1}),
              "adam": ("optax.adam", {"learning_rate": 0.01})},
}


@dataclass
class Case:
    name: str  # the folder: the transform
    library: str
    variant: str
    transforms: list  # as posted
    source: str  # what is run; OPT stands for the optimizer
    run: object  # run(case, optimizer, rows) yields (parameters, readouts) after every call
    streams: tuple = MIXED
    optimizers: tuple = ("sgd", "adam")
    nonfinite: list = field(default_factory=list)
    samples: list = field(default_factory=list)
    scalars: dict = None  # {name: function(state)}
    tolerance: float = 1e-12
    note: str = None
    shapes: dict = field(default_factory=lambda: SHAPES)


def cut(numbers, shapes=None):
    import numpy

    whole = numpy.array(numbers, dtype=numpy.float64)
    tensors, at = [], 0
    for shape in (shapes or SHAPES).values():
        tensors.append(whole[at:at + math.prod(shape)].reshape(shape))
        at += math.prod(shape)
    return tensors


def join(tensors):
    return [float(x) for t in tensors for x in t.reshape(-1).tolist()]


# optax: an expression with OPT in it, and what may be done to the parameters after each step.

last = {}  # the state after the last call, for `scalars`


def optax_chain(text, after=None):
    def run(case, optimizer, rows):
        import jax
        import jax.numpy as jnp
        import optax

        name, arguments = OPTIMIZERS["optax"][optimizer]
        base = golden.find_function(name)(**arguments)
        chain = eval(text, {"optax": optax, "OPT": base, "jnp": jnp, "noise": noise})
        if isinstance(chain, optax.MultiSteps):
            chain = chain.gradient_transformation()
        w = [jnp.array(x) for x in cut(START)]
        state = chain.init(w)
        update = jax.jit(chain.update)
        project = jax.jit(eval(after, {"optax": optax, "jnp": jnp})) if after else lambda w: w
        for row in rows:
            g = [jnp.array(x) for x in cut(row)]
            updates, state = update(g, state, w)
            w = project(optax.apply_updates(w, updates))
            last["state"] = state
            yield join(w), {}
        assert all(x.dtype in (jnp.float64, jnp.int32, jnp.int64, jnp.bool_) for x in jax.tree.leaves(state))

    return run


def run_lookahead(case, optimizer, rows):
    import jax
    import jax.numpy as jnp
    import optax

    name, arguments = OPTIMIZERS["optax"][optimizer]
    t, *inner = case.transforms
    base = golden.find_function(name)(**arguments)
    if inner[1:]:
        base = optax.chain(base, optax.keep_params_nonnegative())
    if inner:
        base = optax.MultiSteps(base, inner[0]["every_k_schedule"], accumulator_dtype=jnp.float64)
        base = base.gradient_transformation()
    chain = optax.lookahead(base, t["sync_period"], t["slow_step_size"])
    params = optax.LookaheadParams.init_synced([jnp.array(x) for x in cut(START)])
    state = chain.init(params)
    update = jax.jit(chain.update)
    for row in rows:
        updates, state = update([jnp.array(x) for x in cut(row)], state, params)
        params = optax.apply_updates(params, updates)
        yield join(params.fast), {"slow": join(params.slow)}


def run_target(move):
    """optax with a slow copy of the parameters, moved by `move`(new, old, steps)."""

    def run(case, optimizer, rows):
        import jax
        import jax.numpy as jnp
        import optax

        name, arguments = OPTIMIZERS["optax"][optimizer]
        base = golden.find_function(name)(**arguments)
        w = [jnp.array(x) for x in cut(START)]
        target, state = w, base.init(w)
        update = jax.jit(base.update)
        follow = jax.jit(eval(move, {"optax": optax, "jnp": jnp}))
        for t, row in enumerate(rows, 1):
            updates, state = update([jnp.array(x) for x in cut(row)], state, w)
            w = optax.apply_updates(w, updates)
            target = follow(w, target, jnp.array(t))
            yield join(w), {"target": join(target)}

    return run


def target_case(variant, arguments, move, **more):
    return Case("target", "optax", variant, [T("target", **arguments)],
                f"OPT; target = {move.partition(': ')[2]}", run_target(move), **more)


def run_samples(call):
    """Gradients of samples are clipped and averaged, then the optimizer sees one gradient."""

    def run(case, optimizer, rows):
        import jax
        import jax.numpy as jnp
        import optax

        name, arguments = OPTIMIZERS["optax"][optimizer]
        chain = golden.find_function(name)(**arguments)
        streams = [golden.make_stream(s) for s in case.samples]
        w = [jnp.array(x) for x in cut(START)]
        state = chain.init(w)
        clip = jax.jit(eval(call, {"optax": optax}))
        update = jax.jit(chain.update)
        for t in range(STEPS):
            each = [cut(s[t]) for s in streams]
            stacked = [jnp.stack([g[k] for g in each]) for k in range(2)]
            g = [x / len(streams) for x in clip(stacked)[0]]
            updates, state = update(g, state, w)
            w = optax.apply_updates(w, updates)
            yield join(w), {}

    return run


def noise(eta, gamma, seed):
    """optax.add_noise with the numbers of numpy's Philox in place of jax's."""
    import jax
    import jax.numpy as jnp
    import numpy
    import optax

    normal = statistics.NormalDist()

    def draw(count):
        bits = numpy.random.Philox(key=[seed, 4], counter=[0, int(count), 0, 0]).random_raw(6)
        z = [normal.inv_cdf(((int(b) >> 12) + 0.5) * 2.0**-52) for b in bits]
        return numpy.array(z, dtype=numpy.float64)

    def update(updates, state, params=None):
        count = state + 1
        z = jax.pure_callback(draw, jax.ShapeDtypeStruct((6,), jnp.float64), count)
        sd = jnp.sqrt(eta / count.astype(jnp.float64)**gamma)
        return [updates[0] + sd * z[:4].reshape(2, 2), updates[1] + sd * z[4:]], count

    return optax.GradientTransformation(lambda w: jnp.zeros([], jnp.int32), update)


# Keras: arguments of the optimizer, or an expression around it.


def keras_with(extra=None, wrap="OPT", exclude=None, readout=None, constraints=None):
    def run(case, optimizer, rows):
        import keras

        keras.config.set_floatx("float64")
        name, arguments = OPTIMIZERS["keras"][optimizer]
        base = golden.find_function(name)(**arguments, **(extra or {}))
        if exclude:
            base.exclude_from_weight_decay(var_names=exclude)
        opt = eval(wrap, {"keras": keras, "OPT": base})
        w = [keras.Variable(x, dtype="float64", name=n)
             for x, n in zip(cut(START, case.shapes), case.shapes)]
        for x in w:
            x.constraint = eval((constraints or {}).get(x.name, "None"), {"keras": keras})
        for row in rows:
            g = [keras.ops.convert_to_tensor(x, dtype="float64") for x in cut(row, case.shapes)]
            opt.apply(g, w)
            last["state"] = opt
            read = {}
            if readout:
                read[readout] = join([a.numpy() for a in base._model_variables_moving_average])
            yield join([x.numpy() for x in w]), read

    return run


def keras_accumulated(steps, extra=None, constraints=None):
    """`steps` gradients make one; by stateless_apply, since apply compiles each step anew."""

    def run(case, optimizer, rows):
        import jax
        import keras

        keras.config.set_floatx("float64")
        name, arguments = OPTIMIZERS["keras"][optimizer]
        opt = golden.find_function(name)(**arguments, **(extra or {}),
                                         gradient_accumulation_steps=steps)
        w = [keras.Variable(x, dtype="float64", name=n) for x, n in zip(cut(START), SHAPES)]
        for x in w:
            x.constraint = eval((constraints or {}).get(x.name, "None"), {"keras": keras})
        opt.build(w)
        averages = [v.path for v in getattr(opt, "_model_variables_moving_average", [])]
        places = [i for i, v in enumerate(opt.variables) if v.path in averages]
        step = jax.jit(opt.stateless_apply)
        values, state = [v.value for v in w], [v.value for v in opt.variables]
        for row in rows:
            g = [keras.ops.convert_to_tensor(x, dtype="float64") for x in cut(row)]
            values, state = step(state, g, values)
            yield join(values), {"ema": join([state[i] for i in places])} if places else {}

    return run


def run_keras_scaler(case, optimizer, rows):
    """By stateless_apply: apply leaks a tracer on jax."""
    import jax
    import keras

    keras.config.set_floatx("float64")
    name, arguments = OPTIMIZERS["keras"][optimizer]
    t = case.transforms[0]
    opt = keras.optimizers.LossScaleOptimizer(golden.find_function(name)(**arguments),
                                              t["initial_scale"], t["dynamic_growth_steps"])
    w = [keras.Variable(x, dtype="float64", name=n) for x, n in zip(cut(START), SHAPES)]
    opt.build(w)
    names = [v.name for v in opt.variables]
    step = jax.jit(opt.stateless_apply)
    values, state = [v.value for v in w], [v.value for v in opt.variables]
    for row in rows:
        g = [keras.ops.convert_to_tensor(x, dtype="float64") for x in cut(row)]
        values, state = step(state, g, values)
        last["state"] = {n: float(x) for n, x in zip(names, state) if x.ndim == 0}
        yield join(values), {}


def regularized(call, matrices=False):
    """Adds the gradient of a keras regularizer, by jax: of all variables, or of matrices alone. At 0,
    where |x| has none, it is 0, as in torch and TensorFlow; jax takes the slope to the right."""

    def run(case, optimizer, rows):
        import jax
        import jax.numpy as jnp
        import keras

        keras.config.set_floatx("float64")
        name, arguments = OPTIMIZERS["keras"][optimizer]
        opt = golden.find_function(name)(**arguments)
        penalty = eval(call, {"keras": keras})
        w = [keras.Variable(x, dtype="float64", name=n)
             for x, n in zip(cut(START, case.shapes), case.shapes)]
        gradient = jax.jit(jax.grad(lambda w: sum(
            penalty(x) for x in w if not matrices or x.ndim == 2)))
        for row in rows:
            more = [jnp.where(x.value == 0, 0, y) if "L1" in call else y
                    for x, y in zip(w, gradient([x.value for x in w]))]
            opt.apply([keras.ops.convert_to_tensor(x + y, dtype="float64")
                       for x, y in zip(cut(row, case.shapes), more)], w)
            yield join([x.numpy() for x in w]), {}

    return run


# torch: what is done to the gradients before the step, and to the parameters after it.


def torch_with(extra=None, before=None, cls=None, frozen=None, average=None, after=None, every=1):
    def run(case, optimizer, rows):
        import torch

        name, arguments = OPTIMIZERS["torch"][optimizer]
        model = torch.nn.Module()
        for n, x in zip(SHAPES, cut(START)):
            model.register_parameter(n, torch.nn.Parameter(torch.tensor(x)))
        parameters = [p for n, p in model.named_parameters()]
        for n, p in model.named_parameters():
            p.requires_grad_(n != frozen)
        opt = golden.find_function(cls or name)(parameters, **arguments, **(extra or {}))
        averaged = average[1](torch.optim.swa_utils, model) if average else None
        for t, row in enumerate(rows, 1):
            for p, x in zip(parameters, cut(row)):
                gathered = p.grad if (t - 1) % every else torch.zeros(p.shape)
                p.grad = gathered + torch.tensor(x) if p.requires_grad else None
            if before:
                before(torch, parameters)
            if t % every == 0:
                opt.step()
            if after:
                with torch.no_grad():
                    after(torch, parameters)
            read = {}
            if average:
                if average[2](t):
                    averaged.update_parameters(model)
                read[average[0]] = join([p.detach() for p in averaged.parameters()])
            yield join([p.detach() for p in parameters]), read

    return run


def run_scaler(case, optimizer, rows):
    """torch's GradScaler; the gradients are taken for those of the scaled loss."""
    import torch

    name, arguments = OPTIMIZERS["torch"][optimizer]
    t = case.transforms[0]
    parameters = [torch.nn.Parameter(torch.tensor(x)) for x in cut(START)]
    opt = golden.find_function(name)(parameters, **arguments)
    scaler = torch.amp.GradScaler("cpu", **{k: v for k, v in t.items() if k != "name"})
    scaler.scale(torch.zeros(()))  # makes its state
    last["state"] = scaler
    for row in rows:
        for p, x in zip(parameters, cut(row)):
            p.grad = torch.tensor(x)
        scaler.step(opt)
        scaler.update()
        yield join([p.detach() for p in parameters]), {}


def constrained(name, variant, arguments, call, shapes=None, chosen=None, steps=None, **more):
    """A keras constraint on the variables named in `chosen`, or on all; `steps` gradients make one."""
    shapes = shapes or SHAPES
    names = chosen or list(shapes)
    transform = T(name, **arguments, **({"match": ",".join(chosen)} if chosen else {}))
    text = "keras.constraints." + call
    source, transforms, run = "OPT", [transform], keras_with(constraints=dict.fromkeys(names, text))
    if steps:
        source = f"OPT(gradient_accumulation_steps={steps})"
        transforms.append(T("accumulate", gradient_accumulation_steps=steps))
        run = keras_accumulated(steps, constraints=dict.fromkeys(names, text))
    return Case(name, "keras", variant, transforms, f"{source}; {text} of {', '.join(names)}", run,
                shapes=shapes, **more)


def renorm(dim, norm):
    def after(torch, parameters):
        for p in parameters:
            if p.dim() > 1:
                p.copy_(torch.renorm(p, 2, dim, norm))

    return after


def T(name, **arguments):
    return {"name": name, **arguments}


def optax_case(name, variant, transforms, text, after=None, **more):
    text = text or "OPT"
    source = f"{text} then {after}" if after else text
    return Case(name, "optax", variant, transforms, source, optax_chain(text, after), **more)


def chained(text):
    return f"optax.chain({text}, OPT)"


PROJECT = "lambda w: optax.projections.projection_"

NORMAL = [1.0, -2.0, 0.5, 3.0, 0.0, -1.25]
LOWER, UPPER = [-1.0, -0.5, 0.0, 0.25, -3.0, 1.0], [1.0, 2.0, 0.75, 0.25, 0.5, 4.0]
TREE = "(lambda a: [a[:4].reshape(2, 2), a[4:]])(jnp.array({}))"

CASES = [
    # clipping
    optax_case("clip_value", "default", [T("clip_value", max_delta=0.5)], chained("optax.clip(0.5)"),
               streams=HARD),
    Case("clip_value", "keras", "clipvalue", [T("clip_value", clipvalue=0.5)], "OPT(clipvalue=0.5)",
         keras_with({"clipvalue": 0.5})),
    Case("clip_value", "torch", "clip_grad_value_", [T("clip_value", clip_value=0.5)],
         "clip_grad_value_(w, 0.5); OPT.step()",
         torch_with(before=lambda t, w: t.nn.utils.clip_grad_value_(w, 0.5))),
    optax_case("clip_global_norm", "default", [T("clip_global_norm", max_norm=1.5)],
               chained("optax.clip_by_global_norm(1.5)"), streams=HARD),
    Case("clip_global_norm", "keras", "global_clipnorm", [T("clip_global_norm", global_clipnorm=1.5)],
         "OPT(global_clipnorm=1.5)", keras_with({"global_clipnorm": 1.5}), streams=HARD),
    Case("clip_global_norm", "torch", "clip_grad_norm_", [T("clip_global_norm", max_norm=1.5)],
         "clip_grad_norm_(w, 1.5); OPT.step()",
         torch_with(before=lambda t, w: t.nn.utils.clip_grad_norm_(w, 1.5)), streams=HARD),
    Case("clip_global_norm", "torch", "l1", [T("clip_global_norm", max_norm=2.0, norm="l1")],
         "clip_grad_norm_(w, 2.0, norm_type=1.0); OPT.step()",
         torch_with(before=lambda t, w: t.nn.utils.clip_grad_norm_(w, 2.0, norm_type=1.0))),
    Case("clip_global_norm", "torch", "p", [T("clip_global_norm", max_norm=0.7, norm_type=3.5)],
         "clip_grad_norm_(w, 0.7, norm_type=3.5); OPT.step()",
         torch_with(before=lambda t, w: t.nn.utils.clip_grad_norm_(w, 0.7, norm_type=3.5)),
         streams=HARD),
    Case("clip_global_norm", "torch", "p-half", [T("clip_global_norm", max_norm=9.0, norm_type=0.5)],
         "clip_grads_with_norm_(w, 9.0, get_total_norm(gradients, 0.5)); OPT.step()",
         torch_with(before=lambda t, w: t.nn.utils.clip_grads_with_norm_(
             w, 9.0, t.nn.utils.get_total_norm([p.grad for p in w], 0.5)))),
    Case("clip_global_norm", "torch", "max", [T("clip_global_norm", max_norm=0.7, norm="max")],
         "clip_grad_norm_(w, 0.7, norm_type=inf); OPT.step()",
         torch_with(before=lambda t, w: t.nn.utils.clip_grad_norm_(w, 0.7, norm_type=math.inf))),
    optax_case("clip_global_norm", "masked", [T("clip_global_norm", max_norm=0.5, match="b*")],
               chained("optax.masked(optax.clip_by_global_norm(0.5), [False, True])")),
    Case("clip_norm", "keras", "clipnorm", [T("clip_norm", clipnorm=1.0)], "OPT(clipnorm=1.0)",
         keras_with({"clipnorm": 1.0}), streams=HARD),
    Case("clip_norm", "torch", "clip_grad_norm_", [T("clip_norm", max_norm=1.0)],
         "clip_grad_norm_(each, 1.0); OPT.step()",
         torch_with(before=lambda t, w: [t.nn.utils.clip_grad_norm_(x, 1.0) for x in w])),
    optax_case("clip_block_rms", "default", [T("clip_block_rms", threshold=0.5)],
               chained("optax.clip_by_block_rms(0.5)"), streams=HARD),
    optax_case("adaptive_clip", "default", [T("adaptive_clip", clipping=0.02)],
               chained("optax.adaptive_grad_clip(0.02)"), streams=HARD),
    optax_case("adaptive_clip", "eps", [T("adaptive_clip", clipping=0.1, eps=0.5)],
               chained("optax.adaptive_grad_clip(0.1, eps=0.5)")),
    Case("clip_samples", "optax", "whole", [T("clip_samples", l2_norm_clip=1.0)],
         "optax.per_example_global_norm_clip(g, 1.0), mean, OPT",
         run_samples("lambda g: optax.per_example_global_norm_clip(g, 1.0)"),
         samples=["mixed", "signflip", "zeros"]),
    Case("clip_samples", "optax", "uniform", [T("clip_samples", max_norm=1.0, layers="uniform")],
         "optax.per_example_layer_norm_clip(g, 1.0), mean, OPT",
         run_samples("lambda g: optax.per_example_layer_norm_clip(g, 1.0)"),
         samples=["mixed", "signflip", "zeros"]),
    Case("clip_samples", "optax", "by_size", [T("clip_samples", max_norm=1.0, layers="by_size")],
         "optax.per_example_layer_norm_clip(g, 1.0, uniform=False), mean, OPT",
         run_samples("lambda g: optax.per_example_layer_norm_clip(g, 1.0, uniform=False)"),
         samples=["mixed", "scales", "sparse"]),

    # weight decay, sign, freezing
    optax_case("weight_decay", "l2", [T("weight_decay", weight_decay=0.01)],
               chained("optax.add_decayed_weights(0.01)")),
    optax_case("weight_decay", "masked", [T("weight_decay", weight_decay=0.01, exclude="b")],
               chained("optax.add_decayed_weights(0.01, mask=[True, False])")),
    Case("weight_decay", "torch", "l2", [T("weight_decay", weight_decay=0.05)],
         "OPT(weight_decay=0.05)", torch_with({"weight_decay": 0.05})),
    Case("weight_decay", "torch", "adamw", [T("weight_decay", weight_decay=0.05, mode="decoupled")],
         "torch.optim.AdamW(lr=0.01, weight_decay=0.05)",
         torch_with({"weight_decay": 0.05}, cls="torch.optim.AdamW"), optimizers=("adam",)),
    Case("weight_decay", "keras", "decoupled", [T("weight_decay", weight_decay=0.05)],
         "OPT(weight_decay=0.05)", keras_with({"weight_decay": 0.05})),
    Case("weight_decay", "keras", "exclude", [T("weight_decay", weight_decay=0.05, exclude="b*")],
         "OPT(weight_decay=0.05), exclude_from_weight_decay(var_names=['b'])",
         keras_with({"weight_decay": 0.05}, exclude=["b"])),
    Case("maximize", "torch", "default", [T("maximize")], "OPT(maximize=True)",
         torch_with({"maximize": True})),
    Case("freeze", "torch", "requires_grad", [T("freeze", match="b")],
         "b.requires_grad_(False); OPT", torch_with(frozen="b")),
    optax_case("freeze", "default", [T("freeze", match="W")],
               chained("optax.freeze([True, False])")),

    # whether a step is taken
    optax_case("accumulate", "mean", [T("accumulate", every_k_schedule=4)],
               "optax.MultiSteps(OPT, 4, accumulator_dtype=jnp.float64)", streams=HARD),
    optax_case("accumulate", "sum", [T("accumulate", every_k_schedule=3, use_grad_mean=False)],
               "optax.MultiSteps(OPT, 3, use_grad_mean=False, accumulator_dtype=jnp.float64)"),
    Case("accumulate", "keras", "default", [T("accumulate", gradient_accumulation_steps=4)],
         "OPT(gradient_accumulation_steps=4)", keras_accumulated(4),
         streams=HARD),
    Case("accumulate", "keras", "clipped",
         [T("accumulate", gradient_accumulation_steps=5), T("clip_norm", clipnorm=0.3)],
         "OPT(gradient_accumulation_steps=5, clipnorm=0.3)",
         keras_accumulated(5, {"clipnorm": 0.3})),
    optax_case("accumulate", "growing",
               [T("accumulate", every_k_schedule=2, boundaries=[5, 40], steps_after=[7, 3])],
               "optax.MultiSteps(OPT, lambda s: jnp.where(s < 5, 2, jnp.where(s < 40, 7, 3)), "
               "accumulator_dtype=jnp.float64)"),
    optax_case("accumulate", "skip_not_finite",
               [T("skip_nonfinite", max_consecutive_errors=1000000),
                T("accumulate", every_k_schedule=3)],
               "optax.MultiSteps(OPT, 3, accumulator_dtype=jnp.float64, "
               "should_skip_update_fn=optax.skip_not_finite)",
               nonfinite=[1, 5, 6, 300, 301, 302, 303, 1000]),
    optax_case("accumulate", "skip_large_updates",
               [T("skip_large", max_squared_norm=8.0), T("accumulate", every_k_schedule=3)],
               "optax.MultiSteps(OPT, 3, accumulator_dtype=jnp.float64, should_skip_update_fn="
               "lambda u, step, w: optax.skip_large_updates(u, step, w, 8.0))"),
    optax_case("hold", "default", [T("hold", start=3, every=4, stop=899)],
               "optax.conditionally_mask(OPT, lambda step: (step >= 2) & ((step - 2) % 4 == 0) & "
               "(step < 898))", streams=HARD),
    optax_case("hold", "late", [T("hold", start=400), T("clip_global_norm", max_norm=1.5)],
               "optax.conditionally_mask(optax.chain(optax.clip_by_global_norm(1.5), OPT), "
               "lambda step: step >= 399)"),
    optax_case("skip_nonfinite", "default", [T("skip_nonfinite", max_consecutive_errors=3)],
               "optax.apply_if_finite(OPT, 3)", nonfinite=[1, 5, 6, 7, 300, 301, 999, 1000],
               scalars={"notfinite_count": lambda s: int(s.notfinite_count),
                        "last_finite": lambda s: int(s.last_finite),
                        "total_notfinite": lambda s: int(s.total_notfinite)}),
    optax_case("skip_large", "default", [T("skip_large", max_squared_norm=8.0)],
               "optax.MultiSteps(OPT, 1, accumulator_dtype=jnp.float64, should_skip_update_fn="
               "lambda u, step, w: optax.skip_large_updates(u, step, w, 8.0))",
               nonfinite=[3, 50]),
    Case("loss_scale", "keras", "default",
         [T("loss_scale", initial_scale=1024.0, dynamic_growth_steps=50)],
         "LossScaleOptimizer(OPT, initial_scale=1024.0, dynamic_growth_steps=50)",
         run_keras_scaler,
         nonfinite=[1, 2, 60, 400, 990],
         scalars={"dynamic_scale": lambda s: s["dynamic_scale"],
                  "step_counter": lambda s: s["step_counter"]}),

    Case("loss_scale", "torch", "default",
         [T("loss_scale", init_scale=1024.0, growth_interval=50)],
         "GradScaler(init_scale=1024.0, growth_interval=50).step(OPT), update()",
         run_scaler, nonfinite=[1, 2, 60, 400, 990],
         scalars={"dynamic_scale": lambda s: s.get_scale(),
                  "step_counter": lambda s: s._get_growth_tracker()}),
    Case("loss_scale", "torch", "factors",
         [T("loss_scale", init_scale=1000.1, growth_factor=1.37, backoff_factor=0.7,
            growth_interval=50)],
         "GradScaler(init_scale=1000.1, growth_factor=1.37, backoff_factor=0.7, growth_interval=50)"
         ".step(OPT), update()",
         run_scaler, nonfinite=[1, 2, 60, 400, 990],
         scalars={"dynamic_scale": lambda s: s.get_scale(),
                  "step_counter": lambda s: s._get_growth_tracker()}),
    optax_case("apply_every", "default", [T("apply_every", k=4)],
               "optax.chain(OPT, optax.apply_every(4))", streams=HARD),
    optax_case("apply_every", "masked", [T("apply_every", k=3, match="b")],
               "optax.chain(OPT, optax.masked(optax.apply_every(3), [False, True]))"),
    optax_case("apply_every", "accumulated",
               [T("apply_every", k=4), T("accumulate", every_k_schedule=3)],
               "optax.chain(optax.MultiSteps(OPT, 3, accumulator_dtype=jnp.float64)"
               ".gradient_transformation(), optax.apply_every(4))"),

    # penalties
    Case("regularize", "keras", "l1_l2", [T("regularize", l1=0.03, l2=0.02)],
         "OPT with the gradient of keras.regularizers.L1L2(l1=0.03, l2=0.02)",
         regularized("keras.regularizers.L1L2(l1=0.03, l2=0.02)"), streams=HARD),
    Case("regularize", "keras", "l1", [T("regularize", l1=0.2)],
         "OPT with the gradient of keras.regularizers.L1(0.2)",
         regularized("keras.regularizers.L1(0.2)"), streams=HARD),
    Case("regularize_orthogonal", "keras", "default", [T("regularize_orthogonal", factor=0.5)],
         "OPT with the gradient of keras.regularizers.OrthogonalRegularizer(0.5) of matrices",
         regularized("keras.regularizers.OrthogonalRegularizer(0.5)", matrices=True), streams=HARD),
    Case("regularize_orthogonal", "keras", "rows", [T("regularize_orthogonal", factor=0.02)],
         "OPT with the gradient of keras.regularizers.OrthogonalRegularizer(0.02)",
         regularized("keras.regularizers.OrthogonalRegularizer(0.02)"), shapes={"W": [3, 2]}),
    Case("regularize_orthogonal", "keras", "columns",
         [T("regularize_orthogonal", factor=0.02, mode="columns")],
         "OPT with the gradient of keras.regularizers.OrthogonalRegularizer(0.02, 'columns')",
         regularized("keras.regularizers.OrthogonalRegularizer(0.02, 'columns')"),
         shapes={"W": [2, 3]}),

    # averages
    Case("lookahead", "optax", "default",
         [T("lookahead", sync_period=5, slow_step_size=0.5)],
         "optax.lookahead(OPT, 5, 0.5)", run_lookahead, streams=HARD),
    Case("lookahead", "optax", "short", [T("lookahead", sync_period=1, slow_step_size=0.8)],
         "optax.lookahead(OPT, 1, 0.8)", run_lookahead),
    Case("lookahead", "optax", "accumulated",
         [T("lookahead", sync_period=5, slow_step_size=0.5), T("accumulate", every_k_schedule=3)],
         "optax.lookahead(optax.MultiSteps(OPT, 3, accumulator_dtype=jnp.float64), 5, 0.5)",
         run_lookahead),
    Case("lookahead", "optax", "accumulated-inside",
         [T("lookahead", sync_period=4, slow_step_size=0.5), T("accumulate", every_k_schedule=2),
          T("keep_nonnegative")],
         "optax.lookahead(optax.MultiSteps(optax.chain(OPT, optax.keep_params_nonnegative()), 2, "
         "accumulator_dtype=jnp.float64), 4, 0.5)", run_lookahead),
    Case("ema", "keras", "default", [T("ema")], "OPT(use_ema=True)",
         keras_with({"use_ema": True}, readout="ema"), streams=HARD),
    Case("ema", "keras", "overwrite", [T("ema", ema_momentum=0.9, ema_overwrite_frequency=7)],
         "OPT(use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=7)",
         keras_with({"use_ema": True, "ema_momentum": 0.9, "ema_overwrite_frequency": 7},
                    readout="ema")),
    Case("ema", "torch", "default", [T("ema")],
         "OPT; AveragedModel(multi_avg_fn=get_ema_multi_avg_fn(0.999))",
         torch_with(average=("ema", lambda u, m: u.AveragedModel(
             m, multi_avg_fn=u.get_ema_multi_avg_fn(0.999)), lambda t: True))),
    Case("ema", "keras", "accumulated",
         [T("ema", ema_momentum=0.9, ema_overwrite_frequency=7),
          T("accumulate", gradient_accumulation_steps=4)],
         "OPT(use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=7, "
         "gradient_accumulation_steps=4)",
         keras_accumulated(4, {"use_ema": True, "ema_momentum": 0.9,
                               "ema_overwrite_frequency": 7})),
    Case("ema", "torch", "accumulated", [T("ema", decay=0.9), T("accumulate", steps=3)],
         "OPT at every third gradient; AveragedModel(multi_avg_fn=get_ema_multi_avg_fn(0.9)) at each",
         torch_with(average=("ema", lambda u, m: u.AveragedModel(
             m, multi_avg_fn=u.get_ema_multi_avg_fn(0.9)), lambda t: True), every=3)),
    Case("swa", "torch", "default", [T("swa")], "OPT; AveragedModel",
         torch_with(average=("swa", lambda u, m: u.AveragedModel(m), lambda t: True)), streams=HARD),
    Case("swa", "torch", "start", [T("swa", start=100, every=10)],
         "OPT; AveragedModel from step 100 on, every 10",
         torch_with(average=("swa", lambda u, m: u.AveragedModel(m),
                             lambda t: t >= 100 and (t - 100) % 10 == 0))),
    target_case("soft", {"step_size": 0.005},
                "lambda new, old, steps: optax.incremental_update(new, old, 0.005)", streams=HARD),
    target_case("hard", {"step_size": 1, "update_period": 7},
                "lambda new, old, steps: optax.periodic_update(new, old, steps, 7)", streams=HARD),
    target_case("both", {"step_size": 0.3, "update_period": 10},
                "lambda new, old, steps: optax.periodic_update("
                "optax.incremental_update(new, old, 0.3), old, steps, 10)"),

    # other changes of the gradient
    optax_case("centralize", "default", [T("centralize")], chained("optax.centralize()"),
               streams=HARD),
    optax_case("normalize", "default", [T("normalize")],
               chained("optax.normalize_by_update_norm()"), streams=HARD),
    optax_case("normalize", "options", [T("normalize", scale_factor=3.0, eps=0.1)],
               chained("optax.normalize_by_update_norm(3.0, 0.1)")),
    optax_case("noise", "philox", [T("noise", eta=0.3, gamma=0.55, key=7)],
               chained("noise(eta=0.3, gamma=0.55, seed=7)"),
               note="optax.add_noise with numbers drawn by numpy.random.Philox and made normal by "
                    "statistics.NormalDist, since jax's cannot be had elsewhere."),
    optax_case("trust_ratio", "gradient", [T("trust_ratio")],
               chained("optax.scale_by_trust_ratio()"), streams=HARD),
    optax_case("trust_ratio", "options",
               [T("trust_ratio", min_norm=0.1, trust_coefficient=0.01, eps=0.01)],
               chained("optax.scale_by_trust_ratio(0.1, 0.01, 0.01)")),
    optax_case("zero_nans", "default", [T("zero_nans")], chained("optax.zero_nans()"),
               nonfinite=[2, 3, 70, 1000],
               scalars={"found_nan": lambda s: int(any(bool(x) for x in s[0].found_nan))}),
    optax_case("trust_ratio", "nan", [T("trust_ratio", min_norm=0.1), T("zero_nans")],
               chained("optax.scale_by_trust_ratio(0.1), optax.zero_nans()"),
               nonfinite=[2, 3, 70, 1000]),
    optax_case("sign", "default", [T("sign")], chained("optax.scale_by_sign()"), streams=HARD),
    optax_case("scale", "default", [T("scale", step_size=-0.3)], chained("optax.scale(-0.3)")),
    Case("scale", "keras", "loss_scale_factor", [T("scale", factor=0.125)],
         "OPT(loss_scale_factor=8.0)", keras_with({"loss_scale_factor": 8.0})),
    optax_case("gradient_ema", "default", [T("gradient_ema", decay=0.9)], chained("optax.ema(0.9)"),
               streams=HARD),
    optax_case("gradient_ema", "biased", [T("gradient_ema", decay=0.99, debias=False)],
               chained("optax.ema(0.99, debias=False)")),
    optax_case("monitor", "norm", [T("monitor", decay=0.9, threshold=2.5), T("clip_norm", max_norm=1)],
               chained("optax.monitor({'norm': optax.tree.norm, 'norm_mean': "
                       "optax.measure_with_ema(optax.tree.norm, 0.9), 'above_mean': "
                       "optax.measure_with_ema(lambda g: jnp.float64(optax.tree.norm(g) > 2.5), 0.9)"
                       "}), optax.stateless_with_tree_map("
                       "lambda g, _: g * jnp.minimum(1, 1 / optax.tree.norm(g)))"),
               scalars={n: lambda s, n=n: float(s[0].measurements[n])
                        for n in ("norm", "norm_mean", "above_mean")}),
    optax_case("trace", "default", [T("trace", decay=0.9)], chained("optax.trace(0.9)"),
               streams=HARD),
    optax_case("trace", "nesterov", [T("trace", decay=0.5, nesterov=True)],
               chained("optax.trace(0.5, nesterov=True)")),
    optax_case("block_scale", "rms", [T("block_scale", min_scale=0.5)],
               chained("optax.scale_by_param_block_rms(0.5)")),
    optax_case("block_scale", "norm", [T("block_scale", size="norm")],
               chained("optax.scale_by_param_block_norm()")),

    # the order counts
    optax_case("clip_global_norm", "then-decay",
               [T("clip_global_norm", max_norm=0.5), T("weight_decay", weight_decay=0.01)],
               chained("optax.clip_by_global_norm(0.5), optax.add_decayed_weights(0.01)")),
    optax_case("weight_decay", "then-clip",
               [T("weight_decay", weight_decay=0.01), T("clip_global_norm", max_norm=0.5)],
               chained("optax.add_decayed_weights(0.01), optax.clip_by_global_norm(0.5)")),

    # constraints
    optax_case("keep_nonnegative", "default", [T("keep_nonnegative")],
               "optax.chain(OPT, optax.keep_params_nonnegative())", streams=HARD),
    constrained("max_norm", "default", {"max_value": 1.5}, "MaxNorm(1.5)", streams=HARD),
    constrained("max_norm", "rows", {"max_value": 2.0, "axis": 1}, "MaxNorm(2.0, axis=1)",
                chosen=["W"]),
    constrained("max_norm", "matrix", {"max_value": 1.0, "axis": 0, "last_axis": 1},
                "MaxNorm(1.0, axis=[0, 1])", chosen=["W"]),
    Case("max_norm", "torch", "renorm", [T("max_norm", maxnorm=1.5, match="W")],
         "OPT; W = torch.renorm(W, 2, 1, 1.5)", torch_with(after=renorm(1, 1.5)), streams=HARD),
    Case("max_norm", "torch", "embedding", [T("max_norm", maxnorm=0.7, axis=-1, match="W")],
         "OPT; W = torch.renorm(W, 2, 0, 0.7)", torch_with(after=renorm(0, 0.7))),
    constrained("unit_norm", "default", {}, "UnitNorm()", streams=HARD),
    constrained("unit_norm", "middle", {"axis": 1}, "UnitNorm(axis=1)", shapes={"W": [1, 3, 2]}),
    constrained("unit_norm", "filters", {"axis": -3, "last_axis": -2}, "UnitNorm(axis=[0, 1])",
                shapes={"W": [3, 1, 2]}),
    constrained("min_max_norm", "default", {}, "MinMaxNorm()", streams=HARD),
    constrained("min_max_norm", "rate", {"min_value": 1.0, "max_value": 2.5, "rate": 0.25},
                "MinMaxNorm(1.0, 2.5, 0.25)", streams=HARD),
    constrained("min_max_norm", "accumulated", {"min_value": 1.0, "max_value": 2.5, "rate": 0.25},
                "MinMaxNorm(1.0, 2.5, 0.25)", steps=4),
    constrained("min_max_norm", "rows", {"min_value": 3.0, "max_value": 4.0, "axis": -1},
                "MinMaxNorm(3.0, 4.0, axis=-1)", shapes={"W": [2, 3]}),
    constrained("keep_nonnegative", "default", {}, "NonNeg()", streams=HARD),
    optax_case("project_box", "default", [T("project_box", lower=-0.5, upper=2.0)], None,
               PROJECT + "box(w, [0 * x - 0.5 for x in w], [0 * x + 2.0 for x in w])", streams=HARD),
    optax_case("project_l2_ball", "default", [T("project_l2_ball", scale=3.0)], None,
               PROJECT + "l2_ball(w, 3.0)", streams=HARD),
    optax_case("project_l2_ball", "sphere", [T("project_l2_ball", scale=2.0, sphere=True)], None,
               PROJECT + "l2_sphere(w, 2.0)"),
    optax_case("project_l1_ball", "default", [T("project_l1_ball", scale=3.0)], None,
               PROJECT + "l1_ball(w, 3.0)", streams=HARD),
    optax_case("project_l1_ball", "sphere", [T("project_l1_ball", scale=2.0, sphere=True)], None,
               PROJECT + "l1_sphere(w, 2.0)"),
    optax_case("project_simplex", "default", [T("project_simplex")], None,
               PROJECT + "simplex(w)", streams=HARD),
    optax_case("project_simplex", "scale", [T("project_simplex", scale=5.0)], None,
               PROJECT + "simplex(w, 5.0)"),
    optax_case("project_sum", "hyperplane", [T("project_sum", b=5.0)], None,
               PROJECT + "hyperplane(w, [0 * x + 1 for x in w], 5.0)", streams=HARD),
    optax_case("project_equal", "default", [T("project_equal")], None,
               PROJECT + "vector(w, [0 * x + 1 for x in w])", streams=("mixed", "scales")),
    optax_case("project_sum", "halfspace", [T("project_sum", b=990.0, at_most=True)], None,
               PROJECT + "halfspace(w, [0 * x + 1 for x in w], 990.0)"),
    optax_case("project_sum", "hyperplane-normal", [T("project_sum", b=-2.0, a=NORMAL)], None,
               PROJECT + f"hyperplane(w, {TREE.format(NORMAL)}, -2.0)", streams=HARD),
    optax_case("project_sum", "halfspace-normal",
               [T("project_sum", b=3.0, a=NORMAL[:4], at_most=True, match="W")], None,
               "lambda w: [optax.projections.projection_halfspace(w[0], jnp.array("
               f"{NORMAL[:4]}).reshape(2, 2), 3.0), w[1]]"),
    optax_case("project_equal", "vector", [T("project_equal", a=NORMAL)], None,
               PROJECT + f"vector(w, {TREE.format(NORMAL)})", streams=HARD),
    optax_case("project_box", "trees", [T("project_box", lower_each=LOWER, upper_each=UPPER)], None,
               PROJECT + f"box(w, {TREE.format(LOWER)}, {TREE.format(UPPER)})", streams=HARD),
    optax_case("project_box", "below", [T("project_box", upper=1.25)], None,
               PROJECT + "box(w, [0 * x - jnp.inf for x in w], [0 * x + 1.25 for x in w])"),
    optax_case("project_box", "hypercube", [T("project_box", lower=0, upper=2.0)], None,
               "lambda w: [optax.projections.projection_hypercube(x, 2.0) for x in w]"),
    optax_case("project_box", "linf_ball", [T("project_box", lower=-1.5, upper=1.5)], None,
               "lambda w: [optax.projections.projection_linf_ball(x, 1.5) for x in w]"),
]


def record(case, optimizer, stream):
    rows = golden.make_stream(stream)
    for t in case.nonfinite:
        rows[t - 1][0] = math.nan
    last.clear()
    each = list(case.run(case, optimizer, rows))
    name, arguments = OPTIMIZERS[case.library][optimizer]
    version = __import__(case.library).__version__.split("+")[0]
    posted = {"name": optimizer, "profile": case.library, **arguments}
    names = each[0][1].keys()
    call = f"{name}({', '.join(f'{k}={v}' for k, v in arguments.items())})"
    out = {
        "source": f"{case.library} {version}: {case.source}; OPT: {call}",
        "note": case.note,
        "stream": stream,
        "nonfinite": case.nonfinite or None,
        "samples": case.samples or None,
        "optimizer": posted,
        "transforms": case.transforms,
        "shapes": case.shapes,
        "start": START,
        "tolerance": case.tolerance,
        "readouts": {n: {str(t): each[t - 1][1][n] for t in CHECKPOINTS} for n in names} or None,
        "scalars": {n: f(last["state"]) for n, f in case.scalars.items()} if case.scalars else None,
        "steps": {str(t): each[t - 1][0] for t in CHECKPOINTS},
    }
    return {k: v for k, v in out.items() if v is not None}


def files_wanted(folders):
    for case in CASES:
        for optimizer in case.optimizers if not folders or case.name in folders else ():
            for stream in case.streams:
                path = f"{case.name}/{case.library}-{case.variant}-{optimizer}-{stream}.json"
                yield path, golden.case_text(record(case, optimizer, stream))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        golden.environment(home)
        sys.exit(golden.write_files(OUT, files_wanted, sys.argv[1:]))
