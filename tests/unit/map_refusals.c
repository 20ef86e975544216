/* What the map refuses: full arenas, limits, frozen maps, sizes beyond reason, other threads' arenas,
 * NULL. What is refused changes nothing that can be seen, and the rest goes on.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bitena/map.h>

#include "support/subject.h"
#include "support/trial.h"

enum { SMALL = 20000, CAPACITY = 1 << 20, ENTRY = 32 + 8 };

static size_t name(char text[32], int i)
{
    return (size_t)snprintf(text, 32, "%06d", i);
}

/* As many as the arena has room for. */
static __attribute__((noinline)) int fill_map(bitena_map *map)
{
    char text[32];
    int i = 0;
    while (bitena_map_try_insert(map, text, name(text, i), NULL, NULL)) {
        i++;
    }
    return i;
}

static void a_full_arena_returns_null_and_changes_nothing(void **state)
{
    (void)state;
    for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, SMALL, NULL);
        bitena_map *map = bitena_map_new(subject.arena, NULL);
        errno = 0;
        int count = fill_map(map);
        assert_int_equal(errno, ENOMEM);
        assert_true(count > 100);
        char text[32];
        bool is_new = true;
        for (int i = count; i < count + 3; i++) {
            size_t length = name(text, i);
            ASSERT_NULL(ENOMEM, bitena_map_try_insert(map, text, length, NULL, &is_new));
            assert_null(bitena_map_find(map, text, length));
            assert_int_equal(bitena_map_count(map), count);
        }
        assert_true(is_new); /* not written */
        for (int i = 0; i < count; i++) {
            assert_int_equal(
                bitena_map_entry_of(map, bitena_map_find(map, text, name(text, i))).number, i);
            assert_non_null(bitena_map_try_insert(map, text, name(text, i), NULL, NULL));
        }
        subject_close(&subject);
    }
}

/* The first segment holds 64: the 65th key needs a segment and a node. Whichever of them has no room,
 * nothing is seen of the key. */
static void a_segment_that_finds_no_room_refuses_before_the_key_is_seen(void **state)
{
    (void)state;
    for (size_t left = 0; left < 2048; left += 64) {
        bitena *arena = bitena_open(&(bitena_options){.capacity = SMALL, .mode = BITENA_EXACT});
        bitena_map *map = bitena_map_new(arena, NULL);
        char text[32];
        for (int i = 0; i < 64; i++) {
            (void)bitena_map_insert(map, text, name(text, i), NULL, NULL);
        }
        size_t length = name(text, 64);
        (void)bitena_alloc(arena, bitena_remaining(arena) - left, 1);
        bool fits = bitena_map_try_insert(map, text, length, NULL, NULL) != NULL;
        assert_true(fits || errno == ENOMEM);
        assert_int_equal(bitena_map_count(map), fits ? 65 : 64);
        assert_int_equal(bitena_map_find(map, text, length) != NULL, fits);
        assert_true(fits || left < 64 * 2 * sizeof(uint32_t) + 128);
        bitena_drop(arena);
    }
}

static void the_plain_verb_calls_the_arenas_handler(void **state)
{
    (void)state;
    struct caught caught = {.arena = NULL};
    bitena *arena = open_caught(SMALL, &caught);
    bitena_map *map = bitena_map_new(arena, NULL);
    int count = fill_map(map);
    char text[32];
    size_t length = name(text, count);
    ASSERT_REPORTS(&caught, ENOMEM, bitena_map_insert(map, text, length, NULL, NULL));
    assert_ptr_equal(caught.arena, arena);
    assert_int_equal(bitena_map_count(map), count);
    ASSERT_REPORTS(&caught, ENOMEM,
                   bitena_map_new(arena, &(bitena_map_options){.expected = CAPACITY}));
    ASSERT_REPORTS(&caught, EINVAL, bitena_map_new(arena, &(bitena_map_options){.value_align = 3}));
    ASSERT_REPORTS(&caught, EOVERFLOW,
                   bitena_map_new(arena, &(bitena_map_options){.value_size = SIZE_MAX}));
    bitena_drop(arena);
}

