/* Keys with generations. A key is a place's number and the generation the place was in when the key
 * was reserved; one word of the place says its generation and state, and every change of state is
 * one compare-and-swap of that word, so that a stale key changes nothing and finds nothing. Free
 * places form a tagged stack (R. K. Treiber, Coping with Parallelism, 1986); those never used yet
 * are counted off. Insertions are numbered, and the walks sort by that, in the links that live
 * places do not use. Knows nothing of the arena but its public verbs.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>

#include <bitena/keys.h>
#include <bitena/order.h>

enum { HIGH = 32, BINS = 33, FAR = 128 };
enum { EMPTY, RESERVED, FILLING, LIVE, LEAVING }; /* of a place */

struct place {
    __attribute__((aligned(8))) uint64_t word; /* generation above, state below [K02] */
    uint64_t serial;                           /* of its insertion; constant while it is live */
    uint32_t next; /* number of the next in the stack, or in a walk's list; atomic: racing poppers
                      read it */
};

struct bitena_keys {
    size_t capacity, size, stride, value_at; /* constant */
    char *places;

    __attribute__((aligned(FAR))) uint64_t free; /* a number below, above it a tag that every
                                                    change raises */
    uint64_t inserted, removed;
    uint32_t begun, retired; /* places ever used; places left out */
};

typedef void *alloc_verb(bitena *arena, size_t size, size_t align);

static bool refuse(int error)
{
    errno = error;
    return false;
}

static size_t round_up(size_t n, size_t align)
{
    return (n + align - 1) & ~(align - 1);
}

/* number: from 1 to capacity. */
static struct place *place_of(const bitena_keys *keys, uint32_t number)
{
    return (struct place *)(void *)(keys->places + (size_t)(number - 1) * keys->stride);
}

static void *value_of(const bitena_keys *keys, const struct place *place)
{
    return (char *)(uintptr_t)place + keys->value_at;
}

static uint64_t word_in(bitena_key key, unsigned state)
{
    return key >> HIGH << HIGH | state;
}

/* The key's place; NULL: it cannot be one of this table. */
static struct place *find(const bitena_keys *keys, bitena_key key)
{
    uint32_t number = (uint32_t)key;
    return number - (size_t)1 < keys->capacity ? place_of(keys, number) : NULL;
}

/* ---- Free places ---- */

static uint32_t pop(bitena_keys *keys)
{
    for (;;) {
        uint64_t head = load_acquire(&keys->free); /* [K01] */
        uint32_t number = (uint32_t)head;
        if (number == 0) {
            return 0;
        }
        uint64_t next =
            ((head >> HIGH) + 1) << HIGH | load_relaxed(&place_of(keys, number)->next); /* [K01] */
        if (cas_weak_relaxed(&keys->free, &head,
                             next)) { /* [K01] a head with this tag is one message */
            return number;
        }
    }
}

/* The place becomes free in its next generation, or is left out after the last one. */
static void release(bitena_keys *keys, struct place *place, bitena_key key)
{
    uint64_t generation = (key >> HIGH) + 1;
    store_relaxed(&place->word, generation << HIGH | EMPTY); /* [K02] */
    if (generation >> HIGH != 0) {
        (void)add_relaxed(&keys->retired, 1); /* [K03] */
        return;
    }
    uint64_t head = load_relaxed(&keys->free), next; /* [K01] */
    do {
        store_relaxed(&place->next, (uint32_t)head); /* [K01] */
        next = ((head >> HIGH) + 1) << HIGH | (uint32_t)key;
    } while (!cas_weak_release(&keys->free, &head, next)); /* [K01] */
}

/* One caller succeeds for a key in this state. */
static bool change(struct place *place, bitena_key key, unsigned from, unsigned to)
{
    uint64_t word = word_in(key, from);
    while (place && !cas_weak_acquire(&place->word, &word, word_in(key, to))) { /* [K02] */
        if (word != word_in(key, from)) {
            return refuse(ENOENT);
        }
    }
    return place ? true : refuse(ENOENT);
}

/* ---- Making ---- */

