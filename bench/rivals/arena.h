/*
 * arena.h - what the rivals that are Bitena have in common. Where they differ is said before it
 * is included:
 *   ARENA_MODE    rooms are whole arenas of this mode, made by the thread that first allocates;
 *                 without it the file opens its rooms
 *   ARENA_KEPT    another thread resets and drops, so the file does it, and there are no children
 *   ARENA_CALLED  the file has a room_alloc of its own
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_ARENA_H
#define BENCH_ARENA_H

#include "rival.h"

#include <bitena.h>
#include <errno.h>

#define RIVAL_FREES_EACH 0
#define RIVAL_IS_HANDLE
#define RIVAL_HAS_TEXT
#define RIVAL_HAS_RESIZE
#define RIVAL_HAS_SCOPE
#define RIVAL_HAS_USED

struct room {
    bitena *arena;
};

static inline void arena_reset(bitena *arena)
{
    if (bitena_reset(arena) != 0) {
        die("bitena_reset: %s", strerror(errno));
    }
}

static inline size_t room_used(const struct room *room)
{
    return bitena_used(room->arena);
}

#ifndef ARENA_CALLED
BENCH_INLINE void *room_alloc(struct room *room, size_t size, size_t align)
{
    return bitena_alloc(room->arena, size, align);
}
#endif

BENCH_INLINE char *room_text(struct room *room, const char *s, size_t length)
{
    return bitena_alloc_strn(room->arena, s, length);
}

/* At the floor it grows in place, so that a text that grows needs no verb of its own: a capacity
 * that doubles over this is as fast as one that starts in a window. */
BENCH_INLINE void *room_resize(struct room *room, void *p, size_t old_size, size_t new_size)
{
    return bitena_resize(room->arena, p, old_size, new_size, 8);
}

struct scope {
    bitena_scope_ opened;
};

/* What BITENA_SCOPE opens and closes: the workload's two ends stand in different functions. */
static inline void scope_begin(struct room *room, struct scope *scope)
{
    scope->opened = bitena_scope_begin_(room->arena);
}

static inline void scope_end(struct room *room, struct scope *scope)
{
    (void)room;
    bitena_scope_end_(&scope->opened);
}

#ifdef ARENA_MODE
#define RIVAL_SHARES 1
#define RIVAL_HAS_PREFAULT
#define RIVAL_HAS_ADOPT

static inline void room_open(struct room *room, size_t bytes)
{
    bitena_options options = {.capacity = bytes, .mode = ARENA_MODE};
    room->arena = (bitena *)given(bitena_open(&options));
}

static inline void room_open_prefaulted(struct room *room, size_t bytes)
{
    bitena_options options = {.capacity = bytes, .mode = ARENA_MODE, .prefault = 1};
    room->arena = (bitena *)given(bitena_open(&options));
}

static inline void room_adopt(struct room *room, char *block, size_t bytes)
{
    bitena_options options = {.mode = ARENA_MODE};
    room->arena = (bitena *)given(bitena_init(block, bytes, &options));
}
#endif

#ifndef ARENA_KEPT
#define RIVAL_HAS_CHILD

static inline void room_reset(struct room *room)
{
    arena_reset(room->arena);
}

static inline void room_close(struct room *room)
{
    bitena_drop(room->arena);
}

static inline void child_open(struct room *child, struct room *parent)
{
    child->arena = (bitena *)given(bitena_new_child(parent->arena));
}

static inline void child_close(struct room *child)
{
    bitena_drop(child->arena);
}
#endif

#endif
