/* References to a pool's objects: strong ones keep the object, weak ones its memory; the last of each
 * is told so; late and superfluous calls are refused where they can be seen.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include <bitena/pool.h>

#include "support/subject.h"
#include "support/trial.h"

enum { CAPACITY = 1 << 20, MANY = 500 };

static int destroyed;

static void destroy(void *context, void *object)
{
    (void)context;
    (void)object;
    destroyed++;
}

static const bitena_pool_options counted = {.size = 20, .counted = 1, .destroy = destroy};
static const bitena_pool_options both = {
    .size = 20, .counted = 1, .checked = 1, .destroy = destroy};

static void the_last_release_destroys_and_takes_back(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    const bitena_pool_options plain = {.size = 20, .counted = 1};
    const bitena_pool_options *kinds[] = {&counted, &both, &plain};
    for (size_t k = 0; k < 3; k++) {
        bitena_pool *pool = bitena_pool_open(arena, kinds[k]);
        destroyed = 0;
        void *object = bitena_pool_take(pool);
        memset(object, 0xff, 20);
        assert_ptr_equal(bitena_pool_retain(pool, object), object);
        assert_int_equal(bitena_pool_release(pool, object), 0);
        assert_int_equal(destroyed, 0);
        assert_int_equal(bitena_pool_count(pool).live, 1);
        assert_int_equal(bitena_pool_release(pool, object), 1);
        assert_int_equal(destroyed, kinds[k]->destroy ? 1 : 0);
        assert_int_equal(bitena_pool_count(pool).live, 0);
        assert_ptr_equal(bitena_pool_take(pool), object);
    }
    bitena_drop(arena);
}

static void a_weak_reference_keeps_the_memory_but_not_the_object(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    const bitena_pool_options *kinds[] = {&counted, &both};
    for (size_t k = 0; k < 2; k++) {
        bitena_pool *pool = bitena_pool_open(arena, kinds[k]);
        destroyed = 0;
        void *object = bitena_pool_take(pool);
        assert_ptr_equal(bitena_pool_retain_weak(pool, object), object);
        assert_ptr_equal(bitena_pool_retain(pool, object), object); /* by the weak one */
        assert_int_equal(bitena_pool_release(pool, object), 0);
        assert_int_equal(bitena_pool_release(pool, object), 1);
        assert_int_equal(destroyed, 1);
        assert_int_equal(bitena_pool_count(pool).live, 1);
        ASSERT_NULL(ENOENT, bitena_pool_retain(pool, object));
        ASSERT_REFUSED(EINVAL, bitena_pool_release(pool, object));
        ASSERT_REFUSED(EBUSY, bitena_pool_give(pool, object));
        assert_ptr_equal(bitena_pool_retain_weak(pool, object), object);
        assert_int_equal(bitena_pool_release_weak(pool, object), 0);
        assert_int_equal(bitena_pool_release_weak(pool, object), 1);
        assert_int_equal(destroyed, 1);
        assert_int_equal(bitena_pool_count(pool).live, 0);
    }
    bitena_drop(arena);
}

static void only_a_sole_holder_parts_with_an_object(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_pool *pool = bitena_pool_open(arena, &counted);
    char to[20];
    void *object = bitena_pool_take(pool);
    (void)bitena_pool_retain(pool, object);
    ASSERT_REFUSED(EBUSY, bitena_pool_give(pool, object));
    ASSERT_REFUSED(EBUSY, bitena_pool_move_out(pool, object, to));
    assert_int_equal(bitena_pool_release(pool, object), 0);
    (void)bitena_pool_retain_weak(pool, object);
    ASSERT_REFUSED(EBUSY, bitena_pool_reclaim(pool, object));
    ASSERT_REFUSED(EBUSY, bitena_pool_leak(pool, object));
    assert_int_equal(bitena_pool_release_weak(pool, object), 0);
    destroyed = 0;
    assert_int_equal(bitena_pool_give(pool, object), 0);
    assert_int_equal(destroyed, 1);
    assert_int_equal(bitena_pool_leak(pool, bitena_pool_take(pool)), 0);
    assert_int_equal(bitena_pool_move_out(pool, bitena_pool_take(pool), to), 0);
    assert_int_equal(bitena_pool_reclaim(pool, bitena_pool_take(pool)), 0);
    assert_int_equal(destroyed, 1);
    assert_int_equal(bitena_pool_count(pool).live, 0);
    bitena_drop(arena);
}

