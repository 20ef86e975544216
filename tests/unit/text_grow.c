/* A growing text holds what was appended, in arenas of every kind and from full ones; it grows in
 * place while it is last, moves when it is not, and is finished without a copy.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include <bitena/text.h>

#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"

enum { CAPACITY = 256 << 10 };

static void append_everything(bitena *arena)
{
    bitena_text text = bitena_text_begin(arena);
    assert_string_equal(bitena_text_so_far(&text).at, "");
    bitena_text_append(&text, "a\0b", 3);
    bitena_text_append(&text, NULL, 0);
    bitena_text_append(&text, "", 0);
    assert_int_equal(bitena_text_try_append(&text, "cd", 2), 0);
    assert_int_equal(bitena_text_try_append(&text, NULL, 0), 0);
    bitena_text_append_string(&text, "string");
    bitena_text_append_string(&text, "");
    assert_int_equal(bitena_text_try_append_string(&text, "!"), 0);
    bitena_text_append_char(&text, 'x');
    assert_int_equal(bitena_text_try_append_char(&text, 0), 0);
    assert_int_equal(bitena_text_append_printf(&text, "%d%s", 5, "s"), 0);
    assert_int_equal(bitena_text_try_append_printf(&text, "%%"), 0);
    assert_int_equal(bitena_text_append_printf(&text, "%s", ""), 0);
    static const char all[] = "a\0bcdstring!x\0"
                              "5s%";
    bitena_bytes so_far = bitena_text_so_far(&text);
    assert_int_equal(so_far.size, sizeof all - 1);
    assert_memory_equal(so_far.at, all, sizeof all);
    bitena_bytes whole = bitena_text_end(&text);
    assert_ptr_equal(whole.at, so_far.at);
    assert_memory_equal(whole.at, all, sizeof all);
    assert_true(!text.at && text.size == 0 && text.room == 0 && text.arena == arena);
}

static void everything_appended_is_there(void **state)
{
    (void)state;
    for_each_kind(CAPACITY, append_everything);
}

/* Every length of short copies, from every offset of growth. */
static void append_lengths(bitena *arena)
{
    static const char source[] = "0123456789abcdefghijklmnopqrstuvwxyz";
    for (size_t size = 1; size < 36; size++) {
        bitena_text text = bitena_text_begin(arena);
        for (int i = 0; i < 40; i++) {
            volatile size_t not_constant = size;
            bitena_text_append(&text, source + i % 2, not_constant);
        }
        bitena_bytes all = bitena_text_end(&text);
        assert_int_equal(all.size, 40 * size);
        for (size_t i = 0; i < 40; i++) {
            assert_memory_equal(all.at + i * size, source + i % 2, size);
        }
        assert_int_equal(all.at[all.size], 0);
    }
}

static void every_length_is_copied(void **state)
{
    (void)state;
    for_each_kind(CAPACITY, append_lengths);
}

static void grow_alone(bitena *arena)
{
    bitena_text text = bitena_text_begin(arena);
    bitena_text_append_char(&text, 'a');
    const char *at = text.at;
    (void)bitena_alloc(arena, 8, 8); /* an object is no text: it hangs from the ceiling */
    while (text.size < 500) {
        bitena_text_append_char(&text, 'a');
    }
    assert_ptr_equal(at, text.at);
    assert_ptr_equal(bitena_text_end(&text).at, at);
}

static void a_last_text_grows_in_place(void **state)
{
    (void)state;
    struct subject s = subject_open(KIND_LOCAL, CAPACITY, NULL);
    (void)bitena_try_alloc(s.arena, 100, 1);
    grow_alone(s.arena);
    subject_close(&s);
}

static void grow_two(bitena *arena)
{
    bitena_text texts[2] = {bitena_text_begin(arena), bitena_text_begin(arena)};
    for (int i = 0; i < 6000; i++) {
        bitena_text_append_char(&texts[0], (char)('a' + i % 26));
        bitena_text_append_printf(&texts[1], "%04d", i);
        if (i % 1000 == 0) {
            (void)bitena_alloc_str(arena, "something in between");
        }
    }
    bitena_bytes first = bitena_text_end(&texts[0]), second = bitena_text_end(&texts[1]);
    assert_true(first.size == 6000 && second.size == 24000);
    for (int i = 0; i < 6000; i++) {
        char number[8];
        (void)snprintf(number, sizeof number, "%04d", i);
        assert_int_equal(first.at[i], 'a' + i % 26);
        assert_memory_equal(second.at + 4 * i, number, 4);
    }
}

static void two_texts_grow_by_turns(void **state)
{
    (void)state;
    for_each_kind(CAPACITY, grow_two);
}

