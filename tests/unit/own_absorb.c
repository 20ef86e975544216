/* Own hands a LOCAL arena or a child on, with all that stands in it, and makes the old owner a
 * stranger. Absorb ends a child and lets its objects and cleanups live until its parent's reset or
 * drop: no rewind touches them, and what the child had not used goes back at once.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>

#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"

enum { KIB = 1024 };

struct handed {
    bitena *arena;
    bitena_mark mark;
    char *object;
};

static void own_and_use(void *argument)
{
    struct handed *handed = (struct handed *)argument;
    ASSERT_NULL(EPERM, bitena_try_alloc(handed->arena, 8, 8));
    assert_int_equal(bitena_own(handed->arena), 0);
    ASSERT_REFUSED(EINVAL, bitena_rewind(handed->arena, handed->mark));
    assert_true(all_bytes_are(handed->object, 1, 3000));
    for (int i = 0; i < 50; i++) {
        memset(bitena_alloc(handed->arena, 200, 8), 2, 200);
    }
    assert_true(all_bytes_are(handed->object, 1, 3000));
    handed->mark = bitena_save(handed->arena);
}

static void own_hands_an_arena_on(void **state)
{
    (void)state;
    static const enum kind kinds[] = {KIND_LOCAL, KIND_CHILD};
    for (size_t i = 0; i < 2; i++) {
        struct subject subject = subject_open(kinds[i], 64 * KIB, NULL);
        struct handed handed = {.arena = subject.arena};
        handed.object = bitena_alloc(subject.arena, 3000, 8);
        memset(handed.object, 1, 3000);
        bitena_mark mine = handed.mark = bitena_save(subject.arena);
        in_another_thread(own_and_use, &handed);
        ASSERT_NULL(EPERM, bitena_try_alloc(subject.arena, 8, 8));
        ASSERT_REFUSED(EPERM, bitena_reset(subject.arena));
        assert_int_equal(bitena_own(subject.arena), 0);
        ASSERT_REFUSED(EINVAL, bitena_rewind(subject.arena, mine));
        ASSERT_REFUSED(EINVAL, bitena_rewind(subject.arena, handed.mark));
        (void)bitena_alloc(subject.arena, 200, 8);
        assert_true(all_bytes_are(handed.object, 1, 3000));
        subject_close(&subject);
    }
}

static void own_of_a_shared_or_exact_arena_is_refused(void **state)
{
    (void)state;
    static const enum kind kinds[] = {KIND_SHARED, KIND_EXACT, KIND_BUFFER};
    for (size_t i = 0; i < 3; i++) {
        struct subject subject = subject_open(kinds[i], 32 * KIB, NULL);
        ASSERT_REFUSED(EINVAL, bitena_own(subject.arena));
        subject_close(&subject);
    }
}

static void drop_as_the_new_owner(void *child)
{
    assert_int_equal(bitena_own((bitena *)child), 0);
    bitena_drop((bitena *)child);
}

/* The parent counts its children's lives, whichever thread ends them. */
static void a_child_made_here_may_be_dropped_there(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 64 * KIB, NULL);
        struct numbers before = numbers_of(subject.arena);
        for (size_t i = 0; i < rounds(300); i++) {
            bitena *child = bitena_new_child(subject.arena);
            assert_non_null(child);
            (void)bitena_alloc(child, 2000, 8);
            in_another_thread(drop_as_the_new_owner, child);
        }
        assert_int_equal(bitena_used(subject.arena), before.used);
        assert_int_equal(bitena_reset(subject.arena), 0);
        subject_close(&subject);
    }
}

