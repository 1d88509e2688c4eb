/* Transforms: what happens around an optimizer's kernel, in the order in which a client lists it.
 *
 * One transform = one file in math/transform/ that defines `const struct transform transform_NAME`;
 * the build lists the folder into the registry, so that adding one touches no other source file.
 * Catalogue, validation, JSON Schema, state layout and generic tests walk the descriptor.
 *
 * A transform acts in one or both of two places:
 *   before the kernel, on the gradient (clipping), on the parameters (decoupled weight decay), or
 * on the question whether a step is taken at all (accumulation, skipping); after it, on the
 * parameters (projection, lookahead) or on an average of them. A link that holds a step back stands
 * for the optimizer and all links after it: those before it act on every step, on both sides, and
 * after the kernel they come last. Only what they do to the parameters before it is taken back
 * where the step is held.
 *
 * Tensors that the session's groups freeze are hidden before the kernel from transforms that act
 * tensor by tensor: a frozen one counts in no norm. What is done to them after it is taken back.
 *
 * A *chain* is the list of a session: links, each a transform with its hyperparameters, the tensors
 * that its patterns choose, and its state. The state of a chain is one run of doubles, whatever the
 * session's dtype; who owns it (a session: its block) places the chain in it. All arrays are double
 * and whole: n numbers, the tensors say where each begins.
 *
 * Pure: no I/O, no lock. Sums are made in a fixed order, so that numbers do not depend on the
 * machine. */
#ifndef STEPD_MATH_TRANSFORM_H
#define STEPD_MATH_TRANSFORM_H

#include "base/arena.h"
#include "base/err.h"
#include "math/hyper.h"
#include "math/optim.h"
#include "math/tensor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TRANSFORM_HYPERS = 8, TRANSFORM_SLOTS = 2, TRANSFORM_SCALARS = 4, TRANSFORM_CHAIN = 16 };

struct explain;
struct transform_link;

/* What becomes of a step. */
enum verdict {
    VERDICT_TAKE, /* the kernel runs */
    VERDICT_HOLD, /* the step counts, the kernel makes none (a gradient was laid by) */
    VERDICT_SKIP  /* the step does not count */
};

/* What the groups of a session make of one tensor. */
struct transform_own {
    size_t offset; /* of the tensor */
    double lr;     /* of the optimizer at this step */
    bool still;    /* it is frozen */
};

/* What a transform may look at, and change where not const. */
struct transform_step {
    uint64_t t;                      /* number of the step that the kernel makes, from 1 */
    const double *h;                 /* hyperparameters, by table index */
    const struct hyper_list *list;   /* of its lists */
    double *scalar;                  /* named scalars, by table index */
    double *const *slot;             /* named arrays of n */
    double lr;                       /* of the optimizer at this step; NaN: it has none */
    const struct transform_own *own; /* in the order of offsets, tensors without numbers left out;
                                        NULL: there are no groups */
    size_t own_count;
    double *g;             /* before: the gradient */
    double *w;             /* the parameters: before the kernel, or after it */
    const double *old;     /* the parameters as they were before the step */
    size_t n;              /* numbers in each array */
    const double *samples; /* sample_count × n: gradients of single samples, or NULL */
    size_t sample_count;
    const double *weights;        /* of the samples, or NULL: 1 each */
    bool reduce_sum;              /* samples are added up; otherwise their weighted mean */
    const struct tensor *tensors; /* those that this transform acts on */
    int tensor_count;
    struct arena *scratch;   /* memory until the end of the step */
    enum verdict verdict;    /* before: VERDICT_TAKE unless changed */
    int reached;             /* links that saw the step: not those after one that held it back */
    struct explain *explain; /* NULL, or gets a line from each link that changes the coordinate */
    size_t coordinate;
};

typedef enum err_code transform_function(struct transform_step *s, struct err *err);

enum transform_start { TRANSFORM_ZERO, TRANSFORM_W };

/* A named array of state: n numbers. */
struct transform_slot {
    const char *name; /* NULL ends a table */
    const char *doc;
    enum transform_start start; /* zero, or the parameters */
};

/* A named number of state. */
struct transform_scalar {
    const char *name; /* NULL ends a table */
    const char *doc;
    double (*start)(const double *h); /* NULL: 0 */
};

