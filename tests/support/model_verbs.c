/* The model's allocating operations: each asks the library, then holds the answer against the
 * books. A refusal must be ENOMEM, change nothing, and be believable: what remains, cut into as
 * many pieces as there can be, has none so large.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "support/model.h"

enum { SPARE_PIECES = 16 };

static size_t random_size(void)
{
    size_t draw = random_below(&model.random, 64);
    if (draw == 0) {
        return random_between(&model.random, 1, model.capacity + 8);
    }
    return random_skewed(&model.random, draw < 8 ? 13 : 8);
}

static size_t random_align(void)
{
    unsigned max_log = random_one_in(&model.random, 24) ? 13 : 5;
    return (size_t)1 << random_below(&model.random, max_log + 1);
}

struct numbers {
    size_t remaining, used;
};

static struct numbers numbers_of(int arena)
{
    bitena *handle = model.arenas[arena].handle;
    return (struct numbers){bitena_remaining(handle), bitena_used(handle)};
}

static void check_refusal(int arena, struct numbers before, size_t size, size_t align, int error)
{
    if (model_lies(PLANT_REFUSAL)) {
        (void)bitena_try_alloc(model.arenas[arena].handle, 1, 1);
    }
    struct numbers after = numbers_of(arena);
    model.refused++;
    model_log("... refused, %zu remain", after.remaining);
    if (error != ENOMEM) {
        model_mismatch("size %zu, alignment %zu: error %s", size, align, strerror(error));
    }
    if (after.remaining != before.remaining || after.used != before.used) {
        model_mismatch("a refusal has changed: remaining %zu to %zu, used %zu to %zu",
                       before.remaining, after.remaining, before.used, after.used);
    }
    size_t pieces = 2 * model_pieces() + SPARE_PIECES;
    if (size + align <= before.remaining / pieces) {
        model_mismatch("%zu bytes aligned to %zu refused though %zu remain in at most %zu pieces",
                       size, align, before.remaining, pieces);
    }
}

static void check_taken(int arena, size_t before, const struct model_object *object, size_t align)
{
    const struct model_arena *a = &model.arenas[arena];
    size_t after = bitena_remaining(a->handle);
    if (after > before || before - after < object->size) {
        model_mismatch("%zu bytes taken, but remaining went from %zu to %zu", object->size, before,
                       after);
    }
    if (a->plain && before - after > object->size + align - 1) {
        model_mismatch("EXACT: %zu bytes aligned to %zu took %zu", object->size, align,
                       before - after);
    }
}

/* The plain verb, with a handler that jumps. */
static __attribute__((noinline)) void *alloc_or_jump(bitena *arena, size_t size, size_t align)
{
    if (setjmp(model.jump) != 0) {
        if (model.failed_size != size || model.failed_align != align) {
            model_mismatch("the handler was told %zu bytes aligned to %zu", model.failed_size,
                           model.failed_align);
        }
        errno = model.failed_error;
        return NULL;
    }
    model.armed = true;
    void *p = bitena_alloc(arena, size, align);
    model.armed = false;
    return p;
}

/* A commit of a window that another verb has closed is reported. */
static __attribute__((noinline)) void commit_late(bitena *arena, const struct model_window *window)
{
    if (setjmp(model.jump) == 0) {
        model.armed = true;
        bitena_commit(arena, window->at, window->room, 1);
        model_mismatch("a commit of a closed window passed");
    }
    if (model.failed_error != EINVAL) {
        model_mismatch("a late commit: error %d", model.failed_error);
    }
}

static struct model_window *my_window(int arena)
{
    for (size_t i = 0; i < model.window_count; i++) {
        if (model.windows[i].arena == arena && model.windows[i].thread == model.thread) {
            return &model.windows[i];
        }
    }
    return NULL;
}

