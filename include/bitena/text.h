/* Text in an arena: copies, printf, joins, whole files, a text that grows, and slices of a text.
 * Everything that is made is zero terminated, has its size beside it and may hold zeros. Nothing
 * is freed: the memory goes back with the arena's reset, drop or rewind. No character sets: a
 * character is a byte. A growing text is doubled in place at the arena's floor, like an obstack's
 * object, but any number of them may grow, and other things be allocated meanwhile.
 * SPDX-License-Identifier: MIT
 *
 * Who may call: a growing text is one thread's at a time, slices are plain values. Otherwise who
 * may allocate from the arena: see bitena.h. Where the arena is full or not the caller's, plain
 * verbs call its failure handler; try_ verbs give .at NULL, NULL or -1 with errno ENOMEM,
 * EOVERFLOW or EPERM, and nothing is changed. errno is untouched by success. A parameter that is
 * NULL and may not be ends the process with one line that names it. Unless said otherwise the
 * cost is that of the bytes written. */
#ifndef BITENA_TEXT_H
#define BITENA_TEXT_H

#include <stdarg.h>

#include <bitena.h>

#ifdef __cplusplus
#include <initializer_list>
extern "C" {
#endif

/* Any `size` bytes, somebody else's: a slice. at may be NULL where size is 0. What this module
 * makes has a zero behind it, at[size]. */
typedef struct bitena_bytes {
    const char *at;
    size_t size;
} bitena_bytes;

/* The string s (not NULL) as a slice. */
BITENA_INLINE_ bitena_bytes bitena_text_of(const char *s);
/* 1 if both are the same bytes, zeros included; all that are empty are. Cost: the bytes compared. */
BITENA_INLINE_ int bitena_text_equal(bitena_bytes a, bitena_bytes b);

/* ---- New texts. .at is never NULL, but where a try_ verb is refused. An empty one takes no
 * memory. ---- */

/* A copy of a slice, zeros included. */
BITENA_API bitena_bytes bitena_text_copy(bitena *arena, bitena_bytes bytes);
BITENA_API bitena_bytes bitena_text_try_copy(bitena *arena, bitena_bytes bytes);

/* A copy of the string s (not NULL) up to its zero, or of its first `most` bytes if there is no
 * zero among them; nothing behind those is read. */
BITENA_API bitena_bytes bitena_text_copy_most(bitena *arena, const char *s, size_t most);
BITENA_API bitena_bytes bitena_text_try_copy_most(bitena *arena, const char *s, size_t most);

/* As printf, straight into the arena's free room: one pass, a second only if that was too small.
 * Formats of %s %c %d %i %u %% and %.*s alone, with l, ll or z, are written here, others by
 * vsnprintf, at two to three times the cost. Where that fails, .at is NULL in the plain verb too,
 * with its errno. */
BITENA_API bitena_bytes bitena_text_printf(bitena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
BITENA_API bitena_bytes bitena_text_try_printf(bitena *arena, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
BITENA_API bitena_bytes bitena_text_vprintf(bitena *arena, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
BITENA_API bitena_bytes bitena_text_try_vprintf(bitena *arena, const char *format,
                                                va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* The parts (NULL only with count 0) in their order, the separator between each two. */
BITENA_API bitena_bytes bitena_text_join(bitena *arena, bitena_bytes separator,
                                         const bitena_bytes *parts, size_t count);
BITENA_API bitena_bytes bitena_text_try_join(bitena *arena, bitena_bytes separator,
                                             const bitena_bytes *parts, size_t count);

/* bitena_bytes bitena_text_concat(arena, s, ...): one or more strings, none NULL, as one. */
#define bitena_text_concat(arena, ...) BITENA_CONCAT_(bitena_text_concat_, arena, __VA_ARGS__)
#define bitena_text_try_concat(arena, ...) \
    BITENA_CONCAT_(bitena_text_try_concat_, arena, __VA_ARGS__)

/* The text with every `old` in it, looked for from the left and not overlapping, replaced by
 * `by`. An empty `old` is nowhere. */
BITENA_API bitena_bytes bitena_text_replace(bitena *arena, bitena_bytes text, bitena_bytes old,
                                            bitena_bytes by);
BITENA_API bitena_bytes bitena_text_try_replace(bitena *arena, bitena_bytes text, bitena_bytes old,
                                                bitena_bytes by);

/* What is left to read of a descriptor, to its end; read_file: the file of this name. Files of a
 * known size in one piece; pipes, sockets and what /proc shows grow as they come, and so does a
 * file that is being written. What open or read refuses (ENOENT, EACCES, EISDIR, EAGAIN, ...)
 * gives .at NULL and errno in the plain verbs too; the bytes read are lost then. Where the arena
 * refuses, the plain verbs call its failure handler, size being what is known to be needed, with
 * nothing held: what was read is given back, the file of read_file closed. */
BITENA_API bitena_bytes bitena_text_read(bitena *arena, int descriptor);
BITENA_API bitena_bytes bitena_text_try_read(bitena *arena, int descriptor);
BITENA_API bitena_bytes bitena_text_read_file(bitena *arena, const char *path);
BITENA_API bitena_bytes bitena_text_try_read_file(bitena *arena, const char *path);

/* ---- A growing text ---- Fields may be read. size may be lowered: that cuts the text. It grows
 * in place while it is the last thing at the arena's floor, and else moves: pointers into it are
 * good until the next append. It may be dropped without an end. One that grows inside a scope may
 * move into the scope's memory. */
typedef struct bitena_text {
    char *at;    /* NULL while there is no room */
    size_t size; /* bytes of text */
    size_t room; /* bytes of text that fit; a zero fits behind them */
    bitena *arena;
} bitena_text;

/* An empty text in this arena (not NULL); takes no memory. */
BITENA_INLINE_ bitena_text bitena_text_begin(bitena *arena);

/* Adds `size` bytes, which may be the text's own (NULL only with size 0); a string; one
 * character. Cost: a compare and the copy; amortised O(1) moves of each byte. */
BITENA_INLINE_ void bitena_text_append(bitena_text *text, const void *bytes, size_t size);
BITENA_INLINE_ int bitena_text_try_append(bitena_text *text, const void *bytes, size_t size);
BITENA_INLINE_ void bitena_text_append_string(bitena_text *text, const char *s);
BITENA_INLINE_ int bitena_text_try_append_string(bitena_text *text, const char *s);
BITENA_INLINE_ void bitena_text_append_char(bitena_text *text, char c);
BITENA_INLINE_ int bitena_text_try_append_char(bitena_text *text, char c);

/* Adds what printf would print; the arguments must not point into the text. -1 with the errno of
 * vsnprintf where that fails, in the plain verbs too; 0 otherwise. */
BITENA_API int bitena_text_append_printf(bitena_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
BITENA_API int bitena_text_try_append_printf(bitena_text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
BITENA_API int bitena_text_append_vprintf(bitena_text *text, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
BITENA_API int bitena_text_try_append_vprintf(bitena_text *text, const char *format,
                                              va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* The free room behind the text, at least at_least bytes (room - size of them), to be written
 * into; good until the next append. commit makes its first `size` bytes text; more than there is
 * room for ends the process. at_least 0 of a text without room gives NULL. */
BITENA_INLINE_ char *bitena_text_window(bitena_text *text, size_t at_least);
BITENA_INLINE_ char *bitena_text_try_window(bitena_text *text, size_t at_least);
BITENA_INLINE_ void bitena_text_commit(bitena_text *text, size_t size);

/* The text so far, zero terminated until it changes. O(1). */
BITENA_INLINE_ bitena_bytes bitena_text_so_far(bitena_text *text);

/* The finished text where it stands, without a copy. Room that was not used goes back if the text
 * is the last thing at the floor. The growing text is empty and may begin anew. O(1). */
BITENA_INLINE_ bitena_bytes bitena_text_end(bitena_text *text);

/* ---- Slices of a text, without copying ---- Each call takes one off the front of *rest and
 * gives 1, or 0 when nothing is left. Neither pointer may be NULL. ---- */

/* A line, without its LF or CR LF. The last one need not have an end; no bytes are no line. */
BITENA_API int bitena_text_next_line(bitena_bytes *rest, bitena_bytes *line);

/* A field up to the separator, or to any byte of a set of them. Each separator divides two
 * fields, which may be empty: "a,,b," has four, "" has one. After the last one rest->at is NULL,
 * and a *rest that begins so has none. */
BITENA_API int bitena_text_next_field(bitena_bytes *rest, char separator, bitena_bytes *field);
BITENA_API int bitena_text_next_field_of(bitena_bytes *rest, bitena_bytes separators,
                                         bitena_bytes *field);

/* ---- What the above is made of ---- */
typedef bitena_bytes bitena_concat_verb_(bitena *arena, const char *const *strings, size_t count);
BITENA_API bitena_concat_verb_ bitena_text_concat_, bitena_text_try_concat_;
BITENA_API int bitena_text_print_(char *at, size_t room, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));
/* A growing text goes there and back by value, so that the caller's may live in registers. One that
 * was refused comes back as it went. */
BITENA_API bitena_text bitena_text_appended_(bitena_text text, const void *bytes, size_t size);
BITENA_API bitena_text bitena_text_try_appended_(bitena_text text, const void *bytes, size_t size);
BITENA_API bitena_text bitena_text_grown_(bitena_text text, size_t more);
BITENA_API bitena_text bitena_text_try_grown_(bitena_text text, size_t more);
BITENA_API bitena_bytes bitena_text_end_(bitena_text text);
BITENA_API void bitena_text_overrun_(size_t room, size_t size) __attribute__((noreturn, cold));

BITENA_INLINE_ bitena_bytes bitena_text_of(const char *s)
{
    BITENA_REQUIRE_(s);
    bitena_bytes bytes = {s, strlen(s)};
    return bytes;
}

BITENA_INLINE_ int bitena_text_equal(bitena_bytes a, bitena_bytes b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

BITENA_INLINE_ bitena_text bitena_text_begin(bitena *arena)
{
    BITENA_REQUIRE_(arena);
    bitena_text text = {NULL, 0, 0, arena};
    return text;
}

/* Short texts by two moves whose places overlap: less than a call. */
BITENA_INLINE_ void bitena_text_put_(char *to, const void *bytes, size_t size)
{
    const char *from = (const char *)bytes;
    if (__builtin_constant_p(size) || size > 16) {
        memcpy(to, from, size);
    } else if (size >= 8) {
        uint64_t head, tail;
        memcpy(&head, from, 8);
        memcpy(&tail, from + size - 8, 8);
        memcpy(to, &head, 8);
        memcpy(to + size - 8, &tail, 8);
    } else if (size >= 4) {
        uint32_t head, tail;
        memcpy(&head, from, 4);
        memcpy(&tail, from + size - 4, 4);
        memcpy(to, &head, 4);
        memcpy(to + size - 4, &tail, 4);
    } else {
        char head = from[0], middle = from[size / 2], tail = from[size - 1];
        to[0] = head;
        to[size / 2] = middle;
        to[size - 1] = tail;
    }
}

/* size - 1 sends 0 bytes the slow way too, where nothing may be NULL. */
BITENA_INLINE_ int bitena_text_add_(bitena_text *text, const void *bytes, size_t size)
{
    if (__builtin_expect(bytes && size - 1 < text->room - text->size, 1)) {
        bitena_text_put_(text->at + text->size, bytes, size);
        text->size += size;
        return 1;
    }
    return 0;
}

BITENA_INLINE_ void bitena_text_append(bitena_text *text, const void *bytes, size_t size)
{
    BITENA_REQUIRE_(text);
    if (!bitena_text_add_(text, bytes, size)) {
        *text = bitena_text_appended_(*text, bytes, size);
    }
}

BITENA_INLINE_ int bitena_text_try_append(bitena_text *text, const void *bytes, size_t size)
{
    BITENA_REQUIRE_(text);
    if (bitena_text_add_(text, bytes, size)) {
        return 0;
    }
    size_t before = text->size;
    *text = bitena_text_try_appended_(*text, bytes, size);
    return text->size - before == size ? 0 : -1;
}

BITENA_INLINE_ void bitena_text_append_string(bitena_text *text, const char *s)
{
    bitena_text_append(text, s, s ? strlen(s) : 1);
}

BITENA_INLINE_ int bitena_text_try_append_string(bitena_text *text, const char *s)
{
    return bitena_text_try_append(text, s, s ? strlen(s) : 1);
}

/* The character is put into memory on the slow way only. */
BITENA_INLINE_ void bitena_text_append_char(bitena_text *text, char c)
{
    if (__builtin_expect(text && text->size < text->room, 1)) {
        text->at[text->size++] = c;
    } else {
        const char bytes[1] = {c};
        bitena_text_append(text, bytes, 1);
    }
}

BITENA_INLINE_ int bitena_text_try_append_char(bitena_text *text, char c)
{
    if (__builtin_expect(text && text->size < text->room, 1)) {
        text->at[text->size++] = c;
        return 0;
    }
    const char bytes[1] = {c};
    return bitena_text_try_append(text, bytes, 1);
}

BITENA_INLINE_ char *bitena_text_free_(const bitena_text *text, size_t at_least)
{
    return text->at && at_least <= text->room - text->size ? text->at + text->size : NULL;
}

BITENA_INLINE_ char *bitena_text_window(bitena_text *text, size_t at_least)
{
    BITENA_REQUIRE_(text);
    if (at_least > text->room - text->size) {
        *text = bitena_text_grown_(*text, at_least);
    }
    return bitena_text_free_(text, at_least);
}

BITENA_INLINE_ char *bitena_text_try_window(bitena_text *text, size_t at_least)
{
    BITENA_REQUIRE_(text);
    if (at_least > text->room - text->size) {
        *text = bitena_text_try_grown_(*text, at_least);
    }
    return bitena_text_free_(text, at_least);
}

BITENA_INLINE_ void bitena_text_commit(bitena_text *text, size_t size)
{
    BITENA_REQUIRE_(text);
    if (size > text->room - text->size) {
        bitena_text_overrun_(text->room - text->size, size);
    }
    text->size += size;
}

BITENA_INLINE_ bitena_bytes bitena_text_so_far(bitena_text *text)
{
    BITENA_REQUIRE_(text);
    bitena_bytes bytes = {"", 0};
    if (text->at) {
        text->at[text->size] = 0;
        bytes.at = text->at;
        bytes.size = text->size;
    }
    return bytes;
}

BITENA_INLINE_ bitena_bytes bitena_text_end(bitena_text *text)
{
    BITENA_REQUIRE_(text);
    bitena_text whole = *text;
    *text = bitena_text_begin(text->arena);
    return bitena_text_end_(whole);
}

#ifdef __cplusplus
} /* extern "C" */

#define BITENA_CONCAT_(verb, arena, ...) bitena_concat_list_(verb, arena, {__VA_ARGS__})
inline bitena_bytes bitena_concat_list_(bitena_concat_verb_ *verb, bitena *arena,
                                        std::initializer_list<const char *> strings)
{
    return verb(arena, strings.begin(), strings.size());
}
#else
#define BITENA_CONCAT_(verb, arena, ...)              \
    verb(arena, (const char *const[]){__VA_ARGS__},   \
         sizeof((const char *const[]){__VA_ARGS__}) / \
             sizeof(const char *)) /* sizeof evaluates nothing */
#endif

#endif
