/* Making, resetting and dropping arenas, and the numbers that follow: what is refused and why,
 * what a large arena costs, and that all memory comes back. Options are tried in options.c, pages
 * in pages.c, buffers in buffer.c, children in a file of their own.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "support/subject.h"
#include "support/trial.h"

static const size_t gib = (size_t)1 << 30;
static const size_t mib = (size_t)1 << 20;

static void assert_refused(size_t capacity, int error)
{
    errno = 0;
    assert_null(bitena_new(capacity));
    assert_int_equal(errno, error);
}

static void a_zero_capacity_is_refused(void **state)
{
    (void)state;
    assert_refused(0, EINVAL);
    errno = 0;
    assert_null(bitena_open(&(bitena_options){.mode = BITENA_LOCAL}));
    assert_int_equal(errno, EINVAL);
}

static void a_capacity_above_ptrdiff_max_is_refused(void **state)
{
    (void)state;
    assert_refused((size_t)PTRDIFF_MAX + 1, EOVERFLOW);
    assert_refused(SIZE_MAX - 1, EOVERFLOW);
    assert_refused(SIZE_MAX, EOVERFLOW);
}

static void a_capacity_beyond_the_address_space_is_refused(void **state)
{
    (void)state;
    bitena *there = take_what_there_may_be();
    assert_refused(PTRDIFF_MAX, ENOMEM);
    assert_refused((size_t)PTRDIFF_MAX - 4096, ENOMEM);
    assert_refused(WIDE ? PTRDIFF_MAX / 2 + 1 : PTRDIFF_MAX / 8 * 7, ENOMEM);
    assert_refused(WIDE ? PTRDIFF_MAX / 65536 + 1 : PTRDIFF_MAX - 1, ENOMEM);
    bitena_drop(there);
}

static void the_reason_for_a_refusal_can_be_read(void **state)
{
    (void)state;
    char text[200], above[200];
    assert_refused(0, EINVAL);
    assert_int_equal(bitena_open_error(text, sizeof text), strlen("capacity is 0 (0 bytes)"));
    assert_string_equal(text, "capacity is 0 (0 bytes)");
    assert_refused(SIZE_MAX, EOVERFLOW);
    (void)bitena_open_error(text, sizeof text);
    (void)snprintf(above, sizeof above, "capacity is above PTRDIFF_MAX (%zu bytes)", SIZE_MAX);
    assert_string_equal(text, above);
    bitena *there = take_what_there_may_be();
    assert_refused(PTRDIFF_MAX - 4096, ENOMEM);
    size_t length = bitena_open_error(text, sizeof text);
    assert_int_equal(length, strlen(text));
    assert_non_null(strstr(text, "cannot reserve the block ("));
    assert_non_null(strstr(text, ": refused by "));
    bitena_drop(there);
}

static void the_reason_is_cut_to_the_room_and_terminated(void **state)
{
    (void)state;
    char text[8];
    memset(text, '#', sizeof text);
    assert_refused(0, EINVAL);
    size_t length = bitena_open_error(NULL, 0);
    assert_int_equal(length, strlen("capacity is 0 (0 bytes)"));
    assert_int_equal(bitena_open_error(text, 5), length);
    assert_memory_equal(text, "capa\0###", sizeof text);
}

static void meet_the_address_space_limit(void *argument)
{
    const struct rlimit limit = {256 * mib, 256 * mib};
    char text[200];
    char expected[200];
    (void)argument;
    REQUIRE_IN_CHILD(setrlimit(RLIMIT_AS, &limit) == 0);
    errno = 0;
    REQUIRE_IN_CHILD(bitena_new(gib) == NULL);
    REQUIRE_IN_CHILD(errno == ENOMEM);
    (void)snprintf(expected, sizeof expected,
                   "cannot reserve the block (%zu bytes): refused by the address-space limit"
                   " (RLIMIT_AS, ulimit -v), at %zu bytes",
                   gib, 256 * mib);
    REQUIRE_IN_CHILD(bitena_open_error(text, sizeof text) == strlen(expected));
    REQUIRE_IN_CHILD(strcmp(text, expected) == 0);
    bitena *small = bitena_new(mib); /* what fits is still to be had */
    REQUIRE_IN_CHILD(small != NULL);
    REQUIRE_IN_CHILD(bitena_try_alloc(small, 1000, 8) != NULL);
}

