/* Programs around the pool: its index, leases, recycled runs. `begin` and `end` run alone.
 * Identities 0 and 1 have a TLAB in a shared arena, 2 has none there, unless it is the owner.
 * SPDX-License-Identifier: MIT */
#include "calls.h"
#include "scenarios.h"
#include "world.h"

enum { SMALL_BYTES = 4800, SHARED_BYTES = 20480 };

/* The index of an EXACT arena, until it refuses; resize gives back at the index. */
static void exact_begin(void)
{
    world_begin(SMALL_BYTES, BITENA_EXACT, true);
    (void)world_alloc(world.arena, world.pool->capacity - 160, 1);
}

static void exact_a(void)
{
    (void)world_alloc(world.arena, 24, 8);
    (void)world_alloc(world.arena, 7, 1);
    (void)world_alloc(world.arena, 40, 16);
}

static void exact_b(void)
{
    char *p = world_alloc(world.arena, 33, 1);
    if (p) {
        world_give(p);
        (void)world_take(bitena_try_resize(world.arena, p, 33, 5, 1), 5);
    }
    (void)world_alloc(world.arena, 30, 2);
    (void)world_alloc(world.arena, 30, 2);
}

static void exact_end(void)
{
    world_check_free();
    world_require(bitena_reset(world.arena) == 0, "the reset is refused");
    world_check_whole();
}

/* Leases: refills, extensions and runs apart, each beside the other's. */
static void lease_begin(void)
{
    world_begin(SHARED_BYTES, BITENA_SHARED, false);
    (void)world_take_span(world.pool->capacity - 3072);
}

static void lease_a(void)
{
    (void)world_alloc(world.arena, 96, 8);
    (void)world_alloc(world.arena, 700, 8);
    for (int i = 0; i < 4; i++) {
        (void)world_alloc(world.arena, 120, 8);
    }
}

/* Three recycled runs of one class, apart from each other, in one stack; the latest change of
 * its head was a push behind a pop. */
static void runs_begin(void)
{
    world_begin(SHARED_BYTES, BITENA_SHARED, false);
    struct span hands[7];
    (void)world_take_span(world.pool->capacity - 8 * RUN);
    for (int i = 0; i < 7; i++) {
        hands[i] = world_take_span(RUN);
    }
    for (int i = 1; i < 6; i += 2) {
        world_give_span(hands[i]);
    }
    world_give_span(world_take_span(RUN));
    for (int i = 0; i < 7; i += 2) {
        world.hands[i / 2] = hands[i];
    }
}

static void runs_a(void)
{
    world.hands[5] = world_take_span(RUN);
}

static void runs_b(void)
{
    struct span first = world_take_span(RUN);
    world.hands[6] = world_take_span(RUN);
    world_give_span(first);
}

/* Room for all was there at every instant, so nobody may have been refused. */
static void runs_end(void)
{
    world_require(world.refusals == 0, "a request was refused though there was room");
    world_check_free();
    for (int i = 0; i < WORLD_HANDS; i++) {
        world_give_span(world.hands[i]);
    }
    pool_give(world.pool, (struct span){8 * RUN, world.pool->capacity, 0});
    world_check_whole();
}

/* One looks at the run that the other needs, and cannot use it. */
static void search_begin(void)
{
    world_begin(SHARED_BYTES, BITENA_SHARED, false);
    struct span first = world_take_span(130);
    (void)world_take_span(64);
    struct span second = world_take_span(125);
    (void)world_take_span(world.pool->capacity - 130 - 64 - 125);
    world_give_span(first);
    world_give_span(second);
}

static void search_a(void)
{
    world_require(world_take_span(130).end != 0, "refused though there was room");
}

static void search_b(void)
{
    (void)world_take_span(250); /* there is none */
}

static void search_end(void)
{
    world_require(world.refusals == 1, "the impossible was served");
    world_check_free();
}

/* The same through the verbs: a scope rewinds while another thread refills. */
static void scope_begin(void)
{
    world_begin(SHARED_BYTES, BITENA_SHARED, false);
}

static void scope_a(void)
{
    bitena_mark mark = bitena_save(world.arena);
    void *p = world_alloc(world.arena, 700, 8);
    void *q = world_alloc(world.arena, 800, 8);
    world_give(p);
    world_give(q);
    world_require(bitena_rewind(world.arena, mark) == 0, "a rewind is refused");
}

static void scope_b(void)
{
    (void)world_alloc(world.arena, 700, 8);
    (void)world_alloc(world.arena, 120, 8);
}

