/* A TLAB: one thread's current lease in one arena, bumped from both ends, and the chain of runs
 * it has left behind. Only its bearer comes here, so everything is plain but the words that
 * statistics read. The refill follows HotSpot's thread-local allocation buffers (extend, keep or
 * retire); shared state is reached through the pool alone.
 * SPDX-License-Identifier: MIT */
#include "core.h"
#include <bitena/order.h>

/* [M10] ceiling, floor, window and spare_bytes are read by others for statistics; torn pairs are
 * clamped there. */
static void set_interval(struct tlab *tlab, uintptr_t floor, uintptr_t ceiling)
{
    store_relaxed(&tlab->floor, floor);     /* [M10] */
    store_relaxed(&tlab->ceiling, ceiling); /* [M10] */
}

/* Not a multiple of 2^32: 0 in a descriptor means "not a lease". */
static void next_serial(struct tlab *tlab)
{
    tlab->serial++;
    tlab->serial += (uint32_t)tlab->serial == 0;
}

/* An empty lease at the block's top: while nothing was leased, the index stands there and
 * extends it. */
void tlab_set_empty(struct arena *arena, struct tlab *tlab)
{
    tlab->base = tlab->end = address_of(arena->pool, arena->pool->capacity);
    set_interval(tlab, tlab->base, tlab->end);
    next_serial(tlab);
    tlab->mark_text = 0;
    tlab->apart = 0;
    tlab->lease = 0;
}

void tlab_clear(struct arena *arena, struct tlab *tlab)
{
    tlab_set_empty(arena, tlab);
    store_relaxed(&tlab->window, 0);      /* [M10] */
    store_relaxed(&tlab->spare_bytes, 0); /* [M10] */
    tlab->chain = tlab->spare = tlab->mark_chain = 0;
    tlab->next_lease = LEASE_MIN < arena->lease_max ? LEASE_MIN : arena->lease_max;
    tlab->children = 0;
    tlab->cleanups = NULL;
    tlab_end_marks(arena, tlab);
}

void tlab_lease_top(struct tlab *tlab, size_t bytes)
{
    tlab->base -= bytes;
    set_interval(tlab, tlab->base, tlab->end);
}

void tlab_close_window(struct tlab *tlab)
{
    if (tlab->window != 0) {
        store_relaxed(&tlab->floor, tlab->window); /* [M10] */
        store_relaxed(&tlab->window, 0);           /* [M10] */
    }
}

size_t tlab_free(const struct tlab *tlab)
{
    uintptr_t window = load_relaxed(&tlab->window);                                    /* [M10] */
    uintptr_t ceiling = load_relaxed(&tlab->ceiling);                                  /* [M10] */
    uintptr_t floor = window ? window : load_relaxed(&tlab->floor);                    /* [M10] */
    return (floor < ceiling ? ceiling - floor : 0) + load_relaxed(&tlab->spare_bytes); /* [M10] */
}

