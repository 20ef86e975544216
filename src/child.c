/* Children: arenas for one thread, standing on leases of their root's block. The struct stands
 * at the top of its first lease. A parent counts its children's lives, each thread in its own
 * TLAB there, and knows no more of them.
 * SPDX-License-Identifier: MIT */
#include <errno.h>

#include "core.h"
#include "thread.h"
#include <bitena/order.h>

/* A drop may be counted by another thread than the making; only the sum means something. */
static void count_child(struct arena *parent, struct tlab *tlab, intptr_t change)
{
    if (tlab) {
        tlab->children += change;
    } else {
        (void)add_release(&parent->children, change); /* [M13] */
    }
}

bool has_children(const struct arena *arena)
{
    intptr_t count = load_acquire(&arena->children) + arena->tlab.children; /* [M13] */
    for (const struct tlab *t = load_acquire(&arena->tlabs); t;
         t = load_relaxed(&t->next)) { /* [M11] */
        count += t->children;
    }
    return count != 0;
}

_Static_assert(sizeof(struct arena) + LINE_BYTES <= LEASE_MIN, "a child's struct fits any lease");

/* The spare that the last child left, or a small lease: the struct and a first KiB. A spare has had
 * a child's struct in it or is a lease, so a struct fits. */
static bool first_lease(struct arena *parent, struct tlab *tlab, struct span *span)
{
    struct pool *pool = parent->pool;
    if (tlab && tlab_take_spare(pool, tlab, 0, span)) {
        return true;
    }
    size_t room = fair_lease(LEASE_MIN, pool_free(pool), 1);
    return pool_take_recorded(pool, sizeof(struct arena), LINE_BYTES,
                              sizeof(struct arena) + LINE_BYTES + room, span);
}

/* Only what the memory's last use could have left otherwise is written. */
static void begin(struct arena *child, struct arena *parent, struct span span, uint64_t id)
{
    struct pool *pool = parent->pool;
    struct tlab *tlab = &child->tlab;
    child->pool = pool;
    child->lease_max = parent->lease_max;
    tlab->serial = BIRTH_SERIAL - 1;
    tlab_install(tlab, pool, span);
    store_relaxed(&tlab->ceiling, (uintptr_t)child); /* [M10] */
    store_relaxed(&tlab->window, 0);                 /* [M10] */
    tlab->window_room = 0;
    store_relaxed(&tlab->spare_bytes, 0); /* [M10] */
    tlab->chain = tlab->spare = tlab->mark_chain = 0;
    tlab->next_lease = clamp_size(span.end - span.base, LEASE_MIN, child->lease_max);
    tlab->children = 0;
    tlab->cleanups = NULL;
    tlab->marks = 0;
    tlab->ended_older = 0;
    tlab_end_marks(child, tlab);
    tlab->bearer = id;
    store_relaxed(&child->epoch, fresh_epoch()); /* [M12] */
    child->parent = parent;
    child->copy = thread_copy();
    child->table = NULL;
    child->table_count = 0;
    child->mode = BITENA_LOCAL;
    child->name = parent->name;
    child->on_failure = parent->on_failure;
    child->context = parent->context;
    child->children = 0;
    child->cleanups = NULL;
    child->absorbed = child->absorbed_next = NULL;
    child->tlabs = NULL;
    child->tlabs_in_use = 1;
    store_relaxed(&child->owner, id); /* [M12] */
}

bitena *bitena_new_child(bitena *parent)
{
    REQUIRE(parent);
    struct arena *p = arena_of(parent);
    int error = 0;
    struct tlab *tlab = p->mode == BITENA_EXACT ? NULL : tlab_of_caller(p, &error);
    uint64_t id = thread_id();
    struct span span;
    if (error || id == 0) {
        errno = EPERM;
        return NULL;
    }
    if (tlab) {
        tlab_close_window(tlab);
    }
    if (!first_lease(p, tlab, &span)) {
        errno = ENOMEM;
        return NULL;
    }
    uintptr_t at = 0;
    struct pool *pool = p->pool;
    (void)place_down(address_of(pool, span.base), address_of(pool, span.end), sizeof(struct arena),
                     LINE_BYTES, &at);
    struct arena *child = (struct arena *)at;
    begin(child, p, span, id);
    count_child(p, tlab, 1);
    return public_of(child);
}

bitena *bitena_child_or_fail_(bitena *parent)
{
    if (!parent) {
        bitena_null_("BITENA_CHILD", "parent");
    }
    bitena *child = bitena_new_child(parent);
    if (!child) {
        fail(arena_of(parent), sizeof(struct arena), LINE_BYTES, errno, NULL);
    }
    return child;
}

