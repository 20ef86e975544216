/* A system other than this one: strict overcommit, told by /proc, and a leak checker that wants to know
 * each block. Both are played here, by functions of the names that the library calls.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "support/misuse.h"
#include "support/trial.h"

static const char *overcommit; /* what the file says; NULL: the system's own */
static const void *region;
static size_t region_bytes, regions;

FILE *fopen(const char *path, const char *mode)
{
    FILE *(*next)(const char *, const char *);
    *(void **)&next = dlsym(RTLD_NEXT, "fopen");
    if (overcommit && strcmp(path, "/proc/sys/vm/overcommit_memory") == 0) {
        return fmemopen((void *)(uintptr_t)overcommit, strlen(overcommit), "r");
    }
    return next(path, mode);
}

void __lsan_register_root_region(const void *address, size_t bytes);
void __lsan_unregister_root_region(const void *address, size_t bytes);

void __lsan_register_root_region(const void *address, size_t bytes)
{
    region = address;
    region_bytes = bytes;
    regions++;
}

void __lsan_unregister_root_region(const void *address, size_t bytes)
{
    assert_ptr_equal(address, region);
    assert_int_equal(bytes, region_bytes);
    regions--;
}

static void a_refusal_under_strict_overcommit_says_so(void **state)
{
    (void)state;
    char text[256];
    static const char *const said[] = {"2\n", "0\n"};
    bitena *there = take_what_there_may_be();
    for (size_t i = 0; i < 2; i++) {
        overcommit = said[i];
        ASSERT_NULL(ENOMEM, bitena_new(PTRDIFF_MAX));
        overcommit = NULL;
        (void)bitena_open_error(text, sizeof text);
        assert_int_equal(strstr(text, "strict overcommit") != NULL, i == 0);
    }
    bitena_drop(there);
}

static void a_leak_checker_is_told_of_each_block(void **state)
{
    (void)state;
    bitena *arena = bitena_new(64 << 10);
    assert_int_equal(regions, 1);
    uintptr_t at = (uintptr_t)bitena_alloc(arena, 8, 8);
    assert_in_range(at, (uintptr_t)region, (uintptr_t)region + region_bytes - 8);
    bitena_drop(arena);
    assert_int_equal(regions, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_under_strict_overcommit_says_so),
        cmocka_unit_test(a_leak_checker_is_told_of_each_block),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
