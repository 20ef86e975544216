/*
 * pmr_mono.cc - the C++ library's monotonic_buffer_resource, each thread its own.
 *
 * Kindest setting: the first buffer is the whole room, so that release() keeps it and nothing is
 * ever asked of the upstream. Called through its own type: g++ compares the virtual function with
 * this class's own one and has that inline.
 * A child is a fresh resource on a first buffer of 4 KiB beside it, with new and delete behind it:
 * what a C++ server puts on its stack for one request.
 * SPDX-License-Identifier: MIT
 */
#include "block.h"
#include "rival.h"

#include <memory_resource>
#include <new>

#define RIVAL_NAME       "pmr_mono"
#define RIVAL_SHARES     0
#define RIVAL_FREES_EACH 0
#define RIVAL_HAS_CHILD
#define RIVAL_HAS_ADOPT

using resource = std::pmr::monotonic_buffer_resource;

enum { FIRST_BUFFER = 4096 };

/* Plain bytes, because the workloads declare rooms and only room_open begins one's life. */
struct room {
    alignas(128) char object[sizeof(resource)];
    char *block;
    size_t bytes;
    alignas(16) char first[FIRST_BUFFER];
};

BENCH_INLINE resource *resource_of(struct room *room)
{
    return std::launder(reinterpret_cast<resource *>(room->object));
}

static inline void room_reset(struct room *room)
{
    resource_of(room)->release();
}

static inline void room_adopt(struct room *room, char *block, size_t bytes)
{
    room->bytes = bytes;
    room->block = block;
    new (room->object) resource(room->block, room->bytes, std::pmr::new_delete_resource());
}

static inline void room_open(struct room *room, size_t bytes)
{
    char *block = block_take(&bytes);
    room_adopt(room, block, bytes);
}

static inline void room_close(struct room *room)
{
    resource_of(room)->~resource();
    block_give(room->block, room->bytes);
}

BENCH_INLINE void *room_alloc(struct room *room, size_t size, size_t align)
{
    return resource_of(room)->allocate(size, align);
}

static inline void child_open(struct room *child, struct room *parent)
{
    (void)parent;
    new (child->object) resource(child->first, FIRST_BUFFER, std::pmr::new_delete_resource());
}

static inline void child_close(struct room *child)
{
    resource_of(child)->~resource();
}

#include "../workloads/all.h"
