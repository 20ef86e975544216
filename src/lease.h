/* What lease.c and gather.c share: the pool's inside. Nobody else includes it.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_LEASE_H
#define BITENA_LEASE_H

#include "core.h"
#include "order.h"

uint32_t pop(struct pool *pool, uint64_t *stack);
bool fits(const struct pool *pool, size_t base, size_t end, size_t size, size_t align);
void recycle(struct pool *pool, uint32_t run);
bool take_index(struct pool *pool, size_t size, size_t align, size_t want, struct span *out);
/* Gives back the lower part of a run in hand that the request and `want` do not need. */
void split_off(struct pool *pool, struct span *span, size_t size, size_t align, size_t want);
bool gather(struct pool *pool, size_t size, size_t align, size_t want, bool from_index,
            struct span *out);
void join_all(struct pool *pool);

/* Announces that runs are out of the stacks and will be back, or taken, at unhold. */
static inline void hold(struct pool *pool)
{
    (void)add_acq_rel(&pool->holds_begun, 1); /* [M05] */
}
static inline void unhold(struct pool *pool)
{
    (void)add_release(&pool->holds_done, 1); /* [M05] */
}

#endif
