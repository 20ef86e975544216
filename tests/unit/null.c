/* NULL parameters: every function that is given one where it may not be aborts and names the
 * function and the parameter, the inline path too; long names are cut. Each misuse runs in a forked
 * child.
 * SPDX-License-Identifier: MIT */
#include <string.h>

#include "support/misuse.h"
#include "support/subject.h"

static bitena *some_arena;
static bitena *volatile no_arena;
static const char *volatile no_text;
static void (*volatile no_cleanup)(void *);
static size_t *volatile no_room;

static void nothing_to_clean(void *argument)
{
    (void)argument;
}

static void open_null(void *a)
{
    (void)a, (void)bitena_open((bitena_options *)(void *)no_arena);
}
static void init_null(void *a)
{
    (void)a, (void)bitena_init(no_arena, 5000, NULL);
}
static void reset_null(void *a)
{
    (void)a, (void)bitena_reset(no_arena);
}
static void trim_null(void *a)
{
    (void)a, (void)bitena_trim(no_arena, 0);
}
static void own_null(void *a)
{
    (void)a, (void)bitena_own(no_arena);
}
static void child_of_null(void *a)
{
    (void)a, (void)bitena_new_child(no_arena);
}
static void absorb_into_null(void *a)
{
    (void)a, (void)bitena_absorb(no_arena, some_arena);
}
static void absorb_null(void *a)
{
    (void)a, (void)bitena_absorb(some_arena, no_arena);
}
static void capacity_null(void *a)
{
    (void)a, (void)bitena_capacity(no_arena);
}
static void remaining_null(void *a)
{
    (void)a, (void)bitena_remaining(no_arena);
}
static void used_null(void *a)
{
    (void)a, (void)bitena_used(no_arena);
}
static void alloc_null(void *a)
{
    (void)a, (void)bitena_alloc(no_arena, 0, 8);
}
static void try_alloc_null(void *a)
{
    (void)a, (void)bitena_try_alloc(no_arena, 0, 8);
}
static void bytes_null(void *a)
{
    (void)a, (void)bitena_alloc_strn(no_arena, "text", 4);
}
static void try_bytes_null(void *a)
{
    (void)a, (void)bitena_try_alloc_strn(no_arena, "text", 4);
}
static void str_null(void *a)
{
    (void)a, (void)bitena_alloc_str(some_arena, no_text);
}
static void try_str_null(void *a)
{
    (void)a, (void)bitena_try_alloc_str(some_arena, no_text);
}
static void resize_null(void *a)
{
    (void)a, (void)bitena_resize(no_arena, NULL, 0, 5, 1);
}
static void try_resize_null(void *a)
{
    (void)a, (void)bitena_try_resize(no_arena, NULL, 0, 5, 1);
}
static void resize_run_of_null(void *a)
{
    (void)a, (void)bitena_resize(no_arena, &some_arena, 5, 5, 1);
}
static void try_resize_run_of_null(void *a)
{
    (void)a, (void)bitena_try_resize(no_arena, &some_arena, 5, 5, 1);
}
static void stays_null(void *a)
{
    (void)a, (void)bitena_stays_(no_arena, &some_arena, 5, 5, 1);
}
static void window_no_room(void *a)
{
    (void)a, (void)bitena_window(some_arena, 5, 1, no_room);
}
static void try_no_room(void *a)
{
    (void)a, (void)bitena_try_window(some_arena, 5, 1, no_room);
}
static void commit_null(void *a)
{
    (void)a, bitena_commit(no_arena, &some_arena, 1, 1);
}
static void commit_no_window(void *a)
{
    (void)a, bitena_commit(some_arena, no_room, 1, 1);
}
static void save_null(void *a)
{
    (void)a, (void)bitena_save(no_arena);
}
static void rewind_null(void *a)
{
    (void)a, (void)bitena_rewind(no_arena, (bitena_mark){0});
}
static void defer_null(void *a)
{
    (void)a, bitena_defer(no_arena, nothing_to_clean, NULL);
}
static void defer_no_cleanup(void *a)
{
    (void)a, bitena_defer(some_arena, no_cleanup, NULL);
}
static void try_defer_null(void *a)
{
    (void)a, (void)bitena_try_defer(no_arena, no_cleanup, a);
}
static void try_no_cleanup(void *a)
{
    (void)a, (void)bitena_try_defer(some_arena, no_cleanup, a);
}

