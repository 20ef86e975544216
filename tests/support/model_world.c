/* The model's worlds: an arena of some kind, three threads that do random operations in it, one at
 * a time, and what must hold at the end, when the children are dropped and everything is rewound or
 * reset. Who has the turn passes it on under a lock, in the middle of its scopes too; a thread may
 * end, and a new one takes its place.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>

#include "support/model.h"

enum { MAIN = MODEL_WORKERS, NESTING = 4, BUFFER_BYTES = 1 << 18 };
enum order { RUN, REWIND_FIRST, END };

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int turn; /* a worker, or MAIN */
    enum order order;
    int replace;      /* a worker that has ended, or -1 */
    uint64_t threads; /* ever */
} baton = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, MAIN, RUN, -1, 0};

static struct {
    enum model_kind kind;
    size_t capacity, lease_max;
    bool pinned; /* each worker saves a first mark, and at the end all goes back to it */
    unsigned char *buffer;
} world;

static struct {
    pthread_t id;
    uint64_t number;
    bool done, begun; /* with this world */
} workers[MODEL_WORKERS];

static void pass_to(int next)
{
    pthread_mutex_lock(&baton.lock);
    baton.turn = next;
    pthread_cond_broadcast(&baton.changed);
    pthread_mutex_unlock(&baton.lock);
}

static void await_turn(int me)
{
    pthread_mutex_lock(&baton.lock);
    while (baton.turn != me) {
        pthread_cond_wait(&baton.changed, &baton.lock);
    }
    pthread_mutex_unlock(&baton.lock);
    if (me != MAIN) {
        model.worker = me;
        model.thread = workers[me].number;
    }
}

/* One that this thread may use, the root more often than the others; -1: none. */
static int pick_arena(void)
{
    int chosen = -1;
    for (size_t count = 0, i = 0; i < MODEL_ARENAS; i++) {
        if (model_may_use((int)i) && random_one_in(&model.random, ++count)) {
            chosen = (int)i;
        }
    }
    return model_may_use(0) && random_one_in(&model.random, 3) ? 0 : chosen;
}

static void step(unsigned depth);

static void steps_at(unsigned depth)
{
    for (size_t n = random_below(&model.random, 40); n > 0 && !model.finishing; n--) {
        step(depth);
    }
}

static void inside_1(void)
{
    steps_at(1);
}

static void inside_2(void)
{
    steps_at(2);
}

static void inside_3(void)
{
    steps_at(3);
}

static void any_arena_step(void)
{
    int arena = (int)random_below(&model.random, MODEL_ARENAS);
    if (!model.arenas[arena].handle) {
        return;
    }
    if (!model_may_use(arena) && random_one_in(&model.random, 2)) {
        model_stranger(arena);
    } else if (arena != 0 || !world.pinned) {
        model_own(arena);
    }
}

static void end_something(int arena)
{
    bool root = arena == 0;
    size_t draw = random_below(&model.random, 16);
    if (draw < 7) {
        model_drop(arena);
    } else if (draw < 11) {
        if (!world.pinned || model.arenas[arena].parent > 0) {
            model_absorb(arena);
        }
    } else if (!root) {
        model_reset(arena);
    } else if (!world.pinned && random_one_in(&model.random, 3)) {
        if (random_one_in(&model.random, 2)) {
            model_drop_children();
        }
        model_reset(arena);
    }
}

static void operate(int arena, unsigned depth)
{
    static void (*const inside[NESTING])(void) = {inside_1, inside_2, inside_3, NULL};
    static void (*const verbs[])(int) = {
        model_alloc,        model_alloc,       model_alloc,  model_alloc,       model_alloc,
        model_alloc,        model_alloc,       model_text,   model_text,        model_text,
        model_resize,       model_resize,      model_resize, model_open_window, model_open_window,
        model_commit,       model_commit,      model_save,   model_save,        model_rewind,
        model_rewind,       model_rewind_dead, model_defer,  model_defer,       model_new_child,
        model_check_numbers};
    size_t draw = random_below(&model.random, 32);
    if (draw < sizeof verbs / sizeof *verbs) {
        verbs[draw](arena);
    } else if (draw == 26 && inside[depth]) {
        model_scope(arena, inside[depth]);
    } else if (draw < 29) {
        any_arena_step();
    } else if (draw < 31) {
        end_something(arena);
    } else {
        (random_one_in(&model.random, 4) ? model_trim : model_bad_request)(arena);
    }
}

