/* Text: copies are exact and terminated, nothing is lost to alignment, empty text takes nothing,
 * lengths that cannot be are refused. Each promise is tried on every kind of arena.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "support/misuse.h"
#include "support/subject.h"

enum { CAPACITY = 256 << 10, UNTOUCHED = 12345 };

static void a_copy_is_equal_and_its_own(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        char original[] = "a text";
        errno = UNTOUCHED;
        char *copy = bitena_alloc_str(s.arena, original);
        char *other = bitena_try_alloc_str(s.arena, original);
        char *part = bitena_alloc_strn(s.arena, original, 4);
        char *another = bitena_try_alloc_strn(s.arena, original, 6);
        assert_int_equal(errno, UNTOUCHED);
        memset(original, '#', sizeof original - 1);
        assert_string_equal(copy, "a text");
        assert_string_equal(other, "a text");
        assert_string_equal(part, "a te");
        assert_string_equal(another, "a text");
        assert_true(are_disjoint(copy, 7, other, 7) && are_disjoint(part, 5, another, 7));
        subject_close(&s);
    }
}

static void a_text_takes_its_length_and_one(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        char text[301];
        memset(text, 't', 300);
        text[300] = 0;
        for (size_t length = 1; length <= 300; length++) {
            size_t before = bitena_used(s.arena);
            char *copy = bitena_alloc_str(s.arena, text + 300 - length);
            assert_int_equal(strlen(copy), length);
            size_t taken = bitena_used(s.arena) - before;
            assert_in_range(taken, length + 1, length + 64); /* a seam between leases is counted */
        }
        assert_in_range(bitena_used(s.arena), 300 * 301 / 2 + 300, 300 * 301 / 2 + 1500);
        subject_close(&s);
    }
}

static void strn_copies_zeros_and_adds_one(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        static const char bytes[] = {0, 'a', 0, 0, 'b', 0};
        memset(bitena_alloc(s.arena, 4096, 1), '#', 4096);
        assert_int_equal(bitena_reset(s.arena), 0);
        for (size_t length = 1; length <= sizeof bytes; length++) {
            char *copy = bitena_alloc_strn(s.arena, bytes, length);
            assert_memory_equal(copy, bytes, length);
            assert_int_equal(copy[length], 0);
            copy = bitena_try_alloc_strn(s.arena, bytes, length);
            assert_memory_equal(copy, bytes, length);
            assert_int_equal(copy[length], 0);
        }
        subject_close(&s);
    }
}

static void strn_reads_exactly_its_length(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    char *bytes = malloc(5); /* no zero at its end: a sanitizer sees one byte too many */
    assert_non_null(bytes);
    memcpy(bytes, "12345", 5);
    assert_string_equal(bitena_alloc_strn(arena, bytes, 5), "12345");
    assert_string_equal(bitena_alloc_strn(arena, bytes, 1), "1");
    free(bytes);
    bitena_drop(arena);
}

static void empty_text_takes_nothing(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        for (int full = 0; full <= 1; full++) {
            struct numbers before = numbers_of(s.arena);
            errno = UNTOUCHED;
            assert_string_equal(bitena_alloc_str(s.arena, ""), "");
            assert_string_equal(bitena_try_alloc_str(s.arena, ""), "");
            assert_string_equal(bitena_alloc_strn(s.arena, "text", 0), "");
            assert_string_equal(bitena_try_alloc_strn(s.arena, "text", 0), "");
            assert_string_equal(bitena_alloc_strn(s.arena, NULL, 0), "");
            assert_string_equal(bitena_try_alloc_strn(s.arena, NULL, 0), "");
            assert_int_equal(errno, UNTOUCHED);
            assert_same_numbers(s.arena, before);
            while (bitena_try_alloc(s.arena, 1000, 1) || bitena_try_alloc(s.arena, 1, 1)) {
            }
        }
        subject_close(&s);
    }
}

static void refuse_texts(void *argument)
{
    static const struct {
        size_t length;
        int error;
    } refusals[] = {
        {4 * CAPACITY, ENOMEM},    {PTRDIFF_MAX - 1, ENOMEM}, {PTRDIFF_MAX, EOVERFLOW},
        {SIZE_MAX - 1, EOVERFLOW}, {SIZE_MAX, EOVERFLOW},
    };
    bitena *arena = argument;
    char *text = bitena_alloc_str(arena, "kept");
    struct numbers before = numbers_of(arena);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        volatile size_t length = refusals[i].length;
        errno = 0;
        assert_null(bitena_try_alloc_strn(arena, "", length));
        assert_int_equal(errno, refusals[i].error);
    }
    assert_same_numbers(arena, before);
    assert_string_equal(text, "kept");
}

