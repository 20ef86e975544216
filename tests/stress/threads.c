/* 10^8 allocations across 8 threads, every one checked: aligned, inside the block, overlapping no
 * other, and its bytes still its thread's when it ends. The owner and the others mix small objects,
 * text, large runs, scopes and children in one shared arena until it is nearly full; then one of
 * them, all others waiting at a barrier, resets it. The work is cut to a part by
 * BITENA_STRESS_SCALE (see support/random.h).
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include <bitena.h>

#include "support/overlap.h"
#include "support/random.h"
#include "support/stamp.h"

enum {
    THREADS = 8,
    ALLOCATIONS = 100000000,
    KEPT_MAX = 400000, /* objects of one thread between two resets */
    SCOPE_MAX = 64     /* objects in one scope or child */
};

static const size_t block_bytes = (size_t)64 << 20;

struct object {
    unsigned char *at;
    uint32_t size, number;
};

struct test {
    bitena *arena;
    struct overlap map;
    pthread_barrier_t barrier;
    uint64_t seed;
    size_t total; /* allocations that end the test */
    size_t done;  /* atomic; those of the rounds before */
    int wrong;    /* atomic: some thread has found something */
    bool ends;    /* written between barriers */
};

struct worker {
    struct test *test;
    size_t number;
    struct random random;
    struct object *kept;
    size_t kept_count, allocations, scopes, children, large, bytes;
    uint32_t sequence;
    bool full;
};

static bool report(struct worker *me, const char *what, const void *p, size_t size)
{
    if (__atomic_exchange_n(&me->test->wrong, 1, __ATOMIC_RELAXED) == 0) {
        printf("thread %zu, allocation %zu: %s: %p, %zu bytes; seed %" PRIu64 "\n", me->number,
               me->allocations, what, p, size, me->test->seed);
    }
    return false;
}

static uint64_t stamp_of(const struct worker *me, uint32_t number)
{
    return (uint64_t)(me->number + 1) << 56 | (uint64_t)number << 8 | 0xa5;
}

/* What every allocation of the test goes through. */
static bool take(struct worker *me, bitena *arena, size_t size, size_t align, struct object *object)
{
    unsigned char *p;
    if (align == 0) { /* text */
        static const char letters[64] =
            "some text whose length is what matters here, and it is enough..";
        size = size < sizeof letters ? size : sizeof letters;
        p = (unsigned char *)bitena_try_alloc_strn(arena, letters, size - 1);
        align = 1;
        if (p && size > 1 && (memcmp(p, letters, size - 1) != 0 || p[size - 1] != 0)) {
            return report(me, "not the text", p, size);
        }
        size = size > 1 ? size : 0; /* "" takes nothing and may stand outside the block */
    } else {
        p = bitena_try_alloc(arena, size, align);
    }
    if (!p) {
        me->full = true;
        return errno == ENOMEM ? false : report(me, strerror(errno), NULL, size);
    }
    *object = (struct object){p, (uint32_t)size, me->sequence++ & 0xffffff};
    me->allocations++;
    me->bytes += size;
    if ((uintptr_t)p % align != 0) {
        return report(me, "misaligned", p, size);
    }
    if (!overlap_claim(&me->test->map, p, size)) {
        return report(me, "overlapping or out of bounds", p, size);
    }
    stamp_write(p, size, stamp_of(me, object->number));
    return true;
}

static bool take_small(struct worker *me, bitena *arena, struct object *object)
{
    uint64_t draw = random_next(&me->random);
    size_t size = 1 + (draw & 31);
    size_t align = (draw >> 8 & 15) == 0 ? 0 : (size_t)1 << (draw >> 16 & 3);
    if ((draw >> 24 & 1023) == 0) {
        align = (size_t)1 << (draw >> 34 & 7) << 5; /* 32 to 4096 */
    }
    return take(me, arena, size, align, object);
}

static bool take_large(struct worker *me, bitena *arena, struct object *object)
{
    me->large++;
    return take(me, arena, random_between(&me->random, 1024, 40000),
                (size_t)1 << random_below(&me->random, 13), object);
}

static void verify(struct worker *me, const struct object *objects, size_t count, bool release)
{
    for (size_t i = 0; i < count; i++) {
        const struct object *o = &objects[i];
        if (!stamp_is(o->at, o->size, stamp_of(me, o->number))) {
            report(me, "its bytes have changed", o->at, o->size);
        }
        if (release && !overlap_release(&me->test->map, o->at, o->size)) {
            report(me, "the map says that it was nobody's", o->at, o->size);
        }
    }
}

/* Objects that end together; released in the map before the library may hand their bytes on. */
static void take_and_verify(struct worker *me, bitena *arena)
{
    struct object objects[SCOPE_MAX];
    size_t wanted = random_between(&me->random, 1, SCOPE_MAX);
    size_t count = 0;
    while (count < wanted) {
        bool large = random_one_in(&me->random, 256);
        if (!(large ? take_large : take_small)(me, arena, &objects[count])) {
            break;
        }
        count++;
    }
    verify(me, objects, count, true);
}

