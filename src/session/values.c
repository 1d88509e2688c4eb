/* Numbers that a client sent, against the form that a session has.
 *
 * The tensors of an object may come in any order, since the order of an object's members means
 * nothing in JSON. The usual case, the same order as at creation, is compared in one pass and used
 * in place; the other one is matched by name through two sorted lists. */
#include "math/vector.h"
#include "session/parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t numbers_nonfinite(const double *x, size_t n)
{
    if (vector_ops()->finite(x, n))
        return n;
    size_t i = 0;
    while (i < n && isfinite(x[i]))
        i++;
    return i;
}

size_t numbers_overflow32(const double *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (isfinite(x[i]) && isinf((float)x[i]))
            return i;
    }
    return n;
}

enum { SHAPE_LEN = 200 };

static const char *shape_text(const struct tensor *x, char text[SHAPE_LEN])
{
    if (x->rank == 0)
        return "a number";
    int at = snprintf(text, SHAPE_LEN, "shape [");
    for (int d = 0; d < x->rank; d++)
        at += snprintf(text + at, (size_t)(SHAPE_LEN - at), d ? ", %lld" : "%lld",
                       (long long)x->shape[d]);
    snprintf(text + at, (size_t)(SHAPE_LEN - at), "]");
    return text;
}

static bool same_shape(const struct tensor *a, const struct tensor *b)
{
    if (a->rank != b->rank)
        return false;
    for (int d = 0; d < a->rank; d++) {
        if (a->shape[d] != b->shape[d])
            return false;
    }
    return true;
}

struct values session_values(const struct session *s, const double *data)
{
    return (struct values){.named = s->named,
                           .count = s->tensor_count,
                           .tensors = s->tensors,
                           .data = data,
                           .n = s->view.n};
}

bool values_same_order(const struct session *s, const struct values *v)
{
    if (v->loose)
        return v->n == s->view.n;
    if (s->named != v->named || s->tensor_count != v->count)
        return false;
    for (int i = 0; i < v->count; i++) {
        if (!same_shape(&s->tensors[i], &v->tensors[i]) ||
            (s->named && strcmp(s->tensors[i].name, v->tensors[i].name) != 0))
            return false;
    }
    return true;
}

static const char *tensor_name_at(const void *table, int i)
{
    return ((const struct tensor *)table)[i].name;
}

static enum err_code add_at(const char *pointer, const struct tensor *x, bool named,
                            const char *detail, struct err *err)
{
    struct pointer p = pointer_to(pointer);
    if (named)
        pointer_add(&p, x->name);
    return err_add(err, ERR_VALIDATION, p.text, "%s", detail);
}

static enum err_code wrong_shape(const char *pointer, const struct tensor *mine,
                                 const struct tensor *given, bool named, struct err *err)
{
    char expected[SHAPE_LEN], got[SHAPE_LEN], detail[2 * SHAPE_LEN + 32];
    snprintf(detail, sizeof detail, "expected %s as in the parameters, given %s",
             shape_text(mine, expected), shape_text(given, got));
    return add_at(pointer, given, named, detail, err);
}

static enum err_code missing(const char *pointer, const struct tensor *mine, struct err *err)
{
    char shape[SHAPE_LEN], detail[SHAPE_LEN + 64];
    snprintf(detail, sizeof detail, "this tensor is missing; the session has it as %s",
             shape_text(mine, shape));
    return add_at(pointer, mine, true, detail, err);
}

enum err_code values_unknown(const struct session *s, const char *pointer,
                             const struct tensor *given, struct err *err)
{
    enum err_code code =
        add_at(pointer, given, true, "the session has no tensor of this name", err);
    /* Beyond the violations that are kept, a search would be work for nothing. */
    if (err && err->omitted == 0)
        err_suggest(err, err_nearest(given->name, tensor_name_at, s->tensors, s->tensor_count));
    return code;
}

static enum err_code other_structure(const struct session *s, const struct values *v,
                                     const char *pointer, struct err *err)
{
    char shape[SHAPE_LEN];
    if (s->named)
        return err_add(err, ERR_VALIDATION, pointer,
                       "expected an object of %d named tensors as in the parameters, given %s",
                       s->tensor_count, shape_text(&v->tensors[0], shape));
    return err_add(err, ERR_VALIDATION, pointer,
                   "expected %s as in the parameters, given an object of named tensors",
                   shape_text(&s->tensors[0], shape));
}

static int by_name(const void *a, const void *b)
{
    const struct tensor *const *x = a, *const *y = b;
    return strcmp((*x)->name, (*y)->name);
}

static const struct tensor **sorted(const struct tensor *tensors, int count, struct arena *a)
{
    const struct tensor **list = arena_alloc(a, (size_t)count * sizeof *list);
    if (!list)
        return NULL;
    for (int i = 0; i < count; i++)
        list[i] = &tensors[i];
    qsort(list, (size_t)count, sizeof *list, by_name);
    return list;
}

/* Walks both sorted lists side by side. ret_given[i] becomes the tensor for the session's i-th. */
static enum err_code match_names(const struct session *s, const struct values *v,
                                 const char *pointer, struct arena *scratch,
                                 const struct tensor **ret_given, struct err *err)
{
    const struct tensor **mine = sorted(s->tensors, s->tensor_count, scratch);
    const struct tensor **given = sorted(v->tensors, v->count, scratch);
    if (!mine || !given)
        return err_add(err, ERR_MEMORY, "", "no memory to match %d tensors", v->count);
    enum err_code code = ERR_OK;
    int i = 0, k = 0;
    while (i < s->tensor_count || k < v->count) {
        int order = i == s->tensor_count ? 1 : k == v->count ? -1 : by_name(&mine[i], &given[k]);
        if (order < 0)
            code = missing(pointer, mine[i++], err);
        else if (order > 0)
            code = values_unknown(s, pointer, given[k++], err);
        else {
            if (!same_shape(mine[i], given[k]))
                code = wrong_shape(pointer, mine[i], given[k], true, err);
            ret_given[mine[i++] - s->tensors] = given[k++];
        }
    }
    return code;
}

