/*
 * bitena_called.c - Bitena as it comes, but each object costs a call, as it does with every
 * allocator that is a library's function: what is left of the difference is not inlining. Weak,
 * so that no compiler makes copies of the function for the sizes it is called with.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#define ARENA_CALLED
#define ARENA_MODE BITENA_SHARED
#include "arena.h"

#define RIVAL_NAME "bitena_called"

void *room_alloc(struct room *room, size_t size, size_t align);

BENCH_NOINLINE __attribute__((weak)) void *room_alloc(struct room *room, size_t size, size_t align)
{
    return bitena_alloc(room->arena, size, align);
}

#include "../workloads/all.h"
