/*
 * obstack.c - the C library's obstacks. Kindest settings: one chunk that holds all, of the pages
 * that a Bitena of that size gets, so that no object ever needs a second one; aligned to 8, which
 * is what is asked. A child is an obstack of its own, and like any small one it stands on malloc,
 * with chunks of 32 KiB, since to map and unmap a block would cost more. Growing is its strength,
 * but only of an object that was never finished: it offers that and no resize.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include "block.h"
#include "rival.h"

#include <limits.h>
#include <obstack.h>
#include <stdlib.h>

/* The header's macros keep lengths in int and hand them to memcpy. */
#pragma GCC diagnostic ignored "-Wsign-conversion"

#define RIVAL_NAME       "obstack"
#define RIVAL_SHARES     0
#define RIVAL_FREES_EACH 0
#define RIVAL_HAS_TEXT
#define RIVAL_HAS_SCOPE
#define RIVAL_HAS_CHILD
#define RIVAL_HAS_USED
#define RIVAL_HAS_GROW
#define RIVAL_HAS_PREFAULT

enum {
    STACK_ALIGN = 8,
    CHUNK_MAX = 2046 << 20, /* an obstack counts in int; beyond it takes further chunks */
    SMALL_ROOM = 1 << 20,
    SMALL_CHUNK = 32 << 10
};

struct room {
    _Alignas(128) struct obstack stack;
    void *start; /* an empty object below all others */
};

static inline void *chunk_take(long size)
{
    size_t bytes = (size_t)size;
    return block_take(&bytes);
}

/* A block is whole huge pages, so rounding its chunk up gives all of it. */
static inline void chunk_give(void *chunk)
{
    size_t bytes = (size_t)(((struct _obstack_chunk *)chunk)->limit - (char *)chunk);
    block_give((char *)chunk, (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE);
}

static inline void *small_chunk_take(long size)
{
    return given(malloc((size_t)size));
}

static inline void open_small(struct room *room)
{
    obstack_specify_allocation(&room->stack, SMALL_CHUNK, STACK_ALIGN, small_chunk_take, free);
    room->start = obstack_alloc(&room->stack, 0);
}

static inline void open_large(struct room *room, size_t bytes)
{
    size_t whole = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    int size = whole < CHUNK_MAX ? (int)whole : CHUNK_MAX;
    obstack_specify_allocation(&room->stack, size, STACK_ALIGN, chunk_take, chunk_give);
    room->start = obstack_alloc(&room->stack, 0);
}

static inline void room_open(struct room *room, size_t bytes)
{
    if (bytes < SMALL_ROOM) {
        open_small(room);
    } else {
        open_large(room, bytes);
    }
}

static inline void room_open_prefaulted(struct room *room, size_t bytes)
{
    if (bytes > CHUNK_MAX) {
        die("%zu bytes: only a first chunk can be there before it is used", bytes);
    }
    open_large(room, bytes);
    char *start = (char *)room->stack.chunk;
    block_populate(start, (size_t)(room->stack.chunk_limit - start));
}

static inline void room_reset(struct room *room)
{
    obstack_free(&room->stack, room->start);
}

static inline void room_close(struct room *room)
{
    obstack_free(&room->stack, NULL);
}

/* Its chunks, less what is free in the last one: their headers and lost tails are included. */
static inline size_t room_used(const struct room *room)
{
    const struct obstack *stack = &room->stack;
    size_t used = (size_t)(stack->next_free - (char *)stack->chunk);
    for (const struct _obstack_chunk *c = stack->chunk->prev; c != NULL; c = c->prev) {
        used += (size_t)(c->limit - (const char *)c);
    }
    return used;
}

BENCH_INLINE void *room_alloc(struct room *room, size_t size, size_t align)
{
    if (__builtin_expect(size > INT_MAX - align, 0)) {
        return NULL;
    }
    if (align <= STACK_ALIGN) {
        return obstack_alloc(&room->stack, (int)size);
    }
    uintptr_t place = (uintptr_t)obstack_alloc(&room->stack, (int)(size + align - STACK_ALIGN));
    return (void *)((place + (align - 1)) & ~(uintptr_t)(align - 1));
}

BENCH_INLINE char *room_text(struct room *room, const char *s, size_t length)
{
    return length < INT_MAX ? (char *)obstack_copy0(&room->stack, s, (int)length) : NULL;
}

struct scope {
    void *start;
};

static inline void scope_begin(struct room *room, struct scope *scope)
{
    scope->start = obstack_alloc(&room->stack, 0);
}

static inline void scope_end(struct room *room, struct scope *scope)
{
    obstack_free(&room->stack, scope->start);
}

static inline void child_open(struct room *child, struct room *parent)
{
    (void)parent;
    open_small(child);
}

static inline void child_close(struct room *child)
{
    obstack_free(&child->stack, NULL);
}

/* The obstack itself knows its one growing object; nothing else is allocated meanwhile. */
struct growing {
    char unused;
};

static inline void grow_begin(struct room *room, struct growing *growing)
{
    (void)growing;
    if (obstack_object_size(&room->stack) != 0) {
        die("an object grows already");
    }
}

BENCH_INLINE void grow_append(struct room *room, struct growing *growing, const void *bytes,
                              size_t length)
{
    (void)growing;
    if (__builtin_expect(length > INT_MAX, 0)) {
        die("%zu bytes at once", length);
    }
    obstack_grow(&room->stack, bytes, (int)length);
}

static inline char *grow_finish(struct room *room, struct growing *growing, size_t *length)
{
    (void)growing;
    *length = (size_t)obstack_object_size(&room->stack);
    return (char *)obstack_finish(&room->stack);
}

#include "../workloads/all.h"
