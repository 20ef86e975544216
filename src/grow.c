/* Growing data: resize in place at the floor, and windows of free room there.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core.h"
#include "exact.h"
#include <bitena/order.h>

static bool is_aligned(const void *p, size_t align)
{
    return ((uintptr_t)p & (align - 1)) == 0;
}

/* The run [p, p + size) ends at the floor of the current lease and is younger than the latest
 * live mark. */
static inline bool is_last(const struct tlab *tlab, uintptr_t p, size_t size)
{
    size_t marked = tlab->mark_text ? tlab->mark_text - 1 : 0;
    return p >= tlab->base + marked && tlab->floor - p == size;
}

static inline bool move_floor(struct tlab *tlab, uintptr_t p, size_t old_size, size_t new_size)
{
    if (!is_last(tlab, p, old_size) || new_size > tlab->ceiling - p) {
        return false;
    }
    store_relaxed(&tlab->floor, p + new_size); /* [M10] */
    return true;
}

/* The usual case: an owner's growing data. False: look closer. */
static inline bool resize_own(bitena *public, const void *p, size_t old_size, size_t new_size,
                              size_t align)
{
    struct arena *arena = public && p ? arena_of(public) : NULL;
    return arena && load_relaxed(&arena->owner) == bitena_thread_id && /* [M12] no owner is 0 */
           is_power_of_two(align) && is_aligned(p, align) && arena->tlab.window == 0 &&
           move_floor(&arena->tlab, (uintptr_t)p, old_size, new_size);
}

static inline bool resize_in_place(struct arena *arena, struct tlab *tlab, uintptr_t p,
                                   size_t old_size, size_t new_size)
{
    if (arena->mode == BITENA_EXACT) {
        return p >= address_of(arena->pool, arena->pool->mark) &&
               exact_move_end(arena, p, old_size, new_size);
    }
    return tlab && move_floor(tlab, p, old_size, new_size);
}

static void *move(struct arena *arena, struct tlab *tlab, void *p, size_t old_size,
                  const struct request *request)
{
    void *moved = tlab && request->size != 0 ? tlab_bump(tlab, request) : NULL;
    if (!moved && tlab && is_last(tlab, (uintptr_t)p, old_size) && request->size > old_size) {
        moved = tlab_move_last(arena, tlab, request, p, old_size);
        if (!moved) {
            errno = ENOMEM;
        }
        return moved;
    }
    moved = moved ? moved : arena_try(arena, request);
    if (moved && old_size != 0) {
        memcpy(moved, p, old_size < request->size ? old_size : request->size);
    }
    return moved;
}

/* The caller's TLAB, if it has one, with its window closed; 0, or why it may not. */
static inline int prepare(struct arena *arena, size_t size, size_t align, struct tlab **tlab)
{
    int error = check_request(size, align);
    *tlab = !error && arena->mode != BITENA_EXACT ? tlab_of_caller(arena, &error) : NULL;
    if (*tlab) {
        tlab_close_window(*tlab);
    }
    return error;
}

static __attribute__((noinline)) void *try_resize(struct arena *arena, void *p, size_t old_size,
                                                  size_t new_size, size_t align)
{
    struct request request = {new_size, align, true, true};
    struct tlab *tlab;
    int error = !p && old_size != 0 ? EINVAL : prepare(arena, new_size, align, &tlab);
    if (error) {
        errno = error;
        return NULL;
    }
    if ((is_aligned(p, align) || new_size == 0) &&
        resize_in_place(arena, tlab, (uintptr_t)p, old_size, new_size)) {
        return new_size ? p : arena_try(arena, &request);
    }
    if (new_size != 0 && new_size <= old_size && is_aligned(p, align)) {
        return p;
    }
    return move(arena, tlab, p, old_size, &request);
}

static __attribute__((noinline)) int stays_closely(bitena *arena, const void *p, size_t old_size,
                                                   size_t new_size, size_t align)
{
    bitena_require_(arena != NULL, "bitena_stays_", "arena");
    struct arena *a = arena_of(arena);
    struct tlab *tlab;
    return prepare(a, new_size, align, &tlab) == 0 && is_aligned(p, align) &&
           resize_in_place(a, tlab, (uintptr_t)p, old_size, new_size);
}

