/* Programs for the edges P, K and H of docs/MEMORY_ORDER.md that the explorer's scenarios do not
 * reach. Identities 0 to 2 have slots 0 to 2.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include <bitena/keys.h>
#include <bitena/map_parts.h>
#include <bitena/pool_parts.h>

#include "explore/world.h"
#include "weak_scenarios.h"

enum { ARENA_BYTES = 16384, OBJECT_BYTES = 24, KEYS = 3, FIRST_SEGMENT = 64 };

/* What begin() makes, at the same place in each run. */
static bitena_pool *pool;
static bitena_keys *keys;
static bitena_map *map;
static void *object;

/* ---- Pools ---- */

static void pool_begin(const bitena_pool_options *options)
{
    world_begin(ARENA_BYTES, BITENA_EXACT, true);
    pool = bitena_pool_try_open(world.arena, options);
    world_require(pool != NULL, "the scenario's buffer is too small");
}

static void *take(void)
{
    void *taken = bitena_pool_try_take(pool);
    world_require(taken != NULL, "a pool with room refuses");
    return world_take(taken, OBJECT_BYTES);
}

static void give(void *taken)
{
    world_give(taken);
    world_require(bitena_pool_give(pool, taken) == 0, "an object is not taken back");
}

static void pool_end(void)
{
    size_t held = 0;
    for (int i = 0; i < WORLD_OBJECTS; i++) {
        held += world.objects[i].at != NULL;
    }
    world_require(bitena_pool_count(pool).live == held, "an object was lost");
}

/* [P02] The pool is of another copy of the library: nobody has a magazine. */
static void strays_begin(void)
{
    static const char elsewhere;
    pool_begin(&(bitena_pool_options){.size = OBJECT_BYTES, .batch = 2, .reserve = 4});
    pool->copy = &elsewhere;
}

static void take_two_give_two(void)
{
    void *a = take(), *b = take();
    give(a);
    give(b);
    (void)take();
}

/* [P03] An object's life is looked up while another slab comes. */
static void slabs_begin(void)
{
    pool_begin(
        &(bitena_pool_options){.size = OBJECT_BYTES, .batch = 1, .reserve = 1, .checked = 1});
    object = take();
}

static void give_object(void)
{
    give(object);
}

static void take_two(void)
{
    (void)take();
    (void)take();
}

/* [P06] The numbers, while an object is carved and leaked. */
static void numbers_begin(void)
{
    pool_begin(&(bitena_pool_options){.size = OBJECT_BYTES, .batch = 1});
}

static void take_and_leak(void)
{
    world_require(bitena_pool_leak(pool, bitena_pool_try_take(pool)) == 0, "a leak is refused");
}

static void look_at_numbers(void)
{
    bitena_pool_numbers n = bitena_pool_count(pool);
    world_require(n.capacity <= 2 && n.live + n.free == n.capacity, "numbers out of bounds");
}

/* ---- Keys ---- */

static void keys_begin(void)
{
    world_begin(ARENA_BYTES, BITENA_EXACT, true);
    keys = bitena_keys_try_new(world.arena, KEYS, sizeof(uint64_t), 8);
    world_require(keys != NULL, "the scenario's buffer is too small");
    world.mine[WORLD_THREADS].id = bitena_keys_reserve(keys);
}

/* [K02] A value is read while nobody removes it; [K03] and counted while somebody does. */
static void insert_key(void)
{
    uint64_t key = world.mine[WORLD_THREADS].id;
    world_require(bitena_keys_insert(keys, key, &key) == 0, "an insert is refused");
}

static void read_key(void)
{
    uint64_t key = world.mine[WORLD_THREADS].id;
    const uint64_t *value = bitena_keys_get(keys, key);
    world_require(!value || *value == key, "a value is not what was inserted");
}

static int visit(void *unused, bitena_key key, void *value)
{
    (void)unused;
    world_require(*(uint64_t *)value == key, "a value is not what was inserted");
    return 0;
}

static void walk_keys(void)
{
    (void)bitena_keys_for_each(keys, visit, NULL);
}

static void insert_another(void)
{
    uint64_t key = bitena_keys_reserve(keys);
    world_require(key != 0 && bitena_keys_insert(keys, key, &key) == 0, "an insert is refused");
}

static void insert_and_remove(void)
{
    insert_key();
    world_require(bitena_keys_remove(keys, world.mine[WORLD_THREADS].id, NULL) == 0,
                  "a remove is refused");
}

static void count_keys(void)
{
    world_require(bitena_keys_count(keys) <= KEYS, "more keys than places");
}

