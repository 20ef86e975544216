/* Each compare-and-swap of the pool that fails, without a reason and because another thread came between:
 * on a pool made by hand, whose words are changed just before the swap.
 * SPDX-License-Identifier: MIT */
#include "forced/order/forced.h"
#include "support/hand_tlab.h"

/* What another does just before the swap of this word that is numbered `at`. */
static struct {
    const void *word;
    unsigned at, seen;
    void (*act)(struct pool *pool);
} between;

static void come_between(const void *word, enum forced_kind kind)
{
    if (word == between.word && kind == FORCED_CAS && ++between.seen == between.at) {
        between.act(&hand.root.pool);
    }
}

static void at_swap(unsigned at, const void *word, void (*act)(struct pool *pool))
{
    between.word = word;
    between.at = at;
    between.seen = 0;
    between.act = act;
    forced_call(come_between);
}

static void over(void)
{
    forced_call(NULL);
    assert_true(between.seen >= between.at);
}

static struct pool *open_at(bool upward, size_t index)
{
    struct pool *pool = hand_open(&hand, upward);
    pool->index = index;
    return pool;
}

static void swaps_that_fail_without_a_reason_are_tried_again(void **state)
{
    (void)state;
    for (int upward = 0; upward < 2; upward++) {
        struct pool *pool = open_at(upward != 0, 30000);
        struct span out;
        size_t failures = forced_failures(), served = 0;
        forced_fail_every(2);
        for (int round = 0; round < 20; round++) {
            hand_recycle(pool, 10000, 10100);
            hand_recycle(pool, 10200, 10300);
            served += pool_take(pool, 100, 1, 0, &out);
            run_free(pool, out.run);
            served += pool_take(pool, 100, 1, 0, &out);
            run_free(pool, out.run);
            served += take_index(pool, 150, 1, 0, &out); /* 150 from the index, and back */
            served += pool_give_part(pool, out.base, out.end);
            served += take_index(pool, 50, 1, 0, &out);
            pool_give(pool, (struct span){out.base, out.end, run_new(pool)});
            served +=
                upward || (pool_extend(pool, 30000, 10) && pool_give_part(pool, 29990, 30000));
            served += pool_trim(pool, 40000) == 0;
            pool->barrier = 0;
            pool_rewind(pool, 30000 - (size_t)upward, upward != 0);
            pool->index = 30000;
        }
        forced_fail_every(0);
        assert_int_equal(served, 20 * 7);
        assert_true(forced_failures() > failures + 50);
        ASSERT_STANDS(&hand, 0, "30000:");
    }
}

static void descriptors_are_counted_once_where_swaps_fail(void **state)
{
    (void)state;
    struct pool *pool = open_at(false, 30000);
    forced_fail_every(2);
    for (uint32_t run = 1; run <= HAND_RUNS; run++) {
        assert_int_equal(run_new(pool), run);
    }
    assert_int_equal(run_new(pool), 0);
    for (uint32_t run = 1; run <= HAND_RUNS; run++) {
        run_free(pool, run);
    }
    for (uint32_t run = HAND_RUNS; run >= 1; run--) {
        assert_int_equal(pop(pool, &pool->spare_runs), run);
    }
    forced_fail_every(0);
    assert_true(pool->spare_runs == (uint64_t)HAND_RUNS << 33);
}

static void free_fifth(struct pool *pool)
{
    run_free(pool, 5);
}

static void take_one(struct pool *pool)
{
    assert_int_not_equal(run_new(pool), 0);
}

static void take_all(struct pool *pool)
{
    (void)hand_take_all(pool);
}

/* The head is the same again, but what stands below it is not. */
static void take_two_and_free_the_first(struct pool *pool)
{
    uint32_t first = run_new(pool);
    assert_int_not_equal(run_new(pool), 0);
    run_free(pool, first);
}

