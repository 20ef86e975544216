/* Text: copies are exact and terminated, nothing is lost to alignment, empty text takes nothing,
 * lengths that cannot be are refused. Each promise is tried on every kind of arena.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core.h"
#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"

enum { CAPACITY = 256 << 10 };

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

static void assert_copied(bitena *arena, const char *s, size_t length)
{
    char *copy = bitena_alloc_strn(arena, s, length);
    assert_memory_equal(copy, s, length);
    assert_int_equal(copy[length], 0);
    copy = bitena_try_alloc_strn(arena, s, length);
    assert_memory_equal(copy, s, length);
    assert_int_equal(copy[length], 0);
}

/* Not a byte before it, nor behind it: there is no memory. */
static void a_text_may_stand_at_either_end_of_a_page(void **state)
{
    (void)state;
    enum { LONGEST = 100 };
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *pages = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(pages != MAP_FAILED);
    char *first = pages + page, *end = first + page;
    for (size_t i = 0; i < page; i++) {
        first[i] = (char)('a' + i % 26);
    }
    assert_int_equal(mprotect(pages, page, PROT_NONE), 0);
    assert_int_equal(mprotect(end, page, PROT_NONE), 0);
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        for (size_t length = 1; length <= LONGEST; length++) {
            assert_copied(s.arena, first, length);
            assert_copied(s.arena, end - length, length);
        }
        assert_copied(s.arena, first, page);
        subject_close(&s);
    }
    assert_int_equal(munmap(pages, 3 * page), 0);
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

/* As any other verb: what was written into the window may no longer be taken. */
static void assert_closes_a_window(bitena *arena, struct caught *caught, bool try)
{
    size_t room;
    void *const window = bitena_window(arena, 10, 1, &room);
    const char *empty = try ? bitena_try_alloc_strn(arena, NULL, 0) : bitena_alloc_str(arena, "");
    assert_string_equal(empty, "");
    ASSERT_REPORTS(caught, EINVAL, bitena_commit(arena, window, room, 5));
}

static void empty_text_closes_a_window_too(void **state)
{
    (void)state;
    struct caught caught;
    bitena *arena = open_caught(CAPACITY, &caught);
    bitena *child = bitena_new_child(arena);
    assert_closes_a_window(arena, &caught, false);
    assert_closes_a_window(arena, &caught, true);
    assert_closes_a_window(child, &caught, false);
    assert_closes_a_window(child, &caught, true);
    bitena_drop(child);
    bitena_drop(arena);
}

static void copy_from_nowhere(void *arena)
{
    (void)bitena_alloc_strn(arena, NULL, 5);
}

static void try_to_copy_from_nowhere(void *arena)
{
    (void)bitena_try_alloc_strn(arena, NULL, 5);
}

static void null_is_reported_where_there_is_room_too(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    (void)bitena_alloc_str(arena, "the lease has room");
    assert_aborts(copy_from_nowhere, arena, "bitena: bitena_alloc_strn: parameter 's' is NULL\n");
    assert_aborts(try_to_copy_from_nowhere, arena,
                  "bitena: bitena_try_alloc_strn: parameter 's' is NULL\n");
    bitena_drop(arena);
}

/* The lease has room for the text, not for its zero. */
static void a_zero_never_falls_on_the_object_above(void **state)
{
    (void)state;
    static const char text[] = "a text of some forty bytes, cut as needed";
    bitena *arena = bitena_open(&(bitena_options){.capacity = CAPACITY, .mode = BITENA_LOCAL});
    const struct tlab *tlab = &arena_of(arena)->tlab;
    for (size_t length = 1; length < sizeof text; length++) {
        (void)bitena_alloc_str(arena, "takes a lease");
        while (tlab->ceiling - tlab->floor < length) {
            (void)bitena_alloc(arena, 100, 1);
        }
        char *above = (char *)tlab->ceiling;
        if (tlab->ceiling - tlab->floor > length) {
            above = bitena_alloc(arena, tlab->ceiling - tlab->floor - length, 1);
        }
        assert_int_equal(tlab->ceiling - tlab->floor, length);
        char before = *above = 'x';
        assert_copied(arena, text, length);
        assert_int_equal(*above, before);
        assert_true(tlab->floor <= tlab->ceiling);
    }
    bitena_drop(arena);
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
        cmocka_unit_test(a_text_may_stand_at_either_end_of_a_page),
        cmocka_unit_test(empty_text_takes_nothing),
        cmocka_unit_test(empty_text_closes_a_window_too),
        cmocka_unit_test(null_is_reported_where_there_is_room_too),
        cmocka_unit_test(a_zero_never_falls_on_the_object_above),
        cmocka_unit_test(a_length_that_cannot_be_is_refused),
        cmocka_unit_test(a_text_needs_room_for_its_zero),
        cmocka_unit_test(text_between_objects_costs_no_padding),
        cmocka_unit_test(text_and_objects_do_not_meet),
        cmocka_unit_test(the_first_text_of_a_lease_stands_at_its_floor),
        cmocka_unit_test(each_argument_is_evaluated_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
