/* Pools beside mimalloc and malloc: objects taken, written and given back, on one and on two threads.
 *
 *     bench_pool [--quick]
 *
 * Every rival runs in every round, in rotating order, so that ratios are taken between neighbours in
 * time; the first round is dropped. Time is a thread's from the common start to its end, per object,
 * the longer of two. The last line says how many goals were met.
 *   pairs   take, write, give, again and again
 *   bursts  64 to 1000 objects taken and written, then given back in another order
 *   pass    one thread takes and writes, the other one reads and gives back, through a ring
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1

#include <dlfcn.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <bitena/pool.h>

enum {
    FAR = 128,
    WORDS = 8, /* of an object: 64 bytes */
    MOST = 1000,
    RING = 256,
    ROUNDS = 21,
    OBJECTS = 1 << 20,
    MOST_RIVALS = 3,
    SPINS = 1 << 10
};

/* Each pattern has its own: in what order one leaves the objects is its own matter. */
static bitena_pool *pool;

/* Linked, mimalloc would take the name of malloc: so it is loaded, for these two alone. */
static void *(*mi_malloc)(size_t size);
static void (*mi_free)(void *object);

static bool load_mimalloc(void)
{
    static const char *const names[] = {"libmimalloc.so", "libmimalloc.so.2", "libmimalloc.so.3"};
    void *library = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names && !library; i++) {
        library = dlopen(names[i], RTLD_NOW | RTLD_LOCAL);
    }
    void *take = library ? dlsym(library, "mi_malloc") : NULL;
    void *give = library ? dlsym(library, "mi_free") : NULL;
    memcpy(&mi_malloc, &take, sizeof take);
    memcpy(&mi_free, &give, sizeof give);
    return take && give;
}

/* A rival's two verbs, and all loops over them, so that calls are as direct as a user's. */
struct rival {
    const char *name;
    void (*pairs)(size_t count, unsigned thread);
    void (*bursts)(size_t count, unsigned thread);
    void (*pass)(size_t count, unsigned thread);
};

static _Alignas(FAR) struct ring {
    _Alignas(FAR) atomic_size_t written;
    _Alignas(FAR) atomic_size_t read;
    _Alignas(FAR) uint64_t *objects[RING];
} ring;

/* Sixteen sizes of bursts, and how each is given back: by steps of a number prime to it. */
static const struct {
    size_t size, step;
} bursts[] = {{64, 29},    {1000, 387}, {100, 37},  {512, 197}, {777, 100}, {128, 51},
              {300, 113},  {900, 349},  {200, 77},  {640, 247}, {450, 173}, {80, 31},
              {1000, 617}, {350, 137},  {720, 287}, {256, 99}};

static void keep(void *object)
{
    __asm__ volatile("" : : "r"(object) : "memory");
}

static void wait_until(atomic_size_t *counter, size_t beyond)
{
    for (unsigned spins = 1; atomic_load_explicit(counter, memory_order_acquire) < beyond;
         spins++) {
        if (spins % SPINS == 0) {
            sched_yield();
        }
    }
}

