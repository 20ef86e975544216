/*
 * apr.c - pools of the Apache Portable Runtime, each thread's with an allocator of its own. Kindest
 * settings: the allocator keeps all it ever had, and holds one piece as large as all objects from
 * the start, so that no small pieces of 8 KiB are chained. A small room, such as a short thread
 * opens, shares APR's global allocator, where the pieces of the one before wait: APR maps and
 * unmaps memory for each allocator. A child is a subpool; APR has no scope besides that, and does
 * not say what is used.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include "rival.h"

#include <apr_allocator.h>
#include <apr_general.h>
#include <apr_pools.h>
#include <apr_strings.h>
#include <stdlib.h>

#define RIVAL_NAME       "apr"
#define RIVAL_SHARES     0
#define RIVAL_FREES_EACH 0
#define RIVAL_HAS_SETUP
#define RIVAL_HAS_TEXT
#define RIVAL_HAS_CHILD

enum { POOL_ALIGN = 8, SMALL_ROOM = 1 << 20 };

struct room {
    apr_pool_t *pool;
};

static inline void rival_setup(size_t bytes)
{
    (void)bytes;
    if (apr_initialize() != APR_SUCCESS || atexit(apr_terminate) != 0) {
        die("cannot start APR");
    }
}

static inline void room_reset(struct room *room)
{
    apr_pool_clear(room->pool);
}

static inline void open_small(struct room *room)
{
    if (apr_pool_create(&room->pool, NULL) != APR_SUCCESS) {
        die("cannot make a pool");
    }
}

static inline void open_large(struct room *room, size_t bytes)
{
    apr_allocator_t *allocator = NULL;
    if (apr_allocator_create(&allocator) != APR_SUCCESS) {
        die("cannot make an allocator");
    }
    apr_allocator_max_free_set(allocator, APR_ALLOCATOR_MAX_FREE_UNLIMITED);
    if (apr_pool_create_ex(&room->pool, NULL, NULL, allocator) != APR_SUCCESS) {
        die("cannot make a pool");
    }
    apr_allocator_owner_set(allocator, room->pool); /* it goes with the pool */
    (void)given(apr_palloc(room->pool, bytes));
    room_reset(room); /* now the allocator has that piece, not yet touched */
}

static inline void room_open(struct room *room, size_t bytes)
{
    if (bytes < SMALL_ROOM) {
        open_small(room);
    } else {
        open_large(room, bytes);
    }
}

static inline void room_close(struct room *room)
{
    apr_pool_destroy(room->pool);
}

BENCH_INLINE void *room_alloc(struct room *room, size_t size, size_t align)
{
    if (align <= POOL_ALIGN) {
        return apr_palloc(room->pool, size);
    }
    uintptr_t place = (uintptr_t)apr_palloc(room->pool, size + align - POOL_ALIGN);
    return (void *)((place + (align - 1)) & ~(uintptr_t)(align - 1));
}

BENCH_INLINE char *room_text(struct room *room, const char *s, size_t length)
{
    return apr_pstrmemdup(room->pool, s, length);
}

static inline void child_open(struct room *child, struct room *parent)
{
    if (apr_pool_create(&child->pool, parent->pool) != APR_SUCCESS) {
        die("cannot make a subpool");
    }
}

static inline void child_close(struct room *child)
{
    apr_pool_destroy(child->pool);
}

#include "../workloads/all.h"
