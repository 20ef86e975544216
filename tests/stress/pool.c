/* Threads take objects, hand them to each other and give them back, in batches so small that
 * everything shared is busy. Nobody may get an object that another holds, nothing may change in one
 * that is held, and in the end nothing is lost. By turns on a plain, a checked pool, where two threads
 * give the same object and one must be refused, and on a counted one, where they share references.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <bitena/pool.h>

#include "support/random.h"

enum { THREADS = 4, OWN = 20, BOXES = 8, STEPS = 60000, ROUNDS = 6, WORDS = 6 };
enum { STAMP = 0x51A3, STAMP_SHIFT = 48 }; /* the upper bits of every stamp */

/* words[0] is the pool's while the object is free; the others hold the object's own stamp. A stamp
 * tells a held object from anything else that may have stood in the memory of a new one: the
 * arena hands out again what a table took that came too late. */
struct object {
    uint64_t words[WORDS];
};

struct yard {
    bitena_pool *pool;
    struct object *boxes[BOXES]; /* atomic: objects on their way to another thread */
    const char *wrong;           /* atomic */
    size_t destroyed;            /* atomic */
    bool checked, counted;
};

struct worker {
    pthread_t thread;
    struct yard *yard;
    uint64_t seed;
};

static void require(struct yard *yard, bool holds, const char *what)
{
    if (!holds) {
        __atomic_store_n(&yard->wrong, what, __ATOMIC_RELAXED);
    }
}

/* Whole: all words one stamp. None of 1 to WORDS - 1 is one in a free object. */
static void stamp(struct yard *yard, struct object *o, uint64_t value)
{
    for (size_t i = 1; i < WORDS; i++) {
        require(yard, o->words[i] >> STAMP_SHIFT != STAMP, "a taken object is another's");
        o->words[i] = value;
    }
    o->words[0] = value;
}

static void verify(struct yard *yard, const struct object *o)
{
    for (size_t i = 1; i < WORDS; i++) {
        require(yard, o->words[i] == o->words[0], "a held object has changed");
    }
}

static void wipe(void *context, void *object)
{
    struct yard *yard = context;
    verify(yard, object);
    memset(object, 0, sizeof(struct object));
    (void)__atomic_fetch_add(&yard->destroyed, 1, __ATOMIC_RELAXED);
}

static void part(struct yard *yard, struct random *random, struct object *o)
{
    if (yard->counted) {
        require(yard, bitena_pool_release(yard->pool, o) >= 0, "a release failed");
        return;
    }
    if (random_one_in(random, 5)) {
        struct object out;
        verify(yard, o);
        memset((char *)o + sizeof(uint64_t), 0, sizeof *o - sizeof(uint64_t));
        require(yard, bitena_pool_move_out(yard->pool, o, &out) == 0, "a move out failed");
    } else {
        require(yard, bitena_pool_give(yard->pool, o) == 0, "a giving back failed");
    }
}

/* Puts an object into a box; what was there is the caller's now. */
static struct object *swap(struct yard *yard, struct random *random, struct object *o)
{
    return __atomic_exchange_n(&yard->boxes[random_below(random, BOXES)], o, __ATOMIC_ACQ_REL);
}

/* A holder lends the object to whoever finds it: by a reference that the finder releases. */
static void lend(struct yard *yard, struct random *random, struct object *o)
{
    require(yard, bitena_pool_retain(yard->pool, o) == o, "a retain failed");
    struct object *other = swap(yard, random, o);
    if (other) {
        verify(yard, other);
        bool weak = random_one_in(random, 2);
        if (weak) {
            require(yard, bitena_pool_retain_weak(yard->pool, other) == other, "no weak reference");
        }
        part(yard, random, other);
        if (weak) {
            if (bitena_pool_retain(yard->pool, other)) {
                verify(yard, other);
                part(yard, random, other);
            }
            require(yard, bitena_pool_release_weak(yard->pool, other) >= 0, "a weak one was lost");
        }
    }
}

