/* Muon: momentum whose matrix is made orthogonal, so that no direction is favoured by its size.
 *
 *   m = momentum·m + (1-momentum)·g                ema; or momentum·m + g (classical)
 *   d = g with m mixed in once more (nesterov), or m
 *   X = d/(‖d‖ + eps), Frobenius' norm;            in eps_form floor d/max(‖d‖, eps)
 *   ns_steps times:  A = X·Xᵀ,  X = a·X + (b·A + c·A²)·X
 *   w = (1 - lr·wd)·w - lr·s·X
 *
 * This is the quintic Newton-Schulz iteration: it takes every singular value of X near 1, and
 * leaves the singular vectors. A matrix with more rows than columns is turned on its side for it.
 *
 *   bias_correction (optax)   d = momentum·m/(1-momentum^(t+1)) + (1-momentum)·g/(1-momentum^t),
 *                             or m/(1-momentum^t) without nesterov
 *   preconditioning  what the first X is: frobenius as above; spectral the same with the largest
 *                    singular value; schatten d/√‖d·dᵀ‖; aol each row of d over the root of the sum
 *                    of sizes in its row of d·dᵀ
 *   adaptive         X is multiplied by Σ d·X, d's dual norm: the size of the gradient counts again
 *   adjust_lr_fn  original (torch, the paper)  s = √max(1, rows/columns)
 *                 columns                      s = √max(1, columns/rows)
 *                 match_rms_adamw (keras)      s = rms_rate·√max(rows, columns), or 1 without it
 *                 none                         s = 1
 *                 columns_or_rms (optax)       columns, or match_rms_adamw where rms_rate is given
 *
 * Only tensors of rank 2 are matrices. `others` says what becomes of the rest: adamw (keras, optax)
 * or refuse, which is what torch does; stepd steps them by AdamW in all profiles unless told to
 * refuse. all: AdamW steps matrices too. Where embeddings and the output layer are to be AdamW's,
 * as keras' exclude_layers has it, the optimizer is given all, and a group of the hidden layers
 * adamw. adam_form: plain; hat (keras), eps beside the uncorrected root, and decay by lr without
 * adam_lr_ratio; nesterov, optax's look-ahead where `nesterov` is on.
 *
 * torch makes X orthogonal in bfloat16; here all is double. Not offered: ns_coeffs of several steps
 * but for optax's dion; dimension numbers: a client gives the matrix that a tensor stands for. */
#include "math/explain.h"
#include "math/kernel.h"
#include "math/matrix.h"
#include "math/optim.h"
#include "math/power.h"
#include "math/reduce.h"
#include "math/rows.h"
#include "math/symmetric.h"

enum {
    LR,
    MOMENTUM,
    MOMENTUM_FORM,
    NESTEROV,
    BIAS_CORRECTION,
    NS_A,
    NS_B,
    NS_C,
    NS_STEPS,
    EPS,
    EPS_FORM,
    PRECONDITIONING,
    ADAPTIVE,
    SCALE,
    RMS_RATE,
    WEIGHT_DECAY,
    OTHERS,
    ADAM_BETA1,
    ADAM_BETA2,
    ADAM_EPS,
    ADAM_EPS_ROOT,
    ADAM_FORM,
    ADAM_LR_RATIO,
    ADAM_LR_OWN,
    ADAM_WEIGHT_DECAY,
    NS_PRESET
};
enum { EMA, CLASSICAL };
enum { ADDED, FLOOR };
enum { FROBENIUS, AOL, SCHATTEN, SPECTRAL };
enum { GIVEN, DION };
enum { SCALE_ROWS, SCALE_LARGEST, SCALE_COLUMNS, SCALE_NONE, SCALE_COLUMNS_OR_RMS };
enum { ADAMW, REFUSE, ALL };
enum { PLAIN, HAT, LOOKAHEAD };
static const char *const momentum_choices[] = {"ema", "classical", NULL};
static const char *const eps_choices[] = {"added", "floor", NULL};
static const char *const first_choices[] = {"frobenius", "aol", "schatten", "spectral", NULL};
static const char *const preset_choices[] = {"given", "dion", NULL};
static const char *const scale_choices[] = {"original", "match_rms_adamw", "columns",
                                            "none",     "columns_or_rms",  NULL};
