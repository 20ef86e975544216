/* Hash: any bytes to 64 bits under a secret seed, for tables that strangers fill: who does not know
 * the seed cannot choose keys that collide, nor that share more first bits than chance gives them.
 *
 * Keys of at most 16 bytes, most words, by pairs multiplied and shifted, which is strongly universal:
 * any two keys' hashes are as independent as random ones (M. Thorup, "High Speed Hashing for Integers
 * and Strings", 2015, on vectors). Longer keys by SipHash-1-3, a pseudo-random function (J.-P.
 * Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF", INDOCRYPT 2012). Keep hashes to
 * yourself: from those of short keys the seed's words can be worked out, and nothing is signed by
 * them. Equal on every machine.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_HASH_H
#define BITENA_HASH_H

#include <bitena.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bitena_hash_seed {
    uint64_t words[2];
} bitena_hash_seed;

/* A seed made ready. */
typedef struct bitena_hasher {
    bitena_hash_seed seed;
    uint64_t pairs_[18]; /* for keys of at most 16 bytes, from the seed by SipHash */
} bitena_hasher;

/* A seed that nobody can guess, from the system; where it has none to give, from the clock, the
 * stack's place and a count, which differs from call to call. Never both words 0. Any threads at
 * once. Cost: a system call. */
BITENA_API bitena_hash_seed bitena_hash_new_seed(void);

/* The hasher of a seed. Any threads at once. Cost: 18 hashes. */
BITENA_API bitena_hasher bitena_hash_prepare(bitena_hash_seed seed);

typedef struct bitena_hash_state_ {
    uint64_t a, b, c, d;
} bitena_hash_state_;

BITENA_INLINE_ uint64_t bitena_hash_turn_(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

/* The paper's SipRound: a to d are its v0 to v3. */
BITENA_INLINE_ void bitena_hash_round_(bitena_hash_state_ *s)
{
    s->a += s->b;
    s->c += s->d;
    s->b = bitena_hash_turn_(s->b, 13) ^ s->a;
    s->d = bitena_hash_turn_(s->d, 16) ^ s->c;
    s->a = bitena_hash_turn_(s->a, 32) + s->d;
    s->c += s->b;
    s->d = bitena_hash_turn_(s->d, 21) ^ s->a;
    s->b = bitena_hash_turn_(s->b, 17) ^ s->c;
    s->c = bitena_hash_turn_(s->c, 32);
}

/* The compiler makes one load of these. */
BITENA_INLINE_ uint64_t bitena_hash_four_(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
BITENA_INLINE_ uint64_t bitena_hash_eight_(const unsigned char *p)
{
    return bitena_hash_four_(p) | bitena_hash_four_(p + 4) << 32;
}

BITENA_INLINE_ uint64_t bitena_hash_two_(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

/* The first `length` bytes, at most 7, lowest first. From two on without a branch, since lengths of
 * words are hard to foretell: loads of two overlap, and what they load twice is the same. */
BITENA_INLINE_ uint64_t bitena_hash_rest_(const unsigned char *p, size_t length)
{
    if (length < 2) {
        return length == 0 ? 0 : p[0];
    }
    size_t last = length - 2, second = last < 2 ? last : 2, third = last < 4 ? last : 4;
    return bitena_hash_two_(p) | bitena_hash_two_(p + second) << second * 8 |
           bitena_hash_two_(p + third) << third * 8 | bitena_hash_two_(p + last) << last * 8;
}

/* SipHash with 1 or 2 rounds a word and 3 or 4 at the end; the tests know the vectors of 2-4. */
BITENA_INLINE_ uint64_t bitena_hash_sip_(bitena_hash_seed seed, const void *bytes, size_t length,
                                         int word_rounds, int last_rounds)
{
    uint64_t k0 = seed.words[0], k1 = seed.words[1];
    bitena_hash_state_ s = {k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
                            k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573)};
    const unsigned char *p = (const unsigned char *)bytes;
    size_t left = length;
    for (int is_last = 0; !is_last;) {
        is_last = left < 8;
        uint64_t word = is_last ? bitena_hash_rest_(p, left) | (uint64_t)(length & 255) << 56
                                : bitena_hash_eight_(p);
        s.d ^= word;
        bitena_hash_round_(&s);
        if (word_rounds > 1) {
            bitena_hash_round_(&s);
        }
        s.a ^= word;
        if (!is_last) {
            p += 8;
            left -= 8;
        }
    }
    s.c ^= 255;
    bitena_hash_round_(&s);
    bitena_hash_round_(&s);
    bitena_hash_round_(&s);
    if (last_rounds > 3) {
        bitena_hash_round_(&s);
    }
    return s.a ^ s.b ^ s.c ^ s.d;
}

/* Of a short key: its bytes as bitena_hash_rest_ gives them, and its length. */
BITENA_INLINE_ uint64_t bitena_hash_short_(const bitena_hasher *hasher, uint64_t rest,
                                           size_t length)
{
    const uint64_t *k = hasher->pairs_;
    uint64_t low = (uint32_t)rest, high = rest >> 32 | (uint64_t)length << 24;
    uint64_t first = (k[0] + high) * (k[1] + low) + k[2];
    uint64_t second = (k[3] + high) * (k[4] + low) + k[5];
    return first >> 32 << 32 | second >> 32;
}

/* Of 8 to 16 bytes: the first eight, the last eight, the length. */
BITENA_INLINE_ uint64_t bitena_hash_middle_(const bitena_hasher *hasher, uint64_t low,
                                            uint64_t high, size_t length)
{
    const uint64_t *k = hasher->pairs_ + 6;
    uint64_t a = (uint32_t)low, b = low >> 32, c = (uint32_t)high, d = high >> 32;
    uint64_t first = (k[0] + b) * (k[1] + a) + (k[2] + d) * (k[3] + c) + k[4] * length + k[5];
    uint64_t second = (k[6] + b) * (k[7] + a) + (k[8] + d) * (k[9] + c) + k[10] * length + k[11];
    return first >> 32 << 32 | second >> 32;
}

enum { BITENA_HASH_SHORT_ = 7, BITENA_HASH_MIDDLE_ = 16 };

/* The hash of `length` bytes; bytes may be NULL if length is 0. Pure: any threads at once. Cost:
 * about 8 cycles up to 16 bytes, else about 20 and 6 for each 8 bytes. */
BITENA_INLINE_ uint64_t bitena_hash(const bitena_hasher *hasher, const void *bytes, size_t length)
{
    const unsigned char *p = (const unsigned char *)bytes;
    if (length <= BITENA_HASH_SHORT_) {
        return bitena_hash_short_(hasher, bitena_hash_rest_(p, length), length);
    }
    return length <= BITENA_HASH_MIDDLE_
               ? bitena_hash_middle_(hasher, bitena_hash_eight_(p),
                                     bitena_hash_eight_(p + length - 8), length)
               : bitena_hash_sip_(hasher->seed, bytes, length, 1, 3);
}

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
