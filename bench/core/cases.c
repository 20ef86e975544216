/*
 * cases.c - what is measured: the arenas, who makes and resets them, and which loop runs on which.
 *
 * A reset makes its caller the owner of a shared arena, so role 0 resets the arena it shall own and
 * the thread that measures nothing resets the one that neither role shall own. Children belong to
 * the role that made them. All of it happens between the timed parts, while nobody allocates.
 *
 * SPDX-License-Identifier: MIT
 */
#include "core.h"

#include <stdlib.h>

enum {
    ARENA_BYTES = 16 << 20,
    RIVAL_BYTES = ARENA_BYTES / 2,
    BESIDE_BATCH = 256, /* objects between two looks at the stop flag */
    BESIDE_FACTOR = 4   /* the second thread ends, at the latest, after this many times the count */
};

static bitena *made(bitena *arena)
{
    if (arena == NULL) {
        perror("bench_core: cannot make an arena");
        exit(EXIT_FAILURE);
    }
    return arena;
}

static void reset(bitena *arena)
{
    if (bitena_reset(arena) != 0) {
        perror("bench_core: bitena_reset");
        exit(EXIT_FAILURE);
    }
}

void world_open_keeper(struct world *world)
{
    world->strangers = made(bitena_new(ARENA_BYTES));
    world->family = made(bitena_new(ARENA_BYTES));
    world->rival_memory = made(bitena_new(ARENA_BYTES));
    world->rival_bytes = RIVAL_BYTES;
    world->rival_block = bitena_alloc(world->rival_memory, RIVAL_BYTES, LINE_BYTES);
}

void world_open(struct world *world, unsigned role)
{
    if (role == 0) {
        bitena_options exact = {.capacity = ARENA_BYTES, .mode = BITENA_EXACT};
        world->owned = made(bitena_new(ARENA_BYTES));
        world->exact = made(bitena_open(&exact));
    }
    world->children[role] = made(bitena_new_child(world->family));
}

void world_close(struct world *world, unsigned role)
{
    bitena_drop(world->children[role]);
    if (role == 0) {
        bitena_drop(world->exact);
        bitena_drop(world->owned);
    }
}

void world_close_keeper(struct world *world)
{
    bitena_drop(world->rival_memory);
    bitena_drop(world->family);
    bitena_drop(world->strangers);
}

void world_prepare_keeper(struct world *world)
{
    reset(world->strangers);
}

static void prepare_bump(struct world *world, unsigned role)
{
    (void)role;
    world->bump.floor = (uintptr_t)world->rival_block;
    world->bump.ceiling = (uintptr_t)world->rival_block + world->rival_bytes;
}

static void prepare_index(struct world *world, unsigned role)
{
    if (role == 0) {
        world->index.base = (uintptr_t)world->rival_block;
        world->index.capacity_bytes = world->rival_bytes;
        atomic_store_explicit(&world->index.position, 0, memory_order_relaxed);
    }
}

static void prepare_pointer(struct world *world, unsigned role)
{
    (void)role;
    world->index.base = (uintptr_t)world->rival_block;
    atomic_store_explicit(&world->index.position, world->index.base + world->rival_bytes,
                          memory_order_relaxed);
}

static void prepare_owned(struct world *world, unsigned role)
{
    if (role == 0) {
        reset(world->owned);
        atomic_store_explicit(&world->stop, false, memory_order_relaxed);
    }
}

static void prepare_exact(struct world *world, unsigned role)
{
    (void)role;
    reset(world->exact);
}

static void prepare_child(struct world *world, unsigned role)
{
    reset(world->children[role]);
}

static void prepare_nothing(struct world *world, unsigned role)
{
    (void)world;
    (void)role;
}

static void run_bump(struct world *world, unsigned role, size_t count)
{
    (void)role;
    loop_bump(&world->bump, count);
}

static void run_bump_register(struct world *world, unsigned role, size_t count)
{
    (void)role;
    loop_bump_register(&world->bump, count);
}

