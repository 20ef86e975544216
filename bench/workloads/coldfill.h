/* SPDX-License-Identifier: MIT
 *
 * coldfill.h - what a program waits for that fills much memory once: one pass over memory that
 * nobody touched before.
 *
 *     coldfill [bytes=1073741824] [pages=huge] [size=256] [threads] [count=all] [settle=1]
 *
 * pages=small     huge pages are off for the whole process
 * pages=huge      what the rival does by itself
 * pages=prefault  the room is opened with all its pages (RIVAL_HAS_PREFAULT)
 * pages=parallel  `threads` (2) populate a block at once, a room is opened on it (RIVAL_HAS_ADOPT)
 *                 and one thread fills it; otherwise `threads` (1) fill at once
 * count=all       from before the room is opened to after the last object is written
 * count=fill      the filling alone
 * settle=0        a virtual machine may have lent its free memory to its host, and then pays for
 *                 each page to get it back, up to 20 times what is measured here. So as many
 *                 pages are taken and freed once before; 0 leaves that out
 *
 * Nanoseconds per object. resident is what the process grew by; the check is the objects found.
 */
#ifndef BENCH_COLDFILL_H
#define BENCH_COLDFILL_H

#include "absent.h"
#include "crew.h"

#include "../rivals/block.h"

#ifdef RIVAL_TEXT_ONLY
WORKLOAD_ABSENT(coldfill)
#else

enum coldfill_pages { COLD_SMALL, COLD_HUGE, COLD_PREFAULT, COLD_PARALLEL, COLD_UNKNOWN };

struct coldfill {
    struct crew crew; /* its threads are those that fill */
    enum coldfill_pages pages;
    unsigned populators;
    size_t size, count; /* objects of one thread */
    bool fill_alone;
    size_t before, after; /* resident */
    char *block;          /* parallel */
    size_t block_bytes;
    void *lists[MAX_THREADS];
};

static inline void coldfill_populate(void *context, unsigned thread)
{
    struct coldfill *cold = (struct coldfill *)context;
    size_t pages = cold->block_bytes / HUGE_PAGE;
    size_t first = pages * thread / cold->populators;
    size_t end = pages * (thread + 1) / cold->populators;
    if (end > first) {
        block_populate(cold->block + first * HUGE_PAGE, (end - first) * HUGE_PAGE);
    }
}

#ifdef RIVAL_HAS_ADOPT
static inline void coldfill_adopt(void *context, unsigned thread)
{
    struct coldfill *cold = (struct coldfill *)context;
    room_adopt(room_of(&cold->crew, thread), cold->block, cold->block_bytes);
}

static inline double coldfill_open_populated(struct coldfill *cold)
{
    double start = now_ns();
    cold->block = block_take(&cold->block_bytes);
    double time = now_ns() - start;
    time += team_run(cold->crew.team, coldfill_populate, cold);
    return time + team_run_one(cold->crew.team, 0, coldfill_adopt, cold);
}
#endif

#ifdef RIVAL_HAS_PREFAULT
static inline void coldfill_open_prefaulted(void *context, unsigned thread)
{
    struct crew *crew = &((struct coldfill *)context)->crew;
    room_open_prefaulted(room_of(crew, thread), crew->bytes * (RIVAL_SHARES ? crew->threads : 1));
}
#endif

/* The time from the first system call to rooms that can be filled. */
static inline double coldfill_open(struct coldfill *cold)
{
#ifdef RIVAL_HAS_ADOPT
    if (cold->pages == COLD_PARALLEL) {
        return coldfill_open_populated(cold);
    }
#endif
#ifdef RIVAL_HAS_PREFAULT
    if (cold->pages == COLD_PREFAULT) {
        return RIVAL_SHARES ? team_run_one(cold->crew.team, 0, coldfill_open_prefaulted, cold)
                            : team_run(cold->crew.team, coldfill_open_prefaulted, cold);
    }
#endif
    double time = 0;
#ifdef RIVAL_HAS_SETUP
    double start = now_ns();
    rival_setup(cold->crew.bytes * cold->crew.threads);
    time = now_ns() - start;
#endif
    return time + crew_each_room(&cold->crew, crew_open_room);
}

static inline void coldfill_fill(void *context, unsigned thread)
{
    struct coldfill *cold = (struct coldfill *)context;
    cold->lists[thread] = fill_same(room_of(&cold->crew, thread), cold->count, cold->size);
}

