/* What own, reset, drop and absorb of a child leave: windows closed, marks of text forgotten, every byte
 * of text given back, no lease larger than a fair share kept from other threads, and an end that the
 * struct shows for as long as it stands. That children can be counted on is in children.c.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core.h"
#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"

enum { KIB = 1024 };

static const enum kind owned[] = {KIND_LOCAL, KIND_CHILD};

static void own_with_an_open_window(enum kind kind)
{
    struct caught caught;
    struct subject subject = subject_open(kind, 64 * KIB, catch_failure);
    arena_of(subject.arena)->context = &caught;
    size_t room = 0;
    char *window = bitena_window(subject.arena, 100, 1, &room);
    assert_int_equal(bitena_own(subject.arena), 0);
    ASSERT_REPORTS(&caught, EINVAL, bitena_commit(subject.arena, window, room, 50));
    subject_close(&subject);
}

static void own_closes_a_window(void **state)
{
    (void)state;
    own_with_an_open_window(KIND_LOCAL);
    own_with_an_open_window(KIND_CHILD);
}

/* The last run is older than a mark, but the mark is not live any more. */
static void a_run_grows_in_place_when_the_marks_behind_it_have_ended(void **state)
{
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        for (int way = 0; way < 2; way++) {
            struct subject subject = subject_open(owned[k], 64 * KIB, NULL);
            char *run = NULL;
            if (way == 0) {
                run = bitena_resize(subject.arena, NULL, 0, 100, 1);
            }
            (void)bitena_alloc_str(subject.arena, "");
            (void)bitena_alloc(subject.arena, 8, 8);
            char *text = way ? bitena_alloc_strn(subject.arena, "0123456789", 10) : NULL;
            (void)bitena_save(subject.arena);
            if (way == 0) {
                assert_int_equal(bitena_own(subject.arena), 0);
            } else {
                assert_non_null(text);
                assert_int_equal(bitena_reset(subject.arena), 0);
                run = bitena_resize(subject.arena, NULL, 0, 5, 1);
            }
            assert_ptr_equal(bitena_resize(subject.arena, run, way ? 5 : 100, 200, 1), run);
            assert_ptr_equal(bitena_resize(subject.arena, run, 200, 50, 1), run);
            subject_close(&subject);
        }
    }
}

/* What remains when a lease with little text in it has been left for another; first a mark may stand
 * in it, which may end. */
static size_t remaining_after_a_new_lease(enum kind kind, int way)
{
    struct subject subject = subject_open(kind, 64 * KIB, NULL);
    size_t room = 0;
    (void)bitena_alloc_str(subject.arena, "text");
    if (way > 0) {
        (void)bitena_save(subject.arena);
    }
    if (way == 2) {
        assert_int_equal(bitena_own(subject.arena), 0);
    } else if (way == 3) {
        assert_int_equal(bitena_reset(subject.arena), 0);
        (void)bitena_alloc_str(subject.arena, "text");
    }
    char *window = bitena_window(subject.arena, 8000, 1, &room);
    bitena_commit(subject.arena, window, room, 1);
    size_t remaining = bitena_remaining(subject.arena);
    subject_close(&subject);
    return remaining;
}

static void the_rest_of_a_lease_goes_back_when_no_mark_in_it_lives(void **state)
{
    (void)state;
    for (size_t k = 0; k < 2; k++) {
        size_t without = remaining_after_a_new_lease(owned[k], 0);
        assert_true(remaining_after_a_new_lease(owned[k], 1) < without - 500);
        assert_int_equal(remaining_after_a_new_lease(owned[k], 2), without);
    }
    assert_int_equal(remaining_after_a_new_lease(KIND_CHILD, 3),
                     remaining_after_a_new_lease(KIND_CHILD, 0));
}

static void use_and_reset(void *argument)
{
    bitena *arena = (bitena *)argument;
    assert_int_equal(bitena_own(arena), 0);
    (void)bitena_alloc(arena, 100, 8);
    assert_int_equal(bitena_reset(arena), 0);
    const struct tlab *tlab = &arena_of(arena)->tlab;
    assert_in_range(tlab->end - tlab->base, 1, bitena_capacity(arena) / RESET_SHARE);
}

static void the_new_owner_keeps_a_lease_through_its_reset(void **state)
{
    (void)state;
    bitena *arena = bitena_open(&(bitena_options){.capacity = 256 * KIB, .mode = BITENA_LOCAL});
    use_and_reset(arena);
    in_another_thread(use_and_reset, arena);
    use_and_reset(arena);
    bitena_drop(arena);
}

static void a_childs_reset_gives_its_text_back(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 64 * KIB, NULL);
        bitena *child = bitena_new_child(subject.arena);
        struct numbers before = numbers_of(child);
        for (int round = 0; round < 3; round++) {
            char *text = bitena_alloc_strn(child, "a text in the child's first lease", 33);
            (void)bitena_alloc(child, 40, 8);
            assert_int_equal(bitena_reset(child), 0);
            assert_same_numbers(child, before);
            assert_ptr_equal(bitena_alloc_strn(child, "text", 4), text);
            assert_int_equal(bitena_reset(child), 0);
        }
        bitena_drop(child);
        subject_close(&subject);
    }
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

