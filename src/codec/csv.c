/* Tables of numbers from CSV and npy; csv.h says in which form. */
#include "codec/csv.h"

#include "codec/binary.h"
#include "codec/number.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- fields ---------------------------------------------------------------------------------- */

/* What is being read. `p` stands at the beginning of a field. */
struct scan {
    const char *p, *end;
    size_t line, column; /* from 1 */
    struct arena *arena;
    struct err *err;
};

struct span {
    const char *text;
    size_t len;
};

static enum err_code wrong(const struct scan *s, const char *what, struct span given)
{
    return err_add(s->err, ERR_VALIDATION, "", "line %zu, column %zu: %s, given \"%.*s\"", s->line,
                   s->column, what, given.len < 40 ? (int)given.len : 40, given.text);
}

static bool at_line_end(const struct scan *s)
{
    return s->p == s->end || *s->p == '\n' ||
           (*s->p == '\r' && s->p + 1 < s->end && s->p[1] == '\n');
}

/* Past the end of the line. */
static void next_line(struct scan *s)
{
    const char *newline = memchr(s->p, '\n', (size_t)(s->end - s->p));
    s->p = newline ? newline + 1 : s->end;
    s->line++;
    s->column = 1;
}

/* Past empty lines and comments; false at the end. */
static bool find_line(struct scan *s)
{
    while (s->p < s->end && (at_line_end(s) || *s->p == '#'))
        next_line(s);
    return s->p < s->end;
}

/* A field in quotes, in which a quote is written twice. */
static bool read_quoted(struct scan *s, struct span *ret)
{
    const char *start = s->p++;
    char *out = arena_alloc(s->arena, (size_t)(s->end - start));
    size_t len = 0;
    if (!out) {
        err_add(s->err, ERR_MEMORY, "", "no memory for the table");
        return false;
    }
    for (; s->p < s->end; out[len++] = *s->p++) {
        if (*s->p != '"')
            continue;
        s->p++;
        if (s->p == s->end || *s->p != '"') {
            *ret = (struct span){out, len};
            if (s->p == s->end || *s->p == ',' || at_line_end(s))
                return true;
            break;
        }
    }
    wrong(s, "a field in quotes that does not end as one", (struct span){start, 1});
    return false;
}

/* The field at p, and p behind it: at a comma or the end of the line. */
static bool read_field(struct scan *s, struct span *ret)
{
    const char *start = s->p;
    if (s->p < s->end && *s->p == '"')
        return read_quoted(s, ret);
    while (s->p < s->end && *s->p != ',' && !at_line_end(s))
        s->p++;
    *ret = (struct span){start, (size_t)(s->p - start)};
    return true;
}

/* Past the comma; false at the end of the line. */
static bool next_field(struct scan *s)
{
    if (at_line_end(s))
        return false;
    s->p++;
    s->column++;
    return true;
}

static struct span trimmed(struct span f)
{
    while (f.len && (*f.text == ' ' || *f.text == '\t'))
        f.text++, f.len--;
    while (f.len && (f.text[f.len - 1] == ' ' || f.text[f.len - 1] == '\t'))
        f.len--;
    return f;
}

static bool to_number(struct span field, double *ret)
{
    struct span f = trimmed(field);
    return f.len && number_scan(f.text, f.text + f.len, ret) == f.text + f.len && isfinite(*ret);
}

/* ---- the first line -------------------------------------------------------------------------- */

struct table {
    size_t rows, columns; /* the target counted */
    const char **names;   /* NULL: none */
    double *numbers;      /* row by row */
};

/* How many fields the line has, and whether each is a number. Leaves `s` where it was. */
static bool measure(struct scan s, size_t *ret_columns, bool *ret_numbers)
{
    struct span f;
    double x;
    *ret_numbers = true;
    do {
        if (!read_field(&s, &f))
            return false;
        *ret_numbers = *ret_numbers && to_number(f, &x);
    } while (next_field(&s));
    *ret_columns = s.column;
    if (s.column >= 2 && s.column <= CSV_COLUMNS)
        return true;
    err_add(s.err, ERR_VALIDATION, "",
            "line %zu has %zu column%s; a table has 2 to %d, with commas between: features and a "
            "target",
            s.line, s.column, s.column == 1 ? "" : "s", CSV_COLUMNS);
    return false;
}

