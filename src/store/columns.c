/* Packing of metrics; columns.h has the format. A record is taken as six 64-bit words, so that one
 * pair of functions serves whole numbers and reals alike, and NaN keeps its bits. */
#include "store/columns.h"

#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "blocks are little-endian");
_Static_assert(sizeof(struct step_metrics) == 48, "six words without padding");
_Static_assert(sizeof(struct bucket) == SUMMARY_BYTES - 8, "fifteen words without padding");

enum { WORDS = 6, VERSION = 1 };
enum kind { KIND_RAW, KIND_SAME, KIND_COUNTING, KIND_OFFSETS };

struct head {
    uint64_t checksum;
    uint32_t version, count;
};

static uint64_t checksum(const uint8_t *data, size_t bytes)
{
    return XXH3_64bits(data + sizeof(uint64_t), bytes - sizeof(uint64_t));
}

/* The cheapest kind that holds the column. Differences wrap, so no sum overflows. */
static enum kind choose(const uint64_t *x, size_t count, uint64_t *ret_base)
{
    bool same = true, counting = true;
    int64_t least = (int64_t)x[0], most = least;
    for (size_t i = 1; i < count; i++) {
        int64_t v = (int64_t)x[i];
        same &= x[i] == x[0];
        counting &= x[i] == x[i - 1] + 1;
        least = v < least ? v : least;
        most = v > most ? v : most;
    }
    *ret_base = x[0];
    if (same)
        return KIND_SAME;
    if (counting)
        return KIND_COUNTING;
    *ret_base = (uint64_t)least;
    return (uint64_t)most - (uint64_t)least <= UINT32_MAX ? KIND_OFFSETS : KIND_RAW;
}

static size_t payload_bytes(uint64_t kind, size_t count)
{
    return kind == KIND_RAW       ? 8 * count
           : kind == KIND_OFFSETS ? 8 + ((4 * count + 7) & ~(size_t)7)
                                  : 8;
}

uint8_t *column_pack(const uint64_t *x, size_t count, uint8_t *out)
{
    uint64_t base, kind = choose(x, count, &base);
    size_t bytes = payload_bytes(kind, count);
    memcpy(out, &kind, 8);
    out += 8;
    if (kind == KIND_RAW) {
        memcpy(out, x, bytes);
        return out + bytes;
    }
    memset(out, 0, bytes);
    memcpy(out, &base, 8);
    for (size_t i = 0; kind == KIND_OFFSETS && i < count; i++) {
        uint32_t offset = (uint32_t)(x[i] - base);
        memcpy(out + 8 + 4 * i, &offset, 4);
    }
    return out + bytes;
}

size_t columns_pack(const struct step_metrics *rows, size_t count, uint8_t *out)
{
    struct head head = {.version = VERSION, .count = (uint32_t)count};
    uint8_t *end = out + sizeof head;
    uint64_t x[COLUMNS_MAX];
    memcpy(out, &head, sizeof head);
    for (size_t word = 0; word < WORDS; word++) {
        for (size_t i = 0; i < count; i++)
            memcpy(&x[i], (const char *)&rows[i] + 8 * word, 8);
        end = column_pack(x, count, end);
    }
    head.checksum = checksum(out, (size_t)(end - out));
    memcpy(out, &head.checksum, sizeof head.checksum);
    return (size_t)(end - out);
}

static void unpack_words(uint64_t kind, const uint8_t *data, size_t count, uint64_t *x)
{
    uint64_t base;
    memcpy(&base, data, 8);
    for (size_t i = 0; i < count; i++) {
        uint32_t offset;
        switch (kind) {
        case KIND_RAW:
            memcpy(&x[i], data + 8 * i, 8);
            break;
        case KIND_OFFSETS:
            memcpy(&offset, data + 8 + 4 * i, 4);
            x[i] = base + offset;
            break;
        default:
            x[i] = kind == KIND_COUNTING ? base + i : base;
        }
    }
}

size_t column_unpack(const uint8_t *data, size_t bytes, size_t count, uint64_t *ret_x)
{
    uint64_t kind;
    if (bytes < 8)
        return 0;
    memcpy(&kind, data, 8);
    if (kind > KIND_OFFSETS || bytes - 8 < payload_bytes(kind, count))
        return 0;
    unpack_words(kind, data + 8, count, ret_x);
    return 8 + payload_bytes(kind, count);
}

size_t columns_unpack(const uint8_t *data, size_t bytes, struct step_metrics *ret_rows)
{
    struct head head;
    if (bytes < sizeof head)
        return 0;
    memcpy(&head, data, sizeof head);
    if (head.version != VERSION || head.count == 0 || head.count > COLUMNS_MAX ||
        head.checksum != checksum(data, bytes))
        return 0;
    size_t at = sizeof head, count = head.count;
    uint64_t x[COLUMNS_MAX];
    for (size_t word = 0; word < WORDS; word++) {
        size_t column = column_unpack(data + at, bytes - at, count, x);
        if (column == 0)
            return 0;
        at += column;
        for (size_t i = 0; i < count; i++)
            memcpy((char *)&ret_rows[i] + 8 * word, &x[i], 8);
    }
    return at == bytes ? count : 0;
}

void summary_pack(const struct step_metrics *rows, size_t count, uint8_t *out)
{
    struct bucket b = {0};
    for (size_t i = 0; i < count; i++)
        bucket_add(&b, &rows[i]);
    memcpy(out + 8, &b, sizeof b);
    uint64_t sum = checksum(out, SUMMARY_BYTES);
    memcpy(out, &sum, sizeof sum);
}

bool summary_unpack(const uint8_t *data, size_t bytes, struct bucket *ret_bucket)
{
    uint64_t sum;
    if (bytes != SUMMARY_BYTES)
        return false;
    memcpy(&sum, data, sizeof sum);
    if (sum != checksum(data, bytes))
        return false;
    memcpy(ret_bucket, data + 8, sizeof *ret_bucket);
    return true;
}
