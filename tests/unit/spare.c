/* What an unwinding keeps at hand, of the runs that it gives back: the highest lease that is worth it,
 * no more of it than a fair share, and everything else goes back whole. The numbers alone are in
 * children.c and marks.c.
 * SPDX-License-Identifier: MIT */
#include "core.h"
#include "support/misuse.h"
#include "support/trial.h"

enum { KIB = 1024, STRUCT_ROOM = 1024 };

/* The spare of the arena's owner; {0} without one. */
static struct span spare_of(bitena *arena)
{
    const struct arena *a = arena_of(arena);
    if (a->tlab.spare == 0) {
        assert_int_equal(a->tlab.spare_bytes, 0);
        return (struct span){0, 0, 0};
    }
    const struct run *run = run_at(a->pool, a->tlab.spare);
    assert_int_equal(a->tlab.spare_bytes, run->end - run->base);
    return (struct span){run->base, run->end, a->tlab.spare};
}

static void assert_spare(bitena *arena, size_t base, size_t end)
{
    struct span spare = spare_of(arena);
    assert_int_equal(spare.base, base);
    assert_int_equal(spare.end, end);
}

static size_t share_of(bitena *arena)
{
    return fair_share(arena_of(arena), arena_of(arena)->lease_max);
}

static void assert_all_is_free_but_the_spare(bitena *arena)
{
    assert_int_equal(bitena_remaining(arena), bitena_capacity(arena));
    assert_int_equal(bitena_used(arena), 0);
    struct pool *pool = arena_of(arena)->pool;
    assert_int_equal(pool->index, bitena_capacity(arena) - arena_of(arena)->tlab.spare_bytes);
    assert_int_equal(pool->recycled, 0); /* what was given back has been joined */
}

/* A child of one lease, the block's top, of about so many bytes. */
static size_t drop_a_child_of(bitena *arena, size_t bytes)
{
    bitena *child = bitena_new_child(arena);
    assert_non_null(child);
    const struct tlab *tlab = &arena_of(child)->tlab;
    while (tlab->end - tlab->ceiling < bytes) {
        assert_non_null(bitena_try_alloc(child, 16, 8));
    }
    assert_int_equal(tlab->chain, 0);
    size_t share = share_of(child);
    size_t lease = tlab->end - tlab->base;
    bitena_drop(child);
    assert_all_is_free_but_the_spare(arena);
    return smaller(lease, share);
}

static void a_dropped_childs_lease_is_kept_up_to_a_fair_share(void **state)
{
    (void)state;
    static const struct {
        size_t capacity, lease_max, bytes, kept;
    } cases[] = {
        {1024 * KIB, 0, 200 * KIB, 64 * KIB}, /* lease_max */
        {1024 * KIB, 0, 20 * KIB, 0},         /* its whole lease */
        {1024 * KIB, 5000, 200 * KIB, 5000},
        {1024 * KIB, LEASE_MIN, 20 * KIB, LEASE_MIN}, /* the least that is worth it */
        {64 * KIB, 0, 44 * KIB, 0},                   /* an eighth of what remains */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t top = cases[i].capacity;
        bitena *arena =
            bitena_open(&(bitena_options){.capacity = top, .lease_max = cases[i].lease_max});
        assert_non_null(arena);
        size_t kept = drop_a_child_of(arena, cases[i].bytes);
        assert_true(kept >= LEASE_MIN);
        if (cases[i].kept != 0) {
            assert_int_equal(kept, cases[i].kept);
        }
        assert_spare(arena, top - kept, top);
        bitena_drop(arena);
    }
}

static void where_little_remains_nothing_is_kept(void **state)
{
    (void)state;
    bitena *arena = bitena_new(20 * KIB);
    assert_true(drop_a_child_of(arena, 15 * KIB) < LEASE_MIN);
    assert_spare(arena, 0, 0);
    bitena_drop(arena);
}

