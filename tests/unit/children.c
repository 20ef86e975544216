/* Children: arenas for one thread on their parent's block. A parent with live children refuses to
 * end, a stranger is refused by every verb, a rewind of the parent leaves them alone, and a
 * dropped child leaves nothing behind. Handing on and absorbing are in own_absorb.c, refusals and
 * failures by verb in strangers.c.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"

enum { KIB = 1024 };

static void a_parent_with_live_children_refuses_to_reset(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 32 * KIB, NULL);
        bitena *one = bitena_new_child(subject.arena);
        bitena *two = bitena_new_child(subject.arena);
        char *object = bitena_alloc(one, 500, 8);
        char *of_parent = bitena_alloc(subject.arena, 500, 8);
        memset(object, 1, 500);
        memset(of_parent, 2, 500);
        struct numbers before = numbers_of(subject.arena);
        ASSERT_REFUSED(EBUSY, bitena_reset(subject.arena));
        bitena_drop(two);
        ASSERT_REFUSED(EBUSY, bitena_reset(subject.arena));
        assert_int_equal(bitena_used(one) >= 500, 1);
        assert_true(bitena_remaining(subject.arena) >= before.remaining);
        assert_true(all_bytes_are(object, 1, 500));
        assert_true(all_bytes_are(of_parent, 2, 500));
        bitena_drop(one);
        assert_int_equal(bitena_reset(subject.arena), 0);
        subject_close(&subject);
    }
}

static void drop_with_a_child(void *arena)
{
    bitena_drop((bitena *)arena);
}

static void a_drop_with_live_children_aborts_with_a_message(void **state)
{
    (void)state;
    bitena *arena = bitena_open(&(bitena_options){.capacity = 32 * KIB, .name = "nursery"});
    bitena *child = bitena_new_child(arena);
    assert_aborts(drop_with_a_child, arena,
                  "bitena: arena 'nursery': asked for 0 bytes aligned to 0, %zu of %zu bytes "
                  "remain: drop while children live\n",
                  bitena_remaining(arena), bitena_capacity(arena));
    bitena_drop(child);
    bitena_drop(arena);
}

static void fail_to_drop(int mode)
{
    struct caught caught;
    bitena *arena = bitena_open(&(bitena_options){
        .capacity = 32 * KIB, .mode = mode, .on_failure = catch_failure, .context = &caught});
    bitena *child = bitena_new_child(arena);
    bitena *grandchild = bitena_new_child(child);
    char *object = bitena_alloc(child, 500, 8);
    memset(object, 1, 500);
    struct numbers before = numbers_of(arena);
    ASSERT_REPORTS(&caught, EBUSY, bitena_drop(arena));
    assert_ptr_equal(caught.arena, arena);
    ASSERT_REPORTS(&caught, EBUSY, bitena_drop(child));
    assert_ptr_equal(caught.arena, child);
    assert_same_numbers(arena, before);
    char *more = bitena_alloc(child, 3000, 8);
    memset(more, 2, 3000);
    assert_true(all_bytes_are(object, 1, 500));
    assert_non_null(bitena_alloc(grandchild, 10, 1));
    assert_non_null(bitena_alloc(arena, 10, 1));
    bitena_drop(grandchild);
    bitena_drop(child);
    bitena_drop(arena);
}

static void a_drop_with_live_children_frees_nothing(void **state)
{
    (void)state;
    for (int mode = BITENA_SHARED; mode <= BITENA_LOCAL; mode++) {
        fail_to_drop(mode);
    }
}

static void a_rewind_of_the_parent_leaves_children_alone(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 64 * KIB, NULL);
        bitena *early = bitena_new_child(subject.arena);
        bitena_mark mark = bitena_save(subject.arena);
        bitena *late = bitena_new_child(subject.arena);
        char *objects[2][20];
        for (int i = 0; i < 20; i++) {
            objects[0][i] = bitena_alloc(early, 300, 8);
            objects[1][i] = bitena_alloc(late, 300, 8);
            memset(objects[0][i], 'e', 300);
            memset(objects[1][i], 'l', 300);
            memset(bitena_alloc(subject.arena, 300, 8), 'p', 300);
        }
        assert_int_equal(bitena_rewind(subject.arena, mark), 0);
        bitena_mark again = bitena_save(subject.arena);
        for (char *p; (p = bitena_try_alloc(subject.arena, 256, 8)) != NULL;) {
            memset(p, 'x', 256);
        }
        assert_int_equal(bitena_rewind(subject.arena, again), 0);
        memset(bitena_alloc(late, 300, 8), 'm', 300);
        memset(bitena_alloc(early, 300, 8), 'm', 300);
        for (int i = 0; i < 20; i++) {
            assert_true(all_bytes_are(objects[0][i], 'e', 300));
            assert_true(all_bytes_are(objects[1][i], 'l', 300));
        }
        ASSERT_REFUSED(EBUSY, bitena_reset(subject.arena));
        bitena_drop(late);
        bitena_drop(early);
        subject_close(&subject);
    }
}

static void dropped_children_leave_nothing_behind(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 64 * KIB, NULL);
        struct numbers before = numbers_of(subject.arena);
        bitena *children[8];
        for (size_t round = 0; round < 40; round++) {
            for (size_t i = 0; i < 8; i++) {
                children[i] = bitena_new_child(subject.arena);
                memset(bitena_alloc(children[i], 40 + 250 * i, 8), 1, 40 + 250 * i);
                memset(bitena_alloc(children[i], 700, 1), 2, 700);
                (void)bitena_alloc_str(children[i], "text");
            }
            for (size_t i = 0; i < 8; i++) { /* in another order each round */
                bitena_drop(children[(i * 3 + round) % 8]);
            }
            assert_same_numbers(subject.arena, before);
        }
        subject_close(&subject);
    }
}

