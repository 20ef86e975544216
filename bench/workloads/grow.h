/*
 * grow.h - data that grows. One operation is one step of it.
 *
 *     grow kind=text   [text=FILE] [bytes=1048576] [laps=4] [passes=5]
 *     grow kind=vector [bytes=8000000]             [laps=4] [passes=5]
 *     grow kind=resize [bytes=262144]              [laps=4] [passes=5]
 *
 * text: words are appended, with a space each, as many as fit into `bytes`. vector: 64-bit numbers,
 * at a capacity that doubles. resize: one block to the exact size, 64 bytes more each time, each
 * part written: how well the allocator grows in place. Not offered without RIVAL_HAS_RESIZE,
 * where each step would be a copy. The data goes back at the end of each lap.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_GROW_H
#define BENCH_GROW_H

#include "lap.h"
#include "split.h"

enum { GROW_FIRST = 64, GROW_STEP = 64 };

struct grow {
    struct lap lap;
    struct words words;
    size_t bytes;
    /* what the lap made */
    char *data;
    size_t length, capacity;
};

/* Aligned for 64-bit numbers; old_size 0: a new one. */
BENCH_INLINE char *resized(struct room *room, char *p, size_t old_size, size_t new_size)
{
#ifdef RIVAL_HAS_RESIZE
    return (char *)given(room_resize(room, p, old_size, new_size));
#else
    char *moved = (char *)given(room_alloc(room, new_size, OBJECT_ALIGN));
    if (old_size != 0) {
        memcpy(moved, p, old_size);
#if RIVAL_FREES_EACH
        room_free(room, p, old_size);
#endif
    }
    return moved;
#endif
}

#ifndef RIVAL_HAS_GROW
/* What a program writes for itself: a buffer whose capacity doubles. */
struct growing {
    char *text;
    size_t length, capacity;
};

BENCH_INLINE void grow_begin(struct room *room, struct growing *growing)
{
    growing->length = 0;
    growing->capacity = GROW_FIRST;
    growing->text = resized(room, NULL, 0, GROW_FIRST);
}

BENCH_INLINE void grow_append(struct room *room, struct growing *growing, const void *bytes,
                              size_t length)
{
    if (__builtin_expect(growing->capacity - growing->length < length, 0)) {
        size_t capacity = growing->capacity;
        while (capacity - growing->length < length) {
            capacity *= 2;
        }
        growing->text = resized(room, growing->text, growing->capacity, capacity);
        growing->capacity = capacity;
    }
    memcpy(growing->text + growing->length, bytes, length);
    growing->length += length;
}

BENCH_INLINE char *grow_finish(struct room *room, struct growing *growing, size_t *length)
{
    (void)room;
    *length = growing->length;
    return growing->text;
}
#elif RIVAL_FREES_EACH
#error "RIVAL_HAS_GROW is for rivals whose room_reset takes the text back"
#endif

static BENCH_NOINLINE void grow_text(struct room *room, struct grow *grow)
{
    struct growing growing;
    grow_begin(room, &growing);
    for (size_t i = 0; i < grow->words.count; i++) {
        const struct word *word = &grow->words.words[i];
        grow_append(room, &growing, word->s, word->length + 1); /* and a space */
    }
    grow->data = grow_finish(room, &growing, &grow->length);
#ifndef RIVAL_HAS_GROW
    grow->capacity = growing.capacity;
#endif
}

static BENCH_NOINLINE void grow_vector(struct room *room, struct grow *grow)
{
    size_t count = grow->bytes / sizeof(uint64_t);
    size_t capacity = GROW_FIRST / sizeof(uint64_t);
    uint64_t *numbers = (uint64_t *)(void *)resized(room, NULL, 0, GROW_FIRST);
    for (size_t i = 0; i < count; i++) {
        if (__builtin_expect(i == capacity, 0)) {
            size_t bytes = capacity * sizeof(uint64_t);
            numbers = (uint64_t *)(void *)resized(room, (char *)numbers, bytes, bytes * 2);
            capacity *= 2;
        }
        numbers[i] = i;
    }
    grow->data = (char *)numbers;
    grow->length = count * sizeof(uint64_t);
    grow->capacity = capacity * sizeof(uint64_t);
}

