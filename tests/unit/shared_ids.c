/* Two copies of the library whose thread-local id the linker made one, as happens to plugins that are
 * loaded globally and hide nothing. A thread that one copy has let go, at its end, is not served by
 * the other as if it still had its slot: that slot has an heir.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

#include "plugin/plugin.h"
#include "support/trial.h"

enum { OBJECTS = 100000, TRIES = 3, CAPACITY = 64 << 20 };

static const struct plugin *first, *second;
static bitena *arena;
static pthread_key_t last_rounds;
static pthread_barrier_t together;
static uintptr_t places[2][OBJECTS];
static size_t count;

static const struct plugin *load(const char *path)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_GLOBAL);
    if (!handle) {
        fail_msg("%s", dlerror());
    }
    void *symbol = dlsym(handle, "plugin_verbs");
    assert_non_null(symbol);
    get_plugin *get;
    memcpy(&get, &symbol, sizeof get);
    return get();
}

static void take(const struct plugin *copy, uintptr_t *taken)
{
    for (size_t i = 0; i < count; i++) {
        taken[i] = (uintptr_t)copy->try_alloc(arena, 16, 8);
    }
}

static void *inherit(void *unused)
{
    (void)unused;
    (void)first->try_alloc(arena, 16, 8); /* bears what the slot's last bearer left */
    pthread_barrier_wait(&together);
    take(first, places[0]);
    return NULL;
}

/* In the third round the copy that registered the thread has let it go. */
static void end(void *round)
{
    pthread_t heir;
    if ((uintptr_t)round < 3) {
        (void)pthread_setspecific(last_rounds, (void *)((uintptr_t)round + 1));
        return;
    }
    assert_int_equal(pthread_create(&heir, NULL, inherit, NULL), 0);
    pthread_barrier_wait(&together);
    take(second, places[1]);
    assert_int_equal(pthread_join(heir, NULL), 0);
}

static void *live(void *unused)
{
    (void)unused;
    (void)first->try_alloc(arena, 16, 8);
    for (int i = 0; i < 2; i++) { /* the second copy could now remember the TLAB */
        (void)second->try_alloc(arena, 16, 8);
    }
    (void)pthread_setspecific(last_rounds, (void *)1);
    return NULL;
}

static int by_place(const void *left, const void *right)
{
    uintptr_t a = *(const uintptr_t *)left, b = *(const uintptr_t *)right;
    return (a > b) - (a < b);
}

static size_t handed_out_twice(void)
{
    size_t twice = 0;
    uintptr_t *all = malloc(2 * count * sizeof *all);
    assert_non_null(all);
    memcpy(all, places[0], count * sizeof *all);
    memcpy(all + count, places[1], count * sizeof *all);
    qsort(all, 2 * count, sizeof *all, by_place);
    for (size_t i = 1; i < 2 * count; i++) {
        twice += all[i] != 0 && all[i] - all[i - 1] < 16;
    }
    free(all);
    return twice;
}

