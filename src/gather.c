/* Recycled runs put in order: joined, given to the index, searched, forgotten by a rewind, their
 * pages given back. Everything here pops all recycled runs first and pushes what remains; n runs
 * cost O(n log n).
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include "lease.h"

enum { SETTLE_ALWAYS = 8 };

/* One at a time, so that a search sees all there is. The flag names the process's fork, since one
 * that a fork cut off will never clear it. */
static bool begin_gather(struct pool *pool)
{
    uint32_t mine = thread_forks() + 1;
    uint32_t now = load_relaxed(&pool->gathering);                        /* [M05] */
    return now != mine && cas_weak_acq_rel(&pool->gathering, &now, mine); /* [M05] */
}

static void end_gather(struct pool *pool)
{
    store_release(&pool->gathering, 0); /* [M05] */
}

/* Onto *list; its new length. */
static size_t pop_all(struct pool *pool, uint32_t *list, size_t count)
{
    for (unsigned bin = 0; bin < CLASS_COUNT; bin++) {
        for (uint32_t run; (run = pop(pool, &pool->classes[bin])) != 0; count++) {
            struct run *r = run_at(pool, run);
            (void)add_release(&pool->recycled, 0 - (r->end - r->base)); /* [M02] */
            (void)add_relaxed(&pool->recycled_runs, (size_t)-1);        /* [M02] */
            store_relaxed(&r->next, *list);                             /* [M03] in hand */
            *list = run;
        }
    }
    return count;
}

/* Pops all, also what others hold to look at: until nobody held anything from before a pass to
 * after it. False: they did not come back. */
static bool pop_held(struct pool *pool, int patience, uint32_t *list, size_t *count)
{
    for (int tries = 0; tries < patience; tries++) {
        uint64_t done = load_acquire(&pool->holds_done); /* [M05] */
        *count = pop_all(pool, list, *count);
        if (load_acquire(&pool->holds_begun) == done || /* [M05] */
            pool->forks != thread_forks()) {            /* a fork may have cut off one who held */
            return true;
        }
        platform_wait(tries);
    }
    return false;
}

/* Ascending by base; a merge sort on the next links of runs in hand. */
static uint32_t sort_runs(struct pool *pool, uint32_t list, size_t count)
{
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
        bool left =
            right == 0 || (list != 0 && run_at(pool, list)->base < run_at(pool, right)->base);
        uint32_t *from = left ? &list : &right;
        store_relaxed(tail, *from); /* [M03] in hand */
        tail = &run_at(pool, *from)->next;
        *from = *tail;
    }
    return merged;
}

/* Joins neighbours in a sorted list. */
static void join_runs(struct pool *pool, uint32_t list)
{
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

enum gathered gather(struct pool *pool, size_t size, size_t align, size_t want, bool from_index,
                     int patience, struct span *out)
{
    uint32_t list = 0;
    bool found = false, all = true;
    if (!begin_gather(pool)) {
        return GATHER_BUSY;
    }
    size_t count = 0;
    if (size == JOIN_ONLY) {
        count = pop_all(pool, &list, 0);
    } else {
        all = pop_held(pool, patience, &list, &count);
    }
    list = sort_runs(pool, list, count);
    join_runs(pool, list);
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
    found = found || (from_index && take_index(pool, size, align, want, out));
    store_relaxed(&pool->runs_left, load_relaxed(&pool->recycled_runs)); /* [M02] */
    end_gather(pool);
    return found ? GATHER_FOUND : all ? GATHER_NOTHING : GATHER_BUSY;
}

bool join_all(struct pool *pool)
{
    struct span none;
    return gather(pool, JOIN_ONLY, 1, 0, false, 0, &none) != GATHER_BUSY;
}

/* Joins while that is cheap, and else when the runs have doubled since: O(log n) a run in the
 * long term. */
void pool_settle(struct pool *pool)
{
    size_t runs = load_relaxed(&pool->recycled_runs); /* [M02] */
    size_t left = load_relaxed(&pool->runs_left);     /* [M02] */
    if (runs > left && (runs <= SETTLE_ALWAYS || runs > 2 * left)) {
        (void)join_all(pool);
    }
}

/* Above the barrier nothing is recycled and no child holds a run. Children's threads may be
 * taking and giving: a taker raises the barrier before it moves the index, so that who sees the
 * one sees the other. */
static void rewind_beside_children(struct pool *pool, size_t to)
{
    for (;;) {
        size_t index = load_acquire(&pool->index);                               /* [M01] [M06] */
        size_t lowest = larger(to, load_relaxed(&pool->barrier));                /* [M06] */
        if (lowest >= index || cas_weak_acq_rel(&pool->index, &index, lowest)) { /* [M01] */
            return;
        }
    }
}

/* Alone: recycled runs above the new index become part of what is free there. */
static void rewind_alone(struct pool *pool, size_t to)
{
    bool any = false;
    uint32_t list = 0;
    if (load_relaxed(&pool->recycled) != 0) { /* [M02] alone */
        (void)pop_all(pool, &list, 0);
    }
    to = smaller(to, load_relaxed(&pool->index)); /* [M01] it may have fallen since the mark */
    while (list != 0) {
        struct run *r = run_at(pool, list);
        uint32_t run = list;
        list = r->next;
        if (r->base < to) {
            r->end = smaller(r->end, to);
            any = true;
            recycle(pool, run);
        } else {
            run_free(pool, run);
        }
    }
    store_relaxed(&pool->barrier, smaller(load_relaxed(&pool->barrier), to)); /* [M06] */
    store_release(&pool->index, to);                                          /* [M01] */
    if (any) {
        (void)join_all(pool);
    }
}

void pool_rewind(struct pool *pool, size_t to, bool beside_children)
{
    if (beside_children) {
        rewind_beside_children(pool, to);
    } else {
        rewind_alone(pool, to);
    }
}

int pool_discard(const struct pool *pool, struct span span, size_t *keep)
{
    size_t bytes = span.end - span.base;
    size_t kept = smaller(*keep, bytes);
    *keep -= kept;
    size_t base = pool->upward ? span.base + kept : span.base; /* what is handed out next stays */
    return kept == bytes ? 0 : pool->block.kind->discard(address_of(pool, base), bytes - kept);
}

/* What is free is in hand while its pages go: a child's thread may be taking and giving. */
int pool_trim(struct pool *pool, size_t keep)
{
    uint32_t list = 0;
    for (int tries = 0; !begin_gather(pool); tries++) {
        if (tries == TRIES) {
            errno = EAGAIN;
            return -1;
        }
        platform_wait(tries);
    }
    (void)pop_all(pool, &list, 0);
    size_t none = pool->upward ? pool->capacity : 0;
    size_t index = load_relaxed(&pool->index);              /* [M01] */
    while (!cas_weak_acq_rel(&pool->index, &index, none)) { /* [M01] [M05] */
    }
    struct span all = {smaller(index, none), larger(index, none), 0};
    int result = pool_discard(pool, all, &keep);
    if (index != none) { /* else nothing was taken, and a giver may have moved it meanwhile */
        store_release(&pool->index, index); /* [M01] nobody could take or touch it meanwhile */
    }
    while (list != 0) {
        struct run *r = run_at(pool, list);
        struct span span = {r->base, r->end, list};
        list = r->next;
        result = result ? result : pool_discard(pool, span, &keep);
        pool_give(pool, span);
    }
    end_gather(pool);
    return result;
}
