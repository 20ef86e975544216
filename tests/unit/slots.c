/* Whose room a thread goes on with. Slots are given lowest first, to whom uses the library first; the
 * main thread of this program never does, so that the tests know who has which. Each order is carried
 * out before the next is given. What is here looks into src/: owner, bearers and the table.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE 1

#include <errno.h>
#include <pthread.h>
#include <string.h>

#include "bitena/order.h"
#include "core.h"
#include "support/ordered.h"
#include "support/subject.h"
#include "support/trial.h"
#include "thread.h"

enum { KIB = 1024, BYTES = 16, CREW = 4 };

struct job {
    bitena *arena;
    char *p;
    size_t room;
    uint64_t id;
    bool plain; /* the verb: not try_ */
    int result;
    bitena_mark mark;
    struct caught caught;
};

static void open_shared(void *argument)
{
    struct job *job = (struct job *)argument;
    job->arena = bitena_open(&(bitena_options){
        .capacity = 256 * KIB, .on_failure = catch_failure, .context = &job->caught});
    job->id = bitena_thread_id;
}

static void drop(void *argument)
{
    bitena_drop(((struct job *)argument)->arena);
}

static void take(void *argument)
{
    struct job *job = (struct job *)argument;
    job->p =
        job->plain ? bitena_alloc(job->arena, BYTES, 1) : bitena_try_alloc(job->arena, BYTES, 1);
    job->id = bitena_thread_id;
}

static uint64_t owner_of(const bitena *arena)
{
    return load_relaxed(&arena_of(arena)->owner);
}

static char *take_by(struct ordered *who, struct job *job)
{
    order(who, take, job);
    assert_non_null(job->p);
    return job->p;
}

struct crew {
    struct ordered who[CREW];
    uint64_t id[CREW];
};

/* The first has slot 0, and so on. */
static void hire_all(struct crew *crew)
{
    for (uint32_t i = 0; i < CREW; i++) {
        struct job job = {0};
        hire(&crew->who[i]);
        order(&crew->who[i], open_shared, &job);
        crew->id[i] = job.id;
        assert_int_equal(slot_of(job.id), i);
        order(&crew->who[i], drop, &job);
    }
}

static void dismiss_all(struct crew *crew)
{
    for (uint32_t i = 0; i < CREW; i++) {
        dismiss(&crew->who[i]);
    }
}

static void save_take_and_rewind(void *argument)
{
    struct job *job = (struct job *)argument;
    job->mark = bitena_save(job->arena);
    (void)bitena_try_alloc(job->arena, BYTES, 1);
    job->result = bitena_rewind(job->arena, job->mark);
}

static void the_heir_of_the_owners_slot_is_the_owner_and_goes_on(void **state)
{
    (void)state;
    struct ordered first, heir;
    struct job job = {0};
    hire(&first);
    order(&first, open_shared, &job);
    char *p = take_by(&first, &job);
    dismiss(&first);
    hire(&heir);
    assert_ptr_equal(take_by(&heir, &job), p - BYTES);
    assert_int_equal(owner_of(job.arena), job.id);
    assert_int_equal(arena_of(job.arena)->tlab.bearer, job.id);
    order(&heir, save_take_and_rewind, &job);
    assert_int_equal(job.result, 0);
    assert_ptr_equal(take_by(&heir, &job), p - 2 * BYTES);
    order(&heir, drop, &job);
    dismiss(&heir);
}

static void nobody_takes_a_living_owners_room(void **state)
{
    (void)state;
    struct crew crew;
    struct job job = {0};
    hire_all(&crew);
    for (uint32_t owner = 0; owner < CREW; owner++) {
        order(&crew.who[owner], open_shared, &job);
        uint64_t id = job.id;
        char *p = take_by(&crew.who[owner], &job);
        for (uint32_t i = 0; i < CREW; i++) {
            (void)take_by(&crew.who[i], &job);
        }
        assert_int_equal(owner_of(job.arena), id);
        assert_ptr_equal(take_by(&crew.who[owner], &job), p - 2 * BYTES);
        order(&crew.who[owner], drop, &job);
    }
    dismiss_all(&crew);
}

static void a_share_is_an_equal_one_of_all_that_have_a_lease(void **state)
{
    (void)state;
    struct crew crew;
    struct job job = {0};
    hire_all(&crew);
    order(&crew.who[0], open_shared, &job);
    const struct arena *arena = arena_of(job.arena);
    for (uint32_t i = 0; i < CREW; i++) {
        (void)take_by(&crew.who[i], &job);
        (void)take_by(&crew.who[i], &job);
        assert_int_equal(fair_share(arena, SIZE_MAX), pool_free(arena->pool) / 8 / (i + 1));
    }
    dismiss(&crew.who[2]); /* its heir shares in its place */
    hire(&crew.who[2]);
    (void)take_by(&crew.who[2], &job);
    assert_int_equal(fair_share(arena, SIZE_MAX), pool_free(arena->pool) / 8 / CREW);
    order(&crew.who[0], drop, &job);
    dismiss_all(&crew);
}

