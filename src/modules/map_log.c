/* The log of a map: which node has which number, positions reserved for nodes to come, and memory that
 * lost a race.
 *
 * A node is put into the first position that is empty, so that before every node that stands in the
 * log all positions are filled. Who looks for that position begins where all before are numbered, a
 * place that it learns before it sees that its node has no number: so the node is not before, and
 * if it is after, put there by another thread, it is met on the way. Where to begin is written down
 * for all once some positions have been filled after it, and meanwhile for the threads of a stock by
 * one that found nobody else's node on its way; so a thread seldom looks at nodes of others. Who asks
 * for a position numbers its node. It cannot fail, since every published
 * node has a position reserved, and who reserves positions sees to their segment first.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include <bitena/map_parts.h>
#include <bitena/order.h>

enum {
    SLOT_SHIFT = 22, /* of a thread's id */
    SHARE = 32,      /* a stock gets one for so many that there are */
    MOST = 16        /* at once */
};
static const uint32_t frozen = (uint32_t)1 << 31, most_keys = (uint32_t)INT32_MAX;

void bitena_map_give_spare_(bitena_map *map, void *memory, size_t bytes)
{
    bitena_map_node_ *spare = memory;
    bitena_link_ link = bitena_link_to_(map, spare, map->unit_bits);
    spare->hash = bytes;
    spare->child[0] = load_relaxed(&map->spares);                     /* [H05] */
    while (!cas_weak_release(&map->spares, &spare->child[0], link)) { /* [H05] */
    }
}

/* Takes the whole list, so that no link of it changes meanwhile; cuts the bytes from the end of one
 * that has them, and gives the rest back. */
