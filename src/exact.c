/* EXACT arenas: one compare-and-swap per call on the index, upward, no byte but padding lost.
 * Async-signal-safe: no lock, no thread-local word, errno untouched. This is what the Rust crate
 * of the same name does.
 * SPDX-License-Identifier: MIT */
#include "exact.h"

#include <bitena/order.h>

void *exact_try(struct arena *arena, const struct request *request)
{
    void *p = exact_bump(arena->pool, request->size, request->align);
    return p ? p : run_apart(arena, NULL, request); /* what children left */
}

bool exact_move_end(struct arena *arena, uintptr_t from, size_t old_size, size_t new_size)
{
    struct pool *pool = arena->pool;
    size_t base = offset_of(pool, from);
    size_t index = base + old_size;
    if (base > pool->capacity || new_size > pool->capacity - base) { /* below data: base is huge */
        return false;
    }
    if (base <
        load_relaxed(&pool->barrier)) { /* [M06] it may stand in a recycled run's descriptor */
        return false;
    }
    while (index == base + old_size) {
        if (cas_weak_acq_rel(&pool->index, &index, base + new_size)) { /* [M01] */
            return true;
        }
    }
    return false;
}

void exact_save(struct arena *arena, bitena_mark *mark)
{
    struct tlab *tlab = &arena->tlab;
    size_t index = load_relaxed(&arena->pool->index); /* [M01] the caller is alone */
    *mark = (bitena_mark){.epoch = arena->epoch,
                          .number = ++tlab->marks,
                          .tlab = tlab,
                          .cleanups = load_relaxed(&arena->cleanups), /* [M14] alone */
                          .text = index,
                          .outer_text = arena->pool->mark,
                          .chain = tlab->chain};
    store_relaxed(&arena->pool->mark, index); /* [M06] alone */
}

/* What children hold above the mark stays, and the bytes below it wait for a rewind without
 * them. */
void exact_rewind(struct arena *arena, const bitena_mark *mark, bool ends)
{
    struct pool *pool = arena->pool;
    struct tlab *tlab = &arena->tlab;
    while (tlab->chain != mark->chain) { /* what was taken from recycled runs */
        struct run *r = run_at(pool, tlab->chain);
        struct span span = {r->base, r->end, tlab->chain};
        tlab->chain = r->next;
        pool_give(pool, span);
    }
    store_relaxed(&pool->mark, ends ? mark->outer_text : mark->text); /* [M06] alone */
    pool_rewind(pool, mark->text,
                has_children(arena) || load_acquire(&arena->absorbed)); /* [M15] */
}
