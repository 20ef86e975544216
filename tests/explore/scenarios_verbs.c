/* Programs around the other verbs: marks, deferred calls, the numbers, trim.
 * SPDX-License-Identifier: MIT */
#include "calls.h"
#include "scenarios.h"
#include "world.h"

enum { SHARED_BYTES = 20480, EXACT_BYTES = 16000, NEARLY_FULL = 10, REST = 64 };

/* Identity 1's lease is nearly full when it saves: what comes after goes to another, and the rewind
 * wants the first back whole. */
static void marks_begin(void)
{
    world_begin(SHARED_BYTES, BITENA_SHARED, false);
    explore_become(1);
    for (int i = 0; i < NEARLY_FULL; i++) {
        (void)world_alloc(world.arena, 96, 8);
    }
    explore_become(0); /* its run at the index keeps the lease from growing */
    call_apart();
    explore_become(1);
    world.mine[0].mark = bitena_save(world.arena);
}

static void left_begin(void)
{
    marks_begin();
    world_give(world_alloc(world.arena, 120, 8)); /* the rewind's */
    world_give(world_alloc(world.arena, 120, 8));
}

static void take_rest(void)
{
    (void)world_take_span(REST);
}

static void end_with_room(void)
{
    world_require(world.refusals == 0, "a request was refused though there was room");
    world_end_shared();
}

/* Children of an EXACT arena, for identities 1 and 2. */
static void exact_begin(void)
{
    world_begin(EXACT_BYTES, BITENA_EXACT, true);
    for (int i = 1; i < WORLD_THREADS; i++) {
        explore_become(i);
        world.mine[i].child = bitena_new_child(world.arena);
        world_require(world.mine[i].child != NULL, "no room for the scenario's children");
    }
}

static void exact_saved_begin(void)
{
    exact_begin();
    explore_become(0);
    world.mine[0].mark = bitena_save(world.arena);
    world_give(world_alloc(world.arena, 120, 8));
}

static void exact_end(void)
{
    world_require(world.refusals == 0, "a request was refused though there was room");
    world_check_free();
}

static void shared_begin(void)
{
    world_begin(SHARED_BYTES, BITENA_SHARED, true);
    world_mine()->id = bitena_thread_id;
}

static void defer_end(void)
{
    uint32_t deferred = 0;
    world_require(world_mine()->id == bitena_thread_id, "the end is played by another thread");
    for (int i = 0; i < WORLD_THREADS; i++) {
        deferred += world.mine[i].deferred;
    }
    world_require(world.refusals == 0, "a request was refused though there was room");
    world_end_shared();
    world_require(world.cleanups == deferred, "a deferred call was lost");
}

/* The owner is the thread whose slot has no TLAB, so that the two others link one each. */
static void numbers_begin(void)
{
    explore_become(2);
    world_begin(SHARED_BYTES, BITENA_SHARED, false);
}

const struct scenario scenarios_verbs[] = {
    {.name = "marks2",
     .what = "a rewind to a lease left behind, beside takes",
     .threads = 2,
     .identity = {1, 0},
     .begin = marks_begin,
     .end = end_with_room,
     .calls = {{call_since, call_since, call_rewind}, {take_rest, call_small, take_rest}}},
    {.name = "marks3",
     .what = "the same rewind beside two takes",
     .threads = 3,
     .identity = {1, 0, 2},
     .begin = left_begin,
     .end = end_with_room,
     .calls = {{call_rewind}, {take_rest}, {take_rest}}},
    {.name = "exact-marks2",
     .what = "an EXACT mark beside a child",
     .threads = 2,
     .identity = {0, 1},
     .begin = exact_begin,
     .end = exact_end,
     .calls = {{call_save, call_since, call_rewind},
               {call_child_alloc, call_child_alloc, call_child_alloc}}},
    {.name = "exact-marks3",
     .what = "an EXACT rewind beside two children",
     .threads = 3,
     .identity = {0, 1, 2},
     .begin = exact_saved_begin,
     .end = exact_end,
     .calls = {{call_rewind}, {call_child_alloc}, {call_child_alloc}}},
    {.name = "defer2",
     .what = "deferred calls of threads without a TLAB",
     .threads = 2,
     .identity = {2, EXPLORE_NEW},
     .begin = shared_begin,
     .end = defer_end,
     .calls = {{call_defer, call_small, call_defer}, {call_defer, call_small, call_defer}}},
    {.name = "defer3",
     .what = "three deferred calls, one in a TLAB",
     .threads = 3,
     .identity = {1, 2, EXPLORE_NEW},
     .begin = shared_begin,
     .end = defer_end,
     .calls = {{call_defer}, {call_defer}, {call_defer}}},
    {.name = "numbers2",
     .what = "the numbers read beside a first lease",
     .threads = 2,
     .identity = {2, 1},
     .begin = shared_begin,
     .end = world_end_shared,
     .calls = {{call_numbers, call_numbers, call_numbers}, {call_small, call_apart, call_lease}}},
    {.name = "numbers3",
     .what = "the numbers read beside two first leases",
     .threads = 3,
     .identity = {2, 0, 1},
     .begin = numbers_begin,
     .end = world_end_shared,
     .calls = {{call_numbers}, {call_small}, {call_small}}},
    {.name = "trim2",
     .what = "trims beside a child",
     .threads = 2,
     .identity = {0, 1},
     .begin = exact_begin,
     .end = exact_end,
     .calls = {{call_trim, call_small, call_trim},
               {call_child_alloc, call_child_alloc, call_child_alloc}}},
    {.name = "trim3",
     .what = "a trim beside two children",
     .threads = 3,
     .identity = {0, 1, 2},
     .begin = exact_begin,
     .end = exact_end,
     .calls = {{call_trim}, {call_child_alloc}, {call_child_alloc}}},
    {0},
};
