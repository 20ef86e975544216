/* Windows: free room at the floor, taken by commit alone, closed by any other verb of the thread.
 * Windows of an EXACT arena are in exact.c, late and wrong commits in commit.c.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <string.h>

#include "support/misuse.h"
#include "support/subject.h"

enum { CAPACITY = 512 << 10 };

static const enum kind leasing[] = {KIND_SHARED, KIND_LOCAL, KIND_CHILD, KIND_BUFFER};
enum { LEASING = sizeof leasing / sizeof *leasing };

static void nothing_is_taken_until_commit(void **state)
{
    (void)state;
    for (size_t k = 0; k < LEASING; k++) {
        struct subject s = subject_open(leasing[k], CAPACITY, NULL);
        (void)bitena_alloc_str(s.arena, "before");
        (void)bitena_alloc(s.arena, 8, 8);
        struct numbers before = numbers_of(s.arena);
        size_t room = 0;
        errno = UNTOUCHED;
        char *window = bitena_window(s.arena, 100, 1, &room);
        assert_in_range(room, 100, CAPACITY);
        assert_in_range(bitena_remaining(s.arena), before.remaining - 64, before.remaining);
        struct numbers open = numbers_of(s.arena);
        memset(window, 'w', room);
        bitena_commit(s.arena, window, room, 60);
        assert_int_equal(bitena_remaining(s.arena), open.remaining - 60);
        assert_int_equal(bitena_used(s.arena), open.used + 60);
        assert_int_equal(errno, UNTOUCHED);
        char *next = bitena_alloc_strn(s.arena, "next", 4);
        assert_ptr_equal(next, window + 60);
        assert_true(all_bytes_are(window, 'w', 60));
        subject_close(&s);
    }
}

static void an_abandoned_window_takes_nothing(void **state)
{
    (void)state;
    for (size_t k = 0; k < LEASING; k++) {
        for (size_t align = 1; align <= 256; align *= 16) {
            struct subject s = subject_open(leasing[k], CAPACITY, NULL);
            size_t room = 0;
            (void)bitena_alloc_str(s.arena, "in a lease");
            char *window = bitena_window(s.arena, 100, 1, &room);
            bitena_commit(s.arena, window, room, 1);
            struct numbers before = numbers_of(s.arena);
            window = bitena_window(s.arena, 10, align, &room);
            assert_true(is_aligned_to(window, align));
            bitena_commit(s.arena, window, room, 0);
            assert_same_numbers(s.arena, before);
            window = bitena_window(s.arena, 10, align, &room); /* closed by the next verb */
            (void)bitena_alloc(s.arena, 1, 1);
            assert_int_equal(bitena_used(s.arena), before.used + 1);
            subject_close(&s);
        }
    }
}

static void all_of_the_room_may_be_committed(void **state)
{
    (void)state;
    for (size_t k = 0; k < LEASING; k++) {
        struct subject s = subject_open(leasing[k], CAPACITY, NULL);
        char *object = bitena_make(s.arena, char, 'o');
        size_t room = 0;
        char *window = bitena_window(s.arena, 100, 1, &room);
        memset(window, 'w', room);
        bitena_commit(s.arena, window, room, room);
        char *next = bitena_alloc(s.arena, 100, 1);
        memset(next, 'n', 100);
        assert_true(all_bytes_are(window, 'w', room));
        assert_int_equal(*object, 'o');
        subject_close(&s);
    }
}

static void a_window_may_be_larger_than_any_lease(void **state)
{
    (void)state;
    bitena *arena = bitena_open(&(bitena_options){.capacity = CAPACITY, .lease_max = 1024});
    (void)bitena_alloc_str(arena, "text");
    size_t room = 0;
    char *window = bitena_window(arena, 100000, 16, &room);
    assert_true(is_aligned_to(window, 16));
    assert_in_range(room, 100000, CAPACITY);
    memset(window, 'w', room);
    bitena_commit(arena, window, room, 99999);
    char *p = bitena_alloc(arena, 1000, 1);
    memset(p, 'p', 1000);
    assert_true(all_bytes_are(window, 'w', 99999));
    bitena_drop(arena);
}

static void a_committed_window_grows_in_place(void **state)
{
    (void)state;
    for (size_t k = 0; k < LEASING; k++) {
        struct subject s = subject_open(leasing[k], CAPACITY, NULL);
        size_t room = 0;
        char *window = bitena_window(s.arena, 200, 8, &room);
        bitena_commit(s.arena, window, room, 50);
        assert_ptr_equal(bitena_resize(s.arena, window, 50, 150, 8), window);
        char *second = bitena_window(s.arena, 8, 1, &room);
        assert_ptr_equal(second, window + 150);
        bitena_commit(s.arena, second, room, 8);
        subject_close(&s);
    }
}

