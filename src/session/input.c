/* The first half of a step: structure, reduction of several gradients to one, what the optimizer
 * needs, and finiteness. In the usual case, one gradient in the session's own order, nothing is
 * copied and no text is made. */
#include "session/input.h"

#include "math/vector.h"

#include <string.h>

struct pointer input_pointer(const struct step_input *in, const char *field)
{
    struct pointer p = pointer_to(in->pointer ? in->pointer : "#");
    if (field)
        pointer_add(&p, field);
    return p;
}

static struct pointer item_pointer(const struct step_input *in, const char *field, size_t i)
{
    struct pointer p = input_pointer(in, field);
    pointer_add_index(&p, i);
    return p;
}

static enum err_code no_memory(struct err *err)
{
    return err_add(err, ERR_MEMORY, "", "no memory for a step");
}

/* values_arrange, with the pointer made only where it is wanted. `item` < 0: the field itself. */
static enum err_code arrange(const struct session *s, const struct step_input *in,
                             const char *field, ptrdiff_t item, const struct values *v,
                             struct arena *scratch, const double **ret_data, struct err *err)
{
    if (values_same_order(s, v)) {
        *ret_data = v->data;
        return ERR_OK;
    }
    struct pointer p = input_pointer(in, field);
    if (item >= 0)
        pointer_add_index(&p, (uint64_t)item);
    return values_arrange(s, v, p.text, scratch, ret_data, err);
}

/* ---- several gradients to one ---- */

/* Σ weights, or their number; 0 after a violation. */
static double weight_total(const struct step_input *in, struct err *err)
{
    double total = 0;
    if (!in->weights)
        return (double)in->gradient_count;
    if (in->weight_count != in->gradient_count) {
        err_add(err, ERR_VALIDATION, input_pointer(in, "weights").text,
                "expected one weight for each of %zu gradients, given %zu", in->gradient_count,
                in->weight_count);
        return 0;
    }
    for (size_t i = 0; i < in->weight_count; i++) {
        if (!isfinite(in->weights[i]) || in->weights[i] < 0) {
            err_add(err, ERR_VALIDATION, item_pointer(in, "weights", i).text,
                    "a weight is finite and not negative");
            return 0;
        }
        total += in->weights[i];
    }
    if (!in->reduce_sum && !(total > 0 && isfinite(total)))
        err_add(err, ERR_VALIDATION, input_pointer(in, "weights").text,
                "a mean needs weights with a positive, finite sum");
    return total;
}

static void accumulate(double *restrict sum, const double *restrict g, double weight, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += weight * g[i];
}

/* Room for the gradients as they are, where the optimizer looks at each. */
static enum err_code make_samples(const struct session *s, const struct step_input *in,
                                  struct arena *scratch, double **ret_samples, struct err *err)
{
    size_t numbers;
    if (!(s->optim->needs & NEED_SAMPLES) && !(s->chain && s->chain->needs_samples))
        return ERR_OK;
    bool fits = !__builtin_mul_overflow(in->gradient_count, s->view.n, &numbers);
    *ret_samples = fits ? arena_zalloc(scratch, numbers, sizeof **ret_samples) : NULL;
    return *ret_samples ? ERR_OK : no_memory(err);
}

/* Mean (Σ w_i g_i / Σ w_i) or sum (Σ w_i g_i), added up in the order of the list. */
static enum err_code reduce(const struct session *s, const struct step_input *in,
                            struct arena *scratch, struct input *ret, struct err *err)
{
    int before = err->count + err->omitted;
    double *samples = NULL;
    if (in->gradient_count == 0)
        return err_add(err, ERR_VALIDATION, input_pointer(in, "gradients").text,
                       "a list of at least one gradient is needed");
    double total = weight_total(in, err);
    double *sum = arena_zalloc(scratch, s->view.n, sizeof *sum);
    if (!sum)
        return no_memory(err);
    if (make_samples(s, in, scratch, &samples, err))
        return err->code;
    for (size_t i = 0; i < in->gradient_count; i++) {
        const double *g;
        enum err_code code =
            arrange(s, in, "gradients", (ptrdiff_t)i, &in->gradients[i], scratch, &g, err);
        if (!code && err->count + err->omitted == before)
            accumulate(sum, g, in->weights ? in->weights[i] : 1, s->view.n);
        if (!code && samples)
            memcpy(samples + i * s->view.n, g, s->view.n * sizeof *g);
    }
    if (err->count + err->omitted != before)
        return err->code;
    for (size_t i = 0; !in->reduce_sum && i < s->view.n; i++)
        sum[i] /= total;
    ret->g = sum;
    ret->samples = samples;
    ret->sample_count = in->gradient_count;
    return ERR_OK;
}

/* ---- a gradient in float32 ---- */

/* Only a session that stores float32 and does nothing with the gradient but give it to an
 * elementwise optimizer; what is to be refused takes the usual way. */
