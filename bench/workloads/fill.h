/*
 * fill.h - the loops that are timed. Every object is written: a link to the one before it, a
 * value, and a word in each further cache line, so that a list of all of them needs no memory of
 * its own. A rival of another language brings its own versions of these loops.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_FILL_H
#define BENCH_FILL_H

#include "../rivals/rival.h"

enum { WORD = 8, LINE = 64, OBJECT_ALIGN = 8, OBJECT_MIN = WORD };

struct word {
    const char *s;
    uint32_t length;
};

/* Text and objects by turns, as a parser makes them: what of each word is kept, and where. */
struct entry {
    struct entry *before;
    const char *name;
    uint32_t length;
    uint32_t count;
};

BENCH_INLINE char *copied_text(struct room *room, const char *s, size_t length)
{
#if defined(RIVAL_HAS_TEXT) || defined(RIVAL_TEXT_ONLY)
    return (char *)given(room_text(room, s, length));
#else
    char *copy = (char *)given(room_alloc(room, length + 1, 1));
    memcpy(copy, s, length);
    copy[length] = '\0';
    return copy;
#endif
}

/* A room that is a pointer only is kept in a register, as a program keeps its arena; the object's
 * stores would have it loaded again each time. */
#ifdef RIVAL_IS_HANDLE
#define LOOP_ROOM(room)         \
    struct room handle = *room; \
    room = &handle
#else
#define LOOP_ROOM(room) (void)room
#endif

#ifdef RIVAL_OWN_FILLS

#ifdef __cplusplus
extern "C" {
#endif
/* Each returns the newest object, the head of the list. */
void *fill_same(struct room *room, size_t count, size_t size);
void *fill_sizes(struct room *room, const uint16_t *sizes, size_t count);
void *fill_words(struct room *room, const struct word *words, size_t count);
#ifdef __cplusplus
}
#endif

#elif !defined(RIVAL_TEXT_ONLY)

BENCH_INLINE void write_object(char *p, void *before, size_t size, uint64_t value)
{
    *(void **)(void *)p = before;
    if (size >= (size_t)2 * WORD) {
        ((uint64_t *)(void *)p)[1] = value;
    }
    for (size_t at = LINE; at + WORD <= size; at += LINE) {
        *(uint64_t *)(void *)(p + at) = value;
    }
}

/* With a constant size this folds to what a program with one type has. */
BENCH_INLINE void *fill_constant(struct room *room, size_t count, size_t size)
{
    void *last = NULL;
    LOOP_ROOM(room);
    for (size_t i = 0; i < count; i++) {
        char *p = (char *)given(room_alloc(room, size, OBJECT_ALIGN));
        write_object(p, last, size, i);
        last = p;
    }
    return last;
}

#define FILL_OF_SIZE(size)                                                         \
    static BENCH_NOINLINE                                                          \
        __attribute__((unused)) void *fill_##size(struct room *room, size_t count) \
    {                                                                              \
        return fill_constant(room, count, size);                                   \
    }
FILL_OF_SIZE(8)
FILL_OF_SIZE(16)
FILL_OF_SIZE(32)
FILL_OF_SIZE(64)
FILL_OF_SIZE(128)
FILL_OF_SIZE(256)
FILL_OF_SIZE(512)
FILL_OF_SIZE(1024)
FILL_OF_SIZE(2048)
FILL_OF_SIZE(4096)
#undef FILL_OF_SIZE

typedef void *fill_of_size(struct room *room, size_t count);

static __attribute__((unused)) void *fill_same(struct room *room, size_t count, size_t size)
{
    static fill_of_size *const of_power[] = {fill_8,   fill_16,  fill_32,   fill_64,   fill_128,
                                             fill_256, fill_512, fill_1024, fill_2048, fill_4096};
    for (size_t i = 0; i < sizeof of_power / sizeof of_power[0]; i++) {
        if (size == (size_t)OBJECT_MIN << i) {
            return of_power[i](room, count);
        }
    }
    die("size=%zu: a power of two from 8 to 4096", size);
}

static BENCH_NOINLINE __attribute__((unused)) void *fill_sizes(struct room *room,
                                                               const uint16_t *sizes, size_t count)
{
    void *last = NULL;
    LOOP_ROOM(room);
    for (size_t i = 0; i < count; i++) {
        size_t size = sizes[i];
        char *p = (char *)given(room_alloc(room, size, OBJECT_ALIGN));
        write_object(p, last, size, i);
        last = p;
    }
    return last;
}

static BENCH_NOINLINE __attribute__((unused)) void *
fill_words(struct room *room, const struct word *words, size_t count)
{
    struct entry *last = NULL;
    LOOP_ROOM(room);
    for (size_t i = 0; i < count; i++) {
        struct entry *entry = (struct entry *)given(room_alloc(room, sizeof *entry, OBJECT_ALIGN));
        entry->name = copied_text(room, words[i].s, words[i].length);
        entry->length = words[i].length;
        entry->count = (uint32_t)i;
        entry->before = last;
        last = entry;
    }
    return last;
}

#endif

/* What a heap needs after each of them, newest first; an arena's room_reset does it at once. */
#if RIVAL_FREES_EACH
static BENCH_NOINLINE __attribute__((unused)) void free_same(struct room *room, void *list,
                                                             size_t size)
{
    while (list != NULL) {
        void *before = *(void **)list;
        room_free(room, list, size);
        list = before;
    }
}

static BENCH_NOINLINE __attribute__((unused)) void free_sizes(struct room *room, void *list,
                                                              const uint16_t *sizes, size_t count)
{
    while (list != NULL) {
        void *before = *(void **)list;
        room_free(room, list, sizes[--count]);
        list = before;
    }
}

static BENCH_NOINLINE __attribute__((unused)) void free_words(struct room *room, void *list)
{
    struct entry *entry = (struct entry *)list;
    while (entry != NULL) {
        struct entry *before = entry->before;
        room_free(room, (void *)(uintptr_t)entry->name, entry->length + 1);
        room_free(room, entry, sizeof *entry);
        entry = before;
    }
}
#endif

#endif