/* A lease of exactly LEASE_MIN, after one that a mark stands in. */
static void the_smallest_lease_is_worth_keeping(void **state)
{
    (void)state;
    bitena *arena = bitena_open(
        &(bitena_options){.capacity = 64 * KIB, .mode = BITENA_LOCAL, .lease_max = LEASE_MIN});
    const struct tlab *tlab = &arena_of(arena)->tlab;
    (void)bitena_alloc_str(arena, "on the floor: the lease cannot be extended");
    bitena_mark mark = bitena_save(arena);
    uintptr_t first = tlab->base;
    while (tlab->base == first) {
        assert_non_null(bitena_try_alloc(arena, 16, 8));
    }
    assert_int_equal(tlab->end - tlab->base, LEASE_MIN);
    assert_int_equal(bitena_rewind(arena, mark), 0);
    assert_int_equal(tlab->base, first);
    assert_spare(arena, 62 * KIB, 63 * KIB);
    assert_int_equal(arena_of(arena)->pool->index, 62 * KIB);
    bitena_drop(arena);
}

/* A hole of about so many bytes high in the block, and a child below it, whose next leases and runs come
 * from there. */
static bitena *child_below_a_hole(bitena *arena, size_t bytes)
{
    bitena *above = bitena_new_child(arena);
    assert_non_null(bitena_try_alloc(above, bytes, 8));
    bitena *child = bitena_new_child(arena);
    assert_non_null(child);
    bitena_drop(above);
    assert_int_equal(bitena_trim(arena, SIZE_MAX), 0); /* gives the spare back too */
    assert_spare(arena, 0, 0);
    assert_true(arena_of(arena)->pool->recycled >= bytes);
    return child;
}

/* Of the lease that is current and of those in the chain. */
static struct span highest_lease(bitena *arena)
{
    const struct pool *pool = arena_of(arena)->pool;
    const struct tlab *tlab = &arena_of(arena)->tlab;
    struct span highest = {offset_of(pool, tlab->base), offset_of(pool, tlab->end), 0};
    for (uint32_t run = tlab->chain; run != 0; run = run_at(pool, run)->next) {
        const struct run *r = run_at(pool, run);
        if (r->serial != 0 && r->base > highest.base) {
            highest = (struct span){r->base, r->end, run};
        }
    }
    return highest;
}

/* A mark and text in the current lease, which is then filled. */
static void take_the_next_lease(bitena *child)
{
    const struct tlab *tlab = &arena_of(child)->tlab;
    uintptr_t base = tlab->base;
    (void)bitena_alloc_strn(child, "text", 4);
    (void)bitena_save(child);
    while (tlab->base == base) {
        assert_non_null(bitena_try_alloc(child, 16, 8));
    }
}

/* One lease of the hole, and the one after it. */
static void take_leases_above(bitena *child)
{
    const struct tlab *tlab = &arena_of(child)->tlab;
    uintptr_t birth = tlab->end;
    while (tlab->end <= birth) {
        take_the_next_lease(child);
    }
    take_the_next_lease(child);
}

static void take_leases_above_and_below(bitena *child)
{
    const struct tlab *tlab = &arena_of(child)->tlab;
    uintptr_t birth = tlab->end;
    take_leases_above(child);
    while (tlab->end > birth) {
        take_the_next_lease(child);
    }
}

static void the_highest_lease_is_kept_wherever_it_stands_in_the_chain(void **state)
{
    (void)state;
    bitena *arena = bitena_new(1024 * KIB);
    bitena *child = child_below_a_hole(arena, 20 * KIB);
    take_leases_above_and_below(child);
    struct span highest = highest_lease(child);
    assert_true(highest.run != 0 && highest.end - highest.base <= share_of(child));
    bitena_drop(child);
    assert_spare(arena, highest.base, highest.end);
    assert_int_equal(bitena_used(arena), 0);
    bitena_drop(arena);
}

