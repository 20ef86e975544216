/* The mistakes that other arenas made, each with a test named after it. What no other file tests
 * stands here; the table below says where each is.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "support/misuse.h"
#include "support/subject.h"

/* Each mistake, and under it the file and the test that has it (here: this file).
 *
 *   alignment lost after an odd size
 *     alloc.c: every_alignment_holds_after_every_odd_size
 *   size + alignment wrapping near the top
 *     here: size_plus_alignment_does_not_wrap_near_the_top
 *   sizes above PTRDIFF_MAX and sign tests
 *     here: no_sign_test_is_fooled_above_ptrdiff_max
 *   two small allocations at one address
 *     here: no_two_small_allocations_share_an_address
 *   rewind into an older lease after a refill
 *     marks.c: a_rewind_reaches_an_older_lease_after_refills
 *   a retained lease too small, for ever
 *     here: a_retained_lease_that_is_too_small_ends_in_an_answer
 *   an early return that leaks a scope
 *     scopes.c: every_way_out_of_a_scope_rewinds
 *   realloc copying the new size
 *     grow.c: only_the_old_size_is_copied
 *   overlapping copy on an odd shrink
 *     here: an_odd_shrink_never_copies_onto_itself
 *   growing a block of an outer scope
 *     marks_floor.c: growing_a_block_of_an_outer_scope_copies_it
 *   ABA on free lists
 *     the stress tests crowded and churn
 *   a reset that keeps the smallest chunk
 *     here: a_reset_keeps_the_whole_block
 *   statistics in one shared counter
 *     here: an_allocation_writes_no_shared_word
 *   leases so large that late threads starve
 *     the stress test fill, 98 % of a block for 16 threads
 *   an arena eaten by short threads
 *     threads.c: twenty_thousand_short_threads_cannot_eat_an_arena
 *   false alarms from neighbours in 8 bytes
 *     here: neighbours_within_8_bytes_raise_no_alarm
 *   pointers in mapped arenas not seen
 *     here: the_leak_checker_sees_pointers_in_an_arena */

static const size_t top_bit = SIZE_MAX / 2 + 1;

static void size_plus_alignment_does_not_wrap_near_the_top(void **state)
{
    (void)state;
    const uintptr_t top = UINTPTR_MAX & ~(uintptr_t)4095; /* a block that ends as high as can be */
    const uintptr_t base = top - 65536;
    static const size_t sizes[] = {1, 4096, 65536, 65537, PTRDIFF_MAX, SIZE_MAX - 4096, SIZE_MAX};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (size_t align = 1; align != 0; align *= 2) {
            uintptr_t at = 0;
            if (place_up(base, top, sizes[i], align, &at)) {
                assert_true(at >= base && at <= top && sizes[i] <= top - at && at % align == 0);
            }
            if (place_down(base, top, sizes[i], align, &at)) {
                assert_true(at >= base && at <= top && sizes[i] <= top - at && at % align == 0);
            }
            assert_true(sizes[i] <= 65536 || !place_up(base, top, sizes[i], align, &at));
            assert_true(sizes[i] <= 65536 || !place_down(base, top, sizes[i], align, &at));
        }
    }
    assert_int_equal(worst_case(SIZE_MAX, 1), SIZE_MAX);
    assert_int_equal(worst_case(SIZE_MAX - 6, 8), SIZE_MAX);
    assert_int_equal(worst_case(SIZE_MAX - 5, 8), SIZE_MAX);
    assert_int_equal(worst_case(PTRDIFF_MAX, top_bit), SIZE_MAX - 1);
    assert_int_equal(worst_case(top_bit, top_bit), SIZE_MAX);
}

static void no_sign_test_is_fooled_above_ptrdiff_max(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, 1 << 20, NULL);
        char *text = bitena_alloc_str(s.arena, "text");
        struct numbers before = numbers_of(s.arena);
        for (size_t down = 0; down < 3000; down++) { /* negative, if they were signed */
            volatile size_t size = SIZE_MAX - down;
            errno = 0;
            assert_null(bitena_try_alloc(s.arena, size, 1));
            assert_int_equal(errno, EOVERFLOW);
            assert_null(bitena_try_alloc(s.arena, size, (size_t)1 << down % 13));
            assert_null(bitena_try_alloc_strn(s.arena, text, size));
            assert_null(bitena_try_resize(s.arena, text, 5, size, 1));
            assert_null(bitena_try_alloc_uninit(s.arena, char, size));
        }
        assert_same_numbers(s.arena, before);
        assert_string_equal(text, "text");
        subject_close(&s);
    }
}

