/* GaLore: AdamW that sees the gradient of each matrix in a few directions only.
 *
 *   every update_proj_gap steps, of the gradient of that step:   G = U·S·Vᵀ
 *   A, B     the first rank columns of U, and of V, as rows
 *   R        = G·Bᵀ, A·G or A·G·Bᵀ, as proj_type says        in place of G
 *   m = β1·m + (1-β1)·R          v = β2·v + (1-β2)·R²        N = m/(√v + eps)
 *   W = (1 - lr·wd)·(W - lr·√(1-β2^t)/(1-β1^t)·scale·U)      lr alone without correct_bias
 *   U        = N·B, Aᵀ·N or Aᵀ·N·B
 *
 *   proj_type    right   R = G·Bᵀ      left   R = A·G      full   R = A·G·Bᵀ
 *                std           right where rows ≥ columns, else left: the shorter side shrinks
 *                reverse_std   the other one
 *   refresh      first       at steps 1, 1 + gap, 1 + 2·gap, … (the paper, galore_torch)
 *                multiples   at step 1 and at each multiple of gap (pytorch_optimizer)
 *
 * A rank above the shorter side is that side. Tensors that are no matrices are stepped by AdamW,
 * without scale. Moments stay as they are when the directions change.
 *
 * The decomposition is LAPACK's (dgesdd), which leaves the sign of each pair of vectors open, and
 * every build of it chooses otherwise; yet m has the sign of the old ones. Here a new vector points
 * to the side of the one that it takes the place of, so that a trajectory does not depend on the
 * choice, but for the last bits. The libraries take the signs as they come, and decompose in
 * float32. Not offered: galore_torch's tensors of higher rank, its Adafactor and 8 bits;
 * pytorch_optimizer's random, which its GaLore decomposes like std. */
#include "math/moments.h"

#include "math/matrix.h"
#include "math/reduce.h"

#include <lapacke.h>
#include <string.h>

enum {
    LR,
    BETA1,
    BETA2,
    EPS,
    WEIGHT_DECAY,
    RANK,
    GAP,
    SCALE,
    PROJ_TYPE,
    REFRESH,
    CORRECT_BIAS,
    MAXIMIZE
};
enum { STD, REVERSE_STD, RIGHT, LEFT, FULL };
enum { FIRST, MULTIPLES };
static const char *const type_choices[] = {"std", "reverse_std", "right", "left", "full", NULL};
static const char *const refresh_choices[] = {"first", "multiples", NULL};

static const struct hyper hypers[] = {
    ROW_LR(1e-3, 1e-3, 1e-3, 1e-2),
    ROW_BETA1(0.9, 0.9, 0.9, 0.9),
    ROW_BETA2(0.999, 0.999, 0.999, 0.999),
    ROW_EPS("Added to the root of v.", 1e-6, 1e-6, 1e-6, 1e-6),
    ROW_WEIGHT_DECAY(0, 0, 0, 0),
    {.name = "rank",
     .kind = HYPER_INTEGER,
     .value = {128, 128, 128, 128},
     .min = 1,
     .max = 0x1p31,
     .doc = "How many directions of a matrix are kept."},
    {.name = "update_proj_gap",
     .kind = HYPER_INTEGER,
     .value = {200, 200, 200, 200},
     .min = 1,
     .max = 0x1p31,
     .doc = "Steps between two decompositions of the gradient."},
    {.name = "scale",
     .kind = HYPER_REAL,
     .value = {1, 1, 1, 0.25},
     .max = INFINITY,
     .doc = "What the move of a matrix is multiplied by."},
    ROW_CHOICE("proj_type", type_choices, "projection_type", NULL,
               "Which side of a matrix shrinks to rank: std the shorter one, reverse_std the "
               "longer one, right the columns, left the rows, full both.",
               STD, STD, STD, STD),
    ROW_CHOICE("refresh", refresh_choices, NULL, NULL,
               "When directions are found: first at steps 1, 1 + gap, 1 + 2·gap; multiples at step "
               "1 and at multiples of gap.",
               FIRST, FIRST, FIRST, FIRST),
    ROW_BOOL("correct_bias", "Whether m and v are freed of their start at 0.", 1, 1, 1, 1),
    ROW_MAXIMIZE,
    ROWS_END};

/* ---- shapes --------------------------------------------------------------------------------- */

