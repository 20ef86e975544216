/* The largest table of keys, 2^32 - 2 places, which no test has room for: a table of a few places is told
 * by hand that they are the last of so many, the others used up.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdalign.h>

#include <bitena/keys.h>

#include "support/trial.h"

enum { CAPACITY = 1 << 20, LEFT = 3, STRIDE = 24 };
static const size_t most = UINT32_MAX - 1;

/* As src/modules/keys.c has it. */
struct table {
    size_t capacity, size, stride, value_at;
    uintptr_t places;
    alignas(128) uint64_t free;
    uint64_t inserted, removed;
    uint32_t begun, retired;
};

static bitena_keys *nearly_full(bitena *arena)
{
    bitena_keys *keys = bitena_keys_new(arena, LEFT, 0, 8);
    struct table *table = (struct table *)(void *)keys;
    assert_true(table->capacity == LEFT && table->stride == STRIDE && table->begun == 0);
    assert_in_range(table->places, (uintptr_t)keys + 1, (uintptr_t)keys + sizeof *table);
    table->capacity = most;
    table->begun = (uint32_t)most - LEFT;
    table->places -= (most - LEFT) * STRIDE;
    return keys;
}

static void the_last_places_serve_and_no_more(void **state)
{
    (void)state;
    if (!WIDE) {
        skip();
    }
    bitena *arena = bitena_new(CAPACITY);
    bitena_keys *keys = nearly_full(arena);
    assert_true(bitena_keys_capacity(keys) == most);
    bitena_key key = 0;
    for (uint32_t i = 1; i <= LEFT; i++) {
        key = bitena_keys_reserve(keys);
        assert_int_equal((uint32_t)key, most - LEFT + i);
        assert_int_equal(bitena_keys_insert(keys, key, NULL), 0);
        assert_non_null(bitena_keys_get(keys, key));
    }
    for (int i = 0; i < 3; i++) {
        errno = 0;
        assert_int_equal(bitena_keys_reserve(keys), 0);
        assert_int_equal(errno, ENOMEM);
    }
    assert_int_equal(bitena_keys_count(keys), LEFT);
    assert_int_equal(bitena_keys_remove(keys, key, NULL), 0);
    assert_true(bitena_keys_reserve(keys) == key + ((uint64_t)1 << 32));
    assert_int_equal(bitena_keys_reserve(keys), 0);
    bitena_drop(arena);
}

/* Though it would be one if the table had that place. */
static void a_key_behind_the_last_place_finds_nothing(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_keys *keys = bitena_keys_new(arena, 2, 0, 8);
    bitena_key pair[2];
    for (int i = 0; i < 2; i++) {
        pair[i] = bitena_keys_reserve(keys);
        assert_int_equal(bitena_keys_insert(keys, pair[i], NULL), 0);
    }
    struct table *table = (struct table *)(void *)keys;
    assert_int_equal(table->capacity, 2);
    table->capacity = 1;
    assert_non_null(bitena_keys_get(keys, pair[0]));
    assert_null(bitena_keys_get(keys, pair[1]));
    ASSERT_REFUSED(ENOENT, bitena_keys_remove(keys, pair[1], NULL));
    bitena_drop(arena);
}

static void one_place_more_is_too_many(void **state)
{
    (void)state;
    struct caught caught = {.arena = NULL};
    bitena *arena = open_caught(CAPACITY, &caught);
    ASSERT_NULL(WIDE ? ENOMEM : EOVERFLOW, bitena_keys_try_new(arena, most, 0, 0));
    ASSERT_NULL(EOVERFLOW, bitena_keys_try_new(arena, most + 1, 0, 0));
    ASSERT_REPORTS(&caught, EOVERFLOW, (void)bitena_keys_new(arena, most + 1, 0, 0));
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_places_serve_and_no_more),
        cmocka_unit_test(a_key_behind_the_last_place_finds_nothing),
        cmocka_unit_test(one_place_more_is_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
