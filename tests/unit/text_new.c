/* New texts: copies, printf, joins, concatenation and replacing are exact, terminated and binary
 * safe in arenas of every kind; a full arena refuses and changes nothing; NULL is named.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>
#include <wchar.h>

#include <bitena/text.h>

#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"

enum { CAPACITY = 256 << 10 };

/* errno was not touched, the bytes are these and a zero stands behind them. */
#define ASSERT_BYTES(bytes, expected)                        \
    do {                                                     \
        bitena_bytes made_ = (bytes);                        \
        assert_int_equal(errno, UNTOUCHED);                  \
        assert_int_equal(made_.size, sizeof(expected) - 1);  \
        assert_memory_equal(made_.at, expected, made_.size); \
        assert_int_equal(made_.at[made_.size], 0);           \
    } while (0)

#define SLICE(literal) ((bitena_bytes){literal, sizeof(literal) - 1})

static void copy_all(bitena *arena)
{
    ASSERT_BYTES(bitena_text_copy(arena, SLICE("a\0b")), "a\0b");
    ASSERT_BYTES(bitena_text_try_copy(arena, SLICE("a\0b")), "a\0b");
    ASSERT_BYTES(bitena_text_copy(arena, (bitena_bytes){NULL, 0}), "");
    ASSERT_BYTES(bitena_text_try_copy(arena, (bitena_bytes){NULL, 0}), "");
    ASSERT_BYTES(bitena_text_copy(arena, bitena_text_of("string")), "string");
    ASSERT_BYTES(bitena_text_copy_most(arena, "string", 3), "str");
    ASSERT_BYTES(bitena_text_try_copy_most(arena, "string", SIZE_MAX), "string");
    ASSERT_BYTES(bitena_text_try_copy_most(arena, "", 5), "");
    static const char unterminated[3] = {'a', 'b', 'c'};
    ASSERT_BYTES(bitena_text_copy_most(arena, unterminated, 3), "abc");
    ASSERT_BYTES(bitena_text_copy_most(arena, unterminated, 0), "");
}

static void copies_are_exact(void **state)
{
    (void)state;
    for_each_kind(CAPACITY, copy_all);
}

static bitena_bytes through_list(bitena_bytes (*fn)(bitena *, const char *, va_list), bitena *arena,
                                 const char *format, ...)
{
    va_list list;
    va_start(list, format);
    bitena_bytes bytes = fn(arena, format, list);
    va_end(list);
    return bytes;
}

static void print_all(bitena *arena)
{
    ASSERT_BYTES(bitena_text_printf(arena, "%s is %d, %c", "it", -5, 'x'), "it is -5, x");
    ASSERT_BYTES(bitena_text_try_printf(arena, "%s is %5.2f", "it", 1.5), "it is  1.50");
    ASSERT_BYTES(bitena_text_printf(arena, "%s", ""), "");
    ASSERT_BYTES(bitena_text_printf(arena, "a%cb", 0), "a\0b");
    ASSERT_BYTES(through_list(bitena_text_vprintf, arena, "%zu", (size_t)7), "7");
    ASSERT_BYTES(through_list(bitena_text_try_vprintf, arena, "%zu", (size_t)8), "8");
    for (int width = 1; width < 3000; width = width * 3 / 2 + 1) {
        bitena_bytes text = bitena_text_printf(arena, "%*d", width, 42);
        assert_int_equal(text.size, width > 2 ? width : 2);
        assert_string_equal(text.at + text.size - 2, "42");
    }
}

static void printf_is_exact_at_every_length(void **state)
{
    (void)state;
    for_each_kind(CAPACITY, print_all);
}

static void printf_takes_its_length_and_one(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        (void)bitena_text_printf(s.arena, "takes a lease");
        size_t before = bitena_used(s.arena);
        for (int i = 0; i < 10; i++) {
            (void)bitena_text_printf(s.arena, "%s", "123456789");
        }
        assert_int_equal(bitena_used(s.arena) - before, 100);
        (void)bitena_text_printf(s.arena, "%s", "");
        assert_int_equal(bitena_used(s.arena) - before, 100);
        subject_close(&s);
    }
}

/* Fewer than a printf asks for without knowing its size. */
static void printf_fits_into_the_last_bytes(void **state)
{
    (void)state;
    bitena *arena = bitena_open(&(bitena_options){.capacity = 1024, .mode = BITENA_EXACT});
    (void)bitena_alloc(arena, bitena_remaining(arena) - 10, 1);
    errno = UNTOUCHED;
    ASSERT_BYTES(bitena_text_try_printf(arena, "%d", 123456789), "123456789");
    assert_int_equal(bitena_remaining(arena), 0);
    bitena_drop(arena);
}

