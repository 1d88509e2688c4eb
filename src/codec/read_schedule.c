/* Schedules as a client asks for them: one for the learning rate, or an object with one for each
 * hyperparameter that is to move; and one whose values are to be shown. */
#include "codec/json.h"
#include "codec/json_fields.h"
#include "codec/json_values.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void read_schedule(struct decode *d, const struct place *at, json_t *v,
                          struct schedule_given *ret);

/* ---- {"100": 0.5, "200": 0.1} ---------------------------------------------------------------- */

struct pair {
    double key, value;
};

static int by_key(const void *a, const void *b)
{
    double x = ((const struct pair *)a)->key, y = ((const struct pair *)b)->key;
    return (x > y) - (x < y);
}

/* The number that a key is the text of. */
static bool number_of(const char *key, double *ret)
{
    char *end;
    *ret = strtod(key, &end);
    return end != key && *end == '\0' && isfinite(*ret);
}

static bool read_pairs(json_t *v, struct pair *pairs)
{
    const char *key;
    json_t *item;
    size_t i = 0;
    json_object_foreach(v, key, item)
    {
        if (!json_is_number(item) || !number_of(key, &pairs[i].key))
            return false;
        pairs[i++].value = json_number_value(item);
    }
    qsort(pairs, i, sizeof *pairs, by_key);
    return true;
}

/* Left as it is where `v` is something else: the table says then what it wants. */
static void decode_pairs(struct decode *d, json_t *v, struct hyper_arg *arg)
{
    size_t count = json_object_size(v);
    struct pair *pairs = decode_zalloc(d, count + 1, sizeof *pairs);
    double *numbers = decode_numbers(d, 2 * count + 1);
    if (!pairs || !numbers || !read_pairs(v, pairs))
        return;
    for (size_t i = 0; i < count; i++) {
        numbers[i] = pairs[i].key;
        numbers[count + i] = pairs[i].value;
    }
    arg->kind = ARG_PAIRS;
    arg->numbers = numbers;
    arg->values = numbers + count;
    arg->count = count;
}

/* ---- one schedule ---------------------------------------------------------------------------- */

static void read_argument(struct decode *d, const char *key, json_t *v, struct hyper_arg *arg)
{
    decode_named_arg(d, key, v, arg);
    if (json_is_object(v))
        decode_pairs(d, v, arg);
    else if (json_is_array(v) && json_array_size(v) == 0)
        arg->kind = ARG_NUMBERS;
}

static void read_parts(struct decode *d, const struct place *at, json_t *v,
                       struct schedule_given *ret)
{
    if (!json_is_array(v) || decode_lifted(d, v)) {
        decode_expected(d, at, "a list of schedules", v);
        return;
    }
    size_t count = json_array_size(v);
    struct schedule_given *parts = decode_zalloc(d, count + 1, sizeof *parts);
    if (!parts)
        return;
    for (size_t i = 0; i < count; i++) {
        struct place here = PLACE_ITEM(at, i);
        read_schedule(d, &here, json_array_get(v, i), &parts[i]);
    }
    ret->children = parts;
    ret->child_count = count;
}

/* The list in a composed schedule: "schedules", which torch calls "schedulers". */
static const char *parts_key(const char *key)
{
    static const char *const names[] = {"schedules", "schedulers"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(key, names[i]) == 0)
            return names[i];
    }
    return NULL;
}

static void read_object(struct decode *d, const struct place *at, json_t *v,
                        struct schedule_given *ret)
{
    const char *key;
    json_t *item;
    struct hyper_arg *args = decode_zalloc(d, json_object_size(v) + 1, sizeof *args);
    if (!args)
        return;
    ret->args = args;
    json_object_foreach(v, key, item)
    {
        struct place here = PLACE_KEY(at, key);
        const char **text = strcmp(key, "name") == 0      ? &ret->name
                            : strcmp(key, "profile") == 0 ? &ret->profile
                                                          : NULL;
        if (text && !json_is_null(item)) {
            field_string(d, &here, item, text);
        } else if (parts_key(key)) {
            if (ret->children_key)
                decode_wrong(d, &here, "the list of schedules was given already");
            ret->children_key = parts_key(key);
            read_parts(d, &here, item, ret);
        } else if (!text) {
            read_argument(d, key, item, &args[ret->arg_count++]);
        }
    }
}

