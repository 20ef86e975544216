/* The pages behind a private block: kept by a reset, returned by a trim, there from the start with
 * prefault, huge where asked. Whether the kernel gives huge pages is its affair: what it was told
 * is looked at.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/misuse.h"
#include "support/subject.h"

enum { SLACK = 64 << 10 };

static const size_t mib = (size_t)1 << 20;

static bitena *open_with(size_t capacity, int mode, int huge_pages, int prefault)
{
    bitena *arena = bitena_open(&(bitena_options){
        .capacity = capacity, .mode = mode, .huge_pages = huge_pages, .prefault = prefault});
    assert_non_null(arena);
    return arena;
}

/* The whole data of a fresh arena, not touched. */
static char *whole_block(bitena *arena)
{
    char *data = bitena_alloc(arena, bitena_capacity(arena), 1);
    assert_int_equal(bitena_reset(arena), 0);
    return data;
}

static void a_fresh_block_has_no_pages(void **state)
{
    (void)state;
    bitena *arena = open_with(16 * mib, BITENA_SHARED, -1, 0);
    char *data = whole_block(arena);
    assert_in_range(resident_bytes(data, 16 * mib), 0, SLACK);
    bitena_drop(arena);
}

static void a_reset_keeps_the_pages_and_a_trim_returns_them(void **state)
{
    (void)state;
    static const int modes[] = {BITENA_SHARED, BITENA_EXACT, BITENA_LOCAL};
    for (size_t m = 0; m < 3; m++) {
        bitena *arena = open_with(16 * mib, modes[m], -1, 0);
        char *data = whole_block(arena);
        memset(bitena_alloc(arena, 12 * mib, 1), 1, 12 * mib);
        assert_int_equal(bitena_reset(arena), 0);
        assert_in_range(resident_bytes(data, 16 * mib), 12 * mib - SLACK, 12 * mib + SLACK);
        assert_int_equal(bitena_trim(arena, 0), 0);
        assert_in_range(resident_bytes(data, 16 * mib), 0, SLACK);
        assert_int_equal(bitena_remaining(arena), 16 * mib);
        memset(bitena_alloc(arena, 16 * mib, 1), 2, 16 * mib); /* and it works as before */
        assert_true(all_bytes_are(data, 2, 16 * mib));
        bitena_drop(arena);
    }
}

static void a_trim_keeps_as_much_as_it_is_told(void **state)
{
    (void)state;
    static const int modes[] = {BITENA_SHARED, BITENA_EXACT};
    for (size_t m = 0; m < 2; m++) {
        bitena *arena = open_with(16 * mib, modes[m], -1, 0);
        char *data = whole_block(arena);
        memset(bitena_alloc(arena, 16 * mib, 1), 1, 16 * mib);
        assert_int_equal(bitena_reset(arena), 0);
        assert_int_equal(bitena_trim(arena, SIZE_MAX), 0);
        assert_in_range(resident_bytes(data, 16 * mib), 16 * mib - SLACK, 16 * mib);
        assert_int_equal(bitena_trim(arena, 5 * mib), 0);
        assert_in_range(resident_bytes(data, 16 * mib), 5 * mib - SLACK, 5 * mib + SLACK);
        char *warm = bitena_alloc(arena, 4 * mib, 1); /* the kept pages are the next to be used */
        assert_in_range(resident_bytes(warm, 4 * mib), 4 * mib - SLACK, 4 * mib);
        bitena_drop(arena);
    }
}

static void a_trim_of_all_leaves_no_page(void **state)
{
    (void)state;
    bitena *arena = open_with(mib, BITENA_EXACT, -1, 0); /* in which nothing is kept at hand */
    char *data = bitena_alloc(arena, mib, 1);
    memset(data, 1, mib);
    assert_int_equal(resident_bytes(data, mib), mib);
    assert_int_equal(bitena_reset(arena), 0);
    assert_int_equal(bitena_trim(arena, 0), 0);
    assert_int_equal(resident_bytes(data, mib), 0);
    bitena_drop(arena);
}

static void a_trim_leaves_what_is_in_use_alone(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, 2 * mib, NULL);
        char *objects[300];
        char *texts[300];
        for (int i = 0; i < 300; i++) {
            objects[i] = bitena_alloc(s.arena, 1001, 8);
            memset(objects[i], 'o', 1001);
            texts[i] = bitena_alloc_strn(s.arena, "text", 4);
        }
        struct numbers before = numbers_of(s.arena);
        assert_int_equal(bitena_trim(s.arena, 0), 0);
        assert_same_numbers(s.arena, before);
        for (int i = 0; i < 300; i++) {
            assert_true(all_bytes_are(objects[i], 'o', 1001));
            assert_string_equal(texts[i], "text");
        }
        subject_close(&s);
    }
}

static void recycled_memory_is_trimmed_too(void **state)
{
    (void)state;
    bitena *arena = open_with(16 * mib, BITENA_SHARED, -1, 0);
    bitena *lower = bitena_new_child(arena);
    char *big = bitena_alloc(lower, 4 * mib, 4096);
    memset(big, 1, 4 * mib);
    void *below = bitena_alloc(arena, 64 << 10, 1); /* keeps the index away from it */
    memset(below, 2, 64 << 10);
    bitena_drop(lower);
    assert_in_range(resident_bytes(big, 4 * mib), 4 * mib - SLACK, 4 * mib);
    assert_int_equal(bitena_trim(arena, 0), 0);
    assert_in_range(resident_bytes(big, 4 * mib), 0, 2 * SLACK); /* a lease may be kept at hand */
    assert_true(all_bytes_are(below, 2, 64 << 10));
    bitena_drop(arena);
}

