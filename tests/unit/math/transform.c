/* Transforms around an optimizer: trajectories of the real libraries, every file
 * tests/golden/transforms/(transform)/(file).json; and what no library shows: the catalogue, the
 * layout of the state, refusals, the same bits with every instruction set. */
#include "fixture.h"

#include "math/transform.h"

#include <glob.h>
#include <jansson.h>
#include <stdio.h>

enum { N = 6, STEPS = 1000, LINKS = 4, SAMPLES = 4, ARGS = 8 };

struct case_file {
    const char *path;
    json_t *json;
    double tolerance, size[N], start[N];
    double g[STEPS][N], sample[SAMPLES][STEPS][N];
    size_t sample_count;
};

/* An optimizer with a chain around it. */
struct chained {
    struct fixture f;
    struct transform_link links[LINKS];
    struct transform_chain chain;
    double *state;
    struct arena arena;
    uint64_t taken;
};

static size_t read_list(json_t *list, double *ret)
{
    size_t n = json_array_size(list);
    cr_assert_leq(n, N);
    for (size_t i = 0; i < n; i++)
        ret[i] = json_number_value(json_array_get(list, i));
    return n;
}

/* Lists lie in `keep`. */
static size_t read_args(json_t *object, struct arena *keep, struct hyper_arg *args)
{
    static const char *const others[] = {"name", "profile", "match", "exclude"};
    const char *key;
    json_t *value;
    size_t count = 0;
    json_object_foreach(object, key, value)
    {
        bool other = false;
        for (size_t i = 0; i < 4; i++)
            other |= strcmp(key, others[i]) == 0;
        if (other)
            continue;
        cr_assert_lt(count, (size_t)ARGS);
        struct hyper_arg *a = &args[count++];
        *a = (struct hyper_arg){.name = key, .string = json_string_value(value)};
        if (json_is_array(value)) {
            double *numbers = arena_alloc(keep, json_array_size(value) * sizeof *numbers);
            a->kind = ARG_NUMBERS;
            a->count = read_list(value, numbers);
            a->numbers = numbers;
            continue;
        }
        a->kind = json_is_boolean(value)  ? ARG_BOOL
                  : json_is_string(value) ? ARG_STRING
                                          : ARG_NUMBER;
        a->number = json_is_boolean(value) ? json_is_true(value) : json_number_value(value);
    }
    return count;
}

