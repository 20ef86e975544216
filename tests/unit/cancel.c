/* Threads cancelled while they use an arena: no verb is a cancellation point, so a thread ends
 * before a verb or after it, never with runs in hand or a line half written. Deferred cancellation
 * only: the asynchronous kind must not meet a verb, as it must not meet nearly all of POSIX.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "platform/platform.h"
#include "support/random.h"
#include "support/trial.h"

enum { KIB = 1024, THREADS = 4, LONG_WAIT = 1000, ROUNDS = 100, BLOCK = 256 * KIB };

struct act {
    misuse *fn;
    void *argument;
    bool came_back;
};

static void *act_cancelled(void *argument)
{
    struct act *act = argument;
    (void)pthread_cancel(pthread_self()); /* pending from here on */
    act->fn(act->argument);
    act->came_back = true;
    pthread_testcancel();
    return NULL;
}

static void assert_not_cut_short(misuse *fn, void *argument)
{
    struct act act = {fn, argument, false};
    pthread_t thread;
    void *result = NULL;
    assert_int_equal(pthread_create(&thread, NULL, act_cancelled, &act), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_true(act.came_back);
    assert_ptr_equal(result, PTHREAD_CANCELED); /* and its own request still stands */
}

static void wait_long(void *argument)
{
    (void)argument;
    platform_wait(LONG_WAIT);
}

static void ask_for_too_much(void *argument)
{
    (void)argument;
    (void)bitena_new(SIZE_MAX / 4);
    bitena_drop(bitena_new(PTRDIFF_MAX)); /* of 32 bits it may be had */
}

static void what_was_held_off_stays_so(void **state)
{
    (void)state;
    int before;
    assert_int_equal(pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before), 0);
    wait_long(NULL);
    ask_for_too_much(NULL);
    assert_int_equal(pthread_setcancelstate(before, &before), 0);
    assert_int_equal(before, PTHREAD_CANCEL_DISABLE);
}

static void waits_and_refusals_come_to_their_end(void **state)
{
    (void)state;
    assert_not_cut_short(wait_long, NULL);
    assert_not_cut_short(ask_for_too_much, NULL);
}

static void fail_cancelled(void *arena)
{
    (void)pthread_cancel(pthread_self());
    (void)bitena_alloc(arena, BLOCK * 2, 8);
}

static void a_failure_is_reported_in_full(void **state)
{
    (void)state;
    bitena *arena = bitena_new(BLOCK);
    size_t room = bitena_remaining(arena);
    assert_aborts(
        fail_cancelled, arena,
        "bitena: arena 'arena': asked for %d bytes aligned to 8, %zu of %zu bytes remain: "
        "no room\n",
        BLOCK * 2, room, bitena_capacity(arena));
    bitena_drop(arena);
}

/* Takes and gives in a crowded arena until it is cancelled. */
static void *hammer(void *argument)
{
    bitena *arena = argument;
    struct random random = {(uint64_t)(uintptr_t)&arena};
    for (;;) {
        pthread_testcancel();
        bitena_mark mark = bitena_save(arena);
        for (int i = 0; i < 8; i++) {
            (void)bitena_try_alloc(arena, random_below(&random, 16 * KIB), 8);
        }
        (void)bitena_rewind(arena, mark);
    }
    return NULL;
}

static void cancelled_threads_hold_nothing(void **state)
{
    (void)state;
    bitena *arena = bitena_open(&(bitena_options){.capacity = BLOCK, .lease_max = 4 * KIB});
    assert_non_null(arena);
    for (size_t round = 0; round < rounds(ROUNDS); round++) {
        pthread_t threads[THREADS];
        for (int i = 0; i < THREADS; i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, hammer, arena), 0);
        }
        (void)nanosleep(&(struct timespec){0, 1000000}, NULL);
        for (int i = 0; i < THREADS; i++) {
            assert_int_equal(pthread_cancel(threads[i]), 0);
        }
        for (int i = 0; i < THREADS; i++) {
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        }
        /* all is to be had but what the slots' heirs will find: a lease and a spare run each */
        bitena_mark mark = bitena_save(arena);
        size_t served = fill_up(arena, 64, 8) * 64;
        assert_true(served >= BLOCK / 4 * 3);
        assert_int_equal(bitena_rewind(arena, mark), 0);
    }
    assert_int_equal(bitena_reset(arena), 0);
    assert_int_equal(bitena_remaining(arena), bitena_capacity(arena));
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(waits_and_refusals_come_to_their_end),
        cmocka_unit_test(what_was_held_off_stays_so),
        cmocka_unit_test(a_failure_is_reported_in_full),
        cmocka_unit_test(cancelled_threads_hold_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
