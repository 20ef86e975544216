/* A log analyser: reads lines of logfmt (level=info host=web1 status=200 ms=12.5 msg="some words"),
 * counts them by level, host and status, and gives percentiles of ms. Shows lines and fields as slices
 * that are not copied, words interned once, their numbers being indices, and a vector that is sorted.
 * A line without a level is broken. Run: loglines [FILE]; without FILE it reads the standard input.
 * Status 1: it cannot be read. SPDX-License-Identifier: MIT */
#include <bitena/intern.h>
#include <bitena/text.h>
#include <bitena/vector.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { LEVEL, HOST, STATUS, MS, KEYS, TOP = 5, ARENA_BYTES = 1 << 30 }; /* paid for as touched */
static const char *const names[KEYS] = {"level", "host", "status", "ms"};

struct count {
    const char *word;
    size_t lines;
};
BITENA_VECTOR(counts, struct count);
BITENA_VECTOR(durations, double);

struct tally {
    bitena_intern *words;
    counts by_word; /* at the word's number */
};

struct log {
    bitena_intern *keys; /* the names, in their order */
    struct tally tallies[MS];
    durations milliseconds;
    size_t lines, broken;
};

static void add(struct tally *tally, bitena_bytes word)
{
    const char *known = bitena_intern_text(tally->words, word.at, word.size);
    uint32_t number = bitena_intern_id(tally->words, known);
    if (number == tally->by_word.count) {
        counts_push(&tally->by_word, (struct count){known, 0});
    }
    counts_get(&tally->by_word, number)->lines++;
}

/* Takes KEY=VALUE off a line. A value in quotes may hold spaces and \". */
static bool next_pair(bitena_bytes *rest, bitena_bytes *key, bitena_bytes *value)
{
    const char *line_end = rest->at ? rest->at + rest->size : NULL;
    if (!bitena_text_next_field(rest, ' ', value)) {
        return false;
    }
    (void)bitena_text_next_field(value, '=', key);
    if (value->size > 0 && *value->at == '"') {
        const char *begin = value->at + 1, *end = begin;
        while (end < line_end && *end != '"') {
            end += *end == '\\' && end + 1 < line_end ? 2 : 1;
        }
        *value = (bitena_bytes){begin, (size_t)(end - begin)};
        *rest =
            (bitena_bytes){end, (size_t)(line_end - end)}; /* the quote makes a pair of its own */
    }
    return true;
}

static void read_line(struct log *log, bitena_bytes line)
{
    bitena_bytes key, value, values[KEYS] = {{NULL, 0}};
    while (next_pair(&line, &key, &value)) {
        const char *known = bitena_intern_find(log->keys, key.at, key.size);
        if (known) {
            values[bitena_intern_id(log->keys, known)] = value;
        }
    }
    log->lines++;
    log->broken += !values[LEVEL].at;
    for (int i = LEVEL; i < MS && values[LEVEL].at; i++) {
        if (values[i].at) {
            add(&log->tallies[i], values[i]);
        }
    }
    char *end = NULL; /* strtod ends where the slice does: what follows is no part of a number */
    double number = values[MS].size > 0 ? strtod(values[MS].at, &end) : 0;
    if (values[LEVEL].at && end && end == values[MS].at + values[MS].size) {
        durations_push(&log->milliseconds, number);
    }
}

/* The most frequent first, equal ones by their words. */
static int by_lines(const void *left, const void *right)
{
    const struct count *a = left, *b = right;
    return a->lines != b->lines ? (a->lines < b->lines) - (a->lines > b->lines)
                                : strcmp(a->word, b->word);
}

static int ascending(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void print(struct log *log)
{
    printf("lines %zu, broken %zu\n", log->lines, log->broken);
    for (int i = LEVEL; i < MS; i++) {
        counts *all = &log->tallies[i].by_word;
        counts_reserve(all, 1); /* qsort wants no NULL */
        qsort(all->at, all->count, sizeof *all->at, by_lines);
        printf("%s: %zu different\n", names[i], all->count);
        for (size_t j = 0; j < all->count && j < TOP; j++) {
            printf("%8zu %s\n", all->at[j].lines, all->at[j].word);
        }
    }
    static const size_t percents[] = {50, 90, 99, 100};
    durations *all = &log->milliseconds;
    durations_reserve(all, 1);
    qsort(all->at, all->count, sizeof *all->at, ascending);
    for (size_t i = 0; i < sizeof percents / sizeof *percents && all->count > 0; i++) {
        size_t rank = (all->count * percents[i] + 99) / 100; /* from 1 on */
        printf("p%zu: %.3f ms\n", percents[i], *durations_get(all, rank - 1));
    }
}

int main(int argc, char **argv)
{
    bitena *arena = bitena_new(ARENA_BYTES);
    const char *name = argc > 1 ? argv[1] : "/dev/stdin";
    bitena_bytes line, rest = {NULL, 0};
    if (arena) {
        rest = bitena_text_read_file(arena, name);
    }
    if (!rest.at) {
        perror(name);
        return EXIT_FAILURE;
    }
    struct log log = {.keys = bitena_intern_new(arena, NULL),
                      .milliseconds = durations_begin(arena)};
    bitena_intern_fill(log.keys, names, KEYS);
    for (int i = LEVEL; i < MS; i++) {
        log.tallies[i] = (struct tally){bitena_intern_new(arena, NULL), counts_begin(arena)};
    }
    while (bitena_text_next_line(&rest, &line)) {
        read_line(&log, line);
    }
    print(&log);
    bitena_drop(arena);
    return EXIT_SUCCESS;
}
