/* Lines of an explanation, and the explanation of one coordinate of a step.
 *
 * Problem: what is said must be what is done, to the bit. Design: an optimizer explains with the
 * expressions of its kernel, one number at a time, from the numbers before the step; the driver
 * gives it the same piece that the kernel would get. An optimizer that has nothing to say of its
 * own is explained by its kernel: run on copies, it tells the numbers after the step. */
#include "math/explain.h"

#include "math/fused.h"
#include "math/optim.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fill(struct explain_text *ret, const char *format, va_list args)
{
    *ret = (struct explain_text){.format = format};
    for (const char *p = strstr(format, "{}"); p; p = strstr(p + 2, "{}")) {
        if (ret->count == EXPLAIN_ARGS)
            abort(); /* a text of our own with too many numbers */
        ret->args[ret->count++] = va_arg(args, double);
    }
}

double explain_line(struct explain *x, const char *symbol, const char *tex, double value,
                    const char *text, ...)
{
    if (x->count == EXPLAIN_LINES)
        abort();
    struct explain_line *line = &x->lines[x->count++];
    va_list args;
    *line = (struct explain_line){.symbol = symbol, .tex = tex, .value = value};
    va_start(args, text);
    fill(&line->text, text, args);
    va_end(args);
    return value;
}

double *explain_copy(struct explain *x, const double *from, size_t n)
{
    double *copy = arena_zalloc(x->arena, n ? n : 1, sizeof *copy);
    if (copy && n)
        memcpy(copy, from, n * sizeof *copy);
    return copy;
}

const char *explain_call(struct explain *x, const char *name)
{
    size_t room = strlen(name) + sizeof "({})";
    char *text = arena_alloc(x->arena, room);
    if (!text)
        return "{}";
    snprintf(text, room, "%s({})", name);
    return text;
}

void explain_say(struct explain *x, const char *text, ...)
{
    va_list args;
    va_start(args, text);
    fill(&x->sentence, text, args);
    va_end(args);
}

void explain_still(struct explain *x, double w)
{
    explain_line(x, "w", "w_t = w_{t-1}", w, "{}", w);
    explain_say(x, "No gradient has been other than 0: there is nothing to go by, and no step.");
}

/* ---- the piece that holds a coordinate ---------------------------------------------------------
 */

struct piece {
    size_t begin, n;                   /* of the parameters */
    size_t slot_begin[OPTIM_SLOTS];    /* of each slot */
    size_t slot_count[OPTIM_SLOTS];    /* 0: not used */
    const struct tensor *tensor;       /* OPTIM_TENSOR */
    double *w, *g, *slot[OPTIM_SLOTS]; /* copies */
};

static const struct tensor *tensor_of(const struct optim_step *s, size_t i)
{
    int k = 0;
    while (k < s->tensor_count && i >= s->tensors[k].offset + s->tensors[k].count)
        k++;
    return &s->tensors[k];
}

static struct piece piece_of(const struct optim *o, const struct optim_step *s,
                             const struct optim_block *b, size_t i)
{
    struct piece p = {.begin = 0, .n = b->n};
    if (o->scope == OPTIM_TENSOR) {
        p.tensor = tensor_of(s, i);
        p.begin = p.tensor->offset;
        p.n = p.tensor->count;
    } else if (o->scope == OPTIM_ELEMENTWISE) {
        p.begin = i;
        p.n = 1;
    }
    for (int k = 0; k < optim_slots(o); k++) {
        if (!b->slot[k])
            continue;
        int before = p.tensor ? (int)(p.tensor - s->tensors) : 0;
        p.slot_begin[k] =
            o->scope == OPTIM_ELEMENTWISE ? i : optim_slot_count(o, k, s->h, s->tensors, before);
        p.slot_count[k] = o->scope == OPTIM_ELEMENTWISE ? 1
                          : p.tensor                    ? optim_slot_count(o, k, s->h, p.tensor, 1)
                                     : optim_slot_count(o, k, s->h, s->tensors, s->tensor_count);
    }
    return p;
}

static double stored(const struct optim_block *b, const void *array, size_t i)
{
    return b->dtype == DTYPE_FLOAT64 ? ((const double *)array)[i]
                                     : (double)((const float *)array)[i];
}

/* `n` numbers of a stored array as double; NULL: no memory. */
static double *copy(struct arena *a, const struct optim_block *b, const void *array, size_t begin,
                    size_t n)
{
    double *x = arena_zalloc(a, n ? n : 1, sizeof *x);
    for (size_t i = 0; x && i < n; i++)
        x[i] = stored(b, array, begin + i);
    return x;
}

