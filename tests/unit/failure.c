/* The failure handler: called with exactly what was asked, left by longjmp or exit, followed by an
 * abort when it returns; and the one line that the default writes. What commits report is in
 * commit.c and exact.c, what names do to the line in options.c, NULL parameters in null.c.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/misuse.h"
#include "support/subject.h"

enum { CAPACITY = 20000 };

typedef struct Point {
    int x, y;
} Point;

static void nothing_to_clean(void *argument)
{
    (void)argument;
}

static volatile size_t too_long = 30000, absurd = SIZE_MAX;

/* ---- Every plain verb with what it then reports ---- */

static void alloc_too_much(bitena *a)
{
    (void)bitena_alloc(a, 1 << 20, 64);
}
static void alloc_misaligned(bitena *a)
{
    (void)bitena_alloc(a, 10, 24);
}
static void alloc_unaligned(bitena *a)
{
    (void)bitena_alloc(a, 10, 0);
}
static void alloc_absurd(bitena *a)
{
    (void)bitena_alloc(a, SIZE_MAX, 8);
}
static void alloc_by_name(bitena *a)
{
    (void)bitena_alloc_slow_(a, 1 << 20, 64);
}
static void make_too_much(bitena *a)
{
    (void)bitena_make(a, char[30000]);
}
static void slice_too_much(bitena *a)
{
    (void)bitena_alloc_slice(a, Point, 5000, .x = 1);
}
static void slice_overflow(bitena *a)
{
    (void)bitena_alloc_slice(a, Point, SIZE_MAX / 8 + 2);
}
static void uninit_too_much(bitena *a)
{
    (void)bitena_alloc_uninit(a, double, 5000);
}
static void uninit_overflow(bitena *a)
{
    (void)bitena_alloc_uninit(a, double, SIZE_MAX / 2);
}
static void text_too_long(bitena *a)
{
    (void)bitena_alloc_strn(a, "", too_long);
}
static void text_absurd(bitena *a)
{
    (void)bitena_alloc_strn(a, "", absurd);
}
static void resize_too_much(bitena *a)
{
    (void)bitena_resize(a, NULL, 0, 30000, 16);
}
static void resize_misaligned(bitena *a)
{
    (void)bitena_resize(a, NULL, 0, 30, 3);
}
static void resize_nothing(bitena *a)
{
    (void)bitena_resize(a, NULL, 7, 30, 8);
}
static void resize_slice(bitena *a)
{
    (void)bitena_resize_slice(a, Point, NULL, 0, SIZE_MAX);
}

static void window_too_large(bitena *a)
{
    size_t room;
    (void)bitena_window(a, 30000, 2, &room);
}

static void fail_for_a_module(bitena *a)
{
    bitena_fail_(a, 70, 2, EROFS, "closed");
}
static void fail_by_the_error(bitena *a)
{
    bitena_fail_(a, 0, 0, EPERM, NULL);
}

static void defer_when_full(bitena *a)
{
    (void)bitena_alloc(a, bitena_remaining(a) - 3 * sizeof(void *) + 1, 1);
    bitena_defer(a, nothing_to_clean, NULL);
}

static const struct attempt {
    void (*fn)(bitena *arena);
    size_t size, align;
    int error;
    const char *reason;
    size_t remaining;
} attempts[] = {
    {alloc_too_much, 1 << 20, 64, ENOMEM, "no room", CAPACITY},
    {alloc_misaligned, 10, 24, EINVAL, "the alignment is not a power of two", CAPACITY},
    {alloc_unaligned, 10, 0, EINVAL, "the alignment is not a power of two", CAPACITY},
    {alloc_absurd, SIZE_MAX, 8, EOVERFLOW, "the size is too large for any memory", CAPACITY},
    {alloc_by_name, 1 << 20, 64, ENOMEM, "no room", CAPACITY},
    {make_too_much, 30000, 1, ENOMEM, "no room", CAPACITY},
    {slice_too_much, 40000, 4, ENOMEM, "no room", CAPACITY},
    {slice_overflow, SIZE_MAX, 4, EOVERFLOW, "the size is too large for any memory", CAPACITY},
    {uninit_too_much, 40000, _Alignof(double), ENOMEM, "no room", CAPACITY},
    {uninit_overflow, SIZE_MAX, _Alignof(double), EOVERFLOW, "the size is too large for any memory",
     CAPACITY},
    {text_too_long, 30001, 1, ENOMEM, "no room", CAPACITY},
    {text_absurd, SIZE_MAX, 1, EOVERFLOW, "the size is too large for any memory", CAPACITY},
    {resize_too_much, 30000, 16, ENOMEM, "no room", CAPACITY},
    {resize_misaligned, 30, 3, EINVAL, "the alignment is not a power of two", CAPACITY},
    {resize_nothing, 30, 8, EINVAL, "resize of NULL with an old size", CAPACITY},
    {resize_slice, SIZE_MAX, 4, EOVERFLOW, "the size is too large for any memory", CAPACITY},
    {window_too_large, 30000, 2, ENOMEM, "no room", CAPACITY},
    {fail_for_a_module, 70, 2, EROFS, "closed", CAPACITY},
    {fail_by_the_error, 0, 0, EPERM, "the arena belongs to another thread", CAPACITY},
    {defer_when_full, 3 * sizeof(void *), _Alignof(void *), ENOMEM, "no room",
     3 * sizeof(void *) - 1},
};
enum { ATTEMPTS = sizeof attempts / sizeof *attempts };

