/*
 * vector.c - bench_vector: pushes into a vector from empty, against a C program's own doubling with realloc
 * and bumpalo's Vec, whose loops are Rust (bench/bumpalo). A lap is a vector's whole life: filled,
 * read at two places and given back. Figures are per push. Kindest settings: bumpalo's one chunk
 * holds all and stays; realloc's heap is warm and holds nothing else.
 * SPDX-License-Identifier: MIT
 *
 * The loops of pushes are realloc's, instruction for instruction; what differs is how they grow. The
 * last chunk of a heap that holds nothing else grows without a copy, as a vector in an EXACT arena
 * does. In a shared one it does up to the end of its thread's lease, of 64 KiB; then it moves, to four
 * times the room, which copies a third of it in all. By turns, realloc takes what was freed a
 * moment before, warm from the cache; an arena frees nothing.
 */
#define _GNU_SOURCE

#include <bitena/vector.h>

#include "../rivals/block.h"
#include "rounds.h"

#include <stdarg.h>

enum { ROOM_BYTES = 1 << 30, PUSHES_A_ROUND = 1 << 20 };

struct pair {
    uint64_t first, second;
};

BITENA_VECTOR(numbers, uint32_t);
BITENA_VECTOR(pairs, struct pair);

/* A Bump, as in bench/rivals/bumpalo.c. */
struct room {
    _Alignas(64) unsigned char bump[64];
};

struct bench {
    bitena *arena, *exact;
    struct room room;
    size_t count;
};

/* Not there where cargo or the crate are missing. */
typedef uint64_t pushes(struct room *room, size_t count);
pushes bumpalo_push_numbers __attribute__((weak)), bumpalo_push_pairs __attribute__((weak)),
    bumpalo_push_turns __attribute__((weak));
void room_open(struct room *room, size_t bytes) __attribute__((weak));

/* What the crate calls. */
void *bumpalo_pages_take(size_t bytes);
void bumpalo_pages_give(void *start, size_t bytes);

void die(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    (void)vfprintf(stderr, format, list);
    va_end(list);
    exit(EXIT_FAILURE);
}

void *bumpalo_pages_take(size_t bytes)
{
    return block_take(&bytes);
}

void bumpalo_pages_give(void *start, size_t bytes)
{
    block_give((char *)start, bytes);
}

static inline struct pair pair(size_t i)
{
    return (struct pair){i, ~(uint64_t)i};
}

static inline uint64_t fill_numbers(bitena *arena, size_t count)
{
    numbers v = numbers_begin(arena);
    for (size_t i = 0; i < count; i++) {
        (void)numbers_push(&v, (uint32_t)i);
    }
    uint64_t check = (uint64_t)v.at[count / 2] + v.at[count - 1];
    (void)bitena_reset(arena);
    return check;
}

static inline uint64_t fill_pairs(bitena *arena, size_t count)
{
    pairs v = pairs_begin(arena);
    for (size_t i = 0; i < count; i++) {
        (void)pairs_push(&v, pair(i));
    }
    uint64_t check = v.at[count / 2].first + v.at[count - 1].second;
    (void)bitena_reset(arena);
    return check;
}

static inline uint64_t fill_turns(bitena *arena, size_t count)
{
    pairs v = pairs_begin(arena), w = pairs_begin(arena);
    for (size_t i = 0; i < count / 2; i++) {
        (void)pairs_push(&v, pair(i));
        (void)pairs_push(&w, pair(i));
    }
    uint64_t check = v.at[count / 4].first + w.at[count / 2 - 1].second;
    (void)bitena_reset(arena);
    return check;
}

#define OURS(kind)                                                 \
    static uint64_t ours_##kind(void *context)                     \
    {                                                              \
        const struct bench *bench = (const struct bench *)context; \
        return fill_##kind(bench->arena, bench->count);            \
    }                                                              \
    static uint64_t exact_##kind(void *context)                    \
    {                                                              \
        const struct bench *bench = (const struct bench *)context; \
        return fill_##kind(bench->exact, bench->count);            \
    }
OURS(numbers)
OURS(pairs)
OURS(turns)