static void *take_spare(bitena_map *map, size_t bytes)
{
    char *found = NULL;
    bitena_link_ next = load_relaxed(&map->spares);                  /* [H05] */
    while (next != 0 && !cas_weak_acquire(&map->spares, &next, 0)) { /* [H05] */
    }
    while (next != 0) {
        bitena_map_node_ *spare = bitena_map_node_at_(map, next);
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
static inline bitena_link_ *log_at(const bitena_map *map, uint32_t position)
{
    unsigned segment = segment_of(map, position);
    bitena_link_ *first = load_acquire(&map->segments[segment]); /* [H04] */
    return first ? first + (position - ((((uint32_t)1 << segment) - 1) << map->bits)) : NULL;
}

/* The segments up to that of this position. */
static bool make_segments(bitena_map *map, uint32_t position, size_t *refused)
{
    for (unsigned i = 1, last = segment_of(map, position); i <= last && !log_at(map, position);
         i++) {
        size_t bytes = bitena_map_round_up_(sizeof(bitena_link_) << map->bits << i, map->align);
        bitena_link_ *there = load_relaxed(&map->segments[i]); /* [H04] */
        bitena_link_ *made = there ? NULL : bitena_map_take_(map, bytes, refused);
        if (!there && !made) {
            if (!load_relaxed(&map->segments[i])) { /* [H04] */
                return false;
            }
            *refused = 0; /* it has come meanwhile */
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

/* ---- Reserving ---- */

/* This thread's, and other threads'. */
static bitena_map_stock_ *own_stock(bitena_map *map)
{
    return &map->stocks[(bitena_thread_id >> SLOT_SHIFT) % BITENA_MAP_STOCKS_];
}

static bool take_position(bitena_map_stock_ *stock)
{
    uint32_t there = load_relaxed(&stock->positions);                               /* [H08] */
    while (there != 0 && !cas_weak_acquire(&stock->positions, &there, there - 1)) { /* [H08] */
    }
    return there != 0;
}

static void add_positions(bitena_map_stock_ *stock, uint32_t count)
{
    (void)add_release(&stock->positions, count); /* [H08] */
}

static bool take_from_any(bitena_map *map)
{
    unsigned i = 0;
    while (i < BITENA_MAP_STOCKS_ && !take_position(&map->stocks[i])) {
        i++;
    }
    return i < BITENA_MAP_STOCKS_;
}

/* So many more than the first as a stock gets, of the first's segment. */
static uint32_t more_than(const bitena_map *map, uint32_t first)
{
    uint32_t after = (((uint32_t)2 << segment_of(map, first)) - 1) << map->bits;
    uint32_t left = (after < most_keys ? after : most_keys) - 1 - first;
    uint32_t more = first / SHARE < MOST ? first / SHARE : MOST;
    return more < left ? more : left;
}

/* One for the caller, and some for its stock. A segment is made when no stock has any. */
static int reserve_more(bitena_map *map, bitena_map_stock_ *stock, size_t *refused)
{
    uint32_t first = load_relaxed(&map->reserved), more; /* [H06] */
    do {
        if (first & frozen) {
            return EROFS;
        }
        bool is_full = first == most_keys;
        if ((is_full || !log_at(map, first)) && take_from_any(map)) {
            return 0;
        }
        if (is_full || !make_segments(map, first, refused)) {
            return is_full ? EOVERFLOW : errno;
        }
        more = more_than(map, first);
    } while (!cas_weak_relaxed(&map->reserved, &first, first + 1 + more)); /* [H06] */
    add_positions(stock, more);
    return 0;
}

static bool reserve_bytes(bitena_map *map, size_t size)
{
    size_t bytes = load_relaxed(&map->bytes); /* [H06] */
    do {
        if (size > map->limit - bytes) {
            return false;
        }
    } while (!cas_weak_relaxed(&map->bytes, &bytes, bytes + size)); /* [H06] */
    return true;
}

int bitena_map_reserve_(bitena_map *map, size_t size, size_t *refused)
{
    if (load_relaxed(&map->reserved) & frozen) { /* [H06] */
        return EROFS;
    }
    bitena_map_stock_ *stock = own_stock(map);
    int error = take_position(stock) ? 0 : reserve_more(map, stock, refused);
    if (error == 0 && map->limit != SIZE_MAX && !reserve_bytes(map, size)) {
        add_positions(stock, 1);
        error = ENOMEM;
    }
    return error;
}

void bitena_map_unreserve_(bitena_map *map, size_t size)
{
    add_positions(own_stock(map), 1);
    if (map->limit != SIZE_MAX) {
        (void)add_relaxed(&map->bytes, ~size + 1); /* [H06] */
    }
}

/* ---- Numbering ---- */

/* Whoever stands at the position is numbered; all store the same. */
static void settle(bitena_map_node_ *there, uint32_t position)
{
    if (load_relaxed(&there->number) == 0) {         /* [H03] */
        store_release(&there->number, position + 1); /* [H03] */
    }
}

/* The link that stands at the place then: this one, if there was none. */
static bitena_link_ fill(bitena_link_ *place, bitena_link_ link)
{
    bitena_link_ there;
    while ((there = load_acquire(place)) == 0) {     /* [H02] */
        if (cas_weak_release(place, &there, link)) { /* [H02] */
            return link;
        }
    }
    return there;
}

/* The node gets its number, from this thread or another. */
void bitena_map_number_(bitena_map *map, bitena_map_node_ *node)
{
    bitena_map_stock_ *stock = own_stock(map);
    uint32_t all = load_acquire(&map->settled), own = load_acquire(&stock->settled); /* [H03] */
    if (load_acquire(&node->number) != 0) { /* [H03] after these */
        return;
    }
    bitena_link_ link = bitena_link_to_(map, node, map->unit_bits);
    uint32_t first = own > all ? own : all, n = first;
    while (fill(log_at(map, n), link) != link) {
        n++;
    }
    settle(node, n);
    if (n - all >= BITENA_MAP_WINDOW_) {
        for (uint32_t i = first; i < n; i++) {
            settle(bitena_map_node_at_(map, load_acquire(log_at(map, i))), i); /* [H02] */
        }
        while (all <= n && !cas_weak_release(&map->settled, &all, n + 1)) { /* [H03] */
        }
    } else if (n == first) {
        store_release(&stock->settled, n + 1); /* [H03] */
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
    uint32_t n = load_acquire(&map->settled); /* [H03] */
    uint32_t most =
        load_relaxed(&map->reserved) & ~frozen; /* [H06] so that others cannot lead on */
    for (; n < most; n++) {
        bitena_link_ *place = log_at(map, n);
        bitena_link_ there = place ? load_acquire(place) : 0; /* [H02] */
        if (there == 0) {
            break;
        }
        settle(bitena_map_node_at_(map, there), n);
    }
    return n;
}

bitena_map_entry bitena_map_at(const bitena_map *map, uint32_t number)
{
    BITENA_REQUIRE_(map);
    bitena_link_ *place = log_at(map, number);
    bitena_link_ link = place ? load_acquire(place) : 0; /* [H02] */
    if (link == 0) {
        return (bitena_map_entry){0};
    }
    bitena_map_node_ *node = bitena_map_node_at_(map, link);
    settle(node, number);
    return (bitena_map_entry){bitena_map_key_(map, node), bitena_map_value_(map, node),
                              node->length, number};
}

bitena_map_statistics bitena_map_measure(bitena_map *map)
{
    BITENA_REQUIRE_(map);
    bitena_map_statistics s = {.count = bitena_map_count(map)};
    for (uint32_t i = 0; i < s.count; i++) {
        /* The count was acquired, and all that it counts with it. */
        bitena_link_ link = load_relaxed(log_at(map, i)), above; /* [H02] */
        const bitena_map_node_ *node = bitena_map_node_at_(map, link);
        bitena_map_walk_ walk = bitena_map_walk_begin_(map, node->hash);
        size_t depth = 1;
        for (; (above = load_relaxed(walk.place)) != link; depth++) { /* [H01] */
            bitena_map_walk_past_(&walk, bitena_map_node_at_(map, above));
        }
        s.bytes += bitena_map_node_size_(map, node->length);
        s.depths += depth;
        s.deepest = depth > s.deepest ? depth : s.deepest;
    }
    return s;
}
