/*
 * bitena_exact.c - Bitena in exact mode: no leases, byte for byte, one compare-and-swap each.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include "arena.h"

#define RIVAL_NAME   "bitena_exact"
#define RIVAL_SHARES 1
#define RIVAL_HAS_CHILD
#define RIVAL_HAS_PREFAULT
#define RIVAL_HAS_ADOPT

static inline void room_open(struct room *room, size_t bytes)
{
    bitena_options options = {.capacity = bytes, .mode = BITENA_EXACT};
    room->arena = (bitena *)given(bitena_open(&options));
}

static inline void room_open_prefaulted(struct room *room, size_t bytes)
{
    bitena_options options = {.capacity = bytes, .mode = BITENA_EXACT, .prefault = 1};
    room->arena = (bitena *)given(bitena_open(&options));
}

static inline void room_adopt(struct room *room, char *block, size_t bytes)
{
    bitena_options options = {.mode = BITENA_EXACT};
    room->arena = (bitena *)given(bitena_init(block, bytes, &options));
}

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

#include "../workloads/all.h"
