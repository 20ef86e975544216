/* Small programs for two threads, each where two of the library's shared words meet. `begin` and
 * `end` run alone. Identities 0 and 1 have a TLAB in a shared arena, 2 has none there.
 * SPDX-License-Identifier: MIT */
#include "scenarios.h"

#include "world.h"

enum { SMALL_BYTES = 4800, SHARED_BYTES = 20480, RUN = 128 };

/* (a) The index of an EXACT arena, until it refuses; resize gives back at the index. */
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

/* (b) Leases: refills, extensions and runs apart, each beside the other's. */
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

static void lease_end(void)
{
    world_check_free();
    world_require(bitena_reset(world.arena) == 0, "the reset is refused");
    world_require(bitena_remaining(world.arena) == bitena_capacity(world.arena),
                  "bytes were lost in the reset");
}

/* (c) Three recycled runs of one class, apart from each other, in one stack; the latest change of
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

/* What it gives back has recycled neighbours. */
static void runs_c(void)
{
    world_give_span(world.hands[1]);
    world.hands[1] = (struct span){0, 0, 0};
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

/* (c) One looks at the run that the other needs, and cannot use it. */
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

/* (c) The same through the verbs: a scope rewinds while another thread refills. */
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
    world_require(bitena_reset(world.arena) == 0, "the reset is refused");
    world_require(bitena_remaining(world.arena) == bitena_capacity(world.arena),
                  "bytes were lost in the reset");
}

/* (c) An EXACT arena is rewound while a child's thread takes from the same index. */
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

/* (d) A child is dropped while another is made; its struct stands in what it gives back. */
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
    world_check_free();
    lease_end();
}

/* (e) Two threads absorb their children, one while the other allocates. */
static void count_cleanup(void *argument)
{
    (void)argument;
    world.cleanups++;
}

static void absorb_begin(void)
{
    world_begin(SHARED_BYTES, BITENA_SHARED, true);
    for (int i = 0; i < 2; i++) {
        world.child[i] = bitena_new_child(world.arena);
        bitena_defer(world.child[i], count_cleanup, NULL);
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
    world_check_free();
    lease_end();
    world_require(world.cleanups == 2, "an absorbed child's cleanup was lost");
}

const struct scenario scenarios[] = {
    {"exact",
     "EXACT allocations and a resize",
     2,
     {0, 1},
     exact_begin,
     {exact_a, exact_b},
     exact_end},
    {"lease", "two refills in a full arena", 2, {0, 1}, lease_begin, {lease_a, lease_a}, lease_end},
    {"runs", "recycled runs taken and given", 2, {0, 1}, runs_begin, {runs_a, runs_b}, runs_end},
    {"three",
     "the same, and a third gives",
     3,
     {0, 1, 2},
     runs_begin,
     {runs_a, runs_b, runs_c},
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
    {"absorb",
     "two absorbed children and an allocation",
     2,
     {0, 1},
     absorb_begin,
     {absorb_a, absorb_b},
     absorb_end},
    {0},
};
