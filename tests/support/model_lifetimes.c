/* The model's marks, scopes, cleanups and resets. An ending has three parts: the books say what is
 * to end and that it is whole; the library runs the cleanups, each of which is held against the
 * books, and takes the memory back; the books let go. Objects stay claimed through the second part:
 * a cleanup that allocates must not be given their bytes.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "support/model.h"

static bool ends(int arena, uint64_t lane, uint64_t born, int its_arena, uint64_t its_lane,
                 uint64_t its_born, bool absorbed)
{
    if (its_arena != arena) {
        return false;
    }
    return lane == UINT64_MAX || (!absorbed && its_lane == lane && its_born > born);
}

void model_begin_end(int arena, uint64_t lane, uint64_t born)
{
    for (size_t i = 0; i < model.object_count; i++) {
        const struct model_object *o = &model.objects[i];
        if (ends(arena, lane, born, o->arena, o->lane, o->born, o->absorbed)) {
            model_verify(o);
        }
    }
    for (size_t i = 0; i < model.cleanup_count; i++) {
        struct model_cleanup *c = &model.cleanups[i];
        c->due = ends(arena, lane, born, c->arena, c->lane, c->born, c->absorbed);
    }
    model.running_cleanups = true;
}

void model_finish_end(int arena, uint64_t lane, uint64_t born)
{
    model.running_cleanups = false;
    for (size_t i = model.cleanup_count; i-- > 0;) {
        const struct model_cleanup *c = &model.cleanups[i];
        if (c->due) {
            model_mismatch("cleanup %" PRIu64 " of arena %d has not run", c->id, c->arena);
        }
    }
    for (size_t i = model.object_count; i-- > 0;) {
        const struct model_object *o = &model.objects[i];
        if (ends(arena, lane, born, o->arena, o->lane, o->born, o->absorbed)) {
            model_forget(i);
        }
    }
}

void model_end_marks(int arena, uint64_t lane, uint64_t born)
{
    for (size_t i = 0; i < model.mark_count; i++) {
        struct model_mark *m = &model.marks[i];
        if (m->arena_id == model.arenas[arena].id && m->born > born &&
            (lane == UINT64_MAX || m->lane == lane)) {
            m->live = false;
        }
    }
}

/* How deep the lane is; and forgets a dead mark where the books are full. */
static size_t live_marks(int arena, uint64_t lane)
{
    size_t count = 0;
    for (size_t i = model.mark_count; i-- > 0;) {
        const struct model_mark *m = &model.marks[i];
        count += m->live && m->arena_id == model.arenas[arena].id && m->lane == lane;
        if (!m->live && model.mark_count == MODEL_MARKS) {
            model.marks[i] = model.marks[--model.mark_count];
        }
    }
    return count;
}

static struct model_mark new_mark(int arena)
{
    struct model_mark mark = {.arena = arena, .arena_id = model.arenas[arena].id, .live = true};
    mark.lane = model_lane(arena);
    mark.thread = model.thread;
    mark.born = ++model.clock;
    return mark;
}

void model_save(int arena)
{
    if (live_marks(arena, model_lane(arena)) >= MODEL_DEPTH || model.mark_count == MODEL_MARKS) {
        return;
    }
    model_close_window(arena);
    struct model_mark *mark = &model.marks[model.mark_count++];
    *mark = new_mark(arena);
    mark->mark = bitena_save(model.arenas[arena].handle);
    model_log("save %" PRIu64 " in arena %d", mark->born, arena);
}

void model_rewind_to(const struct model_mark *mark)
{
    int arena = mark->arena;
    uint64_t lane = mark->lane, born = mark->born;
    bitena *handle = model.arenas[arena].handle;
    model_log("rewind to %" PRIu64 " in arena %d", born, arena);
    model_close_window(arena);
    size_t before = bitena_remaining(handle), ran = model.ran;
    model_begin_end(arena, lane, born);
    if (bitena_rewind(handle, mark->mark) != 0) {
        model_mismatch("rewind to the live mark %" PRIu64 ": %s", born, strerror(errno));
    }
    model_finish_end(arena, lane, born);
    model_end_marks(arena, lane, born);
    model.rewinds++;
    if (bitena_remaining(handle) < before && model.ran == ran) { /* a cleanup may have allocated */
        model_mismatch("a rewind lowered remaining from %zu to %zu", before,
                       bitena_remaining(handle));
    }
}

