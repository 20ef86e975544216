/* resize: in place at the floor, by copy elsewhere, and never anything in between. Windows are in
 * window.c; resizing in an EXACT arena in exact.c.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "support/misuse.h"
#include "support/subject.h"

enum { CAPACITY = 512 << 10 };

static const size_t top_bit = SIZE_MAX / 2 + 1;

/* Every kind of arena in which growing data stands on a lease. */
static const enum kind leasing[] = {KIND_SHARED, KIND_LOCAL, KIND_CHILD, KIND_BUFFER};
enum { LEASING = sizeof leasing / sizeof *leasing };

static void the_last_run_grows_and_shrinks_in_place(void **state)
{
    (void)state;
    for (size_t k = 0; k < LEASING; k++) {
        struct subject s = subject_open(leasing[k], CAPACITY, NULL);
        errno = UNTOUCHED;
        char *p = bitena_resize(s.arena, NULL, 0, 400, 8);
        assert_true(is_aligned_to(p, 8));
        memset(p, 'p', 400);
        struct numbers full = numbers_of(s.arena);
        assert_ptr_equal(bitena_resize(s.arena, p, 400, 37, 8), p); /* an odd shrink */
        assert_int_equal(bitena_remaining(s.arena), full.remaining + 363);
        assert_int_equal(bitena_used(s.arena), full.used - 363);
        assert_ptr_equal(bitena_try_resize(s.arena, p, 37, 401, 8), p);
        assert_int_equal(bitena_remaining(s.arena), full.remaining - 1);
        assert_ptr_equal(bitena_resize(s.arena, p, 401, 401, 8), p);
        assert_int_equal(bitena_remaining(s.arena), full.remaining - 1);
        assert_true(all_bytes_are(p, 'p', 37));
        assert_int_equal(errno, UNTOUCHED);
        subject_close(&s);
    }
}

static void a_run_of_one_byte_grows_in_place_too(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject s = subject_open(kind, CAPACITY, NULL);
        char *p = bitena_resize(s.arena, NULL, 0, 1, 1);
        assert_ptr_equal(bitena_resize(s.arena, p, 1, 100, 1), p);
        assert_ptr_equal(bitena_resize(s.arena, p, 100, 1, 1), p);
        subject_close(&s);
    }
}

static void the_last_run_may_fill_its_lease_to_the_last_byte(void **state)
{
    (void)state;
    for (size_t k = 0; k < LEASING; k++) {
        struct subject s = subject_open(leasing[k], CAPACITY, NULL);
        size_t room = 0;
        char *p = bitena_window(s.arena, 300, 1, &room);
        bitena_commit(s.arena, p, room, 300);
        char *text = bitena_resize(s.arena, p, 300, room, 1);
        assert_ptr_equal(text, p);
        memset(text, 'x', room);
        char *moved = bitena_resize(s.arena, text, room, room + 1, 1);
        assert_ptr_not_equal(moved, text);
        assert_true(all_bytes_are(moved, 'x', room));
        subject_close(&s);
    }
}

static void text_grows_in_place_too(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    char *text = bitena_alloc_str(arena, "grow");
    char *grown = bitena_resize(arena, text, 5, 12, 1);
    assert_ptr_equal(grown, text);
    assert_string_equal(strcat(grown, " longer"), "grow longer");
    bitena_drop(arena);
}

static void what_is_not_last_is_copied_when_it_grows(void **state)
{
    (void)state;
    for (size_t k = 0; k < LEASING; k++) {
        struct subject s = subject_open(leasing[k], CAPACITY, NULL);
        char *p = bitena_resize(s.arena, NULL, 0, 100, 1);
        memset(p, 'p', 100);
        char *q = bitena_resize(s.arena, NULL, 0, 100, 1);
        memset(q, 'q', 100);
        char *grown = bitena_resize(s.arena, p, 100, 500, 1);
        assert_true(are_disjoint(p, 100, grown, 500) && are_disjoint(q, 100, grown, 500));
        assert_true(all_bytes_are(grown, 'p', 100));
        memset(grown, 'g', 500);
        assert_true(all_bytes_are(p, 'p', 100));
        assert_true(all_bytes_are(q, 'q', 100));
        subject_close(&s);
    }
}

static void an_object_from_the_ceiling_is_copied_when_it_grows(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        char *object = bitena_alloc(s.arena, 64, 64);
        memset(object, 'o', 64);
        (void)bitena_alloc(s.arena, 64, 64);
        char *grown = bitena_try_resize(s.arena, object, 64, 128, 64);
        assert_true(is_aligned_to(grown, 64));
        assert_true(are_disjoint(object, 64, grown, 128));
        assert_true(all_bytes_are(grown, 'o', 64));
        subject_close(&s);
    }
}

