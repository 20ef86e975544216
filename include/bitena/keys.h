/* Keys: a table of values in an arena that are named by 64-bit keys with a generation, so that the
 * key of a value that was removed finds nothing, whatever stands in its place by now. A key is
 * reserved first, to be known to others, and its value inserted later. The table is allotted whole
 * when it is made; no verb allocates afterwards. It ends with the arena's reset or drop. Not a map:
 * keys are given, not chosen.
 * SPDX-License-Identifier: MIT
 *
 * Who may call what at once, on one table, from any thread (-: free to run together; X: the caller
 * keeps them apart):
 *
 *                     reserve, insert, cancel, get, numbers   remove   for_each, retain, drain
 *   reserve, ...                      -                          -                -
 *   remove                            -                          -                X
 *   for_each, ...                     -                          X                X
 *
 * All but the last three are lock-free, their steps bounded but for compare-and-swaps that others
 * win. Stale keys are safe anywhere. A value is not: whoever uses what get returned keeps its
 * removal away meanwhile. The arena plays no part after the making: owner or not, each may call. */
#ifndef BITENA_KEYS_H
#define BITENA_KEYS_H

#include <bitena.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bitena_keys bitena_keys;
typedef uint64_t bitena_key; /* 0 is never one */

/* Zeroed fields mean the defaults. */
typedef struct bitena_keys_options {
    size_t capacity;           /* keys that may be reserved or live at once, 0 to 2^32 - 2 */
    size_t size;               /* of a value in bytes */
    size_t align;              /* of a value, a power of two; 0: as for malloc */
    uint32_t first_generation; /* of every place, at least 1: keys of older tables that stayed
                                * below find nothing; 0: 1 */
} bitena_keys_options;

/* A table in this arena (not NULL); writes all of it once. Takes 24 bytes for each key, rounded up
 * to align, beside the value. try_: NULL with EINVAL (align), EOVERFLOW, or the arena's refusal;
 * nothing is changed then. The plain verbs call the arena's failure handler instead. options is not
 * NULL and not kept. In the verbs below keys is not NULL. */
BITENA_API bitena_keys *bitena_keys_new(bitena *arena, size_t capacity, size_t size, size_t align);
BITENA_API bitena_keys *bitena_keys_try_new(bitena *arena, size_t capacity, size_t size,
                                            size_t align);
BITENA_API bitena_keys *bitena_keys_open(bitena *arena, const bitena_keys_options *options);
BITENA_API bitena_keys *bitena_keys_try_open(bitena *arena, const bitena_keys_options *options);

/* A key that no other had before in this table; 0 with ENOMEM: all are in use. For real-time
 * threads too. Each place serves 2^32 generations of keys and is then left out for good. */
BITENA_API bitena_key bitena_keys_reserve(bitena_keys *keys);

/* Puts a copy of the value (NULL: zeros) in the place of a reserved key, which lives from now on.
 * -1 with ENOENT: not a key that is reserved and empty. */
BITENA_API int bitena_keys_insert(bitena_keys *keys, bitena_key key, const void *value);

/* Gives a reserved key back, unused. -1 with ENOENT: not a key that is reserved and empty. */
BITENA_API int bitena_keys_cancel(bitena_keys *keys, bitena_key key);

/* The value of a live key, where it stands until its removal; else NULL, errno as it was. What was
 * inserted is seen whole. Cost: about 20 instructions. */
BITENA_API void *bitena_keys_get(const bitena_keys *keys, bitena_key key);

/* Ends a live key; its value is copied to `out` (the table's size; may be NULL). Of several callers
 * one succeeds. -1 with ENOENT: not a live key. */
BITENA_API int bitena_keys_remove(bitena_keys *keys, bitena_key key, void *out);

/* ---- All live keys, the newest inserted first. Those inserted meanwhile may be left out. Cost: a
 * look at each place and a sort, n log n for n keys; about n where they were inserted in the order
 * of their places. `visit` (not NULL) must not call these three, nor remove other keys. ---- */
typedef int bitena_keys_visit(void *context, bitena_key key, void *value);

/* Until a visit returns another number than 0, which is returned; else 0. The visit may remove the
 * key that it is called with. */
BITENA_API int bitena_keys_for_each(bitena_keys *keys, bitena_keys_visit *visit, void *context);
/* Removes each key whose visit returns 0. How many. */
BITENA_API size_t bitena_keys_retain(bitena_keys *keys, bitena_keys_visit *visit, void *context);
/* Removes each key after its visit; visit may be NULL. After a visit that returns another number
 * than 0, its key is removed and the rest stays. How many were removed. */
BITENA_API size_t bitena_keys_drain(bitena_keys *keys, bitena_keys_visit *visit, void *context);

/* Places that are not left out; live keys, exact while nobody inserts or removes, else no more than
 * the places. */
BITENA_API size_t bitena_keys_capacity(const bitena_keys *keys);
BITENA_API size_t bitena_keys_count(const bitena_keys *keys);

#ifdef __cplusplus
}
#endif

#endif
