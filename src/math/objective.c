/* The registry of objectives, and the way from what a client gave to a specification.
 *
 * gen/objectives.h lists the files of math/objective/ (sorted); the Makefile makes it, so that a
 * new objective is one new file. */
#include "math/objective.h"
#include "math/names.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define X(name) extern const struct objective objective_##name;
#include "objectives.h"
#undef X

#define X(name) &objective_##name,
static const struct objective *const registry[] = {
#include "objectives.h"
};
#undef X

int objective_count(void)
{
    return (int)(sizeof registry / sizeof *registry);
}

const struct objective *objective_at(int i)
{
    return i >= 0 && i < objective_count() ? registry[i] : NULL;
}

const struct objective *objective_find(const char *name)
{
    for (int i = 0; i < objective_count(); i++) {
        if (strcmp(registry[i]->name, name) == 0)
            return registry[i];
    }
    return NULL;
}

static struct named named_at(int i)
{
    return (struct named){registry[i]->name, registry[i]->title, NULL};
}

const char *objective_meant(const char *given)
{
    return names_meant(given, named_at, objective_count());
}

static enum err_code no_memory(struct err *err)
{
    return err_add(err, ERR_MEMORY, NULL, "no memory for the objective");
}

/* ---- names -------------------------------------------------------------------------------- */

/* What every model takes besides its own options. */
static const struct array_option data_arrays[] = {{"x", 2, NULL}, {"y", 1, NULL}, {.name = NULL}};
static const char *const data_names[] = {"x", "y", "dataset", "batch_size", "seed"};
enum { DATA_NAMES = sizeof data_names / sizeof *data_names };

static int array_find(const struct array_option *table, const char *name)
{
    for (int i = 0; table && table[i].name; i++) {
        if (strcmp(table[i].name, name) == 0)
            return i;
    }
    return -1;
}

/* Candidates of a suggestion: options, arrays, and a model's names. NULL beyond. */
static const char *candidate(const void *table, int i)
{
    const struct objective *o = table;
    int options = hyper_count(o->hypers), arrays = 0;
    while (o->arrays && o->arrays[arrays].name)
        arrays++;
    if (i < options)
        return o->hypers[i].name;
    if (i < options + arrays)
        return o->arrays[i - options].name;
    i -= options + arrays;
    return o->model && i < DATA_NAMES ? data_names[i] : NULL;
}

/* A name that means nothing here. One that belongs to data is told as such. */
static enum err_code unknown(const struct objective *o, const char *prefix, const char *name,
                             struct err *err)
{
    int count = 0;
    while (candidate(o, count))
        count++;
    for (int i = 0; i < DATA_NAMES; i++) {
        if (strcmp(data_names[i], name) == 0)
            return hyper_refuse(prefix, name, err,
                                o->model ? "%s is given in another form" : "%s has no data",
                                o->model ? name : o->name);
    }
    hyper_refuse(prefix, name, err, "%s has no option \"%.80s\"", o->name, name);
    err_suggest(err, err_nearest(name, candidate, o, count));
    return ERR_VALIDATION;
}

/* ---- single values ------------------------------------------------------------------------ */

struct making {
    const struct objective_given *given;
    const char *prefix;
    struct arena *arena;
    struct objective_spec *spec;
    struct err *err;
    enum err_code code; /* of the first violation */
};

static void note(struct making *m, enum err_code code)
{
    if (m->code == ERR_OK)
        m->code = code;
}

/* Adds an argument that follows from elsewhere, where the client gave none. */
static void imply(const struct making *m, struct hyper_arg *args, size_t *count, const char *name,
                  enum hyper_arg_kind kind, double value)
{
    int row = hyper_find(m->spec->objective->hypers, name);
    if (row >= 0 && !m->spec->given[row])
        args[(*count)++] = (struct hyper_arg){.name = name, .kind = kind, .number = value};
}