int bitena_stays_(bitena *arena, const void *p, size_t old_size, size_t new_size, size_t align)
{
    return resize_own(arena, p, old_size, new_size, align) ||
           stays_closely(arena, p, old_size, new_size, align);
}

static __attribute__((noinline)) void *resize_closely(bitena *arena, void *p, size_t old_size,
                                                      size_t new_size, size_t align)
{
    bitena_require_(arena != NULL, "bitena_resize", "arena");
    struct arena *a = arena_of(arena);
    void *resized = try_resize(a, p, old_size, new_size, align);
    if (!resized) {
        fail(a, new_size, align, errno,
             !p && old_size != 0 ? "resize of NULL with an old size" : NULL);
    }
    return resized;
}

void *bitena_resize(bitena *arena, void *p, size_t old_size, size_t new_size, size_t align)
{
    return resize_own(arena, p, old_size, new_size, align)
               ? p
               : resize_closely(arena, p, old_size, new_size, align);
}

void *bitena_try_resize(bitena *arena, void *p, size_t old_size, size_t new_size, size_t align)
{
    if (resize_own(arena, p, old_size, new_size, align)) {
        return p;
    }
    REQUIRE(arena);
    return try_resize(arena_of(arena), p, old_size, new_size, align);
}

/* The interval is starved until the window is closed, so that every other verb comes out of line
 * and closes it. */
static void *open_window(struct arena *arena, struct tlab *tlab, const struct request *request,
                         size_t *room)
{
    uintptr_t floor = tlab->floor;
    void *p = tlab_bump(tlab, request);
    if (!p) {
        p = tlab_refill(arena, tlab, request);
        floor = tlab->base;
    }
    if (!p) {
        errno = ENOMEM;
        return NULL;
    }
    size_t actual = tlab->ceiling - (uintptr_t)p;
    /* a byte less than the window before, if it stood in the same place: their tokens differ */
    *room = tlab->window_room =
        actual - (actual == tlab->window_room && actual > request->size ? 1 : 0);
    store_relaxed(&tlab->window, floor);        /* [M10] */
    store_relaxed(&tlab->floor, tlab->ceiling); /* [M10] */
    return p;
}

static void *try_window(struct arena *arena, size_t at_least, size_t align, size_t *room)
{
    struct request request = {at_least, align, true, true};
    struct tlab *tlab;
    int error = prepare(arena, at_least, align, &tlab);
    if (error) {
        errno = error;
        return NULL;
    }
    if (tlab) {
        return open_window(arena, tlab, &request, room);
    }
    void *p = arena_try(arena, &request);
    if (p) {
        *room = request.size;
    }
    return p;
}

void *bitena_try_window(bitena *arena, size_t at_least, size_t align, size_t *room)
{
    REQUIRE(arena);
    REQUIRE(room);
    return try_window(arena_of(arena), at_least, align, room);
}

void *bitena_window(bitena *arena, size_t at_least, size_t align, size_t *room)
{
    REQUIRE(arena);
    REQUIRE(room);
    void *p = try_window(arena_of(arena), at_least, align, room);
    if (!p) {
        fail(arena_of(arena), at_least, align, errno, NULL);
    }
    return p;
}

void bitena_commit(bitena *arena, void *window, size_t room, size_t size)
{
    REQUIRE(arena);
    REQUIRE(window);
    struct arena *a = arena_of(arena);
    uintptr_t p = (uintptr_t)window;
    if (size > room) {
        fail(a, size, 0, EINVAL, "commit of more than the window's room");
    }
    if (a->mode == BITENA_EXACT) {
        (void)exact_move_end(a, p, room, size);
        return;
    }
    int error;
    struct tlab *tlab = tlab_of_caller(a, &error);
    if (!tlab) {
        if (error) {
            fail(a, size, 0, error, NULL);
        }
        return; /* taken from the index at once */
    }
    if (tlab->window == 0 || p < tlab->window || p > tlab->ceiling || room > tlab->ceiling - p ||
        room != tlab->window_room) {
        fail(a, size, 0, EINVAL, "commit of a window that another call has closed");
    }
    store_relaxed(&tlab->floor, size ? p + size : tlab->window); /* [M10] */
    store_relaxed(&tlab->window, 0);                             /* [M10] */
}
