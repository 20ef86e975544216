/* The map, by one thread: what insert and find give, numbers, values, options, and the arenas it
 * stands in. Refusals are in map_refusals.c.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bitena/link.h>
#include <bitena/map.h>

#include "support/subject.h"
#include "support/trial.h"

enum { CAPACITY = 1 << 20, MANY = 3000 };

static bitena_hash_seed fixed_seed(void)
{
    return (bitena_hash_seed){{11, 12}};
}

static bitena_map *numbers_map(bitena *arena)
{
    return bitena_map_new(arena,
                          &(bitena_map_options){.value_size = sizeof(int), .seed = fixed_seed()});
}

static size_t name(char text[32], int i)
{
    return (size_t)snprintf(text, 32, i % 3 ? "k%d" : "a longer key %d", i);
}

static void what_was_inserted_is_found_in_every_arena(void **state)
{
    (void)state;
    for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, CAPACITY, NULL);
        bitena_map *map = numbers_map(subject.arena);
        char text[32];
        for (int i = 0; i < MANY; i++) {
            bool is_new = false;
            size_t length = name(text, i);
            assert_null(bitena_map_find(map, text, length));
            int *value = bitena_map_insert(map, text, length, &i, &is_new);
            assert_true(is_new && *value == i && is_aligned_to(value, sizeof(int)));
            assert_ptr_equal(bitena_map_find(map, text, length), value);
        }
        for (int i = 0; i < MANY; i++) {
            bool is_new = true;
            size_t length = name(text, i);
            int *value = bitena_map_insert(map, text, length, NULL, &is_new);
            assert_true(!is_new && *value == i);
            assert_ptr_equal(bitena_map_try_insert(map, text, length, NULL, &is_new), value);
            assert_ptr_equal(bitena_map_insert(map, text, length, NULL, NULL), value);
        }
        assert_int_equal(bitena_map_count(map), MANY);
        subject_close(&subject);
    }
}

static void numbers_follow_the_order_of_insertion(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_map *map = numbers_map(arena);
    char text[32];
    for (int i = 0; i < MANY; i++) {
        assert_null(bitena_map_at(map, (uint32_t)i).key);
        void *value = bitena_map_insert(map, text, name(text, i), &i, NULL);
        assert_int_equal(bitena_map_count(map), i + 1);
        assert_int_equal(bitena_map_entry_of(map, value).number, i);
    }
    for (int i = 0; i < MANY; i++) {
        bitena_map_entry entry = bitena_map_at(map, (uint32_t)i);
        size_t length = name(text, i);
        assert_int_equal(entry.number, i);
        assert_int_equal(entry.length, length);
        assert_memory_equal(entry.key, text, length + 1); /* with the zero */
        assert_int_equal(*(int *)entry.value, i);
        bitena_map_entry same = bitena_map_entry_of(map, entry.value);
        assert_true(same.key == entry.key && same.length == length && same.value == entry.value);
    }
    static const uint32_t none[] = {MANY, 1 << 20, INT32_MAX, UINT32_MAX};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        bitena_map_entry entry = bitena_map_at(map, none[i]);
        assert_true(!entry.key && !entry.value && entry.length == 0);
    }
    bitena_drop(arena);
}

static void an_empty_map_has_nothing(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_map *map = bitena_map_new(arena, NULL);
    assert_int_equal(bitena_map_count(map), 0);
    assert_null(bitena_map_find(map, "", 0));
    assert_null(bitena_map_at(map, 0).key);
    bitena_map_statistics s = bitena_map_measure(map);
    assert_true(s.count == 0 && s.bytes == 0 && s.deepest == 0 && s.depths == 0);
    bitena_drop(arena);
}

static void keys_are_bytes_and_lengths(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_map *map = bitena_map_new(arena, NULL);
    static const char bytes[40] = {0};
    void *values[sizeof bytes];
    for (size_t length = 0; length < sizeof bytes; length++) {
        bool is_new = false;
        values[length] = bitena_map_insert(map, length ? bytes : NULL, length, NULL, &is_new);
        assert_true(is_new);
    }
    for (size_t length = 0; length < sizeof bytes; length++) {
        assert_ptr_equal(bitena_map_find(map, length ? bytes : NULL, length), values[length]);
    }
    assert_null(bitena_map_find(map, "\0x", 2));
    assert_null(bitena_map_find(map, "0123456789", 10));
    bitena_drop(arena);
}

