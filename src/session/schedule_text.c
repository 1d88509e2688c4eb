/* Schedules as a line of JSON for the store, and back.
 *
 * The store keeps text, so that a person can read it and a schedule may gain hyperparameters later
 * on. The writer gives each resolved value by name, with 17 digits; the reader takes what the
 * writer gives (no escapes, no blanks) and sends it the way of a client's request, so that all
 * checks hold. A value that the text does not name takes its default. */
#include "session/schedules.h"

#include <stdlib.h>
#include <string.h>

/* ---- writing --------------------------------------------------------------------------------- */

static void write_numbers(struct buf *out, const struct hyper_list *list)
{
    buf_putc(out, '[');
    for (size_t i = 0; i < list->count; i++)
        buf_printf(out, "%s%.17g", i ? "," : "", list->data[i]);
    buf_putc(out, ']');
}

static void write_spec(struct buf *out, const struct schedule_spec *s)
{
    buf_printf(out, "{\"name\":\"%s\",\"profile\":\"%s\"", s->schedule->name,
               profile_names[s->profile]);
    for (int i = 0; s->schedule->hypers[i].name; i++) {
        const struct hyper *y = &s->schedule->hypers[i];
        buf_printf(out, ",\"%s\":", y->name);
        if (!isfinite(s->h[i]))
            buf_puts(out, "null");
        else if (y->kind == HYPER_LIST)
            write_numbers(out, &s->list[i]);
        else if (y->kind == HYPER_BOOL)
            buf_puts(out, s->h[i] != 0 ? "true" : "false");
        else if (y->kind == HYPER_CHOICE)
            buf_printf(out, "\"%s\"", y->choices[(int)s->h[i]]);
        else
            buf_printf(out, "%.17g", s->h[i]);
    }
    for (int i = 0; i < s->child_count; i++) {
        buf_puts(out, i ? "," : ",\"schedules\":[");
        write_spec(out, &s->children[i]);
    }
    buf_puts(out, s->child_count ? "]}" : "}");
}

void session_schedules_write(const struct session *s, struct buf *out)
{
    for (int i = 0; s->schedules && i < s->schedules->count; i++) {
        const struct scheduled *x = &s->schedules->list[i];
        buf_printf(out, "%s\"%s\":", i ? "," : "{", s->optim->hypers[x->hyper].name);
        write_spec(out, &x->spec);
    }
    if (s->schedules)
        buf_putc(out, '}');
}

/* ---- reading --------------------------------------------------------------------------------- */

/* A text on its way; `bad` once it is not as it was written, or memory is out. */
struct reader {
    const char *at;
    struct arena *arena;
    int depth;
    bool bad;
};

static bool take(struct reader *r, const char *token)
{
    size_t len = strlen(token);
    if (r->bad || strncmp(r->at, token, len) != 0)
        return false;
    r->at += len;
    return true;
}

static void want(struct reader *r, const char *token)
{
    r->bad |= !take(r, token);
}

static const char *read_string(struct reader *r)
{
    want(r, "\"");
    size_t len = strcspn(r->at, "\"\\");
    const char *text = r->bad ? NULL : arena_strndup(r->arena, r->at, len);
    r->bad |= !text;
    r->at += r->bad ? 0 : len;
    want(r, "\"");
    return text;
}

static double read_number(struct reader *r)
{
    char *end;
    double x = strtod(r->at, &end);
    r->bad |= end == r->at || !isfinite(x);
    r->at = end;
    return x;
}

/* At most one number for each two characters that are left. */
static void read_numbers(struct reader *r, struct hyper_arg *arg)
{
    size_t room = strcspn(r->at, "]") / 2 + 1;
    double *x = arena_zalloc(r->arena, room, sizeof *x);
    arg->kind = ARG_NUMBERS;
    arg->numbers = x;
    r->bad |= !x;
    while (!r->bad && !take(r, "]")) {
        if (arg->count)
            want(r, ",");
        r->bad |= arg->count == room;
        if (!r->bad)
            x[arg->count++] = read_number(r);
    }
}

