/* Slices are filled with copies of one value: of every size at which the copying changes its way, so
 * many that it has to, each copy whole and nothing behind the last.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "support/misuse.h"
#include "support/subject.h"

enum { MOST = 3 * 5000 + 7, GUARD = 64, UNTOUCHED_BYTE = 0xA5 };

static bool is_a_row(const unsigned char *row, const unsigned char *value, size_t size,
                     size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (memcmp(row + i * size, value, size) != 0) {
            return false;
        }
    }
    return true;
}

static void every_copy_is_whole_and_nothing_is_written_behind(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 3, 4, 7, 8, 9, 24, 100, 1000, 4095, 4096, 4097, 5000};
    static unsigned char value[5000], row[MOST + GUARD];
    for (size_t i = 0; i < sizeof value; i++) {
        value[i] = (unsigned char)(i * 7 + i / 251 + 1);
    }
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        size_t size = sizes[s], most = MOST / size;
        size_t counts[] = {0, 1, 2, 3, 5, 31, 32, 33, 34, most / 2, most - 1, most};
        for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
            size_t count = counts[c] < most ? counts[c] : most;
            memset(row, UNTOUCHED_BYTE, sizeof row);
            assert_ptr_equal(bitena_fill_(row, value, size, count), row);
            assert_true(is_a_row(row, value, size, count));
            assert_true(all_bytes_are(row + size * count, UNTOUCHED_BYTE, GUARD));
        }
    }
    memset(row, UNTOUCHED_BYTE, sizeof row);
    (void)bitena_fill_(row, value, 0, 10);
    assert_true(all_bytes_are(row, UNTOUCHED_BYTE, GUARD));
}

typedef struct Odd {
    char text[24];
} Odd;

static void a_long_slice_is_so_filled(void **state)
{
    (void)state;
    bitena *arena = bitena_new(1 << 20);
    Odd *odd = bitena_alloc_slice(arena, Odd, 2000, "a text of a few bytes");
    for (size_t i = 0; i < 2000; i++) {
        assert_string_equal(odd[i].text, "a text of a few bytes");
    }
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_copy_is_whole_and_nothing_is_written_behind),
        cmocka_unit_test(a_long_slice_is_so_filled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
