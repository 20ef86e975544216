/* Random numbers from a seed, and the settings of long tests: the same seed gives the same program
 * on every machine. Included by the model and the stress tests. Holds no global state; not for
 * cryptography.
 *
 *   BITENA_SEED=n          another seed than the test's own
 *   BITENA_STRESS_SCALE=n  one n-th of the work (default 1; 50 where a sanitizer runs the program)
 *   BITENA_SOAK_SECONDS=n  go on with further seeds for so long
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_RANDOM_H
#define TESTS_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#ifdef RANDOM_CHOICES /* a header with another source of choices: a fuzzer's input */
#include RANDOM_CHOICES
#else
struct random {
    uint64_t state;
};

/* SplitMix64 (G. L. Steele, D. Lea, C. H. Flood, 2014). */
static inline uint64_t random_next(struct random *random)
{
    uint64_t z = (random->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* 0 to n - 1, n from 1 to 2^32. */
static inline size_t random_below(struct random *random, size_t n)
{
    return (size_t)(((random_next(random) >> 32) * (uint64_t)n) >> 32);
}
#endif

/* low to high, both included. */
static inline size_t random_between(struct random *random, size_t low, size_t high)
{
    return low + random_below(random, high - low + 1);
}

static inline bool random_one_in(struct random *random, size_t n)
{
    return random_below(random, n) == 0;
}

/* 1 to 2^max_log, small ones as often as large ones. */
static inline size_t random_skewed(struct random *random, unsigned max_log)
{
    size_t top = (size_t)1 << random_below(random, (size_t)max_log + 1);
    return random_between(random, top / 2 + (top == 1), top);
}

static inline uint64_t setting(const char *name, uint64_t fallback)
{
    const char *text = getenv(name);
    return text && *text ? strtoull(text, NULL, 0) : fallback;
}

/* There when the program was built for that sanitizer. */
extern void __tsan_init(void) __attribute__((weak));
extern void __asan_init(void) __attribute__((weak));
extern void __msan_init(void) __attribute__((weak));

static inline bool under_sanitizer(void)
{
    return __tsan_init || __asan_init || __msan_init;
}

/* What of n to do; at least 1. */
static inline size_t scaled(size_t n)
{
    uint64_t scale = setting("BITENA_STRESS_SCALE", under_sanitizer() ? 50 : 1);
    return scale > 1 ? (size_t)(n / scale) + 1 : n;
}

/* Whether the soak that began at `began` (seconds of time()) goes on. */
static inline bool soak_goes_on(time_t began)
{
    return (uint64_t)(time(NULL) - began) < setting("BITENA_SOAK_SECONDS", 0);
}

#endif
