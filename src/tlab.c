/* A TLAB: one thread's current lease in one arena, bumped from both ends, and the chain of runs it has left behind.
 * Only its bearer comes here, so everything is plain but the words that statistics read. The refill follows HotSpot's
 * thread-local allocation buffers (extend, keep or retire); shared state is reached through the pool alone.
 * SPDX-License-Identifier: MIT */
#include "core.h"
#include "order.h"

/* [M10] ceiling, floor, window and spare_bytes are read by others for statistics; torn pairs are clamped there. */
static void set_interval(struct tlab *tlab, uintptr_t floor, uintptr_t ceiling) {
    store_relaxed(&tlab->floor, floor);     /* [M10] */
    store_relaxed(&tlab->ceiling, ceiling); /* [M10] */
}

/* Not a multiple of 2^32: 0 in a descriptor means "not a lease". */
static void next_serial(struct tlab *tlab) {
    tlab->serial++;
    tlab->serial += (uint32_t)tlab->serial == 0;
}

/* An empty lease at the block's top: while nothing was leased, the index stands there and extends it. */
void tlab_set_empty(struct arena *arena, struct tlab *tlab) {
    tlab->base = tlab->end = address_of(arena->pool, arena->pool->capacity);
    set_interval(tlab, tlab->base, tlab->end);
    next_serial(tlab);
    tlab->mark_text = 0;
    tlab->apart = 0;
    tlab->lease = 0;
}

void tlab_clear(struct arena *arena, struct tlab *tlab) {
    tlab_set_empty(arena, tlab);
    store_relaxed(&tlab->window, 0);      /* [M10] */
    store_relaxed(&tlab->spare_bytes, 0); /* [M10] */
    tlab->chain = tlab->spare = 0;
    tlab->next_lease = LEASE_MIN < arena->lease_max ? LEASE_MIN : arena->lease_max;
    tlab->children = 0;
    tlab->cleanups = NULL;
    tlab_end_marks(tlab);
}

void tlab_close_window(struct tlab *tlab) {
    if (tlab->window != 0) {
        store_relaxed(&tlab->floor, tlab->window); /* [M10] */
        store_relaxed(&tlab->window, 0);           /* [M10] */
    }
}

size_t tlab_free(const struct tlab *tlab) {
    uintptr_t window = load_relaxed(&tlab->window);   /* [M10] */
    uintptr_t ceiling = load_relaxed(&tlab->ceiling); /* [M10] */
    uintptr_t floor = window ? window : load_relaxed(&tlab->floor); /* [M10] */
    return (floor < ceiling ? ceiling - floor : 0) + load_relaxed(&tlab->spare_bytes); /* [M10] */
}

void *tlab_bump(struct tlab *tlab, const struct request *request) {
    uintptr_t floor = tlab->floor, ceiling = tlab->ceiling, at;
    if (request->up) {
        if (!place_up(floor, ceiling, request->size, request->align, &at)) {
            return NULL;
        }
        floor = at + request->size;
    } else {
        if (!place_down(floor, ceiling, request->size, request->align, &at)) {
            return NULL;
        }
        ceiling = at;
    }
    set_interval(tlab, floor, ceiling);
    return (void *)at;
}

bool tlab_take_spare(const struct pool *pool, struct tlab *tlab, size_t need, struct span *span) {
    if (tlab->spare == 0 || tlab->spare_bytes < need) {
        return false;
    }
    const struct run *r = run_at(pool, tlab->spare);
    *span = (struct span){r->base, r->end, tlab->spare};
    tlab->spare = 0;
    store_relaxed(&tlab->spare_bytes, 0); /* [M10] */
    return true;
}

static void grow_lease(const struct arena *arena, struct tlab *tlab) {
    tlab->next_lease = clamp_size(tlab->next_lease * 2, LEASE_MIN, arena->lease_max);
}

static size_t lease_step(const struct arena *arena, const struct tlab *tlab) {
    const struct pool *pool = arena->pool;
    const struct root *root = (const struct root *)((const char *)pool - offsetof(struct root, pool));
    return fair_lease(tlab->next_lease, pool_free(pool), load_relaxed(&root->arena.tlabs_in_use)); /* [M11] */
}

static size_t needed(const struct request *request) {
    size_t need = worst_case(request->size, request->align);
    return request->growing ? add_saturating(need, need) : need;
}

/* The index stands at the lease's base and no text on its floor: the lease grows downward, without a seam. */
static void *extend(struct arena *arena, struct tlab *tlab, const struct request *request) {
    struct pool *pool = arena->pool;
    size_t base = offset_of(pool, tlab->base);
    uintptr_t at;
    if (tlab->floor != tlab->base || load_relaxed(&pool->index) != base || pool->upward || /* [M01] a hint */
        !place_down(pool->data, tlab->ceiling, request->size, request->align, &at)) {
        return NULL;
    }
    size_t need = at < tlab->base ? tlab->base - at : 0;
    size_t wish = lease_step(arena, tlab);
    size_t more = clamp_size(wish, request->growing ? needed(request) : need, SIZE_MAX);
    more = more < base ? more : base;
    if (!pool_extend(pool, base, more)) {
        return NULL;
    }
    tlab->base -= more;
    set_interval(tlab, tlab->base, tlab->ceiling);
    grow_lease(arena, tlab);
    return tlab_bump(tlab, request);
}

