/* The driver: leads a block through a kernel, piece by piece, and measures the step on the way.
 *
 * Problem: a step over ten million numbers is bound by memory, so every array may be touched once;
 * yet norms, the finite check and the conversion of float32 need the same numbers again. Design:
 * the block is cut into tiles that stay in the first-level cache together with a copy of the old w;
 * all that is to be done to a tile is done while it is there. Tiles are short, so that the
 * processor measures one while the divisions of the next are under way; and since a tile's phases
 * ask for memory by turns, its strips fetch the next tile meanwhile. An optimizer that needs
 * whole tensors, or all parameters, gets them as one large piece, whose copies lie in the arena.
 * Where an optimizer offers to make and measure a step in one pass (fused.h), the driver lets it.
 * Guarantee: results do not depend on the instruction set; the last bits of norms depend on the
 * tile size, which is therefore a constant. */
#include "math/fused.h"
#include "math/optim.h"
#include "math/vector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TILE = 256, STRIP = 64, CACHE_LINE = 64 };
_Static_assert(TILE % VECTOR_LANES == 0, "a tile starts at lane 0");
_Static_assert(TILE % STRIP == 0, "a tile is whole strips");
_Static_assert(FUSED_TILE % TILE == 0, "it can be measured again tile by tile");

/* A sum of squares that neither overflows nor vanishes where the norm itself is representable:
 * squares out of range are summed apart, scaled by a power of 2. */
struct sum {
    double middle, large, small;
};

static const double large_scale = 0x1p-600, small_scale = 0x1p600;

/* An array of the block on its way through the pieces. */
struct array {
    char *stored; /* the piece's numbers in the block */
    double *room; /* float32: where they are while the kernel works */
    size_t n;     /* how many the piece has */
    int slot;     /* which slot this is */
};

struct run {
    const struct optim *o;
    struct optim_step *s;
    const struct optim_block *b;
    const char *given; /* the gradient from this piece on, as it came */
    enum dtype given_dtype;
    double *g_room;  /* where a piece of it lies widened, if it came in float32 */
    const double *g; /* of the piece */
    size_t left;     /* tiles: numbers of the block from this piece on */
    const struct vector_ops *v;
    struct array w, used[OPTIM_SLOTS]; /* the slots that the session has */
    int used_count;
    double *old, *g_copy;      /* copies of the piece; without g_copy the kernel sees g itself */
    double *slot[OPTIM_SLOTS]; /* for the kernel */
    struct sum gradient, update;
    bool finite;
    struct err *err;
};

static bool in_range(double squares)
{
    return squares >= 0x1p-900 && squares <= 0x1p960;
}

/* The same of squares that were taken in float32: what vanished there is less than 2^-36 of it. */
static bool in_range_single(double squares)
{
    return squares >= 0x1p-100 && squares <= 0x1p127;
}

static double scaled_squares(const struct vector_ops *v, const double *x, const double *old,
                             double scale, size_t n)
{
    return old ? v->difference(x, old, scale, n) : v->squares(x, scale, n);
}

/* Adds Σ (x - old)², or Σ x² where `old` is NULL. `squares` is that sum, unless it is out of range
 * or a number elsewhere has spoilt it. */
static void sum_add(struct sum *sum, const struct vector_ops *v, double squares, const double *x,
                    const double *old, size_t n)
{
    if (!isfinite(squares))
        squares = scaled_squares(v, x, old, 1.0, n);
    if (in_range(squares) || isnan(squares))
        sum->middle += squares;
    else if (squares > 1.0)
        sum->large += scaled_squares(v, x, old, large_scale, n);
    else
        sum->small += scaled_squares(v, x, old, small_scale, n);
}

static double sum_norm(const struct sum *sum)
{
    if (sum->large > 0)
        return sqrt(sum->large + sum->middle * large_scale * large_scale) / large_scale;
    if (sum->middle > 0 || isnan(sum->middle))
        return sqrt(sum->middle + sum->small / small_scale / small_scale);
    return sqrt(sum->small) / small_scale;
}