static void take_values(struct making *m)
{
    const struct objective_given *q = m->given;
    const struct hyper *table = m->spec->objective->hypers;
    struct hyper_arg *args = arena_alloc(m->arena, (q->arg_count + 2) * sizeof *args);
    size_t count = 0;
    if (!args) {
        note(m, no_memory(m->err));
        return;
    }
    for (size_t i = 0; i < q->arg_count; i++) {
        int row = hyper_find(table, q->args[i].name);
        if (row >= 0) {
            m->spec->given[row] = q->args[i].kind != ARG_NULL;
            args[count++] = q->args[i];
        } else if (q->args[i].kind != ARG_NULL) {
            note(m, unknown(m->spec->objective, m->prefix, q->args[i].name, m->err));
        }
    }
    if (q->dimension > 0)
        imply(m, args, &count, "dimension", ARG_NUMBER, (double)q->dimension);
    if (m->spec->data.name)
        imply(m, args, &count, "standardize", ARG_BOOL, 1);
    note(m, hyper_resolve(table, PROFILE_TORCH, m->spec->objective->name, m->prefix, args, count,
                          m->spec->h, m->err));
}

/* ---- lists and matrices ------------------------------------------------------------------- */

/* Whether it has the rank that its option asks for, and finite numbers only. */
static enum err_code check_array(const struct making *m, const struct array_given *a, int rank)
{
    static const char *const forms[] = {"", "a list of numbers", "a list of lists of numbers"};
    if (a->rank != rank)
        return hyper_refuse(m->prefix, a->name, m->err, "%s has to be %s", a->name, forms[rank]);
    for (size_t i = 0; i < a->rows * a->columns; i++) {
        char name[64];
        if (isfinite(a->data[i]))
            continue;
        if (rank == 2)
            snprintf(name, sizeof name, "%s/%zu/%zu", a->name, i / a->columns, i % a->columns);
        else
            snprintf(name, sizeof name, "%s/%zu", a->name, i);
        return hyper_refuse(m->prefix, name, m->err, "a number here has to be finite");
    }
    return ERR_OK;
}

/* The one given under `name`; NULL: none. */
static const struct array_given *array_of(const struct objective_given *q, const char *name)
{
    for (size_t i = 0; i < q->array_count; i++) {
        if (strcmp(q->arrays[i].name, name) == 0)
            return &q->arrays[i];
    }
    return NULL;
}

static void take_arrays(struct making *m)
{
    const struct objective *o = m->spec->objective;
    for (size_t i = 0; i < m->given->array_count; i++) {
        const struct array_given *a = &m->given->arrays[i];
        int own = array_find(o->arrays, a->name);
        int data = o->model ? array_find(data_arrays, a->name) : -1;
        int row = hyper_find(o->hypers, a->name);
        if (own >= 0) {
            note(m, check_array(m, a, o->arrays[own].rank));
            m->spec->array[own] = *a;
        } else if (data >= 0) {
            note(m, check_array(m, a, data_arrays[data].rank));
        } else if (row >= 0) {
            note(m, hyper_refuse(m->prefix, a->name, m->err, "%s is a single value", a->name));
        } else {
            note(m, unknown(o, m->prefix, a->name, m->err));
        }
    }
}

/* ---- data --------------------------------------------------------------------------------- */

static const char *dataset_name(const void *table, int i)
{
    (void)table;
    return dataset_at(i)->name;
}

static void take_dataset(struct making *m, const char *name)
{
    const struct dataset *found = m->given->data ? m->given->data : dataset_find(name);
    if (found) {
        m->spec->data = *found;
        m->spec->data.name = name;
        return;
    }
    note(m, hyper_refuse(m->prefix, "dataset", m->err, "no data set is called \"%.80s\"", name));
    err_suggest(m->err, err_nearest(name, dataset_name, NULL, dataset_count()));
}

static void take_xy(struct making *m, const struct array_given *x, const struct array_given *y)
{
    if (!x || !y) {
        note(m, hyper_refuse(m->prefix, x ? "y" : "x", m->err,
                             "x and y belong together: the features and a target for each row"));
        return;
    }
    if (x->rank != 2 || y->rank != 1)
        return; /* told already */
    if (x->rows == 0 || x->columns == 0 || x->rows > INT_MAX || x->columns > INT_MAX)
        note(m, hyper_refuse(m->prefix, "x", m->err, "x needs a row and a column at least"));
    else if (x->rows != y->rows)
        note(m, hyper_refuse(m->prefix, "y", m->err, "%zu targets for %zu rows of x", y->rows,
                             x->rows));
    m->spec->data =
        (struct dataset){.rows = x->rows, .columns = x->columns, .x = x->data, .y = y->data};
}

