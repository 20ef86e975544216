/*
 * glib_slice.c - GLib's slices, as they come: caches per thread over slabs, up to about 1000 bytes;
 * larger ones GLib passes to malloc. Since GLib 2.76 all of them are malloc, which would measure
 * nothing new: then this program refuses.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include "rival.h"

#include <glib.h>

#define RIVAL_NAME       "glib_slice"
#define RIVAL_SHARES     1
#define RIVAL_FREES_EACH 1
#define RIVAL_HAS_SETUP

enum { PROOF_BYTES = 16, PROOFS = 8 };

struct room {
    char unused;
};

/* A slab gives neighbours of 16 bytes 16 bytes apart; in malloc a header stands between them. */
static inline void rival_setup(size_t bytes)
{
    (void)bytes;
    char *slices[PROOFS];
    bool neighbours = false;
    for (size_t i = 0; i < PROOFS; i++) {
        slices[i] = (char *)given(g_slice_alloc(PROOF_BYTES));
        uintptr_t before = i == 0 ? 0 : (uintptr_t)slices[i - 1];
        uintptr_t here = (uintptr_t)slices[i];
        neighbours |= here - before == PROOF_BYTES || before - here == PROOF_BYTES;
    }
    for (size_t i = 0; i < PROOFS; i++) {
        g_slice_free1(PROOF_BYTES, slices[i]);
    }
    if (!neighbours) {
        die("GLib %u.%u: its slices are malloc", glib_major_version, glib_minor_version);
    }
}

static inline void room_open(struct room *room, size_t bytes)
{
    (void)room;
    (void)bytes;
}

static inline void room_close(struct room *room)
{
    (void)room;
}

BENCH_INLINE void *room_alloc(struct room *room, size_t size, size_t align)
{
    (void)room;
    (void)align; /* slices of 16 bytes and more are aligned to 16, of 8 to 16 too */
    return g_slice_alloc(size);
}

BENCH_INLINE void room_free(struct room *room, void *p, size_t size)
{
    (void)room;
    g_slice_free1(size, p);
}

#include "../workloads/all.h"
