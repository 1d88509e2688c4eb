"""Optimizers that step in bases of their own: eigenvectors of what the gradients were, or singular
vectors."""

import importlib
import importlib.metadata
import inspect
import sys
import textwrap
import types

from cases import ALL, HARD, MIXED, Case

SHAPES = {"W": [2, 2], "b": [2]}
WIDE, TALL, CUBE, PILE = {"W": [2, 3]}, {"W": [3, 2]}, {"W": [1, 3, 2]}, {"W": [2, 1, 3]}
SCALARS = {"W": [2, 2], "b": [1], "s": []}

FLOAT32 = ("pytorch_optimizer makes the bases orthogonal in float32; here its own function is told "
           "to use float64.")


def run_soap(feed):
    """pytorch_optimizer.SOAP whose QR decomposition is its own source with float64 for float32."""
    import pytorch_optimizer.optimizer.soap as module
    from make_golden import run_torch

    before = module.SOAP.get_orthogonal_matrix_qr
    text = textwrap.dedent(inspect.getsource(before))
    assert text.count("torch.float32") == 1
    found = dict(vars(module))
    exec(text.replace("torch.float32", "torch.float64"), found)
    module.SOAP.get_orthogonal_matrix_qr = found["get_orthogonal_matrix_qr"]
    try:
        yield from run_torch(feed)
    finally:
        module.SOAP.get_orthogonal_matrix_qr = before


def run_torch_like(feed):
    from make_golden import run_torch

    return run_torch(feed)


def soap(variant, streams, arguments="", run=run_soap, note=FLOAT32, **more):
    """A case of pytorch_optimizer's SOAP, posted with its own argument names."""
    return Case("soap", "pytorch_optimizer", variant, streams,
                f"pytorch_optimizer.SOAP({arguments})", also={"profile": "torch"}, run=run,
                note=note, **more)


GALORE_TORCH = "1.0"
SIGNS = ("{} decomposes in float32 and takes the signs of singular vectors as they come, which "
         "differ between builds of LAPACK; here its own function is told to use float64, and a "
         "vector is turned to the side of the one before it.")


def galore_torch():
    """The package. It imports transformers and bitsandbytes, of which nothing runs here but a check
    of versions."""
    names = ("transformers", "transformers.utils", "transformers.utils.versions", "bitsandbytes",
             "bitsandbytes.optim", "bitsandbytes.optim.optimizer")
    stand_ins = {name: types.ModuleType(name) for name in names if name not in sys.modules}
    for module in stand_ins.values():
        module.require_version = lambda text: None
        module.Optimizer2State = object
    sys.modules.update(stand_ins)
    try:
        package = importlib.import_module("galore_torch")
    finally:
        for name in stand_ins:
            del sys.modules[name]
    assert importlib.metadata.version("galore-torch") == GALORE_TORCH
    return package


def galore_adamw(tensors, rank, update_proj_gap, scale, proj_type, **arguments):
    """GaLoreAdamW with the matrices in a group that is projected, and the rest in one that is not."""
    projected = {"rank": rank, "update_proj_gap": update_proj_gap, "scale": scale,
                 "proj_type": proj_type}
    groups = [{"params": [w for w in tensors if w.dim() == 2], **projected},
              {"params": [w for w in tensors if w.dim() != 2]}]
    return galore_torch().GaLoreAdamW(groups, no_deprecation_warning=True, **arguments)


def turned(new, old, columns):
    """The vectors of `new`, columns or rows, each on the side of its predecessor in `old`."""
    side = (new * old).sum(dim=0 if columns else 1, keepdim=True)
    return new * (1.0 - 2.0 * (side < 0))


def run_galore(module, name):
    """A runner with the projector of either library, its function's argument `name` being the side:
    with float64 for float32, and signs that do not depend on LAPACK."""

    def run(feed):
        from make_golden import run_torch

        projector = module().GaLoreProjector
        before = projector.get_orthogonal_matrix
        text = textwrap.dedent(inspect.getsource(before))
        assert text.count(".float()") == 1
        found = dict(before.__globals__)
        exec(text.replace(".float()", ".double()"), found)

        def get(self, *args, **kinds):
            new, old = found[before.__name__](self, *args, **kinds), self.ortho_matrix
            if old is None:
                return new
            if kinds[name] != "full":
                return turned(new, old, kinds[name] == "left")
            return turned(new[0], old[0], True), turned(new[1], old[1], False)

        projector.get_orthogonal_matrix = get
        try:
            yield from run_torch(feed)
        finally:
            projector.get_orthogonal_matrix = before

    return run


def galore_torch_projector():
    galore_torch()
    return importlib.import_module("galore_torch.galore_projector")