bool input_stays_single(const struct session *s, const struct step_input *in,
                        const struct step_output *out)
{
    return s->dtype == DTYPE_FLOAT32 && s->optim->scope == OPTIM_ELEMENTWISE && !s->chain &&
           !s->groups && !out->explanation && !in->gradients && in->indices.count == 0 &&
           values_same_order(s, &in->gradient) &&
           vector_ops()->finite_single(in->gradient.single, s->view.n);
}

/* ---- what the optimizer needs ---- */

static enum err_code needs(const struct session *s, const struct step_input *in, const char *field,
                           const char *what, struct err *err)
{
    return err_add(err, ERR_NEEDS, input_pointer(in, field).text, "%s needs %s", s->optim->name,
                   what);
}

/* What the next step must carry, of what the optimizer uses. */
static unsigned needs_now(const struct session *s)
{
    const struct optim *o = s->optim;
    return o->needs_at ? o->needs_at(s->h, session_next_t(s)) : o->needs;
}

static enum err_code unused(const struct session *s, const struct step_input *in, const char *field,
                            struct err *err)
{
    return err_add(err, ERR_VALIDATION, input_pointer(in, field).text, "%s does not use %s",
                   s->optim->name, field);
}

static enum err_code read_gradient(const struct session *s, const struct step_input *in,
                                   struct arena *scratch, struct input *ret, struct err *err)
{
    bool one = in->gradient.count > 0, many = in->gradients != NULL;
    if (one && many)
        return err_add(err, ERR_VALIDATION, input_pointer(in, "gradients").text,
                       "a step has either gradient or gradients");
    if (in->weights && !many)
        return err_add(err, ERR_VALIDATION, input_pointer(in, "weights").text,
                       "weights belong to gradients, which are not given");
    if (in->indices.count > 0 && !(s->optim->needs & NEED_INDICES))
        return unused(s, in, "indices", err);
    if ((s->optim->needs & NEED_SAMPLES) && in->weights)
        return unused(s, in, "weights", err);
    if ((s->optim->needs & NEED_SAMPLES) && in->reduce_sum)
        return unused(s, in, "reduction", err);
    if ((s->optim->needs & NEED_SAMPLES) && !many)
        return needs(s, in, "gradients", "the gradients of single samples", err);
    if (s->chain && s->chain->needs_samples && !many)
        return err_add(err, ERR_NEEDS, input_pointer(in, "gradients").text,
                       "%s needs the gradients of single samples",
                       s->chain->links[0].transform->name);
    if ((s->optim->needs & NEED_INDICES) && in->indices.count == 0)
        return needs(s, in, "indices", "the rows that the sparse gradient has", err);
    if (one && in->indices.count > 0)
        return sparse_read(s, in, scratch, &ret->g, &ret->touched, err);
    ret->single = in->gradient.single;
    if (one)
        return arrange(s, in, "gradient", -1, &in->gradient, scratch, &ret->g, err);
    if (many)
        return reduce(s, in, scratch, ret, err);
    if (s->optim->needs & NEED_GRADIENT)
        return needs(s, in, "gradient",
                     s->objective ? "a gradient; {} takes that of the session's objective"
                                  : "a gradient, or a session with an objective that gives it",
                     err);
    ret->g = arena_zalloc(scratch, s->view.n, sizeof *ret->g);
    return ret->g ? ERR_OK : no_memory(err);
}

/* The full matrix and its diagonal: what is given must be of use, and of the right size. */
static enum err_code read_hessian(const struct session *s, const struct step_input *in,
                                  struct arena *scratch, struct input *ret, struct err *err)
{
    bool full = in->hessian != NULL, diagonal = in->hessian_diagonal.count > 0;
    unsigned use = s->optim->needs & (NEED_HESSIAN | NEED_HESSIAN_DIAGONAL);
    size_t n = s->view.n;
    if (full && !(use & NEED_HESSIAN))
        return unused(s, in, "hessian", err);
    if (diagonal && !(use & NEED_HESSIAN_DIAGONAL))
        return unused(s, in, "hessian_diagonal", err);
    if (full && diagonal)
        return err_add(err, ERR_VALIDATION, input_pointer(in, "hessian_diagonal").text,
                       "a step has either hessian or hessian_diagonal");
    if ((use & needs_now(s)) && !full && !diagonal)
        return needs(s, in, use & NEED_HESSIAN ? "hessian" : "hessian_diagonal",
                     use == NEED_HESSIAN            ? "a Hessian"
                     : use == NEED_HESSIAN_DIAGONAL ? "the diagonal of the Hessian"
                                                    : "a Hessian or its diagonal",
                     err);
    if (full && (in->hessian_rows != n || in->hessian_columns != n))
        return err_add(err, ERR_VALIDATION, input_pointer(in, "hessian").text,
                       "expected shape [%zu, %zu] for %zu parameters, given [%zu, %zu]", n, n, n,
                       in->hessian_rows, in->hessian_columns);
    ret->hessian = in->hessian;
    if (!diagonal)
        return ERR_OK;
    return arrange(s, in, "hessian_diagonal", -1, &in->hessian_diagonal, scratch,
                   &ret->hessian_diagonal, err);
}

