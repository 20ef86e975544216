/* The index, the recycled runs and their descriptors, call by call, on a pool made by hand: what each
 * call gives and what it leaves behind. One thread: what others do meanwhile is the explorer's.
 * SPDX-License-Identifier: MIT */
#include "support/hand.h"

static struct hand hand;

static void descriptors_are_given_once_and_come_back(void **state)
{
    (void)state;
    struct pool *pool = hand_open(&hand, false);
    for (uint32_t run = 1; run <= HAND_RUNS; run++) {
        assert_int_equal(run_new(pool), run);
    }
    assert_int_equal(run_new(pool), 0);
    assert_int_equal(run_new(pool), 0);
    assert_int_equal(pool->runs_begun, HAND_RUNS);
    run_free(pool, 0); /* none: nothing */
    assert_int_equal(run_new(pool), 0);
    run_free(pool, 1);
    run_free(pool, HAND_RUNS);
    assert_int_equal(run_new(pool), HAND_RUNS);
    assert_int_equal(run_new(pool), 1);
    assert_int_equal(run_new(pool), 0);
}

static void those_for_marks_are_kept_apart(void **state)
{
    (void)state;
    struct pool *pool = hand_open(&hand, false);
    assert_int_equal(run_for_marks(pool), 1); /* others first */
    (void)hand_take_all(pool);
    for (uint32_t run = 1; run <= MARK_RUNS; run++) {
        assert_int_equal(run_for_marks(pool), HAND_RUNS + run);
        run_free(pool, HAND_RUNS + run);
        assert_int_equal(run_for_marks(pool), HAND_RUNS + run); /* before one that is new */
    }
    assert_int_equal(run_for_marks(pool), 0);
    run_free(pool, HAND_RUNS + 1);
    run_free(pool, HAND_RUNS + MARK_RUNS);
    assert_int_equal(run_new(pool), 0);
    assert_int_equal(run_surely(pool), 0);
    assert_int_equal(run_for_marks(pool), HAND_RUNS + MARK_RUNS);
    assert_int_equal(run_for_marks(pool), HAND_RUNS + 1);
    assert_int_equal(run_for_marks(pool), 0);
    run_free(pool, 7);
    assert_int_equal(run_for_marks(pool), 7);
}

static void every_change_of_a_stack_raises_its_tag_by_one(void **state)
{
    (void)state;
    struct pool *pool = hand_open(&hand, false);
    (void)hand_take_all(pool);
    for (uint32_t run = 1; run <= 3; run++) {
        run_free(pool, run);
        assert_true(pool->spare_runs == ((uint64_t)run << 32 | run));
    }
    for (uint32_t run = 3; run >= 1; run--) {
        assert_int_equal(pop(pool, &pool->spare_runs), run);
        assert_true(pool->spare_runs == ((uint64_t)(7 - run) << 32 | (run - 1)));
    }
    assert_int_equal(pop(pool, &pool->spare_runs), 0);
    assert_true(pool->spare_runs == (uint64_t)6 << 32);
    pool->spare_runs = (uint64_t)UINT32_MAX << 32; /* begins anew; an empty stack stays one */
    run_free(pool, 5);
    assert_true(pool->spare_runs == 5);
    assert_int_equal(pop(pool, &pool->spare_runs), 5);
}

static void neighbours_are_joined_for_a_descriptor(void **state)
{
    (void)state;
    struct pool *pool = hand_open(&hand, false);
    hand_recycle(pool, 100, 300);
    hand_recycle(pool, 300, 350);
    size_t held = hand_take_all(pool);
    assert_int_not_equal(run_surely(pool), 0);
    ASSERT_STANDS(&hand, held + 1, "65536: 100-350");
    uint64_t before = pool->classes[size_class(250)];
    assert_int_equal(run_surely(pool), 0); /* no more to join: looked for once */
    assert_true(pool->classes[size_class(250)] == before + ((uint64_t)2 << 32));
    ASSERT_STANDS(&hand, held + 1, "65536: 100-350");
}

static void a_cleared_pool_is_as_new(void **state)
{
    (void)state;
    for (int upward = 0; upward < 2; upward++) {
        for (size_t leased = 0; leased <= 1000; leased += 1000) {
            struct pool *pool = hand_open(&hand, upward != 0);
            hand_recycle(pool, 100, 300);
            hand_recycle(pool, 500, 501);
            (void)hand_take_all(pool);
            (void)run_for_marks(pool);
            (void)run_for_marks(pool);
            run_free(pool, HAND_RUNS + 2);
            run_free(pool, 9);
            hand_index(pool, 777);
            pool->runs_left = 3;
            pool->holds_begun = 5;
            pool->holds_done = 4;
            pool->gathering = thread_forks() + 1;
            pool->mark = 50;
            pool->barrier = 60;
            pool->forks = thread_forks() + 1;
            pool_clear(pool, leased);
            ASSERT_STANDS(&hand, 0, upward ? "0:" : leased ? "64536:" : "65536:");
            assert_int_equal(pool->forks, thread_forks());
            assert_true(pool->runs_left == 0 && pool->mark == 0 && pool->barrier == 0);
            assert_true(pool->spare_mark_runs == 0 && pool->marks_begun == 0);
            assert_true(pool->spare_runs == 0 && pool->runs_begun == 0);
            assert_true(pool->holds_begun == 0 && pool->holds_done == 0);
            for (unsigned bin = 0; bin < CLASS_COUNT; bin++) {
                assert_true(pool->classes[bin] == 0);
            }
        }
    }
}

