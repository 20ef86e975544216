/* The world and its checks. Intervals are compared one by one; nothing of the library decides
 * what overlaps.
 * SPDX-License-Identifier: MIT */
#include "world.h"

#include "explore.h"

enum { BUFFER_BYTES = 24 << 10, MOST_INTERVALS = 256 };

struct world world;
static __attribute__((aligned(4096))) char buffer[BUFFER_BYTES];

/* What is free, as it is collected. */
static struct interval {
    uintptr_t from, to;
} intervals[MOST_INTERVALS];
static uint32_t interval_count;
static size_t free_bytes;

void world_require(bool holds, const char *what)
{
    if (!holds) {
        explore_fault(what);
    }
}

void world_begin(size_t bytes, int mode, bool data)
{
    memset(buffer, 0, sizeof buffer);
    memset(&world, 0, sizeof world);
    bitena_options options = {.mode = mode, .lease_max = LEASE_MIN};
    explore_state((struct region){&world, sizeof world});
    explore_shared((struct region){&world, sizeof world});
    explore_shared((struct region){buffer, bytes});
    world.arena = bitena_init(buffer, bytes, &options);
    world_require(world.arena != NULL, "the scenario's buffer is too small");
    struct arena *arena = arena_of(world.arena);
    world.pool = arena->pool;
    const char *tables = (const char *)arena;
    size_t table_bytes = (size_t)(buffer + bytes - tables);
    explore_state((struct region){tables, table_bytes});
    if (data) {
        explore_state((struct region){buffer, bytes - table_bytes});
    }
}

static char stamp_of(const struct object *object)
{
    return (char)(0x40 + (object - world.objects));
}

void *world_take(void *at, size_t size)
{
    const char *from = at;
    if (!at || size == 0) {
        return at;
    }
    uintptr_t low = world.pool->data, offset = (uintptr_t)from - low;
    world_require(offset <= world.pool->capacity && size <= world.pool->capacity - offset,
                  "an object outside of the block");
    for (uint32_t i = 0; i < WORLD_OBJECTS; i++) {
        const struct object *o = &world.objects[i];
        world_require(!o->at || from + size <= o->at || o->at + o->size <= from,
                      "two live objects overlap");
    }
    /* Each thread has places of its own, so that the order of two takes alone makes no other world. */
    uint32_t place = (uint32_t)(explore_running() + 1) % 4 * (WORLD_OBJECTS / 4);
    uint32_t last = place + WORLD_OBJECTS / 4 - 1;
    while (place < last && world.objects[place].at) {
        place++;
    }
    world_require(!world.objects[place].at, "the scenario has too many objects");
    world.objects[place] = (struct object){from, size};
    memset(at, stamp_of(&world.objects[place]), size);
    return at;
}

void world_give(const void *at)
{
    for (uint32_t i = 0; i < WORLD_OBJECTS; i++) {
        struct object *o = &world.objects[i];
        if (at && o->at == at) {
            for (size_t b = 0; b < o->size; b++) {
                world_require(o->at[b] == stamp_of(o), "a live object was overwritten");
            }
            *o = (struct object){0};
        }
    }
}

void *world_alloc(bitena *arena, size_t size, size_t align)
{
    void *at = bitena_try_alloc(arena, size, align);
    world.refusals += !at;
    return world_take(at, size);
}

struct span world_take_span(size_t size)
{
    struct span span = {0, 0, 0};
    if (pool_take_recorded(world.pool, size, 1, size, &span)) {
        world_require(span.end - span.base >= size, "a run smaller than asked");
        (void)world_take((void *)address_of(world.pool, span.base), span.end - span.base);
    } else {
        world.refusals++;
        span = (struct span){0, 0, 0};
    }
    return span;
}

void world_give_span(struct span span)
{
    if (span.base != span.end) {
        world_give((void *)address_of(world.pool, span.base));
        pool_give(world.pool, span);
    }
}

static void add_free(uintptr_t from, uintptr_t to)
{
    world_require(from <= to && from >= world.pool->data &&
                      to <= address_of(world.pool, world.pool->capacity),
                  "a free run outside of the block");
    if (from == to) {
        return;
    }
    for (uint32_t i = 0; i < interval_count; i++) {
        world_require(to <= intervals[i].from || intervals[i].to <= from, "two free runs overlap");
    }
    for (uint32_t i = 0; i < WORLD_OBJECTS; i++) {
        const struct object *o = &world.objects[i];
        world_require(!o->at || to <= (uintptr_t)o->at || (uintptr_t)(o->at + o->size) <= from,
                      "a live object is free");
    }
    world_require(interval_count < MOST_INTERVALS, "a stack of runs has no end");
    intervals[interval_count++] = (struct interval){from, to};
    free_bytes += to - from;
}

static void add_run(uint32_t run)
{
    const struct pool *pool = world.pool;
    world_require(run <= pool->run_count, "a stack holds no run's number");
    const struct run *r = run_at(pool, run);
    add_free(address_of(pool, r->base), address_of(pool, r->end));
}

static void add_tlab(const struct tlab *tlab)
{
    add_free(tlab->floor, tlab->ceiling);
    if (tlab->spare != 0) {
        add_run(tlab->spare);
    }
}

void world_check_free(void)
{
    const struct pool *pool = world.pool;
    const struct arena *arena = arena_of(world.arena);
    interval_count = 0;
    free_bytes = 0;
    size_t recycled = 0;
    add_free(address_of(pool, pool->upward ? pool->index : 0),
             address_of(pool, pool->upward ? pool->capacity : pool->index));
    for (unsigned bin = 0; bin < CLASS_COUNT; bin++) {
        for (uint32_t run = (uint32_t)pool->classes[bin]; run != 0; run = run_at(pool, run)->next) {
            add_run(run);
            recycled += run_at(pool, run)->end - run_at(pool, run)->base;
        }
    }
    world_require(recycled == pool->recycled, "the count of recycled bytes is wrong");
    world_require(pool->holds_begun == pool->holds_done, "a hold was not ended");
    world_require(pool->gathering == 0, "a gather was not ended");
    if (arena->mode != BITENA_EXACT) {
        add_tlab(&arena->tlab);
        for (uint32_t i = 0; i < arena->table_count;
             i++) { /* not the list, which may have lost one */
            if (arena->table[i].tlab.bearer != 0) {
                add_tlab(&arena->table[i].tlab);
            }
        }
    }
    world_require(free_bytes + bitena_used(world.arena) == bitena_capacity(world.arena),
                  "what is free and what is used are not the capacity");
    world_require(bitena_remaining(world.arena) <= free_bytes, "more remains than is free");
}

void world_check_whole(void)
{
    struct pool *pool = world.pool;
    struct span span;
    world_require(pool_free(pool) == pool->capacity, "bytes were lost");
    world_require(pool_take(pool, pool->capacity, 1, 0, &span), "the whole cannot be handed out");
    world_require(span.base == 0 && span.end == pool->capacity, "the whole has a hole");
}

void world_end_shared(void)
{
    world_check_free();
    world_require(bitena_reset(world.arena) == 0, "the reset is refused");
    world_require(bitena_remaining(world.arena) == bitena_capacity(world.arena),
                  "bytes were lost in the reset");
}

struct mine *world_mine(void)
{
    int who = explore_running();
    return &world.mine[who < 0 || who > WORLD_THREADS ? WORLD_THREADS : who];
}

void world_count_cleanup(void *unused)
{
    (void)unused;
    world.cleanups++;
}
