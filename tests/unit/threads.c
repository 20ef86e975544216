/* Threads that come and go: no two overlap, the room of an ended thread goes on to the next, a
 * thread beyond the table is served all the same, and a reset makes its caller the owner. What
 * destructors of ending threads may do is in thread_ends.c.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>

#include "thread.h"

#include "support/misuse.h"
#include "support/overlap.h"
#include "support/random.h"
#include "support/subject.h"
#include "support/trial.h"

/* The word that the inline path compares. */
static uint64_t owner_of(const bitena *arena)
{
    return *(const uint64_t *)(const void *)((const char *)arena - BITENA_OWNER_BEFORE_);
}

enum { KIB = 1024, MIB = 1024 * 1024, CREW = 12 };

struct worker {
    pthread_t thread;
    bitena *arena;
    struct overlap *map;
    pthread_barrier_t *start;
    size_t count;
    uint64_t seed;
    size_t overlaps, refusals, wrong_rewinds;
};

static void *allocate_and_claim(void *argument)
{
    struct worker *worker = (struct worker *)argument;
    struct random random = {worker->seed};
    pthread_barrier_wait(worker->start);
    for (size_t i = 0; i < worker->count; i++) {
        size_t size = random_between(&random, 1, 200);
        size_t align = (size_t)1 << random_below(&random, 7);
        char *p = i % 3 ? bitena_try_alloc(worker->arena, size, align)
                        : bitena_try_alloc_strn(worker->arena, "", 0);
        if (i % 3 == 0) {
            bitena_mark mark = bitena_save(worker->arena);
            (void)bitena_try_alloc(worker->arena, size, align);
            worker->wrong_rewinds += bitena_rewind(worker->arena, mark) != 0;
            continue;
        }
        if (!p) {
            worker->refusals++;
            continue;
        }
        memset(p, (int)worker->seed, size);
        worker->overlaps += !overlap_claim(worker->map, p, size) || !is_aligned_to(p, align);
    }
    return NULL;
}

/* All at once, each object claimed; the caller is one of them. */
static void run_a_crew(bitena *arena, size_t crew, size_t count)
{
    struct worker workers[CREW];
    struct overlap map;
    pthread_barrier_t start;
    overlap_open(&map, bitena_capacity(arena));
    char *first = bitena_alloc(arena, 1, 1);
    overlap_locate(&map, first);
    assert_int_equal(pthread_barrier_init(&start, NULL, (unsigned)crew), 0);
    for (size_t i = 0; i < crew; i++) {
        workers[i] = (struct worker){
            .arena = arena, .map = &map, .start = &start, .count = count, .seed = i + 1};
    }
    for (size_t i = 1; i < crew; i++) {
        assert_int_equal(pthread_create(&workers[i].thread, NULL, allocate_and_claim, &workers[i]),
                         0);
    }
    (void)allocate_and_claim(&workers[0]);
    for (size_t i = 1; i < crew; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
    }
    for (size_t i = 0; i < crew; i++) {
        assert_int_equal(workers[i].overlaps, 0);
        assert_int_equal(workers[i].refusals, 0);
        assert_int_equal(workers[i].wrong_rewinds, 0);
    }
    pthread_barrier_destroy(&start);
    overlap_close(&map);
}

static void threads_never_overlap(void **state)
{
    (void)state;
    static const size_t crews[] = {2, 4, CREW};
    for (size_t i = 0; i < sizeof crews / sizeof *crews; i++) {
        bitena *arena = bitena_new(16 * MIB);
        run_a_crew(arena, crews[i], rounds(6000));
        assert_int_equal(bitena_reset(arena), 0);
        run_a_crew(arena, crews[i], rounds(6000));
        bitena_drop(arena);
    }
}

static void more_threads_than_the_table_of_a_small_buffer_are_served(void **state)
{
    (void)state;
    static _Alignas(64) char buffer[BITENA_BUFFER_SIZE(256 * KIB)];
    for (size_t size = 40 * KIB; size <= sizeof buffer; size += sizeof buffer - 40 * KIB) {
        bitena *arena = bitena_init(buffer, size, NULL);
        run_a_crew(arena, CREW, size / CREW / 1000);
        assert_int_equal(bitena_reset(arena), 0);
        run_a_crew(arena, CREW, size / CREW / 1000);
        bitena_drop(arena);
    }
}

