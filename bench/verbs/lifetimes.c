/* The verbs of lifetimes inside an arena: marks, scopes, cleanups.
 * SPDX-License-Identifier: MIT */
#include "verbs.h"

static void cleanup(void *argument)
{
    (void)argument;
}

VERB(save)
{
    PLANTED_CALL
    bitena_mark mark = bitena_save(arena);
    return (void *)(uintptr_t)mark.number;
}
VERB(save_exact)
{
    bitena_mark mark = bitena_save(arena);
    return (void *)(uintptr_t)mark.number;
}
VERB(rewind_nothing)
{
    (void)bitena_rewind(arena, scene->mark);
    return NULL;
}
VERB(rewind_10)
{
    (void)bitena_rewind(arena, scene->mark);
    return NULL;
}
VERB(rewind_10_exact)
{
    (void)bitena_rewind(arena, scene->mark);
    return NULL;
}
VERB(rewind_leases)
{
    (void)bitena_rewind(arena, scene->mark);
    return NULL;
}
VERB(rewind_cleanup)
{
    (void)bitena_rewind(arena, scene->mark);
    return NULL;
}
VERB(defer)
{
    bitena_defer(arena, cleanup, scene);
    return NULL;
}
VERB(defer_exact)
{
    bitena_defer(arena, cleanup, scene);
    return NULL;
}

/* To compare the scopes with. */
VERB(alloc_10_times)
{
    for (int i = 0; i < TEN; i++) {
        (void)bitena_alloc(arena, 16, 8);
    }
    return NULL;
}
VERB(scope_empty)
{
    BITENA_SCOPE (arena) {
    }
    return NULL;
}
VERB(scope_10)
{
    BITENA_SCOPE (arena) {
        for (int i = 0; i < TEN; i++) {
            (void)bitena_alloc(arena, 16, 8);
        }
    }
    return NULL;
}
VERB(scope_10_stranger)
{
    BITENA_SCOPE (arena) {
        for (int i = 0; i < TEN; i++) {
            (void)bitena_alloc(arena, 16, 8);
        }
    }
    return NULL;
}
VERB(scope_10_exact)
{
    BITENA_SCOPE (arena) {
        for (int i = 0; i < TEN; i++) {
            (void)bitena_alloc(arena, 16, 8);
        }
    }
    return NULL;
}

/* Two leases lie behind the mark, with the child's between them. */
static void prepare_leases(struct scene *scene)
{
    for (int i = 0; i < 2; i++) {
        use_up(scene->other);
        (void)bitena_alloc(scene->other, 16, 8);
        use_up(scene->arena);
        (void)bitena_alloc(scene->arena, 16, 8);
    }
}

static void open_beside_child_marked(struct scene *scene)
{
    open_beside_child(scene);
    mark_here(scene);
}

static void prepare_cleanup(struct scene *scene)
{
    bitena_defer(scene->arena, cleanup, scene);
}

const struct verb_case lifetime_verbs[] = {
    CASE(save, "bitena_save", open_marked, NULL, rewind_here, 0, 0, 0),
    CASE(save_exact, "bitena_save, EXACT", open_exact_marked, NULL, rewind_here, 0, 0, 0),
    CASE(rewind_nothing, "bitena_rewind, nothing to give back", open_marked, NULL, NULL, 0, 0, 0),
    CASE(rewind_10, "bitena_rewind past 10 objects", open_marked, prepare_ten, NULL, 0, 0, 0),
    CASE(rewind_10_exact, "the same, EXACT", open_exact_marked, prepare_ten, NULL, 0, 0, 0),
    CASE(rewind_leases, "bitena_rewind past two leases", open_beside_child_marked, prepare_leases,
         NULL, 0, 0, 0),
    CASE(rewind_cleanup, "bitena_rewind past one deferred call", open_marked, prepare_cleanup, NULL,
         0, 0, 0),
    CASE(defer, "bitena_defer", open_marked, NULL, rewind_here, 0, 0, 0),
    CASE(defer_exact, "bitena_defer, EXACT", open_exact_marked, NULL, rewind_here, 0, 0, 0),
    CASE(alloc_10_times, "a loop of 10 bitena_alloc(16, 8)", open_shared, leave_room, NULL, 1, 0,
         0),
    CASE(scope_empty, "BITENA_SCOPE around nothing", open_shared, leave_room, NULL, 0, 0, 0),
    CASE(scope_10, "BITENA_SCOPE around that loop", open_shared, leave_room, NULL, 0, 0, 0),
    CASE(scope_10_stranger, "the same by a thread that is not the owner", open_shared, leave_room,
         NULL, 0, 0, 1),
    CASE(scope_10_exact, "the same, EXACT", open_exact, NULL, NULL, 0, 0, 0),
    {NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0},
};