/* The walk compares whole hashes and whole keys: the same hash alone is not enough, and neither is
 * the same beginning of a long key. */
static void long_keys_that_differ_in_one_byte_are_two(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_map *map = bitena_map_new(arena, NULL);
    char key[100];
    memset(key, 'x', sizeof key);
    void *plain = bitena_map_insert(map, key, sizeof key, NULL, NULL);
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = 'y';
        assert_null(bitena_map_find(map, key, sizeof key));
        assert_ptr_not_equal(bitena_map_insert(map, key, sizeof key, NULL, NULL), plain);
        key[i] = 'x';
    }
    assert_ptr_equal(bitena_map_find(map, key, sizeof key), plain);
    assert_int_equal(bitena_map_count(map), 101);
    bitena_drop(arena);
}

static void a_value_begins_as_the_initial_one_or_zeroed(void **state)
{
    (void)state;
    struct wide {
        char bytes[24];
    } initial;
    memset(&initial, 7, sizeof initial);
    bitena *arena = bitena_new(CAPACITY);
    memset(bitena_alloc(arena, CAPACITY / 2, 1), 0x5a, CAPACITY / 2);
    assert_int_equal(bitena_reset(arena), 0);
    bitena_map *map =
        bitena_map_new(arena, &(bitena_map_options){.value_size = sizeof(struct wide)});
    assert_true(all_bytes_are(bitena_map_insert(map, "a", 1, NULL, NULL), 0, sizeof initial));
    void *value = bitena_map_insert(map, "b", 1, &initial, NULL);
    assert_true(all_bytes_are(value, 7, sizeof initial));
    memset(value, 9, sizeof initial);
    assert_ptr_equal(bitena_map_insert(map, "b", 1, &initial, NULL), value);
    assert_true(all_bytes_are(value, 9, sizeof initial)); /* a value that is there stays */
    assert_int_equal(bitena_map_at(map, 0).key[0], 'a');
    bitena_drop(arena);
}

static void values_are_aligned_as_their_size_or_the_option_says(void **state)
{
    (void)state;
    static const struct {
        size_t size, align, expected;
    } cases[] = {{0, 0, 1},  {1, 0, 1},   {2, 0, 2},       {3, 0, 1},      {8, 0, 8},
                 {12, 0, 4}, {24, 0, 8},  {32, 0, 16},     {48, 0, 16},    {4, 64, 64},
                 {5, 1, 1},  {0, 32, 32}, {1, 4096, 4096}, {100, 128, 128}};
    bitena *arena = bitena_new(CAPACITY);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bitena_map_options options = {.value_size = cases[i].size, .value_align = cases[i].align};
        bitena_map *map = bitena_map_new(arena, &options);
        for (int k = 0; k < 9; k++) {
            char text[32];
            size_t length = name(text, k);
            void *value = bitena_map_insert(map, text, length, NULL, NULL);
            bitena_map_entry entry = bitena_map_entry_of(map, value);
            assert_true(is_aligned_to(value, cases[i].expected));
            memset(value, 0xff, cases[i].size);
            assert_memory_equal(entry.key, text, length + 1);
            assert_true(cases[i].size != 0 || entry.key == value);
            assert_ptr_equal(bitena_map_find(map, text, length), value);
        }
    }
    bitena_drop(arena);
}

static void statistics_count_bytes_and_depths(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_map *small = bitena_map_new(arena, NULL);
    bitena_map *large = bitena_map_new(arena, &(bitena_map_options){.expected = MANY});
    size_t header = 32, bytes = 0;
    for (int i = 0; i < MANY; i++) {
        char text[32];
        size_t length = name(text, i);
        (void)bitena_map_insert(small, text, length, NULL, NULL);
        (void)bitena_map_insert(large, text, length, NULL, NULL);
        bytes += (header + length + 1 + 7) / 8 * 8;
    }
    bitena_map_statistics s = bitena_map_measure(small), l = bitena_map_measure(large);
    assert_true(s.count == MANY && s.bytes == bytes && l.count == MANY && l.bytes == bytes);
    assert_in_range(l.depths, MANY, 2 * MANY);     /* a table that is wide enough */
    assert_in_range(s.depths, 3 * MANY, 6 * MANY); /* 64 first nodes, then four more each */
    assert_true(s.deepest > l.deepest && s.deepest < 20);
    bitena_drop(arena);
}

