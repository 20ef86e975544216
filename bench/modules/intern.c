/*
 * intern.c - bench_intern: interning the words of a text, beside GLib's g_intern_string. Lengths are known to
 * whoever splits a text; GLib has no use for them, so a line shows ours without them too. GLib's table is one
 * for the process and cannot be emptied, so that words are there already after the first lap; a fresh
 * table of ours is shown for information.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#ifdef BENCH_GLIB
#include <glib.h>
#endif

#include "rounds.h"
#include "words.h"

enum { LAPS = 4 };

static bitena *arena;
static bitena_intern *table;

static uint64_t ours_share(size_t from, size_t to, size_t step)
{
    uint64_t bytes = 0;
    for (size_t i = from; i < to; i += step) {
        bytes += (unsigned char)*bitena_intern_text(table, words[i].text, words[i].length);
    }
    return bytes;
}

static uint64_t ours(void *context)
{
    (void)context;
    return ours_share(0, word_count, 1);
}

static uint64_t ours_both(void *context)
{
    (void)context;
    return words_both(ours_share, word_count);
}

static uint64_t ours_by_zero(void *context)
{
    (void)context;
    uint64_t bytes = 0;
    for (size_t i = 0; i < word_count; i++) {
        const char *text = words[i].text;
        bytes += (unsigned char)*bitena_intern_text(table, text, strlen(text));
    }
    return bytes;
}

static uint64_t ours_with_ids(void *context)
{
    (void)context;
    uint64_t bytes = 0;
    for (size_t i = 0; i < word_count; i++) {
        uint32_t id =
            bitena_intern_id(table, bitena_intern_text(table, words[i].text, words[i].length));
        bytes += (unsigned char)*bitena_intern_at(table, id);
    }
    return bytes;
}

/* In an arena that is reset. */
static uint64_t fresh(size_t expected)
{
    bitena *of_lap = bitena_new((size_t)64 << 20);
    bitena_intern *before = table;
    table = bitena_intern_new(of_lap, &(bitena_intern_options){.expected = expected});
    uint64_t bytes = ours(NULL);
    table = before;
    bitena_drop(of_lap);
    return bytes;
}

static uint64_t ours_fresh(void *context)
{
    (void)context;
    return fresh(different_count);
}

static uint64_t ours_fresh_unexpected(void *context)
{
    (void)context;
    return fresh(0);
}

#ifdef BENCH_GLIB
static uint64_t glib_share(size_t from, size_t to, size_t step)
{
    uint64_t bytes = 0;
    for (size_t i = from; i < to; i += step) {
        bytes += (unsigned char)*g_intern_string(words[i].text);
    }
    return bytes;
}

static uint64_t glib(void *context)
{
    (void)context;
    return glib_share(0, word_count, 1);
}

static uint64_t glib_both(void *context)
{
    (void)context;
    return words_both(glib_share, word_count);
}
#endif

static const struct racer one_thread[] = {
    {"bitena_intern_text", ours, 0},
#ifdef BENCH_GLIB
    {"g_intern_string", glib, 3},
#endif
};
static const struct racer other_ways[] = {
    {"bitena_intern_text", ours, 0},
    {"by strlen", ours_by_zero, 0},
    {"to the number and back", ours_with_ids, 0},
    {"fresh table, made to measure", ours_fresh, 0},
    {"fresh table, of 64", ours_fresh_unexpected, 0},
};

#ifdef BENCH_GLIB
static const struct racer by_strlen[] = {{"bitena_intern_text, by strlen", ours_by_zero, 0},
                                         {"g_intern_string", glib, 0}};
#endif

static const struct racer two_threads[] = {
    {"bitena_intern_text", ours_both, 0},
#ifdef BENCH_GLIB
    {"g_intern_string", glib_both, 3},
#endif
};

/* Of one thread and of two that do the same together: both by the clock on the wall. */
static const struct racer scaling[] = {{"two threads", ours_both, 0}, {"one thread", ours, 1.6}};

#define RACERS(list) list, sizeof(list) / sizeof *(list), NULL, LAPS, word_count

int main(int argc, char **argv)
{
    words_load(argc, argv);
    arena = bitena_new((size_t)64 << 20);
    table = bitena_intern_new(arena, &(bitena_intern_options){.expected = different_count});
    (void)ours(NULL);
#ifndef BENCH_GLIB
    printf("GLib is not here: g_intern_string is left out\n");
#endif
    race("one thread", RACERS(one_thread));
    race("ours in other ways", RACERS(other_ways));
#ifdef BENCH_GLIB
    race("one thread, lengths not known", RACERS(by_strlen));
#endif
    race_clock = wall_seconds;
    race("two threads, half of the words each", RACERS(two_threads));
    race("ours alone", RACERS(scaling));
    bitena_map_statistics s = bitena_intern_measure(table);
    printf("%zu texts, %zu bytes, %.2f nodes on the way, at most %zu\n", s.count, s.bytes,
           (double)s.depths / (double)s.count, s.deepest);
    return races_end();
}
