/* Every option of bitena_open and bitena_init: the defaults, what each does, and that an unknown,
 * contradictory or not yet offered one is refused with EINVAL and a reason. What prefault and
 * huge_pages do to pages is in pages.c, the failure handler in failure.c.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core.h"
#include "support/misuse.h"
#include "support/subject.h"

enum { CAPACITY = 1 << 20 };

static _Alignas(16) char buffer[64 << 10];

/* The reason begins so. */
static void assert_reason(const char *expected)
{
    char text[200];
    (void)bitena_open_error(text, sizeof text);
    if (strncmp(text, expected, strlen(expected)) != 0) {
        fail_msg("the reason is '%s', not '%s'", text, expected);
    }
}

static void assert_refused_by_open(bitena_options options, const char *reason)
{
    options.capacity = CAPACITY;
    errno = 0;
    assert_null(bitena_open(&options));
    assert_int_equal(errno, EINVAL);
    assert_reason(reason);
}

static void assert_refused_by_init(bitena_options options, const char *reason)
{
    char before[256];
    memset(buffer, '#', sizeof buffer);
    memset(before, '#', sizeof before);
    errno = 0;
    assert_null(bitena_init(buffer, sizeof buffer, &options));
    assert_int_equal(errno, EINVAL);
    assert_reason(reason);
    assert_memory_equal(buffer, before, sizeof before);
    assert_memory_equal(buffer + sizeof buffer - sizeof before, before, sizeof before);
}

static void assert_refused_by_both(bitena_options options, const char *reason)
{
    assert_refused_by_open(options, reason);
    assert_refused_by_init(options, reason);
}

static void assert_accepted_by_both(bitena_options options)
{
    options.capacity = CAPACITY;
    bitena *arena = bitena_open(&options);
    assert_non_null(arena);
    assert_non_null(bitena_try_alloc(arena, 100, 8));
    bitena_drop(arena);
    options.capacity = 0;
    options.huge_pages = options.huge_pages == 1 ? 0 : options.huge_pages;
    options.prefault = options.prefault == 1 ? 0 : options.prefault;
    arena = bitena_init(buffer, sizeof buffer, &options);
    assert_non_null(arena);
    assert_non_null(bitena_try_alloc(arena, 100, 8));
    bitena_drop(arena);
}

static void an_unknown_mode_is_refused(void **state)
{
    (void)state;
    static const int bad[] = {-1, 3, 4, 1000, -2147483647 - 1, 2147483647};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_refused_by_both((bitena_options){.mode = bad[i]}, "mode is not one of");
    }
}

static void a_lease_max_out_of_range_is_refused(void **state)
{
    (void)state;
    static const size_t bad[] = {1, 8, 1023, ((size_t)1 << 30) + 1, PTRDIFF_MAX, SIZE_MAX};
    static const size_t good[] = {0, 1024, 1025, 5000, 64 << 10, (size_t)1 << 30};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_refused_by_both((bitena_options){.lease_max = bad[i]}, "lease_max is not from");
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_accepted_by_both((bitena_options){.lease_max = good[i]});
    }
}

static void a_switch_other_than_minus_1_0_and_1_is_refused(void **state)
{
    (void)state;
    static const int bad[] = {-2, 2, 3, -2147483647 - 1, 2147483647};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int n = bad[i];
        assert_refused_by_both((bitena_options){.huge_pages = n}, "huge_pages is not -1, 0 or 1");
        assert_refused_by_both((bitena_options){.prefault = n}, "prefault is not -1, 0 or 1");
        assert_refused_by_both((bitena_options){.checked = n}, "checked is not -1, 0 or 1");
        assert_refused_by_both((bitena_options){.wipe = n}, "wipe is not -1, 0 or 1");
    }
}

static void what_is_not_offered_yet_is_refused(void **state)
{
    (void)state;
    assert_refused_by_both((bitena_options){.checked = 1}, "checked is not offered yet");
    assert_refused_by_both((bitena_options){.wipe = 1}, "wipe is not offered yet");
    static const int generations[] = {1, 2, 100, -1};
    for (size_t i = 0; i < sizeof generations / sizeof *generations; i++) {
        assert_refused_by_both((bitena_options){.guard_generations = generations[i]},
                               "guard_generations is not offered yet");
    }
}

