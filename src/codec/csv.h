/* CSV that clients upload: a table of numbers, one column of which is the target.
 *
 * By RFC 4180: fields between commas, with or without double quotes; lines end with LF or CR LF.
 * The first line holds names where any of its fields is no number. Lines that are empty or begin
 * with # are passed over. Numbers are written as in JSON, and may have blanks around them. Memory:
 * the arena; nothing points into the body. */
#ifndef STEPD_CODEC_CSV_H
#define STEPD_CODEC_CSV_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "math/dataset.h"

/* The most columns, the target counted, and bytes of one name. */
enum { CSV_COLUMNS = 10000, CSV_NAME_LEN = 128 };

/* `target`: name or number, from 0, of the column that is to be predicted; NULL: the last one.
 * Every violation is added (ERR_VALIDATION), with line and column in its text, counted from 1. */
enum err_code csv_read_dataset(struct arena *a, const char *body, size_t len, const char *target,
                               struct dataset *ret, struct err *err);

/* The features and, last, the target, with a line of names: those that it has, or x0, x1, …, y. */
void csv_write_dataset(struct buf *out, const struct dataset *d);

/* The same from an npy: two dimensions, rows and columns. */
enum err_code npy_read_dataset(struct arena *a, const void *body, size_t len, const char *target,
                               struct dataset *ret, struct err *err);

#endif
