/* Interning: one pointer and one number for each text, in all arenas; limits, freezing, lists; NULL.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bitena/intern.h>

#include "support/subject.h"
#include "support/trial.h"

enum { CAPACITY = 1 << 20, MANY = 2000 };

static size_t name(char text[32], int i)
{
    return (size_t)snprintf(text, 32, i % 2 ? "w%d" : "a longer text %d", i);
}

static void equal_texts_have_one_pointer_and_one_number(void **state)
{
    (void)state;
    for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, CAPACITY, NULL);
        bitena_intern *table = bitena_intern_new(subject.arena, NULL);
        for (int i = 0; i < 3 * MANY; i++) {
            char text[32];
            size_t length = name(text, i % MANY);
            const char *before = bitena_intern_find(table, text, length);
            const char *there = bitena_intern_text(table, text, length);
            assert_true(i < MANY ? !before : before == there);
            assert_ptr_equal(bitena_intern_try_text(table, text, length), there);
            assert_ptr_not_equal(there, text);
            assert_string_equal(there, text);
            assert_int_equal(bitena_intern_id(table, there), i % MANY);
            assert_int_equal(bitena_intern_length(table, there), length);
            assert_ptr_equal(bitena_intern_at(table, (uint32_t)(i % MANY)), there);
        }
        assert_int_equal(bitena_intern_count(table), MANY);
        assert_null(bitena_intern_at(table, MANY));
        assert_int_equal(bitena_intern_measure(table).count, MANY);
        subject_close(&subject);
    }
}

static void texts_are_bytes(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_intern *table = bitena_intern_try_new(arena, NULL);
    const char *empty = bitena_intern_text(table, NULL, 0);
    assert_string_equal(empty, "");
    assert_ptr_equal(bitena_intern_find(table, "x", 0), empty);
    assert_ptr_equal(bitena_intern_try_text(table, NULL, 0), empty);
    assert_ptr_equal(bitena_intern_find(table, NULL, 0), empty);
    const char *zeros = bitena_intern_text(table, "\0\0", 2);
    assert_ptr_not_equal(zeros, bitena_intern_text(table, "\0", 1));
    assert_int_equal(bitena_intern_length(table, zeros), 2);
    assert_int_equal(bitena_intern_length(table, empty), 0);
    bitena_drop(arena);
}

static void a_list_gives_the_first_numbers(void **state)
{
    (void)state;
    static const char *const words[] = {"if", "else", "while", "a rather long keyword", "if", ""};
    bitena *arena = bitena_new(CAPACITY);
    bitena_intern *table = bitena_intern_new(arena, &(bitena_intern_options){.expected = 100});
    bitena_intern_fill(table, NULL, 0);
    bitena_intern_fill(table, words, 4);
    for (uint32_t i = 0; i < 4; i++) {
        assert_string_equal(bitena_intern_at(table, i), words[i]);
    }
    assert_int_equal(bitena_intern_try_fill(table, words, 6), 0); /* those that are there stay */
    assert_int_equal(bitena_intern_count(table), 5);
    assert_int_equal(bitena_intern_try_fill(table, NULL, 0), 0);
    bitena_drop(arena);
}

static void a_limit_and_a_frozen_table_refuse_new_texts_only(void **state)
{
    (void)state;
    static const char *const words[] = {"a", "b", "c"};
    bitena *arena = bitena_new(CAPACITY);
    bitena_intern *one = bitena_intern_new(arena, NULL);
    bitena_intern_fill(one, words, 1);
    size_t entry = bitena_intern_measure(one).bytes;
    bitena_intern *table =
        bitena_intern_new(arena, &(bitena_intern_options){.limit = 2 * entry, .seed = {{1, 2}}});
    ASSERT_REFUSED(ENOMEM, bitena_intern_try_fill(table, words, 3));
    assert_int_equal(bitena_intern_count(table), 2);
    ASSERT_NULL(ENOMEM, bitena_intern_try_text(table, "c", 1));
    assert_non_null(bitena_intern_try_text(table, "b", 1));
    bitena_intern_freeze(table);
    ASSERT_NULL(EROFS, bitena_intern_try_text(table, "c", 1));
    ASSERT_REFUSED(EROFS, bitena_intern_try_fill(table, words, 3));
    assert_int_equal(bitena_intern_try_fill(table, words, 2), 0);
    assert_ptr_equal(bitena_intern_find(table, "a", 1), bitena_intern_at(table, 0));
    assert_null(bitena_intern_find(table, "c", 1));
    bitena_drop(arena);
}

