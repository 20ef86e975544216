/* Programs around pools and keys. In a pool batches are of one object, so that almost every call
 * exchanges one. Identities 0 to 2 have slots 0 to 2; 0 is only that of `begin`, and leaves nothing.
 * SPDX-License-Identifier: MIT */
#include <bitena/keys.h>
#include <bitena/pool.h>

#include "scenarios.h"
#include "world.h"

enum { ARENA_BYTES = 8192, OBJECT_BYTES = 24, KEYS = 3 };

static bitena_pool *pool; /* where each run makes it anew, at the same place */
static bitena_keys *keys;

static void *take(void)
{
    void *object = bitena_pool_try_take(pool);
    world_require(object != NULL, "a pool with room refuses");
    return world_take(object, OBJECT_BYTES);
}

static void give(void *object)
{
    world_give(object);
    world_require(bitena_pool_give(pool, object) == 0, "an object is not taken back");
}

static void pool_begin_with(const bitena_pool_options *options)
{
    world_begin(ARENA_BYTES, BITENA_EXACT, true);
    pool = bitena_pool_try_open(world.arena, options);
    world_require(pool != NULL, "the scenario's buffer is too small");
}

/* Each thread has its magazine; one holds two objects. */
static void pool_begin(void)
{
    pool_begin_with(&(bitena_pool_options){.size = OBJECT_BYTES, .batch = 1, .reserve = 5});
    explore_become(1);
    (void)take();
    explore_become(2);
    for (int i = 0; i < 3; i++) {
        world.mine[1].since[i] = take();
    }
}

static void take_one(void)
{
    (void)take();
}

/* The list that another may be looking at comes back under another one. */
static void take_and_give_all(void)
{
    void *a = take(), *b = take();
    give(world_mine()->since[0]);
    give(world_mine()->since[1]);
    give(world_mine()->since[2]);
    give(a);
    give(b);
}

static void give_and_take(void)
{
    give(world_mine()->since[0]);
    give(world_mine()->since[1]);
    give(world_mine()->since[2]);
    (void)take();
}

/* Whatever is free can be had, by some thread, and nothing twice: each takes until the pool grows. */
static void pool_end(void)
{
    for (int i = 1; i < WORLD_THREADS; i++) {
        size_t capacity = bitena_pool_count(pool).capacity;
        explore_become(i);
        while (bitena_pool_count(pool).capacity == capacity &&
               world_take(bitena_pool_try_take(pool), OBJECT_BYTES)) {
        }
    }
    size_t held = 0;
    for (int i = 0; i < WORLD_OBJECTS; i++) {
        held += world.objects[i].at != NULL;
    }
    bitena_pool_numbers numbers = bitena_pool_count(pool);
    world_require(numbers.free == 0 && numbers.live == held, "an object was lost");
}

/* Threads that meet a pool for the first time, at once. */
static void fresh_begin(void)
{
    pool_begin_with(&(bitena_pool_options){.size = OBJECT_BYTES, .batch = 1, .reserve = 2});
}

static void take_and_give(void)
{
    void *object = take();
    give(object);
    (void)take();
}

/* A thread ends, and leaves its slot with what it had free. */
static void give_and_end(void)
{
    void *object = take();
    give(object);
    explore_thread_end(NULL);
}

/* Two ends of one life. */
static void twice_begin(void)
{
    pool_begin_with(&(bitena_pool_options){.size = OBJECT_BYTES, .batch = 1, .checked = 1});
    world.mine[WORLD_THREADS].since[0] = bitena_pool_try_take(pool);
}

static void give_the_same(void)
{
    world.refusals += bitena_pool_give(pool, world.mine[WORLD_THREADS].since[0]) != 0;
}

static void twice_end(void)
{
    world_require(world.refusals == 1, "an object was taken back twice, or never");
    pool_end();
}

/* The last strong reference beside a weak holder's try. The object's bytes are its holders'. */
static void count_destroyed(void *context, void *object)
{
    (void)context;
    memset(object, 0, OBJECT_BYTES);
    world.cleanups++;
}

static void references_begin(void)
{
    pool_begin_with(&(bitena_pool_options){
        .size = OBJECT_BYTES, .batch = 1, .counted = 1, .destroy = count_destroyed});
    void *object = bitena_pool_try_take(pool);
    world.mine[WORLD_THREADS].since[0] = object;
    (void)bitena_pool_retain_weak(pool, object);
}

