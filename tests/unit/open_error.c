/* The reason that bitena_open_error tells: of this thread, of its last refusal alone, and which limit of
 * the system was met where the system has limits. The text of each rule is in options.c.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"

static char buffer[8192];

static void assert_reason_is(const char *expected)
{
    char text[200];
    size_t length = bitena_open_error(text, sizeof text);
    assert_string_equal(text, expected);
    assert_int_equal(length, strlen(expected));
}

static void nothing_was_refused(void *argument)
{
    (void)argument;
    assert_reason_is("no error (0 bytes)");
    bitena_drop(bitena_new(1 << 20));
    assert_reason_is("no error (0 bytes)");
}

static void a_thread_that_was_refused_nothing_has_no_reason(void **state)
{
    (void)state;
    assert_null(bitena_new(0));
    in_another_thread(nothing_was_refused, NULL);
    assert_reason_is("capacity is 0 (0 bytes)");
}

static void the_system_refuses(void)
{
    char text[200];
    ASSERT_NULL(ENOMEM, bitena_new(PTRDIFF_MAX));
    (void)bitena_open_error(text, sizeof text);
    assert_non_null(strstr(text, ": refused by "));
}

static void the_next_reason_says_nothing_of_the_last_ones_limit(void **state)
{
    (void)state;
    bitena *there = take_what_there_may_be();
    the_system_refuses();
    assert_null(bitena_new(0));
    assert_reason_is("capacity is 0 (0 bytes)");
    the_system_refuses();
    assert_null(bitena_init(buffer, 100, NULL));
    assert_reason_is("the buffer is too small (100 bytes)");
    bitena_drop(there);
}

static void a_buffer_at_an_absurd_place_or_of_an_absurd_size_is_refused(void **state)
{
    (void)state;
    char expected[200];
    void *volatile below = (void *)65535, *volatile lowest = (void *)65536;
    ASSERT_NULL(EINVAL, bitena_init(below, 100, NULL));
    assert_reason_is("the buffer stands below 64 KiB (100 bytes)");
    ASSERT_NULL(ENOMEM, bitena_init(lowest, 100, NULL)); /* too small: not a byte is read */
    assert_reason_is("the buffer is too small (100 bytes)");
    (void)snprintf(expected, sizeof expected, "the buffer's size is above PTRDIFF_MAX (%zu bytes)",
                   (size_t)PTRDIFF_MAX + 1);
    ASSERT_NULL(EOVERFLOW, bitena_init(buffer, (size_t)PTRDIFF_MAX + 1, NULL));
    assert_reason_is(expected);
    /* too small by its tables: there is no such buffer, and none is touched */
    ASSERT_NULL(ENOMEM,
                bitena_init(buffer, PTRDIFF_MAX, &(bitena_options){.capacity = PTRDIFF_MAX}));
    ASSERT_NULL(ENOMEM,
                bitena_init(buffer, sizeof buffer, &(bitena_options){.capacity = PTRDIFF_MAX}));
    assert_reason_is("the buffer is too small (8192 bytes)");
}

/* Also when it comes right after: what was known of the one is nothing of the other's. */
static void a_refused_buffer_leaves_the_one_before_alone(void **state)
{
    (void)state;
    static _Alignas(16) char large[32 << 10], copy[32 << 10];
    for (int mode = BITENA_SHARED; mode <= BITENA_LOCAL; mode++) {
        bitena_options options = {.mode = mode};
        memset(large, 0, sizeof large);
        bitena *good = bitena_init(large, sizeof large, &options);
        bitena *bad = bitena_init(buffer, 100, &options);
        memcpy(copy, large, sizeof large);
        assert_non_null(good);
        assert_null(bad);
        assert_string_equal(bitena_alloc_str(good, "here"), "here");
        good = bitena_init(large, sizeof large, &options);
        memcpy(copy, large, sizeof large);
        bad = bitena_init(buffer, 100, &options);
        assert_null(bad);
        assert_memory_equal(large, copy, sizeof large);
        bitena_drop(good);
    }
}

/* Without a limit of its own the process meets that of its addresses. */
static void the_address_space_itself_is_named(void **state)
{
    (void)state;
    char text[200], expected[200];
    struct rlimit limit;
    if (under_a_tool() || getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur != RLIM_INFINITY) {
        skip();
    }
    bitena *there = take_what_there_may_be();
    assert_null(bitena_new(PTRDIFF_MAX));
    (void)bitena_open_error(text, sizeof text);
    if (strstr(text, "overcommit")) {
        skip(); /* this system has that limit too */
    }
    (void)snprintf(expected, sizeof expected,
                   "cannot reserve the block (%zu bytes): refused by the address space of this"
                   " process",
                   (size_t)PTRDIFF_MAX);
    assert_string_equal(text, expected);
    bitena_drop(there);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_that_was_refused_nothing_has_no_reason),
        cmocka_unit_test(the_next_reason_says_nothing_of_the_last_ones_limit),
        cmocka_unit_test(a_buffer_at_an_absurd_place_or_of_an_absurd_size_is_refused),
        cmocka_unit_test(a_refused_buffer_leaves_the_one_before_alone),
        cmocka_unit_test(the_address_space_itself_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
