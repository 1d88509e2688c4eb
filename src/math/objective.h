/* Objectives: functions of the parameters with their gradient and Hessian, to run optimizers on.
 *
 * One objective = one file in math/objective/ that defines `const struct objective objective_NAME`;
 * the build lists the folder into the registry, so that adding one touches no other source file.
 * Catalogue, validation, JSON Schema, plots and generic tests walk the descriptor.
 *
 * Two kinds. A *function* (rosenbrock) has a loss for each point. A *model* (logistic_regression)
 * has a loss over data: the mean over the samples of one batch, so that its gradient at step t is
 * that of the batch of step t.
 *
 *   descriptor + what a client gave  ──objective_make──►  specification  ──objective_evaluate──►
 * numbers
 *
 * A specification is constant once it is made, belongs to the arena it was made in, and points into
 * what was given. Evaluating is a pure function of it, w and the step; any thread. Losses and
 * gradients use libm and, in models, BLAS: they repeat to the bit on one machine, unlike the steps
 * of optimizers not on all of them.
 *
 * Shapes: w and gradients n numbers, Hessians n×n row-major, both halves filled in; the order of
 * the parameters is that of `tensors`. Results may be infinite or NaN far out: that is the caller's
 * to judge. */
#ifndef STEPD_MATH_OBJECTIVE_H
#define STEPD_MATH_OBJECTIVE_H

#include "base/arena.h"
#include "base/err.h"
#include "math/dataset.h"
#include "math/hyper.h"
#include "math/tensor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OBJECTIVE_PATTERN = 2, OBJECTIVE_ARRAYS = 4, OBJECTIVE_TENSORS = 16 };

/* The most parameters of a specification. */
enum { OBJECTIVE_PARAMETERS = 1000000 };

/* An option that is a list (rank 1) or a matrix (rank 2) of numbers. */
struct array_option {
    const char *name; /* NULL ends a table */
    int rank;
    const char *doc;
};

/* The numbers that a client gave for one; `data` is NULL where it gave none. A list has `rows`
 * numbers and one column, and may be empty. Finiteness is checked by objective_make. */
struct array_given {
    const char *name;
    int rank;
    const double *data;
    size_t rows, columns;
};

/* What a client asks for. NULL, 0 or -1: not given. Memory is the decoder's and has to stay as long
 * as the specification. */
struct objective_given {
    const char *name;
    const struct hyper_arg *args; /* single values */
    size_t arg_count;
    const struct array_given *arrays; /* lists and matrices; of a model x and y too */
    size_t array_count;
    const char *dataset;        /* model: name of a built-in one */
    const struct dataset *data; /* model: one that lies elsewhere (uploaded), beside its name */
    int64_t batch_size;         /* model: -1 not given, 0 full */
    int64_t seed;               /* -1 not given */
    size_t dimension; /* function of any dimension: that of the start or points, 0: unknown */
};

struct objective;

/* An objective with every option resolved. */
struct objective_spec {
    const struct objective *objective;
    double h[HYPER_MAX];   /* options by the objective's table; NaN: another one took its place */
    bool given[HYPER_MAX]; /* whether the client gave it */
    struct array_given array[OBJECTIVE_ARRAYS]; /* by the objective's table */
    size_t n;                                   /* parameters */
    struct tensor *tensors;                     /* their form: models have named ones */
    int tensor_count;
    double curvature; /* the largest eigenvalue that a Hessian has anywhere, or a bound of it; NaN:
                       * none is known. Gradient descent needs lr < 2/curvature. */
    void *prepared;   /* what `prepare` left for `evaluate` */

    /* of models */
    struct dataset data; /* as given; x is what is stored */
    const double *x, *y; /* as used: standardised, turned into classes */
    struct sampling sampling;
    bool batch_given; /* false: all samples, unless the optimizer takes fewer (optim.h) */
    size_t outputs;   /* classes, or 1 */
};

