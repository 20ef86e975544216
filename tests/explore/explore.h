/* The explorer: plays the threads of a scenario as coroutines and walks through their
 * interleavings, depth first, each run from the start by replay. A state met before (memory,
 * stacks, thread words) is not walked again. It knows nothing of arenas.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_EXPLORE_H
#define BITENA_EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EXPLORE_THREADS = 3, EXPLORE_REGIONS = 6, EXPLORE_CALLS = 3, EXPLORE_NEW = -1 };

struct scenario {
    const char *name, *what;
    int threads;
    int identity[EXPLORE_THREADS]; /* which of the registered ids it bears; EXPLORE_NEW: none yet */
    void (*begin)(void);           /* alone: makes the world */
    void (*thread[EXPLORE_THREADS])(void);
    void (*end)(void);                                   /* alone, after all: the checks */
    void (*calls[EXPLORE_THREADS][EXPLORE_CALLS])(void); /* where `thread` is NULL; one each */
};

/* Memory that belongs to the state; the words of `shared` are where threads may interleave. Static
 * words of the program that atomics touch belong to both by themselves. */
struct region {
    const void *from;
    size_t bytes;
};

struct limits {
    int preemptions; /* at most so many; -1: no bound */
    int spurious;    /* so many weak compare-and-swaps may fail without a reason, per run */
    double seconds;
    bool merge; /* false: states met before are walked again; shows that merging loses no end */
    bool every; /* a switch at every shared word, not only where two threads meet; shows the same */
};

struct outcome {
    uint64_t runs, states;
    uint64_t ends;     /* different worlds after all threads are done */
    size_t longest;    /* steps of a run */
    uint32_t meetings; /* words where threads meet */
    bool exhausted;    /* within the bounds */
    const char *fault; /* NULL: none */
};

void explore_identities(void); /* once, before all: registers the ids */
struct outcome explore(const struct scenario *scenario, const struct limits *limits);

/* For the world, while it begins. */
void explore_state(struct region region);
void explore_shared(struct region region);

/* Ends the run as a failure; does not return. */
_Noreturn void explore_fault(const char *what);
void explore_wait(void);   /* the caller has nothing to do until another thread has written */
int explore_running(void); /* the thread's place in the scenario; none of them in begin and end */

/* The calling thread ends, and becomes another one that the library does not know. `last`, or NULL,
 * is what a destructor of the user's does between the library's rounds. */
void explore_thread_end(void (*last)(void));
void explore_become(int identity);                /* in `begin` and `end` only: as another thread */
void explore_run_destructors(void (*last)(void)); /* by the platform */
void explore_print_schedule(void);

#endif
