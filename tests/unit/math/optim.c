/* math/optim: the registry, and what every descriptor in it must hold to. */
#include "fixture.h"

Test(optim, catalogue_is_sorted_and_found_by_name)
{
    cr_assert_geq(optim_count(), 8);
    for (int i = 0; i < optim_count(); i++) {
        const struct optim *o = optim_at(i);
        cr_expect_eq(optim_find(o->name), o);
        cr_expect(i == 0 || strcmp(optim_at(i - 1)->name, o->name) < 0, "%s", o->name);
    }
    cr_expect_null(optim_find("addam"));
    cr_expect_null(optim_find(""));
    cr_expect_null(optim_at(-1));
    cr_expect_null(optim_at(optim_count()));
}

Test(optim, the_textbook_set_is_there)
{
    static const char *const names[] = {"adam",     "adamw",  "gd",      "minibatch_gd",
                                        "momentum", "newton", "rmsprop", "sgd"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cr_expect_not_null(optim_find(names[i]), "%s", names[i]);
}

static void check_row(const struct optim *o, const struct hyper *y)
{
    cr_expect(y->doc && strlen(y->doc) > 10, "%s.%s has no doc", o->name, y->name);
    cr_expect_eq(!y->choices, y->kind != HYPER_CHOICE, "%s.%s", o->name, y->name);
    double max = y->max;
    for (int k = 0; y->choices && y->choices[k]; k++)
        max = k;
    for (int p = 0; p < PROFILE_COUNT; p++) {
        double x = y->value[p];
        bool none = isnan(x) || x == HYPER_NONE;
        cr_expect(none || (x >= y->min && x <= max), "%s.%s: default %g", o->name, y->name, x);
        cr_expect(none || !y->max_open || x < max, "%s.%s", o->name, y->name);
        cr_expect(y->kind == HYPER_REAL || none || x == floor(x), "%s.%s: default %g", o->name,
                  y->name, x);
        cr_expect(!y->alias[p] || hyper_find(o->hypers, y->alias[p]) < 0,
                  "%s: \"%s\" is a name and an alias", o->name, y->alias[p]);
    }
}

Test(optim, every_descriptor_is_whole)
{
    for (int i = 0; i < optim_count(); i++) {
        const struct optim *o = optim_at(i);
        const char *const texts[] = {o->title, o->formula, o->use_when,
                                     o->pros,  o->cons,    o->reference};
        for (size_t k = 0; k < sizeof texts / sizeof *texts; k++)
            cr_expect(texts[k] && strlen(texts[k]) > 3, "%s: text %zu", o->name, k);
        cr_expect_not_null(o->kernel);
        cr_expect(o->needs & NEED_GRADIENT, "%s", o->name);
        cr_expect_lt(hyper_count(o->hypers), HYPER_MAX, "%s", o->name);
        cr_assert_lt(o->lr, hyper_count(o->hypers), "%s", o->name);
        cr_expect(o->lr < 0 || strcmp(o->hypers[o->lr].name, "lr") == 0, "%s", o->name);
        cr_expect_leq(optim_slots(o), OPTIM_SLOTS);
        for (const struct hyper *y = o->hypers; y->name; y++)
            check_row(o, y);
        for (int k = 0; k < optim_slots(o); k++)
            cr_expect_not_null(o->slots[k].doc, "%s", o->slots[k].name);
    }
}

/* Twenty steps with one gradient and a loss that falls; fills ret_w. */
static void steps_with(const char *name, enum profile profile, const double *g, double *ret_w)
{
    struct hyper_arg args[REQUIRED_ARGS];
    size_t arg_count = required_args(optim_find(name), profile, 0.01, args);
    const double start[] = {1, -2, 3}, diagonal[] = {1, 2, 3};
    static const double matrix[9] = {4, 1, 0, 1, 3, 0, 0, 0, 2};
    const bool touched[] = {true, true, true};
    struct fixture f;
    struct err err;
    cr_assert_eq(fixture_init(&f, name, profile, args, arg_count, DTYPE_FLOAT64, start, 3, &err),
                 ERR_OK, "%s: %s", name, err.at[0].detail);
    f.hessian_diagonal = diagonal;
    if ((f.o->needs & NEED_HESSIAN) && !(f.o->needs & NEED_HESSIAN_DIAGONAL))
        f.hessian = matrix;
    f.second_gradient = f.samples = g;
    f.sample_count = 1;
    f.loss = 1;
    f.touched = touched;
    for (int t = 0; t < 20; t++, f.loss -= 0.01)
        cr_assert_eq(fixture_step(&f, g, &err), ERR_OK, "%s: %s", name, err.at[0].detail);
    cr_expect(f.norms.finite, "%s", name);
    memcpy(ret_w, f.b.w, 3 * sizeof *ret_w);
    fixture_close(&f);
}

/* The defaults of every profile, with lr where it has to be given, make an optimizer that steps:
 * below where the gradient turned round would have led it. */
Test(optim, every_profile_steps_with_its_defaults)
{
    const double g[] = {0.5, 0.25, -0.125}, turned[] = {-0.5, -0.25, 0.125};
    for (int i = 0; i < optim_count(); i++) {
        for (int p = 0; p < PROFILE_COUNT; p++) {
            const char *name = optim_at(i)->name;
            double down[3], up[3];
            steps_with(name, (enum profile)p, g, down);
            steps_with(name, (enum profile)p, turned, up);
            cr_expect_lt(down[0], up[0], "%s descends", name);
            cr_expect_lt(down[1], up[1], "%s descends", name);
            cr_expect_gt(down[2], up[2], "%s descends", name);
        }
    }
}

/* A tensor without numbers between two others is stepped over by every optimizer. */
Test(optim, an_empty_tensor_changes_nothing)
{
    static const double start[] = {1, -2, 3, 4, 5, 6, 7, 8},
                        matrix[64] = {9, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0,
                                      0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0,
                                      0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 9, 0, 0,
                                      0, 0, 0, 0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0, 9};
    static const double g[] = {0.5, 0.25, -0.125, 1, -1, 0.5, 2, -2},
                        ones[] = {1, 1, 1, 1, 1, 1, 1, 1};
    static const bool touched[] = {true, true, true, true, true, true, true, true};
    for (int i = 0; i < optim_count(); i++) {
        double with[8], without[8];
        for (int empty = 0; empty < 2; empty++) {
            const struct optim *o = optim_at(i);
            struct hyper_arg args[REQUIRED_ARGS];
            struct fixture f = {.tensor_count = 2 + empty};
            struct err err;
            f.tensors[0] = (struct tensor){.name = "W", .rank = 2, .shape = {2, 2}, .count = 4};
            f.tensors[1] = (struct tensor){.name = "e", .rank = 2, .shape = {0, 3}, .offset = 4};
            f.tensors[1 + empty] =
                (struct tensor){.name = "b", .rank = 2, .shape = {2, 2}, .offset = 4, .count = 4};
            cr_assert_eq(fixture_init_shaped(&f, o->name, PROFILE_TORCH, args,
                                             required_args(o, PROFILE_TORCH, 0.01, args),
                                             DTYPE_FLOAT64, start, 8, &err),
                         ERR_OK, "%s: %s", o->name, err.at[0].detail);
            f.hessian_diagonal = ones;
            f.hessian =
                (o->needs & NEED_HESSIAN) && !(o->needs & NEED_HESSIAN_DIAGONAL) ? matrix : NULL;
            f.second_gradient = f.samples = g;
            f.sample_count = 1;
            f.touched = touched;
            f.loss = 1;
            for (int t = 0; t < 3; t++, f.loss -= 0.1)
                cr_assert_eq(fixture_step(&f, g, &err), ERR_OK, "%s: %s", o->name,
                             err.at[0].detail);
            cr_expect(f.norms.finite, "%s", o->name);
            memcpy(empty ? with : without, f.b.w, sizeof with);
            fixture_close(&f);
        }
        cr_expect_arr_eq(with, without, sizeof with, "%s", optim_at(i)->name);
    }
}

Test(optim, instruction_sets)
{
    cr_assert(optim_select_isa(NULL));
    const char *best = optim_isa();
    cr_expect_not(optim_select_isa("x86-64-v9"));
    cr_expect_not(optim_select_isa(""));
    cr_expect_str_eq(optim_isa(), best, "a refused choice changes nothing");
    cr_expect(optim_select_isa(best));
    int found = 0;
    for (int i = 0; i < ISA_NAMES; i++) {
        if (!optim_select_isa(isas[i]))
            continue;
        found++;
        cr_expect_str_eq(optim_isa(), isas[i]);
        cr_expect_str_eq(optim_find("adam")->name, "adam");
    }
    cr_expect_geq(found, 1);
}

Test(optim, slots_are_there_only_when_used)
{
    struct tensor x[] = {{.count = 5}, {.count = 7}};
    double h[HYPER_MAX];
    const struct optim *o = optim_find("sgd");
    hyper_resolve(o->hypers, PROFILE_TORCH, "sgd", "#", NULL, 0, h, NULL);
    cr_expect_eq(optim_slot_count(o, 0, h, x, 2), 0);
    h[hyper_find(o->hypers, "momentum")] = 0.9;
    cr_expect_eq(optim_slot_count(o, 0, h, x, 2), 12);
    cr_expect_eq(optim_slot_count(optim_find("momentum"), 0, h, x, 2), 12);
    cr_expect_eq(optim_slots(optim_find("adam")), 3);
    cr_expect_eq(optim_slots(optim_find("gd")), 0);
    cr_expect_eq(optim_scalars(o), 0);
}

/* ---- rules between hyperparameters ---------------------------------------------------------- */

#define TRUE(x)                                                                                    \
    {                                                                                              \
        .name = x, .kind = ARG_BOOL, .number = 1                                                   \
    }
#define NUMBER(x, y)                                                                               \
    {                                                                                              \
        .name = x, .kind = ARG_NUMBER, .number = y                                                 \
    }
#define STRING(x, y)                                                                               \
    {                                                                                              \
        .name = x, .kind = ARG_STRING, .string = y                                                 \
    }

struct rule {
    const char *optimizer;
    enum profile profile;
    struct hyper_arg args[4];
    const char *detail; /* NULL: taken */
};

Test(optim, rules)
{
    const struct rule rules[] = {
        {"sgd", PROFILE_TORCH, {TRUE("nesterov")}, "nesterov needs momentum above 0"},
        {"sgd",
         PROFILE_TORCH,
         {TRUE("nesterov"), NUMBER("momentum", 0.9), NUMBER("dampening", 0.1)},
         "nesterov needs dampening 0"},
        {"sgd", PROFILE_TORCH, {TRUE("nesterov"), NUMBER("momentum", 0.9)}, NULL},
        {"sgd", PROFILE_KERAS, {TRUE("nesterov")}, NULL},
        {"sgd", PROFILE_OPTAX, {TRUE("nesterov"), NUMBER("learning_rate", 1)}, NULL},
        {"sgd",
         PROFILE_KERAS,
         {TRUE("nesterov"), NUMBER("momentum", 0.9), NUMBER("dampening", 0.1)},
         "nesterov needs dampening 0"},
        {"momentum", PROFILE_TORCH, {TRUE("debias")}, "debias needs form \"ema\""},
        {"rprop",
         PROFILE_TORCH,
         {NUMBER("min_step_size", 51)},
         "min_step_size must not be above max_step_size"},
        {"rprop",
         PROFILE_PAPER,
         {STRING("move", "previous")},
         "turn \"back\" needs move \"newest\""},
        {"rprop", PROFILE_PAPER, {STRING("move", "previous"), STRING("turn", "stay")}, NULL},
    };
    double start = 1;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const struct rule *r = &rules[i];
        struct fixture f;
        struct err err;
        size_t count = 0;
        while (r->args[count].name)
            count++;
        enum err_code code = fixture_init(&f, r->optimizer, r->profile, r->args, count,
                                          DTYPE_FLOAT64, &start, 1, &err);
        cr_expect_eq(code, r->detail ? ERR_VALIDATION : ERR_OK, "rule %zu", i);
        if (r->detail && code != ERR_OK)
            cr_expect_str_eq(err.at[0].detail, r->detail);
        if (code == ERR_OK)
            fixture_close(&f);
    }
}

