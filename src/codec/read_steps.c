/* Bodies that ask for steps: one step, a batch for one session, or items for many sessions.
 *
 * The three share one list of fields, so that a step reads the same wherever it stands. An item of
 * POST /v1/steps stands for itself: what is wrong in it goes into its own err. */
#include "codec/json.h"
#include "codec/json_fields.h"
#include "codec/json_values.h"

#include <stdio.h>
#include <string.h>

enum { RETURN_COUNT = 3 };

/* A body or an item as it is read: one step, or several. */
struct given {
    const char *session;
    struct step_input one;
    struct step_list list;
    bool batch;
    int returns;
};

/* ---- one step ---------------------------------------------------------------------------------
 */

static void read_loss(struct decode *d, const struct place *at, json_t *v, void *to)
{
    struct step_input *in = to;
    in->has_loss = decode_number(v, &in->loss);
    if (!in->has_loss)
        decode_expected(d, at, "a number", v);
}

static void read_reduction(struct decode *d, const struct place *at, json_t *v, void *to)
{
    static const char *const names[] = {"mean", "sum", NULL};
    struct step_input *in = to;
    in->reduce_sum = decode_choice(d, at, v, names) == 1;
}

static void read_weights(struct decode *d, const struct place *at, json_t *v, void *to)
{
    struct step_input *in = to;
    struct matrix list;
    if (!decode_matrix(d, at, v, 1, &list))
        return;
    in->weights = list.data;
    in->weight_count = list.rows;
}

static void read_hessian(struct decode *d, const struct place *at, json_t *v, void *to)
{
    struct step_input *in = to;
    struct matrix m;
    if (!decode_matrix(d, at, v, 2, &m))
        return;
    in->hessian = m.data;
    in->hessian_rows = m.rows;
    in->hessian_columns = m.columns;
}

/* [[1,2],[3,4]] was lifted as one array: its rows are the gradients. They share one tensor. */
static void split_gradients(struct decode *d, const struct lift_array *lifted,
                            struct step_input *in)
{
    size_t count = (size_t)lifted->shape[0], each = lifted->count / count;
    struct tensor *x = decode_zalloc(d, 1, sizeof *x);
    struct values *list = decode_zalloc(d, count, sizeof *list);
    if (!x || !list)
        return;
    x->name = "";
    x->rank = lifted->rank - 1;
    x->count = each;
    x->form = x->rank == 0 ? TENSOR_NUMBER : TENSOR_NESTED;
    memcpy(x->shape, lifted->shape + 1, (size_t)x->rank * sizeof *x->shape);
    for (size_t i = 0; i < count; i++)
        list[i] =
            (struct values){.count = 1, .tensors = x, .data = lifted->data + i * each, .n = each};
    in->gradients = list;
    in->gradient_count = count;
}

static void read_gradients(struct decode *d, const struct place *at, json_t *v, void *to)
{
    struct step_input *in = to;
    const struct lift_array *lifted = decode_lifted(d, v);
    size_t i;
    json_t *item;
    if (lifted) {
        split_gradients(d, lifted, in);
        return;
    }
    if (!json_is_array(v)) {
        decode_expected(d, at, "a list of gradients", v);
        return;
    }
    if (json_array_size(v) == 0) {
        decode_wrong(d, at, "the list is empty");
        return;
    }
    in->gradients = decode_zalloc(d, json_array_size(v), sizeof *in->gradients);
    if (!in->gradients)
        return;
    in->gradient_count = json_array_size(v);
    json_array_foreach(v, i, item)
    {
        struct place here = PLACE_ITEM(at, i);
        field_values(d, &here, item, &in->gradients[i]);
    }
}

/* The fields of a step that stands in the member `in` of `type`. */
#define STEP_FIELDS(type, in)                                                                      \
    FIELD("gradient", field_values, type, in.gradient), FIELD("loss", read_loss, type, in),        \
        FIELD("expected_step", field_integer, type, in.expected_step),                             \
        FIELD("gradients", read_gradients, type, in),                                              \
        FIELD("reduction", read_reduction, type, in), FIELD("weights", read_weights, type, in),    \
        FIELD("hessian", read_hessian, type, in),                                                  \
        FIELD("hessian_diagonal", field_values, type, in.hessian_diagonal),                        \
        FIELD("second_gradient", field_values, type, in.second_gradient),                          \
        FIELD("indices", field_values, type, in.indices)