static void release_strong(void)
{
    (void)bitena_pool_release(pool, world.mine[WORLD_THREADS].since[0]);
}

static void try_by_weak(void)
{
    void *object = world.mine[WORLD_THREADS].since[0];
    if (bitena_pool_retain(pool, object)) {
        world_require(world.cleanups == 0, "a destroyed object was retained");
        memset(object, 1, OBJECT_BYTES);
        (void)bitena_pool_release(pool, object);
    }
    (void)bitena_pool_release_weak(pool, object);
}

static void references_end(void)
{
    world_require(world.cleanups == 1, "an object was destroyed twice, or never");
    world_require(bitena_pool_count(pool).live == 0, "an object without holders lives");
}

/* A giver beside another holder, who is never without a reference, but changes its kind, and says so
 * before its last two. */
static void give_or_release(void)
{
    void *object = world.mine[WORLD_THREADS].since[0];
    if (bitena_pool_give(pool, object) != 0) {
        (void)bitena_pool_release(pool, object);
    } else {
        world_require(world.mine[1].deferred == 1, "an object was given beside another holder");
    }
}

static void become_strong(void)
{
    void *object = world.mine[WORLD_THREADS].since[0];
    if (bitena_pool_retain(pool, object)) {
        (void)bitena_pool_release_weak(pool, object);
        memset(object, 1, OBJECT_BYTES);
        (void)bitena_pool_retain(pool, object);
        world_mine()->deferred = 1; /* so far nobody may have given it */
        (void)bitena_pool_release(pool, object);
        (void)bitena_pool_release(pool, object);
    } else {
        (void)bitena_pool_release_weak(pool, object);
    }
}

static void two_strong_begin(void)
{
    references_begin();
    void *object = world.mine[WORLD_THREADS].since[0];
    (void)bitena_pool_retain(pool, object);
    (void)bitena_pool_release_weak(pool, object);
}

static void become_weak(void)
{
    void *object = world.mine[WORLD_THREADS].since[0];
    (void)bitena_pool_retain_weak(pool, object);
    memset(object, 1, OBJECT_BYTES);
    (void)bitena_pool_release(pool, object);
    (void)bitena_pool_retain_weak(pool, object);
    world_mine()->deferred = 1; /* so far nobody may have given it */
    (void)bitena_pool_release_weak(pool, object);
    (void)bitena_pool_release_weak(pool, object);
}

/* Keys: all places are free, or were never used. */
static void keys_begin(void)
{
    world_begin(ARENA_BYTES, BITENA_EXACT, true);
    keys = bitena_keys_try_new(world.arena, KEYS, sizeof(uint64_t), 8);
    world_require(keys != NULL, "the scenario's buffer is too small");
    uint64_t a = bitena_keys_reserve(keys), b = bitena_keys_reserve(keys);
    world_require(bitena_keys_cancel(keys, b) == 0, "a cancel is refused");
    world_require(bitena_keys_cancel(keys, a) == 0, "a cancel is refused");
}

static uint64_t reserve(void)
{
    uint64_t key = bitena_keys_reserve(keys);
    struct mine *me = world_mine();
    if (key != 0) { /* each has room for as many as there are */
        me->since[me->since_count++] = (void *)(uintptr_t)key;
    }
    for (int i = 0; i <= WORLD_THREADS; i++) {
        for (uint32_t k = 0; k < world.mine[i].since_count; k++) {
            bool same = (uint64_t)(uintptr_t)world.mine[i].since[k] == key;
            bool is_it = me == &world.mine[i] && k + 1 == me->since_count;
            world_require(key == 0 || !same || is_it, "a key was given twice");
        }
    }
    return key;
}

static void reserve_one(void)
{
    (void)reserve();
}

static void reserve_two_cancel_one(void)
{
    uint64_t a = reserve();
    (void)reserve();
    if (a != 0) {
        world_require(bitena_keys_cancel(keys, a) == 0, "a cancel is refused");
    }
}

static void keys_end(void)
{
    while (reserve() != 0) {
    }
    size_t held = 0;
    for (int i = 0; i <= WORLD_THREADS; i++) {
        held += world.mine[i].since_count;
    }
    world_require(held >= KEYS, "a place was lost");
}

