/*
 * mimalloc.c - mimalloc's own malloc, realloc and free, called by their own names, as they come.
 * The library puts itself in malloc's place as well, so the harness too runs on it.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include <mimalloc.h>

#define RIVAL_NAME   "mimalloc"
#define HEAP_ALLOC   mi_malloc
#define HEAP_REALLOC mi_realloc
#define HEAP_FREE    mi_free

#include "heap.h"

#include "../workloads/all.h"
