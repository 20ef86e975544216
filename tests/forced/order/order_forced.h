/* The verbs of include/bitena/order.h for tests that decide what happens between two accesses: it stands in for
 * that header, whose guard it takes, by the compiler's -include. Each access first asks forced_at,
 * and a weak compare-and-swap may fail without a reason. No control flow stands in the macros: a
 * function's shape, and so its place in the counts of coverage, is that of the shipped one. Orders
 * weaker than acquire-release are not played.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_ORDER_H
#define BITENA_ORDER_H

#include "forced.h"

#define forced_load_(p)                             \
    __extension__({                                 \
        __auto_type load_p_ = (p);                  \
        forced_at(load_p_, FORCED_LOAD);            \
        __atomic_load_n(load_p_, __ATOMIC_ACQUIRE); \
    })
#define forced_store_(p, v)                                     \
    __extension__({                                             \
        __auto_type store_p_ = (p);                             \
        __typeof__(*store_p_) store_v_ = (v);                   \
        forced_at(store_p_, FORCED_STORE);                      \
        __atomic_store_n(store_p_, store_v_, __ATOMIC_RELEASE); \
    })
#define forced_change_(p, v, verb)                                      \
    __extension__({                                                     \
        __auto_type change_p_ = (p);                                    \
        __typeof__(*change_p_) change_v_ = (__typeof__(*change_p_))(v); \
        forced_at(change_p_, FORCED_CHANGE);                            \
        verb(change_p_, change_v_, __ATOMIC_ACQ_REL);                   \
    })

#define load_relaxed(p)                  forced_load_(p)
#define load_acquire(p)                  forced_load_(p)
#define store_relaxed(p, v)              forced_store_(p, v)
#define store_release(p, v)              forced_store_(p, v)
#define add_relaxed(p, v)                forced_change_(p, v, __atomic_fetch_add)
#define add_release(p, v)                forced_change_(p, v, __atomic_fetch_add)
#define add_acq_rel(p, v)                forced_change_(p, v, __atomic_fetch_add)
#define and_release(p, v)                forced_change_(p, v, __atomic_fetch_and)
#define cas_weak_relaxed(p, expected, v) forced_cas((p), (expected), (uintptr_t)(v), sizeof *(p))
#define cas_weak_acquire(p, expected, v) forced_cas((p), (expected), (uintptr_t)(v), sizeof *(p))
#define cas_weak_release(p, expected, v) forced_cas((p), (expected), (uintptr_t)(v), sizeof *(p))
#define cas_weak_acq_rel(p, expected, v) forced_cas((p), (expected), (uintptr_t)(v), sizeof *(p))

#endif
