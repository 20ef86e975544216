/* The pool of a root: the shared index and the recycled runs.
 * SPDX-License-Identifier: MIT
 *
 *   1. The index is one word. A pool that falls hands out [index - n, index); an EXACT one hands
 *      out upward. Taking acquires, giving back releases, each by one compare-and-swap; the
 *      word's value says all, so it has no ABA.
 *   2. Runs that cannot go back to the index stand in Treiber stacks by floor(log2 bytes) (R. K.
 *      Treiber, Systems Programming: Coping with Parallelism, 1986), heads tagged against ABA,
 *      descriptors apart from users' memory.
 *   3. A taker tries a recycled run as large as wanted, then the index, then any recycled run
 *      that fits, and last gathers: every recycled run is popped, neighbours are joined, what
 *      touches the index goes back to it. One thread gathers at a time; others wait and look
 *      again, so nobody is refused but after a gather of its own. Unwinding gathers too, while
 *      that is cheap (settle).
 *
 * Bound: 1 to 3 cost one compare-and-swap each in the usual case; a gather is O(n log n) of n
 * recycled runs. */
#include "lease.h"

enum { TAG_SHIFT = 32 };

static void push(struct pool *pool, uint64_t *stack, uint32_t run)
{
    uint64_t head = load_relaxed(stack); /* [M03] */
    uint64_t next;
    do {
        store_relaxed(&run_at(pool, run)->next, (uint32_t)head); /* [M03] */
        next = ((head >> TAG_SHIFT) + 1) << TAG_SHIFT | run;
    } while (!cas_weak_release(stack, &head, next)); /* [M03] */
}

uint32_t pop(struct pool *pool, uint64_t *stack)
{
    uint64_t head = load_acquire(stack); /* [M03] */
    uint32_t run;
    while ((run = (uint32_t)head) != 0) {
        uint64_t next = ((head >> TAG_SHIFT) + 1) << TAG_SHIFT |
                        load_relaxed(&run_at(pool, run)->next); /* [M03] */
        if (cas_weak_acq_rel(stack, &head, next)) {             /* [M03] */
            break;
        }
        head = load_acquire(stack); /* [M03] */
    }
    return run;
}

/* One from the stack, else the next untouched one. */
static uint32_t new_from(struct pool *pool, uint64_t *stack, uint32_t *counter, uint32_t count)
{
    uint32_t run = pop(pool, stack);
    if (run == 0) {
        uint32_t begun = load_relaxed(counter);                                  /* [M04] */
        while (begun < count && !cas_weak_relaxed(counter, &begun, begun + 1)) { /* [M04] */
        }
        run = begun < count ? begun + 1 : 0;
    }
    return run;
}

uint32_t run_new(struct pool *pool)
{
    return new_from(pool, &pool->spare_runs, &pool->runs_begun, pool->run_count);
}

uint32_t run_for_marks(struct pool *pool)
{
    uint32_t run = run_surely(pool);
    if (run == 0) {
        run = new_from(pool, &pool->spare_mark_runs, &pool->marks_begun, MARK_RUNS);
        run += run != 0 && run <= MARK_RUNS ? pool->run_count : 0;
    }
    return run;
}

void run_free(struct pool *pool, uint32_t run)
{
    if (run != 0) {
        push(pool, run > pool->run_count ? &pool->spare_mark_runs : &pool->spare_runs, run);
    }
}

uint32_t run_surely(struct pool *pool)
{
    uint32_t run = run_new(pool);
    for (int tries = 0; run == 0 && tries < TRIES; tries++) {
        bool joined = join_all(pool); /* frees those of neighbours */
        run = run_new(pool);
        if (joined) {
            break;
        }
        platform_wait(tries);
    }
    return run;
}