static void what_vsnprintf_refuses_is_refused(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    struct numbers before = numbers_of(arena);
    const wint_t not_in_c = 0x20ac; /* no character of the locale "C" */
    errno = 0;
    assert_null(bitena_text_printf(arena, "%d %lc", 1, not_in_c).at);
    assert_int_equal(errno, EILSEQ);
    errno = 0;
    assert_null(bitena_text_try_printf(arena, "%d %lc", 1, not_in_c).at);
    assert_int_equal(errno, EILSEQ);
    assert_same_numbers(arena, before);
    bitena_drop(arena);
}

static void join_all(bitena *arena)
{
    const bitena_bytes parts[] = {SLICE("a"), {NULL, 0}, SLICE("c\0d"), SLICE("")};
    ASSERT_BYTES(bitena_text_join(arena, SLICE(", "), parts, 4), "a, , c\0d, ");
    ASSERT_BYTES(bitena_text_try_join(arena, SLICE(", "), parts, 3), "a, , c\0d");
    ASSERT_BYTES(bitena_text_join(arena, SLICE(""), parts, 4), "ac\0d");
    ASSERT_BYTES(bitena_text_join(arena, (bitena_bytes){NULL, 0}, parts, 1), "a");
    ASSERT_BYTES(bitena_text_join(arena, SLICE(", "), parts + 1, 1), "");
    ASSERT_BYTES(bitena_text_join(arena, SLICE(", "), NULL, 0), "");
    ASSERT_BYTES(bitena_text_concat(arena, "one"), "one");
    ASSERT_BYTES(bitena_text_concat(arena, "", ""), "");
    int evaluated = 0;
    ASSERT_BYTES(bitena_text_concat(arena, "one", (evaluated++, "two"), "", "four"), "onetwofour");
    ASSERT_BYTES(bitena_text_try_concat((evaluated++, arena), "one", "two"), "onetwo");
    assert_int_equal(evaluated, 2);
}

static void joins_are_exact_and_evaluate_once(void **state)
{
    (void)state;
    for_each_kind(CAPACITY, join_all);
}

static void replace_in_all(bitena *arena)
{
    bitena_bytes (*replace)(bitena *, bitena_bytes, bitena_bytes, bitena_bytes) =
        bitena_text_replace;
    ASSERT_BYTES(replace(arena, SLICE("a,b,,c"), SLICE(","), SLICE("; ")), "a; b; ; c");
    ASSERT_BYTES(replace(arena, SLICE("aaaaa"), SLICE("aa"), SLICE("b")), "bba");
    ASSERT_BYTES(replace(arena, SLICE("abc"), SLICE("abc"), SLICE("")), "");
    ASSERT_BYTES(replace(arena, SLICE("abcabc"), SLICE("b"), (bitena_bytes){NULL, 0}), "acac");
    ASSERT_BYTES(replace(arena, SLICE("abc"), SLICE(""), SLICE("x")), "abc");
    ASSERT_BYTES(replace(arena, SLICE("abc"), SLICE("x"), SLICE("y")), "abc");
    ASSERT_BYTES(replace(arena, SLICE("ab"), SLICE("abc"), SLICE("y")), "ab");
    ASSERT_BYTES(replace(arena, SLICE(""), SLICE("x"), SLICE("y")), "");
    ASSERT_BYTES(replace(arena, (bitena_bytes){NULL, 0}, SLICE("x"), SLICE("y")), "");
    ASSERT_BYTES(bitena_text_try_replace(arena, SLICE("a\0b\0"), SLICE("\0"), SLICE("00")),
                 "a00b00");
}

static void replacing_finds_them_all(void **state)
{
    (void)state;
    for_each_kind(CAPACITY, replace_in_all);
}

#define ASSERT_REFUSED_BYTES(expected, call) \
    do {                                     \
        errno = 0;                           \
        bitena_bytes refused_ = (call);      \
        assert_null(refused_.at);            \
        assert_int_equal(refused_.size, 0);  \
        assert_int_equal(errno, expected);   \
    } while (0)

