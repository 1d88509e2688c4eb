"""The textbook set: plain descent under its three names, momentum, RMSprop, Adam, AdamW, Newton."""

from cases import ALL, HARD, MIXED, Case, hand

FIRST_RAW = "The first step is not damped: the buffer starts as the gradient itself."
LR_INSIDE = "The learning rate is inside the buffer, so a change acts on new gradients only."
LR_OUTSIDE = "The learning rate is outside the buffer, so a change acts on old gradients too."
DECAY_FIRST = "w *= 1 - learning_rate * weight_decay comes before the step."
EPS_INSIDE = "eps is inside the square root."
EPS_HAT = "eps is added to sqrt(v), uncorrected: the form just before section 2.1 of the paper."
MAX_RAW = "The maximum is taken over v, which is corrected afterwards."
MAX_CORRECTED = "The maximum is taken over the corrected v."

# A positive definite matrix that is not diagonal, and a diagonal over many sizes.
HESSIAN = [
    [6.0, 1.0, 0.5, 0.0, 0.0, 0.25],
    [1.0, 5.0, 1.0, 0.5, 0.0, 0.0],
    [0.5, 1.0, 4.0, 1.0, 0.5, 0.0],
    [0.0, 0.5, 1.0, 3.0, 1.0, 0.5],
    [0.0, 0.0, 0.5, 1.0, 2.0, 0.75],
    [0.25, 0.0, 0.0, 0.5, 0.75, 1.0],
]
HESSIAN_DIAGONAL = [2.0, 0.5, 10.0, 0.001, 1000.0, 1.0]

