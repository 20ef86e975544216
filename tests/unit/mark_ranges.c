/* The ranges of ended marks cost what they must and no more: a descriptor for each range beyond those
 * that a TLAB holds, none for a mark that is only rewound to, and none once the marks have ended, by
 * whatever verb. Without descriptors an arena whose scopes have ended is still filled to the last.
 * That live marks are told from ended ones is in marks.c and descriptors.c.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core.h"
#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"

enum { KIB = 1024, PATTERNS = 30, NEST = 200 };

static size_t take_descriptors(bitena *arena, uint32_t *taken)
{
    size_t count = 0;
    for (uint32_t run; (run = run_new(arena_of(arena)->pool)) != 0; count++) {
        taken[count] = run;
    }
    return count;
}

static size_t free_descriptors(bitena *arena)
{
    static uint32_t taken[1 << 14];
    struct pool *pool = arena_of(arena)->pool;
    assert_true(pool->run_count < sizeof taken / sizeof *taken);
    size_t count = take_descriptors(arena, taken);
    for (size_t i = count; i-- > 0;) {
        run_free(pool, taken[i]);
    }
    return count;
}

/* A live mark, and after it one that has ended; so many times. */
static void make_ranges(bitena *arena, bitena_mark live[PATTERNS])
{
    for (size_t i = 0; i < PATTERNS; i++) {
        live[i] = bitena_save(arena);
        (void)bitena_save(arena);
        assert_int_equal(bitena_rewind(arena, live[i]), 0);
    }
}

static void an_arena_whose_scopes_have_ended_needs_no_descriptor(void **state)
{
    (void)state;
    for (int deep = 0; deep < 3; deep++) {
        bitena *arena = bitena_open(&(bitena_options){.capacity = 256 * KIB, .mode = BITENA_LOCAL});
        uint32_t taken[4 * KIB];
        BITENA_SCOPE (arena) {
            bitena_mark live[PATTERNS];
            (void)bitena_alloc(arena, 100, 8);
            if (deep > 0) {
                make_ranges(arena, live);
            }
            if (deep > 1) {
                assert_int_equal(bitena_rewind(arena, live[PATTERNS / 2]), 0);
            }
        }
        assert_true(take_descriptors(arena, taken) > 0);
        size_t bytes = 0;
        while (bitena_try_alloc_strn(arena, "so that no lease is extended", 28)) {
            bytes += 29;
            bytes += bitena_try_alloc(arena, 100, 1) ? 100 : 0;
        }
        assert_true(bytes > 240 * KIB);
        bitena_drop(arena);
    }
}

static void a_mark_that_is_rewound_to_needs_no_descriptor(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 64 * KIB, NULL);
        bitena_mark marks[NEST];
        size_t before = free_descriptors(subject.arena);
        for (size_t i = 0; i < NEST; i++) {
            marks[i] = bitena_save(subject.arena);
            assert_int_equal(bitena_rewind(subject.arena, marks[i]), 0);
        }
        assert_int_equal(free_descriptors(subject.arena), before);
        for (size_t i = NEST; i-- > 0;) {
            assert_int_equal(bitena_rewind(subject.arena, marks[i]), 0);
            assert_int_equal(free_descriptors(subject.arena), before);
        }
        subject_close(&subject);
    }
}

/* However many live marks stand outside: the ended ones of a loop become one range. */
static void scopes_in_a_loop_need_no_descriptor(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 64 * KIB, NULL);
        size_t before = free_descriptors(subject.arena);
        bitena_mark outer = bitena_save(subject.arena);
        for (int level = 0; level < 3; level++) {
            (void)bitena_save(subject.arena);
            for (int i = 0; i < NEST; i++) {
                BITENA_SCOPE (subject.arena) {
                    bitena_mark inner = bitena_save(subject.arena);
                    BITENA_SCOPE (subject.arena) {
                        (void)bitena_save(subject.arena);
                    }
                    assert_int_equal(bitena_rewind(subject.arena, inner), 0);
                }
            }
            assert_int_equal(free_descriptors(subject.arena), before);
        }
        assert_int_equal(bitena_rewind(subject.arena, outer), 0);
        subject_close(&subject);
    }
}

