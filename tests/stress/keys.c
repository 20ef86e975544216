/* Random reserve, insert, cancel, remove and stale get from eight threads on one small table, so that
 * places are used again at once. Each reservation must raise its place's generation by one (no key
 * twice); each key that ended finds nothing, in whatever thread it is tried; each live one finds its
 * own value. BITENA_KEYS=10000000 for that many keys.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#include <bitena/keys.h>

#include "support/random.h"

enum { THREADS = 8, OWN = 24, PLACES = 128, ENDED = 256, KEYS = 400000 };

struct value {
    bitena_key key, again;
};

struct table {
    bitena_keys *keys;
    uint64_t generations[PLACES + 1]; /* atomic: of each place's last reservation */
    bitena_key ended[ENDED];          /* atomic: some that ended, from all threads */
    const char *wrong;                /* atomic */
    size_t reserved, refused;         /* atomic */
};

struct worker {
    pthread_t thread;
    struct table *table;
    uint64_t seed;
    size_t quota;
};

static void require(struct table *table, bool holds, const char *what)
{
    if (!holds) {
        __atomic_store_n(&table->wrong, what, __ATOMIC_RELAXED);
    }
}

static bitena_key reserve(struct table *table)
{
    bitena_key key = bitena_keys_reserve(table->keys);
    if (key != 0) {
        uint64_t *last = &table->generations[(uint32_t)key];
        uint64_t before = __atomic_exchange_n(last, key >> 32, __ATOMIC_RELAXED);
        require(table, before + 1 == key >> 32, "a key was given twice");
    }
    (void)__atomic_fetch_add(key ? &table->reserved : &table->refused, 1, __ATOMIC_RELAXED);
    return key;
}

static void insert(struct table *table, bitena_key key)
{
    struct value value = {key, key};
    require(table, bitena_keys_insert(table->keys, key, &value) == 0, "an insert failed");
}

static void look(struct table *table, bitena_key key)
{
    const struct value *value = bitena_keys_get(table->keys, key);
    require(table, value != NULL, "a live key finds nothing");
    require(table, !value || (value->key == key && value->again == key), "a foreign value");
}

static void end(struct table *table, struct random *random, bitena_key key, bool live)
{
    struct value out = {key, key};
    int result =
        live ? bitena_keys_remove(table->keys, key, &out) : bitena_keys_cancel(table->keys, key);
    require(table, result == 0, "a key could not be ended");
    require(table, out.key == key && out.again == key, "a foreign value was removed");
    __atomic_store_n(&table->ended[random_below(random, ENDED)], key, __ATOMIC_RELAXED);
}

static void try_stale(struct table *table, struct random *random)
{
    bitena_key key = __atomic_load_n(&table->ended[random_below(random, ENDED)], __ATOMIC_RELAXED);
    require(table, bitena_keys_get(table->keys, key) == NULL, "a stale key finds a value");
    if (random_one_in(random, 4)) {
        struct value value = {0, 0};
        require(table, bitena_keys_remove(table->keys, key, NULL) != 0, "a stale key removes");
        require(table, bitena_keys_cancel(table->keys, key) != 0, "a stale key cancels");
        require(table, bitena_keys_insert(table->keys, key, &value) != 0, "a stale key inserts");
    }
}

static void *work(void *argument)
{
    struct worker *me = argument;
    struct table *table = me->table;
    struct random random = {me->seed};
    bitena_key own[OWN] = {0};
    bool live[OWN] = {false};
    for (size_t step = 0; step < me->quota; step += 1) {
        size_t i = random_below(&random, OWN);
        if (own[i] == 0) {
            own[i] = reserve(table);
            live[i] = false;
        } else if (live[i]) {
            look(table, own[i]);
        }
        if (own[i] != 0 && !live[i] && !random_one_in(&random, 4)) {
            insert(table, own[i]);
            live[i] = true;
        } else if (own[i] != 0 && random_one_in(&random, 2)) {
            end(table, &random, own[i], live[i]);
            own[i] = 0;
        }
        try_stale(table, &random);
        if (__atomic_load_n(&table->wrong, __ATOMIC_RELAXED)) {
            break;
        }
    }
    for (size_t i = 0; i < OWN; i++) {
        if (own[i] != 0) {
            end(table, &random, own[i], live[i]);
        }
    }
    return NULL;
}

static bool one_round(uint64_t seed, size_t keys)
{
    static struct table table;
    struct worker workers[THREADS];
    bitena *arena = bitena_new(1 << 20);
    table = (struct table){.keys = bitena_keys_new(arena, PLACES, sizeof(struct value), 8)};
    while (!table.wrong && table.reserved < keys) {
        for (size_t i = 0; i < THREADS; i++) {
            workers[i] = (struct worker){.table = &table, .seed = seed++, .quota = keys / 4 + 1};
            (void)pthread_create(&workers[i].thread, NULL, work, &workers[i]);
        }
        for (size_t i = 0; i < THREADS; i++) {
            (void)pthread_join(workers[i].thread, NULL);
        }
        require(&table, bitena_keys_count(table.keys) == 0, "the count is wrong");
    }
    printf("%zu keys, %zu times full\n", table.reserved, table.refused);
    bitena_drop(arena);
    if (table.wrong) {
        printf("keys: %s\n", table.wrong);
    }
    return !table.wrong;
}

int main(void)
{
    uint64_t seed = setting("BITENA_SEED", 1);
    size_t keys = (size_t)setting("BITENA_KEYS", scaled(KEYS));
    time_t began = time(NULL);
    bool good = true;
    do {
        printf("keys: seed %" PRIu64 "\n", seed);
        fflush(stdout);
        good = one_round(seed, keys);
        seed += 1000000;
    } while (good && soak_goes_on(began));
    printf("keys: %s\n", good ? "passed" : "FAILED");
    return good ? 0 : 1;
}
