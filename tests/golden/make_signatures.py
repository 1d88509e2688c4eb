"""The arguments and defaults of the real libraries' optimizers and schedules, as data for a test.

    venv/bin/python tests/golden/make_signatures.py            writes signatures.json again
    venv/bin/python tests/golden/make_signatures.py --check    writes nothing; status 1 on a difference

The venv is that of make_golden.py (requirements.txt). The file has each class and function that a
user of torch, Keras or optax would look for, by its public name:

    versions     of the libraries
    optimizers   {"torch.optim.Adam": {"required": ["params"], "defaults": {"lr": 0.001, ...}}, ...}
    schedules    the same

A default that JSON cannot say is its text in Python, in angle brackets. tests/contract/signatures.py
holds them against the catalogue: what has another name, another default or none of ours has to be
listed there, with the reason.
"""

import functools
import inspect
import json
import os
import sys
from importlib import metadata
from pathlib import Path

os.environ.update(KERAS_BACKEND="jax", JAX_ENABLE_X64="1", JAX_PLATFORMS="cpu", OMP_NUM_THREADS="1")
sys.dont_write_bytecode = True
OUT = Path(__file__).resolve().parent / "signatures.json"


def plain(value):
    """As JSON, else as a text that is the same in every run."""
    if isinstance(value, (list, tuple)):
        return [plain(x) for x in value]
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return f"<{getattr(value, '__name__', type(value).__name__)}>"


def signature(of):
    required, defaults = [], {}
    for name, p in inspect.signature(of).parameters.items():
        if p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL):
            continue
        if p.default is p.empty:
            required.append(name)
        else:
            defaults[name] = plain(p.default)
    return {"required": required, "defaults": defaults}


def classes(module, prefix, base):
    return {f"{prefix}.{name}": signature(c) for name, c in sorted(vars(module).items())
            if inspect.isclass(c) and issubclass(c, base) and c is not base and name[0] != "_"}


def functions(module, prefix, wanted):
    return {f"{prefix}.{name}": signature(f) for name, f in sorted(vars(module).items())
            if (inspect.isfunction(f) or isinstance(f, functools.partial)) and name[0] != "_" and wanted(name, f)}


def optimizers():
    import keras
    import optax
    import torch

    def makes_optimizer(name, f):
        first = next(iter(inspect.signature(f).parameters), "")
        return not name.startswith("scale_by") and first in (
            "learning_rate", "max_learning_rate", "fast_optimizer", "optimizer", "base_optimizer")

    return {**classes(torch.optim, "torch.optim", torch.optim.Optimizer),
            **classes(keras.optimizers, "keras.optimizers", keras.optimizers.Optimizer),
            **functions(optax, "optax", makes_optimizer),
            **functions(optax.contrib, "optax.contrib", makes_optimizer)}


def schedules():
    import keras
    import optax
    from torch.optim import lr_scheduler
    from torch.optim.swa_utils import SWALR

    public = {name: getattr(lr_scheduler, name) for name in lr_scheduler.__all__}
    torch = {f"torch.optim.lr_scheduler.{name}": signature(c) for name, c in sorted(public.items())
             if name != "LRScheduler"}
    schedule = keras.optimizers.schedules.LearningRateSchedule
    return {**torch, "torch.optim.swa_utils.SWALR": signature(SWALR),
            **classes(keras.optimizers.schedules, "keras.optimizers.schedules", schedule),
            "keras.callbacks.ReduceLROnPlateau": signature(keras.callbacks.ReduceLROnPlateau),
            **functions(optax.schedules, "optax", lambda name, f: hasattr(optax, name) and "inject" not in name),
            "optax.contrib.reduce_on_plateau": signature(optax.contrib.reduce_on_plateau)}


def main():
    content = {"versions": {x: metadata.version(x).split("+")[0] for x in ("torch", "keras", "optax")},
               "optimizers": optimizers(), "schedules": schedules()}
    rows = lambda part: ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in part.items())
    new = "{\n" + ",\n".join(f" {json.dumps(k)}: {{\n{rows(v)}\n }}" for k, v in content.items()) + "\n}\n"
    if "--check" in sys.argv:
        same = OUT.exists() and OUT.read_text() == new
        print("the same" if same else f"differs: {OUT}")
        return 0 if same else 1
    OUT.write_text(new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
