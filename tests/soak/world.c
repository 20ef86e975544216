/* The families of a world: opened in every mode, checked and reset between epochs, dropped. The
 * caller of all but may_use and has_marks is alone. Mapped pages are counted around each opening
 * and drop (not where a sanitizer maps too); a buffer stands between two rows of guard bytes.
 * SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>

#include "soak/soak.h"

enum { WORLD_EPOCHS = 8, CROWD_WORLDS = 32, CROWD_BYTES = 2 << 20, GUARD = 128, GUARD_BYTE = 0xa7 };

struct family families[FAMILIES];
static unsigned worlds_to_crowd;

/* Two kinds for each place in a world; a world draws one of them. */
static const struct kind {
    const char *name;
    bool buffer;
    bitena_options options;
} kinds[FAMILIES][2] = {
    {{"shared 4M", false, {.capacity = 4 << 20}}, {"shared 1M", false, {.capacity = 1 << 20}}},
    {{"shared 64K", false, {.capacity = 64 << 10}}, {"shared 17K", false, {.capacity = 17 << 10}}},
    {{"EXACT 1M", false, {.capacity = 1 << 20, .mode = BITENA_EXACT}},
     {"tiny 12K", false, {.capacity = 12 << 10}}},
    {{"LOCAL 512K", false, {.capacity = 512 << 10, .mode = BITENA_LOCAL}},
     {"LOCAL buffer", true, {.capacity = 200 << 10, .mode = BITENA_LOCAL}}},
    {{"shared buffer", true, {.capacity = 56 << 10}},
     {"EXACT buffer", true, {.capacity = 100 << 10, .mode = BITENA_EXACT}}},
    {{"lease 1K", false, {.capacity = 300 << 10, .lease_max = 1024}},
     {"huge 4M", false, {.capacity = 4 << 20, .huge_pages = 1, .prefault = 1}}},
};

static long mapped_pages(void)
{
    long pages = 0;
    FILE *file = under_sanitizer() ? NULL : fopen("/proc/self/statm", "r");
    if (file) {
        SOAK_REQUIRE(fscanf(file, "%ld", &pages) == 1);
        (void)fclose(file);
    }
    return pages;
}

/* The first count also takes what stdio maps for itself. */
static long pages_now(void)
{
    (void)mapped_pages();
    return mapped_pages();
}

static void open_family(struct family *family, const struct kind *kind)
{
    bitena_options options = kind->options;
    options.name = kind->name;
    options.on_failure = soak_failed;
    family->kind = kind->name;
    family->capacity = options.capacity;
    family->mode =
        options.mode == BITENA_SHARED && options.capacity < 16384 ? BITENA_EXACT : options.mode;
    if (kind->buffer) {
        family->buffer_bytes = BITENA_BUFFER_SIZE(options.capacity);
        family->buffer = malloc(family->buffer_bytes + 2 * GUARD);
        SOAK_REQUIRE(family->buffer);
        memset(family->buffer, GUARD_BYTE, family->buffer_bytes + 2 * GUARD);
    }
    overlap_open(&family->map, family->capacity);
    long before = pages_now();
    family->arena = kind->buffer
                        ? bitena_init(family->buffer + GUARD, family->buffer_bytes, &options)
                        : bitena_open(&options);
    SOAK_REQUIRE(family->arena);
    family->pages = mapped_pages() - before;
    SOAK_REQUIRE(kind->buffer ? family->pages == 0 : before == 0 || family->pages > 0);
    overlap_locate(&family->map, bitena_alloc(family->arena, 0, 1));
}

static void drop_family(struct family *family)
{
    long before = pages_now();
    SOAK_REQUIRE(family->mode != BITENA_LOCAL || bitena_own(family->arena) == 0);
    bitena_drop(family->arena);
    if (before - mapped_pages() != family->pages) {
        soak_fault("LEAK: the drop has not unmapped what the opening mapped", family->arena,
                   family->capacity);
    }
    for (size_t i = 0; family->buffer && i < GUARD; i++) {
        SOAK_REQUIRE(family->buffer[i] == GUARD_BYTE &&
                     family->buffer[GUARD + family->buffer_bytes + i] == GUARD_BYTE);
    }
    free(family->buffer);
    overlap_close(&family->map);
    *family = (struct family){0};
}

