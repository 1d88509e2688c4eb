/* What the journal holds and no block yet: metrics of steps and recorded steps, a tail for each
 * session that has any. What is here equals what the journal says; see sqlite_history.c.
 *
 * Ownership: tails belong to the table; a pointer holds until tails_drop or tails_clear. Thread:
 * the engine's. Errors: no memory is NULL or false and changes nothing. */
#ifndef STEPD_STORE_TAILS_H
#define STEPD_STORE_TAILS_H

#include "base/buf.h"
#include "session/session.h"

struct tail {
    int64_t key;               /* of the session */
    struct step_metrics *rows; /* count of them, in order */
    size_t count, cap;
    size_t room;         /* at how many rows they go to a block; 0: not known yet */
    struct buf recorded; /* recorded steps, one after the other; see sqlite_recording.c */
    int64_t seq;         /* oldest frame of the journal that holds some of both */
    bool by_age;         /* in the order of age, which a tail that holds anything always is */
    struct tail *older, *newer, *chain;
    /* What the open transaction did to it: */
    bool touched, cleared, gone; /* anything; rows left it; the session is removed */
    size_t fresh, fresh_bytes;   /* the last so many rows and recorded bytes are new */
    struct tail *next_touched;
};

struct tails {
    struct tail **slots; /* a hash table with chains; size is 0 or a power of two */
    size_t size, count;
    struct tail *oldest, *newest; /* by seq */
};

struct tail *tails_find(const struct tails *t, int64_t key); /* NULL: none */
struct tail *tails_make(struct tails *t, int64_t key);       /* of a key that has none */
void tails_drop(struct tails *t, struct tail *tail);
void tails_clear(struct tails *t); /* frees all */

/* Adds a record that frame `seq` holds. Frames come in order. */
bool tail_push(struct tails *t, struct tail *tail, const struct step_metrics *row, int64_t seq);

/* Adds recorded steps, whole ones. */
bool tail_record(struct tails *t, struct tail *tail, const void *data, size_t bytes, int64_t seq);

/* Whether it holds anything. */
static inline bool tail_holds(const struct tail *tail)
{
    return tail->count > 0 || tail->recorded.len > 0;
}

/* Forgets all that it holds. */
void tail_empty(struct tails *t, struct tail *tail);

#endif
