/* How many threads' TLABs and descriptors a block has: the more the larger it is, from a least to a most,
 * and no byte of them outside what the block has set apart for them.
 * SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "core.h"
#include "support/misuse.h"
#include "support/trial.h"
#include "thread.h"

static const size_t mib = (size_t)1 << 20;

/* What follows the tables. */
static uintptr_t end_of_tables(const struct pool *pool)
{
    return (uintptr_t)(pool->runs + pool->run_count + MARK_RUNS);
}

static void assert_tables(bitena *arena, size_t tlabs, size_t runs)
{
    assert_non_null(arena);
    const struct arena *a = arena_of(arena);
    const struct pool *pool = a->pool;
    const struct root *root = (const struct root *)a;
    assert_int_equal(a->table_count, tlabs);
    assert_int_equal(pool->run_count, runs);
    assert_int_equal((uintptr_t)a->table % LINE_BYTES, 0);
    assert_true((uintptr_t)a->table >= (uintptr_t)(root + 1));
    assert_true((uintptr_t)a->table < (uintptr_t)(root + 1) + LINE_BYTES);
    assert_ptr_equal(pool->runs, a->table + tlabs);
    assert_true(end_of_tables(pool) <= pool->block.end);
}

static void a_private_block_has_tables_that_grow_with_it(void **state)
{
    (void)state;
    static const struct {
        size_t capacity, tlabs, runs;
        int mode;
    } cases[] = {
        {1, 0, 64, BITENA_SHARED}, /* made EXACT */
        {64 * 128, 0, 64, BITENA_SHARED},
        {65 * 128 - 1, 0, 64, BITENA_SHARED},
        {65 * 128, 0, 65, BITENA_SHARED},
        {16384, 8, 128, BITENA_SHARED},
        {9 * 2048 - 1, 8, 143, BITENA_SHARED},
        {9 * 2048, 9, 144, BITENA_SHARED},
        {4095 * 2048 - 1, 4094, 4095 * 16 - 1, BITENA_SHARED},
        {4095 * 2048, 4095, 4095 * 16, BITENA_SHARED},
        {4097 * 2048, 4095, 4097 * 16, BITENA_SHARED},
        {(size_t)128 << 20, 4095, 1 << 20, BITENA_SHARED},
        {(size_t)256 << 20, 4095, 1 << 20, BITENA_SHARED},
        {100 * 2048, 0, 1600, BITENA_LOCAL},
        {100 * 2048, 0, 1600, BITENA_EXACT},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bitena *arena =
            bitena_open(&(bitena_options){.capacity = cases[i].capacity, .mode = cases[i].mode});
        assert_tables(arena, cases[i].tlabs, cases[i].runs);
        const struct pool *pool = arena_of(arena)->pool;
        assert_true(pool->block.end - end_of_tables(pool) <
                    platform_page_size()); /* and none is wasted */
        bitena_drop(arena);
    }
}

static void assert_buffers_tables(size_t size, int mode, size_t tlabs, size_t runs)
{
    char *buffer = malloc(size);
    assert_non_null(buffer);
    bitena *arena = bitena_init(buffer, size, &(bitena_options){.mode = mode});
    assert_tables(arena, tlabs, runs);
    const struct block *block = &arena_of(arena)->pool->block;
    assert_int_equal(block->end, end_of_tables(arena_of(arena)->pool));
    assert_true(block->end <= (uintptr_t)buffer + size);
    assert_true((uintptr_t)buffer + size - block->end < LINE_BYTES);
    bitena_drop(arena);
    free(buffer);
}