static inline double coldfill_pass(void *context)
{
    struct coldfill *cold = (struct coldfill *)context;
    cold->before = resident_bytes();
    double opening = coldfill_open(cold);
    double time = cold->pages == COLD_PARALLEL
                      ? team_run_one(cold->crew.team, 0, coldfill_fill, cold)
                      : team_run(cold->crew.team, coldfill_fill, cold);
    cold->after = resident_bytes();
    return cold->fill_alone ? time : time + opening;
}

static inline size_t coldfill_count(void *list)
{
    size_t count = 0;
    for (; list != NULL; list = *(void **)list) {
        count++;
    }
    return count;
}

static inline void coldfill_close(struct coldfill *cold, struct result *result)
{
    for (unsigned i = 0; i < cold->crew.threads; i++) {
        result->check += coldfill_count(cold->lists[i]);
#if RIVAL_FREES_EACH
        free_same(room_of(&cold->crew, i), cold->lists[i], cold->size);
#endif
    }
    if (cold->pages == COLD_PARALLEL) {
        block_give(cold->block, cold->block_bytes);
        team_stop(cold->crew.team);
    } else {
        crew_close(&cold->crew);
    }
}

static inline enum coldfill_pages coldfill_want_pages(struct request *request)
{
    static const char *const names[] = {"small", "huge", "prefault", "parallel"};
    const char *text = want_text(request, "pages", "huge");
    unsigned pages = COLD_SMALL;
    while (pages < COLD_UNKNOWN && strcmp(names[pages], text) != 0) {
        pages++;
    }
    if (pages == COLD_UNKNOWN) {
        die("pages=%s: small, huge, prefault or parallel", text);
    }
    return (enum coldfill_pages)pages;
}

static inline bool coldfill_offered(enum coldfill_pages pages)
{
#ifndef RIVAL_HAS_PREFAULT
    if (pages == COLD_PREFAULT) {
        return false;
    }
#endif
#ifndef RIVAL_HAS_ADOPT
    if (pages == COLD_PARALLEL) {
        return false;
    }
#endif
    (void)pages;
    return true;
}

/* Before huge pages are switched off: they are the quicker way. */
static inline void coldfill_settle(size_t bytes)
{
    char *block = block_take(&bytes);
    block_populate(block, bytes);
    block_give(block, bytes);
}

static inline void coldfill_plan(struct coldfill *cold, size_t bytes, unsigned threads)
{
    bool parallel = cold->pages == COLD_PARALLEL;
    bool lazy = cold->pages == COLD_SMALL || cold->pages == COLD_HUGE;
    cold->crew.threads = parallel ? 1 : threads;
    cold->populators = threads;
    cold->count = bytes / cold->size / cold->crew.threads;
    size_t needed = cold->count * cold->size;
    /* What is populated is paid for: no room there for headers that these rivals do not have.
     * A buffer also holds Bitena's tables, at most a sixteenth. */
    cold->crew.bytes = needed + (lazy ? cold->count * 16 + needed / 8 : 0) + ROOM_SLACK;
    cold->block_bytes = needed + needed / 16 + ROOM_SLACK;
}

static inline int workload_coldfill(struct request *request, struct result *result)
{
    static struct coldfill cold;
    cold.pages = coldfill_want_pages(request);
    if (!coldfill_offered(cold.pages)) {
        return BENCH_NOT_OFFERED;
    }
    unsigned otherwise = cold.pages == COLD_PARALLEL ? 2 : 1;
    size_t bytes = want_number(request, "bytes", (size_t)1 << 30);
    unsigned threads = (unsigned)want_number(request, "threads", otherwise);
    const char *count = want_text(request, "count", "all");
    cold.size = want_number(request, "size", 256);
    cold.fill_alone = strcmp(count, "fill") == 0;
    if (cold.size == 0 || threads == 0 || (!cold.fill_alone && strcmp(count, "all") != 0)) {
        die("size and threads: at least 1; count: all or fill");
    }
    coldfill_plan(&cold, bytes, threads);
    if (want_number(request, "settle", 1) != 0) {
        coldfill_settle(bytes + bytes / 8 + ROOM_SLACK);
    }
    cold.crew.team = team_start(threads);
    if (cold.pages == COLD_SMALL) {
        no_huge_pages();
    }
    result->operations = cold.count * cold.crew.threads;
    result->bytes_asked = result->operations * cold.size;
    measure(result, 0, coldfill_pass, &cold);
    result->resident = cold.after > cold.before ? cold.after - cold.before : 0;
    coldfill_close(&cold, result);
    return BENCH_OK;
}

#endif

#endif
