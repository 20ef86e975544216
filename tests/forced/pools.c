/* What another thread may do to a pool just before a chosen access, done there; and a pool from
 * another copy of the library, whose thread slots mean nothing here.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include <bitena/keys.h>
#include <bitena/pool_parts.h>

#include "forced/order/forced.h"
#include "support/misuse.h"
#include "support/trial.h"

enum { CAPACITY = 1 << 20, MANY = 100 };

static struct {
    bitena *arena;
    bitena_pool *pool;
    bitena_keys *keys;
    void *object;
    void *taken[MANY];
    bitena_key key;
    unsigned seen, acts;
} now;

static void open_now(const bitena_pool_options *options)
{
    memset(&now, 0, sizeof now);
    now.arena = bitena_new(CAPACITY);
    now.pool = bitena_pool_open(now.arena, options);
}

static void give_it_first(const void *word, enum forced_kind kind)
{
    if (kind == FORCED_CHANGE && now.seen++ == 0) {
        (void)word;
        assert_int_equal(bitena_pool_give(now.pool, now.object), 0);
    }
}

static void of_two_that_give_one_object_one_is_refused(void **state)
{
    (void)state;
    open_now(&(bitena_pool_options){.size = 16, .checked = 1});
    now.object = bitena_pool_take(now.pool);
    forced_call(give_it_first);
    ASSERT_REFUSED(EINVAL, bitena_pool_give(now.pool, now.object));
    forced_call(NULL);
    assert_int_equal(bitena_pool_count(now.pool).live, 0);
    assert_ptr_equal(bitena_pool_take(now.pool), now.object);
    assert_ptr_not_equal(bitena_pool_take(now.pool), now.object);
    bitena_drop(now.arena);
}

static void a_list_grows_while_no_descriptor_is_at_hand(void **state)
{
    (void)state;
    open_now(&(bitena_pool_options){.size = 16, .batch = 2, .reserve = MANY});
    for (int i = 0; i < MANY; i++) {
        now.taken[i] = bitena_pool_take(now.pool);
    }
    uint64_t spare = now.pool->spare;
    now.pool->spare = 0; /* others have popped them all */
    for (int i = 0; i < MANY / 2; i++) {
        assert_int_equal(bitena_pool_give(now.pool, now.taken[i]), 0);
    }
    assert_int_equal(now.pool->shared, 0);
    now.pool->spare = spare;
    for (int i = MANY / 2; i < MANY; i++) {
        assert_int_equal(bitena_pool_give(now.pool, now.taken[i]), 0);
    }
    assert_true(now.pool->shared > 0);
    assert_int_equal(bitena_pool_count(now.pool).free, MANY);
    for (int i = 0; i < MANY; i++) {
        assert_non_null(bitena_pool_take(now.pool));
    }
    assert_int_equal(bitena_pool_count(now.pool).capacity, MANY);
    bitena_drop(now.arena);
}

/* As a thread without a magazine would: gives one more, or takes what there is and gives it later. */
static void be_a_stray_giver(const void *word, enum forced_kind kind)
{
    if (word == &now.pool->strays && kind == FORCED_CAS && now.acts > 0) {
        now.acts--;
        if (now.acts == 1) {
            assert_int_equal(bitena_pool_give(now.pool, now.taken[now.seen++]), 0);
        } else if (!now.object) {
            now.object = bitena_pool_take(now.pool);
        }
    }
}

static void strays_are_not_lost_beside_each_other(void **state)
{
    (void)state;
    for (unsigned acts = 1; acts <= 4; acts++) {
        open_now(&(bitena_pool_options){.size = 16, .batch = 8, .reserve = MANY});
        now.pool->copy = "another";
        for (int i = 0; i < MANY; i++) {
            now.taken[i] = bitena_pool_take(now.pool);
        }
        while (now.seen < MANY - 5) {
            now.acts = acts;
            forced_call(be_a_stray_giver);
            void *object = now.taken[now.seen++];
            assert_int_equal(bitena_pool_give(now.pool, object), 0);
            now.acts = acts;
            void *again = bitena_pool_take(now.pool);
            forced_call(NULL);
            assert_int_equal(bitena_pool_give(now.pool, again), 0);
            if (now.object) {
                assert_int_equal(bitena_pool_give(now.pool, now.object), 0);
                now.object = NULL;
            }
            assert_int_equal(bitena_pool_count(now.pool).live, MANY - now.seen);
        }
        bitena_pool_numbers numbers = bitena_pool_count(now.pool);
        for (size_t i = 0; i < numbers.free; i++) {
            assert_non_null(bitena_pool_take(now.pool));
        }
        assert_int_equal(bitena_pool_count(now.pool).capacity, numbers.capacity);
        assert_int_equal(bitena_pool_count(now.pool).free, 0);
        bitena_drop(now.arena);
    }
}

