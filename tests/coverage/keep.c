/* Keeps the counts of a process that ends without its exit handlers: by abort, as a failing plain verb
 * does, or by _exit, as the children of tests do. Linked into every program that is built for coverage,
 * with --wrap=abort,--wrap=_exit. Does not help a process that a signal kills.
 * SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdlib.h>

int __llvm_profile_write_file(void);
_Noreturn void __real_abort(void);
_Noreturn void __real__exit(int status);
_Noreturn void __wrap_abort(void);
_Noreturn void __wrap__exit(int status);

volatile int coverage_is_written; /* for tests that count the calls to the system */

static void keep(void)
{
    int before;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE,
                                 &before); /* a test may want to be cancelled */
    coverage_is_written = 1;
    (void)__llvm_profile_write_file();
}

void __wrap_abort(void)
{
    keep();
    __real_abort();
}

void __wrap__exit(int status)
{
    keep();
    __real__exit(status);
}
