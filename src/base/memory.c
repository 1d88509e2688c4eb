/* Alignment, and huge pages for what is large. */
#include "base/memory.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

void *memory_lines(size_t bytes)
{
    size_t align = bytes < MEMORY_LARGE ? MEMORY_LINE : HUGE_PAGE, whole;
    if (__builtin_add_overflow(bytes, align - 1, &whole))
        return NULL;
    whole &= ~(align - 1);
    void *p = aligned_alloc(align, whole);
    if (p && bytes >= MEMORY_LARGE)
        (void)madvise(p, whole, MADV_HUGEPAGE);
    return p;
}