static bitena_keys *open_by(alloc_verb *alloc, bitena *arena, const bitena_keys_options *options)
{
    const size_t most = PTRDIFF_MAX / 4; /* sums of two cannot wrap */
    size_t align = options->align ? options->align : _Alignof(max_align_t);
    if ((align & (align - 1)) != 0) {
        return (bitena_keys *)alloc(arena, 0, align); /* which refuses it */
    }
    align = align > _Alignof(struct place) ? align : _Alignof(struct place);
    bool fits = align < most && options->size < most - align && options->capacity < UINT32_MAX;
    size_t value_at = round_up(sizeof(struct place), align);
    size_t stride = fits ? round_up(value_at + options->size, align) : most;
    size_t whole = align > FAR ? align : FAR,
           head = fits ? round_up(sizeof(bitena_keys), whole) : 0;
    if (!fits || options->capacity > (most - head) / stride) {
        return (bitena_keys *)alloc(arena, SIZE_MAX, 1);
    }
    bitena_keys *keys = (bitena_keys *)alloc(arena, head + options->capacity * stride, whole);
    if (keys) {
        *keys = (bitena_keys){.capacity = options->capacity,
                              .size = options->size,
                              .stride = stride,
                              .value_at = value_at,
                              .places = (char *)keys + head};
        uint64_t generation = options->first_generation ? options->first_generation : 1;
        memset(keys->places, 0, options->capacity * stride); /* no page is new to a later verb */
        for (uint32_t number = 1; number <= options->capacity; number++) {
            place_of(keys, number)->word = generation << HIGH | EMPTY;
        }
    }
    return keys;
}

bitena_keys *bitena_keys_open(bitena *arena, const bitena_keys_options *options)
{
    BITENA_REQUIRE_(arena);
    BITENA_REQUIRE_(options);
    return open_by(bitena_alloc, arena, options);
}

bitena_keys *bitena_keys_try_open(bitena *arena, const bitena_keys_options *options)
{
    BITENA_REQUIRE_(arena);
    BITENA_REQUIRE_(options);
    return open_by(bitena_try_alloc, arena, options);
}

bitena_keys *bitena_keys_new(bitena *arena, size_t capacity, size_t size, size_t align)
{
    BITENA_REQUIRE_(arena);
    return open_by(bitena_alloc, arena, &(bitena_keys_options){capacity, size, align, 0});
}

bitena_keys *bitena_keys_try_new(bitena *arena, size_t capacity, size_t size, size_t align)
{
    BITENA_REQUIRE_(arena);
    return open_by(bitena_try_alloc, arena, &(bitena_keys_options){capacity, size, align, 0});
}

/* ---- One key ---- */

bitena_key bitena_keys_reserve(bitena_keys *keys)
{
    BITENA_REQUIRE_(keys);
    uint32_t number = pop(keys);
    uint32_t begun = number ? 0 : load_relaxed(&keys->begun); /* [K03] */
    while (number == 0) {
        if (begun == keys->capacity) {
            errno = ENOMEM;
            return 0;
        }
        if (cas_weak_relaxed(&keys->begun, &begun, begun + 1)) { /* [K03] */
            number = begun + 1;
        }
    }
    struct place *place = place_of(keys, number);
    uint64_t generation = load_relaxed(&place->word) >> HIGH << HIGH; /* [K02] */
    store_relaxed(&place->word, generation | RESERVED);               /* [K02] */
    return generation | number;
}

int bitena_keys_insert(bitena_keys *keys, bitena_key key, const void *value)
{
    BITENA_REQUIRE_(keys);
    struct place *place = find(keys, key);
    if (!change(place, key, RESERVED, FILLING)) {
        return -1;
    }
    void *at = value_of(keys, place);
    (void)(value ? memcpy(at, value, keys->size) : memset(at, 0, keys->size));
    place->serial = add_relaxed(&keys->inserted, 1); /* [K03] */
    store_release(&place->word, word_in(key, LIVE)); /* [K02] */
    return 0;
}

int bitena_keys_cancel(bitena_keys *keys, bitena_key key)
{
    BITENA_REQUIRE_(keys);
    struct place *place = find(keys, key);
    if (!change(place, key, RESERVED, LEAVING)) {
        return -1;
    }
    release(keys, place, key);
    return 0;
}

void *bitena_keys_get(const bitena_keys *keys, bitena_key key)
{
    BITENA_REQUIRE_(keys);
    struct place *place = find(keys, key);
    bool live = place && load_acquire(&place->word) == word_in(key, LIVE); /* [K02] */
    return live ? value_of(keys, place) : NULL;
}

