/*
 * text.h - copies of the words of a real text, and nothing else: for the allocators of text too.
 * Where the copies are is kept in a table, the same for every rival.
 *
 *     text text=FILE [bytes=1048576] [threads=1] [laps=4] [passes=5]
 *
 * bytes: the letters of a lap, with a zero for each word, for each thread. Cold with passes=0.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_TEXT_H
#define BENCH_TEXT_H

#include "absent.h"
#include "lap.h"
#include "split.h"

#if defined(RIVAL_OWN_FILLS) && !defined(RIVAL_OWN_TEXT)

WORKLOAD_ABSENT(text)

#else

struct copying {
    struct lap lap;
    struct words words;
    char **copies[MAX_THREADS];
};

#ifdef RIVAL_OWN_TEXT
#ifdef __cplusplus
extern "C"
#endif
    void
    fill_text(struct room *room, const struct word *words, size_t count, char **copies);
#else
static BENCH_NOINLINE __attribute__((unused)) void
fill_text(struct room *room, const struct word *words, size_t count, char **copies)
{
    for (size_t i = 0; i < count; i++) {
        copies[i] = copied_text(room, words[i].s, words[i].length);
    }
}
#endif

static inline void copying_fill(void *context, unsigned thread)
{
    struct copying *copying = (struct copying *)context;
    fill_text(room_of(&copying->lap.crew, thread), copying->words.words, copying->words.count,
              copying->copies[thread]);
}

static inline void copying_free(void *context, unsigned thread)
{
#if RIVAL_FREES_EACH
    struct copying *copying = (struct copying *)context;
    struct room *room = room_of(&copying->lap.crew, thread);
    for (size_t i = copying->words.count; i-- != 0;) {
        room_free(room, copying->copies[thread][i], copying->words.words[i].length + 1);
    }
#else
    (void)context;
    (void)thread;
#endif
}

static inline void copying_look(struct lap *lap)
{
    struct copying *copying = (struct copying *)(void *)lap;
    for (unsigned i = 0; i < lap->crew.threads; i++) {
        for (size_t at = 0; at < copying->words.count; at++) {
            lap->check =
                text_check(lap->check, copying->copies[i][at], copying->words.words[at].length + 1);
        }
    }
}

static inline int workload_text(struct request *request, struct result *result)
{
    static struct copying copying;
    size_t passes = want_number(request, "passes", 5);
    size_t laps = want_number(request, "laps", 4);
    size_t bytes = want_number(request, "bytes", 1 << 20);
    unsigned threads = (unsigned)want_number(request, "threads", 1);
    size_t length = 0;
    const char *text = want_file(request, "text", &length);
    words_split(&copying.words, text, length, bytes, 0);
    for (unsigned i = 0; i < threads && i < MAX_THREADS; i++) {
        copying.copies[i] = (char **)memory_take(copying.words.count * sizeof(char *));
    }
    copying.lap.fill = copying_fill;
    copying.lap.free = copying_free;
    copying.lap.look = copying_look;
    lap_open(&copying.lap, threads, copying.words.bytes, copying.words.count);
    result->operations = copying.words.count * threads;
    result->bytes_asked = copying.words.bytes * threads;
    return lap_measure(&copying.lap, result, passes, laps);
}

#endif

#endif
