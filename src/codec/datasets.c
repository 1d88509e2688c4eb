/* Data sets as clients see them. */
#include "codec/datasets.h"

#include "codec/write.h"

#include <stdio.h>
#include <string.h>

static bool built_in(const struct dataset *d)
{
    return dataset_find(d->name) != NULL;
}

static void write_about(struct writer *w, const struct dataset *d)
{
    char href[256];
    snprintf(href, sizeof href, "/v1/datasets/%s", d->name);
    write_string_field(w, "name", d->name);
    write_string_field(w, "title", d->title);
    write_string_field(w, "description", d->doc);
    write_key(w, "built_in");
    write_bool(w, built_in(d));
    write_int_field(w, "rows", (int64_t)d->rows);
    write_int_field(w, "columns", (int64_t)d->columns);
    write_key(w, "names");
    if (d->names) {
        write_array(w);
        for (size_t i = 0; i < d->columns; i++)
            write_string(w, d->names[i]);
        write_end(w);
    } else {
        write_null(w);
    }
    write_string_field(w, "target", d->names ? d->names[d->columns] : NULL);
    write_key(w, "links");
    write_object(w);
    write_string_field(w, "self", href);
    write_end(w);
}

void datasets_write_list(struct buf *out, const struct dataset *uploaded, size_t count)
{
    struct writer w = writer_to(out);
    write_object(&w);
    write_key(&w, "items");
    write_array(&w);
    for (int i = 0; i < dataset_count(); i++) {
        write_object(&w);
        write_about(&w, dataset_at(i));
        write_end(&w);
    }
    for (size_t i = 0; i < count; i++) {
        write_object(&w);
        write_about(&w, &uploaded[i]);
        write_end(&w);
    }
    write_end(&w);
    write_end(&w);
}

void datasets_write(struct buf *out, const struct dataset *d, bool numbers)
{
    struct writer w = writer_to(out);
    write_object(&w);
    write_about(&w, d);
    if (numbers) {
        write_key(&w, "x");
        write_array(&w);
        for (size_t i = 0; i < d->rows; i++)
            write_numbers(&w, DTYPE_FLOAT64, d->x + i * d->columns, d->columns);
        write_end(&w);
        write_key(&w, "y");
        write_numbers(&w, DTYPE_FLOAT64, d->y, d->rows);
    }
    write_end(&w);
}