static size_t taken_in_table(const bitena *arena, uint32_t slot)
{
    const struct arena *a = arena_of(arena);
    return a->pool->capacity - pool_free(a->pool) - tlab_free(&a->table[slot].tlab);
}

static void by_way_of_another_arena_a_request_is_served_once(void **state)
{
    (void)state;
    struct crew crew;
    struct job one = {0}, two = {0};
    hire_all(&crew);
    order(&crew.who[0], open_shared, &one);
    order(&crew.who[0], open_shared, &two);
    for (size_t i = 1; i < 20; i++) { /* never the one used last */
        one.plain = two.plain = i % 2;
        (void)take_by(&crew.who[1], &one);
        (void)take_by(&crew.who[1], &two);
        assert_int_equal(taken_in_table(one.arena, 1), i * BYTES);
        assert_int_equal(taken_in_table(two.arena, 1), i * BYTES);
    }
    order(&crew.who[0], drop, &one);
    order(&crew.who[0], drop, &two);
    dismiss_all(&crew);
}

static void commit_it(void *argument)
{
    struct job *job = (struct job *)argument;
    job->caught.error = 0;
    if (setjmp(job->caught.back) == 0) {
        bitena_commit(job->arena, job->p, job->room, 10);
    }
}

/* Counts what is wrong. Sizes are odd, so that no place is aligned by chance. */
static void ask_for_odd_things(void *argument)
{
    struct job *job = (struct job *)argument;
    char *before = bitena_try_alloc(job->arena, BYTES, 1), *p;
    job->result = 0;
    for (size_t size = 1; size < 30; size += 2) { /* in one lease: side by side */
        p = bitena_try_alloc(job->arena, size, 1);
        job->result += p != before - size;
        before = p;
    }
    for (size_t align = 0; align < 70; align++) {
        bool is_good = align != 0 && (align & (align - 1)) == 0;
        p = bitena_try_alloc(job->arena, 13, align);
        job->result += !is_good ? p != NULL : !p || !is_aligned_to(p, align);
    }
    for (size_t align = SIZE_MAX / 2 + 1; align >= SIZE_MAX / 2 / 64; align /= 2) {
        p = bitena_try_alloc(job->arena, 13, align);
        job->result += p && !is_aligned_to(p, align);
    }
    for (size_t less = 0; less < 3000; less++) {
        errno = 0;
        p = bitena_try_alloc(job->arena, SIZE_MAX - less * 7, 1);
        job->result += p || errno != EOVERFLOW;
    }
    p = bitena_try_window(job->arena, 100, 1, &job->room);
    job->result += bitena_try_alloc(job->arena, 0, 1) == NULL;
    job->p = p;
    commit_it(job); /* a request of nothing has closed it */
    job->result += job->caught.error != EINVAL;
}

static void beside_the_owner_too_requests_are_served_or_refused(void **state)
{
    (void)state;
    struct crew crew;
    struct job job = {0};
    hire_all(&crew);
    order(&crew.who[0], open_shared, &job);
    for (int i = 0; i < 3; i++) {
        (void)take_by(&crew.who[1], &job); /* its TLAB is the one used last */
    }
    order(&crew.who[1], ask_for_odd_things, &job);
    assert_int_equal(job.result, 0);
    order(&crew.who[0], drop, &job);
    dismiss_all(&crew);
}

static void open_small_buffer(void *argument)
{
    static _Alignas(64) char buffer[40 * KIB];
    struct job *job = (struct job *)argument;
    job->arena = bitena_init(buffer, sizeof buffer, NULL);
}

