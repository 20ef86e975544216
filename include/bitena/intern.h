/* Intern: each different text once, in an arena, with an address and a small number that stay: texts
 * are compared by comparing pointers or numbers. For all threads at once, on a bitena_map, whose
 * header says how it lives and who may insert.
 *
 *                   find, at, id,           text,        statistics
 *                   length, count           fill, freeze
 *   any threads     - wait-free             - lock-free  -
 *
 * Texts are any bytes; a zero follows each. NULL where it is not allowed aborts with the parameter's
 * name. try_ verbs give NULL or -1 and errno, and change nothing.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_INTERN_H
#define BITENA_INTERN_H

#include <bitena/map.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A table of texts. */
typedef struct bitena_intern bitena_intern;

/* Zeroed fields mean the defaults; they are those of bitena_map_options. */
typedef struct bitena_intern_options {
    size_t expected;       /* different texts that will come; 0: 64; at most 2^30 */
    size_t limit;          /* bytes of all texts with what stands before each; 0: none */
    bitena_hash_seed seed; /* both words 0: a random one */
} bitena_intern_options;

/* An empty table in this arena (not NULL), options NULL meaning the defaults. The failure handler, or
 * NULL and errno: ENOMEM, EOVERFLOW (expected), EPERM. Cost: as bitena_map_new. */
BITENA_API bitena_intern *bitena_intern_new(bitena *arena, const bitena_intern_options *options);
BITENA_API bitena_intern *bitena_intern_try_new(bitena *arena,
                                                const bitena_intern_options *options);

/* The one text equal to these `length` bytes, which are copied if there was none; text may be NULL
 * if length is 0. Equal texts give the same pointer in all threads, for as long as the arena's memory
 * lives. try_: NULL and errno, ENOMEM: the arena, or the limit; EROFS: frozen; EOVERFLOW: 2^32 bytes
 * or 2^31 - 1 texts; EPERM: as for the arena; texts that are there are found all the same. The plain
 * verb fails as bitena_map_insert does. Any threads at once, lock-free. Cost: a hash, about 2 nodes,
 * a comparison; a new text takes 32 bytes, its length and a zero, rounded up as in a map. */
BITENA_API const char *bitena_intern_text(bitena_intern *table, const char *text, size_t length);
BITENA_API const char *bitena_intern_try_text(bitena_intern *table, const char *text,
                                              size_t length);

/* The same text if it is there, else NULL. Any threads at once, wait-free. */
BITENA_API const char *bitena_intern_find(const bitena_intern *table, const char *text,
                                          size_t length);

/* The number of a text of this table (a pointer that it gave, not NULL), from 0 on, without gaps, in
 * the order in which texts came; and its length in bytes. Any threads at once, wait-free. Cost: a
 * load. */
BITENA_API uint32_t bitena_intern_id(const bitena_intern *table, const char *interned);
BITENA_API size_t bitena_intern_length(const bitena_intern *table, const char *interned);

/* The text with this number; NULL where there is none yet. Any threads at once, wait-free. Cost: a few
 * loads. */
BITENA_API const char *bitena_intern_at(const bitena_intern *table, uint32_t id);

/* Texts that there are. Any threads at once, wait-free. */
BITENA_API uint32_t bitena_intern_count(bitena_intern *table);

/* Interns `count` zero-terminated texts (the list NULL only if count is 0, none of them NULL): in a
 * table that is empty, different texts have their places in the list as numbers. try_: -1 and errno
 * at the first that is refused; those before it stay. Any threads at once, lock-free. */
BITENA_API void bitena_intern_fill(bitena_intern *table, const char *const *texts, size_t count);
BITENA_API int bitena_intern_try_fill(bitena_intern *table, const char *const *texts, size_t count);

/* From now on new texts are refused (EROFS); one that another thread was bringing may still come. For
 * good. Any threads at once, lock-free. */
BITENA_API void bitena_intern_freeze(bitena_intern *table);

/* Numbers about the texts. Any threads at once. Cost: a walk to every text. */
BITENA_API bitena_map_statistics bitena_intern_measure(bitena_intern *table);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
