/* math/hyper: what a client may give, in which profile, and what is said where it is wrong. */
#include "math/hyper.h"
#include "math/optim.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *const colours[] = {"red", "green", "blue", NULL};
static const struct hyper table[] = {{.name = "lr",
                                      .kind = HYPER_REAL,
                                      .value = {1e-3, 1e-2, HYPER_REQUIRED, 0.1},
                                      .alias = {NULL, "learning_rate", "learning_rate", NULL},
                                      .min = 0,
                                      .max = INFINITY,
                                      .doc = "lr"},
                                     {.name = "beta1",
                                      .kind = HYPER_REAL,
                                      .value = {0.9, 0.9, 0.9, 0.9},
                                      .alias = {"betas[0]", "beta_1", "b1", NULL},
                                      .min = 0,
                                      .max = 1,
                                      .max_open = true,
                                      .doc = "b"},
                                     {.name = "beta2",
                                      .kind = HYPER_REAL,
                                      .value = {0.999, 0.999, 0.999, 0.999},
                                      .alias = {"betas[1]", "beta_2", "b2", NULL},
                                      .min = 0,
                                      .max = 1,
                                      .max_open = true,
                                      .doc = "b"},
                                     {.name = "steps",
                                      .kind = HYPER_INTEGER,
                                      .value = {5, 5, 5, 5},
                                      .null_in = 1 << PROFILE_KERAS,
                                      .null = 7,
                                      .min = 0,
                                      .max = 10,
                                      .min_open = true,
                                      .doc = "n"},
                                     {.name = "amsgrad", .kind = HYPER_BOOL, .max = 1, .doc = "a"},
                                     {.name = "colour",
                                      .kind = HYPER_CHOICE,
                                      .value = {0, 1, 2, 0},
                                      .alias = {NULL, NULL, "is_green", NULL},
                                      .choices = colours,
                                      .doc = "c"},
                                     {.name = NULL}};
enum { LR, BETA1, BETA2, STEPS, AMSGRAD, COLOUR, ROWS };

static const double pair[] = {0.5, 0.25}, wrong_pair[] = {0.5, 1.0}, triple[] = {1, 2, 3};

static struct hyper_arg number(const char *name, double x)
{
    return (struct hyper_arg){.name = name, .kind = ARG_NUMBER, .number = x};
}

static struct hyper_arg boolean(const char *name, bool x)
{
    return (struct hyper_arg){.name = name, .kind = ARG_BOOL, .number = x};
}

static struct hyper_arg string(const char *name, const char *s)
{
    return (struct hyper_arg){.name = name, .kind = ARG_STRING, .string = s};
}

static struct hyper_arg numbers(const char *name, const double *x, size_t count)
{
    return (struct hyper_arg){.name = name, .kind = ARG_NUMBERS, .numbers = x, .count = count};
}

static struct hyper_arg null(const char *name)
{
    return (struct hyper_arg){.name = name, .kind = ARG_NULL};
}

static struct hyper_arg other(const char *name)
{
    return (struct hyper_arg){.name = name, .kind = ARG_OTHER};
}

struct accepted {
    enum profile profile;
    struct hyper_arg arg;
    int row;
    double value;
};

