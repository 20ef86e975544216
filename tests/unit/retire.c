/* What a lease leaves behind when it is retired, what joins in the chain, and what stands apart: on a TLAB
 * made by hand.
 * SPDX-License-Identifier: MIT */
#include "support/hand_tlab.h"

static const struct lease used = {30000, 30500, 31000, 38192, 4096};

enum { NOTHING, MARKED, MARKED_EARLIER, BIRTH, CHILD };

/* descriptors: how many are left. */
static const struct {
    int what;
    struct lease lease;
    size_t descriptors;
    bool upward;
    const char *chain, *pool;
} retired[] = {
    /* a root without a live mark has no chain */
    {NOTHING, {30000, 30500, 31000, 38192, 1024}, 9, false, "", "0: 30500-31000"},
    {NOTHING, {30000, 30500, 30563, 38192, 1024}, 9, false, "", "0:"},
    {NOTHING, {30000, 30500, 30564, 38192, 1024}, 9, false, "", "0: 30500-30564"},
    {NOTHING, {30000, 30000, 31000, 38192, 1024}, 9, false, "", "0: 30000-31000"},
    {NOTHING, {30000, 30500, 31000, 38192, 1024}, 0, false, "", "0:"},
    {NOTHING, {30000, 30500, 38192, 38192, 1024}, 1, false, "", "0: 30500-38192"},
    /* text and objects are parts of their own */
    {MARKED_EARLIER,
     {30000, 30500, 31000, 38192, 1024},
     9,
     false,
     " chain 31000-38192/0 30000-30500/0",
     "0: 30500-31000"},
    {MARKED_EARLIER,
     {30000, 30000, 31000, 38192, 1024},
     9,
     false,
     " chain 31000-38192/0",
     "0: 30000-31000"},
    {MARKED_EARLIER,
     {30000, 30500, 38192, 38192, 1024},
     9,
     false,
     " chain 30000-30500/0",
     "0: 30500-38192"},
    {MARKED_EARLIER, {30000, 30500, 30563, 38192, 1024}, 9, false, " chain 30000-38192/0", "0:"},
    {MARKED_EARLIER,
     {30000, 30500, 30564, 38192, 1024},
     9,
     false,
     " chain 30564-38192/0 30000-30500/0",
     "0: 30500-30564"},
    {MARKED_EARLIER, {30000, 30500, 30500, 38192, 1024}, 9, false, " chain 30000-38192/0", "0:"},
    /* without descriptors for the parts it stays whole */
    {MARKED_EARLIER, {30000, 30500, 31000, 38192, 1024}, 0, false, " chain 30000-38192/0", "0:"},
    {MARKED_EARLIER, {30000, 30500, 31000, 38192, 1024}, 1, false, " chain 30000-38192/0", "0:"},
    {MARKED_EARLIER,
     {30000, 30500, 31000, 38192, 1024},
     2,
     false,
     " chain 31000-38192/0 30000-30500/0",
     "0: 30500-31000"},
    {MARKED_EARLIER, {30000, 30000, 31000, 38192, 1024}, 0, false, " chain 30000-38192/0", "0:"},
    {MARKED_EARLIER,
     {30000, 30000, 31000, 38192, 1024},
     1,
     false,
     " chain 31000-38192/0",
     "0: 30000-31000"},
    {CHILD,
     {30000, 30500, 31000, 38192, 1024},
     9,
     false,
     " chain 31000-38192/0 30000-30500/0",
     "0: 30500-31000"},
    /* a mark in it may want it back whole, and a reset of a child its first one */
    {MARKED, {30000, 30500, 31000, 38192, 1024}, 9, false, " chain 30000-38192/8", "0:"},
    {BIRTH, {30000, 30500, 30500, 38192, 1024}, 9, false, " chain 30000-38192/1", "0:"},
    /* on an EXACT block no byte is lost */
    {CHILD,
     {30000, 30500, 30501, 38192, 1024},
     9,
     true,
     " chain 30501-38192/0 30000-30500/0",
     "65000: 30500-30501"},
    {CHILD, {30000, 30500, 30500, 38192, 1024}, 9, true, " chain 30000-38192/0", "65000:"},
    {CHILD, {30000, 30500, 38192, 38192, 1024}, 1, true, " chain 30000-30500/0", "30500:"},
    {CHILD, {30000, 30500, 38192, 38192, 1024}, 0, true, " chain 30000-38192/0", "38192:"},
};

