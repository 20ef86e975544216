/* EXACT arenas: the numbers of the interface page, no byte wasted, the last run moved in place,
 * windows taken at once, and allocation in signal handlers. Threads of their own have a file of
 * their own.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "support/misuse.h"
#include "support/subject.h"

static bitena *exact_arena(size_t capacity)
{
    bitena *arena = bitena_open(&(bitena_options){.capacity = capacity, .mode = BITENA_EXACT});
    assert_non_null(arena);
    return arena;
}

static void the_numbers_of_a_1024_byte_arena_are_exact(void **state)
{
    (void)state;
    bitena *arena = bitena_new(1024);
    assert_int_equal(bitena_capacity(arena), 1024);
    assert_int_equal(bitena_remaining(arena), 1024);
    assert_int_equal(bitena_used(arena), 0);
    assert_int_equal(*bitena_make(arena, uint8_t, 7), 7);
    assert_int_equal(bitena_remaining(arena), 1023);
    assert_int_equal(bitena_used(arena), 1);
    assert_int_equal(bitena_reset(arena), 0);
    assert_int_equal(bitena_remaining(arena), 1024);
    assert_string_equal(bitena_alloc_str(arena, "Test"), "Test");
    assert_int_equal(bitena_remaining(arena), 1019);
    assert_int_equal(bitena_reset(arena), 0);
    assert_int_equal(bitena_remaining(arena), 1024);
    assert_non_null(bitena_try_alloc_slice(arena, uint8_t, 1024, 1));
    assert_int_equal(bitena_remaining(arena), 0);
    assert_null(bitena_try_make(arena, uint8_t, 1));
    assert_int_equal(bitena_remaining(arena), 0);
    assert_int_equal(bitena_capacity(arena), 1024);
    assert_int_equal(bitena_reset(arena), 0);
    assert_int_equal(bitena_remaining(arena), 1024);
    bitena_drop(arena);
}

static void no_byte_but_padding_is_lost(void **state)
{
    (void)state;
    bitena *arena = exact_arena(1 << 20);
    size_t used = 0;
    char *start = bitena_alloc(arena, 0, 1 << 12); /* takes nothing */
    assert_int_equal(bitena_used(arena), 0);
    start = bitena_alloc(arena, 1, 4096);
    used = 1;
    for (size_t i = 0; i < 3000; i++) {
        size_t size = i * 31 % 97 + 1;
        size_t align = (size_t)1 << i % 7;
        char *p =
            i % 3 ? bitena_alloc(arena, size, align) : bitena_resize(arena, NULL, 0, size, align);
        used = (used + align - 1) / align * align;
        assert_ptr_equal(p, start + used);
        used += size;
        assert_int_equal(bitena_used(arena), used);
        assert_int_equal(bitena_remaining(arena), (1 << 20) - used);
        if (i % 5 == 0) {
            char *text = bitena_alloc_strn(arena, "text", i % 4 + 1);
            assert_ptr_equal(text, start + used);
            used += i % 4 + 2;
            assert_int_equal(bitena_used(arena), used);
        }
    }
    bitena_drop(arena);
}

static void the_last_run_grows_shrinks_and_goes_back_in_place(void **state)
{
    (void)state;
    bitena *arena = exact_arena(1000);
    char *first = bitena_alloc_strn(arena, "123456789", 9);
    char *p = bitena_alloc(arena, 100, 1); /* whatever verb made it */
    assert_ptr_equal(p, first + 10);
    memset(p, 'p', 100);
    assert_ptr_equal(bitena_resize(arena, p, 100, 333, 1), p);
    assert_int_equal(bitena_remaining(arena), 1000 - 10 - 333);
    assert_ptr_equal(bitena_try_resize(arena, p, 333, 57, 1), p);
    assert_int_equal(bitena_remaining(arena), 1000 - 10 - 57);
    assert_ptr_equal(bitena_resize(arena, p, 57, 990, 1), p); /* to the last byte */
    assert_int_equal(bitena_remaining(arena), 0);
    assert_true(all_bytes_are(p, 'p', 57));
    errno = 0;
    assert_null(bitena_try_resize(arena, p, 990, 991, 1));
    assert_int_equal(errno, ENOMEM);
    assert_int_equal(bitena_remaining(arena), 0);
    assert_non_null(bitena_resize(arena, p, 990, 0, 1));
    assert_int_equal(bitena_remaining(arena), 990);
    assert_ptr_equal(bitena_resize(arena, first, 10, 12, 1), first); /* the last one now */
    assert_memory_equal(first, "123456789", 10);
    bitena_drop(arena);
}

