/* The soak's threads: workers that live as long as the program and meet at a barrier, short threads
 * that they start and join, and now and then a crowd with more threads than there are thread slots.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "soak/soak.h"

enum {
    EPOCH_ALLOCATIONS = 400000, /* of one worker */
    EPOCH_STEPS = 20000,
    LIVE_ROOM = 32768,
    KEPT_ROOM = 16384,
    GUEST_ROOM = 4096,
    CROWD = 4200, /* the library has 4095 thread slots */
    CROWD_ROOM = 256,
    TIRED = 12, /* refusals of a full family, which cost a search each, until it is left alone */
    SMALL_STACK = 64 << 10
};

struct guest {
    pthread_t thread;
    struct worker me;
};

struct worker workers[WORKERS];
static pthread_barrier_t barrier;
static bool (*shall_go_on)(void);
static bool over; /* written by one, between barriers */
static unsigned epoch_now;

void counts_add(struct counts *to, const struct counts *from)
{
    uint64_t *sum = (uint64_t *)to;
    const uint64_t *more = (const uint64_t *)from;
    for (size_t i = 0; i < sizeof *to / sizeof *sum; i++) {
        sum[i] += more[i];
    }
}

static void worker_begin(struct worker *me, unsigned number, uint64_t seed, size_t room)
{
    *me = (struct worker){.number = number, .random = {seed}};
    me->next_number = (uint32_t)random_next(&me->random);
    me->counts.threads = 1;
    list_open(&me->live, room);
}

/* On the thread itself, before all else. */
static void thread_begin(struct worker *me)
{
    soak_me = me;
    perturb_begin(me->random.state ^ 0x5eed);
}

/* Last on the thread itself. */
static void thread_end(struct worker *me)
{
    me->counts.disturbed += perturb_count();
    list_close(&me->live);
}

/* A thread that cannot be had is a limit of the machine, not a fault of the library. */
static bool start(pthread_t *thread, void *(*run)(void *), void *argument, size_t stack)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    if (stack != 0 && !under_sanitizer()) {
        pthread_attr_setstacksize(&attributes, stack);
    }
    int error = pthread_create(thread, &attributes, run, argument);
    pthread_attr_destroy(&attributes);
    return error == 0;
}

/* What a thread without a TLAB takes stays taken until the reset. */
static void note_stranger(struct family *family, bitena_mark mark)
{
    if (!mark.tlab && family->mode == BITENA_SHARED) {
        __atomic_store_n(&family->lasting, true, __ATOMIC_RELAXED);
    }
}

/* What a short thread does, in families that are not another's; it leaves nothing behind. */
static void visit(struct worker *me, unsigned steps)
{
    for (; steps > 0 && me->counts.refusals < TIRED; steps--) {
        struct family *family = &families[random_below(&me->random, FAMILIES)];
        struct site site = {.me = me, .family = family, .arena = family->arena, .list = &me->live};
        if (!may_use(me, family)) {
            continue;
        }
        if (has_marks(me, family) && !random_one_in(&me->random, 4)) {
            note_stranger(family, bitena_save(family->arena));
            use_scope(site, 1);
        } else {
            use_child(site, 1);
        }
    }
}

/* An arena of this thread's own, mapped and unmapped while others do the same. */
static void use_own(struct worker *me)
{
    struct family family = {.capacity = 65536, .arena = bitena_new(65536)};
    struct site site = {.me = me, .family = &family, .arena = family.arena, .list = &me->live};
    SOAK_REQUIRE(family.arena);
    for (unsigned n = 0; n < 200; n++) {
        note(&site, bitena_alloc(site.arena, 24, 8), 24, 8);
    }
    verify(&family, &me->live, 0, true);
    bitena_drop(family.arena);
}

static void *guest_run(void *worker)
{
    struct worker *me = worker;
    thread_begin(me);
    visit(me, 1 + (unsigned)random_below(&me->random, 12));
    if (random_one_in(&me->random, 8)) {
        use_own(me);
    }
    thread_end(me);
    return NULL;
}

static void guest_join(struct worker *me)
{
    if (me->guest) {
        pthread_join(me->guest->thread, NULL);
        counts_add(&me->counts, &me->guest->me.counts);
        free(me->guest);
        me->guest = NULL;
    }
}

static void guest_start(struct worker *me)
{
    guest_join(me);
    me->guest = malloc(sizeof *me->guest);
    SOAK_REQUIRE(me->guest);
    worker_begin(&me->guest->me, WORKERS, random_next(&me->random), GUEST_ROOM);
    if (!start(&me->guest->thread, guest_run, &me->guest->me, SMALL_STACK)) {
        list_close(&me->guest->me.live);
        free(me->guest);
        me->guest = NULL;
    }
}

static pthread_rwlock_t gate = PTHREAD_RWLOCK_INITIALIZER;

static void *crowd_run(void *worker)
{
    struct worker *me = worker;
    struct site site = {
        .me = me, .family = &families[0], .arena = families[0].arena, .list = &me->live};
    thread_begin(me);
    for (int twice = 0; twice < 2; twice++) {
        BITENA_SCOPE (site.arena) {
            make_some(&site, 1);
            verify(site.family, site.list, 0, true);
        }
        pthread_rwlock_rdlock(&gate);
        pthread_rwlock_unlock(&gate);
    }
    thread_end(me);
    return NULL;
}

