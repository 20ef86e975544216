/* Lifetimes of the soak: scopes, marks, children, and children that go from hand to hand through a
 * locked mailbox: made by one thread, filled, owned and ended by others.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>

#include "soak/soak.h"

void use_scope(struct site site, unsigned depth)
{
    struct random *random = &site.me->random;
    BITENA_SCOPE (site.arena) {
        size_t from = site.list->count;
        make_some(&site, 1 + (unsigned)random_below(random, 8));
        if (depth > 0 && random_one_in(random, 4)) {
            use_scope(site, depth - 1);
            make_some(&site, 2);
        }
        if (depth > 0 && random_one_in(random, 32)) {
            use_child(site, depth - 1);
        }
        verify(site.family, site.list, from, true);
    }
}

/* One mark, rewound to again and again, and one after it, which has ended then. */
void use_marks(struct site site)
{
    BITENA_SCOPED(site.arena);
    size_t from = site.list->count;
    make_some(&site, 1);
    bitena_mark outer = bitena_save(site.arena);
    size_t kept = site.list->count;
    for (size_t rounds = random_between(&site.me->random, 1, 3); rounds > 0; rounds--) {
        make_some(&site, 2);
        bitena_mark inner = bitena_save(site.arena);
        size_t later = site.list->count;
        make_some(&site, 2);
        verify(site.family, site.list, later, true);
        SOAK_REQUIRE(bitena_rewind(site.arena, inner) == 0);
        make_some(&site, 1);
        verify(site.family, site.list, kept, true);
        SOAK_REQUIRE(bitena_rewind(site.arena, outer) == 0);
        SOAK_REQUIRE(!inner.tlab || bitena_rewind(site.arena, inner) == -1);
    }
    verify(site.family, site.list, from, true);
}

static bitena *new_child(const struct site *site)
{
    bitena *child = bitena_new_child(site->arena);
    if (child) {
        site->me->counts.children++;
    } else {
        SOAK_REQUIRE(errno == ENOMEM);
        site->me->counts.refusals++;
    }
    return child;
}

/* A child that this thread makes and ends; with a grandchild that it may absorb. */
void use_child(struct site site, unsigned depth)
{
    struct site inside = site;
    struct random *random = &site.me->random;
    size_t from = site.list->count;
    if (!(inside.arena = new_child(&site))) {
        return;
    }
    make_some(&inside, 1 + (unsigned)random_below(random, 4));
    if (depth > 0) {
        use_scope(inside, 1);
    }
    if (random_one_in(random, 4)) {
        verify(site.family, site.list, from, true);
        SOAK_REQUIRE(bitena_reset(inside.arena) == 0 && bitena_used(inside.arena) < 4096);
        make_some(&inside, 1);
    }
    if (random_one_in(random, 4)) {
        struct site innermost = inside;
        if ((innermost.arena = new_child(&inside))) {
            make_some(&innermost, 2);
            SOAK_REQUIRE((errno = 0, bitena_reset(inside.arena)) == -1 && errno == EBUSY);
            SOAK_REQUIRE(bitena_absorb(inside.arena, innermost.arena) == 0);
            site.me->counts.absorbed++;
        }
    }
    verify(site.family, site.list, from, true);
    bitena_drop(inside.arena);
}

/* A child, what lives in it, and perhaps a child of its own that lives as long. */
struct parcel {
    struct family *family;
    bitena *child, *inner;
    struct list list;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct parcel *shelves[SHELVES];

static struct parcel *exchange(size_t shelf, struct parcel *parcel)
{
    pthread_mutex_lock(&lock);
    struct parcel *there = shelves[shelf];
    shelves[shelf] = parcel;
    pthread_mutex_unlock(&lock);
    return there;
}

static struct parcel *new_parcel(struct worker *me, struct family *family)
{
    struct parcel *parcel = malloc(sizeof *parcel);
    if (!parcel) {
        return NULL;
    }
    struct site site = {.me = me, .family = family, .arena = family->arena};
    *parcel = (struct parcel){.family = family, .child = new_child(&site)};
    if (!parcel->child) {
        free(parcel);
        return NULL;
    }
    site.arena = parcel->child;
    parcel->inner = random_one_in(&me->random, 4) ? new_child(&site) : NULL;
    list_open(&parcel->list, PARCEL_ROOM);
    return parcel;
}

static void take_over(struct worker *me, struct parcel *parcel)
{
    SOAK_REQUIRE(bitena_own(parcel->child) == 0);
    SOAK_REQUIRE(!parcel->inner || bitena_own(parcel->inner) == 0);
    verify(parcel->family, &parcel->list, 0, false);
    me->counts.handed++;
}

static void drop_parcel(struct parcel *parcel)
{
    verify(parcel->family, &parcel->list, 0, true);
    bitena_drop(parcel->inner);
    bitena_drop(parcel->child);
    list_close(&parcel->list);
    free(parcel);
}

/* Its objects live until the family's reset; this worker answers for them. */
static bool absorb_parcel(struct worker *me, struct parcel *parcel)
{
    struct family *family = parcel->family;
    struct list *list = &me->absorbed[family->number];
    if (list->room - list->count < parcel->list.count || !may_use(me, family)) {
        return false;
    }
    SOAK_REQUIRE(!parcel->inner || bitena_absorb(parcel->child, parcel->inner) == 0);
    SOAK_REQUIRE(bitena_absorb(family->arena, parcel->child) == 0);
    __atomic_store_n(&family->lasting, true, __ATOMIC_RELAXED);
    memcpy(list->items + list->count, parcel->list.items, parcel->list.count * sizeof *list->items);
    list->count += parcel->list.count;
    list->bytes += parcel->list.bytes;
    list_close(&parcel->list);
    free(parcel);
    me->counts.absorbed++;
    return true;
}

/* Exchanges what it has for what is on a shelf, works on that, and ends it or lays it down. */
void use_parcel(struct worker *me, struct family *family)
{
    size_t shelf = random_below(&me->random, SHELVES);
    struct parcel *parcel = exchange(shelf, NULL);
    if (parcel) {
        take_over(me, parcel);
    } else if (!may_use(me, family) || !(parcel = new_parcel(me, family))) {
        return;
    }
    struct site site = {
        .me = me, .family = parcel->family, .arena = parcel->child, .list = &parcel->list};
    make_some(&site, 2);
    if (parcel->inner) {
        site.arena = parcel->inner;
        make_some(&site, 1);
    }
    site.list = &me->live;
    use_scope(site, 1);
    size_t draw = random_below(&me->random, 4);
    if (draw == 0) {
        drop_parcel(parcel);
    } else if (draw != 1 || parcel->family->balanced || !absorb_parcel(me, parcel)) {
        struct parcel *other = exchange(shelf, parcel);
        if (other) {
            take_over(me, other);
            drop_parcel(other);
        }
    }
}

void drain_parcels(struct worker *me)
{
    for (size_t i = 0; i < SHELVES; i++) {
        struct parcel *parcel = exchange(i, NULL);
        if (parcel) {
            take_over(me, parcel);
            SOAK_REQUIRE(
                parcel->family->mode == BITENA_LOCAL ||
                ((errno = 0, bitena_reset(parcel->family->arena)) == -1 && errno == EBUSY));
            drop_parcel(parcel);
        }
    }
}