/* What is evaluated, and where results go; NULL: not wanted. */
struct evaluation {
    const struct objective_spec *spec;
    const double *w;
    const double *x, *y; /* model: the rows of this step */
    size_t rows;
    double *ret_loss, *ret_gradient, *ret_hessian;
    struct arena *scratch;
};

/* A point as a pattern: coordinate i is at[i mod count], so that one row serves any dimension. */
struct objective_point {
    double at[OBJECTIVE_PATTERN];
    int count;                /* 0 ends a table */
    double value, value_each; /* of a minimum: the loss there is value + n·value_each */
};

struct objective {
    const char *name, *title;
    const char *formula;    /* TeX */
    const char *doc;        /* what it looks like and what it teaches */
    const char *stability;  /* what limits the step size here */
    const char *reference;  /* where it comes from */
    bool model;             /* on data */
    size_t dimension;       /* function: its parameters; 0: any, by the option "dimension" */
    double low[2], high[2]; /* window for plots of the first two parameters; the further ones are
                             * like the second */
    const struct objective_point *starts; /* the first one is the default; NULL: all zero */
    const struct objective_point *minima; /* the global ones; NULL: none or not known */
    const struct hyper *hypers;           /* all profiles have the same defaults */
    const struct array_option *arrays;    /* NULL: none */
    const char *dataset;                  /* model: the data where none are given */
    double curvature; /* of a specification, where `prepare` does not tell; 0: not known */
    bool has_hessian;
    /* Checks the options together and fills what follows from them: n, tensors, curvature,
     * prepared. Before it, a function has n by `dimension`. Pointers are made as prefix/name. NULL:
     * nothing. */
    enum err_code (*prepare)(struct objective_spec *s, struct arena *a, const char *prefix,
                             struct err *err);
    /* Fills what is wanted. ERR_MEMORY is its only error. */
    enum err_code (*evaluate)(const struct evaluation *e, struct err *err);
    /* In place of the tables, where points depend on options; each NULL: the tables hold. `start`
     * fills n numbers. `minimum` does too and tells the loss; false: there is none, or it is not
     * unique. */
    void (*start)(const struct objective_spec *s, double *ret_w);
    bool (*minimum)(const struct objective_spec *s, double *ret_w, double *ret_loss,
                    struct arena *scratch);
};

/* The catalogue, sorted by name. */
int objective_count(void);
const struct objective *objective_at(int i);
const struct objective *objective_find(const char *name); /* NULL: unknown */
/* The name that a client meant by one that is unknown; NULL: nobody knows. */
const char *objective_meant(const char *given);

/* Resolves what a client gave. Every violation is added with a pointer prefix/name. */
enum err_code objective_make(const struct objective_given *given, const char *prefix,
                             struct arena *a, struct objective_spec **ret_spec, struct err *err);

/* Loss, gradient and Hessian at w (each NULL: not wanted). `step` chooses the samples of a model:
 * the number of the step that is being made, from 1; 0: all samples, whatever the batch size.
 * ERR_VALIDATION where a Hessian is asked of an objective that has none; ERR_MEMORY. Outputs may be
 * half written on failure. */
enum err_code objective_evaluate(const struct objective_spec *s, const double *w, uint64_t step,
                                 double *ret_loss, double *ret_gradient, double *ret_hessian,
                                 struct arena *scratch, struct err *err);

/* Recommended starts; there is always one. */
int objective_starts(const struct objective_spec *s);
void objective_start(const struct objective_spec *s, int k, double *ret_w);

/* Known global minimum k: fills n numbers and tells the loss (of all samples). false: there is no
 * such one. */
bool objective_minimum(const struct objective_spec *s, int k, double *ret_w, double *ret_loss,
                       struct arena *scratch);

/* Multiplications, roughly, that one evaluation of loss and gradient costs at step `step`. */
double objective_cost(const struct objective_spec *s, uint64_t step);

#endif