static const char *const other_choices[] = {"adamw", "refuse", "all", NULL};
static const char *const adam_choices[] = {"plain", "hat", "nesterov", NULL};

#define ROW_COEFFICIENT(row_name, index, keras_name, x, row_doc)                                   \
    {                                                                                              \
        .name = row_name, .kind = HYPER_REAL, .value = {x, x, x, x},                               \
        .alias = {"ns_coefficients[" index "]", keras_name, "ns_coeffs[" index "]", NULL},         \
        .min = -INFINITY, .max = INFINITY, .doc = row_doc                                          \
    }

static const struct hyper hypers[] = {
    ROW_LR(1e-3, 1e-3, HYPER_REQUIRED, 2e-2),
    ROW_RATE("momentum", NULL, NULL, "beta", "Part of m that is kept.", 0.95, 0.95, 0.95, 0.95),
    ROW_CHOICE("momentum_form", momentum_choices, NULL, NULL,
               "ema: m takes 1 - momentum of the gradient; classical: all of it.", EMA, CLASSICAL,
               EMA, CLASSICAL),
    ROW_BOOL("nesterov", "Whether the gradient is mixed into m once more before the move.", 1, 1, 1,
             1),
    ROW_BOOL("bias_correction", "Whether m is freed of its start at 0.", 0, 0, 1, 0),
    ROW_COEFFICIENT("ns_a", "0", "muon_a", 3.4445, "Of X in the Newton-Schulz iteration."),
    ROW_COEFFICIENT("ns_b", "1", "muon_b", -4.7750, "Of X·Xᵀ·X in the Newton-Schulz iteration."),
    ROW_COEFFICIENT("ns_c", "2", "muon_c", 2.0315, "Of (X·Xᵀ)²·X in the Newton-Schulz iteration."),
    {.name = "ns_steps",
     .kind = HYPER_INTEGER,
     .value = {5, 5, 5, 5},
     .max = 99,
     .doc = "How many times the Newton-Schulz iteration is applied."},
    {.name = "eps",
     .kind = HYPER_REAL,
     .value = {1e-7, 1e-7, 1e-8, 1e-7},
     .max = INFINITY,
     .doc = "Keeps the norm that m is divided by away from 0."},
    ROW_CHOICE("eps_form", eps_choices, NULL, NULL,
               "added: eps is added to the norm; floor: the norm is at least eps.", FLOOR, ADDED,
               ADDED, ADDED),
    ROW_CHOICE("preconditioning", first_choices, NULL, NULL,
               "How the matrix is scaled before the first iteration: by its norm; aol: each row by "
               "itself; schatten: by the fourth root of the sum of its singular values' fourth "
               "powers; spectral: by the largest of these.",
               FROBENIUS, FROBENIUS, FROBENIUS, FROBENIUS),
    ROW_BOOL("adaptive", "Whether a matrix moves in proportion to the dual norm of its momentum.",
             0, 0, 0, 0),
    ROW_CHOICE("adjust_lr_fn", scale_choices, NULL, NULL,
               "The scale of the move of a matrix: original √max(1, rows/columns); "
               "match_rms_adamw rms_rate·√max(rows, columns); columns √max(1, columns/rows); none; "
               "columns_or_rms: columns, but match_rms_adamw where rms_rate is given.",
               SCALE_ROWS, SCALE_LARGEST, SCALE_COLUMNS_OR_RMS, SCALE_ROWS),
    {.name = "rms_rate",
     .kind = HYPER_REAL,
     .value = {0.2, 0.2, HYPER_NONE, 0.2},
     .alias = {NULL, NULL, "consistent_rms", NULL},
     .null_in = 1 << PROFILE_KERAS,
     .null = HYPER_NONE,
     .max = INFINITY,
     .doc = "The root mean square that match_rms_adamw gives the move of a full matrix; null in "
            "keras and optax: that leaves the move as it is."},
    ROW_DECAY_OR_NULL("weight_decay", "How strongly matrices are drawn to 0 at each step", 0.1,
                      4e-3, 0, 0),
    ROW_CHOICE("others", other_choices, NULL, NULL,
               "Tensors that are no matrices are stepped by AdamW, or refused; all: AdamW steps "
               "matrices too.",
               ADAMW, ADAMW, ADAMW, ADAMW),
    ROW_RATE("adam_beta1", NULL, "adam_beta_1", "adam_b1", "AdamW's beta1.", 0.9, 0.9, 0.9, 0.9),
    ROW_RATE("adam_beta2", NULL, "adam_beta_2", "adam_b2", "AdamW's beta2.", 0.999, 0.999, 0.999,
             0.999),
    {.name = "adam_eps",
     .kind = HYPER_REAL,
     .value = {1e-8, 1e-7, HYPER_NONE, 1e-8},
     .alias = {NULL, "epsilon", NULL, NULL},
     .max = INFINITY,
     .doc = "AdamW's eps; not given to optax: that of muon."},
    {.name = "adam_eps_root",
     .kind = HYPER_REAL,
     .max = INFINITY,
     .doc = "Added to AdamW's v under its root."},
    ROW_CHOICE(
        "adam_form", adam_choices, NULL, NULL,
        "plain: eps beside the corrected root; hat: beside the uncorrected one, and decay by "
        "lr without adam_lr_ratio; nesterov: "
        "plain with optax's look-ahead where nesterov is on.",
        PLAIN, HAT, LOOKAHEAD, PLAIN),
    {.name = "adam_lr_ratio",
     .kind = HYPER_REAL,
     .value = {1, 1, 1, 1},
     .max = INFINITY,
     .doc = "AdamW's lr as a part of lr."},
    {.name = "adam_lr",
     .kind = HYPER_REAL,
     .value = {HYPER_NONE, HYPER_NONE, HYPER_NONE, HYPER_NONE},
     .alias = {NULL, NULL, "adam_learning_rate", NULL},
     .max = INFINITY,
     .doc = "AdamW's lr, whatever lr is; not given: lr·adam_lr_ratio."},
    ROW_DECAY_OR_NULL("adam_weight_decay", "How strongly AdamW draws parameters to 0", 1e-2, 4e-3,
                      0, 1e-2),
    ROW_CHOICE("ns_preset", preset_choices, NULL, NULL,
               "given: ns_a, ns_b and ns_c at each of ns_steps; dion: five steps with coefficients "
               "of their own, as optax's ns_coeffs='dion'.",
               GIVEN, GIVEN, GIVEN, GIVEN),
    ROWS_END};

