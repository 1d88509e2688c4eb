/* Answers about sessions: the shapes of the contract, written straight into the buffer. */
#include "codec/json_write.h"
#include "codec/explain.h"

#include "base/clock.h"
#include "codec/json.h"
#include "session/recording.h"

#include <math.h>
#include <stdio.h>

enum { HREF_LEN = 96 };

void write_hyper(struct writer *w, const struct hyper *y, double value)
{
    if (y->kind == HYPER_BOOL)
        write_bool(w, value != 0);
    else if (y->kind == HYPER_CHOICE)
        write_string(w, y->choices[(int)value]);
    else if (value == HYPER_NONE)
        write_null(w);
    else
        write_number(w, value);
}

void write_hyper_or_list(struct writer *w, const struct hyper *y, double value,
                         const struct hyper_list *list)
{
    if (y->kind == HYPER_LIST && value != HYPER_NONE)
        write_numbers(w, DTYPE_FLOAT64, list->data, list->count);
    else
        write_hyper(w, y, value);
}

/* ---- numbers in the client's structure ------------------------------------------------------ */

static const void *number_at(enum dtype dtype, const void *data, size_t i)
{
    return (const char *)data + i * dtype_bytes(dtype);
}

static void write_single(struct writer *w, enum dtype dtype, const void *number)
{
    if (dtype == DTYPE_FLOAT32)
        write_float(w, *(const float *)number);
    else
        write_number(w, *(const double *)number);
}

/* The part of tensor `x` that begins at number `first`, from dimension `dim` on. */
static void write_nested(struct writer *w, enum dtype dtype, const void *data,
                         const struct tensor *x, int dim, size_t first, size_t count)
{
    if (dim == x->rank) {
        write_single(w, dtype, number_at(dtype, data, first));
        return;
    }
    if (dim == x->rank - 1) {
        write_numbers(w, dtype, number_at(dtype, data, first), count);
        return;
    }
    size_t items = (size_t)x->shape[dim], each = count / items;
    write_array(w);
    for (size_t i = 0; i < items; i++)
        write_nested(w, dtype, data, x, dim + 1, first + i * each, each);
    write_end(w);
}

static void write_flat(struct writer *w, enum dtype dtype, const void *data, const struct tensor *x)
{
    write_object(w);
    write_key(w, "shape");
    write_array(w);
    for (int d = 0; d < x->rank; d++)
        write_int(w, x->shape[d]);
    write_end(w);
    write_key(w, "data");
    write_numbers(w, dtype, number_at(dtype, data, x->offset), x->count);
    write_end(w);
}

static void write_tensor(struct writer *w, enum dtype dtype, const void *data,
                         const struct tensor *x)
{
    if (x->form == TENSOR_FLAT)
        write_flat(w, dtype, data, x);
    else
        write_nested(w, dtype, data, x, 0, x->offset, x->count);
}

static void write_tensors(struct writer *w, const struct session *s, enum dtype dtype,
                          const void *data)
{
    if (!s->named) {
        write_tensor(w, dtype, data, &s->tensors[0]);
        return;
    }
    write_object(w);
    for (int i = 0; i < s->tensor_count; i++) {
        write_key(w, s->tensors[i].name);
        write_tensor(w, dtype, data, &s->tensors[i]);
    }
    write_end(w);
}

void write_structured(struct writer *w, const struct session *s, const void *data)
{
    write_tensors(w, s, s->dtype, data);
}

void write_structured_double(struct writer *w, const struct session *s, const double *data)
{
    write_tensors(w, s, DTYPE_FLOAT64, data);
}

void write_parameters(struct writer *w, const struct session *s)
{
    write_key(w, "parameters");
    write_structured(w, s, s->view.w);
}

/* What can be evaluated instead of the parameters, by name. */
static void write_readouts(struct writer *w, const struct session *s)
{
    if (!s->readouts)
        return;
    write_key(w, "readouts");
    write_object(w);
    for (int k = 0; k < session_readouts(s); k++) {
        write_key(w, session_readout_name(s, k));
        write_structured(w, s, s->readouts[k]);
    }
    write_end(w);
}

/* ---- a session -------------------------------------------------------------------------- */

