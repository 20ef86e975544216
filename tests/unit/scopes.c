/* Scopes: every way out of one rewinds, except a longjmp, which a rewind to an outer mark makes
 * good; the macros take their argument once, nest anywhere, leave errno alone and close what they
 * opened and nothing else. That a scope in a loop runs for ever is shown in scope_loops.c.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"

enum { KIB = 1024 };

static void take(bitena *arena)
{
    memset(bitena_alloc(arena, 3000, 8), 1, 3000);
    (void)bitena_alloc_str(arena, "some text");
}

static int leave_by_end(bitena *arena)
{
    BITENA_SCOPE (arena) {
        take(arena);
    }
    return 1;
}

static int leave_by_break(bitena *arena)
{
    int reached = 0;
    BITENA_SCOPE (arena) {
        take(arena);
        if (arena) {
            break;
        }
        reached = 1;
    }
    return !reached;
}

static int leave_by_continue(bitena *arena)
{
    int reached = 0;
    BITENA_SCOPE (arena) {
        take(arena);
        if (arena) {
            continue;
        }
        reached = 1;
    }
    return !reached;
}

static int leave_by_goto(bitena *arena)
{
    int reached = 0;
    BITENA_SCOPE (arena) {
        BITENA_SCOPE (arena) {
            take(arena);
            if (arena) {
                goto out;
            }
        }
        reached = 1;
    }
out:
    return !reached;
}

static int leave_by_return(bitena *arena)
{
    BITENA_SCOPE (arena) {
        BITENA_SCOPED(arena);
        take(arena);
        return 1;
    }
    return 0;
}

static int leave_a_scoped_block(bitena *arena)
{
    for (int i = 0; i < 3; i++) {
        BITENA_SCOPED(arena);
        take(arena);
        BITENA_SCOPED(arena);
        take(arena);
    }
    return 1;
}

static int leave_a_childs_block(bitena *arena)
{
    for (int i = 0; i < 3; i++) {
        BITENA_CHILD(child, arena);
        take(child);
        if (i == 1) {
            continue;
        }
        take(child);
    }
    return 1;
}

static int several_on_one_line(bitena *arena)
{
    int runs = 0;
    /* clang-format off */
    BITENA_SCOPE(arena) { BITENA_SCOPE(arena) { take(arena); runs++; } take(arena); }
    BITENA_SCOPE(arena) { take(arena); } BITENA_SCOPE(arena) { take(arena); runs++; }
    BITENA_SCOPE(arena) BITENA_SCOPE(arena) BITENA_SCOPE(arena) take(arena);
    { BITENA_SCOPED(arena); BITENA_SCOPED(arena); take(arena); runs++; }
    /* clang-format on */
    return runs == 3;
}

static void every_way_out_of_a_scope_rewinds(void **state)
{
    (void)state;
    static int (*const ways[])(bitena *) = {
        leave_by_end,    leave_by_break,       leave_by_continue,    leave_by_goto,
        leave_by_return, leave_a_scoped_block, leave_a_childs_block, several_on_one_line,
    };
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 32 * KIB, NULL);
        char *older = bitena_alloc_str(subject.arena, "older");
        struct numbers before = numbers_of(subject.arena);
        for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
            assert_true(ways[i](subject.arena));
            assert_same_numbers(subject.arena, before);
            assert_int_equal(bitena_reset(subject.arena), 0); /* no child is left */
            older = bitena_alloc_str(subject.arena, "older");
        }
        assert_string_equal(older, "older");
        subject_close(&subject);
    }
}

static void break_and_continue_leave_only_the_scope(void **state)
{
    (void)state;
    bitena *arena = bitena_new(64 * KIB);
    int rounds_seen = 0;
    for (int i = 0; i < 10; i++) {
        BITENA_SCOPE (arena) {
            take(arena);
            if (i % 2) {
                break;
            }
            continue;
        }
        rounds_seen++;
    }
    assert_int_equal(rounds_seen, 10);
    assert_int_equal(bitena_remaining(arena), 64 * KIB);
    bitena_drop(arena);
}

static int evaluations;

static bitena *counted(bitena *arena)
{
    evaluations++;
    return arena;
}

static void the_macros_evaluate_the_arena_once(void **state)
{
    (void)state;
    bitena *arena = bitena_new(64 * KIB);
    evaluations = 0;
    BITENA_SCOPE (counted(arena)) {
        take(arena);
    }
    assert_int_equal(evaluations, 1);
    {
        BITENA_SCOPED(counted(arena));
        take(arena);
    }
    assert_int_equal(evaluations, 2);
    {
        BITENA_CHILD(child, counted(arena));
        take(child);
    }
    assert_int_equal(evaluations, 3);
    assert_int_equal(bitena_remaining(arena), 64 * KIB);
    bitena_drop(arena);
}