static bool is_matrix(const double *h, const struct tensor *x)
{
    return x->rank == 2 && h[OTHERS] != ALL;
}

static size_t v_count(const double *h, const struct tensor *x)
{
    return is_matrix(h, x) ? 0 : x->count;
}

static const struct slot slots[] = {
    {.name = "m", .doc = "Momentum m of the gradient."},
    {.name = "v", .doc = "AdamW's v, of tensors that are no matrices.", .count = v_count},
    {.name = NULL}};

static enum err_code takes(const double *h, const struct tensor *tensors, int tensor_count,
                           const char *pointer, struct err *err)
{
    enum err_code code = ERR_OK;
    for (int i = 0; h[OTHERS] == REFUSE && i < tensor_count; i++) {
        if (tensors[i].rank != 2)
            code = err_add(err, ERR_VALIDATION, pointer,
                           "muon steps matrices, and tensor \"%s\" has %d axes; give it two, or "
                           "set others to adamw",
                           tensors[i].name, tensors[i].rank);
    }
    return code;
}

enum { OF_M, OF_G, FADE_IN, ADAM_M, ADAM_G, ADAM_V, ADAM_EPS_NOW, ADAM_LR, ADAM_KEEP, KEEP };

/* The look-ahead of optax: what of m and of g makes the corrected mean. */
static void prepare_mean(struct optim_step *s, double b, bool ahead, double *ret_m, double *ret_g)
{
    *ret_m = ahead ? b / power_complement(b, s->t + 1) : 1.0 / power_complement(b, s->t);
    *ret_g = ahead ? (1.0 - b) / power_complement(b, s->t) : 0.0;
}

