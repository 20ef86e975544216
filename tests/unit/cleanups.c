/* Cleanups: run once each, newest first per thread, before their memory goes back: at reset, drop,
 * or a rewind past them, and at no other time. They may allocate, defer, open scopes and make
 * children. The order and the contents are written to a log that each test compares as text.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>

#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"

enum { KIB = 1024 };

static char lines[4096];
static size_t written;

static void start_log(void)
{
    written = 0;
    lines[0] = 0;
}

static void append(const char *text)
{
    written += (size_t)snprintf(lines + written, sizeof lines - written, "%s ", text);
}

static void log_text(void *text)
{
    append((const char *)text);
}

/* The text stands in the arena itself: it must still be there when the cleanup runs. */
static void defer_text(bitena *arena, const char *text)
{
    bitena_defer(arena, log_text, bitena_alloc_str(arena, text));
}

static void cleanups_run_newest_first_at_reset(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 32 * KIB, NULL);
        start_log();
        defer_text(subject.arena, "one");
        defer_text(subject.arena, "two");
        (void)bitena_alloc(subject.arena, 9000, 8);
        defer_text(subject.arena, "three");
        assert_string_equal(lines, "");
        assert_int_equal(bitena_reset(subject.arena), 0);
        assert_string_equal(lines, "three two one ");
        assert_int_equal(bitena_reset(subject.arena), 0);
        assert_string_equal(lines, "three two one ");
        subject_close(&subject);
        assert_string_equal(lines, "three two one ");
    }
}

static void cleanups_run_newest_first_at_drop(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 32 * KIB, NULL);
        start_log();
        defer_text(subject.arena, "one");
        defer_text(subject.arena, "two");
        subject_close(&subject);
        assert_string_equal(lines, "two one ");
    }
}

static void a_rewind_runs_the_cleanups_it_passes_and_no_others(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 64 * KIB, NULL);
        bitena *arena = subject.arena;
        start_log();
        defer_text(arena, "a");
        bitena_mark outer = bitena_save(arena);
        defer_text(arena, "b");
        (void)bitena_alloc(arena, 12000, 8);
        defer_text(arena, "c");
        bitena_mark inner = bitena_save(arena);
        assert_int_equal(bitena_rewind(arena, inner), 0);
        assert_string_equal(lines, "");
        defer_text(arena, "d");
        assert_int_equal(bitena_rewind(arena, inner), 0);
        assert_string_equal(lines, "d ");
        defer_text(arena, "e");
        assert_int_equal(bitena_rewind(arena, outer), 0);
        assert_string_equal(lines, "d e c b ");
        assert_int_equal(bitena_rewind(arena, outer), 0);
        assert_string_equal(lines, "d e c b ");
        subject_close(&subject);
        assert_string_equal(lines, "d e c b a ");
    }
}

static void a_scope_left_early_runs_its_cleanups(void **state)
{
    (void)state;
    bitena *arena = bitena_new(32 * KIB);
    start_log();
    BITENA_SCOPE (arena) {
        defer_text(arena, "outer");
        BITENA_SCOPE (arena) {
            defer_text(arena, "inner");
            if (arena) {
                break;
            }
        }
        append("between");
    }
    assert_string_equal(lines, "inner between outer ");
    bitena_drop(arena);
}

struct watched {
    bitena *arena;
    char *object;
    bool whole;
};

/* What a cleanup allocates is not yet the memory that goes back. */
static void allocate_and_look(void *argument)
{
    struct watched *watched = (struct watched *)argument;
    for (int i = 0; i < 20; i++) {
        char *p = bitena_try_alloc(watched->arena, 100, 8);
        if (p) {
            memset(p, 0xFF, 100);
        }
        p = bitena_try_alloc_str(watched->arena, "text of a cleanup");
        assert_non_null(p);
    }
    watched->whole = all_bytes_are(watched->object, 0x37, 700);
}

