/*
 * pace.c - runs every case in every round, in an order that rotates from round to round.
 *
 * Two threads measure, each pinned to a processor (of two cores where the machine has them); the
 * main thread only hands out work. Before each timed part role 0 prepares, then role 1; both then
 * spin on one counter, so they start together. Time goes from the first start to the last end.
 *
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include "core.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SPINS_BEFORE_YIELD = 1 << 14, PATH_BYTES = 128 };

enum order { ORDER_OPEN, ORDER_MEASURE, ORDER_CLOSE };

/* Written by the main thread while the others wait at the gate. */
struct team {
    struct world world;
    pthread_barrier_t gate; /* blocks: the main thread and the roles */
    enum order order;
    const struct bench_case *work;
    size_t count;
    _Alignas(LINE_BYTES) atomic_uint prepared; /* roles that did, in turn */
    _Alignas(LINE_BYTES) atomic_uint arrived;  /* roles that spin for the start */
};

struct role {
    _Alignas(LINE_BYTES) struct team *team;
    pthread_t thread;
    unsigned number;
    int cpu;
    double start;
    double end;
};

static double nanoseconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

/* Until the counter reaches the number; what was done before it was raised is seen after. */
static void spin_until(atomic_uint *counter, unsigned number)
{
    for (unsigned spins = 1; atomic_load_explicit(counter, memory_order_acquire) < number;
         spins++) {
        if (spins % SPINS_BEFORE_YIELD == 0) {
            sched_yield();
        }
    }
}

static void measure(struct role *role)
{
    struct team *team = role->team;
    const struct bench_case *work = team->work;
    if (role->number >= work->threads) {
        return;
    }
    spin_until(&team->prepared, role->number);
    work->prepare(&team->world, role->number);
    atomic_fetch_add_explicit(&team->prepared, 1, memory_order_release);
    spin_until(&team->prepared, work->threads);
    atomic_fetch_add_explicit(&team->arrived, 1, memory_order_release);
    spin_until(&team->arrived, work->threads);
    role->start = nanoseconds_now();
    work->loop(&team->world, role->number, team->count);
    role->end = nanoseconds_now();
}

static void *serve(void *argument)
{
    struct role *role = argument;
    struct team *team = role->team;
    for (;;) {
        pthread_barrier_wait(&team->gate);
        switch (team->order) {
        case ORDER_OPEN:
            world_open(&team->world, role->number);
            break;
        case ORDER_MEASURE:
            measure(role);
            break;
        case ORDER_CLOSE:
            world_close(&team->world, role->number);
            return NULL;
        }
        pthread_barrier_wait(&team->gate);
    }
}

/* The roles carry the order out; returns when both have. */
static void command(struct team *team, enum order order)
{
    team->order = order;
    pthread_barrier_wait(&team->gate);
    if (order != ORDER_CLOSE) {
        pthread_barrier_wait(&team->gate);
    }
}

static double one_pass(struct team *team, const struct role *roles, const struct bench_case *work,
                       const struct pace *pace)
{
    team->work = work;
    team->count = work->cycles ? pace->cycles : pace->objects;
    atomic_store_explicit(&team->prepared, 0, memory_order_relaxed);
    atomic_store_explicit(&team->arrived, 0, memory_order_relaxed);
    world_prepare_keeper(&team->world);
    command(team, ORDER_MEASURE);
    double start = roles[0].start;
    double end = roles[0].end;
    for (unsigned i = 1; i < work->timed; i++) {
        start = roles[i].start < start ? roles[i].start : start;
        end = roles[i].end > end ? roles[i].end : end;
    }
    return (end - start) / (double)(team->count * work->timed);
}

static void run_rounds(struct team *team, const struct role *roles, struct samples *samples)
{
    const struct pace *pace = &samples->pace;
    for (size_t round = 0; round <= pace->rounds; round++) {
        for (size_t i = 0; i < CASES; i++) {
            size_t id = (round + i) % CASES;
            double passes[MAX_PASSES];
            for (size_t pass = 0; pass < pace->passes; pass++) {
                passes[pass] = one_pass(team, roles, &bench_cases[id], pace);
            }
            if (round > 0) {
                samples->nanoseconds[id][round - 1] = median(passes, pace->passes);
            }
        }
    }
}

/* The core that a processor belongs to, or -1. */
static int core_of(int cpu)
{
    char path[PATH_BYTES];
    int core = -1;
    snprintf(path, sizeof path, "/sys/devices/system/cpu/cpu%d/topology/core_id", cpu);
    FILE *file = fopen(path, "r");
    if (file != NULL) {
        if (fscanf(file, "%d", &core) != 1) {
            core = -1;
        }
        fclose(file);
    }
    return core;
}

/* The first processor this process may use, and the next one on another core if there is one. */
static void choose_cpus(struct samples *samples)
{
    cpu_set_t allowed;
    int second = -1;
    bool other_core = false;
    samples->cpus[0] = -1;
    samples->processors = 1;
    if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) {
        samples->processors = CPU_COUNT(&allowed);
        for (int cpu = 0; cpu < CPU_SETSIZE && !other_core; cpu++) {
            if (!CPU_ISSET((size_t)cpu, &allowed)) {
                continue;
            }
            if (samples->cpus[0] < 0) {
                samples->cpus[0] = cpu;
            } else {
                other_core = core_of(cpu) != core_of(samples->cpus[0]);
                second = second < 0 || other_core ? cpu : second;
            }
        }
    }
    samples->cpus[1] = second;
    if (second < 0) {
        samples->cpus[0] = -1;
    }
}

static void start_role(struct role *role)
{
    int error = pthread_create(&role->thread, NULL, serve, role);
    if (error != 0) {
        fprintf(stderr, "bench_core: cannot start a thread: %s\n", strerror(error));
        exit(EXIT_FAILURE);
    }
    if (role->cpu >= 0) {
        cpu_set_t one;
        CPU_ZERO(&one);
        CPU_SET((size_t)role->cpu, &one);
        error = pthread_setaffinity_np(role->thread, sizeof one, &one);
        if (error != 0) {
            fprintf(stderr, "bench_core: a thread stays unpinned: %s\n", strerror(error));
        }
    }
}

void run_all(struct samples *samples)
{
    static struct team team;
    static struct role roles[ROLES];
    choose_cpus(samples);
    world_open_keeper(&team.world);
    pthread_barrier_init(&team.gate, NULL, ROLES + 1);
    for (unsigned i = 0; i < ROLES; i++) {
        roles[i].team = &team;
        roles[i].number = i;
        roles[i].cpu = samples->cpus[i];
        start_role(&roles[i]);
    }
    command(&team, ORDER_OPEN);
    run_rounds(&team, roles, samples);
    command(&team, ORDER_CLOSE);
    for (unsigned i = 0; i < ROLES; i++) {
        pthread_join(roles[i].thread, NULL);
    }
    pthread_barrier_destroy(&team.gate);
    world_close_keeper(&team.world);
}
