/* Breaks a precondition of the arithmetic, as a caller with a fault would: an interval that ends
 * before it begins. Passes when that is found, by the assertions of support/place_checked.h, which
 * the compiler is told to include first.
 * SPDX-License-Identifier: MIT */
#include <signal.h>
#include <stdlib.h>

#include "place.h"

static void found(int signal_number)
{
    (void)signal_number;
    _Exit(0);
}

int main(void)
{
    uintptr_t at = 0;
    (void)signal(SIGABRT, found);
    (void)place_down(8192, 4096, 16, 8, &at);
    return 1;
}
