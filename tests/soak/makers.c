/* What makes objects: each public verb of allocation, in both its forms, with a look at what it
 * promises (zeroed, filled, copied, kept while it grows); cleanups that count themselves; and calls
 * that must be refused.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "soak/soak.h"
#include "support/stamp.h"

__thread struct worker *soak_me;

void soak_failed(void *context, bitena *arena, size_t size, size_t align, int error)
{
    (void)context;
    (void)align;
    if (!soak_me || !soak_me->armed) {
        soak_fault("a failure that nobody asked for", arena, size);
    }
    soak_me->reported = error;
    longjmp(soak_me->back, 1);
}

/* 0, or what the handler was told. */
static int guarded(const struct site *site, void (*body)(const struct site *))
{
    struct worker *me = site->me;
    me->reported = 0;
    me->armed = true;
    if (setjmp(me->back) == 0) {
        body(site);
    }
    me->armed = false;
    return me->reported;
}

/* False: no room, which is no fault. */
static bool served(const struct site *site, const void *p)
{
    if (p) {
        return true;
    }
    if (errno != ENOMEM) {
        soak_fault("refused with another error than ENOMEM", site->arena, (size_t)errno);
    }
    site->me->counts.refusals++;
    return false;
}

static void *get(const struct site *site, size_t size, size_t align)
{
    return site->plain ? bitena_alloc(site->arena, size, align)
                       : bitena_try_alloc(site->arena, size, align);
}

/* The many. */
static void small_ones(const struct site *site)
{
    struct random *random = &site->me->random;
    for (size_t n = 16 + random_below(random, 48); n > 0; n--) {
        uint64_t draw = random_next(random);
        size_t size = 1 + (draw & 31), align = (size_t)1 << (draw >> 8 & 3);
        void *p = get(site, size, align);
        if (!served(site, p)) {
            return;
        }
        note(site, p, size, align);
    }
}

static void words(const struct site *site)
{
    for (unsigned n = 0; n < 64; n++) {
        uint64_t *p = site->plain ? bitena_alloc_uninit(site->arena, uint64_t, 2)
                                  : bitena_try_make(site->arena, uint64_t, n);
        if (!served(site, p)) {
            return;
        }
        SOAK_REQUIRE(site->plain || *p == n);
        note(site, p, site->plain ? 16 : 8, 8);
    }
}

static void one_aligned(const struct site *site)
{
    struct random *random = &site->me->random;
    size_t size = random_skewed(random, 11), align = (size_t)1 << random_below(random, 13);
    void *p = get(site, size, align);
    if (served(site, p)) {
        note(site, p, size, align);
    }
    p = get(site, 0, align); /* takes nothing */
    SOAK_REQUIRE(p && (uintptr_t)p % align == 0);
}

static void one_large(const struct site *site)
{
    size_t size = random_between(&site->me->random, 1024, 40000);
    void *p = get(site, size, 16);
    if (served(site, p)) {
        note(site, p, size, 16);
    }
}

struct pair {
    uint64_t first;
    uint32_t second;
};

static void typed(const struct site *site)
{
    size_t count = random_between(&site->me->random, 1, 40);
    struct pair *one = site->plain
                           ? bitena_make(site->arena, struct pair, .first = 7, .second = 9)
                           : bitena_try_make(site->arena, struct pair, .first = 7, .second = 9);
    if (served(site, one)) {
        SOAK_REQUIRE(one->first == 7 && one->second == 9);
        note(site, one, sizeof *one, _Alignof(struct pair));
    }
    uint32_t *row = site->plain ? bitena_alloc_slice(site->arena, uint32_t, count, 5)
                                : bitena_try_alloc_slice(site->arena, uint32_t, count, 5);
    if (served(site, row)) {
        for (size_t i = 0; i < count; i++) {
            SOAK_REQUIRE(row[i] == 5);
        }
        note(site, row, count * sizeof *row, _Alignof(uint32_t));
    }
    uint16_t *zeros = site->plain ? bitena_alloc_slice(site->arena, uint16_t, count)
                                  : bitena_try_alloc_slice(site->arena, uint16_t, count);
    if (served(site, zeros)) {
        for (size_t i = 0; i < count; i++) {
            SOAK_REQUIRE(zeros[i] == 0);
        }
        note(site, zeros, count * sizeof *zeros, _Alignof(uint16_t));
    }
}

static void texts(const struct site *site)
{
    static const char letters[] = "text whose length is what matters, and its zero at the end";
    for (unsigned i = 0; i < 8; i++) {
        size_t length = random_between(&site->me->random, 1, sizeof letters - 1);
        const char *from = letters + sizeof letters - 1 - length;
        char *copy = i % 2 == 0    ? site->plain ? bitena_alloc_str(site->arena, from)
                                                 : bitena_try_alloc_str(site->arena, from)
                        : site->plain ? bitena_alloc_strn(site->arena, from, length)
                                   : bitena_try_alloc_strn(site->arena, from, length);
        if (!served(site, copy)) {
            return;
        }
        SOAK_REQUIRE(memcmp(copy, from, length + 1) == 0);
        note(site, copy, length + 1, 1);
    }
}

