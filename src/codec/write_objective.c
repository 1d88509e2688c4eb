/* Specifications of objectives, and what was computed with them. */
#include "codec/json_write.h"
#include "codec/objective.h"

#include <math.h>

static void write_rows(struct writer *w, const double *data, size_t rows, size_t columns)
{
    write_array(w);
    for (size_t i = 0; i < rows; i++)
        write_numbers(w, DTYPE_FLOAT64, data + i * columns, columns);
    write_end(w);
}

static void write_given(struct writer *w, const struct array_given *a)
{
    write_key(w, a->name);
    if (a->rank == 2)
        write_rows(w, a->data, a->rows, a->columns);
    else
        write_numbers(w, DTYPE_FLOAT64, a->data, a->rows);
}

/* Data by their name; where they have none whole, or just their size. */
void write_batch_size(struct writer *w, size_t size)
{
    write_key(w, "batch_size");
    if (size > 0)
        write_int(w, (int64_t)size);
    else
        write_string(w, "full");
}

static void write_data(struct writer *w, const struct objective_spec *s, bool whole)
{
    if (s->data.name) {
        write_string_field(w, "dataset", s->data.name);
    } else if (whole) {
        write_key(w, "x");
        write_rows(w, s->data.x, s->data.rows, s->data.columns);
        write_key(w, "y");
        write_numbers(w, DTYPE_FLOAT64, s->data.y, s->data.rows);
    } else {
        write_int_field(w, "rows", (int64_t)s->data.rows);
        write_int_field(w, "columns", (int64_t)s->data.columns);
    }
    write_batch_size(w, s->sampling.batch_size);
    write_int_field(w, "seed", (int64_t)s->sampling.seed);
}

void write_objective(struct writer *w, const struct objective_spec *s, bool whole)
{
    const struct objective *o = s->objective;
    write_object(w);
    write_string_field(w, "name", o->name);
    for (int i = 0; o->hypers[i].name; i++) {
        if (isnan(s->h[i])) /* another option took its place */
            continue;
        write_key(w, o->hypers[i].name);
        write_hyper(w, &o->hypers[i], s->h[i]);
    }
    for (int i = 0; o->arrays && o->arrays[i].name; i++) {
        if (s->array[i].data)
            write_given(w, &s->array[i]);
    }
    if (o->model)
        write_data(w, s, whole);
    write_end(w);
}

void json_write_objective(struct buf *out, const struct objective_spec *s)
{
    struct writer w = writer_to(out);
    write_objective(&w, s, true);
}

/* ---- losses at points -------------------------------------------------------------------------
 */

static void write_hessians(struct writer *w, const struct evaluated *v)
{
    const size_t n = v->spec->n;
    write_array(w);
    for (size_t i = 0; i < v->count; i++)
        write_rows(w, v->hessian + i * n * n, n, n);
    write_end(w);
}

void json_write_evaluated(struct buf *out, const struct evaluated *v)
{
    struct writer w = writer_to(out);
    write_object(&w);
    write_key(&w, "objective");
    write_objective(&w, v->spec, false);
    write_key(&w, "loss");
    write_numbers(&w, DTYPE_FLOAT64, v->loss, v->count);
    if (v->gradient) {
        write_key(&w, "gradient");
        write_rows(&w, v->gradient, v->count, v->spec->n);
    }
    if (v->hessian) {
        write_key(&w, "hessian");
        write_hessians(&w, v);
    }
    write_end(&w);
}

void write_minima(struct writer *w, const struct objective_spec *s, struct arena *scratch)
{
    double *at = arena_alloc(scratch, s->n * sizeof *at), loss;
    write_key(w, "minima");
    write_array(w);
    for (int k = 0; at && objective_minimum(s, k, at, &loss, scratch); k++) {
        write_object(w);
        write_key(w, "parameters");
        write_numbers(w, DTYPE_FLOAT64, at, s->n);
        write_number_field(w, "loss", loss);
        write_end(w);
    }
    write_end(w);
    w->out->failed |= !at;
}

void json_write_surface(struct buf *out, const struct surface *v, struct arena *scratch)
{
    struct writer w = writer_to(out);
    write_object(&w);
    write_key(&w, "objective");
    write_objective(&w, v->spec, false);
    write_key(&w, "axes");
    write_array(&w);
    for (int k = 0; k < (v->y ? 2 : 1); k++)
        write_int(&w, (int64_t)v->axis[k]);
    write_end(&w);
    write_key(&w, "at");
    write_numbers(&w, DTYPE_FLOAT64, v->at, v->spec->n);
    write_key(&w, "x");
    write_numbers(&w, DTYPE_FLOAT64, v->x, v->columns);
    write_key(&w, "y");
    if (v->y)
        write_numbers(&w, DTYPE_FLOAT64, v->y, v->rows);
    else
        write_null(&w);
    write_key(&w, "loss");
    write_rows(&w, v->loss, v->rows, v->columns);
    write_minima(&w, v->spec, scratch);
    write_end(&w);
}