static void append_to_it(void *argument)
{
    bitena_text *text = (bitena_text *)argument;
    for (int i = 0; i < 1000; i++) {
        bitena_text_append_string(text, "other ");
    }
}

static void a_text_may_go_to_another_thread(void **state)
{
    (void)state;
    static const enum kind kinds[] = {KIND_SHARED, KIND_EXACT, KIND_BUFFER};
    for (size_t k = 0; k < 3; k++) {
        struct subject s = subject_open(kinds[k], CAPACITY, NULL);
        bitena_text text = bitena_text_begin(s.arena);
        bitena_text_append_string(&text, "mine ");
        in_another_thread(append_to_it, &text);
        bitena_text_append_string(&text, "mine");
        bitena_bytes all = bitena_text_end(&text);
        assert_int_equal(all.size, 5 + 6000 + 4);
        assert_memory_equal(all.at, "mine other other", 16);
        assert_string_equal(all.at + 5 + 5994, "other mine");
        subject_close(&s);
    }
}

static void append_its_own(bitena *arena)
{
    bitena_text text = bitena_text_begin(arena);
    bitena_text_append_string(&text, "0123456789abcdef");
    bitena_bytes between[3] = {{NULL, 0}};
    for (size_t i = 0; text.size <= 8192; i++) {
        bitena_text_append(&text, text.at, text.size);
        between[i % 3] = bitena_text_copy(arena, bitena_text_of("moves it"));
    }
    assert_string_equal(between[0].at, "moves it");
    for (size_t i = 0; i < text.size; i += 16) {
        assert_memory_equal(text.at + i, "0123456789abcdef", 16);
    }
}

static void a_text_may_be_appended_to_itself(void **state)
{
    (void)state;
    for_each_kind(CAPACITY, append_its_own);
}

static void write_into_windows(bitena *arena)
{
    bitena_text text = bitena_text_begin(arena);
    assert_null(bitena_text_window(&text, 0));
    assert_null(bitena_text_try_window(&text, 0));
    for (size_t i = 0; i < 50; i++) {
        char *window = i % 2 ? bitena_text_window(&text, 100) : bitena_text_try_window(&text, 100);
        assert_non_null(window);
        assert_true(text.room - text.size >= 100);
        assert_ptr_equal(window, text.at + text.size);
        memset(window, 'w', text.room - text.size);
        bitena_text_commit(&text, i);
    }
    assert_non_null(bitena_text_window(&text, 0));
    assert_non_null(bitena_text_try_window(&text, 0));
    bitena_bytes all = bitena_text_end(&text);
    assert_int_equal(all.size, 49 * 50 / 2);
    assert_true(all_bytes_are(all.at, 'w', all.size));
    assert_int_equal(all.at[all.size], 0);
}

static void a_window_is_written_into_and_committed(void **state)
{
    (void)state;
    for_each_kind(CAPACITY, write_into_windows);
}

static void end_gives_back_what_was_not_used(void **state)
{
    (void)state;
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        (void)bitena_alloc_str(s.arena, "takes a lease");
        size_t before = bitena_used(s.arena);
        bitena_text text = bitena_text_begin(s.arena);
        assert_int_equal(bitena_used(s.arena), before);
        bitena_text_append_string(&text, "12345");
        (void)bitena_text_end(&text);
        assert_int_equal(bitena_used(s.arena) - before, 6);
        (void)bitena_text_window(&text, 500);
        assert_string_equal(bitena_text_end(&text).at, "");
        assert_string_equal(bitena_text_end(&text).at, "");
        assert_int_equal(bitena_used(s.arena) - before, 6);
        subject_close(&s);
    }
}

static void a_text_may_be_cut_by_its_size(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_text text = bitena_text_begin(arena);
    bitena_text_append_string(&text, "one, two, ");
    text.size -= 2;
    assert_string_equal(bitena_text_so_far(&text).at, "one, two");
    bitena_text_append_char(&text, '.');
    assert_string_equal(bitena_text_end(&text).at, "one, two.");
    bitena_drop(arena);
}

/* The last bytes of a full arena are used one by one: where there is no room to double, it takes
 * what is needed. */