void model_rewind(int arena)
{
    uint64_t lane = model_lane(arena);
    size_t chosen = MODEL_MARKS, count = 0;
    for (size_t i = 0; i < model.mark_count; i++) {
        const struct model_mark *m = &model.marks[i];
        if (m->live && !m->is_scope && m->arena_id == model.arenas[arena].id && m->lane == lane &&
            random_one_in(&model.random, ++count)) {
            chosen = i;
        }
    }
    if (chosen != MODEL_MARKS) {
        model_rewind_to(&model.marks[chosen]);
    }
}

void model_rewind_dead(int arena)
{
    size_t first = model.mark_count ? random_below(&model.random, model.mark_count) : 0;
    for (size_t i = 0; i < model.mark_count; i++) {
        const struct model_mark *m = &model.marks[(first + i) % model.mark_count];
        bool mine = m->lane == model_lane(arena) && m->arena_id == model.arenas[arena].id;
        bool dead = !m->live || m->arena_id != model.arenas[arena].id || !mine;
        if (m->is_scope || (!dead && !model_lies(PLANT_MARK))) {
            continue;
        }
        model_log("rewind arena %d to the dead mark %" PRIu64, arena, m->born);
        model_close_window(arena);
        size_t before = bitena_remaining(model.arenas[arena].handle);
        errno = 0;
        if (bitena_rewind(model.arenas[arena].handle, m->mark) == 0 || errno != EINVAL) {
            model_mismatch("the dead mark %" PRIu64 " was taken for a live one", m->born);
        }
        if (bitena_remaining(model.arenas[arena].handle) != before) {
            model_mismatch("a refused rewind has changed remaining");
        }
        return;
    }
}

/* Where one lane holds everything, the whole capacity is there again, in one piece. */
void model_rewind_to_first(void)
{
    bitena *root = model.arenas[0].handle;
    for (size_t i = 0; i < model.mark_count; i++) {
        struct model_mark first = model.marks[i];
        if (first.arena != 0 || first.thread != model.thread || !first.live || first.is_scope) {
            continue;
        }
        model_rewind_to(&first);
        if (model.arenas[0].kind != KIND_SHARED) {
            size_t remaining = bitena_remaining(root);
            bool once = bitena_try_alloc(root, model.capacity, 1) != NULL;
            bool twice = once || bitena_try_alloc(root, model.capacity, 1);
            if (remaining != model.capacity || !once) {
                model_mismatch("all was rewound, but of %zu bytes %zu remain, %s in one piece",
                               model.capacity, remaining, twice ? "only at a second try" : "not");
            }
            model_rewind_to(&first);
        }
        return;
    }
}

void model_check_all_went_back(void)
{
    bitena *root = model.arenas[0].handle;
    if (model.object_count != 0 || model.cleanup_count != 0 || bitena_used(root) != 0) {
        model_mismatch("all was rewound, but %zu objects, %zu cleanups and %zu used bytes are left",
                       model.object_count, model.cleanup_count, bitena_used(root));
    }
}

/* The scope's own mark is in the books too, so that what happens inside may end it early. */
static bool find_scope(uint64_t born, struct model_mark **found)
{
    for (size_t i = 0; i < model.mark_count; i++) {
        if (model.marks[i].born == born && model.marks[i].live) {
            *found = &model.marks[i];
            return true;
        }
    }
    return false;
}

void model_scope(int arena, void (*inside)(void))
{
    uint64_t lane = model_lane(arena);
    struct model_mark *scope;
    if (live_marks(arena, lane) >= MODEL_DEPTH || model.mark_count == MODEL_MARKS) {
        return;
    }
    model_close_window(arena);
    model.marks[model.mark_count] = new_mark(arena);
    model.marks[model.mark_count].is_scope = true;
    uint64_t born = model.marks[model.mark_count++].born;
    model_log("scope %" PRIu64 " in arena %d begins", born, arena);
    model.arenas[arena].scopes++;
    bool live = false;
    BITENA_SCOPE (model.arenas[arena].handle) {
        inside();
        live = find_scope(born, &scope);
        model_log("scope %" PRIu64 " in arena %d ends%s", born, arena,
                  live ? "" : ", dead already");
        if (live) {
            model_close_window(arena);
            model_begin_end(arena, lane, born);
        }
        if (random_one_in(&model.random, 3)) {
            break;
        }
    }
    model.arenas[arena].scopes--;
    if (live) {
        model_finish_end(arena, lane, born);
        model_end_marks(arena, lane, born - 1);
    }
}

