/* Keys: a key names one value from its reservation to its end, and nothing before or after; the walks
 * see the newest first; what is full, stale, NULL or too large is refused and changes nothing.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include <bitena/keys.h>

#include "support/random.h"
#include "support/subject.h"
#include "support/trial.h"

enum { CAPACITY = 1 << 20, MANY = 1000 };

static bitena_key add(bitena_keys *keys, uint64_t value)
{
    bitena_key key = bitena_keys_reserve(keys);
    assert_int_not_equal(key, 0);
    assert_int_equal(bitena_keys_insert(keys, key, &value), 0);
    return key;
}

static void assert_finds_nothing(bitena_keys *keys, bitena_key key)
{
    uint64_t value = 0;
    errno = 0;
    assert_null(bitena_keys_get(keys, key));
    assert_int_equal(errno, 0);
    ASSERT_REFUSED(ENOENT, bitena_keys_insert(keys, key, &value));
    ASSERT_REFUSED(ENOENT, bitena_keys_cancel(keys, key));
    ASSERT_REFUSED(ENOENT, bitena_keys_remove(keys, key, &value));
}

static void a_key_finds_its_value_from_insert_to_remove(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_keys *keys = bitena_keys_new(arena, 10, sizeof(uint64_t), _Alignof(uint64_t));
    bitena_key key = bitena_keys_reserve(keys);
    assert_null(bitena_keys_get(keys, key));
    ASSERT_REFUSED(ENOENT, bitena_keys_remove(keys, key, NULL));
    assert_int_equal(bitena_keys_count(keys), 0);
    uint64_t value = 7, out = 0;
    assert_int_equal(bitena_keys_insert(keys, key, &value), 0);
    uint64_t *found = bitena_keys_get(keys, key);
    assert_int_equal(*found, 7);
    *found = 8;
    ASSERT_REFUSED(ENOENT, bitena_keys_insert(keys, key, &value));
    ASSERT_REFUSED(ENOENT, bitena_keys_cancel(keys, key));
    assert_int_equal(bitena_keys_count(keys), 1);
    assert_int_equal(bitena_keys_remove(keys, key, &out), 0);
    assert_int_equal(out, 8);
    assert_int_equal(bitena_keys_count(keys), 0);
    assert_finds_nothing(keys, key);
    bitena_drop(arena);
}

static void a_stale_key_finds_nothing_in_its_old_place(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_keys *keys = bitena_keys_new(arena, 1, sizeof(uint64_t), 8);
    bitena_key old[MANY];
    for (int i = 0; i < MANY; i++) {
        old[i] = bitena_keys_reserve(keys);
        if (i % 3 == 0) {
            assert_int_equal(bitena_keys_cancel(keys, old[i]), 0);
        } else {
            assert_int_equal(bitena_keys_insert(keys, old[i], NULL), 0);
            assert_int_equal(*(uint64_t *)bitena_keys_get(keys, old[i]), 0);
            assert_int_equal(bitena_keys_remove(keys, old[i], NULL), 0);
        }
    }
    bitena_key key = add(keys, 5);
    for (int i = 0; i < MANY; i++) {
        assert_int_not_equal(old[i], key);
        assert_finds_nothing(keys, old[i]);
    }
    assert_int_equal(*(uint64_t *)bitena_keys_get(keys, key), 5);
    bitena_drop(arena);
}

static void keys_that_were_never_given_find_nothing(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_keys *keys = bitena_keys_new(arena, 3, sizeof(uint64_t), 8);
    bitena_key key = add(keys, 1);
    const bitena_key wrong[] = {0,
                                1,
                                2,
                                UINT64_MAX,
                                key + 1,
                                key + 2,
                                key + 3,
                                key | UINT32_MAX,
                                key & UINT32_MAX,
                                key + ((uint64_t)1 << 32),
                                (uint64_t)1 << 32};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_finds_nothing(keys, wrong[i]);
    }
    bitena_drop(arena);
}

static void a_full_table_refuses_until_a_key_ends(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_keys *keys = bitena_keys_new(arena, MANY, 100, 64);
    static bitena_key all[MANY];
    for (int i = 0; i < MANY; i++) {
        assert_int_not_equal(all[i] = bitena_keys_reserve(keys), 0);
        assert_int_equal(i % 2 ? 0 : bitena_keys_insert(keys, all[i], NULL), 0);
        assert_int_equal((uintptr_t)bitena_keys_get(keys, all[i]) % 64, 0);
    }
    errno = 0;
    assert_int_equal(bitena_keys_reserve(keys), 0);
    assert_int_equal(errno, ENOMEM);
    assert_int_equal(bitena_keys_capacity(keys), MANY);
    assert_int_equal(bitena_keys_count(keys), MANY / 2);
    assert_int_equal(bitena_keys_cancel(keys, all[1]), 0);
    assert_int_not_equal(bitena_keys_reserve(keys), 0);
    assert_int_equal(bitena_keys_reserve(keys), 0);
    assert_int_equal(bitena_keys_remove(keys, all[0], NULL), 0);
    assert_int_not_equal(bitena_keys_reserve(keys), 0);
    assert_int_equal(bitena_keys_reserve(keys), 0);
    bitena_drop(arena);
}

static void a_place_is_left_out_after_its_last_generation(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_keys *keys = bitena_keys_open(
        arena,
        &(bitena_keys_options){.capacity = 2, .size = 8, .first_generation = UINT32_MAX - 2});
    bitena_key last = 0;
    for (int i = 0; i < 6; i++) {
        assert_int_equal(bitena_keys_capacity(keys), i < 3 ? 2 : 1);
        last = bitena_keys_reserve(keys);
        assert_int_not_equal(last, 0);
        assert_int_equal(i % 2 ? bitena_keys_cancel(keys, last)
                               : bitena_keys_insert(keys, last, NULL) ||
                                     bitena_keys_remove(keys, last, NULL),
                         0);
    }
    assert_int_equal(bitena_keys_capacity(keys), 0);
    assert_int_equal(bitena_keys_reserve(keys), 0);
    assert_finds_nothing(keys, last);
    assert_finds_nothing(keys, last & UINT32_MAX);
    bitena_drop(arena);
}

static void a_later_first_generation_ends_the_keys_of_older_tables(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_keys *older = bitena_keys_new(arena, 4, 8, 8);
    bitena_key key = add(older, 1);
    bitena_keys *newer = bitena_keys_open(
        arena, &(bitena_keys_options){.capacity = 4, .size = 8, .first_generation = 100});
    assert_int_not_equal(add(newer, 2), key);
    assert_finds_nothing(newer, key);
    bitena_drop(arena);
}

/* What a walk is expected to see: values falling, `count` of them. */
struct walk {
    uint64_t before;
    int count, stop_after;
    bitena_keys *keys;
    int remove;
};

