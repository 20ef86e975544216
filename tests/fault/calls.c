/* The wrapped calls of calls.h. Each asks the plan first. A function of pthreads that fails sets
 * errno too, as the real one does where its malloc was refused. A munmap that fails counts as given
 * back: nobody could do more.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "calls.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { MAPPINGS = 64, POPULATE_WRITE = 23 };

struct fault_plan *fault_plan;

static const struct {
    const char *name;
    int errors[FAULT_ERRORS];
} calls[CALL_COUNT] = {
#define FAULT_ROW(name, a, b, c) {#name, {a, b, c}},
    FAULT_CALLS(FAULT_ROW)
#undef FAULT_ROW
};

static struct {
    void *address;
    size_t bytes;
} mappings[MAPPINGS];
static size_t files, keys, hooks, wrong;

void *__real_mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset);
int __real_munmap(void *address, size_t bytes);
int __real_madvise(void *address, size_t bytes, int advice);
FILE *__real_fopen(const char *path, const char *mode);
size_t __real_fread(void *to, size_t size, size_t count, FILE *file);
int __real_fclose(FILE *file);
int __real_getrlimit(int resource, struct rlimit *limit);
int __real_pthread_key_create(pthread_key_t *key, void (*at_end)(void *));
int __real_pthread_key_delete(pthread_key_t key);
int __real_pthread_setcancelstate(int state, int *before);
int __real_pthread_setspecific(pthread_key_t key, const void *value);
int __real_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));
int __real_sched_yield(void);
int __real_nanosleep(const struct timespec *time, struct timespec *left);
ssize_t __real_write(int file, const void *from, size_t bytes);
int __real_pthread_once(pthread_once_t *control, void (*fn)(void));
long __real_syscall(long number, ...);
long __real_sysconf(int name);

void *__wrap_mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset);
int __wrap_munmap(void *address, size_t bytes);
int __wrap_madvise(void *address, size_t bytes, int advice);
FILE *__wrap_fopen(const char *path, const char *mode);
size_t __wrap_fread(void *to, size_t size, size_t count, FILE *file);
int __wrap_fclose(FILE *file);
int __wrap_getrlimit(int resource, struct rlimit *limit);
int __wrap_pthread_key_create(pthread_key_t *key, void (*at_end)(void *));
int __wrap_pthread_key_delete(pthread_key_t key);
int __wrap_pthread_setcancelstate(int state, int *before);
int __wrap_pthread_setspecific(pthread_key_t key, const void *value);
int __wrap_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void));
int __wrap_sched_yield(void);
int __wrap_nanosleep(const struct timespec *time, struct timespec *left);
ssize_t __wrap_write(int file, const void *from, size_t bytes);
int __wrap_pthread_once(pthread_once_t *control, void (*fn)(void));
long __wrap_syscall(long number, ...);
long __wrap_sysconf(int name);

void fault_plan_open(void)
{
    void *shared = __real_mmap(NULL, sizeof *fault_plan, PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED) {
        perror("fault_plan_open");
        abort();
    }
    fault_plan = shared;
}

const char *fault_name(enum fault_call call)
{
    return calls[call].name;
}

int fault_error(enum fault_call call, size_t variant)
{
    return variant < FAULT_ERRORS ? calls[call].errors[variant] : 0;
}

size_t fault_failed(void)
{
    size_t all = 0;
    for (size_t i = 0; i < CALL_COUNT; i++) {
        all += fault_plan->failed[i];
    }
    return all;
}

/* SplitMix64's last step: a number for each call of a seed. */
static uint64_t mixed(uint64_t z)
{
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Built for coverage: the process is writing down its counts, which is none of the library's calls. */
extern volatile int coverage_is_written __attribute__((weak));

/* The error that this call fails with; 0: it goes on to the system. */
static int ask_plan(enum fault_call call)
{
    struct fault_plan *plan = fault_plan;
    if (!plan || !plan->armed || (&coverage_is_written && coverage_is_written)) {
        return 0;
    }
    size_t number = ++plan->calls;
    if (number <= FAULT_LOG) {
        plan->log[number - 1] = (unsigned char)call;
    }
    uint64_t dice = mixed(plan->seed * 0x9e3779b97f4a7c15u + number);
    size_t variant =
        plan->mode == FAULT_RANDOM ? (size_t)(dice >> 8) % FAULT_ERRORS : plan->variant;
    bool fails = (plan->mode == FAULT_ONCE && number == plan->at) ||
                 (plan->mode == FAULT_ONWARD && number >= plan->at) ||
                 (plan->mode == FAULT_RANDOM && dice % 4 == 0);
    int error = fault_error(call, variant);
    error = error ? error : fault_error(call, 0);
    if (!fails || error == 0) {
        return 0;
    }
    plan->failed[call]++;
    plan->last_error = error;
    errno = error;
    return error;
}

struct fault_ledger fault_ledger(void)
{
    struct fault_ledger ledger = {.files = files, .keys = keys, .hooks = hooks, .wrong = wrong};
    for (size_t i = 0; i < MAPPINGS; i++) {
        ledger.mappings += mappings[i].address != NULL;
        ledger.bytes += mappings[i].bytes;
    }
    return ledger;
}

static bool replace_mapping(void *from, size_t from_bytes, void *to, size_t to_bytes)
{
    for (size_t i = 0; i < MAPPINGS; i++) {
        if (mappings[i].address == from && mappings[i].bytes == from_bytes) {
            mappings[i].address = to;
            mappings[i].bytes = to_bytes;
            return true;
        }
    }
    return false;
}

void *__wrap_mmap(void *address, size_t bytes, int protection, int flags, int file, off_t offset)
{
    if (ask_plan(CALL_mmap)) {
        return MAP_FAILED;
    }
    void *mapping = __real_mmap(address, bytes, protection, flags, file, offset);
    if (mapping != MAP_FAILED && fault_plan && fault_plan->armed) {
        wrong += !replace_mapping(NULL, 0, mapping, bytes);
    }
    return mapping;
}

int __wrap_munmap(void *address, size_t bytes)
{
    int error = ask_plan(CALL_munmap);
    if (fault_plan && fault_plan->armed) {
        wrong += !replace_mapping(address, bytes, NULL, 0);
    }
    return error ? -1 : __real_munmap(address, bytes);
}

int __wrap_madvise(void *address, size_t bytes, int advice)
{
    int error = ask_plan(CALL_madvise);
    if (error) {
        fault_plan->populate_failed += advice == POPULATE_WRITE && error != EINVAL;
        return -1;
    }
    return __real_madvise(address, bytes, advice);
}

FILE *__wrap_fopen(const char *path, const char *mode)
{
    FILE *file = ask_plan(CALL_fopen) ? NULL : __real_fopen(path, mode);
    files += file != NULL;
    return file;
}

size_t __wrap_fread(void *to, size_t size, size_t count, FILE *file)
{
    return ask_plan(CALL_fread) ? 0 : __real_fread(to, size, count, file);
}

int __wrap_fclose(FILE *file)
{
    int error = ask_plan(CALL_fclose);
    int result = __real_fclose(file);
    files--;
    if (error) {
        errno = error;
    }
    return error ? EOF : result;
}

int __wrap_getrlimit(int resource, struct rlimit *limit)
{
    return ask_plan(CALL_getrlimit) ? -1 : __real_getrlimit(resource, limit);
}

int __wrap_pthread_key_create(pthread_key_t *key, void (*at_end)(void *))
{
    int error = ask_plan(CALL_pthread_key_create);
    error = error ? error : __real_pthread_key_create(key, at_end);
    keys += error == 0;
    return error;
}

int __wrap_pthread_key_delete(pthread_key_t key)
{
    (void)ask_plan(CALL_pthread_key_delete);
    int error = __real_pthread_key_delete(key);
    keys -= error == 0;
    return error;
}

int __wrap_pthread_setcancelstate(int state, int *before)
{
    (void)ask_plan(CALL_pthread_setcancelstate);
    return __real_pthread_setcancelstate(state, before);
}

int __wrap_pthread_setspecific(pthread_key_t key, const void *value)
{
    int error = ask_plan(CALL_pthread_setspecific);
    return error ? error : __real_pthread_setspecific(key, value);
}

int __wrap_pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
    int error = ask_plan(CALL_pthread_atfork);
    error = error ? error : __real_pthread_atfork(prepare, parent, child);
    hooks += error == 0;
    return error;
}

