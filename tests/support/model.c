/* The books of the model: objects and their bytes, the numbers of an arena, and what is printed
 * when the library and the model differ. Bytes are checked by their pattern, which no two objects
 * share; places by the byte map.
 * SPDX-License-Identifier: MIT */
#include "support/model.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { PLANT_FROM = 200, PLANT_ONE_IN = 5 };

struct model model;

void model_mismatch(const char *format, ...)
{
    va_list arguments;
    printf("operations: MISMATCH at step %" PRIu64 " of model_operations %" PRIu64 " %" PRIu64
           " %zu %d: ",
           model.step, model.seed, model.steps, model.world, (int)model.plant);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\nthe last operations, oldest first:\n");
    for (size_t i = model.logged < MODEL_LOG ? 0 : model.logged - MODEL_LOG; i < model.logged;
         i++) {
        printf("  %s\n", model.log[i % MODEL_LOG]);
    }
    fflush(stdout);
    if (model.aborts) {
        abort();
    }
    _Exit(1);
}

void model_log(const char *format, ...)
{
    if (model.unlogged) {
        return;
    }
    char *line = model.log[model.logged++ % MODEL_LOG];
    int length = snprintf(line, sizeof model.log[0], "%" PRIu64 " thread %" PRIu64 ": ", model.step,
                          model.thread);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(line + length, sizeof model.log[0] - (size_t)length, format, arguments);
    va_end(arguments);
}

bool model_lies(enum model_plant plant)
{
    return model.plant == plant && model.step > PLANT_FROM &&
           random_one_in(&model.random, PLANT_ONE_IN);
}

uint64_t model_lane(int arena)
{
    return model.arenas[arena].kind == KIND_SHARED ? model.thread : 0;
}

bool model_may_use(int arena)
{
    const struct model_arena *a = &model.arenas[arena];
    return a->handle &&
           (a->kind == KIND_SHARED || a->kind == KIND_EXACT || a->owner == model.thread);
}

static unsigned char pattern(uint64_t id, size_t i)
{
    return (unsigned char)(id * 167 + i * 13 + (i >> 8) * 7 + 1);
}

/* Bytes from `from` on for which the pattern is a row: compilers make vectors of a loop over it. */
static size_t row(const struct model_object *object, size_t from)
{
    size_t left = object->size - from, in_row = 256 - from % 256;
    return left < in_row ? left : in_row;
}

void model_fill(const struct model_object *object, size_t from)
{
    for (size_t count; from < object->size; from += count) {
        unsigned char first = pattern(object->id, from), *at = object->at + from;
        count = row(object, from);
        for (size_t i = 0; i < count; i++) {
            at[i] = (unsigned char)(first + i * 13);
        }
    }
}

static bool is_whole(const struct model_object *object)
{
    unsigned char differs = 0;
    for (size_t from = 0, count; from < object->size; from += count) {
        unsigned char first = pattern(object->id, from), *at = object->at + from;
        count = row(object, from);
        for (size_t i = 0; i < count; i++) {
            differs |= (unsigned char)(at[i] ^ (unsigned char)(first + i * 13));
        }
    }
    return differs == 0;
}

void model_verify(const struct model_object *object)
{
    if (object->opaque || is_whole(object)) {
        return;
    }
    for (size_t i = 0; i < object->size; i++) {
        if (object->at[i] != pattern(object->id, i)) {
            model_mismatch("object %" PRIu64 " at %p, %zu bytes, of arena %d: byte %zu has changed",
                           object->id, (void *)object->at, object->size, object->arena, i);
        }
    }
}

void model_verify_all(void)
{
    for (size_t i = 0; i < model.object_count; i++) {
        model_verify(&model.objects[i]);
    }
}

