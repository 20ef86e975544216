/* Classic small programs, each with the outcome in question: message passing, store buffering,
 * coherence, release sequences, two writers of two words (2+2W), independent readers, read-
 * modify-writes, and races of plain data.
 * SPDX-License-Identifier: MIT */
#include "litmus.h"

#include "bitena/order.h"

static uint64_t x, y, data;         /* set to 0 before each run */
static uint64_t r[WEAK_THREADS][2]; /* each thread's own, read at the end */

static void nothing(void)
{
}

static void saw(bool outcome)
{
    if (outcome) {
        explore_fault("seen");
    }
}

/* Message passing: the data is plain where the order protects it, and x where it does not. */
static void mp_write_rel(void)
{
    data = 1;
    store_release(&y, 1);
}
static void mp_read_acq(void)
{
    if (load_acquire(&y) == 1) {
        r[1][0] = data;
    }
}
static void mp_write_rlx(void)
{
    data = 1;
    store_relaxed(&y, 1);
}
static void mp_read_rlx(void)
{
    if (load_relaxed(&y) == 1) {
        r[1][0] = data;
    }
}
static void mpx_write_rel(void)
{
    store_relaxed(&x, 1);
    store_release(&y, 1);
}
static void mpx_write_rlx(void)
{
    store_relaxed(&x, 1);
    store_relaxed(&y, 1);
}
static void mpx_read_acq(void)
{
    r[1][0] = load_acquire(&y);
    r[1][1] = load_relaxed(&x);
}
static void mpx_read_rlx(void)
{
    r[1][0] = load_relaxed(&y);
    r[1][1] = load_relaxed(&x);
}
static void mpx_end(void)
{
    saw(r[1][0] == 1 && r[1][1] == 0);
}

static void sb_a(void)
{
    store_release(&x, 1);
    r[0][0] = load_acquire(&y);
}
static void sb_b(void)
{
    store_release(&y, 1);
    r[1][0] = load_acquire(&x);
}
static void sb_end(void)
{
    saw(r[0][0] == 0 && r[1][0] == 0);
}

/* Load buffering is allowed by C11, but not by this machine. */
static void lb_a(void)
{
    r[0][0] = load_relaxed(&x);
    store_relaxed(&y, 1);
}
static void lb_b(void)
{
    r[1][0] = load_relaxed(&y);
    store_relaxed(&x, 1);
}
static void lb_end(void)
{
    saw(r[0][0] == 1 && r[1][0] == 1);
}

/* Coherence: of one word, nobody reads backward. */
static void co_write(void)
{
    store_relaxed(&x, 1);
    store_relaxed(&x, 2);
}
static void co_read(void)
{
    r[1][0] = load_relaxed(&x);
    r[1][1] = load_relaxed(&x);
}
static void co_end(void)
{
    saw(r[1][0] > r[1][1]);
}
static void co_stale_end(void)
{
    saw(r[1][0] == 0 && r[1][1] == 1);
}

/* A read-modify-write of a third thread, relaxed, continues the release sequence; a store ends it. */
static void rs_add(void)
{
    (void)add_relaxed(&y, 1);
}
static void rs_store(void)
{
    if (load_relaxed(&y) == 1) {
        store_relaxed(&y, 2);
    }
}
static void rs_read(void)
{
    if (load_acquire(&y) == 2) {
        r[1][0] = data;
    }
}
static void rs_write(void)
{
    data = 1;
    (void)add_release(&y, 1);
}
/* y is 2 for whoever comes last; only the one that reads the release first is ordered */
static void rs_cas(void)
{
    uint64_t one = 1;
    (void)cas_weak_relaxed(&y, &one, 2);
}

static void w2_a(void)
{
    store_release(&x, 1);
    store_release(&y, 2);
}
static void w2_b(void)
{
    store_release(&y, 1);
    store_release(&x, 2);
}
static void w2_end(void)
{
    saw(x == 1 && y == 1);
}

