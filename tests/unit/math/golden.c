/* Trajectories of the real libraries, and steps worked by hand: every file
 * tests/golden/(folder)/(file).json is run and compared at each of its checkpoints.
 * tests/golden/make_golden.py says how the files are made and what is in them. A number is right
 * within tolerance · the largest size that its coordinate has in the file; and every instruction
 * set ends with the same bits. GOLDEN_VERBOSE=1 prints the largest deviation of each file. */
#include "fixture.h"

#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

enum { ARGS = 16, NUMBERS = 8, STREAM_STEPS = 1000, COORDINATES = 64 };

/* An object of arguments, as the codec would decode it. */
struct arguments {
    struct hyper_arg arg[ARGS];
    double numbers[ARGS][NUMBERS];
    size_t count;
};

static void read_argument(struct hyper_arg *a, double *numbers, json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_NULL:
        a->kind = ARG_NULL;
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        a->kind = ARG_BOOL;
        a->number = json_is_true(value);
        break;
    case JSON_INTEGER:
    case JSON_REAL:
        a->kind = ARG_NUMBER;
        a->number = json_number_value(value);
        break;
    case JSON_STRING:
        a->kind = ARG_STRING;
        a->string = json_string_value(value);
        break;
    case JSON_ARRAY:
        a->kind = ARG_NUMBERS;
        a->numbers = numbers;
        a->count = json_array_size(value);
        cr_assert_leq(a->count, NUMBERS);
        for (size_t i = 0; i < a->count; i++)
            numbers[i] = json_number_value(json_array_get(value, i));
        break;
    case JSON_OBJECT:
        a->kind = ARG_OTHER;
        break;
    }
}

static void read_arguments(json_t *object, struct arguments *ret)
{
    const char *key;
    json_t *value;
    ret->count = 0;
    json_object_foreach(object, key, value)
    {
        if (strcmp(key, "name") == 0 || strcmp(key, "profile") == 0)
            continue;
        cr_assert_lt(ret->count, ARGS);
        ret->arg[ret->count] = (struct hyper_arg){.name = key};
        read_argument(&ret->arg[ret->count], ret->numbers[ret->count], value);
        ret->count++;
    }
}

static enum profile read_profile(json_t *optimizer, const char *path)
{
    const char *name = json_string_value(json_object_get(optimizer, "profile"));
    for (int p = 0; name && p < PROFILE_COUNT; p++) {
        if (strcmp(name, profile_names[p]) == 0)
            return (enum profile)p;
    }
    cr_assert(name == NULL, "%s: unknown profile %s", path, name);
    return PROFILE_TORCH;
}

/* Fills `ret` with a list of numbers, or of lists of numbers. */
static size_t read_numbers(json_t *list, double *ret)
{
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *item = json_array_get(list, i);
        if (json_is_array(item))
            n += read_numbers(item, ret + n);
        else
            ret[n++] = json_number_value(item);
    }
    return n;
}

struct stream {
    size_t n;
    double g[STREAM_STEPS][COORDINATES];
};

static void read_stream(const char *name, size_t n, struct stream *ret)
{
    char path[256], line[4096];
    snprintf(path, sizeof path, "tests/golden/streams/%s.csv", name);
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s is missing", path);
    ret->n = 0;
    while (ret->n < STREAM_STEPS && fgets(line, sizeof line, file)) {
        char *at = line;
        for (size_t i = 0; i < n; i++) {
            ret->g[ret->n][i] = strtod(at, &at);
            at += *at == ',';
        }
        ret->n++;
    }
    fclose(file);
}

enum { SAMPLES = 4 };

/* What goes with the gradients of a case. */
struct company {
    struct stream loss, curvature, second_gradient, sample[SAMPLES];
    bool has_loss, has_curvature, has_second_gradient, sparse;
    size_t sample_count;
    double diagonal[COORDINATES], samples[SAMPLES * COORDINATES]; /* of the current step */
    bool touched[COORDINATES];
};

struct golden {
    const char *path;
    json_t *file;
    struct fixture f;
    double tolerance, size[COORDINATES], hessian[COORDINATES * COORDINATES];
    size_t n;
    struct company company;
    double worst; /* largest deviation, in units of the tolerance */
};

static void golden_sizes(struct golden *c, const double *start)
{
    json_t *want;
    const char *step;
    for (size_t i = 0; i < c->n; i++)
        c->size[i] = fabs(start[i]);
    json_object_foreach(json_object_get(c->file, "steps"), step, want)
    {
        double w[COORDINATES];
        cr_assert_eq(read_numbers(want, w), c->n, "%s: step %s", c->path, step);
        for (size_t i = 0; i < c->n; i++)
            c->size[i] = fmax(c->size[i], fabs(w[i]));
    }
}