void model_claim(const void *p, size_t size)
{
    const unsigned char *at = p;
    if (overlap_claim(&model.map, at, size)) {
        return;
    }
    for (size_t i = 0; i < model.object_count; i++) {
        const struct model_object *o = &model.objects[i];
        if (at < o->at + o->size && o->at < at + size) {
            model_mismatch("%p, %zu bytes: overlaps object %" PRIu64
                           " at %p, %zu bytes, of arena %d%s",
                           p, size, o->id, (void *)o->at, o->size, o->arena,
                           o->opaque ? ", a child's struct" : "");
        }
    }
    model_mismatch("%p, %zu bytes: overlaps an open window or leaves the block", p, size);
}

struct model_object *model_add(int arena, void *p, size_t size, size_t align)
{
    unsigned char *at = p;
    at += model_lies(PLANT_SHIFT);
    if ((uintptr_t)at % align != 0) {
        model_mismatch("%p is not aligned to %zu", (void *)at, align);
    }
    if (!overlap_claim(&model.map, at, size)) {
        model_mismatch("%p, %zu bytes: overlaps a live object or leaves the block", (void *)at,
                       size);
    }
    struct model_object *object = &model.objects[model.object_count++];
    *object = (struct model_object){.at = at, .size = size, .arena = arena};
    object->lane = model_lane(arena);
    object->born = object->id = ++model.clock;
    model_fill(object, 0);
    return object;
}

void model_forget(size_t index)
{
    struct model_object *object = &model.objects[index];
    if (model_lies(PLANT_RELEASE)) {
        return;
    }
    if (!overlap_release(&model.map, object->at, object->size)) {
        model_mismatch("the map has lost object %" PRIu64, object->id);
    }
    *object = model.objects[--model.object_count];
}

size_t model_live_bytes(int arena)
{
    size_t bytes = 0;
    for (size_t i = 0; i < model.object_count; i++) {
        bytes += arena == -1 || model.objects[i].arena == arena ? model.objects[i].size : 0;
    }
    return bytes;
}

size_t model_pieces(void)
{
    return model.object_count + model.cleanup_count + model.window_count + MODEL_ARENAS;
}

void model_check_numbers(int arena)
{
    const struct model_arena *a = &model.arenas[arena];
    size_t remaining = bitena_remaining(a->handle);
    size_t used = bitena_used(a->handle);
    size_t live = model_live_bytes(a->parent == -1 ? -1 : arena);
    if (bitena_capacity(a->handle) != model.capacity) {
        model_mismatch("capacity %zu, not %zu", bitena_capacity(a->handle), model.capacity);
    }
    if (remaining > model.capacity || used > model.capacity - remaining) {
        model_mismatch("arena %d: %zu used and %zu remaining are more than %zu", arena, used,
                       remaining, model.capacity);
    }
    if (a->parent == -1 && remaining + live > model.capacity) {
        model_mismatch("%zu bytes live and %zu remaining are more than %zu", live, remaining,
                       model.capacity);
    }
    if (a->parent == -1 && used < live) {
        model_mismatch("used %zu, but %zu bytes live", used, live);
    }
    if (a->kind == KIND_EXACT && used + remaining != model.capacity) {
        model_mismatch("EXACT: %zu used and %zu remaining are not %zu", used, remaining,
                       model.capacity);
    }
}

static void close_window(size_t index)
{
    struct model_window *window = &model.windows[index];
    if (!overlap_release(&model.map, window->at, window->room)) {
        model_mismatch("the map has lost the window at %p", (void *)window->at);
    }
    *window = model.windows[--model.window_count];
}

void model_close_windows(int arena, uint64_t thread)
{
    for (size_t i = model.window_count; i-- > 0;) {
        if (model.windows[i].arena == arena && (thread == 0 || model.windows[i].thread == thread)) {
            close_window(i);
        }
    }
}

void model_close_window(int arena)
{
    model_close_windows(arena, model.thread);
}

void model_on_failure(void *context, bitena *arena, size_t size, size_t align, int error)
{
    (void)arena;
    if (context != &model || !model.armed) {
        model_mismatch("the failure handler was called: size %zu, alignment %zu, error %d", size,
                       align, error);
    }
    model.armed = false;
    model.failed_size = size;
    model.failed_align = align;
    model.failed_error = error;
    longjmp(model.jump, 1);
}
