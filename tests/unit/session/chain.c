/* Every transform of the catalogue around a few optimizers, in both dtypes: the last line of each
 * step's explanation is what is stored, a session repeats to the bit, and one that was opened from
 * its block goes on as if nothing had been. */
#include "fixture.h"

#include "math/explain.h"

enum { N = 6, HALF = 10, ARGS = 8 };

static const double start[N] = {1, -2, 3, 0.5, -0.25, 4};
static const char *const optimizers[] = {"sgd", "adam", "lion", "lamb"};

/* Numbers that look like nothing much, the same each time. */
static void gradient(int t, double *g)
{
    for (int i = 0; i < N; i++)
        g[i] = fmod((double)((t * 7 + i * 13) * (t + 3 * i + 1)) * 0.37, 5.0) - 2.3;
}

static size_t required(const struct transform *t, struct hyper_arg *args)
{
    size_t count = 0;
    for (const struct hyper *y = t->hypers; y->name; y++) {
        double usual = y->value[PROFILE_TORCH];
        bool nothing = y->kind == HYPER_REAL && (usual == 0 || usual == HYPER_NONE);
        if (isnan(usual) || (t->check && nothing))
            args[count++] = number(y->name, y->kind == HYPER_INTEGER ? 3 : 0.25);
    }
    cr_assert_leq(count, ARGS);
    return count;
}

static struct session *make_around(const struct transform *t, const char *optimizer,
                                   const char *dtype)
{
    struct tensor tensors[2] = {tensor("W", 2, 2, 2, 0), tensor("b", 1, 2, 0, 4)};
    struct hyper_arg lr = number("lr", 0.1), args[ARGS];
    struct transform_given given = {.name = t->name, .args = args};
    given.arg_count = required(t, args);
    given.match = t->needs_pattern ? "b" : NULL;
    struct session_spec spec = {.optimizer = optimizer,
                                .args = &lr,
                                .arg_count = 1,
                                .dtype = dtype,
                                .transforms = &given,
                                .transform_count = 1,
                                .parameters = named(tensors, 2, start, N)};
    return make(&spec);
}

/* Makes step t and holds the explanation against what is stored. */
static void step_explained(struct session *s, const struct transform *transform, int t)
{
    double g[2][N];
    struct tensor tensors[2] = {tensor("W", 2, 2, 2, 0), tensor("b", 1, 2, 0, 4)};
    struct values samples[2];
    struct err err;
    struct arena a;
    bool touched = false;
    gradient(t, g[0]);
    gradient(t + 50, g[1]);
    samples[0] = named(tensors, 2, g[0], N);
    samples[1] = named(tensors, 2, g[1], N);
    struct step_input in = {.gradient = samples[0], .expected_step = -1, .loss = NAN};
    if (transform->needs_samples) {
        in.gradient = (struct values){0};
        in.gradients = samples;
        in.gradient_count = 2;
    }
    struct step_output out = {0};
    size_t i = (size_t)t % N;
    arena_init(&a);
    err_init(&err);
    cr_assert(step_output_explain(&out, i, &a));
    enum err_code code = session_step(s, &in, NOW, &a, &out, &touched, &err);
    cr_assert_eq(code, ERR_OK, "%s: %s: %s", transform->name, err.at[0].pointer, err.at[0].detail);
    cr_assert_gt(out.explanation->count, 0, "%s", transform->name);
    const struct explain_line *last = &out.explanation->lines[out.explanation->count - 1];
    double stored = weight(s, i);
    cr_expect_str_eq(last->symbol, "w", "%s around %s", transform->name, s->optim->name);
    cr_expect_eq(memcmp(&last->value, &stored, sizeof stored), 0,
                 "%s around %s, step %d, coordinate %zu: explained %.17g, stored %.17g",
                 transform->name, s->optim->name, t, i, last->value, stored);
    arena_close(&a);
}

static void run(struct session *s, const struct transform *t, int from, int to)
{
    for (int k = from; k <= to; k++)
        step_explained(s, t, k);
}

/* What a restart leaves: the block, and the counts beside it. */
static void reopen(struct session *to, struct session *from)
{
    struct err err;
    uint8_t *before = to->block;
    err_init(&err);
    block_seal(from);
    cr_assert_eq(block_open(to, from->block, from->block_bytes, &err), ERR_OK, "%s",
                 err.at[0].detail);
    free(before);
    to->step = from->step;
    to->skipped = from->skipped;
}

static void check(const struct transform *t, const char *optimizer, const char *dtype)
{
    struct session *a = make_around(t, optimizer, dtype), *b = make_around(t, optimizer, dtype);
    struct session *c = make_around(t, optimizer, dtype);
    run(a, t, 1, 2 * HALF);
    run(b, t, 1, HALF);
    reopen(c, b);
    run(c, t, HALF + 1, 2 * HALF);
    block_seal(a);
    block_seal(c);
    cr_expect_eq(a->block_bytes, c->block_bytes);
    cr_expect_eq(memcmp(a->block, c->block, a->block_bytes), 0, "%s around %s, %s", t->name,
                 optimizer, dtype);
    run(b, t, HALF + 1, 2 * HALF);
    block_seal(b);
    cr_expect_eq(memcmp(a->block, b->block, a->block_bytes), 0, "%s around %s does not repeat",
                 t->name, optimizer);
    session_free(a);
    session_free(b);
    session_free(c);
}

Test(chain, every_transform_around_some_optimizers)
{
    optim_select_isa(NULL);
    for (int i = 0; i < transform_count(); i++) {
        for (size_t k = 0; k < sizeof optimizers / sizeof *optimizers; k++) {
            check(transform_at(i), optimizers[k], "float64");
            check(transform_at(i), optimizers[k], "float32");
        }
    }
}

/* One line for each link that changes the number, with its name. */
Test(chain, lines_name_their_transforms)
{
    struct hyper_arg lr = number("lr", 1), bound = number("max_value", 0.5);
    struct hyper_arg lower[2] = {number("lower", 0), number("upper", 3)};
    struct transform_given given[3] = {{.name = "maximize"},
                                       {.name = "clip_value", .args = &bound, .arg_count = 1},
                                       {.name = "project_box", .args = lower, .arg_count = 2}};
    struct session_spec spec = {.optimizer = "sgd",
                                .args = &lr,
                                .arg_count = 1,
                                .transforms = given,
                                .transform_count = 3,
                                .parameters = LIST(2.75)};
    struct session *s = make(&spec);
    struct step_input in = {.gradient = LIST(2), .expected_step = -1, .loss = NAN};
    struct step_output out = {0};
    struct arena a;
    struct err err;
    bool touched = false;
    arena_init(&a);
    err_init(&err);
    cr_assert(step_output_explain(&out, 0, &a));
    cr_assert_eq(session_step(s, &in, NOW, &a, &out, &touched, &err), ERR_OK);
    const struct explain_line *line = out.explanation->lines;
    int last = out.explanation->count - 1;
    cr_expect_str_eq(line[0].text.format, "maximize({})");
    cr_expect(line[0].value == -2 && line[0].text.args[0] == 2);
    cr_expect_str_eq(line[1].text.format, "clip_value({})");
    cr_expect(line[1].value == -0.5 && line[1].text.args[0] == -2);
    cr_expect_str_eq(line[1].tex, transform_find("clip_value")->formula);
    cr_expect_str_eq(line[last].text.format, "project_box({})");
    cr_expect(line[last].value == 3 && line[last].text.args[0] == 3.25);
    arena_close(&a);
    session_free(s);
}