static BENCH_NOINLINE void grow_resize(struct room *room, struct grow *grow)
{
    char *data = NULL;
    size_t size = 0;
    while (size < grow->bytes) {
        data = resized(room, data, size, size + GROW_STEP);
        memset(data + size, (int)(size / GROW_STEP & 127), GROW_STEP);
        size += GROW_STEP;
    }
    grow->data = data;
    grow->length = grow->capacity = size;
}

#define GROW_BODY(kind)                                                   \
    static inline void grow_##kind##_body(void *context, unsigned thread) \
    {                                                                     \
        struct grow *grow = (struct grow *)context;                       \
        grow_##kind(room_of(&grow->lap.crew, thread), grow);              \
    }
GROW_BODY(text)
GROW_BODY(vector)
GROW_BODY(resize)
#undef GROW_BODY

static inline void grow_free(void *context, unsigned thread)
{
#if RIVAL_FREES_EACH
    struct grow *grow = (struct grow *)context;
    room_free(room_of(&grow->lap.crew, thread), grow->data, grow->capacity);
#else
    (void)context;
    (void)thread;
#endif
}

static inline void grow_look(struct lap *lap)
{
    struct grow *grow = (struct grow *)(void *)lap;
    lap->check = text_check(grow->length, grow->data, grow->length);
}

/* A text of its own for a run without a file: the usual lengths, in no order. */
static const char grow_words[] =
    "arena of small objects returned at once after every request the server "
    "reads a line and keeps each name beside its number until nobody asks again "
    "because memory that lives together should also end together in one step ";

static inline size_t grow_choose(struct grow *grow, struct request *request)
{
    const char *kind = want_text(request, "kind", "text");
    if (strcmp(kind, "text") == 0) {
        const char *text = grow_words;
        size_t length = sizeof grow_words - 1;
        grow->bytes = want_number(request, "bytes", 1 << 20);
        if (want_text(request, "text", NULL) != NULL) {
            text = want_file(request, "text", &length);
        }
        words_split(&grow->words, text, length, grow->bytes, 0);
        if (grow->words.count != 0 && grow->words.bytes > grow->bytes) {
            grow->words.bytes -= grow->words.words[--grow->words.count].length + 1;
        }
        grow->bytes = grow->words.bytes;
        grow->lap.fill = grow_text_body;
        return grow->words.count;
    }
    if (strcmp(kind, "vector") == 0) {
        grow->bytes = want_number(request, "bytes", 8000000) / sizeof(uint64_t) * sizeof(uint64_t);
        grow->lap.fill = grow_vector_body;
        return grow->bytes / sizeof(uint64_t);
    }
    if (strcmp(kind, "resize") != 0) {
        die("kind=%s: text, vector or resize", kind);
    }
    grow->bytes = want_number(request, "bytes", 256 << 10) / GROW_STEP * GROW_STEP;
    grow->lap.fill = grow_resize_body;
    return grow->bytes / GROW_STEP;
}

static inline int workload_grow(struct request *request, struct result *result)
{
    static struct grow grow;
    size_t passes = want_number(request, "passes", 5);
    size_t laps = want_number(request, "laps", 4);
    grow.lap.free = grow_free;
    grow.lap.look = grow_look;
    result->operations = grow_choose(&grow, request);
    if (result->operations == 0) {
        die("bytes: too few");
    }
#ifndef RIVAL_HAS_RESIZE
    if (grow.lap.fill == grow_resize_body) {
        return BENCH_NOT_OFFERED;
    }
#endif
    result->bytes_asked = grow.bytes;
    /* The capacities up to the one that holds them all, each in a place of its own. */
    lap_open(&grow.lap, 1, 4 * grow.bytes + GROW_FIRST, 64);
    return lap_measure(&grow.lap, result, passes, laps);
}

#endif