enum { SMALL = 20000 };

static int by_address(const void *a, const void *b)
{
    uintptr_t p = *(const uintptr_t *)a, q = *(const uintptr_t *)b;
    return p < q ? -1 : p > q;
}

static void no_two_small_allocations_share_an_address(void **state)
{
    (void)state;
    static uintptr_t at[SMALL];
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, 1 << 20, NULL);
        for (size_t i = 0; i < SMALL; i++) {
            switch (i % 4) {
            case 0:
                at[i] = (uintptr_t)bitena_alloc(s.arena, 1, 1);
                break;
            case 1:
                at[i] = (uintptr_t)bitena_alloc_strn(s.arena, "\0", 1);
                break;
            case 2:
                at[i] = (uintptr_t)bitena_alloc_slow_(s.arena, 1, 1);
                break;
            default:
                at[i] = (uintptr_t)bitena_resize(s.arena, NULL, 0, 1, 1);
                break;
            }
        }
        qsort(at, SMALL, sizeof *at, by_address);
        for (size_t i = 1; i < SMALL; i++) {
            assert_true(at[i] > at[i - 1]);
        }
        subject_close(&s);
    }
}

/* Requests just above what is left, while the lease still has some: a hang ends by an alarm. */
static void ask_for_more_than_is_left(void *argument)
{
    bitena *arena = argument;
    size_t room = 0;
    for (size_t left = 1; left < 3000; left = left * 3 / 2 + 1) {
        REQUIRE_IN_CHILD(bitena_reset(arena) == 0);
        while (bitena_remaining(arena) > 8000) {
            REQUIRE_IN_CHILD(bitena_try_alloc(arena, 500, 1) != NULL);
        }
        while (bitena_remaining(arena) > left && bitena_try_alloc(arena, 1, 1)) {
        }
        size_t more = bitena_remaining(arena) + 1;
        for (int i = 0; i < 100; i++) {
            REQUIRE_IN_CHILD(bitena_try_alloc(arena, more, 1) == NULL);
            REQUIRE_IN_CHILD(bitena_try_alloc_strn(arena, "", more - 1) == NULL);
            REQUIRE_IN_CHILD(bitena_try_resize(arena, NULL, 0, more, 1) == NULL);
            REQUIRE_IN_CHILD(bitena_try_window(arena, more, 1, &room) == NULL);
        }
        while (bitena_try_alloc(arena, 1, 1)) {
        }
    }
}

static void a_retained_lease_that_is_too_small_ends_in_an_answer(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, 64 << 10, NULL);
        assert_passes(ask_for_more_than_is_left, s.arena);
        subject_close(&s);
    }
}

static void an_odd_shrink_never_copies_onto_itself(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        for (size_t align = 1; align <= 64; align *= 2) {
            struct subject s = subject_open(k, 1 << 20, NULL);
            char *run = bitena_resize(s.arena, NULL, 0, 1001, 1); /* perhaps misaligned */
            size_t size = 1001;
            memset(run, 'r', size);
            while (size > 1) {
                size_t less = size - (size > 37 ? 37 : 1);
                char *shrunk = bitena_resize(s.arena, run, size, less, align);
                assert_true(shrunk == run || are_disjoint(run, size, shrunk, less));
                assert_true(is_aligned_to(shrunk, align));
                assert_true(all_bytes_are(shrunk, 'r', less));
                run = shrunk;
                size = less;
            }
            subject_close(&s);
        }
    }
}

