/* The scenarios by theme; each row of arrays, and the row of themes, ends with an empty one.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_EXPLORE_SCENARIOS_H
#define BITENA_EXPLORE_SCENARIOS_H

#include "explore.h"

extern const struct scenario scenarios_pool[], scenarios_child[], scenarios_thread[],
    scenarios_verbs[], scenarios_modules[], scenarios_map[];
extern const struct scenario *const scenario_themes[];

#endif
