/* What a request gets that does not fit in the lease: the lease extended, a run apart, a new lease, the
 * spare; what each leaves behind, and that a refusal leaves all as it was. On a TLAB made by hand.
 * SPDX-License-Identifier: MIT */
#include "support/hand_tlab.h"

enum { DOWN, UP, GROW };

static struct request request_of(size_t size, size_t align, int how)
{
    return (struct request){size, align, how != DOWN, how == GROW};
}

/* at: offset of what is served, SIZE_MAX: refused. */
struct row {
    size_t index;
    const struct lease *lease;
    size_t size, align;
    int how;
    size_t at;
    const char *after;
};

/* base, floor, ceiling, end, the size of the next lease */
static const struct lease low = {60000, 60000, 60050, 61000, 2048},
                          lowest = {800, 800, 850, 1000, 2048},
                          near = {60000, 60000, 60050, 61000, 8192},
                          texted = {60000, 60001, 60051, 61000, 8192},
                          gap_1023 = {58460, 58460, 58467, 61000, 2048},
                          gap_1024 = {58460, 58460, 58468, 61000, 2048},
                          gap_1056 = {58500, 58500, 58508, 61000, 2048},
                          full = {30000, 30500, 30510, 38192, 8192},
                          full_small = {30000, 30500, 30510, 38192, 1024},
                          above_64th = {30000, 30500, 30629, 38192, 8192},
                          at_64th = {30000, 30500, 30628, 38192, 8192},
                          long_above = {30000, 30500, 30629, 60000, 8192},
                          long_at = {30000, 30500, 30628, 60000, 8192},
                          half_above = {30000, 30500, 30565, 34096, 8192},
                          half_at = {30000, 30500, 30564, 34096, 8192};

static const struct row extended[] = {
    {60000, &low, 100, 1, DOWN, 59950, "57952-61000 [57952,59950) pool 57952:"},
    {60000, &low, 5000, 1, DOWN, 55050, "55050-61000 [55050,55050) pool 55050:"},
    {60000, &low, 100, 1, UP, 57952, "57952-61000 [58052,60050) pool 57952:"},
    {60000, &low, 100, 1, GROW, 57952, "57952-61000 [58052,60050) pool 57952:"},
    {60000, &low, 3000, 1, GROW, 53984, "53984-61000 [56984,60050) pool 53984:"},
    /* an eighth of what remains, and no more than there is */
    {800, &lowest, 60, 1, DOWN, 790, "700-1000 [700,790) pool 700:"},
    {800, &lowest, 850, 1, DOWN, 0, "0-1000 [0,0) pool 0:"},
    {800, &lowest, 851, 1, DOWN, SIZE_MAX, "800-1000 [800,850) pool 800:"},
    {800, &lowest, 600, 1, GROW, 32,
     "32-1000 [632,850) pool 32:"}, /* 600 and an eighth, in lines */
    {800, &lowest, 700, 1, GROW, 0, "0-1000 [700,850) pool 0:"},
    /* not past the index, nor with text on the floor */
    {59999, &near, 1025, 1, DOWN, 58974, "60000-61000 [60000,60050) pool 58974:"},
    {60001, &near, 1025, 1, DOWN, 58976, "60000-61000 [60000,60050) pool 58976:"},
    {60000, &texted, 1025, 1, DOWN, 58975, "60000-61000 [60001,60051) pool 58975:"},
    /* the gap of a large alignment stands apart and is recycled, from 1 KiB on */
    {58460, &gap_1023, 100, 4096, DOWN, 57344, "56412-61000 [56412,57344) pool 56412:"},
    {58460, &gap_1024, 100, 4096, DOWN, 57344, "58460-61000 [58460,58468) pool 57344: 57444-58460"},
    {58500, &gap_1056, 100, 4096, DOWN, 57344, "58500-61000 [58500,58508) pool 57344: 57444-58500"},
};

static void a_lease_at_the_index_is_extended_by_the_wish_or_the_need(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof extended / sizeof *extended; i++) {
        hand_lease(false, extended[i].index, extended[i].lease);
        struct request request = request_of(extended[i].size, extended[i].align, extended[i].how);
        void *p = tlab_refill(hand_arena, hand_tlab, &request);
        assert_ptr_equal(p, extended[i].at == SIZE_MAX ? NULL : (void *)hand_at(extended[i].at));
        ASSERT_LEASE(0, extended[i].after);
        size_t next = extended[i].lease->next;
        assert_int_equal(hand_tlab->next_lease,
                         extended[i].at == SIZE_MAX ? next : smaller(2 * next, 8192));
    }
}

/* In a child of an EXACT arena: its empty lease ends where a full index stands. */
static void an_exact_parents_index_extends_no_lease(void **state)
{
    (void)state;
    hand_lease(true, HAND_CAPACITY, &(struct lease){0, 0, 0, 0, 1024});
    tlab_set_empty(hand_arena, hand_tlab);
    struct request request = request_of(100, 1, DOWN);
    assert_null(tlab_refill(hand_arena, hand_tlab, &request));
    ASSERT_LEASE(0, "65536-65536 [65536,65536) pool 65536:");
}