void model_alloc(int arena)
{
    bitena *handle = model.arenas[arena].handle;
    size_t size = random_size(), align = random_align();
    const struct model_window *open = my_window(arena);
    struct model_window late = open ? *open : (struct model_window){0};
    if (model.object_count == MODEL_OBJECTS) {
        return;
    }
    model_log("alloc %zu aligned to %zu in arena %d", size, align, arena);
    model_close_window(arena);
    struct numbers before = numbers_of(arena);
    errno = 0;
    void *p = random_one_in(&model.random, 2) ? bitena_try_alloc(handle, size, align)
                                              : alloc_or_jump(handle, size, align);
    if (p && model_lies(PLANT_REFUSED)) {
        (void)bitena_resize(handle, p, size, 0, 1);
        before = numbers_of(arena);
        p = NULL;
        errno = ENOMEM;
    }
    if (!p) {
        check_refusal(arena, before, size, align, errno);
        return;
    }
    model_log("... at %p", p);
    check_taken(arena, before.remaining, model_add(arena, p, size, align), align);
    if (late.at && random_one_in(&model.random, 2)) {
        model_log("late commit");
        commit_late(handle, &late);
    }
}

void model_text(int arena)
{
    static char letters[600];
    bitena *handle = model.arenas[arena].handle;
    size_t length = random_skewed(&model.random, 9) - 1;
    if (model.object_count == MODEL_OBJECTS) {
        return;
    }
    memset(letters, 'a' + (int)random_below(&model.random, 26), sizeof letters);
    letters[length] = 0;
    model_log("text of %zu in arena %d", length, arena);
    model_close_window(arena);
    struct numbers before = numbers_of(arena);
    char *p = random_one_in(&model.random, 2) ? bitena_try_alloc_str(handle, letters)
                                              : bitena_try_alloc_strn(handle, letters, length);
    if (!p) {
        check_refusal(arena, before, length + 1, 1, errno);
    } else if (memcmp(p, letters, length + 1) != 0) {
        model_mismatch("the copy of a text of %zu differs", length);
    } else if (length == 0) {
        if (bitena_remaining(handle) != before.remaining) {
            model_mismatch("the empty text took memory");
        }
    } else {
        check_taken(arena, before.remaining, model_add(arena, p, length + 1, 1), 1);
    }
}

/* Some object of the arena, or MODEL_OBJECTS. A root's may be another thread's: what must move
 * is copied then. */
static size_t pick_object(int arena)
{
    if (model.object_count == 0) {
        return MODEL_OBJECTS;
    }
    size_t last = model.object_count - 1;
    for (int tries = 0; tries < 16; tries++) {
        size_t i = random_one_in(&model.random, 2)
                       ? last - random_below(&model.random, last < 8 ? last + 1 : 8)
                       : random_below(&model.random, last + 1);
        if (model.objects[i].arena == arena && !model.objects[i].absorbed &&
            !model.objects[i].opaque) {
            return i;
        }
    }
    return MODEL_OBJECTS;
}

static void resize_from_nothing(int arena, size_t size, size_t align)
{
    struct numbers before = numbers_of(arena);
    void *p = bitena_try_resize(model.arenas[arena].handle, NULL, 0, size, align);
    if (p) {
        check_taken(arena, before.remaining, model_add(arena, p, size, align), align);
    } else {
        check_refusal(arena, before, size, align, errno);
    }
}

static void resize_to_nothing(int arena, size_t index, struct numbers before)
{
    struct model_object *object = &model.objects[index];
    void *p = bitena_try_resize(model.arenas[arena].handle, object->at, object->size, 0, 1);
    if (!p) {
        model_mismatch("resize to 0 gave NULL");
    }
    model_forget(index);
    if (bitena_remaining(model.arenas[arena].handle) < before.remaining) {
        model_mismatch("resize to 0 took memory");
    }
}

