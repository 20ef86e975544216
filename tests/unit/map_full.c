/* A map that has almost all its keys, 2^31 - 1, since no test has time for the others: its counters and
 * its log's last segment are set by hand. The last positions serve, whichever thread reserved them; after
 * them new keys are refused, and texts of an interning table, which is a map.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bitena/intern.h>
#include <bitena/map_parts.h>

#include "support/subject.h"
#include "support/trial.h"

enum { CAPACITY = 1 << 20, MOST = INT32_MAX, LAST_SEGMENT = 25, SEGMENT_AT = MOST - 63 };

static bitena_link_ last_segment[64]; /* the part of it that positions below MOST lie in */

static size_t name(char text[32], uint32_t i)
{
    return (size_t)snprintf(text, 32, i % 2 ? "k%u" : "a longer key %u", (unsigned)i);
}

static void fill_by_hand(bitena_map *map)
{
    memset(last_segment, 0, sizeof last_segment);
    map->segments[LAST_SEGMENT] = last_segment;
    map->reserved = map->settled = SEGMENT_AT;
}

static void bring(bitena_map *map, uint32_t i)
{
    char text[32];
    bool is_new = false;
    assert_non_null(bitena_map_try_insert(map, text, name(text, i), NULL, &is_new));
    assert_true(is_new);
}

static void refuse_one_more(bitena_map *map)
{
    ASSERT_NULL(EOVERFLOW, bitena_map_try_insert(map, "more", 4, NULL, NULL));
    assert_null(bitena_map_find(map, "more", 4));
}

/* All that are left, the first thread's reserved ones too. */
static void bring_the_others(void *map)
{
    for (uint32_t i = SEGMENT_AT + 1; i < MOST; i++) {
        bring(map, i);
    }
    refuse_one_more(map);
}

static void the_last_positions_serve_and_no_more(void **state)
{
    (void)state;
    struct caught caught = {.arena = NULL};
    bitena *arena = open_caught(CAPACITY, &caught);
    bitena_map *map = bitena_map_new(arena, NULL);
    fill_by_hand(map);
    bring(map, SEGMENT_AT);
    in_another_thread(bring_the_others, map);
    refuse_one_more(map);
    ASSERT_REPORTS(&caught, EOVERFLOW, bitena_map_insert(map, "more", 4, NULL, NULL));
    assert_int_equal(bitena_map_count(map), MOST);
    char text[32];
    for (uint32_t i = SEGMENT_AT; i < MOST; i++) {
        size_t length = name(text, i);
        void *value = bitena_map_try_insert(map, text, length, NULL, NULL);
        assert_int_equal(bitena_map_entry_of(map, value).number, i);
        assert_ptr_equal(bitena_map_at(map, i).value, value);
    }
    assert_null(bitena_map_at(map, MOST).key);
    assert_null(bitena_map_at(map, UINT32_MAX).key);
    bitena_drop(arena);
}

static void a_table_with_all_its_texts_refuses_new_ones(void **state)
{
    (void)state;
    struct caught caught = {.arena = NULL};
    bitena *arena = open_caught(CAPACITY, &caught);
    bitena_intern *table = bitena_intern_new(arena, NULL);
    fill_by_hand((bitena_map *)table);
    char text[32];
    for (uint32_t i = SEGMENT_AT; i < MOST; i++) {
        assert_int_equal(bitena_intern_id(table, bitena_intern_text(table, text, name(text, i))),
                         i);
    }
    static const char *const more[] = {"more"};
    ASSERT_NULL(EOVERFLOW, bitena_intern_try_text(table, "more", 4));
    ASSERT_REPORTS(&caught, EOVERFLOW, bitena_intern_text(table, "more", 4));
    ASSERT_REFUSED(EOVERFLOW, bitena_intern_try_fill(table, more, 1));
    ASSERT_REPORTS(&caught, EOVERFLOW, bitena_intern_fill(table, more, 1));
    assert_null(bitena_intern_find(table, "more", 4));
    assert_int_equal(bitena_intern_count(table), MOST);
    assert_non_null(bitena_intern_try_text(table, text, name(text, SEGMENT_AT)));
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_positions_serve_and_no_more),
        cmocka_unit_test(a_table_with_all_its_texts_refuses_new_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