/* What a C program writes for itself. */
#define DOUBLED(type)                                                             \
    struct doubled_##type {                                                       \
        type *at;                                                                 \
        size_t count, room;                                                       \
    };                                                                            \
    static inline void doubled_##type##_push(struct doubled_##type *v, type item) \
    {                                                                             \
        if (__builtin_expect(v->count == v->room, 0)) {                           \
            v->room = v->room ? 2 * v->room : 256 / sizeof(type);                 \
            v->at = (type *)given(realloc(v->at, v->room * sizeof(type)));        \
        }                                                                         \
        v->at[v->count++] = item;                                                 \
    }
typedef struct pair pair_type;
DOUBLED(uint32_t)
DOUBLED(pair_type)

static uint64_t realloc_numbers(void *context)
{
    size_t count = ((const struct bench *)context)->count;
    struct doubled_uint32_t v = {0};
    for (size_t i = 0; i < count; i++) {
        doubled_uint32_t_push(&v, (uint32_t)i);
    }
    uint64_t check = (uint64_t)v.at[count / 2] + v.at[count - 1];
    free(v.at);
    return check;
}

static uint64_t realloc_pairs(void *context)
{
    size_t count = ((const struct bench *)context)->count;
    struct doubled_pair_type v = {0};
    for (size_t i = 0; i < count; i++) {
        doubled_pair_type_push(&v, pair(i));
    }
    uint64_t check = v.at[count / 2].first + v.at[count - 1].second;
    free(v.at);
    return check;
}

static uint64_t realloc_turns(void *context)
{
    size_t count = ((const struct bench *)context)->count;
    struct doubled_pair_type v = {0}, w = {0};
    for (size_t i = 0; i < count / 2; i++) {
        doubled_pair_type_push(&v, pair(i));
        doubled_pair_type_push(&w, pair(i));
    }
    uint64_t check = v.at[count / 4].first + w.at[count / 2 - 1].second;
    free(v.at);
    free(w.at);
    return check;
}

#define BUMPALO(kind)                                           \
    static uint64_t bumpalo_##kind(void *context)               \
    {                                                           \
        struct bench *bench = (struct bench *)context;          \
        return bumpalo_push_##kind(&bench->room, bench->count); \
    }
BUMPALO(numbers)
BUMPALO(pairs)
BUMPALO(turns)

#define RACERS(kind)                                                                        \
    {                                                                                       \
        {"bitena_vector", ours_##kind, 0}, {"bitena_vector, EXACT arena", exact_##kind, 0}, \
            {"realloc, doubling", realloc_##kind, 1}, {"bumpalo's Vec", bumpalo_##kind, 1}, \
    }

int main(void)
{
    static const struct racer racers[][4] = {RACERS(numbers), RACERS(pairs), RACERS(turns)};
    static const char *const kinds[] = {"4-byte numbers", "16-byte pairs",
                                        "16-byte pairs into two vectors by turns"};
    static struct bench bench;
    size_t count = bumpalo_push_pairs ? 4 : 3;
    bench.arena = bitena_new(ROOM_BYTES);
    bench.exact = bitena_open(&(bitena_options){.capacity = ROOM_BYTES, .mode = BITENA_EXACT});
    if (!bench.arena || !bench.exact) {
        die("bench_vector: no arena\n");
    }
    if (bumpalo_push_pairs) {
        room_open(&bench.room, ROOM_BYTES);
    } else {
        printf("bumpalo: skipped, it needs -DBITENA_RIVALS=ON, cargo and librust-bumpalo-dev\n");
    }
    for (size_t kind = 0; kind < 3; kind++) {
        for (bench.count = 1000; bench.count <= 1000000; bench.count *= 10) {
            char title[80];
            (void)snprintf(title, sizeof title, "%s, %zu of them: per push", kinds[kind],
                           bench.count);
            race(title, racers[kind], count, &bench, PUSHES_A_ROUND / bench.count, bench.count);
        }
    }
    bitena_drop(bench.exact);
    bitena_drop(bench.arena);
    return races_end();
}
