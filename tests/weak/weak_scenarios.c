/* Programs for the edges of docs/MEMORY_ORDER.md that the explorer's scenarios do not reach. Threads
 * meet only through the library, so what orders their bytes is the library's. Identities 0 and 1
 * have a TLAB in a shared arena, 2 has none there, EXPLORE_NEW is a thread that registers itself.
 * SPDX-License-Identifier: MIT */
#include "weak_scenarios.h"

#include "explore/world.h"

enum { SMALL = 4800, SHARED = 20480, RUN = 128 };

static char *hand[2]; /* objects that begin() leaves to the threads */

/* [M01] An EXACT run grows where another thread has just given bytes back. */
static void grow_begin(void)
{
    world_begin(SMALL, BITENA_EXACT, true);
    hand[0] = world_alloc(world.arena, 40, 8);
    hand[1] = world_alloc(world.arena, 40, 8);
}

static void grow_a(void)
{
    world_give(hand[1]);
    (void)bitena_try_resize(world.arena, hand[1], 40, 0, 8);
}

static void grow_b(void)
{
    world_give(hand[0]);
    (void)world_take(bitena_try_resize(world.arena, hand[0], 40, 80, 8), 80);
}

static void shared_end(void)
{
    world_require(world.refusals == 0, "a request was refused though there was room");
    world_check_free();
    world_require(bitena_reset(world.arena) == 0, "the reset is refused");
    world_require(bitena_remaining(world.arena) == bitena_capacity(world.arena),
                  "bytes were lost in the reset");
}

/* [M01] A lease grows down into what another thread has just given back to the index. */
static void extend_begin(void)
{
    world_begin(SHARED, BITENA_SHARED, true);
    (void)world_alloc(world.arena, 96, 8);
    world.hands[0] = world_take_span(512);
}

static void extend_a(void)
{
    for (int i = 0; i < 12; i++) {
        (void)world_alloc(world.arena, 120, 8);
    }
}

static void extend_b(void)
{
    world_give_span(world.hands[0]);
}

/* [M01] [M05] What is free goes to the system while a child's thread takes and gives: pages that
 * are discarded read as zero, so that a trim writes them. */
static int wipe(uintptr_t from, size_t bytes)
{
    memset((void *)from, 0, bytes);
    return 0;
}

static void trim_begin(void)
{
    static struct block_kind wiping;
    world_begin(SHARED, BITENA_SHARED, true);
    wiping = *world.pool->block.kind;
    wiping.discard = wipe;
    world.pool->block.kind = &wiping;
    world.child[0] = bitena_new_child(world.arena);
    (void)world_take_span(world.pool->index - 4096);
}

static void trim_a(void)
{
    world_require(bitena_trim(world.arena, 0) == 0, "a trim is refused");
}

static void trim_b(void)
{
    world_require(bitena_own(world.child[0]) == 0, "own is refused");
    for (int i = 0; i < 2; i++) {
        bitena_mark mark = bitena_save(world.child[0]);
        void *p = world_alloc(world.child[0], 900, 8);
        void *q = world_alloc(world.child[0], 1300, 8);
        world_give(p);
        world_give(q);
        world_require(bitena_rewind(world.child[0], mark) == 0, "a rewind is refused");
    }
}

/* [M01] Nothing is free while a trim begins; another thread gives back the last run meanwhile. */
static void trim_full_begin(void)
{
    world_begin(SHARED, BITENA_SHARED, true);
    world.hands[0] = world_take_span(world.pool->capacity);
}

static void trim_full_b(void)
{
    world_give_span(world.hands[0]);
}

static void trim_full_end(void)
{
    world_check_whole();
}

/* [M07] A thread ends; a new one takes its slot, and with it its TLAB. */
static void heir_begin(void)
{
    world_begin(SHARED, BITENA_SHARED, true);
}

static void heir_a(void)
{
    (void)world_alloc(world.arena, 100, 8);
    (void)world_alloc(world.arena, 100, 8);
    explore_thread_end(NULL);
}

static void heir_b(void)
{
    (void)world_alloc(world.arena, 100, 8);
    (void)world_alloc(world.arena, 100, 8);
}

/* [M11] [M10] The numbers, while a thread comes. */
static void numbers_a(void)
{
    for (int i = 0; i < 2; i++) {
        size_t used = bitena_used(world.arena);
        world_require(used <= bitena_capacity(world.arena), "more is used than there is");
    }
}

/* [M05] One joins two runs; the other, in vain, looks at them too. */
static void gathers_begin(void)
{
    world_begin(SHARED, BITENA_SHARED, true);
    struct span first = world_take_span(RUN), second = world_take_span(RUN);
    world.hands[0] = world_take_span(RUN);
    (void)world_take_span(world.pool->index);
    world_give_span(first);
    world_give_span(second);
}

static void gathers_a(void)
{
    struct span span = world_take_span(2 * RUN);
    world_require(span.end != 0, "refused though there was room");
    world_give_span(span);
}

static void gathers_b(void)
{
    (void)world_take_span(5 * RUN); /* there is none */
}

/* What another gives back before it asks for more is there for it. */
static void gathers_c(void)
{
    world_give_span(world.hands[0]);
    world_require(world_take_span(RUN).end != 0, "refused though it had given back");
}

