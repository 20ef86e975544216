/*
 * wait.h - waiting for another thread by looking at a counter that only rises. It looks hard for a
 * while, since a sleeper wakes later than most of what is timed here takes; then it lets others
 * run, since there may be more threads than processors.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_WAIT_H
#define BENCH_WAIT_H

#include "harness.h"

#include <sched.h>

enum { LOOKS_BEFORE_YIELD = 2000 };

/* What was written before the counter's release is seen after this. */
static inline void wait_until(const size_t *counter, size_t at_least)
{
    unsigned looks = 0;
    while (__atomic_load_n(counter, __ATOMIC_ACQUIRE) < at_least) {
        if (++looks < LOOKS_BEFORE_YIELD) {
#if defined(__x86_64__) || defined(__i386__)
            __builtin_ia32_pause();
#endif
        } else {
            (void)sched_yield();
        }
    }
}

#endif
