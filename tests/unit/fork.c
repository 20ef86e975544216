/* Fork: the child of a fork in the middle of other threads' refills goes on with the forking
 * thread's own state, whole; what stood in the arena stays, whichever thread made it; new threads,
 * resets and drops work as ever. Objects are logged by the threads that made them as soon as they
 * are written, so that the child can look at all that was complete when it was cut off. Not about
 * the parent, which a fork does not touch.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/misuse.h"
#include "support/overlap.h"
#include "support/random.h"
#include "support/subject.h"
#include "support/trial.h"

enum { KIB = 1024, MIB = 1024 * 1024, BUSY = 3, LOGGED = 64, OBJECT = 304 };

/* Written by one busy thread, looked at by the children of forks. */
struct busy {
    pthread_t thread;
    bitena *arena;
    bool with_children;
    unsigned char mark;
    char *logged[LOGGED];
    size_t count;
    bool stop;
    const bool *pause; /* shared with the child process, which needs the processors too */
};

static void log_object(struct busy *busy, char *object)
{
    memset(object, busy->mark, OBJECT);
    busy->logged[busy->count] = object;
    __atomic_store_n(&busy->count, busy->count + 1, __ATOMIC_RELEASE);
}

static void *be_busy(void *argument)
{
    struct busy *busy = (struct busy *)argument;
    while (!__atomic_load_n(&busy->stop, __ATOMIC_RELAXED)) {
        while (__atomic_load_n(busy->pause, __ATOMIC_RELAXED)) {
            (void)usleep(100);
        }
        BITENA_SCOPE (busy->arena) {
            bitena *child = busy->with_children ? bitena_new_child(busy->arena) : NULL;
            for (size_t i = 0; i < LOGGED; i++) {
                (void)bitena_try_alloc(busy->arena, 200 + 100 * (i % 4), 8);
                (void)bitena_try_alloc_strn(busy->arena, "refills, text beside objects", 28);
                char *p = bitena_try_alloc(child && i % 2 ? child : busy->arena, OBJECT, 8);
                if (p) {
                    log_object(busy, p);
                }
            }
            __atomic_store_n(&busy->count, 0, __ATOMIC_RELEASE);
            bitena_drop(child);
        }
    }
    return NULL;
}

struct crowd {
    bitena *arena;
    struct busy busy[BUSY];
    char *own;        /* the forking thread's */
    bitena_mark mark; /* its too, younger than own */
    bool *pause;
    struct overlap map; /* for the child, opened before the fork: its libc may be cut off too */
};

static void start_crowd(struct crowd *crowd, size_t capacity, bool with_children)
{
    *crowd = (struct crowd){.arena = bitena_new(capacity)};
    crowd->pause = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(crowd->pause != MAP_FAILED);
    crowd->own = bitena_alloc(crowd->arena, OBJECT, 8);
    memset(crowd->own, 0xF0, OBJECT);
    crowd->mark = bitena_save(crowd->arena);
    overlap_open(&crowd->map, capacity);
    overlap_locate(&crowd->map, crowd->own);
    for (size_t i = 0; i < BUSY; i++) {
        crowd->busy[i] = (struct busy){.arena = crowd->arena,
                                       .with_children = with_children,
                                       .pause = crowd->pause,
                                       .mark = (unsigned char)(i + 1)};
        assert_int_equal(pthread_create(&crowd->busy[i].thread, NULL, be_busy, &crowd->busy[i]), 0);
    }
}

static void stop_crowd(struct crowd *crowd)
{
    for (size_t i = 0; i < BUSY; i++) {
        __atomic_store_n(&crowd->busy[i].stop, true, __ATOMIC_RELAXED);
        assert_int_equal(pthread_join(crowd->busy[i].thread, NULL), 0);
    }
    assert_true(all_bytes_are(crowd->own, 0xF0, OBJECT));
    assert_int_equal(bitena_used(crowd->arena), OBJECT);
    bitena_drop(crowd->arena);
    overlap_close(&crowd->map);
    assert_int_equal(munmap(crowd->pause, 1), 0);
}

static bool objects_are_whole(const struct crowd *crowd)
{
    bool whole = all_bytes_are(crowd->own, 0xF0, OBJECT);
    for (size_t i = 0; i < BUSY; i++) {
        const struct busy *busy = &crowd->busy[i];
        for (size_t k = 0; k < __atomic_load_n(&busy->count, __ATOMIC_ACQUIRE); k++) {
            whole = whole && all_bytes_are(busy->logged[k], busy->mark, OBJECT);
        }
    }
    return whole;
}

