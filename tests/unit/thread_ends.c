/* Destructors of ending threads: a user's own thread-specific destructors allocate, defer and drop
 * in every round, whether their key is older or younger than the library's, and thread-local
 * destructors do too. An ending thread leaves its slot, and with it its room, to the next one. The
 * first test must come before any other use of the library, so that it can make a key older than
 * the library's.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <unistd.h>

#include "core.h"
#include "support/misuse.h"
#include "support/overlap.h"
#include "support/subject.h"
#include "support/trial.h"

enum { KIB = 1024, MIB = 1024 * 1024 };

/* ThreadSanitizer closes its own record of a thread in the last round. */
static int end_rounds(void)
{
    return PTHREAD_DESTRUCTOR_ITERATIONS - (under_a_tool() ? 1 : 0);
}

/* libc's registration of what C++ calls the destructor of a thread_local. musl has none. */
extern int __cxa_thread_atexit_impl(void (*)(void *), void *, void *) __attribute__((weak));
extern void *__dso_handle;
extern const char *gnu_get_libc_version(void) __attribute__((weak)); /* there in glibc alone */

static bitena *shared;
static struct overlap map;
static pthread_key_t old_key, young_key; /* older and younger than the library's */
static size_t served, spoiled;

/* One per key and thread. */
struct ending {
    pthread_key_t key;
    int rounds;
    bitena *local;
    size_t size;
};

static void allocate_checked(size_t size)
{
    errno = 4321;
    char *object = bitena_try_alloc(shared, size, 8);
    char *text = bitena_try_alloc_str(shared, "written by an ending thread");
    if (object && text && errno == 4321) {
        memset(object, 0x6E, size);
        served++;
        spoiled += !overlap_claim(&map, object, size) || !overlap_claim(&map, text, 28);
    }
}

static void end_in_rounds(void *argument)
{
    struct ending *ending = (struct ending *)argument;
    allocate_checked(ending->size);
    BITENA_SCOPE (shared) {
        (void)bitena_try_alloc(shared, 200, 8);
    }
    if (ending->local) {
        assert_non_null(bitena_alloc(ending->local, 100, 8));
        bitena_drop(ending->local); /* by its owner still: else the program would end here */
        ending->local = NULL;
    }
    if (++ending->rounds < end_rounds()) {
        (void)pthread_setspecific(ending->key, ending);
    }
}

static void end_a_thread_local(void *argument)
{
    struct ending *ending = (struct ending *)argument;
    allocate_checked(ending->size);
    bitena *child = bitena_new_child(shared);
    assert_non_null(child);
    (void)bitena_alloc(child, 3000, 8);
    bitena_drop(child);
    ending->rounds++;
}

struct endings {
    struct ending old, young, thread_local_one;
    bool uses_before;
};

static void begin_endings(void *argument)
{
    struct endings *endings = (struct endings *)argument;
    endings->old.key = old_key;
    endings->young.key = young_key;
    if (endings->uses_before) {
        endings->old.local =
            bitena_open(&(bitena_options){.capacity = 32 * KIB, .mode = BITENA_LOCAL});
        endings->young.local =
            bitena_open(&(bitena_options){.capacity = 32 * KIB, .mode = BITENA_LOCAL});
        (void)bitena_alloc(endings->young.local, 10, 1);
        allocate_checked(50);
    }
    endings->old.size = 20;
    endings->young.size = 30;
    endings->thread_local_one.size = 40;
    assert_int_equal(pthread_setspecific(old_key, &endings->old), 0);
    assert_int_equal(pthread_setspecific(young_key, &endings->young), 0);
    if (__cxa_thread_atexit_impl) {
        assert_int_equal(
            __cxa_thread_atexit_impl(end_a_thread_local, &endings->thread_local_one, &__dso_handle),
            0);
    }
}

static void destructors_older_and_younger_than_the_librarys_are_served(void **state)
{
    (void)state;
    assert_int_equal(bitena_thread_id, 0); /* the library was not used yet */
    assert_int_equal(pthread_key_create(&old_key, end_in_rounds), 0);
    shared = bitena_new(8 * MIB);
    (void)bitena_alloc(shared, 8, 8);
    assert_int_equal(pthread_key_create(&young_key, end_in_rounds), 0);
    assert_true(young_key > old_key);
    overlap_open(&map, bitena_capacity(shared));
    overlap_locate(&map, bitena_alloc(shared, 1, 1));
    served = spoiled = 0;
    size_t expected = 0;
    for (size_t i = 0; i < rounds(1000); i++) {
        struct endings endings = {.uses_before = i % 2 == 0};
        in_another_thread(begin_endings, &endings);
        assert_int_equal(endings.old.rounds, end_rounds());
        assert_int_equal(endings.young.rounds, end_rounds());
        assert_int_equal(endings.thread_local_one.rounds, __cxa_thread_atexit_impl ? 1 : 0);
        expected += 2 * (size_t)end_rounds() + (size_t)endings.thread_local_one.rounds +
                    endings.uses_before;
        assert_int_equal(served, expected);
        assert_int_equal(spoiled, 0);
    }
    overlap_close(&map);
    assert_int_equal(bitena_reset(shared), 0); /* no child was left */
    bitena_drop(shared);
}

static void take_sixteen(void *argument)
{
    (void)argument;
    memset(bitena_alloc(shared, 16, 8), 1, 16);
}

static pthread_key_t taking_key;

static void set_the_taking_key(void *argument)
{
    assert_int_equal(pthread_setspecific(taking_key, argument), 0);
}

