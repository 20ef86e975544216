/* A text that grows, and what is read into one.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <bitena/growth_parts.h>
#include <bitena/text.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { SPILL_BYTES = 256 }; /* what one read may bring beyond the room; a frame stays below 512 */

/* What the text holds of the arena. */
static size_t held(const bitena_text *text)
{
    return text->at ? text->room + 1 : 0;
}

/* `more` bytes, more than did, fit behind the text. -1: refused, and it is as it was. */
static int grow(bitena_text *text, size_t more, bitena_resize_verb_ *verb)
{
    size_t need = more < SIZE_MAX - text->size ? text->size + more + 1 : SIZE_MAX;
    bitena_grown_ block = bitena_grow_(text->arena, text->at, held(text), need, 1, 1, verb);
    if (!block.at) {
        return -1;
    }
    text->at = (char *)block.at;
    text->room = block.room - 1;
    return 0;
}

static bitena_text appended(bitena_text text, const void *bytes, size_t size,
                            bitena_resize_verb_ *verb)
{
    size_t inside = (uintptr_t)bytes - (uintptr_t)text.at;
    bool own = text.at && inside < text.size;
    if (size != 0 && grow(&text, size, verb) == 0) {
        memcpy(text.at + text.size, own ? text.at + inside : bytes, size);
        text.size += size;
    }
    return text;
}

bitena_text bitena_text_appended_(bitena_text text, const void *bytes, size_t size)
{
    bitena_require_(size == 0 || bytes, "bitena_text_append", "bytes");
    return appended(text, bytes, size, bitena_resize);
}

bitena_text bitena_text_try_appended_(bitena_text text, const void *bytes, size_t size)
{
    bitena_require_(size == 0 || bytes, "bitena_text_try_append", "bytes");
    return appended(text, bytes, size, bitena_try_resize);
}

bitena_text bitena_text_grown_(bitena_text text, size_t more)
{
    (void)grow(&text, more, bitena_resize);
    return text;
}

bitena_text bitena_text_try_grown_(bitena_text text, size_t more)
{
    (void)grow(&text, more, bitena_try_resize);
    return text;
}

void bitena_text_overrun_(size_t room, size_t size)
{
    char what[80];
    (void)snprintf(what, sizeof what, "%zu bytes into a room of %zu", size, room);
    bitena_misuse_("bitena_text_commit", what);
}

static __attribute__((format(printf, 2, 0))) int
append_print(bitena_text *text, const char *format, va_list arguments, bitena_resize_verb_ *verb)
{
    if (!text->at && grow(text, 1, verb) != 0) {
        return -1;
    }
    size_t room = text->room - text->size;
    int length = bitena_text_print_(text->at + text->size, room + 1, format, arguments);
    if (length > 0 && (size_t)length > room) {
        if (grow(text, (size_t)length, verb) != 0) {
            return -1;
        }
        (void)bitena_text_print_(text->at + text->size, (size_t)length + 1, format, arguments);
    }
    text->size += length > 0 ? (size_t)length : 0;
    return length < 0 ? -1 : 0;
}

int bitena_text_append_vprintf(bitena_text *text, const char *format, va_list arguments)
{
    BITENA_REQUIRE_(text);
    BITENA_REQUIRE_(format);
    return append_print(text, format, arguments, bitena_resize);
}

int bitena_text_try_append_vprintf(bitena_text *text, const char *format, va_list arguments)
{
    BITENA_REQUIRE_(text);
    BITENA_REQUIRE_(format);
    return append_print(text, format, arguments, bitena_try_resize);
}

int bitena_text_append_printf(bitena_text *text, const char *format, ...)
{
    BITENA_REQUIRE_(text);
    BITENA_REQUIRE_(format);
    va_list arguments;
    va_start(arguments, format);
    int result = append_print(text, format, arguments, bitena_resize);
    va_end(arguments);
    return result;
}

int bitena_text_try_append_printf(bitena_text *text, const char *format, ...)
{
    BITENA_REQUIRE_(text);
    BITENA_REQUIRE_(format);
    va_list arguments;
    va_start(arguments, format);
    int result = append_print(text, format, arguments, bitena_try_resize);
    va_end(arguments);
    return result;
}

