/* Runs a function in a forked child and looks at how the child ends: a programmer's error must
 * abort with exactly the promised line on stderr, and an experiment that would disturb this
 * process must pass. In a child use REQUIRE_IN_CHILD: an assertion of cmocka would jump back into
 * the copied test runner. For test programs only.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_TESTS_MISUSE_H
#define BITENA_TESTS_MISUSE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef void misuse(void *argument);

/* The child ends by SIGABRT and has written exactly this to stderr. */
__attribute__((format(printf, 3, 4))) void assert_aborts(misuse *fn, void *argument,
                                                         const char *format, ...);
/* The child ends by this signal, whatever it writes. A sanitizer may turn a fault into an exit. */
void assert_dies_of(int signal_number, misuse *fn, void *argument);
/* The child comes to its end; what it wrote is shown otherwise. */
void assert_passes(misuse *fn, void *argument);

_Noreturn void fail_in_child(const char *file, int line, const char *what);
#define REQUIRE_IN_CHILD(condition) \
    ((condition) ? (void)0 : fail_in_child(__FILE__, __LINE__, #condition))

/* A sanitizer, Valgrind or an emulator: address space and time are not what they are. */
bool under_a_tool(void);

#endif
