/* Splitting and decoding of request targets; RFC 3986 section 2.1 and RFC 9112 section 3.2. */
#include "http/target.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 32;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* `s[0…len)` decoded; `plus`: a "+" is a blank (query). NULL: `err` says why. */
static char *decode(struct arena *a, const char *s, size_t len, bool plus, struct err *err)
{
    char *out = arena_alloc(a, len + 1), *o = out;
    if (!out) {
        err_add(err, ERR_MEMORY, "", "no memory for the request target");
        return NULL;
    }
    for (size_t i = 0; i < len; i++) {
        if (s[i] != '%') {
            *o++ = plus && s[i] == '+' ? ' ' : s[i];
            continue;
        }
        int high = len - i > 2 ? hex(s[i + 1]) : -1;
        int low = high >= 0 ? hex(s[i + 2]) : -1;
        if (low < 0 || (high == 0 && low == 0)) {
            err_add(err, ERR_REQUEST, "", "\"%.*s\" holds a broken %% escape", (int)len, s);
            return NULL;
        }
        *o++ = (char)(high << 4 | low);
        i += 2;
    }
    *o = '\0';
    return out;
}

static enum err_code parse_path(struct arena *a, struct target *t, struct err *err)
{
    const char *s = t->path;
    if (strcmp(s, "/") == 0)
        return ERR_OK;
    while (*s == '/') {
        size_t len = strcspn(++s, "/");
        if (t->segment_count < TARGET_SEGMENTS) {
            char *segment = decode(a, s, len, false, err);
            if (!segment)
                return err->code;
            t->segments[t->segment_count] = segment;
        }
        t->segment_count += t->segment_count <= TARGET_SEGMENTS;
        s += len;
    }
    return ERR_OK;
}

static enum err_code parse_arg(struct arena *a, struct target *t, const char *s, size_t len,
                               struct err *err)
{
    const char *equals = memchr(s, '=', len);
    size_t name_len = equals ? (size_t)(equals - s) : len;
    char *name = decode(a, s, name_len, true, err);
    char *value =
        equals ? decode(a, equals + 1, len - name_len - 1, true, err) : arena_strdup(a, "");
    if (!name || !value)
        return err->code ? err->code : err_add(err, ERR_MEMORY, "", "no memory for the query");
    if (target_arg(t, name))
        return err_add(err, ERR_REQUEST, "", "the query parameter \"%s\" is given twice", name);
    if (t->arg_count == TARGET_ARGS)
        return err_add(err, ERR_REQUEST, "", "more than %d query parameters", TARGET_ARGS);
    t->args[t->arg_count].name = name;
    t->args[t->arg_count++].value = value;
    return ERR_OK;
}

static enum err_code parse_query(struct arena *a, struct target *t, struct err *err)
{
    for (const char *s = t->raw_query; *s;) {
        size_t len = strcspn(s, "&");
        if (len > 0 && parse_arg(a, t, s, len, err))
            return err->code;
        s += len;
        s += *s == '&';
    }
    return ERR_OK;
}

static bool is_visible(const char *s)
{
    for (; *s; s++) {
        if ((unsigned char)*s <= 0x20 || (unsigned char)*s >= 0x7F)
            return false;
    }
    return true;
}

/* The path begins after "http://host" in the absolute form. */
static const char *path_of(const char *raw)
{
    if (strncasecmp(raw, "http://", 7) == 0)
        return raw + 7 + strcspn(raw + 7, "/?");
    return raw;
}

enum err_code target_parse(struct arena *a, const char *raw, struct target *ret_target,
                           struct err *err)
{
    struct target t = {.path = "/", .raw_query = ""};
    if (!is_visible(raw))
        return err_add(err, ERR_REQUEST, "",
                       "the request target holds a character that has to be escaped with %%");
    const char *path = path_of(raw);
    size_t len = strcspn(path, "?");
    if (len > 0)
        t.path = arena_strndup(a, path, len);
    if (path[len] == '?')
        t.raw_query = arena_strdup(a, path + len + 1);
    if (!t.path || !t.raw_query)
        return err_add(err, ERR_MEMORY, "", "no memory for the request target");
    if (t.path[0] != '/' && strcmp(t.path, "*") != 0)
        return err_add(err, ERR_REQUEST, "", "the request target does not begin with /");
    if (parse_path(a, &t, err) || parse_query(a, &t, err))
        return err->code;
    *ret_target = t;
    return ERR_OK;
}

