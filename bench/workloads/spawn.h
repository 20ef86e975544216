/*
 * spawn.h - short threads, one after another, as a program has them that starts one per task.
 *
 *     spawn [count=2000] [n=10] [size=16] [passes=3]
 *
 * Each of `count` threads allocates n objects and ends. A heap's frees them; from an arena that
 * threads may share it leaves them, and the main thread resets after each pass; else the thread
 * opens and closes an arena of its own. Nanoseconds per thread: starting and joining is most of
 * it, n=0 shows how much. All run where the main thread does. bytes_used is what the shared arena
 * says after a pass, against bytes_asked what it loses to threads that ended.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_SPAWN_H
#define BENCH_SPAWN_H

#include "absent.h"
#include "crew.h"

#include <pthread.h>

#ifdef RIVAL_TEXT_ONLY
WORKLOAD_ABSENT(spawn)
#else

enum { SPAWN_SLACK = 64 << 10 }; /* per thread: the chunk that an arena may give each */

struct spawn {
    struct team *team; /* of the main thread alone */
    size_t count, n, size;
    size_t used;
    uint64_t found;   /* objects; the threads run one at a time */
    struct room room; /* of all threads; unused where each has its own */
};

static inline size_t spawn_length(const void *list)
{
    size_t length = 0;
    for (; list != NULL; list = *(void *const *)list) {
        length++;
    }
    return length;
}

static inline void spawn_work(struct spawn *spawn, struct room *room)
{
    void *list = fill_same(room, spawn->n, spawn->size);
    spawn->found += spawn_length(list);
#if RIVAL_FREES_EACH
    free_same(room, list, spawn->size);
#endif
}

static inline void *spawn_thread(void *context)
{
    struct spawn *spawn = (struct spawn *)context;
#if RIVAL_SHARES
    spawn_work(spawn, &spawn->room);
#else
    struct room room;
    memset(&room, 0, sizeof room);
    room_open(&room, spawn->n * (spawn->size + 16) + SPAWN_SLACK);
    spawn_work(spawn, &room);
    room_close(&room);
#endif
    return NULL;
}

static inline void spawn_all(void *context, unsigned thread)
{
    struct spawn *spawn = (struct spawn *)context;
    (void)thread;
    for (size_t i = 0; i < spawn->count; i++) {
        pthread_t short_thread;
        if (pthread_create(&short_thread, NULL, spawn_thread, spawn) != 0 ||
            pthread_join(short_thread, NULL) != 0) {
            die("cannot start a thread");
        }
    }
}

#if RIVAL_SHARES && !RIVAL_FREES_EACH
static inline void spawn_reset(void *context, unsigned thread)
{
    (void)thread;
    room_reset(&((struct spawn *)context)->room);
}
#endif

static inline double spawn_pass(void *context)
{
    struct spawn *spawn = (struct spawn *)context;
    spawn->found = 0;
    double time = team_run(spawn->team, spawn_all, spawn);
#if RIVAL_SHARES && defined(RIVAL_HAS_USED)
    spawn->used = room_used(&spawn->room);
#endif
#if RIVAL_SHARES && !RIVAL_FREES_EACH
    double reset = team_run(spawn->team, spawn_reset, spawn);
#ifdef RIVAL_RESET_APART
    reset = 0;
#endif
    time += reset;
#endif
    return time;
}

static inline int workload_spawn(struct request *request, struct result *result)
{
    static struct spawn spawn;
    size_t passes = want_number(request, "passes", 3);
    spawn.count = want_number(request, "count", 2000);
    spawn.n = want_number(request, "n", 10);
    spawn.size = want_number(request, "size", 16);
    if (spawn.count == 0) {
        die("count: at least 1");
    }
    size_t bytes = spawn.count * (spawn.n * (spawn.size + 16) * 9 / 8 + SPAWN_SLACK) + ROOM_SLACK;
    (void)bytes;
    spawn.team = team_start(1);
#ifdef RIVAL_HAS_SETUP
    rival_setup(bytes);
#endif
#if RIVAL_SHARES
    room_open(&spawn.room, bytes);
#endif
    result->operations = spawn.count;
    result->bytes_asked = spawn.count * spawn.n * spawn.size;
    measure(result, passes, spawn_pass, &spawn);
    result->bytes_used = spawn.used;
    result->check = spawn.found;
#if RIVAL_SHARES
    room_close(&spawn.room);
#endif
    team_stop(spawn.team);
    return BENCH_OK;
}

#endif

#endif
