/* Arenas in the caller's memory: whatever its size, place and contents, nothing outside it is
 * touched, no system call is made, and it stays the caller's. Options that a buffer refuses are in
 * options.c.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/seccomp.h>

#include "support/misuse.h"
#include "support/subject.h"

enum { FENCE = 256 };

static _Alignas(128) char static_buffer[BITENA_BUFFER_SIZE(100000)];

static void static_memory_holds_an_arena(void **state)
{
    (void)state;
    errno = UNTOUCHED;
    bitena *arena = bitena_init(static_buffer, sizeof static_buffer, NULL);
    assert_non_null(arena);
    assert_int_equal(errno, UNTOUCHED);
    assert_in_range(bitena_capacity(arena), 100000, sizeof static_buffer);
    assert_int_equal(bitena_remaining(arena), bitena_capacity(arena));
    assert_int_equal(bitena_used(arena), 0);
    char *all = bitena_alloc(arena, bitena_capacity(arena), 1);
    memset(all, 'x', bitena_capacity(arena));
    assert_true(all >= static_buffer);
    assert_true(all + bitena_capacity(arena) <= static_buffer + sizeof static_buffer);
    assert_int_equal(bitena_remaining(arena), 0);
    assert_int_equal(bitena_reset(arena), 0);
    assert_string_equal(bitena_alloc_str(arena, "text"), "text");
    bitena_drop(arena);
}

static void the_stack_holds_an_arena(void **state)
{
    (void)state;
    char buffer[BITENA_BUFFER_SIZE(1000)];
    bitena *arena = bitena_init(buffer, sizeof buffer, &(bitena_options){.capacity = 1000});
    assert_non_null(arena);
    assert_int_equal(bitena_remaining(arena), 1000);
    assert_non_null(bitena_try_alloc(arena, 1000, 1));
    assert_null(bitena_try_alloc(arena, 1, 1));
    bitena_drop(arena);
}

static void the_numbers_of_a_1024_byte_arena_are_exact(void **state)
{
    (void)state;
    for (int mode = BITENA_SHARED; mode <= BITENA_LOCAL; mode++) {
        bitena *arena = bitena_init(static_buffer, BITENA_BUFFER_SIZE(1024),
                                    &(bitena_options){.capacity = 1024, .mode = mode});
        assert_non_null(arena);
        assert_int_equal(bitena_remaining(arena), 1024);
        (void)bitena_make(arena, uint8_t, 1);
        assert_int_equal(bitena_remaining(arena), 1023);
        assert_int_equal(bitena_reset(arena), 0);
        (void)bitena_alloc_str(arena, "Test");
        assert_int_equal(bitena_remaining(arena), 1019);
        assert_int_equal(bitena_reset(arena), 0);
        assert_int_equal(bitena_remaining(arena), 1024);
        bitena_drop(arena);
    }
}

static void assert_holds(char *buffer, size_t offset, size_t capacity, int mode)
{
    size_t size = BITENA_BUFFER_SIZE(capacity);
    bitena *arena =
        bitena_init(buffer + offset, size, &(bitena_options){.capacity = capacity, .mode = mode});
    if (!arena || bitena_capacity(arena) != capacity || bitena_remaining(arena) != capacity) {
        fail_msg("capacity %zu, offset %zu, mode %d", capacity, offset, mode);
    }
    bitena_drop(arena);
    arena = bitena_init(buffer + offset, size, &(bitena_options){.mode = mode});
    if (!arena || bitena_capacity(arena) < capacity) {
        fail_msg("capacity %zu, offset %zu, mode %d, unasked", capacity, offset, mode);
    }
    bitena_drop(arena);
}

static void buffer_size_is_enough_for_its_capacity(void **state)
{
    (void)state;
    const size_t largest = 40 << 20;
    char *buffer = malloc(BITENA_BUFFER_SIZE(largest) + 128);
    assert_non_null(buffer);
    for (size_t capacity = 1; capacity < 40000; capacity += capacity < 2000 ? 1 : 13) {
        assert_holds(buffer, capacity % 128, capacity, (int)(capacity % 3));
    }
    for (size_t offset = 0; offset < 128; offset++) {
        for (int mode = BITENA_SHARED; mode <= BITENA_LOCAL; mode++) {
            assert_holds(buffer, offset, 16384, mode);
            assert_holds(buffer, offset, 16383, mode);
        }
    }
    for (size_t capacity = 40000; capacity <= largest; capacity += capacity / 7) {
        assert_holds(buffer, capacity % 128, capacity, BITENA_SHARED);
    }
    free(buffer);
}

static void use_fully(bitena *arena)
{
    for (size_t size = 1; bitena_try_alloc(arena, size, 1); size = size * 3 % 1009 + 1) {
    }
    for (char *p; (p = bitena_try_alloc(arena, 1, 1)) != NULL;) {
        *p = 'x';
    }
}

static void nothing_outside_the_buffer_is_touched(void **state)
{
    (void)state;
    char *memory = malloc(64 << 10);
    assert_non_null(memory);
    for (size_t size = 0; size < 40000; size += size < 6000 ? 7 : 997) {
        size_t offset = FENCE + size % 129;
        memset(memory, '#', 64 << 10);
        bitena *arena = bitena_init(memory + offset, size, NULL);
        if (arena) {
            use_fully(arena);
            assert_int_equal(bitena_reset(arena), 0);
            use_fully(arena);
            bitena_drop(arena);
        }
        assert_true(all_bytes_are(memory, '#', offset));
        assert_true(all_bytes_are(memory + offset + size, '#', FENCE));
    }
    free(memory);
}

static void a_buffer_too_small_is_refused_and_left_alone(void **state)
{
    (void)state;
    char buffer[600];
    size_t least = 0;
    for (size_t size = 0; size <= sizeof buffer; size += 50) {
        memset(buffer, '#', sizeof buffer);
        errno = 0;
        assert_null(bitena_init(buffer, size, NULL));
        assert_int_equal(errno, ENOMEM);
        assert_true(all_bytes_are(buffer, '#', sizeof buffer));
    }
    while (!bitena_init(static_buffer, least, NULL)) {
        least++;
    }
    assert_in_range(least, 600, BITENA_BUFFER_SIZE(1));
    errno = 0;
    assert_null(bitena_init(static_buffer, 8192, &(bitena_options){.capacity = 8192}));
    assert_int_equal(errno, ENOMEM);
    char text[100];
    (void)bitena_open_error(text, sizeof text);
    assert_string_equal(text, "the buffer is too small (8192 bytes)");
}

static void absurd_sizes_are_refused(void **state)
{
    (void)state;
    static const size_t absurd[] = {(size_t)PTRDIFF_MAX + 1, SIZE_MAX - 1, SIZE_MAX};
    for (size_t i = 0; i < 3; i++) {
        errno = 0;
        assert_null(bitena_init(static_buffer, absurd[i], NULL));
        assert_int_equal(errno, EOVERFLOW);
        errno = 0;
        assert_null(bitena_init(static_buffer, sizeof static_buffer,
                                &(bitena_options){.capacity = absurd[i]}));
        assert_int_equal(errno, EOVERFLOW);
    }
}

static void a_capacity_below_the_buffers_is_kept(void **state)
{
    (void)state;
    static const size_t capacities[] = {1, 100, 5000, 20000, 100000};
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
        for (int mode = BITENA_SHARED; mode <= BITENA_LOCAL; mode++) {
            bitena *arena = bitena_init(static_buffer, sizeof static_buffer,
                                        &(bitena_options){.capacity = capacities[i], .mode = mode});
            assert_non_null(arena);
            assert_int_equal(bitena_capacity(arena), capacities[i]);
            assert_non_null(bitena_try_alloc(arena, capacities[i], 1));
            assert_null(bitena_try_alloc(arena, 1, 1));
            bitena_drop(arena);
        }
    }
}

static void the_buffers_old_contents_do_not_matter(void **state)
{
    (void)state;
    for (int value = 0; value < 256; value += 51) {
        for (int mode = BITENA_SHARED; mode <= BITENA_LOCAL; mode++) {
            memset(static_buffer, value, sizeof static_buffer);
            bitena *arena = bitena_init(static_buffer, sizeof static_buffer,
                                        &(bitena_options){.capacity = 50000, .mode = mode});
            assert_int_equal(bitena_remaining(arena), 50000);
            use_fully(arena);
            bitena_drop(bitena_new_child(arena));
            assert_int_equal(bitena_reset(arena), 0);
            assert_int_equal(bitena_remaining(arena), 50000);
            bitena_drop(arena);
        }
    }
}

static void the_buffer_stays_the_callers(void **state)
{
    (void)state;
    char *buffer = malloc(32 << 10);
    assert_non_null(buffer);
    for (int round = 0; round < 3; round++) {
        bitena *arena = bitena_init(buffer, 32 << 10, NULL);
        char *text = bitena_alloc_str(arena, "still here");
        assert_int_equal(bitena_trim(arena, 0), 0);
        assert_string_equal(text, "still here");
        bitena_drop(arena);
        assert_string_equal(text, "still here");
        memset(buffer, 'c', 32 << 10);
    }
    free(buffer);
}

static _Noreturn void leave(int status)
{
    for (;;) {
        (void)syscall(SYS_exit, status); /* exit_group is not allowed there */
    }
}

