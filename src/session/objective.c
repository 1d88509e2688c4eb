/* Steps whose gradient the server computes; objective.h says for whom. */
#include "session/objective.h"

#include "session/parts.h"

#include <stdio.h>
#include <string.h>

const double objective_step_cost = 1e8, objective_request_cost = 5e8;

/* ---- whether it can ---------------------------------------------------------------------------
 */

/* Without `h`: with the defaults. */
static unsigned needs_of(const struct optim *o, const double *h)
{
    double defaults[HYPER_MAX];
    if (!h &&
        hyper_resolve(o->hypers, PROFILE_TORCH, o->name, "", NULL, 0, defaults, NULL) == ERR_OK)
        h = defaults;
    return o->needs_at && h ? o->needs_at(h, 1) : o->needs;
}

enum err_code objective_check_needs(const struct objective_spec *objective, const struct optim *o,
                                    const double *h, const char *pointer, struct err *err)
{
    unsigned given = NEED_GRADIENT | NEED_LOSS, needs = needs_of(o, h);
    if (objective->objective->has_hessian)
        given |= NEED_HESSIAN | NEED_HESSIAN_DIAGONAL;
    for (int k = 0; optim_need_field(k); k++) {
        if (needs & ~given & 1U << k)
            return err_add(err, ERR_VALIDATION, pointer,
                           "%s needs %s, which the objective %s cannot give", o->name,
                           optim_need_field(k), objective->objective->name);
    }
    return ERR_OK;
}

size_t objective_batch(const struct objective_spec *objective, const struct optim *o)
{
    if (!objective->objective->model || objective->batch_given)
        return objective->sampling.batch_size;
    return o->batch < objective->data.rows ? o->batch : 0;
}

static unsigned second_order(const struct optim *o)
{
    return o->needs & (NEED_HESSIAN | NEED_HESSIAN_DIAGONAL);
}

double objective_cost_of(const struct objective_spec *objective, const struct optim *o)
{
    double each = objective_cost(objective, 1);
    return second_order(o) ? each * (double)objective->n : each;
}

/* ---- a step -----------------------------------------------------------------------------------
 */

bool objective_wanted(const struct session *s, const struct step_input *in)
{
    return s->objective && in->gradient.count == 0 && !in->gradients && !in->has_loss &&
           !in->hessian && in->hessian_diagonal.count == 0 && in->second_gradient.count == 0 &&
           in->indices.count == 0 && !in->weights;
}

/* The parameters as double. NULL: no memory. */
static const double *weights(const struct session *s, struct arena *scratch)
{
    if (s->view.dtype == DTYPE_FLOAT64)
        return s->view.w;
    double *w = arena_alloc(scratch, s->view.n * sizeof *w);
    for (size_t i = 0; w && i < s->view.n; i++)
        w[i] = (double)((const float *)s->view.w)[i];
    return w;
}

/* The Hessian, or just its diagonal, in the way the optimizer takes it. */
static enum err_code give_second_order(const struct session *s, const double *hessian,
                                       struct arena *scratch, struct step_input *ret,
                                       struct err *err)
{
    size_t n = s->view.n;
    if (s->optim->needs & NEED_HESSIAN) {
        ret->hessian = hessian;
        ret->hessian_rows = ret->hessian_columns = n;
        return ERR_OK;
    }
    double *diagonal = arena_alloc(scratch, n * sizeof *diagonal);
    if (!diagonal)
        return err_add(err, ERR_MEMORY, "", "no memory for a step");
    for (size_t i = 0; i < n; i++)
        diagonal[i] = hessian[i * n + i];
    ret->hessian_diagonal = session_values(s, diagonal);
    return ERR_OK;
}

enum err_code objective_step_input(const struct objective_spec *objective, const struct session *s,
                                   struct arena *scratch, struct step_input *ret_in,
                                   struct err *err)
{
    const size_t n = s->view.n;
    const double *w = weights(s, scratch);
    double *g = arena_alloc(scratch, n * sizeof *g), *hessian = NULL;
    if (second_order(s->optim))
        hessian = arena_zalloc(scratch, n, n * sizeof *hessian);
    if (!w || !g || (second_order(s->optim) && !hessian))
        return err_add(err, ERR_MEMORY, "", "no memory for a step");
    enum err_code code = objective_evaluate(objective, w, (uint64_t)s->step + 1, &ret_in->loss, g,
                                            hessian, scratch, err);
    if (code)
        return code;
    ret_in->has_loss = true;
    ret_in->gradient = session_values(s, g);
    return hessian ? give_second_order(s, hessian, scratch, ret_in, err) : ERR_OK;
}

enum err_code objective_loss(const struct objective_spec *objective, const struct session *s,
                             struct arena *scratch, double *ret_loss, struct err *err)
{
    const double *w = weights(s, scratch);
    if (!w)
        return err_add(err, ERR_MEMORY, "", "no memory for a loss");
    return objective_evaluate(objective, w, 0, ret_loss, NULL, NULL, scratch, err);
}

/* ---- where it ends badly ----------------------------------------------------------------------
 */

void objective_why(const struct objective_spec *objective, const struct session *s,
                   const char *what, char *out, size_t size)
{
    static const char *const plain[] = {"gd", "sgd", "minibatch_gd"};
    const struct optim *o = s->optim;
    double curvature = objective->curvature, lr = o->lr >= 0 ? s->h[o->lr] : 0;
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
        if (strcmp(o->name, plain[i]) == 0 && curvature > 0 && lr > 2 / curvature) {
            snprintf(out, size,
                     "%s: lr = %g is above the stability limit 2/%g = %g (two divided by the "
                     "largest curvature)",
                     what, lr, curvature, 2 / curvature);
            return;
        }
    }
    snprintf(out, size, "%s. %s", what, objective->objective->stability);
}
