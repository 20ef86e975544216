/*
 * count.c - one run: threads take files by one atomic counter, each counts the distinct words of
 * its file in scratch memory first and then adds them to the shared table, so a word costs the
 * shared table one visit per file and not one per occurrence.
 *
 * A word is a run of ASCII letters and of bytes above 127, with ASCII letters lower-cased. Scratch
 * (the file's bytes, a small hash table, a counter per distinct word) lives until the next file.
 *
 * SPDX-License-Identifier: MIT
 */
#define _DEFAULT_SOURCE 1

#include "wordcount.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    MIN_SEEN_BUCKETS = 1 << 6,
    MAX_SEEN_BUCKETS = 1 << 16,
    TEXT_BYTES_PER_SEEN_BUCKET = 32,
    ARENA_PER_TEXT_BYTE = 8,     /* words: more than any real text needs */
    ARENA_PER_SCRATCH_BYTE = 16, /* the same for a thread's largest file */
    ARENA_BASE_BYTES = 32 << 20
};

static const uint32_t hash_start = 2166136261U; /* FNV-1a */
static const uint32_t hash_factor = 16777619U;

struct job {
    const struct texts *texts;
    const struct store *store;
    void *place;
    struct outcome *outcome;
    struct table table;
    bool read_only;
    unsigned char fold[UINT8_MAX + 1]; /* lower case, or 0 for what separates words */
    _Alignas(LINE_BYTES) atomic_size_t next_file;
};

/* A distinct word of the file at hand. */
struct seen {
    struct seen *chain;
    struct seen *previous; /* of the same file */
    const char *text;      /* in the file's bytes */
    uint32_t length;
    uint32_t hash;
    uint32_t count;
};

struct worker {
    _Alignas(LINE_BYTES) struct job *job;
    pthread_t thread;
    void *scratch;
    struct seen **buckets;
    size_t mask;
    struct seen *last;
    uint64_t files;
    uint64_t unreadable;
    uint64_t bytes;
    uint64_t words;
    struct table_cost cost;
};

double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Reads at most size bytes; returns how many, or -1. */
static ssize_t read_file(const char *path, char *bytes, size_t size)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return -1;
    }
    size_t done = 0;
    while (done < size) {
        ssize_t got = read(descriptor, bytes + done, size - done);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            close(descriptor);
            return -1;
        }
        if (got == 0) {
            break;
        }
        done += (size_t)got;
    }
    close(descriptor);
    return (ssize_t)done;
}

static void open_seen(struct worker *worker, size_t text_bytes)
{
    size_t buckets = MIN_SEEN_BUCKETS;
    while (buckets < MAX_SEEN_BUCKETS && buckets < text_bytes / TEXT_BYTES_PER_SEEN_BUCKET) {
        buckets *= 2;
    }
    size_t bytes = buckets * sizeof *worker->buckets;
    worker->buckets = worker->job->store->alloc(worker->scratch, bytes);
    memset((void *)worker->buckets, 0, bytes);
    worker->mask = buckets - 1;
    worker->last = NULL;
}

static void see(struct worker *worker, const char *text, uint32_t length, uint32_t hash)
{
    struct seen **bucket = &worker->buckets[hash & worker->mask];
    for (struct seen *seen = *bucket; seen != NULL; seen = seen->chain) {
        if (seen->hash == hash && seen->length == length && memcmp(seen->text, text, length) == 0) {
            seen->count++;
            return;
        }
    }
    struct seen *seen = worker->job->store->alloc(worker->scratch, sizeof *seen);
    *seen = (struct seen){.chain = *bucket,
                          .previous = worker->last,
                          .text = text,
                          .length = length,
                          .hash = hash,
                          .count = 1};
    *bucket = seen;
    worker->last = seen;
}

/* Lower-cases the text in place and counts its words. */
static void split(struct worker *worker, char *text, size_t bytes)
{
    const unsigned char *fold = worker->job->fold;
    size_t at = 0;
    while (at < bytes) {
        uint32_t hash = hash_start;
        size_t start = at;
        unsigned char letter = fold[(unsigned char)text[at]];
        while (letter != 0) {
            text[at++] = (char)letter;
            hash = (hash ^ letter) * hash_factor;
            letter = at < bytes ? fold[(unsigned char)text[at]] : 0;
        }
        if (at > start) {
            see(worker, text + start, (uint32_t)(at - start), hash ^ (hash >> 15));
            worker->words++;
        }
        at++;
    }
}

