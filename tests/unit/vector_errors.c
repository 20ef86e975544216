/* What a vector refuses: a full arena, a stranger and an overflow change nothing; an index out of range,
 * a pop of nothing and NULL end the process with one line that names function and values.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include <bitena/vector.h>

#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"

enum { CAPACITY = 256 << 10 };

BITENA_VECTOR(ints, int);

static ints ints_to(bitena *arena, int n)
{
    ints v = ints_begin(arena);
    for (int i = 0; i < n; i++) {
        assert_int_equal(*ints_push(&v, i), i);
    }
    return v;
}

static void a_stranger_is_refused(void *argument)
{
    ints *v = (ints *)argument;
    ints before = *v;
    ints_shrink(v); /* it cannot: all stays */
    assert_memory_equal(v, &before, sizeof before);
    ASSERT_REFUSED(EPERM, ints_try_reserve(v, v->room + 1));
    assert_memory_equal(v, &before, sizeof before);
    errno = UNTOUCHED;
    ints_shrink(v);
    assert_int_equal(errno, UNTOUCHED);
}

static void a_stranger_in_a_local_arena_is_refused(void **state)
{
    (void)state;
    struct subject s = subject_open(KIND_LOCAL, CAPACITY, NULL);
    ints v = ints_to(s.arena, 10);
    in_another_thread(a_stranger_is_refused, &v);
    subject_close(&s);
}

/* To the last byte: where there is no room to double, it takes what is needed. */
static void fill_it_up(bitena *arena)
{
    ints v = ints_begin(arena);
    int count = 0;
    while (ints_try_push(&v, count)) {
        count++;
    }
    assert_int_equal(errno, ENOMEM);
    assert_true(v.count > CAPACITY / 32 && v.count == (size_t)count);
    assert_int_equal(v.room, count);
    ints before = v;
    struct numbers numbers_before = numbers_of(arena);
    ASSERT_NULL(ENOMEM, ints_try_insert(&v, 0, 1));
    ASSERT_REFUSED(ENOMEM, ints_try_reserve(&v, 1));
    ASSERT_REFUSED(ENOMEM, ints_try_extend(&v, v.at, 1));
    ASSERT_REFUSED(EOVERFLOW, ints_try_reserve(&v, SIZE_MAX));
    ASSERT_REFUSED(EOVERFLOW, ints_try_reserve(&v, SIZE_MAX / sizeof(int)));
    assert_memory_equal(&v, &before, sizeof before);
    assert_same_numbers(arena, numbers_before);
    for (int i = 0; i < count; i++) {
        assert_int_equal(v.at[i], i);
    }
    errno = UNTOUCHED;
}

static void a_full_arena_refuses_and_leaves_the_vector(void **state)
{
    (void)state;
    for_each_kind(CAPACITY, fill_it_up);
}

static void a_full_arena_fails_the_plain_functions(void **state)
{
    (void)state;
    struct caught caught;
    bitena *arena = open_caught(CAPACITY, &caught);
    ints v = ints_to(arena, 3), before = v;
    (void)fill_up(arena, 1, 1);
    v.count = v.room;
    ASSERT_REPORTS(&caught, ENOMEM, (void)ints_push(&v, 1));
    assert_int_equal(caught.size, (v.room + 1) * sizeof(int));
    ASSERT_REPORTS(&caught, ENOMEM, (void)ints_insert(&v, 0, 1));
    ASSERT_REPORTS(&caught, ENOMEM, ints_extend(&v, v.at, v.count));
    ASSERT_REPORTS(&caught, ENOMEM, ints_reserve(&v, 1));
    ASSERT_REPORTS(&caught, EOVERFLOW, ints_reserve(&v, SIZE_MAX));
    v.count = before.count;
    assert_memory_equal(&v, &before, sizeof before);
    bitena_drop(arena);
}

static void begin_nowhere(void *v)
{
    (void)v;
    (void)ints_begin(NULL);
}
static const int *volatile none;
static ints *volatile no_vector;

#define MISUSE(name, call)           \
    static void name(void *argument) \
    {                                \
        ints *v = (ints *)argument;  \
        (void)v;                     \
        (void)call;                  \
    }
