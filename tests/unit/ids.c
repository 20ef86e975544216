/* Ids and slots of threads, one by one. One thread forgets its id and asks for another, so often that
 * every slot is borne; that is done in the child of a fork, since the slots are not left again. What
 * threads find in a slot is in slots.c and slots_left.c.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1

#include <limits.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core.h"
#include "support/ordered.h"
#include "support/subject.h"
#include "support/trial.h"
#include "thread.h"

enum { KIB = 1024, NUMBER_MASK = (1 << THREAD_NUMBER_BITS) - 1 };

static uint64_t another_id(void)
{
    bitena_thread_id = thread_registered = 0;
    return thread_id();
}

static uint64_t generation_of_id(uint64_t id)
{
    return id >> (THREAD_NUMBER_BITS + THREAD_SLOT_BITS);
}

static void bear_every_slot(void *nothing)
{
    (void)nothing;
    uint64_t first = another_id(), generation = generation_of_id(first);
    REQUIRE_IN_CHILD(slot_of(first) == 0);
    for (uint32_t slot = 1; slot < THREAD_SLOTS; slot++) {
        uint64_t id = another_id();
        REQUIRE_IN_CHILD(slot_of(id) == slot && thread_registered == id);
        REQUIRE_IN_CHILD(generation_of_id(id) == generation);
        REQUIRE_IN_CHILD((id & NUMBER_MASK) == (first & NUMBER_MASK));
        REQUIRE_IN_CHILD(thread_left_in_order(id));
        uint64_t epoch = fresh_epoch();
        REQUIRE_IN_CHILD(epoch >> 52 == slot); /* no two slots' meet: there is room to count on */
        REQUIRE_IN_CHILD(fresh_epoch() == epoch + 1 && epoch != 0);
    }
    REQUIRE_IN_CHILD((first & NUMBER_MASK) == (uint64_t)syscall(SYS_gettid));
    uint64_t epoch = fresh_epoch();
    for (uint64_t i = 0; i < 3; i++) { /* counted for all that have none, from where slots do */
        uint64_t id = another_id();
        REQUIRE_IN_CHILD(slot_of(id) == THREAD_NO_SLOT && (id & NUMBER_MASK) != 0);
        REQUIRE_IN_CHILD(generation_of_id(id) == generation - 1 + i);
        REQUIRE_IN_CHILD(i == 0 || fresh_epoch() == epoch + 1);
        bitena_thread_id = thread_registered = 0; /* nor has who has no id: they count together */
        epoch = fresh_epoch();
        REQUIRE_IN_CHILD(epoch >> 52 == THREAD_NO_SLOT);
    }
}

static void every_slot_is_given_once_and_then_none(void **state)
{
    (void)state;
    assert_passes(bear_every_slot, NULL);
}

struct job {
    bitena *arena;
    char *p;
    uint64_t id;
    size_t cleanups;
};

static void count_one(void *count)
{
    ++*(size_t *)count;
}

static void take_and_defer(void *argument)
{
    struct job *job = (struct job *)argument;
    job->id = another_id();
    bitena_defer(job->arena, count_one, &job->cleanups);
    job->p = bitena_alloc(job->arena, 16, 8);
}

/* Two threads whose slot is none have it in common; nothing else. Both are played by one. */
static void own_without_a_slot(void *nothing)
{
    (void)nothing;
    while (slot_of(another_id()) != THREAD_NO_SLOT) {
    }
    struct job job = {.arena = bitena_new(256 * KIB)};
    struct arena *arena = arena_of(job.arena);
    uint64_t id = bitena_thread_id;
    char *p = bitena_alloc(job.arena, 16, 8);
    for (uint64_t half = 0; half < 4; half++) { /* owners of any generation */
        uint64_t owner = half ? id ^ half << 62 : id;
        arena->owner = arena->tlab.bearer = owner;
        take_and_defer(&job);
        REQUIRE_IN_CHILD(job.id != owner && slot_of(job.id) == slot_of(owner));
        REQUIRE_IN_CHILD(arena->owner == owner && arena->tlab.bearer == owner);
        REQUIRE_IN_CHILD((uintptr_t)job.p < arena->tlab.base && !arena->tlabs);
    }
    arena->owner = arena->tlab.bearer = bitena_thread_id = thread_registered = id;
    REQUIRE_IN_CHILD(bitena_alloc(job.arena, 16, 8) == p - 16);
    REQUIRE_IN_CHILD(bitena_reset(job.arena) == 0 && job.cleanups == 4);
    bitena_drop(job.arena);
}

static void an_owner_without_a_slot_has_no_heir(void **state)
{
    (void)state;
    assert_passes(own_without_a_slot, NULL);
}