static void cleanups_run_before_the_memory_goes_back(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        for (int way = 0; way < 3; way++) {
            struct subject subject = subject_open(kind, 32 * KIB, NULL);
            struct watched watched = {.arena = subject.arena};
            struct numbers before = numbers_of(subject.arena);
            bitena_mark mark = bitena_save(subject.arena);
            watched.object = bitena_alloc(subject.arena, 700, 8);
            memset(watched.object, 0x37, 700);
            bitena_defer(subject.arena, allocate_and_look, &watched);
            if (way == 0) {
                assert_int_equal(bitena_rewind(subject.arena, mark), 0);
                assert_same_numbers(subject.arena, before);
            } else if (way == 1) {
                assert_int_equal(bitena_reset(subject.arena), 0);
                assert_int_equal(bitena_used(subject.arena), kind == KIND_CHILD ? before.used : 0);
            }
            subject_close(&subject);
            assert_true(watched.whole);
        }
    }
}

/* Its node hangs from the ceiling, as objects do. */
static void a_defer_leaves_growing_data_where_it_is(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        if (kind != KIND_EXACT) {
            struct subject subject = subject_open(kind, 32 * KIB, NULL);
            char *growing = bitena_resize(subject.arena, NULL, 0, 10, 1);
            start_log();
            bitena_defer(subject.arena, log_text, "deferred");
            assert_ptr_equal(bitena_resize(subject.arena, growing, 10, 20, 1), growing);
            subject_close(&subject);
            assert_string_equal(lines, "deferred ");
        }
    }
}

struct chained {
    bitena *arena;
    int left;
};

static void defer_again(void *argument)
{
    struct chained *chained = (struct chained *)argument;
    append("again");
    if (chained->left-- > 0) {
        bitena_defer(chained->arena, defer_again, chained);
        BITENA_SCOPE (chained->arena) {
            defer_text(chained->arena, "scope");
        }
    }
}

static void a_cleanup_may_defer_and_all_run_until_none_remain(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        for (int way = 0; way < 3; way++) {
            struct subject subject = subject_open(kind, 32 * KIB, NULL);
            struct chained chained = {subject.arena, 2};
            start_log();
            defer_text(subject.arena, "oldest");
            bitena_mark mark = bitena_save(subject.arena);
            bitena_defer(subject.arena, defer_again, &chained);
            if (way == 0) {
                assert_int_equal(bitena_rewind(subject.arena, mark), 0);
                assert_string_equal(lines, "again scope again scope again ");
            } else if (way == 1) {
                assert_int_equal(bitena_reset(subject.arena), 0);
                assert_string_equal(lines, "again scope again scope again oldest ");
            }
            subject_close(&subject);
            assert_string_equal(lines, "again scope again scope again oldest ");
        }
    }
}

static bitena *made;

static void make_a_child(void *arena)
{
    made = bitena_new_child((bitena *)arena);
    append(made ? "child" : "none");
}

static void a_child_made_by_a_cleanup_stops_the_reset(void **state)
{
    (void)state;
    struct caught caught;
    bitena *arena = open_caught(32 * KIB, &caught);
    char *object = bitena_alloc(arena, 100, 8);
    memset(object, 5, 100);
    start_log();
    bitena_defer(arena, make_a_child, arena);
    ASSERT_REFUSED(EBUSY, bitena_reset(arena));
    assert_string_equal(lines, "child ");
    ASSERT_REPORTS(&caught, EBUSY, bitena_drop(arena));
    assert_true(all_bytes_are(object, 5, 100));
    assert_non_null(bitena_alloc(made, 64, 8));
    bitena_drop(made);
    bitena_drop(arena);
}

struct further {
    bitena *arena;
    bitena_mark mark;
    int result;
};

static void rewind_further(void *argument)
{
    struct further *further = (struct further *)argument;
    further->result = bitena_rewind(further->arena, further->mark);
}

static void a_cleanup_that_rewinds_further_runs_nothing_older(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 32 * KIB, NULL);
        bitena *arena = subject.arena;
        start_log();
        defer_text(arena, "older");
        struct numbers before = numbers_of(arena);
        struct further further = {arena, bitena_save(arena), -1};
        defer_text(arena, "between");
        bitena_mark inner = bitena_save(arena);
        bitena_defer(arena, rewind_further, &further);
        ASSERT_REFUSED(EINVAL, bitena_rewind(arena, inner)); /* dead by now */
        assert_int_equal(further.result, 0);
        assert_string_equal(lines, "between ");
        assert_same_numbers(arena, before);
        subject_close(&subject);
        assert_string_equal(lines, "between older ");
    }
}

