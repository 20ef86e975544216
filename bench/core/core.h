/*
 * core.h - what the parts of bench_core know of each other.
 *
 * Data flows cases (what is measured: a loop of loops.c over a piece of the world) -> pace (two
 * pinned threads, rounds, times) -> report (medians, goals, JSON). Everything is measured in one
 * run, every case in every round, so that ratios are taken between neighbours in time.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_CORE_H
#define BENCH_CORE_H

#include <bitena.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    ROLES = 2, /* threads that measure */
    MIN_ROUNDS = 15,
    MAX_ROUNDS = 501,
    MAX_PASSES = 15,
    LINE_BYTES = 128,      /* what two threads write stands this far apart */
    OBJECTS_PER_CYCLE = 10 /* of a child, a scope, a run of malloc and free */
};

/* The object: 16 bytes, both words written with different values. */
struct pair {
    uint64_t first;
    uint64_t second;
};

/* Rival 1: a bump that no other thread may touch. */
struct bump {
    uintptr_t floor;
    uintptr_t padding; /* as in the arena: the two are not loaded as one */
    uintptr_t ceiling;
};

/* Rival 2: what every object moves by one compare-and-swap; the constants stand on another line. */
struct shared_index {
    _Alignas(
        LINE_BYTES) _Atomic uintptr_t position; /* bytes handed out, or the ceiling's address */
    _Alignas(LINE_BYTES) uintptr_t base;
    size_t capacity_bytes;
};

/* Everything the cases stand on. All memory, the rivals' too, comes from arenas of one size, so
   that all have pages of the same kind. */
struct world {
    bitena *owned;     /* a shared arena, made by role 0 */
    bitena *strangers; /* a shared arena, made by the thread that measures nothing */
    bitena *exact;
    bitena *family; /* holds the children */
    bitena *children[ROLES];
    bitena *rival_memory;
    char *rival_block;
    size_t rival_bytes;
    _Alignas(LINE_BYTES) struct bump bump; /* only role 0 uses it */
    struct shared_index index;
    _Alignas(LINE_BYTES) atomic_bool stop; /* role 0 has done its part */
};

enum case_id {
    CASE_BUMP,
    CASE_BUMP_REGISTER,
    CASE_CAS,
    CASE_CAS_POINTER,
    CASE_OWNER,
    CASE_CHILD,
    CASE_EXACT,
    CASE_TWO_CAS,
    CASE_TWO_SHARED,
    CASE_TWO_STRANGERS,
    CASE_TWO_CHILDREN,
    CASE_OWNER_BESIDE,
    CASE_CHILD_LIFE,
    CASE_SCOPE,
    CASE_MALLOC,
    CASES
};

struct bench_case {
    const char *key;
    const char *title;
    unsigned threads; /* roles that run */
    unsigned timed;   /* roles whose time counts: from the start to the last one's end */
    bool cycles;      /* the unit is a cycle of OBJECTS_PER_CYCLE objects, not an object */
    void (*prepare)(struct world *world, unsigned role); /* untimed; role 0 alone, then role 1 */
    void (*loop)(struct world *world, unsigned role, size_t count);
};

extern const struct bench_case bench_cases[CASES];

/* cases.c. Each is called by the thread it names; they end the process if memory is refused. */
void world_open_keeper(struct world *world); /* the thread that measures nothing */
void world_open(struct world *world, unsigned role);
void world_close(struct world *world, unsigned role);
void world_close_keeper(struct world *world);
void world_prepare_keeper(struct world *world);

/* loops.c: one loop per kind of allocation, never inlined into its caller. */
void loop_bump(struct bump *bump, size_t count);
void loop_bump_register(struct bump *bump, size_t count);
void loop_index(struct shared_index *index, size_t count);
void loop_pointer(struct shared_index *index, size_t count);
void loop_arena(bitena *arena, size_t count);
void loop_child_life(bitena *parent, size_t cycles);
void loop_scope(bitena *arena, size_t cycles);
void loop_malloc(size_t cycles);

/* pace.c */
struct pace {
    size_t rounds;  /* that count: one more comes first and is dropped */
    size_t passes;  /* of each case in a round; their median is the round's value */
    size_t objects; /* per thread and pass */
    size_t cycles;  /* instead, for the cases that count them */
};

struct samples {
    struct pace pace;
    int cpus[ROLES];                       /* that the threads are pinned to, or -1 */
    int processors;                        /* that this process may use */
    double nanoseconds[CASES][MAX_ROUNDS]; /* per object or cycle, over all timed threads */
};

void run_all(struct samples *samples);

/* report.c */
double median(const double *values, size_t count); /* at most MAX_ROUNDS of them */
void report_cases(const struct samples *samples);
/* Prints a line for each goal; returns how many were not met. */
unsigned report_goals(const struct samples *samples);
void write_json(const struct samples *samples, FILE *stream);

#endif