/* A matrix and what R is of it; rank 0: the tensor is none. */
struct form {
    size_t rows, columns, rank;
    bool left, right; /* which sides shrink */
    size_t low_rows, low_columns;
};

static struct form form_of(const double *h, const struct tensor *x)
{
    if (x->rank != 2)
        return (struct form){.rank = 0};
    struct form f = {.rows = (size_t)x->shape[0], .columns = (size_t)x->shape[1]};
    const double type = h[PROJ_TYPE];
    const bool tall = f.rows >= f.columns;
    f.rank = tall ? f.columns : f.rows;
    if ((double)f.rank > h[RANK])
        f.rank = (size_t)h[RANK];
    f.right = type == RIGHT || type == FULL || type == (tall ? STD : REVERSE_STD);
    f.left = type == LEFT || type == FULL || type == (tall ? REVERSE_STD : STD);
    f.low_rows = f.left ? f.rank : f.rows;
    f.low_columns = f.right ? f.rank : f.columns;
    return f;
}

static size_t low_count(const double *h, const struct tensor *x)
{
    struct form f = form_of(h, x);
    return f.rank ? f.low_rows * f.low_columns : x->count;
}

static size_t left_count(const double *h, const struct tensor *x)
{
    struct form f = form_of(h, x);
    return f.left ? f.rank * f.rows : 0;
}

static size_t right_count(const double *h, const struct tensor *x)
{
    struct form f = form_of(h, x);
    return f.right ? f.rank * f.columns : 0;
}

static const struct slot slots[] = {
    {.name = "m", .doc = "First moment m of R, of g where nothing shrinks.", .count = low_count},
    {.name = "v", .doc = "Second moment v of R, of g where nothing shrinks.", .count = low_count},
    {.name = "left", .doc = "A: left singular vectors, one a row.", .count = left_count},
    {.name = "right", .doc = "B: right singular vectors, one a row.", .count = right_count},
    {.name = NULL}};
enum { M, V, A, B };

/* Memory for a matrix: U, and one as large as any that is made on the way. */
struct work {
    struct form f;
    double *u, *half, *turned;
};

static enum err_code work_init(struct work *k, const struct optim_step *s, size_t n,
                               struct arena *arena, struct err *err)
{
    *k = (struct work){.f = form_of(s->h, s->tensor)};
    k->u = arena_zalloc(arena, n, sizeof(double));
    k->half = arena_zalloc(arena, n, sizeof(double));
    k->turned = arena_zalloc(arena, n, sizeof(double));
    if (k->u && k->half && k->turned)
        return ERR_OK;
    return err_add(err, ERR_MEMORY, NULL, "no memory to project %zu parameters", n);
}

/* ---- directions ----------------------------------------------------------------------------- */

static bool due(const struct optim_step *s)
{
    const uint64_t gap = (uint64_t)s->h[GAP];
    return s->t == 1 || (s->h[REFRESH] == FIRST ? s->t - 1 : s->t) % gap == 0;
}

/* Puts the new directions, `count` rows of `dim` numbers, in the place of the old ones. */
static void align(const double *fresh, double *basis, size_t count, size_t dim)
{
    for (size_t i = 0; i < count; i++, fresh += dim, basis += dim) {
        const double sign = reduce_dot(fresh, basis, dim) < 0 ? -1.0 : 1.0;
        for (size_t j = 0; j < dim; j++)
            basis[j] = sign * fresh[j];
    }
}

/* G row by row is Gᵀ to LAPACK, whose left vectors are those of V. */
static enum err_code decompose(const struct form *f, const double *g, double *a, double *b,
                               struct arena *arena, struct err *err)
{
    const size_t n = f->rows * f->columns, shorter = f->rows < f->columns ? f->rows : f->columns;
    const lapack_int rows = (lapack_int)f->rows, columns = (lapack_int)f->columns,
                     k = (lapack_int)shorter;
    double *copy = arena_memdup(arena, g, n * sizeof *g),
           *values = arena_zalloc(arena, n, sizeof *g);
    double *v = arena_zalloc(arena, shorter * f->columns, sizeof *g);
    double *u = arena_zalloc(arena, shorter * f->rows, sizeof *g);
    double *turned = arena_zalloc(arena, shorter * f->rows, sizeof *g);
    bool finite = true;
    if (!copy || !values || !u || !v || !turned)
        return err_add(err, ERR_MEMORY, NULL, "no memory to decompose a gradient");
    for (size_t i = 0; i < n; i++)
        finite = finite && isfinite(g[i]);
    lapack_int info = 1;
    if (finite) /* LAPACKE would take it for a fault */
        info = LAPACKE_dgesdd(LAPACK_COL_MAJOR, 'S', columns, rows, copy, columns, values, v,
                              columns, u, k);
    if (info < 0)
        return err_add(err, ERR_MEMORY, NULL, "no memory to decompose a gradient");
    for (size_t i = 0; info > 0 && i < shorter * f->columns; i++)
        v[i] = NAN; /* none was found: the step is refused for it */
    for (size_t i = 0; info > 0 && i < shorter * f->rows; i++)
        u[i] = NAN;
    matrix_transpose(u, turned, f->rows, shorter);
    if (f->left)
        align(turned, a, f->rank, f->rows);
    if (f->right)
        align(v, b, f->rank, f->columns);
    return ERR_OK;
}