static void take_batch(struct making *m)
{
    const struct objective_given *q = m->given;
    const size_t rows = m->spec->data.rows;
    size_t size = q->batch_size >= 0 ? (size_t)q->batch_size : 0;
    if (size > rows && rows > 0)
        note(m, hyper_refuse(m->prefix, "batch_size", m->err,
                             "a batch of %zu; the data have %zu rows", size, rows));
    m->spec->batch_given = q->batch_size >= 0;
    m->spec->sampling = (struct sampling){size, q->seed >= 0 ? (uint64_t)q->seed : 0};
}

static void take_data(struct making *m)
{
    const struct objective_given *q = m->given;
    const struct objective *o = m->spec->objective;
    const struct array_given *x = array_of(q, "x"), *y = array_of(q, "y");
    if (!o->model) {
        if (q->dataset || q->batch_size >= 0 || q->seed >= 0)
            note(m, unknown(o, m->prefix,
                            q->dataset           ? "dataset"
                            : q->batch_size >= 0 ? "batch_size"
                                                 : "seed",
                            m->err));
        return;
    }
    if ((x || y) && q->dataset)
        note(m, hyper_refuse(m->prefix, "dataset", m->err,
                             "either a data set by its name, or x and y"));
    else if (x || y)
        take_xy(m, x, y);
    else
        take_dataset(m, q->dataset ? q->dataset : o->dataset);
    take_batch(m);
}

/* The features as the model sees them; after the options are resolved. */
static void scale_data(struct making *m)
{
    struct objective_spec *s = m->spec;
    int row = hyper_find(s->objective->hypers, "standardize");
    s->x = s->data.x;
    s->y = s->data.y;
    s->outputs = 1;
    if (row < 0 || s->h[row] == 0)
        return;
    double *x = arena_alloc(m->arena, s->data.rows * s->data.columns * sizeof *x);
    if (!x) {
        note(m, no_memory(m->err));
        return;
    }
    dataset_standardize(s->data.x, s->data.rows, s->data.columns, x);
    s->x = x;
}

/* ---- making ------------------------------------------------------------------------------- */

/* A function's parameters are one list without a name. */
static void shape_function(struct making *m)
{
    struct objective_spec *s = m->spec;
    int row = hyper_find(s->objective->hypers, "dimension");
    s->n = row >= 0 ? (size_t)s->h[row] : s->objective->dimension;
}

static enum err_code finish(struct making *m)
{
    struct objective_spec *s = m->spec;
    if (s->n > OBJECTIVE_PARAMETERS)
        return err_add(m->err, ERR_VALIDATION, m->prefix, "%zu parameters; at most %d", s->n,
                       OBJECTIVE_PARAMETERS);
    if (!s->objective->model && s->objective->dimension == 0 && m->given->dimension > 0 &&
        s->n != m->given->dimension)
        return hyper_refuse(m->prefix, "dimension", m->err,
                            "%zu parameters by the options, but %zu by the point", s->n,
                            m->given->dimension);
    if (!isfinite(s->curvature))
        s->curvature = NAN;
    if (s->tensors)
        return ERR_OK;
    s->tensors = arena_zalloc(m->arena, 1, sizeof *s->tensors);
    if (!s->tensors)
        return no_memory(m->err);
    s->tensors[0] = (struct tensor){
        .name = "", .rank = 1, .shape = {(int64_t)s->n}, .count = s->n, .form = TENSOR_NESTED};
    s->tensor_count = 1;
    return ERR_OK;
}

static enum err_code unknown_objective(const struct objective_given *given, const char *prefix,
                                       struct err *err)
{
    if (!given->name)
        return hyper_refuse(prefix, "name", err, "an objective has a name");
    const char *meant = objective_meant(given->name);
    hyper_refuse(prefix, "name", err, "no objective is called \"%.80s\"%s", given->name,
                 meant ? "" : "; GET /v1/objectives lists them");
    err_suggest(err, meant);
    return ERR_VALIDATION;
}