static void write_metric_fields(struct writer *w, const struct step_metrics *m)
{
    write_key(w, "loss");
    write_number_or_null(w, m->loss);
    write_key(w, "lr");
    write_number_or_null(w, m->lr);
    write_key(w, "gradient_norm");
    write_number_or_null(w, m->gradient_norm);
    write_key(w, "update_norm");
    write_number_or_null(w, m->update_norm);
}

/* What each schedule gave for a step. */
static void write_moved(struct writer *w, const struct session *s, const double *values)
{
    write_key(w, "hyperparameters");
    write_object(w);
    for (int i = 0; i < s->schedules->count; i++) {
        write_key(w, s->optim->hypers[s->schedules->list[i].hyper].name);
        write_number_or_null(w, values[i]);
    }
    write_end(w);
}

void write_metrics(struct writer *w, const struct step_metrics *m)
{
    write_key(w, "metrics");
    if (m->step == 0) {
        write_null(w);
        return;
    }
    write_object(w);
    write_metric_fields(w, m);
    write_end(w);
}

void write_last_metrics(struct writer *w, const struct session *s)
{
    write_key(w, "metrics");
    if (s->last.step == 0) {
        write_null(w);
        return;
    }
    write_object(w);
    write_metric_fields(w, &s->last);
    if (s->schedules)
        write_moved(w, s, s->schedules->last);
    write_end(w);
}

void write_optimizer(struct writer *w, const struct session *s)
{
    write_key(w, "optimizer");
    write_object(w);
    write_string_field(w, "name", s->optim->name);
    write_string_field(w, "profile", profile_names[s->profile]);
    for (int i = 0; s->optim->hypers[i].name; i++) {
        write_key(w, s->optim->hypers[i].name);
        write_hyper(w, &s->optim->hypers[i], s->h[i]);
    }
    write_end(w);
}

static void write_tags(struct writer *w, const struct session *s)
{
    write_key(w, "tags");
    write_object(w);
    for (int i = 0; i < s->tag_count; i++)
        write_string_field(w, s->tags[i].key, s->tags[i].value);
    write_end(w);
}

static void write_time(struct writer *w, const char *key, int64_t unix_ms)
{
    char iso[CLOCK_ISO_LEN];
    write_string_field(w, key, clock_iso(unix_ms, iso));
}

static void write_links(struct writer *w, const struct session *s)
{
    const struct {
        const char *name, *tail;
        bool there;
    } rows[] = {{"self", "", true},
                {"parameters", "/parameters", true},
                {"state", "/state", true},
                {"steps", "/steps", true},
                {"history", "/history", true},
                {"events", "/events", true},
                {"trajectory", "/trajectory", s->view.n <= RECORDING_PARAMETERS},
                {"runs", "/runs", s->objective != NULL}};
    write_key(w, "links");
    write_object(w);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char href[HREF_LEN];
        if (!rows[i].there)
            continue;
        snprintf(href, sizeof href, "/v1/sessions/%s%s", s->id, rows[i].tail);
        write_string_field(w, rows[i].name, href);
    }
    write_key(w, "optimizer");
    char href[HREF_LEN];
    snprintf(href, sizeof href, "/v1/optimizers/%s", s->optim->name);
    write_string(w, href);
    write_end(w);
}

static void write_session(struct writer *w, const struct session *s, bool with_parameters)
{
    write_object(w);
    write_string_field(w, "id", s->id);
    write_string_field(w, "name", s->name);
    write_int_field(w, "step", s->step);
    write_int_field(w, "revision", s->revision);
    write_optimizer(w, s);
    write_schedules(w, s);
    write_groups(w, s);
    write_transforms(w, s);
    write_key(w, "objective");
    if (s->objective)
        write_objective(w, s->objective, false);
    else
        write_null(w);
    write_string_field(w, "dtype", dtype_names[s->dtype]);
    write_string_field(w, "on_nonfinite", on_nonfinite_names[s->on_nonfinite]);
    write_tags(w, s);
    if (with_parameters) {
        write_parameters(w, s);
        write_readouts(w, s);
    }
    write_last_metrics(w, s);
    write_int_field(w, "skipped", s->skipped);
    write_time(w, "created_at", s->created_ms);
    write_time(w, "updated_at", s->updated_ms);
    write_links(w, s);
    write_end(w);
}

void json_write_session(struct buf *out, const struct session *s, bool with_parameters)
{
    struct writer w = writer_to(out);
    write_session(&w, s, with_parameters);
}