static void an_address_space_limit_gives_null_and_is_named(void **state)
{
    (void)state;
    if (under_a_tool()) {
        skip();
    }
    assert_passes(meet_the_address_space_limit, NULL);
}

static void a_64_gib_arena_is_made_in_microseconds(void **state)
{
    (void)state;
    if (under_a_tool() || !WIDE) {
        skip(); /* 32 bits do not reach so far */
    }
    uint64_t best = UINT64_MAX;
    size_t before = process_resident_bytes();
    for (int i = 0; i < 20; i++) {
        uint64_t start = now_ns();
        bitena *arena = bitena_new(64 * gib);
        uint64_t took = now_ns() - start;
        assert_non_null(arena);
        assert_int_equal(bitena_capacity(arena), 64 * gib);
        assert_int_equal(bitena_remaining(arena), 64 * gib);
        best = took < best ? took : best;
        if (i == 19) {
            assert_in_range(process_resident_bytes() - before, 0, 256 << 10);
        }
        bitena_drop(arena);
    }
    assert_in_range(best, 0, 999999);
}

static void a_large_arena_pays_for_what_it_touches(void **state)
{
    (void)state;
    if (under_a_tool() || !WIDE) {
        skip(); /* 32 bits do not reach so far */
    }
    bitena *arena = bitena_new(64 * gib);
    assert_non_null(arena);
    size_t before = process_resident_bytes();
    memset(bitena_alloc(arena, 8 * mib, 64), 1, 8 * mib);
    assert_non_null(bitena_try_alloc(arena, 32 * gib, 1)); /* taken, not touched */
    size_t grown = process_resident_bytes() - before;
    assert_in_range(grown, 8 * mib - 4096, 14 * mib);
    bitena_drop(arena);
}

static void a_new_arena_has_exactly_its_capacity(void **state)
{
    (void)state;
    static const size_t capacities[] = {1,     2,     63,    1023,    1024,    4096,
                                        16383, 16384, 16385, 1000001, 4 << 20, 100 << 20};
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
        bitena *arena = bitena_new(capacities[i]);
        assert_non_null(arena);
        assert_int_equal(bitena_capacity(arena), capacities[i]);
        assert_int_equal(bitena_remaining(arena), capacities[i]);
        assert_int_equal(bitena_used(arena), 0);
        char *all = bitena_try_alloc(arena, capacities[i], 1);
        assert_non_null(all);
        all[0] = all[capacities[i] - 1] = 'x';
        assert_int_equal(bitena_remaining(arena), 0);
        assert_int_equal(bitena_used(arena), capacities[i]);
        assert_null(bitena_try_alloc(arena, 1, 1));
        bitena_drop(arena);
    }
}

static void one_thread_uses_every_byte(void **state)
{
    (void)state;
    const size_t capacity = 100003;
    static const enum kind kinds[] = {KIND_SHARED, KIND_EXACT, KIND_LOCAL};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        struct subject s = subject_open(kinds[k], capacity, NULL);
        size_t count = 0;
        for (char *p; (p = bitena_try_alloc(s.arena, 1, 1)) != NULL; count++) {
            *p = 'x';
            assert_int_equal(bitena_remaining(s.arena), capacity - count - 1);
        }
        assert_int_equal(count, capacity);
        assert_int_equal(bitena_used(s.arena), capacity);
        subject_close(&s);
    }
}

