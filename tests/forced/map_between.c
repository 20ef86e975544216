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
#include "support/subject.h"
#include "support/trial.h"

enum { CAPACITY = 1 << 16, SEGMENT = 64 };

static struct {
    bitena *arena;
    bitena_map *map;
    const void *word; /* whose next change is met */
    const char *key;  /* brought before it */
    void *value;
    unsigned seen, at;
    bool was_refused;
    bitena_mark mark;
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

/* While this thread was refused the segment's memory, another found some: it goes on with the other's.
 * At which look at the segment that happens is tried out. */
static void get_room_and_bring(const void *word, enum forced_kind kind)
{
    if (word == now.word && kind == FORCED_LOAD && ++now.seen == now.at) {
        now.was_refused = errno == ENOMEM;
        assert_int_equal(bitena_rewind(now.arena, now.mark), 0);
        now.value = bitena_map_insert(now.map, "between", 7, NULL, NULL);
    }
}

static void a_segment_that_came_meanwhile_serves_who_was_refused(void **state)
{
    (void)state;
    bool is_over = false, was_refused = false;
    for (unsigned at = 1; !is_over; at++) {
        open_now(BITENA_EXACT);
        char key[16];
        for (int i = 0; i < SEGMENT; i++) {
            size_t length = (size_t)snprintf(key, sizeof key, "k%d", i);
            (void)bitena_map_insert(now.map, key, length, NULL, NULL);
        }
        now.word = &now.map->segments[1];
        now.at = at;
        now.mark = bitena_save(now.arena);
        (void)bitena_alloc(now.arena, bitena_remaining(now.arena), 1);
        errno = 0;
        forced_call(get_room_and_bring);
        void *value = bitena_map_try_insert(now.map, "after", 5, NULL, NULL);
        forced_call(NULL);
        is_over = now.value == NULL;
        was_refused |= now.was_refused;
        assert_int_equal(value == NULL, is_over);
        assert_int_equal(bitena_map_count(now.map), SEGMENT + (is_over ? 0 : 2));
        assert_ptr_equal(bitena_map_find(now.map, "after", 5), value);
        assert_ptr_equal(bitena_map_find(now.map, "between", 7), now.value);
        bitena_drop(now.arena);
    }
    assert_true(was_refused);
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

/* The large one serves twice, wherever it stands in the list; what is too small waits for who needs less. */
static void spares_serve_whom_they_suffice(void **state)
{
    (void)state;
    enum { SMALL = 64, LARGE = 256 };
    for (int large_first = 0; large_first < 2; large_first++) {
        open_now(BITENA_EXACT);
        char *small[2], *large = bitena_alloc(now.arena, LARGE, SMALL), *out[2];
        size_t failures = forced_failures(), refused = 0;
        forced_fail_every(2);
        if (large_first) {
            bitena_map_give_spare_(now.map, large, LARGE);
        }
        for (int i = 0; i < 2; i++) {
            small[i] = bitena_alloc(now.arena, SMALL, SMALL);
            bitena_map_give_spare_(now.map, small[i], SMALL);
        }
        if (!large_first) {
            bitena_map_give_spare_(now.map, large, LARGE);
        }
        size_t used = bitena_used(now.arena);
        assert_ptr_equal(bitena_map_take_(now.map, LARGE / 2, &refused), large + LARGE / 2);
        assert_ptr_equal(bitena_map_take_(now.map, LARGE / 2, &refused), large);
        for (int i = 0; i < 2; i++) {
            out[i] = bitena_map_take_(now.map, SMALL, &refused);
            assert_true(out[i] == small[0] || out[i] == small[1]);
        }
        assert_ptr_not_equal(out[0], out[1]);
        assert_int_equal(bitena_used(now.arena), used);
        assert_non_null(bitena_map_take_(now.map, SMALL, &refused));
        assert_true(bitena_used(now.arena) > used);
        forced_fail_every(0);
        assert_true(forced_failures() > failures);
        bitena_drop(now.arena);
    }
}

static void take_the_spare_before(const void *word, enum forced_kind kind)
{
    if (word == &now.map->spares && kind == FORCED_CAS && now.seen++ == 0) {
        size_t refused = 0;
        now.value = bitena_map_take_(now.map, SEGMENT, &refused);
    }
}

static void a_spare_goes_to_one_of_two(void **state)
{
    (void)state;
    open_now(BITENA_EXACT);
    char *spare = bitena_alloc(now.arena, SEGMENT, SEGMENT);
    size_t refused = 0;
    bitena_map_give_spare_(now.map, spare, SEGMENT);
    forced_call(take_the_spare_before);
    char *other = bitena_map_take_(now.map, SEGMENT, &refused);
    forced_call(NULL);
    assert_ptr_equal(now.value, spare);
    assert_non_null(other);
    assert_ptr_not_equal(other, spare);
    bitena_drop(now.arena);
}

static void bring_the_last_of_the_segment(void *unused)
{
    (void)unused;
    assert_non_null(bitena_alloc(now.arena, 1, 1)); /* it has a number, and so a stock of its own */
    assert_non_null(bitena_map_insert(now.map, "last", 4, NULL, NULL));
}

/* Its last position is reserved for the first thread's keys, but the other's makes no new segment for that. */
static void a_segment_is_filled_before_the_next_is_made(void **state)
{
    (void)state;
    open_now(BITENA_SHARED);
    char key[16];
    for (int i = 0; i < SEGMENT - 1; i++) {
        size_t length = (size_t)snprintf(key, sizeof key, "k%d", i);
        (void)bitena_map_insert(now.map, key, length, NULL, NULL);
    }
    assert_int_equal(now.map->reserved, SEGMENT);
    assert_int_equal(positions_used(now.map), SEGMENT - 1);
    in_another_thread(bring_the_last_of_the_segment, NULL);
    assert_null(now.map->segments[1]);
    assert_int_equal(now.map->reserved, SEGMENT);
    assert_int_equal(bitena_map_count(now.map), SEGMENT);
    bitena_drop(now.arena);
}

/* Who has numbered a node says so for all, unless another was further by then. */
static void what_is_numbered_for_all_never_goes_back(void **state)
{
    (void)state;
    open_now(BITENA_SHARED);
    now.word = &now.map->settled;
    now.key = "further";
    forced_call(bring_before);
    char key[16];
    for (int i = 0; now.seen == 0; i++) {
        size_t length = (size_t)snprintf(key, sizeof key, "k%d", i);
        assert_true(i <= SEGMENT);
        (void)bitena_map_insert(now.map, key, length, NULL, NULL);
    }
    forced_call(NULL);
    uint32_t count = bitena_map_count(now.map);
    assert_int_equal(now.map->settled, count);
    assert_int_equal(bitena_map_entry_of(now.map, now.value).number, count - 1);
    for (uint32_t i = 0; i < count; i++) {
        bitena_map_entry entry = bitena_map_at(now.map, i);
        assert_int_equal(bitena_map_entry_of(now.map, entry.value).number, i);
    }
    bitena_drop(now.arena);
}

static void freeze_before(const void *word, enum forced_kind kind)
{
    if (word == &now.map->reserved && kind == FORCED_CAS && now.seen++ == 0) {
        bitena_map_freeze(now.map);
    }
}

static void a_map_that_is_frozen_meanwhile_refuses(void **state)
{
    (void)state;
    open_now(BITENA_SHARED);
    void *value = bitena_map_insert(now.map, "there", 5, NULL, NULL);
    size_t bytes = now.map->bytes;
    forced_call(freeze_before);
    ASSERT_NULL(EROFS, bitena_map_try_insert(now.map, "new", 3, NULL, NULL));
    forced_call(NULL);
    assert_true(now.seen != 0);
    assert_null(bitena_map_find(now.map, "new", 3));
    assert_ptr_equal(bitena_map_find(now.map, "there", 5), value);
    assert_int_equal(bitena_map_count(now.map), 1);
    assert_int_equal(now.map->bytes, bytes);
    bitena_drop(now.arena);
}

static void look_for_it(const void *word, enum forced_kind kind)
{
    (void)word;
    (void)kind;
    bitena_map_entry entry = bitena_map_at(now.map, 0);
    assert_ptr_equal(bitena_map_find(now.map, "new", 3), entry.value);
    assert_int_equal(entry.key != NULL, entry.value != NULL);
    now.seen |= entry.key ? 1 : 2;
}

static void a_key_is_found_by_its_number_and_by_itself_at_once(void **state)
{
    (void)state;
    open_now(BITENA_SHARED);
    forced_call(look_for_it);
    assert_non_null(bitena_map_insert(now.map, "new", 3, NULL, NULL));
    forced_call(NULL);
    assert_int_equal(now.seen, 1 | 2); /* it was met before it was there, and after */
    bitena_drop(now.arena);
}

/* Who counts may see that positions are reserved before it sees their segment. */
static void a_count_ends_where_no_segment_is_seen(void **state)
{
    (void)state;
    open_now(BITENA_SHARED);
    char key[16];
    for (int i = 0; i < SEGMENT; i++) {
        size_t length = (size_t)snprintf(key, sizeof key, "k%d", i);
        (void)bitena_map_insert(now.map, key, length, NULL, NULL);
    }
    now.map->reserved = SEGMENT + 1;
    assert_null(now.map->segments[1]);
    assert_int_equal(bitena_map_count(now.map), SEGMENT);
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
        cmocka_unit_test(a_segment_that_came_meanwhile_serves_who_was_refused),
        cmocka_unit_test(spares_serve_whom_they_suffice),
        cmocka_unit_test(a_spare_goes_to_one_of_two),
        cmocka_unit_test(a_segment_is_filled_before_the_next_is_made),
        cmocka_unit_test(what_is_numbered_for_all_never_goes_back),
        cmocka_unit_test(a_map_that_is_frozen_meanwhile_refuses),
        cmocka_unit_test(a_key_is_found_by_its_number_and_by_itself_at_once),
        cmocka_unit_test(a_count_ends_where_no_segment_is_seen),
        cmocka_unit_test(a_map_with_all_its_keys_fails_the_plain_verb),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