static int look(void *context, bitena_key key, void *value)
{
    struct walk *walk = context;
    uint64_t now = *(uint64_t *)value;
    assert_true(now < walk->before);
    walk->before = now;
    assert_ptr_equal(bitena_keys_get(walk->keys, key), value);
    if (walk->remove) {
        assert_int_equal(bitena_keys_remove(walk->keys, key, NULL), 0);
    }
    return ++walk->count == walk->stop_after ? -3 : 0;
}

static int is_even(void *context, bitena_key key, void *value)
{
    (void)key;
    ++*(int *)context;
    return *(uint64_t *)value % 2 == 0;
}

/* Places in many orders: some inserted in another order than reserved, some again. */
static bitena_keys *filled(bitena *arena, uint64_t seed, int *count)
{
    struct random random = {seed};
    bitena_keys *keys = bitena_keys_new(arena, MANY, sizeof(uint64_t), 8);
    bitena_key live[MANY];
    uint64_t serial = 0;
    size_t wanted = random_below(&random, MANY) + 1;
    *count = 0;
    for (size_t step = 0; step < (seed == 1 ? wanted : 5 * wanted); step++) {
        if (*count < (int)wanted && (seed == 1 || !random_one_in(&random, 3))) {
            live[(*count)++] = add(keys, ++serial);
        } else if (*count > 0) {
            size_t i = random_below(&random, (size_t)*count);
            assert_int_equal(bitena_keys_remove(keys, live[i], NULL), 0);
            live[i] = live[--*count];
        }
    }
    assert_int_equal(bitena_keys_count(keys), *count);
    return keys;
}

