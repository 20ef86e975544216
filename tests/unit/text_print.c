/* What printf prints into an arena is what libc prints, for the conversions that the module does
 * itself and for all others, at the limits of each type and in rooms of every size.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <bitena/text.h>

#include "support/misuse.h"
#include "support/random.h"

enum { CAPACITY = 256 << 10, UNTOUCHED = 12345 };

/* Both ways of printing, and libc's. */
#define ASSERT_SAME(...)                                                     \
    do {                                                                     \
        char expected_[512];                                                 \
        int length_ = snprintf(expected_, sizeof expected_, __VA_ARGS__);    \
        assert_in_range(length_, 0, sizeof expected_ - 1);                   \
        bitena *arena_ = bitena_new(CAPACITY);                               \
        bitena_text text_ = bitena_text_begin(arena_);                       \
        errno = UNTOUCHED;                                                   \
        bitena_bytes made_ = bitena_text_printf(arena_, __VA_ARGS__);        \
        assert_int_equal(bitena_text_append_printf(&text_, __VA_ARGS__), 0); \
        assert_int_equal(errno, UNTOUCHED);                                  \
        bitena_bytes appended_ = bitena_text_end(&text_);                    \
        assert_int_equal(made_.size, length_);                               \
        assert_int_equal(appended_.size, length_);                           \
        assert_memory_equal(made_.at, expected_, (size_t)length_ + 1);       \
        assert_memory_equal(appended_.at, expected_, (size_t)length_ + 1);   \
        bitena_drop(arena_);                                                 \
    } while (0)

static void strings_and_characters_are_the_same(void **state)
{
    (void)state;
    const char *volatile null = NULL;
    ASSERT_SAME("%s", "");
    ASSERT_SAME("plain");
    ASSERT_SAME("%s%s %s", "a", "", "bc");
    ASSERT_SAME("%.*s|%.*s|%.*s", 3, "abcdef", -1, "abc", 0, "abc");
    ASSERT_SAME("%.*s", 10, "abc");
    ASSERT_SAME("%c%c%c", 'a', 0, 'b');
    ASSERT_SAME("100%% of %s", "it");
    ASSERT_SAME("%s before %10s and %-5s", "a", "b", "c");
    ASSERT_SAME("%s then %.2s", "one", "two");
    ASSERT_SAME("%d then %s", 1, null);
    ASSERT_SAME("%d then %.*s", 1, 4, null);
    ASSERT_SAME("%ls", L"wide");
    ASSERT_SAME("%lc", (wint_t)L'w');
}

static void numbers_are_the_same(void **state)
{
    (void)state;
    ASSERT_SAME("%d %i %d %d", 0, -1, INT_MIN, INT_MAX);
    ASSERT_SAME("%u %u", 0u, UINT_MAX);
    ASSERT_SAME("%ld %li %lu", LONG_MIN, LONG_MAX, ULONG_MAX);
    ASSERT_SAME("%lld %lli %llu", LLONG_MIN, LLONG_MAX, ULLONG_MAX);
    ASSERT_SAME("%zu %zd %zi", SIZE_MAX, (ptrdiff_t)-5, PTRDIFF_MAX);
    ASSERT_SAME("%x %#lx %o", 255u, 255ul, 8u);
    ASSERT_SAME("%hd %hhu %jd %td", (short)-3, (unsigned char)255, (intmax_t)-7, (ptrdiff_t)9);
    ASSERT_SAME("%5d|%-5d|%05d|%+d|% d|%.3d", 1, 2, 3, 4, 5, 6);
    ASSERT_SAME("%.*d|%.5d", 4, 12, 3);
    ASSERT_SAME("%f %e %g %a", 1.5, 1.5, 1.5, 1.5);
    ASSERT_SAME("%p", (void *)0);
    for (uint64_t power = 1, i = 0; i < 20; i++, power *= 10) {
        ASSERT_SAME("%llu %llu", (unsigned long long)power, (unsigned long long)power - 1);
        ASSERT_SAME("%lld", -(long long)(power - 1));
    }
}