static bool piece_copy(struct piece *p, const struct optim_block *b, const double *g,
                       struct arena *a)
{
    p->w = copy(a, b, b->w, p->begin, p->n);
    p->g = arena_zalloc(a, p->n ? p->n : 1, sizeof *p->g);
    bool ok = p->w && p->g;
    if (ok)
        memcpy(p->g, g + p->begin, p->n * sizeof *g);
    for (int k = 0; k < OPTIM_SLOTS && ok; k++) {
        if (p->slot_count[k])
            ok = (p->slot[k] = copy(a, b, b->slot[k], p->slot_begin[k], p->slot_count[k])) != NULL;
    }
    return ok;
}

/* ---- explaining ---------------------------------------------------------------------------------
 */

/* What the kernel does to copies: its slots of the form of w, and w. */
static enum err_code explain_by_kernel(const struct optim *o, struct optim_step *s, struct piece *p,
                                       size_t i, struct explain *x, struct err *err)
{
    double before = p->w[i], old[OPTIM_SLOTS] = {0};
    for (int k = 0; k < OPTIM_SLOTS; k++)
        old[k] = p->slot_count[k] == p->n ? p->slot[k][i] : 0;
    enum err_code code = o->kernel(s, p->w, p->g, p->slot, p->n, err);
    if (code)
        return code;
    for (int k = 0; k < OPTIM_SLOTS; k++) {
        if (p->slot_count[k] == p->n)
            explain_line(x, o->slots[k].name, o->slots[k].name, p->slot[k][i], "{} + {}", old[k],
                         p->slot[k][i] - old[k]);
    }
    explain_line(x, "w", o->formula, p->w[i], "{} + {}", before, p->w[i] - before);
    return ERR_OK;
}

/* What is stored of a parameter that is computed in float32, NaN where it is not. The lines are
 * computed in float64, and agree with it to the precision of the former. */
static double value_single(const struct optim *o, const struct optim_step *s, const struct piece *p)
{
    float w = (float)p->w[0], g = (float)p->g[0], number[OPTIM_SLOTS];
    void *slot[OPTIM_SLOTS];
    struct measure x;
    for (int k = 0; k < OPTIM_SLOTS; k++) {
        number[k] = p->slot_count[k] ? (float)p->slot[k][0] : 0;
        slot[k] = p->slot_count[k] ? &number[k] : NULL;
    }
    bool done = o->fused && o->fused(s, DTYPE_FLOAT32, &w, &g, slot, 1, &x);
    return done ? (double)w : NAN;
}

enum err_code optim_explain(const struct optim *o, const struct optim_step *step,
                            const struct optim_block *b, const double *g, size_t i,
                            struct explain *x, struct err *err)
{
    struct optim_step s = *step;
    struct piece p = piece_of(o, &s, b, i);
    enum err_code code = ERR_OK;
    if (!piece_copy(&p, b, g, x->arena))
        return err_add(err, ERR_MEMORY, "", "no memory to explain the step");
    s.tensor = NULL;
    s.scratch = x->arena;
    if (o->prepare)
        o->prepare(&s);
    s.tensor = p.tensor;
    double single = b->dtype == DTYPE_FLOAT32 ? value_single(o, &s, &p) : NAN;
    explain_line(x, "g", "g_t = \\nabla L(w_{t-1})", g[i], "{}", g[i]);
    if (o->explain)
        o->explain(x, &s, p.w, p.g, p.slot, p.n, i - p.begin);
    else
        code = explain_by_kernel(o, &s, &p, i - p.begin, x, err);
    struct explain_line *last = &x->lines[x->count - 1];
    if (b->dtype == DTYPE_FLOAT32)
        last->value = isnan(single) ? (double)(float)last->value : single;
    return code;
}

enum err_code optim_readout(const struct optim *o, int k, const struct optim_step *s,
                            const struct optim_block *b, double *out, struct err *err)
{
    struct piece p = {.n = b->n};
    for (int j = 0; j < optim_slots(o); j++)
        p.slot_count[j] =
            b->slot[j] ? optim_slot_count(o, j, s->h, s->tensors, s->tensor_count) : 0;
    double *none = arena_zalloc(s->scratch, b->n ? b->n : 1, sizeof *none);
    if (!none || !piece_copy(&p, b, none, s->scratch))
        return err_add(err, ERR_MEMORY, "", "no memory for a readout");
    o->readouts[k].read(s, p.w, p.slot, b->n, out);
    return ERR_OK;
}
