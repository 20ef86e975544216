/* Corners that larger tests pass by: marks and windows that were never given, an inline path without an
 * arena, sizes of 0, a buffer where none can be, a message for an error that has no text, a spare that
 * joins the lease.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>

#include "core.h"
#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"

enum { KIB = 1024 };

static void assert_refused(bitena *arena, const bitena_mark *bad, size_t count)
{
    struct numbers before = numbers_of(arena);
    for (size_t i = 0; i < count; i++) {
        ASSERT_REFUSED(EINVAL, bitena_rewind(arena, bad[i]));
        assert_same_numbers(arena, before);
    }
}

static void a_mark_that_was_never_given_changes_nothing(void **state)
{
    (void)state;
    static const enum kind kinds[] = {KIND_SHARED, KIND_LOCAL, KIND_CHILD, KIND_BUFFER};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        struct subject subject = subject_open(kinds[k], 64 * KIB, NULL);
        bitena *arena = subject.arena;
        (void)bitena_alloc(arena, 100, 8);
        (void)bitena_alloc_str(arena, "text");
        size_t used = bitena_used(arena), room;
        bitena_mark good = bitena_save(arena);
        bitena_mark bad[7] = {good, good, good, good, good, good, good};
        (void)bitena_alloc(arena, 100, 8);
        (void)bitena_alloc_str(arena, "more");
        const struct tlab *tlab = &arena_of(arena)->tlab;
        bad[0].number = 0;
        bad[1].number += 1000;
        bad[2].ceiling = 0;
        bad[3].ceiling = tlab->ceiling - 1;
        bad[4].ceiling = tlab->end + 1;
        bad[5].text = tlab->floor - tlab->base + 1;
        bad[6].text = SIZE_MAX;
        assert_refused(arena, bad, 7);
        (void)bitena_window(arena, 10, 1, &room); /* it hides the floor */
        assert_refused(arena, bad, 7);
        assert_int_equal(bitena_rewind(arena, good), 0);
        assert_int_equal(bitena_used(arena), used);
        subject_close(&subject);
    }
}

/* Slots 1 and 2: the table of a small buffer has two places. */
struct crowd {
    bitena *arenas[2];
    bitena_mark owners;
};

static void be_served_by_the_index(void *argument)
{
    const struct crowd *crowd = (const struct crowd *)argument;
    bitena_mark own[2] = {bitena_save(crowd->arenas[0]), bitena_save(crowd->arenas[1])};
    assert_null(own[0].tlab);
    assert_int_equal(bitena_rewind(crowd->arenas[0], own[0]), 0);
    ASSERT_REFUSED(EINVAL, bitena_rewind(crowd->arenas[0], own[1]));
    ASSERT_REFUSED(EINVAL, bitena_rewind(crowd->arenas[1], own[0]));
    ASSERT_REFUSED(EINVAL, bitena_rewind(crowd->arenas[0], crowd->owners));
}

static void take_a_slot_and_go_on(void *argument)
{
    struct crowd *crowd = (struct crowd *)argument;
    (void)bitena_alloc(crowd->arenas[0], 8, 8);
    in_another_thread(be_served_by_the_index, argument);
}

static void a_thread_without_a_tlab_rewinds_to_its_own_marks_only(void **state)
{
    (void)state;
    static _Alignas(128) char buffers[2][40 * KIB];
    struct crowd crowd;
    for (size_t i = 0; i < 2; i++) {
        crowd.arenas[i] = bitena_init(buffers[i], sizeof buffers[i], NULL);
        assert_non_null(crowd.arenas[i]);
        assert_int_equal(arena_of(crowd.arenas[i])->table_count, 2);
    }
    crowd.owners = bitena_save(crowd.arenas[0]);
    in_another_thread(take_a_slot_and_go_on, &crowd);
    bitena_drop(crowd.arenas[0]);
    bitena_drop(crowd.arenas[1]);
}

static void a_window_that_is_no_place_of_an_exact_arena_is_left_alone(void **state)
{
    (void)state;
    static _Alignas(128) char area[64 * KIB];
    bitena *arena = bitena_init(area + 16 * KIB, 32 * KIB, &(bitena_options){.mode = BITENA_EXACT});
    char *first = bitena_alloc(arena, 100, 1);
    bitena_commit(arena, first - 8, 108, 50); /* its end is that of what was handed out */
    bitena_commit(arena, area, 16, 8);
    bitena_commit(arena, area + 60 * KIB, 16, 8);
    assert_int_equal(bitena_used(arena), 100);
    bitena_drop(arena);
}

static void allocate_from_null(void *nothing)
{
    (void)bitena_try_alloc((bitena *)nothing, 8, 8);
}

static void be_a_stranger(void *arena)
{
    ASSERT_NULL(EPERM, bitena_try_alloc((bitena *)arena, 8, 8));
}