/* Allocates a lot, or all there is, and overwrites it. */
static void scribble(bitena *arena)
{
    for (size_t i = 0; i < 300; i++) {
        size_t size = 64 + 13 * (i % 100);
        char *p = bitena_try_alloc(arena, size, 8);
        char *text = bitena_try_alloc_str(arena, "text of the child process");
        if (!p || !text) {
            break;
        }
        memset(p, 0xEE, size);
        REQUIRE_IN_CHILD(strcmp(text, "text of the child process") == 0);
    }
}

struct claiming {
    bitena *arena;
    struct overlap *map;
    size_t wrong;
};

static void *claim_some(void *argument)
{
    struct claiming *claiming = (struct claiming *)argument;
    char *p = bitena_try_alloc(claiming->arena, 1, 1);
    for (size_t i = 0, size = 1; p && i < 60; i++) {
        claiming->wrong += !overlap_claim(claiming->map, p, size);
        size = 1 + (i * 37) % 500;
        p = bitena_try_alloc(claiming->arena, size, 8);
    }
    return NULL;
}

/* A sanitizer's runtime cannot start threads in the child of a fork amid threads. */
static void run_a_crew(bitena *arena, struct overlap *map)
{
    pthread_t threads[BUSY];
    struct claiming claiming[BUSY];
    for (size_t i = 0; i < BUSY; i++) {
        claiming[i] = (struct claiming){arena, map, 0};
        if (under_sanitizer()) {
            (void)claim_some(&claiming[i]);
        } else {
            REQUIRE_IN_CHILD(pthread_create(&threads[i], NULL, claim_some, &claiming[i]) == 0);
        }
    }
    struct claiming mine = {arena, map, 0};
    (void)claim_some(&mine);
    REQUIRE_IN_CHILD(mine.wrong == 0);
    for (size_t i = 0; i < BUSY; i++) {
        REQUIRE_IN_CHILD(under_sanitizer() || pthread_join(threads[i], NULL) == 0);
        REQUIRE_IN_CHILD(claiming[i].wrong == 0);
    }
}

/* Twice: what the first left must not be in the second's way. */
static void run_new_threads(bitena *arena, struct overlap *map)
{
    run_a_crew(arena, map);
    run_a_crew(arena, map);
}

static void go_on_in_the_child(void *argument)
{
    struct crowd *crowd = (struct crowd *)argument;
    bitena *arena = crowd->arena;
    if (crowd->pause) {
        __atomic_store_n(crowd->pause, true, __ATOMIC_RELAXED);
    }
    REQUIRE_IN_CHILD(objects_are_whole(crowd));
    scribble(arena);
    BITENA_SCOPE (arena) {
        scribble(arena);
    }
    bitena *child = bitena_new_child(arena);
    if (child) {
        scribble(child);
        bitena_drop(child);
    }
    REQUIRE_IN_CHILD(objects_are_whole(crowd));
    REQUIRE_IN_CHILD(bitena_rewind(arena, crowd->mark) == 0);
    scribble(arena);
    run_new_threads(arena, &crowd->map);
    REQUIRE_IN_CHILD(objects_are_whole(crowd));
    if (crowd->busy[0].with_children) {
        return; /* the other threads' children live on */
    }
    for (int round = 0; round < 3; round++) {
        REQUIRE_IN_CHILD(bitena_reset(arena) == 0);
        REQUIRE_IN_CHILD(bitena_remaining(arena) == bitena_capacity(arena));
        overlap_clear(&crowd->map);
        run_new_threads(arena, &crowd->map);
    }
    bitena_drop(arena);
}

static void fork_often(size_t times, size_t capacity, bool with_children)
{
    struct crowd crowd;
    start_crowd(&crowd, capacity, with_children);
    for (size_t i = 0; i < rounds(times); i++) {
        assert_passes(go_on_in_the_child, &crowd);
        __atomic_store_n(crowd.pause, false, __ATOMIC_RELAXED);
        (void)usleep(1000); /* into the middle of things again */
    }
    stop_crowd(&crowd);
}

static void a_fork_amid_refills_leaves_a_working_arena(void **state)
{
    (void)state;
    fork_often(60, 2 * MIB, false);
}

static void a_fork_amid_refills_of_a_crowded_arena_leaves_it_working(void **state)
{
    (void)state;
    fork_often(4, 160 * KIB, false);
}

static void a_fork_amid_childrens_lives_leaves_a_working_arena(void **state)
{
    (void)state;
    fork_often(60, 2 * MIB, true);
}

struct left_behind {
    bitena *arena, *child;
    size_t cleanups;
    pthread_barrier_t ready, done;
};

static void count_one(void *count)
{
    ++*(size_t *)count;
}

