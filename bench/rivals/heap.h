/*
 * heap.h - what all heaps have in common: no arena, every object goes back by itself. The file that
 * includes it names the three functions. A heap's scope and child are its objects alone.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_HEAP_H
#define BENCH_HEAP_H

#include "rival.h"

#define RIVAL_SHARES     1
#define RIVAL_FREES_EACH 1
#define RIVAL_HAS_RESIZE

struct room {
    char unused;
};

static inline void room_open(struct room *room, size_t bytes)
{
    (void)room;
    (void)bytes;
}

static inline void room_close(struct room *room)
{
    (void)room;
}

BENCH_INLINE void *room_alloc(struct room *room, size_t size, size_t align)
{
    (void)room;
    (void)align;
    return HEAP_ALLOC(size);
}

BENCH_INLINE void *room_resize(struct room *room, void *p, size_t old_size, size_t new_size)
{
    (void)room;
    (void)old_size;
    return HEAP_REALLOC(p, new_size);
}

BENCH_INLINE void room_free(struct room *room, void *p, size_t size)
{
    (void)room;
    (void)size;
    HEAP_FREE(p);
}

#endif
