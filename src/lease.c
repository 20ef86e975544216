/* The pool of a root: the shared index and the recycled runs.
 *
 *   1. The index is one word. A pool that falls hands out [index - n, index); an EXACT one hands out upward. Taking
 *      acquires, giving back releases, each by one compare-and-swap; the word's value says all, so it has no ABA.
 *   2. Runs that cannot go back to the index stand in Treiber stacks by floor(log2 bytes) (R. K. Treiber, Systems
 *      Programming: Coping with Parallelism, 1986), heads tagged against ABA, descriptors apart from users' memory.
 *   3. A taker tries a recycled run as large as wanted, then the index, then any recycled run that fits, and last
 *      gathers: every recycled run is popped, neighbours are joined, what touches the index goes back to it.
 *      So fragments never outlive the need for them. Others who see the stacks empty meanwhile look again.
 *
 * Bound: 1 to 3 cost one compare-and-swap each in the usual case; a gather is O(n log n) of n recycled runs.
 * SPDX-License-Identifier: MIT */
#include "core.h"
#include "order.h"

enum { TAG_SHIFT = 32, GATHER_TRIES = 16 };

struct run *run_at(const struct pool *pool, uint32_t run) {
    return &pool->runs[run - 1];
}

static void push(struct pool *pool, uint64_t *stack, uint32_t run) {
    uint64_t head = load_relaxed(stack); /* [M03] */
    uint64_t next;
    do {
        store_relaxed(&run_at(pool, run)->next, (uint32_t)head); /* [M03] */
        next = ((head >> TAG_SHIFT) + 1) << TAG_SHIFT | run;
    } while (!cas_weak_release(stack, &head, next)); /* [M03] */
}

static uint32_t pop(struct pool *pool, uint64_t *stack) {
    uint64_t head = load_acquire(stack); /* [M03] */
    uint32_t run;
    while ((run = (uint32_t)head) != 0) {
        uint64_t next = ((head >> TAG_SHIFT) + 1) << TAG_SHIFT | load_relaxed(&run_at(pool, run)->next); /* [M03] */
        if (cas_weak_acq_rel(stack, &head, next)) { /* [M03] */
            break;
        }
        head = load_acquire(stack); /* [M03] */
    }
    return run;
}

uint32_t run_new(struct pool *pool) {
    uint32_t run = pop(pool, &pool->spare_runs);
    if (run == 0) {
        uint32_t begun = load_relaxed(&pool->runs_begun); /* [M04] */
        while (begun < pool->run_count && !cas_weak_relaxed(&pool->runs_begun, &begun, begun + 1)) { /* [M04] */
        }
        run = begun < pool->run_count ? begun + 1 : 0;
    }
    return run;
}

void run_free(struct pool *pool, uint32_t run) {
    if (run != 0) {
        push(pool, &pool->spare_runs, run);
    }
}

void pool_clear(struct pool *pool) {
    store_relaxed(&pool->index, pool->upward ? 0 : pool->capacity); /* [M01] alone */
    store_relaxed(&pool->recycled, 0);                             /* [M02] alone */
    store_relaxed(&pool->barrier, 0);                              /* [M06] alone */
    pool->spare_runs = 0;
    pool->runs_begun = 0;
    memset(pool->classes, 0, sizeof pool->classes);
}

static size_t index_free(const struct pool *pool, size_t index) {
    return pool->upward ? pool->capacity - index : index;
}

