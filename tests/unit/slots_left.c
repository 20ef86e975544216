/* Slots that are left in odd ways: between the two steps of taking a TLAB, by a thread in its last
 * breath, and by a fork. The main thread of this program never uses the library, so that the slots of
 * the others are known: lowest first. The states that a fork in the middle of a call would leave are
 * written by hand; where real forks cut is in fork.c.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <string.h>

#include "bitena/order.h"
#include "core.h"
#include "support/ordered.h"
#include "support/subject.h"
#include "support/trial.h"
#include "thread.h"

enum { KIB = 1024, BYTES = 16 };

struct job {
    bitena *arena, *child;
    char *p;
    size_t cleanups;
    uint64_t id;
};

static void open_shared(void *argument)
{
    struct job *job = (struct job *)argument;
    job->arena = bitena_new(256 * KIB);
    job->id = bitena_thread_id;
}

static void drop(void *argument)
{
    bitena_drop(((struct job *)argument)->arena);
}

static void take(void *argument)
{
    struct job *job = (struct job *)argument;
    job->p = bitena_try_alloc(job->arena, BYTES, 1);
}

static char *take_by(struct ordered *who, struct job *job)
{
    order(who, take, job);
    assert_non_null(job->p);
    return job->p;
}

static size_t length_of_list(const bitena *arena)
{
    size_t count = 0;
    for (const struct tlab *t = arena_of(arena)->tlabs; t && count < 10; t = t->next) {
        count++;
    }
    return count;
}

/* Linked, and not borne yet: so a fork may leave it. It must not be linked again. */
static void a_tlab_is_in_the_list_once(void **state)
{
    (void)state;
    struct ordered owner, others[3];
    struct job job = {0};
    hire(&owner);
    order(&owner, open_shared, &job);
    struct arena *arena = arena_of(job.arena);
    for (uint32_t i = 0; i < 3; i++) {
        hire(&others[i]);
        (void)take_by(&others[i], &job);
    }
    for (uint32_t i = 0; i < 3; i++) { /* from the last in the list to the first */
        assert_int_equal(length_of_list(job.arena), 3);
        dismiss(&others[i]);
        store_relaxed(&arena->table[1 + i].tlab.bearer, 0);
        hire(&others[i]);
        (void)take_by(&others[i], &job);
        assert_int_not_equal(arena->table[1 + i].tlab.bearer, 0);
    }
    assert_int_equal(length_of_list(job.arena), 3);
    assert_int_equal(arena->tlabs_in_use, 4);
    for (uint32_t i = 0; i < 3; i++) {
        dismiss(&others[i]);
    }
    order(&owner, drop, &job);
    dismiss(&owner);
}

/* The library lets a thread go in the second round of destruction. */
struct breath {
    pthread_key_t key;
    void (*last)(void *);
    struct job *job;
    int round;
};

extern const char *gnu_get_libc_version(void) __attribute__((weak)); /* there in glibc alone */

static void breathe(void *value)
{
    struct breath *breath = (struct breath *)value;
    if (++breath->round < 3) { /* in a fourth, ThreadSanitizer has forgotten the thread */
        (void)pthread_setspecific(breath->key, breath);
        if (&gnu_get_libc_version) { /* it calls the destructors of a round in the keys' order */
            assert_int_equal(bitena_thread_id == 0, breath->round == 2);
        }
        return;
    }
    breath->job->id = bitena_thread_id;
    breath->last(breath->job);
}

static void begin_to_breathe(void *argument)
{
    struct breath *breath = (struct breath *)argument;
    take(breath->job);
    take(breath->job); /* now it is the TLAB used last */
    assert_int_equal(pthread_setspecific(breath->key, breath), 0);
}

static void in_a_last_breath(void (*fn)(void *), struct job *job)
{
    struct breath breath = {.last = fn, .job = job};
    job->id = 1;
    assert_int_equal(pthread_key_create(&breath.key, breathe), 0);
    in_another_thread(begin_to_breathe, &breath);
    assert_int_equal(breath.round, 3);
    assert_int_equal(job->id, 0);
    assert_int_equal(pthread_key_delete(breath.key), 0);
}

static void a_last_breath_takes_nothing_from_who_has_the_first_slot(void **state)
{
    (void)state;
    struct ordered owner;
    struct job job = {0};
    hire(&owner);
    order(&owner, open_shared, &job);
    uint64_t id = job.id;
    assert_int_equal(slot_of(id), 0);
    char *p = take_by(&owner, &job);
    in_a_last_breath(take, &job);
    assert_non_null(job.p);
    assert_int_equal(arena_of(job.arena)->owner, id);
    assert_ptr_equal(take_by(&owner, &job), p - BYTES);
    assert_int_equal(bitena_used(job.arena), 5 * BYTES);
    order(&owner, drop, &job);
    dismiss(&owner);
}

