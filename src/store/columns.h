/* Metrics of many steps as bytes, column after column: what a history block holds.
 *
 *   uint64 checksum   XXH3 of all that follows
 *   uint32 version    1
 *   uint32 count      records, 1 … COLUMNS_MAX
 *   six columns in the order of struct step_metrics, each
 *     uint64 kind     0: count numbers of 8 bytes; 1: one number, all are the same to the bit;
 *                     2: the first number, each next one is one more; 3: the smallest number, then
 *                     count differences of 4 bytes, padded to 8
 *
 * Little-endian. Steps mostly count up, times lie close together and a learning rate seldom
 * changes, so a step takes 28 bytes instead of 48. Pure; any thread. */
#ifndef STEPD_STORE_COLUMNS_H
#define STEPD_STORE_COLUMNS_H

#include "session/bucket.h"

enum {
    COLUMNS_MAX = 256,
    COLUMN_BYTES_MAX = 8 + 8 * COLUMNS_MAX,        /* the most that column_pack writes */
    COLUMNS_BYTES_MAX = 16 + 6 * COLUMN_BYTES_MAX, /* the most that columns_pack writes */
    SUMMARY_BYTES = 8 + 15 * 8                     /* what summary_pack writes */
};

/* One column of `count` words (1 … COLUMNS_MAX). Packs it into `out`, which holds COLUMN_BYTES_MAX,
 * and returns its end. */
uint8_t *column_pack(const uint64_t *x, size_t count, uint8_t *out);

/* Unpacks it and returns how many bytes it takes of those at `data`; 0: damaged. */
size_t column_unpack(const uint8_t *data, size_t bytes, size_t count, uint64_t *ret_x);

/* Packs `count` records (1 … COLUMNS_MAX) into `out`, which holds COLUMNS_BYTES_MAX, and returns
 * how many bytes that took. */
size_t columns_pack(const struct step_metrics *rows, size_t count, uint8_t *out);

/* Unpacks into `ret_rows`, which holds COLUMNS_MAX, and returns how many there are; 0 where the
 * bytes are damaged or of another version (ret_rows may then hold anything). */
size_t columns_unpack(const uint8_t *data, size_t bytes, struct step_metrics *ret_rows);

/* The same records as one bucket, for plots that need no more: a checksum (XXH3 of what follows)
 * and the fields of struct bucket in its order. Writes SUMMARY_BYTES. */
void summary_pack(const struct step_metrics *rows, size_t count, uint8_t *out);

/* false: the bytes are damaged. */
bool summary_unpack(const uint8_t *data, size_t bytes, struct bucket *ret_bucket);

#endif
