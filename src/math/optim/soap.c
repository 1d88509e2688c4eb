/* SOAP: Adam in the eigenbases of Shampoo's preconditioners.
 *
 *   each axis k   P_k = sβ·P_k + (1-sβ)·G_k·G_kᵀ          G unfolded along the axis
 *                 Q_k: its eigenvectors, as rows, by falling eigenvalue
 *   M = β1·M + (1-β1)·G                                   in the coordinates of W
 *   V = β2·V + (1-β2)·(Q·G)²                              in those of the eigenbases
 *   U = Qᵀ·(Q·M / (√V + eps))                             Q·X: X turned along each axis
 *   W = (1 - lr·wd)·(W - lr·√(1-β2^s)/(1-β1^s)·U)         s = t - 1; lr alone without correct_bias
 *
 * The first gradient makes P and, by LAPACK's dsyev, Q; nothing moves. Each later step moves by the
 * Q that it finds, then takes G into P; after every precondition_frequency of them Q is brought
 * nearer to the eigenvectors by one power iteration: the rows of Q·P, sorted by the eigenvalues
 * that they show (V is sorted with them), are made orthogonal by a QR decomposition.
 *
 * An axis without a matrix is not turned: one with more than max_precondition_dim entries, and a
 * vector's unless precondition_1d. A number is stepped by Adam. merge_dims takes neighbouring axes
 * of a tensor for one as long as their product does not exceed max_precondition_dim.
 * normalize_gradient divides U by its root mean square. shampoo_beta left out is beta2.
 *
 * pytorch_optimizer, whose names and defaults these are, decomposes in float32; here all is double.
 * It cannot merge all axes to one, which is done here. Its data_format is not offered.
 *
 * The last bits depend on the LAPACK that is installed. More than those do for an axis that is
 * longer than the rest of its tensor: its P has the eigenvalue 0 several times until enough
 * gradients came, and which of their directions are taken is LAPACK's
 * choice, in the library too. */
#include "math/moments.h"

#include "math/matrix.h"
#include "math/reduce.h"

#include <lapacke.h>
#include <string.h>

enum {
    LR,
    BETA1,
    BETA2,
    SHAMPOO_BETA,
    EPS,
    WEIGHT_DECAY,
    FREQUENCY,
    MAX_DIM,
    MERGE_DIMS,
    PRECONDITION_1D,
    CORRECT_BIAS,
    NORMALIZE,
    MAXIMIZE
};

static const struct hyper hypers[] = {
    ROW_LR(3e-3, 3e-3, 3e-3, 3e-3),
    ROW_BETA1(0.95, 0.95, 0.95, 0.95),
    ROW_BETA2(0.95, 0.95, 0.95, 0.95),
    {.name = "shampoo_beta",
     .kind = HYPER_REAL,
     .value = {HYPER_NONE, HYPER_NONE, HYPER_NONE, HYPER_NONE},
     .max = 1,
     .max_open = true,
     .doc = "Decay rate of the preconditioners; not given: beta2."},
    ROW_EPS("Added to the root of v.", 1e-8, 1e-8, 1e-8, 1e-8),
    ROW_WEIGHT_DECAY(1e-2, 1e-2, 1e-2, 1e-2),
    {.name = "precondition_frequency",
     .kind = HYPER_INTEGER,
     .value = {10, 10, 10, 10},
     .min = 1,
     .max = 0x1p31,
     .doc = "Steps between two renewals of the eigenbases."},
    {.name = "max_precondition_dim",
     .kind = HYPER_INTEGER,
     .value = {10000, 10000, 10000, 10000},
     .min = 1,
     .max = 10000,
     .doc = "Axes with more entries than this are not preconditioned."},
    ROW_BOOL("merge_dims",
             "Whether neighbouring axes are taken for one, up to max_precondition_dim entries.", 0,
             0, 0, 0),
    ROW_BOOL("precondition_1d", "Whether vectors are preconditioned too.", 0, 0, 0, 0),
    ROW_BOOL("correct_bias", "Whether m and v are freed of their start at 0.", 1, 1, 1, 1),
    ROW_BOOL("normalize_gradient",
             "Whether the move is divided by its root mean square, so that lr is its size.", 0, 0,
             0, 0),
    ROW_MAXIMIZE,
    ROWS_END};

