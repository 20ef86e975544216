/* A child begins the same on used memory as on new: nothing that stood there is a mark, a window, a
 * cleanup, a child or a number of it. What children do later is in children.c and own_absorb.c.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core.h"
#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"
#include "thread.h"

enum { KIB = 1024, CAPACITY = 64 * KIB };

/* An arena whose memory was full of this byte, and is free again. */
static bitena *used_arena(int byte, struct caught *caught)
{
    bitena *arena = bitena_open(&(bitena_options){.capacity = CAPACITY,
                                                  .mode = BITENA_LOCAL,
                                                  .name = "parent",
                                                  .lease_max = 4 * KIB,
                                                  .on_failure = catch_failure,
                                                  .context = caught});
    memset(bitena_alloc(arena, CAPACITY, 1), byte, CAPACITY);
    assert_int_equal(bitena_reset(arena), 0);
    return arena;
}

static size_t lease_of(const bitena *arena)
{
    const struct tlab *tlab = &arena_of(arena)->tlab;
    return tlab->end - tlab->base;
}

static void assert_new_tlab(const struct arena *child)
{
    const struct tlab *tlab = &child->tlab;
    assert_true(tlab->ceiling == (uintptr_t)child && tlab->floor == tlab->base);
    assert_true(tlab->end - (uintptr_t)child >= sizeof *child && tlab->lease != 0);
    assert_int_equal(tlab->serial, BIRTH_SERIAL);
    assert_int_equal(tlab->window, 0);
    assert_int_equal(tlab->window_room, 0);
    assert_int_equal(tlab->mark_text, 0);
    assert_int_equal(tlab->chain, 0);
    assert_int_equal(tlab->mark_chain, 0);
    assert_int_equal(tlab->spare, 0);
    assert_int_equal(tlab->spare_bytes, 0);
    assert_int_equal(tlab->apart, 0);
    assert_int_equal(tlab->children, 0);
    assert_int_equal(tlab->marks, 0);
    assert_int_equal(tlab->ended_older, 0);
    assert_int_equal(tlab->next_lease,
                     clamp_size(tlab->end - tlab->base, LEASE_MIN, child->lease_max));
    assert_null(tlab->cleanups);
    assert_false(tlab_has_live_marks(tlab));
    assert_true(tlab->bearer == child->owner);
}

static void assert_new_child(const struct arena *child, const struct arena *parent)
{
    assert_new_tlab(child);
    assert_ptr_equal(child->pool, parent->pool);
    assert_ptr_equal(child->parent, parent);
    assert_ptr_equal(child->name, parent->name);
    assert_ptr_equal(child->context, parent->context);
    assert_ptr_equal(child->copy, thread_copy());
    assert_true(child->on_failure == parent->on_failure);
    assert_true(child->owner == bitena_thread_id && child->epoch != parent->epoch);
    assert_int_equal(child->lease_max, parent->lease_max);
    assert_int_equal(child->mode, BITENA_LOCAL);
    assert_int_equal(child->table_count, 0);
    assert_int_equal(child->children, 0);
    assert_int_equal(child->tlabs_in_use, 1);
    assert_null(child->table);
    assert_null(child->cleanups);
    assert_null(child->absorbed);
    assert_null(child->absorbed_next);
    assert_null(child->tlabs);
}

static void a_child_begins_the_same_on_used_memory(void **state)
{
    (void)state;
    static const int bytes[] = {0, 1, 0x5A, 0xFF};
    for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++) {
        struct caught caught;
        bitena *arena = used_arena(bytes[i], &caught);
        size_t before = bitena_remaining(arena);
        bitena *child = bitena_new_child(arena);
        const struct arena *c = arena_of(child);
        assert_new_child(c, arena_of(arena));
        assert_int_equal(before - bitena_remaining(arena), c->tlab.end - c->tlab.base);
        assert_int_equal(bitena_used(child), c->tlab.end - (uintptr_t)c);
        bitena_drop(child);
        assert_int_equal(bitena_reset(arena), 0);
        bitena_drop(arena);
    }
}

