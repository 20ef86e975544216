/* A fork by another thread just between the two steps by which a thread takes a TLAB of the table: it is
 * in the list of TLABs, and nobody's. In the child that slot's next thread takes it, once.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <pthread.h>
#include <string.h>

#include "core.h"
#include "forced/order/forced.h"
#include "support/misuse.h"
#include "support/trial.h"

static bitena *arena;
static pthread_barrier_t reached, forked;
static pthread_t claimer;

static bool is_a_bearer(const void *word)
{
    const struct arena *a = arena_of(arena);
    for (uint32_t i = 0; i < a->table_count; i++) {
        if (word == &a->table[i].tlab.bearer) {
            return true;
        }
    }
    return false;
}

static void stop_before_bearing(const void *word, enum forced_kind kind)
{
    if (kind == FORCED_STORE && pthread_equal(pthread_self(), claimer) && is_a_bearer(word)) {
        pthread_barrier_wait(&reached);
        pthread_barrier_wait(&forked);
    }
}

static void *claim(void *nothing)
{
    memset(bitena_alloc(arena, 100, 8), 1, 100);
    return nothing;
}

static void be_the_next_in_the_slot(void *nothing)
{
    pthread_t next;
    forced_call(NULL);
    REQUIRE_IN_CHILD(pthread_create(&next, NULL, claim, NULL) == 0);
    REQUIRE_IN_CHILD(pthread_join(next, nothing) == 0);
    size_t linked = 0;
    for (const struct tlab *t = arena_of(arena)->tlabs; t && linked < 10; t = t->next) {
        linked++;
    }
    REQUIRE_IN_CHILD(linked == 1); /* twice would be a ring */
    REQUIRE_IN_CHILD(bitena_used(arena) >= 100);
}

static void a_fork_amid_a_claim_leaves_the_list_whole(void **state)
{
    (void)state;
    arena = bitena_new(1 << 20);
    (void)bitena_alloc(arena, 1, 1);
    assert_int_equal(pthread_barrier_init(&reached, NULL, 2), 0);
    assert_int_equal(pthread_barrier_init(&forked, NULL, 2), 0);
    forced_call(stop_before_bearing);
    assert_int_equal(pthread_create(&claimer, NULL, claim, NULL), 0);
    pthread_barrier_wait(&reached);
    assert_passes(be_the_next_in_the_slot, NULL);
    pthread_barrier_wait(&forked);
    assert_int_equal(pthread_join(claimer, NULL), 0);
    forced_call(NULL);
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fork_amid_a_claim_leaves_the_list_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
