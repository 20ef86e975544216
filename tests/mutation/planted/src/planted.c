/* A small library with a known number of mutants. Its test forgets one case on purpose: n == most in
 * planted_full, so that one mutant survives. Not an example of anything.
 * SPDX-License-Identifier: MIT */
#include <planted.h>

#define COUNT_CALL(counter) \
    do {                    \
        (counter)++;        \
    } while (0)

int planted_calls;

bool planted_full(int n, int most)
{
    return n >= most;
}

int planted_step(int n, int most)
{
    COUNT_CALL(planted_calls);
    while (n < most && /* as far as it goes */
           n != 7) {
        n += 2;
    }
    return n;
}