Test(hyper, accepts)
{
    const struct accepted cases[] = {
        {PROFILE_TORCH, number("lr", 0.25), LR, 0.25},
        {PROFILE_TORCH, number("lr", 0), LR, 0},
        {PROFILE_TORCH, number("lr", 1e300), LR, 1e300},
        {PROFILE_KERAS, number("lr", 0.25), LR, 0.25},
        {PROFILE_KERAS, number("learning_rate", 0.25), LR, 0.25},
        {PROFILE_KERAS, null("learning_rate"), LR, 1e-2},
        {PROFILE_TORCH, null("lr"), LR, 1e-3},
        {PROFILE_TORCH, numbers("betas", pair, 2), BETA1, 0.5},
        {PROFILE_TORCH, numbers("betas", pair, 2), BETA2, 0.25},
        {PROFILE_TORCH, null("betas"), BETA2, 0.999},
        {PROFILE_KERAS, number("beta_2", 0.5), BETA2, 0.5},
        {PROFILE_PAPER, number("beta2", 0.5), BETA2, 0.5},
        {PROFILE_TORCH, number("steps", 10), STEPS, 10},
        {PROFILE_TORCH, null("steps"), STEPS, 5},
        {PROFILE_KERAS, null("steps"), STEPS, 7},
        {PROFILE_TORCH, boolean("amsgrad", true), AMSGRAD, 1},
        {PROFILE_TORCH, boolean("amsgrad", false), AMSGRAD, 0},
        {PROFILE_TORCH, string("colour", "blue"), COLOUR, 2},
        {PROFILE_KERAS, null("colour"), COLOUR, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct accepted *c = &cases[i];
        struct err err;
        double h[HYPER_MAX];
        err_init(&err);
        cr_expect_eq(hyper_resolve(table, c->profile, "toy", "#/optimizer", &c->arg, 1, h, &err),
                     ERR_OK, "%s: %s", c->arg.name, err.at[0].detail);
        cr_expect_eq(h[c->row], c->value, "%s gave %g", c->arg.name, h[c->row]);
    }
}

Test(hyper, choice_takes_a_boolean_by_its_alias)
{
    struct hyper_arg args[] = {number("lr", 1), boolean("is_green", true)};
    double h[HYPER_MAX];
    cr_assert_eq(hyper_resolve(table, PROFILE_OPTAX, "toy", "#", args, 2, h, NULL), ERR_OK);
    cr_expect_eq(h[COLOUR], 1);
    args[1].number = 0;
    cr_assert_eq(hyper_resolve(table, PROFILE_OPTAX, "toy", "#", args, 2, h, NULL), ERR_OK);
    cr_expect_eq(h[COLOUR], 0);
}

struct refused {
    enum profile profile;
    struct hyper_arg arg;
    const char *pointer, *detail, *suggestion;
};

Test(hyper, refuses)
{
    const struct refused cases[] = {
        {PROFILE_TORCH, number("learning_rate", 1), "#/optimizer/learning_rate",
         "toy has no hyperparameter \"learning_rate\"", "lr"},
        {PROFILE_TORCH, number("beta_1", 1), "#/optimizer/beta_1",
         "toy has no hyperparameter \"beta_1\"", "beta1"},
        {PROFILE_KERAS, numbers("betas", pair, 2), "#/optimizer/betas",
         "toy has no hyperparameter \"betas\"", "beta1"},
        {PROFILE_TORCH, number("amsgrd", 1), "#/optimizer/amsgrd",
         "toy has no hyperparameter \"amsgrd\"", "amsgrad"},
        {PROFILE_TORCH, number("zzz", 1), "#/optimizer/zzz", "toy has no hyperparameter \"zzz\"",
         ""},
        {PROFILE_TORCH, number("a/b~c d", 1), "#/optimizer/a~1b~0c%20d",
         "toy has no hyperparameter \"a/b~c d\"", ""},
        {PROFILE_TORCH, boolean("foreach", true), "#/optimizer/foreach",
         "toy has no \"foreach\": it says how a library computes, not what; leave it out", ""},
        {PROFILE_TORCH, number("lr", -1), "#/optimizer/lr", "lr must be a number, at least 0", ""},
        {PROFILE_TORCH, number("lr", INFINITY), "#/optimizer/lr", "lr must be a number, at least 0",
         ""},
        {PROFILE_TORCH, string("lr", "0.1"), "#/optimizer/lr", "lr must be a number, at least 0",
         ""},
        {PROFILE_TORCH, number("beta1", 1), "#/optimizer/beta1",
         "beta1 must be a number, at least 0 and below 1", ""},
        {PROFILE_TORCH, boolean("beta1", true), "#/optimizer/beta1",
         "beta1 must be a number, at least 0 and below 1", ""},
        {PROFILE_TORCH, numbers("betas", wrong_pair, 2), "#/optimizer/betas/1",
         "beta2 must be a number, at least 0 and below 1", ""},
        {PROFILE_TORCH, numbers("betas", triple, 3), "#/optimizer/betas",
         "betas must be a list of 2 numbers", ""},
        {PROFILE_TORCH, number("betas", 0.9), "#/optimizer/betas",
         "betas must be a list of 2 numbers", ""},
        {PROFILE_TORCH, number("steps", 2.5), "#/optimizer/steps",
         "steps must be a whole number, above 0 and at most 10", ""},
        {PROFILE_TORCH, number("steps", 0), "#/optimizer/steps",
         "steps must be a whole number, above 0 and at most 10", ""},
        {PROFILE_TORCH, number("amsgrad", 1), "#/optimizer/amsgrad",
         "amsgrad must be true or false", ""},
        {PROFILE_TORCH, string("colour", "gren"), "#/optimizer/colour",
         "colour must be one of \"red\", \"green\", \"blue\"", "green"},
        {PROFILE_TORCH, boolean("colour", true), "#/optimizer/colour",
         "colour must be one of \"red\", \"green\", \"blue\"", ""},
        {PROFILE_TORCH, other("lr"), "#/optimizer/lr",
         "lr must be a number, at least 0; a schedule for it goes into \"schedule\"", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct refused *c = &cases[i];
        struct err err;
        double h[HYPER_MAX] = {[LR] = 42};
        err_init(&err);
        cr_expect_eq(hyper_resolve(table, c->profile, "toy", "#/optimizer", &c->arg, 1, h, &err),
                     ERR_VALIDATION, "%s was taken", c->arg.name);
        cr_expect_eq(err.count, 1, "%s: %d violations", c->arg.name, err.count);
        cr_expect_str_eq(err.at[0].pointer, c->pointer);
        cr_expect_str_eq(err.at[0].detail, c->detail);
        cr_expect_str_eq(err.at[0].suggestion, c->suggestion, "%s: suggested \"%s\"", c->arg.name,
                         err.at[0].suggestion);
        cr_expect_eq(h[LR], 42, "outputs are untouched on failure");
    }
}

Test(hyper, every_violation_is_reported)
{
    struct hyper_arg args[] = {number("b1", 2), number("nonsense", 1), string("amsgrad", "yes"),
                               number("steps", 99)};
    struct err err;
    double h[HYPER_MAX];
    err_init(&err);
    cr_assert_eq(hyper_resolve(table, PROFILE_OPTAX, "toy", "#", args, 4, h, &err), ERR_VALIDATION);
    cr_assert_eq(err.count, 5);
    cr_expect_str_eq(err.at[4].pointer, "#/lr");
    cr_expect_str_eq(
        err.at[4].detail,
        "lr has to be given, also as learning_rate: toy has no default for it in profile optax");
}

Test(hyper, required_and_null)
{
    struct hyper_arg arg = null("learning_rate");
    struct err err;
    double h[HYPER_MAX];
    err_init(&err);
    cr_expect_eq(hyper_resolve(table, PROFILE_OPTAX, "toy", "#", NULL, 0, h, &err), ERR_VALIDATION);
    cr_expect_eq(hyper_resolve(table, PROFILE_OPTAX, "toy", "#", &arg, 1, h, &err), ERR_VALIDATION);
    arg = number("learning_rate", 0.5);
    cr_expect_eq(hyper_resolve(table, PROFILE_OPTAX, "toy", "#", &arg, 1, h, NULL), ERR_OK);
    cr_expect_eq(h[LR], 0.5);
}

Test(hyper, given_twice)
{
    struct hyper_arg args[] = {number("beta1", 0.5), numbers("betas", pair, 2)};
    struct err err;
    double h[HYPER_MAX];
    err_init(&err);
    cr_expect_eq(hyper_resolve(table, PROFILE_TORCH, "toy", "#/o", args, 2, h, &err),
                 ERR_VALIDATION);
    cr_expect_eq(err.count, 1);
    cr_expect_str_eq(err.at[0].pointer, "#/o/betas/0");
    cr_expect_str_eq(err.at[0].detail, "beta1 is given twice, by two of its names");
}

Test(hyper, patch_keeps_the_rest)
{
    struct hyper_arg args[] = {number("learning_rate", 0.5), null("beta_1")};
    double h[HYPER_MAX] = {1, 0.1, 0.2, 3, 1, 2};
    cr_assert_eq(hyper_patch(table, PROFILE_KERAS, "toy", "#", args, 2, h, NULL), ERR_OK);
    const double want[] = {0.5, 0.9, 0.2, 3, 1, 2};
    cr_expect_arr_eq(h, want, sizeof want);
    args[1] = number("beta_1", 7);
    cr_assert_eq(hyper_patch(table, PROFILE_KERAS, "toy", "#", args, 2, h, NULL), ERR_VALIDATION);
    cr_expect_arr_eq(h, want, sizeof want);
}

Test(hyper, count_and_find)
{
    cr_expect_eq(hyper_count(table), ROWS);
    cr_expect_eq(hyper_find(table, "beta2"), BETA2);
    cr_expect_eq(hyper_find(table, "betas"), -1);
}

/* Defaults by the libraries' documentation: torch 2.13, keras 3.15, optax 0.2.8. */
struct expected {
    const char *optimizer;
    enum profile profile;
    const char *row;
    double value;
};

Test(hyper, defaults_are_those_of_the_libraries)
{
    const struct expected cases[] = {
        {"sgd", PROFILE_TORCH, "lr", 1e-3},
        {"sgd", PROFILE_KERAS, "lr", 1e-2},
        {"sgd", PROFILE_OPTAX, "lr", HYPER_REQUIRED},
        {"sgd", PROFILE_TORCH, "weight_decay", 0},
        {"rmsprop", PROFILE_TORCH, "lr", 1e-2},
        {"rmsprop", PROFILE_TORCH, "rho", 0.99},
        {"rmsprop", PROFILE_TORCH, "eps", 1e-8},
        {"rmsprop", PROFILE_TORCH, "eps_placement", 0},
        {"rmsprop", PROFILE_KERAS, "lr", 1e-3},
        {"rmsprop", PROFILE_KERAS, "rho", 0.9},
        {"rmsprop", PROFILE_KERAS, "eps", 1e-7},
        {"rmsprop", PROFILE_KERAS, "eps_placement", 1},
        {"rmsprop", PROFILE_OPTAX, "rho", 0.9},
        {"rmsprop", PROFILE_OPTAX, "eps", 1e-8},
        {"rmsprop", PROFILE_OPTAX, "eps_placement", 1},
        {"rmsprop", PROFILE_OPTAX, "initial_scale", 0},
        {"adam", PROFILE_TORCH, "lr", 1e-3},
        {"adam", PROFILE_TORCH, "eps", 1e-8},
        {"adam", PROFILE_KERAS, "eps", 1e-7},
        {"adam", PROFILE_KERAS, "eps_placement", 1},
        {"adam", PROFILE_OPTAX, "lr", HYPER_REQUIRED},
        {"adam", PROFILE_OPTAX, "eps_root", 0},
        {"adam", PROFILE_OPTAX, "amsgrad_max", 1},
        {"adam", PROFILE_PAPER, "lr", 1e-3},
        {"adam", PROFILE_PAPER, "beta2", 0.999},
        {"adamw", PROFILE_TORCH, "weight_decay", 1e-2},
        {"adamw", PROFILE_KERAS, "weight_decay", 4e-3},
        {"adamw", PROFILE_OPTAX, "weight_decay", 1e-4},
        {"adamw", PROFILE_PAPER, "weight_decay_mode", 2},
        {"newton", PROFILE_TORCH, "lr", 1},
        {"newton", PROFILE_TORCH, "damping", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct expected *c = &cases[i];
        const struct optim *o = optim_find(c->optimizer);
        cr_assert_not_null(o);
        int row = hyper_find(o->hypers, c->row);
        cr_assert_geq(row, 0, "%s has no %s", c->optimizer, c->row);
        double got = o->hypers[row].value[c->profile];
        cr_expect(got == c->value || (isnan(got) && isnan(c->value)), "%s %s %s: %g", c->optimizer,
                  profile_names[c->profile], c->row, got);
    }
}
