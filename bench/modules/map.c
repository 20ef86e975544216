/*
 * map.c - bench_map: inserting the different words of a text, and looking up all of its words, beside GLib's
 * GHashTable with g_str_hash, and, for information, with this library's hash. Both keep the keys: ours
 * copies them, GLib's gets g_strdup's copies, and, for information, none. With two threads GLib's has a
 * mutex around it.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#ifdef BENCH_GLIB
#include <glib.h>
#endif

#include "rounds.h"
#include "words.h"

static bitena *arena; /* of the map that is looked up */
static bitena_map *map, *full;

static uint64_t insert_share(size_t from, size_t to, size_t step)
{
    for (size_t i = from; i < to; i += step) {
        uint64_t value = i;
        (void)bitena_map_insert(map, different[i].text, different[i].length, &value, NULL);
    }
    return to;
}

static uint64_t count_share(size_t from, size_t to, size_t step)
{
    for (size_t i = from; i < to; i += step) {
        uint64_t *hits = bitena_map_insert(map, words[i].text, words[i].length, NULL, NULL);
        (void)__atomic_fetch_add(hits, 1, __ATOMIC_RELAXED);
    }
    return to;
}

static uint64_t find_share(size_t from, size_t to, size_t step)
{
    uint64_t sum = 0;
    for (size_t i = from; i < to; i += step) {
        sum += *(uint64_t *)bitena_map_find(full, words[i].text, words[i].length);
    }
    return sum;
}

enum { BOTH = 1, UNEXPECTED = 2, COUNT = 4 };

/* Making and dropping are part of a lap, as they are of GLib's. */
static uint64_t fill(unsigned how)
{
    bitena *of_lap = bitena_new((size_t)64 << 20);
    size_t expected = how & UNEXPECTED ? 0 : different_count;
    map = bitena_map_new(
        of_lap, &(bitena_map_options){.value_size = sizeof(uint64_t), .expected = expected});
    uint64_t (*body)(size_t, size_t, size_t) = how & COUNT ? count_share : insert_share;
    size_t count = how & COUNT ? word_count : different_count;
    (void)(how & BOTH ? words_both(body, count) : body(0, count, 1));
    uint64_t check = bitena_map_count(map);
    bitena_drop(of_lap);
    return check;
}

static uint64_t ours_insert(void *c)
{
    return (void)c, fill(0);
}
static uint64_t ours_insert_unexpected(void *c)
{
    return (void)c, fill(UNEXPECTED);
}
static uint64_t ours_insert_both(void *c)
{
    return (void)c, fill(BOTH);
}
static uint64_t ours_count(void *c)
{
    return (void)c, fill(COUNT);
}
static uint64_t ours_count_both(void *c)
{
    return (void)c, fill(COUNT | BOTH);
}
static uint64_t ours_find(void *c)
{
    return (void)c, find_share(0, word_count, 1);
}
static uint64_t ours_find_both(void *c)
{
    return (void)c, words_both(find_share, word_count);
}

#ifdef BENCH_GLIB
static GHashTable *glib, *glib_full;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static bool has_mutex;
static bitena_hasher hasher;

static guint our_hash(gconstpointer key)
{
    return (guint)bitena_hash(&hasher, key, strlen(key));
}

static void enter(void)
{
    if (has_mutex) {
        pthread_mutex_lock(&mutex);
    }
}
static void leave(void)
{
    if (has_mutex) {
        pthread_mutex_unlock(&mutex);
    }
}

static bool copies;

static uint64_t glib_insert_share(size_t from, size_t to, size_t step)
{
    for (size_t i = from; i < to; i += step) {
        char *key = copies ? g_strdup(different[i].text) : (char *)(uintptr_t)different[i].text;
        enter();
        g_hash_table_insert(glib, key, (gpointer)i);
        leave();
    }
    return to;
}

static uint64_t glib_count_share(size_t from, size_t to, size_t step)
{
    for (size_t i = from; i < to; i += step) {
        enter();
        gpointer hits = g_hash_table_lookup(glib, words[i].text);
        if (hits) { /* a counter stands in the entry, as it does in ours */
            *(uint64_t *)hits += 1;
        } else {
            uint64_t *first = g_new(uint64_t, 1);
            *first = 1;
            g_hash_table_insert(glib, g_strdup(words[i].text), first);
        }
        leave();
    }
    return to;
}

static uint64_t glib_find_share(size_t from, size_t to, size_t step)
{
    uint64_t sum = 0;
    for (size_t i = from; i < to; i += step) {
        enter();
        sum += (uintptr_t)g_hash_table_lookup(glib_full, words[i].text);
        leave();
    }
    return sum;
}

