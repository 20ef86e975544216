/* Does every verb of the library a fixed number of times, for callgrind to count; measures nothing
 * itself and prints what it is and what it did, for tools/instructions. Each case is warm when
 * its counted calls begin: the same calls were made before from another function.
 *
 * Usage: bench_verbs (no arguments), under valgrind --tool=callgrind
 * SPDX-License-Identifier: MIT */
#include "verbs.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { GROWN = 32 << 10, SMALL_ROOM = 8 << 10, PLANTED_TURNS = 20, DOUBLINGS = 10 };

_Noreturn void broken(const char *what)
{
    fprintf(stderr, "bench_verbs: %s\n", what);
    exit(1);
}

bitena *checked(bitena *arena)
{
    if (!arena) {
        broken("an arena could not be made");
    }
    return arena;
}

APART void planted_call(void)
{
    for (int i = 0; i < PLANTED_TURNS; i++) {
        __asm__ volatile("nop");
    }
}

void take_ten(bitena *arena)
{
    for (int i = 0; i < TEN; i++) {
        (void)bitena_alloc(arena, 16, 8);
    }
}

size_t room_of(bitena *arena)
{
    size_t room = 0;
    void *window = bitena_window(arena, 1, 1, &room);
    bitena_commit(arena, window, room, 0);
    return room;
}

void use_up(bitena *arena)
{
    (void)bitena_alloc(arena, room_of(arena), 1);
}

/* A lease is of full size after some doublings. */
void grow_leases(bitena *arena)
{
    for (int i = 0; i < DOUBLINGS || room_of(arena) < GROWN; i++) {
        use_up(arena);
        (void)bitena_alloc(arena, 16, 8);
    }
}

void leave_room(struct scene *scene)
{
    while (room_of(scene->arena) < SMALL_ROOM) {
        use_up(scene->arena);
        (void)bitena_alloc(scene->arena, 16, 8);
    }
}

static bitena *open_as(int mode)
{
    bitena_options options = {.capacity = CAPACITY, .mode = mode, .name = "verbs"};
    return checked(bitena_open(&options));
}

void open_shared(struct scene *scene)
{
    scene->arena = scene->root = open_as(BITENA_SHARED);
    grow_leases(scene->arena);
}

void open_local(struct scene *scene)
{
    scene->arena = scene->root = open_as(BITENA_LOCAL);
    grow_leases(scene->arena);
}

void open_exact(struct scene *scene)
{
    scene->arena = scene->root = open_as(BITENA_EXACT);
}

void mark_here(struct scene *scene)
{
    scene->mark = bitena_save(scene->arena);
}

void rewind_here(struct scene *scene)
{
    if (bitena_rewind(scene->arena, scene->mark) != 0) {
        broken("a mark is dead");
    }
}

void open_marked(struct scene *scene)
{
    open_shared(scene);
    mark_here(scene);
}

void open_exact_marked(struct scene *scene)
{
    open_exact(scene);
    mark_here(scene);
}

void open_beside_child(struct scene *scene)
{
    open_shared(scene);
    scene->other = scene->child = checked(bitena_new_child(scene->root));
    grow_leases(scene->other);
    grow_leases(scene->arena);
}

void open_child(struct scene *scene)
{
    open_beside_child(scene);
    scene->arena = scene->child;
    scene->other = scene->root;
}

void prepare_ten(struct scene *scene)
{
    take_ten(scene->arena);
}

static inline __attribute__((always_inline)) void call(const struct verb_case *c,
                                                       struct scene *scene, int times)
{
    for (int i = 0; i < times; i++) {
        if (c->prepare) {
            c->prepare(scene);
        }
        scene->run = c->verb(scene->arena, scene, scene->size);
        if (c->settle) {
            c->settle(scene);
        }
    }
}

/* What tools/instructions looks for are the calls from this function. */
static APART void count_calls(const struct verb_case *c, struct scene *scene)
{
    call(c, scene, CALLS);
}

static APART void warm_up(const struct verb_case *c, struct scene *scene)
{
    call(c, scene, WARM_CALLS);
}

struct act {
    const struct verb_case *verb;
    struct scene scene;
};

static void *play(void *argument)
{
    struct act *act = (struct act *)argument;
    warm_up(act->verb, &act->scene);
    count_calls(act->verb, &act->scene);
    return NULL;
}

static void run(const struct verb_case *c)
{
    struct act act = {.verb = c};
    c->open(&act.scene);
    if (c->by_stranger) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, play, &act) != 0 || pthread_join(thread, NULL) != 0) {
            broken("a thread could not be run");
        }
    } else {
        (void)play(&act);
    }
    bitena_drop(act.scene.child);
    bitena_drop(act.scene.root);
    printf("verb\t%s\t%s\t%d\t%s\n", c->name, c->is_inline ? "inline" : "call", c->limit, c->what);
}

/* Counts can be compared between builds that agree in this line. */
static void print_build(void)
{
    const char *options = "";
#ifdef __clang__
    printf("build\tclang %d", __clang_major__);
#else
    printf("build\tgcc %d", __GNUC__);
#endif
#ifdef __x86_64__
    printf(", x86-64");
#else
    printf(", not x86-64");
#endif
#ifdef __OPTIMIZE_SIZE__
    options = ", for size";
#elif !defined __OPTIMIZE__
    options = ", not optimised";
#endif
#ifdef __CET__
    printf(", with landing pads");
#endif
#ifdef __GLIBC__
    printf("%s, glibc %d.%d\n", options, __GLIBC__, __GLIBC_MINOR__);
#else
    printf("%s, another libc than glibc\n", options);
#endif
}

int main(void)
{
    const struct verb_case *lists[] = {allocation_verbs, lifetime_verbs, arena_verbs};
    print_build();
    for (size_t l = 0; l < sizeof lists / sizeof *lists; l++) {
        for (const struct verb_case *c = lists[l]; c->name; c++) {
            run(c);
        }
    }
    return 0;
}
