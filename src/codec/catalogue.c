/* The catalogue of optimizers for people and programs, walked out of the descriptors: nothing here
 * knows any optimizer by name. */
#include "codec/json.h"
#include "codec/json_write.h"
#include "codec/write.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { HREF_LEN = 160, ARGUMENT_LEN = 64 };

static void write_href(struct writer *w, const char *key, const char *name, const char *tail)
{
    char href[HREF_LEN];
    snprintf(href, sizeof href, "/v1/optimizers/%s%s", name, tail);
    write_string_field(w, key, href);
}

static void write_needs(struct writer *w, unsigned needs)
{
    write_key(w, "needs");
    write_array(w);
    for (int k = 0; optim_need_field(k); k++) {
        if (needs & 1U << k)
            write_string(w, optim_need_field(k));
    }
    write_end(w);
}

void catalogue_write_list(struct buf *out)
{
    struct writer w = writer_to(out);
    write_object(&w);
    write_key(&w, "items");
    write_array(&w);
    for (int i = 0; i < optim_count(); i++) {
        const struct optim *o = optim_at(i);
        write_object(&w);
        write_string_field(&w, "name", o->name);
        write_string_field(&w, "title", o->title);
        write_string_field(&w, "use_when", o->use_when);
        write_needs(&w, o->needs);
        write_key(&w, "links");
        write_object(&w);
        write_href(&w, "self", o->name, "");
        write_end(&w);
        write_end(&w);
    }
    write_end(&w);
    write_end(&w);
}

/* ---- JSON Schema 2020-12 ------------------------------------------------------------------ */

static void write_range(struct writer *w, const struct hyper *y)
{
    if (isfinite(y->min))
        write_number_field(w, y->min_open ? "exclusiveMinimum" : "minimum", y->min);
    if (isfinite(y->max))
        write_number_field(w, y->max_open ? "exclusiveMaximum" : "maximum", y->max);
}

static void write_choices(struct writer *w, const char *const *choices)
{
    write_key(w, "enum");
    write_array(w);
    for (; *choices; choices++)
        write_string(w, *choices);
    write_end(w);
}

static void write_items(struct writer *w, const struct hyper *y)
{
    write_key(w, "items");
    write_object(w);
    write_string_field(w, "type", y->steps ? "integer" : "number");
    write_range(w, y);
    write_end(w);
}

void write_property(struct writer *w, const struct hyper *y)
{
    static const char *const types[] = {[HYPER_REAL] = "number",
                                        [HYPER_INTEGER] = "integer",
                                        [HYPER_BOOL] = "boolean",
                                        [HYPER_CHOICE] = "string",
                                        [HYPER_LIST] = "array"};
    write_key(w, y->name);
    write_object(w);
    write_string_field(w, "description", y->doc);
    write_string_field(w, "type", types[y->kind]);
    if (y->kind == HYPER_LIST)
        write_items(w, y);
    else if (y->kind == HYPER_CHOICE)
        write_choices(w, y->choices);
    else if (y->kind != HYPER_BOOL)
        write_range(w, y);
    if (!isnan(y->value[PROFILE_TORCH]) && y->value[PROFILE_TORCH] != HYPER_NONE) {
        write_key(w, "default");
        write_hyper(w, y, y->value[PROFILE_TORCH]);
    }
    write_end(w);
}

/* "betas[0]" is an item of the argument "betas". */
static void argument_base(const char *alias, char base[ARGUMENT_LEN])
{
    snprintf(base, ARGUMENT_LEN, "%.*s", (int)strcspn(alias, "["), alias);
}

/* Whether a library's argument was written before row `upto`, profile `upto_profile`. */
static bool argument_seen(const struct hyper *table, const char *base, const struct hyper *upto,
                          int upto_profile)
{
    for (const struct hyper *y = table; y <= upto; y++) {
        int profiles = y == upto ? upto_profile : PROFILE_COUNT;
        for (int p = 0; p < profiles; p++) {
            char other[ARGUMENT_LEN];
            argument_base(y->alias[p] ? y->alias[p] : "", other);
            if (strcmp(base, other) == 0)
                return true;
        }
    }
    return false;
}

/* The arguments that libraries know by another name: taken as well, where the profile is theirs. */
static void write_argument_properties(struct writer *w, const struct hyper *table)
{
    for (const struct hyper *y = table; y->name; y++) {
        for (int p = 0; p < PROFILE_COUNT; p++) {
            char base[ARGUMENT_LEN], doc[160];
            if (!y->alias[p])
                continue;
            argument_base(y->alias[p], base);
            if (hyper_find(table, base) >= 0 || argument_seen(table, base, y, p))
                continue;
            snprintf(doc, sizeof doc, "Profile %s: what its library calls %s%s.", profile_names[p],
                     y->name, strchr(y->alias[p], '[') ? " and what follows it" : "");
            write_key(w, base);
            write_object(w);
            write_string_field(w, "description", doc);
            write_end(w);
        }
    }
}

/* A value without a default in any profile has to be given whatever the profile. */
static bool always_required(const struct hyper *y)
{
    for (int p = 0; p < PROFILE_COUNT; p++) {
        if (!isnan(y->value[p]))
            return false;
    }
    return true;
}