static void a_refused_window_changes_nothing(void **state)
{
    (void)state;
    static const struct {
        size_t size, align;
        int error;
    } refusals[] = {
        {100, 0, EINVAL},         {100, 3, EINVAL},         {4 * CAPACITY, 1, ENOMEM},
        {SIZE_MAX, 1, EOVERFLOW}, {PTRDIFF_MAX, 1, ENOMEM}, {100, SIZE_MAX / 2 + 1, ENOMEM},
    };
    for (enum kind k = 0; k < KIND_COUNT; k++) {
        struct subject s = subject_open(k, CAPACITY, NULL);
        char *text = bitena_alloc_str(s.arena, "kept");
        struct numbers before = numbers_of(s.arena);
        for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
            size_t room = 77;
            errno = 0;
            assert_null(bitena_try_window(s.arena, refusals[i].size, refusals[i].align, &room));
            assert_int_equal(errno, refusals[i].error);
            assert_int_equal(room, 77);
            assert_same_numbers(s.arena, before);
        }
        assert_string_equal(text, "kept");
        subject_close(&s);
    }
}

static void open_and_commit(void *argument)
{
    bitena *arena = argument;
    size_t room = 0;
    char *window = bitena_window(arena, 5000, 8, &room);
    memset(window, 't', room);
    (void)bitena_alloc_str(arena, "closes it");
    window = bitena_window(arena, 5000, 8, &room);
    memset(window, 't', room);
    bitena_commit(arena, window, room, 5000);
}

static void another_threads_verbs_leave_a_window_open(void **state)
{
    (void)state;
    static const enum kind kinds[] = {KIND_SHARED, KIND_BUFFER};
    for (size_t k = 0; k < 2; k++) {
        struct subject s = subject_open(kinds[k], CAPACITY, NULL);
        size_t room = 0;
        char *window = bitena_window(s.arena, 1000, 8, &room);
        memset(window, 'w', room);
        in_another_thread(open_and_commit, s.arena);
        assert_true(all_bytes_are(window, 'w', room));
        bitena_commit(s.arena, window, room, 1000);
        subject_close(&s);
    }
}

struct readings {
    bitena *arena;
    size_t room;
    size_t before, open, abandoned, committed; /* remaining; nothing goes back */
};

/* The third thread of a buffer with two places in its table: the index serves it. */
static void windows_from_the_index(void *argument)
{
    struct readings *seen = argument;
    seen->before = bitena_remaining(seen->arena);
    char *window = bitena_window(seen->arena, 1000, 1, &seen->room);
    memset(window, 'w', 1000);
    seen->open = bitena_remaining(seen->arena);
    bitena_commit(seen->arena, window, seen->room, 0);
    seen->abandoned = bitena_remaining(seen->arena);
    window = bitena_window(seen->arena, 1000, 1, &seen->room);
    bitena_commit(seen->arena, window, seen->room, 300);
    seen->committed = bitena_remaining(seen->arena);
}

static void start_one_more(void *argument)
{
    struct readings *seen = argument;
    assert_non_null(bitena_try_alloc(seen->arena, 8, 8));
    in_another_thread(windows_from_the_index, argument);
}

static void a_thread_that_the_index_serves_takes_its_window_at_once(void **state)
{
    (void)state;
    struct subject s = subject_open(KIND_BUFFER, 30000, NULL);
    struct readings seen = {.arena = s.arena};
    assert_non_null(bitena_try_alloc(s.arena, 8, 8));
    in_another_thread(start_one_more, &seen);
    assert_int_equal(seen.room, 1000);
    assert_int_equal(seen.open, seen.before - 1000);
    assert_int_equal(seen.abandoned, seen.before - 1000);
    assert_int_equal(seen.committed, seen.before - 2000);
    subject_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_taken_until_commit),
        cmocka_unit_test(an_abandoned_window_takes_nothing),
        cmocka_unit_test(all_of_the_room_may_be_committed),
        cmocka_unit_test(a_window_may_be_larger_than_any_lease),
        cmocka_unit_test(a_committed_window_grows_in_place),
        cmocka_unit_test(a_refused_window_changes_nothing),
        cmocka_unit_test(another_threads_verbs_leave_a_window_open),
        cmocka_unit_test(a_thread_that_the_index_serves_takes_its_window_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