static void prepare(struct optim_step *s)
{
    const double *h = s->h, b = h[MOMENTUM];
    double lr = h[ADAM_LR_OWN] == HYPER_NONE ? h[LR] * h[ADAM_LR_RATIO] : h[ADAM_LR_OWN];
    bool nesterov = h[NESTEROV] != 0, hat = h[ADAM_FORM] == HAT;
    s->c[FADE_IN] = h[MOMENTUM_FORM] == EMA ? 1.0 - b : 1.0;
    s->c[OF_M] = nesterov ? b : 1.0;
    s->c[OF_G] = nesterov ? s->c[FADE_IN] : 0.0;
    if (h[BIAS_CORRECTION] != 0)
        prepare_mean(s, b, nesterov, &s->c[OF_M], &s->c[OF_G]);
    prepare_mean(s, h[ADAM_BETA1], nesterov && h[ADAM_FORM] == LOOKAHEAD, &s->c[ADAM_M],
                 &s->c[ADAM_G]);
    double seen = power_complement(h[ADAM_BETA2], s->t);
    double eps = h[ADAM_EPS] == HYPER_NONE ? h[EPS] : h[ADAM_EPS];
    s->c[ADAM_V] = 1.0 / seen;
    s->c[ADAM_EPS_NOW] = hat ? eps / sqrt(seen) : eps;
    s->c[ADAM_LR] = lr;
    s->c[ADAM_KEEP] = decay_keep(h[ADAM_WEIGHT_DECAY], DECAY_DECOUPLED, hat ? h[LR] : lr);
    s->c[KEEP] = decay_keep(h[WEIGHT_DECAY], DECAY_DECOUPLED, h[LR]);
}

/* ---- matrices ----------------------------------------------------------------------------- */

/* The least that preconditioning divides a square by. */
#define LEAST 1e-8

/* Memory of the iteration: d; X of small × large numbers, its transpose and the next X; A and A² of
 * small² numbers; what each row of X was divided by. */
struct work {
    size_t rows, columns, small, large;
    double *mixed, *x, *turned, *next, *a, *square, *divisor;
    bool failed; /* no memory for the largest singular value */
};

static bool work_init(struct work *k, const struct tensor *tensor, struct arena *arena)
{
    k->rows = (size_t)tensor->shape[0];
    k->columns = (size_t)tensor->shape[1];
    k->small = k->rows < k->columns ? k->rows : k->columns;
    k->large = k->rows < k->columns ? k->columns : k->rows;
    size_t n = tensor->count ? tensor->count : 1, order = k->small * k->small + 1;
    double **const whole[] = {&k->mixed, &k->x, &k->turned, &k->next};
    double **const square[] = {&k->a, &k->square};
    bool ok = (k->divisor = arena_zalloc(arena, k->small + 1, sizeof(double))) != NULL;
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        ok = (*whole[i] = arena_zalloc(arena, n, sizeof(double))) && ok;
    for (size_t i = 0; i < sizeof square / sizeof *square; i++)
        ok = (*square[i] = arena_zalloc(arena, order, sizeof(double))) && ok;
    return ok;
}

/* A = X·Xᵀ */
static void multiply_out(struct work *k)
{
    matrix_transpose(k->x, k->turned, k->small, k->large);
    matrix_multiply(k->x, k->turned, k->a, k->small, k->large, k->small);
}