static void a_length_that_cannot_be_is_refused(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        refuse_texts(s.arena);
        if (k != KIND_LOCAL && k != KIND_CHILD) {
            in_another_thread(refuse_texts, s.arena);
        }
        subject_close(&s);
    }
}

static void a_text_needs_room_for_its_zero(void **state)
{
    (void)state;
    static const enum kind kinds[] = {KIND_SHARED, KIND_EXACT, KIND_LOCAL};
    for (size_t k = 0; k < 3; k++) {
        struct subject s = subject_open(kinds[k], 20000, NULL);
        (void)bitena_alloc(s.arena, 19996, 1);
        struct numbers before = numbers_of(s.arena);
        errno = 0;
        assert_null(bitena_try_alloc_str(s.arena, "four"));
        assert_int_equal(errno, ENOMEM);
        assert_same_numbers(s.arena, before);
        assert_string_equal(bitena_try_alloc_str(s.arena, "abc"), "abc");
        assert_int_equal(bitena_remaining(s.arena), 0);
        subject_close(&s);
    }
}

static void text_between_objects_costs_no_padding(void **state)
{
    (void)state;
    static const enum kind kinds[] = {KIND_SHARED, KIND_LOCAL};
    for (size_t k = 0; k < 2; k++) {
        struct subject s = subject_open(kinds[k], CAPACITY, NULL);
        (void)bitena_alloc(s.arena, 64, 64);
        (void)bitena_alloc_str(s.arena, "x");
        size_t before = bitena_used(s.arena);
        for (int i = 0; i < 10; i++) {
            (void)bitena_alloc_str(s.arena, "even");
            (void)bitena_alloc(s.arena, 8, 8);
        }
        assert_int_equal(bitena_used(s.arena) - before, 10 * (5 + 8));
        subject_close(&s);
    }
}

static void texts_of_a_thread_hold_beside_objects(void *argument)
{
    bitena *arena = argument;
    char *texts[500];
    uint64_t *objects[500];
    char digits[8] = "0000000";
    for (uint64_t i = 0; i < 500; i++) {
        for (uint64_t at = 7, n = i; at-- > 0; n /= 10) {
            digits[at] = (char)('0' + n % 10);
        }
        texts[i] = bitena_alloc_strn(arena, digits, (size_t)(1 + i % 7));
        objects[i] = bitena_make(arena, uint64_t, i);
        assert_true(is_aligned_to(objects[i], _Alignof(uint64_t)));
    }
    for (uint64_t i = 0; i < 500; i++) {
        assert_int_equal(strlen(texts[i]), 1 + i % 7);
        assert_int_equal(*objects[i], i);
    }
}

static void text_and_objects_do_not_meet(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        texts_of_a_thread_hold_beside_objects(s.arena);
        if (k != KIND_LOCAL && k != KIND_CHILD) {
            in_another_thread(texts_of_a_thread_hold_beside_objects, s.arena);
        }
        subject_close(&s);
    }
}

static void the_first_text_of_a_lease_stands_at_its_floor(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        for (int try = 0; try < 2; try++) {
            struct subject s = subject_open(k, CAPACITY, NULL);
            char *text =
                try ? bitena_try_alloc_str(s.arena, "12") : bitena_alloc_str(s.arena, "12");
            char *next =
                try ? bitena_try_alloc_str(s.arena, "34") : bitena_alloc_str(s.arena, "34");
            assert_ptr_equal(next, text + 3);
            assert_ptr_equal(bitena_resize(s.arena, next, 3, 200, 1), next);
            subject_close(&s);
        }
    }
}

static int evaluations;

static const char *the_text(const char *text)
{
    evaluations++;
    return text;
}

static void each_argument_is_evaluated_once(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    size_t length = 3;
    (void)bitena_alloc_str(arena, the_text("a"));
    (void)bitena_try_alloc_str(arena, the_text("b"));
    assert_string_equal(bitena_alloc_strn(arena, the_text("cccccc"), length++), "ccc");
    assert_string_equal(bitena_try_alloc_strn(arena, the_text("dddddd"), length++), "dddd");
    assert_int_equal(evaluations, 4);
    assert_int_equal(length, 5);
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_copy_is_equal_and_its_own),
        cmocka_unit_test(a_text_takes_its_length_and_one),
        cmocka_unit_test(strn_copies_zeros_and_adds_one),
        cmocka_unit_test(strn_reads_exactly_its_length),
        cmocka_unit_test(empty_text_takes_nothing),
        cmocka_unit_test(a_length_that_cannot_be_is_refused),
        cmocka_unit_test(a_text_needs_room_for_its_zero),
        cmocka_unit_test(text_between_objects_costs_no_padding),
        cmocka_unit_test(text_and_objects_do_not_meet),
        cmocka_unit_test(the_first_text_of_a_lease_stands_at_its_floor),
        cmocka_unit_test(each_argument_is_evaluated_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