static const char *text(json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

static enum profile read_profile(json_t *object, enum profile otherwise)
{
    const char *name = text(object, "profile");
    for (int p = 0; name && p < PROFILE_COUNT; p++) {
        if (strcmp(name, profile_names[p]) == 0)
            return (enum profile)p;
    }
    cr_assert_null(name, "unknown profile %s", name);
    return otherwise;
}

static void read_stream(const char *name, double (*rows)[N])
{
    char path[256], line[4096];
    snprintf(path, sizeof path, "tests/golden/streams/%s.csv", name);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s is missing", path);
    for (int t = 0; t < STEPS; t++) {
        char *at = fgets(line, sizeof line, file);
        cr_assert_not_null(at, "%s ends at row %d", path, t);
        for (int i = 0; i < N; i++) {
            rows[t][i] = strtod(at, &at);
            at += *at == ',';
        }
    }
    fclose(file);
}

static void read_case(const char *path, struct case_file *c)
{
    json_error_t fault;
    json_t *item;
    size_t i;
    const char *step;
    memset(c, 0, sizeof *c);
    c->path = path;
    c->json = json_load_file(path, 0, &fault);
    cr_assert_not_null(c->json, "%s: line %d: %s", path, fault.line, fault.text);
    c->tolerance = json_number_value(json_object_get(c->json, "tolerance"));
    cr_assert_gt(c->tolerance, 0, "%s: no tolerance", path);
    cr_assert_eq(read_list(json_object_get(c->json, "start"), c->start), (size_t)N);
    read_stream(text(c->json, "stream"), c->g);
    json_array_foreach(json_object_get(c->json, "nonfinite"), i, item)
        c->g[json_integer_value(item) - 1][0] = NAN;
    json_array_foreach(json_object_get(c->json, "samples"), i, item)
        read_stream(json_string_value(item), c->sample[c->sample_count++]);
    for (i = 0; i < N; i++)
        c->size[i] = fabs(c->start[i]);
    json_object_foreach(json_object_get(c->json, "steps"), step, item)
    {
        double w[N];
        cr_assert_eq(read_list(item, w), (size_t)N, "%s: step %s", path, step);
        for (i = 0; i < N; i++)
            c->size[i] = fmax(c->size[i], fabs(w[i]));
    }
}

static void add_tensors(json_t *shapes, struct fixture *f)
{
    const char *name;
    json_t *shape;
    size_t offset = 0;
    json_object_foreach(shapes, name, shape)
    {
        struct tensor *x = &f->tensors[f->tensor_count++];
        *x = (struct tensor){.name = name, .offset = offset, .count = 1};
        for (x->rank = 0; (size_t)x->rank < json_array_size(shape); x->rank++) {
            x->shape[x->rank] = json_integer_value(json_array_get(shape, (size_t)x->rank));
            x->count *= (size_t)x->shape[x->rank];
        }
        offset += x->count;
    }
    cr_assert_eq(offset, (size_t)N);
}

static void add_links(json_t *list, enum profile profile, struct chained *c, const double *start)
{
    json_t *item;
    size_t i;
    int count = 0;
    struct err err;
    err_init(&err);
    json_array_foreach(list, i, item)
    {
        struct hyper_arg args[ARGS];
        struct transform_link *link = &c->links[count++];
        cr_assert_leq(count, LINKS);
        link->transform = transform_find(text(item, "name"));
        cr_assert_not_null(link->transform, "no transform %s", text(item, "name"));
        link->profile = read_profile(item, profile);
        link->match = text(item, "match");
        link->exclude = text(item, "exclude");
        enum err_code code = hyper_resolve_lists(
            link->transform->hypers, link->profile, link->transform->name, "#/transforms/0", args,
            read_args(item, &c->arena, args), link->h, link->list, &err);
        cr_assert_eq(code, ERR_OK, "%s: %s", err.at[0].pointer, err.at[0].detail);
    }
    size_t numbers = transform_chain_numbers(c->links, count, N);
    c->state = malloc(numbers * sizeof *c->state);
    for (i = 0; i < numbers; i++)
        c->state[i] = NAN; /* the start must set every one */
    cr_assert(transform_chain_place(&c->chain, c->links, count, c->state, N, c->f.tensors,
                                    c->f.tensor_count, &c->arena));
    transform_chain_start(&c->chain, DTYPE_FLOAT64, start, N);
    for (i = 0; i < numbers; i++)
        cr_assert(!isnan(c->state[i]), "number %zu of the state is not set", i);
}

static void open_chained(struct chained *c, json_t *optimizer, json_t *shapes, json_t *transforms,
                         const double *start)
{
    struct hyper_arg args[ARGS];
    struct err err;
    memset(c, 0, sizeof *c);
    arena_init(&c->arena);
    add_tensors(shapes, &c->f);
    enum profile profile = read_profile(optimizer, PROFILE_TORCH);
    enum err_code code =
        fixture_init_shaped(&c->f, text(optimizer, "name"), profile, args,
                            read_args(optimizer, &c->arena, args), DTYPE_FLOAT64, start, N, &err);
    cr_assert_eq(code, ERR_OK, "%s: %s", err.at[0].pointer, err.at[0].detail);
    add_links(transforms, profile, c, start);
}

static void close_chained(struct chained *c)
{
    fixture_close(&c->f);
    arena_close(&c->arena);
    free(c->state);
}

/* One call: before, kernel, after. */
static enum verdict step_chained(struct chained *c, const double *row, const double *samples,
                                 size_t sample_count, struct err *err)
{
    double g[N], old[N];
    memcpy(g, row, sizeof g);
    memcpy(old, c->f.b.w, sizeof old);
    struct transform_step s = {.t = c->f.t + 1,
                               .lr = c->f.o->lr >= 0 ? c->f.h[c->f.o->lr] : NAN,
                               .g = g,
                               .w = c->f.b.w,
                               .old = old,
                               .n = N,
                               .samples = samples,
                               .sample_count = sample_count,
                               .scratch = &c->f.scratch};
    err_init(err);
    cr_assert_eq(transform_chain_before(&c->chain, &s, err), ERR_OK, "%s", err->at[0].detail);
    if (s.verdict == VERDICT_TAKE)
        cr_assert_eq(fixture_step(&c->f, g, err), ERR_OK, "%s", err->at[0].detail);
    if (s.verdict != VERDICT_SKIP)
        cr_assert_eq(transform_chain_after(&c->chain, &s, err), ERR_OK, "%s", err->at[0].detail);
    arena_reset(&c->f.scratch);
    return s.verdict;
}

static double compare(const struct case_file *c, json_t *want, const double *got, const char *what,
                      int step)
{
    double w[N], worst = 0;
    cr_assert_eq(read_list(want, w), (size_t)N, "%s: %s of step %d", c->path, what, step);
    for (int i = 0; i < N; i++) {
        double deviation = fabs(got[i] - w[i]), allowed = c->tolerance * c->size[i];
        cr_expect(deviation <= allowed, "%s: %s of step %d, coordinate %d: %.17g, expected %.17g",
                  c->path, what, step, i, got[i], w[i]);
        worst = fmax(worst, deviation > 0 ? deviation / allowed : 0);
    }
    return worst;
}

static const double *find_readout(const struct chained *c, const char *name)
{
    for (int i = 0; i < c->chain.count; i++) {
        const struct transform *t = c->links[i].transform;
        if (t->readout && strcmp(t->slots[t->readout - 1].name, name) == 0)
            return c->links[i].slot[t->readout - 1];
    }
    cr_assert_fail("no readout %s", name);
    return NULL;
}

static void compare_scalars(const struct case_file *c, const struct chained *k)
{
    const struct transform_link *link = &k->links[0];
    const char *name;
    json_t *want;
    json_object_foreach(json_object_get(c->json, "scalars"), name, want)
    {
        int found = -1;
        for (int i = 0; i < transform_scalars(link->transform); i++)
            found = strcmp(link->transform->scalars[i].name, name) == 0 ? i : found;
        cr_assert_geq(found, 0, "%s: no scalar %s", c->path, name);
        double is = link->scalar[found], be = json_number_value(want);
        cr_expect(fabs(is - be) <= c->tolerance * fabs(be), "%s: %s is %g", c->path, name, is);
    }
}

static double run_case(struct case_file *c)
{
    struct chained k;
    struct err err;
    double worst = 0, samples[SAMPLES * N];
    json_t *steps = json_object_get(c->json, "steps"), *want, *read;
    const char *name;
    cr_assert_gt(json_object_size(steps), 10, "%s: no steps", c->path);
    open_chained(&k, json_object_get(c->json, "optimizer"), json_object_get(c->json, "shapes"),
                 json_object_get(c->json, "transforms"), c->start);
    for (int t = 1; t <= STEPS; t++) {
        char step[24];
        snprintf(step, sizeof step, "%d", t);
        for (size_t i = 0; i < c->sample_count; i++)
            memcpy(samples + i * N, c->sample[i][t - 1], N * sizeof *samples);
        step_chained(&k, c->g[t - 1], c->sample_count ? samples : NULL, c->sample_count, &err);
        if (!(want = json_object_get(steps, step)))
            continue;
        worst = fmax(worst, compare(c, want, k.f.b.w, "parameters", t));
        json_object_foreach(json_object_get(c->json, "readouts"), name, read)
        {
            want = json_object_get(read, step);
            worst = fmax(worst, compare(c, want, find_readout(&k, name), name, t));
        }
    }
    compare_scalars(c, &k);
    close_chained(&k);
    return worst;
}

Test(transform, every_file, .timeout = 120)
{
    static struct case_file c;
    glob_t found;
    optim_select_isa(NULL);
    cr_assert_eq(glob("tests/golden/transforms/*/*.json", 0, NULL, &found), 0,
                 "no file: run this from the root of the project");
    double worst = 0;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        read_case(found.gl_pathv[i], &c);
        double one = run_case(&c);
        json_decref(c.json);
        worst = fmax(worst, one);
        if (getenv("GOLDEN_VERBOSE"))
            fprintf(stderr, "%-70s %.3f of the tolerance\n", found.gl_pathv[i], one);
    }
    fprintf(stderr, "transforms: %zu files, largest deviation %.2g of the tolerance\n",
            found.gl_pathc, worst);
    globfree(&found);
}

