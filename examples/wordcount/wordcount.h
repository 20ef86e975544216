/*
 * wordcount.h - what the parts of the word counter know of each other.
 *
 * The program counts the words of many text files on all processors, once with every allocation
 * from one shared arena and once with malloc and free, and prints what both cost. Data flows
 * texts (which files) -> run (a forked process for each measurement) -> count (threads) ->
 * table (the shared words) -> store (where the memory comes from) -> report.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef WORDCOUNT_H
#define WORDCOUNT_H

#include <bitena.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TOP_WORDS = 20,
    TOP_TEXT_BYTES = 64, /* a longer word is cut in the list that is printed, not in the table */
    MAX_ROUNDS = 99,
    MAX_THREADS = 256,
    PATH_BYTES = 4096,
    LINE_BYTES = 128 /* what two threads write stands this far apart */
};

/* texts.c: which files are counted */

struct text_file {
    const char *path;
    size_t size_bytes;
    int64_t changed_ns; /* time of the last change */
};

struct texts {
    bitena *arena; /* the list and the paths stand here */
    struct text_file *files;
    size_t count;
    size_t room;
    size_t bytes;
    size_t largest_bytes;
    size_t limit_bytes; /* 0: none */
    size_t over_limit;  /* files left out because of it */
    size_t binary;      /* files left out: binary or compressed */
    size_t unreadable;
    char path[PATH_BYTES]; /* the path being visited */
};

/* Adds a file, or every text file below a directory. What cannot be read is counted and, if it was
   named by the caller, reported on stderr. */
void texts_add(struct texts *texts, const char *name);
/* Largest first, so that no thread is left alone with a large file at the end. */
void texts_sort(struct texts *texts);
/* How many of them are no longer what they were when they were added. */
size_t texts_changed(const struct texts *texts);

/* store.c: where the memory of a run comes from */

struct store {
    const char *name;
    void *(*open)(size_t capacity_bytes); /* a place whose objects live until close */
    void (*close)(void *place);
    void *(*open_scratch)(void *place); /* one thread's place inside it */
    void (*clear_scratch)(void *scratch);
    void (*close_scratch)(void *scratch);
    void *(*alloc)(void *place, size_t size_bytes); /* 8-byte aligned; never NULL */
    void (*free)(void *object); /* NULL: objects go with their place, nobody frees them */
};

extern const struct store arena_store;
extern const struct store malloc_store;

/* table.c: every distinct word, inserted by all threads at once, without a lock */

struct word {
    struct word *next; /* fixed before the word is published */
    _Atomic uint64_t count;
    _Atomic uint32_t files; /* in how many files */
    uint32_t hash;
    uint32_t length;
    char text[]; /* length bytes and a zero */
};

struct table {
    const struct store *store;
    void *place;
    _Atomic(struct word *) *buckets;
    size_t mask;
};

struct outcome;

/* What one thread did to the table. */
struct table_cost {
    uint64_t asked_bytes; /* for words that are in the table */
    uint64_t lost;        /* words that another thread inserted first */
};

void table_open(struct table *table, const struct store *store, void *place, size_t text_bytes);
void table_add(struct table *table, const char *text, uint32_t length, uint32_t hash,
               uint32_t count, struct table_cost *cost);
/* Distinct words, their digest and the most frequent ones. For when no thread adds any more. */
void table_check(const struct table *table, struct outcome *outcome);
/* Frees each word, where the store does that. Not thread-safe. */
void table_close(struct table *table);

/* count.c: one run of the program */

struct top_word {
    char text[TOP_TEXT_BYTES];
    uint64_t count;
    uint64_t files;
};

/* Stands in memory that the measuring process shares with the measured one. */
struct outcome {
    _Atomic uint64_t bytes_done; /* for the progress bar */
    double count_seconds;
    double free_seconds;
    uint64_t files;
    uint64_t unreadable;
    uint64_t bytes;
    uint64_t words;
    uint64_t distinct;
    uint64_t digest; /* of all words with their counts, in any order */
    struct table_cost cost;
    size_t arena_used;
    size_t arena_capacity;
    size_t arena_remaining;
    size_t top_count;
    struct top_word top[TOP_WORDS];
};

/* Counts all words of the texts with that many threads; the calling thread is one of them. With
   read_only, files are read and nothing is counted. */
void count_texts(const struct texts *texts, const struct store *store, size_t threads,
                 bool read_only, struct outcome *outcome);

/* run.c: measuring */

enum variant { VARIANT_ARENA, VARIANT_MALLOC, VARIANT_READ, VARIANTS };

struct sample {
    double seconds;      /* counting and giving back; the check between them is left out */
    double free_seconds; /* giving back alone */
    double cpu_seconds;  /* of the whole process */
    double peak_kib;     /* largest resident set of the process */
};

struct measurement {
    size_t rounds; /* that count: the first is dropped */
    struct sample samples[VARIANTS][MAX_ROUNDS];
    struct outcome outcomes[VARIANTS];
    bool same; /* every run of both variants found the same words and counts */
};

/* At most `rounds` rounds after a first one that is dropped; fewer, but at least one, where they
   take long. False, with a line on stderr, if a measured process failed. */
bool measure(const struct texts *texts, size_t threads, size_t rounds, struct measurement *result);

/* report.c */

/* changed: files that were changed while they were counted, so that runs may differ. */
void report(const struct texts *texts, size_t threads, size_t changed,
            const struct measurement *measurement);

double seconds_now(void);

#endif
