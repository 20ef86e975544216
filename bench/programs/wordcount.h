/*
 * wordcount.h - how often each word of a text occurs: a hash table that grows, a small struct
 * and a copy of its text for each new word.
 *
 *     wordcount text=FILE [times=1] [passes=3]
 *
 * A word is a run of ASCII letters, in lower case, and of bytes from 0x80 on. A pass counts the
 * whole text `times` times, each time from nothing, and gives all back; time is per word of the
 * text. Picking the ten words that occur most is not timed. The check is made of the distinct
 * words, of all words, and of those ten.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_WORDCOUNT_H
#define BENCH_WORDCOUNT_H

#include "program.h"

#include <stdlib.h>

enum { WORDCOUNT_SLOTS = 1024, WORDCOUNT_TOP = 10, WORDCOUNT_WEIGHT = 1000003 };

struct counted {
    char *text;
    uint64_t times;
    uint32_t length;
};

struct counted_slot {
    uint64_t hash;
    struct counted *word; /* NULL: the slot is free */
};

struct counted_table {
    struct counted_slot *slots;
    size_t size, words; /* size: a power of two, at least twice the words */
};

struct wordcount {
    struct crew crew;
    const char *text;
    size_t length, times;
    size_t words, distinct, bytes; /* of one pass over the text, bytes those of the words kept */
    size_t used;
    uint64_t check;
    unsigned char fold[256]; /* 0: not in a word */
};

static inline void wordcount_fold(unsigned char *fold)
{
    for (unsigned c = 0; c < 256; c++) {
        bool upper = c >= 'A' && c <= 'Z';
        bool part = upper || (c >= 'a' && c <= 'z') || c >= 0x80;
        fold[c] = (unsigned char)(!part ? 0 : upper ? c - 'A' + 'a' : c);
    }
}

/* The next word at or after *at, which moves behind it. False: none is left. */
BENCH_INLINE bool wordcount_next(const struct wordcount *count, const char **at, struct word *word,
                                 uint64_t *hash)
{
    const unsigned char *fold = count->fold;
    const char *end = count->text + count->length;
    const char *s = *at;
    uint64_t h = 0xcbf29ce484222325u;
    while (s < end && fold[(unsigned char)*s] == 0) {
        s++;
    }
    word->s = s;
    for (unsigned char c; s < end && (c = fold[(unsigned char)*s]) != 0; s++) {
        h = (h ^ c) * 0x100000001b3u;
    }
    word->length = (uint32_t)(s - word->s);
    *hash = h ^ (h >> 29);
    *at = s;
    return word->length != 0;
}

BENCH_INLINE bool wordcount_equal(const struct wordcount *count, const struct counted *counted,
                                  const struct word *word)
{
    if (counted->length != word->length) {
        return false;
    }
    for (uint32_t i = 0; i < word->length; i++) {
        if ((unsigned char)counted->text[i] != count->fold[(unsigned char)word->s[i]]) {
            return false;
        }
    }
    return true;
}

static inline void wordcount_table(struct room *room, struct counted_table *table, size_t size)
{
    table->size = size;
    table->slots =
        (struct counted_slot *)given(room_alloc(room, size * sizeof *table->slots, OBJECT_ALIGN));
    memset(table->slots, 0, size * sizeof *table->slots);
}

static BENCH_NOINLINE __attribute__((unused)) void wordcount_widen(struct room *room,
                                                                   struct counted_table *table)
{
    struct counted_slot *old = table->slots;
    size_t old_size = table->size;
    wordcount_table(room, table, old_size * 2);
    for (size_t i = 0; i < old_size; i++) {
        if (old[i].word != NULL) {
            size_t at = old[i].hash & (table->size - 1);
            while (table->slots[at].word != NULL) {
                at = (at + 1) & (table->size - 1);
            }
            table->slots[at] = old[i];
        }
    }
#if RIVAL_FREES_EACH
    room_free(room, old, old_size * sizeof *old);
#endif
}

static inline struct counted *wordcount_new(const struct wordcount *count, struct room *room,
                                            const struct word *word)
{
    struct counted *counted =
        (struct counted *)given(room_alloc(room, sizeof *counted, OBJECT_ALIGN));
    counted->text = copied_text(room, word->s, word->length);
    for (uint32_t i = 0; i < word->length; i++) {
        counted->text[i] = (char)count->fold[(unsigned char)word->s[i]];
    }
    counted->length = word->length;
    counted->times = 0;
    return counted;
}

