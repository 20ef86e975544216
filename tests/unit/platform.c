/* The platform seam by itself: what it makes of the system's files when address space is refused, how it
 * touches pages, waits and writes. This program's own functions of libc's names take the place of the
 * system's; every call failed once in each verb is tests/fault's.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "platform/platform.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "support/subject.h"
#include "support/trial.h"

#ifdef __GLIBC__
typedef __rlimit_resource_t limited;
#else
typedef int limited;
#endif

static const char *overcommit, *meminfo; /* what the files say; NULL: the system's own are read */
static const char *const gone = "";      /* there is no such file */
static int advice_error; /* what madvise fails with, but for huge pages; 0: it does not */
static bool limits_fail;
static unsigned yields, sleeps;
static struct timespec slept;

FILE *fopen(const char *path, const char *mode)
{
    const char *text = strcmp(path, "/proc/sys/vm/overcommit_memory") == 0 ? overcommit
                       : strcmp(path, "/proc/meminfo") == 0                ? meminfo
                                                                           : NULL;
    if (text == gone) {
        return NULL;
    }
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
    limit->rlim_cur = limit->rlim_max = limits_fail ? 4096 : RLIM_INFINITY;
    return limits_fail ? -1 : 0;
}

int madvise(void *address, size_t bytes, int advice)
{
    if (advice_error && advice != MADV_HUGEPAGE) {
        errno = advice_error;
        return -1;
    }
    return (int)syscall(SYS_madvise, address, bytes, advice);
}

/* What write gives, call by call, a negative number for an error; NULL: it writes. */
static const ssize_t *answers;
static char written[32];

ssize_t write(int file, const void *bytes, size_t size)
{
    if (!answers) {
        return syscall(SYS_write, file, bytes, size);
    }
    ssize_t answer = *answers++;
    errno = answer < 0 ? (int)-answer : EINTR;
    strncat(written, bytes, answer > 0 ? (size_t)answer : 0);
    return answer < 0 ? -1 : answer;
}

int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    (void)prepare, (void)parent, (void)child;
    return ENOMEM;
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
    meminfo =
        "MemTotal:        1000 kB\nMemFree: 5 kB\nCommitLimit:     777777 kB\nMlocked:  55 kB\n";
    overcommit = "2\n";
    assert_refused_by(": refused by strict overcommit (vm.overcommit_memory=2, CommitLimit), at"
                      " 796443648 bytes");
    meminfo = "MemTotal:        1000 kB\n"; /* a kernel that does not tell */
    assert_refused_by(": refused by strict overcommit (vm.overcommit_memory=2, CommitLimit)");
    meminfo = gone;
    assert_refused_by(": refused by strict overcommit (vm.overcommit_memory=2, CommitLimit)");
    char long_file[8192]; /* of which 4095 bytes are looked at: so far does the number go */
    memset(long_file, ' ', sizeof long_file);
    memcpy(long_file + 4000, "CommitLimit:", 12);
    memcpy(long_file + 4092, "123456789", 10);
    meminfo = long_file;
    assert_refused_by(": refused by strict overcommit (vm.overcommit_memory=2, CommitLimit), at"
                      " 125952 bytes");
    limits_fail = true;
    assert_refused_by(": refused by strict overcommit (vm.overcommit_memory=2, CommitLimit), at"
                      " 125952 bytes");
    limits_fail = false;
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
    static const int errors[] = {EFAULT, ENOMEM, EHWPOISON};
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        advice_error = errors[i];
        ASSERT_NULL(ENOMEM, bitena_open(&(bitena_options){.capacity = 1 << 20, .prefault = 1}));
        advice_error = 0;
        assert_said(": refused by the system's memory (prefault)");
    }
}

static void a_kernel_that_cannot_populate_has_every_page_written_to(void **state)
{
    (void)state;
    enum { BYTES = 1 << 20 };
    struct platform_refusal refusal;
    char *area = platform_reserve(BYTES, &refusal);
    assert_non_null(area);
    area[BYTES / 2] = 'x';
    assert_true(under_a_tool() || resident_bytes(area, BYTES) < BYTES);
    advice_error = EINVAL;
    errno = 12345;
    assert_int_equal(platform_populate(area, BYTES), 0);
    advice_error = 0;
    assert_int_equal(errno, 12345);
    assert_int_equal(resident_bytes(area, BYTES), BYTES);
    assert_int_equal(area[BYTES / 2], 'x');
    platform_release(area, BYTES);
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

static void a_message_is_written_to_its_end_or_to_an_error(void **state)
{
    (void)state;
    static const struct {
        ssize_t answers[5];
        size_t calls;
        const char *written;
    } rows[] = {
        {{7}, 1, "message"},
        {{3, 4, -EIO}, 2, "message"},
        {{-EINTR, 3, -EINTR, 4, -EIO}, 4, "message"},
        {{3, 0, 4, -EIO}, 2, "mes"}, /* nothing more can be written */
        {{3, -EPERM, 4, -EIO}, 2, "mes"},
        {{3, -EPIPE, 4, -EIO}, 2, "mes"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int cancel;
        written[0] = '\0';
        answers = rows[i].answers;
        platform_write_error("message", 7);
        assert_int_equal(answers - rows[i].answers, rows[i].calls);
        answers = NULL;
        assert_string_equal(written, rows[i].written);
        assert_int_equal(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &cancel), 0);
        assert_int_equal(cancel, PTHREAD_CANCEL_ENABLE);
    }
}

static void nothing(void *value)
{
    (void)value;
}

static void nothing_either(void)
{
}

/* Here they are refused from the start: no thread of this program has a slot. */
static void hooks_that_cannot_be_set_all_are_refused(void **state)
{
    (void)state;
    assert_int_equal(platform_thread_hooks(nothing, nothing_either), ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refusal_names_the_limit_that_was_met),
        cmocka_unit_test(a_prefault_that_fails_says_so_without_a_number),
        cmocka_unit_test(a_kernel_that_cannot_populate_has_every_page_written_to),
        cmocka_unit_test(a_wait_yields_64_times_and_then_sleeps_50_us),
        cmocka_unit_test(a_message_is_written_to_its_end_or_to_an_error),
        cmocka_unit_test(hooks_that_cannot_be_set_all_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