/* Clearing costs nothing for the classes where no descriptor was ever used. */
static void classes_that_were_never_used_are_not_swept(void **state)
{
    (void)state;
    struct pool *pool = hand_open(&hand, false);
    pool->classes[7] = (uint64_t)3 << 32; /* empty, but for the tag */
    pool_clear(pool, 0);
    assert_true(pool->classes[7] == (uint64_t)3 << 32);
    run_free(pool, run_new(pool));
    pool_clear(pool, 0);
    assert_true(pool->classes[7] == 0);
}

static void what_is_free_is_the_index_and_the_recycled(void **state)
{
    (void)state;
    for (int upward = 0; upward < 2; upward++) {
        struct pool *pool = hand_open(&hand, upward != 0);
        hand_index(pool, 5000);
        assert_int_equal(pool_free(pool), upward ? HAND_CAPACITY - 5000 : 5000);
        hand_recycle(pool, 100, 303);
        assert_int_equal(pool_free(pool), (upward ? HAND_CAPACITY - 5000 : 5000) + 203);
    }
}

static void a_lease_is_extended_only_from_the_index(void **state)
{
    (void)state;
    struct pool *pool = hand_open(&hand, false);
    hand_index(pool, 5000);
    assert_false(pool_extend(pool, 5001, 100));
    assert_false(pool_extend(pool, 4999, 100));
    ASSERT_STANDS(&hand, 0, "5000:");
    assert_true(pool_extend(pool, 5000, 100));
    ASSERT_STANDS(&hand, 0, "4900:");
    assert_true(pool_extend(pool, 4900, 4900));
    ASSERT_STANDS(&hand, 0, "0:");
}

/* index, mark, base, end, then what stands afterwards; recorded: with a descriptor of its own. */
static const struct {
    bool upward;
    size_t index, mark, base, end;
    const char *after;
} given_back[] = {
    {false, 5000, 0, 5000, 5400, "5400:"},
    {false, 5000, 0, 5001, 5400, "5000: 5001-5400"},
    {false, 5000, 0, 6000, 6001, "5000: 6000-6001"},
    {false, 5000, 9999, 5000, 5400, "5400:"},
    {true, 5000, 0, 4000, 5000, "4000:"},
    {true, 5000, 0, 4000, 4999, "5000: 4000-4999"},
    {true, 5000, 4000, 4000, 5000, "4000:"},
    {true, 5000, 3999, 4000, 5000, "4000:"},
    {true, 5000, 4001, 4000, 5000, "5000: 4000-5000"},
    {true, 5000, 5000, 4000, 5000, "5000: 4000-5000"},
    {false, 5000, 0, 5000, 5000, "5000:"},
    {false, 5000, 0, 6000, 6000, "5000:"},
    {true, 5000, 0, 5000, 5000, "5000:"},
    {true, 5000, 4500, 4000, 4000, "5000:"},
};

static void what_touches_the_index_goes_back_to_it_unless_a_live_mark_stands_above(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof given_back / sizeof *given_back; i++) {
        for (int recorded = 0; recorded < 3; recorded++) {
            struct pool *pool = hand_open(&hand, given_back[i].upward);
            hand_index(pool, given_back[i].index);
            pool->mark = given_back[i].mark;
            struct span span = {given_back[i].base, given_back[i].end, 0};
            if (recorded == 2) {
                assert_true(pool_give_part(pool, span.base, span.end));
            } else {
                span.run = recorded ? run_new(pool) : 0;
                pool_give(pool, span);
            }
            ASSERT_STANDS(&hand, 0, given_back[i].after);
        }
    }
}

