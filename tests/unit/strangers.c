/* A stranger in a LOCAL arena or a child: every verb is refused with EPERM, by errno from the try_
 * verbs and by the failure handler from the plain ones, and the arena is as it was. The numbers
 * may be read by anybody. How an arena is handed on is in own_absorb.c.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"

enum { KIB = 1024 };

struct owned {
    bitena *arena;
    bitena *child; /* of the arena, owned likewise */
    bitena_mark mark;
    struct caught *caught;
};

static void try_every_verb(void *argument)
{
    const struct owned *owned = (const struct owned *)argument;
    bitena *arena = owned->arena;
    char block[8] = {0};
    size_t room;
    bitena_mark none = owned->mark;
    none.tlab = NULL;
    for (int time = 0; time < 2; time++) { /* the second time with an id */
        ASSERT_NULL(EPERM, bitena_try_alloc(arena, 8, 8));
        ASSERT_NULL(EPERM, bitena_try_make(arena, int, 1));
        ASSERT_NULL(EPERM, bitena_try_alloc_slice(arena, int, 5, 1));
        ASSERT_NULL(EPERM, bitena_try_alloc_uninit(arena, int, 5));
        ASSERT_NULL(EPERM, bitena_try_alloc_str(arena, "text"));
        ASSERT_NULL(EPERM, bitena_try_alloc_strn(arena, "text", 4));
        ASSERT_NULL(EPERM, bitena_try_resize(arena, block, 8, 16, 1));
        ASSERT_NULL(EPERM, bitena_try_resize(arena, block, 8, 4, 1));
        ASSERT_NULL(EPERM, bitena_try_resize(arena, NULL, 0, 16, 1));
        ASSERT_NULL(EPERM, bitena_try_resize_slice(arena, char, block, 8, 16));
        ASSERT_NULL(EPERM, bitena_try_window(arena, 10, 1, &room));
        ASSERT_NULL(EPERM, bitena_new_child(arena));
        ASSERT_REFUSED(EPERM, bitena_try_defer(arena, try_every_verb, NULL));
        ASSERT_REFUSED(EPERM, bitena_reset(arena));
        ASSERT_REFUSED(EPERM, bitena_trim(arena, 0));
        ASSERT_REFUSED(EPERM, bitena_absorb(arena, owned->child));
        ASSERT_REFUSED(EINVAL, bitena_rewind(arena, owned->mark)); /* not this thread's mark */
        ASSERT_REFUSED(EINVAL, bitena_rewind(arena, none));
    }
}

/* The handler is told this arena, EPERM, and what was asked. */
#define ASSERT_REPORTS_OF(bytes, alignment, call)   \
    do {                                            \
        caught->arena = NULL;                       \
        caught->size = caught->align = 77;          \
        ASSERT_REPORTS(caught, EPERM, call);        \
        assert_ptr_equal(caught->arena, arena);     \
        assert_int_equal(caught->size, bytes);      \
        assert_int_equal(caught->align, alignment); \
    } while (0)

static void call_every_plain_verb(void *argument)
{
    const struct owned *owned = (const struct owned *)argument;
    struct caught *caught = owned->caught;
    bitena *arena = owned->arena;
    char block[8] = {0};
    size_t room;
    ASSERT_REPORTS_OF(8, 8, (void)bitena_alloc(arena, 8, 8));
    ASSERT_REPORTS_OF(sizeof(int), _Alignof(int), (void)bitena_make(arena, int, 1));
    ASSERT_REPORTS_OF(5 * sizeof(int), _Alignof(int), (void)bitena_alloc_slice(arena, int, 5, 1));
    ASSERT_REPORTS_OF(5 * sizeof(int), _Alignof(int), (void)bitena_alloc_uninit(arena, int, 5));
    ASSERT_REPORTS_OF(5, 1, (void)bitena_alloc_str(arena, "text"));
    ASSERT_REPORTS_OF(5, 1, (void)bitena_alloc_strn(arena, "text", 4));
    ASSERT_REPORTS_OF(16, 1, (void)bitena_resize(arena, block, 8, 16, 1));
    ASSERT_REPORTS_OF(10, 2, (void)bitena_window(arena, 10, 2, &room));
    ASSERT_REPORTS_OF(4, 0, bitena_commit(arena, block, 8, 4));
    ASSERT_REPORTS_OF(3 * sizeof(void *), _Alignof(void *),
                      bitena_defer(arena, try_every_verb, NULL));
    ASSERT_REPORTS_OF(0, 0, (void)bitena_save(arena));
    ASSERT_REPORTS_OF(0, 0, (void)bitena_scope_begin_(arena));
    ASSERT_REPORTS_OF(0, 0, bitena_drop(arena));
    ASSERT_REPORTS(caught, EPERM, (void)bitena_child_or_fail_(arena));
    assert_ptr_equal(caught->arena, arena);
    assert_true(caught->size >= 128 && caught->align >= 64);
}

