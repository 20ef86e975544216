/*
 * report.c - medians, the goals, and the same as JSON.
 *
 * A case's figure is the median over the rounds, with the lowest and highest beside it. A goal is
 * judged by the median of the ratios within each round; the ratio of the lowest times stands beside
 * it and judges nothing: the two part where other work slowed the processor's cores meanwhile.
 * Goals that need two threads at once are not judged where there is one processor only.
 *
 * SPDX-License-Identifier: MIT
 */
#include "core.h"

#include <stdlib.h>
#include <string.h>

enum goal_kind {
    GOAL_FASTER, /* rival's time / this time, at least the limit */
    GOAL_WITHIN, /* this time / rival's time, at most the limit */
    GOAL_BELOW   /* nanoseconds, at most the limit */
};

struct goal {
    const char *text;
    enum goal_kind kind;
    enum case_id subject;
    enum case_id rival;
    double limit;
};

static const struct goal goals[] = {
    {"owner against one CAS per object", GOAL_FASTER, CASE_OWNER, CASE_CAS, 4.0},
    {"child against one CAS per object", GOAL_FASTER, CASE_CHILD, CASE_CAS, 4.0},
    {"two threads, owner and another, against two with CAS", GOAL_FASTER, CASE_TWO_SHARED,
     CASE_TWO_CAS, 4.0},
    {"two threads that do not own it, against two with CAS", GOAL_FASTER, CASE_TWO_STRANGERS,
     CASE_TWO_CAS, 4.0},
    {"two threads with a child each, against two with CAS", GOAL_FASTER, CASE_TWO_CHILDREN,
     CASE_TWO_CAS, 8.0},
    {"owner's time over the bare bump's", GOAL_WITHIN, CASE_OWNER, CASE_BUMP, 1.25},
    {"child's time over the bare bump's", GOAL_WITHIN, CASE_CHILD, CASE_BUMP, 1.25},
    {"owner slowed by a second allocating thread", GOAL_WITHIN, CASE_OWNER_BESIDE, CASE_OWNER,
     1.25},
    {"child: create, ten objects, drop, ns", GOAL_BELOW, CASE_CHILD_LIFE, CASE_CHILD_LIFE, 80.0},
};

enum { GOALS = sizeof goals / sizeof goals[0] };

/* A bare bump whose median is that much above its low had company on its processor. */
static const double busy_factor = 1.2;

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left;
    double b = *(const double *)right;
    return (a > b) - (a < b);
}

double median(const double *values, size_t count)
{
    double sorted[MAX_ROUNDS];
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, ascending);
    return count % 2 == 1 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2.0;
}

static double extreme(const double *values, size_t count, bool highest)
{
    double found = values[0];
    for (size_t i = 1; i < count; i++) {
        if (highest ? values[i] > found : values[i] < found) {
            found = values[i];
        }
    }
    return found;
}

/* What the goal limits, from the times of its subject and its rival. */
static double figure(const struct goal *goal, double subject, double rival)
{
    switch (goal->kind) {
    case GOAL_FASTER:
        return rival / subject;
    case GOAL_WITHIN:
        return subject / rival;
    case GOAL_BELOW:
        break;
    }
    return subject;
}

/* Its median over the rounds. */
static double measured(const struct samples *samples, const struct goal *goal)
{
    double values[MAX_ROUNDS];
    for (size_t i = 0; i < samples->pace.rounds; i++) {
        values[i] = figure(goal, samples->nanoseconds[goal->subject][i],
                           samples->nanoseconds[goal->rival][i]);
    }
    return median(values, samples->pace.rounds);
}

static double measured_of_lows(const struct samples *samples, const struct goal *goal)
{
    size_t rounds = samples->pace.rounds;
    return figure(goal, extreme(samples->nanoseconds[goal->subject], rounds, false),
                  extreme(samples->nanoseconds[goal->rival], rounds, false));
}

static bool is_judged(const struct samples *samples, const struct goal *goal)
{
    return samples->processors > 1 || bench_cases[goal->subject].threads == 1;
}

static bool is_met(const struct goal *goal, double value)
{
    return goal->kind == GOAL_FASTER ? value >= goal->limit : value <= goal->limit;
}

