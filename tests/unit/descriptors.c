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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ended_marks_are_told_from_live_ones),
        cmocka_unit_test(without_descriptors_live_marks_may_be_refused_but_ended_ones_always_are),
        cmocka_unit_test(a_lease_that_cannot_be_recorded_is_refused),
        cmocka_unit_test(a_run_that_cannot_be_cut_goes_back_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
