/* The compiler's atomics with a seeded disturbance before each: the thread yields, spins, naps, or
 * its weak compare-and-swap fails without a reason. Comes before each source of the library by the
 * compiler's -include; include/bitena/order.h itself is used as shipped, so that no order can differ from it.
 * Includes nothing: the sources still choose their feature macros.
 * SPDX-License-Identifier: MIT */
#ifndef TESTS_ORDER_PERTURBED_H
#define TESTS_ORDER_PERTURBED_H

/* Accesses until the next disturbance; each thread's own. */
extern __thread unsigned soak_countdown __attribute__((visibility("default")));
/* 1: a compare-and-swap here shall fail. */
__attribute__((visibility("default"))) int soak_disturb(void);

static inline int soak_at(void)
{
    return __builtin_expect(soak_countdown-- == 0, 0) ? soak_disturb() : 0;
}

/* A macro is not expanded inside itself: the inner names are the compiler's. */
#define __atomic_load_n(p, order)       ((void)soak_at(), __atomic_load_n(p, order))
#define __atomic_store_n(p, v, order)   ((void)soak_at(), __atomic_store_n(p, v, order))
#define __atomic_fetch_add(p, v, order) ((void)soak_at(), __atomic_fetch_add(p, v, order))
#define __atomic_fetch_and(p, v, order) ((void)soak_at(), __atomic_fetch_and(p, v, order))
#define __atomic_compare_exchange_n(p, expected, v, weak, order, failed)         \
    ((weak) && soak_at() ? ((void)(*(expected) = __atomic_load_n(p, failed)), 0) \
                         : __atomic_compare_exchange_n(p, expected, v, weak, order, failed))

#endif