static void the_inline_path_knows_its_owner_a_stranger_and_nobody(void **state)
{
    (void)state;
    bitena *arena = bitena_open(&(bitena_options){.capacity = 64 * KIB, .mode = BITENA_LOCAL});
    assert_non_null(bitena_try_alloc(arena, 8, 8));
    in_another_thread(be_a_stranger, arena);
    assert_aborts(allocate_from_null, NULL,
                  "bitena: bitena_try_alloc: parameter 'arena' is NULL\n");
    assert_int_equal(bitena_times_(3, 0), 0);
    assert_int_equal(bitena_times_(3, 5), 15);
    assert_true(bitena_times_(SIZE_MAX / 2, 3) == SIZE_MAX);
    bitena_drop(arena);
}

/* The bump of the TLAB used last comes before every check: what is odd must pass it by. */
static void ask_oddly(void *argument)
{
    bitena *arena = (bitena *)argument;
    struct caught *caught = (struct caught *)arena_of(arena)->context;
    for (int i = 0; i < 3; i++) {
        (void)bitena_alloc(arena, 3,
                           1); /* from here on this TLAB is the last; its ceiling is odd */
    }
    struct numbers before = numbers_of(arena);
    assert_true(is_aligned_to(bitena_alloc(arena, 0, 64), 64));
    assert_true(is_aligned_to(bitena_try_alloc(arena, 0, 64), 64));
    ASSERT_REPORTS(caught, EINVAL, (void)bitena_alloc(arena, 8, 0));
    ASSERT_REPORTS(caught, EINVAL, (void)bitena_alloc(arena, 8, 3));
    ASSERT_REPORTS(caught, EINVAL, (void)bitena_alloc(arena, 8, 24));
    ASSERT_REPORTS(caught, ENOMEM, (void)bitena_alloc(arena, PTRDIFF_MAX, 1));
    ASSERT_REPORTS(caught, EOVERFLOW, (void)bitena_alloc(arena, SIZE_MAX, 1));
    ASSERT_REPORTS(caught, EOVERFLOW, (void)bitena_alloc(arena, SIZE_MAX - 64 * KIB, 1));
    ASSERT_NULL(EINVAL, bitena_try_alloc(arena, 8, 3));
    ASSERT_NULL(EOVERFLOW, bitena_try_alloc(arena, SIZE_MAX, 1));
    assert_same_numbers(arena, before);
}

static void odd_requests_pass_the_tlab_used_last_by(void **state)
{
    (void)state;
    static struct caught caught;
    bitena *arena = open_caught(256 * KIB, &caught);
    in_another_thread(ask_oddly, arena);
    bitena_drop(arena);
}

static void a_buffer_below_64_kib_is_refused(void **state)
{
    (void)state;
    ASSERT_NULL(EINVAL, bitena_init((void *)(uintptr_t)4096, 1024 * KIB, NULL));
    ASSERT_NULL(ENOMEM, bitena_init((void *)(UINTPTR_MAX - 4095), 1024 * KIB, NULL)); /* wraps */
}

static void fail_without_a_text(void *arena)
{
    (fail)(arena_of((bitena *)arena), 1, 2, EIO, NULL); /* not the macro of cmocka */
}

static void an_error_without_a_text_is_told_all_the_same(void **state)
{
    (void)state;
    bitena *arena = bitena_open(&(bitena_options){.capacity = 8 * KIB, .mode = BITENA_EXACT});
    assert_aborts(fail_without_a_text, arena,
                  "bitena: arena 'arena': asked for 1 bytes aligned to 2, 8192 of 8192 bytes "
                  "remain: error\n");
    bitena_drop(arena);
}

/* The dropped child's run is kept at hand, between the index and the lease. */
static void a_request_may_need_the_lease_the_spare_and_the_index(void **state)
{
    (void)state;
    bitena *arena = bitena_open(&(bitena_options){.capacity = 64 * KIB, .mode = BITENA_LOCAL});
    (void)bitena_alloc(arena, 8, 8);
    bitena *child = bitena_new_child(arena);
    assert_non_null(child);
    bitena_drop(child);
    assert_true(arena_of(arena)->tlab.spare != 0);
    size_t all = bitena_remaining(arena);
    assert_non_null(bitena_try_alloc(arena, all, 1));
    assert_int_equal(bitena_remaining(arena), 0);
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mark_that_was_never_given_changes_nothing),
        cmocka_unit_test(a_thread_without_a_tlab_rewinds_to_its_own_marks_only),
        cmocka_unit_test(a_window_that_is_no_place_of_an_exact_arena_is_left_alone),
        cmocka_unit_test(the_inline_path_knows_its_owner_a_stranger_and_nobody),
        cmocka_unit_test(odd_requests_pass_the_tlab_used_last_by),
        cmocka_unit_test(a_buffer_below_64_kib_is_refused),
        cmocka_unit_test(an_error_without_a_text_is_told_all_the_same),
        cmocka_unit_test(a_request_may_need_the_lease_the_spare_and_the_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
