/* Pools of objects of one size: magazines and verbs. A thread's magazine, in a table by the
 * thread's slot, holds the list of free objects that it takes from and gives to, and perhaps a full
 * one beside it: two, so that no pattern of calls exchanges batches at every call (J. Bonwick, J.
 * Adams, Magazines and Vmem, 2001). An ended thread's magazine is inherited with its slot. What
 * threads share stands in pool_depot.c, counts of references in pool_references.c. Knows nothing of the arena but its public verbs.
 * SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>

#include <bitena/order.h>
#include <bitena/pool_parts.h>

enum {
    LIMIT_BATCHES = 16,
    SLOT_SHIFT = 22, /* of a thread's id */
    NO_SLOT = 4095
};

/* One in POOL_FAR bytes. The lists are the bearer's alone. At no instant does an object stand in two of them: who
 * inherits the slot after a fork may find fewer, never one twice. */
struct pool_magazine {
    uint64_t bearer; /* [P04] the thread's id, or NOBODY */
    struct pool_link *head;
    size_t count; /* (r) of head's list; others read it for the numbers */
    struct pool_link *other;
    size_t other_count; /* (r) */
    size_t limit; /* of count; doubled where a thread shares, up to LIMIT_BATCHES of batches */
};
static const uint64_t NOBODY = UINT64_MAX; /* not 0: that is a thread's that has no id */

static int refuse(int error)
{
    errno = error;
    return -1;
}

/* ---- Magazines ---- */

static inline uint32_t level_of(uint32_t slot)
{
    return 31 ^ (uint32_t)__builtin_clz(slot + 1);
}

static inline struct pool_magazine *magazine_at(const bitena_pool *pool, uint32_t slot)
{
    uintptr_t level = load_acquire(&pool->levels[level_of(slot)]); /* [P03] */
    bool there = __builtin_expect(level != 0, 1);
    return there ? (struct pool_magazine *)(level + (size_t)(slot + 1) * POOL_FAR) : NULL;
}

/* The caller's; NULL: none yet, or it may have none. */
static inline struct pool_magazine *mine(const bitena_pool *pool)
{
    uint64_t id = bitena_thread_id;
    struct pool_magazine *m = magazine_at(pool, (uint32_t)(id >> SLOT_SHIFT) & NO_SLOT);
    return m && __builtin_expect(load_relaxed(&m->bearer) == id, 1) ? m : NULL; /* [P04] */
}

/* Who loses the race to publish a level gives its memory back. */
static void add_level(bitena_pool *pool, uint32_t slot)
{
    uintptr_t *level = &pool->levels[level_of(slot)], none = 0;
    size_t count = (size_t)1 << level_of(slot), bytes = count * POOL_FAR;
    char *table = (char *)bitena_try_resize(pool->arena, NULL, 0, bytes, POOL_FAR);
    if (table) {
        for (size_t i = 0; i < count; i++) {
            struct pool_magazine empty = {.bearer = NOBODY, .limit = pool->batch};
            memcpy(table + i * POOL_FAR, &empty, sizeof empty);
        }
        while (none == 0 && !cas_weak_release(level, &none, (uintptr_t)table - bytes)) { /* [P03] */
        }
        if (none != 0) {
            (void)bitena_try_resize(pool->arena, table, bytes, 0, POOL_FAR);
        }
    }
}

/* The slot's heir goes on with what its earlier bearer left [M07]. */
static struct pool_magazine *bear(bitena_pool *pool)
{
    uint32_t slot = pool->copy == &bitena_pool_copy_ ? bitena_thread_slot_() : NO_SLOT;
    if (slot == NO_SLOT) {
        return NULL;
    }
    struct pool_magazine *m = magazine_at(pool, slot);
    if (!m) {
        int saved = errno;
        add_level(pool, slot);
        errno = saved;
        m = magazine_at(pool, slot);
    }
    if (m) {
        store_relaxed(&m->bearer, bitena_thread_id); /* [P04] */
    }
    return m;
}

static inline void *pop_own(struct pool_magazine *m)
{
    struct pool_link *object = m->head;
    m->head = object->next;
    store_relaxed(&m->count, m->count - 1); /* [P05] */
    return object;
}

