/* Threads that come and go, and children that change hands: short threads take, defer, mark and end
 * in one arena; children are handed from thread to thread through a mailbox, owned, filled, dropped
 * in any order or absorbed into the shared parent from many threads at once. No object may overlap
 * another, each cleanup runs exactly once and not too early, and every round ends with a reset
 * after which all is back. The mailbox is locked: handing on is ordered by the caller.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <bitena.h>

#include "support/random.h"
#include "support/watch.h"

enum {
    BLOCK_BYTES = 32 << 20,
    AT_ONCE = 6,  /* threads that live together */
    COMERS = 36,  /* threads of one round */
    KEPT = 48,    /* objects of one short thread, or of one parcel */
    SHELVES = 24, /* parcels in the mailbox */
    HANDS = 8,
    HAND_STEPS = 400,
    ROUNDS = 300
};

/* A child, what lives in it, and a child of its own. */
struct parcel {
    bitena *child, *inner;
    struct object objects[KEPT];
    bool in_inner[KEPT];
    size_t count;
};

struct churn {
    struct watch watch;
    size_t absorbed;      /* atomic */
    pthread_mutex_t lock; /* of what follows */
    struct parcel *shelves[SHELVES];
    struct parcel *ended[HANDS * HAND_STEPS];
    size_t ended_count;
};

struct thread_of {
    struct churn *churn;
    uint64_t seed;
    struct object kept[KEPT];
    size_t kept_count;
};

/* One of a round's short threads. What it keeps outlives it. */
static void *come_and_go(void *argument)
{
    struct thread_of *me = argument;
    struct churn *churn = me->churn;
    struct random random = {me->seed};
    size_t wanted = random_below(&random, KEPT + 1);
    while (me->kept_count < wanted && !watch_is_wrong(&churn->watch)) {
        size_t draw = random_below(&random, 8);
        if (draw == 0) {
            watch_scope(&churn->watch, churn->watch.arena, &random);
        } else if (draw == 1) {
            BITENA_CHILD(child, churn->watch.arena);
            watch_scope(&churn->watch, child, &random);
            watch_defer(&churn->watch, child);
        } else if (draw == 2) {
            watch_defer(&churn->watch, churn->watch.arena);
        }
        me->kept_count +=
            watch_take(&churn->watch, churn->watch.arena, &random, &me->kept[me->kept_count]);
    }
    return NULL;
}

static void start(pthread_t *thread, void *(*run)(void *), void *argument)
{
    if (pthread_create(thread, NULL, run, argument) != 0) {
        perror("pthread_create");
        exit(1);
    }
}

