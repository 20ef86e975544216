/* Programs around the map: keys whose places in the trie are the same, at once. After all, every key
 * that was brought has one number, and no number is missing. Identities 0 to 2 insert; the arena is
 * EXACT, so that what they take are steps of one word.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>

#include <bitena/map_parts.h>

#include "scenarios.h"
#include "world.h"

enum { ARENA_BYTES = 16384, KEYS = 4, FIRST_SEGMENT = 64, NAME_BYTES = 8 };

static bitena_map *map;              /* made anew by each run, at the same place */
static uint32_t others;              /* keys that were there before */
static char names[KEYS][NAME_BYTES]; /* keys with one first node */
static const bitena_hash_seed seed = {{5, 6}};

static void choose_names(void)
{
    bitena_hasher hasher = bitena_hash_prepare(seed);
    int found = 0;
    for (unsigned n = 0; found < KEYS; n++) {
        (void)snprintf(names[found], NAME_BYTES, "k%05u", n % 100000);
        found += bitena_hash(&hasher, names[found], 6) >> 58 == 0;
    }
}

/* An entry's number finds the entry. */
static void leads_back(const uint64_t *value)
{
    uint32_t number = bitena_map_entry_of(map, value).number;
    world_require(bitena_map_at(map, number).value == value, "a number does not lead back");
    world_require(number == 0 || bitena_map_at(map, number - 1).key, "a number below is missing");
}

static void insert(int name)
{
    uint64_t initial = (uint64_t)name + 1;
    bool is_new = false;
    uint64_t *value = bitena_map_try_insert(map, names[name], 6, &initial, &is_new);
    world_require(value != NULL, "an insert is refused");
    world_require(*value == initial, "a value is not the key's");
    world_mine()->deferred += is_new;
    leads_back(value);
}

static void map_begin(void)
{
    if (names[0][0] == 0) {
        choose_names();
    }
    world_begin(ARENA_BYTES, BITENA_EXACT, true);
    others = 0;
    map = bitena_map_try_new(world.arena, &(bitena_map_options){.value_size = 8, .seed = seed});
    world_require(map != NULL, "the scenario's buffer is too small");
}

static void others_begin(uint32_t count)
{
    map_begin();
    for (uint32_t i = 0; i < count; i++) {
        char other[NAME_BYTES];
        (void)snprintf(other, NAME_BYTES, "x%05u", (unsigned)i % 100000);
        (void)bitena_map_try_insert(map, other, 6, NULL, NULL);
    }
    others = count;
}

/* One position is left in the first segment. */
static void segment_begin(void)
{
    others_begin(FIRST_SEGMENT - 1);
}

/* The next but one tells all where to begin. */
static void settle_begin(void)
{
    others_begin(BITENA_MAP_WINDOW_ - 1);
}