static void a_reset_gives_all_memory_back(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, 1 << 20, NULL);
        struct numbers fresh = numbers_of(s.arena);
        for (int round = 0; round < 50; round++) {
            for (size_t size = 1; bitena_try_alloc(s.arena, size, 1); size = size % 5000 * 2 + 1) {
            }
            assert_int_equal(bitena_reset(s.arena), 0);
            assert_same_numbers(s.arena, fresh);
        }
        subject_close(&s);
    }
}

static void a_reset_forgets_what_was_recycled(void **state)
{
    (void)state;
    static const enum kind kinds[] = {KIND_SHARED, KIND_LOCAL, KIND_BUFFER};
    for (size_t k = 0; k < 3; k++) {
        struct subject s = subject_open(kinds[k], 1 << 20, NULL);
        struct numbers fresh = numbers_of(s.arena);
        for (int round = 0; round < 3; round++) {
            bitena *child = bitena_new_child(s.arena);
            (void)bitena_alloc(child, 200000, 8);
            (void)bitena_alloc_str(s.arena, "keeps the index away");
            (void)bitena_alloc(s.arena, 20000, 8);
            bitena_drop(child);
            assert_int_equal(bitena_reset(s.arena), 0);
            assert_same_numbers(s.arena, fresh);
        }
        assert_non_null(bitena_try_alloc(s.arena, bitena_capacity(s.arena), 1));
        assert_null(bitena_try_alloc(s.arena, 1, 1));
        subject_close(&s);
    }
}

static void a_reset_arena_hands_out_the_same_memory(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, 1 << 20, NULL);
        void *first = bitena_alloc(s.arena, 48, 16);
        assert_int_equal(bitena_reset(s.arena), 0);
        assert_ptr_equal(bitena_alloc(s.arena, 48, 16), first);
        subject_close(&s);
    }
}

static void a_stranger_may_not_reset_or_trim(void *argument)
{
    bitena *arena = argument;
    errno = 0;
    assert_int_equal(bitena_reset(arena), -1);
    assert_int_equal(errno, EPERM);
    errno = 0;
    assert_int_equal(bitena_trim(arena, 0), -1);
    assert_int_equal(errno, EPERM);
}

static void a_local_arena_refuses_a_strangers_reset_and_trim(void **state)
{
    (void)state;
    static const enum kind kinds[] = {KIND_LOCAL, KIND_CHILD};
    for (size_t k = 0; k < 2; k++) {
        struct subject s = subject_open(kinds[k], 1 << 20, NULL);
        char *kept = bitena_alloc_str(s.arena, "kept");
        struct numbers before = numbers_of(s.arena);
        in_another_thread(a_stranger_may_not_reset_or_trim, s.arena);
        assert_same_numbers(s.arena, before);
        assert_string_equal(kept, "kept");
        subject_close(&s);
    }
}

static void drop_it(void *argument)
{
    bitena_drop(argument);
}

static void drop_it_as_a_stranger(void *argument)
{
    in_another_thread(drop_it, argument);
}

static void a_drop_by_a_stranger_is_reported(void **state)
{
    (void)state;
    struct subject s = subject_open(KIND_LOCAL, 1 << 20, NULL);
    assert_aborts(drop_it_as_a_stranger, s.arena,
                  "bitena: arena 'local': asked for 0 bytes aligned to 0, 1048576 of 1048576 bytes"
                  " remain: drop by a thread that does not own it\n");
    subject_close(&s);
}

static void a_drop_with_live_children_is_reported(void **state)
{
    (void)state;
    bitena *arena =
        bitena_open(&(bitena_options){.capacity = 1 << 20, .mode = BITENA_LOCAL, .name = "family"});
    bitena *child = bitena_new_child(arena);
    assert_aborts(drop_it, arena,
                  "bitena: arena 'family': asked for 0 bytes aligned to 0, %zu of 1048576 bytes"
                  " remain: drop while children live\n",
                  bitena_remaining(arena));
    bitena_drop(child);
    bitena_drop(arena);
}

