/* New texts and slices of texts. What is made is taken at the floor, where nothing is lost to
 * alignment; through a window where its size is not known before it is written. The plain and the
 * try_ form of each function are one function that is told which verb gives memory. What grows is
 * in text_grow.c.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <bitena/text.h>

#include <errno.h>
#include <stdbool.h>

enum { WINDOW_BYTES = 128 }; /* what a printf asks for without knowing its size */

typedef void *resize_verb(bitena *arena, void *p, size_t old_size, size_t new_size, size_t align);

static const bitena_bytes refused = {NULL, 0};
static const bitena_bytes empty = {"", 0};

static void require_bytes(bitena_bytes bytes, const char *function, const char *parameter)
{
    bitena_require_(bytes.size == 0 || bytes.at, function, parameter);
}
#define REQUIRE_BYTES(parameter) require_bytes(parameter, __func__, #parameter ".at")

/* SIZE_MAX where that overflows; what asks for so much is refused. */
static size_t sum(size_t a, size_t b)
{
    return a <= SIZE_MAX - b ? a + b : SIZE_MAX;
}

/* Room for `size` bytes and a zero, which is written. */
static char *take(bitena *arena, size_t size, resize_verb *verb)
{
    char *at = (char *)verb(arena, NULL, 0, sum(size, 1), 1);
    if (at) {
        at[size] = 0;
    }
    return at;
}

/* Where it ends; nothing may be copied from nowhere. */
static char *put(char *to, bitena_bytes bytes)
{
    if (bytes.size) {
        bitena_text_put_(to, bytes.at, bytes.size);
    }
    return to + bytes.size;
}

/* ---- New texts ---- */

static bitena_bytes copied(char *copy, size_t size)
{
    bitena_bytes bytes = {copy, copy ? size : 0};
    return bytes;
}

bitena_bytes bitena_text_copy(bitena *arena, bitena_bytes bytes)
{
    BITENA_REQUIRE_(arena);
    REQUIRE_BYTES(bytes);
    return copied(bitena_alloc_strn(arena, bytes.at, bytes.size), bytes.size);
}

bitena_bytes bitena_text_try_copy(bitena *arena, bitena_bytes bytes)
{
    BITENA_REQUIRE_(arena);
    REQUIRE_BYTES(bytes);
    return copied(bitena_try_alloc_strn(arena, bytes.at, bytes.size), bytes.size);
}

bitena_bytes bitena_text_copy_most(bitena *arena, const char *s, size_t most)
{
    BITENA_REQUIRE_(arena);
    BITENA_REQUIRE_(s);
    size_t size = strnlen(s, most);
    return copied(bitena_alloc_strn(arena, s, size), size);
}

bitena_bytes bitena_text_try_copy_most(bitena *arena, const char *s, size_t most)
{
    BITENA_REQUIRE_(arena);
    BITENA_REQUIRE_(s);
    size_t size = strnlen(s, most);
    return copied(bitena_try_alloc_strn(arena, s, size), size);
}

static __attribute__((format(printf, 2, 0))) bitena_bytes
print_new(bitena *arena, const char *format, va_list arguments, resize_verb *verb)
{
    int error = errno;
    size_t room = 0;
    char *at = (char *)bitena_try_window(arena, WINDOW_BYTES, 1, &room);
    errno = error;
    int length = bitena_text_print_(at, room, format, arguments);
    bool whole = length >= 0 && (size_t)length < room;
    if (at) {
        bitena_commit(arena, at, room, whole && length ? (size_t)length + 1 : 0);
    }
    if (length <= 0) {
        return length ? refused : empty;
    }
    if (!whole) {
        at = take(arena, (size_t)length, verb);
        if (!at) {
            return refused;
        }
        (void)bitena_text_print_(at, (size_t)length + 1, format, arguments);
    }
    return (bitena_bytes){at, (size_t)length};
}