/* The tensors that the numbers are cut into, where there are several. */
static void golden_shapes(struct golden *c)
{
    const char *name;
    json_t *shape;
    size_t offset = 0;
    json_object_foreach(json_object_get(c->file, "shapes"), name, shape)
    {
        cr_assert_lt(c->f.tensor_count, FIXTURE_TENSORS);
        struct tensor *x = &c->f.tensors[c->f.tensor_count++];
        *x = (struct tensor){.name = name, .offset = offset, .count = 1};
        for (x->rank = 0; (size_t)x->rank < json_array_size(shape); x->rank++) {
            x->shape[x->rank] = json_integer_value(json_array_get(shape, (size_t)x->rank));
            x->count *= (size_t)x->shape[x->rank];
        }
        offset += x->count;
    }
    cr_assert(offset == 0 || offset == c->n, "%s: the shapes have %zu numbers", c->path, offset);
}

static bool golden_stream(struct golden *c, const char *field, struct stream *ret)
{
    const char *name = json_string_value(json_object_get(c->file, field));
    if (name)
        read_stream(name, c->n, ret);
    return name != NULL;
}

static void golden_company(struct golden *c)
{
    struct company *p = &c->company;
    json_t *samples = json_object_get(c->file, "samples");
    p->has_loss = golden_stream(c, "loss", &p->loss);
    p->has_curvature = golden_stream(c, "curvature", &p->curvature);
    p->has_second_gradient = golden_stream(c, "second_gradient", &p->second_gradient);
    p->sparse = json_object_get(c->file, "indices") != NULL;
    p->sample_count = json_array_size(samples);
    cr_assert_leq(p->sample_count, SAMPLES);
    for (size_t i = 0; i < p->sample_count; i++)
        read_stream(json_string_value(json_array_get(samples, i)), c->n, &p->sample[i]);
}

/* Puts what goes with step t into the fixture. */
static void golden_accompany(struct golden *c, size_t t, const double *g)
{
    struct company *p = &c->company;
    for (size_t i = 0; i < c->n; i++) {
        p->diagonal[i] = fabs(p->curvature.g[t - 1][i]) + 0.01;
        p->touched[i] = g[i] != 0;
    }
    for (size_t k = 0; k < p->sample_count; k++)
        memcpy(p->samples + k * c->n, p->sample[k].g[t - 1], c->n * sizeof *p->samples);
    c->f.loss = p->has_loss ? fabs(p->loss.g[t - 1][0]) + 0.1 : NAN;
    if (p->has_curvature)
        c->f.hessian_diagonal = p->diagonal;
    c->f.second_gradient = p->has_second_gradient ? p->second_gradient.g[t - 1] : NULL;
    c->f.samples = p->sample_count ? p->samples : NULL;
    c->f.sample_count = p->sample_count;
    c->f.touched = p->sparse ? p->touched : NULL;
}

static enum dtype read_dtype(const struct golden *c)
{
    const char *name = json_string_value(json_object_get(c->file, "dtype"));
    cr_assert(!name || strcmp(name, "float32") == 0, "%s: dtype %s", c->path, name ? name : "");
    return name ? DTYPE_FLOAT32 : DTYPE_FLOAT64;
}

/* The parameters as they are now. */
static const double *golden_now(const struct golden *c, double ret[COORDINATES])
{
    for (size_t i = 0; i < c->n; i++)
        ret[i] = fixture_get(&c->f, c->f.b.w, i);
    return ret;
}

static void golden_start(struct golden *c)
{
    static struct arguments args;
    double start[COORDINATES];
    struct err err;
    json_t *optimizer = json_object_get(c->file, "optimizer");
    json_t *matrix = json_object_get(c->file, "hessian");
    json_t *diagonal = json_object_get(c->file, "hessian_diagonal");
    c->n = read_numbers(json_object_get(c->file, "start"), start);
    c->tolerance = json_number_value(json_object_get(c->file, "tolerance"));
    cr_assert(c->tolerance > 0, "%s: no tolerance", c->path);
    golden_sizes(c, start);
    read_arguments(optimizer, &args);
    const char *name = json_string_value(json_object_get(optimizer, "name"));
    cr_assert_not_null(name, "%s: no optimizer", c->path);
    golden_shapes(c);
    golden_company(c);
    enum err_code code =
        fixture_init_shaped(&c->f, name, read_profile(optimizer, c->path), args.arg, args.count,
                            read_dtype(c), start, c->n, &err);
    cr_assert_eq(code, ERR_OK, "%s: %s %s", c->path, err.at[0].pointer, err.at[0].detail);
    read_numbers(matrix ? matrix : diagonal, c->hessian);
    c->f.hessian = matrix ? c->hessian : NULL;
    c->f.hessian_diagonal = diagonal ? c->hessian : NULL;
}

static void golden_change(struct golden *c, json_t *change)
{
    static struct arguments args;
    struct err err;
    err_init(&err);
    read_arguments(change, &args);
    enum profile profile = read_profile(json_object_get(c->file, "optimizer"), c->path);
    enum err_code code = hyper_patch(c->f.o->hypers, profile, c->f.o->name, "#/optimizer", args.arg,
                                     args.count, c->f.h, &err);
    cr_assert_eq(code, ERR_OK, "%s: change: %s", c->path, err.at[0].detail);
}