static unsigned forks_before;
static uint64_t id_before, given_before, given_after;

static void look_after_a_second_fork(void *nothing)
{
    (void)nothing;
    REQUIRE_IN_CHILD(thread_forks() == forks_before + 2);
    REQUIRE_IN_CHILD(thread_left_in_order(id_before) && !thread_left_in_order(given_before));
}

/* Cut off twice in a slot: the older is no less so. */
static void look_after_a_third_fork(void *nothing)
{
    (void)nothing;
    REQUIRE_IN_CHILD(!thread_left_in_order(given_before) && !thread_left_in_order(given_after));
}

/* The forking thread lives on under its id; other ids given before are cut off for good, those given
 * after in the same slot are not. */
static void look_after_a_fork(void *nothing)
{
    REQUIRE_IN_CHILD(thread_forks() == forks_before + 1);
    REQUIRE_IN_CHILD(bitena_thread_id == id_before && thread_registered == id_before);
    REQUIRE_IN_CHILD(thread_left_in_order(id_before) && !thread_left_in_order(given_before));
    assert_passes(look_after_a_second_fork, nothing);
    uint64_t id = another_id();
    REQUIRE_IN_CHILD(slot_of(id) == slot_of(given_before)); /* left by the fork; the other is not */
    REQUIRE_IN_CHILD(generation_of_id(id) == generation_of_id(given_before) + 1);
    REQUIRE_IN_CHILD(thread_left_in_order(id) && !thread_left_in_order(given_before));
    uint64_t last = another_id();
    REQUIRE_IN_CHILD(slot_of(last) > slot_of(id));
    given_after = id;
    bitena_thread_id = thread_registered = id_before;
    assert_passes(look_after_a_third_fork, nothing);
}

static void fork_with_two_ids(void *nothing)
{
    id_before = thread_id();
    given_before = another_id();
    bitena_thread_id = thread_registered = id_before;
    forks_before = thread_forks();
    assert_passes(look_after_a_fork, nothing);
    REQUIRE_IN_CHILD(thread_forks() == forks_before);
    REQUIRE_IN_CHILD(thread_left_in_order(given_before));
}

static void a_fork_cuts_off_all_threads_but_its_own(void **state)
{
    (void)state;
    assert_passes(fork_with_two_ids, NULL);
}

/* Where the system has no key left for it, a thread is told nothing of its end and has no slot; what
 * users keep under their keys is not touched. */
static void use_every_key(void *nothing)
{
    static pthread_key_t keys[PTHREAD_KEYS_MAX];
    size_t count = 0;
    while (count < PTHREAD_KEYS_MAX && pthread_key_create(&keys[count], NULL) == 0) {
        REQUIRE_IN_CHILD(pthread_setspecific(keys[count], &keys[count]) == 0);
        count++;
    }
    REQUIRE_IN_CHILD(pthread_key_create(&keys[0], NULL) != 0);
    for (int i = 0; i < 3; i++) {
        REQUIRE_IN_CHILD(slot_of(another_id()) == THREAD_NO_SLOT);
    }
    for (size_t i = 0; i < count; i++) {
        REQUIRE_IN_CHILD(pthread_getspecific(keys[i]) == &keys[i]);
    }
    (void)nothing;
}

static void without_a_key_threads_have_no_slots(void **state)
{
    (void)state;
    assert_passes(use_every_key, NULL);
}

static void ask_before_anything_else(void *nothing)
{
    (void)nothing;
    assert_int_equal(bitena_thread_id, 0);
    unsigned slot = bitena_thread_slot_();
    assert_int_not_equal(slot, THREAD_NO_SLOT);
    assert_int_equal(slot, slot_of(bitena_thread_id));
}

static void a_module_is_told_the_slot_of_an_id_of_this_copy_only(void **state)
{
    (void)state;
    in_another_thread(ask_before_anything_else, NULL);
    uint64_t id = thread_id();
    assert_int_equal(bitena_thread_slot_(), slot_of(id));
    bitena_thread_id = id + 1; /* as another copy of the library would have given it */
    assert_int_equal(bitena_thread_slot_(), THREAD_NO_SLOT);
    bitena_thread_id = id - 1;
    assert_int_equal(bitena_thread_slot_(), THREAD_NO_SLOT);
    bitena_thread_id = id;
    assert_int_equal(bitena_thread_slot_(), slot_of(id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_slot_is_given_once_and_then_none),
        cmocka_unit_test(an_owner_without_a_slot_has_no_heir),
        cmocka_unit_test(without_a_key_threads_have_no_slots),
        cmocka_unit_test(a_fork_cuts_off_all_threads_but_its_own),
        cmocka_unit_test(a_module_is_told_the_slot_of_an_id_of_this_copy_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