void report_cases(const struct samples *samples)
{
    size_t rounds = samples->pace.rounds;
    printf("  %-42s %7s %9s %9s %9s\n", "ns per 16-byte object, all threads together", "threads",
           "median", "low", "high");
    for (size_t i = 0; i < CASES; i++) {
        const struct bench_case *bench = &bench_cases[i];
        const double *values = samples->nanoseconds[i];
        if (i > 0 && bench->cycles && !bench_cases[i - 1].cycles) {
            printf("  ns per cycle of %d objects\n", OBJECTS_PER_CYCLE);
        }
        printf("  %-44s %5u %9.3f %9.3f %9.3f\n", bench->title, bench->threads,
               median(values, rounds), extreme(values, rounds, false),
               extreme(values, rounds, true));
    }
    const double *bump = samples->nanoseconds[CASE_BUMP];
    double slowed = median(bump, rounds) / extreme(bump, rounds, false);
    if (slowed > busy_factor) {
        printf("  note: the machine was busy: the bare bump took %.2f times its lowest time\n",
               slowed);
    }
}

unsigned report_goals(const struct samples *samples)
{
    unsigned met = 0;
    unsigned judged = 0;
    printf("\n  goals: medians of the ratios within each round (and the ratios of the lows)\n");
    for (size_t i = 0; i < GOALS; i++) {
        const struct goal *goal = &goals[i];
        double value = measured(samples, goal);
        const char *verdict = "----";
        if (is_judged(samples, goal)) {
            judged++;
            met += is_met(goal, value);
            verdict = is_met(goal, value) ? "PASS" : "FAIL";
        }
        printf("  %s  %-54s %6.2f (%6.2f)  at %s %g\n", verdict, goal->text, value,
               measured_of_lows(samples, goal), goal->kind == GOAL_FASTER ? "least" : "most",
               goal->limit);
    }
    if (judged < GOALS) {
        printf("  ----  not judged: two threads need two processors\n");
    }
    printf("%u of %u goals met\n", met, judged);
    return judged - met;
}

static void write_case(const struct samples *samples, size_t id, FILE *stream)
{
    const double *values = samples->nanoseconds[id];
    size_t rounds = samples->pace.rounds;
    fprintf(stream, "    {\"key\": \"%s\", \"threads\": %u, \"unit\": \"ns per %s\",\n",
            bench_cases[id].key, bench_cases[id].threads,
            bench_cases[id].cycles ? "cycle" : "object");
    fprintf(stream, "     \"median\": %.4f, \"low\": %.4f, \"high\": %.4f,\n     \"rounds\": [",
            median(values, rounds), extreme(values, rounds, false), extreme(values, rounds, true));
    for (size_t i = 0; i < rounds; i++) {
        fprintf(stream, "%s%.4f", i > 0 ? ", " : "", values[i]);
    }
    fprintf(stream, "]}");
}

void write_json(const struct samples *samples, FILE *stream)
{
    const struct pace *pace = &samples->pace;
    fprintf(stream, "{\n  \"bench\": \"core\", \"compiler\": \"%s\", \"processors\": %d,\n",
            __VERSION__, samples->processors);
    fprintf(stream, "  \"cpus\": [%d, %d], \"rounds\": %zu, \"passes\": %zu,\n", samples->cpus[0],
            samples->cpus[1], pace->rounds, pace->passes);
    fprintf(stream, "  \"objects\": %zu, \"object_bytes\": %zu, \"cycles\": %zu,\n", pace->objects,
            sizeof(struct pair), pace->cycles);
    fprintf(stream, "  \"cases\": [\n");
    for (size_t i = 0; i < CASES; i++) {
        write_case(samples, i, stream);
        fprintf(stream, "%s\n", i + 1 < CASES ? "," : "");
    }
    fprintf(stream, "  ],\n  \"goals\": [\n");
    for (size_t i = 0; i < GOALS; i++) {
        const struct goal *goal = &goals[i];
        double value = measured(samples, goal);
        bool judged = is_judged(samples, goal);
        bool met = is_met(goal, value);
        fprintf(stream, "    {\"text\": \"%s\", \"value\": %.4f, \"of_lows\": %.4f,\n", goal->text,
                value, measured_of_lows(samples, goal));
        fprintf(stream, "     \"%s\": %g, \"met\": %s}%s\n",
                goal->kind == GOAL_FASTER ? "at_least" : "at_most", goal->limit,
                judged ? (met ? "true" : "false") : "null", i + 1 < GOALS ? "," : "");
    }
    fprintf(stream, "  ]\n}\n");
}
