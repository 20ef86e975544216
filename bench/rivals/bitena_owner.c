/*
 * bitena_owner.c - Bitena as it comes: a shared arena. With one thread that is its owner, with more
 * the owner and others at once.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#define ARENA_MODE BITENA_SHARED
#include "arena.h"

#define RIVAL_NAME "bitena_owner"

#include "../workloads/all.h"
