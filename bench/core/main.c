/*
 * main.c - bench_core: the speed of the core against a bare bump and one compare-and-swap each.
 *
 *     bench_core [--quick] [--rounds N] [--json FILE] [--strict]
 *
 * The last line says how many goals were met. Exit status: 0, whatever was met; with --strict 1 if
 * a goal was missed; 2 for bad arguments or a file that cannot be written.
 * SPDX-License-Identifier: MIT
 */
#include "core.h"

#include <stdlib.h>
#include <string.h>

enum { USAGE_STATUS = 2 };

static const struct pace full_pace = {.rounds = 31, .passes = 7, .objects = 65536, .cycles = 8192};
static const struct pace quick_pace = {
    .rounds = MIN_ROUNDS, .passes = 3, .objects = 32768, .cycles = 2048};

struct request {
    struct pace pace;
    const char *json; /* NULL: none */
    bool strict;
    bool help;
};

static void usage(FILE *stream)
{
    fprintf(stream,
            "usage: bench_core [--quick] [--rounds N] [--json FILE] [--strict]\n"
            "  --quick      fewer and shorter rounds\n"
            "  --rounds N   %d to %d rounds (after --quick, if both are given)\n"
            "  --json FILE  all figures, round by round\n"
            "  --strict     exit status 1 if a goal is missed\n",
            MIN_ROUNDS, MAX_ROUNDS);
}

static bool parse_rounds(const char *text, size_t *rounds)
{
    char *end = NULL;
    long value = text == NULL ? 0 : strtol(text, &end, 10);
    if (end == NULL || *end != '\0' || value < MIN_ROUNDS || value > MAX_ROUNDS) {
        return false;
    }
    *rounds = (size_t)value;
    return true;
}

static bool parse(int argc, char **argv, struct request *request)
{
    for (int i = 1; i < argc; i++) {
        const char *option = argv[i];
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        bool good = true;
        if (strcmp(option, "--quick") == 0) {
            request->pace = quick_pace;
        } else if (strcmp(option, "--strict") == 0) {
            request->strict = true;
        } else if (strcmp(option, "--help") == 0) {
            request->help = true;
        } else if (strcmp(option, "--rounds") == 0) {
            good = parse_rounds(value, &request->pace.rounds);
            i++;
        } else if (strcmp(option, "--json") == 0) {
            request->json = value;
            good = value != NULL;
            i++;
        } else {
            good = false;
        }
        if (!good) {
            fprintf(stderr, "bench_core: %s: unknown, or what follows is missing or out of range\n",
                    option);
            return false;
        }
    }
    return true;
}

static void introduce(const struct samples *samples)
{
    const struct pace *pace = &samples->pace;
    printf(
        "bench_core: %zu interleaved rounds, median of %zu passes each, %zu objects per thread\n",
        pace->rounds, pace->passes, pace->objects);
    printf("%d processor%s, ", samples->processors, samples->processors == 1 ? "" : "s");
    if (samples->cpus[0] >= 0) {
        printf("threads pinned to %d and %d; ", samples->cpus[0], samples->cpus[1]);
    } else {
        printf("threads not pinned; ");
    }
    printf("compiler %s\n\n", __VERSION__);
}

int main(int argc, char **argv)
{
    static struct samples samples;
    struct request request = {.pace = full_pace};
    if (!parse(argc, argv, &request)) {
        usage(stderr);
        return USAGE_STATUS;
    }
    if (request.help) {
        usage(stdout);
        return EXIT_SUCCESS;
    }
    FILE *json = request.json == NULL ? NULL : fopen(request.json, "w");
    if (request.json != NULL && json == NULL) {
        fprintf(stderr, "bench_core: ");
        perror(request.json);
        return USAGE_STATUS;
    }
    samples.pace = request.pace;
    run_all(&samples);
    introduce(&samples);
    report_cases(&samples);
    if (json != NULL) {
        write_json(&samples, json);
        if (fclose(json) != 0) {
            perror("bench_core: the JSON file is incomplete");
            return USAGE_STATUS;
        }
    }
    unsigned missed = report_goals(&samples);
    return request.strict && missed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