static void begin_world(void)
{
    if (!model.arenas[0].handle) {
        bitena_options options = {.capacity = world.capacity,
                                  .lease_max = world.lease_max,
                                  .on_failure = model_on_failure,
                                  .context = &model};
        options.mode = world.kind == KIND_EXACT   ? BITENA_EXACT
                       : world.kind == KIND_LOCAL ? BITENA_LOCAL
                                                  : BITENA_SHARED;
        model_open_root(world.kind, &options, world.buffer ? world.buffer + 3 : NULL, BUFFER_BYTES);
    }
    /* also: a new thread takes over what an ended one left, and from now on that is its own */
    bool first = model.mark_count == 0;
    if (world.kind == KIND_SHARED || (world.pinned && first && model_may_use(0))) {
        model_save(0);
    }
}

static void step(unsigned depth)
{
    if (++model.step >= model.steps) {
        model.finishing = true;
        return;
    }
    if (!workers[model.worker].begun) {
        workers[model.worker].begun = true;
        begin_world();
    }
    int arena = pick_arena();
    if (arena >= 0) {
        operate(arena, depth);
    } else {
        any_arena_step();
    }
    if (model.object_count > 0) {
        size_t i = random_below(&model.random, model.object_count);
        if (model_lies(PLANT_BYTES) && !model.objects[i].opaque) {
            model.objects[i].at[model.objects[i].size / 2] ^= 1;
        }
        model_verify(&model.objects[i]);
    }
    if (random_one_in(&model.random, 24)) {
        int me = model.worker;
        pass_to((int)random_below(&model.random, MODEL_WORKERS));
        await_turn(me);
    }
}

static int next_not_done(void)
{
    for (int i = 0; i < MODEL_WORKERS; i++) {
        if (!workers[i].done) {
            return i;
        }
    }
    return MAIN;
}

static void *work(void *argument)
{
    int me = (int)(intptr_t)argument;
    for (;;) {
        await_turn(me);
        if (baton.order == END) {
            return NULL;
        }
        if (baton.order == REWIND_FIRST) {
            model_rewind_to_first();
        }
        while (baton.order == RUN && !model.finishing) {
            step(0);
            if (!world.pinned && random_one_in(&model.random, 1500)) {
                model_thread_ends();
                baton.replace = me;
                pass_to(MAIN);
                return NULL;
            }
        }
        workers[me].done = true;
        pass_to(next_not_done());
    }
}

static void begin_worker(int i)
{
    workers[i].number = ++baton.threads;
    workers[i].begun = false;
    if (pthread_create(&workers[i].id, NULL, work, (void *)(intptr_t)i) != 0) {
        perror("pthread_create");
        exit(1);
    }
}

/* All workers have obeyed. */
static void give(enum order order)
{
    baton.order = order;
    for (int i = 0; i < MODEL_WORKERS; i++) {
        workers[i].done = false;
    }
    int next = 0;
    do {
        baton.replace = -1;
        pass_to(next);
        await_turn(MAIN);
        if (baton.replace >= 0) {
            next = baton.replace;
            pthread_join(workers[next].id, NULL);
            begin_worker(next);
        }
    } while (baton.replace >= 0);
}

static void end_world(void)
{
    model_verify_all();
    model.thread = ++baton.threads; /* the main thread, as a new one each time */
    model_drop_children();
    model_verify_all();
    if (world.pinned) {
        give(REWIND_FIRST);
        model_check_all_went_back();
    }
    model.thread = ++baton.threads;
    if (world.kind == KIND_LOCAL) {
        model_own(0);
    }
    model_reset(0);
    bitena_drop(model.arenas[0].handle);
    overlap_close(&model.map);
}

/* Six kinds of arena, by number; the rest of what a world is comes from the seed. */
void model_run_world(size_t number, uint64_t seed, uint64_t steps, enum model_plant plant)
{
    static unsigned char buffer[BUFFER_BYTES + 8];
    model = (struct model){.random = {seed * MODEL_WORLDS + number}, .seed = seed, .steps = steps};
    model.plant = plant;
    model.world = number;
    bool shared = number % 3 == 0;
    world.kind = shared ? KIND_SHARED : number % 3 == 1 ? KIND_EXACT : KIND_LOCAL;
    world.buffer = number < 3 ? NULL : buffer;
    world.capacity = shared ? random_between(&model.random, 17 << 10, 90 << 10)
                            : random_between(&model.random, 2000, 60000);
    world.pinned = plant != PLANT_RESET && random_one_in(&model.random, 2);
    world.lease_max =
        random_one_in(&model.random, 2) ? 0 : (size_t)1024 << random_below(&model.random, 4);
    for (int i = 0; i < MODEL_WORKERS; i++) {
        workers[i].begun = false;
        if (workers[i].number == 0) {
            begin_worker(i);
        }
    }
    give(RUN);
    end_world();
}

void model_end_workers(void)
{
    baton.order = END;
    for (int i = 0; i < MODEL_WORKERS; i++) {
        pass_to(i);
        pthread_join(workers[i].id, NULL);
        workers[i].number = 0;
    }
    pass_to(MAIN);
}
