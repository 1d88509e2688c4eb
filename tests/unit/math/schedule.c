/* Schedules against the real libraries: every file tests/golden/schedules/(library)/(file).json is
 * run for its 1,000 steps (make_schedules.py says how they are made and what is in them). Then what
 * goes for all schedules of the catalogue. */
#include "math/schedule.h"

#include <criterion/criterion.h>
#include <glob.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

/* ---- JSON to what a client gives ---------------------------------------------------------------
 */

static struct arena arena;

static double *numbers_of(json_t *list)
{
    double *x = arena_alloc(&arena, json_array_size(list) * sizeof *x);
    for (size_t i = 0; i < json_array_size(list); i++)
        x[i] = json_number_value(json_array_get(list, i));
    return x;
}

static void read_arg(json_t *v, struct hyper_arg *arg)
{
    arg->kind = ARG_NUMBER;
    arg->number = json_number_value(v);
    if (json_is_boolean(v)) {
        arg->kind = ARG_BOOL;
        arg->number = json_is_true(v);
    } else if (json_is_string(v)) {
        arg->kind = ARG_STRING;
        arg->string = json_string_value(v);
    } else if (json_is_array(v)) {
        arg->kind = ARG_NUMBERS;
        arg->numbers = numbers_of(v);
        arg->count = json_array_size(v);
    } else if (json_is_object(v)) { /* the files have their keys in rising order */
        double *keys = arena_alloc(&arena, json_object_size(v) * sizeof *keys), *values;
        const char *key;
        json_t *item;
        values = arena_alloc(&arena, json_object_size(v) * sizeof *values);
        json_object_foreach(v, key, item)
        {
            keys[arg->count] = strtod(key, NULL);
            values[arg->count++] = json_number_value(item);
        }
        arg->kind = ARG_PAIRS;
        arg->numbers = keys;
        arg->values = values;
    }
}

static struct schedule_given given_of(json_t *object)
{
    struct schedule_given g = {0};
    const char *key;
    json_t *v;
    struct hyper_arg *args = arena_zalloc(&arena, json_object_size(object), sizeof *args);
    g.args = args;
    json_object_foreach(object, key, v)
    {
        if (strcmp(key, "name") == 0) {
            g.name = json_string_value(v);
        } else if (strcmp(key, "profile") == 0) {
            g.profile = json_string_value(v);
        } else if (strncmp(key, "schedule", 8) == 0) {
            struct schedule_given *c = arena_zalloc(&arena, json_array_size(v), sizeof *c);
            for (size_t i = 0; i < json_array_size(v); i++)
                c[i] = given_of(json_array_get(v, i));
            g.children_key = key;
            g.children = c;
            g.child_count = json_array_size(v);
        } else {
            args[g.arg_count].name = key;
            read_arg(v, &args[g.arg_count++]);
        }
    }
    return g;
}

/* ---- golden files ------------------------------------------------------------------------------
 */

static double largest(json_t *values)
{
    double x = 0;
    for (size_t i = 0; i < json_array_size(values); i++)
        x = fmax(x, fabs(json_number_value(json_array_get(values, i))));
    return x;
}

static double run_file(const char *path, json_t *file)
{
    struct schedule_spec s;
    struct err err;
    double state[SCHEDULE_NODES * 8], worst = 0;
    struct schedule_given g = given_of(json_object_get(file, "schedule"));
    json_t *values = json_object_get(file, "values"), *loss = json_object_get(file, "loss");
    double base = json_number_value(json_object_get(file, "base")), size = largest(values);
    double loose = json_number_value(json_object_get(file, "tolerance"));
    err_init(&err);
    enum err_code code = schedule_make(&g, PROFILE_TORCH, "#", &arena, &s, &err);
    cr_assert_eq(code, ERR_OK, "%s: %s %s", path, err.at[0].pointer, err.at[0].detail);
    cr_assert_eq(schedule_needs_loss(&s), loss != NULL, "%s: loss", path);
    cr_assert_eq(json_array_size(values), 1000, "%s: 1,000 values", path);
    schedule_place(&s, 0);
    schedule_start(&s, 0, state);
    for (size_t t = 0; t < json_array_size(values); t++) {
        double l = json_number_value(json_array_get(loss, t));
        double want = json_number_value(json_array_get(values, t));
        schedule_update(&s, SCHEDULE_BEFORE_STEP, t, base, l, state);
        double got = schedule_value(&s, t, base, state);
        schedule_update(&s, SCHEDULE_AFTER_STEP, t, base, l, state);
        double allowed = loose > 0 ? loose * size : 1e-12 * fmax(fabs(want), 1e-6 * size);
        cr_expect(fabs(got - want) <= allowed, "%s: step %zu: %.17g, expected %.17g", path, t + 1,
                  got, want);
        worst = fmax(worst, fabs(got - want) / allowed);
    }
    return worst;
}

