/* What all threads of a pool share: full lists of free objects, and the memory they come from. Full
 * lists stand in a tagged stack (R. K. Treiber, Coping with Parallelism, 1986) of descriptors,
 * apart from the objects: a late popper may read a descriptor that is another's by now, never an
 * object. One descriptor per batch comes with each slab, so giving needs no memory. Knows nothing
 * of magazines.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>

#include <bitena/link.h>
#include <bitena/order.h>
#include <bitena/pool_parts.h>

enum {
    TAG_SHIFT = 32,
    GROWTH_SHARE = 8,
    BITS = 32,
    BATCH = 64,
    BATCH_BYTES = 16 << 10, /* the default batch has no more */
    LINE_BITS = 6
};

/* `count` objects that go from hand to hand together, or none: then it is spare. */
struct batch {
    bitena_link_ next; /* in its stack; atomic: racing poppers read it */
    uint32_t fresh;    /* not linked yet: they stand side by side */
    size_t count;
    struct pool_link *first;
};

/* Followed by its descriptors, a unit each, a bit for each object if the pool is checked, and
 * the objects. */
struct pool_slab {
    struct pool_slab *next; /* constant once it is in the pool's list */
    uintptr_t objects;
    size_t bytes;
    uint32_t *lives; /* [P08] */
};

/* ---- Batches ---- */

static struct batch *batch_at(const bitena_pool *pool, bitena_link_ link)
{
    return (struct batch *)bitena_link_end_(pool, link, pool->unit_bits);
}

static void push(const bitena_pool *pool, uint64_t *stack, struct batch *batch)
{
    bitena_link_ link = bitena_link_to_(pool, batch, pool->unit_bits);
    uint64_t head = load_relaxed(stack), next; /* [P01] */
    do {
        store_relaxed(&batch->next, (uint32_t)head); /* [P01] */
        next = ((head >> TAG_SHIFT) + 1) << TAG_SHIFT | link;
    } while (!cas_weak_release(stack, &head, next)); /* [P01] */
}

static struct batch *pop(const bitena_pool *pool, uint64_t *stack)
{
    for (;;) {
        uint64_t head = load_acquire(stack); /* [P01] */
        if ((uint32_t)head == 0) {
            return NULL;
        }
        struct batch *batch = batch_at(pool, (uint32_t)head);
        uint64_t next =
            ((head >> TAG_SHIFT) + 1) << TAG_SHIFT | load_relaxed(&batch->next); /* [P01] */
        if (cas_weak_relaxed(stack, &head, next)) { /* [P01] a head with this tag is one message */
            return batch;
        }
    }
}

static void push_full(bitena_pool *pool, struct batch *batch)
{
    (void)add_relaxed(&pool->shared, batch->count); /* [P06] */
    push(pool, &pool->full, batch);
}

int bitena_pool_share_(bitena_pool *pool, struct pool_link *list, size_t count)
{
    struct batch *batch = pop(pool, &pool->spare);
    if (!batch) {
        return false;
    }
    batch->fresh = false;
    batch->count = count;
    batch->first = list;
    push_full(pool, batch);
    return true;
}

static struct pool_link *unpack(bitena_pool *pool, struct batch *batch, size_t *count)
{
    struct pool_link *first = batch->first;
    *count = batch->count;
    if (batch->fresh) {
        struct pool_link *at = first;
        for (size_t i = 1; i < *count; i++) {
            at->next = (struct pool_link *)((uintptr_t)at + pool->stride);
            at = at->next;
        }
        at->next = NULL;
    }
    push(pool, &pool->spare, batch);
    return first;
}

/* ---- Slabs ---- */

static size_t round_up(size_t n, size_t align)
{
    return (n + align - 1) & ~(align - 1);
}

static size_t batches_of(const bitena_pool *pool, size_t objects)
{
    return objects / pool->batch + (objects % pool->batch != 0);
}

size_t bitena_pool_slab_align_(const bitena_pool *pool)
{
    size_t unit = (size_t)1 << pool->unit_bits;
    return pool->align > unit ? pool->align : unit;
}

static size_t slab_head(const bitena_pool *pool, size_t objects)
{
    size_t lives = pool->flags & POOL_CHECKED ? (objects / BITS + 1) * sizeof(uint32_t) : 0;
    size_t bytes = ((1 + batches_of(pool, objects)) << pool->unit_bits) + lives;
    return round_up(bytes, pool->align);
}

