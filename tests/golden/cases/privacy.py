"""DP-SGD: the gradients of single samples."""

from cases import MIXED, Case

SAMPLES = ("mixed", "signflip", "scales")


def run_dpsgd(feed):
    """optax.contrib.dpsgd. Noise, where there is any, is numpy's Philox in place of jax's numbers:
    what it adds to the mean of the samples goes into optax.sgd after optax's clipping."""
    import jax.numpy as jnp
    import optax
    from cases.rate_free import drawn

    a = dict(feed.arguments)
    clip, noise, seed = a.pop("l2_norm_clip"), a.pop("noise_multiplier"), a.pop("seed")
    whole = noise == 0
    optimizer = feed.function(**feed.arguments) if whole else optax.sgd(**a)
    w = jnp.array(feed.start)
    state = optimizer.init(w)
    for t in range(1, feed.steps + 1):
        batch = jnp.array(feed.samples(t))
        if not whole:
            total, _ = optax.per_example_global_norm_clip([batch], clip)
            batch = (total[0] + clip * noise * jnp.array(drawn(seed, t, 6))) / batch.shape[0]
        updates, state = optimizer.update(batch, state, w)
        w = optax.apply_updates(w, updates)
        yield w.tolist()


CASES = [
    Case("dpsgd", "optax", "quiet", MIXED,
         "optax.contrib.dpsgd(learning_rate=0.1, l2_norm_clip=1.0, noise_multiplier=0.0, seed=1)",
         run=run_dpsgd, samples=SAMPLES),
    Case("dpsgd", "optax", "nesterov", MIXED,
         "optax.contrib.dpsgd(learning_rate=0.1, l2_norm_clip=5.0, noise_multiplier=0.0, seed=1, "
         "momentum=0.9, nesterov=True)", run=run_dpsgd, samples=SAMPLES),
    Case("dpsgd", "optax", "philox", MIXED,
         "optax.contrib.dpsgd(learning_rate=0.1, l2_norm_clip=1.0, noise_multiplier=1.1, seed=7, "
         "momentum=0.9)", run=run_dpsgd, samples=SAMPLES,
         note="Noise is drawn by numpy.random.Philox in place of jax's numbers."),
]
