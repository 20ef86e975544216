/* Callers of the public header's inline verbs, as a program has them: tools/static compiles this
 * file and allows no locked instruction in what becomes of it. It is not run.
 * SPDX-License-Identifier: MIT */
#include <bitena.h>

struct pair {
    long x, y;
};

void *call_alloc(bitena *arena, size_t size, size_t align);
void *call_try_alloc(bitena *arena, size_t size, size_t align);
struct pair *call_make(bitena *arena);
long *call_slice(bitena *arena, size_t count);
long *call_try_uninit(bitena *arena, size_t count);
long *call_resize(bitena *arena, long *row, size_t count);
void call_scope(bitena *arena);
void call_child(bitena *arena);

void *call_alloc(bitena *arena, size_t size, size_t align)
{
    return bitena_alloc(arena, size, align);
}

void *call_try_alloc(bitena *arena, size_t size, size_t align)
{
    return bitena_try_alloc(arena, size, align);
}

struct pair *call_make(bitena *arena)
{
    return bitena_make(arena, struct pair, .x = 1, .y = 2);
}

long *call_slice(bitena *arena, size_t count)
{
    return bitena_alloc_slice(arena, long, count);
}

long *call_try_uninit(bitena *arena, size_t count)
{
    return bitena_try_alloc_uninit(arena, long, count);
}

long *call_resize(bitena *arena, long *row, size_t count)
{
    return bitena_resize_slice(arena, long, row, count, 2 * count);
}

void call_scope(bitena *arena)
{
    BITENA_SCOPE (arena) {
        (void)bitena_alloc(arena, 24, 8);
    }
}

void call_child(bitena *arena)
{
    BITENA_CHILD(child, arena);
    (void)bitena_alloc(child, 24, 8);
}
