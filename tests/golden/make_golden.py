"""Golden trajectories: what the real libraries do, written down as data for the tests of stepd.

Problem: an optimizer that is nearly right converges, so convergence proves nothing. Each case here
is one optimizer of one library, driven for 1,000 steps in float64 over a fixed stream of gradients;
the parameters at 22 of those steps are kept. stepd must arrive at the same numbers.

    python -m venv venv && venv/bin/pip install -r tests/golden/requirements.txt
    venv/bin/python tests/golden/make_golden.py             writes every file again
    venv/bin/python tests/golden/make_golden.py adam sgd    only these folders
    venv/bin/python tests/golden/make_golden.py --check     writes nothing; status 1 on a difference

Running it again gives the same bytes: the streams need nothing but IEEE addition and
multiplication, and the libraries are held to one instruction set (see `environment`).

To add a case, add one row to CASES in a file of cases/ and run this. To add one without Python, write the
JSON file by hand, or copy one: the tests read every folder and know nothing of this program, which
leaves alone (and names) files that no row makes.

A case is tests/golden/<optimizer>/<library>-<variant>-<stream>.json:

    source            what was run, with its version
    note              optional: a quirk that the case shows
    stream            the gradients: streams/<stream>.csv, row t is the gradient of step t
    gradient_of       instead of stream: "w^2", so that the gradient of each step is 2 w
    dtype             optional: "float32": what the library stored and computed in
    optimizer         as posted to stepd: name, profile, and the library's own argument names
    hessian           optional: the matrix that goes with every step
    hessian_diagonal  optional: its diagonal that goes with every step
    changes           optional: {"501": {"lr": 0.01}}: arguments set just before step 501
    shapes            optional: {"W": [2, 2], "b": [2]}: the six numbers cut into tensors
    loss              optional: a stream; the loss of step t is |first number of row t| + 0.1
    curvature         optional: a stream; the Hessian's diagonal of step t is |row t| + 0.01
    second_gradient   optional: a stream with the gradients at the other point
    samples           optional: streams; each gives the gradient of one sample
    indices           optional: "nonzero": the gradient of step t is sparse, its zeros are not in it
    readouts          optional: {"average": {"1": [...], ...}}: other vectors after that step
    start             the parameters before the first step
    tolerance         see below
    steps             {"1": [...], "2": [...], ...}: the parameters after that step

Coordinate i is right when |got - want| <= tolerance * size_i, where size_i is the largest |want| of
that coordinate in the whole file, the start included. So a coordinate that lives near 1e-8 is held
to twelve digits like one near 1e8, and a coordinate that is always 0 must be 0.

The gradients do not depend on the parameters, so rounding errors do not grow. The streams:

    mixed     bell-shaped noise
    signflip  the sign alternates at every step, sizes between 0.1 and 10
    sparse    nineteen numbers of twenty are exactly 0
    scales    sizes from 1e-8 to 1e8: a fixed one per coordinate, two coordinates sweep the range
    zeros     0 in steps 1-100 and 401-600, in the first coordinate always

Folder hand/ holds the steps that a person can check with a pencil. They and the cases of library
"exact" (forms that no library offers) are computed from the rule in 50 decimal digits (exact.py).
"""

import ast
import importlib.metadata
import json
import math
import os
import random
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
COORDINATES = 6
STEPS = 1000
START = [4.0, -3.0, 0.5, 1000.0, -0.001, 0.0]
CHECKPOINTS = [1, 2, 3, 4, 5, 7, 10, 20, 30, 50, 70, 100, 150, *range(200, STEPS + 1, 100)]


def environment(home):
    """Float64 everywhere, plain x86-64 arithmetic (no fused multiply-add), nobody's settings.

    Keras runs on jax: on TensorFlow it passes momentum and betas through float32 even where
    floatx is float64. On jax it does so too, silently, unless 64 bits are enabled."""
    os.environ.update(
        KERAS_BACKEND="jax",
        KERAS_HOME=home,
        JAX_ENABLE_X64="1",
        JAX_PLATFORMS="cpu",
        XLA_FLAGS="--xla_cpu_max_isa=SSE4_2",
        ATEN_CPU_CAPABILITY="default",
    )