static void use_scope(struct worker *me, bitena *arena, unsigned depth)
{
    me->scopes++;
    BITENA_SCOPE (arena) {
        take_and_verify(me, arena);
        if (depth > 0 && random_one_in(&me->random, 4)) {
            use_scope(me, arena, depth - 1);
            take_and_verify(me, arena);
        }
    }
}

static void use_child(struct worker *me, bitena *parent, unsigned depth)
{
    bitena *child = bitena_new_child(parent);
    if (!child) {
        me->full = true;
        return;
    }
    me->children++;
    take_and_verify(me, child);
    if (random_one_in(&me->random, 4)) {
        use_scope(me, child, 1);
    }
    if (depth > 0 && random_one_in(&me->random, 4)) {
        use_child(me, child, depth - 1);
    }
    bitena_drop(child);
}

/* Until the arena is full, or this thread has its share of it. */
static void fill_up(struct worker *me)
{
    bitena *arena = me->test->arena;
    me->kept_count = 0;
    me->full = false;
    while (me->kept_count < KEPT_MAX && !me->full &&
           !__atomic_load_n(&me->test->wrong, __ATOMIC_RELAXED)) {
        size_t draw = random_below(&me->random, 4096);
        if (draw < 32) {
            use_scope(me, arena, 2);
        } else if (draw < 48) {
            use_child(me, arena, 2);
        } else {
            struct object *object = &me->kept[me->kept_count];
            me->kept_count += (draw == 48 ? take_large : take_small)(me, arena, object);
        }
    }
}

static void start_over(struct worker *me)
{
    struct test *test = me->test;
    if (bitena_reset(test->arena) != 0) {
        report(me, strerror(errno), NULL, 0);
    }
    if (bitena_remaining(test->arena) != block_bytes) {
        report(me, "reset has not given all back", NULL, bitena_remaining(test->arena));
    }
    overlap_clear(&test->map);
    test->ends = test->done >= test->total || test->wrong;
}

static void *run(void *argument)
{
    struct worker *me = argument;
    struct test *test = me->test;
    size_t counted = 0;
    for (size_t round = 0; !test->ends; round++) {
        fill_up(me);
        __atomic_fetch_add(&test->done, me->allocations - counted, __ATOMIC_RELAXED);
        counted = me->allocations;
        pthread_barrier_wait(&test->barrier);
        verify(me, me->kept, me->kept_count, false);
        pthread_barrier_wait(&test->barrier);
        if (round % THREADS == me->number) { /* and so everybody is the owner in turn */
            start_over(me);
        }
        pthread_barrier_wait(&test->barrier);
    }
    return NULL;
}

static bool eight_threads(uint64_t seed, size_t total)
{
    struct test test = {.arena = bitena_new(block_bytes), .seed = seed, .total = total};
    struct worker workers[THREADS];
    pthread_t threads[THREADS];
    if (!test.arena) {
        perror("bitena_new");
        return false;
    }
    overlap_open(&test.map, block_bytes);
    overlap_locate(&test.map, bitena_alloc(test.arena, 0, 1));
    pthread_barrier_init(&test.barrier, NULL, THREADS);
    for (size_t i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.test = &test, .number = i, .random = {seed * THREADS + i}};
        workers[i].kept = malloc(KEPT_MAX * sizeof *workers[i].kept);
        if (!workers[i].kept || pthread_create(&threads[i], NULL, run, &workers[i]) != 0) {
            perror("eight_threads");
            exit(1);
        }
    }
    struct worker sum = {0};
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        free(workers[i].kept);
        sum.allocations += workers[i].allocations;
        sum.bytes += workers[i].bytes;
        sum.scopes += workers[i].scopes;
        sum.children += workers[i].children;
        sum.large += workers[i].large;
    }
    printf("%zu allocations, %zu bytes, in %zu scopes, %zu children, %zu large runs\n",
           sum.allocations, sum.bytes, sum.scopes, sum.children, sum.large);
    pthread_barrier_destroy(&test.barrier);
    bitena_drop(test.arena);
    overlap_close(&test.map);
    return !test.wrong && sum.allocations >= total;
}

int main(void)
{
    uint64_t seed = setting("BITENA_SEED", 8);
    time_t began = time(NULL);
    bool good;
    do {
        printf("threads: seed %" PRIu64 "\n", seed);
        fflush(stdout);
        good = eight_threads(seed, scaled(ALLOCATIONS));
        seed++;
    } while (good && soak_goes_on(began));
    printf("threads: %s\n", good ? "passed" : "FAILED");
    return good ? 0 : 1;
}