static void a_checked_pool_refuses_what_is_no_live_object(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_pool *pool = bitena_pool_open(arena, &both);
    char outside[64];
    void *object = bitena_pool_take(pool);
    assert_int_equal(bitena_pool_release(pool, object), 1);
    void *wrong[] = {object, outside, (char *)object + 1, pool};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        ASSERT_NULL(EINVAL, bitena_pool_retain(pool, wrong[i]));
        ASSERT_NULL(EINVAL, bitena_pool_retain_weak(pool, wrong[i]));
        ASSERT_REFUSED(EINVAL, bitena_pool_release(pool, wrong[i]));
        ASSERT_REFUSED(EINVAL, bitena_pool_release_weak(pool, wrong[i]));
    }
    bitena_drop(arena);
}

static void a_pool_without_counts_has_no_references(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_pool *pool = bitena_pool_new(arena, 20, 4);
    void *object = bitena_pool_take(pool);
    ASSERT_NULL(EINVAL, bitena_pool_retain(pool, object));
    ASSERT_NULL(EINVAL, bitena_pool_retain_weak(pool, object));
    ASSERT_REFUSED(EINVAL, bitena_pool_release(pool, object));
    ASSERT_REFUSED(EINVAL, bitena_pool_release_weak(pool, object));
    assert_int_equal(bitena_pool_give(pool, object), 0);
    bitena_drop(arena);
}

/* The counts stand behind the object: they are brought near their ends by hand. */
static void a_count_is_never_raised_past_its_end(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_pool *pool = bitena_pool_open(arena, &counted);
    void *object = bitena_pool_take(pool);
    uint64_t *counts = (uint64_t *)(void *)((char *)object + 24); /* weak ones in the upper half */
    assert_int_equal(*counts, UINT64_C(1) << 32 | 1);
    *counts = (uint64_t)(UINT32_MAX - 1) << 32 | (UINT32_MAX - 1);
    assert_ptr_equal(bitena_pool_retain(pool, object), object);
    assert_ptr_equal(bitena_pool_retain_weak(pool, object), object);
    ASSERT_NULL(ERANGE, bitena_pool_retain(pool, object));
    ASSERT_NULL(ERANGE, bitena_pool_retain_weak(pool, object));
    assert_int_equal(bitena_pool_release(pool, object), 0);
    assert_int_equal(*counts, (uint64_t)UINT32_MAX << 32 | (UINT32_MAX - 1));
    *counts = UINT32_MAX - 1;
    ASSERT_REFUSED(EINVAL, bitena_pool_release_weak(pool, object));
    bitena_drop(arena);
}

static void objects_and_counts_do_not_overlap(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 7, 8, 9, 20, 24, 64};
    bitena *arena = bitena_new(CAPACITY);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        bitena_pool *pool = bitena_pool_open(
            arena, &(bitena_pool_options){.size = sizes[s], .align = 8, .counted = 1});
        static void *taken[MANY];
        for (int i = 0; i < MANY; i++) {
            memset(taken[i] = bitena_pool_take(pool), 0x77, sizes[s]);
        }
        for (int i = 0; i < MANY; i++) {
            for (size_t b = 0; b < sizes[s]; b++) {
                assert_int_equal(((char *)taken[i])[b], 0x77);
            }
            assert_int_equal(bitena_pool_release(pool, taken[i]), 1);
        }
    }
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_release_destroys_and_takes_back),
        cmocka_unit_test(a_weak_reference_keeps_the_memory_but_not_the_object),
        cmocka_unit_test(only_a_sole_holder_parts_with_an_object),
        cmocka_unit_test(a_checked_pool_refuses_what_is_no_live_object),
        cmocka_unit_test(a_pool_without_counts_has_no_references),
        cmocka_unit_test(a_count_is_never_raised_past_its_end),
        cmocka_unit_test(objects_and_counts_do_not_overlap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
