/* Optimizers: the descriptor that each one is, and the one kernel signature.
 *
 * One optimizer = one file in math/optim/ that defines `const struct optim OPTIM(name)`. The build
 * lists the folder into the registry, so that adding an optimizer touches no other source file.
 * Catalogue, validation, JSON Schema, state layout and generic tests walk the descriptor.
 *
 * Abbreviations used throughout: w parameters, g gradient, t number of the step (from 1), n count,
 * lr learning rate.
 *
 * Every file of math/optim/ is compiled once per instruction set (x86-64, x86-64-v3, x86-64-v4); at
 * start the best one that the machine has is chosen. Neither fused multiply-add contraction nor
 * reassociation is allowed, so that all of them give the same bits.
 *
 * Pure: no I/O, no lock, no global state but the choice of instruction set (optim_select_isa, set
 * before threads start). */
#ifndef STEPD_MATH_OPTIM_H
#define STEPD_MATH_OPTIM_H

#include "base/arena.h"
#include "base/err.h"
#include "math/hyper.h"
#include "math/tensor.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OPTIM_PASTE_(a, b, c) a##b##c
#define OPTIM_PASTE(a, b, c)  OPTIM_PASTE_(a, b, c)
#ifndef OPTIM_ISA
#define OPTIM_ISA
#endif
/* The symbol of an optimizer's descriptor in the instruction set being compiled. */
#define OPTIM(name) OPTIM_PASTE(optim_, name, OPTIM_ISA)

/* dtype of the stored numbers. Kernels see double, whatever it is; those of one pass see it as it
 * is. */
enum dtype { DTYPE_FLOAT64, DTYPE_FLOAT32 };

/* Of one number. */
static inline size_t dtype_bytes(enum dtype dtype)
{
    return dtype == DTYPE_FLOAT64 ? sizeof(double) : sizeof(float);
}

enum { OPTIM_SLOTS = 12, OPTIM_SCALARS = 32, OPTIM_COEFS = 16 };

/* What the kernel is called on. */
enum optim_scope {
    OPTIM_ELEMENTWISE, /* any piece of the vector: each coordinate stands for itself */
    OPTIM_TENSOR,      /* one whole tensor at a time (norms, matrix shape) */
    OPTIM_WHOLE        /* the vector of all parameters at once (Hessian, line search) */
};

/* What a step must carry besides nothing, as a bit set. */
enum optim_need {
    NEED_GRADIENT = 1 << 0,
    NEED_LOSS = 1 << 1,
    NEED_HESSIAN = 1 << 2,          /* full n×n */
    NEED_HESSIAN_DIAGONAL = 1 << 3, /* with NEED_HESSIAN: either of the two */
    NEED_SECOND_GRADIENT = 1 << 4,  /* the gradient at another point, which the optimizer names */
    NEED_SAMPLES = 1 << 5,          /* gradients of single samples, not reduced */
    NEED_INDICES = 1 << 6,          /* which coordinates a sparse gradient has */
};

/* The field of a step that carries need `1 << k`; NULL: there is no such need. */
const char *optim_need_field(int k);

enum slot_start { SLOT_ZERO, SLOT_VALUE, SLOT_W };

/* One named array of state. */
struct slot {
    const char *name; /* NULL ends the table */
    const char *doc;  /* one sentence, with its symbol */
    /* Numbers of state for tensor `x` (which has numbers; an empty one has no state) under
     * hyperparameters `h`: 0 where the slot is not used. NULL: one number per parameter, always. */
    size_t (*count)(const double *h, const struct tensor *x);
    enum slot_start start;            /* what it holds before the first step */
    double (*value)(const double *h); /* SLOT_VALUE: the number */
};

/* One named number of state per session, kept as double whatever the dtype. */
struct scalar {
    const char *name; /* NULL ends the table */
    const char *doc;
    double start;
};

/* What a kernel may look at. All memory is the caller's; arrays are double. */
struct optim_step {
    uint64_t t;                     /* number of this step, from 1 */
    const double *h;                /* resolved hyperparameters, by table index */
    double c[OPTIM_COEFS];          /* what `prepare` left */
    double scalar[OPTIM_SCALARS];   /* named scalars: read and written */
    double loss;                    /* NaN where the step has none */
    const float *single_gradient;   /* n: the gradient as it came, where optim_run gets no other */
    const double *hessian;          /* n×n row-major, or NULL */
    const double *hessian_diagonal; /* n, or NULL */
    const double *second_gradient;  /* n, or NULL */
    const double *samples;          /* sample_count × n, one gradient a row, or NULL */
    size_t sample_count;
    const bool *touched;          /* n: the sparse gradient has this coordinate; NULL: all */
    const struct tensor *tensor;  /* OPTIM_TENSOR: the one w belongs to, else NULL */
    const struct tensor *tensors; /* all of them */
    int tensor_count;
    struct arena *scratch; /* memory until the end of the step */
};

/* Makes one step in place. w, g and each used slot[k] hold the numbers of one piece (see scope), of
 * which there is at least one; slots of which the piece has nothing are NULL. A kernel of scope
 * OPTIM_ELEMENTWISE cannot fail and does not write g; in the other scopes g is a copy, which may be
 * overwritten. */
typedef enum err_code optim_kernel(struct optim_step *s, double *restrict w, double *restrict g,
                                   double *const *slot, size_t n, struct err *err);

struct measure;

/* Makes and measures one step in a single pass (fused.h), on at most FUSED_TILE numbers of an
 * elementwise optimizer; all arrays, g too, are of the block's dtype. Float32 is computed in
 * float32 arithmetic, which is what the libraries do. false, and nothing is touched: not with these
 * hyperparameters, which `prepare` has seen, or not in this dtype; asked of the first piece, it
 * holds for the whole step. In float64 the bits are those of the kernel. */
