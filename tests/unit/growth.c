/* How texts and vectors grow: twice in place, else fourfold elsewhere, else as much as there is room for.
 * And the verb that resizes without moving.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include <bitena/growth_parts.h>

#include "core.h"
#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"

enum { KIB = 1024, SIZE = 12 };

static bitena_grown_ grow(bitena *arena, bitena_grown_ block, size_t need)
{
    errno = 77;
    bitena_grown_ grown =
        bitena_grow_(arena, block.at, block.room, need, SIZE, 4, bitena_try_resize);
    assert_true(!grown.at || (errno == 77 && grown.room >= need && is_aligned_to(grown.at, 4)));
    return grown;
}

static bitena_grown_ begin(bitena *arena)
{
    return grow(arena, (bitena_grown_){NULL, 0}, 1);
}

static void a_first_block_has_256_bytes_or_what_is_needed(void **state)
{
    (void)state;
    bitena *arena = bitena_new(64 * KIB);
    static const struct {
        size_t size, need, room;
    } rows[] = {{1, 1, 256},  {1, 256, 256}, {1, 257, 257}, {12, 1, 21},    {12, 21, 21},
                {12, 22, 22}, {255, 1, 1},   {256, 1, 1},   {257, 1, 1},    {300, 1, 1},
                {128, 1, 2},  {128, 3, 3},   {300, 2, 2},   {1, 5000, 5000}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bitena_grown_ block =
            bitena_grow_(arena, NULL, 0, rows[i].need, rows[i].size, 1, bitena_resize);
        assert_non_null(block.at);
        assert_int_equal(block.room, rows[i].room);
    }
    bitena_drop(arena);
}

static void what_is_last_doubles_in_place(void **state)
{
    (void)state;
    for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 64 * KIB, NULL);
        bitena_grown_ block = begin(subject.arena), grown;
        for (size_t room = block.room; room <= 21 * 2; room *= 2) {
            grown = grow(subject.arena, block, block.room + 1);
            assert_int_equal(grown.room, 2 * room);
            if (kind == KIND_EXACT) {
                assert_ptr_equal(grown.at, block.at);
            }
            block = grown;
        }
        subject_close(&subject);
    }
}

/* A neighbour stands behind it. Bytes are copied. */
static void what_is_not_last_moves_to_fourfold_room(void **state)
{
    (void)state;
    static const int modes[] = {BITENA_SHARED, BITENA_LOCAL, BITENA_EXACT};
    for (int m = 0; m < 3; m++) {
        bitena *arena = bitena_open(&(bitena_options){.capacity = 256 * KIB, .mode = modes[m]});
        bitena_grown_ block = begin(arena);
        for (size_t room = block.room, times = 0; times < 4; times++) {
            memset(block.at, (int)times + 1, block.room * SIZE);
            assert_non_null(bitena_resize(arena, NULL, 0, 1, 1));
            bitena_grown_ grown = grow(arena, block, block.room + 1);
            assert_true(grown.at != block.at);
            assert_int_equal(grown.room, room *= 4);
            assert_true(all_bytes_are(grown.at, (int)times + 1, block.room * SIZE));
            block = grown;
        }
        bitena_drop(arena);
    }
}

/* In an EXACT arena a block of 252 bytes with room for 21 stands below what is taken. Fourfold is 1008,
 * which may be half of what is left. */
