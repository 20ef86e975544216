/* The model's windows, its strangers, and trim: what takes nothing by itself. An open window's
 * whole room is written and claimed, so that anybody else who is given a byte of it is found out.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "support/model.h"

/* EXACT: taken at once, and what is not committed goes back if nothing was allocated since. */
static void exact_window(int arena, size_t at_least, size_t align)
{
    bitena *handle = model.arenas[arena].handle;
    size_t before = bitena_remaining(handle), room = 0;
    unsigned char *p = bitena_try_window(handle, at_least, align, &room);
    if (!p) {
        if (bitena_remaining(handle) != before) {
            model_mismatch("a refused window took memory");
        }
        return;
    }
    if (room != at_least) {
        model_mismatch("EXACT: the window has %zu, not %zu bytes", room, at_least);
    }
    memset(p, 0xee, room);
    size_t taken = before - bitena_remaining(handle);
    size_t size = random_below(&model.random, room + 1);
    struct model_object *between = NULL;
    if (random_one_in(&model.random, 4)) {
        void *other = bitena_try_alloc(handle, 3, 1);
        between = other ? model_add(arena, other, 3, 1) : NULL;
    }
    bitena_commit(handle, p, room, size);
    if (size != 0) {
        model_add(arena, p, size, align);
    }
    size_t left = before - bitena_remaining(handle);
    if (model.arenas[arena].plain && !between && left != taken - (room - size)) {
        model_mismatch("EXACT: a commit of %zu of %zu bytes: %zu went back", size, room,
                       taken - left);
    }
}

void model_open_window(int arena)
{
    bitena *handle = model.arenas[arena].handle;
    size_t at_least = random_skewed(&model.random, random_one_in(&model.random, 8) ? 14 : 9);
    size_t align = (size_t)1 << random_below(&model.random, 7);
    if (model.window_count == MODEL_WINDOWS || model.object_count + 2 > MODEL_OBJECTS) {
        return;
    }
    model_log("window of %zu aligned to %zu in arena %d", at_least, align, arena);
    model_close_window(arena);
    if (model.arenas[arena].kind == KIND_EXACT) {
        exact_window(arena, at_least, align);
        return;
    }
    size_t before = bitena_remaining(handle), room = 0;
    unsigned char *p = bitena_try_window(handle, at_least, align, &room);
    size_t after = bitena_remaining(handle);
    if (!p) {
        if (after != before || errno != ENOMEM) {
            model_mismatch("a refused window: remaining %zu to %zu, %s", before, after,
                           strerror(errno));
        }
        return;
    }
    model_log("... at %p, %zu bytes of room", (void *)p, room);
    if (room < at_least || (uintptr_t)p % align != 0 || !overlap_claim(&model.map, p, room)) {
        model_mismatch("the window %p of %zu bytes is too small, misaligned or overlaps", (void *)p,
                       room);
    }
    memset(p, 0xee, room);
    model.windows[model.window_count++] = (struct model_window){p, room, arena, model.thread};
}

void model_commit(int arena)
{
    for (size_t i = 0; i < model.window_count; i++) {
        struct model_window window = model.windows[i];
        if (window.arena != arena || window.thread != model.thread ||
            model.object_count == MODEL_OBJECTS) {
            continue;
        }
        size_t size =
            random_one_in(&model.random, 4) ? 0 : random_below(&model.random, window.room + 1);
        for (size_t j = 0; j < window.room; j++) {
            if (window.at[j] != 0xee) {
                model_mismatch("byte %zu of the open window %p has changed", j, (void *)window.at);
            }
        }
        model_log("commit %zu of %zu at %p in arena %d", size, window.room, (void *)window.at,
                  arena);
        bitena_commit(model.arenas[arena].handle, window.at, window.room, size);
        model_close_window(arena);
        if (size != 0) {
            model_add(arena, window.at, size, 1);
        }
        return;
    }
}

/* Anybody but its thread gets EPERM from a LOCAL arena or a child, and changes nothing. */
void model_stranger(int arena)
{
    bitena *handle = model.arenas[arena].handle;
    size_t room = 0;
    if (!handle || model_may_use(arena)) {
        return;
    }
    size_t used = bitena_used(handle);
    model_log("a stranger in arena %d", arena);
    errno = 0;
    if (bitena_try_alloc(handle, 8, 8) || errno != EPERM || bitena_try_alloc_str(handle, "text") ||
        errno != EPERM || bitena_new_child(handle) || errno != EPERM ||
        bitena_try_window(handle, 8, 1, &room) || errno != EPERM ||
        bitena_try_resize(handle, NULL, 0, 8, 1) || errno != EPERM) {
        model_mismatch("a stranger was served, or got %s", strerror(errno));
    }
    errno = 0;
    if (bitena_reset(handle) == 0 || errno != EPERM || bitena_trim(handle, 0) == 0 ||
        errno != EPERM) {
        model_mismatch("a stranger may reset or trim, or got %s", strerror(errno));
    }
    if (model.arenas[arena].parent != -1) {
        errno = 0;
        bitena *parent = model.arenas[model.arenas[arena].parent].handle;
        if (bitena_absorb(parent, handle) == 0 || errno != EPERM) {
            model_mismatch("a stranger may absorb, or got %s", strerror(errno));
        }
    }
    if (bitena_used(handle) != used) {
        model_mismatch("a stranger has changed what is used");
    }
}

void model_trim(int arena)
{
    bitena *handle = model.arenas[arena].handle;
    size_t before = bitena_remaining(handle);
    size_t keep = random_one_in(&model.random, 2) ? 0 : random_below(&model.random, model.capacity);
    model_log("trim arena %d to %zu", arena, keep);
    model_close_window(arena);
    before = bitena_remaining(handle);
    if (bitena_trim(handle, keep) != 0) {
        model_mismatch("trim: %s", strerror(errno));
    }
    if (bitena_remaining(handle) != before) {
        model_mismatch("trim has changed remaining from %zu to %zu", before,
                       bitena_remaining(handle));
    }
    model_verify_all();
}
