/*
 * tcmalloc.c - gperftools' tcmalloc, called by its own names, as it comes. The minimal library: it
 * holds the same allocator as the full one, which only adds a heap profiler, a heap checker and
 * an unwinder, and it is the one that is put under a program to make it faster.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include <gperftools/tcmalloc.h>

#define RIVAL_NAME   "tcmalloc"
#define HEAP_ALLOC   tc_malloc
#define HEAP_REALLOC tc_realloc
#define HEAP_FREE    tc_free

#include "heap.h"

#include "../workloads/all.h"