static const struct row kept[] = {
    /* above an eighth of the next lease, whatever is free */
    {20000, &full, 1025, 1, DOWN, 18975, "30000-38192 [30500,30510) pool 18975:"},
    {20000, &full, 1024, 1, DOWN, 18976, "17500-20000 [17500,18976) pool 17500:"},
    {20000, &full, 1018, 8, DOWN, 18976, "30000-38192 [30500,30510) pool 18976:"},
    {20000, &full, 1017, 8, DOWN, 18976, "17500-20000 [17500,18976) pool 17500:"},
    {20000, &full_small, 129, 1, DOWN, 19871, "30000-38192 [30500,30510) pool 19871:"},
    {20000, &full_small, 128, 1, DOWN, 19872, "18976-20000 [18976,19872) pool 18976:"},
    /* what will grow never does, and gets twice its size in whole lines */
    {20000, &full_small, 1025, 1, GROW, 17824, "17824-20000 [18849,20000) pool 17824:"},
    /* more than a 64th is free: the lease is kept */
    {20000, &above_64th, 200, 1, DOWN, 19800, "30000-38192 [30500,30629) pool 19800:"},
    {20000, &at_64th, 200, 1, DOWN, 19800, "17500-20000 [17500,19800) pool 17500: 30500-30628"},
    {20000, &above_64th, 200, 1, UP, 19800, "30000-38192 [30500,30629) pool 19800:"},
    /* of a lease that was extended, as if it were of the largest size */
    {20000, &long_above, 200, 1, DOWN, 19800, "30000-60000 [30500,30629) pool 19800:"},
    {20000, &long_at, 200, 1, DOWN, 19800, "17500-20000 [17500,19800) pool 17500: 30500-30628"},
    {20000, &half_above, 200, 1, DOWN, 19800, "30000-34096 [30500,30565) pool 19800:"},
    {20000, &half_at, 200, 1, DOWN, 19800, "17500-20000 [17500,19800) pool 17500: 30500-30564"},
};

/* 8192 bytes whose 64th part is 128, text on the floor. */
static void large_requests_stand_apart_and_others_while_much_is_free(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
        hand_lease(false, kept[i].index, kept[i].lease);
        struct request request = request_of(kept[i].size, kept[i].align, kept[i].how);
        bool new_lease = kept[i].after[0] == '1';
        void *p = tlab_refill(hand_arena, hand_tlab, &request);
        assert_ptr_equal(p, (void *)hand_at(kept[i].at));
        ASSERT_LEASE(0, kept[i].after);
        size_t need = kept[i].size + kept[i].align - 1;
        bool large = need > kept[i].lease->next / 8;
        assert_int_equal(hand_tlab->apart, new_lease || large ? 0 : need);
        assert_int_equal(hand_tlab->serial, new_lease ? 9 : 8);
    }
}

static void a_lease_is_kept_until_what_stands_apart_outweighs_what_is_free(void **state)
{
    (void)state;
    static const struct lease lease = {30000, 30500, 34000, 62768, 65536};
    struct request request = request_of(3501, 1, DOWN);
    for (size_t apart = 0; apart < 5000; apart += 2987) {
        for (size_t more = 0; more < 2; more++) {
            hand_lease(false, 20000, &lease);
            hand_arena->lease_max = 65536;
            hand_tlab->apart = apart + more;
            assert_non_null(tlab_refill(hand_arena, hand_tlab, &request));
            bool stays = apart + more <= 2987; /* 512 + 2987 < 3500 */
            assert_int_equal(hand_tlab->apart, stays ? apart + more + 3501 : 0);
            ASSERT_LEASE(0, stays ? "30000-62768 [30500,34000) pool 16499:"
                                  : "16499-20000 [16499,16499) pool 16499: 30500-34000");
        }
    }
}

static void a_new_lease_is_a_fair_share_or_what_the_request_needs(void **state)
{
    (void)state;
    struct request request = request_of(100, 1, DOWN), grows = request_of(100, 64, GROW);
    static const struct lease used_up = {30000, 30500, 30500, 38192, 4096};
    hand_lease(false, 16000, &used_up);
    hand_arena->tlabs_in_use = 2; /* half of an eighth */
    assert_non_null(tlab_refill(hand_arena, hand_tlab, &request));
    ASSERT_LEASE(0, "15000-16000 [15000,15900) pool 15000:");
    hand_lease(false, 16000, &used_up);
    hand_recycle(hand_pool, 20000, 21600); /* recycled bytes are free too: 17600 / 16 = 1100 */
    hand_arena->tlabs_in_use = 2;
    assert_non_null(tlab_refill(hand_arena, hand_tlab, &request));
    ASSERT_LEASE(0, "20500-21600 [20500,21500) described pool 16000: 20000-20500");
    hand_lease(false, 800,
               &used_up); /* what will grow gets a fair share more, the padding too, in lines */
    assert_non_null(tlab_refill(hand_arena, hand_tlab, &grows));
    ASSERT_LEASE(0, "416-800 [548,800) pool 416:");
    hand_lease(false, 200, &used_up); /* or all there is */
    assert_non_null(tlab_refill(hand_arena, hand_tlab, &grows));
    ASSERT_LEASE(0, "0-200 [100,200) pool 0:");
    hand_pool->index = 16000;
    assert_int_equal(fair_share(hand_arena, 20), 20);
    assert_int_equal(fair_share(hand_arena, 99999), 2000);
}