int __wrap_sched_yield(void)
{
    return ask_plan(CALL_sched_yield) ? -1 : __real_sched_yield();
}

int __wrap_nanosleep(const struct timespec *time, struct timespec *left)
{
    return ask_plan(CALL_nanosleep) ? -1 : __real_nanosleep(time, left);
}

ssize_t __wrap_write(int file, const void *from, size_t bytes)
{
    int error = ask_plan(CALL_write);
    if (error == FAULT_SHORT_WRITE) {
        return __real_write(file, from, bytes > 0);
    }
    return error ? -1 : __real_write(file, from, bytes);
}

int __wrap_pthread_once(pthread_once_t *control, void (*fn)(void))
{
    (void)ask_plan(CALL_pthread_once);
    return __real_pthread_once(control, fn);
}

long __wrap_syscall(long number, ...)
{
    (void)ask_plan(CALL_syscall);
    if (number != SYS_gettid) {
        static const char text[] = "calls.c: a system call that is not on the list\n";
        (void)__real_write(STDERR_FILENO, text, sizeof text - 1);
        abort();
    }
    return __real_syscall(number);
}

long __wrap_sysconf(int name)
{
    (void)ask_plan(CALL_sysconf);
    return __real_sysconf(name);
}

int real_key_create(pthread_key_t *key, void (*at_end)(void *))
{
    return __real_pthread_key_create(key, at_end);
}

int real_set_specific(pthread_key_t key, const void *value)
{
    return __real_pthread_setspecific(key, value);
}
