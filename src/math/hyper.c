/* Resolution of hyperparameters: arguments are laid over the defaults of a profile, and everything
 * that is wrong with them is said at once. */
#include "math/hyper.h"

#include "math/argument.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const profile_names[PROFILE_COUNT] = {"torch", "keras", "optax", "paper"};

struct resolution {
    const struct hyper *table;
    enum profile profile;
    const char *what, *prefix;
    struct err *err;
    enum err_code code; /* ERR_OK while nothing is wrong */
    double value[HYPER_MAX];
    bool given[HYPER_MAX];
    struct hyper_list list[HYPER_MAX];
};

struct pointer {
    char text[ERR_POINTER_LEN];
};

int hyper_count(const struct hyper *table)
{
    int count = 0;
    while (count < HYPER_MAX && table[count].name)
        count++;
    return count;
}

int hyper_find(const struct hyper *table, const char *name)
{
    for (int i = 0; table[i].name; i++) {
        if (strcmp(table[i].name, name) == 0)
            return i;
    }
    return -1;
}

/* ---- pointers and messages ---------------------------------------------------------------- */

static bool is_unreserved(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~!$&'()*+,;=:@?", c));
}

/* prefix/name as a JSON pointer in a URI fragment (RFC 6901, sections 3 and 6). */
static struct pointer pointer_to(const char *prefix, const char *name)
{
    struct pointer p;
    size_t len = strnlen(prefix, sizeof p.text - 8);
    memcpy(p.text, prefix, len);
    p.text[len++] = '/';
    for (; *name && len + 4 < sizeof p.text; name++) {
        char escaped[4] = {*name, '\0'};
        if (*name == '~')
            strcpy(escaped, "~0");
        else if (*name == '/')
            strcpy(escaped, "~1");
        else if (!is_unreserved(*name))
            snprintf(escaped, sizeof escaped, "%%%02X", (unsigned char)*name);
        size_t n = strlen(escaped);
        memcpy(p.text + len, escaped, n);
        len += n;
    }
    p.text[len] = '\0';
    return p;
}

static const char *kind_words(const struct hyper *y)
{
    switch (y->kind) {
    case HYPER_BOOL:
        return "true or false";
    case HYPER_INTEGER:
        return "a whole number";
    case HYPER_REAL:
        return "a number";
    case HYPER_CHOICE:
        return "one of";
    case HYPER_LIST:
        return y->steps ? "a list of whole numbers that rise" : "a list of numbers";
    }
    return "";
}

/* Whole numbers end where doubles do: to say so would only be noise. */
static bool has_most(const struct hyper *y)
{
    return isfinite(y->max) && y->max < 9007199254740992.0;
}

/* Whether a schedule is given for the learning rate, as Keras and optax take one. */
static bool is_schedule(const struct hyper *y, const struct hyper_arg *arg)
{
    bool named = arg->kind == ARG_STRING && isalpha((unsigned char)arg->string[0]);
    return strcmp(y->name, "lr") == 0 && (named || arg->kind == ARG_OTHER);
}

/* "beta1 must be a number, at least 0 and below 1", by the name that the client used. */
static void wrong_kind(struct resolution *r, const struct hyper *y, const struct hyper_arg *arg,
                       const struct pointer *at)
{
    const char *alias = y->alias[r->profile];
    const char *name = alias && strcmp(alias, arg->name) == 0 ? alias : y->name;
    char text[ERR_DETAIL_LEN];
    size_t len = (size_t)snprintf(text, sizeof text, "%s must be %s", name, kind_words(y));
    const char *between = " ";
    for (const char *const *c = y->kind == HYPER_CHOICE ? y->choices : NULL; c && *c; c++) {
        if (len < sizeof text)
            len += (size_t)snprintf(text + len, sizeof text - len, "%s\"%s\"", between, *c);
        between = ", ";
    }
    bool number = y->kind == HYPER_REAL || y->kind == HYPER_INTEGER || y->kind == HYPER_LIST;
    bool min = number && isfinite(y->min), max = number && has_most(y);
    if (min && len < sizeof text)
        len += (size_t)snprintf(text + len, sizeof text - len, ", %s %.15g",
                                y->min_open ? "above" : "at least", y->min);
    if (max && len < sizeof text)
        snprintf(text + len, sizeof text - len, "%s %s %.15g", min ? " and" : ",",
                 y->max_open ? "below" : "at most", y->max);
    r->code = err_add(r->err, ERR_VALIDATION, at->text, "%s%s", text,
                      is_schedule(y, arg) ? "; a schedule for it goes into \"schedule\"" : "");
}