struct transform {
    const char *name, *title;
    const char *formula;                /* TeX */
    const char *doc;                    /* what it does, and when it is of use */
    const char *reference;              /* paper, year; NULL: none */
    const char *same_as[PROFILE_COUNT]; /* the library's own; NULL: it has none */
    const struct hyper *hypers;
    const struct transform_slot *slots;     /* NULL: none */
    const struct transform_scalar *scalars; /* NULL: none */
    bool holds;                             /* may hold steps back */
    bool gathers;                           /* … for their gradients to be part of a later one */
    bool takes_nonfinite; /* deals with gradients that are infinite or NaN: they may come in */
    bool needs_samples;   /* works on gradients of single samples: first in its chain */
    bool needs_pattern;   /* makes no sense on all tensors: match or exclude must be given */
    bool whole;           /* makes no sense on some tensors: neither may be given */
    int readout;          /* the slot that is a vector to be read instead of w, +1; 0: none */
    /* Rules for its hyperparameters where it acts on n numbers; NULL: none. Pointers are made as
     * prefix/name. */
    enum err_code (*check)(const struct transform_link *link, size_t n, const char *prefix,
                           struct err *err);
    /* The same for what makes no sense, but no harm either; asked of a new one alone, since one
     * that is stored may be older than the rule. */
    enum err_code (*sense)(const double *h, const char *prefix, struct err *err);
    transform_function *before, *after; /* NULL: does nothing there */
};

/* The catalogue, sorted by name. */
int transform_count(void);
const struct transform *transform_at(int i);
const struct transform *transform_find(const char *name); /* NULL: unknown */
/* The name that a client meant by one that is unknown; NULL: nobody knows. */
const char *transform_meant(const char *given);

int transform_slots(const struct transform *t);
/* What groups make of a tensor; NULL: nothing. */
const struct transform_own *transform_own(const struct transform_step *s, const struct tensor *t);
int transform_scalars(const struct transform *t);

/* Whether a tensor's name is chosen: it fits one of the patterns of `match` (NULL: any name does)
 * and none of `exclude` (NULL: none). Patterns lie between commas; * stands for any text, ? for one
 * character, [abc] for one of these. */
bool transform_chooses(const char *match, const char *exclude, const char *name);

/* ---- chains ------------------------------------------------------------------------------- */

struct transform_link {
    const struct transform *transform;
    enum profile profile;
    double h[TRANSFORM_HYPERS];
    struct hyper_list list[TRANSFORM_HYPERS]; /* of its lists */
    const char *match, *exclude;              /* patterns of tensor names, NULL: not given */

    /* by transform_chain_place */
    const struct tensor *tensors; /* those chosen */
    int tensor_count;
    double *scalar, *slot[TRANSFORM_SLOTS]; /* in the chain's state */
};

/* The transform's own rules where it acts on those of the tensors that it chooses; without any they
 * are not known yet, and nothing is wrong. Violations stand at prefix/name. */
enum err_code transform_link_check(const struct transform_link *link, const struct tensor *tensors,
                                   int count, const char *prefix, struct err *err);

struct transform_chain {
    int count;
    struct transform_link *links;
    bool gathers, takes_nonfinite, needs_samples; /* any link does */
    bool has_before, has_after;
    double *state; /* what follows lies in here; the first number counts the steps held back */
};

/* Numbers in the state of a chain for n parameters. SIZE_MAX where that does not fit. */
size_t transform_chain_numbers(const struct transform_link *links, int count, size_t n);

/* Points links and chain into `state` (transform_chain_numbers of them; NULL: later) and chooses
 * each link's tensors, in `a`. Fills all of *chain from links and count. false: no memory. */
bool transform_chain_place(struct transform_chain *chain, struct transform_link *links, int count,
                           double *state, size_t n, const struct tensor *tensors, int tensor_count,
                           struct arena *a);

/* Gives the state what it holds before the first step; w holds n numbers in `dtype`. */
void transform_chain_start(struct transform_chain *chain, enum dtype dtype, const void *w,
                           size_t n);

/* Runs the links' `before` in order, until one of them says that no step is taken: s->verdict. The
 * caller sets g, w, old, n, lr, t, samples and scratch. The state changes; on an error it may be
 * half changed. */
enum err_code transform_chain_before(struct transform_chain *chain, struct transform_step *s,
                                     struct err *err);

/* Runs the links' `after` in order, with the same *s. */
enum err_code transform_chain_after(struct transform_chain *chain, struct transform_step *s,
                                    struct err *err);

/* How many steps the chain has held back so far: the kernel has made that many fewer. */
uint64_t transform_chain_held(const struct transform_chain *chain);

#endif
