/* Late and wrong commits: whatever closed the window, its commit reaches the failure handler and
 * takes nothing. What a commit in time does is in window.c.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <string.h>

#include "support/misuse.h"
#include "support/subject.h"

enum { CAPACITY = 512 << 10 };

static const enum kind leasing[] = {KIND_SHARED, KIND_LOCAL, KIND_CHILD, KIND_BUFFER};
enum { LEASING = sizeof leasing / sizeof *leasing };

static jmp_buf recovery;
static int error_seen;
static size_t size_seen, align_seen;

static void recover(void *context, bitena *arena, size_t size, size_t align, int error)
{
    (void)context;
    (void)arena;
    error_seen = error;
    size_seen = size;
    align_seen = align;
    longjmp(recovery, 1);
}

static void assert_commit_fails(bitena *arena, void *window, size_t room, size_t size)
{
    error_seen = 0;
    struct numbers before = numbers_of(arena);
    if (setjmp(recovery) == 0) {
        bitena_commit(arena, window, room, size);
        fail_msg("%s", "the commit was taken");
    }
    assert_int_equal(error_seen, EINVAL);
    assert_int_equal(size_seen, size);
    assert_int_equal(align_seen, 0);
    assert_same_numbers(arena, before);
}

static void nothing_to_clean(void *argument)
{
    (void)argument;
}

enum { VERBS = 15 };

static void call_verb(bitena *arena, int number)
{
    static bitena_mark mark;
    switch (number) {
    case 0:
        (void)bitena_alloc(arena, 1, 1);
        break;
    case 1:
        (void)bitena_try_alloc(arena, 8, 8);
        break;
    case 2:
        (void)bitena_make(arena, int, 1);
        break;
    case 3:
        (void)bitena_alloc_slice(arena, int, 3);
        break;
    case 4:
        (void)bitena_alloc_uninit(arena, char, 3);
        break;
    case 5:
        (void)bitena_alloc_str(arena, "text");
        break;
    case 6:
        (void)bitena_try_alloc_strn(arena, "text", 2);
        break;
    case 7:
        (void)bitena_resize(arena, NULL, 0, 10, 1);
        break;
    case 8:
        bitena_defer(arena, nothing_to_clean, NULL);
        break;
    case 9:
        bitena_drop(bitena_new_child(arena));
        break;
    case 10:
        assert_int_equal(bitena_reset(arena), 0);
        break;
    case 11:
        assert_int_equal(bitena_trim(arena, SIZE_MAX), 0);
        break;
    case 12:
        (void)bitena_alloc(arena, 0, 1); /* takes nothing, and is a verb all the same */
        break;
    case 13:
        (void)bitena_try_alloc_str(arena, "");
        break;
    default:
        mark = bitena_save(arena);
        assert_int_equal(bitena_rewind(arena, mark), 0);
        break;
    }
}

static void any_other_verb_closes_a_window(void **state)
{
    (void)state;
    for (size_t k = 0; k < LEASING; k++) {
        for (int verb = 0; verb < VERBS; verb++) {
            struct subject s = subject_open(leasing[k], CAPACITY, recover);
            (void)bitena_alloc(s.arena, 8, 8);
            size_t room = 0;
            char *window = bitena_window(s.arena, 100, 1, &room);
            call_verb(s.arena, verb);
            assert_commit_fails(s.arena, window, room, 50);
            subject_close(&s);
        }
    }
}

static void a_second_window_closes_the_first(void **state)
{
    (void)state;
    static const size_t aligns[] = {1, 64}; /* in the same place, and in another */
    for (size_t k = 0; k < 2 * LEASING; k++) {
        struct subject s = subject_open(leasing[k / 2], CAPACITY, recover);
        char *text = bitena_alloc_strn(s.arena, "123456789", 9);
        (void)bitena_resize(s.arena, text, 10, is_aligned_to(text + 10, 64) ? 9 : 10, 1);
        size_t room = 0, second_room = 0;
        char *first = bitena_window(s.arena, 100, 1, &room);
        char *second = bitena_window(s.arena, 100, aligns[k % 2], &second_room);
        assert_int_equal(first == second, k % 2 == 0);
        assert_commit_fails(s.arena, first, room, 50);
        bitena_commit(s.arena, second, second_room, 50);
        subject_close(&s);
    }
}

static void a_window_is_committed_once(void **state)
{
    (void)state;
    for (size_t k = 0; k < LEASING; k++) {
        struct subject s = subject_open(leasing[k], CAPACITY, recover);
        size_t room = 0;
        char *window = bitena_window(s.arena, 100, 1, &room);
        bitena_commit(s.arena, window, room, 50);
        assert_commit_fails(s.arena, window, room, 50);
        window = bitena_window(s.arena, 100, 1, &room);
        bitena_commit(s.arena, window, room, 0);
        assert_commit_fails(s.arena, window, room, 0);
        subject_close(&s);
    }
}

static void a_commit_of_more_than_the_room_or_of_another_place_fails(void **state)
{
    (void)state;
    for (size_t k = 0; k < LEASING; k++) {
        struct subject s = subject_open(leasing[k], CAPACITY, recover);
        size_t room = 0;
        char *window = bitena_window(s.arena, 100, 1, &room);
        assert_commit_fails(s.arena, window, room, room + 1);
        assert_commit_fails(s.arena, window, room, SIZE_MAX);
        assert_commit_fails(s.arena, window, room + 1, 50);
        assert_commit_fails(s.arena, window - 1, room, 50);
        assert_commit_fails(s.arena, window - 1, room + 1, 50);
        assert_commit_fails(s.arena, &room, room, 50);
        bitena_commit(s.arena, window, room, 50); /* the open one is still open */
        assert_in_range(bitena_used(s.arena), 50, 2000);
        subject_close(&s);
    }
}

static void commit_late(void *argument)
{
    size_t room = 0;
    char *window = bitena_window(argument, 100, 1, &room);
    (void)bitena_alloc(argument, 24, 8);
    bitena_commit(argument, window, room, 77);
}

struct open_window {
    bitena *arena;
    char *window;
    size_t room;
};

static void commit_too_much(void *argument)
{
    const struct open_window *open = argument;
    bitena_commit(open->arena, open->window, open->room, open->room + 1);
}

static void a_wrong_commit_says_so(void **state)
{
    (void)state;
    bitena *arena = bitena_open(&(bitena_options){.capacity = 20000, .mode = BITENA_LOCAL});
    assert_aborts(commit_late, arena,
                  "bitena: arena 'arena': asked for 77 bytes aligned to 0, 19976 of 20000 bytes"
                  " remain: commit of a window that another call has closed\n");
    struct open_window open = {.arena = arena};
    open.window = bitena_window(arena, 100, 1, &open.room);
    assert_aborts(commit_too_much, &open,
                  "bitena: arena 'arena': asked for %zu bytes aligned to 0, 20000 of 20000 bytes"
                  " remain: commit of more than the window's room\n",
                  open.room + 1);
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_other_verb_closes_a_window),
        cmocka_unit_test(a_second_window_closes_the_first),
        cmocka_unit_test(a_window_is_committed_once),
        cmocka_unit_test(a_commit_of_more_than_the_room_or_of_another_place_fails),
        cmocka_unit_test(a_wrong_commit_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
