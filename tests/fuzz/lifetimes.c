/* Fuzz target: lifetimes. An input is a little program: its first bytes choose an arena, each further
 * operation is a byte for the verb, one for the arena, and what the model's verb chooses
 * (support/model.h, which checks every answer; odd.h for requests that no model draws). Four threads
 * are played in one: switching is setting the library's words of the thread, so calls of different
 * threads come in any order, but never at once. At the end the children are dropped, all is rewound or
 * reset, and everything must be there again. FUZZ_LOG=1 keeps a log for the message.
 * SPDX-License-Identifier: MIT */
#include <sanitizer/asan_interface.h>
#include <stdio.h>

#include "fuzz/fuzz.h"
#include "fuzz/odd.h"
#include "support/model.h"
#include "thread.h"

enum { ENDER = 3, THREADS, NESTING = 4, BUFFER_BYTES = 1 << 17, MOST_INPUT = 4096 };

/* The words that tell the library who is calling. */
static struct played {
    uint64_t id, registered;
    struct thread_last last;
} threads[THREADS];

static unsigned char buffer[BUFFER_BYTES];
static int current;
static unsigned depth;
static bool pinned; /* each thread saves a first mark, and at the end all goes back to it */

static void become(int next)
{
    threads[current] = (struct played){bitena_thread_id, thread_registered, thread_last};
    current = next;
    bitena_thread_id = threads[next].id;
    thread_registered = threads[next].registered;
    thread_last = threads[next].last;
    model.thread = (uint64_t)next + 1;
}

static void switch_thread(int arena)
{
    (void)arena;
    become((int)random_below(&model.random, ENDER));
}

static bool goes_on(void)
{
    return model.random.left > 0;
}

static void step(void);

static void inside(void)
{
    int me = current;
    depth++;
    for (size_t n = random_below(&model.random, 16); n > 0 && goes_on(); n--) {
        step();
    }
    depth--;
    become(me);
}

static void scope(int arena)
{
    if (depth < NESTING) {
        model_scope(arena, inside);
    }
}

/* Any one, the caller's or not; -1: that slot is free. */
static int any_arena(void)
{
    int arena = (int)random_below(&model.random, MODEL_ARENAS);
    return model.arenas[arena].handle ? arena : -1;
}

static void stranger(int arena)
{
    arena = any_arena();
    if (arena >= 0) {
        model_stranger(arena);
    }
}

static void own(int arena)
{
    arena = any_arena();
    if (arena > 0 || (arena == 0 && !pinned)) {
        model_own(arena);
    }
}

static void absorb(int arena)
{
    if (!pinned || model.arenas[arena].parent > 0) {
        model_absorb(arena);
    }
}

static void reset(int arena)
{
    if (arena != 0 || !pinned) {
        model_reset(arena);
    }
}

static void drop_all(int arena)
{
    (void)arena;
    model_drop_children();
}

static void (*const verbs[])(int) = {model_alloc,
                                     model_text,
                                     model_resize,
                                     model_open_window,
                                     model_commit,
                                     model_save,
                                     model_rewind,
                                     model_rewind_dead,
                                     model_defer,
                                     model_new_child,
                                     model_drop,
                                     absorb,
                                     reset,
                                     model_trim,
                                     own,
                                     stranger,
                                     model_bad_request,
                                     scope,
                                     model_check_numbers,
                                     switch_thread,
                                     odd_request,
                                     odd_slice,
                                     odd_making,
                                     drop_all,
                                     model_alloc,
                                     model_resize,
                                     model_alloc,
                                     model_resize,
                                     model_alloc,
                                     model_text,
                                     switch_thread,
                                     model_rewind};

/* The chosen one of those that this thread may use; -1: none. */
static int pick_arena(void)
{
    int usable[MODEL_ARENAS];
    size_t count = 0;
    for (int i = 0; i < MODEL_ARENAS; i++) {
        if (model_may_use(i)) {
            usable[count++] = i;
        }
    }
    size_t draw = random_below(&model.random, 256);
    return count ? usable[draw % count] : -1;
}

static void step(void)
{
    size_t verb = random_below(&model.random, sizeof verbs / sizeof *verbs);
    model.step++;
    if (model.object_count + 8 > MODEL_OBJECTS) {
        model.random.left = 0; /* the books are full */
        return;
    }
    int arena = pick_arena();
    if (arena >= 0) {
        verbs[verb](arena);
    } else {
        become((int)random_below(&model.random, ENDER));
    }
    if (model.object_count > 0) {
        model_verify(&model.objects[model.step % model.object_count]);
    }
}

/* Only what the last program used is put back: the books are large, and a program is short. */
static void begin_model(const uint8_t *data, size_t size)
{
    static int unlogged = -1;
    if (unlogged < 0) {
        unlogged = getenv("FUZZ_LOG") == NULL;
    }
    memset(model.arenas, 0, sizeof model.arenas);
    model.random = (struct random){data, size};
    model.step = model.clock = 0;
    model.object_count = model.mark_count = model.cleanup_count = model.window_count = 0;
    model.armed = model.running_cleanups = false;
    model.unlogged = unlogged;
    model.aborts = true;
    model.logged = model.refused = model.ran = model.rewinds = model.resets = 0;
    depth = 0;
    for (int i = 0; i < THREADS; i++) {
        become(i);
        (void)thread_id(); /* registers it, the first time */
        thread_last.epoch = 0;
    }
    become(0);
}

static void begin_arena(void)
{
    static const size_t leases[] = {0, 1024, 1024, 4096};
    enum model_kind kind = (enum model_kind)random_below(&model.random, 3);
    size_t flags = random_below(&model.random, 256);
    size_t capacity = random_between(&model.random, 1000, 1000 + (8 << 10));
    bitena_options options = {
        .lease_max = leases[flags % 4], .on_failure = model_on_failure, .context = &model};
    options.mode = kind == KIND_EXACT   ? BITENA_EXACT
                   : kind == KIND_LOCAL ? BITENA_LOCAL
                                        : BITENA_SHARED;
    options.capacity = kind == KIND_SHARED ? (16 << 10) + capacity : capacity;
    pinned = flags & 8;
    bool in_buffer = flags & 16;
    size_t at = flags >> 5; /* aligned or not */
    /* shared: room in its table for every thread, since the model knows none without a TLAB */
    size_t size = kind == KIND_SHARED ? THREADS << 14 : BITENA_BUFFER_SIZE(options.capacity);
    ASAN_UNPOISON_MEMORY_REGION(buffer, sizeof buffer);
    ASAN_POISON_MEMORY_REGION(buffer + at + size, sizeof buffer - at - size);
    model_open_root(kind, &options, in_buffer ? buffer + at : NULL, size);
    for (int i = ENDER - 1; pinned && i >= 0; i--) {
        become(i);
        if (model_may_use(0) && (kind == KIND_SHARED || i == 0)) {
            model_save(0);
        }
    }
}

static void end_arena(void)
{
    model_verify_all();
    become(ENDER);
    model_drop_children();
    model_verify_all();
    if (pinned) {
        for (int i = 0; i < ENDER; i++) {
            become(i);
            model_rewind_to_first();
        }
        model_check_all_went_back();
    }
    become(ENDER);
    if (model.arenas[0].kind == KIND_LOCAL) {
        model_own(0);
    }
    model_reset(0);
    bitena_drop(model.arenas[0].handle);
    overlap_close(&model.map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    begin_model(data, size < MOST_INPUT ? size : MOST_INPUT);
    begin_arena();
    while (goes_on()) {
        step();
    }
    end_arena();
    become(0);
    return 0;
}
