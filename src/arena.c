/* Roots: making them on a block, reset, trim, drop, and the numbers.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>

#include "core.h"
#include "thread.h"
#include <bitena/order.h>

static const size_t huge_pages_from = (size_t)4 << 20;
static const size_t lease_max_limit = (size_t)1 << 30;

/* Why the last arena of this thread could not be made. */
static __thread struct {
    const char *what;
    size_t asked;
    struct platform_refusal refusal;
} last_error;

static bitena *refuse(int error, const char *what, size_t asked)
{
    last_error.what = what;
    last_error.asked = asked;
    errno = error;
    return NULL;
}

size_t bitena_open_error(char *text, size_t size)
{
    char limit[64] = "";
    if (size != 0) {
        REQUIRE(text);
    }
    if (last_error.refusal.bytes != 0) {
        (void)snprintf(limit, sizeof limit, ", at %llu bytes",
                       (unsigned long long)last_error.refusal.bytes);
    }
    const char *refusal = last_error.refusal.limit;
    int length =
        snprintf(text, size, "%s (%zu bytes)%s%s%s", last_error.what ? last_error.what : "no error",
                 last_error.asked, refusal ? ": refused by " : "", refusal ? refusal : "", limit);
    return (size_t)length; /* never negative: these conversions cannot fail */
}

/* How many of each table a block of this capacity has, and where they stand behind the root's
 * struct. */
struct tables {
    size_t tlabs, runs, bytes;
};

static struct tables tables_for(size_t capacity, int mode, bool buffer)
{
    struct tables t;
    t.tlabs = mode != BITENA_SHARED ? 0
              : buffer              ? clamp_size(capacity / 16384, 2, 256)
                                    : clamp_size(capacity / 2048, 8, THREAD_SLOTS);
    t.runs = buffer ? clamp_size(capacity / 640, 32, (size_t)1 << 20)
                    : clamp_size(capacity / 128, 64, (size_t)1 << 20);
    t.bytes = round_up(sizeof(struct root), LINE_BYTES) + t.tlabs * sizeof(union tlab_slot) +
              (t.runs + MARK_RUNS) * sizeof(struct run);
    return t;
}

static int mode_for(size_t capacity, int mode)
{
    return mode == BITENA_SHARED && capacity < EXACT_BELOW ? BITENA_EXACT : mode;
}

