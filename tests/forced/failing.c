/* Every weak compare-and-swap of the library fails at least once, without a reason or because another
 * came between, and what it belongs to is done all the same. One thread plays; the failing is decided.
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

static size_t calls;

static void count_call(void *nothing)
{
    (void)nothing;
    calls++;
}

static void use_by_the_table(void *arena)
{
    memset(bitena_alloc((bitena *)arena, 3000, 8), 1, 3000);
    BITENA_SCOPE ((bitena *)arena) {
        memset(bitena_alloc((bitena *)arena, 30 * KIB, 8), 1, 30 * KIB);
        memset(bitena_alloc((bitena *)arena, 100, 8), 1, 100);
    }
}

static void use_shared(void)
{
    bitena *arena = bitena_new(512 * KIB);
    memset(bitena_alloc(arena, 5000, 8), 1, 5000);
    in_another_thread(use_by_the_table, arena);
    in_another_thread(use_by_the_table, arena);
    bitena *child = bitena_new_child(arena);
    memset(bitena_alloc(child, 20 * KIB, 8), 1, 20 * KIB);
    assert_int_equal(bitena_absorb(arena, child), 0);
    assert_int_equal(bitena_trim(arena, 0), 0);
    assert_int_equal(bitena_reset(arena), 0);
    assert_int_equal(bitena_used(arena), 0);
    bitena_drop(arena);
}

static void use_exact(void)
{
    bitena *arena = bitena_open(&(bitena_options){.capacity = 64 * KIB, .mode = BITENA_EXACT});
    size_t before = calls;
    bitena_defer(arena, count_call, NULL);
    bitena_mark mark = bitena_save(arena);
    char *p = bitena_resize(arena, NULL, 0, 100, 1);
    assert_ptr_equal(bitena_resize(arena, p, 100, 200, 1), p);
    bitena *children[3]; /* the middle one's run is recycled, and taken when nothing else is left */
    for (size_t i = 0; i < 3; i++) {
        children[i] = bitena_new_child(arena);
        (void)bitena_alloc(children[i], 4 * KIB, 8);
    }
    bitena_drop(children[1]);
    while (bitena_try_alloc(arena, 512, 1)) {
    }
    assert_int_equal(bitena_rewind(arena, mark), 0); /* beside children */
    assert_int_equal(bitena_rewind(arena, mark), 0); /* nothing is above the barrier any more */
    bitena_drop(children[2]);
    bitena_drop(children[0]);
    assert_int_equal(bitena_rewind(arena, mark), 0);
    assert_int_equal(bitena_used(arena), 24);
    assert_int_equal(bitena_trim(arena, 0), 0);
    assert_int_equal(bitena_reset(arena), 0);
    assert_int_equal(calls, before + 1);
    bitena_drop(arena);
}

/* One in so many, for several numbers: each place fails in some round. */
static void what_fails_without_a_reason_is_tried_again(void **state)
{
    (void)state;
    for (unsigned every = 2; every < 8; every++) {
        forced_fail_every(every);
        for (int time = 0; time < 5; time++) {
            size_t before = forced_failures();
            use_shared();
            use_exact();
            assert_true(forced_failures() > before);
        }
    }
    forced_fail_every(0);
}

static struct pool *pool;
static struct span other;
static bool came;

/* Another thread takes from the index, just before this one's own compare-and-swap. */
static void take_first(const void *word, enum forced_kind kind)
{
    if (word == &pool->index && kind == FORCED_CAS && !came) {
        came = pool_take(pool, 64, 1, 0, &other);
    }
}

static void a_lease_that_another_stopped_is_not_extended(void **state)
{
    (void)state;
    bitena *arena = bitena_open(&(bitena_options){.capacity = 64 * KIB, .mode = BITENA_LOCAL});
    pool = arena_of(arena)->pool;
    (void)bitena_alloc(arena, 8, 8);
    const struct tlab *tlab = &arena_of(arena)->tlab;
    uintptr_t base = tlab->base;
    came = false;
    forced_call(take_first);
    char *p = bitena_try_alloc(arena, 4 * KIB, 1);
    forced_call(NULL);
    assert_true(came && p);
    assert_int_equal(other.end, base - pool->data);
    assert_true((uintptr_t)p + 4 * KIB <= pool->data + other.base);
    bitena_drop(arena);
}

static void be_refused_after_a_fork(void *arena)
{
    REQUIRE_IN_CHILD(!bitena_try_alloc((bitena *)arena, 16 * KIB, 1) && errno == ENOMEM);
}

/* Runs that another thread holds to look at them: waited for, but not for ever, nor after a fork. */
static void a_search_beside_one_that_does_not_end_is_refused(void **state)
{
    (void)state;
    bitena *arena = bitena_open(&(bitena_options){.capacity = 8 * KIB, .mode = BITENA_EXACT});
    pool = arena_of(arena)->pool;
    hold(pool);
    assert_passes(be_refused_after_a_fork, arena);
    ASSERT_NULL(ENOMEM, bitena_try_alloc(arena, 16 * KIB, 1));
    unhold(pool);
    bitena_drop(arena);
}

/* Another begins to gather between this one's look and its compare-and-swap. */
static void gather_first(const void *word, enum forced_kind kind)
{
    if (word == &pool->gathering && kind == FORCED_CAS && !came) {
        came = true;
        pool->gathering = thread_forks() + 1;
    }
}

static void one_gathers_at_a_time(void **state)
{
    (void)state;
    bitena *arena = bitena_open(&(bitena_options){.capacity = 64 * KIB, .mode = BITENA_LOCAL});
    pool = arena_of(arena)->pool;
    came = false;
    forced_call(gather_first);
    assert_false(join_all(pool));
    assert_false(join_all(pool));
    forced_call(NULL);
    assert_true(came);
    pool->gathering = 0;
    assert_true(join_all(pool));
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_fails_without_a_reason_is_tried_again),
        cmocka_unit_test(a_lease_that_another_stopped_is_not_extended),
        cmocka_unit_test(a_search_beside_one_that_does_not_end_is_refused),
        cmocka_unit_test(one_gathers_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