static void prefault_touches_every_page_and_none_without_it(void **state)
{
    (void)state;
    static const int modes[] = {BITENA_SHARED, BITENA_EXACT, BITENA_LOCAL};
    for (size_t m = 0; m < 3; m++) {
        for (int prefault = -1; prefault <= 1; prefault++) {
            bitena *arena = open_with(6 * mib + 12345, modes[m], -1, prefault);
            size_t capacity = bitena_capacity(arena);
            size_t resident = resident_bytes(whole_block(arena), capacity);
            if (prefault == 1) {
                assert_in_range(resident, capacity - 2 * 4096, capacity);
            } else {
                assert_in_range(resident, 0, SLACK);
            }
            bitena_drop(arena);
        }
    }
}

enum advice { NOT_TOLD, SMALL, HUGE_PAGES };

/* The "hg" among the flags of the mapping that holds p. */
static enum advice advice_at(const void *p)
{
    enum advice advice = NOT_TOLD;
    bool inside = false;
    char line[512];
    FILE *file = fopen("/proc/self/smaps", "r");
    while (file && fgets(line, sizeof line, file)) {
        char *end = NULL;
        uintptr_t from = (uintptr_t)strtoull(line, &end, 16);
        if (end != line && *end == '-') {
            uintptr_t to = (uintptr_t)strtoull(end + 1, NULL, 16);
            inside = (uintptr_t)p >= from && (uintptr_t)p < to;
        } else if (inside && strncmp(line, "VmFlags:", 8) == 0) {
            advice = strstr(line, " hg") ? HUGE_PAGES : SMALL;
        }
    }
    if (file) {
        (void)fclose(file);
    }
    return advice;
}

static void assert_advice(size_t capacity, int huge_pages, enum advice expected)
{
    bitena *arena = open_with(capacity, BITENA_SHARED, huge_pages, 0);
    char *p = bitena_alloc(arena, 100, 1);
    *p = 'x';
    enum advice advice = advice_at(p);
    bitena_drop(arena);
    if (advice == NOT_TOLD) {
        skip();
    }
    assert_int_equal(advice, expected);
}

static void huge_pages_are_advised_when_large_or_asked(void **state)
{
    (void)state;
    if (access("/sys/kernel/mm/transparent_hugepage", F_OK) != 0) {
        skip();
    }
    assert_advice(mib, 0, SMALL);
    assert_advice(4 * mib - 1, 0, SMALL);
    assert_advice(4 * mib, 0, HUGE_PAGES);
    assert_advice(64 * mib, 0, HUGE_PAGES);
    assert_advice(64 * mib, -1, SMALL);
    assert_advice(2 * mib, 1, HUGE_PAGES);
    assert_advice(64 * mib, 1, HUGE_PAGES);
}

static void a_large_block_ends_on_a_huge_page(void **state)
{
    (void)state;
    for (size_t capacity = 4 * mib; capacity < 100 * mib; capacity += 7 * mib + 1) {
        bitena *arena = bitena_new(capacity);
        char *p = bitena_alloc(arena, 64, 1);
        assert_true(is_aligned_to(p + 64, 2 * mib));
        bitena_drop(arena);
    }
}

static void a_trimmed_child_returns_only_its_own(void **state)
{
    (void)state;
    bitena *parent = bitena_open(
        &(bitena_options){.capacity = 16 * mib, .lease_max = 8 * mib, .huge_pages = -1});
    bitena *child = bitena_new_child(parent);
    size_t room = 0;
    char *window = bitena_window(child, 2 * mib, 1, &room);
    memset(window, 1, 2 * mib);
    bitena_commit(child, window, room, 1000);
    char *other = bitena_alloc(parent, 2 * mib, 1);
    memset(other, 2, 2 * mib);
    assert_in_range(resident_bytes(window, 2 * mib), 2 * mib - SLACK, 2 * mib);
    assert_int_equal(bitena_trim(child, 0), 0);
    assert_in_range(resident_bytes(window, 2 * mib), 0, SLACK);
    assert_true(all_bytes_are(window, 1, 1000));
    assert_true(all_bytes_are(other, 2, 2 * mib));
    assert_in_range(resident_bytes(other, 2 * mib), 2 * mib - SLACK, 2 * mib);
    bitena_drop(child);
    bitena_drop(parent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fresh_block_has_no_pages),
        cmocka_unit_test(a_reset_keeps_the_pages_and_a_trim_returns_them),
        cmocka_unit_test(a_trim_keeps_as_much_as_it_is_told),
        cmocka_unit_test(a_trim_of_all_leaves_no_page),
        cmocka_unit_test(a_trim_leaves_what_is_in_use_alone),
        cmocka_unit_test(recycled_memory_is_trimmed_too),
        cmocka_unit_test(prefault_touches_every_page_and_none_without_it),
        cmocka_unit_test(huge_pages_are_advised_when_large_or_asked),
        cmocka_unit_test(a_large_block_ends_on_a_huge_page),
        cmocka_unit_test(a_trimmed_child_returns_only_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