static void golden_compare(struct golden *c, json_t *want, const double *got, const char *what,
                           const char *step)
{
    double w[COORDINATES];
    cr_assert_eq(read_numbers(want, w), c->n, "%s: %s of step %s", c->path, what, step);
    for (size_t i = 0; i < c->n; i++) {
        double deviation = fabs(got[i] - w[i]), allowed = c->tolerance * c->size[i];
        cr_expect(deviation <= allowed, "%s: %s of step %s, coordinate %zu: %.17g, expected %.17g",
                  c->path, what, step, i, got[i], w[i]);
        c->worst = fmax(c->worst, deviation > 0 ? deviation / allowed : 0);
    }
}

static int readout_index(const struct optim *o, const char *name)
{
    int k = optim_readouts(o) - 1;
    while (k >= 0 && strcmp(o->readouts[k].name, name) != 0)
        k--;
    return k;
}

static void golden_readouts(struct golden *c, const char *step)
{
    const char *name;
    json_t *steps;
    json_object_foreach(json_object_get(c->file, "readouts"), name, steps)
    {
        double out[COORDINATES];
        struct err err;
        struct optim_step s = fixture_next(&c->f);
        s.t = c->f.t;
        err_init(&err);
        int k = readout_index(c->f.o, name);
        cr_assert_geq(k, 0, "%s: no readout %s", c->path, name);
        cr_assert_eq(optim_readout(c->f.o, k, &s, &c->f.b, out, &err), ERR_OK, "%s", c->path);
        golden_compare(c, json_object_get(steps, step), out, name, step);
    }
}

static void golden_run(struct golden *c)
{
    static struct stream stream;
    struct err err;
    const char *name = json_string_value(json_object_get(c->file, "stream"));
    json_t *steps = json_object_get(c->file, "steps");
    size_t left = json_object_size(steps);
    cr_assert_gt(left, 0, "%s: no steps", c->path);
    if (name)
        read_stream(name, c->n, &stream);
    for (size_t t = 1; left > 0; t++) {
        char step[24];
        double g[COORDINATES], w[COORDINATES];
        snprintf(step, sizeof step, "%zu", t);
        cr_assert(!name || t <= stream.n, "%s: the stream ends before step %zu", c->path, t);
        for (size_t i = 0; i < c->n; i++)
            g[i] = name ? stream.g[t - 1][i] : 2 * golden_now(c, w)[i];
        json_t *change = json_object_get(json_object_get(c->file, "changes"), step);
        if (change)
            golden_change(c, change);
        golden_accompany(c, t, g);
        enum err_code code = fixture_step(&c->f, g, &err);
        cr_assert_eq(code, ERR_OK, "%s: step %zu: %s", c->path, t, err.at[0].detail);
        cr_assert(c->f.norms.finite, "%s: step %zu is not finite", c->path, t);
        json_t *want = json_object_get(steps, step);
        if (want) {
            golden_compare(c, want, golden_now(c, w), "parameters", step);
            golden_readouts(c, step);
            left--;
        }
    }
}

/* What the session would have stored: parameters, slots, scalars. */
static uint64_t golden_bits(const struct golden *c)
{
    uint64_t bits = XXH3_64bits(c->f.scalar, sizeof c->f.scalar);
    size_t width = fixture_width(&c->f);
    bits = XXH3_64bits_withSeed(c->f.b.w, c->n * width, bits);
    for (int k = 0; k < optim_slots(c->f.o); k++) {
        size_t count = optim_slot_count(c->f.o, k, c->f.h, c->f.tensors, c->f.tensor_count);
        if (count)
            bits = XXH3_64bits_withSeed(c->f.b.slot[k], count * width, bits);
    }
    return bits;
}

/* With the instruction set that is chosen. */
static uint64_t golden_file(struct golden *c, const char *path)
{
    json_error_t fault;
    memset(c, 0, sizeof *c);
    c->path = path;
    c->file = json_load_file(path, 0, &fault);
    cr_assert_not_null(c->file, "%s: line %d: %s", path, fault.line, fault.text);
    golden_start(c);
    golden_run(c);
    uint64_t bits = golden_bits(c);
    fixture_close(&c->f);
    json_decref(c->file);
    return bits;
}

Test(golden, every_file, .timeout = 300)
{
    static struct golden c;
    glob_t found;
    cr_assert_eq(glob("tests/golden/*/*.json", 0, NULL, &found), 0,
                 "no file in tests/golden: run this from the root of the project");
    double worst = 0;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        const char *path = found.gl_pathv[i];
        optim_select_isa(NULL);
        uint64_t best = golden_file(&c, path);
        worst = fmax(worst, c.worst);
        if (getenv("GOLDEN_VERBOSE"))
            fprintf(stderr, "%-60s %.3f of %g\n", path, c.worst, c.tolerance);
        for (int k = 0; k < ISA_NAMES; k++) {
            if (optim_select_isa(isas[k]))
                cr_expect_eq(golden_file(&c, path), best, "%s: %s gives other bits", path, isas[k]);
        }
    }
    fprintf(stderr, "golden: %zu files, largest deviation %.2g of the tolerance\n", found.gl_pathc,
            worst);
    globfree(&found);
}
