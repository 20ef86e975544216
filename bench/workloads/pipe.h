/*
 * pipe.h - messages from one thread to another, given back where they were not taken.
 *
 *     pipe [count=262144] [batch=1024] [size=64] [passes=5]
 *
 * A producer makes messages of `size` bytes and hands them over in batches through a ring of
 * PIPE_PLACES; a consumer reads each of them. A heap frees each in the consumer. An arena gives
 * each place of the ring a room, which the producer opens, and resets once the consumer has read
 * the batch in it. Nanoseconds per message; the check is the sum of all that was read.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_PIPE_H
#define BENCH_PIPE_H

#include "absent.h"
#include "crew.h"

#include "../harness/wait.h"

#if defined(RIVAL_NO_LOOPS) || (defined(RIVAL_ONE_ROOM) && !RIVAL_FREES_EACH)
WORKLOAD_ABSENT(pipe)
#else

enum { PIPE_PLACES = 4, PIPE_APART = 128, PIPE_PRODUCER = 0, PIPE_CONSUMER = 1 };

/* One producer, one consumer. Each counter has one writer and only rises within a pass; places
 * from `read` up to `written` are the consumer's, the others the producer's. */
struct ring {
    size_t written __attribute__((aligned(PIPE_APART)));
    size_t read __attribute__((aligned(PIPE_APART)));
    void *places[PIPE_PLACES] __attribute__((aligned(PIPE_APART))); /* a batch: its last message */
};

struct pipe_work {
    struct ring ring;
    struct team *team;
    size_t count, batch, batches, size;
    struct room rooms[PIPE_PLACES];
    uint64_t sum __attribute__((aligned(PIPE_APART)));
};

static inline void pipe_open_rooms(void *context, unsigned thread)
{
    struct pipe_work *work = (struct pipe_work *)context;
    size_t bytes = work->batch * (work->size + 16);
    (void)thread;
    for (size_t i = 0; i < PIPE_PLACES; i++) {
        room_open(&work->rooms[i], bytes + bytes / 8 + ROOM_SLACK);
    }
}

static inline void pipe_close_rooms(void *context, unsigned thread)
{
    struct pipe_work *work = (struct pipe_work *)context;
    (void)thread;
    for (size_t i = 0; i < PIPE_PLACES; i++) {
        room_close(&work->rooms[i]);
    }
}

static BENCH_NOINLINE void *pipe_make(struct room *room, size_t first, size_t end, size_t size)
{
    void *last = NULL;
    for (size_t i = first; i < end; i++) {
        char *p = (char *)given(room_alloc(room, size, OBJECT_ALIGN));
        write_object(p, last, size, i);
        last = p;
    }
    return last;
}

static inline void pipe_produce(struct pipe_work *work)
{
    struct ring *ring = &work->ring;
    for (size_t i = 0; i < work->batches; i++) {
        struct room *room = &work->rooms[i % PIPE_PLACES];
        if (i >= PIPE_PLACES) {
            wait_until(&ring->read, i - PIPE_PLACES + 1);
#if !RIVAL_FREES_EACH
            room_reset(room);
#endif
        }
        size_t first = i * work->batch;
        size_t end = first + work->batch < work->count ? first + work->batch : work->count;
        ring->places[i % PIPE_PLACES] = pipe_make(room, first, end, work->size);
        __atomic_store_n(&ring->written, i + 1, __ATOMIC_RELEASE);
    }
}

/* What write_object wrote into the message. */
BENCH_INLINE uint64_t pipe_sum(const char *p, size_t size)
{
    uint64_t sum = ((const uint64_t *)(const void *)p)[1];
    for (size_t at = LINE; at + WORD <= size; at += LINE) {
        sum += *(const uint64_t *)(const void *)(p + at);
    }
    return sum;
}

static inline uint64_t pipe_read(struct room *room, void *message, size_t size)
{
    uint64_t sum = 0;
    (void)room;
    while (message != NULL) {
        void *before = *(void **)message;
        sum += pipe_sum((const char *)message, size);
#if RIVAL_FREES_EACH
        room_free(room, message, size);
#endif
        message = before;
    }
    return sum;
}

static inline void pipe_consume(struct pipe_work *work)
{
    struct ring *ring = &work->ring;
    uint64_t sum = 0;
    for (size_t i = 0; i < work->batches; i++) {
        wait_until(&ring->written, i + 1);
        size_t place = i % PIPE_PLACES;
        sum += pipe_read(&work->rooms[place], ring->places[place], work->size);
        __atomic_store_n(&ring->read, i + 1, __ATOMIC_RELEASE);
    }
    work->sum = sum;
}

static inline void pipe_body(void *context, unsigned thread)
{
    struct pipe_work *work = (struct pipe_work *)context;
    if (thread == PIPE_PRODUCER) {
        pipe_produce(work);
    } else {
        pipe_consume(work);
    }
}

#if !RIVAL_FREES_EACH
static inline void pipe_reset_rooms(void *context, unsigned thread)
{
    struct pipe_work *work = (struct pipe_work *)context;
    (void)thread;
    for (size_t i = 0; i < PIPE_PLACES; i++) {
        room_reset(&work->rooms[i]);
    }
}
#endif

static inline double pipe_pass(void *context)
{
    struct pipe_work *work = (struct pipe_work *)context;
    work->ring.written = 0;
    work->ring.read = 0;
    double time = team_run(work->team, pipe_body, work);
#if !RIVAL_FREES_EACH
    time +=
        team_run_one(work->team, PIPE_PRODUCER, pipe_reset_rooms, work); /* of the last batches */
#endif
    return time;
}

static inline int workload_pipe(struct request *request, struct result *result)
{
    static struct pipe_work work;
    size_t passes = want_number(request, "passes", 5);
    work.count = want_number(request, "count", 262144);
    work.batch = want_number(request, "batch", 1024);
    work.size = want_number(request, "size", 64);
    if (work.count == 0 || work.batch == 0 || work.size < (size_t)2 * WORD ||
        work.size % WORD != 0) {
        die("count and batch: at least 1; size: a multiple of 8 from 16 on");
    }
    work.batches = (work.count + work.batch - 1) / work.batch;
    work.team = team_start(2);
#ifdef RIVAL_HAS_SETUP
    rival_setup(PIPE_PLACES * (work.batch * (work.size + 16) * 9 / 8 + 2 * ROOM_SLACK));
#endif
    (void)team_run_one(work.team, PIPE_PRODUCER, pipe_open_rooms, &work);
    result->operations = work.count;
    result->bytes_asked = work.count * work.size;
    measure(result, passes, pipe_pass, &work);
    result->check = work.sum;
    (void)team_run_one(work.team, PIPE_PRODUCER, pipe_close_rooms, &work);
    team_stop(work.team);
    return BENCH_OK;
}

#endif

#endif