/* What stands behind the table is nobody's room, even if a thread's id is found there. */
static void a_slot_beyond_the_table_has_no_room_there(void **state)
{
    (void)state;
    struct crew crew;
    struct job job = {0};
    hire_all(&crew);
    order(&crew.who[0], open_small_buffer, &job);
    struct arena *arena = arena_of(job.arena);
    assert_true(arena->table_count < CREW - 1); /* one is the next to the table, one beyond */
    for (uint32_t i = arena->table_count; i < CREW; i++) {
        union tlab_slot *behind = &arena->table[i], before;
        for (int planted = 0; planted < 2; planted++) {
            memset(behind, 0, sizeof *behind);
            behind->tlab.bearer = planted ? crew.id[i] : 0;
            before = *behind;
            size_t shared = pool_free(arena->pool);
            (void)take_by(&crew.who[i], &job);
            (void)take_by(&crew.who[i], &job);
            assert_memory_equal(behind, &before, sizeof before);
            assert_int_equal(shared - pool_free(arena->pool), 2 * BYTES);
            assert_int_equal(arena->tlabs_in_use, 1);
        }
    }
    order(&crew.who[0], drop, &job);
    dismiss_all(&crew);
}

static void save_after_text(void *argument)
{
    struct job *job = (struct job *)argument;
    (void)bitena_alloc_str(job->arena, "on the floor");
    job->mark = bitena_save(job->arena);
}

static void take_a_large_window(void *argument)
{
    struct job *job = (struct job *)argument;
    job->p = bitena_try_window(job->arena, 8 * KIB, 1, &job->room);
    bitena_commit(job->arena, job->p, job->room, 0);
}

static void open_a_window(void *argument)
{
    struct job *job = (struct job *)argument;
    job->p = bitena_try_window(job->arena, 100, 1, &job->room);
}

static void a_mark_of_an_ended_thread_keeps_no_room(void **state)
{
    (void)state;
    for (uint32_t slot = 0; slot < 2; slot++) { /* the owner's, then one of the table */
        struct crew crew;
        struct job job = {0};
        hire_all(&crew);
        order(&crew.who[0], open_shared, &job);
        order(&crew.who[slot], save_after_text, &job);
        dismiss(&crew.who[slot]);
        hire(&crew.who[slot]);
        order(&crew.who[slot], take_a_large_window, &job);
        assert_non_null(job.p);
        assert_int_equal(bitena_used(job.arena), sizeof "on the floor");
        order(&crew.who[0], drop, &job);
        dismiss_all(&crew);
    }
}

/* So many ranges of ended marks, with live ones between them, that some stand in descriptors. */
static void leave_ended_marks(void *argument)
{
    struct job *job = (struct job *)argument;
    for (int i = 0; i < 3 * ENDED_NEAR; i++) {
        bitena_mark live = bitena_save(job->arena);
        (void)bitena_save(job->arena);
        (void)bitena_rewind(job->arena, live);
    }
}

static void an_heir_gives_the_descriptors_of_ended_marks_back(void **state)
{
    (void)state;
    for (uint32_t slot = 0; slot < 2; slot++) { /* the owner's, then one of the table */
        struct crew crew;
        struct job job = {0};
        hire_all(&crew);
        order(&crew.who[0], open_shared, &job);
        struct arena *arena = arena_of(job.arena);
        const struct tlab *tlab = slot ? &arena->table[slot].tlab : &arena->tlab;
        order(&crew.who[slot], leave_ended_marks, &job);
        assert_true(tlab->ended_older != 0);
        dismiss(&crew.who[slot]);
        hire(&crew.who[slot]);
        (void)take_by(&crew.who[slot], &job);
        assert_int_equal(tlab->ended_older, 0);
        assert_true((uint32_t)arena->pool->spare_runs != 0);
        order(&crew.who[0], drop, &job);
        dismiss_all(&crew);
    }
}

static void a_window_of_an_ended_thread_cannot_be_committed(void **state)
{
    (void)state;
    struct ordered owner, other, heir;
    struct job job = {0};
    hire(&owner);
    order(&owner, open_shared, &job);
    hire(&other);
    order(&other, open_a_window, &job);
    dismiss(&other);
    hire(&heir);
    order(&heir, commit_it, &job);
    assert_int_equal(job.caught.error, EINVAL);
    order(&heir, take, &job);
    dismiss(&heir);
    order(&owner, drop, &job);
    dismiss(&owner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_heir_of_the_owners_slot_is_the_owner_and_goes_on),
        cmocka_unit_test(nobody_takes_a_living_owners_room),
        cmocka_unit_test(a_share_is_an_equal_one_of_all_that_have_a_lease),
        cmocka_unit_test(by_way_of_another_arena_a_request_is_served_once),
        cmocka_unit_test(beside_the_owner_too_requests_are_served_or_refused),
        cmocka_unit_test(a_slot_beyond_the_table_has_no_room_there),
        cmocka_unit_test(a_mark_of_an_ended_thread_keeps_no_room),
        cmocka_unit_test(an_heir_gives_the_descriptors_of_ended_marks_back),
        cmocka_unit_test(a_window_of_an_ended_thread_cannot_be_committed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