static void a_thread_let_go_by_one_copy_is_let_go_by_the_other(void **state)
{
    (void)state;
    count = rounds(OBJECTS);
    for (int time = 0; time < TRIES; time++) {
        pthread_t thread;
        arena = first->open(&(bitena_options){.capacity = CAPACITY});
        assert_non_null(arena);
        assert_int_equal(first->thread_id(), second->thread_id()); /* else nothing is tested */
        assert_int_equal(pthread_create(&thread, NULL, live, NULL), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(handed_out_twice(), 0);
        first->drop(arena);
    }
}

/* The same in lockstep, and what the copies know of each other's slots. */
static uintptr_t take_one(const struct plugin *copy)
{
    uintptr_t p = (uintptr_t)copy->try_alloc(arena, 16, 8);
    assert_int_not_equal(p, 0);
    return p;
}

static uintptr_t heirs[2], let_go;

static void *inherit_in_lockstep(void *unused)
{
    (void)unused;
    heirs[0] = take_one(first);
    pthread_barrier_wait(&together);
    pthread_barrier_wait(&together); /* the thread that was let go has taken */
    heirs[1] = take_one(first);
    return NULL;
}

static pthread_key_t lockstep;

static void end_in_lockstep(void *round)
{
    pthread_t heir;
    if ((uintptr_t)round < 3) {
        (void)pthread_setspecific(lockstep, (void *)((uintptr_t)round + 1));
        return;
    }
    assert_int_equal(pthread_create(&heir, NULL, inherit_in_lockstep, NULL), 0);
    pthread_barrier_wait(&together);
    let_go = take_one(second);
    pthread_barrier_wait(&together);
    assert_int_equal(pthread_join(heir, NULL), 0);
}

static void *live_in_lockstep(void *unused)
{
    (void)unused;
    (void)take_one(first);
    (void)take_one(second);
    (void)take_one(second);
    assert_int_equal(pthread_setspecific(lockstep, (void *)1), 0);
    return NULL;
}

static void an_heirs_room_is_its_own_beside_a_thread_let_go(void **state)
{
    (void)state;
    pthread_t thread;
    arena = first->open(&(bitena_options){.capacity = CAPACITY});
    assert_int_equal(pthread_key_create(&lockstep, end_in_lockstep), 0);
    assert_int_equal(pthread_create(&thread, NULL, live_in_lockstep, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(pthread_key_delete(lockstep), 0);
    assert_int_not_equal(let_go, heirs[0] - 16);
    assert_int_equal(heirs[1], heirs[0] - 16);
    first->drop(arena);
}

/* The second copy's threads, in its slots; and one of the first, whose slot has the number of one. */
enum { SECONDS = 3 };
static pthread_barrier_t step;
static uintptr_t seconds[SECONDS][2], strangers;

static void *take_twice(void *number)
{
    uintptr_t *mine = seconds[(uintptr_t)number];
    for (uintptr_t turn = 0; turn <= (uintptr_t)number; turn++) { /* one after another */
        pthread_barrier_wait(&step);
    }
    mine[0] = take_one(second);
    for (uintptr_t turn = (uintptr_t)number; turn < SECONDS; turn++) {
        pthread_barrier_wait(&step);
    }
    pthread_barrier_wait(&step); /* the stranger has taken */
    mine[1] = take_one(second);
    return NULL;
}

static void *take_as_a_stranger(void *firsts)
{
    assert_non_null(first->try_alloc((bitena *)firsts, 16, 8));
    strangers = take_one(second);
    return NULL;
}

static void a_slot_of_the_first_copy_is_none_in_the_second(void **state)
{
    (void)state;
    pthread_t threads[SECONDS], stranger;
    bitena *firsts = first->open(&(bitena_options){.capacity = CAPACITY});
    arena = second->open(&(bitena_options){.capacity = CAPACITY});
    assert_int_equal(pthread_barrier_init(&step, NULL, SECONDS + 1), 0);
    for (uintptr_t i = 0; i < SECONDS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, take_twice, (void *)i), 0);
    }
    for (uintptr_t i = 0; i <= SECONDS; i++) {
        pthread_barrier_wait(&step);
    }
    assert_int_equal(pthread_create(&stranger, NULL, take_as_a_stranger, firsts), 0);
    assert_int_equal(pthread_join(stranger, NULL), 0);
    pthread_barrier_wait(&step);
    for (uintptr_t i = 0; i < SECONDS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(seconds[i][1], seconds[i][0] - 16);
        assert_int_not_equal(strangers, seconds[i][0] - 16);
    }
    (void)pthread_barrier_destroy(&step);
    first->drop(firsts);
    second->drop(arena);
}

static void *come_to_the_second_with_the_firsts_id(void *firsts)
{
    assert_non_null(first->try_alloc((bitena *)firsts, 16, 8));
    assert_int_not_equal(second->thread_id(), 0);
    assert_non_null(second->try_alloc(arena, 16, 8)); /* its slot means nothing here */
    return NULL;
}

static void an_id_of_the_first_copy_is_served_by_the_second(void **state)
{
    (void)state;
    pthread_t thread;
    bitena *firsts = first->open(&(bitena_options){.capacity = CAPACITY});
    arena = second->open(&(bitena_options){.capacity = CAPACITY});
    assert_int_equal(pthread_create(&thread, NULL, come_to_the_second_with_the_firsts_id, firsts),
                     0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(second->used(arena), 16);
    first->drop(firsts);
    second->drop(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_let_go_by_one_copy_is_let_go_by_the_other),
        cmocka_unit_test(an_heirs_room_is_its_own_beside_a_thread_let_go),
        cmocka_unit_test(a_slot_of_the_first_copy_is_none_in_the_second),
        cmocka_unit_test(an_id_of_the_first_copy_is_served_by_the_second),
    };
    first = load(PLUGIN_C);
    second = load(PLUGIN_D);
    if (pthread_key_create(&last_rounds, end) != 0 ||
        pthread_barrier_init(&together, NULL, 2) != 0) {
        return 1;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
