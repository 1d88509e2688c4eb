/* A block of numbers with an optimizer, as the session has it, without the session: for the tests
 * of math. One tensor, or several where `tensors` is set before the start; one arena that stays
 * until the end. */
#ifndef TESTS_MATH_FIXTURE_H
#define TESTS_MATH_FIXTURE_H

#include "math/optim.h"
#include "required.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { FIXTURE_TENSORS = 8 };

struct fixture {
    const struct optim *o;
    double h[HYPER_MAX];
    struct tensor tensors[FIXTURE_TENSORS];
    int tensor_count; /* 0: fixture_start makes one vector */
    struct optim_block b;
    double scalar[OPTIM_SCALARS];
    struct arena scratch;
    uint64_t t;
    double loss;                  /* NaN: none */
    const float *single_gradient; /* instead of the gradient that a step is given */
    const double *hessian, *hessian_diagonal, *second_gradient, *samples;
    size_t sample_count;
    const bool *touched;
    struct optim_norms norms;
};

static const char *const isas[] = {"x86-64", "x86-64-v3", "x86-64-v4", "generic"};
enum { ISA_NAMES = 4 };

static inline size_t fixture_width(const struct fixture *f)
{
    return f->b.dtype == DTYPE_FLOAT64 ? sizeof(double) : sizeof(float);
}

static inline double fixture_get(const struct fixture *f, const void *array, size_t i)
{
    return f->b.dtype == DTYPE_FLOAT64 ? ((const double *)array)[i]
                                       : (double)((const float *)array)[i];
}

static inline void fixture_set(const struct fixture *f, void *array, size_t i, double x)
{
    if (f->b.dtype == DTYPE_FLOAT64)
        ((double *)array)[i] = x;
    else
        ((float *)array)[i] = (float)x;
}

/* Takes hyperparameters that are resolved already (f->h) and starts at `start`. */
static inline void fixture_start(struct fixture *f, enum dtype dtype, const double *start, size_t n)
{
    if (f->tensor_count == 0)
        f->tensors[f->tensor_count++] =
            (struct tensor){.name = "", .rank = 1, .shape = {(int64_t)n}, .count = n};
    f->b = (struct optim_block){.dtype = dtype, .n = n};
    f->b.w = calloc(n + 1, fixture_width(f));
    for (size_t i = 0; i < n; i++)
        fixture_set(f, f->b.w, i, start[i]);
    for (int k = 0; k < optim_slots(f->o); k++) {
        size_t count = optim_slot_count(f->o, k, f->h, f->tensors, f->tensor_count);
        f->b.slot[k] = count ? calloc(count, fixture_width(f)) : NULL;
    }
    for (int k = 0; k < optim_scalars(f->o); k++)
        f->scalar[k] = f->o->scalars[k].start;
    optim_start(f->o, f->h, f->tensors, f->tensor_count, &f->b);
    arena_init(&f->scratch);
    f->t = 0;
}

/* Of a fixture that is zero but for its tensors. */
static inline enum err_code fixture_init_shaped(struct fixture *f, const char *name,
                                                enum profile profile, const struct hyper_arg *args,
                                                size_t arg_count, enum dtype dtype,
                                                const double *start, size_t n, struct err *err)
{
    err_init(err);
    f->loss = NAN;
    f->o = optim_find(name);
    cr_assert_not_null(f->o, "no optimizer \"%s\"", name);
    enum err_code code =
        hyper_resolve(f->o->hypers, profile, name, "#/optimizer", args, arg_count, f->h, err);
    if (code == ERR_OK && f->o->check)
        code = f->o->check(f->h, "#/optimizer", err);
    if (code == ERR_OK)
        fixture_start(f, dtype, start, n);
    return code;
}

static inline enum err_code fixture_init(struct fixture *f, const char *name, enum profile profile,
                                         const struct hyper_arg *args, size_t arg_count,
                                         enum dtype dtype, const double *start, size_t n,
                                         struct err *err)
{
    memset(f, 0, sizeof *f);
    return fixture_init_shaped(f, name, profile, args, arg_count, dtype, start, n, err);
}

/* The next step's inputs but for the gradient. */
static inline struct optim_step fixture_next(struct fixture *f)
{
    struct optim_step s = {.t = f->t + 1,
                           .h = f->h,
                           .loss = f->loss,
                           .single_gradient = f->single_gradient,
                           .hessian = f->hessian,
                           .hessian_diagonal = f->hessian_diagonal,
                           .second_gradient = f->second_gradient,
                           .samples = f->samples,
                           .sample_count = f->sample_count,
                           .touched = f->touched,
                           .tensors = f->tensors,
                           .tensor_count = f->tensor_count,
                           .scratch = &f->scratch};
    memcpy(s.scalar, f->scalar, sizeof s.scalar);
    return s;
}

static inline enum err_code fixture_step(struct fixture *f, const double *g, struct err *err)
{
    struct optim_step s = fixture_next(f);
    err_init(err);
    enum err_code code = optim_run(f->o, &s, &f->b, g, &f->norms, err);
    memcpy(f->scalar, s.scalar, sizeof s.scalar);
    arena_reset(&f->scratch);
    f->t += code == ERR_OK;
    return code;
}

static inline void fixture_close(struct fixture *f)
{
    free(f->b.w);
    for (int k = 0; k < OPTIM_SLOTS; k++)
        free(f->b.slot[k]);
    arena_close(&f->scratch);
}

/* The same numbers on every machine (Knuth's MMIX generator). In [-1, 1). */
static inline double fixture_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (double)(*state >> 11) * 0x1p-52 - 1.0;
}

#endif