static void fill_it_up(bitena *arena)
{
    bitena_text text = bitena_text_begin(arena);
    size_t size = 0;
    while (bitena_text_try_append_char(&text, (char)('a' + size % 26)) == 0) {
        size++;
    }
    assert_int_equal(errno, ENOMEM);
    assert_true(size > CAPACITY / 8 && text.size == size && text.room == size);
    const char *at = text.at;
    struct numbers before = numbers_of(arena);
    char bytes[1000] = {0};
    volatile size_t most = SIZE_MAX;
    errno = 0;
    assert_int_equal(bitena_text_try_append(&text, bytes, sizeof bytes), -1);
    assert_int_equal(bitena_text_try_append(&text, bytes, most), -1);
    assert_int_equal(errno, EOVERFLOW);
    assert_int_equal(bitena_text_try_append_string(&text, "s"), -1);
    assert_int_equal(bitena_text_try_append_printf(&text, "%d", 1), -1);
    assert_int_equal(bitena_text_try_append_printf(&text, "%5d", 1), -1);
    assert_null(bitena_text_try_window(&text, 1));
    assert_null(bitena_text_try_window(&text, SIZE_MAX));
    assert_same_numbers(arena, before);
    assert_true(text.size == size && text.at == at);
    errno = UNTOUCHED;
    assert_int_equal(bitena_text_try_append_printf(&text, "%s", ""), 0);
    bitena_bytes all = bitena_text_end(&text);
    assert_true(all.at == at && all.size == size && at[size] == 0);
    for (size_t i = 0; i < size; i++) {
        assert_int_equal(at[i], 'a' + i % 26);
    }
    bitena_text next = bitena_text_begin(arena);
    bitena_text other = next;
    (void)fill_up(arena, 1000, 1);
    (void)fill_up(arena, 1, 1);
    assert_int_equal(bitena_text_try_append_printf(&other, "%d", 1), -1);
    assert_memory_equal(&next, &other, sizeof next);
    errno = UNTOUCHED;
}

static void a_full_arena_refuses_and_leaves_the_text(void **state)
{
    (void)state;
    for_each_kind(CAPACITY, fill_it_up);
}

static void a_full_arena_fails_the_plain_verbs(void **state)
{
    (void)state;
    struct caught caught;
    bitena *arena = open_caught(CAPACITY, &caught);
    static char bytes[CAPACITY + 1];
    bitena_text text = bitena_text_begin(arena);
    bitena_text_append_string(&text, "kept");
    ASSERT_REPORTS(&caught, ENOMEM, bitena_text_append(&text, bytes, sizeof bytes));
    assert_int_equal(caught.size, 4 + sizeof bytes + 1);
    ASSERT_REPORTS(&caught, ENOMEM, (void)bitena_text_window(&text, sizeof bytes));
    ASSERT_REPORTS(&caught, EOVERFLOW, (void)bitena_text_window(&text, SIZE_MAX));
    ASSERT_REPORTS(&caught, ENOMEM,
                   (void)bitena_text_append_printf(&text, "%*d", (int)sizeof bytes, 1));
    assert_string_equal(bitena_text_so_far(&text).at, "kept");
    bitena_drop(arena);
}

static void what_vsnprintf_refuses_leaves_the_text(void **state)
{
    (void)state;
    const wint_t not_in_c = 0x20ac;
    bitena *arena = bitena_new(CAPACITY);
    bitena_text text = bitena_text_begin(arena);
    bitena_text_append_string(&text, "kept");
    errno = 0;
    assert_int_equal(bitena_text_append_printf(&text, "%d %lc", 1, not_in_c), -1);
    assert_int_equal(errno, EILSEQ);
    assert_string_equal(bitena_text_end(&text).at, "kept");
    bitena_drop(arena);
}

static int through_list(int (*fn)(bitena_text *, const char *, va_list), bitena_text *text,
                        const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int result = fn(text, format, list);
    va_end(list);
    return result;
}

static void a_list_is_printed_too(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_text text = bitena_text_begin(arena);
    assert_int_equal(through_list(bitena_text_append_vprintf, &text, "%d,", 1), 0);
    assert_int_equal(through_list(bitena_text_try_append_vprintf, &text, "%300d", 2), 0);
    assert_int_equal(text.size, 302);
    assert_memory_equal(text.at, "1,  ", 4);
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_appended_is_there),
        cmocka_unit_test(every_length_is_copied),
        cmocka_unit_test(a_last_text_grows_in_place),
        cmocka_unit_test(two_texts_grow_by_turns),
        cmocka_unit_test(a_text_may_go_to_another_thread),
        cmocka_unit_test(a_text_may_be_appended_to_itself),
        cmocka_unit_test(a_window_is_written_into_and_committed),
        cmocka_unit_test(end_gives_back_what_was_not_used),
        cmocka_unit_test(a_text_may_be_cut_by_its_size),
        cmocka_unit_test(a_full_arena_refuses_and_leaves_the_text),
        cmocka_unit_test(a_full_arena_fails_the_plain_verbs),
        cmocka_unit_test(what_vsnprintf_refuses_leaves_the_text),
        cmocka_unit_test(a_list_is_printed_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
