/*
 * memory.h - memory for a workload's own tables: straight from the system, so that it takes no
 * part in what the rival does with its own, and touched, so that it is not counted as its growth.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include "../rivals/rival.h"

#include <sys/mman.h>

/* Zeroed; the process gives it back when it ends. */
static inline void *memory_take(size_t bytes)
{
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (bytes == 0 || memory == MAP_FAILED) {
        die("no memory for a table of %zu bytes", bytes);
    }
    return memory;
}

#endif
