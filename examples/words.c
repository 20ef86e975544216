/* words [-t THREADS] FILE...: counts the words of text files, and the pairs of words that follow
 * each other, with all threads: they take the texts in turn. Words are interned, so that a pair is
 * two numbers; counters are the values of a map, and nothing is locked. A word is a run of ASCII
 * letters, taken as lower case, and of bytes above 127; its first 128 count. Any number of threads
 * finds the same. Status 1: a file cannot be read.
 * SPDX-License-Identifier: MIT */
#include <bitena/intern.h>
#include <bitena/text.h>
#include <bitena/vector.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS_MOST = 64, LONGEST = 128, TOP = 10, ARENA_BYTES = 1 << 30 };

typedef _Atomic uint64_t counter; /* the map's value */
struct pair {
    uint32_t before, word; /* the map's key; before a word that is counted alone stands "", 0 */
};
struct found {
    const char *before, *word;
    uint64_t count;
};
BITENA_VECTOR(texts, bitena_bytes);
BITENA_VECTOR(founds, struct found);

struct job {
    bitena *arena;
    bitena_intern *words;
    bitena_map *counts;
    texts todo;
    atomic_size_t next;
};

/* Lower case; 0 for what stands between words. */
static char letter(char c)
{
    c = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    return (c >= 'a' && c <= 'z') || (unsigned char)c > 127 ? c : 0;
}

static void count_one(struct job *job, struct pair pair)
{
    counter *count = bitena_map_insert(job->counts, &pair, sizeof pair, NULL, NULL);
    atomic_fetch_add_explicit(count, 1, memory_order_relaxed);
}

/* Each thread: texts until there are no more. */
static void *work(void *argument)
{
    struct job *job = argument;
    for (size_t i; (i = atomic_fetch_add(&job->next, 1)) < job->todo.count;) {
        bitena_bytes file = job->todo.at[i];
        char word[LONGEST];
        size_t length = 0;
        struct pair pair = {0, 0};
        for (size_t at = 0; at <= file.size; at++) { /* the byte behind it is no letter */
            char c = letter(file.at[at]);
            if (c && length < LONGEST) {
                word[length++] = c;
            } else if (!c && length > 0) {
                const char *text = bitena_intern_text(job->words, word, length);
                pair.word = bitena_intern_id(job->words, text);
                count_one(job, (struct pair){0, pair.word});
                if (pair.before != 0) {
                    count_one(job, pair);
                }
                pair.before = pair.word;
                length = 0;
            }
        }
    }
    return NULL;
}

static int by_count(const void *left, const void *right)
{
    const struct found *a = left, *b = right;
    int order = (a->count < b->count) - (a->count > b->count);
    order = order ? order : strcmp(a->before, b->before);
    return order ? order : strcmp(a->word, b->word);
}

static void report(const struct job *job, bool pairs)
{
    founds all = founds_begin(job->arena);
    uint64_t sum = 0;
    for (uint32_t i = 0, count = bitena_map_count(job->counts); i < count; i++) {
        bitena_map_entry entry = bitena_map_at(job->counts, i);
        struct pair pair;
        memcpy(&pair, entry.key, sizeof pair);
        if ((pair.before != 0) == pairs) {
            struct found found = {bitena_intern_at(job->words, pair.before),
                                  bitena_intern_at(job->words, pair.word), *(counter *)entry.value};
            sum += founds_push(&all, found)->count;
        }
    }
    if (all.count > 0) {
        qsort(all.at, all.count, sizeof *all.at, by_count);
    }
    printf("%" PRIu64 " %s, %zu different ones\n", sum, pairs ? "pairs" : "words", all.count);
    for (const struct found *f = all.at; f < all.at + all.count && f < all.at + TOP; f++) {
        printf("%8" PRIu64 " %s%s%s\n", f->count, f->before, pairs ? " " : "", f->word);
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
    bitena_map_options options = {.value_size = sizeof(counter), .expected = 50000};
    struct job job = {arena, bitena_intern_new(arena, NULL), bitena_map_new(arena, &options),
                      texts_begin(arena), 0};
    (void)bitena_intern_text(job.words, "", 0); /* the first has number 0 */
    for (int i = first; i < argc; i++) {
        bitena_bytes text = bitena_text_read_file(arena, argv[i]);
        if (!text.at) {
            perror(argv[i]);
            return EXIT_FAILURE;
        }
        texts_push(&job.todo, text);
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
    report(&job, false);
    report(&job, true);
    bitena_drop(arena);
    return EXIT_SUCCESS;
}
