/* The list of uploaded data sets; datasets.h says why it is in memory. */
#include "engine/datasets.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct kept {
    struct kept *next; /* by name */
    struct arena arena;
    struct dataset *set; /* in the arena */
    bool added, removed; /* by the open transaction */
};

struct datasets {
    pthread_mutex_t lock; /* for writing, and for reading outside of the engine */
    struct kept *first;
    bool staged;
};

struct datasets *datasets_new(void)
{
    struct datasets *ds = calloc(1, sizeof *ds);
    if (ds)
        pthread_mutex_init(&ds->lock, NULL);
    return ds;
}

static void drop(struct kept *k)
{
    arena_close(&k->arena);
    free(k);
}

void datasets_free(struct datasets *ds)
{
    while (ds && ds->first) {
        struct kept *next = ds->first->next;
        drop(ds->first);
        ds->first = next;
    }
    if (ds)
        pthread_mutex_destroy(&ds->lock);
    free(ds);
}

/* ---- the list -------------------------------------------------------------------------------- */

/* What takes its numbers out of the arena: a set of the list never moves. */
static struct kept *keep(const struct dataset *d)
{
    struct kept *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    arena_init(&k->arena);
    k->set = dataset_copy(d, &k->arena, true);
    if (k->set)
        return k;
    drop(k);
    return NULL;
}

static void insert(struct datasets *ds, struct kept *k)
{
    struct kept **at = &ds->first;
    pthread_mutex_lock(&ds->lock);
    while (*at && strcmp((*at)->set->name, k->set->name) < 0)
        at = &(*at)->next;
    k->next = *at;
    *at = k;
    pthread_mutex_unlock(&ds->lock);
}

/* As the open transaction sees it. */
static struct kept *find(const struct datasets *ds, const char *name)
{
    struct kept *k = ds->first;
    while (k && (k->removed || strcmp(k->set->name, name) != 0))
        k = k->next;
    return k;
}

enum err_code datasets_find(struct datasets *ds, const char *name, struct arena *a,
                            const struct dataset **ret_set, struct err *err)
{
    enum err_code code = ERR_OK;
    pthread_mutex_lock(&ds->lock);
    const struct kept *k = ds->first;
    while (k && (k->added || strcmp(k->set->name, name) != 0))
        k = k->next;
    const struct dataset *copy = k ? dataset_copy(k->set, a, true) : NULL;
    pthread_mutex_unlock(&ds->lock);
    if (k && !copy)
        code = err_add(err, ERR_MEMORY, "", "no memory for the data set");
    else
        *ret_set = copy;
    return code;
}

enum err_code datasets_list(struct datasets *ds, struct arena *a, struct dataset **ret_sets,
                            size_t *ret_count, struct err *err)
{
    size_t count = 0;
    struct dataset *sets = arena_zalloc(a, DATASETS_MOST, sizeof *sets);
    bool failed = !sets;
    pthread_mutex_lock(&ds->lock);
    for (const struct kept *k = ds->first; k && !failed; k = k->next) {
        const struct dataset *copy = k->added ? NULL : dataset_copy(k->set, a, false);
        failed = !k->added && !copy;
        if (copy)
            sets[count++] = *copy;
    }
    pthread_mutex_unlock(&ds->lock);
    if (failed)
        return err_add(err, ERR_MEMORY, "", "no memory for the list");
    *ret_sets = sets;
    *ret_count = count;
    return ERR_OK;
}

/* ---- changes --------------------------------------------------------------------------------- */

struct loading {
    struct datasets *ds;
    bool failed;
};

static bool take(void *user, const struct dataset *d)
{
    struct loading *l = user;
    struct kept *k = keep(d);
    l->failed = !k;
    if (k)
        insert(l->ds, k);
    return !l->failed;
}

enum err_code datasets_load(struct datasets *ds, struct store *st, struct err *err)
{
    struct loading l = {.ds = ds};
    enum err_code code = st->ops->dataset_each(st, take, &l, err);
    if (!code && l.failed)
        code = err_add(err, ERR_MEMORY, "", "no memory for the data sets of the store");
    return code;
}

static size_t numbers(const struct dataset *d)
{
    return d->rows * (d->columns + 1);
}

/* Counts those that the open transaction removes too: readers may still hold them up. */
static enum err_code check_room(const struct datasets *ds, const struct dataset *d, struct err *err)
{
    size_t count = 1, sum = numbers(d);
    for (const struct kept *k = ds->first; k; k = k->next) {
        count++;
        sum += numbers(k->set);
    }
    if (count <= DATASETS_MOST && sum <= DATASETS_NUMBERS)
        return ERR_OK;
    return err_add(err, ERR_VALIDATION, "",
                   "the data sets would be %zu with %zu numbers; at most %d with %d: DELETE some",
                   count, sum, DATASETS_MOST, DATASETS_NUMBERS);
}

enum err_code datasets_put(struct datasets *ds, struct store *st, const struct dataset *d,
                           bool *ret_created, struct err *err)
{
    const struct kept *old = find(ds, d->name);
    *ret_created = !old;
    if (old && dataset_equal(old->set, d))
        return ERR_OK;
    if (old)
        return err_add(err, ERR_NAME_TAKEN, "",
                       "the data set \"%s\" has another content; DELETE it first, or use another "
                       "name",
                       d->name);
    if (check_room(ds, d, err))
        return err->code;
    struct kept *k = keep(d);
    if (!k)
        return err_add(err, ERR_MEMORY, "", "no memory for the data set");
    enum err_code code = st->ops->dataset_put(st, d, clock_unix_ms(), err);
    if (code) {
        drop(k);
        return code;
    }
    k->added = ds->staged = true;
    insert(ds, k);
    return ERR_OK;
}

enum err_code datasets_remove(struct datasets *ds, struct store *st, const char *name,
                              struct err *err)
{
    struct kept *k = find(ds, name);
    if (!k)
        return err_add(err, ERR_NOT_FOUND, "", "no data set that was uploaded is called \"%.60s\"",
                       name);
    enum err_code code = st->ops->dataset_remove(st, name, err);
    if (!code)
        k->removed = ds->staged = true;
    return code;
}

/* Takes out what is removed (`committed`) or what was added (not), and clears the marks. */
static void settle(struct datasets *ds, bool committed)
{
    struct kept **at = &ds->first;
    if (!ds->staged)
        return;
    pthread_mutex_lock(&ds->lock);
    while (*at) {
        struct kept *k = *at;
        bool gone = committed ? k->removed : k->added;
        k->added = k->removed = false;
        if (gone) {
            *at = k->next;
            drop(k);
        } else {
            at = &k->next;
        }
    }
    pthread_mutex_unlock(&ds->lock);
    ds->staged = false;
}

void datasets_commit(struct datasets *ds)
{
    settle(ds, true);
}

void datasets_rollback(struct datasets *ds)
{
    settle(ds, false);
}
