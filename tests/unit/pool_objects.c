/* A pool's objects, one thread: what is taken and given, sizes and alignments, the four ways to part,
 * what checked pools refuse. What is refused for want of room or sense: pool_refusals.c.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include <bitena/pool.h>

#include "support/subject.h"
#include "support/trial.h"

enum { CAPACITY = 1 << 20, MANY = 1000, SMALL = 4096 };

struct calls {
    int count;
    void *last;
};

static void count_call(void *context, void *object)
{
    struct calls *calls = context;
    calls->count++;
    calls->last = object;
}

static void assert_numbers(const bitena_pool *pool, size_t live)
{
    bitena_pool_numbers n = bitena_pool_count(pool);
    assert_int_equal(n.live, live);
    assert_int_equal(n.free + n.live, n.capacity);
}

static void objects_are_apart_aligned_and_whole(void **state)
{
    (void)state;
    static const struct {
        size_t size, align;
    } kinds[] = {{1, 1},    {0, 0},     {8, 8},    {24, 8},   {40, 16},
                 {100, 64}, {16, 4096}, {5000, 8}, {40000, 1}};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        bitena *arena = bitena_new(8 << 20);
        bitena_pool *pool = bitena_pool_new(arena, kinds[k].size, kinds[k].align);
        size_t count = kinds[k].size > 1000 || kinds[k].align > 1000 ? 100 : MANY;
        static char *taken[MANY];
        for (size_t i = 0; i < count; i++) {
            taken[i] = bitena_pool_take(pool);
            assert_int_equal((uintptr_t)taken[i] % (kinds[k].align ? kinds[k].align : 16), 0);
            memset(taken[i], (int)(i % 251), kinds[k].size);
        }
        assert_numbers(pool, count);
        for (size_t i = 0; i < count; i++) {
            for (size_t b = 0; b < kinds[k].size; b++) {
                assert_int_equal((unsigned char)taken[i][b], i % 251);
            }
            assert_int_equal(bitena_pool_give(pool, taken[i]), 0);
        }
        assert_numbers(pool, 0);
        bitena_drop(arena);
    }
}

static void what_was_given_last_is_taken_first(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_pool *pool = bitena_pool_new(arena, 32, 8);
    void *a = bitena_pool_take(pool), *b = bitena_pool_take(pool);
    assert_int_equal(bitena_pool_give(pool, a), 0);
    assert_int_equal(bitena_pool_reclaim(pool, b), 0);
    assert_ptr_equal(bitena_pool_take(pool), b);
    assert_ptr_equal(bitena_pool_try_take(pool), a);
    bitena_drop(arena);
}

static void what_is_given_is_used_again_instead_of_growing(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_pool *pool = bitena_pool_new(arena, 64, 8);
    static void *taken[MANY];
    size_t capacity = 0;
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < MANY; i++) {
            taken[i] = bitena_pool_take(pool);
        }
        for (int i = 0; i < MANY; i++) {
            assert_int_equal(bitena_pool_give(pool, taken[i * 7 % MANY]), 0);
        }
        capacity = round == 0 ? bitena_pool_count(pool).capacity : capacity;
    }
    assert_int_equal(bitena_pool_count(pool).capacity, capacity);
    assert_true(capacity < MANY + MANY / 8 + 64);
    bitena_drop(arena);
}

typedef struct Point {
    int x, y;
} Point;

static void make_initialises_or_zeroes(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_pool *pool = bitena_pool_new(arena, sizeof(Point), _Alignof(Point));
    Point *p = bitena_pool_make(pool, Point, .y = 3);
    assert_int_equal(p->x, 0);
    assert_int_equal(p->y, 3);
    memset(p, 0xff, sizeof *p);
    assert_int_equal(bitena_pool_give(pool, p), 0);
    p = bitena_pool_try_make(pool, Point);
    assert_int_equal(p->x, 0);
    assert_int_equal(p->y, 0);
    bitena_drop(arena);
}

static void make_large(void *pool)
{
    (void)bitena_pool_make((bitena_pool *)pool, Point[2]);
}

static void make_aligned(void *pool)
{
    struct wide {
        _Alignas(64) char c;
    };
    (void)bitena_pool_try_make((bitena_pool *)pool, struct wide);
}

static void make_refuses_a_type_that_does_not_fit(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_pool *pool = bitena_pool_new(arena, sizeof(Point), _Alignof(Point));
    const char *line = "bitena: %s: the type is larger or more aligned than the pool's objects\n";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    assert_aborts(make_large, pool, line, "bitena_pool_make");
    bitena_pool *large = bitena_pool_new(arena, 64, 8);
    assert_aborts(make_aligned, large, line, "bitena_pool_try_make");
#pragma GCC diagnostic pop
    bitena_drop(arena);
}

static void give_destroys_and_the_other_ways_do_not(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    struct calls calls = {0};
    bitena_pool *pool = bitena_pool_open(
        arena,
        &(bitena_pool_options){.size = sizeof(Point), .destroy = count_call, .context = &calls});
    Point *a = bitena_pool_make(pool, Point, 1, 2), *b = bitena_pool_make(pool, Point, 3, 4);
    Point *c = bitena_pool_make(pool, Point, 5, 6), *d = bitena_pool_make(pool, Point, 7, 8);
    assert_int_equal(bitena_pool_give(pool, a), 0);
    assert_int_equal(calls.count, 1);
    assert_ptr_equal(calls.last, a);
    assert_int_equal(bitena_pool_reclaim(pool, b), 0);
    assert_numbers(pool, 2);
    Point moved;
    assert_int_equal(bitena_pool_move_out(pool, c, &moved), 0);
    assert_int_equal(moved.x, 5);
    assert_int_equal(moved.y, 6);
    assert_numbers(pool, 1);
    size_t capacity = bitena_pool_count(pool).capacity;
    assert_int_equal(bitena_pool_leak(pool, d), 0);
    assert_numbers(pool, 0);
    assert_int_equal(bitena_pool_count(pool).capacity, capacity - 1);
    for (size_t i = 0; i < capacity + 10; i++) {
        assert_ptr_not_equal(bitena_pool_take(pool), d);
    }
    assert_int_equal(d->x, 7);
    assert_int_equal(calls.count, 1);
    bitena_drop(arena);
    assert_int_equal(calls.count, 1);
}

static void a_checked_pool_refuses_double_giving_and_foreign_pointers(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    struct calls calls = {0};
    bitena_pool_options options = {
        .size = 48, .checked = 1, .destroy = count_call, .context = &calls};
    bitena_pool *pool = bitena_pool_open(arena, &options),
                *other = bitena_pool_open(arena, &options);
    static char *taken[MANY], outside[64], to[48];
    for (int i = 0; i < MANY; i++) {
        taken[i] = bitena_pool_take(pool);
    }
    char *foreign = bitena_pool_take(other);
    assert_numbers(pool, MANY);
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(bitena_pool_give(pool, taken[i]), 0);
        ASSERT_REFUSED(EINVAL, bitena_pool_give(pool, taken[i]));
    }
    assert_int_equal(calls.count, MANY);
    char *object = bitena_pool_take(pool);
    void *wrong[] = {outside, foreign, object + 1, object - 16, object + 16, pool, arena};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ASSERT_REFUSED(EINVAL, bitena_pool_give(pool, wrong[i]));
        ASSERT_REFUSED(EINVAL, bitena_pool_reclaim(pool, wrong[i]));
        ASSERT_REFUSED(EINVAL, bitena_pool_leak(pool, wrong[i]));
        ASSERT_REFUSED(EINVAL, bitena_pool_move_out(pool, wrong[i], to));
    }
    assert_int_equal(calls.count, MANY);
    assert_int_equal(bitena_pool_leak(pool, object), 0);
    ASSERT_REFUSED(EINVAL, bitena_pool_give(pool, object));
    assert_numbers(pool, 0);
    assert_int_equal(bitena_pool_give(other, foreign), 0);
    bitena_drop(arena);
}

static bitena_pool *reentered;
static void reenter(void *context, void *object)
{
    (void)context;
    (void)object;
    void *p = bitena_pool_take(reentered);
    assert_ptr_not_equal(p, object);
    assert_int_equal(bitena_pool_reclaim(reentered, p), 0);
}

static void the_destructor_may_take_and_give(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    reentered = bitena_pool_open(arena, &(bitena_pool_options){.size = 8, .destroy = reenter});
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(bitena_pool_give(reentered, bitena_pool_take(reentered)), 0);
    }
    assert_numbers(reentered, 0);
    bitena_drop(arena);
}

static size_t take_all(bitena_pool *pool, void **taken, size_t most)
{
    size_t count = 0;
    errno = 0;
    while (count < most && (taken[count] = bitena_pool_try_take(pool)) != NULL) {
        assert_int_equal(errno, 0);
        count++;
    }
    return count;
}

static void a_pool_lives_in_a_child_until_its_drop(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    size_t remaining = bitena_remaining(arena);
    for (int round = 0; round < 10; round++) {
        bitena *child = bitena_new_child(arena);
        bitena_pool *pool = bitena_pool_new(child, 100, 8);
        for (int i = 0; i < MANY; i++) {
            memset(bitena_pool_take(pool), 1, 100);
        }
        assert_numbers(pool, MANY);
        bitena_drop(child);
    }
    assert_int_equal(bitena_remaining(arena), remaining);
    bitena_drop(arena);
}

static void a_reserved_pool_serves_without_the_arena(void **state)
{
    (void)state;
    static void *taken[MANY];
    bitena *arena = bitena_new(CAPACITY);
    bitena_pool *pool =
        bitena_pool_open(arena, &(bitena_pool_options){.size = 48, .reserve = MANY});
    assert_numbers(pool, 0);
    assert_int_equal(bitena_pool_count(pool).capacity, MANY);
    size_t before = bitena_used(arena);
    for (int i = 0; i < MANY; i++) {
        taken[i] = bitena_pool_take(pool);
    }
    assert_true(bitena_used(arena) - before <= SMALL); /* a magazine */
    assert_int_equal(bitena_pool_count(pool).free, 0);
    assert_int_equal(bitena_pool_count(pool).capacity, MANY);
    (void)fill_up(arena, 8, 8);
    ASSERT_NULL(ENOMEM, bitena_pool_try_take(pool));
    assert_int_equal(bitena_pool_give(pool, taken[0]), 0);
    assert_ptr_equal(bitena_pool_try_take(pool), taken[0]);
    bitena_drop(arena);
}

