/* Copies of data sets; data.h says what they are. */
#include "session/data.h"

#include <string.h>

bool dataset_name_good(const char *name)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t len = strlen(name);
    return len > 0 && len <= DATASET_NAME_LEN && strspn(name, allowed) == len;
}

static const char *const *copy_names(const struct dataset *d, struct arena *a)
{
    const char **names = arena_zalloc(a, d->columns + 1, sizeof *names);
    for (size_t i = 0; names && i <= d->columns; i++) {
        names[i] = arena_strdup(a, d->names[i]);
        if (!names[i])
            return NULL;
    }
    return names;
}

struct dataset *dataset_copy(const struct dataset *d, struct arena *a, bool numbers)
{
    struct dataset *copy = arena_memdup(a, d, sizeof *d);
    if (!copy)
        return NULL;
    copy->name = arena_strdup(a, d->name);
    copy->names = d->names ? copy_names(d, a) : NULL;
    copy->x = numbers ? arena_memdup(a, d->x, d->rows * d->columns * sizeof *d->x) : NULL;
    copy->y = numbers ? arena_memdup(a, d->y, d->rows * sizeof *d->y) : NULL;
    bool failed = (d->name && !copy->name) || (d->names && !copy->names) ||
                  (numbers && (!copy->x || !copy->y));
    return failed ? NULL : copy;
}

bool dataset_equal(const struct dataset *x, const struct dataset *y)
{
    if (x->rows != y->rows || x->columns != y->columns || !x->names != !y->names)
        return false;
    for (size_t i = 0; x->names && i <= x->columns; i++) {
        if (strcmp(x->names[i], y->names[i]) != 0)
            return false;
    }
    return memcmp(x->x, y->x, x->rows * x->columns * sizeof *x->x) == 0 &&
           memcmp(x->y, y->y, x->rows * sizeof *x->y) == 0;
}
