/*
 * talloc.c - Samba's talloc: every object is a node of a tree. Kindest settings: a talloc pool that
 * holds all objects with their headers, up to the largest that talloc makes (what does not fit it
 * takes from malloc by itself), and text by talloc_size and a copy, which is faster than its own
 * talloc_strndup. talloc's own total leaves the headers out, so no use is told.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include "rival.h"

#include <talloc.h>

#define RIVAL_NAME       "talloc"
#define RIVAL_SHARES     0
#define RIVAL_FREES_EACH 0
#define RIVAL_HAS_RESIZE
#define RIVAL_HAS_CHILD

enum {
    /* A text of two bytes takes 112, and a workload counts it as at least 18 and an eighth. */
    HEADER_FACTOR = 6,
    POOL_MAX = 255 << 20 /* talloc refuses 256 MiB */
};

struct room {
    void *pool;
};

static inline void room_open(struct room *room, size_t bytes)
{
    size_t size = bytes < POOL_MAX / HEADER_FACTOR ? bytes * HEADER_FACTOR : POOL_MAX;
    room->pool = given(talloc_pool(NULL, size));
}

/* The pool starts anew when its last object goes. To free it and make another visits the same
 * objects, and pays for fresh pages too. */
static inline void room_reset(struct room *room)
{
    talloc_free_children(room->pool);
}

static inline void room_close(struct room *room)
{
    (void)talloc_free(room->pool);
}

BENCH_INLINE void *room_alloc(struct room *room, size_t size, size_t align)
{
    (void)align; /* always 16 */
    return talloc_size(room->pool, size);
}

BENCH_INLINE void *room_resize(struct room *room, void *p, size_t old_size, size_t new_size)
{
    (void)old_size;
    return talloc_realloc_size(room->pool, p, new_size);
}

/* In the same pool. */
static inline void child_open(struct room *child, struct room *parent)
{
    child->pool = given(talloc_new(parent->pool));
}

static inline void child_close(struct room *child)
{
    (void)talloc_free(child->pool);
}

#include "../workloads/all.h"
