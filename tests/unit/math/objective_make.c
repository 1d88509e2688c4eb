/* math/objective: what may be asked for and what is refused, what follows where nothing is said,
 * and the samples of a step. */
#include "math/objective.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static struct arena arena;
static struct err err;

static void setup(void)
{
    arena_init(&arena);
    err_init(&err);
}

static void teardown(void)
{
    arena_close(&arena);
}

TestSuite(objective_make, .init = setup, .fini = teardown);

static struct objective_given asked(const char *name)
{
    return (struct objective_given){.name = name, .batch_size = -1, .seed = -1};
}

static struct objective_spec *make(const struct objective_given *given)
{
    struct objective_spec *s = NULL;
    enum err_code code = objective_make(given, "#/objective", &arena, &s, &err);
    cr_assert_eq(code, ERR_OK, "%s: %s %s", given->name, err.at[0].pointer, err.at[0].detail);
    return s;
}

/* The only violation stands at #/objective/`field`. */
static void refused(const struct objective_given *given, const char *field, const char *suggestion)
{
    struct objective_spec *s = NULL;
    char pointer[ERR_POINTER_LEN];
    err_init(&err);
    cr_assert_eq(objective_make(given, "#/objective", &arena, &s, &err), ERR_VALIDATION, "%s",
                 field);
    snprintf(pointer, sizeof pointer, "#/objective/%s", field);
    cr_expect_eq(err.count, 1, "%s: %d violations", field, err.count);
    cr_expect_str_eq(err.at[0].pointer, pointer, "%s: %s", err.at[0].pointer, err.at[0].detail);
    cr_expect_str_eq(err.at[0].suggestion, suggestion);
    cr_expect(strlen(err.at[0].detail) > 10);
    cr_expect_null(s);
}

static void refused_arg(const char *name, struct hyper_arg arg, const char *suggestion)
{
    struct objective_given given = asked(name);
    given.args = &arg;
    given.arg_count = 1;
    refused(&given, arg.name, suggestion);
}

static void refused_array(const char *name, struct array_given array, const char *field)
{
    struct objective_given given = asked(name);
    given.arrays = &array;
    given.array_count = 1;
    refused(&given, field, "");
}

Test(objective_make, names)
{
    struct objective_given given = asked("rosenbrok");
    refused(&given, "name", "rosenbrock");
    given.name = NULL;
    refused(&given, "name", "");
    refused_arg("ravine", (struct hyper_arg){"conditon", ARG_NUMBER, .number = 3}, "condition");
    refused_arg("quadratic", (struct hyper_arg){"matrx", ARG_NUMBER, .number = 3}, "matrix");
    refused_arg("mlp", (struct hyper_arg){"hiden", ARG_NUMBER, .number = 3}, "hidden");
    refused_arg("mlp", (struct hyper_arg){"batchsize", ARG_NUMBER, .number = 3}, "batch_size");
    refused_arg("beale", (struct hyper_arg){"dimension", ARG_NUMBER, .number = 2}, "");
    refused_arg("beale", (struct hyper_arg){"x", ARG_NUMBER, .number = 2}, "");
}

Test(objective_make, values)
{
    refused_arg("ravine", (struct hyper_arg){"condition", ARG_NUMBER, .number = 0.5}, "");
    refused_arg("rosenbrock", (struct hyper_arg){"dimension", ARG_NUMBER, .number = 1}, "");
    refused_arg("mlp", (struct hyper_arg){"activation", ARG_STRING, .string = "tan"}, "tanh");
    refused_arg("linear_regression", (struct hyper_arg){"l2", ARG_NUMBER, .number = -1}, "");
    struct objective_given given = asked("rosenbrock");
    given.dimension = 1; /* a start of one number */
    refused(&given, "dimension", "");
    struct hyper_arg arg = {"dimension", ARG_NUMBER, .number = 4};
    given.args = &arg;
    given.arg_count = 1;
    given.dimension = 3;
    refused(&given, "dimension", "");
}

Test(objective_make, arrays)
{
    static const double skew[] = {1, 2, 3, 4}, good[] = {2, 1, 1, 2}, nan_[] = {1, NAN, NAN, 1};
    refused_array("quadratic", (struct array_given){"matrix", 2, skew, 2, 2}, "matrix");
    refused_array("quadratic", (struct array_given){"matrix", 2, good, 1, 4}, "matrix");
    refused_array("quadratic", (struct array_given){"matrix", 1, good, 4, 1}, "matrix");
    refused_array("quadratic", (struct array_given){"matrix", 2, nan_, 2, 2}, "matrix/0/1");
    refused_array("quadratic", (struct array_given){"center", 1, good, 4, 1}, "center");
    refused_array("quadratic", (struct array_given){"condition", 1, good, 4, 1}, "condition");
    refused_array("square", (struct array_given){"matrix", 2, good, 2, 2}, "matrix");
    refused_array("square", (struct array_given){"x", 2, good, 2, 2}, "x");
    refused_array("mlp", (struct array_given){"hidden", 1, (double[]){4, 0}, 2, 1}, "hidden");
    refused_array("mlp", (struct array_given){"hidden", 1, (double[]){2.5}, 1, 1}, "hidden");
    refused_array("mlp",
                  (struct array_given){"hidden", 1, (double[]){1, 1, 1, 1, 1, 1, 1, 1}, 8, 1},
                  "hidden");
    refused_array("mlp", (struct array_given){"x", 2, good, 2, 2}, "y");
    refused_array("mlp", (struct array_given){"y", 1, good, 4, 1}, "x");
    struct array_given matrix = {"matrix", 2, good, 2, 2};
    struct hyper_arg condition = {"condition", ARG_NUMBER, .number = 4};
    struct objective_given both = asked("quadratic");
    both.arrays = &matrix;
    both.args = &condition;
    both.array_count = both.arg_count = 1;
    refused(&both, "condition", "");
    both.arg_count = 0;
    both.dimension = 3;
    refused(&both, "dimension", "");
}