#define LOOPS(name, take, give)                                                             \
    static void name##_pairs(size_t count, unsigned thread)                                 \
    {                                                                                       \
        for (size_t i = 0; i < count; i++) {                                                \
            uint64_t *object = take;                                                        \
            object[0] = i;                                                                  \
            object[1] = thread;                                                             \
            keep(object);                                                                   \
            give(object);                                                                   \
        }                                                                                   \
    }                                                                                       \
    static void name##_bursts(size_t count, unsigned thread)                                \
    {                                                                                       \
        uint64_t *objects[MOST];                                                            \
        for (size_t done = 0, b = thread; done < count; done += bursts[b % 16].size, b++) { \
            size_t size = bursts[b % 16].size;                                              \
            for (size_t i = 0; i < size; i++) {                                             \
                uint64_t *object = take;                                                    \
                object[0] = i;                                                              \
                object[1] = thread;                                                         \
                objects[i] = object;                                                        \
            }                                                                               \
            for (size_t i = 0, at = 0; i < size; i++) {                                     \
                give(objects[at]);                                                          \
                at += bursts[b % 16].step;                                                  \
                at -= at >= size ? size : 0;                                                \
            }                                                                               \
        }                                                                                   \
    }                                                                                       \
    static void name##_pass(size_t count, unsigned thread)                                  \
    {                                                                                       \
        for (size_t i = 0; i < count; i++) {                                                \
            if (thread == 0) {                                                              \
                uint64_t *object = take;                                                    \
                object[0] = i;                                                              \
                object[1] = ~i;                                                             \
                wait_until(&ring.read, i < RING ? 0 : i - RING + 1);                        \
                ring.objects[i % RING] = object;                                            \
                atomic_store_explicit(&ring.written, i + 1, memory_order_release);          \
            } else {                                                                        \
                wait_until(&ring.written, i + 1);                                           \
                uint64_t *object = ring.objects[i % RING];                                  \
                atomic_store_explicit(&ring.read, i + 1, memory_order_release);             \
                if (object[0] != i) {                                                       \
                    abort();                                                                \
                }                                                                           \
                give(object);                                                               \
            }                                                                               \
        }                                                                                   \
    }

#define POOL_GIVE(object) ((void)bitena_pool_give(pool, object))
LOOPS(pool, bitena_pool_take(pool), POOL_GIVE)
LOOPS(malloc, malloc(WORDS * sizeof(uint64_t)), free)
LOOPS(mimalloc, mi_malloc(WORDS * sizeof(uint64_t)), mi_free)

static const struct rival rivals[] = {
    {"bitena_pool", pool_pairs, pool_bursts, pool_pass},
    {"malloc", malloc_pairs, malloc_bursts, malloc_pass},
    {"mimalloc", mimalloc_pairs, mimalloc_bursts, mimalloc_pass},
};
static size_t rival_count = sizeof rivals / sizeof *rivals;

static struct {
    pthread_barrier_t gate;
    void (*work)(size_t count, unsigned thread); /* NULL: the end */
    size_t count;
    unsigned threads;
    double nanoseconds[2];
    _Alignas(FAR) atomic_size_t ready;
} team;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void measure(unsigned thread)
{
    atomic_fetch_add_explicit(&team.ready, 1, memory_order_acq_rel);
    wait_until(&team.ready, team.threads);
    double start = now();
    team.work(team.count, thread);
    team.nanoseconds[thread] = now() - start;
}

static void *second(void *unused)
{
    (void)unused;
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(1, &set);
    (void)pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    for (;;) {
        pthread_barrier_wait(&team.gate);
        if (!team.work) {
            return NULL;
        }
        if (team.threads == 2) {
            measure(1);
        }
        pthread_barrier_wait(&team.gate);
    }
}