Test(schedule, golden_files, .timeout = 60)
{
    glob_t found;
    double worst = 0;
    cr_assert_eq(glob("tests/golden/schedules/*/*.json", 0, NULL, &found), 0,
                 "no files: run this from the root of the project");
    for (size_t i = 0; i < found.gl_pathc; i++) {
        json_error_t fault;
        arena_init(&arena);
        json_t *file = json_load_file(found.gl_pathv[i], 0, &fault);
        cr_assert_not_null(file, "%s: line %d: %s", found.gl_pathv[i], fault.line, fault.text);
        worst = fmax(worst, run_file(found.gl_pathv[i], file));
        json_decref(file);
        arena_close(&arena);
    }
    fprintf(stderr, "schedules: %zu files, largest deviation %.2g of the tolerance\n",
            found.gl_pathc, worst);
    cr_assert_geq(found.gl_pathc, 98);
    globfree(&found);
}

/* ---- the catalogue ------------------------------------------------------------------------------
 */

Test(schedule, every_descriptor_is_complete)
{
    cr_assert_geq(schedule_count(), 29);
    for (int i = 0; i < schedule_count(); i++) {
        const struct schedule *s = schedule_at(i);
        cr_expect_eq(schedule_find(s->name), s, "%s", s->name);
        cr_expect(i == 0 || strcmp(schedule_at(i - 1)->name, s->name) < 0, "%s: order", s->name);
        cr_expect(s->title && s->formula && s->doc && s->use_when && s->reference && s->value,
                  "%s: something is missing", s->name);
        bool recursive = hyper_find(s->hypers, "recursive") >= 0;
        cr_expect_eq(s->needs_loss || recursive, s->scalars != NULL, "%s: state", s->name);
        for (const struct hyper *y = s->hypers; y->name; y++)
            cr_expect_not_null(y->doc, "%s: %s", s->name, y->name);
    }
}

/* The arguments that no profile has a default for. */
static struct schedule_given fewest(const struct schedule *s, enum profile p)
{
    static const double steps[] = {3, 9}, factors[] = {0.3, 0.9};
    static struct hyper_arg args[HYPER_MAX];
    static const struct schedule_given part = {.name = "constant"};
    static struct schedule_given parts[3];
    struct schedule_given g = {.name = s->name, .profile = profile_names[p], .args = args};
    for (const struct hyper *y = s->hypers; y->name; y++) {
        if (!isnan(y->value[p]) && strcmp(y->name, "scales") != 0)
            continue;
        struct hyper_arg *a = &args[g.arg_count++];
        *a = (struct hyper_arg){.name = y->name, .kind = ARG_NUMBER, .number = 0.5};
        if (y->kind == HYPER_INTEGER)
            a->number = 7 + (double)g.arg_count;
        if (y->kind == HYPER_CHOICE) {
            a->kind = ARG_STRING;
            a->string = y->choices[0];
        } else if (y->kind == HYPER_LIST) {
            a->kind = ARG_NUMBERS;
            a->numbers = strcmp(y->name, "factors") == 0 ? factors : steps;
            a->count = 2;
        }
    }
    if (s->composed) {
        parts[0] = parts[1] = parts[2] = part;
        g.children_key = "schedules";
        g.children = parts;
        g.child_count = strcmp(s->name, "proportion") == 0 ? 1 : 3;
    }
    return g;
}