static inline void wordcount_text(struct wordcount *count, struct room *room,
                                  struct counted_table *table)
{
    const char *at = count->text;
    struct word word;
    uint64_t hash = 0;
    table->words = 0;
    wordcount_table(room, table, WORDCOUNT_SLOTS);
    while (wordcount_next(count, &at, &word, &hash)) {
        size_t i = hash & (table->size - 1);
        while (table->slots[i].word != NULL &&
               (table->slots[i].hash != hash ||
                !wordcount_equal(count, table->slots[i].word, &word))) {
            i = (i + 1) & (table->size - 1);
        }
        struct counted *counted = table->slots[i].word;
        if (counted == NULL) {
            counted = wordcount_new(count, room, &word);
            table->slots[i].hash = hash;
            table->slots[i].word = counted;
            if (++table->words * 2 > table->size) {
                wordcount_widen(room, table);
            }
        }
        counted->times++;
    }
}

static inline uint64_t wordcount_check(const struct counted_table *table)
{
    uint64_t top[WORDCOUNT_TOP + 1] = {0}; /* falling; the last is the one pushed out */
    uint64_t total = 0;
    for (size_t i = 0; i < table->size; i++) {
        const struct counted *counted = table->slots[i].word;
        if (counted == NULL) {
            continue;
        }
        total += counted->times;
        size_t at = WORDCOUNT_TOP;
        for (; at > 0 && top[at - 1] < counted->times; at--) {
            top[at] = top[at - 1];
        }
        top[at] = counted->times;
    }
    uint64_t check = table->words * WORDCOUNT_WEIGHT + total;
    for (size_t i = 0; i < WORDCOUNT_TOP; i++) {
        check += top[i] * (i + 2);
    }
    return check;
}

static inline double wordcount_give_back(struct wordcount *count, struct counted_table *table)
{
#if RIVAL_FREES_EACH
    struct room *room = room_of(&count->crew, 0);
    double start = now_ns();
    for (size_t i = 0; i < table->size; i++) {
        struct counted *counted = table->slots[i].word;
        if (counted != NULL) {
            room_free(room, counted->text, counted->length + 1);
            room_free(room, counted, sizeof *counted);
        }
    }
    room_free(room, table->slots, table->size * sizeof *table->slots);
    return now_ns() - start;
#else
    (void)table;
    return crew_reset(&count->crew);
#endif
}

static inline double wordcount_pass(void *context)
{
    struct wordcount *count = (struct wordcount *)context;
    double time = 0;
    for (size_t i = 0; i < count->times; i++) {
        struct counted_table table;
        double start = now_ns();
        wordcount_text(count, room_of(&count->crew, 0), &table);
        time += now_ns() - start;
        count->used = crew_used(&count->crew);
        count->check = wordcount_check(&table);
        time += wordcount_give_back(count, &table);
    }
    return time;
}

/* How much room it will take, found without any: a set of the hashes of all words. */
static inline uint64_t *wordcount_census(struct wordcount *count)
{
    const char *at = count->text;
    struct word word;
    uint64_t hash = 0;
    while (wordcount_next(count, &at, &word, &hash)) {
        count->words++;
    }
    size_t size = WORDCOUNT_SLOTS;
    while (size < 2 * count->words) {
        size *= 2;
    }
    uint64_t *seen = (uint64_t *)given(calloc(size, sizeof *seen));
    for (at = count->text; wordcount_next(count, &at, &word, &hash);) {
        size_t i = hash & (size - 1);
        while (seen[i] != 0 && seen[i] != (hash | 1)) {
            i = (i + 1) & (size - 1);
        }
        if (seen[i] == 0) {
            seen[i] = hash | 1;
            count->distinct++;
            count->bytes += word.length + 1;
        }
    }
    return seen;
}

static inline int workload_wordcount(struct request *request, struct result *result)
{
    static struct wordcount count;
    size_t passes = want_number(request, "passes", 3);
    count.times = want_number(request, "times", 1);
    count.text = want_file(request, "text", &count.length);
    wordcount_fold(count.fold);
    uint64_t *seen = wordcount_census(&count);
    size_t slots = WORDCOUNT_SLOTS;
    while (slots < 2 * count.distinct) {
        slots *= 2;
    }
    size_t objects = count.distinct * (sizeof(struct counted) + (size_t)2 * PROGRAM_HEADER);
    crew_open(&count.crew, 1, objects + count.bytes + 2 * slots * sizeof(struct counted_slot));
    result->operations = count.words * count.times;
    result->bytes_asked =
        count.distinct * sizeof(struct counted) + count.bytes + slots * sizeof(struct counted_slot);
    measure(result, passes, wordcount_pass, &count);
    result->bytes_used = count.used;
    result->check = count.check;
    crew_close(&count.crew);
    free(seen); /* only now: what the rival allocates from stays as the process found it */
    return BENCH_OK;
}

#endif