static void a_stack_that_changes_meanwhile_loses_nothing(void **state)
{
    (void)state;
    struct pool *pool = open_at(false, 30000);
    take_all(pool);
    run_free(pool, 1);
    at_swap(1, &pool->spare_runs, free_fifth);
    run_free(pool, 3);
    over();
    assert_int_equal(run_new(pool), 3);
    at_swap(1, &pool->spare_runs, take_one);
    assert_int_equal(run_new(pool), 1); /* 5 was the other's */
    over();
    assert_int_equal(run_new(pool), 0);
    run_free(pool, 1);
    run_free(pool, 2);
    run_free(pool, 3);
    at_swap(1, &pool->spare_runs, take_two_and_free_the_first);
    assert_int_equal(run_new(pool), 3);
    over();
    assert_int_equal(run_new(pool), 1); /* 2 is the other's */
    assert_int_equal(run_new(pool), 0);
    pool = open_at(false, 30000);
    at_swap(1, &pool->runs_begun, take_one);
    assert_int_equal(run_new(pool), 2);
    over();
    at_swap(1, &pool->runs_begun, take_all);
    assert_int_equal(run_new(pool), 0);
    over();
}

static void raise_a_little(struct pool *pool)
{
    pool->barrier = 31050;
}

static void raise_further(struct pool *pool)
{
    pool->barrier = 40000;
}

static void the_barrier_is_never_lowered(void **state)
{
    (void)state;
    struct pool *pool = open_at(true, 31000);
    struct span out;
    at_swap(1, &pool->barrier, raise_a_little);
    assert_true(take_index(pool, 100, 1, 0, &out));
    over();
    assert_int_equal(pool->barrier, 31100);
    at_swap(1, &pool->barrier, raise_further);
    assert_true(take_index(pool, 100, 1, 0, &out));
    over();
    assert_int_equal(pool->barrier, 40000);
    assert_int_equal(pool->index, 31200);
}

static void move_index_a_little(struct pool *pool)
{
    pool->index = pool->upward ? 31000 : 29000;
}

static void move_index_to_the_end(struct pool *pool)
{
    pool->index = pool->upward ? HAND_CAPACITY - 50 : 50;
}

static void an_index_that_moves_meanwhile_is_followed(void **state)
{
    (void)state;
    for (int upward = 0; upward < 2; upward++) {
        struct pool *pool = open_at(upward != 0, 30000);
        struct span out;
        at_swap(1, &pool->index, move_index_a_little);
        assert_true(take_index(pool, 100, 1, 200, &out));
        over();
        assert_true(out.base == (upward ? 31000 : 28800) && out.end == (upward ? 31200 : 29000));
        assert_int_equal(pool->index, upward ? 31200 : 28800);
        at_swap(1, &pool->index, move_index_to_the_end);
        assert_false(take_index(pool, 100, 1, 200, &out));
        over();
        pool = open_at(upward != 0, 30000);
        at_swap(1, &pool->index, move_index_a_little); /* what is given no longer touches it */
        assert_true(pool_give_part(pool, upward ? 29900 : 30000, upward ? 30000 : 30100));
        over();
        ASSERT_STANDS(&hand, 0, upward ? "31000: 29900-30000" : "29000: 30000-30100");
    }
    struct pool *pool = open_at(false, 30000);
    at_swap(1, &pool->index, move_index_a_little);
    assert_false(pool_extend(pool, 30000, 100));
    over();
    assert_int_equal(pool->index, 29000);
}

static void take_as_a_child(struct pool *pool)
{
    pool->barrier = 30700;
    pool->index = 30700;
}

static void give_as_a_child(struct pool *pool)
{
    pool->index = 20000;
}

static void give_a_little_as_a_child(struct pool *pool)
{
    pool->index = 27000;
}

static void a_rewind_follows_what_children_take_and_give(void **state)
{
    (void)state;
    struct pool *pool = open_at(true, 30500);
    at_swap(1, &pool->index, take_as_a_child);
    pool_rewind(pool, 25000, true);
    over();
    assert_int_equal(pool->index, 30700);
    pool = open_at(true, 30500);
    at_swap(1, &pool->index, give_as_a_child);
    pool_rewind(pool, 25000, true);
    over();
    assert_int_equal(pool->index, 20000);
    pool = open_at(true, 30500);
    at_swap(1, &pool->index, give_a_little_as_a_child);
    pool_rewind(pool, 25000, true);
    over();
    assert_int_equal(pool->index, 25000);
}

