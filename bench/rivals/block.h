/*
 * block.h - memory from the system for the rivals that bring none: the same kind of pages that a
 * Bitena of the same size gets, huge ones from 4 MiB on.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_BLOCK_H
#define BENCH_BLOCK_H

#include "../harness/harness.h"

#include <sys/mman.h>

enum { HUGE_PAGE = 2 << 20 };

/* *bytes grows to whole huge pages. */
static inline char *block_take(size_t *bytes)
{
    size_t whole = (*bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    void *place = mmap(NULL, whole + HUGE_PAGE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place == MAP_FAILED) {
        die("mmap of %zu bytes", whole);
    }
    char *start = (char *)(((uintptr_t)place + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE);
    if (whole >= 2 * (size_t)HUGE_PAGE) {
        (void)madvise(start, whole, MADV_HUGEPAGE); /* a kernel without them: small pages */
    }
    *bytes = whole;
    return start;
}

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

/* Every page is there after this, huge ones where they were asked for. */
static inline void block_populate(char *start, size_t bytes)
{
    enum { SMALL_PAGE = 4096 };
    if (madvise(start, bytes, MADV_POPULATE_WRITE) == 0) {
        return;
    }
    for (size_t at = 0; at < bytes; at += SMALL_PAGE) { /* a kernel before 5.14 */
        *(volatile char *)(start + at) = 0;
    }
}

static inline void block_give(char *start, size_t bytes)
{
    (void)munmap(start, bytes); /* what alignment left over stays until the process ends */
}

#endif
