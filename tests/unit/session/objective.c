/* session/objective: every objective is kept and made again to the bit, and a session that moves
 * down its own goes the way that a race goes. */
#include "session/objective.h"

#include "base/clock.h"
#include "session/race.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(objective, .timeout = 60);

static struct err err;

static struct objective_spec *made(const struct objective_given *given, struct arena *a)
{
    struct objective_spec *spec = NULL;
    err_init(&err);
    enum err_code code = objective_make(given, "#/objective", a, &spec, &err);
    cr_assert_eq(code, ERR_OK, "%s: %s", given->name, err.at[0].detail);
    return spec;
}

static struct buf packed(const struct objective_spec *spec)
{
    struct buf b;
    buf_init(&b);
    objective_pack(spec, &b);
    cr_assert_not(b.failed);
    return b;
}

static double loss_at_start(const struct objective_spec *spec, uint64_t step, struct arena *a)
{
    double *w = arena_alloc(a, spec->n * sizeof *w), loss = NAN;
    cr_assert_not_null(w);
    objective_start(spec, 0, w);
    for (size_t i = 0; i < spec->n; i++)
        w[i] += 0.125;
    cr_assert_eq(objective_evaluate(spec, w, step, &loss, NULL, NULL, a, &err), ERR_OK);
    return loss;
}

static void check_kept(const struct objective_given *given)
{
    struct arena a;
    struct objective_spec *again = NULL;
    arena_init(&a);
    struct objective_spec *spec = made(given, &a);
    struct buf b = packed(spec);
    err_init(&err);
    cr_assert_eq(objective_unpack(b.data, b.len, &a, &again, &err), ERR_OK, "%s", given->name);
    struct buf c = packed(again);
    cr_expect_eq(b.len, c.len, "%s", given->name);
    cr_expect(b.len == c.len && memcmp(b.data, c.data, b.len) == 0, "%s", given->name);
    for (uint64_t step = 0; step < 3; step++)
        cr_expect_eq(loss_at_start(spec, step, &a), loss_at_start(again, step, &a), "%s",
                     given->name);
    for (size_t cut = 0; cut < b.len; cut += b.len / 40 + 1) {
        err_init(&err);
        cr_expect_eq(objective_unpack(b.data, cut, &a, &again, &err), ERR_STORE, "%s cut at %zu",
                     given->name, cut);
    }
    b.data[b.len / 2] ^= 1;
    err_init(&err);
    cr_expect_eq(objective_unpack(b.data, b.len, &a, &again, &err), ERR_STORE, "%s", given->name);
    buf_close(&b);
    buf_close(&c);
    arena_close(&a);
}

Test(objective, every_one_is_made_again)
{
    for (int i = 0; i < objective_count(); i++)
        check_kept(
            &(struct objective_given){.name = objective_at(i)->name, .batch_size = -1, .seed = -1});
}

static const double x[] = {1, 2, 2, 1, 0, 1, 3, 5}, y[] = {0, 1, 1, 0}, matrix[] = {2, 1, 1, 3};
static const struct dataset uploaded = {.name = "mine", .rows = 4, .columns = 2, .x = x, .y = y};
static const struct array_given xy[] = {
    {.name = "x", .rank = 2, .data = x, .rows = 4, .columns = 2},
    {.name = "y", .rank = 1, .data = y, .rows = 4, .columns = 1}};
static const struct array_given whole[] = {
    {.name = "matrix", .rank = 2, .data = matrix, .rows = 2, .columns = 2}};
static const struct hyper_arg options[] = {{.name = "standardize", .kind = ARG_BOOL, .number = 0},
                                           {.name = "l2", .kind = ARG_NUMBER, .number = 0.25}};

Test(objective, with_data_and_options_too)
{
    check_kept(&(struct objective_given){.name = "logistic_regression",
                                         .arrays = xy,
                                         .array_count = 2,
                                         .args = options,
                                         .arg_count = 2,
                                         .batch_size = 3,
                                         .seed = 11});
    check_kept(&(struct objective_given){.name = "linear_regression",
                                         .dataset = "mine",
                                         .data = &uploaded,
                                         .batch_size = 0,
                                         .seed = 2});
    check_kept(&(struct objective_given){
        .name = "quadratic", .arrays = whole, .array_count = 1, .batch_size = -1, .seed = -1});
}

