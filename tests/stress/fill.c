/* How full an arena gets before it first says no: 16 threads with sizes spread evenly hand out at
 * least 98 % of 64 MiB; and 20,000 threads one after another, 16 bytes each, take less than 4 MiB
 * between them. Every object is checked for overlap, alignment and bounds, so that the room counted
 * is room that was really there.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include <bitena.h>

#include "support/overlap.h"
#include "support/random.h"

/* Threads give way after TURN objects, so that all 16 hold a lease at once on any number of
 * cores. */
enum { THREADS = 16, SHORT_THREADS = 20000, LEAST_PERCENT = 98, TURN = 16 };

static const size_t block_bytes = (size_t)64 << 20;

struct fill {
    bitena *arena;
    struct overlap map;
    size_t max_size, align;
    uint64_t seed;
    int stop; /* atomic: a thread was refused */
    pthread_barrier_t ready;
};

struct worker {
    struct fill *fill;
    size_t number, bytes, padded, count;
    const char *wrong; /* NULL: nothing */
};

static void *take_until_refused(void *argument)
{
    struct worker *me = argument;
    struct fill *fill = me->fill;
    struct random random = {fill->seed + me->number};
    pthread_barrier_wait(&fill->ready);
    while (!__atomic_load_n(&fill->stop, __ATOMIC_RELAXED) && !me->wrong) {
        size_t size = random_between(&random, 1, fill->max_size);
        unsigned char *p = bitena_try_alloc(fill->arena, size, fill->align);
        if (!p) {
            me->wrong = errno == ENOMEM ? NULL : "refused with another error than ENOMEM";
            __atomic_store_n(&fill->stop, 1, __ATOMIC_RELAXED);
            break;
        }
        me->wrong = (uintptr_t)p % fill->align != 0       ? "misaligned"
                    : !overlap_claim(&fill->map, p, size) ? "overlapping or out of bounds"
                                                          : NULL;
        p[0] = p[size - 1] = (unsigned char)me->number;
        me->bytes += size;
        me->padded += (size + fill->align - 1) & ~(fill->align - 1);
        if (++me->count % TURN == 0) {
            sched_yield();
        }
    }
    return NULL;
}

static bool sum_up(const struct fill *fill, const struct worker *workers)
{
    size_t bytes = 0, padded = 0, count = 0, least = SIZE_MAX;
    bool good = true;
    for (size_t i = 0; i < THREADS; i++) {
        bytes += workers[i].bytes;
        padded += workers[i].padded;
        count += workers[i].count;
        least = workers[i].bytes < least ? workers[i].bytes : least;
        if (workers[i].wrong) {
            printf("thread %zu, after %zu objects: %s\n", i, workers[i].count, workers[i].wrong);
            good = false;
        }
    }
    double percent = 100.0 * (double)padded / (double)block_bytes;
    printf(
        "sizes 1 to %zu, alignment %zu: %zu objects, %zu bytes (%zu with padding): %.3f %% of %zu "
        "before the first refusal; %zu remain to the maker; no thread took less than %zu\n",
        fill->max_size, fill->align, count, bytes, padded, percent, block_bytes,
        bitena_remaining(fill->arena), least);
    if (percent < LEAST_PERCENT) {
        printf("less than %d %%\n", LEAST_PERCENT);
        good = false;
    }
    return good;
}

static bool sixteen_threads_fill_98_percent(size_t max_size, size_t align, uint64_t seed)
{
    struct fill fill = {.arena = bitena_new(block_bytes), .max_size = max_size, .align = align};
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    fill.seed = seed;
    if (!fill.arena) {
        perror("bitena_new");
        return false;
    }
    overlap_open(&fill.map, block_bytes);
    overlap_locate(&fill.map, bitena_alloc(fill.arena, 0, 1));
    pthread_barrier_init(&fill.ready, NULL, THREADS);
    for (size_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.fill = &fill, .number = i};
        if (i != 0 && pthread_create(&threads[i], NULL, take_until_refused, &workers[i]) != 0) {
            perror("pthread_create");
            exit(1);
        }
    }
    take_until_refused(&workers[0]); /* the owner is one of them */
    for (size_t i = 1; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    bool good = sum_up(&fill, workers);
    if (bitena_reset(fill.arena) != 0 || bitena_remaining(fill.arena) != block_bytes) {
        printf("reset left %zu of %zu bytes\n", bitena_remaining(fill.arena), block_bytes);
        good = false;
    }
    pthread_barrier_destroy(&fill.ready);
    bitena_drop(fill.arena);
    overlap_close(&fill.map);
    return good;
}

static void *take_16_bytes(void *argument)
{
    void *p = bitena_try_alloc(argument, 16, 8);
    if (p) {
        memset(p, 0x5a, 16);
    }
    return p;
}

/* `at_once` threads live together; then the next. */
static bool short_threads_take_little(size_t at_once)
{
    bitena *arena = bitena_new(block_bytes);
    if (!arena) {
        perror("bitena_new");
        return false;
    }
    bool good = true;
    size_t total = scaled(SHORT_THREADS) / at_once * at_once;
    size_t before = bitena_remaining(arena);
    for (size_t i = 0; i < total && good; i += at_once) {
        pthread_t threads[THREADS];
        for (size_t j = 0; j < at_once; j++) {
            if (pthread_create(&threads[j], NULL, take_16_bytes, arena) != 0) {
                perror("pthread_create");
                exit(1);
            }
        }
        for (size_t j = 0; j < at_once; j++) {
            void *p = NULL;
            pthread_join(threads[j], &p);
            good = good && p;
        }
    }
    size_t taken = before - bitena_remaining(arena);
    printf("%zu threads, %zu at once, 16 bytes each: %zu bytes less remain\n", total, at_once,
           taken);
    good = good && taken >= total * 16 && taken < (size_t)4 << 20;
    bitena_drop(arena);
    return good;
}

int main(void)
{
    uint64_t seed = setting("BITENA_SEED", 20240611);
    time_t began = time(NULL);
    bool good = true;
    do {
        printf("fill: seed %" PRIu64 "\n", seed);
        static const size_t sizes[] = {256, 4096};
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            good = sixteen_threads_fill_98_percent(sizes[i], 1, seed) && good;
            good = sixteen_threads_fill_98_percent(sizes[i], 8, seed) && good;
        }
        good = short_threads_take_little(1) && good;
        good = short_threads_take_little(8) && good;
        seed++;
    } while (good && soak_goes_on(began));
    printf("fill: %s\n", good ? "passed" : "FAILED");
    return good ? 0 : 1;
}
