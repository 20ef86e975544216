/* The calls. A refusal is counted, and a matter of the scenario's end.
 * SPDX-License-Identifier: MIT */
#include "calls.h"

#include "world.h"

enum { SMALL = 40, EIGHTH = 120, APART = 700, OF_CHILD = 1500 };

void call_small(void)
{
    (void)world_alloc(world.arena, SMALL, 8);
}

void call_lease(void)
{
    (void)world_alloc(world.arena, EIGHTH, 8);
}

void call_apart(void)
{
    (void)world_alloc(world.arena, APART, 8);
}

static void remember(void *p)
{
    struct mine *me = world_mine();
    me->since[me->since_count++] = p;
}

static void give_since(void)
{
    struct mine *me = world_mine();
    while (me->since_count > 0) {
        world_give(me->since[--me->since_count]);
    }
}

void call_since(void)
{
    remember(world_alloc(world.arena, EIGHTH, 8));
}

void call_save(void)
{
    world_mine()->mark = bitena_save(world.arena);
}

void call_rewind(void)
{
    give_since();
    world_require(bitena_rewind(world.arena, world_mine()->mark) == 0, "a rewind is refused");
}

void call_take(void)
{
    world_mine()->span = world_take_span(RUN);
}

void call_give(void)
{
    struct mine *me = world_mine();
    world_give_span(me->span);
    me->span = (struct span){0, 0, 0};
}

void call_make(void)
{
    struct mine *me = world_mine();
    me->child = bitena_new_child(world.arena);
    world.refusals += !me->child;
}

void call_child_alloc(void)
{
    remember(world_alloc(world_mine()->child, OF_CHILD, 8));
}

void call_drop(void)
{
    struct mine *me = world_mine();
    give_since();
    bitena_drop(me->child);
    me->child = NULL;
}

void call_defer(void)
{
    bool done = bitena_try_defer(world.arena, world_count_cleanup, NULL) == 0;
    world_mine()->deferred += done;
    world.refusals += !done;
}

/* Readings beside others may be torn, but never more than there is. */
void call_numbers(void)
{
    size_t capacity = bitena_capacity(world.arena);
    world_require(bitena_used(world.arena) <= capacity, "more is used than there is");
    world_require(bitena_remaining(world.arena) <= capacity, "more remains than there is");
}

void call_trim(void)
{
    world_require(bitena_trim(world.arena, 0) == 0, "a trim is refused");
}
