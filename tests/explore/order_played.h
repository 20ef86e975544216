/* The verbs of include/bitena/order.h for a world where one thread of the system plays all threads: before
 * each access the explorer may let another one run. It stands in for that header, whose guard it
 * takes, by the compiler's -include, so that the sources are compiled as they are shipped. Orders
 * weaker than sequential consistency are not played.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_ORDER_H
#define BITENA_ORDER_H

enum explore_kind { EXPLORE_LOAD, EXPLORE_WRITE };
void explore_at(const void *word, enum explore_kind kind);
int explore_spurious(const void *word); /* this weak compare-and-swap fails without a reason */

/* Operands are evaluated before the instant of the access, as the real verbs do. */
#define played_load_(p)                 \
    __extension__({                     \
        __auto_type p_ = (p);           \
        explore_at((p_), EXPLORE_LOAD); \
        *p_;                            \
    })
#define played_store_(p, v)              \
    __extension__({                      \
        __auto_type p_ = (p);            \
        __typeof__(*p_) v_ = (v);        \
        explore_at((p_), EXPLORE_WRITE); \
        *p_ = v_;                        \
    })
#define played_change_(p, v, operation)            \
    __extension__({                                \
        __auto_type p_ = (p);                      \
        __typeof__(*p_) v_ = (__typeof__(*p_))(v); \
        explore_at((p_), EXPLORE_WRITE);           \
        __typeof__(*p_) old_ = *p_;                \
        *p_ = old_ operation v_;                   \
        old_;                                      \
    })
#define played_cas_(p, expected, v)                      \
    __extension__({                                      \
        __auto_type p_ = (p);                            \
        __auto_type e_ = (expected);                     \
        __typeof__(*p_) v_ = (v);                        \
        explore_at((p_), EXPLORE_WRITE);                 \
        int done_ = *p_ == *e_ && !explore_spurious(p_); \
        if (done_) {                                     \
            *p_ = v_;                                    \
        } else {                                         \
            *e_ = *p_;                                   \
        }                                                \
        done_;                                           \
    })

#define load_relaxed(p)                  played_load_(p)
#define load_acquire(p)                  played_load_(p)
#define store_relaxed(p, v)              played_store_(p, v)
#define store_release(p, v)              played_store_(p, v)
#define add_relaxed(p, v)                played_change_(p, v, +)
#define add_release(p, v)                played_change_(p, v, +)
#define add_acq_rel(p, v)                played_change_(p, v, +)
#define and_release(p, v)                played_change_(p, v, &)
#define cas_weak_relaxed(p, expected, v) played_cas_(p, expected, v)
#define cas_weak_acquire(p, expected, v) played_cas_(p, expected, v)
#define cas_weak_release(p, expected, v) played_cas_(p, expected, v)
#define cas_weak_acq_rel(p, expected, v) played_cas_(p, expected, v)

/* The public header's own. */
#define __atomic_load_n(p, order)     played_load_(p)
#define __atomic_store_n(p, v, order) played_store_(p, v)

#endif