/* Moves the file's words into the shared table and frees them, where the store does that. */
static void merge(struct worker *worker)
{
    struct job *job = worker->job;
    for (struct seen *seen = worker->last; seen != NULL;) {
        struct seen *previous = seen->previous;
        table_add(&job->table, seen->text, seen->length, seen->hash, seen->count, &worker->cost);
        if (job->store->free != NULL) {
            job->store->free(seen);
        }
        seen = previous;
    }
    if (job->store->free != NULL) {
        job->store->free((void *)worker->buckets);
    }
}

static void count_file(struct worker *worker, const struct text_file *file)
{
    const struct store *store = worker->job->store;
    char *text = store->alloc(worker->scratch, file->size_bytes + 1);
    ssize_t bytes = read_file(file->path, text, file->size_bytes);
    if (bytes < 0) {
        worker->unreadable++;
    } else {
        worker->files++;
        worker->bytes += (uint64_t)bytes;
        if (!worker->job->read_only) {
            open_seen(worker, (size_t)bytes);
            split(worker, text, (size_t)bytes);
            merge(worker);
        }
    }
    if (store->free != NULL) {
        store->free(text);
    }
    store->clear_scratch(worker->scratch);
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct job *job = worker->job;
    worker->scratch = job->store->open_scratch(job->place);
    for (;;) {
        size_t next = atomic_fetch_add_explicit(&job->next_file, 1, memory_order_relaxed);
        if (next >= job->texts->count) {
            break;
        }
        const struct text_file *file = &job->texts->files[next];
        count_file(worker, file);
        atomic_fetch_add_explicit(&job->outcome->bytes_done, file->size_bytes,
                                  memory_order_relaxed);
    }
    job->store->close_scratch(worker->scratch);
    return NULL;
}

static void run_workers(struct job *job, size_t threads)
{
    static struct worker workers[MAX_THREADS];
    for (size_t i = 0; i < threads; i++) {
        workers[i].job = job;
    }
    for (size_t i = 1; i < threads; i++) {
        int error = pthread_create(&workers[i].thread, NULL, work, &workers[i]);
        if (error != 0) {
            fprintf(stderr, "wordcount: cannot start a thread: %s\n", strerror(error));
            exit(EXIT_FAILURE);
        }
    }
    work(&workers[0]);
    struct outcome *outcome = job->outcome;
    for (size_t i = 0; i < threads; i++) {
        if (i > 0) {
            pthread_join(workers[i].thread, NULL);
        }
        outcome->files += workers[i].files;
        outcome->unreadable += workers[i].unreadable;
        outcome->bytes += workers[i].bytes;
        outcome->words += workers[i].words;
        outcome->cost.asked_bytes += workers[i].cost.asked_bytes;
        outcome->cost.lost += workers[i].cost.lost;
    }
}

static void make_fold(unsigned char *fold)
{
    for (int byte = 0; byte <= UINT8_MAX; byte++) {
        bool lower = byte >= 'a' && byte <= 'z';
        bool upper = byte >= 'A' && byte <= 'Z';
        fold[byte] = 0;
        if (lower || byte > INT8_MAX) {
            fold[byte] = (unsigned char)byte;
        } else if (upper) {
            fold[byte] = (unsigned char)(byte - 'A' + 'a');
        }
    }
}

/* More than counting can take: what is not touched costs nothing. */
static size_t arena_capacity(const struct texts *texts, size_t threads)
{
    return ARENA_BASE_BYTES + ARENA_PER_TEXT_BYTE * texts->bytes +
           ARENA_PER_SCRATCH_BYTE * texts->largest_bytes * threads;
}

void count_texts(const struct texts *texts, const struct store *store, size_t threads,
                 bool read_only, struct outcome *outcome)
{
    static struct job job;
    double start = seconds_now();
    job.texts = texts;
    job.store = store;
    job.outcome = outcome;
    job.read_only = read_only;
    make_fold(job.fold);
    job.place = store->open(arena_capacity(texts, threads));
    if (!read_only) {
        table_open(&job.table, store, job.place, texts->bytes);
    }
    run_workers(&job, threads);
    outcome->count_seconds = seconds_now() - start;
    if (!read_only) {
        table_check(&job.table, outcome);
        if (job.place != NULL) {
            outcome->arena_used = bitena_used(job.place);
            outcome->arena_capacity = bitena_capacity(job.place);
            outcome->arena_remaining = bitena_remaining(job.place);
        }
    }
    start = seconds_now();
    if (!read_only) {
        table_close(&job.table);
    }
    store->close(job.place);
    outcome->free_seconds = seconds_now() - start;
}
