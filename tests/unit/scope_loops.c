/* A scope in a loop runs for ever in a small arena, whatever is done inside: `remaining` after the
 * last round is what it was before the first, and no round is refused. Also with children made
 * inside, dropped inside, or outliving the scope. Beside other threads: scope_crowds.c.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include "support/bodies.h"
#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"

enum { KIB = 1024 };

/* In an EXACT arena the bytes below a child's wait for a rewind without it, which is the one at
 * the end. */
static void run_for_ever(bitena *arena, const struct named_body *named, size_t count)
{
    struct numbers before = numbers_of(arena);
    bitena_mark outer = bitena_save(arena);
    bodies_begin();
    for (size_t round = 0; round < count; round++) {
        bool served = false;
        BITENA_SCOPE (arena) {
            served = named->fn(arena, round);
        }
        if (!served) {
            fail_msg("%s: round %zu was refused with %zu of %zu bytes left", named->name, round,
                     bitena_remaining(arena), bitena_capacity(arena));
        }
    }
    if (named->fn != body_child_outlives) {
        assert_same_numbers(arena, before);
    }
    bodies_end();
    assert_int_equal(bitena_rewind(arena, outer), 0);
    assert_same_numbers(arena, before);
}

static void in_every_body(enum kind kind, size_t capacity, size_t count)
{
    for (size_t i = 0; i < body_count; i++) {
        struct subject subject = subject_open(kind, capacity, NULL);
        (void)bitena_alloc_str(subject.arena, "text on the floor of the first lease");
        run_for_ever(subject.arena, &bodies[i], rounds(count));
        subject_close(&subject);
    }
}

static void a_scope_runs_for_ever_in_a_small_shared_arena(void **state)
{
    (void)state;
    in_every_body(KIND_SHARED, 64 * KIB, 200000);
    in_every_body(KIND_SHARED, 256 * KIB, 100000);
}

static void a_scope_runs_for_ever_in_an_exact_arena(void **state)
{
    (void)state;
    for (size_t i = 0; i < body_count; i++) {
        bitena *arena = bitena_new(8 * KIB); /* so small that it is made EXACT */
        (void)bitena_alloc_str(arena, "text");
        run_for_ever(arena, &bodies[i], rounds(100000));
        bitena_drop(arena);
    }
    in_every_body(KIND_EXACT, 64 * KIB, 100000);
}

static void a_scope_runs_for_ever_in_a_local_arena(void **state)
{
    (void)state;
    in_every_body(KIND_LOCAL, 64 * KIB, 100000);
}

static void a_scope_runs_for_ever_in_a_child(void **state)
{
    (void)state;
    in_every_body(KIND_CHILD, 64 * KIB, 100000);
}

static void a_scope_runs_for_ever_in_a_buffer(void **state)
{
    (void)state;
    in_every_body(KIND_BUFFER, 32 * KIB, 100000);
}

static void a_child_dropped_in_a_scope_gives_its_memory_back_for_good(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 16 * KIB, NULL);
        struct numbers before = numbers_of(subject.arena);
        for (size_t round = 0; round < rounds(10000); round++) {
            bitena *child = bitena_new_child(subject.arena);
            assert_non_null(child);
            assert_true(body_small(child, round));
            BITENA_SCOPE (subject.arena) {
                if (round % 2) {
                    assert_non_null(bitena_try_alloc(subject.arena, 100, 8));
                }
                bitena_drop(child);
                assert_non_null(bitena_try_alloc(subject.arena, 100, 8));
            }
            if (round % 50 == 0) {
                assert_same_numbers(subject.arena, before);
            }
        }
        subject_close(&subject);
    }
}

/* The rest that a child left behind is used by a scope, and is back after it. */
static void a_scope_that_fills_what_children_left_gives_it_back(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject =
            subject_open(kind, 8 * KIB + (kind == KIND_EXACT ? 0 : 16 * KIB), NULL);
        bitena *child = bitena_new_child(subject.arena);
        assert_true(body_small(child, 1));
        char *kept = bitena_alloc(subject.arena, 200, 8);
        memset(kept, 0x42, 200);
        bitena_drop(child);
        struct numbers before = numbers_of(subject.arena);
        for (int round = 0; round < 10; round++) {
            BITENA_SCOPE (subject.arena) {
                for (char *p; (p = bitena_try_alloc(subject.arena, 50, 8)) != NULL;) {
                    memset(p, 0, 50);
                }
            }
            assert_same_numbers(subject.arena, before);
            assert_true(all_bytes_are(kept, 0x42, 200));
        }
        subject_close(&subject);
    }
}

static void scopes_of_random_sizes_lose_nothing(void **state)
{
    (void)state;
    static const struct named_body named = {"random sizes", body_random_sizes};
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 512 * KIB, NULL);
        (void)bitena_alloc_str(subject.arena, "text on the floor of the first lease");
        run_for_ever(subject.arena, &named, rounds(20000));
        subject_close(&subject);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scope_runs_for_ever_in_a_small_shared_arena),
        cmocka_unit_test(a_scope_runs_for_ever_in_an_exact_arena),
        cmocka_unit_test(a_scope_runs_for_ever_in_a_local_arena),
        cmocka_unit_test(a_scope_runs_for_ever_in_a_child),
        cmocka_unit_test(a_scope_runs_for_ever_in_a_buffer),
        cmocka_unit_test(a_child_dropped_in_a_scope_gives_its_memory_back_for_good),
        cmocka_unit_test(a_scope_that_fills_what_children_left_gives_it_back),
        cmocka_unit_test(scopes_of_random_sizes_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