static void growing(const struct site *site)
{
    struct random *random = &site->me->random;
    unsigned char *p = NULL;
    size_t size = 0;
    for (size_t steps = 1 + random_below(random, 6); steps > 0; steps--) {
        size_t next =
            random_one_in(random, 5) ? size / 2 + 1 : size * 2 + 1 + random_below(random, 90);
        unsigned char *moved =
            site->plain ? bitena_resize_slice(site->arena, unsigned char, p, size, next)
                        : bitena_try_resize_slice(site->arena, unsigned char, p, size, next);
        if (!served(site, moved)) {
            break;
        }
        for (size_t i = 0; i < (size < next ? size : next); i++) {
            SOAK_REQUIRE(moved[i] == (unsigned char)(0x5a + size));
        }
        p = moved;
        size = next;
        memset(p, (unsigned char)(0x5a + size), size);
    }
    if (size != 0 && random_one_in(random, 8)) {
        SOAK_REQUIRE(bitena_try_resize(site->arena, p, size, 0, 1));
    } else if (size != 0) {
        note(site, p, size, 1);
    }
}

static void window(const struct site *site)
{
    size_t least = random_skewed(&site->me->random, 9), room = 0;
    size_t align = (size_t)1 << random_below(&site->me->random, 5);
    unsigned char *p = site->plain ? bitena_window(site->arena, least, align, &room)
                                   : bitena_try_window(site->arena, least, align, &room);
    if (served(site, p)) {
        SOAK_REQUIRE(room >= least);
        size_t size = random_below(&site->me->random, (room < 1000 ? room : 1000) + 1);
        memset(p, 0x3c, size);
        bitena_commit(site->arena, p, room, size);
        if (size != 0) {
            note(site, p, size, align);
        }
    }
}

/* Stands in the arena, and must still be whole when it is called. */
struct deferred {
    struct family *family;
    bitena *arena;
    uint64_t id, guard;
};
static const uint64_t guard_live = 0x6c6976652d6f6e65, guard_over = 0x6f7665722d6e6f77;

static void count_cleanup(void *argument)
{
    struct deferred *d = argument;
    if (d->guard != (guard_live ^ d->id)) {
        soak_fault(d->guard == guard_over ? "a cleanup ran twice"
                                          : "a cleanup ran when its argument was gone",
                   d, sizeof *d);
    }
    d->guard = guard_over;
    __atomic_fetch_add(&d->family->ran, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&d->family->ran_ids, d->id, __ATOMIC_RELAXED);
    unsigned char *p = d->id % 8 == 0 ? bitena_try_alloc(d->arena, 24, 8) : NULL;
    if (p) {
        memset(p, 0x7e, 24);
    }
}

static void deferring(const struct site *site)
{
    struct family *family = site->family;
    struct deferred *d = get(site, sizeof *d, _Alignof(struct deferred));
    if (!served(site, d)) {
        return;
    }
    uint64_t id = (random_next(&site->me->random) & ~(uint64_t)0xffff) | ++site->me->next_cleanup;
    *d = (struct deferred){family, site->arena, id, guard_live ^ id};
    if (site->plain) {
        bitena_defer(site->arena, count_cleanup, d);
    } else if (bitena_try_defer(site->arena, count_cleanup, d) != 0) {
        (void)served(site, NULL);
        return;
    }
    site->me->counts.cleanups++;
    __atomic_fetch_add(&family->deferred, 1, __ATOMIC_RELAXED);
    __atomic_fetch_add(&family->deferred_ids, id, __ATOMIC_RELAXED);
}

/* By the macro, whose child ends with the block. */
static void child_of_block(const struct site *site)
{
    BITENA_CHILD(child, site->arena);
    struct site inside = *site;
    inside.arena = child;
    inside.plain = false;
    size_t from = site->list->count;
    small_ones(&inside);
    verify(site->family, site->list, from, true);
    site->me->counts.children++;
}

static void numbers(const struct site *site)
{
    size_t capacity = bitena_capacity(site->arena);
    SOAK_REQUIRE(capacity == site->family->capacity);
    SOAK_REQUIRE(bitena_used(site->arena) <= capacity);
    if (site->arena != site->family->arena) { /* a child may trim beside others */
        SOAK_REQUIRE(bitena_trim(site->arena, random_below(&site->me->random, 9000)) == 0);
    }
}