static void only_the_old_size_is_copied(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        memset(bitena_alloc(s.arena, 4096, 1), 0, 4096);
        assert_int_equal(bitena_reset(s.arena), 0);
        char *p = bitena_alloc_strn(s.arena, "pppp", 4);
        char *secret = bitena_alloc_strn(s.arena, "ssssssssssssssssssssssss", 24);
        char *grown = bitena_resize(s.arena, p, 4, 64, 1);
        assert_memory_equal(grown, "pppp", 4);
        assert_null(memchr(grown + 4, 's', 60)); /* zero before, so no 's' by chance */
        assert_memory_equal(secret, "ssss", 4);
        subject_close(&s);
    }
}

static void what_is_not_last_stays_when_it_shrinks(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        char *p = bitena_alloc_strn(s.arena, "0123456789", 10);
        char *q = bitena_alloc_strn(s.arena, "q", 1);
        struct numbers before = numbers_of(s.arena);
        assert_ptr_equal(bitena_resize(s.arena, p, 11, 3, 1), p);
        assert_ptr_equal(bitena_try_resize(s.arena, p, 3, 3, 1), p);
        assert_memory_equal(p, "0123456789", 11);
        assert_string_equal(q, "q");
        assert_same_numbers(s.arena, before);
        subject_close(&s);
    }
}

static void a_run_that_has_become_last_grows_in_place_again(void **state)
{
    (void)state;
    for (size_t k = 0; k < LEASING; k++) {
        struct subject s = subject_open(leasing[k], CAPACITY, NULL);
        char *p = bitena_resize(s.arena, NULL, 0, 100, 1);
        char *q = bitena_resize(s.arena, NULL, 0, 50, 1);
        assert_ptr_equal(q, p + 100);
        assert_non_null(bitena_resize(s.arena, q, 50, 0, 1));
        assert_ptr_equal(bitena_resize(s.arena, p, 100, 150, 1), p);
        subject_close(&s);
    }
}

static void a_new_size_of_zero_gives_the_last_run_back(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        (void)bitena_alloc_str(s.arena, "first");
        struct numbers before = numbers_of(s.arena);
        void *p = bitena_resize(s.arena, NULL, 0, 100, 1);
        void *nothing = bitena_resize(s.arena, p, 100, 0, 64);
        assert_non_null(nothing);
        assert_true(is_aligned_to(nothing, 64));
        assert_same_numbers(s.arena, before);
        char *kept = bitena_alloc_str(s.arena, "kept");
        (void)bitena_alloc_str(s.arena, "last");
        before = numbers_of(s.arena);
        assert_non_null(bitena_try_resize(s.arena, kept, 5, 0, 1)); /* cannot be given back */
        assert_same_numbers(s.arena, before);
        assert_string_equal(kept, "kept");
        subject_close(&s);
    }
}

static void null_and_zero_allocate(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        struct numbers before = numbers_of(s.arena);
        void *p = bitena_resize(s.arena, NULL, 0, 0, 32);
        assert_non_null(p);
        assert_true(is_aligned_to(p, 32));
        assert_non_null(bitena_resize(s.arena, p, 0, 0, 8));
        assert_same_numbers(s.arena, before);
        char *q = bitena_resize(s.arena, p, 0, 10, 1); /* what a zero size gave may grow */
        memset(q, 'q', 10);
        assert_int_equal(bitena_used(s.arena), before.used + 10);
        errno = 0;
        assert_null(bitena_try_resize(s.arena, NULL, 5, 10, 1));
        assert_int_equal(errno, EINVAL);
        assert_int_equal(bitena_used(s.arena), before.used + 10);
        subject_close(&s);
    }
}

static void a_misaligned_run_moves_to_its_alignment(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        static const size_t sizes[] = {5, 11, 40, 9000};
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            struct subject s = subject_open(k, CAPACITY, NULL);
            char *text = bitena_alloc_strn(s.arena, "0123456789abcde", 15);
            size_t length = is_aligned_to(text, 64) ? 15 : 16; /* its last bytes, misaligned */
            text += 16 - length;
            char copy[16];
            memcpy(copy, text, length);
            char *moved = bitena_resize(s.arena, text, length, sizes[i], 64);
            assert_true(is_aligned_to(moved, 64));
            assert_true(are_disjoint(text, length, moved, sizes[i]));
            assert_memory_equal(moved, copy, length < sizes[i] ? length : sizes[i]);
            subject_close(&s);
        }
    }
}

static void a_misaligned_last_run_finds_the_room_that_there_is(void **state)
{
    (void)state;
    bitena *arena = bitena_open(&(bitena_options){.capacity = 20000, .mode = BITENA_LOCAL});
    size_t room = 0;
    char *p = bitena_window(arena, 19000, 1, &room); /* the whole arena in one lease */
    bitena_commit(arena, p, room, 101);
    assert_ptr_equal(bitena_resize(arena, p + 1, 100, 100, 1), p + 1);
    size_t before = bitena_remaining(arena);
    assert_in_range(before, 18000, 20000);
    char *moved = bitena_try_resize(arena, p + 1, 100, 200, 64);
    assert_non_null(moved);
    assert_true(is_aligned_to(moved, 64));
    bitena_drop(arena);
}

