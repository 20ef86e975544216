/* Marks: a rewind gives back exactly what the calling thread took since, however many leases and
 * large runs that was, ends the marks inside, and refuses everything that is not a live mark of
 * this thread in this arena. What marks mean for text and for growing data is in marks_floor.c.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>

#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"

enum { KIB = 1024, MIB = 1024 * 1024 };

static void take_a_little_of_everything(bitena *arena)
{
    for (size_t i = 0; i < 40; i++) {
        memset(bitena_alloc(arena, 24 + i, 8), (int)i, 24 + i);
        (void)bitena_alloc_str(arena, "rising text");
    }
    memset(bitena_alloc(arena, 6000, 64), 0xEE, 6000);
    memset(bitena_resize(arena, NULL, 0, 300, 1), 0xEF, 300);
}

static void a_rewind_gives_back_exactly_what_was_taken_since(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 64 * KIB, NULL);
        char *text = bitena_alloc_str(subject.arena, "older than the mark");
        uint64_t *number = bitena_make(subject.arena, uint64_t, 77);
        struct numbers before = numbers_of(subject.arena);
        bitena_mark mark = bitena_save(subject.arena);
        assert_same_numbers(subject.arena, before);
        for (int round = 0; round < 5; round++) {
            take_a_little_of_everything(subject.arena);
            assert_true(bitena_remaining(subject.arena) < before.remaining);
            assert_int_equal(bitena_rewind(subject.arena, mark), 0);
            assert_same_numbers(subject.arena, before);
        }
        assert_string_equal(text, "older than the mark");
        assert_int_equal(*number, 77);
        subject_close(&subject);
    }
}

static void a_rewind_reaches_an_older_lease_after_refills(void **state)
{
    (void)state;
    bitena *arena = bitena_new(MIB);
    char *text = bitena_alloc_str(arena, "text at the floor: the lease is not extended");
    char *object = bitena_alloc(arena, 100, 1);
    memset(object, 0x5A, 100);
    struct numbers before = numbers_of(arena);
    bitena_mark mark = bitena_save(arena);
    char *first = bitena_alloc(arena, 32, 1);
    char *first_text = bitena_alloc_str(arena, "after");
    for (int i = 0; i < 1500; i++) {
        memset(bitena_alloc(arena, 500, 1), 0xA5, 500);
    }
    assert_int_equal(bitena_rewind(arena, mark), 0);
    assert_same_numbers(arena, before);
    assert_true(all_bytes_are(object, 0x5A, 100));
    assert_string_equal(text, "text at the floor: the lease is not extended");
    assert_ptr_equal(bitena_alloc(arena, 32, 1), first);
    assert_ptr_equal(bitena_alloc_str(arena, "after"), first_text);
    bitena_drop(arena);
}

static void a_rewind_gives_back_large_runs(void **state)
{
    (void)state;
    bitena *arena = bitena_new(MIB);
    char *kept = bitena_alloc(arena, 300000, 16);
    memset(kept, 1, 300000);
    (void)bitena_alloc_str(arena, "floor");
    struct numbers before = numbers_of(arena);
    bitena_mark mark = bitena_save(arena);
    for (size_t i = 0; i < rounds(2000); i++) {
        memset(bitena_alloc(arena, 200000, 16), 2, 64);
        memset(bitena_alloc(arena, 8, 8), 3, 8);
        memset(bitena_alloc(arena, 400000, 4096), 4, 64);
        assert_int_equal(bitena_rewind(arena, mark), 0);
        assert_same_numbers(arena, before);
    }
    assert_true(all_bytes_are(kept, 1, 300000));
    bitena_drop(arena);
}

/* Neighbours of one chain share a descriptor, but not where a mark stands between them. */
static void a_rewind_gives_back_large_runs_beside_older_ones(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 128 * KIB, NULL);
        (void)bitena_alloc_str(subject.arena, "on the floor: the lease is not extended");
        struct numbers before[4];
        bitena_mark marks[4];
        for (int i = 0; i < 4; i++) {
            before[i] = numbers_of(subject.arena);
            marks[i] = bitena_save(subject.arena);
            memset(bitena_alloc(subject.arena, 9000, 1), i, 9000);
        }
        for (int i = 4; i-- > 0;) {
            for (int again = 0; again < 3; again++) {
                assert_int_equal(bitena_rewind(subject.arena, marks[i]), 0);
                assert_same_numbers(subject.arena, before[i]);
                memset(bitena_alloc(subject.arena, 9000, 1), i, 9000);
                memset(bitena_alloc(subject.arena, 9000, 1), i, 9000);
            }
        }
        assert_int_equal(bitena_rewind(subject.arena, marks[0]), 0);
        subject_close(&subject);
    }
}

