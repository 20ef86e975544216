/* What a growing text cannot be asked for ends the process with one line that names it.
 * SPDX-License-Identifier: MIT */
#include <bitena/text.h>

#include "support/misuse.h"
#include "support/subject.h"

enum { CAPACITY = 256 << 10 };

static int through_list(int (*fn)(bitena_text *, const char *, va_list), bitena_text *text,
                        const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int result = fn(text, format, list);
    va_end(list);
    return result;
}

static void begin_nowhere(void *none)
{
    (void)bitena_text_begin((bitena *)none);
}
static void append_to_none(void *none)
{
    bitena_text_append((bitena_text *)none, "a", 1);
}
static void try_append_to_none(void *none)
{
    (void)bitena_text_try_append((bitena_text *)none, "a", 1);
}
static void append_char_to_none(void *none)
{
    bitena_text_append_char((bitena_text *)none, 'a');
}
static void try_append_char_to_none(void *none)
{
    (void)bitena_text_try_append_char((bitena_text *)none, 'a');
}
static void append_string_to_none(void *none)
{
    bitena_text_append_string((bitena_text *)none, "a");
}
static void try_append_string_to_none(void *none)
{
    (void)bitena_text_try_append_string((bitena_text *)none, "a");
}
static void print_list_to_none(void *none)
{
    (void)through_list(bitena_text_append_vprintf, (bitena_text *)none, "a");
}
static void try_print_list_to_none(void *none)
{
    (void)through_list(bitena_text_try_append_vprintf, (bitena_text *)none, "a");
}
static void print_to_none(void *none)
{
    (void)bitena_text_append_printf((bitena_text *)none, "a");
}
static void try_print_to_none(void *none)
{
    (void)bitena_text_try_append_printf((bitena_text *)none, "a");
}
static void window_of_none(void *none)
{
    (void)bitena_text_window((bitena_text *)none, 1);
}
static void try_window_of_none(void *none)
{
    (void)bitena_text_try_window((bitena_text *)none, 1);
}
static void commit_to_none(void *none)
{
    bitena_text_commit((bitena_text *)none, 1);
}
static void end_none(void *none)
{
    (void)bitena_text_end((bitena_text *)none);
}
static void none_so_far(void *none)
{
    (void)bitena_text_so_far((bitena_text *)none);
}

static const char *volatile none;
static void append_null(void *text)
{
    bitena_text_append((bitena_text *)text, none, 1);
}
static void append_null_string(void *text)
{
    bitena_text_append_string((bitena_text *)text, none);
}
static void try_append_null_bytes(void *text)
{
    (void)bitena_text_try_append((bitena_text *)text, none, 1);
}
static void print_no_format(void *text)
{
    (void)bitena_text_append_printf((bitena_text *)text, none, 1);
}
static void try_print_no_format(void *text)
{
    (void)bitena_text_try_append_printf((bitena_text *)text, none, 1);
}
static void try_append_null(void *text)
{
    (void)bitena_text_try_append_string((bitena_text *)text, none);
}
static void print_null(void *text)
{
    (void)through_list(bitena_text_append_vprintf, (bitena_text *)text, none);
}
static void try_print_null(void *text)
{
    (void)through_list(bitena_text_try_append_vprintf, (bitena_text *)text, none);
}
static void commit_too_much(void *text)
{
    bitena_text_commit((bitena_text *)text, 256);
}

static void null_is_named(void **state)
{
    (void)state;
    static const struct {
        misuse *fn;
        const char *line;
    } misuses[] = {
        {begin_nowhere, "begin: parameter 'arena' is NULL"},
        {append_to_none, "append: parameter 'text' is NULL"},
        {try_append_to_none, "try_append: parameter 'text' is NULL"},
        {append_char_to_none, "append: parameter 'text' is NULL"},
        {print_to_none, "append_printf: parameter 'text' is NULL"},
        {try_print_to_none, "try_append_printf: parameter 'text' is NULL"},
        {window_of_none, "window: parameter 'text' is NULL"},
        {try_window_of_none, "try_window: parameter 'text' is NULL"},
        {commit_to_none, "commit: parameter 'text' is NULL"},
        {end_none, "end: parameter 'text' is NULL"},
        {none_so_far, "so_far: parameter 'text' is NULL"},
        {try_append_char_to_none, "try_append: parameter 'text' is NULL"},
        {append_string_to_none, "append: parameter 'text' is NULL"},
        {try_append_string_to_none, "try_append: parameter 'text' is NULL"},
        {print_list_to_none, "append_vprintf: parameter 'text' is NULL"},
        {try_print_list_to_none, "try_append_vprintf: parameter 'text' is NULL"},
        {append_null, "append: parameter 'bytes' is NULL"},
        {try_append_null, "try_append: parameter 'bytes' is NULL"},
        {append_null_string, "append: parameter 'bytes' is NULL"},
        {try_append_null_bytes, "try_append: parameter 'bytes' is NULL"},
        {print_no_format, "append_printf: parameter 'format' is NULL"},
        {try_print_no_format, "try_append_printf: parameter 'format' is NULL"},
        {print_null, "append_vprintf: parameter 'format' is NULL"},
        {try_print_null, "try_append_vprintf: parameter 'format' is NULL"},
        {commit_too_much, "commit: 256 bytes into a room of 255"},
    };
    bitena *arena = bitena_new(CAPACITY);
    bitena_text text = bitena_text_begin(arena);
    (void)bitena_text_window(&text, 1);
    for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++) {
        assert_aborts(misuses[i].fn, i < 16 ? NULL : &text, "bitena: bitena_text_%s\n",
                      misuses[i].line);
    }
    bitena_text_append_char(&text, 'a'); /* in the room that there is, and all of it is there yet */
    assert_int_equal(bitena_text_try_append_char(&text, 'b'), 0);
    assert_string_equal(bitena_text_end(&text).at, "ab");
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