static void a_trim_takes_and_gives_back_the_index_that_there_is(void **state)
{
    (void)state;
    for (int upward = 0; upward < 2; upward++) {
        struct pool *pool = open_at(upward != 0, 30000);
        discarded.trimmed = pool;
        discarded.index_only = true;
        at_swap(1, &pool->index, move_index_a_little);
        assert_int_equal(pool_trim(pool, 0), 0);
        over();
        assert_int_equal(pool->index, upward ? 31000 : 29000);
        assert_int_equal(discarded.calls[0].base, upward ? 31000 : 0);
        assert_int_equal(discarded.calls[0].end, upward ? HAND_CAPACITY : 29000);
    }
}

static void see_a_store(const void *word, enum forced_kind kind)
{
    between.seen += word == &hand.root.pool.index && kind == FORCED_STORE;
}

/* With nothing free it took nothing, and a giver may have moved the index since. */
static void a_trim_leaves_a_full_index_alone(void **state)
{
    (void)state;
    for (int upward = 0; upward < 2; upward++) {
        struct pool *pool = open_at(upward != 0, upward ? HAND_CAPACITY : 0);
        between.seen = 0;
        forced_call(see_a_store);
        assert_int_equal(pool_trim(pool, 0), 0);
        forced_call(NULL);
        assert_int_equal(between.seen, 0);
    }
}

static void begin_a_gather(struct pool *pool)
{
    pool->gathering = thread_forks() + 1;
}

static void of_two_who_begin_a_gather_one_does(void **state)
{
    (void)state;
    struct pool *pool = open_at(false, 30000);
    hand_recycle(pool, 100, 200);
    hand_recycle(pool, 200, 300);
    at_swap(1, &pool->gathering, begin_a_gather);
    assert_false(join_all(pool));
    over();
    pool->gathering = 0;
    ASSERT_STANDS(&hand, 0, "30000: 100-200 200-300");
}

/* EXACT: two searches that were served by what children left. */
static void chain_another(struct pool *pool)
{
    struct arena *arena = &hand.root.arena;
    uint32_t run = run_new(pool);
    run_at(pool, run)->next = arena->tlab.chain;
    arena->tlab.chain = run;
}

static void an_exact_chain_holds_what_all_threads_took(void **state)
{
    (void)state;
    struct pool *pool = open_at(true, HAND_CAPACITY);
    struct arena *arena = &hand.root.arena;
    struct request request = {100, 1, false, false};
    tlab_clear(arena, &arena->tlab);
    arena->tlab.marks = 1;
    hand_recycle(pool, 500, 600);
    at_swap(1, &arena->tlab.chain, chain_another);
    assert_non_null(run_apart(arena, NULL, &request));
    over();
    assert_int_equal(arena->tlab.chain, 1);
    assert_int_equal(run_at(pool, 1)->next, 2);
    assert_int_equal(run_at(pool, 2)->next, 0);
}

/* The index stood at the lease when it was looked at, and does not when it is moved. */
static void a_lease_is_not_extended_over_what_another_took(void **state)
{
    (void)state;
    struct request request = {1025, 1, false, false};
    hand_lease(false, 60000, &(struct lease){60000, 60000, 60050, 61000, 8192});
    at_swap(1, &hand_pool->index, move_index_a_little);
    assert_ptr_equal(tlab_refill(hand_arena, hand_tlab, &request), (void *)hand_at(27975));
    over();
    ASSERT_LEASE(0, "60000-61000 [60000,60050) pool 27975:");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(swaps_that_fail_without_a_reason_are_tried_again),
        cmocka_unit_test(descriptors_are_counted_once_where_swaps_fail),
        cmocka_unit_test(a_stack_that_changes_meanwhile_loses_nothing),
        cmocka_unit_test(the_barrier_is_never_lowered),
        cmocka_unit_test(an_index_that_moves_meanwhile_is_followed),
        cmocka_unit_test(a_rewind_follows_what_children_take_and_give),
        cmocka_unit_test(a_trim_takes_and_gives_back_the_index_that_there_is),
        cmocka_unit_test(a_trim_leaves_a_full_index_alone),
        cmocka_unit_test(of_two_who_begin_a_gather_one_does),
        cmocka_unit_test(a_lease_is_not_extended_over_what_another_took),
        cmocka_unit_test(an_exact_chain_holds_what_all_threads_took),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
