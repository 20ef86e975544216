/* Where a request is served from, and what is left: the index, recycled runs, a gather. On a pool made
 * by hand; others are played by what a wait does.
 * SPDX-License-Identifier: MIT */
#include "support/hand_waits.h"

static const struct {
    bool upward;
    size_t index, size, align, want, base, end; /* end 0: refused */
} from_index[] = {
    {false, 5000, 100, 1, 0, 4900, 5000},      {false, 5000, 100, 1, 1000, 4000, 5000},
    {false, 5000, 100, 1024, 0, 4096, 5000}, /* the gap above comes along */
    {false, 5000, 100, 1024, 903, 4096, 5000}, {false, 5000, 100, 1024, 905, 4095, 5000},
    {false, 5000, 100, 1, 4999, 1, 5000},      {false, 5000, 100, 1, 5000, 0, 5000},
    {false, 5000, 100, 1, 9999, 0, 5000},      {false, 5000, 5000, 1, 0, 0, 5000},
    {false, 5000, 5001, 1, 0, 0, 0},           {false, 5000, 905, 4096, 0, 0, 5000},
    {false, 5000, 0, 1, 0, 5000, 5000},        {true, 5000, 100, 1, 0, 5000, 5100},
    {true, 5000, 100, 1, 1000, 5000, 6000},    {true, 5000, 100, 1024, 0, 5000, 5220},
    {true, 5000, 100, 1024, 220, 5000, 5220},  {true, 5000, 100, 1024, 221, 5000, 5221},
    {true, 64536, 100, 1, 999, 64536, 65535},  {true, 64536, 100, 1, 1000, 64536, 65536},
    {true, 64536, 100, 1, 1001, 64536, 65536}, {true, 64536, 1000, 1, 0, 64536, 65536},
    {true, 64536, 1001, 1, 0, 0, 0},           {true, 64536, 1, 1024, 0, 0, 0},
};

static void the_index_gives_the_request_and_no_more_than_the_wish(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof from_index / sizeof *from_index; i++) {
        for (int through = 0; through < 2; through++) {
            struct pool *pool = open_at(from_index[i].upward, from_index[i].index);
            struct span out = {7, 7, 7};
            bool found = (through ? pool_take : take_index)(
                pool, from_index[i].size, from_index[i].align, from_index[i].want, &out);
            assert_int_equal(found, from_index[i].end != 0);
            size_t index = from_index[i].index, barrier = 0;
            if (found) {
                assert_int_equal(out.base, from_index[i].base);
                assert_int_equal(out.end, from_index[i].end);
                assert_int_equal(out.run, 0);
                index = from_index[i].upward ? out.end : out.base;
                barrier = from_index[i].upward ? out.end : 0;
            }
            assert_int_equal(pool->index, index);
            assert_int_equal(pool->barrier, barrier);
            assert_int_equal(pool->runs_begun, 0);
        }
    }
}

static void the_barrier_is_raised_and_never_lowered(void **state)
{
    (void)state;
    struct pool *pool = open_at(true, 5000);
    struct span out;
    pool->barrier = 5050;
    assert_true(take_index(pool, 20, 1, 0, &out));
    assert_int_equal(pool->barrier, 5050);
    assert_true(take_index(pool, 100, 1, 0, &out));
    assert_int_equal(pool->barrier, 5120);
}