static void a_retired_lease_is_recycled_in_part_or_kept_for_a_rewind(void **state)
{
    (void)state;
    struct arena parent;
    for (size_t i = 0; i < sizeof retired / sizeof *retired; i++) {
        const struct lease *lease = &retired[i].lease;
        size_t top = lease->ceiling == lease->end ? lease->end : 65000;
        hand_lease(retired[i].upward, retired[i].upward ? top : 0, lease);
        uint32_t first = run_new(hand_pool);
        int what = retired[i].what;
        hand_tlab->marks += what == MARKED || what == MARKED_EARLIER;
        hand_tlab->mark_text = what == MARKED ? 1 : 0;
        hand_tlab->serial = what == BIRTH ? BIRTH_SERIAL : 8;
        hand_arena->parent = what == CHILD || what == BIRTH ? &parent : NULL;
        hand_tlab->lease = what == NOTHING ? 0 : run_new(hand_pool);
        size_t lost = hand_take_all(hand_pool);
        lost++;
        for (size_t d = retired[i].descriptors; d > 0; d--) { /* the first is one as any other */
            run_free(hand_pool, d == 1 ? first : (uint32_t)(HAND_RUNS - d));
            lost--;
        }
        char expected[256];
        (void)snprintf(expected, sizeof expected, "%zu-%zu [%zu,%zu)%s pool %s", lease->base,
                       lease->end, lease->floor, lease->ceiling, retired[i].chain, retired[i].pool);
        tlab_retire(hand_arena, hand_tlab);
        ASSERT_LEASE(lost, expected);
    }
}