static void a_part_without_a_descriptor_is_refused(void **state)
{
    (void)state;
    struct pool *pool = hand_open(&hand, false);
    size_t held = hand_take_all(pool);
    hand_index(pool, 5000);
    assert_false(pool_give_part(pool, 6000, 7000));
    ASSERT_STANDS(&hand, held, "5000:");
    pool_give(pool, (struct span){6000, 7000, 0}); /* lost until the reset */
    ASSERT_STANDS(&hand, held, "5000:");
    assert_true(pool_give_part(pool, 6000, 6000));
    assert_true(pool_give_part(pool, 5000, 5100));
    ASSERT_STANDS(&hand, held, "5100:");
    run_free(pool, 3);
    assert_true(pool_give_part(pool, 6000, 7000));
    ASSERT_STANDS(&hand, held - 1, "5100: 6000-7000");
}

/* What a run of [base, end) is cut to for a request, the lower part given back. The data's address
 * is a multiple of 1 MiB, so offsets are aligned as addresses are. */
static const struct {
    bool upward;
    size_t base, end, size, align, want, cut;
    bool without;
} cuts[] = {
    {false, 1000, 3000, 100, 1, 0, 2900, false},
    {false, 1000, 3000, 100, 1, 500, 2500, false},
    {false, 1000, 3000, 100, 256, 0, 2816, false}, /* the highest aligned place */
    {false, 1000, 3000, 100, 256, 150, 2816, false},
    {false, 1000, 3000, 100, 256, 185, 2815, false},
    {false, 1000, 3000, 100, 1, 2000, 1000, false}, /* all of it is wanted */
    {false, 1000, 3000, 100, 1, 1999, 1000, false}, /* 1 byte is not worth it */
    {false, 1000, 3000, 100, 1, 1937, 1000, false}, /* nor are 63 */
    {false, 1000, 3000, 100, 1, 1936, 1064, false},
    {false, 1000, 3000, 100, 1, 1935, 1065, false},
    {false, 1000, 3000, 100, 1, 9999, 1000, false},
    {false, 1000, 3000, 100, 1, 2500, 1000, false},
    {false, 1000, 3000, 100, 1, 3500, 1000, false},
    {false, 1000, 3000, 2000, 1, 0, 1000, false},
    {true, 1000, 3000, 100, 1, 2000, 1000, false},
    {true, 1000, 3000, 100, 1, 1999, 1001, false}, /* in EXACT arenas it is */
    {true, 1000, 3000, 1999, 1, 0, 1001, false},
    {true, 1000, 3000, 100, 1, 9999, 1000, false},
    {false, 0, 3000, 100, 1, 0, 2900, false},
    {false, 1000, 3000, 100, 1, 0, 1000, true}, /* no descriptor: left whole */
};

static void a_run_is_cut_where_the_request_and_the_wish_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        struct pool *pool = hand_open(&hand, cuts[i].upward);
        struct span span = {cuts[i].base, cuts[i].end, run_new(pool)};
        char expected[64] = "60000:";
        size_t held = cuts[i].without ? 1 + hand_take_all(pool) : 1;
        hand_index(pool, 60000);
        split_off(pool, &span, cuts[i].size, cuts[i].align, cuts[i].want);
        assert_int_equal(span.base, cuts[i].cut);
        assert_int_equal(span.end, cuts[i].end);
        assert_int_equal(span.run, 1);
        if (cuts[i].cut != cuts[i].base) {
            (void)snprintf(expected, sizeof expected, "60000: %zu-%zu", cuts[i].base, cuts[i].cut);
        }
        ASSERT_STANDS(&hand, held, expected);
    }
}

static void a_run_holds_what_fits_aligned(void **state)
{
    (void)state;
    struct pool *pool = hand_open(&hand, false);
    assert_true(fits(pool, 1000, 1100, 100, 1));
    assert_false(fits(pool, 1000, 1100, 101, 1));
    assert_true(fits(pool, 1000, 1124, 100, 1024));
    assert_false(fits(pool, 1000, 1123, 100, 1024));
    assert_false(fits(pool, 1000, 1023, 0, 1024));
    assert_true(fits(pool, 1000, 1024, 0, 1024));
    assert_false(fits(pool, 1000, 1100, SIZE_MAX, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(descriptors_are_given_once_and_come_back),
        cmocka_unit_test(those_for_marks_are_kept_apart),
        cmocka_unit_test(every_change_of_a_stack_raises_its_tag_by_one),
        cmocka_unit_test(neighbours_are_joined_for_a_descriptor),
        cmocka_unit_test(a_cleared_pool_is_as_new),
        cmocka_unit_test(classes_that_were_never_used_are_not_swept),
        cmocka_unit_test(what_is_free_is_the_index_and_the_recycled),
        cmocka_unit_test(a_lease_is_extended_only_from_the_index),
        cmocka_unit_test(what_touches_the_index_goes_back_to_it_unless_a_live_mark_stands_above),
        cmocka_unit_test(a_part_without_a_descriptor_is_refused),
        cmocka_unit_test(a_run_is_cut_where_the_request_and_the_wish_end),
        cmocka_unit_test(a_run_holds_what_fits_aligned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