/* Every transform has at least one trajectory of a library. */
Test(transform, every_transform_is_proven)
{
    for (int i = 0; i < transform_count(); i++) {
        char pattern[256];
        glob_t found;
        snprintf(pattern, sizeof pattern, "tests/golden/transforms/%s/*.json",
                 transform_at(i)->name);
        cr_expect_eq(glob(pattern, 0, NULL, &found), 0, "no golden file of %s",
                     transform_at(i)->name);
        globfree(&found);
    }
}

Test(transform, catalogue_is_whole_and_sorted)
{
    cr_assert_geq(transform_count(), 20);
    for (int i = 0; i < transform_count(); i++) {
        const struct transform *t = transform_at(i);
        cr_expect_eq(transform_find(t->name), t);
        cr_expect(t->title && t->formula && t->doc, "%s", t->name);
        cr_expect(t->before || t->after, "%s does nothing", t->name);
        cr_expect_lt(hyper_count(t->hypers), TRANSFORM_HYPERS, "%s", t->name);
        cr_expect_leq(t->readout, transform_slots(t), "%s", t->name);
        cr_expect(!(t->needs_pattern && t->whole), "%s", t->name);
        if (i > 0)
            cr_expect_lt(strcmp(transform_at(i - 1)->name, t->name), 0, "%s", t->name);
    }
    cr_assert_null(transform_find("clip"));
    cr_assert_null(transform_at(-1));
    cr_assert_null(transform_at(transform_count()));
}

