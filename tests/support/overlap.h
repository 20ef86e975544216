/* Who overlaps whom: one bit per byte of an arena's block, set while the byte belongs to a live
 * object. Claiming a byte twice, or one outside the block, is what no arena may ever do. Any thread
 * may claim and release at once. All accesses are relaxed on purpose: a checker that ordered the
 * threads would hide from ThreadSanitizer the order that the library itself has to give. The
 * block's place is learned from the first object, from the outside: every object lies within
 * `capacity` bytes, wherever they stand.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_OVERLAP_H
#define TESTS_OVERLAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct overlap {
    uintptr_t base;      /* address of bit 0; 0: not known yet */
    size_t capacity;     /* bytes of the block */
    uintptr_t low, high; /* all that was ever claimed; high - low <= capacity */
    uint64_t *words;
    size_t word_count;
};

/* For a block of `capacity` bytes, wherever it is. Aborts where there is no memory. */
void overlap_open(struct overlap *map, size_t capacity);
void overlap_close(struct overlap *map);

/* Tells where the block is: around this object. Later calls change nothing. Not at once with
 * others. */
void overlap_locate(struct overlap *map, const void *object);

/* False: a byte is another's, or outside the block. size 0: nothing is claimed. */
bool overlap_claim(struct overlap *map, const void *p, size_t size);
/* False: a byte was nobody's. */
bool overlap_release(struct overlap *map, const void *p, size_t size);
bool overlap_is_free(const struct overlap *map, const void *p, size_t size);

/* Nobody owns anything. Not at once with others. */
void overlap_clear(struct overlap *map);

#endif
