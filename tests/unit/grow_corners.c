/* Corners of growing data that larger tests pass by: a thread without a TLAB, an open window in the way, the
 * room that a text leaves, the last byte of a window. What resize and windows promise is in grow.c,
 * window.c and commit.c.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core.h"
#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"

enum { KIB = 1024 };

static bitena *open_local(size_t capacity)
{
    static struct caught caught;
    return bitena_open(&(bitena_options){.capacity = capacity,
                                         .mode = BITENA_LOCAL,
                                         .on_failure = catch_failure,
                                         .context = &caught});
}

static struct caught *caught_of(bitena *arena)
{
    return (struct caught *)arena_of(arena)->context;
}

static void resize_without_a_tlab(void *argument)
{
    bitena *arena = (bitena *)argument;
    char *p = bitena_resize(arena, NULL, 0, 10, 1);
    memset(p, 'p', 10);
    assert_false(bitena_stays_(arena, p, 10, 20, 1));
    char *q = bitena_resize(arena, p, 10, 100, 1);
    assert_true(q && all_bytes_are(q, 'p', 10));
    assert_ptr_equal(bitena_resize(arena, q, 100, 50, 1), q);
    char *odd = q + !((uintptr_t)q & 1);
    char *even = bitena_resize(arena, odd, 20, 10, 64);
    assert_true(even != odd && is_aligned_to(even, 64));
    assert_non_null(bitena_resize(arena, q, 50, 0, 1));
    assert_non_null(bitena_resize(arena, odd, 20, 0, 1));
}

static void a_thread_without_a_tlab_resizes_by_copying(void **state)
{
    (void)state;
    bitena *arena = bitena_new(64 * KIB);
    uint32_t slots = arena_of(arena)->table_count;
    arena_of(arena)->table_count = 0; /* more threads than slots */
    in_another_thread(resize_without_a_tlab, arena);
    arena_of(arena)->table_count = slots;
    assert_in_range(bitena_used(arena), 10 + 100 + 10, 10 + 100 + 10 + 64 + 64);
    bitena_drop(arena);
}

static void an_exact_arena_gives_back_what_is_last_whatever_its_alignment(void **state)
{
    (void)state;
    bitena *arena = bitena_open(&(bitena_options){.capacity = 4 * KIB, .mode = BITENA_EXACT});
    char *first = bitena_resize(arena, NULL, 0, 13, 1);
    char *last = bitena_resize(arena, NULL, 0, 13, 1);
    memset(last, 'l', 13);
    assert_true(is_aligned_to(bitena_resize(arena, last, 13, 0, 64), 64));
    assert_int_equal(bitena_used(arena), 13);
    last = bitena_resize(arena, NULL, 0, 7, 1);
    memcpy(last, "the las", 7);
    assert_true(is_aligned_to(bitena_resize(arena, first, 13, 0, 64), 64)); /* it is not the last */
    assert_int_equal(bitena_used(arena), 20);
    assert_ptr_equal(bitena_resize(arena, first, 13, 5, 1), first);
    assert_int_equal(bitena_used(arena), 20);
    char *moved = bitena_resize(arena, last, 7, 7, 64);
    assert_true(moved != last && is_aligned_to(moved, 64));
    assert_memory_equal(moved, "the las", 7);
    assert_int_equal(bitena_used(arena), (size_t)(moved + 7 - first));
    assert_ptr_equal(bitena_resize(arena, moved, 7, 100, 64), moved);
    bitena_mark mark = bitena_save(arena);
    size_t used = bitena_used(arena);
    char *odd = moved + 1;
    assert_true(is_aligned_to(bitena_resize(arena, odd, 99, 0, 64), 64));
    assert_int_equal(bitena_used(arena), used); /* older than the mark, as is the whole */
    assert_true(bitena_resize(arena, moved, 100, 101, 64) != moved);
    assert_int_equal(bitena_rewind(arena, mark), 0);
    bitena_drop(arena);
}

static void giving_all_back_aligned_takes_no_padding(void **state)
{
    (void)state;
    bitena *arena = open_local(64 * KIB);
    char *p = bitena_alloc_str(arena, "not the last");
    (void)bitena_alloc_str(arena, "odd");
    (void)bitena_alloc_str(arena, ""); /* whatever the floor is, 5 or 4 bytes more are odd once */
    for (int i = 0; i < 2; i++) {
        struct numbers before = numbers_of(arena);
        assert_true(is_aligned_to(bitena_resize(arena, p, 13, 0, 64), 64));
        assert_same_numbers(arena, before);
        (void)bitena_alloc_str(arena, "four");
    }
    bitena_drop(arena);
}

