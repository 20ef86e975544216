/* Map: keys of any bytes to values, in an arena, for all threads at once. Keys come and stay: no
 * removal, no lock, no rehash, no pointer that moves. A key's entry is one run of the arena: its
 * place in the trie, the value, the key. Entries are numbered from 0 on, without gaps, in the order
 * in which they came, so that they can be walked and named by 32 bits. Of entries that come at once,
 * one may be found a moment before another with a lower number, which count and at know already.
 *
 * A trie over the key's hash (P. Bagwell, "Ideal Hash Trees", 2001) with an entry in each node (C.
 * Wellons, "An easy-to-implement, arena-friendly hash map", 2023), below a table of first nodes.
 * SPDX-License-Identifier: MIT
 *
 *                   find, at, entry_of,     insert,      statistics
 *                   count                   freeze
 *   any threads     - wait-free             - lock-free  -
 *
 * The map lives as long as its arena's memory: until the reset, the drop, or a rewind to a mark
 * older than it. Whoever inserts takes from that arena as any other allocation does, so in a LOCAL
 * arena or a child only its owner may; nobody may do it inside a scope that ends before the map.
 * A NULL map aborts with the parameter's name. try_ verbs set errno and change nothing. */
#ifndef BITENA_MAP_H
#define BITENA_MAP_H

#include <stdbool.h>

#include <bitena/hash.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct bitena_map bitena_map;

/* Zeroed fields mean the defaults. */
typedef struct bitena_map_options {
    size_t value_size;     /* bytes of a value; 0: the map is a set */
    size_t value_align;    /* a power of two; 0: what a type of that size needs, at most 16 */
    size_t expected;       /* keys that will come; takes 8 to 16 bytes for each. More may come, each
                            * fourfold costs a step. 0: 64; at most 2^30 */
    size_t limit;          /* bytes of all entries; 0: as many as the arena has */
    bitena_hash_seed seed; /* both words 0: a random one. A fixed one makes walks repeatable, and
                            * strangers who know it can make the map slow */
} bitena_map_options;

/* One entry, as the map keeps it. */
typedef struct bitena_map_entry {
    const char *key; /* a zero follows, not counted in length; NULL: there is no such entry */
    void *value;     /* the map's value_size bytes; the key where that is 0 */
    size_t length;   /* bytes of the key */
    uint32_t number; /* from 0 on */
} bitena_map_entry;

typedef struct bitena_map_statistics {
    size_t count;   /* entries */
    size_t bytes;   /* of the entries: what limit bounds */
    size_t deepest; /* nodes looked at to find the deepest entry; 0: there is none */
    size_t depths;  /* the same, summed over all entries */
} bitena_map_statistics;

/* An empty map in this arena (not NULL), options NULL meaning the defaults. The failure handler, or
 * NULL and errno: ENOMEM, EINVAL (value_align), EOVERFLOW (value_size, expected), EPERM (another
 * thread's arena). Cost: 2 KiB, or 8 to 16 bytes for each key expected, zeroed. */
BITENA_API bitena_map *bitena_map_new(bitena *arena, const bitena_map_options *options);
BITENA_API bitena_map *bitena_map_try_new(bitena *arena, const bitena_map_options *options);

/* The value of the key, NULL where there is none. `length` bytes; key may be NULL if that is 0. Any
 * threads at once, wait-free: no write, and no step that waits for another's. Cost: a hash, and
 * about 2 nodes where `expected` was right. */
BITENA_API void *bitena_map_find(const bitena_map *map, const void *key, size_t length);

/* The value of the key, which is copied into the map if it was not there. A new value begins as a
 * copy of `initial`, zeroed where that is NULL, before anyone can find it. *is_new, if not NULL,
 * says whether this call brought the key: exactly one of those that bring it at once. What threads
 * do with the value's bytes then is theirs to order. At most 2^32 - 1 bytes a key, 2^31 - 1 keys.
 *
 * try_: NULL and errno. ENOMEM: the arena, or the limit. EOVERFLOW: the length or the keys. EROFS:
 * frozen. EPERM: as for the arena. Keys that are there are found all the same. The plain verb calls
 * the arena's failure handler with the same errors, size being the entry's, or the key's where that
 * is too long.
 *
 * Any threads at once, lock-free. Cost for a key that is there: a find. An entry takes 32 bytes, the
 * value, the key and a zero, rounded up to 8 or the alignment (in an arena of more than 16 GiB to
 * 16, of more than 32 GiB to 32 and so on: in one of 1 TiB to 512). */
BITENA_API void *bitena_map_insert(bitena_map *map, const void *key, size_t length,
                                   const void *initial, bool *is_new);
BITENA_API void *bitena_map_try_insert(bitena_map *map, const void *key, size_t length,
                                       const void *initial, bool *is_new);

/* Entries that there are: all that was found or inserted before. Any threads at once, wait-free.
 * Cost: about 30 loads, 50 at most. */
BITENA_API uint32_t bitena_map_count(bitena_map *map);

/* The entry with this number; key NULL where it has none yet. To walk the map in the order of
 * insertion, take the numbers below bitena_map_count. Any threads at once, wait-free. Cost: a few
 * loads, whatever the map's size. */
BITENA_API bitena_map_entry bitena_map_at(const bitena_map *map, uint32_t number);

/* The entry that a value (not NULL) of find, insert or another entry belongs to. Any threads at
 * once, wait-free. Cost: a few loads. */
BITENA_API bitena_map_entry bitena_map_entry_of(const bitena_map *map, const void *value);

/* From now on new keys are refused (EROFS); one that another thread was bringing may still come.
 * For good. Any threads at once, lock-free. */
BITENA_API void bitena_map_freeze(bitena_map *map);

/* Numbers about the entries that there are when it begins. Any threads at once. Cost: a walk to
 * every entry. */
BITENA_API bitena_map_statistics bitena_map_measure(bitena_map *map);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
