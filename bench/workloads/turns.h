/*
 * turns.h - one thread that allocates from several arenas by turns, object by object: what a rival
 * pays that remembers only its latest arena.
 *
 *     turns [rooms=2] [count=16384] [size=16] [laps=16] [passes=5]
 *
 * A lap makes `count` objects in all (size 16, 64 or 256) and gives everything back; a pass is
 * `laps` of them. Nanoseconds per object. To a heap the rooms are one and the same. rooms=1 is what
 * to compare with.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_TURNS_H
#define BENCH_TURNS_H

#include "absent.h"
#include "crew.h"

#if defined(RIVAL_NO_LOOPS) || (defined(RIVAL_ONE_ROOM) && !RIVAL_FREES_EACH)
WORKLOAD_ABSENT(turns)
#else

enum { TURNS_ROOMS = 8 };

struct turns {
    struct team *team; /* of the main thread alone */
    size_t room_count, count, size, laps;
    size_t used;
    uint64_t sum;
    struct room rooms[TURNS_ROOMS];
    void *last[TURNS_ROOMS]; /* the newest object of each room */
};

typedef void turns_fill(struct turns *turns);

BENCH_INLINE void turns_fill_constant(struct turns *turns, size_t size)
{
    size_t turn = 0;
    for (size_t i = 0; i < turns->count; i++) {
        char *p = (char *)given(room_alloc(&turns->rooms[turn], size, OBJECT_ALIGN));
        write_object(p, turns->last[turn], size, i);
        turns->last[turn] = p;
        turn = turn + 1 == turns->room_count ? 0 : turn + 1;
    }
}

static BENCH_NOINLINE __attribute__((unused)) void turns_fill_16(struct turns *turns)
{
    turns_fill_constant(turns, 16);
}

static BENCH_NOINLINE __attribute__((unused)) void turns_fill_64(struct turns *turns)
{
    turns_fill_constant(turns, 64);
}

static BENCH_NOINLINE __attribute__((unused)) void turns_fill_256(struct turns *turns)
{
    turns_fill_constant(turns, 256);
}

static inline turns_fill *turns_fill_of(size_t size)
{
    return size == 16 ? turns_fill_16 : size == 64 ? turns_fill_64 : turns_fill_256;
}

static inline void turns_lap(void *context, unsigned thread)
{
    struct turns *turns = (struct turns *)context;
    (void)thread;
    memset(turns->last, 0, sizeof turns->last);
    turns_fill_of(turns->size)(turns);
}

static inline void turns_give_back(void *context, unsigned thread)
{
    struct turns *turns = (struct turns *)context;
    (void)thread;
    for (size_t i = 0; i < turns->room_count; i++) {
#if RIVAL_FREES_EACH
        free_same(&turns->rooms[i], turns->last[i], turns->size);
#else
        room_reset(&turns->rooms[i]);
#endif
    }
}

/* Not timed: what stands in the rooms after a lap. */
static inline void turns_look(struct turns *turns)
{
    turns->used = 0;
    turns->sum = 0;
    for (size_t i = 0; i < turns->room_count; i++) {
        for (void *p = turns->last[i]; p != NULL; p = *(void **)p) {
            turns->sum += ((uint64_t *)p)[1];
        }
#ifdef RIVAL_HAS_USED
        turns->used += room_used(&turns->rooms[i]);
#endif
    }
}

static inline double turns_pass(void *context)
{
    struct turns *turns = (struct turns *)context;
    double time = 0;
    for (size_t lap = 0; lap < turns->laps; lap++) {
        time += team_run(turns->team, turns_lap, turns);
        if (lap == 0) {
            turns_look(turns);
        }
        time += team_run(turns->team, turns_give_back, turns);
    }
    return time / (double)turns->laps;
}

static inline int workload_turns(struct request *request, struct result *result)
{
    static struct turns turns;
    size_t passes = want_number(request, "passes", 5);
    turns.room_count = want_number(request, "rooms", 2);
    turns.count = want_number(request, "count", 16384);
    turns.size = want_number(request, "size", 16);
    turns.laps = want_number(request, "laps", 16);
    if (turns.room_count == 0 || turns.room_count > TURNS_ROOMS || turns.laps == 0) {
        die("rooms: 1 to %d; laps: at least 1", TURNS_ROOMS);
    }
    if (turns.size != 16 && turns.size != 64 && turns.size != 256) {
        die("size=%zu: 16, 64 or 256", turns.size);
    }
    size_t bytes = (turns.count / turns.room_count + 1) * (turns.size + 16);
    bytes += bytes / 8 + ROOM_SLACK;
    turns.team = team_start(1);
#ifdef RIVAL_HAS_SETUP
    rival_setup((bytes + ROOM_SLACK) * turns.room_count);
#endif
    for (size_t i = 0; i < turns.room_count; i++) {
        room_open(&turns.rooms[i], bytes);
    }
    result->operations = turns.count;
    result->bytes_asked = turns.count * turns.size;
    measure(result, passes, turns_pass, &turns);
    result->bytes_used = turns.used;
    result->check = turns.sum;
    for (size_t i = 0; i < turns.room_count; i++) {
        room_close(&turns.rooms[i]);
    }
    team_stop(turns.team);
    return BENCH_OK;
}

#endif

#endif
