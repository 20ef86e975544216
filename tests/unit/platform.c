/* The platform seam by itself: what it makes of the system's files when address space is refused, and how
 * it waits. This program's own fopen, getrlimit, madvise, sched_yield and nanosleep take the place of the system's;
 * calls that fail are tests/fault's.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "platform/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "support/trial.h"

#ifdef __GLIBC__
typedef __rlimit_resource_t limited;
#else
typedef int limited;
#endif

static const char *overcommit, *meminfo; /* what the files say; NULL: the system's own are read */
static bool pages_are_short;
static unsigned yields, sleeps;
static struct timespec slept;

FILE *fopen(const char *path, const char *mode)
{
    const char *text = strcmp(path, "/proc/sys/vm/overcommit_memory") == 0 ? overcommit
                       : strcmp(path, "/proc/meminfo") == 0                ? meminfo
                                                                           : NULL;
    if (text) {
        return fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    }
    int file = open(path, *mode == 'r' ? O_RDONLY | O_CLOEXEC : O_WRONLY | O_CREAT | O_TRUNC, 0600);
    return file < 0 ? NULL : fdopen(file, *mode == 'r' ? "r" : "w");
}

int sched_yield(void)
{
    yields++;
    errno = EIO;
    return 0;
}

int nanosleep(const struct timespec *time, struct timespec *rest)
{
    (void)rest;
    sleeps++;
    slept = *time;
    errno = EINTR;
    return -1;
}

/* Whatever the limit is that this program was started with. */
int getrlimit(limited resource, struct rlimit *limit)
{
    (void)resource;
    limit->rlim_cur = limit->rlim_max = RLIM_INFINITY;
    return 0;
}

int madvise(void *address, size_t bytes, int advice)
{
    if (pages_are_short && advice != MADV_HUGEPAGE) {
        errno = ENOMEM;
        return -1;
    }
    return (int)syscall(SYS_madvise, address, bytes, advice);
}

static void assert_said(const char *expected)
{
    char text[256];
    (void)bitena_open_error(text, sizeof text);
    const char *reason = strstr(text, ": refused by ");
    assert_non_null(reason);
    assert_string_equal(reason, expected);
}

static void assert_refused_by(const char *expected)
{
    assert_null(bitena_new(PTRDIFF_MAX));
    assert_said(expected);
}

static void a_refusal_names_the_limit_that_was_met(void **state)
{
    (void)state;
    if (under_a_tool()) {
        skip();
    }
    bitena *there = take_what_there_may_be();
    meminfo = "MemTotal:        1000 kB\nCommitLimit:     777777 kB\nCommitted_AS:  55 kB\n";
    overcommit = "2\n";
    assert_refused_by(": refused by strict overcommit (vm.overcommit_memory=2, CommitLimit), at"
                      " 796443648 bytes");
    meminfo = "MemTotal:        1000 kB\n"; /* a kernel that does not tell */
    assert_refused_by(": refused by strict overcommit (vm.overcommit_memory=2, CommitLimit)");
    static const char *const others[] = {"0\n", "1\n", "3\n", "20\n"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        overcommit = others[i];
        assert_refused_by(": refused by the address space of this process");
    }
    overcommit = meminfo = NULL;
    bitena_drop(there);
}

static void a_prefault_that_fails_says_so_without_a_number(void **state)
{
    (void)state;
    pages_are_short = true;
    ASSERT_NULL(ENOMEM, bitena_open(&(bitena_options){.capacity = 1 << 20, .prefault = 1}));
    pages_are_short = false;
    assert_said(": refused by the system's memory (prefault)");
}

static void a_wait_yields_64_times_and_then_sleeps_50_us(void **state)
{
    (void)state;
    if (under_a_tool()) {
        skip(); /* a tool has these calls for itself */
    }
    errno = 12345;
    for (int tries = 0; tries < 64; tries++) {
        platform_wait(tries);
        assert_int_equal(yields, tries + 1);
        assert_int_equal(sleeps, 0);
    }
    for (int tries = 64; tries < 70; tries++) {
        platform_wait(tries);
        assert_int_equal(yields, 64);
        assert_int_equal(sleeps, tries - 63);
        assert_int_equal(slept.tv_sec, 0);
        assert_int_equal(slept.tv_nsec, 50000);
    }
    assert_int_equal(errno, 12345);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_names_the_limit_that_was_met),
        cmocka_unit_test(a_prefault_that_fails_says_so_without_a_number),
        cmocka_unit_test(a_wait_yields_64_times_and_then_sleeps_50_us),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