struct trial {
    bitena *arena;
    const struct attempt *attempt;
};

static void run_attempt(void *argument)
{
    const struct trial *trial = argument;
    trial->attempt->fn(trial->arena);
}

static void the_default_writes_one_line_and_aborts(void **state)
{
    (void)state;
    static const int modes[] = {BITENA_SHARED, BITENA_EXACT, BITENA_LOCAL};
    for (size_t i = 0; i < ATTEMPTS; i++) {
        bitena *arena = bitena_open(
            &(bitena_options){.capacity = CAPACITY, .mode = modes[i % 3], .name = "requests"});
        struct trial trial = {arena, &attempts[i]};
        assert_aborts(run_attempt, &trial,
                      "bitena: arena 'requests': asked for %zu bytes aligned to %zu,"
                      " %zu of 20000 bytes remain: %s\n",
                      attempts[i].size, attempts[i].align, attempts[i].remaining,
                      attempts[i].reason);
        bitena_drop(arena);
    }
}

/* ---- A handler of one's own ---- */

static struct seen {
    int calls;
    void *context;
    bitena *arena;
    size_t size, align;
    int error;
} seen;

static jmp_buf recovery;

static void remember(void *context, bitena *arena, size_t size, size_t align, int error)
{
    seen = (struct seen){seen.calls + 1, context, arena, size, align, error};
    longjmp(recovery, 1);
}

static void assert_reported(bitena *arena, const struct attempt *attempt, void *context)
{
    seen = (struct seen){0};
    if (setjmp(recovery) == 0) {
        attempt->fn(arena);
        fail_msg("no failure for size %zu", attempt->size);
    }
    assert_int_equal(seen.calls, 1);
    assert_ptr_equal(seen.context, context);
    assert_ptr_equal(seen.arena, arena);
    assert_int_equal(seen.size, attempt->size);
    assert_int_equal(seen.align, attempt->align);
    assert_int_equal(seen.error, attempt->error);
}

static void a_handler_gets_exactly_what_was_asked(void **state)
{
    (void)state;
    static char buffer[BITENA_BUFFER_SIZE(CAPACITY)];
    int context;
    for (int mode = BITENA_SHARED; mode <= BITENA_LOCAL; mode++) {
        bitena_options options = {
            .capacity = CAPACITY, .mode = mode, .on_failure = remember, .context = &context};
        bitena *arenas[] = {bitena_open(&options), bitena_init(buffer, sizeof buffer, &options)};
        for (size_t a = 0; a < 2; a++) {
            for (size_t i = 0; i < ATTEMPTS; i++) {
                assert_reported(arenas[a], &attempts[i], &context);
            }
            bitena_drop(arenas[a]);
        }
    }
}

static void a_handler_may_longjmp_and_the_arena_lives_on(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, 1 << 20, remember);
        char *text = bitena_alloc_str(s.arena, "before");
        struct numbers before = numbers_of(s.arena);
        struct attempt too_much = {alloc_absurd, SIZE_MAX, 8, EOVERFLOW, NULL, 0};
        for (int i = 0; i < 100; i++) {
            assert_reported(s.arena, &too_much, (void *)s.name);
            assert_same_numbers(s.arena, before);
        }
        assert_string_equal(text, "before");
        assert_string_equal(bitena_alloc_str(s.arena, "after"), "after");
        subject_close(&s);
    }
}

static void return_at_once(void *context, bitena *arena, size_t size, size_t align, int error)
{
    (void)context;
    (void)arena;
    (void)size;
    (void)align;
    (void)error;
}

static void fail_with(void *argument)
{
    alloc_too_much(argument);
}

static void when_the_handler_returns_the_process_aborts(void **state)
{
    (void)state;
    bitena *arena =
        bitena_open(&(bitena_options){.capacity = CAPACITY, .on_failure = return_at_once});
    assert_aborts(fail_with, arena, "%s", "");
    bitena_drop(arena);
}

