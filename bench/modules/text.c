/*
 * text.c - bench_text: a growing text against glibc's open_memstream and obstack. A lap is the whole life
 * of one text: begun, appended to, finished, read at its ends and given back. Appended are
 * characters, words, numbers by printf, or records that mix them; figures are per append.
 * Kindest settings: the stream without its locks as well; the obstack in one chunk that stays.
 *
 *     bench_text
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE

#include <bitena/text.h>

#include <obstack.h>

#include "rounds.h"

#pragma GCC diagnostic ignored "-Wsign-conversion" /* the obstack's macros keep lengths in int */

enum { ARENA_BYTES = 64 << 20, CHUNK_BYTES = 32 << 20, BYTES_A_ROUND = 4 << 20 };

struct bench {
    bitena *arena;
    struct obstack stack;
    void *bottom;
    size_t appends; /* of one lap */
};

static const char *const words[] = {"arena",  "of",    "small", "objects", "returned", "at",
                                    "once",   "after", "every", "request", "that",     "a",
                                    "server", "has",   "read",  "!"};
static inline const char *word(size_t i)
{
    return words[i * 7 % 16];
}

static uint64_t check(const char *text, size_t size)
{
    return size * 65536 + (uint64_t)(unsigned char)text[size / 2] * 256 +
           (unsigned char)text[size - 1];
}

/* Each way to write: begin, a character, a string, a number, end. */
struct stream {
    FILE *file;
    char *at;
    size_t size;
};

#define OURS_BEGIN     bitena_text text = bitena_text_begin(bench->arena)
#define OURS_CHAR(c)   bitena_text_append_char(&text, c)
#define OURS_WORD(s)   bitena_text_append_string(&text, s)
#define OURS_NUMBER(n) (void)bitena_text_append_printf(&text, "%zu", n)
#define OURS_END                                \
    bitena_bytes done = bitena_text_end(&text); \
    uint64_t sum = check(done.at, done.size);   \
    (void)bitena_reset(bench->arena)

#define STREAM_BEGIN                                  \
    struct stream text = {0};                         \
    text.file = open_memstream(&text.at, &text.size); \
    if (!text.file)                                   \
    abort()
#define STREAM_CHAR(c)   (void)fputc(c, text.file)
#define STREAM_WORD(s)   (void)fputs(s, text.file)
#define STREAM_NUMBER(n) (void)fprintf(text.file, "%zu", n)
#define STREAM_END                            \
    (void)fclose(text.file);                  \
    uint64_t sum = check(text.at, text.size); \
    free(text.at)

#define UNLOCKED_BEGIN     STREAM_BEGIN
#define UNLOCKED_CHAR(c)   (void)putc_unlocked(c, text.file)
#define UNLOCKED_WORD(s)   (void)fputs_unlocked(s, text.file)
#define UNLOCKED_NUMBER(n) STREAM_NUMBER(n)
#define UNLOCKED_END       STREAM_END

#define OBSTACK_BEGIN     struct obstack *stack = &bench->stack
#define OBSTACK_CHAR(c)   obstack_1grow(stack, c)
#define OBSTACK_WORD(s)   obstack_grow(stack, s, (int)strlen(s))
#define OBSTACK_NUMBER(n) (void)obstack_printf(stack, "%zu", n)
#define OBSTACK_END                                       \
    obstack_1grow(stack, 0);                              \
    size_t size = (size_t)obstack_object_size(stack) - 1; \
    char *at = obstack_finish(stack);                     \
    uint64_t sum = check(at, size);                       \
    obstack_free(stack, at)

/* A record is seven appends, among them one number. */
#define LAPS(way, WAY)                                   \
    static uint64_t way##_chars(void *context)           \
    {                                                    \
        struct bench *bench = (struct bench *)context;   \
        WAY##_BEGIN;                                     \
        for (size_t i = 0; i < bench->appends; i++) {    \
            WAY##_CHAR((char)('a' + (i & 15)));          \
        }                                                \
        WAY##_END;                                       \
        return sum;                                      \
    }                                                    \
    static uint64_t way##_words(void *context)           \
    {                                                    \
        struct bench *bench = (struct bench *)context;   \
        WAY##_BEGIN;                                     \
        for (size_t i = 0; i < bench->appends; i++) {    \
            WAY##_WORD(word(i));                         \
        }                                                \
        WAY##_END;                                       \
        return sum;                                      \
    }                                                    \
    static uint64_t way##_numbers(void *context)         \
    {                                                    \
        struct bench *bench = (struct bench *)context;   \
        WAY##_BEGIN;                                     \
        for (size_t i = 0; i < bench->appends; i++) {    \
            WAY##_NUMBER(i * 977);                       \
        }                                                \
        WAY##_END;                                       \
        return sum;                                      \
    }                                                    \
    static uint64_t way##_records(void *context)         \
    {                                                    \
        struct bench *bench = (struct bench *)context;   \
        WAY##_BEGIN;                                     \
        for (size_t i = 0; i < bench->appends; i += 7) { \
            WAY##_WORD(word(i));                         \
            WAY##_CHAR(' ');                             \
            WAY##_WORD(word(i + 1));                     \
            WAY##_CHAR('=');                             \
            WAY##_NUMBER(i * 977);                       \
            WAY##_CHAR(';');                             \
            WAY##_CHAR('\n');                            \
        }                                                \
        WAY##_END;                                       \
        return sum;                                      \
    }