/* Chains matter to rewinds and to children, whose runs go back one by one; a root's reset needs none. */
static bool needs_chain(const struct arena *arena, const struct tlab *tlab) {
    return arena->parent != NULL || tlab_has_live_marks(tlab);
}

static void chain_add(struct arena *arena, struct tlab *tlab, struct span span, uintptr_t serial) {
    struct pool *pool = arena->pool;
    uint32_t run = span.run;
    if (span.base == span.end || !needs_chain(arena, tlab)) {
        run_free(pool, run);
        return;
    }
    run = run ? run : run_new(pool);
    if (run != 0) { /* without a descriptor the bytes wait for the root's reset */
        struct run *r = run_at(pool, run);
        r->base = span.base;
        r->end = span.end;
        r->serial = (uint32_t)serial;
        store_relaxed(&r->next, tlab->chain); /* [M03] in hand */
        tlab->chain = run;
    }
}

/* The current lease goes to the chain. A live mark in it may want it back whole; else its rest is recycled. */
void tlab_retire(struct arena *arena, struct tlab *tlab) {
    struct pool *pool = arena->pool;
    struct span all = {offset_of(pool, tlab->base), offset_of(pool, tlab->end), tlab->lease};
    struct span rest = {offset_of(pool, tlab->floor), offset_of(pool, tlab->ceiling), 0};
    tlab->lease = 0;
    if (tlab->mark_text != 0 || rest.end - rest.base < WORTH_RECYCLING) {
        chain_add(arena, tlab, all, tlab->serial);
        return;
    }
    pool_give(pool, rest);
    chain_add(arena, tlab, (struct span){all.base, rest.base, 0}, 0);
    chain_add(arena, tlab, (struct span){rest.end, all.end, all.run}, tlab->serial);
}

void tlab_install(struct tlab *tlab, const struct pool *pool, struct span span) {
    tlab->base = address_of(pool, span.base);
    tlab->end = address_of(pool, span.end);
    tlab->lease = span.run;
    next_serial(tlab);
    tlab->mark_text = 0;
    tlab->apart = 0;
    set_interval(tlab, tlab->base, tlab->end);
}

void *run_apart(struct arena *arena, struct tlab *tlab, const struct request *request) {
    struct pool *pool = arena->pool;
    struct span span;
    uintptr_t at = 0;
    if (!pool_take(pool, request->size, request->align, 0, &span)) {
        return NULL;
    }
    (void)place_up(address_of(pool, span.base), address_of(pool, span.end), request->size, request->align, &at);
    size_t used_end = offset_of(pool, at) + request->size;
    if (span.end - used_end >= WORTH_RECYCLING) { /* the gap of a large alignment */
        pool_give(pool, (struct span){used_end, span.end, 0});
        span.end = used_end;
    }
    if (tlab) {
        chain_add(arena, tlab, span, 0);
    } else {
        run_free(pool, span.run);
    }
    return (void *)at;
}

/* Large requests get a run of their own; others too while the lease has much left, unless that went on too long. */
static bool is_apart(const struct arena *arena, struct tlab *tlab, const struct request *request) {
    size_t need = worst_case(request->size, request->align);
    if (request->growing) {
        return false;
    }
    if (need > tlab->next_lease / LARGE_SHARE) {
        return true;
    }
    size_t lease = tlab->end - tlab->base;
    lease = lease < arena->lease_max ? lease : arena->lease_max;
    if (tlab->ceiling - tlab->floor > lease / KEEP_SHARE + tlab->apart) {
        tlab->apart += need;
        return true;
    }
    return false;
}

static bool take_lease(struct arena *arena, struct tlab *tlab, const struct request *request, struct span *span) {
    size_t need = needed(request);
    if (tlab_take_spare(arena->pool, tlab, need, span)) {
        return true;
    }
    size_t step = lease_step(arena, tlab);
    return pool_take(arena->pool, request->size, request->align, step > need ? step : need, span);
}

/* The new lease first, the old one's retirement after: a refusal changes nothing. */
static void *new_lease(struct arena *arena, struct tlab *tlab, const struct request *request) {
    struct span span;
    if (!take_lease(arena, tlab, request, &span)) {
        return NULL;
    }
    tlab_retire(arena, tlab);
    tlab_install(tlab, arena->pool, span);
    return tlab_bump(tlab, request);
}