static void every_switch_may_be_off_or_default(void **state)
{
    (void)state;
    for (int n = -1; n <= 0; n++) {
        assert_accepted_by_both((bitena_options){.huge_pages = n});
        assert_accepted_by_both((bitena_options){.prefault = n});
        assert_accepted_by_both((bitena_options){.checked = n});
        assert_accepted_by_both((bitena_options){.wipe = n});
    }
    assert_accepted_by_both((bitena_options){.huge_pages = 1, .prefault = 1});
}

static void a_buffer_refuses_what_only_pages_can_do(void **state)
{
    (void)state;
    assert_refused_by_init((bitena_options){.huge_pages = 1}, "huge_pages has no meaning");
    assert_refused_by_init((bitena_options){.prefault = 1}, "prefault has no meaning");
}

static void every_mode_may_have_every_size(void **state)
{
    (void)state;
    for (int mode = BITENA_SHARED; mode <= BITENA_LOCAL; mode++) {
        for (size_t capacity = 1; capacity < 40000000; capacity = capacity * 3 + 1) {
            bitena *arena = bitena_open(&(bitena_options){.capacity = capacity, .mode = mode});
            assert_non_null(arena);
            assert_int_equal(bitena_remaining(arena), capacity);
            bitena_drop(arena);
        }
    }
}

static void a_local_arena_is_local_however_small(void **state)
{
    (void)state;
    bitena *arenas[] = {
        bitena_open(&(bitena_options){.capacity = 1000, .mode = BITENA_LOCAL}),
        bitena_init(buffer, sizeof buffer,
                    &(bitena_options){.capacity = 1000, .mode = BITENA_LOCAL}),
    };
    for (size_t i = 0; i < 2; i++) {
        assert_non_null(arenas[i]);
        assert_int_equal(bitena_own(arenas[i]), 0); /* refused by what is not LOCAL */
        bitena_drop(arenas[i]);
    }
}

struct answer {
    bitena *arena;
    void *p;
    int error;
};

static void take_sixteen(void *argument)
{
    struct answer *answer = argument;
    errno = 0;
    answer->p = bitena_try_alloc(answer->arena, 16, 8);
    answer->error = errno;
}

static void the_mode_decides_who_may_allocate(void **state)
{
    (void)state;
    static const bitena_options options[] = {
        {.capacity = CAPACITY}, /* shared is the default */
        {.capacity = CAPACITY, .mode = BITENA_SHARED},
        {.capacity = CAPACITY, .mode = BITENA_EXACT},
        {.capacity = CAPACITY, .mode = BITENA_LOCAL},
    };
    for (size_t i = 0; i < 4; i++) {
        struct answer answer = {bitena_open(&options[i]), NULL, 0};
        in_another_thread(take_sixteen, &answer);
        if (options[i].mode == BITENA_LOCAL) {
            assert_null(answer.p);
            assert_int_equal(answer.error, EPERM);
            assert_int_equal(bitena_used(answer.arena), 0);
        } else {
            assert_non_null(answer.p);
            assert_int_equal(answer.error, 0);
            assert_int_equal(bitena_used(answer.arena), 16);
        }
        bitena_drop(answer.arena);
    }
}

/* EXACT rises byte-tight for every thread; the others hang objects from the block's top. */
static bool is_exact(bitena *arena)
{
    char *first = bitena_alloc(arena, 1, 1);
    char *second = bitena_alloc(arena, 1, 1);
    assert_true(second == first + 1 || second == first - 1);
    assert_int_equal(bitena_reset(arena), 0);
    return second == first + 1;
}

static void a_shared_block_is_exact_below_16_kib_only(void **state)
{
    (void)state;
    static const size_t capacities[] = {2, 1024, 16383, 16384, 16385, 20000, 1 << 20};
    for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
        bitena *plain = bitena_new(capacities[i]);
        assert_int_equal(is_exact(plain), capacities[i] < 16384);
        bitena_drop(plain);
        bitena *own =
            bitena_open(&(bitena_options){.capacity = capacities[i], .mode = BITENA_LOCAL});
        assert_false(is_exact(own));
        bitena_drop(own);
        bitena *in_buffer = bitena_init(
            buffer, sizeof buffer,
            &(bitena_options){.capacity = capacities[i] < 40000 ? capacities[i] : 40000});
        assert_int_equal(is_exact(in_buffer), capacities[i] < 16384);
        bitena_drop(in_buffer);
    }
    bitena *asked = bitena_open(&(bitena_options){.capacity = CAPACITY, .mode = BITENA_EXACT});
    assert_true(is_exact(asked));
    bitena_drop(asked);
}

