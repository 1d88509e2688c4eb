/* Any bytes as a table. What is accepted is written and read again as the same table. */
#include "codec/csv.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(const struct dataset *x, const struct dataset *y)
{
    if (x->rows != y->rows || x->columns != y->columns ||
        memcmp(x->x, y->x, x->rows * x->columns * sizeof *x->x) != 0 ||
        memcmp(x->y, y->y, x->rows * sizeof *x->y) != 0)
        abort();
    for (size_t i = 0; x->names && i <= x->columns; i++) {
        if (strcmp(x->names[i], y->names[i]) != 0)
            abort();
    }
}

/* The first byte says which column is the target. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct err err;
    static const char *const targets[] = {NULL, "0", "1", "y"};
    struct dataset d, again;
    struct arena a;
    struct buf out;
    if (size < 1)
        return 0;
    arena_init(&a);
    buf_init(&out);
    err_init(&err);
    enum err_code code =
        csv_read_dataset(&a, (const char *)data + 1, size - 1, targets[data[0] % 4], &d, &err);
    if ((code == ERR_OK) != (err.count == 0))
        abort();
    if (!code) {
        csv_write_dataset(&out, &d);
        if (csv_read_dataset(&a, out.data, out.len, NULL, &again, &err))
            abort();
        same(&d, &again);
    }
    buf_close(&out);
    arena_close(&a);
    return 0;
}