static void gathers_end(void)
{
    world_check_free();
}

/* [M13] The owner resets as soon as it may; a thread without a TLAB drops the last child. */
static void last_child_begin(void)
{
    world_begin(SHARED, BITENA_SHARED, true);
    world.child[0] = bitena_new_child(world.arena);
}

static void last_child_a(void)
{
    while (bitena_reset(world.arena) != 0) {
        explore_wait();
    }
    (void)world_alloc(world.arena, 700, 8);
    (void)world_alloc(world.arena, 2000, 8);
}

static void last_child_b(void)
{
    world_require(bitena_own(world.child[0]) == 0, "own is refused");
    void *p = world_alloc(world.child[0], 900, 8);
    world_give(p);
    bitena_drop(world.child[0]);
}

/* [M13] [M06] An EXACT arena is rewound while its last child is dropped. */
static void exact_drop_begin(void)
{
    world_begin(SMALL, BITENA_EXACT, true);
    world.child[0] = bitena_new_child(world.arena);
}

static void exact_drop_a(void)
{
    for (int i = 0; i < 2; i++) {
        bitena_mark mark = bitena_save(world.arena);
        void *p = world_alloc(world.arena, 40, 8);
        world_give(p);
        world_require(bitena_rewind(world.arena, mark) == 0, "a rewind is refused");
    }
    (void)world_alloc(world.arena, 300, 8);
}

static void exact_drop_b(void)
{
    world_require(bitena_own(world.child[0]) == 0, "own is refused");
    void *p = world_alloc(world.child[0], 200, 8);
    world_give(p);
    bitena_drop(world.child[0]);
}

static void exact_end(void)
{
    world_require(world.refusals == 0, "refused though there was room");
    world_check_free();
    world_require(bitena_reset(world.arena) == 0, "the reset is refused");
    world_check_whole();
}

/* [M14] Cleanups deferred by two at once; one has no TLAB. */
static void count(void *argument)
{
    (void)argument;
    world.cleanups++;
}

static void defer_exact_begin(void)
{
    world_begin(SMALL, BITENA_EXACT, true);
}

static void defer_any(void)
{
    bitena_defer(world.arena, count, NULL);
}

static void defer_end(void)
{
    shared_end();
    world_require(world.cleanups == 2, "a cleanup was lost");
}

/* [M03] Recycled runs of an EXACT arena, taken while a mark is live: the rewind gives them back. */
static bitena_mark outer;

static void exact_runs_begin(void)
{
    world_begin(SMALL, BITENA_EXACT, true);
    struct span span = world_take_span(400);
    (void)world_alloc(world.arena, world.pool->capacity - 400, 1);
    world_give_span(span);
    outer = bitena_save(world.arena);
}

static void exact_runs_any(void)
{
    void *p = world_alloc(world.arena, 60, 1);
    world_give(p); /* the rewind will */
}

static void exact_runs_end(void)
{
    world_require(world.refusals == 0, "refused though there was room");
    world_require(bitena_rewind(world.arena, outer) == 0, "a rewind is refused");
    world_check_free();
}

#define TWO(name, what, begin, first, a, second, b, end)    \
    {                                                       \
        name, what, 2, {first, second}, begin, {a, b}, end, \
    }

const struct scenario weak_scenarios[] = {
    TWO("grow", "an EXACT run grows into another's", grow_begin, 0, grow_a, 1, grow_b, shared_end),
    TWO("extend", "a lease grows into another's run", extend_begin, 0, extend_a, 1, extend_b,
        shared_end),
    TWO("trim", "a trim beside a child's thread", trim_begin, 0, trim_a, 1, trim_b, gathers_end),
    TWO("trim-full", "a trim where nothing is free", trim_full_begin, 0, trim_a, 1, trim_full_b,
        trim_full_end),
    TWO("heir", "a slot's heir", heir_begin, 1, heir_a, EXPLORE_NEW, heir_b, shared_end),
    TWO("heir-owner", "the owner's heir", heir_begin, 0, heir_a, EXPLORE_NEW, heir_b, shared_end),
    TWO("numbers", "numbers while a thread comes", heir_begin, 0, numbers_a, 1, heir_b, shared_end),
    TWO("gathers", "two gathers", gathers_begin, 0, gathers_a, 1, gathers_b, gathers_end),
    TWO("gather-give", "a gather and a giving", gathers_begin, 0, gathers_b, 1, gathers_c,
        gathers_end),
    TWO("last-child", "a reset after a stranger's drop", last_child_begin, 0, last_child_a, 2,
        last_child_b, gathers_end),
    TWO("exact-drop", "an EXACT rewind beside a drop", exact_drop_begin, 0, exact_drop_a, 1,
        exact_drop_b, exact_end),
    TWO("defer", "cleanups of an EXACT arena", defer_exact_begin, 0, defer_any, 1, defer_any,
        defer_end),
    TWO("defer-stranger", "one without a TLAB defers", heir_begin, 0, defer_any, 2, defer_any,
        defer_end),
    TWO("exact-runs", "recycled runs under a mark", exact_runs_begin, 0, exact_runs_any, 1,
        exact_runs_any, exact_runs_end),
    {0},
};