/* Beside runs of 100 [100, 200), 700 [1000, 1700) and 1500 [3000, 4500). */
static const struct {
    size_t index, size, align, want, base, end;
    const char *after;
} searches[] = {
    /* a recycled run as large as is wished, cut to that: its class, or the next */
    {60000, 10, 1, 0, 190, 200, "60000: 100-190 1000-1700 3000-4500"},
    {60000, 10, 1, 36, 164, 200, "60000: 100-164 1000-1700 3000-4500"},
    {60000, 10, 1, 37, 100, 200, "60000: 1000-1700 3000-4500"},
    {60000, 100, 1, 100, 100, 200, "60000: 1000-1700 3000-4500"},
    {60000, 101, 1, 0, 1599, 1700, "60000: 100-200 1000-1599 3000-4500"},
    {60000, 10, 1, 600, 1100, 1700, "60000: 100-200 1000-1100 3000-4500"},
    {60000, 10, 1, 700, 1000, 1700, "60000: 100-200 3000-4500"},
    {60000, 10, 1, 701, 3799, 4500, "60000: 100-200 1000-1700 3000-3799"},
    {60000, 10, 1, 1500, 3000, 4500, "60000: 100-200 1000-1700"},
    /* one that does not fit is passed by */
    {60000, 10, 1024, 0, 1000, 1700, "60000: 100-200 3000-4500"},
    {60000, 677, 1024, 0, 3072, 4500, "60000: 100-200 1000-1700 3000-3072"},
    {60000, 676, 1024, 0, 1000, 1700, "60000: 100-200 3000-4500"},
    /* the index, where none is so large */
    {60000, 10, 1, 1501, 58499, 60000, "58499: 100-200 1000-1700 3000-4500"},
    {60000, 1501, 1, 0, 58499, 60000, "58499: 100-200 1000-1700 3000-4500"},
    /* a smaller one, where the index has no room */
    {5, 10, 1, 5000, 100, 200, "5: 1000-1700 3000-4500"},
    {5, 101, 1, 5000, 1000, 1700, "5: 100-200 3000-4500"},
    {5, 5, 1, 5000, 0, 5, "0: 100-200 1000-1700 3000-4500"},
    {5, 1500, 1, 5000, 3000, 4500, "5: 100-200 1000-1700"},
    {5, 1501, 1, 0, 0, 0, "5: 100-200 1000-1700 3000-4500"},
    {5, 1, 16384, 0, 0, 5, "0: 100-200 1000-1700 3000-4500"},
    {0, 1, 16384, 0, 0, 0, "0: 100-200 1000-1700 3000-4500"},
};

static void a_recycled_run_comes_first_then_the_index_then_a_smaller_run(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof searches / sizeof *searches; i++) {
        for (int recorded = 0; recorded < 2; recorded++) {
            struct pool *pool = open_at(false, searches[i].index);
            struct span out = {0, 0, 0};
            hand_recycle(pool, 100, 200);
            hand_recycle(pool, 1000, 1700);
            hand_recycle(pool, 3000, 4500);
            bool found = (recorded ? pool_take_recorded : pool_take)(
                pool, searches[i].size, searches[i].align, searches[i].want, &out);
            assert_int_equal(found, searches[i].end != 0);
            assert_int_equal(out.base, searches[i].base);
            assert_int_equal(out.end, searches[i].end);
            assert_true(found ? !recorded || out.run != 0 : out.run == 0);
            ASSERT_STANDS(&hand, out.run != 0, searches[i].after);
            assert_int_equal(waits.count, 0);
        }
    }
}

/* Each class is looked at, also the largest and those between. */
static void a_run_of_every_class_is_found(void **state)
{
    (void)state;
    for (unsigned bin = 0; bin < CLASS_COUNT && bin < 8 * sizeof(size_t); bin++) {
        size_t bytes = (size_t)1 << bin;
        struct pool *pool = open_at(true, HAND_CAPACITY);
        struct span out;
        hand_recycle(pool, 0, bytes);
        assert_true(pool_take(pool, 1, 1, bytes, &out));
        assert_true(out.base == 0 && out.end == bytes && out.run == 1);
        ASSERT_STANDS(&hand, 1, "65536:");
    }
    struct pool *pool = open_at(true, HAND_CAPACITY);
    struct span out;
    hand_recycle(pool, 500, 501);
    assert_true(pool_take(pool, 0, 1, 0, &out)); /* for nothing, the smallest will do */
    assert_true(out.end == 501);
}