static void a_full_arena_is_reported(void **state)
{
    (void)state;
    struct caught caught = {.arena = NULL};
    bitena *arena = open_caught(20000, &caught);
    ASSERT_REPORTS(&caught, ENOMEM,
                   bitena_intern_new(arena, &(bitena_intern_options){.expected = CAPACITY}));
    ASSERT_NULL(ENOMEM,
                bitena_intern_try_new(arena, &(bitena_intern_options){.expected = CAPACITY}));
    bitena_intern *table = bitena_intern_new(arena, NULL);
    static const char long_text[20000] = "long";
    ASSERT_NULL(ENOMEM, bitena_intern_try_text(table, long_text, sizeof long_text));
    static char letters[20000];
    memset(letters, 'a', sizeof letters - 1);
    static const char *const longer = letters;
    ASSERT_REPORTS(&caught, ENOMEM, bitena_intern_text(table, long_text, sizeof long_text));
    ASSERT_REPORTS(&caught, ENOMEM, bitena_intern_fill(table, &longer, 1));
    assert_int_equal(bitena_intern_count(table), 0);
    bitena_drop(arena);
}

/* Nothing of such a text is read. */
static void sizes_beyond_reason_are_refused(void **state)
{
    (void)state;
    struct caught caught = {.arena = NULL};
    bitena *arena = open_caught(20000, &caught);
    const bitena_intern_options many = {.expected = ((size_t)1 << 30) + 1};
    ASSERT_NULL(EOVERFLOW, bitena_intern_try_new(arena, &many));
    ASSERT_REPORTS(&caught, EOVERFLOW, bitena_intern_new(arena, &many));
    bitena_intern *table = bitena_intern_new(arena, NULL);
    const size_t length = WIDE ? (size_t)UINT32_MAX + 1 : SIZE_MAX;
    ASSERT_NULL(EOVERFLOW, bitena_intern_try_text(table, "text", length));
    ASSERT_REPORTS(&caught, EOVERFLOW, bitena_intern_text(table, "text", length));
    assert_null(bitena_intern_find(table, "text", length));
    assert_int_equal(bitena_intern_count(table), 0);
    bitena_drop(arena);
}

static void the_plain_verb_reports_a_frozen_table(void **state)
{
    (void)state;
    static const char *const words[] = {"a", "b"};
    struct caught caught = {.arena = NULL};
    bitena *arena = open_caught(CAPACITY, &caught);
    bitena_intern *table = bitena_intern_new(arena, NULL);
    bitena_intern_fill(table, words, 1);
    bitena_intern_freeze(table);
    ASSERT_REPORTS(&caught, EROFS, bitena_intern_text(table, "b", 1));
    ASSERT_REPORTS(&caught, EROFS, bitena_intern_fill(table, words, 2));
    assert_string_equal(bitena_intern_text(table, "a", 1), "a");
    bitena_drop(arena);
}

static bitena_intern *some;
static void *volatile nothing;
static const char *const a_hole[] = {"a", NULL};

