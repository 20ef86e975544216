/* What the planted library offers; for selftest.py only, no part of Bitena.
 * SPDX-License-Identifier: MIT */
#ifndef PLANTED_H
#define PLANTED_H

#include <stdbool.h>

extern int planted_calls;
bool planted_full(int n, int most);
int planted_step(int n, int most);

#endif
