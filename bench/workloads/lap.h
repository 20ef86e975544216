/*
 * lap.h - the frame of the workloads that fill and give back. A lap is: every thread fills, then
 * everything goes back; a pass is some laps. Cold: one lap, on untouched memory, and only the
 * filling counts. After the first filling the workload looks at what was made; that is not timed.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_LAP_H
#define BENCH_LAP_H

#include "crew.h"

/* The first field of the workload's own struct, which all three functions get. */
struct lap {
    struct crew crew;
    size_t laps;
    bool cold;
    bool looked;
    team_body *fill;
    team_body *free; /* only heaps call it */
    void (*look)(struct lap *lap);
    size_t used;
    uint64_t check; /* look writes it */
};

/* Of all threads the slowest one's, as in crew_reset. */
static inline double lap_give_back(struct lap *lap)
{
#if RIVAL_FREES_EACH
    (void)team_run(lap->crew.team, lap->free, lap);
    return team_longest(lap->crew.team);
#else
    return crew_reset(&lap->crew);
#endif
}

static inline double lap_pass(void *context)
{
    struct lap *lap = (struct lap *)context;
    double time = 0;
    for (size_t i = 0; i < lap->laps; i++) {
        time += team_run(lap->crew.team, lap->fill, lap);
        if (!lap->looked) {
            lap->used = crew_used(&lap->crew);
            lap->look(lap);
            lap->looked = true;
        }
        double back = lap_give_back(lap);
        time += lap->cold ? 0 : back;
    }
    return time / (double)lap->laps;
}

/* bytes: what the objects of one thread need, without the allocator's headers. */
static inline void lap_open(struct lap *lap, unsigned threads, size_t bytes, size_t objects)
{
    crew_open(&lap->crew, threads, bytes + objects * 16);
}

/* passes and laps are the arguments'; operations and bytes_asked are set before. */
static inline int lap_measure(struct lap *lap, struct result *result, size_t passes, size_t laps)
{
    lap->cold = passes == 0;
    lap->laps = lap->cold ? 1 : laps;
    if (lap->laps == 0) {
        die("laps: at least 1");
    }
    measure(result, passes, lap_pass, lap);
    result->bytes_used = lap->used;
    result->check = lap->check;
    crew_close(&lap->crew);
    return BENCH_OK;
}

#endif
