/* Sparse gradients: the rows that a step's `indices` name, along the first dimension of each
 * tensor.
 *
 * For one tensor indices are a list ([0, 17]), for named ones an object ({"E": [0, 17]}); a tensor
 * that is not named has no row. */
#include "session/input.h"

#include <string.h>

/* The indices of tensor `k`, NULL where it has none. */
static const struct tensor *rows_of(const struct session *s, const struct values *indices, int k)
{
    if (!s->named)
        return &indices->tensors[0];
    for (int i = 0; i < indices->count; i++) {
        if (strcmp(indices->tensors[i].name, s->tensors[k].name) == 0)
            return &indices->tensors[i];
    }
    return NULL;
}

static int64_t row_count(const struct tensor *x)
{
    return x->rank > 0 ? x->shape[0] : 1;
}

static bool has_tensor(const struct session *s, const char *name)
{
    for (int k = 0; k < s->tensor_count; k++) {
        if (strcmp(s->tensors[k].name, name) == 0)
            return true;
    }
    return false;
}

/* Every index is a whole number below the number of rows, and every name is a tensor's. */
static enum err_code check(const struct session *s, const struct step_input *in, struct err *err)
{
    const struct values *v = &in->indices;
    struct pointer p = input_pointer(in, "indices");
    int before = err->count + err->omitted, found = 0;
    if (v->named != s->named)
        return err_add(err, ERR_VALIDATION, p.text,
                       s->named ? "expected an object: tensor name to a list of rows"
                                : "expected a list of rows");
    for (int k = 0; k < s->tensor_count; k++) {
        const struct tensor *rows = rows_of(s, v, k);
        found += rows != NULL;
        for (size_t i = 0; rows && i < rows->count; i++) {
            double x = v->data[rows->offset + i];
            if (!(x >= 0 && x < (double)row_count(&s->tensors[k]) && x == floor(x)))
                err_add(err, ERR_VALIDATION, pointer_to_number(p.text, v, rows->offset + i).text,
                        "expected a row from 0 to %lld", (long long)row_count(&s->tensors[k]) - 1);
        }
    }
    for (int i = 0; i < v->count && found != v->count; i++) {
        if (!has_tensor(s, v->tensors[i].name))
            values_unknown(s, p.text, &v->tensors[i], err);
    }
    return err->count + err->omitted == before ? ERR_OK : ERR_VALIDATION;
}

/* Adds the rows of tensor `k`, which stand in `data`, to their places. */
static void scatter(const struct session *s, const struct values *indices, int k,
                    const double *data, double *g)
{
    const struct tensor *x = &s->tensors[k], *rows = rows_of(s, indices, k);
    size_t each = x->count / (size_t)row_count(x), count = rows ? rows->count : 0;
    for (size_t i = 0; i < count; i++) {
        double *to = g + x->offset + (size_t)indices->data[rows->offset + i] * each;
        for (size_t j = 0; j < each; j++)
            to[j] += data[i * each + j];
    }
}

static void mark(const struct session *s, const struct values *indices, bool *touched)
{
    for (int k = 0; k < s->tensor_count; k++) {
        const struct tensor *x = &s->tensors[k], *rows = rows_of(s, indices, k);
        size_t each = x->count / (size_t)row_count(x);
        for (size_t i = 0; rows && i < rows->count; i++)
            memset(touched + x->offset + (size_t)indices->data[rows->offset + i] * each, true,
                   each);
    }
}

/* The numbers of tensor `k` in the gradient; NULL where it has none. */
static const struct tensor *given_of(const struct session *s, const struct values *v, int k)
{
    return v->named == s->named ? rows_of(s, v, k) : NULL;
}

/* How many numbers the named rows of tensor `k` have. */
static size_t wanted_of(const struct session *s, const struct step_input *in, int k)
{
    const struct tensor *x = &s->tensors[k], *rows = rows_of(s, &in->indices, k);
    return rows ? rows->count * (x->count / (size_t)row_count(x)) : 0;
}

/* Whether the gradient may be one of just the named rows. One that has as many rows as the tensor
 * is: where the indices rise by one, both readings are the same. */
static bool is_of_rows(const struct session *s, const struct step_input *in)
{
    bool ret = true;
    for (int k = 0; k < s->tensor_count && ret; k++) {
        const struct tensor *given = given_of(s, &in->gradient, k);
        ret = (given ? given->count : 0) == wanted_of(s, in, k);
    }
    return ret;
}

/* A gradient of just the named rows. */
static enum err_code gather(const struct session *s, const struct step_input *in, double *g,
                            struct err *err)
{
    for (int k = 0; k < s->tensor_count; k++) {
        const struct tensor *x = &s->tensors[k], *given = given_of(s, &in->gradient, k);
        size_t want = wanted_of(s, in, k);
        if ((given ? given->count : 0) != want)
            return err_add(err, ERR_VALIDATION, input_pointer(in, "gradient").text,
                           "expected the form of the parameters, or %zu numbers for the rows of "
                           "indices%s%s, given %zu",
                           want, s->named ? " of " : "", x->name, given ? given->count : 0);
        if (given)
            scatter(s, &in->indices, k, in->gradient.data + given->offset, g);
    }
    return ERR_OK;
}

enum err_code sparse_read(const struct session *s, const struct step_input *in,
                          struct arena *scratch, const double **ret_g, const bool **ret_touched,
                          struct err *err)
{
    enum err_code code = check(s, in, err);
    if (code)
        return code;
    bool *touched = arena_zalloc(scratch, s->view.n, sizeof *touched);
    double *g = arena_zalloc(scratch, s->view.n, sizeof *g);
    if (!touched || !g)
        return err_add(err, ERR_MEMORY, "", "no memory for a step");
    mark(s, &in->indices, touched);
    *ret_touched = touched;
    *ret_g = in->gradient.data;
    if (values_same_order(s, &in->gradient) && !is_of_rows(s, in))
        return ERR_OK;
    *ret_g = g;
    return gather(s, in, g, err);
}
