/* Tests the planted library, but for one case; see planted.c.
 * SPDX-License-Identifier: MIT */
#include <planted.h>

int main(void)
{
    bool full = planted_full(4, 3) && planted_full(9, 3) && !planted_full(2, 3);
    bool step = planted_step(0, 4) == 4 && planted_step(0, 3) == 4 && planted_step(1, 20) == 7 &&
                planted_step(5, 5) == 5 && planted_step(6, 5) == 6 && planted_step(0, 20) == 20 &&
                planted_step(7, 9) == 7;
    return full && step && planted_calls == 7 ? 0 : 1;
}
