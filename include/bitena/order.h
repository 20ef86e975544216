/* The only user of atomics. Each verb says its memory order; nothing here is sequentially
 * consistent and there is no fence. Operands are plain words (uint32_t, uint64_t, uintptr_t,
 * size_t, pointers), so that a struct's layout is that of plain C; every use names its edge of
 * docs/MEMORY_ORDER.md in brackets. A failed compare-and-swap loads what is there into
 * *expected, relaxed.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_ORDER_H
#define BITENA_ORDER_H

#define load_relaxed(p)     __atomic_load_n((p), __ATOMIC_RELAXED)
#define load_acquire(p)     __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define store_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define add_relaxed(p, v)   __atomic_fetch_add((p), (v), __ATOMIC_RELAXED)
#define add_release(p, v)   __atomic_fetch_add((p), (v), __ATOMIC_RELEASE)
#define add_acq_rel(p, v)   __atomic_fetch_add((p), (v), __ATOMIC_ACQ_REL)
#define and_release(p, v)   __atomic_fetch_and((p), (v), __ATOMIC_RELEASE)
#define cas_weak_relaxed(p, expected, v) \
    __atomic_compare_exchange_n((p), (expected), (v), 1, __ATOMIC_RELAXED, __ATOMIC_RELAXED)
#define cas_weak_acquire(p, expected, v) \
    __atomic_compare_exchange_n((p), (expected), (v), 1, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)
#define cas_weak_release(p, expected, v) \
    __atomic_compare_exchange_n((p), (expected), (v), 1, __ATOMIC_RELEASE, __ATOMIC_RELAXED)
#define cas_weak_acq_rel(p, expected, v) \
    __atomic_compare_exchange_n((p), (expected), (v), 1, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)

#endif
