/* Programs around children: making, dropping, absorbing, handing over, counting. `begin` and `end` run alone.
 * Identities 0 and 1 have a TLAB in a shared arena, 2 has none there, unless it is the owner.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "bitena/order.h"
#include "calls.h"
#include "scenarios.h"
#include "world.h"

enum { EXACT_BYTES = 16000, SHARED_BYTES = 20480 };

/* A child is dropped while another is made; its struct stands in what it gives back. */
static void child_begin(void)
{
    world_begin(SHARED_BYTES, BITENA_SHARED, true);
    (void)world_take_span(world.pool->capacity - 6144);
}

static void child_a(void)
{
    bitena *child = bitena_new_child(world.arena);
    if (child) {
        void *p = world_alloc(child, 1500, 8);
        world_give(p);
        bitena_drop(child);
    }
    world.refusals += !child;
}

static void child_b(void)
{
    (void)world_alloc(world.arena, 500, 8);
    bitena *child = bitena_new_child(world.arena);
    world.refusals += !child;
    if (child) {
        void *p = world_alloc(child, 64, 8);
        world_give(p);
        bitena_drop(child);
    }
}

static void child_end(void)
{
    world_require(world.refusals == 0, "a request was refused though there was room");
    world_end_shared();
}

/* Two threads absorb their children, one while the other allocates. */
static void absorb_begin(void)
{
    world_begin(SHARED_BYTES, BITENA_SHARED, true);
    for (int i = 0; i < 2; i++) {
        world.child[i] = bitena_new_child(world.arena);
        bitena_defer(world.child[i], world_count_cleanup, NULL);
    }
}

static void absorb(int which)
{
    world_require(bitena_own(world.child[which]) == 0, "own is refused");
    (void)world_alloc(world.child[which], 200, 8);
    world_require(bitena_absorb(world.arena, world.child[which]) == 0, "absorb is refused");
}

static void absorb_a(void)
{
    absorb(0);
}

static void absorb_b(void)
{
    (void)world_alloc(world.arena, 120, 8);
    absorb(1);
}

static void absorb_end(void)
{
    world_end_shared();
    world_require(world.cleanups == 2, "an absorbed child's cleanup was lost");
}

/* The handing over is the user's to order: by a flag of its own, not in the world, whose words the
 * machine of tests/weak does not see. */
static uint32_t handed[WORLD_THREADS];

/* A child for each thread, made by it, with a mark and an object. */
static void children(size_t bytes, int mode, int count)
{
    world_begin(bytes, mode, true);
    memset(handed, 0, sizeof handed);
    for (int i = 0; i < count; i++) {
        explore_become(i);
        world.child[i] = world.mine[i].child = bitena_new_child(world.arena);
        world_require(world.child[i] != NULL, "no room for the scenario's children");
        world.mine[i].mark = bitena_save(world.child[i]);
        world.mine[i].since[world.mine[i].since_count++] = world_alloc(world.child[i], 40, 8);
        bitena_drop(bitena_new_child(world.arena)); /* a spare, so that the next drop keeps none */
    }
}

static void two_children_begin(void)
{
    children(SHARED_BYTES, BITENA_SHARED, 2);
}

static void three_children_begin(void)
{
    children(SHARED_BYTES, BITENA_SHARED, 3);
}

static void exact_begin(void)
{
    world_begin(EXACT_BYTES, BITENA_EXACT, true);
}

static void hand_over(void)
{
    call_child_alloc();
    store_release(&handed[explore_running()], 1);
}

static void own_other(void)
{
    int other = 1 - explore_running();
    bitena *child = world.child[other];
    while (load_acquire(&handed[other]) == 0) {
        explore_wait();
    }
    world_require(world_alloc(child, 8, 8) == NULL, "a stranger was served in a child");
    world.refusals--;
    world_require(bitena_own(child) == 0, "own is refused");
    world_require(world_alloc(child, 300, 8) != NULL, "the owner was refused");
    world_require(bitena_rewind(child, world.mine[other].mark) != 0, "an old owner's mark is live");
    world.mine[1 - other].child = child;
}

static void own_now(void)
{
    int other = explore_running() == 0 ? 1 : 0;
    world_require(bitena_own(world.child[other]) == 0, "own is refused");
    world_require(world_alloc(world.child[other], 1500, 8) != NULL, "the owner was refused");
    world.mine[1].child = NULL; /* each of the two others has one now */
    world_mine()->child = world.child[other];
}

static void absorb_mine(void)
{
    struct mine *me = world_mine();
    world_require(bitena_absorb(world.arena, me->child) == 0, "absorb is refused");
    me->child = NULL;
}

/* Every child that is left counts, and none that is gone. */
static void children_end(void)
{
    world_require(world.refusals == 0, "a request was refused though there was room");
    for (int i = 0; i < WORLD_THREADS; i++) {
        if (world.mine[i].child) {
            world_require(bitena_reset(world.arena) != 0, "a reset beside a live child");
            world_require(bitena_own(world.mine[i].child) == 0, "own is refused");
            bitena_drop(world.mine[i].child);
        }
    }
    world_require(bitena_reset(world.arena) == 0, "the reset is refused");
    world_require(bitena_remaining(world.arena) == bitena_capacity(world.arena),
                  "bytes were lost in the reset");
}

const struct scenario scenarios_child[] = {
    {"child",
     "a child's drop beside a making",
     2,
     {0, 1},
     child_begin,
     {child_a, child_b},
     child_end},
    {"stranger",
     "the same, one without a TLAB",
     2,
     {0, 2},
     child_begin,
     {child_a, child_b},
     child_end},
    {.name = "child3",
     .what = "two drops and a making",
     .threads = 3,
     .identity = {0, 1, 2},
     .begin = two_children_begin,
     .end = children_end,
     .calls = {{call_drop}, {call_drop}, {call_make}}},
    {"absorb",
     "two absorbed children and an allocation",
     2,
     {0, 1},
     absorb_begin,
     {absorb_a, absorb_b},
     absorb_end},
    {.name = "absorb3",
     .what = "three absorbed children",
     .threads = 3,
     .identity = {0, 1, 2},
     .begin = three_children_begin,
     .end = children_end,
     .calls = {{absorb_mine}, {absorb_mine}, {absorb_mine}}},
    {.name = "own2",
     .what = "two children change hands",
     .threads = 2,
     .identity = {0, 1},
     .begin = two_children_begin,
     .end = children_end,
     .calls = {{hand_over, call_apart, own_other}, {hand_over, call_small, own_other}}},
    {.name = "own3",
     .what = "two children owned, and an allocation",
     .threads = 3,
     .identity = {0, 1, 2},
     .begin = two_children_begin,
     .end = children_end,
     .calls = {{own_now}, {call_apart}, {own_now}}},
    {.name = "count2",
     .what = "children of an EXACT arena made and dropped",
     .threads = 2,
     .identity = {0, 1},
     .begin = exact_begin,
     .end = children_end,
     .calls = {{call_make, call_drop, call_make}, {call_make, call_drop, call_make}}},
    {.name = "count3",
     .what = "three children of an EXACT arena made",
     .threads = 3,
     .identity = {0, 1, 2},
     .begin = exact_begin,
     .end = children_end,
     .calls = {{call_make}, {call_make}, {call_make}}},
    {0},
};
