/* Counts of references to a pool's objects. The strong ones hold the object, and all together one
 * weak one; weak ones hold its memory. Both stand in one word, so that a sole holder can be told
 * from others. The last of each is found by its own decrement: nobody looks at a count behind it. A
 * count of 0 is never raised: that refuses late calls.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>

#include <bitena/order.h>
#include <bitena/pool_parts.h>

/* Its counts may be looked at; else EINVAL. */
static bool is_counted(const bitena_pool *pool, const void *object)
{
    uint32_t bit, *life;
    if (!(pool->flags & POOL_COUNTED)) {
        errno = EINVAL;
        return false;
    }
    if (pool->flags & POOL_CHECKED) {
        life = bitena_pool_life_(pool, object, &bit);
        if (!life || !(load_relaxed(life) & bit)) { /* [P08] */
            errno = EINVAL;
            return false;
        }
    }
    return true;
}

/* which: POOL_STRONG or POOL_WEAK. */
static void *raise_count(const bitena_pool *pool, void *object, unsigned which)
{
    uint64_t *counts = &pool_counts_of(pool, object)->word, one = (uint64_t)1 << which;
    uint64_t there = load_relaxed(counts); /* [P07] */
    uint32_t n;
    while ((n = (uint32_t)(there >> which)) != 0 && n < UINT32_MAX) {
        if (cas_weak_acquire(counts, &there, there + one)) { /* [P07] */
            return object;
        }
    }
    errno = n == 0 ? ENOENT : ERANGE;
    return NULL;
}

/* What it was; 0, with EINVAL: it is still that. */
static uint32_t lower_count(const bitena_pool *pool, void *object, unsigned which)
{
    uint64_t *counts = &pool_counts_of(pool, object)->word, one = (uint64_t)1 << which;
    uint64_t there = load_relaxed(counts); /* [P07] */
    uint32_t n;
    while ((n = (uint32_t)(there >> which)) != 0) {
        if (cas_weak_acq_rel(counts, &there, there - one)) { /* [P07] */
            return n;
        }
    }
    errno = EINVAL;
    return 0;
}

static int lower_weak(bitena_pool *pool, void *object)
{
    uint32_t before = lower_count(pool, object, POOL_WEAK);
    if (before == 1) {
        if (pool->flags & POOL_CHECKED) {
            uint32_t bit, *life = bitena_pool_life_(pool, object, &bit);
            (void)and_release(life, ~bit); /* [P08] */
        }
        bitena_pool_put_(pool, object);
    }
    return before == 0 ? -1 : before == 1;
}

void *bitena_pool_retain(bitena_pool *pool, void *object)
{
    BITENA_REQUIRE_(pool);
    BITENA_REQUIRE_(object);
    return is_counted(pool, object) ? raise_count(pool, object, POOL_STRONG) : NULL;
}

int bitena_pool_release(bitena_pool *pool, void *object)
{
    BITENA_REQUIRE_(pool);
    BITENA_REQUIRE_(object);
    if (!is_counted(pool, object)) {
        return -1;
    }
    uint32_t before = lower_count(pool, object, POOL_STRONG);
    if (before != 1) {
        return before == 0 ? -1 : 0;
    }
    if (pool->flags & POOL_DESTROYS) {
        pool->destroy(pool->context, object);
    }
    (void)lower_weak(pool, object);
    return 1;
}

void *bitena_pool_retain_weak(bitena_pool *pool, void *object)
{
    BITENA_REQUIRE_(pool);
    BITENA_REQUIRE_(object);
    return is_counted(pool, object) ? raise_count(pool, object, POOL_WEAK) : NULL;
}

int bitena_pool_release_weak(bitena_pool *pool, void *object)
{
    BITENA_REQUIRE_(pool);
    BITENA_REQUIRE_(object);
    return is_counted(pool, object) ? lower_weak(pool, object) : -1;
}
