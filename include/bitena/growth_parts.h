/* How what grows in an arena grows, texts and vectors alike. Included by modules' sources, not
 * installed.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_GROWTH_PARTS_H
#define BITENA_GROWTH_PARTS_H

#include <bitena.h>

/* bitena_resize or bitena_try_resize. */
typedef void *bitena_resize_verb_(bitena *arena, void *p, size_t old_size, size_t new_size,
                                  size_t align);

typedef struct bitena_grown_ {
    void *at; /* NULL: refused */
    size_t room;
} bitena_grown_;

/* A block at `at`, NULL where room is 0, gets room for at least `need` elements of size bytes, more
 * than it had. */
bitena_grown_ bitena_grow_(bitena *arena, void *at, size_t room, size_t need, size_t size,
                           size_t align, bitena_resize_verb_ *verb);

#endif