/* ---- shapes --------------------------------------------------------------------------------- */

/* The axes as they are preconditioned. */
struct form {
    int rank;
    size_t dim[TENSOR_RANK];
    bool vector; /* of which no matrix is kept */
};

static struct form form_of(const double *h, const struct tensor *x)
{
    struct form f = {.vector = x->rank == 1 && h[PRECONDITION_1D] == 0};
    for (int k = 0; k < x->rank; k++) {
        size_t dim = (size_t)x->shape[k], merged = f.rank > 0 ? f.dim[f.rank - 1] * dim : 0;
        if (h[MERGE_DIMS] != 0 && f.rank > 0 && (double)merged <= h[MAX_DIM])
            f.dim[f.rank - 1] = merged;
        else
            f.dim[f.rank++] = dim;
    }
    return f;
}

static bool has_matrix(const double *h, const struct form *f, int axis)
{
    return !f->vector && (double)f->dim[axis] <= h[MAX_DIM];
}

static size_t matrix_count(const double *h, const struct tensor *x)
{
    struct form f = form_of(h, x);
    size_t sum = 0;
    for (int k = 0; k < f.rank; k++)
        sum += has_matrix(h, &f, k) ? f.dim[k] * f.dim[k] : 0;
    return sum;
}

static const struct slot slots[] = {
    SLOT_M,
    {.name = "v", .doc = "Second moment v: moving average of the square of the turned gradient."},
    {.name = "preconditioners",
     .doc = "P: of each axis the moving average of G·Gᵀ, unfolded along it.",
     .count = matrix_count},
    {.name = "eigenbases",
     .doc = "Q: of each axis the eigenvectors of its preconditioner, one a row.",
     .count = matrix_count},
    {.name = NULL}};
enum { M, V, P, Q };

/* Memory for the tensor and for its longest axis. */
struct work {
    struct form form;
    const double *h;
    size_t n;
    double *u, *spare;      /* of n numbers */
    double *matrix, *along; /* of dim² and dim */
    size_t *order;          /* of dim */
};

static enum err_code work_init(struct work *k, const struct optim_step *s, size_t n,
                               struct arena *arena, struct err *err)
{
    *k = (struct work){.form = form_of(s->h, s->tensor), .h = s->h, .n = n};
    size_t most = 1;
    for (int axis = 0; axis < k->form.rank; axis++) {
        if (has_matrix(s->h, &k->form, axis) && k->form.dim[axis] > most)
            most = k->form.dim[axis];
    }
    k->u = arena_zalloc(arena, n, sizeof(double));
    k->spare = arena_zalloc(arena, n, sizeof(double));
    k->matrix = arena_zalloc(arena, most * most, sizeof(double));
    k->along = arena_zalloc(arena, most, sizeof(double));
    k->order = arena_zalloc(arena, most, sizeof(size_t));
    if (k->u && k->spare && k->matrix && k->along && k->order)
        return ERR_OK;
    return err_add(err, ERR_MEMORY, NULL, "no memory to precondition %zu parameters", n);
}

/* ---- along the axes ------------------------------------------------------------------------- */

/* x is dim × rest numbers, and becomes the transpose of basis·x (NULL: of x). The next axis is in
 * front then; after all of them each is where it was. */
static void turn(struct work *k, size_t dim, const double *basis, double *x)
{
    const size_t rest = k->n / dim;
    if (basis)
        matrix_multiply(basis, x, k->spare, dim, dim, rest);
    else
        memcpy(k->spare, x, k->n * sizeof *x);
    matrix_transpose(k->spare, x, dim, rest);
}