/* What was there first is there still; the object has its new place and size. */
static void note_resize(size_t index, unsigned char *p, size_t size, size_t align)
{
    struct model_object *object = &model.objects[index];
    struct model_object old = *object;
    size_t common = size < old.size ? size : old.size;
    if (!overlap_release(&model.map, old.at, old.size)) {
        model_mismatch("the map has lost object %" PRIu64, old.id);
    }
    object->size = 0; /* not in its own way */
    model_claim(p, size);
    if ((uintptr_t)p % align != 0) {
        model_mismatch("resized to %p: not aligned to %zu", (void *)p, align);
    }
    object->at = p;
    object->size = common;
    model_verify(object);
    object->size = size;
    model_fill(object, common);
    if (p != old.at) { /* a copy is as young as this call, and the caller's */
        object->born = ++model.clock;
        object->lane = model_lane(object->arena);
    }
}

void model_resize(int arena)
{
    size_t index = pick_object(arena);
    size_t size = random_size(), align = random_align();
    model_close_window(arena);
    if (index == MODEL_OBJECTS || random_one_in(&model.random, 8)) {
        if (model.object_count < MODEL_OBJECTS) {
            model_log("resize NULL to %zu aligned to %zu in arena %d", size, align, arena);
            resize_from_nothing(arena, size, align);
        }
        return;
    }
    struct model_object *object = &model.objects[index];
    struct numbers before = numbers_of(arena);
    size = random_one_in(&model.random, 8)   ? 0
           : random_one_in(&model.random, 2) ? object->size / 2 + size % (object->size + 1)
                                             : size;
    align = random_one_in(&model.random, 2) ? 1 : align;
    model_log("resize %p from %zu to %zu aligned to %zu in arena %d", (void *)object->at,
              object->size, size, align, arena);
    model_verify(object);
    if (size == 0) {
        resize_to_nothing(arena, index, before);
        return;
    }
    unsigned char *p =
        bitena_try_resize(model.arenas[arena].handle, object->at, object->size, size, align);
    if (!p) {
        check_refusal(arena, before, size, align, errno);
        model_verify(object);
        return;
    }
    model_log("... at %p", (void *)p);
    if (size <= object->size && (uintptr_t)object->at % align == 0 && p != object->at) {
        model_mismatch("a shrinking object moved from %p to %p", (void *)object->at, (void *)p);
    }
    note_resize(index, p, size, align);
}

static void expect_error(int arena, const char *what, const void *p, int error)
{
    if (p || errno != error) {
        model_mismatch("%s in arena %d: %p, error %s", what, arena, p, strerror(errno));
    }
}

void model_bad_request(int arena)
{
    bitena *handle = model.arenas[arena].handle;
    size_t align = random_align();
    struct numbers before = numbers_of(arena);
    size_t room = 0;
    model_log("bad requests in arena %d", arena);
    model_close_window(arena);
    expect_error(arena, "alignment 0", bitena_try_alloc(handle, 8, 0), EINVAL);
    expect_error(arena, "alignment 3", bitena_try_alloc(handle, 8, 3), EINVAL);
    expect_error(arena, "SIZE_MAX", bitena_try_alloc(handle, SIZE_MAX, align), EOVERFLOW);
    expect_error(arena, "PTRDIFF_MAX", bitena_try_alloc(handle, PTRDIFF_MAX, 1), ENOMEM);
    expect_error(arena, "too many", bitena_try_alloc_uninit(handle, long, SIZE_MAX / 4), EOVERFLOW);
    expect_error(arena, "the highest bit", bitena_try_alloc(handle, 1, SIZE_MAX / 2 + 1), ENOMEM);
    expect_error(arena, "resize NULL", bitena_try_resize(handle, NULL, 8, 16, 1), EINVAL);
    expect_error(arena, "window", bitena_try_window(handle, SIZE_MAX, 1, &room), EOVERFLOW);
    void *nothing = bitena_try_alloc(handle, 0, align);
    if (!nothing || (uintptr_t)nothing % align != 0) {
        model_mismatch("size 0 aligned to %zu: %p", align, nothing);
    }
    struct numbers after = numbers_of(arena);
    if (after.remaining != before.remaining || after.used != before.used) {
        model_mismatch("bad requests have changed: remaining %zu to %zu, used %zu to %zu",
                       before.remaining, after.remaining, before.used, after.used);
    }
}
