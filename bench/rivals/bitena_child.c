/*
 * bitena_child.c - Bitena: each thread allocates from a child of its own, all children of one arena.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include "arena.h"

#define RIVAL_NAME   "bitena_child"
#define RIVAL_SHARES 0
#define RIVAL_HAS_SETUP

static bitena *family;

static inline void rival_setup(size_t bytes)
{
    family = (bitena *)given(bitena_new(bytes));
}

static inline void room_open(struct room *room, size_t bytes)
{
    (void)bytes;
    room->arena = (bitena *)given(bitena_new_child(family));
}

#include "../workloads/all.h"
