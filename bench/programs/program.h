/*
 * program.h - what the whole programs share. A program keeps its data in rooms and nothing
 * else; what it gives back counts in its time. It runs in one thread.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_PROGRAM_H
#define BENCH_PROGRAM_H

#include "../workloads/crew.h"

enum { PROGRAM_HEADER = 16 }; /* what an allocator may add to each object, alignment included */

/* A longer place for p, whose bytes it keeps; p NULL with old_size 0: a new one. Aligned to 8. */
static inline void *program_grow(struct room *room, void *p, size_t old_size, size_t new_size)
{
#ifdef RIVAL_HAS_RESIZE
    return given(room_resize(room, p, old_size, new_size));
#else
    void *longer = given(room_alloc(room, new_size, OBJECT_ALIGN));
    if (old_size != 0) {
        memcpy(longer, p, old_size);
#if RIVAL_FREES_EACH
        room_free(room, p, old_size);
#endif
    }
    return longer;
#endif
}

#if !RIVAL_FREES_EACH
/* For a program that resets many times within one measured time: what of it does not count. */
static inline double program_reset(struct room *room)
{
#ifdef RIVAL_RESET_APART
    double start = now_ns();
    room_reset(room);
    return now_ns() - start;
#else
    room_reset(room);
    return 0;
#endif
}
#endif

#endif