static void a_buffer_has_fewer_of_them(void **state)
{
    (void)state;
    assert_buffers_tables(8000, BITENA_SHARED, 0, 32);
    assert_buffers_tables(33 * 640 - 1, BITENA_LOCAL, 0, 32);
    assert_buffers_tables(33 * 640, BITENA_LOCAL, 0, 33);
    assert_buffers_tables(33 * 640, BITENA_EXACT, 0, 33);
    assert_buffers_tables((size_t)3 * 16384 - 1, BITENA_SHARED, 2, 76);
    assert_buffers_tables((size_t)3 * 16384, BITENA_SHARED, 3, 76);
    assert_buffers_tables((size_t)256 * 16384 - 1, BITENA_SHARED, 255, 6553);
    assert_buffers_tables((size_t)256 * 16384, BITENA_SHARED, 256, 6553);
    assert_buffers_tables((size_t)258 * 16384, BITENA_SHARED, 256, 6604);
}

static void a_buffer_loses_none_of_its_start(void **state)
{
    (void)state;
    static _Alignas(LINE_BYTES) char buffer[64 << 10];
    for (int mode = BITENA_SHARED; mode <= BITENA_LOCAL; mode++) {
        for (size_t odd = 0; odd < 40; odd++) {
            char *start = buffer + odd;
            bitena_options options = {.mode = mode};
            bitena *arena = bitena_init(start, sizeof buffer - odd, &options);
            const struct pool *pool = arena_of(arena)->pool;
            size_t lost = /* where bytes go upward they begin aligned */
                mode == BITENA_EXACT ? padding_up((uintptr_t)start, _Alignof(max_align_t)) : 0;
            assert_int_equal(pool->data, (uintptr_t)start + lost);
            assert_int_equal(pool->capacity, pool->block.top - pool->data);
            assert_int_equal(pool->block.top % LINE_BYTES, 0);
            options.capacity = bitena_capacity(arena);
            bitena_drop(arena);
            arena =
                bitena_init(start, sizeof buffer - odd, &options); /* all of it can be asked for */
            assert_non_null(arena);
            assert_int_equal(bitena_capacity(arena), options.capacity);
            bitena_drop(arena);
        }
    }
}

/* What a buffer leaves beside its tables decides, not its size; nor what is asked of it. */
static void a_buffer_that_leaves_too_little_to_share_is_exact(void **state)
{
    (void)state;
    static _Alignas(LINE_BYTES) char buffer[24 << 10];
    size_t shared = 0, made_exact = 0, refused = 0;
    for (size_t size = EXACT_BELOW; size <= sizeof buffer; size += 40) {
        bitena *arena = bitena_init(buffer, size, NULL);
        const struct arena *a = arena_of(arena);
        if (a->mode == BITENA_EXACT) {
            assert_int_equal(a->table_count, 0);
            assert_int_equal(a->pool->data, (uintptr_t)buffer);
            assert_true(a->pool->upward);
            made_exact++;
        } else {
            assert_true(bitena_capacity(arena) >= EXACT_BELOW);
            assert_int_equal(a->table_count, 2);
            shared++;
        }
        bitena_drop(arena);
        arena = bitena_init(buffer, size, &(bitena_options){.capacity = EXACT_BELOW});
        assert_true(!arena || arena_of(arena)->mode == BITENA_SHARED);
        refused += !arena;
        bitena_drop(arena);
        arena = bitena_init(buffer, size, &(bitena_options){.capacity = EXACT_BELOW - 4000});
        assert_true(!arena || arena_of(arena)->mode == BITENA_EXACT);
        bitena_drop(arena);
    }
    assert_true(shared > 0 && made_exact > 0 && refused == made_exact);
}

static void a_huge_buffer_has_a_million_descriptors(void **state)
{
    (void)state;
    if (!WIDE || under_a_tool()) {
        skip(); /* a tool may touch all of it */
    }
    assert_buffers_tables(640 * mib, BITENA_SHARED, 256, mib);
    assert_buffers_tables(1400 * mib, BITENA_SHARED, 256, mib);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_private_block_has_tables_that_grow_with_it),
        cmocka_unit_test(a_buffer_has_fewer_of_them),
        cmocka_unit_test(a_buffer_loses_none_of_its_start),
        cmocka_unit_test(a_buffer_that_leaves_too_little_to_share_is_exact),
        cmocka_unit_test(a_huge_buffer_has_a_million_descriptors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