static void numbers_of_every_size_are_the_same(void **state)
{
    (void)state;
    struct random random = {setting("BITENA_SEED", 20260)};
    bitena *arena = bitena_new(CAPACITY);
    bitena_text text = bitena_text_begin(arena);
    char expected[64];
    for (size_t i = 0; i < scaled(50000); i++) {
        uint64_t word = random_next(&random) >> random_below(&random, 64);
        int length = snprintf(expected, sizeof expected, "%" PRIu64 ",%lld;%d", word,
                              -(long long)word, (int)(unsigned)word);
        text.size = 0;
        (void)bitena_text_append_printf(&text, "%" PRIu64 ",%lld;%d", word, -(long long)word,
                                        (int)(unsigned)word);
        assert_int_equal(text.size, length);
        assert_memory_equal(text.at, expected, text.size);
    }
    bitena_drop(arena);
}

/* The text before what is printed, and so the room for it, of every size. */
static void every_room_is_enough(void **state)
{
    (void)state;
    static const char expected[] = "-12345, text c%";
    bitena *arena = bitena_new(CAPACITY);
    for (size_t before = 1; before < 600; before++) {
        BITENA_SCOPE (arena) {
            bitena_text text = bitena_text_begin(arena);
            char *window = bitena_text_window(&text, before);
            memset(window, '#', before);
            bitena_text_commit(&text, before);
            assert_int_equal(bitena_text_append_printf(&text, "%d, %s %c%%", -12345, "text", 'c'),
                             0);
            bitena_bytes all = bitena_text_end(&text);
            assert_int_equal(all.size, before + sizeof expected - 1);
            assert_string_equal(all.at + before, expected);
            assert_int_equal(all.at[before - 1], '#');
        }
    }
    bitena_drop(arena);
}

/* As vsnprintf: what does not fit is counted. */
static int counted(char *at, size_t room, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    int length = bitena_text_print_(at, room, format, list);
    va_end(list);
    return length;
}

static void what_does_not_fit_is_counted(void **state)
{
    (void)state;
    for (size_t room = 0; room <= 12; room++) {
        char at[16];
        memset(at, '#', sizeof at);
        assert_int_equal(counted(at, room, "%s%d%c", "abc", -1234, 'x'), 9);
        assert_int_equal(at[room], '#');
    }
    assert_int_equal(counted(NULL, 0, "%s%d%c", "abc", -1234, 'x'), 9);
    char enough[8];
    assert_int_equal(counted(enough, SIZE_MAX, "%5d", 1), 5);
    assert_string_equal(enough, "    1");
}

/* printf cannot say such a length. */
static void more_than_an_int_is_refused(void **state)
{
    (void)state;
    enum { LONG = 9 << 18 }; /* a thousand of them; it stays in the cache */
    char *s = under_a_tool() ? NULL : malloc(LONG + 1);
    if (!s) {
        return; /* it takes half a minute there */
    }
    memset(s, 'a', LONG);
    s[LONG] = 0;
    bitena *arena = bitena_new(CAPACITY);
    bitena_text text = bitena_text_begin(arena);
    errno = 0;
#define AGAIN(x)      x x x x
#define FOUR_TIMES(x) x, x, x, x
    assert_int_equal(
        bitena_text_append_printf(&text, AGAIN(AGAIN(AGAIN(AGAIN(AGAIN("%s"))))),
                                  FOUR_TIMES(FOUR_TIMES(FOUR_TIMES(FOUR_TIMES(FOUR_TIMES(s)))))),
        -1);
    assert_int_equal(errno, EOVERFLOW);
    bitena_drop(arena);
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strings_and_characters_are_the_same),
        cmocka_unit_test(numbers_are_the_same),
        cmocka_unit_test(numbers_of_every_size_are_the_same),
        cmocka_unit_test(every_room_is_enough),
        cmocka_unit_test(what_does_not_fit_is_counted),
        cmocka_unit_test(more_than_an_int_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
