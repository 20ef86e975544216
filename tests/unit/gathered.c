/* Recycled runs put in order: joined, given to the index, forgotten by a rewind, their pages given back.
 * On a pool made by hand; others are played by what a wait does.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include "support/hand_waits.h"

/* Twenty runs of a class each or all of one, in every order of a few: what joins is joined. */
static void any_order_of_runs_is_joined(void **state)
{
    (void)state;
    for (size_t count = 0; count <= 20; count++) {
        for (size_t step = 1; step <= count; step++) {
            for (size_t gap = 0; gap < 2; gap++) {
                struct pool *pool = open_at(false, 5);
                char expected[1024];
                int length = snprintf(expected, sizeof expected, "5:");
                for (size_t i = 0; i < 23; i++) { /* 23 is prime: every i, in the step's order */
                    size_t at = i * step % 23;
                    if (at < count) {
                        hand_recycle(pool, 10 * at + 10 + gap * at, 10 * at + 20 + gap * at);
                    }
                }
                for (size_t i = 0; gap && i < count; i++) {
                    length += snprintf(expected + length, sizeof expected - (size_t)length,
                                       " %zu-%zu", 11 * i + 10, 11 * i + 20);
                }
                if (!gap) {
                    (void)snprintf(expected, sizeof expected, "5: 10-%zu", 10 * count + 10);
                }
                assert_true(join_all(pool));
                ASSERT_STANDS(&hand, 0, expected);
                assert_int_equal(pool->runs_left, gap ? count : 1);
            }
        }
    }
}

static void runs_of_one_byte_are_joined(void **state)
{
    (void)state;
    struct pool *pool = open_at(true, 1000);
    hand_recycle(pool, 70, 71);
    hand_recycle(pool, 72, 73);
    hand_recycle(pool, 71, 72);
    assert_true(join_all(pool));
    ASSERT_STANDS(&hand, 0, "1000: 70-73");
}

static void lowest_first_they_reach_the_index_in_turn(void **state)
{
    (void)state;
    struct pool *pool = open_at(false, 100);
    hand_recycle(pool, 260, 300);
    hand_recycle(pool, 150, 200);
    hand_recycle(pool, 100, 150);
    assert_true(join_all(pool));
    ASSERT_STANDS(&hand, 0, "200: 260-300");
    pool = open_at(true, 200);
    hand_recycle(pool, 20, 40);
    hand_recycle(pool, 100, 150);
    hand_recycle(pool, 150, 200);
    assert_true(join_all(pool));
    ASSERT_STANDS(&hand, 0, "100: 20-40");
}

static void one_gathers_at_a_time_but_not_for_ever_after_a_fork(void **state)
{
    (void)state;
    struct pool *pool = open_at(false, 0);
    struct span out;
    hand_recycle(pool, 10, 20);
    hand_recycle(pool, 20, 30);
    pool->gathering = thread_forks() + 1;
    assert_false(join_all(pool));
    assert_int_equal(gather(pool, 5, 1, 0, true, TRIES_HELD, &out), GATHER_BUSY);
    assert_int_equal(pool->gathering, thread_forks() + 1); /* still the other's */
    pool->gathering = thread_forks() + 2;                  /* a process that is not this one */
    assert_true(join_all(pool));
    ASSERT_STANDS(&hand, 0, "0: 10-30");
    pool = open_at(false, 0);
    hand_recycle(pool, 10, 20);
    hand_recycle(pool, 20, 30);
    pool->holds_begun = 1; /* who only joins waits for nobody */
    assert_true(join_all(pool));
    assert_int_equal(waits.count, 0);
    pool->holds_done = 1;
    ASSERT_STANDS(&hand, 0, "0: 10-30");
}

static void gather_after_a_fork(void *argument)
{
    struct pool *pool = (struct pool *)argument;
    struct span out;
    REQUIRE_IN_CHILD(pool->forks < thread_forks());
    REQUIRE_IN_CHILD(gather(pool, 100, 1, 0, true, TRIES_HELD, &out) == GATHER_NOTHING);
    REQUIRE_IN_CHILD(waits.count == 0);
    pool->gathering = thread_forks() + 1; /* there is one again */
    REQUIRE_IN_CHILD(!pool_take(pool, 100, 1, 0, &out));
    REQUIRE_IN_CHILD(waits.count == TRIES_AFTER_FORK);
    pool->gathering = thread_forks(); /* the parent's thread, which is not here */
    REQUIRE_IN_CHILD(join_all(pool));
}

