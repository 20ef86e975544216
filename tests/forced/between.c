/* What another thread may do just before a chosen access, done there: gives back room between a
 * search's first look and its second, holds the gather, frees a descriptor, takes the last slots.
 * Each act is one that a thread could have come with at that instant.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "forced/order/forced.h"
#include "lease.h"
#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"

enum { KIB = 1024 };

static struct {
    bitena *arena;
    struct pool *pool;
    void *last;
    size_t last_size;
    uint32_t descriptor;
    unsigned seen;
} now;

static void open_now(size_t capacity, int mode)
{
    memset(&now, 0, sizeof now);
    now.arena = bitena_open(&(bitena_options){.capacity = capacity, .mode = mode});
    assert_non_null(now.arena);
    now.pool = arena_of(now.arena)->pool;
}

/* As the last object's owner would, beside a search. */
static void give_last_back(const void *word, enum forced_kind kind)
{
    if (word == &now.pool->recycled && kind == FORCED_LOAD && now.last) {
        void *last = now.last;
        now.last = NULL;
        assert_non_null(bitena_try_resize(now.arena, last, now.last_size, 0, 1));
        now.seen++;
    }
}

static void what_comes_back_during_an_exact_search_is_found(void **state)
{
    (void)state;
    open_now(8 * KIB, BITENA_EXACT);
    bitena_mark mark = bitena_save(now.arena);
    bitena_alloc(now.arena, 7 * KIB, 1);
    now.last_size = bitena_remaining(now.arena);
    now.last = bitena_resize(now.arena, NULL, 0, now.last_size, 1);
    void *was = now.last;
    assert_null(bitena_try_alloc(now.arena, 100, 1));
    forced_call(give_last_back);
    void *p = bitena_try_alloc(now.arena, 100, 1);
    forced_call(NULL);
    assert_ptr_equal(p, was);
    assert_int_equal(now.seen, 1);
    assert_int_equal(bitena_rewind(now.arena, mark), 0);
    assert_int_equal(bitena_used(now.arena), 0);
    bitena_drop(now.arena);
}

/* Descriptors of runs, all but those in use. */
static size_t take_descriptors(struct pool *pool)
{
    size_t count = 0;
    while ((now.descriptor = run_new(pool)) != 0) {
        count++;
    }
    return count;
}

static void free_one_descriptor(const void *word, enum forced_kind kind)
{
    if (word == &now.pool->gathering && kind == FORCED_LOAD && ++now.seen == 3) {
        run_free(now.pool, 1);
    }
}

static void a_descriptor_is_waited_for_while_another_gathers(void **state)
{
    (void)state;
    open_now(256 * KIB, BITENA_LOCAL);
    assert_true(take_descriptors(now.pool) > 0);
    now.pool->gathering = thread_forks() + 1; /* another thread does */
    assert_int_equal(run_surely(now.pool), 0);
    forced_call(free_one_descriptor);
    assert_int_equal(run_surely(now.pool), 1);
    forced_call(NULL);
    assert_int_equal(now.seen, 3);
    now.pool->gathering = 0;
    assert_int_equal(run_surely(now.pool), 0); /* joins at once, and there is none */
    bitena_drop(now.arena);
}

/* All slots are other threads'; told by the first word of their bitmap that is looked at. */
static uint64_t *slots_taken;
static uint64_t slots_before[THREAD_SLOTS / 64 + 1];

static void take_all_slots(const void *word, enum forced_kind kind)
{
    if (kind == FORCED_LOAD && !slots_taken) {
        slots_taken = (uint64_t *)(uintptr_t)word;
        memcpy(slots_before, slots_taken, sizeof slots_before);
        for (uint32_t slot = 0; slot < THREAD_SLOTS; slot++) {
            slots_taken[slot / 64] |= (uint64_t)1 << slot % 64;
        }
    }
}

static void *be_without_a_slot(void *argument)
{
    bitena *arena = (bitena *)argument;
    forced_call(take_all_slots);
    uint64_t id = thread_id();
    forced_call(NULL);
    memcpy(slots_taken, slots_before, sizeof slots_before);
    assert_int_equal(slot_of(id), THREAD_NO_SLOT);
    memset(bitena_alloc(arena, 100, 8), 1, 100);
    bitena *own = bitena_new(64 * KIB); /* its epoch is none of a slot's */
    memset(bitena_alloc(own, 100, 8), 1, 100);
    bitena_drop(own);
    return NULL;
}

static void a_thread_without_a_free_slot_is_served(void **state)
{
    (void)state;
    pthread_t thread;
    open_now(256 * KIB, BITENA_SHARED);
    assert_int_equal(pthread_create(&thread, NULL, be_without_a_slot, now.arena), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(slots_taken != NULL);
    assert_in_range(bitena_used(now.arena), 100, 107);
    bitena_drop(now.arena);
}

static void take_a_little(void *arena)
{
    (void)bitena_alloc((bitena *)arena, 16, 8);
}

/* Another thread takes its first lease: room that the reader has counted already, as the index's. */
static void take_a_lease(const void *word, enum forced_kind kind)
{
    if (word == &arena_of(now.arena)->tlabs && kind == FORCED_LOAD && now.seen++ == 0) {
        in_another_thread(take_a_little, now.arena);
    }
}

static void a_reading_while_others_take_does_not_wrap(void **state)
{
    (void)state;
    open_now(256 * KIB, BITENA_SHARED);
    forced_call(take_a_lease);
    size_t used = bitena_used(now.arena);
    forced_call(NULL);
    assert_true(now.seen > 0);
    assert_int_equal(used, 0);
    assert_int_equal(bitena_used(now.arena), 16);
    bitena_drop(now.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_back_during_an_exact_search_is_found),
        cmocka_unit_test(a_descriptor_is_waited_for_while_another_gathers),
        cmocka_unit_test(a_thread_without_a_free_slot_is_served),
        cmocka_unit_test(a_reading_while_others_take_does_not_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
