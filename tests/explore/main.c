/* Usage: explore [--preemptions N] [--spurious N] [--seconds N] [--merge 0] [--every 1]
 * [scenario...]
 * Walks the named scenarios, or all. The last line of each says what was shown; exit status 1:
 * a fault was found, with its schedule. -1: no bound of preemptions.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explore.h"
#include "scenarios.h"

static bool is_wanted(const char *name, char **names, int count)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return count == 0;
}

static int walk(const struct scenario *scenario, const struct limits *limits)
{
    struct outcome o = explore(scenario, limits);
    char bound[32] = "no bound of preemptions";
    if (limits->preemptions >= 0) {
        (void)snprintf(bound, sizeof bound, "%d preemptions", limits->preemptions);
    }
    printf("%s: %s; %s, %d spurious: %llu schedules, %llu states, %llu ends, %zu steps at most, "
           "%u meetings, %s\n",
           scenario->name, scenario->what, bound, limits->spurious, (unsigned long long)o.runs,
           (unsigned long long)o.states, (unsigned long long)o.ends, o.longest, o.meetings,
           o.fault       ? "FAULT"
           : o.exhausted ? "exhaustive"
                         : "NOT exhaustive: out of time");
    if (o.fault) {
        printf("%s: %s, by", scenario->name, o.fault);
        explore_print_schedule();
    }
    (void)fflush(stdout);
    return o.fault ? 1 : 0;
}

int main(int argc, char **argv)
{
    struct limits limits = {-1, 1, 60, true, false};
    int first = 1, found = 0, walked = 0;
    for (; first + 1 < argc && argv[first][0] == '-'; first += 2) {
        int value = atoi(argv[first + 1]);
        if (strcmp(argv[first], "--preemptions") == 0) {
            limits.preemptions = value;
        } else if (strcmp(argv[first], "--spurious") == 0) {
            limits.spurious = value;
        } else if (strcmp(argv[first], "--merge") == 0) {
            limits.merge = value != 0;
        } else if (strcmp(argv[first], "--every") == 0) {
            limits.every = value != 0;
        } else {
            limits.seconds = value;
        }
    }
    explore_identities();
    for (const struct scenario *const *theme = scenario_themes; *theme; theme++) {
        for (const struct scenario *s = *theme; s->name; s++) {
            if (is_wanted(s->name, argv + first, argc - first)) {
                found |= walk(s, &limits);
                walked++;
            }
        }
    }
    if (walked == 0) {
        fprintf(stderr, "explore: no such scenario\n");
        return 2;
    }
    return found;
}
