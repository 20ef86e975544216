/* A store of entities named by keys: plants, and rabbits that remember the plant they head for by its
 * key. It may be gone when they arrive, and its place another entity's: the key finds nothing then. A
 * second record, by serial numbers, checks each look-up. The same seed gives the same numbers anywhere.
 * Run: entities [ROUNDS [SEED]]; status 1: something was wrong. SPDX-License-Identifier: MIT */
#include <bitena/keys.h>
#include <bitena/vector.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

enum { ARENA_BYTES = 1 << 24, ENTITIES_MOST = 400, COME = 60, RABBITS = 20 };
enum { MEALS = 4, HUNGER = 8, WITHERS = 10 }; /* for a young one; kills; one plant of so many */
struct entity {
    bool is_rabbit;
    uint32_t serial;      /* never given twice */
    int meals, hunger;    /* of a rabbit: how many, and rounds since the last */
    bitena_key food;      /* the plant it heads for; 0: none */
    uint32_t food_serial; /* whom that key may find */
};
BITENA_VECTOR(flags, bool);
BITENA_VECTOR(key_list, bitena_key);

struct world {
    bitena_keys *entities;
    flags is_alive; /* by serial: the second record */
    key_list all;   /* who lived when the round began, the youngest first */
    uint64_t random;
    size_t died, found, stale, refused, wrong;
};

/* A linear congruence (D. Knuth's MMIX), of which the high bits are good. */
static size_t random_below(struct world *world, size_t limit)
{
    world->random = world->random * 6364136223846793005 + 1442695040888963407;
    return (size_t)((world->random >> 33) % limit);
}

static void spawn(struct world *world, bool is_rabbit)
{
    bitena_key key = bitena_keys_reserve(world->entities);
    if (!key) { /* as many as there may be */
        world->refused++;
        return;
    }
    struct entity entity = {.is_rabbit = is_rabbit, .serial = (uint32_t)world->is_alive.count};
    flags_push(&world->is_alive, true);
    world->wrong += bitena_keys_insert(world->entities, key, &entity) != 0;
}

static void die(struct world *world, bitena_key key)
{
    struct entity entity;
    if (bitena_keys_remove(world->entities, key, &entity) != 0) {
        abort(); /* it was there a moment ago */
    }
    world->is_alive.at[entity.serial] = false;
    world->died++;
}

/* Is the plant there that the rabbit heads for? No other one may be found in its place. */
static bool recall(struct world *world, const struct entity *rabbit)
{
    const struct entity *plant = bitena_keys_get(world->entities, rabbit->food);
    if (rabbit->food) {
        bool is_alive = world->is_alive.at[rabbit->food_serial];
        world->wrong += is_alive ? !plant || plant->serial != rabbit->food_serial : plant != NULL;
        *(plant ? &world->found : &world->stale) += 1;
    }
    return plant != NULL;
}

static void act(struct world *world, bitena_key key, struct entity *rabbit)
{
    bitena_key seen = world->all.at[random_below(world, world->all.count)];
    const struct entity *next = bitena_keys_get(world->entities, seen);
    if (recall(world, rabbit)) {
        die(world, rabbit->food);
        rabbit->hunger = 0;
        if (++rabbit->meals % MEALS == 0) {
            spawn(world, true);
        }
    }
    rabbit->food = next && !next->is_rabbit && seen != rabbit->food ? seen : 0;
    rabbit->food_serial = rabbit->food ? next->serial : 0;
    if (++rabbit->hunger > HUNGER) {
        die(world, key);
    }
}

static int collect(void *keys, bitena_key key, void *value)
{
    (void)value;
    key_list_push(keys, key);
    return 0;
}

/* Some of the plants go, for bitena_keys_retain. */
static int stays(void *context, bitena_key key, void *value)
{
    (void)key;
    struct world *world = context;
    const struct entity *entity = value;
    bool withers = !entity->is_rabbit && random_below(world, WITHERS) == 0;
    world->is_alive.at[entity->serial] = !withers;
    world->died += withers;
    return !withers;
}

static void play_round(struct world *world)
{
    for (int i = 0; i < COME; i++) {
        spawn(world, i % RABBITS == 0);
    }
    key_list_clear(&world->all);
    (void)bitena_keys_for_each(world->entities, collect, &world->all);
    BITENA_EACH (key, &world->all) {
        struct entity *entity = bitena_keys_get(world->entities, *key);
        if (entity && entity->is_rabbit) { /* nobody ate it meanwhile */
            act(world, *key, entity);
        }
    }
    (void)bitena_keys_retain(world->entities, stays, world);
}

int main(int argc, char **argv)
{
    bitena *arena = bitena_new(ARENA_BYTES);
    if (!arena) {
        perror("entities");
        return EXIT_FAILURE;
    }
    struct world world = {.entities =
                              bitena_keys_new(arena, ENTITIES_MOST, sizeof(struct entity), 0),
                          .is_alive = flags_begin(arena),
                          .all = key_list_begin(arena),
                          .random = argc > 2 ? strtoull(argv[2], NULL, 10) : 1};
    for (long rounds = argc > 1 ? strtol(argv[1], NULL, 10) : 100; rounds > 0; rounds--) {
        play_round(&world);
    }
    size_t left = bitena_keys_count(world.entities);
    world.wrong += world.died + left != world.is_alive.count ||
                   bitena_keys_drain(world.entities, NULL, NULL) != left;
    printf(
        "born %zu, died %zu, alive %zu, refused %zu; keys that found %zu, stale %zu, wrong %zu\n",
        world.is_alive.count, world.died, left, world.refused, world.found, world.stale,
        world.wrong);
    bitena_drop(arena);
    return world.wrong ? EXIT_FAILURE : EXIT_SUCCESS;
}
