/* Errors as values: what went wrong, where in the body, and what to do instead.
 *
 * A function that can fail returns an `enum err_code` and takes a `struct err *` last. It adds one
 * violation for each thing that is wrong, so that a client learns of all of them at once; the code
 * of the first one decides the HTTP status. No heap: a struct err is a few kilobytes and lives in
 * the request's arena or on the stack; at most ERR_VIOLATIONS are kept, the rest is counted.
 * Thread: a struct err belongs to one thread at a time. */
#ifndef STEPD_BASE_ERR_H
#define STEPD_BASE_ERR_H

#include <stdarg.h>
#include <stdint.h>

enum err_code {
    ERR_OK = 0,
#define ERROR(code, status, slug, title, text) code,
#include "base/errors.def"
#undef ERROR
    ERR_COUNT
};

enum { ERR_VIOLATIONS = 16, ERR_POINTER_LEN = 160, ERR_DETAIL_LEN = 224, ERR_SUGGESTION_LEN = 64 };

/* One thing that is wrong. `pointer` is a JSON pointer as a URI fragment ("#/optimizer/lr"), or
 * empty where no field is meant; `suggestion` is empty where there is none. All NUL-terminated. */
struct violation {
    char pointer[ERR_POINTER_LEN];
    char detail[ERR_DETAIL_LEN];
    char suggestion[ERR_SUGGESTION_LEN];
};

struct err {
    enum err_code code; /* of the first violation; ERR_OK while there is none */
    int count;          /* violations kept in `at` */
    int omitted;        /* violations beyond ERR_VIOLATIONS, not kept */
    int64_t step;       /* ERR_STEP_MOVED: the session's current step, else -1 */
    int64_t revision;   /* ERR_STEP_MOVED, ERR_STALE: the session's current revision, else -1 */
    struct violation at[ERR_VIOLATIONS];
};

/* What a code stands for; constant strings. */
struct err_info {
    enum err_code code;
    int status;
    const char *slug, *title, *text;
};

/* Makes `err` empty. Touches the head only, not the kilobytes of `at`. */
void err_init(struct err *err);

/* Adds a violation and returns `code`, so that `return err_add(…)` reads well. `pointer` is copied,
 * cut where too long. `err` may be NULL: then only the code is returned. */
enum err_code err_add(struct err *err, enum err_code code, const char *pointer, const char *format,
                      ...) __attribute__((format(printf, 4, 5)));

/* Sets the suggestion of the violation that was added last. Does nothing for NULL. */
void err_suggest(struct err *err, const char *suggestion);

/* The row of errors.def for `code`, or of ERR_INTERNAL for an unknown one. Never NULL. */
const struct err_info *err_info(enum err_code code);

/* The row with this slug, NULL if there is none. */
const struct err_info *err_by_slug(const char *slug);

/* Of `count` names the one nearest to `given` (Damerau-Levenshtein distance without regard to case,
 * of at most a third of its length, at least 1, and a letter in common), NULL if none is near.
 * `name_at(table, i)` gives the i-th name. */
const char *err_nearest(const char *given, const char *(*name_at)(const void *table, int i),
                        const void *table, int count);

#endif