int bitena_own(bitena *arena)
{
    REQUIRE(arena);
    struct arena *a = arena_of(arena);
    uint64_t id = thread_id();
    if (a->mode != BITENA_LOCAL || id == 0 ||
        load_relaxed(&a->owner) == OWNER_DROPPED) { /* [M12] */
        errno = EINVAL;
        return -1;
    }
    tlab_close_window(&a->tlab);
    tlab_end_marks(a, &a->tlab);
    a->tlab.mark_text = 0;
    a->tlab.bearer = id;
    store_relaxed(&a->owner, id); /* [M12] */
    return 0;
}

/* Its runs go back; the struct is in one of them, so a copy of what is needed is taken first. */
static void release_runs(struct arena *child, struct arena *parent, struct tlab *keeper)
{
    const struct tlab *from = &child->tlab;
    struct tlab tlab;
    tlab_end_marks(child, &child->tlab);
    if (from->chain == 0 && from->spare == 0 && from->end - from->base <= SMALL_CHILD && keeper &&
        keeper->spare == 0) {
        struct span only = {offset_of(parent->pool, from->base), offset_of(parent->pool, from->end),
                            from->lease};
        (void)tlab_keep_spare(parent, keeper, only); /* the usual case: no shared word is touched */
        return;
    }
    tlab.base = from->base;
    tlab.end = from->end;
    tlab.serial = from->serial;
    tlab.lease = from->lease;
    tlab.chain = from->chain;
    tlab.spare = from->spare;
    tlab.spare_bytes = from->spare_bytes;
    tlab_give_spare(parent, &tlab);
    (void)tlab_unwind(parent, &tlab, 0, 0, keeper);
}

static void release_absorbed(struct arena *arena)
{
    struct arena *next = load_acquire(&arena->absorbed); /* [M15] */
    arena->absorbed = NULL;
    while (next) {
        struct arena *absorbed = next;
        next = absorbed->absorbed_next;
        release_runs(absorbed, arena, NULL);
    }
}

void drop_child(struct arena *child)
{
    struct arena *parent = child->parent;
    struct tlab *keeper = tlab_peek(parent);
    store_relaxed(&child->owner, OWNER_DROPPED); /* [M12] */
    release_absorbed(child);
    release_runs(child, parent, keeper);
    count_child(parent, keeper, -1);
}

void reset_child(struct arena *child)
{
    struct tlab *tlab = &child->tlab;
    tlab_close_window(tlab);
    release_absorbed(child);
    (void)tlab_unwind(child, tlab, 0, BIRTH_SERIAL, tlab); /* it is always found */
    store_relaxed(&tlab->floor, tlab->base);               /* [M10] */
    store_relaxed(&tlab->ceiling, (uintptr_t)child);       /* [M10] */
    tlab_give_rest(child, tlab);
    tlab->mark_text = 0;
    tlab_end_marks(child, tlab);
    store_relaxed(&child->epoch, fresh_epoch()); /* [M12] */
}

static int may_absorb(const struct arena *parent, const struct arena *child)
{
    uint64_t id = thread_id();
    if (child->parent != parent || load_relaxed(&child->owner) == OWNER_DROPPED) { /* [M12] */
        return EINVAL;
    }
    if (load_relaxed(&child->owner) != id ||                                    /* [M12] */
        (parent->mode == BITENA_LOCAL && load_relaxed(&parent->owner) != id)) { /* [M12] */
        return EPERM;
    }
    return has_children(child) ? EBUSY : 0;
}

int bitena_absorb(bitena *parent, bitena *child)
{
    REQUIRE(parent);
    REQUIRE(child);
    struct arena *p = arena_of(parent);
    struct arena *c = arena_of(child);
    int error = may_absorb(p, c);
    if (error) {
        errno = error;
        return -1;
    }
    tlab_close_window(&c->tlab);
    tlab_end_marks(c, &c->tlab);
    c->tlab.mark_text = 0;
    tlab_retire(c, &c->tlab); /* the unused rest goes back, the used parts to its chain */
    tlab_give_spare(c, &c->tlab);
    tlab_set_empty(c, &c->tlab);
    store_relaxed(&c->owner, OWNER_DROPPED);                        /* [M12] */
    c->absorbed_next = load_relaxed(&p->absorbed);                  /* [M15] */
    while (!cas_weak_release(&p->absorbed, &c->absorbed_next, c)) { /* [M15] */
    }
    count_child(p, tlab_peek(p), -1);
    return 0;
}