/* Into the eigenbases, or back. */
static void project(struct work *k, const double *q, bool back, double *x)
{
    for (int axis = 0; axis < k->form.rank; axis++) {
        const size_t dim = k->form.dim[axis];
        if (!has_matrix(k->h, &k->form, axis)) {
            turn(k, dim, NULL, x);
            continue;
        }
        if (back)
            matrix_transpose(q, k->matrix, dim, dim);
        turn(k, dim, back ? k->matrix : q, x);
        q += dim * dim;
    }
}

/* Takes G into the preconditioners. */
static void gather(struct work *k, double *g, double *p)
{
    const double b = k->h[SHAMPOO_BETA] == HYPER_NONE ? k->h[BETA2] : k->h[SHAMPOO_BETA];
    for (int axis = 0; axis < k->form.rank; axis++) {
        const size_t dim = k->form.dim[axis], rest = k->n / dim;
        matrix_transpose(g, k->spare, dim, rest);
        if (has_matrix(k->h, &k->form, axis)) {
            matrix_multiply(g, k->spare, k->matrix, dim, rest, dim);
            for (size_t i = 0; i < dim * dim; i++)
                p[i] = b * p[i] + (1.0 - b) * k->matrix[i];
            p += dim * dim;
        }
        memcpy(g, k->spare, k->n * sizeof *g);
    }
}

/* ---- eigenbases ----------------------------------------------------------------------------- */

static bool all_finite(const double *x, size_t count)
{
    bool finite = true;
    for (size_t i = 0; i < count; i++)
        finite = finite && isfinite(x[i]);
    return finite;
}

/* What LAPACK said: no memory is an error; no solution, or none to look for, is NaN, which the step
 * is refused for. */
static enum err_code settle(lapack_int info, double *q, size_t count, struct err *err)
{
    if (info < 0)
        return err_add(err, ERR_MEMORY, NULL, "no memory for the eigenbasis of a preconditioner");
    for (size_t i = 0; info > 0 && i < count; i++)
        q[i] = NAN;
    return ERR_OK;
}

/* The rows of q become the eigenvectors of p, by falling eigenvalue. */
static enum err_code decompose(struct work *k, size_t dim, const double *p, double *q,
                               struct err *err)
{
    static const double least = 1e-30; /* pytorch_optimizer adds so much to the diagonal */
    const lapack_int order = (lapack_int)dim;
    lapack_int info = 1;
    memcpy(k->matrix, p, dim * dim * sizeof *p);
    for (size_t i = 0; i < dim; i++)
        k->matrix[i * dim + i] += least;
    if (all_finite(k->matrix, dim * dim))
        info = LAPACKE_dsyev(LAPACK_COL_MAJOR, 'V', 'L', order, k->matrix, order, k->along);
    for (size_t i = 0; i < dim; i++)
        memcpy(q + i * dim, k->matrix + (dim - 1 - i) * dim, dim * sizeof *q);
    return settle(info, q, dim * dim, err);
}