static inline const double *gradient_open(const struct run *r, size_t n)
{
    if (r->given_dtype == DTYPE_FLOAT64)
        return (const double *)r->given;
    r->v->widen((const float *)r->given, r->g_room, n);
    return r->g_room;
}

static inline double *array_open(const struct run *r, const struct array *x)
{
    if (r->b->dtype == DTYPE_FLOAT64)
        return (double *)x->stored;
    r->v->widen((const float *)x->stored, x->room, x->n);
    return x->room;
}

/* Puts the numbers back and goes on to the next piece; `now` holds what is stored afterwards. */
static inline void array_close(const struct run *r, struct array *x, double *now)
{
    if (r->b->dtype == DTYPE_FLOAT64) {
        x->stored += x->n * sizeof(double);
    } else {
        r->v->narrow(now, (float *)x->stored, x->n);
        x->stored += x->n * sizeof(float);
    }
}

/* Sums that were not in range, or numbers that are not finite: rare, so it may cost. */
static void measure_slowly(struct run *r, double before, double after, const double *w)
{
    sum_add(&r->gradient, r->v, before, r->g, NULL, r->w.n);
    sum_add(&r->update, r->v, after, w, r->old, r->w.n);
    bool seen = isfinite(after); /* then w and the slots of its form are finite */
    r->finite = r->finite && (seen || r->v->finite(w, r->w.n));
    for (int i = 0; i < r->used_count; i++) {
        const struct array *x = &r->used[i];
        if (!seen || x->n != r->w.n)
            r->finite = r->finite && r->v->finite(r->slot[x->slot], x->n);
    }
}

/* Asks for the next tile's numbers where strip `at` of this one lies, into the second-level cache:
 * the first is full of this tile. */
static inline void fetch_ahead(const char *stored, size_t at, size_t width)
{
    for (size_t i = 0; i < STRIP * width; i += CACHE_LINE)
        __builtin_prefetch(stored + (TILE + at) * width + i, 1, 2);
}

/* The kernel over a tile with another one behind it, strip by strip, so that memory is at work
 * while the kernel divides. */
static enum err_code run_strips(struct run *r, double *w, double *g)
{
    size_t width = dtype_bytes(r->b->dtype);
    double *slot[OPTIM_SLOTS] = {NULL};
    enum err_code code = ERR_OK;
    for (size_t at = 0; at < TILE && code == ERR_OK; at += STRIP) {
        fetch_ahead(r->given, at, dtype_bytes(r->given_dtype));
        fetch_ahead(r->w.stored, at, width);
        for (int i = 0; i < r->used_count; i++) {
            fetch_ahead(r->used[i].stored, at, width);
            slot[r->used[i].slot] = r->slot[r->used[i].slot] + at;
        }
        code = r->o->kernel(r->s, w + at, g + at, slot, STRIP, r->err);
    }
    return code;
}

/* One piece: numbers in, kernel, numbers out, norms. Goes on to the next one. */
static enum err_code run_piece(struct run *r)
{
    size_t n = r->w.n;
    double *w = array_open(r, &r->w), *same[OPTIM_SLOTS];
    int same_count = 0; /* slots of the form of w are checked in one pass with it */
    for (int i = 0; i < r->used_count; i++) {
        struct array *used = &r->used[i]; /* one that only other tensors have is NULL here */
        double *x = r->slot[used->slot] = used->n > 0 ? array_open(r, used) : NULL;
        if (r->used[i].n == n)
            same[same_count++] = x;
    }
    r->g = gradient_open(r, n);
    double before = r->v->before(w, r->old, r->g, n);
    double *g = r->g_copy ? memcpy(r->g_copy, r->g, n * sizeof *g) : (double *)(uintptr_t)r->g;
    bool more = r->left >= 2 * TILE;
    enum err_code code = ERR_OK;
    if (more)
        code = run_strips(r, w, g);
    else if (n > 0)
        code = r->o->kernel(r->s, w, g, r->slot, n, r->err);
    if (code != ERR_OK)
        return code;
    array_close(r, &r->w, w);
    for (int i = 0; i < r->used_count; i++)
        array_close(r, &r->used[i], r->slot[r->used[i].slot]);
    double after = r->v->after(w, r->old, same, same_count, n);
    if (in_range(before) && in_range(after) && same_count == r->used_count) {
        r->gradient.middle += before;
        r->update.middle += after;
    } else {
        measure_slowly(r, before, after, w);
    }
    r->given += n * dtype_bytes(r->given_dtype);
    return ERR_OK;
}