static void defer_and_end(void *arena)
{
    defer_text((bitena *)arena, "of a thread");
    defer_text((bitena *)arena, "newer");
}

static void rewind_as_the_heir(void *arena)
{
    bitena_mark mark = bitena_save((bitena *)arena);
    defer_text((bitena *)arena, "the heir's");
    assert_int_equal(bitena_rewind((bitena *)arena, mark), 0);
}

static void cleanups_of_ended_threads_run_at_the_reset(void **state)
{
    (void)state;
    static const int modes[] = {BITENA_SHARED, BITENA_EXACT};
    for (size_t i = 0; i < 2; i++) {
        bitena *arena = bitena_open(&(bitena_options){.capacity = 64 * KIB, .mode = modes[i]});
        start_log();
        in_another_thread(defer_and_end, arena);
        assert_string_equal(lines, "");
        in_another_thread(rewind_as_the_heir, arena);
        assert_string_equal(lines, "the heir's ");
        assert_int_equal(bitena_reset(arena), 0);
        assert_string_equal(lines, "the heir's newer of a thread ");
        in_another_thread(defer_and_end, arena);
        bitena_drop(arena);
        assert_string_equal(lines, "the heir's newer of a thread newer of a thread ");
    }
}

static void a_rewind_leaves_other_threads_cleanups_alone(void **state)
{
    (void)state;
    bitena *arena = bitena_new(64 * KIB);
    start_log();
    bitena_mark mark = bitena_save(arena);
    in_another_thread(defer_and_end, arena);
    defer_text(arena, "mine");
    assert_int_equal(bitena_rewind(arena, mark), 0);
    assert_string_equal(lines, "mine ");
    bitena_drop(arena);
    assert_string_equal(lines, "mine newer of a thread ");
}

static void refuse_a_defer(int mode)
{
    struct caught caught;
    bitena *arena = bitena_open(&(bitena_options){
        .capacity = 20 * KIB, .mode = mode, .on_failure = catch_failure, .context = &caught});
    start_log();
    (void)fill_up(arena, 1, 1);
    ASSERT_REFUSED(ENOMEM, bitena_try_defer(arena, log_text, "never"));
    ASSERT_REPORTS(&caught, ENOMEM, bitena_defer(arena, log_text, "never"));
    assert_int_equal(bitena_remaining(arena), 0);
    assert_int_equal(bitena_reset(arena), 0);
    assert_string_equal(lines, "");
    bitena_drop(arena);
}

static void a_refused_defer_changes_nothing(void **state)
{
    (void)state;
    for (int mode = BITENA_SHARED; mode <= BITENA_LOCAL; mode++) {
        refuse_a_defer(mode);
    }
}

static void count_down(void *number)
{
    static size_t expected;
    size_t *n = (size_t *)number;
    expected = expected ? expected : *n;
    assert_int_equal(*n, expected);
    expected--;
}

static void ten_thousand_cleanups_run_in_order(void **state)
{
    (void)state;
    bitena *arena = bitena_new(1024 * KIB);
    for (size_t i = 1; i <= 10000; i++) {
        bitena_defer(arena, count_down, bitena_make(arena, size_t, i));
    }
    assert_int_equal(bitena_reset(arena), 0);
    assert_int_equal(bitena_remaining(arena), 1024 * KIB);
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cleanups_run_newest_first_at_reset),
        cmocka_unit_test(cleanups_run_newest_first_at_drop),
        cmocka_unit_test(a_rewind_runs_the_cleanups_it_passes_and_no_others),
        cmocka_unit_test(a_scope_left_early_runs_its_cleanups),
        cmocka_unit_test(cleanups_run_before_the_memory_goes_back),
        cmocka_unit_test(a_defer_leaves_growing_data_where_it_is),
        cmocka_unit_test(a_cleanup_may_defer_and_all_run_until_none_remain),
        cmocka_unit_test(a_child_made_by_a_cleanup_stops_the_reset),
        cmocka_unit_test(a_cleanup_that_rewinds_further_runs_nothing_older),
        cmocka_unit_test(cleanups_of_ended_threads_run_at_the_reset),
        cmocka_unit_test(a_rewind_leaves_other_threads_cleanups_alone),
        cmocka_unit_test(a_refused_defer_changes_nothing),
        cmocka_unit_test(ten_thousand_cleanups_run_in_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
