/* Small programs that show what the weak machine allows and what it forbids.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_WEAK_LITMUS_H
#define BITENA_WEAK_LITMUS_H

#include "weak.h"

struct litmus {
    struct scenario scenario; /* its end, or a race, faults: the outcome was seen */
    bool allowed;             /* it must be seen; else it must not */
};
extern const struct litmus litmus[]; /* the last has no name */

#endif