/* Steps of a session on its objective. */
static void descend(struct session *s, int steps)
{
    struct arena scratch;
    arena_init(&scratch);
    for (int i = 0; i < steps; i++) {
        struct step_input in = {.expected_step = -1};
        struct step_output out = {0};
        bool touched = false;
        err_init(&err);
        cr_assert(objective_wanted(s, &in));
        cr_assert_eq(objective_step_input(s->objective, s, &scratch, &in, &err), ERR_OK);
        cr_assert_eq(session_step(s, &in, 0, &scratch, &out, &touched, &err), ERR_OK, "%s",
                     err.at[0].detail);
        cr_assert(isfinite(out.metrics.loss));
        arena_reset(&scratch);
    }
    arena_close(&scratch);
}

static void check_like_race(const char *optimizer, const char *objective, size_t batch)
{
    enum { STEPS = 40 };
    struct arena a;
    struct race race;
    struct session *s = NULL;
    struct hyper_arg lr = {.name = "lr", .kind = ARG_NUMBER, .number = 0.01};
    arena_init(&a);
    struct objective_spec *spec =
        made(&(struct objective_given){.name = objective, .batch_size = -1, .seed = -1}, &a);
    double *start = arena_alloc(&a, spec->n * sizeof *start);
    objective_start(spec, 0, start);
    struct session_spec entry = {.optimizer = optimizer, .args = &lr, .arg_count = 1};
    struct race_request q = {.objective = spec,
                             .entries = &entry,
                             .count = 1,
                             .steps = STEPS,
                             .start = start,
                             .target = NAN,
                             .max_seconds = 30};
    err_init(&err);
    cr_assert_eq(race_run(&q, &a, &race, &err), ERR_OK);
    entry.objective = spec;
    cr_assert_eq(session_new(&entry, 0, &s, &err), ERR_OK, "%s", err.at[0].detail);
    cr_expect_eq(s->objective->sampling.batch_size, batch, "%s", optimizer);
    descend(s, STEPS);
    cr_expect_arr_eq(s->view.w, race.runs[0].s->view.w, spec->n * sizeof(double), "%s on %s",
                     optimizer, objective);
    session_free(s);
    arena_close(&a);
}

Test(objective, a_session_goes_the_way_of_a_race)
{
    check_like_race("gd", "softmax_regression", 0);
    check_like_race("sgd", "softmax_regression", 1);
    check_like_race("minibatch_gd", "softmax_regression", 32);
    check_like_race("adam", "rosenbrock", 0);
    check_like_race("adahessian", "booth", 0);
    check_like_race("newton", "booth", 0);
}

Test(objective, float32_sessions_are_evaluated_where_they_are)
{
    struct arena a;
    struct session *s = NULL;
    arena_init(&a);
    struct session_spec spec = {.optimizer = "adam", .dtype = "float32"};
    spec.objective =
        made(&(struct objective_given){.name = "beale", .batch_size = -1, .seed = -1}, &a);
    err_init(&err);
    cr_assert_eq(session_new(&spec, 0, &s, &err), ERR_OK);
    descend(s, 1);
    double w[2], loss;
    objective_start(spec.objective, 0, w);
    objective_evaluate(spec.objective, w, 0, &loss, NULL, NULL, &a, &err);
    cr_expect_eq(s->last.loss, loss);
    cr_expect_eq(s->dtype, DTYPE_FLOAT32);
    session_free(s);
    arena_close(&a);
}

static struct session *on_data(const struct objective_spec *spec)
{
    struct session *s = NULL;
    struct session_spec q = {.optimizer = "minibatch_gd", .objective = spec};
    err_init(&err);
    cr_assert_eq(session_new(&q, 0, &s, &err), ERR_OK, "%s", err.at[0].detail);
    return s;
}

/* A patch builds the session anew; what it does not name has to come along. */
Test(objective, a_patched_session_keeps_it)
{
    struct arena a;
    struct hyper_arg lr = {.name = "lr", .kind = ARG_NUMBER, .number = 0.01};
    struct session_patch patch = {.args = &lr, .arg_count = 1};
    arena_init(&a);
    struct objective_given given = {.name = "logistic_regression",
                                    .dataset = "mine",
                                    .data = &uploaded,
                                    .batch_size = 3,
                                    .seed = 2};
    struct session *s = on_data(made(&given, &a)), *plain = on_data(made(&given, &a));
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(session_patch(s, &patch, &err), ERR_OK, "%s", err.at[0].detail);
        descend(s, 2);
    }
    cr_assert_eq(session_patch(plain, &patch, &err), ERR_OK);
    descend(plain, 6);
    cr_expect_arr_eq(s->view.w, plain->view.w, s->view.n * sizeof(double));
    struct buf b = packed(s->objective), c = packed(plain->objective);
    cr_expect(b.len == c.len && memcmp(b.data, c.data, b.len) == 0);
    buf_close(&b);
    buf_close(&c);
    session_free(s);
    session_free(plain);
    arena_close(&a);
}
