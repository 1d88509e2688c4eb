/* Metrics per step or per bucket, for plots: columns in JSON, a table in CSV, one object a line in
 * NDJSON. */
#include "codec/json.h"
#include "codec/write.h"

#include <math.h>
#include <stdio.h>

enum { FIELD_STEP, FIELD_LOSS, FIELD_LR, FIELD_GRADIENT_NORM, FIELD_UPDATE_NORM, FIELD_TIME };

_Static_assert(FIELD_UPDATE_NORM - FIELD_LOSS == BUCKET_UPDATE_NORM, "metrics in one order");

enum part { PART_LAST, PART_MIN, PART_MAX, PARTS };

enum { COLUMNS = (METRICS_FIELDS + HYPER_MAX) * PARTS, NAME_SIZE = 80 };

struct column {
    int field;                         /* of the metrics */
    const struct history_column *more; /* a hyperparameter; NULL: a metric */
    enum part part;
    char name[NAME_SIZE];
};

static bool is_whole(int field)
{
    return field == FIELD_STEP || field == FIELD_TIME;
}

static const char *const suffixes[PARTS] = {"", "_min", "_max"};

static int add_more(const struct history_table *t, int count, struct column *ret)
{
    for (size_t i = 0; i < t->column_count && i < HYPER_MAX; i++) {
        for (int p = 0; p < (t->buckets ? PARTS : 1); p++) {
            struct column *c = &ret[count++];
            *c = (struct column){
                .field = METRICS_FIELDS, .more = &t->columns[i], .part = (enum part)p};
            snprintf(c->name, NAME_SIZE, "%.60s%s", t->columns[i].name, suffixes[p]);
        }
    }
    return count;
}

/* The columns of the table, in order; returns how many. */
static int columns_of(const struct history_table *t, struct column ret[COLUMNS])
{
    int count = 0;
    for (int f = 0; f < METRICS_FIELDS; f++) {
        int parts = t->buckets && !is_whole(f) ? PARTS : 1;
        for (int p = 0; p < parts && t->fields >> f & 1U; p++) {
            struct column *c = &ret[count++];
            *c = (struct column){.field = f, .part = (enum part)p};
            snprintf(c->name, NAME_SIZE, "%s%s", metrics_fields[f], suffixes[p]);
        }
    }
    return add_more(t, count, ret);
}

static const struct step_metrics *row_at(const struct history_table *t, size_t i)
{
    return t->buckets ? &t->buckets[i].last : &t->rows[i];
}

static double real_at(const struct history_table *t, size_t i, const struct column *c)
{
    const struct step_metrics *m = row_at(t, i);
    if (c->more)
        return (c->part == PART_MIN   ? c->more->min
                : c->part == PART_MAX ? c->more->max
                                      : c->more->last)[i];
    if (c->part == PART_MIN)
        return t->buckets[i].min[c->field - FIELD_LOSS];
    if (c->part == PART_MAX)
        return t->buckets[i].max[c->field - FIELD_LOSS];
    return c->field == FIELD_LOSS            ? m->loss
           : c->field == FIELD_LR            ? m->lr
           : c->field == FIELD_GRADIENT_NORM ? m->gradient_norm
                                             : m->update_norm;
}

static void write_cell(struct writer *w, const struct history_table *t, size_t i,
                       const struct column *c)
{
    if (c->field == FIELD_STEP)
        write_int(w, row_at(t, i)->step);
    else if (c->field == FIELD_TIME)
        write_int(w, row_at(t, i)->time_ms);
    else
        write_number_or_null(w, real_at(t, i, c));
}

void json_write_history(struct buf *out, const struct history_table *t)
{
    struct column columns[COLUMNS];
    int count = columns_of(t, columns);
    struct writer w = writer_to(out);
    write_object(&w);
    write_key(&w, "fields");
    write_array(&w);
    for (int c = 0; c < count; c++)
        write_string(&w, columns[c].name);
    write_end(&w);
    write_key(&w, "columns");
    write_array(&w);
    for (int c = 0; c < count; c++) {
        write_array(&w);
        for (size_t i = 0; i < t->count; i++)
            write_cell(&w, t, i, &columns[c]);
        write_end(&w);
    }
    write_end(&w);
    write_int_field(&w, "total_points", t->total);
    if (t->buckets)
        write_int_field(&w, "buckets", (int64_t)t->count);
    write_end(&w);
}

/* A metric that is not there is an empty cell. */
static void csv_cell(struct buf *out, const struct history_table *t, size_t i,
                     const struct column *c)
{
    struct writer w = writer_to(out);
    double v = is_whole(c->field) ? 0 : real_at(t, i, c);
    if (isinf(v))
        buf_puts(out, v > 0 ? "Infinity" : "-Infinity");
    else if (!isnan(v))
        write_cell(&w, t, i, c);
}

void csv_write_history(struct buf *out, const struct history_table *t)
{
    struct column columns[COLUMNS];
    int count = columns_of(t, columns);
    for (int c = 0; c < count; c++) {
        buf_puts(out, c ? "," : "");
        buf_puts(out, columns[c].name);
    }
    buf_puts(out, "\n");
    for (size_t i = 0; i < t->count; i++) {
        for (int c = 0; c < count; c++) {
            buf_puts(out, c ? "," : "");
            csv_cell(out, t, i, &columns[c]);
        }
        buf_puts(out, "\n");
    }
}

void ndjson_write_history(struct buf *out, const struct history_table *t)
{
    struct column columns[COLUMNS];
    int count = columns_of(t, columns);
    for (size_t i = 0; i < t->count; i++) {
        struct writer w = writer_to(out);
        write_object(&w);
        for (int c = 0; c < count; c++) {
            write_key(&w, columns[c].name);
            write_cell(&w, t, i, &columns[c]);
        }
        write_end(&w);
        buf_putc(out, '\n');
    }
}