static bool good_name(struct span f)
{
    for (size_t i = 0; i < f.len; i++) {
        if ((unsigned char)f.text[i] < ' ' || f.text[i] == 0x7F)
            return false;
    }
    return f.len > 0 && f.len <= CSV_NAME_LEN;
}

static bool read_names(struct scan *s, struct table *t)
{
    t->names = arena_zalloc(s->arena, t->columns, sizeof *t->names);
    for (size_t i = 0; t->names && i < t->columns; i++, next_field(s)) {
        struct span f;
        if (!read_field(s, &f))
            return false;
        f = trimmed(f);
        if (!good_name(f)) {
            wrong(s, "a name has 1 to 128 bytes, none of them a control character", f);
            return false;
        }
        t->names[i] = arena_strndup(s->arena, f.text, f.len);
        if (!t->names[i])
            break;
        for (size_t k = 0; k < i; k++) {
            if (strcmp(t->names[k], t->names[i]) == 0) {
                wrong(s, "a name that stands for another column too", f);
                return false;
            }
        }
    }
    next_line(s);
    if (t->names && t->names[t->columns - 1])
        return true;
    err_add(s->err, ERR_MEMORY, "", "no memory for the table");
    return false;
}

/* ---- the rows -------------------------------------------------------------------------------- */

/* One line into `to`. A field that is wrong is told, and the reading goes on. */
static bool read_row(struct scan *s, size_t columns, double *to)
{
    size_t i = 0;
    do {
        struct span f;
        if (!read_field(s, &f))
            return false;
        if (i < columns && !to_number(f, &to[i]))
            wrong(s, "expected a finite number", f);
        i++;
    } while (next_field(s));
    if (i != columns)
        err_add(s->err, ERR_VALIDATION, "", "line %zu has %zu columns; the first line has %zu",
                s->line, i, columns);
    next_line(s);
    return true;
}

/* Lines that are left, at most: what `numbers` has room for. */
static size_t lines_left(const struct scan *s)
{
    size_t lines = 1;
    for (const char *p = s->p; p < s->end; p++)
        lines += *p == '\n';
    return lines;
}

static enum err_code too_many(struct err *err, size_t columns)
{
    return err_add(err, ERR_VALIDATION, "",
                   "the table has more than %d numbers: %d rows of %zu columns", DATASET_NUMBERS,
                   DATASET_NUMBERS / (int)columns, columns);
}

static enum err_code read_rows(struct scan *s, struct table *t)
{
    size_t most = DATASET_NUMBERS / t->columns, room = lines_left(s);
    room = room < most ? room : most;
    t->numbers = arena_alloc(s->arena, (room ? room : 1) * t->columns * sizeof *t->numbers);
    if (!t->numbers)
        return err_add(s->err, ERR_MEMORY, "", "no memory for the table");
    while (find_line(s)) {
        if (t->rows == room)
            return too_many(s->err, t->columns);
        if (!read_row(s, t->columns, t->numbers + t->rows * t->columns))
            return s->err->code;
        t->rows++;
    }
    if (t->rows == 0)
        return err_add(s->err, ERR_VALIDATION, "", "the table has no rows of numbers");
    return s->err->code;
}

/* ---- the target ------------------------------------------------------------------------------ */

static const char *name_at(const void *table, int i)
{
    return ((const struct table *)table)->names[i];
}

/* The column called `target`, or of that number, or the last one. */
static enum err_code find_target(const struct table *t, const char *target, size_t *ret,
                                 struct err *err)
{
    *ret = t->columns - 1;
    if (!target)
        return ERR_OK;
    for (size_t i = 0; t->names && i < t->columns; i++) {
        *ret = i;
        if (strcmp(t->names[i], target) == 0)
            return ERR_OK;
    }
    char *end;
    unsigned long long number = strtoull(target, &end, 10);
    *ret = (size_t)number;
    if (*target >= '0' && *target <= '9' && !*end && number < t->columns)
        return ERR_OK;
    err_add(err, ERR_VALIDATION, "",
            "target is the name or the number, 0 to %zu, of a column, not \"%.60s\"",
            t->columns - 1, target);
    if (t->names)
        err_suggest(err, err_nearest(target, name_at, t, (int)t->columns));
    return ERR_VALIDATION;
}

