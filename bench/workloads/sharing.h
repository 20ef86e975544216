/*
 * sharing.h - false sharing as a program meets it: what the addresses that an allocator gave to
 * several threads cost these threads later on.
 *
 *     sharing [size=16] [count=4096] [rewrites=200] [threads=2] [passes=5]
 *
 * Each thread allocates `count` objects, from one room where threads may share it. They take turns,
 * one object each, so that an allocator without room for each thread puts neighbours into one
 * cache line. Then, and only that is timed, all at once write each of their own objects `rewrites`
 * times. Nanoseconds per write, over all threads; the check is the sum of what the objects hold.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_SHARING_H
#define BENCH_SHARING_H

#include "absent.h"
#include "crew.h"

#include "../harness/wait.h"
#include "../rivals/block.h"

#ifdef RIVAL_NO_LOOPS
WORKLOAD_ABSENT(sharing)
#else

struct sharing {
    struct crew crew;
    size_t size, count, rewrites;
    size_t used;
    size_t list_bytes;
    uint64_t sums[MAX_THREADS];
    /* Each on pages of its own, beside the allocator: the objects' addresses, by thread. */
    char **lists[MAX_THREADS];
    size_t turn __attribute__((aligned(128))); /* objects allocated so far, by all */
};

static inline void sharing_fill(void *context, unsigned thread)
{
    struct sharing *sharing = (struct sharing *)context;
    struct room *room = room_of(&sharing->crew, thread);
    char **list = sharing->lists[thread];
    for (size_t i = 0; i < sharing->count; i++) {
        size_t mine = i * sharing->crew.threads + thread;
        wait_until(&sharing->turn, mine);
        list[i] = (char *)given(room_alloc(room, sharing->size, OBJECT_ALIGN));
        write_object(list[i], NULL, sharing->size, i);
        __atomic_store_n(&sharing->turn, mine + 1, __ATOMIC_RELEASE);
    }
}

static BENCH_NOINLINE void sharing_write_all(char **list, size_t count, uint64_t value)
{
    for (size_t i = 0; i < count; i++) {
        *(volatile uint64_t *)(void *)list[i] = value;
    }
}

static inline void sharing_rewrite(void *context, unsigned thread)
{
    struct sharing *sharing = (struct sharing *)context;
    for (size_t i = 0; i < sharing->rewrites; i++) {
        sharing_write_all(sharing->lists[thread], sharing->count, i);
    }
}

static inline void sharing_look(void *context, unsigned thread)
{
    struct sharing *sharing = (struct sharing *)context;
    char **list = sharing->lists[thread];
    uint64_t sum = 0;
    for (size_t i = 0; i < sharing->count; i++) {
        sum += *(const uint64_t *)(const void *)list[i] + thread;
#if RIVAL_FREES_EACH
        room_free(room_of(&sharing->crew, thread), list[i], sharing->size);
#endif
    }
    sharing->sums[thread] = sum;
}

static inline double sharing_pass(void *context)
{
    struct sharing *sharing = (struct sharing *)context;
    sharing->turn = 0;
    (void)team_run(sharing->crew.team, sharing_fill, sharing);
    sharing->used = crew_used(&sharing->crew);
    double time = team_run(sharing->crew.team, sharing_rewrite, sharing);
    (void)team_run(sharing->crew.team, sharing_look, sharing);
    (void)crew_reset(&sharing->crew);
    return time;
}

static inline int workload_sharing(struct request *request, struct result *result)
{
    static struct sharing sharing;
    size_t passes = want_number(request, "passes", 5);
    unsigned threads = (unsigned)want_number(request, "threads", 2);
    sharing.size = want_number(request, "size", 16);
    sharing.count = want_number(request, "count", 4096);
    sharing.rewrites = want_number(request, "rewrites", 200);
    if (sharing.count == 0 || sharing.rewrites == 0 || sharing.size < WORD) {
        die("count and rewrites: at least 1; size: at least 8");
    }
    crew_open(&sharing.crew, threads, sharing.count * (sharing.size + 16));
    sharing.list_bytes = sharing.count * sizeof(char *);
    for (unsigned i = 0; i < threads; i++) {
        sharing.lists[i] = (char **)(void *)block_take(&sharing.list_bytes);
    }
    result->operations = sharing.count * sharing.rewrites * threads;
    result->bytes_asked = sharing.count * sharing.size * threads;
    measure(result, passes, sharing_pass, &sharing);
    result->bytes_used = sharing.used;
    for (unsigned i = 0; i < threads; i++) {
        result->check += sharing.sums[i];
        block_give((char *)sharing.lists[i], sharing.list_bytes);
    }
    crew_close(&sharing.crew);
    return BENCH_OK;
}

#endif

#endif
