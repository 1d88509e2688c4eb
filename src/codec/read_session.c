/* Bodies that make and change sessions, and bodies that are nothing but parameters. */
#include "codec/json.h"
#include "codec/json_fields.h"
#include "codec/json_values.h"

#include <math.h>
#include <string.h>

/* ---- the optimizer ------------------------------------------------------------------------- */

/* Whether a value fits its hyperparameter is for the table of the optimizer to say: here it is
 * only put into the form in which the table is asked. */
static bool is_number_or_null(json_t *v)
{
    return json_is_number(v) || json_is_null(v);
}

/* A list with nulls among its numbers, as torch writes what is left to it: eps=(None, 1e-3). */
static void read_gaps(struct decode *d, json_t *v, struct hyper_arg *arg)
{
    size_t i;
    json_t *item;
    double *numbers = decode_zalloc(d, json_array_size(v), sizeof *numbers);
    arg->count = 0;
    json_array_foreach(v, i, item)
    {
        if (!numbers || !is_number_or_null(item))
            return;
        numbers[i] = json_is_null(item) ? NAN : json_number_value(item);
    }
    arg->kind = ARG_NUMBERS;
    arg->numbers = numbers;
    arg->count = json_array_size(v);
}

void decode_arg(struct decode *d, json_t *v, struct hyper_arg *arg)
{
    const struct lift_array *lifted = decode_lifted(d, v);
    arg->kind = ARG_OTHER;
    if (lifted && lifted->rank == 1) {
        arg->kind = ARG_NUMBERS;
        arg->numbers = lifted->data;
        arg->count = lifted->count;
    } else if (json_is_number(v)) {
        arg->kind = ARG_NUMBER;
        arg->number = json_number_value(v);
    } else if (json_is_boolean(v)) {
        arg->kind = ARG_BOOL;
        arg->number = json_is_true(v) ? 1 : 0;
    } else if (json_is_string(v)) {
        arg->kind = ARG_STRING;
        arg->string = decode_text(d, v);
    } else if (json_is_null(v)) {
        arg->kind = ARG_NULL;
    } else if (json_is_array(v) && json_array_size(v) > 0 && !lifted) {
        read_gaps(d, v, arg);
    }
}

void decode_named_arg(struct decode *d, const char *name, json_t *v, struct hyper_arg *arg)
{
    decode_arg(d, v, arg);
    arg->name = arena_strdup(d->arena, name);
    if (!arg->name)
        decode_no_memory(d);
}

static void read_optimizer_object(struct decode *d, const struct place *at, json_t *v,
                                  const struct field *beside, struct optimizer_given *ret)
{
    const char *key;
    json_t *item;
    ret->args = decode_zalloc(d, json_object_size(v), sizeof *ret->args);
    if (!ret->args)
        return;
    json_object_foreach(v, key, item)
    {
        struct place here = PLACE_KEY(at, key);
        const struct field *row = beside;
        while (row->name && strcmp(row->name, key) != 0)
            row++;
        if (row->name) {
            if (!json_is_null(item))
                row->read(d, &here, item, (char *)ret + row->offset);
        } else if (strcmp(key, "name") == 0) {
            field_string(d, &here, item, &ret->name);
        } else if (strcmp(key, "profile") == 0) {
            if (!json_is_null(item))
                field_string(d, &here, item, &ret->profile);
        } else {
            decode_named_arg(d, key, item, &ret->args[ret->count++]);
        }
    }
}

static void read_optimizer(struct decode *d, const struct place *at, json_t *v,
                           const struct field *beside, struct optimizer_given *ret)
{
    if (json_is_string(v))
        ret->name = decode_text(d, v);
    else if (json_is_object(v))
        read_optimizer_object(d, at, v, beside, ret);
    else
        decode_expected(d, at, "a name or an object", v);
}

void field_optimizer(struct decode *d, const struct place *at, json_t *v, void *to)
{
    static const struct field none[] = {{0}};
    read_optimizer(d, at, v, none, to);
}

void field_entrant(struct decode *d, const struct place *at, json_t *v, void *to)
{
    static const struct field beside[] = {
        FIELD("schedule", field_schedules, struct optimizer_given, schedules),
        FIELD("transforms", field_transforms, struct optimizer_given, transforms),
        FIELD("groups", field_groups, struct optimizer_given, groups),
        {0}};
    read_optimizer(d, at, v, beside, to);
}

/* ---- tags ----------------------------------------------------------------------------------- */

struct tags_given {
    struct tag *list;
    int count;
    bool null;  /* "tags": null */
    bool nulls; /* whether a single tag may be null, which removes it */
};

