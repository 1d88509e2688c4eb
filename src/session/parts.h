/* What the files of this room share. No other room includes it.
 *
 * Numbers that a client sent come as `struct values`, in its own order of tensors; a session keeps
 * them in the order of its creation. values_arrange is the bridge. Pointers into a body are built
 * only once something is wrong, so that a step that succeeds touches no text. */
#ifndef STEPD_SESSION_PARTS_H
#define STEPD_SESSION_PARTS_H

#include "session/session.h"

/* A JSON pointer while it is built; err_add cuts what is longer than a violation holds. */
enum { POINTER_SIZE = 768 };

struct pointer {
    char text[POINTER_SIZE];
    size_t len;
};

struct pointer pointer_to(const char *base);
/* Appends "/" and `token`, escaped for a pointer (RFC 6901) in a URI fragment (RFC 3986). */
void pointer_add(struct pointer *p, const char *token);
void pointer_add_index(struct pointer *p, uint64_t index);
/* Where the `index`-th number of `v` stands in the body, `v` itself standing at `base`. */
struct pointer pointer_to_number(const char *base, const struct values *v, size_t index);

/* Index of the first number that is not finite, `n` where all are. */
size_t numbers_nonfinite(const double *x, size_t n);
/* Index of the first finite number that float32 would make infinite, `n` where there is none. */
size_t numbers_overflow32(const double *x, size_t n);

/* Checks the structure of new parameters and names each violation at `pointer`. */
enum err_code values_check(const struct values *v, const char *pointer, struct err *err);
/* Refuses numbers that a session of this dtype and policy may not hold. */
enum err_code values_check_numbers(const struct values *v, enum dtype dtype, enum on_nonfinite on,
                                   const char *pointer, struct err *err);
/* Says that the session has no tensor called as `given`, which stands in what is at `pointer`. */
enum err_code values_unknown(const struct session *s, const char *pointer,
                             const struct tensor *given, struct err *err);
/* Whether `v` has the session's tensors in the session's order. */
bool values_same_order(const struct session *s, const struct values *v);
/* Numbers that are one for each parameter, in the session's order. */
struct values session_values(const struct session *s, const double *data);
/* values_match, then the numbers in the session's order: v->data itself where it is in that order
 * already, else a copy in `scratch`. */
enum err_code values_arrange(const struct session *s, const struct values *v, const char *pointer,
                             struct arena *scratch, const double **ret_data, struct err *err);

/* All of `v` as doubles to `to`. */
void values_copy(const struct values *v, double *to);

/* Writes `data` as the session's parameters, in its dtype. */
void session_fill(struct session *s, const double *data);
/* Gives scalars and slots what they hold before the first step; the parameters are there. false: no
 * memory. */
bool session_start(struct session *s);

/* Copies of what a session points to. false: no memory. */
bool tensors_copy(struct arena *a, const struct tensor *from, int count, struct tensor **ret);
bool tags_copy(struct arena *a, const struct tag *from, int count, struct tag **ret);

enum err_code name_check(const char *name, struct err *err);
enum err_code tag_check(const char *key, const char *value, struct err *err);

/* What a spec says, looked up. */
struct plan {
    const struct optim *optim;
    enum profile profile;
    double h[HYPER_MAX];
    enum dtype dtype;
    enum on_nonfinite on_nonfinite;
    struct transform_link links[TRANSFORM_CHAIN];
    int link_count;
    struct scheduled scheduled[HYPER_MAX];
    int scheduled_count;
    struct group groups[GROUPS];
    int group_count;
    /* Of the spec, or those at which its objective starts. */
    struct values parameters;
    struct arena arena; /* of schedules and parameters; whoever got the plan closes it */
    uint64_t digest;
};

/* Checks a whole spec and resolves it; every violation is added to `err`, which may not
 * be NULL. */
enum err_code spec_plan(const struct session_spec *spec, struct plan *ret_plan, struct err *err);

/* Adds what is `found`, but for what `err` tells already: of the same place, of one inside of it,
 * of the whole body, or of a name that was meant to be it. */
void session_add_untold(const struct err *found, struct err *err);

/* Index of `given` in `names`, or -1 and a violation with the nearest name. */
int name_choose(const char *given, const char *const *names, int count, const char *pointer,
                struct err *err);

#endif
