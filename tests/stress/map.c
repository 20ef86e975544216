/* 8 threads on one map: all bring the same keys, each in an order of its own, and look up, count and
 * walk meanwhile. Each key is new for one thread alone, has one value and one number; no number is
 * missing or given twice; what was found is counted and walked. Many small maps, so that segments and
 * first nodes are raced for; some in arenas too small, some frozen in the middle.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bitena/map.h>

#include "support/random.h"

enum { THREADS = 8, MOST_KEYS = 20000, ROUNDS = 150, EXACT_ONE_IN = 3 };

struct value {
    uint64_t key;  /* written before anybody sees it */
    uint64_t hits; /* atomic */
};

struct test {
    bitena *arena;
    bitena_map *map;
    size_t keys; /* of the universe, this round */
    bool may_refuse, freezes;
    uint64_t seed;
    pthread_barrier_t ready;
    uint64_t brought, done; /* atomic: new keys; inserts that were served */
    int wrong;              /* atomic */
};

struct worker {
    struct test *test;
    size_t number;
};

static void report(struct test *test, const char *what, uint64_t key)
{
    if (__atomic_exchange_n(&test->wrong, 1, __ATOMIC_RELAXED) == 0) {
        printf("map: %s: key %" PRIu64 " of %zu, seed %" PRIu64 "\n", what, key, test->keys,
               test->seed);
    }
}

/* Short keys and long ones. */
static size_t text_of(char text[48], uint64_t key)
{
    return (size_t)snprintf(text, 48, key % 4 ? "%" PRIx64 : "the long key number %" PRIu64, key);
}

static void check_found(struct test *test, const void *value, uint64_t key)
{
    char text[48];
    size_t length = text_of(text, key);
    bitena_map_entry entry = bitena_map_entry_of(test->map, value);
    if (((const struct value *)value)->key != key) {
        report(test, "a value that is not the key's", key);
    } else if (entry.length != length || memcmp(entry.key, text, length + 1) != 0) {
        report(test, "an entry whose key is another", key);
    } else if (bitena_map_at(test->map, entry.number).value != value) {
        report(test, "a number that does not lead back", key);
    } else if (entry.number >= bitena_map_count(test->map)) {
        report(test, "an entry beyond the count", key);
    }
}

static void bring(struct test *test, struct random *random, uint64_t key)
{
    char text[48];
    size_t length = text_of(text, key);
    struct value initial = {key, 0};
    bool is_new = false, was_there = bitena_map_find(test->map, text, length) != NULL;
    struct value *value = bitena_map_try_insert(test->map, text, length, &initial, &is_new);
    if (!value) {
        bool expected = (test->may_refuse && errno == ENOMEM) || (test->freezes && errno == EROFS);
        if (!expected || was_there) {
            report(test, "refused", key);
        }
        return;
    }
    if (is_new && was_there) {
        report(test, "new though it was there", key);
    }
    __atomic_fetch_add(&value->hits, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&test->done, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&test->brought, is_new, __ATOMIC_RELAXED);
    if (bitena_map_find(test->map, text, length) != value) {
        report(test, "not found though it was brought", key);
    }
    if (random_one_in(random, 4)) {
        check_found(test, value, key);
    }
}

static void look_around(struct test *test, struct random *random)
{
    uint32_t count = bitena_map_count(test->map);
    if (count != 0) {
        uint32_t number = (uint32_t)random_below(random, count);
        bitena_map_entry entry = bitena_map_at(test->map, number);
        if (!entry.key || entry.number != number) {
            report(test, "a number below the count has no entry", number);
        } else {
            check_found(test, entry.value, ((const struct value *)entry.value)->key);
        }
    }
}

static void *work(void *argument)
{
    struct worker *me = argument;
    struct test *test = me->test;
    struct random random = {test->seed * 16 + me->number};
    pthread_barrier_wait(&test->ready);
    size_t start = random_below(&random, test->keys);
    size_t step = me->number == 0 ? 1 : random_between(&random, 1, 1000); /* the first takes all */
    bool in_step = test->seed % 2 == 0; /* all bring the same key at nearly the same time */
    for (size_t i = 0; i < test->keys; i++) {
        bring(test, &random, in_step ? i : (start + i * step) % test->keys);
        if (random_one_in(&random, 8)) {
            look_around(test, &random);
        }
        if (test->freezes && i == test->keys / 2 && me->number == 0) {
            bitena_map_freeze(test->map);
        }
    }
    return NULL;
}

static void check_all(struct test *test)
{
    uint32_t count = bitena_map_count(test->map);
    uint64_t hits = 0;
    unsigned char *seen = calloc(test->keys, 1);
    for (uint32_t i = 0; i < count; i++) {
        const struct value *value = bitena_map_at(test->map, i).value;
        if (!value || value->key >= test->keys || seen[value->key]) {
            report(test, "a key that has no number, or two", i);
            break;
        }
        seen[value->key] = 1;
        hits += value->hits;
        check_found(test, value, value->key);
    }
    free(seen);
    bool short_of =
        count > test->keys || (count < test->keys && !test->may_refuse && !test->freezes);
    if (count != test->brought || hits != test->done || short_of) {
        report(test, "counts that do not agree", count);
    }
    if (bitena_map_at(test->map, count).key || bitena_map_measure(test->map).count != count) {
        report(test, "more than the count", count);
    }
}

static bool round_of(uint64_t seed)
{
    struct random random = {seed};
    struct test test = {.seed = seed, .keys = 1 + random_skewed(&random, 11)};
    test.keys = random_one_in(&random, 20) ? scaled(MOST_KEYS) : test.keys;
    test.may_refuse = random_one_in(&random, 4);
    test.freezes = random_one_in(&random, 4);
    size_t room = test.keys * 160 + (THREADS << 16);
    test.arena = bitena_open(&(bitena_options){
        .capacity = test.may_refuse ? 6000 + test.keys * 40 : room,
        .mode = random_one_in(&random, EXACT_ONE_IN) ? BITENA_EXACT : BITENA_SHARED,
        .lease_max = 4096});
    test.map =
        bitena_map_new(test.arena, &(bitena_map_options){.value_size = sizeof(struct value),
                                                         .limit = test.freezes ? SIZE_MAX / 2 : 0,
                                                         .seed = {{seed, 1}}});
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    pthread_barrier_init(&test.ready, NULL, THREADS);
    for (size_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){&test, i};
        if (pthread_create(&threads[i], NULL, work, &workers[i]) != 0) {
            perror("pthread_create");
            exit(1);
        }
    }
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    check_all(&test);
    pthread_barrier_destroy(&test.ready);
    bitena_drop(test.arena);
    return !test.wrong;
}

int main(void)
{
    uint64_t seed = setting("BITENA_SEED", 1);
    time_t began = time(NULL);
    size_t rounds = scaled(ROUNDS) + 4;
    bool good = true;
    printf("map: seed %" PRIu64 ", %zu rounds\n", seed, rounds);
    do {
        for (size_t i = 0; i < rounds && good; i++) {
            good = round_of(seed++);
        }
    } while (good && soak_goes_on(began));
    printf("map: %s\n", good ? "passed" : "FAILED");
    return good ? 0 : 1;
}
