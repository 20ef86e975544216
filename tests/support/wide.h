/* The oracle of placing: 128-bit integers, which cannot wrap, and division where the library
 * masks. Included by tests/proof/exhaustive.c and the fuzz target of the arithmetic; knows nothing
 * of the library.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_WIDE_H
#define TESTS_WIDE_H

#include <stdbool.h>
#include <stddef.h>

__extension__ typedef unsigned __int128 wide;

static const wide beyond = (wide)1 << 64; /* the first number that is no word */

/* The first multiple of align at or above n: the plain way. */
static inline wide multiple_from(size_t n, size_t align)
{
    wide multiple = (wide)n / align * align;
    return multiple < n ? multiple + align : multiple;
}

/* First and last place where the run fits, false: none. Division only, no masks. */
static inline bool look_for(size_t floor, size_t ceiling, size_t size, size_t align, wide *first,
                            wide *last)
{
    *first = multiple_from(floor, align);
    if (*first + size > ceiling) {
        return false;
    }
    *last = ((wide)ceiling - size) / align * align;
    return true;
}

/* A sum or product as the library must say it. */
static inline size_t saturated(wide n)
{
    return (size_t)(n < beyond ? n : beyond - 1);
}

#endif
