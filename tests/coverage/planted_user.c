/* The other file of selftest.py's example, which uses the macro and is not looked at itself.
 * SPDX-License-Identifier: MIT */
#include "planted.h"

PLANTED_MAKES(first)
PLANTED_MAKES(second)

static int not_looked_at(int a)
{
    return a > 3 ? 1 : 0;
}

int planted_user(void)
{
    return first_of(0) + first_whole(1) + second_of(1) + not_looked_at(2);
}