static void *leave_things_behind(void *argument)
{
    struct left_behind *left = (struct left_behind *)argument;
    bitena_defer(left->arena, count_one, &left->cleanups);
    left->child = bitena_new_child(left->arena);
    memset(bitena_alloc(left->child, OBJECT, 8), 1, OBJECT);
    bitena_defer(left->child, count_one, &left->cleanups);
    pthread_barrier_wait(&left->ready);
    pthread_barrier_wait(&left->done);
    return NULL;
}

static void take_over(void *argument)
{
    struct left_behind *left = (struct left_behind *)argument;
    errno = 0;
    REQUIRE_IN_CHILD(bitena_reset(left->arena) == -1 && errno == EBUSY);
    REQUIRE_IN_CHILD(!bitena_try_alloc(left->child, 8, 8) && errno == EPERM);
    REQUIRE_IN_CHILD(bitena_own(left->child) == 0);
    scribble(left->child);
    bitena_drop(left->child);
    REQUIRE_IN_CHILD(left->cleanups == 1);
    REQUIRE_IN_CHILD(bitena_reset(left->arena) == 0);
    REQUIRE_IN_CHILD(left->cleanups == 2);
    REQUIRE_IN_CHILD(bitena_remaining(left->arena) == bitena_capacity(left->arena));
}

static void what_lost_threads_left_is_still_managed(void **state)
{
    (void)state;
    struct left_behind left = {.arena = bitena_new(128 * KIB)};
    pthread_t thread;
    assert_int_equal(pthread_barrier_init(&left.ready, NULL, 2), 0);
    assert_int_equal(pthread_barrier_init(&left.done, NULL, 2), 0);
    assert_int_equal(pthread_create(&thread, NULL, leave_things_behind, &left), 0);
    pthread_barrier_wait(&left.ready);
    assert_passes(take_over, &left);
    pthread_barrier_wait(&left.done);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(left.cleanups, 0);
    bitena_drop(left.child ? (assert_int_equal(bitena_own(left.child), 0), left.child) : NULL);
    bitena_drop(left.arena);
}

static void fork_and_go_on(void *argument)
{
    struct crowd crowd = {.arena = (bitena *)argument};
    crowd.own = bitena_alloc(crowd.arena, OBJECT, 8);
    memset(crowd.own, 0xF0, OBJECT);
    crowd.mark = bitena_save(crowd.arena);
    overlap_open(&crowd.map, bitena_capacity(crowd.arena));
    overlap_locate(&crowd.map, crowd.own);
    (void)bitena_alloc_str(crowd.arena, "younger than the mark");
    assert_passes(go_on_in_the_child, &crowd);
    overlap_close(&crowd.map);
    assert_int_equal(bitena_rewind(crowd.arena, crowd.mark), 0);
}

static void any_thread_may_fork(void **state)
{
    (void)state;
    if (getenv("BITENA_UNDER_VALGRIND")) {
        skip(); /* it calls lost what only the main thread's stack pointed at */
    }
    bitena *arena = bitena_new(256 * KIB);
    char *object = bitena_alloc(arena, OBJECT, 8);
    memset(object, 7, OBJECT);
    for (size_t i = 0; i < rounds(10); i++) {
        in_another_thread(fork_and_go_on, arena);
    }
    assert_true(all_bytes_are(object, 7, OBJECT));
    bitena_drop(arena);
}

static void go_on_alone(void *argument)
{
    bitena *arena = (bitena *)argument;
    size_t remaining = bitena_remaining(arena);
    REQUIRE_IN_CHILD(bitena_try_alloc(arena, 100, 1));
    REQUIRE_IN_CHILD(bitena_remaining(arena) == remaining - 100);
    bitena *child = bitena_new_child(arena);
    REQUIRE_IN_CHILD(child);
    scribble(child);
    bitena_drop(child);
    REQUIRE_IN_CHILD(bitena_reset(arena) == 0);
    bitena_drop(arena);
}

static void a_local_arena_stays_its_threads_own(void **state)
{
    (void)state;
    for (int mode = BITENA_SHARED; mode <= BITENA_LOCAL; mode++) {
        bitena *arena = bitena_open(&(bitena_options){.capacity = 256 * KIB, .mode = mode});
        (void)bitena_alloc(arena, 1, 1);
        assert_passes(go_on_alone, arena);
        assert_int_equal(bitena_used(arena), 1);
        bitena_drop(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fork_amid_refills_leaves_a_working_arena),
        cmocka_unit_test(a_fork_amid_refills_of_a_crowded_arena_leaves_it_working),
        cmocka_unit_test(a_fork_amid_childrens_lives_leaves_a_working_arena),
        cmocka_unit_test(what_lost_threads_left_is_still_managed),
        cmocka_unit_test(any_thread_may_fork),
        cmocka_unit_test(a_local_arena_stays_its_threads_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