static void a_rewind_to_an_outer_mark_ends_the_inner_ones(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 64 * KIB, NULL);
        bitena *arena = subject.arena;
        bitena_mark outer = bitena_save(arena);
        (void)bitena_alloc(arena, 100, 8);
        bitena_mark middle = bitena_save(arena);
        (void)bitena_alloc(arena, 9000, 8);
        bitena_mark inner = bitena_save(arena);
        (void)bitena_alloc(arena, 100, 8);
        assert_int_equal(bitena_rewind(arena, inner), 0);
        assert_int_equal(bitena_rewind(arena, middle), 0);
        ASSERT_REFUSED(EINVAL, bitena_rewind(arena, inner));
        assert_int_equal(bitena_rewind(arena, middle), 0);
        assert_int_equal(bitena_rewind(arena, outer), 0);
        (void)bitena_alloc(arena, 200, 8);
        struct numbers before = numbers_of(arena);
        ASSERT_REFUSED(EINVAL, bitena_rewind(arena, middle));
        ASSERT_REFUSED(EINVAL, bitena_rewind(arena, inner));
        assert_same_numbers(arena, before);
        assert_int_equal(bitena_rewind(arena, outer), 0);
        subject_close(&subject);
    }
}

static void a_mark_of_another_arena_is_refused(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject one = subject_open(kind, 32 * KIB, NULL);
        struct subject two = subject_open(kind, 32 * KIB, NULL);
        bitena_mark of_one = bitena_save(one.arena);
        (void)bitena_save(two.arena);
        (void)bitena_alloc(two.arena, 64, 8);
        struct numbers before = numbers_of(two.arena);
        ASSERT_REFUSED(EINVAL, bitena_rewind(two.arena, of_one));
        assert_same_numbers(two.arena, before);
        subject_close(&two);
        subject_close(&one);
    }
}

static void a_mark_from_before_a_reset_is_refused(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 32 * KIB, NULL);
        bitena_mark old = bitena_save(subject.arena);
        assert_int_equal(bitena_reset(subject.arena), 0);
        bitena_mark live = bitena_save(subject.arena);
        (void)bitena_alloc(subject.arena, 64, 8);
        struct numbers before = numbers_of(subject.arena);
        ASSERT_REFUSED(EINVAL, bitena_rewind(subject.arena, old));
        assert_same_numbers(subject.arena, before);
        assert_int_equal(bitena_rewind(subject.arena, live), 0);
        subject_close(&subject);
    }
}

struct stolen {
    bitena *arena;
    bitena_mark mark;
};

static void try_a_strangers_mark(void *argument)
{
    const struct stolen *stolen = (const struct stolen *)argument;
    ASSERT_REFUSED(EINVAL, bitena_rewind(stolen->arena, stolen->mark));
    bitena_mark mine = bitena_save(stolen->arena);
    char *object = bitena_alloc(stolen->arena, 64, 8);
    memset(object, 7, 64);
    ASSERT_REFUSED(EINVAL, bitena_rewind(stolen->arena, stolen->mark));
    assert_true(all_bytes_are(object, 7, 64));
    assert_int_equal(bitena_rewind(stolen->arena, mine), 0);
}

static void a_mark_of_another_thread_is_refused(void **state)
{
    (void)state;
    bitena *arena = bitena_new(64 * KIB);
    struct stolen stolen = {arena, bitena_save(arena)};
    char *object = bitena_alloc(arena, 64, 8);
    memset(object, 9, 64);
    in_another_thread(try_a_strangers_mark, &stolen);
    assert_true(all_bytes_are(object, 9, 64));
    assert_int_equal(bitena_rewind(arena, stolen.mark), 0);
    bitena_drop(arena);
}

static void save_and_end(void *argument)
{
    struct stolen *stolen = (struct stolen *)argument;
    stolen->mark = bitena_save(stolen->arena);
    (void)bitena_alloc(stolen->arena, 64, 8);
}

static void the_heir_of_an_ended_thread_does_not_inherit_its_marks(void **state)
{
    (void)state;
    bitena *arena = bitena_new(64 * KIB);
    struct stolen stolen = {.arena = arena};
    in_another_thread(save_and_end, &stolen);
    in_another_thread(try_a_strangers_mark, &stolen);
    bitena_drop(arena);
}

static void a_mark_of_a_dropped_child_is_refused_by_its_successor(void **state)
{
    (void)state;
    bitena *arena = bitena_new(64 * KIB);
    bitena *child = bitena_new_child(arena);
    bitena_mark old = bitena_save(child);
    bitena_drop(child);
    bitena *successor = bitena_new_child(arena);
    assert_ptr_equal(successor, child); /* else this shows nothing */
    bitena_mark live = bitena_save(successor);
    (void)bitena_alloc(successor, 64, 8);
    ASSERT_REFUSED(EINVAL, bitena_rewind(successor, old));
    assert_int_equal(bitena_rewind(successor, live), 0);
    bitena_drop(successor);
    bitena_drop(arena);
}