static void a_range_beyond_the_near_ones_needs_one_descriptor_until_it_ends(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 64 * KIB, NULL);
        bitena_mark live[PATTERNS];
        size_t before = free_descriptors(subject.arena);
        make_ranges(subject.arena, live);
        size_t near = free_descriptors(subject.arena) + PATTERNS - before;
        assert_in_range(near, ENDED_NEAR - 1, ENDED_NEAR); /* one is that of before the first */
        for (size_t i = PATTERNS; i-- > 0;) {
            assert_int_equal(bitena_rewind(subject.arena, live[i]), 0);
            size_t kept = before - free_descriptors(subject.arena);
            assert_in_range(kept + ENDED_NEAR, i, i + ENDED_NEAR + 1);
        }
        assert_int_equal(free_descriptors(subject.arena), before);
        subject_close(&subject);
    }
}

/* Near ranges and those in descriptors, while the newest of them come back one by one. */
static void every_mark_of_a_range_is_refused(void **state)
{
    (void)state;
    enum { EACH = 3 };
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 64 * KIB, NULL);
        bitena_mark live[PATTERNS], ended[PATTERNS][EACH];
        for (size_t i = 0; i < PATTERNS; i++) {
            live[i] = bitena_save(subject.arena);
            for (size_t each = 0; each < EACH; each++) {
                ended[i][each] = bitena_save(subject.arena);
            }
            assert_int_equal(bitena_rewind(subject.arena, live[i]), 0);
        }
        for (size_t i = PATTERNS; i-- > 0;) {
            for (size_t dead = 0; dead < PATTERNS * EACH; dead++) {
                ASSERT_REFUSED(EINVAL,
                               bitena_rewind(subject.arena, ended[dead / EACH][dead % EACH]));
            }
            assert_int_equal(bitena_rewind(subject.arena, live[i]), 0);
        }
        subject_close(&subject);
    }
}

static void own(void *arena)
{
    assert_int_equal(bitena_own((bitena *)arena), 0);
}

static void end_all_marks(bitena *parent, bitena **child, int way)
{
    switch (way) {
    case 0:
        assert_int_equal(bitena_reset(*child), 0);
        return;
    case 1:
        in_another_thread(own, *child);
        own(*child);
        return;
    case 2:
        bitena_drop(*child);
        break;
    default:
        assert_int_equal(bitena_absorb(parent, *child), 0);
        break;
    }
    *child = bitena_new_child(parent);
}

/* Those set apart for marks alone too: then the oldest live mark would be refused. */
static void marks_that_a_verb_ends_leave_no_descriptor_in_use(void **state)
{
    (void)state;
    for (int way = 0; way < 8; way++) {
        bitena *arena = bitena_open(&(bitena_options){.capacity = 64 * KIB, .mode = BITENA_LOCAL});
        bitena *child = bitena_new_child(arena);
        static uint32_t taken[4 * KIB];
        (void)bitena_alloc(child, 64, 8);
        size_t last = 0;
        for (int round = 0; round < 5; round++) {
            size_t all = way < 4 ? 0 : take_descriptors(arena, taken);
            bitena_mark live[PATTERNS];
            make_ranges(child, live);
            size_t oldest = way < 4 ? 0 : PATTERNS - MARK_RUNS - ENDED_NEAR + 1;
            bitena_mark mark = live[oldest];
            while (all > 0) {
                run_free(arena_of(arena)->pool, taken[--all]);
            }
            assert_int_equal(bitena_rewind(child, mark), 0);
            make_ranges(child, live);
            end_all_marks(arena, &child, way % 4);
            ASSERT_REFUSED(EINVAL, bitena_rewind(child, live[0]));
            size_t now = free_descriptors(arena);
            assert_true(way % 4 == 3 || round == 0 || now == last);
            assert_true(now + 4 * 5 >= arena_of(arena)->pool->run_count);
            last = now;
        }
        bitena_drop(child);
        bitena_drop(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arena_whose_scopes_have_ended_needs_no_descriptor),
        cmocka_unit_test(a_mark_that_is_rewound_to_needs_no_descriptor),
        cmocka_unit_test(scopes_in_a_loop_need_no_descriptor),
        cmocka_unit_test(a_range_beyond_the_near_ones_needs_one_descriptor_until_it_ends),
        cmocka_unit_test(every_mark_of_a_range_is_refused),
        cmocka_unit_test(marks_that_a_verb_ends_leave_no_descriptor_in_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
