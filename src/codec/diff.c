/* The same gradients under two profiles, as JSON. */
#include "codec/diff.h"

#include "codec/json.h"
#include "codec/json_fields.h"
#include "codec/json_values.h"
#include "codec/json_write.h"

#include <stdlib.h>
#include <string.h>

struct diff_given {
    const char *profiles[2];
    struct optimizer_given optimizer;
    struct values parameters;
    struct step_list steps;
    double tolerance;
};

static void read_profiles(struct decode *d, const struct place *at, json_t *v, void *to)
{
    const char *const names[] = {profile_names[0], profile_names[1], profile_names[2],
                                 profile_names[3], NULL};
    const char **ret = to;
    if (!json_is_array(v)) {
        decode_expected(d, at, "a list of two profiles", v);
        return;
    }
    if (json_array_size(v) != 2) {
        decode_wrong(d, at, "expected two profiles to compare, given %zu", json_array_size(v));
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        struct place here = PLACE_ITEM(at, i);
        int k = decode_choice(d, &here, json_array_get(v, i), names);
        if (k >= 0)
            ret[i] = profile_names[k];
    }
}

static void read_tolerance(struct decode *d, const struct place *at, json_t *v, void *to)
{
    double x;
    if (!decode_number(v, &x) || !(x >= 0 && x < 1))
        decode_expected(d, at, "a number from 0 to below 1", v);
    else
        *(double *)to = x;
}

enum err_code json_read_diff(struct arena *a, const char *body, size_t len,
                             struct diff_request *ret, struct err *err)
{
    static const struct field rows[] = {
        FIELD("profiles", read_profiles, struct diff_given, profiles, .required = true),
        FIELD("optimizer", field_optimizer, struct diff_given, optimizer),
        FIELD("parameters", field_values, struct diff_given, parameters, .required = true),
        FIELD("steps", field_steps, struct diff_given, steps, .required = true),
        FIELD("tolerance", read_tolerance, struct diff_given, tolerance),
        {0}};
    static const struct fields fields = {"a comparison of two profiles", rows, NULL};
    struct decode d;
    struct diff_given given = {.tolerance = 1e-12};
    struct place root = PLACE_ROOT("#"), optimizer = PLACE_KEY(&root, "optimizer");
    if (decode_open(&d, a, body, len, err) == ERR_OK)
        decode_fields(&d, &root, d.root, &fields, &given);
    if (given.optimizer.name || given.optimizer.profile)
        decode_wrong(&d, &optimizer,
                     "the path names the optimizer, and profiles the two profiles: "
                     "only hyperparameters stand here");
    if (d.code == ERR_OK)
        *ret = (struct diff_request){.profiles = {given.profiles[0], given.profiles[1]},
                                     .args = given.optimizer.args,
                                     .arg_count = given.optimizer.count,
                                     .parameters = given.parameters,
                                     .steps = given.steps.steps,
                                     .step_count = given.steps.count,
                                     .tolerance = given.tolerance};
    return d.code;
}

/* ---- the answer ---------------------------------------------------------------------------------
 */

static void write_step(struct writer *w, const struct diff_point *p)
{
    write_key(w, "parts_at");
    if (p->step)
        write_int(w, p->step);
    else
        write_null(w);
    write_key(w, "difference");
    write_number_or_null(w, p->difference);
}

/* What each profile has at the step where they part. */
static void write_point(struct writer *w, const struct diff *d)
{
    write_step(w, &d->point);
    if (!d->point.step)
        return;
    write_int_field(w, "coordinate", (int64_t)d->point.coordinate);
    write_key(w, "values");
    write_object(w);
    for (int k = 0; k < 2; k++) {
        write_key(w, profile_names[d->profiles[k]]);
        write_number_or_null(w, d->point.w[k][d->point.coordinate]);
    }
    write_end(w);
}

static void write_cause(struct writer *w, const struct diff *d, const struct diff_cause *c)
{
    write_object(w);
    write_string_field(w, "hyperparameter", c->hyper->name);
    for (int k = 0; k < 2; k++) {
        write_key(w, profile_names[d->profiles[k]]);
        write_hyper(w, c->hyper, c->value[k]);
    }
    write_step(w, &c->point);
    write_string_field(w, "description", c->hyper->doc);
    write_end(w);
}

/* The earliest one first; those that change nothing last. */
static int by_step(const void *x, const void *y)
{
    const struct diff_cause *a = x, *b = y;
    uint64_t s = (uint64_t)a->point.step - 1, t = (uint64_t)b->point.step - 1;
    if (s != t)
        return s < t ? -1 : 1;
    return (a->point.difference < b->point.difference) -
           (a->point.difference > b->point.difference);
}

void json_write_diff(struct buf *out, const struct diff *d)
{
    struct diff_cause causes[HYPER_MAX];
    struct writer w = writer_to(out);
    memcpy(causes, d->causes, (size_t)d->cause_count * sizeof *causes);
    qsort(causes, (size_t)d->cause_count, sizeof *causes, by_step);
    write_object(&w);
    write_string_field(&w, "optimizer", d->optim->name);
    write_key(&w, "profiles");
    write_array(&w);
    write_string(&w, profile_names[d->profiles[0]]);
    write_string(&w, profile_names[d->profiles[1]]);
    write_end(&w);
    write_point(&w, d);
    write_key(&w, "causes");
    write_array(&w);
    for (int i = 0; i < d->cause_count; i++)
        write_cause(&w, d, &causes[i]);
    write_end(&w);
    write_end(&w);
}
