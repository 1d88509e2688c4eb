/* Transforms as JSON: as a client asks for them, as a session shows them, and their catalogue,
 * which is walked out of the descriptors: nothing here knows any transform by name. */
#include "codec/json.h"
#include "codec/json_fields.h"
#include "codec/json_write.h"

#include <stdio.h>
#include <string.h>

enum { HREF_LEN = 96 };

/* ---- reading ------------------------------------------------------------------------------- */

void decode_patterns(struct decode *d, const struct place *at, json_t *v, const char **ret)
{
    size_t room = 1, len = 0;
    if (!json_is_array(v)) {
        field_string(d, at, v, ret);
        return;
    }
    for (size_t i = 0; i < json_array_size(v); i++) {
        struct place here = PLACE_ITEM(at, i);
        json_t *item = json_array_get(v, i);
        if (!json_is_string(item)) {
            decode_expected(d, &here, "a pattern", item);
            return;
        }
        room += json_string_length(item) + 1;
    }
    char *text = arena_alloc(d->arena, room);
    if (!text) {
        decode_no_memory(d);
        return;
    }
    for (size_t i = 0; i < json_array_size(v); i++)
        len += (size_t)snprintf(text + len, room - len, i ? ",%s" : "%s",
                                json_string_value(json_array_get(v, i)));
    text[len] = '\0';
    *ret = text;
}

static void read_object(struct decode *d, const struct place *at, json_t *v,
                        struct transform_given *ret)
{
    const char *key;
    json_t *item;
    struct hyper_arg *args = decode_zalloc(d, json_object_size(v), sizeof *args);
    if (!args)
        return;
    ret->args = args;
    json_object_foreach(v, key, item)
    {
        struct place here = PLACE_KEY(at, key);
        const char **text = strcmp(key, "name") == 0      ? &ret->name
                            : strcmp(key, "profile") == 0 ? &ret->profile
                            : strcmp(key, "match") == 0   ? &ret->match
                            : strcmp(key, "exclude") == 0 ? &ret->exclude
                                                          : NULL;
        if (text == &ret->match || text == &ret->exclude) {
            if (!json_is_null(item))
                decode_patterns(d, &here, item, text);
        } else if (text) {
            if (!json_is_null(item))
                field_string(d, &here, item, text);
        } else {
            decode_named_arg(d, key, item, &args[ret->arg_count++]);
        }
    }
}

void field_transforms(struct decode *d, const struct place *at, json_t *v, void *to)
{
    struct transforms_given *ret = to;
    if (!json_is_array(v) || json_array_size(v) > INT16_MAX) {
        decode_expected(d, at, "a list of transforms", v);
        return;
    }
    ret->list = decode_zalloc(d, json_array_size(v) + 1, sizeof *ret->list);
    if (!ret->list)
        return;
    for (size_t i = 0; i < json_array_size(v); i++) {
        struct place here = PLACE_ITEM(at, i);
        json_t *item = json_array_get(v, i);
        struct transform_given *given = &ret->list[ret->count++];
        if (json_is_string(item))
            given->name = decode_text(d, item);
        else if (json_is_object(item))
            read_object(d, &here, item, given);
        else
            decode_expected(d, &here, "a name or an object", item);
    }
}

/* ---- a session's --------------------------------------------------------------------------- */

static void write_link(struct writer *w, const struct transform_link *link)
{
    const struct transform *t = link->transform;
    write_object(w);
    write_string_field(w, "name", t->name);
    write_string_field(w, "profile", profile_names[link->profile]);
    if (link->match)
        write_string_field(w, "match", link->match);
    if (link->exclude)
        write_string_field(w, "exclude", link->exclude);
    for (int i = 0; t->hypers[i].name; i++) {
        write_key(w, t->hypers[i].name);
        write_hyper_or_list(w, &t->hypers[i], link->h[i], &link->list[i]);
    }
    if (t->scalars) {
        write_key(w, "state");
        write_object(w);
        for (int i = 0; t->scalars[i].name; i++)
            write_number_field(w, t->scalars[i].name, link->scalar[i]);
        write_end(w);
    }
    write_end(w);
}

