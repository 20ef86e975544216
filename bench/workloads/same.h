/*
 * same.h - objects of one size, by one thread or several at once.
 *
 *     same [size=16] [threads=1] [bytes=524288] [laps=16] [passes=5]
 *
 * Warm: each lap fills `bytes` per thread and gives everything back; a pass is `laps` of them.
 * With passes=0 there is one lap and it is cold: untouched memory, and only the filling counts.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_SAME_H
#define BENCH_SAME_H

#include "crew.h"

struct same {
    struct crew crew;
    size_t size, count, laps;
    bool cold;
    size_t used;
};

static inline void same_fill(void *context, unsigned thread)
{
    struct same *same = (struct same *)context;
    struct room *room = room_of(&same->crew, thread);
    void *list = fill_same(room, same->count, same->size);
#if RIVAL_FREES_EACH
    if (!same->cold) {
        free_same(room, list, same->size);
    }
#else
    (void)list;
#endif
}

static inline double same_pass(void *context)
{
    struct same *same = (struct same *)context;
    double time = 0;
    for (size_t lap = 0; lap < same->laps; lap++) {
        time += team_run(same->crew.team, same_fill, same);
        if (same->used == 0) {
            same->used = crew_used(&same->crew);
        }
        time += same->cold ? 0 : crew_reset(&same->crew);
    }
    return time / (double)same->laps;
}

static inline int workload_same(struct request *request, struct result *result)
{
    static struct same same;
    size_t passes = want_number(request, "passes", 5);
    size_t bytes = want_number(request, "bytes", 512 << 10);
    unsigned threads = (unsigned)want_number(request, "threads", 1);
    same.size = want_number(request, "size", 16);
    same.cold = passes == 0;
    same.laps = same.cold ? 1 : want_number(request, "laps", 16);
    if (same.size == 0 || same.laps == 0) {
        die("size and laps: at least 1");
    }
    same.count = bytes / same.size;
    crew_open(&same.crew, threads, same.count * (same.size + 16));
    result->operations = same.count * threads;
    result->bytes_asked = result->operations * same.size;
    measure(result, passes, same_pass, &same);
    result->bytes_used = same.used;
    crew_close(&same.crew);
    return BENCH_OK;
}

#endif