void *tlab_move_last(struct arena *arena, struct tlab *tlab, const struct request *request, void *last, size_t size) {
    struct span span;
    bool found = take_lease(arena, tlab, request, &span);
    if (!found && tlab->spare != 0) {
        tlab_give_spare(arena, tlab);
        found = take_lease(arena, tlab, request, &span);
    }
    if (!found) {
        return NULL;
    }
    uintptr_t at = 0;
    (void)place_up(address_of(arena->pool, span.base), address_of(arena->pool, span.end), request->size, request->align,
                   &at);
    memcpy((void *)at, last, size); /* before its old place may become another thread's */
    set_interval(tlab, (uintptr_t)last, tlab->ceiling);
    tlab_retire(arena, tlab);
    tlab_install(tlab, arena->pool, span);
    grow_lease(arena, tlab);
    return tlab_bump(tlab, request);
}

void tlab_give_spare(struct arena *arena, struct tlab *tlab) {
    struct span span;
    if (tlab_take_spare(arena->pool, tlab, 0, &span)) {
        pool_give(arena->pool, span);
    }
}

void *tlab_refill(struct arena *arena, struct tlab *tlab, const struct request *request) {
    void *p = extend(arena, tlab, request);
    if (p) {
        return p;
    }
    bool apart = is_apart(arena, tlab, request);
    p = apart ? run_apart(arena, tlab, request) : new_lease(arena, tlab, request);
    if (!p && tlab->spare != 0) {
        tlab_give_spare(arena, tlab);
        p = extend(arena, tlab, request);
        p = p ? p : request->growing ? new_lease(arena, tlab, request) : run_apart(arena, tlab, request);
    }
    if (p) {
        grow_lease(arena, tlab);
    }
    return p;
}

/* Keeps the largest run of at most lease_max seen so far as *spare; gives back the other. */
static void offer_spare(struct arena *arena, struct span *spare, struct span span) {
    struct pool *pool = arena->pool;
    if (span.end - span.base > arena->lease_max) {
        size_t cut = span.end - arena->lease_max;
        pool_give(pool, (struct span){span.base, cut, 0});
        span.base = cut;
    }
    bool better = span.end - span.base >= LEASE_MIN && span.end - span.base >= spare->end - spare->base;
    struct span back = better ? *spare : span;
    if (better) {
        *spare = span;
    }
    pool_give(pool, back);
}

static void keep_spare(struct arena *arena, struct tlab *keeper, struct span span) {
    struct pool *pool = arena->pool;
    uint32_t run = span.run ? span.run : span.base != span.end ? run_new(pool) : 0;
    if (!keeper || keeper->spare != 0 || run == 0) {
        span.run = run;
        pool_give(pool, span);
        return;
    }
    run_at(pool, run)->base = span.base;
    run_at(pool, run)->end = span.end;
    keeper->spare = run;
    store_relaxed(&keeper->spare_bytes, span.end - span.base); /* [M10] */
}

bool tlab_unwind(struct arena *arena, struct tlab *tlab, uint32_t chain, uintptr_t serial, struct tlab *keeper) {
    struct pool *pool = arena->pool;
    struct span spare = {0, 0, 0}, found = {0, 0, 0};
    struct span current = {offset_of(pool, tlab->base), offset_of(pool, tlab->end), tlab->lease};
    bool in_place = tlab->serial == serial;
    while (tlab->chain != chain && tlab->chain != 0) {
        struct run *r = run_at(pool, tlab->chain);
        struct span span = {r->base, r->end, tlab->chain};
        if (!in_place && current.base < span.base) { /* lowest first: each may touch the index in turn */
            offer_spare(arena, &spare, current);
            current.base = current.end = SIZE_MAX;
            current.run = 0;
        }
        tlab->chain = r->next;
        if (!in_place && serial != 0 && r->serial == (uint32_t)serial) {
            found = span;
        } else if (r->serial != 0) {
            offer_spare(arena, &spare, span);
        } else {
            pool_give(pool, span);
        }
    }
    if (!in_place) {
        if (current.base != current.end) {
            offer_spare(arena, &spare, current);
        }
        tlab->lease = 0;
        if (found.base == found.end) {
            tlab_set_empty(arena, tlab);
        } else {
            tlab_install(tlab, pool, found);
            tlab->serial = serial;
        }
    }
    keep_spare(arena, keeper, spare);
    return in_place || found.base != found.end;
}

/* Only the lower end may go: there is no text on it. */
void tlab_give_rest(struct arena *arena, struct tlab *tlab, size_t keep) {
    struct pool *pool = arena->pool;
    if (tlab->floor == tlab->base && tlab->ceiling - tlab->base > keep) {
        size_t base = offset_of(pool, tlab->base);
        uintptr_t cut = tlab->ceiling - keep;
        tlab->base = cut;
        set_interval(tlab, cut, tlab->ceiling);
        pool_give(pool, (struct span){base, offset_of(pool, cut), 0});
    }
}