static struct model_cleanup *find_cleanup(uint64_t id)
{
    for (size_t i = 0; i < model.cleanup_count; i++) {
        if (model.cleanups[i].id == id) {
            return &model.cleanups[i];
        }
    }
    return NULL;
}

static void check_guard(const struct model_cleanup *cleanup)
{
    for (size_t i = 0; i < model.object_count; i++) {
        if (model.objects[i].id == cleanup->guard) {
            model_verify(&model.objects[i]);
        }
    }
}

static void check_order(struct model_cleanup **cleanup)
{
    for (size_t i = 0; i < model.cleanup_count; i++) {
        struct model_cleanup *other = &model.cleanups[i];
        if (other->list == (*cleanup)->list && other != *cleanup) {
            if (model_lies(PLANT_ORDER)) {
                *cleanup = other->born < (*cleanup)->born ? other : *cleanup;
            }
        }
    }
    for (size_t i = 0; i < model.cleanup_count; i++) {
        const struct model_cleanup *other = &model.cleanups[i];
        if (other->list == (*cleanup)->list && other->born > (*cleanup)->born) {
            model_mismatch("cleanup %" PRIu64 " runs before the newer %" PRIu64, (*cleanup)->id,
                           other->id);
        }
    }
}

static void defer_one(int arena, bool due);

/* What the library calls. It may allocate and defer. */
static void run_cleanup(void *argument)
{
    uint64_t id = (uint64_t)(uintptr_t)argument;
    struct model_cleanup *cleanup = find_cleanup(id);
    model_log("... cleanup %" PRIu64 " runs", id);
    if (!cleanup || !model.running_cleanups || !cleanup->due) {
        model_mismatch("cleanup %" PRIu64 " runs though it is not due", id);
    }
    check_order(&cleanup);
    check_guard(cleanup);
    if (model_lies(PLANT_CLEANUP)) {
        return;
    }
    int arena = cleanup->arena;
    *cleanup = model.cleanups[--model.cleanup_count];
    model.ran++;
    if (random_one_in(&model.random, 6) && model.object_count < MODEL_OBJECTS) {
        void *p = bitena_try_alloc(model.arenas[arena].handle, 40, 8);
        if (p) {
            model_add(arena, p, 40, 8);
        }
    }
    if (random_one_in(&model.random, 8)) {
        defer_one(arena, true);
    }
}

static void defer_one(int arena, bool due)
{
    bitena *handle = model.arenas[arena].handle;
    uint64_t id = ++model.clock;
    struct model_cleanup *cleanup = &model.cleanups[model.cleanup_count];
    if (model.cleanup_count == MODEL_CLEANUPS || model.object_count == MODEL_OBJECTS) {
        return;
    }
    *cleanup = (struct model_cleanup){.id = id, .born = id, .arena = arena, .due = due};
    cleanup->lane = model_lane(arena);
    cleanup->list = model.arenas[arena].id << 32 | cleanup->lane;
    void *guard = bitena_try_alloc(handle, 24, 8);
    if (guard) {
        cleanup->guard = model_add(arena, guard, 24, 8)->id;
    }
    cleanup->born = ++model.clock;
    size_t before = bitena_remaining(handle);
    model_log("defer %" PRIu64 " in arena %d", id, arena);
    if (bitena_try_defer(handle, run_cleanup, (void *)(uintptr_t)id) == 0) {
        model.cleanup_count++;
    } else if (errno != ENOMEM || bitena_remaining(handle) != before) {
        model_mismatch("a refused defer: %s", strerror(errno));
    }
}

void model_defer(int arena)
{
    model_close_window(arena);
    defer_one(arena, false);
}
