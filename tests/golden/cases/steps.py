"""Sign methods, step sizes that find themselves, dual averaging, schedule-free, momentum models."""

from cases import ALL, HARD, MIXED, Case

SHAPES = {"W": [2, 2], "b": [2]}


def optax_x(state, tensors):
    import optax

    return [v for x in optax.contrib.schedule_free_eval_params(state, tensors)
            for v in x.reshape(-1).tolist()]


def run_sophia(feed):
    """optax.contrib.sophia with the diagonal that the feed gives in place of an estimate."""
    import jax.numpy as jnp
    import optax

    diagonal = optax.GradientTransformationExtraArgs(
        lambda params: (),
        lambda updates, state, params=None, *, diagonal, **more: (diagonal, state))
    optimizer = feed.function(**feed.arguments, hessian_diagonal_fn=diagonal)
    w = jnp.array(feed.start)
    state = optimizer.init(w)
    for t in range(1, feed.steps + 1):
        updates, state = optimizer.update(jnp.array(feed.gradient(t, w.tolist())), state, w,
                                          diagonal=jnp.array(feed.curvature(t)))
        w = optax.apply_updates(w, updates)
        yield w.tolist()


X = {"x": optax_x}
WARMUP_32 = ("optax divides its int32 count, which jax does in float32: lr has 24 bits during the "
             "warm-up. stepd computes it in double.")
LAMBDA_32 = ("optax takes the root of its int32 count, which jax does in float32: lambda has 24 bits "
             "there. stepd computes it in double.")

CASES = [
    Case("sign_sgd", "optax", "lr", ALL, "optax.sign_sgd(learning_rate=0.01)"),
    Case("signum", "optax", "default", ALL, "optax.signum(learning_rate=0.01)"),
    Case("signum", "optax", "beta", MIXED, "optax.signum(learning_rate=0.01, beta=0.5)"),

    Case("optimistic_gradient_descent", "optax", "default", HARD,
         "optax.optimistic_gradient_descent(learning_rate=0.1)"),
    Case("optimistic_gradient_descent", "optax", "alpha-beta", MIXED,
         "optax.optimistic_gradient_descent(learning_rate=0.1, alpha=0.8, beta=0.5)"),

    Case("polyak_sgd", "optax", "default", ("mixed", "zeros", "sparse"), "optax.polyak_sgd()",
         loss="scales"),
    Case("polyak_sgd", "optax", "options", MIXED,
         "optax.polyak_sgd(max_learning_rate=0.5, scaling=0.3, f_min=0.05, eps=0.01)",
         loss="signflip", shapes=SHAPES),
    Case("polyak_sgd", "optax", "plus", MIXED,
         "optax.polyak_sgd(f_min=1.0, variant='sps+')", loss="mixed"),

    Case("madgrad", "optax", "default", ALL, "optax.contrib.madgrad(learning_rate=0.01)",
         tolerance=1e-6, note=LAMBDA_32),
    Case("madgrad", "optax", "no-momentum", MIXED,
         "optax.contrib.madgrad(learning_rate=0.1, momentum=0.0, eps=0.001)", tolerance=1e-6,
         note=LAMBDA_32),
    Case("madgrad", "optax", "weight_decay", MIXED,
         "optax.contrib.madgrad(learning_rate=0.01, weight_decay=0.01)", tolerance=1e-6,
         note=LAMBDA_32),

    Case("cocob", "optax", "default", ALL, "optax.contrib.cocob()"),
    Case("cocob", "optax", "options", MIXED,
         "optax.contrib.cocob(learning_rate=0.5, alpha=10.0, eps=1e-4, weight_decay=0.01)"),

    Case("schedule_free_sgd", "optax", "default", HARD, "optax.contrib.schedule_free_sgd()",
         readouts=X),
    Case("schedule_free_sgd", "optax", "warmup", ("mixed", "zeros"),
         "optax.contrib.schedule_free_sgd(learning_rate=0.5, warmup_steps=40, b1=0.95, "
         "weight_decay=0.01)", readouts=X, tolerance=1e-6, note=WARMUP_32),
    Case("schedule_free_sgd", "optax", "power", MIXED,
         "optax.contrib.schedule_free_sgd(learning_rate=0.5, warmup_steps=40, weight_lr_power=1.0)",
         readouts=X, tolerance=1e-6, note=WARMUP_32),
    Case("schedule_free_adamw", "optax", "default", ALL, "optax.contrib.schedule_free_adamw()",
         readouts=X),
    Case("schedule_free_adamw", "optax", "warmup", MIXED,
         "optax.contrib.schedule_free_adamw(learning_rate=0.01, warmup_steps=40, b1=0.95, b2=0.99, "
         "eps=1e-4, weight_decay=0.1)", readouts=X, tolerance=1e-6, note=WARMUP_32),
    Case("schedule_free_adamw", "keras", "default", ALL, "keras.optimizers.ScheduleFreeAdamW()"),
    Case("schedule_free_adamw", "keras", "options", MIXED,
         "keras.optimizers.ScheduleFreeAdamW(learning_rate=0.01, beta_1=0.95, beta_2=0.99, "
         "epsilon=1e-4, warmup_steps=40, weight_decay=0.1)"),

    # Not on the stream of scales: its inner products cancel to noise, which depends on the order of
    # summation alone.
    Case("momo", "optax", "default", ("mixed", "signflip", "zeros"), "optax.contrib.momo()",
         loss="mixed", shapes=SHAPES),
    Case("momo", "optax", "options", MIXED,
         "optax.contrib.momo(learning_rate=0.5, beta=0.8, lower_bound=0.3, weight_decay=0.01)",
         loss="signflip"),
    Case("momo", "optax", "adapt", MIXED,
         "optax.contrib.momo(learning_rate=0.1, lower_bound=-1.0, adapt_lower_bound=True)",
         loss="signflip"),
    Case("momo_adam", "optax", "default", ("mixed", "signflip", "sparse"), "optax.contrib.momo_adam()",
         loss="mixed", shapes=SHAPES),
    Case("momo_adam", "optax", "options", MIXED,
         "optax.contrib.momo_adam(learning_rate=0.5, b1=0.8, b2=0.95, eps=1e-4, lower_bound=0.3, "
         "weight_decay=0.01)", loss="signflip"),
    Case("momo_adam", "optax", "adapt", MIXED,
         "optax.contrib.momo_adam(learning_rate=0.1, lower_bound=-1.0, adapt_lower_bound=True)",
         loss="signflip"),
    Case("sophia", "optax", "default", HARD, "optax.contrib.sophia(learning_rate=0.01)",
         curvature="scales", run=run_sophia),
    Case("sophia", "optax", "options", MIXED,
         "optax.contrib.sophia(learning_rate=0.05, b1=0.9, b2=0.9, eps=1e-4, weight_decay=0.1, "
         "gamma=2.0, clip_threshold=0.5, update_interval=3)", curvature="mixed", run=run_sophia),
    Case("sophia", "optax", "unclipped", ("mixed", "zeros"),
         "optax.contrib.sophia(learning_rate=0.05, eps=0.1, clip_threshold=None, update_interval=3)",
         curvature="mixed", run=run_sophia),
]
