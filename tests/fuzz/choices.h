/* The model's choices, read from a fuzzer's input instead of drawn (RANDOM_CHOICES of
 * support/random.h): as few bytes for each as its range needs, so that a changed byte changes one
 * choice. Where the input is at its end every answer is the last one, which mostly means "no".
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_CHOICES_H
#define TESTS_FUZZ_CHOICES_H

struct random {
    const unsigned char *at;
    size_t left;
};

/* 0 to n - 1, n from 1 to 2^32. */
static inline size_t random_below(struct random *random, size_t n)
{
    size_t bytes = n <= 1 ? 0 : n <= 256 ? 1 : n <= 65536 ? 2 : 4, drawn = 0;
    if (bytes > random->left) {
        random->left = 0;
        return n - 1;
    }
    for (size_t i = 0; i < bytes; i++) {
        drawn = drawn << 8 | *random->at++;
    }
    random->left -= bytes;
    return drawn % n;
}

#endif