static void what_is_not_last_is_copied_or_stays(void **state)
{
    (void)state;
    bitena *arena = exact_arena(1000);
    char *first = bitena_alloc_strn(arena, "123456789", 9);
    char *second = bitena_alloc_strn(arena, "second", 6);
    assert_ptr_equal(bitena_resize(arena, first, 10, 4, 1), first);
    assert_int_equal(bitena_used(arena), 17);
    char *grown = bitena_resize(arena, first, 10, 20, 1);
    assert_ptr_equal(grown, second + 7);
    assert_string_equal(grown, "123456789");
    assert_string_equal(second, "second");
    assert_int_equal(bitena_used(arena), 37);
    errno = 0;
    assert_null(bitena_try_resize(arena, first, 10, 964, 1));
    assert_int_equal(errno, ENOMEM);
    assert_int_equal(bitena_used(arena), 37);
    bitena_drop(arena);
}

static void a_window_is_exactly_what_was_asked_and_taken_at_once(void **state)
{
    (void)state;
    bitena *arena = exact_arena(1000);
    size_t room = 0;
    errno = UNTOUCHED;
    char *window = bitena_window(arena, 300, 1, &room);
    assert_int_equal(room, 300);
    assert_int_equal(bitena_remaining(arena), 700);
    memset(window, 'w', 300);
    bitena_commit(arena, window, 300, 120);
    assert_int_equal(bitena_remaining(arena), 880);
    char *next = bitena_alloc_str(arena, "next");
    assert_ptr_equal(next, window + 120);
    window = bitena_try_window(arena, 100, 1, &room);
    bitena_commit(arena, window, room, 0);
    assert_int_equal(bitena_remaining(arena), 875);
    window = bitena_try_window(arena, 875, 1, &room);
    assert_int_equal(room, 875);
    bitena_commit(arena, window, room, 875);
    assert_int_equal(bitena_remaining(arena), 0);
    assert_int_equal(errno, UNTOUCHED);
    bitena_drop(arena);
}

static void a_window_followed_by_an_allocation_keeps_its_room(void **state)
{
    (void)state;
    bitena *arena = exact_arena(1000);
    size_t room = 0;
    char *window = bitena_window(arena, 300, 1, &room);
    memset(window, 'w', 300);
    char *next = bitena_alloc_str(arena, "next");
    bitena_commit(arena, window, room, 10); /* not closed: the bytes are its own */
    assert_int_equal(bitena_remaining(arena), 695);
    char *after = bitena_alloc_str(arena, "after");
    assert_ptr_equal(after, next + 5);
    assert_string_equal(next, "next");
    assert_true(all_bytes_are(window, 'w', 300));
    bitena_drop(arena);
}

static void a_window_of_zero_bytes_takes_nothing(void **state)
{
    (void)state;
    bitena *arena = exact_arena(1000);
    size_t room = 77;
    char *window = bitena_window(arena, 0, 1, &room);
    assert_non_null(window);
    assert_int_equal(room, 0);
    assert_int_equal(bitena_remaining(arena), 1000);
    bitena_commit(arena, window, room, 0);
    assert_int_equal(bitena_remaining(arena), 1000);
    bitena_drop(arena);
}

static void more_than_the_room_of_a_window(void *argument)
{
    size_t room = 0;
    char *window = bitena_window(argument, 300, 1, &room);
    bitena_commit(argument, window, room, 301);
}

static void a_commit_of_more_than_the_room_says_so(void **state)
{
    (void)state;
    bitena *arena = exact_arena(1000);
    assert_aborts(more_than_the_room_of_a_window, arena,
                  "bitena: arena 'arena': asked for 301 bytes aligned to 0, 700 of 1000 bytes"
                  " remain: commit of more than the window's room\n");
    bitena_drop(arena);
}

