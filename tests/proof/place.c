/* What Frama-C proves: the functions of src/place.h as shipped, under contracts.h, and below what
 * follows when they are used one after another. Never compiled into a program; run by tools/proof.
 * SPDX-License-Identifier: MIT */
#include "contracts.h"

#include "place.h"

/* The two ends of an interval, as a lease hands them out: each run is cut off the interval, so no
 * later one can meet it, nor what lies beyond the floor and the ceiling. */
/*@ requires floor <= ceiling && power_of_two(align_low) && power_of_two(align_high);
    requires \valid(low) && \valid(high) && \separated(low, high);
    assigns *low, *high;
    ensures \result ==> floor <= *low && *low + size_low <= *high && *high + size_high <= ceiling;
    ensures \result ==> aligned(*low, align_low) && aligned(*high, align_high); */
bool both_ends(uintptr_t floor, uintptr_t ceiling, size_t size_low, size_t align_low,
               size_t size_high, size_t align_high, uintptr_t *low, uintptr_t *high)
{
    if (!place_up(floor, ceiling, size_low, align_low, low)) {
        return false;
    }
    return place_down(*low + size_low, ceiling, size_high, align_high, high);
}

/* Two runs downward: the second ends where the first begins, or below. */
/*@ requires floor <= ceiling && power_of_two(align_first) && power_of_two(align_second);
    requires \valid(first) && \valid(second) && \separated(first, second);
    assigns *first, *second;
    ensures \result ==> floor <= *second && *second + size_second <= *first
                     && *first + size_first <= ceiling; */
bool one_below_another(uintptr_t floor, uintptr_t ceiling, size_t size_first, size_t align_first,
                       size_t size_second, size_t align_second, uintptr_t *first, uintptr_t *second)
{
    return place_down(floor, ceiling, size_first, align_first, first) &&
           place_down(floor, *first, size_second, align_second, second);
}

/* A span of worst_case bytes holds the request, wherever it starts. */
/*@ requires power_of_two(align) && size + align - 1 < SIZE_MAX && \valid(at);
    requires start + (size + align - 1) <= SIZE_MAX;
    assigns *at;
    ensures \result; */
bool worst_case_is_enough(uintptr_t start, size_t size, size_t align, uintptr_t *at)
{
    uintptr_t end = start + worst_case(size, align);
    //@ assert fits(start + up(start, align), size, align, start, end);
    return place_up(start, end, size, align, at);
}