static void a_child_per_request_keeps_remaining_constant(void **state)
{
    (void)state;
    static const size_t counts[KIND_COUNT] = {1000000, 200000, 200000, 200000, 200000};
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 20 * KIB, NULL);
        struct numbers before = numbers_of(subject.arena);
        for (size_t round = 0; round < rounds(counts[kind]); round++) {
            bitena *request = bitena_new_child(subject.arena);
            for (size_t i = 0; i < round % 24; i++) {
                (void)bitena_alloc(request, 16 + 20 * i, 8);
            }
            bitena_drop(request);
        }
        assert_same_numbers(subject.arena, before);
        subject_close(&subject);
    }
}

static void children_nest_fifty_deep(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 256 * KIB, NULL);
        struct numbers before = numbers_of(subject.arena);
        bitena *family[51] = {subject.arena};
        char *objects[51];
        for (int depth = 1; depth <= 50; depth++) {
            family[depth] = bitena_new_child(family[depth - 1]);
            assert_non_null(family[depth]);
            objects[depth] = bitena_alloc(family[depth], 1500, 8);
            memset(objects[depth], depth, 1500);
        }
        for (int depth = 50; depth >= 1; depth--) {
            if (depth > 1) {
                ASSERT_REFUSED(EBUSY, bitena_reset(family[depth - 1]));
            }
            bitena_drop(family[depth]);
            for (int older = 1; older < depth; older++) {
                assert_true(all_bytes_are(objects[older], older, 1500));
            }
        }
        assert_same_numbers(subject.arena, before);
        subject_close(&subject);
    }
}

static void a_childs_reset_takes_its_memory_back_and_no_other(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 64 * KIB, NULL);
        char *of_parent = bitena_alloc(subject.arena, 500, 8);
        memset(of_parent, 3, 500);
        struct numbers empty = numbers_of(subject.arena);
        bitena *child = bitena_new_child(subject.arena);
        for (int round = 0; round < 200; round++) {
            size_t remaining = bitena_remaining(child), used = bitena_used(child);
            for (int i = 0; i < 25; i++) {
                memset(bitena_alloc(child, 700, 8), 4, 700);
                (void)bitena_alloc_str(child, "text");
            }
            assert_true(bitena_remaining(child) < remaining);
            assert_int_equal(bitena_reset(child), 0);
            assert_int_equal(bitena_remaining(child), remaining);
            assert_int_equal(bitena_used(child), used);
        }
        assert_true(all_bytes_are(of_parent, 3, 500));
        bitena_drop(child);
        assert_same_numbers(subject.arena, empty);
        subject_close(&subject);
    }
}

/* 37 of 64 KiB in objects, texts and one large run. False: it was refused. */
static bool work(bitena *arena)
{
    bool served = true;
    for (int i = 0; i < 25; i++) {
        served = served && bitena_try_alloc(arena, 700, 8) && bitena_try_alloc_str(arena, "text");
    }
    return served && bitena_try_alloc(arena, 20000, 8);
}

