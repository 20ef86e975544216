/* The log of a map: which node has which number, positions reserved for nodes to come, and memory that
 * lost a race.
 *
 * Position n is tried only while the count is n, and who finds it occupied gives that node its number
 * and moves the count on. So every position before is filled and numbered, and no node stands there
 * twice: who loads the count n and after that no number is not before n. It cannot fail, since every
 * published node has a position reserved, and who reserved the last of them saw to its segment before
 * it published.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include <bitena/map_parts.h>
#include <bitena/order.h>

static const uint32_t frozen = (uint32_t)1 << 31, most_keys = (uint32_t)INT32_MAX;

void bitena_map_give_spare_(bitena_map *map, void *memory, size_t bytes)
{
    bitena_map_node_ *spare = memory;
    spare->hash = bytes;
    spare->child[0] = load_relaxed(&map->spares);                      /* [H05] */
    while (!cas_weak_release(&map->spares, &spare->child[0], spare)) { /* [H05] */
    }
}

/* Takes the whole list, so that no link of it changes meanwhile; cuts the bytes from the end of one
 * that has them, and gives the rest back. */
static void *take_spare(bitena_map *map, size_t bytes)
{
    char *found = NULL;
    bitena_map_node_ *spare = load_relaxed(&map->spares);            /* [H05] */
    while (spare && !cas_weak_acquire(&map->spares, &spare, NULL)) { /* [H05] */
    }
    for (bitena_map_node_ *next; spare; spare = next) {
        size_t rest = (size_t)spare->hash;
        next = spare->child[0];
        if (!found && rest >= bytes) {
            rest -= bytes;
            found = (char *)spare + rest;
        }
        if (rest >= sizeof(bitena_map_node_)) {
            bitena_map_give_spare_(map, spare, rest);
        }
    }
    return found;
}

void *bitena_map_take_(bitena_map *map, size_t bytes, size_t *refused)
{
    void *memory = take_spare(map, bytes);
    if (!memory && !(memory = bitena_try_alloc(map->arena, bytes, map->align))) {
        *refused = bytes;
    }
    return memory;
}

static inline unsigned segment_of(const bitena_map *map, uint32_t position)
{
    return 31 - (unsigned)__builtin_clz((position >> map->bits) + 1);
}

/* A position of the log; NULL where its segment is not there yet. */
static inline bitena_map_node_ **log_at(const bitena_map *map, uint32_t position)
{
    unsigned segment = segment_of(map, position);
    bitena_map_node_ **first = load_acquire(&map->segments[segment]); /* [H04] */
    return first ? first + (position - ((((uint32_t)1 << segment) - 1) << map->bits)) : NULL;
}

/* The segments up to that of this position. */
static bool make_segments(bitena_map *map, uint32_t position, size_t *refused)
{
    for (unsigned i = 1, last = segment_of(map, position); i <= last && !log_at(map, position);
         i++) {
        size_t bytes =
            bitena_map_round_up_(sizeof(bitena_map_node_ *) << map->bits << i, map->align);
        bitena_map_node_ **there = load_relaxed(&map->segments[i]); /* [H04] */
        bitena_map_node_ **made = there ? NULL : bitena_map_take_(map, bytes, refused);
        if (!there && !made && !load_relaxed(&map->segments[i])) { /* [H04] */
            return false;
        }
        if (made) {
            memset(made, 0, bytes);
            while (!there && !cas_weak_release(&map->segments[i], &there, made)) { /* [H04] */
            }
        }
        if (made && there) {
            bitena_map_give_spare_(map, made, bytes);
        }
    }
    return true;
}

void bitena_map_unreserve_(bitena_map *map, size_t size)
{
    (void)add_relaxed(&map->reserved, UINT32_MAX); /* [H06] */
    if (map->limit != SIZE_MAX) {
        (void)add_relaxed(&map->bytes, ~size + 1); /* [H06] */
    }
}