size_t pool_free(const struct pool *pool) {
    return index_free(pool, load_relaxed(&pool->index)) + load_relaxed(&pool->recycled); /* [M01] [M02] a reading */
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

static void raise_barrier(struct pool *pool, size_t end) {
    size_t barrier = load_relaxed(&pool->barrier); /* [M06] */
    while (barrier < end && !cas_weak_relaxed(&pool->barrier, &barrier, end)) { /* [M06] */
    }
}

static bool fits(const struct pool *pool, size_t base, size_t end, size_t size, size_t align) {
    uintptr_t at;
    return place_down(address_of(pool, base), address_of(pool, end), size, align, &at);
}

static void recycle(struct pool *pool, uint32_t run) {
    struct run *r = run_at(pool, run);
    size_t bytes = r->end - r->base;
    (void)add_relaxed(&pool->recycled, bytes); /* [M02] */
    push(pool, &pool->classes[size_class(bytes)], run);
}

bool pool_extend(struct pool *pool, size_t base, size_t bytes) {
    size_t index = base;
    return !pool->upward && bytes <= base && load_relaxed(&pool->index) == base && /* [M01] */
           cas_weak_acquire(&pool->index, &index, base - bytes);                   /* [M01] */
}

/* True: [base, end) touched the index and has gone back to it. */
static bool give_to_index(struct pool *pool, size_t base, size_t end) {
    size_t from = pool->upward ? end : base;
    size_t to = pool->upward ? base : end;
    size_t index;
    while ((index = load_relaxed(&pool->index)) == from) {       /* [M01] */
        if (cas_weak_release(&pool->index, &index, to)) { /* [M01] */
            return true;
        }
    }
    return false;
}

void pool_give(struct pool *pool, struct span span) {
    if (span.base == span.end || give_to_index(pool, span.base, span.end)) {
        run_free(pool, span.run);
        return;
    }
    uint32_t run = span.run ? span.run : run_new(pool);
    if (run != 0) { /* without a descriptor the bytes wait for the reset */
        run_at(pool, run)->base = span.base;
        run_at(pool, run)->end = span.end;
        recycle(pool, run);
    }
}

/* Where a run is cut so that its upper part holds `want` bytes and, in any case, the request. */
static size_t cut_for(const struct pool *pool, const struct span *span, size_t size, size_t align, size_t want) {
    uintptr_t at = address_of(pool, span->base);
    (void)place_down(at, address_of(pool, span->end), size, align, &at);
    size_t wanted = want < span->end - span->base ? span->end - want : span->base;
    return smaller(offset_of(pool, at), wanted);
}

static void split_off(struct pool *pool, struct span *span, size_t size, size_t align, size_t want) {
    size_t cut = cut_for(pool, span, size, align, want);
    if (cut - span->base >= WORTH_RECYCLING) {
        uint32_t rest = run_new(pool);
        if (rest != 0) {
            pool_give(pool, (struct span){span->base, cut, rest});
            span->base = cut;
        }
    }
}

/* A recycled run of at least `least` bytes that the request fits; the top of each class is tried. */
static bool take_recycled(struct pool *pool, size_t size, size_t align, size_t least, size_t want, struct span *out) {
    if (load_acquire(&pool->recycled) < least) { /* [M02] */
        return false;
    }
    for (unsigned class = size_class(least | 1); class < CLASS_COUNT; class++) {
        uint32_t run = pop(pool, &pool->classes[class]);
        if (run == 0) {
            continue;
        }
        struct run *r = run_at(pool, run);
        size_t bytes = r->end - r->base;
        if (bytes < least || !fits(pool, r->base, r->end, size, align)) {
            push(pool, &pool->classes[class], run);
            continue;
        }
        (void)add_relaxed(&pool->recycled, 0 - bytes); /* [M02] */
        *out = (struct span){r->base, r->end, run};
        split_off(pool, out, size, align, want);
        return true;
    }
    return false;
}

/* From the index: want bytes, or all there is where that is less but fits. */
static bool take_index(struct pool *pool, size_t size, size_t align, size_t want, struct span *out) {
    size_t index = load_relaxed(&pool->index); /* [M01] */
    for (;;) {
        size_t base = pool->upward ? index : 0;
        size_t end = pool->upward ? pool->capacity : index;
        uintptr_t at;
        if (!(pool->upward ? place_up : place_down)(address_of(pool, base), address_of(pool, end), size, align, &at)) {
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

/* Ascending by base; a merge sort on the next links of runs in hand. */
static uint32_t sort_runs(struct pool *pool, uint32_t list, size_t count) {
    if (count < 2) {
        return list;
    }
    uint32_t last = list;
    for (size_t i = 1; i < count / 2; i++) {
        last = run_at(pool, last)->next;
    }
    uint32_t right = run_at(pool, last)->next;
    store_relaxed(&run_at(pool, last)->next, 0); /* [M03] in hand */
    list = sort_runs(pool, list, count / 2);
    right = sort_runs(pool, right, count - count / 2);
    uint32_t merged = 0;
    uint32_t *tail = &merged;
    while (list != 0 || right != 0) {
        bool left = right == 0 || (list != 0 && run_at(pool, list)->base < run_at(pool, right)->base);
        uint32_t *from = left ? &list : &right;
        store_relaxed(tail, *from); /* [M03] in hand */
        tail = &run_at(pool, *from)->next;
        *from = *tail;
    }
    return merged;
}

static uint32_t pop_all(struct pool *pool, size_t *count) {
    uint32_t list = 0;
    *count = 0;
    for (unsigned class = 0; class < CLASS_COUNT; class++) {
        for (uint32_t run; (run = pop(pool, &pool->classes[class])) != 0; ++*count) {
            struct run *r = run_at(pool, run);
            (void)add_release(&pool->recycled, 0 - (r->end - r->base)); /* [M02] */
            store_relaxed(&r->next, list);                              /* [M03] in hand */
            list = run;
        }
    }
    return list;
}

/* Joins neighbours in a sorted list. */
static void join_runs(struct pool *pool, uint32_t list) {
    while (list != 0) {
        struct run *r = run_at(pool, list);
        uint32_t next = r->next;
        if (next != 0 && run_at(pool, next)->base == r->end) {
            r->end = run_at(pool, next)->end;
            store_relaxed(&r->next, run_at(pool, next)->next); /* [M03] in hand */
            run_free(pool, next);
        } else {
            list = next;
        }
    }
}

/* The last resort, see 3. above. */
static bool gather(struct pool *pool, size_t size, size_t align, size_t want, struct span *out) {
    (void)add_acq_rel(&pool->gathers_begun, 1); /* [M05] */
    size_t count;
    uint32_t list = pop_all(pool, &count);
    list = sort_runs(pool, list, count);
    join_runs(pool, list);
    bool found = false;
    while (list != 0) {
        struct run *r = run_at(pool, list);
        struct span span = {r->base, r->end, list};
        list = r->next;
        if (!found && fits(pool, span.base, span.end, size, align)) {
            found = true;
            *out = span;
        } else {
            pool_give(pool, span);
        }
    }
    if (found) {
        split_off(pool, out, size, align, want);
    }
    found = found || take_index(pool, size, align, want, out);
    (void)add_release(&pool->gathers_done, 1); /* [M05] */
    return found;
}

bool pool_take(struct pool *pool, size_t size, size_t align, size_t want, struct span *out) {
    bool found = false;
    for (int tries = 0; !found && tries < GATHER_TRIES; tries++) {
        uint64_t done = load_acquire(&pool->gathers_done); /* [M05] */
        uint64_t mine = 0;
        found = take_recycled(pool, size, align, larger(size, want), want, out) ||
                take_index(pool, size, align, want, out) || take_recycled(pool, size, align, size, want, out);
        if (!found && load_acquire(&pool->recycled) != 0) { /* [M02] */
            found = gather(pool, size, align, want, out);
            mine = 1;
        }
        /* no gather but mine overlapped the search: what was not found was not there */
        if (!found && load_acquire(&pool->gathers_begun) - mine == done) { /* [M05] */
            return false;
        }
        if (!found) {
            platform_yield();
        }
    }
    return found;
}

/* Above the barrier nothing is recycled and no child holds a run. Children's threads may be taking and giving: a taker
 * raises the barrier before it moves the index, so that who sees the one sees the other. */
static void rewind_beside_children(struct pool *pool, size_t to) {
    for (;;) {
        size_t index = load_acquire(&pool->index);                     /* [M01] [M06] */
        size_t lowest = larger(to, load_relaxed(&pool->barrier)); /* [M06] */
        if (lowest >= index || cas_weak_acq_rel(&pool->index, &index, lowest)) { /* [M01] */
            return;
        }
    }
}

/* Alone: recycled runs above the new index become part of what is free there. */
static void rewind_alone(struct pool *pool, size_t to) {
    size_t count, highest = 0;
    uint32_t list = pop_all(pool, &count);
    to = smaller(to, load_relaxed(&pool->index)); /* [M01] a child's run may have gone back since the mark */
    while (list != 0) {
        struct run *r = run_at(pool, list);
        uint32_t run = list;
        list = r->next;
        if (r->base < to) {
            r->end = smaller(r->end, to);
            highest = larger(highest, r->end);
            recycle(pool, run);
        } else {
            run_free(pool, run);
        }
    }
    store_relaxed(&pool->barrier, highest); /* [M06] */
    store_release(&pool->index, to);        /* [M01] */
}

void pool_rewind(struct pool *pool, size_t to, bool beside_children) {
    if (beside_children) {
        rewind_beside_children(pool, to);
    } else {
        rewind_alone(pool, to);
    }
}
