/* base/memory: small pieces and large ones begin where their readers want them to. */
#include "base/memory.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

Test(memory, begins_at_a_cache_line)
{
    for (size_t bytes = 1; bytes < (size_t)1 << 26; bytes = bytes * 3 + 1) {
        char *p = memory_lines(bytes);
        cr_assert_not_null(p);
        cr_expect_eq((uintptr_t)p % MEMORY_LINE, 0, "%zu bytes", bytes);
        memset(p, 1, bytes);
        cr_expect_eq(p[bytes - 1], 1);
        free(p);
    }
}

Test(memory, a_large_piece_begins_at_a_huge_page)
{
    void *p = memory_lines((size_t)80 << 20);
    cr_assert_not_null(p);
    cr_expect_eq((uintptr_t)p % (2 << 20), 0);
    free(p);
}

Test(memory, what_cannot_be_is_refused)
{
    cr_expect_null(memory_lines(SIZE_MAX));
    cr_expect_null(memory_lines(SIZE_MAX - MEMORY_LINE));
}