static void walks_see_each_live_key_the_newest_first(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        bitena *arena = bitena_new(CAPACITY);
        int count;
        bitena_keys *keys = filled(arena, seed, &count);
        struct walk walk = {.before = UINT64_MAX, .keys = keys};
        assert_int_equal(bitena_keys_for_each(keys, look, &walk), 0);
        assert_int_equal(walk.count, count);
        int visited = 0;
        size_t removed = bitena_keys_retain(keys, is_even, &visited);
        assert_int_equal(visited, count);
        assert_int_equal(bitena_keys_count(keys), (size_t)count - removed);
        walk = (struct walk){.before = UINT64_MAX, .keys = keys};
        assert_int_equal(bitena_keys_drain(keys, look, &walk), (size_t)count - removed);
        assert_int_equal(walk.count, (size_t)count - removed);
        assert_int_equal(bitena_keys_count(keys), 0);
        for (int i = 0; i < MANY; i++) {
            assert_int_not_equal(bitena_keys_reserve(keys), 0);
        }
        bitena_drop(arena);
    }
}

static void a_walk_stops_where_the_visit_says_so(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_keys *keys = bitena_keys_new(arena, 10, sizeof(uint64_t), 8);
    for (uint64_t i = 1; i <= 10; i++) {
        (void)add(keys, i);
    }
    struct walk walk = {.before = UINT64_MAX, .keys = keys, .stop_after = 4};
    assert_int_equal(bitena_keys_for_each(keys, look, &walk), -3);
    assert_int_equal(bitena_keys_count(keys), 10);
    walk = (struct walk){.before = UINT64_MAX, .keys = keys, .stop_after = 4};
    assert_int_equal(bitena_keys_drain(keys, look, &walk), 4);
    assert_int_equal(walk.before, 7);
    walk = (struct walk){.before = UINT64_MAX, .keys = keys, .remove = 1};
    assert_int_equal(bitena_keys_for_each(keys, look, &walk), 0);
    assert_int_equal(walk.count, 6);
    assert_int_equal(bitena_keys_count(keys), 0);
    (void)add(keys, 1);
    (void)bitena_keys_reserve(keys);
    assert_int_equal(bitena_keys_drain(keys, NULL, NULL), 1);
    assert_int_equal(bitena_keys_for_each(keys, look, &walk), 0);
    bitena_drop(arena);
}

static void tables_of_any_size_are_made_or_refused(void **state)
{
    (void)state;
    struct caught caught;
    bitena *arena = open_caught(CAPACITY, &caught);
    bitena_keys *none = bitena_keys_new(arena, 0, 8, 8);
    assert_int_equal(bitena_keys_reserve(none), 0);
    assert_int_equal(bitena_keys_capacity(none), 0);
    bitena_keys *empty = bitena_keys_try_new(arena, 5, 0, 0);
    bitena_key key = bitena_keys_reserve(empty);
    assert_int_equal(bitena_keys_insert(empty, key, NULL), 0);
    assert_int_equal((uintptr_t)bitena_keys_get(empty, key) % 16, 0);
    assert_int_equal(bitena_keys_remove(empty, key, NULL), 0);
    size_t remaining = bitena_remaining(arena);
    ASSERT_NULL(EINVAL, bitena_keys_try_new(arena, 8, 8, 12));
    ASSERT_REPORTS(&caught, EINVAL, (void)bitena_keys_new(arena, 8, 8, 3));
    const bitena_keys_options large[] = {
        {.capacity = UINT32_MAX},
        {.capacity = 1, .size = SIZE_MAX},
        {.capacity = 1, .size = SIZE_MAX / 8},
        {.capacity = 1, .align = SIZE_MAX / 2 + 1},
        {.capacity = UINT32_MAX - 1, .size = SIZE_MAX / UINT32_MAX},
    };
    for (volatile size_t i = 0; i < sizeof large / sizeof *large; i++) {
        ASSERT_NULL(EOVERFLOW, bitena_keys_try_open(arena, &large[i]));
        ASSERT_REPORTS(&caught, EOVERFLOW, (void)bitena_keys_open(arena, &large[i]));
    }
    ASSERT_NULL(ENOMEM, bitena_keys_try_new(arena, CAPACITY, 8, 8));
    ASSERT_REPORTS(&caught, ENOMEM, (void)bitena_keys_new(arena, CAPACITY, 8, 8));
    assert_int_equal(bitena_remaining(arena), remaining);
    bitena_drop(arena);
}