/* ---- names -------------------------------------------------------------------------------- */

/* Whether `alias` is an item of the list argument `name`: "betas[1]" of "betas". */
static bool is_item_of(const char *alias, const char *name)
{
    size_t len = strlen(name);
    return alias && strncmp(alias, name, len) == 0 && alias[len] == '[';
}

static bool is_alias(const struct hyper *y, int profile, const char *name)
{
    const char *alias = y->alias[profile];
    return alias && (strcmp(alias, name) == 0 || is_item_of(alias, name));
}

/* Candidates of a suggestion: names, then the profile's aliases (a list's item by its own name). */
static const char *candidate(const void *data, int i)
{
    const struct resolution *r = data;
    int count = hyper_count(r->table);
    const struct hyper *y = &r->table[i % count];
    const char *alias = y->alias[r->profile];
    return i >= count && alias && !strchr(alias, '[') ? alias : y->name;
}

/* The row that another library's argument of this name means. */
static const char *meant_elsewhere(const struct resolution *r, const char *name)
{
    for (int i = 0; r->table[i].name; i++) {
        for (int p = 0; p < PROFILE_COUNT; p++) {
            if (is_alias(&r->table[i], p, name))
                return r->table[i].name;
        }
    }
    return NULL;
}

/* Whether `arg` is known from a library and asked for elsewhere; says where, if it asks for
 * anything.
 */
static bool is_elsewhere(struct resolution *r, const struct hyper_arg *arg,
                         const struct pointer *at)
{
    const char *instead = argument_instead(r->prefix, r->what, arg->name);
    if (instead && !argument_wants_nothing(arg))
        r->code = err_add(r->err, ERR_VALIDATION, at->text, "%s has no \"%s\"; use %s", r->what,
                          arg->name, instead);
    return instead;
}

static void unknown(struct resolution *r, const struct hyper_arg *arg)
{
    struct pointer at = pointer_to(r->prefix, arg->name);
    if (argument_without_effect(arg->name)) {
        if (!argument_wants_nothing(arg))
            r->code = err_add(r->err, ERR_VALIDATION, at.text,
                              "%s has no \"%s\": it says how a library computes, not what; leave "
                              "it out",
                              r->what, arg->name);
        return;
    }
    const char *near = meant_elsewhere(r, arg->name);
    if (!near && is_elsewhere(r, arg, &at))
        return;
    r->code = err_add(r->err, ERR_VALIDATION, at.text, "%s has no hyperparameter \"%s\"", r->what,
                      arg->name);
    if (!near)
        near = err_nearest(arg->name, candidate, r, 2 * hyper_count(r->table));
    err_suggest(r->err, near);
}

/* ---- values ------------------------------------------------------------------------------- */

bool hyper_in_range(const struct hyper *y, double x)
{
    return isfinite(x) && (y->min_open ? x > y->min : x >= y->min) &&
           (y->max_open ? x < y->max : x <= y->max);
}

/* torch says cos for cosine. */
static int choice_find(const struct hyper *y, const char *name)
{
    const char *meant = strcmp(name, "cos") == 0 ? "cosine" : name;
    for (int i = 0; y->choices[i]; i++) {
        if (strcmp(y->choices[i], meant) == 0)
            return i;
    }
    return -1;
}

static const char *choice_at(const void *choices, int i)
{
    return ((const char *const *)choices)[i];
}

static const char *choice_nearest(const struct hyper *y, const char *given)
{
    int count = 0;
    while (y->choices[count])
        count++;
    return err_nearest(given, choice_at, y->choices, count);
}

static bool list_fits(const struct hyper *y, const double *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool rises = i == 0 || items[i] > items[i - 1];
        if (!hyper_in_range(y, items[i]) || (y->steps && (!rises || trunc(items[i]) != items[i])))
            return false;
    }
    return true;
}

/* The number that `arg` stands for in row `y`; false where it stands for none. A choice takes a
 * boolean from a library that has two of its forms. */