static enum err_code read_second(const struct session *s, const struct step_input *in,
                                 struct arena *scratch, struct input *ret, struct err *err)
{
    bool given = in->second_gradient.count > 0, use = s->optim->needs & NEED_SECOND_GRADIENT;
    if (given && !use)
        return unused(s, in, "second_gradient", err);
    if ((needs_now(s) & NEED_SECOND_GRADIENT) && !given)
        return needs(s, in, "second_gradient", "the gradient at its second point", err);
    if (!given)
        return ERR_OK;
    return arrange(s, in, "second_gradient", -1, &in->second_gradient, scratch,
                   &ret->second_gradient, err);
}

enum err_code input_read(const struct session *s, const struct step_input *in,
                         struct arena *scratch, struct input *ret, struct err *err)
{
    struct input input = {.h = s->h, .loss = in->has_loss ? in->loss : NAN};
    enum err_code gradient = read_gradient(s, in, scratch, &input, err);
    enum err_code hessian = read_hessian(s, in, scratch, &input, err);
    enum err_code second = read_second(s, in, scratch, &input, err);
    enum err_code loss = ERR_OK;
    if ((needs_now(s) & NEED_LOSS) && !in->has_loss)
        loss = needs(s, in, "loss", "a loss", err);
    else if (s->schedules && s->schedules->needs_loss && !in->has_loss)
        loss = err_add(err, ERR_NEEDS, input_pointer(in, "loss").text,
                       "the schedule follows the loss: every step has to carry one");
    if (gradient || hessian || second || loss)
        return gradient ? gradient : hessian ? hessian : second ? second : loss;
    *ret = input;
    return ERR_OK;
}

/* ---- finiteness ---- */

/* n² was the size of a decoded matrix: it does not overflow. */
static size_t hessian_nonfinite(const struct session *s, const struct input *input)
{
    return numbers_nonfinite(input->hessian, s->view.n * s->view.n);
}

bool input_finite(const struct session *s, const struct step_input *in, const struct input *input)
{
    size_t n = s->view.n;
    if (input->g && numbers_nonfinite(input->g, n) < n)
        return false;
    if (in->has_loss && !isfinite(input->loss))
        return false;
    if (input->hessian && hessian_nonfinite(s, input) < n * n)
        return false;
    if (input->second_gradient && numbers_nonfinite(input->second_gradient, n) < n)
        return false;
    return !input->hessian_diagonal || numbers_nonfinite(input->hessian_diagonal, n) == n;
}

static enum err_code refuse(const char *pointer, double value, struct err *err)
{
    return err_add(err, ERR_NONFINITE, pointer, "%g is not finite", value);
}

static bool refuse_values(const struct values *v, struct pointer at, struct err *err)
{
    size_t i = numbers_nonfinite(v->data, v->n);
    if (i < v->n)
        refuse(pointer_to_number(at.text, v, i).text, v->data[i], err);
    return i < v->n;
}

static void refuse_gradient(const struct session *s, const struct step_input *in,
                            const struct input *input, struct err *err)
{
    if (in->gradient.count > 0)
        refuse_values(&in->gradient, input_pointer(in, "gradient"), err);
    if (!in->gradients || numbers_nonfinite(input->g, s->view.n) == s->view.n)
        return;
    bool found = false;
    for (size_t i = 0; !found && i < in->gradient_count; i++)
        found = refuse_values(&in->gradients[i], item_pointer(in, "gradients", i), err);
    if (!found)
        err_add(err, ERR_NONFINITE, input_pointer(in, "gradients").text,
                "the reduced gradient is not finite");
}

enum err_code input_refuse(const struct session *s, const struct step_input *in,
                           const struct input *input, struct err *err)
{
    size_t n = s->view.n;
    refuse_gradient(s, in, input, err);
    if (in->has_loss && !isfinite(input->loss))
        refuse(input_pointer(in, "loss").text, input->loss, err);
    if (in->hessian_diagonal.count > 0)
        refuse_values(&in->hessian_diagonal, input_pointer(in, "hessian_diagonal"), err);
    if (in->second_gradient.count > 0)
        refuse_values(&in->second_gradient, input_pointer(in, "second_gradient"), err);
    size_t i = input->hessian ? hessian_nonfinite(s, input) : n * n;
    if (input->hessian && i < n * n) {
        struct pointer p = item_pointer(in, "hessian", i / n);
        pointer_add_index(&p, i % n);
        refuse(p.text, input->hessian[i], err);
    }
    return ERR_NONFINITE;
}