static void write_profile_property(struct writer *w)
{
    write_key(w, "profile");
    write_object(w);
    write_string_field(w, "description", "Whose defaults and argument names hold.");
    write_key(w, "enum");
    write_array(w);
    for (int p = 0; p < PROFILE_COUNT; p++)
        write_string(w, profile_names[p]);
    write_end(w);
    write_string_field(w, "default", profile_names[PROFILE_TORCH]);
    write_end(w);
}

static void write_properties(struct writer *w, const char *name, const struct hyper *table,
                             void (*more)(struct writer *w))
{
    write_key(w, "properties");
    write_object(w);
    write_key(w, "name");
    write_object(w);
    write_string_field(w, "const", name);
    write_end(w);
    write_profile_property(w);
    if (more)
        more(w);
    for (const struct hyper *y = table; y->name; y++)
        write_property(w, y);
    write_argument_properties(w, table);
    write_end(w);
}

void write_hyper_schema(struct writer *w, const char *name, const char *title,
                        const struct hyper *table, void (*more)(struct writer *w))
{
    write_key(w, "schema");
    write_object(w);
    write_string_field(w, "$schema", "https://json-schema.org/draft/2020-12/schema");
    write_string_field(w, "title", title);
    write_string_field(w, "type", "object");
    write_properties(w, name, table, more);
    write_key(w, "required");
    write_array(w);
    write_string(w, "name");
    for (const struct hyper *y = table; y->name; y++) {
        if (always_required(y))
            write_string(w, y->name);
    }
    write_end(w);
    write_key(w, "additionalProperties");
    write_bool(w, false);
    write_end(w);
}

/* ---- profiles, state ---------------------------------------------------------------------- */

static void write_profile(struct writer *w, const struct hyper *table, int p)
{
    write_key(w, profile_names[p]);
    write_object(w);
    write_key(w, "defaults");
    write_object(w);
    for (const struct hyper *y = table; y->name; y++) {
        write_key(w, y->name);
        if (isnan(y->value[p]))
            write_null(w);
        else
            write_hyper(w, y, y->value[p]);
    }
    write_end(w);
    write_key(w, "required");
    write_array(w);
    for (const struct hyper *y = table; y->name; y++) {
        if (isnan(y->value[p]))
            write_string(w, y->name);
    }
    write_end(w);
    write_key(w, "arguments");
    write_object(w);
    for (const struct hyper *y = table; y->name; y++)
        write_string_field(w, y->alias[p] ? y->alias[p] : y->name, y->name);
    write_end(w);
    write_end(w);
}

void write_profiles(struct writer *w, const struct hyper *table)
{
    write_key(w, "profiles");
    write_object(w);
    for (int p = 0; p < PROFILE_COUNT; p++)
        write_profile(w, table, p);
    write_end(w);
}

static void write_slots(struct writer *w, const struct slot *slots)
{
    static const char *const starts[] = {
        [SLOT_ZERO] = "zero", [SLOT_VALUE] = "value", [SLOT_W] = "parameters"};
    write_key(w, "slots");
    write_array(w);
    for (const struct slot *k = slots; k && k->name; k++) {
        write_object(w);
        write_string_field(w, "name", k->name);
        write_string_field(w, "description", k->doc);
        write_string_field(w, "start", starts[k->start]);
        write_end(w);
    }
    write_end(w);
}

static void write_scalars(struct writer *w, const struct scalar *scalars)
{
    write_key(w, "scalars");
    write_array(w);
    for (const struct scalar *s = scalars; s && s->name; s++) {
        write_object(w);
        write_string_field(w, "name", s->name);
        write_string_field(w, "description", s->doc);
        write_number_field(w, "start", s->start);
        write_end(w);
    }
    write_end(w);
}

static void write_readouts(struct writer *w, const struct readout *readouts)
{
    write_key(w, "readouts");
    write_array(w);
    for (const struct readout *r = readouts; r && r->name; r++) {
        write_object(w);
        write_string_field(w, "name", r->name);
        write_string_field(w, "description", r->doc);
        write_end(w);
    }
    write_end(w);
}

void write_equivalents(struct writer *w, const char *const *same_as)
{
    write_key(w, "equivalents");
    write_object(w);
    for (int p = 0; p < PROFILE_COUNT; p++) {
        if (p != PROFILE_PAPER)
            write_string_field(w, profile_names[p], same_as[p]);
    }
    write_end(w);
}

void catalogue_write(struct buf *out, const struct optim *o)
{
    struct writer w = writer_to(out);
    write_object(&w);
    write_string_field(&w, "name", o->name);
    write_string_field(&w, "title", o->title);
    write_string_field(&w, "formula", o->formula);
    write_string_field(&w, "use_when", o->use_when);
    write_string_field(&w, "pros", o->pros);
    write_string_field(&w, "cons", o->cons);
    write_string_field(&w, "reference", o->reference);
    write_equivalents(&w, o->same_as);
    write_needs(&w, o->needs);
    write_hyper_schema(&w, o->name, o->title, o->hypers, NULL);
    write_profiles(&w, o->hypers);
    write_key(&w, "state");
    write_object(&w);
    write_slots(&w, o->slots);
    write_scalars(&w, o->scalars);
    write_end(&w);
    write_readouts(&w, o->readouts);
    write_key(&w, "links");
    write_object(&w);
    write_href(&w, "self", o->name, "");
    write_string_field(&w, "sessions", "/v1/sessions");
    write_end(&w);
    write_end(&w);
}