const char *target_arg(const struct target *t, const char *name)
{
    for (int i = 0; i < t->arg_count; i++) {
        if (strcmp(t->args[i].name, name) == 0)
            return t->args[i].value;
    }
    return NULL;
}

static const char *name_at(const void *table, int i)
{
    return ((const char *const *)table)[i];
}

/* "limit, cursor", cut where too long. */
static const char *list_names(const char *const *names, char *out, size_t size)
{
    size_t len = 0;
    out[0] = '\0';
    for (int i = 0; names && names[i] && len < size; i++)
        len += (size_t)snprintf(out + len, size - len, "%s%s", i ? ", " : "", names[i]);
    return out;
}

enum err_code target_allow(const struct target *t, const char *const *allowed, struct err *err)
{
    int count = 0;
    enum err_code code = ERR_OK;
    while (allowed && allowed[count])
        count++;
    for (int i = 0; i < t->arg_count; i++) {
        int k = 0;
        while (k < count && strcmp(allowed[k], t->args[i].name) != 0)
            k++;
        if (k < count)
            continue;
        char known[ERR_DETAIL_LEN];
        code = err_add(err, ERR_REQUEST, "",
                       count ? "unknown query parameter \"%.60s\"; there are %s"
                             : "this resource has no query parameter \"%.60s\"%s",
                       t->args[i].name, list_names(allowed, known, sizeof known));
        err_suggest(err, err_nearest(t->args[i].name, name_at, allowed, count));
    }
    return code;
}

enum err_code target_bool(const struct target *t, const char *name, bool *ret, struct err *err)
{
    const char *v = target_arg(t, name);
    if (!v)
        return ERR_OK;
    bool yes = strcmp(v, "true") == 0 || strcmp(v, "1") == 0;
    if (!yes && strcmp(v, "false") != 0 && strcmp(v, "0") != 0)
        return err_add(err, ERR_REQUEST, "", "%s is true or false, not \"%s\"", name, v);
    *ret = yes;
    return ERR_OK;
}

enum err_code target_int(const struct target *t, const char *name, int64_t min, int64_t max,
                         int64_t *ret, struct err *err)
{
    const char *v = target_arg(t, name);
    if (!v)
        return ERR_OK;
    size_t digits = strspn(v, "0123456789");
    errno = 0;
    long long n = strtoll(v, NULL, 10);
    if (digits == 0 || v[digits] || errno || n < min || n > max) {
        if (max == INT64_MAX)
            return err_add(err, ERR_REQUEST, "", "%s is a whole number from %lld on, not \"%s\"",
                           name, (long long)min, v);
        return err_add(err, ERR_REQUEST, "", "%s is a whole number from %lld to %lld, not \"%s\"",
                       name, (long long)min, (long long)max, v);
    }
    *ret = n;
    return ERR_OK;
}

char *target_escape(struct arena *a, const char *s)
{
    static const char digits[] = "0123456789ABCDEF", plain[] = "-._~:";
    char *out = arena_alloc(a, 3 * strlen(s) + 1), *o = out;
    if (!out)
        return NULL;
    for (; *s; s++) {
        bool alnum = (*s >= '0' && *s <= '9') || ((*s | 32) >= 'a' && (*s | 32) <= 'z');
        if (alnum || strchr(plain, *s)) {
            *o++ = *s;
        } else {
            *o++ = '%';
            *o++ = digits[(unsigned char)*s >> 4];
            *o++ = digits[*s & 15];
        }
    }
    *o = '\0';
    return out;
}
