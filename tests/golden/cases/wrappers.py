"""Optimizers around another rule."""

from cases import HARD, MIXED, Case

SHAPES = {"W": [2, 2], "b": [2]}


def base(arguments):
    """optax's optimizer for the arguments of stepd's rule inside."""
    import optax

    kind, lr = arguments.pop("base", "sgd"), arguments.pop("learning_rate")
    names = ("momentum",) if kind == "sgd" else ("b1", "b2", "eps")
    return getattr(optax, kind)(lr, **{k: arguments.pop(k) for k in names if k in arguments})


def run_lookahead(feed):
    """optax.lookahead, whose parameters are pairs of fast and slow."""
    import jax.numpy as jnp
    import optax

    arguments = dict(feed.arguments)
    optimizer = feed.function(base(arguments), **arguments)
    params = optax.LookaheadParams.init_synced([jnp.array(x) for x in feed.cut(feed.start)])
    state = optimizer.init(params)
    for t in range(1, feed.steps + 1):
        gradients = [jnp.array(g) for g in feed.cut(feed.gradient(t, feed.join(params.fast)))]
        updates, state = optimizer.update(gradients, state, params)
        params = optax.apply_updates(params, updates)
        feed.keep(params, params.fast)
        yield feed.join(params.fast)


def run_mechanize(feed):
    from make_golden import run_optax

    arguments, function = dict(feed.arguments), feed.function
    inside = base(arguments)
    if "mechanic_eps" in arguments:
        arguments["eps"] = arguments.pop("mechanic_eps")
    feed.function, feed.arguments = (lambda: function(inside, **arguments)), {}
    return run_optax(feed)


def run_sam(feed):
    """optax.contrib.sam, whose parameters are where the next gradient is wanted."""
    import optax
    from make_golden import run_optax

    arguments, function = dict(feed.arguments), feed.function
    inside, rho = base(arguments), arguments.pop("rho")
    climb = optax.chain(optax.contrib.normalize(), optax.sgd(rho))
    feed.function, feed.arguments = (lambda: function(inside, climb, **arguments)), {}
    return run_optax(feed)


def run_sam_twice(feed):
    """pytorch_optimizer.SAM: a gradient here, and one at the point that first_step goes to."""
    import torch

    arguments = dict(feed.arguments)
    tensors = [torch.tensor(x) for x in feed.cut(feed.start)]
    optimizer = feed.function(tensors, base_optimizer=torch.optim.SGD, **arguments)
    for t in range(1, feed.steps + 1):
        for step, gradient in ((optimizer.first_step, feed.gradient(t, feed.join(tensors))),
                               (optimizer.second_step, feed.second_gradient(t))):
            for w, g in zip(tensors, feed.cut(gradient)):
                w.grad = torch.tensor(g)
            step()
        yield feed.join(tensors)


def center(state, tensors):
    """Where the climb began, while it lasts."""
    at = state.cache if state.steps_since_sync > 0 else tensors
    return [v for x in at for v in x.reshape(-1).tolist()]


CENTER = {"center": center}
SLOW = {"slow": lambda state, tensors: [v for x in state.slow for v in x.reshape(-1).tolist()]}

CASES = [
    Case("lookahead", "optax", "sgd", HARD,
         "optax.lookahead(learning_rate=0.1, sync_period=5, slow_step_size=0.5)", run=run_lookahead,
         readouts=SLOW),
    Case("lookahead", "optax", "momentum", ("mixed", "zeros"),
         "optax.lookahead(learning_rate=0.01, momentum=0.9, sync_period=6, slow_step_size=0.8)",
         run=run_lookahead, readouts=SLOW, shapes=SHAPES),
    Case("lookahead", "optax", "adam", ("mixed", "sparse", "scales"),
         "optax.lookahead(base='adam', learning_rate=0.1, sync_period=5, slow_step_size=0.5)",
         run=run_lookahead, readouts=SLOW),
    Case("lookahead", "optax", "reset", ("mixed", "signflip"),
         "optax.lookahead(base='adam', learning_rate=0.1, b1=0.8, b2=0.95, eps=0.001, "
         "sync_period=7, slow_step_size=0.3, reset_state=True)", run=run_lookahead, readouts=SLOW),
    Case("mechanize", "optax", "sgd", ("mixed", "sparse"),
         "optax.contrib.mechanize(learning_rate=1.0)", run=run_mechanize),
    Case("mechanize", "optax", "adam", ("mixed", "signflip", "sparse"),
         "optax.contrib.mechanize(base='adam', learning_rate=1.0)", run=run_mechanize),
    Case("mechanize", "optax", "options", MIXED,
         "optax.contrib.mechanize(learning_rate=0.1, momentum=0.5, weight_decay=0.1, "
         "mechanic_eps=1e-06, s_init=0.0001)", run=run_mechanize, shapes=SHAPES),
    Case("sam", "optax", "sgd", ("mixed", "signflip"),
         "optax.contrib.sam(learning_rate=0.1, rho=0.05)", run=run_sam, readouts=CENTER),
    Case("sam", "optax", "adam", ("mixed", "scales"),
         "optax.contrib.sam(base='adam', learning_rate=0.1, rho=0.5, sync_period=3)", run=run_sam,
         readouts=CENTER, shapes=SHAPES),
    Case("sam", "pytorch_optimizer", "two-gradients", ("mixed", "scales"),
         "pytorch_optimizer.SAM(lr=0.1, momentum=0.9, rho=0.1, weight_decay=0.01)",
         run=run_sam_twice, second_gradient="signflip",
         also={"profile": "torch", "mode": "second_gradient"}, shapes=SHAPES),
]
