/* Cleanups wherever they were deferred: by the owner, by other threads, in an EXACT arena, in absorbed
 * children and in those that these had absorbed. A reset runs each once, those that they defer too, and
 * sees the children that they make. What a cleanup may do to the marks that are ending stands here too;
 * the order of cleanups is in cleanups.c.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include "support/misuse.h"
#include "support/subject.h"
#include "support/trial.h"

enum { KIB = 1024, PLACES = 8 };

/* A cleanup that stands at one of the places, and what it does in the arena when it runs. */
struct act {
    bitena *arena, *child;
    int place, left, ran;
    bool makes_a_child;
};

static void do_it(void *argument)
{
    struct act *act = (struct act *)argument;
    act->ran++;
    if (act->left-- > 0) {
        bitena_defer(act->arena, do_it, act);
    } else if (act->makes_a_child) {
        act->child = bitena_new_child(act->arena);
        assert_non_null(act->child);
    }
}

static void defer_it(void *argument)
{
    struct act *act = (struct act *)argument;
    bitena_defer(act->arena, do_it, act);
}

static void only_come(void *argument)
{
    (void)bitena_alloc(((struct act *)argument)->arena, 8, 8);
}

static void come_and_let_another_defer(void *argument)
{
    only_come(argument);
    in_another_thread(defer_it, argument);
}

static void defer_and_let_another_come(void *argument)
{
    defer_it(argument);
    in_another_thread(only_come, argument);
}

/* A child of `depth` generations, each absorbed by the one before; the cleanup stands in the last, or in
 * an elder or a younger sister of it. */
static void defer_in_an_absorbed(bitena *parent, struct act *act, int depth)
{
    bitena *sisters[3];
    for (int i = 0; i < 3; i++) {
        sisters[i] = bitena_new_child(parent);
    }
    if (depth > 1) {
        defer_in_an_absorbed(sisters[1], act, depth - 1);
    } else {
        bitena_defer(sisters[1], do_it, act);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(bitena_absorb(parent, sisters[i]), 0);
    }
}

static void defer_at(struct act *act)
{
    switch (act->place) {
    case 0:
        defer_it(act);
        break;
    case 1:
        in_another_thread(defer_it, act);
        break;
    case 2:
        in_another_thread(come_and_let_another_defer, act);
        break;
    case 3:
        in_another_thread(defer_and_let_another_come, act);
        break;
    case 4:
        in_another_thread(only_come, act);
        defer_it(act);
        break;
    default:
        defer_in_an_absorbed(act->arena, act, act->place - 4);
        break;
    }
}

static bool has_place(enum kind kind, int place)
{
    return place == 0 || place > 4 || (kind != KIND_LOCAL && kind != KIND_CHILD);
}

static void a_reset_runs_what_cleanups_of_any_place_defer(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        for (int place = 0; place < PLACES; place++) {
            for (int way = 0; way < 3 && has_place(kind, place); way++) {
                struct subject subject = subject_open(kind, 128 * KIB, NULL);
                struct act act = {.arena = subject.arena, .place = place, .left = way};
                defer_at(&act);
                assert_int_equal(act.ran, 0);
                assert_int_equal(bitena_reset(subject.arena), 0);
                assert_int_equal(act.ran, way + 1);
                assert_int_equal(bitena_reset(subject.arena), 0);
                assert_int_equal(act.ran, way + 1);
                subject_close(&subject);
            }
        }
    }
}

static void a_child_made_by_a_cleanup_of_any_place_stops_the_reset(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        for (int place = 0; place < PLACES; place++) {
            for (int way = 0; way < 2 && has_place(kind, place); way++) {
                struct subject subject = subject_open(kind, 128 * KIB, NULL);
                struct act act = {subject.arena, NULL, place, way, 0, true};
                defer_at(&act);
                ASSERT_REFUSED(EBUSY, bitena_reset(subject.arena));
                assert_int_equal(act.ran, way + 1);
                memset(bitena_alloc(act.child, 100, 8), 1, 100);
                bitena_drop(act.child);
                assert_int_equal(bitena_reset(subject.arena), 0);
                assert_int_equal(act.ran, way + 1);
                subject_close(&subject);
            }
        }
    }
}

struct made {
    bitena *arena, *child;
};

static void make_a_child(void *argument)
{
    struct made *made = (struct made *)argument;
    made->child = bitena_new_child(made->arena);
}

static void assert_drop_stops(bitena *arena, struct caught *caught)
{
    struct made made = {arena, NULL};
    bitena_defer(arena, make_a_child, &made);
    ASSERT_REPORTS(caught, EBUSY, bitena_drop(arena));
    memset(bitena_alloc(made.child, 100, 8), 1, 100);
    bitena_drop(made.child);
    bitena_drop(arena);
}

