/* A vector's block, whatever stands in it.
 * SPDX-License-Identifier: MIT */
#include <bitena/growth_parts.h>
#include <bitena/vector.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

void bitena_vector_misuse_(const char *function, size_t index, size_t count)
{
    char what[80];
    (void)snprintf(what, sizeof what, "index %zu in a vector of %zu", index, count);
    bitena_misuse_(function, what);
}

static bitena_vector_room_ grown(bitena *arena, void *at, size_t room, size_t more, size_t size,
                                 size_t align, bitena_resize_verb_ *verb)
{
    size_t need = more <= SIZE_MAX - room ? room + more : SIZE_MAX;
    bitena_grown_ block = bitena_grow_(arena, at, room, need, size, align, verb);
    return (bitena_vector_room_){block.at, block.room};
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