void json_write_list(struct buf *out, struct session *const *sessions, int count, const char *next)
{
    struct writer w = writer_to(out);
    write_object(&w);
    write_key(&w, "items");
    write_array(&w);
    for (int i = 0; i < count; i++)
        write_session(&w, sessions[i], false);
    write_end(&w);
    write_string_field(&w, "next", next);
    write_end(&w);
}

/* ---- steps ------------------------------------------------------------------------------ */

/* With the values of the hyperparameters that move. */
static void write_step_metrics(struct writer *w, const struct session *s,
                               const struct step_output *o)
{
    write_key(w, "metrics");
    write_object(w);
    write_metric_fields(w, &o->metrics);
    if (o->moved)
        write_moved(w, s, o->moved);
    write_end(w);
}

static void write_skipped(struct writer *w, const struct step_output *o)
{
    if (!o->skipped && !o->held)
        return;
    write_key(w, o->skipped ? "skipped" : "held");
    write_bool(w, true);
}

static void write_outputs(struct writer *w, const struct session *s,
                          const struct step_output *outputs, size_t count)
{
    write_key(w, "steps");
    write_array(w);
    for (size_t i = 0; i < count; i++) {
        write_object(w);
        write_int_field(w, "step", outputs[i].metrics.step);
        write_step_metrics(w, s, &outputs[i]);
        write_skipped(w, &outputs[i]);
        if (outputs[i].parameters) {
            write_key(w, "parameters");
            write_structured(w, s, outputs[i].parameters);
        }
        write_end(w);
    }
    write_end(w);
}

void json_write_steps(struct buf *out, const struct session *s, const struct step_output *outputs,
                      size_t count, bool batch, int detail)
{
    struct writer w = writer_to(out);
    write_object(&w);
    write_string_field(&w, "id", s->id);
    write_int_field(&w, "step", s->step);
    write_int_field(&w, "revision", s->revision);
    if (s->view.w) {
        write_parameters(&w, s);
        write_readouts(&w, s);
    }
    if (count > 0) {
        write_step_metrics(&w, s, &outputs[count - 1]);
        write_skipped(&w, &outputs[count - 1]);
        write_explanation(&w, &outputs[count - 1]);
    }
    if (batch && detail > 0)
        write_outputs(&w, s, outputs, count);
    write_end(&w);
}

/* ---- parameters and state ------------------------------------------------------------------ */

static void write_head(struct writer *w, const struct session *s)
{
    write_object(w);
    write_string_field(w, "id", s->id);
    write_int_field(w, "step", s->step);
    write_int_field(w, "revision", s->revision);
    write_string_field(w, "dtype", dtype_names[s->dtype]);
    write_parameters(w, s);
}

void json_write_parameters(struct buf *out, const struct session *s)
{
    struct writer w = writer_to(out);
    write_head(&w, s);
    write_end(&w);
}

bool slot_like_parameters(const struct session *s, int k)
{
    const struct slot *slot = &s->optim->slots[k];
    for (int i = 0; slot->count && i < s->tensor_count; i++) {
        if (slot->count(s->h, &s->tensors[i]) != s->tensors[i].count)
            return false;
    }
    return true;
}

static void write_slots(struct writer *w, const struct session *s)
{
    write_key(w, "slots");
    write_object(w);
    for (int k = 0; k < optim_slots(s->optim); k++) {
        if (!s->view.slot[k])
            continue;
        write_key(w, s->optim->slots[k].name);
        if (slot_like_parameters(s, k))
            write_structured(w, s, s->view.slot[k]);
        else
            write_numbers(w, s->dtype, s->view.slot[k],
                          optim_slot_count(s->optim, k, s->h, s->tensors, s->tensor_count));
    }
    write_end(w);
}

void json_write_state(struct buf *out, const struct session *s)
{
    struct writer w = writer_to(out);
    write_head(&w, s);
    write_slots(&w, s);
    write_key(&w, "scalars");
    write_object(&w);
    for (int i = 0; i < optim_scalars(s->optim); i++)
        write_number_field(&w, s->optim->scalars[i].name, s->scalars[i]);
    write_end(&w);
    write_groups_state(&w, s);
    write_transforms_state(&w, s);
    write_end(&w);
}
