/*
 * pmr_pool.cc - the C++ library's synchronized_pool_resource: pools of equal blocks behind one lock
 * or one set of pools for each thread, every object given back by itself.
 *
 * Kindest setting: pools up to the largest object of the workloads with one size (4 KiB), chunks as
 * large as the library likes, new and delete behind them.
 * SPDX-License-Identifier: MIT
 */
#include "rival.h"

#include <memory_resource>
#include <new>

#define RIVAL_NAME       "pmr_pool"
#define RIVAL_SHARES     1
#define RIVAL_FREES_EACH 1

using resource = std::pmr::synchronized_pool_resource;

/* allocate and deallocate must be told the same alignment, and room_free is not told any. */
enum { POOL_ALIGN = 8, LARGEST_POOLED = 4096 };

/* Plain bytes, because the workloads declare rooms and only room_open begins one's life. */
struct room {
    alignas(128) char object[sizeof(resource)];
};

BENCH_INLINE resource *resource_of(struct room *room)
{
    return std::launder(reinterpret_cast<resource *>(room->object));
}

static inline void room_open(struct room *room, size_t bytes)
{
    (void)bytes;
    std::pmr::pool_options options;
    options.largest_required_pool_block = LARGEST_POOLED;
    new (room->object) resource(options, std::pmr::new_delete_resource());
}

static inline void room_close(struct room *room)
{
    resource_of(room)->~resource();
}

BENCH_INLINE void *room_alloc(struct room *room, size_t size, size_t align)
{
    if (align > POOL_ALIGN) {
        die("pmr_pool: an alignment of %zu", align);
    }
    return resource_of(room)->allocate(size, POOL_ALIGN);
}

BENCH_INLINE void room_free(struct room *room, void *p, size_t size)
{
    resource_of(room)->deallocate(p, size, POOL_ALIGN);
}

#include "../workloads/all.h"