int bitena_keys_remove(bitena_keys *keys, bitena_key key, void *out)
{
    BITENA_REQUIRE_(keys);
    struct place *place = find(keys, key);
    if (!change(place, key, LIVE, LEAVING)) {
        return -1;
    }
    if (out) {
        memcpy(out, value_of(keys, place), keys->size);
    }
    (void)add_relaxed(&keys->removed, 1); /* [K03] */
    release(keys, place, key);
    return 0;
}

/* ---- All keys ---- */

/* Two lists, each newest first, become one. */
static uint32_t merge(const bitena_keys *keys, uint32_t a, uint32_t b)
{
    uint32_t first = 0, *end = &first;
    while (a != 0 && b != 0) {
        uint32_t *newer = place_of(keys, a)->serial > place_of(keys, b)->serial ? &a : &b;
        store_relaxed(end, *newer); /* [K01] */
        end = &place_of(keys, *newer)->next;
        *newer = load_relaxed(end); /* [K01] */
    }
    store_relaxed(end, a != 0 ? a : b); /* [K01] */
    return first;
}

/* The live places, newest first: rows that are in order already, merged by twos, fours, ... (Knuth,
 * The Art of Computer Programming 3, 5.2.4, natural merging of lists). */
static uint32_t sorted(const bitena_keys *keys)
{
    uint32_t bins[BINS] = {0}, row = 0, number = 0, begun = load_relaxed(&keys->begun); /* [K03] */
    uint64_t newest = 0;
    while (number <= begun) {
        struct place *place = ++number <= begun ? place_of(keys, number) : NULL;
        if (place && (uint32_t)load_acquire(&place->word) != LIVE) { /* [K02] */
            continue;
        }
        if (row != 0 && (!place || place->serial < newest)) {
            uint32_t bin = 0;
            for (; bins[bin] != 0; bin++) {
                row = merge(keys, row, bins[bin]);
                bins[bin] = 0;
            }
            bins[bin] = row;
            row = 0;
        }
        if (place) {
            store_relaxed(&place->next, row); /* [K01] */
            row = number;
            newest = place->serial;
        }
    }
    for (uint32_t bin = 0; bin < BINS; bin++) {
        row = merge(keys, row, bins[bin]);
    }
    return row;
}

enum walk { VISITING, RETAINING, DRAINING };

static size_t walk(bitena_keys *keys, bitena_keys_visit *visit, void *context, enum walk what,
                   int *answer)
{
    size_t removed = 0;
    *answer = 0;
    for (uint32_t number = sorted(keys), next; number != 0; number = next) {
        struct place *place = place_of(keys, number);
        next = load_relaxed(&place->next);                                    /* [K01] */
        bitena_key key = load_relaxed(&place->word) >> HIGH << HIGH | number; /* [K02] */
        *answer = visit ? visit(context, key, value_of(keys, place)) : 0;
        if (what == DRAINING || (what == RETAINING && *answer == 0)) {
            removed += bitena_keys_remove(keys, key, NULL) == 0;
        }
        if (what != RETAINING && *answer != 0) {
            break;
        }
    }
    return removed;
}

int bitena_keys_for_each(bitena_keys *keys, bitena_keys_visit *visit, void *context)
{
    int answer;
    BITENA_REQUIRE_(keys);
    BITENA_REQUIRE_(visit);
    (void)walk(keys, visit, context, VISITING, &answer);
    return answer;
}

size_t bitena_keys_retain(bitena_keys *keys, bitena_keys_visit *visit, void *context)
{
    int answer;
    BITENA_REQUIRE_(keys);
    BITENA_REQUIRE_(visit);
    return walk(keys, visit, context, RETAINING, &answer);
}

size_t bitena_keys_drain(bitena_keys *keys, bitena_keys_visit *visit, void *context)
{
    int answer;
    BITENA_REQUIRE_(keys);
    return walk(keys, visit, context, DRAINING, &answer);
}

size_t bitena_keys_capacity(const bitena_keys *keys)
{
    BITENA_REQUIRE_(keys);
    return keys->capacity - load_relaxed(&keys->retired); /* [K03] */
}

size_t bitena_keys_count(const bitena_keys *keys)
{
    BITENA_REQUIRE_(keys);
    uint64_t removed = load_relaxed(&keys->removed); /* [K03] */
    uint64_t inserted =
        load_relaxed(&keys->inserted); /* [K03] may be the older one, or far newer */
    uint64_t live = inserted > removed ? inserted - removed : 0;
    return live < keys->capacity ? (size_t)live : keys->capacity;
}