static void run_index(struct world *world, unsigned role, size_t count)
{
    (void)role;
    loop_index(&world->index, count);
}

static void run_pointer(struct world *world, unsigned role, size_t count)
{
    (void)role;
    loop_pointer(&world->index, count);
}

static void run_owned(struct world *world, unsigned role, size_t count)
{
    (void)role;
    loop_arena(world->owned, count);
}

static void run_strangers(struct world *world, unsigned role, size_t count)
{
    (void)role;
    loop_arena(world->strangers, count);
}

static void run_exact(struct world *world, unsigned role, size_t count)
{
    (void)role;
    loop_arena(world->exact, count);
}

static void run_child(struct world *world, unsigned role, size_t count)
{
    loop_arena(world->children[role], count);
}

/* Role 1 allocates as long as the owner does: all of the owner's time is contended. */
static void run_beside(struct world *world, unsigned role, size_t count)
{
    if (role == 0) {
        loop_arena(world->owned, count);
        atomic_store_explicit(&world->stop, true, memory_order_relaxed);
        return;
    }
    size_t most = BESIDE_FACTOR * count;
    for (size_t done = 0; done < most; done += BESIDE_BATCH) {
        if (atomic_load_explicit(&world->stop, memory_order_relaxed)) {
            break;
        }
        loop_arena(world->owned, BESIDE_BATCH);
    }
}

static void run_child_life(struct world *world, unsigned role, size_t count)
{
    (void)role;
    loop_child_life(world->owned, count);
}

static void run_scope(struct world *world, unsigned role, size_t count)
{
    (void)role;
    loop_scope(world->owned, count);
}

static void run_malloc(struct world *world, unsigned role, size_t count)
{
    (void)world;
    (void)role;
    loop_malloc(count);
}

const struct bench_case bench_cases[CASES] = {
    [CASE_BUMP] = {"bump", "bare bump, unsynchronised", 1, 1, false, prepare_bump, run_bump},
    [CASE_BUMP_REGISTER] = {"bump_register", "  the same, kept in registers", 1, 1, false,
                            prepare_bump, run_bump_register},
    [CASE_CAS] = {"cas", "one compare-and-swap each", 1, 1, false, prepare_index, run_index},
    [CASE_CAS_POINTER] = {"cas_pointer", "  the same, shortest loop", 1, 1, false, prepare_pointer,
                          run_pointer},
    [CASE_OWNER] = {"owner", "shared arena, its owner", 1, 1, false, prepare_owned, run_owned},
    [CASE_CHILD] = {"child", "child arena", 1, 1, false, prepare_child, run_child},
    [CASE_EXACT] = {"exact", "EXACT arena", 1, 1, false, prepare_exact, run_exact},
    [CASE_TWO_CAS] = {"two_cas", "one compare-and-swap each, one index", 2, 2, false, prepare_index,
                      run_index},
    [CASE_TWO_SHARED] = {"two_shared", "one shared arena, owner and another", 2, 2, false,
                         prepare_owned, run_owned},
    [CASE_TWO_STRANGERS] = {"two_strangers", "one shared arena, two that do not own it", 2, 2,
                            false, prepare_nothing, run_strangers},
    [CASE_TWO_CHILDREN] = {"two_children", "a child arena each", 2, 2, false, prepare_child,
                           run_child},
    [CASE_OWNER_BESIDE] = {"owner_beside", "the owner, while another allocates", 2, 1, false,
                           prepare_owned, run_beside},
    [CASE_CHILD_LIFE] = {"child_life", "child: create, ten objects, drop", 1, 1, true,
                         prepare_owned, run_child_life},
    [CASE_SCOPE] = {"scope", "scope: save, ten objects, rewind", 1, 1, true, prepare_owned,
                    run_scope},
    [CASE_MALLOC] = {"malloc", "malloc ten objects, free them", 1, 1, true, prepare_nothing,
                     run_malloc},
};