void *tlab_bump(struct tlab *tlab, const struct request *request)
{
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

bool tlab_take_spare(const struct pool *pool, struct tlab *tlab, size_t need, struct span *span)
{
    if (tlab->spare == 0 || tlab->spare_bytes < need) {
        return false;
    }
    const struct run *r = run_at(pool, tlab->spare);
    *span = (struct span){r->base, r->end, tlab->spare};
    tlab->spare = 0;
    store_relaxed(&tlab->spare_bytes, 0); /* [M10] */
    return true;
}

static void grow_lease(const struct arena *arena, struct tlab *tlab)
{
    tlab->next_lease = clamp_size(tlab->next_lease * 2, LEASE_MIN, arena->lease_max);
}

size_t fair_share(const struct arena *arena, size_t most)
{
    const struct pool *pool = arena->pool;
    const struct root *root =
        (const struct root *)((const char *)pool - offsetof(struct root, pool));
    return fair_lease(most, pool_free(pool), load_relaxed(&root->arena.tlabs_in_use)); /* [M11] */
}

/* Twice as much for what grows, if that is fair to others; in whole lines. */
static size_t needed(const struct arena *arena, const struct request *request)
{
    size_t need = worst_case(request->size, request->align);
    if (!request->growing) {
        return need;
    }
    need = add_saturating(need, fair_share(arena, need));
    return add_saturating(need, padding_up(need, LINE_BYTES));
}

/* The index stands at the lease's base and no text on its floor: the lease grows downward,
 * without a seam. */
static void *extend(struct arena *arena, struct tlab *tlab, const struct request *request)
{
    struct pool *pool = arena->pool;
    size_t base = offset_of(pool, tlab->base);
    uintptr_t at;
    if (pool->upward || tlab->floor != tlab->base ||
        load_relaxed(&pool->index) != base || /* [M01] */
        !place_down(pool->data, tlab->ceiling, request->size, request->align, &at)) {
        return NULL;
    }
    if (tlab->ceiling - at - request->size >= LEASE_MIN) {
        return NULL; /* the gap of a large alignment is better kept apart */
    }
    size_t need = tlab->base - at; /* not in the lease: it would have fitted */
    size_t wish = fair_share(arena, tlab->next_lease);
    size_t more = smaller(larger(wish, request->growing ? needed(arena, request) : need), base);
    if (!pool_extend(pool, base, more)) {
        return NULL;
    }
    tlab->base -= more;
    set_interval(tlab, tlab->base, tlab->ceiling);
    grow_lease(arena, tlab);
    return tlab_bump(tlab, request);
}

/* Chains matter to rewinds and to children, whose runs go back one by one; a root's reset needs
 * none. */
static bool needs_chain(const struct arena *arena, const struct tlab *tlab)
{
    return arena->parent != NULL || tlab_has_live_marks(tlab);
}

/* Neighbours in space and time become one run. */
static bool merge_into_head(const struct arena *arena, const struct tlab *tlab, struct span span)
{
    if (tlab->chain == 0 || tlab->chain == tlab->mark_chain) {
        return false;
    }
    struct run *head = run_at(arena->pool, tlab->chain);
    if (head->serial != 0 || (span.end != head->base && span.base != head->end)) {
        return false;
    }
    head->base = smaller(head->base, span.base);
    head->end = larger(head->end, span.end);
    return true;
}

/* A span that needs the chain has a descriptor by now: see describe and pool_take_recorded. */
static void chain_add(struct arena *arena, struct tlab *tlab, struct span span, uintptr_t serial)
{
    struct pool *pool = arena->pool;
    if (span.base == span.end || !needs_chain(arena, tlab) ||
        (serial == 0 && merge_into_head(arena, tlab, span))) {
        run_free(pool, span.run);
    } else {
        struct run *r = run_at(pool, span.run);
        r->base = span.base;
        r->end = span.end;
        r->serial = (uint32_t)serial;
        store_relaxed(&r->next, tlab->chain); /* [M03] in hand */
        tlab->chain = span.run;
    }
}

/* The current lease will have to be retired: into the chain only with a descriptor. */
static bool describe(struct arena *arena, struct tlab *tlab)
{
    if (tlab->lease == 0 && tlab->base != tlab->end && needs_chain(arena, tlab)) {
        tlab->lease = run_surely(arena->pool);
        return tlab->lease != 0;
    }
    return true;
}

/* The current lease goes to the chain. A live mark in it may want it back whole, else its rest
 * is recycled. */
void tlab_retire(struct arena *arena, struct tlab *tlab)
{
    struct pool *pool = arena->pool;
    struct span all = {offset_of(pool, tlab->base), offset_of(pool, tlab->end), tlab->lease};
    struct span text = {all.base, offset_of(pool, tlab->floor), 0};
    size_t objects = offset_of(pool, tlab->ceiling);
    uintptr_t serial = tlab->mark_text != 0 || tlab->serial == BIRTH_SERIAL ? tlab->serial : 0;
    tlab->lease = 0;
    if (tlab->mark_text == 0 && objects - text.end >= worth_recycling(pool)) {
        bool needs_run = text.base != text.end && needs_chain(arena, tlab);
        text.run = needs_run ? run_surely(pool) : 0;
        if ((text.run != 0 || !needs_run) && pool_give_part(pool, text.end, objects)) {
            chain_add(arena, tlab, text, 0);
            all.base = objects;
        } else {
            run_free(pool, text.run);
        }
    }
    chain_add(arena, tlab, all, serial);
}

void tlab_install(struct tlab *tlab, const struct pool *pool, struct span span)
{
    tlab->base = address_of(pool, span.base);
    tlab->end = address_of(pool, span.end);
    tlab->lease = span.run;
    next_serial(tlab);
    tlab->mark_text = 0;
    tlab->apart = 0;
    set_interval(tlab, tlab->base, tlab->end);
}

/* Of an EXACT arena: its rewind gives it back. Any thread. */
static void chain_exact(struct arena *arena, struct span span)
{
    struct run *r = run_at(arena->pool, span.run);
    r->base = span.base;
    r->end = span.end;
    uint32_t head = load_relaxed(&arena->tlab.chain); /* [M03] */
    do {
        store_relaxed(&r->next, head);                                /* [M03] */
    } while (!cas_weak_release(&arena->tlab.chain, &head, span.run)); /* [M03] */
}

void *run_apart(struct arena *arena, struct tlab *tlab, const struct request *request)
{
    struct pool *pool = arena->pool;
    struct span span;
    uintptr_t at = 0;
    bool recorded = tlab && needs_chain(arena, tlab);
    if (!(recorded ? pool_take_recorded : pool_take)(pool, request->size, request->align, 0,
                                                     &span)) {
        return NULL;
    }
    (void)place_up(address_of(pool, span.base), address_of(pool, span.end), request->size,
                   request->align, &at);
    size_t used_end = offset_of(pool, at) + request->size;
    if (span.end - used_end >= worth_recycling(pool) && pool_give_part(pool, used_end, span.end)) {
        span.end = used_end; /* the gap of a large alignment */
    }
    if (tlab) {
        chain_add(arena, tlab, span, 0);
    } else if (pool->upward && span.run != 0 && tlab_has_live_marks(&arena->tlab)) {
        chain_exact(arena, span);
    } else {
        run_free(pool, span.run);
    }
    return (void *)at;
}

/* Large requests get a run of their own; others too while the lease has much left, unless that
 * went on too long. */
static bool is_apart(const struct arena *arena, struct tlab *tlab, const struct request *request)
{
    size_t need = worst_case(request->size, request->align);
    if (request->growing) {
        return false;
    }
    if (need > tlab->next_lease / LARGE_SHARE) {
        return true;
    }
    size_t lease = smaller(tlab->end - tlab->base, arena->lease_max);
    if (tlab->ceiling - tlab->floor > lease / KEEP_SHARE + tlab->apart) {
        tlab->apart += need;
        return true;
    }
    return false;
}

static bool take_lease(struct arena *arena, struct tlab *tlab, const struct request *request,
                       struct span *span)
{
    size_t need = needed(arena, request);
    if (!describe(arena, tlab)) {
        return false;
    }
    if (tlab_take_spare(arena->pool, tlab, need, span)) {
        return true;
    }
    size_t want = larger(need, fair_share(arena, tlab->next_lease));
    return (needs_chain(arena, tlab) ? pool_take_recorded : pool_take)(arena->pool, request->size,
                                                                       request->align, want, span);
}

/* The new lease first, the old one's retirement after: a refusal changes nothing. */
static void *new_lease(struct arena *arena, struct tlab *tlab, const struct request *request)
{
    struct span span;
    if (!take_lease(arena, tlab, request, &span)) {
        return NULL;
    }
    tlab_retire(arena, tlab);
    tlab_install(tlab, arena->pool, span);
    return tlab_bump(tlab, request);
}

void *tlab_move_last(struct arena *arena, struct tlab *tlab, const struct request *request,
                     void *last, size_t size)
{
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
    (void)place_up(address_of(arena->pool, span.base), address_of(arena->pool, span.end),
                   request->size, request->align, &at);
    memcpy((void *)at, last, size); /* before its old place may become another thread's */
    set_interval(tlab, (uintptr_t)last, tlab->ceiling);
    tlab_retire(arena, tlab);
    tlab_install(tlab, arena->pool, span);
    grow_lease(arena, tlab);
    return tlab_bump(tlab, request);
}

void tlab_give_spare(struct arena *arena, struct tlab *tlab)
{
    struct span span;
    if (tlab_take_spare(arena->pool, tlab, 0, &span)) {
        pool_give(arena->pool, span);
    }
}

void *tlab_refill(struct arena *arena, struct tlab *tlab, const struct request *request)
{
    void *p = extend(arena, tlab, request);
    if (p) {
        return p;
    }
    p = is_apart(arena, tlab, request) ? run_apart(arena, tlab, request)
                                       : new_lease(arena, tlab, request);
    if (!p && tlab->spare != 0) {
        tlab_give_spare(arena, tlab);
        p = extend(arena, tlab, request);
        p = p                  ? p
            : request->growing ? new_lease(arena, tlab, request)
                               : run_apart(arena, tlab, request);
    }
    p = p ? p : extend(arena, tlab, request); /* the search may have joined runs to the index */
    if (p) {
        grow_lease(arena, tlab);
    }
    return p;
}