/* optax's preset: a, b and c of each of its steps. */
enum { DION_STEPS = 5 };
static const double dion[3 * DION_STEPS] = {4.0848,  -6.8946, 2.9270,  3.9505,  -6.3029,
                                            2.6377,  3.7418,  -5.5913, 2.3037,  2.8769,
                                            -3.1427, 1.2046,  2.8366,  -3.0525, 1.2012};

static int steps_of(const double *h)
{
    return h[NS_PRESET] == GIVEN ? (int)h[NS_STEPS] : DION_STEPS;
}

/* X = a·X + (b·A + c·A²)·X, with c[0] to c[2] for a, b and c. */
static void iterate(const double *c, struct work *k)
{
    const size_t p = k->small, q = k->large;
    multiply_out(k);
    matrix_multiply(k->a, k->a, k->square, p, p, p);
    for (size_t i = 0; i < p * p; i++)
        k->a[i] = c[1] * k->a[i] + c[2] * k->square[i];
    matrix_multiply(k->a, k->x, k->next, p, p, q);
    for (size_t i = 0; i < p * q; i++)
        k->x[i] = c[0] * k->x[i] + k->next[i];
}

/* The norm of d that X is divided by. */
static double norm_of(const double *h, struct work *k)
{
    if (h[PRECONDITIONING] != SPECTRAL)
        return sqrt(reduce_squares(k->mixed, k->small * k->large));
    double largest;
    multiply_out(k);
    k->failed = !symmetric_largest(k->a, k->small, k->divisor, &largest);
    return sqrt(largest);
}

/* Scales X, which is d or its transpose, to singular values of at most 1. */
static void precondition(const double *h, struct work *k)
{
    const size_t p = k->small, q = k->large;
    double norm = norm_of(h, k);
    norm = h[EPS_FORM] == FLOOR ? fmax(norm, h[EPS]) : norm + h[EPS];
    if (h[PRECONDITIONING] == AOL || h[PRECONDITIONING] == SCHATTEN) {
        multiply_out(k);
        norm = sqrt(fmax(LEAST, sqrt(reduce_squares(k->a, p * p))));
    }
    for (size_t r = 0; r < p; r++) {
        k->divisor[r] =
            h[PRECONDITIONING] == AOL ? sqrt(fmax(LEAST, reduce_absolute(k->a + r * p, p))) : norm;
        for (size_t j = 0; j < q; j++)
            k->x[r * q + j] /= k->divisor[r];
    }
}

/* Puts the matrix made orthogonal of k->mixed into d. */
static void orthogonalize(const double *h, struct work *k, double *d, size_t n)
{
    bool tall = k->rows > k->columns;
    if (tall)
        matrix_transpose(k->mixed, k->x, k->rows, k->columns);
    else
        memcpy(k->x, k->mixed, n * sizeof *d);
    precondition(h, k);
    bool given = h[NS_PRESET] == GIVEN;
    for (int step = 0; step < steps_of(h); step++)
        iterate(given ? &h[NS_A] : &dion[3 * step], k);
    if (tall)
        matrix_transpose(k->x, d, k->columns, k->rows);
    else
        memcpy(d, k->x, n * sizeof *d);
}

static double scale_of(const double *h, const struct work *k)
{
    double rows = (double)k->rows, columns = (double)k->columns, scale = h[SCALE];
    bool given = h[RMS_RATE] != HYPER_NONE;
    if (scale == SCALE_ROWS)
        return sqrt(fmax(1.0, rows / columns));
    if (scale == SCALE_COLUMNS || (scale == SCALE_COLUMNS_OR_RMS && !given))
        return sqrt(fmax(1.0, columns / rows));
    return scale == SCALE_NONE || !given ? 1.0 : sqrt(fmax(rows, columns)) * h[RMS_RATE];
}

