/* Corners of leases that larger tests pass by: what a refusal must leave alone, the serial that would be 0,
 * how large the next lease is to be after a text has moved. What leases promise is in refill.c and tlab.c.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core.h"
#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"

enum { KIB = 1024, PAGE = 4096 };

static bitena *open_local(size_t capacity, size_t lease_max)
{
    return bitena_open(
        &(bitena_options){.capacity = capacity, .mode = BITENA_LOCAL, .lease_max = lease_max});
}

static struct tlab *tlab_in(bitena *arena)
{
    return &arena_of(arena)->tlab;
}

/* Of a block whose first byte has no large alignment, at all levels of the last KiB. */
static void a_refusal_leaves_the_lease_and_the_index_alone(void **state)
{
    (void)state;
    static _Alignas(PAGE) char buffer[32 * KIB];
    size_t refused = 0;
    for (size_t left = 50; left < 1500; left += 29) {
        bitena *arena =
            bitena_init(buffer + 144, sizeof buffer - 144, &(bitena_options){.mode = BITENA_LOCAL});
        struct tlab *tlab = tlab_in(arena);
        while (bitena_remaining(arena) > left) {
            (void)bitena_alloc(arena, 16, 1);
        }
        for (size_t align = 1; align <= sizeof buffer; align *= 2) {
            for (size_t size = 1; size < 600; size = 3 * size + 2) {
                struct tlab before = *tlab;
                size_t index = arena_of(arena)->pool->index;
                bitena_mark mark = bitena_save(arena);
                if (bitena_try_alloc(arena, size, align)) {
                    assert_int_equal(bitena_rewind(arena, mark), 0);
                    break;
                }
                refused++;
                assert_true(tlab->base == before.base && tlab->ceiling == before.ceiling);
                assert_int_equal(arena_of(arena)->pool->index, index);
                assert_int_equal(bitena_rewind(arena, mark), 0);
            }
        }
        bitena_drop(arena);
    }
    assert_true(refused > 100);
}

static void a_growth_that_no_word_can_hold_leaves_the_lease_alone(void **state)
{
    (void)state;
    bitena *arena = open_local(64 * KIB, 0);
    (void)bitena_alloc_str(arena, "text, so that the lease has a seam");
    bitena_drop(bitena_new_child(arena)); /* it leaves a spare run */
    struct tlab before = *tlab_in(arena);
    assert_true(before.spare != 0);
    ASSERT_NULL(ENOMEM, bitena_try_resize(arena, NULL, 0, PTRDIFF_MAX, 4));
    assert_true(tlab_in(arena)->base == before.base && tlab_in(arena)->end == before.end);
    assert_int_equal(tlab_in(arena)->serial, before.serial);
    bitena_drop(arena);
}

/* Text is on the floor, so a full lease gives way to a new one. */
static void fill_the_lease(bitena *arena)
{
    struct tlab *tlab = tlab_in(arena);
    uintptr_t base = tlab->base;
    for (uintptr_t before = base; before == base; base = tlab->base) {
        (void)bitena_alloc_str(arena, "sixteen bytes...");
    }
}

static void a_serial_is_the_next_but_never_a_multiple_of_2_to_the_32(void **state)
{
    (void)state;
    static const uint64_t serials[][2] = {{7, 8}, {UINT32_MAX - 1, UINT32_MAX}, {UINT32_MAX, 1}};
    for (size_t i = 0; i < sizeof serials / sizeof *serials; i++) {
        uint32_t after = (uint32_t)serials[i][1];
        bitena *arena = open_local(64 * KIB, LEASE_MIN);
        struct tlab *tlab = tlab_in(arena);
        char *last = bitena_alloc_str(arena, "on the floor");
        tlab->serial = (uintptr_t)serials[i][0];
        last = bitena_resize(arena, last, 13, 5000, 1); /* to a new lease */
        assert_int_equal((uint32_t)tlab->serial, after);
        assert_memory_equal(last, "on the floor", 13);
        tlab->serial = (uintptr_t)serials[i][0];
        fill_the_lease(arena);
        assert_int_equal((uint32_t)tlab->serial, after);
        tlab->serial = (uintptr_t)serials[i][0];
        tlab_set_empty(arena_of(arena), tlab);
        assert_int_equal((uint32_t)tlab->serial, after);
        bitena_drop(arena);
    }
}

static void a_text_that_moves_doubles_the_next_lease_up_to_the_largest(void **state)
{
    (void)state;
    for (size_t most = LEASE_MIN; most <= 8 * LEASE_MIN; most *= 2) {
        bitena *arena = open_local(64 * KIB, most);
        char *text = bitena_alloc_str(arena, "on the floor");
        size_t next = tlab_in(arena)->next_lease;
        (void)bitena_resize(arena, text, 13, 3000, 1);
        assert_int_equal(tlab_in(arena)->next_lease, smaller(2 * next, most));
        bitena_drop(arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_leaves_the_lease_and_the_index_alone),
        cmocka_unit_test(a_growth_that_no_word_can_hold_leaves_the_lease_alone),
        cmocka_unit_test(a_serial_is_the_next_but_never_a_multiple_of_2_to_the_32),
        cmocka_unit_test(a_text_that_moves_doubles_the_next_lease_up_to_the_largest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