MISUSE(push_null, ints_push(no_vector, 1))
MISUSE(try_push_null, ints_try_push(no_vector, 1))
MISUSE(insert_null, ints_insert(no_vector, 0, 1))
MISUSE(try_insert_null, ints_try_insert(no_vector, 0, 1))
MISUSE(extend_null, ints_extend(no_vector, none, 0))
MISUSE(try_extend_null, ints_try_extend(no_vector, none, 0))
MISUSE(extend_by_null, ints_extend(v, none, 1))
MISUSE(try_extend_by_null, ints_try_extend(v, none, 1))
MISUSE(reserve_null, ints_reserve(no_vector, 1))
MISUSE(try_reserve_null, ints_try_reserve(no_vector, 1))
MISUSE(get_null, ints_get(no_vector, 0))
MISUSE(last_null, ints_last(no_vector))
MISUSE(slice_null, ints_slice(no_vector, 0, 0))
MISUSE(pop_null, ints_pop(no_vector))
MISUSE(try_pop_null, ints_try_pop(no_vector, &(int){0}))
MISUSE(try_pop_to_null, ints_try_pop(v, NULL))
MISUSE(remove_null, ints_remove(no_vector, 0))
MISUSE(swap_remove_null, ints_swap_remove(no_vector, 0))
MISUSE(clear_null, ints_clear(no_vector))
MISUSE(shrink_null, ints_shrink(no_vector))
MISUSE(get_beyond, ints_get(v, 3))
MISUSE(insert_beyond, ints_insert(v, 4, 0))
MISUSE(try_insert_beyond, ints_try_insert(v, SIZE_MAX, 0))
MISUSE(slice_beyond, ints_slice(v, 4, 0))
MISUSE(slice_too_long, ints_slice(v, 1, 3))
MISUSE(slice_overflow, ints_slice(v, 1, SIZE_MAX))
MISUSE(remove_beyond, ints_remove(v, 3))
MISUSE(swap_remove_beyond, ints_swap_remove(v, 7))
MISUSE(pop_nothing, (ints_clear(v), ints_pop(v)))

static void misuse_is_named(void **state)
{
    (void)state;
    static const struct {
        misuse *fn;
        const char *line;
    } misuses[] = {
        {begin_nowhere, "begin: parameter 'arena' is NULL"},
        {push_null, "push: parameter 'v' is NULL"},
        {try_push_null, "try_push: parameter 'v' is NULL"},
        {insert_null, "insert: parameter 'v' is NULL"},
        {try_insert_null, "try_insert: parameter 'v' is NULL"},
        {extend_null, "extend: parameter 'v' is NULL"},
        {try_extend_null, "try_extend: parameter 'v' is NULL"},
        {extend_by_null, "extend: parameter 'items' is NULL"},
        {try_extend_by_null, "try_extend: parameter 'items' is NULL"},
        {reserve_null, "reserve: parameter 'v' is NULL"},
        {try_reserve_null, "try_reserve: parameter 'v' is NULL"},
        {get_null, "get: parameter 'v' is NULL"},
        {last_null, "last: parameter 'v' is NULL"},
        {slice_null, "slice: parameter 'v' is NULL"},
        {pop_null, "pop: parameter 'v' is NULL"},
        {try_pop_null, "try_pop: parameter 'v' is NULL"},
        {try_pop_to_null, "try_pop: parameter 'item' is NULL"},
        {remove_null, "remove: parameter 'v' is NULL"},
        {swap_remove_null, "swap_remove: parameter 'v' is NULL"},
        {clear_null, "clear: parameter 'v' is NULL"},
        {shrink_null, "shrink: parameter 'v' is NULL"},
        {get_beyond, "get: index 3 in a vector of 3"},
        {insert_beyond, "insert: index 4 in a vector of 3"},
        {slice_beyond, "slice: index 4 in a vector of 3"},
        {slice_too_long, "slice: index 4 in a vector of 3"},
        {remove_beyond, "remove: index 3 in a vector of 3"},
        {swap_remove_beyond, "swap_remove: index 7 in a vector of 3"},
        {pop_nothing, "pop: index 0 in a vector of 0"},
    };
    bitena *arena = bitena_new(CAPACITY);
    ints v = ints_begin(arena);
    ints_extend(&v, (const int[]){1, 2, 3}, 3);
    for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++) {
        assert_aborts(misuses[i].fn, &v, "bitena: ints_%s\n", misuses[i].line);
    }
    assert_aborts(try_insert_beyond, &v, "bitena: ints_try_insert: index %zu in a vector of 3\n",
                  SIZE_MAX);
    assert_aborts(slice_overflow, &v, "bitena: ints_slice: index %zu in a vector of 3\n", SIZE_MAX);
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(misuse_is_named), /* it forks: before any thread */
        cmocka_unit_test(a_stranger_in_a_local_arena_is_refused),
        cmocka_unit_test(a_full_arena_refuses_and_leaves_the_vector),
        cmocka_unit_test(a_full_arena_fails_the_plain_functions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
