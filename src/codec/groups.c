/* Parameter groups: as clients ask for them, and as a session shows them. */
#include "codec/json_fields.h"
#include "codec/json_write.h"

#include <string.h>

/* ---- reading ------------------------------------------------------------------------------- */

static void read_frozen(struct decode *d, const struct place *at, json_t *v, int *ret)
{
    if (json_is_boolean(v))
        *ret = json_is_true(v);
    else
        decode_expected(d, at, "true or false", v);
}

static void read_group(struct decode *d, const struct place *at, json_t *v, struct group_given *ret)
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
        const char **text = strcmp(key, "match") == 0     ? &ret->match
                            : strcmp(key, "exclude") == 0 ? &ret->exclude
                                                          : NULL;
        if (text && !json_is_null(item)) {
            decode_patterns(d, &here, item, text);
        } else if (strcmp(key, "frozen") == 0) {
            read_frozen(d, &here, item, &ret->frozen);
        } else if (!text) {
            decode_named_arg(d, key, item, &args[ret->arg_count++]);
        }
    }
}

void field_groups(struct decode *d, const struct place *at, json_t *v, void *to)
{
    struct groups_given *ret = to;
    if (!json_is_array(v) || json_array_size(v) > INT16_MAX) {
        decode_expected(d, at, "a list of groups", v);
        return;
    }
    ret->list = decode_zalloc(d, json_array_size(v) + 1, sizeof *ret->list);
    if (!ret->list)
        return;
    for (size_t i = 0; i < json_array_size(v); i++) {
        struct place here = PLACE_ITEM(at, i);
        json_t *item = json_array_get(v, i);
        struct group_given *given = &ret->list[ret->count++];
        given->frozen = -1;
        if (json_is_object(item))
            read_group(d, &here, item, given);
        else
            decode_expected(d, &here, "an object", item);
    }
}

/* ---- a session's --------------------------------------------------------------------------- */

static void write_tensors(struct writer *w, const struct session *s, int group)
{
    write_key(w, "tensors");
    write_array(w);
    for (int i = 0; i < s->tensor_count; i++) {
        if (s->groups->of[i] == group)
            write_string(w, s->tensors[i].name);
    }
    write_end(w);
}

static void write_group(struct writer *w, const struct session *s, int i)
{
    const struct group *x = &s->groups->list[i];
    const struct hyper *table = s->optim->hypers;
    write_object(w);
    if (x->match)
        write_string_field(w, "match", x->match);
    if (x->exclude)
        write_string_field(w, "exclude", x->exclude);
    write_tensors(w, s, i);
    write_key(w, "frozen");
    write_bool(w, x->frozen);
    for (int k = 0; table[k].name; k++) {
        if (x->given >> k & 1) {
            write_key(w, table[k].name);
            write_hyper(w, &table[k], x->h[k]);
        }
    }
    write_end(w);
}

void write_groups(struct writer *w, const struct session *s)
{
    write_key(w, "groups");
    write_array(w);
    for (int i = 0; s->groups && i < s->groups->count; i++)
        write_group(w, s, i);
    write_end(w);
}

void write_groups_state(struct writer *w, const struct session *s)
{
    write_key(w, "groups");
    write_array(w);
    for (int i = 0; s->groups && i < s->groups->count; i++) {
        const double *state = s->groups->list[i].state;
        write_object(w);
        write_number_field(w, "frozen_steps", state[0]);
        write_key(w, "scalars");
        write_object(w);
        for (int k = 0; k < optim_scalars(s->optim); k++)
            write_number_field(w, s->optim->scalars[k].name, state[1 + k]);
        write_end(w);
        write_end(w);
    }
    write_end(w);
}
