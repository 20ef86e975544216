/* The platform seam on Linux: mmap, gettid, thread-specific data. See platform.h for the contract.
 * May include only platform.h and the system.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "platform.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

size_t platform_page_size(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* No verb is a cancellation point: a thread must not end with runs in hand. What sleeps, reads or
 * writes here stands between these two, which only change a word of the thread's. */
static int hold_off_cancel(void)
{
    int before;
    (void)pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before);
    return before;
}

static void allow_cancel(int before)
{
    (void)pthread_setcancelstate(before, &before);
}

/* The first number after `key` in a small file of /proc; 0 where there is none. */
static uint64_t number_from(const char *path, const char *key)
{
    char text[4096];
    FILE *file = fopen(path, "re");
    if (!file) {
        return 0;
    }
    size_t length = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    text[length] = 0;
    const char *at = strstr(text, key);
    return at ? strtoull(at + strlen(key), NULL, 10) : 0;
}

/* In the order of what a user can change most easily. */
static void explain_refusal(struct platform_refusal *refusal)
{
    struct rlimit limit;
    uint64_t commit_limit = number_from("/proc/meminfo", "CommitLimit:") * 1024;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        *refusal = (struct platform_refusal){"the address-space limit (RLIMIT_AS, ulimit -v)",
                                             limit.rlim_cur};
    } else if (number_from("/proc/sys/vm/overcommit_memory", "") == 2) {
        *refusal = (struct platform_refusal){
            "strict overcommit (vm.overcommit_memory=2, CommitLimit)", commit_limit};
    } else {
        *refusal = (struct platform_refusal){"the address space of this process", 0};
    }
}

/* LeakSanitizer, where it runs the program, looks for pointers in the regions it is told of. */
extern void __lsan_register_root_region(const void *address, size_t bytes) __attribute__((weak));
extern void __lsan_unregister_root_region(const void *address, size_t bytes) __attribute__((weak));

void *platform_reserve(size_t bytes, struct platform_refusal *refusal)
{
    void *address = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (address == MAP_FAILED) {
        int cancel = hold_off_cancel();
        explain_refusal(refusal);
        allow_cancel(cancel);
        errno = ENOMEM;
        return NULL;
    }
    if (__lsan_register_root_region) {
        __lsan_register_root_region(address, bytes);
    }
    return address;
}

void platform_release(void *address, size_t bytes)
{
    if (__lsan_unregister_root_region) {
        __lsan_unregister_root_region(address, bytes);
    }
    munmap(address, bytes);
}

int platform_advise_huge(void *address, size_t bytes)
{
    return madvise(address, bytes, MADV_HUGEPAGE);
}

int platform_populate(void *address, size_t bytes)
{
    int saved = errno;
    if (madvise(address, bytes, MADV_POPULATE_WRITE) == 0) {
        return 0;
    }
    if (errno != EINVAL) {
        return -1;
    }
    errno = saved;
    /* a kernel before 5.14: write what is there to each page */
    size_t page = platform_page_size();
    for (volatile char *at = address, *end = at + bytes; at != end; at += page) {
        *at = *at;
    }
    return 0;
}

int platform_discard(void *address, size_t bytes)
{
    return madvise(address, bytes, MADV_DONTNEED);
}

void platform_wait(int tries)
{
    int saved = errno;
    if (tries < 64) {
        sched_yield();
    } else {
        int cancel = hold_off_cancel();
        nanosleep(&(struct timespec){0, 50000}, NULL);
        allow_cancel(cancel);
    }
    errno = saved;
}

uint32_t platform_thread_number(void)
{
    return (uint32_t)syscall(SYS_gettid);
}

static pthread_key_t thread_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

int platform_thread_hooks(void (*at_thread_end)(void *value), void (*after_fork_in_child)(void))
{
    int error = pthread_key_create(&thread_key, at_thread_end);
    if (error != 0) {
        return error;
    }
    error = pthread_atfork(NULL, NULL, after_fork_in_child);
    if (error != 0) {
        (void)pthread_key_delete(thread_key);
    }
    return error;
}

int platform_set_thread_value(void *value)
{
    return pthread_setspecific(thread_key, value);
}

/* Half of them: users' destructors of the first round find their thread registered, and a thread
 * that comes to be registered only then is still told of its end. (ThreadSanitizer's record of
 * the thread goes in the last round.) */
unsigned platform_thread_end_rounds(void)
{
    return PTHREAD_DESTRUCTOR_ITERATIONS / 2;
}

void platform_once(void (*fn)(void))
{
    pthread_once(&once, fn);
}

void platform_write_error(const char *text, size_t length)
{
    int cancel = hold_off_cancel();
    while (length > 0) {
        ssize_t written = write(STDERR_FILENO, text, length);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            break;
        }
        text += written;
        length -= (size_t)written;
    }
    allow_cancel(cancel);
}
