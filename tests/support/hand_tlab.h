/* A TLAB made by hand on a pool made by hand: a lease, what is free in it and what it leaves behind, as
 * text. The data is real memory here. For test programs only.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_TESTS_HAND_TLAB_H
#define BITENA_TESTS_HAND_TLAB_H

#include "support/hand.h"

/* base <= floor <= ceiling <= end, as offsets; the size of the next lease. */
struct lease {
    size_t base, floor, ceiling, end, next;
};

static _Alignas(HAND_CAPACITY) char hand_area[HAND_CAPACITY];
static struct hand hand;
static struct arena *const hand_arena = &hand.root.arena;
static struct pool *const hand_pool = &hand.root.pool;
static struct tlab *const hand_tlab = &hand.root.arena.tlab;

static inline uintptr_t hand_at(size_t offset)
{
    return hand_pool->data + offset;
}

static inline void hand_lease(bool upward, size_t index, const struct lease *lease)
{
    (void)hand_open(&hand, upward);
    hand_pool->data = (uintptr_t)hand_area;
    hand_pool->index = index;
    hand_arena->lease_max = 8192;
    hand_tlab->serial = 6;
    tlab_clear(hand_arena, hand_tlab); /* its serial is 7 now, a lease's 8 */
    tlab_install(hand_tlab, hand_pool, (struct span){lease->base, lease->end, 0});
    hand_tlab->floor = hand_at(lease->floor);
    hand_tlab->ceiling = hand_at(lease->ceiling);
    hand_tlab->next_lease = lease->next;
}

/* A live mark in a lease before this one: what is left behind from now on goes to the chain. */
static inline void hand_mark(void)
{
    hand_tlab->marks++;
}

static inline void hand_spare(size_t base, size_t end)
{
    struct span span = {base, end, run_new(hand_pool)};
    assert_true(tlab_keep_spare(hand_arena, hand_tlab, span));
}

/* "base-end [floor,ceiling)", "described", "spare base-end", "chain base-end/serial ...", "pool" as
 * hand_text has it. lost: descriptors that the test has taken. */
static inline const char *hand_tlab_text(size_t lost)
{
    static char text[1024];
    size_t in_hand = lost, size = sizeof text;
    const struct tlab *tlab = hand_tlab;
    int at = snprintf(text, size, "%zu-%zu [%zu,%zu)", offset_of(hand_pool, tlab->base),
                      offset_of(hand_pool, tlab->end), offset_of(hand_pool, tlab->floor),
                      offset_of(hand_pool, tlab->ceiling));
    if (tlab->lease != 0) {
        at += snprintf(text + at, size - (size_t)at, " described");
        in_hand++;
    }
    if (tlab->spare != 0) {
        const struct run *r = run_at(hand_pool, tlab->spare);
        assert_int_equal(tlab->spare_bytes, r->end - r->base);
        at += snprintf(text + at, size - (size_t)at, " spare %zu-%zu", r->base, r->end);
        in_hand++;
    } else {
        assert_int_equal(tlab->spare_bytes, 0);
    }
    for (uint32_t run = tlab->chain; run != 0; run = run_at(hand_pool, run)->next) {
        const struct run *r = run_at(hand_pool, run);
        assert_true(in_hand++ < HAND_RUNS);
        at += snprintf(text + at, size - (size_t)at, " %s%zu-%zu/%u",
                       run == tlab->chain ? "chain " : "", r->base, r->end, (unsigned)r->serial);
    }
    (void)snprintf(text + at, size - (size_t)at, " pool %s", hand_text(&hand, in_hand));
    return text;
}

#define ASSERT_LEASE(lost, expected) assert_string_equal(hand_tlab_text(lost), expected)

#endif