/* A position, and bytes within the limit; 0 or an errno. */
static int reserve(bitena_map *map, size_t size, uint32_t *position)
{
    *position = load_relaxed(&map->reserved); /* [H06] */
    do {
        if (*position >= most_keys) {
            return *position & frozen ? EROFS : EOVERFLOW;
        }
    } while (!cas_weak_relaxed(&map->reserved, position, *position + 1)); /* [H06] */
    if (map->limit != SIZE_MAX) {
        size_t bytes = load_relaxed(&map->bytes); /* [H06] */
        do {
            if (size > map->limit - bytes) {
                (void)add_relaxed(&map->reserved, UINT32_MAX); /* [H06] */
                return ENOMEM;
            }
        } while (!cas_weak_relaxed(&map->bytes, &bytes, bytes + size)); /* [H06] */
    }
    return 0;
}

int bitena_map_reserve_(bitena_map *map, size_t size, size_t *refused)
{
    uint32_t position;
    int error = reserve(map, size, &position);
    if (error == 0 && !make_segments(map, position, refused)) {
        bitena_map_unreserve_(map, size);
        error = errno;
    }
    return error;
}

/* Who stands at this position, which was the count, is numbered, and the count moves on. */
static void settle(bitena_map *map, bitena_map_node_ *there, uint32_t position)
{
    store_release(&there->number, position + 1);                  /* [H03] all store the same */
    (void)cas_weak_release(&map->count, &position, position + 1); /* [H03] */
}

/* The node gets its number, from this thread or another. */
void bitena_map_number_(bitena_map *map, bitena_map_node_ *node)
{
    for (;;) {
        uint32_t n = load_acquire(&map->count); /* [H03] before the number is looked at */
        if (load_acquire(&node->number) != 0) { /* [H03] */
            return;
        }
        bitena_map_node_ **place = log_at(map, n);
        bitena_map_node_ *there = load_acquire(place); /* [H02] */
        if (there) {
            settle(map, there, n);
        } else if (cas_weak_release(place, &there, node)) { /* [H02] */
            settle(map, node, n);
        }
    }
}

void bitena_map_freeze(bitena_map *map)
{
    BITENA_REQUIRE_(map);
    uint32_t reserved = load_relaxed(&map->reserved);                         /* [H06] */
    while (!cas_weak_relaxed(&map->reserved, &reserved, reserved | frozen)) { /* [H06] */
    }
}

/* ---- What is there ---- */

uint32_t bitena_map_count(bitena_map *map)
{
    BITENA_REQUIRE_(map);
    uint32_t n = load_acquire(&map->count); /* [H03] */
    bitena_map_node_ **place = log_at(map, n);
    bitena_map_node_ *there = place ? load_acquire(place) : NULL; /* [H02] */
    if (there) { /* it may have its number already, and have been found */
        settle(map, there, n);
        n++;
    }
    return n;
}

bitena_map_entry bitena_map_at(const bitena_map *map, uint32_t number)
{
    BITENA_REQUIRE_(map);
    bitena_map_node_ **place = log_at(map, number);
    const bitena_map_node_ *node = place ? load_acquire(place) : NULL; /* [H02] */
    if (!node || load_relaxed(&node->number) == 0) {                   /* [H03] */
        return (bitena_map_entry){0};
    }
    return (bitena_map_entry){bitena_map_key_(map, node), bitena_map_value_(map, node),
                              node->length, number};
}

bitena_map_statistics bitena_map_measure(bitena_map *map)
{
    BITENA_REQUIRE_(map);
    bitena_map_statistics s = {.count = bitena_map_count(map)};
    for (uint32_t i = 0; i < s.count; i++) {
        /* The count was acquired, and all that it counts with it. */
        const bitena_map_node_ *node = load_relaxed(log_at(map, i)), *above; /* [H02] */
        bitena_map_walk_ walk = bitena_map_walk_begin_(map, node->hash);
        size_t depth = 1;
        for (; (above = load_relaxed(walk.place)) != node; depth++) { /* [H01] */
            bitena_map_walk_past_(&walk, above);
        }
        s.bytes += bitena_map_node_size_(map, node->length);
        s.depths += depth;
        s.deepest = depth > s.deepest ? depth : s.deepest;
    }
    return s;
}