static void equal_seeds_make_equal_walks(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    size_t depths[2];
    for (int round = 0; round < 2; round++) {
        bitena_map *map = numbers_map(arena);
        char text[32];
        for (int i = 0; i < MANY; i++) {
            (void)bitena_map_insert(map, text, name(text, i), NULL, NULL);
        }
        depths[round] = bitena_map_measure(map).depths;
    }
    assert_int_equal(depths[0], depths[1]);
    bitena_drop(arena);
}

static void success_leaves_errno_alone(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    errno = 77;
    bitena_map *map = bitena_map_new(arena, NULL);
    (void)bitena_map_insert(map, "a", 1, NULL, NULL);
    (void)bitena_map_insert(map, "a", 1, NULL, NULL);
    assert_null(bitena_map_find(map, "b", 1)); /* no error */
    assert_int_equal(errno, 77);
    bitena_drop(arena);
}

static void a_map_goes_with_a_mark_older_than_it(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    size_t used = bitena_used(arena);
    for (int round = 0; round < 3; round++) {
        BITENA_SCOPE (arena) {
            bitena_map *map = numbers_map(arena);
            char text[32];
            for (int i = 0; i < 100; i++) {
                (void)bitena_map_insert(map, text, name(text, i), &i, NULL);
            }
            assert_int_equal(bitena_map_count(map), 100);
        }
    }
    assert_int_equal(bitena_used(arena), used);
    bitena_drop(arena);
}

/* Links lead both ways from the map, and through more than 32 bits of bytes. */
static void a_map_reaches_through_a_huge_arena(void **state)
{
    (void)state;
    bitena *arena = WIDE ? bitena_new((size_t)((uint64_t)1 << 41)) : NULL;
    if (!arena) {
        skip();
    }
    bitena_map *maps[2];
    char text[32];
    for (int round = 0; round < 2; round++) {
        maps[round] = numbers_map(arena);
        for (int i = 0; i < MANY; i++) {
            for (int m = 0; m <= round; m++) {
                assert_non_null(bitena_map_insert(maps[m], text, name(text, i + round), &i, NULL));
            }
        }
        assert_non_null(bitena_alloc(arena, (size_t)((uint64_t)1 << 39), 4096)); /* not touched */
    }
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(*(int *)bitena_map_find(maps[0], text, name(text, i)), i);
        assert_int_equal(*(int *)bitena_map_find(maps[1], text, name(text, i + 1)), i);
    }
    bitena_drop(arena);
}

static void links_lead_both_ways(void **state)
{
    (void)state;
    static _Alignas(64) char bytes[4096];
    for (unsigned bits = 3; bits < 7; bits++) {
        for (size_t at = 0; at < sizeof bytes; at += (size_t)1 << bits) {
            bitena_link_ link = bitena_link_to_(bytes + 2048, bytes + at, bits);
            assert_int_equal(link == 0, at == 2048);
            assert_ptr_equal(bitena_link_end_(bytes + 2048, link, bits), bytes + at);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_inserted_is_found_in_every_arena),
        cmocka_unit_test(numbers_follow_the_order_of_insertion),
        cmocka_unit_test(an_empty_map_has_nothing),
        cmocka_unit_test(keys_are_bytes_and_lengths),
        cmocka_unit_test(long_keys_that_differ_in_one_byte_are_two),
        cmocka_unit_test(a_value_begins_as_the_initial_one_or_zeroed),
        cmocka_unit_test(values_are_aligned_as_their_size_or_the_option_says),
        cmocka_unit_test(statistics_count_bytes_and_depths),
        cmocka_unit_test(equal_seeds_make_equal_walks),
        cmocka_unit_test(success_leaves_errno_alone),
        cmocka_unit_test(a_map_goes_with_a_mark_older_than_it),
        cmocka_unit_test(a_map_reaches_through_a_huge_arena),
        cmocka_unit_test(links_lead_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