static void read_tags(struct decode *d, const struct place *at, json_t *v, void *to)
{
    struct tags_given *ret = to;
    const char *key;
    json_t *item;
    if (json_is_null(v)) {
        ret->null = true;
        return;
    }
    if (!json_is_object(v)) {
        decode_expected(d, at, "an object of strings", v);
        return;
    }
    ret->list = decode_zalloc(d, json_object_size(v), sizeof *ret->list);
    if (!ret->list)
        return;
    json_object_foreach(v, key, item)
    {
        struct place here = PLACE_KEY(at, key);
        struct tag *tag = &ret->list[ret->count++];
        tag->key = arena_strdup(d->arena, key);
        if (!tag->key)
            decode_no_memory(d);
        if (!ret->nulls || !json_is_null(item))
            field_string(d, &here, item, &tag->value);
    }
}

/* ---- POST and PUT of a session ----------------------------------------------------------------
 * What is missing or out of range is for the session to say: it alone knows optimizers. */

struct session_given {
    const char *name, *dtype, *on_nonfinite;
    struct optimizer_given optimizer;
    struct tags_given tags;
    struct values parameters;
    struct transforms_given transforms;
    struct schedules_given schedules;
    struct groups_given groups;
    struct objective_given *objective;
};

static void read_session_objective(struct decode *d, const struct place *at, json_t *v, void *to)
{
    struct objective_given **ret = to;
    *ret = decode_zalloc(d, 1, sizeof **ret);
    if (*ret)
        field_objective(d, at, v, *ret);
}

static const struct field session_rows[] = {
    FIELD("name", field_string, struct session_given, name),
    FIELD("optimizer", field_optimizer, struct session_given, optimizer),
    FIELD("parameters", field_values, struct session_given, parameters),
    FIELD("schedule", field_schedules, struct session_given, schedules),
    FIELD("groups", field_groups, struct session_given, groups),
    FIELD("transforms", field_transforms, struct session_given, transforms),
    FIELD("objective", read_session_objective, struct session_given, objective),
    FIELD("dtype", field_string, struct session_given, dtype),
    FIELD("on_nonfinite", field_string, struct session_given, on_nonfinite),
    FIELD("tags", read_tags, struct session_given, tags),
    {0}};

static const struct alias session_aliases[] = {{"params", "parameters"},
                                               {"param", "parameters"},
                                               {"weights", "parameters"},
                                               {"w", "parameters"},
                                               {"x0", "parameters"},
                                               {"theta", "parameters"},
                                               {"opt", "optimizer"},
                                               {"algorithm", "optimizer"},
                                               {"method", "optimizer"},
                                               {"hyperparameters", "optimizer"},
                                               {"optim", "optimizer"},
                                               {"lr", "optimizer.lr"},
                                               {"learning_rate", "optimizer.lr"},
                                               {"profile", "optimizer.profile"},
                                               {"schedules", "schedule"},
                                               {"scheduler", "schedule"},
                                               {"lr_scheduler", "schedule"},
                                               {"lr_schedule", "schedule"},
                                               {"group", "groups"},
                                               {"param_groups", "groups"},
                                               {"parameter_groups", "groups"},
                                               {"transform", "transforms"},
                                               {"clipping", "transforms"},
                                               {"precision", "dtype"},
                                               {"type", "dtype"},
                                               {"labels", "tags"},
                                               {"metadata", "tags"},
                                               {"id", "name"},
                                               {0}};

enum err_code json_read_session(struct arena *a, const char *body, size_t len,
                                struct session_spec *ret, struct err *err)
{
    static const struct fields fields = {"a session", session_rows, session_aliases};
    struct decode d;
    struct session_given given = {0};
    struct place root = PLACE_ROOT("#");
    if (decode_open(&d, a, body, len, err) == ERR_OK)
        decode_fields(&d, &root, d.root, &fields, &given);
    if (d.code == ERR_OK || d.code == ERR_VALIDATION)
        *ret = (struct session_spec){.name = given.name,
                                     .optimizer = given.optimizer.name,
                                     .profile = given.optimizer.profile,
                                     .args = given.optimizer.args,
                                     .arg_count = given.optimizer.count,
                                     .dtype = given.dtype,
                                     .on_nonfinite = given.on_nonfinite,
                                     .tags = given.tags.list,
                                     .tag_count = given.tags.count,
                                     .parameters = given.parameters,
                                     .transforms = given.transforms.list,
                                     .transform_count = given.transforms.count,
                                     .schedules = given.schedules.list,
                                     .schedule_count = given.schedules.count,
                                     .groups = given.groups.list,
                                     .group_count = given.groups.count,
                                     .objective_given = given.objective};
    return d.code;
}