CASES = [
    # Plain gradient descent, under its three names
    Case("gd", "torch", "lr", HARD, "torch.optim.SGD(lr=0.1)"),
    Case("gd", "keras", "lr", MIXED, "keras.optimizers.SGD(learning_rate=0.1)"),
    Case("gd", "optax", "lr", MIXED, "optax.sgd(learning_rate=0.1)"),
    Case("gd", "exact", "lr", ("mixed", "scales"), "exact.gd(lr=0.1)"),
    Case("minibatch_gd", "torch", "lr", MIXED, "torch.optim.SGD(lr=0.1)"),
    Case("minibatch_gd", "keras", "lr", MIXED, "keras.optimizers.SGD(learning_rate=0.1)"),
    Case("minibatch_gd", "optax", "lr", MIXED, "optax.sgd(learning_rate=0.1)"),

    # SGD of torch
    Case("sgd", "torch", "default", MIXED, "torch.optim.SGD()"),
    Case("sgd", "torch", "lr", MIXED, "torch.optim.SGD(lr=0.1)"),
    Case("sgd", "torch", "momentum", ALL, "torch.optim.SGD(lr=0.1, momentum=0.9)"),
    Case("sgd", "torch", "dampening", HARD,
         "torch.optim.SGD(lr=0.1, momentum=0.9, dampening=0.9)", note=FIRST_RAW),
    Case("sgd", "torch", "dampening-part", MIXED,
         "torch.optim.SGD(lr=0.1, momentum=0.9, dampening=0.3)", note=FIRST_RAW),
    Case("sgd", "torch", "nesterov", MIXED,
         "torch.optim.SGD(lr=0.1, momentum=0.9, nesterov=True)"),
    Case("sgd", "torch", "weight_decay", ("mixed", "zeros"),
         "torch.optim.SGD(lr=0.1, weight_decay=0.01)"),
    Case("sgd", "torch", "weight_decay-momentum", MIXED,
         "torch.optim.SGD(lr=0.1, momentum=0.9, weight_decay=0.01)"),
    Case("sgd", "torch", "maximize", MIXED, "torch.optim.SGD(lr=0.1, maximize=True)"),
    Case("sgd", "torch", "everything", MIXED,
         "torch.optim.SGD(lr=0.05, momentum=0.9, weight_decay=0.01, nesterov=True, "
         "maximize=True)"),
    Case("sgd", "torch", "lr-change", MIXED, "torch.optim.SGD(lr=0.1, momentum=0.9)",
         changes={101: {"lr": 0.01}, 501: {"lr": 0.3}}, note=LR_OUTSIDE),

    # SGD of Keras
    Case("sgd", "keras", "default", MIXED, "keras.optimizers.SGD()"),
    Case("sgd", "keras", "lr", MIXED, "keras.optimizers.SGD(learning_rate=0.1)"),
    Case("sgd", "keras", "momentum", HARD,
         "keras.optimizers.SGD(learning_rate=0.1, momentum=0.9)"),
    Case("sgd", "keras", "nesterov", HARD,
         "keras.optimizers.SGD(learning_rate=0.1, momentum=0.9, nesterov=True)"),
    Case("sgd", "keras", "nesterov-alone", MIXED,
         "keras.optimizers.SGD(learning_rate=0.1, nesterov=True)",
         note="Without momentum nesterov does nothing, and is no error."),
    Case("sgd", "keras", "weight_decay", MIXED,
         "keras.optimizers.SGD(learning_rate=0.1, weight_decay=0.01)", note=DECAY_FIRST),
    Case("sgd", "keras", "weight_decay-momentum", MIXED,
         "keras.optimizers.SGD(learning_rate=0.1, momentum=0.9, weight_decay=0.01)",
         note=DECAY_FIRST),
    Case("sgd", "keras", "lr-change", MIXED,
         "keras.optimizers.SGD(learning_rate=0.1, momentum=0.9)",
         changes={101: {"learning_rate": 0.01}, 501: {"learning_rate": 0.3}}, note=LR_INSIDE),

    # SGD of optax
    Case("sgd", "optax", "lr", MIXED, "optax.sgd(learning_rate=0.1)"),
    Case("sgd", "optax", "momentum", HARD, "optax.sgd(learning_rate=0.1, momentum=0.9)"),
    Case("sgd", "optax", "nesterov", HARD,
         "optax.sgd(learning_rate=0.1, momentum=0.9, nesterov=True)"),
    Case("sgd", "optax", "nesterov-alone", MIXED,
         "optax.sgd(learning_rate=0.1, nesterov=True)",
         note="Without momentum nesterov does nothing, and is no error."),
    Case("sgd", "optax", "lr-change", MIXED, "optax.sgd(learning_rate=0.1, momentum=0.9)",
         changes={101: {"learning_rate": 0.01}, 501: {"learning_rate": 0.3}}, note=LR_OUTSIDE),

    # Momentum in its two textbook forms
    Case("momentum", "exact", "classical", HARD,
         'exact.momentum(form="classical", lr=0.1, beta=0.9)'),
    Case("momentum", "exact", "ema", HARD, 'exact.momentum(form="ema", lr=0.1, beta=0.9)'),
    Case("momentum", "keras", "classical", MIXED,
         "keras.optimizers.SGD(learning_rate=0.1, momentum=0.9)",
         optimizer={"form": "classical", "lr": 0.1, "beta": 0.9}),
    Case("momentum", "exact", "classical-lr-change", MIXED,
         'exact.momentum(form="classical", lr=0.1, beta=0.9)',
         changes={101: {"lr": 0.01}, 501: {"lr": 0.3}}, note=LR_INSIDE),
    Case("momentum", "exact", "ema-lr-change", MIXED,
         'exact.momentum(form="ema", lr=0.1, beta=0.9)',
         changes={101: {"lr": 0.01}, 501: {"lr": 0.3}}, note=LR_OUTSIDE),

    # RMSprop of torch
    Case("rmsprop", "torch", "default", ALL, "torch.optim.RMSprop()"),
    Case("rmsprop", "torch", "lr-alpha-eps", MIXED,
         "torch.optim.RMSprop(lr=0.1, alpha=0.9, eps=0.001)"),
    Case("rmsprop", "torch", "centered", ("mixed", "scales", "zeros"),
         "torch.optim.RMSprop(lr=0.1, centered=True)"),
    Case("rmsprop", "torch", "momentum", HARD, "torch.optim.RMSprop(lr=0.1, momentum=0.9)"),
    Case("rmsprop", "torch", "momentum-lr-change", MIXED,
         "torch.optim.RMSprop(lr=0.1, momentum=0.9)",
         changes={101: {"lr": 0.01}, 501: {"lr": 0.3}}, note=LR_OUTSIDE),
    Case("rmsprop", "torch", "centered-momentum", MIXED,
         "torch.optim.RMSprop(lr=0.1, momentum=0.9, centered=True)"),
    Case("rmsprop", "torch", "weight_decay", MIXED,
         "torch.optim.RMSprop(lr=0.1, weight_decay=0.01)"),
    Case("rmsprop", "torch", "maximize", MIXED, "torch.optim.RMSprop(lr=0.1, maximize=True)"),

    # RMSprop of Keras
    Case("rmsprop", "keras", "default", ALL, "keras.optimizers.RMSprop()", note=EPS_INSIDE),
    Case("rmsprop", "keras", "lr-rho-epsilon", MIXED,
         "keras.optimizers.RMSprop(learning_rate=0.1, rho=0.99, epsilon=0.001)",
         note=EPS_INSIDE),
    Case("rmsprop", "keras", "centered", ("mixed", "zeros"),
         "keras.optimizers.RMSprop(learning_rate=0.1, centered=True)", note=EPS_INSIDE),
    Case("rmsprop", "keras", "momentum", ("mixed", "sparse"),
         "keras.optimizers.RMSprop(learning_rate=0.1, momentum=0.9)", note=EPS_INSIDE),
    Case("rmsprop", "keras", "momentum-lr-change", MIXED,
         "keras.optimizers.RMSprop(learning_rate=0.1, momentum=0.9)",
         changes={101: {"learning_rate": 0.01}, 501: {"learning_rate": 0.3}}, note=LR_INSIDE),
    Case("rmsprop", "keras", "centered-momentum", MIXED,
         "keras.optimizers.RMSprop(learning_rate=0.1, momentum=0.9, centered=True)",
         note=EPS_INSIDE),
    Case("rmsprop", "keras", "weight_decay", MIXED,
         "keras.optimizers.RMSprop(learning_rate=0.1, weight_decay=0.01)", note=DECAY_FIRST),

    # RMSprop of optax
    Case("rmsprop", "optax", "lr", ALL, "optax.rmsprop(learning_rate=0.1)", note=EPS_INSIDE),
    Case("rmsprop", "optax", "decay-eps", MIXED,
         "optax.rmsprop(learning_rate=0.1, decay=0.99, eps=0.001)", note=EPS_INSIDE),
    Case("rmsprop", "optax", "eps-outside", HARD,
         "optax.rmsprop(learning_rate=0.1, eps_in_sqrt=False)"),
    Case("rmsprop", "optax", "initial_scale", HARD,
         "optax.rmsprop(learning_rate=0.1, initial_scale=1.0)", note=EPS_INSIDE),
    Case("rmsprop", "optax", "centered", ("mixed", "zeros"),
         "optax.rmsprop(learning_rate=0.1, centered=True)", note=EPS_INSIDE),
    Case("rmsprop", "optax", "momentum", ("mixed", "sparse"),
         "optax.rmsprop(learning_rate=0.1, momentum=0.9)", note=LR_INSIDE),
    Case("rmsprop", "optax", "momentum-lr-change", MIXED,
         "optax.rmsprop(learning_rate=0.1, momentum=0.9)",
         changes={101: {"learning_rate": 0.01}, 501: {"learning_rate": 0.3}}, note=LR_INSIDE),
    Case("rmsprop", "optax", "nesterov", MIXED,
         "optax.rmsprop(learning_rate=0.1, momentum=0.9, nesterov=True)", note=LR_INSIDE),
    Case("rmsprop", "optax", "bias_correction", HARD,
         "optax.rmsprop(learning_rate=0.1, bias_correction=True)", note=EPS_INSIDE),
    Case("rmsprop", "optax", "centered-bias_correction", MIXED,
         "optax.rmsprop(learning_rate=0.1, decay=0.99, centered=True, eps=0.001, "
         "bias_correction=True)", note=EPS_INSIDE),
    Case("rmsprop", "exact", "inside", ("mixed", "scales"),
         'exact.rmsprop(lr=0.1, rho=0.9, eps=1e-08, eps_placement="inside")'),
    Case("rmsprop", "exact", "outside", ("mixed", "scales"),
         'exact.rmsprop(lr=0.1, rho=0.9, eps=1e-08, eps_placement="outside")'),

    # Adam of torch
    Case("adam", "torch", "default", HARD, "torch.optim.Adam()"),
    Case("adam", "torch", "float32", ALL, "torch.optim.Adam(lr=0.1)", dtype="float32", tolerance=3e-6),
    Case("adam", "torch", "float32-weight_decay", HARD, "torch.optim.Adam(lr=0.1, weight_decay=0.01)",
         dtype="float32", tolerance=3e-6),
    Case("adam", "torch", "lr", ALL, "torch.optim.Adam(lr=0.1, betas=(0.9, 0.999))"),
    Case("adam", "torch", "betas-eps", MIXED,
         "torch.optim.Adam(lr=0.1, betas=(0.8, 0.95), eps=0.001)"),
    Case("adam", "torch", "no-memory", MIXED, "torch.optim.Adam(lr=0.1, betas=(0.0, 0.9))"),
    Case("adam", "torch", "amsgrad", ("mixed", "scales", "zeros"),
         "torch.optim.Adam(lr=0.1, amsgrad=True)",
         note=MAX_RAW),
    Case("adam", "torch", "weight_decay", HARD, "torch.optim.Adam(lr=0.1, weight_decay=0.01)",
         note="weight_decay * w is added to the gradient, so it passes through the moments."),
    Case("adam", "torch", "decoupled", MIXED,
         "torch.optim.Adam(lr=0.1, weight_decay=0.01, decoupled_weight_decay=True)"),
    Case("adam", "torch", "maximize", MIXED,
         "torch.optim.Adam(lr=0.1, weight_decay=0.01, maximize=True)",
         note="The sign of the gradient is turned before the decay is added to it."),
    Case("adam", "torch", "lr-change", MIXED, "torch.optim.Adam(lr=0.1)",
         changes={101: {"lr": 0.01}, 501: {"lr": 0.3}}),

    # Adam of Keras
    Case("adam", "keras", "default", ALL, "keras.optimizers.Adam()", note=EPS_HAT),
    Case("adam", "keras", "lr", MIXED, "keras.optimizers.Adam(learning_rate=0.1)", note=EPS_HAT),
    Case("adam", "keras", "betas-epsilon", MIXED,
         "keras.optimizers.Adam(learning_rate=0.1, beta_1=0.8, beta_2=0.95, epsilon=0.001)",
         note=EPS_HAT),
    Case("adam", "keras", "amsgrad", HARD,
         "keras.optimizers.Adam(learning_rate=0.1, amsgrad=True)", note=MAX_RAW),
    Case("adam", "keras", "weight_decay", MIXED,
         "keras.optimizers.Adam(learning_rate=0.1, weight_decay=0.01)", note=DECAY_FIRST),

    # Adam of optax
    Case("adam", "optax", "lr", ALL, "optax.adam(learning_rate=0.1)"),
    Case("adam", "optax", "betas-eps", MIXED,
         "optax.adam(learning_rate=0.1, b1=0.8, b2=0.95, eps=0.001)"),
    Case("adam", "optax", "eps_root", HARD, "optax.adam(learning_rate=0.1, eps_root=0.0001)"),
    Case("adam", "optax", "amsgrad", HARD, "optax.amsgrad(learning_rate=0.1)",
         also={"amsgrad": True}, note=MAX_CORRECTED),

    # Adam without bias correction, and the paper's own
    Case("adam", "exact", "uncorrected", ALL,
         "exact.adam(lr=0.1, beta1=0.9, beta2=0.999, eps=1e-08, bias_correction=False)"),
    Case("adam", "exact", "paper", HARD,
         "exact.adam(lr=0.1, beta1=0.9, beta2=0.999, eps=1e-08)"),
    Case("adam", "optax", "amsgrad-uncorrected", MIXED,
         "optax.amsgrad(learning_rate=0.1, bias_correction_mu=False, bias_correction_nu=False)",
         optimizer={"profile": "optax", "learning_rate": 0.1, "amsgrad": True,
                    "bias_correction": False}),

    # AdamW
    Case("adamw", "torch", "default", MIXED, "torch.optim.AdamW()"),
    Case("adamw", "torch", "float32", ALL, "torch.optim.AdamW(lr=0.1)", dtype="float32", tolerance=3e-6),
    Case("adamw", "torch", "lr", ALL, "torch.optim.AdamW(lr=0.1)"),
    Case("adamw", "torch", "weight_decay", MIXED,
         "torch.optim.AdamW(lr=0.1, betas=(0.8, 0.95), eps=0.001, weight_decay=0.1)"),
    Case("adamw", "torch", "amsgrad", MIXED, "torch.optim.AdamW(lr=0.1, amsgrad=True)",
         note=MAX_RAW),
    Case("adamw", "torch", "maximize", MIXED, "torch.optim.AdamW(lr=0.1, maximize=True)",
         note="The decay still draws w to 0."),
    Case("adamw", "keras", "default", HARD, "keras.optimizers.AdamW()", note=EPS_HAT),
    Case("adamw", "keras", "lr", MIXED, "keras.optimizers.AdamW(learning_rate=0.1)",
         note=EPS_HAT),
    Case("adamw", "keras", "weight_decay", MIXED,
         "keras.optimizers.AdamW(learning_rate=0.1, weight_decay=0.1, beta_1=0.8, beta_2=0.95, "
         "epsilon=0.001)", note=EPS_HAT),
    Case("adamw", "keras", "amsgrad", MIXED,
         "keras.optimizers.AdamW(learning_rate=0.1, amsgrad=True)", note=MAX_RAW),
    Case("adamw", "optax", "lr", HARD, "optax.adamw(learning_rate=0.1)"),
    Case("adamw", "optax", "weight_decay", MIXED,
         "optax.adamw(learning_rate=0.1, b1=0.8, b2=0.95, eps=0.001, weight_decay=0.1)"),
    Case("adamw", "optax", "eps_root", MIXED,
         "optax.adamw(learning_rate=0.1, eps_root=0.0001)"),

    # Newton
    Case("newton", "exact", "diagonal", ("mixed", "sparse"), "exact.newton(lr=1.0)",
         hessian_diagonal=HESSIAN_DIAGONAL),
    Case("newton", "exact", "diagonal-damped", MIXED, "exact.newton(lr=0.5, damping=0.1)",
         hessian_diagonal=HESSIAN_DIAGONAL),
    Case("newton", "exact", "full", ("mixed", "sparse"), "exact.newton(lr=1.0)",
         hessian=HESSIAN),
    Case("newton", "exact", "full-damped", MIXED, "exact.newton(lr=0.5, damping=0.1)",
         hessian=HESSIAN),
]

