/* A machine with the weak memory of C11, for the threads of a scenario as tests/explore defines
 * them: machine.c plays the threads, memory.c says what their accesses may read and which of them
 * race, callbacks.c is where the compiler's instrumentation (-fsanitize=thread, without its
 * runtime) hands the accesses over. Knows nothing of arenas.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_WEAK_H
#define BITENA_WEAK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "explore/explore.h"
#include "support/random.h"

enum { WEAK_THREADS = EXPLORE_THREADS, WEAK_NEW = EXPLORE_THREADS };

/* How wild a run is, drawn from its seed: one in so many; 0: never. */
struct style {
    unsigned switches, stale, spurious, inserts;
};

/* machine.c. A run of the scenario by this seed; NULL, or what went wrong. */
void weak_prepare(void); /* once, before all runs */
const char *weak_run(const struct scenario *scenario, uint64_t seed);
extern struct random weak_random;
extern struct style weak_style;

/* memory.c */
enum access { PLAIN_READ, PLAIN_WRITE, ATOMIC_READ, ATOMIC_WRITE, ACCESS_KINDS };
void memory_begin(char *from, char *to, const void *unseen, size_t unseen_bytes); /* once */
void memory_forget(void);                                                         /* each run */
bool memory_sees(const void *at);
void memory_access(int thread, const void *at, size_t bytes, enum access kind);

/* An atomic operation on `bytes` bytes, 4 or 8. order: as of __ATOMIC_*. */
struct operation {
    void *word;
    size_t bytes;
    int order;
    uint64_t (*change)(uint64_t old, uint64_t operand); /* NULL: a load */
    uint64_t operand;
    const uint64_t *expected; /* only if it is that; NULL: in any case */
    bool blind;               /* a store: what was there is not read */
};
/* What was read; *done: it was changed too. */
uint64_t memory_do(int thread, const struct operation *operation, bool *done);
void memory_set(const struct operation *operation, uint64_t value); /* plainly; no thread runs */
uint64_t memory_get(const struct operation *operation);

/* callbacks.c asks machine.c */
int weak_thread(void);  /* who runs; -1: nobody, or the one after all */
void weak_switch(void); /* before an atomic access: others may come first */

#endif
