/* Vectors against plain arrays: random operations on several vectors in one arena, with objects between
 * them, until it is full, again and again, on arenas of every kind.
 * BITENA_SEED=n another seed, BITENA_STEPS=n other than 40000 steps for each kind.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include <bitena/vector.h>

#include "support/misuse.h"
#include "support/random.h"
#include "support/subject.h"

enum { VECTORS = 4, CAPACITY = 64 << 10, MOST = CAPACITY / 12 + 1 };

struct item { /* of an odd size: no power of two hides a mistake */
    uint32_t word[3];
};
BITENA_VECTOR(items, struct item);

struct pair {
    items v;
    struct item plain[MOST];
    size_t count;
};
static struct pair pairs[VECTORS];

static struct item any_item(struct random *random)
{
    uint64_t word = random_next(random);
    return (struct item){{(uint32_t)word, (uint32_t)(word >> 32), (uint32_t)word * 3}};
}

static bool is_same(const struct item *a, const struct item *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static void assert_same(const struct pair *pair)
{
    assert_int_equal(pair->v.count, pair->count);
    assert_true(pair->count <= pair->v.room);
    size_t i = 0;
    BITENA_EACH (item, &pair->v) {
        assert_true(is_same(item, &pair->plain[i++]));
    }
    assert_int_equal(i, pair->count);
}

static void plain_insert(struct pair *pair, size_t i, const struct item *item, size_t n)
{
    struct item copies[32];
    assert_true(pair->count + n <= MOST && n <= 32);
    memcpy(copies, item, n * sizeof *item);
    memmove(&pair->plain[i + n], &pair->plain[i], (pair->count - i) * sizeof *item);
    memcpy(&pair->plain[i], copies, n * sizeof *item);
    pair->count += n;
}

/* False: refused. */
static bool grow(struct pair *pair, struct random *random)
{
    items *v = &pair->v;
    struct item item = any_item(random);
    size_t i = random_below(random, pair->count + 1);
    size_t n = random_below(random, 33);
    switch (random_below(random, 5)) {
    case 0:
        if (!items_try_insert(v, i, item)) {
            return false;
        }
        plain_insert(pair, i, &item, 1);
        break;
    case 1: /* its own */
        n = n < pair->count - i ? n : pair->count - i;
        if (items_try_extend(v, items_slice(v, i, n), n) != 0) {
            return false;
        }
        plain_insert(pair, pair->count, &pair->plain[i], n);
        break;
    case 2:
        if (items_try_reserve(v, n) != 0) {
            return false;
        }
        assert_true(v->room - v->count >= n);
        break;
    default:
        if (!items_try_push(v, item)) {
            return false;
        }
        plain_insert(pair, pair->count, &item, 1);
    }
    return true;
}

static void lessen(struct pair *pair, struct random *random)
{
    items *v = &pair->v;
    struct item item;
    size_t i = random_below(random, pair->count + 1);
    if (i == pair->count) {
        bool popped = items_try_pop(v, &item);
        assert_int_equal(popped, pair->count != 0);
        if (popped) {
            assert_true(is_same(&item, &pair->plain[--pair->count]));
        }
    } else if (random_one_in(random, 2)) {
        item = items_remove(v, i);
        assert_true(is_same(&item, &pair->plain[i]));
        pair->count--;
        memmove(&pair->plain[i], &pair->plain[i + 1], (pair->count - i) * sizeof item);
    } else {
        item = items_swap_remove(v, i);
        assert_true(is_same(&item, &pair->plain[i]));
        pair->plain[i] = pair->plain[--pair->count];
    }
}

static void step(bitena *arena, struct random *random)
{
    struct pair *pair = &pairs[random_below(random, VECTORS)];
    bool full = false;
    size_t what = random_below(random, 400);
    if (what == 0) {
        items_clear(&pair->v);
        pair->count = 0;
    } else if (what < 4) {
        items_shrink(&pair->v);
        assert_same(pair);
    } else if (what < 20) {
        full = !bitena_try_alloc(arena, random_skewed(random, 6), 8);
    } else if (what < 150) {
        lessen(pair, random);
    } else {
        full = !grow(pair, random);
    }
    if (full || what % 16 == 0) {
        assert_same(pair);
    }
    if (full) {
        assert_int_equal(errno, ENOMEM);
        for (size_t i = 0; i < VECTORS; i++) {
            assert_same(&pairs[i]);
            pairs[i].v = items_begin(arena);
            pairs[i].count = 0;
        }
        assert_int_equal(bitena_reset(arena), 0);
    }
}

static void vectors_hold_what_plain_arrays_hold(void **state)
{
    (void)state;
    struct random random = {setting("BITENA_SEED", 20262)};
    size_t steps = (size_t)setting("BITENA_STEPS", scaled(40000));
    print_message("BITENA_SEED=%llu\n", (unsigned long long)random.state);
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY / 2, NULL);
        for (size_t i = 0; i < VECTORS; i++) {
            pairs[i].v = items_begin(s.arena);
            pairs[i].count = 0;
        }
        for (size_t i = 0; i < steps; i++) {
            step(s.arena, &random);
        }
        subject_close(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(vectors_hold_what_plain_arrays_hold)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