/* The chain's head, then what is retired after it: joined or not. */
static void neighbours_in_space_and_time_become_one_run(void **state)
{
    (void)state;
    static const struct {
        size_t base, end;
        bool marked, serial, current_marked;
        const char *chain;
    } rows[] = {
        {29000, 30000, false, false, false, "29000-38192/0"},
        {38192, 39000, false, false, false, "30000-39000/0"},
        {29000, 29999, false, false, false, "30000-38192/0 29000-29999/0"},
        {38193, 39000, false, false, false, "30000-38192/0 38193-39000/0"},
        {28000, 28192, false, false, false, "30000-38192/0 28000-28192/0"},
        {39000, 39500, false, false, false, "30000-38192/0 39000-39500/0"},
        {29000, 30000, true, false, false, "30000-38192/0 29000-30000/0"}, /* a mark between */
        {29000, 30000, false, true, false,
         "30000-38192/0 29000-30000/3"}, /* a lease to come back */
        {29000, 30000, false, false, true, "30000-38192/8 29000-30000/0"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        hand_lease(false, 0, &(struct lease){30000, 30000, 30000, 38192, 1024});
        hand_mark();
        hand_tlab->mark_text = rows[i].current_marked;
        uint32_t run = run_new(hand_pool);
        *run_at(hand_pool, run) = (struct run){
            .base = rows[i].base, .end = rows[i].end, .serial = rows[i].serial ? 3 : 0};
        hand_tlab->chain = run;
        hand_tlab->mark_chain = rows[i].marked ? run : 0;
        hand_tlab->lease = run_new(hand_pool);
        char expected[128];
        (void)snprintf(expected, sizeof expected,
                       "30000-38192 [30000,30000) chain %s pool 0:", rows[i].chain);
        tlab_retire(hand_arena, hand_tlab);
        ASSERT_LEASE(0, expected);
    }
}

/* The run before the mark has the higher descriptor, which means nothing. */
static void what_is_younger_than_the_mark_is_joined_whatever_its_descriptor(void **state)
{
    (void)state;
    hand_lease(false, 0, &(struct lease){30000, 30000, 30000, 38192, 1024});
    hand_mark();
    assert_int_equal(run_new(hand_pool), 1);
    hand_tlab->mark_chain = run_new(hand_pool);
    *run_at(hand_pool, 2) = (struct run){.base = 100, .end = 200};
    *run_at(hand_pool, 1) = (struct run){.base = 29000, .end = 30000, .next = 2};
    hand_tlab->chain = 1;
    hand_tlab->lease = run_new(hand_pool);
    tlab_retire(hand_arena, hand_tlab);
    ASSERT_LEASE(0, "30000-38192 [30000,30000) chain 29000-38192/0 100-200/0 pool 0:");
}

/* Retired by a request, so that a chain needs a descriptor first. */
static void a_lease_that_a_chain_needs_is_described_or_the_request_refused(void **state)
{
    (void)state;
    struct request request = {100, 1, false, false};
    for (size_t descriptors = 0; descriptors < 4; descriptors++) {
        hand_lease(false, 8000, &(struct lease){30000, 30500, 30500, 38192, 8192});
        hand_mark();
        size_t lost = hand_take_all(hand_pool);
        for (size_t d = 0; d < descriptors; d++) {
            run_free(hand_pool, (uint32_t)(HAND_RUNS - d));
            lost--;
        }
        void *p = tlab_refill(hand_arena, hand_tlab, &request);
        assert_int_equal(p != NULL, descriptors >= 2);
        ASSERT_LEASE(lost, descriptors == 0   ? "30000-38192 [30500,30500) pool 8000:"
                           : descriptors == 1 ? "30000-38192 [30500,30500) described pool 8000:"
                                              : "7000-8000 [7000,7900) described "
                                                "chain 30000-38192/0 pool 7000:");
    }
    /* an empty lease is not recorded, nor one of a root without marks */
    for (int marked = 0; marked < 2; marked++) {
        hand_lease(false, 8000, &(struct lease){30000, 30500, 30500, 38192, 8192});
        if (marked) {
            hand_mark();
            tlab_install(hand_tlab, hand_pool, (struct span){30000, 30000, 0});
        }
        size_t lost = hand_take_all(hand_pool) - (size_t)marked;
        run_free(hand_pool, marked ? 1 : 0);
        assert_non_null(tlab_refill(hand_arena, hand_tlab, &request));
        ASSERT_LEASE(lost, marked ? "7000-8000 [7000,7900) described pool 7000:"
                                  : "7000-8000 [7000,7900) pool 7000:");
    }
}

static void a_described_lease_keeps_its_descriptor(void **state)
{
    (void)state;
    struct request request = {900, 1, false, false};
    hand_lease(false, 8000, &(struct lease){30000, 30500, 30500, 38192, 8192});
    hand_mark();
    assert_non_null(tlab_refill(hand_arena, hand_tlab, &request));
    ASSERT_LEASE(0, "7000-8000 [7000,7100) described chain 30000-38192/0 pool 7000:");
    hand_tlab->floor = hand_tlab->ceiling;
    assert_non_null(tlab_refill(hand_arena, hand_tlab, &request));
    ASSERT_LEASE(0, "6100-7000 [6100,6100) described chain 7000-8000/0 30000-38192/0 pool 6100:");
}

static void a_spare_is_no_way_round_the_descriptor_that_is_missing(void **state)
{
    (void)state;
    struct request request = {100, 1, false, false};
    for (int descriptor = 0; descriptor < 2; descriptor++) {
        hand_lease(false, 0, &(struct lease){30000, 30500, 30500, 38192, 8192});
        uint32_t first = run_new(hand_pool);
        hand_mark();
        hand_spare(40000, 40500);
        size_t lost = hand_take_all(hand_pool) + 1;
        if (descriptor) {
            run_free(hand_pool, first); /* the first is one as any other */
            lost--;
        }
        assert_non_null(tlab_refill(hand_arena, hand_tlab, &request));
        ASSERT_LEASE(lost, descriptor ? "40000-40500 [40000,40400) described "
                                        "chain 30000-38192/0 pool 0:"
                                      : "30000-38192 [30500,30500) chain 40000-40500/0 pool 0:");
    }
}

/* Beyond 1/8 of a lease; the gap of a large alignment is recycled if that is worth it. */
static void a_run_apart_is_recorded_where_a_chain_is_needed(void **state)
{
    (void)state;
    static const struct {
        size_t index, size, align, at;
        const char *plain, *recorded;
    } rows[] = {
        {9000, 2000, 1, 7000, "7000:", "chain 7000-9000/0 pool 7000:"},
        {9000, 2000, 1024, 6144, "6144: 8144-9000", "chain 6144-8144/0 pool 6144: 8144-9000"},
        {8207, 2000, 1024, 6144, "6144:", "chain 6144-8207/0 pool 6144:"},
        {8208, 2000, 1024, 6144, "6144: 8144-8208", "chain 6144-8144/0 pool 6144: 8144-8208"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (int recorded = 0; recorded < 2; recorded++) {
            struct request request = {rows[i].size, rows[i].align, false, false};
            char expected[128];
            hand_lease(false, rows[i].index, &used);
            hand_tlab->marks += (unsigned)recorded;
            (void)snprintf(expected, sizeof expected, "30000-38192 [30500,31000) %s%s",
                           recorded ? "" : "pool ", recorded ? rows[i].recorded : rows[i].plain);
            assert_ptr_equal(tlab_refill(hand_arena, hand_tlab, &request),
                             (void *)hand_at(rows[i].at));
            ASSERT_LEASE(0, expected);
        }
    }
    hand_lease(false, 9000, &used); /* no descriptor for the gap: it stays with the run */
    hand_mark();
    size_t lost = hand_take_all(hand_pool) - 1;
    run_free(hand_pool, 1);
    assert_non_null(run_apart(hand_arena, hand_tlab, &(struct request){2000, 1024, false, false}));
    ASSERT_LEASE(lost, "30000-38192 [30500,31000) chain 6144-9000/0 pool 6144:");
    assert_null(run_apart(hand_arena, hand_tlab, &(struct request){2000, 1, false, false}));
    assert_null(run_apart(hand_arena, NULL, &(struct request){6145, 1, false, false}));
    ASSERT_LEASE(lost, "30000-38192 [30500,31000) chain 6144-9000/0 pool 6144:");
}

static void a_run_apart_needs_no_descriptor_and_no_byte_more_than_it_must(void **state)
{
    (void)state;
    hand_lease(false, 9000, &used);
    size_t lost = hand_take_all(hand_pool);
    assert_ptr_equal(run_apart(hand_arena, hand_tlab, &(struct request){2000, 1, false, false}),
                     (void *)hand_at(7000)); /* a root without a mark records nothing */
    ASSERT_LEASE(lost, "30000-38192 [30500,31000) pool 7000:");
    assert_non_null(run_apart(hand_arena, hand_tlab, &(struct request){0, 1, false, false}));
    ASSERT_LEASE(lost, "30000-38192 [30500,31000) pool 7000:");
    hand_lease(false, 9000, &used);
    hand_recycle(hand_pool, 12000, 12050); /* too small to be cut: its lower end is used */
    assert_ptr_equal(run_apart(hand_arena, hand_tlab, &(struct request){10, 1, false, false}),
                     (void *)hand_at(12000));
    ASSERT_LEASE(0, "30000-38192 [30500,31000) pool 9000:");
}

/* Of a shared arena: the owner's marks are not this thread's. */
static void a_run_of_a_thread_without_a_tlab_stays_out_of_the_owners_chain(void **state)
{
    (void)state;
    hand_lease(false, 9000, &used);
    hand_mark();
    hand_recycle(hand_pool, 12000, 12050);
    assert_non_null(run_apart(hand_arena, NULL, &(struct request){10, 1, false, false}));
    ASSERT_LEASE(0, "30000-38192 [30500,31000) pool 9000:");
}

/* An EXACT arena's own, where children left runs. */
static void an_exact_run_apart_is_chained_only_if_a_mark_lives(void **state)
{
    (void)state;
    static const struct request request = {100, 1, false, false};
    for (int marked = 0; marked < 2; marked++) {
        hand_lease(true, HAND_CAPACITY, &(struct lease){0, 0, 0, 0, 1024});
        hand_recycle(hand_pool, 1000, 1100);
        hand_recycle(hand_pool, 2000, 2300);
        hand_tlab->marks += (unsigned)marked;
        assert_non_null(run_apart(hand_arena, NULL, &request));
        ASSERT_LEASE(0, marked ? "0-0 [0,0) chain 1000-1100/0 pool 65536: 2000-2300"
                               : "0-0 [0,0) pool 65536: 2000-2300");
        assert_ptr_equal(run_apart(hand_arena, NULL, &request), (void *)hand_at(2200));
        ASSERT_LEASE(0, marked ? "0-0 [0,0) chain 2200-2300/0 1000-1100/0 pool 65536: 2000-2200"
                               : "0-0 [0,0) pool 65536: 2000-2200");
    }
    hand_lease(true, HAND_CAPACITY, &(struct lease){0, 0, 0, 0, 1024}); /* cut at both ends */
    hand_recycle(hand_pool, 2000, 2300);
    hand_mark();
    assert_ptr_equal(run_apart(hand_arena, NULL, &(struct request){10, 128, false, false}),
                     (void *)hand_at(2176));
    ASSERT_LEASE(0, "0-0 [0,0) chain 2176-2186/0 pool 65536: 2000-2176 2186-2300");
    hand_lease(true, 60000, &(struct lease){0, 0, 0, 0, 1024}); /* from the index: no descriptor */
    hand_mark();
    assert_ptr_equal(run_apart(hand_arena, NULL, &request), (void *)hand_at(60000));
    ASSERT_LEASE(0, "0-0 [0,0) pool 60100:");
}

static void the_last_run_moves_to_a_new_lease_and_its_room_is_free(void **state)
{
    (void)state;
    static const struct {
        size_t index, spare, spare_end, size, at;
        const char *after;
    } rows[] = {
        {20000, 0, 0, 600, 17500, "17500-20000 [18100,20000) pool 17500: 30400-31000"},
        {20000, 0, 0, 2000, 15904, "15904-20000 [17904,20000) pool 15904: 30400-31000"},
        {20000, 40000, 40500, 600, 17500,
         "17500-20000 [18100,20000) spare 40000-40500 pool 17500: 30400-31000"},
        {0, 40000, 41300, 600, 40000, "40000-41300 [40600,41300) described pool 0: 30400-31000"},
        {0, 40000, 41000, 990, 40000, /* given back, then found: not for whole lines */
         "40000-41000 [40990,41000) described pool 0: 30400-31000"},
        {0, 0, 0, 600, SIZE_MAX, "30000-38192 [30500,31000) pool 0:"},
        {0, 40000, 40500, 600, SIZE_MAX, "30000-38192 [30500,31000) pool 0: 40000-40500"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        hand_lease(false, rows[i].index, &used);
        if (rows[i].spare != 0) {
            hand_spare(rows[i].spare, rows[i].spare_end);
        }
        memset((void *)hand_at(30400), 'x', 100);
        memset((void *)hand_at(rows[i].at == SIZE_MAX ? 0 : rows[i].at), 0, 101);
        struct request request = {rows[i].size, 1, true, true};
        char *p =
            (char *)tlab_move_last(hand_arena, hand_tlab, &request, (void *)hand_at(30400), 100);
        assert_ptr_equal(p, rows[i].at == SIZE_MAX ? NULL : (void *)hand_at(rows[i].at));
        ASSERT_LEASE(0, rows[i].after);
        assert_int_equal(hand_tlab->next_lease, p ? 8192 : 4096);
        for (size_t b = 0; p && b <= 100; b++) {
            assert_int_equal(p[b], b < 100 ? 'x' : 0);
        }
    }
    hand_lease(
        false, 20000,
        &used); /* aligned in the new lease, with the padding in its room: 4126 bytes in lines */
    struct request request = {2000, 64, true, true};
    assert_ptr_equal(tlab_move_last(hand_arena, hand_tlab, &request, (void *)hand_at(30400), 100),
                     (void *)hand_at(15808));
    ASSERT_LEASE(0, "15776-20000 [17808,20000) pool 15776: 30400-31000");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_retired_lease_is_recycled_in_part_or_kept_for_a_rewind),
        cmocka_unit_test(neighbours_in_space_and_time_become_one_run),
        cmocka_unit_test(what_is_younger_than_the_mark_is_joined_whatever_its_descriptor),
        cmocka_unit_test(a_lease_that_a_chain_needs_is_described_or_the_request_refused),
        cmocka_unit_test(a_described_lease_keeps_its_descriptor),
        cmocka_unit_test(a_spare_is_no_way_round_the_descriptor_that_is_missing),
        cmocka_unit_test(a_run_apart_is_recorded_where_a_chain_is_needed),
        cmocka_unit_test(a_run_apart_needs_no_descriptor_and_no_byte_more_than_it_must),
        cmocka_unit_test(a_run_of_a_thread_without_a_tlab_stays_out_of_the_owners_chain),
        cmocka_unit_test(an_exact_run_apart_is_chained_only_if_a_mark_lives),
        cmocka_unit_test(the_last_run_moves_to_a_new_lease_and_its_room_is_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
