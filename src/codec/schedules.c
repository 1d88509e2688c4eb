/* Schedules as a session shows them, and their catalogue, which is walked out of the descriptors:
 * nothing here knows any schedule by name. */
#include "codec/json.h"
#include "codec/json_write.h"

#include <stdio.h>

enum { HREF_LEN = 96 };

/* ---- a session's --------------------------------------------------------------------------- */

static void write_state(struct writer *w, const struct schedule_spec *s, const double *state)
{
    const struct scalar *scalars = s->schedule->scalars;
    int count = schedule_own_scalars(s);
    if (count == 0 || !state)
        return;
    write_key(w, "state");
    write_object(w);
    for (int i = 0; i < count; i++)
        write_number_field(w, scalars[i].name, state[s->state + i]);
    write_end(w);
}

void write_schedule(struct writer *w, const struct schedule_spec *s, const double *state)
{
    write_object(w);
    write_string_field(w, "name", s->schedule->name);
    write_string_field(w, "profile", profile_names[s->profile]);
    for (int i = 0; s->schedule->hypers[i].name; i++) {
        write_key(w, s->schedule->hypers[i].name);
        write_hyper_or_list(w, &s->schedule->hypers[i], s->h[i], &s->list[i]);
    }
    write_state(w, s, state);
    if (s->schedule->composed) {
        write_key(w, "schedules");
        write_array(w);
        for (int i = 0; i < s->child_count; i++)
            write_schedule(w, &s->children[i], state);
        write_end(w);
    }
    write_end(w);
}

void write_schedules(struct writer *w, const struct session *s)
{
    const struct session_schedules *x = s->schedules;
    write_key(w, "schedule");
    if (!x) {
        write_null(w);
        return;
    }
    write_object(w);
    for (int i = 0; i < x->count; i++) {
        write_key(w, s->optim->hypers[x->list[i].hyper].name);
        write_schedule(w, &x->list[i].spec, x->state);
    }
    write_end(w);
}

/* ---- the catalogue ------------------------------------------------------------------------- */

static void write_head(struct writer *w, const struct schedule *s)
{
    write_string_field(w, "name", s->name);
    write_string_field(w, "title", s->title);
    write_string_field(w, "formula", s->formula);
    write_string_field(w, "description", s->doc);
    write_string_field(w, "use_when", s->use_when);
    write_key(w, "needs");
    write_array(w);
    if (s->needs_loss)
        write_string(w, "loss");
    write_end(w);
    write_key(w, "composed");
    write_bool(w, s->composed);
}

static void write_links(struct writer *w, const struct schedule *s)
{
    char href[HREF_LEN];
    snprintf(href, sizeof href, "/v1/schedules/%s", s->name);
    write_key(w, "links");
    write_object(w);
    write_string_field(w, "self", href);
    write_end(w);
}

void schedules_write_list(struct buf *out)
{
    struct writer w = writer_to(out);
    write_object(&w);
    write_key(&w, "items");
    write_array(&w);
    for (int i = 0; i < schedule_count(); i++) {
        write_object(&w);
        write_head(&w, schedule_at(i));
        write_links(&w, schedule_at(i));
        write_end(&w);
    }
    write_end(&w);
    write_end(&w);
}

static void write_parts(struct writer *w)
{
    write_key(w, "schedules");
    write_object(w);
    write_string_field(w, "description", "The parts in order, each a name or an object like this.");
    write_string_field(w, "type", "array");
    write_int_field(w, "minItems", 1);
    write_int_field(w, "maxItems", SCHEDULE_NODES - 1);
    write_end(w);
}

static void write_scalars(struct writer *w, const struct schedule *s)
{
    write_key(w, "state");
    write_array(w);
    for (int i = 0; i < schedule_scalars(s); i++) {
        write_object(w);
        write_string_field(w, "name", s->scalars[i].name);
        write_string_field(w, "description", s->scalars[i].doc);
        write_number_field(w, "start", s->scalars[i].start);
        write_end(w);
    }
    write_end(w);
}

void schedules_write(struct buf *out, const struct schedule *s)
{
    struct writer w = writer_to(out);
    write_object(&w);
    write_head(&w, s);
    write_string_field(&w, "reference", s->reference);
    write_equivalents(&w, s->same_as);
    write_hyper_schema(&w, s->name, s->title, s->hypers, s->composed ? write_parts : NULL);
    write_profiles(&w, s->hypers);
    write_scalars(&w, s);
    write_links(&w, s);
    write_end(&w);
}

void json_write_preview(struct buf *out, const struct schedule_spec *s, double base,
                        const double *values, size_t count)
{
    struct writer w = writer_to(out);
    write_object(&w);
    write_key(&w, "schedule");
    write_schedule(&w, s, NULL);
    write_number_field(&w, "base", base);
    write_key(&w, "values");
    write_numbers(&w, DTYPE_FLOAT64, values, count);
    write_end(&w);
}
