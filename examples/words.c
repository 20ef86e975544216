/* Counts the words of text files with all threads: they take pieces of the texts in turn and add to
 * one bitena_map, whose values are counters, without a lock. A word is a run of ASCII letters, taken as
 * lower case, and of bytes above 127; its first 128 count. Any number of threads finds the same.
 *
 *     words [-t THREADS] FILE...      status 1: a file cannot be read
 *
 * SPDX-License-Identifier: MIT */
#include <bitena/map.h>
#include <bitena/text.h>
#include <bitena/vector.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS_MOST = 64, PIECE_BYTES = 1 << 16, LONGEST = 128, TOP = 10 };
enum { ARENA_BYTES = 1 << 30 }; /* paid for page by page, as it is touched */

typedef _Atomic uint64_t counter; /* the map's value */

struct word {
    const char *text;
    uint64_t count;
};
BITENA_VECTOR(pieces, bitena_bytes);
BITENA_VECTOR(words, struct word);

struct job {
    bitena_map *map;
    pieces todo;
    atomic_size_t next;
};

/* Lower case; 0 for what stands between words. */
static char letter(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (char)(c - 'A' + 'a');
    }
    return (c >= 'a' && c <= 'z') || (unsigned char)c > 127 ? c : 0;
}

/* Each thread: pieces until there are no more. */
static void *work(void *argument)
{
    struct job *job = argument;
    for (;;) {
        size_t i = atomic_fetch_add_explicit(&job->next, 1, memory_order_relaxed);
        if (i >= job->todo.count) {
            return NULL;
        }
        bitena_bytes text = job->todo.at[i];
        char word[LONGEST];
        size_t length = 0;
        for (size_t at = 0; at <= text.size; at++) { /* the byte behind it is no letter */
            char c = letter(text.at[at]);
            if (c && length < LONGEST) {
                word[length++] = c;
            } else if (!c && length > 0) {
                counter *count = bitena_map_insert(job->map, word, length, NULL, NULL);
                atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
                length = 0;
            }
        }
    }
}

/* Pieces end between two words, so that each thread sees whole ones. */
static void cut(pieces *todo, bitena_bytes text)
{
    while (text.size > 0) {
        size_t size = text.size < PIECE_BYTES ? text.size : PIECE_BYTES;
        while (letter(text.at[size])) { /* behind the last stands a zero */
            size++;
        }
        pieces_push(todo, (bitena_bytes){text.at, size});
        text.at += size;
        text.size -= size;
    }
}

static int by_count(const void *left, const void *right)
{
    const struct word *a = left, *b = right;
    return a->count != b->count ? (a->count < b->count) - (a->count > b->count)
                                : strcmp(a->text, b->text);
}

static void report(bitena *arena, bitena_map *map)
{
    words all = words_begin(arena);
    uint64_t sum = 0;
    uint32_t count = bitena_map_count(map);
    words_reserve(&all, count);
    for (uint32_t i = 0; i < count; i++) {
        bitena_map_entry entry = bitena_map_at(map, i);
        const counter *value = entry.value;
        struct word word = {entry.key, atomic_load_explicit(value, memory_order_relaxed)};
        sum += words_push(&all, word)->count;
    }
    if (all.count > 0) {
        qsort(all.at, all.count, sizeof *all.at, by_count);
    }
    printf("%" PRIu64 " words, %" PRIu32 " different ones\n", sum, count);
    for (size_t i = 0; i < all.count && i < TOP; i++) {
        printf("%8" PRIu64 " %s\n", all.at[i].count, all.at[i].text);
    }
}

int main(int argc, char **argv)
{
    int has_threads = argc > 2 && strcmp(argv[1], "-t") == 0, first = has_threads ? 3 : 1;
    long threads = has_threads ? strtol(argv[2], NULL, 10) : sysconf(_SC_NPROCESSORS_ONLN);
    if (first >= argc || threads < 1) {
        fprintf(stderr, "usage: words [-t THREADS] FILE...\n");
        return 2;
    }
    bitena *arena = bitena_new(ARENA_BYTES);
    if (!arena) {
        perror("words");
        return EXIT_FAILURE;
    }
    bitena_map_options options = {.value_size = sizeof(counter), .expected = 10000};
    struct job job = {.map = bitena_map_new(arena, &options), .todo = pieces_begin(arena)};
    for (int i = first; i < argc; i++) {
        bitena_bytes text = bitena_text_read_file(arena, argv[i]);
        if (!text.at) {
            perror(argv[i]);
            return EXIT_FAILURE;
        }
        cut(&job.todo, text);
    }
    pthread_t others[THREADS_MOST];
    int count = 0; /* where no more can be started, fewer do the work */
    while (count < threads - 1 && count < THREADS_MOST &&
           pthread_create(&others[count], NULL, work, &job) == 0) {
        count++;
    }
    work(&job);
    while (count > 0) {
        pthread_join(others[--count], NULL);
    }
    report(arena, job.map);
    bitena_drop(arena);
    return EXIT_SUCCESS;
}
