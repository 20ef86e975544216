/* The verbs of whole arenas: children, reset, numbers, making and dropping. What the kernel does in
 * a system call is not counted.
 * SPDX-License-Identifier: MIT */
#include "verbs.h"

enum { BUFFER_BYTES = 64 << 10 };

VERB(child_drop)
{
    bitena_drop(bitena_new_child(arena));
    return NULL;
}
VERB(child_10_drop)
{
    bitena *child = bitena_new_child(arena);
    for (int i = 0; i < TEN; i++) {
        (void)bitena_alloc(child, 16, 8);
    }
    bitena_drop(child);
    return NULL;
}
VERB(child_10_drop_stranger)
{
    bitena *child = bitena_new_child(arena);
    for (int i = 0; i < TEN; i++) {
        (void)bitena_alloc(child, 16, 8);
    }
    bitena_drop(child);
    return NULL;
}
VERB(child_10_drop_exact)
{
    bitena *child = bitena_new_child(arena);
    for (int i = 0; i < TEN; i++) {
        (void)bitena_alloc(child, 16, 8);
    }
    bitena_drop(child);
    return NULL;
}
VERB(new_child)
{
    return bitena_new_child(arena);
}
VERB(drop_child)
{
    bitena_drop(scene->other);
    return NULL;
}
VERB(absorb)
{
    (void)bitena_absorb(arena, scene->other);
    return NULL;
}
VERB(own)
{
    (void)bitena_own(arena);
    return NULL;
}
VERB(reset)
{
    (void)bitena_reset(arena);
    return NULL;
}
VERB(reset_child)
{
    (void)bitena_reset(arena);
    return NULL;
}
VERB(reset_exact)
{
    (void)bitena_reset(arena);
    return NULL;
}
VERB(capacity)
{
    return (void *)bitena_capacity(arena);
}
VERB(remaining)
{
    return (void *)bitena_remaining(arena);
}
VERB(used)
{
    return (void *)bitena_used(arena);
}
VERB(used_child)
{
    return (void *)bitena_used(arena);
}
VERB(trim)
{
    (void)bitena_trim(arena, 0);
    return NULL;
}
VERB(new_drop)
{
    bitena_drop(bitena_new(BUFFER_BYTES));
    return NULL;
}
VERB(init_drop)
{
    bitena_drop(bitena_init(scene->buffer, BUFFER_BYTES, NULL));
    return NULL;
}

static void open_buffer(struct scene *scene)
{
    static _Alignas(4096) char buffer[BUFFER_BYTES];
    open_shared(scene);
    scene->buffer = buffer;
}

static void drop_made_child(struct scene *scene)
{
    bitena_drop((bitena *)scene->run);
}

static void make_child_of_ten(struct scene *scene)
{
    scene->other = checked(bitena_new_child(scene->arena));
    take_ten(scene->other);
}

const struct verb_case arena_verbs[] = {
    CASE(child_drop, "bitena_new_child and bitena_drop", open_shared, leave_room, NULL, 0, 0, 0),
    CASE(child_10_drop, "the same with 10 objects of 16 bytes", open_shared, leave_room, NULL, 0, 0,
         0),
    CASE(child_10_drop_stranger, "the same by a thread that is not the parent's owner", open_shared,
         leave_room, NULL, 0, 0, 1),
    CASE(child_10_drop_exact, "the same in an EXACT parent", open_exact, NULL, NULL, 0, 0, 0),
    CASE(new_child, "bitena_new_child", open_shared, NULL, drop_made_child, 0, 0, 0),
    CASE(drop_child, "bitena_drop of a child with 10 objects", open_shared, make_child_of_ten, NULL,
         0, 0, 0),
    CASE(absorb, "bitena_absorb of a child with 10 objects", open_shared, make_child_of_ten, NULL,
         0, 0, 0),
    CASE(own, "bitena_own", open_local, NULL, NULL, 0, 0, 0),
    CASE(reset, "bitena_reset after 10 objects", open_shared, prepare_ten, NULL, 0, 0, 0),
    CASE(reset_child, "bitena_reset of a child after 10 objects", open_child, prepare_ten, NULL, 0,
         0, 0),
    CASE(reset_exact, "bitena_reset after 10 objects, EXACT", open_exact, prepare_ten, NULL, 0, 0,
         0),
    CASE(capacity, "bitena_capacity", open_shared, NULL, NULL, 0, 0, 0),
    CASE(remaining, "bitena_remaining", open_shared, NULL, NULL, 0, 0, 0),
    CASE(used, "bitena_used", open_shared, NULL, NULL, 0, 0, 0),
    CASE(used_child, "bitena_used of a child", open_child, NULL, NULL, 0, 0, 0),
    CASE(trim, "bitena_trim(0)", open_shared, NULL, NULL, 0, 0, 0),
    CASE(new_drop, "bitena_new(64 KiB) and bitena_drop", open_shared, NULL, NULL, 0, 0, 0),
    CASE(init_drop, "bitena_init in 64 KiB and bitena_drop", open_buffer, NULL, NULL, 0, 0, 0),
    {NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0},
};
