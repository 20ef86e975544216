/* What another thread may do just before an access of the map, done there: brings the same key, makes the
 * log's next segment. What lost a race is used by the next who needs memory. And a map that is full,
 * since no test has time for its keys.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bitena/map_parts.h>

#include "forced/order/forced.h"
#include "support/misuse.h"
#include "support/trial.h"

enum { CAPACITY = 1 << 16, SEGMENT = 64 };

static struct {
    bitena *arena;
    bitena_map *map;
    const void *word; /* whose next change is met */
    const char *key;  /* brought before it */
    void *value;
    unsigned seen;
} now;

static void open_now(int mode)
{
    memset(&now, 0, sizeof now);
    now.arena = bitena_open(&(bitena_options){.capacity = CAPACITY, .mode = mode});
    now.map = bitena_map_new(now.arena, &(bitena_map_options){.limit = CAPACITY});
}

static void bring_before(const void *word, enum forced_kind kind)
{
    if (word == now.word && kind == FORCED_CAS && now.key) {
        const char *key = now.key;
        now.key = NULL;
        now.value = bitena_map_insert(now.map, key, strlen(key), NULL, NULL);
        now.seen++;
    }
}

static const void *first_place(const char *key)
{
    uint64_t hash = bitena_hash(&now.map->hasher, key, strlen(key));
    return bitena_map_walk_begin_(now.map, hash).place;
}

static uint32_t positions_used(const bitena_map *map)
{
    uint32_t used = map->reserved;
    for (int i = 0; i < BITENA_MAP_STOCKS_; i++) {
        used -= map->stocks[i].positions;
    }
    return used;
}

static void a_node_that_lost_is_the_next_keys(void **state)
{
    (void)state;
    static const int modes[] = {BITENA_SHARED, BITENA_EXACT};
    for (int m = 0; m < 2; m++) {
        open_now(modes[m]);
        now.key = "same";
        now.word = first_place("same");
        bool is_new = true;
        forced_call(bring_before);
        void *value = bitena_map_insert(now.map, "same", 4, NULL, &is_new);
        forced_call(NULL);
        assert_true(now.seen == 1 && value == now.value && !is_new);
        assert_int_equal(bitena_map_count(now.map), 1);
        assert_int_equal(positions_used(now.map), 1);
        assert_int_equal(now.map->bytes, bitena_map_measure(now.map).bytes);
        size_t used = bitena_used(now.arena);
        assert_non_null(bitena_map_insert(now.map, "next", 4, NULL, NULL));
        assert_int_equal(bitena_used(now.arena), used); /* nothing new was taken */
        assert_non_null(bitena_map_insert(now.map, "more", 4, NULL, NULL));
        assert_true(bitena_used(now.arena) > used);
        bitena_drop(now.arena);
    }
}

/* It is cut into nodes, until what is left is none. */
static void a_segment_that_lost_becomes_nodes(void **state)
{
    (void)state;
    open_now(BITENA_EXACT);
    char key[16];
    for (int i = 0; i < SEGMENT; i++) {
        (void)bitena_map_insert(now.map, key, (size_t)snprintf(key, sizeof key, "k%d", i), NULL,
                                NULL);
    }
    now.key = "between";
    now.word = &now.map->segments[1];
    forced_call(bring_before);
    assert_non_null(bitena_map_insert(now.map, "after", 5, NULL, NULL));
    forced_call(NULL);
    assert_int_equal(now.seen, 1);
    assert_int_equal(bitena_map_count(now.map), SEGMENT + 2);
    size_t used = bitena_used(now.arena), node = bitena_map_node_size_(now.map, 4);
    size_t nodes = 2 * SEGMENT * sizeof(bitena_link_) / node - 1; /* "after" has one */
    for (size_t i = 0; i < nodes; i++) {
        (void)bitena_map_insert(now.map, key, (size_t)snprintf(key, sizeof key, "n%03zu", i), NULL,
                                NULL);
        assert_int_equal(bitena_used(now.arena), used);
    }
    assert_int_equal(bitena_map_measure(now.map).count, SEGMENT + 2 + nodes);
    bitena_drop(now.arena);
}

static void a_map_with_all_its_keys_fails_the_plain_verb(void **state)
{
    (void)state;
    struct caught caught = {.arena = NULL};
    bitena *arena = open_caught(CAPACITY, &caught);
    bitena_map *map = bitena_map_new(arena, NULL);
    map->reserved = INT32_MAX;
    ASSERT_NULL(EOVERFLOW, bitena_map_try_insert(map, "a", 1, NULL, NULL));
    ASSERT_REPORTS(&caught, EOVERFLOW, bitena_map_insert(map, "a", 1, NULL, NULL));
    assert_int_equal(caught.size, bitena_map_node_size_(map, 1));
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_that_lost_is_the_next_keys),
        cmocka_unit_test(a_segment_that_lost_becomes_nodes),
        cmocka_unit_test(a_map_with_all_its_keys_fails_the_plain_verb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
