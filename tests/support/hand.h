/* A pool made by hand, to be taken from and given to call by call, and what stands in it as text: so
 * that a test says in a line what a call has to leave behind. Each look also checks that the sums are
 * right, that every run stands in its class and that no descriptor is lost or used twice. The data
 * is nobody's memory where a test brings none: the pool never touches it. For test programs only.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_TESTS_HAND_H
#define BITENA_TESTS_HAND_H

#include <stdio.h>
#include <stdlib.h>

#include "lease.h"
#include "support/misuse.h"

enum { HAND_RUNS = 40, HAND_CAPACITY = 65536, HAND_DATA = 1 << 20, HAND_CALLS = 8 };

struct hand {
    struct root root;
    struct run runs[HAND_RUNS + MARK_RUNS];
    char text[1024];
};

/* What the pool asked the system to take, as offsets; the call numbered `fails` from 1 on fails. */
static struct {
    struct span calls[HAND_CALLS];
    size_t count, fails;
    const struct pool *trimmed; /* NULL: it is no trim that asks */
    bool index_only;            /* nothing recycled is trimmed */
} discarded;

static inline int hand_discard(uintptr_t from, size_t bytes)
{
    const struct pool *pool = discarded.trimmed;
    assert_true(discarded.count < HAND_CALLS);
    if (pool) { /* nobody else gathers meanwhile */
        assert_int_equal(pool->gathering, thread_forks() + 1);
        assert_true(!discarded.index_only || pool->index == (pool->upward ? pool->capacity : 0));
    }
    discarded.calls[discarded.count++] =
        (struct span){from - HAND_DATA, from - HAND_DATA + bytes, 0};
    return discarded.count == discarded.fails ? -1 : 0;
}

static inline struct pool *hand_open(struct hand *hand, bool upward)
{
    static const struct block_kind kind = {NULL, hand_discard};
    memset(hand, 0, sizeof *hand);
    memset(&discarded, 0, sizeof discarded);
    struct pool *pool = &hand->root.pool;
    size_t behind =
        offsetof(struct pool, classes) + sizeof pool->classes; /* no class stands there */
    memset((char *)pool + behind, 0xff, sizeof *pool - behind);
    pool->data = HAND_DATA;
    pool->capacity = HAND_CAPACITY;
    pool->runs = hand->runs;
    pool->run_count = HAND_RUNS;
    pool->upward = upward;
    pool->block.kind = &kind;
    hand->root.arena.pool = pool;
    hand->root.arena.tlabs_in_use = 1;
    pool_clear(pool, 0);
    return pool;
}

static inline int hand_ascending(const void *a, const void *b)
{
    const struct run *p = (const struct run *)a, *q = (const struct run *)b;
    return p->base < q->base ? -1 : p->base > q->base;
}

/* "index: base-end base-end", ascending. in_hand: descriptors that the test holds. */
static inline const char *hand_text(struct hand *hand, size_t in_hand)
{
    struct pool *pool = &hand->root.pool;
    struct run found[HAND_RUNS];
    size_t count = 0, bytes = 0, unused = HAND_RUNS - pool->runs_begun;
    for (unsigned bin = 0; bin < CLASS_COUNT; bin++) {
        for (uint32_t run = (uint32_t)pool->classes[bin]; run != 0;) {
            const struct run *r = run_at(pool, run);
            assert_true(count < HAND_RUNS && run <= HAND_RUNS && r->base < r->end);
            assert_int_equal(size_class(r->end - r->base), bin);
            bytes += r->end - r->base;
            found[count++] = *r;
            run = r->next;
        }
    }
    for (uint32_t run = (uint32_t)pool->spare_runs; run != 0; run = run_at(pool, run)->next) {
        assert_true(run <= HAND_RUNS && unused++ < HAND_RUNS);
    }
    assert_int_equal(unused + count + in_hand, HAND_RUNS);
    assert_int_equal(pool->recycled, bytes);
    assert_int_equal(pool->recycled_runs, count);
    assert_true(pool->gathering == 0 && pool->holds_begun == pool->holds_done);
    qsort(found, count, sizeof *found, hand_ascending);
    int length = snprintf(hand->text, sizeof hand->text, "%zu:", pool->index);
    for (size_t i = 0; i < count; i++) {
        length += snprintf(hand->text + length, sizeof hand->text - (size_t)length, " %zu-%zu",
                           found[i].base, found[i].end);
    }
    return hand->text;
}

#define ASSERT_STANDS(hand, in_hand, expected) \
    assert_string_equal(hand_text(hand, in_hand), expected)

/* Recycles [base, end), which does not touch the index. */
static inline void hand_recycle(struct pool *pool, size_t base, size_t end)
{
    uint32_t run = run_new(pool);
    assert_int_not_equal(run, 0);
    run_at(pool, run)->base = base;
    run_at(pool, run)->end = end;
    recycle(pool, run);
}

/* Takes every descriptor that is left: how many. */
static inline size_t hand_take_all(struct pool *pool)
{
    size_t count = 0;
    while (run_new(pool) != 0) {
        count++;
    }
    return count;
}

/* The index stands at `index`; what was taken for that is gone. */
static inline void hand_index(struct pool *pool, size_t index)
{
    pool->index = index;
}

#endif
