/* When every descriptor of a run is in use: ranges of ended marks take those set apart, then are joined;
 * a lease that would have to be recorded is refused; a run is given back whole. Nothing is lost, and a
 * reset has them all again. Descriptors are taken through src/, as many recycled runs would.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core.h"
#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"

enum { KIB = 1024, PATTERNS = 3 * (MARK_RUNS + ENDED_NEAR) };

static size_t take_descriptors(bitena *arena)
{
    size_t count = 0;
    while (run_new(arena_of(arena)->pool) != 0) {
        count++;
    }
    return count;
}

/* A live mark, and one after it that has ended; so many times. */
static void save_and_end(bitena *arena, bitena_mark live[PATTERNS], bitena_mark ended[PATTERNS])
{
    for (size_t i = 0; i < PATTERNS; i++) {
        live[i] = bitena_save(arena);
        ended[i] = bitena_save(arena);
        assert_int_equal(bitena_rewind(arena, live[i]), 0);
    }
}

static void marks_are_told_apart(bool all_descriptors_in_use)
{
    bitena_mark live[PATTERNS], ended[PATTERNS];
    bitena *arena = bitena_open(&(bitena_options){.capacity = 256 * KIB, .mode = BITENA_LOCAL});
    (void)bitena_alloc(arena, 100, 8);
    bitena_mark first = bitena_save(arena);
    if (all_descriptors_in_use) {
        assert_true(take_descriptors(arena) > 0);
    }
    for (int time = 0; time < 2; time++) {
        save_and_end(arena, live, ended);
        for (size_t i = 0; i < PATTERNS; i++) {
            ASSERT_REFUSED(EINVAL, bitena_rewind(arena, ended[i]));
        }
        for (size_t i = PATTERNS;
             i-- > 0;) { /* the older of them may be refused, never taken wrongly */
            int result = bitena_rewind(arena, live[i]);
            assert_true(result == 0 || (all_descriptors_in_use && i <= PATTERNS - ENDED_NEAR));
        }
        int result = bitena_rewind(arena, first);
        assert_true(result == 0 || all_descriptors_in_use);
        save_and_end(arena, live, ended); /* the reset finds old ranges */
        assert_int_equal(bitena_reset(arena), 0);
        (void)bitena_alloc(arena, 100, 8);
        first = bitena_save(arena);
    }
    bitena_drop(arena);
}

static void ended_marks_are_told_from_live_ones(void **state)
{
    (void)state;
    marks_are_told_apart(false);
}

static void without_descriptors_live_marks_may_be_refused_but_ended_ones_always_are(void **state)
{
    (void)state;
    marks_are_told_apart(true);
}

static void a_lease_that_cannot_be_recorded_is_refused(void **state)
{
    (void)state;
    bitena *arena = bitena_open(&(bitena_options){.capacity = 256 * KIB, .mode = BITENA_LOCAL});
    (void)bitena_alloc_str(arena, "on the floor: the lease cannot be extended");
    bitena_mark mark = bitena_save(arena);
    assert_true(take_descriptors(arena) > 0);
    while (bitena_try_alloc(arena, 16, 1)) {
    }
    struct numbers before = numbers_of(arena);
    assert_true(before.remaining > 128 * KIB); /* room there is */
    ASSERT_NULL(ENOMEM, bitena_try_alloc(arena, 16, 1));
    assert_same_numbers(arena, before);
    assert_int_equal(bitena_rewind(arena, mark), 0);
    assert_non_null(bitena_try_alloc(arena, 16, 1));
    bitena_drop(arena);
}

/* The current lease is larger than the spare that may be kept of it, and does not touch the index. */
static void a_run_that_cannot_be_cut_goes_back_whole(void **state)
{
    (void)state;
    bitena *arena = bitena_open(&(bitena_options){.capacity = 1024 * KIB, .mode = BITENA_LOCAL});
    bitena_mark mark = bitena_save(arena);
    const struct tlab *tlab = &arena_of(arena)->tlab;
    while (tlab->end - tlab->base < 32 * KIB) {
        (void)bitena_alloc_str(arena, "on the floor");
        (void)bitena_alloc(arena, 64, 1);
    }
    size_t rest = pool_free(arena_of(arena)->pool);
    (void)bitena_alloc(arena, rest - 32 * KIB, 1);
    bitena *child = bitena_new_child(arena);
    size_t childs = bitena_used(child) + bitena_remaining(child);
    assert_true(childs > 0 && take_descriptors(arena) > 0);
    assert_int_equal(bitena_rewind(arena, mark), 0);
    struct numbers after = numbers_of(arena);
    assert_true(after.remaining > 1000 * KIB);
    bitena_drop(child);
    assert_int_equal(bitena_reset(arena), 0);
    assert_int_equal(bitena_used(arena), 0);
    bitena_drop(arena);
}

/* So many ranges, and that of the marks before the first. The TLAB has room for ENDED_NEAR. */
static void save_and_end_some(bitena *arena, size_t ranges)
{
    for (size_t i = 0; i < ranges; i++) {
        bitena_mark live = bitena_save(arena);
        (void)bitena_save(arena);
        assert_int_equal(bitena_rewind(arena, live), 0);
    }
    assert_int_not_equal(arena_of(arena)->tlab.ended_older, 0);
}