/* ---- one pass ------------------------------------------------------------------------------- */

/* Goes on by `n` numbers that are stored already. */
static void step_over(struct run *r, size_t n)
{
    size_t bytes = n * dtype_bytes(r->b->dtype);
    r->w.stored += bytes;
    for (int i = 0; i < r->used_count; i++)
        r->used[i].stored += bytes;
    r->given += n * dtype_bytes(r->given_dtype);
}

/* Numbers out of range, or not finite: measures them as the tiles do. */
static void measure_again(struct run *r, const struct measure *x, size_t n, double (*store)[TILE])
{
    size_t piece;
    for (size_t at = 0; at < n; at += piece) {
        piece = r->w.n = n - at < TILE ? n - at : TILE;
        for (int i = 0; i < r->used_count; i++) {
            r->used[i].n = piece;
            r->slot[r->used[i].slot] = array_open(r, &r->used[i]);
        }
        if (r->b->dtype == DTYPE_FLOAT64)
            memcpy(store[0], x->old + at, piece * sizeof *x->old);
        else
            r->v->widen(x->old_single + at, store[0], piece);
        r->g = gradient_open(r, piece);
        measure_slowly(r, NAN, NAN, array_open(r, &r->w));
        step_over(r, piece);
    }
}

/* A piece's gradient in the dtype of the block, rounded where it came wider. */
static const void *gradient_as_block(const struct run *r, size_t n, float *room)
{
    if (r->given_dtype == r->b->dtype)
        return r->given;
    r->v->round((const double *)r->given, room, n);
    return room;
}

/* false: the kernel declines, and nothing has happened. */
static bool run_fused(struct run *r, double (*store)[TILE])
{
    struct measure x;
    float room[FUSED_TILE];
    size_t n;
    bool (*fits)(double) = r->b->dtype == DTYPE_FLOAT64 ? in_range : in_range_single;
    for (size_t left = r->b->n; left > 0; left -= n) {
        void *slot[OPTIM_SLOTS] = {NULL};
        n = left < FUSED_TILE ? left : FUSED_TILE;
        for (int i = 0; i < r->used_count; i++)
            slot[r->used[i].slot] = r->used[i].stored;
        const void *g = gradient_as_block(r, n, room);
        if (!r->o->fused(r->s, r->b->dtype, r->w.stored, g, slot, n, &x))
            return false;
        double before = vector_add_lanes(x.gradient), after = vector_add_lanes(x.update);
        if (fits(before) && fits(after)) {
            r->gradient.middle += before;
            r->update.middle += after;
            step_over(r, n);
        } else {
            measure_again(r, &x, n, store);
        }
    }
    return true;
}

/* ---- tiles --------------------------------------------------------------------------------------
 */

static enum err_code run_tiles(struct run *r, double (*store)[TILE])
{
    r->old = store[0];
    r->w.room = store[1];
    for (int i = 0; i < r->used_count; i++)
        r->used[i].room = store[2 + i];
    r->g_room = store[2 + OPTIM_SLOTS];
    bool wider = r->given_dtype == DTYPE_FLOAT32 && r->b->dtype == DTYPE_FLOAT64;
    if (r->o->fused && !wider && run_fused(r, store))
        return ERR_OK;
    for (r->left = r->b->n; r->left > 0; r->left -= r->w.n) {
        r->w.n = r->left < TILE ? r->left : TILE;
        for (int i = 0; i < r->used_count; i++)
            r->used[i].n = r->w.n;
        enum err_code code = run_piece(r);
        if (code != ERR_OK)
            return code;
    }
    return ERR_OK;
}

/* ---- whole tensors ------------------------------------------------------------------------ */