static void read_the_numbers(void *argument)
{
    const struct owned *owned = (const struct owned *)argument;
    assert_true(bitena_remaining(owned->arena) <= bitena_capacity(owned->arena));
    assert_true(bitena_used(owned->arena) <= bitena_capacity(owned->arena));
}

static void check_a_stranger(bool child, void (*stranger)(void *))
{
    struct caught caught;
    bitena *root = bitena_open(&(bitena_options){.capacity = 64 * KIB,
                                                 .mode = child ? BITENA_SHARED : BITENA_LOCAL,
                                                 .on_failure = catch_failure,
                                                 .context = &caught});
    bitena *arena = child ? bitena_new_child(root) : root;
    struct owned owned = {arena, bitena_new_child(arena), bitena_save(arena), &caught};
    char *object = bitena_alloc(arena, 500, 8);
    memset(object, 1, 500);
    struct numbers before = numbers_of(arena);
    in_another_thread(stranger, &owned);
    assert_same_numbers(arena, before);
    assert_true(all_bytes_are(object, 1, 500));
    assert_int_equal(bitena_rewind(arena, owned.mark), 0);
    bitena_drop(owned.child);
    bitena_drop(child ? arena : NULL);
    bitena_drop(root);
}

static void a_stranger_gets_eperm_from_every_try_verb(void **state)
{
    (void)state;
    check_a_stranger(false, try_every_verb);
    check_a_stranger(true, try_every_verb);
}

static void a_stranger_calls_the_handler_with_every_plain_verb(void **state)
{
    (void)state;
    check_a_stranger(false, call_every_plain_verb);
    check_a_stranger(true, call_every_plain_verb);
}

static void a_stranger_may_read_the_numbers(void **state)
{
    (void)state;
    check_a_stranger(false, read_the_numbers);
    check_a_stranger(true, read_the_numbers);
}

static void drop_it(void *arena)
{
    bitena_drop((bitena *)arena);
}

static void drop_in_a_thread(void *arena)
{
    in_another_thread(drop_it, arena);
}

static void alloc_it(void *arena)
{
    (void)bitena_alloc((bitena *)arena, 24, 8);
}

static void alloc_in_a_thread(void *arena)
{
    in_another_thread(alloc_it, arena);
}

static void a_strangers_call_aborts_with_a_message(void **state)
{
    (void)state;
    bitena *arena =
        bitena_open(&(bitena_options){.capacity = 32 * KIB, .mode = BITENA_LOCAL, .name = "mine"});
    assert_aborts(drop_in_a_thread, arena,
                  "bitena: arena 'mine': asked for 0 bytes aligned to 0, 32768 of 32768 bytes "
                  "remain: drop by a thread that does not own it\n");
    assert_aborts(alloc_in_a_thread, arena,
                  "bitena: arena 'mine': asked for 24 bytes aligned to 8, 32768 of 32768 bytes "
                  "remain: the arena belongs to another thread\n");
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stranger_gets_eperm_from_every_try_verb),
        cmocka_unit_test(a_stranger_calls_the_handler_with_every_plain_verb),
        cmocka_unit_test(a_stranger_may_read_the_numbers),
        cmocka_unit_test(a_strangers_call_aborts_with_a_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