void write_transforms(struct writer *w, const struct session *s)
{
    write_key(w, "transforms");
    write_array(w);
    for (int i = 0; s->chain && i < s->chain->count; i++)
        write_link(w, &s->chain->links[i]);
    write_end(w);
}

void write_transforms_state(struct writer *w, const struct session *s)
{
    write_key(w, "transforms");
    write_array(w);
    for (int i = 0; s->chain && i < s->chain->count; i++) {
        const struct transform_link *link = &s->chain->links[i];
        const struct transform *t = link->transform;
        write_object(w);
        write_string_field(w, "name", t->name);
        for (int k = 0; k < transform_slots(t); k++) {
            write_key(w, t->slots[k].name);
            write_structured_double(w, s, link->slot[k]);
        }
        for (int k = 0; k < transform_scalars(t); k++)
            write_number_field(w, t->scalars[k].name, link->scalar[k]);
        write_end(w);
    }
    write_end(w);
}

/* ---- the catalogue ------------------------------------------------------------------------- */

static void write_acts(struct writer *w, const struct transform *t)
{
    write_key(w, "acts");
    write_array(w);
    if (t->before)
        write_string(w, "before");
    if (t->after)
        write_string(w, "after");
    write_end(w);
}

static void write_head(struct writer *w, const struct transform *t)
{
    write_string_field(w, "name", t->name);
    write_string_field(w, "title", t->title);
    write_string_field(w, "formula", t->formula);
    write_string_field(w, "description", t->doc);
    write_acts(w, t);
}

static void write_self(struct writer *w, const struct transform *t)
{
    char href[HREF_LEN];
    snprintf(href, sizeof href, "/v1/transforms/%s", t->name);
    write_key(w, "links");
    write_object(w);
    write_string_field(w, "self", href);
    write_end(w);
}

void transforms_write_list(struct buf *out)
{
    struct writer w = writer_to(out);
    write_object(&w);
    write_key(&w, "items");
    write_array(&w);
    for (int i = 0; i < transform_count(); i++) {
        write_object(&w);
        write_head(&w, transform_at(i));
        write_self(&w, transform_at(i));
        write_end(&w);
    }
    write_end(&w);
    write_end(&w);
}

static void write_pattern(struct writer *w, const char *name, const char *doc)
{
    write_key(w, name);
    write_object(w);
    write_string_field(w, "description", doc);
    write_key(w, "type");
    write_array(w);
    write_string(w, "string");
    write_string(w, "array");
    write_end(w);
    write_end(w);
}

static void write_patterns(struct writer *w)
{
    write_pattern(w, "match",
                  "Only tensors whose name fits: a pattern, several with commas between, or a "
                  "list. * stands for any text, ? for one character.");
    write_pattern(w, "exclude", "Not tensors whose name fits, in the same form.");
}

static void write_state(struct writer *w, const struct transform *t)
{
    write_key(w, "state");
    write_array(w);
    for (int k = 0; k < transform_slots(t) + transform_scalars(t); k++) {
        int i = k - transform_slots(t);
        write_object(w);
        write_string_field(w, "name", i < 0 ? t->slots[k].name : t->scalars[i].name);
        write_string_field(w, "description", i < 0 ? t->slots[k].doc : t->scalars[i].doc);
        write_string_field(w, "form", i < 0 ? "parameters" : "number");
        write_end(w);
    }
    write_end(w);
}

void transforms_write(struct buf *out, const struct transform *t)
{
    struct writer w = writer_to(out);
    write_object(&w);
    write_head(&w, t);
    write_string_field(&w, "reference", t->reference);
    write_equivalents(&w, t->same_as);
    write_hyper_schema(&w, t->name, t->title, t->hypers, t->whole ? NULL : write_patterns);
    write_profiles(&w, t->hypers);
    write_state(&w, t);
    write_string_field(&w, "readout", t->readout ? t->slots[t->readout - 1].name : NULL);
    write_self(&w, t);
    write_end(&w);
}
