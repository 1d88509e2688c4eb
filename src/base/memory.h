/* Memory for many numbers.
 *
 * Problem: a step over millions of parameters runs through four or five arrays at once, and with
 * pages of 4 KiB much of its time goes into looking up pages.
 * Design: pieces of some MiB begin at a huge page and ask for such pages; the system may refuse,
 * which costs only speed. Linux: Documentation/admin-guide/mm/transhuge.rst. */
#ifndef STEPD_BASE_MEMORY_H
#define STEPD_BASE_MEMORY_H

#include <stddef.h>

/* From MEMORY_LARGE bytes on a piece asks for huge pages. */
enum { MEMORY_LINE = 64, MEMORY_LARGE = 8 << 20 };

/* At least `bytes`, beginning at a cache line, with any content. The caller frees it. NULL: there
 * is no memory. Any thread. */
void *memory_lines(size_t bytes);

#endif
