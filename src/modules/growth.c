/* Growth: twice the room in place, which copies nothing and leaves at most half unused, else four
 * times the room elsewhere. What an arena loses by moves is the blocks left behind: by doubling as
 * much again as the last one, by fourfold a third; so on average both take the same memory, and
 * fourfold copies a third of it; where fourfold would be more than half of what remains, twice. Where
 * there is no room for that, what is needed and no more.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>

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
    size_t first = size < FIRST_BYTES ? FIRST_BYTES / size : 1;
    bool is_modest = bitena_times_(2 * doubled, size) <= bitena_remaining(arena) / 2;
    size_t wishes[] = {!room ? first : is_modest ? 2 * doubled : 0, doubled, need};
    bitena_grown_ block = {NULL, need};
    int error = errno;
    for (int i = 0; !block.at && i < 3; i++) {
        if (need <= wishes[i]) {
            bitena_resize_verb_ *last = wishes[i] == need ? verb : bitena_try_resize;
            errno = error;
            block.at = last(arena, at, old_size, bitena_times_(wishes[i], size), align);
            block.room = wishes[i];
        }
    }
    return block;
}