static void absorbed_objects_live_until_the_parents_reset(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 64 * KIB, NULL);
        bitena_mark mark = bitena_save(subject.arena);
        bitena *child = bitena_new_child(subject.arena);
        char *objects[30];
        for (int i = 0; i < 30; i++) {
            objects[i] = bitena_alloc(child, 500, 8);
            memset(objects[i], i, 500);
        }
        assert_int_equal(bitena_absorb(subject.arena, child), 0);
        assert_int_equal(bitena_rewind(subject.arena, mark), 0);
        for (char *p; (p = bitena_try_alloc(subject.arena, 100, 8)) != NULL;) {
            memset(p, 0xDD, 100);
        }
        assert_int_equal(bitena_rewind(subject.arena, mark), 0);
        for (int i = 0; i < 30; i++) {
            assert_true(all_bytes_are(objects[i], i, 500));
        }
        assert_int_equal(bitena_reset(subject.arena), 0); /* no child lives */
        assert_true(fill_up(subject.arena, 100, 4) * 100 > 60 * KIB);
        subject_close(&subject);
    }
}

static void the_unused_rest_of_an_absorbed_child_goes_back(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 256 * KIB, NULL);
        bitena *child = bitena_new_child(subject.arena);
        for (int i = 0; i < 150; i++) { /* its leases have grown to many KiB by now */
            (void)bitena_alloc(child, 200, 8);
            (void)bitena_alloc_str(child, "text");
        }
        size_t outside = bitena_remaining(subject.arena), used = bitena_used(child);
        assert_int_equal(bitena_absorb(subject.arena, child), 0);
        size_t held = bitena_capacity(subject.arena) - bitena_remaining(subject.arena);
        assert_true(bitena_remaining(subject.arena) >= outside);
        assert_true(held <= used + 4 * KIB);
        subject_close(&subject);
    }
}

static char lines[256];

static void log_text(void *text)
{
    size_t length = strlen(lines);
    (void)snprintf(lines + length, sizeof lines - length, "%s ", (const char *)text);
}

static void defer_text(bitena *arena, const char *text)
{
    bitena_defer(arena, log_text, bitena_alloc_str(arena, text));
}

static void cleanups_of_an_absorbed_child_run_with_the_parents(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        for (int reset = 0; reset < 2; reset++) {
            struct subject subject = subject_open(kind, 64 * KIB, NULL);
            lines[0] = 0;
            bitena_mark mark = bitena_save(subject.arena);
            bitena *child = bitena_new_child(subject.arena);
            bitena *grandchild = bitena_new_child(child);
            defer_text(grandchild, "inmost");
            defer_text(child, "old");
            assert_int_equal(bitena_absorb(child, grandchild), 0);
            defer_text(child, "new");
            assert_int_equal(bitena_absorb(subject.arena, child), 0);
            assert_int_equal(bitena_rewind(subject.arena, mark), 0);
            assert_string_equal(lines, "");
            if (reset) {
                assert_int_equal(bitena_reset(subject.arena), 0);
                assert_string_equal(lines, "new old inmost ");
            }
            subject_close(&subject);
            assert_string_equal(lines, "new old inmost ");
        }
    }
}

static void a_child_that_absorbed_others_takes_them_along(void **state)
{
    (void)state;
    for (int absorb = 0; absorb < 2; absorb++) {
        for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
            struct subject subject = subject_open(kind, 256 * KIB, NULL);
            bitena *child = bitena_new_child(subject.arena);
            struct numbers before = numbers_of(subject.arena);
            char *objects[6];
            for (int i = 0; i < 6; i++) { /* the last three stand in children of children */
                bitena *inner = bitena_new_child(child);
                bitena *inmost = bitena_new_child(inner);
                objects[i] = bitena_alloc(i < 3 ? inner : inmost, 4000, 8);
                memset(objects[i], i, 4000);
                assert_int_equal(bitena_absorb(inner, inmost), 0);
                assert_int_equal(bitena_absorb(child, inner), 0);
            }
            if (absorb) {
                assert_int_equal(bitena_absorb(subject.arena, child), 0);
                (void)fill_up(subject.arena, 64, 8);
                for (int i = 0; i < 6; i++) {
                    assert_true(all_bytes_are(objects[i], i, 4000));
                }
            } else {
                assert_int_equal(bitena_reset(child), 0);
                assert_same_numbers(subject.arena, before);
                bitena_drop(child);
            }
            assert_int_equal(bitena_reset(subject.arena), 0);
            assert_true(fill_up(subject.arena, 64, 8) * 64 > 240 * KIB);
            subject_close(&subject);
        }
    }
}