static void wrong_align(const struct site *site)
{
    (void)bitena_alloc(site->arena, 8, 3);
}
static void wrong_size(const struct site *site)
{
    (void)bitena_alloc_uninit(site->arena, uint64_t, SIZE_MAX / 4);
}
static void wrong_commit(const struct site *site)
{
    size_t room;
    void *p = bitena_window(site->arena, 16, 1, &room);
    bitena_commit(site->arena, p, room, room + 1);
}

#define REFUSES(error, call) SOAK_REQUIRE((errno = 0, !(call)) && errno == (error))
#define DENIES(error, call)  SOAK_REQUIRE((errno = 0, (call)) == -1 && errno == (error))

static void refusals(const struct site *site)
{
    bitena *arena = site->arena;
    volatile size_t huge = SIZE_MAX / 2;
    REFUSES(EINVAL, bitena_try_alloc(arena, 8, 3));
    REFUSES(EINVAL, bitena_try_alloc(arena, 8, 0));
    REFUSES(EOVERFLOW, bitena_try_alloc(arena, huge + 9, 1));
    REFUSES(EOVERFLOW, bitena_try_alloc_slice(arena, uint32_t, huge, 1));
    REFUSES(ENOMEM, bitena_try_alloc(arena, bitena_capacity(arena) + 1, 1));
    REFUSES(EINVAL, bitena_try_resize(arena, NULL, 5, 10, 1));
    DENIES(EINVAL, bitena_absorb(arena, arena));
    REFUSES(EINVAL, bitena_open(&(bitena_options){.capacity = 4096, .mode = 9}));
    REFUSES(EINVAL, bitena_new(0));
    char small[600];
    REFUSES(ENOMEM, bitena_init(small, sizeof small, NULL));
    SOAK_REQUIRE(bitena_open_error(small, sizeof small) > 0 && small[0] != 0);
    if (site->family->mode != BITENA_LOCAL && arena == site->family->arena) {
        DENIES(EINVAL, bitena_own(arena));
    }
    if (site->family->mode != BITENA_EXACT || arena != site->family->arena) {
        DENIES(EINVAL, bitena_rewind(arena, (bitena_mark){.number = 1}));
    }
}

static const struct maker {
    const char *name;
    void (*make)(const struct site *site);
    unsigned weight;
} makers[] = {
    {"small", small_ones, 200},   {"words", words, 60},    {"aligned", one_aligned, 12},
    {"large", one_large, 1},      {"typed", typed, 8},     {"text", texts, 16},
    {"resize", growing, 6},       {"window", window, 8},   {"defer", deferring, 6},
    {"child", child_of_block, 1}, {"numbers", numbers, 3}, {"refusals", refusals, 1},
};
enum { MAKERS = sizeof makers / sizeof *makers };
_Static_assert((int)MAKERS <= (int)MAKERS_MOST, "room to count them");
const unsigned maker_count = MAKERS;

const char *maker_name(unsigned maker)
{
    return makers[maker].name;
}

static unsigned draw_maker(struct random *random)
{
    static const unsigned sum = 322;
    unsigned draw = (unsigned)random_below(random, sum), i = 0;
    while (i + 1 < MAKERS && draw >= makers[i].weight) {
        draw -= makers[i++].weight;
    }
    return i;
}

/* What each must report to the handler. */
static void report_errors(const struct site *site)
{
    SOAK_REQUIRE(guarded(site, wrong_align) == EINVAL);
    SOAK_REQUIRE(guarded(site, wrong_size) == EOVERFLOW);
    int error = guarded(site, wrong_commit);
    SOAK_REQUIRE(error == EINVAL || error == ENOMEM);
}

void make_some(const struct site *site, unsigned times)
{
    struct site here = *site;
    struct random *random = &site->me->random;
    uint64_t refused = site->me->counts.refusals; /* one is enough: each costs a search */
    for (; times > 0 && here.list->count + LIST_MARGIN <= here.list->room &&
           refused == here.me->counts.refusals;
         times--) {
        unsigned chosen = draw_maker(random);
        here.plain = random_one_in(random, 2);
        int error = guarded(&here, makers[chosen].make);
        SOAK_REQUIRE(error == 0 || (error == ENOMEM && here.plain) ||
                     (error == ENOMEM && makers[chosen].make == child_of_block));
        here.me->counts.refusals += error != 0;
        here.me->counts.made[chosen] += error == 0 && refused == here.me->counts.refusals;
        if (makers[chosen].make == refusals) {
            report_errors(&here);
        }
    }
}

void check_stranger(const struct family *family)
{
    REFUSES(EPERM, bitena_try_alloc(family->arena, 8, 8));
    DENIES(EPERM, bitena_try_defer(family->arena, count_cleanup, NULL));
    DENIES(EPERM, bitena_reset(family->arena));
    DENIES(EPERM, bitena_trim(family->arena, 0));
    REFUSES(EPERM, bitena_new_child(family->arena));
    SOAK_REQUIRE(bitena_used(family->arena) <= family->capacity);
}
