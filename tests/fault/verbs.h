/* Bitena's verbs, each with what the header promises when the system refuses something: tried with a
 * known errno, and looked at afterwards. What is wrong is printed and counted; nothing jumps away.
 * The scenarios are made of these. For the fault programs only.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_FAULT_VERBS_H
#define TESTS_FAULT_VERBS_H

#include <bitena.h>

#include "calls.h"

extern size_t faults_found;
void expect(bool good, const char *file, int line, const char *what);
#define EXPECT(condition) expect((condition), __FILE__, __LINE__, #condition)

/* Given, unless the system refused its memory; then NULL, ENOMEM and a text that says why.
 * open_refused: refused in any case. because: what the text must name, or NULL. */
bitena *open_arena(const bitena_options *options);
void open_refused(const bitena_options *options, const char *because);
void drop_arena(bitena *arena); /* errno as it was */

/* 0, or -1 with what the system said; used and the objects as they were. */
void trim_arena(bitena *arena, size_t keep);

enum { OBJECTS = 40 };
struct objects {
    struct object {
        unsigned char *p;
        size_t size;
    } at[OBJECTS];
    size_t count;
    unsigned char mark;
};

/* Some objects by every verb, each its own bytes; all are served, errno as it was: what the system
 * refuses is never a reason to refuse room. About 6 KiB. */
void take_objects(bitena *arena, struct objects *objects, unsigned char mark);
void look_at_objects(const struct objects *objects);

/* Objects, a scope, a child, an absorbed child, a cleanup, then all that again. Not for children. */
void use_arena(bitena *arena);
void reset_arena(bitena *arena); /* 0, everything free, errno as it was */

#endif
