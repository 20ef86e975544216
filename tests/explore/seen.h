/* The set of states that were met, by their 64-bit hash: two states with one hash are taken for
 * one, whose chance with ten million states is below 1 in 100 000. Included by the explorer only.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_EXPLORE_SEEN_H
#define BITENA_EXPLORE_SEEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint64_t hash_bytes(uint64_t hash, const void *from, size_t bytes);
void seen_clear(void);
bool seen_add(uint64_t hash); /* false: it was there */
bool seen_is_full(void);

#endif
