/* How a vector's block grows and shrinks, whatever stands in it. It doubles by bitena_resize, in
 * place while it is the last thing at the floor, so that pushes move an element O(1) times; where
 * there is no room to double, it takes what is needed and no more.
 * SPDX-License-Identifier: MIT */
#include <bitena/vector.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

enum { FIRST_BYTES = 256 }; /* of a vector's first block, or one element */

typedef void *resize_verb(bitena *arena, void *p, size_t old_size, size_t new_size, size_t align);

void bitena_vector_misuse_(const char *function, size_t index, size_t count)
{
    char what[80];
    (void)snprintf(what, sizeof what, "index %zu in a vector of %zu", index, count);
    bitena_misuse_(function, what);
}

static bitena_vector_room_ grown(bitena *arena, void *at, size_t room, size_t more, size_t size,
                                 size_t align, resize_verb *verb)
{
    int error = errno;
    size_t need = more <= SIZE_MAX - room ? room + more : SIZE_MAX;
    size_t old_size = room * size;
    size_t doubled = room ? 2 * room : size < FIRST_BYTES ? FIRST_BYTES / size : 1;
    bitena_vector_room_ block = {NULL, need};
    if (need < doubled) {
        block.at = bitena_try_resize(arena, at, old_size, bitena_times_(doubled, size), align);
        block.room = block.at ? doubled : need;
        errno = error;
    }
    if (!block.at) {
        block.at = verb(arena, at, old_size, bitena_times_(need, size), align);
    }
    return block;
}

bitena_vector_room_ bitena_vector_grown_(bitena *arena, void *at, size_t room, size_t more,
                                         size_t size, size_t align)
{
    return grown(arena, at, room, more, size, align, bitena_resize);
}

bitena_vector_room_ bitena_vector_try_grown_(bitena *arena, void *at, size_t room, size_t more,
                                             size_t size, size_t align)
{
    return grown(arena, at, room, more, size, align, bitena_try_resize);
}

/* A stranger cannot: all stays then. */
bitena_vector_room_ bitena_vector_shrunk_(bitena *arena, void *at, size_t room, size_t more,
                                          size_t size, size_t align)
{
    int error = errno;
    bool given = at && bitena_try_resize(arena, at, room * size, more * size, align);
    errno = error;
    bitena_vector_room_ block = {given && more == 0 ? NULL : at, given ? more : room};
    return block;
}
