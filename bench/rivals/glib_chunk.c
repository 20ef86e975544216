/*
 * glib_chunk.c - GLib's GStringChunk: text alone, copied one after another. Its clear gives every
 * block back to malloc, and so the kindest setting is not one large block, which malloc would hand
 * back to the system, but many of 8 KiB: of 8 KiB to 8 MiB they were the fastest throughout.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include "rival.h"

#include <glib.h>

#define RIVAL_NAME       "glib_chunk"
#define RIVAL_SHARES     0
#define RIVAL_FREES_EACH 0
#define RIVAL_TEXT_ONLY
#define RIVAL_HAS_TEXT

enum { CHUNK_BYTES = 8 << 10 };

struct room {
    GStringChunk *chunk;
};

static inline void room_open(struct room *room, size_t bytes)
{
    (void)bytes;
    room->chunk = (GStringChunk *)given(g_string_chunk_new(CHUNK_BYTES));
}

static inline void room_reset(struct room *room)
{
    g_string_chunk_clear(room->chunk);
}

static inline void room_close(struct room *room)
{
    g_string_chunk_free(room->chunk);
}

BENCH_INLINE char *room_text(struct room *room, const char *s, size_t length)
{
    return g_string_chunk_insert_len(room->chunk, s, (gssize)length);
}

/* For the loops that are compiled and never offered. */
BENCH_INLINE void *room_alloc(struct room *room, size_t size, size_t align)
{
    (void)room;
    die("%zu bytes aligned to %zu: it has text alone", size, align);
}

#include "../workloads/all.h"
