/*
 * bump.c - the limit: an unsynchronised downward bump over one block, checked and aligned as an
 * arena does it. Its words stay in memory between objects, as they must in a caller that does
 * more than a loop.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include "block.h"
#include "rival.h"

#define RIVAL_NAME       "bump"
#define RIVAL_SHARES     0
#define RIVAL_FREES_EACH 0
#define RIVAL_HAS_SCOPE
#define RIVAL_HAS_CHILD
#define RIVAL_HAS_USED
#define RIVAL_HAS_PREFAULT
#define RIVAL_HAS_ADOPT

struct room {
    _Alignas(128) uintptr_t floor;
    uintptr_t padding; /* the two are not loaded as one */
    uintptr_t ceiling;
    char *block;
    size_t bytes;
};

static inline void room_reset(struct room *room)
{
    room->ceiling = (uintptr_t)room->block + room->bytes;
}

static inline void room_adopt(struct room *room, char *block, size_t bytes)
{
    room->bytes = bytes;
    room->block = block;
    room->floor = (uintptr_t)room->block;
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
    return (uintptr_t)room->block + room->bytes - room->ceiling;
}

BENCH_INLINE void *room_alloc(struct room *room, size_t size, size_t align)
{
    uintptr_t ceiling = __atomic_load_n(&room->ceiling, __ATOMIC_RELAXED);
    uintptr_t floor = __atomic_load_n(&room->floor, __ATOMIC_RELAXED);
    if (__builtin_expect(ceiling - floor < size + (align - 1), 0)) {
        return NULL;
    }
    ceiling = (ceiling - size) & ~(uintptr_t)(align - 1);
    __atomic_store_n(&room->ceiling, ceiling, __ATOMIC_RELAXED);
    return (void *)ceiling;
}

struct scope {
    uintptr_t ceiling;
};

static inline void scope_begin(struct room *room, struct scope *scope)
{
    scope->ceiling = room->ceiling;
}

static inline void scope_end(struct room *room, struct scope *scope)
{
    room->ceiling = scope->ceiling;
}

/* What is left of the parent. */
static inline void child_open(struct room *child, struct room *parent)
{
    child->floor = parent->floor;
    child->ceiling = parent->ceiling;
}

static inline void child_close(struct room *child)
{
    (void)child;
}

#include "../workloads/all.h"