static const double x[] = {1, 0, 2, 1, 3, 5, 4, 2};

static struct objective_given on_data(const char *name, const double *y, size_t targets)
{
    static struct array_given arrays[2];
    arrays[0] = (struct array_given){"x", 2, x, 4, 2};
    arrays[1] = (struct array_given){"y", 1, y, targets, 1};
    struct objective_given given = asked(name);
    given.arrays = arrays;
    given.array_count = 2;
    return given;
}

Test(objective_make, data)
{
    static const double binary[] = {0, 1, 1, 0}, gap[] = {0, 2, 0, 2}, half[] = {0, 0.5, 1, 1};
    static const double same[] = {1, 1, 1, 1};
    struct objective_given given = on_data("linear_regression", binary, 3);
    refused(&given, "y", "");
    given = on_data("linear_regression", binary, 4);
    given.dataset = "iris";
    refused(&given, "dataset", "");
    given = asked("linear_regression");
    given.dataset = "irsi";
    refused(&given, "dataset", "iris");
    given = on_data("linear_regression", binary, 4);
    given.batch_size = 5;
    refused(&given, "batch_size", "");
    given = asked("square");
    given.batch_size = 1;
    refused(&given, "batch_size", "");
    given = on_data("softmax_regression", gap, 4);
    refused(&given, "y", "");
    given = on_data("softmax_regression", half, 4);
    refused(&given, "y", "");
    given = on_data("softmax_regression", same, 4);
    refused(&given, "y", "");
    given = on_data("logistic_regression", gap, 4);
    refused(&given, "y", "");
    given = on_data("logistic_regression", same, 4);
    refused(&given, "y", "");
    given = on_data("logistic_regression", binary, 4);
    cr_expect_eq(make(&given)->n, 3);
}

Test(objective_make, every_violation_is_told)
{
    struct hyper_arg args[] = {{"l2", ARG_NUMBER, .number = -1}, {"foo", ARG_NUMBER, .number = 1}};
    struct objective_given given = asked("linear_regression");
    struct objective_spec *s;
    given.args = args;
    given.arg_count = 2;
    given.batch_size = 1000;
    cr_expect_eq(objective_make(&given, "#", &arena, &s, &err), ERR_VALIDATION);
    cr_expect_eq(err.count, 3);
}

/* Built-in data are standardised where nothing is said, a client's are not. */
Test(objective_make, what_follows)
{
    static const double y[] = {0, 1, 1, 0};
    struct objective_given given = asked("linear_regression");
    struct objective_spec *s = make(&given);
    cr_expect_neq(s->x, s->data.x);
    cr_expect_str_eq(s->data.name, "diabetes");
    cr_expect_eq(s->n, 11);
    cr_expect_eq(s->sampling.batch_size, 0);
    cr_expect_not(make(&given)->batch_given);
    given.batch_size = 0;
    cr_expect(make(&given)->batch_given);
    cr_expect_eq(make(&given)->sampling.batch_size, 0);
    given = on_data("linear_regression", y, 4);
    s = make(&given);
    cr_expect_eq(s->x, x);
    cr_expect_eq(s->sampling.batch_size, 0);
    struct hyper_arg off = {"standardize", ARG_BOOL, .number = 0};
    given = asked("linear_regression");
    given.args = &off;
    given.arg_count = 1;
    cr_expect_eq(make(&given)->x, dataset_find("diabetes")->x);
    given = asked("logistic_regression");
    s = make(&given);
    cr_expect_eq(s->h[hyper_find(s->objective->hypers, "positive")], 2);
    double loss, zero[5] = {0};
    cr_assert_eq(objective_evaluate(s, zero, 0, &loss, NULL, NULL, &arena, &err), ERR_OK);
    cr_expect_leq(fabs(loss - log(2)), 1e-14);
}

Test(objective_make, dimension_follows_the_start)
{
    struct objective_given given = asked("rosenbrock");
    cr_expect_eq(make(&given)->n, 2);
    given.dimension = 7;
    struct objective_spec *s = make(&given);
    cr_expect_eq(s->n, 7);
    cr_expect_eq(s->h[0], 7);
    double w[7];
    objective_start(s, 1, w);
    for (int i = 0; i < 7; i++)
        cr_expect_eq(w[i], i % 2 ? 1 : -1.2);
}

