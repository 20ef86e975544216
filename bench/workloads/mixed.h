/*
 * mixed.h - objects of the sizes that a real program asks for, by one thread or several at once.
 *
 *     mixed sizes=FILE [count=16384] [threads=1] [laps=16] [passes=5]
 *
 * FILE is a histogram (bench/data/sizes_*.txt); sizes are at least 8 and at most 4096, each thread
 * makes the same `count` objects. Warm and cold (passes=0) as in same.h.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_MIXED_H
#define BENCH_MIXED_H

#include "draw.h"
#include "lap.h"

struct mixed {
    struct lap lap;
    struct sizes drawn;
    void *lists[MAX_THREADS];
};

static inline void mixed_fill(void *context, unsigned thread)
{
    struct mixed *mixed = (struct mixed *)context;
    mixed->lists[thread] =
        fill_sizes(room_of(&mixed->lap.crew, thread), mixed->drawn.sizes, mixed->drawn.count);
}

static inline void mixed_free(void *context, unsigned thread)
{
#if RIVAL_FREES_EACH
    struct mixed *mixed = (struct mixed *)context;
    free_sizes(room_of(&mixed->lap.crew, thread), mixed->lists[thread], mixed->drawn.sizes,
               mixed->drawn.count);
#else
    (void)context;
    (void)thread;
#endif
}

static inline void mixed_look(struct lap *lap)
{
    struct mixed *mixed = (struct mixed *)(void *)lap;
    for (unsigned i = 0; i < lap->crew.threads; i++) {
        lap->check += sizes_check(&mixed->drawn, mixed->lists[i]);
    }
}

static inline int workload_mixed(struct request *request, struct result *result)
{
    static struct mixed mixed;
    size_t passes = want_number(request, "passes", 5);
    size_t laps = want_number(request, "laps", 16);
    unsigned threads = (unsigned)want_number(request, "threads", 1);
    sizes_draw(&mixed.drawn, request, want_number(request, "count", 16384), SIZE_MAX / 2);
    mixed.lap.fill = mixed_fill;
    mixed.lap.free = mixed_free;
    mixed.lap.look = mixed_look;
    lap_open(&mixed.lap, threads, mixed.drawn.bytes, mixed.drawn.count);
    result->operations = mixed.drawn.count * threads;
    result->bytes_asked = mixed.drawn.bytes * threads;
    return lap_measure(&mixed.lap, result, passes, laps);
}

#endif
