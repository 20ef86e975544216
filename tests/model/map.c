/* Random programs on a map against a plain list of what it must hold: keys of 0 to 40 bytes from a
 * small alphabet, so that many are there already; arenas that become full, limits, freezing. After each
 * step the answer is compared, now and then everything.
 *
 *   BITENA_SEED, BITENA_SOAK_SECONDS as in support/random.h
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bitena/map.h>

#include "support/random.h"

enum { SEEDS = 120, STEPS = 3000, KEY_MAX = 40, MOST = STEPS };

struct known {
    char key[KEY_MAX];
    size_t length;
    uint64_t value;
    void *at;
};

static struct known known[MOST];
static size_t known_count;
static bool is_frozen;

static void check(bool holds, const char *what, uint64_t seed)
{
    if (!holds) {
        printf("map: %s; seed %" PRIu64 "\n", what, seed);
        exit(1);
    }
}

static struct known *look_up(const char *key, size_t length)
{
    for (size_t i = 0; i < known_count; i++) {
        if (known[i].length == length && memcmp(known[i].key, key, length) == 0) {
            return &known[i];
        }
    }
    return NULL;
}

static size_t draw_key(struct random *random, char key[KEY_MAX])
{
    size_t length =
        random_one_in(random, 3) ? random_below(random, KEY_MAX + 1) : random_below(random, 6);
    char letters = random_one_in(random, 2) ? 2 : 6;
    for (size_t i = 0; i < length; i++) {
        key[i] = (char)random_below(random, (size_t)letters); /* zeros among them */
    }
    return length;
}

static void step_insert(bitena_map *map, struct random *random, bool may_refuse, uint64_t seed)
{
    char key[KEY_MAX];
    size_t length = draw_key(random, key);
    uint64_t initial = random_next(random);
    bool is_new = false, with_value = random_one_in(random, 2);
    struct known *k = look_up(key, length);
    uint64_t *value =
        bitena_map_try_insert(map, key, length, with_value ? &initial : NULL, &is_new);
    if (k) {
        check(value == k->at && !is_new && *value == k->value, "an old key", seed);
    } else if (is_frozen) {
        check(!value && errno == EROFS, "a new key in a frozen map", seed);
    } else if (value) {
        check(is_new && *value == (with_value ? initial : 0), "a new key", seed);
        k = &known[known_count++];
        memcpy(k->key, key, length);
        k->length = length;
        k->value = *value;
        k->at = value;
    } else {
        check(may_refuse && errno == ENOMEM, "a refusal", seed);
    }
}

static void step_find(bitena_map *map, struct random *random, uint64_t seed)
{
    char key[KEY_MAX];
    size_t length = draw_key(random, key);
    struct known *k = look_up(key, length);
    uint64_t *value = bitena_map_find(map, key, length);
    check(value == (k ? k->at : NULL), "find", seed);
    if (k) {
        check(*value == k->value, "a value", seed);
        *value = k->value = random_next(random);
    }
}

static void check_all(bitena_map *map, uint64_t seed)
{
    check(bitena_map_count(map) == known_count, "the count", seed);
    for (size_t i = 0; i < known_count; i++) {
        bitena_map_entry entry = bitena_map_at(map, (uint32_t)i);
        check(entry.number == i && entry.length == known[i].length && entry.value == known[i].at &&
                  memcmp(entry.key, known[i].key, entry.length) == 0 &&
                  *(uint64_t *)entry.value == known[i].value,
              "an entry by its number", seed);
    }
    check(!bitena_map_at(map, (uint32_t)known_count).key, "one too many", seed);
    check(bitena_map_measure(map).count == known_count, "the statistics", seed);
}

static void run(uint64_t seed)
{
    struct random random = {seed};
    bool is_small = random_one_in(&random, 3), is_limited = random_one_in(&random, 3);
    bitena *arena = bitena_open(
        &(bitena_options){.capacity = is_small ? 30000 : (size_t)1 << 20,
                          .mode = random_one_in(&random, 2) ? BITENA_EXACT : BITENA_SHARED});
    bitena_map *map = bitena_map_new(
        arena, &(bitena_map_options){.value_size = sizeof(uint64_t),
                                     .expected = random_one_in(&random, 2) ? 1000 : 0,
                                     .limit = is_limited ? 20000 : 0,
                                     .seed = {{seed + 1, 3}}});
    known_count = 0;
    is_frozen = false;
    for (size_t i = 0; i < STEPS; i++) {
        if (random_one_in(&random, 2)) {
            step_insert(map, &random, is_small || is_limited, seed);
        } else {
            step_find(map, &random, seed);
        }
        if (random_one_in(&random, 4 * STEPS)) {
            bitena_map_freeze(map);
            is_frozen = true;
        }
        if (random_one_in(&random, 500)) {
            check_all(map, seed);
        }
    }
    check_all(map, seed);
    bitena_drop(arena);
}

int main(void)
{
    uint64_t seed = setting("BITENA_SEED", 1);
    time_t began = time(NULL);
    printf("map: seed %" PRIu64 "\n", seed);
    do {
        for (size_t i = 0, seeds = scaled(SEEDS); i < seeds; i++) {
            run(seed++);
        }
    } while (soak_goes_on(began));
    printf("map: passed, up to seed %" PRIu64 "\n", seed);
    return 0;
}