static void a_reset_child_can_do_again_what_it_did(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 64 * KIB, NULL);
        bitena *child = bitena_new_child(subject.arena);
        for (size_t round = 0; round < rounds(10000); round++) {
            if (!work(child)) {
                fail_msg("%s: round %zu was refused with %zu bytes left", subject.name, round,
                         bitena_remaining(child));
            }
            assert_int_equal(bitena_reset(child), 0);
        }
        bitena_drop(child);
        subject_close(&subject);
    }
}

static void a_child_can_do_what_the_child_before_it_did(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 64 * KIB, NULL);
        for (size_t round = 0; round < rounds(10000); round++) {
            bitena *child = bitena_new_child(subject.arena);
            if (!child || !work(child)) {
                fail_msg("%s: round %zu was refused with %zu bytes left", subject.name, round,
                         bitena_remaining(subject.arena));
            }
            bitena_drop(child);
        }
        subject_close(&subject);
    }
}

static void a_child_in_a_full_arena_is_refused(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 32 * KIB, NULL);
        (void)fill_up(subject.arena, 100, 1);
        struct numbers before = numbers_of(subject.arena);
        ASSERT_NULL(ENOMEM, bitena_new_child(subject.arena));
        assert_same_numbers(subject.arena, before);
        assert_int_equal(bitena_reset(subject.arena), 0); /* nothing was counted */
        subject_close(&subject);
    }
}

static void a_child_and_its_parent_share_the_block_to_the_last(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 64 * KIB, NULL);
        size_t capacity = bitena_capacity(subject.arena);
        bitena *child = bitena_new_child(subject.arena);
        size_t bytes = 64 * fill_up(child, 64, 8) + 8 * fill_up(child, 8, 8);
        assert_true(bytes > capacity - capacity / 16 - 4 * KIB);
        ASSERT_NULL(ENOMEM, bitena_try_alloc(child, 64, 8));
        assert_int_equal(bitena_reset(child), 0);
        assert_true(fill_up(child, 64, 8) * 64 > capacity - capacity / 16 - 4 * KIB);
        bitena_drop(child);
        assert_true(fill_up(subject.arena, 64, 8) * 64 > capacity - capacity / 16 - 4 * KIB);
        subject_close(&subject);
    }
}

static void a_child_inherits_its_parents_options(void **state)
{
    (void)state;
    struct caught caught;
    bitena *arena = bitena_open(&(bitena_options){.capacity = 256 * KIB,
                                                  .lease_max = 2 * KIB,
                                                  .on_failure = catch_failure,
                                                  .context = &caught});
    bitena *child = bitena_new_child(arena);
    ASSERT_REPORTS(&caught, EINVAL, (void)bitena_alloc(child, 8, 3));
    assert_ptr_equal(caught.arena, child);
    bitena *grandchild = bitena_new_child(child);
    ASSERT_REPORTS(&caught, ENOMEM, (void)bitena_alloc(grandchild, 512 * KIB, 8));
    assert_ptr_equal(caught.arena, grandchild);
    assert_int_equal(caught.size, 512 * KIB);
    assert_int_equal(bitena_capacity(child), bitena_capacity(arena));
    bitena_drop(grandchild);
    bitena_drop(child);
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_parent_with_live_children_refuses_to_reset),
        cmocka_unit_test(a_drop_with_live_children_aborts_with_a_message),
        cmocka_unit_test(a_drop_with_live_children_frees_nothing),
        cmocka_unit_test(a_rewind_of_the_parent_leaves_children_alone),
        cmocka_unit_test(dropped_children_leave_nothing_behind),
        cmocka_unit_test(a_child_per_request_keeps_remaining_constant),
        cmocka_unit_test(children_nest_fifty_deep),
        cmocka_unit_test(a_childs_reset_takes_its_memory_back_and_no_other),
        cmocka_unit_test(a_reset_child_can_do_again_what_it_did),
        cmocka_unit_test(a_child_can_do_what_the_child_before_it_did),
        cmocka_unit_test(a_child_in_a_full_arena_is_refused),
        cmocka_unit_test(a_child_and_its_parent_share_the_block_to_the_last),
        cmocka_unit_test(a_child_inherits_its_parents_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
