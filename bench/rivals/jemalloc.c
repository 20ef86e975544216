/*
 * jemalloc.c - jemalloc in malloc's place, the way programs take it, with its own settings. Whether
 * it really serves is proved once before the first room, since a program that lost the library
 * would quietly measure glibc.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include <jemalloc/jemalloc.h>
#include <stdlib.h>

#define RIVAL_NAME   "jemalloc"
#define HEAP_ALLOC   malloc
#define HEAP_REALLOC realloc
#define HEAP_FREE    free
#define RIVAL_HAS_SETUP

#include "heap.h"

enum { PROOF_BYTES = 1000 };

static inline uint64_t bytes_served(void)
{
    uint64_t bytes = 0;
    size_t size = sizeof bytes;
    if (mallctl("thread.allocated", &bytes, &size, NULL, 0) != 0) {
        die("this jemalloc keeps no statistics");
    }
    return bytes;
}

/* jemalloc's own account of this thread must grow by what malloc gives it. */
static inline void rival_setup(size_t bytes)
{
    (void)bytes;
    uint64_t before = bytes_served();
    char *volatile proof = (char *)given(malloc(PROOF_BYTES));
    proof[0] = 0;
    if (bytes_served() - before < PROOF_BYTES) {
        die("malloc is not jemalloc's");
    }
    free(proof);
}

#include "../workloads/all.h"
