/* What a client asks of a race, and of a sweep. */
#include "codec/compare.h"

#include "codec/json.h"
#include "codec/json_fields.h"
#include "codec/json_values.h"

#include <math.h>
#include <string.h>

static const double seconds_default = 5, seconds_most = 30;

/* Why what moves a session is not taken beside the optimizers. */
#define INSIDE(key)                                                                                \
    FIELD_REFUSED(key, "it belongs into the optimizer: {\"name\": …, \"" key "\": …}")

static void read_entrant(struct decode *d, const struct place *at, json_t *v,
                         struct session_spec *ret)
{
    struct optimizer_given given = {0};
    field_entrant(d, at, v, &given);
    *ret = (struct session_spec){.optimizer = given.name,
                                 .profile = given.profile,
                                 .args = given.args,
                                 .arg_count = given.count,
                                 .schedules = given.schedules.list,
                                 .schedule_count = given.schedules.count,
                                 .transforms = given.transforms.list,
                                 .transform_count = given.transforms.count,
                                 .groups = given.groups.list,
                                 .group_count = given.groups.count};
}

static void read_optimizers(struct decode *d, const struct place *at, json_t *v, void *to)
{
    struct compare_body *ret = to;
    size_t i;
    json_t *item;
    if (!json_is_array(v) || json_array_size(v) == 0 || json_array_size(v) > RACE_RUNS) {
        decode_wrong(d, at, "expected a list of 1 to %d optimizers", RACE_RUNS);
        return;
    }
    ret->entries = decode_zalloc(d, json_array_size(v), sizeof *ret->entries);
    if (!ret->entries)
        return;
    ret->entry_count = json_array_size(v);
    json_array_foreach(v, i, item)
    {
        struct place here = PLACE_ITEM(at, i);
        read_entrant(d, &here, item, &ret->entries[i]);
    }
}

static void read_steps_count(struct decode *d, const struct place *at, json_t *v, void *to)
{
    if (json_is_integer(v) && json_integer_value(v) >= 1 && json_integer_value(v) <= RACE_STEPS)
        *(int64_t *)to = json_integer_value(v);
    else
        decode_wrong(d, at, "expected a whole number from 1 to %d", RACE_STEPS);
}

static void read_target(struct decode *d, const struct place *at, json_t *v, void *to)
{
    if (!json_is_number(v))
        decode_expected(d, at, "a number", v);
    else
        *(double *)to = json_number_value(v);
}

static void read_seconds(struct decode *d, const struct place *at, json_t *v, void *to)
{
    double x = json_number_value(v);
    if (!json_is_number(v) || !(x > 0 && x <= seconds_most))
        decode_wrong(d, at, "expected a number above 0, at most %g", seconds_most);
    else
        *(double *)to = x;
}

enum err_code json_read_compare(struct arena *a, const char *body, size_t len,
                                struct compare_body *ret, struct err *err)
{
    static const struct field rows[] = {
        FIELD("objective", field_objective, struct compare_body, objective, .required = true),
        FIELD("start", field_values, struct compare_body, start),
        {.name = "optimizers", .read = read_optimizers, .required = true},
        FIELD("steps", read_steps_count, struct compare_body, steps),
        FIELD("target", read_target, struct compare_body, target),
        FIELD("max_seconds", read_seconds, struct compare_body, max_seconds),
        INSIDE("schedule"),
        INSIDE("transforms"),
        INSIDE("groups"),
        {0}};
    static const struct alias aliases[] = {{"parameters", "start"},
                                           {"x0", "start"},
                                           {"optimizer", "optimizers"},
                                           {"runs", "optimizers"},
                                           {0}};
    static const struct fields fields = {"a comparison", rows, aliases};
    struct decode d;
    struct compare_body given = {.steps = 100, .target = NAN, .max_seconds = seconds_default};
    struct place root = PLACE_ROOT("#");
    if (decode_open(&d, a, body, len, err) == ERR_OK)
        decode_fields(&d, &root, d.root, &fields, &given);
    if (d.code == ERR_OK || d.code == ERR_VALIDATION)
        *ret = given;
    return d.code;
}

