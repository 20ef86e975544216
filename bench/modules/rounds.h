/*
 * rounds.h - races between a module and its rivals, in one process. Each round runs all of them, the order
 * turning from round to round, so that ratios are taken between neighbours in time; the first round
 * is dropped. A figure is the median of the rounds, a ratio the median of the rounds' ratios.
 * For the programs bench/modules/NAME.c, which link nothing else of bench/.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_ROUNDS_H
#define BENCH_ROUNDS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 15, RACERS_MAX = 8 };

/* Does all operations of a lap, and gives a checksum that is the same for every racer. */
struct racer {
    const char *name;
    uint64_t (*lap)(void *context);
    double goal; /* ours shall be so many times as fast; 0: none */
};

/* Goals missed so far. */
static unsigned goals_missed, goals_looked_at;

static inline double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* For races of several threads, which may wait for each other. */
static inline double wall_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static double (*race_clock)(void) = cpu_seconds;

static inline int rounds_ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static inline double rounds_median(const double *values)
{
    double sorted[ROUNDS];
    for (size_t i = 0; i < ROUNDS; i++) {
        sorted[i] = values[i];
    }
    qsort(sorted, ROUNDS, sizeof *sorted, rounds_ascending);
    return sorted[ROUNDS / 2];
}

static inline void rounds_print(const struct racer *racer, double times[RACERS_MAX][ROUNDS],
                                size_t i, double operations)
{
    double ratios[ROUNDS];
    for (size_t round = 0; round < ROUNDS; round++) {
        ratios[round] = times[i][round] / times[0][round];
    }
    double ratio = rounds_median(ratios);
    printf("    %-34s %9.2f ns", racer->name, rounds_median(times[i]) / operations * 1e9);
    if (i > 0) {
        printf("  %6.2f", ratio);
    }
    if (racer->goal > 0) {
        int met = ratio >= racer->goal;
        goals_looked_at++;
        goals_missed += !met;
        printf("  goal %.1f %s", racer->goal, met ? "met" : "MISSED");
    }
    printf("\n");
}

/* The first racer is ours. laps of each in a round; operations of one lap. */
static inline void race(const char *title, const struct racer *racers, size_t count, void *context,
                        size_t laps, size_t operations)
{
    static double times[RACERS_MAX][ROUNDS];
    uint64_t check = racers[0].lap(context);
    for (size_t round = 0; round <= ROUNDS; round++) {
        for (size_t turn = 0; turn < count; turn++) {
            size_t i = (round + turn) % count;
            double start = race_clock();
            for (size_t lap = 0; lap < laps; lap++) {
                if (racers[i].lap(context) != check) {
                    fprintf(stderr, "%s: %s: another result\n", title, racers[i].name);
                    exit(EXIT_FAILURE);
                }
            }
            if (round > 0) {
                times[i][round - 1] = race_clock() - start;
            }
        }
    }
    printf("%s\n", title);
    for (size_t i = 0; i < count; i++) {
        rounds_print(&racers[i], times, i, (double)laps * (double)operations);
    }
}

static inline int races_end(void)
{
    printf("goals: %u of %u met\n", goals_looked_at - goals_missed, goals_looked_at);
    return EXIT_SUCCESS;
}

#endif
