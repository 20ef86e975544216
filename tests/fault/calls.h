/* Every call of the library to the system, wrapped: counted, failed where the plan says so, and what
 * it gave is written down until it is given back. The list below is the only one: the build wraps
 * what stands here (-Wl,--wrap), and imports.py fails when the library imports anything else. For the
 * fault programs only; the real functions are behind the names in real_*.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_FAULT_CALLS_H
#define TESTS_FAULT_CALLS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(name, errors...): what it may fail with, up to three; a first 0: it cannot fail, by its
 * specification (gettid and _SC_PAGESIZE have no error; keys, controls and states are valid). */
#define FAULT_CALLS(X)                      \
    X(mmap, ENOMEM, EAGAIN, EPERM)          \
    X(munmap, ENOMEM, EINVAL, 0)            \
    X(madvise, EINVAL, ENOMEM, EAGAIN)      \
    X(fopen, ENOENT, EMFILE, ENOMEM)        \
    X(fread, EIO, 0, 0)                     \
    X(fclose, EIO, 0, 0)                    \
    X(getrlimit, EPERM, 0, 0)               \
    X(pthread_key_create, EAGAIN, 0, 0)     \
    X(pthread_key_delete, 0, 0, 0)          \
    X(pthread_setcancelstate, 0, 0, 0)      \
    X(pthread_setspecific, ENOMEM, 0, 0)    \
    X(pthread_atfork, ENOMEM, 0, 0)         \
    X(sched_yield, ENOSYS, 0, 0)            \
    X(nanosleep, EINTR, 0, 0)               \
    X(write, FAULT_SHORT_WRITE, EIO, EINTR) \
    X(pthread_once, 0, 0, 0)                \
    X(syscall, 0, 0, 0)                     \
    X(sysconf, 0, 0, 0)

/* Not an errno: one byte is written, which is a success. */
#define FAULT_SHORT_WRITE 100000

enum fault_call {
#define FAULT_NAME(name, a, b, c) CALL_##name,
    FAULT_CALLS(FAULT_NAME)
#undef FAULT_NAME
        CALL_COUNT
};

enum { FAULT_ERRORS = 3, FAULT_LOG = 16384 };

enum fault_mode { FAULT_NONE, FAULT_ONCE, FAULT_ONWARD, FAULT_RANDOM };

/* Shared with forked processes, which go on counting in it. One process and one thread at a time
 * runs a scenario. */
struct fault_plan {
    bool armed;
    bool quiet; /* enough was said already */
    enum fault_mode mode;
    size_t at;      /* ONCE, ONWARD: the first call that fails, from 1 */
    size_t variant; /* which of its errors */
    uint64_t seed;  /* RANDOM: one call in four fails */
    /* what came of it */
    size_t calls;
    size_t failed[CALL_COUNT];
    size_t populate_failed; /* of those of madvise: where the pages were to be had */
    int last_error;         /* of the latest failed call */
    unsigned char log[FAULT_LOG];
};
extern struct fault_plan *fault_plan;

void fault_plan_open(void); /* once; aborts where there is no memory */
const char *fault_name(enum fault_call call);
int fault_error(enum fault_call call, size_t variant); /* 0: no such error */
size_t fault_failed(void);                             /* calls of all kinds */

/* What this process has had from the system and not given back. */
struct fault_ledger {
    size_t mappings, bytes, files, keys;
    size_t hooks; /* for forks, set in this process or one that it comes from */
    size_t wrong; /* given back twice, in part, or never had */
};
struct fault_ledger fault_ledger(void);

int real_key_create(pthread_key_t *key, void (*at_end)(void *));
int real_set_specific(pthread_key_t key, const void *value);

#endif