Test(transform, patterns)
{
    cr_assert(transform_chooses(NULL, NULL, ""));
    cr_assert(transform_chooses("b*", NULL, "bias"));
    cr_assert(!transform_chooses("b*", NULL, "W"));
    cr_assert(transform_chooses("W, *.bias", NULL, "layer1.bias"));
    cr_assert(!transform_chooses("W, *.bias", NULL, "layer1.weight"));
    cr_assert(!transform_chooses(NULL, "*bias,*norm*", "a.norm.weight"));
    cr_assert(transform_chooses("layer?.*", "*.bias", "layer2.weight"));
    cr_assert(!transform_chooses("layer?.*", "*.bias", "layer2.bias"));
}

/* A chain over two tensors of three numbers, from JSON. */
static void open_text(struct chained *c, const char *transforms, json_t **ret_json)
{
    static const double start[N] = {1, -2, 3, -4, 5, -6};
    json_error_t fault;
    json_t *all = json_pack("{s:{s:s,s:f},s:{s:[i],s:[i]}}", "optimizer", "name", "sgd", "lr", 0.5,
                            "shapes", "a", 3, "b", 3);
    json_t *list = json_loads(transforms, 0, &fault);
    cr_assert_not_null(list, "%s", fault.text);
    json_object_set_new(all, "transforms", list);
    open_chained(c, json_object_get(all, "optimizer"), json_object_get(all, "shapes"), list, start);
    *ret_json = all;
}

/* After as many as it bears, skip_nonfinite lets a bad gradient through. */
Test(transform, skip_nonfinite_gives_up)
{
    static const double bad[N] = {NAN, 1, 1, 1, 1, 1}, good[N] = {1, 1, 1, 1, 1, 1};
    struct chained c;
    struct err err;
    json_t *json;
    open_text(&c, "[{\"name\":\"skip_nonfinite\",\"max_consecutive_errors\":2}]", &json);
    const double *w = c.f.b.w;
    cr_expect_eq(step_chained(&c, bad, NULL, 0, &err), VERDICT_SKIP);
    cr_expect_eq(step_chained(&c, bad, NULL, 0, &err), VERDICT_SKIP);
    cr_expect_eq(step_chained(&c, good, NULL, 0, &err), VERDICT_TAKE);
    cr_expect_eq(w[0], 0.5);
    cr_expect_eq(step_chained(&c, bad, NULL, 0, &err), VERDICT_SKIP);
    cr_expect_eq(step_chained(&c, bad, NULL, 0, &err), VERDICT_SKIP);
    cr_expect_eq(w[0], 0.5);
    cr_expect_eq(step_chained(&c, bad, NULL, 0, &err), VERDICT_TAKE);
    cr_expect(isnan(w[0]) && w[1] == -3);
    cr_expect_eq(c.links[0].scalar[2], 5, "five bad ones in all");
    close_chained(&c);
    json_decref(json);
}

