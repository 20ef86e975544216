/* Several copies of the library in one process: this program's, and one in each of two plugins.
 * They pass arenas to each other: whoever made an arena, objects never overlap, counts of children
 * and cleanups hold, marks are refused where they must be, and ids of threads differ between the
 * copies.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>

#include "plugin/plugin.h"
#include "support/misuse.h"
#include "support/overlap.h"
#include "support/subject.h"
#include "support/trial.h"

enum { KIB = 1024, MIB = 1024 * 1024, COPIES = 3 };

static const struct plugin *copies[COPIES];

static const struct plugin own_copy = PLUGIN_VERBS;

static const struct plugin *load(const char *path)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        fail_msg("%s", dlerror());
    }
    void *symbol = dlsym(handle, "plugin_verbs");
    assert_non_null(symbol);
    get_plugin *get;
    memcpy(&get, &symbol, sizeof get);
    assert_int_equal(dlclose(handle), 0); /* the copy has to stay mapped all the same */
    return get();
}

static int load_all(void **state)
{
    (void)state;
    copies[0] = &own_copy;
    copies[1] = load(PLUGIN_A);
    copies[2] = load(PLUGIN_B);
    return 0;
}

static bitena *open_by(size_t copy, size_t capacity, int mode)
{
    bitena *arena =
        copies[copy]->open(&(bitena_options){.capacity = capacity, .mode = mode, .name = "passed"});
    assert_non_null(arena);
    return arena;
}

static void each_copy_has_its_own_ids(void **state)
{
    (void)state;
    for (size_t i = 0; i < COPIES; i++) {
        copies[i]->drop(open_by(i, 64 * KIB, BITENA_SHARED));
        assert_int_not_equal(copies[i]->thread_id(), 0);
        for (size_t k = 0; k < i; k++) {
            assert_ptr_not_equal(copies[i]->try_alloc_str, copies[k]->try_alloc_str);
            assert_int_not_equal(copies[i]->thread_id(), copies[k]->thread_id());
        }
    }
}

struct worker {
    pthread_t thread;
    const struct plugin *copy;
    bitena *arena;
    struct overlap *map;
    pthread_barrier_t *start;
    size_t wrong;
};

static void *work(void *argument)
{
    struct worker *worker = (struct worker *)argument;
    const struct plugin *copy = worker->copy;
    pthread_barrier_wait(worker->start);
    for (size_t i = 0; i < rounds(3000); i++) {
        size_t size = 1 + (i * 7) % 150;
        char *p = copy->try_alloc(worker->arena, size, 8);
        char *text = copy->try_alloc_str(worker->arena, "passed on");
        worker->wrong += !p || !text || !overlap_claim(worker->map, p, size) ||
                         !overlap_claim(worker->map, text, 10);
        bitena_mark mark = copy->save(worker->arena);
        if (i % 4 == 0) {
            bitena *child = copy->new_child(worker->arena);
            worker->wrong += !child || !copy->try_alloc(child, 100, 8);
            copy->drop(child);
        }
        worker->wrong += copy->rewind(worker->arena, mark) != 0;
    }
    return NULL;
}