/* The order differs, or something is wrong. */
static enum err_code arrange_slow(const struct session *s, const struct values *v,
                                  const char *pointer, struct arena *scratch,
                                  const double **ret_data, struct err *err)
{
    if (v->loose)
        return err_add(err, ERR_VALIDATION, pointer, "expected %zu numbers, given %zu", s->view.n,
                       v->n);
    if (s->named != v->named)
        return other_structure(s, v, pointer, err);
    if (!s->named)
        return wrong_shape(pointer, &s->tensors[0], &v->tensors[0], false, err);
    const struct tensor **given = arena_alloc(scratch, (size_t)s->tensor_count * sizeof *given);
    double *data = arena_alloc(scratch, s->view.n * sizeof *data);
    if (!given || !data)
        return err_add(err, ERR_MEMORY, "", "no memory to put %d tensors in order", v->count);
    enum err_code code = match_names(s, v, pointer, scratch, given, err);
    if (code)
        return code;
    for (int i = 0; i < s->tensor_count; i++)
        memcpy(data + s->tensors[i].offset, v->data + given[i]->offset,
               given[i]->count * sizeof *data);
    *ret_data = data;
    return ERR_OK;
}

enum err_code values_arrange(const struct session *s, const struct values *v, const char *pointer,
                             struct arena *scratch, const double **ret_data, struct err *err)
{
    if (!values_same_order(s, v))
        return arrange_slow(s, v, pointer, scratch, ret_data, err);
    *ret_data = v->data;
    return ERR_OK;
}

void values_copy(const struct values *v, double *to)
{
    if (!v->single) {
        memcpy(to, v->data, v->n * sizeof *to);
        return;
    }
    for (size_t i = 0; i < v->n; i++)
        to[i] = (double)v->single[i];
}

enum err_code values_match(const struct session *s, const struct values *v, const char *pointer,
                           struct err *err)
{
    if (values_same_order(s, v))
        return ERR_OK;
    struct arena scratch;
    const double *data;
    arena_init(&scratch);
    enum err_code code = arrange_slow(s, v, pointer, &scratch, &data, err);
    arena_close(&scratch);
    return code;
}

/* The decoder's promise: tensors lie one after the other and fill `data`. */
static void require_dense(const struct values *v)
{
    size_t at = 0;
    bool dense = v->named || v->count == 1;
    for (int i = 0; i < v->count; i++) {
        const struct tensor *x = &v->tensors[i];
        size_t count = 1;
        for (int d = 0; d < x->rank; d++)
            count *= (size_t)x->shape[d];
        dense = dense && x->offset == at && x->count == count;
        at += x->count;
    }
    if (!dense || at != v->n) {
        fprintf(stderr, "stepd: decoded tensors do not fill their numbers\n");
        abort();
    }
}

static enum err_code check_unique(const struct values *v, const char *pointer, struct err *err)
{
    struct arena scratch;
    enum err_code code = ERR_OK;
    arena_init(&scratch);
    const struct tensor **list = sorted(v->tensors, v->count, &scratch);
    if (!list)
        code = err_add(err, ERR_MEMORY, "", "no memory to check %d tensors", v->count);
    for (int i = 1; list && i < v->count; i++) {
        if (by_name(&list[i - 1], &list[i]) == 0)
            code = add_at(pointer, list[i], true, "two tensors have this name", err);
    }
    arena_close(&scratch);
    return code;
}

enum err_code values_check(const struct values *v, const char *pointer, struct err *err)
{
    enum err_code code = ERR_OK;
    if (v->count == 0)
        return err_add(err, ERR_VALIDATION, pointer,
                       "parameters are missing: a number, a list, or an object of tensors");
    require_dense(v);
    for (int i = 0; i < v->count; i++) {
        const struct tensor *x = &v->tensors[i];
        if (x->count == 0)
            code = add_at(pointer, x, v->named, "a tensor without numbers", err);
        if (v->named && x->name[0] == '\0')
            code = err_add(err, ERR_VALIDATION, pointer, "a tensor's name is empty");
        if (strlen(x->name) > TENSOR_NAME_LEN)
            code = add_at(pointer, x, v->named, "a tensor's name has more than 128 bytes", err);
    }
    return v->named && check_unique(v, pointer, err) ? ERR_VALIDATION : code;
}

enum err_code values_check_numbers(const struct values *v, enum dtype dtype, enum on_nonfinite on,
                                   const char *pointer, struct err *err)
{
    size_t i = on == NONFINITE_ALLOW ? v->n : numbers_nonfinite(v->data, v->n);
    if (i < v->n)
        return err_add(err, ERR_VALIDATION, pointer_to_number(pointer, v, i).text,
                       "%g is not finite; on_nonfinite: allow would take it", v->data[i]);
    i = dtype == DTYPE_FLOAT32 ? numbers_overflow32(v->data, v->n) : v->n;
    if (i < v->n)
        return err_add(err, ERR_VALIDATION, pointer_to_number(pointer, v, i).text,
                       "%.17g is too large for float32", v->data[i]);
    return ERR_OK;
}
