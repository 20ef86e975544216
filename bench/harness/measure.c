/*
 * measure.c - the clock, the passes of one process, and what the process weighs.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

double now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

void measure(struct result *result, size_t passes, bench_pass *pass, void *context)
{
    double times[MAX_PASSES];
    double first = pass(context);
    size_t count = passes < MAX_PASSES ? passes : MAX_PASSES;
    for (size_t i = 0; i < count; i++) {
        times[i] = pass(context);
    }
    if (count == 0) {
        times[count++] = first;
    }
    qsort(times, count, sizeof *times, ascending);
    double middle =
        count % 2 == 1 ? times[count / 2] : (times[count / 2 - 1] + times[count / 2]) / 2.0;
    double operations = (double)(result->operations == 0 ? 1 : result->operations);
    result->ns = middle / operations;
    result->low = times[0] / operations;
    result->high = times[count - 1] / operations;
}

size_t resident_bytes(void)
{
    char line[256];
    size_t total = 0;
    FILE *file = fopen("/proc/self/smaps_rollup", "r");
    if (file == NULL) {
        return 0;
    }
    while (fgets(line, sizeof line, file) != NULL) {
        size_t kib = 0;
        if (sscanf(line, "Private_Clean: %zu", &kib) == 1 ||
            sscanf(line, "Private_Dirty: %zu", &kib) == 1) {
            total += kib * 1024;
        }
    }
    fclose(file);
    return total;
}

void no_huge_pages(void)
{
    if (prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0) != 0) {
        die("cannot switch huge pages off");
    }
}