HAND = [
    hand("gd", "gd", "exact.gd(lr=0.1)"),
    hand("sgd", "sgd", "exact.gd(lr=0.1)"),
    hand("minibatch_gd", "minibatch_gd", "exact.gd(lr=0.1)"),
    hand("momentum-ema", "momentum", 'exact.momentum(form="ema", lr=0.1, beta=0.9)'),
    hand("momentum-classical", "momentum",
         'exact.momentum(form="classical", lr=0.1, beta=0.9)'),
    hand("rmsprop-inside", "rmsprop",
         'exact.rmsprop(eps_placement="inside", lr=0.1, rho=0.9, eps=1e-08)'),
    hand("rmsprop-outside", "rmsprop",
         'exact.rmsprop(eps_placement="outside", lr=0.1, rho=0.9, eps=1e-08)'),
    hand("adam-uncorrected", "adam",
         "exact.adam(bias_correction=False, lr=0.1, beta1=0.9, beta2=0.999, eps=1e-08)"),
    hand("adam", "adam", "exact.adam(lr=0.1, beta1=0.9, beta2=0.999, eps=1e-08)"),
    hand("newton-diagonal", "newton", "exact.newton(lr=1.0)", hessian_diagonal=[2.0]),
    hand("newton-full", "newton", "exact.newton(lr=1.0)", hessian=[[2.0]]),
    hand("newton-damped", "newton", "exact.newton(lr=1.0, damping=2.0)",
         hessian_diagonal=[2.0]),
]