static inline void push_own(struct pool_magazine *m, void *object)
{
    struct pool_link *link = (struct pool_link *)object;
    link->next = m->head;
    store_release(&m->head, link);          /* [P05] */
    store_relaxed(&m->count, m->count + 1); /* [P05] */
}

/* Its list has reached the limit: it becomes the other one, and that is shared. Where no descriptor
 * is at hand the list goes on growing. */
static void rotate(bitena_pool *pool, struct pool_magazine *m)
{
    struct pool_link *list = m->other, *none = NULL;
    store_release(&m->other, none); /* [P05] */
    if (list && !bitena_pool_share_(pool, list, m->other_count)) {
        m->other = list;
        return;
    }
    m->limit *= list && m->limit < (size_t)LIMIT_BATCHES * pool->batch ? 2 : 1;
    list = m->head;
    store_relaxed(&m->other_count, m->count); /* [P05] */
    store_relaxed(&m->count, 0);              /* [P05] */
    m->head = NULL;
    store_release(&m->other, list); /* [P05] */
}

static bool refill(bitena_pool *pool, struct pool_magazine *m, pool_alloc *alloc)
{
    struct pool_link *list = m->other;
    size_t count = m->other_count;
    if (list) {
        store_relaxed(&m->other_count, 0); /* [P05] */
        m->other = NULL;
    } else if (!(list = bitena_pool_obtain_(pool, alloc, &count))) {
        return false;
    }
    store_relaxed(&m->count, count); /* [P05] */
    store_release(&m->head, list);   /* [P05] */
    return true;
}

/* ---- Taking ---- */

/* A thread without a magazine takes one of a list and leaves the rest as strays. */
static void *take_shared(bitena_pool *pool, pool_alloc *alloc)
{
    size_t count;
    struct pool_link *list = bitena_pool_obtain_(pool, alloc, &count);
    if (list && list->next) {
        bitena_pool_stray_(pool, list->next, count - 1);
    }
    return list;
}

static __attribute__((noinline)) void *take_slow(const char *function, bitena_pool *pool,
                                                 pool_alloc *alloc)
{
    bitena_require_(pool != NULL, function, "pool");
    struct pool_magazine *m = mine(pool);
    m = m ? m : bear(pool);
    void *object = !m                                  ? take_shared(pool, alloc)
                   : m->head || refill(pool, m, alloc) ? pop_own(m)
                                                       : NULL;
    if (object && pool->flags & POOL_CHECKED) {
        uint32_t bit, *life = bitena_pool_life_(pool, object, &bit);
        (void)add_relaxed(life, bit); /* [P08] it was 0 */
    }
    if (object && pool->flags & POOL_COUNTED) {
        store_relaxed(&pool_counts_of(pool, object)->word, pool_sole()); /* [P07] */
    }
    return object;
}

static inline void *take_by(const char *function, bitena_pool *pool, pool_alloc *alloc)
{
    struct pool_magazine *m = pool ? mine(pool) : NULL;
    bool usual = m && m->head && !(pool->flags & (POOL_CHECKED | POOL_COUNTED));
    return __builtin_expect(usual, 1) ? pop_own(m) : take_slow(function, pool, alloc);
}

void *bitena_pool_take(bitena_pool *pool)
{
    return take_by(__func__, pool, bitena_alloc);
}

void *bitena_pool_try_take(bitena_pool *pool)
{
    return take_by(__func__, pool, bitena_try_alloc);
}

static void require_fit(const char *function, const bitena_pool *pool, size_t size, size_t align)
{
    bitena_require_(pool != NULL, function, "pool");
    if (size > pool->size || align > pool->align) {
        bitena_misuse_(function, "the type is larger or more aligned than the pool's objects");
    }
}

void *bitena_pool_take_for_(bitena_pool *pool, size_t size, size_t align)
{
    require_fit("bitena_pool_make", pool, size, align);
    return bitena_pool_take(pool);
}

void *bitena_pool_try_take_for_(bitena_pool *pool, size_t size, size_t align)
{
    require_fit("bitena_pool_try_make", pool, size, align);
    return bitena_pool_try_take(pool);
}