static void take_sixteen(void *arena)
{
    memset(bitena_alloc((bitena *)arena, 16, 8), 1, 16);
}

static void *take_sixteen_and_end(void *arena)
{
    take_sixteen(arena);
    return NULL;
}

static void twenty_thousand_short_threads_cannot_eat_an_arena(void **state)
{
    (void)state;
    bitena *arena = bitena_new(64 * MIB);
    take_sixteen(arena);
    size_t before = bitena_remaining(arena);
    for (size_t i = 0; i < rounds(20000); i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, take_sixteen_and_end, arena), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
    assert_true(before - bitena_remaining(arena) < 4 * MIB);
    assert_true(bitena_used(arena) >= 16 * (1 + rounds(20000)));
    bitena_drop(arena);
}

static void pairs_of_short_threads_cannot_eat_a_small_arena(void **state)
{
    (void)state;
    bitena *arena = bitena_new(256 * KIB);
    for (size_t i = 0; i < rounds(1000); i++) {
        pthread_t threads[2];
        for (size_t t = 0; t < 2; t++) {
            assert_int_equal(pthread_create(&threads[t], NULL, take_sixteen_and_end, arena), 0);
        }
        for (size_t t = 0; t < 2; t++) {
            assert_int_equal(pthread_join(threads[t], NULL), 0);
        }
    }
    assert_true(bitena_remaining(arena) > 128 * KIB);
    bitena_drop(arena);
}

static void make_an_arena(void *place)
{
    bitena *arena = bitena_new(64 * KIB);
    take_sixteen(arena);
    *(bitena **)place = arena;
}

static void take_and_compare(void *argument)
{
    bitena *arena = (bitena *)argument;
    take_sixteen(arena);
    assert_int_equal(bitena_remaining(arena), bitena_capacity(arena) - bitena_used(arena));
}

static void the_heir_of_an_ended_thread_has_all_its_room(void **state)
{
    (void)state;
    bitena *arena;
    in_another_thread(make_an_arena, &arena); /* inherited from its maker, the owner */
    in_another_thread(take_and_compare, arena);
    bitena_drop(arena);
    arena = bitena_new(64 * KIB);
    in_another_thread(take_sixteen, arena); /* inherited in the table */
    in_another_thread(take_and_compare, arena);
    assert_int_equal(bitena_used(arena), 32);
    bitena_drop(arena);
}

static void open_a_window(void *argument)
{
    size_t room;
    char *window = bitena_window((bitena *)argument, 100, 1, &room);
    memset(window, 1, room);
}

static void a_window_open_at_a_threads_end_is_given_up(void **state)
{
    (void)state;
    bitena *arena = bitena_new(64 * KIB);
    in_another_thread(open_a_window, arena);
    assert_int_equal(bitena_used(arena), 0);
    in_another_thread(take_and_compare, arena);
    assert_int_equal(bitena_used(arena), 16);
    bitena_drop(arena);
}

static void reset_and_own(void *argument)
{
    bitena *arena = (bitena *)argument;
    take_sixteen(arena);
    assert_int_not_equal(owner_of(arena), bitena_thread_id);
    assert_int_equal(bitena_reset(arena), 0);
    assert_int_equal(owner_of(arena), bitena_thread_id);
    assert_int_equal(bitena_remaining(arena), bitena_capacity(arena));
    take_sixteen(arena);
    uintptr_t ceiling = arena->ceiling;
    assert_ptr_equal(bitena_alloc(arena, 16, 8), ceiling - 16); /* inline */
}

static void a_reset_makes_the_caller_the_owner(void **state)
{
    (void)state;
    bitena *arena = bitena_new(64 * KIB);
    assert_int_equal(owner_of(arena), bitena_thread_id);
    take_sixteen(arena);
    in_another_thread(reset_and_own, arena);
    take_sixteen(arena); /* no longer the owner, served all the same */
    assert_int_not_equal(owner_of(arena), bitena_thread_id);
    assert_int_equal(bitena_used(arena), 48);
    assert_int_equal(bitena_reset(arena), 0);
    assert_int_equal(owner_of(arena), bitena_thread_id);
    bitena_drop(arena);
}