static void refuse_resizes(void *argument)
{
    static const struct {
        size_t size, align;
        int error;
    } refusals[] = {
        {200, 0, EINVAL},
        {200, 3, EINVAL},
        {0, 0, EINVAL},
        {10, 24, EINVAL},
        {4 * CAPACITY, 1, ENOMEM},
        {PTRDIFF_MAX, 1, ENOMEM},
        {SIZE_MAX, 1, EOVERFLOW},
        {(size_t)PTRDIFF_MAX + 1, 8, EOVERFLOW},
        {200, top_bit, ENOMEM},
        {PTRDIFF_MAX, top_bit, ENOMEM},
    };
    bitena *arena = argument;
    char *inner = bitena_alloc_strn(arena, "inner", 5);
    char *last = bitena_resize(arena, NULL, 0, 100, 1);
    memset(last, 'l', 100);
    struct numbers before = numbers_of(arena);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        errno = 0;
        assert_null(bitena_try_resize(arena, last, 100, refusals[i].size, refusals[i].align));
        assert_int_equal(errno, refusals[i].error);
        errno = 0;
        assert_null(bitena_try_resize(arena, inner, 6, refusals[i].size, refusals[i].align));
        assert_int_equal(errno, refusals[i].error);
        assert_same_numbers(arena, before);
    }
    assert_true(all_bytes_are(last, 'l', 100));
    assert_string_equal(inner, "inner");
    assert_ptr_equal(bitena_try_resize(arena, last, 100, 50, 1), last); /* still the last */
    assert_int_equal(bitena_remaining(arena), before.remaining + 50);
}

static void a_refused_resize_changes_nothing(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        refuse_resizes(s.arena);
        if (k != KIND_LOCAL && k != KIND_CHILD) {
            in_another_thread(refuse_resizes, s.arena);
        }
        subject_close(&s);
    }
}

static void grow_step_by_step(void *argument)
{
    enum { LIMIT = 60000 };
    bitena *arena = argument;
    char *p = NULL;
    size_t moves = 0;
    for (size_t size = 0; size < LIMIT; size += 10) {
        char *grown = bitena_resize(arena, p, size, size + 10, 1);
        moves += grown != p;
        p = grown;
        memset(p + size, (int)(size / 10 % 251), 10);
    }
    for (size_t size = 0; size < LIMIT; size += 10) {
        assert_true(all_bytes_are(p + size, (int)(size / 10 % 251), 10));
    }
    assert_in_range(moves, 1, 20); /* each new lease is at least twice the need */
}

static void growing_step_by_step_moves_seldom(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        grow_step_by_step(s.arena);
        if (k != KIND_LOCAL && k != KIND_CHILD) {
            in_another_thread(grow_step_by_step, s.arena);
        }
        subject_close(&s);
    }
}

static void a_slice_grows_with_its_elements(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        (void)bitena_alloc_str(s.arena, "odd!");
        uint64_t *numbers = NULL;
        for (size_t count = 0; count < 1000; count++) {
            numbers = bitena_resize_slice(s.arena, uint64_t, numbers, count, count + 1);
            assert_true(is_aligned_to(numbers, _Alignof(uint64_t)));
            numbers[count] = count;
        }
        for (size_t i = 0; i < 1000; i++) {
            assert_int_equal(numbers[i], i);
        }
        struct numbers before = numbers_of(s.arena);
        static const size_t too_many[] = {SIZE_MAX, SIZE_MAX / 8 + 2, PTRDIFF_MAX / 8 + 1};
        for (size_t i = 0; i < 3; i++) {
            errno = 0;
            assert_null(bitena_try_resize_slice(s.arena, uint64_t, numbers, 1000, too_many[i]));
            assert_int_equal(errno, EOVERFLOW);
        }
        assert_same_numbers(s.arena, before);
        subject_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_run_grows_and_shrinks_in_place),
        cmocka_unit_test(a_run_of_one_byte_grows_in_place_too),
        cmocka_unit_test(the_last_run_may_fill_its_lease_to_the_last_byte),
        cmocka_unit_test(text_grows_in_place_too),
        cmocka_unit_test(what_is_not_last_is_copied_when_it_grows),
        cmocka_unit_test(an_object_from_the_ceiling_is_copied_when_it_grows),
        cmocka_unit_test(only_the_old_size_is_copied),
        cmocka_unit_test(what_is_not_last_stays_when_it_shrinks),
        cmocka_unit_test(a_run_that_has_become_last_grows_in_place_again),
        cmocka_unit_test(a_new_size_of_zero_gives_the_last_run_back),
        cmocka_unit_test(null_and_zero_allocate),
        cmocka_unit_test(a_misaligned_run_moves_to_its_alignment),
        cmocka_unit_test(a_misaligned_last_run_finds_the_room_that_there_is),
        cmocka_unit_test(a_refused_resize_changes_nothing),
        cmocka_unit_test(growing_step_by_step_moves_seldom),
        cmocka_unit_test(a_slice_grows_with_its_elements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