LAPS(ours, OURS)
LAPS(stream, STREAM)
LAPS(unlocked, UNLOCKED)
LAPS(obstack, OBSTACK)

#define RACERS(kind, twice, ahead)                                                                \
    {                                                                                             \
        {"bitena_text", ours_##kind, 0}, {"open_memstream", stream_##kind, twice},                \
            {"open_memstream, unlocked", unlocked_##kind, 0}, {"obstack", obstack_##kind, ahead}, \
    }

/* The goals are for the mix. Characters alone tie with the obstack: both are a compare and a store, and
 * it loses its object only, where we begin and end a text and reset an arena. */
static const struct racer races[][4] = {RACERS(chars, 0, 0), RACERS(words, 0, 0),
                                        RACERS(numbers, 0, 0), RACERS(records, 2, 1)};
static const char *const kinds[] = {"characters", "words", "numbers by printf", "records"};
static const size_t bytes_an_append[] = {1, 5, 6, 3};

/* joins of eight words: one allocation each, against malloc's and the free that is needed there */
static uint64_t ours_joins(void *context)
{
    struct bench *bench = (struct bench *)context;
    uint64_t sum = 0;
    for (size_t i = 0; i < bench->appends; i++) {
        bitena_bytes parts[8];
        for (size_t j = 0; j < 8; j++) {
            parts[j] = bitena_text_of(word(i + j));
        }
        bitena_bytes done = bitena_text_join(bench->arena, bitena_text_of(", "), parts, 8);
        sum += check(done.at, done.size);
    }
    (void)bitena_reset(bench->arena);
    return sum;
}

static uint64_t malloc_joins(void *context)
{
    struct bench *bench = (struct bench *)context;
    uint64_t sum = 0;
    for (size_t i = 0; i < bench->appends; i++) {
        size_t size = 7 * 2;
        for (size_t j = 0; j < 8; j++) {
            size += strlen(word(i + j));
        }
        char *at = (char *)malloc(size + 1);
        if (!at) {
            abort();
        }
        char *end = stpcpy(at, word(i));
        for (size_t j = 1; j < 8; j++) {
            end = stpcpy(stpcpy(end, ", "), word(i + j));
        }
        sum += check(at, size);
        free(at);
    }
    return sum;
}

static void *chunk_take(long size)
{
    return malloc((size_t)size);
}

int main(void)
{
    static const size_t sizes[] = {256, 16 << 10, 1 << 20};
    static const char *const names[] = {"256 bytes", "16 KiB", "1 MiB"};
    struct bench bench = {.arena = bitena_new(ARENA_BYTES)};
    if (!bench.arena) {
        perror("bench_text");
        return EXIT_FAILURE;
    }
    obstack_specify_allocation(&bench.stack, CHUNK_BYTES, 8, chunk_take, free);
    bench.bottom = obstack_alloc(&bench.stack, 0);
    for (size_t size = 0; size < 3; size++) {
        for (size_t kind = 0; kind < 4; kind++) {
            char title[80];
            (void)snprintf(title, sizeof title, "%s, texts of %s: per append", kinds[kind],
                           names[size]);
            bench.appends = (sizes[size] / bytes_an_append[kind] + 6) / 7 * 7;
            race(title, races[kind], 4, &bench, BYTES_A_ROUND / sizes[size] / (1 + (kind == 2)),
                 bench.appends);
        }
    }
    static const struct racer joins[] = {{"bitena_text_join", ours_joins, 0},
                                         {"malloc, stpcpy, free", malloc_joins, 0}};
    bench.appends = 10000;
    race("joins of eight words: per join", joins, 2, &bench, 4, bench.appends);
    obstack_free(&bench.stack, NULL);
    bitena_drop(bench.arena);
    return races_end();
}
