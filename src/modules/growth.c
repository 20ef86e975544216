/* Growth: twice the room in place, which copies nothing and leaves at most half unused, else four
 * times the room elsewhere. What an arena loses by moves is the blocks left behind: by doubling as
 * much again as the last one, by fourfold a third; so on average both take the same memory, and
 * fourfold copies half as much. Where fourfold would be more than half of what remains, twice, and
 * where that is not to be had, what is needed and no more.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include <bitena/growth_parts.h>

enum { FIRST_BYTES = 256 }; /* of a first block, or one element */

bitena_grown_ bitena_grow_(bitena *arena, void *at, size_t room, size_t need, size_t size,
                           size_t align, bitena_resize_verb_ *verb)
{
    size_t old_size = room * size, doubled = 2 * room;
    if (need <= doubled &&
        bitena_stays_(arena, at, old_size, bitena_times_(doubled, size), align)) {
        return (bitena_grown_){at, doubled};
    }
    size_t first = size < FIRST_BYTES ? FIRST_BYTES / size : 1, remaining = bitena_remaining(arena);
    struct {
        size_t room, most_bytes;
    } wishes[] = {{room ? 2 * doubled : first, room ? remaining / 2 : remaining},
                  {doubled, remaining}};
    int error = errno;
    for (int i = 0; i < 2; i++) {
        size_t bytes = bitena_times_(wishes[i].room, size);
        void *to = need < wishes[i].room && bytes <= wishes[i].most_bytes
                       ? bitena_try_resize(arena, at, old_size, bytes, align)
                       : NULL;
        errno = error;
        if (to) {
            return (bitena_grown_){to, wishes[i].room};
        }
    }
    return (bitena_grown_){verb(arena, at, old_size, bitena_times_(need, size), align), need};
}
