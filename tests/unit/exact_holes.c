/* What children have left below the index of an EXACT arena, and who takes it: a rewind gives it back,
 * with a child alive or without, and a run that stands there never moves the index.
 * SPDX-License-Identifier: MIT */
#include "core.h"
#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"

enum { CAPACITY = 2400 };

static void a_rewind_gives_holes_back(void **state)
{
    (void)state;
    for (int alive = 0; alive < 2; alive++) {
        bitena *arena = bitena_open(&(bitena_options){.capacity = 8192, .mode = BITENA_EXACT});
        bitena *child = alive ? bitena_new_child(arena) : NULL;
        struct pool *pool = arena_of(arena)->pool;
        uint32_t low = run_new(pool); /* so that descriptors of the chain fall and rise */
        bitena *holes[2] = {bitena_new_child(arena), NULL};
        (void)bitena_alloc(arena, 8, 1);
        run_free(pool, low);
        holes[1] = bitena_new_child(arena);
        (void)fill_up(arena, 1, 1);
        bitena_drop(holes[0]);
        bitena_drop(holes[1]);
        struct numbers before[2];
        bitena_mark marks[2];
        for (int round = 0; round < 3; round++) {
            for (int i = 0; i < 2; i++) {
                before[i] = numbers_of(arena);
                marks[i] = bitena_save(arena);
                assert_non_null(bitena_try_alloc(arena, 500, 1));
            }
            for (int i = 2; i-- > 0;) {
                assert_int_equal(bitena_rewind(arena, marks[i]), 0);
                assert_same_numbers(arena, before[i]);
            }
        }
        bitena_drop(child);
        bitena_drop(arena);
    }
}

/* The hole ends at the index; the run in it is recorded for the rewind. */
static void a_run_in_a_hole_is_not_moved_in_place(void **state)
{
    (void)state;
    bitena *arena = bitena_open(&(bitena_options){.capacity = CAPACITY, .mode = BITENA_EXACT});
    const struct pool *pool = arena_of(arena)->pool;
    bitena *alive = bitena_new_child(arena);
    bitena_mark outer = bitena_save(arena);
    size_t base = pool->index;
    bitena *hole = bitena_new_child(arena);
    size_t size = pool->index - base;
    assert_true(CAPACITY - pool->index < size);
    BITENA_SCOPE (arena) {
        bitena_drop(hole);
    }
    assert_int_equal(pool->index, base + size);
    char *run = bitena_alloc(arena, size, 1);
    assert_true((uintptr_t)run == pool->data + base);
    assert_ptr_equal(bitena_resize(arena, run, size, 10, 1), run);
    assert_int_equal(pool->index, base + size);
    assert_int_equal(bitena_rewind(arena, outer), 0);
    size_t free_bytes = bitena_remaining(arena);
    assert_true(fill_up(arena, 1, 1) <= free_bytes);
    bitena_drop(alive);
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rewind_gives_holes_back),
        cmocka_unit_test(a_run_in_a_hole_is_not_moved_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
