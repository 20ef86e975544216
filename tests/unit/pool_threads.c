/* Pools and threads: what one gives another takes; what an ended thread had goes to the heir of its
 * slot; a thread without a slot, late in its end, is served from what is shared; in LOCAL arenas only
 * the owner grows a pool; in the child of a fork a pool goes on.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <bitena/pool.h>

#include "support/subject.h"
#include "support/trial.h"

enum { CAPACITY = 1 << 20, OBJECTS = 1000, BYTES = 48, THREADS = 20 };

struct job {
    bitena *arena;
    bitena_pool *pool;
    void *taken[OBJECTS];
    size_t count;
};

static void run(void *(*work)(void *), void *argument)
{
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, work, argument), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
}

static void *take_some(void *argument)
{
    struct job *job = argument;
    for (job->count = 0; job->count < OBJECTS; job->count++) {
        memset(job->taken[job->count] = bitena_pool_take(job->pool), 1, BYTES);
    }
    return NULL;
}

static void *give_all(void *argument)
{
    struct job *job = argument;
    while (job->count > 0) {
        REQUIRE_IN_CHILD(bitena_pool_give(job->pool, job->taken[--job->count]) == 0);
    }
    return NULL;
}

static void what_ended_threads_had_is_not_lost(void **state)
{
    (void)state;
    static struct job job;
    job.arena = bitena_new(CAPACITY);
    job.pool = bitena_pool_new(job.arena, BYTES, 8);
    run(take_some, &job);
    run(give_all, &job);
    size_t capacity = bitena_pool_count(job.pool).capacity;
    for (int i = 0; i < THREADS; i++) {
        run(take_some, &job);
        run(give_all, &job);
        assert_int_equal(bitena_pool_count(job.pool).live, 0);
    }
    assert_int_equal(bitena_pool_count(job.pool).capacity, capacity);
    bitena_drop(job.arena);
}

static void *take_one(void *argument)
{
    struct job *job = argument;
    job->taken[0] = bitena_pool_take(job->pool);
    return NULL;
}

/* A thread that is new to the library has no number yet; the magazines that there are have bearers. */
static void what_another_has_free_is_not_found(void **state)
{
    (void)state;
    static struct job job;
    job.arena = bitena_new(CAPACITY);
    job.pool = bitena_pool_new(job.arena, BYTES, 8);
    void *mine = bitena_pool_take(job.pool);
    assert_int_equal(bitena_pool_give(job.pool, mine), 0);
    run(take_one, &job);
    assert_ptr_not_equal(job.taken[0], mine);
    assert_ptr_equal(bitena_pool_take(job.pool), mine);
    assert_int_equal(bitena_pool_count(job.pool).live, 2);
    bitena_drop(job.arena);
}

struct crew {
    pthread_barrier_t gate;
    bitena_pool *pool;
};

static void *stay(void *argument)
{
    struct crew *crew = argument;
    void *objects[100];
    for (int i = 0; i < 100; i++) {
        memset(objects[i] = bitena_pool_take(crew->pool), 1, BYTES);
    }
    pthread_barrier_wait(&crew->gate); /* all have a slot of their own */
    for (int i = 0; i < 100; i++) {
        REQUIRE_IN_CHILD(bitena_pool_give(crew->pool, objects[i]) == 0);
    }
    return NULL;
}

static void many_threads_have_a_magazine_each(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    struct crew crew = {.pool = bitena_pool_new(arena, BYTES, 8)};
    pthread_t threads[THREADS];
    assert_int_equal(pthread_barrier_init(&crew.gate, NULL, THREADS), 0);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < THREADS; i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, stay, &crew), 0);
        }
        for (int i = 0; i < THREADS; i++) {
            assert_int_equal(pthread_join(threads[i], NULL), 0);
        }
        assert_int_equal(bitena_pool_count(crew.pool).live, 0);
    }
    assert_true(bitena_pool_count(crew.pool).capacity < 2 * 100 * THREADS + 200 * THREADS);
    pthread_barrier_destroy(&crew.gate);
    bitena_drop(arena);
}

/* The destructor puts itself off to the last round, when the thread has no slot any more. */
static pthread_key_t late_key;
struct late {
    struct job job;
    int rounds, without_slot;
};

