/* Scenarios for the weak machine alone; the last has no name.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_WEAK_SCENARIOS_H
#define BITENA_WEAK_SCENARIOS_H

#include "weak.h"

extern const struct scenario weak_scenarios[];

#endif