/* No shared word is touched for what cannot be there: neither the holds nor the smaller classes. */
static void a_search_that_can_find_nothing_is_not_begun(void **state)
{
    (void)state;
    static const struct {
        size_t recycled, size, holds;
    } rows[] = {{0, 0, 0}, {0, 1, 0}, {100, 101, 0}, {100, 100, 1}, {1, 1, 1}, {1, 0, 1}};
    struct span out;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pool *pool = open_at(false, 5000);
        if (rows[i].recycled != 0) {
            hand_recycle(pool, 6000, 6000 + rows[i].recycled);
        }
        assert_true(pool_take(pool, rows[i].size, 1, 0, &out));
        assert_int_equal(pool->holds_begun, rows[i].holds);
        assert_int_equal(pool->holds_done, rows[i].holds);
    }
    struct pool *pool = open_at(false, 5000);
    hand_recycle(pool, 6000, 6100);
    hand_recycle(pool, 7000, 7700);
    uint64_t smaller_class = pool->classes[size_class(100)];
    for (size_t size = 699; size <= 700; size++) {
        assert_true(pool_take(pool, size, 1, 0, &out));
        assert_true(pool->classes[size_class(100)] == smaller_class);
        pool_give(pool, out);
    }
    pool = open_at(false, 5); /* a gather would begin with the lowest */
    hand_recycle(pool, 1000, 1700);
    hand_recycle(pool, 6000, 6100);
    assert_true(pool_take(pool, 10, 1, 5000, &out));
    assert_int_equal(out.base, 6000);
}

/* A request that no single run holds, but neighbours do. */
static void neighbours_are_joined_before_a_request_is_refused(void **state)
{
    (void)state;
    for (int recorded = 0; recorded < 2; recorded++) {
        struct pool *pool = open_at(false, 0);
        struct span out;
        hand_recycle(pool, 300, 400);
        hand_recycle(pool, 100, 200);
        hand_recycle(pool, 200, 300);
        bool (*take)(struct pool *, size_t, size_t, size_t, struct span *) =
            recorded ? pool_take_recorded : pool_take;
        assert_false(take(pool, 301, 1, 0, &out));
        ASSERT_STANDS(&hand, 0, "0: 100-400");
        pool = open_at(false, 0);
        hand_recycle(pool, 300, 400);
        hand_recycle(pool, 100, 200);
        hand_recycle(pool, 200, 300);
        hand_recycle(pool, 900, 1000);
        assert_true(take(pool, 201, 1, 0, &out));
        assert_true(out.base == 100 + 99 && out.end == 400); /* 99 bytes are worth giving back */
        ASSERT_STANDS(&hand, 1, "0: 100-199 900-1000");
    }
}

static void what_touches_the_index_is_joined_to_it_before_a_request_is_refused(void **state)
{
    (void)state;
    for (int recorded = 0; recorded < 2; recorded++) {
        struct pool *pool = open_at(false, 100);
        struct span out;
        hand_recycle(pool, 200, 300);
        hand_recycle(pool, 100, 200);
        hand_recycle(pool, 400, 500);
        assert_true((recorded ? pool_take_recorded : pool_take)(pool, 250, 1, 0, &out));
        assert_true(out.base == 50 && out.end == 300 && (out.run != 0) == (recorded != 0));
        ASSERT_STANDS(&hand, (size_t)recorded, "50: 400-500");
    }
}

static void without_a_descriptor_only_a_recycled_run_is_taken(void **state)
{
    (void)state;
    struct pool *pool = open_at(false, 5000);
    struct span out;
    size_t held = hand_take_all(pool);
    assert_false(pool_take_recorded(pool, 100, 1, 0, &out));
    ASSERT_STANDS(&hand, held, "5000:");
    run_at(pool, 1)->base = 6000;
    run_at(pool, 1)->end = 6100;
    recycle(pool, 1);
    assert_true(pool_take_recorded(pool, 100, 1, 0, &out));
    assert_true(out.base == 6000 && out.end == 6100 && out.run == 1);
    ASSERT_STANDS(&hand, held, "5000:");
    run_free(pool, 9); /* the last one: used for what the index gives */
    assert_true(pool_take_recorded(pool, 100, 1, 0, &out));
    assert_true(out.base == 4900 && out.run == 9);
    ASSERT_STANDS(&hand, held, "4900:");
}

/* Somebody who looked at a run gives it back. */
static void bring_back(struct pool *pool)
{
    assert_int_equal(pool->gathering, thread_forks() + 1);
    hand_recycle(pool, 100, 200);
    pool->holds_done++;
}

