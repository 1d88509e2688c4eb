/* math/explain: every optimizer of the catalogue, in every profile and both dtypes, says of each
 * coordinate what its step then does, to the bit. */
#include "math/explain.h"
#include "fixture.h"

enum { N = 6, STEPS = 5 };

static const double start[N] = {1, -2, 3, 0.5, -0.25, 4};
static const double diagonal[N] = {1, 2, 3, 0.5, 1, 2};
static const double matrix[N * N] = {
    [0] = 4, [1] = 1, [6] = 1, [7] = 3, [14] = 2, [21] = 5, [28] = 1, [35] = 2};

static void gradient(uint64_t *state, double *g)
{
    for (int i = 0; i < N; i++)
        g[i] = fixture_random(state);
}

static void explain_step(struct fixture *f, const double *g, struct explain *x)
{
    struct arena arena;
    struct err err;
    arena_init(&arena);
    for (size_t i = 0; i < N; i++) {
        struct optim_step s = fixture_next(f);
        x[i] = (struct explain){.arena = &arena};
        err_init(&err);
        cr_assert_eq(optim_explain(f->o, &s, &f->b, g, i, &x[i], &err), ERR_OK, "%s: %s",
                     f->o->name, err.at[0].detail);
    }
    arena_close(&arena);
}

static void check_lines(const struct fixture *f, const struct explain *x, size_t i)
{
    const struct explain_line *last = &x->lines[x->count - 1];
    double w = fixture_get(f, f->b.w, i);
    cr_assert_geq(x->count, 2, "%s", f->o->name);
    cr_expect_str_eq(last->symbol, "w", "%s", f->o->name);
    cr_expect_eq(memcmp(&last->value, &w, sizeof w), 0,
                 "%s: coordinate %zu: explained %.17g, stored %.17g", f->o->name, i, last->value,
                 w);
    for (int k = 0; k < x->count; k++) {
        cr_expect(x->lines[k].symbol && x->lines[k].tex && x->lines[k].text.format, "%s: line %d",
                  f->o->name, k);
    }
}

static void check_optimizer(const struct optim *o, enum profile profile, enum dtype dtype)
{
    static struct explain x[N];
    struct hyper_arg args[REQUIRED_ARGS];
    struct fixture f = {
        .tensors = {{.name = "W", .rank = 2, .shape = {2, 2}, .count = 4},
                    {.name = "b", .rank = 1, .shape = {2}, .offset = 4, .count = 2}},
        .tensor_count = 2};
    struct err err;
    uint64_t state = 7;
    size_t arg_count = required_args(o, profile, 0.01, args);
    enum err_code code =
        fixture_init_shaped(&f, o->name, profile, args, arg_count, dtype, start, N, &err);
    cr_assert_eq(code, ERR_OK, "%s: %s", o->name, err.at[0].detail);
    for (int t = 0; t < STEPS; t++) {
        double g[N];
        gradient(&state, g);
        f.hessian_diagonal = diagonal;
        f.hessian = o->needs & NEED_HESSIAN_DIAGONAL ? NULL : matrix;
        f.second_gradient = f.samples = g;
        f.sample_count = 1;
        f.loss = 1;
        explain_step(&f, g, x);
        cr_assert_eq(fixture_step(&f, g, &err), ERR_OK, "%s: %s", o->name, err.at[0].detail);
        for (size_t i = 0; i < N; i++)
            check_lines(&f, &x[i], i);
    }
    fixture_close(&f);
}

Test(explain, last_line_is_the_stored_parameter, .timeout = 60)
{
    optim_select_isa(NULL);
    for (int i = 0; i < optim_count(); i++) {
        for (int p = 0; p < PROFILE_COUNT; p++) {
            check_optimizer(optim_at(i), (enum profile)p, DTYPE_FLOAT64);
            check_optimizer(optim_at(i), (enum profile)p, DTYPE_FLOAT32);
        }
    }
}

/* What Adam says of its first step with this lr and gradient. */
static const char *adam_says(double rate, double g)
{
    const struct hyper_arg lr = {.name = "lr", .kind = ARG_NUMBER, .number = rate};
    const double four = 4;
    struct fixture f;
    struct err err;
    struct arena arena;
    arena_init(&arena);
    cr_assert_eq(fixture_init(&f, "adam", PROFILE_TORCH, &lr, 1, DTYPE_FLOAT64, &four, 1, &err),
                 ERR_OK);
    struct optim_step s = fixture_next(&f);
    struct explain x = {.arena = &arena};
    cr_assert_eq(optim_explain(f.o, &s, &f.b, &g, 0, &x, &err), ERR_OK);
    fixture_close(&f);
    arena_close(&arena);
    return x.sentence.format;
}

/* A sentence for each case, which speaks of no ratio where there is none. */
Test(explain, adam_says_why_it_stands_still)
{
    cr_expect_str_eq(adam_says(0, 8),
                     "lr is 0, so nothing moves; the means take the gradient in all the same.");
    cr_expect_str_eq(adam_says(0.1, 0), "The mean of the gradients is 0, so Adam does not move.");
    cr_expect_not_null(strstr(adam_says(0.1, 8), "moves by lr = {}"));
}

/* The first step of Adam by hand: m 0.8, v 0.064, and 4 becomes 3.900000000125. */
Test(explain, adam_by_hand)
{
    const struct hyper_arg lr = {.name = "lr", .kind = ARG_NUMBER, .number = 0.1};
    const double four = 4, eight = 8;
    struct fixture f;
    struct err err;
    struct arena arena;
    arena_init(&arena);
    cr_assert_eq(fixture_init(&f, "adam", PROFILE_TORCH, &lr, 1, DTYPE_FLOAT64, &four, 1, &err),
                 ERR_OK);
    struct optim_step s = fixture_next(&f);
    struct explain x = {.arena = &arena};
    cr_assert_eq(optim_explain(f.o, &s, &f.b, &eight, 0, &x, &err), ERR_OK);
    cr_assert_geq(x.count, 5);
    cr_expect_str_eq(x.lines[1].symbol, "m");
    cr_expect_float_eq(x.lines[1].value, 0.8, 1e-15);
    cr_expect_str_eq(x.lines[2].symbol, "v");
    cr_expect_float_eq(x.lines[2].value, 0.064, 1e-16);
    cr_expect_float_eq(x.lines[x.count - 1].value, 3.900000000125, 1e-12);
    cr_expect_not_null(x.sentence.format);
    fixture_close(&f);
    arena_close(&arena);
}
