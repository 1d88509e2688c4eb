/* Frames of a stream of events; event.h says which. */
#include "codec/event.h"
#include "codec/write.h"

#include <math.h>
#include <string.h>

static const char *const names[EVENT_KINDS] = {
    [EVENT_STEP] = "step",     [EVENT_CREATED] = "created",
    [EVENT_UPDATE] = "update", [EVENT_NONFINITE] = "nonfinite",
    [EVENT_RUN] = "run",       [EVENT_DELETED] = "deleted",
    [EVENT_GAP] = "gap",       [EVENT_BYE] = "bye"};

/* After so long a client that lost its stream asks again. */
enum { RETRY_MS = 2000 };

void event_write_start(struct buf *out, enum event_form form)
{
    if (form == EVENT_SSE)
        buf_printf(out, "retry: %d\n\n", RETRY_MS);
}

void event_write_heartbeat(struct buf *out, enum event_form form)
{
    buf_puts(out, form == EVENT_SSE ? ":\n\n" : "{\"event\":\"heartbeat\"}\n");
}

static double real_of(const struct step_metrics *m, int field)
{
    const double values[] = {m->loss, m->lr, m->gradient_norm, m->update_norm};
    return values[field - 1];
}

/* One column for each metric, the step first and the time last. */
static void write_columns(struct writer *w, const struct event *const *events, size_t count)
{
    for (int f = 0; f < METRICS_FIELDS; f++) {
        write_key(w, metrics_fields[f]);
        write_array(w);
        for (size_t i = 0; i < count; i++) {
            const struct step_metrics *m = &events[i]->row;
            if (f == 0)
                write_int(w, m->step);
            else if (f == METRICS_FIELDS - 1)
                write_int(w, m->time_ms);
            else
                write_number_or_null(w, real_of(m, f));
        }
        write_end(w);
    }
}

/* The value of the hyperparameter in the step, NaN: it did not move. */
static double moved_of(const struct event *e, const char *name)
{
    for (int i = 0; i < EVENT_MOVED && e->moved[i].name; i++) {
        if (strcmp(e->moved[i].name, name) == 0)
            return e->moved[i].value;
    }
    return NAN;
}

/* The hyperparameters that moved in any of the steps. */
static int names_of(const struct event *const *events, size_t count, const char *ret[HYPER_MAX])
{
    int found = 0;
    for (size_t i = 0; i < count; i++) {
        for (int m = 0; m < EVENT_MOVED && events[i]->moved[m].name; m++) {
            const char *name = events[i]->moved[m].name;
            int k = 0;
            while (k < found && strcmp(ret[k], name) != 0)
                k++;
            if (k == found && found < HYPER_MAX)
                ret[found++] = name;
        }
    }
    return found;
}

/* A column for each of them, where there are any. */
static void write_moved(struct writer *w, const struct event *const *events, size_t count)
{
    const char *which[HYPER_MAX];
    int n = names_of(events, count, which);
    if (n == 0)
        return;
    write_key(w, "hyperparameters");
    write_object(w);
    for (int k = 0; k < n; k++) {
        write_key(w, which[k]);
        write_array(w);
        for (size_t i = 0; i < count; i++)
            write_number_or_null(w, moved_of(events[i], which[k]));
        write_end(w);
    }
    write_end(w);
}

/* A gap without a session is one of any, of which nobody knows where it begins. */
static void write_gap(struct writer *w, const struct event *e)
{
    write_key(w, "from");
    if (e->id[0])
        write_int(w, e->step);
    else
        write_null(w);
    write_key(w, "to");
    if (e->id[0])
        write_int(w, e->last);
    else
        write_null(w);
}

static void write_members(struct writer *w, const struct event *const *events, size_t count)
{
    const struct event *e = events[0];
    if (e->kind != EVENT_BYE)
        write_string_field(w, "session", e->id[0] ? e->id : NULL);
    switch (e->kind) {
    case EVENT_STEP:
        write_columns(w, events, count);
        write_moved(w, events, count);
        break;
    case EVENT_CREATED:
    case EVENT_UPDATE:
        write_int_field(w, "step", e->step);
        write_int_field(w, "revision", e->revision);
        break;
    case EVENT_NONFINITE:
        write_int_field(w, "step", e->step);
        write_int_field(w, "count", e->count);
        write_string_field(w, "on_nonfinite", on_nonfinite_names[e->on_nonfinite]);
        break;
    case EVENT_RUN:
        write_string_field(w, "run", e->run);
        write_int_field(w, "step", e->step);
        write_int_field(w, "steps_done", e->count);
        write_string_field(w, "stopped_by", run_end_names[e->run_end]);
        write_string_field(w, "reason", e->reason[0] ? e->reason : NULL);
        write_number_field(w, "seconds", e->seconds);
        break;
    case EVENT_GAP:
        write_gap(w, e);
        break;
    default:
        break;
    }
}

void event_write(struct buf *out, enum event_form form, const char *id,
                 const struct event *const *events, size_t count)
{
    const char *name = names[events[0]->kind];
    struct writer w = writer_to(out);
    if (form == EVENT_SSE) {
        buf_printf(out, "event: %s\n", name);
        if (id)
            buf_printf(out, "id: %s\n", id);
        buf_puts(out, "data: ");
    }
    write_object(&w);
    if (form == EVENT_NDJSON) {
        write_string_field(&w, "event", name);
        if (id)
            write_string_field(&w, "id", id);
    }
    write_members(&w, events, count);
    write_end(&w);
    buf_puts(out, form == EVENT_SSE ? "\n\n" : "\n");
}
