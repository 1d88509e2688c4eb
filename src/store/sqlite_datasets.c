/* Data sets that clients uploaded: one row each, all numbers in one BLOB. */
#include "store/sqlite_internal.h"

#include "base/log.h"

#include <string.h>

/* "length\nwidth\nspecies"; NULL: there are none. */
static enum err_code join_names(const struct dataset *d, struct buf *out, struct err *err)
{
    for (size_t i = 0; d->names && i <= d->columns; i++)
        buf_printf(out, "%s%s", i ? "\n" : "", d->names[i]);
    if (d->names)
        buf_putc(out, '\0');
    return out->failed ? err_add(err, ERR_MEMORY, "", "no memory for the data set") : ERR_OK;
}

enum err_code sqlite_dataset_put(struct store *base, const struct dataset *d, int64_t created_ms,
                                 struct err *err)
{
    struct buf names, numbers;
    size_t features = d->rows * d->columns;
    buf_init(&names);
    buf_init(&numbers);
    buf_add(&numbers, d->x, features * sizeof *d->x);
    buf_add(&numbers, d->y, d->rows * sizeof *d->y);
    enum err_code code = join_names(d, &names, err);
    if (!code && numbers.failed)
        code = err_add(err, ERR_MEMORY, "", "no memory for the data set");
    if (!code) {
        struct sql q = sql_start((struct sqlite_store *)base, SQL_dataset_insert);
        sql_text(&q, d->name);
        sql_int(&q, (int64_t)d->rows);
        sql_int(&q, (int64_t)d->columns);
        sql_text(&q, d->names ? names.data : NULL);
        sql_blob(&q, numbers.data, numbers.len);
        sql_int(&q, created_ms);
        code = sql_run(&q, err);
    }
    buf_close(&names);
    buf_close(&numbers);
    return code;
}

enum err_code sqlite_dataset_remove(struct store *base, const char *name, struct err *err)
{
    struct sql q = sql_start((struct sqlite_store *)base, SQL_dataset_remove);
    sql_text(&q, name);
    return sql_run(&q, err);
}

/* Cuts `text` into lines; false where they are not `count`. */
static bool cut_names(char *text, const char **names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        names[i] = text;
        text = strchr(text, '\n');
        if ((text == NULL) != (i + 1 == count))
            return false;
        if (text)
            *text++ = '\0';
    }
    return true;
}

/* Reads the row at which `q` stands; the schema has checked that the sizes fit. */
static enum err_code read_row(struct sql *q, struct arena *a, struct dataset *ret, struct err *err)
{
    bool failed = false;
    size_t rows = (size_t)sqlite3_column_int64(q->q, 1);
    size_t columns = (size_t)sqlite3_column_int64(q->q, 2);
    size_t bytes = (size_t)sqlite3_column_bytes(q->q, 4);
    const char *name = sql_column(q, 0, a, &failed);
    const char *lines = sql_column(q, 3, a, &failed);
    const void *blob = sqlite3_column_blob(q->q, 4);
    if (!blob || bytes != rows * (columns + 1) * sizeof(double) || !name)
        return err_add(err, ERR_STORE, "", "a stored data set is damaged");
    double *numbers = arena_memdup(a, blob, bytes);
    char *text = lines ? arena_strdup(a, lines) : NULL;
    const char **names = lines ? arena_zalloc(a, columns + 1, sizeof *names) : NULL;
    if (failed || !numbers || (lines && (!text || !names)))
        return err_add(err, ERR_MEMORY, "", "no memory for the data sets of the store");
    if (lines && !cut_names(text, names, columns + 1))
        return err_add(err, ERR_STORE, "", "the names of the stored data set %s are damaged", name);
    *ret = (struct dataset){.name = name,
                            .rows = rows,
                            .columns = columns,
                            .x = numbers,
                            .y = numbers + rows * columns,
                            .names = names};
    return ERR_OK;
}

enum err_code sqlite_dataset_each(struct store *base, bool (*take)(void *, const struct dataset *),
                                  void *user, struct err *err)
{
    struct sql q = sql_start((struct sqlite_store *)base, SQL_dataset_list);
    enum err_code code = ERR_OK, bad = ERR_OK;
    bool more = true;
    struct arena a;
    arena_init(&a);
    while (!bad && more && sql_row(&q, &code, err)) {
        struct dataset d;
        bad = read_row(&q, &a, &d, err);
        more = !bad && take(user, &d);
        arena_reset(&a);
    }
    sql_end(&q);
    arena_close(&a);
    return bad ? bad : code;
}