static bool number_of(const struct hyper *y, const struct hyper_arg *arg, bool by_alias,
                      double *ret_number)
{
    switch (y->kind) {
    case HYPER_BOOL:
        *ret_number = arg->number != 0;
        return arg->kind == ARG_BOOL;
    case HYPER_CHOICE:
        *ret_number = arg->kind == ARG_STRING ? choice_find(y, arg->string) : arg->number != 0;
        return (arg->kind == ARG_STRING && *ret_number >= 0) || (arg->kind == ARG_BOOL && by_alias);
    case HYPER_INTEGER:
    case HYPER_REAL:
        *ret_number = arg->number;
        return arg->kind == ARG_NUMBER && hyper_in_range(y, arg->number) &&
               (y->kind == HYPER_REAL || trunc(arg->number) == arg->number);
    case HYPER_LIST:
        *ret_number = (double)arg->count;
        return arg->kind == ARG_NUMBERS && list_fits(y, arg->numbers, arg->count);
    }
    return false;
}

/* Gives row `i` the value of `arg`; `at` says where it stands in the body. */
static void set(struct resolution *r, int i, const struct hyper_arg *arg, bool by_alias,
                const struct pointer *at)
{
    const struct hyper *y = &r->table[i];
    double number;
    if (r->given[i]) {
        r->code = err_add(r->err, ERR_VALIDATION, at->text,
                          "%s is given twice, by two of its names", y->name);
    } else if (arg->kind == ARG_NULL) {
        r->value[i] = y->null_in >> r->profile & 1 ? y->null : y->value[r->profile];
        r->list[i] = (struct hyper_list){0};
    } else if (number_of(y, arg, by_alias, &number)) {
        r->value[i] = number;
        if (y->kind == HYPER_LIST)
            r->list[i] = (struct hyper_list){arg->numbers, arg->count};
    } else {
        r->value[i] = 0; /* so that it does not count as missing too */
        wrong_kind(r, y, arg, at);
        if (y->kind == HYPER_CHOICE && arg->kind == ARG_STRING)
            err_suggest(r->err, choice_nearest(y, arg->string));
    }
    r->given[i] = true;
}

/* The item of a list argument that a row's alias names: 1 in "betas[1]". */
static size_t item_index(const char *alias)
{
    return (size_t)(strchr(alias, '[')[1] - '0');
}

/* A list argument such as betas fills the rows whose aliases are its items. */
static void set_items(struct resolution *r, const struct hyper_arg *arg, size_t items)
{
    struct pointer at = pointer_to(r->prefix, arg->name);
    bool usable = arg->kind == ARG_NULL || (arg->kind == ARG_NUMBERS && arg->count == items);
    if (!usable)
        r->code = err_add(r->err, ERR_VALIDATION, at.text, "%s must be a list of %zu numbers",
                          arg->name, items);
    for (int i = 0; r->table[i].name; i++) {
        const char *alias = r->table[i].alias[r->profile];
        if (!is_item_of(alias, arg->name))
            continue;
        struct hyper_arg item = {.name = arg->name, .kind = ARG_NULL};
        if (usable && arg->kind == ARG_NUMBERS && !isnan(arg->numbers[item_index(alias)])) {
            item.kind = ARG_NUMBER;
            item.number = arg->numbers[item_index(alias)];
        }
        char index[2] = {(char)('0' + (int)item_index(alias)), '\0'};
        struct pointer item_at = pointer_to(at.text, index);
        set(r, i, &item, true, &item_at);
    }
}

/* An object {"100": 0.5} fills the row of its keys and that of its values. */
static void set_pairs(struct resolution *r, const struct hyper_arg *arg)
{
    struct pointer at = pointer_to(r->prefix, arg->name);
    bool usable = arg->kind == ARG_NULL || arg->kind == ARG_PAIRS;
    if (!usable)
        r->code = err_add(r->err, ERR_VALIDATION, at.text,
                          "%s must be an object from steps to numbers", arg->name);
    for (int i = 0; r->table[i].name; i++) {
        const char *alias = r->table[i].alias[r->profile];
        if (!is_item_of(alias, arg->name))
            continue;
        struct hyper_arg half = {.name = arg->name, .kind = ARG_NULL};
        if (usable && arg->kind == ARG_PAIRS) {
            half.kind = ARG_NUMBERS;
            half.numbers = strchr(alias, '[')[1] == 'k' ? arg->numbers : arg->values;
            half.count = arg->count;
        }
        if (usable)
            set(r, i, &half, true, &at);
        else
            r->value[i] = 0;
    }
}

static void apply(struct resolution *r, const struct hyper_arg *arg)
{
    struct pointer at = pointer_to(r->prefix, arg->name);
    int by_name = hyper_find(r->table, arg->name);
    if (by_name >= 0) {
        set(r, by_name, arg, false, &at);
        return;
    }
    size_t items = 0, halves = 0;
    for (int i = 0; r->table[i].name; i++) {
        const char *alias = r->table[i].alias[r->profile];
        if (alias && strcmp(alias, arg->name) == 0) {
            set(r, i, arg, true, &at);
            return;
        }
        bool item = is_item_of(alias, arg->name);
        items += item;
        halves += item && r->table[i].kind == HYPER_LIST;
    }
    if (halves > 0)
        set_pairs(r, arg);
    else if (items > 0)
        set_items(r, arg, items);
    else
        unknown(r, arg);
}

