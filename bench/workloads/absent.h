/*
 * absent.h - a workload that a rival has nothing like: the table of all.h still names it, the
 * answer is BENCH_NOT_OFFERED. And which rivals cannot run what allocates object by object inside
 * a workload's own loop: those without objects, and those whose loops are another language's.
 * SPDX-License-Identifier: MIT
 */
#ifndef BENCH_ABSENT_H
#define BENCH_ABSENT_H

#include "../rivals/rival.h"

#if defined(RIVAL_TEXT_ONLY) || defined(RIVAL_OWN_FILLS)
#define RIVAL_NO_LOOPS
#endif

/* A keeper thread serves one room. */
#if defined(RIVAL_RESET_APART) && !defined(RIVAL_ONE_ROOM)
#define RIVAL_ONE_ROOM
#endif

#define WORKLOAD_ABSENT(name)                                                         \
    static inline int workload_##name(struct request *request, struct result *result) \
    {                                                                                 \
        (void)request;                                                                \
        (void)result;                                                                 \
        return BENCH_NOT_OFFERED;                                                     \
    }

#endif
