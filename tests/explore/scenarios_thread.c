/* Programs around thread slots: threads that begin, end, and inherit what stood in their slot. The
 * slots of identities 0 to 2 are borne in `begin`; EXPLORE_NEW claims the lowest that is free.
 * SPDX-License-Identifier: MIT */
#include "calls.h"
#include "scenarios.h"
#include "thread.h"
#include "world.h"

enum { SHARED_BYTES = 20480 };

/* The caller's id and slot are those of no other live thread. */
static void check_id(void)
{
    struct mine *me = world_mine();
    me->id = bitena_thread_id;
    for (int i = 0; i < WORLD_THREADS; i++) {
        const struct mine *other = &world.mine[i];
        world_require(other == me || other->id == 0 || me->id == 0 ||
                          (other->id != me->id && slot_of(other->id) != slot_of(me->id)),
                      "two threads bear one slot");
    }
}

static void alloc(void)
{
    (void)world_alloc(world.arena, 96, 8);
    check_id();
}

static void alloc_apart(void)
{
    call_apart();
    check_id();
}

/* A destructor of the user's still allocates as that thread. */
static void end_of_thread(void)
{
    explore_thread_end(alloc);
    world_mine()->id = 0;
}

/* What an ended thread had saved is nobody's. */
static void rewind_foreign(void)
{
    world_require(bitena_rewind(world.arena, world.mine[WORLD_THREADS].mark) != 0,
                  "an ended thread's mark is live");
}

/* Identity 1 has a TLAB, with a mark, a deferred call and a child counted in it. */
static void leave_something(void)
{
    explore_become(1);
    (void)world_alloc(world.arena, 96, 8);
    call_save();
    (void)world_alloc(world.arena, 96, 8);
    call_defer();
}

static void free_slot_begin(void)
{
    world_begin(SHARED_BYTES, BITENA_SHARED, false);
    leave_something();
    explore_thread_end(NULL);
}

static void borne_slot_begin(void)
{
    world_begin(SHARED_BYTES, BITENA_SHARED, false);
    leave_something();
    world.mine[0].id = bitena_thread_id;
}

static void owner_begin(void)
{
    world_begin(SHARED_BYTES, BITENA_SHARED, false);
    (void)world_alloc(world.arena, 96, 8);
    call_save();
    (void)world_alloc(world.arena, 96, 8);
    world.mine[0].id = bitena_thread_id;
}

static void threads_end(void)
{
    uint32_t deferred = world.mine[WORLD_THREADS].deferred;
    explore_become(2);
    world_require(world.refusals == 0, "a request was refused though there was room");
    world_end_shared();
    world_require(world.cleanups == deferred, "an ended thread's cleanup was lost");
}

const struct scenario scenarios_thread[] = {
    {.name = "slots2",
     .what = "two new threads, their ends, two more",
     .threads = 2,
     .identity = {EXPLORE_NEW, EXPLORE_NEW},
     .begin = free_slot_begin,
     .end = threads_end,
     .calls = {{alloc, end_of_thread, alloc}, {alloc, end_of_thread, alloc}}},
    {.name = "slots3",
     .what = "three new threads, one slot of a dead one",
     .threads = 3,
     .identity = {EXPLORE_NEW, EXPLORE_NEW, EXPLORE_NEW},
     .begin = free_slot_begin,
     .end = threads_end,
     .calls = {{alloc}, {alloc}, {alloc}}},
    {.name = "exit2",
     .what = "a thread's end beside its heir",
     .threads = 2,
     .identity = {1, EXPLORE_NEW},
     .begin = borne_slot_begin,
     .end = threads_end,
     .calls = {{alloc, end_of_thread, alloc}, {alloc, rewind_foreign, alloc_apart}}},
    {.name = "exit3",
     .what = "a thread's end beside two claims",
     .threads = 3,
     .identity = {1, EXPLORE_NEW, EXPLORE_NEW},
     .begin = borne_slot_begin,
     .end = threads_end,
     .calls = {{end_of_thread}, {alloc}, {alloc}}},
    {.name = "heir2",
     .what = "the owner's end beside the heir of its arena",
     .threads = 2,
     .identity = {0, EXPLORE_NEW},
     .begin = owner_begin,
     .end = threads_end,
     .calls = {{alloc, end_of_thread, alloc}, {alloc, rewind_foreign, alloc_apart}}},
    {0},
};