/* The heir has the TLAB that the thread used last. */
static void take_beside_the_heir(void *argument)
{
    struct job *job = (struct job *)argument;
    struct ordered heir;
    hire(&heir);
    char *p = take_by(&heir, job);
    take(job);
    assert_non_null(job->p);
    assert_ptr_equal(take_by(&heir, job), p - BYTES);
    dismiss(&heir);
}

static void a_last_breath_takes_nothing_from_its_heir(void **state)
{
    (void)state;
    struct ordered owner;
    struct job job = {0};
    hire(&owner);
    order(&owner, open_shared, &job);
    in_a_last_breath(take_beside_the_heir, &job);
    order(&owner, drop, &job);
    dismiss(&owner);
}

static bitena *exact;

static void open_exact_too(void *job)
{
    open_shared(job);
    exact = bitena_new(1000);
}

static void make_children(void *argument)
{
    struct job *job = (struct job *)argument;
    job->id = bitena_thread_id;
    ASSERT_NULL(EPERM, bitena_new_child(job->arena));
    ASSERT_NULL(EPERM, bitena_new_child(exact));
    bitena_drop(exact);
}

static void a_last_breath_makes_no_child(void **state)
{
    (void)state;
    struct ordered owner;
    struct job job = {0};
    hire(&owner);
    order(&owner, open_exact_too, &job);
    in_a_last_breath(make_children, &job);
    order(&owner, drop, &job);
    dismiss(&owner);
}

static void count_one(void *count)
{
    ++*(size_t *)count;
}

static void defer_and_take(void *argument)
{
    struct job *job = (struct job *)argument;
    bitena_defer(job->arena, count_one, &job->cleanups);
    take(job);
}

static void reset(void *argument)
{
    struct job *job = (struct job *)argument;
    assert_int_equal(bitena_reset(job->arena), 0);
}

/* The first slot's place in the table was never borne, and so is not in the list. */
static void what_a_last_breath_deferred_is_called(void **state)
{
    (void)state;
    struct ordered first, owner;
    struct job job = {0}, other = {0};
    hire(&first);
    order(&first, open_shared, &other);
    hire(&owner);
    order(&owner, open_shared, &job);
    assert_int_equal(slot_of(job.id), 1);
    in_a_last_breath(defer_and_take, &job);
    assert_int_equal(length_of_list(job.arena), 1); /* the breathing thread's, from before */
    assert_int_equal(job.cleanups, 0);
    order(&owner, reset, &job);
    assert_int_equal(job.cleanups, 1);
    order(&first, drop, &other);
    order(&owner, drop, &job);
    dismiss(&first);
    dismiss(&owner);
}

enum { RANGES = 3 * ENDED_NEAR };

static void leave_things_behind(void *argument)
{
    struct job *job = (struct job *)argument;
    bitena_defer(job->arena, count_one, &job->cleanups);
    job->child = bitena_new_child(job->arena);
    for (size_t i = 0; i < RANGES; i++) { /* a live mark, and one after it that has ended */
        bitena_mark live = bitena_save(job->arena);
        (void)bitena_save(job->arena);
        (void)bitena_rewind(job->arena, live);
    }
    take(job);
}

static bool is_within(const char *p, uintptr_t base, uintptr_t end)
{
    return (uintptr_t)p >= base && (uintptr_t)p < end;
}

/* The one thread that lives on has the lost thread's slot, not its room; what the lost thread deferred
 * and its child are the arena's still. Its descriptors may have been in the middle of something. */
