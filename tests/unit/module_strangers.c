/* Modules in another thread's arena, LOCAL or a child: each verb that takes memory refuses with EPERM,
 * the plain ones by the arena's failure handler, and nothing is changed.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <bitena/intern.h>
#include <bitena/keys.h>
#include <bitena/pool.h>
#include <bitena/text.h>
#include <bitena/vector.h>

#include "support/subject.h"
#include "support/trial.h"

enum { CAPACITY = 256 << 10 };
#define A_FILE "/proc/self/status"

BITENA_VECTOR(ints, int);

/* What the owner made, with no room to spare. */
struct made {
    bitena *arena;
    struct caught caught;
    ints v;
    bitena_pool *pool;
    bitena_map *map;
    bitena_intern *table;
};

static void make(struct made *made, bitena *arena)
{
    made->arena = arena;
    made->v = ints_begin(arena);
    ints_extend(&made->v, (const int[]){1, 2}, 2);
    ints_shrink(&made->v);
    made->pool = bitena_pool_new(arena, 16, 8);
    made->map = bitena_map_new(arena, NULL);
    made->table = bitena_intern_new(arena, NULL);
}

#define ASSERT_NO_BYTES(call)                                      \
    do {                                                           \
        errno = 0;                                                 \
        bitena_bytes bytes_ = (call);                              \
        assert_true(!bytes_.at && !bytes_.size && errno == EPERM); \
    } while (0)

static void try_texts(bitena *arena)
{
    const bitena_bytes some = {"some", 4};
    ASSERT_NO_BYTES(bitena_text_try_copy(arena, some));
    ASSERT_NO_BYTES(bitena_text_try_copy_most(arena, "some", 2));
    ASSERT_NO_BYTES(bitena_text_try_printf(arena, "%d", 1));
    ASSERT_NO_BYTES(bitena_text_try_join(arena, some, &some, 1));
    ASSERT_NO_BYTES(bitena_text_try_concat(arena, "some"));
    ASSERT_NO_BYTES(bitena_text_try_replace(arena, some, some, some));
    ASSERT_NO_BYTES(bitena_text_try_read_file(arena, A_FILE));
    int descriptor = open(A_FILE, O_RDONLY | O_CLOEXEC);
    ASSERT_NO_BYTES(bitena_text_try_read(arena, descriptor));
    (void)close(descriptor);
    bitena_text text = bitena_text_begin(arena);
    ASSERT_REFUSED(EPERM, bitena_text_try_append(&text, "a", 1));
    ASSERT_REFUSED(EPERM, bitena_text_try_append_string(&text, "a"));
    ASSERT_REFUSED(EPERM, bitena_text_try_append_char(&text, 'a'));
    ASSERT_REFUSED(EPERM, bitena_text_try_append_printf(&text, "a"));
    ASSERT_NULL(EPERM, bitena_text_try_window(&text, 1));
    assert_true(!text.at && !text.size && !text.room);
}

static void try_all(void *argument)
{
    struct made *made = argument;
    bitena *arena = made->arena;
    ints before = made->v;
    const char *const texts[] = {"new"};
    struct numbers numbers = numbers_of(arena);
    try_texts(arena);
    ASSERT_NULL(EPERM, ints_try_push(&made->v, 3));
    ASSERT_NULL(EPERM, ints_try_insert(&made->v, 0, 3));
    ASSERT_REFUSED(EPERM, ints_try_extend(&made->v, made->v.at, 2));
    ASSERT_REFUSED(EPERM, ints_try_reserve(&made->v, 1));
    assert_memory_equal(&made->v, &before, sizeof before);
    ASSERT_NULL(EPERM, bitena_pool_try_new(arena, 16, 8));
    ASSERT_NULL(EPERM, bitena_pool_try_open(arena, &(bitena_pool_options){.reserve = 2}));
    ASSERT_NULL(EPERM, bitena_pool_try_take(made->pool));
    ASSERT_NULL(EPERM, bitena_pool_try_make(made->pool, int, 1));
    ASSERT_NULL(EPERM, bitena_keys_try_new(arena, 1, 8, 8));
    ASSERT_NULL(EPERM, bitena_keys_try_open(arena, &(bitena_keys_options){.capacity = 1}));
    ASSERT_NULL(EPERM, bitena_map_try_new(arena, NULL));
    ASSERT_NULL(EPERM, bitena_map_try_insert(made->map, "new", 3, NULL, NULL));
    ASSERT_NULL(EPERM, bitena_intern_try_new(arena, NULL));
    ASSERT_NULL(EPERM, bitena_intern_try_text(made->table, "new", 3));
    ASSERT_REFUSED(EPERM, bitena_intern_try_fill(made->table, texts, 1));
    assert_int_equal(bitena_map_count(made->map), 0);
    assert_int_equal(bitena_intern_count(made->table), 0);
    assert_int_equal(bitena_pool_count(made->pool).live, 0);
    assert_same_numbers(arena, numbers);
}

