/*
 * store.c - the two stores behind one table: a shared arena with a child per thread as scratch
 * space, and malloc with free. Both are reached through the same pointers at the same cost.
 *
 * The arena's objects are never freed one by one: scratch goes back at each file by a reset of the
 * thread's child, everything else when the arena is dropped. A full arena ends the process with the
 * library's own message, so neither store returns NULL.
 *
 * SPDX-License-Identifier: MIT
 */
#include "wordcount.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void die(const char *what)
{
    fprintf(stderr, "wordcount: %s: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

static void *arena_open(size_t capacity_bytes)
{
    bitena *arena = bitena_new(capacity_bytes);
    if (arena == NULL) {
        die("cannot make the arena");
    }
    return arena;
}

static void arena_close(void *place)
{
    bitena_drop(place);
}

static void *arena_open_scratch(void *place)
{
    bitena *child = bitena_new_child(place);
    if (child == NULL) {
        die("cannot make a thread's arena");
    }
    return child;
}

static void arena_clear_scratch(void *scratch)
{
    if (bitena_reset(scratch) != 0) {
        die("cannot reset a thread's arena");
    }
}

static void *arena_alloc(void *place, size_t size_bytes)
{
    return bitena_alloc(place, size_bytes, _Alignof(uint64_t));
}

const struct store arena_store = {.name = "arena",
                                  .open = arena_open,
                                  .close = arena_close,
                                  .open_scratch = arena_open_scratch,
                                  .clear_scratch = arena_clear_scratch,
                                  .close_scratch = arena_close,
                                  .alloc = arena_alloc,
                                  .free = NULL};

static void *malloc_open(size_t capacity_bytes)
{
    (void)capacity_bytes;
    return NULL;
}

static void *malloc_open_scratch(void *place)
{
    return place;
}

static void malloc_nothing(void *place)
{
    (void)place;
}

static void *malloc_alloc(void *place, size_t size_bytes)
{
    (void)place;
    void *object = malloc(size_bytes);
    if (object == NULL) {
        die("malloc");
    }
    return object;
}

static void malloc_free(void *object)
{
    free(object);
}

const struct store malloc_store = {.name = "malloc",
                                   .open = malloc_open,
                                   .close = malloc_nothing,
                                   .open_scratch = malloc_open_scratch,
                                   .clear_scratch = malloc_nothing,
                                   .close_scratch = malloc_nothing,
                                   .alloc = malloc_alloc,
                                   .free = malloc_free};