/* The arena may be looked at and used there. */
static void exit_in_order(void *context, bitena *arena, size_t size, size_t align, int error)
{
    int asked = size == 1 << 20 && align == 64 && error == ENOMEM;
    int usable = bitena_remaining(arena) == CAPACITY && bitena_try_alloc(arena, 10, 1);
    _exit(asked && usable && strcmp(context, "context") == 0 ? 0 : 1);
}

static void a_handler_may_exit(void **state)
{
    (void)state;
    bitena *arena = bitena_open(&(bitena_options){
        .capacity = CAPACITY, .on_failure = exit_in_order, .context = (void *)"context"});
    assert_passes(fail_with, arena);
    bitena_drop(arena);
}

static void the_try_verbs_never_call_it(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, 50000, return_at_once);
        size_t room;
        assert_null(bitena_try_alloc(s.arena, 1 << 20, 8));
        assert_null(bitena_try_alloc(s.arena, 8, 0));
        assert_null(bitena_try_make(s.arena, char[1 << 20]));
        assert_null(bitena_try_alloc_slice(s.arena, Point, 1 << 20));
        assert_null(bitena_try_alloc_uninit(s.arena, Point, SIZE_MAX));
        assert_null(bitena_try_alloc_strn(s.arena, "", too_long * 100));
        assert_null(bitena_try_resize(s.arena, NULL, 1, 10, 8));
        assert_null(bitena_try_resize_slice(s.arena, Point, NULL, 0, 1 << 20));
        assert_null(bitena_try_window(s.arena, 1 << 20, 1, &room));
        while (bitena_try_alloc(s.arena, 1000, 1) || bitena_try_alloc(s.arena, 1, 1)) {
        }
        assert_int_equal(bitena_try_defer(s.arena, nothing_to_clean, NULL), -1);
        subject_close(&s);
    }
}

/* ---- Strangers, children, locks ---- */

static void allocate_as_a_stranger(void *argument)
{
    in_another_thread(fail_with, argument);
}

static void a_strangers_plain_verb_is_reported(void **state)
{
    (void)state;
    bitena *arena = bitena_open(&(bitena_options){.capacity = CAPACITY, .mode = BITENA_LOCAL});
    assert_aborts(allocate_as_a_stranger, arena,
                  "bitena: arena 'arena': asked for 1048576 bytes aligned to 64, 20000 of 20000"
                  " bytes remain: the arena belongs to another thread\n");
    bitena_drop(arena);
}

static void a_child_inherits_name_handler_and_context(void **state)
{
    (void)state;
    int context;
    bitena *named = bitena_open(&(bitena_options){.capacity = 1 << 20, .name = "parent"});
    bitena *child = bitena_new_child(named);
    assert_aborts(fail_with, child,
                  "bitena: arena 'parent': asked for 1048576 bytes aligned to 64, %zu of 1048576"
                  " bytes remain: no room\n",
                  bitena_remaining(child));
    bitena_drop(child);
    bitena_drop(named);
    bitena *handled = bitena_open(
        &(bitena_options){.capacity = 1 << 20, .on_failure = remember, .context = &context});
    child = bitena_new_child(handled);
    assert_reported(child, &attempts[0], &context);
    bitena_drop(child);
    bitena_drop(handled);
}

static sem_t held;

static void *hold_stderr(void *argument)
{
    flockfile(stderr);
    (void)sem_post(&held);
    for (;;) {
        (void)pause();
    }
    return argument;
}

static void fail_while_stderr_is_held(void *argument)
{
    pthread_t thread;
    REQUIRE_IN_CHILD(sem_init(&held, 0, 0) == 0);
    REQUIRE_IN_CHILD(pthread_create(&thread, NULL, hold_stderr, NULL) == 0);
    REQUIRE_IN_CHILD(sem_wait(&held) == 0);
    alloc_too_much(argument);
}

static void a_failure_inside_another_librarys_lock_still_reports(void **state)
{
    (void)state;
    if (under_a_tool()) {
        skip(); /* the thread sanitizer's abort flushes stderr itself */
    }
    bitena *arena = bitena_open(&(bitena_options){.capacity = CAPACITY});
    assert_aborts(fail_while_stderr_is_held, arena,
                  "bitena: arena 'arena': asked for 1048576 bytes aligned to 64, 20000 of 20000"
                  " bytes remain: no room\n");
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_writes_one_line_and_aborts),
        cmocka_unit_test(a_handler_gets_exactly_what_was_asked),
        cmocka_unit_test(a_handler_may_longjmp_and_the_arena_lives_on),
        cmocka_unit_test(when_the_handler_returns_the_process_aborts),
        cmocka_unit_test(a_handler_may_exit),
        cmocka_unit_test(the_try_verbs_never_call_it),
        cmocka_unit_test(a_strangers_plain_verb_is_reported),
        cmocka_unit_test(a_child_inherits_name_handler_and_context),
        cmocka_unit_test(a_failure_inside_another_librarys_lock_still_reports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