static const char *bad_option(const bitena_options *o, bool buffer)
{
    const struct {
        bool bad;
        const char *text;
    } rules[] = {
        {o->mode < BITENA_SHARED || o->mode > BITENA_LOCAL,
         "mode is not one of SHARED, EXACT, LOCAL"},
        {o->lease_max != 0 && (o->lease_max < LEASE_MIN || o->lease_max > lease_max_limit),
         "lease_max is not from 1 KiB to 1 GiB"},
        {o->huge_pages < -1 || o->huge_pages > 1, "huge_pages is not -1, 0 or 1"},
        {o->prefault < -1 || o->prefault > 1, "prefault is not -1, 0 or 1"},
        {o->checked < -1 || o->checked > 1, "checked is not -1, 0 or 1"},
        {o->wipe < -1 || o->wipe > 1, "wipe is not -1, 0 or 1"},
        {o->guard_generations != 0, "guard_generations is not offered yet"},
        {o->checked == 1, "checked is not offered yet"},
        {o->wipe == 1, "wipe is not offered yet"},
        {buffer && o->huge_pages == 1, "huge_pages has no meaning for a caller's buffer"},
        {buffer && o->prefault == 1, "prefault has no meaning for a caller's buffer"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        if (rules[i].bad) {
            return rules[i].text;
        }
    }
    return NULL;
}

/* The caller's memory before the arena stands in it is zeroed: see the blocks. */
static bitena *begin(const struct block *block, const bitena_options *o, size_t capacity,
                     struct tables tables)
{
    struct root *root = (struct root *)block->top;
    struct arena *a = &root->arena;
    struct pool *pool = &root->pool;
    int mode = mode_for(capacity, o->mode);
    char *after = (char *)root + round_up(sizeof *root, LINE_BYTES);
    uint64_t id = mode == BITENA_EXACT ? OWNER_NOBODY : thread_id();
    a->pool = pool;
    a->copy = thread_copy();
    a->table = (union tlab_slot *)after;
    a->table_count = (uint32_t)tables.tlabs;
    a->mode = mode;
    a->name = o->name ? o->name : "arena";
    a->lease_max = o->lease_max ? o->lease_max : LEASE_MAX_DEFAULT;
    a->on_failure = o->on_failure;
    a->context = o->context;
    store_relaxed(&a->epoch, fresh_epoch()); /* [M12] */
    a->tlabs_in_use = 1;
    pool->block = *block;
    pool->upward = mode == BITENA_EXACT;
    pool->capacity = capacity;
    pool->data = pool->upward ? block->start : block->top - capacity;
    pool->runs = (struct run *)(after + tables.tlabs * sizeof(union tlab_slot));
    pool->run_count = (uint32_t)tables.runs;
    pool_clear(pool, 0);
    tlab_clear(a, &a->tlab);
    a->tlab.bearer = id;
    store_relaxed(&a->owner, id ? id : OWNER_NOBODY); /* [M12] */
    return public_of(a);
}

bitena *bitena_open(const bitena_options *options)
{
    REQUIRE(options);
    size_t capacity = options->capacity;
    const char *bad = capacity == 0 ? "capacity is 0" : bad_option(options, false);
    last_error.refusal = (struct platform_refusal){0};
    if (bad) {
        return refuse(EINVAL, bad, capacity);
    }
    if (capacity > PTRDIFF_MAX) {
        return refuse(EOVERFLOW, "capacity is above PTRDIFF_MAX", capacity);
    }
    struct tables tables = tables_for(capacity, mode_for(capacity, options->mode), false);
    struct block_plan plan = {
        .data_bytes = capacity,
        .table_bytes = tables.bytes,
        .huge_pages =
            options->huge_pages == 1 || (options->huge_pages == 0 && capacity >= huge_pages_from),
        .prefault = options->prefault == 1,
    };
    struct block block;
    if (block_open_private(&block, &plan, &last_error.refusal) != 0) {
        return refuse(ENOMEM, "cannot reserve the block", capacity);
    }
    return begin(&block, options, capacity, tables);
}

bitena *bitena_new(size_t capacity)
{
    return bitena_open(&(bitena_options){.capacity = capacity});
}

/* What a buffer can hold in this mode; 0: not even the tables. */
static size_t open_buffer(struct block *block, void *buffer, size_t size, int mode,
                          struct tables *tables)
{
    *tables = tables_for(size, mode, true);
    if (block_open_buffer(block, buffer, size, tables->bytes) != 0) {
        return 0;
    }
    block->start =
        mode == BITENA_EXACT ? round_up(block->start, _Alignof(max_align_t)) : block->start;
    return block->top - block->start; /* the top is on a line of its own: not below the start */
}

bitena *bitena_init(void *buffer, size_t size, const bitena_options *options)
{
    REQUIRE(buffer);
    static const bitena_options defaults;
    const bitena_options *o = options ? options : &defaults;
    last_error.refusal = (struct platform_refusal){0};
    const char *bad = (uintptr_t)buffer < BITENA_FLOOR_MIN_ ? "the buffer stands below 64 KiB"
                                                            : bad_option(o, true);
    if (bad) {
        return refuse(EINVAL, bad, size);
    }
    if (size > PTRDIFF_MAX || o->capacity > PTRDIFF_MAX) {
        return refuse(EOVERFLOW, "the buffer's size is above PTRDIFF_MAX", size);
    }
    struct block block;
    struct tables tables;
    int mode = mode_for(o->capacity ? o->capacity : size, o->mode);
    size_t capacity = open_buffer(&block, buffer, size, mode, &tables);
    if (mode != mode_for(o->capacity ? o->capacity : capacity,
                         o->mode)) { /* what is left is small enough for EXACT */
        mode = BITENA_EXACT;
        capacity = open_buffer(&block, buffer, size, mode, &tables);
    }
    if (capacity == 0 || o->capacity > capacity) {
        return refuse(ENOMEM, "the buffer is too small", size);
    }
    memset((void *)block.top, 0, tables.bytes);
    bitena_options chosen = *o;
    chosen.mode = mode;
    return begin(&block, &chosen, o->capacity ? o->capacity : capacity, tables);
}

/* EPERM for a stranger in a LOCAL arena or child. */
static int may_manage(struct arena *a)
{
    return a->mode == BITENA_LOCAL && load_relaxed(&a->owner) != thread_id() ? EPERM
                                                                             : 0; /* [M12] */
}

/* What reset and drop begin with: may they, and the cleanups. */
static int prepare_end(struct arena *a)
{
    int error = may_manage(a);
    error = error ? error : has_children(a) ? EBUSY : 0;
    if (!error && run_all_cleanups(a)) {
        error = has_children(a) ? EBUSY : 0; /* a cleanup may have made one */
    }
    return error;
}

/* The owner that used its arena goes on with a lease as large as it had come to: a reset in a
 * loop costs no refill, and what grew in it grows in place the next time. Of a lease larger than
 * others, which growing data made, no more than twice what was used. Little enough that others
 * miss it hardly; one that has not used its arena since the last reset gets none. */
static size_t lease_after_reset(const struct arena *a, uint64_t id)
{
    const struct tlab *tlab = &a->tlab;
    size_t used = tlab->end - tlab->ceiling + (tlab->floor - tlab->base);
    if (id != tlab->bearer || used == 0) { /* the TLAB of an EXACT arena is never used */
        return 0;
    }
    size_t grown = smaller(tlab->end - tlab->base, 2 * used);
    size_t most = smaller(larger(tlab->next_lease, grown), a->pool->capacity / RESET_SHARE);
    return most & ~(size_t)(LINE_BYTES - 1);
}

static void reset_root(struct arena *a)
{
    uint64_t id = a->mode == BITENA_EXACT ? OWNER_NOBODY : thread_id();
    struct tlab *next = load_acquire(&a->tlabs); /* [M11] */
    while (next) {
        struct tlab *tlab = next;
        next = load_relaxed(&tlab->next); /* [M11] */
        tlab_clear(a, tlab);
        store_relaxed(&tlab->bearer, 0); /* [M10] */
    }
    a->tlabs = NULL;
    a->tlabs_in_use = 1;
    a->absorbed = NULL;
    a->children = 0;
    a->copy = thread_copy(); /* whose slots index the table from now on */
    size_t grown = a->tlab.next_lease;
    size_t lease = lease_after_reset(a, id);
    tlab_clear(a, &a->tlab);
    pool_clear(a->pool, lease); /* last: the TLABs have given their descriptors back */
    if (lease != 0) {
        tlab_lease_top(&a->tlab, lease);
        a->tlab.next_lease = grown;
    }
    a->tlab.bearer = id;
    store_relaxed(&a->epoch, fresh_epoch());          /* [M12] */
    store_relaxed(&a->owner, id ? id : OWNER_NOBODY); /* [M12] */
}

int bitena_reset(bitena *arena)
{
    REQUIRE(arena);
    struct arena *a = arena_of(arena);
    int error = prepare_end(a);
    if (error) {
        errno = error;
        return -1;
    }
    if (a->parent) {
        reset_child(a);
    } else {
        reset_root(a);
    }
    return 0;
}

void bitena_drop(bitena *arena)
{
    if (!arena) {
        return;
    }
    int saved = errno;
    struct arena *a = arena_of(arena);
    int error = prepare_end(a);
    if (error) {
        fail(a, 0, 0, error,
             error == EBUSY ? "drop while children live" : "drop by a thread that does not own it");
    }
    if (a->parent) {
        drop_child(a);
    } else {
        struct block block = a->pool->block;
        store_relaxed(&a->owner, OWNER_DROPPED); /* [M12] */
        block.kind->close(&block);
    }
    errno = saved;
}

int bitena_trim(bitena *arena, size_t keep_bytes)
{
    REQUIRE(arena);
    struct arena *a = arena_of(arena);
    int error = may_manage(a);
    if (error) {
        errno = error;
        return -1;
    }
    struct tlab *tlab = tlab_peek(a);
    int result = 0;
    if (tlab) {
        tlab_close_window(tlab);
        tlab_give_spare(a, tlab);
        struct span own = {offset_of(a->pool, tlab->floor), offset_of(a->pool, tlab->ceiling), 0};
        result = pool_discard(a->pool, own, &keep_bytes);
    }
    return result == 0 && !a->parent ? pool_trim(a->pool, keep_bytes) : result;
}

size_t bitena_capacity(const bitena *arena)
{
    REQUIRE(arena);
    return arena_of(arena)->pool->capacity;
}

size_t bitena_remaining(const bitena *arena)
{
    REQUIRE(arena);
    struct arena *a = arena_of(arena);
    const struct tlab *tlab = tlab_peek(a);
    return pool_free(a->pool) + (tlab ? tlab_free(tlab) : 0);
}

static size_t used_by_child(struct arena *child)
{
    const struct pool *pool = child->pool;
    const struct tlab *tlab = tlab_peek(child);
    if (!tlab) {
        return 0; /* only its owner may look into its chain */
    }
    size_t held = tlab->end - tlab->base + tlab->spare_bytes;
    for (uint32_t run = tlab->chain; run != 0; run = run_at(pool, run)->next) {
        held += run_at(pool, run)->end - run_at(pool, run)->base;
    }
    return held - tlab_free(tlab);
}

size_t bitena_used(const bitena *arena)
{
    REQUIRE(arena);
    struct arena *a = arena_of(arena);
    if (a->parent) {
        return used_by_child(a);
    }
    size_t unused = pool_free(a->pool) + tlab_free(&a->tlab);
    for (const struct tlab *t = load_acquire(&a->tlabs); t;
         t = load_relaxed(&t->next)) { /* [M11] */
        unused += tlab_free(t);
    }
    return unused < a->pool->capacity ? a->pool->capacity - unused : 0; /* readings may be torn */
}
