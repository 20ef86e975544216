/* What a child's reset gives back of a lease that has grown: all beyond a fair share, or nothing where
 * that cannot be recorded. Spares are in spare.c.
 * SPDX-License-Identifier: MIT */
#include "core.h"
#include "support/misuse.h"

enum { KIB = 1024, CAPACITY = 1024 * KIB, GROWN = 200 * KIB };

struct family {
    bitena *arena, *child;
    struct pool *pool;
    const struct tlab *tlab;
    uintptr_t base, end;
};

/* Its one lease is as large as that, and the index stands elsewhere if that is wanted. */
static struct family grown_child(bool index_elsewhere)
{
    struct family f;
    f.arena = bitena_new(CAPACITY);
    f.child = bitena_new_child(f.arena);
    f.pool = arena_of(f.arena)->pool;
    f.tlab = &arena_of(f.child)->tlab;
    while (f.tlab->end - f.tlab->base < GROWN) {
        assert_non_null(bitena_try_alloc(f.child, 16, 8));
    }
    assert_int_equal(f.tlab->chain, 0);
    f.base = f.tlab->base;
    f.end = f.tlab->end;
    if (index_elsewhere) {
        assert_non_null(bitena_try_alloc(f.arena, KIB, 8));
    }
    return f;
}

static void drop_all(struct family *f)
{
    bitena_drop(f->child);
    assert_int_equal(bitena_reset(f->arena), 0);
    bitena_drop(f->arena);
}

static void a_reset_child_keeps_a_fair_share_of_its_lease(void **state)
{
    (void)state;
    for (int index_elsewhere = 0; index_elsewhere < 2; index_elsewhere++) {
        struct family f = grown_child(index_elsewhere);
        size_t free_before = pool_free(f.pool);
        size_t share = fair_share(arena_of(f.child), LEASE_MAX_DEFAULT);
        assert_int_equal(bitena_reset(f.child), 0);
        assert_int_equal(f.tlab->end, f.end);
        assert_int_equal(f.tlab->floor, f.tlab->base);
        assert_int_equal(f.tlab->ceiling - f.tlab->floor, share);
        assert_int_equal(pool_free(f.pool), free_before + (f.tlab->base - f.base));
        assert_int_equal(f.pool->recycled_runs, index_elsewhere);
        drop_all(&f);
    }
}

/* With a run of which nothing would be known, memory would be lost. */
static void without_descriptors_it_keeps_all(void **state)
{
    (void)state;
    struct family f = grown_child(true);
    while (run_new(f.pool) != 0) {
    }
    size_t free_before = pool_free(f.pool);
    assert_int_equal(bitena_reset(f.child), 0);
    assert_int_equal(f.tlab->base, f.base);
    assert_int_equal(f.tlab->floor, f.base);
    assert_int_equal(f.tlab->end, f.end);
    assert_int_equal(pool_free(f.pool), free_before);
    drop_all(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reset_child_keeps_a_fair_share_of_its_lease),
        cmocka_unit_test(without_descriptors_it_keeps_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