static void every_try_verb_refuses_a_stranger(void **state)
{
    (void)state;
    static const enum kind kinds[] = {KIND_LOCAL, KIND_CHILD};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct subject subject = subject_open(kinds[i], CAPACITY, NULL);
        struct made made;
        make(&made, subject.arena);
        in_another_thread(try_all, &made);
        subject_close(&subject);
    }
}

static void fail_texts(struct made *made)
{
    bitena *arena = made->arena;
    struct caught *caught = &made->caught;
    const bitena_bytes some = {"some", 4};
    bitena_text text = bitena_text_begin(arena);
    ASSERT_REPORTS(caught, EPERM, (void)bitena_text_copy(arena, some));
    ASSERT_REPORTS(caught, EPERM, (void)bitena_text_copy_most(arena, "some", 2));
    ASSERT_REPORTS(caught, EPERM, (void)bitena_text_printf(arena, "%d", 1));
    ASSERT_REPORTS(caught, EPERM, (void)bitena_text_join(arena, some, &some, 1));
    ASSERT_REPORTS(caught, EPERM, (void)bitena_text_concat(arena, "some"));
    ASSERT_REPORTS(caught, EPERM, (void)bitena_text_replace(arena, some, some, some));
    ASSERT_REPORTS(caught, EPERM, (void)bitena_text_read_file(arena, A_FILE));
    ASSERT_REPORTS(caught, EPERM, bitena_text_append(&text, "a", 1));
    ASSERT_REPORTS(caught, EPERM, bitena_text_append_string(&text, "a"));
    ASSERT_REPORTS(caught, EPERM, bitena_text_append_char(&text, 'a'));
    ASSERT_REPORTS(caught, EPERM, (void)bitena_text_append_printf(&text, "a"));
    ASSERT_REPORTS(caught, EPERM, (void)bitena_text_window(&text, 1));
}

static void fail_all(void *argument)
{
    struct made *made = argument;
    bitena *arena = made->arena;
    struct caught *caught = &made->caught;
    static const char *const texts[] = {"new"};
    fail_texts(made);
    ASSERT_REPORTS(caught, EPERM, (void)ints_push(&made->v, 3));
    ASSERT_REPORTS(caught, EPERM, (void)ints_insert(&made->v, 0, 3));
    ASSERT_REPORTS(caught, EPERM, ints_extend(&made->v, made->v.at, 2));
    ASSERT_REPORTS(caught, EPERM, ints_reserve(&made->v, 1));
    assert_int_equal(made->v.count, 2);
    ASSERT_REPORTS(caught, EPERM, (void)bitena_pool_new(arena, 16, 8));
    ASSERT_REPORTS(caught, EPERM, (void)bitena_pool_take(made->pool));
    ASSERT_REPORTS(caught, EPERM, (void)bitena_pool_make(made->pool, int, 1));
    ASSERT_REPORTS(caught, EPERM, (void)bitena_keys_new(arena, 1, 8, 8));
    ASSERT_REPORTS(caught, EPERM, (void)bitena_map_new(arena, NULL));
    ASSERT_REPORTS(caught, EPERM, (void)bitena_map_insert(made->map, "new", 3, NULL, NULL));
    ASSERT_REPORTS(caught, EPERM, (void)bitena_intern_new(arena, NULL));
    ASSERT_REPORTS(caught, EPERM, (void)bitena_intern_text(made->table, "new", 3));
    ASSERT_REPORTS(caught, EPERM, bitena_intern_fill(made->table, texts, 1));
    assert_ptr_equal(caught->arena, arena);
    assert_int_equal(bitena_map_count(made->map), 0);
    assert_int_equal(bitena_intern_count(made->table), 0);
}

static void every_plain_verb_reports_a_stranger(void **state)
{
    (void)state;
    static struct made made;
    make(&made, bitena_open(&(bitena_options){.capacity = CAPACITY,
                                              .mode = BITENA_LOCAL,
                                              .on_failure = catch_failure,
                                              .context = &made.caught}));
    in_another_thread(fail_all, &made);
    bitena_drop(made.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_try_verb_refuses_a_stranger),
        cmocka_unit_test(every_plain_verb_reports_a_stranger),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
