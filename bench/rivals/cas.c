/*
 * cas.c - one compare-and-swap for each object on one index, upward: the way of the Rust crate
 * that Bitena takes its name from, and of most lock-free arenas.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include "block.h"
#include "rival.h"

#define RIVAL_NAME       "cas"
#define RIVAL_SHARES     1
#define RIVAL_FREES_EACH 0
#define RIVAL_HAS_USED
#define RIVAL_HAS_PREFAULT
#define RIVAL_HAS_ADOPT

/* The index on a line of its own, the constants on another. */
struct room {
    _Alignas(128) uintptr_t used;
    _Alignas(128) char *block;
    size_t bytes;
};

static inline void room_reset(struct room *room)
{
    __atomic_store_n(&room->used, 0, __ATOMIC_RELAXED);
}

static inline void room_adopt(struct room *room, char *block, size_t bytes)
{
    room->bytes = bytes;
    room->block = block;
    room_reset(room);
}

static inline void room_open(struct room *room, size_t bytes)
{
    char *block = block_take(&bytes);
    room_adopt(room, block, bytes);
}

static inline void room_open_prefaulted(struct room *room, size_t bytes)
{
    char *block = block_take(&bytes);
    block_populate(block, bytes);
    room_adopt(room, block, bytes);
}

static inline void room_close(struct room *room)
{
    block_give(room->block, room->bytes);
}

static inline size_t room_used(const struct room *room)
{
    return __atomic_load_n(&room->used, __ATOMIC_RELAXED);
}

BENCH_INLINE void *room_alloc(struct room *room, size_t size, size_t align)
{
    uintptr_t base = (uintptr_t)room->block;
    uintptr_t used = __atomic_load_n(&room->used, __ATOMIC_RELAXED);
    for (;;) {
        uintptr_t place = (base + used + (align - 1)) & ~(uintptr_t)(align - 1);
        uintptr_t next = place - base + size;
        if (__builtin_expect(next > room->bytes, 0)) {
            return NULL;
        }
        if (__atomic_compare_exchange_n(&room->used, &used, next, 1, __ATOMIC_RELAXED,
                                        __ATOMIC_RELAXED)) {
            return (void *)place;
        }
    }
}

#include "../workloads/all.h"
