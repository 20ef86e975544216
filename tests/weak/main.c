/* Usage: weak [--seeds N] [--first SEED] SCENARIO...
 *        weak --litmus N
 * Runs each named scenario ("all": every one; "core": those without a module; "map*": those that
 * begin so) by N seeds, in turns of a hundred, until a fault is found: exit status 1, and the seed
 * that repeats it. --litmus: every small program of litmus.c, whose outcome must be seen, or must
 * not.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explore/scenarios.h"
#include "litmus.h"
#include "weak.h"
#include "weak_scenarios.h"

enum { TURN = 100, MOST = 128 };

/* Kept on the stack: a run restores the program's static data. */
struct wanted {
    const struct scenario *list[MOST];
    size_t count;
};

static bool is_named(const char *scenario, const char *name)
{
    size_t length = strlen(name);
    return strcmp(name, "all") == 0 || strcmp(name, scenario) == 0 ||
           (name[length - 1] == '*' && strncmp(name, scenario, length - 1) == 0);
}

static void want(struct wanted *wanted, const struct scenario *list, const char *name)
{
    bool of_core = list != scenarios_modules && list != scenarios_map && list != weak_modules;
    name = of_core && strcmp(name, "core") == 0 ? "all" : name;
    for (; list->name; list++) {
        if (is_named(list->name, name)) {
            if (wanted->count == MOST) {
                fprintf(stderr, "weak: too many scenarios\n");
                abort();
            }
            wanted->list[wanted->count++] = list;
        }
    }
}

static int run_all(const struct wanted *wanted, uint64_t first, uint64_t seeds)
{
    for (uint64_t from = 0; from < seeds; from += TURN) {
        for (size_t i = 0; i < wanted->count; i++) {
            for (uint64_t s = from; s < from + TURN && s < seeds; s++) {
                const char *fault = weak_run(wanted->list[i], first + s);
                if (fault) {
                    printf("FAULT %s: %s (seed %llu)\n", wanted->list[i]->name, fault,
                           (unsigned long long)(first + s));
                    return 1;
                }
            }
        }
    }
    printf("no fault: %zu scenarios, %llu seeds each from %llu on\n", wanted->count,
           (unsigned long long)seeds, (unsigned long long)first);
    return 0;
}

static int run_litmus(uint64_t seeds)
{
    int wrong = 0;
    for (const struct litmus *l = litmus; l->scenario.name; l++) {
        uint64_t seen = 0;
        for (uint64_t s = 1; s <= seeds; s++) {
            seen += weak_run(&l->scenario, s) != NULL;
        }
        bool right = (seen != 0) == l->allowed;
        wrong += !right;
        printf("litmus %s: %s: %s, seen by %llu of %llu seeds%s\n", l->scenario.name,
               l->scenario.what, l->allowed ? "allowed" : "forbidden", (unsigned long long)seen,
               (unsigned long long)seeds, right ? "" : ": WRONG");
    }
    return wrong != 0;
}

int main(int argc, char **argv)
{
    uint64_t seeds = 1000, first = 1;
    struct wanted wanted = {.count = 0};
    int i = 1;
    weak_prepare();
    for (; i + 1 < argc && argv[i][0] == '-'; i += 2) {
        uint64_t value = strtoull(argv[i + 1], NULL, 0);
        if (strcmp(argv[i], "--litmus") == 0) {
            return run_litmus(value);
        }
        *(strcmp(argv[i], "--first") == 0 ? &first : &seeds) = value;
    }
    for (; i < argc; i++) {
        for (const struct scenario *const *theme = scenario_themes; *theme; theme++) {
            want(&wanted, *theme, argv[i]);
        }
        want(&wanted, weak_scenarios, argv[i]);
        want(&wanted, weak_modules, argv[i]);
    }
    if (wanted.count == 0) {
        fprintf(stderr, "weak: no such scenario\n");
        return 2;
    }
    return run_all(&wanted, first, seeds);
}
