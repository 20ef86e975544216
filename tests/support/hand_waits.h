/* Each wait of a search or a gather, counted instead of waited, on one pool made by hand: the two
 * functions through which the library waits are played here, and another thread by what it does at a
 * chosen wait. Included by one file of a program. For test programs only.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_TESTS_HAND_WAITS_H
#define BITENA_TESTS_HAND_WAITS_H

#include <sched.h>
#include <time.h>

#include "support/hand.h"

static struct hand hand;

static struct {
    size_t count, act_at;
    void (*act)(struct pool *pool);
} waits;

static void wait_once(void)
{
    if (++waits.count == waits.act_at) {
        waits.act(&hand.root.pool);
    }
}

int sched_yield(void)
{
    wait_once();
    return 0;
}

int nanosleep(const struct timespec *time, struct timespec *left)
{
    (void)time;
    (void)left;
    wait_once();
    return 0;
}

static struct pool *open_at(bool upward, size_t index)
{
    struct pool *pool = hand_open(&hand, upward);
    pool->index = index;
    memset(&waits, 0, sizeof waits);
    return pool;
}

static void end_the_gather(struct pool *pool)
{
    pool->gathering = 0;
}

#endif
