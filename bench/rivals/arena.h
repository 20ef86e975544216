/*
 * arena.h - what the rivals that are Bitena have in common. The file that includes it opens,
 * resets and closes its room: that is where they differ.
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

#endif