static void keys_end(void)
{
    count_keys();
}

/* ---- The map ---- */

static void insert(unsigned name)
{
    char key[8];
    (void)snprintf(key, sizeof key, "k%05u", name % 100000);
    uint64_t initial = name + 1, *value = bitena_map_try_insert(map, key, 6, &initial, NULL);
    world_require(value && *value == initial, "a value is not the key's");
    uint32_t number = bitena_map_entry_of(map, value).number;
    world_require(bitena_map_at(map, number).value == value, "a number does not lead back");
}

static void map_begin(unsigned count)
{
    world_begin(ARENA_BYTES, BITENA_EXACT, true);
    map = bitena_map_try_new(world.arena, &(bitena_map_options){.value_size = 8, .seed = {{5, 6}}});
    world_require(map != NULL, "the scenario's buffer is too small");
    for (unsigned i = 0; i < count; i++) {
        insert(KEYS + i);
    }
}

static void map_end(void)
{
    uint32_t count = bitena_map_count(map);
    for (uint32_t i = 0; i < count; i++) {
        bitena_map_entry entry = bitena_map_at(map, i);
        world_require(entry.key && bitena_map_entry_of(map, entry.value).number == i,
                      "a number is missing, or an entry has two");
    }
}

/* [H03] Threads that come when all other slots of the first stocks are taken: the first of them
 * shares the stock of identity 0. */
static void fill_slots(void)
{
    for (int slot = WORLD_THREADS; slot < BITENA_MAP_STOCKS_; slot++) {
        explore_become(EXPLORE_NEW);
        (void)bitena_thread_slot_();
    }
    explore_become(0);
}

static void stock_begin(void)
{
    map_begin(0);
    fill_slots();
}

/* [H08] The first segment's last position is reserved or left; positions come from others' stocks,
 * and go back from who lost a race. */
static void segment_begin(void)
{
    map_begin(FIRST_SEGMENT - 1);
    fill_slots();
}

/* [H03] The place where all begin is moved on, while another counts and walks. */
static void window_begin(void)
{
    map_begin(BITENA_MAP_WINDOW_ - 1);
}

static void insert_0(void)
{
    insert(0);
}

static void insert_1(void)
{
    insert(1);
}

static void insert_2(void)
{
    insert(2);
}

static void walk_map(void)
{
    uint32_t count = bitena_map_count(map);
    bitena_map_entry entry = bitena_map_at(map, count - 1);
    world_require(count == 0 || entry.key, "a number below the count has no entry");
    (void)bitena_map_measure(map);
}

#define TWO(called, about, begins, who, a, other, b, ends)                                      \
    {                                                                                           \
        .name = called, .what = about, .threads = 2, .identity = {who, other}, .begin = begins, \
        .end = ends, .calls = {{a}, {b}},                                                       \
    }

const struct scenario weak_modules[] = {
    TWO("pool-strays", "two without a magazine", strays_begin, 1, take_two_give_two, 2,
        take_two_give_two, pool_end),
    TWO("pool-slabs", "a life is looked up beside a new slab", slabs_begin, 1, give_object, 2,
        take_two, pool_end),
    TWO("pool-numbers", "numbers beside a leak", numbers_begin, 1, take_and_leak, 2,
        look_at_numbers, pool_end),
    TWO("keys-value", "a value is inserted and read", keys_begin, 1, insert_key, 2, read_key,
        keys_end),
    TWO("keys-walk", "a walk beside inserts", keys_begin, 1, insert_key, 2, walk_keys, keys_end),
    TWO("keys-walk-more", "a walk beside new keys", keys_begin, 1, insert_another, 2, walk_keys,
        keys_end),
    TWO("keys-count", "a count beside a removal", keys_begin, 1, insert_and_remove, 2, count_keys,
        keys_end),
    TWO("map-stock", "one key, brought by two of a stock", stock_begin, 0, insert_0, EXPLORE_NEW,
        insert_0, map_end),
    {.name = "map-segment3",
     .what = "the log's next segment, two of a stock and another",
     .threads = 3,
     .identity = {0, EXPLORE_NEW, 1},
     .begin = segment_begin,
     .end = map_end,
     .calls = {{insert_0, insert_1}, {insert_1, insert_2}, {insert_2, insert_0}}},
    {.name = "map-window",
     .what = "a count while all begin later",
     .threads = 2,
     .identity = {1, 2},
     .begin = window_begin,
     .end = map_end,
     .calls = {{insert_0, insert_1}, {walk_map, walk_map}}},
    {0},
};
