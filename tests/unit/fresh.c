/* An arena is the same after a reset as when it was made: whose it is, how large a fair share is, where its
 * bytes stand, that no child is counted. The numbers are in lifecycle.c, the owner's lease in owner_reset.c.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <pthread.h>

#include "core.h"
#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"
#include "thread.h"

enum { CAPACITY = 1 << 20, BREATHS = PTHREAD_DESTRUCTOR_ITERATIONS - 1 };

static _Alignas(16) char buffer[64 << 10];

static void assert_owner(bitena *arena, uint64_t owner)
{
    assert_int_equal(arena_of(arena)->owner, owner);
    assert_int_equal(arena_of(arena)->tlab.bearer, owner);
}

static void nobody_owns_an_exact_arena(void **state)
{
    (void)state;
    bitena *arenas[] = {
        bitena_new(1000), /* too small to be shared */
        bitena_open(&(bitena_options){.capacity = CAPACITY, .mode = BITENA_EXACT}),
        bitena_init(buffer, sizeof buffer, &(bitena_options){.mode = BITENA_EXACT}),
    };
    for (size_t i = 0; i < sizeof arenas / sizeof *arenas; i++) {
        assert_owner(arenas[i], OWNER_NOBODY);
        assert_non_null(bitena_try_alloc(arenas[i], 10, 1));
        assert_int_equal(bitena_reset(arenas[i]), 0);
        assert_owner(arenas[i], OWNER_NOBODY);
        bitena_drop(arenas[i]);
    }
}

static void take_some(void *arena)
{
    assert_non_null(bitena_try_alloc(arena, 10, 1));
}

static void reset_it(void *arena)
{
    assert_int_equal(bitena_reset(arena), 0);
    assert_owner(arena, thread_id());
}

static void who_resets_a_shared_arena_owns_it(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    assert_owner(arena, thread_id());
    in_another_thread(reset_it, arena);
    assert_true(arena_of(arena)->owner != thread_id());
    reset_it(arena);
    bitena_drop(arena);
}

static pthread_key_t last_key;
static bitena *used_before, *made_last;
static intptr_t breaths;

/* In the third round the library has let the thread go (in the fourth ThreadSanitizer has too). Its word is 0 then, as that of every
 * thread which has not come yet: were an owner 0, all of these would bump without asking anybody. */
static void breathe(void *unused)
{
    if (++breaths < BREATHS) {
        assert_int_equal(pthread_setspecific(last_key, unused), 0);
        return;
    }
    assert_int_equal(bitena_thread_id, 0);
    made_last = bitena_new(CAPACITY);
    assert_int_equal(bitena_reset(used_before), 0);
    assert_int_equal(arena_of(made_last)->owner, OWNER_NOBODY);
    assert_int_equal(arena_of(used_before)->owner, OWNER_NOBODY);
}

static void use_and_end(void *unused)
{
    (void)unused;
    take_some(used_before);
    assert_int_equal(pthread_setspecific(last_key, &breaths), 0);
}

static void what_a_thread_makes_or_resets_with_its_last_breath_is_nobodys(void **state)
{
    (void)state;
    used_before = bitena_new(CAPACITY);
    assert_int_equal(pthread_key_create(&last_key, breathe), 0);
    in_another_thread(use_and_end, NULL);
    assert_int_equal(breaths, BREATHS);
    bitena *left[] = {used_before, made_last};
    for (size_t i = 0; i < 2; i++) {
        take_some(left[i]);
        assert_int_equal(bitena_reset(left[i]), 0);
        assert_owner(left[i], thread_id());
        bitena_drop(left[i]);
    }
    (void)pthread_key_delete(last_key);
}

static void assert_sharers(bitena *arena, size_t sharers)
{
    size_t share = pool_free(arena_of(arena)->pool) / 8 / sharers;
    assert_int_equal(fair_share(arena_of(arena), SIZE_MAX), share);
}

static void a_fair_share_is_that_of_the_threads_that_came(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    for (int time = 0; time < 3; time++) {
        assert_sharers(arena, 1);
        take_some(arena);
        assert_sharers(arena, 1);
        in_another_thread(take_some, arena);
        assert_sharers(arena, 2);
        assert_non_null(arena_of(arena)->tlabs);
        assert_int_equal(bitena_reset(arena), 0);
        assert_null(arena_of(arena)->tlabs);
    }
    bitena_drop(arena);
}

static void assert_first_object_costs_its_size(bitena *arena)
{
    enum { STRICT = _Alignof(max_align_t) };
    assert_non_null(arena);
    for (int time = 0; time < 2; time++) {
        assert_non_null(bitena_try_alloc(arena, STRICT, STRICT));
        assert_int_equal(bitena_used(arena), STRICT);
        assert_int_equal(bitena_reset(arena), 0);
    }
    bitena_drop(arena);
}