/* R of G, into k->u. */
static void project(struct work *k, const double *g, const double *a, const double *b)
{
    const struct form *f = &k->f;
    double *half = f->right ? k->half : k->u;
    if (f->left)
        matrix_multiply(a, g, half, f->rank, f->rows, f->columns);
    if (!f->right)
        return;
    matrix_transpose(b, k->turned, f->rank, f->columns);
    matrix_multiply(f->left ? half : g, k->turned, k->u, f->low_rows, f->columns, f->rank);
}

/* U of N, which is k->u, into its place. */
static void project_back(struct work *k, const double *a, const double *b)
{
    const struct form *f = &k->f;
    if (f->right) {
        matrix_multiply(k->u, b, k->half, f->low_rows, f->rank, f->columns);
        memcpy(k->u, k->half, f->low_rows * f->columns * sizeof *k->u);
    }
    if (f->left) {
        matrix_transpose(a, k->turned, f->rank, f->rows);
        matrix_multiply(k->turned, k->u, k->half, f->rows, f->rank, f->columns);
        memcpy(k->u, k->half, f->rows * f->columns * sizeof *k->u);
    }
}

/* ---- the step ------------------------------------------------------------------------------- */

enum { SIGN, RATE, KEEP };

static void prepare(struct optim_step *s)
{
    const double *h = s->h;
    s->c[SIGN] = h[MAXIMIZE] != 0 ? -1.0 : 1.0;
    s->c[RATE] = h[LR];
    if (h[CORRECT_BIAS] != 0)
        s->c[RATE] *= sqrt(power_complement(h[BETA2], s->t)) / power_complement(h[BETA1], s->t);
    s->c[KEEP] = decay_keep(h[WEIGHT_DECAY], DECAY_DECOUPLED, h[LR]);
}

/* Moves m and v on; puts N in the place of r. */
static void adam(const struct optim_step *s, double *r, double *m, double *v, size_t count)
{
    const double b1 = s->h[BETA1], b2 = s->h[BETA2], eps = s->h[EPS];
    for (size_t i = 0; i < count; i++) {
        m[i] = b1 * m[i] + (1.0 - b1) * r[i];
        v[i] = b2 * v[i] + (1.0 - b2) * (r[i] * r[i]);
        r[i] = m[i] / (sqrt(v[i]) + eps);
    }
}

/* Moves the state on, and puts U into k->u, or N where the tensor is no matrix. */
static enum err_code propose(const struct optim_step *s, struct work *k, const double *g,
                             double *const *slot, size_t n, struct arena *arena, struct err *err)
{
    if (!k->f.rank) {
        memcpy(k->u, g, n * sizeof *g);
        adam(s, k->u, slot[M], slot[V], n);
        return ERR_OK;
    }
    enum err_code code = ERR_OK;
    if (due(s))
        code = decompose(&k->f, g, slot[A], slot[B], arena, err);
    if (code != ERR_OK)
        return code;
    project(k, g, slot[A], slot[B]);
    adam(s, k->u, slot[M], slot[V], k->f.low_rows * k->f.low_columns);
    project_back(k, slot[A], slot[B]);
    return ERR_OK;
}

static inline double scale_of(const struct optim_step *s, const struct work *k)
{
    return k->f.rank ? s->h[SCALE] : 1.0;
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
    for (size_t i = 0; code == ERR_OK && i < n; i++)
        g[i] = s->c[SIGN] * g[i];
    if (code == ERR_OK)
        code = propose(s, &k, g, slot, n, s->scratch, err);
    const double scale = scale_of(s, &k);
    for (size_t i = 0; code == ERR_OK && i < n; i++)
        w[i] = move(s, w[i], scale * k.u[i]);
    return code;
}

