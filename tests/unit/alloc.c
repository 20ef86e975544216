/* The byte verbs: placing, alignment, exact numbers, what is refused with which errno, and that a
 * refusal changes nothing. Each promise is tried on every kind of arena, inline by the owner, out
 * of line by name, and by another thread; sizes and alignments are volatile where they must not
 * fold away.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "support/misuse.h"
#include "support/subject.h"

enum { CAPACITY = 8 << 20 };

#define TOP_BIT (SIZE_MAX / 2 + 1)

typedef void *verb(bitena *arena, size_t size, size_t align);

static void *inline_verb(bitena *arena, size_t size, size_t align)
{
    volatile size_t unknown_size = size, unknown_align = align;
    return bitena_try_alloc(arena, unknown_size, unknown_align);
}

static void *plain_verb(bitena *arena, size_t size, size_t align)
{
    volatile size_t unknown_size = size, unknown_align = align;
    return bitena_alloc(arena, unknown_size, unknown_align);
}

static verb *const try_verbs[] = {inline_verb, bitena_try_alloc_slow_};
static verb *const all_verbs[] = {inline_verb, bitena_try_alloc_slow_, plain_verb,
                                  bitena_alloc_slow_};

static const struct refusal {
    size_t size, align;
    int error;
} refusals[] = {
    {8, 0, EINVAL},
    {8, 3, EINVAL},
    {8, 12, EINVAL},
    {8, 4097, EINVAL},
    {8, SIZE_MAX, EINVAL},
    {8, TOP_BIT + 1, EINVAL},
    {0, 0, EINVAL},
    {0, 6, EINVAL},
    {8, TOP_BIT, ENOMEM},
    {CAPACITY * 4, TOP_BIT, ENOMEM},
    {8, TOP_BIT >> 1, ENOMEM},
    {CAPACITY * 4, 1, ENOMEM},
    {CAPACITY * 4, 4096, ENOMEM},
    {PTRDIFF_MAX - 4096, 4096, ENOMEM},
    {PTRDIFF_MAX - 1, 1, ENOMEM},
    {PTRDIFF_MAX, 1, ENOMEM},
    {PTRDIFF_MAX, 4096, ENOMEM},
    {PTRDIFF_MAX, TOP_BIT, ENOMEM},
    {(size_t)PTRDIFF_MAX + 1, 1, EOVERFLOW},
    {(size_t)PTRDIFF_MAX + 1, 4096, EOVERFLOW},
    {SIZE_MAX - 4095, 4096, EOVERFLOW},
    {SIZE_MAX - 1, 1, EOVERFLOW},
    {SIZE_MAX, 1, EOVERFLOW},
    {SIZE_MAX, 8, EOVERFLOW},
    {SIZE_MAX, TOP_BIT, EOVERFLOW},
};

static void assert_refusals(bitena *arena)
{
    for (size_t v = 0; v < sizeof try_verbs / sizeof *try_verbs; v++) {
        for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
            struct numbers before = numbers_of(arena);
            errno = 0;
            assert_null(try_verbs[v](arena, refusals[i].size, refusals[i].align));
            assert_int_equal(errno, refusals[i].error);
            assert_same_numbers(arena, before);
        }
    }
}

static void refuse_in_a_thread(void *argument)
{
    char *mine = bitena_alloc(argument, 100, 4);
    memset(mine, 's', 100);
    assert_refusals(argument);
    assert_true(all_bytes_are(mine, 's', 100));
}

static void a_bad_request_gets_its_errno_and_changes_nothing(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        assert_refusals(s.arena);
        char *object = bitena_alloc(s.arena, 777, 8);
        memset(object, 'o', 777);
        char *text = bitena_alloc_str(s.arena, "text");
        assert_refusals(s.arena);
        if (k != KIND_LOCAL && k != KIND_CHILD) {
            in_another_thread(refuse_in_a_thread, s.arena);
        }
        assert_refusals(s.arena);
        assert_true(all_bytes_are(object, 'o', 777));
        assert_string_equal(text, "text");
        char *next = bitena_alloc(s.arena, 777, 8);
        assert_true(are_disjoint(object, 777, next, 777));
        subject_close(&s);
    }
}

static void a_full_arena_returns_null_and_changes_nothing(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, 64 << 10, NULL);
        char *objects[4096];
        size_t count = 0;
        while (count < 4096 && (objects[count] = inline_verb(s.arena, 100, 4)) != NULL) {
            memset(objects[count], (int)(count % 251), 100);
            count++;
        }
        assert_in_range(count, 600, 4095);
        struct numbers before = numbers_of(s.arena);
        for (size_t size = 100; size < 100000; size += 333) {
            for (size_t v = 0; v < 2; v++) {
                errno = 0;
                assert_null(try_verbs[v](s.arena, size, 4));
                assert_int_equal(errno, ENOMEM);
                assert_same_numbers(s.arena, before);
            }
        }
        for (size_t i = 0; i < count; i++) {
            assert_true(all_bytes_are(objects[i], (int)(i % 251), 100));
        }
        subject_close(&s);
    }
}

static void what_remains_after_a_refusal_can_still_be_had(void **state)
{
    (void)state;
    static const enum kind kinds[] = {KIND_SHARED, KIND_EXACT, KIND_LOCAL};
    for (size_t k = 0; k < 3; k++) {
        struct subject s = subject_open(kinds[k], 20000, NULL);
        assert_non_null(bitena_try_alloc(s.arena, 19000, 1));
        assert_null(bitena_try_alloc(s.arena, 1001, 1));
        assert_null(bitena_try_alloc(s.arena, 1001, 1));
        assert_int_equal(bitena_remaining(s.arena), 1000);
        assert_non_null(bitena_try_alloc(s.arena, 1000, 1));
        assert_int_equal(bitena_remaining(s.arena), 0);
        subject_close(&s);
    }
}

static void place_at(bitena *arena, verb *call, size_t size, size_t align)
{
    struct numbers before = numbers_of(arena);
    errno = UNTOUCHED;
    char *p = call(arena, size, align);
    assert_non_null(p);
    assert_int_equal(errno, UNTOUCHED);
    assert_true(is_aligned_to(p, align));
    memset(p, 'x', size);
    struct numbers after = numbers_of(arena);
    assert_in_range(after.used - before.used, size, SIZE_MAX / 2);
}

static void place_everything(void *argument)
{
    bitena *arena = argument;
    for (size_t v = 0; v < sizeof all_verbs / sizeof *all_verbs; v++) {
        for (size_t align = 1; align <= 4096; align *= 2) {
            for (size_t size = 1; size < 300; size += 37) {
                place_at(arena, all_verbs[v], size, align);
            }
        }
    }
}

static void every_alignment_holds_after_every_odd_size(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        place_everything(s.arena);
        assert_int_equal(bitena_reset(s.arena), 0);
        if (k != KIND_LOCAL && k != KIND_CHILD) {
            in_another_thread(place_everything, s.arena);
        }
        subject_close(&s);
    }
}

static void alignments_above_the_page_size_hold_to_1_mib(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        for (size_t v = 0; v < sizeof all_verbs / sizeof *all_verbs; v++) {
            struct subject s = subject_open(k, CAPACITY, NULL);
            for (size_t align = 8192; align <= 1 << 20; align *= 2) {
                place_at(s.arena, all_verbs[v], 1, 1);
                place_at(s.arena, all_verbs[v], 33, align);
            }
            place_at(s.arena, all_verbs[v], 1 << 20, 1 << 20);
            subject_close(&s);
        }
    }
}

static void the_gap_of_a_run_apart_is_recycled(void **state)
{
    (void)state;
    static const enum kind kinds[] = {KIND_SHARED, KIND_LOCAL, KIND_BUFFER};
    for (size_t k = 0; k < 3; k++) {
        struct subject s = subject_open(kinds[k], CAPACITY, NULL);
        (void)bitena_alloc_str(s.arena, "keeps the lease from being extended");
        size_t before = bitena_remaining(s.arena);
        for (int i = 0; i < 8; i++) {
            assert_true(is_aligned_to(bitena_alloc(s.arena, 100, 1 << 16), 1 << 16));
        }
        assert_in_range(before - bitena_remaining(s.arena), 800, 800 + 8 * 2 * 64);
        subject_close(&s);
    }
}

static void size_zero_takes_nothing_and_gives_an_aligned_pointer(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        for (int full = 0; full <= 1; full++) {
            struct numbers before = numbers_of(s.arena);
            for (size_t v = 0; v < sizeof all_verbs / sizeof *all_verbs; v++) {
                for (size_t align = 1; align != 0; align *= 2) {
                    errno = UNTOUCHED;
                    void *p = all_verbs[v](s.arena, 0, align);
                    assert_non_null(p);
                    assert_true(is_aligned_to(p, align));
                    assert_int_equal(errno, UNTOUCHED);
                }
            }
            assert_same_numbers(s.arena, before);
            while (bitena_try_alloc(s.arena, 4000, 1) || bitena_try_alloc(s.arena, 1, 1)) {
            }
        }
        subject_close(&s);
    }
}

static void uninitialised_bytes_are_all_the_callers(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        enum { COUNT = 3000 };
        static char *objects[COUNT];
        for (size_t i = 0; i < COUNT; i++) {
            size_t size = i * 7919 % 900 + 1;
            objects[i] = all_verbs[i % 4](s.arena, size, (size_t)1 << i % 7);
            memset(objects[i], (int)(i % 251), size);
        }
        for (size_t i = 0; i < COUNT; i++) {
            assert_true(all_bytes_are(objects[i], (int)(i % 251), i * 7919 % 900 + 1));
        }
        subject_close(&s);
    }
}

static void used_counts_padding(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        (void)bitena_alloc(s.arena, 64, 64);
        struct numbers before = numbers_of(s.arena);
        (void)bitena_alloc(s.arena, 1, 1);
        (void)bitena_alloc(s.arena, 64, 64);
        struct numbers after = numbers_of(s.arena);
        assert_int_equal(after.used - before.used, 128);
        assert_int_equal(before.remaining - after.remaining, 128);
        subject_close(&s);
    }
}

static void take_a_megabyte(void *argument)
{
    for (int i = 0; i < 1024; i++) {
        memset(bitena_alloc(argument, 1024, 8), 't', 1024);
    }
}

static void used_counts_what_every_thread_took(void **state)
{
    (void)state;
    static const enum kind kinds[] = {KIND_SHARED, KIND_EXACT, KIND_BUFFER};
    for (size_t k = 0; k < 3; k++) {
        struct subject s = subject_open(kinds[k], CAPACITY, NULL);
        take_a_megabyte(s.arena);
        assert_int_equal(bitena_used(s.arena), 1 << 20);
        in_another_thread(take_a_megabyte, s.arena);
        assert_in_range(bitena_used(s.arena), 2 << 20, (2 << 20) + 65536);
        assert_int_equal(bitena_reset(s.arena), 0);
        assert_int_equal(bitena_used(s.arena), 0);
        subject_close(&s);
    }
}

static void an_alignment_of_2_to_63_fits_no_block(void **state)
{
    (void)state;
    bitena *arena = bitena_new(1024);
    errno = 0;
    assert_null(bitena_try_alloc(arena, 1, TOP_BIT));
    assert_int_equal(errno, ENOMEM);
    assert_int_equal(bitena_remaining(arena), 1024);
    bitena_drop(arena);
}

/* A block of which only the end is so aligned, and one that begins and ends so. */
static void nothing_is_placed_in_the_block_where_that_can_be(void **state)
{
    (void)state;
    static const size_t capacities[] = {100, 4096};
    for (size_t i = 0; i < 2; i++) {
        bitena *arena =
            bitena_open(&(bitena_options){.capacity = capacities[i], .mode = BITENA_LOCAL});
        uintptr_t from = (uintptr_t)bitena_alloc(arena, capacities[i], 1);
        uintptr_t end = from + capacities[i];
        for (size_t align = 1; align <= 4096; align *= 2) {
            uintptr_t at = (uintptr_t)bitena_alloc(arena, 0, align);
            assert_int_equal(at % align, 0);
            assert_true((at >= from && at <= end) || end / align * align < from);
        }
        bitena_drop(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bad_request_gets_its_errno_and_changes_nothing),
        cmocka_unit_test(a_full_arena_returns_null_and_changes_nothing),
        cmocka_unit_test(what_remains_after_a_refusal_can_still_be_had),
        cmocka_unit_test(every_alignment_holds_after_every_odd_size),
        cmocka_unit_test(alignments_above_the_page_size_hold_to_1_mib),
        cmocka_unit_test(the_gap_of_a_run_apart_is_recycled),
        cmocka_unit_test(size_zero_takes_nothing_and_gives_an_aligned_pointer),
        cmocka_unit_test(uninitialised_bytes_are_all_the_callers),
        cmocka_unit_test(used_counts_padding),
        cmocka_unit_test(used_counts_what_every_thread_took),
        cmocka_unit_test(an_alignment_of_2_to_63_fits_no_block),
        cmocka_unit_test(nothing_is_placed_in_the_block_where_that_can_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