bitena_bytes bitena_text_end_(bitena_text text)
{
    bitena_bytes bytes = bitena_text_so_far(&text);
    if (text.at) {
        int error = errno; /* what cannot go back stays */
        size_t kept = text.size ? text.size + 1 : 0;
        (void)bitena_try_resize(text.arena, text.at, held(&text), kept, 1);
        errno = error;
    }
    return bytes.size ? bytes : (bitena_bytes){"", 0};
}

/* ---- Reading ---- */

/* Bytes between where the descriptor stands and the file's end; 0 where that is not known. */
static size_t expected(int descriptor)
{
    struct stat about;
    bool known = fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode);
    off_t left = known ? about.st_size - lseek(descriptor, 0, SEEK_CUR) : 0;
    return left > 0 ? (size_t)left : 0;
}

/* What a read came to. FULL: the arena refused. */
enum outcome { AT_END, GO_ON, FULL, FAILED };

/* One read, into the room and what is beyond it on the stack: so a text that is exactly as large
 * as was expected needs no room to find its end. */
static enum outcome read_more(bitena_text *text, int descriptor)
{
    char spill[SPILL_BYTES];
    size_t room = text->room - text->size;
    struct iovec parts[2] = {{room ? text->at + text->size : spill, room}, {spill, sizeof spill}};
    ssize_t got = readv(descriptor, parts, 2);
    if (got <= 0) {
        return got == 0 ? AT_END : errno == EINTR ? GO_ON : FAILED;
    }
    size_t direct = (size_t)got < room ? (size_t)got : room;
    text->size += direct;
    return bitena_text_try_append(text, spill, (size_t)got - direct) == 0 ? GO_ON : FULL;
}

/* Where the arena refused, bytes->size is how many it could not hold. */
static enum outcome read_all(bitena *arena, int descriptor, bitena_bytes *bytes)
{
    int error = errno;
    bitena_text text = bitena_text_begin(arena);
    size_t size = expected(descriptor);
    enum outcome outcome = size && !bitena_text_try_window(&text, size) ? FULL : GO_ON;
    while (outcome == GO_ON) {
        outcome = read_more(&text, descriptor);
    }
    size_t needed = size > text.size ? size : text.size + 1;
    text.size = outcome == AT_END ? text.size : 0;
    *bytes = bitena_text_end(&text);
    if (outcome == AT_END) {
        errno = error;
    } else {
        bytes->size = needed;
    }
    return outcome;
}

static enum outcome read_file(bitena *arena, const char *path, bitena_bytes *bytes)
{
    int error = errno, descriptor;
    do {
        descriptor = open(path, O_RDONLY | O_CLOEXEC);
    } while (descriptor < 0 && errno == EINTR);
    if (descriptor < 0) {
        return FAILED;
    }
    errno = error;
    enum outcome outcome = read_all(arena, descriptor, bytes);
    error = errno;
    (void)close(descriptor);
    errno = error;
    return outcome;
}

/* A failure is reported only now, with nothing in hand, since the handler may jump away. */
static bitena_bytes given(bitena *arena, enum outcome outcome, bitena_bytes bytes, bool plain)
{
    if (outcome == FULL && plain) {
        bitena_fail_(arena, bytes.size + 1, 1, errno, NULL);
    }
    return outcome == AT_END ? bytes : (bitena_bytes){NULL, 0};
}

bitena_bytes bitena_text_read(bitena *arena, int descriptor)
{
    BITENA_REQUIRE_(arena);
    bitena_bytes bytes;
    enum outcome outcome = read_all(arena, descriptor, &bytes);
    return given(arena, outcome, bytes, true);
}

bitena_bytes bitena_text_try_read(bitena *arena, int descriptor)
{
    BITENA_REQUIRE_(arena);
    bitena_bytes bytes;
    enum outcome outcome = read_all(arena, descriptor, &bytes);
    return given(arena, outcome, bytes, false);
}

bitena_bytes bitena_text_read_file(bitena *arena, const char *path)
{
    BITENA_REQUIRE_(arena);
    BITENA_REQUIRE_(path);
    bitena_bytes bytes = {NULL, 0};
    enum outcome outcome = read_file(arena, path, &bytes);
    return given(arena, outcome, bytes, true);
}

bitena_bytes bitena_text_try_read_file(bitena *arena, const char *path)
{
    BITENA_REQUIRE_(arena);
    BITENA_REQUIRE_(path);
    bitena_bytes bytes = {NULL, 0};
    enum outcome outcome = read_file(arena, path, &bytes);
    return given(arena, outcome, bytes, false);
}