Test(schedule, every_one_gives_finite_values_for_ever)
{
    arena_init(&arena);
    for (int i = 0; i < schedule_count(); i++) {
        for (int p = 0; p < PROFILE_COUNT; p++) {
            struct schedule_spec s, copy;
            struct err err;
            double state[8];
            struct schedule_given g = fewest(schedule_at(i), (enum profile)p);
            err_init(&err);
            cr_assert_eq(schedule_make(&g, PROFILE_TORCH, "#", &arena, &s, &err), ERR_OK,
                         "%s, %s: %s %s", g.name, g.profile, err.at[0].pointer, err.at[0].detail);
            cr_assert(schedule_copy(&arena, &s, &copy));
            schedule_place(&copy, 0);
            schedule_start(&copy, 0, state);
            for (uint64_t t = 0; t < 1000000; t = t < 100 ? t + 1 : t * 3) {
                double v = schedule_value(&copy, t, 0.1, state);
                cr_expect(isfinite(v) && v >= 0, "%s, %s: %g at step %zu", g.name, g.profile, v,
                          (size_t)t);
            }
        }
    }
    arena_close(&arena);
}

static void refused(const char *json, const char *pointer, const char *suggestion)
{
    struct schedule_spec s;
    struct err err;
    json_error_t fault;
    json_t *object = json_loads(json, 0, &fault);
    cr_assert_not_null(object, "%s", fault.text);
    struct schedule_given g = given_of(object);
    err_init(&err);
    cr_expect_eq(schedule_make(&g, PROFILE_TORCH, "#/schedule", &arena, &s, &err), ERR_VALIDATION,
                 "%s", json);
    cr_expect_str_eq(err.at[0].pointer, pointer, "%s: %s", json, err.at[0].detail);
    cr_expect_str_eq(err.at[0].suggestion, suggestion, "%s", json);
    json_decref(object);
}

Test(schedule, what_is_wrong_is_named)
{
    arena_init(&arena);
    refused("{\"name\":\"cosin\"}", "#/schedule/name", "cosine");
    refused("{}", "#/schedule/name", "");
    refused("{\"name\":\"cosine\",\"profile\":\"torhc\"}", "#/schedule/profile", "torch");
    refused("{\"name\":\"cosine\"}", "#/schedule/decay_steps", "");
    refused("{\"name\":\"cosine\",\"profile\":\"keras\",\"T_max\":5,\"decay_steps\":5}",
            "#/schedule/T_max", "decay_steps");
    refused("{\"name\":\"cosine\",\"T_max\":0}", "#/schedule/T_max", "");
    refused("{\"name\":\"multi_step\",\"milestones\":7}", "#/schedule/milestones", "");
    refused("{\"name\":\"sequence\",\"milestones\":[9,3],\"schedulers\":[{\"name\":\"rex\","
            "\"total_steps\":3},{\"name\":\"constant\"},{\"name\":\"constant\"}]}",
            "#/schedule/milestones", "");
    refused("{\"name\":\"sequence\",\"milestones\":[9],\"schedulers\":[{\"name\":\"constant\"}]}",
            "#/schedule/boundaries", "");
    refused("{\"name\":\"chain\",\"schedules\":[{\"name\":\"constant\"},{\"name\":\"stp\"}]}",
            "#/schedule/schedules/1/name", "step");
    refused("{\"name\":\"chain\"}", "#/schedule/schedules", "");
    refused("{\"name\":\"constant\",\"schedules\":[{\"name\":\"step\"}]}", "#/schedule/schedules",
            "");
    refused("{\"name\":\"piecewise_constant\",\"profile\":\"optax\",\"boundaries_and_scales\":3}",
            "#/schedule/boundaries_and_scales", "");
    refused("{\"name\":\"piecewise_constant\",\"boundaries\":[3],\"values\":[1]}",
            "#/schedule/values", "");
    refused("{\"name\":\"lambda\",\"factors\":[]}", "#/schedule/factors", "");
    refused("{\"name\":\"multiplicative\",\"factors\":[0.9,-1]}", "#/schedule/factors", "");
    refused("{\"name\":\"chebyshev\",\"total_steps\":8,\"min_eigenvalue\":2}",
            "#/schedule/max_eigenvalue", "");
    refused("{\"name\":\"warmup_cosine_restarts\",\"first_steps\":8,\"warmup_steps\":8}",
            "#/schedule/first_steps", "");
    refused("{\"name\":\"proportion\",\"max_lr\":1,\"min_value\":0,\"schedules\":[{\"name\":"
            "\"constant\"},{\"name\":\"constant\"}]}",
            "#/schedule/schedules", "");
    refused("{\"name\":\"proportion\",\"max_lr\":1,\"min_lr\":1,\"min_value\":0,\"schedules\":"
            "[{\"name\":\"constant\"}]}",
            "#/schedule/max_lr", "");
    arena_close(&arena);
}
