/* A line search over the steps of a session: the state of math/wolfe.h, kept in slots and scalars.
 *
 * Optimizers that share it (lbfgs, conjugate_gradient) give the parameters as the point at which
 * loss and gradient are wanted next: an iterate, or a trial point w = base + length·d of a search.
 * Their slots and scalars begin with those below. */
#ifndef STEPD_MATH_LINE_SEARCH_H
#define STEPD_MATH_LINE_SEARCH_H

#include "math/explain.h"
#include "math/optim.h"
#include "math/reduce.h"
#include "math/wolfe.h"

/* Slots: the three of the search are there where it is. */
enum { LINE_D, LINE_G, LINE_BASE, LINE_LOW, LINE_HIGH, LINE_SLOTS_COUNT };

#define LINE_SLOTS(searched)                                                                       \
    {.name = "d", .doc = "Direction d of the last move."},                                         \
        {.name = "g", .doc = "Gradient where that move began."},                                   \
        {.name = "base",                                                                           \
         .doc = "Where the line search began.",                                                    \
         .count = (searched),                                                                      \
         .start = SLOT_W},                                                                         \
        {.name = "low",                                                                            \
         .doc = "Gradient at one end of the search's bracket.",                                    \
         .count = (searched)},                                                                     \
    {                                                                                              \
        .name = "high", .doc = "Gradient at its other end.", .count = (searched)                   \
    }

enum {
    LINE_PHASE,
    LINE_STARTED,
    LINE_LENGTH,
    LINE_F,
    LINE_SLOPE,
    LINE_TRIED,
    LINE_INSUFFICIENT,
    LINE_END, /* length, loss and slope of one end of the bracket, then of the other */
    LINE_SCALARS_COUNT = LINE_END + 6
};
enum { LINE_ITERATE, LINE_SEEK, LINE_ZOOM };

#define LINE_SCALARS                                                                               \
    {.name = "phase", .doc = "What w is: 0 an iterate, 1 a trial point, 2 one in a bracket."},     \
        {.name = "started", .doc = "1 after the first direction."},                                \
        {.name = "length", .doc = "Step length along d, taken or looked at."},                     \
        {.name = "loss", .doc = "Loss where the line search began."},                              \
        {.name = "slope", .doc = "Slope along d where the last move began."},                      \
        {.name = "tried", .doc = "Lengths looked at after the first."},                            \
        {.name = "insufficient", .doc = "1 where the bracket has shrunk too little."},             \
        {.name = "low_length", .doc = "One end of the bracket."},                                  \
        {.name = "low_loss", .doc = "Loss there."}, {.name = "low_slope", .doc = "Slope there."},  \
        {.name = "high_length", .doc = "Its other end."},                                          \
        {.name = "high_loss", .doc = "Loss there."},                                               \
    {                                                                                              \
        .name = "high_slope", .doc = "Slope there."                                                \
    }

static inline double line_largest(const double *x, size_t n)
{
    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fabs(x[i]) > most ? fabs(x[i]) : most;
    return most;
}

static inline bool line_is_trial(const struct optim_step *s)
{
    return s->scalar[LINE_PHASE] != LINE_ITERATE;
}

static inline struct wolfe line_open(const struct optim_step *s, double *const *slot, double c2,
                                     double limit, size_t n)
{
    const double *x = s->scalar, *end = x + LINE_END;
    return (struct wolfe){.t = x[LINE_LENGTH],
                          .f0 = x[LINE_F],
                          .slope0 = x[LINE_SLOPE],
                          .c2 = c2,
                          .at = {end[0], end[3]},
                          .f = {end[1], end[4]},
                          .slope = {end[2], end[5]},
                          .gradient = {slot[LINE_LOW], slot[LINE_HIGH]},
                          .gradient0 = slot[LINE_G],
                          .size = line_largest(slot[LINE_D], n),
                          .tried = (int)x[LINE_TRIED],
                          .limit = (int)limit,
                          .zoom = x[LINE_PHASE] == LINE_ZOOM,
                          .insufficient = x[LINE_INSUFFICIENT] != 0};
}