/* Row numbers of `along`, its largest number first; equal ones stay in their order. */
static void sort_falling(const double *along, size_t *order, size_t dim)
{
    for (size_t i = 0; i < dim; i++) {
        size_t at = i;
        for (; at > 0 && along[order[at - 1]] < along[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

/* One power iteration; k->order says where the rows came from. */
static enum err_code renew(struct work *k, size_t dim, const double *p, double *q, struct err *err)
{
    const lapack_int order = (lapack_int)dim;
    lapack_int info = 1;
    matrix_multiply(q, p, k->matrix, dim, dim, dim);
    for (size_t i = 0; i < dim; i++)
        k->along[i] = reduce_dot(q + i * dim, k->matrix + i * dim, dim);
    sort_falling(k->along, k->order, dim);
    for (size_t i = 0; i < dim; i++)
        memcpy(q + i * dim, k->matrix + k->order[i] * dim, dim * sizeof *q);
    if (all_finite(q, dim * dim)) /* rows are the columns of LAPACK's order */
        info = LAPACKE_dgeqrf(LAPACK_COL_MAJOR, order, order, q, order, k->along);
    if (info == 0)
        info = LAPACKE_dorgqr(LAPACK_COL_MAJOR, order, order, order, q, order, k->along);
    return settle(info, q, dim * dim, err);
}

/* The slices of v go along with the rows of the basis. */
static void reorder(struct work *k, size_t dim, double *v)
{
    const size_t rest = k->n / dim;
    for (size_t i = 0; i < dim; i++)
        memcpy(k->spare + i * rest, v + k->order[i] * rest, rest * sizeof *v);
    memcpy(v, k->spare, k->n * sizeof *v);
}

/* Takes G into the preconditioners and, where it is time, renews the eigenbases. */
static enum err_code learn(const struct optim_step *s, struct work *k, double *g,
                           double *const *slot, struct err *err)
{
    const bool first = s->t == 1;
    double *p = slot[P], *q = slot[Q];
    enum err_code code = ERR_OK;
    gather(k, g, p);
    if (!first && (s->t - 1) % (uint64_t)s->h[FREQUENCY] != 0)
        return ERR_OK;
    for (int axis = 0; code == ERR_OK && axis < k->form.rank; axis++) {
        const size_t dim = k->form.dim[axis];
        if (has_matrix(s->h, &k->form, axis)) {
            code = first ? decompose(k, dim, p, q, err) : renew(k, dim, p, q, err);
            if (!first && code == ERR_OK)
                reorder(k, dim, slot[V]);
            p += dim * dim;
            q += dim * dim;
        }
        turn(k, dim, NULL, slot[V]);
    }
    return code;
}

/* ---- the step ------------------------------------------------------------------------------- */

enum { SIGN, RATE, KEEP };

static void prepare(struct optim_step *s)
{
    const double *h = s->h;
    s->c[SIGN] = h[MAXIMIZE] != 0 ? -1.0 : 1.0;
    s->c[RATE] = h[LR];
    if (h[CORRECT_BIAS] != 0 && s->t > 1)
        s->c[RATE] *=
            sqrt(power_complement(h[BETA2], s->t - 1)) / power_complement(h[BETA1], s->t - 1);
    s->c[KEEP] = decay_keep(h[WEIGHT_DECAY], DECAY_DECOUPLED, h[LR]);
}

/* Moves m and v on, and puts U into k->u. Returns what U is divided by. */
static double propose(const struct optim_step *s, struct work *k, const double *g,
                      double *const *slot)
{
    const double b1 = s->h[BETA1], b2 = s->h[BETA2], eps = s->h[EPS];
    double *m = slot[M], *v = slot[V], *u = k->u;
    memcpy(u, g, k->n * sizeof *u);
    project(k, slot[Q], false, u);
    for (size_t i = 0; i < k->n; i++) {
        m[i] = b1 * m[i] + (1.0 - b1) * g[i];
        v[i] = b2 * v[i] + (1.0 - b2) * (u[i] * u[i]);
    }
    memcpy(u, m, k->n * sizeof *u);
    project(k, slot[Q], false, u);
    for (size_t i = 0; i < k->n; i++)
        u[i] /= sqrt(v[i]) + eps;
    project(k, slot[Q], true, u);
    return s->h[NORMALIZE] != 0 ? sqrt(reduce_squares(u, k->n) / (double)k->n) + eps : 1.0;
}

static inline double move(const struct optim_step *s, double w, double u)
{
    return s->c[KEEP] * (w - s->c[RATE] * u);
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    struct work k;
    enum err_code code = work_init(&k, s, n, s->scratch, err);
    if (code != ERR_OK)
        return code;
    for (size_t i = 0; i < n; i++)
        g[i] = s->c[SIGN] * g[i];
    if (s->t > 1) {
        const double size = propose(s, &k, g, slot);
        for (size_t i = 0; i < n; i++)
            w[i] = move(s, w[i], k.u[i] / size);
    }
    return learn(s, &k, g, slot, err);
}

static void explain_first(struct explain *x, double w)
{
    explain_line(x, "w", "w_1 = w_0", w, "{}", w);
    explain_say(x, "The first gradient makes the eigenbases, and moves nothing: w stays {}.", w);
}

/* Of a tensor that has a matrix, coordinate i of V is none of the parameters. */
static void explain_u(struct explain *x, const struct work *k, double m, double v, double eps,
                      bool turned, size_t i)
{
    if (turned)
        explain_line(x, "u", "U_t = Q^\\top\\big(Q M_t / (\\sqrt{V_t} + \\varepsilon)\\big)",
                     k->u[i], "{}, turned, divided and turned back with all of its tensor", m);
    else
        explain_line(x, "u", "u_t = m_t / (\\sqrt{v_t} + \\varepsilon)", k->u[i], "{} / (√{} + {})",
                     m, v, eps);
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    struct work k;
    struct err err;
    err_init(&err);
    if (s->t == 1) {
        explain_first(x, w[i]);
        return;
    }
    double *d = explain_copy(x, g, n), *m = explain_copy(x, slot[M], n),
           *v = explain_copy(x, slot[V], n);
    if (!d || !m || !v || work_init(&k, s, n, x->arena, &err) != ERR_OK)
        return;
    for (size_t j = 0; j < n; j++)
        d[j] = s->c[SIGN] * g[j];
    double size = propose(s, &k, d, (double *const[]){m, v, slot[P], slot[Q]});
    const double b2 = s->h[BETA2], keep = s->c[KEEP], rate = s->c[RATE];
    bool turned = matrix_count(s->h, s->tensor) > 0;
    explain_mean(x, s->h[BETA1], slot[M][i], d[i]);
    if (!turned)
        explain_square(x, b2, slot[V][i], d[i]);
    explain_u(x, &k, m[i], v[i], s->h[EPS], turned, i);
    double u = k.u[i] / size;
    if (s->h[NORMALIZE] != 0)
        explain_line(x, "n", "N_t = U_t / (\\mathrm{RMS}(U_t) + \\varepsilon)", u, "{} / {}",
                     k.u[i], size);
    explain_line(x, "w", "w_t = (1-\\eta\\lambda)(w_{t-1} - \\eta_t u_t)", move(s, w[i], u),
                 "{}·({} - {}·{})", keep, w[i], rate, u);
    explain_say(x,
                turned ? "The mean {} of the gradients, divided in the eigenbases, becomes {}; the "
                         "step is {} times that."
                       : "Nothing is turned here: the mean {} of the gradients, divided as Adam "
                         "does, becomes {}; the step is {} times that.",
                m[i], u, rate);
}

const struct optim OPTIM(soap) = {
    .name = "soap",
    .title = "SOAP",
    .formula = "P_t = \\beta_2 P_{t-1} + (1-\\beta_2) G_t G_t^\\top = Q^\\top \\Lambda\\, Q,\\quad "
               "V_t = \\beta_2 V_{t-1} + (1-\\beta_2)(Q G_t)^2,\\quad W_t = W_{t-1} - \\eta_t\\, "
               "Q^\\top \\frac{Q M_t}{\\sqrt{V_t} + \\varepsilon}",
    .use_when = "Networks of matrices where a step is dear: language models with large batches, "
                "where it needs fewer steps than AdamW and less tuning than Shampoo.",
    .pros = "Adam where the coordinates are the directions that gradients really have. One "
            "hyperparameter more than Adam, and eigenbases that are renewed seldom.",
    .cons = "r² + c² numbers of state twice beside Adam's, and products of matrices at every step. "
            "Vectors gain nothing unless precondition_1d is on.",
    .reference = "Vyas et al., SOAP: Improving and Stabilizing Shampoo using Adam, ICLR 2025, "
                 "arXiv:2409.11321, algorithm 3",
    .same_as = {NULL, NULL, NULL, NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_TENSOR,
    .lr = LR,
    .prepare = prepare,
    .kernel = kernel,
    .explain = explain,
};
