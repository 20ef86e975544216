/* What the functions of src/place.h promise, for all 64-bit words, in ACSL: contracts on
 * declarations that Frama-C joins with the shipped definitions. Included by place.c alone, before
 * src/place.h; holds no code. An axiom here is a fact on 64-bit masks that integer provers cannot
 * find; the file NAME.smt2 beside this one states it on bit vectors, and tools/proof has it proved.
 * SPDX-License-Identifier: MIT */
#ifndef PROOF_CONTRACTS_H
#define PROOF_CONTRACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*@
predicate word(integer n) = 0 <= n <= SIZE_MAX;
predicate power_of_two(integer n) = 0 < n <= SIZE_MAX && (n & (n - 1)) == 0;
// A multiple of a, as remainder.smt2 shows; said by division, provers take long.
predicate aligned(integer p, integer a) = (p & (a - 1)) == 0;

// The bytes from x up to the next multiple of a; the mask that leads down to one.
logic integer up(integer x, integer a) = (uint64_t)(-x) & (a - 1);
predicate clears(integer m, integer a) = power_of_two(a) && m == (uint64_t)~(a - 1);

axiomatic Masks {
axiom up_reaches: \forall integer x, a; word(x) && power_of_two(a) ==>
    0 <= up(x, a) < a && (word(x + up(x, a)) ==> aligned(x + up(x, a), a));
axiom up_nearest: \forall integer x, a, p; word(x) && word(p) && power_of_two(a) ==>
    x <= p && aligned(p, a) ==> up(x, a) <= p - x;
// Said twice: a bitwise and has its operands in either order, and provers find a fact by its shape.
axiom down_reaches: \forall integer m, x, a; word(x) && clears(m, a) ==>
    0 <= (m & x) <= x && x - (m & x) < a && aligned(m & x, a);
axiom down_reaches_swapped: \forall integer x, m, a; word(x) && clears(m, a) ==>
    0 <= (x & m) <= x && x - (x & m) < a && aligned(x & m, a);
axiom down_nearest: \forall integer m, x, a, p; word(x) && word(p) && clears(m, a) ==>
    p <= x && aligned(p, a) ==> p <= (m & x);
axiom down_nearest_swapped: \forall integer x, m, a, p; word(x) && word(p) && clears(m, a) ==>
    p <= x && aligned(p, a) ==> p <= (x & m);
}

// A run that starts at p and lies in [floor, ceiling), aligned.
predicate fits(integer p, integer size, integer a, integer floor, integer ceiling) =
    floor <= p && p + size <= ceiling && aligned(p, a);
*/

/*@ assigns \nothing;
    ensures \result <==> power_of_two(n); */
static inline bool is_power_of_two(size_t n);

/*@ requires power_of_two(align);
    assigns \nothing;
    ensures \result < align && \result == up(address, align);
    ensures word(address + \result) ==> aligned(address + \result, align);
    ensures \forall integer p; address <= p <= SIZE_MAX && aligned(p, align) ==>
                address + \result <= p; */
static inline size_t padding_up(uintptr_t address, size_t align);

/*@ requires floor <= ceiling && power_of_two(align) && \valid(at);
    assigns *at;
    ensures \result ==> fits(*at, size, align, floor, ceiling);
    ensures \result ==> \forall integer p; fits(p, size, align, floor, ceiling) ==> p <= *at;
    ensures \result ==> ceiling - (*at + size) < align;
    ensures !\result ==> *at == \old(*at);
    ensures !\result ==> \forall integer p; !fits(p, size, align, floor, ceiling); */
static inline bool place_down(uintptr_t floor, uintptr_t ceiling, size_t size, size_t align,
                              uintptr_t *at);

/*@ requires floor <= ceiling && power_of_two(align) && \valid(at);
    assigns *at;
    ensures \result ==> fits(*at, size, align, floor, ceiling);
    ensures \result ==> \forall integer p; fits(p, size, align, floor, ceiling) ==> *at <= p;
    ensures \result ==> *at - floor < align;
    ensures !\result ==> *at == \old(*at);
    ensures !\result ==> \forall integer p; !fits(p, size, align, floor, ceiling); */
static inline bool place_up(uintptr_t floor, uintptr_t ceiling, size_t size, size_t align,
                            uintptr_t *at);

/*@ assigns \nothing;
    ensures \result == (a < b ? a : b); */
static inline size_t smaller(size_t a, size_t b);

/*@ assigns \nothing;
    ensures \result == (a > b ? a : b); */
static inline size_t larger(size_t a, size_t b);

/*@ assigns \nothing;
    ensures \result == (a + b <= SIZE_MAX ? a + b : SIZE_MAX); */
static inline size_t add_saturating(size_t a, size_t b);

/*@ requires power_of_two(align);
    assigns \nothing;
    ensures \result == (size + align - 1 <= SIZE_MAX ? size + align - 1 : SIZE_MAX);
    ensures \forall integer start; word(start) && start + \result <= SIZE_MAX ==>
                up(start, align) + size <= \result; */
static inline size_t worst_case(size_t size, size_t align);

// The compiler's builtin, as its manual has it: a premise, not a result.
/*@ requires x != 0;
    assigns \nothing;
    ensures 0 <= \result <= 63;
    ensures (1 << (63 - \result)) <= x < (1 << (64 - \result)); */
int __builtin_clzll(unsigned long long x);

/*@ requires size != 0;
    assigns \nothing;
    ensures \result <= 63 && (1 << \result) <= size < (1 << (\result + 1)); */
static inline unsigned size_class(size_t size);

/*@ requires low <= high;
    assigns \nothing;
    ensures low <= \result <= high;
    ensures low <= n <= high ==> \result == n;
    ensures n < low ==> \result == low;
    ensures n > high ==> \result == high; */
static inline size_t clamp_size(size_t n, size_t low, size_t high);

/*@ requires power_of_two(align) && n + up(n, align) <= SIZE_MAX;
    assigns \nothing;
    ensures n <= \result < n + align && aligned(\result, align);
    ensures \forall integer p; n <= p <= SIZE_MAX && aligned(p, align) ==> \result <= p; */
static inline size_t round_up(size_t n, size_t align);

/*@ requires sharers != 0;
    assigns \nothing;
    ensures \result == \min(grown, remaining / 8 / sharers);
    ensures 8 * sharers * \result <= remaining; */
static inline size_t fair_lease(size_t grown, size_t remaining, size_t sharers);

#endif
