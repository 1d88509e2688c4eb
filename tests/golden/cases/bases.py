"""Optimizers that step in bases of their own: eigenvectors of what the gradients were."""

from cases import ALL, HARD, Case

SHAPES = {"W": [2, 2], "b": [2]}
WIDE, TALL, CUBE, PILE = {"W": [2, 3]}, {"W": [3, 2]}, {"W": [1, 3, 2]}, {"W": [2, 1, 3]}
SCALARS = {"W": [2, 2], "b": [1], "s": []}

FLOAT32 = ("pytorch_optimizer makes the bases orthogonal in float32; here its own function is told "
           "to use float64.")


def run_soap(feed):
    """pytorch_optimizer.SOAP whose QR decomposition is its own source with float64 for float32."""
    import inspect
    import textwrap

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
]
