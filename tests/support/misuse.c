/* Misuse in forked children: stderr through a pipe, read to its end, then the way the child ended.
 * A child leaves by _exit, so that nothing of this process (buffers, exit handlers) happens twice,
 * and an alarm ends one that hangs.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "support/misuse.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILD_SECONDS = 40, FAILED_CHECK = 3 };

struct ending {
    int status;
    char text[4096];
};

extern void __asan_init(void) __attribute__((weak));
extern void __tsan_init(void) __attribute__((weak));
extern void __msan_init(void) __attribute__((weak));

bool under_a_tool(void)
{
    return &__asan_init || &__tsan_init || &__msan_init || getenv("BITENA_UNDER_VALGRIND") ||
           getenv("BITENA_UNDER_QEMU");
}

_Noreturn void fail_in_child(const char *file, int line, const char *what)
{
    char text[256];
    int length = snprintf(text, sizeof text, "%s:%d: not so: %s\n", file, line, what);
    if (length > 0) {
        ssize_t written = write(STDERR_FILENO, text, strnlen(text, sizeof text));
        (void)written;
    }
    _exit(FAILED_CHECK);
}

static _Noreturn void be_the_child(misuse *fn, void *argument, int error_pipe)
{
    static const int caught_by_cmocka[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGSYS};
    if (!under_a_tool()) {
        for (size_t i = 0; i < sizeof caught_by_cmocka / sizeof *caught_by_cmocka; i++) {
            signal(caught_by_cmocka[i], SIG_DFL);
        }
    }
    (void)setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
    (void)dup2(error_pipe, STDERR_FILENO);
    (void)close(error_pipe);
    (void)signal(SIGALRM, SIG_DFL);
    (void)alarm(CHILD_SECONDS);
    fn(argument);
    _exit(0);
}

static void read_all(int from, char *text, size_t size)
{
    size_t length = 0;
    char beyond[256];
    for (;;) {
        size_t room = size - 1 - length;
        ssize_t got = read(from, room ? text + length : beyond, room ? room : sizeof beyond);
        if (got <= 0) {
            break;
        }
        length += room ? (size_t)got : 0;
    }
    text[length] = 0;
}

static void run(misuse *fn, void *argument, struct ending *ending)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)close(ends[0]);
        be_the_child(fn, argument, ends[1]);
    }
    (void)close(ends[1]);
    read_all(ends[0], ending->text, sizeof ending->text);
    (void)close(ends[0]);
    assert_int_equal(waitpid(child, &ending->status, 0), child);
}

void assert_aborts(misuse *fn, void *argument, const char *format, ...)
{
    char expected[1024];
    va_list list;
    va_start(list, format);
    int length = vsnprintf(expected, sizeof expected, format, list);
    va_end(list);
    assert_in_range(length, 0, sizeof expected - 1);
    struct ending ending;
    run(fn, argument, &ending);
    char *of_qemu = strstr(ending.text, "qemu: uncaught target signal");
    if (of_qemu && getenv("BITENA_UNDER_QEMU")) {
        *of_qemu = 0; /* what the emulator adds */
    }
    assert_string_equal(ending.text, expected);
    assert_true(WIFSIGNALED(ending.status));
    assert_int_equal(WTERMSIG(ending.status), SIGABRT);
}

void assert_dies_of(int signal_number, misuse *fn, void *argument)
{
    struct ending ending;
    run(fn, argument, &ending);
    if (under_a_tool() && WIFEXITED(ending.status)) {
        assert_int_not_equal(WEXITSTATUS(ending.status), 0);
        assert_int_not_equal(WEXITSTATUS(ending.status), FAILED_CHECK);
        return;
    }
    assert_true(WIFSIGNALED(ending.status));
    assert_int_equal(WTERMSIG(ending.status), signal_number);
}

void assert_passes(misuse *fn, void *argument)
{
    struct ending ending;
    run(fn, argument, &ending);
    if (!WIFEXITED(ending.status) || WEXITSTATUS(ending.status) != 0) {
        fail_msg("the child ended with status %#x and wrote: %s", (unsigned)ending.status,
                 ending.text);
    }
}