Test(objective_make, no_hessian_no_answer)
{
    struct objective_given given = asked("mlp");
    struct objective_spec *s = make(&given);
    double *w = arena_zalloc(&arena, s->n, sizeof *w), *h = arena_alloc(&arena, s->n * s->n * 8);
    cr_expect_eq(objective_evaluate(s, w, 0, NULL, NULL, h, &arena, &err), ERR_VALIDATION);
}

/* ---- samples of a step --------------------------------------------------------------------- */

static double loss_of(const struct objective_spec *s, const double *w, uint64_t step, double *g)
{
    double loss = NAN;
    cr_assert_eq(objective_evaluate(s, w, step, &loss, g, NULL, &arena, &err), ERR_OK);
    return loss;
}

/* The mean over an epoch is that of the whole set; a step is the mean of its own rows. */
static void check_batches(const char *name)
{
    struct objective_given given = asked(name);
    given.batch_size = 7;
    given.seed = 5;
    struct objective_spec *s = make(&given), *again = make(&given);
    const size_t n = s->n;
    const size_t steps = (s->data.rows + 6) / 7;
    double *w = arena_alloc(&arena, n * sizeof *w), *g = arena_alloc(&arena, n * sizeof *g);
    double *sum = arena_zalloc(&arena, n, sizeof *sum), loss = 0;
    for (size_t i = 0; i < n; i++)
        w[i] = 0.1 * (double)(i % 7) - 0.3;
    for (size_t t = 1; t <= steps; t++) {
        double share = (double)(t < steps ? 7 : s->data.rows - 7 * (steps - 1));
        double one = loss_of(s, w, t, g);
        loss += one * share / (double)s->data.rows;
        for (size_t i = 0; i < n; i++)
            sum[i] += g[i] * share / (double)s->data.rows;
        cr_expect_eq(loss_of(again, w, t, NULL), one, "%s does not repeat", name);
    }
    double whole = loss_of(s, w, 0, g);
    cr_expect_leq(fabs(loss - whole), 1e-12 * fabs(whole), "%s: %.17g, %.17g", name, loss, whole);
    for (size_t i = 0; i < n; i++)
        cr_expect_leq(fabs(sum[i] - g[i]), 1e-12 * (1 + fabs(whole)), "%s", name);
    cr_expect_neq(loss_of(s, w, 1, NULL), loss_of(s, w, 2, NULL));
    cr_expect_neq(loss_of(s, w, 1, NULL), loss_of(s, w, 1 + steps, NULL), "%s: a new order", name);
    given.seed = 6;
    cr_expect_neq(loss_of(make(&given), w, 1, NULL), loss_of(s, w, 1, NULL), "%s: seeds", name);
}

Test(objective_make, batches_of_an_epoch_make_up_the_whole_set)
{
    int models = 0;
    for (int i = 0; i < objective_count(); i++) {
        if (objective_at(i)->model) {
            check_batches(objective_at(i)->name);
            models++;
        }
    }
    cr_expect_geq(models, 4);
}

/* Glorot's start: by the seed, within its bound, intercepts 0. */
Test(objective_make, a_network_starts_at_random)
{
    struct objective_given given = asked("mlp");
    struct objective_spec *s = make(&given);
    double *a = arena_alloc(&arena, s->n * 8), *b = arena_alloc(&arena, s->n * 8);
    objective_start(s, 0, a);
    objective_start(s, 0, b);
    cr_expect_arr_eq(a, b, s->n * sizeof *a);
    double most = 0;
    for (size_t i = 0; i < s->tensors[0].count; i++)
        most = fmax(most, fabs(a[i]));
    cr_expect(most > 0.5 && most <= sqrt(6.0 / 12), "%g", most);
    for (size_t i = 0; i < s->tensors[1].count; i++)
        cr_expect_eq(a[s->tensors[1].offset + i], 0);
    given.seed = 1;
    objective_start(make(&given), 0, b);
    cr_expect_arr_neq(a, b, s->n * sizeof *a);
}

/* Scores so large that e^z overflows: the loss is finite, and the gradient right. */
Test(objective_make, large_scores_do_not_overflow)
{
    static const double y[] = {0, 1, 1, 0};
    static const char *const names[] = {"logistic_regression", "softmax_regression"};
    for (size_t k = 0; k < 2; k++) {
        struct objective_given given = on_data(names[k], y, 4);
        struct objective_spec *s = make(&given);
        double *w = arena_alloc(&arena, s->n * 8), *g = arena_alloc(&arena, s->n * 8);
        for (size_t i = 0; i < s->n; i++)
            w[i] = 1e4 * (i % 2 ? -1.0 : 1.5);
        cr_expect(isfinite(loss_of(s, w, 0, g)), "%s", names[k]);
        for (size_t i = 0; i < s->n; i++)
            cr_expect(isfinite(g[i]), "%s", names[k]);
    }
}