static void check_cleanups(const struct family *family)
{
    if (family->deferred != family->ran || family->deferred_ids != family->ran_ids) {
        printf("%s: %zu deferred, %zu have run\n", family->kind, (size_t)family->deferred,
               (size_t)family->ran);
        soak_fault("not every cleanup has run once", family->arena, 0);
    }
}

/* What stands against the numbers before the reset, and after it. */
static void end_family(struct family *family, struct worker *all, struct worker *me)
{
    struct random *random = &me->random;
    size_t live = 0, used = bitena_used(family->arena), capacity = family->capacity;
    size_t remaining = bitena_remaining(family->arena);
    for (unsigned i = 0; i < WORKERS; i++) {
        struct list *lists[] = {&all[i].kept[family->number], &all[i].absorbed[family->number]};
        for (unsigned j = 0; j < 2; j++) {
            live += lists[j]->bytes;
            lists[j]->bytes = lists[j]->count = 0;
        }
    }
    if (used < live || used > capacity || remaining > capacity - used ||
        (family->mode != BITENA_SHARED && remaining != capacity - used)) {
        printf("%s: capacity %zu, used %zu, remaining %zu, live %zu\n", family->kind, capacity,
               used, remaining, live);
        soak_fault("free and used do not add up", family->arena, used);
    }
    bool all_back = family->balanced && !family->lasting;
    me->counts.balanced += all_back;
    if (all_back && used != 0) {
        printf("%s: used %zu of %zu, remaining %zu\n", family->kind, used, capacity, remaining);
        soak_fault("LEAK: all was given back, and not all is free", family->arena, used);
    }
    SOAK_REQUIRE(bitena_reset(family->arena) == 0);
    check_cleanups(family);
    if (bitena_used(family->arena) != 0 || bitena_remaining(family->arena) != capacity) {
        soak_fault("LEAK: not all is free after the reset", family->arena,
                   bitena_used(family->arena));
    }
    if (family->mapped) {
        overlap_clear(&family->map);
    }
    if (random_one_in(random, 16)) {
        SOAK_REQUIRE(bitena_trim(family->arena, random_below(random, 100000)) == 0);
    }
    family->lasting = false;
}

static void begin_epoch(struct family *family, unsigned epoch, struct random *random)
{
    family->owner = (epoch + family->number) % WORKERS;
    family->solo = family->mode == BITENA_LOCAL || random_one_in(random, 6);
    family->mapped = random_one_in(random, 4);
    family->balanced = random_one_in(random, 3) && (family->mode != BITENA_EXACT || family->solo);
}

void world_close(void)
{
    for (unsigned i = 0; i < FAMILIES; i++) {
        if (families[i].arena) {
            drop_family(&families[i]);
        }
    }
}

void world_next(struct worker *me, unsigned epoch, struct worker *all)
{
    for (unsigned i = 0; i < FAMILIES && epoch > 0; i++) {
        SOAK_REQUIRE(families[i].mode != BITENA_LOCAL || bitena_own(families[i].arena) == 0);
        end_family(&families[i], all, me);
    }
    if (epoch % WORLD_EPOCHS == 0) {
        world_close();
        for (unsigned i = 0; i < FAMILIES; i++) {
            families[i].number = i;
            open_family(&families[i], &kinds[i][random_below(&me->random, 2)]);
        }
        me->counts.families += FAMILIES;
        if (families[0].capacity > CROWD_BYTES && worlds_to_crowd-- == 0) {
            worlds_to_crowd = CROWD_WORLDS;
            crowd(me);
        }
    }
    for (unsigned i = 0; i < FAMILIES; i++) {
        begin_epoch(&families[i], epoch, &me->random);
    }
    me->counts.epochs++;
}

bool may_use(const struct worker *me, const struct family *family)
{
    return !family->solo || family->owner == me->number;
}

bool has_marks(const struct worker *me, const struct family *family)
{
    return family->solo ? family->owner == me->number : family->mode == BITENA_SHARED;
}
