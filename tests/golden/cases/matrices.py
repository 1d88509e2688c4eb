"""Optimizers that look at tensors as matrices: rows and columns, products, eigenvectors."""

from cases import ALL, HARD, MIXED, Case
from cases.adaptive import further

SHAPES = {"W": [2, 2], "b": [2]}
WIDE, TALL, CUBE = {"W": [2, 3]}, {"W": [3, 2]}, {"W": [1, 3, 2]}
SCALARS = {"W": [2, 2], "b": [1], "s": []}

FLOAT32 = ("optax computes the decay rate in float32, by an argument that optax.adafactor does not "
           "hand on; hence the tolerance.")
FLOAT64 = ("optax computes the decay rate and the momentum in float32; here its own functions are "
           "told to use float64.")
KERAS = "Keras takes the mean of float64 numbers in float32; hence the tolerance."
NORM = "Keras takes the norm of float64 numbers in float32; hence the tolerance."
KERAS64 = ("Keras takes the mean of float64 numbers in float32; here its mean is jax's own, in "
           "float64.")


def run_keras_mean(feed):
    """Keras with a mean in float64."""
    import jax.numpy as jnp
    from keras.src.backend.jax import numpy as backend
    from make_golden import run_keras

    def mean(x, axis=None, keepdims=False):
        return jnp.mean(backend.convert_to_tensor(x), axis=axis, keepdims=keepdims)

    before, backend.mean = backend.mean, mean
    try:
        yield from run_keras(feed)
    finally:
        backend.mean = before


def run_adafactor(feed):
    """optax.adafactor with its float32 parts in float64: the default of decay_rate_fn, which
    optax.adafactor does not hand on, and dtype_momentum."""
    import jax.numpy as jnp
    import optax
    from make_golden import run_optax
    from optax._src import factorized

    def decay_rate(i, exponent=0.8):
        return 1.0 - jnp.array(i + 1, jnp.float64) ** (-exponent)

    def in_float64(**arguments):
        return optax.adafactor(dtype_momentum=jnp.float64, **arguments)

    function = factorized.scale_by_factored_rms
    before, feed.function = function.__defaults__, in_float64
    function.__defaults__ = (*before[:-1], decay_rate)
    try:
        yield from run_optax(feed)
    finally:
        function.__defaults__ = before

BFLOAT16 = ("torch makes the matrix orthogonal in bfloat16; here its own function is told to use "
            "float64.")


def run_torch_muon(feed):
    """torch.optim.Muon whose Newton-Schulz iteration is its own source with double for bfloat16."""
    import inspect

    from make_golden import run_torch
    from torch.optim import _muon

    before = _muon._zeropower_via_newtonschulz
    text = inspect.getsource(before)
    assert text.count(".bfloat16()") == 1
    exec(text.replace(".bfloat16()", ".double().clone()"), _muon.__dict__)
    try:
        yield from run_torch(feed)
    finally:
        _muon._zeropower_via_newtonschulz = before


def run_optax_compiled(feed):
    """optax with its update compiled: step by step the unrolled iteration takes minutes."""
    import jax
    from make_golden import run_optax

    function = feed.function

    def compiled(**arguments):
        optimizer = function(**arguments)
        return optimizer._replace(update=jax.jit(optimizer.update))

    feed.function = compiled
    return run_optax(feed)



