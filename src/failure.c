/* What happens when a plain verb cannot serve: the arena's handler, or one line on stderr; then
 * abort. Formats into the stack and writes without stdio's locks, so that a failure inside
 * another library's lock still reports.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core.h"

static const struct {
    int error;
    const char *text;
} reasons[] = {
    {ENOMEM, "no room"},
    {EINVAL, "the alignment is not a power of two"},
    {EOVERFLOW, "the size is too large for any memory"},
    {EPERM, "the arena belongs to another thread"},
};

static const char *reason_of(int error)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        if (reasons[i].error == error) {
            return reasons[i].text;
        }
    }
    return "error";
}

void fail(const struct arena *arena, size_t size, size_t align, int error, const char *reason)
{
    if (arena->on_failure) {
        arena->on_failure(arena->context, public_of(arena), size, align, error);
    } else {
        char line[320]; /* the longest: 80 bytes of name, four numbers, the text */
        int length = snprintf(line, sizeof line,
                              "bitena: arena '%.80s': asked for %zu bytes aligned to %zu, "
                              "%zu of %zu bytes remain: %s\n",
                              arena->name, size, align, bitena_remaining(public_of(arena)),
                              arena->pool->capacity, reason ? reason : reason_of(error));
        platform_write_error(line, (size_t)length);
    }
    abort();
}

void bitena_fail_(bitena *arena, size_t size, size_t align, int error, const char *reason)
{
    fail(arena_of(arena), size, align, error, reason);
}

void bitena_misuse_(const char *function, const char *what)
{
    char line[200]; /* the longest: 80 bytes of text, 100 of a name, which may be the user's */
    int length = snprintf(line, sizeof line, "bitena: %.100s: %.80s\n", function, what);
    platform_write_error(line, (size_t)length);
    abort();
}

void bitena_null_(const char *function, const char *parameter)
{
    char what[80];
    (void)snprintf(what, sizeof what, "parameter '%s' is NULL", parameter);
    bitena_misuse_(function, what);
}
