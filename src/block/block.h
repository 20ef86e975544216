/* The memory an arena stands on: data below `top`, the arena's own tables from `top` upward. One
 * file per kind of block implements it; the core sees this page only. Includes the platform
 * seam, nothing of the core.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_BLOCK_H
#define BITENA_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../platform/platform.h"

enum { BLOCK_LINE_BYTES = 128 };

struct block;

struct block_kind {
    void (*close)(const struct block *block);
    /* Pages in [from, from + bytes) to the system; they read as zero or as they were. 0, or -1
     * with errno. */
    int (*discard)(uintptr_t from, size_t bytes);
};

struct block {
    const struct block_kind *kind;
    uintptr_t start, top, end; /* data [start, top), tables [top, end); top on a line of its own */
    void *mapping;
    size_t mapping_bytes;
};

struct block_plan {
    size_t data_bytes, table_bytes;
    bool huge_pages, prefault;
};

/* Fresh zeroed pages, the data's top on a 2 MiB boundary with huge pages. -1: errno ENOMEM and
 * *refusal. */
int block_open_private(struct block *block, const struct block_plan *plan,
                       struct platform_refusal *refusal);

/* The caller's size bytes, the tables at their upper end; nothing is written. -1: too small for
 * the tables. */
int block_open_buffer(struct block *block, void *buffer, size_t size, size_t table_bytes);

#endif