static void a_new_owner_has_the_descriptors_of_ended_marks_again(void **state)
{
    (void)state;
    for (size_t ranges = ENDED_NEAR; ranges < 4 * ENDED_NEAR; ranges += ENDED_NEAR) {
        bitena *arena = bitena_open(&(bitena_options){.capacity = 64 * KIB, .mode = BITENA_LOCAL});
        for (int time = 0; time < 3; time++) {
            save_and_end_some(arena, ranges);
            assert_int_equal(arena_of(arena)->pool->runs_begun, ranges - ENDED_NEAR + 1);
            assert_int_equal(bitena_own(arena), 0);
            assert_int_equal(arena_of(arena)->tlab.ended_older, 0);
        }
        bitena_drop(arena);
    }
}

/* The reset begins with all descriptors: one that an old range kept would be a child's too. */
static void a_reset_forgets_ranges_that_descriptors_hold(void **state)
{
    (void)state;
    for (size_t ranges = ENDED_NEAR; ranges < 4 * ENDED_NEAR; ranges += ENDED_NEAR) {
        bitena *arena = bitena_new(256 * KIB);
        save_and_end_some(arena, ranges);
        assert_int_equal(bitena_reset(arena), 0);
        bitena *one = bitena_new_child(arena);
        BITENA_SCOPE (arena) {
            (void)bitena_alloc(arena, 10, 1);
        }
        bitena *two = bitena_new_child(arena);
        assert_int_not_equal(arena_of(one)->tlab.lease, arena_of(two)->tlab.lease);
        (void)bitena_alloc(one, 10000, 1);
        (void)bitena_alloc(two, 20000, 1);
        bitena_drop(one);
        bitena_drop(two);
        assert_int_equal(bitena_used(arena), 0);
        assert_int_equal(bitena_remaining(arena), bitena_capacity(arena));
        bitena_drop(arena);
    }
}

static void descriptors_are_numbered_from_the_tables_first(void **state)
{
    (void)state;
    bitena *arena = bitena_new(64 * KIB);
    const struct pool *pool = arena_of(arena)->pool;
    assert_ptr_equal(run_at(pool, 1), pool->runs);
    assert_ptr_equal(run_at(pool, pool->run_count), pool->runs + pool->run_count - 1);
    bitena_drop(arena);
}

/* Of a recycled run a request takes what it needs, if a rest is left that is worth a descriptor. */
static void assert_rest(int mode, size_t rest, bool is_recycled)
{
    enum { RUN = 1000 };
    bitena *arena = bitena_open(&(bitena_options){.capacity = 64 * KIB, .mode = mode});
    struct pool *pool = arena_of(arena)->pool;
    struct span run, next, taken;
    assert_true(pool_take_recorded(pool, RUN, 1, 0, &run));
    assert_true(pool_take_recorded(pool, RUN, 1, 0, &next)); /* between it and the index */
    pool_give(pool, run);
    assert_int_equal(pool->recycled, RUN);
    assert_true(pool_take(pool, RUN - rest, 1, 0, &taken));
    assert_int_equal(taken.end, run.end);
    assert_int_equal(taken.end - taken.base, is_recycled ? RUN - rest : RUN);
    assert_int_equal(pool->recycled, is_recycled ? rest : 0);
    bitena_drop(arena);
}

static void small_rests_stay_with_their_run_but_in_exact_arenas(void **state)
{
    (void)state;
    assert_rest(BITENA_LOCAL, WORTH_RECYCLING - 1, false);
    assert_rest(BITENA_LOCAL, WORTH_RECYCLING, true);
    assert_rest(BITENA_EXACT, 1, true);
    assert_rest(BITENA_EXACT, WORTH_RECYCLING - 1, true);
}

/* Those of a chain rise and fall as they come back. */
static void a_rewind_gives_back_runs_whatever_their_descriptors(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 128 * KIB, NULL);
        bitena *arena = subject.arena;
        struct pool *pool = arena_of(arena)->pool;
        (void)bitena_alloc_str(arena, "on the floor");
        uint32_t low = run_new(pool);
        bitena_mark outer = bitena_save(arena);
        (void)bitena_alloc(arena, 9000, 1);
        bitena_mark inner = bitena_save(arena);
        struct numbers before = numbers_of(arena);
        run_free(pool, low);
        for (int round = 0; round < 3; round++) {
            (void)bitena_alloc(arena, 9000, 1);
            assert_int_equal(bitena_rewind(arena, inner), 0);
            assert_same_numbers(arena, before);
        }
        assert_int_equal(bitena_rewind(arena, outer), 0);
        subject_close(&subject);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ended_marks_are_told_from_live_ones),
        cmocka_unit_test(without_descriptors_live_marks_may_be_refused_but_ended_ones_always_are),
        cmocka_unit_test(a_lease_that_cannot_be_recorded_is_refused),
        cmocka_unit_test(a_run_that_cannot_be_cut_goes_back_whole),
        cmocka_unit_test(a_new_owner_has_the_descriptors_of_ended_marks_again),
        cmocka_unit_test(a_reset_forgets_ranges_that_descriptors_hold),
        cmocka_unit_test(descriptors_are_numbered_from_the_tables_first),
        cmocka_unit_test(small_rests_stay_with_their_run_but_in_exact_arenas),
        cmocka_unit_test(a_rewind_gives_back_runs_whatever_their_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
