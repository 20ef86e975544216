/*
 * glibc.c - the C library's malloc, realloc and free, as they come.
 * SPDX-License-Identifier: MIT
 */
#define _GNU_SOURCE 1

#include <stdlib.h>

#define RIVAL_NAME   "glibc"
#define HEAP_ALLOC   malloc
#define HEAP_REALLOC realloc
#define HEAP_FREE    free

#include "heap.h"

#include "../workloads/all.h"