static void absorbing_in_a_loop_until_a_reset_loses_nothing(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 64 * KIB, NULL);
        struct numbers before = numbers_of(subject.arena);
        for (size_t i = 0; i < rounds(5000); i++) {
            for (int j = 0; j < 8; j++) {
                bitena *child = bitena_new_child(subject.arena);
                assert_non_null(child);
                (void)bitena_alloc(child, 300, 8);
                assert_int_equal(bitena_absorb(subject.arena, child), 0);
            }
            assert_int_equal(bitena_reset(subject.arena), 0);
        }
        assert_same_numbers(subject.arena, before);
        subject_close(&subject);
    }
}

static void absorb_in_another_thread(void *argument)
{
    bitena **pair = (bitena **)argument;
    ASSERT_REFUSED(EPERM, bitena_absorb(pair[0], pair[1]));
}

static void absorb_refuses_what_it_must(void **state)
{
    (void)state;
    bitena *arena = bitena_new(64 * KIB);
    bitena *other = bitena_new(64 * KIB);
    bitena *child = bitena_new_child(arena);
    bitena *grandchild = bitena_new_child(child);
    char *object = bitena_alloc(child, 100, 8);
    memset(object, 1, 100);
    ASSERT_REFUSED(EINVAL, bitena_absorb(other, child));
    ASSERT_REFUSED(EINVAL, bitena_absorb(arena, grandchild));
    ASSERT_REFUSED(EINVAL, bitena_absorb(child, arena));
    ASSERT_REFUSED(EINVAL, bitena_absorb(grandchild, child));
    ASSERT_REFUSED(EINVAL, bitena_absorb(child, child));
    ASSERT_REFUSED(EINVAL, bitena_absorb(arena, arena));
    ASSERT_REFUSED(EINVAL, bitena_absorb(arena, other));
    ASSERT_REFUSED(EBUSY, bitena_absorb(arena, child));
    in_another_thread(absorb_in_another_thread, (bitena *[]){child, grandchild});
    bitena_drop(grandchild);
    in_another_thread(absorb_in_another_thread, (bitena *[]){arena, child});
    (void)bitena_alloc(child, 100, 8); /* it is still the caller's */
    ASSERT_REFUSED(EBUSY, bitena_reset(arena));
    assert_int_equal(bitena_absorb(arena, child), 0);
    ASSERT_REFUSED(EINVAL, bitena_absorb(arena, child));
    ASSERT_REFUSED(EINVAL, bitena_own(child));
    ASSERT_NULL(EPERM, bitena_try_alloc(child, 8, 8));
    ASSERT_REFUSED(EPERM, bitena_reset(child));
    assert_true(all_bytes_are(object, 1, 100));
    bitena_drop(arena);
    bitena_drop(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(own_hands_an_arena_on),
        cmocka_unit_test(own_of_a_shared_or_exact_arena_is_refused),
        cmocka_unit_test(a_child_made_here_may_be_dropped_there),
        cmocka_unit_test(absorbed_objects_live_until_the_parents_reset),
        cmocka_unit_test(the_unused_rest_of_an_absorbed_child_goes_back),
        cmocka_unit_test(cleanups_of_an_absorbed_child_run_with_the_parents),
        cmocka_unit_test(a_child_that_absorbed_others_takes_them_along),
        cmocka_unit_test(absorbing_in_a_loop_until_a_reset_loses_nothing),
        cmocka_unit_test(absorb_refuses_what_it_must),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