# Streams


def bell(rng):
    """Near a standard normal, by additions alone, so that every machine draws the same."""
    return sum(rng.random() for _ in range(12)) - 6.0


def stream_mixed(rng, t, i):
    return bell(rng)


def stream_signflip(rng, t, i):
    size = (0.1 + 0.9 * rng.random()) * (10.0 if rng.random() < 0.25 else 1.0)
    return size if (t + i) % 2 else -size


def stream_sparse(rng, t, i):
    value = bell(rng)
    return value if rng.random() < 0.05 else 0.0


def stream_scales(rng, t, i):
    sweep = -8 + 16 * (t - 1) // (STEPS - 1)
    power = (8, 5, sweep, -sweep, -5, -8)[i] + rng.randrange(-1, 2)
    return bell(rng) * float(f"1e{max(-8, min(8, power))}")


def stream_zeros(rng, t, i):
    value = bell(rng)
    silent = t <= 100 or 400 < t <= 600 or i == 0
    return 0.0 if silent else value


STREAMS = {
    "mixed": (1, stream_mixed),
    "signflip": (2, stream_signflip),
    "sparse": (3, stream_sparse),
    "scales": (4, stream_scales),
    "zeros": (5, stream_zeros),
}


def make_stream(name):
    seed, draw = STREAMS[name]
    rng = random.Random(seed)
    return [[draw(rng, t, i) for i in range(COORDINATES)] for t in range(1, STEPS + 1)]


def stream_text(rows):
    return "".join(",".join(map(repr, row)) + "\n" for row in rows)


# Libraries: each runner takes a Feed and yields the parameters after every step, one list of six
# numbers. Only the exact rules look at the curvature of the whole matrix.


@dataclass
class Feed:
    function: object  # what makes the optimizer
    arguments: dict
    start: list
    steps: int
    gradient: object  # gradient(t, w): what the client sends
    changes: object  # changes(t): arguments that change just before step t
    matrices: dict  # hessian, hessian_diagonal where they are fixed
    shapes: list  # of the tensors that the numbers are cut into
    loss: object = None  # loss(t)
    curvature: object = None  # curvature(t): the Hessian's diagonal
    second_gradient: object = None  # second_gradient(t)
    samples: object = None  # samples(t): one gradient for each sample
    indices: str = None
    dtype: str = "float64"
    readouts: dict = field(default_factory=dict)  # {name: function(state, tensors)}
    read: dict = field(default_factory=dict)  # {name: numbers after every step}, filled on the way

    def cut(self, numbers):
        """The six numbers as arrays of the shapes."""
        import numpy

        whole, at, out = numpy.array(numbers, dtype=numpy.float64), 0, []
        for shape in self.shapes:
            count = math.prod(shape)
            out.append(whole[at:at + count].reshape(shape))
            at += count
        return out

    def join(self, tensors):
        return [float(x) for tensor in tensors for x in tensor.reshape(-1).tolist()]

    def keep(self, state, tensors):
        """Notes the readouts after a step."""
        for name, function in self.readouts.items():
            self.read.setdefault(name, []).append([float(x) for x in function(state, tensors)])


def run_torch(feed):
    import torch

    dtype = getattr(torch, feed.dtype)
    tensors = [torch.tensor(x, dtype=dtype) for x in feed.cut(feed.start)]
    optimizer = feed.function(tensors, **feed.arguments)
    for t in range(1, feed.steps + 1):
        optimizer.param_groups[0].update(feed.changes(t))
        for w, g in zip(tensors, feed.cut(feed.gradient(t, feed.join(tensors)))):
            g = torch.tensor(g, dtype=dtype)
            w.grad = g.to_sparse() if feed.indices else g
        optimizer.step()
        feed.keep(optimizer, tensors)
        yield feed.join(tensors)
    for w in tensors:
        for value in optimizer.state[w].values():
            # torch counts its steps in float32, exactly up to 2^24, and computes with the number
            assert not torch.is_tensor(value) or value.dim() == 0 or value.dtype == dtype