static void report_missing(struct resolution *r)
{
    for (int i = 0; r->table[i].name; i++) {
        if (!isnan(r->value[i]))
            continue;
        struct pointer at = pointer_to(r->prefix, r->table[i].name);
        const char *alias = r->table[i].alias[r->profile];
        bool renamed = alias && !strchr(alias, '[');
        r->code = err_add(r->err, ERR_VALIDATION, at.text,
                          "%s has to be given%s%s: %s has no default for it in profile %s",
                          r->table[i].name, renamed ? ", also as " : "", renamed ? alias : "",
                          r->what, profile_names[r->profile]);
    }
}

/* `r` holds the table and the values to start from. */
static enum err_code resolve(struct resolution *r, const struct hyper_arg *args, size_t arg_count,
                             double *ret_values)
{
    for (size_t i = 0; i < arg_count; i++)
        apply(r, &args[i]);
    report_missing(r);
    if (r->code != ERR_OK)
        return r->code;
    memcpy(ret_values, r->value, (size_t)hyper_count(r->table) * sizeof *ret_values);
    return ERR_OK;
}

enum err_code hyper_resolve(const struct hyper *table, enum profile profile, const char *what,
                            const char *prefix, const struct hyper_arg *args, size_t arg_count,
                            double *ret_values, struct err *err)
{
    return hyper_resolve_lists(table, profile, what, prefix, args, arg_count, ret_values, NULL,
                               err);
}

enum err_code hyper_resolve_lists(const struct hyper *table, enum profile profile, const char *what,
                                  const char *prefix, const struct hyper_arg *args,
                                  size_t arg_count, double *ret_values,
                                  struct hyper_list *ret_lists, struct err *err)
{
    struct resolution r = {.table = table, profile, what, prefix, err, ERR_OK};
    for (int i = 0; table[i].name; i++)
        r.value[i] = table[i].value[profile];
    enum err_code code = resolve(&r, args, arg_count, ret_values);
    if (code == ERR_OK && ret_lists)
        memcpy(ret_lists, r.list, (size_t)hyper_count(table) * sizeof *ret_lists);
    return code;
}

enum err_code hyper_patch(const struct hyper *table, enum profile profile, const char *what,
                          const char *prefix, const struct hyper_arg *args, size_t arg_count,
                          double *values, struct err *err)
{
    return hyper_patch_lists(table, profile, what, prefix, args, arg_count, values, NULL, err);
}

enum err_code hyper_patch_lists(const struct hyper *table, enum profile profile, const char *what,
                                const char *prefix, const struct hyper_arg *args, size_t arg_count,
                                double *values, struct hyper_list *lists, struct err *err)
{
    struct resolution r = {.table = table, profile, what, prefix, err, ERR_OK};
    size_t count = (size_t)hyper_count(table);
    memcpy(r.value, values, count * sizeof *values);
    if (lists)
        memcpy(r.list, lists, count * sizeof *lists);
    enum err_code code = resolve(&r, args, arg_count, values);
    if (code == ERR_OK && lists)
        memcpy(lists, r.list, count * sizeof *lists);
    return code;
}

enum err_code hyper_refuse(const char *prefix, const char *name, struct err *err,
                           const char *format, ...)
{
    char pointer[ERR_POINTER_LEN], detail[ERR_DETAIL_LEN];
    va_list args;
    va_start(args, format);
    vsnprintf(detail, sizeof detail, format, args);
    va_end(args);
    snprintf(pointer, sizeof pointer, "%s/%s", prefix, name);
    return err_add(err, ERR_VALIDATION, pointer, "%s", detail);
}

uint32_t hyper_given(const struct hyper *table, enum profile profile, const struct hyper_arg *args,
                     size_t arg_count)
{
    uint32_t given = 0;
    struct err ignored;
    err_init(&ignored);
    struct resolution r = {.table = table, profile, "", "#", &ignored, ERR_OK};
    for (size_t i = 0; i < arg_count; i++)
        apply(&r, &args[i]);
    for (int i = 0; table[i].name; i++)
        given |= r.given[i] ? UINT32_C(1) << i : 0;
    return given;
}