static void a_child_made_by_a_cleanup_stops_the_drop(void **state)
{
    (void)state;
    for (int mode = BITENA_SHARED; mode <= BITENA_LOCAL; mode++) {
        struct caught caught;
        bitena *arena = bitena_open(&(bitena_options){
            .capacity = 128 * KIB, .mode = mode, .on_failure = catch_failure, .context = &caught});
        assert_drop_stops(bitena_new_child(arena), &caught);
        assert_drop_stops(arena, &caught);
    }
}

/* Three sisters in each of three generations, each with a cleanup; all absorbed, from below or from
 * above. */
static void fill_a_generation(bitena *parent, struct act *acts, int depth)
{
    bitena *sisters[3];
    for (int i = 0; i < 3; i++) {
        sisters[i] = bitena_new_child(parent);
        assert_non_null(sisters[i]);
        bitena_defer(sisters[i], do_it, acts);
        memset(bitena_alloc(sisters[i], 100, 8), 1, 100);
        if (depth > 1) {
            fill_a_generation(sisters[i], acts, depth - 1);
        }
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(bitena_absorb(parent, sisters[i]), 0);
    }
}

static void every_cleanup_of_a_tree_of_absorbed_children_runs_once(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        for (int way = 0; way < 2; way++) {
            struct subject subject = subject_open(kind, 256 * KIB, NULL);
            struct numbers before = numbers_of(subject.arena);
            struct act act = {.arena = subject.arena};
            fill_a_generation(subject.arena, &act, 3);
            if (way == 0) {
                assert_int_equal(bitena_reset(subject.arena), 0);
                assert_int_equal(act.ran, 3 + 9 + 27);
                assert_int_equal(bitena_used(subject.arena), before.used);
            }
            subject_close(&subject);
            assert_int_equal(act.ran, 3 + 9 + 27);
        }
    }
}

struct rewinding {
    bitena *arena;
    bitena_mark mark;
    int error, ran, older;
};

static void rewind_to_the_mark(void *argument)
{
    struct rewinding *r = (struct rewinding *)argument;
    r->ran++;
    errno = 0;
    r->error = bitena_rewind(r->arena, r->mark) == 0 ? 0 : errno;
}

static void count_the_older(void *argument)
{
    ((struct rewinding *)argument)->older++;
}

/* A mark ends as soon as an outer one is rewound to: a cleanup that runs then cannot use it, and what was
 * deferred before both is not run. */
static void a_cleanup_cannot_rewind_to_a_mark_that_is_ending(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        struct subject subject = subject_open(kind, 64 * KIB, NULL);
        struct rewinding r = {.arena = subject.arena};
        bitena_defer(r.arena, count_the_older, &r);
        struct numbers before = numbers_of(r.arena);
        bitena_mark outer = bitena_save(r.arena);
        bitena_defer(r.arena, rewind_to_the_mark, &r);
        r.mark = bitena_save(r.arena);
        (void)bitena_alloc(r.arena, 9000, 8);
        assert_int_equal(bitena_rewind(r.arena, outer), 0);
        assert_int_equal(r.ran, 1);
        assert_int_equal(r.older, 0);
        assert_int_equal(r.error, EINVAL);
        assert_same_numbers(r.arena, before);
        assert_int_equal(bitena_rewind(r.arena, outer), 0);
        subject_close(&subject);
        assert_int_equal(r.ran, 1);
        assert_int_equal(r.older, 1);
    }
}

/* A reset ends its marks after its cleanups: nothing is left that is newer than this one. */
static void a_cleanup_of_a_reset_may_rewind_to_a_mark_behind_it(void **state)
{
    (void)state;
    for (enum kind kind = KIND_SHARED; kind < KIND_COUNT; kind++) {
        for (int way = 0; way < 2; way++) {
            struct subject subject = subject_open(kind, 64 * KIB, NULL);
            struct rewinding r = {.arena = subject.arena};
            size_t used = bitena_used(r.arena);
            bitena_defer(r.arena, rewind_to_the_mark, &r);
            r.mark = bitena_save(r.arena);
            (void)bitena_alloc(r.arena, 9000, 8);
            if (way == 1) {
                bitena_defer(r.arena, count_the_older, &r);
            }
            assert_int_equal(bitena_reset(r.arena), 0);
            assert_int_equal(r.error, 0);
            assert_int_equal(r.ran, 1);
            assert_int_equal(r.older, way);
            assert_int_equal(bitena_used(r.arena), used);
            subject_close(&subject);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reset_runs_what_cleanups_of_any_place_defer),
        cmocka_unit_test(a_child_made_by_a_cleanup_of_any_place_stops_the_reset),
        cmocka_unit_test(a_child_made_by_a_cleanup_stops_the_drop),
        cmocka_unit_test(every_cleanup_of_a_tree_of_absorbed_children_runs_once),
        cmocka_unit_test(a_cleanup_cannot_rewind_to_a_mark_that_is_ending),
        cmocka_unit_test(a_cleanup_of_a_reset_may_rewind_to_a_mark_behind_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