/* More threads at once than slots: those that come late are served by the index. */
void crowd(struct worker *me)
{
    size_t count = (size_t)setting("BITENA_CROWD", under_sanitizer() ? 40 : CROWD), begun = 0;
    struct guest *all = calloc(count, sizeof *all);
    SOAK_REQUIRE(all);
    families[0].lasting = true;
    families[0].balanced = families[0].solo = false;
    pthread_rwlock_wrlock(&gate);
    for (; begun < count; begun++) {
        worker_begin(&all[begun].me, WORKERS, random_next(&me->random), CROWD_ROOM);
        if (!start(&all[begun].thread, crowd_run, &all[begun].me, SMALL_STACK)) {
            list_close(&all[begun].me.live);
            printf("soak: a crowd of %zu only: the system gives no more threads\n", begun);
            break;
        }
    }
    pthread_rwlock_unlock(&gate);
    for (size_t i = 0; i < begun; i++) {
        pthread_join(all[i].thread, NULL);
        counts_add(&me->counts, &all[i].me.counts);
    }
    free(all);
}

/* Into the family for a while: until the worker's mark in it is rewound to, or its reset. */
static void keep_some(struct worker *me, struct family *family)
{
    struct list *kept = &me->kept[family->number];
    struct site site = {.me = me, .family = family, .arena = family->arena, .list = kept};
    if (kept->bytes < family->capacity / (4 * WORKERS)) {
        make_some(&site, 1);
    } else if (has_marks(me, family) && random_one_in(&me->random, 16)) {
        verify(family, kept, 0, true);
        SOAK_REQUIRE(bitena_rewind(family->arena, me->mark[family->number]) == 0);
    }
}

static void step(struct worker *me)
{
    struct family *family = &families[random_below(&me->random, FAMILIES)];
    struct site site = {.me = me, .family = family, .arena = family->arena, .list = &me->live};
    size_t draw = random_below(&me->random, 1000);
    uint64_t refused = me->counts.refusals;
    if (me->refused[family->number] > TIRED && !random_one_in(&me->random, 256)) {
        return;
    }
    if (!may_use(me, family)) {
        if (family->mode == BITENA_LOCAL && draw < 5) {
            check_stranger(family);
        }
    } else if (draw < 120) {
        keep_some(me, family);
    } else if (draw < 150) {
        use_parcel(me, family);
    } else if (draw < 220 || !has_marks(me, family)) {
        use_child(site, 1);
    } else if (draw < 260) {
        use_marks(site);
    } else {
        use_scope(site, 2);
    }
    me->refused[family->number] += me->counts.refusals - refused;
    if (random_one_in(&me->random, 150)) {
        guest_start(me);
    }
}

static void begin_epoch(struct worker *me)
{
    for (unsigned i = 0; i < FAMILIES; i++) {
        me->refused[i] = 0;
        if (families[i].mode == BITENA_LOCAL && families[i].owner == me->number) {
            SOAK_REQUIRE(bitena_own(families[i].arena) == 0);
        }
        if (has_marks(me, &families[i])) {
            me->mark[i] = bitena_save(families[i].arena);
        }
    }
}

/* A balanced family gets all back that this worker kept in it. */
static void end_epoch(struct worker *me)
{
    for (unsigned i = 0; i < FAMILIES; i++) {
        verify(&families[i], &me->absorbed[i], 0, false);
        verify(&families[i], &me->kept[i], 0, families[i].balanced);
        if (families[i].balanced && has_marks(me, &families[i])) {
            SOAK_REQUIRE(bitena_rewind(families[i].arena, me->mark[i]) == 0);
            note_stranger(&families[i], me->mark[i]);
        }
    }
}

static void *work(void *argument)
{
    struct worker *me = argument;
    uint64_t quota = scaled(EPOCH_ALLOCATIONS);
    thread_begin(me);
    for (;;) {
        pthread_barrier_wait(&barrier);
        if (epoch_now % WORKERS == me->number) {
            over = epoch_now > 0 && !shall_go_on();
            world_next(me, epoch_now, workers);
        }
        pthread_barrier_wait(&barrier);
        if (over) {
            break;
        }
        begin_epoch(me);
        pthread_barrier_wait(&barrier); /* until all have come to own theirs */
        uint64_t upto = me->counts.allocations + quota;
        for (unsigned n = 0; n < EPOCH_STEPS && me->counts.allocations < upto; n++) {
            step(me);
        }
        guest_join(me);
        pthread_barrier_wait(&barrier); /* what a late one writes is still seen by the others */
        if (epoch_now % WORKERS == me->number) {
            drain_parcels(me);
        }
        pthread_barrier_wait(&barrier);
        end_epoch(me);
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) {
            epoch_now++;
        }
    }
    thread_end(me);
    return NULL;
}

void soak_threads(uint64_t seed, bool (*goes_on)(void))
{
    pthread_t threads[WORKERS];
    struct random random = {seed};
    shall_go_on = goes_on;
    pthread_barrier_init(&barrier, NULL, WORKERS);
    for (unsigned i = 0; i < WORKERS; i++) {
        worker_begin(&workers[i], i, random_next(&random), LIVE_ROOM);
        for (unsigned j = 0; j < FAMILIES; j++) {
            list_open(&workers[i].kept[j], KEPT_ROOM);
            list_open(&workers[i].absorbed[j], KEPT_ROOM);
        }
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        SOAK_REQUIRE(start(&threads[i], work, &workers[i], 0));
    }
    for (unsigned i = 0; i < WORKERS; i++) {
        pthread_join(threads[i], NULL);
        for (unsigned j = 0; j < FAMILIES; j++) {
            list_close(&workers[i].kept[j]);
            list_close(&workers[i].absorbed[j]);
        }
    }
    pthread_barrier_destroy(&barrier);
}
