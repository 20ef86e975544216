/* Near-full arenas: nothing is left on the index, all that is free stands in recycled runs, and
 * several threads take it and give it back at once. Each holds so little at a time that, however
 * the rest is cut up, a hole for its next request is always there: a refusal is a false one. Also:
 * no overlap, and everything back after reset. Holes are popped, split, gathered and joined all the
 * time here.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#include <bitena.h>

#include "support/overlap.h"
#include "support/random.h"
#include "support/stamp.h"

/* Worst case in use: 4 threads, each with a lease, a spare, and two children's structs, leases and
 * objects: about 100 KiB in at most 40 pieces. Then 412 KiB are free, in at most 41 holes, and the
 * largest of those has 10 KiB. */
enum {
    THREADS = 4,
    BLOCK_BYTES = 1 << 20,
    HOLE_BYTES = 512 << 10,
    LEASE_BYTES = 2048,
    OBJECT_MAX = 5000,
    STEPS = 40000,
    SMALLEST = 16
};

struct crowd {
    bitena *arena;
    struct overlap map;
    pthread_barrier_t ready;
    uint64_t seed;
    int wrong; /* atomic */
    bool (*step)(struct crowd *crowd, struct random *random, uint64_t stamp);
};

struct worker {
    struct crowd *crowd;
    size_t number, steps;
};

static bool report(struct crowd *crowd, const char *what, size_t size)
{
    if (__atomic_exchange_n(&crowd->wrong, 1, __ATOMIC_RELAXED) == 0) {
        printf("%s: %zu bytes, while %zu remain; seed %" PRIu64 "\n", what, size,
               bitena_remaining(crowd->arena), crowd->seed);
    }
    return false;
}

/* Takes one, checks it, and lets it go in the map: the caller gives it back. */
static bool take_one(struct crowd *crowd, bitena *arena, size_t size, uint64_t stamp)
{
    unsigned char *p = bitena_try_alloc(arena, size, 8);
    if (!p) {
        return report(crowd, errno == ENOMEM ? "a false refusal" : "a wrong error", size);
    }
    if (!overlap_claim(&crowd->map, p, size)) {
        return report(crowd, "overlapping or out of bounds", size);
    }
    stamp_write(p, size, stamp);
    bool good = stamp_is(p, size, stamp) || report(crowd, "its bytes have changed", size);
    return (overlap_release(&crowd->map, p, size) && good) || report(crowd, "released twice", size);
}

static bool use_child(struct crowd *crowd, struct random *random, uint64_t stamp)
{
    bitena *child = bitena_new_child(crowd->arena);
    if (!child) {
        return report(crowd, "no room for a child", 0);
    }
    bool good = take_one(crowd, child, random_between(random, SMALLEST, OBJECT_MAX), stamp) &&
                take_one(crowd, child, random_between(random, SMALLEST, 300), stamp);
    bitena_drop(child);
    return good;
}

static bool use_scope(struct crowd *crowd, struct random *random, uint64_t stamp)
{
    bool good = true;
    BITENA_SCOPE (crowd->arena) {
        good = take_one(crowd, crowd->arena, random_between(random, SMALLEST, OBJECT_MAX), stamp) &&
               take_one(crowd, crowd->arena, random_between(random, SMALLEST, 300), stamp);
    }
    return good;
}

/* Two children that end in the order in which they were made, so that runs come back in the
 * wrong order. */
static bool use_two_children(struct crowd *crowd, struct random *random, uint64_t stamp)
{
    bitena *first = bitena_new_child(crowd->arena);
    bitena *second = first ? bitena_new_child(crowd->arena) : NULL;
    if (!second) {
        bitena_drop(first);
        return report(crowd, "no room for a child", 0);
    }
    bool good = take_one(crowd, first, random_between(random, SMALLEST, OBJECT_MAX), stamp) &&
                take_one(crowd, second, random_between(random, SMALLEST, OBJECT_MAX), stamp);
    bitena_drop(first);
    good = good && take_one(crowd, second, random_between(random, SMALLEST, 300), stamp);
    bitena_drop(second);
    return good;
}

