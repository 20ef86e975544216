/* What is done while the system fails: each scenario makes its arenas, uses them and drops them, in
 * the same order of calls every time. For the fault driver only.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_FAULT_SCENARIOS_H
#define TESTS_FAULT_SCENARIOS_H

#include <stddef.h>

struct scenario {
    const char *name;
    void (*run)(void);
    size_t most; /* positions of the failing call in the short form; 0: all */
};
extern const struct scenario scenarios[];
extern const size_t scenario_count;

#endif