static void add_twice(void)
{
    (void)add_relaxed(&x, 1);
    (void)add_relaxed(&x, 1);
}
static void store_five(void)
{
    store_relaxed(&x, 5);
}
static void add_end(void)
{
    saw(x != 4);
}
/* A store may come before both, after both or between them: 2 more, itself, or 1 more. */
static void add_store_end(void)
{
    saw(x < 5 || x > 7);
}
static void add_tear_end(void)
{
    saw(x == 6);
}

static void acquire_rel_a(void)
{
    data = 1;
    (void)add_acq_rel(&x, 1);
}
static void acquire_rel_b(void)
{
    if (add_acq_rel(&x, 1) == 1) {
        data = 2;
    }
}
static void acquire_only_a(void)
{
    uint64_t zero = 0;
    data = 1;
    (void)cas_weak_acquire(&x, &zero, 1);
}

static void plain_write(void)
{
    data = 1;
}
static void plain_read(void)
{
    r[1][0] = data;
}
static void plain_look(void)
{
    saw(data != 0);
}
static void atomic_read(void)
{
    r[1][0] = load_acquire(&data);
}
static void failed_cas(void)
{
    uint64_t wrong = 7; /* never there: a failure acquires nothing */
    if (!cas_weak_acq_rel(&y, &wrong, 8) && wrong == 1) {
        r[1][0] = data;
    }
}

#define TWO(name, what, a, b, end, allowed)                    \
    {                                                          \
        {name, what, 2, {0, 1}, nothing, {a, b}, end}, allowed \
    }
#define THREE(name, what, a, b, c, end, allowed)                     \
    {                                                                \
        {name, what, 3, {0, 1, 2}, nothing, {a, b, c}, end}, allowed \
    }

const struct litmus litmus[] = {
    TWO("MP", "release, acquire: plain data races", mp_write_rel, mp_read_acq, nothing, false),
    TWO("MP-write", "relaxed store: plain data races", mp_write_rlx, mp_read_acq, nothing, true),
    TWO("MP-read", "relaxed load: plain data races", mp_write_rel, mp_read_rlx, nothing, true),
    TWO("MP-cas", "a failed acquire: plain data races", mp_write_rel, failed_cas, nothing, true),
    TWO("MPX", "release, acquire: a stale read", mpx_write_rel, mpx_read_acq, mpx_end, false),
    TWO("MPX-write", "relaxed store: a stale read", mpx_write_rlx, mpx_read_acq, mpx_end, true),
    TWO("MPX-read", "relaxed load: a stale read", mpx_write_rel, mpx_read_rlx, mpx_end, true),
    TWO("SB", "release, acquire: both read 0", sb_a, sb_b, sb_end, true),
    TWO("LB", "both read 1, which needs promises", lb_a, lb_b, lb_end, false),
    TWO("CoRR", "a later read reads older", co_write, co_read, co_end, false),
    TWO("CoRR-stale", "an old value, then a newer", co_write, co_read, co_stale_end, true),
    THREE("RS", "a relaxed change continues a release", rs_write, rs_read, rs_cas, nothing, false),
    THREE("RS-store", "a relaxed store ends it", rs_write, rs_read, rs_store, nothing, true),
    THREE("RS-before", "a change before it does not", rs_write, rs_read, rs_add, nothing, false),
    TWO("2+2W", "both first writes come last", w2_a, w2_b, w2_end, true),
    TWO("RMW", "an addition is lost", add_twice, add_twice, add_end, false),
    TWO("RMW-store", "a store comes inside of one", add_twice, store_five, add_store_end, false),
    TWO("RMW-between", "a store comes between two", add_twice, store_five, add_tear_end, true),
    TWO("ACQ-REL", "additions that hand data on", acquire_rel_a, acquire_rel_b, nothing, false),
    TWO("ACQ", "the same, one only acquires", acquire_only_a, acquire_rel_b, nothing, true),
    TWO("RACE", "a plain write and a plain read", plain_write, plain_read, nothing, true),
    TWO("RACE-mixed", "a plain write, an atomic read", plain_write, atomic_read, nothing, true),
    TWO("READS", "two plain reads", plain_look, plain_look, nothing, false),
    {{0}, false},
};