static bool use_each(struct crowd *crowd, struct random *random, uint64_t stamp)
{
    size_t draw = random_below(random, 3);
    return (draw == 0 ? use_child : draw == 1 ? use_scope : use_two_children)(crowd, random, stamp);
}

static void *run(void *argument)
{
    struct worker *me = argument;
    struct random random = {me->crowd->seed * THREADS + me->number};
    pthread_barrier_wait(&me->crowd->ready);
    for (size_t i = 0; i < me->steps && !__atomic_load_n(&me->crowd->wrong, __ATOMIC_RELAXED);
         i++) {
        uint64_t stamp = (uint64_t)me->number << 48 | (i + 1);
        if (!me->crowd->step(me->crowd, &random, stamp)) {
            break;
        }
    }
    return NULL;
}

/* Everything is taken but one hole, and that is not on the index. */
static bool leave_one_hole(struct crowd *crowd)
{
    bitena *hole = bitena_new_child(crowd->arena);
    if (!hole || !bitena_try_alloc(hole, HOLE_BYTES, 1)) {
        return report(crowd, "no hole", HOLE_BYTES);
    }
    for (size_t size = BLOCK_BYTES; size >= SMALLEST; size /= 2) {
        void *p;
        while ((p = bitena_try_alloc(crowd->arena, size, 1)) != NULL) {
            if (!overlap_claim(&crowd->map, p, size)) {
                return report(crowd, "overlapping while it is filled", size);
            }
        }
    }
    bitena_drop(hole);
    return bitena_remaining(crowd->arena) >= HOLE_BYTES ||
           report(crowd, "the hole has not come back", HOLE_BYTES);
}

static bool nobody_is_refused(const char *name, int mode, uint64_t seed,
                              bool (*step)(struct crowd *, struct random *, uint64_t))
{
    bitena_options options = {.capacity = BLOCK_BYTES, .mode = mode, .lease_max = LEASE_BYTES};
    struct crowd crowd = {.arena = bitena_open(&options), .seed = seed, .step = step};
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    if (!crowd.arena) {
        perror("bitena_open");
        return false;
    }
    overlap_open(&crowd.map, BLOCK_BYTES);
    overlap_locate(&crowd.map, bitena_alloc(crowd.arena, 0, 1));
    pthread_barrier_init(&crowd.ready, NULL, THREADS);
    bool good = leave_one_hole(&crowd);
    for (size_t i = 0; good && i < THREADS; i++) {
        workers[i] = (struct worker){&crowd, i, scaled(STEPS)};
        if (pthread_create(&threads[i], NULL, run, &workers[i]) != 0) {
            perror("pthread_create");
            exit(1);
        }
    }
    for (size_t i = 0; good && i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    if (bitena_reset(crowd.arena) != 0 || bitena_remaining(crowd.arena) != BLOCK_BYTES) {
        report(&crowd, "reset has not given all back", BLOCK_BYTES);
    }
    printf("%s: %s\n", name, crowd.wrong ? "FAILED" : "nobody refused");
    pthread_barrier_destroy(&crowd.ready);
    bitena_drop(crowd.arena);
    overlap_close(&crowd.map);
    return !crowd.wrong;
}

int main(void)
{
    uint64_t seed = setting("BITENA_SEED", 4);
    time_t began = time(NULL);
    bool good = true;
    do {
        printf("crowded: seed %" PRIu64 "\n", seed);
        good = nobody_is_refused("children", BITENA_SHARED, seed, use_child) && good;
        good = nobody_is_refused("scopes", BITENA_SHARED, seed, use_scope) && good;
        good = nobody_is_refused("two children", BITENA_SHARED, seed, use_two_children) && good;
        good = nobody_is_refused("all kinds", BITENA_SHARED, seed, use_each) && good;
        good = nobody_is_refused("children of EXACT", BITENA_EXACT, seed, use_two_children) && good;
        seed++;
    } while (good && soak_goes_on(began));
    printf("crowded: %s\n", good ? "passed" : "FAILED");
    return good ? 0 : 1;
}