static void window_null(void *argument)
{
    size_t room;
    (void)argument;
    (void)bitena_window(no_arena, 5, 1, &room);
}

static void try_window_null(void *argument)
{
    size_t room;
    (void)argument;
    (void)bitena_try_window(no_arena, 5, 1, &room);
}

static void scope_in_null(void *argument)
{
    (void)argument;
    BITENA_SCOPE (no_arena) {
    }
}

static void named_child_of_null(void *argument)
{
    (void)argument;
    BITENA_CHILD(child, no_arena);
    (void)child;
}

static void alloc_inline(void *argument)
{
    (void)argument;
    memset(bitena_alloc(no_arena, 10, 1), 1, 10);
}

static void copy_inline(void *argument)
{
    (void)argument;
    (void)bitena_alloc_str(no_arena, "text");
}

static void copy_no_text(void *argument)
{
    (void)argument;
    (void)bitena_alloc_strn(some_arena, NULL, 3);
}

static void error_text_null(void *argument)
{
    (void)argument;
    (void)bitena_open_error(NULL, 3);
}

static const struct {
    misuse *fn;
    const char *function, *parameter;
} misuses[] = {
    {open_null, "bitena_open", "options"},
    {init_null, "bitena_init", "buffer"},
    {reset_null, "bitena_reset", "arena"},
    {trim_null, "bitena_trim", "arena"},
    {own_null, "bitena_own", "arena"},
    {child_of_null, "bitena_new_child", "parent"},
    {absorb_into_null, "bitena_absorb", "parent"},
    {absorb_null, "bitena_absorb", "child"},
    {capacity_null, "bitena_capacity", "arena"},
    {remaining_null, "bitena_remaining", "arena"},
    {used_null, "bitena_used", "arena"},
    {alloc_null, "bitena_alloc", "arena"},
    {try_alloc_null, "bitena_try_alloc", "arena"},
    {bytes_null, "bitena_alloc_strn", "arena"},
    {try_bytes_null, "bitena_try_alloc_strn", "arena"},
    {str_null, "bitena_alloc_str", "s"},
    {try_str_null, "bitena_try_alloc_str", "s"},
    {alloc_inline, "bitena_alloc", "arena"},
    {copy_inline, "bitena_alloc_str", "arena"},
    {copy_no_text, "bitena_alloc_strn", "s"},
    {error_text_null, "bitena_open_error", "text"},
    {resize_null, "bitena_resize", "arena"},
    {try_resize_null, "bitena_try_resize", "arena"},
    {resize_run_of_null, "bitena_resize", "arena"},
    {try_resize_run_of_null, "bitena_try_resize", "arena"},
    {stays_null, "bitena_stays_", "arena"},
    {window_null, "bitena_window", "arena"},
    {try_window_null, "bitena_try_window", "arena"},
    {window_no_room, "bitena_window", "room"},
    {try_no_room, "bitena_try_window", "room"},
    {commit_null, "bitena_commit", "arena"},
    {commit_no_window, "bitena_commit", "window"},
    {save_null, "bitena_save", "arena"},
    {rewind_null, "bitena_rewind", "arena"},
    {defer_null, "bitena_defer", "arena"},
    {defer_no_cleanup, "bitena_defer", "cleanup"},
    {try_defer_null, "bitena_try_defer", "arena"},
    {try_no_cleanup, "bitena_try_defer", "cleanup"},
    {scope_in_null, "BITENA_SCOPE", "arena"},
    {named_child_of_null, "BITENA_CHILD", "parent"},
};

static void every_function_names_its_null_parameter(void **state)
{
    (void)state;
    some_arena = bitena_new(20000);
    for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++) {
        assert_aborts(misuses[i].fn, NULL, "bitena: %s: parameter '%s' is NULL\n",
                      misuses[i].function, misuses[i].parameter);
    }
    bitena_drop(some_arena);
}

static char long_name[300];

static void misuse_by_a_long_name(void *argument)
{
    (void)argument;
    bitena_misuse_(long_name, long_name);
}

static void a_long_name_is_cut(void **state)
{
    (void)state;
    memset(long_name, 'n', sizeof long_name - 1);
    assert_aborts(misuse_by_a_long_name, NULL, "bitena: %.100s: %.80s\n", long_name, long_name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_function_names_its_null_parameter),
        cmocka_unit_test(a_long_name_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