void pool_clear(struct pool *pool, size_t leased)
{
    store_relaxed(&pool->index, pool->upward ? 0 : pool->capacity - leased); /* [M01] alone */
    store_relaxed(&pool->recycled, 0);                                       /* [M02] alone */
    store_relaxed(&pool->recycled_runs, 0);                                  /* [M02] alone */
    store_relaxed(&pool->runs_left, 0);                                      /* [M02] alone */
    pool->forks = thread_forks();
    pool->holds_begun = pool->holds_done = 0;
    pool->gathering = 0;
    store_relaxed(&pool->mark, 0);    /* [M06] alone */
    store_relaxed(&pool->barrier, 0); /* [M06] alone */
    if (pool->runs_begun != 0) {      /* else no run was ever in a stack */
        memset(pool->classes, 0, sizeof pool->classes);
    }
    pool->spare_runs = 0;
    pool->runs_begun = 0;
    pool->marks_begun = 0;
    pool->spare_mark_runs = 0;
}

static size_t index_free(const struct pool *pool, size_t index)
{
    return pool->upward ? pool->capacity - index : index;
}

size_t pool_free(const struct pool *pool)
{
    return index_free(pool, load_relaxed(&pool->index)) +
           load_relaxed(&pool->recycled); /* [M01] [M02] a reading */
}

static void raise_barrier(struct pool *pool, size_t end)
{
    size_t barrier = load_relaxed(&pool->barrier);                              /* [M06] */
    while (barrier < end && !cas_weak_relaxed(&pool->barrier, &barrier, end)) { /* [M06] */
    }
}

bool fits(const struct pool *pool, size_t base, size_t end, size_t size, size_t align)
{
    uintptr_t at;
    return place_down(address_of(pool, base), address_of(pool, end), size, align, &at);
}

void recycle(struct pool *pool, uint32_t run)
{
    struct run *r = run_at(pool, run);
    size_t bytes = r->end - r->base;
    (void)add_relaxed(&pool->recycled, bytes);  /* [M02] */
    (void)add_relaxed(&pool->recycled_runs, 1); /* [M02] */
    push(pool, &pool->classes[size_class(bytes)], run);
}

bool pool_extend(struct pool *pool, size_t base, size_t bytes)
{
    size_t index = base;
    while (index == base) {
        if (cas_weak_acquire(&pool->index, &index, base - bytes)) { /* [M01] */
            return true;
        }
    }
    return false;
}

/* True: [base, end) touched the index and has gone back to it. */
static bool give_to_index(struct pool *pool, size_t base, size_t end)
{
    if (pool->upward && base < load_relaxed(&pool->mark)) { /* [M06] a live mark stands above */
        return false;
    }
    size_t from = pool->upward ? end : base;
    size_t to = pool->upward ? base : end;
    size_t index;
    while ((index = load_relaxed(&pool->index)) == from) { /* [M01] */
        if (cas_weak_release(&pool->index, &index, to)) {  /* [M01] */
            return true;
        }
    }
    return false;
}

bool pool_give_part(struct pool *pool, size_t base, size_t end)
{
    if (base == end || give_to_index(pool, base, end)) {
        return true;
    }
    uint32_t run = run_surely(pool);
    if (run != 0) {
        run_at(pool, run)->base = base;
        run_at(pool, run)->end = end;
        recycle(pool, run);
    }
    return run != 0;
}

void pool_give(struct pool *pool, struct span span)
{
    if (span.run == 0) {
        (void)pool_give_part(pool, span.base, span.end);
    } else if (span.base == span.end || give_to_index(pool, span.base, span.end)) {
        run_free(pool, span.run);
    } else {
        run_at(pool, span.run)->base = span.base;
        run_at(pool, span.run)->end = span.end;
        recycle(pool, span.run);
    }
}

/* Where a run is cut so that its upper part holds `want` bytes and, in any case, the request. */
static size_t cut_for(const struct pool *pool, const struct span *span, size_t size, size_t align,
                      size_t want)
{
    uintptr_t at = address_of(pool, span->base);
    (void)place_down(at, address_of(pool, span->end), size, align, &at);
    size_t wanted = want < span->end - span->base ? span->end - want : span->base;
    return smaller(offset_of(pool, at), wanted);
}