bitena_bytes bitena_text_vprintf(bitena *arena, const char *format, va_list arguments)
{
    BITENA_REQUIRE_(arena);
    BITENA_REQUIRE_(format);
    return print_new(arena, format, arguments, bitena_resize);
}

bitena_bytes bitena_text_try_vprintf(bitena *arena, const char *format, va_list arguments)
{
    BITENA_REQUIRE_(arena);
    BITENA_REQUIRE_(format);
    return print_new(arena, format, arguments, bitena_try_resize);
}

bitena_bytes bitena_text_printf(bitena *arena, const char *format, ...)
{
    BITENA_REQUIRE_(arena);
    BITENA_REQUIRE_(format);
    va_list arguments;
    va_start(arguments, format);
    bitena_bytes bytes = print_new(arena, format, arguments, bitena_resize);
    va_end(arguments);
    return bytes;
}

bitena_bytes bitena_text_try_printf(bitena *arena, const char *format, ...)
{
    BITENA_REQUIRE_(arena);
    BITENA_REQUIRE_(format);
    va_list arguments;
    va_start(arguments, format);
    bitena_bytes bytes = print_new(arena, format, arguments, bitena_try_resize);
    va_end(arguments);
    return bytes;
}

static bitena_bytes join(bitena *arena, bitena_bytes separator, const bitena_bytes *parts,
                         size_t count, resize_verb *verb, const char *function)
{
    bitena_require_(arena != NULL, function, "arena");
    require_bytes(separator, function, "separator.at");
    bitena_require_(count == 0 || parts, function, "parts");
    size_t size = count ? bitena_times_(count - 1, separator.size) : 0;
    for (size_t i = 0; i < count; i++) {
        require_bytes(parts[i], function, "parts[].at");
        size = sum(size, parts[i].size);
    }
    char *at = size ? take(arena, size, verb) : NULL;
    if (!at) {
        return size ? refused : empty;
    }
    char *end = put(at, parts[0]);
    for (size_t i = 1; i < count; i++) {
        end = put(put(end, separator), parts[i]);
    }
    return (bitena_bytes){at, size};
}

bitena_bytes bitena_text_join(bitena *arena, bitena_bytes separator, const bitena_bytes *parts,
                              size_t count)
{
    return join(arena, separator, parts, count, bitena_resize, __func__);
}

bitena_bytes bitena_text_try_join(bitena *arena, bitena_bytes separator, const bitena_bytes *parts,
                                  size_t count)
{
    return join(arena, separator, parts, count, bitena_try_resize, __func__);
}

static bitena_bytes concat(bitena *arena, const char *const *strings, size_t count,
                           resize_verb *verb, const char *function)
{
    bitena_require_(arena != NULL, function, "arena");
    size_t size = 0;
    for (size_t i = 0; i < count; i++) {
        bitena_require_(strings[i] != NULL, function, "s");
        size = sum(size, strlen(strings[i]));
    }
    char *at = size ? take(arena, size, verb) : NULL;
    if (!at) {
        return size ? refused : empty;
    }
    char *end = at;
    for (size_t i = 0; i < count; i++) {
        end = stpcpy(end, strings[i]);
    }
    return (bitena_bytes){at, size};
}

bitena_bytes bitena_text_concat_(bitena *arena, const char *const *strings, size_t count)
{
    return concat(arena, strings, count, bitena_resize, "bitena_text_concat");
}

bitena_bytes bitena_text_try_concat_(bitena *arena, const char *const *strings, size_t count)
{
    return concat(arena, strings, count, bitena_try_resize, "bitena_text_try_concat");
}

/* What stands before the next `old` in the rest, which it leaves behind that; false: there is
 * none, and the rest is as it was. */
static bool next_piece(bitena_bytes *rest, bitena_bytes old, bitena_bytes *piece)
{
    const char *found = rest->size && old.size
                            ? (const char *)memmem(rest->at, rest->size, old.at, old.size)
                            : NULL;
    if (!found) {
        return false;
    }
    *piece = (bitena_bytes){rest->at, (size_t)(found - rest->at)};
    rest->at = found + old.size;
    rest->size -= piece->size + old.size;
    return true;
}

