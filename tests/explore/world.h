/* What the threads of a scenario share: one arena in a buffer, the live objects, and the checks.
 * Objects are stamped, so that who writes to memory that is another's is found out.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_EXPLORE_WORLD_H
#define BITENA_EXPLORE_WORLD_H

#include <stdbool.h>

#include "core.h"

enum { WORLD_OBJECTS = 64, WORLD_HANDS = 8, WORLD_THREADS = 3 };

struct object {
    const char *at; /* NULL: not live */
    size_t size;
};

/* What a thread's calls leave to its next ones. */
struct mine {
    bitena *child;
    struct span span;
    bitena_mark mark;
    void *since[4]; /* objects that the rewind or the drop gives back */
    uint32_t since_count, deferred;
    uint64_t id; /* while it is registered */
};

/* Zeroed as each run begins; part of the state. */
struct world {
    bitena *arena;
    struct pool *pool;
    struct object objects[WORLD_OBJECTS];
    uint32_t refusals;
    struct span hands[WORLD_HANDS]; /* for what is handed from begin to thread to end */
    bitena *child[WORLD_HANDS];
    uint32_t cleanups;
    struct mine mine[WORLD_THREADS + 1]; /* the last: of begin and end */
};
extern struct world world;

/* A fresh arena; data: what users write is part of the state too (slower). */
void world_begin(size_t bytes, int mode, bool data);

/* The object is new, and overlaps none; size 0 or NULL: nothing. Gives `at` back. */
void *world_take(void *at, size_t size);
void world_give(const void *at); /* before it goes back: its stamp is looked at */
void *world_alloc(bitena *arena, size_t size, size_t align); /* counts a refusal */

/* The same for runs taken straight from the pool. */
struct span world_take_span(size_t size);
void world_give_span(struct span span);

void world_check_free(void);   /* what is free overlaps nothing, and the counts add up */
void world_check_whole(void);  /* all was given back: the whole capacity can be handed out */
void world_end_shared(void);   /* the checks, and the reset of a shared arena without children */
struct mine *world_mine(void); /* of the thread that runs */
void world_count_cleanup(void *unused);
void world_require(bool holds, const char *what);

#endif
