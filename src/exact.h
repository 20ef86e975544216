/* EXACT arenas: no TLABs, the index bumped byte-tight by every call. Included by the core only.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_EXACT_H
#define BITENA_EXACT_H

#include "core.h"
#include <bitena/order.h>

/* One compare-and-swap; NULL: no room at the index. */
static inline void *exact_bump(struct pool *pool, size_t size, size_t align)
{
    size_t index = load_relaxed(&pool->index); /* [M01] */
    uintptr_t at;
    while (place_up(address_of(pool, index), address_of(pool, pool->capacity), size, align, &at)) {
        if (cas_weak_acquire(&pool->index, &index, offset_of(pool, at) + size)) { /* [M01] */
            return (void *)at;
        }
    }
    return NULL;
}

void *exact_try(struct arena *arena, const struct request *request);
/* [from, from + old_size) ends at the index and now ends new_size bytes after from. False: it
 * does not, or no room. */
bool exact_move_end(struct arena *arena, uintptr_t from, size_t old_size, size_t new_size);
void exact_save(struct arena *arena, bitena_mark *mark);
void exact_rewind(struct arena *arena, const bitena_mark *mark, bool ends);

#endif