static inline double next_m(const struct optim_step *s, double m, double g)
{
    return s->h[MOMENTUM] * m + s->c[FADE_IN] * g;
}

/* Moves m on, and puts the orthogonal matrix into the place of g. Returns what it was multiplied
 * by to be adaptive. */
static double propose(const struct optim_step *s, struct work *k, double *g, double *m, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        m[i] = next_m(s, m[i], g[i]);
        k->mixed[i] = s->c[OF_M] * m[i] + s->c[OF_G] * g[i];
    }
    orthogonalize(s->h, k, g, n);
    if (s->h[ADAPTIVE] == 0)
        return 1.0;
    double dual = reduce_dot(k->mixed, g, n);
    for (size_t i = 0; i < n; i++)
        g[i] *= dual;
    return dual;
}

/* ---- the rest ----------------------------------------------------------------------------- */

struct adam {
    double m, v, u; /* w = keep·w - lr·u */
};

static inline struct adam adam_of(const struct optim_step *s, double m, double v, double g)
{
    const double b1 = s->h[ADAM_BETA1], b2 = s->h[ADAM_BETA2], *c = s->c;
    struct adam a = {.m = b1 * m + (1.0 - b1) * g, .v = b2 * v + (1.0 - b2) * (g * g)};
    a.u = (c[ADAM_M] * a.m + c[ADAM_G] * g) /
          (sqrt(c[ADAM_V] * a.v + s->h[ADAM_EPS_ROOT]) + c[ADAM_EPS_NOW]);
    return a;
}

static inline double adam_move(const struct optim_step *s, double w, double u)
{
    return s->c[ADAM_KEEP] * w - s->c[ADAM_LR] * u;
}

static enum err_code kernel(struct optim_step *s, double *restrict w, double *restrict g,
                            double *const *slot, size_t n, struct err *err)
{
    if (!is_matrix(s->h, s->tensor)) {
        for (size_t i = 0; i < n; i++) {
            struct adam a = adam_of(s, slot[0][i], slot[1][i], g[i]);
            slot[0][i] = a.m;
            slot[1][i] = a.v;
            w[i] = adam_move(s, w[i], a.u);
        }
        return ERR_OK;
    }
    struct work k = {0};
    if (!work_init(&k, s->tensor, s->scratch))
        return err_add(err, ERR_MEMORY, NULL, "no memory to make a matrix orthogonal");
    propose(s, &k, g, slot[0], n);
    if (k.failed)
        return err_add(err, ERR_MEMORY, NULL, "no memory to make a matrix orthogonal");
    const double step = s->h[LR] * scale_of(s->h, &k), keep = s->c[KEEP];
    for (size_t i = 0; i < n; i++)
        w[i] = keep * w[i] - step * g[i];
    return ERR_OK;
}

static void explain_adam(struct explain *x, const struct optim_step *s, double w, double g,
                         double *const *slot, size_t i)
{
    const double b1 = s->h[ADAM_BETA1], b2 = s->h[ADAM_BETA2], *c = s->c;
    struct adam a = adam_of(s, slot[0][i], slot[1][i], g);
    explain_line(x, "m", "m_t = \\beta_1 m_{t-1} + (1-\\beta_1) g_t", a.m, "{}·{} + {}·{}", b1,
                 slot[0][i], 1.0 - b1, g);
    explain_line(x, "v", "v_t = \\beta_2 v_{t-1} + (1-\\beta_2) g_t^2", a.v, "{}·{} + {}·{}²", b2,
                 slot[1][i], 1.0 - b2, g);
    explain_line(x, "u", "u_t = \\hat m_t / (\\sqrt{\\hat v_t} + \\varepsilon)", a.u,
                 "{} / (√({} + {}) + {})", c[ADAM_M] * a.m + c[ADAM_G] * g, c[ADAM_V] * a.v,
                 s->h[ADAM_EPS_ROOT], c[ADAM_EPS_NOW]);
    explain_line(x, "w", "w_t = (1-\\eta\\lambda) w_{t-1} - \\eta\\,u_t", adam_move(s, w, a.u),
                 "{}·{} - {}·{}", c[ADAM_KEEP], w, c[ADAM_LR], a.u);
    explain_say(x, "No matrix here, so the step is AdamW's, with lr = {}.", c[ADAM_LR]);
}

