/* The map: a trie of nodes that are never moved or freed. Steps of an insert: (1) walk down, by two
 * bits of the hash a node, to the key or to an empty place; (2) for a new key reserve a position of
 * the log and make the node; (3) publish it by one compare-and-swap of the place; who loses walks on
 * from there with the same node; (4) number it (map_log.c). A key is there once it has a number.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include <bitena/map_parts.h>
#include <bitena/order.h>

enum { LEAST_BITS = 6, WORD = 8, WIDEST = 16 };
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
    size_t size =
        is_large ? SIZE_MAX : sizeof(bitena_map) + (2 * sizeof(bitena_map_node_ *) << bits);
    size_t map_align = (align & (align - 1)) == 0 ? _Alignof(bitena_map) : align; /* refused */
    bitena_map *map =
        plain ? bitena_alloc(arena, size, map_align) : bitena_try_alloc(arena, size, map_align);
    if (!map) {
        return NULL;
    }
    memset(map, 0, size);
    bool no_seed = (options.seed.words[0] | options.seed.words[1]) == 0;
    map->arena = arena;
    map->hasher = bitena_hash_prepare(no_seed ? bitena_hash_new_seed() : options.seed);
    map->align = align > WORD ? align : WORD;
    map->value_size = options.value_size;
    map->value_offset = bitena_map_round_up_(sizeof(bitena_map_node_), map->align);
    map->key_offset = bitena_map_round_up_(map->value_offset + map->value_size, WORD);
    map->limit = options.limit ? options.limit : SIZE_MAX;
    map->bits = bits;
    map->root = (bitena_map_node_ **)(map + 1);
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

/* ---- The trie ---- */

/* What is looked for. Of a short key `low` is all bytes, of a middle one `low` and `high` are. */
struct wanted {
    const void *key;
    size_t length;
    uint64_t hash, low, high;
};

BITENA_INLINE_ struct wanted want(const bitena_map *map, const void *key, size_t length)
{
    struct wanted w = {.key = key, .length = length};
    const unsigned char *bytes = key;
    if (length <= BITENA_HASH_SHORT_) {
        w.low = bitena_hash_rest_(bytes, length);
        w.hash = bitena_hash_short_(&map->hasher, w.low, length);
    } else if (length <= BITENA_HASH_MIDDLE_) {
        w.low = bitena_hash_eight_(bytes);
        w.high = bitena_hash_eight_(bytes + length - WORD);
        w.hash = bitena_hash_middle_(&map->hasher, w.low, w.high, length);
    } else {
        w.hash = bitena_hash(&map->hasher, key, length);
    }
    return w;
}

BITENA_INLINE_ bool has_key(const bitena_map *map, const bitena_map_node_ *node, struct wanted w)
{
    if (node->hash != w.hash || node->length != w.length) {
        return false;
    }
    const unsigned char *key = (const unsigned char *)bitena_map_key_(map, node);
    if (w.length <= BITENA_HASH_MIDDLE_) { /* zeroes follow a short key up to a word */
        return bitena_hash_eight_(key) == w.low &&
               (w.length <= BITENA_HASH_SHORT_ ||
                bitena_hash_eight_(key + w.length - WORD) == w.high);
    }
    return memcmp(key, w.key, w.length) == 0;
}

/* The key's node; NULL: the place is empty. */
BITENA_INLINE_ bitena_map_node_ *walk_down(const bitena_map *map, bitena_map_walk_ *walk,
                                           struct wanted w)
{
    bitena_map_node_ *node;
    while ((node = load_acquire(walk->place)) != NULL && !has_key(map, node, w)) { /* [H01] */
        bitena_map_walk_past_(walk, node);
    }
    return node;
}

/* NULL: the key is not there. */
BITENA_INLINE_ void *find(const bitena_map *map, struct wanted w)
{
    bitena_map_walk_ walk = bitena_map_walk_begin_(map, w.hash);
    const bitena_map_node_ *node = walk_down(map, &walk, w);
    return node && load_acquire(&node->number) != 0 ? bitena_map_value_(map, node)
                                                    : NULL; /* [H03] */
}

static __attribute__((noinline)) void *find_longer(const bitena_map *map, const void *key,
                                                   size_t length)
{
    return length > most_length ? NULL : find(map, want(map, key, length));
}

/* The way for most keys without a call or a stack frame. NULL too where a parameter is. */
BITENA_INLINE_ void *find_there(const bitena_map *map, const void *key, size_t length)
{
    if (__builtin_expect(!map || !key, 0)) {
        return NULL;
    }
    bool is_short = length - 1 < BITENA_HASH_SHORT_;
    return __builtin_expect(is_short, 1) ? find(map, want(map, key, length))
                                         : find_longer(map, key, length);
}

static __attribute__((noinline)) void *find_checked(const bitena_map *map, const void *key,
                                                    size_t length)
{
    bitena_require_(map != NULL, "bitena_map_find", "map");
    bitena_require_(length == 0 || key, "bitena_map_find", "key");
    return find_longer(map, key, length);
}

void *bitena_map_find(const bitena_map *map, const void *key, size_t length)
{
    return __builtin_expect(map && key, 1) ? find_there(map, key, length)
                                           : find_checked(map, key, length);
}

/* A node that nobody sees yet, with a position reserved; NULL and errno. */
static bitena_map_node_ *make_node(bitena_map *map, struct wanted w, const void *initial,
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
    memset(key + w.length / WORD * WORD, 0, WORD);
    memcpy(key, w.length ? w.key : "", w.length);
    return node;
}

/* The key's value; NULL and errno. */
static void *bring(bitena_map *map, struct wanted w, const void *initial, bool *is_new,
                   size_t *refused)
{
    bitena_map_walk_ walk = bitena_map_walk_begin_(map, w.hash);
    bitena_map_node_ *own = NULL, *there;
    while (!(there = walk_down(map, &walk, w))) {
        if (!own && !(own = make_node(map, w, initial, refused))) {
            return NULL;
        }
        if (cas_weak_release(walk.place, &there, own)) { /* [H01] */
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
    void *value = bring(map, want(map, key, length), initial, is_new, &refused);
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
    void *value = find_there(map, key, length);
    return __builtin_expect(value != NULL, 1) ? found(value, is_new)
                                              : insert_any(map, key, length, initial, is_new, true);
}

void *bitena_map_try_insert(bitena_map *map, const void *key, size_t length, const void *initial,
                            bool *is_new)
{
    void *value = find_there(map, key, length);
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