static void a_run_that_was_no_lease_is_never_kept(void **state)
{
    (void)state;
    bitena *arena = bitena_new(1024 * KIB);
    bitena *child = child_below_a_hole(arena, 20 * KIB);
    struct span birth = highest_lease(child);
    (void)bitena_alloc_str(child, "on the floor: the lease cannot be extended");
    char *apart = bitena_alloc(child, 15 * KIB, 8);
    assert_true(offset_of(arena_of(arena)->pool, (uintptr_t)apart) > birth.end);
    bitena_drop(child);
    assert_spare(arena, birth.base, birth.end);
    assert_int_equal(bitena_used(arena), 0);
    bitena_drop(arena);
}

static void a_lease_that_is_too_small_is_never_kept(void **state)
{
    (void)state;
    bitena *arena = bitena_new(64 * KIB);
    bitena *child = child_below_a_hole(arena, 6 * KIB);
    struct span birth = highest_lease(child);
    bitena *hog = bitena_new_child(arena);
    assert_non_null(bitena_try_alloc(hog, arena_of(arena)->pool->index, 1));
    take_leases_above(child);
    struct span tiny = highest_lease(child);
    assert_true(tiny.base > birth.end && tiny.end - tiny.base < LEASE_MIN);
    bitena_drop(hog);
    assert_int_equal(bitena_trim(arena, SIZE_MAX), 0);
    assert_true(share_of(child) >= LEASE_MIN);
    bitena_drop(child);
    assert_spare(arena, birth.base, birth.end);
    assert_int_equal(bitena_used(arena), 0);
    bitena_drop(arena);
}

/* To keep a part of it would need another descriptor for the rest. */
static void without_descriptors_a_large_lease_goes_back_whole(void **state)
{
    (void)state;
    bitena *arena = bitena_open(&(bitena_options){.capacity = 256 * KIB, .lease_max = 2 * KIB});
    struct pool *pool = arena_of(arena)->pool;
    bitena *child = bitena_new_child(arena);
    while (pool->index > 240 * KIB) {
        assert_non_null(bitena_try_alloc(child, 16, 8));
    }
    size_t lease = bitena_capacity(arena) - pool->index;
    assert_int_equal(arena_of(child)->tlab.chain, 0);
    assert_non_null(bitena_try_alloc(arena, KIB, 8)); /* the index stands elsewhere */
    while (run_new(pool) != 0) {
    }
    size_t used = bitena_used(arena);
    bitena_drop(child);
    assert_spare(arena, 0, 0);
    assert_int_equal(pool->recycled, lease);
    assert_int_equal(bitena_used(arena), used - lease);
    assert_int_equal(bitena_reset(arena), 0);
    bitena_drop(arena);
}

static void what_goes_back_beside_a_spare_is_joined(void **state)
{
    (void)state;
    bitena *arena = bitena_new(1024 * KIB);
    struct pool *pool = arena_of(arena)->pool;
    bitena *first = bitena_new_child(arena);
    bitena *children[2];
    for (int i = 0; i < 2; i++) { /* of one lease each, one below the other */
        children[i] = bitena_new_child(arena);
        while (arena_of(children[i])->tlab.end - arena_of(children[i])->tlab.base < 8 * KIB) {
            assert_non_null(bitena_try_alloc(children[i], 16, 8));
        }
    }
    assert_non_null(bitena_try_alloc(arena, KIB, 8)); /* the index stands elsewhere */
    bitena_drop(first);
    struct span spare = spare_of(arena);
    assert_true(spare.run != 0);
    bitena_drop(children[0]);
    assert_int_equal(pool->recycled_runs, 1);
    bitena_drop(children[1]);
    assert_int_equal(pool->recycled_runs, 1);
    assert_spare(arena, spare.base, spare.end);
    bitena_drop(arena);
}

static void what_goes_back_from_a_chain_is_joined(void **state)
{
    (void)state;
    bitena *arena = bitena_new(1024 * KIB);
    bitena *child = bitena_new_child(arena);
    for (int i = 0; i < 5; i++) {
        take_the_next_lease(child);
    }
    assert_non_null(bitena_try_alloc(arena, KIB, 8)); /* the index stands elsewhere */
    bitena_drop(child);
    assert_int_equal(spare_of(arena).end, bitena_capacity(arena));
    assert_int_equal(arena_of(arena)->pool->recycled_runs, 1);
    bitena_drop(arena);
}

