/*
 * team.c - the threads of a benchmark: pinned, started together, timed each for itself. They sleep
 * between two runs, but start a run from a spin: a barrier wakes them tens of microseconds apart,
 * and a lap may be shorter than that.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include "wait.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

struct member {
    _Alignas(128) struct team *team;
    pthread_t thread;
    unsigned number;
    double start;
    double end;
};

/* body and context are written while the members wait at the gate; body NULL sends them home. */
struct team {
    unsigned size;
    unsigned first, last; /* the members that run this time */
    team_body *body;
    void *context;
    pthread_barrier_t gate;       /* the caller and the members */
    _Alignas(128) size_t arrived; /* members ready to run; zeroed while they wait at the gate */
    struct member members[MAX_THREADS];
};

/* The processors that this process was given: a caller that is pinned itself must not narrow what
 * its next team gets. Written by the first team_start, which nobody runs beside. */
static cpu_set_t allowed;
static bool allowed_known;

static void pin(unsigned number)
{
    cpu_set_t one;
    if (!allowed_known) {
        return;
    }
    unsigned seat = number % (unsigned)CPU_COUNT(&allowed);
    CPU_ZERO(&one);
    for (size_t cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET(cpu, &allowed) && seat-- == 0) {
            CPU_SET(cpu, &one);
            break;
        }
    }
    (void)pthread_setaffinity_np(pthread_self(), sizeof one, &one); /* unpinned is only noisier */
}

static void work(struct member *member)
{
    struct team *team = member->team;
    if (member->number < team->first || member->number > team->last) {
        return;
    }
    if (team->first != team->last) {
        (void)__atomic_add_fetch(&team->arrived, 1, __ATOMIC_ACQ_REL);
        wait_until(&team->arrived, team->size);
    }
    member->start = now_ns();
    team->body(team->context, member->number);
    member->end = now_ns();
}

static void *serve(void *argument)
{
    struct member *member = (struct member *)argument;
    pin(member->number);
    for (;;) {
        pthread_barrier_wait(&member->team->gate);
        if (member->team->body == NULL) {
            return NULL;
        }
        work(member);
        pthread_barrier_wait(&member->team->gate);
    }
}

struct team *team_start(unsigned threads)
{
    if (threads == 0 || threads > MAX_THREADS) {
        die("threads=%u: 1 to %d", threads, MAX_THREADS);
    }
    if (!allowed_known) {
        allowed_known = sched_getaffinity(0, sizeof allowed, &allowed) == 0;
    }
    struct team *team = (struct team *)aligned_alloc(128, sizeof *team);
    given(team);
    memset(team, 0, sizeof *team);
    team->size = threads;
    for (unsigned i = 0; i < threads; i++) {
        team->members[i].team = team;
        team->members[i].number = i;
    }
    if (threads == 1) {
        pin(0);
        return team;
    }
    if (pthread_barrier_init(&team->gate, NULL, threads + 1) != 0) {
        die("cannot make a barrier");
    }
    for (unsigned i = 0; i < threads; i++) {
        if (pthread_create(&team->members[i].thread, NULL, serve, &team->members[i]) != 0) {
            die("cannot start a thread");
        }
    }
    return team;
}

static double run_some(struct team *team, unsigned first, unsigned last, team_body *body,
                       void *context)
{
    team->first = first;
    team->last = last;
    team->body = body;
    team->context = context;
    team->arrived = 0;
    if (team->size == 1) {
        work(&team->members[0]);
    } else {
        pthread_barrier_wait(&team->gate);
        pthread_barrier_wait(&team->gate);
    }
    double start = team->members[first].start;
    double end = team->members[first].end;
    for (unsigned i = first + 1; i <= last; i++) {
        const struct member *member = &team->members[i];
        start = member->start < start ? member->start : start;
        end = member->end > end ? member->end : end;
    }
    return end - start;
}

double team_longest(const struct team *team)
{
    double longest = 0;
    for (unsigned i = team->first; i <= team->last; i++) {
        double time = team->members[i].end - team->members[i].start;
        longest = time > longest ? time : longest;
    }
    return longest;
}

double team_run(struct team *team, team_body *body, void *context)
{
    return run_some(team, 0, team->size - 1, body, context);
}

double team_run_one(struct team *team, unsigned thread, team_body *body, void *context)
{
    return run_some(team, thread, thread, body, context);
}

unsigned team_size(const struct team *team)
{
    return team->size;
}

void team_stop(struct team *team)
{
    team->body = NULL;
    if (team->size > 1) {
        pthread_barrier_wait(&team->gate);
        for (unsigned i = 0; i < team->size; i++) {
            pthread_join(team->members[i].thread, NULL);
        }
        pthread_barrier_destroy(&team->gate);
    }
    free(team);
}
