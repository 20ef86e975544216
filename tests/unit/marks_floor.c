/* Marks beside text and growing data: a mark holds where its lease is extended downward after it,
 * nothing that is older than the latest live mark moves or shrinks in place, and deep nests of
 * scopes with earlier siblings unwind to what they were. The marks themselves are in marks.c.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include "support/misuse.h"
#include "support/random.h"
#include "support/subject.h"
#include "support/trial.h"

enum { KIB = 1024 };

static void a_mark_holds_when_its_lease_is_extended_downward(void **state)
{
    (void)state;
    bitena *arena = bitena_new(256 * KIB);
    uint64_t *object = bitena_make(arena, uint64_t, 5);
    struct numbers before = numbers_of(arena);
    bitena_mark mark = bitena_save(arena);
    for (int round = 0; round < 20; round++) {
        memset(bitena_alloc(arena, 90 * KIB, 8), 0xCC,
               90 * KIB); /* the index follows the lease's base down */
        for (int i = 0; i < 200; i++) {
            memset(bitena_alloc(arena, 100, 4), 0xCC, 100);
        }
        char *text = bitena_alloc_str(arena, "at the new base");
        assert_true((uintptr_t)text < (uintptr_t)object);
        assert_int_equal(bitena_rewind(arena, mark), 0);
        assert_same_numbers(arena, before);
        assert_int_equal(*object, 5);
        char *next = bitena_alloc(arena, 8, 8);
        assert_ptr_equal(next, (char *)object - 8);
        assert_int_equal(bitena_rewind(arena, mark), 0);
    }
    bitena_drop(arena);
}

static void text_older_than_the_mark_survives_a_rewind(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 128 * KIB, NULL);
        char *kept[50];
        bitena_mark marks[50];
        for (int i = 0; i < 50; i++) {
            marks[i] = bitena_save(subject.arena);
            kept[i] = bitena_alloc(subject.arena, 300, 1);
            memset(kept[i], 'a' + i % 26, 300);
            kept[i] = bitena_alloc_strn(subject.arena, kept[i], 300);
        }
        for (int i = 50; i-- > 0;) {
            assert_int_equal(bitena_rewind(subject.arena, marks[i]), 0);
            while (bitena_try_alloc_str(subject.arena, "all that is free is overwritten")) {
            }
            for (int older = 0; older < i; older++) {
                assert_true(all_bytes_are(kept[older], 'a' + older % 26, 300));
                assert_int_equal(kept[older][300], 0);
            }
        }
        subject_close(&subject);
    }
}

static void resize_never_moves_the_floor_below_the_latest_live_mark(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        for (size_t smaller = 0; smaller <= 50; smaller += 50) {
            struct subject subject = subject_open(kind, 32 * KIB, NULL);
            char *block = bitena_resize(subject.arena, NULL, 0, 100, 1);
            memset(block, 0x11, 100);
            struct numbers before = numbers_of(subject.arena);
            bitena_mark mark = bitena_save(subject.arena);
            char *shrunk = bitena_resize(subject.arena, block, 100, smaller, 1);
            assert_non_null(shrunk);
            assert_same_numbers(subject.arena, before);
            char *text = bitena_alloc_str(subject.arena, "after the mark");
            assert_true(are_disjoint(block, 100, text, strlen(text) + 1));
            assert_int_equal(bitena_rewind(subject.arena, mark), 0);
            assert_same_numbers(subject.arena, before);
            assert_true(all_bytes_are(block, 0x11, 100));
            subject_close(&subject);
        }
    }
}

/* To the byte: also when the mark was rewound to, not saved, last. */
static void a_rewound_mark_divides_older_runs_from_younger_ones(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        for (size_t size = 0; size < 3; size++) {
            struct subject subject = subject_open(kind, 32 * KIB, NULL);
            (void)bitena_alloc(subject.arena, 8, 8);
            char *older = bitena_resize(subject.arena, NULL, 0, size, 1);
            bitena_mark mark = bitena_save(subject.arena);
            struct numbers before = numbers_of(subject.arena);
            for (int round = 0; round < 3; round++) {
                assert_non_null(bitena_resize(subject.arena, older, size, 0, 1));
                assert_same_numbers(subject.arena, before);
                char *younger = bitena_resize(subject.arena, NULL, 0, 10, 1);
                assert_ptr_equal(bitena_resize(subject.arena, younger, 10, 20, 1), younger);
                assert_int_equal(bitena_rewind(subject.arena, mark), 0);
            }
            subject_close(&subject);
        }
    }
}