/* ---- PATCH of a session -------------------------------------------------------------------------
 */

struct patch_given {
    const char *name, *on_nonfinite;
    bool remove_name;
    struct optimizer_given optimizer;
    struct tags_given tags;
    struct transforms_given transforms;
    struct schedules_given schedules;
    struct groups_given groups;
};

static void patch_name(struct decode *d, const struct place *at, json_t *v, void *to)
{
    struct patch_given *ret = to;
    if (json_is_null(v))
        ret->remove_name = true;
    else
        field_string(d, at, v, &ret->name);
}

/* Removed, a field has its default again (RFC 7396). */
static void patch_on_nonfinite(struct decode *d, const struct place *at, json_t *v, void *to)
{
    struct patch_given *ret = to;
    if (json_is_null(v))
        ret->on_nonfinite = on_nonfinite_names[NONFINITE_REJECT];
    else
        field_string(d, at, v, &ret->on_nonfinite);
}

static const struct field patch_rows[] = {
    {.name = "name", .read = patch_name, .takes_null = true},
    FIELD("optimizer", field_optimizer, struct patch_given, optimizer, .takes_null = true),
    FIELD("schedule", field_schedules, struct patch_given, schedules, .takes_null = true),
    FIELD("groups", field_groups, struct patch_given, groups),
    FIELD("transforms", field_transforms, struct patch_given, transforms),
    {.name = "on_nonfinite", .read = patch_on_nonfinite, .takes_null = true},
    FIELD("tags", read_tags, struct patch_given, tags, .takes_null = true),
    FIELD_REFUSED("parameters", "not changed here; PUT /v1/sessions/{id}/parameters does it"),
    FIELD_REFUSED("dtype", "a session keeps its dtype"),
    FIELD_REFUSED("objective", "a session keeps its objective; make another session"),
    {0}};

enum err_code json_read_patch(struct arena *a, const char *body, size_t len,
                              struct session_patch *ret, struct err *err)
{
    static const struct fields fields = {"a patch", patch_rows, session_aliases};
    struct decode d;
    struct patch_given given = {.tags.nulls = true};
    struct place root = PLACE_ROOT("#");
    if (decode_open(&d, a, body, len, err) == ERR_OK)
        decode_fields(&d, &root, d.root, &fields, &given);
    if (given.optimizer.profile) {
        struct place optimizer = PLACE_KEY(&root, "optimizer");
        struct place profile = PLACE_KEY(&optimizer, "profile");
        decode_wrong(&d, &profile, "a session keeps its profile");
    }
    if (d.code == ERR_OK)
        *ret = (struct session_patch){.name = given.name,
                                      .remove_name = given.remove_name,
                                      .on_nonfinite = given.on_nonfinite,
                                      .args = given.optimizer.args,
                                      .arg_count = given.optimizer.count,
                                      .optimizer = given.optimizer.name,
                                      .tags = given.tags.list,
                                      .tag_count = given.tags.count,
                                      .clear_tags = given.tags.null,
                                      .transforms = given.transforms.list,
                                      .transform_count = given.transforms.count,
                                      .schedules = given.schedules.list,
                                      .schedule_count = given.schedules.count,
                                      .clear_schedules = given.schedules.null,
                                      .groups = given.groups.list,
                                      .group_count = given.groups.count};
    return d.code;
}

/* ---- parameters alone
 * ----------------------------------------------------------------------------- */

/* {"parameters": …}, alone or with what GET …/parameters writes beside it: its answer can be sent
 * back as it is. */
static bool is_wrapped(json_t *v)
{
    static const char *const beside[] = {"id", "step", "revision", "dtype"};
    size_t known = 1;
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
        known += json_object_get(v, beside[i]) ? 1 : 0;
    return json_object_get(v, "parameters") && json_object_size(v) == known;
}

enum err_code json_read_values(struct arena *a, const char *body, size_t len, struct values *ret,
                               struct err *err)
{
    struct decode d;
    struct values given = {0};
    struct place root = PLACE_ROOT("#"), inner = PLACE_KEY(&root, "parameters");
    if (decode_open(&d, a, body, len, err) == ERR_OK) {
        bool wrapped = is_wrapped(d.root);
        field_values(&d, wrapped ? &inner : &root,
                     wrapped ? json_object_get(d.root, "parameters") : d.root, &given);
    }
    if (d.code == ERR_OK)
        *ret = given;
    return d.code;
}