static void the_spare_is_the_next_lease_if_it_is_large_enough(void **state)
{
    (void)state;
    static const struct lease used_up = {30000, 30500, 30500, 38192, 4096};
    static const struct {
        size_t size, align;
        int how;
        const char *after;
    } rows[] = {
        {500, 1, DOWN, "40000-40500 [40000,40000) described pool 20000:"},
        {493, 8, DOWN, "40000-40500 [40000,40000) described pool 20000:"},
        {501, 1, DOWN, "17500-20000 [17500,19499) spare 40000-40500 pool 17500:"},
        {494, 8, DOWN, "17500-20000 [17500,19504) spare 40000-40500 pool 17500:"},
        {192, 1, GROW, "40000-40500 [40192,40500) described pool 20000:"}, /* 384 */
        {193, 1, GROW, "17500-20000 [17693,20000) spare 40000-40500 pool 17500:"},
        {300, 1, UP, "40000-40500 [40300,40500) described pool 20000:"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        hand_lease(false, 20000, &used_up);
        hand_spare(40000, 40500);
        struct request request = request_of(rows[i].size, rows[i].align, rows[i].how);
        assert_non_null(tlab_refill(hand_arena, hand_tlab, &request));
        ASSERT_LEASE(0, rows[i].after);
    }
}

/* The pool has room for a request only if the spare goes back to it. */
static void the_spare_is_given_back_before_a_request_is_refused(void **state)
{
    (void)state;
    static const struct lease used_up = {30000, 30500, 30500, 38192, 4096};
    static const struct lease empty = {30000, 30000, 30100, 38192, 4096};
    static const struct lease touching = {400, 400, 410, 38192, 8192};
    static const struct {
        const struct lease *lease;
        size_t index, spare, spare_end, size;
        int how;
        const char *after;
    } rows[] = {
        {&used_up, 200, 200, 700, 650, DOWN, "30000-38192 [30500,30500) pool 50:"},
        {&used_up, 200, 900, 1400, 501, DOWN, "30000-38192 [30500,30500) pool 200: 900-1400"},
        {&used_up, 200, 200, 700, 650, GROW, "0-700 [650,700) pool 0:"},
        {&used_up, 200, 200, 700, 701, GROW, "30000-38192 [30500,30500) pool 700:"},
        {&touching, 200, 200, 400, 405, DOWN, "5-38192 [5,5) pool 5:"}, /* and the lease extended */
        {&touching, 200, 200, 400, 405, GROW, "0-38192 [405,410) pool 0:"},
        {&touching, 200, 200, 400, 300, DOWN, "110-38192 [110,110) pool 110:"},
        {&empty, 0, 40000, 40500, 501, DOWN, "30000-38192 [30000,30100) pool 0: 40000-40500"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        hand_lease(false, rows[i].index, rows[i].lease);
        hand_spare(rows[i].spare, rows[i].spare_end);
        struct request request = request_of(rows[i].size, 1, rows[i].how);
        bool served = i != 1 && i != 3 && i != 7;
        assert_int_equal(tlab_refill(hand_arena, hand_tlab, &request) != NULL, served);
        ASSERT_LEASE(0, rows[i].after);
        assert_int_equal(hand_tlab->next_lease, served ? 8192 : 4096);
    }
}

/* Recycled runs that touch the index and the lease: a search joins them to the one, and the other is
 * extended. */
static void a_search_that_joins_runs_to_the_index_lets_the_lease_be_extended(void **state)
{
    (void)state;
    hand_lease(false, 200, &(struct lease){400, 400, 410, 38192, 8192});
    hand_recycle(hand_pool, 200, 300);
    hand_recycle(hand_pool, 300, 400);
    struct request request = request_of(405, 1, DOWN);
    assert_ptr_equal(tlab_refill(hand_arena, hand_tlab, &request), (void *)hand_at(5));
    ASSERT_LEASE(0, "5-38192 [5,5) pool 5:");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lease_at_the_index_is_extended_by_the_wish_or_the_need),
        cmocka_unit_test(an_exact_parents_index_extends_no_lease),
        cmocka_unit_test(large_requests_stand_apart_and_others_while_much_is_free),
        cmocka_unit_test(a_lease_is_kept_until_what_stands_apart_outweighs_what_is_free),
        cmocka_unit_test(a_new_lease_is_a_fair_share_or_what_the_request_needs),
        cmocka_unit_test(the_spare_is_the_next_lease_if_it_is_large_enough),
        cmocka_unit_test(the_spare_is_given_back_before_a_request_is_refused),
        cmocka_unit_test(a_search_that_joins_runs_to_the_index_lets_the_lease_be_extended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