static void work_in_all_copies(bitena *arena)
{
    struct worker workers[2 * COPIES];
    struct overlap map;
    pthread_barrier_t start;
    overlap_open(&map, bitena_capacity(arena));
    overlap_locate(&map, bitena_try_alloc(arena, 1, 1));
    assert_int_equal(pthread_barrier_init(&start, NULL, 2 * COPIES), 0);
    for (size_t i = 0; i < 2 * COPIES; i++) {
        workers[i] = (struct worker){
            .copy = copies[i % COPIES], .arena = arena, .map = &map, .start = &start};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    for (size_t i = 0; i < 2 * COPIES; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(workers[i].wrong, 0);
    }
    pthread_barrier_destroy(&start);
    overlap_close(&map);
}

static void an_arena_of_any_copy_serves_threads_of_all(void **state)
{
    (void)state;
    for (size_t maker = 0; maker < COPIES; maker++) {
        for (int mode = BITENA_SHARED; mode <= BITENA_EXACT; mode++) {
            bitena *arena = open_by(maker, 8 * MIB, mode);
            if (mode == BITENA_EXACT) { /* marks need the caller to be alone */
                for (size_t i = 0; i < 2 * COPIES; i++) {
                    assert_non_null(copies[i % COPIES]->try_alloc(arena, 10, 2));
                    bitena_mark mark = copies[i % COPIES]->save(arena);
                    assert_non_null(copies[(i + 1) % COPIES]->try_alloc(arena, 10, 2));
                    assert_int_equal(copies[(i + 1) % COPIES]->rewind(arena, mark), 0);
                    assert_int_equal(copies[i % COPIES]->used(arena), 10 * (i + 1));
                }
            } else {
                work_in_all_copies(arena);
                assert_int_equal(copies[(maker + 1) % COPIES]->reset(arena), 0);
                work_in_all_copies(arena);
            }
            copies[(maker + 2) % COPIES]->drop(arena);
        }
    }
}

static void one_thread_is_three_threads_to_three_copies(void **state)
{
    (void)state;
    for (size_t maker = 0; maker < COPIES; maker++) {
        bitena *arena = open_by(maker, 256 * KIB, BITENA_SHARED);
        char *objects[300];
        for (size_t i = 0; i < 300; i++) {
            objects[i] = copies[i % COPIES]->try_alloc(arena, 200, 8);
            assert_non_null(objects[i]);
            memset(objects[i], (int)i, 200);
        }
        for (size_t i = 0; i < 300; i++) {
            assert_true(all_bytes_are(objects[i], (int)(unsigned char)i, 200));
        }
        assert_in_range(bitena_used(arena), 60000, 63000);
        copies[0]->drop(arena);
    }
}

static void owned_arenas_are_handed_between_copies(void **state)
{
    (void)state;
    for (size_t i = 0; i < COPIES; i++) {
        const struct plugin *one = copies[i], *two = copies[(i + 1) % COPIES];
        bitena *root = open_by(i, 64 * KIB, BITENA_SHARED);
        bitena *child = one->new_child(root);
        bitena_mark mark = one->save(child);
        char *object = one->try_alloc(child, 500, 8);
        memset(object, 6, 500);
        ASSERT_NULL(EPERM, two->try_alloc(child, 8, 8)); /* another id */
        ASSERT_REFUSED(EBUSY, two->reset(root));
        assert_int_equal(two->own(child), 0);
        ASSERT_NULL(EPERM, one->try_alloc(child, 8, 8));
        ASSERT_REFUSED(EINVAL, two->rewind(child, mark));
        memset(two->try_alloc(child, 5000, 8), 7, 5000);
        assert_true(all_bytes_are(object, 6, 500));
        bitena *grandchild = two->new_child(child);
        assert_int_equal(two->absorb(child, grandchild), 0);
        two->drop(child);
        assert_int_equal(one->reset(root), 0);
        assert_int_equal(one->remaining(root), 64 * KIB);
        two->drop(root);
    }
}

static void count_one(void *count)
{
    ++*(size_t *)count;
}

static void cleanups_of_every_copy_run_once(void **state)
{
    (void)state;
    for (size_t resetter = 0; resetter < COPIES; resetter++) {
        bitena *arena = open_by(0, 64 * KIB, BITENA_SHARED);
        size_t count = 0;
        for (size_t i = 0; i < COPIES; i++) {
            assert_int_equal(copies[i]->try_defer(arena, count_one, &count), 0);
            bitena *child = copies[i]->new_child(arena);
            assert_int_equal(copies[i]->try_defer(child, count_one, &count), 0);
            assert_int_equal(copies[i]->absorb(arena, child), 0);
        }
        assert_int_equal(copies[resetter]->reset(arena), 0);
        assert_int_equal(count, 2 * COPIES);
        copies[resetter]->drop(arena);
        assert_int_equal(count, 2 * COPIES);
    }
}

struct resetting {
    const struct plugin *copy;
    bitena *arena;
    pthread_barrier_t step;
    int rewound;
    bool whole;
};

static void *reset_and_wait(void *argument)
{
    struct resetting *resetting = (struct resetting *)argument;
    const struct plugin *copy = resetting->copy;
    (void)copy->reset(resetting->arena);
    bitena_mark mark = copy->save(resetting->arena);
    char *object = copy->try_alloc(resetting->arena, 100, 8);
    memset(object, 3, 100);
    pthread_barrier_wait(&resetting->step);
    pthread_barrier_wait(&resetting->step); /* others have allocated in between */
    resetting->whole = all_bytes_are(object, 3, 100);
    resetting->rewound = copy->rewind(resetting->arena, mark);
    return NULL;
}

static void write_by_all(void *arena)
{
    for (size_t i = 0; i < 3000; i++) {
        char *p = copies[i % COPIES]->try_alloc((bitena *)arena, 16, 8);
        if (p) {
            memset(p, 4, 16);
        }
    }
}

/* The thread that reset the arena is its owner, by another copy's count of slots; no thread of the
 * maker's copy in the slot of that number may take itself for its heir. */
static void a_reset_by_another_copy_makes_an_owner_that_stays(void **state)
{
    (void)state;
    for (size_t maker = 0; maker < COPIES; maker++) {
        for (size_t resetter = 0; resetter < COPIES; resetter++) {
            struct resetting resetting = {.copy = copies[resetter]};
            resetting.arena = open_by(maker, 64 * KIB, BITENA_SHARED);
            (void)copies[maker]->try_alloc(resetting.arena, 8, 8);
            pthread_t thread;
            assert_int_equal(pthread_barrier_init(&resetting.step, NULL, 2), 0);
            assert_int_equal(pthread_create(&thread, NULL, reset_and_wait, &resetting), 0);
            pthread_barrier_wait(&resetting.step);
            in_another_thread(write_by_all, resetting.arena);
            pthread_barrier_wait(&resetting.step);
            assert_int_equal(pthread_join(thread, NULL), 0);
            assert_true(resetting.whole);
            assert_int_equal(resetting.rewound, 0);
            pthread_barrier_destroy(&resetting.step);
            copies[maker]->drop(resetting.arena);
        }
    }
}

static void a_stale_mark_is_refused_by_an_arena_of_another_copy(void **state)
{
    (void)state;
    static _Alignas(64) char buffer[BITENA_BUFFER_SIZE(64 * KIB)];
    bitena *arena = bitena_init(buffer, sizeof buffer, NULL);
    for (size_t one = 0; one < COPIES; one++) {
        bitena *child = copies[one]->new_child(arena);
        bitena_mark stale = copies[one]->save(child);
        copies[one]->drop(child);
        for (size_t i = 0; i < 2000; i++) {
            const struct plugin *two = copies[(one + 1 + i % 2) % COPIES];
            bitena *successor = two->new_child(arena);
            (void)two->save(successor);
            ASSERT_REFUSED(EINVAL, two->rewind(successor, stale));
            two->drop(successor);
        }
    }
    bitena_drop(arena);
}

static void take_sixteen_by_all(void *arena)
{
    for (size_t i = 0; i < COPIES; i++) {
        assert_non_null(copies[i]->try_alloc((bitena *)arena, 16, 8));
    }
}

static void short_threads_of_all_copies_cannot_eat_an_arena(void **state)
{
    (void)state;
    bitena *arena = open_by(1, 1 * MIB, BITENA_SHARED);
    for (size_t i = 0; i < rounds(5000); i++) {
        in_another_thread(take_sixteen_by_all, arena);
    }
    assert_true(bitena_remaining(arena) > MIB - rounds(5000) * 48 - 128 * KIB);
    bitena_drop(arena);
}

static void use_all_copies(void *argument)
{
    bitena *arena = (bitena *)argument;
    for (size_t i = 0; i < 100; i++) {
        REQUIRE_IN_CHILD(copies[i % COPIES]->try_alloc(arena, 16, 8));
    }
    in_another_thread(take_sixteen_by_all, arena);
    REQUIRE_IN_CHILD(copies[1]->reset(arena) == 0);
    in_another_thread(take_sixteen_by_all, arena);
    copies[2]->drop(arena);
}

static void a_fork_is_seen_by_every_copy(void **state)
{
    (void)state;
    bitena *arena = open_by(2, 256 * KIB, BITENA_SHARED);
    in_another_thread(take_sixteen_by_all, arena);
    assert_passes(use_all_copies, arena);
    assert_int_equal(bitena_used(arena), 48);
    bitena_drop(arena);
}

/* Made by two copies in a thread's last rounds of destruction, where it has no slot any more. */
static pthread_key_t last_rounds;
static bitena *late[2];

static void make_late(void *round)
{
    if ((uintptr_t)round < 3) { /* in a fourth, ThreadSanitizer has forgotten the thread */
        (void)pthread_setspecific(last_rounds, (void *)((uintptr_t)round + 1));
        return;
    }
    late[0] = open_by(1, MIB, BITENA_SHARED);
    late[1] = open_by(2, MIB, BITENA_SHARED);
}

static void *live_and_make_late(void *unused)
{
    (void)unused;
    copies[1]->drop(open_by(1, MIB, BITENA_SHARED)); /* so that both copies know the thread */
    copies[2]->drop(open_by(2, MIB, BITENA_SHARED));
    (void)pthread_setspecific(last_rounds, (void *)1);
    return NULL;
}

static void an_arena_used_last_is_never_taken_for_another_copys(void **state)
{
    (void)state;
    pthread_t thread;
    assert_int_equal(pthread_key_create(&last_rounds, make_late), 0);
    assert_int_equal(pthread_create(&thread, NULL, live_and_make_late, NULL), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_key_delete(last_rounds);
    for (size_t i = 0; i < 3; i++) { /* the last of them is served as the one used last */
        assert_non_null(copies[1]->try_alloc(late[0], 16, 8));
    }
    assert_non_null(copies[1]->try_alloc(late[1], 16, 8));
    assert_true(copies[2]->used(late[1]) >= 16);
    assert_true(copies[1]->used(late[0]) >= 48);
    copies[1]->drop(late[0]);
    copies[2]->drop(late[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_copy_has_its_own_ids),
        cmocka_unit_test(an_arena_of_any_copy_serves_threads_of_all),
        cmocka_unit_test(one_thread_is_three_threads_to_three_copies),
        cmocka_unit_test(owned_arenas_are_handed_between_copies),
        cmocka_unit_test(cleanups_of_every_copy_run_once),
        cmocka_unit_test(a_reset_by_another_copy_makes_an_owner_that_stays),
        cmocka_unit_test(a_stale_mark_is_refused_by_an_arena_of_another_copy),
        cmocka_unit_test(short_threads_of_all_copies_cannot_eat_an_arena),
        cmocka_unit_test(a_fork_is_seen_by_every_copy),
        cmocka_unit_test(an_arena_used_last_is_never_taken_for_another_copys),
    };
    return cmocka_run_group_tests(tests, load_all, NULL);
}