static void explain(struct explain *x, const struct optim_step *s, const double *w, const double *g,
                    double *const *slot, size_t n, size_t i)
{
    if (!is_matrix(s->h, s->tensor)) {
        explain_adam(x, s, w[i], g[i], slot, i);
        return;
    }
    struct work k = {0};
    double *d = explain_copy(x, g, n), *m = explain_copy(x, slot[0], n);
    if (!d || !m || !work_init(&k, s->tensor, x->arena))
        return;
    double dual = propose(s, &k, d, m, n), scale = scale_of(s->h, &k), keep = s->c[KEEP];
    double mixed = k.mixed[i], step = s->h[LR] * scale;
    double divisor = k.divisor[k.rows > k.columns ? i % k.columns : i / k.columns];
    explain_line(x, "m", "m_t = \\mu m_{t-1} + g_t", m[i], "{}·{} + {}·{}", s->h[MOMENTUM],
                 slot[0][i], s->c[FADE_IN], g[i]);
    explain_line(x, "d", "d_t = \\mu m_t + g_t", mixed, "{}·{} + {}·{}", s->c[OF_M], m[i],
                 s->c[OF_G], g[i]);
    explain_line(x, "x", "X_0 = d_t / \\lVert d_t\\rVert", mixed / divisor, "{} / {}", mixed,
                 divisor);
    explain_line(x, "o", "X_{k+1} = a X_k + (b A + c A^2) X_k,\\; A = X_k X_k^\\top", d[i],
                 "{} steps from {}, times {}", (double)steps_of(s->h), mixed / divisor, dual);
    explain_line(x, "w", "w_t = (1-\\eta\\lambda) w_{t-1} - \\eta\\,s\\,o_t",
                 keep * w[i] - step * d[i], "{}·{} - {}·{}·{}", keep, w[i], s->h[LR], scale, d[i]);
    explain_say(
        x,
        "The matrix of momentum is divided by {}; made orthogonal, its entry {} becomes {}, "
        "and the step is {} of it.",
        divisor, mixed, d[i], step);
}

const struct optim OPTIM(muon) = {
    .name = "muon",
    .title = "Muon",
    .formula = "m_t = \\mu m_{t-1} + g_t,\\quad O_t = \\mathrm{NewtonSchulz}\\Big("
               "\\frac{g_t + \\mu m_t}{\\lVert g_t + \\mu m_t\\rVert_F}\\Big) \\approx U V^\\top,"
               "\\quad w_t = (1-\\eta\\lambda)\\,w_{t-1} - \\eta\\,s\\,O_t",
    .use_when = "Hidden layers of transformers and other networks of matrices; embeddings, output "
                "layer and vectors are better given to AdamW.",
    .pros = "All directions of a matrix are learned at one speed, rare ones too. One number of "
            "state per parameter; often fewer steps than AdamW.",
    .cons = "Fifteen products of matrices per tensor and step. Only matrices profit; lr means "
            "something else than Adam's unless adjust_lr_fn matches them.",
    .reference = "Jordan et al., Muon: An optimizer for hidden layers in neural networks, 2024, "
                 "https://kellerjordan.github.io/posts/muon/; scale match_rms_adamw: Liu et al. "
                 "2025, arXiv:2502.16982",
    .same_as = {"torch.optim.Muon", "keras.optimizers.Muon", "optax.contrib.muon", NULL},
    .hypers = hypers,
    .slots = slots,
    .needs = NEED_GRADIENT,
    .scope = OPTIM_TENSOR,
    .lr = LR,
    .takes = takes,
    .prepare = prepare,
    .kernel = kernel,
    .explain = explain,
};
