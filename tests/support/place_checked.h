/* src/place.h whose functions assert what they demand of their callers: the compiler is told to
 * include it before every source of the library where AddressSanitizer is on, so all that runs
 * there keeps the preconditions on which the proof of these functions rests. It checks no result.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_PLACE_CHECKED_H
#define BITENA_PLACE_CHECKED_H

#include <assert.h>

#include "place.h"

static inline size_t checked_padding_up(uintptr_t address, size_t align)
{
    assert(is_power_of_two(align));
    return padding_up(address, align);
}

static inline bool checked_place_down(uintptr_t floor, uintptr_t ceiling, size_t size, size_t align,
                                      uintptr_t *at)
{
    assert(floor <= ceiling && is_power_of_two(align));
    return place_down(floor, ceiling, size, align, at);
}

static inline bool checked_place_up(uintptr_t floor, uintptr_t ceiling, size_t size, size_t align,
                                    uintptr_t *at)
{
    assert(floor <= ceiling && is_power_of_two(align));
    return place_up(floor, ceiling, size, align, at);
}

static inline size_t checked_worst_case(size_t size, size_t align)
{
    assert(is_power_of_two(align));
    return worst_case(size, align);
}

static inline unsigned checked_size_class(size_t size)
{
    assert(size >= 1);
    return size_class(size);
}

static inline size_t checked_round_up(size_t n, size_t align)
{
    assert(is_power_of_two(align) && n <= SIZE_MAX - (align - 1));
    return round_up(n, align);
}

static inline size_t checked_fair_lease(size_t grown, size_t remaining, size_t sharers)
{
    assert(sharers >= 1);
    return fair_lease(grown, remaining, sharers);
}

static inline size_t checked_clamp_size(size_t n, size_t low, size_t high)
{
    assert(low <= high);
    return clamp_size(n, low, high);
}

#define padding_up checked_padding_up
#define place_down checked_place_down
#define place_up   checked_place_up
#define worst_case checked_worst_case
#define size_class checked_size_class
#define round_up   checked_round_up
#define fair_lease checked_fair_lease
#define clamp_size checked_clamp_size

#endif
