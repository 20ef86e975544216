/* What lease.c and gather.c share: the pool's inside. Nobody else includes it.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_LEASE_H
#define BITENA_LEASE_H

#include "core.h"
#include "thread.h"
#include <bitena/order.h>

/* How often a search looks again, waiting each time, while others hold what it may want. In an EXACT
 * arena it may be a signal handler that waits for its own thread, in vain. A gather waits for those
 * who hold runs with all the others in hand, up to TRIES_HELD times, and half as often each time
 * that a search comes back to it: else the two numbers would multiply. */
enum { TRIES = 4000, TRIES_EXACT = 1000, TRIES_AFTER_FORK = 64, TRIES_HELD = 64 };
static inline int patience_of(int tries)
{
    return tries < 6 ? TRIES_HELD >> tries : 1;
}

uint32_t pop(struct pool *pool, uint64_t *stack);
bool fits(const struct pool *pool, size_t base, size_t end, size_t size, size_t align);
void recycle(struct pool *pool, uint32_t run);
bool take_index(struct pool *pool, size_t size, size_t align, size_t want, struct span *out);
/* Gives back the lower part of a run in hand that the request and `want` do not need. */
void split_off(struct pool *pool, struct span *span, size_t size, size_t align, size_t want);

/* Pops every recycled run, joins neighbours, gives to the index what touches it, looks for one that
 * the request fits, pushes the rest. NOTHING: there was none, nor at the index if that was asked;
 * BUSY: another thread gathers or holds runs; look again. */
enum gathered { GATHER_FOUND, GATHER_NOTHING, GATHER_BUSY };
enum gathered gather(struct pool *pool, size_t size, size_t align, size_t want, bool from_index,
                     int patience, struct span *out);
#define JOIN_ONLY SIZE_MAX        /* as a size: nothing fits, and nobody is waited for */
bool join_all(struct pool *pool); /* false: another thread does */

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
