/* What pools refuse: objects beyond a full arena, options without sense, NULL; and that nothing is
 * changed or lost by a refusal.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include <bitena/pool.h>

#include "support/subject.h"
#include "support/trial.h"

enum { CAPACITY = 1 << 20, MANY = 1000 };

typedef struct Point {
    int x, y;
} Point;

static void assert_numbers(const bitena_pool *pool, size_t live)
{
    bitena_pool_numbers n = bitena_pool_count(pool);
    assert_int_equal(n.live, live);
    assert_int_equal(n.free + n.live, n.capacity);
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

static void fill_and_refuse(int mode)
{
    static void *taken[CAPACITY / 64];
    struct caught caught;
    bitena *arena = bitena_open(&(bitena_options){
        .capacity = 64 << 10, .mode = mode, .on_failure = catch_failure, .context = &caught});
    bitena_pool *pool = bitena_pool_new(arena, 64, 8);
    volatile size_t count = take_all(pool, taken, CAPACITY / 64);
    assert_true(count > 900);
    ASSERT_NULL(ENOMEM, bitena_pool_try_take(pool));
    ASSERT_REPORTS(&caught, ENOMEM, (void)bitena_pool_take(pool));
    ASSERT_NULL(ENOMEM, bitena_pool_try_make(pool, Point));
    assert_numbers(pool, count);
    assert_true(bitena_remaining(arena) < 256);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(bitena_pool_give(pool, taken[i]), 0);
    }
    assert_int_equal(take_all(pool, taken, CAPACITY / 64), count);
    ASSERT_NULL(ENOMEM, bitena_pool_try_new(arena, 64, 8));
    ASSERT_REPORTS(&caught, ENOMEM, (void)bitena_pool_new(arena, 64, 8));
    bitena_drop(arena);
}

static void a_full_arena_refuses_and_nothing_is_lost(void **state)
{
    (void)state;
    fill_and_refuse(BITENA_SHARED);
    fill_and_refuse(BITENA_EXACT);
    fill_and_refuse(BITENA_LOCAL);
}

static void without_room_for_a_magazine_the_shared_objects_serve(void **state)
{
    (void)state;
    static void *taken[MANY];
    bitena *arena = bitena_new(CAPACITY);
    bitena_pool *pool =
        bitena_pool_open(arena, &(bitena_pool_options){.size = 48, .reserve = MANY, .batch = 10});
    (void)fill_up(arena, 1, 1);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(take_all(pool, taken, MANY), MANY);
        ASSERT_NULL(ENOMEM, bitena_pool_try_take(pool));
        assert_numbers(pool, MANY);
        for (int i = 0; i < MANY; i++) {
            assert_int_equal(bitena_pool_give(pool, taken[i]), 0);
        }
        assert_numbers(pool, 0);
    }
    bitena_drop(arena);
}

static void what_cannot_be_a_pool_is_refused_and_takes_nothing(void **state)
{
    (void)state;
    struct caught caught;
    bitena *arena = open_caught(CAPACITY, &caught);
    size_t remaining = bitena_remaining(arena);
    ASSERT_NULL(EINVAL, bitena_pool_try_new(arena, 8, 3));
    ASSERT_REPORTS(&caught, EINVAL, (void)bitena_pool_new(arena, 0, 24));
    const bitena_pool_options too_large[] = {
        {.size = SIZE_MAX},
        {.size = PTRDIFF_MAX},
        {.size = 8, .align = SIZE_MAX / 2 + 1},
        {.size = SIZE_MAX / 8 + 1},
        {.size = SIZE_MAX / 1024, .batch = UINT32_MAX},
        {.size = 64, .reserve = SIZE_MAX},
        {.size = 64, .reserve = SIZE_MAX / 256},
        {.size = SIZE_MAX - 7, .counted = 1, .checked = 1},
    };
    for (volatile size_t i = 0; i < sizeof too_large / sizeof *too_large; i++) {
        ASSERT_NULL(EOVERFLOW, bitena_pool_try_open(arena, &too_large[i]));
        ASSERT_REPORTS(&caught, EOVERFLOW, (void)bitena_pool_open(arena, &too_large[i]));
    }
    ASSERT_NULL(ENOMEM, bitena_pool_try_open(
                            arena, &(bitena_pool_options){.size = 64, .reserve = CAPACITY}));
    assert_int_equal(bitena_remaining(arena), remaining);
    bitena_drop(arena);
}

/* A verb, its parameter, the call. */
#define NULLS(X)                                                            \
    X(new, arena, (void)bitena_pool_new(NULL, 8, 8))                        \
    X(try_new, arena, (void)bitena_pool_try_new(NULL, 8, 8))                \
    X(open, arena, (void)bitena_pool_open(NULL, &none))                     \
    X(open, options, (void)bitena_pool_open(of.arena, NULL))                \
    X(try_open, arena, (void)bitena_pool_try_open(NULL, &none))             \
    X(try_open, options, (void)bitena_pool_try_open(of.arena, NULL))        \
    X(take, pool, (void)bitena_pool_take(NULL))                             \
    X(try_take, pool, (void)bitena_pool_try_take(NULL))                     \
    X(make, pool, (void)bitena_pool_make((bitena_pool *)NULL, int))         \
    X(try_make, pool, (void)bitena_pool_try_make((bitena_pool *)NULL, int)) \
    X(count, pool, (void)bitena_pool_count(NULL))                           \
    X(move_out, pool, (void)bitena_pool_move_out(NULL, bytes, bytes))       \
    X(move_out, object, (void)bitena_pool_move_out(of.pool, NULL, bytes))   \
    X(move_out, to, (void)bitena_pool_move_out(of.pool, bytes, NULL))       \
    X(give, pool, (void)bitena_pool_give(NULL, bytes))                      \
    X(give, object, (void)bitena_pool_give(of.pool, NULL))                  \
    X(reclaim, pool, (void)bitena_pool_reclaim(NULL, bytes))                \
    X(reclaim, object, (void)bitena_pool_reclaim(of.pool, NULL))            \
    X(leak, pool, (void)bitena_pool_leak(NULL, bytes))                      \
    X(leak, object, (void)bitena_pool_leak(of.pool, NULL))                  \
    X(retain, pool, (void)bitena_pool_retain(NULL, bytes))                  \
    X(retain, object, (void)bitena_pool_retain(of.pool, NULL))              \
    X(release, pool, (void)bitena_pool_release(NULL, bytes))                \
    X(release, object, (void)bitena_pool_release(of.pool, NULL))            \
    X(retain_weak, pool, (void)bitena_pool_retain_weak(NULL, bytes))        \
    X(retain_weak, object, (void)bitena_pool_retain_weak(of.pool, NULL))    \
    X(release_weak, pool, (void)bitena_pool_release_weak(NULL, bytes))      \
    X(release_weak, object, (void)bitena_pool_release_weak(of.pool, NULL))

static struct {
    bitena *arena;
    bitena_pool *pool;
} of;
static char bytes[16];
static const bitena_pool_options none;

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
    of.pool = bitena_pool_new(of.arena, 8, 8);
#define TRY(verb, parameter, call)               \
    assert_aborts(verb##_null_##parameter, NULL, \
                  "bitena: bitena_pool_" #verb ": parameter '" #parameter "' is NULL\n");
    NULLS(TRY)
    bitena_drop(of.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_arena_refuses_and_nothing_is_lost),
        cmocka_unit_test(without_room_for_a_magazine_the_shared_objects_serve),
        cmocka_unit_test(what_cannot_be_a_pool_is_refused_and_takes_nothing),
        cmocka_unit_test(null_is_refused_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
