/* The small steps of a TLAB: what a new or an empty one has, serials, bumps from both ends, a window closed,
 * what is free. On a TLAB made by hand.
 * SPDX-License-Identifier: MIT */
#include "support/hand_tlab.h"

static const struct lease used = {30000, 30500, 31000, 38192, 4096};

static void serials_skip_the_word_that_means_no_lease(void **state)
{
    (void)state;
    hand_lease(false, 0, &used);
    hand_tlab->serial = UINT32_MAX - 1;
    tlab_install(hand_tlab, hand_pool, (struct span){0, 100, 0});
    assert_true(hand_tlab->serial == UINT32_MAX);
    tlab_install(hand_tlab, hand_pool, (struct span){0, 100, 0});
    assert_int_equal((uint32_t)hand_tlab->serial, 1);
    assert_true(hand_tlab->serial == (uintptr_t)UINT32_MAX + 2);
    tlab_set_empty(hand_arena, hand_tlab);
    assert_int_equal((uint32_t)hand_tlab->serial, 2);
}

static void a_new_lease_has_no_mark_and_nothing_apart(void **state)
{
    (void)state;
    for (int empty = 0; empty < 2; empty++) {
        hand_lease(false, 0, &used);
        hand_tlab->mark_text = 5;
        hand_tlab->apart = 6;
        hand_tlab->lease = 7;
        if (empty) {
            tlab_set_empty(hand_arena, hand_tlab);
        } else {
            tlab_install(hand_tlab, hand_pool, (struct span){100, 200, 3});
        }
        assert_true(hand_tlab->mark_text == 0 && hand_tlab->apart == 0);
        assert_int_equal(hand_tlab->lease, empty ? 0 : 3);
        assert_int_equal(hand_tlab->serial, 9);
        assert_true(hand_tlab->base == hand_at(empty ? HAND_CAPACITY : 100));
        assert_true(hand_tlab->floor == hand_tlab->base && hand_tlab->ceiling == hand_tlab->end);
    }
}

static void a_cleared_tlab_has_nothing(void **state)
{
    (void)state;
    static struct cleanup cleanup;
    hand_lease(false, 0, &used);
    hand_tlab->window = 4;
    hand_tlab->spare_bytes = 5;
    hand_tlab->chain = hand_tlab->spare = hand_tlab->mark_chain = 6;
    hand_tlab->children = 7;
    hand_tlab->cleanups = &cleanup;
    hand_tlab->marks = 8;
    hand_tlab->next_lease = 9;
    tlab_clear(hand_arena, hand_tlab);
    assert_true(hand_tlab->window == 0 && hand_tlab->chain == 0 && hand_tlab->mark_chain == 0);
    assert_true(hand_tlab->children == 0 && !hand_tlab->cleanups);
    assert_false(tlab_has_live_marks(hand_tlab));
    assert_int_equal(hand_tlab->next_lease, LEASE_MIN);
    ASSERT_LEASE(0, "65536-65536 [65536,65536) pool 0:");
    assert_int_equal(tlab_free(hand_tlab), 0);
}

/* Another thread may read a ceiling, and the floor of a later lease. */
static void what_is_free_is_never_less_than_nothing(void **state)
{
    (void)state;
    hand_lease(false, 0, &used);
    assert_int_equal(tlab_free(hand_tlab), 500);
    hand_spare(50000, 50700);
    assert_int_equal(tlab_free(hand_tlab), 1200);
    hand_tlab->floor = hand_tlab->ceiling + 10;
    assert_int_equal(tlab_free(hand_tlab), 700);
    hand_tlab->window = hand_at(30900);
    assert_int_equal(tlab_free(hand_tlab), 800);
    hand_tlab->window = hand_at(31100);
    assert_int_equal(tlab_free(hand_tlab), 700);
}

static void a_closed_window_gives_its_floor_back(void **state)
{
    (void)state;
    hand_lease(false, 0, &used);
    tlab_close_window(hand_tlab); /* none is open */
    ASSERT_LEASE(0, "30000-38192 [30500,31000) pool 0:");
    hand_tlab->window = hand_tlab->floor;
    hand_tlab->floor = hand_tlab->ceiling;
    tlab_close_window(hand_tlab);
    ASSERT_LEASE(0, "30000-38192 [30500,31000) pool 0:");
    assert_true(hand_tlab->window == 0);
    tlab_set_empty(hand_arena, hand_tlab);
    tlab_lease_top(hand_tlab, 536);
    ASSERT_LEASE(0, "65000-65536 [65000,65536) pool 0:");
}

static void a_lease_is_bumped_from_both_ends(void **state)
{
    (void)state;
    static const struct {
        size_t size, align, at;
        bool up;
        const char *after;
    } rows[] = {
        {500, 1, 30500, true, "30000-38192 [31000,31000) pool 0:"},
        {500, 1, 30500, false, "30000-38192 [30500,30500) pool 0:"},
        {100, 16, 30512, true, "30000-38192 [30612,31000) pool 0:"},
        {100, 16, 30896, false, "30000-38192 [30500,30896) pool 0:"},
        {501, 1, SIZE_MAX, true, "30000-38192 [30500,31000) pool 0:"},
        {501, 1, SIZE_MAX, false, "30000-38192 [30500,31000) pool 0:"},
        {490, 16, SIZE_MAX, true, "30000-38192 [30500,31000) pool 0:"},
        {490, 16, SIZE_MAX, false, "30000-38192 [30500,31000) pool 0:"},
        {10, 1024, 30720, true, "30000-38192 [30730,31000) pool 0:"},
        {10, 2048, 30720, false, "30000-38192 [30500,30720) pool 0:"},
        {10, 4096, SIZE_MAX, false, "30000-38192 [30500,31000) pool 0:"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        hand_lease(false, 0, &used);
        struct request request = {rows[i].size, rows[i].align, rows[i].up, false};
        assert_ptr_equal(tlab_bump(hand_tlab, &request),
                         rows[i].at == SIZE_MAX ? NULL : (void *)hand_at(rows[i].at));
        ASSERT_LEASE(0, rows[i].after);
    }
}

static void a_spare_is_given_back_once(void **state)
{
    (void)state;
    hand_lease(false, 0, &used);
    tlab_give_spare(hand_arena, hand_tlab);
    ASSERT_LEASE(0, "30000-38192 [30500,31000) pool 0:");
    hand_spare(40000, 40001);
    tlab_give_spare(hand_arena, hand_tlab);
    tlab_give_spare(hand_arena, hand_tlab);
    ASSERT_LEASE(0, "30000-38192 [30500,31000) pool 0: 40000-40001");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serials_skip_the_word_that_means_no_lease),
        cmocka_unit_test(a_new_lease_has_no_mark_and_nothing_apart),
        cmocka_unit_test(a_cleared_tlab_has_nothing),
        cmocka_unit_test(what_is_free_is_never_less_than_nothing),
        cmocka_unit_test(a_closed_window_gives_its_floor_back),
        cmocka_unit_test(a_lease_is_bumped_from_both_ends),
        cmocka_unit_test(a_spare_is_given_back_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