enum err_code objective_make(const struct objective_given *given, const char *prefix,
                             struct arena *a, struct objective_spec **ret_spec, struct err *err)
{
    const struct objective *o = given->name ? objective_find(given->name) : NULL;
    if (!o)
        return unknown_objective(given, prefix, err);
    struct objective_spec *s = arena_zalloc(a, 1, sizeof *s);
    struct making m = {given, prefix, a, s, err, ERR_OK};
    if (!s)
        return no_memory(err);
    s->objective = o;
    s->curvature = o->curvature > 0 ? o->curvature : NAN;
    take_arrays(&m);
    take_data(&m);
    take_values(&m);
    if (m.code == ERR_OK && o->model)
        scale_data(&m);
    else if (m.code == ERR_OK)
        shape_function(&m);
    if (m.code == ERR_OK && o->prepare)
        m.code = o->prepare(s, a, prefix, err);
    if (m.code == ERR_OK)
        m.code = finish(&m);
    if (m.code == ERR_OK)
        *ret_spec = s;
    return m.code;
}

/* ---- evaluating --------------------------------------------------------------------------- */

/* Puts the rows of a batch one after the other. */
static enum err_code gather(struct evaluation *e, uint64_t step, struct err *err)
{
    const struct objective_spec *s = e->spec;
    const size_t size = s->sampling.batch_size, columns = s->data.columns;
    size_t *rows = arena_alloc(e->scratch, size * sizeof *rows);
    double *x = arena_alloc(e->scratch, size * columns * sizeof *x);
    double *y = arena_alloc(e->scratch, size * sizeof *y);
    if (!rows || !x || !y)
        return err_add(err, ERR_MEMORY, NULL, "no memory for a batch of %zu samples", size);
    e->rows = sampling_rows(&s->sampling, s->data.rows, step, rows);
    for (size_t i = 0; i < e->rows; i++) {
        memcpy(x + i * columns, s->x + rows[i] * columns, columns * sizeof *x);
        y[i] = s->y[rows[i]];
    }
    e->x = x;
    e->y = y;
    return ERR_OK;
}

enum err_code objective_evaluate(const struct objective_spec *s, const double *w, uint64_t step,
                                 double *ret_loss, double *ret_gradient, double *ret_hessian,
                                 struct arena *scratch, struct err *err)
{
    struct evaluation e = {.spec = s,
                           .w = w,
                           .x = s->x,
                           .y = s->y,
                           .rows = s->data.rows,
                           .ret_loss = ret_loss,
                           .ret_gradient = ret_gradient,
                           .ret_hessian = ret_hessian,
                           .scratch = scratch};
    if (ret_hessian && !s->objective->has_hessian)
        return err_add(err, ERR_VALIDATION, "#/hessian", "%s has no Hessian here",
                       s->objective->name);
    if (s->objective->model && step > 0 && s->sampling.batch_size > 0) {
        enum err_code code = gather(&e, step, err);
        if (code)
            return code;
    }
    return s->objective->evaluate(&e, err);
}

double objective_cost(const struct objective_spec *s, uint64_t step)
{
    double cost = (double)s->n, size = (double)s->sampling.batch_size;
    for (int i = 0; i < OBJECTIVE_ARRAYS; i++)
        cost += (double)s->array[i].rows * (double)s->array[i].columns;
    if (s->objective->model)
        cost *= step > 0 && size > 0 ? size : (double)s->data.rows;
    return cost;
}

/* ---- known points ------------------------------------------------------------------------- */

static int points(const struct objective_point *table)
{
    int count = 0;
    while (table && table[count].count)
        count++;
    return count;
}

static void fill(const struct objective_point *p, size_t n, double *ret_w)
{
    for (size_t i = 0; i < n; i++)
        ret_w[i] = p->at[i % (size_t)p->count];
}

int objective_starts(const struct objective_spec *s)
{
    int count = points(s->objective->starts);
    return count > 0 ? count : 1;
}

void objective_start(const struct objective_spec *s, int k, double *ret_w)
{
    if (s->objective->start)
        s->objective->start(s, ret_w);
    else if (s->objective->starts)
        fill(&s->objective->starts[k], s->n, ret_w);
    else
        memset(ret_w, 0, s->n * sizeof *ret_w);
}

bool objective_minimum(const struct objective_spec *s, int k, double *ret_w, double *ret_loss,
                       struct arena *scratch)
{
    const struct objective *o = s->objective;
    if (o->minimum)
        return k == 0 && o->minimum(s, ret_w, ret_loss, scratch);
    if (k < 0 || k >= points(o->minima))
        return false;
    fill(&o->minima[k], s->n, ret_w);
    *ret_loss = o->minima[k].value + (double)s->n * o->minima[k].value_each;
    return true;
}
