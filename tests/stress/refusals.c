/* A full arena that several threads poll: each refusal comes soon. Children dropped in between leave
 * runs that are too small, so every refusal searches them, and the searches must not keep each
 * other going. The bound is eight times what eight threads on two processors need.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <time.h>

#include <bitena.h>

#include "support/misuse.h"

enum { CHILDREN = 300, REFUSALS = 2000, THREADS_MOST = 8, BOUND_US = 1000 };

static bitena *arena;
static int served; /* atomic */

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void fill(void)
{
    bitena *children[CHILDREN];
    size_t count = 0;
    arena = bitena_new(1 << 20);
    while (count < CHILDREN && (children[count] = bitena_new_child(arena)) != NULL) {
        (void)bitena_try_alloc(children[count], 700, 8);
        count++;
    }
    for (size_t i = 0; i < count; i += 2) {
        bitena_drop(children[i]);
    }
    while (bitena_try_alloc(arena, 3000, 8)) {
    }
}

static void *poll_arena(void *count)
{
    for (size_t i = 0; i < *(const size_t *)count; i++) {
        if (bitena_try_alloc(arena, 5000, 8)) {
            __atomic_store_n(&served, 1, __ATOMIC_RELAXED);
        }
    }
    return NULL;
}

static bool refusals_come_soon(size_t threads)
{
    size_t count = under_a_tool() ? REFUSALS / 20 : REFUSALS;
    pthread_t ids[THREADS_MOST];
    double began = now_us();
    for (size_t i = 0; i < threads; i++) {
        if (pthread_create(&ids[i], NULL, poll_arena, &count) != 0) {
            return false;
        }
    }
    for (size_t i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
    }
    double each = (now_us() - began) / (double)count;
    printf("refusals: %zu threads, %.1f us each\n", threads, each);
    return !served && (under_a_tool() || each < BOUND_US);
}

int main(void)
{
    fill();
    bool good = bitena_remaining(arena) > 100000;
    for (size_t threads = 1; good && threads <= THREADS_MOST; threads *= 2) {
        good = refusals_come_soon(threads);
    }
    printf("refusals: %s\n", good ? "passed" : "FAILED");
    return good ? 0 : 1;
}
