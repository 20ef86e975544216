/* The model's whole arenas: making a root, resets, children, absorb, own, and the end of a thread.
 * A child's struct stands in the block like an object: as much of it as the public header shows is
 * claimed in the byte map.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "support/model.h"

enum { WHOLE_LANE_FIRST = 0 };

void model_open_root(enum model_kind kind, const bitena_options *options, void *buffer, size_t size)
{
    struct model_arena *root = &model.arenas[0];
    *root = (struct model_arena){.kind = kind, .parent = -1, .id = ++model.clock};
    root->plain = kind == KIND_EXACT;
    root->owner = model.thread;
    root->handle = buffer ? bitena_init(buffer, size, options) : bitena_open(options);
    if (!root->handle) {
        model_mismatch("no arena: %s", strerror(errno));
    }
    model.capacity = bitena_capacity(root->handle);
    if (bitena_remaining(root->handle) != model.capacity || bitena_used(root->handle) != 0) {
        model_mismatch("a new arena has %zu of %zu", bitena_remaining(root->handle),
                       model.capacity);
    }
    overlap_open(&model.map, model.capacity);
    overlap_locate(&model.map, bitena_alloc(root->handle, 0, 1));
}

static void claim_struct(int arena)
{
    struct model_arena *a = &model.arenas[arena];
    model_claim(a->handle, sizeof(bitena));
    model.objects[model.object_count++] = (struct model_object){.at = (unsigned char *)a->handle,
                                                                .size = sizeof(bitena),
                                                                .arena = arena,
                                                                .opaque = true,
                                                                .id = ++model.clock};
}

static void end_all(int arena)
{
    model_finish_end(arena, UINT64_MAX, WHOLE_LANE_FIRST);
    model_end_marks(arena, UINT64_MAX, WHOLE_LANE_FIRST);
}

static void check_all_is_back(int arena)
{
    bitena *handle = model.arenas[arena].handle;
    if (model_lies(PLANT_RESET)) {
        (void)bitena_try_alloc(handle, 1, 1);
    }
    if (bitena_remaining(handle) != model.capacity || bitena_used(handle) != 0) {
        model_mismatch("after a reset %zu of %zu remain and %zu are used", bitena_remaining(handle),
                       model.capacity, bitena_used(handle));
    }
    if (random_one_in(&model.random, 3)) {
        void *p = bitena_try_alloc(handle, model.capacity, 1);
        if (!p || !overlap_claim(&model.map, p, model.capacity) ||
            !overlap_release(&model.map, p, model.capacity) || bitena_remaining(handle) != 0 ||
            bitena_reset(handle) != 0) {
            model_mismatch("after a reset the whole capacity in one piece: %p", p);
        }
    }
}

void model_reset(int arena)
{
    struct model_arena *a = &model.arenas[arena];
    size_t before = bitena_remaining(a->handle);
    model_log("reset arena %d", arena);
    if (a->children != 0) {
        if (bitena_reset(a->handle) == 0 || errno != EBUSY ||
            bitena_remaining(a->handle) != before) {
            model_mismatch("a reset with live children: %s", strerror(errno));
        }
        return;
    }
    model_close_windows(arena, 0);
    model_begin_end(arena, UINT64_MAX, WHOLE_LANE_FIRST);
    if (bitena_reset(a->handle) != 0) {
        model_mismatch("reset: %s", strerror(errno));
    }
    model.resets++;
    end_all(arena);
    a->plain = a->kind == KIND_EXACT;
    if (a->parent == -1) {
        check_all_is_back(arena);
    } else {
        claim_struct(arena);
        if (bitena_remaining(a->handle) < before) {
            model_mismatch("a child's reset lowered remaining");
        }
    }
}

void model_new_child(int parent)
{
    int slot = 1;
    while (slot < MODEL_ARENAS && model.arenas[slot].handle) {
        slot++;
    }
    if (slot == MODEL_ARENAS || model.object_count == MODEL_OBJECTS) {
        return;
    }
    struct model_arena *p = &model.arenas[parent];
    model_close_window(parent);
    size_t before = bitena_remaining(p->handle);
    bitena *handle = bitena_new_child(p->handle);
    model_log("arena %d, a child of %d: %p", slot, parent, (void *)handle);
    if (!handle) {
        if (errno != ENOMEM || bitena_remaining(p->handle) != before) {
            model_mismatch("no child: %s", strerror(errno));
        }
        /* what its maker's own lease holds is not for children: EXACT has none */
        if (p->kind == KIND_EXACT && before / (2 * model_pieces()) > 2048) {
            model_mismatch("no room for a child though %zu remain", before);
        }
        return;
    }
    model.arenas[slot] = (struct model_arena){.handle = handle,
                                              .kind = KIND_CHILD,
                                              .parent = parent,
                                              .id = ++model.clock,
                                              .owner = model.thread};
    p->children++;
    model.arenas[0].plain = false;
    claim_struct(slot);
}