static void a_scope_leaves_errno_alone(void **state)
{
    (void)state;
    bitena *arena = bitena_new(64 * KIB);
    errno = 7777;
    BITENA_SCOPE (arena) {
        take(arena);
        assert_int_equal(bitena_reset(arena), 0); /* the scope's own mark is gone */
        BITENA_CHILD(child, arena);
        take(child);
        errno = 8888;
    }
    assert_int_equal(errno, 8888);
    bitena_drop(arena);
}

static jmp_buf back;

static __attribute__((noinline)) void jump_out(bitena *arena, int depth)
{
    BITENA_SCOPE (arena) {
        take(arena);
        if (depth == 0) {
            longjmp(back, 1);
        }
        jump_out(arena, depth - 1);
    }
}

static void jump_over_scopes(bitena *arena)
{
    if (setjmp(back) == 0) {
        jump_out(arena, 8);
    }
}

static void a_longjmp_skips_a_scope_and_an_outer_rewind_makes_good(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 64 * KIB, NULL);
        (void)bitena_alloc_str(subject.arena, "older");
        struct numbers before = numbers_of(subject.arena);
        bitena_mark mark = bitena_save(subject.arena);
        for (int i = 0; i < 30; i++) {
            jump_over_scopes(subject.arena);
            assert_true(bitena_remaining(subject.arena) < before.remaining);
            assert_int_equal(bitena_rewind(subject.arena, mark), 0);
            assert_same_numbers(subject.arena, before);
        }
        BITENA_SCOPE (subject.arena) {
            take(subject.arena);
        }
        assert_same_numbers(subject.arena, before);
        subject_close(&subject);
    }
}

static void a_rewind_inside_a_scope_ends_it_early_and_once(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 32 * KIB, NULL);
        bitena *arena = subject.arena;
        bitena_mark outer = bitena_save(arena);
        char *object = NULL;
        struct numbers inside = {0, 0};
        BITENA_SCOPE (arena) {
            take(arena);
            assert_int_equal(bitena_rewind(arena, outer), 0);
            object = bitena_alloc(arena, 500, 8);
            memset(object, 0x3C, 500);
            inside = numbers_of(arena);
        }
        assert_same_numbers(arena, inside); /* taken after the scope had ended */
        char *later = bitena_alloc(arena, 500, 8);
        memset(later, 0xC3, 500);
        assert_true(all_bytes_are(object, 0x3C, 500));
        subject_close(&subject);
    }
}

static void scopes_of_two_arenas_cross(void **state)
{
    (void)state;
    bitena *one = bitena_new(64 * KIB);
    bitena *two = bitena_new(64 * KIB);
    BITENA_SCOPE (one) {
        take(one);
        struct numbers of_one = numbers_of(one);
        BITENA_SCOPE (two) {
            take(one);
            take(two);
        }
        assert_int_equal(bitena_remaining(two), 64 * KIB);
        assert_true(bitena_remaining(one) < of_one.remaining);
    }
    assert_int_equal(bitena_remaining(one), 64 * KIB);
    bitena_drop(one);
    bitena_drop(two);
}

static void a_child_that_cannot_be_made_calls_the_handler(void **state)
{
    (void)state;
    struct caught caught;
    bitena *arena = open_caught(4 * KIB, &caught);
    (void)fill_up(arena, 1, 1);
    ASSERT_REPORTS(&caught, ENOMEM, (void)bitena_child_or_fail_(arena));
    assert_ptr_equal(caught.arena, arena);
    if (setjmp(caught.back) == 0) {
        BITENA_CHILD(child, arena);
        fail_msg("made %p in a full arena", (void *)child);
    }
    assert_int_equal(bitena_reset(arena), 0);
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_out_of_a_scope_rewinds),
        cmocka_unit_test(break_and_continue_leave_only_the_scope),
        cmocka_unit_test(the_macros_evaluate_the_arena_once),
        cmocka_unit_test(a_scope_leaves_errno_alone),
        cmocka_unit_test(a_longjmp_skips_a_scope_and_an_outer_rewind_makes_good),
        cmocka_unit_test(a_rewind_inside_a_scope_ends_it_early_and_once),
        cmocka_unit_test(scopes_of_two_arenas_cross),
        cmocka_unit_test(a_child_that_cannot_be_made_calls_the_handler),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
