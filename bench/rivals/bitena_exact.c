/*
 * bitena_exact.c - Bitena in exact mode: no leases, byte for byte, one compare-and-swap each.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#define ARENA_MODE BITENA_EXACT
#include "arena.h"

#define RIVAL_NAME "bitena_exact"

#include "../workloads/all.h"