def pytorch_optimizer_projector():
    return importlib.import_module("pytorch_optimizer.optimizer.utils.galore")


def galore(variant, streams, arguments, run=run_galore(galore_torch_projector, "type"),
           note=SIGNS.format("galore_torch"), **more):
    """A case of galore_torch, the authors' own."""
    return Case("galore", "galore_torch", variant, streams, f"cases.bases.galore_adamw({arguments})",
                source=f"galore_torch {GALORE_TORCH} GaLoreAdamW({arguments})",
                also={"profile": "torch"}, run=run, note=note, **more)


def galore_further(variant, streams, arguments, **more):
    """A case of pytorch_optimizer, which counts the steps between two decompositions otherwise."""
    return Case("galore", "pytorch_optimizer", variant, streams,
                f"pytorch_optimizer.GaLore({arguments})",
                also={"profile": "torch", "refresh": "multiples"},
                run=run_galore(pytorch_optimizer_projector, "projection_type"),
                note=SIGNS.format("pytorch_optimizer"), **more)


CASES = [
    soap("default", ALL, shapes=SHAPES),
    soap("options", HARD,
         "lr=0.1, betas=(0.9, 0.99), shampoo_beta=0.8, weight_decay=0.1, eps=0.001, "
         "precondition_frequency=3, correct_bias=False, maximize=True", shapes=WIDE),
    soap("every-step", ("mixed", "signflip"), "lr=0.1, precondition_frequency=1", shapes=TALL),
    soap("cube", ("mixed", "sparse"), "lr=0.1", shapes=CUBE),
    soap("precondition_1d", ("mixed", "signflip"),
         "lr=0.1, precondition_1d=True, precondition_frequency=7", shapes=SHAPES),
    soap("normalize", ("mixed", "zeros"), "lr=0.1, normalize_gradient=True", shapes=SCALARS),
    soap("max_precondition_dim", ("mixed", "scales"), "lr=0.1, max_precondition_dim=2",
         shapes=CUBE),
    soap("merge_dims", ("mixed", "signflip"),
         "lr=0.1, max_precondition_dim=3, merge_dims=True", shapes=PILE),
    soap("float32", ("mixed", "signflip"), "lr=0.1", run=run_torch_like, shapes=WIDE,
         tolerance=1e-6, note="pytorch_optimizer as it is, with a QR decomposition in float32; "
         "hence the tolerance."),

    galore("default", ("mixed", "signflip", "zeros"),
           "rank=128, update_proj_gap=200, scale=1.0, proj_type='std'", shapes=SHAPES),
    galore("rank-1", HARD,
           "lr=0.1, rank=1, update_proj_gap=10, scale=0.25, proj_type='std'", shapes=SHAPES),
    galore("tall", ("mixed", "signflip"),
           "lr=0.1, rank=1, update_proj_gap=7, scale=0.5, proj_type='std', betas=(0.8, 0.95), "
           "eps=0.001, weight_decay=0.1, correct_bias=False", shapes=TALL),
    galore("wide", ("mixed", "signflip"),
           "lr=0.1, rank=1, update_proj_gap=50, scale=1.0, proj_type='std'", shapes=WIDE),
    galore("reverse-tall", MIXED,
           "lr=0.1, rank=1, update_proj_gap=10, scale=1.0, proj_type='reverse_std'", shapes=TALL),
    galore("reverse-wide", MIXED,
           "lr=0.1, rank=1, update_proj_gap=10, scale=1.0, proj_type='reverse_std'", shapes=WIDE),
    galore("left", MIXED, "lr=0.1, rank=1, update_proj_gap=10, scale=1.0, proj_type='left'",
           shapes=TALL),
    galore("right", MIXED, "lr=0.1, rank=2, update_proj_gap=10, scale=1.0, proj_type='right'",
           shapes=WIDE),
    galore("full", ("mixed", "signflip"),
           "lr=0.1, rank=1, update_proj_gap=10, scale=0.5, proj_type='full'", shapes=WIDE),
    galore("float32", ("mixed", "signflip"),
           "lr=0.1, rank=1, update_proj_gap=1000, scale=1.0, proj_type='std'", shapes=TALL,
           run=run_torch_like, tolerance=1e-6,
           note="galore_torch as it is, with a decomposition in float32; hence the tolerance. "
                "There is one alone, and so the signs do not matter."),
    galore_further("std", ("mixed", "signflip"),
                   "lr=0.1, rank=1, update_proj_gap=7, scale=0.5, projection_type='std', "
                   "weight_decay=0.01, maximize=True", shapes=SHAPES),
    galore_further("full", MIXED,
                   "lr=0.1, rank=2, update_proj_gap=200, scale=1.0, projection_type='full', "
                   "eps=0.001",
                   shapes=TALL),
]