static void a_mark_of_a_dropped_arena_is_refused_in_the_same_buffer(void **state)
{
    (void)state;
    static _Alignas(64) char buffer[BITENA_BUFFER_SIZE(32 * KIB)];
    bitena *first = bitena_init(buffer, sizeof buffer, NULL);
    bitena_mark old = bitena_save(first);
    bitena_drop(first);
    bitena *second = bitena_init(buffer, sizeof buffer, NULL);
    assert_ptr_equal(second, first);
    (void)bitena_save(second);
    ASSERT_REFUSED(EINVAL, bitena_rewind(second, old));
    bitena_drop(second);
}

struct reading {
    bitena *arena;
    size_t remaining;
};

static void read_remaining(void *argument)
{
    struct reading *reading = (struct reading *)argument;
    reading->remaining = bitena_remaining(reading->arena);
}

/* What another thread could take. */
static size_t remaining_elsewhere(bitena *arena)
{
    struct reading reading = {arena, 0};
    in_another_thread(read_remaining, &reading);
    return reading.remaining;
}

/* The lease in which the mark stands, and one more. */
static void a_rewind_keeps_one_lease_of_lease_max_beside_the_marks_own(void **state)
{
    (void)state;
    static const size_t capacity = 8 * MIB, sizes[] = {2 * KIB, 64 * KIB};
    for (int way = 0; way < 6; way++) {
        size_t lease_max = sizes[way / 3];
        bitena *arena = bitena_open(
            &(bitena_options){.capacity = capacity, .lease_max = way < 3 ? lease_max : 0});
        bitena_mark mark = bitena_save(arena);
        for (size_t size = 1; bitena_try_alloc(arena, size, 8); size = size % 3000 + 1) {
            if (way % 3 == 1) {
                (void)bitena_try_alloc_str(arena, "so that no lease is extended");
            } else if (way % 3 == 2) {
                (void)bitena_try_resize(arena, NULL, 0, 70000, 1); /* a lease above lease_max */
            }
        }
        assert_true(remaining_elsewhere(arena) < capacity / 8);
        assert_int_equal(bitena_rewind(arena, mark), 0);
        assert_int_equal(bitena_remaining(arena), capacity);
        assert_in_range(remaining_elsewhere(arena), capacity - 2 * lease_max, capacity);
        bitena_drop(arena);
    }
}

/* A lease of text at the mark cannot be given back; the rest of a huge scope is still one lease. */
static void a_huge_scope_leaves_nearly_all_to_others(void **state)
{
    (void)state;
    bitena *arena = bitena_new(8 * MIB);
    for (int i = 0; i < 3000; i++) { /* leases have grown to the full */
        (void)bitena_alloc_str(arena, "text, so that the lease is not extended");
        (void)bitena_alloc(arena, 40, 8);
    }
    size_t before = remaining_elsewhere(arena);
    BITENA_SCOPE (arena) {
        while (bitena_try_alloc(arena, 5000, 8) && bitena_try_alloc_str(arena, "more")) {
        }
    }
    assert_in_range(remaining_elsewhere(arena), before - 64 * KIB, before);
    bitena_drop(arena);
}

static void a_mark_of_a_thread_without_a_tlab_is_harmless(void **state)
{
    (void)state;
    static _Alignas(64) char buffer[BITENA_BUFFER_SIZE(64 * KIB)];
    bitena *arena = bitena_init(buffer, sizeof buffer, NULL);
    bitena_mark foreign = bitena_save(arena);
    bitena_mark none = foreign;
    none.tlab = NULL;
    (void)bitena_alloc(arena, 64, 8);
    struct numbers before = numbers_of(arena);
    ASSERT_REFUSED(EINVAL, bitena_rewind(arena, none)); /* this thread has a TLAB */
    assert_same_numbers(arena, before);
    assert_int_equal(bitena_rewind(arena, foreign), 0);
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rewind_gives_back_exactly_what_was_taken_since),
        cmocka_unit_test(a_rewind_reaches_an_older_lease_after_refills),
        cmocka_unit_test(a_rewind_gives_back_large_runs),
        cmocka_unit_test(a_rewind_gives_back_large_runs_beside_older_ones),
        cmocka_unit_test(a_rewind_to_an_outer_mark_ends_the_inner_ones),
        cmocka_unit_test(a_mark_of_another_arena_is_refused),
        cmocka_unit_test(a_mark_from_before_a_reset_is_refused),
        cmocka_unit_test(a_mark_of_another_thread_is_refused),
        cmocka_unit_test(the_heir_of_an_ended_thread_does_not_inherit_its_marks),
        cmocka_unit_test(a_mark_of_a_dropped_child_is_refused_by_its_successor),
        cmocka_unit_test(a_mark_of_a_dropped_arena_is_refused_in_the_same_buffer),
        cmocka_unit_test(a_rewind_keeps_one_lease_of_lease_max_beside_the_marks_own),
        cmocka_unit_test(a_huge_scope_leaves_nearly_all_to_others),
        cmocka_unit_test(a_mark_of_a_thread_without_a_tlab_is_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