/* ---- explanation ---------------------------------------------------------------------------- */

static bool explain_copies(struct explain *x, const struct optim_step *s, double *const *slot,
                           double **ret)
{
    bool ok = true;
    for (int k = M; k <= B; k++) {
        size_t count = slots[k].count(s->h, s->tensor);
        ret[k] = count ? explain_copy(x, slot[k], count) : NULL;
        ok = ok && (ret[k] || !count);
    }
    return ok;
}

/* Steps since the directions were found. */
static double age(const struct optim_step *s)
{
    const uint64_t gap = (uint64_t)s->h[GAP];
    if (s->h[REFRESH] == FIRST)
        return (double)((s->t - 1) % gap);
    return (double)(s->t < gap ? s->t - 1 : s->t % gap);
}

static double explain_matrix(struct explain *x, const struct optim_step *s, const struct work *k,
                             double g, size_t i)
{
    const double scale = s->h[SCALE], rank = (double)k->f.rank;
    explain_line(x, "p", "P_t = N_t B,\\; A^\\top N_t \\text{ or } A^\\top N_t B", k->u[i],
                 "{}, seen in {} directions with all of its matrix, and turned back", g, rank);
    explain_say(x,
                "The gradient of the matrix is seen in {} directions, found {} steps ago; there "
                "Adam makes the step, and of it comes {} for this entry.",
                rank, age(s), k->u[i]);
    return explain_line(x, "u", "u_t = \\alpha\\, p_t", scale * k->u[i], "{}·{}", scale, k->u[i]);
}

static double explain_other(struct explain *x, const struct optim_step *s, double u, double m,
                            double v, double g)
{
    m = explain_mean(x, s->h[BETA1], m, g);
    v = explain_square(x, s->h[BETA2], v, g);
    explain_say(x, "The tensor is no matrix, so its step is AdamW's.");
    return explain_line(x, "u", "u_t = m_t / (\\sqrt{v_t} + \\varepsilon)", u, "{} / (√{} + {})", m,
                        v, s->h[EPS]);
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    double *next[OPTIM_SLOTS] = {0}, *d = explain_copy(x, g, n);
    struct work k;
    struct err err;
    err_init(&err);
    if (!d || !explain_copies(x, s, slot, next) || work_init(&k, s, n, x->arena, &err) != ERR_OK)
        return;
    for (size_t j = 0; j < n; j++)
        d[j] = s->c[SIGN] * g[j];
    if (propose(s, &k, d, next, n, x->arena, &err) != ERR_OK)
        return;
    double u = k.f.rank ? explain_matrix(x, s, &k, d[i], i)
                        : explain_other(x, s, k.u[i], slot[M][i], slot[V][i], d[i]);
    explain_line(x, "w", "w_t = (1-\\eta\\lambda)(w_{t-1} - \\eta_t u_t)", move(s, w[i], u),
                 "{}·({} - {}·{})", s->c[KEEP], w[i], s->c[RATE], u);
}

const struct optim OPTIM(galore) = {
    .name = "galore",
    .title = "GaLore",
    .formula =
        "G_t = U \\Sigma V^\\top \\text{ now and then},\\quad R_t = A\\,G_t,\\; A = "
        "U_{:,1..r}^\\top,\\quad m_t, v_t \\text{ of } R_t,\\quad W_t = W_{t-1} - \\eta_t\\, "
        "\\alpha\\, A^\\top \\frac{m_t}{\\sqrt{v_t} + \\varepsilon}",
    .use_when = "Large matrices whose gradients have few directions, where Adam's state does not "
                "fit and every parameter is to be learned all the same.",
    .pros = "A matrix of r rows and c columns, r the shorter, needs rank·(r + 2·c) numbers of "
            "state instead of 2·r·c. Unlike LoRA it changes all of the matrix in the end.",
    .cons = "A singular value decomposition now and then, and between two of them steps in those "
            "directions only. Moments do not follow when the directions change.",
    .reference = "Zhao et al., GaLore: Memory-Efficient LLM Training by Gradient Low-Rank "
                 "Projection, ICML 2024, arXiv:2403.03507, algorithm 2",
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