/* The child is alone, so its first lease is extended downward: it holds nearly all in one run. */
static void a_large_child_leaves_nearly_all_to_other_threads(void **state)
{
    (void)state;
    for (int dropped = 0; dropped < 2; dropped++) {
        bitena *arena = bitena_new(1024 * KIB);
        bitena *child = bitena_new_child(arena);
        (void)fill_up(child, 64, 8);
        assert_true(arena_of(child)->tlab.chain == 0);
        assert_int_equal(bitena_reset(child), 0);
        if (dropped) {
            (void)fill_up(child, 64, 8);
            bitena_drop(child);
        }
        struct reading reading = {arena, 0};
        in_another_thread(read_remaining, &reading);
        assert_in_range(reading.remaining, (1024 - 64 - 4) * KIB, 1024 * KIB);
        bitena_drop(dropped ? NULL : child);
        bitena_drop(arena);
    }
}

/* What is not used of an absorbed child goes back, whatever stood on it. */
static void an_absorbed_child_keeps_what_it_used_and_no_more(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        size_t remaining[4];
        for (int way = 0; way < 4; way++) {
            struct subject subject = subject_open(kind, 64 * KIB, NULL);
            size_t room;
            bitena *child = bitena_new_child(subject.arena);
            if (way == 1) {
                (void)bitena_save(child);
            } else if (way == 2) {
                (void)bitena_window(child, 100, 1, &room);
            } else if (way == 3) {
                bitena_drop(bitena_new_child(child));
                assert_true(arena_of(child)->tlab.spare != 0);
            }
            assert_int_equal(bitena_absorb(subject.arena, child), 0);
            remaining[way] = bitena_remaining(subject.arena);
            assert_int_equal(remaining[way], remaining[0]);
            subject_close(&subject);
        }
    }
}

/* Whatever number its descriptors have: here the lowest. */
static void a_dropped_child_gives_back_its_chain_and_its_spare(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        for (int way = 0; way < 12; way++) {
            struct subject subject = subject_open(kind, 64 * KIB, NULL);
            struct numbers before = numbers_of(subject.arena);
            struct pool *pool = arena_of(subject.arena)->pool;
            uint32_t low = way == 0 ? run_new(pool) : 0;
            bitena *child = bitena_new_child(subject.arena);
            run_free(pool, low);
            if (way == 0) {
                bitena_drop(bitena_new_child(child));
                assert_int_equal(arena_of(child)->tlab.spare, low);
            }
            for (int i = 1; i < way; i++) {
                (void)bitena_alloc_str(child, "so that no lease is extended");
                (void)bitena_alloc(child, 150, 1);
            }
            bitena_drop(child);
            assert_same_numbers(subject.arena, before);
            subject_close(&subject);
        }
    }
}

static void a_dropped_child_says_so_while_its_struct_stands(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 64 * KIB, NULL);
        bitena *child = bitena_new_child(subject.arena);
        bitena_drop(child);
        ASSERT_REFUSED(EINVAL, bitena_own(child));
        ASSERT_REFUSED(EINVAL, bitena_absorb(subject.arena, child));
        ASSERT_NULL(EPERM, bitena_try_alloc(child, 8, 8));
        ASSERT_NULL(EPERM, bitena_new_child(child));
        subject_close(&subject);
    }
}

struct pair {
    bitena *parent, *child;
};

static void try_to_absorb(void *argument)
{
    const struct pair *pair = (const struct pair *)argument;
    ASSERT_REFUSED(EPERM, bitena_absorb(pair->parent, pair->child));
}

static void take_the_child(void *argument)
{
    const struct pair *pair = (const struct pair *)argument;
    assert_int_equal(bitena_own(pair->child), 0);
    if (arena_of(pair->parent)->mode == BITENA_LOCAL) { /* the parent is another's */
        ASSERT_REFUSED(EPERM, bitena_absorb(pair->parent, pair->child));
    }
}

static void take_the_parent(void *argument)
{
    const struct pair *pair = (const struct pair *)argument;
    assert_int_equal(bitena_own(pair->parent), 0);
}

/* Whichever of the threads came first. */
static void only_the_owner_absorbs(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 64 * KIB, NULL);
        struct pair pair = {subject.arena, bitena_new_child(subject.arena)};
        in_another_thread(try_to_absorb, &pair);
        in_another_thread(take_the_child, &pair);
        try_to_absorb(&pair);
        assert_int_equal(bitena_own(pair.child), 0);
        if (kind == KIND_LOCAL || kind == KIND_CHILD) {
            in_another_thread(take_the_parent, &pair);
            try_to_absorb(&pair);
            assert_int_equal(bitena_own(pair.parent), 0);
        }
        assert_int_equal(bitena_absorb(pair.parent, pair.child), 0);
        subject_close(&subject);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_closes_a_window),
        cmocka_unit_test(a_run_grows_in_place_when_the_marks_behind_it_have_ended),
        cmocka_unit_test(the_rest_of_a_lease_goes_back_when_no_mark_in_it_lives),
        cmocka_unit_test(the_new_owner_keeps_a_lease_through_its_reset),
        cmocka_unit_test(a_childs_reset_gives_its_text_back),
        cmocka_unit_test(a_large_child_leaves_nearly_all_to_other_threads),
        cmocka_unit_test(an_absorbed_child_keeps_what_it_used_and_no_more),
        cmocka_unit_test(a_dropped_child_gives_back_its_chain_and_its_spare),
        cmocka_unit_test(a_dropped_child_says_so_while_its_struct_stands),
        cmocka_unit_test(only_the_owner_absorbs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
