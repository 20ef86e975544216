/* What the map's sources share: its layout, and the way down the trie. Included by them only, and
 * not installed; users see bitena/map.h. Names of functions here that are not inline are the
 * library's own: no shared library exports them.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_MAP_PARTS_H
#define BITENA_MAP_PARTS_H

#include <bitena/link.h>
#include <bitena/map.h>
#include <bitena/order.h>

enum {
    BITENA_MAP_SEGMENTS_ = 32,
    BITENA_MAP_LINE_ = 128,
    BITENA_MAP_STOCKS_ = 8,
    BITENA_MAP_WORD_ = 8,
    BITENA_MAP_WINDOW_ = 16 /* so many positions may be filled before all begin after them */
};

/* What the threads of some slots need for new keys, so that they seldom meet others at it. */
typedef struct bitena_map_stock_ {
    __attribute__((aligned(64))) uint32_t positions; /* of the log, reserved and not used [H08] */
    uint32_t settled;                                /* as the map's, where these go on [H03] */
} bitena_map_stock_;

/* Written by its maker, then published whole [H01]; only the atomic words change after that. */
typedef struct bitena_map_node_ {
    bitena_link_ child[4]; /* none, then one node for good [H01]; a spare's first: the next */
    uint64_t hash;         /* a spare's: its bytes */
    uint32_t length;       /* of the key */
    uint32_t number;       /* the entry's + 1; 0: the key is not there yet [H03] */
    /* the value; the key, a zero, zeroes up to a word */
} bitena_map_node_;

struct bitena_map {
    bitena *arena;
    bitena_hasher hasher;
    size_t value_size, value_offset, key_offset;
    size_t align;       /* of nodes, and what their sizes are multiples of */
    size_t limit;       /* SIZE_MAX: none */
    unsigned bits;      /* the root has 2^bits places */
    unsigned unit_bits; /* of links, which all begin at the map */
    size_t root_mask;
    bitena_link_ *root; /* first nodes [H01] */

    /* What inserts of new keys write, now and then. */
    __attribute__((aligned(BITENA_MAP_LINE_)))
    bitena_link_ spares; /* memory that lost a race [H05] */
    uint32_t reserved;   /* positions, in the stocks or taken, and the frozen bit [H06] */
    uint32_t settled;    /* so many positions, at least, are filled and numbered [H03] */
    size_t bytes;        /* reserved, where there is a limit [H06] */

    __attribute__((aligned(BITENA_MAP_LINE_))) bitena_map_stock_ stocks[BITENA_MAP_STOCKS_];
    __attribute__((aligned(BITENA_MAP_LINE_)))
    bitena_link_ *segments[BITENA_MAP_SEGMENTS_]; /* in order: 2^bits nodes, then doubling [H04] */
};

/* The link is not 0. */
BITENA_INLINE_ bitena_map_node_ *bitena_map_node_at_(const bitena_map *map, bitena_link_ link)
{
    return (bitena_map_node_ *)bitena_link_end_(map, link, map->unit_bits);
}

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
    bitena_link_ *place;
    uint64_t bits;
} bitena_map_walk_;

BITENA_INLINE_ bitena_map_walk_ bitena_map_walk_begin_(const bitena_map *map, uint64_t hash)
{
    bitena_map_walk_ walk = {&map->root[(size_t)hash & map->root_mask], hash};
    return walk;
}

BITENA_INLINE_ void bitena_map_walk_past_(bitena_map_walk_ *walk, const bitena_map_node_ *node)
{
    walk->place = (bitena_link_ *)&node->child[walk->bits >> 62];
    walk->bits <<= 2;
}

/* ---- Finding ---- */

/* What is looked for. Of a short key `low` is all bytes, of a middle one `low` and `high` are. */
typedef struct bitena_map_wanted_ {
    const void *key;
    size_t length;
    uint64_t hash, low, high;
} bitena_map_wanted_;

BITENA_INLINE_ bitena_map_wanted_ bitena_map_want_(const bitena_map *map, const void *key,
                                                   size_t length)
{
    bitena_map_wanted_ w = {.key = key, .length = length};
    const unsigned char *bytes = (const unsigned char *)key;
    if (length <= BITENA_HASH_SHORT_) {
        w.low = bitena_hash_rest_(bytes, length);
        w.hash = bitena_hash_short_(&map->hasher, w.low, length);
    } else if (length <= BITENA_HASH_MIDDLE_) {
        w.low = bitena_hash_eight_(bytes);
        w.high = bitena_hash_eight_(bytes + length - BITENA_MAP_WORD_);
        w.hash = bitena_hash_middle_(&map->hasher, w.low, w.high, length);
    } else {
        w.hash = bitena_hash(&map->hasher, key, length);
    }
    return w;
}

BITENA_INLINE_ bool bitena_map_has_key_(const bitena_map *map, const bitena_map_node_ *node,
                                        bitena_map_wanted_ w)
{
    if (node->hash != w.hash || node->length != w.length) {
        return false;
    }
    const unsigned char *key = (const unsigned char *)bitena_map_key_(map, node);
    if (w.length <= BITENA_HASH_MIDDLE_) { /* zeroes follow a short key up to a word */
        return bitena_hash_eight_(key) == w.low &&
               (w.length <= BITENA_HASH_SHORT_ ||
                bitena_hash_eight_(key + w.length - BITENA_MAP_WORD_) == w.high);
    }
    return memcmp(key, w.key, w.length) == 0;
}

/* The key's node; NULL: the place is empty. */
BITENA_INLINE_ bitena_map_node_ *bitena_map_walk_down_(const bitena_map *map,
                                                       bitena_map_walk_ *walk, bitena_map_wanted_ w)
{
    bitena_link_ link;
    while ((link = load_acquire(walk->place)) != 0) { /* [H01] */
        bitena_map_node_ *node = bitena_map_node_at_(map, link);
        if (bitena_map_has_key_(map, node, w)) {
            return node;
        }
        bitena_map_walk_past_(walk, node);
    }
    return NULL;
}

/* NULL: the key is not there. */
BITENA_INLINE_ void *bitena_map_find_wanted_(const bitena_map *map, bitena_map_wanted_ w)
{
    bitena_map_walk_ walk = bitena_map_walk_begin_(map, w.hash);
    const bitena_map_node_ *node = bitena_map_walk_down_(map, &walk, w);
    bool is_there = node && load_acquire(&node->number) != 0; /* [H03] */
    return is_there ? bitena_map_value_(map, node) : NULL;
}

/* map.c: of any length. */
void *bitena_map_find_longer_(const bitena_map *map, const void *key, size_t length);

/* The way for most keys without a call or a stack frame. NULL too where a parameter is. */
BITENA_INLINE_ void *bitena_map_find_there_(const bitena_map *map, const void *key, size_t length)
{
    if (__builtin_expect(!map || !key, 0)) {
        return NULL;
    }
    bool is_short = length - 1 < BITENA_HASH_SHORT_;
    return __builtin_expect(is_short, 1)
               ? bitena_map_find_wanted_(map, bitena_map_want_(map, key, length))
               : bitena_map_find_longer_(map, key, length);
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

#endif
