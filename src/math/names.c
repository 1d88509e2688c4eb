/* The search for the name that was meant; names.h says how. */
#include "math/names.h"

#include "base/err.h"
#include "math/hyper.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static bool is_filler(char c)
{
    return c == '_' || c == '-' || c == ' ' || c == '.';
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '.';
}

/* Whether the two are one, but for case and fillers. */
static bool alike(const char *a, size_t len_a, const char *b, size_t len_b)
{
    size_t i = 0, j = 0;
    for (;;) {
        while (i < len_a && is_filler(a[i]))
            i++;
        while (j < len_b && is_filler(b[j]))
            j++;
        if (i == len_a || j == len_b)
            return i == len_a && j == len_b;
        if (tolower((unsigned char)a[i++]) != tolower((unsigned char)b[j++]))
            return false;
    }
}

/* "AdamW" of "torch.optim.AdamW". */
static const char *last_part(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot && dot[1] ? dot + 1 : name;
}

/* Whether one of the dotted words of `text`, or the whole text, ends with the part `wanted`. */
static bool mentions(const char *text, const char *wanted, bool whole)
{
    size_t len = strlen(wanted);
    while (*text) {
        size_t end = 0, start = 0;
        while (text[end] && is_word(text[end])) {
            start = text[end] == '.' ? end + 1 : start;
            end++;
        }
        if (start > 0 && (!whole || !text[end]) && alike(text + start, end - start, wanted, len))
            return true;
        if (whole)
            return false;
        text += end + (text[end] != '\0');
    }
    return false;
}

static bool is_called(const struct named *n, const char *given)
{
    size_t len = strlen(given);
    return alike(n->name, strlen(n->name), given, len) ||
           (n->title && alike(n->title, strlen(n->title), given, len));
}

static bool is_called_so_elsewhere(const struct named *n, const char *given, bool whole)
{
    for (int p = 0; n->same_as && p < PROFILE_COUNT; p++) {
        if (n->same_as[p] && mentions(n->same_as[p], given, whole))
            return true;
    }
    return false;
}

/* Whether `given` is the name with another word after it. */
static bool begins(const struct named *n, const char *given)
{
    size_t len = strlen(n->name);
    for (size_t i = 1; given[i]; i++) {
        bool word = is_filler(given[i]) || isupper((unsigned char)given[i]);
        if (word && alike(n->name, len, given, i))
            return true;
    }
    return false;
}

struct rows {
    struct named (*at)(int i);
};

static const char *name_at(const void *rows, int i)
{
    return ((const struct rows *)rows)->at(i).name;
}

const char *names_meant(const char *given, struct named (*at)(int i), int count)
{
    const struct rows rows = {at};
    const char *part = last_part(given), *longest = NULL;
    if (!part[strspn(part, "_-. ")])
        return NULL;
    for (int pass = 0; pass < 3; pass++) {
        for (int i = 0; i < count; i++) {
            struct named n = at(i);
            if (pass == 0 ? is_called(&n, part) : is_called_so_elsewhere(&n, part, pass == 1))
                return n.name;
        }
    }
    const char *near = err_nearest(part, name_at, &rows, count);
    for (int i = 0; i < count && !near; i++) {
        struct named n = at(i);
        if (begins(&n, part) && (!longest || strlen(n.name) > strlen(longest)))
            longest = n.name;
    }
    return near ? near : longest;
}
