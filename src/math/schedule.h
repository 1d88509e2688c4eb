/* Schedules: how a hyperparameter moves from step to step.
 *
 * One schedule = one file in math/schedule/ that defines `const struct schedule schedule_NAME`; the
 * build lists the folder into the registry, so that adding one touches no other source file.
 * Catalogue, validation, JSON Schema and generic tests walk the descriptor.
 *
 *   what a client gave  ──schedule_make──►  specification  ──schedule_value──►  a number
 *
 * The value is a pure function of three things: `t`, the number of steps taken before this one (the
 * first step has t = 0, in torch, Keras and optax alike); the base, which is the hyperparameter as
 * the optimizer has it; and the schedule's own hyperparameters. Schedules that follow the loss
 * have named scalars of state besides, which schedule_update moves once per step; so have composed
 * ones that are recursive.
 *
 * A composed schedule (sequence, chain) holds others; theirs is the base that it hands down. A
 * specification belongs to the arena it was made or copied in and does not change. Errors: all
 * violations at once, pointers as prefix/name. Uses libm: the last bit may differ between machines.
 * Pure; any thread. */
#ifndef STEPD_MATH_SCHEDULE_H
#define STEPD_MATH_SCHEDULE_H

#include "base/arena.h"
#include "base/err.h"
#include "math/hyper.h"
#include "math/optim.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SCHEDULE_DEPTH = 8, SCHEDULE_NODES = 64 };

struct schedule;

/* A schedule with every hyperparameter resolved. */
struct schedule_spec {
    const struct schedule *schedule;
    enum profile profile;
    double h[HYPER_MAX];               /* by the schedule's table */
    struct hyper_list list[HYPER_MAX]; /* of its lists */
    struct schedule_spec *children;    /* composed: child_count of them */
    int child_count;
    int state; /* index of its first scalar in the state of the whole */
    /* In a recursive one: the base that a part made before it has set for it. */
    bool has_base;
    double base;
};

/* When the loss of a step moves the state. */
enum schedule_phase {
    SCHEDULE_BEFORE_STEP, /* so that the same step already uses the new value (optax) */
    SCHEDULE_AFTER_STEP   /* so that the next step does (torch, Keras) */
};

/* Where a part of a recursive schedule stands: it is made and gives the first value; a sequence
 * comes to it; or it goes on from the step before. */
enum schedule_turn { SCHEDULE_BEGIN, SCHEDULE_TAKE_OVER, SCHEDULE_GO_ON };

/* From the value that is there to its own: of_value · value + of_base · base + constant. */
struct schedule_move {
    double of_value, of_base, constant;
};

/* Whether its first value becomes the base of those made after it. */
enum schedule_rebase { SCHEDULE_KEEPS_BASE, SCHEDULE_REBASES_FIRST, SCHEDULE_REBASES };

struct schedule {
    const char *name, *title;
    const char *formula; /* TeX; \eta_0 is the base */
    const char *doc;     /* what it does, and its quirks by library */
    const char *use_when;
    const char *reference;
    const char *same_as[PROFILE_COUNT]; /* its name in each library, NULL: it has none */
    const struct hyper *hypers;
    bool composed;                /* holds other schedules */
    bool needs_loss;              /* follows the loss */
    const struct scalar *scalars; /* its own state; NULL: none */
    /* Rules between hyperparameters; NULL: none. Pointers are made as prefix/name. */
    enum err_code (*check)(const struct schedule_spec *s, const char *prefix, struct err *err);
    double (*value)(const struct schedule_spec *s, uint64_t t, double base, const double *state);
    /* The schedule of the momentum that goes with this one of the learning rate; ret->schedule
     * stays NULL where this one asks for none. It has no state, no base, its parts in `a`, and
     * shares lists. NULL: it never does. ERR_MEMORY is not added anywhere. */
    enum err_code (*momentum)(const struct schedule_spec *s, struct arena *a,
                              struct schedule_spec *ret);
    /* Takes in the loss of the step that has t steps before it; NULL: nothing. */
    void (*update)(const struct schedule_spec *s, enum schedule_phase phase, uint64_t t,
                   double base, double loss, double *state);
    /* Composed: the part that step *t belongs to; *t becomes the step within it. NULL: all. */
    const struct schedule_spec *(*active)(const struct schedule_spec *s, uint64_t *t);
    /* As part of a recursive one (schedule_recursion.h): how torch's scheduler of this name moves
     * the value, to that of the step with t steps before it. NULL: it says it anew, by value(). */
    struct schedule_move (*move)(const struct schedule_spec *s, enum schedule_turn turn,
                                 uint64_t t);
    bool multiplies;       /* it is its base times a number of the step */
    bool continues;        /* where a sequence comes to it, it moves what is there */
    uint32_t beyond_torch; /* bits of the hyperparameters whose values the move does not know */
    enum schedule_rebase rebase;
};

