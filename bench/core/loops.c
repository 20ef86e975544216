/*
 * loops.c - the loops that are timed. Each allocation is inlined into its loop, each loop stands
 * alone, and every rival checks its bounds and aligns as the arena does. The bare bump places
 * downward and keeps its words in memory between objects, as a caller that does more than a loop
 * must; the compare-and-swap is Bitena's first form, an index moved upward. Beside them, without a
 * goal: the bump that may stay in registers, and the shortest compare-and-swap loop there is.
 *
 * SPDX-License-Identifier: MIT
 */
#include "core.h"

#include <stdlib.h>

#define BENCH_LOOP   __attribute__((noinline))
#define BENCH_INLINE static inline __attribute__((always_inline))

static __attribute__((noinline, cold, noreturn)) void full(void)
{
    fprintf(stderr, "bench_core: a rival's block is full\n");
    abort();
}

BENCH_INLINE void *bump_alloc(struct bump *bump, size_t size, size_t align)
{
    uintptr_t ceiling = __atomic_load_n(&bump->ceiling, __ATOMIC_RELAXED);
    uintptr_t floor = __atomic_load_n(&bump->floor, __ATOMIC_RELAXED);
    if (__builtin_expect(ceiling - floor < size + (align - 1), 0)) {
        full();
    }
    ceiling = (ceiling - size) & ~(uintptr_t)(align - 1);
    __atomic_store_n(&bump->ceiling, ceiling, __ATOMIC_RELAXED);
    return (void *)ceiling;
}

BENCH_INLINE void *bump_register_alloc(struct bump *bump, size_t size, size_t align)
{
    uintptr_t ceiling = bump->ceiling;
    if (__builtin_expect(ceiling - bump->floor < size + (align - 1), 0)) {
        full();
    }
    ceiling = (ceiling - size) & ~(uintptr_t)(align - 1);
    bump->ceiling = ceiling;
    return (void *)ceiling;
}

BENCH_INLINE void *index_alloc(struct shared_index *index, size_t size, size_t align)
{
    uintptr_t used = atomic_load_explicit(&index->position, memory_order_relaxed);
    for (;;) {
        uintptr_t place = (index->base + used + (align - 1)) & ~(uintptr_t)(align - 1);
        uintptr_t next = place - index->base + size;
        if (__builtin_expect(next > index->capacity_bytes, 0)) {
            full();
        }
        if (atomic_compare_exchange_weak_explicit(&index->position, &used, next,
                                                  memory_order_relaxed, memory_order_relaxed)) {
            return (void *)place;
        }
    }
}

BENCH_INLINE void *pointer_alloc(struct shared_index *index, size_t size, size_t align)
{
    uintptr_t ceiling = atomic_load_explicit(&index->position, memory_order_relaxed);
    for (;;) {
        if (__builtin_expect(ceiling - index->base < size + (align - 1), 0)) {
            full();
        }
        uintptr_t place = (ceiling - size) & ~(uintptr_t)(align - 1);
        if (atomic_compare_exchange_weak_explicit(&index->position, &ceiling, place,
                                                  memory_order_relaxed, memory_order_relaxed)) {
            return (void *)place;
        }
    }
}

BENCH_INLINE void write_pair(struct pair *pair, uint64_t number)
{
    pair->first = number;
    pair->second = ~number;
}

BENCH_LOOP void loop_bump(struct bump *bump, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        write_pair(bump_alloc(bump, sizeof(struct pair), _Alignof(struct pair)), i);
    }
}

BENCH_LOOP void loop_bump_register(struct bump *bump, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        write_pair(bump_register_alloc(bump, sizeof(struct pair), _Alignof(struct pair)), i);
    }
}

BENCH_LOOP void loop_index(struct shared_index *index, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        write_pair(index_alloc(index, sizeof(struct pair), _Alignof(struct pair)), i);
    }
}

BENCH_LOOP void loop_pointer(struct shared_index *index, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        write_pair(pointer_alloc(index, sizeof(struct pair), _Alignof(struct pair)), i);
    }
}

BENCH_LOOP void loop_arena(bitena *arena, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        write_pair(bitena_alloc(arena, sizeof(struct pair), _Alignof(struct pair)), i);
    }
}

BENCH_LOOP void loop_child_life(bitena *parent, size_t cycles)
{
    for (size_t i = 0; i < cycles; i++) {
        bitena *child = bitena_new_child(parent);
        if (child == NULL) {
            perror("bench_core: bitena_new_child");
            abort();
        }
        for (size_t j = 0; j < OBJECTS_PER_CYCLE; j++) {
            write_pair(bitena_alloc(child, sizeof(struct pair), _Alignof(struct pair)), j);
        }
        bitena_drop(child);
    }
}

BENCH_LOOP void loop_scope(bitena *arena, size_t cycles)
{
    for (size_t i = 0; i < cycles; i++) {
        BITENA_SCOPE (arena) {
            for (size_t j = 0; j < OBJECTS_PER_CYCLE; j++) {
                write_pair(bitena_alloc(arena, sizeof(struct pair), _Alignof(struct pair)), j);
            }
        }
    }
}

BENCH_LOOP void loop_malloc(size_t cycles)
{
    void *volatile kept[OBJECTS_PER_CYCLE]; /* volatile: pairs of malloc and free are not elided */
    for (size_t i = 0; i < cycles; i++) {
        for (size_t j = 0; j < OBJECTS_PER_CYCLE; j++) {
            struct pair *pair = malloc(sizeof *pair);
            if (pair == NULL) {
                perror("bench_core: malloc");
                abort();
            }
            write_pair(pair, j);
            kept[j] = pair;
        }
        for (size_t j = 0; j < OBJECTS_PER_CYCLE; j++) {
            free(kept[j]);
        }
    }
}
