/* Recorded steps; recording.h says what they are for. */
#include "session/recording.h"

#include "session/block.h"
#include "session/parts.h"

#include <stdlib.h>
#include <string.h>

enum { HAS_LOSS = 1, HAS_DIAGONAL = 2, HAS_HESSIAN = 4, HEAD = 2 };

bool recording_wanted(const struct session *s)
{
    return s->view.n <= RECORDING_PARAMETERS && s->block_bytes <= RECORDING_BYTES;
}

/* ---- what a step carries --------------------------------------------------------------------- */

/* Whether the numbers of `v` stand in the order of the session's. */
static bool in_order(const struct session *s, const struct values *v)
{
    if (v->n != s->view.n || v->count != s->tensor_count)
        return v->loose && v->n == s->view.n;
    for (int i = 0; s->named && i < s->tensor_count; i++) {
        if (!v->tensors[i].name || strcmp(v->tensors[i].name, s->tensors[i].name) != 0)
            return false;
    }
    return true;
}

static bool kept(const struct session *s, const struct step_input *in)
{
    return in->gradient.count > 0 && in->gradient_count == 0 && in->second_gradient.count == 0 &&
           in->indices.count == 0 && in_order(s, &in->gradient) &&
           (in->hessian_diagonal.count == 0 || in_order(s, &in->hessian_diagonal)) &&
           (!in->hessian || in->hessian_rows == s->view.n);
}

static bool write_input(const struct session *s, const struct step_input *in, struct arena *a,
                        struct recorded_step *ret)
{
    size_t n = s->view.n, count = HEAD + n;
    bool diagonal = in->hessian_diagonal.count > 0;
    double *to = arena_alloc(a, (HEAD + 2 * n + n * n) * sizeof *to);
    if (!to)
        return false;
    to[0] = (in->has_loss ? HAS_LOSS : 0) + (diagonal ? HAS_DIAGONAL : 0) +
            (in->hessian ? HAS_HESSIAN : 0);
    to[1] = in->has_loss ? in->loss : 0;
    values_copy(&in->gradient, to + HEAD);
    if (diagonal)
        memcpy(to + count, in->hessian_diagonal.data, n * sizeof *to);
    count += diagonal ? n : 0;
    if (in->hessian)
        memcpy(to + count, in->hessian, n * n * sizeof *to);
    count += in->hessian ? n * n : 0;
    ret->input = to;
    ret->input_count = count;
    return true;
}

/* False: it is not what write_input wrote for this session. */
static bool read_input(const struct session *s, const struct recorded_step *r,
                       struct step_input *ret)
{
    size_t n = s->view.n, at = HEAD + n;
    if (r->input_count < at)
        return false;
    unsigned has = (unsigned)r->input[0];
    size_t count = at + (has & HAS_DIAGONAL ? n : 0) + (has & HAS_HESSIAN ? n * n : 0);
    if (r->input_count != count)
        return false;
    *ret = (struct step_input){.gradient = session_values(s, r->input + HEAD),
                               .has_loss = has & HAS_LOSS,
                               .loss = r->input[1],
                               .expected_step = -1};
    if (has & HAS_DIAGONAL) {
        ret->hessian_diagonal = session_values(s, r->input + at);
        at += n;
    }
    if (has & HAS_HESSIAN) {
        ret->hessian = r->input + at;
        ret->hessian_rows = ret->hessian_columns = n;
    }
    return true;
}

/* ---- recording ------------------------------------------------------------------------------- */

bool recording_begin(struct session *s, const struct step_input *in, struct arena *a,
                     struct recorded_step *ret)
{
    *ret = (struct recorded_step){0};
    block_seal(s);
    ret->block = arena_memdup(a, s->block, s->block_bytes);
    ret->block_bytes = s->block_bytes;
    return ret->block && (!kept(s, in) || write_input(s, in, a, ret));
}

static double parameter(const struct session *s, size_t i)
{
    return s->view.dtype == DTYPE_FLOAT64 ? ((const double *)s->view.w)[i]
                                          : (double)((const float *)s->view.w)[i];
}

bool recording_end(const struct session *s, struct arena *a, struct recorded_step *ret)
{
    double *w = arena_alloc(a, s->view.n * sizeof *w);
    for (size_t i = 0; w && i < s->view.n; i++)
        w[i] = parameter(s, i);
    ret->step = s->step;
    ret->parameters = w;
    return w;
}

/* ---- explaining ------------------------------------------------------------------------------ */

static bool same_parameters(const struct session *s, const struct recorded_step *r)
{
    for (size_t i = 0; i < s->view.n; i++) {
        double w = parameter(s, i);
        if (memcmp(&w, &r->parameters[i], sizeof w) != 0)
            return false;
    }
    return true;
}

static enum err_code lost(struct err *err, int64_t step, const char *why)
{
    return err_add(err, ERR_NOT_FOUND, "", "step %lld cannot be explained any more: %s",
                   (long long)step, why);
}

/* Puts the recorded block into the place of the session's own. */
static enum err_code go_back(struct session *s, const struct recorded_step *r, struct err *err)
{
    struct err own;
    uint8_t *now = s->block;
    err_init(&own);
    s->block = NULL;
    enum err_code code = block_open(s, r->block, r->block_bytes, &own);
    if (s->block)
        free(now);
    else
        s->block = now;
    if (code)
        return lost(err, r->step, "the recorded state does not fit the session as it is now");
    s->step = r->step - 1;
    return ERR_OK;
}

enum err_code recording_explain(struct session *s, const struct recorded_step *r,
                                struct arena *scratch, struct step_output *out, struct err *err)
{
    struct step_input in;
    bool touched = false;
    if (!r->block)
        return err_add(err, ERR_NOT_FOUND, "", "step 0 is the start: no step led there");
    if (!r->input)
        return err_add(err, ERR_NOT_FOUND, "",
                       "step %lld carried more than gradient, loss and Hessian, which is not kept",
                       (long long)r->step);
    if (go_back(s, r, err))
        return err->code;
    if (!read_input(s, r, &in))
        return lost(err, r->step, "what it carried does not fit the session as it is now");
    enum err_code code = session_step(s, &in, 0, scratch, out, &touched, err);
    if (code)
        return code;
    if (!same_parameters(s, r))
        return lost(err, r->step, "the hyperparameters have changed since then");
    return ERR_OK;
}