def run_keras(feed):
    import keras

    keras.config.set_floatx("float64")
    tensors = [keras.Variable(x, dtype="float64") for x in feed.cut(feed.start)]
    optimizer = feed.function(**feed.arguments)
    for t in range(1, feed.steps + 1):
        for name, value in feed.changes(t).items():
            setattr(optimizer, name, value)
        gradients = feed.cut(feed.gradient(t, feed.join([w.numpy() for w in tensors])))
        optimizer.apply([keras.ops.convert_to_tensor(g, dtype="float64") for g in gradients], tensors)
        feed.keep(optimizer, tensors)
        yield feed.join([w.numpy() for w in tensors])
    assert all(v.dtype in ("float64", "int32", "int64") for v in optimizer.variables)


def run_optax(feed):
    import jax
    import jax.numpy as jnp
    import optax

    arguments = feed.arguments
    tensors = [jnp.array(x) for x in feed.cut(feed.start)]
    optimizer = feed.function(**arguments)
    state = optimizer.init(tensors)
    update = optimizer.update
    for t in range(1, feed.steps + 1):
        if feed.changes(t):
            arguments = {**arguments, **feed.changes(t)}
            optimizer = feed.function(**arguments)
            update = optimizer.update
        gradients = [jnp.array(g) for g in feed.cut(feed.gradient(t, feed.join(tensors)))]
        extra = {"value": jnp.array(feed.loss(t))} if feed.loss else {}
        updates, state = update(gradients, state, tensors, **extra)
        tensors = optax.apply_updates(tensors, updates)
        feed.keep(state, tensors)
        yield feed.join(tensors)
    leaves = jax.tree.leaves(state)
    numbers = [x for x in [*tensors, *leaves] if jnp.issubdtype(x.dtype, jnp.floating)]
    assert all(x.dtype == jnp.float64 for x in numbers)


def run_exact(feed):
    import exact

    now = dict(feed.arguments)

    def rule(t):
        now.update(feed.changes(t))
        return feed.function(**now, **feed.matrices)

    return exact.run(rule, feed.start, feed.gradient, feed.steps)


RUNNERS = {"torch": run_torch, "keras": run_keras, "optax": run_optax, "exact": run_exact}


def source(case):
    if case.source:
        return case.source
    if case.library == "exact":
        return f"the rule in 50 decimal digits: {case.call}"
    version = importlib.metadata.version(case.library).split("+")[0]
    return f"{case.library} {version} {case.call}"


def find_function(path):
    """The object that a dotted path names, such as torch.optim.Adam."""
    first, *rest = path.split(".")
    found = __import__(first)
    for name in rest:
        found = getattr(found, name)
    return found


# Cases


def parse_call(text):
    """"torch.optim.Adam(lr=0.1)" → ("torch.optim.Adam", {"lr": 0.1})."""
    call = ast.parse(text, mode="eval").body
    arguments = {k.arg: ast.literal_eval(k.value) for k in call.keywords}
    return ast.unparse(call.func), arguments


def posted(case, arguments):
    """The optimizer as posted: the row's own object, or the library's arguments as they are."""
    if case.optimizer is not None:
        return {"name": case.name, **case.optimizer}
    profile = "paper" if case.library == "exact" else case.library
    return {"name": case.name, "profile": profile, **arguments, **case.also}


