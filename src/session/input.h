/* What a step brings, checked and brought into the session's order: the first half of
 * session_step. */
#ifndef STEPD_SESSION_INPUT_H
#define STEPD_SESSION_INPUT_H

#include "session/parts.h"

/* The numbers of a step, in the session's order of tensors. They belong to the decoder or to the
 * scratch arena. */
struct input {
    const double *h;                /* hyperparameters of this step */
    const double *g;                /* n, or NULL: `single` has it */
    const float *single;            /* n, finite, or NULL */
    const double *hessian;          /* n×n row-major, or NULL */
    const double *hessian_diagonal; /* n, or NULL */
    double loss;                    /* NaN where there is none */
    const double *second_gradient;  /* n, or NULL */
    const double *samples;          /* one gradient a row, or NULL */
    size_t sample_count;
    const bool *touched; /* n, or NULL: all */
};

/* sparse.c: a gradient given by rows. Whole where it has the form of the parameters; else it holds
 * just the rows that are named, in that order, and rows named twice add up. `ret_touched` tells
 * which of the n coordinates are in one of the rows. */
enum err_code sparse_read(const struct session *s, const struct step_input *in,
                          struct arena *scratch, const double **ret_g, const bool **ret_touched,
                          struct err *err);

/* Whether the step can take the gradient in float32 as it is; otherwise it must be widened. */
bool input_stays_single(const struct session *s, const struct step_input *in,
                        const struct step_output *out);

/* Adds every violation: structure, needs, reduction. */
enum err_code input_read(const struct session *s, const struct step_input *in,
                         struct arena *scratch, struct input *ret, struct err *err);

/* Whether all of it is finite. */
bool input_finite(const struct session *s, const struct step_input *in, const struct input *input);

/* ERR_NONFINITE at the first number that is not; only after input_finite said false. */
enum err_code input_refuse(const struct session *s, const struct step_input *in,
                           const struct input *input, struct err *err);

/* Pointer to a field of the step in the body. */
struct pointer input_pointer(const struct step_input *in, const char *field);

#endif
