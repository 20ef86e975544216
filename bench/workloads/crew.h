/*
 * crew.h - a team of threads and the rooms it allocates from: one for all where the rival's
 * threads may share it, else one each.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_CREW_H
#define BENCH_CREW_H

#include "fill.h"

enum { ROOM_SLACK = 1 << 20 }; /* per thread: leases, chunks, alignment */

struct crew {
    struct team *team;
    unsigned threads;
    size_t bytes; /* for each thread */
    size_t used[MAX_THREADS];
    struct room rooms[RIVAL_SHARES ? 1 : MAX_THREADS];
};

BENCH_INLINE struct room *room_of(struct crew *crew, unsigned thread)
{
    return &crew->rooms[RIVAL_SHARES ? 0 : thread];
}

static inline void crew_open_room(void *context, unsigned thread)
{
    struct crew *crew = (struct crew *)context;
    room_open(room_of(crew, thread), crew->bytes * (RIVAL_SHARES ? crew->threads : 1));
}

static inline void crew_close_room(void *context, unsigned thread)
{
    room_close(room_of((struct crew *)context, thread));
}

/* Every member's room, by the member; the shared room, by the first. The time that took. */
static inline double crew_each_room(struct crew *crew, team_body *body)
{
    return RIVAL_SHARES ? team_run_one(crew->team, 0, body, crew)
                        : team_run(crew->team, body, crew);
}

/* bytes: what the objects of one thread need at most, headers of 16 bytes for each included. */
static inline void crew_open(struct crew *crew, unsigned threads, size_t bytes)
{
    crew->threads = threads;
    crew->bytes = bytes + bytes / 8 + ROOM_SLACK;
    crew->team = team_start(threads);
#ifdef RIVAL_HAS_SETUP
    rival_setup(crew->bytes * threads);
#endif
    (void)crew_each_room(crew, crew_open_room);
}

#if !RIVAL_FREES_EACH
static inline void crew_reset_room(void *context, unsigned thread)
{
    room_reset(room_of((struct crew *)context, thread));
}
#endif

/* Takes everything back that was not freed object by object. The time that counts: of rooms of
 * their own the slowest one's, since in a program each thread resets when it is done, and does
 * not wait for the others first. */
static inline double crew_reset(struct crew *crew)
{
#if RIVAL_FREES_EACH
    (void)crew;
    return 0;
#else
    double time = crew_each_room(crew, crew_reset_room);
    time = RIVAL_SHARES ? time : team_longest(crew->team);
#ifdef RIVAL_RESET_APART
    time = 0;
#endif
    return time;
#endif
}

#ifdef RIVAL_HAS_USED
static inline void crew_use_room(void *context, unsigned thread)
{
    struct crew *crew = (struct crew *)context;
    crew->used[thread] = room_used(room_of(crew, thread));
}
#endif

/* A room may tell its numbers to none but the thread that allocates from it. */
static inline size_t crew_used(struct crew *crew)
{
    size_t used = 0;
#ifdef RIVAL_HAS_USED
    (void)crew_each_room(crew, crew_use_room);
    for (unsigned i = 0; i < (RIVAL_SHARES ? 1 : crew->threads); i++) {
        used += crew->used[i];
    }
#else
    (void)crew;
#endif
    return used;
}

static inline void crew_close(struct crew *crew)
{
    (void)crew_each_room(crew, crew_close_room);
    team_stop(crew->team);
}

#endif
