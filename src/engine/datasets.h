/* The data sets that clients uploaded, in memory: what the store has, for any thread to read.
 *
 * Problem: an objective is made in a network thread, from the name of its data, before its request
 * becomes a job; asking the engine would cost each of them a turn.
 * Design: a list under a lock, filled from the store at start. The engine stages what a transaction
 * changes, and publishes it after COMMIT, so that nobody sees what is not durable. Readers get
 * copies in their arena, which last as long as they do, whatever happens to the set.
 * Thread: datasets_find and datasets_list from any, the rest from the engine's owner. */
#ifndef STEPD_ENGINE_DATASETS_H
#define STEPD_ENGINE_DATASETS_H

#include "base/arena.h"
#include "base/err.h"
#include "store/store.h"

#include <stdbool.h>

/* Of all sets together. */
enum { DATASETS_MOST = 1000, DATASETS_NUMBERS = 16 * DATASET_NUMBERS };

struct datasets;

struct datasets *datasets_new(void);     /* NULL: no memory */
void datasets_free(struct datasets *ds); /* NULL is fine */

/* Everything that the store has. */
enum err_code datasets_load(struct datasets *ds, struct store *st, struct err *err);

/* A copy of the uploaded set called `name`; *ret_set is NULL where there is none. ERR_MEMORY is the
 * only error. */
enum err_code datasets_find(struct datasets *ds, const char *name, struct arena *a,
                            const struct dataset **ret_set, struct err *err);

/* The sets by name, without their numbers. */
enum err_code datasets_list(struct datasets *ds, struct arena *a, struct dataset **ret_sets,
                            size_t *ret_count, struct err *err);

/* Inside a transaction. Put: `created` says whether it is new; the same content again changes
 * nothing; another content is ERR_NAME_TAKEN; beyond the limits ERR_VALIDATION. */
enum err_code datasets_put(struct datasets *ds, struct store *st, const struct dataset *d,
                           bool *ret_created, struct err *err);
enum err_code datasets_remove(struct datasets *ds, struct store *st, const char *name,
                              struct err *err);

/* After the transaction: what it staged is to be seen, or forgotten. */
void datasets_commit(struct datasets *ds);
void datasets_rollback(struct datasets *ds);

#endif
