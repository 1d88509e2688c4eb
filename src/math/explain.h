/* A step in words: lines with a symbol, its TeX, the formula with the numbers put in, and its
 * value.
 *
 * Texts are constant strings in which each {} stands for the next number; whoever renders them
 * writes numbers in shortest form. Memory: the arena. Thread: any, one at a time. */
#ifndef STEPD_MATH_EXPLAIN_H
#define STEPD_MATH_EXPLAIN_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>

enum { EXPLAIN_ARGS = 8, EXPLAIN_LINES = 96 };

struct explain_text {
    const char *format; /* NULL: nothing said */
    double args[EXPLAIN_ARGS];
    int count;
};

struct explain_line {
    const char *symbol, *tex; /* "m", "m_t = \\beta_1 m_{t-1} + (1-\\beta_1) g_t" */
    struct explain_text text; /* "{}·{} + (1 - {})·{}" */
    double value;
};

struct explain {
    struct arena *arena; /* also for temporary numbers of the one who explains */
    struct explain_line lines[EXPLAIN_LINES];
    int count;
    struct explain_text sentence; /* what happened, in one sentence */
};

/* Adds a line and returns its value. As many doubles follow as `text` has {}. */
double explain_line(struct explain *x, const char *symbol, const char *tex, double value,
                    const char *text, ...);

/* A copy of n numbers in the arena, for those that explain by the functions of their kernel, which
 * change arrays. NULL: no memory. */
double *explain_copy(struct explain *x, const double *from, size_t n);

/* Text with one {}, "NAME({})", that lies in the arena. "{}" where there is no memory. */
const char *explain_call(struct explain *x, const char *name);

/* Says what happened; a later sentence takes the place of an earlier one. */
void explain_say(struct explain *x, const char *text, ...);

/* The last line and the sentence where w stays, since no gradient has been other than 0. */
void explain_still(struct explain *x, double w);

#endif