static void use_without_registration(void *argument)
{
    bitena *arena = argument;
    size_t room = 0;
    assert_int_equal(bitena_thread_id, 0);
    char *p = bitena_alloc(arena, 10, 1);
    p = bitena_resize(arena, p, 10, 20, 1);
    assert_non_null(bitena_try_alloc_str(arena, "text"));
    p = bitena_window(arena, 10, 1, &room);
    bitena_commit(arena, p, room, 5);
    assert_int_equal(bitena_remaining(arena), bitena_capacity(arena) - bitena_used(arena));
    assert_int_equal(bitena_thread_id, 0);
}

static void no_thread_is_registered_for_it(void **state)
{
    (void)state;
    bitena *arena = bitena_new(1024);
    in_another_thread(use_without_registration, arena);
    bitena_drop(arena);
}

/* ---- Signal handlers ---- */

enum { HANDLED = 4000, MAIN_TAKES = 400000, SIZE = 24 };

static bitena *signal_arena;
static char *volatile handled[HANDLED];
static volatile sig_atomic_t handled_count, errno_changed;

static void allocate_in_the_handler(int signal_number)
{
    (void)signal_number;
    int saved = errno;
    errno = UNTOUCHED;
    if (handled_count < HANDLED) {
        char *p = bitena_try_alloc(signal_arena, SIZE, 8);
        if (p) {
            memset(p, 'h', SIZE);
            handled[handled_count] = p;
            handled_count = handled_count + 1;
        }
    }
    errno_changed = errno_changed || errno != UNTOUCHED;
    errno = saved;
}

static void allocate_until_enough_were_handled(char **taken, size_t *count)
{
    const struct itimerval often = {{0, 30}, {0, 30}};
    const struct itimerval never = {{0, 0}, {0, 0}};
    uint64_t deadline = now_ns() + 2000000000u;
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);
    while (*count < MAIN_TAKES && handled_count < HANDLED && now_ns() < deadline) {
        for (int i = 0; i < 100; i++, ++*count) {
            taken[*count] = bitena_alloc(signal_arena, SIZE, 8);
            memset(taken[*count], 'm', SIZE);
        }
    }
    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
}

static void signal_handlers_may_allocate(void **state)
{
    (void)state;
    struct sigaction action = {.sa_handler = allocate_in_the_handler, .sa_flags = SA_RESTART};
    char **taken = calloc(MAIN_TAKES + 100, sizeof *taken);
    size_t count = 0;
    assert_non_null(taken);
    signal_arena = exact_arena(16 << 20);
    (void)sigemptyset(&action.sa_mask);
    assert_int_equal(sigaction(SIGALRM, &action, NULL), 0);
    allocate_until_enough_were_handled(taken, &count);
    (void)signal(SIGALRM, SIG_IGN); /* a last one may be on its way */
    size_t in_handlers = (size_t)handled_count;
    assert_in_range(in_handlers, 10, HANDLED);
    for (size_t i = 0; i < count; i++) {
        assert_true(is_aligned_to(taken[i], 8) && all_bytes_are(taken[i], 'm', SIZE));
    }
    for (size_t i = 0; i < in_handlers; i++) {
        assert_true(is_aligned_to(handled[i], 8) && all_bytes_are(handled[i], 'h', SIZE));
    }
    assert_false(errno_changed);
    assert_int_equal(bitena_used(signal_arena), (count + in_handlers) * SIZE);
    bitena_drop(signal_arena);
    free(taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_numbers_of_a_1024_byte_arena_are_exact),
        cmocka_unit_test(no_byte_but_padding_is_lost),
        cmocka_unit_test(the_last_run_grows_shrinks_and_goes_back_in_place),
        cmocka_unit_test(what_is_not_last_is_copied_or_stays),
        cmocka_unit_test(a_window_is_exactly_what_was_asked_and_taken_at_once),
        cmocka_unit_test(a_window_followed_by_an_allocation_keeps_its_room),
        cmocka_unit_test(a_window_of_zero_bytes_takes_nothing),
        cmocka_unit_test(a_commit_of_more_than_the_room_says_so),
        cmocka_unit_test(no_thread_is_registered_for_it),
        cmocka_unit_test(signal_handlers_may_allocate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
