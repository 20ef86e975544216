/* Links: distances of 32 bits from a base to anything else in its arena, in units of a power of two.
 * Half of a pointer, and room beside it in one word for a tag. Included by modules, not installed.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_LINK_H
#define BITENA_LINK_H

#include <bitena.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 0: to nothing, since it would be to the base itself. */
typedef uint32_t bitena_link_;

/* The logarithm of a unit by which links reach through the whole block, at least `least`. */
BITENA_INLINE_ unsigned bitena_link_bits_(const bitena *arena, unsigned least)
{
    while ((bitena_capacity(arena) - 1) >> least > INT32_MAX) {
        least++;
    }
    return least;
}

/* What the link, not 0, leads to. */
BITENA_INLINE_ void *bitena_link_end_(const void *base, bitena_link_ link, unsigned bits)
{
    return (void *)((uintptr_t)base + ((uintptr_t)(intptr_t)(int32_t)link << bits));
}

/* To an end whole units away. */
BITENA_INLINE_ bitena_link_ bitena_link_to_(const void *base, const void *end, unsigned bits)
{
    return (bitena_link_)(((uintptr_t)end - (uintptr_t)base) >> bits);
}

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