static void options_beyond_reason_are_refused(void **state)
{
    (void)state;
    bitena *arena = bitena_new(SMALL);
    struct numbers before = numbers_of(arena);
    static const struct {
        int error;
        bitena_map_options options;
    } cases[] = {
        {EINVAL, {.value_align = 3}},
        {EINVAL, {.value_size = 8, .value_align = 12}},
        {EOVERFLOW, {.value_size = SIZE_MAX}},
        {EOVERFLOW, {.value_size = (size_t)PTRDIFF_MAX / 2}},
        {EOVERFLOW, {.value_align = SIZE_MAX / 2 + 1}},
        {EOVERFLOW, {.expected = SIZE_MAX}},
        {EOVERFLOW, {.expected = ((size_t)1 << 30) + 1}},
        {ENOMEM, {.expected = SMALL}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ASSERT_NULL(cases[i].error, bitena_map_try_new(arena, &cases[i].options));
    }
    assert_same_numbers(arena, before);
    bitena_drop(arena);
}

static void a_value_larger_than_the_arena_is_refused(void **state)
{
    (void)state;
    bitena *arena = bitena_new(SMALL);
    bitena_map *map = bitena_map_new(arena, &(bitena_map_options){.value_size = CAPACITY});
    ASSERT_NULL(ENOMEM, bitena_map_try_insert(map, "a", 1, NULL, NULL));
    assert_int_equal(bitena_map_count(map), 0);
    bitena_drop(arena);
}

/* Nothing of such a key is read. */
static void keys_too_long_are_refused(void **state)
{
    (void)state;
    static const size_t lengths[] = {SIZE_MAX, (size_t)PTRDIFF_MAX + 1,
                                     WIDE ? (size_t)UINT32_MAX + 1 : SIZE_MAX};
    struct caught caught = {.arena = NULL};
    bitena *arena = open_caught(SMALL, &caught);
    bitena_map *map = bitena_map_new(arena, NULL);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        ASSERT_NULL(EOVERFLOW, bitena_map_try_insert(map, "key", lengths[i], NULL, NULL));
        ASSERT_REPORTS(&caught, EOVERFLOW, bitena_map_insert(map, "key", lengths[i], NULL, NULL));
        assert_null(bitena_map_find(map, "key", lengths[i]));
    }
    static const char large[SMALL] = "large";
    ASSERT_NULL(ENOMEM, bitena_map_try_insert(map, large, sizeof large, NULL, NULL));
    assert_int_equal(bitena_map_count(map), 0);
    bitena_drop(arena);
}

static void a_limit_bounds_the_entries_to_the_byte(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    for (size_t spare = 0; spare <= ENTRY; spare += ENTRY - 1) {
        bitena_map *map = bitena_map_new(arena, &(bitena_map_options){.limit = 3 * ENTRY + spare});
        assert_int_equal(fill_map(map), 3);
        assert_int_equal(errno, ENOMEM);
        char text[32];
        assert_non_null(bitena_map_try_insert(map, text, name(text, 2), NULL, NULL));
        ASSERT_NULL(ENOMEM, bitena_map_try_insert(map, text, name(text, 3), NULL, NULL));
        assert_int_equal(bitena_map_measure(map).bytes, 3 * ENTRY);
    }
    /* One that is too long for what is left takes nothing of it. */
    bitena_map *map = bitena_map_new(arena, &(bitena_map_options){.limit = 2 * ENTRY});
    assert_non_null(bitena_map_try_insert(map, "a", 1, NULL, NULL));
    ASSERT_NULL(ENOMEM, bitena_map_try_insert(map, "a longer key", 12, NULL, NULL));
    assert_non_null(bitena_map_try_insert(map, "b", 1, NULL, NULL));
    bitena_drop(arena);
}