/* What a client asks for. NULL or count 0: not given. Memory is the decoder's. */
struct schedule_given {
    const char *name, *profile;
    const struct hyper_arg *args;
    size_t arg_count;
    const char *children_key; /* under which the list of schedules came; NULL: no such list */
    const struct schedule_given *children;
    size_t child_count;
};

/* The catalogue, sorted by name. */
int schedule_count(void);
const struct schedule *schedule_at(int i);
const struct schedule *schedule_find(const char *name); /* NULL: unknown */
/* The name that a client meant by one that is unknown; NULL: nobody knows. */
const char *schedule_meant(const char *given);
int schedule_scalars(const struct schedule *s);
/* Those that this one has: a composed schedule has them only where it is recursive. */
int schedule_own_scalars(const struct schedule_spec *s);

/* Resolves what a client gave; a profile that is not given is `profile`. The specification lies in
 * `a`, its lists where the client's are. */
enum err_code schedule_make(const struct schedule_given *given, enum profile profile,
                            const char *prefix, struct arena *a, struct schedule_spec *ret_spec,
                            struct err *err);

/* A copy in `a` that shares nothing. false: no memory. */
bool schedule_copy(struct arena *a, const struct schedule_spec *from, struct schedule_spec *ret);

/* Gives every part its place in a state that begins at index `first`; returns the index after its
 * last. */
int schedule_place(struct schedule_spec *s, int first);
/* Fills the state with what it holds before the step with t steps before it, of which it saw none.
 */
void schedule_start(const struct schedule_spec *s, uint64_t t, double *state);
/* Numbers of state that it has with all its parts. */
int schedule_numbers(const struct schedule_spec *s);
bool schedule_needs_loss(const struct schedule_spec *s);
/* Takes back a switch in it and all its parts, where they have one of that name. */
void schedule_switch_off(struct schedule_spec *s, const char *name);
/* How it moves the momentum besides, as above; ret->schedule is NULL where it does not. */
enum err_code schedule_momentum(const struct schedule_spec *s, struct arena *a,
                                struct schedule_spec *ret);
/* The schedule that always gives `value`. */
struct schedule_spec schedule_still(double value);

/* The value for the step that has `t` steps before it; `state` is that of the whole. */
double schedule_value(const struct schedule_spec *s, uint64_t t, double base, const double *state);
void schedule_update(const struct schedule_spec *s, enum schedule_phase phase, uint64_t t,
                     double base, double loss, double *state);

/* The values of the first `count` steps of one that is placed at 0; `losses` of as many where it
 * follows them, else NULL. `state` has room for schedule_numbers. */
void schedule_preview(const struct schedule_spec *s, double base, const double *losses,
                      size_t count, double *state, double *ret_values);

/* For the files of math/schedule/: the value of an option that may be left out. */
static inline double schedule_or(double given, double otherwise)
{
    return isfinite(given) ? given : otherwise;
}

#endif
