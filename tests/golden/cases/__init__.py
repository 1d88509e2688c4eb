"""The table of golden cases, a file per family: one row per optimizer, library and variant.
make_golden.py says how the files are made and what is in them. A new family is a new file here that
defines CASES; nothing else names it."""

import importlib
import pkgutil
from dataclasses import dataclass, field

ALL = ("mixed", "signflip", "sparse", "scales", "zeros")
HARD = ("mixed", "scales")
MIXED = ("mixed",)


@dataclass
class Case:
    name: str  # stepd's optimizer, and the folder
    library: str  # torch, keras, optax, exact: the rule in 50 digits, or who else made the numbers
    variant: str
    streams: tuple
    call: str  # what is run; its arguments are also what is posted
    also: dict = field(default_factory=dict)  # posted besides the arguments
    optimizer: dict = None  # posted instead of profile and arguments
    changes: dict = None  # {step: arguments set just before it}
    hessian: list = None
    hessian_diagonal: list = None
    loss: str = None  # stream whose first column, made positive, is the loss of each step
    second_gradient: str = None  # stream of the gradients at the other point
    samples: tuple = None  # streams: each gives the gradient of one sample
    curvature: str = None  # stream that, made positive, is the Hessian's diagonal of each step
    indices: str = None  # "nonzero": the coordinates that the gradient has
    shapes: dict = None  # {"W": [2, 2], "b": [2]}: how the six numbers are cut into tensors
    readouts: dict = None  # {name: function(optimizer or state, tensors) -> list of numbers}
    dtype: str = "float64"  # float32, of torch alone: what is stored and computed in
    run: object = None  # instead of the library's runner: generator(feed) of parameters per step
    note: str = None
    source: str = None
    tolerance: float = 1e-12


def hand(variant, name, call, **more):
    more.setdefault("optimizer", None)
    return Case(name, "exact", variant, (), call, source="worked by hand from the rule", **more)


def collect(name):
    """The rows called `name` of all files of this folder."""
    modules = sorted(m.name for m in pkgutil.iter_modules(__path__))
    return [row for m in modules for row in getattr(importlib.import_module(f"cases.{m}"), name, [])]
