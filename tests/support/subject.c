/* Arenas of each kind to try promises on, functions run by another thread, and what the system says
 * of pages and time. The contract is in the header.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "support/subject.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "support/misuse.h"

enum { PARENT_SPARE = 256 << 10, PAGES_AT_ONCE = 1024 };

static const char abort_switch[] = "CMOCKA_TEST_ABORT";

static const char *const kind_names[KIND_COUNT] = {"shared", "exact", "local", "child", "buffer"};

struct subject subject_open(enum kind kind, size_t capacity, bitena_failure *on_failure)
{
    struct subject s = {.kind = kind, .name = kind_names[kind]};
    bitena_options options = {
        .capacity = capacity, .name = s.name, .on_failure = on_failure, .context = (void *)s.name};
    size_t buffer_size = BITENA_BUFFER_SIZE(capacity);
    switch (kind) {
    case KIND_BUFFER:
        s.buffer = malloc(buffer_size);
        assert_non_null(s.buffer);
        s.arena = bitena_init(s.buffer, buffer_size, &options);
        break;
    case KIND_CHILD:
        options.capacity += PARENT_SPARE;
        s.parent = bitena_open(&options);
        assert_non_null(s.parent);
        s.arena = bitena_new_child(s.parent);
        break;
    default:
        options.mode = kind == KIND_EXACT   ? BITENA_EXACT
                       : kind == KIND_LOCAL ? BITENA_LOCAL
                                            : BITENA_SHARED;
        s.arena = bitena_open(&options);
        break;
    }
    assert_non_null(s.arena);
    return s;
}

void subject_close(struct subject *subject)
{
    bitena_drop(subject->arena);
    bitena_drop(subject->parent);
    free(subject->buffer);
    *subject = (struct subject){0};
}

void for_each_kind(size_t capacity, void (*fn)(bitena *arena))
{
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, capacity, NULL);
        errno = UNTOUCHED;
        fn(s.arena);
        assert_int_equal(errno, UNTOUCHED);
        subject_close(&s);
    }
}

struct numbers numbers_of(const bitena *arena)
{
    return (struct numbers){bitena_remaining(arena), bitena_used(arena)};
}

void assert_same_numbers(const bitena *arena, struct numbers before)
{
    struct numbers now = numbers_of(arena);
    assert_int_equal(now.remaining, before.remaining);
    assert_int_equal(now.used, before.used);
}

struct call {
    void (*fn)(void *);
    void *argument;
};

static void *thread_main(void *call_pointer)
{
    const struct call *call = call_pointer;
    call->fn(call->argument);
    return NULL;
}

void in_another_thread(void (*fn)(void *), void *argument)
{
    struct call call = {fn, argument};
    pthread_t thread;
    bool outermost = !getenv(abort_switch);
    /* cmocka has nowhere to jump to there: it shall print what failed and abort */
    assert_int_equal(setenv(abort_switch, "1", 1), 0);
    assert_int_equal(pthread_create(&thread, NULL, thread_main, &call), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    if (outermost) {
        (void)unsetenv(abort_switch);
    }
}

bool all_bytes_are(const void *p, int value, size_t size)
{
    const unsigned char *bytes = p;
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != (unsigned char)value) {
            return false;
        }
    }
    return true;
}

bool are_disjoint(const void *p, size_t p_size, const void *q, size_t q_size)
{
    uintptr_t a = (uintptr_t)p, b = (uintptr_t)q;
    return a + p_size <= b || b + q_size <= a;
}

size_t resident_bytes(const void *from, size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uintptr_t at = ((uintptr_t)from + page - 1) & ~(uintptr_t)(page - 1);
    uintptr_t end = ((uintptr_t)from + bytes) & ~(uintptr_t)(page - 1);
    size_t resident = 0;
    unsigned char map[PAGES_AT_ONCE];
    while (at < end) {
        size_t length = end - at < page * PAGES_AT_ONCE ? end - at : page * PAGES_AT_ONCE;
        assert_int_equal(mincore((void *)at, length, map), 0);
        for (size_t i = 0; i < length / page; i++) {
            resident += map[i] & 1 ? page : 0;
        }
        at += length;
    }
    return resident;
}

size_t process_resident_bytes(void)
{
    unsigned long total = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    assert_int_equal(fscanf(file, "%lu %lu", &total, &resident), 2);
    (void)fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

uint64_t now_ns(void)
{
    struct timespec now;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
