/* All themes.
 * SPDX-License-Identifier: MIT */
#include "scenarios.h"

#include <stddef.h>

const struct scenario *const scenario_themes[] = {scenarios_pool,
                                                  scenarios_child,
                                                  scenarios_thread,
                                                  scenarios_verbs,
                                                  scenarios_modules,
                                                  scenarios_map,
                                                  NULL};
