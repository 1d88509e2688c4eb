/* A step's way through the transforms of its session.
 *
 * The gradient is copied, so that what a client sent is never written to. Parameters of a float64
 * session are changed in place; those of a float32 session pass through doubles on both sides of
 * the kernel, and are rounded once on each. The parameters as they were are kept beside, for
 * transforms that look back and for the norm of the whole change. */
#include "session/chain.h"
#include "session/groups.h"

#include "math/explain.h"
#include "math/vector.h"

#include <string.h>

/* |x - old|, or |x| where old is NULL. Where squares leave the range of a double, all is scaled
 * first. */
static double squares_of(const double *x, const double *old, double scale, size_t n)
{
    const struct vector_ops *v = vector_ops();
    return old ? v->difference(x, old, scale, n) : v->squares(x, scale, n);
}

static double norm_of(const double *x, const double *old, size_t n)
{
    double squares = squares_of(x, old, 1, n);
    double scale = squares > 0x1p960 ? 0x1p-600 : squares < 0x1p-900 ? 0x1p600 : 1;
    return scale == 1 ? sqrt(squares) : sqrt(squares_of(x, old, scale, n)) / scale;
}

static enum err_code no_memory(struct err *err)
{
    return err_add(err, ERR_MEMORY, "", "no memory for the transforms of a step");
}

/* Copies of gradient and parameters. */
static bool open_passage(struct passage *p, struct session *s, const double *g,
                         struct arena *scratch)
{
    size_t n = s->view.n;
    bool narrow = s->view.dtype == DTYPE_FLOAT32;
    double *old = arena_alloc(scratch, n * sizeof *old);
    p->s.g = arena_memdup(scratch, g, n * sizeof *g);
    p->s.w = narrow ? arena_alloc(scratch, n * sizeof *old) : s->view.w;
    if (!old || !p->s.g || !p->s.w)
        return false;
    if (narrow)
        vector_ops()->widen(s->view.w, p->s.w, n);
    memcpy(old, p->s.w, n * sizeof *old);
    p->s.old = old;
    return true;
}

enum err_code passage_before(struct passage *p, struct session *s, const struct step_input *in,
                             struct input *input, const struct step_output *out,
                             struct arena *scratch, struct err *err)
{
    size_t n = s->view.n;
    p->s = (struct transform_step){.t = session_next_t(s),
                                   .lr = out->metrics.lr,
                                   .explain = out->explanation,
                                   .coordinate = out->coordinate,
                                   .n = n,
                                   .samples = input->samples,
                                   .sample_count = input->sample_count,
                                   .weights = in->weights,
                                   .reduce_sum = in->reduce_sum,
                                   .scratch = scratch};
    p->given = input->g;
    p->gradient_norm = norm_of(input->g, NULL, n);
    if (!open_passage(p, s, input->g, scratch) || !groups_own_each(s, input->h, scratch, &p->s))
        return no_memory(err);
    enum err_code code = transform_chain_before(s->chain, &p->s, err);
    if (code)
        return code;
    if (p->s.verdict != VERDICT_TAKE)
        memcpy(p->s.w, p->s.old, n * sizeof *p->s.w);
    if (s->view.dtype == DTYPE_FLOAT32)
        vector_ops()->narrow(p->s.w, s->view.w, n);
    input->g = p->s.g;
    return ERR_OK;
}

enum err_code passage_after(struct passage *p, struct session *s, struct optim_norms *norms,
                            struct err *err)
{
    size_t n = s->view.n;
    bool narrow = s->view.dtype == DTYPE_FLOAT32;
    if (narrow)
        vector_ops()->widen(s->view.w, p->s.w, n);
    enum err_code code = transform_chain_after(s->chain, &p->s, err);
    if (code)
        return code;
    groups_restore(s, p->s.w, p->s.old);
    if (narrow)
        vector_ops()->narrow(p->s.w, s->view.w, n);
    norms->gradient = p->gradient_norm;
    norms->update = norm_of(p->s.w, p->s.old, n);
    norms->finite = norms->finite && vector_ops()->finite(p->s.w, n);
    return ERR_OK;
}

void passage_explain_end(const struct passage *p, const struct session *s, struct step_output *out)
{
    struct explain *x = out->explanation;
    if (!x)
        return;
    double w = s->view.dtype == DTYPE_FLOAT32 ? ((float *)s->view.w)[out->coordinate]
                                              : ((double *)s->view.w)[out->coordinate];
    const struct explain_line *last = x->count ? &x->lines[x->count - 1] : NULL;
    if (last && strcmp(last->symbol, "w") == 0 && memcmp(&last->value, &w, sizeof w) == 0)
        return;
    bool stays = p->s.verdict != VERDICT_TAKE && w == p->s.old[out->coordinate];
    explain_line(x, "w", stays ? "w_t = w_{t-1}" : "w_t", w, "{}", w);
}
