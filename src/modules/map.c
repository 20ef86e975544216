/* The map: a trie of nodes that are never moved or freed. Steps of an insert: (1) walk down, by two
 * bits of the hash a node, to the key or to an empty place; (2) for a new key reserve a position of
 * the log and make the node; (3) publish it by one compare-and-swap of the place; who loses walks on
 * from there with the same node; (4) number it (map_log.c). A key is there once it has a number.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include <bitena/map_parts.h>
#include <bitena/order.h>

enum { LEAST_BITS = 6, WORD_BITS = 3, WIDEST = 16 };
static const size_t most_value = (size_t)PTRDIFF_MAX / 8; /* so that no sum of offsets wraps */
static const size_t most_length = sizeof(size_t) > 4 ? UINT32_MAX : (size_t)PTRDIFF_MAX;
static const uint64_t most_expected = sizeof(void *) > 4 ? UINT64_C(1) << 30
                                                         : (uint64_t)(PTRDIFF_MAX / 64);

/* ---- Making ---- */

static bitena_map *make(bitena *arena, const bitena_map_options *given, bool plain)
{
    bitena_map_options options = given ? *given : (bitena_map_options){0};
    size_t natural = options.value_size & (~options.value_size + 1);
    size_t align = options.value_align ? options.value_align : natural < WIDEST ? natural : WIDEST;
    bool is_large =
        options.expected > most_expected || options.value_size > most_value || align > most_value;
    unsigned bits = LEAST_BITS;
    while (!is_large && (size_t)1 << bits < options.expected) {
        bits++;
    }
    size_t size = is_large ? SIZE_MAX : sizeof(bitena_map) + (2 * sizeof(bitena_link_) << bits);
    unsigned unit_bits = bitena_link_bits_(arena, WORD_BITS);
    size_t unit = (size_t)1 << unit_bits;
    size_t map_align = unit > _Alignof(bitena_map) ? unit : _Alignof(bitena_map);
    if ((align & (align - 1)) != 0) {
        map_align = align; /* which is refused */
    }
    bitena_map *map =
        plain ? bitena_alloc(arena, size, map_align) : bitena_try_alloc(arena, size, map_align);
    if (!map) {
        return NULL;
    }
    memset(map, 0, size);
    bool no_seed = (options.seed.words[0] | options.seed.words[1]) == 0;
    map->arena = arena;
    map->hasher = bitena_hash_prepare(no_seed ? bitena_hash_new_seed() : options.seed);
    map->align = align > unit ? align : unit;
    map->value_size = options.value_size;
    map->value_offset = bitena_map_round_up_(sizeof(bitena_map_node_), map->align);
    map->key_offset = bitena_map_round_up_(map->value_offset + map->value_size, BITENA_MAP_WORD_);
    map->limit = options.limit ? options.limit : SIZE_MAX;
    map->bits = bits;
    map->unit_bits = unit_bits;
    map->root_mask = ((size_t)1 << bits) - 1;
    map->root = (bitena_link_ *)(map + 1);
    map->segments[0] = map->root + ((size_t)1 << bits);
    return map;
}

bitena_map *bitena_map_new(bitena *arena, const bitena_map_options *options)
{
    BITENA_REQUIRE_(arena);
    return make(arena, options, true);
}

bitena_map *bitena_map_try_new(bitena *arena, const bitena_map_options *options)
{
    BITENA_REQUIRE_(arena);
    return make(arena, options, false);
}

/* ---- Finding ---- */

void *bitena_map_find_longer_(const bitena_map *map, const void *key, size_t length)
{
    return length > most_length ? NULL
                                : bitena_map_find_wanted_(map, bitena_map_want_(map, key, length));
}

static __attribute__((noinline)) void *find_checked(const bitena_map *map, const void *key,
                                                    size_t length)
{
    bitena_require_(map != NULL, "bitena_map_find", "map");
    bitena_require_(length == 0, "bitena_map_find", "key"); /* which is NULL */
    return bitena_map_find_longer_(map, key, length);
}

void *bitena_map_find(const bitena_map *map, const void *key, size_t length)
{
    return __builtin_expect(map && key, 1) ? bitena_map_find_there_(map, key, length)
                                           : find_checked(map, key, length);
}

