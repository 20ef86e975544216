/* Scopes in loops beside other threads' scopes: none is refused while there is room for all, and
 * when all have ended, every byte is back. Alone they are tried in scope_loops.c.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "support/bodies.h"
#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"

enum { KIB = 1024 };

struct busy {
    bitena *arena;
    body *fn;
    atomic_bool stop;
    size_t refusals;
};

static void *be_busy(void *argument)
{
    struct busy *busy = (struct busy *)argument;
    for (size_t round = 0; !atomic_load_explicit(&busy->stop, memory_order_relaxed); round++) {
        BITENA_SCOPE (busy->arena) {
            busy->refusals += !busy->fn(busy->arena, round);
        }
    }
    return NULL;
}

static void run_beside_a_busy_thread(size_t capacity, body *fn, body *busy_fn, size_t count)
{
    struct busy busy = {.arena = bitena_new(capacity), .fn = busy_fn};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, be_busy, &busy), 0);
    size_t refused = 0;
    for (size_t round = 0; round < rounds(count); round++) {
        BITENA_SCOPE (busy.arena) {
            refused += !fn(busy.arena, round);
        }
    }
    atomic_store(&busy.stop, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(refused, 0);
    assert_int_equal(busy.refusals, 0);
    assert_int_equal(bitena_used(busy.arena), 0);
    bitena_drop(busy.arena);
}

static void a_scope_runs_for_ever_beside_a_busy_thread(void **state)
{
    (void)state;
    static body *const each[] = {body_small,   body_mixed,  body_growing_text,
                                 body_windows, body_nested, body_child_inside};
    for (size_t i = 0; i < sizeof each / sizeof *each; i++) {
        run_beside_a_busy_thread(256 * KIB, each[i], body_small, 50000);
        run_beside_a_busy_thread(256 * KIB, each[i], body_mixed, 50000);
    }
}

static void scopes_of_random_sizes_lose_nothing_beside_a_busy_thread(void **state)
{
    (void)state;
    run_beside_a_busy_thread(2048 * KIB, body_random_sizes, body_random_sizes, 20000);
}

/* Two threads that need 96 of the 192 KiB between them, in some 400 pieces. */
static void many_small_pieces_of_two_threads_lose_nothing(void **state)
{
    (void)state;
    run_beside_a_busy_thread(192 * KIB, body_texts_and_objects, body_texts_and_objects, 20000);
}

struct crowding {
    bitena *arena;
    size_t count;
};

static void *fill_in_scopes(void *argument)
{
    const struct crowding *crowding = (const struct crowding *)argument;
    for (size_t round = 0; round < crowding->count; round++) {
        BITENA_SCOPE (crowding->arena) {
            while (body_texts_and_objects(crowding->arena, round)) {
            }
        }
    }
    return NULL;
}

/* What was refused is not lost either. */
static void scopes_that_fill_a_crowded_arena_give_all_back(void **state)
{
    (void)state;
    struct crowding crowding = {bitena_new(160 * KIB), rounds(500)};
    pthread_t threads[3];
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, fill_in_scopes, &crowding), 0);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    }
    assert_int_equal(bitena_used(crowding.arena), 0);
    bitena_drop(crowding.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scope_runs_for_ever_beside_a_busy_thread),
        cmocka_unit_test(scopes_of_random_sizes_lose_nothing_beside_a_busy_thread),
        cmocka_unit_test(many_small_pieces_of_two_threads_lose_nothing),
        cmocka_unit_test(scopes_that_fill_a_crowded_arena_give_all_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