static bitena_bytes replace(bitena *arena, bitena_bytes text, bitena_bytes old, bitena_bytes by,
                            resize_verb *verb, const char *function)
{
    bitena_require_(arena != NULL, function, "arena");
    require_bytes(text, function, "text.at");
    require_bytes(old, function, "old.at");
    require_bytes(by, function, "by.at");
    bitena_bytes rest = text, piece;
    size_t size = 0;
    while (next_piece(&rest, old, &piece)) {
        size = sum(size, sum(piece.size, by.size));
    }
    size = sum(size, rest.size);
    char *at = size ? take(arena, size, verb) : NULL;
    if (!at) {
        return size ? refused : empty;
    }
    char *end = at;
    rest = text;
    while (next_piece(&rest, old, &piece)) {
        end = put(put(end, piece), by);
    }
    (void)put(end, rest);
    return (bitena_bytes){at, size};
}

bitena_bytes bitena_text_replace(bitena *arena, bitena_bytes text, bitena_bytes old,
                                 bitena_bytes by)
{
    return replace(arena, text, old, by, bitena_resize, __func__);
}

bitena_bytes bitena_text_try_replace(bitena *arena, bitena_bytes text, bitena_bytes old,
                                     bitena_bytes by)
{
    return replace(arena, text, old, by, bitena_try_resize, __func__);
}

/* ---- Slices ---- */

/* The first `size` bytes of the rest; they and the `end` bytes behind them leave it. */
static bitena_bytes take_off(bitena_bytes *rest, size_t size, size_t end)
{
    bitena_bytes piece = {rest->at, size};
    rest->at += size + end;
    rest->size -= size + end;
    return piece;
}

int bitena_text_next_line(bitena_bytes *rest, bitena_bytes *line)
{
    BITENA_REQUIRE_(rest);
    BITENA_REQUIRE_(line);
    if (rest->size == 0) {
        return 0;
    }
    REQUIRE_BYTES(*rest);
    const char *end = (const char *)memchr(rest->at, '\n', rest->size);
    *line = take_off(rest, end ? (size_t)(end - rest->at) : rest->size, end != NULL);
    if (end && line->size && line->at[line->size - 1] == '\r') {
        line->size--;
    }
    return 1;
}

/* end: the separator's place; NULL: there is none. */
static void take_field(bitena_bytes *rest, const char *end, bitena_bytes *field)
{
    *field = take_off(rest, end ? (size_t)(end - rest->at) : rest->size, end != NULL);
    if (!end) {
        rest->at = NULL;
    }
}

int bitena_text_next_field(bitena_bytes *rest, char separator, bitena_bytes *field)
{
    BITENA_REQUIRE_(rest);
    BITENA_REQUIRE_(field);
    REQUIRE_BYTES(*rest);
    if (!rest->at) {
        return 0;
    }
    take_field(rest, (const char *)memchr(rest->at, separator, rest->size), field);
    return 1;
}

int bitena_text_next_field_of(bitena_bytes *rest, bitena_bytes separators, bitena_bytes *field)
{
    BITENA_REQUIRE_(rest);
    BITENA_REQUIRE_(field);
    REQUIRE_BYTES(*rest);
    REQUIRE_BYTES(separators);
    uint64_t set[4] = {0};
    for (size_t i = 0; i < separators.size; i++) {
        unsigned char c = (unsigned char)separators.at[i];
        set[c / 64] |= (uint64_t)1 << c % 64;
    }
    if (!rest->at) {
        return 0;
    }
    const char *end = NULL;
    for (size_t i = 0; i < rest->size && !end; i++) {
        unsigned char c = (unsigned char)rest->at[i];
        end = set[c / 64] >> c % 64 & 1 ? rest->at + i : NULL;
    }
    take_field(rest, end, field);
    return 1;
}