/* Two runs that lost a race: room for two nodes, then for one. */
static void spares_begin(void)
{
    map_begin();
    size_t bytes = bitena_map_node_size_(map, 6);
    bitena_map_give_spare_(map, bitena_try_alloc(world.arena, bytes, 8), bytes);
    bitena_map_give_spare_(map, bitena_try_alloc(world.arena, 2 * bytes, 8), 2 * bytes);
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

/* What is found leads back. */
static void find_0(void)
{
    uint64_t *value = bitena_map_find(map, names[0], 6);
    if (value) {
        world_require(*value == 1, "a value is found before it is written");
        leads_back(value);
    }
}

/* What is found is counted, and what is counted can be found. */
static void find_and_count(void)
{
    bool is_there = bitena_map_find(map, names[0], 6) != NULL;
    uint32_t count = bitena_map_count(map);
    world_require(count != 0 || !is_there, "what is found is not counted");
    world_require(count <= others || bitena_map_find(map, names[0], 6) ||
                      bitena_map_find(map, names[1], 6),
                  "what is counted is not found");
}

/* Whoever stands first can be read. */
static void look_at_first(void)
{
    bitena_map_entry entry = bitena_map_at(map, 0);
    world_require(!entry.key || (entry.length == 6 && *(uint64_t *)entry.value != 0),
                  "an entry is given before it is written");
}

/* What is counted has numbers and can be found. */
static void walk_all(void)
{
    uint32_t count = bitena_map_count(map);
    for (uint32_t i = 0; i < count; i++) {
        bitena_map_entry entry = bitena_map_at(map, i);
        world_require(entry.key && *(uint64_t *)entry.value != 0, "a number is missing");
        world_require(bitena_map_find(map, entry.key, entry.length) == entry.value,
                      "an entry is not found by its key");
    }
    (void)bitena_map_measure(map);
}

static void freeze(void)
{
    bitena_map_freeze(map);
}

static void try_insert_0(void)
{
    (void)bitena_map_try_insert(map, names[0], 6, &(uint64_t){1}, NULL);
}

static void numbers_agree(void)
{
    uint32_t count = bitena_map_count(map);
    for (uint32_t i = 0; i < count; i++) {
        bitena_map_entry entry = bitena_map_at(map, i);
        world_require(entry.key && bitena_map_entry_of(map, entry.value).number == i,
                      "a number is missing, or an entry has two");
        world_require(bitena_map_find(map, entry.key, entry.length) == entry.value,
                      "an entry is not found by its key");
    }
    world_require(!bitena_map_at(map, count).key, "more than the count");
}

static void map_end(void)
{
    uint32_t fresh = 0, known = 0;
    numbers_agree();
    for (int i = 0; i <= WORLD_THREADS; i++) {
        fresh += world.mine[i].deferred;
    }
    for (int i = 0; i < KEYS; i++) {
        known += bitena_map_find(map, names[i], 6) != NULL;
    }
    world_require(known == fresh, "a key was lost, or is new twice");
    world_require(bitena_map_count(map) == known + others, "an entry has two numbers");
}

/* What stands in the list after all is used once more. */
static void spares_end(void)
{
    insert(3);
    map_end();
}

const struct scenario scenarios_map[] = {
    {.name = "map2",
     .what = "two keys with one place, brought in both orders",
     .threads = 2,
     .identity = {1, 2},
     .begin = map_begin,
     .end = map_end,
     .calls = {{insert_0, insert_1, find_0}, {insert_1, insert_0, find_0}}},
    {.name = "map3",
     .what = "one key, brought by three",
     .threads = 3,
     .identity = {0, 1, 2},
     .begin = map_begin,
     .end = map_end,
     .calls = {{insert_0}, {insert_0}, {insert_0}}},
    {.name = "map-help3",
     .what = "one key, brought by two beside another",
     .threads = 3,
     .identity = {0, 1, 2},
     .begin = map_begin,
     .end = map_end,
     .calls = {{insert_0}, {insert_1}, {insert_0}}},
    {.name = "map-find3",
     .what = "two keys with one place, and a look",
     .threads = 3,
     .identity = {0, 1, 2},
     .begin = map_begin,
     .end = map_end,
     .calls = {{insert_0}, {insert_1}, {find_0}}},
    {.name = "map-walk2",
     .what = "counts and walks beside inserts",
     .threads = 2,
     .identity = {1, 2},
     .begin = map_begin,
     .end = map_end,
     .calls = {{insert_0, insert_1, insert_2}, {look_at_first, find_and_count, walk_all}}},
    {.name = "map-walk3",
     .what = "a count and a walk beside an insert",
     .threads = 3,
     .identity = {0, 1, 2},
     .begin = map_begin,
     .end = map_end,
     .calls = {{insert_0}, {find_and_count}, {walk_all}}},
    {.name = "map-segment2",
     .what = "the log's next segment, raced for",
     .threads = 2,
     .identity = {1, 2},
     .begin = segment_begin,
     .end = map_end,
     .calls = {{insert_0, insert_1, find_0}, {insert_1, insert_2, find_0}}},
    {.name = "map-settle2",
     .what = "keys that make all begin later",
     .threads = 2,
     .identity = {1, 2},
     .begin = settle_begin,
     .end = map_end,
     .calls = {{insert_0, insert_1}, {insert_1, find_and_count, insert_0}}},
    {.name = "map-settle3",
     .what = "the same, and one that helps",
     .threads = 3,
     .identity = {0, 1, 2},
     .begin = settle_begin,
     .end = map_end,
     .calls = {{insert_0}, {insert_1}, {insert_0}}},
    {.name = "map-spares3",
     .what = "memory that lost a race, taken by three",
     .threads = 3,
     .identity = {0, 1, 2},
     .begin = spares_begin,
     .end = spares_end,
     .calls = {{insert_0}, {insert_1}, {insert_2}}},
    {.name = "map-freeze2",
     .what = "a freeze beside inserts",
     .threads = 2,
     .identity = {1, 2},
     .begin = map_begin,
     .end = numbers_agree,
     .calls = {{try_insert_0, find_0, try_insert_0}, {try_insert_0, freeze, find_0}}},
    {0},
};