static void a_reset_keeps_the_whole_block(void **state)
{
    (void)state;
    static const enum kind kinds[] = {KIND_SHARED, KIND_EXACT, KIND_LOCAL, KIND_BUFFER};
    for (size_t k = 0; k < 4; k++) {
        struct subject s = subject_open(kinds[k], 1 << 20, NULL);
        for (int round = 0; round < 100; round++) {
            for (int i = 0; i < round * 10; i++) { /* many small ones, some large ones, text */
                (void)bitena_alloc(s.arena, (size_t)i % 300 + 1, 8);
                (void)bitena_alloc_str(s.arena, "text");
            }
            (void)bitena_alloc(s.arena, 200000, 1);
            assert_int_equal(bitena_reset(s.arena), 0);
            char *all = bitena_try_alloc(s.arena, bitena_capacity(s.arena), 1);
            assert_non_null(all);
            assert_int_equal(bitena_reset(s.arena), 0);
        }
        subject_close(&s);
    }
}

static void take_eighty(void *argument)
{
    for (int i = 0; i < 10; i++) {
        (void)bitena_alloc(argument, 8, 8);
    }
}

static void take_but_watch(void *argument)
{
    bitena *arena = argument;
    static struct root before;
    take_eighty(arena); /* the lease is there */
    memcpy(&before, arena_of(arena), sizeof before);
    take_eighty(arena);
    (void)bitena_alloc_strn(arena, "text", 4);
    struct root *now = (struct root *)(void *)arena_of(arena);
    before.arena.tlab.ceiling = now->arena.tlab.ceiling; /* the owner's own two words */
    before.arena.tlab.floor = now->arena.tlab.floor;
    assert_memory_equal(&before, now, sizeof before);
}

static void an_allocation_writes_no_shared_word(void **state)
{
    (void)state;
    bitena *arena = bitena_new(1 << 20);
    take_but_watch(arena);
    in_another_thread(take_but_watch, arena);
    bitena_drop(arena);
}

static void neighbours_within_8_bytes_raise_no_alarm(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, 1 << 20, NULL);
        static char *small[3000];
        for (size_t i = 0; i < 3000; i++) {
            small[i] = i % 2 ? bitena_alloc(s.arena, i % 7 + 1, 1)
                             : bitena_alloc_strn(s.arena, "123456", i % 6 + 1);
        }
        for (size_t i = 0; i < 3000; i++) {
            memset(small[i], (int)(i % 251), i % 2 ? i % 7 + 1 : i % 6 + 2);
        }
        for (size_t i = 0; i < 3000; i++) {
            assert_true(all_bytes_are(small[i], (int)(i % 251), i % 2 ? i % 7 + 1 : i % 6 + 2));
        }
        subject_close(&s);
    }
}

extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

struct holder {
    void *held;
};

static __attribute__((noinline)) void hide_a_pointer_in(bitena *arena)
{
    struct holder *root = bitena_make(arena, struct holder, .held = NULL);
    for (int i = 0; i < 100; i++) {
        root->held = malloc(1000); /* freed by nobody: the last one is held, in the arena alone */
        if (i < 99) {
            free(root->held);
        }
    }
}

static void look_for_leaks(void *argument)
{
    bitena *arena = bitena_new(*(const size_t *)argument);
    REQUIRE_IN_CHILD(arena != NULL);
    hide_a_pointer_in(arena);
    REQUIRE_IN_CHILD(__lsan_do_recoverable_leak_check() == 0);
    bitena_drop(arena);
}

static void the_leak_checker_sees_pointers_in_an_arena(void **state)
{
    (void)state;
    static const size_t capacities[] = {1000, 1 << 20, 64 << 20};
    if (!&__lsan_do_recoverable_leak_check) {
        skip();
    }
    for (size_t i = 0; i < 3; i++) {
        size_t capacity = capacities[i];
        assert_passes(look_for_leaks, &capacity);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(size_plus_alignment_does_not_wrap_near_the_top),
        cmocka_unit_test(no_sign_test_is_fooled_above_ptrdiff_max),
        cmocka_unit_test(no_two_small_allocations_share_an_address),
        cmocka_unit_test(a_retained_lease_that_is_too_small_ends_in_an_answer),
        cmocka_unit_test(an_odd_shrink_never_copies_onto_itself),
        cmocka_unit_test(a_reset_keeps_the_whole_block),
        cmocka_unit_test(an_allocation_writes_no_shared_word),
        cmocka_unit_test(neighbours_within_8_bytes_raise_no_alarm),
        cmocka_unit_test(the_leak_checker_sees_pointers_in_an_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