void model_drop(int arena)
{
    struct model_arena *a = &model.arenas[arena];
    if (a->children != 0 || a->scopes != 0 || a->parent == -1) {
        return;
    }
    bitena *parent = model.arenas[a->parent].handle;
    size_t before = bitena_remaining(parent);
    model_log("drop arena %d", arena);
    model_close_windows(arena, 0);
    model_begin_end(arena, UINT64_MAX, WHOLE_LANE_FIRST);
    bitena_drop(a->handle);
    end_all(arena);
    a->handle = NULL;
    model.arenas[a->parent].children--;
    if (bitena_remaining(parent) < before) {
        model_mismatch("a child's drop lowered what remains to its parent from %zu to %zu", before,
                       bitena_remaining(parent));
    }
}

static void pass_to_parent(int arena)
{
    int parent = model.arenas[arena].parent;
    for (size_t i = 0; i < model.object_count; i++) {
        if (model.objects[i].arena == arena) {
            model.objects[i].arena = parent;
            model.objects[i].absorbed = true;
        }
    }
    for (size_t i = 0; i < model.cleanup_count; i++) {
        if (model.cleanups[i].arena == arena) {
            model.cleanups[i].arena = parent;
            model.cleanups[i].absorbed = true;
        }
    }
}

static void refuse_absorb(bitena *parent, bitena *child, int error)
{
    errno = 0;
    if (bitena_absorb(parent, child) == 0 || errno != error) {
        model_mismatch("absorb: error %s, not %s", strerror(errno), strerror(error));
    }
}

void model_absorb(int arena)
{
    struct model_arena *a = &model.arenas[arena];
    if (a->parent == -1 || a->scopes != 0) {
        return;
    }
    bitena *parent = model.arenas[a->parent].handle;
    model_log("absorb arena %d into %d", arena, a->parent);
    refuse_absorb(a->handle, parent, EINVAL);
    if (!model_may_use(a->parent)) {
        refuse_absorb(parent, a->handle, EPERM);
        return;
    }
    if (a->children != 0) {
        refuse_absorb(parent, a->handle, EBUSY);
        return;
    }
    size_t before = bitena_remaining(parent);
    model_close_windows(arena, 0);
    if (bitena_absorb(parent, a->handle) != 0) {
        model_mismatch("absorb: %s", strerror(errno));
    }
    model_end_marks(arena, UINT64_MAX, WHOLE_LANE_FIRST);
    pass_to_parent(arena);
    a->handle = NULL;
    model.arenas[a->parent].children--;
    if (bitena_remaining(parent) < before) {
        model_mismatch("absorb lowered what remains to the parent");
    }
}

void model_own(int arena)
{
    struct model_arena *a = &model.arenas[arena];
    bool may = a->kind == KIND_LOCAL || a->kind == KIND_CHILD;
    if (a->scopes != 0) {
        return;
    }
    model_log("own arena %d", arena);
    errno = 0;
    int result = bitena_own(a->handle);
    if (may ? result != 0 : result == 0 || errno != EINVAL) {
        model_mismatch("own: %d, %s", result, strerror(errno));
    }
    if (may) {
        model_close_windows(arena, 0);
        model_end_marks(arena, UINT64_MAX, WHOLE_LANE_FIRST);
        for (size_t i = model.mark_count; a->owner == model.thread && i-- > 0;) {
            if (model.marks[i].arena_id == a->id) { /* who owned it already: nothing is promised */
                model.marks[i] = model.marks[--model.mark_count];
            }
        }
        a->owner = model.thread;
    }
}

void model_drop_children(void)
{
    for (bool found = true; found;) {
        found = false;
        for (int i = 1; i < MODEL_ARENAS; i++) {
            const struct model_arena *a = &model.arenas[i];
            if (a->handle && a->children == 0 && a->scopes == 0) {
                model_own(i);
                model_drop(i);
                found = true;
            }
        }
    }
}

void model_thread_ends(void)
{
    for (int arena = 0; arena < MODEL_ARENAS; arena++) {
        model_close_windows(arena, model.thread);
    }
    for (size_t i = 0; i < model.mark_count; i++) {
        struct model_mark *m = &model.marks[i];
        m->live = m->live && m->lane != model.thread;
    }
}