static void large_batches_and_those_of_one_serve_alike(void **state)
{
    (void)state;
    static const unsigned batches[] = {1, 2, 3, 64, 1000};
    static void *taken[MANY];
    for (size_t b = 0; b < sizeof batches / sizeof *batches; b++) {
        bitena *arena = bitena_new(CAPACITY);
        bitena_pool *pool = bitena_pool_open(
            arena, &(bitena_pool_options){.size = 16, .batch = batches[b], .checked = 1});
        for (int round = 0; round < 3; round++) {
            assert_int_equal(take_all(pool, taken, MANY), MANY);
            assert_numbers(pool, MANY);
            for (int i = 0; i < MANY; i++) {
                assert_int_equal(bitena_pool_give(pool, taken[i]), 0);
            }
            assert_numbers(pool, 0);
        }
        bitena_drop(arena);
    }
}

/* The arena's capacity is more than what short numbers reach in lines. */
static void a_pool_reaches_through_a_huge_arena(void **state)
{
    (void)state;
    bitena *arena = WIDE ? bitena_new((size_t)((uint64_t)1 << 38)) : NULL;
    if (!arena) {
        skip();
    }
    bitena_pool *pool = bitena_pool_new(arena, 64, 8);
    static void *taken[MANY];
    for (int round = 0; round < 3; round++) {
        assert_non_null(bitena_alloc(arena, (size_t)((uint64_t)1 << 36), 4096)); /* not touched */
        for (int i = 0; i < MANY; i++) {
            memset(taken[i] = bitena_pool_take(pool), 1, 64);
        }
        for (int i = 0; round != 1 && i < MANY; i++) {
            assert_int_equal(bitena_pool_give(pool, taken[i]), 0);
        }
    }
    assert_numbers(pool, MANY);
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_are_apart_aligned_and_whole),
        cmocka_unit_test(what_was_given_last_is_taken_first),
        cmocka_unit_test(what_is_given_is_used_again_instead_of_growing),
        cmocka_unit_test(make_initialises_or_zeroes),
        cmocka_unit_test(make_refuses_a_type_that_does_not_fit),
        cmocka_unit_test(give_destroys_and_the_other_ways_do_not),
        cmocka_unit_test(a_checked_pool_refuses_double_giving_and_foreign_pointers),
        cmocka_unit_test(the_destructor_may_take_and_give),
        cmocka_unit_test(a_pool_lives_in_a_child_until_its_drop),
        cmocka_unit_test(a_reserved_pool_serves_without_the_arena),
        cmocka_unit_test(large_batches_and_those_of_one_serve_alike),
        cmocka_unit_test(a_pool_reaches_through_a_huge_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