static const struct alias step_aliases[] = {{"grad", "gradient"},
                                            {"g", "gradient"},
                                            {"grads", "gradient"},
                                            {"per_example_gradients", "gradients"},
                                            {"H", "hessian"},
                                            {"hess", "hessian"},
                                            {"hessian_diag", "hessian_diagonal"},
                                            {"reduce", "reduction"},
                                            {"step", "expected_step"},
                                            {"value", "loss"},
                                            {"objective", "loss"},
                                            {"session_id", "session"},
                                            {"id", "session"},
                                            {"name", "session"},
                                            {"batch", "steps"},
                                            {"returns", "return"},
                                            {0}};

/* ---- one step or several ------------------------------------------------------------------------
 */

static void start_step(struct step_input *in, const char *pointer)
{
    in->expected_step = -1;
    in->pointer = pointer;
}

/* "#/steps/17" in the arena; `base` is what stands before it. */
static const char *step_pointer(struct decode *d, const char *base, size_t index)
{
    char tail[32];
    int tail_len = snprintf(tail, sizeof tail, "/steps/%zu", index);
    size_t base_len = strlen(base);
    char *text = arena_alloc(d->arena, base_len + (size_t)tail_len + 1);
    if (!text) {
        decode_no_memory(d);
        return base;
    }
    memcpy(text, base, base_len);
    memcpy(text + base_len, tail, (size_t)tail_len + 1);
    return text;
}

/* A step that stands alone, for offsets. */
struct in_batch {
    struct step_input in;
};

void field_steps(struct decode *d, const struct place *at, json_t *v, void *to)
{
    static const struct field rows[] = {STEP_FIELDS(struct in_batch, in), {0}};
    static const struct fields fields = {"a step", rows, step_aliases};
    struct step_list *ret = to;
    char base[ERR_POINTER_LEN];
    size_t i;
    json_t *item;
    if (!json_is_array(v) || decode_lifted(d, v)) {
        decode_expected(d, at, "a list of steps", v);
        return;
    }
    if (json_array_size(v) == 0 || json_array_size(v) > JSON_STEPS_MAX) {
        decode_wrong(d, at, "expected 1 to %d steps, given %zu", JSON_STEPS_MAX,
                     json_array_size(v));
        return;
    }
    ret->steps = decode_zalloc(d, json_array_size(v), sizeof *ret->steps);
    if (!ret->steps)
        return;
    ret->count = json_array_size(v);
    place_pointer(at->up, base);
    json_array_foreach(v, i, item)
    {
        struct place here = PLACE_ITEM(at, i);
        start_step(&ret->steps[i], step_pointer(d, base, i));
        decode_fields(d, &here, item, &fields, &ret->steps[i]);
    }
}

static void read_return(struct decode *d, const struct place *at, json_t *v, void *to)
{
    static const char *const names[RETURN_COUNT + 1] = {"last", "metrics", "parameters", NULL};
    struct given *ret = to;
    int choice = decode_choice(d, at, v, names);
    ret->returns = choice < 0 ? 0 : choice;
}

static const char with_steps[] = "not beside \"steps\"; it belongs into each of the steps";

#define STEP_REFUSED                                                                               \
    FIELD_REFUSED("gradient", with_steps), FIELD_REFUSED("loss", with_steps),                      \
        FIELD_REFUSED("expected_step", with_steps), FIELD_REFUSED("gradients", with_steps),        \
        FIELD_REFUSED("reduction", with_steps), FIELD_REFUSED("weights", with_steps),              \
        FIELD_REFUSED("hessian", with_steps), FIELD_REFUSED("hessian_diagonal", with_steps),       \
        FIELD_REFUSED("second_gradient", with_steps), FIELD_REFUSED("indices", with_steps)

#define BATCH_FIELDS                                                                               \
    FIELD("steps", field_steps, struct given, list, .required = true),                             \
    {                                                                                              \
        .name = "return", .read = read_return                                                      \
    }

static const char without_steps[] = "goes with \"steps\": what to answer of each of them";

