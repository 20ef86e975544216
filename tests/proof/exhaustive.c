/* Every small case of src/place.h, as compiled and shipped, against an oracle that divides instead
 * of masking, in 128-bit integers, which cannot wrap.
 *
 * The words stay 64 bits wide: all below 2^BITS and all above 2^64 - 2^BITS are taken, together, so
 * that sums and differences are tried below, at and above the wrap. Placing is tried on all
 * (floor <= ceiling, size, align), with every power of two up to 2^(BITS + 1), and with 2^63.
 * It says nothing of the words between: tools/proof does.
 *
 * Usage: exhaustive [BITS], 3 to 7, default 5. Ends at the first difference. PROOF_PLACE names
 * another header to be tried: a planted fault, say.
 * SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#ifndef PROOF_PLACE
#define PROOF_PLACE "place.h"
#endif
#include PROOF_PLACE

#include "../support/wide.h"

static unsigned long long cases;
static size_t words[256], aligns[16];
static size_t word_count, align_count;

static void check(bool same, const char *what, size_t a, size_t b, size_t c, size_t d)
{
    cases++;
    if (!same) {
        (void)printf("exhaustive: %s differs: %#zx %#zx %#zx %#zx\n", what, a, b, c, d);
        exit(1);
    }
}

static void placing(size_t floor, size_t ceiling, size_t size, size_t align)
{
    const uintptr_t untouched = 12345;
    wide first = 0, last = 0;
    bool fits = look_for(floor, ceiling, size, align, &first, &last);
    uintptr_t up = untouched, down = untouched;
    bool placed = place_up(floor, ceiling, size, align, &up);
    check(placed == fits && (wide)up == (fits ? first : untouched), "place_up", floor, ceiling,
          size, align);
    placed = place_down(floor, ceiling, size, align, &down);
    check(placed == fits && (wide)down == (fits ? last : untouched), "place_down", floor, ceiling,
          size, align);
}

static void all_placings(void)
{
    for (size_t f = 0; f < word_count; f++) {
        for (size_t c = f; c < word_count; c++) {
            for (size_t s = 0; s < word_count; s++) {
                for (size_t a = 0; a < align_count; a++) {
                    placing(words[f], words[c], words[s], aligns[a]);
                }
            }
        }
    }
}

/* The bits are counted one by one. */
static void one_word(size_t n)
{
    unsigned bits = 0, highest = 0;
    for (unsigned bit = 0; bit < 64; bit++) {
        if (n >> bit & 1) {
            bits++;
            highest = bit;
        }
    }
    check(is_power_of_two(n) == (bits == 1), "is_power_of_two", n, 0, 0, 0);
    if (n != 0) {
        check(size_class(n) == highest, "size_class", n, 0, 0, 0);
    }
    for (size_t i = 0; i < align_count; i++) {
        size_t align = aligns[i];
        wide multiple = multiple_from(n, align), worst = (wide)n + align - 1;
        check((wide)padding_up(n, align) == multiple - n, "padding_up", n, align, 0, 0);
        if (multiple < beyond) {
            check((wide)round_up(n, align) == multiple, "round_up", n, align, 0, 0);
        }
        check((wide)worst_case(n, align) == (worst < beyond ? worst : beyond - 1), "worst_case", n,
              align, 0, 0);
    }
}

static void two_words(size_t a, size_t b)
{
    wide sum = (wide)a + b;
    check((wide)add_saturating(a, b) == (sum < beyond ? sum : beyond - 1), "add_saturating", a, b,
          0, 0);
    check(smaller(a, b) == (a <= b ? a : b), "smaller", a, b, 0, 0);
    check(larger(a, b) == (a <= b ? b : a), "larger", a, b, 0, 0);
}

static void three_words(size_t a, size_t b, size_t c)
{
    if (b <= c) {
        size_t at_least = a >= b ? a : b;
        check(clamp_size(a, b, c) == (at_least <= c ? at_least : c), "clamp_size", a, b, c, 0);
    }
    if (c != 0) { /* the largest share of which eight per sharer are there */
        size_t got = fair_lease(a, b, c);
        bool within = got <= a && (wide)8 * c * got <= b;
        bool most = got == a || (wide)8 * c * ((wide)got + 1) > b;
        check(within && most, "fair_lease", a, b, c, 0);
    }
}

int main(int argc, char **argv)
{
    int bits = argc > 1 ? atoi(argv[1]) : 5;
    if (bits < 3 || bits > 7) {
        (void)fprintf(stderr, "usage: exhaustive [3 to 7]\n");
        return 2;
    }
    size_t half = (size_t)1 << bits;
    for (size_t i = 0; i < half; i++) {
        words[word_count++] = i;
    }
    for (size_t i = 0; i < half; i++) {
        words[word_count++] = (size_t)0 - half + i;
    }
    for (size_t align = 1; align <= 2 * half; align *= 2) {
        aligns[align_count++] = align;
    }
    aligns[align_count++] = (size_t)1 << 63;
    for (size_t i = 0; i < word_count; i++) {
        one_word(words[i]);
        for (size_t j = 0; j < word_count; j++) {
            two_words(words[i], words[j]);
            for (size_t k = 0; k < word_count; k++) {
                three_words(words[i], words[j], words[k]);
            }
        }
    }
    all_placings();
    (void)printf("exhaustive: %d bits at both ends of the words: %llu cases, none differs\n", bits,
                 cases);
    return 0;
}
