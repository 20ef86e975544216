/*
 * words.h - what a parser makes: of each word of a real text a struct and a copy of its letters,
 * by turns. One operation is one word, both parts of it.
 *
 *     words text=FILE [bytes=1048576] [threads=1] [laps=4] [passes=5]
 *
 * bytes: the letters of a lap, with a zero for each word, for each thread. Cold with passes=0.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_WORDS_H
#define BENCH_WORDS_H

#include "lap.h"
#include "split.h"

struct parse {
    struct lap lap;
    struct words words;
    void *lists[MAX_THREADS];
};

static inline void parse_fill(void *context, unsigned thread)
{
    struct parse *parse = (struct parse *)context;
    parse->lists[thread] =
        fill_words(room_of(&parse->lap.crew, thread), parse->words.words, parse->words.count);
}

static inline void parse_free(void *context, unsigned thread)
{
#if RIVAL_FREES_EACH
    struct parse *parse = (struct parse *)context;
    free_words(room_of(&parse->lap.crew, thread), parse->lists[thread]);
#else
    (void)context;
    (void)thread;
#endif
}

/* Of every rival's list the same. */
static inline uint64_t entries_check(uint64_t check, const void *list)
{
    for (const struct entry *entry = (const struct entry *)list; entry != NULL;
         entry = entry->before) {
        check = text_check(check + entry->count, entry->name, entry->length + 1);
    }
    return check;
}

static inline void parse_look(struct lap *lap)
{
    struct parse *parse = (struct parse *)(void *)lap;
    for (unsigned i = 0; i < lap->crew.threads; i++) {
        lap->check = entries_check(lap->check, parse->lists[i]);
    }
}

static inline int workload_words(struct request *request, struct result *result)
{
    static struct parse parse;
    size_t passes = want_number(request, "passes", 5);
    size_t laps = want_number(request, "laps", 4);
    size_t bytes = want_number(request, "bytes", 1 << 20);
    unsigned threads = (unsigned)want_number(request, "threads", 1);
    size_t length = 0;
    const char *text = want_file(request, "text", &length);
    words_split(&parse.words, text, length, bytes, 0);
    size_t asked = parse.words.bytes + parse.words.count * sizeof(struct entry);
    parse.lap.fill = parse_fill;
    parse.lap.free = parse_free;
    parse.lap.look = parse_look;
    lap_open(&parse.lap, threads, asked, 2 * parse.words.count);
    result->operations = parse.words.count * threads;
    result->bytes_asked = asked * threads;
    return lap_measure(&parse.lap, result, passes, laps);
}

#endif