struct steps {
    bitena *arena;
    size_t largest;
};

/* The largest piece that this thread's lease takes from the pool at a time. */
static void measure_leases(void *argument)
{
    struct steps *steps = argument;
    const struct pool *pool = arena_of(steps->arena)->pool;
    for (int i = 0; i < 200000; i++) {
        size_t before = pool_free(pool);
        assert_non_null(bitena_try_alloc(steps->arena, 16, 8));
        size_t step = before - pool_free(pool);
        steps->largest = step > steps->largest ? step : steps->largest;
    }
}

static size_t largest_lease(size_t lease_max)
{
    struct steps steps = {
        bitena_open(&(bitena_options){.capacity = 64 << 20, .lease_max = lease_max}), 0};
    assert_non_null(steps.arena);
    in_another_thread(measure_leases, &steps);
    bitena_drop(steps.arena);
    return steps.largest;
}

static void leases_grow_to_lease_max_and_no_further(void **state)
{
    (void)state;
    assert_int_equal(largest_lease(0), 64 << 10);
    assert_int_equal(largest_lease(1024), 1024);
    assert_int_equal(largest_lease(5000), 5000);
    assert_int_equal(largest_lease(256 << 10), 256 << 10);
}

static void ask_too_much(void *argument)
{
    (void)bitena_alloc(argument, 1 << 30, 16);
}

static void assert_named(const char *name, const char *shown)
{
    bitena *arena = bitena_open(&(bitena_options){.capacity = 1024, .name = name});
    assert_aborts(ask_too_much, arena,
                  "bitena: arena '%s': asked for 1073741824 bytes aligned to 16,"
                  " 1024 of 1024 bytes remain: no room\n",
                  shown);
    bitena_drop(arena);
}

static void messages_carry_the_name(void **state)
{
    (void)state;
    assert_named(NULL, "arena");
    assert_named("requests", "requests");
    assert_named("", "");
    assert_named("100 %s %n", "100 %s %n");
    char name[] = "not copied";
    bitena *arena = bitena_open(&(bitena_options){.capacity = 1024, .name = name});
    memcpy(name, "now", 3);
    assert_aborts(ask_too_much, arena,
                  "bitena: arena 'now copied': asked for 1073741824 bytes aligned to 16,"
                  " 1024 of 1024 bytes remain: no room\n");
    bitena_drop(arena);
}

static void a_long_name_is_cut_to_80_bytes(void **state)
{
    (void)state;
    char name[200];
    char shown[81];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    memset(shown, 'n', sizeof shown - 1);
    shown[sizeof shown - 1] = 0;
    assert_named(name, shown);
}

static void options_are_only_read(void **state)
{
    (void)state;
    bitena_options options = {.capacity = CAPACITY, .mode = BITENA_LOCAL, .lease_max = 2048};
    bitena_options copy = options;
    bitena_drop(bitena_open(&options));
    bitena_drop(bitena_init(buffer, sizeof buffer, &(bitena_options){.capacity = 1000}));
    assert_memory_equal(&options, &copy, sizeof copy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_mode_is_refused),
        cmocka_unit_test(a_lease_max_out_of_range_is_refused),
        cmocka_unit_test(a_switch_other_than_minus_1_0_and_1_is_refused),
        cmocka_unit_test(what_is_not_offered_yet_is_refused),
        cmocka_unit_test(every_switch_may_be_off_or_default),
        cmocka_unit_test(a_buffer_refuses_what_only_pages_can_do),
        cmocka_unit_test(every_mode_may_have_every_size),
        cmocka_unit_test(a_local_arena_is_local_however_small),
        cmocka_unit_test(the_mode_decides_who_may_allocate),
        cmocka_unit_test(a_shared_block_is_exact_below_16_kib_only),
        cmocka_unit_test(leases_grow_to_lease_max_and_no_further),
        cmocka_unit_test(messages_carry_the_name),
        cmocka_unit_test(a_long_name_is_cut_to_80_bytes),
        cmocka_unit_test(options_are_only_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
