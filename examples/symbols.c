/* A symbol table that all threads fill: the identifiers of C sources and how often they are used. A
 * frozen bitena_intern knows the keywords; the symbols are the keys of a bitena_map, their uses counted
 * in its values; each file is read into its thread's child arena, which is emptied for the next one.
 * Any number of threads finds the same.
 *
 *     symbols [-t THREADS] [FILE...]      without FILE its own source; status 1: one cannot be read
 *
 * SPDX-License-Identifier: MIT */
#include <bitena/intern.h>
#include <bitena/text.h>
#include <bitena/vector.h>
#include <ctype.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS_MOST = 64, TOP = 10, ARENA_BYTES = 1 << 30 }; /* paid for as it is touched */

static const char *const keywords[] = {
    "break",  "case",   "char",    "const",    "continue", "default", "do",       "double",
    "else",   "enum",   "extern",  "float",    "for",      "goto",    "if",       "inline",
    "int",    "long",   "return",  "restrict", "short",    "signed",  "sizeof",   "static",
    "struct", "switch", "typedef", "union",    "unsigned", "void",    "volatile", "while"};

typedef _Atomic uint64_t counter; /* the map's value */
BITENA_VECTOR(entries, bitena_map_entry);

struct job {
    bitena *arena;
    bitena_intern *keywords;
    bitena_map *symbols;
    char **files;
    size_t count;
    atomic_size_t next;
    atomic_int unreadable;
};

static int is_name(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* The end of what begins at `at`: a comment, a literal, a name or number, or one other character. */
static const char *pass(const char *at)
{
    const char *end = at + 1;
    if (*at == '/' && (*end == '*' || *end == '/')) {
        const char *close = *end == '*' ? strstr(at + 2, "*/") : strchr(at, '\n');
        return close ? close + (*end == '*' ? 2 : 1) : at + strlen(at);
    }
    if (*at == '"' || *at == '\'') {
        while (*end && *end != *at) {
            end += end[0] == '\\' && end[1] ? 2 : 1;
        }
        return end + (*end != 0);
    }
    while (is_name(*at) && is_name(*end)) {
        end++;
    }
    return end;
}

static void read_symbols(const struct job *job, const char *source)
{
    for (const char *at = source, *end; *at; at = end) {
        end = pass(at);
        size_t length = is_name(*at) && !isdigit((unsigned char)*at) ? (size_t)(end - at) : 0;
        if (length > 0 && !bitena_intern_find(job->keywords, at, length)) {
            counter *uses = bitena_map_insert(job->symbols, at, length, NULL, NULL);
            atomic_fetch_add_explicit(uses, 1, memory_order_relaxed);
        }
    }
}

/* Each thread: files until there are no more. */
static void *work(void *argument)
{
    struct job *job = argument;
    BITENA_CHILD(scratch, job->arena);
    size_t i;
    while ((i = atomic_fetch_add_explicit(&job->next, 1, memory_order_relaxed)) < job->count) {
        bitena_bytes source = bitena_text_read_file(scratch, job->files[i]);
        if (source.at) {
            read_symbols(job, source.at);
        } else {
            perror(job->files[i]);
            atomic_store_explicit(&job->unreadable, 1, memory_order_relaxed);
        }
        (void)bitena_reset(scratch);
    }
    return NULL;
}

/* The most used first, those used alike by name. The counters rest by now. */
static int by_uses(const void *left, const void *right)
{
    const bitena_map_entry *a = left, *b = right;
    uint64_t x = *(const counter *)a->value, y = *(const counter *)b->value;
    return x != y ? (x < y) - (x > y) : strcmp(a->key, b->key);
}

static void report(bitena *arena, bitena_map *symbols)
{
    entries all = entries_begin(arena);
    entries_reserve(&all, bitena_map_count(symbols) + (size_t)1); /* so that all.at is not NULL */
    for (uint32_t i = 0; i < bitena_map_count(symbols); i++) {
        entries_push(&all, bitena_map_at(symbols, i));
    }
    qsort(all.at, all.count, sizeof *all.at, by_uses);
    printf("%zu symbols\n", all.count);
    for (size_t i = 0; i < all.count && i < TOP; i++) {
        printf("%8" PRIu64 " %s\n", *(counter *)all.at[i].value, all.at[i].key);
    }
}

int main(int argc, char **argv)
{
    int has_threads = argc > 2 && strcmp(argv[1], "-t") == 0, first = has_threads ? 3 : 1;
    long threads = has_threads ? strtol(argv[2], NULL, 10) : sysconf(_SC_NPROCESSORS_ONLN);
    bitena *arena = bitena_new(ARENA_BYTES);
    if (!arena) {
        perror("symbols");
        return EXIT_FAILURE;
    }
    bitena_map_options counters = {.value_size = sizeof(counter), .expected = 10000};
    struct job job = {.arena = arena,
                      .keywords = bitena_intern_new(arena, NULL),
                      .symbols = bitena_map_new(arena, &counters),
                      .files = first < argc ? argv + first : (char *[]){__FILE__},
                      .count = first < argc ? (size_t)(argc - first) : 1};
    bitena_intern_fill(job.keywords, keywords, sizeof keywords / sizeof *keywords);
    bitena_intern_freeze(job.keywords);
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
    report(arena, job.symbols);
    bitena_drop(arena);
    return job.unreadable ? EXIT_FAILURE : EXIT_SUCCESS;
}
