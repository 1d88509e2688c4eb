/* Optimizers that draw random numbers: what they add has the mean and the variance that they
 * promise, is new at each step and place, and is the same again for the same seed. The
 * deterministic rest is held to optax by the golden files. */
#include "fixture.h"

enum { N = 20000 };

static double zeros[N];

/* The noise of steps 1 … `steps` of noisy_sgd with lr 1, one step after the other: w moves by
 * nothing else, since the gradient is 0. The caller frees it. */
static double *noise_of(double seed, double eta, double gamma, size_t steps, enum dtype dtype)
{
    const struct hyper_arg args[] = {
        {.name = "lr", .kind = ARG_NUMBER, .number = 1},
        {.name = "eta", .kind = ARG_NUMBER, .number = eta},
        {.name = "gamma", .kind = ARG_NUMBER, .number = gamma},
        {.name = "seed", .kind = ARG_NUMBER, .number = seed},
    };
    struct fixture f;
    struct err err;
    double *noise = calloc(steps * N, sizeof *noise);
    cr_assert_eq(fixture_init(&f, "noisy_sgd", PROFILE_TORCH, args, 4, dtype, zeros, N, &err),
                 ERR_OK, "%s", err.at[0].detail);
    for (size_t t = 0; t < steps; t++) {
        double *at = noise + t * N;
        for (size_t i = 0; i < N; i++)
            at[i] = fixture_get(&f, f.b.w, i);
        cr_assert_eq(fixture_step(&f, zeros, &err), ERR_OK);
        for (size_t i = 0; i < N; i++)
            at[i] -= fixture_get(&f, f.b.w, i);
    }
    fixture_close(&f);
    return noise;
}

static double mean_product(const double *x, const double *y)
{
    double sum = 0;
    for (size_t i = 0; i < N; i++)
        sum += x[i] * y[i];
    return sum / N;
}

static double share_below(const double *x, double limit)
{
    size_t count = 0;
    for (size_t i = 0; i < N; i++)
        count += x[i] < limit;
    return (double)count / N;
}

/* Five standard errors everywhere: with a right generator, and the seed being fixed, that holds for
 * good; with a variance that is off by a tenth, or a step counted from 0, it does not. */
Test(noise, has_the_distribution_that_the_formula_says)
{
    const double eta = 0.3, gamma = 0.55, one = 1.0 / sqrt(N);
    double *noise = noise_of(11, eta, gamma, 4, DTYPE_FLOAT64), *ones = calloc(N, sizeof *ones);
    for (size_t i = 0; i < N; i++)
        ones[i] = 1;
    for (int t = 1; t <= 4; t++) {
        const double *z = noise + (size_t)(t - 1) * N, variance = eta / pow(t, gamma);
        const double spread = sqrt(variance);
        cr_expect_float_eq(mean_product(z, ones), 0, 5 * one * spread, "mean of step %d", t);
        cr_expect_float_eq(mean_product(z, z), variance, 5 * sqrt(2) * one * variance,
                           "variance of step %d", t);
        cr_expect_float_eq(share_below(z, -2 * spread), 0.022750, 5 * 0.1491 * one, "step %d", t);
        cr_expect_float_eq(share_below(z, -spread), 0.158655, 5 * 0.3654 * one, "step %d", t);
        cr_expect_float_eq(share_below(z, spread), 0.841345, 5 * 0.3654 * one, "step %d", t);
        cr_expect_float_eq(share_below(z, 2 * spread), 0.977250, 5 * 0.1491 * one, "step %d", t);
    }
    free(noise);
    free(ones);
}

Test(noise, is_new_at_each_step_place_and_seed)
{
    double *noise = noise_of(11, 1, 0, 2, DTYPE_FLOAT64),
           *other = noise_of(12, 1, 0, 1, DTYPE_FLOAT64);
    const double most = 5 / sqrt(N);
    double neighbours = 0;
    for (size_t i = 1; i < N; i++)
        neighbours += noise[i] * noise[i - 1];
    cr_expect_float_eq(mean_product(noise, noise + N), 0, most, "two steps");
    cr_expect_float_eq(mean_product(noise, other), 0, most, "two seeds");
    cr_expect_float_eq(neighbours / N, 0, most, "two places");
    free(noise);
    free(other);
}

Test(noise, is_the_same_for_the_same_seed)
{
    double *noise = noise_of(11, 1, 0.55, 3, DTYPE_FLOAT64);
    double *again = noise_of(11, 1, 0.55, 3, DTYPE_FLOAT64);
    double *narrow = noise_of(11, 1, 0.55, 1, DTYPE_FLOAT32);
    cr_expect_eq(memcmp(noise, again, 3 * N * sizeof *noise), 0);
    for (size_t i = 0; i < N; i++)
        cr_assert_eq((float)noise[i], (float)narrow[i], "place %zu of a float32 session", i);
    free(noise);
    free(again);
    free(narrow);
}