static void read_schedule(struct decode *d, const struct place *at, json_t *v,
                          struct schedule_given *ret)
{
    if (json_is_string(v))
        ret->name = decode_text(d, v);
    else if (json_is_object(v))
        read_object(d, at, v, ret);
    else
        decode_expected(d, at, "a name or an object", v);
}

/* ---- those of a session ---------------------------------------------------------------------- */

/* Null is no schedule: none given, or in a patch none any more. */
static void read_one(struct decode *d, const struct place *at, json_t *v, const char *hyper,
                     struct schedules_given *ret)
{
    struct schedule_given *one = NULL;
    if (!json_is_null(v)) {
        one = decode_zalloc(d, 1, sizeof *one);
        if (!one)
            return;
        read_schedule(d, at, v, one);
        if (!json_is_string(v) && !json_is_object(v))
            return;
    }
    ret->list[ret->count++] = (struct scheduled_given){hyper, one};
}

/* Whether it can only be one schedule whose name was forgotten: it says numbers, but not of which
 * hyperparameters. */
static bool is_nameless(json_t *v)
{
    const char *key;
    json_t *item;
    bool options = false, schedules = false;
    json_object_foreach(v, key, item)
    {
        options |= json_is_number(item) || json_is_boolean(item) || json_is_array(item);
        schedules |= json_is_object(item) || json_is_null(item);
    }
    return options && !schedules;
}

static bool is_one(json_t *v)
{
    return json_is_string(v) || json_object_get(v, "name") || json_object_get(v, "profile") ||
           is_nameless(v);
}

void field_schedules(struct decode *d, const struct place *at, json_t *v, void *to)
{
    struct schedules_given *ret = to;
    const char *key;
    json_t *item;
    ret->null = json_is_null(v);
    if (ret->null)
        return;
    if (!is_one(v) && !json_is_object(v)) {
        decode_expected(d, at, "a name or an object", v);
        return;
    }
    ret->list = decode_zalloc(d, json_object_size(v) + 1, sizeof *ret->list);
    if (!ret->list)
        return;
    if (is_one(v)) {
        read_one(d, at, v, NULL, ret);
        return;
    }
    json_object_foreach(v, key, item)
    {
        struct place here = PLACE_KEY(at, key);
        const char *hyper = arena_strdup(d->arena, key);
        if (!hyper)
            decode_no_memory(d);
        else
            read_one(d, &here, item, hyper, ret);
    }
}

/* ---- POST /v1/schedules/{name}/preview ------------------------------------------------------- */

static void read_options(struct decode *d, const struct place *at, json_t *v, void *to)
{
    read_schedule(d, at, v, to);
}

static void read_base(struct decode *d, const struct place *at, json_t *v, void *to)
{
    if (json_is_number(v))
        *(double *)to = json_number_value(v);
    else
        decode_expected(d, at, "a number", v);
}

static void read_losses(struct decode *d, const struct place *at, json_t *v, void *to)
{
    struct preview_body *ret = to;
    struct matrix m;
    if (!decode_matrix(d, at, v, 1, &m))
        return;
    ret->losses = m.data;
    ret->loss_count = m.rows;
}

enum err_code json_read_preview(struct arena *a, const char *body, size_t len,
                                struct preview_body *ret, struct err *err)
{
    enum { USUAL_STEPS = 100 };
    static const struct field rows[] = {
        FIELD("schedule", read_options, struct preview_body, schedule),
        FIELD("base", read_base, struct preview_body, base),
        FIELD("steps", field_integer, struct preview_body, steps),
        {.name = "losses", .read = read_losses},
        {0}};
    static const struct alias aliases[] = {
        {"options", "schedule"}, {"lr", "base"}, {"loss", "losses"}, {0}};
    static const struct fields fields = {"a preview", rows, aliases};
    struct decode d;
    struct preview_body given = {.base = 0.1, .steps = USUAL_STEPS};
    struct place root = PLACE_ROOT("#");
    if (decode_open(&d, a, body, len, err) == ERR_OK)
        decode_fields(&d, &root, d.root, &fields, &given);
    if (d.code == ERR_OK)
        *ret = given;
    return d.code;
}