/* muon with others "refuse", as torch has it: each tensor that is no matrix is named. */
Test(optim, takes_matrices_alone)
{
    const struct tensor x[] = {{.name = "W", .rank = 2, .shape = {2, 3}, .count = 6},
                               {.name = "b", .rank = 1, .shape = {3}, .count = 3}};
    const struct hyper_arg refuse = STRING("others", "refuse");
    const struct optim *o = optim_find("muon");
    double h[HYPER_MAX];
    struct err err;
    err_init(&err);
    cr_assert_eq(hyper_resolve(o->hypers, PROFILE_TORCH, "muon", "#", &refuse, 1, h, &err), ERR_OK);
    cr_expect_eq(o->takes(h, x, 1, "#/parameters", &err), ERR_OK);
    cr_expect_eq(o->takes(h, x, 2, "#/parameters", &err), ERR_VALIDATION);
    cr_expect_str_eq(err.at[0].pointer, "#/parameters");
    cr_expect_str_eq(err.at[0].detail, "muon steps matrices, and tensor \"b\" has 1 axes; give it "
                                       "two, or set others to adamw");
    hyper_resolve(o->hypers, PROFILE_TORCH, "muon", "#", NULL, 0, h, NULL);
    cr_expect_eq(o->takes(h, x, 2, "#/parameters", &err), ERR_OK);
}
