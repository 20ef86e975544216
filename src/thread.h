/* Who is calling: one 64-bit word per thread, and dense slots that ended threads leave to later
 * ones.
 *
 *   id = generation (30 bits) | slot (12 bits) | the kernel's thread number (22 bits)
 *
 * Two live threads differ in the number; a number or a slot used again differs in the slot's
 * generation, which starts elsewhere in each copy of the library. 0: not given yet, or the
 * thread is in its last breath.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_THREAD_H
#define BITENA_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include <bitena.h>

enum {
    THREAD_NUMBER_BITS = 22,
    THREAD_SLOT_BITS = 12,
    THREAD_SLOTS = (1 << THREAD_SLOT_BITS) -
                   1, /* the last number means "no slot": an id without a place in tables */
    THREAD_NO_SLOT = THREAD_SLOTS
};

/* Owners that no thread's id equals: their thread number is 0. */
#define OWNER_NOBODY  ((uint64_t)THREAD_NO_SLOT << THREAD_NUMBER_BITS | (uint64_t)1 << 63)
#define OWNER_DROPPED ((uint64_t)THREAD_NO_SLOT << THREAD_NUMBER_BITS | (uint64_t)3 << 62)

static inline uint32_t slot_of(uint64_t id)
{
    return (uint32_t)(id >> THREAD_NUMBER_BITS) & THREAD_NO_SLOT;
}

uint64_t register_thread(void);

/* The caller's id if this copy of the library gave it, else 0: only then its slot means
 * something here. Two copies may share bitena_thread_id, where the linker made their names one. */
extern __thread uint64_t thread_registered BITENA_TLS_ __attribute__((visibility("hidden")));

/* The TLAB in a table that the caller bumped last, and the epoch of its arena then: while an
 * arena has that epoch, the TLAB is one of its own and the caller's. */
struct tlab;
struct thread_last {
    uint64_t epoch; /* 0: none; no arena's */
    struct tlab *tlab;
};
extern __thread struct thread_last thread_last BITENA_TLS_ __attribute__((visibility("hidden")));

/* The caller's id, given now if it has none; 0 when its thread-specific data is already being
 * destroyed. */
static inline uint64_t thread_id(void)
{
    uint64_t id = bitena_thread_id;
    return __builtin_expect(id != 0, 1) ? id : register_thread();
}

/* The slot's new bearer asks: may I go on with what `id`, an earlier bearer, left? Not if a fork
 * cut it off. */
bool thread_left_in_order(uint64_t id);

/* Which copy of the library this is: ids and slots mean something within one copy. */
const void *thread_copy(void);

/* How many forks lie between this process and its first use of the library. */
unsigned thread_forks(void);

/* A number never given before in this process (by this copy). */
uint64_t fresh_epoch(void);

#endif