/* Swaps that fail without a reason, where nobody else is and where the list is empty too. */
static void strays_are_not_lost_where_swaps_fail(void **state)
{
    (void)state;
    open_now(&(bitena_pool_options){.size = 16, .batch = 8, .reserve = MANY});
    now.pool->copy = "another";
    size_t failures = forced_failures();
    forced_fail_every(2);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < MANY; i++) {
            now.taken[i] = bitena_pool_take(now.pool);
            for (int j = 0; j < i; j++) {
                assert_ptr_not_equal(now.taken[j], now.taken[i]);
            }
        }
        assert_int_equal(bitena_pool_count(now.pool).free, 0);
        for (int i = 0; i < MANY; i++) {
            assert_int_equal(bitena_pool_give(now.pool, now.taken[i]), 0);
        }
        assert_int_equal(bitena_pool_count(now.pool).free, MANY);
    }
    forced_fail_every(0);
    assert_true(forced_failures() > failures + MANY);
    assert_int_equal(bitena_pool_count(now.pool).capacity, MANY);
    bitena_drop(now.arena);
}

static void leak_one_first(const void *word, enum forced_kind kind)
{
    if (word == &now.pool->leaked && kind == FORCED_LOAD && now.seen++ == 0) {
        assert_int_equal(bitena_pool_leak(now.pool, bitena_pool_take(now.pool)), 0);
    }
}

static void there_are_never_more_free_than_there_are(void **state)
{
    (void)state;
    open_now(&(bitena_pool_options){.size = 16, .reserve = MANY});
    forced_call(leak_one_first);
    bitena_pool_numbers numbers = bitena_pool_count(now.pool);
    forced_call(NULL);
    assert_int_equal(now.seen, 1);
    assert_int_equal(numbers.capacity, MANY - 1);
    assert_int_equal(numbers.free, MANY - 1);
    assert_int_equal(numbers.live, 0);
    bitena_drop(now.arena);
}

static void *take_in_another(void *pool)
{
    void *object = bitena_pool_take((bitena_pool *)pool);
    assert_int_equal(bitena_pool_give((bitena_pool *)pool, object), 0);
    return object;
}

static void publish_first(const void *word, enum forced_kind kind)
{
    if (word == &now.pool->levels[1] && kind == FORCED_CAS && now.seen++ == 0) {
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, take_in_another, now.pool), 0);
        assert_int_equal(pthread_join(thread, &now.object), 0);
    }
}

static void *take_in_a_race(void *unused)
{
    (void)unused;
    size_t before = bitena_used(now.arena);
    forced_call(publish_first);
    void *mine = bitena_pool_take(now.pool);
    forced_call(NULL);
    assert_ptr_not_equal(mine, now.object);
    assert_true(bitena_used(now.arena) - before < 8 * POOL_FAR + 2048); /* leases' rests */
    assert_int_equal(bitena_pool_give(now.pool, mine), 0);
    return NULL;
}

static void who_loses_the_race_for_a_level_uses_the_winners(void **state)
{
    (void)state;
    open_now(&(bitena_pool_options){.size = 16, .batch = 2, .reserve = MANY});
    assert_int_equal(bitena_thread_slot_(), 0);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, take_in_a_race, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_not_equal(now.seen, 0);
    assert_int_equal(bitena_pool_count(now.pool).free, MANY);
    bitena_drop(now.arena);
}

static void reserve_first(const void *word, enum forced_kind kind)
{
    (void)word;
    if (kind == FORCED_CAS && now.seen++ == 0) {
        now.key = bitena_keys_reserve(now.keys);
    }
}

static void two_that_reserve_at_once_get_two_keys(void **state)
{
    (void)state;
    open_now(&(bitena_pool_options){.size = 16});
    now.keys = bitena_keys_new(now.arena, 3, 8, 8);
    for (int round = 0; round < 2; round++) { /* never used places, then free ones */
        now.seen = 0;
        forced_call(reserve_first);
        bitena_key mine = bitena_keys_reserve(now.keys);
        forced_call(NULL);
        assert_int_not_equal(mine, 0);
        assert_int_not_equal(now.key, 0);
        assert_int_not_equal((uint32_t)mine, (uint32_t)now.key);
        assert_int_equal(bitena_keys_cancel(now.keys, mine), 0);
        assert_int_equal(bitena_keys_cancel(now.keys, now.key), 0);
    }
    bitena_drop(now.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_two_that_give_one_object_one_is_refused),
        cmocka_unit_test(a_list_grows_while_no_descriptor_is_at_hand),
        cmocka_unit_test(strays_are_not_lost_beside_each_other),
        cmocka_unit_test(strays_are_not_lost_where_swaps_fail),
        cmocka_unit_test(there_are_never_more_free_than_there_are),
        cmocka_unit_test(who_loses_the_race_for_a_level_uses_the_winners),
        cmocka_unit_test(two_that_reserve_at_once_get_two_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