static inline void line_close(struct optim_step *s, const struct wolfe *k)
{
    double *x = s->scalar, *end = x + LINE_END;
    x[LINE_LENGTH] = k->t;
    x[LINE_TRIED] = k->tried;
    x[LINE_INSUFFICIENT] = k->insufficient;
    x[LINE_PHASE] = k->zoom ? LINE_ZOOM : LINE_SEEK;
    for (int e = 0; e < 2; e++) {
        end[3 * e] = k->at[e];
        end[3 * e + 1] = k->f[e];
        end[3 * e + 2] = k->slope[e];
    }
}

/* Takes loss and gradient at w in. true: w is an iterate, with *loss and g those at it. false: the
 * search goes on; w is its base, and the next trial point is w + length·d. */
static inline bool line_tell(struct optim_step *s, double *const *slot, double c2, double limit,
                             double *loss, double *w, double *g, size_t n)
{
    if (!line_is_trial(s))
        return true;
    struct wolfe k = line_open(s, slot, c2, limit, n);
    bool ended = wolfe_tell(&k, loss, reduce_dot(g, slot[LINE_D], n), g, n);
    line_close(s, &k);
    memcpy(w, slot[LINE_BASE], n * sizeof *w);
    for (size_t i = 0; i < n && ended; i++)
        w[i] += k.t * slot[LINE_D][i];
    if (ended)
        s->scalar[LINE_PHASE] = LINE_ITERATE;
    return ended;
}

/* Begins a search from the iterate w along d, of which the first length is set. Without the slots
 * of a search there is none: the move is made as it is. */
static inline void line_begin(struct optim_step *s, double *const *slot, double loss, double slope,
                              const double *w, const double *g, size_t n)
{
    double *x = s->scalar;
    x[LINE_SLOPE] = slope;
    if (!slot[LINE_BASE])
        return;
    memcpy(slot[LINE_BASE], w, n * sizeof *w);
    memcpy(slot[LINE_LOW], g, n * sizeof *g);
    x[LINE_PHASE] = LINE_SEEK;
    x[LINE_F] = x[LINE_END + 1] = loss;
    x[LINE_END + 2] = slope;
    x[LINE_TRIED] = x[LINE_INSUFFICIENT] = x[LINE_END] = 0;
}

/* The length of the first move: not longer than lr, and for steep starts of size lr in all. */
static inline double line_first(double lr, const double *g, size_t n)
{
    return lr * fmin(1.0, 1.0 / reduce_absolute(g, n));
}

/* From where a move or a search began to the point that is wanted next. */
static inline void line_move(const struct optim_step *s, double *const *slot, double *w, size_t n)
{
    const double length = s->scalar[LINE_LENGTH], *d = slot[LINE_D];
    for (size_t i = 0; i < n; i++)
        w[i] += length * d[i];
}

/* The last line where there is nothing left to move; g is the gradient at the iterate. */
static inline void line_explain_arrived(struct explain *x, double w, const double *g, size_t n)
{
    explain_line(x, "w", "w_t", w, "{}", w);
    explain_say(x, "It has arrived: the largest number of the gradient is {}.", line_largest(g, n));
}

static inline void line_explain_search(struct explain *x, double length)
{
    explain_say(x, "The line search goes on: it next looks at {} times the direction.", length);
}

static inline void line_read_accepted(const struct optim_step *s, const double *w,
                                      double *const *slot, size_t n, double *out)
{
    memcpy(out, line_is_trial(s) ? slot[LINE_BASE] : w, n * sizeof *w);
}

#define LINE_READOUTS                                                                              \
    {.name = "accepted",                                                                           \
     .doc = "Where the last line search ended; w itself where none is under way.",                 \
     .read = line_read_accepted},                                                                  \
    {                                                                                              \
        .name = NULL                                                                               \
    }

#endif