size_t bitena_pool_slab_bytes_(const bitena_pool *pool, size_t objects)
{
    return slab_head(pool, objects) + objects * pool->stride;
}

/* Its batches are shared, but the first, which is the caller's. */
static struct batch *place_slab(bitena_pool *pool, void *memory, size_t objects)
{
    struct pool_slab *slab = memory;
    size_t unit = (size_t)1 << pool->unit_bits;
    uintptr_t at = (uintptr_t)memory;
    slab->objects = at + slab_head(pool, objects);
    slab->bytes = objects * pool->stride;
    slab->lives = (uint32_t *)(at + unit * (1 + batches_of(pool, objects)));
    if (pool->flags & POOL_CHECKED) {
        memset(slab->lives, 0, (objects / BITS + 1) * sizeof(uint32_t));
    }
    slab->next = load_relaxed(&pool->slabs);                     /* [P03] */
    while (!cas_weak_release(&pool->slabs, &slab->next, slab)) { /* [P03] */
    }
    (void)add_relaxed(&pool->carved, objects); /* [P06] */
    for (size_t done = pool->batch; done < objects; done += pool->batch) {
        struct batch *batch = (struct batch *)(at + unit * (1 + done / pool->batch));
        batch->fresh = true;
        batch->count = objects - done < pool->batch ? objects - done : pool->batch;
        batch->first = (struct pool_link *)(slab->objects + done * pool->stride);
        push_full(pool, batch);
    }
    struct batch *first = (struct batch *)(at + unit);
    first->fresh = true;
    first->count = objects < pool->batch ? objects : pool->batch;
    first->first = (struct pool_link *)slab->objects;
    return first;
}

void bitena_pool_add_slab_(bitena_pool *pool, void *memory, size_t objects)
{
    push_full(pool, place_slab(pool, memory, objects));
}

/* An eighth more, or a batch, or one object. */
static struct batch *carve(bitena_pool *pool, pool_alloc *alloc)
{
    int saved = errno;
    size_t more = load_relaxed(&pool->carved) / GROWTH_SHARE; /* [P06] */
    size_t wishes[] = {more - more % pool->batch, pool->batch, 1};
    for (int i = 0; i < 3; i++) {
        pool_alloc *verb = wishes[i] == 1 ? alloc : bitena_try_alloc;
        void *memory = wishes[i] == 0 ? NULL
                                      : verb(pool->arena, bitena_pool_slab_bytes_(pool, wishes[i]),
                                             bitena_pool_slab_align_(pool));
        if (memory) {
            errno = saved;
            return place_slab(pool, memory, wishes[i]);
        }
    }
    return NULL;
}

uint32_t *bitena_pool_life_(const bitena_pool *pool, const void *object, uint32_t *bit)
{
    const struct pool_slab *slab = load_acquire(&pool->slabs); /* [P03] */
    while (slab && (uintptr_t)object - slab->objects >= slab->bytes) {
        slab = slab->next;
    }
    if (!slab || ((uintptr_t)object - slab->objects) % pool->stride != 0) {
        return NULL;
    }
    size_t index = ((uintptr_t)object - slab->objects) / pool->stride;
    *bit = (uint32_t)1 << index % BITS;
    return &slab->lives[index / BITS];
}

/* ---- Strays ---- */

/* Where others came meanwhile the list is followed by them. */
void bitena_pool_stray_(bitena_pool *pool, struct pool_link *list, size_t count)
{
    struct pool_link *head = NULL, *tail = NULL;
    (void)add_relaxed(&pool->shared, count);                /* [P06] */
    while (!cas_weak_release(&pool->strays, &head, list)) { /* [P02] */
        if (head && !tail) {
            for (tail = list; tail->next; tail = tail->next) {
            }
        }
        if (tail) {
            tail->next = head;
        }
    }
}

/* Up to a batch of them; the rest goes back. */
static struct pool_link *take_strays(bitena_pool *pool, size_t *count)
{
    struct pool_link *first = load_relaxed(&pool->strays), *none = NULL; /* [P02] */
    while (first && !cas_weak_acquire(&pool->strays, &first, none)) {    /* [P02] */
    }
    if (first) {
        struct pool_link *last = first;
        for (*count = 1; *count < pool->batch && last->next; ++*count) {
            last = last->next;
        }
        (void)add_relaxed(&pool->shared, 0 - *count); /* [P06] */
        if (last->next) {
            bitena_pool_stray_(pool, last->next, 0);
            last->next = NULL;
        }
    }
    return first;
}

