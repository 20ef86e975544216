/* The byte map of overlap.h: 64 bytes of the block per word, claimed by fetch-or and released by
 * fetch-and, so that of two claims of one byte the second always sees the first. The map spans
 * twice the capacity around the first object, because nothing outside the library tells where in
 * its block that object stands.
 * SPDX-License-Identifier: MIT */
#include "support/overlap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_BITS = 64 };

void overlap_open(struct overlap *map, size_t capacity)
{
    *map = (struct overlap){.capacity = capacity, .low = UINTPTR_MAX};
    map->word_count = 2 * capacity / WORD_BITS + 4;
    map->words = calloc(map->word_count, sizeof *map->words);
    if (!map->words) {
        perror("overlap_open");
        abort();
    }
}

void overlap_close(struct overlap *map)
{
    free(map->words);
    map->words = NULL;
}

void overlap_locate(struct overlap *map, const void *object)
{
    if (map->base == 0) {
        uintptr_t before = (uintptr_t)object - map->capacity;
        map->base = (before & ~(uintptr_t)(WORD_BITS - 1)) - WORD_BITS;
    }
}

/* Widens [low, high); false: it is wider than the block now. */
static bool note_range(struct overlap *map, uintptr_t from, uintptr_t to)
{
    uintptr_t low = __atomic_load_n(&map->low, __ATOMIC_RELAXED);
    while (from < low && !__atomic_compare_exchange_n(&map->low, &low, from, 1, __ATOMIC_RELAXED,
                                                      __ATOMIC_RELAXED)) {
    }
    uintptr_t high = __atomic_load_n(&map->high, __ATOMIC_RELAXED);
    while (to > high && !__atomic_compare_exchange_n(&map->high, &high, to, 1, __ATOMIC_RELAXED,
                                                     __ATOMIC_RELAXED)) {
    }
    low = from < low ? from : low;
    high = to > high ? to : high;
    return high - low <= map->capacity;
}

static bool is_inside(const struct overlap *map, uintptr_t from, size_t size)
{
    size_t bytes = map->word_count * WORD_BITS;
    return from >= map->base && size <= bytes && from - map->base <= bytes - size;
}

/* The bits of [first, first + count) within one word. */
static uint64_t bits(size_t first, size_t count)
{
    uint64_t run = count >= WORD_BITS ? ~(uint64_t)0 : ((uint64_t)1 << count) - 1;
    return run << first;
}

enum verb { CLAIM, RELEASE, LOOK };

/* What the words said before, of the bits named: all clear for a good claim, all set for a good
 * release. */
static bool walk(const struct overlap *map, uintptr_t from, size_t size, enum verb verb)
{
    size_t at = from - map->base;
    bool good = true;
    while (size > 0) {
        size_t first = at % WORD_BITS;
        size_t count = size < WORD_BITS - first ? size : WORD_BITS - first;
        uint64_t mask = bits(first, count);
        uint64_t *word = &map->words[at / WORD_BITS];
        uint64_t before;
        if (verb == CLAIM) {
            before = __atomic_fetch_or(word, mask, __ATOMIC_RELAXED);
        } else if (verb == RELEASE) {
            before = ~__atomic_fetch_and(word, ~mask, __ATOMIC_RELAXED);
        } else {
            before = __atomic_load_n(word, __ATOMIC_RELAXED);
        }
        good = good && (before & mask) == 0;
        at += count;
        size -= count;
    }
    return good;
}

bool overlap_claim(struct overlap *map, const void *p, size_t size)
{
    uintptr_t from = (uintptr_t)p;
    if (size == 0) {
        return true;
    }
    return is_inside(map, from, size) && note_range(map, from, from + size) &&
           walk(map, from, size, CLAIM);
}

bool overlap_release(struct overlap *map, const void *p, size_t size)
{
    uintptr_t from = (uintptr_t)p;
    return size == 0 || (is_inside(map, from, size) && walk(map, from, size, RELEASE));
}

bool overlap_is_free(const struct overlap *map, const void *p, size_t size)
{
    uintptr_t from = (uintptr_t)p;
    return size == 0 || (is_inside(map, from, size) && walk(map, from, size, LOOK));
}

void overlap_clear(struct overlap *map)
{
    memset(map->words, 0, map->word_count * sizeof *map->words);
}
