/* The text module from C++17: its inline functions and the macro that C++ has another form of.
 * SPDX-License-Identifier: MIT */
#include <bitena/text.h>

bitena_bytes everything(bitena *arena, const char *s)
{
    bitena_text text = bitena_text_begin(arena);
    bitena_text_append(&text, s, 1);
    bitena_text_append_string(&text, "string");
    bitena_text_append_char(&text, 'c');
    (void)bitena_text_append_printf(&text, "%d", 1);
    if (bitena_text_try_append(&text, s, 1) != 0 || bitena_text_try_append_string(&text, s) != 0 ||
        bitena_text_try_append_char(&text, 'c') != 0 || !bitena_text_try_window(&text, 1)) {
        return bitena_text_so_far(&text);
    }
    *bitena_text_window(&text, 1) = 'w';
    bitena_text_commit(&text, 1);
    (void)bitena_text_try_concat(arena, s);
    bitena_bytes parts[] = {bitena_text_concat(arena, s, "and", s), bitena_text_end(&text)};
    bitena_bytes rest = bitena_text_join(arena, bitena_text_of(","), parts, 2), line = rest;
    return bitena_text_next_line(&rest, &line) ? line : rest;
}
