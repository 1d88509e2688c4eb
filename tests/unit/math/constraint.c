/* Norms of units at the edges, where no library's trajectory goes: squares that leave the range of
 * a double, units of zeros, tensors without the axis, what is in range already; and that a NaN
 * stays one, in a unit and in a projection. */
#include "math/transform.h"

#include <criterion/criterion.h>

#include <math.h>
#include <string.h>

enum { N = 6 };

/* What `name` makes of w, a tensor of 2 × 3 or (rank 1) of 6, with its defaults but axis. */
static void apply(const char *name, double axis, int rank, double *w)
{
    const struct transform *t = transform_find(name);
    struct tensor x = {.name = "x", .rank = rank, .shape = {rank == 1 ? N : 2, 3}, .count = N};
    struct hyper_arg args[] = {{.name = "axis", .kind = ARG_NUMBER, .number = axis},
                               {.name = "max_norm", .kind = ARG_NUMBER, .number = 5}};
    double h[TRANSFORM_HYPERS];
    struct arena scratch;
    struct err err;
    err_init(&err);
    arena_init(&scratch);
    cr_assert_eq(hyper_resolve(t->hypers, PROFILE_PAPER, name, "#", args,
                               strcmp(name, "unit_norm") == 0 ? 1 : 2, h, &err),
                 ERR_OK, "%s", err.at[0].detail);
    struct transform_step s = {
        .h = h, .w = w, .n = N, .tensors = &x, .tensor_count = 1, .scratch = &scratch};
    cr_assert_eq(t->after(&s, &err), ERR_OK);
    arena_close(&scratch);
}

Test(constraint, columns_and_rows)
{
    double w[N] = {3, 0, 1, 4, 0, 1};
    apply("unit_norm", 0, 2, w);
    cr_expect_float_eq(w[0], 0.6, 1e-15);
    cr_expect_float_eq(w[3], 0.8, 1e-15);
    cr_expect(w[1] == 0 && w[4] == 0, "zeros have no direction");
    cr_expect_float_eq(w[2], sqrt(0.5), 1e-15);
    double x[N] = {6, 8, 0, 0, 0, 0};
    apply("max_norm", -1, 2, x);
    cr_expect(x[0] == 3 && x[1] == 4 && x[3] == 0, "rows");
}

Test(constraint, squares_out_of_range)
{
    double w[N] = {3e200, 1, 3e-200, 4e200, 0, 4e-200};
    apply("unit_norm", 0, 2, w);
    for (int k = 0; k < 3; k += 2) {
        cr_expect_float_eq(w[k], 0.6, 1e-15);
        cr_expect_float_eq(w[3 + k], 0.8, 1e-15);
    }
}

Test(constraint, left_alone)
{
    static const double start[N] = {30, 1, 0.1, 40, 2, 0.3};
    double w[N];
    memcpy(w, start, sizeof w);
    apply("unit_norm", 1, 1, w);
    cr_expect_eq(memcmp(w, start, sizeof w), 0, "a vector has no axis 1");
    apply("unit_norm", -3, 2, w);
    cr_expect_eq(memcmp(w, start, sizeof w), 0, "a matrix has no third axis");
    apply("max_norm", 0, 2, w);
    cr_expect(w[0] == 3 && w[3] == 4);
    cr_expect(w[1] == 1 && w[4] == 2 && w[2] == 0.1 && w[5] == 0.3, "in range already");
}

Test(constraint, nan_stays)
{
    static const char *const projections[] = {"project_simplex", "project_l1_ball"};
    double w[N] = {1, NAN, 2, 3, 4, 5}, h[TRANSFORM_HYPERS] = {1, 0};
    apply("min_max_norm", 0, 2, w);
    cr_expect(isnan(w[1]) && isnan(w[4]) && w[0] == 1);
    for (int i = 0; i < 2; i++) {
        double x[N] = {1, NAN, 2, -3, 4, 5};
        struct tensor whole = {.name = "x", .rank = 1, .shape = {N}, .count = N};
        struct arena scratch;
        struct err err;
        arena_init(&scratch);
        struct transform_step s = {
            .h = h, .w = x, .n = N, .tensors = &whole, .tensor_count = 1, .scratch = &scratch};
        cr_assert_eq(transform_find(projections[i])->after(&s, &err), ERR_OK);
        for (int k = 0; k < N; k++)
            cr_expect(isnan(x[k]), "%s: no number has a place", projections[i]);
        arena_close(&scratch);
    }
}