/* Whatever the capacity and the buffer's place: nothing is lost to the strictest common alignment, not
 * even in a buffer of which all is taken. */
static void the_first_object_costs_no_padding(void **state)
{
    (void)state;
    static const int modes[] = {BITENA_SHARED,
                                BITENA_EXACT}; /* a LOCAL buffer is aligned at its top */
    for (size_t m = 0; m < sizeof modes / sizeof *modes; m++) {
        for (size_t odd = 0; odd < 17; odd++) {
            bitena_options options = {.capacity = 20000 + odd, .mode = modes[m]};
            size_t size = sizeof buffer - odd;
            assert_first_object_costs_its_size(bitena_open(&options));
            assert_first_object_costs_its_size(bitena_init(buffer + odd, size, &options));
            options.capacity = 0;
            assert_first_object_costs_its_size(bitena_init(buffer + odd, size, &options));
            assert_first_object_costs_its_size(bitena_init(buffer + odd, 9000, &options));
        }
    }
}

static void drop_it(void *child)
{
    assert_int_equal(bitena_own(child), 0);
    bitena_drop(child);
}

static void reset_refused(bitena *arena)
{
    errno = 0;
    assert_int_equal(bitena_reset(arena), -1);
    assert_int_equal(errno, EBUSY);
}

/* Made by a thread with a TLAB, dropped by one without: two counts, of which only the sum is 0. */
static void children_are_counted_anew_after_a_reset(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    uint32_t slots = arena_of(arena)->table_count;
    for (int time = 0; time < 3; time++) {
        bitena *child = bitena_new_child(arena);
        reset_refused(arena);
        arena_of(arena)->table_count = 0; /* more threads than slots */
        in_another_thread(drop_it, child);
        arena_of(arena)->table_count = slots;
        assert_int_equal(bitena_reset(arena), 0);
        assert_false(has_children(arena_of(arena)));
    }
    bitena_drop(arena);
}

static size_t lease_of(bitena *arena)
{
    const struct tlab *tlab = &arena_of(arena)->tlab;
    return tlab->end - tlab->base;
}

static void reset_with_no_lease(void *arena)
{
    assert_int_equal(bitena_reset(arena), 0);
    assert_int_equal(lease_of(arena), 0);
    assert_int_equal(arena_of(arena)->tlab.next_lease, LEASE_MIN);
}

static void a_lease_is_kept_for_text_and_in_a_local_arena_too(void **state)
{
    (void)state;
    for (int mode = BITENA_SHARED; mode <= BITENA_LOCAL; mode += BITENA_LOCAL) {
        bitena *arena = bitena_open(&(bitena_options){.capacity = CAPACITY, .mode = mode});
        for (int time = 0; time < 3; time++) {
            (void)bitena_alloc_str(arena, "text alone");
            assert_int_equal(bitena_reset(arena), 0);
            assert_true(lease_of(arena) >= LEASE_MIN);
        }
        reset_with_no_lease(arena); /* it was not used since */
        bitena_drop(arena);
    }
}

static void a_lease_is_kept_as_large_as_it_had_come_to(void **state)
{
    (void)state;
    bitena *arena = bitena_new(256 << 20); /* of which the largest share is 4 MiB */
    for (size_t objects = 1; objects < 100; objects *= 3) {
        for (size_t i = 0; i < objects; i++) {
            (void)bitena_alloc_str(arena, "text keeps the lease from growing where it stands");
            (void)bitena_alloc(arena, 1000, 1);
        }
        size_t grown = arena_of(arena)->tlab.next_lease;
        assert_int_equal(bitena_reset(arena), 0);
        assert_int_equal(lease_of(arena), grown);
        assert_int_equal(arena_of(arena)->tlab.next_lease, grown);
    }
    assert_true(lease_of(arena) > 8 * LEASE_MIN);
    reset_with_no_lease(arena);
    bitena_drop(arena);
}

static void use_and_reset_with_no_lease(void *arena)
{
    take_some(arena);
    reset_with_no_lease(arena);
    take_some(arena);
}

static void a_new_owner_begins_without_a_lease(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    take_some(arena);
    in_another_thread(use_and_reset_with_no_lease, arena);
    use_and_reset_with_no_lease(arena); /* whichever of the two ids is the greater */
    bitena_drop(arena);
}

/* So many ranges of ended marks that some stand in descriptors. */
static void leave_ended_marks(void *arena)
{
    for (int i = 0; i < 3 * ENDED_NEAR; i++) {
        bitena_mark live = bitena_save(arena);
        (void)bitena_save(arena);
        assert_int_equal(bitena_rewind(arena, live), 0);
    }
    assert_true(arena_of(arena)->tlabs->ended_older != 0);
}

