/* What a scope in a loop may do, each as one function: tests run them for ever in small arenas,
 * alone and beside others. For test programs only.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_TESTS_BODIES_H
#define BITENA_TESTS_BODIES_H

#include <stdbool.h>
#include <stddef.h>

#include <bitena.h>

/* What one scope does. False: it was refused, or a cleanup has not run. */
typedef bool body(bitena *arena, size_t round);

struct named_body {
    const char *name;
    body *fn;
};

/* Any threads at once. Sizes that follow the capacity, and then fixed ones of at most 3 KiB in sum
 * or 43 or 85 KiB. */
body body_small, body_large, body_mixed, body_mixed_and_large, body_growing_text, body_windows,
    body_nested, body_child_inside;
body body_texts_and_objects, body_random_sizes;

/* One thread; begin before the first round, and end inside a last scope. */
body body_child_outlives, body_cleanups_inside;
void bodies_begin(void);
void bodies_end(void);

/* All but the two that need more than a small arena. */
extern const struct named_body bodies[];
extern const size_t body_count;

#endif
