/* Unwinding: what a rewind, a child's reset or a child's drop gives back, lowest run first so that
 * each may touch the index in turn, and what is kept at hand. The TLAB's bearer only.
 * SPDX-License-Identifier: MIT */
#include "core.h"
#include <bitena/order.h>

/* The highest run, if it is worth it, is kept as *spare, but no more than `most` of it: so the
 * room below stays whole. */
static void offer_spare(struct arena *arena, struct span *spare, struct span span, size_t most)
{
    struct pool *pool = arena->pool;
    if (most < LEASE_MIN || span.end - span.base < LEASE_MIN || span.base < spare->base) {
        pool_give(pool, span);
        return;
    }
    if (span.end - span.base > most) {
        if (!pool_give_part(pool, span.base, span.end - most)) {
            pool_give(pool, span);
            return;
        }
        span.base = span.end - most;
    }
    pool_give(pool, *spare);
    *spare = span;
}

bool tlab_keep_spare(struct arena *arena, struct tlab *keeper, struct span span)
{
    struct pool *pool = arena->pool;
    if (!keeper || keeper->spare != 0 || span.run == 0) {
        pool_give(pool, span);
        return false;
    }
    run_at(pool, span.run)->base = span.base;
    run_at(pool, span.run)->end = span.end;
    keeper->spare = span.run;
    store_relaxed(&keeper->spare_bytes, span.end - span.base); /* [M10] */
    return true;
}

bool tlab_unwind(struct arena *arena, struct tlab *tlab, uint32_t chain, uintptr_t serial,
                 struct tlab *keeper)
{
    struct pool *pool = arena->pool;
    struct span spare = {0, 0, 0}, found = {0, 0, 0};
    struct span current = {offset_of(pool, tlab->base), offset_of(pool, tlab->end), tlab->lease};
    bool in_place = tlab->serial == serial;
    bool long_way = tlab->chain != chain;
    if (in_place && !long_way) {
        tlab->mark_chain = chain;
        return true;
    }
    size_t most = fair_share(arena, arena->lease_max);
    while (tlab->chain != chain) {
        struct run *r = run_at(pool, tlab->chain);
        struct span span = {r->base, r->end, tlab->chain};
        if (!in_place && current.base < span.base) { /* lowest first, see above */
            offer_spare(arena, &spare, current, most);
            current.base = current.end = SIZE_MAX;
        }
        tlab->chain = r->next;
        if (!in_place && serial != 0 && r->serial == (uint32_t)serial) {
            found = span;
        } else {
            offer_spare(arena, &spare, span, r->serial ? most : 0);
        }
    }
    if (!in_place) {
        if (current.base != current.end) {
            offer_spare(arena, &spare, current, most);
        }
        if (found.base == found.end) {
            tlab_set_empty(arena, tlab);
        } else {
            tlab_install(tlab, pool, found);
            tlab->serial = serial;
        }
    }
    tlab->mark_chain = tlab->chain;
    if (!tlab_keep_spare(arena, keeper, spare) || long_way) {
        pool_settle(pool);
    }
    return in_place || found.base != found.end;
}

/* Only the lower end may go: there is no text on it. */
void tlab_give_rest(struct arena *arena, struct tlab *tlab)
{
    struct pool *pool = arena->pool;
    size_t keep = fair_share(arena, arena->lease_max);
    if (tlab->floor == tlab->base && tlab->ceiling - tlab->base > keep) {
        uintptr_t cut = tlab->ceiling - keep;
        if (pool_give_part(pool, offset_of(pool, tlab->base), offset_of(pool, cut))) {
            tlab->base = cut;
            store_relaxed(&tlab->floor, cut); /* [M10] */
        }
    }
}