/* Whether the object has "steps" chooses the list of fields; `item`: it also names its session. */
static void read_given(struct decode *d, const struct place *at, json_t *v, bool item,
                       const char *pointer, struct given *ret)
{
    static const struct field step[] = {
        STEP_FIELDS(struct given, one), FIELD_REFUSED("return", without_steps), {0}};
    static const struct field batch[] = {BATCH_FIELDS, STEP_REFUSED, {0}};
    static const struct field item_step[] = {
        FIELD("session", field_string, struct given, session, .required = true),
        STEP_FIELDS(struct given, one),
        FIELD_REFUSED("return", without_steps),
        {0}};
    static const struct field item_batch[] = {
        FIELD("session", field_string, struct given, session, .required = true),
        BATCH_FIELDS,
        STEP_REFUSED,
        {0}};
    static const struct fields lists[2][2] = {
        {{"a step", step, step_aliases}, {"a batch of steps", batch, step_aliases}},
        {{"an item", item_step, step_aliases}, {"an item", item_batch, step_aliases}}};
    ret->batch = json_object_get(v, "steps") != NULL;
    start_step(&ret->one, pointer);
    decode_fields(d, at, v, &lists[item][ret->batch], ret);
}

/* The one step moves into the arena. */
static void take(struct decode *d, const struct given *given, struct steps_request *ret)
{
    struct step_input *steps = given->list.steps;
    if (!given->batch) {
        steps = decode_zalloc(d, 1, sizeof *steps);
        if (!steps)
            return;
        *steps = given->one;
    }
    *ret = (struct steps_request){.steps = steps,
                                  .count = given->batch ? given->list.count : 1,
                                  .batch = given->batch,
                                  .returns = given->returns};
}

enum err_code json_read_steps(struct arena *a, const char *body, size_t len,
                              struct steps_request *ret, struct err *err)
{
    struct decode d;
    struct given given = {0};
    struct place root = PLACE_ROOT("#");
    if (decode_open(&d, a, body, len, err) == ERR_OK)
        read_given(&d, &root, d.root, false, "#", &given);
    if (d.code == ERR_OK)
        take(&d, &given, ret);
    return d.code;
}

/* ---- many sessions
 * ---------------------------------------------------------------------------------- */

struct items_given {
    struct steps_item *list;
    size_t count;
};

/* Reads with the item's own err; what was wrong elsewhere does not matter here. */
static void read_item(struct decode *d, const struct place *at, json_t *v, struct steps_item *ret)
{
    struct given given = {0};
    char text[ERR_POINTER_LEN];
    struct err *outer = d->err;
    enum err_code outer_code = d->code;
    place_pointer(at, text);
    const char *pointer = arena_strdup(d->arena, text);
    ret->err = arena_alloc(d->arena, sizeof *ret->err);
    if (!pointer || !ret->err) {
        decode_no_memory(d);
        return;
    }
    err_init(ret->err);
    d->err = ret->err;
    d->code = ERR_OK;
    read_given(d, at, v, true, pointer, &given);
    ret->session = given.session;
    if (d->code == ERR_OK)
        take(d, &given, &ret->request);
    bool memory = d->code == ERR_MEMORY;
    d->err = outer;
    d->code = outer_code;
    if (memory)
        decode_no_memory(d);
}

static void read_items(struct decode *d, const struct place *at, json_t *v, void *to)
{
    struct items_given *ret = to;
    size_t i;
    json_t *item;
    if (!json_is_array(v) || decode_lifted(d, v)) {
        decode_expected(d, at, "a list of items", v);
        return;
    }
    if (json_array_size(v) == 0 || json_array_size(v) > JSON_ITEMS_MAX) {
        decode_wrong(d, at, "expected 1 to %d items, given %zu", JSON_ITEMS_MAX,
                     json_array_size(v));
        return;
    }
    ret->list = decode_zalloc(d, json_array_size(v), sizeof *ret->list);
    if (!ret->list)
        return;
    ret->count = json_array_size(v);
    json_array_foreach(v, i, item)
    {
        struct place here = PLACE_ITEM(at, i);
        read_item(d, &here, item, &ret->list[i]);
    }
}

enum err_code json_read_many(struct arena *a, const char *body, size_t len,
                             struct steps_item **ret_items, size_t *ret_count, struct err *err)
{
    static const struct field rows[] = {{.name = "items", .read = read_items, .required = true},
                                        {0}};
    static const struct alias aliases[] = {{"steps", "items"}, {"sessions", "items"}, {0}};
    static const struct fields fields = {"a body of steps for many sessions", rows, aliases};
    struct decode d;
    struct items_given given = {0};
    struct place root = PLACE_ROOT("#");
    if (decode_open(&d, a, body, len, err) == ERR_OK)
        decode_fields(&d, &root, d.root, &fields, &given);
    if (d.code == ERR_OK) {
        *ret_items = given.list;
        *ret_count = given.count;
    }
    return d.code;
}