/* A node that nobody sees yet, with a position reserved; NULL and errno. */
static bitena_map_node_ *make_node(bitena_map *map, bitena_map_wanted_ w, const void *initial,
                                   size_t *refused)
{
    size_t size = bitena_map_node_size_(map, w.length);
    int error = bitena_map_reserve_(map, size, refused);
    if (error != 0) {
        errno = error;
        return NULL;
    }
    bitena_map_node_ *node = bitena_map_take_(map, size, refused);
    if (!node) {
        bitena_map_unreserve_(map, size);
        return NULL;
    }
    *node = (bitena_map_node_){.hash = w.hash, .length = (uint32_t)w.length};
    char *value = bitena_map_value_(map, node), *key = bitena_map_key_(map, node);
    if (initial) {
        memcpy(value, initial, map->value_size);
    } else {
        memset(value, 0, map->value_size);
    }
    memset(key + (w.length & ~(size_t)(BITENA_MAP_WORD_ - 1)), 0, BITENA_MAP_WORD_);
    memcpy(key, w.length ? w.key : "", w.length);
    return node;
}

/* The key's value; NULL and errno. */
static void *bring(bitena_map *map, bitena_map_wanted_ w, const void *initial, bool *is_new,
                   size_t *refused)
{
    bitena_map_walk_ walk = bitena_map_walk_begin_(map, w.hash);
    bitena_map_node_ *own = NULL, *there;
    while (!(there = bitena_map_walk_down_(map, &walk, w))) {
        if (!own && !(own = make_node(map, w, initial, refused))) {
            return NULL;
        }
        bitena_link_ none = 0, link = bitena_link_to_(map, own, map->unit_bits);
        if (cas_weak_release(walk.place, &none, link)) { /* [H01] */
            there = own;
            break;
        }
    }
    if (own && own != there) {
        bitena_map_unreserve_(map, bitena_map_node_size_(map, w.length));
        bitena_map_give_spare_(map, own, bitena_map_node_size_(map, w.length));
    }
    bitena_map_number_(map, there);
    if (is_new) {
        *is_new = there == own;
    }
    return bitena_map_value_(map, there);
}

/* refused: what the arena refused; 0: the map did. By errno. */
static _Noreturn void fail_insert(const bitena_map *map, size_t length, size_t refused)
{
    const char *reason = refused != 0      ? NULL
                         : errno == EROFS  ? "the map is frozen"
                         : errno == ENOMEM ? "the map's limit is reached"
                                           : "the map has 2^31 - 1 keys";
    size_t size = refused != 0 ? refused : bitena_map_node_size_(map, length);
    bitena_fail_(map->arena, size, map->align, errno, reason);
}

static __attribute__((noinline)) void *insert_any(bitena_map *map, const void *key, size_t length,
                                                  const void *initial, bool *is_new, bool plain)
{
    const char *function = plain ? "bitena_map_insert" : "bitena_map_try_insert";
    bitena_require_(map != NULL, function, "map");
    bitena_require_(length == 0 || key, function, "key");
    if (length > most_length) {
        if (plain) {
            bitena_fail_(map->arena, length, 1, EOVERFLOW, "the key is too long for a map");
        }
        errno = EOVERFLOW;
        return NULL;
    }
    int before = errno;
    size_t refused = 0;
    void *value = bring(map, bitena_map_want_(map, key, length), initial, is_new, &refused);
    if (!value && plain) {
        fail_insert(map, length, refused);
    }
    errno = value ? before : errno;
    return value;
}

BITENA_INLINE_ void *found(void *value, bool *is_new)
{
    if (is_new) {
        *is_new = false;
    }
    return value;
}

void *bitena_map_insert(bitena_map *map, const void *key, size_t length, const void *initial,
                        bool *is_new)
{
    void *value = bitena_map_find_there_(map, key, length);
    return __builtin_expect(value != NULL, 1) ? found(value, is_new)
                                              : insert_any(map, key, length, initial, is_new, true);
}

void *bitena_map_try_insert(bitena_map *map, const void *key, size_t length, const void *initial,
                            bool *is_new)
{
    void *value = bitena_map_find_there_(map, key, length);
    return __builtin_expect(value != NULL, 1)
               ? found(value, is_new)
               : insert_any(map, key, length, initial, is_new, false);
}

/* ---- What is there ---- */

bitena_map_entry bitena_map_entry_of(const bitena_map *map, const void *value)
{
    BITENA_REQUIRE_(map);
    BITENA_REQUIRE_(value);
    const bitena_map_node_ *node = (const bitena_map_node_ *)((uintptr_t)value - map->value_offset);
    uint32_t number = load_relaxed(&node->number); /* [H03] who has the value acquired it */
    return (bitena_map_entry){bitena_map_key_(map, node), bitena_map_value_(map, node),
                              node->length, number - 1};
}