static void *read_an_id(void *place)
{
    bitena *arena = bitena_new(KIB * 32);
    take_sixteen(arena);
    *(uint64_t *)place = bitena_thread_id;
    bitena_drop(arena);
    return NULL;
}

static void a_slots_next_thread_has_another_id(void **state)
{
    (void)state;
    enum { COUNT = 64 };
    uint64_t ids[COUNT] = {0};
    for (size_t i = 0; i < COUNT; i++) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, read_an_id, &ids[i]), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_not_equal(ids[i], 0);
        for (size_t older = 0; older < i; older++) {
            assert_int_not_equal(ids[i], ids[older]);
        }
    }
}

static void count_one(void *count)
{
    ++*(size_t *)count;
}

static void *defer_one(void *argument)
{
    struct worker *worker = (struct worker *)argument;
    pthread_barrier_wait(worker->start);
    bitena_defer(worker->arena, count_one, &worker->count);
    pthread_barrier_wait(worker->start); /* all alive at once */
    return NULL;
}

static void cleanups_of_threads_beyond_the_table_run_once_each(void **state)
{
    (void)state;
    static _Alignas(64) char buffer[48 * KIB];
    bitena *arena = bitena_init(buffer, sizeof buffer, NULL);
    struct worker workers[CREW];
    pthread_barrier_t start;
    assert_int_equal(pthread_barrier_init(&start, NULL, CREW), 0);
    for (size_t i = 0; i < CREW; i++) {
        workers[i] = (struct worker){.arena = arena, .start = &start};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, defer_one, &workers[i]), 0);
    }
    for (size_t i = 0; i < CREW; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(workers[i].count, 0);
    }
    assert_int_equal(bitena_reset(arena), 0);
    for (size_t i = 0; i < CREW; i++) {
        assert_int_equal(workers[i].count, 1);
    }
    pthread_barrier_destroy(&start);
    bitena_drop(arena);
}

enum { CROWD = 130 }; /* more than two words of the bitmap have bits */

struct one_of_many {
    pthread_t thread;
    bitena *arena;
    pthread_barrier_t *together;
    uint32_t slot;
};

static void *live_beside_the_others(void *argument)
{
    struct one_of_many *one = (struct one_of_many *)argument;
    (void)bitena_alloc(one->arena, 100, 8);
    one->slot = slot_of(bitena_thread_id);
    pthread_barrier_wait(one->together); /* nobody ends before all are there */
    return NULL;
}

static void threads_that_live_together_have_slots_of_their_own(void **state)
{
    (void)state;
    static struct one_of_many crowd[CROWD];
    unsigned borne[THREAD_SLOTS + 1] = {0};
    bitena *arena = bitena_new(16 * MIB);
    pthread_barrier_t together;
    pthread_attr_t small;
    assert_int_equal(pthread_barrier_init(&together, NULL, CROWD), 0);
    assert_int_equal(pthread_attr_init(&small), 0);
    assert_int_equal(pthread_attr_setstacksize(&small, 256 * KIB), 0);
    for (size_t i = 0; i < CROWD; i++) {
        crowd[i] = (struct one_of_many){.arena = arena, .together = &together};
        assert_int_equal(
            pthread_create(&crowd[i].thread, &small, live_beside_the_others, &crowd[i]), 0);
    }
    for (size_t i = 0; i < CROWD; i++) {
        assert_int_equal(pthread_join(crowd[i].thread, NULL), 0);
        assert_int_equal(borne[crowd[i].slot]++, 0);
    }
    (void)pthread_attr_destroy(&small);
    (void)pthread_barrier_destroy(&together);
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_never_overlap),
        cmocka_unit_test(more_threads_than_the_table_of_a_small_buffer_are_served),
        cmocka_unit_test(twenty_thousand_short_threads_cannot_eat_an_arena),
        cmocka_unit_test(pairs_of_short_threads_cannot_eat_a_small_arena),
        cmocka_unit_test(the_heir_of_an_ended_thread_has_all_its_room),
        cmocka_unit_test(a_window_open_at_a_threads_end_is_given_up),
        cmocka_unit_test(a_reset_makes_the_caller_the_owner),
        cmocka_unit_test(a_slots_next_thread_has_another_id),
        cmocka_unit_test(threads_that_live_together_have_slots_of_their_own),
        cmocka_unit_test(cleanups_of_threads_beyond_the_table_run_once_each),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