static void a_search_waits_for_one_who_gathers(void **state)
{
    (void)state;
    static const struct {
        bool upward, forked;
        size_t tries;
    } rows[] = {{false, false, TRIES},
                {true, false, TRIES_EXACT},
                {false, true, TRIES_AFTER_FORK},
                {true, true, TRIES_AFTER_FORK}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pool *pool = open_at(rows[i].upward, rows[i].upward ? HAND_CAPACITY : 0);
        struct span out;
        pool->gathering = thread_forks() + 1;
        pool->forks += rows[i].forked;
        assert_false(pool_take(pool, 1, 1, 0, &out));
        assert_int_equal(waits.count, rows[i].tries);
        waits.count = 0;
        waits.act_at = 5; /* there is nothing: so says a gather of its own, at once */
        waits.act = end_the_gather;
        assert_false(pool_take(pool, 1, 1, 0, &out));
        assert_int_equal(waits.count, 5);
    }
}

static void a_search_waits_for_one_who_holds_runs(void **state)
{
    (void)state;
    struct pool *pool = open_at(false, 0);
    struct span out;
    pool->holds_begun = 1;
    waits.act_at = 3;
    waits.act = bring_back;
    assert_true(pool_take(pool, 100, 1, 0, &out));
    assert_true(out.base == 100 && out.end == 200);
    assert_int_equal(waits.count, 3);
    pool = open_at(false, 0);
    pool->holds_begun = 1; /* who does not come back */
    assert_int_equal(gather(pool, 100, 1, 0, true, TRIES_HELD, &out), GATHER_BUSY);
    assert_int_equal(waits.count, TRIES_HELD);
    pool->forks++; /* a fork cut off whoever held them */
    assert_int_equal(gather(pool, 100, 1, 0, true, TRIES_HELD, &out), GATHER_NOTHING);
    assert_int_equal(waits.count, TRIES_HELD);
}

/* Each gather waits half as often as the one before, and the search once after each. */
static void a_search_gives_up_on_one_who_keeps_runs(void **state)
{
    (void)state;
    static const struct {
        bool upward;
        size_t tries;
    } rows[] = {{false, TRIES}, {true, TRIES_EXACT}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pool *pool = open_at(rows[i].upward, rows[i].upward ? HAND_CAPACITY : 0);
        struct span out;
        pool->holds_begun = 1;
        assert_false(pool_take(pool, 100, 1, 0, &out));
        assert_int_equal(waits.count, 64 + 32 + 16 + 8 + 4 + 2 + rows[i].tries - 6 + rows[i].tries);
    }
}

static void free_a_descriptor(struct pool *pool)
{
    run_free(pool, 7);
}

static void a_descriptor_is_waited_for_while_another_gathers(void **state)
{
    (void)state;
    struct pool *pool = open_at(false, 0);
    (void)hand_take_all(pool);
    pool->gathering = thread_forks() + 1;
    assert_int_equal(run_surely(pool), 0);
    assert_int_equal(waits.count, TRIES);
    waits.count = 0;
    waits.act_at = 6;
    waits.act = free_a_descriptor;
    assert_int_equal(run_surely(pool), 7);
    assert_int_equal(waits.count, 7);
    waits.count = 0;
    waits.act = end_the_gather;
    assert_int_equal(run_surely(pool), 0); /* having joined itself */
    assert_int_equal(waits.count, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_index_gives_the_request_and_no_more_than_the_wish),
        cmocka_unit_test(the_barrier_is_raised_and_never_lowered),
        cmocka_unit_test(a_recycled_run_comes_first_then_the_index_then_a_smaller_run),
        cmocka_unit_test(a_run_of_every_class_is_found),
        cmocka_unit_test(a_search_that_can_find_nothing_is_not_begun),
        cmocka_unit_test(neighbours_are_joined_before_a_request_is_refused),
        cmocka_unit_test(what_touches_the_index_is_joined_to_it_before_a_request_is_refused),
        cmocka_unit_test(without_a_descriptor_only_a_recycled_run_is_taken),
        cmocka_unit_test(a_search_waits_for_one_who_gathers),
        cmocka_unit_test(a_search_waits_for_one_who_holds_runs),
        cmocka_unit_test(a_search_gives_up_on_one_who_keeps_runs),
        cmocka_unit_test(a_descriptor_is_waited_for_while_another_gathers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