static void a_mark_from_before_any_lease_holds_none(void **state)
{
    (void)state;
    bitena *arena = bitena_open(&(bitena_options){.capacity = 1024 * KIB, .mode = BITENA_LOCAL});
    const struct tlab *tlab = &arena_of(arena)->tlab;
    bitena *child = bitena_new_child(arena); /* the first lease cannot begin at the block's top */
    bitena_mark mark = bitena_save(arena);
    size_t used = bitena_used(arena);
    take_the_next_lease(arena);
    take_the_next_lease(arena);
    assert_true(tlab->serial != mark.serial);
    assert_int_equal(bitena_rewind(arena, mark), 0);
    assert_int_equal(bitena_used(arena), used);
    assert_int_equal(tlab->base, tlab->end);
    assert_int_equal(tlab->mark_text, 0); /* the next lease's rest can be recycled */
    bitena_drop(child);
    bitena_drop(arena);
}

/* Descriptors are used again, so a younger run's may be of a lower number than an older one's. */
static void a_rewind_in_place_gives_back_runs_of_any_descriptor(void **state)
{
    (void)state;
    bitena *arena = bitena_open(&(bitena_options){.capacity = 1024 * KIB, .mode = BITENA_LOCAL});
    struct pool *pool = arena_of(arena)->pool;
    const struct tlab *tlab = &arena_of(arena)->tlab;
    (void)bitena_alloc_str(arena, "on the floor: the lease cannot be extended");
    (void)bitena_save(arena);
    uint32_t lower = run_new(pool);
    (void)bitena_alloc(arena, 20 * KIB, 8);
    uint32_t older = tlab->chain;
    bitena_mark mark = bitena_save(arena);
    size_t used = bitena_used(arena), remaining = bitena_remaining(arena);
    run_free(pool, lower);
    for (int time = 0; time < 3; time++) {
        (void)bitena_alloc(arena, 20 * KIB, 8);
        assert_true(tlab->chain < older);
        (void)bitena_alloc(arena, 16, 8); /* and in the lease itself */
        (void)bitena_alloc_str(arena, "text");
        (void)bitena_save(arena); /* it ends: the next run must not grow into `older` */
        assert_int_equal(bitena_rewind(arena, mark), 0);
        assert_int_equal(tlab->chain, older);
        assert_int_equal(bitena_used(arena), used);
        assert_int_equal(bitena_remaining(arena), remaining);
    }
    bitena_drop(arena);
}

/* Lowest first: each run touches the index in turn, and none waits for a search to join it. */
static void leases_go_back_to_the_index_in_turn(void **state)
{
    (void)state;
    bitena *arena = bitena_new(1024 * KIB);
    bitena *child = bitena_new_child(arena);
    for (int i = 0; i < 5; i++) {
        take_the_next_lease(child);
    }
    arena_of(arena)->pool->runs_left =
        1000; /* as after a search that left many: nothing is joined */
    bitena_drop(child);
    assert_true(spare_of(arena).end == bitena_capacity(arena));
    assert_all_is_free_but_the_spare(arena);
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_dropped_childs_lease_is_kept_up_to_a_fair_share),
        cmocka_unit_test(where_little_remains_nothing_is_kept),
        cmocka_unit_test(the_smallest_lease_is_worth_keeping),
        cmocka_unit_test(the_highest_lease_is_kept_wherever_it_stands_in_the_chain),
        cmocka_unit_test(a_run_that_was_no_lease_is_never_kept),
        cmocka_unit_test(a_lease_that_is_too_small_is_never_kept),
        cmocka_unit_test(without_descriptors_a_large_lease_goes_back_whole),
        cmocka_unit_test(what_goes_back_beside_a_spare_is_joined),
        cmocka_unit_test(what_goes_back_from_a_chain_is_joined),
        cmocka_unit_test(a_mark_from_before_any_lease_holds_none),
        cmocka_unit_test(a_rewind_in_place_gives_back_runs_of_any_descriptor),
        cmocka_unit_test(leases_go_back_to_the_index_in_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
