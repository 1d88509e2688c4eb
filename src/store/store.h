/* Where sessions are kept: the vtable that each backend fills.
 *
 * Thread: every call comes from the one engine thread, except `open`, `close` and `check`, which
 * run before it starts and after it has stopped. Transactions: all changes lie between begin and
 * commit; a failed commit has changed nothing as far as the caller may assume ("unknown" to a
 * client). Errors: ERR_STORE, ERR_FULL, ERR_MEMORY, ERR_NOT_FOUND, ERR_NAME_TAKEN. Memory: sessions
 * that `load` returns are the caller's (session_free); lists and answers lie in the arena given. */
#ifndef STEPD_STORE_STORE_H
#define STEPD_STORE_STORE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "session/bucket.h"
#include "session/data.h"
#include "session/recording.h"
#include "session/run.h"
#include "session/session.h"

/* A backend's own struct begins with this. */
struct store {
    const struct store_ops *ops;
};

/* One page of the list of sessions. */
struct store_query {
    int limit;         /* 1 … 1000 */
    const char *after; /* cursor: the id after which to go on, NULL: from the newest */
    const char *optimizer, *tag_key, *tag_value,
        *q; /* filters, NULL: any; q: substring of name or id */
};

/* An answer kept for an Idempotency-Key. */
struct stored_answer {
    const char *key;
    uint8_t digest[16]; /* of method, path, query and body */
    int status;
    const char *location, *content_type; /* NULL: none */
    int64_t revision, step;              /* ETag and Stepd-Step; -1: none */
    const void *body;
    size_t body_len;
    int64_t created_ms;
};

/* One thing that was looked at: "schema", true, "version 1". */
struct store_check {
    const char *name;
    bool ok;
    const char *detail;
};
enum { STORE_CHECKS = 8 };

struct history_range {
    int64_t from, to; /* steps, inclusive */
    size_t limit;     /* most rows to return, 0: all */
};

struct store_ops {
    const char *scheme; /* "sqlite" */
    void (*close)(struct store *st);

    enum err_code (*begin)(struct store *st, struct err *err);
    enum err_code (*commit)(struct store *st, struct err *err); /* on failure it has rolled back */
    void (*rollback)(struct store *st);
    /* One level of undo inside a transaction. mark, then either keep or undo. */
    enum err_code (*mark)(struct store *st, struct err *err);
    void (*keep)(struct store *st);
    void (*undo)(struct store *st);

    /* insert sets s->key. put writes block, step, revision, metrics-of-last (the hot path: one
     * statement) where the stored revision is `read_revision`; zero rows changed: ERR_STALE.
     * update writes everything else too (name, hyperparameters, tags). */
    enum err_code (*insert)(struct store *st, struct session *s, struct err *err);
    enum err_code (*put)(struct store *st, struct session *s, int64_t read_revision,
                         struct err *err);
    enum err_code (*update)(struct store *st, struct session *s, int64_t read_revision,
                            struct err *err);
    /* By id or by name. */
    enum err_code (*load)(struct store *st, const char *id_or_name, struct session **ret_session,
                          struct err *err);
    enum err_code (*remove)(struct store *st, const struct session *s, struct err *err);
    /* Ids of a page, newest first; `*ret_next` is the cursor of the next page or NULL. */
    enum err_code (*list)(struct store *st, const struct store_query *q, struct arena *a,
                          const char ***ret_ids, int *ret_count, const char **ret_next,
                          struct err *err);

    /* Metrics of applied steps, in order; part of the transaction. */
    enum err_code (*history_add)(struct store *st, const struct session *s,
                                 const struct step_metrics *rows, size_t count, struct err *err);
    /* Rows in order of step, in `a`; *ret_total is how many steps the session has recorded. */
    enum err_code (*history_read)(struct store *st, const struct session *s,
                                  const struct history_range *range, struct arena *a,
                                  struct step_metrics **ret_rows, size_t *ret_count,
                                  int64_t *ret_total, struct err *err);
    /* The same rows as at most range->limit buckets (3 at least), divided as bucket_start says. */
    enum err_code (*history_buckets)(struct store *st, const struct session *s,
                                     const struct history_range *range, struct arena *a,
                                     struct bucket **ret_buckets, size_t *ret_count,
                                     int64_t *ret_total, struct err *err);

