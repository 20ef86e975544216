/* The out-of-line path of the allocation verbs. The ways, the likelier first: the TLAB that this
 * thread bumped last; in an EXACT arena one compare-and-swap (no thread is registered, so signal
 * handlers may come); the caller's TLAB, found by its slot; the checks and the refill. Each is a
 * function of its own that the one before tail-calls, so that none pays for the stack frame of a
 * later one. A thread without a TLAB is served by the index.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core.h"
#include "exact.h"
#include "thread.h"
#include <bitena/order.h>

int check_request(size_t size, size_t align)
{
    return !is_power_of_two(align) ? EINVAL : size > PTRDIFF_MAX ? EOVERFLOW : 0;
}

/* The thread before in this slot is gone; its room goes on, its marks do not. */
static bool is_linked(const struct arena *arena, const struct tlab *tlab)
{
    const struct tlab *t = load_acquire(&arena->tlabs); /* [M11] */
    while (t && t != tlab) {
        t = load_relaxed(&t->next); /* [M11] */
    }
    return t == tlab;
}

static struct tlab *inherit(struct arena *arena, struct tlab *tlab, uint64_t id)
{
    tlab_close_window(tlab);
    tlab_end_marks(arena, tlab);
    tlab->mark_text = 0;
    store_relaxed(&tlab->bearer, id); /* [M10] */
    return tlab;
}

static void link_tlab(struct arena *arena, struct tlab *tlab)
{
    struct tlab *head = load_relaxed(&arena->tlabs); /* [M11] */
    do {
        store_relaxed(&tlab->next, head);                    /* [M11] */
    } while (!cas_weak_release(&arena->tlabs, &head, tlab)); /* [M11] */
    (void)add_relaxed(&arena->tlabs_in_use, 1);              /* [M11] */
}

/* A refill may have been half done when a fork cut the bearer off: its runs wait for the reset.
 * What it deferred and the children it counted are whole at every instant. */
static void abandon(struct arena *arena, struct tlab *tlab)
{
    struct cleanup *cleanups = tlab->cleanups;
    intptr_t children = tlab->children;
    tlab->ended_older = 0;
    tlab_clear(arena, tlab);
    tlab->cleanups = cleanups;
    tlab->children = children;
}

static __attribute__((noinline)) struct tlab *claim_tlab(struct arena *arena, uint64_t id)
{
    uint32_t slot = slot_of(id);
    uint64_t owner = load_relaxed(&arena->owner); /* [M12] */
    if (slot == THREAD_NO_SLOT || id != thread_registered || arena->copy != thread_copy()) {
        return NULL;
    }
    if (slot_of(owner) == slot && thread_left_in_order(owner)) {
        store_relaxed(&arena->owner, id); /* [M12] */
        return inherit(arena, &arena->tlab, id);
    }
    if (slot >= arena->table_count) {
        return NULL;
    }
    struct tlab *tlab = &arena->table[slot].tlab;
    if (tlab->bearer == 0) {
        tlab_clear(arena, tlab);
        if (!is_linked(arena, tlab)) { /* a fork may have come between this and the next line */
            link_tlab(arena, tlab);
        }
        store_relaxed(&tlab->bearer, id); /* [M10] */
        return tlab;
    }
    if (!thread_left_in_order(tlab->bearer)) {
        abandon(arena, tlab);
    }
    return inherit(arena, tlab, id);
}

static inline struct tlab *borne_tlab(struct arena *arena, uint64_t id)
{
    uint32_t slot = slot_of(id);
    struct tlab *tlab = slot < arena->table_count ? &arena->table[slot].tlab : NULL;
    return tlab && load_relaxed(&tlab->bearer) == id ? tlab : NULL; /* [M10] */
}

struct tlab *tlab_peek(struct arena *arena)
{
    uint64_t id = bitena_thread_id;
    if (id == 0 || arena->mode == BITENA_EXACT) {
        return NULL;
    }
    return load_relaxed(&arena->owner) == id ? &arena->tlab : borne_tlab(arena, id); /* [M12] */
}

struct tlab *tlab_of_caller(struct arena *arena, int *error)
{
    uint64_t id = thread_id();
    *error = 0;
    if (load_relaxed(&arena->owner) == id) { /* [M12] no owner is 0 */
        return &arena->tlab;
    }
    if (arena->mode == BITENA_LOCAL) {
        *error = EPERM;
        return NULL;
    }
    struct tlab *tlab = id ? borne_tlab(arena, id) : NULL;
    return tlab || id == 0 ? tlab : claim_tlab(arena, id);
}

/* A pointer into the block where it has one so aligned. */
static void *aligned_nothing(const struct arena *arena, size_t align)
{
    const struct pool *pool = arena->pool;
    uintptr_t at = align;
    (void)place_down(pool->data, address_of(pool, pool->capacity), 0, align, &at);
    return (void *)at;
}

void *arena_try(struct arena *arena, const struct request *request)
{
    if (request->size == 0) {
        struct tlab *tlab = tlab_peek(arena);
        if (tlab) {
            tlab_close_window(tlab);
        }
        return aligned_nothing(arena, request->align);
    }
    void *p;
    if (arena->mode == BITENA_EXACT) {
        p = exact_try(arena, request);
    } else {
        int error;
        struct tlab *tlab = tlab_of_caller(arena, &error);
        if (tlab) {
            tlab_close_window(tlab);
            p = tlab_bump(tlab, request);
            p = p ? p : tlab_refill(arena, tlab, request);
        } else if (error) {
            errno = error;
            return NULL;
        } else {
            p = run_apart(arena, NULL, request);
        }
    }
    if (!p) {
        errno = ENOMEM;
    }
    return p;
}