static void *work(void *argument)
{
    struct worker *me = argument;
    struct yard *yard = me->yard;
    struct random random = {me->seed};
    struct object *own[OWN] = {NULL};
    for (size_t n = scaled(STEPS); n > 0 && !__atomic_load_n(&yard->wrong, __ATOMIC_RELAXED); n--) {
        struct object **mine = &own[random_below(&random, OWN)];
        if (!*mine) {
            *mine = bitena_pool_try_take(yard->pool);
            require(yard, *mine != NULL, "a full arena");
            if (*mine) {
                stamp(yard, *mine, random_next(&random) >> 16 | (uint64_t)STAMP << STAMP_SHIFT);
            }
        } else if (yard->counted && random_one_in(&random, 2)) {
            lend(yard, &random, *mine);
        } else if (!yard->counted && random_one_in(&random, 3)) {
            *mine = swap(yard, &random, *mine);
        } else {
            part(yard, &random, *mine);
            *mine = NULL;
        }
    }
    for (size_t i = 0; i < OWN; i++) {
        if (own[i]) {
            part(yard, &random, own[i]);
        }
    }
    return NULL;
}

static void *give_it_too(void *argument)
{
    struct yard *yard = argument;
    uintptr_t given = 0;
    for (size_t i = 0; i < BOXES; i++) {
        struct object *o = __atomic_load_n(&yard->boxes[i], __ATOMIC_ACQUIRE);
        given += o && bitena_pool_reclaim(yard->pool, o) == 0;
    }
    return (void *)given;
}

static size_t both_give(struct yard *yard)
{
    pthread_t threads[2];
    void *given[2];
    for (int i = 0; i < 2; i++) {
        (void)pthread_create(&threads[i], NULL, give_it_too, yard);
    }
    for (int i = 0; i < 2; i++) {
        (void)pthread_join(threads[i], &given[i]);
    }
    return (uintptr_t)given[0] + (uintptr_t)given[1];
}

static void empty_boxes(struct yard *yard, struct random *random)
{
    size_t full = 0;
    for (size_t i = 0; i < BOXES; i++) {
        full += yard->boxes[i] != NULL;
        if (yard->boxes[i] && !yard->checked) {
            part(yard, random, yard->boxes[i]);
        }
    }
    require(yard, !yard->checked || both_give(yard) == full, "two gave one object");
}

static bool one_round(uint64_t seed, int kind)
{
    static struct yard yard;
    struct worker workers[THREADS];
    struct random random = {seed};
    bitena *arena = bitena_new(1 << 20);
    yard = (struct yard){.checked = kind == 1, .counted = kind == 2};
    yard.pool = bitena_pool_open(
        arena, &(bitena_pool_options){.size = sizeof(struct object),
                                      .batch = (unsigned)random_between(&random, 1, 4),
                                      .checked = yard.checked,
                                      .counted = yard.counted,
                                      .destroy = wipe,
                                      .context = &yard});
    for (size_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.yard = &yard, .seed = seed + i};
        (void)pthread_create(&workers[i].thread, NULL, work, &workers[i]);
    }
    for (size_t i = 0; i < THREADS; i++) {
        (void)pthread_join(workers[i].thread, NULL);
    }
    empty_boxes(&yard, &random);
    bitena_pool_numbers numbers = bitena_pool_count(yard.pool);
    require(&yard, numbers.live == 0, "an object is missing");
    require(&yard, numbers.capacity < 2000, "the pool grew without need");
    bitena_drop(arena);
    if (yard.wrong) {
        printf("pool: %s; kind %d\n", yard.wrong, kind);
    }
    return !yard.wrong;
}

int main(void)
{
    uint64_t seed = setting("BITENA_SEED", 1);
    time_t began = time(NULL);
    bool good = true;
    do {
        printf("pool: seed %" PRIu64 "\n", seed);
        fflush(stdout);
        for (int i = 0; i < ROUNDS && good; i++) {
            good = one_round(seed, i % 3);
            seed += 100;
        }
    } while (good && soak_goes_on(began));
    printf("pool: %s\n", good ? "passed" : "FAILED");
    return good ? 0 : 1;
}
