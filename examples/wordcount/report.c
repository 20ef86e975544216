/*
 * report.c - prints what was counted and, side by side, what it cost on the arena, on malloc with
 * free, and for reading the files alone.
 *
 * Times and memory are medians over the rounds that count; ratios are medians of the ratios within
 * each round, so that a slow moment of the machine meets both sides. They are printed whichever
 * side wins.
 *
 * SPDX-License-Identifier: MIT
 */
#include "wordcount.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DIGITS = 32, GROUP = 3 };

static const double kib_per_mib = 1024.0;

typedef double (*take)(const struct sample *sample);

static double take_milliseconds(const struct sample *sample)
{
    return sample->seconds * 1e3;
}

static double take_free_milliseconds(const struct sample *sample)
{
    return sample->free_seconds * 1e3;
}

static double take_cpu_milliseconds(const struct sample *sample)
{
    return sample->cpu_seconds * 1e3;
}

static double take_peak_mib(const struct sample *sample)
{
    return sample->peak_kib / kib_per_mib;
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, ascending);
    return count % 2 == 1 ? values[count / 2] : (values[count / 2 - 1] + values[count / 2]) / 2.0;
}

static double median_of(const struct measurement *measurement, enum variant variant, take value)
{
    double values[MAX_ROUNDS];
    for (size_t i = 0; i < measurement->rounds; i++) {
        values[i] = value(&measurement->samples[variant][i]);
    }
    return median(values, measurement->rounds);
}

/* How much arena and malloc differ in what they take, less what reading alone takes if asked; 0
   where nothing is left to compare. */
static double ratio_of(const struct measurement *measurement, take value, bool less_reading)
{
    double ratios[MAX_ROUNDS];
    for (size_t i = 0; i < measurement->rounds; i++) {
        double base = less_reading ? value(&measurement->samples[VARIANT_READ][i]) : 0.0;
        double arena = value(&measurement->samples[VARIANT_ARENA][i]) - base;
        double other = value(&measurement->samples[VARIANT_MALLOC][i]) - base;
        ratios[i] = other > 0.0 && arena > 0.0 ? arena / other : 0.0;
    }
    return median(ratios, measurement->rounds);
}

/* 1234567 as 1,234,567. */
static const char *grouped(uint64_t number, char text[static DIGITS])
{
    char plain[DIGITS];
    int length = snprintf(plain, sizeof plain, "%" PRIu64, number);
    char *out = text;
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % GROUP == 0) {
            *out++ = ',';
        }
        *out++ = plain[i];
    }
    *out = '\0';
    return text;
}

static void line(const char *what, const struct measurement *measurement, take value)
{
    printf("  %-24s %12.2f %12.2f %12.2f\n", what, median_of(measurement, VARIANT_ARENA, value),
           median_of(measurement, VARIANT_MALLOC, value),
           median_of(measurement, VARIANT_READ, value));
}

static void spread(const char *what, const struct measurement *measurement, bool highest)
{
    double found[VARIANTS];
    for (size_t variant = 0; variant < VARIANTS; variant++) {
        found[variant] = take_milliseconds(&measurement->samples[variant][0]);
        for (size_t i = 1; i < measurement->rounds; i++) {
            double time = take_milliseconds(&measurement->samples[variant][i]);
            bool better = highest ? time > found[variant] : time < found[variant];
            found[variant] = better ? time : found[variant];
        }
    }
    printf("  %-24s %12.2f %12.2f %12.2f\n", what, found[VARIANT_ARENA], found[VARIANT_MALLOC],
           found[VARIANT_READ]);
}

static void verdict(const char *what, double ratio)
{
    if (ratio <= 0.0) {
        printf("  %-24s too little to compare\n", what);
        return;
    }
    double percent = (ratio - 1.0) * 100.0;
    printf("  %-24s arena / malloc = %.3f, so the arena takes %.1f %% %s\n", what, ratio,
           percent < 0.0 ? -percent : percent, percent < 0.0 ? "less" : "more");
}

static void report_words(const struct outcome *outcome)
{
    char count[DIGITS];
    char files[DIGITS];
    printf("\n  %14s %10s  word\n", "count", "in files");
    for (size_t i = 0; i < outcome->top_count; i++) {
        const struct top_word *word = &outcome->top[i];
        printf("  %14s %10s  %s%s\n", grouped(word->count, count), grouped(word->files, files),
               word->text, strlen(word->text) == TOP_TEXT_BYTES - 1 ? "..." : "");
    }
}

static void report_totals(const struct texts *texts, size_t threads, const struct outcome *outcome)
{
    char text[DIGITS];
    printf("\ntotals, %zu threads\n", threads);
    printf("  files          %14s\n", grouped(outcome->files, text));
    printf("  bytes          %14s\n", grouped(outcome->bytes, text));
    printf("  words          %14s\n", grouped(outcome->words, text));
    printf("  distinct words %14s\n", grouped(outcome->distinct, text));
    printf("  left out: %zu binary or compressed, %zu over the size limit, %" PRIu64
           " unreadable\n",
           texts->binary, texts->over_limit, texts->unreadable + outcome->unreadable);
}

static void report_arena(const struct outcome *outcome)
{
    char text[DIGITS];
    printf("\nthe shared arena, when all words are in\n");
    printf("  bitena_capacity  %16s bytes\n", grouped(outcome->arena_capacity, text));
    printf("  bitena_used      %16s bytes\n", grouped(outcome->arena_used, text));
    printf("  bitena_remaining %16s bytes\n", grouped(outcome->arena_remaining, text));
    printf("  asked for words  %16s bytes, the hash table's buckets apart\n",
           grouped(outcome->cost.asked_bytes, text));
    printf("  inserted twice at the same moment: %" PRIu64 " words\n", outcome->cost.lost);
}

static void report_check(const struct measurement *measurement, size_t changed)
{
    if (measurement->same) {
        printf("\nverified: every run found the same totals, words and counts\n");
    } else if (changed > 0) {
        printf("\nNOT COMPARABLE: %zu files changed while they were counted; run it again\n",
               changed);
    } else {
        printf("\nWRONG: the runs did not find the same words\n");
    }
}

void report(const struct texts *texts, size_t threads, size_t changed,
            const struct measurement *measurement)
{
    const struct outcome *outcome = &measurement->outcomes[VARIANT_ARENA];
    report_words(outcome);
    report_totals(texts, threads, outcome);
    report_arena(outcome);
    printf("\nthe same program, medians of %zu interleaved round%s (one more was dropped)\n",
           measurement->rounds, measurement->rounds == 1 ? "" : "s");
    printf("  %-24s %12s %12s %12s\n", "", "arena", "malloc+free", "only reading");
    line("time, ms", measurement, take_milliseconds);
    spread("  lowest", measurement, false);
    spread("  highest", measurement, true);
    line("  giving back, ms", measurement, take_free_milliseconds);
    line("processor time, ms", measurement, take_cpu_milliseconds);
    line("peak memory, MiB", measurement, take_peak_mib);
    printf("\n");
    verdict("time", ratio_of(measurement, take_milliseconds, false));
    verdict("peak memory", ratio_of(measurement, take_peak_mib, false));
    verdict("  beyond reading", ratio_of(measurement, take_peak_mib, true));
    report_check(measurement, changed);
}
