/* What verbs that make, read and cut texts say of a NULL: each verb, each parameter that may not be NULL,
 * but for those that tests beside their use look at (text_new.c, text_read.c, text_slices.c).
 * SPDX-License-Identifier: MIT */
#include <bitena/text.h>

#include "support/misuse.h"

static bitena *arena;
static const bitena_bytes nowhere = {NULL, 3}, some = {"some", 4};
static bitena_bytes rest = {"rest", 4}, lost = {NULL, 3}, piece;
static void *volatile none;

static bitena_bytes through_list(bitena_bytes (*fn)(bitena *, const char *, va_list), bitena *in,
                                 const char *format, ...)
{
    va_list list;
    va_start(list, format);
    bitena_bytes bytes = fn(in, format, list);
    va_end(list);
    return bytes;
}

/* A name, the verb, its parameter, the call. */
#define NULLS(X)                                                                                   \
    X(try_copy_arena, "try_copy", "arena", bitena_text_try_copy(none, some))                       \
    X(copy_most_arena, "copy_most", "arena", bitena_text_copy_most(none, "a", 1))                  \
    X(vprintf_arena, "vprintf", "arena", through_list(bitena_text_vprintf, none, "a"))             \
    X(try_vprintf_arena, "try_vprintf", "arena", through_list(bitena_text_try_vprintf, none, "a")) \
    X(printf_format, "printf", "format", bitena_text_printf(arena, (const char *)none, 1))         \
    X(try_printf_format, "try_printf", "format",                                                   \
      bitena_text_try_printf(arena, (const char *)none, 1))                                        \
    X(try_join_arena, "try_join", "arena", bitena_text_try_join(none, some, &some, 1))             \
    X(try_join_separator, "try_join", "separator.at",                                              \
      bitena_text_try_join(arena, nowhere, &some, 1))                                              \
    X(try_join_parts, "try_join", "parts", bitena_text_try_join(arena, some, none, 1))             \
    X(join_part, "join", "parts[].at", bitena_text_join(arena, some, &nowhere, 1))                 \
    X(try_concat_arena, "try_concat", "arena", bitena_text_try_concat((bitena *)none, "a"))        \
    X(try_replace_arena, "try_replace", "arena", bitena_text_try_replace(none, some, some, some))  \
    X(try_replace_text, "try_replace", "text.at",                                                  \
      bitena_text_try_replace(arena, nowhere, some, some))                                         \
    X(replace_old, "replace", "old.at", bitena_text_replace(arena, some, nowhere, some))           \
    X(try_replace_by, "try_replace", "by.at", bitena_text_try_replace(arena, some, some, nowhere)) \
    X(read_file_arena, "read_file", "arena", bitena_text_read_file(none, "/"))                     \
    X(try_read_file_path, "try_read_file", "path", bitena_text_try_read_file(arena, none))         \
    X(field_to, "next_field", "field", bitena_text_next_field(&rest, ',', none))                   \
    X(field_rest, "next_field", "*rest.at", bitena_text_next_field(&lost, ',', &piece))            \
    X(field_of, "next_field_of", "rest", bitena_text_next_field_of(none, some, &piece))            \
    X(field_of_rest, "next_field_of", "*rest.at", bitena_text_next_field_of(&lost, some, &piece))

#define MISUSE(name, verb, parameter, call) \
    static void name(void *unused)          \
    {                                       \
        (void)unused;                       \
        (void)call;                         \
    }
NULLS(MISUSE)

static void null_is_named(void **state)
{
    (void)state;
    arena = bitena_new(64 << 10);
#define TRY(name, verb, parameter, call) \
    assert_aborts(name, NULL, "bitena: bitena_text_" verb ": parameter '" parameter "' is NULL\n");
    NULLS(TRY)
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