static void who_held_runs_in_the_parent_of_a_fork_is_not_waited_for(void **state)
{
    (void)state;
    (void)thread_id(); /* from here on the library counts forks */
    struct pool *pool = open_at(false, 50);
    pool->holds_begun = 1;
    assert_passes(gather_after_a_fork, pool);
}

static void a_gather_finds_the_lowest_that_fits_then_the_index(void **state)
{
    (void)state;
    static const struct {
        size_t size, align, want;
        bool from_index;
        enum gathered result;
        size_t base, end;
        const char *after;
    } rows[] = {
        {40, 1, 0, true, GATHER_FOUND, 500, 540, "50: 200-230 700-800"},
        {41, 1, 0, true, GATHER_FOUND, 700, 800, "50: 200-230 500-540"},
        {10, 1, 0, true, GATHER_FOUND, 200, 230, "50: 500-540 700-800"},
        {10, 512, 0, true, GATHER_FOUND, 500, 540, "50: 200-230 700-800"},
        {101, 1, 0, true, GATHER_NOTHING, 0, 0, "50: 200-230 500-540 700-800"},
        {45, 64, 0, true, GATHER_FOUND, 700, 800, "50: 200-230 500-540"},
        {36, 1024, 0, true, GATHER_FOUND, 0, 50, "0: 200-230 500-540 700-800"},
        {36, 1024, 0, false, GATHER_NOTHING, 0, 0, "50: 200-230 500-540 700-800"},
        {JOIN_ONLY, 1, 0, false, GATHER_NOTHING, 0, 0, "50: 200-230 500-540 700-800"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pool *pool = open_at(false, 50);
        struct span out = {0, 0, 0};
        hand_recycle(pool, 700, 800);
        hand_recycle(pool, 200, 230);
        hand_recycle(pool, 500, 540);
        assert_int_equal(gather(pool, rows[i].size, rows[i].align, rows[i].want, rows[i].from_index,
                                TRIES_HELD, &out),
                         rows[i].result);
        assert_int_equal(out.base, rows[i].base);
        assert_int_equal(out.end, rows[i].end);
        ASSERT_STANDS(&hand, out.run != 0, rows[i].after);
        assert_int_equal(pool->runs_left, pool->recycled_runs);
    }
    struct pool *pool = open_at(false, 50); /* cut to the wish, the rest given back */
    struct span out;
    hand_recycle(pool, 300, 400);
    hand_recycle(pool, 200, 300);
    assert_int_equal(gather(pool, 10, 1, 70, true, TRIES_HELD, &out), GATHER_FOUND);
    assert_true(out.base == 330 && out.end == 400);
    ASSERT_STANDS(&hand, 1, "50: 200-330");
}

/* runs, runs left by the last gather; whether they are joined. */
static void runs_are_joined_while_few_or_doubled(void **state)
{
    (void)state;
    static const struct {
        size_t runs, left;
        bool joined;
    } rows[] = {
        {2, 0, true},    {2, 1, true},   {2, 2, false}, {2, 3, false},    {8, 7, true},
        {8, 8, false},   {8, 0, true},   {9, 0, true},  {9, 4, true},     {9, 5, false},
        {9, 8, false},   {10, 5, false}, {11, 5, true}, {100, 50, false}, {101, 50, true},
        {100, 49, true}, {3, 2, true},   {9, 9, false}, {100, 33, true},  {100, 40, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pool *pool = open_at(false, 5);
        hand_recycle(pool, 10, 20);
        hand_recycle(pool, 20, 30);
        pool->recycled_runs = rows[i].runs; /* a hint: as if there were more */
        pool->runs_left = rows[i].left;
        pool_settle(pool);
        assert_int_equal(pool->recycled_runs, rows[i].joined ? rows[i].runs - 1 : rows[i].runs);
        pool->recycled_runs = rows[i].joined ? 1 : 2;
        ASSERT_STANDS(&hand, 0, rows[i].joined ? "5: 10-30" : "5: 10-20 20-30");
    }
}

/* Of an EXACT pool with runs [100, 200), [400, 450) and [450, 500): index, barrier, mark's place. */
static void a_rewind_forgets_what_is_above_it(void **state)
{
    (void)state;
    static const struct {
        size_t index, to, barrier, barrier_after;
        const char *after;
    } rows[] = {
        {1000, 600, 800, 600, "600: 100-200 400-500"},
        {1000, 600, 500, 500, "600: 100-200 400-500"},
        {1000, 501, 800, 501, "501: 100-200 400-500"},
        {1000, 500, 800, 500, "400: 100-200"}, /* what remains touches the index: joined to it */
        {1000, 430, 800, 430, "400: 100-200"},
        {1000, 400, 800, 400, "400: 100-200"},
        {1000, 300, 800, 300, "300: 100-200"},
        {1000, 200, 800, 200, "100:"},
        {1000, 150, 800, 150, "100:"},
        {1000, 100, 800, 100, "100:"},
        {1000, 50, 800, 50, "50:"},
        {1000, 0, 0, 0, "0:"},
        {550, 600, 800, 550, "550: 100-200 400-500"}, /* the index has fallen since */
        {550, 550, 550, 550, "550: 100-200 400-500"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pool *pool = open_at(true, rows[i].index);
        hand_recycle(pool, 450, 500);
        hand_recycle(pool, 100, 200);
        hand_recycle(pool, 400, 450);
        pool->barrier = rows[i].barrier;
        pool_rewind(pool, rows[i].to, false);
        assert_int_equal(pool->barrier, rows[i].barrier_after);
        ASSERT_STANDS(&hand, 0, rows[i].after);
    }
    struct pool *pool = open_at(true, 1000); /* nothing is recycled */
    pool->barrier = 700;
    pool_rewind(pool, 800, false);
    assert_int_equal(pool->barrier, 700);
    pool_rewind(pool, 10, false);
    assert_int_equal(pool->barrier, 10);
    ASSERT_STANDS(&hand, 0, "10:");
    pool = open_at(true, 1000); /* a single byte too */
    hand_recycle(pool, 500, 501);
    pool_rewind(pool, 500, false);
    ASSERT_STANDS(&hand, 0, "500:");
    pool = open_at(true, 1000); /* nothing remains of this one: it is in no class for a moment */
    hand_recycle(pool, 400, 500);
    pool_rewind(pool, 400, false);
    ASSERT_STANDS(&hand, 0, "400:");
    for (unsigned bin = 0; bin < CLASS_COUNT; bin++) {
        assert_true(pool->classes[bin] >> 32 == (bin == size_class(100) ? 2 : 0));
    }
}

static void a_rewind_beside_children_stops_at_the_barrier(void **state)
{
    (void)state;
    static const struct {
        size_t to, barrier, index;
    } rows[] = {{600, 0, 600},     {600, 599, 600},   {600, 601, 601},
                {600, 999, 999},   {600, 1000, 1000}, {999, 600, 999},
                {1000, 600, 1000}, {1001, 600, 1000}, {0, 0, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pool *pool = open_at(true, 1000);
        hand_recycle(pool, 100, 200); /* a child may look for it */
        pool->barrier = rows[i].barrier;
        pool_rewind(pool, rows[i].to, true);
        assert_int_equal(pool->index, rows[i].index);
        assert_int_equal(pool->barrier, rows[i].barrier);
        assert_int_equal(pool->recycled, 100);
    }
}

static void what_is_kept_is_what_is_handed_out_next(void **state)
{
    (void)state;
    static const struct {
        bool upward;
        size_t keep, kept, base, end; /* end 0: nothing goes */
    } rows[] = {
        {false, 0, 0, 300, 400}, {false, 40, 0, 300, 360}, {false, 99, 0, 300, 301},
        {false, 100, 0, 0, 0},   {false, 130, 30, 0, 0},   {true, 0, 0, 300, 400},
        {true, 40, 0, 340, 400}, {true, 99, 0, 399, 400},  {true, 100, 0, 0, 0},
        {true, 130, 30, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const struct pool *pool = open_at(rows[i].upward, 1000);
        size_t keep = rows[i].keep;
        assert_int_equal(pool_discard(pool, (struct span){300, 400, 0}, &keep), 0);
        assert_int_equal(keep, rows[i].kept);
        assert_int_equal(discarded.count, rows[i].end != 0);
        assert_int_equal(discarded.calls[0].base, rows[i].base);
        assert_int_equal(discarded.calls[0].end, rows[i].end);
    }
    const struct pool *pool = open_at(false, 1000);
    size_t keep = 0;
    discarded.fails = 1;
    assert_int_equal(pool_discard(pool, (struct span){300, 400, 0}, &keep), -1);
}

/* The index's free bytes, then each recycled run; a call that fails is the last. */
static void a_trim_gives_back_all_but_what_is_kept(void **state)
{
    (void)state;
    static const struct {
        bool upward;
        size_t index, keep, fails;
        int result;
        const char *calls, *after;
    } rows[] = {
        {false, 1000, 0, 0, 0, "0-1000 2000-2100 2200-2300", "1000: 2000-2100 2200-2300"},
        {false, 1000, 400, 0, 0, "0-600 2000-2100 2200-2300", "1000: 2000-2100 2200-2300"},
        {false, 1000, 1000, 0, 0, "2000-2100 2200-2300", "1000: 2000-2100 2200-2300"},
        {false, 1000, 1030, 0, 0, "2000-2070 2200-2300", "1000: 2000-2100 2200-2300"},
        {false, 1000, 1200, 0, 0, "", "1000: 2000-2100 2200-2300"},
        {false, 0, 0, 0, 0, "2000-2100 2200-2300", "0: 2000-2100 2200-2300"},
        {false, 1000, 0, 1, -1, "0-1000", "1000: 2000-2100 2200-2300"},
        {false, 1000, 0, 2, -1, "0-1000 2000-2100", "1000: 2000-2100 2200-2300"},
        {false, 1000, 0, 3, -1, "0-1000 2000-2100 2200-2300", "1000: 2000-2100 2200-2300"},
        {true, 65036, 0, 0, 0, "65036-65536 2000-2100 2200-2300", "65036: 2000-2100 2200-2300"},
        {true, 65036, 100, 0, 0, "65136-65536 2000-2100 2200-2300", "65036: 2000-2100 2200-2300"},
        {true, 65036, 530, 0, 0, "2030-2100 2200-2300", "65036: 2000-2100 2200-2300"},
        {true, 65536, 0, 0, 0, "2000-2100 2200-2300", "65536: 2000-2100 2200-2300"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct pool *pool = open_at(rows[i].upward, rows[i].index);
        char calls[256] = "";
        int length = 0;
        hand_recycle(pool, 2000, 2100); /* the last popped is the first in the list */
        hand_recycle(pool, 2200, 2300);
        discarded.fails = rows[i].fails;
        discarded.trimmed = pool;
        assert_int_equal(pool_trim(pool, rows[i].keep), rows[i].result);
        for (size_t c = 0; c < discarded.count; c++) {
            length += snprintf(calls + length, sizeof calls - (size_t)length, "%s%zu-%zu",
                               c ? " " : "", discarded.calls[c].base, discarded.calls[c].end);
        }
        assert_string_equal(calls, rows[i].calls);
        ASSERT_STANDS(&hand, 0, rows[i].after);
    }
}

static void a_trim_waits_for_one_who_gathers_but_not_for_ever(void **state)
{
    (void)state;
    struct pool *pool = open_at(false, 1000);
    pool->gathering = thread_forks() + 1;
    errno = 0;
    assert_int_equal(pool_trim(pool, 0), -1);
    assert_int_equal(errno, EAGAIN);
    assert_int_equal(waits.count, TRIES);
    assert_int_equal(discarded.count, 0);
    assert_int_equal(pool->gathering, thread_forks() + 1);
    waits.count = 0;
    waits.act_at = 5;
    waits.act = end_the_gather;
    errno = 0;
    assert_int_equal(pool_trim(pool, 0), 0);
    assert_true(errno == 0 && waits.count == 5 && discarded.count == 1);
    ASSERT_STANDS(&hand, 0, "1000:");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_of_runs_is_joined),
        cmocka_unit_test(runs_of_one_byte_are_joined),
        cmocka_unit_test(lowest_first_they_reach_the_index_in_turn),
        cmocka_unit_test(one_gathers_at_a_time_but_not_for_ever_after_a_fork),
        cmocka_unit_test(who_held_runs_in_the_parent_of_a_fork_is_not_waited_for),
        cmocka_unit_test(a_gather_finds_the_lowest_that_fits_then_the_index),
        cmocka_unit_test(runs_are_joined_while_few_or_doubled),
        cmocka_unit_test(a_rewind_forgets_what_is_above_it),
        cmocka_unit_test(a_rewind_beside_children_stops_at_the_barrier),
        cmocka_unit_test(what_is_kept_is_what_is_handed_out_next),
        cmocka_unit_test(a_trim_gives_back_all_but_what_is_kept),
        cmocka_unit_test(a_trim_waits_for_one_who_gathers_but_not_for_ever),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