CASES = [
    Case("adafactor", "torch", "default", ALL, "torch.optim.Adafactor()", shapes=SHAPES),
    Case("adafactor", "torch", "options", HARD,
         "torch.optim.Adafactor(lr=0.1, beta2_decay=-0.5, eps=(0.001, 0.1), d=2.0, "
         "weight_decay=0.1)", shapes=WIDE),
    Case("adafactor", "torch", "maximize", MIXED,
         "torch.optim.Adafactor(lr=0.1, maximize=True)", shapes=TALL),
    Case("adafactor", "torch", "scalars", ("mixed", "sparse"),
         "torch.optim.Adafactor(lr=0.1)", shapes=SCALARS),
    Case("adafactor", "torch", "cube", HARD, "torch.optim.Adafactor(lr=0.1)", shapes=CUBE),
    Case("adafactor", "keras", "default", ("mixed", "signflip", "scales"),
         "keras.optimizers.Adafactor()", shapes=SHAPES, tolerance=1e-6, note=KERAS),
    Case("adafactor", "keras", "options", HARD,
         "keras.optimizers.Adafactor(learning_rate=0.1, beta_2_decay=-0.5, epsilon_1=0.001, "
         "epsilon_2=0.1, clip_threshold=0.5, weight_decay=0.1)", shapes=WIDE,
         run=run_keras_mean, note=KERAS64),
    Case("adafactor", "keras", "cube", MIXED,
         "keras.optimizers.Adafactor(learning_rate=0.1)", shapes=CUBE, run=run_keras_mean,
         note=KERAS64),
    Case("adafactor", "optax", "lr", ("mixed", "signflip", "sparse"),
         "optax.adafactor(learning_rate=0.01, min_dim_size_to_factor=2)", shapes=SHAPES,
         tolerance=1e-6, note=FLOAT32),
    Case("adafactor", "optax", "double", ALL,
         "optax.adafactor(learning_rate=0.01, min_dim_size_to_factor=2)", shapes=SHAPES,
         run=run_adafactor, note=FLOAT64),
    Case("adafactor", "optax", "not-factored", HARD, "optax.adafactor(learning_rate=0.01)",
         shapes=SHAPES, run=run_adafactor, note=FLOAT64),
    Case("adafactor", "optax", "options", HARD,
         "optax.adafactor(learning_rate=0.1, min_dim_size_to_factor=2, decay_rate=0.5, "
         "multiply_by_parameter_scale=False, clipping_threshold=0.5, momentum=0.9, "
         "weight_decay_rate=0.01, eps=0.001)", shapes=TALL, run=run_adafactor, note=FLOAT64),
    Case("adafactor", "optax", "unclipped", HARD,
         "optax.adafactor(learning_rate=0.1, min_dim_size_to_factor=2, clipping_threshold=None)",
         shapes=SHAPES, run=run_adafactor, note=FLOAT64),
    Case("adafactor", "optax", "offset", ("mixed", "zeros"),
         "optax.adafactor(learning_rate=0.01, min_dim_size_to_factor=2, decay_offset=-40)",
         shapes=SHAPES, run=run_adafactor, note=FLOAT64),
    Case("adafactor", "optax", "new-task", MIXED,
         "optax.adafactor(learning_rate=0.01, min_dim_size_to_factor=2)", shapes=SHAPES,
         changes={101: {"decay_offset": 100}}, run=run_adafactor, note=FLOAT64),
    Case("adafactor", "optax", "cube", HARD,
         "optax.adafactor(learning_rate=0.1, min_dim_size_to_factor=2)",
         shapes={"W": [3, 1, 2]}, run=run_adafactor, note=FLOAT64),

    Case("muon", "torch", "default", ALL, "torch.optim.Muon()", shapes=WIDE, run=run_torch_muon,
         note=BFLOAT16),
    Case("muon", "torch", "options", HARD,
         "torch.optim.Muon(lr=0.1, weight_decay=0.01, momentum=0.8, "
         "ns_coefficients=(2.0, -1.5, 0.5), eps=0.001, ns_steps=3, "
         "adjust_lr_fn='match_rms_adamw')", shapes=TALL, run=run_torch_muon, note=BFLOAT16),
    Case("muon", "torch", "no-nesterov", MIXED, "torch.optim.Muon(lr=0.1, nesterov=False)",
         shapes={"W": [2, 2], "V": [2, 1]}, run=run_torch_muon, note=BFLOAT16),
    Case("muon", "torch", "bfloat16", MIXED, "torch.optim.Muon(lr=0.01)", shapes=WIDE,
         tolerance=0.05, note="torch as it is, with the Newton-Schulz iteration in bfloat16, which "
         "has three digits; hence the tolerance."),
    Case("muon", "keras", "default", HARD, "keras.optimizers.Muon()", shapes=SHAPES,
         tolerance=1e-6, note=NORM),
    Case("muon", "keras", "options", HARD,
         "keras.optimizers.Muon(learning_rate=0.1, adam_beta_1=0.8, adam_beta_2=0.95, "
         "adam_weight_decay=0.1, epsilon=0.001, weight_decay=0.01, muon_a=2.0, muon_b=-1.5, "
         "muon_c=0.5, adam_lr_ratio=0.5, momentum=0.8, ns_steps=3, nesterov=False, "
         "rms_rate=0.1)", shapes=SCALARS, tolerance=1e-6, note=NORM),
    Case("muon", "keras", "none", ("mixed", "zeros"),
         "keras.optimizers.Muon(learning_rate=0.1, rms_rate=None, weight_decay=None, "
         "adam_weight_decay=None)", shapes={"W": [2, 2], "b": [1, 2]}, tolerance=1e-6,
         note="None is no scale and no decay. " + NORM),
    Case("muon", "keras", "none-adamw", MIXED,
         "keras.optimizers.Muon(learning_rate=0.1, weight_decay=0.1, adam_weight_decay=None)",
         shapes=SHAPES, tolerance=1e-6, note=NORM),
    Case("muon", "keras", "tall", MIXED, "keras.optimizers.Muon(learning_rate=0.1)", shapes=TALL,
         tolerance=1e-6, note=NORM),
    Case("muon", "optax", "lr", ALL, "optax.contrib.muon(learning_rate=0.01)", shapes=SHAPES,
         run=run_optax_compiled),
    Case("muon", "optax", "options", HARD,
         "optax.contrib.muon(learning_rate=0.1, ns_coeffs=(2.0, -1.5, 0.5), ns_steps=3, beta=0.8, "
         "eps=0.001, weight_decay=0.01, adam_b1=0.8, adam_b2=0.95, adam_weight_decay=0.1)",
         shapes=SCALARS, run=run_optax_compiled),
    Case("muon", "optax", "no-nesterov", MIXED,
         "optax.contrib.muon(learning_rate=0.1, nesterov=False)", shapes=SHAPES,
         run=run_optax_compiled),
    Case("muon", "optax", "wide", HARD, "optax.contrib.muon(learning_rate=0.1)", shapes=WIDE,
         run=run_optax_compiled),
    Case("muon", "optax", "aol", ("mixed", "zeros"),
         "optax.contrib.muon(learning_rate=0.1, preconditioning='aol', adam_eps_root=0.01)",
         shapes=SHAPES, run=run_optax_compiled),
    Case("muon", "optax", "aol-tall", MIXED,
         "optax.contrib.muon(learning_rate=0.1, preconditioning='aol', ns_steps=4)", shapes=TALL,
         run=run_optax_compiled),
    Case("muon", "optax", "schatten", ("mixed", "zeros"),
         "optax.contrib.muon(learning_rate=0.1, preconditioning='schatten', consistent_rms=0.3)",
         shapes=WIDE, run=run_optax_compiled),
    Case("muon", "optax", "adaptive", ("mixed", "signflip"),
         "optax.contrib.muon(learning_rate=0.1, adaptive=True, adam_learning_rate=0.003)",
         shapes=SHAPES, run=run_optax_compiled),

    Case("muon", "optax", "spectral", ("mixed", "zeros"),
         "optax.contrib.muon(learning_rate=0.1, preconditioning='spectral')",
         shapes=SHAPES, run=run_optax_compiled),
    Case("muon", "optax", "spectral-tall", MIXED,
         "optax.contrib.muon(learning_rate=0.1, preconditioning='spectral', eps=0.01)",
         shapes=TALL, run=run_optax_compiled),
    Case("muon", "optax", "dion", HARD,
         "optax.contrib.muon(learning_rate=0.1, ns_coeffs='dion')", shapes=WIDE,
         optimizer={"name": "muon", "profile": "optax", "learning_rate": 0.1,
                    "ns_preset": "dion"}, run=run_optax_compiled),

    further("shampoo", "default", ("mixed", "signflip"), "pytorch_optimizer.Shampoo(lr=0.1)",
            shapes=SHAPES, optimizer={"profile": "torch", "lr": 0.1}),
    further("shampoo", "options", MIXED,
            "pytorch_optimizer.Shampoo(lr=0.1, weight_decay=0.01, matrix_eps=0.1)", shapes=SCALARS,
            optimizer={"profile": "torch", "lr": 0.1, "weight_decay": 0.01, "matrix_eps": 0.1}),
    further("shampoo", "wide", ("mixed", "zeros"),
            "pytorch_optimizer.Shampoo(lr=0.1, matrix_eps=0.1)", shapes=WIDE,
            optimizer={"profile": "torch", "lr": 0.1, "matrix_eps": 0.1}),
    further("shampoo", "tall", ("mixed", "sparse"),
            "pytorch_optimizer.Shampoo(lr=0.1, matrix_eps=0.1, maximize=True)", shapes=TALL,
            optimizer={"profile": "torch", "lr": 0.1, "matrix_eps": 0.1, "maximize": True}),
]
