/* Levenberg-Marquardt in one dimension, with numbers that a pencil can follow: a point whose loss
 * is not below that of the base leads back to it, with the base's gradient and matrix. */
#include "fixture.h"

static void one_step(struct fixture *f, double loss, double g, const double *h, double want_w,
                     double want_lambda)
{
    struct err err;
    f->loss = loss;
    f->hessian = h;
    cr_assert_eq(fixture_step(f, &g, &err), ERR_OK, "%s", err.at[0].detail);
    double w = *(double *)f->b.w, lambda = f->scalar[1];
    cr_expect(fabs(w - want_w) <= 1e-14 * fabs(want_w), "step %d: %.17g, expected %.17g", (int)f->t,
              w, want_w);
    cr_expect(fabs(lambda - want_lambda) <= 1e-14 * want_lambda, "step %d: lambda %.17g", (int)f->t,
              lambda);
}

Test(levenberg_marquardt, back_to_the_base)
{
    const struct hyper_arg args[] = {
        {.name = "damping", .kind = ARG_NUMBER, .number = 1},
        {.name = "scaling", .kind = ARG_STRING, .string = "identity"},
    };
    const double start = 4, two = 2, hundred = 100, five = 5, minus = -5;
    struct fixture f;
    struct err err;
    cr_assert_eq(fixture_init(&f, "levenberg_marquardt", PROFILE_PAPER, args, 2, DTYPE_FLOAT64,
                              &start, 1, &err),
                 ERR_OK);
    one_step(&f, 16, 8, &two, 4 - 8.0 / 3, 1);               /* the first: (2 + 1)·p = 8 */
    one_step(&f, 16, 1, &hundred, 4 - 8.0 / 12, 10);         /* no better: from 4 again */
    one_step(&f, 20, 1, &hundred, 4 - 8.0 / 102, 100);       /* worse */
    one_step(&f, 1, 3, &five, 4 - 8.0 / 102 - 3.0 / 15, 10); /* better: the new base */
    double base = 4 - 8.0 / 102 - 3.0 / 15;
    one_step(&f, 0.5, 6, &minus, base - 6.0 / 6, 1); /* -5 is taken for 5 */
    fixture_close(&f);
}

Test(levenberg_marquardt, needs_matrix_and_loss)
{
    const double start = 4, g = 1, two = 2;
    struct fixture f;
    struct err err;
    cr_assert_eq(fixture_init(&f, "levenberg_marquardt", PROFILE_TORCH, NULL, 0, DTYPE_FLOAT64,
                              &start, 1, &err),
                 ERR_OK);
    f.loss = 1;
    cr_expect_eq(fixture_step(&f, &g, &err), ERR_NEEDS);
    cr_expect_str_eq(err.at[0].pointer, "#/hessian");
    f.hessian = &two;
    f.loss = NAN;
    cr_expect_eq(fixture_step(&f, &g, &err), ERR_NEEDS);
    cr_expect_str_eq(err.at[0].pointer, "#/loss");
    fixture_close(&f);
}
