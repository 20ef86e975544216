/* Lines and fields are taken off a text one by one, without copying, and none is lost.
 * SPDX-License-Identifier: MIT */
#include <bitena/text.h>

#include "support/misuse.h"

#define SLICE(literal) ((bitena_bytes){literal, sizeof(literal) - 1})

/* The pieces with their ends marked, as one text. */
static const char *pieces(bitena_bytes rest, int (*next)(bitena_bytes *, bitena_bytes *))
{
    static char text[200];
    size_t size = 0;
    bitena_bytes piece;
    const char *from = rest.at, *to = rest.at + rest.size;
    while (next(&rest, &piece)) {
        assert_true(piece.at >= from && piece.at + piece.size <= to);
        memcpy(text + size, piece.at, piece.size);
        size += piece.size;
        text[size++] = '|';
    }
    assert_false(next(&rest, &piece));
    assert_int_equal(rest.size, 0);
    text[size] = 0;
    return text;
}

static int next_comma(bitena_bytes *rest, bitena_bytes *field)
{
    return bitena_text_next_field(rest, ',', field);
}

static int next_of_set(bitena_bytes *rest, bitena_bytes *field)
{
    return bitena_text_next_field_of(rest, SLICE(",;\xff\0"), field);
}

static int next_of_nothing(bitena_bytes *rest, bitena_bytes *field)
{
    return bitena_text_next_field_of(rest, (bitena_bytes){NULL, 0}, field);
}

static void lines_end_in_lf_or_cr_lf_or_the_text(void **state)
{
    (void)state;
    assert_string_equal(pieces(SLICE("one\ntwo\r\nthree"), bitena_text_next_line),
                        "one|two|three|");
    assert_string_equal(pieces(SLICE("one\n"), bitena_text_next_line), "one|");
    assert_string_equal(pieces(SLICE("\n\r\n\n"), bitena_text_next_line), "|||");
    assert_string_equal(pieces(SLICE("\r"), bitena_text_next_line), "\r|");
    assert_string_equal(pieces(SLICE("a\rb\r\r\n"), bitena_text_next_line), "a\rb\r|");
    assert_string_equal(pieces(SLICE(""), bitena_text_next_line), "");
    bitena_bytes nothing = {NULL, 0}, line;
    assert_false(bitena_text_next_line(&nothing, &line));
}

static void fields_may_be_empty(void **state)
{
    (void)state;
    assert_string_equal(pieces(SLICE("a,,b,"), next_comma), "a||b||");
    assert_string_equal(pieces(SLICE(","), next_comma), "||");
    assert_string_equal(pieces(SLICE(""), next_comma), "|");
    assert_string_equal(pieces(SLICE("none"), next_comma), "none|");
    bitena_bytes nothing = {NULL, 0}, field;
    assert_false(bitena_text_next_field(&nothing, ',', &field));
    assert_false(bitena_text_next_field_of(&nothing, SLICE(","), &field));
}

static void fields_end_at_any_byte_of_a_set(void **state)
{
    (void)state;
    assert_string_equal(pieces(SLICE("a,b;c\xff"
                                     "d\0;e:"),
                               next_of_set),
                        "a|b|c|d||e:|");
    assert_string_equal(pieces(SLICE(""), next_of_set), "|");
    assert_string_equal(pieces(SLICE("a,b"), next_of_nothing), "a,b|");
}

static void zeros_are_bytes_as_others(void **state)
{
    (void)state;
    bitena_bytes rest = SLICE("a\0b\nc"), line;
    assert_true(bitena_text_next_line(&rest, &line));
    assert_int_equal(line.size, 3);
    bitena_bytes first;
    assert_true(bitena_text_next_field(&line, 0, &first));
    assert_int_equal(first.size, 1);
    assert_int_equal(line.size, 1);
}

static bitena_bytes some = {"some", 4}, nowhere = {NULL, 4}, piece;
static void line_of_none(void *unused)
{
    (void)unused;
    (void)bitena_text_next_line(NULL, &piece);
}
static void line_to_nowhere(void *unused)
{
    (void)unused;
    (void)bitena_text_next_line(&some, NULL);
}
static void line_of_nowhere(void *unused)
{
    (void)unused;
    (void)bitena_text_next_line(&nowhere, &piece);
}
static void field_of_none(void *unused)
{
    (void)unused;
    (void)bitena_text_next_field(NULL, ',', &piece);
}
static void field_to_nowhere(void *unused)
{
    (void)unused;
    (void)bitena_text_next_field_of(&some, some, NULL);
}
static void field_of_nowhere(void *unused)
{
    (void)unused;
    (void)bitena_text_next_field_of(&some, nowhere, &piece);
}

static void slices_are_equal_byte_by_byte(void **state)
{
    (void)state;
    bitena_bytes none = {NULL, 0}, zeros = {"a\0b", 3}, others = {"a\0c", 3};
    assert_true(bitena_text_equal(bitena_text_of("word"), bitena_text_of("word")));
    assert_true(bitena_text_equal(none, bitena_text_of("")));
    assert_true(bitena_text_equal(zeros, zeros));
    assert_false(bitena_text_equal(zeros, others));
    assert_false(bitena_text_equal(zeros, bitena_text_of("a")));
    assert_false(bitena_text_equal(bitena_text_of("word"), bitena_text_of("wore")));
    assert_false(bitena_text_equal(bitena_text_of("word"), none));
}

static void null_is_named(void **state)
{
    (void)state;
    assert_aborts(line_of_none, NULL, "bitena: bitena_text_next_line: parameter 'rest' is NULL\n");
    assert_aborts(line_to_nowhere, NULL,
                  "bitena: bitena_text_next_line: parameter 'line' is NULL\n");
    assert_aborts(line_of_nowhere, NULL,
                  "bitena: bitena_text_next_line: parameter '*rest.at' is NULL\n");
    assert_aborts(field_of_none, NULL,
                  "bitena: bitena_text_next_field: parameter 'rest' is NULL\n");
    assert_aborts(field_to_nowhere, NULL,
                  "bitena: bitena_text_next_field_of: parameter 'field' is NULL\n");
    assert_aborts(field_of_nowhere, NULL,
                  "bitena: bitena_text_next_field_of: parameter 'separators.at' is NULL\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(null_is_named),
        cmocka_unit_test(lines_end_in_lf_or_cr_lf_or_the_text),
        cmocka_unit_test(fields_may_be_empty),
        cmocka_unit_test(fields_end_at_any_byte_of_a_set),
        cmocka_unit_test(zeros_are_bytes_as_others),
        cmocka_unit_test(slices_are_equal_byte_by_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