static void refuse_all(bitena *arena)
{
    const bitena_bytes parts[] = {SLICE("some"), SLICE("parts")};
    (void)fill_up(arena, 1000, 1);
    (void)fill_up(arena, 1, 1);
    struct numbers before = numbers_of(arena);
    ASSERT_REFUSED_BYTES(ENOMEM, bitena_text_try_copy(arena, parts[0]));
    ASSERT_REFUSED_BYTES(ENOMEM, bitena_text_try_copy_most(arena, "some", 3));
    ASSERT_REFUSED_BYTES(ENOMEM, bitena_text_try_printf(arena, "%d", 1));
    ASSERT_REFUSED_BYTES(ENOMEM, bitena_text_try_join(arena, parts[0], parts, 2));
    ASSERT_REFUSED_BYTES(ENOMEM, bitena_text_try_concat(arena, "some", "parts"));
    ASSERT_REFUSED_BYTES(ENOMEM, bitena_text_try_replace(arena, parts[0], parts[1], parts[1]));
    assert_same_numbers(arena, before);
    errno = UNTOUCHED;
    ASSERT_BYTES(bitena_text_try_printf(arena, "%s", ""), "");
    ASSERT_BYTES(bitena_text_try_join(arena, parts[0], parts, 0), "");
    ASSERT_BYTES(bitena_text_try_replace(arena, parts[0], parts[0], SLICE("")), "");
    assert_same_numbers(arena, before);
}

static void a_full_arena_refuses_and_changes_nothing(void **state)
{
    (void)state;
    for_each_kind(CAPACITY, refuse_all);
}

static void a_full_arena_fails_the_plain_verbs(void **state)
{
    (void)state;
    struct caught caught;
    bitena *arena = open_caught(CAPACITY, &caught);
    const bitena_bytes parts[] = {SLICE("some"), SLICE("parts")};
    (void)fill_up(arena, 1, 1);
    ASSERT_REPORTS(&caught, ENOMEM, (void)bitena_text_copy(arena, parts[0]));
    ASSERT_REPORTS(&caught, ENOMEM, (void)bitena_text_copy_most(arena, "some", 3));
    ASSERT_REPORTS(&caught, ENOMEM, (void)bitena_text_printf(arena, "%d", 123));
    assert_int_equal(caught.size, 4);
    ASSERT_REPORTS(&caught, ENOMEM, (void)bitena_text_join(arena, parts[0], parts, 2));
    assert_int_equal(caught.size, 14);
    ASSERT_REPORTS(&caught, ENOMEM, (void)bitena_text_concat(arena, "some", "parts"));
    ASSERT_REPORTS(&caught, ENOMEM, (void)bitena_text_replace(arena, parts[0], parts[1], parts[1]));
    bitena_drop(arena);
}

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    const bitena_bytes huge = {"", SIZE_MAX - 1}, parts[] = {huge, huge, huge};
    ASSERT_REFUSED_BYTES(EOVERFLOW, bitena_text_try_copy(arena, (bitena_bytes){"", SIZE_MAX}));
    ASSERT_REFUSED_BYTES(EOVERFLOW, bitena_text_try_join(arena, SLICE(""), parts, 1));
    ASSERT_REFUSED_BYTES(EOVERFLOW, bitena_text_try_join(arena, SLICE(""), parts, 3));
    ASSERT_REFUSED_BYTES(EOVERFLOW, bitena_text_try_join(arena, huge, parts, 3));
    ASSERT_REFUSED_BYTES(EOVERFLOW, bitena_text_try_replace(arena, SLICE("aa"), SLICE("a"), huge));
    bitena_drop(arena);
}

static void copy_in_another_thread(void *arena)
{
    ASSERT_REFUSED_BYTES(EPERM, bitena_text_try_copy((bitena *)arena, SLICE("x")));
    ASSERT_REFUSED_BYTES(EPERM, bitena_text_try_printf((bitena *)arena, "x"));
    ASSERT_REFUSED_BYTES(EPERM, bitena_text_try_concat((bitena *)arena, "x"));
}

static void a_stranger_is_refused(void **state)
{
    (void)state;
    bitena *arena = bitena_open(&(bitena_options){.capacity = CAPACITY, .mode = BITENA_LOCAL});
    in_another_thread(copy_in_another_thread, arena);
    bitena_drop(arena);
}

#define MISUSE(name, type, call)            \
    static void name(void *argument)        \
    {                                       \
        bitena *arena = (bitena *)argument; \
        (void)arena;                        \
        type result = call;                 \
        (void)result;                       \
    }