static void a_text_that_moves_leaves_its_room(void **state)
{
    (void)state;
    bitena *arena = open_local(64 * KIB);
    char *p = bitena_resize(arena, NULL, 0, 600, 1);
    memset(p, 'p', 600);
    char *q = bitena_resize(arena, p, 600, 5000, 1);
    assert_true(q != p && all_bytes_are(q, 'p', 600));
    assert_in_range(bitena_used(arena), 5000, 5000 + 64);
    bitena_drop(arena);
}

static void resize_closes_a_window_and_grows_in_place(void **state)
{
    (void)state;
    bitena *arena = open_local(64 * KIB);
    size_t room;
    char *p = bitena_resize(arena, NULL, 0, 100, 1);
    (void)bitena_window(arena, 50, 1, &room);
    assert_ptr_equal(bitena_resize(arena, p, 100, 200, 1), p);
    (void)bitena_window(arena, 50, 1, &room);
    assert_ptr_equal(bitena_resize(arena, p, 200, 20, 1), p);
    assert_int_equal(bitena_used(arena), 20);
    bitena_drop(arena);
}

static void grow_beyond_the_arena(void *argument)
{
    bitena *arena = (bitena *)argument;
    (void)bitena_resize(arena, bitena_alloc_str(arena, "text"), 5, 40000, 1);
}

static void a_refused_resize_says_why(void **state)
{
    (void)state;
    bitena *arena = bitena_open(&(bitena_options){.capacity = 20000, .mode = BITENA_LOCAL});
    assert_aborts(grow_beyond_the_arena, arena,
                  "bitena: arena 'arena': asked for 40000 bytes aligned to 1, 19995 of 20000 bytes"
                  " remain: no room\n");
    bitena_drop(arena);
}

static void a_window_has_all_the_room_there_is(void **state)
{
    (void)state;
    bitena *arena = open_local(64 * KIB);
    size_t first, later;
    (void)bitena_alloc_str(arena, "in a lease");
    (void)bitena_window(arena, 10, 1, &first);
    (void)bitena_alloc(arena, 8, 1);
    (void)bitena_window(arena, 10, 1, &later);
    assert_int_equal(later, first - 8); /* less than before: not a byte less for that */
    (void)bitena_window(arena, later - 1, 1, &first);
    assert_int_equal(first, later - 1); /* a byte less in the same place, but what was asked */
    bitena_drop(arena);
}

static void a_commit_gives_the_place_and_the_room_of_its_window(void **state)
{
    (void)state;
    bitena *arena = open_local(64 * KIB);
    size_t room;
    (void)bitena_alloc_str(arena, "in a lease");
    char *window = bitena_window(arena, 100, 1, &room);
    struct numbers before = numbers_of(arena);
    ASSERT_REPORTS(caught_of(arena), EINVAL, bitena_commit(arena, window + 8, room, room));
    ASSERT_REPORTS(caught_of(arena), EINVAL, bitena_commit(arena, window + 8, room, 8));
    ASSERT_REPORTS(caught_of(arena), EINVAL, bitena_commit(arena, window, room - 1, 8));
    ASSERT_REPORTS(caught_of(arena), EINVAL, bitena_commit(arena, window, 8, 8));
    assert_same_numbers(arena, before);
    bitena_commit(arena, window, room, 8);
    bitena_drop(arena);
}

static void a_window_without_room_is_one_all_the_same(void **state)
{
    (void)state;
    bitena *arena = open_local(4 * KIB);
    (void)bitena_alloc(arena, 100, 1);
    while (bitena_try_alloc(arena, 1, 1)) {
    }
    size_t room = 1;
    char *window = bitena_window(arena, 0, 1, &room);
    assert_non_null(window);
    assert_int_equal(room, 0);
    bitena_commit(arena, window, 0, 0);
    assert_int_equal(bitena_remaining(arena), 0);
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_without_a_tlab_resizes_by_copying),
        cmocka_unit_test(an_exact_arena_gives_back_what_is_last_whatever_its_alignment),
        cmocka_unit_test(giving_all_back_aligned_takes_no_padding),
        cmocka_unit_test(a_text_that_moves_leaves_its_room),
        cmocka_unit_test(resize_closes_a_window_and_grows_in_place),
        cmocka_unit_test(a_refused_resize_says_why),
        cmocka_unit_test(a_window_has_all_the_room_there_is),
        cmocka_unit_test(a_commit_gives_the_place_and_the_room_of_its_window),
        cmocka_unit_test(a_window_without_room_is_one_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
