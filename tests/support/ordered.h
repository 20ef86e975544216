/* A thread that works on order, one function after another, so that what it has in the library lives
 * from order to order and ends when it is dismissed. The caller waits for each order. What an order
 * finds is best left in its argument, and looked at by the caller. For test programs only.
 * SPDX-License-Identifier: MIT */
#ifndef BITENA_TESTS_ORDERED_H
#define BITENA_TESTS_ORDERED_H

#include <pthread.h>

#include "support/misuse.h"

struct ordered {
    pthread_t thread;
    pthread_barrier_t gate;
    void (*fn)(void *); /* NULL: the end */
    void *argument;
};

static inline void *serve_orders(void *argument)
{
    struct ordered *ordered = (struct ordered *)argument;
    for (;;) {
        pthread_barrier_wait(&ordered->gate);
        if (!ordered->fn) {
            return NULL;
        }
        ordered->fn(ordered->argument);
        pthread_barrier_wait(&ordered->gate);
    }
}

static inline void hire(struct ordered *ordered)
{
    assert_int_equal(pthread_barrier_init(&ordered->gate, NULL, 2), 0);
    assert_int_equal(pthread_create(&ordered->thread, NULL, serve_orders, ordered), 0);
}

static inline void order(struct ordered *ordered, void (*fn)(void *), void *argument)
{
    ordered->fn = fn;
    ordered->argument = argument;
    pthread_barrier_wait(&ordered->gate);
    pthread_barrier_wait(&ordered->gate);
}

static inline void dismiss(struct ordered *ordered)
{
    ordered->fn = NULL;
    pthread_barrier_wait(&ordered->gate);
    assert_int_equal(pthread_join(ordered->thread, NULL), 0);
    (void)pthread_barrier_destroy(&ordered->gate);
}

#endif