static void dropping_null_does_nothing(void **state)
{
    (void)state;
    errno = UNTOUCHED;
    bitena_drop(NULL);
    assert_int_equal(errno, UNTOUCHED);
}

static void a_drop_gives_the_mapping_back(void **state)
{
    (void)state;
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char map;
    bitena *arena = bitena_new(1 << 20);
    char *p = bitena_alloc(arena, page, page);
    *p = 'x';
    assert_int_equal(mincore(p, page, &map), 0);
    bitena_drop(arena);
    errno = 0;
    assert_int_equal(mincore(p, page, &map), -1);
    assert_int_equal(errno, ENOMEM);
}

static void arenas_come_and_go_without_a_trace(void **state)
{
    (void)state;
    bitena_drop(bitena_new(1 << 20));
    size_t before = process_resident_bytes();
    for (int i = 0; i < 2000; i++) {
        bitena *arena = bitena_new((size_t)1 << 20);
        assert_non_null(arena);
        *(char *)bitena_alloc(arena, 1, 1) = 'x';
        bitena_drop(arena);
    }
    if (!under_a_tool()) {
        assert_in_range(process_resident_bytes(), 0, before + (256 << 10));
    }
}

static void spoil_errno(void *argument)
{
    errno = *(const int *)argument;
}

static void success_leaves_errno_alone(void **state)
{
    (void)state;
    static const int modes[] = {BITENA_SHARED, BITENA_EXACT, BITENA_LOCAL};
    for (size_t m = 0; m < 3; m++) {
        errno = UNTOUCHED;
        bitena *arena = bitena_open(&(bitena_options){.capacity = 8 << 20, .mode = modes[m]});
        assert_int_equal(errno, UNTOUCHED);
        *(char *)bitena_alloc(arena, 100, 8) = 'x';
        assert_int_equal(bitena_trim(arena, 0), 0);
        assert_int_equal(bitena_reset(arena), 0);
        assert_int_equal(bitena_capacity(arena), 8 << 20);
        assert_int_equal(bitena_remaining(arena), 8 << 20);
        assert_int_equal(bitena_used(arena), 0);
        assert_int_equal(errno, UNTOUCHED);
        bitena_defer(arena, spoil_errno,
                     (void *)&modes[m]); /* a drop ends well whatever cleanups do */
        bitena_drop(arena);
        assert_int_equal(errno, UNTOUCHED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_zero_capacity_is_refused),
        cmocka_unit_test(a_capacity_above_ptrdiff_max_is_refused),
        cmocka_unit_test(a_capacity_beyond_the_address_space_is_refused),
        cmocka_unit_test(the_reason_for_a_refusal_can_be_read),
        cmocka_unit_test(the_reason_is_cut_to_the_room_and_terminated),
        cmocka_unit_test(an_address_space_limit_gives_null_and_is_named),
        cmocka_unit_test(a_64_gib_arena_is_made_in_microseconds),
        cmocka_unit_test(a_large_arena_pays_for_what_it_touches),
        cmocka_unit_test(a_new_arena_has_exactly_its_capacity),
        cmocka_unit_test(one_thread_uses_every_byte),
        cmocka_unit_test(a_reset_gives_all_memory_back),
        cmocka_unit_test(a_reset_forgets_what_was_recycled),
        cmocka_unit_test(a_reset_arena_hands_out_the_same_memory),
        cmocka_unit_test(a_local_arena_refuses_a_strangers_reset_and_trim),
        cmocka_unit_test(a_drop_by_a_stranger_is_reported),
        cmocka_unit_test(a_drop_with_live_children_is_reported),
        cmocka_unit_test(dropping_null_does_nothing),
        cmocka_unit_test(a_drop_gives_the_mapping_back),
        cmocka_unit_test(arenas_come_and_go_without_a_trace),
        cmocka_unit_test(success_leaves_errno_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
