/* Optimizers whose parameters are the points of a line search: they arrive, from the losses and
 * gradients of a valley, and a step without its loss is refused. */
#include "fixture.h"

#include "math/objective.h"

static const char *const searching[] = {"lbfgs", "bfgs", "conjugate_gradient"};
enum { SEARCHING = sizeof searching / sizeof *searching, STEPS = 400 };

static struct objective_spec *valley(struct arena *a)
{
    struct objective_given given = {.name = "rosenbrock", .batch_size = -1, .seed = -1};
    struct objective_spec *s = NULL;
    struct err err;
    err_init(&err);
    cr_assert_eq(objective_make(&given, "#/objective", a, &s, &err), ERR_OK);
    return s;
}

/* Runs until the gradient is below the tolerance; returns the evaluations that it took. */
static int descend_valley(struct fixture *f, const struct objective_spec *o, struct arena *a)
{
    struct err err;
    double g[2];
    for (int t = 1; t <= STEPS; t++) {
        err_init(&err);
        cr_assert_eq(objective_evaluate(o, f->b.w, 0, &f->loss, g, NULL, a, &err), ERR_OK);
        if (fmax(fabs(g[0]), fabs(g[1])) <= 1e-7)
            return t;
        cr_assert_eq(fixture_step(f, g, &err), ERR_OK, "%s", err.at[0].detail);
    }
    return STEPS + 1;
}

Test(line_search, arrives)
{
    struct arena arena;
    struct fixture f;
    struct err err;
    double start[2];
    arena_init(&arena);
    struct objective_spec *o = valley(&arena);
    objective_start(o, 0, start);
    for (size_t k = 0; k < SEARCHING; k++) {
        cr_assert_eq(
            fixture_init(&f, searching[k], PROFILE_PAPER, NULL, 0, DTYPE_FLOAT64, start, 2, &err),
            ERR_OK);
        if (strcmp(searching[k], "lbfgs") == 0)
            f.h[hyper_find(f.o->hypers, "tolerance_change")] = 0;
        int evaluations = descend_valley(&f, o, &arena);
        cr_expect_leq(evaluations, STEPS, "%s does not arrive", searching[k]);
        const double *w = f.b.w;
        cr_expect(fabs(w[0] - 1) < 1e-6 && fabs(w[1] - 1) < 1e-6, "%s: at %g %g after %d",
                  searching[k], w[0], w[1], evaluations);
        fixture_close(&f);
    }
    arena_close(&arena);
}

Test(line_search, needs_the_loss)
{
    struct fixture f;
    struct err err;
    const double start[2] = {4, -3}, g[2] = {1, 2};
    for (size_t k = 0; k < SEARCHING; k++) {
        cr_assert_eq(
            fixture_init(&f, searching[k], PROFILE_PAPER, NULL, 0, DTYPE_FLOAT64, start, 2, &err),
            ERR_OK);
        cr_expect_eq(f.o->needs_at(f.h, 1), NEED_GRADIENT | NEED_LOSS);
        cr_expect_eq(fixture_step(&f, g, &err), ERR_NEEDS, "%s", searching[k]);
        cr_expect_str_eq(err.at[0].pointer, "#/loss");
        f.h[hyper_find(f.o->hypers, "line_search")] = 0;
        cr_expect_eq(f.o->needs_at(f.h, 1), NEED_GRADIENT);
        fixture_close(&f);
    }
}

/* While a search is under way `accepted` is where it began. */
Test(line_search, accepted_point)
{
    struct fixture f;
    struct err err;
    const double start[2] = {4, -3}, g[2] = {1, 2};
    double out[2];
    for (size_t k = 0; k < SEARCHING; k++) {
        cr_assert_eq(
            fixture_init(&f, searching[k], PROFILE_PAPER, NULL, 0, DTYPE_FLOAT64, start, 2, &err),
            ERR_OK);
        f.loss = 1;
        cr_assert_eq(fixture_step(&f, g, &err), ERR_OK);
        struct optim_step s = fixture_next(&f);
        cr_assert_eq(optim_readout(f.o, 0, &s, &f.b, out, &err), ERR_OK);
        cr_expect(out[0] == start[0] && out[1] == start[1], "%s", searching[k]);
        cr_expect_neq(((double *)f.b.w)[0], start[0], "%s", searching[k]);
        fixture_close(&f);
    }
}