/* What an arena refuses goes back to the limit. */
static void a_refusal_gives_the_limit_back(void **state)
{
    (void)state;
    bitena *arena = bitena_open(&(bitena_options){.capacity = SMALL, .mode = BITENA_EXACT});
    bitena_map *map = bitena_map_new(arena, &(bitena_map_options){.limit = 2 * ENTRY});
    bitena_mark mark = bitena_save(arena);
    (void)bitena_alloc(arena, bitena_remaining(arena), 1);
    for (int i = 0; i < 5; i++) {
        ASSERT_NULL(ENOMEM, bitena_map_try_insert(map, "a", 1, NULL, NULL));
    }
    assert_int_equal(bitena_rewind(arena, mark), 0);
    assert_int_equal(fill_map(map), 2);
    bitena_drop(arena);
}

static void a_frozen_map_refuses_new_keys_only(void **state)
{
    (void)state;
    bitena *arena = bitena_new(CAPACITY);
    bitena_map *map = bitena_map_new(arena, NULL);
    void *value = bitena_map_insert(map, "a", 1, NULL, NULL);
    bitena_map_freeze(map);
    bitena_map_freeze(map);
    struct numbers before = numbers_of(arena);
    bool is_new = true;
    ASSERT_NULL(EROFS, bitena_map_try_insert(map, "b", 1, NULL, NULL));
    ASSERT_NULL(EROFS, bitena_map_try_insert(map, "a long new key", 14, NULL, NULL));
    assert_same_numbers(arena, before);
    assert_ptr_equal(bitena_map_try_insert(map, "a", 1, NULL, &is_new), value);
    assert_false(is_new);
    assert_ptr_equal(bitena_map_insert(map, "a", 1, NULL, NULL), value);
    assert_ptr_equal(bitena_map_find(map, "a", 1), value);
    assert_null(bitena_map_find(map, "b", 1));
    assert_int_equal(bitena_map_count(map), 1);
    bitena_drop(arena);
}

static void insert_into(void *argument)
{
    ASSERT_NULL(EPERM, bitena_map_try_insert(argument, "b", 1, NULL, NULL));
    assert_non_null(bitena_map_find(argument, "a", 1));
    assert_non_null(bitena_map_try_insert(argument, "a", 1, NULL, NULL));
    assert_int_equal(bitena_map_count(argument), 1);
}

static void a_stranger_may_look_but_not_insert(void **state)
{
    (void)state;
    static const enum kind kinds[] = {KIND_LOCAL, KIND_CHILD};
    for (size_t i = 0; i < 2; i++) {
        struct subject subject = subject_open(kinds[i], CAPACITY, NULL);
        bitena_map *map = bitena_map_new(subject.arena, NULL);
        (void)bitena_map_insert(map, "a", 1, NULL, NULL);
        in_another_thread(insert_into, map);
        subject_close(&subject);
    }
}

static bitena *some_arena;
static bitena_map *some_map;
static void *volatile nothing;

static void new_null(void *a)
{
    (void)a, (void)bitena_map_new(nothing, NULL);
}
static void try_new_null(void *a)
{
    (void)a, (void)bitena_map_try_new(nothing, NULL);
}
static void find_null(void *a)
{
    (void)a, (void)bitena_map_find(nothing, "a", 1);
}
static void find_no_key(void *a)
{
    (void)a, (void)bitena_map_find(some_map, nothing, 1);
}
static void insert_null(void *a)
{
    (void)a, (void)bitena_map_insert(nothing, "a", 1, NULL, NULL);
}
static void insert_no_key(void *a)
{
    (void)a, (void)bitena_map_insert(some_map, nothing, 1, NULL, NULL);
}
static void try_insert_null(void *a)
{
    (void)a, (void)bitena_map_try_insert(nothing, "a", 1, NULL, NULL);
}
static void try_insert_no_key(void *a)
{
    (void)a, (void)bitena_map_try_insert(some_map, nothing, 20, NULL, NULL);
}
static void count_null(void *a)
{
    (void)a, (void)bitena_map_count(nothing);
}
static void at_null(void *a)
{
    (void)a, (void)bitena_map_at(nothing, 0);
}
static void entry_null(void *a)
{
    (void)a, (void)bitena_map_entry_of(nothing, "a");
}
static void entry_no_value(void *a)
{
    (void)a, (void)bitena_map_entry_of(some_map, nothing);
}
static void freeze_null(void *a)
{
    (void)a, bitena_map_freeze(nothing);
}
static void measure_null(void *a)
{
    (void)a, (void)bitena_map_measure(nothing);
}