static void threads_come_and_go(struct churn *churn, struct random *random)
{
    static struct thread_of all[COMERS];
    pthread_t threads[COMERS];
    for (size_t i = 0; i < COMERS; i++) {
        if (i >= AT_ONCE) {
            pthread_join(threads[i - AT_ONCE], NULL);
        }
        all[i] = (struct thread_of){.churn = churn, .seed = random_next(random)};
        start(&threads[i], come_and_go, &all[i]);
    }
    for (size_t i = COMERS - AT_ONCE; i < COMERS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (size_t i = 0; i < COMERS; i++) {
        for (size_t j = 0; j < all[i].kept_count; j++) {
            watch_verify(&churn->watch, &all[i].kept[j], false);
        }
    }
    watch_reset(&churn->watch);
}

static struct parcel *new_parcel(struct churn *churn, struct random *random)
{
    struct parcel *parcel = calloc(1, sizeof *parcel);
    if (!parcel || !(parcel->child = bitena_new_child(churn->watch.arena)) ||
        (random_one_in(random, 3) && !(parcel->inner = bitena_new_child(parcel->child)))) {
        perror("new_parcel");
        exit(1);
    }
    return parcel;
}

/* The caller owns the parcel. */
static void work_on(struct churn *churn, struct parcel *parcel, struct random *random)
{
    for (size_t i = 0; i < parcel->count; i++) {
        watch_verify(&churn->watch, &parcel->objects[i], false);
    }
    for (size_t n = random_below(random, 8); n > 0 && parcel->count < KEPT; n--) {
        bool inner = parcel->inner && random_one_in(random, 2);
        parcel->in_inner[parcel->count] = inner;
        parcel->count += watch_take(&churn->watch, inner ? parcel->inner : parcel->child, random,
                                    &parcel->objects[parcel->count]);
    }
    if (random_one_in(random, 2)) {
        watch_scope(&churn->watch, parcel->child, random);
        watch_defer(&churn->watch, parcel->child);
    }
}

/* Verifies and forgets what stands in the inner child, or all. */
static void let_go(struct churn *churn, struct parcel *parcel, bool inner_only)
{
    size_t left = 0;
    for (size_t i = 0; i < parcel->count; i++) {
        if (inner_only && !parcel->in_inner[i]) {
            parcel->in_inner[left] = false;
            parcel->objects[left++] = parcel->objects[i];
        } else {
            watch_verify(&churn->watch, &parcel->objects[i], true);
        }
    }
    parcel->count = left;
}

static void drop_parcel(struct churn *churn, struct parcel *parcel)
{
    let_go(churn, parcel, false);
    bitena_drop(parcel->inner);
    bitena_drop(parcel->child);
    free(parcel);
}

/* The parcel's objects live on in the shared arena. */
static void absorb_parcel(struct churn *churn, struct parcel *parcel, struct random *random)
{
    if (parcel->inner && bitena_absorb(churn->watch.arena, parcel->child) == 0) {
        watch_report(&churn->watch, "absorbed a child that has children", parcel->child, 0);
    }
    if (parcel->inner && random_one_in(random, 2)) {
        if (bitena_absorb(parcel->child, parcel->inner) != 0) {
            watch_report(&churn->watch, strerror(errno), parcel->inner, 0);
        }
    } else if (parcel->inner) {
        let_go(churn, parcel, true);
        bitena_drop(parcel->inner);
    }
    if (bitena_absorb(churn->watch.arena, parcel->child) != 0) {
        watch_report(&churn->watch, strerror(errno), parcel->child, 0);
    }
    __atomic_fetch_add(&churn->absorbed, 1, __ATOMIC_RELAXED);
    pthread_mutex_lock(&churn->lock);
    churn->ended[churn->ended_count++] = parcel;
    pthread_mutex_unlock(&churn->lock);
}

static struct parcel *exchange(struct churn *churn, size_t shelf, struct parcel *parcel)
{
    pthread_mutex_lock(&churn->lock);
    struct parcel *there = churn->shelves[shelf];
    churn->shelves[shelf] = parcel;
    pthread_mutex_unlock(&churn->lock);
    return there;
}

static void own_parcel(struct churn *churn, struct parcel *parcel)
{
    if (bitena_own(parcel->child) != 0 || (parcel->inner && bitena_own(parcel->inner) != 0)) {
        watch_report(&churn->watch, strerror(errno), parcel->child, 0);
    }
}

static void *hand_on(void *argument)
{
    struct thread_of *me = argument;
    struct churn *churn = me->churn;
    struct random random = {me->seed};
    struct parcel *parcel = NULL;
    for (size_t step = HAND_STEPS; step > 0; step--) {
        parcel = exchange(churn, random_below(&random, SHELVES), parcel);
        if (parcel) {
            own_parcel(churn, parcel);
        } else {
            parcel = new_parcel(churn, &random);
        }
        work_on(churn, parcel, &random);
        size_t draw = random_below(&random, 8);
        if (draw < 2) {
            drop_parcel(churn, parcel);
            parcel = NULL;
        } else if (draw == 2) {
            absorb_parcel(churn, parcel, &random);
            parcel = NULL;
        }
        if (watch_is_wrong(&churn->watch)) {
            break;
        }
    }
    if (parcel) {
        drop_parcel(churn, parcel);
    }
    return NULL;
}

static void children_change_hands(struct churn *churn, struct random *random)
{
    static struct thread_of all[HANDS];
    pthread_t threads[HANDS];
    for (size_t i = 0; i < HANDS; i++) {
        all[i] = (struct thread_of){.churn = churn, .seed = random_next(random)};
        start(&threads[i], hand_on, &all[i]);
    }
    for (size_t i = 0; i < HANDS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (size_t i = 0; i < SHELVES; i++) {
        struct parcel *parcel = exchange(churn, i, NULL);
        if (parcel) {
            own_parcel(churn, parcel);
            drop_parcel(churn, parcel);
        }
    }
    for (size_t i = 0; i < churn->ended_count; i++) {
        let_go(churn, churn->ended[i], false);
        free(churn->ended[i]);
    }
    churn->ended_count = 0;
    watch_reset(&churn->watch);
}

static bool churn_rounds(uint64_t seed)
{
    static struct churn churn;
    struct random random = {seed};
    watch_open(&churn.watch, &(bitena_options){.capacity = BLOCK_BYTES}, seed);
    churn.absorbed = 0;
    pthread_mutex_init(&churn.lock, NULL);
    for (size_t i = scaled(ROUNDS); i > 0 && !churn.watch.wrong; i--) {
        threads_come_and_go(&churn, &random);
        children_change_hands(&churn, &random);
    }
    printf("%zu objects, %zu cleanups, %zu children absorbed\n", churn.watch.taken, churn.watch.ran,
           churn.absorbed);
    pthread_mutex_destroy(&churn.lock);
    watch_close(&churn.watch);
    return !churn.watch.wrong;
}

int main(void)
{
    uint64_t seed = setting("BITENA_SEED", 77);
    time_t began = time(NULL);
    bool good;
    do {
        printf("churn: seed %" PRIu64 "\n", seed);
        fflush(stdout);
        good = churn_rounds(seed);
        seed++;
    } while (good && soak_goes_on(began));
    printf("churn: %s\n", good ? "passed" : "FAILED");
    return good ? 0 : 1;
}