static double *numbers(struct run *r, size_t n, bool *ok)
{
    size_t bytes;
    bool fits = !__builtin_mul_overflow(n, sizeof(double), &bytes);
    double *x = fits ? arena_alloc(r->s->scratch, bytes) : NULL;
    *ok = *ok && x;
    return x;
}

/* One piece of the tensors given, with its copies in the arena. */
static enum err_code run_large(struct run *r, const struct tensor *tensors, int count, size_t n)
{
    bool ok = true, convert = r->b->dtype == DTYPE_FLOAT32;
    r->w.n = n;
    r->w.room = convert ? numbers(r, n, &ok) : NULL;
    r->old = numbers(r, n, &ok);
    r->g_copy = numbers(r, n, &ok);
    r->g_room = r->given_dtype == DTYPE_FLOAT32 ? numbers(r, n, &ok) : NULL;
    for (int i = 0; i < r->used_count; i++) {
        struct array *x = &r->used[i];
        x->n = optim_slot_count(r->o, x->slot, r->s->h, tensors, count);
        x->room = convert ? numbers(r, x->n, &ok) : NULL;
    }
    if (!ok)
        return err_add(r->err, ERR_MEMORY, NULL, "no memory for a step of %zu parameters", n);
    return run_piece(r);
}

static enum err_code run_tensors(struct run *r)
{
    enum err_code code = ERR_OK;
    for (int i = 0; i < r->s->tensor_count && code == ERR_OK; i++) {
        r->s->tensor = &r->s->tensors[i];
        code = run_large(r, r->s->tensor, 1, r->s->tensor->count);
    }
    r->s->tensor = NULL;
    return code;
}

/* ---- entry points ------------------------------------------------------------------------- */

static void fill(const struct optim_block *b, void *stored, size_t n, double x)
{
    for (size_t i = 0; i < n; i++) {
        if (b->dtype == DTYPE_FLOAT64)
            ((double *)stored)[i] = x;
        else
            ((float *)stored)[i] = (float)x;
    }
}

void optim_start(const struct optim *o, const double *h, const struct tensor *tensors,
                 int tensor_count, struct optim_block *b)
{
    size_t width = dtype_bytes(b->dtype);
    for (int k = 0; k < optim_slots(o); k++) {
        size_t n = b->slot[k] ? optim_slot_count(o, k, h, tensors, tensor_count) : 0;
        if (o->slots[k].start != SLOT_W) {
            fill(b, b->slot[k], n, o->slots[k].start == SLOT_VALUE ? o->slots[k].value(h) : 0.0);
        } else if (n > 0) {
            if (n != b->n)
                abort(); /* a slot that starts as w has the form of w */
            memcpy(b->slot[k], b->w, n * width);
        }
    }
}

enum err_code optim_run(const struct optim *o, struct optim_step *s, struct optim_block *b,
                        const double *g, struct optim_norms *ret_norms, struct err *err)
{
    struct run r = {.o = o, .s = s, .b = b, .v = vector_ops(), .finite = true, .err = err};
    r.given_dtype = g ? DTYPE_FLOAT64 : DTYPE_FLOAT32;
    r.given = g ? (const char *)g : (const char *)s->single_gradient;
    r.w.stored = b->w;
    for (int k = 0; k < optim_slots(o); k++) {
        if (b->slot[k])
            r.used[r.used_count++] = (struct array){.stored = b->slot[k], .slot = k};
    }
    s->tensor = NULL;
    if (o->prepare)
        o->prepare(s);
    _Alignas(64) double store[3 + OPTIM_SLOTS][TILE];
    enum err_code code;
    if (o->scope == OPTIM_ELEMENTWISE)
        code = run_tiles(&r, store);
    else if (o->scope == OPTIM_TENSOR)
        code = run_tensors(&r);
    else
        code = run_large(&r, s->tensors, s->tensor_count, b->n);
    if (code != ERR_OK)
        return code;
    for (int k = 0; k < optim_scalars(o); k++)
        r.finite = r.finite && isfinite(s->scalar[k]);
    ret_norms->gradient = sum_norm(&r.gradient);
    ret_norms->update = sum_norm(&r.update);
    ret_norms->finite = r.finite;
    return ERR_OK;
}