static void where_room_is_short_it_gets_less(void **state)
{
    (void)state;
    static const struct {
        size_t left, need, room; /* room 0: refused */
    } rows[] = {
        {2016, 22, 84}, {2015, 22, 42}, {504, 22, 42},  {503, 22, 22},  {264, 22, 22}, {263, 22, 0},
        {504, 42, 42},  {503, 42, 0},   {2016, 43, 84}, {2015, 43, 43}, {516, 43, 43}, {515, 43, 0},
        {2016, 84, 84}, {2016, 85, 85}, {1020, 85, 85}, {1019, 85, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bitena *arena = bitena_open(&(bitena_options){.capacity = 10000, .mode = BITENA_EXACT});
        bitena_grown_ block = begin(arena);
        (void)bitena_alloc(arena, bitena_remaining(arena) - rows[i].left, 1);
        bitena_grown_ grown = grow(arena, block, rows[i].need);
        assert_int_equal(grown.at ? grown.room : 0, rows[i].room);
        assert_true(grown.at || errno == ENOMEM);
        bitena_drop(arena);
    }
}

static void sizes_that_overflow_are_refused(void **state)
{
    (void)state;
    bitena *arena = bitena_new(64 * KIB);
    bitena_grown_ block = begin(arena);
    static const size_t needs[] = {SIZE_MAX, SIZE_MAX / SIZE + 2, PTRDIFF_MAX / SIZE + 1};
    for (size_t i = 0; i < 3; i++) {
        assert_null(grow(arena, block, needs[i]).at);
        assert_int_equal(errno, EOVERFLOW);
    }
    bitena_drop(arena);
}

/* ---- Without moving ---- */

static void it_stays_or_nothing_is_changed(void **state)
{
    (void)state;
    static const int modes[] = {BITENA_SHARED, BITENA_LOCAL, BITENA_EXACT};
    for (int m = 0; m < 3; m++) {
        bitena *arena = bitena_open(&(bitena_options){.capacity = 64 * KIB, .mode = modes[m]});
        char *first = bitena_resize(arena, NULL, 0, 100, 8);
        char *p = bitena_resize(arena, NULL, 0, 100, 8);
        size_t used = bitena_used(arena);
        errno = 77;
        assert_false(bitena_stays_(arena, first, 100, 101, 8)); /* not the last */
        assert_false(bitena_stays_(arena, first, 100, 96, 8));
        assert_false(bitena_stays_(arena, p, 99, 200, 8)); /* not its size */
        assert_false(bitena_stays_(arena, p, 100, 200, (size_t)1 << 40));
        assert_false(bitena_stays_(arena, p, 100, 200, 0));
        assert_false(bitena_stays_(arena, p, 100, 200, 3));
        assert_false(bitena_stays_(arena, p, 100, 65 * KIB, 8));
        assert_false(bitena_stays_(arena, p, 100, SIZE_MAX, 8));
        assert_false(bitena_stays_(arena, NULL, 0, 8, 8));
        assert_int_equal(bitena_used(arena), used);
        assert_true(bitena_stays_(arena, p, 100, 300, 8));
        assert_int_equal(bitena_used(arena), used + 200);
        assert_true(bitena_stays_(arena, p, 300, 60, 8));
        assert_int_equal(bitena_used(arena), used - 40);
        assert_int_equal(errno, 77);
        bitena_drop(arena);
    }
}

/* Each verb, on a run that could stay. */
static void a_wrong_alignment_is_refused_in_place_too(void **state)
{
    (void)state;
    static const size_t aligns[] = {0, 3, (size_t)1 << 40};
    static const int modes[] = {BITENA_SHARED, BITENA_EXACT};
    for (int m = 0; m < 2; m++) {
        bitena *arena = bitena_open(&(bitena_options){.capacity = 64 * KIB, .mode = modes[m]});
        char *p = bitena_resize(arena, NULL, 0, 99, 64);
        size_t used = bitena_used(arena);
        for (int i = 0; i < 3; i++) {
            errno = 0;
            assert_null(bitena_try_resize(arena, p, 99, 120, aligns[i]));
            assert_int_equal(errno, i < 2 ? EINVAL : ENOMEM);
            assert_false(bitena_stays_(arena, p, 99, 120, aligns[i]));
            assert_int_equal(bitena_used(arena), used);
        }
        bitena_drop(arena);
    }
}

static void a_window_in_the_way_is_closed(void **state)
{
    (void)state;
    bitena *arena = bitena_new(64 * KIB);
    char *p = bitena_resize(arena, NULL, 0, 100, 8);
    size_t room;
    (void)bitena_window(arena, 10, 1, &room);
    assert_true(bitena_stays_(arena, p, 100, 200, 8));
    (void)bitena_window(arena, 10, 1, &room);
    assert_ptr_equal(bitena_resize(arena, p, 200, 300, 8), p);
    (void)bitena_window(arena, 10, 1, &room);
    assert_ptr_equal(bitena_try_resize(arena, p, 300, 400, 8), p);
    bitena_drop(arena);
}

/* It stands where the run ends, and has no room. */
static void an_empty_window_in_the_way_is_closed(void **state)
{
    (void)state;
    for (int verb = 0; verb < 3; verb++) {
        bitena *arena = bitena_new(64 * KIB);
        char *p = bitena_resize(arena, NULL, 0, 100, 8);
        struct tlab *tlab = &arena_of(arena)->tlab;
        size_t all = tlab->ceiling - (uintptr_t)p, room;
        assert_true(bitena_stays_(arena, p, 100, all, 8));
        (void)bitena_window(arena, 0, 1, &room);
        assert_int_equal(room, 0);
        size_t left = bitena_remaining(arena);
        char *shrunk = verb == 0   ? bitena_resize(arena, p, all, 64, 8)
                       : verb == 1 ? bitena_try_resize(arena, p, all, 64, 8)
                       : bitena_stays_(arena, p, all, 64, 8) ? p
                                                             : NULL;
        assert_ptr_equal(shrunk, p);
        assert_int_equal(bitena_remaining(arena), left + all - 64);
        bitena_drop(arena);
    }
}

static void a_run_older_than_the_mark_does_not_stay(void **state)
{
    (void)state;
    static const int modes[] = {BITENA_SHARED, BITENA_EXACT};
    for (int m = 0; m < 2; m++) {
        bitena *arena = bitena_open(&(bitena_options){.capacity = 64 * KIB, .mode = modes[m]});
        char *p = bitena_resize(arena, NULL, 0, 100, 8);
        (void)bitena_save(arena);
        assert_false(bitena_stays_(arena, p, 100, 200, 8));
        p = bitena_resize(arena, NULL, 0, 100, 8);
        assert_true(bitena_stays_(arena, p, 100, 200, 8));
        bitena_drop(arena);
    }
}

static void in_the_tlab_of_another(void *argument)
{
    bitena *arena = (bitena *)argument;
    char *p = bitena_resize(arena, NULL, 0, 100, 8);
    assert_true(bitena_stays_(arena, p, 100, 200, 8));
    assert_false(bitena_stays_(arena, p, 100, 300, 8));
}

static void a_stranger(void *argument)
{
    bitena *arena = (bitena *)argument;
    errno = 77;
    char *p = arena_of(arena)->name ? NULL : (char *)arena_of(arena)->tlab.base;
    assert_false(bitena_stays_(arena, p, 100, 200, 8));
    assert_int_equal(errno, 77);
}

static void other_threads_keep_to_their_own(void **state)
{
    (void)state;
    bitena *arena = bitena_new(64 * KIB);
    (void)bitena_resize(arena, NULL, 0, 100, 8);
    in_another_thread(in_the_tlab_of_another, arena);
    bitena_drop(arena);
    arena = bitena_open(&(bitena_options){.capacity = 64 * KIB, .mode = BITENA_LOCAL});
    char *p = bitena_resize(arena, NULL, 0, 100, 8);
    in_another_thread(a_stranger, arena);
    assert_true(bitena_stays_(arena, p, 100, 200, 8));
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_first_block_has_256_bytes_or_what_is_needed),
        cmocka_unit_test(what_is_last_doubles_in_place),
        cmocka_unit_test(what_is_not_last_moves_to_fourfold_room),
        cmocka_unit_test(where_room_is_short_it_gets_less),
        cmocka_unit_test(sizes_that_overflow_are_refused),
        cmocka_unit_test(it_stays_or_nothing_is_changed),
        cmocka_unit_test(a_window_in_the_way_is_closed),
        cmocka_unit_test(an_empty_window_in_the_way_is_closed),
        cmocka_unit_test(a_wrong_alignment_is_refused_in_place_too),
        cmocka_unit_test(a_run_older_than_the_mark_does_not_stay),
        cmocka_unit_test(other_threads_keep_to_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