static const bitena_bytes nowhere = {NULL, 3}, some = {"some", 4};
static const char *volatile none;
MISUSE(of_null, bitena_bytes, bitena_text_of(none))
MISUSE(copy_null, bitena_bytes, bitena_text_copy(arena, nowhere))
MISUSE(try_copy_null, bitena_bytes, bitena_text_try_copy(arena, nowhere))
MISUSE(most_null, bitena_bytes, bitena_text_copy_most(arena, none, 1))
MISUSE(try_most_null, bitena_bytes, bitena_text_try_copy_most(arena, none, 1))
MISUSE(printf_null, bitena_bytes, through_list(bitena_text_vprintf, arena, none))
MISUSE(try_printf_null, bitena_bytes, through_list(bitena_text_try_vprintf, arena, none))
MISUSE(join_separator, bitena_bytes, bitena_text_join(arena, nowhere, &some, 1))
MISUSE(join_parts, bitena_bytes, bitena_text_join(arena, some, NULL, 1))
MISUSE(join_part, bitena_bytes, bitena_text_try_join(arena, some, &nowhere, 1))
MISUSE(concat_null, bitena_bytes, bitena_text_concat(arena, "a", none))
MISUSE(try_concat_null, bitena_bytes, bitena_text_try_concat(arena, none))
MISUSE(replace_text, bitena_bytes, bitena_text_replace(arena, nowhere, some, some))
MISUSE(replace_old, bitena_bytes, bitena_text_try_replace(arena, some, nowhere, some))
MISUSE(replace_by, bitena_bytes, bitena_text_replace(arena, some, some, nowhere))
MISUSE(no_arena_copy, bitena_bytes, bitena_text_copy(NULL, some))
MISUSE(no_arena_most, bitena_bytes, bitena_text_try_copy_most(NULL, "a", 1))
MISUSE(no_arena_printf, bitena_bytes, bitena_text_printf(NULL, "a"))
MISUSE(no_arena_try_printf, bitena_bytes, bitena_text_try_printf(NULL, "a"))
MISUSE(no_arena_join, bitena_bytes, bitena_text_join(NULL, some, &some, 1))
MISUSE(no_arena_concat, bitena_bytes, bitena_text_concat(NULL, "a"))
MISUSE(no_arena_replace, bitena_bytes, bitena_text_replace(NULL, some, some, some))

static void null_is_named(void **state)
{
    (void)state;
    static const struct {
        misuse *fn;
        const char *function, *parameter;
    } misuses[] = {
        {of_null, "of", "s"},
        {copy_null, "copy", "bytes.at"},
        {try_copy_null, "try_copy", "bytes.at"},
        {most_null, "copy_most", "s"},
        {try_most_null, "try_copy_most", "s"},
        {printf_null, "vprintf", "format"},
        {try_printf_null, "try_vprintf", "format"},
        {join_separator, "join", "separator.at"},
        {join_parts, "join", "parts"},
        {join_part, "try_join", "parts[].at"},
        {concat_null, "concat", "s"},
        {try_concat_null, "try_concat", "s"},
        {replace_text, "replace", "text.at"},
        {replace_old, "try_replace", "old.at"},
        {replace_by, "replace", "by.at"},
        {no_arena_copy, "copy", "arena"},
        {no_arena_most, "try_copy_most", "arena"},
        {no_arena_printf, "printf", "arena"},
        {no_arena_try_printf, "try_printf", "arena"},
        {no_arena_join, "join", "arena"},
        {no_arena_concat, "concat", "arena"},
        {no_arena_replace, "replace", "arena"},
    };
    bitena *arena = bitena_new(CAPACITY);
    for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++) {
        assert_aborts(misuses[i].fn, arena, "bitena: bitena_text_%s: parameter '%s' is NULL\n",
                      misuses[i].function, misuses[i].parameter);
    }
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_is_named), /* it forks: before any thread */
        cmocka_unit_test(copies_are_exact),
        cmocka_unit_test(printf_is_exact_at_every_length),
        cmocka_unit_test(printf_takes_its_length_and_one),
        cmocka_unit_test(printf_fits_into_the_last_bytes),
        cmocka_unit_test(what_vsnprintf_refuses_is_refused),
        cmocka_unit_test(joins_are_exact_and_evaluate_once),
        cmocka_unit_test(replacing_finds_them_all),
        cmocka_unit_test(a_full_arena_refuses_and_changes_nothing),
        cmocka_unit_test(a_full_arena_fails_the_plain_verbs),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(a_stranger_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
