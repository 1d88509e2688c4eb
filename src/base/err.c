/* Errors as values. The table of errors.def, the list of violations, and the search for the name
 * that was meant. */
#include "base/err.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static const struct err_info infos[] = {
#define ERROR(code, status, slug, title, text) {code, status, slug, title, text},
#include "base/errors.def"
#undef ERROR
};

enum { INFOS = sizeof infos / sizeof *infos };

void err_init(struct err *err)
{
    err->code = ERR_OK;
    err->count = 0;
    err->omitted = 0;
    err->step = -1;
    err->revision = -1;
}

/* A text that was cut in the middle of a UTF-8 character loses that character whole. */
static void trim_utf8(char *s)
{
    size_t len = strlen(s), start = len;
    while (start > 0 && ((unsigned char)s[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0)
        return;
    unsigned char lead = (unsigned char)s[start - 1];
    size_t wanted = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (wanted > len - start + 1)
        s[start - 1] = '\0';
}

static void copy_cut(char *to, size_t size, const char *from)
{
    size_t len = strnlen(from, size);
    bool cut = len == size;
    if (cut)
        len = size - 1;
    memcpy(to, from, len);
    to[len] = '\0';
    if (cut)
        trim_utf8(to);
}

enum err_code err_add(struct err *err, enum err_code code, const char *pointer, const char *format,
                      ...)
{
    if (!err)
        return code;
    if (err->code == ERR_OK)
        err->code = code;
    if (err->count == ERR_VIOLATIONS) {
        err->omitted++;
        return code;
    }
    struct violation *v = &err->at[err->count++];
    copy_cut(v->pointer, sizeof v->pointer, pointer ? pointer : "");
    v->suggestion[0] = '\0';
    va_list args;
    va_start(args, format);
    int len = vsnprintf(v->detail, sizeof v->detail, format, args);
    va_end(args);
    if (len < 0)
        v->detail[0] = '\0';
    else if ((size_t)len >= sizeof v->detail)
        trim_utf8(v->detail);
    return code;
}

void err_suggest(struct err *err, const char *suggestion)
{
    if (!err || !suggestion || err->count == 0 || err->omitted > 0)
        return;
    struct violation *v = &err->at[err->count - 1];
    copy_cut(v->suggestion, sizeof v->suggestion, suggestion);
}

const struct err_info *err_info(enum err_code code)
{
    const struct err_info *internal = NULL;
    for (int i = 0; i < INFOS; i++) {
        if (infos[i].code == code)
            return &infos[i];
        if (infos[i].code == ERR_INTERNAL)
            internal = &infos[i];
    }
    return internal;
}

const struct err_info *err_by_slug(const char *slug)
{
    for (int i = 0; i < INFOS; i++) {
        if (strcmp(infos[i].slug, slug) == 0)
            return &infos[i];
    }
    return NULL;
}

enum { NEAREST_LEN = 64 };

static int min3(int a, int b, int c)
{
    int ab = a < b ? a : b;
    return ab < c ? ab : c;
}

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Insertions, deletions, substitutions and swaps of neighbours (Damerau 1964), each counting 1; no
 * part of the text is edited twice. Case does not count. Both texts have at most NEAREST_LEN
 * characters. */
static int distance(const char *a, const char *b)
{
    int rows[3][NEAREST_LEN + 1];
    int la = (int)strlen(a), lb = (int)strlen(b);
    for (int j = 0; j <= lb; j++)
        rows[0][j] = j;
    for (int i = 1; i <= la; i++) {
        int *now = rows[i % 3];
        const int *up = rows[(i - 1) % 3];
        now[0] = i;
        for (int j = 1; j <= lb; j++) {
            int cost = same_letter(a[i - 1], b[j - 1]) ? 0 : 1;
            now[j] = min3(up[j] + 1, now[j - 1] + 1, up[j - 1] + cost);
            bool swapped = i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) &&
                           same_letter(a[i - 2], b[j - 1]);
            if (swapped && rows[(i - 2) % 3][j - 2] + 1 < now[j])
                now[j] = rows[(i - 2) % 3][j - 2] + 1;
        }
    }
    return rows[la % 3][lb];
}

const char *err_nearest(const char *given, const char *(*name_at)(const void *table, int i),
                        const void *table, int count)
{
    size_t len = strnlen(given, NEAREST_LEN + 1);
    if (len == 0 || len > NEAREST_LEN)
        return NULL;
    int limit = len < 3 ? 1 : (int)(len / 3);
    const char *best = NULL;
    for (int i = 0; i < count; i++) {
        const char *name = name_at(table, i);
        if (!name || strnlen(name, NEAREST_LEN + 1) > NEAREST_LEN)
            continue;
        int d = distance(given, name);
        if (d >= (int)len && d >= (int)strlen(name)) /* not a letter in common */
            continue;
        if (d < limit || (d == limit && !best)) {
            best = name;
            limit = d;
        }
    }
    return best;
}