/* A thread whose first use of the library is in a destructor must leave its slot too. */
static void threads_that_allocate_only_as_they_end_cannot_eat_an_arena(void **state)
{
    (void)state;
    shared = bitena_new(64 * MIB);
    take_sixteen(NULL);
    assert_int_equal(pthread_key_create(&taking_key, take_sixteen), 0);
    size_t before = bitena_remaining(shared), count = rounds(5000);
    for (size_t i = 0; i < count; i++) {
        in_another_thread(set_the_taking_key, shared);
    }
    assert_true(bitena_used(shared) >= 16 * count);
    assert_in_range(before - bitena_remaining(shared), 0, 16 * count + 128 * KIB);
    assert_int_equal(pthread_key_delete(taking_key), 0);
    bitena_drop(shared);
}

static void *use_and_end(void *argument)
{
    take_sixteen(argument);
    return NULL;
}

static pthread_t main_thread;

static void *end_the_process(void *argument)
{
    REQUIRE_IN_CHILD(pthread_join(main_thread, NULL) == 0);
    for (int i = 0; i < 20; i++) {
        pthread_t thread;
        REQUIRE_IN_CHILD(pthread_create(&thread, NULL, use_and_end, NULL) == 0);
        REQUIRE_IN_CHILD(pthread_join(thread, NULL) == 0);
    }
    take_sixteen(argument); /* in the main thread's room, perhaps */
    REQUIRE_IN_CHILD(bitena_used(shared) == 22 * 16);
    _exit(0);
}

static void let_the_main_thread_end_first(void *argument)
{
    shared = bitena_new(64 * KIB);
    take_sixteen(argument);
    main_thread = pthread_self();
    pthread_t thread;
    REQUIRE_IN_CHILD(pthread_create(&thread, NULL, end_the_process, NULL) == 0);
    pthread_exit(NULL);
}

static void the_main_thread_may_end_first(void **state)
{
    (void)state;
    if (under_a_tool() || !&gnu_get_libc_version) {
        skip(); /* some cannot join the main thread (nor can musl in the child of a fork), some call
                   lost what it alone pointed at */
    }
    assert_passes(let_the_main_thread_end_first, NULL);
}

static void make_a_child(void *place)
{
    bitena *child = bitena_new_child(shared);
    memset(bitena_alloc(child, 100, 8), 0x21, 100);
    *(bitena **)place = child;
}

static void a_child_outlives_the_thread_that_made_it(void **state)
{
    (void)state;
    shared = bitena_new(64 * KIB);
    bitena *child;
    in_another_thread(make_a_child, &child);
    in_another_thread(take_sixteen, NULL); /* in the same slot: not the child's owner for that */
    ASSERT_REFUSED(EBUSY, bitena_reset(shared));
    ASSERT_NULL(EPERM, bitena_try_alloc(child, 8, 8));
    assert_int_equal(bitena_own(child), 0);
    assert_non_null(bitena_try_alloc(child, 8, 8));
    bitena_drop(child);
    assert_int_equal(bitena_reset(shared), 0);
    bitena_drop(shared);
}

static void try_to_use(void *child)
{
    ASSERT_NULL(EPERM, bitena_try_alloc((bitena *)child, 8, 8));
    ASSERT_REFUSED(EPERM, bitena_reset((bitena *)child));
}

static void a_later_thread_in_the_slot_is_a_stranger_to_the_child(void **state)
{
    (void)state;
    shared = bitena_new(64 * KIB);
    bitena *child;
    in_another_thread(make_a_child, &child);
    for (int i = 0; i < 5; i++) {
        in_another_thread(try_to_use, child);
    }
    assert_int_equal(bitena_own(child), 0);
    bitena_drop(child);
    bitena_drop(shared);
}

static pthread_key_t last_key;

/* In the last round the library has let the thread go: it owns nothing and can own nothing. */
static void manage_with_the_last_breath(void *argument)
{
    struct ending *ending = (struct ending *)argument;
    if (++ending->rounds < PTHREAD_DESTRUCTOR_ITERATIONS) {
        (void)pthread_setspecific(last_key, ending);
        return;
    }
    assert_int_equal(bitena_thread_id, 0);
    ASSERT_NULL(EPERM, bitena_new_child(shared));
    ASSERT_REFUSED(EINVAL, bitena_own(ending->local));
    assert_int_equal(bitena_reset(shared), 0);
}

static void begin_the_last_breath(void *argument)
{
    assert_non_null(bitena_try_alloc(shared, 100, 8));
    assert_int_equal(pthread_setspecific(last_key, argument), 0);
}

static void a_thread_in_its_last_breath_owns_nothing(void **state)
{
    (void)state;
    if (under_a_tool()) {
        skip(); /* ThreadSanitizer has let the thread go too, and sees no order in its last round */
    }
    assert_int_equal(pthread_key_create(&last_key, manage_with_the_last_breath), 0);
    shared = bitena_new(64 * KIB);
    struct ending ending = {.local = bitena_new_child(bitena_new(64 * KIB))};
    in_another_thread(begin_the_last_breath, &ending);
    assert_int_equal(ending.rounds, PTHREAD_DESTRUCTOR_ITERATIONS);
    assert_int_equal(bitena_used(shared), 0);
    assert_non_null(bitena_try_alloc(shared, 100, 8)); /* nobody owns it: by a TLAB of the table */
    bitena_drop(shared);
    bitena *parent = public_of(arena_of(ending.local)->parent);
    bitena_drop(ending.local);
    bitena_drop(parent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(destructors_older_and_younger_than_the_librarys_are_served),
        cmocka_unit_test(threads_that_allocate_only_as_they_end_cannot_eat_an_arena),
        cmocka_unit_test(the_main_thread_may_end_first),
        cmocka_unit_test(a_child_outlives_the_thread_that_made_it),
        cmocka_unit_test(a_later_thread_in_the_slot_is_a_stranger_to_the_child),
        cmocka_unit_test(a_thread_in_its_last_breath_owns_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
