/*
 * bitena_shared.c - Bitena: a shared arena whose owner is none of the threads that allocate. A
 * reset makes its caller the owner, so a keeper thread opens and resets; its time is not theirs.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#define ARENA_KEPT
#include "arena.h"

#include <pthread.h>

#define RIVAL_NAME   "bitena_shared"
#define RIVAL_SHARES 1
#define RIVAL_RESET_APART

static struct {
    pthread_t thread;
    pthread_barrier_t asked, done;
    struct room *room;
    size_t bytes; /* not 0: open the room */
    bool stop;
} keeper;

static void *keep(void *unused)
{
    (void)unused;
    for (;;) {
        pthread_barrier_wait(&keeper.asked);
        bool stop = keeper.stop; /* after done it may be the next request's */
        if (stop) {
            bitena_drop(keeper.room->arena);
        } else if (keeper.bytes != 0) {
            keeper.room->arena = (bitena *)given(bitena_new(keeper.bytes));
            keeper.bytes = 0;
        } else {
            arena_reset(keeper.room->arena);
        }
        pthread_barrier_wait(&keeper.done);
        if (stop) {
            return NULL;
        }
    }
}

static inline void room_reset(struct room *room)
{
    keeper.room = room;
    pthread_barrier_wait(&keeper.asked);
    pthread_barrier_wait(&keeper.done);
}

static inline void room_open(struct room *room, size_t bytes)
{
    keeper.bytes = bytes;
    if (pthread_barrier_init(&keeper.asked, NULL, 2) != 0 ||
        pthread_barrier_init(&keeper.done, NULL, 2) != 0 ||
        pthread_create(&keeper.thread, NULL, keep, NULL) != 0) {
        die("cannot start the keeper");
    }
    room_reset(room);
}

static inline void room_close(struct room *room)
{
    keeper.stop = true;
    room_reset(room);
    pthread_join(keeper.thread, NULL);
}

#include "../workloads/all.h"