void split_off(struct pool *pool, struct span *span, size_t size, size_t align, size_t want)
{
    size_t cut = cut_for(pool, span, size, align, want);
    if (cut - span->base >= worth_recycling(pool)) {
        uint32_t rest = run_new(pool);
        if (rest != 0) {
            pool_give(pool, (struct span){span->base, cut, rest});
            span->base = cut;
        }
    }
}

/* The top of each class is tried. */
static bool search_classes(struct pool *pool, size_t size, size_t align, size_t least, size_t want,
                           struct span *out)
{
    for (unsigned bin = size_class(least | 1); bin < CLASS_COUNT; bin++) {
        uint32_t run = pop(pool, &pool->classes[bin]);
        if (run == 0) {
            continue;
        }
        struct run *r = run_at(pool, run);
        size_t bytes = r->end - r->base;
        if (bytes < least || !fits(pool, r->base, r->end, size, align)) {
            push(pool, &pool->classes[bin], run);
            continue;
        }
        (void)add_release(&pool->recycled, 0 - bytes);       /* [M02] */
        (void)add_relaxed(&pool->recycled_runs, (size_t)-1); /* [M02] */
        *out = (struct span){r->base, r->end, run};
        split_off(pool, out, size, align, want);
        return true;
    }
    return false;
}

/* A recycled run of at least `least` bytes that the request fits. */
static bool take_recycled(struct pool *pool, size_t size, size_t align, size_t least, size_t want,
                          struct span *out)
{
    if (load_acquire(&pool->recycled) < larger(least, 1)) { /* [M02] */
        return false;
    }
    hold(pool);
    bool found = search_classes(pool, size, align, least, want, out);
    unhold(pool);
    return found;
}

/* From the index: want bytes, or all there is where that is less but fits. */
bool take_index(struct pool *pool, size_t size, size_t align, size_t want, struct span *out)
{
    size_t index = load_acquire(&pool->index); /* [M01] [M05] */
    for (;;) {
        size_t base = pool->upward ? index : 0;
        size_t end = pool->upward ? pool->capacity : index;
        uintptr_t at;
        if (!(pool->upward ? place_up : place_down)(address_of(pool, base), address_of(pool, end),
                                                    size, align, &at)) {
            return false;
        }
        if (want < end - base) {
            size_t offset = offset_of(pool, at);
            base = pool->upward ? base : smaller(offset, end - want);
            end = pool->upward ? larger(offset + size, base + want) : end;
        }
        if (pool->upward) {
            raise_barrier(pool, end);
        }
        if (cas_weak_acq_rel(&pool->index, &index, pool->upward ? end : base)) { /* [M01] [M06] */
            *out = (struct span){base, end, 0};
            return true;
        }
    }
}

/* Refused only after a gather of its own: nothing was in another search's hands then. */
static bool take(struct pool *pool, size_t size, size_t align, size_t want, bool from_index,
                 struct span *out)
{
    int most = pool->upward ? TRIES_EXACT : TRIES;
    most = pool->forks == thread_forks() ? most : TRIES_AFTER_FORK;
    enum gathered last = GATHER_BUSY;
    for (int tries = 0; last == GATHER_BUSY && tries < most; tries++) {
        if (take_recycled(pool, size, align, larger(size, want), want, out) ||
            (from_index && take_index(pool, size, align, want, out)) ||
            take_recycled(pool, size, align, size, want, out)) {
            return true;
        }
        last = gather(pool, size, align, want, from_index, patience_of(tries), out);
        if (last == GATHER_BUSY) {
            platform_wait(tries);
        }
    }
    return last == GATHER_FOUND;
}

bool pool_take(struct pool *pool, size_t size, size_t align, size_t want, struct span *out)
{
    return take(pool, size, align, want, true, out);
}

bool pool_take_recorded(struct pool *pool, size_t size, size_t align, size_t want, struct span *out)
{
    uint32_t run = run_surely(pool);
    if (!take(pool, size, align, want, run != 0, out)) { /* recycled runs bring their own */
        run_free(pool, run);
        return false;
    }
    if (out->run == 0) {
        out->run = run;
    } else {
        run_free(pool, run);
    }
    return true;
}