/* A verb, its parameter, the call. */
#define NULLS(X)                                                        \
    X(new, arena, (void)bitena_keys_new(NULL, 1, 1, 1))                 \
    X(try_new, arena, (void)bitena_keys_try_new(NULL, 1, 1, 1))         \
    X(open, arena, (void)bitena_keys_open(NULL, &zeroed))               \
    X(open, options, (void)bitena_keys_open(of.arena, NULL))            \
    X(try_open, arena, (void)bitena_keys_try_open(NULL, &zeroed))       \
    X(try_open, options, (void)bitena_keys_try_open(of.arena, NULL))    \
    X(reserve, keys, (void)bitena_keys_reserve(NULL))                   \
    X(insert, keys, (void)bitena_keys_insert(NULL, 1, NULL))            \
    X(cancel, keys, (void)bitena_keys_cancel(NULL, 1))                  \
    X(get, keys, (void)bitena_keys_get(NULL, 1))                        \
    X(remove, keys, (void)bitena_keys_remove(NULL, 1, NULL))            \
    X(for_each, keys, (void)bitena_keys_for_each(NULL, is_even, NULL))  \
    X(for_each, visit, (void)bitena_keys_for_each(of.keys, NULL, NULL)) \
    X(retain, keys, (void)bitena_keys_retain(NULL, is_even, NULL))      \
    X(retain, visit, (void)bitena_keys_retain(of.keys, NULL, NULL))     \
    X(drain, keys, (void)bitena_keys_drain(NULL, is_even, NULL))        \
    X(capacity, keys, (void)bitena_keys_capacity(NULL))                 \
    X(count, keys, (void)bitena_keys_count(NULL))

static struct {
    bitena *arena;
    bitena_keys *keys;
} of;
static const bitena_keys_options zeroed;

#define MISUSE(verb, parameter, call)                 \
    static void verb##_null_##parameter(void *unused) \
    {                                                 \
        (void)unused;                                 \
        call;                                         \
    }
NULLS(MISUSE)

static void null_is_refused_by_its_name(void **state)
{
    (void)state;
    of.arena = bitena_new(CAPACITY);
    of.keys = bitena_keys_new(of.arena, 1, 1, 1);
#define TRY(verb, parameter, call)               \
    assert_aborts(verb##_null_##parameter, NULL, \
                  "bitena: bitena_keys_" #verb ": parameter '" #parameter "' is NULL\n");
    NULLS(TRY)
    bitena_drop(of.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_finds_its_value_from_insert_to_remove),
        cmocka_unit_test(a_stale_key_finds_nothing_in_its_old_place),
        cmocka_unit_test(keys_that_were_never_given_find_nothing),
        cmocka_unit_test(a_full_table_refuses_until_a_key_ends),
        cmocka_unit_test(a_place_is_left_out_after_its_last_generation),
        cmocka_unit_test(a_later_first_generation_ends_the_keys_of_older_tables),
        cmocka_unit_test(walks_see_each_live_key_the_newest_first),
        cmocka_unit_test(a_walk_stops_where_the_visit_says_so),
        cmocka_unit_test(tables_of_any_size_are_made_or_refused),
        cmocka_unit_test(null_is_refused_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