static __attribute__((noinline)) void *try_verb(bitena *arena, size_t size, size_t align, bool up)
{
    int error = check_request(size, align);
    if (error) {
        errno = error;
        return NULL;
    }
    return arena_try(arena_of(arena), &(struct request){size, align, up, false});
}

static __attribute__((noinline)) void *verb(bitena *arena, size_t size, size_t align, bool up)
{
    void *p = try_verb(arena, size, align, up);
    if (!p) {
        fail(arena_of(arena), size, align, errno, NULL);
    }
    return p;
}

/* The usual case of a thread that does not own the arena: it bumped its TLAB here last. */
static inline bool is_last(const bitena *public)
{
    return public && load_relaxed(&arena_of(public)->epoch) == thread_last.epoch; /* [M12] */
}

/* Placed as the header's inline path does it, but for any power of two; for an align of 0 the place
 * is 0, below every floor. NULL: look closer. */
static inline void *bump_last(const bitena *public, size_t size, size_t align)
{
    if (is_last(public)) {
        struct tlab *tlab = thread_last.tlab;
        if (size - 1 < BITENA_FLOOR_MIN_ / 2 && (align & (align - 1)) == 0) {
            uintptr_t at = (tlab->ceiling - size) & ~(uintptr_t)(align - 1);
            if (at >= tlab->floor) {
                store_relaxed(&tlab->ceiling, at); /* [M10] */
                return (void *)at;
            }
        }
    }
    return NULL;
}

/* Not the arena used last: this thread's TLAB in the table, which becomes the last. */
static void *bump_found(struct arena *arena, const struct request *request)
{
    uint64_t id = bitena_thread_id; /* another copy's would outlive its slot here */
    struct tlab *tlab = id && id == thread_registered ? borne_tlab(arena, id) : NULL;
    if (!tlab || request->size - 1 >= PTRDIFF_MAX || !is_power_of_two(request->align)) {
        return NULL;
    }
    thread_last = (struct thread_last){load_relaxed(&arena->epoch), tlab}; /* [M12] */
    return tlab_bump(tlab, request);
}

static inline void require_arena(const bitena *arena, const char *name)
{
    if (__builtin_expect(!arena, 0)) {
        bitena_null_(name, "arena");
    }
}

/* The third way, then the last. */
static __attribute__((noinline)) void *try_closer(bitena *arena, size_t size, size_t align, bool up)
{
    require_arena(arena, "bitena_try_alloc");
    void *p = bump_found(arena_of(arena), &(struct request){size, align, up, false});
    return __builtin_expect(p != NULL, 1) ? p : try_verb(arena, size, align, up);
}

static __attribute__((noinline)) void *closer(bitena *arena, size_t size, size_t align, bool up)
{
    require_arena(arena, "bitena_alloc");
    void *p = bump_found(arena_of(arena), &(struct request){size, align, up, false});
    return __builtin_expect(p != NULL, 1) ? p : verb(arena, size, align, up);
}

/* An EXACT arena: one compare-and-swap. */
static inline void *bump_exact(const bitena *public, size_t size, size_t align)
{
    const struct arena *arena = arena_of(public);
    if (public && arena->mode == BITENA_EXACT && size - 1 < PTRDIFF_MAX && is_power_of_two(align)) {
        return exact_bump(arena->pool, size, align);
    }
    return NULL;
}

/* The second way, then the third. */
static __attribute__((noinline)) void *try_not_last(bitena *arena, size_t size, size_t align,
                                                    bool up)
{
    void *p = bump_exact(arena, size, align);
    return p ? p : try_closer(arena, size, align, up);
}

static __attribute__((noinline)) void *not_last(bitena *arena, size_t size, size_t align, bool up)
{
    void *p = bump_exact(arena, size, align);
    return p ? p : closer(arena, size, align, up);
}

void *bitena_try_alloc_slow_(bitena *arena, size_t size, size_t align)
{
    void *p = bump_last(arena, size, align);
    return __builtin_expect(p != NULL, 1) ? p : try_not_last(arena, size, align, false);
}

void *try_bytes(bitena *arena, size_t size)
{
    return try_not_last(arena, size, 1, true);
}

void *bitena_alloc_slow_(bitena *arena, size_t size, size_t align)
{
    void *p = bump_last(arena, size, align);
    return __builtin_expect(p != NULL, 1) ? p : not_last(arena, size, align, false);
}

void *bytes_or_fail(bitena *arena, size_t size)
{
    return not_last(arena, size, 1, true);
}

void *bitena_fill_(void *place, const void *value, size_t size, size_t count)
{
    enum { FEW = 32 };
    if (size == sizeof(uint64_t) && count <= FEW) { /* a short row of words or pointers */
        uint64_t word;
        memcpy(&word, value, sizeof word);
        for (size_t i = 0; i < count; i++) {
            memcpy((char *)place + i * sizeof word, &word, sizeof word);
        }
        return place;
    }
    size_t bytes = size * count;
    size_t filled = bytes < size ? bytes : size;
    memcpy(place, value, filled);
    while (filled < bytes) { /* doubling, in pieces that stay in the cache */
        size_t more = filled < bytes - filled ? filled : bytes - filled;
        more = more > 4096 && size <= 4096 ? 4096 / size * size : more;
        memcpy((char *)place + filled, place, more);
        filled += more;
    }
    return place;
}
