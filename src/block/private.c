/* A private block: one anonymous mapping, reserved in full and paid for when touched. With huge
 * pages the data ends on a 2 MiB boundary and only the data is advised, so that making a large
 * arena touches 4 KiB pages alone and a small use of it one huge page.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include "block.h"

static const size_t huge_page = (size_t)2 << 20;

static size_t up(size_t n, size_t align)
{
    return (n + align - 1) & ~(align - 1);
}

static void close_private(const struct block *block)
{
    platform_release(block->mapping, block->mapping_bytes);
}

static int discard_private(uintptr_t from, size_t bytes)
{
    size_t page = platform_page_size();
    uintptr_t first = up(from, page);
    uintptr_t last = (from + bytes) & ~(uintptr_t)(page - 1);
    return first < last ? platform_discard((void *)first, last - first) : 0;
}

static const struct block_kind private_kind = {close_private, discard_private};

int block_open_private(struct block *block, const struct block_plan *plan,
                       struct platform_refusal *refusal)
{
    size_t page = platform_page_size();
    size_t data = up(plan->data_bytes, page);
    size_t tables = up(plan->table_bytes, page);
    size_t slack = plan->huge_pages ? huge_page : 0;
    size_t bytes =
        data + tables + slack; /* the caller keeps data below PTRDIFF_MAX and tables small */
    char *mapping = platform_reserve(bytes, refusal);
    if (!mapping) {
        return -1;
    }
    uintptr_t top = (uintptr_t)mapping + data;
    if (plan->huge_pages) {
        top = up(top, huge_page);
        int saved = errno;
        (void)platform_advise_huge((void *)(top - data), data);
        errno = saved;
    }
    *block = (struct block){&private_kind, top - data, top, top + tables, mapping, bytes};
    if (plan->prefault && platform_populate((void *)block->start, data) != 0) {
        close_private(block);
        *refusal = (struct platform_refusal){"the system's memory (prefault)", 0};
        errno = ENOMEM;
        return -1;
    }
    return 0;
}