static void at_the_end(void *argument)
{
    struct late *late = argument;
    if (bitena_thread_slot_() != 4095 && late->rounds++ < 8) {
        REQUIRE_IN_CHILD(pthread_setspecific(late_key, late) == 0);
        return;
    }
    late->without_slot = bitena_thread_slot_() == 4095;
    struct job *job = &late->job;
    for (int round = 0; round < 3; round++) {
        give_all(job);
        take_some(job);
    }
    give_all(job);
}

static void *end_late(void *argument)
{
    struct late *late = argument;
    take_some(&late->job);
    REQUIRE_IN_CHILD(pthread_setspecific(late_key, late) == 0);
    return NULL;
}

static void a_thread_in_its_last_breath_is_served(void **state)
{
    (void)state;
    static struct late late;
    late.job.arena = bitena_new(CAPACITY);
    late.job.pool = bitena_pool_new(late.job.arena, BYTES, 8);
    assert_int_equal(pthread_key_create(&late_key, at_the_end), 0);
    run(end_late, &late);
    assert_int_equal(late.without_slot, 1);
    bitena_pool_numbers numbers = bitena_pool_count(late.job.pool);
    assert_int_equal(numbers.live, 0);
    run(take_some, &late.job); /* strays serve magazines too */
    assert_int_equal(bitena_pool_count(late.job.pool).capacity, numbers.capacity);
    run(give_all, &late.job);
    pthread_key_delete(late_key);
    bitena_drop(late.job.arena);
}

static void *take_in_vain(void *argument)
{
    struct job *job = argument;
    errno = 0;
    job->count = bitena_pool_try_take(job->pool) == NULL && errno == EPERM;
    return NULL;
}

static void *take_and_give(void *argument)
{
    struct job *job = argument;
    errno = 0;
    void *p = bitena_pool_try_take(job->pool);
    job->count = p != NULL && bitena_pool_give(job->pool, p) == 0 && errno == 0;
    return NULL;
}

static void in_a_local_arena_a_stranger_takes_but_does_not_grow(void **state)
{
    (void)state;
    static struct job job;
    job.arena = bitena_open(&(bitena_options){.capacity = CAPACITY, .mode = BITENA_LOCAL});
    job.pool = bitena_pool_new(job.arena, BYTES, 8);
    run(take_in_vain, &job);
    assert_int_equal(job.count, 1);
    job.pool = bitena_pool_open(job.arena, &(bitena_pool_options){.size = BYTES, .reserve = 10});
    run(take_and_give, &job);
    assert_int_equal(job.count, 1);
    assert_non_null(bitena_pool_take(job.pool));
    assert_int_equal(bitena_pool_count(job.pool).live, 1);
    bitena_drop(job.arena);
}

static void use_after_fork(void *argument)
{
    struct job *job = argument;
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) { /* heirs of slots that the fork cut off */
        REQUIRE_IN_CHILD(pthread_create(&threads[i], NULL, i ? give_all : take_and_give,
                                        i ? job : &(struct job){.pool = job->pool}) == 0);
        REQUIRE_IN_CHILD(pthread_join(threads[i], NULL) == 0);
    }
    take_some(job);
    for (size_t i = 1; i < OBJECTS; i++) {
        REQUIRE_IN_CHILD(job->taken[i] != job->taken[i - 1]);
    }
}

static void the_child_of_a_fork_goes_on(void **state)
{
    (void)state;
    static struct job job;
    job.arena = bitena_new(CAPACITY);
    job.pool = bitena_pool_new(job.arena, BYTES, 8);
    run(take_some, &job);
    assert_passes(use_after_fork, &job);
    run(give_all, &job);
    assert_int_equal(bitena_pool_count(job.pool).live, 0);
    bitena_drop(job.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_ended_threads_had_is_not_lost),
        cmocka_unit_test(what_another_has_free_is_not_found),
        cmocka_unit_test(many_threads_have_a_magazine_each),
        cmocka_unit_test(a_thread_in_its_last_breath_is_served),
        cmocka_unit_test(in_a_local_arena_a_stranger_takes_but_does_not_grow),
        cmocka_unit_test(the_child_of_a_fork_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
