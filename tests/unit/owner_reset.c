/* What an owner keeps through a reset: a lease, so that a reset in a loop costs no refill, but little
 * enough, and nothing where it has not used its arena, so that others can have the arena's whole.
 * SPDX-License-Identifier: MIT */
#include <pthread.h>

#include "support/trial.h"

enum { CAPACITY = 1 << 20, KEPT_AT_MOST = CAPACITY / 64, STRUCT_ROOM = 1024 };

static void *take_all(void *arena)
{
    return bitena_try_alloc((bitena *)arena, CAPACITY, 1);
}

/* NULL: the arena refused a stranger its whole capacity. */
static void *a_stranger_takes_all(bitena *arena)
{
    pthread_t thread;
    void *all;
    assert_int_equal(pthread_create(&thread, NULL, take_all, arena), 0);
    assert_int_equal(pthread_join(thread, &all), 0);
    return all;
}

static bitena *used_arena(void)
{
    bitena *arena = bitena_new(CAPACITY);
    assert_non_null(arena);
    assert_true(fill_up(arena, 4096, 8) > 0);
    assert_int_equal(bitena_reset(arena), 0);
    return arena;
}

static void an_owner_that_used_its_arena_keeps_a_64th_at_most(void **state)
{
    (void)state;
    bitena *arena = used_arena();
    bitena *child = bitena_new_child(arena);
    assert_non_null(child);
    assert_non_null(bitena_try_alloc(child, CAPACITY - KEPT_AT_MOST - STRUCT_ROOM, 8));
    bitena_drop(child);
    assert_int_equal(bitena_reset(arena), 0);
    assert_int_equal(bitena_used(arena), 0);
    assert_int_equal(bitena_remaining(arena), CAPACITY);
    assert_non_null(bitena_try_alloc(arena, CAPACITY, 1)); /* the owner itself gets all */
    bitena_drop(arena);
}

static void an_owner_that_only_resets_withholds_nothing(void **state)
{
    (void)state;
    bitena *arena = used_arena();
    for (int time = 0; time < 3; time++) {
        assert_int_equal(bitena_reset(arena), 0);
        assert_non_null(a_stranger_takes_all(arena));
    }
    bitena_drop(arena);
}

static void *remaining_to_others(void *arena)
{
    return (void *)bitena_remaining((bitena *)arena);
}

/* What a stranger sees does not count the owner's lease: it falls when the owner takes a new one. */
static size_t a_stranger_sees(bitena *arena)
{
    pthread_t thread;
    void *bytes;
    assert_int_equal(pthread_create(&thread, NULL, remaining_to_others, arena), 0);
    assert_int_equal(pthread_join(thread, &bytes), 0);
    return (size_t)bytes;
}

static void a_reset_in_a_loop_refills_nothing(void **state)
{
    (void)state;
    bitena *arena = used_arena();
    char *first = bitena_alloc(arena, 100, 8);
    size_t left = bitena_remaining(arena);
    size_t others = a_stranger_sees(arena);
    for (size_t time = 0; time < rounds(1000); time++) {
        assert_int_equal(bitena_reset(arena), 0);
        assert_int_equal(a_stranger_sees(arena), others);
        assert_ptr_equal(bitena_alloc(arena, 100, 8), first);
        assert_int_equal(a_stranger_sees(arena), others);
        assert_int_equal(bitena_remaining(arena), left);
    }
    bitena_drop(arena);
}

/* bytes appended to one run, a word at a time; how often it moved. */
static int moves_of(bitena *arena, size_t bytes)
{
    int moves = 0;
    char *p = bitena_resize(arena, NULL, 0, 8, 8);
    for (size_t size = 8; size < bytes; size += 8) {
        char *at = bitena_resize(arena, p, size, size + 8, 8);
        moves += at != p;
        p = at;
    }
    return moves;
}

/* The leases that it filled were larger than any other request makes them. */
static void what_grew_grows_in_place_after_a_reset(void **state)
{
    (void)state;
    enum { GROWN = 200000, LINE = 128 };
    static const size_t capacities[] = {(size_t)64 * (GROWN + LINE),
                                        (size_t)64 * (GROWN + LINE) + 99};
    for (size_t i = 0; i < 2; i++) {
        bitena *arena = bitena_new(capacities[i]);
        assert_true(moves_of(arena, GROWN) > 2);
        for (int time = 0; time < 3; time++) {
            assert_int_equal(bitena_reset(arena), 0);
            assert_int_equal(moves_of(arena, GROWN), 0);
        }
        assert_int_equal(bitena_reset(arena), 0);
        assert_int_equal(a_stranger_sees(arena), capacities[i] - capacities[i] / 64 / LINE * LINE);
        (void)bitena_alloc(arena, 100, 8); /* little was used: a lease like others stays */
        assert_int_equal(bitena_reset(arena), 0);
        (void)bitena_alloc(arena, 100, 8);
        assert_int_equal(bitena_reset(arena), 0);
        assert_in_range(a_stranger_sees(arena), capacities[i] - (64 << 10), capacities[i]);
        assert_true(moves_of(arena, GROWN * 2) > 0);
        bitena_drop(arena);
    }
}

/* Of a large one twice what was used, on the floor and above, in whole lines. */
static void a_large_lease_stays_no_longer_than_it_is_used(void **state)
{
    (void)state;
    enum { FLOOR = 60000, ABOVE = 40000, LINE = 128, WHOLE = 64 << 20 };
    bitena *arena = bitena_new(WHOLE);
    (void)moves_of(arena, 500000);
    assert_int_equal(bitena_reset(arena), 0);
    (void)bitena_resize(arena, NULL, 0, FLOOR, 8);
    (void)bitena_alloc(arena, ABOVE, 8);
    assert_int_equal(bitena_reset(arena), 0);
    size_t kept = (size_t)2 * (FLOOR + ABOVE) / LINE * LINE;
    assert_int_equal(a_stranger_sees(arena), WHOLE - kept);
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_owner_that_used_its_arena_keeps_a_64th_at_most),
        cmocka_unit_test(an_owner_that_only_resets_withholds_nothing),
        cmocka_unit_test(a_reset_in_a_loop_refills_nothing),
        cmocka_unit_test(what_grew_grows_in_place_after_a_reset),
        cmocka_unit_test(a_large_lease_stays_no_longer_than_it_is_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
