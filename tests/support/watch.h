/* An arena under watch, for stress tests: objects that are taken, stamped and claimed in a byte
 * map; cleanups that are counted and know whether their memory was still there. Any thread may call
 * everything but watch_open, watch_close and watch_reset at once; the first fault is printed and
 * kept, later ones are not. Included by stress tests only.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_WATCH_H
#define TESTS_WATCH_H

#include <bitena.h>

#include "support/overlap.h"
#include "support/random.h"

enum { WATCH_SCOPE_MAX = 24 };

struct object {
    unsigned char *at;
    size_t size;
    uint64_t stamp;
};

struct watch {
    bitena *arena;
    size_t capacity;
    unsigned size_log; /* sizes up to 2^size_log, small ones as often as large ones */
    bool may_refuse;   /* a refusal is no fault */
    struct overlap map;
    uint64_t seed;
    /* atomic, relaxed */
    int wrong;
    size_t taken, deferred, ran;
    uint64_t last_stamp;
};

void watch_open(struct watch *watch, const bitena_options *options, uint64_t seed);
void watch_close(struct watch *watch);

/* A fault. Always false. */
bool watch_report(struct watch *watch, const char *what, const void *p, size_t size);
bool watch_is_wrong(const struct watch *watch);

/* One object of random size and alignment; false: a fault, or a refusal. */
bool watch_take(struct watch *watch, bitena *arena, struct random *random, struct object *object);
/* Its bytes are as they were. release: the arena may have it back now. */
void watch_verify(struct watch *watch, const struct object *object, bool release);
void watch_defer(struct watch *watch, bitena *arena);
/* A scope with a few objects and perhaps a cleanup, verified at its end. */
void watch_scope(struct watch *watch, bitena *arena, struct random *random);
/* Resets; the caller is alone. Every cleanup has run once, and all is back. */
void watch_reset(struct watch *watch);

#endif
