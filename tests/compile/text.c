/* The text module's macro in C: each argument is evaluated once, and may be no constant.
 * SPDX-License-Identifier: MIT */
#include <bitena/text.h>

bitena_bytes all_of_them(bitena *arena, const char **next);
bitena_bytes all_of_them(bitena *arena, const char **next)
{
    bitena_bytes first = bitena_text_concat(arena, *next++, "constant");
    return first.size ? first : bitena_text_try_concat(arena, *next);
}