static void a_reset_leaves_no_descriptor_to_be_given_back_later(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    in_another_thread(leave_ended_marks, arena);
    const struct tlab *tlab = arena_of(arena)->tlabs;
    assert_int_equal(bitena_reset(arena), 0);
    assert_int_equal(tlab->ended_older, 0);
    in_another_thread(take_some, arena); /* the next thread in that slot */
    assert_int_equal((uint32_t)arena_of(arena)->pool->spare_runs, 0);
    bitena_drop(arena);
}

static bitena_mark of_the_index;

static void save_without_a_tlab(void *arena)
{
    of_the_index = bitena_save(arena);
    assert_null(of_the_index.tlab);
    assert_int_equal(bitena_rewind(arena, of_the_index), 0);
}

static void rewind_is_refused(void *arena)
{
    errno = 0;
    assert_int_equal(bitena_rewind(arena, of_the_index), -1);
    assert_int_equal(errno, EINVAL);
}

static void a_reset_ends_the_marks_of_threads_that_the_index_serves(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    arena_of(arena)->table_count = 0; /* more threads than slots */
    in_another_thread(save_without_a_tlab, arena);
    assert_int_equal(bitena_reset(arena), 0);
    in_another_thread(rewind_is_refused, arena);
    bitena_drop(arena);
}

static void a_trim_closes_a_window(void **state)
{
    (void)state;
    struct caught caught;
    bitena *arena = open_caught(CAPACITY, &caught);
    size_t room;
    void *const window = bitena_window(arena, 100, 1, &room);
    assert_int_equal(bitena_trim(arena, 0), 0);
    assert_int_equal(arena_of(arena)->tlab.window, 0);
    ASSERT_REPORTS(&caught, EINVAL, bitena_commit(arena, window, room, 5));
    bitena_drop(arena);
}

static void a_stranger_sees_nothing_used(void *child)
{
    assert_int_equal(bitena_used(child), 0);
}

static void a_childs_used_bytes_are_its_own(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena *child = bitena_new_child(arena);
    bitena *other = bitena_new_child(arena);
    (void)bitena_alloc(other, 5000, 8);
    size_t at_first = arena_of(child)->tlab.end - (uintptr_t)arena_of(child); /* its struct */
    assert_int_equal(bitena_used(child), at_first);
    (void)bitena_alloc(child, 16, 8);
    assert_int_equal(bitena_used(child), at_first + 16);
    in_another_thread(a_stranger_sees_nothing_used, child);
    bitena_drop(other);
    bitena_drop(child);
    bitena_drop(arena);
}

static void a_childs_trim_leaves_the_rest_of_the_block_alone(void **state)
{
    (void)state;
    enum { BYTES = 256 << 10 };
    bitena *arena = bitena_open(&(bitena_options){.capacity = CAPACITY, .huge_pages = -1});
    bitena *child = bitena_new_child(arena);
    char *freed = bitena_alloc(child, BYTES, 4096);
    memset(freed, 'x', BYTES);
    assert_int_equal(bitena_reset(child), 0); /* to the pool; the pages stay */
    size_t resident = resident_bytes(freed, BYTES);
    assert_true(resident > 0);
    assert_int_equal(bitena_trim(child, 0), 0);
    assert_int_equal(resident_bytes(freed, BYTES), resident);
    bitena_drop(child);
    bitena_drop(arena);
}

static void a_dropped_arena_is_nobodys(void **state)
{
    (void)state;
    bitena *arena = bitena_init(buffer, sizeof buffer, NULL); /* which stays, to be looked at */
    assert_int_equal(arena_of(arena)->owner, bitena_thread_id);
    bitena_drop(arena);
    assert_int_equal(arena_of(arena)->owner, OWNER_DROPPED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_owns_an_exact_arena),
        cmocka_unit_test(who_resets_a_shared_arena_owns_it),
        cmocka_unit_test(a_fair_share_is_that_of_the_threads_that_came),
        cmocka_unit_test(the_first_object_costs_no_padding),
        cmocka_unit_test(what_a_thread_makes_or_resets_with_its_last_breath_is_nobodys),
        cmocka_unit_test(a_lease_is_kept_for_text_and_in_a_local_arena_too),
        cmocka_unit_test(a_lease_is_kept_as_large_as_it_had_come_to),
        cmocka_unit_test(a_new_owner_begins_without_a_lease),
        cmocka_unit_test(a_reset_leaves_no_descriptor_to_be_given_back_later),
        cmocka_unit_test(a_reset_ends_the_marks_of_threads_that_the_index_serves),
        cmocka_unit_test(a_trim_closes_a_window),
        cmocka_unit_test(a_childs_used_bytes_are_its_own),
        cmocka_unit_test(a_childs_trim_leaves_the_rest_of_the_block_alone),
        cmocka_unit_test(children_are_counted_anew_after_a_reset),
        cmocka_unit_test(a_dropped_arena_is_nobodys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