static uint64_t glib_fill(unsigned how, bool keys_are_copied, GHashFunc hash)
{
    copies = keys_are_copied;
    has_mutex = how & BOTH;
    glib = g_hash_table_new_full(hash, g_str_equal, copies ? g_free : NULL,
                                 how & COUNT ? g_free : NULL);
    uint64_t (*body)(size_t, size_t, size_t) = how & COUNT ? glib_count_share : glib_insert_share;
    size_t count = how & COUNT ? word_count : different_count;
    (void)(how & BOTH ? words_both(body, count) : body(0, count, 1));
    uint64_t check = g_hash_table_size(glib);
    g_hash_table_destroy(glib);
    has_mutex = false;
    return check;
}

static uint64_t glib_insert(void *c)
{
    return (void)c, glib_fill(0, true, g_str_hash);
}
static uint64_t glib_insert_borrowed(void *c)
{
    return (void)c, glib_fill(0, false, g_str_hash);
}
static uint64_t glib_insert_our_hash(void *c)
{
    return (void)c, glib_fill(0, true, our_hash);
}
static uint64_t glib_insert_both(void *c)
{
    return (void)c, glib_fill(BOTH, true, g_str_hash);
}
static uint64_t glib_count(void *c)
{
    return (void)c, glib_fill(COUNT, true, g_str_hash);
}
static uint64_t glib_count_both(void *c)
{
    return (void)c, glib_fill(COUNT | BOTH, true, g_str_hash);
}
static uint64_t glib_find(void *c)
{
    return (void)c, glib_find_share(0, word_count, 1);
}
static uint64_t glib_find_both(void *c)
{
    (void)c;
    has_mutex = true;
    uint64_t sum = words_both(glib_find_share, word_count);
    has_mutex = false;
    return sum;
}
#endif

static const struct racer insert[] = {
    {"bitena_map_insert", ours_insert, 0},
    {"of 64 expected", ours_insert_unexpected, 0},
#ifdef BENCH_GLIB
    {"GHashTable", glib_insert, 1},
    {"GHashTable, our hash", glib_insert_our_hash, 0},
    {"GHashTable, keys not copied", glib_insert_borrowed, 0},
#endif
};
static const struct racer find[] = {
    {"bitena_map_find", ours_find, 0},
#ifdef BENCH_GLIB
    {"GHashTable", glib_find, 1},
#endif
};
static const struct racer counting[] = {
    {"bitena_map_insert", ours_count, 0},
#ifdef BENCH_GLIB
    {"GHashTable", glib_count, 1},
#endif
};
static const struct racer insert_both[] = {
    {"bitena_map_insert", ours_insert_both, 0},
#ifdef BENCH_GLIB
    {"GHashTable, mutex", glib_insert_both, 3},
#endif
};
static const struct racer find_both[] = {
    {"bitena_map_find", ours_find_both, 0},
#ifdef BENCH_GLIB
    {"GHashTable, mutex", glib_find_both, 3},
#endif
};
static const struct racer counting_both[] = {
    {"bitena_map_insert", ours_count_both, 0},
#ifdef BENCH_GLIB
    {"GHashTable, mutex", glib_count_both, 3},
#endif
};

static void open_full(void)
{
    arena = bitena_new((size_t)64 << 20);
    map = full = bitena_map_new(
        arena, &(bitena_map_options){.value_size = sizeof(uint64_t), .expected = different_count});
    (void)insert_share(0, different_count, 1);
#ifdef BENCH_GLIB
    hasher = bitena_hash_prepare(bitena_hash_new_seed());
    glib = glib_full = g_hash_table_new(g_str_hash, g_str_equal);
    (void)glib_insert_share(0, different_count, 1);
#else
    printf("GLib is not here: GHashTable is left out\n");
#endif
}

#define RACERS(list, laps, operations) list, sizeof(list) / sizeof *(list), NULL, laps, operations

int main(int argc, char **argv)
{
    words_load(argc, argv);
    open_full();
    race("insert the different words", RACERS(insert, 4, different_count));
    race("look up all words", RACERS(find, 4, word_count));
    race("count all words", RACERS(counting, 1, word_count));
    race_clock = wall_seconds;
    race("two threads: insert the different words", RACERS(insert_both, 4, different_count));
    race("two threads: look up all words", RACERS(find_both, 4, word_count));
    race("two threads: count all words", RACERS(counting_both, 1, word_count));
    return races_end();
}
