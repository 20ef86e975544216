/* Scenarios for the weak machine alone; the last of each list has no name.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_WEAK_SCENARIOS_H
#define BITENA_WEAK_SCENARIOS_H

#include "weak.h"

extern const struct scenario weak_scenarios[]; /* of the core */
extern const struct scenario weak_modules[];

#endif