static void growing_a_block_of_an_outer_scope_copies_it(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 32 * KIB, NULL);
        char *block = bitena_resize(subject.arena, NULL, 0, 100, 1);
        memset(block, 0x22, 100);
        struct numbers before = numbers_of(subject.arena);
        BITENA_SCOPE (subject.arena) {
            char *grown = bitena_resize(subject.arena, block, 100, 700, 1);
            assert_true(are_disjoint(block, 100, grown, 700));
            assert_true(all_bytes_are(grown, 0x22, 100));
            memset(grown, 0x33, 700);
            char *further = bitena_resize(subject.arena, grown, 700, 900, 1); /* this scope's own */
            assert_ptr_equal(further, grown);
            BITENA_SCOPE (subject.arena) {
                char *inner = bitena_resize(subject.arena, grown, 900, 1000, 1);
                assert_ptr_not_equal(inner, grown);
                memset(inner, 0x44, 1000);
            }
            assert_true(all_bytes_are(grown, 0x33, 700));
        }
        assert_same_numbers(subject.arena, before);
        assert_true(all_bytes_are(block, 0x22, 100));
        assert_ptr_equal(bitena_resize(subject.arena, block, 100, 150, 1),
                         block); /* the scopes are over */
        subject_close(&subject);
    }
}

static void a_block_that_outgrows_its_lease_in_a_scope_comes_back(void **state)
{
    (void)state;
    bitena *arena = bitena_new(256 * KIB);
    char *outer = bitena_resize(arena, NULL, 0, 500, 1);
    memset(outer, 0x55, 500);
    struct numbers before = numbers_of(arena);
    for (int round = 0; round < 50; round++) {
        BITENA_SCOPE (arena) {
            size_t size = 10;
            char *text = bitena_resize(arena, NULL, 0, size, 1);
            memset(text, 0x66, size);
            while (size < 30000) {
                text = bitena_resize(arena, text, size, size * 2, 1);
                memset(text + size, 0x66, size);
                size *= 2;
                memset(bitena_alloc(arena, 64, 8), 0x77, 64);
                assert_true(all_bytes_are(text, 0x66, size));
            }
        }
        assert_same_numbers(arena, before);
        assert_true(all_bytes_are(outer, 0x55, 500));
    }
    bitena_drop(arena);
}

static void a_rewind_closes_an_open_window(void **state)
{
    (void)state;
    struct caught caught;
    bitena *arena = open_caught(64 * KIB, &caught);
    struct numbers before = numbers_of(arena);
    bitena_mark mark = bitena_save(arena);
    size_t room;
    char *window = bitena_window(arena, 500, 1, &room);
    memset(window, 1, room);
    assert_int_equal(bitena_rewind(arena, mark), 0);
    assert_same_numbers(arena, before);
    ASSERT_REPORTS(&caught, EINVAL, bitena_commit(arena, window, room, 10));
    window = bitena_window(arena, 500, 1, &room);
    (void)bitena_save(arena);
    ASSERT_REPORTS(&caught, EINVAL, bitena_commit(arena, window, room, 10));
    assert_same_numbers(arena, before);
    bitena_drop(arena);
}

/* Two siblings before each of twenty levels; each level's objects are whole when its scope ends. */
static void nest(bitena *arena, int level)
{
    struct numbers before = numbers_of(arena);
    for (int sibling = 0; sibling < 2; sibling++) {
        BITENA_SCOPE (arena) {
            for (int i = 0; i < 30; i++) {
                memset(bitena_alloc(arena, 90, 8), 0xEE, 90);
            }
            (void)bitena_alloc_str(arena, "a sibling's text");
        }
        assert_same_numbers(arena, before);
    }
    if (level == 0) {
        return;
    }
    char *object = bitena_alloc(arena, 400, 8);
    char *text = bitena_alloc(arena, 200, 1);
    memset(object, level, 400);
    memset(text, level, 200);
    text = bitena_alloc_strn(arena, text, 200);
    BITENA_SCOPE (arena) {
        nest(arena, level - 1);
    }
    assert_true(all_bytes_are(object, level, 400));
    assert_true(all_bytes_are(text, level, 200));
}