/* From here on any system call but read, write and exit kills the process. */
static void work_in_silence(void *argument)
{
    static const int modes[] = {BITENA_SHARED, BITENA_EXACT, BITENA_LOCAL};
    const int *allowed = argument;
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) != 0) {
        leave(*allowed); /* no such filter here: nothing to learn */
    }
    for (size_t m = 0; m < 3; m++) {
        bitena *arena =
            bitena_init(static_buffer, sizeof static_buffer, &(bitena_options){.mode = modes[m]});
        if (!arena) {
            leave(4);
        }
        for (int i = 0; i < 1000; i++) {
            if (!bitena_try_alloc(arena, 50, 8) || !bitena_try_alloc_str(arena, "text")) {
                leave(5);
            }
        }
        bitena *child = bitena_new_child(arena);
        if (!child || !bitena_try_alloc(child, 5000, 64)) {
            leave(6);
        }
        bitena_drop(child);
        if (bitena_reset(arena) != 0) {
            leave(7);
        }
        bitena_drop(arena);
    }
    leave(0);
}

static void no_system_call_is_made(void **state)
{
    (void)state;
    if (under_a_tool()) {
        skip();
    }
    int without_filter = 0;
    bitena_drop(bitena_new(1 << 20)); /* the thread is known from now on */
    assert_passes(work_in_silence, &without_filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(static_memory_holds_an_arena),
        cmocka_unit_test(the_stack_holds_an_arena),
        cmocka_unit_test(the_numbers_of_a_1024_byte_arena_are_exact),
        cmocka_unit_test(buffer_size_is_enough_for_its_capacity),
        cmocka_unit_test(nothing_outside_the_buffer_is_touched),
        cmocka_unit_test(a_buffer_too_small_is_refused_and_left_alone),
        cmocka_unit_test(absurd_sizes_are_refused),
        cmocka_unit_test(a_capacity_below_the_buffers_is_kept),
        cmocka_unit_test(the_buffers_old_contents_do_not_matter),
        cmocka_unit_test(the_buffer_stays_the_callers),
        cmocka_unit_test(no_system_call_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