struct pool_link *bitena_pool_obtain_(bitena_pool *pool, pool_alloc *alloc, size_t *count)
{
    struct pool_link *list = take_strays(pool, count);
    if (list) {
        return list;
    }
    struct batch *batch = pop(pool, &pool->full);
    if (batch) {
        (void)add_relaxed(&pool->shared, 0 - batch->count); /* [P06] */
    } else {
        batch = carve(pool, alloc);
    }
    return batch ? unpack(pool, batch, count) : NULL;
}

/* ---- Making ---- */

const char bitena_pool_copy_ = 0;

/* The sizes; false: too large. */
static bool measure(bitena_pool *pool, const bitena_pool_options *options)
{
    const size_t most = PTRDIFF_MAX / 4; /* sums of two cannot wrap */
    size_t align = options->align ? options->align : _Alignof(max_align_t);
    size_t word = options->counted ? sizeof(struct pool_counts) : sizeof(struct pool_link);
    pool->size = options->size;
    pool->align = align > word ? align : word;
    size_t size = options->size > word ? options->size : word;
    if (size > most || pool->align > most) {
        return false;
    }
    pool->counts_at = round_up(size, _Alignof(struct pool_counts));
    size = options->counted ? pool->counts_at + sizeof(struct pool_counts) : size;
    pool->stride = round_up(size, pool->align);
    size_t usual = BATCH_BYTES / pool->stride;
    usual = usual > BATCH ? BATCH : usual == 0 ? 1 : usual;
    pool->batch = options->batch ? options->batch : (uint32_t)usual;
    size_t each = pool->stride + 1 + ((size_t)1 << pool->unit_bits);
    return each < most / pool->batch && options->reserve < most / each - pool->batch;
}

static bitena_pool *open_by(pool_alloc *alloc, bitena *arena, const bitena_pool_options *options)
{
    bitena_pool made = {.arena = arena,
                        .copy = &bitena_pool_copy_,
                        .destroy = options->destroy,
                        .context = options->context};
    made.flags = (options->checked ? (unsigned)POOL_CHECKED : 0) |
                 (options->counted ? (unsigned)POOL_COUNTED : 0) |
                 (options->destroy ? (unsigned)POOL_DESTROYS : 0);
    made.unit_bits = bitena_link_bits_(arena, LINE_BITS);
    if ((options->align & (options->align - 1)) != 0) {
        return (bitena_pool *)alloc(arena, 0, options->align); /* which refuses it */
    }
    if (!measure(&made, options)) {
        return (bitena_pool *)alloc(arena, SIZE_MAX, 1);
    }
    size_t align = bitena_pool_slab_align_(&made);
    align = align > POOL_FAR ? align : POOL_FAR;
    size_t head = round_up(sizeof made, align);
    size_t slab = options->reserve ? bitena_pool_slab_bytes_(&made, options->reserve) : 0;
    bitena_pool *pool = (bitena_pool *)alloc(arena, head + slab, align);
    if (pool) {
        *pool = made;
        if (slab) {
            bitena_pool_add_slab_(pool, (char *)pool + head, options->reserve);
        }
    }
    return pool;
}

bitena_pool *bitena_pool_open(bitena *arena, const bitena_pool_options *options)
{
    BITENA_REQUIRE_(arena);
    BITENA_REQUIRE_(options);
    return open_by(bitena_alloc, arena, options);
}

bitena_pool *bitena_pool_try_open(bitena *arena, const bitena_pool_options *options)
{
    BITENA_REQUIRE_(arena);
    BITENA_REQUIRE_(options);
    return open_by(bitena_try_alloc, arena, options);
}

bitena_pool *bitena_pool_new(bitena *arena, size_t size, size_t align)
{
    BITENA_REQUIRE_(arena);
    return open_by(bitena_alloc, arena, &(bitena_pool_options){.size = size, .align = align});
}

bitena_pool *bitena_pool_try_new(bitena *arena, size_t size, size_t align)
{
    BITENA_REQUIRE_(arena);
    return open_by(bitena_try_alloc, arena, &(bitena_pool_options){.size = size, .align = align});
}