/* Nanoseconds per object. */
static double run(void (*work)(size_t, unsigned), unsigned threads, size_t count)
{
    team.work = work;
    team.count = count;
    team.threads = threads;
    atomic_store(&team.ready, 0);
    atomic_store(&ring.written, 0);
    atomic_store(&ring.read, 0);
    team.nanoseconds[1] = 0;
    pthread_barrier_wait(&team.gate);
    measure(0);
    pthread_barrier_wait(&team.gate);
    double longer =
        team.nanoseconds[0] > team.nanoseconds[1] ? team.nanoseconds[0] : team.nanoseconds[1];
    return longer / (double)count;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const double *values, size_t count)
{
    double sorted[ROUNDS];
    memcpy(sorted, values, count * sizeof *values);
    qsort(sorted, count, sizeof *sorted, compare);
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

struct pattern {
    const char *name;
    unsigned threads;
    size_t offset; /* of the loop in struct rival */
    bitena_pool *pool;
    double ns[MOST_RIVALS][ROUNDS + 1];
};

static struct pattern patterns[] = {
    {.name = "pairs", .threads = 1, .offset = offsetof(struct rival, pairs)},
    {.name = "pairs", .threads = 2, .offset = offsetof(struct rival, pairs)},
    {.name = "bursts", .threads = 1, .offset = offsetof(struct rival, bursts)},
    {.name = "bursts", .threads = 2, .offset = offsetof(struct rival, bursts)},
    {.name = "pass", .threads = 2, .offset = offsetof(struct rival, pass)},
};
enum { PATTERNS = sizeof patterns / sizeof *patterns };

static void one_round(size_t round, size_t rounds, size_t count)
{
    for (size_t p = 0; p < PATTERNS; p++) {
        pool = patterns[p].pool;
        for (size_t i = 0; i < rival_count; i++) {
            size_t r = (round + i) % rival_count;
            void (*work)(size_t, unsigned);
            memcpy(&work, (const char *)&rivals[r] + patterns[p].offset, sizeof work);
            double ns = run(work, patterns[p].threads, count);
            patterns[p].ns[r][round == 0 ? rounds : round - 1] = ns; /* the first is dropped */
        }
    }
}

/* Ratios round by round; a goal is to be ahead of mimalloc. */
static void report(size_t rounds)
{
    unsigned met = 0, goals = 0;
    printf("%-8s %7s  %-12s %8s %8s  goal\n", "pattern", "threads", "", "ns", "ratio");
    for (size_t p = 0; p < PATTERNS; p++) {
        for (size_t r = 0; r < rival_count; r++) {
            double ratios[ROUNDS];
            for (size_t i = 0; i < rounds; i++) {
                ratios[i] = patterns[p].ns[r][i] / patterns[p].ns[0][i];
            }
            double ratio = median(ratios, rounds);
            bool goal = strcmp(rivals[r].name, "mimalloc") == 0;
            goals += goal;
            met += goal && ratio > 1;
            printf("%-8s %7u  %-12s %8.2f %8.2f  %s\n", patterns[p].name, patterns[p].threads,
                   rivals[r].name, median(patterns[p].ns[r], rounds), ratio,
                   !goal       ? ""
                   : ratio > 1 ? "met"
                               : "missed");
        }
    }
    printf("bench_pool: %u of %u goals met (ratio: the rival's time over the pool's)\n", met,
           goals);
}

int main(int argc, char **argv)
{
    bool quick = argc == 2 && strcmp(argv[1], "--quick") == 0;
    if (argc > 1 && !quick) {
        fprintf(stderr, "usage: bench_pool [--quick]\n");
        return 2;
    }
    if (!load_mimalloc()) {
        printf("mimalloc: skipped, there is no libmimalloc.so\n");
        rival_count--;
    }
    size_t rounds = quick ? 7 : ROUNDS, count = quick ? OBJECTS / 8 : OBJECTS;
    bitena *arena = bitena_new(64 << 20);
    if (!arena) {
        fprintf(stderr, "bench_pool: no arena\n");
        return 1;
    }
    for (size_t p = 0; p < PATTERNS; p++) {
        patterns[p].pool = bitena_pool_new(arena, WORDS * sizeof(uint64_t), _Alignof(uint64_t));
    }
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    (void)pthread_setaffinity_np(pthread_self(), sizeof set, &set);
    pthread_t thread;
    pthread_barrier_init(&team.gate, NULL, 2);
    (void)pthread_create(&thread, NULL, second, NULL);
    printf("bench_pool: objects of %zu bytes, %zu per thread and round, %zu interleaved rounds\n",
           WORDS * sizeof(uint64_t), count, rounds);
    for (size_t round = 0; round <= rounds; round++) {
        one_round(round, rounds, count);
    }
    team.work = NULL;
    pthread_barrier_wait(&team.gate);
    pthread_join(thread, NULL);
    report(rounds);
    bitena_drop(arena);
    return 0;
}