static void come_after_a_lost_thread(void *argument)
{
    struct job *job = (struct job *)argument;
    struct arena *arena = arena_of(job->arena);
    struct tlab *tlab = &arena->table[0].tlab;
    uintptr_t base = tlab->base, end = tlab->end;
    uint64_t free_runs = arena->pool->spare_runs;
    REQUIRE_IN_CHILD(tlab->ended_older != 0 && is_within(job->p, base, end));
    REQUIRE_IN_CHILD(bitena_thread_id == 0);
    take(job);
    REQUIRE_IN_CHILD(slot_of(bitena_thread_id) == 0 && tlab->bearer == bitena_thread_id);
    REQUIRE_IN_CHILD(job->p && !is_within(job->p, base, end));
    REQUIRE_IN_CHILD(tlab->ended_older == 0 && arena->pool->spare_runs == free_runs);
    REQUIRE_IN_CHILD(length_of_list(job->arena) == 1);
    REQUIRE_IN_CHILD(bitena_reset(job->arena) == -1);
    REQUIRE_IN_CHILD(bitena_own(job->child) == 0);
    bitena_drop(job->child);
    REQUIRE_IN_CHILD(job->cleanups == 0 && bitena_reset(job->arena) == 0 && job->cleanups == 1);
    REQUIRE_IN_CHILD(bitena_remaining(job->arena) == bitena_capacity(job->arena));
}

static void fork_after_a_lost_thread(void *job)
{
    assert_passes(come_after_a_lost_thread, job);
}

static void a_lost_threads_slot_is_left_without_its_room(void **state)
{
    (void)state;
    struct ordered lost, owner;
    struct job job = {0}, other = {0};
    hire(&lost);
    order(&lost, open_shared, &other);
    assert_int_equal(slot_of(other.id), 0);
    hire(&owner);
    order(&owner, open_shared, &job);
    order(&lost, leave_things_behind, &job);
    in_another_thread(fork_after_a_lost_thread, &job);
    order(&lost, drop, &(struct job){.arena = job.child});
    order(&lost, drop, &other);
    order(&owner, drop, &job);
    dismiss(&lost);
    dismiss(&owner);
}

/* Who ended before the fork was not cut off, beside two who were. */
static void look_at_all(void *argument)
{
    const uint64_t *ids = (const uint64_t *)argument;
    REQUIRE_IN_CHILD(!thread_left_in_order(ids[0]) && !thread_left_in_order(ids[1]));
    REQUIRE_IN_CHILD(thread_left_in_order(ids[2]));
}

static void fork_and_look_at_all(void *ids)
{
    assert_passes(look_at_all, ids);
}

static void a_fork_cuts_off_none_that_ended_before(void **state)
{
    (void)state;
    struct ordered who[4]; /* the one that forks, two that are lost, the one that has ended */
    struct job jobs[4] = {{0}};
    for (size_t i = 0; i < 4; i++) {
        hire(&who[i]);
        order(&who[i], open_shared, &jobs[i]);
    }
    order(&who[3], drop, &jobs[3]);
    dismiss(&who[3]);
    order(&who[0], fork_and_look_at_all, (uint64_t[]){jobs[1].id, jobs[2].id, jobs[3].id});
    for (size_t i = 0; i < 3; i++) {
        order(&who[i], drop, &jobs[i]);
        dismiss(&who[i]);
    }
}

static void come_after_a_lost_owner(void *argument)
{
    struct job *job = (struct job *)argument;
    struct arena *arena = arena_of(job->arena);
    uintptr_t base = arena->tlab.base, end = arena->tlab.end;
    REQUIRE_IN_CHILD(is_within(job->p, base, end));
    take(job);
    REQUIRE_IN_CHILD(slot_of(bitena_thread_id) == 0);
    REQUIRE_IN_CHILD(job->p && !is_within(job->p, base, end));
    REQUIRE_IN_CHILD(arena->owner == job->id && arena->tlab.bearer == job->id);
    REQUIRE_IN_CHILD(bitena_reset(job->arena) == 0 && arena->owner == bitena_thread_id);
}

static void fork_after_a_lost_owner(void *job)
{
    assert_passes(come_after_a_lost_owner, job);
}

static void a_lost_owners_room_waits_for_the_reset(void **state)
{
    (void)state;
    struct ordered owner;
    struct job job = {0};
    hire(&owner);
    order(&owner, open_shared, &job);
    (void)take_by(&owner, &job);
    in_another_thread(fork_after_a_lost_owner, &job);
    order(&owner, drop, &job);
    dismiss(&owner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tlab_is_in_the_list_once),
        cmocka_unit_test(a_last_breath_takes_nothing_from_who_has_the_first_slot),
        cmocka_unit_test(a_last_breath_takes_nothing_from_its_heir),
        cmocka_unit_test(a_last_breath_makes_no_child),
        cmocka_unit_test(what_a_last_breath_deferred_is_called),
        cmocka_unit_test(a_lost_threads_slot_is_left_without_its_room),
        cmocka_unit_test(a_fork_cuts_off_none_that_ended_before),
        cmocka_unit_test(a_lost_owners_room_waits_for_the_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
