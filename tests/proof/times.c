/* The public header's checked multiplication, proved by Frama-C: exact, or SIZE_MAX where the
 * product is more than PTRDIFF_MAX. Nothing else of the header is looked at. Run by tools/proof.
 * SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <stdint.h>

/*@ assigns \nothing;
    ensures count * size <= PTRDIFF_MAX ==> \result == count * size;
    ensures count * size > PTRDIFF_MAX ==> \result == SIZE_MAX; */
static inline __attribute__((always_inline, unused)) size_t bitena_times_(size_t count,
                                                                          size_t size);

#include <bitena.h>