/* One key, inserted, looked for and removed by three. */
static void value_begin(void)
{
    keys_begin();
    world.mine[WORLD_THREADS].id = bitena_keys_reserve(keys);
}

static void insert_value(void)
{
    uint64_t key = world.mine[WORLD_THREADS].id;
    world_require(bitena_keys_insert(keys, key, &key) == 0, "an insert is refused");
}

/* The value is not looked at: nobody keeps its removal away. */
static void look_for_it(void)
{
    world.refusals += bitena_keys_get(keys, world.mine[WORLD_THREADS].id) == NULL;
}

static void remove_it(void)
{
    uint64_t out, key = world.mine[WORLD_THREADS].id;
    if (bitena_keys_remove(keys, key, &out) == 0) {
        world.cleanups++;
        world_require(out == key, "a value was removed before it was whole");
        world_require(bitena_keys_get(keys, key) == NULL, "a stale key finds a value");
        uint64_t next = reserve();
        world_require(next != 0 && bitena_keys_insert(keys, next, &next) == 0, "an insert fails");
        world_require(bitena_keys_get(keys, key) == NULL, "a stale key finds a value");
    }
}

static void value_end(void)
{
    uint64_t key = world.mine[WORLD_THREADS].id;
    const uint64_t *value = bitena_keys_get(keys, key);
    world_require(!value || *value == key, "a value is not what was inserted");
    world_require(world.cleanups <= 1, "a key was removed twice");
}

const struct scenario scenarios_modules[] = {
    {.name = "pool2",
     .what = "batches of a pool, out and back, beside a taker",
     .threads = 2,
     .identity = {1, 2},
     .begin = pool_begin,
     .end = pool_end,
     .thread = {take_one, take_and_give_all}},
    {.name = "pool-give2",
     .what = "a taker's refill beside givers",
     .threads = 2,
     .identity = {1, 2},
     .begin = pool_begin,
     .end = pool_end,
     .thread = {take_and_give, give_and_take}},
    {.name = "pool-fresh3",
     .what = "the first calls of three threads, one without a slot yet",
     .threads = 3,
     .identity = {1, 2, EXPLORE_NEW},
     .begin = fresh_begin,
     .end = pool_end,
     .calls = {{take_and_give}, {take_and_give}, {take_one}}},
    {.name = "pool-heir2",
     .what = "a thread's end beside the heir of its magazine",
     .threads = 2,
     .identity = {1, EXPLORE_NEW},
     .begin = fresh_begin,
     .end = pool_end,
     .calls = {{give_and_end, take_one}, {take_one, take_one}}},
    {.name = "pool-twice2",
     .what = "one object given back by two",
     .threads = 2,
     .identity = {1, 2},
     .begin = twice_begin,
     .end = twice_end,
     .calls = {{give_the_same}, {give_the_same}}},
    {.name = "references2",
     .what = "the last release beside a weak holder",
     .threads = 2,
     .identity = {1, 2},
     .begin = references_begin,
     .end = references_end,
     .calls = {{release_strong}, {try_by_weak}}},
    {.name = "references-weak2",
     .what = "a giver beside a weak holder who becomes a strong one",
     .threads = 2,
     .identity = {1, 2},
     .begin = references_begin,
     .end = references_end,
     .calls = {{give_or_release}, {become_strong}}},
    {.name = "references-strong2",
     .what = "a giver beside a strong holder who becomes a weak one",
     .threads = 2,
     .identity = {1, 2},
     .begin = two_strong_begin,
     .end = references_end,
     .calls = {{give_or_release}, {become_weak}}},
    {.name = "keys2",
     .what = "a reservation beside two and a cancel",
     .threads = 2,
     .identity = {1, 2},
     .begin = keys_begin,
     .end = keys_end,
     .calls = {{reserve_one, reserve_one}, {reserve_two_cancel_one}}},
    {.name = "keys3",
     .what = "an insert, a get and two removals of one key",
     .threads = 3,
     .identity = {0, 1, 2},
     .begin = value_begin,
     .end = value_end,
     .calls = {{insert_value, remove_it}, {look_for_it, look_for_it}, {remove_it}}},
    {0},
};