static void new_null(void *a)
{
    (void)a, (void)bitena_intern_new(nothing, NULL);
}
static void try_new_null(void *a)
{
    (void)a, (void)bitena_intern_try_new(nothing, NULL);
}
static void text_null(void *a)
{
    (void)a, (void)bitena_intern_text(nothing, "a", 1);
}
static void text_no_text(void *a)
{
    (void)a, (void)bitena_intern_text(some, nothing, 1);
}
static void try_text_null(void *a)
{
    (void)a, (void)bitena_intern_try_text(nothing, "a", 1);
}
static void try_text_no_text(void *a)
{
    (void)a, (void)bitena_intern_try_text(some, nothing, 1);
}
static void find_null(void *a)
{
    (void)a, (void)bitena_intern_find(nothing, "a", 1);
}
static void find_no_text(void *a)
{
    (void)a, (void)bitena_intern_find(some, nothing, 1);
}
static void id_null(void *a)
{
    (void)a, (void)bitena_intern_id(nothing, "a");
}
static void id_no_text(void *a)
{
    (void)a, (void)bitena_intern_id(some, nothing);
}
static void length_null(void *a)
{
    (void)a, (void)bitena_intern_length(nothing, "a");
}
static void length_no_text(void *a)
{
    (void)a, (void)bitena_intern_length(some, nothing);
}
static void at_null(void *a)
{
    (void)a, (void)bitena_intern_at(nothing, 0);
}
static void count_null(void *a)
{
    (void)a, (void)bitena_intern_count(nothing);
}
static void fill_null(void *a)
{
    (void)a, bitena_intern_fill(nothing, NULL, 0);
}
static void fill_no_texts(void *a)
{
    (void)a, bitena_intern_fill(some, nothing, 1);
}
static void try_fill_null(void *a)
{
    (void)a, (void)bitena_intern_try_fill(nothing, NULL, 0);
}
static void try_fill_no_texts(void *a)
{
    (void)a, (void)bitena_intern_try_fill(some, nothing, 1);
}
static void try_fill_hole(void *a)
{
    (void)a, (void)bitena_intern_try_fill(some, a_hole, 2);
}
static void fill_hole(void *a)
{
    (void)a, bitena_intern_fill(some, a_hole, 2);
}
static void freeze_null(void *a)
{
    (void)a, bitena_intern_freeze(nothing);
}
static void measure_null(void *a)
{
    (void)a, (void)bitena_intern_measure(nothing);
}

static void every_function_names_its_null_parameter(void **state)
{
    (void)state;
    static const struct {
        misuse *fn;
        const char *function, *parameter;
    } misuses[] = {
        {new_null, "new", "arena"},
        {try_new_null, "try_new", "arena"},
        {text_null, "text", "table"},
        {text_no_text, "text", "text"},
        {try_text_null, "try_text", "table"},
        {try_text_no_text, "try_text", "text"},
        {find_null, "find", "table"},
        {find_no_text, "find", "text"},
        {id_null, "id", "table"},
        {id_no_text, "id", "interned"},
        {length_null, "length", "table"},
        {length_no_text, "length", "interned"},
        {at_null, "at", "table"},
        {count_null, "count", "table"},
        {fill_null, "fill", "table"},
        {fill_no_texts, "fill", "texts"},
        {try_fill_null, "try_fill", "table"},
        {try_fill_no_texts, "try_fill", "texts"},
        {fill_hole, "fill", "texts[]"},
        {try_fill_hole, "try_fill", "texts[]"},
        {freeze_null, "freeze", "table"},
        {measure_null, "measure", "table"},
    };
    bitena *arena = bitena_new(CAPACITY);
    some = bitena_intern_new(arena, NULL);
    for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++) {
        assert_aborts(misuses[i].fn, NULL, "bitena: bitena_intern_%s: parameter '%s' is NULL\n",
                      misuses[i].function, misuses[i].parameter);
    }
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_texts_have_one_pointer_and_one_number),
        cmocka_unit_test(texts_are_bytes),
        cmocka_unit_test(a_list_gives_the_first_numbers),
        cmocka_unit_test(a_limit_and_a_frozen_table_refuse_new_texts_only),
        cmocka_unit_test(a_full_arena_is_reported),
        cmocka_unit_test(sizes_beyond_reason_are_refused),
        cmocka_unit_test(the_plain_verb_reports_a_frozen_table),
        cmocka_unit_test(every_function_names_its_null_parameter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
