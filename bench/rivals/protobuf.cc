/*
 * protobuf.cc - the arena of Protocol Buffers, which threads may share.
 *
 * Kindest setting: the initial block is the whole room, so that Reset() keeps it. It serves the
 * thread that opened the room; the others' blocks come from malloc and go back to it at each
 * Reset(), so they are of 1 MiB and not of 8 KiB at most: malloc then keeps their pages. For raw
 * bytes AllocateAligned is faster than CreateArray, and the static library than the shared one.
 * A child is a new Arena on an initial block of 4 KiB beside it: a server's stack, one request.
 * SPDX-License-Identifier: MIT
 */
#include "block.h"
#include "rival.h"

#include <google/protobuf/arena.h>
#include <new>

#define RIVAL_NAME       "protobuf"
#define RIVAL_SHARES     1
#define RIVAL_FREES_EACH 0
#define RIVAL_HAS_CHILD
#define RIVAL_HAS_USED

using google::protobuf::Arena;

enum { FIRST_BLOCK = 4096, THREAD_BLOCK = 1 << 20 };

/* Plain bytes, because the workloads declare rooms and only room_open begins one's life. */
struct room {
    alignas(128) char object[sizeof(Arena)];
    char *block;
    size_t bytes;
    alignas(16) char first[FIRST_BLOCK];
};

BENCH_INLINE Arena *arena_of(struct room *room)
{
    return std::launder(reinterpret_cast<Arena *>(room->object));
}

static inline size_t room_used(const struct room *room)
{
    return std::launder(reinterpret_cast<const Arena *>(room->object))->SpaceUsed();
}

static inline void room_reset(struct room *room)
{
    (void)arena_of(room)->Reset();
}

static inline void room_open(struct room *room, size_t bytes)
{
    room->bytes = bytes;
    room->block = block_take(&room->bytes);
    google::protobuf::ArenaOptions options;
    options.initial_block = room->block;
    options.initial_block_size = room->bytes;
    options.start_block_size = THREAD_BLOCK;
    options.max_block_size = THREAD_BLOCK;
    new (room->object) Arena(options);
}

static inline void room_close(struct room *room)
{
    arena_of(room)->~Arena();
    block_give(room->block, room->bytes);
}

BENCH_INLINE void *room_alloc(struct room *room, size_t size, size_t align)
{
    return arena_of(room)->AllocateAligned(size, align);
}

static inline void child_open(struct room *child, struct room *parent)
{
    (void)parent;
    new (child->object) Arena(child->first, FIRST_BLOCK);
}

static inline void child_close(struct room *child)
{
    arena_of(child)->~Arena();
}

#include "../workloads/all.h"