static void read_value(struct reader *r, struct hyper_arg *arg)
{
    if (take(r, "null")) {
        arg->kind = ARG_NULL;
    } else if (take(r, "true") || take(r, "false")) {
        arg->kind = ARG_BOOL;
        arg->number = r->at[-2] == 'u'; /* true, false */
    } else if (take(r, "[")) {
        read_numbers(r, arg);
    } else if (*r->at == '"') {
        arg->kind = ARG_STRING;
        arg->string = read_string(r);
    } else {
        arg->kind = ARG_NUMBER;
        arg->number = read_number(r);
    }
}

static void read_given(struct reader *r, struct schedule_given *ret);

static void read_children(struct reader *r, struct schedule_given *ret)
{
    struct schedule_given *list = arena_zalloc(r->arena, SCHEDULE_NODES, sizeof *list);
    ret->children_key = "schedules";
    ret->children = list;
    want(r, "[");
    r->bad |= !list || ++r->depth > SCHEDULE_DEPTH;
    do {
        r->bad |= ret->child_count == SCHEDULE_NODES;
        if (!r->bad)
            read_given(r, &list[ret->child_count++]);
    } while (take(r, ","));
    want(r, "]");
    r->depth--;
}

static void read_given(struct reader *r, struct schedule_given *ret)
{
    struct hyper_arg *args = arena_zalloc(r->arena, HYPER_MAX, sizeof *args);
    r->bad |= !args;
    ret->args = args;
    want(r, "{");
    do {
        const char *key = read_string(r);
        want(r, ":");
        if (r->bad)
            return;
        if (strcmp(key, "name") == 0) {
            ret->name = read_string(r);
        } else if (strcmp(key, "profile") == 0) {
            ret->profile = read_string(r);
        } else if (strcmp(key, "schedules") == 0) {
            read_children(r, ret);
        } else if (ret->arg_count < HYPER_MAX) {
            args[ret->arg_count].name = key;
            read_value(r, &args[ret->arg_count++]);
        } else {
            r->bad = true;
        }
    } while (take(r, ","));
    want(r, "}");
}

static int read_all(struct reader *r, struct scheduled_given *ret)
{
    int count = 0;
    want(r, "{");
    do {
        struct schedule_given *given = arena_zalloc(r->arena, 1, sizeof *given);
        r->bad |= !given || count == HYPER_MAX;
        const char *hyper = read_string(r);
        want(r, ":");
        if (r->bad)
            return count;
        read_given(r, given);
        ret[count++] = (struct scheduled_given){hyper, given};
    } while (take(r, ","));
    want(r, "}");
    r->bad |= *r->at != '\0';
    return count;
}

enum err_code session_schedules_read(struct session *s, const char *text, struct err *err)
{
    struct arena scratch;
    struct scheduled_given given[HYPER_MAX];
    struct scheduled list[HYPER_MAX];
    struct err wrong;
    int count = 0;
    arena_init(&scratch);
    err_init(&wrong);
    struct reader r = {.at = text, .arena = &scratch};
    struct schedule_target target = {.optim = s->optim, .profile = s->profile};
    int given_count = read_all(&r, given);
    if (!r.bad)
        schedules_plan(given, given_count, &target, &scratch, list, &count, &wrong);
    bool ok = !r.bad && !wrong.code;
    bool kept = ok && schedules_set(s, list, count);
    arena_close(&scratch);
    if (ok && !kept)
        return err_add(err, ERR_MEMORY, "", "no memory to load the session");
    return ok ? ERR_OK
              : err_add(err, ERR_STORE, "", "the stored schedules of session %s are damaged%s%s",
                        s->id, wrong.code ? ": " : "", wrong.code ? wrong.at[0].detail : "");
}