/* The struct and a first KiB; on little room less, so that something is left. */
static void a_childs_first_lease_is_a_kib_or_an_eighth_of_what_remains(void **state)
{
    (void)state;
    static const size_t left[] = {32 * KIB, 8 * KIB, 5 * KIB, 3 * KIB};
    for (size_t i = 0; i < sizeof left / sizeof *left; i++) {
        bitena *arena = bitena_open(&(bitena_options){.capacity = CAPACITY, .mode = BITENA_EXACT});
        (void)bitena_alloc(arena, CAPACITY - left[i], 1);
        bitena *child = bitena_new_child(arena);
        size_t lease = left[i] - bitena_remaining(arena);
        size_t room = smaller(KIB, left[i] / 8);
        assert_int_equal(lease, sizeof(struct arena) + LINE_BYTES + room);
        assert_in_range(bitena_remaining(child) - bitena_remaining(arena), room, room + LINE_BYTES);
        bitena_drop(child);
        assert_int_equal(bitena_remaining(arena), left[i]);
        bitena_drop(arena);
    }
}

/* The run that a dropped child leaves may be smaller than any lease: it serves the next one all the same. */
static void a_child_made_in_the_last_bytes_can_be_made_again(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        size_t served = 0;
        for (size_t left = 400; left < 1200; left += 24) {
            struct subject subject = subject_open(kind, CAPACITY, NULL);
            (void)bitena_alloc(subject.arena, bitena_remaining(subject.arena) - left, 1);
            for (int round = 0; round < 3; round++) {
                bitena *child = bitena_new_child(subject.arena);
                served += round == 0 && child;
                if (!child) {
                    assert_int_equal(round, 0);
                    break;
                }
                assert_true((uintptr_t)child % LINE_BYTES == 0);
                (void)bitena_try_alloc(child, 1, 1);
                bitena_drop(child);
            }
            subject_close(&subject);
        }
        assert_true(served > 15);
    }
}

static void a_childs_leases_grow_from_its_first_between_the_limits(void **state)
{
    (void)state;
    bitena *arena = bitena_open(
        &(bitena_options){.capacity = CAPACITY, .mode = BITENA_LOCAL, .lease_max = LEASE_MIN});
    bitena *child = bitena_new_child(arena);
    while (lease_of(child) < 2 * KIB) { /* the lease grows where it stands */
        (void)bitena_alloc(child, 50, 1);
    }
    bitena_drop(child);
    child = bitena_new_child(arena); /* on what the first one left */
    assert_true(lease_of(child) >= 2 * KIB);
    assert_int_equal(arena_of(child)->tlab.next_lease, LEASE_MIN);
    bitena_drop(child);
    (void)bitena_alloc(arena, bitena_remaining(arena) - 800, 1);
    child = bitena_new_child(arena);
    assert_in_range(lease_of(child), sizeof(struct arena), LEASE_MIN - 1);
    assert_int_equal(arena_of(child)->tlab.next_lease, LEASE_MIN);
    bitena_drop(child);
    bitena_drop(arena);
}

/* Whose thread has no id yet. */
static void make_a_child_of(void *exact)
{
    assert_int_equal(bitena_thread_id, 0);
    bitena *child = bitena_new_child((bitena *)exact);
    assert_non_null(child);
    memset(bitena_alloc(child, 100, 8), 1, 100);
    bitena_drop(child);
}

static void own_it(void *shared)
{
    assert_int_equal(bitena_thread_id, 0);
    ASSERT_REFUSED(EINVAL, bitena_own((bitena *)shared));
}

static void a_threads_first_call_may_be_any(void **state)
{
    (void)state;
    bitena *exact = bitena_open(&(bitena_options){.capacity = CAPACITY, .mode = BITENA_EXACT});
    bitena *shared = bitena_new(CAPACITY);
    in_another_thread(make_a_child_of, exact);
    in_another_thread(own_it, shared);
    bitena_drop(shared);
    bitena_drop(exact);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_begins_the_same_on_used_memory),
        cmocka_unit_test(a_childs_first_lease_is_a_kib_or_an_eighth_of_what_remains),
        cmocka_unit_test(a_child_made_in_the_last_bytes_can_be_made_again),
        cmocka_unit_test(a_childs_leases_grow_from_its_first_between_the_limits),
        cmocka_unit_test(a_threads_first_call_may_be_any),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
