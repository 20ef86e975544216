/* The arithmetic of placing, as pure functions: no memory is read, no atomic, no library.
 * Everything that decides where a run of bytes may stand is decided here, so that proofs and
 * fuzzers include this file alone. Addresses are uintptr_t, sizes size_t, all in bytes. An
 * interval is [floor, ceiling), floor <= ceiling; align is a power of two wherever it is named.
 * Nothing here can wrap: room is compared, never summed.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_PLACE_H
#define BITENA_PLACE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool is_power_of_two(size_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

/* The bytes from address up to the next multiple of align: 0 to align - 1. */
static inline size_t padding_up(uintptr_t address, size_t align)
{
    return (size_t)(0 - address) & (align - 1);
}

/* The highest aligned address at which size bytes fit in the interval. */
static inline bool place_down(uintptr_t floor, uintptr_t ceiling, size_t size, size_t align,
                              uintptr_t *at)
{
    if (size > ceiling - floor) {
        return false;
    }
    uintptr_t place = (ceiling - size) & ~(uintptr_t)(align - 1);
    if (place < floor) {
        return false;
    }
    *at = place;
    return true;
}

/* The lowest aligned address at which size bytes fit in the interval. */
static inline bool place_up(uintptr_t floor, uintptr_t ceiling, size_t size, size_t align,
                            uintptr_t *at)
{
    size_t room = ceiling - floor;
    size_t padding = padding_up(floor, align);
    if (padding > room || size > room - padding) {
        return false;
    }
    *at = floor + padding;
    return true;
}

static inline size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static inline size_t add_saturating(size_t a, size_t b)
{
    return a > SIZE_MAX - b ? SIZE_MAX : a + b;
}

/* Bytes that hold size at any alignment of their start. */
static inline size_t worst_case(size_t size, size_t align)
{
    return add_saturating(size, align - 1);
}

/* floor(log2 size) for size >= 1: the class of a recycled lease. */
static inline unsigned size_class(size_t size)
{
    return (unsigned)(sizeof(unsigned long long) * CHAR_BIT - 1) - (unsigned)__builtin_clzll(size);
}

static inline size_t clamp_size(size_t n, size_t low, size_t high)
{
    return n < low ? low : n > high ? high : n;
}

static inline size_t round_up(size_t n, size_t align)
{
    return n + padding_up(n, align);
}

/* What one thread's next lease may be: what it has grown to, but never more than an eighth of an
 * equal share. */
static inline size_t fair_lease(size_t grown, size_t remaining, size_t sharers)
{
    size_t share = remaining / 8 / sharers;
    return grown < share ? grown : share;
}

#endif
