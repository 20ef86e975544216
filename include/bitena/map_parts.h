/* What the map's sources share: its layout, and the way down the trie. Included by them only, and
 * not installed; users see bitena/map.h. Names of functions here that are not inline are the
 * library's own: no shared library exports them.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_MAP_PARTS_H
#define BITENA_MAP_PARTS_H

#include <bitena/map.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { BITENA_MAP_SEGMENTS_ = 32, BITENA_MAP_LINE_ = 128 };

/* Written by its maker, then published whole [H01]; only the atomic words change after that. */
typedef struct bitena_map_node_ {
    struct bitena_map_node_
        *child[4];   /* NULL, then one node for good [H01]; a spare's first: the next spare */
    uint64_t hash;   /* a spare's: its bytes */
    uint32_t length; /* of the key */
    uint32_t number; /* the entry's + 1; 0: the key is not there yet [H03] */
    /* the value; the key, a zero, zeroes up to a word */
} bitena_map_node_;

struct bitena_map {
    bitena *arena;
    bitena_hasher hasher;
    size_t value_size, value_offset, key_offset;
    size_t align; /* of nodes, and what their sizes are multiples of */
    size_t limit; /* SIZE_MAX: none */
    unsigned bits;
    bitena_map_node_ **root; /* 2^bits first nodes [H01] */

    /* What inserts of new keys write. */
    __attribute__((aligned(BITENA_MAP_LINE_)))
    bitena_map_node_ *spares; /* memory that lost a race [H05] */
    uint32_t reserved;        /* positions, and the frozen bit [H06] */
    uint32_t count;           /* positions that are filled and numbered [H03] */
    size_t bytes;             /* reserved, where there is a limit [H06] */

    __attribute__((aligned(BITENA_MAP_LINE_))) bitena_map_node_ *
        *segments[BITENA_MAP_SEGMENTS_]; /* in order: 2^bits nodes, then doubling [H04] */
};

BITENA_INLINE_ size_t bitena_map_round_up_(size_t n, size_t align)
{
    return (n + align - 1) & ~(align - 1);
}

BITENA_INLINE_ char *bitena_map_value_(const bitena_map *map, const bitena_map_node_ *node)
{
    return (char *)node + map->value_offset;
}

BITENA_INLINE_ char *bitena_map_key_(const bitena_map *map, const bitena_map_node_ *node)
{
    return (char *)node + map->key_offset;
}

BITENA_INLINE_ size_t bitena_map_node_size_(const bitena_map *map, size_t length)
{
    return bitena_map_round_up_(map->key_offset + length + 1, map->align);
}

/* A place where a key's node may stand, and the hash's bits that lie below it. */
typedef struct bitena_map_walk_ {
    bitena_map_node_ **place;
    uint64_t bits;
} bitena_map_walk_;

BITENA_INLINE_ bitena_map_walk_ bitena_map_walk_begin_(const bitena_map *map, uint64_t hash)
{
    bitena_map_walk_ walk = {&map->root[(size_t)(hash >> (64 - map->bits))], hash << map->bits};
    return walk;
}

BITENA_INLINE_ void bitena_map_walk_past_(bitena_map_walk_ *walk, const bitena_map_node_ *node)
{
    walk->place = (bitena_map_node_ **)&node->child[walk->bits >> 62];
    walk->bits <<= 2;
}

/* ---- map_log.c ---- */

/* Memory of at least these bytes, a multiple of map->align. NULL and errno; *refused becomes what the
 * arena refused. */
void *bitena_map_take_(bitena_map *map, size_t bytes, size_t *refused);
/* Memory that lost a race, for the next who takes. */
void bitena_map_give_spare_(bitena_map *map, void *memory, size_t bytes);

/* A position in the log for a node of this size. 0; or an errno, and nothing is reserved. */
int bitena_map_reserve_(bitena_map *map, size_t size, size_t *refused);
void bitena_map_unreserve_(bitena_map *map, size_t size);

/* A published node gets its number, from this thread or another. */
void bitena_map_number_(bitena_map *map, bitena_map_node_ *node);

#ifdef __cplusplus
} /* extern "C" */
#endif

#endif
