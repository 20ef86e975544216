/* The scenarios; the last has no name.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_EXPLORE_SCENARIOS_H
#define BITENA_EXPLORE_SCENARIOS_H

#include "explore.h"

extern const struct scenario scenarios[];

#endif