def make_feed(case, stream, function, arguments):
    changes = case.changes or {}
    matrices = {"hessian": case.hessian, "hessian_diagonal": case.hessian_diagonal}
    feed = Feed(function, arguments, START, STEPS, None, lambda t: changes.get(t, {}),
                {k: v for k, v in matrices.items() if v is not None},
                list(case.shapes.values()) if case.shapes else [[COORDINATES]],
                indices=case.indices, dtype=case.dtype, readouts=case.readouts or {})
    if stream is None:  # the steps by hand
        feed.start, feed.steps, feed.shapes = [4.0], 2, [[1]]
        feed.gradient = lambda t, w: [2 * x for x in w]
        return feed
    rows = make_stream(stream)
    feed.gradient = lambda t, w: rows[t - 1]
    if case.loss:
        losses = make_stream(case.loss)
        feed.loss = lambda t: abs(losses[t - 1][0]) + 0.1
    if case.curvature:
        curvatures = make_stream(case.curvature)
        feed.curvature = lambda t: [abs(x) + 0.01 for x in curvatures[t - 1]]
    if case.second_gradient:
        seconds = make_stream(case.second_gradient)
        feed.second_gradient = lambda t: seconds[t - 1]
    if case.samples:
        samples = [make_stream(name) for name in case.samples]
        feed.samples = lambda t: [rows[t - 1] for rows in samples]
    return feed


def record(case, stream):
    """Runs one case and returns what its file says."""
    function, arguments = parse_call(case.call)
    feed = make_feed(case, stream, find_function(function), arguments)
    trajectory = list((case.run or RUNNERS[case.library])(feed))
    chosen = [t for t in CHECKPOINTS if t <= feed.steps]
    out = {
        "source": source(case),
        "note": case.note,
        "stream": stream,
        "gradient_of": None if stream else "w^2",
        "dtype": case.dtype if case.dtype != "float64" else None,
        "optimizer": posted(case, arguments),
        **feed.matrices,
        "changes": {str(t): change for t, change in (case.changes or {}).items()} or None,
        "shapes": case.shapes,
        "loss": case.loss,
        "curvature": case.curvature,
        "second_gradient": case.second_gradient,
        "samples": case.samples and list(case.samples),
        "indices": case.indices,
        "start": feed.start,
        "tolerance": case.tolerance,
        "readouts": {name: {str(t): rows[t - 1] for t in chosen}
                     for name, rows in feed.read.items()} or None,
        "steps": {str(t): trajectory[t - 1] for t in chosen},
    }
    return {k: v for k, v in out.items() if v is not None}


def case_text(out):
    """JSON with one line per field and one per checkpoint, numbers as short as they can be."""
    lines = [f"  {json.dumps(k)}: {json.dumps(v, allow_nan=False)}" for k, v in out.items()
             if k != "steps"]
    steps = [f"    {json.dumps(t)}: {json.dumps(w, allow_nan=False)}"
             for t, w in out["steps"].items()]
    return "{\n" + ",\n".join(lines) + ',\n  "steps": {\n' + ",\n".join(steps) + "\n  }\n}\n"


def files_wanted(folders):
    """Yields (path below tests/golden, text) of every file."""
    import cases

    def chosen(folder):
        return not folders or folder in folders

    if chosen("streams"):
        for name in STREAMS:
            yield f"streams/{name}.csv", stream_text(make_stream(name))
    for case in cases.collect("HAND"):
        if chosen("hand"):
            yield f"hand/{case.variant}.json", case_text(record(case, None))
    for case in cases.collect("CASES"):
        for stream in case.streams if chosen(case.name) else ():
            path = f"{case.name}/{case.library}-{case.variant}-{stream}.json"
            yield path, case_text(record(case, stream))


def write_files(folder, wanted, arguments):
    """What each of these programs ends with. `wanted`(folders) yields (path below `folder`, text) of
    every file, or of those in the folders that the arguments name. Writes what is new or different;
    with --check it only tells, and the answer, the exit status, is 1. Names files of no row."""
    check = "--check" in arguments
    folders = {a for a in arguments if a != "--check"}
    made, different = set(), []
    for path, text in wanted(folders):
        file = folder / path
        assert file not in made, f"two rows make {path}"
        made.add(file)
        if file.exists() and file.read_text() == text:
            continue
        different.append(path)
        if not check:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    for path in different:
        print("differs:" if check else "written:", path)
    for file in sorted(set(folder.glob("*/*.json")) - made) if not folders else ():
        print("made by no row:", file.relative_to(folder))
    print(f"{len(made)} files, {len(different)} {'differ' if check else 'written'}")
    return 1 if check and different else 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        environment(home)
        sys.exit(write_files(HERE, files_wanted, sys.argv[1:]))
