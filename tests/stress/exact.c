/* An EXACT arena's scopes beside its children: one thread, alone on the parent, saves and rewinds,
 * which moves the index back, while others take leases from the same index for children of their
 * own. A rewind must leave the children alone: no object overlaps another, and none changes. What
 * cannot go back at once may wait, so a full parent only ends the round; a reset, alone, gives
 * everything back.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#include <bitena.h>

#include "support/random.h"
#include "support/watch.h"

enum { BLOCK_BYTES = 4 << 20, CHILDREN = 3, SCOPES = 3000, ROUNDS = 60 };

struct family {
    struct watch watch;
    pthread_barrier_t ready;
    int stop; /* atomic */
};

struct member {
    struct family *family;
    bitena *child;
    uint64_t seed;
    size_t steps;
};

/* Grandchildren come and go; the child itself was made before the parent's first scope. */
static void *use_child(void *argument)
{
    struct member *me = argument;
    struct watch *watch = &me->family->watch;
    struct random random = {me->seed};
    if (bitena_own(me->child) != 0) {
        watch_report(watch, "own", me->child, 0);
    }
    pthread_barrier_wait(&me->family->ready);
    while (!__atomic_load_n(&me->family->stop, __ATOMIC_RELAXED) && !watch_is_wrong(watch)) {
        bitena *grandchild = bitena_new_child(me->child);
        if (!grandchild) {
            break;
        }
        struct object kept;
        bool has = watch_take(watch, grandchild, &random, &kept);
        watch_scope(watch, grandchild, &random);
        watch_scope(watch, me->child, &random);
        if (has) {
            watch_verify(watch, &kept, true);
        }
        bitena_drop(grandchild);
        me->steps++;
    }
    return NULL;
}

static size_t use_parent(struct family *family, struct random *random)
{
    struct watch *watch = &family->watch;
    size_t scopes = 0;
    while (scopes < SCOPES && !watch_is_wrong(watch) && bitena_remaining(watch->arena) > 1 << 20) {
        watch_scope(watch, watch->arena, random);
        scopes++;
    }
    __atomic_store_n(&family->stop, 1, __ATOMIC_RELAXED);
    return scopes;
}

static bool one_round(uint64_t seed, size_t *scopes, size_t *steps)
{
    struct family family = {.stop = 0};
    struct member members[CHILDREN];
    pthread_t threads[CHILDREN];
    struct random random = {seed};
    bitena_options options = {.capacity = BLOCK_BYTES, .mode = BITENA_EXACT};
    watch_open(&family.watch, &options, seed);
    family.watch.may_refuse = true;
    pthread_barrier_init(&family.ready, NULL, CHILDREN + 1);
    for (size_t i = 0; i < CHILDREN; i++) {
        bitena *child = bitena_new_child(family.watch.arena);
        members[i] = (struct member){&family, child, random_next(&random), 0};
        if (!child || pthread_create(&threads[i], NULL, use_child, &members[i]) != 0) {
            perror("one_round");
            exit(1);
        }
    }
    pthread_barrier_wait(&family.ready);
    *scopes += use_parent(&family, &random);
    for (size_t i = 0; i < CHILDREN; i++) {
        pthread_join(threads[i], NULL);
        if (bitena_own(members[i].child) != 0) {
            watch_report(&family.watch, "own", members[i].child, 0);
        }
        bitena_drop(members[i].child);
        *steps += members[i].steps;
    }
    watch_reset(&family.watch);
    pthread_barrier_destroy(&family.ready);
    watch_close(&family.watch);
    return !family.watch.wrong;
}

int main(void)
{
    uint64_t seed = setting("BITENA_SEED", 1000);
    time_t began = time(NULL);
    bool good = true;
    do {
        size_t scopes = 0, steps = 0;
        printf("exact: seed %" PRIu64 "\n", seed);
        fflush(stdout);
        for (size_t i = scaled(ROUNDS); i > 0 && good; i--) {
            good = one_round(seed++, &scopes, &steps);
        }
        printf("%zu scopes of the parent beside %zu grandchildren\n", scopes, steps);
    } while (good && soak_goes_on(began));
    printf("exact: %s\n", good ? "passed" : "FAILED");
    return good ? 0 : 1;
}