/* ---- sweeps ---------------------------------------------------------------------------------- */

/* Value `i` of the list `v`. Numbers, or lists of them that are equally long, have been lifted out
 * of the text. */
static void read_value(struct decode *d, json_t *v, const struct lift_array *lifted, size_t i,
                       struct hyper_arg *ret)
{
    if (!lifted) {
        decode_arg(d, json_array_get(v, i), ret);
    } else if (lifted->rank == 1) {
        ret->kind = ARG_NUMBER;
        ret->number = lifted->data[i];
    } else {
        ret->kind = ARG_NUMBERS;
        ret->count = (size_t)lifted->shape[1];
        ret->numbers = lifted->data + i * ret->count;
    }
}

/* The values of one axis. */
static void read_axis(struct decode *d, const struct place *at, json_t *v, struct sweep_axis *axis)
{
    const struct lift_array *lifted = decode_lifted(d, v);
    size_t count = lifted ? (size_t)lifted->shape[0] : json_array_size(v);
    if (count == 0 || count > SWEEP_RUNS || (lifted && lifted->rank > 2)) {
        decode_wrong(d, at, "expected a list of 1 to %d values", SWEEP_RUNS);
        return;
    }
    axis->values = decode_zalloc(d, count, sizeof *axis->values);
    for (size_t i = 0; axis->values && i < count; i++) {
        read_value(d, v, lifted, i, &axis->values[i]);
        axis->values[i].name = axis->name;
    }
    axis->count = axis->values ? count : 0;
}

static void read_grid(struct decode *d, const struct place *at, json_t *v, void *to)
{
    struct sweep_grid *grid = to;
    const char *key;
    json_t *item;
    if (!json_is_object(v) || json_object_size(v) == 0 || json_object_size(v) > SWEEP_AXES) {
        decode_wrong(d, at, "expected an object of 1 to %d hyperparameters with their values",
                     SWEEP_AXES);
        return;
    }
    json_object_foreach(v, key, item)
    {
        struct place here = PLACE_KEY(at, key);
        struct sweep_axis *axis = &grid->axes[grid->axis_count++];
        axis->name = arena_strdup(d->arena, key);
        if (!axis->name)
            decode_no_memory(d);
        else
            read_axis(d, &here, item, axis);
    }
}

static void read_base(struct decode *d, const struct place *at, json_t *v, void *to)
{
    read_entrant(d, at, v, &((struct sweep_grid *)to)->base);
}

enum err_code json_read_sweep(struct arena *a, const char *body, size_t len, struct sweep_body *ret,
                              struct err *err)
{
    static const struct field rows[] = {
        FIELD("objective", field_objective, struct sweep_body, objective, .required = true),
        FIELD("start", field_values, struct sweep_body, start),
        FIELD("optimizer", read_base, struct sweep_body, grid, .required = true),
        FIELD("grid", read_grid, struct sweep_body, grid, .required = true),
        FIELD("steps", read_steps_count, struct sweep_body, steps),
        FIELD("target", read_target, struct sweep_body, target),
        FIELD("max_seconds", read_seconds, struct sweep_body, max_seconds),
        INSIDE("schedule"),
        INSIDE("transforms"),
        INSIDE("groups"),
        {0}};
    static const struct alias aliases[] = {{"parameters", "start"},     {"x0", "start"},
                                           {"optimizers", "optimizer"}, {"hyperparameters", "grid"},
                                           {"sweep", "grid"},           {0}};
    static const struct fields fields = {"a sweep", rows, aliases};
    struct decode d;
    struct sweep_body given = {.steps = 100, .target = NAN, .max_seconds = seconds_default};
    struct place root = PLACE_ROOT("#");
    if (decode_open(&d, a, body, len, err) == ERR_OK)
        decode_fields(&d, &root, d.root, &fields, &given);
    if (d.code == ERR_OK || d.code == ERR_VALIDATION)
        *ret = given;
    return d.code;
}