    /* Answers for Idempotency-Keys; get gives ERR_NOT_FOUND (without a violation) where there is
     * none or it is older than 24 hours. */
    enum err_code (*answer_get)(struct store *st, const char *key, struct arena *a,
                                struct stored_answer *ret, struct err *err);
    enum err_code (*answer_put)(struct store *st, const struct stored_answer *answer,
                                struct err *err);

    /* Steps of a small session as they are recorded, in order; part of the transaction. */
    enum err_code (*recording_add)(struct store *st, const struct session *s,
                                   const struct recorded_step *rows, size_t count, struct err *err);
    /* Those in the range, in order, at most range->limit of them and none after s->step. */
    enum err_code (*recording_read)(struct store *st, const struct session *s,
                                    const struct history_range *range, struct arena *a,
                                    struct recorded_step **ret_rows, size_t *ret_count,
                                    struct err *err);

    /* What schedules gave for the steps of a session that has them: for each step a value for each
     * schedule, in the session's order; part of the transaction. The learning rate is left out,
     * since it is among the metrics. */
    enum err_code (*moved_add)(struct store *st, const struct session *s,
                               const struct step_metrics *rows, const double *values, size_t count,
                               struct err *err);
    /* Gives `take` the values of a hyperparameter in the steps of the range, in order. */
    enum err_code (*moved_each)(struct store *st, const struct session *s,
                                const struct history_range *range, const char *name,
                                void (*take)(void *user, int64_t step, double value), void *user,
                                struct err *err);

    /* Data sets that clients uploaded: a new one, and away with one; inside a transaction. */
    enum err_code (*dataset_put)(struct store *st, const struct dataset *d, int64_t created_ms,
                                 struct err *err);
    enum err_code (*dataset_remove)(struct store *st, const char *name, struct err *err);
    /* Calls `take` with each by name until it returns false; what it is given lasts for the call.
     * Before the engine starts. */
    enum err_code (*dataset_each)(struct store *st,
                                  bool (*take)(void *user, const struct dataset *d), void *user,
                                  struct err *err);

    /* Runs: a new one, and what changes of one; inside a transaction. By its id (ERR_NOT_FOUND
     * without a violation); the newest of a session; and those that go on, by age, each for the
     * time of the call, until `take` returns false. */
    enum err_code (*run_insert)(struct store *st, const struct session_run *run, struct err *err);
    enum err_code (*run_update)(struct store *st, const struct session_run *run, struct err *err);
    enum err_code (*run_get)(struct store *st, const char *id, struct session_run *ret,
                             struct err *err);
    enum err_code (*run_list)(struct store *st, const struct session *s, int limit, struct arena *a,
                              struct session_run **ret_runs, size_t *ret_count, struct err *err);
    enum err_code (*run_active)(struct store *st,
                                bool (*take)(void *user, const struct session_run *run), void *user,
                                struct err *err);

    /* Whether it can be written and its schema is current: one named check each, for /readyz and
     * `stepd check`. Returns false where any failed; texts lie in `a`. */
    bool (*check)(struct store *st, struct arena *a, struct store_check *ret_checks,
                  int *ret_count);
    /* Work when the engine idles or every so many commits: journal compaction, old answers. */
    void (*tend)(struct store *st);
    /* Whether a sync has failed: the process must end, so that recovery decides what is kept. */
    bool (*fatal)(const struct store *st);
    /* Totals for the metrics: sessions kept, bytes on disk; -1 unknown. */
    void (*totals)(struct store *st, int64_t *ret_sessions, int64_t *ret_bytes);
};

/* Opens "sqlite:PATH", a PATH alone, or "memory:", making it and bringing its schema up to date.
 * Only one process at a time may hold a store; a second one gets ERR_STORE that says so. */
enum err_code store_open(const char *url, struct store **ret_store, struct err *err);

/* For `stepd check`: looks at the store without changing it and says what open would do. */
enum err_code store_inspect(const char *url, struct buf *out, struct err *err);

#endif
