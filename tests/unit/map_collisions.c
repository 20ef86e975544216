/* Keys of one hash: told apart by their lengths and bytes, whatever the hash says. Chance does not bring
 * them, so the map's hasher is spoiled by hand: with its words zero, keys of few small bytes hash to 0.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include <bitena/map_parts.h>

#include "support/trial.h"

enum { CAPACITY = 1 << 20 };

#define KEY(literal) literal, sizeof(literal) - 1

static bitena_map *spoiled_map(bitena *arena)
{
    bitena_map *map = bitena_map_new(arena, &(bitena_map_options){.value_size = sizeof(int)});
    memset(map->hasher.pairs_, 0, sizeof map->hasher.pairs_);
    return map;
}

/* Those of 16 bytes differ in the first or in the last eight; those of one and two bytes, in front of
 * the zeroes that follow a key, only in length. */
static const struct {
    const char *key;
    size_t length;
} alike[] = {
    {KEY("\1")},
    {KEY("\2")},
    {KEY("\1\0")},
    {KEY("\5\0")},
    {KEY("\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0")},
    {KEY("\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0")},
    {KEY("\2\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0")},
    {KEY("\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0")},
    {KEY("\1\0\0\0\0\0\0\0")},
};
enum { ALIKE = sizeof alike / sizeof *alike };

static void keys_of_one_hash_are_told_apart(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_map *map = spoiled_map(arena);
    for (int i = 0; i < ALIKE; i++) {
        assert_true(bitena_hash(&map->hasher, alike[i].key, alike[i].length) == 0);
        assert_null(bitena_map_find(map, alike[i].key, alike[i].length));
        bool is_new = false;
        assert_non_null(bitena_map_insert(map, alike[i].key, alike[i].length, &i, &is_new));
        assert_true(is_new);
    }
    for (int i = 0; i < ALIKE; i++) {
        assert_int_equal(*(int *)bitena_map_find(map, alike[i].key, alike[i].length), i);
    }
    assert_null(bitena_map_find(map, KEY("\3")));
    assert_null(bitena_map_find(map, KEY("\2\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0")));
    assert_int_equal(bitena_map_measure(map).deepest, ALIKE); /* one below the other */
    bitena_drop(arena);
}

static void a_hash_that_differs_below_the_same_place_is_another_key(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_map *map = spoiled_map(arena);
    static const char other[] = {0, 0x20};
    uint64_t hash = bitena_hash(&map->hasher, other, sizeof other);
    assert_true(hash != 0 && (hash & map->root_mask) == 0);
    (void)bitena_map_insert(map, KEY("\1\0"), &(int){1}, NULL);
    (void)bitena_map_insert(map, other, sizeof other, &(int){2}, NULL);
    assert_int_equal(*(int *)bitena_map_find(map, KEY("\1\0")), 1);
    assert_int_equal(*(int *)bitena_map_find(map, other, sizeof other), 2);
    bitena_drop(arena);
}

/* SipHash is not spoiled: one key's node is given the other's hash and place. */
static void long_keys_of_one_hash_are_told_apart(void **state)
{
    (void)state;
    static const char one[] = "a key of some twenty bytes", other[] = "A key of some twenty bytes";
    bitena *arena = bitena_new(CAPACITY);
    bitena_map *map = spoiled_map(arena);
    char *value = bitena_map_insert(map, one, sizeof one, NULL, NULL);
    bitena_map_node_ *node = (bitena_map_node_ *)(void *)(value - map->value_offset);
    node->hash = bitena_hash(&map->hasher, other, sizeof other);
    memset(map->root, 0, (map->root_mask + 1) * sizeof *map->root);
    map->root[node->hash & map->root_mask] = bitena_link_to_(map, node, map->unit_bits);
    assert_null(bitena_map_find(map, other, sizeof other));
    bool is_new = false;
    assert_ptr_not_equal(bitena_map_insert(map, other, sizeof other, NULL, &is_new), value);
    assert_true(is_new);
    memcpy(bitena_map_key_(map, node), other, sizeof other);
    assert_ptr_equal(bitena_map_find(map, other, sizeof other), value);
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_of_one_hash_are_told_apart),
        cmocka_unit_test(a_hash_that_differs_below_the_same_place_is_another_key),
        cmocka_unit_test(long_keys_of_one_hash_are_told_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