typedef bool optim_fused(const struct optim_step *s, enum dtype dtype, void *restrict w,
                         const void *restrict g, void *const *slot, size_t n, struct measure *ret);

/* A vector that is not w but can be asked for instead: an average, the point to evaluate at. */
struct readout {
    const char *name; /* NULL ends the table */
    const char *doc;
    /* Fills `out` for all n parameters. `w` and slot[k] are whole, as double; s->t is the number of
     * the last step (0: none yet), s->scalar holds what it left. */
    void (*read)(const struct optim_step *s, const double *w, double *const *slot, size_t n,
                 double *out);
};

struct explain;

/* Says how coordinate i of a piece (see scope; elementwise pieces have one number) is going to
 * move: lines by explain_line (explain.h), the last one with the new parameter, computed by the
 * kernel's own expressions so that the bits agree. `prepare` has run; arrays hold what was before
 * the step. */
typedef void optim_explainer(struct explain *x, const struct optim_step *s, const double *w,
                             const double *g, double *const *slot, size_t n, size_t i);

struct optim {
    const char *name, *title; /* "adam", "Adam" */
    const char *formula;      /* TeX */
    const char *use_when, *pros, *cons;
    const char *reference;              /* paper, year */
    const char *same_as[PROFILE_COUNT]; /* "torch.optim.Adam", …; NULL: the library has none */
    const struct hyper *hypers;
    const struct slot *slots;       /* NULL: stateless */
    const struct scalar *scalars;   /* NULL: none */
    const struct readout *readouts; /* NULL: none */
    unsigned needs;                 /* enum optim_need */
    /* Those of `needs` that step t really has to carry; the others are taken and not used. NULL:
     * all of them, always. */
    unsigned (*needs_at)(const double *h, uint64_t t);
    enum optim_scope scope;
    bool undivided; /* one loss steers all parameters, as a line search does: no groups of them */
    int lr;         /* index of the hyperparameter that is the step size, -1: none */
    /* Index of the one that torch's schedulers move as the momentum, -1: none. NULL: it is beta1,
     * or else what torch calls momentum. */
    int (*momentum)(const double *h);
    /* Rules between hyperparameters (nesterov needs momentum); NULL: none. Pointers are made as
     * prefix/name. */
    enum err_code (*check)(const double *h, const char *prefix, struct err *err);
    /* Whether it can step parameters of these shapes (muon: matrices alone); NULL: any. Names each
     * tensor that it cannot at `pointer`. */
    enum err_code (*takes)(const double *h, const struct tensor *tensors, int tensor_count,
                           const char *pointer, struct err *err);
    void (*prepare)(struct optim_step *s); /* once per step, before the kernel; NULL: nothing */
    optim_kernel *kernel;
    optim_fused *fused;       /* NULL: none */
    optim_explainer *explain; /* NULL: the numbers before and after, without the way between */
    /* Samples that an objective on data feeds it at a step, where the client says nothing; 0: all.
     */
    size_t batch;
};

/* The catalogue, sorted by name. */
int optim_count(void);
const struct optim *optim_at(int i);
const struct optim *optim_find(const char *name); /* NULL: unknown */
/* The name that a client meant by one that is unknown; NULL: nobody knows. */
const char *optim_meant(const char *given);

/* Chooses the instruction set: "x86-64", "x86-64-v3", "x86-64-v4", or NULL for the best. false: the
 * machine does not have it. Before threads start, and in tests. */
bool optim_select_isa(const char *isa);
const char *optim_isa(void);

/* Numbers of state that slot `k` holds for all tensors together. */
size_t optim_slot_count(const struct optim *o, int k, const double *h, const struct tensor *tensors,
                        int tensor_count);
int optim_slots(const struct optim *o);
/* Index of the hyperparameter that is the momentum under `h`, -1: there is none. */
int optim_momentum(const struct optim *o, const double *h);
int optim_scalars(const struct optim *o);
int optim_readouts(const struct optim *o);

/* A session's numbers as the driver sees them: `w` and slot[k] point into the one block, in
 * `dtype`; the slot of tensor i begins where those of the tensors before it end. */
struct optim_block {
    enum dtype dtype;
    void *w;
    void *slot[OPTIM_SLOTS]; /* NULL: not used */
    size_t n;                /* parameters */
};

struct optim_norms {
    double gradient; /* Euclidean norm of g as given */
    double update;   /* Euclidean norm of w_after - w_before */
    bool finite;     /* all of w and all slots are finite after the step */
};

/* Fills the slots of a new block with what they hold before the first step. */
void optim_start(const struct optim *o, const double *h, const struct tensor *tensors,
                 int tensor_count, struct optim_block *b);

/* One step: prepare, then the kernel over the whole block. Elementwise kernels run in tiles that
 * stay in the first-level cache, in one pass over memory; norms and the finite check come from the
 * same pass and do not depend on the instruction set. `g` holds n numbers and is not changed.
 * On an error the block may be half changed: the caller restores it. */
enum err_code optim_run(const struct optim *o, struct optim_step *s, struct optim_block *b,
                        const double *g, struct optim_norms *ret_norms, struct err *err);

/* How the step that optim_run would make moves coordinate i of the parameters; changes nothing.
 * The lines lie in x->arena; the value of the last one is what would be stored. */
enum err_code optim_explain(const struct optim *o, const struct optim_step *s,
                            const struct optim_block *b, const double *g, size_t i,
                            struct explain *x, struct err *err);

/* Readout k of a block after its last step (s->t of them); `out` holds n numbers. */
enum err_code optim_readout(const struct optim *o, int k, const struct optim_step *s,
                            const struct optim_block *b, double *out, struct err *err);

#endif
