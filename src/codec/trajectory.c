/* Where the steps led; trajectory.h says in which forms. */
#include "codec/trajectory.h"

#include "codec/write.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { NAME_SIZE = TENSOR_NAME_LEN + 32 };

/* The name of parameter `i`, counted over all tensors. */
static void name_of(const struct session *s, size_t i, char name[NAME_SIZE])
{
    const struct tensor *x = s->tensors;
    if (!s->named) {
        snprintf(name, NAME_SIZE, "w%zu", i);
        return;
    }
    for (; i >= x->count; x++)
        i -= x->count;
    if (x->rank == 0)
        snprintf(name, NAME_SIZE, "%s", x->name);
    else
        snprintf(name, NAME_SIZE, "%s/%zu", x->name, i);
}

void json_write_trajectory(struct buf *out, const struct trajectory *t)
{
    struct writer w = writer_to(out);
    char name[NAME_SIZE];
    write_object(&w);
    write_key(&w, "fields");
    write_array(&w);
    write_string(&w, "step");
    for (size_t i = 0; i < t->s->view.n; i++) {
        name_of(t->s, i, name);
        write_string(&w, name);
    }
    write_end(&w);
    write_key(&w, "columns");
    write_array(&w);
    write_array(&w);
    for (size_t k = 0; k < t->count; k++)
        write_int(&w, t->rows[k].step);
    write_end(&w);
    for (size_t i = 0; i < t->s->view.n; i++) {
        write_array(&w);
        for (size_t k = 0; k < t->count; k++)
            write_number(&w, t->rows[k].parameters[i]);
        write_end(&w);
    }
    write_end(&w);
    write_end(&w);
}

/* Names of tensors may hold anything. */
static void put_quoted(struct buf *out, const char *name)
{
    if (!strpbrk(name, ",\"\r\n")) {
        buf_puts(out, name);
        return;
    }
    buf_putc(out, '"');
    for (; *name; name++) {
        if (*name == '"')
            buf_putc(out, '"');
        buf_putc(out, *name);
    }
    buf_putc(out, '"');
}

static void put_cell(struct buf *out, double v)
{
    struct writer w = writer_to(out);
    if (isnan(v))
        buf_puts(out, "NaN");
    else if (isinf(v))
        buf_puts(out, v > 0 ? "Infinity" : "-Infinity");
    else
        write_number(&w, v);
}

void csv_write_trajectory(struct buf *out, const struct trajectory *t)
{
    char name[NAME_SIZE];
    buf_puts(out, "step");
    for (size_t i = 0; i < t->s->view.n; i++) {
        name_of(t->s, i, name);
        buf_putc(out, ',');
        put_quoted(out, name);
    }
    buf_putc(out, '\n');
    for (size_t k = 0; k < t->count; k++) {
        buf_printf(out, "%lld", (long long)t->rows[k].step);
        for (size_t i = 0; i < t->s->view.n; i++) {
            buf_putc(out, ',');
            put_cell(out, t->rows[k].parameters[i]);
        }
        buf_putc(out, '\n');
    }
}

void ndjson_write_trajectory(struct buf *out, const struct trajectory *t)
{
    char name[NAME_SIZE];
    for (size_t k = 0; k < t->count; k++) {
        struct writer w = writer_to(out);
        write_object(&w);
        write_int_field(&w, "step", t->rows[k].step);
        for (size_t i = 0; i < t->s->view.n; i++) {
            name_of(t->s, i, name);
            write_number_field(&w, name, t->rows[k].parameters[i]);
        }
        write_end(&w);
        buf_putc(out, '\n');
    }
}