static void twenty_nested_scopes_with_earlier_siblings_unwind(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 64 * KIB, NULL);
        struct numbers before = numbers_of(subject.arena);
        for (int round = 0; round < 10; round++) {
            BITENA_SCOPE (subject.arena) {
                nest(subject.arena, 20);
            }
            assert_same_numbers(subject.arena, before);
        }
        subject_close(&subject);
    }
}

static void the_dead_siblings_of_twenty_nested_marks_are_refused(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 64 * KIB, NULL);
        bitena_mark live[20], dead[20];
        for (int level = 0; level < 20; level++) {
            live[level] = bitena_save(subject.arena);
            dead[level] = bitena_save(subject.arena);
            assert_int_equal(bitena_rewind(subject.arena, live[level]), 0);
            (void)bitena_alloc(subject.arena, 500, 8);
        }
        struct numbers before = numbers_of(subject.arena);
        for (int level = 20; level-- > 0;) {
            ASSERT_REFUSED(EINVAL, bitena_rewind(subject.arena, dead[level]));
        }
        assert_same_numbers(subject.arena, before);
        for (int level = 20; level-- > 0;) {
            assert_int_equal(bitena_rewind(subject.arena, live[level]), 0);
        }
        subject_close(&subject);
    }
}

/* Until there is no room, in one of five ways. */
static void fill_in_a_way(bitena *arena, int way, struct random *random)
{
    for (;;) {
        size_t size = random_between(random, 1, 3000);
        bool objects[] = {bitena_try_alloc(arena,
                                           way == 1   ? 129
                                           : way == 2 ? 24
                                                      : size,
                                           8) != NULL,
                          way < 3 || bitena_try_alloc(arena, size / 4, 1)};
        bool texts =
            way != 4 || bitena_try_alloc_strn(arena, "0123456789012345678901234567890", 31);
        if (!objects[0] || !objects[1] || !texts) {
            return;
        }
    }
}

static void a_scope_that_fills_the_arena_gives_it_all_back(void **state)
{
    (void)state;
    static const size_t capacities[] = {4 * KIB, 17 * KIB, 24 * KIB, 33 * KIB, 64 * KIB, 256 * KIB};
    struct random random = {2024};
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        for (size_t c = 0; c < sizeof capacities / sizeof *capacities; c++) {
            struct subject subject = subject_open(kind, capacities[c], NULL);
            (void)bitena_alloc_str(subject.arena, "text at the floor of the first lease");
            struct numbers before = numbers_of(subject.arena);
            for (int round = 0; round < 25; round++) {
                BITENA_SCOPE (subject.arena) {
                    fill_in_a_way(subject.arena, round % 5, &random);
                }
                assert_same_numbers(subject.arena, before);
            }
            subject_close(&subject);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mark_holds_when_its_lease_is_extended_downward),
        cmocka_unit_test(text_older_than_the_mark_survives_a_rewind),
        cmocka_unit_test(resize_never_moves_the_floor_below_the_latest_live_mark),
        cmocka_unit_test(a_rewound_mark_divides_older_runs_from_younger_ones),
        cmocka_unit_test(growing_a_block_of_an_outer_scope_copies_it),
        cmocka_unit_test(a_block_that_outgrows_its_lease_in_a_scope_comes_back),
        cmocka_unit_test(a_rewind_closes_an_open_window),
        cmocka_unit_test(twenty_nested_scopes_with_earlier_siblings_unwind),
        cmocka_unit_test(the_dead_siblings_of_twenty_nested_marks_are_refused),
        cmocka_unit_test(a_scope_that_fills_the_arena_gives_it_all_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