/* A link that holds a step back hides it from those after it. */
Test(transform, accumulate_hides_and_counts)
{
    static const double g[N] = {1, 1, 1, 1, 1, 1};
    struct chained c;
    struct err err;
    json_t *json;
    open_text(&c, "[{\"name\":\"accumulate\",\"steps\":3},{\"name\":\"ema\",\"decay\":0}]", &json);
    const double *w = c.f.b.w;
    for (int t = 1; t <= 9; t++) {
        enum verdict got = step_chained(&c, g, NULL, 0, &err);
        cr_expect_eq(got, t % 3 ? VERDICT_HOLD : VERDICT_TAKE, "step %d", t);
        cr_expect_eq(w[0], 1 - 1.5 * (t / 3), "torch's sum of three: step %d", t);
    }
    cr_expect_eq(transform_chain_held(&c.chain), 6);
    cr_expect_eq(c.links[1].scalar[0], 3, "the average saw three steps");
    cr_expect_eq(c.f.t, 3, "and so did the optimizer");
    close_chained(&c);
    json_decref(json);
}

/* Norms whose squares leave the range of a double. */
Test(transform, clip_of_huge_and_tiny)
{
    static const double huge[N] = {3e200, 4e200, 0, 0, 0, 0}, tiny[N] = {3e-200, 4e-200};
    struct chained c;
    struct err err;
    json_t *json;
    open_text(&c, "[{\"name\":\"clip_global_norm\",\"max_norm\":1}]", &json);
    const double *w = c.f.b.w;
    step_chained(&c, huge, NULL, 0, &err);
    cr_expect_float_eq(w[0], 1 - 0.5 * 0.6, 1e-15);
    cr_expect_float_eq(w[1], -2 - 0.5 * 0.8, 1e-15);
    close_chained(&c);
    json_decref(json);
    open_text(&c, "[{\"name\":\"normalize\",\"eps\":0}]", &json);
    w = c.f.b.w;
    step_chained(&c, tiny, NULL, 0, &err);
    cr_expect_float_eq(w[0], 1 - 0.5 * 0.6, 1e-15);
    cr_expect_float_eq(w[1], -2 - 0.5 * 0.8, 1e-15);
    close_chained(&c);
    json_decref(json);
}

Test(transform, error_if_nonfinite)
{
    double g[N] = {INFINITY};
    struct chained c;
    struct err err;
    json_t *json;
    open_text(
        &c, "[{\"name\":\"clip_norm\",\"max_norm\":1,\"match\":\"a\",\"error_if_nonfinite\":true}]",
        &json);
    struct transform_step s = {.t = 1, .g = g, .w = c.f.b.w, .n = N, .scratch = &c.f.scratch};
    err_init(&err);
    cr_expect_eq(transform_chain_before(&c.chain, &s, &err), ERR_NONFINITE);
    cr_expect_str_eq(err.at[0].pointer, "#/gradient");
    close_chained(&c);
    json_decref(json);
}

/* Only chosen tensors are touched, by every transform that takes patterns. */
Test(transform, patterns_keep_the_rest_to_the_bit)
{
    static const double g[N] = {0.3, -7, 11, 0.3, -7, 11};
    for (int i = 0; i < transform_count(); i++) {
        const struct transform *t = transform_at(i);
        struct chained c;
        struct err err;
        char list[512];
        json_t *json;
        if (t->whole)
            continue;
        int len = snprintf(list, sizeof list, "[{\"name\":\"%s\",\"match\":\"a\"", t->name);
        for (const struct hyper *y = t->hypers; y->name; y++) {
            if (isnan(y->value[PROFILE_TORCH]) || (t->check && y->kind == HYPER_REAL))
                len += snprintf(list + len, sizeof list - (size_t)len, ",\"%s\":%g", y->name,
                                y->kind == HYPER_INTEGER ? 1 : 0.25);
        }
        snprintf(list + len, sizeof list - (size_t)len, "}]");
        if (strstr(list, "max_squared_norm"))
            continue; /* leaves the step out */
        open_text(&c, list, &json);
        const double *w = c.f.b.w;
        step_chained(&c, g, g, 1, &err);
        cr_expect_eq(w[3], -4 - 0.5 * 0.3, "%s", t->name);
        cr_expect_eq(w[4], 5 + 0.5 * 7, "%s", t->name);
        cr_expect_eq(w[5], -6 - 0.5 * 11, "%s", t->name);
        close_chained(&c);
        json_decref(json);
    }
}