/* Takes the target's column out from between the others. */
static enum err_code split(struct arena *a, const struct table *t, size_t target,
                           struct dataset *ret, struct err *err)
{
    size_t width = t->columns - 1;
    double *x = arena_alloc(a, t->rows * width * sizeof *x);
    double *y = arena_alloc(a, t->rows * sizeof *y);
    const char **names = t->names ? arena_alloc(a, t->columns * sizeof *names) : NULL;
    if (!x || !y || (t->names && !names))
        return err_add(err, ERR_MEMORY, "", "no memory for the table");
    for (size_t i = 0; i < t->rows; i++) {
        const double *row = t->numbers + i * t->columns;
        memcpy(x + i * width, row, target * sizeof *x);
        memcpy(x + i * width + target, row + target + 1, (width - target) * sizeof *x);
        y[i] = row[target];
    }
    for (size_t i = 0; names && i < t->columns; i++)
        names[i] = t->names[i < target ? i : i < width ? i + 1 : target];
    *ret = (struct dataset){.rows = t->rows, .columns = width, .x = x, .y = y, .names = names};
    return ERR_OK;
}

enum err_code csv_read_dataset(struct arena *a, const char *body, size_t len, const char *target,
                               struct dataset *ret, struct err *err)
{
    static const char mark[] = "\xEF\xBB\xBF"; /* that some programs put before UTF-8 */
    struct scan s = {body, body + len, 1, 1, a, err};
    struct table t = {0};
    bool numbers;
    size_t at = 0;
    if (len >= 3 && memcmp(body, mark, 3) == 0)
        s.p += 3;
    if (!find_line(&s))
        return err_add(err, ERR_VALIDATION, "", "the table is empty");
    if (!measure(s, &t.columns, &numbers) || (!numbers && !read_names(&s, &t)))
        return err->code;
    find_target(&t, target, &at, err);
    return read_rows(&s, &t) ? err->code : split(a, &t, at, ret, err);
}

enum err_code npy_read_dataset(struct arena *a, const void *body, size_t len, const char *target,
                               struct dataset *ret, struct err *err)
{
    struct values v;
    size_t at;
    if (npy_read(a, body, len, false, &v, err))
        return err->code;
    if (v.tensors[0].rank != 2 || v.tensors[0].shape[1] < 2 || v.tensors[0].shape[1] > CSV_COLUMNS)
        return err_add(err, ERR_VALIDATION, "",
                       "npy: a table has two dimensions, rows and 2 to %d columns", CSV_COLUMNS);
    struct table t = {.rows = (size_t)v.tensors[0].shape[0],
                      .columns = (size_t)v.tensors[0].shape[1]};
    if (v.n > DATASET_NUMBERS)
        return too_many(err, t.columns);
    for (size_t i = 0; i < v.n; i++) {
        if (!isfinite(v.data[i]))
            err_add(err, ERR_VALIDATION, "", "row %zu, column %zu is not finite", i / t.columns + 1,
                    i % t.columns + 1);
    }
    double *numbers = arena_memdup(a, v.data, v.n * sizeof *numbers);
    if (!numbers)
        return err_add(err, ERR_MEMORY, "", "no memory for the table");
    t.numbers = numbers;
    find_target(&t, target, &at, err);
    return err->code ? err->code : split(a, &t, at, ret, err);
}

/* ---- writing --------------------------------------------------------------------------------- */

static void put_name(struct buf *out, const struct dataset *d, size_t i)
{
    if (!d->names) {
        if (i < d->columns)
            buf_printf(out, "x%zu", i);
        else
            buf_putc(out, 'y');
        return;
    }
    buf_putc(out, '"');
    for (const char *p = d->names[i]; *p; p++) {
        if (*p == '"')
            buf_putc(out, '"');
        buf_putc(out, *p);
    }
    buf_putc(out, '"');
}

static void put_number(struct buf *out, double value, char after)
{
    char text[NUMBER_MAX];
    buf_add(out, text, number_print(value, text));
    buf_putc(out, after);
}

void csv_write_dataset(struct buf *out, const struct dataset *d)
{
    for (size_t i = 0; i <= d->columns; i++) {
        put_name(out, d, i);
        buf_putc(out, i < d->columns ? ',' : '\n');
    }
    for (size_t i = 0; i < d->rows; i++) {
        for (size_t k = 0; k < d->columns; k++)
            put_number(out, d->x[i * d->columns + k], ',');
        put_number(out, d->y[i], '\n');
    }
}