static void every_function_names_its_null_parameter(void **state)
{
    (void)state;
    static const struct {
        misuse *fn;
        const char *function, *parameter;
    } misuses[] = {
        {new_null, "new", "arena"},
        {try_new_null, "try_new", "arena"},
        {find_null, "find", "map"},
        {find_no_key, "find", "key"},
        {insert_null, "insert", "map"},
        {insert_no_key, "insert", "key"},
        {try_insert_null, "try_insert", "map"},
        {try_insert_no_key, "try_insert", "key"},
        {count_null, "count", "map"},
        {at_null, "at", "map"},
        {entry_null, "entry_of", "map"},
        {entry_no_value, "entry_of", "value"},
        {freeze_null, "freeze", "map"},
        {measure_null, "measure", "map"},
    };
    some_arena = bitena_new(SMALL);
    some_map = bitena_map_new(some_arena, NULL);
    for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++) {
        assert_aborts(misuses[i].fn, NULL, "bitena: bitena_map_%s: parameter '%s' is NULL\n",
                      misuses[i].function, misuses[i].parameter);
    }
    bitena_drop(some_arena);
}

static void insert_new(void *map)
{
    (void)bitena_map_insert(map, "new", 3, NULL, NULL);
}

static void insert_too_long(void *map)
{
    (void)bitena_map_insert(map, "key", SIZE_MAX, NULL, NULL);
}

static void the_plain_verb_says_why_the_map_refused(void **state)
{
    (void)state;
    struct caught caught = {.arena = NULL};
    bitena *arena = open_caught(SMALL, &caught);
    bitena_map *frozen = bitena_map_new(arena, NULL);
    bitena_map *limited = bitena_map_new(arena, &(bitena_map_options){.limit = 1});
    bitena_map_freeze(frozen);
    ASSERT_REPORTS(&caught, EROFS, insert_new(frozen));
    assert_ptr_equal(caught.arena, arena);
    assert_int_equal(caught.size, ENTRY);
    assert_int_equal(caught.align, 8);
    ASSERT_REPORTS(&caught, ENOMEM, insert_new(limited));
    assert_int_equal(caught.size, ENTRY);
    bitena_drop(arena);
    arena = bitena_new(SMALL);
    limited = bitena_map_new(arena, &(bitena_map_options){.limit = 1});
    frozen = bitena_map_new(arena, NULL);
    bitena_map_freeze(frozen);
    size_t remaining = bitena_remaining(arena);
    static const char asked[] = "bitena: arena 'arena': asked for %zu bytes aligned to %d, "
                                "%zu of 20000 bytes remain: %s\n";
    assert_aborts(insert_new, frozen, asked, (size_t)ENTRY, 8, remaining, "the map is frozen");
    assert_aborts(insert_new, limited, asked, (size_t)ENTRY, 8, remaining,
                  "the map's limit is reached");
    assert_aborts(insert_too_long, limited, asked, SIZE_MAX, 1, remaining,
                  "the key is too long for a map");
    bitena_drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_arena_returns_null_and_changes_nothing),
        cmocka_unit_test(a_segment_that_finds_no_room_refuses_before_the_key_is_seen),
        cmocka_unit_test(the_plain_verb_calls_the_arenas_handler),
        cmocka_unit_test(options_beyond_reason_are_refused),
        cmocka_unit_test(a_value_larger_than_the_arena_is_refused),
        cmocka_unit_test(keys_too_long_are_refused),
        cmocka_unit_test(a_limit_bounds_the_entries_to_the_byte),
        cmocka_unit_test(a_refusal_gives_the_limit_back),
        cmocka_unit_test(a_frozen_map_refuses_new_keys_only),
        cmocka_unit_test(a_stranger_may_look_but_not_insert),
        cmocka_unit_test(every_function_names_its_null_parameter),
        cmocka_unit_test(the_plain_verb_says_why_the_map_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