static void scope_end(void)
{
    world_require(world.refusals == 0, "a request was refused though there was room");
    world_check_free();
    size_t used = bitena_used(world.arena); /* by b: 820 bytes, and rests not worth recycling */
    world_require(used >= 820, "more is free than was given back");
    world_require(used < 820 + 2 * WORTH_RECYCLING, "a run was lost");
    world_end_shared();
}

/* An EXACT arena is rewound while a child's thread takes from the same index. */
static void floor_begin(void)
{
    world_begin(SMALL_BYTES, BITENA_EXACT, true);
    world.child[0] = bitena_new_child(world.arena);
}

static void floor_a(void)
{
    bitena_mark mark = bitena_save(world.arena);
    void *p = world_alloc(world.arena, 40, 8);
    world_give(p);
    world_require(bitena_rewind(world.arena, mark) == 0, "a rewind is refused");
    (void)world_alloc(world.arena, 48, 8);
}

static void floor_b(void)
{
    world_require(bitena_own(world.child[0]) == 0, "own is refused");
    (void)world_alloc(world.child[0], 200, 8);
    (void)world_alloc(world.child[0], 220, 8);
}

static void floor_end(void)
{
    world_require(world.refusals == 0, "refused though there was room");
    world_check_free();
}

/* Three first leases: the owner is the thread whose slot has no TLAB. */
static void three_leases_begin(void)
{
    explore_become(2);
    world_begin(SHARED_BYTES, BITENA_SHARED, false);
}

static void plain_begin(void)
{
    world_begin(SHARED_BYTES, BITENA_SHARED, false);
}

static void nearly_full_begin(void)
{
    world_begin(SMALL_BYTES, BITENA_EXACT, true);
    (void)world_alloc(world.arena, world.pool->capacity - 90, 1);
}

static void give_second(void)
{
    world_give_span(world.hands[1]);
    world.hands[1] = (struct span){0, 0, 0};
}

static void runs_all_end(void)
{
    for (int i = 0; i < WORLD_THREADS; i++) {
        world_give_span(world.mine[i].span);
    }
    runs_end();
}

const struct scenario scenarios_pool[] = {
    {"exact",
     "EXACT allocations and a resize",
     2,
     {0, 1},
     exact_begin,
     {exact_a, exact_b},
     exact_end},
    {.name = "exact3",
     .what = "three EXACT allocations, room for two",
     .threads = 3,
     .identity = {0, 1, 2},
     .begin = nearly_full_begin,
     .end = exact_end,
     .calls = {{call_small}, {call_small}, {call_small}}},
    {"lease",
     "two refills in a full arena",
     2,
     {0, 1},
     lease_begin,
     {lease_a, lease_a},
     world_end_shared},
    {.name = "lease2",
     .what = "leases and runs apart",
     .threads = 2,
     .identity = {0, 1},
     .begin = plain_begin,
     .end = world_end_shared,
     .calls = {{call_small, call_apart, call_lease}, {call_small, call_apart, call_lease}}},
    {.name = "lease3",
     .what = "three first leases",
     .threads = 3,
     .identity = {0, 1, 2},
     .begin = three_leases_begin,
     .end = world_end_shared,
     .calls = {{call_small}, {call_small}, {call_small}}},
    {"runs", "recycled runs taken and given", 2, {0, 1}, runs_begin, {runs_a, runs_b}, runs_end},
    {.name = "runs2",
     .what = "recycled runs, three calls each",
     .threads = 2,
     .identity = {0, 1},
     .begin = runs_begin,
     .end = runs_all_end,
     .calls = {{call_take, call_give, call_take}, {call_take, give_second, call_give}}},
    {.name = "runs3",
     .what = "two recycled runs taken, one given",
     .threads = 3,
     .identity = {0, 1, 2},
     .begin = runs_begin,
     .end = runs_all_end,
     .calls = {{call_take}, {call_take}, {give_second}}},
    {"three",
     "recycled runs, and a third gives",
     3,
     {0, 1, 2},
     runs_begin,
     {runs_a, runs_b, give_second},
     runs_end},
    {"search",
     "a search beside another's",
     2,
     {0, 1},
     search_begin,
     {search_a, search_b},
     search_end},
    {"floor",
     "an EXACT rewind beside a child's takes",
     2,
     {0, 1},
     floor_begin,
     {floor_a, floor_b},
     floor_end},
    {"scope", "a rewind beside refills", 2, {0, 1}, scope_begin, {scope_a, scope_b}, scope_end},
    {0},
};