/* ---- Parting ---- */

void bitena_pool_put_(bitena_pool *pool, void *object)
{
    struct pool_magazine *m = mine(pool);
    m = m ? m : bear(pool);
    if (m) {
        if (m->count >= m->limit) {
            rotate(pool, m);
        }
        push_own(m, object);
    } else {
        struct pool_link *link = (struct pool_link *)object;
        link->next = NULL;
        bitena_pool_stray_(pool, link, 1);
    }
}

/* Ends the life of an object whose only holder is the caller; else -1. */
static int claim(const bitena_pool *pool, void *object)
{
    bool checked = (pool->flags & POOL_CHECKED) != 0;
    uint32_t bit = 0, *life = checked ? bitena_pool_life_(pool, object, &bit) : NULL;
    if (checked && (!life || !(load_relaxed(life) & bit))) { /* [P08] */
        return refuse(EINVAL);
    }
    if (pool->flags & POOL_COUNTED &&
        load_acquire(&pool_counts_of(pool, object)->word) != pool_sole()) { /* [P07] */
        return refuse(EBUSY);
    }
    if (checked && !(and_release(life, ~bit) & bit)) { /* [P08] somebody was quicker */
        return refuse(EINVAL);
    }
    return 0;
}

static __attribute__((noinline)) int part_slowly(const char *function, bitena_pool *pool,
                                                 void *object, bool destroys)
{
    bitena_require_(pool != NULL, function, "pool");
    bitena_require_(object != NULL, function, "object");
    if (claim(pool, object) != 0) {
        return -1;
    }
    if (destroys && pool->flags & POOL_DESTROYS) {
        pool->destroy(pool->context, object);
    }
    bitena_pool_put_(pool, object);
    return 0;
}

static inline int part(const char *function, bitena_pool *pool, void *object, bool destroys)
{
    unsigned slow = POOL_CHECKED | POOL_COUNTED | (destroys ? (unsigned)POOL_DESTROYS : 0);
    struct pool_magazine *m = pool && object ? mine(pool) : NULL;
    bool usual = m && m->count < m->limit && !(pool->flags & slow);
    if (__builtin_expect(usual, 1)) {
        push_own(m, object);
        return 0;
    }
    return part_slowly(function, pool, object, destroys);
}

int bitena_pool_give(bitena_pool *pool, void *object)
{
    return part(__func__, pool, object, true);
}

int bitena_pool_reclaim(bitena_pool *pool, void *object)
{
    return part(__func__, pool, object, false);
}

int bitena_pool_move_out(bitena_pool *pool, void *object, void *to)
{
    BITENA_REQUIRE_(pool);
    BITENA_REQUIRE_(object);
    BITENA_REQUIRE_(to);
    if (claim(pool, object) != 0) {
        return -1;
    }
    memcpy(to, object, pool->size);
    bitena_pool_put_(pool, object);
    return 0;
}

int bitena_pool_leak(bitena_pool *pool, void *object)
{
    BITENA_REQUIRE_(pool);
    BITENA_REQUIRE_(object);
    if (claim(pool, object) != 0) {
        return -1;
    }
    (void)add_relaxed(&pool->leaked, 1); /* [P06] */
    return 0;
}

bitena_pool_numbers bitena_pool_count(const bitena_pool *pool)
{
    BITENA_REQUIRE_(pool);
    size_t free = load_relaxed(&pool->shared); /* [P06] */
    for (uint32_t slot = 0, step; slot < NO_SLOT; slot += step) {
        const struct pool_magazine *m = magazine_at(pool, slot);
        free += m ? load_relaxed(&m->count) + load_relaxed(&m->other_count) : 0; /* [P05] */
        step = m ? 1 : 1U << level_of(slot); /* a level that is not there begins here */
    }
    size_t leaked = load_relaxed(&pool->leaked), carved = load_relaxed(&pool->carved); /* [P06] */
    size_t capacity = carved > leaked ? carved - leaked : 0; /* leaks may be seen earlier */
    free = free > capacity ? capacity : free;
    return (bitena_pool_numbers){capacity, capacity - free, free};
}
